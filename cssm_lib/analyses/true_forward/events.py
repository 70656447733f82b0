"""The events of an agreement: annual milestones, semi-annual growth caps, months left."""

from __future__ import annotations

import polars as pl


def events(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per row of `lines` and event of its agreement.

    Rule: milestones lie 12 months apart from `start`, strictly before the day after `end`;
    semi-annual events lie between them where `early_events` is "growth_caps" (rules.md, Days,
    months, ends). Adds half (the half-year, odd for an early event), event_date, window_start (the
    annual milestone before it, or `start`: an early event is no milestone), after (the day after
    `end`), months_left (whole calendar months), days_left, term_months.

    >>> import datetime as dt
    >>> line = {"start": dt.date(2024, 2, 1), "end": dt.date(2027, 1, 31), "early_events": "none"}
    >>> events(pl.DataFrame([line]))["months_left"].to_list()
    [24, 12]
    """
    terms = ["start", "end", "early_events"]
    found = _events_of(lines.select(terms).unique(maintain_order=True))
    return lines.join(found, on=terms, maintain_order="left_right")


def _events_of(terms: pl.DataFrame) -> pl.DataFrame:
    """The events of each different term: many lines and readings share one."""
    annual = pl.col("half") % 2 == 0
    return (
        terms.with_columns(after=pl.col("end").dt.offset_by("1d"))
        .with_columns(term_months=whole_months("start", "after"))
        .with_columns(half=pl.int_ranges(1, pl.col("term_months") // 6 + 2))
        .explode("half")
        .with_columns(
            event_date=months_after("start", 6 * pl.col("half")),
            window_start=months_after("start", (pl.col("half") - 1) // 2 * 12),
        )
        .filter(pl.col("event_date") < pl.col("after"))
        .filter(annual | (pl.col("early_events") == "growth_caps"))
        .with_columns(
            months_left=whole_months("event_date", "after"),
            days_left=(pl.col("after") - pl.col("event_date")).dt.total_days(),
        )
        # a start at a month's end can clip the last anniversary into the last month covered
        .filter(pl.col("months_left") > 0)
    )


def whole_months(first: str, last: str) -> pl.Expr:
    """Calendar months that fit between two days; the 31st of a shorter month is its last day."""
    start, end = pl.col(first), pl.col(last)
    months = (end.dt.year() - start.dt.year()) * 12 + (end.dt.month() - start.dt.month())
    due = pl.min_horizontal(start.dt.day(), end.dt.month_end().dt.day())
    return months.cast(pl.Int64) - (due > end.dt.day()).cast(pl.Int64)


def months_after(column: str, months: pl.Expr) -> pl.Expr:
    """The day so many calendar months after another; a shorter month's last day for the 31st."""
    return pl.col(column).dt.offset_by(pl.format("{}mo", months))
