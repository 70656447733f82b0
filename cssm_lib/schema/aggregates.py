"""How one value is made of the rows of a table, in answers, on pages and when it is made again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import polars as pl

from cssm_lib.errors import PageError

# each gives null where no row says anything, so that "unknown" never looks like zero
AGGREGATES: dict[str, Callable[[pl.Series], Any]] = {
    "sum": lambda column: column.sum() if column.null_count() < len(column) else None,
    # of which no part may be unknown
    "total": lambda column: None if column.null_count() else column.sum(),
    "whole": lambda column: None if column.null_count() else column.sum(),
    "count": len,
    "distinct": lambda column: column.n_unique() - (column.null_count() > 0),
    "max": pl.Series.max,
    "min": pl.Series.min,
    "first": pl.Series.first,
}


NONE_IS_ZERO = ("sum", "whole", "count", "distinct")
WHOLE = ("total", "whole")  # known only where every part is


def value_of(frame: pl.DataFrame, *, column: str, aggregate: str = "sum", where: str = "") -> Any:
    """The value of a figure, made from the rows of its table.

    `share` is the part of the rows that fit `where` (`column` "*"), or of the column's sum. No row
    in the table at all: null, as nothing is known; no row that fits: 0 for sums and counts. A
    `total` is a sum that is null where a single part of it is, and where there is no part; a
    `whole` is one that is 0 where there is none.

    >>> held = pl.DataFrame({"units": [5, -2, None]})
    >>> value_of(held, column="units"), value_of(held, column="units", where="units < 0")
    (3, -2)
    >>> value_of(held, column="units", aggregate="total") is None
    True
    >>> value_of(held, column="*", aggregate="share", where="units < 0")
    0.333333
    """
    if frame.is_empty():
        return None
    if aggregate == "share":
        return _share(frame.filter(condition(where)) if where else frame, frame, column)
    if aggregate not in AGGREGATES:
        raise PageError(
            f"aggregate {aggregate!r} is not known; there are {', '.join([*AGGREGATES, 'share'])}."
        )
    values = frame[frame.columns[0] if column == "*" else column]
    if where:
        values = values.filter(frame.select_seq(condition(where)).to_series())
    if values.is_empty():
        return 0 if aggregate in NONE_IS_ZERO else None
    return AGGREGATES[aggregate](values)


@lru_cache(maxsize=1024)
def condition(where: str) -> pl.Expr:
    """A condition in polars SQL, read once however often it is asked for."""
    return pl.sql_expr(where)


def _share(fitting: pl.DataFrame, frame: pl.DataFrame, column: str) -> float | None:
    if column == "*":
        part, whole = fitting.height, frame.height
    else:
        part, whole = fitting[column].sum(), frame[column].sum()
    return round(float(part) / float(whole), 6) if whole else None
