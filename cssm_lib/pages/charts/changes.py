"""The chart of what changed since the last pack: each figure's difference by its causes."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.theme import PLOT_WIDTH, SIGNED, blank, heading, names_axis

# told apart with every common colour blindness; grey is what only the data explains
COLOURS = {
    "bought": "#0072B2",
    "expired": "#D55E00",
    "transferred": "#56B4E9",
    "deployed": "#E69F00",
    "removed": "#009E73",
    "cleaned": "#CC79A7",
    "data": "#8C979F",
}


# the pages whose figures in units are owned, needed, short or over
POSITION = ("00", "01")


def changes_by_cause(changes: pl.DataFrame, *, known: bool = False) -> alt.Chart:
    """Of each headline figure of the position in units, what every cause added or took away.

    `known`: a previous pack was compared, so that no row means no change.
    """
    title = "What changed in the position since the last pack, by cause"
    # counts of reports and devices have other sizes, and stand in the table
    rows = changes.filter(pl.col("unit") == "units", pl.col("page").is_in(POSITION))
    if rows.is_empty():
        same = "No headline figure of the position in units changed since the last pack."
        return blank(title, "changes", sentence=same if known or changes.height else "")
    parts = rows.group_by("label", "cause", maintain_order=True).agg(
        pl.col("change").sum().cast(pl.Float64).alias("units"),
        pl.col("before").first().cast(pl.Float64),
        pl.col("after").first().cast(pl.Float64),
    )
    order = rows["label"].unique(maintain_order=True).to_list()
    used = [cause for cause in COLOURS if cause in parts["cause"].to_list()]
    scale = alt.Scale(domain=used, range=[COLOURS[cause] for cause in used])
    note = "Parts to the left and right of a figure add up to its whole difference."
    return (
        alt.Chart(parts)
        .mark_bar(height=16)
        .encode(
            y=alt.Y("label:N", sort=order, axis=names_axis(), title=None),
            x=alt.X("units:Q", title="Licences", axis=alt.Axis(labelExpr=SIGNED), stack="zero"),
            color=alt.Color("cause:N", scale=scale, title=None),
            tooltip=[
                alt.Tooltip("label:N", title="Figure"),
                alt.Tooltip("cause:N", title="Cause"),
                alt.Tooltip("units:Q", title="Units", format="+,d"),
                alt.Tooltip("before:Q", title="Before", format=",d"),
                alt.Tooltip("after:Q", title="After", format=",d"),
            ],
        )
        .properties(width=PLOT_WIDTH, height=alt.Step(28), title=heading(title, note))
    )
