"""The data-request sheet of a client: what is there and what the answers lack."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses import received
from cssm_lib.answers.terms import agreement_lines
from cssm_lib.client import Client

AGREEMENTS = {"agreement": pl.String, "start": pl.Date, "end": pl.Date}


def tables(client: Client, made: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """`data_requests`; `made` are the answers so far, `client` is cut at its as_of."""
    agreements = [(one.name, one.start, one.end) for one in client.config.agreements]
    known = received.Received(
        tables={**client.tables, **made},
        agreements=pl.DataFrame(agreements, schema=AGREEMENTS, orient="row"),
        lines=agreement_lines(client),
        accounts={account.name: account.held_by for account in client.config.smart_accounts},
        as_of=client.as_of,
        rules=client.rules,
    )
    return {"data_requests": received.data_requests(known)}
