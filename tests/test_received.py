"""What a client is asked for: it follows from what is there, never from a constant list."""

from __future__ import annotations

import datetime as dt
import json
import re
import runpy
from pathlib import Path

import polars as pl
import pytest

import cssm_lib
from cssm_lib.pages import header
from cssm_lib.pages.requests import request_sheet
from cssm_lib.pages.sheet import Page
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS

stand_in = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))
CONFIG = 'client = "Elm"\nas_of = 2026-10-31\n'
ACCOUNT = '[[smart_accounts]]\nname = "elm.example"\n'
AGREEMENT = """
[[agreements]]
name = "EA"
start = 2025-11-01
end = 2028-10-31
[[agreements.suites]]
name = "S"
lines = [
  { sku = "A", licenses = ["C9300*"], entitled = 5, price = 1.00 },
  { sku = "U", metric = "User", entitled = 5 },
]
"""
MONTHS = [f"2025-{month:02}-28" for month in (10, 11, 12)]
MONTHS += [f"2026-{month:02}-28" for month in range(1, 11)]


def licence(name="C9300 DNA Advantage", quantity=5, used=3, **more):
    lot = {"licenseType": "TERM", "quantity": quantity, "status": "ACTIVE"}
    lot |= {"startDate": "2024-01-01", "endDate": "2028-12-31"}
    row = {"license": name, "virtualAccount": "HQ", "quantity": quantity, "inUse": used}
    row |= {"available": quantity - used, "reserved": 0, "billingType": "PREPAID"}
    return row | {"licenseDetails": [lot], "licenseSubstitutions": []} | more


def licenses(*rows, total=None):
    rows = list(rows or [licence()])
    return json.dumps({"totalRecords": total or len(rows), "licenses": rows})


def devices(count=2, contact="2026-10-20T00:00:00Z", license_="C9300 DNA Advantage", **sudi):
    found = [
        {"hostName": f"sw-{n}", "virtualAccount": "HQ", "lastContactDate": contact}
        | {"sudi": {"udiPid": "C9300-24T", "udiSerialNumber": f"ZZE{n}"} | sudi}
        | {"licenseUsage": [{"license": license_, "quantity": 1}] if license_ else []}
        for n in range(count)
    ]
    return json.dumps({"totalRecords": count, "devices": found})


def history(*left_out):
    days = [day for day in MONTHS if day not in left_out]
    return {f"{day}/licenses.json": licenses() for day in days}


@pytest.fixture
def asked(tmp_path):
    """The requests of a client with these files: (request, state) → the row."""

    def of(files, config=CONFIG + ACCOUNT, as_of=None):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        (tmp_path / "client.toml").write_text(config)
        rows = cssm_lib.open_client(tmp_path, as_of)["data_requests"].to_dicts()
        assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
        return {(row["request"], row["state"]): row for row in rows}

    return of


def test_an_account_without_any_export_is_asked_for_by_name(asked):
    config = CONFIG + ACCOUNT + ACCOUNT.replace("elm", "oak")
    rows = asked(history(), config + '[[sources]]\npath = "*"\nsmart_account = "elm.example"\n')
    row = rows["licences", "missing"]
    assert (row["concerns"], row["found"]) == ("oak.example", "no licence export of this account")
    assert "`POST v1/accounts/oak.example/licenses`" in row["take"]
    assert rows["instances", "missing"]["found"] == "3 units in use and no product instance"


def test_what_is_there_and_fresh_is_not_asked_for(asked):
    rows = asked(history() | {"2026-10-28/devices.json": devices()})
    assert {name for name, _ in rows} == {
        *("event_log", "captures", "configurations", "inventory", "terms"),
        *("catalyst_center", "lifecycle"),
    }


def test_a_missing_page_names_the_day_and_both_counts(asked):
    rows = asked(history() | {"2026-03-28/licenses.json": licenses(total=3)})
    row = rows["licences", "partial"]
    assert row["found"] == "1 of 3 records on 2026-03-28"
    assert row["files"] == "2026-03-28/licenses.json"


def test_an_old_export_says_how_old(asked):
    row = asked({"2026-09-30/licenses.json": licenses()})["licences", "old"]
    assert row["found"] == "the newest shows 2026-09-30, 31 days before 2026-10-31"
    assert ("licences", "old") not in asked({"2026-10-01/licenses.json": licenses()})


def test_an_old_copy_is_asked_to_be_synchronised(asked):
    text = "Last Synchronized,License,Virtual Account,Purchased,In Use,Balance\n"
    text += "2026-08-01,A,HQ,5,3,2\n"
    rows = asked({"on_prem_2026-10-20.csv": text})
    assert rows["on_prem", "old"]["found"] == (
        "the copy was last synchronised on 2026-08-01, 91 days before 2026-10-31"
    )
    assert ("licences", "old") not in rows


def test_an_export_after_as_of_is_not_there_yet(asked):
    files = {"2026-08-31/licenses.json": licenses(), "2026-10-31/licenses.json": licenses()}
    assert ("licences", "old") not in asked(files)
    assert ("licences", "old") in asked(files, as_of="2026-10-15")


def test_gaps_and_a_late_beginning_of_the_history(asked):
    rows = asked(history("2026-02-28", "2026-03-28"))
    assert rows["history", "gap"]["found"] == "no export from 2026-01-28 to 2026-04-28"
    assert ("history", "partial") not in rows


def test_a_history_that_begins_late(asked):
    rows = asked({f"{day}/licenses.json": licenses() for day in MONTHS[-3:]})
    assert rows["history", "partial"]["found"] == (
        "the first export shows 2026-08-28; the year before 2026-10-31 begins on 2025-10-31"
    )


def test_no_day_at_all(asked):
    rows = asked({"licenses.json": licenses(), "records.csv": "name,serial,site\nx,ZZ1,HQ\n"})
    assert rows["licences", "undated"]["found"] == "1 file without a day in content or name"
    assert rows["inventory", "undated"]["files"] == "records.csv"


def test_rows_with_days_of_their_own_are_dated(asked):
    text = "As of,License,Virtual Account,Purchased,In Use,Balance\n"
    text += "2026-09-30,A,HQ,5,3,2\n2026-10-31,A,HQ,5,3,2\n"
    assert ("licences", "undated") not in asked({"licenses.csv": text})


def test_an_inventory_cut_at_ten_thousand_rows(asked):
    lines = "".join(f"sw-{n},ZZ{n:05},HQ\n" for n in range(10_000))
    rows = asked({"cmdb_2026-10-31.csv": "name,serial_number,location\n" + lines})
    assert rows["inventory", "truncated"]["found"] == (
        "exactly 10,000 records: the export may have stopped there"
    )


def test_an_inventory_without_serials_cannot_be_matched(asked):
    files = {"2026-10-31/licenses.json": licenses(), "2026-10-31/devices.json": devices()}
    text = "Name,Status,Site,Type\nsw-1,Active,HQ,C9300\n"
    assert asked(files | {"2026-10-31/netbox.csv": text})["inventory", "partial"]["found"] == (
        "1 record, none with a serial number"
    )


def test_what_could_not_be_read(asked):
    text = "License,Virtual Account,Purchased,In Use,Balance\n"
    text += "A,HQ,5,3,2\n" * 60 + "B,HQ,5,many,2\n"
    rows = asked({"licenses_2026-10-31.csv": text, "holiday.pdf": b"%PDF-1.7"})
    found = {name: row["found"] for (name, state), row in rows.items() if state == "unread"}
    assert found == {
        "unread": "1 file not recognised",
        "licences": "1 of 61 records not used, such as in_use: not a whole number",
    }


def test_lots_that_do_not_explain_the_quantity(asked):
    bare = licence("B", licenseDetails=[])
    rows = asked({"2026-10-31/licenses.json": licenses(licence(), bare)})
    assert rows["lots", "partial"]["found"] == (
        "1 of 2 positions: no lots, or lots that do not sum to the quantity: B"
    )


def test_a_shortage_on_the_screens_export_asks_for_the_lending(asked):
    text = "License,Virtual Account,Purchased,In Use,Balance\nA,HQ,5,7,(2)\n"
    rows = asked({"licenses_2026-10-31.csv": text})
    assert rows["lending", "missing"]["found"] == (
        "1 position short, and the export prints no lending"
    )
    assert rows["lots", "missing"]["found"].startswith("1 of 1 position: no lots")


def test_reservations_that_the_file_does_not_explain(asked):
    row = licence(used=3) | {"reserved": 2, "available": 7}
    rows = asked({"2026-10-31/licenses.json": licenses(row)})
    assert rows["reservations", "unproven"]["found"] == (
        "2 units reserved: beside the use or part of it? C9300 DNA Advantage"
    )


def test_instances_without_what_they_consume(asked):
    files = {"2026-10-31/licenses.json": licenses()}
    rows = asked(files | {"2026-10-31/devices.json": devices(2, license_=None)})
    assert rows["consumption", "missing"]["found"] == (
        "2 product instances without what they consume"
    )


def test_silent_instances_are_asked_for_their_reports(asked):
    files = {"2026-10-31/licenses.json": licenses()}
    rows = asked(files | {"2026-10-31/devices.json": devices(3, "2026-08-01T23:59:59Z")})
    assert rows["rum", "missing"]["found"] == (
        "3 of 3 product instances silent for more than 90 days before 2026-10-31"
    )
    rows = asked({"2026-10-31/devices.json": devices(3, "2026-08-02T00:00:00Z")})
    assert ("rum", "missing") not in rows


def test_devices_that_speak_for_themselves_are_not_asked_again(asked):
    capture = "sw-0#show license udi\nUDI: PID:C9300-24T,SN:zze0\n"
    files = {"2026-10-31/licenses.json": licenses(), "2026-10-31/devices.json": devices(3)}
    row = asked(files | {"captures/2026-10-31/a.txt": capture})["captures", "partial"]
    assert row["found"] == "2 of 3 product instances without a word of their own"


def test_an_agreement_lacks_prices_counts_milestones_and_the_vendors_papers(asked):
    config = CONFIG.replace("2026-10-31", "2027-10-31") + ACCOUNT + AGREEMENT
    rows = asked({"2027-10-30/licenses.json": licenses()}, config)
    assert rows["terms", "partial"]["found"] == "1 of 2 lines without a price"
    assert rows["user_counts", "missing"]["concerns"] == "user"
    assert rows["history", "missing"]["found"] == (
        "no whole licence export in the 35 days up to 2026-11-01"
    )
    assert rows["true_forward_report", "missing"]["found"] == "passed: 2026-11-01"
    assert rows["ea_report", "missing"]["concerns"] == "EA"
    assert ("quote", "missing") not in rows  # 366 days to its end
    day_after = asked({}, config, as_of="2027-11-01")
    assert day_after["quote", "missing"]["found"] == (
        "it ends on 2028-10-31, in 365 days, and no quote is there"
    )


def test_counts_are_asked_for_when_old_and_not_when_there(asked):
    config = CONFIG + ACCOUNT + AGREEMENT
    files = {"2026-10-31/licenses.json": licenses()}
    rows = asked(files | {"users.csv": "as_at,metric,count\n2026-05-01,USER,4\n"}, config)
    assert rows["user_counts", "old"]["found"] == (
        "the newest is of 2026-05-01, 183 days before 2026-10-31"
    )
    rows = asked({"users.csv": "as_at,metric,count\n2026-10-31,USER,4\n"}, config)
    assert not [name for name, _ in rows if name == "user_counts"]


def test_meraki_devices_ask_for_their_licences(asked):
    text = "name,serial_number,location\nap,Q2AA-BB11-CC22,HQ\n"
    rows = asked({"2026-10-31/cmdb.csv": text})
    assert rows["meraki", "missing"]["found"] == "1 Meraki device, no licence"


def test_a_reseller_is_asked_for_the_account_that_it_holds(asked):
    held = ACCOUNT + 'held_by = "reseller"\n'
    row = asked({"2026-09-01/licenses.json": licenses()}, CONFIG + held)["licences", "old"]
    assert row["who"] == "Reseller that holds elm.example"


def test_without_a_day_nothing_is_called_old(asked):
    rows = asked({"licenses.json": licenses()}, 'client = "Elm"\n')
    assert {state for _, state in rows} == {"undated", "missing"}
    assert rows["instances", "missing"]["concerns"] is None
    assert "<Smart Account domain>" in rows["instances", "missing"]["take"]


def test_each_request_of_the_rule_pack_says_all_of_it():
    entries = {
        path: rule
        for path, rule in load_rules().entries.items()
        if path.startswith("requests.") and isinstance(rule.value, dict)
    }
    assert len(entries) >= 20
    for path, rule in entries.items():
        said = rule.value
        assert set(said) == {"export", "who", "take", "proves", "waits"}, path
        assert all(said.values()), path
        assert rule.source, path
        assert all("; " not in step and step.count("`") % 2 == 0 for step in said["take"]), path


def test_the_sheet_shows_commands_as_such_and_text_of_files_as_text():
    hostile = stand_in["HOSTILE"]
    row = {"number": 1, "request": "licences", "export": "Licences", "concerns": hostile}
    row |= {"state": "old", "found": hostile, "who": "Viewer", "take": f"`show x`; {hostile}"}
    row |= {"proves": "p", "waits": "w", "files": hostile}
    frame = ANSWERS["data_requests"].shaped(pl.DataFrame([row]))
    page = Page(stand_in["StandIn"]({"data_requests": frame}), "06")
    html = request_sheet(page).html
    assert "<code>show x</code>" in html
    assert "<img" not in html
    assert html.count("<section>") == 1


def test_nothing_to_ask_for_says_so():
    page = Page(stand_in["StandIn"]({}), "06")
    assert "Nothing is asked for" in request_sheet(page).html


def test_the_sheet_stands_in_workbook_and_tables():
    from cssm_lib.pages.pack.workbook import sheet_names

    assert "data_requests" in sheet_names()


def test_as_of_moves_the_age_only(asked):
    rows = asked({"2026-09-30/licenses.json": licenses()}, as_of=dt.date(2026, 10, 30))
    assert ("licences", "old") not in rows


def test_one_file_is_one_file(asked, tmp_path):
    asked({"licenses.json": licenses()}, 'client = "Elm"\n')
    html = header.header(Page(cssm_lib.open_client(tmp_path), "06")).html
    words = re.sub("<[^>]+>", "", html)
    assert "1 file used (licenses 1)" in words
    assert "No day in the file, so that nothing of it can be shown over time: 1 file." in words
    assert "1 files" not in words
