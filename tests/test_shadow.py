"""Instances against own records: known failures of matchers, states, removal, money."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from cssm_lib.analyses import shadow
from cssm_lib.analyses.shadow.identity import with_keys
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

AS_OF = dt.date(2026, 10, 31)
RULES = load_rules()
ADD_ON, NETWORK = "C9300 48P DNA Advantage", "C9300 48P NW Advantage"
HSEC = "Router US Export Lic. for DNA"
PID = "C9300-48P"
S1, S2, S3 = "ZZQ2101AAA1", "ZZQ2102BBB2", "ZZQ2103CCC3"
HOSTILE = "<script>alert(1)</script> =cmd()|' /C calc'!A0 ../../x Größe"


def at(day: dt.date | None) -> dt.datetime | None:
    return day and dt.datetime(day.year, day.month, day.day, 9, tzinfo=dt.UTC)


def device(serial=S1, name="sw1", *, uses=((ADD_ON, 1),), **more):
    day = more.pop("day", AS_OF)
    row = {
        "snapshot_date": day,
        "smart_account": "oak.example",
        "virtual_account": "Branch",
        "udi_pid": PID,
        "serial": serial,
        "hostname": name,
        "registration_date": at(more.pop("registered", dt.date(2024, 1, 1))),
        "last_contact": at(more.pop("contact", day and day - dt.timedelta(days=5))),
        "status": "In Compliance",
        "complete": True,
        "wide": True,
        "source": f"{day}.json",
        "uses": uses,
    }
    return row | more


def record(serial=S1, name="sw1", pid=PID, **more):
    row = {"serial": serial, "name": name, "pid": pid, "status": "Installed", "site": "Town"}
    return row | {"source": "cmdb.csv", "last_seen": at(more.pop("seen", None))} | more


def member(owner, serial, role, pid=PID):
    return {"serial": owner, "hostname": "sw1", "member_serial": serial, "role": role} | {
        "member_pid": pid, "snapshot_date": AS_OF, "source": "c.log", "place": f"line {serial}"
    }  # fmt: skip


def tables(devices=(), records=(), members=(), managed=()):
    rows, uses = [], []
    for n, one in enumerate(devices):
        row = dict(one) | {"place": f"/devices/{n}"}
        for k, (license_, quantity) in enumerate(row.pop("uses")):
            uses.append(row | {"license": license_, "quantity": quantity})
            uses[-1]["place"] = f"/devices/{n}/licenseUsage/{k}"
        rows.append(row)
    assets = [one | {"place": f"row {n + 2}"} for n, one in enumerate(records)]
    made = {"devices": rows, "device_licenses": uses, "assets": assets}
    made["capture_members"] = list(members)
    made["catalyst_center_devices"] = list(managed)
    return {name: shaped(name, found) for name, found in made.items()}


def shaped(name, rows):
    table = TABLES[name]
    if not rows:
        return table.empty()
    kept = [{k: v for k, v in row.items() if k in table.names} for row in rows]
    return table.shaped(pl.DataFrame(kept, infer_schema_length=None))


def compared(devices=(), records=(), members=(), *, prices=None):
    prices = ANSWERS["unit_prices"].empty() if prices is None else prices
    return shadow.compared(tables(devices, records, members), prices, as_of=AS_OF, rules=RULES)


def judged(devices=(), records=(), members=(), *, prices=None, duties=None):
    found = compared(devices, records, members, prices=prices)
    rows = shadow.judged(found, duties, as_of=AS_OF, rules=RULES)
    return ANSWERS["matches"].shaped(rows)


def said(rows, *columns):
    return sorted(rows.select(columns).rows(), key=str)


# the eight failure families


def test_a_full_name_against_a_short_one_is_no_new_device():
    rows = judged([device(name="SW1.oak.example")], [record(name="sw1")])
    assert said(rows, "state", "tier", "agreed_on") == [("matched", "T1", "serial, model, name")]
    # a stack whose name gained a domain keeps its members
    stack = [record(S1, "sw1-1"), record(S2, "sw1-2")]
    rows = judged([device(S1, "sw1.oak.example", uses=((ADD_ON, 2),))], stack)
    assert said(rows, "about", "state", "tier", "units") == [
        ("instance", "matched", "T1", 2),
        ("record", "matched", "T3", 0),
    ]


def test_a_stack_whose_master_changed_is_one_device():
    captured = [member(S2, S2, "Active"), member(S2, S1, "Member")]
    rows = judged([device(S2)], [record(S1)], captured)
    assert said(rows, "state", "tier", "device_serial", "asset_serial") == [
        ("matched", "T3", S2, S1)
    ]
    # seen under both serials in turn: members of one stack are no succession
    before = device(S1, day=dt.date(2026, 9, 30), contact=dt.date(2026, 9, 28))
    after = device(S2, registered=dt.date(2026, 10, 2))
    assert compared([before, after], [record(S1)], captured).turns.is_empty()


def test_numbered_names_alone_make_no_stack():
    rows = judged([device(S1, "sw1-1")], [record(S1, "sw1-1"), record(S2, "sw1-2")])
    assert said(rows, "asset_name", "state") == [("sw1-1", "matched"), ("sw1-2", "ghost")]


@pytest.mark.parametrize(
    "serial",
    ["........", "1111", "X", "N/A", "00000000000", "AAAAAAAAAAA", "12345678", "0000001"]
    + ["UNKNOWN", "none", "Not Available 1", "TBD01", "1.23E+10", "-", " ", "A1", "..1.."],
)
def test_a_placeholder_merges_nothing(serial):
    rows = judged(
        [device(serial, "sw1", udi_pid="ISR4331/K9"), device(serial, None)],
        [record(serial, "other", None), record(serial, None, None)],
    )
    assert rows["tier"].to_list() == [None] * 4
    assert set(rows["state"]) <= {"shadow", "ghost", "masked", "undecided"}


def test_a_serial_that_many_products_carry_is_a_placeholder():
    models = ["C9300-48P", "C9500-24Y4C", "ISR4331/K9", "C8300-1N1S-6T"]
    records = [record(S1, f"r{n}", pid) for n, pid in enumerate(models)]
    rows = judged([device(S1, "sw1")], records)
    assert set(rows["tier"]) == {None}
    assert said(rows, "state").count(("ghost",)) == 4


def test_a_serial_that_many_names_carry_is_a_placeholder():
    rows = judged([device(S1, "sw1")], [record(S1, f"host{n}x") for n in range(6)])
    assert set(rows["tier"]) == {None}


def test_one_serial_with_another_name_is_a_pair_and_says_so():
    rows = judged([device(name="north")], [record(name="south")])
    assert said(rows, "state", "tier", "agreed_on", "disagreed_on") == [
        ("matched", "T1", "serial, model", "name")
    ]


def test_one_name_with_another_serial_is_no_pair():
    rows = judged([device(S1)], [record(S2)])
    assert said(rows, "state", "tier") == [("ghost", None), ("shadow", None)]
    told = rows.filter(pl.col("state") == "shadow")["runner_up"].item()
    assert told == f"sw1 / {S2} / cmdb.csv: the same name, another serial"


def test_one_serial_in_several_classes_is_one_device():
    rows = judged([device()], [record(), record(), record(name="sw1.oak.example")])
    assert said(rows, "about", "state", "units") == [
        ("instance", "matched", 1),
        ("record", "duplicate", 0),
        ("record", "duplicate", 0),
    ]


def test_parts_that_share_the_serial_of_their_chassis_are_no_devices():
    parts = [
        record(S1, "sw1 Te1/1/1", "SFP-10G-LR"),
        record(S1, "sw1 fan tray 1", "C9K-T1-FANTRAY"),
        record(f"{S2}-A", "cable", "SFP-H10GB-CU3M"),
        record(S3, "sw1 power supply 2", None),
    ]
    rows = judged([device()], [*parts, record()])
    assert said(rows, "asset_name", "state", "tier") == [("sw1", "matched", "T1")]
    assert said(judged([device()], parts), "state") == [("shadow",)]


def test_a_virtual_serial_that_was_issued_anew_follows_the_name():
    virtual = "9ZZA1B2C3D4"
    two = [device(virtual, "vr1", udi_pid="C8000V"), device(virtual, "vr2", udi_pid="C8000V")]
    rows = judged(two, [record(virtual, "vr2", "C8000V")])
    assert said(rows, "device_hostname", "state", "tier") == [
        ("vr1", "undecided", None),
        ("vr2", "matched", "T1"),
    ]
    rows = judged(two[:1], [record(virtual, "gone", "C8000V")])
    assert said(rows, "state") == [("undecided",), ("undecided",)]


def test_a_replacement_is_followed_and_not_counted_as_growth():
    """The record still holds the failed unit, which left the account."""
    old = device(S1, day=dt.date(2026, 7, 31), contact=dt.date(2026, 7, 30))
    new = device(S2, registered=dt.date(2026, 8, 4))
    rows = judged([old, new], [record(S1)])
    assert said(rows, "state", "tier", "device_serial", "asset_serial", "disagreed_on") == [
        ("successor", "T5", S2, S1, "serial")
    ]
    # too late to be its successor: the name was used again
    late = device(S2, registered=dt.date(2026, 10, 20))
    rows = judged([old, late], [record(S1)])
    assert said(rows, "state") == [("ghost",), ("shadow",)]


def test_a_replaced_unit_that_still_counts_is_a_duplicate():
    old = device(S1, contact=dt.date(2026, 7, 30))
    new = device(S2, registered=dt.date(2026, 8, 4))
    rows = judged([old, new], [record(S1)])
    assert said(rows, "device_serial", "state", "tier", "removal") == [
        (S1, "duplicate", "T1", "ask first"),
        (S2, "successor", "T5", None),
    ]
    rows = judged([old, new], [record(S2)])
    assert said(rows, "device_serial", "state", "tier") == [
        (S1, "duplicate", "T5"),
        (S2, "matched", "T1"),
    ]


def test_a_chain_of_replacements_has_one_head():
    steps = [(S1, dt.date(2024, 3, 1)), (S2, dt.date(2026, 3, 5)), (S3, dt.date(2026, 8, 1))]
    ends = [dt.date(2026, 3, 1), dt.date(2026, 7, 28), AS_OF]
    devices = [
        device(serial, day=end, contact=end, registered=began)
        for (serial, began), end in zip(steps, ends, strict=True)
    ]
    spans = compared(devices).spans
    assert set(spans["chain"]) == {f"{S1}|C9300"}
    assert said(spans, "serial", "followed") == [(S1, True), (S2, True), (S3, False)]


# identity


@pytest.mark.parametrize(
    "text",
    [f" {S1.lower()} ", f"SN:{S1}", f"S/N {S1}", f"PID:C9300-48P,SN:{S1}", f"000{S1}", f"S{S1}"]
    + [f"UDI_PID:C9300-48P; UDI_SN:{S1}; ", f"C9300-48P:{S1}", f'="{S1}"', f"\u200b{S1}\u00a0"]
    + ["ＺＺＱ２１０１ＡＡＡ１", "ZZQ-2101-AAA1", "ZZQ21O1AAA1"],
)
def test_a_serial_is_read_however_it_is_written(text):
    rows = judged([device(S1, None)], [record(text, "asset 7")])
    assert said(rows, "state", "tier") == [("matched", "T1")]
    assert rows["asset_serial"].item() == text


def test_a_misread_sign_needs_the_name_to_agree():
    rows = judged([device("ZZQ2101A0A1", "sw1")], [record("ZZQ2101AOA1", "sw1")])
    assert said(rows, "tier", "disagreed_on") == [("T4", "serial (O and 0)")]
    rows = judged([device("ZZQ2101A0A1", "sw1")], [record("ZZQ2101AOA1", "sw9")])
    assert set(rows["tier"]) == {None}


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("C9300-48P", "C9300-48P-A"), ("C9300-48P", "C9300-48P="), ("C9300-48P", "C9300-48P-E++")]
    + [("ISR4331/K9", "ISR4331-SEC/K9"), ("WS-C3850-48P", "WS-C3850-48P-S")]
    + [("C9300-48P", "Cisco Catalyst C9300-48P Switch"), ("FPR3110-NGFW-K9", "FPR-3110")],
)
def test_bundles_and_spares_are_the_same_model(mine, theirs):
    said_ = pl.DataFrame({"serial": [None, None], "pid": [mine, theirs], "name": [None, None]})
    typed = said_.cast(pl.String)
    assert with_keys(typed, RULES)["pid_key"].n_unique() == 1


def test_the_same_serial_on_another_product_is_another_thing():
    rows = judged([device(S1)], [record(S1, "ups", "SMT1500"), record(S1, "sw1")])
    assert said(rows, "asset_name", "state") == [("sw1", "matched"), ("ups", "undecided")]
    rows = judged([device(S1)], [record(S1, "ups", "SMT1500")])
    assert said(rows, "state") == [("undecided",), ("undecided",)]


def test_a_uuid_in_the_place_of_the_serial_is_an_identity():
    uuid = "00000000-0000-4000-8000-00000000b1c4"
    rows = judged([device(None, "cm1", udi_pid="UCM", uuid=uuid)], [record(uuid, "cm1", None)])
    assert said(rows, "state", "tier") == [("matched", "T2")]


# the MAC address


MAC = "00:1b:0d:63:c2:26"


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (MAC, MAC),
        (MAC, "001b.0d63.c226"),
        ("001B.0D63.C226", "00-1B-0D-63-C2-26"),
        ("001b0d63c226", " 00:1B:0D:63:C2:26 "),
    ],
)
def test_a_mac_address_stands_in_for_a_serial_however_it_is_written(mine, theirs):
    rows = judged(
        [device(None, "sw1", mac_address=mine)], [record(None, "other", mac_address=theirs)]
    )
    assert said(rows, "state", "tier", "agreed_on", "disagreed_on") == [
        ("matched", "T2", "model, MAC address", "name")
    ]
    # in the column of the serial as well
    rows = judged([device(None, "sw1", mac_address=mine)], [record(theirs, "other")])
    assert said(rows, "state", "tier") == [("matched", "T2")]


def test_a_mac_address_never_overrules_an_unequal_good_serial():
    rows = judged([device(S1, "sw1", mac_address=MAC)], [record(S2, "sw9", mac_address=MAC)])
    assert said(rows, "about", "state", "tier", "runner_up") == [
        (
            "instance",
            "shadow",
            None,
            f"sw9 / {S2} / cmdb.csv: the same MAC address under another serial",
        ),
        (
            "record",
            "ghost",
            None,
            f"sw1 / {S1} / Branch: the same MAC address under another serial",
        ),
    ]
    # one side without a serial: nothing speaks against it
    rows = judged([device(S1, "sw1", mac_address=MAC)], [record("N/A", "sw9", mac_address=MAC)])
    assert said(rows, "state", "tier") == [("matched", "T2")]


def test_a_serial_is_stronger_than_a_mac_address():
    """Two records: one has the serial, the other the address; the serial decides."""
    both = [record(S1, "a"), record(None, "b", mac_address=MAC)]
    rows = judged([device(S1, "sw1", mac_address=MAC)], both)
    assert said(rows, "about", "state", "tier", "asset_name") == [
        ("instance", "matched", "T1", "a"),
        ("record", "ghost", None, "b"),
    ]


@pytest.mark.parametrize(
    "mac",
    [
        *("00:00:00:00:00:00", "FF-FF-FF-FF-FF-FF", "0000.0000.0000", "ffff.ffff.ffff", "n/a", ""),
        *("0000.0c07.ac01", "00:00:5e:00:01:0a", "01:00:5e:00:00:01", "00:1b:0d:63:c2", "X" * 12),
    ],
)
def test_a_placeholder_or_shared_mac_address_matches_nothing(mac):
    for theirs in (record(None, "b", mac_address=mac), record(mac, "b")):
        rows = judged([device(None, "a", mac_address=mac)], [theirs])
        assert said(rows, "about", "tier") == [("instance", None), ("record", None)]


def test_a_mac_address_that_several_carry_decides_nothing():
    twins = [record(None, name, mac_address=MAC) for name in ("b", "c")]
    rows = judged([device(None, "a", mac_address=MAC)], twins)
    assert said(rows, "about", "tier", "state") == [
        ("instance", None, "undecided"),
        ("record", None, "undecided"),
        ("record", None, "undecided"),
    ]
    rows = judged(
        [device(None, "a", mac_address=MAC)], [record(None, "b", "ISR4331/K9", mac_address=MAC)]
    )
    assert said(rows, "about", "tier", "state") == [
        ("instance", None, "undecided"),
        ("record", None, "undecided"),
    ]


# names, sites, review


def test_name_and_model_stand_in_for_a_serial_only_if_nothing_contradicts():
    assert said(judged([device()], [record(None)]), "tier", "agreed_on") == [("T4", "model, name")]
    assert set(judged([device()], [record(None, pid="C9500-24Y4C")])["tier"]) == {None}
    assert said(judged([device()], [record(None, pid=None)]), "state") == [
        ("undecided",),
        ("undecided",),
    ]
    twins = [device(S1), device(S2)], [record(None), record(None)]
    assert set(judged(*twins)["state"]) == {"undecided"}


def test_a_site_where_the_account_has_no_device_speaks_against_a_name():
    known = [(device(f"ZZQ21{n:02}AAA1", f"k{n}x"), record(f"ZZQ21{n:02}AAA1", f"k{n}x"))
             for n in range(10, 16)]  # fmt: skip
    devices, records = [d for d, _ in known], [r for _, r in known]
    rows = judged([*devices, device(S1)], [*records, record(None, site="Elsewhere")])
    assert said(rows.filter(pl.col("site") == "Elsewhere"), "tier") == [(None,)]
    rows = judged([*devices, device(S1)], [*records, record(None)])
    told = rows.filter(pl.col("device_serial") == S1)
    assert said(told, "tier", "agreed_on") == [("T4", "model, name, site")]


def test_names_that_look_alike_are_for_review_only():
    rows = judged([device(S1, "berlin-core-01")], [record(S2, "berlin-cqre-01")])
    assert set(rows["tier"]) == {None}
    assert "% alike (T6)" in rows.filter(pl.col("state") == "shadow")["runner_up"].item()


# states


def test_a_retired_record_with_a_silent_instance_is_evidence():
    rows = judged([device(contact=dt.date(2024, 9, 1))], [record(status="Retired")])
    assert said(rows, "state", "removal", "freed_units") == [
        ("retired", "retired with evidence", 1)
    ]
    rows = judged([device()], [record(status="Retired")])
    assert said(rows, "state", "removal", "freed_units") == [("retired", "never", 0)]


def test_a_retired_record_of_the_same_name_alone_is_no_evidence():
    silent = device(contact=dt.date(2024, 9, 1))
    rows = judged([silent], [record(None, status="Retired")])
    assert said(rows, "state", "tier", "removal") == [("retired", "T4", "ask first")]


@pytest.mark.parametrize(
    "more", [{"status": "Reserved"}, {"uses": ((ADD_ON, 1), (HSEC, 1))}], ids=["reserved", "export"]
)
def test_reserved_and_restricted_ones_are_never_taken_off(more):
    rows = judged([device(contact=dt.date(2024, 9, 1), **more)], [record(status="Retired")])
    assert said(rows, "state", "removal", "freed_units") == [("retired", "never", 0)]


def test_a_silent_instance_that_owes_nothing_is_not_stale():
    quiet = {"contact": AS_OF - dt.timedelta(days=200)}
    rows = judged([device(**quiet)], [record()])
    assert said(rows, "state", "removal") == [("stale", "ask first")]
    rows = judged([device(uses=((NETWORK, 1),), **quiet)], [record()])
    assert said(rows, "state", "duty", "units") == [("matched", "none", 0)]


@pytest.mark.parametrize(
    ("duty", "state"),
    [("overdue", "stale"), ("unknown", "stale"), ("in time", "matched"), ("watch", "matched")],
)
def test_what_an_instance_owes_decides_what_its_silence_means(duty, state):
    row = {"smart_account": "oak.example", "virtual_account": "Branch", "serial": S1}
    row |= {"uuid": None, "hostname": "sw1", "license_class": "subscription", "state": duty}
    other = row | {"license_class": "perpetual", "state": "none"}
    duties = pl.DataFrame([row, other], schema_overrides={"uuid": pl.String})
    quiet = device(contact=AS_OF - dt.timedelta(days=200))
    assert said(judged([quiet], [record()], duties=duties), "state") == [(state,)]


def test_a_device_reserved_and_reporting_counts_once():
    rows = judged([device(), device(status="Reserved")], [record()])
    assert said(rows, "state", "units", "removal") == [
        ("duplicate", 0, "never"),
        ("matched", 1, None),
    ]
    # also where no record knows it
    assert said(judged([device(), device(status="Reserved")], [record(S3, "x9")]), "units") == [
        (0,),
        (0,),
        (1,),
    ]


def test_a_device_in_two_accounts_is_a_duplicate():
    rows = judged([device(), device(virtual_account="Other")], [record()])
    assert said(rows, "state") == [("duplicate",), ("matched",)]


def test_moves_and_returns_are_told():
    days = [dt.date(2026, 8, 31), dt.date(2026, 9, 30), AS_OF]
    kept = [(S3, "sw3"), *((f"ZZQ2110AAA{n}", f"k{n}x") for n in range(9))]
    always = [device(serial, name, day=day) for day in days for serial, name in kept]
    moved = [device(S1, day=days[1], virtual_account="Old"), device(S1)]
    back = [device(S2, "sw2", day=days[0]), device(S2, "sw2")]
    records = [record(S1), record(S2, "sw2"), *(record(*one) for one in kept)]
    rows = judged([*always, *moved, *back], records)
    states = dict(said(rows, "device_serial", "state"))
    assert (states.pop(S1), states.pop(S2)) == ("moved", "returned")
    assert set(states.values()) == {"matched"}


def test_an_export_of_a_part_proves_no_absence():
    """In between, an export shows two of ten: nobody left and came back."""
    names = [(f"ZZQ2110AAA{n}", f"k{n}x") for n in range(10)]
    days = [(dt.date(2026, 8, 31), 10), (dt.date(2026, 9, 30), 2), (AS_OF, 10)]
    devices = [device(*name, day=day) for day, shown in days for name in names[:shown]]
    spans = compared(devices, []).spans
    assert set(spans["arrival"]) == {"there from the first export"}
    assert spans["left_before"].null_count() == 10


def test_a_list_without_an_account_is_a_second_view_and_no_second_device():
    copy = device(smart_account=None, source="screen.csv", day=dt.date(2026, 10, 30), uses=())
    assert said(judged([device(), copy], [record()]), "state") == [("matched",)]


def test_without_name_and_serial_it_is_masked_and_software_is_software():
    rows = judged(
        [device("........", None), device(None, "cm1", udi_pid="UCM", uuid="a1b2c3d4")],
        [record(S3, "sw9")],
    )
    assert said(rows, "state") == [("ghost",), ("masked",), ("software",)]


def test_without_records_nothing_is_called_a_shadow_and_the_reverse():
    assert said(judged([device()]), "state", "why") == [
        ("undecided", "there are no own records to compare with")
    ]
    assert said(judged([], [record()]), "state", "why") == [
        ("undecided", "there is no product instance to compare with")
    ]
    assert judged().is_empty()


# money


def prices():
    row = {"smart_account": "oak.example", "virtual_account": "Branch", "license": ADD_ON}
    row |= {"agreement": "EA", "suite": "S", "sku": "A", "currency": "EUR"}
    price = pl.DataFrame([row]).with_columns(unit_money=pl.lit("30.005", pl.Decimal(38, 12)))
    return ANSWERS["unit_prices"].shaped(price)


def test_money_is_units_at_the_agreements_price_rounded_once():
    silent = device(contact=dt.date(2024, 9, 1), uses=((ADD_ON, 3), (NETWORK, 3)))
    rows = judged([silent], [record(status="Retired")], prices=prices())
    assert said(rows, "units", "perpetual_units", "money") == [(3, 3, Decimal("90.02"))]
    assert said(judged([silent], [record(status="Retired")]), "units", "money") == [(3, None)]


def test_units_without_a_price_are_counted_beside_the_money():
    part = device(uses=((ADD_ON, 3), ("Alpha Term", 2), (NETWORK, 3)))
    names = ("units", "money", "unpriced_units")
    assert said(judged([part], [record()], prices=prices()), *names) == [(5, Decimal("90.02"), 2)]
    assert said(judged([part], [record()]), *names) == [(5, None, 5)]
    whole = device(uses=((ADD_ON, 3), (NETWORK, 3)))
    assert said(judged([whole], prices=prices()), *names) == [(3, Decimal("90.02"), 0)]
    # a record that stands for no instance consumes nothing
    assert said(judged([], [record()]), *names) == [(0, None, 0)]


def test_a_clean_up_saves_what_the_reading_has_not_counted_yet():
    silent = device(contact=dt.date(2024, 9, 1), uses=((ADD_ON, 3), (NETWORK, 3)))
    found = compared([silent], [record(status="Retired")], prices=prices())
    rows = shadow.judged(found, None, as_of=AS_OF, rules=RULES)
    freed = shadow.freed(rows, tables([silent])["device_licenses"])
    line = {"agreement": "EA", "suite": "S", "sku": "A", "event_date": dt.date(2027, 2, 1)}
    ways = ["as_of", "peak", "average", "billable"]
    readings = [line | {"reading": way, "measure": way} for way in ways]
    true_forward = ANSWERS["true_forward"].shaped(pl.DataFrame(readings))
    worth = shadow.cleanup(freed, prices(), true_forward, as_of=AS_OF)
    assert dict(worth.select("reading", "money").rows()) == {
        "as_of": Decimal("90.02"),  # 3 × 30.005
        "peak": Decimal("0.00"),
        "average": Decimal("22.94"),  # 93 of 365 days are still to come: 90.015 × 0.254795
        "billable": Decimal("0.00"),
    }


# several sources of record


def test_two_inventories_are_one_record_and_their_quarrel_is_told():
    found = compared(
        [device()],
        [record(), record(name="sw1-old", status="Retired", source="netbox.csv")],
    )
    rows = shadow.judged(found, None, as_of=AS_OF, rules=RULES)
    assert said(rows, "asset_source", "state", "units") == [("cmdb.csv", "matched", 1)]
    told = found.conflicts(RULES)
    assert said(told, "field", "trusted_source", "trusted_value", "other_value") == [
        ("name", "netbox.csv", "sw1-old", "sw1"),
        ("status", "cmdb.csv", "Installed", "Retired"),
    ]


def test_a_retirement_that_another_record_denies_is_no_evidence():
    silent = device(contact=dt.date(2024, 9, 1))
    rows = judged([silent], [record(status="Retired"), record(source="netbox.csv")])
    assert said(rows, "state", "removal") == [("retired", "ask first")]
    # the status is the service desk's, even where another source stands for the device
    found = [record(source="discovery.csv"), record(status="Retired")]
    assert said(judged([silent], found), "asset_source", "state", "removal") == [
        ("discovery.csv", "retired", "ask first")
    ]


def test_one_name_with_two_serials_in_two_inventories_is_a_quarrel():
    found = compared([device()], [record(), record(S2, source="netbox.csv")])
    (row,) = found.conflicts(RULES).to_dicts()
    assert (row["field"], row["trusted_value"], row["other_value"]) == ("serial", S1, S2)


# builds


def expected(found, *, says=(), controllers=(), rules=RULES):
    said_ = shaped("capture_licenses", list(says))
    known = shaped("catalyst_center_devices", list(controllers))
    return shadow.expected(found, said_, known, rules=rules)


def test_a_stack_counts_what_its_own_list_says_and_the_rest_is_unexplained():
    captured = [member(S1, S1, "Active"), member(S1, S2, "Standby"), member(S1, S3, "Member")]
    found = compared([device(S1, uses=((ADD_ON, 4),))], [record()], captured)
    use = {"serial": S1, "license": "dna-advantage", "quantity": 3, "source": "c.log"}
    (row,) = expected(found, says=[use]).to_dicts()
    told = ("stack", 3, 4, 3, None, 1)
    names = ("kind", "members", "counted", "device_says", "expected", "unexplained")
    assert tuple(row[name] for name in names) == told
    (row,) = expected(found).to_dicts()
    assert (row["expected"], row["unexplained"]) == (None, None)
    (row,) = expected(found, rules=load_rules({"assumed": True})).to_dicts()
    assert (row["expected"], row["unexplained"]) == (3, 1)


def test_pairs_supervisors_and_controllers_are_told_apart():
    pair = [member(S1, S1, "Active", "C9500-24Y4C"), member(S1, S2, "Standby", "C9500-24Y4C")]
    assert expected(compared([device(S1)], [], pair))["kind"].item() == "virtual pair"
    one = [member(S1, S1, "Active, Standby", "C9407R")]
    assert expected(compared([device(S1)], [], one))["kind"].item() == "dual supervisor"
    wireless = {"hostname": "wlc7.oak.example", "total_access_point_count": 480, "source": "x"}
    joined = compared([device(S1, "wlc7", uses=(("AIR DNA Advantage", 500),))])
    (row,) = expected(joined, controllers=[wireless]).to_dicts()
    assert (row["kind"], row["expected"], row["unexplained"]) == ("controller", 480, 20)


# edges


def test_hostile_text_null_accounts_and_one_row_pass_through():
    odd = device(S1, HOSTILE, smart_account=None, virtual_account=None, day=None)
    rows = shadow.judged(
        shadow.compared(tables([odd], [record(S1, HOSTILE)]), ANSWERS["unit_prices"].empty(),
                        as_of=None, rules=RULES),
        None, as_of=None, rules=RULES,
    )  # fmt: skip
    assert said(rows, "state", "device_hostname", "asset_name") == [("matched", HOSTILE, HOSTILE)]


def test_only_the_newest_export_of_an_account_counts():
    rows = judged([device(S1, day=dt.date(2026, 9, 30)), device(S2, "sw2")], [record(S2, "sw2")])
    assert said(rows, "device_serial") == [(S2,)]


def test_a_name_that_everybody_bears_costs_no_square():
    """3,000 of each side under one name: no pair, and no nine million candidates either."""
    devices = [device(f"ZZQ2101{n:04}", "core-a") for n in range(3000)]
    records = [record(None, "core-a") for _ in range(3000)]
    found = compared(devices, records)
    assert found.links.is_empty()
    assert found.candidates.height < 100_000
