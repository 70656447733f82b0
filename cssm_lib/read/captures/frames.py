"""Devices to text frames, a column a statement, and the notes that a reader must know."""

from __future__ import annotations

from pathlib import PurePosixPath

import polars as pl

from cssm_lib.read.captures.said import Record, Said, place
from cssm_lib.read.captures.statements import ZONE
from cssm_lib.read.source import FAULT
from cssm_lib.schema.captures import CAPTURE_TABLES
from cssm_lib.schema.words import counted

NOTES = 20
LISTS = {
    "capture_licenses": "licenses",
    "capture_reports": "reports",
    "capture_times": "times",
    "event_log": "events",
}
NAMES = {table.name: table.names for table in CAPTURE_TABLES}


def tables(found: list[Said], name: str) -> dict[str, pl.DataFrame]:
    """The text frames of the devices in one file, by canonical table; empty ones are left out."""
    rows: dict[str, list[Record]] = {table: [] for table in NAMES}
    for said in found:
        device = _device(said, name)
        rows["captures"].append(_capture(said) | device)
        own = {key: device[key] for key in device if key != "place"} | {"capture": device["place"]}
        rows["capture_members"] += [own | unit for unit in said.members.values()]
        for table, records in LISTS.items():
            rows[table] += [own | row for row in _records(said, records)]
    return {table: _frame(records, table) for table, records in rows.items() if records}


def _device(said: Said, name: str) -> Record:
    """What every row of a device carries: who it is, the day, where its own row stands."""
    facts = {key: said.facts[key][0] for key in ("hostname", "serial", "pid") if key in said.facts}
    label = facts.get("hostname") or facts.get("serial") or PurePosixPath(name).stem
    day = said.facts["observed_at"][0][:10] if "observed_at" in said.facts else None
    dated = {"snapshot_date": day} if day else {}
    return {"device": label, "place": place(said.first)} | facts | dated


def _capture(said: Said) -> Record:
    row = {column: value for column, (value, _) in said.facts.items() if value}
    row["commands"] = ", ".join(said.commands)
    if said.zones:
        row[ZONE] = ", ".join(said.zones)
    return row


def _records(said: Said, records: str) -> list[Record]:
    rows = getattr(said, records)
    if records != "licenses":
        return rows
    return [row | {"position": str(n)} for n, row in enumerate(rows, start=1)]


def _frame(rows: list[Record], table: str) -> pl.DataFrame:
    """Every column that a row has, all text; the contract adds the others."""
    there = set().union(*rows)
    names = [name for name in (*NAMES[table], FAULT, "fault_value") if name in there]
    return pl.from_dicts(rows, schema=dict.fromkeys(names, pl.String))


def notes(found: list[Said], silent: list[str]) -> tuple[str, ...]:
    """A sentence per contradiction, per licence whose end is missing, per command unanswered."""
    said = [f"{_called(one)}{note}" for one in found for note in (*one.notes, *_cut_short(one))]
    said += [*silent, *_two_names(found)]
    more = len(said) - NOTES
    return (
        *said[:NOTES],
        *([f"And {counted(more, 'more notes')} of this kind."] if more > 0 else ()),
    )


def _called(said: Said) -> str:
    name = said.facts.get("hostname") or said.facts.get("serial")
    return f"{name[0]}: " if name else ""


def _cut_short(said: Said) -> list[str]:
    """Licences without a count though the command prints one: the capture ends too early."""
    return [
        f"{row.get('license', 'a licence')} at {row['place']} has no {missing}:"
        " the capture is cut short or lost lines."
        for row in said.licenses
        if FAULT not in row and row.get("command") not in ("show license", "show license usage")
        for missing in [_missing(row)]
        if missing
    ]


def _missing(row: Record) -> str:
    lacking = [
        what for what, key in (("count", "quantity"), ("status", "status")) if key not in row
    ]
    return " and no ".join(lacking)


def _two_names(found: list[Said]) -> list[str]:
    """One serial under two host names stays two rows, and a note says so."""
    names: dict[str, list[str]] = {}
    for said in found:
        if "serial" in said.facts and "hostname" in said.facts:
            names.setdefault(said.facts["serial"][0], []).append(said.facts["hostname"][0])
    return [
        f"serial {serial} stands under {len(set(hosts))} host names: {', '.join(hosts)}."
        for serial, hosts in names.items()
        if len(set(hosts)) > 1
    ]
