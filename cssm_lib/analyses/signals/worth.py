"""What units of a line are worth over the new term, exact to the cent."""

from __future__ import annotations

import polars as pl

PER_CENT, WHOLE = 10**10, 10**6


def amount(units: pl.Expr, uplift: str = "") -> pl.Expr:
    """Units × `unit_term` (10^-12 for a whole term), at an end of the uplift where one is named.

    Rounded to cents once, half up; null without a price or a range.

    >>> row = pl.DataFrame({"u": [3], "unit_term": [1_005_000_000_000], "up": [70_000]})
    >>> row = row.with_columns(pl.col("unit_term").cast(pl.Int128))
    >>> row.select(a=amount(pl.col("u")), b=amount(pl.col("u"), "up")).row(0)
    (Decimal('3.020000'), Decimal('3.230000'))
    """
    top = units.cast(pl.Int128) * pl.col("unit_term")
    bottom = pl.lit(PER_CENT, pl.Int128)
    if uplift:
        top, bottom = top * (WHOLE + pl.col(uplift).cast(pl.Int128)), bottom * WHOLE
    cents = (2 * top + bottom) // (2 * bottom)
    return cents.cast(pl.Decimal(38, 6)) / pl.lit(100).cast(pl.Decimal(38, 0))
