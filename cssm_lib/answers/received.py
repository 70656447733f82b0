"""The data-request sheet of a client: what is there and what the answers lack."""

from __future__ import annotations

from collections import ChainMap

import polars as pl

from cssm_lib.analyses import received
from cssm_lib.answers.steps import Made, one
from cssm_lib.client import Client

ANSWERED = ("positions", "true_forward")
AGREEMENTS = {"agreement": pl.String, "start": pl.Date, "end": pl.Date}


def _requests(client: Client, made: Made) -> pl.DataFrame:
    """What is there and what is asked for."""
    agreements = [(one.name, one.start, one.end) for one in client.config.agreements]
    known = received.Received(
        tables=ChainMap({name: made[name] for name in ANSWERED}, client.tables),
        agreements=pl.DataFrame(agreements, schema=AGREEMENTS, orient="row"),
        lines=made["lines"],
        accounts={account.name: account.held_by for account in client.config.smart_accounts},
        as_of=client.as_of,
        rules=client.rules,
    )
    return received.data_requests(known)


STEPS = (one("data_requests", _requests),)
