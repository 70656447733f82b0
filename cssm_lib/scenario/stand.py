"""A client between two actions of a scenario, and one more of them done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from cssm_lib.client import Client
from cssm_lib.config import ClientConfig
from cssm_lib.scenario.fleet import INSTANCES, Fleet, fleet_of
from cssm_lib.scenario.instances import left_over, on_tier, retired
from cssm_lib.scenario.later import Later
from cssm_lib.scenario.model import AnyAction, Grow, LeaveOut, Move, Retire, Terms, Tier
from cssm_lib.scenario.stock import grown, left_out, moved
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
    if isinstance(action, Terms):
        config = with_terms(stand.config, action, stand.start.client.rules, where=where)
        return stand if config == stand.config else replace(stand, config=config)
    stock = {name: getattr(stand, name) for name in STOCK}
    fleet, then = _done(stand, action, where)
    same = {
        name: name not in then or then[name] is table or then[name].equals(table)
        for name, table in stock.items()
    }
    if all(same.values()) and (fleet is None or fleet is stand.fleet):
        return stand
    left = {name: stock[name] if same[name] else then[name] for name in STOCK}
    return replace(stand, **left, changed=fleet or stand.changed)


def _done(
    stand: Stand, action: AnyAction, where: str
) -> tuple[Fleet | None, dict[str, pl.DataFrame]]:
    """The instances, where the action is on them, and what it makes of use and stock."""
    usage = stand.usage
    match action:
        case Retire():
            fleet, usage = retired(stand.fleet, usage, action)
        case Tier():
            fleet, usage = on_tier(stand.fleet, usage, action)
        case LeaveOut():
            fleet, usage = left_over(stand.fleet, action), left_out(usage, action)
        case Grow():
            return None, {"usage": grown(usage, action)}
        case Move():
            return None, moved(usage, stand.lots, action, where=where)
        case _:
            raise TypeError(f"no such action: {action!r}")
    return fleet, {"usage": usage}
