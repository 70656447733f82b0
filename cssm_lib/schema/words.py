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
    """The same of a column.

    >>> pl.select(counted_text(pl.lit(1), "units")).item()
    '1 unit'
    """
    one = pl.when(number == 1).then(pl.lit(unit.removesuffix("s"))).otherwise(pl.lit(unit))
    return pl.format("{} {}", grouped(number), one)


def grouped(number: pl.Expr | str) -> pl.Expr:
    """A whole number of a column in a sentence: thousands apart, a true minus; null stays null.

    >>> pl.DataFrame({"n": [1234567, -1205, 12, None]}).select(grouped("n"))["n"].to_list()
    ['1,234,567', '−1,205', '12', None]
    """
    number = pl.col(number) if isinstance(number, str) else number
    whole = number.cast(pl.Int64)
    sign = pl.when(whole < 0).then(pl.lit("−")).otherwise(pl.lit(""))
    return pl.concat_str(sign, thousands(whole.abs().cast(pl.String))).alias(
        number.meta.output_name(raise_if_undetermined=False) or "number"
    )


def thousands(digits: pl.Expr) -> pl.Expr:
    """1234567 → 1,234,567: a comma after every third digit from the right."""
    backwards = digits.str.reverse().str.replace_all(r"(\d{3})", "$1,")
    return backwards.str.strip_suffix(",").str.reverse()
