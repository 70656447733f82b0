"""Every table of the Answers: how each is made, for the batch that wants all and for one alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from cssm_lib.answers import (
    decided,
    exposure,
    feature_drift,
    forward,
    papers,
    positions,
    received,
    renewal,
    shadow,
    signals,
    what_if,
)
from cssm_lib.answers.steps import Made, Making, by_name, one
from cssm_lib.client import Client
from cssm_lib.schema import ANSWERS

LINE = ["agreement", "suite", "sku"]


def answer_tables(client: Client, today: Any = None) -> dict[str, pl.DataFrame]:
    """All tables of `schema.ANSWERS` and the client's own tables, by name.

    `today`: the tables of the client without its scenario, where they are made already.
    """
    effects = partial(decided.scenario_effects, client, today=today)
    made = making(client, given={"scenario_effects": effects} if today is not None else {})
    names = [*ANSWERS, *(name for name in client.tables if name not in ANSWERS)]
    return {name: answer(made, name) for name in names}


def making(client: Client, today: Making | None = None, **given: Any) -> Making:
    """The answers of a client, none of them made yet.

    `today`: the answers of the client that a scenario changes, of its day and by its rules, for
    what the scenario leaves as it is. `last`, `given` and `later` as `Making` has them.
    """
    return Making(client, STEPS, today, **given)


def answer(made: Making, name: str) -> pl.DataFrame:
    """A table as it stands in the pack: an answer in its contract's columns, or the client's."""
    if name in ANSWERS:
        return ANSWERS[name].shaped(made[name])
    return made["told"] if name == "notes" else made.client.tables[name]


def _notes(client: Client, made: Made) -> pl.DataFrame:
    """The client's notes, and the lines of agreements that no licence of the files fits."""
    found = (
        made["unmatched"]
        .select(LINE)
        .unique()
        .sort(LINE)
        .select(
            about=pl.format("{} / {} / {}", *LINE),
            note=pl.lit("no licence in the files fits this line: it is measured as 0."),
        )
    )
    rest = [shadow.notes(client), renewal.notes(client, made["renewal"])]
    return pl.concat([client.tables["notes"], found, *rest])


STEPS = by_name(
    *positions.STEPS,
    *forward.STEPS,
    *exposure.STEPS,
    *feature_drift.STEPS,
    *shadow.STEPS,
    *received.STEPS,
    *renewal.STEPS,
    *signals.STEPS,
    *papers.STEPS,
    one("action_prices", lambda c, made: what_if.action_prices(c), told=True),
    *decided.STEPS,
    # what changed since a previous pack is kept beside the answers, where one was given
    one("changes", lambda client, made: ANSWERS["changes"].empty()),
    one("told", _notes),
)
