"""Stand-in tables of instances against own records, with every state in them.

Not a test: loaded with `runpy` by `stand_in.py`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from cssm_lib.schema import ANSWERS

AS_OF = dt.date(2026, 10, 31)
HOSTILE = "<img src=x onerror=alert(1)> & \"C9300\" 'x'"
STATES = ["matched", "shadow", "ghost", "retired", "stale", "duplicate", "successor", "moved"]
STATES += ["returned", "masked", "software", "undecided"]
COLUMNS = ["retired with evidence", "ask first", "never", None]


def matches(rows=60):
    found = [
        {
            "about": "record" if STATES[n % 12] == "ghost" else "instance",
            "device_serial": f"ZZQ2101{n:04}",
            "device_hostname": HOSTILE if n == 3 else f"sw{n}",
            "smart_account": "aurora.example",
            "virtual_account": f"Branch {n % 3:03d}",
            "asset_name": f"sw{n}",
            "tier": ["T1", "T2", "T3", "T4", "T5", None][n % 6],
            "runner_up": HOSTILE,
            "state": STATES[n % 12],
            "action": "none" if n % 12 == 0 else "record it",
            "units": n % 4,
            "money": Decimal(30 * (n % 4)),
            "removal": COLUMNS[n % 4],
            "freed_units": n % 4 if n % 4 < 2 else 0,
            "complete": n % 7 != 6,
        }
        for n in range(rows)
    ]
    return ANSWERS["matches"].shaped(pl.DataFrame(found, infer_schema_length=None))


def match_classes(frame):
    sums = frame.group_by("state", maintain_order=True).agg(
        instances=(pl.col("about") == "instance").sum(),
        records=(pl.col("about") == "record").sum(),
        units=pl.col("units").sum(),
        money=pl.col("money").sum(),
    )
    return ANSWERS["match_classes"].shaped(sums.with_columns(position=pl.lit(HOSTILE)))


def instance_spans(rows=40):
    ways = ["there from the first export", "new", "moved", "came back"]
    found = [
        {
            "smart_account": "aurora.example",
            "virtual_account": f"Branch {n % 5:03d}",
            "serial": f"ZZQ2101{n:04}",
            "hostname": HOSTILE if n == 1 else f"sw{n}",
            "state": "shadow" if n % 3 else "matched",
            "arrival": ways[n % 4],
            "appeared_after": AS_OF - dt.timedelta(days=30 * n + 30) if n % 4 else None,
            "first_day": AS_OF - dt.timedelta(days=30 * n),
            "last_day": AS_OF,
            "units_first": 1,
            "units_last": 2,
            "followed": n % 9 == 8,
        }
        for n in range(rows)
    ]
    return ANSWERS["instance_spans"].shaped(pl.DataFrame(found, infer_schema_length=None))


def others():
    conflict = {"asset_name": HOSTILE, "field": "status", "trusted_value": HOSTILE}
    build = {"kind": "stack", "hostname": HOSTILE, "members": 3, "counted": 4, "unexplained": 1}
    worth = {
        "agreement": "EA Networking",
        "suite": "Campus switching",
        "sku": "E3N-C9300-A",
        "reading": "contract",
        "removal": "retired with evidence",
        "units": 60,
        "avoided_units": Decimal("60"),
        "money": Decimal("1800"),
        "why": HOSTILE,
    }
    rows = {"record_conflicts": conflict, "expected_counts": build, "cleanup": worth}
    return {name: ANSWERS[name].shaped(pl.DataFrame([row])) for name, row in rows.items()}


def tables(rows=60):
    found = matches(rows)
    spans = instance_spans(max(rows * 2 // 3, 2))
    return {"matches": found, "match_classes": match_classes(found), "instance_spans": spans} | (
        others()
    )
