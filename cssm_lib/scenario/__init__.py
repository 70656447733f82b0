"""Client → Client: the client as it would be under a scenario; every answer follows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, takewhile
from typing import Any

import polars as pl

from cssm_lib.client import Client
from cssm_lib.rules import load_rules
from cssm_lib.scenario.model import AnyAction, Decision, Scenario, read_scenario
from cssm_lib.scenario.stand import Stand, after, stand_of

__all__ = [
    "Decision",
    "Scenario",
    "Stand",
    "after",
    "begun",
    "mark_of",
    "noted_as",
    "read_scenario",
    "stand_of",
    "told",
    "under",
]


def under(
    client: Client, scenario: Scenario, *, where: str = "scenario", start: Stand | None = None
) -> Client:
    """The client with every action of the scenario done, in order.

    A what-if changes usage, instances, stock and terms and nothing else: captures,
    configurations and the client's own records stay what they are. An action that fits nothing
    changes nothing and is told in `notes`. Raises ConfigError, with the key path, for a rule, a
    reading, a line or units that are not there.

    `start` is the client on the scenario's day and by its rules before any action, where it is
    held: to go through all its instances takes seconds once.
    """
    start = start or stand_of(begun(client, scenario, where=where))
    stands, idle = acted(start, scenario, where=where)
    now = stands[-1].client
    tables = {name: now.tables[name] for name in now.tables}
    tables |= {"notes": noted(client, scenario, idle)}
    return replace(now, tables=tables, before=client, scenario=scenario)


def acted(
    stand: Stand,
    scenario: Scenario,
    *,
    where: str,
    known: Sequence[tuple[AnyAction, Stand]] = (),
) -> tuple[list[Stand], list[AnyAction]]:
    """How the client stands at first and after each action; the actions that changed nothing.

    `known`: actions that were done to the client before and how it stood after each; those with
    which the scenario begins too are not done again.
    """
    pairs = zip(known, scenario.actions, strict=False)
    same = takewhile(lambda pair: pair[0][0] == pair[1], pairs)
    stands = [stand, *(then for (_, then), _ in same)]
    for number, action in list(enumerate(scenario.actions))[len(stands) - 1 :]:
        stands.append(after(stands[-1], action, where=f"{where}: actions[{number}]"))
    pairs = zip(scenario.actions, pairwise(stands), strict=True)
    return stands, [action for action, (was, now) in pairs if now is was]


def noted(client: Client, scenario: Scenario, idle: Sequence[AnyAction]) -> pl.DataFrame:
    """The client's notes, and one for every action that changed nothing."""
    notes = client.tables["notes"]
    if not idle:
        return notes
    silent = [noted_as(scenario, action) for action in idle]
    said = ["nothing fits this action: it changes nothing."] * len(silent)
    return pl.concat([notes, pl.DataFrame({"about": silent, "note": said}, schema=notes.schema)])


def noted_as(scenario: Scenario, action: AnyAction) -> str:
    """How the client's notes name an action."""
    return f"{scenario.name} / {action.name}"


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
