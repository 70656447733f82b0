"""Every table of the Answers, once, in the order in which they need one another."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from cssm_lib.analyses import (
    expiries,
    history,
    instances,
    transfers,
    true_forward,
    utilisation,
)
from cssm_lib.answers import (
    decided,
    exposure,
    feature_drift,
    forward,
    papers,
    received,
    renewal,
    shadow,
    signals,
    what_if,
)
from cssm_lib.answers.terms import agreement_lines
from cssm_lib.client import Client
from cssm_lib.schema import ANSWERS

POOL = ["smart_account", "license"]
LINE = ["agreement", "suite", "sku"]


def answer_tables(client: Client) -> dict[str, pl.DataFrame]:
    """All tables of `schema.ANSWERS` and the client's own tables, by name."""
    known = replace(client, tables=client.known())
    held = history.holdings(known.tables, known.rules, as_of=known.as_of)
    shown = forward.prepared(held)
    days = history.pool_days(held, by=POOL, rules=known.rules, seen=shown["pages"])
    answers = _standings(known, held, days) | forward.tables(known, shown)
    answers["pool_days"] = days
    answers |= exposure.tables(known, answers | {"holdings": held})
    answers |= feature_drift.tables(known, answers | {"holdings": held})
    answers |= shadow.tables(known, answers)
    answers |= received.tables(known, answers)
    answers |= renewal.tables(known, answers)
    answers |= signals.tables(known, answers)
    answers |= papers.tables(known, answers)
    answers |= what_if.tables(client)
    answers |= decided.tables(client, answers)
    # what changed since a previous pack is kept beside the answers, where one was given
    answers["changes"] = ANSWERS["changes"].empty()
    shaped = {name: table.shaped(answers[name]) for name, table in ANSWERS.items()}
    told = pl.concat([_notes(client, shown), renewal.notes(client, answers["renewal"])])
    return shaped | dict(client.tables) | {"notes": told}


def _notes(client: Client, shown: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The client's notes, and the lines of agreements that no licence of the files fits."""
    lines = agreement_lines(client)
    absent = true_forward.unmatched_days(
        shown["places"], lines, seen=shown["pages"], rules=client.rules
    )
    parts = shadow.notes(client)
    found = (
        absent.select(LINE)
        .unique()
        .sort(LINE)
        .select(
            about=pl.format("{} / {} / {}", *LINE),
            note=pl.lit("no licence in the files fits this line: it is measured as 0."),
        )
    )
    return pl.concat([client.tables["notes"], found, parts])


def _standings(client: Client, held: pl.DataFrame, days: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What stands at as_of."""
    as_of, rules, tables = client.as_of, client.rules, client.tables
    now = history.standing(held, as_of=as_of)
    positions = utilisation.positions(now, held, days, tables, as_of=as_of, rules=rules)
    lots = history.counted_lots(tables)
    return {
        "positions": positions,
        "pooled": utilisation.pooled(now, positions, days, as_of=as_of, rules=rules),
        "transfers": transfers.transfers(
            now, held, lots, as_of=as_of, renewal_end=_renewal_end(client), rules=rules
        ),
        "instance_check": instances.instance_check(
            held, tables["devices"], tables["device_licenses"], as_of=as_of, rules=rules
        ),
        "expiries": expiries.expiries(now, lots, as_of=as_of, rules=rules),
    }


def _renewal_end(client: Client) -> dt.date | None:
    """The next end of an agreement on or after as_of: what moved units must outlive."""
    ends = [agreement.end for agreement in client.config.agreements]
    return min((end for end in ends if client.as_of is None or end >= client.as_of), default=None)
