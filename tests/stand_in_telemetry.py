"""Stand-in tables of page 05: a method, a state, a score and a finding of every kind."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

AS_OF = dt.date(2026, 10, 31)
HOSTILE = "<script>alert('x')</script>"
METHODS = [one["method"] for one in load_rules()["telemetry.methods"]]
STATES = ["none", "in time", "watch", "overdue", "unknown"]
INSTANCE = {"smart_account": "aurora-0.example", "product": "C9300-48P"}


def instance(number):
    return INSTANCE | {
        "virtual_account": f"Branch {number % 5:03d}",
        "serial": f"ZZX{number:04}",
        "hostname": HOSTILE if number == 3 else None if number % 7 == 6 else f"sw-{number}",
    }


def exposure(count=40):
    rows = [
        instance(n)
        | {
            "method": METHODS[n % len(METHODS)],
            "witness": "its own transport: Smart",
            "visibility": "with each usage report",
            "risk": ("high", "medium", "low", "unknown")[n % 4],
            "sends_hostname": n % 7 != 6,
            "sends_version": (True, False, None)[n % 3],
            "sends_serial": True,
            "last_contact": AS_OF - dt.timedelta(days=n * 9),
            "units": 2,
            "money": Decimal("30") if n % 2 else None,
            "currency": "EUR",
            "complete": n != 4,
        }
        for n in range(count)
    ]
    return ANSWERS["exposure"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def methods(frame):
    from cssm_lib.analyses.exposure import methods as made

    return made(frame, load_rules())


def duties(count=40):
    rows = [
        instance(n)
        | {
            "license_class": ("perpetual", "subscription")[n % 2],
            "last_contact": AS_OF - dt.timedelta(days=n),
            "due": None if n % 5 in (0, 4) else AS_OF + dt.timedelta(days=20 * (3 - n % 5)),
            "basis": f"ACK of 2026-08-{n % 28 + 1:02} + 90 days",
            "state": STATES[n % 5],
            "policy": "default",
            "complete": True,
        }
        for n in range(count)
    ]
    return ANSWERS["duties"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def report_ages(licenses=12):
    rows = [
        {
            "smart_account": "aurora-0.example",
            "virtual_account": f"Branch {n % 5:03d}",
            "license": f"C9300 48P DNA Advantage {n:03d}",
            "in_use": 100 + n,
            "instances": 90,
            "oldest_report": AS_OF - dt.timedelta(days=10 * n),
            "oldest_age_days": 10 * n,
            "fresh_units": 100 - n,
            "old_units": n,
            "undated_units": 0,
            "unexplained_units": n,
            "use_at_least": 100 - n,
            "use_at_most": 100 + n,
            "unconfirmed_units": 2 * n,
            "complete": True,
        }
        for n in range(licenses)
    ]
    return ANSWERS["report_ages"].shaped(pl.DataFrame(rows))


def hygiene():
    rows = [
        {
            "number": n,
            "finding": one["finding"],
            "smart_account": "aurora-0.example",
            "virtual_account": f"Branch {n % 5:03d}",
            "where": HOSTILE,
            "units": 10 * n,
            "evidence": "likeness 100 of 100",
            "move": one["move"],
            "role": one["role"],
            "target": "closed once it is empty",
        }
        for n, one in enumerate(load_rules()["hygiene.moves"], 1)
    ]
    return ANSWERS["hygiene"].shaped(pl.DataFrame(rows))


def account_plan():
    proposals = ["keep", "decide", "empty and close", "move to the customer", "keep"]
    rows = [
        {
            "smart_account": "aurora-0.example",
            "virtual_account": f"Branch {n:03d}",
            "instances": n,
            "licenses": 4,
            "entitled": 100,
            "demand": 60,
            "proposal": proposal,
            "findings": "dormant account" if n == 2 else None,
        }
        for n, proposal in enumerate(proposals)
    ]
    return ANSWERS["account_plan"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def account_days(days=12):
    rows = [
        {
            "smart_account": account,
            "snapshot_date": AS_OF - dt.timedelta(days=30 * n),
            "virtual_accounts": 9 - n // 3,
            "with_demand": 5,
            "complete": n != 5,
        }
        for n in range(days)
        for account in ("aurora-0.example", None)
    ]
    return ANSWERS["account_days"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def lifecycle_ages(count=28):
    rows = [
        instance(n)
        | {
            "software_version": "17.9.4",
            "software_score": (None, 0, 1, 2)[n % 4],
            "hardware_score": (None, 0, 0, 3, 4, 5, None)[n % 7],
            "basis": "software version not known",
            "complete": True,
        }
        for n in range(count)
    ]
    frame = ANSWERS["lifecycle_ages"].shaped(pl.DataFrame(rows, infer_schema_length=None))
    return frame.with_columns(score=pl.max_horizontal("software_score", "hardware_score"))


def meraki_expiry():
    rows = [
        {"formula": formula, "expires": day, "days_left": 500, "state": state, "basis": "ends"}
        for formula, day, state in (
            ("count-weighted", dt.date(2028, 6, 6), "differs"),
            ("price-weighted", None, "unknown"),
            ("dashboard", dt.date(2028, 7, 31), "agrees"),
        )
    ]
    return ANSWERS["meraki_expiry"].shaped(pl.DataFrame(rows))


def meraki_stock():
    rows = [
        {"licensing": "co-termination", "product": product, "licensed": 3, "in_use": 3 - free}
        | {"free": free, "short": max(0, -free), "state": "short" if free < 0 else "free"}
        for product, free in (("MR46", -1), (HOSTILE, 1))
    ]
    return ANSWERS["meraki_stock"].shaped(pl.DataFrame(rows))


def meraki_states():
    row = {"licensing": "co-termination", "state": "valid", "licenses": 3, "devices": 5}
    return ANSWERS["meraki_states"].shaped(pl.DataFrame([row]))


def captures():
    days = (AS_OF, AS_OF + dt.timedelta(days=1), None)
    rows = [
        {"hostname": HOSTILE, "serial": f"ZZX{n}", "transport": "Smart", "snapshot_date": day}
        | {"says_reporting": True, "last_ack": dt.datetime(2026, 8, n + 1), "zone": "UTC"}
        | {"rum_waiting": n, "source": "c.txt", "place": str(n)}
        for n, day in enumerate(days)
    ]
    return TABLES["captures"].shaped(pl.DataFrame(rows))


def tables():
    seen = exposure()
    return {
        "captures": captures(),
        "exposure": seen,
        "methods": methods(seen),
        "duties": duties(),
        "report_ages": report_ages(),
        "hygiene": hygiene(),
        "account_plan": account_plan(),
        "account_days": account_days(),
        "lifecycle_ages": lifecycle_ages(),
        "meraki_expiry": meraki_expiry(),
        "meraki_stock": meraki_stock(),
        "meraki_states": meraki_states(),
    }
