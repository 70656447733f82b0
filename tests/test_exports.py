"""Several files of one day, end to end: what they tell together, and what one takes away."""

import json
from decimal import Decimal

import polars as pl
import pytest

import cssm_lib

LOT = {
    "licenseType": "TERM",
    "status": "ACTIVE",
    "startDate": "2023-01-01",
    "endDate": "2029-12-31",
}


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("CSSM_CACHE", str(tmp_path / "store"))


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "elm"
    place.mkdir()
    put(place, "client.toml", 'client = "Elm"\n[[smart_accounts]]\nname = "sa1"\n')
    return place


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def lic(name, account, quantity, in_use, **more):
    row = {
        "license": name,
        "virtualAccount": account,
        "quantity": quantity,
        "inUse": in_use,
        "reserved": 0,
        "available": quantity - in_use,
        "billingType": "PREPAID",
        "licenseDetails": [LOT | {"quantity": quantity}],
        "licenseSubstitutions": [],
    }
    return row | more


def doc(*rows, total=None):
    return {"totalRecords": len(rows) if total is None else total, "licenses": list(rows)}


def walk(*rows):
    return [{"accountDomain": "sa1", "roles": [{"role": "User", "licenses": list(rows)}]}]


def pooled(folder, as_of=None):
    rows = cssm_lib.open_client(folder, as_of).pooled
    return {row["license"]: row for row in rows.to_dicts()}


def adds_up(answers):
    records = answers.records
    return (records["records"] == records["used"] + records["rejected"] + records["repeated"]).all()


def test_a_summary_without_account_is_not_added_to_the_accounts(folder):
    put(folder, "2026-10-01/l.json", doc(lic("A", "V1", 10, 4), lic("A", "V2", 10, 4)))
    told = {"display_name": "A", "prepaid_entitled": 10, "prepaid_inuse": 4, "prepaid_reserved": 0}
    put(folder, "2026-10-01/s.json", {"status": "SUCCESS", "summary": [told]})
    answers = cssm_lib.open_client(folder)
    assert answers.positions["virtual_account"].to_list() == ["V1", "V2"]
    assert pooled(folder)["A"]["entitled"] == 20
    assert adds_up(answers)


def test_a_csv_without_accounts_is_not_added_to_the_accounts(folder):
    put(folder, "2026-10-01/l.json", doc(lic("A", "V1", 10, 4), lic("A", "V2", 10, 5)))
    put(folder, "2026-10-01/l.csv", "License,Quantity,In Use,Balance\nA,20,9,11\nOnly here,3,1,2\n")
    found = pooled(folder)
    assert (found["A"]["entitled"], found["A"]["demand"]) == (20, 9)
    assert found["Only here"]["entitled"] == 3


def test_single_account_exports_do_not_make_a_view_of_the_whole(folder):
    put(folder, "v1-2025-01-31.json", doc(lic("A", "V1", 1000, 500)))
    put(folder, "v2-2025-01-31.json", doc(lic("A", "V2", 10, 500)))
    put(folder, "v3-2025-01-30.json", doc(lic("A", "V3", 10, 180)))
    answers = cssm_lib.open_client(folder, "2025-02-01")
    assert answers.positions["virtual_account"].to_list() == ["V1", "V2", "V3"]
    assert pooled(folder, "2025-02-01")["A"]["demand"] == 1180
    wide = doc(lic("A", "V1", 1000, 500), lic("A", "V2", 10, 500))
    put(folder, "v1-2025-01-31.json", wide)
    (folder / "v2-2025-01-31.json").unlink()
    assert pooled(folder, "2025-02-01")["A"]["demand"] == 1000


def test_one_contradiction_takes_one_row_and_says_so(folder):
    rows = [lic(f"L{n}", "V1", 10, 3) for n in range(20)]
    put(folder, "l-2026-10-01.json", doc(*rows))
    put(folder, "w-2026-10-01.json", walk(*rows[1:], lic("L0", "V1", 10, 4)))
    answers = cssm_lib.open_client(folder)
    assert answers.positions.height == 19
    assert not answers.positions["complete"].any()
    said = answers.notes.filter(pl.col("about") == "l-2026-10-01.json")["note"].to_list()
    assert any("quantity 10, in use 3" in note and "in use 4" in note for note in said)
    assert adds_up(answers)


def test_a_file_that_is_set_aside_contradicts_nothing(folder):
    good = [lic(f"L{n}", "V1", 10, 3) for n in range(20)]
    broken = [lic(f"X{n}", "V1", 10, 3) | {"quantity": "many"} for n in range(10)]
    put(folder, "a-2026-10-01.json", doc(*good))
    put(folder, "b-2026-10-01.json", doc(*broken, *[row | {"inUse": 9} for row in good[:10]]))
    answers = cssm_lib.open_client(folder)
    assert answers.positions.height == 20
    problem = answers.sources.filter(pl.col("source") == "b-2026-10-01.json")["problem"].item()
    assert "set aside: " in problem
    assert "b-2026-10-01.json" in answers.notes["about"].to_list()
    assert adds_up(answers)


def test_later_snapshots_change_nothing_at_as_of(folder):
    put(folder, "2026-01-10/l.json", doc(*[lic("A", va, 1, 1) for va in ("V1", "V2", "V3")]))
    put(folder, "2026-02-01/l.json", doc(*[lic("A", va, 1, 1) for va in ("V1", "V2")]))
    before = cssm_lib.open_client(folder, "2026-02-15")
    tables = {name: before[name] for name in ("positions", "pooled", "pool_days")}
    put(folder, "2026-03-01/l.json", doc(*[lic("A", va, 1, 1) for va in ("V1", "V3")]))
    after = cssm_lib.open_client(folder, "2026-02-15")
    for name, table in tables.items():
        assert after[name].equals(table), name
    assert pooled(folder, "2026-02-15")["A"]["demand"] == 2


AGREEMENT = """client = "Elm"
currency = "EUR"
[[smart_accounts]]
name = "sa1"
[[agreements]]
name = "EA"
start = 2024-02-01
end = 2027-01-31
[[agreements.suites]]
name = "S"
lines = [
  { sku = "A", licenses = ["A"], entitled = 1000, price = 10.00 },
  { sku = "B", licenses = ["B"], entitled = 400, price = 4.00 },
]
"""


def test_a_line_of_which_nothing_is_held_is_measured_as_zero(folder):
    put(folder, "client.toml", AGREEMENT)
    put(folder, "2025-02-01/l.json", doc(lic("A", "V1", 1000, 1180)))
    answers = cssm_lib.open_client(folder, "2025-06-01")
    own = answers.true_forward.filter(pl.col("reading") == "contract")
    event = own.filter(pl.col("event_date") == pl.date(2025, 2, 1))
    assert event["measured"].to_list() == [Decimal(1180), Decimal(0)]
    assert event["credit"].to_list() == [Decimal(38400), Decimal(0)]
    assert event["net"].to_list() == [Decimal(4800), Decimal(0)]
    assert "EA / S / B" in answers.notes["about"].to_list()


def test_a_start_on_a_leap_day_has_no_event_on_the_last_day(folder):
    text = AGREEMENT.replace("2024-02-01", "2024-02-29").replace("2027-01-31", "2027-02-28")
    put(folder, "client.toml", text)
    put(folder, "2026-10-31/l.json", doc(lic("A", "V1", 1000, 1180)))
    events = cssm_lib.open_client(folder).true_forward.filter(pl.col("reading") == "contract")
    days = events["event_date"].unique().sort()
    assert [day.isoformat() for day in days] == ["2025-02-28", "2026-02-28"]


def test_usage_billed_use_told_by_a_csv_without_billing_is_no_gap(folder):
    put(folder, "2026-10-01/l.json", doc(lic("A", "V1", 0, 6, billingType="USAGE")))
    put(
        folder, "2026-10-01/l.csv", "License,Virtual Account,Quantity,In Use,Balance\nA,V1,0,6,-6\n"
    )
    row = cssm_lib.open_client(folder).positions.row(0, named=True)
    assert (row["in_use"], row["usage_billed"], row["demand"], row["balance"]) == (6, 6, 0, 0)


def test_two_spellings_of_two_exports_count_once(folder):
    put(folder, "2026-10-01/l.json", doc(lic("A ", "V1", 10, 4)))
    put(folder, "2026-10-01/w.json", walk(lic("A", "V1", 10, 4)))
    assert pooled(folder)["A"]["quantity"] == 10


def test_a_licence_listed_on_two_pages_adds_up(folder):
    put(folder, "2026-10-01/p1.json", doc(lic("A", "V1", 10, 4), total=2))
    put(folder, "2026-10-01/p2.json", doc(lic("A", "V1", 5, 1), total=2))
    assert (pooled(folder)["A"]["quantity"], pooled(folder)["A"]["in_use"]) == (15, 5)


@pytest.mark.parametrize("paged", [False, True])
def test_the_identity_of_demand_does_not_depend_on_the_page_break(folder, paged):
    rows = [
        lic("A", "V1", 10, 8, reserved=3, available=2),
        lic("B", "V1", 10, 5, reserved=4, available=3),
    ]
    pages = [doc(row, total=2) for row in rows] if paged else [doc(*rows)]
    for number, content in enumerate(pages):
        put(folder, f"2026-10-01/p{number}.json", content)
    positions = cssm_lib.open_client(folder).positions
    assert positions["demand_identity"].to_list() == ["unproven"] * 2
    assert positions["demand"].to_list() == [11, 9]


def test_equal_lots_on_two_pages_of_subscriptions_are_two(folder):
    lot = {"license": "A", "quantity": 3, "virtualAccount": "V1", "status": "ACTIVE"}
    lot |= {"startDate": "2023-01-01", "endDate": "2029-12-31", "subscriptionId": None}
    for number in (1, 2):
        page = {"totalRecords": 2, "licenseSubscriptions": [lot], "statusMessage": f"p{number}"}
        put(folder, f"2026-10-01/s{number}.json", page)
    put(folder, "2026-10-01/l.json", doc(lic("A", "V1", 6, 1, licenseDetails=[])))
    answers = cssm_lib.open_client(folder)
    assert answers.lots.height == 2
    assert answers.expiries["quantity"].to_list() == [6]
    assert answers.positions["entitled_basis"].to_list() == ["lots"]


def test_an_instance_on_two_pages_counts_once_with_its_newest_contact(folder):
    def instance(contact):
        return {
            "licenseUsage": [{"license": "A", "quantity": 1}],
            "sudi": {"udiPid": "C9300", "udiSerialNumber": "XXX2507A01B"},
            "virtualAccount": "V1",
            "lastContactDate": contact,
            "status": "In Compliance",
        }

    put(folder, "2026-10-01/l.json", doc(lic("A", "V1", 6, 1)))
    days = ("2026-09-30T01:00:00Z", "2026-10-01T01:00:00Z")
    for number, day in enumerate(days):
        page = {"totalRecords": 2, "devices": [instance(day)]}
        put(folder, f"2026-10-01/d{number}.json", page)
    answers = cssm_lib.open_client(folder)
    assert answers.instance_check["unexplained"].to_list() == [0]
    assert answers.devices["last_contact"].dt.day().to_list() == [1]


def test_a_truncated_export_says_how_many_licences_are_there(folder):
    put(folder, "2026-10-01/l.json", doc(*[lic(f"L{n}", "V1", 1, 1) for n in range(50)], total=80))
    notes = cssm_lib.open_client(folder).notes["note"].to_list()
    assert any(note.startswith("there: 50 of 80 records;") for note in notes)


def test_lots_of_undated_files_that_are_over_are_no_expiries(folder):
    over = LOT | {"quantity": 5, "startDate": "2020-01-01", "endDate": "2021-01-01"}
    later = LOT | {"quantity": 5}
    put(folder, "l.json", doc(lic("A", "V1", 10, 1, licenseDetails=[over, later])))
    expiries = cssm_lib.open_client(folder, "2026-10-01").expiries
    assert expiries["end_date"].cast(str).to_list() == ["2029-12-31"]
