"""Client → Client: the client as it would be under a scenario; every answer follows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from cssm_lib.client import Client
from cssm_lib.rules import load_rules
from cssm_lib.scenario.instances import on_tier, retired
from cssm_lib.scenario.model import (
    AnyAction,
    Decision,
    Grow,
    LeaveOut,
    Move,
    Retire,
    Scenario,
    Terms,
    Tier,
    read_scenario,
)
from cssm_lib.scenario.stock import grown, left_out, moved
from cssm_lib.scenario.terms import with_terms

__all__ = ["Decision", "Scenario", "after", "begun", "mark_of", "read_scenario", "told", "under"]


def under(client: Client, scenario: Scenario, *, where: str = "scenario") -> Client:
    """The client with every action of the scenario done, in order.

    A what-if changes usage, instances, stock and terms and nothing else: captures,
    configurations and the client's own records stay what they are. An action that fits nothing
    changes nothing and is told in `notes`. Raises ConfigError, with the key path, for a rule, a
    reading, a line or units that are not there.
    """
    now, idle = acted(begun(client, scenario, where=where), scenario, where=where)
    tables = dict(now.tables) | {"notes": noted(client, scenario, idle)}
    return replace(now, tables=tables, before=client, scenario=scenario)


def acted(client: Client, scenario: Scenario, *, where: str) -> tuple[Client, list[AnyAction]]:
    """The client after every action in turn, and the actions that changed nothing."""
    idle = []
    for number, action in enumerate(scenario.actions):
        then = after(client, action, where=f"{where}: actions[{number}]")
        if then is client:
            idle.append(action)
        client = then
    return client, idle


def noted(client: Client, scenario: Scenario, idle: Sequence[AnyAction]) -> pl.DataFrame:
    """The client's notes, and one for every action that changed nothing."""
    notes = client.tables["notes"]
    silent = [f"{scenario.name} / {action.name}" for action in idle]
    said = ["nothing fits this action: it changes nothing."] * len(silent)
    return pl.concat([notes, pl.DataFrame({"about": silent, "note": said}, schema=notes.schema)])


def begun(client: Client, scenario: Scenario, *, where: str = "scenario") -> Client:
    """The client on the scenario's day and by its rules, before any action."""
    asked = client.config.rules | scenario.rules
    rules = load_rules(asked, where=where) if scenario.rules else client.rules
    given = {"rules": rules, "as_of": scenario.as_of or client.as_of}
    return replace(client, **given, config=client.config.model_copy(update={"rules": asked}))


def mark_of(scenario: Scenario) -> str:
    """What tells one scenario's answers from another's.

    >>> mark_of(Scenario(name="A")) == mark_of(Scenario(name="A"))
    True
    """
    return hashlib.blake2b(scenario.model_dump_json().encode(), digest_size=8).hexdigest()


def told(scenario: Scenario) -> dict[str, Any]:
    """What a pack says of its scenario: what the file says and nothing more."""
    return scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)


def after(client: Client, action: AnyAction, *, where: str = "scenario") -> Client:
    """The client with one action done; the very same client where it changes nothing."""
    if isinstance(action, Terms):
        then = replace(client, config=with_terms(client.config, action, client.rules, where=where))
    else:
        then = replace(client, tables=_tables(client, action, where=where))
    return client if _same(client, then) else then


def _tables(client: Client, action: Any, *, where: str) -> dict[str, pl.DataFrame]:
    known = replace(client, tables={name: client.tables[name] for name in TOUCHED}).known()
    changed = _changed(known, action, where=where)
    return {**client.tables, **_with_later(client, known, changed)}


def _changed(known: dict[str, pl.DataFrame], action: Any, *, where: str) -> dict[str, pl.DataFrame]:
    match action:
        case Retire():
            return retired(known, action)
        case Tier():
            return on_tier(known, action)
        case Move():
            return moved(known, action, where=where)
        case LeaveOut():
            return left_out(known, action)
        case Grow():
            return grown(known, action)
    raise TypeError(f"no such action: {action!r}")


TOUCHED = ("usage", "lots", "devices", "device_licenses")


def _with_later(
    client: Client, known: dict[str, pl.DataFrame], changed: dict[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Days after as_of are no part of any answer; they stay for whoever looks at another day."""
    return {
        name: frame
        if known[name].height == client.tables[name].height
        else pl.concat([frame, client.tables[name].filter(_later(client))])
        for name, frame in changed.items()
    }


def _later(client: Client) -> pl.Expr:
    return (pl.col("snapshot_date") > client.as_of).fill_null(False)


def _same(before: Client, after: Client) -> bool:
    pairs = ((before.tables[name], after.tables[name]) for name in TOUCHED)
    return before.config == after.config and all(
        one is two or one.equals(two) for one, two in pairs
    )
