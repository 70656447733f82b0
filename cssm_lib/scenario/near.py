"""A what-if worked out on each Smart Account's newest instances, however long the history is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from itertools import compress

import numpy as np
import polars as pl

from cssm_lib.client import Client
from cssm_lib.scenario import acted, noted, under
from cssm_lib.scenario.fleet import (
    ACCOUNT,
    DAY,
    INSTANCES,
    NAMES,
    PAGE,
    Fleet,
    fit,
    numbered,
)
from cssm_lib.scenario.instances import Numbers, use_left_out
from cssm_lib.scenario.later import Later
from cssm_lib.scenario.model import AnyAction, LeaveOut, Retire, Scenario, Tier
from cssm_lib.scenario.stand import STOCK, Stand, stand_of
from cssm_lib.scenario.stock import newest_days

OF_DEVICE = ["status", "last_contact"]
OF_LICENCE = ["license", "license_raw", "tag", "quantity"]
PLACE = [*ACCOUNT, "license", "tag"]
NEEDED = ("places", "_first_and_last", "_each_day", "_used_once", "_owing", "_named")
TOLD = {
    "devices": [*ACCOUNT, DAY, *NAMES, "last_contact"],
    "device_licenses": [*ACCOUNT, DAY, *NAMES, "license", "quantity"],
}


@dataclass(frozen=True)
class Reports:
    """As many rows of `devices` and `device_licenses` as tell who owes a report and used what."""

    devices: Callable[[], pl.DataFrame]
    used: Callable[[], pl.LazyFrame]


@dataclass(frozen=True)
class Then:
    """A client under a scenario, and what is known of its instances without going through them.

    `new_places`: every licence and tag that an account's instances consume on a day and never did
    before.
    """

    client: Client
    reports: Reports
    new_places: Callable[[], pl.DataFrame]


@dataclass(frozen=True)
class Near:
    """A client, on one day and by its rules (`base`), of which only the newest instances are seen.

    An action on instances without a first day of its own changes each Smart Account's newest day
    only; what it does to usage follows from these rows as it does from all of them. `owing` says,
    given all rows of instances, which rows are of one that may owe a report: only of these, and of
    none else, `reports` tells more than the newest day.
    """

    client: Client
    base: Client
    owing: Callable[[pl.DataFrame], pl.Expr] | None = None
    # of the scenario before: its actions, each with the client after it, and what was reported
    _acted: list[tuple[AnyAction, Stand]] = field(init=False, repr=False, default_factory=list)
    _reported: list[tuple[Fleet, list[LeaveOut], Reports]] = field(
        init=False, repr=False, default_factory=list
    )

    @cached_property
    def _known(self) -> dict[str, pl.DataFrame]:
        tables = {name: self.base.tables[name] for name in INSTANCES}
        return replace(self.base, tables=tables).known()

    @cached_property
    def _days(self) -> pl.DataFrame:
        """The newest days of the instances and of what they consume, per Smart Account."""
        return pl.concat([newest_days(self._known[name]) for name in INSTANCES]).unique()

    def _parts(self, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows of the newest days, and all others; long histories are told apart by day."""
        rows, keys = self._known[name], {"on": self._days.columns, "nulls_equal": True}
        may = pl.col(DAY).is_in(self._days[DAY].unique().implode(), nulls_equal=True)
        some = rows.filter(may)
        others = [rows.filter(~may), some.join(self._days, how="anti", **keys)]
        return some.join(self._days, how="semi", **keys), pl.concat(others)

    @cached_property
    def start(self) -> Stand:
        """The base with the newest instances alone."""
        near = {
            name: self._parts(name)[0].select(*PAGE, *NAMES, *more)
            for name, more in zip(INSTANCES, (OF_DEVICE, OF_LICENCE), strict=True)
        }
        return stand_of(replace(self.base, tables={**self.base.tables, **near}))

    @cached_property
    def whole(self) -> Stand:
        """The base with all its instances."""
        return stand_of(self.base)

    def prepare(self) -> None:
        """Work out now what every scenario needs."""
        start = self.start.start
        needed = [(self, name) for name in NEEDED]
        for one, name in [*needed, (start.fleet, "newest"), (start, "newest"), (start, "seen")]:
            getattr(one, name)

    @cached_property
    def earlier(self) -> dict[str, pl.DataFrame]:
        """Of all older rows what tells which instance once used a licence and was seen last when.

        Of an instance its last row; of an instance and a licence its first and its last day: one
        span of days that is left out takes all of its use exactly where it takes both.
        """
        devices, used = (self._parts(name)[1] for name in INSTANCES)
        last = devices.sort(DAY, maintain_order=True).unique(
            ["smart_account", *NAMES], keep="last", maintain_order=True
        )
        ends = (
            used.lazy()
            .filter(pl.col("quantity") > 0)
            .group_by(*ACCOUNT, "license", *NAMES, undated=pl.col(DAY).is_null())
            .agg(pl.concat_list(pl.col(DAY).min(), pl.col(DAY).max()), pl.col("quantity").max())
            .collect(engine="streaming")
        )
        return {"devices": last, "device_licenses": ends.drop("undated").explode(DAY)}

    @cached_property
    def places(self) -> pl.DataFrame:
        """Every licence and tag that an account's instances ever consumed."""
        used = self._known["device_licenses"].lazy()
        return used.select(PLACE).unique().collect(engine="streaming")

    def under(self, scenario: Scenario) -> Then | None:
        """The client under a scenario; its instances are worked out when they are looked at.

        None where the newest instances do not tell: an action on instances from a day on, or one
        after a Smart Account lost every instance of its newest day. Raises as `under` does.
        """
        spans = [action for action in scenario.actions if isinstance(action, LeaveOut)]
        on_instances = [isinstance(one, Retire | Tier) for one in scenario.actions]
        if any(one.from_ for one in compress(scenario.actions, on_instances)):
            return None
        stands, idle = acted(self.start, scenario, where="scenario", known=self._acted)
        self._acted[:] = zip(scenario.actions, stands[1:], strict=True)
        lost = any(self._lost(stand.fleet) for stand in compress(stands, on_instances))
        if lost or any(action in idle for action in spans):
            return None
        now = stands[-1]
        tables = {**self.base.tables, "notes": noted(self.client, scenario, idle)}
        tables |= {name: now.client.tables[name] for name in STOCK}
        later = self._later(scenario, now, spans)
        given = {"tables": Later(tables, later), "before": self.client, "scenario": scenario}
        client = replace(self.base, config=now.config, **given)
        return Then(client, self._reports(now.fleet, spans), partial(self._new_places, now.fleet))

    def _lost(self, fleet: Fleet) -> bool:
        """Whether a Smart Account shows its newest day no more, in one of the two tables.

        Or no more by an instance that has a name: only such a one can owe a report.
        """
        first = self.start.fleet
        pages = [(first.newest[name], fleet.shown[name]) for name in INSTANCES]
        if not self._named.all():
            there = (one.left["devices"] & self._named for one in (first, fleet))
            pages.append(tuple(first.showing("devices", rows) for rows in there))
        return any(
            (was & ~left).any() and _holders(first, was & left) < _holders(first, was)
            for was, left in pages
        )

    def _new_places(self, fleet: Fleet) -> pl.DataFrame:
        if not fleet.risen:
            return self.places.clear()
        return fleet.risen_places().join(self.places, on=PLACE, how="anti", nulls_equal=True)

    def _later(
        self, scenario: Scenario, now: Stand, spans: Sequence[LeaveOut]
    ) -> dict[str, Callable[[], pl.DataFrame]]:
        """The tables of instances that change; a span may take use of older days alone."""
        whole = cache(partial(under, self.client, scenario, start=self.whole))
        older = {"device_licenses"} if spans else set()
        changed = [name for name in INSTANCES if name in older or now.fleet.changed(name)]
        return {name: lambda name=name: whole().tables[name] for name in changed}

    def _used_earlier(self, spans: Sequence[LeaveOut]) -> pl.LazyFrame:
        """Older use that no span takes out; first and last days do not tell of several spans."""
        if not spans:
            return self._used_once.lazy()
        used, *numbers = self._first_and_last if len(spans) == 1 else self._each_day
        gone = np.logical_or.reduce([use_left_out(span, *numbers) for span in spans])
        return used.lazy().filter(~pl.Series(gone))

    @cached_property
    def _used_once(self) -> pl.DataFrame:
        """Who ever used what of those that are watched, each told once, whatever the day."""
        return self._watched["device_licenses"].unique([*ACCOUNT, *NAMES, "license"])

    def _reports(self, fleet: Fleet, spans: list[LeaveOut]) -> Reports:
        """What is told of these instances and spans; the very same as for the scenario before."""
        for known, over, reports in self._reported:
            if known is fleet and over == spans:
                return reports
        reports = self._told(fleet, spans)
        self._reported[:] = [(fleet, spans, reports)]
        return reports

    def _told(self, fleet: Fleet, spans: Sequence[LeaveOut]) -> Reports:
        def devices() -> pl.DataFrame:
            one = self._one_a_page(fleet)
            return pl.concat([self._watched["devices"].select(one.columns), one, newest("devices")])

        def used() -> pl.LazyFrame:
            rows = newest("device_licenses")
            return pl.concat([self._used_earlier(spans).select(rows.columns), rows.lazy()])

        def newest(table: str) -> pl.DataFrame:
            """Of the newest instances that are left those that may owe."""
            rows, told = self._owing[table]
            there = fleet.left[table][rows]
            found = told.filter(there)
            if table == "devices" or not fleet.risen:
                return found
            kind = fleet.numbers(table, "kind")[rows[there]]
            return found.with_columns(fleet.kinds["license"].gather(kind))

        return Reports(devices, used)

    @cached_property
    def _may_owe(self) -> pl.Expr:
        if self.owing is None:
            return pl.lit(True)
        columns = ["smart_account", DAY, *NAMES, "last_contact"]
        parts = self.earlier["devices"], self.start.fleet.exported["devices"]
        return self.owing(pl.concat([rows.select(columns) for rows in parts]))

    @cached_property
    def _watched(self) -> dict[str, pl.DataFrame]:
        """Of `earlier` the instances that may owe a report, and one of the last day of all."""
        rows = self.earlier["devices"]
        last = rows.filter(NAMED).sort(DAY).unique("smart_account", keep="last")
        watched = {name: rows.filter(self._may_owe) for name, rows in self.earlier.items()}
        return watched | {"devices": pl.concat([last, watched["devices"]])}

    @cached_property
    def _first_and_last(self) -> tuple[pl.DataFrame, Numbers, Numbers]:
        """Of the use of those that are watched the first and the last day, as `_by_number`."""
        return _by_number(self._watched["device_licenses"])

    @cached_property
    def _each_day(self) -> tuple[pl.DataFrame, Numbers, Numbers]:
        """Of the use of those that are watched every day, as `_by_number`."""
        return _by_number(self._parts("device_licenses")[1].filter(self._may_owe))

    @cached_property
    def _owing(self) -> dict[str, tuple[np.ndarray, pl.DataFrame]]:
        """Of the newest instances those that may owe a report: their rows, and what these tell."""
        fleet = self.start.fleet
        owing = fit(fleet.instances, self._may_owe)
        rows = {name: np.flatnonzero(owing[fleet.numbers(name, "instance")]) for name in INSTANCES}
        return {
            name: (rows[name], fleet.exported[name][rows[name]].select(TOLD[name])) for name in rows
        }

    @cached_property
    def _named(self) -> np.ndarray:
        """Which rows of the newest instances have a name."""
        fleet = self.start.fleet
        return fit(fleet.instances, NAMED)[fleet.numbers("devices", "instance")]

    def _one_a_page(self, fleet: Fleet) -> pl.DataFrame:
        """An instance with a name of each page that has one left."""
        rows = np.flatnonzero(fleet.left["devices"] & self._named)
        last = np.full(fleet.pages.height, -1)
        last[fleet.numbers("devices", "page")[rows]] = rows
        return fleet.exported["devices"].select(TOLD["devices"])[last[last >= 0]]


NAMED = pl.any_horizontal(pl.col("serial", "uuid", "hostname").is_not_null())


def _by_number(used: pl.DataFrame) -> tuple[pl.DataFrame, Numbers, Numbers]:
    """Rows of use with the number of each one's page and of its licence."""
    page, kind = (numbered(used.select(names)) for names in (PAGE, "license"))
    return used, (page[0].to_numpy(), page[1]), (kind[0].to_numpy(), kind[1])


def _holders(fleet: Fleet, pages: np.ndarray) -> int:
    return fleet.pages.filter(pages)["smart_account"].n_unique()
