"""Two audiences: a pack for the vendor is searched, byte by byte, for anything of our strategy."""

from __future__ import annotations

import io
import json
import re
import runpy
import shutil
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import polars as pl
import pytest

import cssm_lib
from cssm_lib.batch import Settings, find_notebooks, jobs_from_folders, run
from cssm_lib.batch.audience import for_audience
from cssm_lib.batch.notebooks import Notebook
from cssm_lib.errors import InternalOnly, ParameterError
from cssm_lib.pages import lists, sheet
from cssm_lib.pages.figures import FIGURES
from cssm_lib.pages.readings import READINGS
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES
from cssm_lib.schema.audience import COLUMNS, FACTS, MARKS, OWN_SOURCES, ROWS, is_internal

V4 = nbformat.v4
kernels = pytest.mark.xdist_group("kernels")
stand_in = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))
# the parts that cells of a vendor's pack call for
SHOWN = {
    part
    for one in for_audience(find_notebooks(), "vendor").values()
    for cell in one.content.cells
    for part in re.findall(r'sheet\.reading\(page, "(\w+)"\)', cell.source)
}
RANGES = tuple(f"brief.{name}" for name in ("ask", "position", "disputed", "opening", "dearer"))
INTERNAL_TABLES = sorted((set(ANSWERS) - FACTS) | OWN_SOURCES)
# what no sentence for the vendor says, whoever wrote it
STRATEGY = re.compile(
    r"renewal team|counter[ -]?move|walk[ -]?away|negotiat|the meeting|likely ask|usual opening"
    r"|what to do|\bclaims?\b|refut|\boffer|ask for|leverage|discount|uplift|if lent|tier ladder"
    r"|balance_if_lent|scenario|our position|before anybody|what we ask|our reading",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """The parts of a text that stand in a page as they are, whatever its figures are."""
    parts = re.split(r"\{\w+\}|(?<=[.;:!?])\s+", text)
    return [part.strip() for part in parts if len(part.strip()) > 20]


# names under which the rule packs hold moves, answers and how the other side reads a signal
OURS = {"steps", "vendor_reading", "our_reading", "ask", "answer", "move", "why", "says"}
PACKS = ("signals.words", "signals.asks", "renewal.causes", "hygiene.moves")


def ruled(value: Any, name: str = "") -> Iterator[str]:
    """The sentences of an entry of a rule pack that are ours alone."""
    if isinstance(value, dict):
        for key, held in value.items():
            yield from ruled(held, key)
    elif isinstance(value, list):
        for held in value:
            yield from ruled(held, name)
    elif name in OURS:
        yield from sentences(str(value))


def moves() -> Iterator[str]:
    """Every counter move and every sentence of strategy that pages and rule packs know."""
    rules = load_rules({"assumed": True})
    for path in PACKS:
        yield from ruled(rules[path])
    for reading in READINGS.values():
        yield from sentences(reading.do)
        yield from sentences(reading.none_do)
    for notebook in find_notebooks().values():
        whole = "internal" in notebook.content.cells[0].metadata.get("tags", [])
        for cell in notebook.content.cells:
            tags = cell.metadata.get("tags", [])
            if cell.cell_type != "markdown" or ("facts" in tags and not whole):
                continue
            own = whole or "internal" in tags
            lines = [line for line in cell.source.splitlines() if own or line[:1] != "#"]
            yield from sentences("\n".join(lines))


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file under a folder as text, whatever it is, with its own name."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        yield name, f"{name}\n{text_of(path)}"


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
        words = frame.select(pl.col(pl.String).drop_nulls().implode()).to_dicts()
        return f"{frame.columns} {pl.read_parquet_metadata(path)} {words}"
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return unescape("\n".join(archive.read(name).decode() for name in archive.namelist()))
    text = raw.decode()
    if path.suffix == ".ipynb":
        # a sentence may be broken over lines of JSON
        cells = json.loads(text)["cells"]
        text += "\n".join("".join(cell["source"]) for cell in cells)
        text += json.dumps(cells, ensure_ascii=False).replace('", "', "")
    # the one bundle of JavaScript is not ours and holds no word of a client
    return unescape(re.sub(r'<script type="module">.*?</script>', "", text, flags=re.DOTALL))


@pytest.fixture(scope="module")
def packs(sample_clients: Path, sample_batch: Any, tmp_path_factory: Any, cssm: Any) -> Any:
    """Both packs of two sample clients in one OUT: the vendor's made after the internal one."""
    out = tmp_path_factory.mktemp("audiences") / "out"
    shutil.copytree(sample_batch.out, out)
    shutil.rmtree(out / "Cedar Print Works")
    given = ("run", sample_clients / "alder", sample_clients / "birch", "--out", out)
    done = cssm(*given, "--audience", "vendor")
    assert done.returncode == 0, done.stderr
    folders = sorted(path.parent for path in out.glob("*/*/*/manifest.json"))
    vendor = [folder for folder in folders if folder.name.endswith("-vendor")]
    ours = [folder for folder in folders if folder not in vendor]
    return SimpleNamespace(out=out, vendor=vendor, ours=ours)


@kernels
def test_the_vendors_pack_holds_no_word_of_strategy(packs: Any) -> None:
    phrases = sorted({*moves()})
    assert len(phrases) > 150
    for folder in packs.vendor:
        for name, text in texts(folder):
            flat = " ".join(text.split())
            assert [phrase for phrase in phrases if phrase in flat] == [], (folder, name)
            if not name.startswith("tables/source/"):  # the data as received, quotes included
                assert STRATEGY.findall(flat) == [], (folder, name)


def _holds_one(text: str, phrases: set[str]) -> bool:
    return any(phrase in text for phrase in phrases)


@kernels
def test_the_search_would_find_them(packs: Any) -> None:
    """The same search over the internal packs finds moves in pages, notebooks and papers."""
    phrases = {*moves()}
    found = {
        name
        for folder in packs.ours
        for name, text in texts(folder)
        if STRATEGY.search(text) and _holds_one(" ".join(text.split()), phrases)
    }
    assert {"01_utilisation.html", "01_utilisation.ipynb", "06_data_received.html"} <= found


@kernels
def test_no_internal_table_column_or_row_is_in_the_vendors_pack(packs: Any) -> None:
    for folder in packs.vendor:
        for name, text in texts(folder):
            stem = Path(name).stem
            assert stem not in INTERNAL_TABLES
            named = {column for column in COLUMNS if re.search(rf"[\"',>]{column}[\"',<]", text)}
            assert named == set(), (folder, name)
        manifest = json.loads((folder / "manifest.json").read_text())
        assert not set(manifest["tables"]) & set(INTERNAL_TABLES)
        assert all(isinstance(rule["value"], int | float) for rule in manifest["rules"])
        assert all(
            set(one)
            <= {"name", "programme", "start", "end", "suites"}
            | {"smart_accounts"}
            | {"virtual_accounts"}
            for one in manifest["agreements"]
        )
        for path in (folder / "tables").rglob("*.parquet"):
            frame = pl.read_parquet(path)
            assert not COLUMNS & set(frame.columns)
            if path.stem in ROWS:
                assert frame.filter(~pl.sql_expr(ROWS[path.stem])).is_empty()


@kernels
def test_no_number_of_the_brief_is_in_the_vendors_pack(packs: Any) -> None:
    """The likely ask, our position, both ends of it: as printed and as a file holds them."""
    ours, theirs = (
        next(one for one in found if "Alder" in str(one)) for found in (packs.ours, packs.vendor)
    )
    facts = json.loads((ours / "facts.json").read_text())
    # sums of money are texts; a count of units may well be one of another thing
    values = [one["value"] for one in facts if one["id"].startswith(RANGES)]
    numbers = {value for value in values if isinstance(value, str)}
    assert {"1028426.22", "889362", "96224.22", "951617.34"} <= numbers
    told = {re.escape(way) for one in numbers if one for way in (one, f"{Decimal(one):,}")}
    number = re.compile(rf"(?<![\d.,])(?:{'|'.join(told)})(?!\d|[.,]\d)")
    assert number.search((ours / "00_renewal_brief.html").read_text())
    for name, text in texts(theirs):
        assert number.findall(text) == [], name


@kernels
def test_the_users_ranges_and_reasons_stay_inside(packs: Any) -> None:
    """Discount and uplift of alder, the reasons for excluded use of both."""
    (alder,) = [one for one in packs.vendor if "Alder" in str(one)]
    manifest = json.loads((alder / "manifest.json").read_text())
    assert "0.42" not in json.dumps(manifest)
    for folder in packs.vendor:
        for name, text in texts(folder):
            assert "ward move" not in text, name
            assert "price hold" not in text, name
            assert "summer event" not in text, name


@kernels
def test_every_page_and_every_file_says_for_whom_it_is(packs: Any) -> None:
    for folders, audience in ((packs.ours, "internal"), (packs.vendor, "vendor")):
        mark, other = MARKS[audience], MARKS[{"internal": "vendor"}.get(audience, "internal")]
        for folder in folders:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                assert marked(path, audience, mark), path
                assert other not in text_of(path), path


def marked(path: Path, audience: str, mark: str) -> bool:
    """A CSV of tables is marked by its folder only: inside, a mark would be a row of data."""
    if path.suffix == ".csv":
        return True
    if path.suffix == ".parquet":
        return pl.read_parquet_metadata(path)["cssm.audience"] == audience
    if path.suffix == ".ics":
        return mark.replace(",", "\\,") in path.read_bytes().decode().replace("\r\n ", "")
    if path.name == "facts.json":
        return {fact["audience"] for fact in json.loads(path.read_text())} == {audience}
    if path.name == "manifest.json":
        return json.loads(path.read_text())["audience"] == audience
    if path.suffix == ".ipynb":
        notebook = nbformat.read(path, 4)
        return notebook.metadata["cssm"]["audience"] == audience and mark in text_of(path)
    return mark in text_of(path)


@kernels
def test_two_audiences_stand_side_by_side(packs: Any) -> None:
    assert {folder.name for folder in packs.ours} == {"2026-10-31"}
    assert {folder.name for folder in packs.vendor} == {"2026-10-31-vendor"}
    assert len(packs.ours) == len(packs.vendor) == 2
    front = (packs.out / "index.html").read_text()
    assert front.count("<td>vendor</td>") == front.count("<td>internal</td>") == 2
    for folder in packs.vendor:
        pages = [path.read_text() for path in folder.glob("*.html")]
        links = [re.findall(r'href="([^"]*)"', page) for page in pages]
        assert not [link for found in links for link in found if link.startswith("..")]


@kernels
def test_making_one_pack_leaves_the_other_alone(
    packs: Any, sample_clients: Path, tree: Callable[[Path], dict[str, bytes]], cssm: Any
) -> None:
    (alder,) = [one for one in packs.ours if "Alder" in str(one)]
    before = tree(alder)
    given = ("run", sample_clients / "alder", "--out", packs.out, "--audience", "vendor", "--force")
    assert cssm(*given).returncode == 0
    assert tree(alder) == before


@kernels
def test_what_the_vendor_may_not_have_any_more_does_not_stay(
    packs: Any, sample_clients: Path, cssm: Any
) -> None:
    (alder,) = [one for one in packs.vendor if "Alder" in str(one)]
    left = [alder / "tables" / "transfers.csv", alder / "00_brief.html", alder / "00_brief.ipynb"]
    for path in left:
        path.write_text("from yesterday")
    given = ("run", sample_clients / "alder", "--out", packs.out, "--audience", "vendor")
    assert cssm(*given).returncode == 0
    assert not [path for path in left if path.exists()]


@kernels
def test_a_cell_that_asks_for_more_stops_its_page(
    clients: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample_clients: Path
) -> None:
    """Even a notebook that opens the client as internal gets no more than the vendor may see."""
    monkeypatch.undo()
    source = "\n".join(
        [
            "import cssm_lib",
            "answers = cssm_lib.open_client('alder', audience='internal')",
            "print(answers.audience, answers['pooled']['true_gap_if_lent'].null_count())",
            "answers['transfers']",
        ]
    )
    cells = [V4.new_markdown_cell("# Greedy"), V4.new_code_cell(source)]
    notebooks = {"09_greedy": Notebook("09_greedy", "Greedy", "d", V4.new_notebook(cells=cells))}
    settings = Settings(tmp_path / "out", notebooks, audience="vendor")
    (made,) = run(jobs_from_folders([sample_clients / "alder"]), settings)
    problem = made.pages[0].problem
    assert problem.startswith(
        "cell 2 of 2: InternalOnly: transfers: internal, so not in a pack for"
    )
    assert made.folder
    kept = nbformat.read(made.folder / "09_greedy.ipynb", 4)
    printed = kept.cells[1].outputs[0].text
    assert re.fullmatch(r"vendor [1-9]\d*\n", printed)


# The mechanism, without a kernel


def notebook(*cells: Any) -> dict[str, Notebook]:
    return {"01_one": Notebook("01_one", "One", "d", V4.new_notebook(cells=list(cells)))}


def tagged(cell: Any, tag: str) -> Any:
    cell.metadata["tags"] = [tag]
    return cell


def test_text_is_cut_to_headings_unless_it_is_declared_to_be_facts() -> None:
    ours = notebook(
        V4.new_markdown_cell("# One\n\nLook for what they claim."),
        V4.new_markdown_cell("No heading: only a counter move."),
        tagged(V4.new_markdown_cell("## A move\n\nDo it."), "internal"),
        tagged(V4.new_code_cell("moves()"), "internal"),
        V4.new_code_cell("# a comment\nfacts()"),
        tagged(V4.new_markdown_cell("## Limits\n\n- A day is a day."), "facts"),
    )
    assert for_audience(ours, "internal") == ours
    (theirs,) = for_audience(ours, "vendor").values()
    shown = [cell.source for cell in theirs.content.cells]
    assert shown == ["# One", "# a comment\nfacts()", "## Limits\n\n- A day is a day."]
    assert theirs.digest != "d"
    assert len(ours["01_one"].content.cells) == 6


def test_a_notebook_that_is_internal_as_a_whole_is_not_there() -> None:
    whole = notebook(tagged(V4.new_markdown_cell("# Brief"), "internal"), V4.new_code_cell("x()"))
    assert for_audience(whole, "vendor") == {}


@pytest.fixture
def theirs(sample_clients: Path) -> Any:
    return cssm_lib.open_client(sample_clients / "alder", audience="vendor")


@pytest.mark.parametrize("table", INTERNAL_TABLES)
def test_an_internal_table_cannot_be_opened(theirs: Any, table: str) -> None:
    with pytest.raises(InternalOnly, match=f"^{table}: internal, so not in a pack for the vendor"):
        theirs[table]
    with pytest.raises(InternalOnly):
        theirs.scan(table)
    with pytest.raises(InternalOnly):
        theirs.to_pandas(table)


def test_every_answer_is_a_fact_or_internal_and_none_is_by_accident() -> None:
    """A new answer is internal until it is named here and in the declaration."""
    named = {"positions", "pooled", "instance_check", "expiries", "true_forward", "pool_days"}
    named |= {"line_days", "line_history", "line_years", "milestone_log", "disputes"}
    named |= {"dispute_lines", "matches", "expected_counts", "exposure", "duties", "report_ages"}
    named |= {"account_days", "lifecycle_ages", "meraki_expiry", "meraki_stock", "meraki_states"}
    named |= {"statements"}
    assert named == FACTS
    assert {"transfers", "actions", "calendar", "changes", "unit_prices"} <= set(INTERNAL_TABLES)


def test_internal_columns_are_null_for_pages_and_absent_in_files(
    theirs: Any, tmp_path: Path
) -> None:
    for table in set(ANSWERS) & FACTS | set(TABLES) - OWN_SOURCES:
        frame = theirs[table]
        hidden = [name for name in frame.columns if name in COLUMNS]
        assert all(frame[name].null_count() == frame.height for name in hidden)
    theirs.write(tmp_path, formats=("parquet", "csv"))
    assert not {path.stem for path in tmp_path.rglob("*")} & set(INTERNAL_TABLES)
    head = (tmp_path / "positions.csv").read_text("utf-8-sig").splitlines()[0]
    assert "balance_after_substitution" in head
    assert "balance_if_lent" not in head


def test_the_audience_of_a_batch_cannot_be_undone(
    sample_clients: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSSM_AUDIENCE", "vendor")
    opened = cssm_lib.open_client(sample_clients / "alder", audience="internal")
    assert opened.audience == "vendor"
    monkeypatch.setenv("CSSM_AUDIENCE", "Vendor")
    with pytest.raises(ParameterError, match="'Vendor' is none; write internal or vendor"):
        cssm_lib.open_client(sample_clients / "alder")


def test_a_figure_of_a_model_or_a_range_is_internal() -> None:
    internal = {
        name for name, one in FIGURES.items() if is_internal(one.table, one.column, one.where)
    }
    assert {"utilisation.true_gap_if_lent", "utilisation.moves", "papers.open"} <= internal
    assert not {"utilisation.true_gap", "utilisation.contract_net", "received.files"} & internal
    assert is_internal("true_forward", "net", "reading = 'advisers'")


@pytest.mark.parametrize("part", READINGS)
def test_what_a_vendor_reads_names_no_internal_figure(part: str) -> None:
    """Facts stand in `some` and `none`; whatever names a move or a model stands in `do`."""
    text = READINGS[part]
    if part not in SHOWN:
        return  # no cell that the vendor sees calls for it
    named = set(re.findall(r"{(\w+)}", text.some + text.none))
    figures = {name: name.split(".")[1] for name in text.figures}
    ours = {short for name, short in figures.items() if name in FIGURES and hidden(name)}
    assert not named & ours
    assert not STRATEGY.search(text.some + text.none)


def hidden(name: str) -> bool:
    one = FIGURES[name]
    return is_internal(one.table, one.column, one.where)


def vendor_page(number: str = "01") -> sheet.Page:
    answers = stand_in["answers"](6, 3)
    answers.about = {**answers.about, "audience": "vendor"}
    return sheet.Page(answers, number)


def test_a_page_for_the_vendor_says_what_is_and_not_what_to_do() -> None:
    page = vendor_page()
    html = sheet.reading(page, "short").html
    assert "are short in single accounts" in html
    assert "What to do" not in html
    assert "model" not in html
    assert "cure" not in lists.short(page).columns
    assert "cure" in lists.short(sheet.Page(stand_in["answers"](6, 3), "01")).columns
    with pytest.raises(InternalOnly, match="an internal figure"):
        sheet.reading(vendor_page("05"), "method_money")
    with pytest.raises(InternalOnly, match="an internal figure"):
        page.fact("utilisation.true_gap_if_lent")


def test_a_part_without_data_does_not_tell_the_vendor_what_cannot_be_proved() -> None:
    answers = stand_in["StandIn"]({})
    answers.about = {**answers.about, "audience": "vendor"}
    html = sheet.reading(sheet.Page(answers, "01"), "stranded").html
    assert html == '<p class="cssm-means">No data for this part.</p>'


def test_a_comparison_is_not_made_for_the_vendor(cssm: Any, tmp_path: Path) -> None:
    done = cssm("run", tmp_path, "--audience", "vendor", "--previous", tmp_path)
    assert done.returncode == 2
    assert "what changed since a pack is internal" in " ".join(done.stderr.split())
