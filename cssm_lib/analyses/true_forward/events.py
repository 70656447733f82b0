"""The events of an agreement: annual milestones, semi-annual growth caps, quarters, months left."""

from __future__ import annotations

import polars as pl

TERMS = ["start", "end", "early_events", "commitment"]


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
    found = _events_of(lines.select(TERMS).unique(maintain_order=True))
    return lines.join(found, on=TERMS, nulls_equal=True, maintain_order="left_right")


def _events_of(terms: pl.DataFrame) -> pl.DataFrame:
    """The events of each different term: many lines and readings share one."""
    month, said = pl.col("month"), pl.col("early_events")
    annual, half = month % 12 == 0, month % 6 == 0
    quarterly = ((said == "quarterly") & (pl.col("commitment") == "partial")).fill_null(False)
    return (
        terms.with_columns(after=pl.col("end").dt.offset_by("1d"))
        .with_columns(term_months=whole_months("start", "after"))
        .with_columns(month=3 * pl.int_ranges(1, pl.col("term_months") // 3 + 2))
        .explode("month")
        .filter(quarterly | annual | (half & (said == "growth_caps").fill_null(False)))
        .with_columns(
            early=~quarterly & ~annual,
            window_months=pl.when(quarterly).then(3).when(annual).then(12).otherwise(6),
        )
        .with_columns(
            event_date=months_after("start", month),
            window_start=months_after("start", month - pl.col("window_months")),
        )
        .filter(pl.col("event_date") < pl.col("after"))
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
