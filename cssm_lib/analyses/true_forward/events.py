"""The events of an agreement: annual milestones, semi-annual growth caps, quarters, months left."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.columns import NO, filled, first_of
from cssm_lib.analyses.true_forward.scope import LINE

TERMS = ["start", "end", "early_events", "commitment"]
DATED = [*LINE, "reading", *TERMS, "measure"]  # what of a line its events rest on


def events(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per row of `lines` and event of its agreement.

    Rule: milestones lie 12 months apart from `start`, strictly before the day after `end`;
    semi-annual events lie between them where `early_events` is "growth_caps"; where it is
    "quarterly" a suite of partial commitment has a milestone every 3 months (rules.md, Days,
    months, ends; programme terms). Adds month (months from the start), window_months (of the
    event's window), early (an early event is no milestone), event_date, window_start (the
    milestone before it, or `start`), after (the day after `end`), months_left (whole calendar
    months), days_left, term_months.

    >>> import datetime as dt
    >>> line = {"start": dt.date(2024, 2, 1), "end": dt.date(2027, 1, 31), "early_events": "none"}
    >>> events(pl.DataFrame([line | {"commitment": "full"}]))["months_left"].to_list()
    [24, 12]
    """
    found = _events_of(lines[TERMS].unique(maintain_order=True))
    return lines.join(found, on=TERMS, nulls_equal=True, maintain_order="left_right")


def dated(lines: pl.DataFrame) -> pl.DataFrame:
    """The events of `lines`, which have the columns DATED, each with numbers for its names.

    `line` is the row of `lines`, `number` the first one of the same line under any reading; `group`
    numbers the suites under each reading from 0.

    >>> import datetime as dt
    >>> line = dict.fromkeys(DATED, "x") | {
    ...     "start": dt.date(2024, 2, 1),
    ...     "end": dt.date(2027, 1, 31),
    ... }
    >>> dated(pl.DataFrame([line]))["line"].to_list()
    [0, 0]
    """
    place = pl.int_range(lines.height, eager=True).alias("line")
    placed = pl.DataFrame([place]).hstack(lines)
    number, first = placed.select_seq(_firsts()).get_columns()
    _, group = np.unique(first, return_inverse=True)
    found = events(placed.hstack([number, pl.Series("group", group)]))
    return found[[name for name in found.columns if name not in _UNDATED]]


def numbered(days: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The days with the `number` that `dated` gives their line; null where no event is of it.

    Days of a line mostly stand together: its names are looked up once for each such stretch.

    >>> line = {"agreement": "A", "suite": "S", "sku": "X"}
    >>> events = pl.DataFrame([line | {"number": 0}])
    >>> numbered(pl.DataFrame([line, line | {"sku": "Y"}]), events)["number"].to_list()
    [0, None]
    """
    _, first = np.unique(events["number"], return_index=True)
    names, numbers = days[LINE], events[[*LINE, "number"]][first]
    same = [one.slice(1) == one.head(-1) for one in names]
    again = filled(same[0] & same[1] & same[2], NO).to_numpy()
    begins = np.append(True, ~again)[: days.height]
    told = names.filter(begins).join(numbers, on=LINE, how="left", maintain_order="left")
    return days.hstack([told["number"][np.cumsum(begins) - 1]])


_UNDATED = [*TERMS, "after"]


@cache
def _firsts() -> list[pl.Expr]:
    """The first row of the same line, and of the same suite under the same reading."""
    first = pl.col("line").first()
    suite = ("reading", "agreement", "suite")
    return [first.over(LINE).alias("number"), first.over(suite).alias("suite")]


def _events_of(terms: pl.DataFrame) -> pl.DataFrame:
    """The events of each different term: many lines and readings share one."""
    ends = terms.with_columns_seq(after=pl.col("end").dt.offset_by("1d"))
    whole = ends.hstack(ends.select_seq(_term_months()))
    every = whole.hstack(whole.select_seq(_quarters())).explode("month")
    quarterly, annual, called = _called(every)
    window = first_of((quarterly, _MONTHS[3]), (annual, _MONTHS[12]), otherwise=_MONTHS[6])
    kind = {"early": ~quarterly & ~annual, "window_months": window}
    found = every.hstack([one.alias(name) for name, one in kind.items()]).filter(called)
    # a start at a month's end can clip the last anniversary into the last month covered
    dated = found.with_columns_seq(_when())
    left = dated.hstack(dated.select_seq(_left()))
    return left.filter(left["months_left"] > 0)


_MONTHS = {months: pl.Series([months], dtype=pl.Int32) for months in (3, 6, 12)}


@cache
def _term_months() -> pl.Expr:
    return whole_months(pl.col("start"), pl.col("after")).alias("term_months")


@cache
def _quarters() -> pl.Expr:
    return (3 * pl.int_ranges(1, pl.col("term_months") // 3 + 2)).alias("month")


def _called(every: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Which quarters count as such, which end a year, and which of all are events.

    Every third month is an event where quarters are; else every twelfth, or sixth with caps.
    """
    said = every["early_events"]
    quarterly = filled((said == "quarterly") & (every["commitment"] == "partial"), NO)
    caps, month = filled(said == "growth_caps", NO), every["month"]
    annual = month % 12 == 0
    return quarterly, annual, quarterly | annual | ((month % 6 == 0) & caps)


@cache
def _when() -> list[pl.Expr]:
    month = pl.col("month")
    return [
        months_after("start", month).alias("event_date"),
        months_after("start", month - pl.col("window_months")).alias("window_start"),
    ]


@cache
def _left() -> list[pl.Expr]:
    event, after = pl.col("event_date"), pl.col("after")
    days = (after - event).dt.total_days()
    return [whole_months(event, after).alias("months_left"), days.alias("days_left")]


def whole_months(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Calendar months that fit between two days; the 31st of a shorter month is its last day."""
    months = (end.dt.year() - start.dt.year()) * 12 + (end.dt.month() - start.dt.month())
    due = pl.min_horizontal(start.dt.day(), end.dt.month_end().dt.day())
    return months.cast(pl.Int64) - (due > end.dt.day()).cast(pl.Int64)


def months_after(column: str, months: pl.Expr) -> pl.Expr:
    """The day so many calendar months after another; a shorter month's last day for the 31st."""
    return pl.col(column).dt.offset_by(pl.format("{}mo", months))
