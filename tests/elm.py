"""A small client by hand, and scenarios for it.

Not a test: loaded with `runpy` by the tests of scenarios.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.client import Client
from cssm_lib.config import ClientConfig
from cssm_lib.rules import load_rules
from cssm_lib.scenario import Scenario
from cssm_lib.schema import TABLES

JULY, OCTOBER = dt.date(2026, 7, 31), dt.date(2026, 10, 31)
ADV, ESS = "C9300 24P DNA Advantage", "C9300 24P DNA Essentials"
HERE = {"smart_account": "elm.example"}
EA = {
    "name": "EA",
    "start": "2025-01-01",
    "end": "2027-12-31",
    "true_forward": {"measure": "as_of"},
    "suites": [
        {"name": "Campus", "lines": [{"sku": "S-A", "licenses": [ADV], "entitled": 2, "price": 10}]}
    ],
}


def usage(account: str, name: str, quantity: int, in_use: int, **more: Any) -> dict[str, Any]:
    left = quantity - in_use
    told = HERE | {"virtual_account": account, "license": name, "license_raw": name}
    told |= {"quantity": quantity, "in_use": in_use, "available": left, "billing": "PREPAID"}
    return told | {"source": "u.json", "place": "/0", "witness": "licenses"} | more


def device(host: str, account: str, name: str = ADV, **more: Any) -> dict[str, Any]:
    told = HERE | {"virtual_account": account, "hostname": host, "serial": f"ZZ{host}"}
    return told | {"udi_pid": "C9300-24T", "license": name, "quantity": 1, "source": "d"} | more


def client(days: tuple[dt.date, ...] = (JULY, OCTOBER), **tables: list[dict[str, Any]]) -> Client:
    """Two accounts: North has 5 of which 4 are used, South has 1 and uses 3; every day the same."""
    rows = {
        "usage": [usage("North", ADV, 5, 4), usage("South", ADV, 1, 3)],
        "lots": [
            lot("North", 3, dt.date(2027, 1, 31)),
            lot("North", 2, None),
            lot("South", 1, None),
        ],
        "devices": [device(f"n{i}", "North") for i in range(4)]
        + [device(f"s{i}", "South") for i in range(3)],
    } | tables
    rows.setdefault("device_licenses", rows["devices"])
    frames = {name: table.empty() for name, table in TABLES.items()}
    for name, one in rows.items():
        spread = [{"snapshot_date": day, **row} for day in days for row in one]
        frames[name] = TABLES[name].shaped(pl.DataFrame(spread, infer_schema_length=None))
    config = ClientConfig.model_validate({"client": "Elm", "agreements": [EA]})
    return Client("Elm", Path("elm"), OCTOBER, config, load_rules(), frames)


def lot(account: str, units: int, end: dt.date | None) -> dict[str, Any]:
    told = HERE | {"virtual_account": account, "license": ADV, "license_raw": ADV, "end_date": end}
    told |= {"quantity": units, "status": "ACTIVE", "license_type": "TERM", "source": "u.json"}
    return told | {"witness": "licenses", "billing": "PREPAID"}


def what_if(*actions: dict[str, Any], **more: Any) -> Scenario:
    named = [{"name": f"{place}"} | action for place, action in enumerate(actions)]
    return Scenario.model_validate({"name": "What if", "actions": named} | more)


RETIRE = {"do": "retire", "hostname": "n[01]"}
MOVE = {
    "do": "move",
    "smart_account": "elm.example",
    "license": ADV,
    "from_virtual_account": "North",
    "to_virtual_account": "South",
    "units": 2,
}
