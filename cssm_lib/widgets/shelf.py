"""Below the board: steps back and on, what is saved, loaded and compared, the command of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from cssm_lib.errors import CssmError
from cssm_lib.pages.labels import safe
from cssm_lib.widgets import fields
from cssm_lib.widgets.session import Session
from cssm_lib.widgets.steps import alone

NOT_SAVED = "Not saved yet; once saved, this prints it: "
SEVERAL = "Saved scenarios; several: Shift and an arrow"
NOTHING_SAVED = ("nothing saved yet", "")


class Shelf:
    """The bar below and the view that compares; `after` does something and shows what it led to."""

    def __init__(self, session: Session, after: Callable[[Callable[[], None]], None]) -> None:
        self._session, self._after = session, after
        self.undo = fields.button("Undo", "undo", lambda: after(session.undo))
        self.redo = fields.button("Redo", "redo", lambda: after(session.redo))
        self.reset = fields.button("Reset", "reset", lambda: after(session.reset))
        self.name, self._named = fields.text("Name", "name"), ""
        self.save = fields.entry("Save", "save", self._save)
        self.saved = fields.dropdown("Saved", "saved", [NOTHING_SAVED])
        self.load = fields.button("Load", "load", self._load)
        self.message, self.command = fields.html("message-file"), fields.html("command")
        buttons = [self.undo, self.redo, self.reset, self.name, self.save, self.saved, self.load]
        self.bar = fields.column(fields.row(*buttons), self.message, self.command, name="bar")
        several = ipywidgets.SelectMultiple(description=SEVERAL, rows=3)
        self.several = fields.classed(several, "compare-saved")
        self.several.observe(alone(lambda _: self.draw()), names="value")
        self.table, self.fault = fields.html("comparison"), fields.html("message-compare")
        self.compare = fields.column(self.several, self.fault, self.table, name="compare")

    def fill(self) -> None:
        """Show the name, the files that are there, and whether there is a step back or on."""
        session, history = self._session, self._session.history
        self.undo.disabled, self.redo.disabled = not history.past, not history.ahead
        if session.now.name != self._named:  # what is being typed is not lost to a slider
            self.name.value = self._named = session.now.name
        stems = session.saved()
        fields.offer(self.saved, stems or [NOTHING_SAVED])
        if list(self.several.options) != stems:
            kept = [stem for stem in self.several.value if stem in stems]
            self.several.options = stems
            self.several.value = kept
        told = "" if session.is_saved() else NOT_SAVED
        self.command.value = f"<p>{told}<code>{safe(session.command())}</code></p>"

    def draw(self) -> None:
        """Draw the comparison."""
        try:
            self.table.value = self._session.comparison(self.several.value)
            fields.said_beside(self.fault, "")
        except CssmError as fault:
            fields.said_beside(self.fault, str(fault))

    def _save(self) -> None:
        self._tried(lambda: self._session.save(self.name.value))

    def _load(self) -> None:
        stem = self.saved.value
        if stem:
            self._tried(lambda: self._session.load(stem))

    def _tried(self, act: Callable[[], Any]) -> None:
        try:
            self._after(act)
        except CssmError as fault:
            fields.said_beside(self.message, str(fault))
        else:
            fields.said_beside(self.message, "")
