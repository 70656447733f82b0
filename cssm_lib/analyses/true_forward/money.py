"""Exact money in whole numbers: millionths of a licence, price at twelve places, cents.

polars rounds every product of two decimals to their scale and wraps integers silently; so amounts
are 128-bit integers, each money figure is rounded to cents once, half up, and what could wrap is
refused.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import polars as pl

from cssm_lib.errors import ConfigError

PARTS = pl.Decimal(38, 6)
MICRO = pl.lit(10**6, pl.Int128)
PER_CENT = pl.lit(10**16, pl.Int128)  # (units at 10^-6) × (price at 10^-12) in one cent
_LIMIT = 1e14  # currency units on one line: its square in cents still fits 128 bits


def micro(column: str) -> pl.Expr:
    """A decimal column in millionths; further places are rounded."""
    return pl.col(column).cast(pl.Decimal(38, 6)).to_physical()


def decimal(amount: pl.Expr, parts: int) -> pl.Expr:
    """Whole parts (10**6, 100 or 1 to the unit) as the printed decimal; a product is exact here."""
    return amount.cast(pl.Decimal(38, 0)) * pl.lit(Decimal(1) / parts, pl.Decimal(38, 6))


def half_up(top: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    """The quotient of two whole numbers, not negative, to the nearest whole, halves up."""
    return (2 * top + bottom) // (2 * bottom)


def priced(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with what a unit costs, before it is multiplied by anything.

    Full commitment: the lower of the contract's price and list × (1 − discount); partial: the
    latter only (rules.md, True Forward). `price_from` may say "contract" or "list" instead of that.
    Adds unit_price and unit_billed (with support; 10^-12 of
    the currency), price_basis (contract, list, none).
    """
    if "price_from" not in lines.columns:
        lines = lines.with_columns(price_from=pl.lit("by_commitment"))
    named = lines.with_columns(_prices()).with_columns(_cheaper())
    return named.with_columns(_unit_prices()).drop("_own", "_listed", "_cheaper")


@cache
def _prices() -> list[pl.Expr]:
    """The contract's price and the discounted list price, where they may be taken."""
    full, said = pl.col("commitment") == "full", pl.col("price_from")
    own = pl.when((full & (said != "list")) | (said == "contract")).then(micro("price") * MICRO)
    discounted = micro("list_price") * (MICRO - micro("discount"))
    return [own.alias("_own"), pl.when(said != "contract").then(discounted).alias("_listed")]


@cache
def _cheaper() -> pl.Expr:
    own, listed = pl.col("_own"), pl.col("_listed")
    return (own.is_not_null() & (listed.is_null() | (own <= listed))).alias("_cheaper")


@cache
def _unit_prices() -> list[pl.Expr]:
    listed = pl.col("_listed")
    price = pl.when("_cheaper").then("_own").otherwise(listed)
    basis = (
        pl.when("_cheaper").then(pl.lit("contract"))
        .when(listed.is_not_null()).then(pl.lit("list"))
        .otherwise(pl.lit("none"))
    )  # fmt: skip
    return [
        price.alias("unit_price"),
        (price + micro("support_price").fill_null(0) * MICRO).alias("unit_billed"),
        basis.alias("price_basis"),
    ]


def timed(rows: pl.DataFrame) -> pl.DataFrame:
    """The events with the time that is billed, as fractions of whole numbers.

    Adds month_top / month_part (months, the days way: days × 12 / 365.25 = days × 48 / 1461) and
    time_part (the same in units of the price: a month, a year, a whole term).
    """
    return rows.with_columns(_months()).with_columns(_time_part())


@cache
def _months() -> list[pl.Expr]:
    by_days = pl.col("months") == "days"
    months = pl.when(by_days).then(48 * pl.col("days_left")).otherwise("months_left")
    part = pl.when(by_days).then(1461).otherwise(1)
    return [
        months.cast(pl.Int128).alias("month_top"),
        part.cast(pl.Int128).alias("month_part"),
    ]


@cache
def _time_part() -> pl.Expr:
    period = (
        pl.when(pl.col("per") == "year").then(12)
        .when(pl.col("per") == "term").then(pl.col("term_months").clip(1))
        .otherwise(1)
    )  # fmt: skip
    return (pl.col("month_part") * period.cast(pl.Int128)).alias("time_part")


def cents(units: pl.Expr, price: str) -> pl.Expr:
    """Units × price × time in cents, rounded once."""
    return half_up(units * pl.col(price) * pl.col("month_top"), PER_CENT * pl.col("time_part"))


def refuse_overflow(rows: pl.DataFrame, lines: pl.DataFrame) -> None:
    """ConfigError where units × price × time leaves the range that is exact.

    `line` is a row of `lines`. A base that wrapped stands behind an event that did so.
    """
    if _largest(rows) <= _LIMIT:
        return
    units = pl.max_horizontal(
        pl.col(name).cast(pl.Float64) for name in ("value", "base", "value_before", "value_after")
    )
    time = pl.col("month_top").cast(pl.Float64) / pl.col("time_part").cast(pl.Float64)
    wide = rows.filter(units * pl.col("unit_billed").cast(pl.Float64) * time / 1e18 > _LIMIT)
    if wide.height:
        row = lines.row(wide["line"][0], named=True)
        line = " / ".join(str(row[key]) for key in ("agreement", "suite", "sku"))
        raise ConfigError(
            f"client.toml: agreements: {line}: `entitled` × `price` × months is too large to be"
            f" exact (price {row['price']}, entitled {row['entitled']}); check their units."
        )


def _largest(rows: pl.DataFrame) -> float:
    """No row's amount is above this: its factors' largest, multiplied, not divided by any time."""
    units = max(rows[name].max() or 0 for name in ("value", "base", "value_before", "value_after"))
    return units * (rows["unit_billed"].max() or 0) * (rows["month_top"].max() or 0) / 1e18
