"""Members of a stack or redundant pair: their trust codes, authorisations, reservations."""

from __future__ import annotations

import re

from cssm_lib.read.captures.clock import moment
from cssm_lib.read.captures.said import Said, fill, joined, member, put
from cssm_lib.read.captures.statements import MEMBER_KEYS, MISSING, PAIR, ZONE, read

ROLE = re.compile(r"(Active|Standby|Member|Switch ?\d+)\s*: ?PID:", re.I)
SHORT = re.compile(r"P:([^,\s]{1,60}),S:([^,:\s]{1,60})")
TRUST_ID = re.compile(r"TrustId: ?(\S+)")
STATE = re.compile(r"state\[\d+\], ?")
WIDE = re.compile(r"\s{2,}")
TRUSTED = {
    "installed": "trust_code_at",
    "valid": "trust_code_valid_from",
    "expired": "trust_code_expires",
}
OWN = ("trust_code", "trust_code_at", "reservation_status")
# `*  ASR1006   NWG1512050G   ASR1006:NWG1512050G`, the star on the unit that answers
SLOT = re.compile(r"(\*?)\s*(\d{0,3})\s*(\S+)\s+(\S+)\s+(\S+)$")


def is_unit(text: str) -> bool:
    """Whether the line names a member: `Active:PID:C9300-24T,SN:FCW2125L07Y`."""
    return "PID:" in text and ROLE.match(text) is not None


def take_unit(said: Said, text: str, line: int) -> None:
    """A member with its role; the statements below it are about this member."""
    found = dict(PAIR.findall(text))
    record = member(said, (found.get("PID"), found.get("SN")), line)
    role = text.split(":", 1)[0].strip()
    record["role"] = joined(record.get("role"), role)
    said.at["member"] = record


def take_udi(said: Said, text: str, line: int) -> None:
    """The device's own identity."""
    found = dict(PAIR.findall(text))
    columns = {"pid": found.get("PID"), "serial": found.get("SN"), "uuid": found.get("UUID")}
    put(said, columns, line)


def take_slot(said: Said, text: str, line: int) -> None:
    """A row of the older table of `show license udi`."""
    found = SLOT.match(text)
    if not found or found[5] != f"{found[3]}:{found[4]}":
        return
    if found[1] or "serial" not in said.facts:
        put(said, {"pid": found[3], "serial": found[4]}, line)
    record = member(said, (found[3], found[4]), line)
    if found[2]:
        record["role"] = f"Switch {found[2]}"


def begin_trust(said: Said, value: str, line: int) -> None:
    """`Trust Code Installed:` with nothing, a time, or members in the lines below."""
    said.at.update(section="trust", member=None)
    put(said, {"says_trust_code": "true"}, line)
    found = moment(value, whole=True)
    if found:
        put(said, {"trust_code": "INSTALLED", "trust_code_at": found[0], ZONE: found[1]}, line)
    elif value.lower() not in MISSING and ":" not in value:
        put(said, {"trust_code": value}, line)


def take_trust(said: Said, text: str, line: int) -> None:
    """`INSTALLED on … Valid on …`, `Expired on …`, `Trust Code Type: …` of the member above."""
    record = said.at["member"]
    if record is None:
        return
    for part in WIDE.split(text):
        word, _, when = part.partition(" on ")
        found = moment(when, whole=True)
        column = TRUSTED.get(word.lower())
        # two supervisors on one serial: the active one speaks first and stands
        if found and column and column not in record:
            fill(record, {column: found[0], ZONE: found[1]})
        if word.lower() in ("installed", "not installed"):
            record.setdefault("trust_code", word)
        key, _, value = part.partition(":")
        if key == "Trust Code Type":
            record["trust_code_type"] = value.strip()


def take_member(said: Said, text: str, line: int) -> None:
    """A statement about the member above: its authorisation or reservation."""
    if said.at["member"] is None:
        return
    key, _, value = text.partition(":")
    fill(said.at["member"], read(MEMBER_KEYS, key.strip().lower(), value.strip()))


def take_trust_data(said: Said, text: str, line: int) -> None:
    """`P:C9300-24T,S:FCW2125L07Y: No Trust Data`, or `Local Device: …`."""
    unit = SHORT.search(text)
    known = tuple(said.facts.get(name, (None,))[0] for name in ("pid", "serial"))
    record = member(said, (unit[1], unit[2]) if unit else known, line)
    rest = TRUST_ID.sub("", text).rsplit(": ", 1)[-1]
    record["trust_data"] = STATE.split(rest)[-1].strip()
    found = TRUST_ID.search(text)
    if found:
        record["trust_id"] = found[1]


def take_enforced(said: Said, text: str, line: int) -> None:
    """Enforced licences that a member's platform knows; it need not use them."""
    unit = SHORT.match(text)
    if unit:
        said.at["member"] = member(said, (unit[1], unit[2]), line)
    elif said.at["member"] is not None and not text.startswith("No PD"):
        tidy = " ".join(text.split())
        record = said.at["member"]
        record["enforced_licenses"] = joined(record.get("enforced_licenses"), tidy)


def settle_active(said: Said) -> None:
    """What the active member says stands for the device where the device says nothing itself."""
    for unit, record in list(said.members.items()):
        if len(said.members) == 1 and set(record) <= {"place", "member_pid", "member_serial"}:
            del said.members[unit]
    units = list(said.members.values())
    active = next((unit for unit in units if "Active" in unit.get("role", "")), None)
    active = active or (units[0] if len(units) == 1 else None)
    if active is None:
        return
    line = int(active["place"].split()[1])
    own = {name: active.get(name) for name in OWN if name not in said.facts}
    put(said, own | ({ZONE: active.get(ZONE)} if any(own.values()) else {}), line)
