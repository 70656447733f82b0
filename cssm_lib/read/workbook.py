"""Spreadsheets: every sheet with a known header, its cells as exact text.

A whole number is text without a point, a day is ISO text; what Excel cannot hold exactly is taken
from the file's own digits.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from dataclasses import replace

import polars as pl

from cssm_lib.read.archive import too_much
from cssm_lib.read.headers import Asked, Header, find_header, foreign, without_tail
from cssm_lib.read.records import Records
from cssm_lib.read.source import Found, Hint, listed, message
from cssm_lib.read.tabular import tabular, total_words
from cssm_lib.rules import Rules

TITLES = 60
OLD = b"\xd0\xcf\x11\xe0"
LARGEST = 2**53
# cells whose text in the file says more than the number that a spreadsheet reader makes of it
PRECISE = re.compile(
    r'<(?:\w+:)?c r="([A-Z]{1,3})(\d+)"[^>]*>(?:<(?:\w+:)?f[^>]*>[^<]*</(?:\w+:)?f>'
    r"|<(?:\w+:)?f[^>]*/>)?<(?:\w+:)?v>(-?\d{16,}|-?\d+(?:\.\d+)?E\+?\d+|#[^<]*)</"
)


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are a spreadsheet, by what stands in them.

    >>> is_workbook(b"License,In Use")
    False
    """
    if data.startswith(OLD):
        return True
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False
    return any(name in ("xl/workbook.xml", "xl/workbook.bin") for name in names)


def read_workbook(data: bytes, *, name: str, rules: Rules, hint: Hint) -> Found:
    """The tables of all visible sheets that have a known header, or of the one that is named.

    Places are `Sheet1 row 7`. Never raises for a bad file: `problem` is the message.
    """
    asked = Asked(name, rules, hint)
    if not data.startswith(OLD) and (why := too_much(data)):
        return Found(problem=message(name, "the spreadsheet is not opened", why, _SAVE))
    try:
        sheets, hidden = _sheets(data, hint.sheet)
    except BaseException as error:  # a fault of the reader's native part is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        found = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Found(problem=message(name, "the spreadsheet cannot be read", found, _SAVE))
    if hint.sheet and hint.sheet not in sheets:
        do = "Correct `sheet` for it in [[sources]]."
        wrong = f"no sheet {hint.sheet!r}, as [[sources]] says"
        return Found(problem=message(name, wrong, f"the sheets {listed(list(sheets))}", do))
    if not any(frame.height for frame in sheets.values()):
        return Found(problem=message(name, "the file is empty", "no cell", "Export it again."))
    return _merged(sheets, hidden, asked)


_SAVE = "Save it as an Excel workbook without a password, or as CSV."


def _sheets(data: bytes, wanted: str | None) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The visible sheets' cells as text, row numbers as in the file, and the hidden sheets."""
    import fastexcel

    book = fastexcel.read_excel(data)
    if wanted:
        if wanted not in book.sheet_names:
            return {name: pl.DataFrame() for name in book.sheet_names}, []
        return {wanted: _exact(data, wanted, _grid(book, wanted)[0])}, []
    grids = {name: _grid(book, name) for name in book.sheet_names}
    shown = {name: grid for name, (grid, visible) in grids.items() if visible}
    hidden = [name for name, (_, visible) in grids.items() if not visible]
    return {name: _exact(data, name, grid) for name, grid in shown.items()}, hidden


def _grid(book: object, name: str) -> tuple[pl.DataFrame, bool]:
    sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    cells = sheet.to_polars()
    cells.columns = [str(number) for number in range(cells.width)]
    tidy = pl.all().str.replace(r"^(\d{4}-\d\d-\d\d) 00:00:00$", "$1")
    cells = cells.select(tidy) if cells.width else cells
    return pl.DataFrame([_fifteen(texts) for texts in cells]), sheet.visible == "visible"


def _fifteen(texts: pl.Series) -> pl.Series:
    """Excel shows 15 digits of a broken number; what stands behind them is noise of the float."""
    long = (texts.str.len_chars() > 16) & texts.str.contains(r"^-?\d+\.\d+$")
    places = long.fill_null(False).arg_true()
    return texts.scatter(places, [_plain(text) for text in texts.gather(places)])


def _plain(text: str) -> str:
    short = f"{float(text):.15g}"
    return text if "e" in short else short


def _exact(data: bytes, sheet: str, cells: pl.DataFrame) -> pl.DataFrame:
    """Long whole numbers, numbers beyond 2^53 and error values as the file itself writes them."""
    if data.startswith(OLD) or not cells.width:
        return cells
    told: dict[str, dict[int, str]] = {}
    for column, row, text in _precise(_sheet_xml(data, sheet)):
        number, place = _number_of(column), int(row) - 1
        inside = number < cells.width and place < cells.height
        if inside and (text.startswith("#") or abs(float(text)) >= LARGEST):
            told.setdefault(str(number), {})[place] = text
    return cells.with_columns(
        cells[name].scatter(list(found), list(found.values())) for name, found in told.items()
    )


def _precise(xml: str) -> list[tuple[str, str, str]]:
    hint = re.search(r">(?:-?\d{16,}|-?[\d.]+E\+?\d+|#[^<]*)<", xml)
    return PRECISE.findall(xml) if hint else []


def _number_of(letters: str) -> int:
    """A → 0, Z → 25, AA → 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _sheet_xml(data: bytes, sheet: str) -> str:
    """The XML of a sheet by its name; empty where the workbook is binary."""
    book = zipfile.ZipFile(io.BytesIO(data))
    if "xl/workbook.xml" not in book.namelist():
        return ""
    tags = re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book.read("xl/workbook.xml").decode())
    ids = {html.unescape(_attribute(tag, "name")): _attribute(tag, r"\w+:id") for tag in tags}
    rels = book.read("xl/_rels/workbook.xml.rels").decode()
    for tag in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", rels):
        if _attribute(tag, "Id") == ids.get(sheet):
            path = _attribute(tag, "Target").lstrip("/")
            path = path if path.startswith("xl/") else f"xl/{path}"
            return book.read(path).decode() if path in book.namelist() else ""
    return ""


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found.group(1) if found else ""


def _merged(sheets: dict[str, pl.DataFrame], hidden: list[str], asked: Asked) -> Found:
    """All sheets with a known header as one file; the others are named in the notes."""
    parts, left = [], []
    for sheet, cells in sheets.items():
        header = _header(sheet, cells, asked)
        if header is None:
            left += [sheet] if cells.height else []
        else:
            parts.append(_table(header, cells, asked))
    if not parts:
        headers = _first_row(next(cells for cells in sheets.values() if cells.height))
        problem = foreign(headers, asked, place="row")
        return Found(problem=problem, unmapped=tuple(filter(None, headers)))
    if problem := next((part.problem for part in parts if part.problem), None):
        broken = next(part for part in parts if part.problem)
        return replace(broken, problem=problem, tables={})
    notes = [f"sheet {sheet!r} has no known header and is not read" for sheet in left]
    notes += [f"sheet {sheet!r} is hidden and is not read" for sheet in hidden]
    return _one(parts, notes)


def _header(sheet: str, cells: pl.DataFrame, asked: Asked) -> Header | None:
    rows = ([(None, _texts(row))] for row in cells.head(TITLES).iter_rows())
    header = find_header(rows, asked)
    return header and replace(header, sheet=sheet)


def _texts(row: tuple[str | None, ...]) -> list[str]:
    return without_tail([(cell or "").strip() for cell in row])


def _first_row(cells: pl.DataFrame) -> list[str]:
    return next((texts for row in cells.iter_rows() if any(texts := _texts(row))), [])


def _table(header: Header, cells: pl.DataFrame, asked: Asked) -> Found:
    above = (" ".join(filter(None, _texts(row))) for row in cells.head(header.line - 1).iter_rows())
    titles = [title for title in above if title]
    words = total_words(header.kind, asked.rules)
    below = cells.slice(header.line)
    found = _records(below, header.line + 1, width=len(header.cells), totals=words)
    return tabular(header, found, titles=titles, asked=asked)


def _records(below: pl.DataFrame, first: int, *, width: int, totals: list[str]) -> Records:
    """The rows below a header; cells beyond it make a row no record, unless they are empty."""
    text = pl.all().str.strip_chars()
    filled = below.select(pl.when(text != "").then(text)).with_row_index("line", offset=first)
    cells = pl.exclude("line")
    filled = filled.with_columns(
        pl.sum_horizontal(cells.is_not_null()).alias("count"),
        pl.coalesce(cells).str.to_lowercase().is_in(totals).fill_null(False).alias("total"),
    )
    blank, single = pl.col("count") == 0, pl.col("count") == 1
    tail = (blank | single).reverse().cum_min().reverse()
    side = tail & single & (blank & tail).cum_max() & pl.lit(width > 1)
    beyond = [pl.col(str(n)).is_not_null() for n in range(width, below.width)]
    more = pl.any_horizontal(beyond) if beyond else pl.lit(False)
    names = [str(n) for n in range(below.width)]
    joined = pl.concat_str(names, separator=" | ", ignore_nulls=True).alias("text")
    filled = filled.with_columns(side.alias("side"), more.alias("more"), joined).filter(~blank)
    whole = filled.filter(~pl.col("side") & ~pl.col("more")).select("line")
    kept = below.with_row_index("line", offset=first).join(whole, on="line", how="semi")
    absent = [pl.lit(None, pl.String).alias(str(n)) for n in range(below.width, width)]
    kept = kept.with_columns(
        filled.filter(~pl.col("side") & ~pl.col("more"))["total"], *absent
    ).select("line", "total", *(str(n) for n in range(width)))
    fault = pl.lit("a cell beyond the header").alias("fault")
    others = filled.filter(~pl.col("side") & pl.col("more")).select("line", fault, "text")
    return Records(kept, others, filled.filter("side").select("line", "text"))


def _one(parts: list[Found], notes: list[str]) -> Found:
    """The sheets' tables put together; a header that two sheets map differently keeps the first."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for part in parts:
        for table, frame in part.tables.items():
            frames.setdefault(table, []).append(frame)
    days = [part.synchronised for part in parts if part.synchronised]
    mapping: dict[str, str] = {}
    for part in parts:
        mapping = {**part.mapping, **mapping}
    return Found(
        kind=" + ".join(dict.fromkeys(part.kind or "" for part in parts)),
        tables={table: pl.concat(found, how="diagonal") for table, found in frames.items()},
        dates=tuple(dict.fromkeys(day for part in parts for day in part.dates)),
        dated_rows=any(part.dated_rows for part in parts),
        pages=tuple(page for part in parts for page in part.pages),
        mapping=mapping,
        unmapped=tuple(dict.fromkeys(header for part in parts for header in part.unmapped)),
        notes=(*(note for part in parts for note in part.notes), *notes),
        synchronised=min(days, default=None),
    )
