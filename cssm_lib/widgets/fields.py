"""The controls of the board: each with a label that is read aloud and a class that tests know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets

from cssm_lib.pages.labels import safe
from cssm_lib.widgets.steps import alone, once_told

Act = Callable[[], None]
EVERY = "all"


def classed(widget: Any, name: str) -> Any:
    """The widget with the class `cssm-<name>`."""
    widget.add_class(f"cssm-{name}")
    return widget


def button(words: str, name: str, act: Act) -> Any:
    """A button that says what it does."""
    made = classed(ipywidgets.Button(description=words, tooltip=words), name)
    made.on_click(alone(lambda _: act()))
    return made


def entry(words: str, name: str, act: Act) -> Any:
    """A button that takes what the fields beside it say."""
    return button(words, name, lambda: once_told(alone(act)))


def dropdown(words: str, name: str, options: Iterable[Any], act: Act | None = None) -> Any:
    """A list to choose one of; options are texts or (text, value)."""
    return _watched(ipywidgets.Dropdown(options=list(options), description=words), name, act)


def listing(words: str, name: str, rows: int) -> Any:
    """A list that shows several lines at once."""
    return classed(ipywidgets.Select(description=words, rows=rows, options=[]), name)


def text(words: str, name: str, act: Act | None = None, *, hint: str = "") -> Any:
    """A field for text, told when it is left or Enter is pressed."""
    made = ipywidgets.Text(description=words, placeholder=hint, continuous_update=False)
    return _watched(made, name, act)


def day(words: str, name: str, act: Act | None = None) -> Any:
    """A field for a day; `dated` shows it."""
    return _watched(ipywidgets.DatePicker(description=words), name, act)


def dated(field: Any) -> Any:
    """A field for a day, and below it how the day was understood.

    A browser writes the day in its own order, 10/31/2026 or 31/10/2026. The field itself is left
    alone: a change of its label would take away a year that is half typed.
    """
    told = html("understood")

    def show() -> None:
        told.value = f"understood as {field.value}" if field.value else ""

    field.observe(alone(lambda _: show()), names="value")
    return column(field, told)


def slider(words: str, name: str, act: Act, **span: Any) -> Any:
    """A slider for whole numbers; every step of it counts."""
    return _watched(ipywidgets.IntSlider(description=words, **span), name, act)


def span_slider(words: str, name: str, act: Act, **span: Any) -> Any:
    """A slider with a low and a high handle, in per cent."""
    made = ipywidgets.FloatRangeSlider(
        description=words, readout_format=".1f", step=0.5, continuous_update=False, **span
    )
    return _watched(made, name, act)


def _watched(widget: Any, name: str, act: Act | None) -> Any:
    if act is not None:
        widget.observe(alone(lambda _: act()), names="value")
    return classed(widget, name)


def html(name: str, words: str = "") -> Any:
    """A place for HTML of the project's own making."""
    return classed(ipywidgets.HTML(words), name)


def said_beside(place: Any, words: str) -> None:
    """Say what is wrong beside a field, or nothing any more."""
    place.value = f'<div role="alert">{safe(words)}</div>' if words else ""


def choose(widget: Any, value: Any, words: str = "") -> None:
    """Set a list to a value; one that it does not offer is offered from then on."""
    if value not in _values(widget.options):
        widget.options = [*widget.options, (words or str(value), value)]
    widget.value = value


def offer(widget: Any, options: Iterable[Any]) -> None:
    """Other options for a list; the choice stays where it is still offered, else the first is."""
    options, value = list(options), widget.value
    if list(widget.options) != options:
        widget.options = options
        offered = _values(options)
        widget.value = value if value in offered else offered[0]


def _values(options: Iterable[Any]) -> list[Any]:
    return [one[1] if isinstance(one, tuple) else one for one in options]


def column(*children: Any, name: str = "") -> Any:
    """Fields below each other."""
    made = ipywidgets.VBox(children)
    return classed(made, name) if name else made


def row(*children: Any, name: str = "") -> Any:
    """Fields beside each other, broken where the screen is narrow."""
    layout = ipywidgets.Layout(flex_flow="row wrap", align_items="flex-end", overflow="visible")
    made = ipywidgets.HBox(children, layout=layout)
    return classed(made, name) if name else made


def shown(widget: Any, yes: bool) -> None:
    """Show a part of the board or take it off the screen and out of the order of keys."""
    widget.layout.display = None if yes else "none"
