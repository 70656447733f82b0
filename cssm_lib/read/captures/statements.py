"""`Key: value` statements to columns: which section's key is which column, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable

from cssm_lib.read.captures.clock import moment
from cssm_lib.schema.captures import CLASSES

# what stands for no value in `show license`; the client's own words are taken out later
MISSING = frozenset(("", "<none>", "<empty>", "none", "not configured"))
ZONE = "zone"
TAG = re.compile(r"regid\.\d{4}-\d{2}\.com\.cisco\.[\w.\-]+,[\w.\-]+")
PAIR = re.compile(r"\b(PID|SN|UUID): ?([^,\s]+)")
CODED = re.compile(r"(.*?) ?\((\d{1,4})\)$")
BY = re.compile(r"(\S+)\s*(?:\((.*)\))?$")
INTERVAL = re.compile(
    r"(\d+)(?: days)?(?: \([^()]{0,60}\))?(?: State\((\d+)\))?(?: InPolicy\((\d+)\))?$"
)

Columns = dict[str, str | None]
Reader = Callable[[str, str], Columns]


def said(column: str, value: str) -> Columns:
    """The value as printed."""
    return {column: value}


def timed(column: str, value: str) -> Columns:
    """A time; text that is none stays as printed, so that it is rejected and not lost.

    >>> timed("last_ack", "Oct 14 12:10:32 2021 UTC")
    {'last_ack': '2021-10-14T12:10:32', 'zone': 'UTC'}
    """
    found = moment(value, whole=True)
    return {column: found[0], ZONE: found[1]} if found else {column: value}


def outcome(column: str, value: str) -> Columns:
    """A result and its time: `SUCCEEDED on Mar 13 08:09:24 2024 UTC`."""
    at = value.lower().rfind(" on ")
    found = moment(value[at + 4 :]) if at >= 0 else None
    if not found:
        return {column: value}
    return {column: value[:at], f"{column}_at": found[0], ZONE: found[1]}


def policy(column: str, value: str) -> Columns:
    """The policy in use as printed, and when it was installed."""
    found = outcome("policy_installed", value)
    return {column: value, "policy_installed_at": found.get("policy_installed_at")} | {
        ZONE: found.get(ZONE)
    }


def account(column: str, value: str) -> Columns:
    """A Smart Account without `As of …`, and that time.

    >>> account("smart_account", "Oak As of Oct 14 12:10:01 2021 UTC")["smart_account"]
    'Oak'
    """
    name, _, as_of = value.rpartition(" As of ")
    found = moment(as_of, whole=True)
    if not found:
        return {column: value}
    name = None if name.lower() in MISSING else name
    return {column: name, f"{column}_as_of": found[0], ZONE: found[1]}


def days(column: str, value: str) -> Columns:
    """Days and whose policy says so: `365 (CISCO default)`."""
    found = BY.match(value)
    if not found:
        return {column: value}
    return {column: found[1], column.removesuffix("_days") + "_by": found[2]}


def truth_by(column: str, value: str) -> Columns:
    """A truth value and whose policy says so: `yes (Customer Policy)`."""
    found = BY.match(value)
    return truth(column, found[1]) | {f"{column}_by": found[2]} if found else {column: value}


def interval(column: str, value: str) -> Columns:
    """`30  days State(4) InPolicy(90)`, or `0 (no reporting)`."""
    found = INTERVAL.match(" ".join(value.split()))
    if not found:
        return {column: value}
    return {column: found[1], "push_state": found[2], "push_in_policy_days": found[3]}


def truth(column: str, value: str) -> Columns:
    """Yes and True are true, no and False are false; other words stay and are rejected."""
    return {column: {"yes": "true", "no": "false"}.get(value.lower(), value.lower())}


def available(column: str, value: str) -> Columns:
    """AVAILABLE is true, NOT AVAILABLE false; other words say nothing."""
    return {column: {"available": "true", "not available": "false"}.get(value.lower())}


def version_privacy(column: str, value: str) -> Columns:
    """The flag as printed; the version travels where its privacy is DISABLED."""
    sends = {"disabled": "true", "enabled": "false"}.get(value.lower())
    return {column: value, "sends_version": sends}


def coded(column: str, value: str) -> Columns:
    """The word and its number: `IN USE(15)`. The word counts; numbers are not reliable.

    >>> coded("status", "NOT IN USE(1)")
    {'status': 'NOT IN USE', 'status_code': '1'}
    """
    found = CODED.match(value)
    return {column: found[1], f"{column}_code": found[2]} if found else {column: value}


def in_use(column: str, value: str) -> Columns:
    """`25/0  (In-use/Violation)`: the units in use; `Non-Counted` gives none.

    >>> in_use("quantity", "25/0  (In-use/Violation)"), in_use("quantity", "Non-Counted")
    ({'quantity': '25'}, {})
    """
    used = value.partition("/")[0].strip()
    return {column: used} if used.isdigit() else {}


def reports(column: str, value: str) -> Columns:
    """`1641834470       Previous: 1641834468`: numbers of usage reports."""
    current, _, previous = value.partition("Previous:")
    return {column: current.strip(), "previous_report": previous.strip() or None}


def unit(column: str, value: str) -> Columns:
    """`PID:C9300-24T,SN:FCW2125L07Y` of the unit that a record is about."""
    found = dict(PAIR.findall(value))
    return {f"{column}_pid": found.get("PID"), f"{column}_serial": found.get("SN")}


def _said(*keys: str, prefix: str = "") -> dict[str, tuple[str, Reader]]:
    """Keys that are read as printed; the column is the key in snake case."""
    return {key: (prefix + re.sub(r"\W+", "_", key).strip("_"), said) for key in keys}


ACCOUNT = {
    "smart account": ("smart_account", account),
    "virtual account": ("virtual_account", said),
}
CLASS = {
    name: {
        "first report requirement (days)": (f"{name}_first_days", days),
        "reporting frequency (days)": (f"{name}_ongoing_days", days),
        "report on change (days)": (f"{name}_change_days", days),
    }
    for name in CLASSES
}
POLICY = {
    "policy in use": ("policy_in_use", policy),
    "policy name": ("policy_name", said),
    "reporting ack required": ("ack_required", truth_by),
    "on going reporting interval": ("ongoing_reporting_interval", said),
    "no enforcement": ("no_enforcement", truth),
    **_said("sync overdue interval", "sync retry interval", "grace period"),
}
CAPTURE_KEYS: dict[str, dict[str, tuple[str, Reader]]] = {
    "utility": {"status": ("utility_status", said)},
    "using policy": {"status": ("using_policy", said), **_said("reporting mode")},
    "account": ACCOUNT,
    "privacy": {
        "sending hostname": ("sends_hostname", truth),
        "version privacy": ("version_privacy", version_privacy),
        **_said("callhome hostname privacy", "smart licensing hostname privacy"),
    },
    "transport": {
        "type": ("transport", said),
        "url": ("transport_url", said),
        "cslu address": ("transport_url", said),
        "registration url": ("transport_url", said),
        "address": ("proxy_address", said),
        "port": ("proxy_port", said),
        "server identity check": ("server_identity_check", truth),
        **_said("vrf", "ip mode", "trust point"),
    },
    "miscellaneous": _said("custom id"),
    "policy": POLICY,
    **CLASS,
    "reporting": {
        "last ack received": ("last_ack", timed),
        "next ack deadline": ("next_ack_deadline", timed),
        "reporting push interval": ("push_interval_days", interval),
        "next ack push check": ("next_ack_push_check", timed),
        "next report push": ("next_report_push", timed),
        "last report push": ("last_report_push", timed),
        "last report file write": ("last_report_file_write", timed),
    },
    "registration": {
        **ACCOUNT,
        "status": ("registration_status", outcome),
        "export-controlled functionality": ("export_controlled", said),
        "initial registration": ("initial_registration", outcome),
        "last renewal attempt": ("last_renewal", outcome),
        "next renewal attempt": ("next_renewal", timed),
        "registration expires": ("registration_expires", timed),
        "failure reason": ("failure_reason", said),
    },
    "authorization": {
        "status": ("authorization_status", outcome),
        "last communication attempt": ("last_communication", outcome),
        "next communication attempt": ("next_communication", timed),
        "communication deadline": ("communication_deadline", timed),
        "evaluation period remaining": ("evaluation_remaining", said),
        "failure reason": ("failure_reason", said),
    },
    "agent": {"smart agent for licensing": ("agent_version", said)},
    "certificates": {"production cert": ("production_cert", truth)},
    "reservation": {"license reservation": ("reservation", said)},
    "communication": {
        "communication level allowed": ("communication_level", said),
        "overall state": ("communication_state", said),
    },
    "telemetry": {
        "data channel": ("telemetry_available", available),
        "device telemetry": ("telemetry_available", available),
        "product analytics": ("product_analytics_available", available),
    },
    "not required": {"entitlement tag": ("reporting_not_required", said)},
    "details": {
        "software id": ("product_tag", said),
        "agent state": ("agent_state", said),
        "transport": ("transport", said),
        "default url": ("transport_url", said),
        "privacy send hostname": ("sends_hostname", truth),
        "privacy send ip": ("sends_ip", truth),
        "clock sync-ed with ntp": ("clock_synchronised", truth),
        "overall trust": ("overall_trust", said),
    },
    "version": {
        "license level": ("boot_level", said),
        "next reload license level": ("next_boot_level", said),
        "air license level": ("air_level", said),
        "next reload air license level": ("next_air_level", said),
        "smart licensing status": ("smart_licensing_status", said),
    },
}
MEMBER_KEYS: dict[str, tuple[str, Reader]] = {
    "trust code type": ("trust_code_type", said),
    "status": ("authorization_status", outcome),
    "last confirmation code": ("confirmation_code", said),
    "reservation status": ("reservation_status", outcome),
}
LICENSE_KEYS: dict[str, tuple[str, Reader]] = {
    **_said("license", "description", "export status", "feature name", "feature description"),
    **_said("version", "interval", "current value"),
    "entitlement tag": ("tag", said),
    "count": ("quantity", said),
    "status": ("status", coded),
    "status time": ("status_time", timed),
    "request time": ("request_time", timed),
    "enforcement type": ("enforcement", said),
    "license type": ("license_type", said),
    "current report": ("current_report", reports),
    "soft enforced": ("soft_enforced", truth),
    "authorized count": ("authorized_count", said),
    "out-of-compliance count": ("out_of_compliance_count", said),
    "insufficient count": ("insufficient_count", said),
    "no license": ("no_license_count", said),
    "sync overdue deadline": ("sync_overdue_deadline", timed),
    "day-0 verification": ("day0_verification", said),
    "udi": ("member", unit),
    # PAK and right-to-use licences: a name, a state and no units
    "license state": ("status", said),
    "license count": ("quantity", in_use),
    "period left": ("expires", said),
}
REPORT_KEYS: dict[str, tuple[str, Reader]] = {
    **_said("report id", "feature name", "metric value", "storage state"),
    **_said("transaction id", "transaction message", "state"),
    "metric name": ("metric", said),
    "udi": ("member", unit),
    "previous report id": ("previous_report", said),
    "next report id": ("next_report", said),
    "state change reason": ("state_reason", said),
    "close reason": ("state_reason", said),
    "start time": ("start_time", timed),
    "end time": ("end_time", timed),
}
VERDICT_KEYS: dict[str, tuple[str, Reader]] = {
    "total authorized count": ("authorized_count", said),
    "total out-of-compliance count": ("out_of_compliance_count", said),
    "insufficient count": ("insufficient_count", said),
    "no license": ("no_license_count", said),
    "subscription expired": ("subscription_expired_count", said),
    "unknown reason": ("unknown_reason_count", said),
}


def read(keys: dict[str, tuple[str, Reader]], key: str, value: str) -> Columns:
    """The columns that a statement fills; "" where it says that there is none.

    >>> read(CAPTURE_KEYS["transport"], "type", "cslu"), read(LICENSE_KEYS, "count", "<none>")
    ({'transport': 'cslu'}, {'quantity': ''})
    """
    known = keys.get(key)
    if known is None:
        return {}
    column, reader = known
    if value.lower() in MISSING:
        return {column: ""}
    return {name: text for name, text in reader(column, value).items() if text}
