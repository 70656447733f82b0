"""Packs of a client under a scenario: beside the client's own, named, never for the vendor."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from typer.testing import CliRunner

from cssm_lib.batch import Settings, jobs_from_file, jobs_from_folders, run
from cssm_lib.batch.engine import Ran
from cssm_lib.batch.hidden import change_by, hidden
from cssm_lib.batch.jobs import under
from cssm_lib.batch.kernel import Kernel, Place
from cssm_lib.cli import app

TEXT = 'name = "After <clean-up>"\n[[actions]]\nname = "grow"\ndo = "grow"\nshare = 1\n'
OWN = "2026-10-31-scenario-After clean-up"


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Kernels that cost nothing; the list is of the places in which they worked."""
    worked: list[Place] = []

    def made(source: Any, parameters: Any, kernel: Kernel) -> Ran:
        worked.append(kernel.place)
        title = nbformat.v4.new_markdown_cell(source.cells[0].source)
        return Ran(nbformat.v4.new_notebook(cells=[title]))

    monkeypatch.setattr("cssm_lib.batch.making.run_notebook", made)
    return worked


def written(folder: Path, text: str = TEXT) -> Path:
    path = folder / "after.toml"
    path.write_text(text, "utf-8")
    return path


def own_folder(out: Path) -> Path:
    (found,) = out.glob("*/*/*-scenario-*")
    return found


def test_the_pack_of_a_scenario_lies_beside_the_clients_own(clients, tiny, tmp_path, places):
    (job,) = jobs_from_folders(clients("aurora"))
    out = tmp_path / "out"
    made = run([job, under(job, written(tmp_path))], Settings(out, tiny("draws"), threads=1))
    assert all(one.complete for one in made)
    assert own_folder(out).name.startswith(OWN)
    assert sorted(path.name for path in own_folder(out).parent.iterdir())[0] == "2026-10-31"
    said = json.loads((own_folder(out) / "manifest.json").read_text())
    assert said["scenario"]["name"] == "After <clean-up>"
    assert said["scenario"]["actions"] == [{"name": "grow", "do": "grow", "share": "1"}]
    base = json.loads((own_folder(out).parent / "2026-10-31/manifest.json").read_text())
    assert "scenario" not in base
    assert "scenario: After &lt;clean-up&gt;" in (out / "index.html").read_text()
    assert "scenario: After &lt;clean-up&gt;" in (own_folder(out) / "index.html").read_text()
    assert [place.opened is None for place in places] == [True, False]


def test_a_scenario_may_stand_in_renewals_toml(clients, tiny, tmp_path, places):
    clients("aurora")
    written(tmp_path)
    listed = tmp_path / "renewals.toml"
    entry = '[[renewals]]\nclient_dir = "clients/aurora"\n'
    listed.write_text(entry + entry + 'scenario = "after.toml"\n' + entry + 'scenario = "x.toml"\n')
    jobs, _ = jobs_from_file(listed)
    assert [job.scenario_name for job in jobs] == [None, "After <clean-up>", None]
    assert [job.problem for job in jobs] == [
        None,
        None,
        "renewals.toml: renewals[2].scenario: x.toml: cannot be read (No such file or directory).",
    ]
    made = run(jobs, Settings(tmp_path / "out", tiny("draws"), threads=1))
    assert [one.complete for one in made] == [True, True, False]


def test_under_pseudonyms_nothing_of_the_scenario_is_told(clients, tiny, tmp_path, places):
    key = b"sixteen bytes are enough"
    (job,) = jobs_from_folders(clients("aurora"))
    jobs = hidden([under(job, written(tmp_path))], key)
    settings = Settings(tmp_path / "out", tiny("draws"), threads=1)
    (one,) = run(jobs, replace(settings, change=change_by(key)))
    assert one.complete
    told = (one.folder / "manifest.json").read_text() + str(one.folder)
    assert "clean-up" not in told.casefold()
    assert "scenario" not in json.loads((one.folder / "manifest.json").read_text())


def test_no_scenario_for_the_vendor(clients, tmp_path):
    (folder,) = clients("aurora")
    call = ["run", str(folder), "--audience", "vendor", "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(app, [*call, "--scenario", str(written(tmp_path))])
    assert said.exit_code == 2
    assert "a scenario is internal" in " ".join(said.output.split())
    assert not (tmp_path / "out").exists()


def test_a_fault_in_the_file_is_the_jobs_problem(clients, tmp_path):
    (job,) = jobs_from_folders(clients("aurora"))
    made = under(job, written(tmp_path, 'name = "A"\nsteps = 1'))
    assert made.problem == (
        "after.toml: steps: unknown key. Known keys: name, as_of, rules, actions, decisions."
    )
