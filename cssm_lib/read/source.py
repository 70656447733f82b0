"""What is said about one file: the hint that goes in, the source and the tables that come out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

# a record that cannot be read at all carries its reason in these two columns of a text frame
FAULT, FAULT_VALUE = "fault", "fault_value"


@dataclass(frozen=True)
class Hint:
    """What `[[sources]]` says of a file that the file cannot say of itself."""

    smart_account: str | None = None
    virtual_account: str | None = None
    snapshot_date: dt.date | None = None
    synchronised: dt.date | None = None
    kind: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    date_format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One file as it was found: recognised as what, dated and mapped how, what is wrong with it.

    `pages` holds (totalRecords or null, records found) of each response document in the file.
    `synchronised` is the day to which a copy (SSM On-Prem) holds the vendor's figures.
    `problem` is the whole message where the file cannot be used.
    """

    source: str
    kind: str | None = None
    digest: str | None = None
    bytes: int = 0
    snapshot_date: dt.date | None = None
    date_from: str | None = None
    smart_account: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    pages: tuple[tuple[int | None, int], ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str | None = None
    date_format: str | None = None
    synchronised: dt.date | None = None


@dataclass(frozen=True)
class Reading:
    """A source and its tables: text frames by the names of the canonical tables."""

    source: Source
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a reader of one family found in a text: tables, dates in the content, pages, mapping."""

    kind: str | None = None
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    dates: tuple[dt.date, ...] = ()
    dated_rows: bool = False
    smart_account: str | None = None
    delimiter: str | None = None
    pages: tuple[tuple[int | None, int], ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str | None = None
    synchronised: dt.date | None = None


def message(where: str, wrong: str, found: str, do: str) -> str:
    """The one shape of every message: where, what is wrong, what was found, what to do.

    >>> message("a.csv", "the file is empty", "0 bytes", "Export it again.")
    'a.csv: the file is empty; found 0 bytes. Export it again.'
    """
    return f"{where}: {wrong}; found {found}. {do}"


def listed(items: list[str] | tuple[str, ...], limit: int = 12) -> str:
    """Names for a message: quoted, cut to a readable number.

    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    shown = ", ".join(repr(_short(item)) for item in items[:limit])
    more = len(items) - limit
    return f"{shown} and {more} more" if more > 0 else shown or "nothing"


def _short(item: str, limit: int = 60) -> str:
    return item if len(item) <= limit else item[: limit - 1] + "…"
