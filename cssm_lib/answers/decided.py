"""A scenario in words, what it changes of the headline figures, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from cssm_lib.answers.steps import one
from cssm_lib.answers.what_if import FORWARD, TERM
from cssm_lib.client import Client
from cssm_lib.schema import ANSWERS
from cssm_lib.schema.figures import FIGURES, MONEY, MOVED
from cssm_lib.schema.figures.made import Figure

Tables = Mapping[str, pl.DataFrame]
KINDS = (FORWARD, TERM)
ABOUT = pl.format("{} / {}", "scenario", "action")  # as the client's notes name an action
WITHHELD = "withheld"
NO_TERMS = "no agreement is told"
NO_PRICE = "no line has a price"
IN_A_GROUP = "priced together with others: only 8 stand alone"


def scenario_actions(client: Client) -> pl.DataFrame:
    """One row per action of the client's scenario; empty for a client as it is."""
    actions = client.scenario.actions if client.scenario else ()
    rows = [
        {"scenario": client.scenario.name, "place": place, "action": done.name, "does": done.do}
        | {"from_day": getattr(done, "from_", None), "to_day": getattr(done, "to", None)}
        | {"why": done.why}
        | _in_words(client, done)
        for place, done in enumerate(actions, 1)
    ]
    told = _shaped("scenario_actions", rows).with_columns(about=ABOUT).drop("note")
    return ANSWERS["scenario_actions"].shaped(
        told.join(
            client.tables["notes"].unique("about", keep="first"), on="about", how="left"
        ).sort("place")
    )


def _in_words(client: Client, action: Any) -> dict[str, str]:
    """Patterns name accounts and hosts: a client under pseudonyms tells none."""
    from cssm_lib.scenario.words import what, where

    if client.before.before is not None:
        return {"what": WITHHELD, "where": WITHHELD}
    return {"what": what(action), "where": where(action) or "everywhere"}


def decisions(client: Client, made: Tables) -> pl.DataFrame:
    """One row per decision of the client's scenario, with the worth of the action it is about.

    An action that is priced in a group with others has no money of its own.
    """
    told = client.scenario.decisions if client.scenario else ()
    rows = [
        {"scenario": client.scenario.name, "number": number} | dict(one)
        for number, one in enumerate(told, 1)
    ]
    listed = _shaped("decisions", rows).drop(*KINDS, "currency")
    # a row of several actions has the place of the first and the names of all
    own = scenario_actions(client).select("place", "action")
    prices = made["action_prices"].join(own, on=own.columns, how="semi")
    worth = listed.join(_worth(prices), on="action", how="left")
    alone = pl.col("currency").is_not_null() | pl.col("true_forward").is_not_null()
    why = IN_A_GROUP if client.config.agreements else NO_TERMS
    unknown = pl.all_horizontal(pl.col(kind).is_null() for kind in KINDS)
    no_price = (
        pl.when(pl.col("action").is_not_null() & ~alone)
        .then(pl.lit(why))
        .when(pl.col("action").is_not_null() & unknown)
        .then(pl.lit(NO_PRICE))
    )
    return ANSWERS["decisions"].shaped(worth.with_columns(no_price=no_price).sort("number"))


def _worth(prices: pl.DataFrame) -> pl.DataFrame:
    """Each action's money of all agreements, a column a kind of money."""
    of = {kind: pl.col("money").filter(pl.col("of") == kind) for kind in KINDS}
    sums = [pl.when(one.count() > 0).then(one.sum()).alias(kind) for kind, one in of.items()]
    return prices.group_by("action").agg(*sums, pl.col("currency").first())


def scenario_effects(client: Client, made: Tables, today: Tables | None = None) -> pl.DataFrame:
    """One row per headline figure: for the client as it is, under the scenario, the change.

    The client as it is goes by its own day and rules, whatever the scenario says of them; `today`
    are its tables, worked out where they are not given.
    """
    if client.scenario is None or client.before is None:
        return ANSWERS["scenario_effects"].empty()
    from cssm_lib.answers.compute import making

    today = making(client.before) if today is None else today
    money = client.config.currency or "money units"
    rows = [
        {"scenario": client.scenario.name, "place": place, "page": page, "figure": one.id}
        | {"label": one.label, "unit": money if one.unit == MONEY else one.unit}
        | {"today": _value(one, today), "after": _value(one, made)}
        for place, (page, one) in enumerate(_told(), 1)
    ]
    effects = _shaped("scenario_effects", rows)
    return effects.with_columns(change=pl.col("after") - pl.col("today"))


def _told() -> list[tuple[str, Figure]]:
    """The figures by which a scenario is told, each with the page that it stands on."""
    return [(page, FIGURES[name]) for page, names in MOVED.items() for name in names]


def _value(one: Figure, tables: Tables) -> Decimal | None:
    found = one.value(tables[one.table])
    return None if found is None else Decimal(found)


def _shaped(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    contract = ANSWERS[name]
    return (
        contract.shaped(pl.DataFrame(rows, infer_schema_length=None)) if rows else contract.empty()
    )


STEPS = (
    one("scenario_actions", lambda client, made: scenario_actions(client), told=True),
    one("decisions", decisions, told=True),
    one("scenario_effects", scenario_effects, told=True),
)
