"""How a count is written in every sentence that a reader sees."""

from __future__ import annotations

import polars as pl


def counted(number: int, unit: str) -> str:
    """A number with its unit, the unit in the singular for one.

    >>> counted(1, "records"), counted(1319, "product instances")
    ('1 record', '1,319 product instances')
    """
    return f"{number:,} {unit.removesuffix('s') if number == 1 else unit}"


def counted_text(number: pl.Expr, unit: str) -> pl.Expr:
    """The same of a column, without a comma between thousands.

    >>> pl.select(counted_text(pl.lit(1), "units")).item()
    '1 unit'
    """
    one = pl.when(number == 1).then(pl.lit(unit.removesuffix("s"))).otherwise(pl.lit(unit))
    return pl.format("{} {}", number, one)
