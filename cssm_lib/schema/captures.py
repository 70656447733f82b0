"""The tables of device captures: what a device says of itself, on its own clock."""

from __future__ import annotations

import polars as pl

from cssm_lib.schema.contract import (
    BOOL,
    LICENSE,
    PLACED,
    SMART_ACCOUNT,
    SNAPSHOT,
    TAG,
    Column,
    Table,
    count,
    text,
)

# the wall clock of the device: never converted, its zone word stands beside it
WALL = pl.Datetime("us")

CLASSES = {
    "perpetual": "unenforced, not export-controlled, perpetual",
    "subscription": "unenforced, not export-controlled, subscription",
    "enforced": "enforced",
    "export": "export-controlled",
}
DUTIES = {"first": "first report", "ongoing": "reporting frequency", "change": "report on change"}


def wall(name: str, says: str) -> Column:
    """A column of times on the device's own clock."""
    return Column(name, WALL, says, unit="device's local time")


def flag(name: str, says: str) -> Column:
    """A column of truth values."""
    return Column(name, BOOL, says)


def _policy() -> tuple[Column, ...]:
    """Days of each duty for each class of licence, and whose policy says so; 0 is no duty."""
    return tuple(
        column
        for name, which in CLASSES.items()
        for duty, title in DUTIES.items()
        for column in (
            count(f"{name}_{duty}_days", f"{title}, {which} licences; 0 is none", unit="days"),
            text(f"{name}_{duty}_by", "whose policy sets it, as printed"),
        )
    )


ZONE = text("zone", "the zone words beside the row's times, as printed, joined by a comma")
CAPTURE = text("capture", "place of the device's row in captures, in the same source")
DEVICE = (
    CAPTURE,
    SNAPSHOT,
    text("device", "host name, else serial, else the file's name"),
    text("hostname", "from the prompt or show version"),
    text("serial", "of the device: the UDI's, the active member's"),
    text("pid", "of the device"),
)

CAPTURES = Table(
    "captures",
    "a device's own word on itself, all its commands in one file together",
    (
        *DEVICE[1:],
        text("uuid", "of a software instance"),
        text("commands", "the commands that said it, joined by a comma"),
        wall("observed_at", "when the device printed it"),
        ZONE,
        text("clock_mark", "beside the time: `*` not authoritative, `.` not synchronised"),
        flag("clock_synchronised", "the device says its clock follows NTP"),
        text("software_version", "from show version"),
        text("agent_version", "of the Smart Agent"),
        text("product_tag", "Software ID: the product's tag, no entitlement"),
        text("smart_licensing", "ENABLED or DISABLED"),
        text("smart_licensing_status", "from show version"),
        text("using_policy", "Smart Licensing Using Policy: ENABLED or DISABLED"),
        text("reporting_mode", "as printed"),
        text("utility_status", "as printed"),
        text("smart_account", "as the device knows it"),
        wall("smart_account_as_of", "when the device learnt it"),
        text("virtual_account", "as the device knows it"),
        flag("sends_hostname", "its host name travels to Cisco"),
        flag("sends_version", "its software version travels: version privacy is DISABLED"),
        flag("sends_ip", "its address travels to Cisco"),
        text("callhome_hostname_privacy", "ENABLED or DISABLED"),
        text("smart_licensing_hostname_privacy", "ENABLED or DISABLED"),
        text("version_privacy", "ENABLED or DISABLED"),
        text("transport", "type as printed: Smart, cslu, Callhome, Transport Off …"),
        text("transport_url", "where it sends"),
        text("proxy_address", "as printed"),
        text("proxy_port", "as printed"),
        text("vrf", "as printed"),
        text("ip_mode", "as printed"),
        text("trust_point", "as printed"),
        flag("server_identity_check", "as printed"),
        text("custom_id", "as printed"),
        text("policy_in_use", "as printed"),
        wall("policy_installed_at", "when it was installed"),
        text("policy_name", "as printed"),
        flag("ack_required", "reports need an acknowledgement"),
        text("ack_required_by", "whose policy sets it, as printed"),
        *_policy(),
        text("sync_overdue_interval", "of the newer policy form, as printed"),
        text("sync_retry_interval", "of the newer policy form, as printed"),
        text("grace_period", "of the newer policy form, as printed"),
        text("ongoing_reporting_interval", "of the newer policy form, as printed"),
        flag("no_enforcement", "of the newer policy form"),
        flag("says_reporting", "the capture holds Usage Reporting: an empty last_ack means none"),
        wall("last_ack", "last ACK received"),
        wall("next_ack_deadline", "as printed"),
        count("push_interval_days", "reporting push interval; 0 is no reporting", unit="days"),
        count("push_state", "State(n), as printed", unit="code"),
        count("push_in_policy_days", "InPolicy(n), as printed", unit="days"),
        wall("next_ack_push_check", "as printed"),
        wall("next_report_push", "as printed"),
        wall("last_report_push", "as printed"),
        wall("last_report_file_write", "as printed"),
        flag("says_trust_code", "the capture holds Trust Code: an empty trust_code means none"),
        text("trust_code", "INSTALLED …: the active member's where members say it"),
        wall("trust_code_at", "when it was installed"),
        text("overall_trust", "as printed"),
        text("registration_status", "before Smart Licensing Using Policy: REGISTERED …"),
        wall("registration_status_at", "as printed"),
        text("export_controlled", "Export-Controlled Functionality as printed"),
        text("initial_registration", "its result"),
        wall("initial_registration_at", "as printed"),
        text("last_renewal", "its result"),
        wall("last_renewal_at", "as printed"),
        wall("next_renewal", "as printed"),
        wall("registration_expires", "as printed"),
        text("failure_reason", "of registration or authorisation"),
        text("authorization_status", "AUTHORIZED, OUT OF COMPLIANCE, Not Applicable …"),
        wall("authorization_status_at", "as printed"),
        text("last_communication", "its result"),
        wall("last_communication_at", "as printed"),
        wall("next_communication", "as printed"),
        wall("communication_deadline", "as printed"),
        text("evaluation_remaining", "as printed"),
        flag("says_licenses", "the capture lists licences: no row means none in use"),
        flag("says_events", "the capture holds an event log: no row means it is empty"),
        text("features_authorized", "of the export authorisation key"),
        text("authorizations", "export authorisations installed, each with its count"),
        text("reservations", "licences reserved, each with its count"),
        text("reservation", "License reservation: ENABLED or DISABLED"),
        text("reservation_status", "the active member's"),
        count("rum_total", "usage reports made", unit="reports"),
        count("rum_purged", "of them purged", unit="reports"),
        count("rum_acknowledged", "acknowledged", unit="reports"),
        count("rum_waiting", "waiting for an ACK", unit="reports"),
        count("rum_available", "available to report", unit="reports"),
        count("rum_collecting", "still collecting", unit="reports"),
        text("reporting_not_required", "tags whose last reporting was not required"),
        text("communication_level", "as printed"),
        text("communication_state", "as printed"),
        text("agent_state", "as printed"),
        flag("production_cert", "as printed"),
        text("enforcement_state", "as printed"),
        wall("enforcement_status_at", "when Cisco's verdict on the licences was generated"),
        flag("telemetry_available", "device telemetry"),
        flag("product_analytics_available", "Product Analytics"),
        text("boot_level", "technology packages that run, from show version"),
        text("addon_level", "subscription packages that run, from show version"),
        text("next_boot_level", "after the next reboot"),
        text("next_addon_level", "after the next reboot"),
        text("air_level", "AIR licence level, from show version"),
        text("next_air_level", "after the next reload"),
        *PLACED,
    ),
    ("source", "place"),
)

CAPTURE_LICENSES = Table(
    "capture_licenses",
    "a licence that a device says it uses; one right on two hardware sizes is two rows",
    (
        *DEVICE,
        count("position", "its place in the device's own list", unit="place"),
        text("command", "the commands that said it, the one it is read from first"),
        LICENSE,
        TAG,
        text("description", "letter by letter; the words in brackets where there is no other"),
        text("entitlement", "the words in brackets after the name, letter by letter"),
        flag("truncated", "the device cut the name or the words in brackets with `...`"),
        count("quantity", "units"),
        text("status", "IN USE, NOT IN USE, AUTHORIZED … without its number"),
        count("status_code", "the number in brackets, as printed", unit="code"),
        text("license_type", "Perpetual, Subscription"),
        text("enforcement", "NOT ENFORCED, ENFORCED, EXPORT RESTRICTED"),
        text("export_status", "NOT RESTRICTED, RESTRICTED …"),
        text("feature_name", "as printed"),
        text("feature_description", "as printed"),
        text("version", "as printed"),
        text("handle", "as printed"),
        wall("status_time", "as printed"),
        wall("request_time", "as printed"),
        ZONE,
        text("interval", "of the measurement"),
        count("current_value", "of the measurement"),
        text("current_report", "usage report number"),
        text("previous_report", "usage report number"),
        flag("soft_enforced", "as printed"),
        count("authorized_count", "what the Smart Account authorises"),
        count("out_of_compliance_count", "what it does not"),
        count("insufficient_count", "for want of licences"),
        count("no_license_count", "for want of any"),
        count("subscription_expired_count", "for a term that ended"),
        count("unknown_reason_count", "for another reason"),
        count("reported_in_use", "as Cisco acknowledged it"),
        wall("reported_at", "when Cisco acknowledged it"),
        wall("sync_overdue_deadline", "as printed"),
        text("day0_verification", "as printed"),
        text("installed", "Yes or No, NX-OS"),
        text("expires", "as printed, NX-OS"),
        text("comments", "as printed, NX-OS"),
        text("member_pid", "the member it is counted on, where given"),
        text("member_serial", "the member it is counted on, where given"),
        *PLACED,
    ),
    ("source", "place"),
    {"negative quantity": "quantity IS NULL OR quantity >= 0"},
)

CAPTURE_MEMBERS = Table(
    "capture_members",
    "a member of a stack or redundant pair; two roles on one serial are one row",
    (
        *DEVICE,
        text("member_pid", "of the member"),
        text("member_serial", "of the member"),
        text("role", "Active, Standby, Member, Switch 1 …, joined by a comma"),
        text("trust_code", "INSTALLED …"),
        wall("trust_code_at", "when it was installed"),
        wall("trust_code_valid_from", "as printed"),
        wall("trust_code_expires", "as printed"),
        text("trust_code_type", "as printed"),
        text("trust_data", "as the technical details say it"),
        text("trust_id", "as printed"),
        text("authorization_status", "of its authorisation code"),
        wall("authorization_status_at", "as printed"),
        text("confirmation_code", "as printed"),
        text("reservation_status", "as printed"),
        wall("reservation_status_at", "as printed"),
        text("enforced_licenses", "enforced licences that its platform knows, with their tags"),
        ZONE,
        *PLACED,
    ),
    ("source", "place"),
)

CAPTURE_REPORTS = Table(
    "capture_reports",
    "a usage report (RUM) that a device lists",
    (
        *DEVICE,
        text("report_id", "letter by letter: it may pass 2^53"),
        text("metric", "ENTITLEMENT, TELEMETRY"),
        text("feature_name", "as printed"),
        text("metric_value", "the entitlement tag"),
        text("member_pid", "of the unit reported"),
        text("member_serial", "of the unit reported"),
        text("state", "ACK, CLOSED …"),
        text("state_reason", "as printed"),
        text("flag", "as printed"),
        text("storage_state", "as printed"),
        text("previous_report", "report number"),
        text("next_report", "report number"),
        wall("start_time", "as printed"),
        wall("end_time", "as printed"),
        text("transaction_id", "as printed"),
        text("transaction_message", "as printed"),
        ZONE,
        *PLACED,
    ),
    ("source", "place"),
)

CAPTURE_TIMES = Table(
    "capture_times",
    "a dated statement of a device that no other column holds: scheduled jobs, communication",
    (
        *DEVICE,
        text("section", "heading it stands under"),
        text("item", "what it is about"),
        wall("time", "the time that it says"),
        ZONE,
        text("said", "letter by letter"),
        *PLACED,
    ),
    ("source", "place"),
)

EVENT_LOG = Table(
    "event_log",
    "an entry of an event log: of a device, or of an account as exported",
    (
        SMART_ACCOUNT,
        *DEVICE,
        Column(
            "time", WALL, "the device's own clock, its zone beside it; UTC in an export", "", True
        ),
        ZONE,
        text("kind", "the event's type: SAEVT_… of a device"),
        text("message", "the entry's message as printed"),
        text("user", "who caused it"),
        text("virtual_account", "where said"),
        text("license", "where said, of a device the entitlement tag"),
        TAG,
        count("quantity", "where said"),
        text("raw", "the whole entry of a device, letter by letter"),
        *PLACED,
    ),
    ("source", "place"),
    {"neither kind nor message": "kind IS NOT NULL OR message IS NOT NULL"},
)

CAPTURE_TABLES = (
    CAPTURES,
    CAPTURE_LICENSES,
    CAPTURE_MEMBERS,
    CAPTURE_REPORTS,
    CAPTURE_TIMES,
    EVENT_LOG,
)
