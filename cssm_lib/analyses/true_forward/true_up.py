"""What a true-up would bill beside the True Forward: the past as well, from the first over-use."""

from __future__ import annotations

from functools import cache

import polars as pl

from cssm_lib.analyses.true_forward.bill import completed
from cssm_lib.analyses.true_forward.events import DATED, dated, whole_months
from cssm_lib.analyses.true_forward.measure import ACCOUNTS
from cssm_lib.analyses.true_forward.money import cents, decimal, micro, priced, timed
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.rules import Rules

KEY = [*LINE, "reading", "event_date"]
ADDED = ["over_since", "months_past", "past", "true_up"]
_BILLED = ["row", *KEY, "base", "allowance", "over"]


def with_true_up(
    billed: pl.DataFrame,
    lines: pl.DataFrame,
    days: pl.DataFrame,
    rules: Rules,
    *,
    when: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows of `billed` (table true_forward) with what a true-up would bill in their place.

    Rule: a true-up bills from the moment of over-use, and the way to the end; a True Forward only
    the latter (rules.md, True Forward). The moment is the first full day since the milestone
    before on which use is above what is free; a line that is above on the first snapshot of its
    window counts from the window's start. Adds over_since, months_past (counted as the line counts
    months), past and true_up (money, each rounded once; true_up is before any credit). `when` is
    what `dated` makes of the lines, where that is known.

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import ANSWERS
    >>> empty = ANSWERS["true_forward"].empty()
    >>> with_true_up(empty, pl.DataFrame(), pl.DataFrame(), load_rules()).height
    0
    """
    numbered = billed.with_row_index("row")
    over = numbered.filter(_over())
    if over.is_empty():
        return billed
    terms = priced(completed(lines, rules))
    known = dated(terms.select(DATED)) if when is None else when
    rows = over.select(_BILLED).join(known, on=KEY)
    priced_rows = rows.hstack(terms.select(_SETTINGS)[rows["line"]])
    found = _paid(_since(priced_rows, days, rules["positions.carry_days"]))
    kept = numbered.drop(ADDED).join(found, on="row", how="left", maintain_order="left")
    return kept.select(billed.columns)


_SETTINGS = ["per", "months", "unit_billed", "outside_stock"]


@cache
def _over() -> pl.Expr:
    return (pl.col("over") > 0) & (pl.col("event") != "last twelve months")


def _since(rows: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """The rows with `over_since`; null where no day above is known."""
    names = [name for name in ("demand", "deficit", "outside") if name in days.columns]
    known = days.filter("full").select(*LINE, "snapshot_date", *names)
    lacking = [name for name in ("deficit", "outside") if name not in names]
    if lacking:
        known = known.with_columns(pl.lit(None, pl.Int64).alias(name) for name in lacking)
    windows = rows.select("row", *LINE, "event_date", "window_start", _free(), *_ways())
    seen = windows.join(known, on=LINE).filter(_in_window()).with_columns(_above())
    first = seen.group_by("row").agg(_firsts())
    return rows.join(first, on="row", how="left").with_columns(_over_since(carry_days))


@cache
def _free() -> pl.Expr:
    """What is no over-use: single accounts have no allowance and no base."""
    free = pl.col("base") + pl.col("allowance")
    return pl.when(pl.col("measure") == ACCOUNTS).then(0).otherwise(free).alias("free")


@cache
def _ways() -> list[pl.Expr]:
    return [
        (pl.col("measure") == ACCOUNTS).alias("accounts"),
        (pl.col("outside_stock") == "offsets").alias("offsets"),
    ]


@cache
def _in_window() -> pl.Expr:
    day = pl.col("snapshot_date")
    return (day >= pl.col("window_start")) & (day <= pl.col("event_date"))


@cache
def _above() -> pl.Expr:
    owned = pl.when("offsets").then(pl.col("outside").fill_null(0)).otherwise(0)
    used = pl.when("accounts").then("deficit").otherwise(pl.col("demand") - owned)
    return (used > pl.col("free")).alias("above")


@cache
def _firsts() -> list[pl.Expr]:
    day = pl.col("snapshot_date")
    return [day.min().alias("first"), day.filter("above").min().alias("first_above")]


@cache
def _over_since(carry_days: int) -> pl.Expr:
    start, first = pl.col("window_start"), pl.col("first")
    early = start.dt.offset_by(f"{carry_days}d") >= first
    from_start = early & (first == pl.col("first_above"))
    return pl.when(from_start).then(start).otherwise("first_above").alias("over_since")


def _paid(rows: pl.DataFrame) -> pl.DataFrame:
    units = rows.with_columns(micro("over"))
    forward = timed(units).select(_cents("forward"))
    behind = timed(units.with_columns(_months_behind())).with_columns(_cents("paid"))
    return behind.hstack(forward).select(_columns())


@cache
def _months_behind() -> list[pl.Expr]:
    days = (pl.col("event_date") - pl.col("over_since")).dt.total_days()
    return [whole_months("over_since", "event_date").alias("months_left"), days.alias("days_left")]


@cache
def _cents(name: str) -> pl.Expr:
    return cents(pl.col("over"), "unit_billed").alias(name)


@cache
def _columns() -> list[pl.Expr]:
    months = pl.col("month_top") * 10**6 // pl.col("month_part")
    return [
        *(pl.col("row"), pl.col("over_since")),
        decimal(months, 10**6).alias("months_past"),
        decimal(pl.col("paid"), 100).alias("past"),
        decimal(pl.col("paid") + pl.col("forward"), 100).alias("true_up"),
    ]
