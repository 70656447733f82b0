"""Exact money in whole numbers: millionths of a licence, price at twelve places, cents.

polars rounds every product of two decimals to their scale and wraps integers silently; so amounts
are 128-bit integers, each money figure is rounded to cents once, half up, and what could wrap is
refused.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TypeVar

import polars as pl

from cssm_lib.analyses.true_forward.columns import filled, first_of, known, whole, word
from cssm_lib.errors import ConfigError

Amount = TypeVar("Amount", pl.Expr, pl.Series)

PARTS, _PLACES = pl.Decimal(38, 6), Decimal("0.000001")
MICRO = pl.lit(10**6, pl.Int128)
MILLION, CENT = whole(10**6), whole(10**16)  # as MICRO and PER_CENT, beside columns
PER_CENT = pl.lit(10**16, pl.Int128)  # (units at 10^-6) × (price at 10^-12) in one cent
_LIMIT = 1e14  # currency units on one line: its square in cents still fits 128 bits


def micro(column: str) -> pl.Expr:
    """A decimal column in millionths; further places are rounded."""
    return pl.col(column).cast(pl.Decimal(38, 6)).to_physical()


def decimal(amount: Amount, parts: int) -> Amount:
    """Whole parts (10**6, 100 or 1 to the unit) as the printed decimal; a product is exact here."""
    return amount.cast(pl.Decimal(38, 0)) * (Decimal(1) / parts).quantize(_PLACES)


def half_up(top: Amount, bottom: Amount) -> Amount:
    """The quotient of two whole numbers, not negative, to the nearest whole, halves up."""
    return (top + top + bottom) // (bottom + bottom)


def priced(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with what a unit costs, before it is multiplied by anything.

    Full commitment: the lower of the contract's price and list × (1 − discount); partial: the
    latter only (rules.md, True Forward). `price_from` may say "contract" or "list" instead of that.
    Adds unit_price and unit_billed (with support; 10^-12 of
    the currency), price_basis (contract, list, none).
    """
    said = lines["price_from"] if "price_from" in lines.columns else word("by_commitment")
    amounts, full = lines.select_seq(_amounts()), lines["commitment"] == "full"
    price, listed, discount, support = amounts.get_columns()
    may = (full & (said != "list")) | (said == "contract")
    own = (price * MILLION).zip_with(may, whole(None))
    listed = (listed * (MILLION - discount)).zip_with(said != "contract", whole(None))
    by_list = listed < own
    unit = filled(first_of((by_list, listed), otherwise=own), listed)
    basis = first_of(
        (by_list, word("list")), (known(own), word("contract")), (known(listed), word("list")),
        otherwise=word("none"),
    )  # fmt: skip
    billed = unit + filled(support, whole(0)) * MILLION
    named = {"unit_price": unit, "unit_billed": billed, "price_basis": basis}
    return lines.hstack([one.alias(name) for name, one in named.items()])


@cache
def _amounts() -> list[pl.Expr]:
    return [micro(name) for name in ("price", "list_price", "discount", "support_price")]


def timed(rows: pl.DataFrame) -> pl.DataFrame:
    """The events with the time that is billed, as fractions of whole numbers.

    Adds month_top / month_part (months, the days way: days × 12 / 365.25 = days × 48 / 1461) and
    time_part (the same in units of the price: a month, a year, a whole term).
    """
    by_days, per = rows["months"] == "days", rows["per"]
    top = (rows["days_left"] * 48).zip_with(by_days, rows["months_left"]).cast(pl.Int128)
    part = whole(1461).zip_with(by_days, whole(1))
    term = rows["term_months"].cast(pl.Int128)
    term = term.zip_with(term > whole(1), whole(1))
    period = first_of((per == "year", whole(12)), (per == "term", term), otherwise=whole(1))
    found = {"month_top": top, "month_part": part, "time_part": part * period}
    return rows.hstack([one.alias(name) for name, one in found.items()])


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
