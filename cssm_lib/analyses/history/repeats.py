"""Long histories say the same names day after day: those are looked at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

THREADS = 2  # names are compared side by side; more threads wait for memory
LONG = 2**12  # rows of a usual day from which on it pays to look for them on the next one


@dataclass(frozen=True)
class Repeats:
    """Which rows of a history only say again what stood in their place the day before.

    `anew` are the stretches of rows that do not, as (first row, count); `says` has for every
    stretch of the history the one of these that it says, as (first of the rows anew, count).
    """

    anew: tuple[tuple[int, int], ...]
    says: tuple[tuple[int, int], ...]

    def once(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that do not say again what was said."""
        return pl.concat([rows.slice(*stretch) for stretch in self.anew])

    def all(self, said: np.ndarray) -> np.ndarray:
        """Numbers of the rows of `once` for all rows of the history."""
        parts = [said[first : first + count] for first, count in self.says]
        return np.concatenate(parts) if len(parts) > 1 else said


def repeats(rows: pl.DataFrame) -> Repeats:
    """What rows with a `snapshot_date` say again of their other columns.

    Only a history that stands day after day is seen to repeat itself, as one nearly always does.

    >>> days = [day for day in (1, 2) for _ in range(LONG)]
    >>> names = [*range(LONG)] * 2
    >>> found = repeats(pl.DataFrame({"snapshot_date": days, "name": names}))
    >>> found.anew, found.says
    (((0, 4096),), ((0, 4096), (0, 4096)))
    """
    day, whole = rows["snapshot_date"], ((0, rows.height),)
    starts = changes(day)
    short = rows.height < LONG * len(starts) or len(starts) < 2
    if short or day.null_count() or day.gather(starts).n_unique() < len(starts):
        return Repeats(whole, whole)
    names, counts = rows.drop("snapshot_date"), np.diff(starts, append=rows.height)
    stretches = list(zip(starts.tolist(), counts.tolist(), strict=True))
    parts = [names.slice(*stretch) for stretch in stretches]
    again = [False, *_as_before(parts)]
    anew: list[tuple[int, int]] = []
    says, size = [], 0
    for (start, count), same in zip(stretches, again, strict=True):
        if not same:
            anew.append((start, count))
            size += count
        says.append((size - count, count))
    return Repeats(tuple(anew), tuple(says)) if len(anew) < len(says) else Repeats(whole, whole)


def _as_before(parts: list[pl.DataFrame]) -> list[bool]:
    """Whether each part but the first equals the one before; numbers are compared in no time."""
    if pl.String not in parts[0].dtypes:
        return [*map(pl.DataFrame.equals, parts[1:], parts)]
    with ThreadPoolExecutor(THREADS) as pool:
        return [*pool.map(pl.DataFrame.equals, parts[1:], parts)]


def numbers_of(column: pl.Series) -> np.ndarray:
    """Days as numbers, and numbers as they are."""
    return (column.cast(pl.Int32) if column.dtype == pl.Date else column).to_numpy()


def changes(*columns: pl.Series) -> np.ndarray:
    """The first row, and each in which a number or a day is not that of the row before."""
    rows = len(columns[0])
    differs = np.zeros(max(rows - 1, 0), bool)
    for values in map(numbers_of, columns):
        differs |= values[1:] != values[:-1]
    return np.concatenate([np.arange(min(1, rows)), np.flatnonzero(differs) + 1])
