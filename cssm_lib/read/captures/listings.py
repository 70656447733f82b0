"""Licences that a device lists: named blocks, handles, the summary's table, PAK licences."""

from __future__ import annotations

import re

from cssm_lib.read.captures.clock import moment
from cssm_lib.read.captures.said import Record, Said, fault, fill, joined, place, put
from cssm_lib.read.captures.statements import LICENSE_KEYS, TAG, VERDICT_KEYS, ZONE, read
from cssm_lib.read.source import FAULT

SUMMARY = "show license summary"
USAGE = "show license usage"
ALL = "show license all"
TECH_SUPPORT = "show license tech support"
PAK = "show license"
INDEX = re.compile(r"Index \d+ Feature: ?(\S.*)")
HEADER = re.compile(r"License\s+Entitlement Tag", re.I)
# a line of the summary that is meant as a row
ROW = re.compile(r".*\(|.*\s\d{1,9}\s+[A-Z][A-Z ]+$")
GRANTED = re.compile(r"Total (?:available|reserved) count: ?(\d+)")
# sections in which named licences are listed: under their heading, or from the beginning
BLOCKS = ("usage", "blocks", "summary", "authorization", "")
# a key that a licence has once: seen again, another licence has begun unannounced
ONCE = ("license", "description", "quantity")


def bracketed(text: str) -> tuple[str, str] | None:
    """The name before the last brackets of the text and the words in them, letter by letter.

    >>> bracketed("UC Manager (12.x) (UCM_BASIC)"), bracketed("(ASAv-STD-100M)"), bracketed("a)")
    (('UC Manager (12.x)', 'UCM_BASIC'), ('', 'ASAv-STD-100M'), None)
    """
    if not text.endswith(")"):
        return None
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[at], 0)
        if depth == 0:
            return text[:at].rstrip(), text[at + 1 : -1]
    return None


def begins_block(said: Said, text: str) -> bool:
    """Whether the line heads a licence: `network-advantage (C9300-24 Network Advantage):`."""
    if not text.endswith("):") or said.at["section"] not in BLOCKS:
        return False
    return bracketed(text[:-1]) is not None and not SHORT_UNIT.match(text)


SHORT_UNIT = re.compile(r"P:[^,]{1,60},S:")


def take_block(said: Said, text: str, line: int) -> None:
    """The heading of a named licence; statements about it follow."""
    name, inside = bracketed(text[:-1]) or ("", "")
    headed = said.at["section"] == "usage"
    said.at["section"] = "usage" if headed else "blocks"
    record = _begun(said, line, ALL if headed else USAGE)
    record |= {"license": name or inside, "entitlement": inside}
    _mark_cut(record)


def take_handle(said: Said, value: str, line: int) -> None:
    """`Handle: 1`: the heading of a licence in the technical details."""
    said.at["section"] = "usage"
    _begun(said, line, TECH_SUPPORT)["handle"] = value


def take_index(said: Said, text: str, line: int) -> None:
    """`Index 1 Feature: appxk9`: the heading of a PAK or right-to-use licence."""
    found = INDEX.match(text)
    if found:
        said.at["section"] = "usage"
        _begun(said, line, PAK)["license"] = found[1].strip()


def _begun(said: Said, line: int, command: str) -> Record:
    record = {"place": place(line), "command": said.known or command}
    put(said, {"says_licenses": "true"}, line)
    said.licenses.append(record)
    said.at["record"] = record
    return record


def take_license(said: Said, text: str, line: int) -> None:
    """A statement about the licence above."""
    record = said.at["record"]
    key, _, value = text.partition(":")
    columns = read(LICENSE_KEYS, key.strip().lower(), value.strip())
    if record is None or not columns:
        return
    if any(name in record and name in columns for name in ONCE):
        record = _begun(said, line, record["command"])
    fill(record, columns)


def take_grant(said: Said, text: str, line: int) -> None:
    """Export authorisations and reservations: the name, then how many."""
    found = GRANTED.match(text)
    if found and said.at["item"]:
        column = said.at["section"]
        before = said.facts.pop(column, ("", 0))[0]
        put(said, {column: joined(before, f"{said.at['item']}: {found[1]}")}, line)
    elif text.endswith("):"):
        said.at["item"] = text[:-1]


def take_row(said: Said, text: str, line: int) -> None:
    """A row of the summary: name, words in brackets, count, status; long names take two lines."""
    if HEADER.match(text) or text.startswith(("---", "No licenses")):
        return
    head, mark, tail = text.rpartition(")")
    counted = tail.split(None, 1)
    named = bracketed(head + mark)
    if not named or len(counted) != 2:
        _unfinished(said)
        said.at["name"] = (text, line)
        return
    name, inside = named
    begun, at = said.at.pop("name", None) or ("", line)
    if name and begun:
        said.at["name"] = (begun, at)
        _unfinished(said)
        begun, at = "", line
    record = _begun(said, at, SUMMARY)
    record |= {"license": name or begun or inside, "entitlement": inside}
    record |= {"quantity": counted[0], "status": counted[1].strip()}
    _mark_cut(record)


def _unfinished(said: Said) -> None:
    """A line of the summary that looks like a row, and no count follows."""
    begun = said.at.pop("name", None)
    if begun and ROW.match(begun[0][:120]):
        fault(said.licenses, begun[1], reason="not a row of the summary", found=begun[0])


def _mark_cut(record: Record) -> None:
    cut = any(record[column].endswith("...") for column in ("license", "entitlement"))
    record["truncated"] = "true" if cut else "false"


def take_verdict(said: Said, text: str, line: int) -> None:
    """What Cisco acknowledged and authorises, by entitlement tag."""
    tag = TAG.match(text)
    if tag:
        said.at["item"] = tag[0]
        said.verdicts[tag[0]] = {}
        return
    key, _, value = text.partition(":")
    verdict = said.verdicts.get(said.at["item"] or "")
    if verdict is None:
        found = moment(value.strip().removeprefix("Generated on "))
        put(said, {"enforcement_status_at": found[0]} if found and key == "Date" else {}, line)
        return
    if key == "Reported In Use Count":
        number, _, when = value.strip().partition(" on ")
        found = moment(when) or (None, None)
        fill(verdict, {"reported_in_use": number, "reported_at": found[0], ZONE: found[1]})
    fill(verdict, read(VERDICT_KEYS, key.strip().lower(), value.strip()))


def settle_listing(said: Said) -> None:
    """Descriptions from brackets, verdicts beside their licences, the last record's missing end."""
    _unfinished(said)
    for record in said.licenses:
        if FAULT not in record:
            record.setdefault("truncated", "false")
        if "entitlement" in record:
            record.setdefault("description", record["entitlement"])
        verdict = said.verdicts.get(record.get("tag", ""), {})
        fill(record, {name: value for name, value in verdict.items() if name not in record})
    tags = {record.get("tag") for record in said.licenses}
    said.notes.extend(
        f"Cisco's verdict on {tag} is about no licence in the list."
        for tag in said.verdicts
        if tag not in tags
    )
