"""Answers to devices: which belong together, and what they say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cssm_lib.read.captures.said import (
    UNTELLING,
    Record,
    Said,
    contradiction,
    fill,
    joined,
    put,
    settle,
)
from cssm_lib.read.captures.statements import ZONE
from cssm_lib.read.source import FAULT

# the fullest list first: what a shorter one says of the same licence is folded into it
RICHEST = (
    "show license tech support",
    "show license all",
    "show license usage",
    "show license summary",
)
PROMPT_CUT = 18
COMPARED = ("quantity", "status", "license_type", "enforcement", "export_status")


@dataclass(frozen=True)
class _Group:
    """Answers of one device, and by what it is known.

    `serials` are of its UDI and its members, `weak` of boards and parts, which need not be the
    UDI's.
    """

    answers: list[Said]
    hosts: list[str]
    serials: set[str]
    weak: set[str]
    commands: set[str]


def devices(answers: Sequence[Said]) -> list[Said]:
    """One item per device: all that its answers say, in the order in which the devices appear.

    Answers belong together by the UDI, else by the host name of the prompt, else because they
    follow each other and nothing speaks against it.
    """
    groups: list[_Group] = []
    for said in answers:
        group = _group(said)
        home = _home(groups, group)
        if home is None:
            groups.append(group)
        else:
            _join(home, group)
    telling = (group.answers for group in _rejoined(groups) if any(map(tells, group.answers)))
    return [_together(answers) for answers in telling]


def _group(said: Said) -> _Group:
    host = said.facts.get("hostname", (said.host, 0))[0]
    listed = {serial for _, serial in said.members if serial}
    paired = any("Active" in unit.get("role", "") for unit in said.members.values())
    own = {said.facts[name][0] for name in ("serial",) if name in said.facts}
    weak = {said.facts[name][0] for name in ("weak_serial",) if name in said.facts}
    return _Group(
        [said],
        [host.casefold()] if host else [],
        own | (listed if paired else set()),
        weak | (listed if weak else set()),
        set(said.commands),
    )


def _join(home: _Group, group: _Group) -> None:
    home.answers.extend(group.answers)
    home.hosts.extend(host for host in group.hosts if host not in home.hosts)
    home.serials.update(group.serials)
    home.weak.update(group.weak)
    home.commands.update(group.commands)


def _home(groups: list[_Group], new: _Group) -> _Group | None:
    """The device that the answer belongs to; none where a new one begins."""
    for group in reversed(groups):
        if new.serials & group.serials and _hosts_agree(group, new):
            return group
    for group in reversed(groups if new.hosts else groups[-1:]):
        again = not new.serials and bool(new.commands & group.commands)
        if _agree(group, new) and not again:
            return group
    return None


def _rejoined(groups: list[_Group]) -> list[_Group]:
    """A repeated command opens a device only if a UDI of another device then follows."""
    kept: list[_Group] = []
    for group in groups:
        before = reversed(kept) if group.hosts else reversed(kept[-1:])
        home = next((other for other in before if _agree(other, group)), None)
        if home is None or group.serials:
            kept.append(group)
        else:
            _join(home, group)
    return kept


def _agree(group: _Group, other: _Group) -> bool:
    """Whether nothing speaks against both being one device."""
    pairs = ((group.serials, other.serials), (group.weak, other.weak))
    apart = any(one and two and not one & two for one, two in pairs)
    return not apart and _hosts_agree(group, other)


def _hosts_agree(group: _Group, other: _Group) -> bool:
    """A prompt may cut a long host name, so one may begin the other."""
    if not group.hosts or not other.hosts:
        return True
    return any(
        one == two or (len(one) >= PROMPT_CUT and two.startswith(one[:PROMPT_CUT]))
        for one in group.hosts
        for two in other.hosts
    )


def _together(group: list[Said]) -> Said:
    """What all answers of a device say; of contradictions the later stands, and a note says so."""
    if len(group) == 1:
        return _identified(group[0], group)
    whole = Said(None, group[0].first)
    for said in group:
        for column, (value, line) in said.facts.items():
            settle(whole, column, value, line)
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
    """Who the device is, from other witnesses where no UDI says it: the active member, the unit
    that its usage reports are about, then version and inventory.
    """
    facts = whole.facts
    weak = [facts.pop(f"weak_{column}", ("", 0))[0] for column in ("pid", "serial")]
    active = [unit for unit, row in whole.members.items() if "Active" in row.get("role", "")]
    reported = {(row.get("member_pid"), row.get("member_serial")) for row in whole.reports}
    witnesses = [*active[:1], *(reported if len(reported) == 1 else ()), tuple(weak)]
    for pid, serial in witnesses:
        if "serial" not in facts and serial:
            put(whole, {"pid": pid or None, "serial": serial}, whole.first)
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
    name = record.get("license", "")
    named = [
        row
        for row in rows
        if _begins_alike(name, {row.get("license", ""), row.get("description", "")})
    ]
    same = [row for row in named if _same_words(row, record)]
    return same[0] if same else None


def _same_words(row: Record, record: Record) -> bool:
    """The description or the tag's name; the summary cuts both with `...`."""
    known = {row.get("description", ""), row.get("entitlement", ""), _tag_name(row)} - {""}
    own = {record.get("description", ""), record.get("entitlement", "")} - {""}
    alike = any(_begins_alike(words, known) for words in own)
    return alike or ("tag" in record and record["tag"] == row.get("tag"))


def _begins_alike(words: str, known: set[str]) -> bool:
    """Whether the words are known, or cut with `...` and begin known ones.

    >>> _begins_alike("C9300-48 Network Advan...", {"C9300-48 Network Advantage"})
    True
    """
    begun = words.removesuffix("...")
    return words in known or (begun != words and any(one.startswith(begun) for one in known))


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


def tells(said: Said) -> bool:
    """Whether the answer says anything beyond the time of day."""
    facts = {name for name, (value, _) in said.facts.items() if value} - UNTELLING
    return bool(facts or said.members or said.licenses or said.reports or said.events)
