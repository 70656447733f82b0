"""Names as numbers: long histories are told apart, joined and added up by these."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

FEW = 2**16  # rows for which the plain way is as fast as any
NONE = -(2**40)  # stands for no number, also after another is added
_SPARE = 8  # squares of a board for each row, at most


@dataclass(frozen=True)
class Numbers:
    """How the names of a place are numbered, each from 0: a place's number is made of them."""

    of: tuple[pl.Expr, ...]
    counts: tuple[int, ...]

    @property
    def size(self) -> int:
        """One more than the largest number that a place can have."""
        return math.prod(self.counts)

    def place(self) -> pl.Expr:
        """The number of a place by the names in any table; null where no row had these names."""
        pairs = zip(self.of, self.counts, strict=True)
        known = pl.all_horizontal((number < count).fill_null(False) for number, count in pairs)
        return pl.when(known).then(made_of(self.of, self.counts))


def made_of(numbers: Iterable[pl.Expr], counts: Iterable[int]) -> pl.Expr:
    """One number of several, each below its count."""
    made = pl.lit(0, pl.UInt64)
    several = [pair for pair in zip(numbers, counts, strict=True) if pair[1] > 1]
    for number, count in several:
        made = number if number is several[0][0] else made * count + number
    return made


def numbered(rows: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, Numbers]:
    """The rows with `place`, `account` (all names but the last) and `name` (the last).

    >>> rows = pl.DataFrame({"account": ["N", "N", "S"], "license": ["A", "B", "B"]})
    >>> numbered(rows, ["account", "license"])[0]["place"].n_unique()
    3
    """
    of = tuple(one_number(rows[name]) for name in names)
    own = [
        pl.lit(0, pl.UInt64) if alone(rows[name]) else number
        for name, number in zip(names, of, strict=True)
    ]
    at = [f"{name} number" for name in names]
    coded = rows.with_columns(number.alias(name) for number, name in zip(own, at, strict=True))
    counts = tuple(int(coded[name].max() or 0) + 1 for name in at)
    each = [pl.col(name) for name in at]
    place, account = made_of(each, counts), made_of(each[:-1], counts[:-1])
    whole = coded.with_columns(place=place, account=account, name=each[-1]).drop(at)
    return whole, Numbers(of, counts)


def one_number(names: pl.Series) -> pl.Expr:
    """The number of each name of this column, no name being one too.

    A column of one name, as that of the Smart Account nearly always is, is only compared with it.
    """
    name = pl.col(names.name)
    if alone(names):
        return pl.when(name.eq_missing(pl.lit(names.first(), pl.String))).then(pl.lit(0, pl.UInt64))
    coded = name.cast(pl.Categorical(pl.Categories.random())).to_physical().cast(pl.UInt64)
    return (coded + 1).fill_null(0) if names.null_count() else coded


def alone(names: pl.Series) -> bool:
    """Whether all rows have the same name, or none has one."""
    first, nulls = names.first(), names.null_count()
    if first is None or nulls:
        return nulls == len(names)
    return names[-1] == first and bool((names == first).all())


def stands_once(rows: pl.DataFrame, places: int) -> bool:
    """Whether no place has two rows on a day: each row is laid on a board of places and days.

    Where the board would be large for the rows, marks of both are counted: two of one mark are
    taken for a place that stands twice, which costs time, no figure.
    """
    day = rows["snapshot_date"]
    if rows.height < FEW:
        return (rows["place"].hash() + day.hash(1)).n_unique() == rows.height
    runs = day.rle().struct.field("value").rank("dense").fill_null(0)
    days = int(runs.max() or 0) + 1
    size = places * days
    number = runs.gather(day.rle_id())
    if size > _SPARE * rows.height:
        return (rows["place"].hash() + number).n_unique() == rows.height
    square = rows["place"].cast(pl.UInt32) * days + number
    board = pl.zeros(size, dtype=pl.UInt8, eager=True).scatter(square, 1)
    return board.sum() == rows.height


def looked_up(numbers: pl.Series, keys: pl.Series, values: pl.Series) -> np.ndarray:
    """The whole number that each number stands for; NONE where it is none of `keys`.

    Each key is there once, no number is null and no value below 0.

    >>> (looked_up(pl.Series([2, 0, 2]), pl.Series([2]), pl.Series([7])) == [7, NONE, 7]).all()
    np.True_
    """
    size = 1 + max(int(numbers.max() or 0), int(keys.max() or 0))
    if size > _SPARE * len(numbers) + FEW:
        found = numbers.replace_strict(keys, values, default=NONE, return_dtype=pl.Int64)
        return found.to_numpy()
    board = np.full(size, NONE)
    board[keys.to_numpy()] = values.to_numpy()
    return board[numbers.to_numpy()]
