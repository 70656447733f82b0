"""The batch: what it runs, what it refuses, and that nothing that goes wrong stops the rest."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from cssm_lib.batch import Settings, jobs_from_file, jobs_from_folders, run
from cssm_lib.batch.parameters import check_parameters, declared
from cssm_lib.errors import ConfigError, ParameterError

kernels = pytest.mark.xdist_group("kernels")


def text_of(path: Path) -> str:
    """Everything that a notebook printed."""
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that starts fails the test."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a kernel was started")

    monkeypatch.setattr("cssm_lib.batch.making.run_notebook", refuse)


# Parameters


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"window_dsya": 90}, "did you mean 'window_days'?"),
        ({"window_days": "90"}, "parameter 'window_days' takes int, not '90' (str)"),
        ({"window_days": True}, "takes int, not True (bool)"),
        ({"live": 1}, "takes bool, not 1 (int)"),
        ({"accounts": "Campus"}, "takes list[str], not 'Campus' (str)"),
        ({"accounts": [1]}, "takes list[str], not [1] (list)"),
        ({"free": 3}, "takes str, not 3 (int)"),
    ],
)
def test_a_wrong_parameter_is_named(tiny: Any, given: dict[str, Any], said: str) -> None:
    notebooks = {"typed": tiny("typed")["typed"].content}
    with pytest.raises(ParameterError) as fault:
        check_parameters(notebooks, given)
    assert said in str(fault.value)


def test_right_parameters_pass(tiny: Any) -> None:
    notebooks = {"typed": tiny("typed")["typed"].content}
    given = {"window_days": 90, "share": 1, "live": True, "accounts": ["Campus"], "limit": None}
    check_parameters(notebooks, given | {"client_dir": "aurora", "free": "word"})


def test_every_fault_is_told_at_once(tiny: Any) -> None:
    with pytest.raises(ParameterError) as fault:
        check_parameters({"typed": tiny("typed")["typed"].content}, {"shrae": 1, "live": "no"})
    assert len(str(fault.value).splitlines()) == 2


def test_a_parameter_of_one_page_is_no_fault_of_another(tiny: Any) -> None:
    notebooks = {name: one.content for name, one in tiny("typed", "draws").items()}
    check_parameters(notebooks, {"window_days": 90})


def test_an_equals_sign_in_a_comment_hides_no_parameter(tiny: Any) -> None:
    assert list(declared(tiny("draws")["draws"].content)) == ["client_dir", "as_of", "renewal"]


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize("given", [{"widnow": 1}, {"renewal": 7}])
def test_no_kernel_starts_for_a_wrong_parameter(
    tiny: Any, clients: Any, tmp_path: Path, given: dict[str, Any]
) -> None:
    settings = Settings(tmp_path / "out", tiny("draws"), parameters=given)
    with pytest.raises(ParameterError):
        run(jobs_from_folders(clients("aurora")), settings)


@pytest.mark.usefixtures("no_kernel")
def test_a_page_that_does_not_exist_is_refused(tiny: Any, clients: Any, tmp_path: Path) -> None:
    jobs = jobs_from_folders(clients("aurora"), only=["09"])
    with pytest.raises(ParameterError, match="no page '09'; there are: draws"):
        run(jobs, Settings(tmp_path / "out", tiny("draws")))


# Running


@kernels
def test_faults_in_pages_stop_nothing_else(tiny: Any, clients: Any, tmp_path: Path) -> None:
    notebooks = tiny("draws", "raises", "dies", "hangs")
    jobs = jobs_from_folders([*clients("aurora", "broken")])
    aurora, broken = run(jobs, Settings(tmp_path / "out", notebooks, cell_seconds=4))
    assert {page.stem: page.problem for page in aurora.pages} == {
        "draws": None,
        "raises": "cell 4 of 5: ValueError: no column of that name",
        "dies": "cell 4 of 5: the kernel died (often: out of memory)",
        "hangs": "cell 4 of 4: did not end within 4 s",
    }
    assert broken.problem == "broken: none of its files was recognised as an export."
    assert not aurora.complete
    for name in ("raises", "dies", "hangs"):
        assert text_of(aurora.folder / f"{name}.ipynb") == "made before\n"
        assert f'<a href="{name}.html">' in (aurora.folder / "index.html").read_text()
    assert broken.problem in (tmp_path / "out" / "index.html").read_text()


@kernels
def test_every_kernel_works_beside_its_own_client(
    tiny: Any, clients: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [f"client{number}" for number in range(4)]
    made = run(jobs_from_folders(clients(*names)), Settings(tmp_path / "out", tiny("where")))
    for one, name in zip(made, names, strict=True):
        expected = f"{name} ['client.toml', 'only-in-{name}.csv'] None\n"
        assert text_of(one.folder / "where.ipynb") == expected
    assert Path.cwd() == tmp_path


@kernels
def test_equal_inputs_give_equal_bytes(
    tiny: Any, clients: Any, tmp_path: Path, tree: Callable[[Path], dict[str, bytes]]
) -> None:
    jobs = jobs_from_folders(clients("aurora"))
    notebooks = tiny("draws", "raises", "warns")
    trees = []
    for name in ("first", "second"):
        run(jobs, Settings(tmp_path / name, notebooks))
        trees.append(tree(tmp_path / name))
    assert trees[0].keys() == trees[1].keys()
    assert [name for name in trees[0] if trees[0][name] != trees[1][name]] == []
    places = [str(tmp_path), str(Path.home()) + "/", sys.prefix]
    texts = {
        name: raw.decode()
        for name, raw in trees[0].items()
        if not name.endswith((".xlsx", ".parquet"))
    }
    assert [(name, p) for name, text in texts.items() for p in places if p in text] == []


@kernels
def test_a_page_that_stands_is_run_again_only_by_force(
    tiny: Any,
    clients: Any,
    tmp_path: Path,
    tree: Callable[[Path], dict[str, bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs, settings = jobs_from_folders(clients("aurora")), Settings(tmp_path / "out", tiny("draws"))
    run(jobs, settings)
    before, ran = tree(tmp_path / "out"), []
    monkeypatch.setattr(
        "cssm_lib.batch.making.run_notebook", lambda *given: ran.append(given) or 1 / 0
    )
    assert run(jobs, settings)[0].complete
    assert (ran, tree(tmp_path / "out")) == ([], before)
    forced = Settings(tmp_path / "out", tiny("draws"), force=True)
    problem = run(jobs, forced)[0].pages[0].problem
    assert problem.startswith("ZeroDivisionError: division by zero (test_batch.py line")
    assert len(ran) == 1


@pytest.mark.usefixtures("no_kernel")
def test_a_page_made_from_other_inputs_does_not_stay(
    tiny: Any, clients: Any, tmp_path: Path
) -> None:
    jobs = jobs_from_folders(clients("aurora"), only=["draws"])
    left = tmp_path / "out" / "Aurora" / "estate" / "2026-10-31" / "where.html"
    left.parent.mkdir(parents=True)
    left.write_text("from yesterday")
    run(jobs, Settings(tmp_path / "out", tiny("draws", "where")))
    assert not left.exists()


def test_importing_the_library_changes_nothing_in_the_interpreter() -> None:
    code = (
        "import sys, logging; import cssm_lib.batch, cssm_lib.cli;"
        "assert sys.modules.get('rfc3987_syntax', 1) is not None;"
        "assert logging.getLogger('papermill').level == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Jobs


AGREEMENT = '[[agreements]]\nname = "{}"\nstart = 2024-02-01\nend = 2027-01-31\n'


def client(folder: Path, name: str, *agreements: str) -> Path:
    folder.mkdir(parents=True)
    text = f'client = "{name}"\n' + "".join(map(AGREEMENT.format, agreements))
    (folder / "client.toml").write_text(text)
    return folder


def renewals(folder: Path, *entries: str) -> Path:
    path = folder / "renewals.toml"
    path.write_text("".join(f"[[renewals]]\n{entry}\n" for entry in entries))
    return path


def test_a_folder_stands_for_its_clients(tmp_path: Path) -> None:
    for name in ("aurora", "boreal"):
        client(tmp_path / name, name.title())
    (tmp_path / "notes").mkdir()
    jobs = jobs_from_folders([tmp_path, tmp_path / "aurora"])
    assert [job.client for job in jobs] == ["Aurora", "Boreal"]
    heap = jobs_from_folders([tmp_path / "notes"])[0]
    assert (heap.client, heap.renewal, heap.place) == ("notes", None, ("notes", "estate"))


def test_an_agreement_left_out_is_the_only_one_or_the_estate(tmp_path: Path) -> None:
    client(tmp_path / "one", "One", "EA")
    client(tmp_path / "two", "Two", "EA", "Security")
    entries = ['client_dir = "one"', 'client_dir = "two"', 'client_dir = "two"\nagreement = "EA"']
    jobs, out = jobs_from_file(renewals(tmp_path, *entries))
    assert [job.renewal for job in jobs] == ["EA", None, "EA"]
    assert [job.place for job in jobs] == [("One", "EA"), ("Two", "estate"), ("Two", "EA")]
    assert out == tmp_path / "packs"


def test_a_fault_of_one_entry_is_that_entry_s(tmp_path: Path) -> None:
    client(tmp_path / "one", "One", "EA")
    client(tmp_path / "two", "Two")
    (tmp_path / "two" / "client.toml").write_text('client = "Two"\ncolour = 1\n')
    entries = ['client_dir = "one"\nagreement = "Lost"', 'client_dir = "two"', 'client_dir = "no"']
    scenario = 'client_dir = "one"\nscenario = "x.toml"'
    jobs, _ = jobs_from_file(renewals(tmp_path, *entries, scenario))
    lost, unknown, missing, later = [job.problem for job in jobs]
    assert lost.startswith("renewals.toml: renewals[0].agreement: One has no agreement 'Lost'")
    assert "'EA'" in lost
    assert "colour: unknown key" in unknown
    assert "no such folder" in missing
    assert "renewals[3].scenario" in later


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    client(tmp_path / "one", "One")
    path = renewals(tmp_path, 'client_dir = "one"\nas_of = 2026-10-31\nonly = ["01"]')
    day = dt.date(2026, 9, 30)
    assert jobs_from_file(path)[0][0].as_of == dt.date(2026, 10, 31)
    job = jobs_from_file(path, as_of=day, only=["06"])[0][0]
    assert (job.as_of, job.only) == (day, ("06",))


def test_two_entries_for_one_pack_are_refused(tmp_path: Path) -> None:
    client(tmp_path / "one", "One")
    with pytest.raises(ConfigError, match="two entries make the pack of One"):
        jobs_from_file(renewals(tmp_path, 'client_dir = "one"', 'client_dir = "one"'))


def test_namesakes_get_folders_of_their_own(tmp_path: Path) -> None:
    client(tmp_path / "a", "Aurora", "estate", "EA")
    client(tmp_path / "b", "AURORA", "estate")
    jobs = jobs_from_folders([tmp_path])
    assert [job.place for job in jobs] == [
        ("Aurora (a)", "estate"),
        ("AURORA (b)", "estate (agreement)"),
    ]


@kernels
def test_two_renewals_of_a_client_stand_side_by_side(
    tiny: Any, clients: Any, tmp_path: Path
) -> None:
    folder = clients("aurora")[0]
    (folder / "client.toml").write_text(
        'client = "Aurora"\n' + AGREEMENT.format("EA") + AGREEMENT.format("../Security")
    )
    entry = 'client_dir = "clients/aurora"\nagreement = "{}"'
    path = renewals(tmp_path, entry.format("EA"), entry.format("../Security"))
    made = run(jobs_from_file(path)[0], Settings(tmp_path / "out", tiny("draws")))
    assert [one.folder.parent.parent.name for one in made] == ["Aurora", "Aurora"]
    assert made[0].folder.parent != made[1].folder.parent
    assert text_of(made[1].folder / "draws.ipynb") == "aurora  ../Security\n"
