"""From key press to changed pixels on the board of a workshop, with the network cut.

    python benchmarks/workshop_pixels.py [CLIENT_DIR] [--moves 30] [--only lab|app]

Opens `workshop.ipynb` in a real JupyterLab and in the app view (Voilà), headless Chromium at
1280 x 720, and moves one control of each kind by keyboard. A clock in the page starts with the key
and looks at every animation frame: `tiles` is the end of the first frame that shows other figures,
`charts` of the first whose charts are drawn anew. The next move waits until the screen has come to
rest. A move that changes nothing to be seen within three seconds is counted apart.
"""

from __future__ import annotations

import argparse
import os
import runpy
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).parents[1]
servers = SimpleNamespace(**runpy.run_path(str(REPOSITORY / "tests" / "servers.py")))
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
CLOCK = """() => {
  const tiles = () => [...document.querySelectorAll('.cssm-tiles-row td[data-fact]')]
    .map(one => one.textContent).join('|');
  const marks = () => [...document.querySelectorAll('.cssm-charts canvas, .cssm-charts svg.marks')];
  const charts = () => marks().map(m => m.toDataURL ? m.toDataURL() : m.outerHTML).join('|');
  const whole = now => now && marks().length === window.count;
  let old = {}, looking = 0;
  const look = round => {
    if (round !== looking) return;
    const ended = performance.now();
    for (const [name, seen] of [['tiles', tiles], ['charts', charts]]) {
      if (window.seen[name]) continue;
      if (window.pending[name]) window.seen[name] = ended - window.began;
      else { const now = seen(); window.pending[name] = whole(now) && now !== old[name]; }
    }
    requestAnimationFrame(() => look(round));
  };
  document.addEventListener('keydown', event => {
    if (event.key !== window.awaited) return;
    window.began = performance.now();
    requestAnimationFrame(() => look(looking));
  }, true);
  window.arm = key => {
    looking += 1; window.awaited = key; window.count = marks().length;
    window.seen = {}; window.pending = {}; old = {tiles: tiles(), charts: charts()};
  };
  window.rest = () => { looking += 1; return [tiles(), charts()].join('#'); };
}"""
STILL, NOTHING = 400, 3_000


def group(page: Any, name: str) -> None:
    """Open a group of knobs."""
    page.locator(".cssm-groups button", has_text=name).click()


def view(page: Any, name: str) -> None:
    """Open a view."""
    page.locator(".cssm-views button", has_text=name).click()


def growth(page: Any) -> tuple[Any, Callable[[int], str]]:
    """A slider: a per cent of growth more."""
    group(page, "Growth")
    return page.locator(".cssm-growth-percent .noUi-handle"), lambda move: "ArrowRight"


def account(page: Any) -> tuple[Any, Callable[[int], str]]:
    """A list: the next Virtual Account, and back again from the last one."""
    field = page.locator(".cssm-account select")
    most = field.locator("option").count() - 1

    def key(move: int) -> str:
        return "ArrowDown" if move // most % 2 == 0 else "ArrowUp"

    return field, key


def proposal(page: Any) -> tuple[Any, Callable[[int], str]]:
    """A tick: a move that is proposed, done and not done."""
    group(page, "Moves")
    return page.locator(".cssm-proposal input").first, lambda move: " "


def price(page: Any) -> tuple[Any, Callable[[int], str]]:
    """A field: another price of a line, told by Enter."""
    view(page, "True Forward")
    group(page, "Terms")
    field = page.locator(".cssm-price input")

    def key(move: int) -> str:
        field.fill(str(20 + move))
        return "Enter"

    return field, key


def discount(page: Any) -> tuple[Any, Callable[[int], str]]:
    """A slider with two handles: half a per cent more of discount at renewal."""
    view(page, "Renewal")
    group(page, "Terms")
    return page.locator(".cssm-terms-discount .noUi-handle").first, lambda move: "ArrowRight"


def undo(page: Any) -> tuple[Any, Callable[[int], str]]:
    """A button: a step back of the growth before."""
    return page.locator(".cssm-undo"), lambda move: "Enter"


KINDS = {
    "slider (growth)": growth,
    "button (undo)": undo,
    "list (account)": account,
    "tick (a move)": proposal,
    "field (price)": price,
    "two handles (discount)": discount,
}


def rested(page: Any) -> None:
    """Wait until the screen has come to rest."""
    before = page.evaluate("rest()")
    while True:
        page.wait_for_timeout(STILL)
        now = page.evaluate("rest()")
        if now == before and not page.locator("[aria-busy=true]").count():
            return
        before = now


def moved(page: Any, kind: Callable[..., Any], moves: int) -> list[dict[str, float]]:
    """Milliseconds of each move of a control."""
    control, key = kind(page)
    found = []
    for move in range(moves):
        rested(page)
        pressed = key(move)
        control.focus()
        page.evaluate("arm", pressed)
        control.press("Space" if pressed == " " else pressed)
        page.wait_for_timeout(50)
        if page.evaluate("window.seen.tiles === undefined || window.seen.charts === undefined"):
            page.wait_for_timeout(STILL)
        until = NOTHING
        while until > 0 and page.evaluate("!window.seen.tiles || !window.seen.charts"):
            page.wait_for_timeout(STILL)
            until -= STILL
        found.append(page.evaluate("window.seen"))
    return found


@contextmanager
def opened(place: str, client: Path, chromium: Any) -> Iterator[Any]:
    """The board in one of the two places."""
    with tempfile.TemporaryDirectory() as home:
        server = servers.lab(Path(home)) if place == "lab" else servers.app_view(Path(home), client)
        with server as served, servers.cut_off(chromium) as browser:
            seen = browser.open(served.url.format("workshop.ipynb"))
            if place == "lab":
                servers.run_all(seen.page)
            seen.page.wait_for_selector(".cssm-charts .marks")
            seen.page.evaluate(CLOCK)
            rested(seen.page)
            yield seen.page
            print(f"  left the machine: {seen.asked or 'nothing'}; faults: {seen.said or 'none'}")


def line(name: str, found: list[dict[str, float]]) -> str:
    """A row: median and 95th percentile of tiles and charts, how many moves showed nothing."""
    parts = [f"  {name:24}"]
    for what in ("tiles", "charts"):
        times = sorted(one[what] for one in found if what in one)
        if times:
            high = times[min(len(times) - 1, round(0.95 * len(times)))]
            parts.append(f"{what} {statistics.median(times):5.0f} [{times[0]:4.0f}-{high:5.0f}]")
        else:
            parts.append(f"{what}     –            ")
        parts.append(f"n={len(times):2}")
    return "  ".join(parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", nargs="?", default=REPOSITORY / "data/sample/alder", type=Path)
    parser.add_argument("--moves", type=int, default=30)
    parser.add_argument("--only", choices=["lab", "app"])
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        for place in [asked.only] if asked.only else ["lab", "app"]:
            load = f"load {os.getloadavg()[0]:.1f}"
            print(f"{place}, {asked.client.name}, {load}; ms: median [least-p95]")
            with opened(place, asked.client.absolute(), chromium) as page:
                for name, kind in KINDS.items():
                    print(line(name, moved(page, kind, asked.moves)), flush=True)


if __name__ == "__main__":
    main()
