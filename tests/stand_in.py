"""Stand-in answers for the tests of what a reader sees: small frames with every case in them.

Not a test: loaded with `runpy` by the tests beside it.
"""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal
from pathlib import Path

import polars as pl

from cssm_lib.schema import ANSWERS, TABLES

telemetry = runpy.run_path(str(Path(__file__).with_name("stand_in_telemetry.py")))
shadow = runpy.run_path(str(Path(__file__).with_name("stand_in_shadow.py")))
AS_OF = dt.date(2026, 10, 31)
HOSTILE = "<img src=x onerror=alert(1)> & \"C9300\" 'x'"


class StandIn:
    """What notebooks need of Answers: tables by name, a name, a day, `about`."""

    def __init__(self, tables, about=None):
        self.tables = tables
        self.name, self.as_of, self.currency = "Aurora Health", AS_OF, "EUR"
        self.about = about or ABOUT

    def __getitem__(self, name):
        table = {**TABLES, **ANSWERS}[name]
        return self.tables.get(name, table.empty())


ABOUT = {
    "client": "Aurora Health",
    "currency": "EUR",
    "as_of": "2026-10-31",
    "agreements": [
        {
            "name": "EA Networking",
            "start": "2024-02-01",
            "end": "2027-01-31",
            "notice_days": 45,
            "programme": "EA 3.0",
            "suites": ["Campus switching"],
        }
    ],
    "smart_accounts": [{"name": "aurora.example", "held_by": "customer"}],
    "rules": [
        {
            "path": "positions.window_days",
            "value": 365,
            "unit": "days",
            "source": "trailing year",
            "confidence": "medium",
            "as_of": "2026-11-01",
            "overridden": False,
        },
        {
            "path": "licences.ladders",
            "value": [{"name": "a"}, {"name": "b"}],
            "unit": "",
            "source": "order of tiers",
            "confidence": "assumed",
            "as_of": "2026-11-01",
            "overridden": True,
        },
    ],
    "inputs": [{"source": "licenses.json", "kind": "licenses", "digest": "ab", "bytes": 10}],
    "key": "k",
    "version": "0.1.0",
}


def names(count, word):
    return [f"{word} {number:03d}" for number in range(count)]


def positions(licenses=12, accounts=5, smart_accounts=1):
    """Shorts, surpluses and balanced rows in a fixed pattern."""
    rows = []
    for i, license_ in enumerate(names(licenses, "C9300 48P DNA Advantage")):
        for j, account in enumerate(names(accounts, "Branch")):
            entitled = (i * 37 + j * 11) % 90 * 10
            demand = (i * 23 + j * 29) % 70 * 12
            balance = entitled - demand
            rows.append(
                {
                    "smart_account": f"aurora-{j % smart_accounts}.example",
                    "virtual_account": account,
                    "license": license_,
                    "snapshot_date": AS_OF,
                    "age_days": 0,
                    "quantity": entitled,
                    "entitled": entitled,
                    "entitled_basis": "lots",
                    "entitled_gap": 0,
                    "in_use": demand,
                    "reserved": 0,
                    "demand_identity": "in_use",
                    "demand": demand,
                    "lent": 0,
                    "borrowed": 0,
                    "balance": balance,
                    "exported_balance": balance,
                    "balance_after_substitution": balance,
                    "peak_in_use": demand,
                    "zero_note": "zero" if demand == 0 and entitled else None,
                    "zero_since": dt.date(2026, 3, 1) if demand == 0 and entitled else None,
                    "stranded_units": entitled if demand == 0 else 0,
                    "complete": j != 4,
                }
            )
    return ANSWERS["positions"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def pooled(frame):
    balance = pl.col("balance_after_substitution")
    sums = frame.group_by("smart_account", "license", maintain_order=True).agg(
        pl.col("entitled", "demand", "in_use", "balance", "stranded_units").sum(),
        (-balance.clip(upper_bound=0)).sum().alias("short_units"),
        balance.clip(lower_bound=0).sum().alias("free"),
        pl.col("complete").all(),
    )
    sums = sums.with_columns(
        pl.min_horizontal("short_units", "free").alias("curable_units"),
        (pl.col("free") // 3).alias("shelf_units"),
        pl.lit(300).alias("shelf_days"),
    ).with_columns((pl.col("short_units") - pl.col("curable_units")).alias("true_gap"))
    return ANSWERS["pooled"].shaped(sums)


def pool_days(licenses=8, days=14):
    rows = [
        {
            "smart_account": "aurora.example",
            "license": license_,
            "snapshot_date": day,
            "entitled": 500 + i * 40,
            "demand": 380 + (i * 31 + n * 17) % 190,
            "free": 120 + i * 40 - (i * 31 + n * 17) % 190,
            "deficit": 0,
            "full": n % 6 != 4,
        }
        for i, license_ in enumerate(names(licenses, "C9300 48P DNA Advantage"))
        for n, day in enumerate(snapshot_days(days))
    ]
    return ANSWERS["pool_days"].shaped(pl.DataFrame(rows))


def snapshot_days(count):
    """Monthly, newest last, with two months missing in the middle."""
    steps = [n + (2 if n > count // 2 else 0) for n in range(count)]
    return [AS_OF - dt.timedelta(days=30 * n) for n in reversed(steps)]


def expiries(licenses=12):
    rows = [
        {
            "smart_account": "aurora.example",
            "virtual_account": f"Branch {i % 3:03d}",
            "license": license_,
            "end_date": AS_OF + dt.timedelta(days=20 + i * 47 % 1400),
            "quantity": 20 + i * 13 % 200,
            "balance_after": 40 - i * 9 % 90,
            "days_left": 20 + i * 47 % 1400,
        }
        for i, license_ in enumerate(names(licenses, "C9300 48P DNA Advantage"))
    ]
    return ANSWERS["expiries"].shaped(pl.DataFrame(rows))


def transfers(count=9):
    rows = [
        {
            "smart_account": "aurora.example",
            "license": license_,
            "from_virtual_account": "Headquarters",
            "to_virtual_account": f"Branch {i:03d}",
            "quantity": 60 - i % 50,
            "warning": "the donor's lot ends before the renewal" if i % 4 == 0 else None,
            "is_portable": False,
        }
        for i, license_ in enumerate(names(count, "C9300 48P DNA Advantage"))
    ]
    return ANSWERS["transfers"].shaped(pl.DataFrame(rows))


def instance_check(accounts=5):
    rows = [
        {
            "smart_account": "aurora.example",
            "virtual_account": account,
            "license": "C9300 48P DNA Advantage",
            "in_use": 100 + 10 * i,
            "explained_by_instances": 90 + 16 * i,
            "unexplained": 10 - 6 * i,
            "complete": True,
        }
        for i, account in enumerate(names(accounts, "Branch"))
    ]
    return ANSWERS["instance_check"].shaped(pl.DataFrame(rows))


def usage(licenses=3):
    rows = [
        {
            "snapshot_date": day,
            "smart_account": account,
            "virtual_account": "Branch 000",
            "license": license_,
            "quantity": 10,
            "in_use": 5,
            "source": f"{account}/{day}.json",
            "place": "/licenses/0",
        }
        for account in ("aurora.example", "lab.example")
        for day in snapshot_days(10)
        for license_ in names(licenses, "C9300 48P DNA Advantage")
    ]
    return TABLES["usage"].shaped(pl.DataFrame(rows))


def records():
    rows = [
        {"source": f"2026/{name}.json", "table": "usage", "records": 100, "used": 100 - bad - twice}
        | {"rejected": bad, "repeated": twice}
        for name, bad, twice in (("a", 3, 10), ("b", 0, 0), (HOSTILE, 1, 40))
    ]
    return TABLES["records"].shaped(pl.DataFrame(rows))


def sources():
    rows = [
        {
            "source": "licenses.json",
            "kind": "licenses",
            "snapshot_date": AS_OF,
            "date_from": "name",
            "records": 100,
            "used": 90,
            "rejected": 3,
            "repeated": 7,
            "total_records": 300,
            "complete": False,
            "mapping": '{"License": "license", "<b>In Use": "in_use"}',
            "unmapped": '["Colour", "<script>"]',
        },
        {"source": "photo.png", "kind": None, "problem": "not recognised as any export"},
    ]
    return TABLES["sources"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def rejects():
    rows = [
        {"source": "a.csv", "place": f"row {n}", "table": "usage", "rule": "negative use"}
        | {"value": HOSTILE}
        for n in range(7)
    ]
    return TABLES["rejects"].shaped(pl.DataFrame(rows))


def true_forward():
    rows = [
        {
            "agreement": "EA Networking",
            "suite": "Campus switching",
            "sku": "E3N-C9300-A",
            "licenses": "C9300 48P DNA Advantage",
            "event_date": dt.date(2026, 2, 1),
            "event": "milestone",
            "reading": reading,
            "measure": measure,
            "measured_on": dt.date(2026, 1, 31),
            "measured": Decimal("1180"),
            "base": Decimal("1000"),
            "over": Decimal("180"),
            "price": Decimal("10"),
            "per": "month",
            "months": Decimal("12"),
            "charge": Decimal("21600"),
            "credit": Decimal("8640"),
            "net": Decimal("12960"),
            "outcome": "charged",
            "currency": "EUR",
        }
        for reading, measure in (("contract", "as_of"), ("advisers", "peak"))
    ]
    return ANSWERS["true_forward"].shaped(pl.DataFrame(rows))


VERDICTS = ("above licence", "above need", "above intention", "undecided", "no evidence", "fits")


def feature_drift(devices=24):
    rows = [
        {
            "smart_account": "aurora.example",
            "virtual_account": f"Branch {i % 4:03d}",
            "device": f"ZZZ{i:08d}",
            "hostname": None if i % 5 == 0 else HOSTILE,
            "family": "Catalyst switch",
            "part": part,
            "quantity": 1,
            "intended_tier": "essentials" if i % 3 == 0 else None,
            "licensed": "short, 3 of 9, not attributable" if i % 6 == 0 else "covered",
            "configured_tier": None if i % 6 == 3 else "advantage" if i % 2 else "essentials",
            "configured_by": "CSSM: advantage (2026-10-31)",
            "agreed": i % 6 != 3,
            "needed_tier": None if i % 6 == 4 else "essentials" if i % 4 else "advantage",
            "needed_at_most": None if i % 6 == 4 else "advantage",
            "evidence": "BGP: `router bgp 1` (a.cfg, line 3, rule bgp)" if i % 6 == 0 else None,
            "verdict": VERDICTS[i % 6],
            "reason": HOSTILE,
        }
        for i in range(devices)
        for part in ("network", "add-on")
    ]
    return ANSWERS["feature_drift"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def tier_days(devices=24):
    """Each device with two stretches of days, every third with one more."""
    rows = [
        {
            "smart_account": "aurora.example",
            "virtual_account": None if i % 7 == 0 else f"Branch {i % 4:03d}",
            "device": f"ZZZ{i:08d}",
            "hostname": None if i % 5 == 0 else HOSTILE,
            "part": "add-on",
            "first_day": AS_OF - dt.timedelta(days=300 - 90 * n),
            "last_day": AS_OF - dt.timedelta(days=270 - 90 * n),
            "snapshots": 2,
            "changed": "licensed" if n else "first day",
            "intended_tier": "essentials" if i % 3 == 0 else None,
            "licensed": "short, 3 of 9, not attributable" if n % 2 else "covered",
            "configured_tier": "advantage" if n else "essentials",
            "needed_tier": None if i % 4 == 3 else "essentials",
            "verdict": VERDICTS[(i + n) % 6],
        }
        for i in range(devices)
        for n in range(3 if i % 3 == 0 else 2)
    ]
    return ANSWERS["tier_days"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def tier_pools(accounts=3):
    rows = [
        {
            "smart_account": f"aurora-{i}.example",
            "virtual_account": "Branch 000",
            "ladder": "Catalyst 9000 add-on",
            "part": "add-on",
            "tier": "advantage",
            "rung": 1,
            "licenses": "C9300 48P DNA Advantage",
            "demand": 20 + i,
            "supply": 15,
            "short": 5 + i,
            "own_short": 5 + i,
            "cured": 2,
            "licensed": "short, 5 of 20, not attributable",
            "step_money": Decimal("30") if i else None,
            "money": Decimal("150") if i else None,
            "currency": "EUR",
        }
        for i in range(accounts)
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return {name: ANSWERS[name].shaped(frame) for name in ("tier_pools", "tier_accounts")}


def drift_groups(causes=3):
    rows = [
        {
            "cause": f"D{i:03d}",
            "smart_account": "aurora.example",
            "virtual_account": None if i == 1 else "Branch 000",
            "family": "Catalyst switch",
            "change": "add-on: advantage → essentials" if i else "add-on: advantage → none",
            "drifted_after": AS_OF - dt.timedelta(days=60 + 30 * i),
            "drifted_by": AS_OF - dt.timedelta(days=30 * i),
            "trip": "return" if i == 2 else None,
            "devices": 4 + i,
            "quantity": 40 + i,
            "radius": f"{4 + i} devices, {40 + i} units",
            "hostnames": HOSTILE,
            "witness": "CSSM",
        }
        for i in range(causes)
    ]
    return ANSWERS["drift_groups"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def tier_changes(causes=3):
    rows = [
        {
            "smart_account": "aurora.example",
            "virtual_account": "Branch 000",
            "device": f"ZZZ{i:08d}",
            "part": "add-on",
            "kind": "lowered",
            "from_tier": "advantage",
            "to_tier": "essentials",
            "drifted_after": AS_OF - dt.timedelta(days=60),
            "drifted_by": AS_OF,
            "quantity": 10,
            "cause": f"D{i:03d}",
        }
        for i in range(causes)
    ]
    return ANSWERS["tier_changes"].shaped(pl.DataFrame(rows))


def tier_plan(groups=4):
    rows = [
        {
            "smart_account": "aurora.example",
            "virtual_account": None if i == 2 else f"Branch {i:03d}",
            "part": "add-on",
            "licenses": "C9300 48P DNA Advantage",
            "action": ("drop the tier", "switch features off", "keep", "ask")[i % 4],
            "from_tier": "advantage",
            "to_tier": "essentials" if i % 4 < 2 else None,
            "devices": 10 - i,
            "quantity": 12,
            "why": "may not be dropped: BGP on 1" if i % 4 == 2 else HOSTILE,
            "money": Decimal("180.50") if i % 4 < 2 else None,
            "money_per_device": Decimal("18.05") if i % 4 < 2 else None,
            "currency": "EUR",
            "wording": f"As of 2026-10-31: configured advantage; the intended tier is x {HOSTILE}",
        }
        for i in range(groups)
    ]
    return ANSWERS["tier_plan"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def addon_lapse(lines=3):
    rows = [
        {
            "smart_account": "aurora.example",
            "virtual_account": f"Branch {i:03d}",
            "license": "C9300 48P DNA Advantage",
            "tier": "advantage",
            "demand": 10 + i,
            "devices": 9,
            "needing": 1,
            "unread": 5,
            "next_end": AS_OF + dt.timedelta(days=90),
            "stays": "12 C9300 48P NW Advantage",
            "lost": "SD-Access",
            "saved": Decimal("300") if i else None,
            "money_note": None if i else "no agreement prices this licence: units only",
        }
        for i in range(lines)
    ]
    return ANSWERS["addon_lapse"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def configured():
    head = {"device": "sw1", "hostname": "sw1", "source": "a.cfg", "place": "line 1"}
    line = {"feature": "BGP", "line": 3, "text": HOSTILE, "rule_id": "bgp", "part": "network"}
    line |= {"min_tier": "advantage", "configuration": "line 1", "place": "line 3"}
    heads = pl.DataFrame([head | {"complete": True}])
    return {
        "configurations": TABLES["configurations"].shaped(heads),
        "features": TABLES["features"].shaped(pl.DataFrame([head | line])),
    }


LINE = {"agreement": "EA Networking", "suite": "Campus switching", "sku": "E3N-C9300-A"}
DATES = [dt.date(2025, 2, 1), dt.date(2026, 2, 1)]
FORWARD = {
    "readings": [
        {"reading": "contract", "title": "Your contract's own terms", "agreement": "EA Networking"},
        {"reading": "peak_in_period", "title": "Peak of the period", "source": HOSTILE},
    ],
    "reading_range": [
        {"reading": name, "title": name, "vendor_opening": vendor, "rank": rank, "net": net}
        | {"past": Decimal(5), "more_than_contract": net - 10, "undecided": 0}
        for name, vendor, rank, net in (
            ("contract", False, 1, Decimal(10)), ("peak_in_period", False, 2, Decimal(20)),
            ("sum_of_negative_accounts", True, 3, Decimal(40)),
        )
    ],
    "reading_steps": [
        {"reading": "peak_in_period", "step": 1, "setting": "measure", "effect": Decimal(10)}
        | {"net_before": Decimal(10), "net_after": Decimal(20)}
    ],
    "setting_effects": [
        {"rank": 1, "setting": "measure", "said": "peak", "effect": Decimal(10)},
        {"rank": 2, "setting": "allowance", "said": "0.15", "effect": Decimal(-4)},
    ],
    "next_events": [{"reading": "contract", "event_date": None, "over": Decimal(7)},
                    {"reading": "contract", "event_date": DATES[1], "over": Decimal(3)}
                    | {"net": Decimal(30), "sku": HOSTILE}],
    "line_history": [
        {"snapshot_date": day, "entitled": Decimal(1000), "demand": 1100, "above": Decimal(100)}
        | {"full": True, "mark": mark, "license": license_}
        for license_ in (None, HOSTILE)
        for day, mark in zip(DATES, (None, "gap"), strict=True)
    ],
    "line_years": [
        {"year_start": DATES[0], "year_end": DATES[1], "state": "closed", "peak": 1200}
        | {"peak_first": DATES[0], "milestone_value": 1100, "milestone_day": DATES[1]}
        | {"days_above": 30, "gaps": 1, "jumps": 0, "average": Decimal("1050.5"), "coverage": 0.9}
    ],
    "milestone_log": [{"event_date": DATES[1], "days_from": -3, "message": HOSTILE}
                      | {"time": "2026-01-29 10:00", "kind": "Transfer"}],
    "growth": [{"snapshot_date": DATES[0], "demand": 1100, "project": 20}],
    "growth_years": [
        {"from_day": DATES[0], "to_day": DATES[1], "total": 100, "baseline": 60, "project": 0}
        | {"one_off": 0, "error": 40, "note": "short"}
    ],
    "outlook": [
        {"target": "renewal", "target_date": dt.date(2027, 2, 1), "method": "last value"}
        | {"value": 1100, "low": 1050, "high": 1200, "base": Decimal(1000), "coverage": 0.8}
        | {"crossed_on": DATES[0], "could_cross_on": DATES[0], "over": 100},
        {"target": "renewal", "method": "planned", "abstains": "8 months known"},
    ],
    "waiting": [
        {"reading": "contract", "event_date": DATES[1], "state": "past", "cleaned_by": DATES[0]}
        | {"removable": Decimal(60), "net": Decimal(5), "saved": Decimal(5)}
    ],
    "disputes": [
        {"event_date": DATES[1], "figure": "consumed", "cause": "pool", "money": Decimal(30)}
        | {"evidence": HOSTILE, "sku": HOSTILE}
    ],
    "dispute_lines": [
        {"event_date": DATES[1], "their_net": Decimal(40), "our_net": Decimal(10)}
        | {"difference": Decimal(30), "explained": Decimal(30), "unexplained": Decimal(0)}
    ],
}  # fmt: skip


def forward():
    """The tables of page 02, each with the cases that a page must draw."""
    return {
        name: ANSWERS[name].shaped(
            pl.DataFrame([LINE | row for row in rows], infer_schema_length=None)
        )
        for name, rows in FORWARD.items()
    }


def changes():
    part = {"figure": "utilisation.short_units", "label": "Short in accounts", "unit": "units"}
    part |= {"page": "01", "before": 40, "after": 55, "license": HOSTILE}
    rows = [
        part | {"cause": cause, "change": change, "why": HOSTILE}
        for cause, change in (("expired", 20), ("cleaned", -5), ("data", 0))
    ]
    return ANSWERS["changes"].shaped(pl.DataFrame(rows))


def actions():
    rows = [
        {"id": f"own/{status}", "action": HOSTILE, "status": status, "late": late, "check": check}
        for status, late, check in (
            ("open", True, "your own"),
            ("done", False, "not seen as done: the data still shows 3 units"),
        )
    ]
    return ANSWERS["actions"].shaped(pl.DataFrame(rows))


def calendar():
    rows = [
        {"agreement": "EA Networking", "date": AS_OF + dt.timedelta(days=days), "day": days - 93}
        | {"what": HOSTILE, "kind": kind, "state": state, "id": f"{kind}/{days}"}
        for days, kind, state in ((-30, "cadence", "missed"), (3, "hard", "ahead"))
    ]
    return ANSWERS["calendar"].shaped(pl.DataFrame(rows))


def statements():
    rows = [{"id": "one", "subject": HOSTILE, "fact": HOSTILE, "evidence": "x", "units": 3}]
    return ANSWERS["statements"].shaped(pl.DataFrame(rows))


def notes():
    rows = [{"about": "licenses.json", "note": "100 of 300 records: pages are missing."}]
    return TABLES["notes"].shaped(pl.DataFrame(rows))


LINES = (("E3N-C9300-A", 1230, 1205, 1141), ("E3N-C9300-E", 400, 310, 314), (HOSTILE, 0, 9, 9))
ROW = {"agreement": "EA Networking", "suite": "Campus switching", "currency": "EUR"}


def renewal():
    rows = [
        ROW
        | {"sku": sku, "license": f"{sku} Advantage", "counted": "licences", "today": today}
        | {"as_of": used, "peak": used + 35, "retired": 60, "recommended": new, "clean_need": new}
        | {"change": new - today, "complete": False, "stale": 3, "term_months": 36, "per": "month"}
        | {"money": Decimal(new * 360), "money_today": Decimal(today * 360), "reason": HOSTILE}
        for sku, today, used, new in LINES
    ]
    return ANSWERS["renewal"].shaped(pl.DataFrame(rows))


def quoted():
    """The three tables of a quote with every kind of line, and one in units only."""
    match = [
        ROW
        | {"quote_number": "Q1", "line": str(number), "quote_sku": sku, "role": role, "sku": sku}
        | {"quantity": 1300, "recommended": 1141, "months": 36, "total": Decimal("1234.50")}
        for number, (sku, role) in enumerate(
            (("E3N-C9300-A", "line"), (HOSTILE, "new"), ("E3N-C9300-A-O", "overage"))
        )
    ]
    causes = [
        ROW
        | {"quote_number": "Q1", "sku": sku, "step": step, "cause": cause, "says": HOSTILE}
        | {"answer": "Ask.", "units": units, "money": money}
        for sku, step, cause, units, money in (
            ("E3N-C9300-A", 2, "retired", 60, Decimal("21600.00")),
            ("E3N-C9300-A", 15, "price_cut", None, Decimal("-720.25")),
            (HOSTILE, 18, "new_sku", 1, Decimal("1234.50")),
            ("E3N-C9300-E", 8, "growth", 7, None),
        )
    ]
    total = {"quote_number": "Q1", "lines": 3, "quoted": Decimal("500000.00"), "currency": "EUR"}
    total |= {"difference": Decimal("22114.25"), "unexplained": Decimal("0.00")}
    return {
        "quote_match": ANSWERS["quote_match"].shaped(pl.DataFrame(match)),
        "quote_causes": ANSWERS["quote_causes"].shaped(pl.DataFrame(causes)),
        "quote_totals": ANSWERS["quote_totals"].shaped(pl.DataFrame([total])),
    }


def scenarios():
    names_ = ("likely opening", "smaller but dearer", "clean position", "after transfers and drops")
    rows = [
        ROW
        | {"place": place, "scenario": name, "sku": sku, "quantity": new, "term_months": 36}
        | {"money": Decimal(new * 370), "against_opening": Decimal(-5), "month_price": Decimal(10)}
        | {"break_even_price": Decimal("11.41"), "effective_price": Decimal(10)}
        for place, name in enumerate(names_, 1)
        for sku, _, _, new in LINES
    ]
    return ANSWERS["scenarios"].shaped(pl.DataFrame(rows))


def numbers():
    amounts = {"ask": 900_000, "position": 700_000, "cured": 50_000, "disputed": 150_000}
    rows = [
        ROW | {"place": place, "number": name, "units": units // 100, "money": Decimal(units)}
        for place, (name, units) in enumerate(amounts.items(), 1)
    ]
    return ANSWERS["numbers"].shaped(pl.DataFrame(rows))


def signals():
    rows = [
        {"place": place, "signal": signal, "title": signal, "where": HOSTILE, "units": 60 - place}
        | {"of_agreement": agreement, "evidence": f"{HOSTILE}; table matches", "unit": "licences"}
        | {"money": money, "act_by": AS_OF, "vendor_reading": "So.", "counter_move": "1. Do."}
        for place, (signal, agreement, money) in enumerate(
            (
                ("retired", "EA Networking", Decimal("21600.00")),
                ("unused", "Another agreement", Decimal("12960.00")),
                ("reporting", None, None),
            ),
            1,
        )
    ]
    return ANSWERS["signals"].shaped(pl.DataFrame(rows))


def asks():
    rows = [
        ROW | {"place": place, "ask": ask, "says": "In words.", "why": "For that.", "units": 5}
        | {"money": Decimal("61247.34"), "act_by": AS_OF}
        for place, ask in enumerate(("price hold", "true-down"), 1)
    ]  # fmt: skip
    return ANSWERS["asks"].shaped(pl.DataFrame(rows))


def action_prices():
    """Two agreements and three actions, one of a hostile name: 1500.50 → 1200 and 200 → 320."""
    shares = [(-400, -500), (99.75, 150), (-0.25, -0.25)]
    told = {"scenario": "After", "agreement": "EA Networking", "currency": "EUR"}
    ahead = [
        told | {"of": "true_forward", "place": place, "action": name, "does": "retire"}
        | {"money": part, "alone": alone, "last": 0, "bill_before": 1500.5, "bill_after": 1200}
        for place, (name, (part, alone)) in enumerate(
            zip(["clean up", HOSTILE, "price"], shares, strict=True), 1)
    ]  # fmt: skip
    told |= {"agreement": "Second", "of": "new_term", "bill_before": 200, "bill_after": 320}
    grown = {"place": 2, "action": HOSTILE, "does": "grow", "money": 120, "alone": 120, "last": 120}
    return ANSWERS["action_prices"].shaped(pl.DataFrame([*ahead, told | grown], strict=False))


def decided():
    """The scenario of `action_prices` in words, its effects, two decisions."""
    told = {"scenario": "After"}
    actions = [
        told | {"place": place, "action": name, "does": does, "what": HOSTILE, "where": "HQ"}
        for place, name, does in ((1, "clean up", "retire"), (2, HOSTILE, "grow"))
    ]
    log = [
        {"decided": HOSTILE, "by": HOSTILE, "on": AS_OF, "open": HOSTILE, "action": "clean up"}
        | {"true_forward": -400, "currency": "EUR"},
        {"decided": "price", "by": "us", "action": "price", "no_price": "together with others"},
    ]
    values = ((5, 5), (1500.25, 1200), (None, 3))
    effects = [
        told | {"place": place, "page": "01", "figure": f"a.{place}", "label": HOSTILE}
        | {"unit": "units", "today": before, "after": after}
        | {"change": None if before is None else after - before}
        for place, (before, after) in enumerate(values, 1)
    ]  # fmt: skip
    made = {"scenario_actions": actions, "scenario_effects": effects}
    made["decisions"] = [told | {"number": number} | one for number, one in enumerate(log, 1)]
    return {
        name: ANSWERS[name].shaped(pl.DataFrame(rows, infer_schema_length=None, strict=False))
        for name, rows in made.items()
    }


def answers(licenses=12, accounts=5):
    held = positions(licenses, accounts)
    tables = {
        "positions": held,
        "pooled": pooled(held),
        "pool_days": pool_days(licenses),
        "expiries": expiries(licenses),
        "transfers": transfers(min(licenses, 30)),
        "instance_check": instance_check(accounts),
        "usage": usage(),
        "records": records(),
        "sources": sources(),
        "rejects": rejects(),
        "true_forward": true_forward(),
        **forward(),
        "notes": notes(),
        "feature_drift": feature_drift(4 * licenses),
        "drift_groups": drift_groups(min(licenses, 30)),
        "tier_days": tier_days(2 * licenses),
        "tier_changes": tier_changes(),
        "tier_plan": tier_plan(4),
        "addon_lapse": addon_lapse(),
    }
    tables |= telemetry["tables"]()
    tables |= shadow["tables"](licenses * accounts)
    tables |= configured() | tier_pools(min(licenses, 6))
    tables |= {"changes": changes(), "actions": actions()}
    tables |= {"calendar": calendar(), "statements": statements()}
    tables |= {"renewal": renewal(), "scenarios": scenarios(), "numbers": numbers()}
    tables |= {"signals": signals(), "asks": asks(), **quoted()}
    tables |= {"action_prices": action_prices()} | decided()
    return StandIn(tables)
