"""Stock that a whole year never needed, and where it lies."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.rules import Rules, licence_classes

POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")


def window(as_of: dt.date | None, rules: Rules) -> pl.Expr:
    """The trailing window: as_of - window < day <= as_of."""
    end = pl.lit(as_of, pl.Date)
    return (DAY <= end) & (DAY > end.dt.offset_by(f"-{rules['positions.window_days']}d"))


def pool_year(days: pl.DataFrame, *, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """One row per licence in a Smart Account: what its days up to `as_of` say of it, in licences.

    `shelf_units` were free on every full day of the trailing window, on lots older than that, and
    `shelf_days` is how many days of history this rests on; `peak_demand` is the largest sum of one
    full day, `peak_date` its first; `partial_days` do not count. Null where the window has no such
    day (rules.md, "Peaks, zero use, shelf"). `days` as `pool_days` by smart_account and license.
    """
    known = days.filter(DAY <= pl.lit(as_of, pl.Date)).with_columns(inside=window(as_of, rules))
    counts = pl.col("full") & pl.col("inside")
    demand, spare = pl.col("demand"), pl.col("free") - pl.col("young")
    age = (pl.lit(as_of, pl.Date) - DAY).dt.total_days() + 1
    history = age.filter("full").max().clip(0, rules["positions.window_days"])
    peak = demand.filter(counts).max()
    found = known.group_by(POOL).agg(
        spare.filter(counts).min().clip(0).alias("shelf_units"),
        pl.when(counts.any()).then(history).alias("shelf_days"),
        peak.alias("peak_demand"),
        DAY.filter(counts & (demand == peak)).min().alias("peak_date"),
        pl.when(pl.col("inside").any())
        .then((~pl.col("full")).filter("inside").sum())
        .alias("partial_days"),
        pl.col("full").any(),
    )
    classes = licence_classes(found["license"], rules).select("license", "perpetual")
    never = pl.when(pl.col("perpetual") & pl.col("full")).then(0).otherwise("shelf_units")
    return (
        found.join(classes, on="license", how="left")
        .with_columns(shelf_units=never)
        .drop("full", "perpetual")
    )


def shelf_by_account(rows: pl.DataFrame) -> pl.DataFrame:
    """The pool's shelf laid to accounts by their free units; largest remainder, ties by name.

    `rows` stand in the order of their names and have the shelf of their whole `pool`.
    """
    movable, entitled, units = (pl.col(name) for name in ("movable", "entitled", "shelf_units"))
    by_movable = movable.sum().over("pool") > 0
    by_entitled = entitled.sum().over("pool") > 0
    weight = pl.when(by_movable).then(movable).when(by_entitled).then(entitled).otherwise(1)
    total, share = pl.col("weight").sum().over("pool"), units * pl.col("weight")
    missing = units - pl.col("whole").sum().over("pool")
    # of equal remainders the one that stands first has the lower rank
    turn = pl.col("rest").rank("ordinal", descending=True).over("pool")
    laid = pl.when(units.is_not_null()).then(pl.col("whole") + (turn <= missing))
    return (
        rows.with_columns(weight=weight)
        .with_columns(whole=share // total, rest=share % total)
        .with_columns(shelf_units=laid)
    )
