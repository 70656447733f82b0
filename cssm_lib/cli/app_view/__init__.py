"""The workshop as an app: its notebook served by Voilà to this machine alone, without its code."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
import webbrowser
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat

from cssm_lib.batch import notebook_folder
from cssm_lib.batch.parameters import check_parameters
from cssm_lib.errors import PageError, ParameterError

HERE = "127.0.0.1"
STEM = "workshop"
# nothing but this server answers the page, whatever a library or a client's text asks for
POLICY = "; ".join(
    [
        "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'",
        "connect-src 'self' ws://127.0.0.1:* data: blob:",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ]
)
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
        _run(path, browser=browser)


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


def _run(path: Path, *, browser: bool) -> None:
    from tornado.ioloop import IOLoop
    from voila.app import Voila

    port, token = _free_port(), secrets.token_hex(16)
    options = [f"--Voila.ip={HERE}", f"--port={port}", "--Voila.port_retries=0", f"--token={token}"]
    options += [f"--Voila.root_dir={path.parent}", "--no-browser", "--show_tracebacks=True"]
    # a configuration that lies in the working folder would be run
    app = Voila.instance(config_file_paths=[], log_level="ERROR")
    app.initialize([*options, str(path)])
    app.template_paths.insert(0, str(Path(__file__).parent))
    app.tornado_settings = {
        "headers": {"Content-Security-Policy": POLICY},
        "ws_ping_timeout": 30_000,  # not longer than its interval, else a warning a page
    }
    address = f"http://{HERE}:{port}/?token={token}"
    IOLoop.current().add_callback(_tell, address, browser=browser)
    app.start()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HERE, 0))
        return free.getsockname()[1]


def _tell(address: str, *, browser: bool) -> None:
    print(address, flush=True)
    if browser:
        webbrowser.open(address)
