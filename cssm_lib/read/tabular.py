"""A header and its records to a table of the client: places, totals, dates, notes.

CSV and spreadsheets meet here; what only one kind of file can say is in `kinds.py`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from cssm_lib.read.headers import Asked, Header, missing_columns, proven
from cssm_lib.read.kinds import shaped
from cssm_lib.read.records import Records
from cssm_lib.read.source import FAULT, FAULT_VALUE, Found, Hint, message
from cssm_lib.read.text import dates_in
from cssm_lib.rules import Rules

DATED = re.compile(r"generat|as of|as at|export|report|snapshot|date|creat|run|stand", re.I)
UNDATED = re.compile(r"\b(?:end|expir|start|valid|renew|due|from|until|since|sync)", re.I)
SYNCHRONISED = re.compile(r"\bsync", re.I)
CUT = 300


def total_words(kind: str, rules: Rules) -> list[str]:
    """First cells of lines that sum the lines above, in lower case."""
    return [*rules["words.total_lines"], *rules["headers.kinds"][kind].get("totals", ())]


def tabular(header: Header, found: Records, *, titles: Sequence[str], asked: Asked) -> Found:
    """What the table holds: one text frame a canonical table, with the file's dates and notes.

    Never raises for a bad table: `problem` is the message.
    """
    header = proven(header, found.cells, asked.hint)
    problem = missing_columns(header, asked)
    told = Found(
        kind=header.kind,
        delimiter=header.delimiter,
        mapping=header.mapping,
        unmapped=header.unmapped,
        problem=problem,
    )
    return told if problem else _filled(told, header, found, titles=titles, asked=asked)


def _filled(
    told: Found, header: Header, found: Records, *, titles: Sequence[str], asked: Asked
) -> Found:
    words = total_words(header.kind, asked.rules)
    frame, totals = _without_totals(_named(header, found), words)
    frame, day, problem = _snapshot(frame, header, asked)
    if problem:
        return replace(told, problem=problem)
    synchronised, doubts = _synchronised(frame, titles, asked.hint)
    tables, made = shaped(frame, header.kind, missing=asked.rules["words.missing"])
    if header.kind == "licenses" and "lots" not in tables:
        header = _without_lots(header)
    side = [*totals, *_side_lines(header, found)]
    notes = (
        *(f"above the header: {title.strip()}" for title in titles),
        *(f"no record: {text}" for text in side),
        *_capped(frame, header.kind, asked.rules),
        *doubts,
        *made,
    )
    more = {
        "tables": tables,
        "mapping": header.mapping,
        "unmapped": header.unmapped,
        "dates": (day,) if day else _title_days(titles),
        "dated_rows": "snapshot_date" in frame.columns,
        "pages": ((None, frame.height),),
        "notes": notes,
        "synchronised": synchronised,
    }
    return replace(told, **more)


def _without_lots(header: Header) -> Header:
    """Where no row is a transaction, its columns beside the licence mean nothing."""
    columns = {n: name for n, name in header.columns.items() if not name.startswith("lot_")}
    return replace(header, columns=columns)


def _side_lines(header: Header, found: Records) -> list[str]:
    where = f"{header.sheet} row" if header.sheet else "line"
    return [f"{where} {line}: {text}" for line, text in found.notes.iter_rows()]


def _named(header: Header, found: Records) -> pl.DataFrame:
    """Every record with its place, whole ones by their columns and the others by their fault."""
    prefix = f"{header.sheet} row " if header.sheet else "row "
    place = (pl.lit(prefix) + pl.col("line").cast(pl.String)).alias("place")
    columns = [pl.col(str(n)).alias(column) for n, column in header.columns.items()]
    whole = found.cells.select(place, "total", *columns)
    other = found.others.select(
        place,
        pl.lit(False).alias("total"),
        pl.col("fault").alias(FAULT),
        pl.col("text").str.slice(0, CUT).alias(FAULT_VALUE),
    )
    return pl.concat([whole, other], how="diagonal") if other.height else whole


def _without_totals(frame: pl.DataFrame, words: list[str]) -> tuple[pl.DataFrame, list[str]]:
    """The records without lines that sum them, and those lines' text.

    A line whose first cell is a total word is a total where what it counts (licence, part number)
    is empty or such a word; in tables that count neither, where it is the last line.
    """
    if not frame["total"].any():
        return frame.drop("total"), []
    counted = next((name for name in ("license", "sku") if name in frame.columns), None)
    if counted:
        said = pl.col(counted).str.strip_chars().str.to_lowercase()
        sums = said.is_null() | said.is_in(["", *words])
    else:
        sums = pl.int_range(pl.len()) == pl.len() - 1
    total = frame["total"] & frame.select(sums.fill_null(False)).to_series()
    values = pl.concat_str(
        [pl.col(c) for c in frame.columns if c not in ("place", "total")],
        separator=" ",
        ignore_nulls=True,
    )
    texts = frame.filter(total).select(pl.format("{}: {}", "place", values)).to_series().to_list()
    return frame.filter(~total).drop("total"), texts


def _snapshot(
    frame: pl.DataFrame, header: Header, asked: Asked
) -> tuple[pl.DataFrame, dt.date | None, str | None]:
    """The day that a date column gives to the whole file; with several days the column stays."""
    if "snapshot_date" not in frame.columns:
        return frame, None, None
    hint, said = asked.hint, _said(frame["snapshot_date"])
    days = {day for value in said for day in _read_days(value, hint)}
    if not said or (len(days) == 1 and all(_read_days(value, hint) for value in said)):
        return frame.drop("snapshot_date"), next(iter(days), None), None
    if len(said) > 1:
        return frame, None, None
    if hint.snapshot_date:
        return frame.drop("snapshot_date"), None, None
    column = next(header.cells[n] for n, c in header.columns.items() if c == "snapshot_date")
    do = "Give date_format or snapshot_date for it in [[sources]] of client.toml."
    wrong = f"the day in column {column!r} cannot be read for certain"
    return frame, None, message(asked.name, wrong, repr(said[0]), do)


def _said(column: pl.Series) -> list[str]:
    """The distinct texts of a column, blank ones left out."""
    texts = column.unique().drop_nulls().str.strip_chars().unique().sort()
    return texts.filter(texts != "").to_list()


def _read_days(value: str, hint: Hint) -> list[dt.date]:
    if hint.date_format:
        try:
            return [dt.datetime.strptime(value, hint.date_format).date()]
        except ValueError:
            pass
    return dates_in(value)[:1]


def _synchronised(
    frame: pl.DataFrame, titles: Sequence[str], hint: Hint
) -> tuple[dt.date | None, list[str]]:
    """The oldest day to which the copy was synchronised, and what could not be read of it."""
    said = _said(frame["synchronised"]) if "synchronised" in frame.columns else []
    said += [title for title in titles if SYNCHRONISED.search(title)]
    read = {value: _read_days(value, hint) for value in said}
    days = sorted({day for found in read.values() for day in found})
    doubts = [
        f"a day of synchronisation cannot be read for certain: {value.strip()}"
        for value, found in read.items()
        if not found and any(letter.isdigit() for letter in value)
    ]
    if len(days) > 1:
        doubts.append(f"synchronised on {len(days)} days; the oldest, {days[0]}, counts for all")
    return (days[0] if days else None), doubts


def _title_days(titles: Sequence[str]) -> tuple[dt.date, ...]:
    """Days of title lines that hold exactly one; lines that speak of the export go first.

    A line on the end or start of an agreement says nothing about the day of the export.
    """
    own = [title for title in titles if not UNDATED.search(title)]
    single = [(title, days[0]) for title in own if len(days := dates_in(title)) == 1]
    spoken = [day for title, day in single if DATED.search(title)]
    return tuple(dict.fromkeys(spoken or [day for _, day in single]))


def _capped(frame: pl.DataFrame, kind: str, rules: Rules) -> list[str]:
    caps = rules["words.row_caps"] if kind == "assets" else []
    return [
        f"exactly {cap:,} records: the export may have stopped at its default cap"
        for cap in caps
        if frame.height == cap
    ]
