"""Pages 01 to 05 by hand in a JupyterLab that is cut off from the network: every filter draws."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
REPOSITORY = Path(__file__).parents[1]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("0[1-5]_*.ipynb"))
STARTED, PATIENCE = 120, 180_000
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("kernels"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no {CHROMIUM}; apt-get install chromium"),
]
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.filter(w => w.model.type === 'code')"
OUTPUTS = f"{CELLS}.flatMap(w => w.model.outputs.toJSON())"
CHARTS = f"{OUTPUTS}.map(o => o.data?.['application/vnd.vegalite.v5+json']).filter(Boolean)"
FAULTS = f"{OUTPUTS}.filter(o => o.output_type === 'error').map(o => o.evalue)"
DONE = f"({FAULTS}).length || {CELLS}.every(w => w.model.executionCount)"
IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
DRAWN = "document.querySelectorAll('.jp-RenderedVegaCommon5 canvas, .jp-RenderedVegaCommon5 svg')"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server on a free port, with a token, over copies of the notebooks."""
    home = tmp_path_factory.mktemp("lab")
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
    environment = os.environ | {name: str(value) for name, value in own.items()} | {"PATH": path}
    options = ["--no-browser", "--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={token}"]
    options += [f"--ServerApp.root_dir={home}", "--LabApp.expose_app_in_browser=True"]
    # in the tests the user may be root, as in a container
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", *options]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home)
        try:
            yield f"{_address(server, runtime, home)}lab/tree/notebooks/{{}}?token={token}&reset"
        finally:
            server.terminate()
            server.wait()


def _address(server: subprocess.Popen, runtime: Path, home: Path) -> str:
    until = time.monotonic() + STARTED
    while time.monotonic() < until and server.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            if text := path.read_text():
                return json.loads(text)["url"]
        time.sleep(0.1)
    raise AssertionError((home / "log").read_text())


@pytest.fixture(scope="module")
def visit(lab: str, chromium: Any) -> Iterator[Any]:
    """Opens a notebook and runs all cells; whatever leaves this machine is stopped and told."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    asked: list[str] = []

    def stop(route: Any) -> None:
        asked.append(route.request.url)
        route.abort()

    context.route(lambda url: not url.startswith(("http://127.0.0.1", "data:", "blob:")), stop)

    def opened(name: str) -> SimpleNamespace:
        page, said = context.new_page(), []
        page.on("pageerror", lambda fault: said.append(str(fault)))
        page.goto(lab.format(name))
        page.wait_for_function(IDLE)
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(DONE)
        assert page.evaluate(FAULTS) == []
        return SimpleNamespace(page=page, said=said, asked=asked)

    yield opened
    context.close()


def choose(page: Any, name: str) -> bool:
    """Moves a chooser, if the page has it."""
    if name == "Licence":
        field = page.get_by_placeholder("all, or part of a name")
        field.fill("DNA")
        field.press("Enter")
        return True
    list_ = page.locator(".widget-dropdown", has_text=name).locator("select")
    if list_.count():
        list_.select_option(**({"label": "90 days"} if name == "Window" else {"index": 1}))
    return bool(list_.count())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_filter_of_a_page_draws_anew(visit: Any, path: Path) -> None:
    seen = visit(path.name)
    page = seen.page
    before = page.evaluate(CHARTS)
    page.wait_for_function(f"{DRAWN}.length >= {len(before)}")
    moved = []
    for name in ("Window", "Licence", "Account"):
        if choose(page, name):
            moved.append(name)
            changed = f"old => JSON.stringify({CHARTS}) !== old"
            page.wait_for_function(changed, arg=page.evaluate("x => JSON.stringify(x)", before))
            page.wait_for_function(IDLE)
            after = page.evaluate(CHARTS)
            assert len(after) == len(before)
            before = after
    assert page.evaluate(FAULTS) == []
    page.wait_for_function(f"{DRAWN}.length >= {len(before)}")
    assert page.locator(".jp-RenderedVegaCommon5 .error").count() == 0
    assert len(moved) >= 2
    assert (seen.said, seen.asked) == ([], [])
    page.close()
