"""The brief as it is handed over: two printed pages, and the same three numbers on the front."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from cssm_lib.pages import header, lists, sheet, tables
from cssm_lib.pages.pack.contents import OPENING
from cssm_lib.schema import ANSWERS
from cssm_lib.schema.answers.changes import CAUSES

pytestmark = pytest.mark.xdist_group("kernels")
stand_in = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))
CHROMIUM = Path("/usr/bin/chromium")


def folder(batch: SimpleNamespace, client: str) -> Path:
    (manifest,) = batch.out.glob(f"{client}*/*/*/manifest.json")
    return manifest.parent


def facts(place: Path) -> dict[str, dict]:
    return {one["id"]: one for one in json.loads((place / "facts.json").read_text("utf-8"))}


def test_the_front_page_opens_with_the_numbers_of_the_brief(sample_batch: SimpleNamespace) -> None:
    place = folder(sample_batch, "Alder")
    known, front = facts(place), (place / "index.html").read_text("utf-8")
    opening = re.search(r'<dl class="tiles opening">.*?</dl>', front, re.DOTALL)[0]
    for (id_, label, _), value in zip(
        OPENING[0], ("1028426.22", "889362", "42840"), strict=True
    ):  # fmt: skip
        assert known[id_]["value"] == value
        assert known[id_]["unit"] == "EUR"
        assert label in opening.replace("&#39;", "'")
    assert re.findall(r'class="value"[^>]*>([^<]+)<', opening) == [
        "1,028,426.22",
        "889,362",
        "42,840",
    ]


def test_without_prices_the_numbers_are_units(sample_batch: SimpleNamespace) -> None:
    place = folder(sample_batch, "Birch")
    known, front = facts(place), (place / "index.html").read_text("utf-8")
    ask, position, cured = (known[f"brief.{n}_units"] for n in ("ask", "position", "cured"))
    assert {one["unit"] for one in (ask, position, cured)} == {"units"}
    opening = re.search(r'<dl class="tiles opening">.*?</dl>', front, re.DOTALL)[0]
    shown = re.findall(r'class="value"[^>]*>([^<]+)<', opening)
    assert shown == [f"{one['value']:,}" for one in (ask, position, cured)]


in_a_browser = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no {CHROMIUM}; apt-get install chromium"
)


@pytest.mark.browser
@in_a_browser
@pytest.mark.parametrize("client", ["Alder", "Birch", "Cedar"])
def test_it_prints_on_two_pages(sample_batch: SimpleNamespace, client: str) -> None:
    assert pages_on_paper(folder(sample_batch, client) / "00_renewal_brief.html") == 2


@pytest.mark.browser
@in_a_browser
@pytest.mark.parametrize("client", ["Alder", "Birch"])
def test_room_is_left_for_what_changed(
    sample_batch: SimpleNamespace, client: str, page: sheet.Page, tmp_path: Path
) -> None:
    """The compact part for a previous pack, with every cause, put where the notebook has it."""
    told = compared(page, (("The vendor's likely ask", 8), ("Our position", 8), ("Cured free", 8)))
    shown = [sheet.since(told), tables.printed(lists.numbers_since(told), "changes")]
    part = "".join(
        f'<div class="outputs"><div class="html">{one.html}</div></div>' for one in shown
    )
    html = (folder(sample_batch, client) / "00_renewal_brief.html").read_text("utf-8")
    before, heading, after = html.partition('<h2 id="part-1"')
    path = tmp_path / "brief.html"
    path.write_text(f"{before}{part}{heading}{after}", "utf-8")
    assert pages_on_paper(path) == 2


def pages_on_paper(path: Path) -> int:
    from playwright.sync_api import sync_playwright

    drawn = path.read_text("utf-8").count('<figure class="chart">')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_context(offline=True).new_page()
        page.goto(path.as_uri())
        page.wait_for_function(
            f"document.querySelectorAll('figure.chart .marks').length >= {drawn}"
        )
        paper = page.pdf(prefer_css_page_size=True, print_background=True)
        browser.close()
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", paper))


def test_every_link_of_the_brief_leads_somewhere(sample_batch: SimpleNamespace) -> None:
    place = folder(sample_batch, "Alder")
    html = (place / "00_renewal_brief.html").read_text("utf-8")
    links = {link for link in re.findall(r'href="([^"#]+)"', html) if not link.startswith("#")}
    assert {"index.html", "tables/renewal.csv", "tables/quote_causes.csv"} <= links
    assert {"actions.csv", "calendar.ics", "statements.md"} <= links
    assert all((place / link).is_file() for link in links)


@pytest.fixture
def page() -> sheet.Page:
    return sheet.Page(stand_in["answers"](3, 4), "00", renewal="EA Networking")


def test_papers_stand_on_the_screen_and_never_on_paper(sample_batch: SimpleNamespace) -> None:
    html = (folder(sample_batch, "Alder") / "00_renewal_brief.html").read_text("utf-8")
    on_screen = "".join(re.findall(r'<div class="(?:outputs|text) screen">.*?</div>', html, re.S))
    for heading in ("What changed", "What is to do", "What is due", "What is put in writing"):
        assert heading in on_screen
    for table in ("actions", "calendar", "statements"):
        place = rf'<div class="outputs screen">\s*<div class="html">\s*<div data-table="{table}">'
        assert re.search(place, html)
    assert ".contents, .screen, .vega-embed details { display: none; }" in html
    assert "A pack of an earlier run would fill it" in html  # none was given
    assert "Since the pack" not in html


def test_the_papers_name_the_files_that_a_pack_writes() -> None:
    from cssm_lib.pages.pack.papers import PAPERS

    assert dict(header.PAPERS) == {table: file for file, (table, _) in PAPERS.items()}


def test_a_part_number_is_never_broken_in_a_line(page: sheet.Page) -> None:
    rows = pl.DataFrame({"line": ["E3N-C9300-A", "Prime Infrastructure Lifecycle License", None]})
    cells = re.findall(r"<td[^>]*>", tables.printed(rows, "renewal").html)
    assert ["nowrap" in cell for cell in cells] == [True, False, False]


def compared(page: sheet.Page, figures: tuple[tuple[str, int], ...]) -> sheet.Page:
    """The page with a previous pack: figures, each with so many causes, and one of another page."""
    part = {"unit": "EUR", "page": "00", "before": 1000000, "after": 999999}
    rows = [
        part | {"figure": label, "label": label, "cause": cause, "change": 1000 + number}
        for label, causes in figures
        for number, cause in enumerate(CAUSES[:causes])
    ]
    rows += [part | {"figure": "x", "page": "01", "cause": "data", "change": -1}]
    changed = page.answers.tables | {"changes": ANSWERS["changes"].shaped(pl.DataFrame(rows))}
    about = page.answers.about | {"previous": {"as_of": "2026-07-31"}}
    return sheet.Page(stand_in["StandIn"](changed, about), "00")


def test_the_numbers_of_the_brief_have_their_change_before_and_after(page: sheet.Page) -> None:
    told = compared(page, (("Ask", 3), ("Position", 1)))
    assert lists.numbers_since(told).rows() == [
        ("Ask", "EUR", 1000000, 1000, 1001, 1002, 999999),
        ("Position", "EUR", 1000000, 1000, 0, 0, 999999),
    ]
    words = re.sub("<[^>]+>", "", sheet.since(told).html)
    assert words == (
        "Since the pack as of 2026-07-31. 3 figures changed, by 3 causes; the parts of each add up"
        " to its difference. Explained by the data received only: 3 parts."
    )
    same = sheet.Page(stand_in["StandIn"]({}, told.answers.about), "00")
    assert sheet.since(same).plain.startswith("No change: every headline figure is what it was")
    assert sheet.since(page).html == ""


def test_signals_of_another_agreement_stay_away(page: sheet.Page) -> None:
    assert lists.signals(page)["signal"].to_list() == ["retired", "reporting"]
    assert lists.counter_moves(page)["signal"].to_list() == ["retired", "reporting"]


def test_the_quote_is_answered_cause_by_cause(page: sheet.Page) -> None:
    rows = lists.quote_why(page)
    assert rows["money"].cast(pl.Float64).to_list() == [21600, 1234.5, -720.25, None]
    assert rows["renews"].to_list()[::3] == ["E3N-C9300-A", "E3N-C9300-E"]


def test_the_head_of_the_brief_is_one_line_with_its_doubts(page: sheet.Page) -> None:
    html = re.sub("<[^>]+>", "", header.line(page).html)
    assert "Aurora Health · EA Networking, 2024-02-01 to 2027-01-31 · as of 2026-10-31" in html
    assert "Fewer records than the export says it holds: 1 file." in html
    bare = sheet.Page(stand_in["StandIn"]({}, stand_in["ABOUT"] | {"agreements": []}), "00")
    assert "no agreement in client.toml" in header.line(bare).html


def test_a_figure_without_money_is_told_in_units(page: sheet.Page) -> None:
    held = page.answers.tables | {
        "numbers": stand_in["numbers"]().with_columns(money=pl.lit(None, pl.Decimal(38, 6)))
    }
    bare = sheet.Page(stand_in["StandIn"](held, page.answers.about), "00")
    one = bare.fact("brief.ask")
    assert (one.figure.id, one.value, one.figure.unit) == ("brief.ask_units", 9000, "units")


def test_the_vendor_learns_nothing_of_what_we_want() -> None:
    from cssm_lib.schema.answers.renewal import RENEWAL_TABLES
    from cssm_lib.schema.answers.signals import SIGNALS_TABLES
    from cssm_lib.schema.audience import VENDOR, about_for, shown_tables

    ours = {one.name for one in (*RENEWAL_TABLES, *SIGNALS_TABLES)}
    assert ours <= set(ANSWERS)
    assert not ours & set(shown_tables(ANSWERS, VENDOR))
    rules = [{"path": path, "value": 0.1} for path in ("renewal.headroom", "positions.x")]
    told = about_for(stand_in["ABOUT"] | {"rules": rules}, VENDOR)
    assert [rule["path"] for rule in told["rules"]] == ["positions.x"]
