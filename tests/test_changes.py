"""What changed since the last pack: causes written down by hand, closing sums, packs refused."""

from __future__ import annotations

import datetime as dt
import json
import runpy
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cssm_lib
from cssm_lib.answers import Answers
from cssm_lib.batch.since import compared
from cssm_lib.errors import InputError, ParameterError
from cssm_lib.pages import sheet
from cssm_lib.pages.changes import changes, find_previous, movements
from cssm_lib.pages.pack import MANIFEST, Pack, write_pack
from cssm_lib.schema import ANSWERS, TABLES

EARLIER, LATER = "2026-07-31", "2026-10-31"
CLIENT = 'client = "Elm"\n[[smart_accounts]]\nname = "sa1"\n'
LONG = {"licenseType": "TERM", "status": "ACTIVE", "startDate": "2023-01-01"}


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSSM_CACHE", str(tmp_path / "store"))


def lot(quantity: int, start: str = "2023-01-01", end: str = "2029-12-31") -> dict[str, Any]:
    return LONG | {"quantity": quantity, "startDate": start, "endDate": end}


def row(license_: str, account: str, use: int, *lots: dict[str, Any]) -> dict[str, Any]:
    """A licence with lots, all of which the export counts into its quantity."""
    quantity = sum(one["quantity"] for one in lots)
    return {
        "license": license_,
        "virtualAccount": account,
        "quantity": quantity,
        "inUse": use,
        "reserved": 0,
        "available": quantity - use,
        "billingType": "PREPAID",
        "licenseDetails": list(lots),
        "licenseSubstitutions": [],
    }


def devices(day: str, *groups: tuple[str, str, str, range]) -> dict[str, Any]:
    """Instances that consume one unit each; `silent` ones last spoke in January."""
    rows = [
        {
            "virtualAccount": account,
            "sudi": {"udiPid": "C9300-48P", "udiSerialNumber": f"ZZA{license_[:3]}{number:04}"},
            "hostName": "",
            "displayName": f"{license_}-{number}",
            "registrationDate": "2024-01-01T00:00:00Z",
            "lastContactDate": ("2026-01-05" if state == "silent" else day) + "T00:00:00Z",
            "licenseUsage": [{"license": license_, "quantity": 1}],
            "status": "In Compliance",
        }
        for license_, account, state, numbers in groups
        for number in numbers
    ]
    return {"totalRecords": len(rows), "devices": rows}


# One licence for each cause, its change written down by hand:
#   bought       5 units more: 2 short before, 3 free after
#   expired      20 of 30 units ended on 31 August: 15 free before, 5 short after
#   transferred  4 units from North to South: 7 free and 4 short before, 3 free after
#   deployed     3 switches more on 6 units: 1 free before, 2 short after
#   removed      2 switches less on 5 units: 1 short before, 1 free after
#   cleaned      3 silent switches gone from 4 units: 2 short before, 1 free after
#   data         an account that the first export does not hold: 1 short after
BEFORE = [
    row("bought", "North", 12, lot(10)),
    row("expired", "North", 15, lot(20, end="2026-08-31"), lot(10)),
    row("transferred", "North", 3, lot(10)),
    row("transferred", "South", 4),
    row("deployed", "North", 5, lot(6)),
    row("removed", "North", 6, lot(5)),
    row("cleaned", "North", 6, lot(4)),
]
AFTER = [
    row("bought", "North", 12, lot(10), lot(5, start="2026-09-01")),
    row("expired", "North", 15, lot(10)),
    row("transferred", "North", 3, lot(6)),
    row("transferred", "South", 4, lot(4)),
    row("deployed", "North", 8, lot(6)),
    row("removed", "North", 4, lot(5)),
    row("cleaned", "North", 3, lot(4)),
    row("data", "Lab", 3, lot(2)),
]
BY_HAND = {
    "utilisation.short_units": {
        "bought": -2,
        "expired": 5,
        "transferred": -4,
        "deployed": 2,
        "removed": -1,
        "cleaned": -2,
        "data": 1,
    },
    "utilisation.over_units": {
        "bought": 3,
        "expired": -15,
        "transferred": -4,
        "deployed": -1,
        "removed": 1,
        "cleaned": 1,
    },
    "utilisation.curable_units": {"transferred": -4},
    "utilisation.licenses": {"data": 1},
}


# An agreement of 36 months whose lines count licences, the uplift between 0 and 10 %:
#   A  10.00 a month: 3 of 60 units deployed more; 360 for each
#   B  20.00 a month: 2 of 40 units removed; 720 for each
#   U  1.00 a month: 200 users, then 210; 36 for each
#   P  5.00 a month: no unit moved, and the client announces 4 units less; 180 for each
TERMS = """client = "Ash"
currency = "EUR"
as_of = 2026-10-31
[[smart_accounts]]
name = "sa1"
[[agreements]]
name = "EA"
start = 2024-02-01
end = 2027-01-31
uplift = { low = 0.00, high = 0.10 }
[[agreements.suites]]
name = "Campus"
lines = [
  { sku = "A", licenses = ["deployed"], entitled = 60, price = 10.00 },
  { sku = "B", licenses = ["removed"], entitled = 40, price = 20.00 },
  { sku = "U", metric = "user", entitled = 200, price = 1.00 },
  { sku = "P", licenses = ["planned"], entitled = 30, price = 5.00 },
]
[[sources]]
path = "users.csv"
"""
PLAN = """[[planned]]
sku = "P"
units = -4
from = 2026-12-01
why = "ward closed"
"""


def ash(folder: Path, use: tuple[int, int], *, plan: str = "") -> Path:
    put(folder, "client.toml", TERMS + plan)
    put(folder, "users.csv", "as_at,metric,count\n2026-07-31,user,200\n2026-10-31,user,210\n")
    for day, (one, two) in ((EARLIER, (60, 40)), (LATER, use)):
        rows = [row("deployed", "North", one, lot(60)), row("removed", "North", two, lot(40))]
        rows += [row("planned", "North", 30, lot(30))]
        put(folder, f"{day}/licenses.json", {"totalRecords": len(rows), "licenses": rows})
    return folder


def test_the_numbers_of_the_brief_change_line_by_line_with_a_cause_each(tmp_path: Path) -> None:
    before = cssm_lib.open_client(ash(tmp_path / "then", (60, 40)), EARLIER)
    now = cssm_lib.open_client(ash(tmp_path / "now", (63, 38), plan=PLAN), LATER)
    rows = changes(before, now, renewal="EA")
    assert_closed(rows)
    told = rows.filter(pl.col("figure") == "brief.position").sort("item")
    assert told.select("item", "cause", "change", "why").rows() == [
        ("EA / Campus / A", "deployed", 1080,
         "more use; no instance export of both days says by which instances"),
        ("EA / Campus / B", "removed", -1440,
         "less use, removed or cleaned: no instance export says which"),
        ("EA / Campus / P", "data", -720, "no unit moved; planned 0 → −4"),
        ("EA / Campus / U", "deployed", 360, "the count (user) went from 200 to 210"),
    ]  # fmt: skip
    # the opening never falls below today's quantity or the year's peak, at 10 % more; the three
    # units that A lacks are counted on top of 60 and are the year's peak as well
    assert sums(rows, "brief.ask") == {"deployed": 1584}


def test_a_line_whose_price_differs_says_so(tmp_path: Path) -> None:
    before = cssm_lib.open_client(ash(tmp_path / "then", (60, 40)), LATER)
    folder = ash(tmp_path / "now", (60, 40))
    put(folder, "client.toml", TERMS.replace("price = 20.00", "price = 21.00"))
    rows = changes(before, cssm_lib.open_client(folder, LATER), renewal="EA")
    position = rows.filter(pl.col("figure") == "brief.position")
    assert position.select("item", "cause", "change", "why").rows() == [
        ("EA / Campus / B", "data", 1440, "the price or its range differs")
    ]
    assert_closed(rows)


def test_without_money_the_numbers_change_in_units(client: Path) -> None:
    rows = changes(cssm_lib.open_client(client, EARLIER), cssm_lib.open_client(client, LATER))
    numbers = rows.filter(pl.col("page") == "00")
    assert set(numbers["figure"]) <= {
        "brief.ask_units",
        "brief.position_units",
        "brief.cured_units",
    }
    assert numbers.filter(pl.col("figure") == "brief.position_units").height
    assert_closed(rows)


def test_units_are_the_cause_of_no_more_units_than_moved() -> None:
    held = {"virtual_account": "North", "license": "A", "entitled": 9, "demand": 5}
    ages = {"virtual_account": "North", "license": "A"}
    before = tables_of(positions=[held], report_ages=[ages | {"unconfirmed_units": 500}])
    after = tables_of(
        positions=[held | {"demand": 7}], report_ages=[ages | {"unconfirmed_units": 2}]
    )
    rows = changes(before, after).filter(pl.col("figure") == "exposure.unconfirmed")
    why = "more than the units that moved here: another day, another window, late reports"
    assert rows.select("cause", "change", "why").rows() == [("data", -498, why)]


def test_single_instances_come_together_by_cause(client: Path) -> None:
    before, after = cssm_lib.open_client(client, EARLIER), cssm_lib.open_client(client, LATER)
    rows = changes(before, after).filter(pl.col("figure") == "exposure.instances")
    # five and three more on one licence, two removed, three cleaned: 16 before, 14 after
    assert rows.select("cause", "change", "item").rows() == [
        ("removed", -2, "2 instances or records"),
        ("cleaned", -3, "3 instances or records"),
        ("deployed", 3, "3 instances or records"),
    ]


@pytest.fixture
def client(tmp_path: Path) -> Path:
    folder = tmp_path / "elm"
    common = [("deployed", "North", "", range(5)), ("removed", "North", "", range(4))]
    days = {
        EARLIER: [
            *common,
            ("removed", "North", "", range(4, 6)),
            ("cleaned", "North", "", range(3)),
            ("cleaned", "North", "silent", range(3, 6)),
        ],
        LATER: [
            *common,
            ("deployed", "North", "", range(5, 8)),
            ("cleaned", "North", "", range(3)),
        ],
    }
    put(folder, "client.toml", CLIENT)
    for (day, instances), rows in zip(days.items(), (BEFORE, AFTER), strict=True):
        put(folder, f"{day}/licenses.json", {"totalRecords": len(rows), "licenses": rows})
        put(folder, f"{day}/devices.json", devices(day, *instances))
    return folder


def put(folder: Path, name: str, content: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def pack_of(answers: Answers, folder: Path, *, renewal: str | None = None) -> Path:
    """A pack without pages, as a batch leaves it."""
    day = answers.as_of and answers.as_of.isoformat()
    answers.write(folder / "tables", formats=("csv", "parquet"))
    pack = Pack(answers.name, renewal, day, "1", (), audience=answers.audience)
    write_pack(folder, pack, tables=answers, about=answers.about)
    return folder


def sums(rows: pl.DataFrame, figure: str) -> dict[str, int]:
    of_one = rows.filter(pl.col("figure") == figure).group_by("cause").agg(pl.col("change").sum())
    return {cause: int(change) for cause, change in of_one.iter_rows() if change}


def assert_closed(rows: pl.DataFrame) -> None:
    totals = rows.group_by("figure").agg(
        pl.col("change").sum(), pl.col("before", "after").first().fill_null(0)
    )
    assert totals.filter(pl.col("after") - pl.col("before") != pl.col("change")).is_empty()


# The causes


@pytest.mark.parametrize("figure", BY_HAND)
def test_causes_written_down_by_hand_are_found(client: Path, figure: str) -> None:
    rows = changes(cssm_lib.open_client(client, EARLIER), cssm_lib.open_client(client, LATER))
    assert sums(rows, figure) == BY_HAND[figure]
    assert_closed(rows)


def test_a_cause_stands_with_its_licence_and_its_evidence(client: Path) -> None:
    moved = movements(cssm_lib.open_client(client, EARLIER), cssm_lib.open_client(client, LATER))
    told = {
        (license_, account, side): (cause, units, why)
        for _, account, license_, side, cause, units, why in moved.iter_rows()
    }
    assert told == {
        ("bought", "North", "entitled"): (
            "bought",
            5,
            "lots began, the first on 2026-09-01",
        ),
        ("expired", "North", "entitled"): ("expired", -20, "lots ended, the last on 2026-08-31"),
        ("transferred", "North", "entitled"): (
            "transferred",
            -4,
            "another account of the Smart Account holds them now, or held them",
        ),
        ("transferred", "South", "entitled"): (
            "transferred",
            4,
            "another account of the Smart Account holds them now, or held them",
        ),
        ("deployed", "North", "demand"): (
            "deployed",
            3,
            "instances that were not there, or consume more",
        ),
        ("removed", "North", "demand"): (
            "removed",
            -2,
            "instances that still reported, and are gone or consume less",
        ),
        ("cleaned", "North", "demand"): (
            "cleaned",
            -3,
            "instances that had fallen silent or were retired, and are gone",
        ),
        ("data", "Lab", "entitled"): (
            "data",
            2,
            "the account is not in the previous pack's exports",
        ),
        ("data", "Lab", "demand"): (
            "data",
            3,
            "the account is not in the previous pack's exports",
        ),
    }


def test_an_instance_that_moved_is_no_deployment_and_no_removal(tmp_path: Path) -> None:
    folder = tmp_path / "elm"
    put(folder, "client.toml", CLIENT)
    for day, north in ((EARLIER, 5), (LATER, 3)):
        rows = [row("moved", "North", north, lot(4)), row("moved", "South", 5 - north, lot(1))]
        put(folder, f"{day}/licenses.json", {"totalRecords": 2, "licenses": rows})
        groups = [("moved", "North", "", range(north)), ("moved", "South", "", range(north, 5))]
        groups += [("other", "Lab", "", range(1))]  # the export shows more than one account
        put(folder, f"{day}/devices.json", devices(day, *groups))
    moved = movements(cssm_lib.open_client(folder, EARLIER), cssm_lib.open_client(folder, LATER))
    assert moved["virtual_account", "cause", "units"].rows() == [
        ("North", "transferred", -2),
        ("South", "transferred", 2),
    ]


@pytest.mark.parametrize(
    ("before", "after", "cause", "why"),
    [
        (
            {"quantity": 9, "entitled_basis": "quantity"},
            {"quantity": 5, "entitled_basis": "quantity"},
            "data",
            "undecided, ended or taken back: the export names no lots",
        ),
        (
            {"quantity": 9, "complete": True},
            {"quantity": 5, "complete": False},
            "data",
            "an export of the account is incomplete",
        ),
        (
            {"demand": 5},
            {"demand": 9},
            "deployed",
            "more use; no instance export of both days says by which instances",
        ),
        (
            {"demand": 9},
            {"demand": 5},
            "removed",
            "less use, removed or cleaned: no instance export says which",
        ),
        (
            {"demand": 9, "demand_identity": "in_use"},
            {"demand": 11, "demand_identity": "in_use + reserved"},
            "data",
            "the file proves something else of its reservations than before",
        ),
        ({"lent": 0}, {"lent": 3}, "transferred", "lending between licences, as exported"),
    ],
)
def test_where_the_evidence_does_not_decide_it_says_so(
    before: dict[str, Any], after: dict[str, Any], cause: str, why: str
) -> None:
    moved = movements(one_position(before), one_position(after))
    assert moved["cause", "why"].rows() == [(cause, why)]


def one_position(said: dict[str, Any]) -> dict[str, pl.DataFrame]:
    held = {"virtual_account": "North", "license": "A", "entitled": said.get("quantity", 5)}
    return tables_of(positions=[held | {"demand": 1, "lent": 0, "borrowed": 0} | said])


def tables_of(**rows: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
    every = {**ANSWERS, **TABLES}
    made = {
        name: every[name].shaped(pl.DataFrame(listed, infer_schema_length=None))
        for name, listed in rows.items()
        if listed
    }
    return {name: table.empty() for name, table in every.items()} | made


def test_identical_inputs_say_no_change(client: Path, tmp_path: Path) -> None:
    now = cssm_lib.open_client(client, LATER)
    pack_of(now, tmp_path / "first")
    job = job_of("Elm")
    again = compared(tmp_path / "first", job, now)
    assert again["changes"].is_empty()
    words = "No change: every headline figure is what it was in the pack as of 2026-10-31."
    assert sheet.changes(sheet.Page(again, "01")).plain == words
    without = sheet.changes(sheet.Page(now, "01")).html
    assert "A pack of an earlier run would fill it (cssm run --previous PACK" in without


class Retold(dict[str, pl.DataFrame]):
    """Tables of an answer, some of them changed, with what the answer says of its rules."""

    about: Any = None


def test_a_changed_rule_is_named_where_no_unit_moved(client: Path, tmp_path: Path) -> None:
    folder = pack_of(cssm_lib.open_client(client, LATER), tmp_path / "first")
    put(client, "client.toml", CLIENT + '[rules]\n"positions.stranded_days" = 1\n')
    now = cssm_lib.open_client(client, LATER)
    after = Retold({name: now[name] for name in [*ANSWERS, *TABLES]})
    after["positions"] = now["positions"].with_columns(stranded_units=pl.lit(3, pl.Int64))
    after.about = now.about
    rows = changes(found(folder), after)
    assert_closed(rows)
    assert set(rows["figure", "cause", "why"].rows()) == {
        ("utilisation.stranded_units", "data", "the rules differ: positions.stranded_days")
    }


# Whatever the tables: the parts add up to the whole

UNITS = st.integers(0, 60)
BASES = st.sampled_from(["lots", "quantity", "usage", None])
POSITION = st.fixed_dictionaries(
    {
        "smart_account": st.sampled_from(["sa1", None]),
        "virtual_account": st.sampled_from(["North", "South", "Süd <b>", None]),
        "license": st.sampled_from(["A", "B", "=cmd()"]),
        "entitled": UNITS,
        "demand": UNITS,
        "lent": st.integers(0, 5),
        "borrowed": st.integers(0, 5),
        "reserved": st.one_of(st.none(), st.integers(0, 9)),
        "in_use": UNITS,
        "entitled_basis": BASES,
        "demand_identity": st.sampled_from(["in_use", "unproven", None]),
        "complete": st.sampled_from([True, False, None]),
        "stranded_units": st.one_of(st.none(), UNITS),
        "snapshot_date": st.sampled_from([dt.date(2026, 7, 31), dt.date(2026, 10, 31), None]),
    }
)
POOL = st.fixed_dictionaries(
    {
        "smart_account": st.sampled_from(["sa1", None]),
        "license": st.sampled_from(["A", "B", "C"]),
        **dict.fromkeys(("short_units", "curable_units", "true_gap", "shelf_units"), UNITS),
    }
)
END = st.fixed_dictionaries(
    {
        "virtual_account": st.sampled_from(["North", "South"]),
        "license": st.sampled_from(["A", "B"]),
        "end_date": st.sampled_from([dt.date(2026, 8, 31), dt.date(2027, 3, 1)]),
        "quantity": UNITS,
        "days_left": st.integers(0, 500),
    }
)
SETS = st.fixed_dictionaries(
    {
        "positions": st.lists(
            POSITION,
            max_size=7,
            unique_by=lambda r: (r["smart_account"], r["virtual_account"], r["license"]),
        ),
        "pooled": st.lists(
            POOL, max_size=4, unique_by=lambda r: (r["smart_account"], r["license"])
        ),
        "expiries": st.lists(END, max_size=5),
        "sources": st.lists(
            st.fixed_dictionaries({"source": st.sampled_from(["a", "b", "c"])}), max_size=4
        ),
    }
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SETS, SETS)
def test_the_causes_always_add_up_to_the_difference(one: Any, two: Any) -> None:
    before, after = tables_of(**one), tables_of(**two)
    rows = changes(before, after)
    assert_closed(rows)
    differing = {name for name, (one, two) in figures(before, after).items() if one != two}
    assert differing <= set(rows["figure"])
    assert rows["cause"].null_count() == 0
    assert rows["why"].null_count() == 0
    moved = movements(before, after)
    for side in ("entitled", "demand", "lent", "borrowed"):
        difference = after["positions"][side].sum() - before["positions"][side].sum()
        assert moved.filter(pl.col("side") == side)["units"].sum() == difference


def figures(*sets: Any) -> dict[str, list[Any]]:
    from cssm_lib.pages.figures import FIGURES, HEADLINES
    from cssm_lib.schema.aggregates import value_of

    names = [name for listed in HEADLINES.values() for name in listed]
    hows = {name: FIGURES[name] for name in names}
    return {
        name: [
            value_of(s[how.table], column=how.column, aggregate=how.aggregate, where=how.where) or 0
            for s in sets
        ]
        for name, how in hows.items()
    }


def test_money_closes_to_the_cent() -> None:
    from cssm_lib.pages.changes.differences import Pair, _parts
    from cssm_lib.pages.facts import Figure

    figure = Figure("net", "Net", "true_forward", "net", where="reading = 'contract'")
    line = {"agreement": "EA", "suite": "S", "sku": "L", "event_date": dt.date(2027, 2, 1)}
    before = tables_of(true_forward=[line | {"reading": "contract", "net": Decimal("0.10")}])
    after = tables_of(true_forward=[line | {"reading": "contract", "net": Decimal("0.30")}])
    rows = _parts(Pair(before, after), figure)
    assert rows["change"].to_list() == [Decimal("0.200000")]
    assert rows["item"].to_list() == ["EA / S / L / 2027-02-01 / contract"]


def test_a_tables_own_cause_is_no_cause_of_a_change() -> None:
    """Keys of other pages hold columns called cause, change and part."""
    from cssm_lib.pages.changes.differences import Pair, _parts
    from cssm_lib.pages.facts import Figure

    group = {"cause": "an upgrade", "change": "Essentials → Advantage", "family": "C9300"}
    after = tables_of(drift_groups=[group | {"virtual_account": "North", "devices": 3}])
    rows = _parts(Pair(tables_of(), after), Figure("d", "D", "drift_groups", "devices"))
    assert rows["cause"].to_list() == ["data"]
    assert rows["change"].to_list() == [Decimal(3)]
    pool = {"smart_account": "sa1", "ladder": "C9300", "part": "add-on", "tier": "A", "short": 2}
    after = tables_of(tier_pools=[pool])
    rows = _parts(Pair(tables_of(), after), Figure("s", "S", "tier_pools", "short"))
    assert rows["change"].to_list() == [Decimal(2)]


# Packs that are refused


def job_of(client: str, renewal: str | None = None) -> Any:
    from cssm_lib.batch import Job

    return Job(Path("elm"), client, renewal)


@pytest.fixture
def earlier(client: Path, tmp_path: Path) -> Path:
    """OUT with one pack, of July."""
    out = tmp_path / "out"
    pack_of(cssm_lib.open_client(client, EARLIER), out / "Elm" / "estate" / EARLIER)
    return out


def found(given: Path, **more: Any) -> Any:
    asked = {"client": "Elm", "renewal": None, "as_of": dt.date(2026, 10, 31)} | more
    return find_previous(given, **asked)


def test_a_pack_is_found_by_itself_and_in_its_out(earlier: Path, client: Path) -> None:
    by_itself = found(earlier / "Elm" / "estate" / EARLIER)
    assert found(earlier).digest == by_itself.digest
    assert by_itself["positions"].equals(cssm_lib.open_client(client, EARLIER)["positions"])
    pack_of(cssm_lib.open_client(client, LATER), earlier / "Elm" / "estate" / LATER)
    assert found(earlier).manifest["as_of"] == EARLIER
    assert found(earlier, client="Another") is None
    assert str(earlier) not in json.dumps(by_itself.about)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"client": "Oak"}, "the pack of Elm / whole estate, not of Oak / whole estate; give one"),
        ({"renewal": "EA"}, "the pack of Elm / whole estate, not of Elm / EA; give one of Elm"),
        ({"as_of": dt.date(2026, 6, 30)}, "as of 2026-07-31, newer than this pack (2026-06-30)"),
        ({"as_of": None}, "one of the two packs has no day, so nobody can tell which is the"),
    ],
)
def test_a_pack_of_something_else_is_refused(
    earlier: Path, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParameterError) as fault:
        found(earlier / "Elm" / "estate" / EARLIER, **more)
    assert str(fault.value).startswith("--previous 2026-07-31: ")
    assert said in str(fault.value)


def test_namesakes_in_an_out_are_told_apart(earlier: Path) -> None:
    shutil.copytree(earlier / "Elm", earlier / "Elm (b)")
    with pytest.raises(
        ParameterError, match=r"several clients are called 'Elm' \(Elm, Elm \(b\)\)"
    ):
        found(earlier)


def test_only_newer_packs_in_an_out_are_refused(earlier: Path) -> None:
    with pytest.raises(ParameterError, match="newer than this pack"):
        found(earlier, as_of=dt.date(2026, 6, 30))


def test_a_folder_without_packs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(ParameterError, match="--previous none: neither a pack"):
        found(tmp_path / "none")


def test_a_pack_for_the_vendor_is_refused(client: Path, tmp_path: Path) -> None:
    answers = cssm_lib.open_client(client, EARLIER, audience="vendor")
    pack_of(answers, tmp_path / "given")
    with pytest.raises(ParameterError, match="a pack for the vendor, which lacks tables"):
        found(tmp_path / "given")


@pytest.mark.parametrize(
    ("file", "deed", "said"),
    [
        ("tables/positions.parquet", "alter", "is not what its manifest says: altered or broken"),
        ("tables/source/lots.parquet", "drop", "is missing: altered or broken"),
        ("facts.json", "alter", "is not what its manifest says"),
        (MANIFEST, "alter", "no manifest of a pack that can be compared with"),
        (MANIFEST, "empty", "no manifest of a pack that can be compared with"),
    ],
)
def test_a_broken_or_altered_pack_is_refused(
    earlier: Path, file: str, deed: str, said: str
) -> None:
    folder = earlier / "Elm" / "estate" / EARLIER
    path = folder / file
    if deed == "drop":
        path.unlink()
    else:
        path.write_bytes(b"{}" if deed == "empty" else path.read_bytes()[:-3])
    with pytest.raises(InputError) as fault:
        found(folder)
    assert said in str(fault.value)
    assert "make it again with `cssm run`" in str(fault.value)


def test_a_manifest_cannot_lead_out_of_its_pack(earlier: Path, tmp_path: Path) -> None:
    folder = earlier / "Elm" / "estate" / EARLIER
    said = json.loads((folder / MANIFEST).read_text())
    said["files"] |= {"../../../../elm/client.toml": "x"}
    (folder / MANIFEST).write_text(json.dumps(said))
    with pytest.raises(InputError, match="altered or broken"):
        found(folder)


# The answers of a pack with a previous one


def test_the_key_of_every_page_holds_the_previous_pack(earlier: Path, client: Path) -> None:
    now = cssm_lib.open_client(client, LATER)
    with_it = compared(earlier, job_of("Elm"), now)
    assert with_it.about["key"] != now.about["key"]
    assert with_it.about["previous"]["as_of"] == EARLIER
    digest = with_it.about["previous"]["digest"]
    opened = cssm_lib.open_client(client, LATER, previous=digest)
    assert opened["changes"].equals(with_it["changes"])
    assert opened.about == with_it.about
    assert opened["changes"].height > 0
    assert now["changes"].is_empty()
    with pytest.raises(InputError, match="no comparison with the pack abc is kept"):
        cssm_lib.open_client(client, LATER, previous="abc")


@pytest.mark.xdist_group("kernels")
def test_equal_inputs_and_an_equal_previous_pack_give_equal_bytes(
    client: Path, tmp_path: Path, cssm: Any, tree: Any
) -> None:
    put(client, "client.toml", CLIENT.replace("sa1", "elm.example"))
    first = ("--as-of", EARLIER, "--out", tmp_path / "old", "--only", "00")
    assert cssm("run", client, *first).returncode == 0
    shutil.copytree(tmp_path / "old", tmp_path / "copy")
    runs = [("one", "old"), ("two", "copy")]
    for out, previous in runs:
        given = ("--previous", tmp_path / previous, "--only", "00")
        done = cssm("run", client, "--as-of", LATER, "--out", tmp_path / out, *given)
        assert done.returncode == 0, done.stderr
    trees = [tree(tmp_path / out) for out, _ in runs]
    assert trees[0] == trees[1]
    pack = tmp_path / "one/Elm/estate" / LATER
    assert runpy.run_path(str(Path(__file__).with_name("proof.py")))["faults"](pack) == []
    html = (pack / "00_renewal_brief.html").read_text("utf-8")
    head, _, screen = html.partition("What changed since the last pack</h2>")
    assert "<b>Since the pack as of 2026-07-31.</b>" in head
    assert 'data-table="changes"' in head
    assert screen.count('data-table="changes"') == 2
    told = json.loads((pack / MANIFEST).read_text())
    assert told["previous"]["as_of"] == EARLIER
    assert told["tables"]["changes"] > 0
