"""What one answer of a device says, as it is gathered line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cssm_lib.read.captures.statements import ZONE, Columns
from cssm_lib.read.source import FAULT, FAULT_VALUE

Record = dict[str, str]
Unit = tuple[str | None, str | None]


@dataclass(frozen=True)
class Said:
    """What one answer says: statements with their lines, records, and where the reading stands.

    `facts` maps a column of captures to its value and line; `at` is the reader's place: section,
    item, record, member. `known` says by which command the answer was made, where that is known.
    """

    host: str | None
    first: int
    known: str | None = None
    facts: dict[str, tuple[str, int]] = field(default_factory=dict)
    zones: dict[str, None] = field(default_factory=dict)
    commands: dict[str, None] = field(default_factory=dict)
    members: dict[Unit, Record] = field(default_factory=dict)
    licenses: list[Record] = field(default_factory=list)
    reports: list[Record] = field(default_factory=list)
    events: list[Record] = field(default_factory=list)
    times: list[Record] = field(default_factory=list)
    verdicts: dict[str, Record] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    at: dict[str, Any] = field(default_factory=dict)


# every command may print the time: it says nothing of the device
UNTELLING = frozenset(("observed_at", "clock_mark"))
# these move on between two commands without contradiction
MOVING = UNTELLING | frozenset(
    "rum_total rum_purged rum_acknowledged rum_waiting rum_available rum_collecting".split()
)


def place(line: int) -> str:
    """Where a statement stands in its file."""
    return f"line {line}"


def put(said: Said, columns: Columns, line: int) -> None:
    """Statements about the device; of two that contradict the later stands, and a note says so.

    "" says that there is none: within one answer it takes nothing back.
    """
    for column, value in columns.items():
        if value is None or (column in said.facts and not value):
            continue
        if column == ZONE:
            said.zones[value] = None
        else:
            settle(said, column, value, line)


def settle(said: Said, column: str, value: str, line: int) -> None:
    """One statement against what was said before."""
    before = said.facts.get(column)
    said.facts[column] = (value, line)
    moves = column in MOVING or column.endswith("_by")
    if before and before[0] and not moves and before[0].casefold() != value.casefold():
        said.notes.append(contradiction(column, before, (value, line)))


def contradiction(column: str, one: tuple[str, int], other: tuple[str, int]) -> str:
    """The sentence for two statements that do not agree.

    >>> contradiction("transport", ("Smart", 3), ("cslu", 9))
    "transport is 'Smart' in line 3 and 'cslu' in line 9; the later stands."
    """
    first, second = (repr(value) if value else "nothing" for value, _ in (one, other))
    return (
        f"{column} is {first} in line {one[1]} and {second} in line {other[1]}; the later stands."
    )


def fill(record: Record, columns: Columns) -> None:
    """Columns of a record; zone words that differ stand side by side."""
    for column, value in columns.items():
        if not value:
            continue
        if column == ZONE and record.get(ZONE) not in (None, value):
            value = joined(record[ZONE], value)
        record[column] = value


def joined(before: str | None, value: str) -> str:
    """A list of words in one text, each once.

    >>> joined("Active", "Standby"), joined("PST, PDT", "PDT")
    ('Active, Standby', 'PST, PDT')
    """
    words = before.split(", ") if before else []
    return ", ".join(dict.fromkeys([*words, value]))


def fault(records: list[Record], line: int, *, reason: str, found: str) -> None:
    """A line that looks like a record and cannot be read: it is rejected and not lost."""
    records.append({"place": place(line), FAULT: reason, FAULT_VALUE: found[:300]})


def member(said: Said, unit: Unit, line: int) -> Record:
    """The record of a member; two units on one serial (supervisors of a chassis) are one."""
    found = said.members.setdefault(unit, {"place": place(line)})
    if unit[0]:
        found["member_pid"] = unit[0]
    if unit[1]:
        found["member_serial"] = unit[1]
    return found
