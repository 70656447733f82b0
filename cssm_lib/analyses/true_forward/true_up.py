"""What a true-up would bill beside the True Forward: the past as well, from the first over-use."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.true_forward.bill import completed
from cssm_lib.analyses.true_forward.events import events, whole_months
from cssm_lib.analyses.true_forward.measure import ACCOUNTS
from cssm_lib.analyses.true_forward.money import cents, decimal, micro, priced, timed
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.rules import Rules

KEY = [*LINE, "reading", "event_date"]
ADDED = ["over_since", "months_past", "past", "true_up"]


def with_true_up(
    billed: pl.DataFrame, lines: pl.DataFrame, days: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """The rows of `billed` (table true_forward) with what a true-up would bill in their place.

    Rule: a true-up bills from the moment of over-use, and the way to the end; a True Forward only
    the latter (rules.md, True Forward). The moment is the first full day since the milestone
    before on which use is above what is free; a line that is above on the first snapshot of its
    window counts from the window's start. Adds over_since, months_past (counted as the line counts
    months), past and true_up (money, each rounded once; true_up is before any credit).

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import ANSWERS
    >>> empty = ANSWERS["true_forward"].empty()
    >>> with_true_up(empty, pl.DataFrame(), pl.DataFrame(), load_rules()).height
    0
    """
    if billed.is_empty():
        return billed
    over = billed.filter(pl.col("over") > 0, pl.col("event") != "last twelve months")
    when = events(priced(completed(lines, rules)))
    rows = over.select(*KEY, "measure", "base", "allowance", "over").join(
        when.drop("measure", "allowance"), on=KEY
    )
    found = _paid(_since(rows, days, rules["positions.carry_days"]))
    kept = billed.drop(ADDED).join(found.select(*KEY, *ADDED), on=KEY, how="left")
    return kept.select(billed.columns)


def _since(rows: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """The rows with `over_since`; null where no day above is known."""
    day, start = pl.col("snapshot_date"), pl.col("window_start")
    owned = pl.when(pl.col("outside_stock") == "offsets").then(pl.col("outside").fill_null(0))
    used = pl.when(pl.col("measure") == ACCOUNTS).then("deficit").otherwise(
        pl.col("demand") - owned.otherwise(0)
    )  # fmt: skip
    free = pl.when(pl.col("measure") == ACCOUNTS).then(0).otherwise(
        pl.col("base") + pl.col("allowance")
    )  # fmt: skip
    names = [name for name in ("demand", "deficit", "outside") if name in days.columns]
    known = days.filter("full").select(*LINE, "snapshot_date", *names)
    lacking = {"deficit", "outside"} - set(names)
    known = known.with_columns(pl.lit(None, pl.Int64).alias(name) for name in sorted(lacking))
    seen = (
        rows.join(known, on=LINE)
        .filter(day >= start, day <= pl.col("event_date"))
        .with_columns(above=used > free)
        .group_by(KEY)
        .agg(
            first=day.min(),
            first_above=day.filter("above").min(),
            start=start.first(),
        )
    )
    early = pl.col("start").dt.offset_by(f"{carry_days}d") >= pl.col("first")
    from_start = early & (pl.col("first") == pl.col("first_above"))
    since = pl.when(from_start).then("start").otherwise("first_above")
    return rows.join(seen.select(*KEY, over_since=since), on=KEY, how="left")


def _paid(rows: pl.DataFrame) -> pl.DataFrame:
    ahead = timed(rows)
    behind = timed(
        rows.with_columns(
            months_left=whole_months("over_since", "event_date"),
            days_left=(pl.col("event_date") - pl.col("over_since")).dt.total_days(),
        )
    )
    forward = ahead.select(forward=cents(micro("over"), "unit_billed"))["forward"]
    return behind.with_columns(
        forward=forward, paid=cents(micro("over"), "unit_billed"),
        months_past=decimal(pl.col("month_top") * 10**6 // pl.col("month_part"), 10**6),
    ).with_columns(
        past=decimal(pl.col("paid"), 100),
        true_up=decimal(pl.col("paid") + pl.col("forward"), 100),
    )  # fmt: skip
