"""Choosers for JupyterLab: account, licence and window; the same cells draw static in a batch.

Nothing is computed here: a choice narrows the page, and the chart of the narrowed table is drawn
into the place of the old one. The charts themselves are ordinary outputs, so a notebook that was
run live by papermill still shows them; only the choosers, which need a kernel, are dead there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from glob import escape
from typing import Any

import polars as pl

from cssm_lib.pages.sheet import Page

ALL = "all"
REACH = "The choosers narrow the charts; sentences and tables keep to the whole page."
# lines of agreements reach over accounts: page 02 has a licence and a window to choose
OF_LINES = "Licence and window narrow the ratchet; a bill is of whole lines and agreements."
NOT_CHOSEN = "There is data, but none of it for the accounts, licences and days that were chosen."
# what moves a chart: page 02 is of agreements, page 04 of one day; every other page has all three
CHOOSERS = {"02": ("license", "window"), "04": ("account", "license")}
WINDOWS = {"90 days": 90, "180 days": 180, "1 year": 365, "2 years": 730, "everything": 0}


@dataclass(frozen=True)
class View:
    """A page and the choosers that narrow it; without choosers the page as it is."""

    page: Page
    account: Any = None
    license: Any = None
    window: Any = None

    @property
    def choosers(self) -> list[Any]:
        """The choosers that are there."""
        return [one for one in (self.account, self.license, self.window) if one is not None]


def filters(page: Page, *, interactive: bool = True) -> View:
    """Choosers for the page where `interactive`, else none; shows them at once.

    Whether somebody sits in front of the notebook is said by the parameter alone, never guessed:
    the batch passes `interactive=False`, and so should whoever runs papermill by hand.
    """
    if not interactive:
        return View(page)
    import ipywidgets
    from IPython.display import display

    view = View(page, **_choosers(page, ipywidgets))
    reach = REACH if view.account else OF_LINES
    display(ipywidgets.VBox([ipywidgets.HBox(view.choosers), ipywidgets.Label(reach)]))
    return view


def _choosers(page: Page, ipywidgets: Any) -> dict[str, Any]:
    positions = page.table("positions")
    account = ipywidgets.Dropdown(
        options=[ALL, *_names(positions, "virtual_account")], description="Account"
    )
    license_ = ipywidgets.Combobox(
        options=_names(positions, "license"),
        placeholder="all, or part of a name",
        description="Licence",
        continuous_update=False,
    )
    window = ipywidgets.Dropdown(
        options=list(({"as given": page.window_days} | WINDOWS).items()), description="Window"
    )
    made = {"account": account, "license": license_, "window": window}
    return {name: made[name] for name in CHOOSERS.get(page.number, made)}


def _names(positions: pl.DataFrame, column: str) -> list[str]:
    return positions[column].drop_nulls().unique().sort().to_list()


def chosen(view: View) -> Page:
    """The page narrowed to what the choosers say."""
    page, said = view.page, {}
    if view.account and view.account.value != ALL:
        said["virtual_accounts"] = (escape(view.account.value),)
    if view.license and (name := view.license.value.strip()):
        said["licenses"] = (f"*{escape(name)}*",)
    if view.window:
        said["window_days"] = view.window.value
    return replace(page, **said)


def show(view: View, chart: Callable[..., Any], table: str, **options: Any) -> None:
    """Draw the chart of a table; live, draw it again in the same place after every choice."""
    from IPython.display import display

    from cssm_lib.pages.charts import blank

    def drawn() -> Any:
        frame = chosen(view).drawn(table)
        if frame.is_empty() and not view.page.answers[table].is_empty():
            return blank("Nothing for this choice", table, sentence=NOT_CHOSEN)
        return chart(frame, **options)

    if not view.choosers:
        display(drawn())
        return
    place = display(drawn(), display_id=True)
    for chooser in view.choosers:
        chooser.observe(lambda _: place.update(drawn()), names="value")
