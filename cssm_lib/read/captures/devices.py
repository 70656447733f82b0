"""Answers to devices: which belong together, and what they say together."""

from __future__ import annotations

from collections.abc import Sequence

from cssm_lib.read.captures.said import Record, Said, contradiction, fill, joined, place, put
from cssm_lib.read.captures.statements import ZONE
from cssm_lib.read.source import FAULT

# the fullest list first: what a shorter one says of the same licence is folded into it
RICHEST = (
    "show license tech support",
    "show license all",
    "show license usage",
    "show license summary",
)
COMPARED = ("quantity", "status", "license_type", "enforcement", "export_status")


def devices(answers: Sequence[Said]) -> list[Said]:
    """One item per device: all that its answers say, in the order in which the devices appear.

    Answers belong together by the UDI, else by the host name of the prompt, else because they
    follow each other and nothing speaks against it.
    """
    groups: list[list[Said]] = []
    for said in answers:
        home = _home(groups, said)
        if home is None:
            groups.append([said])
        else:
            home.append(said)
    return [_together(group) for group in _rejoined(groups)]


def _home(groups: list[list[Said]], said: Said) -> list[Said] | None:
    """The device that the answer belongs to; none where a new one begins."""
    serials = _serials([said])
    for group in reversed(groups):
        if serials & _serials(group) and _hosts_agree(group, [said]):
            return group
    for group in reversed(groups if said.host else groups[-1:]):
        if _agree(group, [said]) and not _again(group, said):
            return group
    return None


def _rejoined(groups: list[list[Said]]) -> list[list[Said]]:
    """A repeated command opens a device only if a UDI of another device then follows."""
    kept: list[list[Said]] = []
    for group in groups:
        before = reversed(kept) if _host(group) else reversed(kept[-1:])
        home = next((other for other in before if _agree(other, group)), None)
        if home is not None and not _serials(group):
            home.extend(group)
        else:
            kept.append(group)
    return kept


def _agree(group: Sequence[Said], other: Sequence[Said]) -> bool:
    """Whether nothing speaks against both being one device."""
    if not _hosts_agree(group, other):
        return False
    for serials in (_serials, _weak_serials):
        one, two = serials(group), serials(other)
        if one and two and not one & two:
            return False
    return True


def _hosts_agree(group: Sequence[Said], other: Sequence[Said]) -> bool:
    """A prompt may cut a long host name, so one may begin the other."""
    one, two = _host(group), _host(other)
    if not one or not two:
        return True
    one, two = one.casefold(), two.casefold()
    return one == two or (min(len(one), len(two)) >= 18 and one[:18] == two[:18])


def _host(group: Sequence[Said]) -> str | None:
    said = (one.facts.get("hostname", (one.host, 0))[0] or one.host for one in group)
    return next((host for host in said if host), None)


def _serials(group: Sequence[Said]) -> set[str]:
    """Serial numbers by which the answers know the device: its UDI and its members."""
    own = {said.facts["serial"][0] for said in group if "serial" in said.facts}
    listed = {serial for said in group for _, serial in said.members if serial and _listed(said)}
    return own | listed


def _listed(said: Said) -> bool:
    return any("Active" in unit.get("role", "") for unit in said.members.values())


def _weak_serials(group: Sequence[Said]) -> set[str]:
    """Serial numbers of boards and parts: they need not be the UDI's."""
    return {said.facts["weak_serial"][0] for said in group if "weak_serial" in said.facts}


def _again(group: Sequence[Said], said: Said) -> bool:
    """Whether the device was asked this before, and the answer does not say who it is."""
    asked = {command for one in group for command in one.commands}
    return not _serials([said]) and bool(asked & set(said.commands))


def _together(group: list[Said]) -> Said:
    """What all answers of a device say; of contradictions the later stands, and a note says so."""
    if len(group) == 1:
        return _identified(group[0], group)
    whole = Said(None, group[0].first)
    for said in group:
        for column, (value, line) in said.facts.items():
            put(whole, {column: value}, line)
        whole.zones.update(said.zones)
        whole.commands.update(said.commands)
        whole.notes.extend(said.notes)
        for unit, record in said.members.items():
            _join_member(whole, unit, record)
        for name in ("reports", "events", "times"):
            getattr(whole, name).extend(getattr(said, name))
    whole.licenses.extend(_folded([said.licenses for said in group], whole.notes))
    return _identified(whole, group)


def _join_member(whole: Said, unit: tuple[str | None, str | None], record: Record) -> None:
    before = whole.members.setdefault(unit, {})
    role = joined(before.get("role"), record["role"]) if "role" in record else before.get("role")
    at = before.get("place", record["place"])
    fill(before, record | {"role": role, "place": at})


def _identified(whole: Said, group: list[Said]) -> Said:
    """Host name and serial, from the weaker witnesses where the UDI does not say them."""
    facts = whole.facts
    for column in ("pid", "serial"):
        weak = facts.pop(f"weak_{column}", None)
        if weak and ("serial" not in facts or column != "serial") and column not in facts:
            facts[column] = weak
    reported = {(row.get("member_pid"), row.get("member_serial")) for row in whole.reports}
    if "serial" not in facts and len(reported) == 1:
        pid, serial = reported.pop()
        put(whole, {"pid": pid, "serial": serial}, whole.first)
    host = next((said.host for said in group if said.host), None)
    if host and "hostname" not in facts:
        put(whole, {"hostname": host}, whole.first)
    return whole


def _folded(lists: list[list[Record]], notes: list[str]) -> list[Record]:
    """One row a licence of the device, from the fullest list; shorter lists fill and check it."""
    ranked = sorted(enumerate(lists), key=lambda item: (_rank(item[1]), -item[0]))
    kept: list[Record] = []
    for _, records in ranked:
        open_rows = list(kept)
        for record in records:
            twin = _twin(open_rows, record)
            if twin is None:
                kept.append(record)
            else:
                open_rows.remove(twin)
                _fold(twin, record, notes)
    return sorted(kept, key=_line)


def _rank(records: list[Record]) -> int:
    ranks = [RICHEST.index(r["command"]) for r in records if r.get("command") in RICHEST]
    return min(ranks, default=len(RICHEST))


def _line(record: Record) -> int:
    return int(record["place"].split()[1])


def _twin(rows: list[Record], record: Record) -> Record | None:
    """The row that speaks of the same licence: equal name and equal or cut words about it."""
    if FAULT in record:
        return None
    named = [row for row in rows if row.get("license") == record.get("license")]
    same = [row for row in named if _same_words(row, record)]
    return same[0] if same else None


def _same_words(row: Record, record: Record) -> bool:
    """The description or the tag's name; the summary cuts both with `...`."""
    known = {row.get("description", ""), row.get("entitlement", ""), _tag_name(row)} - {""}
    for words in {record.get("description", ""), record.get("entitlement", "")} - {""}:
        begun = words.removesuffix("...") if words.endswith("...") else None
        if words in known or (begun and any(one.startswith(begun) for one in known)):
            return True
    return "tag" in record and record["tag"] == row.get("tag")


def _tag_name(row: Record) -> str:
    """The name in an entitlement tag: `regid.2017-05.com.cisco.c9300_dna_advantage,1.0_…`."""
    return row.get("tag", "").partition(".com.cisco.")[2].partition(",")[0]


def _fold(row: Record, record: Record, notes: list[str]) -> None:
    """Fills what the row lacks; of contradictions the later in the file stands, with a note."""
    later = _line(record) > _line(row)
    for column in COMPARED:
        one, two = row.get(column), record.get(column)
        if one and two and one.casefold() != two.casefold():
            pair = (one, _line(row)), (two, _line(record))
            what = f"{column} of {row.get('license')}"
            notes.append(contradiction(what, *(pair if later else reversed(pair))))
            row[column] = two if later else one
    command = joined(row.get("command"), record.get("command", ""))
    lacking = {name: value for name, value in record.items() if name not in row}
    fill(row, lacking | {ZONE: record.get(ZONE), "command": command})


def is_worth_a_row(said: Said) -> bool:
    """Whether the answer says anything beyond the time of day."""
    told = set(said.facts) - {"observed_at", "clock_mark"}
    return bool(
        told or said.members or said.licenses or said.reports or said.events or said.commands
    )


def first_place(said: Said) -> str:
    """Where the device's first statement stands."""
    return place(said.first)
