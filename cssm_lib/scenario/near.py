"""A what-if worked out on each Smart Account's newest instances, however long the history is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

import polars as pl

from cssm_lib.client import Client
from cssm_lib.scenario import acted, noted, under
from cssm_lib.scenario.instances import DEVICE, NUMBER
from cssm_lib.scenario.model import AnyAction, LeaveOut, Retire, Scenario, Tier
from cssm_lib.scenario.stock import ACCOUNT, DAY, left_out_of

INSTANCES = ("devices", "device_licenses")
OF_DEVICE = ["status", "last_contact"]
OF_LICENCE = ["license", "license_raw", "tag", "quantity"]
NAMES = ["udi_pid", "serial", "uuid", "hostname"]
PLACE = [*ACCOUNT, "license", "tag"]


class Later(Mapping[str, pl.DataFrame]):
    """Tables of which some are worked out only when they are looked at; `later` names these."""

    def __init__(
        self, now: Mapping[str, pl.DataFrame], later: Mapping[str, Callable[[], pl.DataFrame]]
    ) -> None:
        self._now, self._ahead, self.later = dict(now), dict(later), frozenset(later)

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name in self._ahead:
            self._now[name] = self._ahead.pop(name)()
        return self._now[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)


@dataclass(frozen=True)
class Then:
    """A client under a scenario, and what is known of its instances without going through them.

    `reports`: as many rows as tell who once used a licence and was seen last when. `places`: every
    licence and tag that an account's instances consume on any day; some may be consumed no more.
    """

    client: Client
    reports: Mapping[str, pl.DataFrame]
    places: Callable[[], pl.DataFrame]


@dataclass(frozen=True)
class Near:
    """A client, on one day and by its rules (`base`), of which only the newest instances are seen.

    An action on instances without a first day of its own changes each Smart Account's newest day
    only; what it does to usage follows from these rows as it does from all of them.
    """

    client: Client
    base: Client

    @cached_property
    def _known(self) -> dict[str, pl.DataFrame]:
        tables = {name: self.base.tables[name] for name in INSTANCES}
        return replace(self.base, tables=tables).known()

    @cached_property
    def _days(self) -> pl.DataFrame:
        """The newest days of the instances and of what they consume, per Smart Account."""
        return pl.concat([_newest(self._known[name]) for name in INSTANCES]).unique()

    def _parts(self, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows of the newest days, and all others; long histories are told apart by day."""
        rows, keys = self._known[name], {"on": self._days.columns, "nulls_equal": True}
        may = pl.col(DAY).is_in(self._days[DAY].unique().implode(), nulls_equal=True)
        some = rows.filter(may)
        others = [rows.filter(~may), some.join(self._days, how="anti", **keys)]
        return some.join(self._days, how="semi", **keys), pl.concat(others)

    @cached_property
    def start(self) -> Client:
        """The base with the newest instances alone, numbered by instance and day."""
        near = [
            self._parts(name)[0].select(*DEVICE, *more)
            for name, more in zip(INSTANCES, (OF_DEVICE, OF_LICENCE), strict=True)
        ]
        numbers = pl.concat([rows.select(DEVICE) for rows in near]).unique().with_row_index(NUMBER)
        asked = {"on": DEVICE, "nulls_equal": True, "maintain_order": "left"}
        numbered = [rows.join(numbers, **asked) for rows in near]
        return replace(
            self.base, tables={**self.base.tables, **dict(zip(INSTANCES, numbered, strict=True))}
        )

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

        None where the newest instances do not tell: an action on instances from a day on, or a
        Smart Account that loses every instance of its newest day. Raises as `under` does.
        """
        spans = [action for action in scenario.actions if isinstance(action, LeaveOut)]
        dated = any(isinstance(one, Retire | Tier) and one.from_ for one in scenario.actions)
        if dated:
            return None
        now, idle = acted(self.start, scenario, where="scenario")
        shown = all(_same_days(self.start.tables[n], now.tables[n]) for n in INSTANCES)
        if not shown or any(action in idle for action in spans):
            return None
        tables = self._tables(now) | {"notes": noted(self.client, scenario, idle)}
        later = self._later(scenario, idle)
        given = {"tables": Later(tables, later), "before": self.client, "scenario": scenario}
        places = partial(self._places, now.tables["device_licenses"])
        return Then(replace(now, **given), self._reports(now, spans), places)

    def _places(self, used: pl.DataFrame) -> pl.DataFrame:
        if used is self.start.tables["device_licenses"]:
            return self.places
        return pl.concat([self.places, used.select(PLACE).unique()]).unique()

    def _tables(self, now: Client) -> dict[str, pl.DataFrame]:
        return {**now.tables, **{name: self.base.tables[name] for name in INSTANCES}}

    def _later(
        self, scenario: Scenario, idle: Sequence[AnyAction]
    ) -> dict[str, Callable[[], pl.DataFrame]]:
        done = [action for action in scenario.actions if action not in idle]
        if not any(isinstance(action, Retire | Tier | LeaveOut) for action in done):
            return {}
        whole = cache(partial(under, self.client, scenario))
        return {name: lambda name=name: whole().tables[name] for name in INSTANCES}

    def _used_earlier(self, spans: Sequence[LeaveOut]) -> pl.DataFrame:
        """Older use that no span takes out; first and last days do not tell of several spans."""
        few = len(spans) <= 1
        used = self.earlier["device_licenses"] if few else self._parts("device_licenses")[1]
        return used.filter(pl.lit(True), *(~left_out_of(span) for span in spans))

    def _reports(self, now: Client, spans: Sequence[LeaveOut]) -> Later:
        def devices() -> pl.DataFrame:
            parts = [rows["devices"] for rows in (self.earlier, now.tables)]
            return pl.concat([rows.select(*ACCOUNT, DAY, *NAMES, "last_contact") for rows in parts])

        def used() -> pl.DataFrame:
            parts = [self._used_earlier(spans), now.tables["device_licenses"]]
            columns = [*ACCOUNT, DAY, *NAMES, "license", "quantity"]
            return pl.concat([rows.select(columns) for rows in parts])

        return Later({}, dict(zip(INSTANCES, (devices, used), strict=True)))


def _newest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("smart_account").agg(pl.col(DAY).max())


def _same_days(before: pl.DataFrame, after: pl.DataFrame) -> bool:
    """Whether every Smart Account shows its newest day still."""
    if before is after:
        return True
    days = [_newest(rows).sort("smart_account") for rows in (before, after)]
    return days[0].equals(days[1])
