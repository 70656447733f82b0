"""What a pack prints of a workshop: the scenario in words, what it changes, who decided what."""

from __future__ import annotations

import ast
import datetime as dt
import json
import runpy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import polars as pl
import pytest
from pydantic import ValidationError

import cssm_lib
from cssm_lib.answers import decided
from cssm_lib.answers import what_if as priced
from cssm_lib.answers.compute import answer_tables
from cssm_lib.batch import Settings, find_notebooks, jobs_from_folders, pages_asked, run
from cssm_lib.batch.engine import Ran
from cssm_lib.batch.hidden import hidden
from cssm_lib.batch.jobs import under as job_under
from cssm_lib.cli.packs import with_scenario
from cssm_lib.client import Client
from cssm_lib.errors import ConfigError, ParameterError
from cssm_lib.pages import sheet
from cssm_lib.pages.evidence.trace import trace
from cssm_lib.pages.evidence.verify import verify
from cssm_lib.pages.facts import fact
from cssm_lib.pages.figures import FIGURES
from cssm_lib.pseudonyms import pseudonymised
from cssm_lib.scenario import Scenario, read_scenario, under
from cssm_lib.scenario.words import what, where
from cssm_lib.schema.audience import VENDOR, shown_tables

elm = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("elm.py"))))
client, what_if, RETIRE = elm.client, elm.what_if, elm.RETIRE
TABLES = ("scenario_actions", "decisions", "scenario_effects")
ROOT = Path(__file__).parents[1]
DEARER = {"do": "terms", "price": 12}
LOG = [
    {"decided": "retire", "by": "A. Miller", "on": dt.date(2026, 10, 12), "action": "0"},
    {"decided": "look at the price again", "by": "purchasing", "open": "who asks?"},
    {"decided": "the price stands", "by": "A. Miller", "action": "1"},
]


IDLE = {"name": "Falcon of Ms Miller", "do": "grow", "license": "none", "share": 1}
SAID = {"decided": "Miller takes n0", "by": "A. Miller", "open": "Smith", "action": IDLE["name"]}
SPOKEN = what_if(RETIRE | {"why": "Smith"}, DEARER, IDLE, name="Falcon", decisions=[SAID])


# Decisions of a scenario file


def test_a_decision_about_no_action_is_told_with_its_key_path(tmp_path: Path) -> None:
    path = tmp_path / "after.toml"
    action = '[[actions]]\nname = "Retire north"\ndo = "retire"\nhostname = "n*"\n'
    said = '[[decisions]]\ndecided = "a"\nby = "b"\n'
    path.write_text(f'name = "A"\n{action}{said}{said}action = "Retire nort"\n')
    with pytest.raises(ConfigError) as fault:
        read_scenario(path)
    assert str(fault.value) == (
        "after.toml: decisions[1].action: no action 'Retire nort'; did you mean 'Retire north'?"
        " Actions of the scenario: 'Retire north'."
    )
    path.write_text(f'name = "A"\n{said}action = "x"\n')
    with pytest.raises(ConfigError, match=r"no action 'x'\. Actions of the scenario: none\.$"):
        read_scenario(path)


@pytest.mark.parametrize("key", ["decided", "by", "open"])
@pytest.mark.parametrize("value", ["", "  ", "a\x00b"])
def test_a_decisions_words_are_clean(key: str, value: str) -> None:
    with pytest.raises(ValidationError):
        what_if(decisions=[{"decided": "a", "by": "b"} | {key: value}])
    assert what_if(decisions=[{"decided": " a ", "by": "b"}]).decisions[0].decided == "a"


def test_decisions_add_up_in_order_and_keep_to_their_actions() -> None:
    first = what_if(RETIRE, decisions=[LOG[0]])
    later = what_if(DEARER, name="B", decisions=[LOG[0], LOG[1]])
    both = first.then(later)
    assert [action.name for action in both.actions] == ["0", "0 (B)"]
    assert [one.action for one in both.decisions] == ["0", "0 (B)", None]
    assert Scenario.model_validate(both.model_dump(by_alias=True)) == both


# Tables


def log_of(made: Client) -> pl.DataFrame:
    return decided.decisions(made, priced.tables(made))


def test_worth_of_a_decision_by_hand() -> None:
    """As in the prices of actions: retiring two −264 and −792, the dearer price 96 and 432."""
    rows = log_of(under(client(), what_if(RETIRE, DEARER, decisions=LOG))).rows(named=True)
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert [(row["true_forward"], row["new_term"]) for row in rows] == [
        (-264, -792), (None, None), (96, 432),
    ]  # fmt: skip
    assert [row["open"] for row in rows] == [None, "who asks?", None]
    assert [row["no_price"] for row in rows] == [None] * 3


def test_why_a_decision_has_no_money() -> None:
    idle = {"do": "grow", "license": "none", "share": 1}
    log = [{"decided": "d", "by": "b", "action": name} for name in ("9", "3")]
    grown = idle | {"license": "*", "virtual_account": "North", "share": Decimal("0.25")}
    told = log_of(under(client(), what_if(*[idle] * 3, grown, *[idle] * 6, decisions=log)))
    assert told["no_price"].to_list() == ["priced together with others: only 8 stand alone", None]
    bare = replace(client(), config=client().config.model_copy(update={"agreements": ()}))
    told = log_of(under(bare, what_if(*[idle] * 4, decisions=log[1:])))
    assert told["no_price"].to_list() == ["no agreement is told"]


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """Every table of a client, and of the same under a scenario."""
    base = client()
    return answer_tables(base), answer_tables(under(base, SPOKEN))


def test_a_client_as_it_is_decides_nothing_and_the_vendor_sees_none_of_it(both: Any) -> None:
    assert all(both[0][name].is_empty() for name in TABLES)
    assert shown_tables(TABLES, VENDOR) == []


def test_effects_are_the_figures_of_both_clients(both: Any) -> None:
    today, after = both
    rows = after["scenario_effects"].rows(named=True)
    assert {row["page"] for row in rows} == {"00", "01", "02", "03", "04", "05"}
    for row in rows:
        figure = FIGURES[row["figure"]]
        assert row["label"] == figure.label
        before = fact(today, figure, page=row["page"]).value
        then = fact(after, figure, page=row["page"]).value
        assert (row["today"], row["after"]) == (before, then)
        assert row["change"] == (None if before is None or then is None else then - before)
    effects = {row["figure"]: (row["today"], row["after"]) for row in rows}
    # seven instances, of which two are retired
    assert effects["exposure.instances"] == (7, 5)
    # 5 over the 2 entitled at 10 for the 12 months left, then 3 at 12
    assert effects["forward.next_net"] == (600, 432)


def test_today_is_the_clients_own_day_by_its_own_rules(both: Any) -> None:
    earlier = under(client(), what_if(as_of=elm.JULY, rules={"positions.window_days": 30}))
    effects = decided.scenario_effects(earlier, both[1])
    assert effects["today"].equals(both[1]["scenario_effects"]["today"])


def test_an_action_that_nothing_fits_says_so(both: Any) -> None:
    told = both[1]["scenario_actions"]
    assert told["note"].to_list() == [None, None, "nothing fits this action: it changes nothing."]


def test_no_original_name_comes_out_under_pseudonyms(both: Any) -> None:
    made = pseudonymised(under(client(), SPOKEN), b"sixteen bytes are enough")
    told = answer_tables(made)
    for table in told.values():
        texts = [one for one in table.get_columns() if one.dtype == pl.String]
        said = " ".join(" ".join(one.drop_nulls().unique()) for one in texts).casefold()
        assert not [name for name in ("miller", "falcon", "smith", "elm") if name in said]
    row = told["decisions"].row(0, named=True)
    assert (row["decided"], row["open"], row["action"]) == ("withheld", "withheld", "action 3")
    assert row["by"].startswith("person-")
    assert told["scenario_actions"]["where"].unique().to_list() == ["withheld"]
    for name in ("today", "after", "change"):
        spared = ~pl.col("page").is_in(["04"])  # spellings almost alike, which a hash cannot keep
        shown = told["scenario_effects"].filter(spared)[name]
        assert shown.equals(both[1]["scenario_effects"].filter(spared)[name])


EVERY_KIND = ROOT / "docs" / "scenario.example.toml"


def test_the_example_has_every_kind_of_action_and_reads_as_it_should() -> None:
    example = read_scenario(EVERY_KIND)
    assert {one.do for one in example.actions} == {
        "retire", "move", "tier", "leave_out", "grow", "terms",
    }  # fmt: skip
    assert {one.action for one in example.decisions} - {None}
    assert any(one.open for one in example.decisions)
    told = {one.name: (what(one), where(one)) for one in example.actions}
    assert told == {
        "Silent switches": (
            "taken off, silent for 180 days or more",
            "Virtual Account Campus *, product C9300-*",
        ),
        "Spares to the clinics": (
            "20 units, licence C9300 DNA Essentials",
            "Smart Account aurora.example, from Campus North, to Clinics",
        ),
        "Clinics on Essentials": (
            "from licence C9300 24P DNA Adv*, to licence C9300 DNA Essentials",
            "Virtual Account Clinics",
        ),
        "Without the summer school": (
            "left out, licence *Endpoint*",
            "Virtual Account Campus South",
        ),
        "Growth of users": ("licence *Secure Access*, use by +5 %", ""),
        "Offer in writing": (
            "price 118.50, per year, discount of the renewal 12 % to 15 %, reading single day",
            "agreement EA Networking, SKU E3N-C9300-A",
        ),
    }


# Looking up


def test_a_scenario_is_looked_up_from_here_and_from_the_folder_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "notebooks"
    below.mkdir()
    for name in ("a.toml", "b, c.toml"):
        (tmp_path / name).write_text('name = "A"')
    monkeypatch.chdir(tmp_path)
    assert sheet.asked("x", "", "a.toml")["scenario"] == [Path("a.toml")]
    assert sheet.asked("x", "", "b, c.toml")["scenario"] == [Path("b, c.toml")]
    monkeypatch.chdir(below)
    assert sheet.asked("x", "", "a.toml, b.toml")["scenario"] == [Path("../a.toml"), Path("b.toml")]
    assert sheet.asked("x", "2026-10-31") == {
        "folder": Path("x"), "as_of": dt.date(2026, 10, 31), "scenario": [],
    }  # fmt: skip
    with pytest.raises(ConfigError, match=r"^b\.toml: cannot be read \(No such file"):
        cssm_lib.open_client(**sheet.asked("..", "", "b.toml"))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("0*.ipynb")), ids=lambda p: p.stem
)
def test_every_notebook_opens_a_scenario(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    opened: list[dict[str, Any]] = []
    monkeypatch.setattr(cssm_lib, "open_client", lambda **given: opened.append(given))
    cells = {cell.id: cell.source for cell in nbformat.read(path, 4).cells}
    (parameter,) = [
        one for one in ast.parse(cells["parameters"]).body if ast.unparse(one.target) == "scenario"
    ]
    default = ast.literal_eval(parameter.value)
    assert default == ("data/sample/alder_after_clean_up.toml" if path.stem[:2] == "07" else "")
    names: dict[str, Any] = {}
    exec(cells["parameters"], names)
    exec(cells["setup"], names | {"scenario": "data/sample/alder_after_clean_up.toml"})
    assert opened[0]["scenario"] == [Path("data/sample/alder_after_clean_up.toml")]


# Which packs have the page


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Kernels that cost nothing; the list is of what the notebooks were given."""
    given: list[dict[str, Any]] = []

    def made(source: Any, parameters: Any, kernel: Any) -> Ran:
        given.append(dict(parameters))
        return Ran(nbformat.v4.new_notebook(cells=[source.cells[0]]))

    monkeypatch.setattr("cssm_lib.batch.making.run_notebook", made)
    return given


def written(folder: Path, text: str = 'name = "After"\n') -> Path:
    path = folder / "after of north.toml"
    path.write_text(text, "utf-8")
    return path


def test_only_a_pack_under_a_scenario_has_the_page(clients, tmp_path, places) -> None:
    (job,) = jobs_from_folders(clients("aurora"))
    books = {stem: one for stem, one in find_notebooks().items() if stem[:2] in ("01", "07")}
    out = tmp_path / "out"
    made = run([job, job_under(job, written(tmp_path))], Settings(out, books, threads=1))
    base, after = [{page.stem for page in one.pages} for one in made]
    assert base == {"01_utilisation"}
    assert after == {"01_utilisation", "07_what_was_decided"}
    for one, there in zip(made, (False, True), strict=True):
        front = (one.folder / "index.html").read_text()
        manifest = (one.folder / "manifest.json").read_text()
        assert ("07_what_was_decided" in front, "07_what_was_decided" in manifest) == (there, there)
        assert (one.folder / "07_what_was_decided.html").exists() == there
    assert [one["scenario"] for one in places] == ["", "after of north.toml", "after of north.toml"]
    assert str(tmp_path) not in (made[1].folder / "01_utilisation.ipynb").read_text()


def test_a_packs_scenario_is_no_ones_parameter_and_no_name_under_pseudonyms(
    clients, tmp_path, places
) -> None:
    (job,) = jobs_from_folders(clients("aurora"), only=["01"])
    told = {"parameters": {"scenario": "other.toml"}}
    run([job], Settings(tmp_path / "out", find_notebooks(), **told))
    alone = hidden([job_under(job, written(tmp_path))], b"sixteen bytes are enough")
    run(alone, Settings(tmp_path / "hidden", find_notebooks()))
    assert [one["scenario"] for one in places] == ["", ""]


def test_the_page_alone_of_a_client_as_it_is(clients, tmp_path) -> None:
    (folder,) = clients("aurora")
    books = find_notebooks()
    with pytest.raises(ParameterError) as fault:
        pages_asked(books, ["07"])
    words = "07_what_was_decided: stands only in the pack of a scenario; add --scenario FILE."
    assert str(fault.value) == words
    jobs = jobs_from_folders([folder], only=["07"])
    (one,) = with_scenario(jobs, [written(tmp_path)], books)
    assert one.scenario_name == "After"
    both = with_scenario(jobs_from_folders([folder], only=["01", "07"]), [written(tmp_path)], books)
    assert [job.scenario_name for job in both] == [None, "After"]


# A pack


HOSTILE = """\
name = "<script>alert(1)</script> =cmd() ../../x"
[[actions]]
name = "<script>alert(2)</script>"
do = "retire"
virtual_account = "Campus North"
hostname = "sw-n-00[2-7]?*"
[[actions]]
name = "=cmd()"
do = "terms"
reading = "peak_in_period"
[[decisions]]
decided = "<img src=x onerror=alert(3)>"
by = "=cmd()"
on = 2026-10-12
open = "../../</script><script>alert(4)</script>"
action = "=cmd()"
"""


@pytest.fixture(scope="module")
def pack(sample_clients: Path, tmp_path_factory: pytest.TempPathFactory, cssm: Any) -> Any:
    """Page 07 of `alder` under a scenario with hostile names, made by the command."""
    folder = tmp_path_factory.mktemp("decided")
    path = folder / "hostile.toml"
    path.write_text(HOSTILE)
    call = ["run", sample_clients / "alder", "--only", "07", "--scenario", path]
    done = cssm(*call, "--out", folder / "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    (made,) = (folder / "out").glob("*/*/*-scenario-*")
    return SimpleNamespace(folder=made, call=call, out=folder / "out", cssm=cssm)


@pytest.mark.xdist_group("kernels")
def test_the_page_is_sealed_traced_and_made_again_byte_for_byte(pack: Any, tmp_path: Path) -> None:
    assert verify(pack.folder) == []
    facts = json.loads((pack.folder / "facts.json").read_text())
    shown = {one["id"]: one["value"] for one in facts}
    # the contract is read as measuring the peak, and the retired switches were part of no peak:
    # as much more as the table of settings of the client as it is has for that one setting
    settings = cssm_lib.open_client(pack.call[1])["setting_effects"]
    peak = settings.filter(pl.col("setting") == "measure", pl.col("said") == "peak")["effect"]
    assert Decimal(shown["decided.forward_change"]) == peak.item() == Decimal("11971.50")
    assert (shown["decided.decisions"], shown["decided.open"]) == (1, 1)
    found = trace(pack.folder, "decided.forward_change")
    assert found.same
    assert not found.places.is_empty()
    before = {path: path.read_bytes() for path in pack.folder.rglob("*") if path.is_file()}
    assert pack.cssm(*pack.call, "--out", pack.out).returncode == 0
    again = {path: path.read_bytes() for path in pack.folder.rglob("*") if path.is_file()}
    assert again == before


@pytest.mark.xdist_group("kernels")
def test_hostile_words_are_data_and_no_path_is_told(pack: Any) -> None:
    page = (pack.folder / "07_what_was_decided.html").read_text()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(3)&gt;" in page
    log = (pack.folder / "tables" / "decisions.csv").read_text("utf-8-sig")
    assert ",'=cmd()," in log
    notebook = (pack.folder / "07_what_was_decided.ipynb").read_text()
    assert 'scenario = \\"hostile.toml\\"' in notebook
    for folder in (str(pack.out.parent), str(ROOT), str(Path.home())):
        assert folder not in notebook
        assert folder not in page
    assert pack.folder.parent.parent.parent == pack.out
