"""What was held and needed on every day: frames of a few rows, checked by hand."""

import datetime as dt
from importlib import import_module

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.analyses import history
from cssm_lib.analyses.history import columns, numbers, repeats
from cssm_lib.rules import load_rules
from cssm_lib.schema import TABLES

RULES = load_rules()
FEW = numbers.FEW
DAY = dt.date(2026, 5, 31)
LICENSE = "C9300 DNA Advantage"


def table(name, *rows, **same):
    defaults = {"license": LICENSE, "source": "a.json"} | same
    names = TABLES[name].names
    filled = [{k: v for k, v in (defaults | row).items() if k in names} for row in rows]
    if not filled:
        return TABLES[name].empty()
    return TABLES[name].shaped(pl.DataFrame(filled, infer_schema_length=None))


def usage(*rows, **same):
    base = {"snapshot_date": DAY, "smart_account": "acme", "virtual_account": "HQ", "in_use": 0}
    return table("usage", *rows, **(base | {"quantity": 0} | same))


def lots(*rows, **same):
    base = {"snapshot_date": DAY, "smart_account": "acme", "virtual_account": "HQ"}
    return table("lots", *rows, **(base | {"witness": "licenses", "status": "ACTIVE"} | same))


def held(*tables, as_of=None):
    """Holdings of a usage frame and, where given, lots."""
    given = dict(zip(("usage", "lots"), tables, strict=False))
    return history.holdings(given, RULES, as_of=as_of).sort("license", "snapshot_date")


def one(frame, *columns):
    assert frame.height == 1
    return frame.select(columns).row(0)


def pooled(frame, by=("smart_account", "license"), **more):
    return history.pool_days(frame, by=by, rules=RULES, **more)


def month(number, day=1):
    return dt.date(2026, number, day)


def test_empty_tables_keep_their_columns():
    frame = held()
    assert frame.height == 0
    assert frame.schema["entitled"] == pl.Int64
    assert frame.schema["license"] == pl.String
    assert pooled(frame).height == 0
    assert history.standing(frame, as_of=DAY).height == 0
    assert history.standing(frame, as_of=None).height == 0
    assert history.counted_lots({}).height == 0


@pytest.mark.parametrize(
    ("quantity", "lot_rows", "expected"),
    [
        (10, [{"quantity": 10}], ("lots", 10, 0)),
        (10, [], ("quantity", 10, None)),
        (0, [], ("lots", 0, None)),
        (10, [{"quantity": 7}], ("quantity", 10, -3)),
        # expired, still in the quantity: the lots explain it and one of them is over
        (
            10,
            [
                {"quantity": 6},
                {"quantity": 4, "end_date": dt.date(2026, 5, 30), "status": "EXPIRED"},
            ],
            ("lots", 6, -4),
        ),
        # the last day counts, and so does the first
        (10, [{"quantity": 10, "end_date": DAY}], ("lots", 10, 0)),
        (10, [{"quantity": 10, "start_date": DAY}], ("lots", 10, 0)),
        # a lot to come, in the quantity or not
        (
            10,
            [{"quantity": 6}, {"quantity": 4, "start_date": month(6), "status": "FUTURE"}],
            ("lots", 6, -4),
        ),
        (
            6,
            [{"quantity": 6}, {"quantity": 4, "start_date": month(6), "status": "FUTURE"}],
            ("lots", 6, 0),
        ),
        # dates decide, not the word FUTURE: the lots say more than the quantity
        (
            6,
            [{"quantity": 6}, {"quantity": 4, "start_date": month(1), "status": "FUTURE"}],
            ("lots", 10, 4),
        ),
        (10, [{"quantity": 6}, {"quantity": 4, "license_type": "DEMO"}], ("lots", 6, -4)),
        (10, [{"quantity": 6}, {"quantity": 4, "status": "CANCELLED"}], ("lots", 6, -4)),
        (10, [{"quantity": 6}, {"quantity": 4, "status": "PENDING"}], ("lots", 6, -4)),
    ],
)
def test_entitlement_on_the_snapshots_own_day(quantity, lot_rows, expected):
    frame = held(usage({"quantity": quantity}), lots(*lot_rows))
    assert one(frame, "entitled_basis", "entitled", "entitled_gap") == expected


def test_undated_files_have_the_quantity_only():
    frame = held(
        usage({"quantity": 10}, snapshot_date=None),
        lots({"quantity": 10, "end_date": dt.date(2020, 1, 1)}, snapshot_date=None),
    )
    assert one(frame, "entitled_basis", "entitled", "entitled_gap") == ("undated", 10, None)


def test_best_witness_of_the_lots_wins():
    frame = held(
        usage({"quantity": 10}),
        lots({"quantity": 10}, {"quantity": 10, "witness": "subscriptions"}),
    )
    assert one(frame, "entitled_basis", "entitled") == ("lots", 10)


def test_usage_billing_is_shown_beside_and_never_a_gap():
    frame = held(
        usage({"billing": "USAGE", "in_use": 7}), lots({"quantity": 3, "billing": "USAGE"})
    )
    columns = ("entitled_basis", "entitled", "entitled_gap", "demand", "usage_billed", "deficit")
    assert one(frame, *columns) == ("usage", 0, None, 0, 7, 0)


def test_prepaid_and_usage_rows_are_added():
    frame = held(
        usage({"billing": "USAGE", "in_use": 7}, {"quantity": 10, "in_use": 4}),
        lots({"quantity": 10}),
    )
    columns = ("entitled_basis", "entitled", "in_use", "usage_billed", "demand")
    assert one(frame, *columns) == ("lots", 10, 11, 7, 4)


@pytest.mark.parametrize(
    ("available", "identity", "demand", "kept"),
    [
        (6, "in_use", 4, 0),
        (3, "in_use + reserved", 7, 0),
        (5, "unproven", 7, 0),
        (None, "unproven", 7, 0),
    ],
)
def test_demand_identities(available, identity, demand, kept):
    frame = held(usage({"quantity": 10, "in_use": 4, "reserved": 3, "available": available}))
    assert one(frame, "demand_identity", "demand", "held") == (identity, demand, kept)


def test_an_identity_holds_for_its_own_file_and_all_its_rows():
    frame = held(
        usage(
            {"license": "A", "quantity": 10, "in_use": 2, "reserved": 5, "available": 8},
            {"license": "B", "quantity": 10, "in_use": 1, "reserved": 0, "available": 4},
            {"license": "C", "quantity": 10, "in_use": 1, "reserved": 2, "source": "b.json"},
        )
    )
    assert frame["license", "demand_identity", "demand", "held"].rows() == [
        ("A", "in_use", 2, 3),
        ("B", "in_use", 1, 0),
        ("C", "unproven", 3, 0),
    ]
    assert frame["movable"].to_list() == [5, 9, 7]


def twin_tables(device_day=DAY, quantities=(2, 3)):
    where = {"snapshot_date": device_day, "smart_account": "acme", "virtual_account": "HQ"}
    device = {"udi_pid": "C9300-48P", "serial": "FOC1"}
    return {
        "devices": table(
            "devices",
            {"status": "Reserved In Compliance"},
            {"status": "In Compliance"},
            **where,
            **device,
        ),
        "device_licenses": table(
            "device_licenses", *({"quantity": units} for units in quantities), **where, **device
        ),
    }


@pytest.mark.parametrize(
    ("device_day", "quantities", "twice"),
    [
        (DAY, (2, 3), 2),
        (DAY - dt.timedelta(days=35), (2, 3), 2),
        (DAY - dt.timedelta(days=36), (2, 3), 0),
        (DAY, (2,), 0),
    ],
)
def test_reserved_and_reporting_counts_once(device_day, quantities, twice):
    stock = usage({"quantity": 20, "in_use": 10, "reserved": 5, "available": 5})
    frame = history.holdings({"usage": stock} | twin_tables(device_day, quantities), RULES)
    assert one(frame, "reserved_and_reporting", "demand") == (twice, 15 - twice)


def test_reserved_and_reporting_is_nothing_where_demand_is_use():
    stock = usage({"quantity": 20, "in_use": 10, "reserved": 5, "available": 10})
    frame = history.holdings({"usage": stock} | twin_tables(), RULES)
    assert one(frame, "reserved_and_reporting", "demand") == (0, 10)


def test_use_without_entitlement_and_negative_balance():
    frame = held(usage({"license": "A", "in_use": 3}, {"license": "B", "quantity": 5, "in_use": 9}))
    assert frame["entitled", "demand", "deficit", "movable"].rows() == [(0, 3, 3, 0), (5, 9, 4, 0)]


def test_exported_lending_is_taken_from_the_lender_and_given_to_the_borrower():
    stock = usage({"license": "High", "quantity": 10, "in_use": 2}, {"license": "Low", "in_use": 3})
    lending = table(
        "substitutions",
        {"from_license": "High", "to_license": "Low", "quantity": 3},
        **{"snapshot_date": DAY, "smart_account": "acme", "virtual_account": "HQ"},
    )
    frame = history.holdings({"usage": stock, "substitutions": lending}, RULES)
    assert frame["lent", "borrowed", "deficit", "movable"].rows() == [(3, 0, 0, 5), (0, 3, 0, 0)]


def test_export_restricted_units_never_move():
    frame = held(
        usage(
            {"license": "A", "quantity": 5, "export_restricted": True},
            {"license": "DNA_HSEC US Export Lic", "quantity": 5},
        )
    )
    assert frame["movable"].to_list() == [0, 0]


def test_null_smart_account_meets_its_own_lots():
    frame = held(
        usage({"quantity": 10, "in_use": 4}, smart_account=None),
        lots({"quantity": 10}, smart_account=None),
    )
    assert one(frame, "smart_account", "entitled_basis") == (None, "lots")
    assert one(pooled(frame), "demand", "full") == (4, True)


def test_equal_names_in_two_smart_accounts_stay_apart():
    frame = held(
        usage({"smart_account": "acme", "in_use": 1}, {"smart_account": "beta", "in_use": 2})
    )
    assert pooled(frame)["smart_account", "demand"].rows() == [("acme", 1), ("beta", 2)]
    assert one(pooled(frame, by=["license"]), "demand") == (3,)


@pytest.mark.parametrize(("seen", "days"), [(["beta"], [("beta", 2)]), ([], [])])
def test_pool_of_a_smart_account_without_pages_has_no_days(seen, days):
    frame = held(
        usage({"smart_account": "acme", "in_use": 1}, {"smart_account": "beta", "in_use": 2})
    )
    pages = frame.filter(pl.col("smart_account").is_in(seen))
    assert pooled(frame, seen=pages)["smart_account", "demand"].rows() == days


def accounts(*seen):
    """Usage rows from (month, account, in_use)."""
    return held(
        usage(*({"snapshot_date": m, "virtual_account": va, "in_use": n} for m, va, n in seen))
    )


def days_of(frame):
    return frame["snapshot_date", "demand", "full"].rows()


def test_account_created_later_holds_nothing_before_in_wide_snapshots():
    frame = accounts(
        (month(1), "A", 1),
        (month(1), "B", 2),
        (month(2), "A", 1),
        (month(2), "B", 2),
        (month(2), "C", 4),
    )
    assert days_of(pooled(frame)) == [(month(1), 3, True), (month(2), 7, True)]


def test_account_removed_holds_nothing_after_in_wide_snapshots():
    frame = accounts(
        (month(1), "A", 1),
        (month(1), "B", 2),
        (month(1), "C", 4),
        (month(2), "A", 1),
        (month(2), "B", 2),
    )
    assert days_of(pooled(frame)) == [(month(1), 7, True), (month(2), 3, True)]
    now = history.standing(frame, as_of=month(2))
    assert now["virtual_account"].to_list() == ["A", "B"]


def test_account_missing_in_between_is_carried_35_days_then_partial():
    seen = [(month(1), "A", 1), (month(1), "B", 2), (month(1), "C", 4)]
    seen += [(month(2, 5), va, n) for va, n in (("A", 1), ("B", 2))]
    seen += [(month(2, 6), va, n) for va, n in (("A", 1), ("B", 2))]
    seen += [(month(3), va, n) for va, n in (("A", 1), ("B", 2), ("C", 5))]
    assert days_of(pooled(accounts(*seen))) == [
        (month(1), 7, True),
        (month(2, 5), 7, True),
        (month(2, 6), 3, False),
        (month(3), 8, True),
    ]


def test_snapshot_of_one_account_says_nothing_of_the_others():
    frame = accounts((month(1), "A", 1), (month(1), "B", 2), (month(2), "A", 5))
    assert days_of(pooled(frame)) == [(month(1), 3, True), (month(2), 7, True)]
    now = history.standing(frame, as_of=month(2, 10))
    assert now["virtual_account", "snapshot_date", "age_days"].rows() == [
        ("A", month(2), 9),
        ("B", month(1), 40),
    ]


def test_incomplete_snapshot_makes_the_day_partial():
    frame = held(
        usage(
            {"virtual_account": "A", "in_use": 1, "complete": False},
            {"virtual_account": "B", "in_use": 2},
        )
    )
    assert days_of(pooled(frame)) == [(DAY, 3, False)]


def test_licence_without_a_row_in_a_present_account_is_zero():
    frame = held(
        usage(
            {"license": "A", "in_use": 4, "snapshot_date": month(1)},
            {"license": "B", "in_use": 9, "snapshot_date": month(2)},
        )
    )
    assert pooled(frame)["license", "snapshot_date", "demand", "full"].rows() == [
        ("A", month(1), 4, True),
        ("A", month(2), 0, True),
        ("B", month(1), 0, True),
        ("B", month(2), 9, True),
    ]


def test_groups_over_smart_accounts_take_the_days_of_all():
    frame = held(
        usage(
            {"smart_account": "acme", "in_use": 1, "snapshot_date": month(1)},
            {"smart_account": "beta", "in_use": 2, "snapshot_date": month(1, 20)},
            {"smart_account": "acme", "in_use": 4, "snapshot_date": month(3)},
        )
    )
    assert days_of(pooled(frame, by=["license"])) == [
        (month(1), 1, False),
        (month(1, 20), 3, True),
        (month(3), 4, False),
    ]


def test_coverage_is_read_from_all_holdings():
    frame = held(
        usage(
            {"license": "A", "in_use": 4, "snapshot_date": month(1)},
            {"license": "B", "in_use": 9, "snapshot_date": month(4)},
        )
    )
    only = frame.filter(pl.col("license") == "A")
    assert days_of(pooled(only, seen=frame)) == [(month(1), 4, True), (month(4), 0, True)]
    assert days_of(pooled(only)) == [(month(1), 4, True)]


def test_young_lots_are_known_only_with_a_day():
    stock = (
        usage({"quantity": 10}),
        lots({"quantity": 4, "start_date": month(1)}, {"quantity": 6}),
    )
    assert one(held(*stock, as_of=DAY), "young") == (4,)
    assert one(held(*stock), "young") == (None,)
    assert one(pooled(held(*stock, as_of=DAY)), "young") == (4,)
    assert one(pooled(held(*stock)), "young") == (None,)


@pytest.mark.parametrize(("start", "young"), [(dt.date(2025, 5, 31), 0), (dt.date(2025, 6, 1), 9)])
def test_lots_are_young_less_than_a_year(start, young):
    stock = (usage({"quantity": 9}), lots({"quantity": 9, "start_date": start}))
    assert one(held(*stock, as_of=DAY), "young") == (young,)


def test_undated_rows_stand_only_where_nothing_is_dated():
    frame = held(
        usage(
            {"quantity": 1, "snapshot_date": None},
            {"quantity": 2},
            {"quantity": 3, "smart_account": "beta", "snapshot_date": None},
        )
    )
    assert history.standing(frame, as_of=DAY)["smart_account", "quantity"].rows() == [
        ("acme", 2),
        ("beta", 3),
    ]
    assert history.standing(frame, as_of=None)["quantity"].to_list() == [1, 3]
    assert history.standing(frame, as_of=month(1))["quantity"].to_list() == [1, 3]


LOT = st.tuples(
    st.integers(0, 9), st.integers(-40, 40), st.sampled_from(["ACTIVE", "EXPIRED", "CANCELLED"])
)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.lists(LOT, min_size=1, max_size=5))
def test_valid_lots_sum_to_entitlement_under_basis_lots(drawn):
    rows = [
        {"quantity": units, "end_date": DAY + dt.timedelta(days=ends), "status": status}
        for units, ends, status in drawn
    ]
    frame = held(usage({"quantity": sum(row["quantity"] for row in rows)}), lots(*rows))
    valid = [r["quantity"] for r in rows if r["end_date"] >= DAY and r["status"] != "CANCELLED"]
    assert one(frame, "entitled_basis", "entitled") == ("lots", sum(valid))


def test_a_place_may_stand_in_two_groups_and_two_tags_in_one_account_apart():
    """10 and 5 units under two tags; the first tag stands in groups X and Y, the second in Y."""
    tags = [{"tag": "one", "in_use": 10}, {"tag": "two", "in_use": 5, "license": "Other"}]
    frame = held(usage(*tags))
    found = history.places(frame)
    assert found["place"].n_unique() == 2
    first = found.filter(pl.col("tag") == "one")
    members = pl.concat([first.with_columns(group_name=pl.lit("X")),
                         found.with_columns(group_name=pl.lit("Y"))])  # fmt: skip
    days = pooled(frame, by=["group_name"], members=members)
    assert days["group_name", "demand", "full"].rows() == [("X", 10, True), ("Y", 15, True)]


def test_an_undated_row_gives_its_group_no_day():
    frame = held(usage({"in_use": 4}, {"license": "Other", "snapshot_date": None}))
    members = history.places(frame)
    assert pooled(frame, by=["license"], members=members)["license"].to_list() == [LICENSE]
    assert history.pages(frame).height == 1


ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, "acme", "birch"]),
        st.sampled_from(["HQ", "EMEA", None]),
        st.sampled_from([LICENSE, "Other", "Third"]),
        st.sampled_from(
            [
                DAY,
                DAY - dt.timedelta(days=31),
                DAY - dt.timedelta(days=90),
                dt.date(1969, 1, 31),
                None,
            ]
        ),
        st.integers(0, 9),
    ),
    max_size=20,
)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(ROWS)
def test_long_histories_are_added_up_as_short_ones_are(drawn):
    """Boards, lookups, sums by one number and days said once change no figure."""
    names = ("smart_account", "virtual_account", "license", "snapshot_date", "in_use")
    rows = usage(*(dict(zip(names, one, strict=True)) for one in drawn))
    distinct = len({one[:-1] for one in drawn})
    found = {}
    for few in (FEW, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(numbers, "FEW", few)
            patch.setattr(repeats, "LONG", few and repeats.LONG)
            frame = held(rows)
            numbered, places = numbers.numbered(rows, list(names[:3]))
            assert numbers.stands_once(numbered, places.size) == (distinct == len(drawn))
            found[few] = pooled(frame, by=["license"]), frame.height
    assert found[0][1] == distinct
    assert found[0][0].equals(found[FEW][0])


def test_words_of_many_lots_count_as_those_of_few(monkeypatch):
    said = [{"license_type": "Demo"}, {"status": "pending"}, {"billing": "usage"}]
    rows = lots(*said, {"status": None}, {"status": "ACTIVE"})
    few = history.counted_lots({"lots": rows})
    assert few["countable"].to_list() == [False, False, True, True]
    monkeypatch.setattr(import_module("cssm_lib.analyses.history.lots"), "FEW", 0)
    assert history.counted_lots({"lots": rows}).equals(few)


def test_a_board_too_large_for_its_rows_is_not_laid_out(monkeypatch):
    monkeypatch.setattr(numbers, "FEW", 0)
    far = pl.Series([3, 10**9, 3], dtype=pl.UInt64)
    found = numbers.looked_up(far, pl.Series([3], dtype=far.dtype), pl.Series([7]))
    assert found.tolist() == [7, numbers.NONE, 7]
    once, twice = [[5, 10**12], [5, 5]]
    for places, expected in ((once, True), (twice, False)):
        rows = pl.DataFrame({"place": places, "snapshot_date": [DAY, DAY]})
        assert numbers.stands_once(rows.cast({"place": pl.UInt64}), 10**13) is expected


def test_lots_of_names_that_no_usage_has_meet_no_place():
    """Codes of other licences and accounts lie above those of the usage: none may meet a place."""
    frame = held(
        usage({"quantity": 5}, {"quantity": 2, "license": "Other"}),
        lots({"quantity": 5}, {"quantity": 7, "license": "New"}, {"virtual_account": "X"}),
    )
    assert frame.height == 2
    assert one(frame.filter(pl.col("license") == LICENSE), "entitled_basis", "entitled") == (
        "lots",
        5,
    )


def months_of(*pages):
    """Usage of one account: for every month its licences in turn, each with its use."""
    rows = [
        {"snapshot_date": day, "license": name, "in_use": use, "quantity": 9}
        for day, page in pages
        for name, use in page
    ]
    return usage(*rows)


@pytest.mark.parametrize(
    ("pages", "anew"),
    [
        ([(month(1), "AB"), (month(2), "AB"), (month(3), "AB")], 2),
        ([(month(1), "AB"), (month(2), "BA"), (month(3), "BA")], 4),
        ([(month(1), "AB"), (month(2), "ABC"), (month(3), "ABC")], 5),
        # the newest day first, as files may come
        ([(month(2), "AB"), (month(1), "AB")], 2),
        # a day that stands in two places may name a licence twice, and an undated row has no day
        ([(month(1), "AB"), (month(2), "AB"), (month(1), "AB")], 6),
        ([(month(1), "AB"), (None, "AB")], 4),
        ([(month(1), "A")], 1),
        ([], 0),
    ],
)
def test_a_day_that_names_what_the_day_before_named_is_looked_at_once(monkeypatch, pages, anew):
    rows = months_of(*((day, [(name, 1) for name in names]) for day, names in pages))
    plain, asked = held(rows), ["snapshot_date", "license"]
    monkeypatch.setattr(repeats, "LONG", 0)
    found = repeats.repeats(rows.select(asked))
    assert found.once(rows).height == anew
    names = found.once(rows.select("license"))["license"]
    assert found.all(names.to_numpy()).tolist() == rows["license"].to_list()
    frame = held(rows)
    assert frame.drop("place", "account").equals(plain.drop("place", "account"))
    assert pooled(frame).equals(pooled(plain))
    assert history.pages(frame).equals(history.pages(plain))
    assert history.places(frame).drop("place").equals(history.places(plain).drop("place"))


def test_long_histories_in_pieces_stay_in_these_pieces():
    """Where the pieces of two columns differ, polars copies the frame at every look."""
    one = usage({"quantity": 1}, {"license": "Other", "quantity": 2})
    two = usage({"quantity": 3, "snapshot_date": month(1)})
    frame = history.holdings({"usage": pl.concat([one, two], rechunk=False)}, RULES)
    made = ["entitled_basis", "entitled_gap", "lent", "deficit", "perpetual", "account", "place"]
    assert {frame[name].n_chunks() for name in made} == {2}
    assert frame["quantity"].to_list() == [1, 2, 3]


def test_columns_say_what_expressions_would():
    units = pl.Series([3, -1, 0])
    assert columns.where(pl.Series([True, None, False]), columns.ZERO, units).to_list() == [
        0,
        -1,
        0,
    ]
    assert columns.where(pl.Series([None, False, False]), columns.ZERO, units) is units
    assert columns.above_zero(units).to_list() == [3, 0, 0]
    assert columns.smaller(units, pl.Series([2, 2, 2])).to_list() == [2, -1, 0]
    assert columns.less(units, columns.same(columns.ZERO, units.to_frame())) is units
    assert columns.less(units, pl.Series([0, 0, -1])).to_list() == [3, -1, 1]
    assert columns.more(units, pl.Series([0, 0, 5])).to_list() == [3, -1, 5]
    empty = pl.Series([], dtype=pl.Int64)
    for both in (columns.less, columns.more, columns.smaller):
        assert both(empty, empty).to_list() == []
    assert columns.above_zero(empty).to_list() == []


def test_a_correction_below_zero_frees_nothing_twice():
    """Exports hold corrections: fewer than none reserved or used is no instance that is twins."""
    frame = held(usage({"quantity": 5, "in_use": 2, "reserved": -3}))
    assert one(frame, "reserved_and_reporting", "demand", "deficit") == (-3, 2, 0)


def test_lots_of_an_undated_page_meet_its_undated_row_alone():
    frame = held(
        usage({"quantity": 4}, {"quantity": 4, "snapshot_date": None}),
        lots({"quantity": 4, "snapshot_date": None}, {"quantity": 1, "snapshot_date": month(1)}),
    )
    assert frame["snapshot_date", "entitled_basis", "entitled_gap"].rows() == [
        (None, "undated", None),
        (DAY, "quantity", None),
    ]
