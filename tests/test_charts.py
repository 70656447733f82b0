"""Charts: a spec for any frame, every field in the data, titles with units, never too many rows."""

from __future__ import annotations

import datetime as dt
import json
import runpy
from pathlib import Path

import altair as alt
import polars as pl
import pytest

from cssm_lib.pages import charts
from cssm_lib.pages.exports import filling
from cssm_lib.schema import ANSWERS, TABLES

stand_in = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))
UNITS = ("licences", "day", "month", "records", "virtual account", "instances", "reports", "money")
UNITS += ("units", "quantity", "eur")
# chart → the table it takes
DRAWN = {
    "balance_by_account": "positions",
    "balance_by_license": "positions",
    "heat_map": "positions",
    "stranded_by_account": "positions",
    "use_over_time": "pool_days",
    "expiry_ladder": "expiries",
    "transfer_plan": "transfers",
    "shelf": "pooled",
    "use_explained": "instance_check",
    "snapshot_calendar": "usage",
    "records_by_file": "records",
    "paid_and_needed": "renewal",
    "quote_steps": "quote_causes",
    "scenario_costs": "scenarios",
    "methods": "exposure",
    "sent": "exposure",
    "duty_calendar": "duties",
    "use_range": "report_ages",
    "account_growth": "account_days",
    "lifecycle": "lifecycle_ages",
    "tier_matrix": "feature_drift",
    "verdicts_by_account": "feature_drift",
    "short_pools": "tier_pools",
    "drift_timeline": "drift_groups",
    "tier_timeline": "tier_days",
    "money_each_way": "tier_plan",
    "match_states": "matches",
    "shadows_by_account": "instance_spans",
    "money_by_state": "match_classes",
    "ratchet": "line_history",
    "range_of_readings": "reading_range",
    "moved_by_setting": "setting_effects",
    "dispute": "disputes",
    "growth_split": "growth_years",
    "outlook": "outlook",
    "cost_of_waiting": "waiting",
    "changes_by_cause": "changes",
    "waterfall": "action_prices",
    "tornado": "action_prices",
}
SIZES = {"usual": (12, 5), "one": (1, 1), "many": (300, 40)}
each_chart = pytest.mark.parametrize(("name", "table"), DRAWN.items())


@pytest.fixture(scope="module", params=SIZES)
def answers(request):
    return stand_in["answers"](*SIZES[request.param])


def test_every_chart_is_tested():
    functions = {n for n in charts.__all__ if callable(getattr(charts, n))}
    assert functions - {"blank", "register_renderer"} == set(DRAWN)


@each_chart
def test_a_chart_draws_fields_that_its_data_has(answers, name, table):
    spec = getattr(charts, name)(answers[table]).to_dict()
    assert json.loads(json.dumps(spec)) == spec
    for view, rows in views(spec):
        fields = set().union(*map(set, rows)) if rows else set()
        assert encoded_fields(view) <= fields


@each_chart
def test_a_chart_has_a_title_and_units_and_few_rows(answers, name, table):
    spec = getattr(charts, name)(answers[table]).to_dict()
    assert spec["title"]["text"]
    assert sum(map(len, spec["datasets"].values())) <= charts.theme.MAX_ROWS
    for axis in quantities(spec):
        assert any(unit in axis["title"].lower() for unit in UNITS)


@each_chart
def test_an_empty_table_names_the_export_that_would_fill_it(name, table):
    empty = {**TABLES, **ANSWERS}[table].empty()
    spec = getattr(charts, name)(empty).to_dict()
    (rows,) = spec["datasets"].values()
    words = " ".join(rows[0]["says"].split()).lower()
    assert filling(table).name.strip(",").lower() in words
    assert spec["title"]["text"]


def test_shortage_and_surplus_are_never_netted():
    held = stand_in["positions"](12, 5)
    spec = charts.balance_by_account(held).to_dict()
    (rows,) = spec["datasets"].values()
    balance = held["balance_after_substitution"]
    drawn = {state: sum(r["units"] for r in rows if r["state"] == state) for state in STATES}
    assert drawn == {"over": balance.clip(lower_bound=0).sum(), "short": -stand_short(balance)}


STATES = ("over", "short")


def stand_short(balance):
    return -balance.clip(upper_bound=0).sum()


def test_what_is_not_drawn_is_summed_up_in_the_subtitle():
    held = stand_in["positions"](300, 40)
    spec = charts.balance_by_license(held, top=10).to_dict()
    (rows,) = spec["datasets"].values()
    assert len({row["license"] for row in rows}) == 10
    assert "and 290 more licences" in " ".join(spec["title"]["subtitle"])


def test_the_peak_is_the_largest_full_day_and_the_earliest_of_equals():
    days = pl.DataFrame(
        {
            "smart_account": ["a"] * 4,
            "license": ["x"] * 4,
            "snapshot_date": [dt.date(2026, month, 1) for month in (1, 2, 3, 6)],
            "entitled": [10] * 4,
            "demand": [7, 9, 9, 12],
            "free": [3, 1, 1, -2],
            "full": [True, True, True, False],
        }
    )
    rows = rows_of(charts.use_over_time(ANSWERS["pool_days"].shaped(days)))
    peak = [row for row in rows if row["series"] == "peak of demand"]
    gaps = [row for row in rows if row["series"] == "no snapshot"]
    partial = [row for row in rows if row["series"] == "partial day"]
    assert [(row["day"][:10], row["units"]) for row in peak] == [("2026-02-01", 9)]
    assert [(row["day"][:10], row["until"][:10]) for row in gaps] == [("2026-03-01", "2026-06-01")]
    assert [row["units"] for row in partial] == [12]


def test_a_history_of_years_stays_under_the_row_limit():
    assert len(rows_of(charts.use_over_time(stand_in["pool_days"](8, 900)))) <= 5000
    assert len(rows_of(charts.use_over_time(stand_in["pool_days"](1, 9000)))) <= 5000


def test_accounts_of_two_smart_accounts_are_told_apart():
    held = stand_in["positions"](2, 3, smart_accounts=1)
    other = held.head(1).with_columns(pl.lit("lab.example").alias("smart_account"))
    rows = rows_of(charts.balance_by_account(pl.concat([held, other])))
    names = {row["account"] for row in rows}
    assert names == {"Branch 000 · aurora-0.example", "Branch 000 · lab.example"} | {
        "Branch 001",
        "Branch 002",
    }


def test_a_cell_says_sign_and_size_beside_its_colour():
    held = stand_in["positions"](12, 5)
    rows = rows_of(charts.heat_map(held))
    assert all((row["balance"] < 0) == row["says"].startswith("−") for row in rows)
    assert all(-1 <= row["share"] <= 1 for row in rows)


def test_an_undated_history_says_so_instead_of_naming_an_export():
    undated = stand_in["usage"]().with_columns(pl.lit(None, pl.Date).alias("snapshot_date"))
    (row,) = rows_of(charts.snapshot_calendar(undated))
    assert "No file says its day" in row["says"]


def test_no_move_needed_is_an_answer():
    (row,) = rows_of(charts.transfer_plan(ANSWERS["transfers"].empty(), known=True))
    assert row["says"].startswith("No move is needed")


def test_readings_that_save_the_same_are_one_curve():
    one = {"event_date": dt.date(2026, 2, 1), "cleaned_by": dt.date(2025, 12, 31)}
    saved = {"contract": 5, "as_of_milestone": 5, "peak_in_period": 0}
    rows = [one | {"reading": name, "saved": money} for name, money in saved.items()]
    chart = charts.cost_of_waiting(ANSWERS["waiting"].shaped(pl.DataFrame(rows)))
    assert {(row["name"], row["saved"]) for row in rows_of(chart)} == {
        ("contract, as of milestone", 5),
        ("peak in period", 0),
    }


def test_a_setting_that_moves_no_money_is_not_drawn():
    rows = [{"rank": n, "setting": "credit", "said": "x", "effect": n - 1} for n in (1, 2)]
    chart = charts.moved_by_setting(ANSWERS["setting_effects"].shaped(pl.DataFrame(rows)))
    assert [row["effect"] for row in rows_of(chart)] == [1]


def test_charts_leave_a_notebook_as_the_type_that_jupyterlab_draws():
    before = alt.renderers.active, alt.theme.active
    charts.register_renderer()
    try:
        bundle = charts.balance_by_account(stand_in["positions"](2, 2))._repr_mimebundle_()
        bundle = bundle[0] if isinstance(bundle, tuple) else bundle
        assert set(bundle) == {charts.MIME, "text/plain"}
        assert bundle[charts.MIME]["config"]["background"] == "white"
    finally:
        alt.renderers.enable(before[0])
        alt.theme.enable(before[1])


@each_chart
def test_vega_draws_it(answers, name, table):
    import vl_convert

    spec = getattr(charts, name)(answers[table]).to_dict()
    svg = vl_convert.vegalite_to_svg(spec)
    assert svg.startswith("<svg")
    assert "NaN" not in svg


def rows_of(chart):
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def views(spec, data=None):
    """Every view with an encoding and the rows of its data."""
    name = spec.get("data", {}).get("name")
    yield from _views(spec, spec["datasets"], name)


def _views(view, datasets, name):
    name = view.get("data", {}).get("name", name)
    if "encoding" in view or "facet" in view:
        yield view, datasets.get(name, [])
    for part in [*view.get("layer", []), *([view["spec"]] if "spec" in view else [])]:
        yield from _views(part, datasets, name)


def encoded_fields(view):
    channels = [*view.get("encoding", {}).values(), view.get("facet", {})]
    flat = [
        one for channel in channels for one in (channel if isinstance(channel, list) else [channel])
    ]
    return {one["field"] for one in flat if isinstance(one, dict) and "field" in one}


def quantities(spec):
    """The x and y channels that measure or date something."""
    found = []
    for view, _ in views(spec):
        for channel in ("x", "y"):
            axis = view.get("encoding", {}).get(channel, {})
            if axis.get("type") in ("quantitative", "temporal"):
                found.append(axis)
    return found


def test_the_steps_of_a_quote_end_where_their_sum_is():
    rows = rows_of(charts.quote_steps(stand_in["quoted"]()["quote_causes"]))
    assert [row["name"] for row in rows] == [
        "retired", "price cut", "new sku", "quote above our position",
    ]  # fmt: skip
    assert [row["start"] for row in rows] == [0, 21600, 20879.75, 0]
    assert rows[-1]["to"] == rows[-2]["to"] == 22114.25


def test_a_row_that_nobody_pays_for_has_no_share():
    rows = rows_of(charts.paid_and_needed(stand_in["renewal"]()))
    assert {row["line"] for row in rows if row.get("line")} == {"E3N-C9300-A", "E3N-C9300-E"}


def test_without_prices_scenarios_say_so():
    units = stand_in["scenarios"]().with_columns(money=pl.lit(None, pl.Decimal(38, 6)))
    (row,) = rows_of(charts.scenario_costs(units))
    assert row["says"].startswith("No price is given")


def test_a_waterfall_ends_at_the_bill_after_every_action():
    chart = charts.waterfall(stand_in["action_prices"]())
    before, *parts, after = rows_of(chart)[:5]
    assert (before["money"], after["money"]) == (1500.5, 1200)
    assert [(row["start"], row["to"]) for row in parts] == [
        (1500.5, 1100.5), (1100.5, 1200.25), (1200.25, 1200),
    ]  # fmt: skip
    assert [row["kind"] for row in parts] == ["takes away", "adds", "takes away"]
    assert len(chart.to_dict()["vconcat"]) == 2


def test_what_matters_most_comes_first_whichever_its_way():
    rows = rows_of(charts.tornado(stand_in["action_prices"]()))
    assert [row["money"] for row in rows] == [-500, 150, -0.25, 120]


def test_settings_may_stand_beside_actions():
    prices, effects = stand_in["action_prices"](), stand_in["forward"]()["setting_effects"]
    rows = rows_of(charts.tornado(prices, settings=effects))
    moving = effects.filter(pl.col("effect") != 0)["effect"].abs().sort(descending=True)
    assert [abs(row["money"]) for row in rows[4:]] == moving.cast(pl.Float64).to_list() != []


def test_no_name_of_an_action_is_too_long_for_its_axis_and_twins_are_told_apart():
    prices = stand_in["action_prices"]()
    long = prices.with_columns(action=pl.lit("retire the switches of Campus North " * 20))
    names = [row["name"] for row in rows_of(charts.waterfall(long))[1:4]]
    assert max(len(line) for name in names for line in name.split("\n")) <= 40
    assert len(set(names)) == 3
    assert all(" …" in name for name in names)


def test_actions_that_change_nothing_say_so():
    idle = stand_in["action_prices"]().with_columns(money=pl.lit(0), alone=pl.lit(0))
    for chart in (charts.waterfall(idle), charts.tornado(idle)):
        (row,) = rows_of(chart)
        assert "changes the bill" in row["says"]
