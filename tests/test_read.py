"""Files as they come: real documents, broken files with their messages, CSV in every dress."""

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from cssm_lib.clean import clean
from cssm_lib.read import Hint, read_file
from cssm_lib.rules import load_rules

HERE = Path(__file__).parent
BROKEN = HERE / "broken"
REAL = HERE.parent.parent / "shared" / "real" / "cssm_api"
RULES = load_rules()
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not here")

ROW = {"license": "A", "virtualAccount": "HQ", "quantity": 5, "inUse": 3, "available": 2}
HEADER = "License,Virtual Account,Billing,Purchased,In Use,Balance,Alerts"
AGAIN = "Export it again and save the whole response."
ASK = "Give snapshot_date for it in [[sources]] of client.toml."
NOT_JSON = (
    "What is read: the licences, devices, license-subscriptions and v3/licenses/summary responses"
    " of the Smart Accounts & Licensing API, the account → role → licences walk, and the responses"
    " of Catalyst Center, Meraki, SD-WAN Manager, MSX, Security Cloud Control, EA consumption, end"
    " of life and software suggestions. Take the"
    " file"
    " out of the folder or export one of these."
)
MAP = "Export them as well, or map them in [[sources]] of client.toml: columns = "


def read(path, hint=None, name=None):
    path = Path(path)
    return read_file(path, name=name or path.name, rules=RULES, hint=hint or Hint())


def written(folder, content, name="file", hint=None):
    """The reading of a file with this content."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, hint, name=name)


def cleaned(reading):
    name = reading.source.source
    found = clean(reading.tables, name=name, missing=RULES["words.missing"])
    for table, text in reading.tables.items():
        rejected = found.rejects.filter(pl.col("table") == table).height
        assert found.tables[table].height + rejected == text.height, table
    return found


def licenses(*rows, **more):
    return json.dumps({"totalRecords": len(rows), "licenses": list(rows)} | more)


# ---- the real documents -------------------------------------------------------------------------


@real
def test_the_walk_gives_nine_licence_rows_of_two_accounts():
    reading = read(REAL / "accounts_roles_licenses.json")
    usage = cleaned(reading).tables["usage"]
    assert reading.source.kind == "walk"
    assert reading.source.pages == ((None, 4), (None, 5))
    assert usage.select("smart_account", "virtual_account", "license", "quantity").rows() == [
        ("sa-one.example", "C&C", "CSR 1KV APPX 100M", 1),
        ("sa-one.example", "C&C", "DNA Advantage For SDWAN", 200),
        ("sa-one.example", "C&C", "ISRV AX 1G", 150),
        ("sa-one.example", "Carrier EE CUSTOMER C", "ISRV AX 1G", 50),
        ("sa-two.example", "Personal lab (user)", "ASAv10 Standard - 1G", 10),
        ("sa-two.example", "Personal lab (user)", "ISRV AX 250M", 10),
        ("sa-two.example", "Personal lab (user)", "ISRV AX 500M", 10),
        ("sa-two.example", "Personal lab (user)", "ISRV IPBase 1G", 10),
        ("sa-two.example", "Personal lab (user)", "ISRV IPBase 500M", 10),
    ]
    assert usage["place"][3] == "/0/roles/2/licenses/0"
    assert usage["billing"].to_list() == ["USAGE"] + ["PREPAID"] * 8
    assert usage["available"].equals(usage["quantity"])
    assert usage["is_portable"].to_list() == [False] * 9


@real
def test_the_walk_gives_every_lot_and_three_shapes_of_date():
    lots = cleaned(read(REAL / "accounts_roles_licenses.json")).tables["lots"]
    day = dt.date
    term, second = (day(2019, 5, 20), day(2022, 5, 19)), (day(2019, 5, 30), day(2020, 5, 29))
    assert lots.select("license", "quantity", "start_date", "end_date").rows() == [
        ("CSR 1KV APPX 100M", 1, day(2019, 1, 18), day(2022, 1, 17)),
        ("DNA Advantage For SDWAN", 100, *term),
        ("DNA Advantage For SDWAN", 100, *second),
        ("ISRV AX 1G", 100, *term),
        ("ISRV AX 1G", 50, *second),
        ("ISRV AX 1G", 50, *second),
        ("ASAv10 Standard - 1G", 10, None, None),
        ("ISRV AX 250M", 10, None, None),
        ("ISRV AX 500M", 10, None, None),
        ("ISRV IPBase 1G", 10, None, None),
        ("ISRV IPBase 500M", 10, None, None),
    ]
    stamp = dt.datetime(2019, 1, 18, 1, 7, 36, tzinfo=dt.UTC)
    assert lots["start_instant"].to_list() == [stamp] + [None] * 10
    assert lots["subscription_id"].drop_nulls().to_list() == ["Sub208966"] + ["Sub269233"] * 2
    assert lots["license_type"].to_list() == ["STANDARD"] + ["TERM"] * 5 + ["PERPETUAL"] * 5


@real
def test_the_device_and_what_it_consumes():
    reading = read(REAL / "devices_v1.json")
    tables = cleaned(reading).tables
    device = tables["devices"].row(0, named=True)
    assert reading.source.pages == ((1, 1),)
    assert (device["udi_pid"], device["serial"]) == ("C8000V", "ABCD123456")
    assert (device["hostname"], device["product"], device["uuid"]) == (None, None, None)
    assert device["last_contact"] == dt.datetime(2022, 7, 11, 14, 33, 41, tzinfo=dt.UTC)
    used = tables["device_licenses"].row(0, named=True)
    assert (used["license"], used["quantity"], used["serial"]) == (
        "Router US Export Lic. for DNA",
        1,
        "ABCD123456",
    )
    assert used["place"] == "/devices/0/licenseUsage/0"


@real
def test_the_summary_gives_the_tag_and_no_date_from_an_impossible_time_stamp():
    reading = read(REAL / "licenses_summary_v3.json")
    usage = cleaned(reading).tables["usage"].row(0, named=True)
    assert (reading.source.snapshot_date, reading.source.date_from) == (None, None)
    assert usage["tag"].startswith("regid.2019-03.com.cisco.DNA_HSEC,1.0_")
    assert (usage["quantity"], usage["in_use"], usage["reserved"]) == (1, 1, 1)
    assert (usage["available"], usage["virtual_account"]) == (None, None)
    assert (usage["enforced"], usage["export_restricted"]) == (True, True)


# ---- broken files, one a fault, and their messages ----------------------------------------------

PROBLEMS = {
    "empty.json": "the file is empty; found 0 bytes. Export it again.",
    "blank.csv": "the file is empty; found 5 bytes. Export it again.",
    "spreadsheet.xlsx": "the file is no text; found a ZIP or Excel file. Save it as CSV, or take"
    " the API's JSON.",
    "binary.dat": "the file is no text; found binary data. Save it as CSV or JSON text.",
    "empty_list.json": f"the JSON is an empty list; found no document. {AGAIN}",
    "foreign.json": "JSON that is none of the exports that are read; found the keys 'name',"
    f" 'version'. {NOT_JSON}",
    "foreign_licenses.json": "JSON that is none of the exports that are read; found the keys"
    f" 'name', 'licenses'. {NOT_JSON}",
    "only_a_number.json": "JSON that is none of the exports that are read; found a text or number"
    f" at the top. {NOT_JSON}",
    "server_error.json": "JSON that is none of the exports that are read; found the keys 'status',"
    f" 'statusMessage' and the answer 'Access token has expired'. {NOT_JSON}",
    "foreign.csv": "no line with known headers; found 'Date', 'Open', 'Close' in the first"
    " line. Read are licenses, devices, user_counts, assets, event_log, ea_consumption,"
    " true_forward_report, quote, lifecycle: export one of these, take the file"
    " out of the folder, or name its kind and columns in [[sources]] of client.toml.",
    "two_dates_content_and_name_2026-10-31.csv": "two dates for one file; found 2026-09-30 and"
    f" 2026-10-31 in the content and the name. {ASK}",
    "two_dates_in_names_2026-09-30_20261031.json": "two dates for one file; found 2026-09-30 and"
    f" 2026-10-31 in the file and folder names. {ASK}",
    "two_dates_in_content.csv": "two dates for one file; found 2026-09-30 and 2026-10-31 in the"
    " content. Split the file by day.",
    "uncertain_day.csv": "the day in column 'Snapshot Date' cannot be read for certain; found"
    " '03/10/2026'. Give date_format or snapshot_date for it in [[sources]] of client.toml.",
}
PLACED = {
    "truncated.json": "line 9 column 1: the JSON is cut off; found the end of the file. " + AGAIN,
    "broken_syntax.json": "line 1 column 46: the JSON is broken (Expecting value); found"
    f" 'A}}]}}\\n'. {AGAIN}",
    "missing_columns.csv": "line 1: no header means quantity or in_use, which licenses need; found"
    " the headers 'License', 'Virtual Account', 'Billing', 'Purchasd', 'Balance'. Nearest to"
    f' quantity is \'Purchasd\'. {MAP}{{ "Their header" = "quantity" }}.',
    "available_is_not_quantity.csv": "line 1: no header means quantity, which licenses need; found"
    " the headers 'License', 'Virtual Account', 'Available to Use', 'In Use', 'Balance'. 'Available"
    " to Use' is the quantity only where it less in_use is the balance on every line."
    f' {MAP}{{ "Their header" = "quantity" }}.',
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_broken_file_says_what_is_wrong(name):
    reading = read(BROKEN / name)
    assert reading.source.problem == f"{name}: {PROBLEMS[name]}"
    assert reading.tables == {}


@pytest.mark.parametrize("name", PLACED)
def test_a_broken_file_says_where(name):
    reading = read(BROKEN / name)
    assert reading.source.problem == f"{name}, {PLACED[name]}"
    assert reading.tables == {}


DAY_OR_MONTH = (
    "start_date: 2026-04-03 or 2026-03-04, nothing in the column decides; give date_format in"
    " [[sources]]"
)
REJECTS = {
    "negative_quantity.csv": [("row 2", "usage", "negative quantity", "(5)")],
    "negative_quantity.json": [
        ("/licenses/0", "usage", "negative quantity", "-5"),
        ("/licenses/0/licenseDetails/0", "lots", "its licence row was rejected", "/licenses/0"),
    ],
    "not_a_whole_number.csv": [
        ("row 2", "usage", "quantity: not a whole number", "1.5"),
        ("row 3", "usage", "in_use: not a whole number", "many"),
    ],
    "missing_value.csv": [
        ("row 2", "usage", "license: missing", "nothing"),
        ("row 3", "usage", "quantity: missing", "nothing"),
    ],
    "ragged.csv": [
        ("row 2", "usage", "3 cells where the header has 4", "A,HQ,5"),
        ("row 3", "usage", "5 cells where the header has 4", "B,HQ,5,3,9"),
    ],
    "unclosed_quote.csv": [("row 2", "usage", "a quote that is never closed", 'A,"HQ,5,3')],
    "day_or_month.json": [
        ("/licenses/0/licenseDetails/0", "lots", DAY_OR_MONTH, "03/04/2026"),
        ("/licenses/0/licenseDetails/1", "lots", DAY_OR_MONTH, "03/04/2026"),
    ],
    "ends_before_it_starts.json": [
        (
            "/licenses/0/licenseDetails/0",
            "lots",
            "ends before it starts",
            "end_date 2025-12-31, start_date 2026-01-01",
        )
    ],
    "not_an_object.json": [
        ("/licenses/1", "usage", "not an object", "A licence"),
        ("/licenses/2", "usage", "not an object", "null"),
        ("/licenses/3/licenseDetails/0", "lots", "not an object", "x"),
    ],
    "too_large.json": [("/licenses/0", "usage", "quantity: too large", "9223372036854775808")],
    "truth.json": [("/licenses/0", "usage", "is_portable: neither true nor false", "perhaps")],
    "page_without_records.json": [("/1", "usage", "a page without records", "Rate limit")],
    "nameless_device.json": [
        (
            "/devices/0",
            "devices",
            "no identity at all",
            "udi_pid empty, serial empty, uuid empty, hostname empty, display_name empty",
        ),
        (
            "/devices/0/licenseUsage/0",
            "device_licenses",
            "its product instance was rejected",
            "/devices/0",
        ),
    ],
    "user_count_without_day.csv": [
        ("row 2", "user_counts", "as_at: not a date that is read", "2026-13-01"),
        ("row 3", "user_counts", "negative count", "-5"),
    ],
}


@pytest.mark.parametrize("name", REJECTS)
def test_a_broken_record_is_rejected_with_its_reason(name):
    rejects = cleaned(read(BROKEN / name)).rejects
    assert rejects.select("place", "table", "rule", "value").rows() == REJECTS[name]
    assert rejects["source"].unique().to_list() == [name]


def test_every_broken_file_is_asserted():
    told = {"not_utf_8.csv", "unknown_mapping.csv"}
    assert {path.name for path in BROKEN.iterdir()} == {*PROBLEMS, *PLACED, *REJECTS, *told}


def test_a_file_that_is_not_what_the_client_says_of_it():
    problem = read(BROKEN / "not_utf_8.csv", Hint(encoding="utf-8")).source.problem
    assert problem == (
        "not_utf_8.csv: it is not utf-8, as [[sources]] says; found byte 0xfc at 44."
        " Correct or remove `encoding` for it in [[sources]]."
    )
    problem = read(
        BROKEN / "unknown_mapping.csv", Hint(columns={"License": "licence"})
    ).source.problem
    assert problem.startswith(
        "unknown_mapping.csv, line 1: [[sources]] columns names 'licence', which licenses do not"
        " have; found columns to choose from 'license', 'virtual_account'"
    )
    problem = read(BROKEN / "unknown_mapping.csv", Hint(kind="licences")).source.problem
    assert problem == (
        "unknown_mapping.csv: [[sources]] names no kind; found 'licences'. Use one of licenses,"
        " devices, subscriptions, summary, walk, user_counts, assets, event_log, ea_consumption,"
        " true_forward_report, quote, lifecycle, catalyst_center_devices, catalyst_center_usage,"
        " catalyst_center_terms, meraki_overview, meraki_licenses, meraki_coterm_licenses,"
        " meraki_subscriptions, meraki_entitlements, meraki_devices, eox, software_suggestions,"
        " on_prem_accounts, accounts, virtual_accounts, sd_wan_licenses, msx_licenses,"
        " cloud_control_licenses, rum, capture, configuration, or leave `kind` out: content"
        " is recognised."
    )


def test_a_missing_file_and_a_folder(tmp_path):
    assert read(tmp_path / "gone.csv").source.problem == (
        "gone.csv: the file cannot be read; found no such file. Check the path, or export it again."
    )
    assert read(tmp_path, name="folder").source.problem == (
        "folder: the file cannot be read; found a folder. Check the path, or export it again."
    )


def test_json_nested_without_end(tmp_path):
    problem = written(tmp_path, "[" * 100_000, "deep.json").source.problem
    assert problem == f"deep.json: the JSON is nested without end; found no record. {AGAIN}"


# ---- pages --------------------------------------------------------------------------------------

PAGES = [licenses(ROW, totalRecords=3), licenses(ROW | {"license": "B"}, totalRecords=3)]


@pytest.mark.parametrize(
    "text",
    [
        "[" + ",".join(PAGES) + "]",
        "\n".join(PAGES),
        "\n\n".join(json.dumps(json.loads(page), indent=2) for page in PAGES),
        "".join(PAGES),
    ],
    ids=["list", "lines", "indented", "joined"],
)
def test_pages_in_one_file(tmp_path, text):
    reading = written(tmp_path, text)
    assert reading.source.pages == ((3, 1), (3, 1))
    assert reading.tables["usage"]["place"].to_list() == ["/0/licenses/0", "/1/licenses/0"]
    assert reading.tables["usage"]["license"].to_list() == ["A", "B"]


def test_no_rows_are_an_export_too(tmp_path):
    reading = written(tmp_path, licenses())
    assert (reading.source.kind, reading.source.problem) == ("licenses", None)
    assert reading.source.pages == ((0, 0),)
    found = cleaned(reading)
    assert found.tables["usage"].is_empty()
    assert "quantity" in found.tables["usage"].columns


def test_a_licence_reached_through_two_roles_stands_twice(tmp_path):
    role = {"role": "Virtual Account User", "licenses": [ROW]}
    account = {"accountName": "One", "roles": [role, role]}
    usage = written(tmp_path, json.dumps([account])).tables["usage"]
    assert usage["smart_account"].to_list() == ["One", "One"]
    assert usage["place"].to_list() == ["/0/roles/0/licenses/0", "/0/roles/1/licenses/0"]


def test_types_that_do_not_fit_are_read_as_what_they_say(tmp_path):
    row = ROW | {
        "quantity": "5",
        "inUse": 3.0,
        "licenseDetails": {"quantity": [1]},
        "status": {"a": 1},
    }
    found = cleaned(written(tmp_path, licenses(row)))
    assert found.tables["usage"].row(0, named=True)["in_use"] == 3
    assert found.tables["usage"]["status"].item() == '{"a": "1"}'
    assert found.rejects["value"].to_list() == ['["1"]']


def test_whole_numbers_beyond_a_float_stay_exact(tmp_path):
    found = cleaned(written(tmp_path, licenses(ROW | {"quantity": 773126444402795033})))
    assert found.tables["usage"]["quantity"].item() == 773126444402795033


def test_substitutions_of_both_clients(tmp_path):
    go = {"licenseName": "E", "substitutedLicense": "A", "substitutedQuantity": 2}
    csharp = {"license": "E", "substitutedLicense": "A", "substitutedQuantity": 3}
    bare = {"substitutedLicense": "B", "substitutedQuantity": 1, "substitutionType": "x"}
    text = licenses(ROW | {"licenseSubstitutions": [go, csharp, bare]})
    found = cleaned(written(tmp_path, text)).tables["substitutions"]
    assert found.select("from_license", "to_license", "quantity").rows() == [
        ("A", "E", 2),
        ("A", "E", 3),
        ("B", "A", 1),
    ]


def test_subscriptions_are_lots(tmp_path):
    row = {"license": "A", "quantity": 5, "subscriptionId": "Sub1", "endDate": "2027-01-31"}
    reading = written(tmp_path, json.dumps({"totalRecords": 1, "licenseSubscriptions": [row]}))
    lot = cleaned(reading).tables["lots"].row(0, named=True)
    assert (reading.source.kind, lot["witness"]) == ("subscriptions", "subscriptions")
    assert (lot["quantity"], lot["end_date"]) == (5, dt.date(2027, 1, 31))


# ---- days ---------------------------------------------------------------------------------------

DAY = dt.date(2026, 10, 31)


@pytest.mark.parametrize(
    "name",
    [
        "licenses_2026-10-31.json",
        "2026-10-31/licenses.json",
        "exports/20261031/a.json",
        "a_2026_10_31.json",
        "31-Oct-2026 licences.json",
        "2026-10/2026-10-31/a_20261031.json",
        "a_20261031T093000Z.json",
    ],
)
def test_the_day_in_a_name(tmp_path, name):
    source = written(tmp_path, licenses(ROW), name).source
    assert (source.snapshot_date, source.date_from) == (DAY, "name")


@pytest.mark.parametrize("name", ["2026-10/a.json", "03-10-2026.json", "a_20261399.json", "a.json"])
def test_no_day_in_a_name(tmp_path, name):
    assert written(tmp_path, licenses(ROW), name).source.snapshot_date is None


def test_the_client_decides_between_two_names_but_not_against_the_content(tmp_path):
    hint = Hint(snapshot_date=DAY, smart_account="acme", virtual_account="HQ")
    reading = written(tmp_path, licenses(ROW), "2026-09-30/a_2026-10-31.json", hint)
    assert (reading.source.snapshot_date, reading.source.date_from) == (DAY, "[[sources]]")
    assert reading.source.smart_account == "acme"
    text = f"As of 2026-09-30\n{HEADER}\nA,HQ,Prepaid,5,3,2,\n"
    assert written(tmp_path, text, "a.csv", hint).source.problem == (
        "a.csv: two dates for one file; found 2026-09-30 and 2026-10-31 in the content and in"
        " [[sources]]. Correct `snapshot_date` in [[sources]]."
    )


def test_the_day_of_a_summary_and_the_account_that_a_hint_gives(tmp_path):
    record = {"tag": "t", "display_name": "A", "prepaid_entitled": 1, "prepaid_inuse": 0}
    text = json.dumps({"timestamp": 1793404800000, "summary": [record]})
    reading = written(tmp_path, text, hint=Hint(virtual_account="HQ"))
    assert (reading.source.snapshot_date, reading.source.date_from) == (DAY, "content")
    assert reading.tables["usage"]["virtual_account"].to_list() == ["HQ"]


# ---- CSV ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_dress_of_a_csv(tmp_path, delimiter, encoding, end):
    lines = [HEADER, 'A,Zürich,Prepaid,5,3,2,"Insufficient, now"', "B,HQ,Usage,1,0,1,"]
    cells = [
        line.replace(', now"', '# now"').replace(",", delimiter).replace("#", ",") for line in lines
    ]
    reading = written(tmp_path, (end.join(cells) + end).encode(encoding))
    usage = cleaned(reading).tables["usage"]
    assert usage.select("license", "virtual_account", "quantity", "status").rows() == [
        ("A", "Zürich", 5, "Insufficient, now"),
        ("B", "HQ", 1, None),
    ]
    assert reading.source.delimiter == delimiter
    assert usage["place"].to_list() == ["row 2", "row 3"]
    assert usage["billing"].to_list() == ["PREPAID", "USAGE"]


def test_titles_totals_and_trailers_are_no_records(tmp_path):
    text = (
        f"Smart Account: acme\nGenerated on 2026-10-31\n\n{HEADER}\nA,HQ,Prepaid,5,3,2,\n,,,,,,\n"
        "Total,,,5,3,2,\nTotal,5\n\nEnd of report"
    )
    reading = written(tmp_path, text)
    assert reading.tables["usage"].select("license", "place").rows() == [("A", "row 5")]
    assert (reading.source.snapshot_date, reading.source.date_from) == (DAY, "content")
    assert reading.source.notes == (
        "above the header: Smart Account: acme",
        "above the header: Generated on 2026-10-31",
        "no record: row 7: Total 5 3 2",
        "no record: line 8: Total,5",
        "no record: line 10: End of report",
    )


def test_the_end_of_an_agreement_is_no_day_of_the_export(tmp_path):
    text = f"Agreement end date 2027-01-31\nCreated 31-Oct-2026\n{HEADER}\nA,HQ,Prepaid,5,3,2,\n"
    assert written(tmp_path, text).source.snapshot_date == DAY


def test_content_decides_against_the_kind_that_a_hint_names(tmp_path):
    source = written(tmp_path, licenses(ROW), hint=Hint(kind="devices")).source
    assert source.kind == "licenses"
    assert source.notes == ("[[sources]] says devices; by its content it is read as licenses",)


def test_a_cell_over_two_lines_keeps_the_places(tmp_path):
    text = f'{HEADER}\n"A\nx",HQ,Prepaid,5,3,2,\n"say ""B""",HQ,Prepaid,5,3,2,\n'
    usage = cleaned(written(tmp_path, text)).tables["usage"]
    assert usage.select("license", "place").rows() == [("A x", "row 2"), ('say "B"', "row 4")]


def test_quotes_inside_cells_are_read_leniently(tmp_path):
    text = f'{HEADER}\nA,"HQ"x,Prepaid,5,3,2,\nB,5" or 7",Prepaid,5,3,2,\n'
    assert cleaned(written(tmp_path, text)).tables["usage"]["license"].to_list() == ["A", "B"]


def test_numbers_as_the_screen_prints_them(tmp_path):
    text = f'{HEADER}\nA,HQ,Prepaid,"1,200","1,300",(100),\nB,HQ,Prepaid,+5,5.0,−0,\n'
    usage = cleaned(written(tmp_path, text)).tables["usage"]
    assert usage.select("quantity", "in_use", "available").rows() == [(1200, 1300, -100), (5, 5, 0)]


def test_available_is_the_quantity_where_the_sums_prove_it(tmp_path):
    head = "License,Virtual Account,Available to Use,In Use,Reserved,Balance"
    reading = written(tmp_path, f"{head}\nA,HQ,10,3,2,5\nB,HQ,4,6,0,-2\n")
    assert reading.source.mapping["Available to Use"] == "quantity"
    head = "License,Virtual Account,Available,In Use,Purchased"
    reading = written(tmp_path, f"{head}\nA,HQ,7,3,10\n")
    assert (reading.source.mapping["Available"], reading.source.mapping["Purchased"]) == (
        "available",
        "quantity",
    )


def test_the_client_maps_headers_and_the_rest_is_reported(tmp_path):
    text = "Lizenz,Virtual Account,Bestand,In Use,Kommentar\nA,HQ,5,3,x\n"
    hint = Hint(kind="licenses", columns={"Lizenz": "license", "Bestand": "quantity"})
    reading = written(tmp_path, text, hint=hint)
    assert reading.source.mapping == {
        "Lizenz": "license",
        "Virtual Account": "virtual_account",
        "Bestand": "quantity",
        "In Use": "in_use",
    }
    assert reading.source.unmapped == ("Kommentar",)
    assert reading.tables["usage"]["quantity"].to_list() == ["5"]


def test_a_date_column_dates_the_file_or_each_row(tmp_path):
    head = "License,Virtual Account,Purchased,In Use,Snapshot Date"
    one = written(tmp_path, f"{head}\nA,HQ,5,3,2026-10-31\nB,HQ,5,3,2026-10-31\n")
    assert (one.source.snapshot_date, one.source.date_from) == (DAY, "content")
    many = written(tmp_path, f"{head}\nA,HQ,5,3,2026-10-31\nA,HQ,5,3,2026-09-30\n")
    assert (many.source.snapshot_date, many.source.date_from) == (None, "content")
    days = cleaned(many).tables["usage"]["snapshot_date"].to_list()
    assert days == [DAY, dt.date(2026, 9, 30)]
    hint = Hint(date_format="%d/%m/%Y")
    told = written(tmp_path, f"{head}\nA,HQ,5,3,03/10/2026\n", hint=hint)
    assert told.source.snapshot_date == dt.date(2026, 10, 3)


def test_hostile_text_stays_text(tmp_path):
    evil = [
        "<script>alert(1)</script>",
        '=HYPERLINK("http://x")',
        "../../etc/passwd",
        "{{7*7}}",
        "@x",
    ]
    rows = "".join('"{}",HQ,Prepaid,5,3,2,\n'.format(name.replace('"', '""')) for name in evil)
    usage = cleaned(written(tmp_path, f"{HEADER}\n{rows}")).tables["usage"]
    assert usage["license"].to_list() == evil
    text = licenses(*(ROW | {"license": name, "virtualAccount": name} for name in evil))
    usage = cleaned(written(tmp_path, text)).tables["usage"]
    assert usage["license_raw"].to_list() == usage["virtual_account"].to_list() == evil


def test_repeated_rows_and_dirty_names_are_kept(tmp_path):
    text = f"{HEADER}\nISRV IPBase 100M \t,HQ,Prepaid,5,3,2,\nISRV IPBase  100M,HQ,Prepaid,5,3,2,\n"
    usage = cleaned(written(tmp_path, text)).tables["usage"]
    assert usage["license"].to_list() == ["ISRV IPBase 100M"] * 2
    assert usage["license_raw"].to_list() == ["ISRV IPBase 100M \t", "ISRV IPBase  100M"]


def test_product_instances_from_the_screen(tmp_path):
    text = (
        "Name,Product Type,Last Contact,Alerts,Actions\n"
        '"UDI_PID:C8000V; UDI_SN:ABC123; ",CSR,"Oct 31, 2026 10:11:12",,\nsw1.example,C9300,-,,\n'
    )
    reading = written(tmp_path, text)
    devices = cleaned(reading).tables["devices"]
    assert reading.source.kind == "devices"
    assert devices.select("udi_pid", "serial", "hostname", "product").rows() == [
        ("C8000V", "ABC123", None, "CSR"),
        (None, None, "sw1.example", "C9300"),
    ]
    stamp = dt.datetime(2026, 10, 31, 10, 11, 12, tzinfo=dt.UTC)
    assert devices["last_contact"].to_list() == [stamp, None]


def test_user_counts(tmp_path):
    reading = written(tmp_path, "as_at,metric,count\n2026-10-31,user,2500\n")
    assert cleaned(reading).tables["user_counts"].select("as_at", "metric", "count").rows() == [
        (DAY, "user", 2500)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name,serial_number,model_id,install_status,location,ip_address\n"
        "sw1,FOC1,C9300-48P,In use,Zürich,10.0.0.1\n",
        "Name,Serial number,Model ID,Status,Location,IP Address\n"
        "sw1,FOC1,C9300-48P,In use,Zürich,10.0.0.1\n",
        "Name;Status;Tenant;Site;Role;Manufacturer;Type;Serial number;IP Address\n"
        "sw1;In use;x;Zürich;core;Cisco;C9300-48P;FOC1;10.0.0.1\n",
    ],
    ids=["ServiceNow fields", "ServiceNow labels", "NetBox"],
)
def test_own_records(tmp_path, text):
    reading = written(tmp_path, text.encode("cp1252"))
    assets = cleaned(reading).tables["assets"]
    assert reading.source.kind == "assets"
    assert assets.select("name", "serial", "pid", "status", "site", "ip").rows() == [
        ("sw1", "FOC1", "C9300-48P", "In use", "Zürich", "10.0.0.1")
    ]


def test_an_inventory_of_exactly_the_default_cap_is_noted(tmp_path):
    rows = "".join(f"sw{n},FOC{n},C9300\n" for n in range(10_000))
    reading = written(tmp_path, "name,serial_number,model_id\n" + rows)
    assert reading.source.notes == (
        "exactly 10,000 records: the export may have stopped at its default cap",
    )


def test_a_header_alone_is_an_export_without_records(tmp_path):
    reading = written(tmp_path, HEADER)
    assert (reading.source.problem, reading.tables["usage"].height) == (None, 0)
    assert cleaned(reading).tables["usage"].is_empty()
