"""Names as numbers: long histories are told apart, joined and added up by these."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from cssm_lib.analyses.history.columns import filled, with_all
from cssm_lib.analyses.history.repeats import Repeats, changes, numbers_of, repeats

FEW = 2**16  # rows for which the plain way is as fast as any
NO_DAY = -(2**31)  # stands for no day
NONE = -(2**40)  # stands for no number, also after another is added
_SPARE = 8  # squares of a board for each row, at most


@dataclass(frozen=True)
class Numbers:
    """How the names of a place are numbered, each from 0: a place's number is made of them.

    `last` has the names of the last kind by their numbers, which are what is left of a place's
    number by their count; `days` says which rows name the places of the day before.
    """

    of: tuple[pl.Expr, ...]
    counts: tuple[int, ...]
    last: pl.Series
    days: Repeats

    @property
    def size(self) -> int:
        """One more than the largest number that a place can have."""
        return math.prod(self.counts)

    def place(self) -> pl.Expr:
        """The number of a place by the names in any table; null where no row had these names."""
        pairs = zip(self.of, self.counts, strict=True)
        known = pl.all_horizontal((number < count).fill_null(False) for number, count in pairs)
        return pl.when(known).then(made_of(self.of, self.counts))


def made_of(numbers: Iterable[pl.Expr], counts: Sequence[int]) -> pl.Expr:
    """One number of several, each below its count."""
    kind = pl.UInt32 if math.prod(counts) < 2**32 else pl.UInt64
    made = pl.lit(0, kind)
    several = [pair for pair in zip(numbers, counts, strict=True) if pair[1] > 1]
    for number, count in several:
        large = number.cast(kind)
        made = large if number is several[0][0] else made * count + large
    return made


def numbered(rows: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, Numbers]:
    """The rows with the numbers of their `place` and `account` (all names but the last).

    >>> rows = pl.DataFrame({"account": ["N", "N", "S"], "license": ["A", "B", "B"]})
    >>> numbered(rows.with_columns(snapshot_date=1), ["account", "license"])[0]["place"].n_unique()
    3
    """
    codes = {name: pl.Categories.random() for name in names if not alone(rows[name])}
    days = repeats(rows.select("snapshot_date", *codes))
    said = days.once(rows.select(names))
    of = tuple(
        one_number(said[name], codes[name]) if name in codes else _only(said[name])
        for name in names
    )
    own = zip(names, of, strict=True)
    coded = said.select(number.alias(name) for name, number in own if name in codes)
    counts = tuple(int(coded[name].max()) + 1 if name in codes else 1 for name in names)
    each = [pl.lit(coded[name] if name in codes else 0, pl.UInt32) for name in names]
    found = said.with_columns(place=made_of(each, counts), account=made_of(each[:-1], counts[:-1]))
    last = said[names[-1]]
    known = codes[last.name].to_series() if last.name in codes else last.head(1)
    if last.name in codes and last.null_count():
        known = pl.concat([last.clear().extend_constant(None, 1), known])
    both = {name: days.all(found[name].to_numpy()) for name in ("place", "account")}
    whole = with_all(rows, {name: pl.Series(column) for name, column in both.items()})
    return whole, Numbers(of, counts, known.alias(last.name), days)


def one_number(names: pl.Series, codes: pl.Categories) -> pl.Expr:
    """The number of each name of this column by its code, no name being one too."""
    number = pl.col(names.name).cast(pl.Categorical(codes)).to_physical()
    return (number + 1).fill_null(0) if names.null_count() else number


def _only(names: pl.Series) -> pl.Expr:
    """The number of a name that is the only one, as that of the Smart Account nearly always is."""
    same = pl.col(names.name).eq_missing(pl.lit(names.first(), pl.String))
    return pl.when(same).then(pl.lit(0, pl.UInt32))


def alone(names: pl.Series) -> bool:
    """Whether all rows have the same name, or none has one."""
    first, nulls = names.first(), names.null_count()
    if first is None or nulls:
        return nulls == len(names)
    return names[-1] == first and bool((names == first).all())


def stands_once(rows: pl.DataFrame, places: int) -> bool:
    """Whether no place has two rows on a day: each row is laid on a board of days and places.

    Where the board would be large for the rows, marks of both are counted: two of one mark are
    taken for a place that stands twice, which costs time, no figure.
    """
    place, day = rows["place"], rows["snapshot_date"]
    if rows.height <= FEW or day.null_count():
        return (place.hash() + day.hash(1)).n_unique() == rows.height
    at, on = whole(place), numbers_of(day)
    starts = np.concatenate([[0], np.flatnonzero(on[1:] != on[:-1]) + 1])
    days = on[starts]
    # as the rows of an export nearly always stand: day after day, on each place after place
    later = at[1:] > at[:-1]
    later[starts[1:] - 1] = True
    if later.all() and (days[1:] > days[:-1]).all():
        return True
    days, nth = np.unique(days, return_inverse=True)
    if places * len(days) > _SPARE * rows.height:
        return (place.hash() + day.hash(1)).n_unique() == rows.height
    board = np.zeros(places * len(days), bool)
    board[np.repeat(nth * places, np.diff(starts, append=len(on))) + at] = True
    return np.count_nonzero(board) == rows.height


def whole(numbers: pl.Series) -> np.ndarray:
    """Numbers from 0 on as numpy takes them for an index, without a copy where there is one."""
    return numbers.cast(pl.UInt64).to_numpy().view(np.int64)


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
    return board.take(whole(numbers))


def same_place_and_day(found: pl.DataFrame, rows: pl.DataFrame, places: int) -> np.ndarray:
    """The row of `rows` with the place and day of each that was found; past the last if none.

    No place has two of these rows on a day; a place may be null, and so may a day.
    """
    day, asked = (filled(each["snapshot_date"].cast(pl.Int32), NO_DAY) for each in (rows, found))
    starts = changes(day)
    shown = np.unique(day.to_numpy()[starts])
    nth = np.searchsorted(shown, day.to_numpy()[starts])
    keys = np.repeat(nth * places, np.diff(starts, append=rows.height)) + whole(rows["place"])
    some = np.isin(asked.to_numpy(), shown) & found["place"].is_not_null().to_numpy()
    nth = np.searchsorted(shown, asked.to_numpy()[some])
    named = nth * places + whole(found["place"].filter(pl.Series(some)))
    at = np.full(found.height, NONE)
    at[some] = looked_up(pl.Series(named), pl.Series(keys), pl.Series(np.arange(rows.height)))
    return np.where(at < 0, rows.height, at)
