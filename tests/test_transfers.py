"""Moves of units between accounts of one Smart Account, checked by hand and by their properties."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.analyses import history
from cssm_lib.analyses.transfers import transfers
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

RULES = load_rules()
DAY = dt.date(2026, 5, 31)
RENEWAL = dt.date(2027, 1, 31)
LICENSE = "C9300 DNA Advantage"


def table(name, rows):
    base = {"smart_account": "acme", "snapshot_date": DAY, "license": LICENSE, "in_use": 0}
    base |= {"quantity": 0, "source": "a.json", "witness": "licenses", "status": "ACTIVE"}
    if not rows:
        return TABLES[name].empty()
    filled = [{k: v for k, v in (base | r).items() if k in TABLES[name].names} for r in rows]
    return TABLES[name].shaped(pl.DataFrame(filled, infer_schema_length=None))


def proposed(usage, lots=(), as_of=DAY, renewal_end=None):
    """The moves, and the positions that they start from."""
    tables = {"usage": table("usage", usage), "lots": table("lots", lots)}
    held = history.holdings(tables, RULES)
    now = history.standing(held, as_of=as_of)
    counted = history.counted_lots(tables)
    moves = transfers(now, held, counted, as_of=as_of, renewal_end=renewal_end, rules=RULES)
    return moves, now


def moved(frame):
    return frame["from_virtual_account", "to_virtual_account", "quantity"].rows()


def account(name, quantity, in_use, **more):
    return {"virtual_account": name, "quantity": quantity, "in_use": in_use} | more


def test_nothing_to_move():
    moves, _ = proposed([])
    assert (moves.height, moves.schema) == (0, ANSWERS["transfers"].empty().schema)
    assert proposed([account("A", 10, 4)])[0].height == 0
    assert proposed([account("A", 10, 40), account("B", 0, 4)])[0].height == 0


def test_the_largest_donor_serves_the_largest_receiver_first():
    rows = [account("A", 10, 4), account("B", 10, 0), account("C", 0, 3), account("D", 0, 12)]
    assert moved(proposed(rows)[0]) == [("A", "C", 3), ("A", "D", 2), ("B", "D", 10)]


def test_ties_go_by_name_and_what_is_left_stays():
    rows = [account("B", 5, 0), account("A", 5, 0), account("D", 0, 3), account("C", 0, 3)]
    assert moved(proposed(rows)[0]) == [("A", "C", 3), ("A", "D", 2), ("B", "D", 1)]


def test_the_most_that_can_move_does():
    rows = [account("A", 5, 0), account("B", 0, 3), account("C", 0, 9)]
    assert moved(proposed(rows)[0]) == [("A", "C", 5)]


@pytest.mark.parametrize(
    "bound",
    [
        {"export_restricted": True},
        {"billing": "USAGE"},
        # reserved, not used, and no part of demand in this file
        {"reserved": 10, "available": 10},
    ],
)
def test_bound_units_never_move(bound):
    assert proposed([account("A", 10, 0, **bound), account("B", 0, 3)])[0].height == 0


def test_nothing_moves_across_smart_accounts_or_licences():
    rows = [
        account("A", 10, 0),
        account("A", 0, 3, smart_account="beta"),
        account("B", 0, 3, license="Other"),
    ]
    assert proposed(rows)[0].height == 0


def test_accounts_without_a_name_are_accounts():
    rows = [account(None, 10, 0, smart_account=None), account("B", 0, 3, smart_account=None)]
    moves, _ = proposed(rows)
    assert moved(moves) == [(None, "B", 3)]
    assert moves["smart_account"].to_list() == [None]


def test_is_portable_is_shown_and_no_gate():
    moves, _ = proposed([account("A", 10, 0, is_portable=False), account("B", 0, 3)])
    assert moves["quantity", "is_portable"].rows() == [(3, False)]


@pytest.mark.parametrize(
    ("peak", "days", "warning"),
    [
        (120, 364, "needed 120 on 2025-06-01, would keep 100"),
        (120, 365, None),
        (100, 364, None),
    ],
)
def test_the_donors_own_peak_would_go_short(peak, days, warning):
    rows = [account("A", 150, 0), account("B", 0, 50)]
    rows += [account("A", 150, peak, snapshot_date=DAY - dt.timedelta(days=days))]
    assert proposed(rows)[0]["warning"].to_list() == [warning]


LATE = {"virtual_account": "A", "quantity": 20, "end_date": RENEWAL}
EARLY = {"virtual_account": "A", "quantity": 80, "end_date": dt.date(2026, 12, 31)}


def test_the_donors_lots_end_before_the_renewal():
    rows = [account("A", 100, 0), account("B", 0, 50)]
    expected = "30 of the units end on 2026-12-31, before 2027-01-31"
    assert proposed(rows, [EARLY, LATE], renewal_end=RENEWAL)[0]["warning"].to_list() == [expected]
    assert proposed(rows, [EARLY, LATE])[0]["warning"].to_list() == [None]
    long = [EARLY | {"quantity": 50}, LATE | {"quantity": 50, "end_date": None}]
    assert proposed(rows, long, renewal_end=RENEWAL)[0]["warning"].to_list() == [None]


def test_lots_that_end_on_several_days():
    rows = [account("A", 100, 0), account("B", 0, 90)]
    first = {"virtual_account": "A", "quantity": 50, "end_date": dt.date(2026, 6, 30)}
    moves, _ = proposed(rows, [first, EARLY | {"quantity": 30}, LATE], renewal_end=RENEWAL)
    expected = "70 of the units end from 2026-06-30, before 2027-01-31"
    assert moves["warning"].to_list() == [expected]


def test_both_warnings_are_joined_and_stand_on_every_move_of_the_donor():
    past = account("A", 100, 70, snapshot_date=DAY - dt.timedelta(days=30))
    rows = [account("A", 100, 0), account("B", 0, 25), account("C", 0, 25), past]
    moves, _ = proposed(rows, [EARLY, LATE], renewal_end=RENEWAL)
    expected = (
        "needed 70 on 2026-05-01, would keep 50; "
        "30 of the units end on 2026-12-31, before 2027-01-31"
    )
    assert moves["warning"].to_list() == [expected] * 2


def test_undated_rows_move_without_a_peak():
    rows = [account("A", 9, 0, snapshot_date=None), account("B", 0, 3, snapshot_date=None)]
    moves, _ = proposed(rows, as_of=None, renewal_end=RENEWAL)
    assert moves["quantity", "warning"].rows() == [(3, None)]


ROW = st.fixed_dictionaries(
    {
        "virtual_account": st.sampled_from("ABCDEF"),
        "license": st.sampled_from(["X", "Y"]),
        "quantity": st.integers(0, 9),
        "in_use": st.integers(0, 9),
        "reserved": st.integers(0, 2),
    }
)
ROWS = st.lists(ROW, max_size=12, unique_by=lambda row: (row["virtual_account"], row["license"]))
POOL = ["smart_account", "license"]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(ROWS)
def test_transfers_cure_what_they_can_in_few_rows_and_make_no_donor_short(rows):
    moves, now = proposed(rows)
    short, free = pl.col("deficit"), pl.col("movable")
    pools = now.group_by(POOL).agg(
        can=pl.min_horizontal(short.sum(), free.sum()),
        most=(short > 0).sum() + (free > 0).sum() - 1,
        true_gap=short.sum() - pl.min_horizontal(short.sum(), free.sum()),
        short=short.sum(),
    )
    done = moves.group_by(POOL).agg(pl.col("quantity").sum(), rows=pl.len())
    both = pools.join(done, on=POOL, how="left").with_columns(
        pl.col("quantity", "rows").fill_null(0)
    )
    assert (both["quantity"] == both["can"]).all()
    assert (both["short"] == both["quantity"] + both["true_gap"]).all()
    assert both.filter(pl.col("rows") > 0).select((pl.col("rows") <= pl.col("most")).all()).item()
    assert moves.is_empty() or moves["quantity"].min() > 0
    sides = {"from_virtual_account": "movable", "to_virtual_account": "deficit"}
    for side, limit in sides.items():
        units = moves.group_by("license", virtual_account=side).agg(pl.col("quantity").sum())
        shown = units.join(now, on=["license", "virtual_account"], suffix="_held")
        assert (shown["quantity"] <= shown[limit]).all()
        assert shown.height == units.height
