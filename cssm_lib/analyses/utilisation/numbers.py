"""What rows of one number have together: a pool's sums, its newest day, what stands before a row.

On the few thousand rows of a day this takes a tenth of what a group-by or `over` takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Numbered:
    """Rows with a number each (`of`), from 0 on and below `count`, such as that of their pool."""

    of: np.ndarray
    count: int

    @cached_property
    def some(self) -> pl.Series:
        """Of each number whether a row has it."""
        found = np.zeros(self.count, bool)
        found[self.of] = True
        return pl.Series(found)

    def sum(self, units: np.ndarray) -> np.ndarray:
        """The units of each number; 0 where no row has it."""
        sums = np.zeros(self.count, np.int64)
        np.add.at(sums, self.of, units)
        return sums

    def total(self, units: pl.Series) -> pl.Series:
        """The units of each number that are known; null where none of its rows says any."""
        return self._known(np.add, 0, units)

    def most(self, values: pl.Series) -> pl.Series:
        """The largest whole number, or the last day, of each number; null where there is none."""
        return self._known(np.maximum, np.iinfo(np.int64).min, values)

    def least(self, values: pl.Series) -> pl.Series:
        """The smallest whole number, or the first day, of each number; null where there is none."""
        return self._known(np.minimum, np.iinfo(np.int64).max, values)

    def every(self, told: pl.Series) -> pl.Series:
        """Whether all rows of each number are so; none is unknown."""
        odd = np.zeros(self.count, bool)
        odd[self.of[~told.to_numpy()]] = True
        return pl.Series(told.name, ~odd)

    def peak(self, units: pl.Series, days: pl.Series) -> tuple[pl.Series, pl.Series]:
        """The most units of each number and the first day of these; no units are unknown."""
        peak = self.most(units)
        at_peak = units == peak[self.of]
        first = Numbered(self.of[at_peak.to_numpy()], self.count).least(days.filter(at_peak))
        return peak, first

    def before(self, units: np.ndarray) -> np.ndarray:
        """The units of the rows that stand before each row and have its number."""
        order = np.argsort(self.of, kind="stable")
        of, sums = self.of[order], np.cumsum(units[order]) - units[order]
        found = np.empty_like(sums)
        found[order] = sums - sums[np.searchsorted(of, of)]
        return found

    def larger(self, units: np.ndarray) -> np.ndarray:
        """How many rows of its number come before each by their units; of equal ones the first."""
        order = np.argsort(-units, kind="stable")
        found = np.empty_like(units)
        found[order] = Numbered(self.of[order], self.count).before(np.ones_like(units))
        return found

    def _known(self, join: np.ufunc, start: int, values: pl.Series) -> pl.Series:
        rows = self
        if values.null_count():
            told = values.is_not_null()
            rows, values = Numbered(self.of[told.to_numpy()], self.count), values.filter(told)
        found = np.full(self.count, start)
        join.at(found, rows.of, values.to_numpy().astype(np.int64, copy=False))
        # days have no room for what stands where there is none
        found[~rows.some.to_numpy()] = 0
        made = pl.Series(values.name, found).cast(values.dtype)
        return made if rows.some.all() else made.set(~rows.some, None)
