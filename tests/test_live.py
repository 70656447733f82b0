"""A client in memory: what is asked for is made, what stands is kept, figures are the replay's."""

from __future__ import annotations

import datetime as dt
import gc
import random
import runpy
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from cssm_lib import open_client
from cssm_lib import scenario as scenario_module
from cssm_lib.analyses.history import NAMES
from cssm_lib.answers.compute import answer, answer_tables, making
from cssm_lib.answers.live import KEPT, Live, Seen, live_client, live_of
from cssm_lib.client import Client, load_client
from cssm_lib.config import ClientConfig
from cssm_lib.errors import ConfigError
from cssm_lib.pages.figures import HEADLINES
from cssm_lib.pages.sheet import Page
from cssm_lib.rules import load_rules
from cssm_lib.scenario import Scenario, after, read_scenario, told, under
from cssm_lib.scenario.near import Near

elm = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("elm.py"))))
client, what_if, RETIRE, MOVE = elm.client, elm.what_if, elm.RETIRE, elm.MOVE
TERMS = {"do": "terms", "price": 20}


def live() -> Live:
    return live_of(client())


def test_only_what_is_asked_for_is_made():
    one = live()
    assert one.today["positions"].height == 2
    done = set(one.today.made.reads)
    assert {"holdings", "positions", "pool_days"} <= done
    assert not done & {"matches", "feature_drift", "renewal", "true_forward", "pooled"}


def test_terms_leave_use_and_drift_as_they_stand():
    one = live()
    then = one.under(what_if(TERMS))
    for name in ("positions", "pooled", "line_days", "matches", "feature_drift"):
        assert then.made[name] is one.today.made[name], name
    assert not then["true_forward"].equals(one.today["true_forward"])


def test_use_leaves_terms_and_what_no_use_feeds_as_they_stand():
    one = live()
    then = one.under(what_if(RETIRE))
    for name in ("readings", "unit_prices", "lines", "meraki_expiry"):
        assert then.made[name] is one.today.made[name], name
    assert not then["positions"].equals(one.today["positions"])


def test_use_of_the_newest_day_leaves_what_earlier_days_say_as_it_stands():
    one = live()
    then = one.under(what_if(RETIRE))
    assert not then["positions"].equals(one.today["positions"])
    assert one.today.made["past"].height == 2
    assert then.made["past"] is one.today.made["past"]
    assert not then["expiries"].equals(one.today["expiries"])
    assert then.made["lot_ends"] is one.today.made["lot_ends"]
    for name in ("pools", "full_days"):
        assert then.made[name] is one.today.made[name], name


def test_use_of_earlier_days_leaves_where_they_stand():
    one = live()
    days = one.client.tables["usage"]["snapshot_date"].unique().sort()
    then = one.under(what_if({"do": "grow", "share": 1.0, "from": days[0]}))
    assert not then["positions"].equals(one.today["positions"])
    assert not then.made["past"].equals(one.today.made["past"])
    for name in ("past_places", "placed", "pools", "full_days"):
        assert then.made[name] is one.today.made[name], name


def test_a_new_end_leaves_where_licences_stand_and_a_move_the_lots_of_older_days():
    one = live()
    later = one.under(what_if({"do": "terms", "end": "2028-01-31"}))
    moved = one.under(what_if(MOVE))
    assert not later["true_forward"].equals(one.today["true_forward"])
    assert not moved["true_forward"].is_empty()
    for name in ("named", "members", "stock_frame", "newest_line_lots", "generated"):
        assert later.made[name] is one.today.made[name], name
    for name in ("older_line_lots", "stock_frame"):
        assert moved.made[name] is one.today.made[name], name
    assert not moved.made["newest_line_lots"].equals(one.today.made["newest_line_lots"])


def test_a_new_end_may_not_let_a_licence_stand_in_two_agreements_on_a_day():
    before = elm.EA | {"name": "EA 2022", "start": "2022-01-01", "end": "2024-12-31"}
    both = ClientConfig.model_validate({"client": "Elm", "agreements": [before, elm.EA]})
    one = live_of(replace(client(), config=both))
    assert not one.today["true_forward"].is_empty()
    longer = {"do": "terms", "agreement": "EA 2022", "end": "2025-06-30"}
    with pytest.raises(ConfigError, match="a licence stands in one line only"):
        one.under(what_if(longer))["true_forward"]


@pytest.mark.parametrize(
    "scenario",
    [
        what_if(RETIRE),
        what_if(TERMS),
        what_if(MOVE, TERMS),
        what_if(as_of="2026-07-31"),
        what_if(RETIRE, rules={"positions.window_days": 30}),
    ],
    ids=["retire", "terms", "two", "day", "rule"],
)
def test_every_table_is_that_of_the_replay(scenario):
    one = live()
    one.today["signals"]
    asked, replayed = one.under(scenario), answer_tables(under(client(), scenario))
    for name, table in replayed.items():
        assert asked[name].equals(table), name
        assert asked[name].schema == table.schema, name


def test_an_undo_costs_nothing():
    one = live()
    first = one.under(what_if(RETIRE))
    one.under(what_if(TERMS))
    assert one.under(what_if(RETIRE)) is first
    for price in range(KEPT):
        one.under(what_if(TERMS | {"price": price}))
    assert one.under(what_if(RETIRE)) is not first


def test_what_one_action_leaves_as_it_is_stands_from_the_scenario_before():
    """The second price follows the first: nothing of the retirement is worked out again."""
    one = live()
    first = one.under(what_if(RETIRE, TERMS))
    first["positions"], first["pooled"], first["true_forward"]
    then = one.under(what_if(RETIRE, TERMS | {"price": 30}))
    for name in ("holdings", "positions", "pooled", "line_days", "measurable"):
        assert then.made[name] is first.made[name], name
        assert then.made[name] is not one.today.made[name], name
    assert then.made["idle"] is first.made["idle"]
    replay = making(under(client(), then.client.scenario))
    for name in ("positions", "true_forward", "next_events"):
        assert then[name].equals(answer(replay, name)), name


@pytest.mark.parametrize("name", ["to_license", "to_virtual_account"])
def test_new_rows_that_differ_in_a_name_alone_are_no_rows_of_the_scenario_before(name):
    """Two moves of a slider bring rows of the same counts, of another licence or account."""
    base = estate(reserved=False)
    base.tables["lots"] = base.tables["lots"].clear()
    tier = {"do": "tier", "from_license": elm.ADV, "hostname": "n*", "to_license": "New"}
    action = tier if name == "to_license" else MOVE
    one = live_of(base)
    for value in ("First", "Second"):
        scenario = what_if(action | {name: value})
        shown, replay = one.under(scenario), making(under(base, scenario))
        for table in ("positions", "pooled", "true_forward"):
            assert shown[table].equals(answer(replay, table)), (value, table)


def test_actions_done_before_are_not_done_again(monkeypatch: pytest.MonkeyPatch):
    one, done = live(), []
    monkeypatch.setattr(
        scenario_module,
        "after",
        lambda stand, action, **where: done.append(action.do) or after(stand, action, **where),
    )
    one.under(what_if(RETIRE, TERMS))
    one.under(what_if(RETIRE, TERMS | {"price": 30}))
    one.under(what_if(RETIRE | {"hostname": "?*"}, TERMS))
    assert done == ["retire", "terms", "terms", "retire", "terms"]


def test_no_more_scenarios_are_held_than_are_kept():
    """Each is made beside the one before; none holds on to that for ever."""
    one, held = live(), []
    for price in range(KEPT + 3):
        seen = one.under(what_if(RETIRE, TERMS | {"price": price}))
        seen["positions"], seen["true_forward"]
        held.append(weakref.ref(seen.made))
    del seen
    gc.collect()
    assert [made() is not None for made in held] == [False] * 3 + [True] * KEPT


def test_a_wrong_scenario_leaves_all_as_it_stood():
    one = live()
    kept = one.under(what_if(RETIRE))
    with pytest.raises(ConfigError, match=r"scenario: actions\[0\]\.units: 'North' holds 5"):
        one.under(what_if(MOVE | {"units": 6}))
    assert one.under(what_if(RETIRE)) is kept
    assert one.today["positions"]["in_use"].to_list() == [4, 3]


def test_who_is_who_does_not_change_and_a_record_left_alone_stays():
    """n0 and n1 have a record each, n2 has none: n0, taken off, leaves its record; n2 leaves."""
    one = live_of(estate())
    before = {row["device_hostname"] or row["asset_name"]: row for row in rows(one.today)}
    then = one.under(what_if({"do": "retire", "hostname": "n[02]"}))
    after = {row["device_hostname"] or row["asset_name"]: row for row in rows(then)}
    assert then.made["pairs"] is one.today.made["pairs"]
    assert set(before) - set(after) == {"n2"}
    shown = ("about", "device_hostname", "asset_name", "units", "state")
    assert [before["n0"][name] for name in shown] == ["instance", "n0", "n0", 1, "matched"]
    assert [after["n0"][name] for name in shown] == ["record", None, "n0", 0, "ghost"]
    assert after["n1"] == before["n1"]


def test_a_tier_is_counted_where_the_instance_stands():
    one = live_of(estate())
    drop = {"do": "tier", "hostname": "n3", "from_license": elm.ADV, "to_license": elm.ESS}
    told = {row["device_hostname"]: row["licenses"] for row in rows(one.under(what_if(drop)))}
    assert (told["n2"], told["n3"]) == (f"1 × {elm.ADV}", f"1 × {elm.ESS}")


def rows(seen: Seen) -> list[dict[str, Any]]:
    return seen["matches"].to_dicts()


DAYS = [dt.date(2026, month, 28) for month in (1, 4, 7, 8, 9)] + [elm.OCTOBER]
PAGES = ("00", "01", "02", "03", "04", "05")
READINGS = [one["name"] for one in load_rules()["readings.published"]]


def serial_of(host: str) -> str:
    return f"ZZC2345{host.upper()}XY"


def estate(*, reserved: bool = True) -> Client:
    """Two accounts, two tiers, six days; instances silent, twice and, if asked for, reserved."""
    asleep = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    awake = dt.datetime(2026, 10, 20, tzinfo=dt.UTC)
    devices = [
        elm.device(f"n{i}", "North", last_contact=asleep if i % 2 else awake) for i in range(4)
    ]
    devices += [elm.device(f"s{i}", "South", elm.ESS, last_contact=asleep) for i in range(3)]
    devices += [elm.device("s0", "South", last_contact=awake)]
    if reserved:
        devices += [elm.device("r0", "North", status="Reserved", last_contact=asleep)]
    usage = [elm.usage("North", elm.ADV, 9, 5, reserved=1), elm.usage("South", elm.ADV, 1, 1)]
    usage += [elm.usage("South", elm.ESS, 2, 3), elm.usage("North", elm.ESS, 4, 0)]
    own = {"pid": "C9300-24T", "status": "In Service"}
    assets = [own | {"name": f"n{i}", "serial": serial_of(f"n{i}")} for i in range(2)]
    devices = [
        one | {"place": f"/devices/{n}", "serial": serial_of(one["hostname"])}
        for n, one in enumerate(devices)
    ]
    used = [one | {"place": f"{one['place']}/licenseUsage/0"} for one in devices]
    base = client(days=tuple(DAYS), usage=usage, devices=devices, device_licenses=used)
    for name in ("usage", "devices", "device_licenses"):
        base.tables[name] = base.tables[name].with_columns(
            source=pl.format("{}.json", "snapshot_date")
        )
    assets = elm.TABLES["assets"].shaped(pl.DataFrame(assets))
    base.tables["assets"] = assets.with_columns(source=pl.lit("a.csv"))
    return base


def two_accounts() -> Client:
    """A second Smart Account, seen last in September, with an export of instances without a day."""
    base = estate()
    for name in ("usage", "devices", "device_licenses"):
        rows = base.tables[name]
        other = rows.filter(pl.col("snapshot_date") < elm.OCTOBER).with_columns(
            smart_account=pl.lit("oak.example")
        )
        undated = other.head(0 if name == "usage" else 2)
        undated = undated.with_columns(snapshot_date=pl.lit(None, pl.Date))
        base.tables[name] = pl.concat([rows, other, undated])
    return base


SPAN = {"do": "leave_out", "from": DAYS[1], "to": DAYS[3]}
NOBODY_LEFT = {"do": "retire", "hostname": "?*", "smart_account": "oak.example"}
FOR_NEWEST = {"license": elm.ESS, "from": DAYS[4], "to": DAYS[5]}
OTHERS = {"hostname": "[ns]*", "virtual_account": "South"}


@pytest.mark.parametrize(
    ("actions", "newest_tell"),
    [
        ([{"do": "retire", "silent_days": 100}], True),
        ([{"do": "retire", "hostname": "?*"}], True),  # a reserved one stays in each account
        ([SPAN], True),
        ([SPAN | {"license": elm.ESS}, {"do": "retire", "hostname": "s*"}], True),
        ([{"do": "tier", "from_license": elm.ADV, "to_license": "New", **OTHERS}], True),
        ([NOBODY_LEFT | {"silent_days": 0}, {"do": "grow", "share": 1}], True),
        ([{"do": "retire", "hostname": "n*", "from": DAYS[2]}], False),
        ([SPAN | {"license": elm.ESS}, SPAN | FOR_NEWEST], True),
        ([SPAN | FOR_NEWEST | {"from": DAYS[1]}, SPAN | {"from": DAYS[0], "to": DAYS[0]}], True),
        ([SPAN | {"to": DAYS[5]}], True),  # no use is left on the newest day
        ([SPAN | {"to": DAYS[5]}, {"do": "retire", "hostname": "s*"}], False),
    ],
    ids=[
        *("silent", "all", "older span", "span", "tier", "account", "dated", "spans", "all spans"),
        *("all use", "after all use"),
    ],
)
def test_newest_instances_tell_or_all_are_gone_through(actions, newest_tell):
    """Two Smart Accounts with different newest days, undated rows, reserved instances."""
    base, scenario = two_accounts(), what_if(*actions)
    near = Near(base, base).under(scenario)
    assert (near is not None) == newest_tell
    one, replay = live_of(base), making(under(base, scenario))
    names = "positions pooled line_days true_forward instance_check notes device_licenses duties"
    for name in names.split():
        assert one.under(scenario)[name].equals(answer(replay, name)), name


@pytest.mark.parametrize(
    ("action", "stay"),
    [
        ({"do": "grow", "share": 1}, True),
        ({"do": "retire", "hostname": "s*"}, True),
        ({"do": "leave_out", "from": DAYS[2], "to": DAYS[2], "license": elm.ESS}, True),
        ({"do": "grow", "share": 1, "from": DAYS[1]}, True),
        (MOVE, True),  # lots move too
        ({"do": "tier", "from_license": elm.ADV, "to_license": "New", "hostname": "*"}, False),
        (RETIRE | {"hostname": "nobody"}, True),
    ],
    ids=["grow", "retire", "span", "most", "move", "new", "nothing"],
)
def test_what_is_named_stays_where_an_action_changes_counts_alone(action, stay):
    base = estate(reserved=False)
    then, today = under(base, what_if(action)), making(base)
    found, whole = making(then, today), making(then)
    assert found["holdings"].drop("place").equals(whole["holdings"].drop("place"))
    for name in ("named_usage", "places"):
        assert (found[name] is today[name]) == stay, name
    for name in ("pages", "older_counted_lots"):
        assert found[name] is today[name], name
    changed = found["holdings"] is not today["holdings"]
    assert changed == (action.get("hostname") != "nobody")


@pytest.mark.parametrize(
    ("action", "same"),
    [
        ({"do": "grow", "share": 1, "from": DAYS[1]}, True),
        ({"do": "leave_out", "from": DAYS[2], "to": DAYS[2], "license": elm.ESS}, True),
        ({"do": "retire", "hostname": "s*"}, True),
        (MOVE, True),
        (MOVE | {"to_virtual_account": "New"}, False),
        ({"do": "tier", "from_license": elm.ADV, "to_license": "New", "hostname": "*"}, False),
    ],
    ids=["grow", "span", "retire", "move", "new account", "new licence"],
)
def test_what_usage_is_named_by_stands_where_a_what_if_adds_no_row(action, same):
    one = live_of(estate(reserved=False))
    made = one.under(what_if(action)).made
    assert made["usage_names"].equals(made.known("usage").select(NAMES))
    assert (made["usage_names"] is one.today.made["usage_names"]) == same
    assert (made["standing_rows"] is one.today.made["standing_rows"]) == same


def test_only_what_follows_the_loss_of_a_newest_day_is_gone_through():
    base = two_accounts()
    base.tables["devices"] = base.tables["devices"].filter(pl.col("status").is_null())
    base.tables["device_licenses"] = base.tables["device_licenses"].filter(
        pl.col("hostname") != "r0"
    )
    for more, newest_tell in ((), True), ([{"do": "retire", "silent_days": 30}], False):
        scenario = what_if(NOBODY_LEFT, *more)
        assert (Near(base, base).under(scenario) is not None) == newest_tell
        shown, replay = live_of(base).under(scenario), making(under(base, scenario))
        for name in ("positions", "instance_check", "matches"):
            assert shown[name].equals(answer(replay, name)), name


def test_what_one_scenario_gave_an_account_is_gone_in_the_next():
    """A licence nobody had and an account that was not shown that day, which other lines name."""
    base = estate(reserved=False)
    names = {"S-N": "New", "S-E": elm.ESS}
    lines = [
        {"sku": sku, "licenses": [name], "entitled": 1, "price": 5} for sku, name in names.items()
    ]
    ea = elm.EA | {"suites": [{"name": "Campus", "lines": lines}]}
    base = replace(base, config=ClientConfig.model_validate({"client": "Elm", "agreements": [ea]}))
    usage = base.tables["usage"]
    some = usage.filter(pl.col("virtual_account") == "South", pl.col("snapshot_date") == DAYS[0])
    elsewhere = [some.with_columns(virtual_account=pl.lit(name)) for name in ("East", "West")]
    base.tables["usage"] = pl.concat([usage, *elsewhere])
    one = live_of(base)
    tier = {"do": "tier", "from_license": elm.ADV, "hostname": "n*", "to_license": "New"}
    moves = [MOVE | {"to_virtual_account": name} for name in ("West", "East")]
    for number, actions in enumerate([[tier], [TERMS], *([move] for move in moves), [RETIRE]]):
        scenario = what_if(*actions)
        shown, replay = one.under(scenario), making(under(base, scenario))
        for table in ("positions", "pool_days", "true_forward", "unit_prices", "notes"):
            assert shown[table].equals(answer(replay, table)), (number, table)


def test_holdings_without_a_day_stay_where_a_day_changes():
    base = estate(reserved=False)
    usage = base.tables["usage"]
    other = {"smart_account": pl.lit("oak.example"), "source": pl.lit("undated.csv")}
    undated = usage.head(2).with_columns(snapshot_date=pl.lit(None, pl.Date), **other)
    base.tables["usage"] = pl.concat([usage, undated])
    then, scenario = live_of(base), what_if(MOVE)
    replay = making(under(base, scenario))
    for table in ("positions", "pooled"):
        assert then.under(scenario)[table].equals(answer(replay, table)), table


def test_an_instance_known_twice_rests_on_instances_though_no_use_changes():
    """x, which uses what has no row, is all that North shows in October; then September speaks."""
    twin, zx = elm.device("t", "North"), elm.device("x", "North", elm.ESS)
    day = {"snapshot_date": DAYS[4]}
    devices = [twin | day, twin | day | {"status": "Reserved"}]
    devices += [one | {"snapshot_date": elm.OCTOBER} for one in (zx, elm.device("s", "South"))]
    usage = [elm.usage("North", elm.ADV, 5, 3, reserved=2, available=0)]
    base = client(days=(DAYS[4], elm.OCTOBER), usage=usage)
    for name in ("devices", "device_licenses"):
        base.tables[name] = elm.TABLES[name].shaped(pl.DataFrame(devices))
    one, scenario = live_of(base), what_if({"do": "retire", "hostname": "x"})
    demand = [seen["positions"]["demand"].to_list() for seen in (one.today, one.under(scenario))]
    assert demand == [[5], answer(making(under(base, scenario)), "positions")["demand"].to_list()]
    assert demand[1] == [4]


def some_action(dice: random.Random, names: dict[str, list[str]]) -> dict[str, Any]:
    """An action of any kind, drawn as the sliders of the workshop may set it."""
    account, other = (dice.choice(names["virtual_account"]) for _ in range(2))
    license, lower = (dice.choice(names["license"]) for _ in range(2))
    start = {"from": dice.choice(DAYS)} if dice.random() < 0.3 else {}
    which = dice.choice(
        [
            {"silent_days": dice.choice([30, 90, 200, 400])},
            {"virtual_account": account},
            {"hostname": dice.choice(["*0", "n*", "*[13]", "*x*", "nobody"])},
            {"serial": "ZZ*?1XY"},
        ]
    )
    terms = dice.choice(
        [
            {"price": dice.choice([7, 12.5])},
            {"list_price": 20, "discount": 0.25},
            {"renewal_discount": {"low": 0.1, "high": 0.3}},
            {"renewal_uplift": {"low": 0, "high": 0.05}},
            {"reading": dice.choice(READINGS)},
            {"outside_stock": dice.choice(["ignored", "offsets"])},
            {"entitled": dice.choice([0, 3, 900])},
            {"end": dt.date(2027, 6, 30)},
        ]
    )
    move = {"smart_account": names["smart_account"][0], "license": license}
    move |= {"from_virtual_account": account, "to_virtual_account": other}
    return dice.choice(
        [
            {"do": "retire"} | which | start,
            {"do": "tier", "from_license": license, "to_license": lower, **which} | start
            if "silent_days" not in which
            else {"do": "retire"} | which,
            {"do": "move", "units": dice.randint(1, 4), **move} | start,
            {"do": "leave_out", "from": dice.choice(DAYS[:4]), "to": DAYS[-1], "license": license},
            {"do": "grow", "share": dice.choice([-0.5, 0.1, 1]), "virtual_account": account}
            | start,
            {"do": "terms"} | terms,
        ]
    )


def some_scenario(dice: random.Random, names: dict[str, list[str]]) -> Scenario | None:
    """One to four actions, now and then another day; None where the widgets would refuse it."""
    drawn = [some_action(dice, names) for _ in range(dice.randint(1, 4))]
    more = {"as_of": dice.choice(DAYS[2:])} if dice.random() < 0.2 else {}
    try:
        return elm.what_if(*drawn, **more)
    except ValueError:
        return None


def facts(answers: Any, pages: tuple[str, ...] = PAGES) -> dict[str, Any]:
    """Every headline figure of the pages, and how it is made."""
    return {
        f"{page}.{name}": Page(answers, page).fact(name)
        for page in pages
        for name in HEADLINES[page]
    }


def replayed(base: Client, scenario: Scenario, pages: tuple[str, ...]) -> dict[str, Any] | str:
    """The facts as the batch works them out, or its message."""
    try:
        then = under(base, scenario)
    except ConfigError as fault:
        return str(fault)
    about = live_of(then).today.about | {"scenario": told(scenario)}
    return facts(Seen(then, about, making(then)), pages)


def on_the_screen(one: Live, scenario: Scenario, pages: tuple[str, ...]) -> dict[str, Any] | str:
    try:
        return facts(one.under(scenario), pages)
    except ConfigError as fault:
        return str(fault)


def names_of(base: Client) -> dict[str, list[str]]:
    usage = base.tables["usage"]
    columns = ("smart_account", "virtual_account", "license")
    return {name: usage[name].drop_nulls().unique().sort().to_list() for name in columns}


def faults_in(base: Client, states: int, every: int, seed: int) -> tuple[int, int]:
    """Random states of the widgets on one Live: how many were asked for, how many were refused.

    Of four states one is an undo or a repeat of an earlier one. The page of positions is read in
    all states, that of True Forward in every third, every page in every so many.
    """
    one, names, dice = live_of(base), names_of(base), random.Random(seed)
    right: list[tuple[Scenario, tuple[str, ...], Any]] = []
    for number in range(states):
        scenario = None if not right or dice.random() > 0.25 else dice.choice(right)[0]
        pages = PAGES if number % every == 0 else PAGES[1 : 2 + (number % 3 == 0)]
        while scenario is None:
            scenario = some_scenario(dice, names)
        told = next((found for was, asked, found in right if (was, asked) == (scenario, pages)), 0)
        told = told or replayed(base, scenario, pages)
        right.append((scenario, pages, told))
        assert on_the_screen(one, scenario, pages) == told, scenario
    return len(right), sum(isinstance(told, str) for _, _, told in right)


def test_a_hundred_states_of_the_widgets_show_the_figures_of_the_replay():
    held, free = (faults_in(estate(reserved=one), 50, every=20, seed=11 + one) for one in (1, 0))
    assert held[0] + free[0] == 100
    assert 0 < held[1] + free[1] < 25


def test_states_of_the_widgets_on_a_sample(sample_clients: Path):
    asked, refused = faults_in(load_client(sample_clients / "alder"), 10, every=9, seed=5)
    assert asked - refused >= 7


def test_a_file_on_the_screen_is_that_file_in_the_batch(sample_clients: Path):
    """The same scenario, read from its TOML by both."""
    path = sample_clients / "alder_after_clean_up.toml"
    shown = facts(live_client(sample_clients / "alder").under(read_scenario(path)))
    batch = facts(open_client(sample_clients / "alder", scenario=path))
    assert {name: fact.value for name, fact in shown.items()} == {
        name: fact.value for name, fact in batch.items()
    }
