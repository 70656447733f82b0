"""The record of a line, its growth, its outlook: marks, years, parts that sum, intervals."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal as D
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.analyses.true_forward import (
    error_places,
    error_units,
    growth,
    growth_years,
    intervals,
    line_history,
    line_years,
    milestone_log,
    outlook,
    project_units,
    relieved,
    true_forward,
)
from cssm_lib.rules import load_rules
from cssm_lib.schema import TABLES

examples = runpy.run_path(str(Path(__file__).with_name("test_true_forward.py")))
days, lines = examples["days"], examples["lines"]
RULES = load_rules()
FIRST, SECOND = dt.date(2025, 2, 1), dt.date(2026, 2, 1)
NO_LICENCES = pl.DataFrame(
    schema=dict.fromkeys(("agreement", "suite", "sku", "license"), pl.String)
    | {"snapshot_date": pl.Date, "demand": pl.Int64, "entitled": pl.Int64, "full": pl.Boolean}
)
NO_ERRORS = error_units(pl.DataFrame(), pl.DataFrame(), pl.DataFrame(), RULES)
NO_PROJECT = project_units(*[pl.DataFrame()] * 3)


def ends(first: str, values: list[int]) -> list[tuple[dt.date, int]]:
    """Values at the last days of months from one on."""
    start = dt.date.fromisoformat(first)
    days_ = pl.date_range(start, start + dt.timedelta(days=31 * len(values) + 31), "1mo",
                          eager=True).dt.month_end()  # fmt: skip
    return list(zip(days_.to_list(), values, strict=False))


def recorded(terms, seen, licences=NO_LICENCES, as_of=dt.date(2026, 11, 22)):
    bill = true_forward(terms, seen, as_of=as_of, rules=RULES)
    return line_history(seen, licences, terms, bill, RULES), bill


# Days and marks ---------------------------------------------------------------------------------


def test_a_line_stands_against_the_base_of_its_day():
    seen = days((FIRST, 1100), (dt.date(2025, 2, 2), 1150), (SECOND, 1150), (LATE := SECOND
                + dt.timedelta(days=1), 1150))  # fmt: skip
    rows, _ = recorded(lines(), seen)
    assert rows["entitled"].to_list() == [1000, 1100, 1100, 1150]
    assert rows["above"].to_list() == [100, 50, 50, 0]
    assert rows["snapshot_date"].to_list()[-1] == LATE


def test_outside_the_term_there_is_no_entitlement():
    rows, _ = recorded(lines(), days((dt.date(2023, 5, 1), 5), (FIRST, 1100)))
    assert rows["entitled"].to_list() == [None, 1000]


def test_a_flat_line_and_the_jump_after_it_are_marked():
    values = [900, 905, 911, 920, 920, 920, 920, 950, 956]
    rows, _ = recorded(lines(), days(*ends("2024-03-01", values)))
    assert rows["mark"].to_list() == [
        None, None, None, None, "flat line", "flat line", "flat line", "jump after a flat line",
        None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        [310] * 9,  # a constant never jumps
        [900, 910, 920, 920, 920, 930, 940],  # the usual step after a rest
        [900, 910, 910, 940, 950],  # two equal values are no flat line
        [0, 0, 0, 0, 90, 95],  # nothing was in use, then it began
    ],
)
def test_what_is_no_flat_line(values):
    rows, _ = recorded(lines(), days(*ends("2024-03-01", values)))
    assert rows["mark"].to_list() == [None] * len(values)


def test_gaps_and_partial_days_are_marked():
    seen = days(
        (dt.date(2024, 3, 1), 5), (dt.date(2024, 4, 15), 6), (dt.date(2024, 5, 31), 7),
        (dt.date(2024, 6, 30), 8, {"full": False}),
    )  # fmt: skip
    rows, _ = recorded(lines(), seen)
    assert rows["days_before"].to_list() == [None, 45, 46, 30]
    assert rows["mark"].to_list() == [None, None, "gap", "partial day"]


def test_a_licence_stands_against_what_cssm_shows():
    day = {"agreement": "EA", "suite": "Campus", "sku": "A", "snapshot_date": FIRST, "full": True}
    licence = pl.DataFrame([day | {"license": "<b>Ä</b>", "demand": 9, "entitled": 7}]).select(
        NO_LICENCES.columns
    )
    rows, _ = recorded(lines(), days((FIRST, 1100)), licence)
    own = rows.filter(pl.col("license") == "<b>Ä</b>")
    assert own["above"].to_list() == [2]


# Years ------------------------------------------------------------------------------------------


def test_a_year_has_its_value_peak_average_and_days_above():
    seen = days(
        (dt.date(2024, 2, 11), 1000), (dt.date(2024, 2, 21), 1300), (dt.date(2024, 2, 26), 1300),
        (FIRST, 900),
    )  # fmt: skip
    rows, bill = recorded(lines(), seen)
    years = line_years(rows, lines(), bill, as_of=dt.date(2025, 3, 1), rules=RULES)
    year = years.row(0, named=True)
    assert (year["milestone_value"], year["milestone_day"], year["state"]) == (900, FIRST, "closed")
    assert (year["peak"], year["peak_first"], year["peak_last"], year["peak_days"]) == (
        1300, dt.date(2024, 2, 21), dt.date(2024, 2, 26), 2,
    )  # fmt: skip
    covered = 10 + 5 + 36 + 1
    units = 10 * 1000 + 41 * 1300 + 900
    assert year["average"] == round(D(units) / covered, 6)
    assert year["coverage"] == pytest.approx(covered / 366)
    assert (year["days_above"], year["gaps"], year["known_days"]) == (41, 1, 4)
    assert years.row(1, named=True)["state"] == "open"


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 2000), st.booleans()), min_size=1,
             max_size=12, unique_by=lambda row: row[0])
)  # fmt: skip
def test_the_year_says_what_the_engine_measures(points):
    start = dt.date(2024, 2, 1)
    seen = days(*((start + dt.timedelta(days=n), use, {"full": full}) for n, use, full in points))
    rows, bill = recorded(lines(), seen)
    years = line_years(rows, lines(), bill, as_of=dt.date(2026, 11, 22), rules=RULES)
    for measure, column in (("average", "average"), ("peak", "peak"), ("as_of", "milestone_value")):
        engine = true_forward(
            lines({"measure": measure}), seen, as_of=dt.date(2026, 11, 22), rules=RULES
        )
        both = engine.join(years, left_on="event_date", right_on="year_end")
        assert both.height == 2
        assert both["measured"].to_list() == [
            None if value is None else D(value) for value in both[column]
        ]


def test_the_log_near_a_milestone():
    log = TABLES["event_log"].shaped(
        pl.DataFrame(
            [
                {
                    "time": dt.datetime(2025, 1, 20, 8, 5),
                    "kind": "Transfer",
                    "license": "Alpha one",
                },
                {"time": dt.datetime(2025, 3, 8, 0, 0), "kind": "Late", "license": "Other"},
                {"time": dt.datetime(2025, 3, 9, 0, 0), "kind": "Too late", "license": None},
            ]
        )
    )
    _, bill = recorded(lines(), days((FIRST, 5)), as_of=FIRST)
    places = pl.DataFrame({"agreement": ["EA"], "license": ["Alpha one"], "sku": ["A"]})
    rows = milestone_log(log, bill, places, RULES)
    assert rows.select("kind", "days_from", "sku").rows() == [
        ("Transfer", -12, "A"), ("Late", 35, None),
    ]  # fmt: skip


# Growth -----------------------------------------------------------------------------------------


def parted(seen, project=NO_PROJECT, errors=NO_ERRORS, terms=None):
    terms = lines() if terms is None else terms
    bill = true_forward(terms, seen, as_of=None, rules=RULES)
    return growth(seen, project, errors, terms, bill, RULES)


PART = ["baseline", "project", "seasonal", "one_off", "error"]


def total(frame):
    return frame.select(pl.sum_horizontal(pl.col(PART).fill_null(0)))["baseline"].to_list()


def test_a_one_off_day_falls_back():
    rows = parted(days(*ends("2024-03-01", [900, 905, 1000, 910, 915])))
    assert rows["one_off"].to_list() == [0, 0, 90, 0, 0]
    assert rows["baseline"].to_list() == [900, 905, 910, 910, 915]


def test_a_step_that_stays_is_no_one_off():
    rows = parted(days(*ends("2024-03-01", [900, 905, 1000, 1000, 1010])))
    assert rows["one_off"].to_list() == [0] * 5


def test_a_season_needs_three_years_and_then_shows():
    swing = [0, 0, 0, 0, 0, 60, 60, 0, 0, 0, 0, 0]
    values = [1000 + swing[k % 12] for k in range(36)]
    term = {"start": dt.date(2023, 1, 1), "end": dt.date(2027, 12, 31)}
    short = parted(days(*ends("2023-01-01", values[:35])), terms=lines(term))
    assert short["seasonal"].null_count() == 35
    full = parted(days(*ends("2023-01-01", values)), terms=lines(term))
    june = full.filter(pl.col("snapshot_date").dt.month() == 6)["seasonal"].to_list()
    rest = full.filter(pl.col("snapshot_date").dt.month() == 2)["seasonal"].to_list()
    assert june == [50, 50, 50]
    assert rest == [-10, -10, -10]
    assert total(full) == full["demand"].to_list()


def held(*rows):
    base = {"agreement": "EA", "suite": "Campus", "sku": "A", "smart_account": None}
    base |= {"virtual_account": "Event", "license": "Alpha one"}
    return pl.DataFrame(
        [base | {"snapshot_date": day, "demand": use} | (more[0] if more else {})
         for day, use, *more in rows],
        schema_overrides={"smart_account": pl.String},
    )  # fmt: skip


EXCLUDE = pl.DataFrame(
    [{"smart_account": "*", "virtual_account": "event*", "license": "*",
      "from": dt.date(2024, 5, 1), "to": dt.date(2024, 6, 30)}]
)  # fmt: skip


def test_project_use_is_what_stands_above_the_level_before():
    march, may, june, july = (dt.date(2024, m, 28) for m in (3, 5, 6, 7))
    rows = held(
        (march, 10), (may, 45), (june, 8), (july, 90), (may, 7, {"license": "Alpha two"}),
        (may, 99, {"virtual_account": "Branch"}),
    )  # fmt: skip
    numbered = rows.with_row_index("place")
    members = numbered.select("place", "agreement", "suite", "sku")
    found = project_units(numbered.drop(members.columns[1:]), members, EXCLUDE)
    found = found.sort("snapshot_date")
    assert found.select("snapshot_date", "project").rows() == [(may, 35 + 7), (june, 0)]


def test_growth_of_a_year_sums_and_is_anchored():
    seen = days((dt.date(2024, 2, 1), 940), (dt.date(2024, 9, 1), 1300), (FIRST, 1180))
    errors = pl.DataFrame(
        [{"agreement": "EA", "suite": "Campus", "sku": "A", "snapshot_date": FIRST, "stale": 60,
          "duplicate": 5}]
    )  # fmt: skip
    parts = parted(seen, errors=errors)
    years = growth_years(parts, lines(), as_of=FIRST, rules=RULES)
    year = years.row(0, named=True)
    assert (year["total"], year["baseline"], year["error"], year["project"]) == (240, 175, 65, 0)
    assert (year["committed"], year["above_committed"]) == (1000, 180)
    assert year["from_day"] == dt.date(2024, 2, 1)
    assert "36 months" in year["note"]


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.integers(0, 500), min_size=2, max_size=40),
    st.lists(st.tuples(st.integers(0, 39), st.integers(0, 400)), max_size=5),
    st.integers(0, 300),
)
def test_parts_always_sum_to_the_use(values, projects, wrong):
    seen = days(*ends("2024-02-01", values))
    on = [day for day, _ in ends("2024-02-01", [0] * 40)]
    project = pl.DataFrame(
        {"snapshot_date": [on[k] for k, _ in projects], "project": [n for _, n in projects]},
        schema={"snapshot_date": pl.Date, "project": pl.Int64},
    ).unique("snapshot_date").with_columns(
        agreement=pl.lit("EA"), suite=pl.lit("Campus"), sku=pl.lit("A")
    ).select(NO_PROJECT.columns)  # fmt: skip
    errors = NO_ERRORS.clear()
    if wrong:
        row = {"agreement": "EA", "suite": "Campus", "sku": "A", "snapshot_date": on[0]}
        errors = pl.DataFrame([row | {"stale": wrong, "duplicate": 0}])
    rows = parted(seen, project, errors, lines({"end": dt.date(2029, 1, 31)}))
    assert total(rows) == rows["demand"].to_list()
    years = growth_years(rows, lines(), as_of=None, rules=RULES)
    assert total(years) == years["total"].to_list()
    assert rows.select(pl.col("project", "error", "one_off").min()).row(0) >= (0, 0, 0)


def test_stale_and_duplicate_instances():
    page = {"snapshot_date": FIRST, "smart_account": "sa", "virtual_account": "One",
            "udi_pid": "C9300", "license": "Alpha one", "quantity": 2}  # fmt: skip
    used = TABLES["device_licenses"].shaped(
        pl.DataFrame(
            [page | {"serial": "S1"}, page | {"serial": "S2"}, page | {"serial": "S3"},
             page | {"serial": "S3", "virtual_account": "Two", "quantity": 1}]
        )
    )  # fmt: skip
    contact = {"S1": dt.datetime(2024, 11, 1), "S2": dt.datetime(2024, 11, 3)}
    listed = TABLES["devices"].shaped(
        pl.DataFrame([page | {"serial": s, "last_contact": t} for s, t in contact.items()])
    )
    row = error_units(used, listed, lines(), RULES).row(0, named=True)
    assert (row["stale"], row["duplicate"], row["instances"]) == (2, 1, 3)
    assert (row["members"], row["removable_from"]) == (4, FIRST)
    by_device = error_units(used, listed, lines({"count": "devices"}), RULES).row(0, named=True)
    assert (by_device["stale"], by_device["duplicate"]) == (1, 0)


def consuming(*records):
    """(device_licenses, devices) of records (account, serial, units, last contact)."""
    page = {"snapshot_date": FIRST, "smart_account": "sa", "udi_pid": "C9300"}
    rows = [
        page | {"license": "Alpha one", "virtual_account": account, "serial": serial,
                "quantity": units, "last_contact": contact}
        for account, serial, units, contact in records
    ]  # fmt: skip
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return TABLES["device_licenses"].shaped(frame), TABLES["devices"].shaped(frame)


def test_errors_are_laid_to_the_accounts_that_would_give_them_up():
    """S1 is silent for 92 days; of S3 the record of two units stays, of S4 the one that reported
    last; nothing tells the records of S5 apart."""
    old, now, late = (dt.datetime(*day) for day in ((2024, 11, 1), (2025, 1, 30), (2025, 1, 31)))
    seen = consuming(
        ("One", "S1", 2, old), ("One", "S3", 2, now), ("Two", "S3", 1, now),
        ("One", "S4", 1, now), ("Two", "S4", 1, late), ("Two", "S5", 1, now),
        ("Three", "S5", 1, now), ("Four", "S6", 9, now), ("Five", "S7", 4, old),
        ("Six", "S7", 4, old),
    )  # fmt: skip
    found = error_places(*seen, lines(), RULES).sort("virtual_account")
    assert found.select("virtual_account", "listed", "removable").rows() == [
        ("Five", FIRST, 4), ("One", FIRST, 3), ("Six", FIRST, 4), ("Three", FIRST, None),
        ("Two", FIRST, None),
    ]  # fmt: skip
    units = error_units(*seen, lines(), RULES).row(0, named=True)
    assert (units["stale"], units["duplicate"]) == (2 + 4, 1 + 1 + 1 + 4)
    assert error_places(*seen, lines({"count": "devices"}), RULES).is_empty()


@pytest.mark.parametrize(
    ("short", "relief"),
    [({"One": 5}, 3), ({"One": 2}, 2), ({"One": 0}, 0), ({"One": 5, "Two": 1}, None),
     ({"One": 5, "Two": 0}, 3), ({}, 0)],
)  # fmt: skip
def test_an_account_is_never_less_short_than_it_was(short, relief):
    place = examples["LINE"] | {"smart_account": None, "license": "Alpha one"}
    places = pl.DataFrame(
        [place | {"virtual_account": "One", "listed": FIRST, "removable": 3},
         place | {"virtual_account": "Two", "listed": FIRST, "removable": None}],
        schema_overrides={"smart_account": pl.String},
    )  # fmt: skip
    of = {"snapshot_date": FIRST, "demand": 9}
    known = pl.DataFrame(
        [place | of | {"virtual_account": "Other", "deficit": 7},
         *(place | of | {"virtual_account": va, "deficit": n} for va, n in short.items())],
        schema_overrides={"smart_account": pl.String},
    )  # fmt: skip
    found = relieved(places, known, days((FIRST, 18)), rules=RULES)
    assert found.select("listed", "shown_on", "relief").rows() == [(FIRST, FIRST, relief)]


# Outlook ----------------------------------------------------------------------------------------

NO_PLANS = pl.DataFrame(
    schema={"agreement": pl.String, "sku": pl.String, "units": pl.Int64, "from": pl.Date,
            "to": pl.Date}
)  # fmt: skip


def looked(values, as_of, plans=NO_PLANS, first="2024-02-01"):
    seen = days(*ends(first, values))
    rows, bill = recorded(lines(), seen, as_of=as_of)
    return outlook(rows, lines(), bill, plans, as_of=as_of, rules=RULES)


STEADY = [1000 + 10 * k for k in range(20)]  # to 2025-09-30: 1,190


def test_the_interval_is_as_wide_as_the_past_on_either_side():
    row = looked(STEADY, dt.date(2025, 9, 30)).row(0, named=True)
    assert (row["target"], row["method"], row["value"]) == ("next event", "last value", 1190)
    # four months on, every past change was 40
    assert (row["low"], row["high"], row["errors"]) == (1150, 1230, 16)
    assert (row["base"], row["over"], row["amount"]) == (1110, 80, 80 * 10 * 12)
    assert row["crossed_on"] == dt.date(2025, 2, 28)


def test_planned_units_come_on_top_and_cross_the_line():
    plan = pl.DataFrame([{"agreement": "*", "sku": "a", "units": 40, "from": dt.date(2025, 11, 1),
                          "to": None}], schema=NO_PLANS.schema)  # fmt: skip
    flat = [990 + (k % 2) for k in range(20)]
    rows = looked(flat, dt.date(2025, 9, 30), plan)
    row = rows.filter(pl.col("method") == "planned", pl.col("target") == "next event").row(
        0, named=True
    )
    assert (row["value"], row["over"], row["crossed_on"]) == (1031, 31, dt.date(2025, 11, 30))
    last = rows.row(0, named=True)
    assert (last["crossed_on"], last["over"]) == (None, 0)


@pytest.mark.parametrize(
    ("values", "as_of", "why"),
    [
        (STEADY[:12], "2025-01-31", "12 months known, 18 are needed"),
        (STEADY, "2025-12-30", "the last full day is 91 days old, more than 45"),
        (
            ([1000, 90, 400] * 7)[:20], "2025-09-30",
            "unstable: past errors reach",
        ),
        (
            [*STEADY[:14], 1130, 1130, 1130, 1130, 1400, 1410], "2025-09-30",
            "a jump after a flat line within a year: the history is not to be trusted",
        ),
    ],
)  # fmt: skip
def test_it_abstains_and_says_why(values, as_of, why):
    row = looked(values, dt.date.fromisoformat(as_of)).row(0, named=True)
    assert row["abstains"].startswith(why)
    assert (row["value"], row["low"], row["high"], row["crossed_on"]) == (None, None, None, None)


def test_it_abstains_far_ahead_without_errors():
    rows = looked(STEADY, dt.date(2025, 9, 30))
    row = rows.filter(pl.col("target") == "renewal").row(0, named=True)
    assert row["abstains"] == "4 past errors for 16 months ahead, 9 are needed"


def test_seasonal_naive_takes_the_month_of_the_year_before():
    months = pl.DataFrame({"id": [0] * 36, "month": range(36), "units": [
        100.0 + 5 * (k % 12) for k in range(36)]})  # fmt: skip
    ahead = intervals(months, pl.DataFrame({"id": [0], "step": [3]}), RULES)
    row = ahead.filter(pl.col("method") == "seasonal naive").row(0, named=True)
    assert (row["value"], row["low"], row["high"], row["errors"]) == (110.0, 110.0, 110.0, 24)


def coverage(method: str, step: int) -> float:
    """Share of outcomes inside the interval, every origin with 36 months behind it."""
    from vega_datasets import data

    jobs = pl.from_pandas(data.us_employment()).drop("month", "nonfarm_change")
    series = jobs.with_row_index("month").unpivot(index="month", value_name="units")
    series = series.with_columns(pl.col("month", "units").cast(pl.Float64)).with_columns(
        pl.col("month").cast(pl.Int64)
    )
    origins = pl.DataFrame({"origin": range(35, 120 - step)}, schema={"origin": pl.Int64})
    asked = series.select("variable").unique().join(origins, how="cross").sort(
        "variable", "origin"
    ).with_row_index("id")  # fmt: skip
    known = series.join(asked, on="variable").filter(pl.col("month") <= pl.col("origin"))
    ahead = intervals(
        known.select("id", "month", "units"), asked.select("id", step=pl.lit(step)), RULES
    )
    truth = asked.with_columns(month=pl.col("origin") + step).join(series, on=["variable", "month"])
    both = ahead.filter(pl.col("method") == method, pl.col("low").is_not_null()).join(
        truth, on="id"
    )
    inside = both.select(pl.col("units").is_between("low", "high").mean()).item()
    assert both.height > 1000
    return inside


@pytest.mark.parametrize("method", ["last value", "seasonal naive"])
@pytest.mark.parametrize(("step", "least"), [(1, 0.78), (6, 0.78), (12, 0.78)])
def test_intervals_cover_what_came_by_rolling_origin(method, step, least):
    """Twenty-odd monthly series through the crisis of 2008: no interval was made for that."""
    inside = coverage(method, step)
    print(f"{method}, {step} months ahead: {inside:.1%} of outcomes inside 80 % intervals")
    assert least <= inside <= 0.92
