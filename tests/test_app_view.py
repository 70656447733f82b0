"""The app view without a browser: what is served, what is refused; the rest in a browser."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from cssm_lib.batch import notebook_folder
from cssm_lib.cli import app_view
from cssm_lib.errors import PageError, ParameterError

WORKSHOP = notebook_folder() / "workshop.ipynb"


def served(folder: Path, **parameters: str) -> nbformat.NotebookNode:
    return app_view._parameterised(folder / "workshop.ipynb", parameters)


def test_the_parameters_stand_in_a_copy_and_the_notebook_stays_as_it_is() -> None:
    before = WORKSHOP.read_bytes()
    name = 'C:\\x"\n<script>../é'
    made = served(WORKSHOP.parent, client_dir=name, as_of="2026-10-31", scenarios="kept")
    said: dict[str, str] = {}
    (cell,) = (one for one in made.cells if "injected-parameters" in one.metadata.get("tags", []))
    exec(cell.source, said)
    assert (said["client_dir"], said["as_of"], said["scenarios"]) == (name, "2026-10-31", "kept")
    assert before == WORKSHOP.read_bytes()


def test_a_parameter_that_the_notebook_lacks_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"no parameter 'scenario'; did you mean 'scenarios'"):
        served(WORKSHOP.parent, scenario="x")


def test_a_missing_notebook_is_told(tmp_path: Path) -> None:
    with pytest.raises(PageError, match=r"^workshop.ipynb is not there; reinstall cssm.$"):
        served(tmp_path)


def test_without_voila_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_view, "find_spec", lambda name: None)
    with pytest.raises(ParameterError) as fault:
        app_view.serve({}, browser=False)
    assert str(fault.value) == "the app view needs Voilà: pip install 'cssm-lib[workshop]'."


def test_several_clients_are_a_wrong_call(sample_clients: Path) -> None:
    from typer.testing import CliRunner

    from cssm_lib.cli import app

    done = CliRunner().invoke(app, ["workshop", str(sample_clients), "--no-browser"])
    assert done.exit_code == 2
    assert "holds alder, birch, cedar" in " ".join(done.output.replace("│", " ").split())


def test_the_kernel_is_this_python_whatever_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "other"))
    app_view._own_python(tmp_path)
    command = KernelSpecManager().get_kernel_spec("python3").argv
    assert command[0] == sys.executable
    assert "--InteractiveShell.xmode=Minimal" in command
