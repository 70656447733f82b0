"""How one value is made of the rows of a table, in answers, on pages and when it is made again."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import polars as pl

from cssm_lib.errors import PageError

# each gives null where no row says anything, so that "unknown" never looks like zero
AGGREGATES = {
    "sum": lambda column: pl.when(column.count() > 0).then(column.sum()),
    # of which no part may be unknown
    "total": lambda column: pl.when(column.null_count() == 0).then(column.sum()),
    "whole": lambda column: pl.when(column.null_count() == 0).then(column.sum()),
    "count": lambda column: column.len(),
    "distinct": lambda column: column.drop_nulls().n_unique(),
    "max": lambda column: column.max(),
    "min": lambda column: column.min(),
    "first": lambda column: column.first(),
}


NONE_IS_ZERO = ("sum", "whole", "count", "distinct")


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
    name = frame.columns[0] if column == "*" else column
    value, fitting = frame.select_seq(*_asked(name, aggregate, where)).row(0)
    return value if fitting else 0 if aggregate in NONE_IS_ZERO else None


@lru_cache(maxsize=1024)
def condition(where: str) -> pl.Expr:
    """A condition in polars SQL, read once however often it is asked for."""
    return pl.sql_expr(where)


@lru_cache(maxsize=1024)
def _asked(name: str, aggregate: str, where: str) -> tuple[pl.Expr, pl.Expr]:
    """The value of the rows that fit, and how many do."""
    if not where:
        return AGGREGATES[aggregate](pl.col(name)).alias("value"), pl.len().alias("fitting")
    fits = condition(where)
    value = AGGREGATES[aggregate](pl.col(name).filter(fits))
    return value.alias("value"), fits.sum().alias("fitting")


def _share(fitting: pl.DataFrame, frame: pl.DataFrame, column: str) -> float | None:
    if column == "*":
        part, whole = fitting.height, frame.height
    else:
        part, whole = fitting[column].sum(), frame[column].sum()
    return round(float(part) / float(whole), 6) if whole else None
