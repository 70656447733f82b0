"""A client held in memory for a workshop: the answers of today and those of any what-if."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.analyses import true_forward, utilisation
from cssm_lib.answers import _about, forward, told_of, what_if
from cssm_lib.answers.compute import answer, making
from cssm_lib.answers.positions import TWINS
from cssm_lib.answers.steps import Made, Making
from cssm_lib.client import Client, load_client
from cssm_lib.errors import ConfigError
from cssm_lib.scenario import Scenario, begun, mark_of, told, under
from cssm_lib.scenario.model import LeaveOut
from cssm_lib.scenario.near import PLACE, Near, Then
from cssm_lib.schema import TABLES
from cssm_lib.schema.audience import INTERNAL

KEPT = 6  # scenarios held beside today
DAYS = 4  # other days, or other rules, of which today's answers are held


@dataclass(frozen=True)
class Seen:
    """The answers of one client or what-if, made when they are asked for; a page can show them.

    `seen["positions"]` is a polars frame, the same as `cssm tables` writes for the scenario.
    """

    client: Client
    about: Mapping[str, Any]
    made: Making
    audience: str = INTERNAL
    _shown: dict[str, pl.DataFrame] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    @property
    def as_of(self) -> dt.date | None:
        """The day that is looked at."""
        return self.client.as_of

    @property
    def currency(self) -> str | None:
        """ISO code of the client's prices."""
        return self.client.config.currency

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._shown:
            self._shown[name] = answer(self.made, name)
        return self._shown[name]


@dataclass(frozen=True)
class Live:
    """One client, read once; `today` is how it stands, `under` how it would stand.

    What a scenario leaves as it is, its answers take from the one asked for before it, which nearly
    always differs in one action, or from `today`. The last ones asked for are kept, so that an undo
    costs nothing.
    """

    client: Client
    today: Seen
    _kept: dict[str, Seen] = field(init=False, repr=False, compare=False, default_factory=dict)
    _days: dict[str, Day] = field(init=False, repr=False, compare=False, default_factory=dict)

    def under(self, scenario: Scenario) -> Seen:
        """The answers under a scenario; ConfigError, with the key path, for a fault in it."""
        mark = mark_of(scenario)
        seen = self._kept.pop(mark, None) or self._seen(scenario)
        return _last(self._kept, mark, seen, KEPT)

    def prepare(self, scenario: Scenario | None = None) -> None:
        """Work out now what every scenario of that day starts from: seconds on a long history.

        Without this the first scenario that needs it does.
        """
        near = self._day(scenario or Scenario(name="today")).near
        near.prepare()

    def forget(self) -> None:
        """Hold none of the scenarios that were asked for."""
        self._kept.clear()
        for day in self._days.values():
            day.last = None

    def _seen(self, scenario: Scenario) -> Seen:
        day = self._day(scenario)
        then = day.near.under(scenario)
        client = then.client if then else under(self.client, scenario, start=day.near.whole)
        about = {**self.today.about, **told_of(client), "scenario": told(scenario)}
        last = day.last.made if then and day.last else None
        given, later = _given(day, then, scenario), getattr(client.tables, "later", ())
        made = making(client, day.made, last=last, given=given, later=later)
        if then:
            day.last = Last(then, made)
        if last:
            last.last = None  # of what was asked for before that nothing is held
        return Seen(client, about, made)

    def _day(self, scenario: Scenario) -> Day:
        """The client without an action on the scenario's day and by its rules."""
        asked = scenario.model_copy(update={"actions": (), "decisions": ()})
        base = begun(self.client, asked)
        mark = f"{base.as_of} {mark_of(asked.model_copy(update={'name': 'day', 'as_of': None}))}"
        day = self._days.pop(mark, None)
        if day is None:
            same = (base.as_of, base.rules) == (self.client.as_of, self.client.rules)
            owing = partial(utilisation.may_owe, as_of=base.as_of, rules=base.rules)
            day = Day(self.today.made if same else making(base), Near(self.client, base, owing))
        return _last(self._days, mark, day, DAYS)


@dataclass(frozen=True)
class Last:
    """The scenario of a day that was asked for last, and its answers."""

    then: Then
    made: Making


@dataclass
class Day:
    """How a client stands on a day by some rules, before any action."""

    made: Making
    near: Near
    last: Last | None = None

    @cached_property
    def once(self) -> bool:
        """Whether no licence that an account consumes is named by two lines, on any days."""
        named = true_forward.places_in_lines(self.near.places, self.made["scope"])
        return not named.select(PLACE).is_duplicated().any()


def _last(kept: dict[str, Any], mark: str, one: Any, most: int) -> Any:
    """What was asked for last stands last; the oldest ones go."""
    kept[mark] = one
    while len(kept) > most:
        del kept[next(iter(kept))]
    return one


def _given(at: Day, then: Then | None, scenario: Scenario) -> dict[str, Callable[[Made], Any]]:
    """Tables that the newest instances tell, or that no action changes.

    None changes who is who, makes an instance a reserved one, or makes a line count devices.
    """
    day = at.made
    given: dict[str, Callable[[Made], Any]] = {"pairs": lambda made: day["pairs"]}
    single = all(day[name].is_empty() for name in TWINS)
    if single:
        given |= {name: lambda made, name=name: day[name] for name in TWINS}
    if then is None:
        return given
    client, counted = then.client, pl.col("count").eq("devices") & pl.col("metric").is_null()
    told_before = at.last is not None and at.last.then.reports is then.reports
    if "devices" in then.client.tables.later:
        given["owing"] = partial(_owing, then=then)
    given["idle"] = partial(_idle, then=then, told_before=told_before)
    spans = any(isinstance(action, LeaveOut) for action in scenario.actions)
    if day["scope"].filter(counted).is_empty():
        given["device_days"] = lambda made: _no_devices(made, at, then)
        if single and not spans:
            given["action_prices"] = lambda made: what_if.action_prices(client, at.near.start)
    return given


def _owing(made: Making, *, then: Then) -> pl.DataFrame:
    """Which instances owe a report where an action takes some away."""
    return utilisation.owing(
        then.reports.devices(), as_of=then.client.as_of, rules=then.client.rules
    )


def _idle(made: Making, *, then: Then, told_before: bool) -> pl.DataFrame:
    """Which idle licences may only be silent; as before where the same licences are idle.

    `told_before`: whether the reports are those of the scenario before.
    """
    quiet, last = made["quiet"], made.last if told_before else None
    if last and last.holds("idle") and last["quiet"] is quiet:
        return last["idle"]
    return utilisation.reported(quiet, made["owing"], then.reports.used(), as_of=then.client.as_of)


def _no_devices(made: Made, at: Day, then: Then) -> pl.DataFrame:
    """The days of lines that count devices where there are none; a licence in two lines is told.

    What nobody consumes any more is in no line: where that could matter all rows are gone through.
    """
    new, scope = then.new_places(), made["scope"]
    moved_ends = scope is not at.made["scope"] and not at.once
    if new.is_empty() and not moved_ends:
        return at.made["device_days"]
    places = pl.concat([at.near.places, new]) if moved_ends else new
    nobody = TABLES["devices"].empty()
    try:
        return true_forward.device_days(places, nobody, scope, rules=then.client.rules)
    except ConfigError:
        return forward.device_days(then.client, made)


def live_client(folder: str | Path, as_of: dt.date | str | None = None) -> Live:
    """A client folder in memory. Errors: as `load_client`."""
    return live_of(load_client(folder, as_of))


def live_of(client: Client) -> Live:
    """A client that was read, in memory."""
    return Live(client, Seen(client, _about(client, None, ""), making(client)))
