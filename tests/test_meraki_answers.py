"""The Meraki side: Cisco's own examples within a day, stock against devices, states."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from cssm_lib.analyses import meraki
from cssm_lib.analyses.meraki.expiry import common_days
from cssm_lib.rules import load_rules
from cssm_lib.schema import TABLES

AS_OF = START = dt.date(2026, 10, 31)


def key(days, count, *, model="MR46", name=None, **more):
    row = {"licensing": "co-termination", "license_key": name or f"ZZ-{days}-{model}-{count}"}
    row |= {"organization_id": "549", "duration_in_days": days, "mode": "addDevices"}
    row |= {"started_at": START, "snapshot_date": AS_OF, "model": model, "count": count}
    return row | {"source": "k", "place": "1"} | more


def table(name, rows):
    made = TABLES[f"meraki_{name}"]
    return made.shaped(pl.DataFrame(list(rows), infer_schema_length=None)) if rows else made.empty()


def board(expires, counts=None):
    row = {"licensing": "co-termination", "expiration_date": expires, "snapshot_date": AS_OF}
    row |= {"section": "licensedDeviceCounts", "source": "o"}
    counts = counts or {"MR46": 3}
    return [
        row | {"name": n, "count": c, "place": f"/licensedDeviceCounts/{n}"}
        for n, c in counts.items()
    ]


def ends(keys, overview=(), **rules):
    made = meraki.meraki_expiry(
        table("licenses", keys), table("overview", overview), as_of=AS_OF, rules=load_rules(rules)
    )
    return {row["formula"]: row for row in made.iter_rows(named=True)}


@pytest.mark.parametrize(
    ("keys", "days"),
    [
        # as Cisco's documentation works them: 851 and 730
        ([(1825, 1), (365, 2)], 851),
        ([(1825, 1), (182, 2)], 730),
    ],
)
def test_count_weighted_as_published_within_one_day(keys, days):
    row = ends([key(*one) for one in keys])["count-weighted"]
    assert abs(row["days_left"] - days) <= 1
    assert (row["devices"], row["keys"], row["state"]) == (3, 2, "alone")


def test_price_weighted_as_published_within_one_day():
    """10 access points with 8 months left, joined by 6 with 12: 9.5 months for all."""
    month = 365 / 12
    keys = [key(round(8 * month), 10, name="old"), key(365, 6, name="new")]
    row = ends(keys, **{"meraki.list_prices": [{"model": "MR46", "price": 150}]})["price-weighted"]
    assert abs(row["days_left"] - 9.5 * month) <= 1


def test_prices_move_the_common_end():
    told = pl.DataFrame({"days": [100, 400], "n": [1, 1], "price": [300.0, 100.0]})
    mean = told.select(common_days(pl.col("days"), pl.col("n"), pl.col("price"))).item()
    assert mean == 175


def test_without_a_price_the_price_weighted_end_is_unknown():
    row = ends([key(365, 1), key(730, 1, model="MS120-24P")])["price-weighted"]
    assert (row["expires"], row["state"]) == (None, "unknown")
    assert row["basis"] == "no list price for MR46, MS120-24P"


@pytest.mark.parametrize(
    ("off", "state"), [(-1, "agrees"), (0, "agrees"), (1, "agrees"), (2, "differs")]
)
def test_the_dashboard_is_met_within_one_day(off, state):
    day = START + dt.timedelta(days=365 - off)
    row = ends([key(365, 3)], board(day))["count-weighted"]
    assert (row["differs_by"], row["state"]) == (off, state)


def test_a_renewal_key_leaves_the_end_undecided_and_an_invalid_one_counts_nothing():
    renewed = ends([key(365, 3), key(365, 3, name="r", mode="renew")])["count-weighted"]
    assert (renewed["state"], renewed["days_left"]) == ("undecided", 365)
    assert renewed["basis"].endswith("what it extends is not said")
    void = ends([key(365, 3), key(3650, 3, name="v", invalidated=True)])["count-weighted"]
    assert void["days_left"] == 365


def test_a_key_without_its_start_is_no_guess():
    row = ends([key(365, 1), key(365, 1, name="x", started_at=None)])["count-weighted"]
    assert (row["expires"], row["basis"]) == (None, "a key without start or duration")


def test_the_dashboard_and_nothing():
    assert ends([], board(dt.date(2027, 3, 13)))["dashboard"]["state"] == "given"
    assert ends([], board(None))["dashboard"]["state"] == "unknown"
    assert ends([]) == {}


def test_only_the_newest_export_counts():
    old = [key(3650, 9, snapshot_date=dt.date(2026, 1, 31)), key(30, 9, snapshot_date=None)]
    assert ends([*old, key(365, 3)])["count-weighted"]["devices"] == 3


def device(model, kind="wireless", connected=True, n=0):
    row = {"serial": f"ZZQ-{n}", "model": model, "product_type": kind, "snapshot_date": AS_OF}
    return row | {"network_id": "N" if connected else None, "source": "i", "place": f"/{n}"}


def stock(licenses=(), devices=(), overview=()):
    named = {"licenses": licenses, "devices": devices, "overview": overview}
    frames = [table(name, list(rows)) for name, rows in named.items()]
    made = meraki.meraki_stock(*frames, as_of=AS_OF)
    names = ("product", "licensed", "inventory", "in_use", "free", "state")
    return made.select(names).rows()


def test_licences_against_the_inventory():
    kinds = [("MR46", "wireless", True)] * 2 + [("MR46", "wireless", False)]
    kinds += [
        ("MS120-24P", "switch", True),
        ("MX68", "appliance", True),
        ("MX68W", "appliance", True),
    ]
    devices = [device(*kind, n=n) for n, kind in enumerate(kinds)]
    limits = {"MR": 1, "MS120-24P": 1, "MX68": 3, "camera": 4}
    assert stock(devices=devices, overview=board(None, limits)) == [
        ("MR", 1, 3, 2, -1, "short"),
        ("MS120-24P", 1, 1, 1, 0, "exact"),
        ("MX68", 3, 1, 1, 2, "free"),
        ("MX68W", 0, 1, 1, -1, "short"),
        ("camera", 4, 0, 0, 4, "free"),
    ]


def test_limits_without_an_inventory_are_unknown():
    assert stock(overview=board(None)) == [("MR46", 3, None, None, None, "unknown")]


def test_per_device_and_subscription_licences():
    own = {"licensing": "per-device", "license_type": "ENT", "snapshot_date": AS_OF, "source": "l"}
    states = [("active", "ZZQ-1"), ("active", None), ("unused", None), ("expired", "ZZQ-2")]
    per = [
        own | {"license_id": str(n), "state": state, "device_serial": serial, "place": str(n)}
        for n, (state, serial) in enumerate(states)
    ]
    seats = {"licensing": "subscription", "sku": "MR-ENT", "seats_limit": 5, "seats_assigned": 7}
    seats |= {"subscription_id": "Sub0", "state": "active", "snapshot_date": AS_OF}
    assert stock([*per, seats | {"source": "s", "place": "0"}]) == [
        ("ENT", 3, None, 1, 2, "free"),
        ("MR-ENT", 5, None, 7, -2, "short"),
    ]


def test_states_count_licences_and_devices():
    keys = [key(365, 2), key(730, 1, model="MX68", name="ZZ-365-MR46-2"), key(1, 5, expired=True)]
    made = meraki.meraki_states(table("licenses", keys), as_of=AS_OF)
    assert made.select("state", "licenses", "devices", "next_expiry").rows() == [
        ("expired", 1, 5, START + dt.timedelta(days=1)),
        ("valid", 1, 3, START + dt.timedelta(days=365)),
    ]
