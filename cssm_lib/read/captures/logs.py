"""Event logs, usage reports (RUM), and the dated statements of jobs and communication."""

from __future__ import annotations

import re

from cssm_lib.read.captures.clock import moment
from cssm_lib.read.captures.said import Record, Said, fault, fill, place, put
from cssm_lib.read.captures.statements import CAPTURE_KEYS, REPORT_KEYS, ZONE, read
from cssm_lib.read.source import FAULT

ATTRIBUTE = re.compile(r'(\w{1,40})="([^"]{0,2000})"')
KIND = re.compile(r"\S+ \S+ (?:[A-Za-z]\S{0,15} )?(SAEVT_\w+|[A-Z][A-Z0-9_]{3,60})\b ?")
ODD = re.compile(r"\d{4}-|.*SAEVT_")
REPORT_ROW = re.compile(r"(\d{3,24})\s+([A-Z_]+)\s+(\S{1,8})\s+(\S.*)$")
PARTS = re.compile(r",\s{2,}(?=[A-Z][\w ]{1,40}:)")
COUNTS = re.compile(r"([A-Z][A-Za-z ]{2,40}): ?(\d+)")
RUM = {
    "Total": "rum_total",
    "Purged": "rum_purged",
    "Total Acknowledged Received": "rum_acknowledged",
    "Waiting for Ack": "rum_waiting",
    "Available to Report": "rum_available",
    "Collecting Data": "rum_collecting",
}
JOBS, COMMUNICATION = "Upcoming Scheduled Jobs", "Communication Statistics"
NO_EVENTS = "No EventLog Found"
ATTRIBUTES = {
    "MSG": "message",
    "user": "user",
    "userName": "user",
    "smartAccount": "smart_account",
    "virtualAccount": "virtual_account",
    "count": "quantity",
    "entitlementTag": "tag",
}


def take_event(said: Said, text: str, line: int) -> None:
    """One entry: time, zone, kind, then `name="value"`; another line under the heading is none."""
    put(said, {"says_events": "true"}, line)
    found, kind = moment(text), KIND.match(text)
    if not found or not kind:
        _take_odd_event(said, text, line)
        return
    entry: Record = {"place": place(line), "raw": text, "kind": kind[1], "time": found[0]}
    fill(entry, {ZONE: found[1]})
    for name, value in ATTRIBUTE.findall(text):
        if name in ATTRIBUTES and value:
            entry[ATTRIBUTES[name]] = value
    entry.setdefault("message", text[kind.end() :].strip())
    if "tag" in entry:
        entry["license"] = entry["tag"]
    said.events.append(entry)


def _take_odd_event(said: Said, text: str, line: int) -> None:
    """The rest of an entry of several lines; what looks like an entry of its own is rejected."""
    if ODD.match(text):
        fault(said.events, line, reason="not an entry of an event log", found=text)
    elif said.events and FAULT not in said.events[-1]:
        said.events[-1]["raw"] += f"\n{text}"


def take_report(said: Said, text: str, line: int) -> None:
    """`show license rum id … detail`: a report begins with its number."""
    if text.startswith("Report Id:"):
        said.at["record"] = {"place": place(line)}
        said.reports.append(said.at["record"])
    record = said.at["record"]
    if record is None:
        return
    for part in PARTS.split(text):
        key, _, value = part.partition(":")
        fill(record, read(REPORT_KEYS, key.strip().lower(), value.strip(" ,")))


def take_report_row(said: Said, text: str, line: int) -> None:
    """A row of `show license rum id all`."""
    if not text[0].isdigit():
        return
    found = REPORT_ROW.match(text)
    if found:
        names = ("report_id", "state", "flag", "feature_name")
        row = dict(zip(names, found.groups(), strict=True))
        said.reports.append({"place": place(line)} | row)
    else:
        fault(said.reports, line, reason="not a row of usage reports", found=text)


def take_counts(said: Said, text: str, line: int) -> None:
    """`Total: 12,  Purged: 0` of the usage report summary."""
    for name, number in COUNTS.findall(text):
        column = RUM.get(name.strip())
        if column:
            put(said, {column: number}, line)


def take_job(said: Said, text: str, line: int) -> None:
    """A scheduled job and when it is due; the current time is when the device was asked."""
    item, _, value = text.partition(": ")
    found = moment(value)
    if not found:
        return
    if item == "Current time":
        put(said, {"observed_at": found[0], ZONE: found[1]}, line)
        return
    _dated(said, line, section=JOBS, item=item, found=(*found, value))


def take_push(said: Said, text: str, line: int) -> None:
    """When the device last handed its data over, by message or by file."""
    item, _, value = text.partition(": ")
    found = moment(value)
    if found:
        _dated(said, line, section="Conversion or Reservation", item=item, found=(*found, value))


def take_communication(said: Said, text: str, line: int) -> None:
    """Results of each kind of message under its heading, where they carry a time."""
    if text.endswith(":"):
        said.at["item"] = text[:-1]
        return
    key, _, value = text.partition(": ")
    put(said, read(CAPTURE_KEYS["communication"], key.lower(), value.strip()), line)
    at = value.rfind(" on ")
    found = moment(value[at + 4 :] if at >= 0 else value)
    if found:
        item = f"{said.at['item']}: {key}" if said.at["item"] else key
        _dated(said, line, section=COMMUNICATION, item=item, found=(*found, value))


def _dated(
    said: Said, line: int, *, section: str, item: str, found: tuple[str, str | None, str]
) -> None:
    row = {"place": place(line), "section": section, "item": item, "time": found[0]}
    fill(row, {ZONE: found[1], "said": found[2]})
    said.times.append(row)
