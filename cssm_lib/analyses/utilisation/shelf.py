"""Stock that a whole year never needed, and where it lies."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.rules import Rules, licence_classes

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
UNIT = [*ACCOUNT, "license"]
POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")


def window(as_of: dt.date | None, rules: Rules) -> pl.Expr:
    """The trailing window: as_of - window < day <= as_of."""
    end = pl.lit(as_of, pl.Date)
    return (DAY <= end) & (DAY > end.dt.offset_by(f"-{rules['positions.window_days']}d"))


def shelf(days: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """What a pool never used in the window, and on how many days of history that rests."""
    whole = days.filter(pl.col("full") & (DAY <= pl.lit(as_of, pl.Date)))
    age = (pl.lit(as_of, pl.Date) - DAY).dt.total_days() + 1
    spare = pl.col("free") - pl.col("young")
    inside = window(as_of, rules)
    shelf = whole.group_by(POOL).agg(
        shelf=spare.filter(inside).min().clip(0),
        shelf_days=pl.when(inside.any()).then(age.max().clip(0, rules["positions.window_days"])),
    )
    classes = licence_classes(shelf["license"], rules).select("license", "perpetual")
    units = pl.when("perpetual").then(0).otherwise("shelf")
    return shelf.join(classes, on="license", how="left").select(
        *POOL, "shelf_days", shelf_units=units
    )


def shelf_by_account(rows: pl.DataFrame) -> pl.DataFrame:
    """The pool's shelf laid to accounts by their free units; largest remainder, ties by name."""
    movable, entitled = pl.col("movable"), pl.col("entitled")
    weight = (
        pl.when(movable.sum().over(POOL) > 0)
        .then(movable)
        .when(entitled.sum().over(POOL) > 0)
        .then(entitled)
        .otherwise(1)
    )
    total, share = pl.col("weight").sum().over(POOL), pl.col("shelf_units") * pl.col("weight")
    missing = pl.col("shelf_units") - pl.col("whole").sum().over(POOL)
    return (
        rows.with_columns(weight=weight)
        .with_columns(whole=share // total, rest=share % total)
        .sort(*POOL, "rest", "virtual_account", descending=[False, False, True, False])
        .with_columns(turn=pl.int_range(pl.len()).over(POOL), missing=missing)
        .with_columns(
            shelf_units=pl.when(pl.col("shelf_units").is_not_null()).then(
                pl.col("whole") + (pl.col("turn") < pl.col("missing"))
            )
        )
    )
