"""The papers of a renewal: what to do, when, and what to put in writing."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses import actions, calendar, signals, statements
from cssm_lib.answers.steps import Made, several
from cssm_lib.client import Client

AGREEMENT = {
    "agreement": pl.String,
    "start": pl.Date,
    "end": pl.Date,
    "notice_days": pl.Int64,
}


def tables(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """The answers actions, calendar and statements; `made` has those that they rest on."""
    found = actions.from_transfers(made["transfers"])
    listed = actions.merged(found, client.actions, as_of=client.as_of)
    done = listed.filter(pl.col("status") == "done")["id"]
    days = calendar.calendar(
        _agreements(client), client.tables["usage"], done, as_of=client.as_of, rules=client.rules
    )
    put = statements.statements(made["positions"], made["pooled"], made["instance_check"])
    stated = signals.stated(made["signals"], made["quote_causes"], client.rules)
    return {"actions": listed, "calendar": days, "statements": pl.concat([put, stated])}


def _agreements(client: Client) -> pl.DataFrame:
    rows = [
        {"agreement": one.name, "start": one.start, "end": one.end, "notice_days": one.notice_days}
        for one in client.config.agreements
    ]
    return pl.DataFrame(rows, schema=AGREEMENT)


STEPS = (several("actions calendar statements", tables),)
