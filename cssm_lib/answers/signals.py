"""The tables of signals and asks: the answers read once more, with the renewal's prices."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses import signals
from cssm_lib.answers.renewal import consumers, renewed
from cssm_lib.answers.steps import Made, several
from cssm_lib.client import Client


def tables(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """`signals` and `asks`; `made` has all answers that they rest on."""
    worth, rules = renewed(client), client.rules
    found = signals.signals(made, consumers(client, made), worth, as_of=client.as_of, rules=rules)
    asked = signals.asks(made, worth, as_of=client.as_of, rules=rules)
    return {"signals": found, "asks": asked}


STEPS = (several("signals asks", tables),)
