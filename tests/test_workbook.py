"""Spreadsheets: sheets, titles, exact numbers, days, and what is refused."""

import datetime as dt
import io
import zipfile

import polars as pl
import pytest
import xlsxwriter

from cssm_lib.clean import clean
from cssm_lib.read import Hint, read_file
from cssm_lib.read.workbook import is_workbook
from cssm_lib.rules import load_rules

RULES = load_rules()
HEAD = ["License", "Virtual Account", "Purchased", "In Use", "Balance"]
DAY = dt.date(2026, 10, 31)


def workbook(*sheets, hidden=()):
    """The bytes of a workbook; a sheet is a name and its rows, None is an empty cell."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        formats = {"num_format": "dd/mm/yyyy"}, {"num_format": "yyyy-mm-dd hh:mm:ss"}
        day, instant = (book.add_format(one) for one in formats)
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            sheet.hide() if name in hidden else None
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.date):
                        stamped = isinstance(cell, dt.datetime)
                        sheet.write_datetime(number, column, cell, instant if stamped else day)
                    elif cell is not None:
                        sheet.write(number, column, cell)
    return buffer.getvalue()


def edited(data, **changes):
    """The workbook with texts of its first sheet replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                for before, after in changes.values():
                    assert before in text
                    text = text.replace(before, after)
            new.writestr(name, text)
    return buffer.getvalue()


def read(data, name="a.xlsx", hint=None):
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


def test_a_report_with_titles_totals_and_several_sheets():
    data = workbook(
        (
            "Licenses",
            [
                ["License report"],
                ["Generated on 2026-10-31"],
                [],
                [None, *HEAD],
                [None, "A", "HQ", 5, 3, 2],
                [None, "B", "HQ", 7.0, "1,000", None],
                [],
                [None, "C", "HQ", 1, 0, 1, None, "a remark"],
                [None, "Total", None, 13, 3],
                [],
                [None, "End of report"],
            ],
        ),
        ("Read me", [["nothing here"]]),
        ("Old", [HEAD, ["Z", "HQ", 1, 1, 0]]),
        (
            "Subscriptions",
            [
                ["License", "Quantity", "Subscription ID", "Start Date", "End Date"],
                ["A", 5, "Sub1", dt.date(2026, 1, 1), dt.date(2026, 12, 31)],
            ],
        ),
        hidden=("Old",),
    )
    reading = read(data)
    source, tables = reading.source, cleaned(reading).tables
    assert source.kind == "licenses + subscriptions"
    assert (source.snapshot_date, source.date_from) == (DAY, "content")
    assert tables["usage"].select("license", "quantity", "in_use", "place").rows() == [
        ("A", 5, 3, "Licenses row 5"),
        ("B", 7, 1000, "Licenses row 6"),
    ]
    assert tables["lots"].select("quantity", "start_date", "end_date", "place").rows() == [
        (5, dt.date(2026, 1, 1), dt.date(2026, 12, 31), "Subscriptions row 2")
    ]
    assert cleaned(reading).rejects.select("place", "rule").rows() == [
        ("Licenses row 8", "a cell beyond the header")
    ]
    assert source.notes == (
        "above the header: License report",
        "above the header: Generated on 2026-10-31",
        "no record: Licenses row 9: Total 13 3",
        "no record: Licenses row 11: End of report",
        "sheet 'Read me' has no known header and is not read",
        "sheet 'Old' is hidden and is not read",
    )


def test_numbers_keep_every_digit_of_the_file():
    data = workbook(("S", [HEAD, ["007", "HQ", 11, 22, 33], ["B", "HQ", 44, 0.1, 55]]))
    data = edited(
        data,
        a=(b"<v>11</v>", b"<v>9007199254740993</v>"),
        b=(b"<v>22</v>", b"<v>773126444402795033</v>"),
        c=(b"<v>33</v>", b"<v>-1E3</v>"),
        d=(b"<v>44</v>", b"<v>7.73126444402795E+17</v>"),
        e=(b"<v>0.1</v>", b"<v>0.30000000000000004</v>"),
    )
    reading = read(data)
    assert reading.tables["usage"].select("license", "quantity", "in_use", "available").rows() == [
        ("007", "9007199254740993", "773126444402795033", "-1000"),
        ("B", "7.73126444402795E+17", "0.3", "55"),
    ]
    found = cleaned(reading)
    assert found.tables["usage"]["quantity"].to_list() == [9007199254740993]
    assert found.rejects["rule"].to_list() == ["quantity: not a whole number"]


def test_an_error_of_a_formula_is_told():
    data = workbook(("S", [HEAD, ["A", "HQ", 11, 3, 2]]))
    cell = (b'<c r="C2"><v>11</v></c>', b'<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c>')
    rejects = cleaned(read(edited(data, cell=cell))).rejects
    assert rejects.select("rule", "value").rows() == [("quantity: not a whole number", "#DIV/0!")]


def test_days_and_instants_are_iso_and_text_days_are_not_guessed():
    head = ["Name", "Virtual Account", "Last Contact", "Registration Date"]
    stamp = dt.datetime(2026, 10, 31, 10, 11, 12)
    data = workbook(
        ("S", [head, ["sw1", "HQ", stamp, dt.date(2024, 2, 1)], ["sw2", "HQ", None, "03/04/2024"]])
    )
    reading = read(data)
    assert reading.tables["devices"]["last_contact"].to_list() == ["2026-10-31 10:11:12", None]
    assert reading.tables["devices"]["registration_date"].to_list() == ["2024-02-01", "03/04/2024"]
    assert cleaned(reading).rejects["place"].to_list() == ["S row 3"]
    told = read(data, hint=Hint(date_format="%d/%m/%Y"))
    days = cleaned(told).tables["devices"]["registration_date"].dt.date().to_list()
    assert days == [dt.date(2024, 2, 1), dt.date(2024, 4, 3)]


def test_own_records_from_a_spreadsheet_at_its_cap():
    head = ["Name", "Serial number", "Model ID", "Status", "Location", "Most recent discovery"]
    rows = [[f"sw{n}", f"FOC{n}", "C9300-48P", "In use", "Zürich"] for n in range(10_000)]
    reading = read(workbook(("Page 1", [head, *rows])))
    assert reading.source.notes == (
        "exactly 10,000 records: the export may have stopped at its default cap",
    )
    assets = cleaned(reading).tables["assets"]
    assert assets.height == 10_000
    assert assets.select("serial", "site", "place").row(9_999) == (
        "FOC9999",
        "Zürich",
        "Page 1 row 10001",
    )


def test_a_sheet_can_be_named():
    rows = [HEAD, ["A", "HQ", 5, 3, 2]]
    data = workbook(("Two & <3>", [HEAD, ["B", "HQ", 1, 0, 1]]), ("One", rows), hidden=("One",))
    named = read(data, hint=Hint(sheet="One"))
    assert named.tables["usage"]["license"].to_list() == ["A"]
    assert read(data).tables["usage"]["license"].to_list() == ["B"]
    problem = read(data, hint=Hint(sheet="Three")).source.problem
    assert problem == (
        "a.xlsx: no sheet 'Three', as [[sources]] says; found the sheets 'Two & <3>', 'One'."
        " Correct `sheet` for it in [[sources]]."
    )


def test_the_client_maps_headers_of_a_spreadsheet():
    data = workbook(("S", [["Lizenz", "Konto", "Bestand", "In Use"], ["A", "HQ", 5, 3]]))
    columns = {"Lizenz": "license", "Konto": "virtual_account", "Bestand": "quantity"}
    usage = cleaned(read(data, hint=Hint(kind="licenses", columns=columns))).tables["usage"]
    assert usage.select("license", "virtual_account", "quantity").rows() == [("A", "HQ", 5)]
    problem = read(data, hint=Hint(kind="licences")).source.problem
    assert problem.startswith("a.xlsx: [[sources]] names no kind; found 'licences'.")


def test_missing_columns_are_named_with_their_sheet():
    data = workbook(("S", [["License", "Virtual Account", "Purchasd", "In Use"], ["A", "HQ", 5]]))
    assert read(data).source.problem.startswith(
        "a.xlsx, sheet 'S' row 1: no header means quantity, which licenses need; found the headers"
    )


SAVE = "Save it as an Excel workbook without a password, or as CSV."
BOOK = workbook(("S", [HEAD, ["A", "HQ", 5, 3, 2]]))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (workbook(("S", [])), "the file is empty; found no cell. Export it again."),
        (workbook(("S", [["a", "b"]])), "no row with known headers; found 'a', 'b' in the first"),
        (b"\xd0\xcf\x11\xe0 and no more", "the spreadsheet cannot be read; found "),
        (BOOK.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml"), "the spreadsheet"),
    ],
    ids=["empty", "foreign", "old or locked", "broken"],
)
def test_a_spreadsheet_that_cannot_be_used_says_why(data, problem):
    reading = read(data)
    assert reading.source.problem.startswith(f"a.xlsx: {problem}")
    assert reading.tables == {}


def test_a_cut_workbook_never_fails():
    for end in range(0, len(BOOK), 97):
        assert read(BOOK[:end]).source.problem


def test_a_bomb_is_not_opened():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", b" " * (32 << 20))
    assert is_workbook(buffer.getvalue())
    assert read(buffer.getvalue()).source.problem == (
        "a.xlsx: the spreadsheet is not opened; found a file that unpacks to more than 250 times"
        f" its size. {SAVE}"
    )
