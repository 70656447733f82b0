"""Product instances in numbers: what actions on them go through, however wide the exports are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

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
    """The rows of instances and of what they consume that are still there, in numbers.

    A `page` is an account on a day, an `instance` is one of a page by its names, a `kind` is a
    licence as the exports write it; each is the number of a row of the frame of that name.
    `devices` and `used` are rows of the tables in `exported`, of which they hold the number, `row`.
    """

    exported: Mapping[str, pl.DataFrame]
    pages: pl.DataFrame
    instances: pl.DataFrame
    kinds: pl.DataFrame
    devices: pl.DataFrame
    used: pl.DataFrame
    told: int  # kinds that the exports know; actions add theirs behind them

    def rows(self, table: str) -> pl.DataFrame:
        """What is left of `devices` or `device_licenses`, in numbers."""
        return self.devices if table == "devices" else self.used

    def changed(self, table: str) -> bool:
        """Whether a table would be exported otherwise now."""
        rows = self.rows(table)
        fewer = rows.height < self.exported[table].height
        return fewer or (table == "device_licenses" and self._on_others)

    @property
    def risen(self) -> bool:
        """Whether an action put instances on a licence of its own naming."""
        return self.kinds.height > self.told

    @cached_property
    def _on_others(self) -> bool:
        return self.risen and bool((self.used["kind"] >= self.told).any())

    def places(self) -> pl.DataFrame:
        """One row per licence and tag that the instances of an account consume on some day."""
        each = self.used.select("page", "kind").unique()
        named = [*self.pages[each["page"]], *self.kinds[each["kind"]]]
        return pl.DataFrame(named).select(*ACCOUNT, "license", "tag").unique()

    def without(self, *, devices: pl.Series | None = None, used: pl.Series | None = None) -> Fleet:
        """The fleet without the rows that are marked; the very same one where none is."""
        left = {
            name: getattr(self, name).filter(~gone)
            for name, gone in (("devices", devices), ("used", used))
            if gone is not None and gone.any()
        }
        return replace(self, **left) if left else self

    def on(self, kind: pl.DataFrame, moved: pl.Series) -> Fleet:
        """The fleet with the licences that are marked of another kind, given as one row."""
        was = self.kinds[self.used["kind"].filter(moved).unique()].unique()
        if was.is_empty() or was.equals(kind):
            return self
        then = pl.when(moved).then(pl.lit(self.kinds.height, pl.UInt32)).otherwise("kind")
        used = self.used.with_columns(kind=then)
        return replace(self, kinds=pl.concat([self.kinds, kind]), used=used)

    def when(self, table: str, action: Action) -> pl.Series:
        """Whether a page lies on a day that the action changes, in one of the two tables.

        From the day given; else the newest day of the table for its Smart Account, and what has no
        day.
        """
        if action.from_ is not None:
            return (self.pages[DAY] >= action.from_).fill_null(False)
        return self.newest[table]

    @cached_property
    def newest(self) -> dict[str, pl.Series]:
        """Of each table whether a page is shown and of its Smart Account's newest day."""
        last = pl.col(DAY).filter("shown").max().over("smart_account")
        newest = pl.col("shown") & pl.col(DAY).eq_missing(last)
        return {
            name: holds(self.pages.with_columns(shown=self.shown(name)), newest)
            for name in INSTANCES
        }

    def shown(self, table: str) -> pl.Series:
        """Whether a page has a row in a table."""
        return marked(self.rows(table)["page"], self.pages.height)

    def units(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The units that rows of `used` consume: smart_account, virtual_account, license, day."""
        key = pl.col("page").cast(pl.UInt64) * self.kinds.height + pl.col("kind")
        summed = rows.group_by(key=key).agg(pl.col("quantity").sum().alias("units"))
        page, kind = (summed["key"] // self.kinds.height, summed["key"] % self.kinds.height)
        named = [*self.pages[page], self.kinds["license"].gather(kind), summed["units"]]
        return pl.DataFrame(named).group_by(*PAGE, "license").agg(pl.col("units").sum())

    def table(self, name: str) -> pl.DataFrame:
        """A table as it would be exported now."""
        rows = self.rows(name)
        found = self.exported[name][rows["row"]]
        on_others = name == "device_licenses" and self._on_others
        return found.with_columns(self.kinds[rows["kind"]]) if on_others else found


def fleet_of(devices: pl.DataFrame, used: pl.DataFrame) -> Fleet:
    """Both tables in numbers, before any action."""
    exported = dict(zip(INSTANCES, (devices, used), strict=True))
    keys = [*PAGE, *NAMES]
    instances = _numbered(pl.concat([one.select(keys) for one in exported.values()]), "instance")
    pages, kinds = _numbered(instances.select(PAGE), "page"), _numbered(used.select(KIND), "kind")
    instances = _with(instances, pages)
    return Fleet(
        exported,
        pages.drop("page"),
        instances.sort("instance").select("page", *NAMES),
        kinds.drop("kind"),
        _with(devices.with_row_index("row"), instances).select(
            "row", "page", "instance", reserved=RESERVED, silent=_silent_days()
        ),
        _with(_with(used.with_row_index("row"), instances), kinds).select(
            "row", "page", "instance", "kind", "quantity"
        ),
        kinds.height,
    )


def _numbered(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.unique(maintain_order=True).with_row_index(name)


def _with(rows: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """The rows with the numbers of what they name."""
    on = [name for name in numbers.columns if name in rows.columns]
    return rows.join(numbers, on=on, how="left", nulls_equal=True, maintain_order="left")


RESERVED = pl.col("status").str.contains("(?i)reserv").fill_null(False)


def _silent_days() -> pl.Expr:
    return (pl.col(DAY) - pl.col("last_contact").dt.date()).dt.total_days()


def holds(rows: pl.DataFrame, told: pl.Expr) -> pl.Series:
    """Whether each row is as told; what holds for all may be a single value."""
    return rows.with_columns(holds=told)["holds"]


def marked(numbers: pl.Series, count: int) -> pl.Series:
    """Which of so many numbers, from 0 on, are there.

    >>> marked(pl.Series([2, 0, 2]), 4).to_list()
    [True, False, True, False]
    """
    return pl.zeros(count, dtype=pl.UInt8, eager=True).scatter(numbers, 1) == 1
