"""Tables for a reader: human headings, numbers with signs, and text from files as data."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from cssm_lib.pages import tables
from cssm_lib.pages.exports import EXPORTS, nothing_here

stand_in = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))
HOSTILE = stand_in["HOSTILE"]
ROWS = pl.DataFrame(
    {
        "license": ["C9300", HOSTILE, None],
        "entitled": [1234567, 5, 0],
        "balance": [-1200, 40, 0],
        "utilisation": [0.5, 1.0, None],
        "end_date": [dt.date(2027, 1, 31), None, None],
        "net": [Decimal("43200.000000"), Decimal("0.012500"), Decimal("12.500000")],
        "complete": [True, False, None],
        "peak_date": pl.Series([None, None, None], dtype=pl.Date),
    }
)
both = pytest.mark.parametrize("shown", [tables.printed, tables.searchable])


class Page(HTMLParser):
    """Every tag with its attributes, and the text of each table cell."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.cells = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] in ("td", "th"):
            self.cells[-1] += data.strip()


@both
def test_a_table_reads_like_print(shown):
    cells = Page(shown(ROWS, "positions").html).cells
    assert {"Licence", "Last day covered", "Balance", "Utilisation"} <= set(cells)
    assert {"1,234,567", "−1,200", "+40", "50 %", "2027-01-31", "43,200.00"} <= set(cells)
    assert {"0.0125", "12.50", "yes", "no", "–"} <= set(cells)


@both
def test_a_column_that_says_nothing_is_left_out(shown):
    assert "Peak date" not in Page(shown(ROWS, "positions").html).cells


@both
def test_text_of_a_file_is_never_markup(shown):
    page = Page(shown(ROWS, "positions").html)
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert HOSTILE in page.cells


@both
def test_short_is_coloured_and_signed(shown):
    html = shown(ROWS, "positions").html
    assert "−1,200" in html
    assert tables.SHORT_COLOUR.lower() in html.lower()


@both
def test_a_cut_table_says_so(shown):
    long = pl.DataFrame({"license": [f"l{n}" for n in range(30)]})
    assert "10 of 30 rows" in shown(long, "positions", rows=10).html


@both
def test_an_empty_table_is_a_sentence_or_nothing(shown):
    assert shown(ROWS.clear(), "positions").html == ""
    assert "Nothing &lt;noted&gt;" in shown(ROWS.clear(), "notes", none="Nothing <noted>").html


@both
def test_the_same_table_gives_the_same_bytes(shown):
    assert shown(ROWS, "positions").html == shown(ROWS, "positions").html


def test_a_list_needs_nothing_from_elsewhere():
    page = Page(tables.searchable(ROWS, "positions").html)
    assert not [a for _, a in page.tags if {"src", "href"} & set(a)]
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]


def test_a_list_script_is_one_text_that_a_policy_can_allow():
    first, second = (tables.searchable(ROWS.head(n), "x").html for n in (1, 2))
    script = f"<script>{tables.LIST_SCRIPT}</script>"
    assert script in first
    assert script in second
    assert "</" not in tables.LIST_SCRIPT


def test_pairs_are_escaped():
    assert "<img" not in tables.pairs([("Client", HOSTILE)])


@pytest.mark.parametrize("table", EXPORTS)
def test_every_missing_table_names_an_export(table):
    assert nothing_here(table).startswith("No data for this part.")
