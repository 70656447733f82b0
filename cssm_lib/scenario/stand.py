"""A client between two actions of a scenario, and one more of them done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from cssm_lib.client import Client
from cssm_lib.config import ClientConfig
from cssm_lib.scenario.fleet import INSTANCES, PAGE, Fleet, fleet_of
from cssm_lib.scenario.instances import left_over, on_tier, on_usage_days, retired, seen_on
from cssm_lib.scenario.later import Later
from cssm_lib.scenario.model import AnyAction, Grow, LeaveOut, Move, Retire, Terms, Tier
from cssm_lib.scenario.stock import grown, left_out, moved, newest_days, used_more
from cssm_lib.scenario.terms import with_terms

STOCK = ("usage", "lots")


@dataclass(frozen=True)
class Start:
    """A client before any action, as it was known at as_of."""

    client: Client

    @cached_property
    def tables(self) -> dict[str, pl.DataFrame]:
        """What actions change, without days after as_of."""
        touched = {name: self.client.tables[name] for name in (*STOCK, *INSTANCES)}
        return replace(self.client, tables=touched).known()

    @cached_property
    def fleet(self) -> Fleet:
        """The instances in numbers; only some actions need them."""
        return fleet_of(*(self.tables[name] for name in INSTANCES))

    @cached_property
    def newest(self) -> dict[str, pl.DataFrame]:
        """The newest day of use and stock for each Smart Account; no action changes it."""
        return {name: newest_days(self.tables[name]) for name in STOCK}

    @cached_property
    def days(self) -> pl.DataFrame:
        """The accounts and days that usage shows."""
        return self.tables["usage"].select(PAGE).unique()

    @cached_property
    def seen(self) -> pl.DataFrame:
        """By which snapshot of instances each of these days goes."""
        return seen_on(self.days, self.fleet)


@dataclass(frozen=True)
class Stand:
    """What actions changed of a client so far: use, stock, instances and terms.

    Days after as_of are no part of it; the client that is made of it has them.
    """

    start: Start
    config: ClientConfig
    usage: pl.DataFrame
    lots: pl.DataFrame
    changed: Fleet | None = None

    @property
    def fleet(self) -> Fleet:
        """The instances that are left, in numbers."""
        return self.changed or self.start.fleet

    @cached_property
    def client(self) -> Client:
        """The client as it stands; its instances are written out when they are looked at."""
        base = self.start.client
        stock = {name: self._with_later(name, getattr(self, name)) for name in STOCK}
        fleet = self.changed
        ahead = {
            name: lambda name=name: self._with_later(name, self.fleet.table(name))
            for name in INSTANCES
            if fleet and fleet.changed(name)
        }
        tables = Later({**base.tables, **stock}, ahead, of=fleet)
        return replace(base, config=self.config, tables=tables)

    def _with_later(self, name: str, now: pl.DataFrame) -> pl.DataFrame:
        """A table with the days after as_of, which stay for whoever looks at another day."""
        known, whole = self.start.tables[name], self.start.client.tables[name]
        if now is known:
            return whole
        if known.height == whole.height:
            return now
        after = (pl.col("snapshot_date") > self.start.client.as_of).fill_null(False)
        return pl.concat([now, whole.filter(after)])


def stand_of(client: Client) -> Stand:
    """A client before any action."""
    start = Start(client)
    return Stand(start, client.config, *(start.tables[name] for name in STOCK))


def after(stand: Stand, action: AnyAction, *, where: str = "scenario") -> Stand:
    """One action done; the very same `stand` where it changes nothing."""
    match action:
        case Terms():
            config = with_terms(stand.config, action, stand.start.client.rules, where=where)
            return stand if config == stand.config else replace(stand, config=config)
        case Retire():
            return _on_instances(stand, action, *retired(stand.fleet, action))
        case Tier():
            tag = _tag(stand.usage, action.to_license)
            return _on_instances(stand, action, *on_tier(stand.fleet, action, tag))
        case LeaveOut():
            fleet = left_over(stand.fleet, action)
            return _with(stand, left_out(stand.usage, action), fleet=fleet)
        case Grow():
            return _with(stand, grown(stand.usage, action))
        case Move():
            newest = stand.start.newest
            return _with(
                stand, **moved(stand.usage, stand.lots, action, newest=newest, where=where)
            )
        case _:
            raise TypeError(f"no such action: {action!r}")


def _on_instances(stand: Stand, action: Retire | Tier, fleet: Fleet, units: pl.DataFrame) -> Stand:
    """The instances as they are then, and usage with so many more units, less where below 0."""
    if fleet is stand.fleet and units.is_empty():
        return stand
    more = on_usage_days(_seen(stand), units)
    return _with(stand, used_more(stand.usage, more, action), fleet=fleet)


def _seen(stand: Stand) -> pl.DataFrame:
    """By which snapshot of instances each day of usage goes."""
    start, shown = stand.start, stand.fleet.shown["device_licenses"]
    # no action takes a row of usage away; one that moves units may show an account on a new day
    rows = stand.usage.height == start.tables["usage"].height
    if rows and np.array_equal(shown, start.fleet.shown["device_licenses"]):
        return start.seen
    return seen_on(stand.usage.select(PAGE).unique(), stand.fleet)


def _with(
    stand: Stand,
    usage: pl.DataFrame,
    *,
    lots: pl.DataFrame | None = None,
    fleet: Fleet | None = None,
) -> Stand:
    """The stand with this use, and with these lots and instances where they are given."""
    lots = stand.lots if lots is None else lots
    changed = stand.changed if fleet is None or fleet is stand.fleet else fleet
    if changed is stand.changed and usage is stand.usage and lots is stand.lots:
        return stand
    return replace(stand, usage=usage, lots=lots, changed=changed)


def _tag(usage: pl.DataFrame, name: str) -> str | None:
    """The entitlement tag that the exports give that licence, else none."""
    return usage["tag"].filter(usage["license"] == name).drop_nulls().first()
