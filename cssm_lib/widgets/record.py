"""The decision log: what was decided, by whom, what stays open, and about which action."""

from __future__ import annotations

from typing import Any

from cssm_lib.scenario import Decision, Scenario, draft
from cssm_lib.widgets import fields
from cssm_lib.widgets.groups import Group
from cssm_lib.widgets.session import Session

NONE = ("nothing decided yet", -1)
WHOLE = ("the scenario as a whole", "")


class Record:
    """Fields of a decision and the list of those that stand; the pack prints them."""

    def __init__(self, session: Session, turn: Any) -> None:
        self._session, self._turn = session, turn
        self.decided = fields.text("What was decided", "decided")
        self.by = fields.text("By whom", "decided-by")
        self.on = fields.day("On", "decided-on")
        self.open = fields.text("What stays open", "decided-open")
        self.about = fields.dropdown("About", "decided-about", [WHOLE])
        self.add = fields.entry("Note decision", "decide", self._add)
        self.message = fields.html("message-decision")
        self.list = fields.listing("Decisions", "decisions", 3)
        self.strike = fields.button("Strike out decision", "unsay", self._strike)
        about = [self.open, self.about, self.add, self.message]
        parts = [self.decided, self.by, fields.dated(self.on), *about]
        self.box = fields.column(*parts, self.list, self.strike, name="record")
        self.group = Group("Decisions", self.box, self.message, self.fill)
        self._before: int | None = None

    def fill(self, scenario: Scenario) -> None:
        """List the decisions of the scenario and the actions that one may be about."""
        fields.offer(self.about, [WHOLE, *((one.name, one.name) for one in scenario.actions)])
        said = [(words(one), n) for n, one in enumerate(scenario.decisions)]
        fields.offer(self.list, said or [NONE])
        self.strike.disabled = not said
        if self._before is not None and len(said) > self._before:
            self._before, self.decided.value, self.open.value = None, "", ""

    def _add(self) -> None:
        said = {
            "decided": self.decided.value,
            "by": self.by.value,
            "on": self.on.value,
            "open": self.open.value.strip() or None,
            "action": self.about.value or None,
        }
        known = {key: value for key, value in said.items() if value is not None}
        self._before = len(self._session.now.decisions)
        self._turn("Decisions", lambda now: draft.noted(now, known))

    def _strike(self) -> None:
        place = self.list.value
        if place is not None and place >= 0:
            self._turn("Decisions", lambda now: draft.struck(now, place))


def words(decision: Decision) -> str:
    """A decision in one line.

    >>> words(Decision(decided="Drop the spares", by="Ada", open="the date"))
    'Drop the spares (Ada); open: the date'
    """
    about = f" – {decision.action}" if decision.action else ""
    day = f", {decision.on}" if decision.on else ""
    rest = f"; open: {decision.open}" if decision.open else ""
    return f"{decision.decided} ({decision.by}{day}){about}{rest}"
