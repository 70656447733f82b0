"""A chart of the data received: what became of the records of each file."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import and_more, heaviest
from cssm_lib.pages.charts.theme import PLOT_WIDTH, blank, heading, meanings, names_axis

FATES = {"used": "used", "rejected": "rejected", "repeated": "repeated elsewhere"}


def records_by_file(records: pl.DataFrame, *, top: int = 25) -> alt.Chart:
    """Records of each file: used, rejected, repeated; the files with rejects first."""
    title = "What became of the records"
    if records.is_empty():
        return blank(title, "records")
    sums = records.group_by("source").agg(pl.col(list(FATES)).sum())
    kept, order, rest = heaviest(sums, "source", ["rejected", "used", "repeated"], top)
    long = kept.rename(FATES).unpivot(index="source", variable_name="fate", value_name="records")
    colours = meanings("used", "short", "balanced", words=list(FATES.values()))
    note = "Every record is accounted for: used, rejected or repeated. Files with rejects first."
    others = and_more(rest, "files", {"used": "records used", "rejected": "rejected"})
    return (
        alt.Chart(long.filter(pl.col("records") > 0).sort("source", "fate"))
        .mark_bar(height=14)
        .encode(
            y=alt.Y("source:N", sort=order, axis=names_axis(280), title=None),
            x=alt.X("records:Q", title="Records", axis=alt.Axis(format=",~d")),
            color=alt.Color("fate:N", scale=colours, title=None),
            tooltip=[
                alt.Tooltip("source:N", title="File"),
                alt.Tooltip("fate:N", title="Fate"),
                alt.Tooltip("records:Q", title="Records", format=",d"),
            ],
        )
        .properties(width=PLOT_WIDTH - 30, height=alt.Step(22), title=heading(title, note, others))
    )
