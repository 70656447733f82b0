"""When the units of a licence end, and what that leaves."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

UNIT = ["smart_account", "virtual_account", "license"]
DAY = pl.col("snapshot_date")


def expiries(
    standing: pl.DataFrame, lots: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per licence, Virtual Account and last day of countable lots, from the snapshot on.

    `balance_after` is what is entitled the day after, less today's demand: entitled(d) =
    entitled(s) less lots whose last day lies in [s, d) plus lots that start in (s, d] (rules.md,
    "Entitlement"), not below zero; null for undated rows. Perpetual licences and use that is
    billed are no part of it. Units are licences, `days_left` days from `as_of`. `lots` is
    `history.counted_lots`. Columns are those of `ANSWERS["expiries"]`; raises nothing.

    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> held = history.holdings({}, load_rules())
    >>> now = history.standing(held, as_of=None)
    >>> expiries(now, history.counted_lots({}), as_of=None, rules=load_rules()).height
    0
    """
    owed = standing.filter(~pl.col("perpetual") & (pl.col("entitled_basis") != "usage"))
    held = owed.with_row_index("row").select(*UNIT, "snapshot_date", "row", "entitled", "demand")
    mine = lots.filter("countable").join(held, on=[*UNIT, "snapshot_date"], nulls_equal=True)
    since = pl.coalesce(DAY, pl.lit(as_of, pl.Date))
    still = (pl.col("end_date") >= since) | since.is_null()
    ends = (
        mine.filter(pl.col("end_date").is_not_null() & still)
        .group_by(*UNIT, "row", "snapshot_date", "entitled", "demand", "end_date")
        .agg(pl.col("quantity").sum())
        .sort("row", "end_date")
        .with_columns(
            ended=pl.col("quantity").cum_sum().over("row"),
            after=pl.col("end_date").dt.offset_by("1d"),
        )
    )
    rows = _with_starts(ends, mine)
    entitled = pl.col("entitled") - pl.col("ended") + pl.col("started").fill_null(0)
    after = pl.when(DAY.is_not_null()).then(entitled.clip(0) - pl.col("demand"))
    left = (pl.col("end_date") - pl.lit(as_of, pl.Date)).dt.total_days()
    rows = rows.with_columns(balance_after=after, days_left=left)
    return ANSWERS["expiries"].shaped(rows.sort(*UNIT, "end_date"))


def _with_starts(ends: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """Adds `started`: units of lots that start after the snapshot, up to the day after the end."""
    starts = (
        lots.filter(pl.col("start_date") > DAY)
        .group_by("row", "start_date")
        .agg(pl.col("quantity").sum().alias("started"))
        .sort("start_date")
        .with_columns(pl.col("started").cum_sum().over("row"))
    )
    return ends.sort("after").join_asof(
        starts,
        left_on="after",
        right_on="start_date",
        by="row",
        check_sortedness=False,
    )
