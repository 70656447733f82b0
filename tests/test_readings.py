"""Readings of a contract: the published examples under their names, contradictions, the range."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal as D
from pathlib import Path

import polars as pl
import pytest

import cssm_lib
from cssm_lib.analyses.true_forward import (
    DATED,
    READ_BY,
    as_read,
    contradiction,
    dated,
    generated,
    measured_events,
    moved_by_settings,
    moved_by_steps,
    next_events,
    numbered,
    published,
    reading_range,
    relieved,
    terms_read,
    true_forward,
    under_readings,
    waiting,
    with_billable,
)
from cssm_lib.analyses.true_forward import billed as bill
from cssm_lib.analyses.true_forward.projected import held, last_known
from cssm_lib.errors import ConfigError
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

examples = runpy.run_path(str(Path(__file__).with_name("test_true_forward.py")))
days, lines, SUITE_B = examples["days"], examples["lines"], examples["SUITE_B"]
FIRST, SECOND, LATER = examples["FIRST"], examples["SECOND"], examples["LATER"]
RULES, ASSUMED = load_rules(), load_rules({"assumed": True})
FLEX = {"programme": "Flex", "entitled": 500, "price": D("12.5")}


def billed(terms, seen, as_of=FIRST, rules=ASSUMED):
    read = under_readings(terms, rules)
    when = dated(read.select(DATED))
    seen = numbered(seen, when)
    return bill(read, measured_events(when, seen, as_of=as_of, rules=rules), rules, days=seen)


def under(name, terms, seen, as_of=FIRST):
    """The rows of one reading, in order of event."""
    return billed(terms, seen, as_of).filter(pl.col("reading") == name).to_dicts()


def one(name, used, **changes):
    """The first event under a reading, of a line measured once."""
    return under(name, lines(changes), days((FIRST, used)))[0]


# Every row of the worked examples, under the reading it names -----------------------------------


@pytest.mark.parametrize(("used", "over", "charge"), [(560, 0, 0), (575, 0, 0), (600, 25, 7_500)])
def test_a_flex_guide(used, over, charge):
    row = one("free_15", used, **FLEX)
    assert (row["base"] + row["allowance"], row["over"], row["charge"]) == (575, over, charge)


def test_a_next_base_and_next_ceiling():
    first, second = under("free_15", lines(FLEX), days((FIRST, 600), (SECOND, 690)), LATER)
    assert (first["next_base"], second["base"], second["base"] + second["allowance"]) == (
        600, 600, 690,
    )  # fmt: skip
    assert second["over"] == 0
    other = under("free_15_base_by_charged", lines(FLEX), days((FIRST, 600)))[0]
    assert other["next_base"] == 525


def test_a_a_thousand_committed():
    row = one("free_15", 1150, **FLEX | {"entitled": 1000})
    assert (row["base"] + row["allowance"], row["over"]) == (1150, 0)


@pytest.mark.parametrize(
    ("reading", "charge"), [("free_15", D("7500.00")), ("free_15_then_all", D("30000.00"))]
)
def test_a2_over_575_only_or_all_above_500(reading, charge):
    assert one(reading, 600, **FLEX)["charge"] == charge


def test_b_a_true_up_bills_the_past_and_a_true_forward_nothing_of_it():
    seen = days((dt.date(2024, 2, 1), 1200), (FIRST, 1200))
    row = under("contract", lines({"price": D(1)}), seen)[0]
    assert (row["over_since"], row["months_past"]) == (dt.date(2024, 2, 1), 12)
    assert row["past"] == 200 * 12 == 2_400
    assert row["charge"] == 200 * 24


def test_a_true_up_finds_its_day_in_any_order_and_beside_days_of_no_line():
    """Days of two lines; some are not full, of no day, or of a line that nobody asks for."""
    terms = lines({}, {"sku": "B"})
    own = [days((dt.date(2024, 5, 1), 900), (dt.date(2024, 8, 1), 1100), (FIRST, 1100)),
           days((dt.date(2024, 6, 1), 1300, {"full": False}), (dt.date(2024, 9, 1), 1200),
                (FIRST, 1200), sku="B")]  # fmt: skip
    others = [days((None, 5000)), days((dt.date(2024, 3, 1), 5000), sku="X")]
    mixed = pl.concat([*others, *own[::-1]]).reverse()
    found = billed(terms, mixed)
    assert found.equals(billed(terms, pl.concat(own)))
    since = found.filter(pl.col("reading") == "contract", pl.col("over") > 0)["over_since"]
    assert since.to_list() == [dt.date(2024, 8, 1), dt.date(2024, 9, 1)]


def test_a_true_up_knows_no_past_without_a_full_day_above():
    row = under("contract", lines({"price": D(1)}), days((FIRST, 1200), full=False))[0]
    assert (row["over"], row["charge"]) == (200, 200 * 24)
    assert [row[name] for name in ("over_since", "months_past", "past", "true_up")] == [None] * 4


def test_how_a_line_is_read_rests_on_no_price_entitlement_or_end():
    terms = lines(FLEX, SUITE_B | {"measure": "peak"})
    told = terms.select(name for name in READ_BY if name in terms.columns)
    read = as_read(told, RULES, published(RULES))
    other = terms.with_columns(price=pl.lit(D(7)).cast(terms["price"].dtype), entitled=pl.lit(9))
    for frame in (terms, other):
        assert under_readings(frame, RULES, read).equals(under_readings(frame, RULES))


def test_b2_300_seats_at_month_12_of_36():
    seen = days((dt.date(2024, 2, 1), 1300), (FIRST, 1300))
    row = under("as_of_milestone", lines({"price": D(1)}), seen)[0]
    assert (row["charge"], row["past"], row["true_up"]) == (7_200, 3_600, 10_800)


def test_b3_five_years_bill_up_to_48_months():
    row = one("as_of_milestone", 1001, price=D(1), end=dt.date(2029, 1, 31))
    assert (row["months"], row["charge"]) == (48, 48)


def test_c_a_reseller_with_a_fifth_free():
    row = one("free_20", 1300, price=D(300), per="term")
    assert row["allowance"] * row["price"] == 60_000
    assert (row["over"], row["charge"], row["past"]) == (100, D(300) * 100 * 24 / 36, 0)


PEAK_DAY = dt.date(2024, 9, 1)


def campus(used, peak=1240):
    return pl.concat([days((PEAK_DAY, peak), (FIRST, used)), days((FIRST, 310), sku="B")])


@pytest.mark.parametrize(
    ("reading", "used", "gross", "net"),
    [
        ("as_of_milestone", 1180, 43_200, 34_560),
        ("as_of_milestone", 1120, 28_800, 20_160),
        ("peak_in_period", 1180, 57_600, 57_600 - 8_640),
        ("free_20", 1180, 0, 0),
        ("free_15", 1180, 7_200, 0),
    ],
)
def test_d_gross_and_net(reading, used, gross, net):
    rows = under(reading, lines({}, SUITE_B), campus(used) if reading != "peak_in_period"
                 else pl.concat([campus(used), days((PEAK_DAY, 310), sku="B")]))  # fmt: skip
    row = next(row for row in rows if row["sku"] == "A")
    assert (row["charge"], row["net"]) == (gross, net)


@pytest.mark.parametrize(
    ("allowance", "measure", "gross"),
    [("0.2", "as_of", 0), ("0.2", "peak", 9_600), ("0.15", "as_of", 7_200),
     ("0.15", "peak", 21_600)],
)  # fmt: skip
def test_d4_allowances_as_of_and_at_the_peak(allowance, measure, gross):
    terms = {"allowance": D(allowance), "measure": measure, "charged": "above_allowance"}
    row = under("contract", lines(terms), days((PEAK_DAY, 1240), (FIRST, 1180)))[0]
    assert row["charge"] == gross


def test_e_exceptional_growth():
    seen = days((dt.date(2024, 8, 1), 1070), (FIRST, 1180))
    rows = under("growth_caps", lines({}), seen)[:2]
    assert [(row["event"], row["charge"]) for row in rows] == [
        ("early", 21_000), ("milestone", 26_400),
    ]  # fmt: skip
    assert sum(row["charge"] for row in rows) == 47_400


# What is contradictory --------------------------------------------------------------------------

SOUND = {"measure": "as_of", "allowance": 0, "charged": "above_entitlement", "initial_cap": 0.05}


@pytest.mark.parametrize(
    ("settings", "said", "words"),
    [
        ({"charged": "above_allowance"}, (), "needs an allowance above 0, found 0"),
        ({"measure": "sum_of_negative_accounts", "allowance": 0.15}, (), "knows no allowance"),
        (
            {"measure": "sum_of_negative_accounts", "outside_stock": "offsets"}, (),
            "knows no outside stock",
        ),
        (
            {"measure": "sum_of_negative_accounts", "ratchet": "to_consumption"}, ("ratchet",),
            "moves the base by what is charged",
        ),
        (
            {"early_events": "growth_caps", "allowance": 0.2, "standard_cap": 0.15}, (),
            "bills nothing while 20% are free",
        ),
        ({"early_events": "none"}, ("initial_cap",), "do nothing without early_events"),
        ({"allowance_from_month": 6}, ("allowance_from_month",), "without an allowance"),
        ({"credit": "none", "shift_consumes": True}, ("shift_consumes",), "without a credit"),
    ],
)  # fmt: skip
def test_a_contradiction_is_told_in_words(settings, said, words):
    assert contradiction(SOUND) is None
    assert words in contradiction(SOUND | settings, said)


def test_client_toml_with_a_contradiction_is_refused_at_its_place(tmp_path):
    (tmp_path / "client.toml").write_text(
        'client = "X"\n[[agreements]]\nname = "EA"\nstart = 2024-02-01\nend = 2027-01-31\n'
        '[[agreements.suites]]\nname = "S"\ntrue_forward = { charged = "above_allowance" }\n'
        'lines = [{ sku = "A", licenses = ["A*"], entitled = 1 }]\n'
    )
    (tmp_path / "counts_2026-01-31.csv").write_text("as_at,metric,count\n2026-01-31,user,5\n")
    with pytest.raises(ConfigError) as told:
        cssm_lib.open_client(tmp_path)
    assert str(told.value) == (
        'client.toml: agreements[0].suites[0].true_forward: charged = "above_allowance" needs an'
        " allowance above 0, found 0. Change one of the two."
    )


def test_every_published_reading_is_sound_dated_and_cited():
    rows = terms_read(lines(), ASSUMED).to_dicts()
    assert rows[0]["reading"] == "contract"
    assert all(row["source"] for row in rows)
    assert all(row["dated"] and row["confidence"] and row["as_of"] for row in rows[1:])
    assert [row["reading"] for row in rows if row["vendor_opening"]] == ["sum_of_negative_accounts"]


def test_what_nobody_has_printed_is_off_by_default():
    names = set(terms_read(lines(), RULES)["reading"])
    more = set(terms_read(lines(), ASSUMED)["reading"])
    assert more - names == {"free_15_then_all", "free_15_base_by_charged", "average_of_period"}


def test_a_programme_names_its_readings():
    flex = set(under_readings(lines({"programme": "Flex"}), RULES)["reading"])
    assert flex == {"contract", "sum_of_negative_accounts", "peak_in_period", "free_15"}
    unknown = set(under_readings(lines({"programme": "Own words"}), RULES)["reading"])
    assert unknown == set(under_readings(lines({"programme": None}), RULES)["reading"])
    assert len(unknown) == 9


# Settings that are new here ---------------------------------------------------------------------


def test_price_from_list_or_contract_overrides_the_commitment():
    both = {"price": D(10), "list_price": D(20), "discount": D("0.4")}
    terms = lines(both)
    for said, price in (("by_commitment", D(10)), ("list", D(12)), ("contract", D(10))):
        row = under("contract", terms.with_columns(price_from=pl.lit(said)), days((FIRST, 1100)))[0]
        assert row["price"] == price
    partial = lines(both | {"commitment": "partial"}).with_columns(price_from=pl.lit("contract"))
    assert under("contract", partial, days((FIRST, 1100)))[0]["price"] == 10


def test_an_allowance_can_begin_after_some_months():
    growth = {"early_events": "growth_caps", "allowance": D("0.04")}
    terms = lines(growth).with_columns(allowance_from_month=pl.lit(7, pl.Int64))
    row = under("contract", terms, days((dt.date(2024, 8, 1), 1060), (FIRST, 1060)))[0]
    assert (row["event"], row["allowance"], row["over"]) == ("early", 0, 60)


def test_fewer_last_months_bill_a_late_event():
    terms = lines({"end": dt.date(2026, 7, 31)}).with_columns(last_months=pl.lit(0, pl.Int64))
    rows = under("contract", terms, days((FIRST, 1000), (SECOND, 1100)), LATER)
    assert (rows[1]["event"], rows[1]["months"], rows[1]["charge"]) == ("milestone", 6, 6_000)


def test_users_have_no_accounts_to_be_short_of():
    counted = {"metric": "user", "licenses": [], "entitled": 100, "price": D(1)}
    row = under("sum_of_negative_accounts", lines(counted), days((FIRST, 130)))[0]
    assert (row["measure"], row["over"]) == ("as_of", 30)


def test_billable_is_the_exports_total():
    terms = lines({})
    export = TABLES["ea_consumption"].shaped(
        pl.DataFrame(
            [{"snapshot_date": dt.date(2025, 1, 20), "sku": "A", "total_consumption": part}
             for part in (700, 500)]
        )
    )  # fmt: skip
    seen = with_billable(days((FIRST, 1000)), generated(export, terms))
    row = under("generated", terms, seen)[0]
    assert (row["measured"], row["measured_on"], row["charge"]) == (
        1200, dt.date(2025, 1, 20), 200 * 240,
    )  # fmt: skip
    assert under("contract", terms, seen)[0]["measured"] == 1000


# The range --------------------------------------------------------------------------------------


def seen_campus():
    """Demand and shortages of a year; the early day lies below every cap."""
    early = dt.date(2024, 8, 1)
    known = [(early, 1000), (PEAK_DAY, 1240, {"deficit": 250}), (FIRST, 1180, {"deficit": 220})]
    return pl.concat([days(*known), days((early, 310), (PEAK_DAY, 310), (FIRST, 310), sku="B")])


def test_the_range_has_the_contract_first_then_lowest_to_highest():
    rows = reading_range(billed(lines({}, SUITE_B), seen_campus(), rules=RULES), RULES)
    told = [(row["reading"], row["rank"], row["net"]) for row in rows.to_dicts()]
    assert told == [
        ("contract", 3, 34_560), ("free_15", 1, 0), ("free_20", 1, 0),
        ("as_of_milestone", 3, 34_560), ("growth_caps", 3, 34_560),
        ("sum_of_negative_accounts", 6, 220 * 240 - 8_640), ("peak_in_period", 7, 48_960),
        ("generated", None, None), ("list_price", None, None),
    ]  # fmt: skip


def test_lines_sum_to_suites_and_suites_to_agreements():
    rows = billed(lines({}, SUITE_B, {"suite": "Other", "sku": "C"}), pl.concat(
        [seen_campus(), days((FIRST, 1010), sku="C", suite="Other")]
    ))  # fmt: skip
    sums = reading_range(rows, ASSUMED)
    for row in sums.filter(pl.col("net").is_not_null()).to_dicts():
        own = rows.filter(
            pl.col("reading") == row["reading"], ~pl.col("outcome").str.contains("ahead")
        )
        suites = own.group_by("suite").agg(pl.col("net").sum())
        assert suites["net"].sum() == row["net"] == own["charge"].sum() - own["credit"].sum()


def test_steps_sum_to_the_difference_of_their_reading():
    terms, seen = lines({}, SUITE_B), seen_campus()
    steps = moved_by_steps(terms, seen, as_of=FIRST, rules=RULES)
    sums = steps.group_by("reading").agg(
        pl.col("effect").sum(), unknown=pl.col("effect").null_count()
    )
    ranges = reading_range(billed(terms, seen, rules=RULES), RULES)
    both = sums.filter(pl.col("unknown") == 0).join(ranges, on="reading")
    assert both["effect"].to_list() == both["more_than_contract"].to_list()
    assert {"free_15", "peak_in_period", "sum_of_negative_accounts"} <= set(both["reading"])


def test_the_setting_that_moves_the_money_most_is_first():
    seen = days((PEAK_DAY, 1240, {"deficit": 0}), (FIRST, 1180, {"deficit": 900}))
    rows = moved_by_settings(lines({}), seen, as_of=FIRST, rules=RULES).to_dicts()
    assert (rows[0]["setting"], rows[0]["said"]) == ("measure", "sum_of_negative_accounts")
    assert rows[0]["effect"] == (900 - 180) * 240
    allowance = next(r for r in rows if r["said"] == "0.2" and r["setting"] == "allowance")
    assert allowance["effect"] == -43_200
    assert [row["rank"] for row in rows if row["effect"] is not None] == sorted(
        row["rank"] for row in rows if row["effect"] is not None
    )


# Quarters ---------------------------------------------------------------------------------------

PARTIAL = {"commitment": "partial", "list_price": D(10), "discount": D(0)}
QUARTERS = [dt.date(2024, 5, 1), dt.date(2024, 8, 1), dt.date(2024, 11, 1), FIRST]


def test_a_suite_of_partial_commitment_may_be_billed_every_quarter():
    """50 × 10 × 33 months, then 30 × 10 × 27; a year 80 × 10 × 24. The last year is too late."""
    seen = days(*zip(QUARTERS, (1050, 1050, 1080, 1080), strict=True), (dt.date(2026, 5, 1), 1200))
    rows = under("quarterly_partial", lines(PARTIAL), seen, as_of=dt.date(2026, 5, 1))
    told = [(row["event_date"], row["event"], row["over"], row["net"]) for row in rows]
    assert told[:4] == [
        (QUARTERS[0], "quarterly", 50, 16_500), (QUARTERS[1], "quarterly", 0, 0),
        (QUARTERS[2], "quarterly", 30, 8_100), (FIRST, "milestone", 0, 0),
    ]  # fmt: skip
    late = next(row for row in rows if row["event_date"] == dt.date(2026, 5, 1))
    assert (late["event"], late["over"], late["net"]) == ("last twelve months", 120, 0)
    annual = under("as_of_milestone", lines(PARTIAL), seen)[0]
    assert (annual["over"], annual["net"]) == (80, 19_200)


def test_a_quarter_has_its_own_window():
    """The 1,300 of March are the peak of their quarter and of the year, not of the next quarter."""
    march = dt.date(2024, 3, 31)
    seen = days((march, 1300), *zip(QUARTERS, (1050, 1060, 1070, 1080), strict=True))
    measured = {}
    for cadence in ("none", "quarterly"):
        terms = lines(PARTIAL | {"measure": "peak", "early_events": cadence})
        rows = under("contract", terms, seen)
        measured[cadence] = [row["measured"] for row in rows if row["event_date"] <= FIRST]
    assert measured == {"none": [1300], "quarterly": [1300, 1060, 1070, 1080]}


def test_quarters_are_said_of_no_agreement_without_a_partial_suite():
    read = under_readings(lines({}, PARTIAL | {"agreement": "EA 2", "licenses": ["Beta"]}), RULES)
    said = read.filter(pl.col("reading") == "quarterly_partial")
    assert said["agreement"].to_list() == ["EA 2"]
    effects = moved_by_settings(lines({}), days((FIRST, 1100)), as_of=FIRST, rules=RULES)
    assert "quarterly" not in effects["said"].to_list()
    full = lines({"early_events": "quarterly"})
    rows = under("contract", full, days((FIRST, 1100)))
    assert [row["event_date"] for row in rows] == [FIRST, SECOND]


# What is ahead and what waiting costs -----------------------------------------------------------


def test_the_next_event_holds_the_last_use():
    terms = under_readings(lines({}), RULES)
    seen = days((FIRST, 1100), (dt.date(2025, 6, 30), 1150))
    now = dt.date(2025, 7, 1)
    known = true_forward(terms, seen, as_of=now, rules=RULES)
    rows = next_events(terms, seen, known, as_of=now, rules=RULES)
    own = rows.filter(pl.col("reading") == "contract").to_dicts()[0]
    assert (own["event_date"], own["known_on"], own["base"], own["over"]) == (
        SECOND, dt.date(2025, 6, 30), 1100, 50,
    )  # fmt: skip
    assert (own["net"], own["outcome"]) == (50 * 10 * 12, "projected: charged")


@pytest.mark.parametrize("stock", ["ignored", "offsets"])
def test_the_next_event_is_as_if_all_events_were_settled_again(stock):
    """Base, value shift, outside stock and an undecided event before it are carried over."""
    terms = under_readings(lines({"outside_stock": stock}, SUITE_B), RULES)
    told = ((FIRST, 1180, {"outside": 50}), (dt.date(2025, 8, 1), 1300, {"outside": 70}))
    now = dt.date(2025, 8, 2)
    for seen in (days(*told), days(*told[1:])):
        known = true_forward(terms, seen, as_of=now, rules=RULES)
        rows = next_events(terms, seen, known, as_of=now, rules=RULES)
        last = last_known(seen, now)
        due = rows.select("agreement", "suite", "sku", "event_date")
        again = true_forward(terms, held(seen, last, due, now), as_of=SECOND, rules=RULES)
        key = ["agreement", "suite", "sku", "reading", "event_date"]
        figures = ["base", "over", "months", "charge", "credit", "net"]
        told_again = again.with_columns(outcome=pl.format("projected: {}", "outcome"))
        ahead = rows.filter(pl.col("event_date") == SECOND)
        both = ahead.join(told_again, on=key, suffix="_all")
        assert both.height == ahead.height >= terms.height // 2
        for name in (*figures, "outcome"):
            assert both[name].to_list() == both[f"{name}_all"].to_list()


def test_after_the_last_milestone_none_is_left():
    terms = under_readings(lines({}), RULES)
    seen = days((FIRST, 1100), (SECOND, 1150), (dt.date(2026, 6, 30), 1170))
    known = true_forward(terms, seen, as_of=LATER, rules=RULES)
    rows = next_events(terms, seen, known, as_of=LATER, rules=RULES)
    own = rows.filter(pl.col("reading") == "contract").to_dicts()[0]
    assert (own["event_date"], own["base"], own["over"], own["net"]) == (None, 1150, 20, None)
    assert own["outcome"] == "none left: use above the base is renewal quantity"


NO_RELIEF = relieved(*[pl.DataFrame()] * 3, rules=RULES)


def stale(from_=dt.date(2024, 12, 1), units=60, on=dt.date(2025, 1, 31)):
    row = examples["LINE"] | {"snapshot_date": on, "stale": units, "duplicate": 0}
    row |= {"members": 0, "instances": 9, "removable_from": from_}
    names = ("agreement", "suite", "sku", "snapshot_date", "stale", "duplicate", "members")
    return pl.DataFrame([{n: row[n] for n in (*names, "instances", "removable_from")}])


def test_clean_up_before_the_milestone_saves_what_example_d_avoids():
    terms = under_readings(lines({}, SUITE_B), RULES)
    rows = waiting(terms, seen_campus(), stale(), NO_RELIEF, as_of=FIRST, rules=RULES)
    own = rows.filter(pl.col("event_date") == FIRST, pl.col("reading") == "contract")
    assert own["cleaned_by"].to_list() == [dt.date(2024, 12, 31), dt.date(2025, 1, 31)]
    assert set(own["saved"]) == {D(14_400)}
    peak = rows.filter(pl.col("event_date") == FIRST, pl.col("reading") == "peak_in_period")
    assert set(peak["saved"]) == {D(0)}


def test_clean_up_cures_the_shortage_of_its_own_account():
    """222 short are 60 less: (222 − 162) × 10 × 24; without the account the saving stays open."""
    line = examples["LINE"] | {"listed": dt.date(2025, 1, 31), "shown_on": FIRST}
    relief = pl.DataFrame([line | {"relief": 60}])
    seen = days((FIRST, 1180, {"deficit": 222}))
    terms = under_readings(lines({}), RULES)
    saved = {
        name: waiting(terms, seen, stale(), told, as_of=FIRST, rules=RULES).filter(
            pl.col("reading") == "sum_of_negative_accounts", pl.col("event_date") == FIRST
        )["saved"].unique().to_list()
        for name, told in (("told", relief), ("not told", NO_RELIEF))
    }  # fmt: skip
    assert saved == {"told": [D(14_400)], "not told": [None]}


def test_under_the_peak_each_month_of_waiting_may_cost_it_all():
    months = [dt.date(2025, 2, 28), dt.date(2025, 6, 30), dt.date(2025, 9, 30)]
    seen = days((FIRST, 1100), *((day, 1200) for day in months))
    terms = under_readings(lines({"programme": "Flex"}), RULES)
    error = stale(dt.date(2025, 3, 1), 100, dt.date(2025, 9, 30))
    rows = waiting(terms, seen, error, NO_RELIEF, as_of=months[-1], rules=RULES)
    ahead = rows.filter(pl.col("state") == "ahead", pl.col("reading") == "contract")
    assert ahead["saved"].to_list() == [D(100 * 10 * 12)] * ahead.height
    assert ahead["lost_by_waiting"].unique().to_list() == [0]
    assert ahead["cleaned_by"].min() == dt.date(2025, 3, 31)


def test_nothing_in_nothing_out():
    none = lines().clear()
    assert under_readings(none, RULES).is_empty()
    assert moved_by_settings(none, days(), as_of=FIRST, rules=RULES).is_empty()
    assert moved_by_steps(none, days(), as_of=FIRST, rules=RULES).is_empty()
    assert reading_range(ANSWERS["true_forward"].empty(), RULES).is_empty()
    assert waiting(none, days(), stale().clear(), NO_RELIEF, as_of=FIRST, rules=RULES).is_empty()
