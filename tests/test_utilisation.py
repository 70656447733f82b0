"""Positions, pools, expiries and the instance check: frames of a few rows, checked by hand."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.analyses import expiries, history, instances, utilisation
from cssm_lib.analyses.utilisation.numbers import Numbered
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

RULES = load_rules()
DAY = dt.date(2026, 5, 31)
YEAR, GAP = dt.timedelta(days=365), dt.timedelta(days=45)
POOL = ["smart_account", "license"]
UNIT = ["smart_account", "virtual_account", "license"]
HIGH, LOW = "C9300 DNA Advantage", "C9300 DNA Essentials"
CUWL, PLUS = "UC Manager CUWL License (12.x)", "UC Manager Enhanced Plus License (12.x)"


def table(name, rows, **same):
    base = {"smart_account": "acme", "virtual_account": "HQ", "snapshot_date": DAY, "license": HIGH}
    base |= {"quantity": 0, "in_use": 0, "source": "a.json", "witness": "licenses"} | same
    if not rows:
        return TABLES[name].empty()
    names = TABLES[name].names
    filled = [{k: v for k, v in (base | row).items() if k in names} for row in rows]
    return TABLES[name].shaped(pl.DataFrame(filled, infer_schema_length=None))


def silent(quiet, tables, as_of=DAY):
    """Which idle licences may only be silent."""
    devices, used = (tables.get(n, TABLES[n].empty()) for n in ("devices", "device_licenses"))
    owing = utilisation.owing(devices, as_of=as_of, rules=RULES)
    return utilisation.reported(quiet, owing, used, as_of=as_of)


def answer(usage, as_of=DAY, **more):
    """Positions and pools of rows of usage; `more` are rows of other tables."""
    tables = {name: table(name, rows) for name, rows in ({"usage": usage} | more).items()}
    held = history.holdings(tables, RULES, as_of=as_of)
    days = history.pool_days(held, by=POOL, rules=RULES)
    asked = {"as_of": as_of, "rules": RULES}
    pages = utilisation.page_days(history.pages(held), **asked)
    units = utilisation.units(history.places(held), pages, rules=RULES)
    past = utilisation.past(held, pages)
    placed = utilisation.placed(units, past, pages, **asked)
    earlier = utilisation.earlier(units, placed, past, pages)
    now = utilisation.at_newest(history.standing(held, as_of=as_of), earlier)
    idle = silent(utilisation.quiet(now), tables, as_of)
    pools = utilisation.pools(units, days, **asked)
    year = utilisation.pool_year(days, utilisation.full_days(days, pools, **asked), pools)
    at = utilisation.positions(now, idle, year, **asked)
    return at, utilisation.pooled(now, at, year)


def one(frame, *columns):
    assert frame.height == 1
    return frame.select(columns).row(0)


def ago(days):
    return DAY - dt.timedelta(days=days)


def monthly(*uses, every=30, **same):
    """One account's use, the last on DAY."""
    last = len(uses) - 1
    return [
        {"snapshot_date": ago(every * (last - place)), "in_use": use} | same
        for place, use in enumerate(uses)
    ]


def test_empty_tables_keep_their_columns():
    at, pool = answer([])
    assert (at.height, at.schema) == (0, ANSWERS["positions"].empty().schema)
    assert (pool.height, pool.schema) == (0, ANSWERS["pooled"].empty().schema)


def test_one_row():
    at, pool = answer([{"quantity": 10, "in_use": 4, "available": 6}])
    columns = (
        "snapshot_date",
        "age_days",
        "balance",
        "exported_balance",
        "utilisation",
        "coverage",
    )
    assert one(at, *columns) == (DAY, 0, 6, 6, 0.4, 1.0)
    assert one(at, "peak_in_use", "peak_date", "zero_since", "zero_note") == (4, DAY, None, None)
    assert one(pool, "virtual_accounts", "balance", "true_gap", "peak_demand") == (1, 6, 0, 4)


def test_nothing_entitled_and_nothing_needed_have_no_share():
    at, _ = answer([{"in_use": 3}, {"license": LOW, "quantity": 3}])
    assert at["license", "balance", "utilisation", "coverage"].rows() == [
        (HIGH, -3, None, 0.0),
        (LOW, 3, 0.0, None),
    ]


def test_usage_billing_is_no_gap_anywhere():
    at, pool = answer([{"billing": "USAGE", "in_use": 7}])
    columns = ("entitled_basis", "balance", "balance_if_lent", "usage_billed", "shelf_units")
    assert one(at, *columns) == ("usage", 0, 0, 7, 0)
    assert one(pool, "short_units", "true_gap", "usage_billed") == (0, 0, 7)


def test_balance_after_substitution_is_the_exports_own():
    lending = [{"from_license": HIGH, "to_license": LOW, "quantity": 2}]
    at, pool = answer(
        [{"quantity": 10, "in_use": 4}, {"license": LOW, "in_use": 3}], substitutions=lending
    )
    columns = at["balance", "balance_after_substitution", "balance_if_lent"]
    assert columns.rows() == [(6, 4, 3), (-3, -1, 0)]
    assert pool["true_gap", "true_gap_if_lent"].rows() == [(0, 0), (1, 0)]


def test_ciscos_example_of_a_call_manager():
    at, pool = answer(
        [{"license": CUWL, "quantity": 100, "in_use": 10}, {"license": PLUS, "in_use": 50}]
    )
    assert at["license", "balance", "balance_if_lent"].rows() == [(CUWL, 90, 40), (PLUS, -50, 0)]
    shown = pool["true_gap", "true_gap_if_lent", "lending_confidence"]
    assert shown.rows() == [(0, 0, "high"), (50, 0, "high")]


def test_a_lower_tier_never_lends_to_a_higher():
    at, _ = answer([{"quantity": 60, "in_use": 70}, {"license": LOW, "quantity": 40, "in_use": 10}])
    assert at["balance_if_lent"].to_list() == [-10, 30]


def test_the_nearest_higher_tier_lends_first():
    premier = "C9300 DNA Premier"
    at, _ = answer(
        [
            {"license": premier, "quantity": 5},
            {"quantity": 4},
            {"license": LOW, "quantity": 1, "in_use": 7},
        ]
    )
    assert dict(at["license", "balance_if_lent"].rows()) == {premier: 3, HIGH: 0, LOW: 0}


def test_nothing_is_lent_across_ladders_or_accounts():
    at, pool = answer(
        [
            {"license": "C9300 48P DNA Advantage", "quantity": 9},
            {"license": "C9300 24P DNA Essentials", "in_use": 4},
            {"license": LOW, "virtual_account": "B", "in_use": 2},
            {"license": "No ladder", "quantity": 1, "in_use": 3},
        ]
    )
    assert at["balance"].to_list() == at["balance_if_lent"].to_list()
    assert pool["true_gap"].to_list() == pool["true_gap_if_lent"].to_list()


def test_the_pool_lends_over_its_accounts():
    at, pool = answer(
        [
            {"quantity": 9, "in_use": 2},
            {"virtual_account": "B", "in_use": 3},
            {"virtual_account": "B", "license": LOW, "in_use": 6},
        ]
    )
    assert at.filter(pl.col("virtual_account") == "B")["balance_if_lent"].to_list() == [-3, -6]
    columns = ("license", "short_units", "curable_units", "true_gap", "true_gap_if_lent")
    assert pool.select(columns).rows() == [(HIGH, 3, 3, 0, 0), (LOW, 6, 0, 6, 2)]


@pytest.mark.parametrize(("days", "peak"), [(364, 90), (365, 5)])
def test_the_window_ends_before_its_first_day(days, peak):
    at, pool = answer([{"snapshot_date": ago(days), "in_use": 90}, {"in_use": 5}])
    assert one(at, "peak_in_use") == one(pool, "peak_demand") == (peak,)


def test_a_pooled_peak_is_the_sum_of_one_day_and_the_earliest():
    rows = monthly(9, 1, 1) + monthly(1, 9, 9, virtual_account="B")
    at, pool = answer(rows)
    assert at["peak_in_use", "peak_date"].rows() == [(9, ago(30)), (9, ago(60))]
    assert one(pool, "peak_demand", "peak_date", "partial_days") == (10, ago(60), 0)


def test_partial_days_do_not_count():
    first = [{"snapshot_date": ago(100), "virtual_account": va, "in_use": 1} for va in "ABC"]
    between = [{"snapshot_date": ago(50), "virtual_account": va, "in_use": 50} for va in "AB"]
    now = [{"virtual_account": va, "in_use": 2} for va in "ABC"]
    _, pool = answer(first + between + now)
    assert one(pool, "peak_demand", "peak_date", "partial_days") == (6, DAY, 1)


def test_zero_since_is_the_start_of_the_trailing_run():
    at, _ = answer(monthly(0, 0, 3, 0, 0, 0, quantity=5))
    assert one(at, "zero_since", "zero_note") == (ago(60), "zero")


@pytest.mark.parametrize(("gap", "since"), [(45, 75), (46, 30)])
def test_a_gap_over_45_days_cuts_the_run(gap, since):
    rows = [{"snapshot_date": ago(30 + gap)}, {"snapshot_date": ago(30)}, {}]
    at, _ = answer([row | {"quantity": 5} for row in rows])
    assert one(at, "zero_since") == (ago(since),)


def test_a_day_without_the_licence_cuts_the_run():
    other = monthly(1, 1, 1, license=LOW)
    mine = [{"snapshot_date": ago(60), "quantity": 5}, {"quantity": 5}]
    at, _ = answer(mine + other)
    assert at["zero_since"].to_list() == [DAY, None]


@pytest.mark.parametrize(("age", "note"), [(45, "zero"), (46, "not reported")])
def test_an_old_snapshot_reports_nothing(age, note):
    at, _ = answer([{"snapshot_date": ago(age), "quantity": 5}])
    assert one(at, "zero_note", "age_days") == (note, age)
    assert (at["zero_since"][0] is None) == (note == "not reported")


def instance(contact, license=HIGH, **more):
    seen = dt.datetime.combine(contact, dt.time(), dt.UTC)
    device = {"udi_pid": "C9300-48P", "serial": "FOC1", "last_contact": seen} | more
    return {"devices": [device], "device_licenses": [device | {"quantity": 1, "license": license}]}


@pytest.mark.parametrize(
    ("contact", "license", "note"),
    [
        (ago(90), HIGH, "zero"),
        (ago(91), HIGH, "not reported"),
        # a perpetual licence owes no such report
        (ago(400), "network-advantage", "zero"),
    ],
)
def test_an_overdue_report_is_not_zero(contact, license, note):
    rows = [{"quantity": 5, "license": license}]
    at, _ = answer(rows, **instance(contact, license))
    assert one(at, "zero_note") == (note,)


def test_an_instance_that_was_removed_owes_no_report():
    gone = instance(ago(300), snapshot_date=ago(200))
    listed = instance(DAY, serial="FOC2", license=LOW)
    both = {name: gone[name] + listed[name] for name in gone}
    at, _ = answer([{"quantity": 5}], **both)
    assert one(at, "zero_note") == ("zero",)


def test_never_above_600_of_1000_is_shelf_of_400_though_never_zero():
    uses = [200, 600, 300, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200]
    at, pool = answer(monthly(*uses, quantity=1000))
    assert one(pool, "shelf_units", "shelf_days") == (400, 361)
    assert one(at, "shelf_units", "zero_since") == (400, None)


def test_young_lots_are_no_shelf():
    rows = monthly(1, 1, quantity=10)
    lots = [
        {"snapshot_date": day, "quantity": units, "start_date": start, "status": "ACTIVE"}
        for day in (ago(30), DAY)
        for units, start in ((6, ago(365)), (4, ago(364)))
    ]
    at, pool = answer(rows, lots=lots)
    assert one(pool, "entitled", "shelf_units", "shelf_days") == (10, 5, 31)
    assert one(at, "shelf_units") == (5,)


def test_a_history_older_than_the_window_rests_on_the_window():
    _, pool = answer(monthly(*[1] * 14, quantity=3))
    assert one(pool, "shelf_units", "shelf_days") == (2, 365)


def test_perpetual_licences_have_no_shelf():
    _, pool = answer(monthly(1, 1, quantity=10, license="network-advantage"))
    assert one(pool, "shelf_units", "perpetual") == (0, True)


def test_the_pools_shelf_is_laid_to_accounts_by_their_free_units():
    rows = [{"virtual_account": va, "quantity": 10, "in_use": 9} for va in "ABC"]
    before = [row | {"snapshot_date": ago(30)} for row in rows]
    before[0] = before[0] | {"in_use": 10}
    at, pool = answer(before + rows)
    assert one(pool, "shelf_units") == (2,)
    assert at["shelf_units"].to_list() == [1, 1, 0]


def test_stock_is_stranded_after_90_days_where_another_account_needs_some():
    idle = monthly(0, 0, 0, 0, quantity=10, virtual_account="Idle")
    other = monthly(5, 5, 5, 5, quantity=2, virtual_account="Other")
    at, pool = answer(idle + other)
    assert at["stranded_units"].to_list() == [10, 0]
    assert one(pool, "stranded_units", "curable_units", "true_gap") == (10, 3, 0)


@pytest.mark.parametrize(
    ("uses", "other", "reserved"),
    [((0, 0, 0), 5, 0), ((0, 4, 0, 0), 5, 0), ((0, 0, 0, 0), 0, 0), ((0, 0, 0, 0), 5, 2)],
)
def test_stock_is_not_stranded(uses, other, reserved):
    idle = monthly(*uses, quantity=10, virtual_account="Idle", reserved=reserved)
    more = monthly(*[other] * len(uses), virtual_account="Other")
    at, _ = answer(idle + more)
    assert at["stranded_units"].to_list() == [0, 0]


def test_undated_rows_have_no_history():
    at, pool = answer([{"snapshot_date": None, "quantity": 9, "in_use": 4}], as_of=None)
    columns = ["peak_in_use", "peak_date", "zero_since", "zero_note", "shelf_units", "age_days"]
    assert one(at, "entitled_basis", "balance") == ("undated", 5)
    assert one(at, *columns, "stranded_units") == (None,) * 7
    columns = ["peak_demand", "peak_date", "shelf_units", "shelf_days", "stranded_units"]
    assert one(pool, *columns) == (None,) * 5


def test_a_smart_account_that_is_only_undated_stands_beside_a_dated_one():
    rows = [{"quantity": 1}, {"quantity": 2, "smart_account": "beta", "snapshot_date": None}]
    at, _ = answer(rows)
    assert at["smart_account", "shelf_units"].rows() == [("acme", 1), ("beta", None)]


def test_equal_names_in_two_smart_accounts_are_two_pools():
    rows = [{"smart_account": None, "quantity": 9}, {"smart_account": "beta", "in_use": 4}]
    at, pool = answer(rows)
    assert at["smart_account"].to_list() == [None, "beta"]
    assert pool["smart_account", "true_gap"].rows() == [(None, 0), ("beta", 4)]


def ends(usage, lots, as_of=DAY):
    tables = {"usage": table("usage", usage), "lots": table("lots", lots, status="ACTIVE")}
    held = history.holdings(tables, RULES, as_of=as_of)
    now = history.standing(held, as_of=as_of)
    places, lots = expiries.places(now), history.counted_lots(tables)
    return expiries.expiries(now, expiries.lot_ends(places, lots, as_of=as_of), as_of=as_of)


def test_expiries_with_a_lot_that_starts_in_between():
    frame = ends(
        [{"quantity": 90, "in_use": 50}],
        [
            {"quantity": 40, "end_date": dt.date(2026, 6, 30)},
            {"quantity": 50, "end_date": dt.date(2026, 12, 31)},
            {"quantity": 30, "start_date": dt.date(2026, 7, 1), "end_date": dt.date(2027, 6, 30)}
            | {"status": "FUTURE"},
            {"quantity": 7, "end_date": dt.date(2026, 5, 30), "status": "EXPIRED"},
            {"quantity": 5, "end_date": dt.date(2026, 6, 30), "license_type": "DEMO"},
        ],
    )
    assert frame["end_date", "quantity", "balance_after", "days_left"].rows() == [
        (dt.date(2026, 6, 30), 40, 30, 30),
        (dt.date(2026, 12, 31), 50, -20, 214),
        (dt.date(2027, 6, 30), 30, -50, 395),
    ]


def test_perpetual_and_undated_expiries():
    lots = [{"quantity": 4, "end_date": DAY}]
    perpetual = {"license": "network-advantage"}
    assert ends([{"quantity": 4} | perpetual], [lots[0] | perpetual]).height == 0
    assert ends([{"quantity": 4}], [{"quantity": 4}]).height == 0
    undated = {"snapshot_date": None}
    frame = ends([{"quantity": 4} | undated], [lots[0] | undated], as_of=None)
    assert one(frame, "end_date", "quantity", "balance_after", "days_left") == (DAY, 4, None, None)


def checked(usage, devices, uses, as_of=DAY):
    held = history.holdings({"usage": table("usage", usage)}, RULES)
    return instances.instance_check(
        held,
        table("devices", devices, serial="S"),
        table("device_licenses", uses, serial="S"),
        as_of=as_of,
        rules=RULES,
    )


def test_instances_older_than_the_newest_usage_meet_the_usage_of_their_day():
    frame = checked(
        [{"in_use": 9}, {"in_use": 6, "snapshot_date": ago(40)}],
        [{"snapshot_date": ago(20)}],
        [{"snapshot_date": ago(20), "quantity": 3}, {"snapshot_date": ago(20), "quantity": 1}],
    )
    columns = ("snapshot_date", "devices_date", "in_use", "explained_by_instances", "unexplained")
    assert one(frame, *columns) == (ago(40), ago(20), 6, 4, 2)


def test_instances_too_far_from_any_usage_explain_nothing():
    assert checked([{"in_use": 6, "snapshot_date": ago(36)}], [{}], [{"quantity": 1}]).height == 0
    assert checked([{"in_use": 6}], [], []).height == 0


def test_instances_of_one_account_say_nothing_of_the_others():
    usage = [{"in_use": 5}, {"in_use": 7, "virtual_account": "B"}]
    assert one(checked(usage, [{}], [{"quantity": 5}]), "virtual_account") == ("HQ",)
    both = checked(usage, [{}, {"virtual_account": "C"}], [{"quantity": 8}])
    shown = both["virtual_account", "unexplained"]
    assert shown.rows() == [("B", 7), ("HQ", -3)]


def test_incomplete_device_exports_are_marked():
    frame = checked([{"in_use": 5}], [{"complete": False}], [{"quantity": 5, "license": LOW}])
    assert frame["license", "unexplained", "complete"].rows() == [
        (HIGH, 5, False),
        (LOW, -5, False),
    ]


ROW = st.fixed_dictionaries(
    {
        "virtual_account": st.sampled_from("ABC"),
        "license": st.sampled_from([HIGH, LOW, "C9300 DNA Premier", "Other"]),
        "snapshot_date": st.sampled_from([ago(100), ago(30), DAY]),
        "quantity": st.integers(0, 20),
        "in_use": st.integers(0, 20),
        "reserved": st.sampled_from([None, 0, 3]),
    }
)
KEY = ["virtual_account", "license", "snapshot_date"]
ROWS = st.lists(ROW, max_size=14, unique_by=lambda row: tuple(row[name] for name in KEY))


@settings(derandomize=True, max_examples=40, deadline=None)
@given(ROWS)
def test_accounts_sum_to_the_pool(rows):
    at, pool = answer(rows)
    names = ["entitled", "in_use", "demand", "balance", "shelf_units", "stranded_units"]
    sums = at.group_by(POOL).agg(pl.col(names).sum()).sort(POOL)
    assert sums.equals(pool.select(*POOL, pl.col(names).fill_null(0)).sort(POOL))


@settings(derandomize=True, max_examples=40, deadline=None)
@given(ROWS)
def test_lending_conserves_units_and_never_adds_to_what_is_short(rows):
    at, pool = answer(rows)
    before, after = at["balance"], at["balance_if_lent"]
    assert before.sum() == after.sum()
    assert (-after).clip(0).sum() <= (-before).clip(0).sum()
    assert (after.filter(before < 0) <= 0).all()
    assert (after.filter(before > 0) >= 0).all()
    assert (pool["short_units"] == pool["curable_units"] + pool["true_gap"]).all()
    assert (pool["true_gap_if_lent"] <= pool["true_gap"]).all()


LIVES = st.lists(
    st.lists(st.sampled_from([None, (5, 0), (5, 4), (5, 9), (0, 0)]), min_size=6, max_size=6),
    min_size=1,
    max_size=3,
)
DAYS = [ago(days) for days in (400, 120, 60, 30, 14, 0)]


@settings(derandomize=True, max_examples=40, deadline=None)
@given(LIVES, st.sampled_from([DAY, ago(14)]))
def test_days_told_apart_say_what_each_day_says(lives, as_of):
    """Peak and idle run of each licence, gone through day by day; a gap of 60 days cuts the run."""
    rows = [
        {"snapshot_date": day, "license": f"L{n}", "quantity": told[0], "in_use": told[1]}
        for n, life in enumerate(lives)
        for day, told in zip(DAYS, life, strict=True)
        if told
    ]
    at, _ = answer(rows, as_of=as_of)
    shown = sorted({row["snapshot_date"] for row in rows if row["snapshot_date"] <= as_of})
    found = {row["license"]: row for row in at.iter_rows(named=True)}
    newest = {row["license"] for row in rows if shown and row["snapshot_date"] == shown[-1]}
    assert set(found) == newest
    for name in newest:
        told = {row["snapshot_date"]: row for row in rows if row["license"] == name}
        year = [told[day]["in_use"] for day in shown if day in told and day > as_of - YEAR]
        since = None
        for day, after in reversed(list(zip(shown, [*shown[1:], None], strict=True))):
            row = told.get(day)
            if not row or row["in_use"] or not row["quantity"] or (after and after - day > GAP):
                break
            since = day
        row = found[name]
        first = [
            day for day in shown if day in told and told[day]["in_use"] == max(year, default=None)
        ]
        first = [day for day in first if day > as_of - YEAR]
        assert (row["peak_in_use"], row["peak_date"]) == (
            max(year, default=None),
            min(first, default=None),
        )
        assert row["zero_since"] == (since if as_of - shown[-1] <= GAP else None)


UNITS = st.one_of(st.integers(-3, 3), st.integers(-(2**60), 2**60))
ROWS = st.tuples(st.integers(0, 4), st.none() | UNITS, UNITS, st.none() | st.dates())


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.lists(ROWS, max_size=7))
def test_rows_of_a_number_add_up_as_a_group_by_says(said):
    schema = {"of": pl.Int64, "some": pl.Int64, "units": pl.Int64, "day": pl.Date}
    rows = pl.DataFrame(said, schema=schema, orient="row")
    by, every = Numbered(rows["of"].to_numpy(), 5), pl.DataFrame({"of": range(5)})
    some, units, day = pl.col("some"), pl.col("units"), pl.col("day")
    told = rows.group_by("of").agg(
        total=pl.when(some.count() > 0).then(some.sum()),
        most=some.max(),
        last=day.max(),
        least=units.min(),
        peak=units.max(),
        first=day.filter(units == units.max()).min(),
    )
    peak, first = by.peak(rows["units"], rows["day"])
    found = {"total": by.total(rows["some"]), "most": by.most(rows["some"])}
    found |= {"last": by.most(rows["day"]), "least": by.least(rows["units"])}
    found = pl.DataFrame(found | {"peak": peak, "first": first})
    assert found.equals(every.join(told, on="of", how="left", maintain_order="left").drop("of"))
    stand = rows.select(
        before=(units.cum_sum() - units).over("of"),
        larger=units.rank("ordinal", descending=True).over("of").cast(pl.Int64) - 1,
        sums=units.sum().over("of"),
    )
    plain = rows["units"].to_numpy()
    assert by.before(plain).tolist() == stand["before"].to_list()
    assert by.larger(plain).tolist() == stand["larger"].to_list()
    assert by.sum(plain)[by.of].tolist() == stand["sums"].to_list()


NAMES = st.fixed_dictionaries(
    {
        "udi_pid": st.sampled_from(["C9300", "A B", "", None]),
        "serial": st.sampled_from(["S1", "B S1", "S2", " S1", " " * 9 + "S1", "", None]),
        "uuid": st.sampled_from(["C9300 S1", "u1", None]),
        "hostname": st.sampled_from(["A B S1", None]),
        "virtual_account": st.sampled_from(["HQ", "Lab"]),
        "snapshot_date": st.sampled_from([ago(60), ago(35), DAY]),
        "contact": st.sampled_from([None, 0, 90, 91]),
        "license": st.sampled_from([HIGH, LOW]),
        "quantity": st.integers(0, 1),
    }
)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.lists(NAMES, max_size=8))
def test_the_last_row_of_an_instance_tells_whether_it_owes_a_report(said):
    """Names in parts, with spaces in them, are the same instance where the whole name is."""
    midnight = dt.datetime.combine(DAY, dt.time(), dt.UTC)
    for row in said:
        days = row.pop("contact")
        row["last_contact"] = None if days is None else midnight - dt.timedelta(days=days)
    idle = [{"virtual_account": va, "license": one} for va in ("HQ", "Lab") for one in (HIGH, LOW)]
    quiet = table("usage", idle).select(*UNIT, idle_since=pl.lit(DAY))
    tables = {name: table(name, said) for name in ("devices", "device_licenses")}
    found = silent(quiet, tables).filter("silent")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utilisation.idle, "FEW", -1)
        long = silent(quiet, tables).filter("silent")
    assert long.equals(found)
    named = sorted((row for row in said if whole_name(row)), key=lambda row: row["snapshot_date"])
    last = {whole_name(row): row for row in named}
    owing = set()
    for row in named:
        final = last[whole_name(row)]
        late = final["last_contact"] and midnight - final["last_contact"] > dt.timedelta(days=90)
        here = final["virtual_account"] == row["virtual_account"]
        still = named[-1]["snapshot_date"] - final["snapshot_date"] <= dt.timedelta(days=35)
        if row["quantity"] and late and here and still:
            owing.add((row["virtual_account"], row["license"]))
    assert set(found["virtual_account", "license"].rows()) == owing


def whole_name(row):
    if row["serial"] is not None:
        return f"{row['udi_pid'] or ''} {row['serial']}"
    return row["uuid"] if row["uuid"] is not None else row["hostname"]


def test_a_reserved_record_explains_no_reported_use_of_the_same_device():
    usage = TABLES["usage"].shaped(
        pl.DataFrame(
            [
                {"license": "A", "quantity": 9, "in_use": 2, "reserved": 2, "available": 5}
                | {"source": "l.json", "snapshot_date": dt.date(2026, 10, 31)}
            ]
        )
    )
    instance = {"udi_pid": "P", "source": "d.json", "snapshot_date": dt.date(2026, 10, 31)}
    records = [("S1", "Reserved"), ("S1", "In Compliance"), ("S2", "In Compliance")]
    records += [("S3", "Reserved")]
    rows = [
        instance | {"serial": serial, "status": status, "place": f"/devices/{n}"}
        for n, (serial, status) in enumerate(records)
    ]
    uses = [
        row | {"place": f"{row['place']}/licenseUsage/0", "license": "A", "quantity": 1}
        for row in rows
    ]
    devices = TABLES["devices"].shaped(pl.DataFrame(rows))
    device_licenses = TABLES["device_licenses"].shaped(pl.DataFrame(uses))
    tables = {"usage": usage, "devices": devices, "device_licenses": device_licenses}
    held = history.holdings(tables, load_rules())
    check = instances.instance_check(
        held, devices, device_licenses, as_of=dt.date(2026, 10, 31), rules=load_rules()
    )
    assert check["in_use", "explained_by_instances", "unexplained"].rows() == [(2, 2, 0)]
    assert held["demand", "reserved_and_reporting"].rows() == [(3, 1)]
