"""The structure of accounts: each finding, what is no finding, and the target structure."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from cssm_lib.analyses import hygiene
from cssm_lib.analyses.hygiene.names import near_names
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

RULES = load_rules()
AS_OF = dt.date(2026, 10, 31)
MONTHS = [dt.date(2026, month, 28) for month in range(1, 11)]


def holding(account, demand=5, *, sa="a.example", day=AS_OF, entitled=10, license_="A"):
    row = {"smart_account": sa, "virtual_account": account, "license": license_}
    return row | {
        "snapshot_date": day,
        "entitled": entitled,
        "demand": demand,
        "complete": True,
        "wide": True,
    }


def positions(rows):
    made = [{"stranded_units": 0} | row for row in rows]
    return ANSWERS["positions"].shaped(pl.DataFrame(made, infer_schema_length=None))


def instances(*accounts, sa="a.example"):
    rows = [
        {"smart_account": sa, "virtual_account": name, "in_export": True, "wide": True}
        for name in accounts
    ]
    shape = {
        "smart_account": pl.String,
        "virtual_account": pl.String,
        "in_export": pl.Boolean,
        "wide": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=shape)


def found(rows, seen=None, *, past=(), resellers=(), listed=(), moves=()):
    at = positions(rows)
    held = pl.DataFrame([*rows, *past], infer_schema_length=None)
    table = TABLES["virtual_accounts"]
    named = table.shaped(pl.DataFrame(list(listed))) if listed else table.empty()
    seen = instances(*[row["virtual_account"] for row in rows] * 2) if seen is None else seen
    accounts = hygiene.accounts(at, held, seen, named, held_by_reseller=resellers, rules=RULES)
    days = hygiene.account_days(held)
    transfers = ANSWERS["transfers"]
    plan = transfers.shaped(pl.DataFrame(list(moves))) if moves else transfers.empty()
    listed_ = hygiene.hygiene(accounts, days, plan, as_of=AS_OF, rules=RULES)
    return listed_, hygiene.account_plan(accounts, listed_, RULES)


def names(rows):
    return rows["finding"].to_list()


def test_a_tidy_estate_has_no_finding():
    rows, plan = found([holding("Berlin"), holding("Hamburg")])
    assert rows.is_empty()
    assert plan["proposal"].to_list() == ["keep", "keep"]


def test_an_account_without_instances_needs_an_export_that_could_show_them():
    rows, _ = found([holding("Berlin"), holding("Empty", 0)], instances("Berlin", "Berlin"))
    assert rows.select("finding", "virtual_account", "units").rows() == [
        ("account without instances", "Empty", 10)
    ]
    assert found([holding("Berlin")], instances())[0].is_empty()


def test_an_account_that_is_only_listed_is_an_account():
    listed = [{"smart_account": "a.example", "virtual_account": "New", "is_default": False}]
    rows, plan = found([holding("Berlin")], listed=listed)
    assert names(rows) == ["account without instances"]
    assert plan.select("virtual_account", "licenses", "proposal").rows() == [
        ("Berlin", 1, "keep"),
        ("New", 0, "empty and close"),
    ]


def test_one_instance_and_the_default_account():
    rows, _ = found([holding("DEFAULT"), holding("Berlin")], instances("DEFAULT", *["Berlin"] * 2))
    assert names(rows) == ["default account in use", "account with one instance"]
    listed = [{"smart_account": "a.example", "virtual_account": "Main", "is_default": True}]
    rows, _ = found([holding("Main"), holding("Berlin")], listed=listed)
    assert names(rows) == ["default account in use"]


def test_an_empty_default_account_is_in_order():
    listed = [{"smart_account": "a.example", "virtual_account": "Default", "is_default": True}]
    assert found([holding("Berlin")], listed=listed)[0].is_empty()


@pytest.mark.parametrize(("last", "dormant"), [("2026-08-02", True), ("2026-08-03", False)])
def test_dormant_after_ninety_days_without_demand(last, dormant):
    day = dt.date.fromisoformat(last)
    past = [holding("Berlin", day=day), holding("Depot", 3, day=day)]
    rows, plan = found([holding("Berlin"), holding("Depot", 0)], past=past)
    assert ("dormant account" in names(rows)) is dormant
    if dormant:
        evidence = "last demand 2026-08-02, 90 days to its newest snapshot"
        assert rows["evidence"].to_list() == [evidence]
        assert plan.filter(virtual_account="Depot")["proposal"].item() == "empty and close"


def test_an_account_in_demand_is_never_proposed_for_closing():
    rows, plan = found([holding("Berlin"), holding("Virtual", 4)], instances("Berlin", "Berlin"))
    assert names(rows) == ["account without instances"]
    assert plan.filter(virtual_account="Virtual")["proposal"].item() == "decide"


def test_stranded_stock_names_the_transfers_that_are_planned():
    stranded = holding("Yard", 0) | {"stranded_units": 7}
    move = {"smart_account": "a.example", "license": "A", "quantity": 5}
    move |= {"from_virtual_account": "Yard", "to_virtual_account": "Berlin"}
    rows, _ = found([holding("Berlin"), stranded], moves=[move])
    assert names(rows) == ["stranded stock"]
    assert (rows["units"].item(), rows["target"].item()) == (
        7,
        "transfers planned from here: 5 to Berlin",
    )


def test_a_reseller_holds_the_whole_account():
    rows, plan = found(
        [holding("Berlin"), holding("Berlin", sa="r.example")], resellers=["r.example"]
    )
    assert names(rows)[0] == "Smart Account held by a reseller"
    assert rows["smart_account"][0] == "r.example"
    assert plan.filter(smart_account="r.example")["proposal"].item() == "move to the customer"


def test_the_default_accounts_of_two_smart_accounts_are_no_near_names():
    rows, _ = found([holding("DEFAULT"), holding("Default", sa="b.example")], instances())
    assert names(rows) == ["default account in use"] * 2


def test_an_export_of_one_account_says_nothing_of_the_others():
    seen = instances("Berlin", "Berlin").with_columns(wide=False)
    rows, plan = found([holding("Berlin"), holding("Hamburg")], seen)
    assert rows.is_empty()
    assert plan["instances"].to_list() == [2, None]


def test_a_day_with_a_single_account_proves_no_growth():
    past = [holding("Berlin", day=MONTHS[0]) | {"wide": False}]
    assert found([holding("Berlin"), holding("Hamburg")], past=past)[0].is_empty()


def test_growth_is_counted_between_complete_days_of_the_window():
    past = [holding(name, day=MONTHS[0]) for name in ("Berlin", "Hamburg")]
    broken = [holding("Berlin", day=dt.date(2025, 12, 31)) | {"complete": False}]
    now = [holding(name) for name in ("Berlin", "Hamburg", "Event 2026")]
    rows, _ = found(now, past=[*past, *broken])
    assert rows.select("finding", "evidence").rows() == [
        ("number of accounts grows", "2 on 2026-01-28, 3 on 2026-10-31")
    ]
    assert "number of accounts grows" not in names(found(now)[0])


def test_moves_are_numbered_in_their_order_and_name_a_role():
    now = [holding("DEFAULT", 0), holding("Hub Antwerp"), holding("HUB Antwerp", entitled=4)]
    rows, plan = found(now, instances("Hub Antwerp"), resellers=["a.example"])
    order = [one["finding"] for one in RULES["hygiene.moves"]]
    places = [order.index(name) for name in names(rows)]
    assert places == sorted(places)
    assert rows["number"].to_list() == list(range(1, rows.height + 1))
    assert rows["role"].str.contains("Administrator").all()
    assert plan.filter(virtual_account="HUB Antwerp")["moves"].item().startswith("1, ")


# ---- near names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "near"),
    [
        ("Hub Antwerp", "HUB Antwerp", True),
        ("Hub Antwerp", "Hub  Antwerp", True),
        ("Köln-Nord", "Köln Nord", True),
        ("Headquarters", "Headquarter", True),
        ("Plant 01", "Plant 02", False),
        ("Branch 2025", "Branch 2026", False),
        ("Berlin", "Hamburg", False),
        ("北京", "北京 ", True),
    ],
)
def test_near_names(left, right, near):
    assert (near_names(pl.Series([left, right]), RULES).height == 1) is near


def test_near_names_are_offered_and_never_merged():
    now = [holding("Hub Antwerp", entitled=9), holding("HUB Antwerp", entitled=4)]
    rows, plan = found(now)
    assert rows.select("finding", "virtual_account", "where", "target").rows() == [
        (
            "near-duplicate names",
            "HUB Antwerp",
            "“HUB Antwerp” and “Hub Antwerp”",
            "“Hub Antwerp”, if it is the same unit",
        )
    ]
    assert plan.height == 2


def test_many_names_one_name_and_none():
    many = pl.Series([f"Plant {n:03} {'north' if n % 2 else 'south'}" for n in range(300)])
    assert near_names(many, RULES).is_empty()
    assert near_names(pl.Series(["one"]), RULES).is_empty()
    assert near_names(pl.Series([], dtype=pl.String), RULES).is_empty()


def test_nothing_at_all():
    empty = pl.DataFrame(schema=dict.fromkeys(holding("x"), pl.String)).with_columns(
        pl.col("snapshot_date").cast(pl.Date), pl.col("demand").cast(pl.Int64)
    )
    table = TABLES["virtual_accounts"].empty()
    asked = {"held_by_reseller": [], "rules": RULES}
    accounts = hygiene.accounts(ANSWERS["positions"].empty(), empty, instances(), table, **asked)
    days, moves = ANSWERS["account_days"].empty(), ANSWERS["transfers"].empty()
    rows = hygiene.hygiene(accounts, days, moves, as_of=None, rules=RULES)
    assert rows.is_empty()
    assert hygiene.account_plan(accounts, rows, RULES).is_empty()
