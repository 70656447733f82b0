"""The middle of the board: one view at a time, drawn when it is looked at, its charts clickable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import ipywidgets

from cssm_lib.pages import charts, compared
from cssm_lib.pages.charts.beside import (
    NOTHING_TO_DRAW,
    PICKED,
    bars,
    beside,
    enlarged,
    sentence,
)
from cssm_lib.pages.exports import nothing_here
from cssm_lib.widgets import fields
from cssm_lib.widgets.groups import accounts_of, licenses_of
from cssm_lib.widgets.session import ALL, Choice, Session
from cssm_lib.widgets.steps import alone

VIEWS = {
    "Utilisation": ("accounts", "licenses"),
    "True Forward": ("readings", "events"),
    "Drift": ("drift", "drift_accounts"),
    "Shadows": ("shadows", "shadow_accounts"),
    "Renewal": ("renewal", "renewal_money"),
}
MATTERS = "What matters"
SIDES = ("left", "right")
NO_ACTION = "No action so far: what each one adds to the bill or takes away will stand here."
NO_PRICE = "No action is priced: there is no agreement, or none of its lines has a price."


class Stage:
    """Views, the part that is looked at and two charts.

    `panes` are the views without charts, with what draws them when they are looked at.
    """

    def __init__(self, session: Session, redraw: Callable[[], None]) -> None:
        alt.JupyterChart.enable_offline(True)
        self._session, self._redraw = session, redraw
        self.panes: dict[str, tuple[Any, Callable[[], None] | None]] = {}
        self._accounts, licenses = accounts_of(session), licenses_of(session)
        self.account = fields.dropdown("Virtual Account", "account", self._accounts, self._chosen)
        self.license = fields.dropdown("Licence", "license", licenses, self._chosen)
        self.back = fields.button("Show all", "show-all", self._show_all)
        options = [*VIEWS, MATTERS, "Compare", "Decisions"]
        views = ipywidgets.ToggleButtons(options=options, description="View")
        self.views = fields.classed(views, "views")
        self.views.observe(alone(lambda _: self._switch()), names="value")
        self.charts = [self._place(side) for side in SIDES]
        self._shown: list[str] = ["", ""]
        self._bars = [False, False]  # which charts hold bars that hear a click
        self._pane = fields.column(name="pane")
        drawings = fields.row(*self.charts, name="charts")
        self._part = fields.row(self.account, self.license, self.back, name="part")
        self.box = fields.column(self.views, self._part, drawings, self._pane, name="stage")
        self._drawings = drawings

    def _place(self, side: str) -> Any:
        # nothing first: a chart that is replaced while it is drawn may end up above its successor
        empty = alt.JupyterChart(None, spec=None, embed_options=EMBED)
        return fields.classed(empty, f"chart-{side}")

    def _switch(self) -> None:
        """No chart of another view stands there while the new one is worked out."""
        for side in range(len(SIDES)):
            self._put(side, None)
        self.draw()

    def _put(self, side: int, chart: Any) -> None:
        self._bars[side] = False
        self.charts[side].chart = chart

    def draw(self) -> None:
        """Draw the view that is looked at, and nothing of the others."""
        view = self.views.value
        pane, drawn = self.panes.get(view, (None, None))
        self._pane.children = (pane,) if pane else ()
        if drawn:
            drawn()
        for part in (self._drawings, self._part):
            fields.shown(part, pane is None)
        self.back.disabled = self._session.choice == Choice()
        if view == MATTERS:
            self._draw_matters()
        for side, name in enumerate(VIEWS.get(view, ())):
            self._draw(side, name)

    def _draw(self, side: int, name: str) -> None:
        panel = compared.PANELS[name]
        rows = self._session.rows(panel)
        unit = panel.unit
        if unit == "money":
            unit = self._session.live.today.currency or "money units"
        self._shown[side] = name
        chart = self.charts[side]
        if rows.is_empty():
            unread = self._session.live.today[panel.table].is_empty()
            words = nothing_here(panel.table) if unread else NOTHING_TO_DRAW
            self._put(side, sentence(panel.title, words))
            return
        with chart.hold_sync():
            if not self._bars[side]:
                self._put(side, bars())
                self._bars[side] = True
                clicked = alone(lambda change: self._clicked(side, change["new"]))
                chart.selections.observe(clicked, [PICKED])
            chart.spec = beside(rows, title=panel.title, unit=unit)

    def _draw_matters(self) -> None:
        after = self._session.after
        money, effects = after["action_prices"], after["setting_effects"]
        idle = NO_PRICE if self._session.now.actions else NO_ACTION
        drawn = (
            charts.waterfall(money, idle=idle),
            charts.tornado(money, settings=effects, idle=idle),
        )
        for side, chart in enumerate(drawn):
            self._put(side, enlarged(chart))

    def _clicked(self, side: int, selection: Any) -> None:
        names = [one["name"] for one in selection.value or [] if "name" in one]
        picks = compared.PANELS[self._shown[side]].picks
        if not names or not picks:
            return
        chooser = self.account if picks == "account" else self.license
        found = dict(chooser.options).get(names[0])
        if found is not None:
            every = ALL if picks == "account" else "*"
            chooser.value = every if chooser.value == found else found

    def _chosen(self) -> None:
        choice = Choice(self.account.value or ALL, self.license.value or "*")
        if choice != self._session.choice:
            self._session.choice = choice
            self._redraw()

    def _show_all(self) -> None:
        self.account.value, self.license.value = ALL, "*"


EMBED = {"actions": False}
