"""Small worlds of product instances: rows of exports and captures for the tests beside it.

Not a test: loaded with `runpy`.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.schema import TABLES


def day(text):
    return dt.date.fromisoformat(text) if text else None


def moment(text):
    return dt.datetime.fromisoformat(text) if text else None


def utc(text):
    return moment(text).replace(tzinfo=dt.UTC) if text else None


def device(serial="ZZ1", *, registered="2026-01-10", contact="2026-10-20", on="2026-10-31", **more):
    row = {"snapshot_date": day(on), "smart_account": "a.example", "virtual_account": "HQ"}
    row |= {"udi_pid": "C9300-48P", "serial": serial, "hostname": f"sw-{serial}"}
    row |= {"registration_date": utc(registered), "last_contact": utc(contact)}
    return row | {"source": f"{on}.json", "export": f"{on}.json", "place": serial} | more


def use(license_, serial="ZZ1", *, quantity=1, on="2026-10-31", **more):
    row = {"snapshot_date": day(on), "smart_account": "a.example", "virtual_account": "HQ"}
    row |= {"udi_pid": "C9300-48P", "serial": serial, "license": license_, "quantity": quantity}
    return row | {"source": f"{on}.json", "place": f"{serial}{license_}"} | more


def capture(serial="ZZ1", *, ack=None, deadline=None, policy=None, by="CISCO default", **more):
    row = {"serial": serial, "pid": "C9300-48P", "using_policy": "ENABLED", "says_reporting": True}
    row |= {"last_ack": moment(ack), "next_ack_deadline": moment(deadline)}
    for name, values in (policy or {}).items():
        for duty, days in zip(("first", "ongoing", "change"), values, strict=True):
            row |= {f"{name}_{duty}_days": days, f"{name}_{duty}_by": by}
    row |= {"observed_at": moment("2026-10-30T08:00:00"), "source": "c.txt", "place": serial}
    return row | more


def table(name, rows):
    if not rows:
        return TABLES[name].empty()
    return TABLES[name].shaped(pl.DataFrame(rows, infer_schema_length=None))


def world(devices=(), uses=(), captures=(), usage=(), **more):
    made = {name: contract.empty() for name, contract in TABLES.items()}
    rows = {"devices": devices, "device_licenses": uses, "captures": captures, "usage": usage}
    return made | {name: table(name, list(part)) for name, part in (rows | more).items()}
