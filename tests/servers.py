"""JupyterLab and the workshop's app view, started for a browser that never leaves this machine.

Not a test: loaded with `runpy` by the tests and benchmarks beside it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

REPOSITORY = Path(__file__).parents[1]
STARTED, PATIENCE = 120, 180_000
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
HERE = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")


@contextmanager
def lab(home: Path) -> Iterator[SimpleNamespace]:
    """JupyterLab on a free port over copies of the notebooks in `home`; `{}` in `url` is one."""
    shutil.copytree(REPOSITORY / "notebooks", home / "notebooks")
    (home / "data").symlink_to(REPOSITORY / "data")
    for name, settings in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    token, runtime = secrets.token_hex(16), home / "runtime"
    own = {"JUPYTER_RUNTIME_DIR": runtime, "JUPYTERLAB_SETTINGS_DIR": home / "settings"}
    own |= {"JUPYTER_CONFIG_DIR": home / "config", "JUPYTERLAB_WORKSPACES_DIR": home / "spaces"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: str(value) for name, value in own.items()} | {"PATH": path}
    options = ["--no-browser", "--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={token}"]
    options += [f"--ServerApp.root_dir={home}", "--LabApp.expose_app_in_browser=True"]

    def address() -> str:
        told = "".join(path.read_text() for path in runtime.glob("jpserver-*.json"))
        return json.loads(told)["url"] if told else ""

    # in the tests the user may be root, as in a container
    command = ["-m", "jupyterlab", "--allow-root", *options]
    with serving(command, home, address, environment) as url:
        tree = f"{url}lab/tree/notebooks/{{}}?token={token}&reset"
        yield SimpleNamespace(home=home, url=tree)


@contextmanager
def app_view(home: Path, client: Path) -> Iterator[SimpleNamespace]:
    """`cssm workshop` of a client, started in `home`; `url` is the address it prints."""
    log = home / "out"
    command = ["-P", "-m", "cssm_lib.cli", "workshop", str(client), "--no-browser"]
    with serving(command, home, lambda: log.read_text().strip(), {}) as url:
        yield SimpleNamespace(home=home, url=url)


@contextmanager
def serving(
    command: list[str], home: Path, address: Callable[[], str], environment: Mapping[str, str]
) -> Iterator[str]:
    """A server in a process of its own until it says where it is, ended at once afterwards."""
    with (home / "out").open("wb") as out, (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, *command],
            env=os.environ | environment,
            stdout=out,
            stderr=log,
            cwd=home,
        )
        try:
            until = time.monotonic() + STARTED
            while not (url := address()):
                if server.poll() is not None or time.monotonic() > until:
                    raise AssertionError((home / "log").read_text())
                time.sleep(0.1)
            yield url
        finally:
            server.terminate()
            server.wait()


@contextmanager
def cut_off(chromium: Any, width: int = 1280, height: int = 720) -> Iterator[SimpleNamespace]:
    """Opens pages; whatever would leave this machine is stopped and told in `asked`."""
    context = chromium.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE)
    asked: list[str] = []

    def stop(route: Any) -> None:
        asked.append(route.request.url)
        route.abort()

    context.route(lambda url: not url.startswith(HERE), stop)

    def opened(url: str) -> SimpleNamespace:
        page, said = context.new_page(), []
        page.on("pageerror", lambda fault: said.append(str(fault)))
        page.goto(url)
        return SimpleNamespace(page=page, said=said, asked=asked)

    yield SimpleNamespace(open=opened, asked=asked)
    context.close()


CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.filter(w => w.model.type === 'code')"
OUTPUTS = f"{CELLS}.flatMap(w => w.model.outputs.toJSON())"
FAULTS = f"{OUTPUTS}.filter(o => o.output_type === 'error').map(o => o.evalue)"
DONE = f"({FAULTS}).length || {CELLS}.every(w => w.model.executionCount)"
IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


def run_all(page: Any) -> None:
    """Run all cells of the notebook that JupyterLab shows; no cell may fail."""
    page.wait_for_function(IDLE)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(DONE)
    assert page.evaluate(FAULTS) == []
