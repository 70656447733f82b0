"""The quantity to renew: every deduction by hand, sums that close, money to the cent."""

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
from cssm_lib.schema import ANSWERS

parts = runpy.run_path(str(Path(__file__).with_name("renewals.py")))
AS_OF, A, E, U = (parts[name] for name in ("AS_OF", "A", "E", "U"))
ADVANTAGE, ESSENTIALS = parts["ADVANTAGE"], parts["ESSENTIALS"]
line, lines, made, named = (parts[name] for name in ("line", "lines", "made", "named"))
days, ends, position, frame = (parts[name] for name in ("days", "ends", "position", "frame"))
RULES = load_rules()
GONE = {
    "smart_account": pl.String,
    "virtual_account": pl.String,
    "license": pl.String,
    "instance": pl.String,
    "units": pl.Int64,
    "state": pl.String,
    "to_tier": pl.String,
}
EXCLUDED = {
    **dict.fromkeys(["smart_account", "virtual_account", "license"], pl.String),
    "from": pl.Date,
    "to": pl.Date,
    "why": pl.String,
}
PLANNED = {"agreement": pl.String, "sku": pl.String, "units": pl.Int64, "from": pl.Date}
PLANNED |= {"to": pl.Date, "why": pl.String}


def gone(*rows):
    """(account, licence, instance, units, state); dropped ones need the tier essentials."""
    said = [
        dict(zip(GONE, ("sa.example", *row, "essentials" if row[-1] == "dropped" else None),
                 strict=True))
        for row in rows
    ]  # fmt: skip
    return frame(said, GONE)


def renewed(terms, answers, *, as_of=AS_OF, rules=RULES, **known):
    return renewal.renewal(terms, answers, known, as_of=as_of, rules=rules)


def one(*args, **known):
    return renewed(*args, **known).row(0, named=True)


TERMS = lines(line(A, licenses=[ADVANTAGE], entitled=100, price=10))
BOTH = lines(line(A, licenses=[ADVANTAGE], entitled=100, price=10),
             line(E, licenses=[ESSENTIALS], entitled=50, price=4, position=1))  # fmt: skip
HELD = [position("North", ADVANTAGE, entitled=60, demand=70)]
HELD += [position("South", ADVANTAGE, entitled=40, demand=20)]
OWNED = {
    "unit_prices": named(A, ADVANTAGE, "North", "South"),
    "expiries": [ends("North", ADVANTAGE, 60), ends("South", ADVANTAGE, 40)],
    "line_days": days(
        A,
        (dt.date(2025, 10, 31), 150),
        (dt.date(2026, 3, 31), 95),
        (dt.date(2026, 5, 31), 120, False),
        (AS_OF, 90),
    ),
}


def test_a_line_says_what_is_owned_used_and_needed():
    row = one(TERMS, made(HELD, **OWNED))
    assert (row["entitled"], row["trued_forward"], row["today"]) == (100, 0, 100)
    assert (row["as_of"], row["measured_on"], row["complete"]) == (90, AS_OF, True)
    # 150 is a day before the year, 120 is a partial day
    assert (row["peak"], row["peak_date"]) == (95, dt.date(2026, 3, 31))
    assert (row["clean_need"], row["recommended"], row["change"]) == (90, 90, -10)
    assert row["short_units"] == 10
    assert row["renewal_date"] == dt.date(2027, 2, 1)
    # 100 and 90 units at 10.00 a month for 36 months
    assert (row["money_today"], row["money"]) == (Decimal(36000), Decimal(32400))
    assert row["money_change"] == Decimal(-3600)
    assert row["reason"] == (
        "90 in use on 2026-10-31. Beside it: the peak, 95 on 2026-03-31, would be 5 more"
    )


def test_what_events_have_charged_is_paid_today():
    event = {"agreement": "EA", "suite": "Campus", "sku": A, "reading": "contract"}
    event |= {"event_date": dt.date(2025, 2, 1), "over": Decimal(20), "outcome": "charged"}
    later = event | {"event_date": dt.date(2027, 2, 1), "over": Decimal(5)}
    other = event | {"reading": "advisers", "over": Decimal(7)}
    row = one(TERMS, made(HELD, **OWNED, true_forward=[event, later, other]))
    assert (row["trued_forward"], row["today"], row["change"]) == (20, 120, -30)


def test_each_kind_of_evidence_is_deducted_once_and_stale_is_not():
    evidence = gone(
        ("North", ADVANTAGE, "s1", 1, "retired"),
        ("North", ADVANTAGE, "s2", 4, "retired"),
        ("South", ADVANTAGE, "s3", 2, "duplicate"),
        ("South", ADVANTAGE, "s4", 3, "dropped"),
        ("South", ADVANTAGE, "s5", 9, "stale"),
        ("Elsewhere", ADVANTAGE, "s6", 50, "retired"),
    )
    owned = OWNED | {"line_days": [*OWNED["line_days"], *days(E, (AS_OF, 30))]}
    both = renewed(BOTH, made(HELD, **owned), gone=evidence)
    row = both.row(0, named=True)
    assert (row["retired"], row["duplicate"], row["dropped"], row["stale"]) == (5, 2, 3, 9)
    assert row["clean_need"] == 90 - 5 - 2 - 3
    # what leaves the higher tier is needed in the lower one
    assert both.select("taken_over", "clean_need").row(1) == (3, 33)
    assert "less 5 of instances retired in the client's records" in row["reason"]
    assert "9 long silent, to be checked and not deducted" in row["reason"]


def test_a_lower_tier_without_a_row_of_its_own_takes_nothing_over():
    evidence = gone(("South", ADVANTAGE, "s4", 3, "dropped"))
    row = one(TERMS, made(HELD, **OWNED), gone=evidence)
    assert (row["dropped"], row["clean_need"]) == (0, 90)


def test_a_deduction_never_takes_more_than_is_left():
    evidence = gone(
        ("North", ADVANTAGE, "s1", 80, "retired"),
        ("South", ADVANTAGE, "s2", 40, "duplicate"),
        ("South", ADVANTAGE, "s3", 7, "stale"),
    )
    row = one(TERMS, made(HELD, **OWNED), gone=evidence)
    assert (row["retired"], row["duplicate"], row["stale"]) == (80, 10, 0)
    assert (row["clean_need"], row["recommended"]) == (0, 0)


def test_where_devices_are_counted_a_device_counts_once():
    terms = lines(line(A, licenses=[ADVANTAGE, ESSENTIALS], count="devices", price=10))
    owned = OWNED | {"unit_prices": [*OWNED["unit_prices"], *named(A, ESSENTIALS, "North")]}
    held = [*HELD, position("North", ESSENTIALS, demand=9)]
    evidence = gone(
        ("North", ADVANTAGE, "s1", 4, "retired"),
        ("North", ESSENTIALS, "s1", 1, "retired"),
        ("South", ADVANTAGE, "s2", 1, "retired"),
    )
    assert one(terms, made(held, **owned), gone=evidence)["retired"] == 2


def test_perpetual_licences_in_a_line_are_nothing_to_renew():
    network = "C9300 NW Advantage"
    held = [*HELD, position("North", network, entitled=80, demand=30)]
    owned = OWNED | {"unit_prices": [*OWNED["unit_prices"], *named(A, network, "North")]}
    pools = [{"smart_account": "sa.example", "license": network, "perpetual": True}]
    row = one(TERMS, made(held, **owned, pooled=pools))
    assert (row["perpetual"], row["clean_need"]) == (30, 60)


@pytest.mark.parametrize(("outside", "owned_on"), [("ignored", 0), ("offsets", 15)])
def test_stock_that_outlives_the_renewal_counts_where_the_contract_says_so(outside, owned_on):
    terms = lines(line(A, licenses=[ADVANTAGE], price=10, outside_stock=outside))
    lots = [ends("North", ADVANTAGE, 45), ends("North", ADVANTAGE, 15, dt.date(2029, 1, 1))]
    row = one(terms, made(HELD, **OWNED | {"expiries": [*lots, ends("South", ADVANTAGE, 40)]}))
    assert (row["owned_on"], row["clean_need"]) == (owned_on, 90 - owned_on)


def test_silence_is_no_zero():
    held = [position("North", ADVANTAGE, zero_note="not reported", peak_in_use=24, entitled=24)]
    row = one(lines(), made(held, expiries=[ends("North", ADVANTAGE, 24)]))
    assert (row["as_of"], row["unreported"], row["recommended"]) == (0, 24, 24)
    assert "plus 24 last shown by instances whose reports are overdue" in row["reason"]


def test_a_project_that_ends_before_the_new_term_is_taken_off():
    def entry(account, first, last):
        said = ("*", account, "*", first, last, "event")
        return dict(zip(EXCLUDED, said, strict=True))

    first, soon = dt.date(2026, 9, 1), dt.date(2026, 12, 31)
    rows = [
        entry("South*", first, soon),
        entry("S*", first, soon),  # the first that fits counts
        entry("North", first, dt.date(2027, 2, 1)),  # runs on into the new term
        entry("North", dt.date(2026, 1, 1), dt.date(2026, 2, 1)),  # over before as_of
    ]
    row = one(TERMS, made(HELD, **OWNED), excluded=frame(rows, EXCLUDED))
    assert (row["planned"], row["recommended"]) == (-20, 70)
    assert row["planned_why"] == "−20 (event, until 2026-12-31)"


def test_planned_changes_count_from_the_day_after_as_of_to_the_first_of_the_new_term():
    def entry(units, day, sku=A, to=None, agreement="*"):
        return dict(zip(PLANNED, (agreement, sku, units, day, to, "why"), strict=True))

    rows = [
        entry(5, AS_OF),
        entry(7, dt.date(2026, 11, 1)),
        entry(11, dt.date(2027, 2, 1)),
        entry(13, dt.date(2027, 2, 2)),
        entry(17, dt.date(2026, 12, 1), "LINE-X"),
        entry(19, dt.date(2026, 12, 1), to=dt.date(2027, 1, 31)),
        entry(23, dt.date(2026, 12, 1), agreement="Other*"),
        entry(2, dt.date(2026, 12, 1), "line-*", to=dt.date(2027, 2, 1), agreement="EA"),
    ]
    row = one(TERMS, made(HELD, **OWNED), planned=frame(rows, PLANNED))
    assert (row["planned"], row["recommended"]) == (20, 110)
    assert row["planned_why"] == (
        "+7 (why, from 2026-11-01); +2 (why, from 2026-12-01); +11 (why, from 2027-02-01)"
    )


def test_a_plan_takes_away_at_most_the_need():
    rows = [dict(zip(PLANNED, ("*", A, -500, dt.date(2026, 12, 1), None, "out"), strict=True))]
    row = one(TERMS, made(HELD, **OWNED), planned=frame(rows, PLANNED))
    assert (row["planned"], row["headroom"], row["recommended"]) == (-90, 0, 0)


def test_headroom_is_a_setting_and_rounds_up():
    rules = load_rules({"renewal.headroom": 0.05})
    row = one(TERMS, made(HELD, **OWNED), rules=rules)
    # 5 % of 90 are 4.5
    assert (row["headroom"], row["recommended"]) == (5, 95)


def test_a_line_without_a_measure_recommends_nothing():
    terms = lines(line(U, metric="user", entitled=50, price=36, per="year"))
    row = one(terms, made())
    assert (row["as_of"], row["recommended"], row["money"]) == (None, None, None)
    assert row["money_today"] == Decimal(5400)
    assert row["reason"] == "no measure of user on or before 2026-10-31"
    assert row["license"] == "user"


@pytest.mark.parametrize(
    ("per", "price", "money"),
    [("month", "10.005", "3.60"), ("year", "0.1", "0.00"), ("term", "0.125", "0.00")],
)
def test_money_is_for_a_term_like_the_one_that_ends(per, price, money):
    terms = lines(line(A, licenses=[ADVANTAGE], price=price, per=per))
    for units in (1, 3, 1000):
        owned = OWNED | {"line_days": days(A, (AS_OF, units))}
        row = one(terms, made(HELD, **owned))
        share = {"month": 36, "year": 3, "term": 1}[per]
        exact = Decimal(units) * Decimal(price) * share
        assert row["money"] == exact.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def test_support_is_part_of_the_price():
    terms = lines(line(A, licenses=[ADVANTAGE], price=10, support_price="0.5"))
    assert one(terms, made(HELD, **OWNED))["money"] == Decimal("34020.00")


def test_licences_in_no_line_stand_by_smart_account():
    held = [
        position("North", "ISE", entitled=50, demand=20),
        position("South", "ISE", entitled=10, demand=30),
        position("North", "Bought for good", entitled=5, demand=3),
        position("North", "C9300 NW Advantage", entitled=9, demand=9),
        position("North", "Idle", entitled=0, demand=0),
        position("North", "Used of none", entitled=0, demand=7),
    ]
    pools = [{"smart_account": "sa.example", "license": "C9300 NW Advantage", "perpetual": True}]
    moves = [{"smart_account": "sa.example", "license": "ISE", "from_virtual_account": "North"}]
    moves = [moves[0] | {"to_virtual_account": "South", "quantity": 20}]
    lots = [ends("North", "ISE", 50), ends("South", "ISE", 10)]
    rows = renewed(lines(), made(held, pooled=pools, expiries=lots, transfers=moves))
    assert rows["license"].to_list() == ["ISE", "Used of none"]
    ise = rows.row(0, named=True)
    assert (ise["entitled"], ise["as_of"], ise["recommended"]) == (60, 50, 50)
    assert (ise["short_units"], ise["curable_units"], ise["money"]) == (20, 20, None)


def test_lots_without_an_end_cover_their_part_of_a_licence_without_a_line():
    held = [position("North", "Mixed", entitled=50, demand=40)]
    row = one(lines(), made(held, expiries=[ends("North", "Mixed", 20)]))
    assert (row["owned_on"], row["recommended"]) == (30, 10)
    # 20 of the 50 end, 10 of them are needed
    assert (row["entitled"], row["today"], row["change"]) == (50, 20, -10)


def test_a_licence_without_a_line_is_renewed_when_its_next_lot_ends():
    soon, later = dt.date(2026, 12, 31), dt.date(2028, 12, 31)
    held = [position("North", "ISE", entitled=300, demand=280)]
    # 300 end, 250 begin the day after: entitled 250, 30 short of today's demand
    lots = [ends("North", "ISE", 300, soon) | {"balance_after": -30}]
    lots += [ends("North", "ISE", 250, later) | {"balance_after": -280}]
    row = one(lines(), made(held, expiries=lots))
    assert row["renewal_date"] == dt.date(2027, 1, 1)
    assert (row["owned_on"], row["recommended"]) == (250, 30)


def test_two_smart_accounts_with_one_name_stay_apart():
    held = [position("North", "ISE", entitled=9, demand=4)]
    held += [held[0] | {"smart_account": None, "demand": 2}]
    lots = [ends("North", "ISE", 9), ends("North", "ISE", 9) | {"smart_account": None}]
    rows = renewed(lines(), made(held, expiries=lots))
    assert rows["as_of"].to_list() == [4, 2]


def test_an_agreement_that_has_ended_leaves_its_licences():
    terms = lines(line(A, licenses=[ADVANTAGE], end=dt.date(2026, 9, 30)))
    rows = renewed(terms, made(HELD, expiries=OWNED["expiries"]))
    assert rows.select("sku", "license", "as_of").rows() == [(None, ADVANTAGE, 90)]


def test_nothing_gives_nothing():
    assert renewed(lines(), made(), as_of=None).height == 0
    assert renewed(lines(), made()).schema == ANSWERS["renewal"].empty().schema


@settings(max_examples=60, deadline=None)
@given(
    used=st.integers(0, 500),
    states=st.lists(
        st.tuples(
            st.sampled_from(["North", "South"]),
            st.integers(0, 300),
            st.sampled_from(["retired", "duplicate", "dropped", "stale"]),
        ),
        max_size=6,
    ),
    change=st.integers(-700, 700),
    headroom=st.floats(0, 2),
)
def test_the_sums_always_close(used, states, change, headroom):
    evidence = gone(
        *((account, ADVANTAGE, str(n), units, state)
          for n, (account, units, state) in enumerate(states))
    )  # fmt: skip
    plan = [dict(zip(PLANNED, ("*", A, change, dt.date(2026, 12, 1), None, "p"), strict=True))]
    owned = OWNED | {"line_days": days(A, (AS_OF, used))}
    rules = load_rules({"renewal.headroom": headroom})
    row = one(TERMS, made(HELD, **owned), rules=rules, gone=evidence, planned=frame(plan, PLANNED))
    less = ("perpetual", "retired", "duplicate", "dropped", "owned_on")
    assert row["clean_need"] == (
        row["as_of"] + row["unreported"] - sum(row[name] for name in less) + row["taken_over"]
    )
    assert row["recommended"] == row["clean_need"] + row["planned"] + row["headroom"]
    assert min(row["clean_need"], row["recommended"], row["headroom"]) >= 0
    assert row["money"] == row["recommended"] * Decimal(360)
