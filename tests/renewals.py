"""A small agreement and its answers for the tests of the renewal: two switch lines and users.

Not a test: loaded with `runpy` by the tests beside it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from cssm_lib.analyses import true_forward
from cssm_lib.answers.terms import TYPES
from cssm_lib.schema import ANSWERS, TABLES

AS_OF = dt.date(2026, 10, 31)
A, E, U = "LINE-A", "LINE-E", "LINE-U"
ADVANTAGE, ESSENTIALS = "C9300 DNA Advantage", "C9300 DNA Essentials"


def frame(rows, types):
    return pl.DataFrame(rows, schema=types) if rows else pl.DataFrame(schema=types)


def line(sku, **more):
    """A line of one agreement of 36 months that runs at AS_OF."""
    said = dict.fromkeys(TYPES) | {
        "agreement": "EA",
        "start": dt.date(2024, 2, 1),
        "end": dt.date(2027, 1, 31),
        "smart_accounts": ["*"],
        "virtual_accounts": ["*"],
        "outside_stock": "ignored",
        "suite": "Campus",
        "commitment": "full",
        "sku": sku,
        "position": 0,
        "licenses": [],
        "tags": [],
        "quoted_as": [],
        "support_quoted_as": [],
        "count": "sum",
        "entitled": 100,
        "per": "month",
        "months": "whole",
        "price_from": "by_commitment",
        "currency": "EUR",
    }
    money = ("price", "support_price", "list_price", "discount")
    exact = {name: Decimal(str(more[name])) for name in money if more.get(name) is not None}
    return said | more | exact


def lines(*rows, as_of=AS_OF):
    return true_forward.renewed_lines(frame(rows, TYPES), as_of=as_of)


def position(account, license_, **more):
    said = {
        "smart_account": "sa.example",
        "virtual_account": account,
        "license": license_,
        "snapshot_date": AS_OF,
        "entitled_basis": "lots",
        "demand": 0,
        "entitled": 0,
        "complete": True,
    } | more
    balance = said["entitled"] - said["demand"]
    return {"balance_after_substitution": balance} | said


def made(positions=(), **tables):
    """Answers with these positions, everything else empty but for what is given."""
    found = {name: table.empty() for name, table in ANSWERS.items()}
    given = {"positions": positions} | tables
    for name, rows in given.items():
        if rows is not None and len(rows):
            found[name] = ANSWERS[name].shaped(pl.DataFrame(list(rows), infer_schema_length=None))
    if "pooled" not in tables and not found["positions"].is_empty():
        pools = found["positions"].group_by("smart_account", "license").agg(pl.len())
        found["pooled"] = ANSWERS["pooled"].shaped(pools.drop("len"))
    return found


def named(sku, license_, *accounts):
    """Rows of `unit_prices`: the licence stands in the line, in these accounts."""
    return [
        {"smart_account": "sa.example", "virtual_account": account, "license": license_}
        | {"agreement": "EA", "suite": "Campus", "sku": sku}
        for account in accounts
    ]


def days(sku, *values, suite="Campus"):
    """Rows of `line_days`: (day, demand) or (day, demand, full)."""
    return [
        {"agreement": "EA", "suite": suite, "sku": sku, "snapshot_date": day, "demand": units}
        | {"full": full[0] if full else True}
        for day, units, *full in values
    ]


def ends(account, license_, units, day=dt.date(2027, 1, 31)):
    """A row of `expiries`."""
    return {"smart_account": "sa.example", "virtual_account": account, "license": license_} | {
        "end_date": day,
        "quantity": units,
    }


def quote(*rows):
    """Lines of a quote; amounts as printed."""
    said = [
        {"quote_number": "Q1", "line": str(number), "currency": "EUR", "months": 36} | row
        for number, row in enumerate(rows, 1)
    ]
    return TABLES["quote"].shaped(pl.DataFrame(said, infer_schema_length=None))
