"""Product instances in numbers: what actions on them go through, however wide the exports are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from cssm_lib.scenario.model import Action

ACCOUNT = ["smart_account", "virtual_account"]
DAY = "snapshot_date"
PAGE = [*ACCOUNT, DAY]
NAMES = ["udi_pid", "serial", "uuid", "hostname"]
KIND = ["license", "license_raw", "tag"]
INSTANCES = ("devices", "device_licenses")


@dataclass(frozen=True)
class Fleet:
    """The rows of instances and of what they consume, in numbers, and which are still there.

    A `page` is an account on a day, an `instance` is one of a page by its names, a `kind` is a
    licence as the exports write it; each is the number of a row of the frame of that name.
    `devices` and `used` have the rows of the tables in `exported`; `left` says which are left.
    """

    exported: Mapping[str, pl.DataFrame]
    pages: pl.DataFrame
    instances: pl.DataFrame
    kinds: pl.DataFrame
    devices: pl.DataFrame
    used: pl.DataFrame
    told: int  # kinds that the exports know; actions add theirs behind them
    left: Mapping[str, np.ndarray]

    def numbers(self, table: str, column: str) -> np.ndarray:
        """A column of `devices` or `device_licenses`, of all rows that were exported."""
        return (self.devices if table == "devices" else self.used)[column].to_numpy()

    def changed(self, table: str) -> bool:
        """Whether a table would be exported otherwise now."""
        others = table == "device_licenses" and self._on_others
        return others or not self.left[table].all()

    @property
    def risen(self) -> bool:
        """Whether an action put instances on a licence of its own naming."""
        return self.kinds.height > self.told

    @cached_property
    def _on_others(self) -> bool:
        if not self.risen:
            return False
        kind = self.numbers("device_licenses", "kind")
        return bool((self.left["device_licenses"] & (kind >= self.told)).any())

    def risen_places(self) -> pl.DataFrame:
        """Licences and tags that actions put an account's instances on, one row each."""
        kind = self.numbers("device_licenses", "kind")
        rows = self.left["device_licenses"] & (kind >= self.told)
        page, kind = np.divmod(np.unique(self._cells(rows)), self.kinds.height)
        named = [*self.pages[page], *self.kinds[kind]]
        return pl.DataFrame(named).select(*ACCOUNT, "license", "tag").unique()

    def without(self, **gone: np.ndarray) -> Fleet:
        """The fleet without the rows that are marked; the very same one where none is."""
        left = {name: there & ~gone[name] for name, there in self.left.items() if name in gone}
        fewer = {name: now for name, now in left.items() if (now != self.left[name]).any()}
        return replace(self, left={**self.left, **fewer}) if fewer else self

    def on(self, kind: pl.DataFrame, moved: np.ndarray) -> Fleet:
        """The fleet with the licences that are marked of another kind, given as one row."""
        now = self.numbers("device_licenses", "kind")
        was = self.kinds[np.flatnonzero(marked(now[moved], self.kinds.height))].unique()
        if was.is_empty() or was.equals(kind):
            return self
        then = np.where(moved, np.uint32(self.kinds.height), now)
        used = self.used.with_columns(pl.Series("kind", then))
        return replace(self, kinds=pl.concat([self.kinds, kind]), used=used)

    def when(self, table: str, action: Action) -> np.ndarray:
        """Whether a page lies on a day that the action changes, in one of the two tables.

        From the day given; else the newest day of the table for its Smart Account, and what has no
        day.
        """
        if action.from_ is not None:
            return fit(self.pages, (pl.col(DAY) >= action.from_).fill_null(False))
        return self.newest[table]

    @cached_property
    def newest(self) -> dict[str, np.ndarray]:
        """Of each table whether a page is shown and of its Smart Account's newest day."""
        last = pl.col(DAY).filter("shown").max().over("smart_account")
        newest = pl.col("shown") & pl.col(DAY).eq_missing(last)
        return {
            name: fit(self.pages.with_columns(shown=pl.Series(self.shown[name])), newest)
            for name in INSTANCES
        }

    @cached_property
    def shown(self) -> dict[str, np.ndarray]:
        """Of each table whether a page has a row in it."""
        return {name: self.showing(name, there) for name, there in self.left.items()}

    def showing(self, table: str, rows: np.ndarray) -> np.ndarray:
        """Which pages have one of these rows of a table."""
        return marked(self.numbers(table, "page")[rows], self.pages.height)

    def units(self, rows: np.ndarray) -> pl.DataFrame:
        """The units that rows consume: smart_account, virtual_account, license, day; none of 0."""
        units = np.zeros(self._squares, np.int64)
        quantity = self.numbers("device_licenses", "quantity")
        np.add.at(units, self._cells(rows), quantity[rows])
        found = np.flatnonzero(units)
        page, kind = np.divmod(found, self.kinds.height)
        license = self.kinds["license"].gather(kind)
        named = pl.DataFrame([*self.pages[page], license, pl.Series("units", units[found])])
        if self.kinds["license"].n_unique() == self.kinds.height:
            return named
        return named.group_by(*PAGE, "license").agg(pl.col("units").sum())

    @property
    def _squares(self) -> int:
        return self.pages.height * self.kinds.height

    def _cells(self, rows: np.ndarray) -> np.ndarray:
        """Page and kind of rows as one number."""
        page, kind = (self.numbers("device_licenses", name)[rows] for name in ("page", "kind"))
        return page.astype(np.int64) * self.kinds.height + kind

    def table(self, name: str) -> pl.DataFrame:
        """A table as it would be exported now."""
        there = self.left[name]
        found = self.exported[name].filter(there)
        if name != "device_licenses" or not self._on_others:
            return found
        return found.with_columns(self.kinds[self.numbers(name, "kind")[there]])


def fleet_of(devices: pl.DataFrame, used: pl.DataFrame) -> Fleet:
    """Both tables in numbers, before any action."""
    exported = dict(zip(INSTANCES, (devices, used), strict=True))
    named = pl.concat([one.select(*PAGE, *NAMES) for one in exported.values()])
    page, pages = numbered(named.select(PAGE))
    instance, instances = numbered(named.select(page.alias("page"), *NAMES))
    kind, kinds = numbered(used.select(KIND))
    both = pl.DataFrame({"page": page, "instance": instance})
    known = devices.select(reserved=RESERVED, silent=_silent_days())
    quantity = used["quantity"].cast(pl.Int64).fill_null(0)
    return Fleet(
        exported,
        pages,
        instances,
        kinds,
        both.head(devices.height).hstack(known),
        both.tail(used.height).hstack([kind.alias("kind"), quantity]),
        kinds.height,
        {name: np.ones(rows.height, bool) for name, rows in exported.items()},
    )


def numbered(rows: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """The number of each row by what it says, from 0 on; what each number says.

    A number is made of those of the names in each column: long tables are told apart by one whole
    number ten times as fast as by seven names.
    """
    number, size = pl.zeros(rows.height, pl.UInt64, eager=True), 1
    for column in rows:
        code = _codes(column)
        count = int(code.max() or 0) + 1
        if size * count > 2**63:
            number = number.rank("dense").cast(pl.UInt64)
            size = int(number.max()) + 1
        number, size = number * count + code, size * count
    number = number.rank("dense") - 1
    first = np.empty(number.n_unique(), np.int64)
    first[number.to_numpy()[::-1]] = np.arange(rows.height)[::-1]
    return number, rows[first]


def _codes(column: pl.Series) -> pl.Series:
    """A whole number for each name, day or number of a column; 0 where there is none."""
    if column.dtype == pl.String:
        column = column.cast(pl.Categorical(pl.Categories.random()))
    code = column.to_physical().cast(pl.Int64)
    least = int(code.min() or 0) - 1
    return (code - least).fill_null(0).cast(pl.UInt64)


RESERVED = pl.col("status").str.contains("(?i)reserv").fill_null(False)


def _silent_days() -> pl.Expr:
    """Days without contact; -1 where that is unknown, which is not silent."""
    days = (pl.col(DAY) - pl.col("last_contact").dt.date()).dt.total_days()
    return days.fill_null(-1)


def fit(rows: pl.DataFrame, told: pl.Expr) -> np.ndarray:
    """Whether each row is as told; what holds for all may be a single value."""
    return rows.with_columns(fits=told)["fits"].to_numpy()


def marked(numbers: np.ndarray, count: int) -> np.ndarray:
    """Which of so many numbers, from 0 on, are there.

    >>> marked(np.array([2, 0, 2]), 4).tolist()
    [True, False, True, False]
    """
    there = np.zeros(count, bool)
    there[numbers] = True
    return there
