"""Exact money of the renewal: units × price × months in whole cents, rounded once, half up."""

from __future__ import annotations

import polars as pl

CENT = pl.Decimal(38, 2)
# a price stands in 10^-12 of the currency, a cent is 10^-2
PER_CENT = 10**10


def half_up(top: pl.Expr, bottom: pl.Expr | int) -> pl.Expr:
    """The quotient of two whole numbers to the nearest whole, halves away from zero.

    >>> frame = pl.DataFrame({"top": [5, -5, 4]})
    >>> frame.select(half_up(pl.col("top"), 2)).to_series().to_list()
    [3, -3, 2]
    """
    size = (2 * top.abs() + bottom) // (2 * bottom)
    return pl.when(top < 0).then(0 - size).otherwise(size)


def period(per: str = "per", term: str = "term_months") -> pl.Expr:
    """Months that a price is for: one, twelve, or the whole term."""
    return (
        pl.when(pl.col(per) == "year")
        .then(12)
        .when(pl.col(per) == "term")
        .then(pl.col(term).clip(1))
        .otherwise(1)
        .cast(pl.Int128)
    )


def cents(units: pl.Expr, price: str, months: str = "term_months", per: str = "per") -> pl.Expr:
    """Units × price × months in cents; null where one of them is."""
    top = units.cast(pl.Int128) * pl.col(price) * pl.col(months).cast(pl.Int128)
    return half_up(top, PER_CENT * period(per))


def money(amount: pl.Expr) -> pl.Expr:
    """Whole cents as the decimal that is printed."""
    return amount.cast(pl.Decimal(38, 6)) / pl.lit(100).cast(pl.Decimal(38, 0))


def parsed_cents(column: str) -> pl.Expr:
    """A printed amount in cents; null where the file has none."""
    micro = pl.col(column).cast(pl.Decimal(38, 6), strict=False).to_physical().cast(pl.Int128)
    return half_up(micro, 10**4)


def fine(column: str) -> pl.Expr:
    """A printed amount in 10^-12 of the currency."""
    micro = pl.col(column).cast(pl.Decimal(38, 6), strict=False).to_physical()
    return micro.cast(pl.Int128) * pl.lit(10**6, pl.Int128)


def month_price(price: str, per: str = "per", term: str = "term_months") -> pl.Expr:
    """A price in 10^-12 per its period, as money per month at six places."""
    monthly = half_up(pl.col(price), pl.lit(10**6, pl.Int128) * period(per, term))
    return monthly.cast(pl.Decimal(38, 6)) / pl.lit(10**6).cast(pl.Decimal(38, 0))
