"""Every number that a reader of the pages sees is proved by the pack's own files."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

proof = runpy.run_path(str(Path(__file__).with_name("proof.py")))
faults, same, fixed = proof["faults"], proof["same"], proof["fixed"]
pytestmark = pytest.mark.xdist_group("kernels")


def test_every_number_of_every_page_is_a_fact_or_stands_in_a_file(
    sample_batch: SimpleNamespace,
) -> None:
    packs = [path for path in sample_batch.out.glob("*/*/*") if path.is_dir()]
    assert len(packs) == 3
    assert {pack.parent.parent.name: faults(pack) for pack in packs if faults(pack)} == {}


def test_the_proof_sees_tiles_sentences_and_tables(sample_batch: SimpleNamespace) -> None:
    page = proof["read"](next(sample_batch.out.glob("Alder*/*/*")) / "01_utilisation.html")
    told = [piece for piece in page.pieces if "data-fact" in piece.marks]
    assert len(told) > 35
    names = ["positions", "transfers", "expiries", "instance_check", "true_forward"]
    assert page.tables == [*names, "statements"]
    assert sum(map(len, page.rows.values())) > 30


@pytest.fixture
def pack(sample_batch: SimpleNamespace, tmp_path: Path) -> Path:
    return Path(shutil.copytree(next(sample_batch.out.glob("Alder*/*/*")), tmp_path / "day"))


SHORT = r'(data-fact="utilisation.short_units">)125 units'
LIES = {
    "a sentence": (SHORT, r"\g<1>126 units", "and the page says '126 units'"),
    "a tile": (r'(data-fact="utilisation.short_units">)125<', r"\g<1>12<", "says '12'"),
    "a number of its own": (r"(<b>What to do\.</b>)", r"\1 About 17 more.", "no fact: 'About 17"),
    "a bare number": (r"(<b>What to do\.</b>)", r"\1 <b>90</b>", "no fact: '90'"),
    "a fact that is none": (r'data-fact="utilisation.true_gap"', 'data-fact="x"', "x is not in"),
    "a cell": (r'(<td class="n s" data-v="-\d+">)−\d+', r"\1−1", "row 1: printed"),
    "a row": (r"(<tbody>)<tr>.*?</tr>", r"\1", "row 1: printed"),
    "a count": (r"<output>[\d,]+ rows", "<output>99 rows", "beside a list of"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_number_that_is_not_proved_is_found(pack: Path, lie: str) -> None:
    pattern, instead, told = LIES[lie]
    page = pack / "01_utilisation.html"
    html, changed = re.subn(pattern, instead, page.read_text("utf-8"), count=1, flags=re.DOTALL)
    assert changed
    page.write_text(html, "utf-8")
    assert [fault for fault in faults(pack) if told in fault]


def test_a_printed_table_that_its_table_does_not_hold_is_found(pack: Path) -> None:
    """Page and printed file agree on a number that `positions` has nowhere."""
    (file,) = (pack / "tables" / "printed").glob("01_*_01_positions.csv")
    before = file.read_text("utf-8-sig")
    balance = re.search(r",(-\d+),", before)[1]
    file.write_text(before.replace(f",{balance},", ",-987654,"), "utf-8-sig")
    page = pack / "01_utilisation.html"
    printed = f"−{int(balance[1:]):,}"
    page.write_text(page.read_text("utf-8").replace(printed, "−987,654"), "utf-8")
    assert [fault for fault in faults(pack) if "do not stand in its file" in fault]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("−1,234", "-1234"), ("+5", "5"), ("–", ""), ("50 %", "0.5"), ("yes", "true"), ("=1", "'=1")],
)
def test_a_cell_and_its_value_are_the_same(cell: str, value: str) -> None:
    assert same(cell, value)
    assert not same(cell, "7")


def test_only_whole_sentences_of_the_program_are_fixed() -> None:
    assert fixed("Resting on a snapshot more than 35 days old:", [])
    assert not fixed("more than 35 days old", [])
    assert not fixed("35", [])
    assert fixed("Ward 7: undated", ["Ward 7"])
