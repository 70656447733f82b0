"""Names as numbers: long histories are told apart, joined and added up by these."""

from __future__ import annotations

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
        size = 1
        for count in self.counts:
            size *= count
        return size

    def place(self, numbers: list[pl.Expr]) -> pl.Expr:
        """The number of a place by those of its names."""
        place = pl.lit(0, pl.UInt64)
        for number, count in zip(numbers, self.counts, strict=True):
            place = place * count + number if count > 1 else place
        return place

    def placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of places that are known, with `place`."""
        known = [
            (number < count).fill_null(False)
            for number, count in zip(self.of, self.counts, strict=True)
        ]
        return rows.filter(known).with_columns(place=self.place(list(self.of)))


def numbered(rows: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, Numbers]:
    """The rows with `place`, `account` (all names but the last) and `name` (the last).

    >>> rows = pl.DataFrame({"account": ["N", "N", "S"], "license": ["A", "B", "B"]})
    >>> numbered(rows, ["account", "license"])[0]["place"].n_unique()
    3
    """
    of = tuple(one_number(rows[name]) for name in names)
    each = rows.select(number.alias(name) for number, name in zip(of, names, strict=True))
    counts = tuple((most or 0) + 1 for most in each.max().row(0))
    numbers = Numbers(of, counts)
    whole = each.select(
        place=numbers.place([pl.col(name) for name in names]), name=names[-1]
    ).with_columns(account=pl.col("place") // counts[-1])
    return rows.with_columns(whole), numbers


def one_number(names: pl.Series) -> pl.Expr:
    """The number of each name of this column, no name being one too.

    A column of one name, as that of the Smart Account nearly always is, is only compared with it.
    """
    name = pl.col(names.name)
    if _alone(names):
        return pl.when(name.eq_missing(pl.lit(names.first(), pl.String))).then(pl.lit(0, pl.UInt64))
    coded = name.cast(pl.Categorical(pl.Categories.random())).to_physical() + 1
    return coded.cast(pl.UInt64).fill_null(0)


def _alone(names: pl.Series) -> bool:
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
    runs = day.rle().struct.field("value").rank("dense").fill_null(0)
    days = int(runs.max() or 0) + 1
    size = places * days
    number = runs.gather(day.rle_id())
    if rows.height < FEW or size > _SPARE * rows.height:
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
