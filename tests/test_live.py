"""A client in memory: what is asked for is made, what stands is kept, figures are the replay's."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from cssm_lib.answers.compute import answer_tables, making
from cssm_lib.answers.live import KEPT, Live, Seen
from cssm_lib.errors import ConfigError
from cssm_lib.scenario import under

elm = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("elm.py"))))
client, what_if, RETIRE, MOVE = elm.client, elm.what_if, elm.RETIRE, elm.MOVE
TERMS = {"do": "terms", "price": 20}


def live() -> Live:
    base = client()
    return Live(base, Seen(base, {}, making(base)))


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


def test_a_wrong_scenario_leaves_all_as_it_stood():
    one = live()
    kept = one.under(what_if(RETIRE))
    with pytest.raises(ConfigError, match=r"scenario: actions\[0\]\.units: 'North' holds 5"):
        one.under(what_if(MOVE | {"units": 6}))
    assert one.under(what_if(RETIRE)) is kept
    assert one.today["positions"]["in_use"].to_list() == [4, 3]
