"""The board of a workshop: knobs, today beside after, charts that answer a click, what was decided.

What a browser test may rely on: the board has the class `cssm-board`; every control its label
(`description`) and a class of its own, `cssm-` and then

- groups of knobs: `groups` (Retire, Moves, Tiers, Leave out, Growth, Terms, Day); messages beside
  them: `message-retire`, `message-moves` …, an element with role=alert while something is wrong;
- Retire: `retire-days`, `retire-account`, `retire-host`; Moves: `proposal` (one a proposal),
  `move-license`, `move-from`, `move-to`, `move-units`, `move-add`; Tiers: `tier-from`, `tier-to`,
  `tier-account`, `tier-add`; Leave out: `leave-account`, `leave-license`, `leave-from`,
  `leave-to`, `leave-add`; Growth: `growth-license`, `growth-percent`; Terms: `terms-agreement`,
  `terms-reading`, `terms-discount`, `terms-uplift`, `terms-end`, `price-line`, `price`,
  `terms-line-discount`; Day: `day`;
- actions of the scenario: `actions`, `strike`, `message-actions`;
- tiles: `tiles-row` with `td[data-fact][data-when]` (today, after, change), `aria-busy` while they
  are worked out;
- what is looked at: `account`, `license`, `show-all`, `views` (Utilisation, True Forward, Drift,
  Shadows, Renewal, What matters, Compare, Decisions), `chart-left`, `chart-right`;
- below: `undo`, `redo`, `reset`, `name`, `save`, `saved`, `load`, `message-file`, `command`;
- Compare: `compare-saved`, `comparison`; Decisions: `decided`, `decided-by`, `decided-on`,
  `decided-open`, `decided-about`, `decide`, `decisions`, `unsay`, `message-decision`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets

from cssm_lib.errors import CssmError
from cssm_lib.pages import compared
from cssm_lib.pages.labels import safe
from cssm_lib.scenario import Scenario, draft
from cssm_lib.widgets import fields
from cssm_lib.widgets.groups import Group, groups
from cssm_lib.widgets.record import Record
from cssm_lib.widgets.session import Choice
from cssm_lib.widgets.shelf import Shelf
from cssm_lib.widgets.stage import Stage
from cssm_lib.widgets.steps import Steps
from cssm_lib.widgets.style import STYLE

PLACE = re.compile(r"^scenario: actions\[\d+\]\.?:? ?", re.M)
NO_ACTION = "none yet"
NARROWED = (
    "Narrowed, but for shelf (whole Smart Accounts), True Forward and renewal (whole agreements)."
)


class Board:
    """One screen over a session; whatever is moved is a step of the session's history."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self._steps, self._filling, self._new = Steps(), False, False
        self._wrong: set[str] = set()
        self._pending: tuple[str, Scenario] | None = None
        self.groups: list[Group] = groups(session, self.turn)
        self.stage = Stage(session, self.draw)
        self.shelf = Shelf(session, self.drawn_after)
        self.record = Record(session, self.turn)
        self._filled = [*self.groups, self.record.group]
        self.stage.panes = {
            "Compare": (self.shelf.compare, self.shelf.draw),
            "Decisions": (self.record.box, None),
        }
        self._lead = f"{session.live.today.currency or 'money'}, units"
        self.tiles = [self._tiles(number) for number in range(len(compared.TILES))]
        self._shown: list[Any] = [None] * len(self.tiles)
        self.doubts, self._doubts = fields.html("doubts"), [""] * len(self.tiles)
        self.box = self._laid_out()
        self.fill()
        # what every scenario starts from is ready before the first move, where there is time
        self._steps.begin([*self._drawing(), session.live.prepare])

    def turn(self, group: str, change: Callable[[Scenario], Any]) -> None:
        """A control was moved: what it changes waits for its turn, together with its likes.

        Without a group the scenario stays as it is: what waits is taken over, and what `change`
        sets on the screen is no move.
        """
        if self._filling:
            return
        if self._pending and self._pending[0] != group:
            self._take_over()
        if not group:
            self._quietly(lambda: change(self.session.now))
            return
        try:
            self._pending = group, change(self._pending[1] if self._pending else self.session.now)
        except CssmError as fault:
            self.say(group, str(fault))
        self._steps.begin([self._take_over, self._show])

    def _take_over(self) -> None:
        """Put what waits on the screen; a fault is said beside its knob and changes nothing."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        try:
            self.session.adopt(pending[1])
        except CssmError as fault:
            self.say(pending[0], str(fault))
            return
        self._wrong.discard(pending[0])
        self._new = True

    def _show(self) -> None:
        if self._new:
            self._new = False
            self.fill()
            self.draw()

    def drawn_after(self, act: Callable[[], None]) -> None:
        """Do something to the session as a whole and show what it is then."""
        self._take_over()
        act()
        self._wrong.clear()
        self._new = False
        self.fill()
        self.draw()

    def say(self, group: str, words: str) -> None:
        """Say beside a group of knobs what is wrong; what was typed there stays."""
        self._wrong.add(group)
        for one in self._filled:
            if one.name == group:
                fields.said_beside(one.message, PLACE.sub("", words))

    def draw(self) -> None:
        """Draw the tiles and the view that is looked at, the quick ones first."""
        self._steps.begin(self._drawing())

    def _drawing(self) -> list[Callable[[], Any]]:
        slow = range(1, len(self.tiles))
        rest = [partial(self._draw_tiles, number) for number in slow]
        waits = [partial(self._wait, number) for number in slow]
        first = partial(self._draw_tiles, 0)
        return [first, *waits, rest[0], self.stage.draw, *rest[1:]]

    def _tiles(self, number: int) -> Any:
        """The place of some tiles, wide by their number."""
        made = fields.html("tiles")
        wide = len(compared.TILES[number]) + (0 if number else 0.7)
        made.layout = ipywidgets.Layout(flex=f"{wide} 1 0", min_width="min-content")
        return made

    def _wait(self, number: int) -> None:
        """No figure of another scenario stands there while the new one is worked out."""
        if self._shown[number] is not self.session.after:
            self.tiles[number].value = compared.tiles(compared.TILES[number])

    def _draw_tiles(self, number: int) -> None:
        names, pairs = compared.TILES[number], self.session.pairs(number)
        self.tiles[number].value = compared.tiles(names, pairs, lead="" if number else self._lead)
        self._shown[number] = self.session.after
        self._doubts[number] = compared.doubts(pairs)
        choice = "" if self.session.choice == Choice() else NARROWED
        idle = [f"Nothing fits “{name}”: it changes nothing." for name in self.session.idle()]
        words = " ".join(filter(None, [*idle, choice, *self._doubts]))
        self.doubts.value = f"<p>{safe(words)}</p>" if words else ""

    def fill(self) -> None:
        """Set every control to what the scenario on the screen says, but for what is wrong."""
        self._quietly(self._fill)

    def _fill(self) -> None:
        now = self.session.now
        for one in self._filled:
            if one.name not in self._wrong:
                one.fill(now)
                fields.said_beside(one.message, "")
        self._list_actions(now)
        self.shelf.fill()

    def _quietly(self, act: Callable[[], Any]) -> None:
        """What is set meanwhile was moved by nobody."""
        was, self._filling = self._filling, True
        try:
            act()
        finally:
            self._filling = was

    def _list_actions(self, now: Scenario) -> None:
        names = [one.name for one in now.actions]
        fields.offer(self.actions, names or [(NO_ACTION, "")])
        self.actions.description = f"Actions so far: {len(names)}"
        self.strike.disabled = not names
        rules = "; ".join(f"{key} = {value}" for key, value in now.rules.items())
        fields.said_beside(self.kept, "")
        self.rules.value = f"<p>Rules changed: {safe(rules)}</p>" if rules else ""

    def _strike(self) -> None:
        name = self.actions.value
        if not name:
            return
        try:
            self.drawn_after(lambda: self.session.adopt(draft.without(self.session.now, name)))
        except CssmError as fault:  # a later action may need this one
            fields.said_beside(self.kept, PLACE.sub("", str(fault)))

    def _laid_out(self) -> Any:
        names = [one.name for one in self.groups]
        which = ipywidgets.ToggleButtons(options=names, description="Assumptions")
        self.which = fields.classed(which, "groups")
        self.actions = fields.dropdown("Actions so far", "actions", [])
        self.strike = fields.button("Strike out", "strike", self._strike)
        self.rules, self.kept = fields.html("rules"), fields.html("message-actions")
        self.which.observe(lambda _: self._show_group(), names="value")
        self._show_group()
        turned = fields.column(*(one.box for one in self.groups), self.rules, name="turned")
        chosen = fields.row(self.actions, self.strike, name="chosen")
        knobs = fields.column(self.which, turned, self.kept, chosen, name="knobs")
        middle = fields.classed(ipywidgets.HBox([knobs, self.stage.box]), "middle")
        tiles = fields.classed(ipywidgets.HBox(self.tiles), "tiles-row")
        parts = [ipywidgets.HTML(STYLE), tiles, self.doubts, middle, self.shelf.bar]
        return fields.column(*parts, name="board")

    def _show_group(self) -> None:
        for one in self.groups:
            fields.shown(one.box, one.name == self.which.value)
