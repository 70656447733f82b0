"""One look for every chart: palette, theme, renderer, titles, and what stands where no data is."""

from __future__ import annotations

import textwrap
from typing import Any

import altair as alt
import polars as pl

from cssm_lib.pages.exports import nothing_here

# Okabe and Ito's colours, told apart with every common colour blindness; each has one meaning
PALETTE = {
    "short": "#D55E00",
    "over": "#0072B2",
    "balanced": "#8C979F",
    "entitled": "#1F2933",
    "demand": "#0072B2",
    "reserved": "#CC79A7",
    "peak": "#E69F00",
    "partial": "#6B7780",
    "gap": "#F0C3A0",
    "used": "#009E73",
    "shelf": "#56B4E9",
    "stock": "#D3DADF",
    "ink": "#1F2933",
    "quiet": "#52606D",
}
DIVERGING = ["#D55E00", "#F3C5A5", "#F7F7F7", "#A6CBE3", "#0072B2"]
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"
MIME = "application/vnd.vegalite.v5+json"
# the page prints on A4: labels and drawing together stay under 720 px
PLOT_WIDTH = 430
WIDE = 620
MAX_ROWS = 5000


def _theme() -> alt.theme.ThemeConfig:
    axis = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelColor": PALETTE["quiet"],
        "titleColor": PALETTE["quiet"],
        "titleFontWeight": "normal",
        "gridColor": "#E4E7EB",
        "domainColor": "#9AA5B1",
        "tickColor": "#9AA5B1",
    }
    legend = {"labelFont": FONT, "titleFont": FONT, "titleFontWeight": "normal", "labelLimit": 400}
    title = {
        "font": FONT,
        "subtitleFont": FONT,
        "anchor": "start",
        "frame": "bounds",
        "fontSize": 15,
        "subtitleFontSize": 12,
        "color": PALETTE["ink"],
        "subtitleColor": PALETTE["quiet"],
        "subtitlePadding": 5,
        "offset": 12,
    }
    return {
        "config": {
            "font": FONT,
            "background": "white",
            "axis": axis,
            "axisQuantitative": {"tickCount": 6},
            "legend": legend | {"orient": "top", "titleLimit": 600},
            "title": title,
            "header": {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 12},
            "view": {"stroke": None, "continuousWidth": WIDE, "continuousHeight": 240},
        }
    }


def register_renderer() -> None:
    """Use the theme and emit charts as a mime type that JupyterLab draws offline and untrusted.

    Altair's own names for Vega-Lite 6 are not known to JupyterLab 4 and refused by nbformat.
    """
    alt.theme.register("cssm", enable=True)(_theme)
    alt.renderers.register("cssm", _as_vegalite)
    alt.renderers.enable("cssm")


def _as_vegalite(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    return {MIME: spec, "text/plain": "<chart>"}


def heading(text: str, *lines: str) -> alt.TitleParams:
    """A chart's title with its subtitle, broken so that it fits A4."""
    broken = [part for line in lines if line for part in textwrap.wrap(line, 96)]
    return alt.TitleParams(text, subtitle=broken) if broken else alt.TitleParams(text)


def blank(text: str, table: str, *, sentence: str = "") -> alt.Chart:
    """A chart-sized sentence that names the export which would fill the chart."""
    says = "\n".join(textwrap.wrap(sentence or nothing_here(table), 84))
    return (
        alt.Chart(pl.DataFrame({"says": [says]}))
        .mark_text(lineBreak="\n", align="left", fontSize=13, color=PALETTE["quiet"])
        .encode(x=alt.value(16), y=alt.value(36), text="says:N")
        .properties(width=WIDE, height=96, title=heading(text))
    )


def meanings(*names: str, words: list[str] | None = None) -> alt.Scale:
    """The colours of some meanings, in order; `words` are what the data calls them."""
    return alt.Scale(domain=list(words or names), range=[PALETTE[name] for name in names])


def money_of(frame: pl.DataFrame, words: str) -> str:
    """What an axis of money is called: the words and the currency of the frame, where it has one.

    >>> money_of(pl.DataFrame({"currency": [None, "EUR"]}), "Net money")
    'Net money, EUR'
    """
    currency = frame["currency"].drop_nulls().first()
    return f"{words}, {currency}" if currency else words


SHARE = "datum.value === 0 ? '0%' : format(datum.value, '+.0%')"
SIGNED = "datum.value === 0 ? '0' : format(datum.value, '+,~f')"


def names_axis(limit: int = 260) -> alt.Axis:
    """An axis of names: no title of its own, no ticks, long names cut with an ellipsis."""
    return alt.Axis(labelLimit=limit, ticks=False, domain=False, labelPadding=6)
