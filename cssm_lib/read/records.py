"""Delimited text to records: where each begins, its cells, and the lines that are no record."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

import numpy as np
import polars as pl

DELIMITERS = (",", ";", "\t", "|")
PART = 1 << 18


@dataclass(frozen=True)
class Layout:
    """Cells in the header, delimiter, line number of the first record, words of a total."""

    width: int
    delimiter: str
    first: int
    totals: list[str]


@dataclass(frozen=True)
class Records:
    """Cells of the whole records (`line`, then a column a header), the others, and side lines.

    `others` has line, fault and text; `notes` has line and text of lines that are no record: totals
    and what stands below the table.
    """

    cells: pl.DataFrame
    others: pl.DataFrame
    notes: pl.DataFrame


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line, stripped.

    >>> cells_of('License ,"a, b"', ",")
    ['License', 'a, b']
    """
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        cells = line.split(delimiter)
    return [cell.strip() for cell in cells]


def plain_lines(text: str) -> str:
    r"""The text with line ends as one character.

    >>> plain_lines("a\r\nb\rc")
    'a\nb\nc'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def records(body: str, layout: Layout) -> Records:
    r"""The records below a header, each with the number of the line it begins on.

    A quoted cell may run over lines. Blank lines are no records. A record with more or fewer cells
    than the header stands in `others`; blank cells beyond the header are dropped.

    >>> records("a,1\nb\n", Layout(2, ",", 2, [])).others.rows()
    [(3, '1 cell where the header has 2', 'b')]
    """
    if (plain := quick(body.encode(), layout)) is not None:
        return plain
    width, delimiter = layout.width, layout.delimiter
    rows = _joined(body, layout.first)
    rows = rows.with_columns(_blank(delimiter).alias("blank"))
    rows = rows.with_columns(_trimmed(_counted(rows, delimiter), width, delimiter))
    rows = rows.with_columns(_below(rows, layout)).filter(~pl.col("blank"))
    whole = rows.filter(~pl.col("side") & (pl.col("count") == width) & ~pl.col("odd"))
    other = rows.filter(~pl.col("side") & ((pl.col("count") != width) | pl.col("odd")))
    cells, unread = _cells(whole, width, delimiter)
    return Records(
        cells,
        pl.concat([other.select("line", _why(width).alias("fault"), "text"), unread]),
        rows.filter("side").select("line", "text"),
    )


def quick(data: bytes, layout: Layout, *, offset: int = 0, skip: int = 0) -> Records | None:
    """The records of a plain body in one go, or null where anything is out of the ordinary.

    The body begins at `offset`, after `skip` lines. Plain is proven: a record a line, every line
    with all its delimiters, every quote at the edge of a cell, the first cell of each record filled
    and no total word.
    """
    if offset >= len(data):
        return None
    quoted = data.find(b'"', offset) >= 0
    lines = _count(data, b"\n", offset) + (not data.endswith(b"\n"))
    if quoted and not _edged(data, layout.delimiter.encode(), offset):
        return None
    cells = _read(data, layout.width, delimiter=layout.delimiter, skip=skip)
    if cells is None or cells.height != lines or not _full(cells, data, layout, offset):
        return None
    first = cells["0"].unique()
    bare = first.str.strip_chars(" \t\u00a0'\"" + layout.delimiter).str.to_lowercase()
    if first.null_count() or bare.is_in(["", *layout.totals]).any():
        return None
    line = pl.int_range(layout.first, layout.first + cells.height, dtype=pl.UInt32, eager=True)
    whole = cells.select(line.alias("line"), pl.lit(False).alias("total"), pl.all())
    none = pl.DataFrame(schema={"line": pl.UInt32, "fault": pl.String, "text": pl.String})
    return Records(whole, none, none.drop("fault"))


def _count(data: bytes, letter: bytes, offset: int) -> int:
    """How often a letter stands in the body, counted in parts that fit the processor's cache."""
    letters = np.frombuffer(data, dtype=np.uint8, offset=offset)
    starts = range(0, len(letters), PART)
    return sum(np.count_nonzero(letters[at : at + PART] == ord(letter)) for at in starts)


def _edged(data: bytes, delimiter: bytes, offset: int) -> bool:
    """Whether quotes open and close whole cells in turn; doubled and stray quotes do not."""
    letters = np.frombuffer(data, dtype=np.uint8, offset=offset)
    starts = range(0, len(letters), PART)
    found = [np.flatnonzero(letters[at : at + PART] == ord('"')) + at for at in starts]
    places = np.concatenate(found)
    if len(places) % 2:
        return False
    opening, closing, last = places[0::2], places[1::2], len(letters) - 1
    before = letters[np.maximum(opening, 1) - 1]
    after = letters[np.minimum(closing, last - 1) + 1]
    edges = (ord(delimiter), ord("\n"))
    opens = (before == edges[0]) | (before == edges[1]) | (opening == 0)
    closes = (after == edges[0]) | (after == edges[1]) | (closing == last)
    return bool(opens.all() and closes.all())


def _full(cells: pl.DataFrame, data: bytes, layout: Layout, offset: int) -> bool:
    """Whether every record has all its cells: a short one ends with cells that are not there."""
    if not cells[:, -1].null_count():
        return True
    inside = 0
    if data.find(b'"', offset) >= 0:
        counts = cells.select(pl.all().str.count_matches(layout.delimiter, literal=True).sum())
        inside = int(sum(counts.row(0)))
    delimiters = _count(data, layout.delimiter.encode(), offset)
    return delimiters == cells.height * (layout.width - 1) + inside


def _read(data: bytes, width: int, *, delimiter: str, skip: int = 0) -> pl.DataFrame | None:
    """The cells as text by polars, null where it finds the text malformed."""
    try:
        return pl.read_csv(
            data,
            has_header=False,
            schema={str(number): pl.String for number in range(width)},
            separator=delimiter,
            skip_lines=skip,
            truncate_ragged_lines=False,
        )
    except pl.exceptions.PolarsError:
        return None


def _joined(body: str, first: int) -> pl.DataFrame:
    """One row a record's text with its line number; lines inside quotes are put together.

    Where the file's quotes do not pair up, every line stands alone, so that one stray quote
    costs its own line and not the rest of the file.
    """
    text = pl.Series("text", body.split("\n"), dtype=pl.String)
    rows = pl.DataFrame({"text": text}).with_row_index("line", offset=first)
    if '"' not in body:
        return rows.with_columns(pl.lit(False).alias("odd"))
    rows = rows.with_columns(pl.col("text").str.count_matches('"', literal=True).alias("quotes"))
    opened = (pl.col("quotes").cum_sum() - pl.col("quotes")) % 2
    if rows["quotes"].sum() % 2 == 0 and rows.select(opened.any()).item():
        rows = rows.group_by((opened == 0).cum_sum().alias("record"), maintain_order=True).agg(
            pl.col("line").first(), pl.col("text").str.join("\n"), pl.col("quotes").sum()
        )
    return rows.select("line", "text", (pl.col("quotes") % 2 == 1).alias("odd"))


def _blank(delimiter: str) -> pl.Expr:
    return pl.col("text").str.strip_chars(f"{delimiter} \t\r\n\"'\u00a0") == ""


def _counted(rows: pl.DataFrame, delimiter: str) -> pl.DataFrame:
    """The number of cells; delimiters inside quotes do not divide."""
    quoted = rows["text"].str.contains('"', literal=True).any()
    bare = pl.col("text").str.replace_all(r'"[^"]*"', "") if quoted else pl.col("text")
    return rows.with_columns((bare.str.count_matches(delimiter, literal=True) + 1).alias("count"))


def _trimmed(rows: pl.DataFrame, width: int, delimiter: str) -> list[pl.Series]:
    """Empty cells beyond the header's width taken off the end."""
    long = rows["count"] > width
    if not long.any():
        return [rows["text"], rows["count"]]
    end = rf"(?:{re.escape(delimiter)}[ ]*)"
    spare = pl.col("text").str.extract(rf"({end}+)$").str.count_matches(delimiter, literal=True)
    extra = pl.min_horizontal(pl.col("count") - width, spare.fill_null(0))
    parts = [
        pl.when(extra == n).then(pl.col("text").str.replace(rf"{end}{{{n}}}$", ""))
        for n in range(1, min(int((rows["count"] - width).max()), 64) + 1)
    ]
    found = rows.select(
        pl.when(pl.lit(long)).then(pl.coalesce(*parts, "text")).otherwise("text").alias("text"),
        pl.when(pl.lit(long)).then(pl.col("count") - extra).otherwise("count").alias("count"),
    )
    return found.get_columns()


def _below(rows: pl.DataFrame, layout: Layout) -> list[pl.Series]:
    """`side`: a ragged total, or a line of one cell below a blank line at the end of the table.

    `total`: a whole record that begins like a total; the reader decides by its licence.
    """
    delimiter = layout.delimiter
    words = "|".join(re.escape(word) for word in layout.totals) or "[^\\s\\S]"
    begins = rf'(?i)^[{re.escape(delimiter)} \t"]*(?:{words}) *(?:["{re.escape(delimiter)}]|$)'
    single = (pl.col("count") == 1) & ~pl.col("blank")
    tail = (single | pl.col("blank")).reverse().cum_min().reverse()
    after_blank = (pl.col("blank") & tail).cum_max()
    total = pl.col("text").str.contains(begins) & ~pl.col("blank")
    ragged = total & (pl.col("count") != layout.width)
    side = (tail & single & after_blank) | ragged
    return rows.select(total.alias("total"), side.alias("side")).get_columns()


def _why(width: int) -> pl.Expr:
    cells = pl.when(pl.col("count") == 1).then(pl.lit("cell")).otherwise(pl.lit("cells"))
    ragged = pl.format(f"{{}} {{}} where the header has {width}", "count", cells)
    return pl.when("odd").then(pl.lit("a quote that is never closed")).otherwise(ragged)


def _cells(whole: pl.DataFrame, width: int, delimiter: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cells of whole records, and the records whose quotes only a lenient reader takes."""
    names = [str(number) for number in range(width)]
    kept = whole.select("line", "total", "text")
    none = kept.clear().select("line", pl.lit("").alias("fault"), "text")
    if kept.is_empty():
        empty = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        return kept.drop("text").hstack(empty.get_columns()), none
    found = _read("\n".join(kept["text"]).encode(), width, delimiter=delimiter)
    if found is None or found.height != kept.height:
        return _lenient(kept, names, delimiter)
    return kept.drop("text").hstack(found.get_columns()), none


def _lenient(
    kept: pl.DataFrame, names: list[str], delimiter: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Record by record by the standard library, where quotes stand inside cells."""
    rows = [_lenient_cells(text, delimiter) for text in kept["text"]]
    fits = pl.Series([len(row) == len(names) for row in rows])
    whole = [row for row in rows if len(row) == len(names)]
    found = pl.DataFrame(whole, schema=dict.fromkeys(names, pl.String), orient="row")
    fault = pl.lit("quotes inside a cell").alias("fault")
    return (
        kept.filter(fits).drop("text").hstack(found.get_columns()),
        kept.filter(~fits).select("line", fault, "text"),
    )


def _lenient_cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []
