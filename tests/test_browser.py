"""Every page in a browser with the network cut: nothing is asked for, every chart is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

CHROMIUM = Path("/usr/bin/chromium")
DRAWN = "document.querySelectorAll('figure.chart .marks').length"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("kernels"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no {CHROMIUM}; apt-get install chromium"),
]


@contextmanager
def offline(chromium: Any) -> Iterator[Callable[[Path], SimpleNamespace]]:
    """Opens files without a network; each page, what it asked for and what it complained of."""
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 900})

    def opened(path: Path) -> SimpleNamespace:
        page, asked, said = context.new_page(), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda fault: said.append(f"fault: {fault}"))
        page.goto(path.as_uri())
        return SimpleNamespace(page=page, asked=asked, said=said)

    yield opened
    context.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[[Path], SimpleNamespace]]:
    """Opens a file without a network."""
    with offline(chromium) as opened:
        yield opened


def figures(path: Path) -> int:
    return path.read_text("utf-8").count('<figure class="chart">')


# every link of a page: where it leads, as it is written, and how many places on the page it names
LINKS = """() => [...document.querySelectorAll('a[href]')]
  .filter(a => !a.closest('.vega-actions'))
  .map(a => [a.href, a.getAttribute('href')])
  .map(([whole, own]) => [whole, own, own.startsWith('#')
    ? document.querySelectorAll(`[id='${own.slice(1)}']`).length : 0])"""


@pytest.fixture(scope="module")
def looked(chromium: Any, sample_batch: SimpleNamespace) -> dict[Path, SimpleNamespace]:
    """Every page of the sample, opened once until its charts are drawn: what was seen of it."""
    found = {}
    with offline(chromium) as opened:
        for path in sorted(sample_batch.out.rglob("*.html")):
            seen = opened(path)
            seen.page.wait_for_function(f"{DRAWN} >= {figures(path)}")
            seen.width = seen.page.evaluate("document.documentElement.scrollWidth")
            seen.links = seen.page.evaluate(LINKS)
            seen.page.close()
            found[path] = seen
    return found


def test_every_page_of_the_sample_opens_offline(looked: dict[Path, SimpleNamespace]) -> None:
    assert len(looked) > 8
    assert any(figures(path) for path in looked)
    for path, seen in looked.items():
        outside = [url for url in seen.asked if not url.startswith(("file:", "data:", "blob:"))]
        assert (path.name, outside, seen.said) == (path.name, [], [])
        assert seen.width <= 1280, f"{path.name} is wider than the screen"


def test_a_chart_answers_the_mouse(visit: Any, sample_batch: SimpleNamespace) -> None:
    path = next(path for path in sorted(sample_batch.out.rglob("01_*.html")) if figures(path))
    page = visit(path).page
    page.wait_for_function(f"{DRAWN} >= 1")
    page.locator("figure.chart .mark-rect path").first.hover()
    page.wait_for_selector("#vg-tooltip-element.visible")


def test_every_link_of_the_sample_leads_somewhere(looked: dict[Path, SimpleNamespace]) -> None:
    for path, seen in looked.items():
        for whole, own, places in seen.links:
            if own.startswith("#"):
                assert places == 1, (path.name, own)
            else:
                assert whole.startswith("file:"), (path.name, whole)
                assert Path(unquote(urlsplit(whole).path)).is_file(), (path.name, whole)


def test_a_page_cannot_be_made_to_run_a_script(visit: Any, tmp_path: Path) -> None:
    import nbformat

    from cssm_lib.pages.pack.page import Shell, notebook_page

    hostile = "<img src=x onerror='window.evil=1'><script>window.evil=1</script>"
    cell = nbformat.v4.new_markdown_cell(f"# Title\n\n{hostile}")
    html = notebook_page(nbformat.v4.new_notebook(cells=[cell]), Shell("A", "b", "c"), title="T")
    (tmp_path / "hostile.html").write_text(html)
    page = visit(tmp_path / "hostile.html").page
    assert page.evaluate("window.evil") is None


# what a text of a file would leave in a page if it were taken for markup
MADE = "iframe, object, embed, base, form:not(.vega-bindings), link, audio, video"
MADE += ", [onerror], [onload], [onclick], [href^='javascript' i], [src^='http']"
MADE += ", image[href^='http'], script[src], .html img"


def test_pages_of_a_hostile_client_run_and_fetch_nothing(
    visit: Any, hostile_batch: SimpleNamespace
) -> None:
    """Every text of its files tries: each page is drawn, and all of it stands there as text."""
    asked, alerts = [], []
    for path in sorted(hostile_batch.out.rglob("*.html")):
        seen = visit(path)
        seen.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
        seen.page.wait_for_function(f"{DRAWN} >= {figures(path)}")
        for mark in seen.page.locator("figure.chart .mark-rect path").all()[:2]:
            mark.hover(force=True)  # a tooltip is made of names as well
        asked += [url for url in seen.asked if not url.startswith(("file:", "data:", "blob:"))]
        assert (path.name, seen.said) == (path.name, [])
        assert seen.page.evaluate("window.evil") is None, path.name
        found = (
            "(made) => [...document.querySelectorAll(made)].map(one => one.outerHTML.slice(0, 200))"
        )
        assert (path.name, seen.page.evaluate(found, MADE)) == (path.name, [])
        scripts = seen.page.locator("script:not([type='application/json'])").count()
        assert scripts <= 1, path.name
        if path.name.startswith("01_"):
            assert "{{7*7}}{% for x in" in seen.page.inner_text("main")
        seen.page.close()
    assert (asked, alerts) == ([], [])
