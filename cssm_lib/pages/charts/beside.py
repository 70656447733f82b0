"""Today beside after: two bars a name, drawn for a screen that is read from across a table."""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter
from functools import cache
from typing import Any

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import heaviest
from cssm_lib.pages.charts.theme import PALETTE, heading
from cssm_lib.pages.labels import number_text

ON_SCREEN = 18  # no text of the board is smaller, in px
ROW, PICKED = 22, "picked"
LONG_LABELS, SCREEN_WIDTH, GROWN = 300, 76, 1.5
# two charts beside each other on a notebook that is 1280 px wide: what one may take, of it the bars
# with their numbers, the longest bars, the names at least, and around them; then a character
CHART, WIDTH, BARS, NAMES, AROUND = 372, 164, 60, 100, 18
DIGIT, LETTER = 11.5, 10
COLUMNS = ("name", "label", "when", "state", "value", "says")
PALE = "pale: today, full: after"
NOTHING_TO_DRAW = "Nothing to draw: no row of today or after says anything here."
# one format for all ticks would write 0.5k beside 0k
SHORT = "replace(format(datum.value, '~s'), 'G', 'bn')"
COLOURS = ("short", "over", "balanced")


def beside(rows: pl.DataFrame, *, title: str, unit: str, top: int = 8) -> dict[str, Any]:
    """A pale bar for today and a full one for after, name by name: `bars` with these rows.

    `rows`: name, when (today, after), state (short, over, balanced) and value; at least one. The
    chart is checked once and filled in for every move, so that a move costs no second check.
    """
    filled = rows.with_columns(pl.col("name").fill_null("not named"), size=pl.col("value").abs())
    drawn, order, rest = heaviest(filled, "name", ["size"], top)
    left = filled["name"].n_unique() - len(order)
    kept = drawn.filter(_says_something()).with_columns(
        number_text(pl.col("value").round(0).cast(pl.Int64)).alias("says")
    )
    width, domain = _scale(kept)
    names = max(NAMES, CHART - AROUND - width)
    labels = _labels(order, int(names // LETTER))
    kept = kept.with_columns(label=pl.col("name").replace_strict(labels, return_dtype=pl.String))
    spec = json.loads(_checked()) | {"width": width}
    spec["datasets"] = {spec["data"]["name"]: kept.select(COLUMNS).to_dicts()}
    spec["title"] = {
        "text": title,
        "subtitle": [f"{PALE}; and {left} more" if rest["names"] else PALE],
    }
    for layer in spec["layer"]:
        told = layer["encoding"]
        told["y"]["sort"] = [labels[name] for name in order]
        told["y"]["axis"]["labelLimit"] = names
        told["x"] |= {"title": unit, "scale": {"domain": domain, "nice": False}}
    return spec


@cache
def _checked() -> str:
    return json.dumps(bars().to_dict())


def _says_something() -> pl.Expr:
    """A zero stands once, where a name has nothing else on that side."""
    key = ["name", "when"]
    idle = (pl.col("value") == 0).all().over(key)
    first = pl.col("state") == pl.col("state").first().over(key)
    return (pl.col("value") != 0) | (idle & first)


def _labels(names: list[str], line: int) -> dict[str, str]:
    """Names broken into two lines at most; whole where two of them would read the same."""
    short = {name: _broken(name, line) for name in names}
    often = Counter(short.values())
    return {name: name if often[text] > 1 else text for name, text in short.items()}


def _broken(name: str, line: int) -> str:
    lines = textwrap.wrap(name, line) or [name]
    return "\n".join(lines if len(lines) < 3 else [lines[0], f"{lines[1][: line - 1]}…"])


def _scale(rows: pl.DataFrame) -> tuple[int, list[float]]:
    """How wide the bars are with their numbers, and from which value to which that reaches.

    Numbers stand beyond the ends of their bars, so each side has room for its longest one.
    """
    low, high = min(0.0, rows["value"].min()), max(0.0, rows["value"].max())
    short = pl.col("value") < 0
    left, right = rows.select(left=_room(short), right=_room(~short)).row(0)
    width = max(WIDTH, math.ceil(BARS + left + right))
    unit = (high - low or 1.0) / (width - left - right)
    return width, [low - left * unit, high + right * unit]


def _room(side: pl.Expr) -> pl.Expr:
    """How wide the longest number of a side is, with its gap; nothing where there is none."""
    longest = pl.col("says").filter(side).str.len_chars().max()
    return (longest * DIGIT + 8).fill_null(0.0)


def bars() -> alt.LayerChart:
    """The chart that `beside` fills in, without rows, with the selection `picked` of a name."""
    picked = alt.selection_point(name=PICKED, fields=["name"], toggle=False)
    axis = alt.Axis(
        ticks=False,
        domain=False,
        labelPadding=6,
        labelExpr="split(datum.label, '\\n')",
        labelLineHeight=ON_SCREEN + 1,
        # two lines stand above and below the middle of their bars
        labelBaseline={
            "condition": {"test": "indexof(datum.label, '\\n') > 0", "value": "bottom"},
            "value": "middle",
        },
    )
    rows = pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))
    base = alt.Chart(rows).encode(
        y=alt.Y("label:N", sort=[], axis=axis, title=None),
        yOffset=alt.YOffset("when:N", sort=["today", "after"]),
        x=alt.X("value:Q", axis=alt.Axis(labelExpr=SHORT, tickCount=3, labelBound=True)),
        tooltip=_tips(),
    )
    colour = alt.Scale(domain=list(COLOURS), range=[PALETTE[n] for n in ("short", "over", "ink")])
    faint = alt.Scale(domain=["today", "after"], range=[0.4, 1])
    drawn = base.mark_bar(cursor="pointer").encode(
        color=alt.Color("state:N", scale=colour, legend=None),
        opacity=alt.Opacity("when:N", scale=faint, legend=None),
    )
    text = base.mark_text(
        align=alt.expr("datum.value < 0 ? 'right' : 'left'"),
        dx=alt.expr("datum.value < 0 ? -4 : 4"),
        color=PALETTE["ink"],
    )
    layers = alt.layer(drawn.add_params(picked), text.encode(text="says:N"))
    return on_screen(layers.properties(width=WIDTH, height=alt.Step(ROW), title=heading("", PALE)))


def _tips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title="Name"),
        alt.Tooltip("when:N", title="When"),
        alt.Tooltip("state:N", title="State"),
        alt.Tooltip("value:Q", title="Value", format=",~f"),
    ]


def sentence(title: str, words: str) -> alt.Chart:
    """A sentence in the place of a chart."""
    says = pl.DataFrame({"says": ["\n".join(textwrap.wrap(words, 34))]})
    text = alt.Chart(says).mark_text(lineBreak="\n", align="left", color=PALETTE["quiet"])
    placed = text.encode(x=alt.value(4), y=alt.value(20), text="says:N")
    return on_screen(placed.properties(width=340, height=150, title=heading(title)))


def enlarged(chart: Any) -> Any:
    """A chart of a page for the screen: text and the room for it as large as the board's."""
    return alt.Chart.from_dict(_larger(on_screen(chart).to_dict()))


def _larger(part: Any) -> Any:
    if isinstance(part, list):
        return [_larger(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {key: _sized(key, value) for key, value in part.items()}


def _sized(key: str, value: Any) -> Any:
    if key.lower().endswith("fontsize"):
        return max(ON_SCREEN, value)
    if key == "labelLimit":
        return max(LONG_LABELS, value)
    if key in ("labelLineHeight", "step"):
        return round(value * GROWN)
    if key == "subtitle":
        words = value if isinstance(value, str) else " ".join(value)
        return textwrap.wrap(words, SCREEN_WIDTH)
    return value if key in ("datasets", "$schema") else _larger(value)


def on_screen(chart: Any) -> Any:
    """The chart with no text below the size that the board keeps to."""
    size = ON_SCREEN
    return (
        chart.configure_axis(labelFontSize=size, titleFontSize=size)
        .configure_legend(labelFontSize=size, titleFontSize=size)
        .configure_header(labelFontSize=size, titleFontSize=size)
        .configure_title(fontSize=size, subtitleFontSize=size)
        .configure_text(fontSize=size)
    )
