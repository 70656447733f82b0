"""Scenarios: a client as it would be; every figure by hand from the small estate below."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib import open_client
from cssm_lib.answers.compute import answer_tables
from cssm_lib.client import Client
from cssm_lib.errors import ConfigError
from cssm_lib.scenario import mark_of, read_scenario, stand, under
from cssm_lib.scenario.fleet import PAGE, numbered
from cssm_lib.scenario.instances import use_left_out
from cssm_lib.scenario.stock import left_out_of
from cssm_lib.schema import TABLES

elm = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("elm.py"))))
client, what_if, usage, device = elm.client, elm.what_if, elm.usage, elm.device
JULY, OCTOBER, ADV, ESS = elm.JULY, elm.OCTOBER, elm.ADV, elm.ESS
RETIRE, MOVE = elm.RETIRE, elm.MOVE


def use(made: Client, day: dt.date = OCTOBER) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(account, licence) → quantity, in use, left."""
    rows = made.tables["usage"].filter(pl.col("snapshot_date") == day)
    names = ("virtual_account", "license", "quantity", "in_use", "available")
    return {(a, n): (q, u, left) for a, n, q, u, left in rows.select(names).iter_rows()}


def notes(made: Client) -> list[str]:
    return made.tables["notes"]["about"].to_list()


def test_retired_instances_free_what_they_consumed_from_the_newest_day_on():
    made = under(client(), what_if(RETIRE))
    assert use(made)["North", ADV] == (5, 2, 3)
    assert use(made, JULY)["North", ADV] == (5, 4, 1)
    gone = made.tables["devices"].filter(pl.col("snapshot_date") == OCTOBER)["hostname"].to_list()
    assert gone == ["n2", "n3", "s0", "s1", "s2"]
    positions = answer_tables(made)["positions"]
    assert positions.select("virtual_account", "entitled", "demand", "balance").rows() == [
        ("North", 5, 2, 3),
        ("South", 1, 3, -2),
    ]
    assert answer_tables(made)["instance_check"]["unexplained"].to_list() == [0, 0]


def test_from_a_day_on():
    made = under(client(), what_if(RETIRE | {"from": "2026-07-01"}))
    assert use(made, JULY)["North", ADV] == use(made)["North", ADV] == (5, 2, 3)


def test_only_the_silent_are_retired_and_unknown_is_not_silent():
    asleep = dt.datetime(2026, 4, 4, tzinfo=dt.UTC)
    devices = [
        device("n0", "North", last_contact=asleep),
        device("n1", "North", last_contact=dt.datetime(2026, 10, 1, tzinfo=dt.UTC)),
        device("n2", "North"),
    ]
    made = under(client(devices=devices), what_if({"do": "retire", "silent_days": 210}))
    assert use(made)["North", ADV] == (5, 3, 2)
    made = under(client(devices=devices), what_if({"do": "retire", "silent_days": 211}))
    assert use(made)["North", ADV] == (5, 4, 1)
    assert notes(made) == ["What if / 0"]


def test_reserved_instances_stay():
    devices = [device("n0", "North", status="Reserved"), device("n1", "North")]
    made = under(client(devices=devices), what_if(RETIRE))
    assert use(made)["North", ADV] == (5, 3, 2)
    assert "n0" in made.tables["device_licenses"]["hostname"].to_list()


def test_use_never_falls_below_zero():
    made = under(client(usage=[usage("North", ADV, 5, 1)]), what_if(RETIRE))
    assert use(made)["North", ADV] == (5, 0, 5)


def test_instances_of_another_day_count_for_five_weeks():
    """Licences of 2026-10-31, instances of 2026-10-01: 30 days; those of July say nothing."""
    base = client(days=(OCTOBER,))
    day = pl.lit(dt.date(2026, 10, 1)).alias("snapshot_date")
    for name, frame in base.tables.items():
        if name.startswith("device"):
            base.tables[name] = frame.with_columns(day)
    assert use(under(base, what_if(RETIRE)))["North", ADV] == (5, 2, 3)
    for name, frame in base.tables.items():
        if name.startswith("device"):
            base.tables[name] = frame.with_columns(pl.lit(JULY).alias("snapshot_date"))
    assert use(under(base, what_if(RETIRE)))["North", ADV] == (5, 4, 1)


def test_units_move_with_the_lots_that_end_last():
    made = under(client(), what_if(MOVE | {"units": 3}))
    assert use(made)["North", ADV] == (2, 4, -2)
    assert use(made)["South", ADV] == (4, 3, 1)
    lots = made.tables["lots"].filter(pl.col("snapshot_date") == OCTOBER)
    held = lots.select("virtual_account", "end_date", "quantity").rows()
    assert sorted(held, key=str) == [
        ("North", dt.date(2027, 1, 31), 2),
        ("South", None, 1),
        ("South", None, 2),
        ("South", dt.date(2027, 1, 31), 1),
    ]
    basis = answer_tables(made)["positions"].select("entitled", "entitled_basis").rows()
    assert basis == [(2, "lots"), (4, "lots")]


def test_units_move_to_an_account_that_had_none():
    made = under(client(), what_if(MOVE | {"to_virtual_account": "West"}))
    assert use(made)["West", ADV] == (2, 0, 2)
    row = made.tables["usage"].filter(pl.col("virtual_account") == "West")
    assert row.select("source", "place").rows() == [("scenario", "0")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"units": 6},
            "w.toml: actions[0].units: 'North' holds 5 of 'C9300 24P DNA Advantage' on 2026-10-31;"
            " 6 cannot be moved.",
        ),
        (
            {"from_virtual_account": "Nort"},
            "w.toml: actions[0].from_virtual_account: 'Nort' has no units of"
            " 'C9300 24P DNA Advantage' in 'elm.example' to move; look at `positions`.",
        ),
    ],
)
def test_what_is_not_there_cannot_be_moved(change, message):
    with pytest.raises(ConfigError) as fault:
        under(client(), what_if(MOVE | change), where="w.toml")
    assert str(fault.value) == message


def test_a_dropped_tier_moves_use_to_the_lower_licence():
    drop = {"do": "tier", "from_license": "*DNA Adv*", "to_license": ESS, "hostname": "s*"}
    made = under(client(), what_if(drop))
    assert use(made)["South", ADV] == (1, 0, 1)
    assert use(made)["South", ESS] == (0, 3, -3)
    now = made.tables["device_licenses"].filter(pl.col("snapshot_date") == OCTOBER)
    assert now.group_by("license").len().sort("license").rows() == [(ADV, 4), (ESS, 3)]
    assert answer_tables(made)["instance_check"]["unexplained"].to_list() == [0, 0, 0]


def test_growth_and_moves_do_not_go_through_instances(monkeypatch: pytest.MonkeyPatch):
    """A long history of them takes seconds to be numbered."""
    monkeypatch.setattr(stand, "fleet_of", None)
    grown = {"do": "grow", "share": 1}
    made = under(client(), what_if(grown, MOVE, {"do": "terms", "price": 3}))
    assert use(made)["South", ADV] == (3, 6, -3)


def test_rows_that_no_file_has_stand_in_one_order():
    """Whatever the order of the instances: a pack is the same bytes each time."""
    devices = [elm.device(f"n{i}", f"Site {i:02}") for i in (7, 3, 9, 1, 8, 2, 6, 0, 5, 4)]
    base = client(devices=devices, usage=[elm.usage(f"Site {i:02}", ADV, 2, 1) for i in range(10)])
    raised = under(base, what_if({"do": "tier", "from_license": ADV, "to_license": "New"}))
    new = raised.tables["usage"].filter(pl.col("source") == "scenario")
    assert new["virtual_account"].to_list() == [f"Site {i:02}" for i in range(10)]


def test_seasonal_use_is_left_out_between_its_days():
    season = {
        "do": "leave_out",
        "virtual_account": "SOUTH",
        "from": "2026-07-01",
        "to": "2026-07-31",
    }
    made = under(client(), what_if(season))
    assert use(made, JULY)["South", ADV] == (1, 0, 1)
    assert use(made)["South", ADV] == (1, 3, -2)


@pytest.mark.parametrize(
    ("share", "in_use"), [("0.125", 5), ("0.124", 4), ("-0.125", 4), ("-0.126", 3), ("-1", 0)]
)
def test_growth_is_rounded_half_up(share, in_use):
    """4 × 1.125 = 4.5 → 5; 4 × 0.875 = 3.5 → 4."""
    made = under(
        client(), what_if({"do": "grow", "virtual_account": "North", "share": Decimal(share)})
    )
    assert use(made)["North", ADV] == (5, in_use, 5 - in_use)
    assert use(made)["South", ADV] == (1, 3, -2)


def test_terms_change_price_reading_and_end():
    terms = {"do": "terms", "sku": "S-*", "price": 12, "entitled": 4, "reading": "peak_in_period"}
    made = under(client(), what_if(terms | {"end": "2026-12-31"}))
    (agreement,) = made.config.agreements
    (line,) = agreement.suites[0].lines
    assert (line.price, line.entitled, agreement.end) == (12, 4, dt.date(2026, 12, 31))
    assert agreement.true_forward.measure == "peak"
    assert client().config.agreements[0].true_forward.measure == "as_of"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sku": "X"}, "w.toml: actions[0]: fits no line of any agreement; agreements: 'EA'."),
        (
            {"reading": "pek"},
            "w.toml: actions[0].reading: 'pek' is no published reading; there are contract, ",
        ),
        (
            {"end": "2024-01-01"},
            "w.toml: actions[0].end: 2024-01-01 is before the start of 'EA'.",
        ),
    ],
)
def test_terms_that_fit_nothing_are_refused(change, message):
    with pytest.raises(ConfigError) as fault:
        under(client(), what_if({"do": "terms"} | change), where="w.toml")
    assert str(fault.value).startswith(message)


def test_the_day_and_the_rules_of_a_scenario():
    made = under(client(), what_if(as_of="2026-08-31", rules={"shadow.stale_days": 9}))
    assert (made.as_of, made.rules["shadow.stale_days"]) == (dt.date(2026, 8, 31), 9)
    with pytest.raises(ConfigError, match=r"w.toml: rules.'shadow.stale' is no rule"):
        under(client(), what_if(rules={"shadow.stale": 9}), where="w.toml")


def test_the_newest_day_is_that_of_the_scenario_and_later_days_stay():
    made = under(client(), what_if(RETIRE, as_of="2026-08-31"))
    assert use(made, JULY)["North", ADV] == (5, 2, 3)
    assert use(made)["North", ADV] == (5, 4, 1)


def test_actions_happen_in_order_and_scenarios_add_up():
    """Half of four more is six, less the two retired four; the other way round two, then three."""
    grow = {"do": "grow", "virtual_account": "North", "share": Decimal("0.5")}
    assert use(under(client(), what_if(grow, RETIRE)))["North", ADV] == (5, 4, 1)
    assert use(under(client(), what_if(RETIRE, grow)))["North", ADV] == (5, 3, 2)
    both = what_if(grow).then(what_if(RETIRE))
    assert use(under(client(), both))["North", ADV] == (5, 4, 1)
    assert both.name == "What if, then What if"
    assert [action.name for action in both.actions] == ["0", "0 (What if)"]


def test_an_empty_scenario_changes_nothing():
    base = client()
    made = under(base, what_if())
    assert all(made.tables[name].equals(base.tables[name]) for name in TABLES)
    assert made.config == base.config


def test_what_fits_nothing_is_told():
    made = under(client(), what_if({"do": "retire", "hostname": "<script>*"}))
    assert made.tables["notes"].rows() == [
        ("What if / 0", "nothing fits this action: it changes nothing.")
    ]


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=6))
def test_moves_conserve_stock_and_use(moves):
    actions = [
        MOVE
        | {"units": units}
        | ({"from_virtual_account": "South", "to_virtual_account": "North"} if back else {})
        for back, units in moves
    ]
    try:
        made = under(client(), what_if(*actions))
    except ConfigError:
        return  # more than there is
    for name in ("usage", "lots"):
        assert made.tables[name]["quantity"].sum() == client().tables[name]["quantity"].sum()
    assert made.tables["usage"]["in_use"].sum() == client().tables["usage"]["in_use"].sum()
    assert all(q == u + left for q, u, left in use(made).values())
    held = (
        made.tables["lots"]
        .group_by("virtual_account", "snapshot_date")
        .agg(pl.col("quantity").sum())
    )
    stock = made.tables["usage"].select("virtual_account", "snapshot_date", stock="quantity")
    beside = stock.join(held, on=["virtual_account", "snapshot_date"], how="left").fill_null(0)
    assert beside.filter(pl.col("stock") != pl.col("quantity")).is_empty()


# The file


def written(folder: Path, text: str) -> Path:
    path = folder / "w.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "w.toml: name: missing; add it."),
        (
            'name = "W"\n[[actions]]\nname = "a"\ndo = "retyre"',
            "w.toml: actions[0].do: should be one of 'retire', 'move', 'tier', 'leave_out', 'grow',"
            " 'terms'; found 'retyre'.",
        ),
        (
            'name = "W"\n[[actions]]\nname = "a"',
            "w.toml: actions[0].do: missing; say which kind of table this is.",
        ),
        (
            'name = "W"\n[[actions]]\nname = "a"\ndo = "retire"',
            "w.toml: actions[0]: fits every product instance; give a pattern or `silent_days`, or"
            ' write hostname = "?*" to mean all with a name.',
        ),
        (
            'name = "W"\n[[actions]]\nname = "a"\ndo = "grow"\nshre = 1\nshare = -2',
            "w.toml: actions[0].share: should be greater than or equal to -1; found -2.\n"
            "w.toml: actions[0].shre: unknown key; did you mean 'share'? Known keys: name,"
            " smart_account, from, why, do, virtual_account, license, share.",
        ),
        (
            'name = "W"\n[[actions]]\nname = "a"\ndo = "grow"\nshare = 1\n'
            '[[actions]]\nname = "a"\ndo = "grow"\nshare = 1',
            "w.toml: file: the action 'a' stands twice; give each a name of its own.",
        ),
    ],
)
def test_faults_of_the_file_name_the_key(tmp_path, text, message):
    with pytest.raises(ConfigError) as fault:
        read_scenario(written(tmp_path, text))
    assert str(fault.value) == message


def test_no_file():
    with pytest.raises(
        ConfigError, match=r"^x.toml: cannot be read \(No such file or directory\).$"
    ):
        read_scenario(Path("x.toml"))


def test_equal_scenarios_have_equal_marks():
    assert mark_of(what_if(RETIRE)) == mark_of(what_if(RETIRE)) != mark_of(what_if(MOVE))


def test_answers_under_a_scenario_are_kept_apart(sample_clients: Path, tmp_path: Path):
    path = written(tmp_path, 'name = "W"\n[[actions]]\nname = "a"\ndo = "grow"\nshare = -1')
    base = open_client(sample_clients / "cedar")
    made = open_client(sample_clients / "cedar", scenario=path)
    assert made.about["scenario"] == {
        "name": "W",
        "actions": [{"name": "a", "do": "grow", "share": "-1"}],
    }
    assert "scenario" not in base.about
    assert (base["positions"]["demand"].sum(), made["positions"]["demand"].sum()) == (9, 0)
    assert open_client(sample_clients / "cedar", scenario=path).folder == made.folder


@pytest.mark.parametrize(("rows", "names"), [(0, 1), (1, 1), (500, 3), (9_000, 9_000)])
def test_rows_have_one_number_where_they_say_the_same(rows: int, names: int) -> None:
    """Also where the names of five columns have more combinations than one number can tell."""
    dice = np.random.default_rng(4)
    known = pl.Series([None, *(f"Ü{number}" for number in range(names - 1))], dtype=pl.String)
    told = pl.DataFrame([known[dice.integers(0, names, rows)].alias(at) for at in "abcde"])
    told = pl.concat([told, told.head(7)]).with_columns(day=pl.lit(None, pl.Date))
    number, said = numbered(told)
    assert said[number].equals(told)
    assert said.height == told.n_unique() if rows else said.is_empty()
    assert number.unique().to_list() == list(range(said.height))


USED = st.fixed_dictionaries(
    {
        "smart_account": st.sampled_from(["elm.example", None]),
        "virtual_account": st.sampled_from(["North", "South", None]),
        "license": st.sampled_from([ADV, ESS, None]),
        "snapshot_date": st.sampled_from([JULY, OCTOBER, None]),
    }
)
SCHEMA = dict.fromkeys(("smart_account", "virtual_account", "license"), pl.String)
SCHEMA |= {"snapshot_date": pl.Date}


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    st.lists(USED, max_size=6),
    st.sampled_from(["*", "South"]),
    st.sampled_from(["*", ESS]),
    st.sampled_from([JULY, OCTOBER]),
)
def test_use_is_left_out_by_number_as_row_by_row(rows, account, license, start):
    """What no row tells, such as a day, is in no span and fits no pattern but `*`."""
    said = {"do": "leave_out", "virtual_account": account, "license": license}
    action = what_if(said | {"from": start, "to": OCTOBER}).actions[0]
    used = TABLES["device_licenses"].shaped(pl.DataFrame(rows, schema=SCHEMA))
    page, kind = (numbered(used.select(names)) for names in (PAGE, "license"))
    gone = use_left_out(action, *((of.to_numpy(), told) for of, told in (page, kind)))
    assert gone.tolist() == used.select(left_out_of(action)).to_series().to_list()


def test_of_lots_that_move_away_whole_the_others_stay_in_order():
    lots = under(client(), what_if(MOVE | {"units": 3})).tables["lots"]
    before = client().tables["lots"]
    stay = before.join(lots, on=before.columns, how="semi", nulls_equal=True, maintain_order="left")
    assert stay.height < before.height
    there = lots.join(stay, on=before.columns, how="semi", nulls_equal=True, maintain_order="left")
    assert there.equals(stay)
