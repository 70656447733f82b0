"""When the units of a licence end, and what that leaves."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.schema import ANSWERS

UNIT = ["smart_account", "virtual_account", "license"]
DAY = pl.col("snapshot_date")


def expiries(standing: pl.DataFrame, ends: pl.DataFrame, *, as_of: dt.date | None) -> pl.DataFrame:
    """One row per licence, Virtual Account and last day of countable lots, from the snapshot on.

    `balance_after` is what is entitled the day after, less today's demand: entitled(d) =
    entitled(s) less lots whose last day lies in [s, d) plus lots that start in (s, d] (rules.md,
    "Entitlement"), not below zero; null for undated rows. Perpetual licences and use that is
    billed are no part of it. Units are licences, `days_left` days from `as_of`. `ends` is
    `lot_ends`. Columns are those of `ANSWERS["expiries"]`; raises nothing.

    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> now = history.standing(history.holdings({}, load_rules()), as_of=None)
    >>> ends = lot_ends(places(now), history.counted_lots({}), as_of=None)
    >>> expiries(now, ends, as_of=None).height
    0
    """
    owed = standing.filter(~pl.col("perpetual") & (pl.col("entitled_basis") != "usage"))
    entitled = pl.col("entitled") - pl.col("ended") + pl.col("started").fill_null(0)
    after = pl.when(DAY.is_not_null()).then(entitled.clip(0) - pl.col("demand"))
    left = (pl.col("end_date") - pl.lit(as_of, pl.Date)).dt.total_days()
    rows = (
        owed.select("place", *UNIT, "snapshot_date", "entitled", "demand")
        .join(ends, on="place")
        .with_columns(balance_after=after, days_left=left)
    )
    return ANSWERS["expiries"].shaped(rows.sort(*UNIT, "end_date"))


def places(standing: pl.DataFrame) -> pl.DataFrame:
    """One row per licence in a Virtual Account: its `place`, as in `history`, and its day."""
    return standing.select("place", *UNIT, "snapshot_date")


def lot_ends(places: pl.DataFrame, lots: pl.DataFrame, *, as_of: dt.date | None) -> pl.DataFrame:
    """One row per place and last day of countable lots, from the day of its snapshot on.

    `quantity` ends that day, `ended` up to and with it; `started` are the units of lots that start
    after the snapshot, up to the day after, null where none does. `lots` is
    `history.counted_lots`, units are licences. No use or entitlement moves these days.
    """
    held = lots.filter("countable").select(
        *UNIT, "snapshot_date", "quantity", "start_date", "end_date"
    )
    mine = held.join(places, on=[*UNIT, "snapshot_date"], nulls_equal=True)
    since = pl.coalesce(DAY, pl.lit(as_of, pl.Date))
    still = (pl.col("end_date") >= since) | since.is_null()
    ends = (
        mine.filter(pl.col("end_date").is_not_null() & still)
        .group_by("place", "end_date")
        .agg(pl.col("quantity").sum())
        .sort("place", "end_date")
        .with_columns(
            ended=pl.col("quantity").cum_sum().over("place"),
            after=pl.col("end_date").dt.offset_by("1d"),
        )
    )
    return _with_starts(ends, mine).select("place", "end_date", "quantity", "ended", "started")


def _with_starts(ends: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """Adds `started`: units of lots that start after the snapshot, up to the day after the end."""
    starts = (
        lots.filter(pl.col("start_date") > DAY)
        .group_by("place", "start_date")
        .agg(pl.col("quantity").sum().alias("started"))
        .sort("start_date")
        .with_columns(pl.col("started").cum_sum().over("place"))
    )
    return ends.sort("after").join_asof(
        starts,
        left_on="after",
        right_on="start_date",
        by="place",
        check_sortedness=False,
    )
