"""By which method Cisco sees an instance: each witness, their order, and what travels."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from cssm_lib.analyses import estate, exposure
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

shared = runpy.run_path(str(Path(__file__).with_name("small_world.py")))
device, use, capture, world = (shared[n] for n in ("device", "use", "capture", "world"))
AS_OF = dt.date(2026, 10, 31)
DNA, NETWORK = "C9300 48P DNA Advantage", "C9300 48P NW Advantage"
CISCO = "https://smartreceiver.cisco.com/licservice/license"
TENANT = "https://onprem.a.example/cslu/v1/pi/a-1"


def prices(*rows):
    made = [
        {"smart_account": "a.example", "virtual_account": "HQ", "license": name}
        | {"unit_money": Decimal(money), "currency": "EUR"}
        for name, money in rows
    ]
    contract = ANSWERS["unit_prices"]
    return contract.shaped(pl.DataFrame(made)) if made else contract.empty()


def seen(tables, *, priced=(), rules=None):
    rules = rules or load_rules()
    found = estate.instances(tables, estate.captured(tables))
    used = estate.uses(tables, found, rules)
    asked = {"prices": prices(*priced), "as_of": AS_OF, "rules": rules}
    return exposure.exposure(found, used, tables, **asked)


def method(tables, **asked):
    rows = seen(tables, **asked)
    assert rows.height == 1
    return rows.select("method", "witness").row(0)


def managed(serial="zz1", upload="2026-10-28T04:05:06Z", **more):
    row = {"record": "device", "serial": serial, "hostname": "sw-ZZ1", "software_version": "17.9.5"}
    return (
        row | {"last_successful_rum_usage_upload_time": upload, "source": "c", "place": "1"} | more
    )


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"transport": "Smart", "transport_url": CISCO}, "SLP over HTTPS"),
        ({"transport": "Callhome"}, "SLP over HTTPS"),
        ({"transport": "cslu", "transport_url": "http://10.0.0.9:8182/cslu"}, "SLP through CSLU"),
        ({"transport": "cslu", "transport_url": TENANT.upper() + "/"}, "On-Prem"),
        ({"transport": "Smart", "transport_url": "https://onprem.a.example/x"}, "On-Prem"),
        ({"transport": "Smart", "transport_url": "https://notcisco.com/x"}, "On-Prem"),
        ({"transport": "Transport Off"}, "SLP by file"),
        ({"transport": "automatic"}, "unknown"),
        ({"transport": None}, "unknown"),
        ({"transport": "Smart", "using_policy": None, "says_reporting": False}, "direct cloud"),
        ({"transport": "Smart", "reservation": "ENABLED"}, "reserved"),
        ({"transport": "Smart", "reservation_status": "SPECIFIC INSTALLED on Oct 1"}, "reserved"),
        ({"transport": "Smart", "reservation_status": "NOT INSTALLED"}, "SLP over HTTPS"),
    ],
)
def test_the_own_word_of_a_device(said, name):
    tenants = [{"cslu_tenant_url": TENANT, "name": "a", "source": "o", "place": "1"}]
    held = world([device()], [use(DNA)], [capture(**said)], on_prem_accounts=tenants)
    assert method(held)[0] == name


def test_without_a_witness_nothing_is_guessed():
    assert method(world([device()], [use(DNA)])) == ("unknown", "no file shows how it reports")
    listed = world([device()], catalyst_center_devices=[managed(upload=None)])
    assert method(listed)[0] == "unknown"


def test_a_controller_that_sent_a_report_is_a_witness():
    sent = "usage report sent on by Catalyst Center: 2026-10-28T04:05:06Z"
    assert method(world([device()], catalyst_center_devices=[managed()])) == ("controller", sent)
    by_name = managed(serial=None, hostname="SW-zz1.a.example")
    assert method(world([device()], catalyst_center_devices=[by_name]))[0] == "controller"
    two = [device(hostname="sw-zz1"), device("ZZ2", hostname="sw-zz1.other")]
    rows = seen(world(two, catalyst_center_devices=[by_name]))
    assert rows["method"].to_list() == ["unknown", "unknown"]


def test_a_copy_of_on_prem_and_who_says_how_it_is_synchronised():
    copy = device(on="2026-10-20", source="copy.csv", export="copy.csv")
    known = [{"source": "copy.csv", "synchronised": dt.date(2026, 10, 20)}]
    held = world([device(), copy], sources=known)
    witness = "copy of SSM On-Prem, synchronised 2026-10-20"
    assert method(held) == ("On-Prem", witness)
    for said, name in (("connected", "On-Prem connected"), ("file", "On-Prem by file")):
        assert method(held, rules=load_rules({"telemetry.on_prem": said}))[0] == name
    alert = "Satellite Authorization File Ready for satellite yard"
    log = [{"smart_account": "a.example", "message": alert, "source": "l", "place": "1"}]
    assert method(held | {"event_log": shared["table"]("event_log", log)})[0] == "On-Prem by file"
    later = [log[0] | {"time": dt.datetime(2026, 11, 1)}]
    assert method(held | {"event_log": shared["table"]("event_log", later)})[0] == "On-Prem"


def test_a_reservation_comes_first_and_a_twin_is_one_instance():
    twin = [device(), device(status="Reserved", place="twin")]
    held = world(twin, [use(DNA)], [capture(transport="Smart")])
    assert method(held) == ("reserved", "reserved in the instance export, and reports as well")


def test_the_newest_export_speaks_and_a_removed_instance_is_gone():
    old = [device("ZZ9", on="2026-09-30", wide=True), device(on="2026-09-30", wide=True)]
    assert seen(world([*old, device(wide=True)]))["serial"].to_list() == ["ZZ1"]


def test_an_export_of_one_account_says_nothing_of_the_others():
    old = [device("ZZ9", on="2026-09-30", virtual_account="Lab", wide=True)]
    new = [device(wide=False)]
    assert seen(world([*old, *new]))["serial"].to_list() == ["ZZ1", "ZZ9"]


def test_a_device_that_only_a_capture_shows_is_an_instance_too():
    row = seen(world(captures=[capture(transport="Smart", sends_hostname=False)])).row(
        0, named=True
    )
    assert (row["serial"], row["method"], row["sends_hostname"]) == ("ZZ1", "SLP over HTTPS", False)
    assert row["sends_serial"] is None


def test_a_stack_is_found_by_the_serial_of_any_member():
    member = [{"serial": "ZZ1", "member_serial": "zz7", "source": "c.txt", "place": "2"}]
    held = world([device("ZZ7")], captures=[capture(transport="Smart")], capture_members=member)
    assert method(held)[0] == "SLP over HTTPS"


def test_what_travels_is_the_devices_word_else_the_exports():
    devices = [device(), device("ZZ2", hostname=None), device("ZZ3", software_version="17.9.4")]
    said = [capture(sends_hostname=False, sends_version=False)]
    rows = seen(world(devices, captures=said))
    assert rows["sends_hostname"].to_list() == [False, False, True]
    assert rows["hostname_witness"].to_list() == ["device", "export", "export"]
    assert rows["sends_version"].to_list() == [False, None, True]


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"software_version": "17.18.1a"}, "in this release; the device has not said"),
        ({"software_version": "17.17.09"}, "not in this release"),
        ({"software_version": None}, None),
        ({"product_analytics_available": True}, "available, the device says"),
        ({"product_analytics_available": False}, "not available, the device says"),
    ],
)
def test_the_separate_channel(said, word):
    assert seen(world(captures=[capture(**said)]))["analytics"].item() == word


def test_money_is_rounded_once_and_null_without_a_price():
    uses = [use(DNA, quantity=3), use(NETWORK, quantity=3)]
    held = world([device()], uses)
    row = seen(held, priced=[(DNA, "0.335000000000"), (NETWORK, "0.010000000000")])
    # 3 × 0.335 + 3 × 0.01 = 1.035, half up: 1.04
    assert (row["units"].item(), row["money"].item()) == (6, Decimal("1.040000"))
    assert seen(held)["money"].item() is None


def test_term_licences_that_no_agreement_prices_are_counted_beside_the_money():
    uses = [use(DNA, quantity=3), use("Alpha Term", quantity=4), use(NETWORK, quantity=3)]
    held = world([device()], uses)
    names = ("units", "money", "unpriced_units")
    # a perpetual licence has no price and wants none
    assert seen(held).select(names).row(0) == (10, None, 7)
    some = seen(held, priced=[(DNA, "10.000000000000")])
    assert some.select(names).row(0) == (10, Decimal(30), 4)
    every = seen(held, priced=[(DNA, "10.000000000000"), ("Alpha Term", "1.000000000000")])
    assert every.select(names).row(0) == (10, Decimal(34), 0)
    assert seen(world([device()])).select(names).row(0) == (0, None, 0)


def test_the_methods_add_up_and_stand_in_the_order_of_the_rule_pack():
    devices = [device(f"ZZ{n}") for n in range(4)]
    uses = [use(DNA, f"ZZ{n}") for n in range(4)]
    held = world(devices, uses, [capture("ZZ0", transport="Transport Off")])
    rows = exposure.methods(seen(held, priced=[(DNA, "10.000000000000")]), load_rules())
    assert rows["method"].to_list() == [one["method"] for one in load_rules()["telemetry.methods"]]
    used = rows.filter(pl.col("instances") > 0)
    assert used.select("method", "instances", "share", "money", "money_share").rows() == [
        ("SLP by file", 1, 0.25, Decimal("10.000000"), 0.25),
        ("unknown", 3, 0.75, Decimal("30.000000"), 0.75),
    ]


def test_nothing_at_all():
    empty = {name: table.empty() for name, table in TABLES.items()}
    assert seen(empty).is_empty()
    assert exposure.methods(seen(empty), load_rules())["share"].null_count() == 10


def test_unproven_records_stay_out_until_they_are_switched_on():
    what = [one["what"] for one in load_rules()["telemetry.sent"]]
    assert len(load_rules({"assumed": True})["telemetry.sent"]) == len(what) + 1
