"""What was received, and what is to be asked for: the data-request sheet.

Requests follow from what is missing, not whole, old, undated, cut off or unreadable in this client;
what each of them is, who may take it and what it proves is a rule pack (`rulebook/requests.toml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from cssm_lib.analyses.received.accounts import account_needs
from cssm_lib.analyses.received.devices import device_needs
from cssm_lib.analyses.received.files import file_needs
from cssm_lib.analyses.received.need import Need, Received
from cssm_lib.analyses.received.terms import term_needs
from cssm_lib.rules import Rules

__all__ = ["Need", "Received", "data_requests"]

NEEDS = dict.fromkeys(Need._fields, pl.String)
SAID = ("export", "who", "take", "proves", "waits")
UNKNOWN_ACCOUNT = "<Smart Account domain>"


def data_requests(it: Received) -> pl.DataFrame:
    """One row a thing to ask the customer for, in the order of the rule pack.

    Columns: number, those of `Need`, and from the rule pack export, who, take (steps joined by
    "; ", exact words between backticks, the account's name where a command needs it), proves,
    waits, source, confidence.
    """
    needs = [*file_needs(it), *account_needs(it), *device_needs(it), *term_needs(it)]
    found = pl.DataFrame(needs, schema=NEEDS, orient="row")
    account = pl.coalesce("concerns", pl.lit(UNKNOWN_ACCOUNT))
    return (
        found.join(_pack(it.rules), on="request")
        .sort("order", "concerns", "state", "found", nulls_last=True)
        .with_columns(take=_filled("take", account), who=_who(it.accounts))
        .with_row_index("number", offset=1)
    )


def _who(accounts: Mapping[str, str]) -> pl.Expr:
    """What a Smart Account is asked for is asked of the one who holds it."""
    resellers = [name for name, holder in accounts.items() if holder == "reseller"]
    held = pl.col("concerns").is_in(resellers)
    return pl.when(held).then(pl.format("Reseller that holds {}", "concerns")).otherwise("who")


def _filled(name: str, account: pl.Expr) -> pl.Expr:
    parts = pl.col(name).str.split("{account}")
    return parts.list.join(account)


def _pack(rules: Rules) -> pl.DataFrame:
    """One row a request of the rule pack, in its order."""
    entries = [rule for path, rule in rules.entries.items() if path.startswith("requests.")]
    rows: list[dict[str, Any]] = [
        {"request": rule.path.removeprefix("requests."), "order": order}
        | {name: rule.value[name] for name in SAID}
        | {"source": rule.source, "confidence": rule.confidence}
        for order, rule in enumerate(entries)
        if isinstance(rule.value, dict)
    ]
    return pl.DataFrame(rows).with_columns(pl.col("take").list.join("; "))
