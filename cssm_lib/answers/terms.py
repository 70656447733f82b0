"""The client's own terms as a table: one row a line of a suite of an agreement."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl

from cssm_lib.analyses.true_forward import contradiction
from cssm_lib.client import Client
from cssm_lib.errors import ConfigError
from cssm_lib.schema import MONEY

PARTS = pl.Decimal(38, 6)
PATTERNS = ("licenses", "tags", "quoted_as", "support_quoted_as")
TYPES: dict[str, Any] = {
    "agreement": pl.String,
    "programme": pl.String,
    "start": pl.Date,
    "end": pl.Date,
    "smart_accounts": pl.List(pl.String),
    "virtual_accounts": pl.List(pl.String),
    "outside_stock": pl.String,
    "suite": pl.String,
    "commitment": pl.String,
    "sku": pl.String,
    "position": pl.Int64,
    "licenses": pl.List(pl.String),
    "tags": pl.List(pl.String),
    "quoted_as": pl.List(pl.String),
    "support_quoted_as": pl.List(pl.String),
    "metric": pl.String,
    "count": pl.String,
    "entitled": pl.Int64,
    "price": MONEY,
    "support_price": MONEY,
    "list_price": MONEY,
    "list_date": pl.Date,
    "discount": PARTS,
    "per": pl.String,
    "measure": pl.String,
    "allowance": PARTS,
    "charged": pl.String,
    "credit": pl.String,
    "ratchet": pl.String,
    "early_events": pl.String,
    "months": pl.String,
    "shift_consumes": pl.Boolean,
    "allowance_from_month": pl.Int64,
    "price_from": pl.String,
    "initial_cap": PARTS,
    "standard_cap": PARTS,
    "last_months": pl.Int64,
    "currency": pl.String,
}


def agreement_lines(client: Client) -> pl.DataFrame:
    """One row per line: what it counts, what it costs and the True Forward terms in force for it.

    A setting of the suite wins over one of the agreement, that over the rule pack's
    `true_forward.contract`. Raises ConfigError where the settings of a suite contradict each other.
    """
    rules = client.rules
    numbers = ("initial_cap", "standard_cap", "last_months")
    shipped = rules["true_forward.contract"] | {n: rules[f"true_forward.{n}"] for n in numbers}
    _agree(client, shipped)
    rows = [
        line.model_dump(exclude=set(PATTERNS))
        | {name: list(getattr(line, name)) for name in PATTERNS}
        | shipped
        | agreement.true_forward.said()
        | suite.true_forward.said()
        | {
            "agreement": agreement.name,
            "programme": agreement.programme,
            "start": agreement.start,
            "end": agreement.end,
            "smart_accounts": list(agreement.smart_accounts),
            "virtual_accounts": list(agreement.virtual_accounts),
            "outside_stock": agreement.outside_stock,
            "suite": suite.name,
            "commitment": suite.commitment,
            "position": position,
            "currency": client.config.currency,
        }
        for agreement in client.config.agreements
        for suite in agreement.suites
        for position, line in enumerate(suite.lines)
    ]
    shares = ("allowance", "initial_cap", "standard_cap")
    exact = [row | {name: Decimal(str(row[name])) for name in shares} for row in rows]
    return pl.DataFrame(exact, schema=TYPES)


def _agree(client: Client, shipped: dict[str, Any]) -> None:
    """Refuse settings that contradict each other, with the place where they stand."""
    for place, agreement in enumerate(client.config.agreements):
        for number, suite in enumerate(agreement.suites):
            said = agreement.true_forward.said() | suite.true_forward.said()
            stock = {"outside_stock": agreement.outside_stock}
            fault = contradiction(shipped | stock | said, said)
            if fault:
                own = f".suites[{number}]" if suite.true_forward.said() else ""
                raise ConfigError(
                    f"client.toml: agreements[{place}]{own}.true_forward: {fault}."
                    " Change one of the two."
                )
