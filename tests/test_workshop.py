"""The workshop without a browser: every knob turns one action, nothing is lost, all reads back."""

from __future__ import annotations

import ast
import asyncio
import datetime as dt
import runpy
import shlex
import threading
import time
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import altair as alt
import ipywidgets
import nbformat
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.answers.compute import making
from cssm_lib.answers.live import Live, Seen
from cssm_lib.config import ClientConfig
from cssm_lib.errors import ConfigError, ParameterError
from cssm_lib.pages import compared
from cssm_lib.pages.charts.beside import NOTHING_TO_DRAW, beside, sentence
from cssm_lib.pages.sheet import Page
from cssm_lib.scenario import Scenario, draft, keep, knobs, read_scenario
from cssm_lib.widgets.board import Board
from cssm_lib.widgets.session import Choice, Session, apart
from cssm_lib.widgets.steps import Steps, alone

elm = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("elm.py"))))
ADV, ESS, JULY, OCTOBER = elm.ADV, elm.ESS, elm.JULY, elm.OCTOBER
HOSTILE = [
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "=cmd()",
    "x" * 300,
    "Zürich 東京 ‮",
    "CON",
]
NEW = draft.NEW
RETIRED = {"do": "retire", "name": "Retire instances"}


def of(base: Any) -> Live:
    return Live(base, Seen(base, {"agreements": []}, making(base)))


@cache
def live() -> Live:
    return of(elm.client())


def session(folder: Path) -> Session:
    return Session(live(), folder, "elm")


def part(board: Board, name: str) -> Any:
    """The first control of the board with the class `cssm-<name>`."""
    return parts(board, name)[0]


def parts(board: Board, name: str) -> list[Any]:
    found, todo = [], [board.box, *(pane for pane, _ in board.stage.panes.values())]
    while todo:
        one = todo.pop()
        todo += getattr(one, "children", ())
        if f"cssm-{name}" in one._dom_classes:
            found.append(one)
    return found


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(session(tmp_path / "scenarios"))


def said(board: Board) -> list[dict[str, Any]]:
    return [draft.said_of(one) for one in board.session.now.actions]


def tile(board: Board, name: str, when: str = "after") -> str:
    whole = "".join(place.value for place in board.tiles)
    return whole.split(f'data-when="{when}" data-fact="{name}"')[1].split(">")[1].split("<")[0]


def test_every_knob_of_one_value_turns_one_action_and_back(board):
    turned = {
        "retire-host": ("n[01]", "", RETIRED | {"hostname": "n[01]"}),
        "retire-days": (90, 0, RETIRED | {"silent_days": 90}),
        "growth-percent": (
            25, 0,
            {"do": "grow", "name": "Growth of all licences", "license": "*",
             "share": Decimal("0.25")},
        ),
        "price": (
            "12.50", "",
            {"do": "terms", "name": "Price of S-A in EA", "agreement": "EA", "sku": "S-A",
             "price": Decimal("12.50")},
        ),
    }  # fmt: skip
    terms = {"do": "terms", "name": "Terms of EA", "agreement": "EA", "sku": "*"}
    share = {"low": Decimal("0.100"), "high": Decimal("0.200")}
    turned |= {
        "terms-reading": ("peak_in_period", "", terms | {"reading": "peak_in_period"}),
        "terms-end": (dt.date(2028, 6, 30), dt.date(2027, 12, 31),
                      terms | {"end": dt.date(2028, 6, 30)}),
        "terms-line-discount": (10, 0, terms | {"discount": Decimal("0.10")}),
        "terms-discount": ((10.0, 20.0), (0.0, 0.0), terms | {"renewal_discount": share}),
        "terms-uplift": ((10.0, 20.0), (0.0, 0.0), terms | {"renewal_uplift": share}),
    }  # fmt: skip
    for name, (value, off, action) in turned.items():
        part(board, name).value = value
        assert said(board) == [action], name
        board.shelf.undo.click()
        assert part(board, name).value == off, name
        board.shelf.redo.click()
        assert (part(board, name).value, said(board)) == (value, [action])
        part(board, name).value = off
        assert said(board) == [], name


def test_the_account_to_retire_is_a_pattern_that_fits_it_alone(board):
    account = part(board, "retire-account")
    account.value = ("elm.example", "North")
    assert said(board) == [
        {"do": "retire", "name": "Retire instances", "smart_account": "elm.example",
         "virtual_account": "North"}
    ]  # fmt: skip
    assert tile(board, "utilisation.below") == "−2"
    assert tile(board, "utilisation.below", "today") == "−2"
    part(board, "retire-days").value = 10
    assert said(board)[0]["silent_days"] == 10
    account.value = ("*", "*")
    part(board, "retire-days").value = 0
    assert said(board) == []


def test_a_proposal_is_ticked_and_struck_out_again(board):
    tick = part(board, "proposal")
    assert tick.description == f"Move 1 {ADV} from North to South"
    tick.value = True
    assert said(board) == [
        {"do": "move", "name": tick.description, "smart_account": "elm.example", "license": ADV,
         "from_virtual_account": "North", "to_virtual_account": "South", "units": 1}
    ]  # fmt: skip
    assert (tile(board, "utilisation.below", "today"), tile(board, "utilisation.below")) == (
        "−2",
        "−1",
    )
    assert tile(board, "utilisation.below", "change") == "+1"
    part(board, "strike").click()
    assert (tick.value, said(board)) == (False, [])
    part(board, "undo").click()
    assert tick.value


def test_a_move_of_more_than_is_held_is_told_and_changes_nothing(board):
    part(board, "move-from").value = ("elm.example", "North")
    part(board, "move-to").value = ("elm.example", "South")
    part(board, "move-units").value = 99
    part(board, "move-add").click()
    message = part(board, "message-moves").value
    assert message == (
        '<div role="alert">units: &#x27;North&#x27; holds 5 of'
        f" &#x27;{ADV}&#x27; on 2026-07-31; 99 cannot be moved.</div>"
    ).replace("2026-07-31", "2026-10-31")
    assert (said(board), part(board, "move-units").value) == ([], 99)
    part(board, "move-units").value = 1
    part(board, "move-add").click()
    assert part(board, "message-moves").value == ""
    assert [one["units"] for one in said(board)] == [1]


@pytest.mark.parametrize(
    ("name", "value", "group", "message"),
    [
        ("price", "ten", "terms", "price: should be a valid decimal; found 'ten'."),
        ("price", "-1", "terms", "price: should be greater than or equal to 0; found '-1'."),
        ("retire-host", "a\x01", "retire",
         r"hostname: should hold no control character; found 'a\x01'."),
        ("terms-end", dt.date(1980, 1, 1), "terms",
         "end: should be a day from 1990-01-01 to 2199-12-31; found 1980-01-01."),
        ("terms-end", dt.date(2024, 1, 1), "terms", "end: 2024-01-01 is before the start of 'EA'."),
    ],
)  # fmt: skip
def test_wrong_input_is_told_beside_the_field_and_the_last_good_state_stays(
    board, name, value, group, message
):
    part(board, "growth-percent").value = 25
    good, tiles = board.session.now, [place.value for place in board.tiles]
    part(board, name).value = value
    told = part(board, f"message-{group}").value
    assert told == f'<div role="alert">{message.replace(chr(39), "&#x27;")}</div>'
    assert (board.session.now, [place.value for place in board.tiles]) == (good, tiles)
    assert part(board, name).value == value
    part(board, "growth-percent").value = 30
    assert (part(board, f"message-{group}").value, part(board, name).value) == (told, value)
    assert said(board)[0]["share"] == Decimal("0.30")
    part(board, "undo").click()
    assert part(board, f"message-{group}").value == ""
    assert part(board, name).value != value


def test_an_action_that_a_later_one_needs_is_not_struck_out(board):
    def moved(giving: str, taking: str, units: int) -> None:
        part(board, "move-from").value = ("elm.example", giving)
        part(board, "move-to").value = ("elm.example", taking)
        part(board, "move-units").value = units
        part(board, "move-add").click()

    moved("North", "South", 3)
    moved("South", "North", 4)
    both = said(board)
    assert len(both) == 2
    part(board, "strike").click()
    assert part(board, "message-actions").value == (
        f'<div role="alert">units: &#x27;South&#x27; holds 1 of &#x27;{ADV}&#x27; on 2026-10-31;'
        " 4 cannot be moved.</div>"
    )
    assert said(board) == both
    part(board, "undo").click()
    part(board, "strike").click()
    assert (said(board), part(board, "message-actions").value) == ([], "")


def test_a_name_that_is_typed_outlives_a_move(board):
    part(board, "name").value = "Evening"
    part(board, "growth-percent").value = 5
    assert part(board, "name").value == "Evening"
    part(board, "save").click()
    assert board.session.is_saved()
    assert (
        part(board, "command").value
        == f"<p><code>{compared.safe(board.session.command())}</code></p>"
    )


def test_a_tier_and_use_to_leave_out_are_added(board):
    part(board, "tier-from").value = part(board, "tier-to").value = ADV
    part(board, "tier-account").value = ("elm.example", "North")
    part(board, "tier-add").click()
    part(board, "leave-account").value = ("elm.example", "South")
    part(board, "leave-from").value = part(board, "leave-to").value = OCTOBER
    part(board, "leave-add").click()
    where = {"smart_account": "elm.example"}
    assert said(board) == [
        {"do": "tier", "name": f"{ADV} to {ADV} in North", **where, "virtual_account": "North",
         "from_license": ADV, "to_license": ADV},
        {"do": "leave_out", "name": "Leave out all licences in South from 2026-10-31 to 2026-10-31",
         **where, "virtual_account": "South", "license": "*", "from": OCTOBER, "to": OCTOBER},
    ]  # fmt: skip
    assert part(board, "actions").description == "Actions so far: 2"


def test_use_without_days_or_with_days_that_are_swapped_is_told(board):
    part(board, "leave-add").click()
    assert "from: missing; add it.\nto: missing; add it." in part(board, "message-leave-out").value
    part(board, "leave-from").value, part(board, "leave-to").value = OCTOBER, JULY
    part(board, "leave-add").click()
    told = "to (2026-07-31) is before from (2026-10-31); swap them."
    assert part(board, "message-leave-out").value == f'<div role="alert">{told}</div>'


def test_growth_is_kept_licence_by_licence(board):
    licence, percent = part(board, "growth-license"), part(board, "growth-percent")
    percent.value = 10
    licence.value = ADV
    assert percent.value == 0
    percent.value = 20
    licence.value = "*"
    assert percent.value == 10
    assert [one["name"] for one in said(board)] == ["Growth of all licences", f"Growth of {ADV}"]


def test_the_day_that_is_measured(board):
    day = part(board, "day")
    assert [value for _, value in day.options] == ["", OCTOBER, JULY]
    day.value = JULY
    assert board.session.now.as_of == JULY
    part(board, "undo").click()
    assert (day.value, board.session.now.as_of) == ("", None)


def test_decisions_are_noted_struck_out_and_undone(board):
    part(board, "retire-host").value = "n0"
    part(board, "decided").value, part(board, "decided-by").value = "<b>Off</b>", "Ada"
    part(board, "decided-about").value = "Retire instances"
    part(board, "decided-open").value = "=the date"
    part(board, "decide").click()
    (one,) = board.session.now.decisions
    assert (one.decided, one.by, one.open, one.action) == (
        "<b>Off</b>", "Ada", "=the date", "Retire instances",
    )  # fmt: skip
    assert part(board, "decided").value == ""
    assert part(board, "decisions").options == (
        ("<b>Off</b> (Ada) – Retire instances; open: =the date", 0),
    )
    part(board, "strike").click()
    assert [(one.decided, one.action) for one in board.session.now.decisions] == [
        ("<b>Off</b> (about: Retire instances)", None)
    ]
    part(board, "undo").click()
    part(board, "unsay").click()
    assert board.session.now.decisions == ()
    part(board, "undo").click()
    assert len(board.session.now.decisions) == 1


def test_a_decision_without_a_name_is_told(board):
    part(board, "decided").value = "Off"
    part(board, "decide").click()
    assert "by: should have at least 1 character" in part(board, "message-decision").value
    assert part(board, "decided").value == "Off"


def test_what_no_knob_shows_is_kept_when_a_knob_is_turned():
    loaded = elm.what_if(
        {"do": "retire", "name": "Retire instances", "serial": "ZZ*", "from": "2026-07-01",
         "why": "gone"},
        {"do": "grow", "name": "Retire", "share": 1},
    )  # fmt: skip
    turned = knobs.RETIRE.turned(loaded, silent_days=60)
    first, second = map(draft.said_of, turned.actions)
    assert first == draft.said_of(loaded.actions[0]) | {"silent_days": 60}
    assert second == draft.said_of(loaded.actions[1])


def test_a_namesake_of_another_kind_is_not_touched():
    loaded = elm.what_if({"do": "grow", "name": "Retire instances", "share": 1})
    turned = knobs.RETIRE.turned(loaded, silent_days=60)
    assert [one.name for one in turned.actions] == ["Retire instances", "Retire instances (2)"]
    assert knobs.RETIRE.read(turned) == {"silent_days": 60}
    assert knobs.RETIRE.turned(turned, silent_days=None) == loaded


def test_turning_one_term_leaves_the_others_as_they_were_loaded(board):
    loaded = {"do": "terms", "name": "Terms of EA", "agreement": "EA", "discount": 0.125,
              "renewal_discount": {"low": 0.0123, "high": 0.4567}, "why": "offered"}  # fmt: skip
    board.session.adopt(elm.what_if(loaded))
    board.fill()
    part(board, "terms-reading").value = "peak_in_period"
    (told,) = said(board)
    assert (told["discount"], told["why"]) == (Decimal("0.125"), "offered")
    assert told["renewal_discount"] == {"low": Decimal("0.0123"), "high": Decimal("0.4567")}
    part(board, "retire-days").value = 30
    board.session.adopt(elm.what_if(elm.RETIRE | {"name": "Retire instances", "pid": "C9300-*"}))
    board.fill()
    part(board, "retire-days").value = 60
    assert said(board)[0] == {
        "do": "retire", "name": "Retire instances", "pid": "C9300-*", "hostname": "n[01]",
        "silent_days": 60,
    }  # fmt: skip


def test_rules_of_a_loaded_scenario_are_shown_and_kept(board):
    board.session.adopt(elm.what_if(rules={"positions.window_days": 30}))
    board.fill()
    assert board.rules.value == "<p>Rules changed: positions.window_days = 30</p>"
    part(board, "retire-host").value = "n0"
    assert board.session.now.rules == {"positions.window_days": 30}


# as client.toml and the exports have them: without space around
NAMES = st.text(min_size=1, max_size=40).map(str.strip).filter(lambda text: _is_name(text))


def _is_name(text: str) -> bool:
    try:
        return bool(draft.renamed(NEW, text))
    except (ConfigError, ValueError):
        return False


SHARES = st.decimals(-1, 100, places=4)
TURNS = st.one_of(
    st.builds(lambda n, s: lambda one: knobs.growth(n).turned(one, share=s), NAMES, SHARES),
    st.builds(
        lambda d, h: lambda one: knobs.RETIRE.turned(one, silent_days=d, hostname=h),
        st.integers(0, 3000), NAMES,
    ),
    st.builds(
        lambda n, p: lambda one: knobs.price(n, n).turned(one, price=p),
        NAMES, st.decimals(0, 10**6, places=6),
    ),
    st.builds(
        lambda by, day: lambda one: draft.noted(
            one,
            {"decided": by, "by": by, "on": day}
            | ({"action": one.actions[-1].name} if one.actions else {}),
        ),
        NAMES, st.dates(dt.date(1990, 1, 1), dt.date(2199, 12, 31)),
    ),
    st.builds(lambda n: lambda one: draft.without(one, n), NAMES),
    st.builds(lambda d: lambda one: draft.on_day(one, d), st.sampled_from([None, JULY, OCTOBER])),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(turns=st.lists(TURNS, max_size=8), name=NAMES)
def test_what_is_saved_reads_back_equal(turns, name, tmp_path_factory):
    scenario = draft.renamed(NEW, name)
    for turn in turns:
        scenario = turn(scenario)
    path = tmp_path_factory.mktemp("kept") / "one.toml"
    keep.save(scenario, path)
    assert read_scenario(path) == scenario
    keep.save(scenario, path)
    assert path.read_text("utf-8") == keep.toml_of(read_scenario(path))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["undo", "redo", "reset", 1, 2, 3])))
def test_undo_and_redo_lead_to_where_one_was(steps):
    history, trail, at = draft.History(), [NEW], 0
    for step in steps:
        if isinstance(step, int) or step == "reset":
            one = NEW if step == "reset" else draft.renamed(NEW, str(step))
            if one != trail[at]:
                trail, at = [*trail[: at + 1], one], at + 1
            history = history.reset() if step == "reset" else history.then(one)
        else:
            at = max(0, at - 1) if step == "undo" else min(len(trail) - 1, at + 1)
            history = getattr(history, step)()
        assert history.now == trail[at]
        assert (len(history.past), len(history.ahead)) == (at, len(trail) - at - 1)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_one_file_of_the_folder_and_reads_back(board, name):
    part(board, "retire-host").value = "n0"
    part(board, "name").value = name
    part(board, "save").click()
    assert part(board, "message-file").value == ""
    (path,) = board.session.folder.iterdir()
    assert path.parent == board.session.folder
    assert read_scenario(path) == board.session.now == draft.renamed(board.session.now, name)
    board.shelf.reset.click()
    assert board.session.now == NEW
    part(board, "load").click()
    assert [one["hostname"] for one in said(board)] == ["n0"]
    command = part(board, "command").value
    assert "<script" not in command
    assert shlex.split(board.session.command())[-1] == str(path)


def test_a_file_of_another_name_is_not_overwritten(board):
    part(board, "name").value = "A"
    part(board, "save").click()
    path = board.session.path("A")
    path.write_text('name = "Another"\n')
    part(board, "save").click()
    assert part(board, "message-file").value == (
        '<div role="alert">A.toml: is there and holds the scenario &#x27;Another&#x27;;'
        " choose another name.</div>"
    )
    path.write_text("no scenario")
    part(board, "save").click()
    assert "A.toml: is there and holds no scenario; choose another name." in (
        part(board, "message-file").value
    )
    assert path.read_text() == "no scenario"
    part(board, "load").click()
    assert "A.toml: no valid TOML" in part(board, "message-file").value


def test_a_name_that_is_none_is_told(board):
    for name in ("", " ", "x" * 1001, "a\x01b"):
        part(board, "name").value = name
        part(board, "save").click()
        assert 'role="alert">name: ' in part(board, "message-file").value
    assert board.session.saved() == []


def test_scenarios_are_never_saved_in_the_client_folder(tmp_path):
    with pytest.raises(ParameterError, match=r"lies in the client folder, where nothing is writt"):
        apart(tmp_path / "client" / "scenarios", tmp_path / "client")
    assert apart(tmp_path / "scenarios", tmp_path / "client") == tmp_path / "scenarios"


def test_saved_scenarios_stand_side_by_side(board):
    for host in ("n0", "n[01]"):
        part(board, "retire-host").value = host
        part(board, "name").value = f"Without {host}"
        part(board, "save").click()
    board.stage.views.value = "Compare"
    assert '<th scope="col">today</th>' in part(board, "comparison").value
    part(board, "compare-saved").value = board.session.saved()
    table = part(board, "comparison").value
    heads = ["Figure", "today", "screen: Without n[01]", "Without n0.toml", "Without n[01].toml"]
    assert [one.split("<")[0] for one in table.split('<th scope="col">')[1:]] == heads
    row = table.split("Billed by contract")[1].split("</tr>")[0]
    assert row.count('data-fact="forward.contract_net"') == 4


def test_a_click_on_a_bar_narrows_and_show_all_leads_back(board):
    board.stage._clicked(0, SimpleNamespace(value=[{"name": "South"}]))
    assert board.stage.account.value == ("elm.example", "South")
    assert board.session.choice == Choice(("elm.example", "South"))
    assert tile(board, "utilisation.below") == "−2"
    assert "Narrowed" in board.doubts.value
    (rows,) = board.stage.charts[1].spec["datasets"].values()
    assert {row["value"] for row in rows} == {-2.0}
    board.stage._clicked(1, SimpleNamespace(value=[{"name": ADV}]))
    assert board.session.choice == Choice(("elm.example", "South"), ADV)
    board.stage._clicked(0, SimpleNamespace(value=[]))
    assert board.session.choice == Choice(("elm.example", "South"), ADV)
    part(board, "show-all").click()
    assert board.session.choice == Choice()
    assert board.doubts.value == ""


def test_every_view_draws_no_text_below_18_px(board):
    part(board, "retire-host").value = "n[01]"
    for view in board.stage.views.options:
        board.stage.views.value = view
        for chart in board.stage.charts:
            assert view in board.stage.panes or _smallest(chart.spec) >= 18, view


def _smallest(spec: Any) -> float:
    """The smallest size of text that a chart asks for; what it leaves open is set by its config."""
    config = spec["config"]
    own = [config["axis"]["labelFontSize"], config["axis"]["titleFontSize"],
           config["legend"]["labelFontSize"], config["legend"]["titleFontSize"],
           config["title"]["fontSize"], config["title"]["subtitleFontSize"],
           config["text"]["fontSize"], config["header"]["labelFontSize"]]  # fmt: skip
    return min([*own, *_sizes(spec)])


def _sizes(part: Any) -> list[float]:
    if isinstance(part, dict):
        own = [value for key, value in part.items() if key.lower().endswith("fontsize")]
        return own + [size for value in part.values() for size in _sizes(value)]
    return [size for one in part for size in _sizes(one)] if isinstance(part, list) else []


def test_rows_of_a_chart_are_of_today_and_after():
    one = live()
    pages = Page(one.today, "01"), Page(one.under(elm.what_if(elm.RETIRE)), "01")
    rows = compared.PANELS["accounts"].rows(*pages).rows()
    assert rows == [
        ("North", "after", "over", 3.0), ("North", "today", "over", 1.0),
        ("North", "after", "short", 0.0), ("North", "today", "short", 0.0),
        ("South", "after", "over", 0.0), ("South", "today", "over", 0.0),
        ("South", "after", "short", -2.0), ("South", "today", "short", -2.0),
    ]  # fmt: skip


def test_a_chart_without_rows_says_so_and_long_names_stay_apart():
    (rows,) = sentence("T", NOTHING_TO_DRAW).to_dict()["datasets"].values()
    assert rows[0]["says"].startswith("Nothing to draw")
    names = [f"{'a licence with a name ' * 4}{n}" for n in range(3)]
    long = pl.DataFrame({"name": names, "when": "today", "state": "over", "value": [1.0, 2.0, 3.0]})
    (rows,) = beside(long, title="T", unit="units")["datasets"].values()
    assert len({row["label"] for row in rows}) == 3
    assert alt.Chart.from_dict(beside(long, title="T", unit="units")).to_dict()["layer"]


# what a character of 18 px takes in the widest of the fonts, a digit and a sign
WIDE = {",": 5.8} | dict.fromkeys("0123456789", 11.5) | {"−": 15.1}


@pytest.mark.parametrize("highest", [0, 7, 1_000, 1_234_567, 42_516_464_202])
@pytest.mark.parametrize("lowest", [0, -9, -960, -1_234_567, -9_999_999_999])
def test_every_number_of_a_chart_stands_between_its_bar_and_the_edge(lowest, highest):
    rows = pl.DataFrame(
        {"name": ["Wireless", "Wireless"], "when": "after", "state": ["short", "over"],
         "value": [float(lowest), float(highest)]}
    )  # fmt: skip
    spec = beside(rows, title="T", unit="units")
    first, last = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    unit = spec["width"] / (last - first)
    (drawn,) = spec["datasets"].values()
    for row in drawn:
        room = (row["value"] - first if row["value"] < 0 else last - row["value"]) * unit
        assert room >= 4 + sum(WIDE[one] for one in row["says"]), row
    longest = max(abs(row["value"]) for row in drawn) * unit
    assert longest >= 25 or not (lowest or highest)
    names = spec["layer"][0]["encoding"]["y"]["axis"]["labelLimit"]
    assert spec["width"] + names <= 354 or spec["width"] > 254  # two charts fit a notebook


def test_a_view_without_rows_names_the_export_that_would_fill_it(tmp_path):
    base = replace(elm.client(), config=ClientConfig.model_validate({"client": "Elm"}))
    base = replace(base, tables={name: one.clear() for name, one in base.tables.items()})
    board = Board(Session(of(base), tmp_path))

    def words(view: str) -> str:
        board.stage.views.value = view
        (rows,) = board.stage.charts[0].spec["datasets"].values()
        return " ".join(rows[0]["says"].split())

    assert words("Drift").startswith("No data for this part. The product instance export would")
    assert words("What matters").startswith("No action so far")
    part(board, "retire-host").value = "n0"
    assert words("What matters").startswith("No action is priced")


def test_an_action_that_nothing_fits_is_told_and_no_other(board):
    part(board, "retire-host").value = "no such host"
    assert board.doubts.value == "<p>Nothing fits “Retire instances”: it changes nothing.</p>"
    part(board, "retire-host").value = "n0"
    assert board.doubts.value == ""


def test_lines_over_without_a_price_are_told_beside_the_money(tmp_path):
    base = elm.client()
    (signed,) = base.config.agreements
    free = {"price": None, "entitled": 0}
    bare = [
        suite.model_copy(
            update={"lines": tuple(one.model_copy(update=free) for one in suite.lines)}
        )
        for suite in signed.suites
    ]
    unpriced = signed.model_copy(
        update={"start": OCTOBER - dt.timedelta(365), "suites": tuple(bare)}
    )
    config = base.config.model_copy(update={"agreements": (unpriced,)})
    board = Board(Session(of(replace(base, config=config)), tmp_path))
    told = "Billed by contract: 1 charge without a price. Renewal: 1 row without a price."
    assert board.doubts.value == f"<p>{told}</p>"


def test_readings_are_chosen_by_title_and_kept_by_name(board):
    reading = part(board, "terms-reading")
    titles = {name: title for title, name in reading.options}
    assert titles["peak_in_period"] == "Peak of the period"
    assert not [title for title, name in reading.options if title == name or "_" in title]
    reading.value = "peak_in_period"
    assert 'reading = "peak_in_period"' in keep.toml_of(board.session.now)


def test_below_a_day_stands_how_it_was_understood(board):
    def told() -> list[str]:
        return [one.value for one in parts(board, "understood")]

    assert told() == ["", "understood as 2027-12-31", "", ""]
    part(board, "leave-from").value = dt.date(2026, 10, 1)
    assert "understood as 2026-10-01" in told()
    assert part(board, "leave-from").description == "From"
    part(board, "leave-from").value = None
    assert "understood as 2026-10-01" not in told()


def test_a_client_with_nothing_has_a_board(tmp_path):
    base = elm.client()
    base = replace(base, tables={name: one.clear() for name, one in base.tables.items()})
    board = Board(Session(of(base), tmp_path))
    for view in board.stage.views.options:
        board.stage.views.value = view
    assert tile(board, "utilisation.below") == "–"
    for name in ("move-add", "tier-add", "leave-add"):
        part(board, name).click()
    assert said(board) == []
    assert 'role="alert"' in part(board, "message-moves").value


def test_a_client_without_an_agreement_says_so(tmp_path):
    base = replace(elm.client(), config=ClientConfig.model_validate({"client": "Elm"}))
    board = Board(Session(of(base), tmp_path))
    assert "client.toml has no agreement" in part(board, "no-agreement").value
    part(board, "retire-host").value = "n0"
    assert tile(board, "brief.renewal_money") == "–"


def test_a_newer_move_takes_the_place_of_an_older_one():
    done = []

    async def moved() -> None:
        steps = Steps()
        for n in range(5):
            steps.begin([lambda n=n: done.append(n), lambda n=n: done.append(n + 10)])
            await asyncio.sleep(0)
        while steps.busy:
            await asyncio.sleep(0.01)
        steps.begin([lambda: done.append("a"), lambda: steps.begin([lambda: done.append("b")]),
                     lambda: done.append("never")])  # fmt: skip
        while steps.busy:
            await asyncio.sleep(0.01)

    asyncio.run(moved())
    assert done == [4, 14, "a", "b"]


def test_moves_of_one_knob_that_come_together_are_one_step(tmp_path):
    board = Board(session(tmp_path))
    drawn = []

    async def moved() -> None:
        draw, board.draw = board.draw, lambda: (drawn.append(1), draw())
        for share in range(1, 30):
            part(board, "growth-percent").value = share
        part(board, "retire-host").value = "n0"
        while board._pending or board._steps.busy:
            await asyncio.sleep(0.01)

    asyncio.run(moved())
    assert len(drawn) == 1
    assert [one["do"] for one in said(board)] == ["grow", "retire"]
    assert len(board.session.history.past) == 2


def test_every_control_has_a_label_and_the_module_names_its_class(board):
    from cssm_lib.widgets import board as module

    todo, seen = [board.box, *(pane for pane, _ in board.stage.panes.values())], 0
    while todo:
        one = todo.pop()
        todo += getattr(one, "children", ())
        if hasattr(one, "description") and not isinstance(one, ipywidgets.HTML):
            own = [name.removeprefix("cssm-") for name in one._dom_classes]
            assert one.description, one
            assert f"`{own[0]}`" in module.__doc__, own
            seen += 1
    assert seen >= 45


def test_the_notebook_is_thin():
    path = Path(__file__).parents[1] / "notebooks" / "workshop.ipynb"
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    cells = notebook.cells
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code] == ["parameters", "setup", "board"]
    assert all(len(cell.source.splitlines()) <= 5 for cell in code)
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    tree = ast.parse("\n".join(cell.source for cell in code))
    computed = (ast.FunctionDef, ast.Lambda, ast.For, ast.If, ast.BinOp, ast.comprehension)
    assert not [node for node in ast.walk(tree) if isinstance(node, computed)]
    told = ast.parse(code[0].source).body
    values = {one.target.id: ast.literal_eval(one.value) for one in told}
    assert set(values) == {"client_dir", "as_of", "scenarios"}
    assert (path.parents[1] / values["client_dir"]).is_dir()
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert texts[0].startswith("# ")
    assert texts[-1].startswith("## Limits of this page")


def test_a_scenario_of_the_board_is_what_the_batch_takes(board):
    part(board, "retire-host").value = "n[01]"
    part(board, "name").value = "Evening"
    part(board, "save").click()
    read = read_scenario(Path(shlex.split(board.session.command())[-1]))
    then = board.session.live.under(read)
    page = Page(then, "00")
    for group in compared.TILES:
        for name in group:
            assert tile(board, name) == compared.said(page.fact(name).value), name
    assert isinstance(read, Scenario)


def test_two_threads_never_work_on_a_board_at_once():
    inside, most = [], []

    def work() -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()

    def steps() -> None:
        Steps().begin([work, work])

    threads = [threading.Thread(target=one) for one in (alone(work), steps, steps, alone(work))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1] * 6
