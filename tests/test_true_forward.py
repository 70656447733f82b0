"""True Forward: the published examples to the cent, the rules at their edges, what always holds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.analyses.history import counted_lots
from cssm_lib.analyses.true_forward import (
    DATED,
    dated,
    device_days,
    in_lines,
    line_lots,
    measured_events,
    numbered,
    outside_units,
    scope,
    stock_frame,
    tagged,
    true_forward,
    unit_prices,
    user_days,
)
from cssm_lib.analyses.true_forward.bill import completed
from cssm_lib.analyses.true_forward.columns import totals
from cssm_lib.errors import ConfigError
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

RULES = load_rules()
MONEY = pl.Decimal(38, 6)
TEXTS = pl.List(pl.String)
LINES = {
    "agreement": pl.String, "programme": pl.String, "start": pl.Date, "end": pl.Date,
    "smart_accounts": TEXTS, "virtual_accounts": TEXTS, "outside_stock": pl.String,
    "suite": pl.String, "commitment": pl.String, "sku": pl.String, "position": pl.Int64,
    "licenses": TEXTS, "tags": TEXTS, "metric": pl.String, "count": pl.String, "entitled": pl.Int64,
    "price": MONEY, "support_price": MONEY, "list_price": MONEY, "list_date": pl.Date,
    "discount": MONEY, "per": pl.String, "measure": pl.String, "allowance": MONEY,
    "charged": pl.String, "credit": pl.String, "ratchet": pl.String, "early_events": pl.String,
    "months": pl.String, "shift_consumes": pl.Boolean, "currency": pl.String,
}  # fmt: skip
DAYS = {
    "agreement": pl.String, "suite": pl.String, "sku": pl.String, "snapshot_date": pl.Date,
    "demand": pl.Int64, "deficit": pl.Int64, "outside": pl.Int64, "full": pl.Boolean,
}  # fmt: skip
LINE = {
    "agreement": "EA", "programme": "EA 3.0", "start": dt.date(2024, 2, 1),
    "end": dt.date(2027, 1, 31), "smart_accounts": ["*"], "virtual_accounts": ["*"],
    "outside_stock": "ignored", "suite": "Campus", "commitment": "full", "sku": "A",
    "licenses": ["Alpha*"], "tags": [], "count": "sum", "entitled": 1000, "price": D(10),
    "per": "month", "measure": "as_of", "allowance": D(0), "charged": "above_entitlement",
    "credit": "value_shift", "ratchet": "to_consumption", "early_events": "none",
    "months": "whole", "shift_consumes": True, "currency": "EUR",
}  # fmt: skip
FIRST, SECOND = dt.date(2025, 2, 1), dt.date(2026, 2, 1)
LATER = dt.date(2026, 11, 22)


def lines(*changes):
    rows = [LINE | {"position": place} | change for place, change in enumerate(changes or [{}])]
    return pl.DataFrame(rows, schema=LINES)


def days(*rows, **common):
    """Rows of (day, demand) or (day, demand, others), for sku A of the suite unless said."""
    base = {"agreement": "EA", "suite": "Campus", "sku": "A", "deficit": 0, "full": True}
    return pl.DataFrame(
        [
            base | common | {"snapshot_date": row[0], "demand": row[1]} | (row[2:] or ({},))[0]
            for row in rows
        ],
        schema=DAYS,
    )


def run(line_rows, day_rows, as_of=LATER):
    frame = true_forward(line_rows, day_rows, as_of=as_of, rules=RULES)
    assert frame.schema == ANSWERS["true_forward"].dtypes
    return frame.to_dicts()


def first(line_rows, day_rows, as_of=FIRST):
    """The first event's row of the first line."""
    return run(line_rows, day_rows, as_of)[0]


def once(value, **changes):
    """One line measured once, at the first milestone."""
    return first(lines(changes), days((FIRST, value)))


def figures(row, *names):
    return tuple(row[name] for name in names)


# The published examples -----------------------------------------------------------------------

FLEX = {"entitled": 500, "allowance": D("0.15"), "charged": "above_allowance", "price": D("12.5")}
SUITE_B = {"sku": "B", "licenses": ["Beta"], "entitled": 400, "price": D(4)}


@pytest.mark.parametrize(
    ("used", "over", "charge"), [(560, 0, 0), (575, 0, 0), (600, 25, 25 * 24 * D("12.5"))]
)
def test_a_flex_bills_only_what_passes_the_allowance(used, over, charge):
    row = once(used, **FLEX)
    assert figures(row, "allowance", "over", "charge") == (75, over, charge)
    assert row["outcome"] == ("charged" if over else "none due")


def test_a_flex_moves_the_next_base_to_consumption():
    second = run(lines(FLEX), days((FIRST, 600), (SECOND, 690)))[1]
    assert figures(second, "base", "allowance", "over") == (600, 90, 0)
    other = run(lines(FLEX | {"ratchet": "by_charged"}), days((FIRST, 600), (SECOND, 690)))[1]
    assert figures(other, "base", "allowance", "over") == (525, D("78.75"), D("86.25"))


def test_a_a_thousand_committed_has_its_ceiling_at_1150():
    assert once(1150, **FLEX | {"entitled": 1000})["over"] == 0
    assert once(1151, **FLEX | {"entitled": 1000})["over"] == 1


@pytest.mark.parametrize(
    ("charged", "charge"), [("above_allowance", 7_500), ("above_entitlement", 30_000)]
)
def test_a2_what_is_charged_decides_between_7500_and_30000(charged, charge):
    assert once(600, **FLEX | {"charged": charged})["charge"] == charge


def test_b_a_true_forward_bills_nothing_of_the_past():
    # The past part of a true-up, 2,400 unit-months, is no figure of this room; its absence is.
    row = once(1200, price=D(1))
    assert figures(row, "over", "months", "charge") == (200, 24, 200 * 24)


def test_b2_300_seats_over_at_month_12_of_36_are_7200_unit_months():
    assert once(1300, price=D(1))["charge"] == 7_200


def test_b3_a_five_year_term_bills_up_to_48_months():
    row = once(1001, price=D(1), end=dt.date(2029, 1, 31))
    assert figures(row, "months", "charge") == (48, 48)


def test_c_a_fifth_is_free_and_the_tenth_beyond_it_is_charged_forward_only():
    terms = {"price": D(300), "per": "term", "allowance": D("0.2"), "charged": "above_allowance"}
    row = once(1300, **terms)
    assert row["allowance"] * row["price"] == 60_000
    assert figures(row, "over", "charge") == (100, D(300) * 100 * 24 / 36)


@pytest.mark.parametrize(
    ("measure", "used", "gross", "net"),
    [
        ("as_of", 1180, 43_200, 34_560),
        ("peak", 1180, 57_600, 48_960),
        ("as_of", 1120, 28_800, 20_160),
    ],
)
def test_d_value_shift_as_of_peak_and_after_hygiene(measure, used, gross, net):
    changes = [{"measure": measure}, SUITE_B | {"measure": measure}]
    b = days((dt.date(2024, 9, 1), 310), (FIRST, 310), sku="B")
    rows = run(
        lines(*changes), pl.concat([days((dt.date(2024, 9, 1), 1240), (FIRST, used)), b]), FIRST
    )
    assert figures(rows[0], "charge", "credit", "net") == (gross, 8_640, net)
    assert figures(rows[2], "sku", "charge", "credit_unused") == ("B", 0, 0)


@pytest.mark.parametrize(
    ("allowance", "measure", "gross"),
    [
        ("0.2", "as_of", 0),
        ("0.2", "peak", 9_600),
        ("0.15", "as_of", 7_200),
        ("0.15", "peak", 21_600),
    ],
)
def test_d4_allowances_before_any_credit(allowance, measure, gross):
    change = {"allowance": D(allowance), "measure": measure, "charged": "above_allowance"}
    both = pl.concat(
        [days((dt.date(2024, 9, 1), 1240), (FIRST, 1180)), days((FIRST, 310), sku="B")]
    )
    row = first(lines(change, SUITE_B | change), both)
    assert row["charge"] == gross
    assert row["net"] == max(0, gross - 8_640)


def test_e_growth_caps_bill_early_and_at_the_milestone():
    rows = run(
        lines({"early_events": "growth_caps"}),
        days((dt.date(2024, 8, 1), 1070), (FIRST, 1180)),
        FIRST,
    )
    assert [figures(row, "event", "over", "months", "charge") for row in rows[:2]] == [
        ("early", 70, 30, 21_000),
        ("milestone", 110, 24, 26_400),
    ]
    assert sum(row["charge"] for row in rows[:2]) == 47_400


# Events ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-02-01", "2027-01-31", [("2025-02-01", 24), ("2026-02-01", 12)]),
        ("2024-02-01", "2026-07-31", [("2025-02-01", 18), ("2026-02-01", 6)]),
        ("2024-02-29", "2027-02-27", [("2025-02-28", 24), ("2026-02-28", 12)]),
        ("2024-08-31", "2027-02-27", [("2025-08-31", 18), ("2026-08-31", 6)]),
        ("2024-02-01", "2025-01-31", []),
        ("2024-02-01", "2025-02-01", []),
        ("2024-02-01", "2024-03-31", []),
    ],
)
def test_milestones_lie_strictly_before_the_day_after_the_end(start, end, expected):
    term = {"start": dt.date.fromisoformat(start), "end": dt.date.fromisoformat(end)}
    rows = run(lines(term), days((dt.date(2024, 3, 1), 5)), dt.date(2024, 3, 2))
    assert [(str(row["event_date"]), row["months"]) for row in rows] == expected
    assert all(row["outcome"] == "ahead" and row["measured"] is None for row in rows)


def test_exactly_twelve_months_is_a_true_forward_by_days_too():
    rows = run(lines({"months": "days"}), days((FIRST, 1000), (SECOND, 1100)))
    assert [row["event"] for row in rows] == ["milestone", "milestone"]
    assert rows[1]["months"] == D("11.991786")
    assert rows[1]["charge"] == round(Fraction(100 * 10 * 365 * 48, 1461) * 100) / D(100)


def test_less_than_twelve_months_goes_to_a_new_agreement():
    rows = run(lines({"end": dt.date(2026, 7, 31)}), days((FIRST, 1000), (SECOND, 1100)))
    late = rows[1]
    assert figures(late, "event", "over", "charge", "net") == ("last twelve months", 100, 0, 0)
    assert late["outcome"] == "new agreement or separate licences"
    assert late["credit_unused"] is None


def test_a_late_event_without_growth_has_nothing_due():
    rows = run(lines({"end": dt.date(2026, 7, 31)}), days((FIRST, 900), (SECOND, 900)))
    assert figures(rows[1], "event", "outcome") == ("last twelve months", "none due")


def test_an_early_event_below_its_cap_gives_no_row():
    growth = {"early_events": "growth_caps"}
    seen = days((dt.date(2024, 8, 1), 1050), (FIRST, 1050))
    rows = run(lines(growth), seen, FIRST)
    assert [(row["event"], row["outcome"]) for row in rows] == [
        ("milestone", "charged"),
        ("early", "ahead"),
        ("milestone", "ahead"),
        ("last twelve months", "ahead"),
    ]


def test_the_standard_cap_is_measured_against_the_then_current_base():
    growth = {"early_events": "growth_caps"}
    seen = [(dt.date(2024, 8, 1), 1000), (FIRST, 1100)]
    below = run(lines(growth), days(*seen, (dt.date(2025, 8, 1), 1265), (SECOND, 1265)))
    above = run(lines(growth), days(*seen, (dt.date(2025, 8, 1), 1266), (SECOND, 1266)))
    assert [row["event"] for row in below] == ["milestone", "milestone"]
    assert [figures(row, "event", "base", "over") for row in above] == [
        ("milestone", 1000, 100), ("early", 1100, 166), ("milestone", 1266, 0),
    ]  # fmt: skip


def test_unused_value_offsets_an_early_charge_of_its_suite():
    growth = {"early_events": "growth_caps"}
    early = dt.date(2024, 8, 1)
    seen = pl.concat([days((early, 1070)), days((early, 310), sku="B")])
    rows = run(lines(growth, SUITE_B | growth), seen, early)
    charged, donor = (row for row in rows if row["event_date"] == early)
    assert figures(charged, "charge", "credit") == (21_000, 90 * 4 * 30)
    assert figures(donor, "outcome", "charge", "credit_unused") == ("none due", 0, 0)


def test_a_charge_before_an_early_event_is_not_billed_again_under_the_peak():
    growth = {"early_events": "growth_caps", "measure": "peak"}
    rows = run(lines(growth), days((dt.date(2024, 5, 1), 1100), (FIRST, 900)), FIRST)
    assert [figures(row, "measured", "over") for row in rows[:2]] == [(1100, 100), (1100, 0)]


# What is measured -----------------------------------------------------------------------------


def test_as_of_takes_the_last_snapshot_of_35_days():
    row = first(lines(), days((dt.date(2024, 12, 28), 1100), (dt.date(2024, 12, 27), 9)))
    assert figures(row, "measured", "measured_on") == (1100, dt.date(2024, 12, 28))


def test_no_snapshot_in_35_days_is_undecided_with_the_charge_on_both_sides():
    seen = days((dt.date(2024, 12, 27), 1100), (dt.date(2025, 2, 2), 1200))
    row = run(lines(), seen)[0]
    assert figures(row, "outcome", "measured", "over", "charge") == ("undecided", None, None, None)
    assert figures(row, "charge_if_before", "charge_if_after") == (24_000, 48_000)


def test_a_snapshot_after_as_of_is_not_known():
    seen = days((dt.date(2024, 12, 27), 1100), (dt.date(2025, 3, 2), 1200))
    row = first(lines(), seen, dt.date(2025, 3, 1))
    assert row["outcome"] == "undecided"
    assert figures(row, "charge_if_before", "charge_if_after") == (24_000, None)


def test_later_events_of_an_undecided_line_say_so_and_keep_the_base():
    rows = run(lines(), days((dt.date(2024, 12, 1), 1100), (SECOND, 1150)))
    assert figures(rows[1], "base", "over", "outcome") == (
        1000, 150, "charged; base uncertain since 2025-02-01",
    )  # fmt: skip


def test_the_peak_is_the_earliest_largest_full_day_of_the_window():
    seen = days(
        (dt.date(2024, 2, 1), 5000),
        (dt.date(2024, 5, 1), 1240),
        (dt.date(2024, 6, 1), 1240),
        (dt.date(2024, 7, 1), 3000, {"full": False}),
        (dt.date(2025, 2, 2), 4000),
    )
    row = run(lines({"measure": "peak"}), seen)[0]
    assert figures(row, "measured", "measured_on", "complete") == (
        1240, dt.date(2024, 5, 1), True,
    )  # fmt: skip


@pytest.mark.parametrize("measure", ["as_of", "peak", "average", "sum_of_negative_accounts"])
def test_days_are_measured_alike_in_any_order_and_beside_those_of_no_line(measure):
    """Days of two lines, one nearly too large for its millionths; some are of no day or no line."""
    large = 10**18
    terms = lines({"measure": measure}, {"measure": measure, "sku": "B"})
    own = [days((dt.date(2024, 8, 1), large), (dt.date(2024, 9, 3), large + 1), (FIRST, large + 2)),
           days((dt.date(2024, 12, 1), 1100), (FIRST, 1200), sku="B")]  # fmt: skip
    when = dated(completed(terms, RULES).select(DATED))
    seen = measured_events(when, numbered(pl.concat(own), when), as_of=FIRST, rules=RULES)
    others = [days((None, 7)), days((FIRST, 9), sku="X"), *own[::-1]]
    mixed = pl.concat(others).reverse()
    assert measured_events(when, numbered(mixed, when), as_of=FIRST, rules=RULES).equals(seen)
    covered = 33 * large + 36 * (large + 1) + large + 2  # the first snapshot holds until the next
    values = {
        "as_of": [(large + 2) * 10**6, 1200 * 10**6],
        "peak": [(large + 2) * 10**6, 1200 * 10**6],
        "average": [int(Fraction(covered * 10**6, 70) + Fraction(1, 2)), 1_102_702_703],
        "sum_of_negative_accounts": [0, 0],
    }
    assert seen.filter(~pl.col("ahead"))["value"].to_list() == values[measure]


def test_a_window_belongs_to_one_milestone_only():
    seen = days((FIRST, 1100), (dt.date(2025, 2, 2), 1050), (SECOND, 1020))
    rows = run(lines({"measure": "peak"}), seen)
    assert [row["measured"] for row in rows] == [1100, 1050]


def test_a_day_that_is_not_full_is_measured_and_marked():
    row = first(lines(), days((FIRST, 1100, {"full": False})))
    assert figures(row, "measured", "complete", "charge") == (1100, False, 24_000)
    only = first(lines({"measure": "peak"}), days((FIRST, 1100, {"full": False})))
    assert figures(only, "outcome", "measured") == ("undecided", None)


def test_the_average_holds_each_value_until_the_next_snapshot_and_35_days():
    seen = days((dt.date(2024, 2, 11), 1000), (dt.date(2024, 2, 21), 1300), (FIRST, 2000))
    row = first(lines({"measure": "average"}), seen)
    covered = 10 + 36 + 1
    expected = Fraction(10 * 1000 + 36 * 1300 + 2000, covered)
    assert row["measured"] == round(expected * 10**6) / D(10**6)
    assert row["coverage"] == pytest.approx(covered / 366)
    assert figures(row, "complete", "measured_on") == (False, None)


def test_the_average_carries_a_value_over_the_milestone():
    seen = days((dt.date(2025, 1, 20), 1000), (dt.date(2025, 2, 11), 1200))
    row = run(lines({"measure": "average"}), seen)[1]
    expected = Fraction(9 * 1000 + 36 * 1200, 45)
    assert row["measured"] == round(expected * 10**6) / D(10**6)
    assert row["coverage"] == pytest.approx(45 / 365)


def test_a_partial_day_ends_what_the_average_holds():
    seen = days((dt.date(2024, 3, 1), 1000), (dt.date(2024, 3, 11), 9, {"full": False}))
    row = first(lines({"measure": "average"}), seen)
    assert figures(row, "measured", "coverage") == (1000, pytest.approx(10 / 366))


def test_billable_asks_for_the_consumption_report():
    rows = run(lines({"measure": "billable"}), days((FIRST, 1100)))
    assert rows[0]["outcome"] == "undecided: the EA consumption report is needed"
    assert figures(rows[0], "charge", "charge_if_before", "measured") == (None, None, None)


def test_the_sum_of_negative_accounts_is_over_use_as_it_stands():
    changes = {"measure": "sum_of_negative_accounts", "allowance": D("0.2")}
    seen = days((FIRST, 900, {"deficit": 40}), (SECOND, 900, {"deficit": 0}))
    rows = run(lines(changes), seen)
    assert figures(rows[0], "measured", "over", "charge", "credit_unused") == (40, 40, 9_600, 0)
    assert figures(rows[1], "base", "over", "credit_unused") == (1040, 0, 140 * 10 * 12)


# Price and time -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "price", "basis"),
    [
        ({}, D(10), "contract"),
        ({"list_price": D(20), "discount": D("0.6")}, D(8), "list"),
        ({"list_price": D(20), "discount": D("0.5")}, D(10), "contract"),
        ({"list_price": D(8)}, D(10), "contract"),
        ({"price": None, "list_price": D(20), "discount": D("0.6")}, D(8), "list"),
        ({"price": None}, None, "none"),
        ({"commitment": "partial"}, None, "none"),
        ({"commitment": "partial", "list_price": D(20)}, None, "none"),
        ({"commitment": "partial", "list_price": D(20), "discount": D("0.1")}, D(18), "list"),
    ],
)
def test_price_and_its_basis(changes, price, basis):
    row = once(1100, **changes)
    charge = None if price is None else 100 * 24 * price
    assert figures(row, "price", "price_basis", "over", "charge", "net") == (
        price, basis, 100, charge, charge,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("per", "months", "factor"),
    [
        ("month", "whole", Fraction(24)),
        ("year", "whole", Fraction(2)),
        ("term", "whole", Fraction(24, 36)),
        ("month", "days", Fraction(730 * 48, 1461)),
        ("year", "days", Fraction(730 * 48, 1461 * 12)),
        ("term", "days", Fraction(730 * 48, 1461 * 36)),
    ],
)
def test_time_is_never_rounded_before_money(per, months, factor):
    row = once(1007, per=per, months=months, price=D("35.990001"))
    exact = 7 * Fraction("35.990001") * factor * 100
    assert row["charge"] == D(int(exact + Fraction(1, 2))) / 100


def test_half_a_cent_is_rounded_up_once():
    assert once(1001, price=D("0.000625"))["charge"] == D("0.02")
    assert once(1001, price=D("0.000624"))["charge"] == D("0.01")


def test_support_is_billed_and_gives_no_credit():
    both = pl.concat([days((FIRST, 1010)), days((FIRST, 390), sku="B")])
    rows = run(lines({"support_price": D(1)}, SUITE_B | {"support_price": D(3)}), both, FIRST)
    assert figures(rows[0], "charge", "credit", "net") == (10 * 11 * 24, 10 * 4 * 24, 1_680)


def test_large_and_fine_amounts_stay_exact():
    row = once(9_000_001, price=D("99999.999999"), months="days")
    exact = Fraction("99999.999999") * 8_999_001 * 730 * 48 / 1461 * 100
    assert row["charge"] == D(int(exact + Fraction(1, 2))) / 100


def test_an_amount_that_cannot_be_exact_is_refused():
    with pytest.raises(ConfigError, match="EA / Campus / A.*too large"):
        once(10**15, price=D(10**6))


# Credit, ratchet, outside stock -----------------------------------------------------------------


def test_value_never_leaves_its_suite_or_agreement():
    seen = pl.concat(
        [
            days((FIRST, 1100)),
            days((FIRST, 0), sku="B", suite="Other"),
            days((FIRST, 0), agreement="EA2"),
        ]
    )
    rows = run(lines({}, SUITE_B | {"suite": "Other"}, {"agreement": "EA2"}), seen, FIRST)
    now = [row for row in rows if row["event_date"] == FIRST]
    assert [row["credit"] for row in now] == [0, 0, 0]
    assert [row["credit_unused"] for row in now] == [0, 400 * 4 * 24, 1000 * 10 * 24]


def test_credit_none_states_what_the_clause_would_be_worth():
    both = pl.concat([days((FIRST, 1100)), days((FIRST, 390), sku="B")])
    rows = run(lines({"credit": "none"}, SUITE_B | {"credit": "none"}), both)
    assert figures(rows[0], "credit", "net") == (0, 24_000)
    assert figures(rows[2], "credit", "credit_unused") == (0, 960)
    assert rows[3]["base"] == 400


def test_a_line_with_nothing_measured_gives_no_residual():
    rows = run(lines({}, SUITE_B), days((FIRST, 1100)), FIRST)
    assert figures(rows[0], "credit", "outcome") == (
        0, "charged; credit without an undecided line of the suite",
    )  # fmt: skip
    assert figures(rows[2], "outcome", "credit_unused") == ("undecided", None)


@pytest.mark.parametrize(("consumes", "base"), [(True, 310), (False, 400)])
def test_units_whose_value_was_used_leave_the_donor(consumes, base):
    changes = {"shift_consumes": consumes}
    both = pl.concat([days((FIRST, 1180)), days((FIRST, 310), sku="B")])
    rows = run(lines(changes, SUITE_B | changes), both)
    assert rows[3]["base"] == base


def test_credit_is_exact_where_a_suite_adds_up_to_more_than_a_float_holds():
    price, units = D("9999.999999"), 10**8 + 1
    cents = int(Fraction(price) * units * 24 * 100 + Fraction(1, 2))
    assert 2**53 < 5 * cents
    terms = [{"sku": sku, "price": price, "entitled": 2 * units} for sku in "ABCDE"]
    used = dict(zip("ABCDE", (3, 3, 3, 1, 1), strict=True))
    seen = [days((FIRST, used[sku] * units), sku=sku) for sku in "ABCDE"]
    rows = [row for row in run(lines(*terms), pl.concat(seen)) if row["event_date"] == FIRST]
    assert [int(row["charge"] * 100) for row in rows] == [cents] * 3 + [0] * 2
    shares = [(2 * cents + 2 - place) // 3 for place in range(3)]
    assert [int(row["credit"] * 100) for row in rows] == shares + [0] * 2
    assert sum(shares) == 2 * cents


def test_credit_goes_to_charged_lines_by_largest_remainder():
    thirds = [{"sku": sku, "licenses": [sku]} for sku in "ACD"]
    donor = SUITE_B | {"price": D("0.041667")}
    seen = [days((FIRST, 1001), sku=sku) for sku in "ACD"] + [days((FIRST, 399), sku="B")]
    rows = run(lines(*thirds, donor), pl.concat(seen), FIRST)
    credits = [row["credit"] for row in rows if row["event_date"] == FIRST]
    assert credits == [D("0.34"), D("0.33"), D("0.33"), 0]


def test_units_partly_used_are_rounded_down():
    both = pl.concat([days((FIRST, 1001)), days((FIRST, 310), sku="B")])
    rows = run(lines({"price": D(10)}, SUITE_B), both)
    assert rows[0]["credit"] == 240
    assert rows[2]["credit_unused"] == 8_640 - 240
    assert rows[3]["base"] == 400 - 2


@pytest.mark.parametrize(("stock", "over"), [("ignored", 180), ("offsets", 130)])
def test_outside_stock_is_shown_both_ways(stock, over):
    seen = days((FIRST, 1180, {"outside": 50}), (SECOND, 1180, {"outside": 50}))
    rows = run(lines({"outside_stock": stock}), seen)
    assert figures(rows[0], "outside", "over", "charge") == (50, over, over * 240)
    assert figures(rows[0], "charge_if_ignored", "charge_if_offset") == (43_200, 31_200)
    assert figures(rows[1], "base", "over") == (1000 + over, 0)


def test_outside_stock_does_not_grow_the_allowance():
    seen = days((FIRST, 1250, {"outside": 100}))
    changes = {"outside_stock": "offsets", "allowance": D("0.15"), "charged": "above_allowance"}
    assert first(lines(changes), seen)["over"] == 0
    seen = days((FIRST, 1251, {"outside": 100}))
    assert first(lines(changes), seen)["over"] == 1


def test_readings_stand_beside_each_other_with_bases_of_their_own():
    terms = lines(FLEX, FLEX | {"ratchet": "by_charged", "charged": "above_allowance"})
    both = terms.with_columns(reading=pl.Series(["contract", "other"]))
    rows = run(both, days((FIRST, 600), (SECOND, 600)))
    assert [(row["reading"], row["base"]) for row in rows] == [
        ("contract", 500), ("contract", 600), ("other", 500), ("other", 525),
    ]  # fmt: skip


# Empty and small --------------------------------------------------------------------------------


def test_no_lines_and_no_days():
    assert true_forward(lines().clear(), days(), as_of=FIRST, rules=RULES).is_empty()
    rows = run(lines(), days(), FIRST)
    assert [row["outcome"] for row in rows] == [
        "undecided",
        "ahead; base uncertain since 2025-02-01",
    ]
    assert figures(rows[0], "charge_if_before", "charge_if_after") == (None, None)


def test_without_as_of_every_snapshot_is_used():
    assert run(lines(), days((FIRST, 1100)), None)[0]["charge"] == 24_000


def test_zero_entitlement_charges_every_unit():
    assert figures(once(7, entitled=0), "base", "over", "charge") == (0, 7, 1_680)


def test_the_order_of_the_inputs_does_not_matter():
    changes = lines({}, SUITE_B, {"sku": "C", "licenses": ["C"], "entitled": 7})
    seen = pl.concat([days((FIRST, 1180), (SECOND, 1200), sku=sku) for sku in "ABC"])
    straight = true_forward(changes, seen, as_of=LATER, rules=RULES)
    mixed = true_forward(changes, seen.reverse(), as_of=LATER, rules=RULES)
    assert straight.equals(mixed)


# Which line a licence stands in ------------------------------------------------------------------

HOLDING = {"smart_account": "sa", "virtual_account": "Branch 1", "license": "Alpha one",
           "snapshot_date": FIRST, "tag": None, "demand": 5, "complete": True}  # fmt: skip


def holdings(*changes):
    types = {**dict.fromkeys(HOLDING, pl.String), "snapshot_date": pl.Date, "demand": pl.Int64}
    types["complete"] = pl.Boolean
    return pl.DataFrame([HOLDING | change for change in changes], schema=types)


def test_tagged_by_name_tag_and_scope():
    terms = lines(
        {"licenses": ["alpha*"], "virtual_accounts": ["branch*"]},
        {"agreement": "EA2", "sku": "T", "licenses": [], "tags": ["regid.*beta*"]},
        {"sku": "D", "licenses": ["Delta"], "count": "devices", "virtual_accounts": ["branch*"]},
    )
    found = tagged(
        holdings(
            {},
            {"virtual_account": "HQ"},
            {"virtual_account": None},
            {"license": "Beta", "tag": "regid.2017.com.cisco.BETA,1.0", "virtual_account": None},
            {"license": "Delta"},
        ),
        terms,
    )
    rows = found.select("license", "virtual_account", "agreement", "suite", "sku").rows()
    assert sorted(rows, key=str) == [
        ("Alpha one", "Branch 1", "EA", "Campus", "A"),
        ("Beta", None, "EA2", "Campus", "T"),
    ]


def test_a_licence_in_two_lines_is_refused_with_both_names():
    terms = lines({}, {"agreement": "EA2", "sku": "Z", "licenses": ["*one"]})
    with pytest.raises(ConfigError, match=r"'Alpha one'.*EA / Campus / A and in EA2 / Campus / Z"):
        tagged(holdings({}), terms)
    apart = lines(
        {"virtual_accounts": ["Branch*"]}, {"agreement": "EA2", "virtual_accounts": ["HQ"]}
    )
    assert tagged(holdings({}), apart)["agreement"].to_list() == ["EA"]


def test_the_agreement_before_may_name_the_same_licence():
    before = {"agreement": "EA 2021", "start": dt.date(2021, 2, 1), "end": dt.date(2024, 1, 31)}
    assert tagged(holdings({}), lines({}, before)).height == 2


def test_tagged_of_nothing_keeps_its_columns():
    assert tagged(holdings(), lines()).columns[-3:] == ["agreement", "suite", "sku"]
    assert tagged(holdings({}), lines().clear()).is_empty()


def consuming(*changes):
    base = {"snapshot_date": FIRST, "smart_account": "sa", "virtual_account": "Branch 1",
            "udi_pid": "C9300", "license": "Alpha one", "quantity": 2}  # fmt: skip
    rows = [base | change for change in changes]
    return TABLES["device_licenses"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def test_a_device_counts_once_wherever_it_stands():
    used = consuming(
        {"serial": "S1"}, {"serial": "s1 ", "license": "Alpha two"},
        {"serial": "S1", "virtual_account": "Branch 2"}, {"serial": "S2"},
        {"serial": None, "uuid": "u"}, {"serial": None, "uuid": "U"},
        {"serial": "S3", "quantity": 0},
    )  # fmt: skip
    found = device_days(used, TABLES["devices"].empty(), lines({"count": "devices"}), rules=RULES)
    assert found.select("sku", "snapshot_date", "demand", "full").rows() == [("A", FIRST, 3, True)]


def test_device_lists_are_carried_35_days_then_the_day_is_partial():
    used = consuming(
        {"serial": "S1", "snapshot_date": dt.date(2025, 1, 1)},
        {"serial": "S2", "virtual_account": "Branch 2", "snapshot_date": dt.date(2025, 1, 2)},
        {"serial": "S2", "virtual_account": "Branch 2", "snapshot_date": dt.date(2025, 2, 5)},
        {"serial": "S2", "virtual_account": "Branch 2", "snapshot_date": dt.date(2025, 2, 6)},
    )
    found = device_days(used, TABLES["devices"].empty(), lines({"count": "devices"}))
    assert found.select("demand", "full").rows() == [(1, False), (2, True), (2, True), (1, False)]


def test_an_account_gone_from_a_wide_list_holds_nothing():
    day = dt.date(2025, 1, 10)
    used = consuming(
        {"serial": "S1"}, {"serial": "S2", "virtual_account": "Two"},
        {"serial": "S1", "snapshot_date": day},
        {"serial": "S2", "virtual_account": "Two", "snapshot_date": day},
        {"serial": "S3", "virtual_account": "Old", "snapshot_date": day},
    )  # fmt: skip
    found = device_days(used, TABLES["devices"].empty(), lines({"count": "devices"}))
    assert found.select("snapshot_date", "demand", "full").rows() == [
        (day, 3, True), (FIRST, 2, True),
    ]  # fmt: skip


def test_devices_without_the_licence_are_a_zero_not_a_gap():
    listed = TABLES["devices"].shaped(consuming({"serial": "S1"}))
    found = device_days(consuming({}).clear(), listed, lines({"count": "devices"}))
    assert found.select("snapshot_date", "demand", "full").rows() == [(FIRST, 0, True)]


def test_an_incomplete_device_list_makes_the_day_partial():
    listed = TABLES["devices"].shaped(
        consuming({"serial": "S1"}).with_columns(complete=pl.lit(False))
    )
    found = device_days(consuming({"serial": "S1"}), listed, lines({"count": "devices"}))
    assert found.select("demand", "full").rows() == [(1, False)]


def test_user_counts_are_days_of_their_line():
    counts = pl.DataFrame({"as_at": [FIRST], "metric": ["User "], "count": [2600]})
    counted = {"metric": "user", "licenses": [], "entitled": 2500}
    terms = lines(counted | {"price": D(36), "per": "year"})
    row = first(terms, user_days(counts, terms))
    assert figures(row, "licenses", "over", "charge") == ("user", 100, 7_200)


def lots(*changes):
    base = {"snapshot_date": FIRST, "smart_account": "sa", "virtual_account": "Branch 1",
            "license": "Alpha one", "quantity": 10, "start_date": dt.date(2024, 2, 1),
            "end_date": dt.date(2027, 1, 31), "witness": "licenses"}  # fmt: skip
    rows = [base | change for change in changes]
    return TABLES["lots"].shaped(pl.DataFrame(rows, infer_schema_length=None))


def outside(found: pl.DataFrame, places: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    frame = stock_frame(in_lines(places, terms), terms, seen=places, rules=RULES)
    return outside_units(line_lots(counted_lots({"lots": found}), frame), frame, terms)


def test_outside_units_stand_as_long_as_their_snapshot():
    elsewhere = {"virtual_account": "Other", "license": "Gamma"}
    kept = holdings({"snapshot_date": dt.date(2025, 1, 1)}, elsewhere)
    own = lots({"snapshot_date": dt.date(2025, 1, 1), "end_date": dt.date(2025, 2, 1)})
    terms = lines({"virtual_accounts": ["Branch*"]})
    assert outside(own, kept, terms).select("snapshot_date", "outside").rows() == [
        (dt.date(2025, 1, 1), 10),
        (FIRST, 10),
    ]


@pytest.mark.parametrize(
    ("lot", "units"),
    [
        ({}, 0),
        ({"end_date": None}, 10),
        ({"end_date": dt.date(2026, 1, 31)}, 10),
        ({"end_date": dt.date(2025, 1, 31)}, 0),
        ({"start_date": None}, 10),
        ({"start_date": dt.date(2023, 2, 1)}, 10),
        ({"start_date": dt.date(2025, 2, 2), "end_date": None}, 0),
        ({"end_date": None, "status": "CANCELLED"}, 0),
        ({"end_date": None, "billing": "USAGE"}, 0),
        ({"end_date": None, "license_type": "DEMO"}, 0),
        ({"end_date": None, "license": "Gamma"}, 0),
    ],
)
def test_outside_units_are_lots_the_agreement_cannot_have_brought(lot, units):
    found = outside(lots(lot), holdings({}), lines())
    assert found.rows() == [("EA", "Campus", "A", FIRST, units)]


def test_a_lot_of_one_agreement_is_stock_from_outside_of_the_next():
    """Each agreement has days of its own accounts; an account without a name is one too."""
    day, end = dt.date(2024, 1, 20), dt.date(2024, 1, 31)
    before = {"agreement": "EA 2021", "start": dt.date(2021, 2, 1), "end": end}
    kept = holdings({"virtual_account": None, "snapshot_date": day}, {})
    nowhere = {"virtual_account": None, "snapshot_date": day}
    theirs = {"start_date": dt.date(2021, 2, 1), "end_date": end}
    found = lots(nowhere | theirs, nowhere | {"quantity": None, "end_date": None}, theirs)
    assert outside(found, kept, lines({}, before)).drop("suite", "sku").rows() == [
        ("EA", day, 10), ("EA", FIRST, 0), ("EA 2021", day, 0), ("EA 2021", FIRST, 0),
    ]  # fmt: skip


def test_without_lots_or_pages_nothing_is_outside():
    assert outside(lots({}).clear(), holdings({}), lines())["outside"].to_list() == [0]
    assert outside(lots({}), holdings({}).clear(), lines()).is_empty()


def test_only_the_best_witness_of_a_lot_counts():
    twice = lots({"end_date": None}, {"end_date": None, "witness": "subscriptions"})
    assert outside(twice, holdings({}), lines())["outside"].to_list() == [10]


# What always holds ------------------------------------------------------------------------------

SKUS = "ABCDE"
ONE = st.fixed_dictionaries(
    {
        "suite": st.sampled_from(["Campus", "Other"]),
        "entitled": st.integers(0, 2000),
        "price": st.none() | st.decimals(0, 1000, places=6),
        "support_price": st.none() | st.decimals(0, 100, places=2),
        "per": st.sampled_from(["month", "year", "term"]),
    }
)
TERMS = st.fixed_dictionaries(
    {
        "allowance": st.sampled_from([D(0), D("0.15"), D("0.2")]),
        "charged": st.sampled_from(["above_entitlement", "above_allowance"]),
        "credit": st.sampled_from(["value_shift", "none"]),
        "ratchet": st.sampled_from(["to_consumption", "by_charged"]),
        "early_events": st.sampled_from(["none", "growth_caps"]),
        "months": st.sampled_from(["whole", "days"]),
        "measure": st.sampled_from(["as_of", "peak", "average", "sum_of_negative_accounts"]),
    }
)
USED = st.lists(st.tuples(*(st.integers(0, 2500) for _ in range(5))), min_size=1, max_size=5)
DATES = [dt.date(2024, 8, 1), FIRST, dt.date(2025, 8, 1), SECOND]
QUICK = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def estate(ones, terms, used):
    terms_of = [one | terms | {"sku": sku} for one, sku in zip(ones, SKUS, strict=False)]
    seen = [
        days(*zip(DATES, counts, strict=False), sku=line["sku"], suite=line["suite"], deficit=3)
        for line, counts in zip(terms_of, used, strict=False)
    ]
    return lines(*terms_of), pl.concat(seen)


def residual(row, line):
    """Unused value in cents by fractions: what the frames must agree with."""
    if row["measured"] is None or line["price"] is None or row["event"] == "last twelve months":
        return 0
    left = (dt.date(2027, 2, 1) - row["event_date"]).days
    months = Fraction(left * 48, 1461) if line["months"] == "days" else Fraction(int(row["months"]))
    parts = {"month": 1, "year": 12, "term": 36}[line["per"]]
    under = max(Fraction(0), Fraction(row["base"]) - Fraction(row["measured"]))
    return int(under * Fraction(line["price"]) * months / parts * 100 + Fraction(1, 2))


@QUICK
@given(st.lists(ONE, min_size=1, max_size=5), TERMS, USED)
def test_lines_sum_to_suites_to_the_cent(ones, terms, used):
    terms_frame, seen = estate(ones, terms, used)
    by_sku = {row["sku"]: row for row in terms_frame.to_dicts()}
    rows = run(terms_frame, seen)
    assert all(row["net"] is None or row["net"] >= 0 for row in rows)
    assert all(row["over"] > 0 for row in rows if row["credit"])
    for key in {(row["suite"], row["event_date"]) for row in rows}:
        suite = [row for row in rows if (row["suite"], row["event_date"]) == key]
        gross = sum(row["charge"] or 0 for row in suite)
        credit = sum(row["credit"] or 0 for row in suite)
        unused = sum(row["credit_unused"] or 0 for row in suite)
        if terms["measure"] != "sum_of_negative_accounts":
            worth = sum(D(residual(row, by_sku[row["sku"]])) for row in suite) / 100
            shifts = terms["credit"] == "value_shift"
            assert credit == (min(gross, worth) if shifts else 0)
            assert unused == worth - credit


@QUICK
@given(st.lists(ONE, min_size=1, max_size=5), TERMS, USED, st.integers(0, 500))
def test_more_use_never_lowers_what_an_event_charges(ones, terms, used, more):
    terms = terms | {"early_events": "none"}
    terms_frame, seen = estate(ones, terms, [counts[:2] for counts in used])
    grown = seen.with_columns(pl.col("demand") + more)
    small, large = (
        sum(row["charge"] or 0 for row in run(terms_frame, frame, FIRST)) for frame in (seen, grown)
    )
    assert large >= small


@QUICK
@given(st.integers(0, 2500), ONE, TERMS)
def test_a_charge_is_the_exact_product_rounded_once(used, one, terms):
    terms = terms | {"measure": "as_of", "early_events": "none"}
    one = one | {"price": one["price"] or D("3.333333")}
    row = once(used, **one | terms | {"suite": "Campus"})
    share = Fraction(terms["allowance"])
    beyond = used - one["entitled"] * (1 + share)
    over = beyond if terms["charged"] == "above_allowance" else used - one["entitled"]
    price = Fraction(one["price"]) + Fraction(one["support_price"] or 0)
    months = Fraction(730 * 48, 1461) if terms["months"] == "days" else Fraction(24)
    parts = {"month": 1, "year": 12, "term": 36}[one["per"]]
    exact = (over if beyond > 0 else 0) * price * months / parts * 100
    assert row["charge"] == D(int(exact + Fraction(1, 2))) / 100


# What one unit is worth today ---------------------------------------------------------------------


def worth(as_of, **changes):
    places = pl.DataFrame(
        [("acme", "HQ", "Alpha 1", None), ("acme", None, "Beta", None)],
        schema=dict.fromkeys(["smart_account", "virtual_account", "license", "tag"], pl.String),
        orient="row",
    )
    return unit_prices(places, lines(changes), as_of=as_of).to_dicts()


@pytest.mark.parametrize(
    ("changes", "months", "money"),
    [
        ({}, 3, 30),
        ({"support_price": D("0.4")}, 3, D("31.2")),
        ({"per": "year", "price": D(36)}, 3, 9),
        ({"per": "term", "price": D(90)}, 3, D("7.5")),
        ({"commitment": "partial", "list_price": D(20), "discount": D("0.25")}, 3, 45),
        ({"commitment": "partial"}, 3, None),
        ({"months": "days"}, D("3.022587268993"), D("30.225872689938")),
    ],
)
def test_a_unit_is_worth_its_price_over_the_months_that_are_left(changes, months, money):
    (row,) = worth(dt.date(2026, 11, 1), **changes)
    assert row["license"] == "Alpha 1"
    assert row["unit_money"] == money
    assert row["months"] == pytest.approx(months, abs=D("0.000001"))


@pytest.mark.parametrize("as_of", [None, dt.date(2024, 1, 31), dt.date(2027, 2, 1)])
def test_no_agreement_runs_no_unit_is_priced(as_of):
    assert worth(as_of) == []


def test_on_the_last_day_no_whole_month_is_left():
    (row,) = worth(dt.date(2027, 1, 31))
    assert (row["months"], row["unit_money"]) == (0, 0)


def test_lines_find_licences_by_full_names_as_by_patterns(monkeypatch):
    """Case is folded, in ASCII and beyond (a long s is an s); full names are looked up at once."""
    named = [{"sku": "A", "licenses": ["license a", "LICENSE B"], "tags": ["Tag.1"]},
             {"sku": "B", "licenses": ["License ?"]}, {"sku": "C", "licenses": ["LicenSe É"]},
             {"sku": "D", "licenses": [], "tags": []}]  # fmt: skip
    licences = pl.DataFrame(
        [("License A", None), ("LICEN\u017fE A", None), ("License b", "tag.1"), ("Other", "TAG.1"),
         ("license é", None), (None, None), ("License A B", "tag.10")],
        schema={"license": pl.String, "tag": pl.String}, orient="row",
    )  # fmt: skip
    told = lines(*named)
    found = scope.licences_named(licences, told).select("sku", "license").sort("sku", "license")
    assert found.filter(pl.col("sku") == "A")["license"].to_list() == [
        "LICEN\u017fE A", "License A", "License b", "Other",
    ]  # fmt: skip
    assert found.filter(pl.col("sku") == "C")["license"].to_list() == ["license é"]
    assert found.filter(pl.col("sku") == "D").is_empty()
    monkeypatch.setattr(scope, "_in_full", lambda patterns: False)
    tried = scope.licences_named(licences, told).select("sku", "license").sort("sku", "license")
    assert found.equals(tried)
    nobody = scope.licences_named(licences.clear(), told)
    assert nobody.is_empty()
    assert nobody.columns == ["agreement", "suite", "sku", "license", "tag"]


@pytest.mark.parametrize("rows", [0, 1, 7, 2**21 + 3])
def test_amounts_of_a_suite_add_up_to_the_last_digit(rows: int):
    """10^-12 of a currency, of more rows than a float's digits could hold in halves."""
    amounts = pl.Series([2**75 + 1, 3, 2**53 + 1], dtype=pl.Int128)
    at = np.arange(rows) % 3
    exact = [int(amounts[n]) * int((at == n).sum()) for n in range(3)]
    assert totals(amounts[pl.Series(at)], at, 3).to_list() == exact
