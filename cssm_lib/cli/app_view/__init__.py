"""The workshop as an app: its notebook served by Voilà to this machine alone, without its code."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat

from cssm_lib.batch import notebook_folder
from cssm_lib.batch.parameters import check_parameters
from cssm_lib.cli.app_view.serving import run
from cssm_lib.errors import PageError, ParameterError

STEM = "workshop"
# a fault of the client is told in its one sentence
PLAIN = ["--InteractiveShell.xmode=Minimal", "--log-level=ERROR"]


def serve(parameters: Mapping[str, Any], *, browser: bool, folder: Path | None = None) -> None:
    """Serve `workshop.ipynb` of a folder of notebooks with these parameters until it is stopped.

    The address, with the token that opens it, is printed once somebody answers there. Raises
    ParameterError where Voilà is not installed or a parameter fits no parameter of the notebook.
    """
    if not find_spec("voila"):
        raise ParameterError("the app view needs Voilà: pip install 'cssm-lib[workshop]'.")
    notebook = _parameterised((folder or notebook_folder()) / f"{STEM}.ipynb", parameters)
    with tempfile.TemporaryDirectory(prefix="cssm-") as place:
        path = Path(place) / f"{STEM}.ipynb"
        nbformat.write(notebook, path)
        _own_python(Path(place))
        run(path, browser=browser)


def _parameterised(path: Path, parameters: Mapping[str, Any]) -> nbformat.NotebookNode:
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    if not path.is_file():
        raise PageError(f"{path.name} is not there; reinstall cssm.")
    notebook = load_notebook_node(str(path))
    check_parameters({path.name: notebook}, parameters)
    return parameterize_notebook(notebook, parameters)


def _own_python(place: Path) -> None:
    """Kernels are of this very interpreter, whatever is installed as kernel `python3`."""
    from ipykernel.kernelspec import write_kernel_spec

    write_kernel_spec(place / "kernels" / "python3", extra_arguments=PLAIN)
    paths = [str(place), os.environ.get("JUPYTER_PATH")]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, paths))
