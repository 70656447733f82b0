"""Pages 01 to 05 by hand in a JupyterLab that is cut off from the network: every filter draws."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("0[1-5]_*.ipynb"))
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("kernels"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no {CHROMIUM}; apt-get install chromium"),
]
servers = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("servers.py"))))
FAULTS, IDLE = servers.FAULTS, servers.IDLE
CHARTS = f"{servers.OUTPUTS}.map(o => o.data?.['application/vnd.vegalite.v5+json']).filter(Boolean)"
DRAWN = "document.querySelectorAll('.jp-RenderedVegaCommon5 canvas, .jp-RenderedVegaCommon5 svg')"


@pytest.fixture(scope="module")
def visit(lab: SimpleNamespace, chromium: Any) -> Iterator[Callable[[str], SimpleNamespace]]:
    """Opens a notebook and runs all cells."""
    with servers.cut_off(chromium, height=900) as browser:

        def opened(name: str) -> SimpleNamespace:
            seen = browser.open(lab.url.format(name))
            servers.run_all(seen.page)
            return seen

        yield opened


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
