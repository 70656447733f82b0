"""What each action of a scenario is worth: exact, in any order, summing to the cent."""

from __future__ import annotations

import runpy
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.analyses.contributions import contributions, grouped
from cssm_lib.answers import what_if as priced
from cssm_lib.answers.compute import answer_tables
from cssm_lib.client import load_client
from cssm_lib.config import ClientConfig
from cssm_lib.pseudonyms import pseudonymised
from cssm_lib.scenario import Scenario, under

elm = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("elm.py"))))
client, what_if, RETIRE, MOVE = elm.client, elm.what_if, elm.RETIRE, elm.MOVE
KEY = b"sixteen bytes are enough"


def by_brute_force(amounts: list[int], count: int) -> list[Fraction]:
    """The mean over every order of what each action changes when its turn comes."""
    orders = list(permutations(range(count)))
    parts = [Fraction(0)] * count
    for order in orders:
        done = 0
        for place in order:
            parts[place] += amounts[done | 1 << place] - amounts[done]
            done |= 1 << place
    return [part / len(orders) for part in parts]


sets = st.integers(0, 6).flatmap(
    lambda count: st.lists(
        st.integers(-(10**9), 10**9), min_size=1 << count, max_size=1 << count
    ).map(lambda amounts: (amounts, count))
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(sets)
def test_parts_are_those_of_every_order_to_the_cent(drawn):
    amounts, count = drawn
    parts, exact = contributions(amounts), by_brute_force(amounts, count)
    assert sum(parts) == amounts[-1] - amounts[0]
    assert all(abs(part - true) < 1 for part, true in zip(parts, exact, strict=True))
    assert all(
        part == true for part, true in zip(parts, exact, strict=True) if true.denominator == 1
    )


def test_eight_actions_by_brute_force():
    """What is free up to 100, then 7 a unit; eight actions of 10, 20, … 80 units."""
    units = [10 * (place + 1) for place in range(8)]
    used = [sum(u for place, u in enumerate(units) if s >> place & 1) for s in range(256)]
    amounts = [7 * max(0, total - 100) for total in used]
    exact = by_brute_force(amounts, 8)
    parts = contributions(amounts)
    assert sum(parts) == 7 * 260
    assert all(abs(part - true) < 1 for part, true in zip(parts, exact, strict=True))


def test_the_rest_beyond_eight_is_one_group():
    alone = {0: 5, 1: -90, 2: 1, 3: 80, 4: 70, 5: 60, 6: 50, 7: 40, 8: 30, 9: 0}
    assert grouped(alone, 10) == [[0, 2, 9], [1], [3], [4], [5], [6], [7], [8]]


def prices(scenario: Scenario) -> pl.DataFrame:
    return priced.action_prices(under(client(), scenario))


def test_by_hand():
    """EA: 2 entitled, 10 a month. Use 7 on 2026-10-31, next event 2027-01-01 with 12 months left:
    5 over = 600; a whole term of 36 months = 2,520. Two retired: 5 used, 3 over = 360, 1,800. Price
    12 instead: 720 and 3,024. Both: 432 and 2,160.
    """
    terms = {"do": "terms", "price": 12}
    found = prices(what_if(RETIRE, terms))
    shown = found.select("of", "place", "money", "alone", "last").cast(
        {"money": pl.Int64, "alone": pl.Int64, "last": pl.Int64}
    )
    assert shown.rows() == [
        # retire: ((360 − 600) + (432 − 720)) / 2 = −264; price: (120 + 72) / 2 = 96; −168 in all
        ("new_term", 1, -792, -720, -864),
        ("new_term", 2, 432, 504, 360),
        ("true_forward", 1, -264, -240, -288),
        ("true_forward", 2, 96, 120, 72),
    ]
    bills = found.select(pl.col("bill_before", "bill_after").cast(pl.Int64)).unique(
        maintain_order=True
    )
    assert bills.rows() == [(2520, 2160), (600, 432)]
    base, after = priced.bills([client(), under(client(), what_if(RETIRE, terms))])
    assert base == {("EA", "true_forward"): 60000, ("EA", "new_term"): 252000}
    assert after == {("EA", "true_forward"): 43200, ("EA", "new_term"): 216000}


def test_what_no_line_has_a_price_for_is_unknown_and_no_zero():
    base = client()
    (signed,) = base.config.agreements
    suites = [
        suite.model_copy(
            update={"lines": tuple(one.model_copy(update={"price": None}) for one in suite.lines)}
        )
        for suite in signed.suites
    ]
    bare = signed.model_copy(update={"suites": tuple(suites)})
    base = replace(base, config=base.config.model_copy(update={"agreements": (bare,)}))
    found = priced.action_prices(under(base, what_if(RETIRE)))
    assert found["place"].to_list() == [1, 1]
    for name in ("money", "alone", "last", "bill_before", "bill_after"):
        assert found[name].to_list() == [None, None]


def test_actions_that_leave_usage_alone_are_told_apart():
    """A line that counts devices: 7 of which 2 are entitled, 12 months at 10. Usage is too old for
    the instances' day; one retired is 120 less, two others are 240 less.
    """
    base = client()
    base.tables["usage"] = base.tables["usage"].filter(pl.col("snapshot_date") == elm.JULY)
    (suite,) = elm.EA["suites"]
    counted = suite | {"lines": [line | {"count": "devices"} for line in suite["lines"]]}
    terms = {"client": "Elm", "agreements": [elm.EA | {"suites": [counted]}]}
    base = replace(base, config=ClientConfig.model_validate(terms))
    hosts = ({"do": "retire", "hostname": name} for name in ("n0", "n[12]"))
    found = priced.action_prices(under(base, what_if(*hosts)))
    money = found.filter(pl.col("of") == "true_forward")["money"]
    assert money.cast(pl.Int64).to_list() == [-120, -240]


def test_an_action_that_needs_another_does_nothing_without_it():
    """South has 1; only with the 2 that come first can it give 3."""
    back = MOVE | {"from_virtual_account": "South", "to_virtual_account": "North", "units": 3}
    found = prices(what_if(MOVE, back))
    assert found["money"].to_list() == [0, 0, 0, 0]  # moves inside a scope bill nothing


def test_more_than_eight_actions():
    """Two of nine do something: they stand alone; the last two that do nothing are one group."""
    grow = {"do": "grow", "virtual_account": "North", "license": "*", "share": Decimal("0.25")}
    idle = grow | {"license": "none"}
    actions = [idle, idle, grow, idle, idle, idle, idle, grow, idle]
    found = prices(what_if(*actions)).filter(pl.col("of") == "new_term")
    assert found["action"].to_list() == ["0", "1", "2", "3", "4", "5", "6; 8", "7"]
    # use 7 → 8 → 9 (4 × 1.25 = 5; 5 × 1.25 = 6.25 → 6), 360 a unit for 36 months
    assert found["money"].to_list() == [0, 0, 360, 0, 0, 0, 0, 360]


@pytest.mark.parametrize("scenario", [None, what_if()])
def test_nothing_to_price(scenario):
    made = under(client(), scenario) if scenario else client()
    assert priced.action_prices(made).is_empty()


def test_under_pseudonyms_the_money_is_the_same_and_no_name_is_told():
    made = under(client(), what_if({"name": "Switch n0 of Elm"} | RETIRE))
    plain, hidden = answer_tables(made), answer_tables(pseudonymised(made, KEY))
    assert hidden["action_prices"]["money"].equals(plain["action_prices"]["money"])
    assert hidden["action_prices"]["action"].to_list() == ["action 1", "action 1"]
    agreements = pseudonymised(made, KEY).config.agreements
    assert hidden["action_prices"]["agreement"].unique().to_list() == [agreements[0].name] != ["EA"]


def test_a_sample_sums_to_the_cent(sample_clients: Path):
    base = load_client(sample_clients / "alder")
    actions = [
        {"do": "tier", "from_license": "C9300 24P DNA Adv*", "to_license": "C9300 DNA Essentials"},
        {"do": "grow", "license": "C9300*", "share": Decimal("0.05")},
        {"do": "terms", "reading": "peak_in_period"},
    ]
    made = under(base, what_if(*actions))
    found = priced.action_prices(made)
    before, after = priced.bills([base, made])
    for of in ("true_forward", "new_term"):
        parts = found.filter(pl.col("of") == of)["money"].sum() * 100
        assert parts == after["EA Networking", of] - before["EA Networking", of]
