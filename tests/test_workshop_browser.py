"""The workshop by keyboard, in JupyterLab and as an app, cut off from the network.

Every kind of control is moved, the scenario is saved, and the screen has to say what the batch says
of that file.
"""

from __future__ import annotations

import runpy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import pytest

import cssm_lib
from cssm_lib.pages import compared
from cssm_lib.pages.labels import said
from cssm_lib.pages.sheet import Page
from cssm_lib.scenario import read_scenario

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("kernels"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no {CHROMIUM}; apt-get install chromium"),
]
servers = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("servers.py"))))
FIGURES = [name for group in compared.TILES for name in group]
TILES = """when => Object.fromEntries(
  [...document.querySelectorAll(`.cssm-tiles-row td[data-fact][data-when=${when}]`)]
    .map(one => [one.dataset.fact, one.textContent]))"""
SHOWN = f"""([when, told]) => {{ const now = ({TILES})(when);
  return Object.entries(told).every(([fact, words]) => now[fact] === words) }}"""
OPTIONS = """list => [...document.querySelectorAll(`.cssm-${list} option`)]
  .map(one => one.textContent.replaceAll('\u00a0', ' '))"""
# so many options, and these words in them
OFFERS = f"""([list, words]) => {{ const now = ({OPTIONS})(list);
  return now.length === words.length && words.every((word, n) => now[n].includes(word)) }}"""

MARKS = "document.querySelectorAll('.cssm-charts .marks').length"
STARTED = 180  # seconds until the board has its charts, on a busy machine
# a widget of anywidget, as each chart is one, has to begin within two seconds
TOO_SLOW = "[anywidget] Failed to initialize model."


class Screen:
    """A board in a browser, moved by keyboard alone but for clicks on a chart."""

    def __init__(self, seen: SimpleNamespace, scenarios: Path, url: str = "") -> None:
        self.page, self.seen, self.scenarios, self.url = seen.page, seen, scenarios, url

    def at(self, name: str, inner: str = "") -> Any:
        """A control by its class, the first of that kind."""
        return self.page.locator(f".cssm-{name} {inner}").first

    def press(self, name: str, *keys: str, inner: str = "") -> None:
        control = self.at(name, inner)
        control.wait_for()
        control.focus()
        for key in keys:
            control.press(key)

    def push(self, name: str) -> None:
        """Press a button with Enter, once it can be."""
        self.page.wait_for_selector(f".cssm-{name}:not([disabled])")
        self.press(name, "Enter")

    def open(self, where: str, name: str) -> None:
        """Open a group of knobs or a view."""
        button = self.page.locator(f".cssm-{where} button", has_text=name)
        button.focus()
        button.press("Enter")

    def write(self, name: str, words: str) -> None:
        """Type into a field in place of what stands there, and leave it with Enter."""
        self.press(name, "Control+a", "Delete", inner="input")
        self.page.keyboard.type(words)
        self.page.keyboard.press("Enter")

    def day(self, name: str, month_day_year: str) -> None:
        self.press(name, inner="input")
        self.page.keyboard.type(month_day_year)

    def offers(self, name: str, *words: str) -> None:
        """Wait until a list has exactly so many options with these words in them."""
        self.page.wait_for_function(OFFERS, arg=[name, list(words)])

    def shows(self, when: str, told: dict[str, str]) -> None:
        """Wait until the tiles say this."""
        try:
            self.page.wait_for_function(SHOWN, arg=[when, told], timeout=60_000)
        except Exception:
            assert self.tiles(when) == told
            raise

    def tiles(self, when: str) -> dict[str, str]:
        return self.page.evaluate(TILES, when)

    def alert(self, name: str) -> str:
        """The message that stands beside a field."""
        place = self.page.locator(f".cssm-{name} [role=alert]")
        place.wait_for()
        return place.inner_text()


def figures_of(answers: Any) -> dict[str, str]:
    """What the tiles have to say, by id of the figure."""
    facts = [Page(answers, "00").fact(name) for name in FIGURES]
    return {fact.figure.id: said(fact.value) for fact in facts}


@pytest.fixture(scope="module")
def alder(sample_clients: Path) -> SimpleNamespace:
    """The sample client and what the batch says of it today."""
    folder = sample_clients / "alder"
    return SimpleNamespace(folder=folder, figures=figures_of(cssm_lib.open_client(folder)))


@pytest.fixture(scope="module", params=["app", "lab"])
def screen(
    request: pytest.FixtureRequest,
    alder: SimpleNamespace,
    chromium: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Screen]:
    """The board in one of its two places, at 1280 x 720."""
    with servers.cut_off(chromium) as browser:
        if request.param == "lab":
            lab = request.getfixturevalue("lab")
            seen = shown(lambda: in_lab(browser.open(lab.url.format("workshop.ipynb"))))
            yield Screen(seen, lab.home / "notebooks" / "scenarios")
            return
        home = tmp_path_factory.mktemp("app")
        with servers.app_view(home, alder.folder) as app:
            seen = shown(lambda: browser.open(app.url))
            yield Screen(seen, home / "scenarios", app.url)


def in_lab(seen: SimpleNamespace) -> SimpleNamespace:
    servers.run_all(seen.page)
    # the list of files takes a fifth of the screen
    seen.page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    return seen


def shown(open_board: Callable[[], SimpleNamespace]) -> SimpleNamespace:
    """The board with its charts; opened again where a busy machine was too slow for anywidget."""
    for _ in range(3):
        seen = open_board()
        seen.page.set_default_timeout(90_000)
        seen.page.wait_for_selector(".cssm-board")
        until = time.monotonic() + STARTED
        while seen.page.evaluate(MARKS) < 2 and TOO_SLOW not in seen.said:
            assert time.monotonic() < until, "no chart on the board"
            seen.page.wait_for_timeout(200)
        if TOO_SLOW not in seen.said:
            seen.page.locator(".cssm-board").scroll_into_view_if_needed()
            return seen
        seen.page.close()
    raise AssertionError(seen.said)


def retire(screen: Screen) -> None:
    """A slider, a list and a field turn one action."""
    screen.open("groups", "Retire")
    screen.press("retire-days", "ArrowRight", "ArrowRight", "ArrowRight", inner=".noUi-handle")
    screen.press("retire-account", "ArrowDown", inner="select")
    screen.write("retire-host", "*1*")


def move(screen: Screen) -> None:
    """A tick, and a move of its own with a field for whole numbers and a button."""
    screen.open("groups", "Moves")
    screen.press("proposal", "Space", inner="input")
    screen.press("move-from", "ArrowDown", inner="select")
    screen.write("move-units", "2")
    screen.push("move-add")


def change_tier(screen: Screen) -> None:
    screen.open("groups", "Tiers")
    screen.press("tier-to", "ArrowDown", inner="select")
    screen.push("tier-add")


def leave_out(screen: Screen) -> None:
    """Two days are typed."""
    screen.open("groups", "Leave out")
    screen.press("leave-account", "ArrowDown", "ArrowDown", inner="select")
    screen.day("leave-from", "10012026")
    screen.day("leave-to", "10312026")
    screen.push("leave-add")


def grow(screen: Screen) -> None:
    screen.open("groups", "Growth")
    screen.press("growth-percent", *["ArrowRight"] * 7, inner=".noUi-handle")


def change_terms(screen: Screen) -> None:
    """A slider with two handles, a list, a price."""
    screen.open("groups", "Terms")
    screen.press("terms-discount", "ArrowRight", "ArrowRight", inner=".noUi-handle")
    screen.press("terms-reading", "ArrowDown", "ArrowDown", inner="select")
    screen.write("price", "23.50")


def measure(screen: Screen) -> None:
    screen.open("groups", "Day")
    screen.press("day", "ArrowDown", inner="select")


def decide(screen: Screen) -> None:
    screen.open("views", "Decisions")
    screen.write("decided", "Drop <b>the</b> spares")
    screen.write("decided-by", "Zoë Example")
    screen.write("decided-open", "=the day()")
    screen.press("decided-about", "ArrowDown", inner="select")
    screen.push("decide")
    screen.offers("decisions", "Zoë")
    screen.open("views", "Utilisation")


# what is moved, and what the actions of the scenario are called then
MOVES = [
    (retire, ["Retire instances"]),
    (move, ["Move 70 C9300 DNA Essentials", "Move 2 C9300 24P DNA Advantage"]),
    (change_tier, ["C9300 24P DNA Advantage to "]),
    (leave_out, ["Leave out all licences in Campus South from 2026-10-01 to 2026-10-31"]),
    (grow, ["Growth of all licences"]),
    (change_terms, ["Terms of EA Networking", "Price of E3N-C9300-A"]),
    (measure, []),
    (decide, []),
]


def test_what_is_moved_by_keyboard_is_what_the_batch_says(
    screen: Screen, alder: SimpleNamespace
) -> None:
    """Saved, struck out and loaded again; every tile is the figure of `--scenario FILE`."""
    screen.shows("today", alder.figures)
    screen.shows("after", alder.figures)
    names: list[str] = []
    for moved, made in MOVES:
        moved(screen)
        names += made
        screen.offers("actions", *names)
    screen.write("name", "By <i>hand</i>")
    screen.push("save")
    screen.offers("saved", "hand")
    (path,) = screen.scenarios.glob("*.toml")
    scenario = read_scenario(path)
    assert (scenario.name, len(scenario.actions)) == ("By <i>hand</i>", len(names))
    assert str(scenario.as_of) == "2026-10-31"
    (decision,) = scenario.decisions
    assert (decision.by, decision.action) == ("Zoë Example", scenario.actions[0].name)
    batch = figures_of(cssm_lib.open_client(alder.folder, scenario=[path]))
    assert batch != alder.figures
    screen.shows("after", batch)
    steps_and_back(screen, alder.figures, batch)
    assert path.name in screen.at("command").inner_text()
    compare(screen, path.stem, batch)
    if screen.url:
        closed(screen)
    assert (screen.seen.said, screen.seen.asked) == ([], [])


def steps_and_back(screen: Screen, today: dict[str, str], batch: dict[str, str]) -> None:
    """Reset, undone, done again; then the file is loaded."""
    for button, figures in (("reset", today), ("undo", batch), ("redo", today), ("load", batch)):
        screen.push(button)
        screen.shows("after", figures)
    screen.shows("today", today)


def compare(screen: Screen, stem: str, batch: dict[str, str]) -> None:
    """The view that compares says of the file what the tiles say."""
    screen.open("views", "Compare")
    screen.press("compare-saved", "Home", inner="select")
    head = screen.page.locator(".cssm-comparison th[scope=col]", has_text=f"{stem}.toml")
    head.wait_for()
    last = "[...document.querySelectorAll('.cssm-comparison tbody tr')].map(row => row.lastChild)"
    cells = f"Object.fromEntries({last}.map(cell => [cell.dataset.fact, cell.textContent]))"
    assert screen.page.evaluate(cells) == batch
    screen.open("views", "Utilisation")


def closed(screen: Screen) -> None:
    """The app shows no code and opens with its token alone."""
    assert "widgets.workshop(" not in screen.page.content()
    assert "client_dir" not in screen.page.content()
    assert screen.url.startswith("http://127.0.0.1:")
    with urlopen(screen.url.partition("?")[0]) as answer:
        assert "/login" in answer.url
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_wrong_input_is_told_beside_the_field_and_the_last_good_state_stays(
    screen: Screen,
) -> None:
    before, actions = screen.tiles("after"), screen.page.evaluate(OPTIONS, "actions")
    screen.open("groups", "Terms")
    screen.write("price", "plenty")
    assert "plenty" in screen.alert("message-terms")
    screen.open("groups", "Moves")
    screen.write("move-units", "-3")
    screen.push("move-add")
    assert "units" in screen.alert("message-moves")
    screen.write("name", "")
    screen.push("save")
    assert "name" in screen.alert("message-file")
    assert (screen.tiles("after"), screen.page.evaluate(OPTIONS, "actions")) == (before, actions)
    assert (screen.seen.said, screen.seen.asked) == ([], [])


def test_a_click_on_a_chart_narrows_the_rest_and_there_is_a_way_back(screen: Screen) -> None:
    screen.open("views", "Utilisation")
    whole = screen.tiles("today")
    bars = screen.page.locator(".cssm-chart-left .mark-rect path")
    other = screen.page.locator(".cssm-chart-right svg").inner_html()
    bars.first.click()
    screen.page.wait_for_function(
        "document.querySelector('.cssm-account select').selectedIndex > 0"
    )
    screen.page.wait_for_function(
        "old => document.querySelector('.cssm-chart-right svg')?.innerHTML !== old", arg=other
    )
    screen.page.wait_for_function(
        f"old => JSON.stringify(({TILES})('today')) !== old",
        arg=screen.page.evaluate("JSON.stringify", whole),
    )
    screen.push("show-all")
    screen.shows("today", whole)


FOCUS = "document.activeElement.closest('.cssm-compare-saved, .cssm-bar, .cssm-views')?.className"
COMPARED = (
    "[...document.querySelectorAll('.cssm-comparison th[scope=col]')].map(o => o.textContent)"
)


def test_scenarios_are_compared_by_keyboard_alone(screen: Screen) -> None:
    """From the view's button with Tab into the list, several with Shift, with Tab out again."""
    screen.write("name", "Another")
    screen.push("save")
    screen.page.wait_for_function("document.querySelectorAll('.cssm-saved option').length > 1")
    keys = screen.page.keyboard
    screen.open("views", "Compare")
    screen.at("compare-saved", "select").wait_for()
    keys.press("Tab")  # to the button of the next view, then into this one
    keys.press("Tab")
    assert "cssm-compare-saved" in screen.page.evaluate(FOCUS)
    stems = screen.page.evaluate(OPTIONS, "compare-saved")
    for key, shown in (("Home", stems[:1]), ("Shift+ArrowDown", stems[:2])):
        keys.press(key)
        heads = ["Figure", "today", "screen: Another", *(f"{stem}.toml" for stem in shown)]
        told = screen.page.evaluate("JSON.stringify", heads)
        screen.page.wait_for_function(f"told => JSON.stringify({COMPARED}) === told", arg=told)
    keys.press("Tab")
    assert "cssm-bar" in screen.page.evaluate(FOCUS)
    keys.press("Shift+Tab")
    assert "cssm-compare-saved" in screen.page.evaluate(FOCUS)


# every visible text of the board below 18 px, and every box whose content is cut off
SMALL = """() => { const found = [], board = document.querySelector('.cssm-board');
  const words = document.createTreeWalker(board, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) { const text = words.currentNode, place = text.parentElement;
    if (text.data.trim() && place.checkVisibility() && !place.closest('style, script')
        && parseFloat(getComputedStyle(place).fontSize) < 18) found.push(text.data) }
  return found }"""
# the command is one line that may be longer than the screen, and then can be moved
CUT = """() => { const all = '.cssm-board :is(td, th, button, [role=alert], p)';
  return [...document.querySelectorAll(all)]
    .filter(one => one.checkVisibility() && !one.closest('.cssm-command'))
    .filter(one => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
    .map(one => one.textContent) }"""
OFF = """() => { const wall = one => one?.getBoundingClientRect() ?? new DOMRect(0, 0, 1280, 720);
  const inside = (one, of) => one.left >= of.left - 1 && one.right <= of.right + 1
    && one.top >= of.top - 1 && one.bottom <= of.bottom + 1;
  return ['tiles-row', 'groups', 'views', 'bar'].flatMap(name => {
    const part = document.querySelector(`.cssm-${name}`);
    return [[part, null], ...[...part.querySelectorAll('button, td')].map(one => [one, part])] })
    .filter(([one, of]) => !inside(wall(one), wall(of)))
    .map(([one]) => one.className + one.textContent) }"""
# words of a chart that stand in each other, and a second chart that is not beside the first
OVER = """() => { const charts = [...document.querySelectorAll('.cssm-charts svg')];
  const over = (one, other) => one.left < other.right - 2 && other.left < one.right - 2
    && one.top < other.bottom - 3 && other.top < one.bottom - 3;
  const pairs = charts.flatMap(chart => {
    const all = [...chart.querySelectorAll('text')].filter(one => one.textContent.trim())
      .map(one => [one.textContent, one.getBoundingClientRect()]);
    return all.flatMap(([words, box], n) => all.slice(n + 1)
      .filter(([, other]) => over(box, other)).map(([others]) => `${words} in ${others}`)) });
  const tops = new Set(charts.map(one => one.getBoundingClientRect().top));
  const bars = document.querySelector('.cssm-views .mod-active').textContent !== 'What matters';
  return tops.size > 1 && bars ? [...pairs, 'below each other'] : pairs }"""
VIEWS = ("Utilisation", "True Forward", "Drift", "Shadows", "Renewal", "What matters", "Compare")
GROUPS = ("Retire", "Moves", "Tiers", "Leave out", "Growth", "Terms", "Day")


def test_one_screen_of_1280_by_720_with_text_of_18_px(screen: Screen) -> None:
    faults = []
    for where, names in (("groups", GROUPS), ("views", (*VIEWS, "Decisions"))):
        for name in names:
            screen.open(where, name)
            screen.page.wait_for_timeout(300)
            for what, found in (("small", SMALL), ("cut", CUT), ("off", OFF), ("over", OVER)):
                faults += [(name, what, words) for words in screen.page.evaluate(found)]
    assert faults == []


# what a key should reach: every control that can be seen and used; of a slider its handles
REACH = """() => { const all = '.cssm-board :is(input, select, button, .noUi-handle)';
  window.left = new Set([...document.querySelectorAll(all)]
    .filter(one => one.checkVisibility() && !one.disabled));
  const [first] = window.left, count = window.left.size;
  document.addEventListener('focusin', event => window.left.delete(event.target));
  first.blur(); first.focus();
  return count }"""


def test_at_a_zoom_of_200_per_cent_all_is_there_below_each_other(screen: Screen) -> None:
    screen.open("views", "Utilisation")
    screen.page.set_viewport_size({"width": 640, "height": 360})
    try:
        screen.page.wait_for_function(
            "document.querySelector('.cssm-stage').getBoundingClientRect().top"
            " >= document.querySelector('.cssm-knobs').getBoundingClientRect().bottom"
        )
        assert screen.page.evaluate(SMALL) == screen.page.evaluate(CUT) == []
        screen.at("load").scroll_into_view_if_needed()
        box = screen.at("load").bounding_box()
        assert box["y"] + box["height"] <= 360
    finally:
        screen.page.set_viewport_size({"width": 1280, "height": 720})


OTHER_VIEWS = {"Growth": "Compare", "Day": "Decisions"}


@pytest.mark.parametrize("group", GROUPS)
def test_tab_reaches_every_control(screen: Screen, group: str) -> None:
    screen.open("groups", group)
    screen.open("views", OTHER_VIEWS.get(group, "Utilisation"))
    screen.page.wait_for_timeout(300)
    for _ in range(screen.page.evaluate(REACH) + 5):
        screen.page.keyboard.press("Tab")
    assert screen.page.evaluate("[...window.left].map(one => one.outerHTML)") == []
