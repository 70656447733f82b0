"""The purchased lots of a licence in a Virtual Account, and what they are on their own day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache

import polars as pl

from cssm_lib.analyses.history.numbers import FEW, alone
from cssm_lib.rules import Rules
from cssm_lib.schema import TABLES

KEY = ["smart_account", "virtual_account", "license", "snapshot_date"]
# what is looked at of a lot
LOTS = [
    *(*KEY, "billing", "license_type", "quantity", "start_date", "end_date", "status"),
    "witness",
]
WITNESSES = {"licenses": 0, "summary": 1, "subscriptions": 2}


def counted_lots(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per purchased lot, as its best witness tells it, with `countable`.

    The licence rows of an export are the best witness of a licence's lots on a day, then the
    summary, then the subscriptions. A lot counts unless it is CANCELLED, PENDING or a DEMO
    (rules.md, "Entitlement"); lots that are billed by usage are left out. Units are licences.
    Adds `countable`; raises nothing.

    >>> lots = TABLES["lots"].shaped(pl.DataFrame({"license": ["A"], "license_type": ["DEMO"]}))
    >>> counted_lots({"lots": lots})["countable"].to_list()
    [False]
    """
    lots = table(tables, "lots")
    demo = _said("license_type", "DEMO", rows=lots)
    void = demo | _said("status", "CANCELLED", "PENDING", rows=lots)
    by_use = _said("billing", "USAGE", rows=lots).alias("by_use")
    lots = lots.with_columns(by_use, countable=~void)
    lots = (lots.filter(~pl.col("by_use")) if lots["by_use"].any() else lots).drop("by_use")
    if lots.is_empty() or alone(lots["witness"]):
        return lots
    rank = pl.col("witness").replace_strict(WITNESSES, default=9, return_dtype=pl.Int8)
    return lots.filter(rank == rank.min().over(KEY))


def lot_units(lots: pl.DataFrame, *, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """One row per licence in an account on a day: its lots' units by what they are that day.

    Columns: KEY, lots_active, lots_valid, lots_young (valid, and started less than
    `positions.window_days` before `as_of`), lots_all. `lots` as `counted_lots` makes them.
    """
    day, units = pl.col("snapshot_date"), pl.col("quantity")
    start, end = pl.col("start_date"), pl.col("end_date")
    begun = (start <= day).fill_null(True) & (end >= day).fill_null(True)
    valid = pl.col("countable") & begun & day.is_not_null()
    bound = as_of - dt.timedelta(days=rules["positions.window_days"]) if as_of else None
    young = (start > pl.lit(bound, pl.Date)).fill_null(False)
    units_of = lots.select(
        *KEY,
        lots_active=pl.when(_said("status", "ACTIVE", rows=lots)).then(units).otherwise(0),
        lots_valid=pl.when(valid).then(units).otherwise(0),
        lots_young=pl.when(valid & young).then(units).otherwise(0),
        lots_all=units,
    )
    return units_of.group_by(KEY, maintain_order=True).agg(pl.exclude(KEY).sum())


def table(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    """A table in memory; one that is missing is empty."""
    found = tables.get(name)
    if found is None:
        return _empty(name)
    return found.collect() if isinstance(found, pl.LazyFrame) else found


@cache
def _empty(name: str) -> pl.DataFrame:
    return TABLES[name].empty()


def _said(column: str, *words: str, rows: pl.DataFrame) -> pl.Expr:
    """Whether a column of `rows` says one of some words, in capitals or not.

    Of a long history the few different values are put in capitals, not every row's.
    """
    in_capitals = _in_capitals(column, words)
    if rows.height < FEW:
        return in_capitals
    values = rows.select(pl.col(column).unique()).filter(in_capitals)[column]
    return pl.col(column).is_in(values.implode()).fill_null(False)


@cache
def _in_capitals(column: str, words: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).str.to_uppercase().is_in(words).fill_null(False)
