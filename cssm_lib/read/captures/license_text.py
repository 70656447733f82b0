"""`show license …` and the licence part of `show version`, line by line.

Indentation is not relied on: paging takes it away. A heading opens a section; a key counts only in
the section it belongs to, so that no `Status:` is taken for another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cssm_lib.read.captures import listings, logs, units
from cssm_lib.read.captures.clock import clock
from cssm_lib.read.captures.said import UNTELLING, Said, put
from cssm_lib.read.captures.session import OTHER, STARTS, UNREAD, Output
from cssm_lib.read.captures.statements import CAPTURE_KEYS, MISSING, ZONE, read

SECTIONS = {
    "smart licensing status": "status",
    "smart licensing tech support info": "status",
    "registration:": "registration",
    "license authorization:": "authorization",
    "features authorized:": "features",
    "utility:": "utility",
    "smart licensing using policy:": "using policy",
    "account information:": "account",
    "data privacy:": "privacy",
    "transport:": "transport",
    "miscellaneous:": "miscellaneous",
    "policy:": "policy",
    "policyv2:": "policy",
    "unenforced/non-export perpetual attributes:": "perpetual",
    "unenforced/non-export subscription attributes:": "subscription",
    "enforced (perpetual/subscription) license attributes:": "enforced",
    "export (perpetual/subscription) license attributes:": "export",
    "usage reporting:": "reporting",
    "license usage": "usage",
    "license usage:": "summary",
    "product information": "product",
    "ha udi list:": "units",
    "agent version": "agent",
    "license authorizations": "units",
    "overall status:": "units",
    "upcoming scheduled jobs": "jobs",
    "communication statistics:": "communication",
    "license certificates": "certificates",
    "reservation info": "reservation",
    "authorizations:": "authorizations",
    "specified license reservations:": "reservations",
    "last reporting not required:": "not required",
    "usage report summary:": "counts",
    "telemetry report summary:": "telemetry",
    "device telemetry report summary:": "telemetry",
    "product analytics report summary:": "telemetry",
    "other info": "details",
    "platform provided mapping table": "platform",
    "enforced licenses:": "platform",
    "enforcement status:": "verdict",
    "device enforcement state:": "enforcement state",
    "smart licensing usage report detail:": "report",
    "smart licensing usage report:": "reports",
    "**** event log ****": "events",
    "technology package license information:": "packages",
}
# headings inside a section: what stands below is about the same thing
INSIDE = ("measurements:", "entitlement:", "telemetry:", "proxy:", "vrf:")
OWN_SECTION = {
    "show version": "version",
    "show license eventlog": "events",
    "show clock": "clock",
}
COMMAND_OF = {
    "report": "show license rum id",
    "reports": "show license rum id",
    "events": "show license eventlog",
    "packages": "show version",
    "slots": "show license udi",
}
CELLS = re.compile(r"\s{2,}|\s*\t\s*")
SUBSCRIPTION = "Subscription"


def read_license_text(output: Output) -> Said:
    """What one answer says, by its own words; nothing for a command that is not read here."""
    said = Said(output.host, output.first, _known(output.command))
    said.at.update(section="", item=None, record=None, member=None)
    if output.command in UNREAD or (output.command == OTHER and not _license_like(output)):
        return said
    said.at["section"] = OWN_SECTION.get(output.command or "", "")
    for line, text in enumerate(map(str.strip, output.lines), output.first):
        if text:
            _take(said, text, line)
    listings.settle_listing(said)
    units.settle_active(said)
    _name_command(said, output)
    return said


def _known(command: str | None) -> str | None:
    """The command for its licences, where the prompt says one that lists licences."""
    lists = (listings.SUMMARY, listings.USAGE, listings.ALL, listings.TECH_SUPPORT)
    return command if command in lists else None


def _license_like(output: Output) -> bool:
    return any(line.strip().startswith(STARTS) for line in output.lines)


def _take(said: Said, text: str, line: int) -> None:
    """One line: a heading, a statement that may stand anywhere, or one of its section."""
    low = text.lower()
    if low in SECTIONS and not _is_message(said, text):
        _open(said, SECTIONS[low])
    elif listings.begins_block(said, text):
        listings.take_block(said, text, line)
    elif units.is_unit(text):
        units.take_unit(said, text, line)
    elif not _take_anywhere(said, text, line) and not text.startswith(("====", "----")):
        _reader(said, low)(said, text, line)


def _is_message(said: Said, text: str) -> bool:
    """In the communication statistics `Usage Reporting:` is a kind of message."""
    return said.at["section"] == "communication" and text.endswith(":")


def _open(said: Said, section: str) -> None:
    said.at.update(section=section, record=None, member=None, item=None)
    said.commands[COMMAND_OF.get(section, "")] = None


def _take_anywhere(said: Said, text: str, line: int) -> bool:
    """Statements that mean the same wherever they stand."""
    taker = ANYWHERE.get(text.partition(" ")[0])
    return taker is not None and taker(said, text, line)


def _take_handle(said: Said, text: str, line: int) -> bool:
    listings.take_handle(said, text.partition(":")[2].strip(), line)
    return True


def _take_udi(said: Said, text: str, line: int) -> bool:
    """The device's identity, unless it stands inside a record: then it is the record's."""
    if said.at["record"] is not None or "PID:" not in text:
        return False
    units.take_udi(said, text, line)
    return True


def _take_trust(said: Said, text: str, line: int) -> bool:
    if not text.startswith("Trust Code Installed:"):
        return False
    units.begin_trust(said, text.partition(":")[2].strip(), line)
    return True


def _take_clock(said: Said, text: str, line: int) -> bool:
    """`Time source is NTP, 15:09:55.102 UTC Wed Nov 10 2021`, or the answer to `show clock`."""
    found = clock(text.rpartition(", ")[2])
    if found:
        mark = found[2] or None
        put(said, {"observed_at": found[0], ZONE: found[1], "clock_mark": mark}, line)
    return found is not None


def _take_smart(said: Said, text: str, line: int) -> bool:
    """`Smart Licensing is ENABLED`."""
    state = text.removeprefix("Smart Licensing is ")
    if state == text or len(state) > 40:
        return False
    put(said, {"smart_licensing": state}, line)
    return True


def _take_last(said: Said, text: str, line: int) -> bool:
    """`Last Data Push: …` and `Last File Export: …` stand in several sections."""
    if not text.startswith(("Last Data Push:", "Last File Export:")):
        return False
    logs.take_push(said, text, line)
    return True


def _take_index(said: Said, text: str, line: int) -> bool:
    if not text.startswith("Index ") or " Feature:" not in text:
        return False
    listings.take_index(said, text, line)
    return True


def _take_software(said: Said, text: str, line: int) -> bool:
    """The first line of `show version`."""
    if said.at["section"] in ("", "version") and " Software" in text and "ersion" in text:
        said.at["section"] = "version"
        said.commands["show version"] = None
    return False


def _take_none(said: Said, text: str, line: int) -> bool:
    """An empty list says something too."""
    if text.startswith("No time source"):
        return _take_clock(said, text, line)
    if text.startswith("No licenses in use"):
        put(said, {"says_licenses": "true"}, line)
    if text.startswith(logs.NO_EVENTS):
        put(said, {"says_events": "true"}, line)
        said.commands["show license eventlog"] = None
    return text.startswith(("No licenses in use", logs.NO_EVENTS))


def _take_slots(said: Said, text: str, line: int) -> bool:
    """The heading of the older table of `show license udi`."""
    if not text.endswith("UDI") or "PID" not in text:
        return False
    _open(said, "slots")
    return True


def _take_load(said: Said, text: str, line: int) -> bool:
    return text.startswith("Load for five secs")


ANYWHERE: dict[str, Callable[[Said, str, int], bool]] = {
    "Handle:": _take_handle,
    "UDI:": _take_udi,
    "Trust": _take_trust,
    "Last": _take_last,
    "Time": _take_clock,
    "No": _take_none,
    "Smart": _take_smart,
    "Cisco": _take_software,
    "Index": _take_index,
    "SlotID": _take_slots,
    "SwitchNum": _take_slots,
    "Load": _take_load,
}


def _reader(said: Said, low: str) -> Callable[[Said, str, int], object]:
    """The section's reader; an unknown heading closes the section, so that nothing is misread."""
    section = said.at["section"]
    if low.endswith(":") and section not in OPEN_ENDED and low not in INSIDE:
        return _close
    return READERS.get(section, _take_plain)


def _close(said: Said, text: str, line: int) -> None:
    """An unknown heading; a key of this section that only lacks its value closes nothing."""
    key = text[:-1].strip().lower()
    if key not in CAPTURE_KEYS.get(said.at["section"], {}):
        _open(said, "unknown")


def _take_plain(said: Said, text: str, line: int) -> None:
    """`Key: value` about the device."""
    section = said.at["section"]
    key, colon, value = text.partition(":")
    if not colon:
        return
    key = key.strip().lower()
    if section == "reporting" and key == "last ack received":
        put(said, {"says_reporting": "true"}, line)
    put(said, read(CAPTURE_KEYS.get(section, {}), key, value.strip()), line)


def _take_details(said: Said, text: str, line: int) -> None:
    """The technical details; its word on the transport only where the device gave none before."""
    if units.SHORT.match(text) or text.startswith("Local Device:"):
        units.take_trust_data(said, text, line)
    elif text.startswith(("Transport:", "Default URL:")):
        key, _, value = text.partition(":")
        columns = read(CAPTURE_KEYS["details"], key.lower(), value.strip())
        put(said, {name: columns[name] for name in columns if name not in said.facts}, line)
    else:
        _take_plain(said, text, line)


def _take_features(said: Said, text: str, line: int) -> None:
    if text.lower() not in MISSING:
        before = said.facts.pop("features_authorized", ("", 0))[0]
        features = f"{before}, {text}" if before else text
        put(said, {"features_authorized": features}, line)


def _take_state(said: Said, text: str, line: int) -> None:
    put(said, {"enforcement_state": text}, line)
    said.at["section"] = "unknown"


def _take_package(said: Said, text: str, line: int) -> None:
    """A technology package: (technology,) current, type, after the next reboot."""
    cells = [cell for cell in CELLS.split(text) if cell]
    if ":" in text or (len(cells) == 1 and cells[0][0].isupper()):
        said.at["section"] = "version"
        _take_version(said, text, line)
    elif len(cells) == 4 or (len(cells) == 3 and cells[-2].endswith("License")):
        addon = SUBSCRIPTION in cells[-2]
        _add_level(said, "addon_level" if addon else "boot_level", cells[-3], line)
        _add_level(said, "next_addon_level" if addon else "next_boot_level", cells[-1], line)


def _add_level(said: Said, column: str, level: str, line: int) -> None:
    if level.lower() in MISSING:
        return
    before = said.facts.pop(column, None)
    put(said, {column: f"{before[0]}, {level}" if before else level}, line)


def _take_version(said: Said, text: str, line: int) -> None:
    """`License Level: …` of routers; the add-on is said twice: now and after the next reload."""
    if text.startswith("Addon License Level:"):
        column = "next_addon_level" if "next_boot_level" in said.facts else "addon_level"
        put(said, {column: text.partition(":")[2].strip()}, line)
    else:
        _take_plain(said, text, line)


READERS: dict[str, Callable[[Said, str, int], object]] = {
    "clock": _take_clock,
    "usage": listings.take_license,
    "blocks": listings.take_license,
    "summary": listings.take_row,
    "verdict": listings.take_verdict,
    "authorizations": listings.take_grant,
    "reservations": listings.take_grant,
    "units": units.take_member,
    "slots": units.take_slot,
    "trust": units.take_trust,
    "platform": units.take_enforced,
    "details": _take_details,
    "jobs": logs.take_job,
    "communication": logs.take_communication,
    "counts": logs.take_counts,
    "report": logs.take_report,
    "reports": logs.take_report_row,
    "events": logs.take_event,
    "features": _take_features,
    "enforcement state": _take_state,
    "packages": _take_package,
    "version": _take_version,
}
# sections in which a line that ends with a colon is no heading of another section
OPEN_ENDED = frozenset(
    "usage blocks verdict authorizations reservations units trust platform details"
    " communication events report reports packages version".split()
)


def _name_command(said: Said, output: Output) -> None:
    """The commands that this answer answers: as typed, else as its shape says."""
    said.commands.pop("", None)
    if output.command and output.command != OTHER:
        said.commands.clear()
        said.commands[output.command] = None
        return
    for record in said.licenses:
        if "command" in record:
            said.commands[record["command"]] = None
    if not said.commands and said.facts:
        said.commands[_shape(said)] = None


def _shape(said: Said) -> str:
    facts = set(said.facts) - UNTELLING - {"says_licenses"}
    if facts <= {"pid", "serial", "uuid"}:
        return "show license udi" if facts else "show license usage"
    return "show license all" if "serial" in facts else "show license status"
