"""The pack: what a page shows and hides, its front pages, its workbook, its names."""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
import unicodedata
import zipfile
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cssm_lib.pages.pack import Pack, Page, write_pack, write_packs_index, write_page
from cssm_lib.pages.pack.names import safe_name, unique_names
from cssm_lib.pages.pack.page import Shell, notebook_page
from cssm_lib.pages.pack.workbook import write_workbook
from cssm_lib.schema import ANSWERS, TABLES

V4 = nbformat.v4
VEGA = "application/vnd.vegalite.v5+json"
FACTS = "application/vnd.cssm.facts+json"
SHELL = Shell("Aurora – EA", "as of 2026-10-31", "Made by cssm", "index.html")
SPEC = {"mark": "bar", "data": {"values": [{"a": "</script><b>"}]}, "encoding": {}}


def shown(**data: Any) -> Any:
    """A code cell with one output."""
    bundle = {kind.replace("__", "/"): content for kind, content in data.items()}
    return V4.new_code_cell("secret = 1", outputs=[V4.new_output("display_data", bundle)])


def html_of(*cells: Any, **more: Any) -> str:
    own = V4.new_notebook()
    own.cells = [copy.deepcopy(cell) for cell in cells]
    for number, cell in enumerate(own.cells):
        cell.id = f"cell-{number}"
    return notebook_page(own, SHELL, title="A title", **more)


def body_of(html: str) -> str:
    return html[html.index("<body>") :]


# Pages


def test_a_page_shows_answers_and_no_machinery() -> None:
    streams = [
        V4.new_output("stream", name="stdout", text="plain <b>"),
        V4.new_output("stream", name="stderr", text="FutureWarning: soon"),
        V4.new_output("error", ename="ValueError", evalue="x", traceback=["Traceback …"]),
        V4.new_output(
            "display_data",
            {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "Slider(value=1)"},
        ),
    ]
    html = html_of(V4.new_code_cell("secret = 1", outputs=streams, execution_count=7))
    assert "plain &lt;b&gt;" in html
    for hidden in ("secret", "FutureWarning", "Traceback", "Slider", "In [7]", "Out[7]"):
        assert hidden not in html


def test_a_page_names_nothing_in_the_network() -> None:
    html = html_of(V4.new_markdown_cell("# Short"), shown(**{VEGA: SPEC}))
    head = unescape(html[: html.index("<body>")])
    outside = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?\s*(?:https?:)?//[^"')\s]+""", head)
    assert outside == []
    assert "default-src 'none'" in head
    assert "unsafe-eval" not in head
    assert "script-src 'sha256-" in head
    for word in ("require.min.js", "MathJax.js", "unpkg.com", "cdnjs"):
        assert word not in html


def test_the_bundle_stands_once_and_only_where_a_chart_is() -> None:
    chart = shown(**{VEGA: SPEC, "text__plain": "<chart>"})
    assert html_of(V4.new_markdown_cell("text")).count("<script") == 0
    html = html_of(chart, chart, chart)
    assert html.count('<script type="module">') == 1
    assert body_of(html).count('<figure class="chart">') == 3
    assert "\\u003c/script\\u003e\\u003cb\\u003e" in html
    assert len(html) < 1_300_000


def test_a_list_that_can_be_searched_brings_its_script_once() -> None:
    from cssm_lib.pages.tables import LIST_SCRIPT

    cell = shown(text__html=f"<p>a list</p><script>{LIST_SCRIPT}</script>")
    html = html_of(cell, cell)
    assert html.count(LIST_SCRIPT) == 1
    assert html.count("<script") == 1


def test_contents_lead_to_every_part() -> None:
    text = "# Title\n\n## One & two\n\n### `Three`\n"
    html = html_of(V4.new_markdown_cell(text), shown(text__html="<h2 class='x'>Four</h2>"))
    for number, name in enumerate(["One &amp; two", "Three", "Four"], 1):
        assert f'<a href="#part-{number}">{name}</a>' in html
        assert html.count(f'id="part-{number}"') == 1
    assert html.count("<h1>") == 1


def test_a_page_without_a_heading_gets_its_title() -> None:
    assert "<h1>A title</h1>" in html_of(V4.new_markdown_cell("text only"))


def test_an_unfinished_page_says_so_first() -> None:
    html = html_of(V4.new_markdown_cell("# Title"), problem="cell 4 of 5: ValueError: <x>")
    assert html.index("cell 4 of 5: ValueError: &lt;x&gt;") < html.index("<h1>")


# The pack's own files


def pack(tmp_path: Path, *pages: Page, client: str = "Aurora", renewal: str = "EA") -> Path:
    folder = tmp_path / safe_name(client) / safe_name(renewal) / "2026-10-31"
    whole = Pack(client, renewal, "2026-10-31", "1.2.3", pages)
    for one in pages:
        write_page(folder, whole, one)
    (folder / "tables").mkdir()
    (folder / "tables" / "positions.csv").touch()
    tables = {name: table.empty() for name, table in {**TABLES, **ANSWERS}.items()}
    about = {"key": "k", "rules": [{"path": "a.b", "as_of": dt.date(2026, 1, 1)}]}
    write_pack(folder, whole, tables=tables, about=about)
    return folder


def page(*, problem: str | None = None) -> Page:
    made = {"table": "positions", "where": "", "column": "balance", "aggregate": "sum"}
    fact = {"id": "short", "label": "Short & sour", "value": 1234, "unit": "units", "how": made}
    cells = [shown(**{FACTS: {"facts": [fact]}}), shown(**{FACTS: [fact]})]
    notebook = V4.new_notebook(cells=cells)
    fault = "fault in a cell" if problem else None
    return Page("01_short", "Who is short?", "d", {"as_of": ""}, notebook, problem, fault)


def test_facts_and_manifest_hold_what_the_front_page_shows(tmp_path: Path) -> None:
    folder = pack(tmp_path, page())
    facts = json.loads((folder / "facts.json").read_text())
    assert [(fact["id"], fact["value"], fact["page"]) for fact in facts] == [
        ("short", 1234, "01_short")
    ]
    told = json.loads((folder / "manifest.json").read_text())
    assert told["versions"]["cssm"] == "1.2.3"
    assert told["rules"][0]["as_of"] == "2026-01-01"
    assert told["pages"][0] == {
        "page": "01_short",
        "title": "Who is short?",
        "made": True,
        "notebook_digest": "d",
        "parameters": {"as_of": ""},
        "facts": 1,
    }
    front = (folder / "index.html").read_text()
    for part in ("1,234", "Short &amp; sour", 'href="01_short.html"', "pack.xlsx", "positions.csv"):
        assert part in front


def test_what_was_not_made_is_told_and_linked(tmp_path: Path) -> None:
    folder = pack(tmp_path, page(problem="cell 1 of 2: KeyError: 'a'"))
    front = (folder / "index.html").read_text()
    assert '<a href="01_short.html">Who is short?</a> (fault in a cell): cell 1 of 2' in front
    told = json.loads((folder / "manifest.json").read_text())
    (entry,) = told["did_not_run"]
    assert entry == {
        "page": "01_short",
        "class": "fault in a cell",
        "why": "cell 1 of 2: KeyError: 'a'",
    }


def test_the_list_of_packs_finds_every_pack(tmp_path: Path) -> None:
    for client in ("Aurora #1 & Söhne", "Boreal"):
        pack(tmp_path, page(), client=client)
    strange = tmp_path / "x" / "y" / "z" / "manifest.json"
    strange.parent.mkdir(parents=True)
    strange.write_text("[]")
    html = write_packs_index(tmp_path, [("Lost <b>", "no file")], tool="1").read_text()
    assert "Aurora #1 &amp; Söhne</a>" in html
    assert 'href="Aurora%20%231%20%26%20S%C3%B6hne/EA/2026-10-31/index.html"' in html
    assert "Boreal" in html
    assert "Lost &lt;b&gt;</strong>: no file" in html


# The workbook


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "{=1}", "http://x.example", "007", "\x01", None]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    frame = pl.DataFrame(
        {
            "license": HOSTILE,
            "balance": [None, *range(1000, 1009)],
            "coverage": [0.5] * 10,
            "price": pl.Series([Decimal("0.0125")] * 10, dtype=pl.Decimal(38, 6)),
            "old": [dt.date(1899, 12, 31)] * 10,
            "day": [dt.date(2026, 10, 31)] * 10,
            "at": [dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC)] * 10,
            "odd": [float("nan")] * 10,
            "yes": [True] * 10,
        }
    )
    tables = {"true_forward": frame, "notes": TABLES["notes"].empty()}
    cover = {
        "title": "=cmd()",
        "lines": [("Client", "Aurora")],
        "sources": [("a.csv", "licenses")],
        "says": {"true_forward": "a line"},
    }
    path = tmp_path / "pack.xlsx"
    write_workbook(path, tables, cover)
    return path


def part(workbook: Path, name: str) -> str:
    with zipfile.ZipFile(workbook) as archive:
        return archive.read(name).decode()


def test_a_workbook_holds_no_formula_and_no_link(workbook: Path) -> None:
    sheets = [part(workbook, f"xl/worksheets/sheet{number}.xml") for number in (1, 2, 3)]
    assert all("<f>" not in sheet and "<hyperlink" not in sheet for sheet in sheets)
    words = part(workbook, "xl/sharedStrings.xml") + sheets[1]
    for text in ("'=1+1", "'+1", "'-1", "'@SUM(A1)", "{=1}", "http://x.example", "007", "'=cmd()"):
        assert f">{text}<" in words
    assert "1899-12-31" in words


def test_every_sheet_has_a_frozen_header_filters_and_number_formats(workbook: Path) -> None:
    sheet = part(workbook, "xl/worksheets/sheet2.xml")
    assert 'state="frozen"' in sheet
    assert '<autoFilter ref="A1:I11"/>' in sheet
    styles = part(workbook, "xl/styles.xml")
    for pattern in ("0.0%", "#,##0.00####", "yyyy\\-mm\\-dd"):
        assert pattern in styles or pattern.replace("\\", "") in styles
    assert part(workbook, "xl/worksheets/sheet3.xml").count("<row ") == 1


def test_a_workbook_tells_no_time(workbook: Path) -> None:
    with zipfile.ZipFile(workbook) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "1980-01-01T00:00:00Z" in part(workbook, "docProps/core.xml")


def test_a_workbook_is_read_back_as_it_was(workbook: Path, tmp_path: Path) -> None:
    import fastexcel

    read = fastexcel.read_excel(workbook).load_sheet("true_forward").to_polars()
    assert read["license"].to_list()[4:8] == ["'\t=1", "{=1}", "http://x.example", "007"]
    assert read["balance"].to_list() == [None, *range(1000, 1009)]
    assert read["price"].to_list() == [0.0125] * 10
    assert read["day"].cast(pl.Date).to_list() == [dt.date(2026, 10, 31)] * 10
    assert read["at"].to_list() == [dt.datetime(2026, 10, 31, 12)] * 10
    assert read["yes"].to_list() == [True] * 10
    assert read["odd"].to_list() == [None] * 10


def test_any_text_stays_itself_in_the_workbook(tmp_path: Path) -> None:
    import fastexcel

    texts = ["<script>&amp;", " two  spaces ", "a\nb", "_x0041_", "\x01", "\r", "語", "'", ""]
    cover = {"title": "t", "lines": [], "sources": [], "says": {}}
    frame = pl.DataFrame({"text": texts, "n": range(len(texts))})
    write_workbook(tmp_path / "t.xlsx", {"notes": frame, "none": pl.DataFrame()}, cover)
    sheet = part(tmp_path / "t.xlsx", "xl/worksheets/sheet2.xml")
    assert ElementTree.fromstring(sheet) is not None
    assert ">&lt;script&gt;&amp;amp;<" in sheet
    assert ">_x005F_x0041_<" in sheet
    assert ">_x0001_<" in sheet
    read = fastexcel.read_excel(tmp_path / "t.xlsx").load_sheet("notes").to_polars()
    assert read["n"].to_list() == list(range(len(texts)))
    assert read["text"].to_list()[:3] == texts[:3]


# Names


@pytest.mark.parametrize(
    "name", ["Aurora Health", "Zürich Spital", "日本電気", "O'Neil & Co", "a-b_c"]
)
def test_a_harmless_name_stays(name: str) -> None:
    assert safe_name(name) == name


HARMFUL = ["../../etc", "..", "", " ", "CON", "nul.txt", "com¹", "a/b", "a\\b", "a:b", "a\nb"]


@pytest.mark.parametrize(
    "name", [*HARMFUL, "x" * 300, "語" * 300, "end.", "index.html", "a\u202eb"]
)
def test_a_harmful_name_becomes_one_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe == Path(safe).name
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\u202e]', safe)
    assert safe[0] not in ". "
    assert safe[-1] not in ". "
    assert len(safe.encode()) < 150
    assert not re.match(r"(?i)(con|nul|com¹)(\.|$)", safe)


def test_names_that_look_alike_after_cleaning_stay_two() -> None:
    assert len({safe_name(name) for name in ["a/b", "a\\b", "a:b", "a b"]}) == 4


def test_namesakes_are_told_apart() -> None:
    same = {"1": ("Aurora", "x"), "2": ("aurora", "x"), "3": ("Aurora", "x")}
    names = unique_names(same)
    assert len({name.casefold() for name in names.values()}) == 3


ANY_NAME = st.one_of(
    st.text(max_size=90),
    st.text(alphabet="aAéE\u0301ßsS ./\\\\:\u202e\udcff\x00\n", max_size=8),
    st.sampled_from(
        ["CON", "con.txt", "aux .", "COM¹", "..", "", " ", "nul", "x" * 300, "é" * 300]
    ),
    st.sampled_from(["Zu\u0308rich", "Zürich", "ZÜRICH", "Strasse", "Straße", "ﬁ", "fi", "İ", "i̇"]),
)


@settings(derandomize=True, max_examples=120, deadline=None, database=None)
@given(st.lists(ANY_NAME, max_size=7))
def test_any_names_become_as_many_folders_on_every_file_system(names: list[str]) -> None:
    """Case, composition, reserved words, dots, lengths: one folder each, and one level each."""
    given_ = {str(number): (name, f"folder {number % 2}") for number, name in enumerate(names)}
    folders = list(unique_names(given_).values())
    alike = {unicodedata.normalize("NFC", f.upper().casefold()) for f in folders}
    assert len({unicodedata.normalize("NFD", name) for name in alike}) == len(names)
    for folder in folders:
        assert folder == Path(folder).name
        assert folder == unicodedata.normalize("NFC", folder)
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f\u202e\ud800-\udfff]', folder)
        assert len(folder.encode()) < 200
        assert folder == folder.strip(" .")
        assert not re.match(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", folder)
