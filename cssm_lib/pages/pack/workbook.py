"""`pack.xlsx`: a cover that says what it rests on, then every table as a sheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cssm_lib.schema import ANSWERS, TABLES
from cssm_lib.schema.words import counted

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

ACCOUNTS = ("sources", "records", "rejects", "notes")
RISKY_START = r"^([=+\-@\t\r])"
LONGEST_TEXT = 32_000
MOST_ROWS = 1_048_000
WIDTHS = (8, 48)
FIRST_DAY = dt.date(1900, 3, 1)  # spreadsheets count a day before it that never was
# text stays text, never a formula, a link or a number; with the time fixed, bytes are equal
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}
CREATED = dt.datetime(1980, 1, 1)
FORMATS = {"share": "0.0%", "money": "#,##0.00####", "date": "yyyy-mm-dd", "count": "#,##0"}
FORMATS |= {"instant": "yyyy-mm-dd hh:mm:ss", "number": "#,##0.######", "text": "@"}


def write_workbook(
    path: Path, tables: Mapping[str, pl.DataFrame], cover: Mapping[str, Any]
) -> None:
    """Write the workbook; `cover` holds title, lines, sources and says (sheet → what a row is)."""
    from xlsxwriter import Workbook

    with Workbook(str(path), dict(OPTIONS)) as book:
        mark = cover.get("mark", "")
        book.set_properties({"title": cover["title"], "comments": mark, "created": CREATED})
        front = book.add_worksheet("cover")
        rows = [(name, *_write_sheet(book, name, frame)) for name, frame in tables.items()]
        _write_cover(book, front, cover=cover, sheets=rows)
        for sheet in book.worksheets() if mark else []:
            sheet.set_footer(f"&L{mark}&RPage &P of &N")


def sheet_names() -> list[str]:
    """The tables that stand in the workbook: all answers and the accounts of the data received."""
    return [*ANSWERS, *ACCOUNTS]


def _write_sheet(book: Workbook, name: str, frame: pl.DataFrame) -> tuple[int, int]:
    """One sheet with a frozen, filtered header; rows written and rows there were."""
    from cssm_lib.pages.pack.cells import FrameSheet

    sheet = book.add_worksheet(name[:31], worksheet_class=FrameSheet)
    printed = _harmless(frame.head(MOST_ROWS))
    for place, (column, width) in enumerate(zip(printed, _widths(printed), strict=True)):
        sheet.set_column(place, place, width, book.add_format(_look(_kind(name, column))))
    sheet.fill(printed, book.add_format(_look("header")))
    sheet.freeze_panes(1, 0)
    if printed.width:
        sheet.autofilter(0, 0, max(printed.height, 1), printed.width - 1)
    _print_setup(sheet)
    return printed.height, frame.height


def _print_setup(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """Text that is no formula and fits its cell; only days that a spreadsheet knows."""
    first_days = frame.select(pl.col(pl.Date, pl.Datetime).dt.date().min()).to_dict()
    early = {name for name, day in first_days.items() if (day.item() or FIRST_DAY) < FIRST_DAY}
    return frame.select(
        pl.col(name).cast(pl.String) if name in early else _plain(pl.col(name), dtype)
        for name, dtype in frame.schema.items()
    )


def _plain(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:
        return column.str.slice(0, LONGEST_TEXT).str.replace(RISKY_START, "'$1")
    if dtype.is_float():  # what is not finite would be written as an error formula
        return pl.when(column.is_finite()).then(column)
    if isinstance(dtype, pl.Datetime):
        return column.dt.replace_time_zone(None)
    return (
        column if dtype.is_numeric() or dtype in (pl.Boolean, pl.Date) else column.cast(pl.String)
    )


def _kind(table: str, column: pl.Series) -> str:
    """How a column is printed: by its unit in the contract, else by its type."""
    contract = {**TABLES, **ANSWERS}.get(table)
    units = {entry.name: entry.unit for entry in contract.columns} if contract else {}
    if units.get(column.name) in ("share", "money"):
        return units[column.name]
    if isinstance(column.dtype, pl.Datetime):
        return "instant"
    if column.dtype == pl.Date:
        return "date"
    if column.dtype.is_integer():
        return "count"
    return "number" if column.dtype.is_numeric() else "text"


def _look(kind: str) -> dict[str, Any]:
    font = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
    if kind == "header":
        return font | {"bold": True, "bottom": 1, "bg_color": "#F4F6F8", "num_format": "@"}
    return font | {"num_format": FORMATS[kind]}


def _widths(frame: pl.DataFrame) -> list[float]:
    longest = frame.select(pl.all().cast(pl.String).str.len_chars().max())
    return [
        min(max(column.item() or 0, len(column.name) + 3, WIDTHS[0]), WIDTHS[1])
        for column in longest
    ]


def _write_cover(
    book: Workbook,
    front: Worksheet,
    *,
    cover: Mapping[str, Any],
    sheets: list[tuple[str, int, int]],
) -> None:
    plain, bold = book.add_format(_look("text")), book.add_format(_look("text") | {"bold": True})
    front.set_column(0, 0, 26, plain)
    front.set_column(1, 1, 90, plain)
    front.hide_gridlines(2)
    large = book.add_format(_look("text") | {"bold": True, "font_size": 16})
    front.write_string(0, 0, _text(cover["title"]), large)
    rows: list[tuple[str, str]] = [*cover["lines"], ("", ""), ("Sheet", "One row is")]
    rows += [(name, _sheet_says(name, *counts, says=cover["says"])) for name, *counts in sheets]
    rows += [("", ""), ("Source", "Digest and records"), *cover["sources"]]
    for number, (left, right) in enumerate(rows, 2):
        head = left in ("Sheet", "Source") and number > 2
        front.write_string(number, 0, _text(left), bold if head else plain)
        front.write_string(number, 1, _text(right), bold if head else plain)
    _print_setup(front)


def _sheet_says(name: str, written: int, there: int, *, says: Mapping[str, str]) -> str:
    cut = (
        f"; cut at {written:,} of {there:,}, the whole stands in tables/" if written < there else ""
    )
    return f"{says.get(name, name)} ({counted(there, 'rows')}{cut})"


def _text(value: str) -> str:
    return f"'{value}" if value[:1] in "=+-@\t\r" and value else value[:LONGEST_TEXT]
