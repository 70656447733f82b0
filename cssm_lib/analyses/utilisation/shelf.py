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
    full, whole, need = (pl.col(name) for name in ("full", "whole", "need"))
    history = pl.col("age").max().clip(0, rules["positions.window_days"])
    found = (
        _counted(days, as_of, rules)
        .group_by(POOL)
        .agg(
            pl.col("spare").min().clip(0).alias("shelf_units"),
            pl.when(whole.any()).then(history).alias("shelf_days"),
            need.max().alias("peak_demand"),
            DAY.filter(need == need.max()).min().alias("peak_date"),
            pl.when(pl.col("inside").any()).then(pl.col("partial").sum()).alias("partial_days"),
            full.any(),
        )
    )
    classes = licence_classes(found["license"], rules)
    perpetual = pl.col("license").is_in(classes.filter("perpetual")["license"].implode())
    never = pl.when(perpetual & full).then(0).otherwise("shelf_units")
    return found.with_columns(shelf_units=never).drop("full")


def _counted(days: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """The days up to `as_of` with what counts of each; a day that is not full only as partial."""
    end, full, inside = pl.lit(as_of, pl.Date), pl.col("full"), window(as_of, rules)
    whole = full & inside
    return days.filter(DAY <= end).select(
        *POOL,
        "snapshot_date",
        full=full,
        inside=inside,
        whole=whole,
        partial=inside & ~full,
        spare=pl.when(whole).then(pl.col("free") - pl.col("young")),
        need=pl.when(whole).then("demand"),
        age=pl.when(full).then((end - DAY).dt.total_days() + 1),
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
