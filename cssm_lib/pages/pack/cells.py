"""The rows of a sheet as XML, column by column in polars instead of cell by cell.

XlsxWriter writes each cell by a call; for the half a million cells of a few packs that was half of
all that a run did outside its kernels.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

DAY_ZERO, EPOCH = dt.date(1899, 12, 30), dt.date(1970, 1, 1)
DAY = 86_400_000_000  # microseconds
# what XML gives a meaning, what it cannot hold, and the words by which a spreadsheet writes those
MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
NO_XML = [chr(code) for code in range(32) if code not in (9, 10)] + ["\ufffe", "\uffff"]
ESCAPED = MARKUP | {char: f"_x{ord(char):04X}_" for char in NO_XML}
LOOKS_ESCAPED = r"(_x[0-9a-fA-F]{4}_)"
ROWS_AT_ONCE = 50_000


class FrameSheet(Worksheet):
    """A worksheet whose rows come from a frame; all else is XlsxWriter's."""

    frame: pl.DataFrame
    header: Any

    def fill(self, frame: pl.DataFrame, header: Any) -> None:
        """Take the frame whose rows, and the format in which its names, are to be written.

        Text is inline, so that no table of all strings is held for a whole workbook.
        """
        self.frame, self.header = frame, header
        if frame.width:
            self._check_dimensions(0, 0)
            self._check_dimensions(frame.height, frame.width - 1)

    def _write_rows(self) -> None:
        self._write_names()
        looks = [self.col_info[place].column_format for place in range(self.frame.width)]
        styles = [look._get_xf_index() for look in looks]
        for start in range(0, self.frame.height, ROWS_AT_ONCE):
            part = self.frame.slice(start, ROWS_AT_ONCE)
            self.fh.write("".join(row_texts(part, styles, first=start + 2)))

    def _write_names(self) -> None:
        style = self.header._get_xf_index()
        self._xml_start_tag("row", [("r", 1)])
        for place, name in enumerate(self.frame.columns):
            at = [("r", f"{xl_col_to_name(place)}1"), ("s", style)]
            self._xml_inline_string(name, False, at)
        self._xml_end_tag("row")


def row_texts(frame: pl.DataFrame, styles: list[int], *, first: int) -> pl.Series:
    """Each row of a frame as a `<row>` element; an empty cell is not written.

    >>> row_texts(pl.DataFrame({"a": [1.5], "b": [None]}), [2, 3], first=7).item()
    '<row r="7"><c r="A7" s="2"><v>1.5</v></c></row>'
    """
    row = pl.int_range(first, first + pl.len()).cast(pl.String)
    cells = [
        _cell(column, f'<c r="{xl_col_to_name(place)}', row, styles[place])
        for place, column in enumerate(frame)
    ]
    there = pl.concat_str(cells, ignore_nulls=True)
    whole = pl.concat_str(pl.lit('<row r="'), row, pl.lit('">'), there, pl.lit("</row>"))
    return frame.select(row=whole)["row"]


def _cell(column: pl.Series, begin: str, row: pl.Expr, style: int) -> pl.Expr:
    kind, close, value = _held(column)
    return pl.concat_str(
        pl.lit(begin), row, pl.lit(f'" s="{style}"{kind}'), value, pl.lit(f"{close}</c>")
    )


def _held(column: pl.Series) -> tuple[str, str, pl.Expr]:
    """How a cell of the column opens and closes, and its content."""
    value, dtype = pl.col(column.name), column.dtype
    if dtype == pl.String:
        safe = value.str.replace_all(LOOKS_ESCAPED, "_x005F$1")
        words = safe.str.replace_many(list(ESCAPED), list(ESCAPED.values()))
        return ' t="inlineStr"><is><t xml:space="preserve">', "</t></is>", words
    if dtype == pl.Boolean:
        return ' t="b"><v>', "</v>", value.cast(pl.Int8).cast(pl.String)
    return "><v>", "</v>", _number(value, dtype).cast(pl.String)


def _number(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Days since a spreadsheet's day zero for times; binary fractions, as a spreadsheet counts."""
    if dtype == pl.Date:
        return value.cast(pl.Int32) + (EPOCH - DAY_ZERO).days
    if isinstance(dtype, pl.Datetime):
        return value.dt.epoch("us") / DAY + (EPOCH - DAY_ZERO).days
    return value.cast(pl.Float64) if dtype.is_decimal() else value
