"""The vendor's quote against the renewal: causes by hand, and a way that always closes."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.analyses import renewal
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

parts = runpy.run_path(str(Path(__file__).with_name("renewals.py")))
line, lines, quote = (parts[name] for name in ("line", "lines", "quote"))
A, E, U = parts["A"], parts["E"], parts["U"]
RULES = load_rules()
CAMPUS = {"agreement": "EA", "suite": "Campus", "per": "month", "term_months": 36}
CAMPUS |= {"currency": "EUR", "as_of": 0}


def row(sku, recommended, **more):
    """A row of `renewal`; 60 retired and 5 planned more or less are said by `more`."""
    said = {"sku": sku, "clean_need": recommended, "recommended": recommended, "license": sku}
    return CAMPUS | {"today": recommended, "planned": 0, "price": Decimal(10)} | said | more


def rows(*said):
    if not said:
        return ANSWERS["renewal"].empty()
    return ANSWERS["renewal"].shaped(pl.DataFrame(said, infer_schema_length=None))


def against(offer, renewals, terms):
    """The three tables of a quote."""
    matched = renewal.quote_match(offer, renewals, terms, rules=RULES)
    causes = renewal.quote_causes(matched, renewals, terms, rules=RULES)
    totals = renewal.quote_totals(matched, causes, renewals, terms, rules=RULES)
    return ANSWERS["quote_match"].shaped(matched), causes, totals


def found(causes):
    """(row, cause) → units and money."""
    kept = causes.select("sku", "cause", "units", "money").rows()
    return {(sku, cause): (units, money) for sku, cause, units, money in kept}


def money(text):
    return Decimal(text)


TERMS = lines(
    line(A, licenses=["C9300 DNA Advantage"], price=10, quoted_as=["NEW-A*"],
         support_quoted_as=["SVS-A"]),
    line(E, licenses=["C9300 DNA Essentials"], price=4),
)  # fmt: skip


def test_the_same_units_at_the_same_price_have_no_cause():
    offer = quote({"sku": A.lower(), "quantity": 100, "extended_net_price": "36000.00"})
    matched, causes, totals = against(offer, rows(row(A, 100)), TERMS)
    assert causes.height == 0
    assert matched.select("matched_by", "role", "price_change").rows() == [("sku", "line", None)]
    assert totals.select("quoted", "clean", "difference", "unexplained").row(0) == (
        money("36000"), money("36000"), money("0"), money("0"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("quoted", "expected"),
    [
        (95, {"fewer": -5}),
        (130, {"retired": 30}),
        (160, {"retired": 60}),
        (167, {"retired": 60, "duplicate": 7}),
        (185, {"retired": 60, "duplicate": 7, "kept": 18}),
        (190, {"retired": 60, "duplicate": 7, "peak": 23}),
        (200, {"retired": 60, "duplicate": 7, "peak": 23, "growth": 10}),
        (205, {"retired": 60, "duplicate": 7, "accounts": 38}),
        (299, {"retired": 60, "duplicate": 7, "accounts": 38, "growth": 94}),
    ],
)
def test_more_units_have_the_causes_that_reach_them(quoted, expected):
    need = row(A, 100, retired=60, duplicate=7, as_of=167, today=185, peak=190, short_units=20)
    offer = quote({"sku": A, "quantity": quoted, "net_unit_price": "10.00"})
    _, causes, totals = against(offer, rows(need), TERMS)
    assert {cause: units for (_, cause), (units, _) in found(causes).items()} == expected
    assert {c: m for (_, c), (_, m) in found(causes).items()} == {
        cause: Decimal(units * 360) for cause, units in expected.items()
    }
    assert totals["unexplained"].item() == 0


def test_our_own_plan_is_no_cause_of_what_is_quoted_less():
    need = row(A, 120, clean_need=100, planned=20, retired=30, as_of=130)
    offer = quote({"sku": A, "quantity": 128, "net_unit_price": "10.00"})
    _, causes, _ = against(offer, rows(need), TERMS)
    assert found(causes) == {(A, "retired"): (8, money("2880"))}


def test_a_project_that_ends_is_a_cause_where_it_is_quoted():
    need = row(A, 80, clean_need=100, planned=-20, as_of=100)
    offer = quote({"sku": A, "quantity": 100, "net_unit_price": "10.00"})
    _, causes, _ = against(offer, rows(need), TERMS)
    assert found(causes) == {(A, "project"): (20, money("7200"))}


def test_term_support_uplift_and_printed_sum_stand_apart():
    offer = quote(
        {"sku": A, "quantity": 100, "months": 48, "net_unit_price": "11.00",
         "extended_net_price": "52900.00"},
        {"sku": "SVS-A", "quantity": 100, "extended_net_price": "1234.56"},
    )  # fmt: skip
    _, causes, totals = against(offer, rows(row(A, 100)), TERMS)
    assert found(causes) == {
        (A, "term"): (None, money("12000")),
        (A, "support"): (None, money("1234.56")),
        (A, "uplift"): (None, money("4800")),
        (A, "printed_sum"): (None, money("100")),
    }
    assert totals.select("quoted", "clean", "unexplained").row(0) == (
        money("54134.56"), money("36000"), money("0"),
    )  # fmt: skip


def test_todays_support_is_set_against_quoted_support_only():
    terms = lines(line(A, licenses=["x"], price=10, support_price=1, support_quoted_as=["SVS-A"]))
    alone = quote({"sku": A, "quantity": 100, "net_unit_price": "10.00"})
    _, causes, _ = against(alone, rows(row(A, 100, support_price=Decimal(1))), terms)
    assert found(causes) == {(A, "price_cut"): (None, money("-3600"))}
    both = quote(
        {"sku": A, "quantity": 100, "net_unit_price": "10.00"},
        {"sku": "svs-a", "quantity": 100, "net_unit_price": "1.50"},
    )
    _, causes, _ = against(both, rows(row(A, 100, support_price=Decimal(1))), terms)
    assert found(causes) == {(A, "support"): (None, money("1800"))}


def test_a_price_is_split_at_the_list_price_where_both_sides_state_one():
    terms = lines(line(A, licenses=["x"], price=10, list_price=20))
    offer = quote({"sku": A, "quantity": 10, "net_unit_price": "13.20", "list_price": "22.00"})
    _, causes, _ = against(offer, rows(row(A, 10)), terms)
    # list 20 → 22 moves 10.00 to 11.00, the discount 50 % → 40 % to 13.20
    assert found(causes) == {
        (A, "list_price"): (None, money("360")),
        (A, "discount"): (None, money("792")),
    }


def test_a_row_that_is_left_out_and_an_upgrade():
    offer = quote({"sku": A, "quantity": 140, "net_unit_price": "10.00"})
    need = rows(row(A, 100, license="DNA Advantage"),
                row(E, 50, license="DNA Essentials", price=Decimal(4)))  # fmt: skip
    _, causes, totals = against(offer, need, TERMS)
    # 40 of the 50 Essentials stand in the 40 Advantage too many, 10 are gone
    assert causes.select("sku", "cause", "units", "money").rows() == [
        (A, "tier_upgrade", 40, money("14400")),
        (E, "tier_upgrade", -40, money("-5760")),
        (E, "not_quoted", -10, money("-1440")),
    ]
    assert totals["unexplained"].item() == 0


def test_a_renamed_sku_is_the_line_and_one_of_a_higher_tier_is_an_upgrade():
    renamed = quote({"sku": "NEW-A-36", "quantity": 100, "net_unit_price": "10.00"})
    matched, causes, _ = against(renamed, rows(row(A, 100, license="DNA Advantage")), TERMS)
    assert causes.height == 0
    assert matched["matched_by"].to_list() == ["pattern"]
    premier = quote(
        {"sku": "NEW-A-36", "description": "DNA Premier", "quantity": 100, "net_unit_price": "14"}
    )
    matched, causes, _ = against(premier, rows(row(A, 100, license="DNA Advantage")), TERMS)
    assert matched["tier"].to_list() == ["premier"]
    assert found(causes) == {(A, "tier_upgrade"): (None, money("14400"))}


def test_an_upgrade_to_a_tier_with_a_price_of_today_leaves_the_rest_as_uplift():
    terms = lines(
        line(E, licenses=["DNA Essentials"], price=4, quoted_as=["UP-*"]),
        line(A, licenses=["DNA Advantage"], price=10),
    )
    need = rows(row(E, 50, license="DNA Essentials", price=Decimal(4)),
                row(A, 0, license="DNA Advantage"))  # fmt: skip
    offer = quote(
        {"sku": "UP-1", "description": "Advantage", "quantity": 50, "net_unit_price": "11"}
    )
    _, causes, totals = against(offer, need, terms)
    assert found(causes) == {
        (E, "tier_upgrade"): (None, money("10800")),
        (E, "uplift"): (None, money("1800")),
    }
    assert totals["unexplained"].item() == 0


def test_new_overage_and_undecided_lines_are_their_own_cause():
    terms = lines(line(A, licenses=["x"], price=10, quoted_as=["TWO-*"]),
                  line(E, licenses=["y"], price=4, quoted_as=["*-TWO", "TWO-T*"]))  # fmt: skip
    offer = quote(
        {"sku": A, "quantity": 1, "net_unit_price": "10"},
        {"sku": E, "quantity": 1, "net_unit_price": "4"},
        {"sku": "NOBODY", "quantity": 2, "extended_net_price": "7.77"},
        {"sku": f"{A}-O", "quantity": 50, "charge_type": "Usage", "overage": True},
        {"sku": "TWO-TWO", "quantity": 3, "extended_net_price": "9.99"},
    )
    matched, causes, totals = against(offer, rows(row(A, 1), row(E, 1, price=Decimal(4))), terms)
    assert found(causes) == {
        (A, "overage"): (0, money("0")),
        (None, "new_sku"): (2, money("7.77")),
        (None, "undecided"): (3, money("9.99")),
    }
    assert matched["candidates"].to_list()[-1] == "Campus / LINE-A or Campus / LINE-E"
    assert totals["unexplained"].item() == 0


def test_a_suite_that_both_name_decides_between_two():
    terms = lines(line(A, licenses=["x"], price=10, suite="One"),
                  line(A, licenses=["y"], price=4, suite="Two"))  # fmt: skip
    need = rows(row(A, 5, suite="One"), row(A, 7, suite="Two", price=Decimal(4)))
    offer = quote(
        {"sku": A, "suite": "two ", "quantity": 7, "net_unit_price": "4"},
        {"sku": A, "quantity": 5, "net_unit_price": "10"},
    )
    matched, _, totals = against(offer, need, terms)
    assert matched.select("suite", "role").rows() == [("Two", "line"), (None, "undecided")]
    assert totals["unexplained"].item() == 0


def test_a_description_that_names_the_licence_finds_its_row():
    loose = row(None, 5, license="ISE Premier License", agreement=None, suite=None, per=None,
                price=None, smart_account="sa.example", term_months=None)  # fmt: skip
    offer = quote(
        {"sku": "Z1", "description": "C9300 DNA Essentials", "quantity": 9, "net_unit_price": "4"},
        {"sku": "Z2", "description": "ise premier license", "quantity": 8, "net_unit_price": "4"},
    )
    need = rows(row(A, 0), row(E, 9, price=Decimal(4)), loose)
    matched, causes, totals = against(offer, need, TERMS)
    assert matched["matched_by"].to_list() == ["licence", "licence"]
    # without a price of today the units stand alone
    assert causes.select("license", "cause", "units", "money").rows() == [
        ("ISE Premier License", "growth", 3, None)
    ]
    assert totals.select("lines_not_compared", "quoted", "clean").row(0) == (
        1, money("1296"), money("1296"),
    )  # fmt: skip
    assert matched["note"].to_list()[1] == "no price of today: units only"


def test_another_currency_is_not_compared():
    offer = quote({"sku": A, "quantity": 120, "net_unit_price": "10", "currency": "USD"})
    matched, causes, totals = against(offer, rows(row(A, 100)), TERMS)
    assert matched["note"].item() == "quoted in USD, the client's prices are in EUR"
    assert causes.select("cause", "units", "money").rows() == [("growth", 20, None)]
    assert totals.select("quoted", "clean", "difference", "unexplained").row(0) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("line_", "reading", "total"),
    [
        ({"net_unit_price": "10", "extended_net_price": "36000"}, "month", "36000"),
        ({"net_unit_price": "120", "extended_net_price": "36000"}, "year", "36000"),
        ({"net_unit_price": "360", "extended_net_price": "36000"}, "term", "36000"),
        ({"net_unit_price": "10"}, "month", "36000"),
        ({"extended_net_price": "36000"}, None, "36000"),
        ({}, None, None),
    ],
)
def test_what_a_unit_price_is_for_shows_in_the_total(line_, reading, total):
    offer = quote({"sku": A, "quantity": 100, "net_unit_price": None} | line_)
    matched, causes, _ = against(offer, rows(row(A, 100)), TERMS)
    assert matched["price_reading"].item() == reading
    assert matched["total"].item() == (None if total is None else Decimal(total))
    assert causes.filter(pl.col("money").is_not_null()).height == 0


def test_the_newest_print_of_a_quote_counts_and_a_line_printed_twice_counts_once():
    old = {"sku": A, "quantity": 500, "net_unit_price": "10", "line": "1"}
    new = old | {"quantity": 110, "snapshot_date": dt.date(2026, 10, 1)}
    offer = quote(old | {"snapshot_date": dt.date(2026, 9, 1)}, new, new, {**old, "quantity": 1})
    _, causes, _ = against(offer, rows(row(A, 100)), TERMS)
    assert found(causes) == {(A, "growth"): (10, money("3600"))}


def test_two_quotes_stand_apart():
    offer = quote(
        {"sku": A, "quantity": 100, "net_unit_price": "11"},
        {"sku": A, "quantity": 100, "net_unit_price": "12", "quote_number": "Q2"},
        {"sku": A, "quantity": 100, "net_unit_price": "13", "quote_number": None},
    )
    _, causes, totals = against(offer, rows(row(A, 100)), TERMS)
    assert totals.select("quote_number", "difference", "unexplained").rows() == [
        ("Q1", 3600, 0), ("Q2", 7200, 0), (None, 10800, 0),
    ]  # fmt: skip
    assert causes.height == 3


def test_without_a_measure_todays_quantity_is_the_measure():
    need = row(A, None, clean_need=None, today=80, as_of=None)
    _, causes, totals = against(
        quote({"sku": A, "quantity": 90, "net_unit_price": "10"}), rows(need), TERMS
    )
    assert found(causes) == {(A, "growth"): (10, money("3600"))}
    assert totals["clean"].item() == 80 * 360


def test_no_quote_and_no_rows():
    empty = TABLES["quote"].empty()
    for frame in against(empty, rows(row(A, 1)), TERMS):
        assert frame.height == 0
    _, causes, totals = against(quote({"sku": A, "quantity": 1}), rows(), pl.DataFrame())
    assert causes["cause"].to_list() == ["new_sku"]
    assert totals.height == 1


def test_hostile_names_are_letters():
    evil = "E3N (A|.*)[<script>] $x"
    terms = lines(line(evil, licenses=["*"], price=10), line(E, licenses=["[a"], price=4))
    offer = quote({"sku": evil, "quantity": 1, "net_unit_price": "10"})
    matched, _, totals = against(offer, rows(row(evil, 1), row(E, 0)), terms)
    assert matched["sku"].to_list() == [evil]
    assert totals["unexplained"].item() == 0


amounts = st.decimals(0, 10_000, places=2)
quoted_lines = st.fixed_dictionaries(
    {
        "sku": st.sampled_from([A, E, f"{A}-O", "SVS-A", "NEW-A1", "UNKNOWN"]),
        "quantity": st.one_of(st.none(), st.integers(0, 5000)),
        "months": st.one_of(st.none(), st.integers(1, 60)),
        "net_unit_price": st.one_of(st.none(), amounts.map(str)),
        "list_price": st.one_of(st.none(), amounts.map(str)),
        "extended_net_price": st.one_of(st.none(), amounts.map(str)),
        "description": st.sampled_from([None, "DNA Premier", "C9300 DNA Essentials"]),
    }
)


@settings(max_examples=150, deadline=None)
@given(
    offer=st.lists(quoted_lines, min_size=1, max_size=6),
    needs=st.lists(st.integers(0, 2000), min_size=6, max_size=6),
    prices=st.lists(st.decimals(0, 999, places=6), min_size=2, max_size=2),
    per=st.sampled_from(["month", "year", "term"]),
)
def test_the_causes_always_close(offer, needs, prices, per):
    terms = lines(
        line(A, licenses=["DNA Advantage"], price=prices[0], per=per, list_price=20,
             quoted_as=["NEW-*"], support_quoted_as=["SVS-A"], support_price="0.07"),
        line(E, licenses=["C9300 DNA Essentials"], price=prices[1]),
    )  # fmt: skip
    said = [o | {"overage": o["sku"].endswith("-O")} for o in offer]
    retired, peak, today, short, clean_a, clean_e = needs
    need = rows(
        row(A, clean_a, license="DNA Advantage", retired=retired, as_of=clean_a + retired,
            peak=peak, today=today, short_units=short, per=per, price=prices[0],
            support_price=Decimal("0.07")),
        row(E, clean_e, license="C9300 DNA Essentials", price=prices[1]),
    )  # fmt: skip
    matched, causes, totals = against(quote(*said), need, terms)
    assert (totals["unexplained"] == 0).all()
    sums = causes.group_by("sku").agg(pl.col("units").sum())
    assert sums["units"].is_not_null().all()
    assert (totals["difference"] == totals["quoted"] - totals["clean"]).all()
