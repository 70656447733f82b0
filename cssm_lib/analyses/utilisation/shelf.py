"""Stock that a whole year never needed, and where it lies."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from cssm_lib.analyses.utilisation.numbers import Numbered
from cssm_lib.rules import Rules

POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")


def window(as_of: dt.date | None, rules: Rules) -> pl.Expr:
    """The trailing window: as_of - window < day <= as_of."""
    end = pl.lit(as_of, pl.Date)
    return (DAY <= end) & (DAY > end.dt.offset_by(f"-{rules['positions.window_days']}d"))


def full_days(
    days: pl.DataFrame, pools: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """The full days of the trailing window: which row of `days` each is (`at`), and of which pool.

    `days`: smart_account, license, snapshot_date and full, rows as in `pool_days`. Columns: pool,
    at.
    """
    counted = days.with_row_index("at").filter(window(as_of, rules), "full")
    return counted.join(pools.select("pool", *POOL), on=POOL, nulls_equal=True).select("pool", "at")


def pool_year(days: pl.DataFrame, full: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """The rows of `pools` with what its days up to `as_of` say of each, in licences.

    `shelf_units` were free on every full day of the trailing window, on lots older than that;
    `peak_demand` is the largest sum of one full day, `peak_date` its first. Null where the window
    has no such day (rules.md, "Peaks, zero use, shelf"). `days` are `pool_days` by smart_account
    and license, `full` is `full_days` of them.
    """
    pool, at = Numbered(full["pool"].to_numpy(), pools.height), full["at"]
    shelf = pool.least((days["free"] - days["young"])[at])
    peak, first = pool.peak(days["demand"][at], days["snapshot_date"][at])
    shelf = shelf.set(shelf < 0, 0).set(pools["never_shelf"], 0)
    found = {"shelf_units": shelf, "peak_demand": peak, "peak_date": first}
    return pools.hstack([column.alias(name) for name, column in found.items()])


def shelf_by_account(now: pl.DataFrame, shelf: pl.Series) -> pl.Series:
    """The `shelf` of each pool laid to accounts by their free units.

    By largest remainder, ties by name: rows as in `now`, which stand in the order of their names.
    Null where the pool's is.
    """
    laid = shelf[now["pool"]]
    some = laid > 0
    if not some.any():
        return laid
    units, movable, entitled, numbers = (
        column.filter(some).to_numpy()
        for column in (laid, *(now[name] for name in ("movable", "entitled", "pool")))
    )
    pool = Numbered(numbers, len(shelf))
    by_entitled = np.where(pool.sum(entitled)[numbers] > 0, entitled, 1)
    weight = np.where(pool.sum(movable)[numbers] > 0, movable, by_entitled)
    whole, rest = np.divmod(units * weight, pool.sum(weight)[numbers])
    missing = units - pool.sum(whole)[numbers]
    return laid.scatter(some.arg_true(), whole + (pool.larger(rest) < missing))
