"""Columns put together one by one: nothing is worked out where a look shows that nothing changes.

Of a what-if's few rows the calls take the time, of a long history the new columns; a column that
says the same as another is that other one.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import polars as pl

# one value stands for a column that says it of every row
ZERO, NOT_KNOWN, NO = pl.Series([0]), pl.Series([None], dtype=pl.Int64), pl.Series([False])


def with_all(rows: pl.DataFrame, columns: Mapping[str, pl.Series]) -> pl.DataFrame:
    """The rows with these columns, in as many pieces as the rows' own.

    Of columns in other pieces polars would copy the whole frame at every later look.
    """
    if not rows.width:
        return pl.DataFrame(columns)
    counts = rows.to_series(0).chunk_lengths()
    alike = {name: _in_pieces(same(column, rows), counts) for name, column in columns.items()}
    return rows.with_columns_seq(**alike)


def _in_pieces(column: pl.Series, counts: list[int]) -> pl.Series:
    if column.chunk_lengths() == counts:
        return column
    firsts = itertools.accumulate(counts, initial=0)
    return pl.concat(column.slice(*piece) for piece in zip(firsts, counts, strict=False))


def same(one: pl.Series, rows: pl.DataFrame) -> pl.Series:
    """One value as a column of the rows, or a column as it is."""
    return one.new_from_index(0, rows.height) if len(one) == 1 else one


def filled(column: pl.Series, value: object) -> pl.Series:
    """The column with a value where it has none."""
    return column.fill_null(value) if column.null_count() else column


def where(mask: pl.Series, then: pl.Series, other: pl.Series) -> pl.Series:
    """One column where the mask is true, else the other; each may be one value for all.

    >>> where(pl.Series([True, None]), pl.Series([0]), pl.Series([1, 2])).to_list()
    [0, 2]
    """
    return then.zip_with(mask, other) if mask.any() else other


def nothing(column: pl.Series) -> bool:
    """Whether the column has no number but 0."""
    # nearly always the first rows tell
    return not column.head(99).max() and not column.max() and not column.min()


def less(column: pl.Series, other: pl.Series) -> pl.Series:
    """What is left of a column."""
    return column if nothing(other) else column - other


def more(column: pl.Series, other: pl.Series) -> pl.Series:
    """What two columns are together."""
    return column if nothing(other) else column + other


def above_zero(column: pl.Series) -> pl.Series:
    """The column with 0 for what lies below."""
    return column if (column.min() or 0) >= 0 else ZERO.zip_with(column < 0, column)


def smaller(one: pl.Series, two: pl.Series) -> pl.Series:
    """Of two numbers in each row the smaller one; none is missing."""
    if two.is_empty() or one.max() <= two.min():
        return one
    return one.zip_with(one < two, two)
