"""Tables from CSV: transactions, event logs, the vendor's reports, copies, and the mapping."""

import datetime as dt
import tomllib

import polars as pl
import pytest

from cssm_lib.clean import clean
from cssm_lib.client import load_client
from cssm_lib.read import Hint, proposal, read_file
from cssm_lib.rules import load_rules

RULES = load_rules()


def read(text, name="a.csv", hint=None, encoding="utf-8"):
    data = text.encode(encoding)
    return read_file(name, name=name, rules=RULES, hint=hint or Hint(), data=data)


def cleaned(reading):
    source = reading.source
    assert source.problem is None
    missing = RULES["words.missing"]
    found = clean(
        reading.tables, name=source.source, missing=missing, date_format=source.date_format
    )
    for table, text in reading.tables.items():
        rejected = found.rejects.filter(pl.col("table") == table).height
        assert found.tables[table].height + rejected == text.height, table
    return found


def rows(reading, table, *columns):
    return cleaned(reading).tables[table].select(columns).rows()


# ---- licences with their transactions, subscriptions --------------------------------------------


def test_transactions_are_lots_of_the_licence_above_them():
    reading = read(
        "License,Virtual Account,Purchased,In Use,Balance,Product SKU,Quantity Purchased,"
        "Expiration Date\n"
        "A,HQ,15,3,12,,,\n,,,,,SKU1,10,2027-01-31\n,,-,-,,SKU2,5,\nB,Lab,1,1,0,,,\n"
    )
    assert rows(reading, "usage", "license", "quantity", "place") == [
        ("A", 15, "row 2"),
        ("B", 1, "row 5"),
    ]
    assert rows(reading, "lots", "virtual_account", "license", "quantity", "end_date", "sku") == [
        ("HQ", "A", 10, dt.date(2027, 1, 31), "SKU1"),
        ("HQ", "A", 5, None, "SKU2"),
    ]
    assert reading.source.notes == ("read as lots of the licence above: 2 transaction rows",)


def test_transactions_of_a_rejected_licence_fall_with_it():
    reading = read(
        "License,Purchased,In Use,Quantity Purchased,Expiration Date\n"
        "A,many,3,,\n,,,10,2027-01-31\nB,5,1,,\n"
    )
    rejects = cleaned(reading).rejects.select("place", "table", "rule").rows()
    assert rejects == [
        ("row 2", "usage", "quantity: not a whole number"),
        ("row 3", "lots", "its licence row was rejected"),
    ]


def test_dates_beside_consumption_alone_are_no_lots():
    reading = read("License,Purchased,In Use,Expiration Date\nA,5,3,2027-01-31\n")
    assert list(reading.tables) == ["usage"]
    assert reading.source.unmapped == ("Expiration Date",)


def test_a_report_of_subscriptions_and_a_flat_list_of_transactions():
    reading = read(
        "License,Virtual Account,Quantity,Billing Type,Subscription ID,Start Date,End Date,Status\n"
        "A,HQ,5,Prepaid,Sub1,2026-01-01,2026-12-31,Active\n"
    )
    assert reading.source.kind == "subscriptions"
    assert rows(reading, "lots", "license", "quantity", "subscription_id", "status", "witness") == [
        ("A", 5, "Sub1", "ACTIVE", "subscriptions")
    ]
    flat = read("License,Product SKU,Quantity Purchased,Expiration Date\nA,S,10,2027-01-31\n")
    assert rows(flat, "lots", "license", "sku", "quantity") == [("A", "S", 10)]


# ---- event log ----------------------------------------------------------------------------------


def test_a_log_says_what_its_messages_name_plainly():
    reading = read(
        "Time,Event Type,Message,User\n"
        '"Oct 31, 2026 10:11:12",Licenses,"1,200 ""C9300 DNA Advantage"" licenses were added to'
        ' the Virtual Account ""HQ""",bob\n'
        '2026-10-31T10:00:00Z,,"moved from Virtual Account ""A"" to Virtual Account ""B""",\n'
        '2026-10-30T10:00:00Z,,"License ""X"" reserved, quantity 5",\n'
        "yesterday,,gone,\n"
    )
    found = rows(reading, "event_log", "virtual_account", "license", "quantity", "user")
    assert found == [
        ("HQ", "C9300 DNA Advantage", 1200, "bob"),
        (None, None, None, None),
        (None, "X", 5, None),
    ]
    assert cleaned(reading).rejects["rule"].to_list() == ["time: not a date that is read"]


# ---- the vendor's own figures -------------------------------------------------------------------

EA = (
    "suiteName,purchasedEntitlements,premierEntitlements,growthAllowance,totalEntitlements,"
    "preEAConsumption,licenseGenerated,licenseMigrated,c1ToDNAMigratedCount,totalConsumption,"
    "remainingEntitlements,nextTrueForward\n"
)


def test_sums_of_the_ea_report_are_checked_row_by_row():
    reading = read(
        EA + "DNA,1000,0,100,1100,10,20,30,0,60,1040,2027-05-01\n"
        'ISE,"1,000",50,100,1200,10,20,30,,61,1139,\n'
        "Half,,,100,1200,10,20,30,0,60,1140,\n"
    )
    assert rows(reading, "ea_consumption", "suite", "total_entitlements", "identity_breaks") == [
        ("DNA", 1100, None),
        (
            "ISE",
            1200,
            "total_entitlements 1200, its parts make 1150; total_consumption 61, its parts make 60",
        ),
        ("Half", 1200, None),
    ]


def test_the_true_forward_report_keeps_exact_amounts_and_its_totals():
    reading = read(
        "SKU,Purchased,Consumed,Status,Net Unit Cost,Charge,Credit,Net\n"
        'A,1000,1180,Over consumed,"$10.00","43,200.00",0,43200\n'
        'B,400,310,Under consumed,4,,"(8,640.00)",-8640\n'
        "C,10,10,Over consumed,1,5,,6\n"
        "D,1,1,Fully consumed,free,,,\n"
        'Added,,,,,"43,205.00",,\nAdjustment,,,,,,"(8,640.00)",\nNet,,,,,,,"34,565.00"\n'
    )
    names = ("sku", "net_unit_price", "charge", "credit", "identity_breaks")
    assert rows(reading, "true_forward_report", *names) == [
        ("A", "10.00", "43200.00", "0", None),
        ("B", "4", None, "-8640.00", None),
        (
            "C",
            "1",
            "5",
            None,
            "net 6, its parts make 5; status is Over consumed, but not consumed > purchased",
        ),
    ]
    assert cleaned(reading).rejects.select("place", "rule", "value").rows() == [
        ("row 5", "net_unit_price: not an amount", "free")
    ]
    assert reading.source.notes == (
        "no record: row 6: Added 43,205.00",
        "no record: row 7: Adjustment (8,640.00)",
        "no record: row 8: Net 34,565.00",
    )


@pytest.mark.parametrize(
    ("printed", "read_as"),
    [
        (["1.234,50", "9,5"], ["1234.50", "9.5"]),
        (["1,234.50", "9"], ["1234.50", "9"]),
        (["USD 1 234.50", "€ 5"], ["1234.50", "5"]),
        (["90071992547409931.25", "-"], ["90071992547409931.25", None]),
        (["1.234", "x"], []),
    ],
)
def test_amounts_are_exact_or_refused(printed, read_as):
    lines = "".join(f'P{n};1;"{amount}";x\n' for n, amount in enumerate(printed))
    reading = read("Part Number;Qty;Unit List Price;Description\n" + lines)
    assert [row[0] for row in rows(reading, "quote", "list_price")] == read_as


def test_overage_lines_of_a_quote_are_marked():
    reading = read(
        "Line,Part Number,Qty,Unit List Price,Disc(%),Extended Net Price,Charge Type\n"
        "1.0,C9300-A,10,100.50,30%,703.50,Recurring\n1.1,C9300-A-O,0,1,0,0,Usage\n"
    )
    assert rows(reading, "quote", "sku", "quantity", "discount", "overage") == [
        ("C9300-A", 10, "30%", False),
        ("C9300-A-O", 0, "0", True),
    ]


def test_end_of_life_fields_and_suggested_releases():
    eox = read(
        "EOLProductID,ProductIDDescription,EndOfSaleDate,LastDateOfSupport,MigrationProductId\n"
        "WS-C3750X-48PF-S,Catalyst,2016-10-30,,C9300-48P\n"
    )
    assert rows(eox, "lifecycle", "pid", "end_of_sale", "last_date_of_support") == [
        ("WS-C3750X-48PF-S", dt.date(2016, 10, 30), None)
    ]
    release = read("productId,isSuggested,releaseFormat1,releaseDate\nC9300-48P,Y,17.12.4,\n")
    assert rows(release, "lifecycle", "pid", "is_suggested", "release") == [
        ("C9300-48P", True, "17.12.4")
    ]


# ---- own records --------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_inventory_in_the_headers_of_an_import(delimiter):
    lines = [
        "name,status,role,device_type,serial,site,location,ip_address",
        "sw1,active,core,C9300-48P,FOC1,Zürich,,10.0.0.1/24",
        "sw2,active,core,C9300-48P,FOC2,Zürich,Floor 2,2001:db8::1/64",
    ]
    reading = read("\n".join(lines).replace(",", delimiter))
    assert rows(reading, "assets", "name", "serial", "pid", "site", "ip") == [
        ("sw1", "FOC1", "C9300-48P", "Zürich", "10.0.0.1"),
        ("sw2", "FOC2", "C9300-48P", "Zürich", "2001:db8::1"),
    ]


# ---- copies -------------------------------------------------------------------------------------

COPY = "License,Virtual Account,Purchased,In Use\nA,HQ,5,3\n"


def test_a_copy_is_never_newer_than_its_synchronisation():
    source = read("Last Synchronized: 2026-10-20\n" + COPY, "copy_2026-10-31.csv").source
    day = dt.date(2026, 10, 20)
    assert (source.snapshot_date, source.synchronised, source.date_from) == (day, day, "content")
    assert source.notes[-1] == (
        "a copy last synchronised on 2026-10-20: it shows that day, not 2026-10-31"
    )
    older = read("Last Synchronized: 2026-10-20\n" + COPY, "copy_2026-10-01.csv").source
    assert (older.snapshot_date, older.synchronised) == (dt.date(2026, 10, 1), day)


def test_rows_of_a_copy_show_no_later_day_than_its_synchronisation(tmp_path):
    head = "As of,License,Virtual Account,Purchased,In Use,Last Sync\n"
    rows = "".join(f"{day},A,HQ,5,3,2026-10-12\n" for day in ("2026-09-30", "2026-10-31"))
    (tmp_path / "copy.csv").write_text(head + rows)
    tables = load_client(tmp_path).tables
    days = [dt.date(2026, 9, 30), dt.date(2026, 10, 12)]
    assert tables["usage"]["snapshot_date"].to_list() == days
    assert tables["sources"]["synchronised"].to_list() == [dt.date(2026, 10, 12)]
    assert "a copy last synchronised on 2026-10-12" in tables["sources"]["problem"].item()


def test_the_client_can_say_when_a_copy_was_synchronised(tmp_path):
    text = '{"totalRecords": 1, "licenses": [{"license": "A", "quantity": 5, "inUse": 3}]}'
    (tmp_path / "on_prem_2026-10-31.json").write_text(text)
    entry = '[[sources]]\npath = "on_prem*"\nsynchronised = 2026-10-12\n'
    (tmp_path / "client.toml").write_text(f'client = "Elm"\n{entry}')
    tables = load_client(tmp_path).tables
    assert tables["usage"]["snapshot_date"].to_list() == [dt.date(2026, 10, 12)]
    assert tables["sources"]["synchronised"].to_list() == [dt.date(2026, 10, 12)]


@pytest.mark.parametrize("text", ["2026-Oct-31", "2026-Oct-31 23:59:59", "31-Oct-2026"])
def test_days_with_the_month_as_a_word(text):
    head = "License,Virtual Account,Quantity,End Date,Subscription ID\n"
    reading = read(head + f"A,HQ,5,{text},Sub1\n")
    assert rows(reading, "lots", "end_date") == [(dt.date(2026, 10, 31),)]


def test_days_of_synchronisation_in_a_column():
    head = "License,Purchased,In Use,Last Synchronized\n"
    source = read(head + "A,5,3,2026-10-20\nB,5,3,2026-10-18\n").source
    assert source.snapshot_date == source.synchronised == dt.date(2026, 10, 18)
    assert source.notes == ("synchronised on 2 days; the oldest, 2026-10-18, counts for all",)
    doubt = read(head + "A,5,3,03/10/2026\n").source
    assert doubt.synchronised is None
    assert doubt.notes == ("a day of synchronisation cannot be read for certain: 03/10/2026",)


# ---- what check proposes ------------------------------------------------------------------------


def test_the_proposed_mapping_can_be_pasted():
    text = 'License,Virtual Account,Purchasd,In Use,"Kom""mentar"\nA,HQ,5,3,x\n'
    source = read(text).source
    assert source.problem
    said = proposal(source, RULES)
    assert '# no column for "Purchasd"; nearest: quantity' in said
    assert '(add "Purchasd" = "quantity")' in said
    [entry] = tomllib.loads(said)["sources"]
    assert entry == {
        "path": "a.csv",
        "kind": "licenses",
        "columns": {
            "License": "license",
            "Virtual Account": "virtual_account",
            "In Use": "in_use",
        },
    }
    mapped = entry["columns"] | {"Purchasd": "quantity"}
    hint = Hint(kind=entry["kind"], columns=mapped)
    assert rows(read(text, hint=hint), "usage", "license", "quantity") == [("A", 5)]


def test_a_foreign_table_is_proposed_with_its_headers():
    said = proposal(read("Serialnr,Hst name\nA,5\n").source, RULES)
    [entry] = tomllib.loads(said)["sources"]
    columns = {"Serialnr": "serial", "Hst name": "hostname"}
    assert entry == {"path": "a.csv", "kind": "devices", "columns": columns}
    assert 'kind = "devices"  # the likeliest; else licenses, subscriptions' in said
    assert proposal(read("Lizenznehmer,Zzz\nA,5\n").source, RULES) == (
        '[[sources]]\npath = "a.csv"\n# kind = one of licenses, devices, subscriptions,'
        " user_counts, assets, event_log, ea_consumption, true_forward_report, quote, lifecycle\n"
        '# no column for "Lizenznehmer"\n# no column for "Zzz"'
    )
