"""Signals end to end: an estate with all six, one with none, and each part by hand."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import cssm_lib
from cssm_lib.analyses.signals import counted, seen, stated, told
from cssm_lib.analyses.signals.asks import _clause
from cssm_lib.rules import load_rules
from cssm_lib.sample.estate import (
    Group,
    Lot,
    Row,
    holdings,
    instances,
    licenses,
    month_ends,
    perpetual,
)
from cssm_lib.sample.records import recorded, written
from cssm_lib.sample.shapes import device_rows, documents, table
from cssm_lib.schema import ANSWERS

stand_in = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))
RULES = load_rules()
DAYS = month_ends("2025-10-31", "2026-10-31")
LAST = DAYS[-1]
A, E = "C9300 24P DNA Advantage", "C9300 24P DNA Essentials"
NA, NE = "C9300 24P NW Advantage", "C9300 24P NW Essentials"
IDLE = "Prime Infrastructure Lifecycle License"
CLIENT = """
client = "Fir"
currency = "EUR"
as_of = 2026-10-31
[[smart_accounts]]
name = "fir.example"
[[agreements]]
name = "EA"
start = 2024-02-01
end = 2027-01-31
uplift = {{ low = 0.02, high = 0.05 }}
[[agreements.suites]]
name = "Campus"
lines = [
  {{ sku = "A", licenses = ["*DNA Advantage"], entitled = {a}, price = 10.00 }},
  {{ sku = "E", licenses = ["*DNA Essentials"], entitled = {e}, price = 4.00 }},
  {{ sku = "P", licenses = ["Prime*"], entitled = {p}, price = 2.00 }},
]
[[sources]]
path = "cssm/*"
smart_account = "fir.example"
"""
CONFIG = """!
version 17.9
hostname {name}
license boot level network-essentials addon dna-essentials
!
router bgp 65001
 neighbor 10.0.0.1 remote-as 65002
!
end
"""
EOX = ["EOLProductID", "ProductIDDescription", "EndOfSaleDate", "EndOfSWMaintenanceReleases",
       "EndOfSecurityVulSupportDate", "LastDateOfSupport"]  # fmt: skip


def lots(units):
    return (Lot(units, "2024-02-01", "2027-01-31"),)


def estate(folder: Path, *, rows: list[Row], groups: list[Group], numbers: dict, old: bool):
    """A client folder: exports of a year, instances and own records of the last day."""
    files = {"client.toml": CLIENT.format(**numbers).encode()}
    for day in DAYS:
        (text,) = documents(licenses(holdings(rows, day=day)), key="licenses", size=500)
        files[f"cssm/{day}/licenses.json"] = text.encode()
    standing = instances(groups, days=[LAST], domain="fir.example", seed=1)
    (text,) = documents(device_rows(standing), key="devices", size=5000)
    files[f"cssm/{LAST}/devices.json"] = text.encode()
    places = dict.fromkeys(standing["virtual_account"].unique(), "Site 1")
    files["records/cmdb.csv"] = written(recorded(standing, places=places))
    ends = ["2019-01-01", "2021-01-01", "2024-01-01", "2026-01-01"] if old else ["2040-01-01"] * 4
    files["eox.csv"] = table([("C9300-24T", "switch", *ends)], header=EOX).encode()
    if old:
        name = standing.filter(pl.col("pid") == "C9300-24T")["hostname"][0]
        files[f"configs/{name.split('.')[0]}.cfg"] = CONFIG.format(name=name.split(".")[0]).encode()
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return cssm_lib.open_client(folder)


def both(network, add_on, use):
    return {network: use, add_on: use}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    grown = {"": 40, "2026-03-31": 60}
    rows = [
        Row("Berlin", A, grown, lots(60)),
        Row("Berlin", NA, grown, perpetual(60)),
        Row("Berlin", E, 60, lots(50)),
        Row("Berlin", NE, 60, perpetual(60)),
        Row("DEFAULT", E, 0, lots(30)),
        Row("Berlin", IDLE, 0, lots(25)),
    ]
    groups = [
        Group("Berlin", "C9300-24P", "sw-a", both(NA, A, 60)),
        Group("Berlin", "C9300-24T", "sw-e", both(NE, E, 60)),
    ]
    numbers = {"a": 60, "e": 80, "p": 25}
    return estate(
        tmp_path_factory.mktemp("seeded"), rows=rows, groups=groups, numbers=numbers, old=True
    )


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    rows = [
        Row("Berlin", A, 60, lots(60)),
        Row("Berlin", NA, 60, perpetual(60)),
        Row("Berlin", E, 50, lots(50)),
        Row("Berlin", NE, 50, perpetual(60)),
    ]
    groups = [
        Group("Berlin", "C9300-24P", "sw-a", both(NA, A, 60)),
        Group("Berlin", "C9300-24T", "sw-e", both(NE, E, 50)),
    ]
    numbers = {"a": 60, "e": 50, "p": 0}
    return estate(
        tmp_path_factory.mktemp("clean"), rows=rows, groups=groups, numbers=numbers, old=False
    )


def test_all_six_signals_are_found_in_order_of_money(seeded):
    found = seeded.signals
    kinds = set(found["signal"])
    assert {"consumption", "growth", "tier", "unused", "software", "hierarchy"} <= kinds
    money = found["money"].to_list()
    known = [amount for amount in money if amount is not None]
    assert known == sorted(known, reverse=True)
    assert money[: len(known)] == known
    assert found["place"].to_list() == list(range(1, found.height + 1))


def test_their_units_and_money_are_those_of_the_estate(seeded):
    rows = seeded.signals.select(
        "signal", "sku", "units", "money", "money_low", "money_high"
    ).rows()
    # 36 months at 10.00, 4.00 and 2.00; the uplift lies between 2 and 5 %
    assert ("growth", "A", 20, Decimal(7200), Decimal(7344), Decimal(7560)) in rows
    assert ("consumption", "E", 10, Decimal(1440), Decimal("1468.80"), Decimal(1512)) in rows
    assert ("unused", "E", 20, Decimal(2880), Decimal("2937.60"), Decimal(3024)) in rows
    assert ("unused", "P", 25, Decimal(1800), Decimal(1836), Decimal(1890)) in rows
    assert ("software", None, 60, None, None, None) in rows
    (tier,) = (row for row in rows if row[0] == "tier")
    assert tier[2] == 1


def test_every_signal_says_where_and_what_to_do(seeded):
    for row in seeded.signals.iter_rows(named=True):
        assert row["where"]
        assert "table" in row["evidence"]
        assert row["vendor_reading"]
        assert row["counter_move"].startswith("1. ")
        assert "\n2. " in row["counter_move"]
        assert row["act_by"] >= seeded.as_of


def test_dates_go_back_from_the_renewal_and_never_before_as_of(seeded):
    days = dict(seeded.signals.select("signal", "act_by").rows())
    # 2027-02-01 less 90 days; less 120 and 180 days lie before 2026-10-31
    assert days["consumption"] == dt.date(2026, 11, 3)
    assert days["growth"] == days["software"] == dt.date(2026, 10, 31)


def test_a_clean_estate_has_no_signal(clean):
    assert clean.signals.to_dicts() == []
    assert clean.renewal.filter(pl.col("change") != 0).height == 0


def test_the_asks_have_their_worth(seeded):
    asked = {row["ask"]: row for row in seeded.asks.iter_rows(named=True)}
    assert list(asked) == [
        "price hold", "renewal cap", "true-down", "measure and allowance in writing",
        "suite swap", "auto-renewal off",
    ]  # fmt: skip
    # to renew: 60 A, 60 E, 0 P = 21,600 + 8,640; 5 % and 3 % of it
    assert asked["price hold"]["money"] == Decimal("1512")
    assert asked["renewal cap"]["money"] == Decimal("907.20")
    # 20 E and 25 P less than today
    assert asked["true-down"]["units"] == 45
    assert asked["true-down"]["money"] == Decimal(2880 + 1800)
    assert asked["auto-renewal off"]["money"] == Decimal(21600 + 11520 + 1800)
    assert asked["suite swap"]["money"] == 0
    assert {row["act_by"] for row in asked.values()} == {dt.date(2026, 12, 18)}


@pytest.mark.parametrize(
    ("units", "prices", "money"),
    [
        ([35, 0], [None, 3], None),  # what has a price has no units: nothing is known
        ([35, 2], [None, 3], 6),
        ([0, 0], [None, 3], 0),
        ([35, 2], [None, None], None),
        ([35, 2], [2, 3], 76),
    ],
)
def test_a_clause_of_units_without_a_price_is_not_worth_nothing(units, prices, money):
    rows = pl.DataFrame({"agreement": "EA", "units": units, "price": prices}, strict=False)
    rows = rows.with_columns(pl.col("price").cast(pl.Decimal(38, 6)))
    found = _clause(rows, "true-down", pl.col("units"), pl.col("units") * pl.col("price"))
    assert found.select("units", "money").row(0) == (sum(units), money)


def test_numbers_in_sentences_have_their_thousands_apart():
    row = {"sku": "S", "suite": "x", "as_of": 1205, "today": 1230, "short_units": 1055}
    made = {name: one.empty() for name, one in ANSWERS.items()}
    made["renewal"] = ANSWERS["renewal"].shaped(pl.DataFrame([row | {"counted": "licences"}]))
    assert counted.consumption(made)["evidence"].item().startswith(
        "1,205 in use against 1,230 paid today; single accounts lack 1,055, of which transfers"
    )  # fmt: skip


def test_without_an_agreement_the_asks_stand_in_words(tmp_path):
    row = Row("Berlin", A, 5, lots(5))
    (text,) = documents(licenses(holdings([row], day=LAST)), key="licenses", size=50)
    (tmp_path / "client.toml").write_text('client = "Bare"\n')
    (tmp_path / f"licenses-{LAST}.json").write_text(text)
    answers = cssm_lib.open_client(tmp_path)
    assert answers.asks.height == 6
    assert answers.asks.select("units", "money", "act_by").null_count().row(0) == (6, 6, 6)
    assert answers.numbers["money"].null_count() == 4


def test_nothing_gives_no_signal():
    made = {name: one.empty() for name, one in ANSWERS.items()}
    for rows in (counted.consumption(made), counted.unused(made), seen.tier(made["feature_drift"])):
        assert rows.height == 0
    assert counted.growth(made, as_of=None, rules=RULES).height == 0


def pool_days(*values, license_=A):
    rows = [
        {"smart_account": "a", "license": license_, "snapshot_date": day, "demand": units}
        | {"full": full[0] if full else True}
        for day, units, *full in values
    ]
    return ANSWERS["pool_days"].shaped(pl.DataFrame(rows))


def grown(*values):
    made = {name: one.empty() for name, one in ANSWERS.items()}
    made["pool_days"] = pool_days(*values)
    return counted.growth(made, as_of=dt.date(2026, 10, 31), rules=RULES)["units"].to_list()


def test_growth_is_a_full_day_against_a_full_day_a_year_before():
    now = (dt.date(2026, 10, 31), 110)
    assert grown((dt.date(2025, 10, 31), 100), now) == [10]
    # 5 % is the least that counts
    assert grown((dt.date(2025, 10, 31), 105), now) == []
    # a partial day is no witness, one more than 35 days too old neither
    assert grown((dt.date(2025, 10, 31), 100, False), now) == []
    assert grown((dt.date(2025, 9, 25), 100), now) == []
    assert grown((dt.date(2025, 9, 26), 100), now) == [10]
    # nothing was there before
    assert grown((dt.date(2025, 10, 31), 0), now) == [110]


def test_use_that_is_lent_to_a_licence_without_a_line_is_no_signal():
    made = {name: one.empty() for name, one in ANSWERS.items()}
    rows = [{"license": "lent to", "as_of": 50, "today": 0, "short_units": 0, "counted": "x"}]
    made["renewal"] = ANSWERS["renewal"].shaped(pl.DataFrame(rows))
    assert counted.consumption(made).height == 0


def test_silence_and_an_unknown_peak_are_not_unused():
    made = {name: one.empty() for name, one in ANSWERS.items()}
    row = {"sku": "S", "suite": "x", "today": 24, "as_of": 0, "counted": "licences"}
    rows = [row | {"peak": 0, "unreported": 24}, row | {"peak": None, "unreported": 0}]
    made["renewal"] = ANSWERS["renewal"].shaped(pl.DataFrame(rows))
    assert counted.unused(made).height == 0


def test_names_are_cut_and_counted_and_stay_text():
    rows = [
        {"virtual_account": stand_in["HOSTILE"], "hostname": f"sw-{n}", "state": "overdue"}
        | {"due": dt.date(2026, 1, n + 1)}
        for n in range(6)
    ]
    (row,) = seen.reporting(ANSWERS["duties"].shaped(pl.DataFrame(rows))).to_dicts()
    assert (row["units"], row["unit"]) == (6, "instances")
    assert row["evidence"].endswith("sw-0, sw-1, sw-2, sw-3 and 2 more; table duties")
    assert row["where"].startswith(stand_in["HOSTILE"])


def test_a_device_above_its_licence_only_by_a_short_pool_is_no_tier_signal():
    row = {"virtual_account": "V", "licenses": A, "quantity": 1, "verdict": "above licence"}
    rows = [row | {"hostname": "a", "needed_tier": "advantage", "evidence": "BGP (a.cfg, line 9)"},
            row | {"hostname": "b", "needed_tier": None, "evidence": None}]  # fmt: skip
    (found,) = seen.tier(ANSWERS["feature_drift"].shaped(pl.DataFrame(rows))).to_dicts()
    assert found["units"] == 1
    assert "a needs advantage: BGP (a.cfg, line 9)" in found["evidence"]


def test_what_is_put_in_writing_names_neither_money_nor_our_quantities(seeded):
    told = seeded.statements
    assert told["id"].is_unique().all()
    row = told.filter(pl.col("id").str.starts_with("tier/")).row(0, named=True)
    assert row["fact"].startswith("1 device: ")
    assert row["evidence"] == "Table feature_drift."
    assert row["our_reading"]
    assert row["ask"]
    kinds = set(told["id"].str.split("/").list.first())
    assert not kinds & {"growth", "unused", "consumption", "software", "hierarchy"}


def test_a_quote_is_answered_by_its_lines_not_by_its_quantities():
    causes = stand_in["quoted"]()["quote_causes"]
    told = stated(ANSWERS["signals"].empty(), causes, RULES)
    assert told.select("id", "fact").rows() == [
        ("new_sku/Q1/" + stand_in["HOSTILE"],
         f"Quote Q1, {stand_in['HOSTILE']}: {stand_in['HOSTILE']}."),
    ]  # fmt: skip


def test_the_vendor_reads_no_statement_of_what_the_client_must_mend(seeded):
    from cssm_lib.schema.audience import cut

    shown = cut(seeded.statements, "statements", "vendor")
    assert not shown["id"].str.contains("^(tier|shadow|stale|reporting)/").any()
    assert not {"our_reading", "ask"} & set(shown.columns)


def test_the_clients_own_plans_and_projects_reach_the_quantity(tmp_path):
    said = """
[[planned]]
sku = "A"
units = 7
from = 2026-12-01
why = "new ward"
[[planned]]
sku = "Not in any*"
units = -2
from = 2026-12-01
why = "closed"
[[exclude]]
virtual_account = "Event*"
from = 2026-10-01
to = 2026-12-31
why = "fair"
"""
    rows = [
        Row("Berlin", A, 50, lots(50)),
        Row("Event 2026", A, 10, lots(10)),
        Row("Berlin", "Not in any line", 9, lots(9)),
    ]
    (text,) = documents(licenses(holdings(rows, day=LAST)), key="licenses", size=50)
    (tmp_path / "cssm" / LAST).mkdir(parents=True)
    (tmp_path / "client.toml").write_text(CLIENT.format(a=60, e=0, p=0) + said)
    (tmp_path / "cssm" / LAST / "licenses.json").write_text(text)
    found = {
        row["sku"] or row["license"]: row
        for row in cssm_lib.open_client(tmp_path).renewal.iter_rows(named=True)
    }
    assert (found["A"]["planned"], found["A"]["recommended"]) == (-3, 57)
    assert found["A"]["planned_why"] == (
        "−10 (fair, until 2026-12-31); +7 (new ward, from 2026-12-01)"
    )
    assert found["Not in any line"]["recommended"] == 7


def test_a_plan_for_nothing_that_is_renewed_is_told(tmp_path):
    said = '[[planned]]\nsku = "Z"\nunits = 7\nfrom = 2026-12-01\nwhy = "typo"\n'
    (text,) = documents(licenses(holdings([Row("Berlin", A, 5, lots(5))], day=LAST)),
                        key="licenses", size=50)  # fmt: skip
    (tmp_path / "client.toml").write_text(CLIENT.format(a=5, e=0, p=0) + said)
    (tmp_path / "cssm" / LAST).mkdir(parents=True)
    (tmp_path / "cssm" / LAST / "licenses.json").write_text(text)
    notes = dict(cssm_lib.open_client(tmp_path).notes.iter_rows())
    assert notes["planned / Z"].startswith("no row of the renewal has this name")


def test_growth_is_divided_where_its_line_is_known():
    key = {"agreement": "EA", "suite": "Campus", "sku": "A"}
    years = [
        key | {"from_day": dt.date(2025, 2, 1), "to_day": dt.date(2026, 2, 1), "baseline": 90},
        key | {"from_day": dt.date(2026, 2, 1), "to_day": dt.date(2026, 10, 31), "baseline": 5,
               "project": 12, "seasonal": None, "one_off": 0, "error": -2},
    ]  # fmt: skip
    rows = pl.DataFrame(
        [key | {"signal": "growth", "evidence": "15 more"}, key | {"signal": "x", "evidence": "y"}]
    )
    found = told._divided(rows, pl.DataFrame(years, infer_schema_length=None))["evidence"].to_list()
    assert found == [
        "the line as a whole from 2026-02-01 to 2026-10-31: 5 that stay, 12 of projects,"
        " −2 of stale and double instances; 15 more",
        "y",
    ]
    assert told._divided(rows, None) is rows
