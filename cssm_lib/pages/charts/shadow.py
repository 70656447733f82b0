"""Charts of page 04: states, shadows by account and age, money by state."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import and_more, heaviest, with_account
from cssm_lib.pages.charts.theme import (
    PALETTE,
    PLOT_WIDTH,
    blank,
    heading,
    meanings,
    names_axis,
)
from cssm_lib.pages.labels import number_text

MATCHED, FINDING, RECORD = "matched instance", "instance with a finding", "record alone"
AGES = ["over a year", "up to a year", "there from the first export"]


def match_states(matches: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """How many instances and records stand in each state."""
    title = "From instances to states"
    if matches.is_empty():
        return blank(title, "matches")
    kind = (
        pl.when(pl.col("about") == "record")
        .then(pl.lit(RECORD))
        .when(pl.col("state") == "matched")
        .then(pl.lit(MATCHED))
        .otherwise(pl.lit(FINDING))
    )
    bars = matches.group_by("state", kind.alias("kind")).agg(
        rows=pl.len(), units=pl.col("units").sum()
    )
    bars = bars.with_columns(says=number_text(pl.col("rows"))).sort("state", "kind")
    order = bars.sort("rows", "state", descending=[True, False])["state"].unique(
        maintain_order=True
    )
    note = "Product instances at as_of, and own records that stand for none; members of a stack"
    note += " and second records of a device count as records."
    return _bars(bars, order.to_list()).properties(title=heading(title, note))


def _bars(bars: pl.DataFrame, order: list[str]) -> alt.LayerChart:
    row = alt.Y("state:N", sort=order, axis=names_axis(), title=None)
    base = alt.Chart(bars).encode(
        y=row,
        yOffset=alt.YOffset("kind:N", sort=[MATCHED, FINDING, RECORD]),
        x=alt.X("rows:Q", title="Instances or records", axis=alt.Axis(format=",~d")),
        tooltip=[
            alt.Tooltip("state:N", title="State"),
            alt.Tooltip("kind:N", title="What"),
            alt.Tooltip("rows:Q", title="How many", format=",d"),
            alt.Tooltip("units:Q", title="Units", format=",d"),
        ],
    )
    colour = alt.Color(
        "kind:N",
        scale=meanings("used", "short", "balanced", words=[MATCHED, FINDING, RECORD]),
        title=None,
    )
    number = base.mark_text(align="left", dx=4).encode(
        text="says:N", color=alt.value(PALETTE["ink"])
    )
    return alt.layer(base.mark_bar().encode(color=colour), number).properties(
        width=PLOT_WIDTH, height=alt.Step(14)
    )


def shadows_by_account(
    instance_spans: pl.DataFrame, *, top: int = 20
) -> alt.Chart | alt.LayerChart:
    """Shadows of each Virtual Account by how long they have been there."""
    title = "Shadows by Virtual Account and age"
    if instance_spans.is_empty():
        return blank(title, "instance_spans")
    shadows = with_account(instance_spans.filter(pl.col("state") == "shadow"))
    if shadows.is_empty():
        return blank(
            title, "instance_spans", sentence="No product instance is unknown to all records."
        )
    days = (pl.col("last_day") - pl.col("first_day")).dt.total_days()
    age = (
        pl.when(pl.col("appeared_after").is_null())
        .then(pl.lit(AGES[2]))
        .when(days > 365)
        .then(pl.lit(AGES[0]))
        .otherwise(pl.lit(AGES[1]))
    )
    sums = shadows.group_by("account", age.alias("age")).agg(
        shadows=pl.len(), units=pl.col("units_last").sum()
    )
    drawn, order, rest = heaviest(sums, "account", ["shadows"], top)
    note = "Instances that no own record knows, by the first export that shows them."
    others = and_more(rest, "accounts", {"shadows": "shadows"})
    return (
        alt.Chart(drawn.sort("account", "age"))
        .mark_bar(height=16)
        .encode(
            y=alt.Y("account:N", sort=order, axis=names_axis(), title=None),
            x=alt.X("shadows:Q", title="Shadows, product instances", axis=alt.Axis(format=",~d")),
            color=alt.Color(
                "age:N", scale=meanings("peak", "short", "balanced", words=AGES), title=None
            ),
            tooltip=[
                alt.Tooltip("account:N", title="Virtual Account"),
                alt.Tooltip("age:N", title="There"),
                alt.Tooltip("shadows:Q", title="Shadows", format=",d"),
                alt.Tooltip("units:Q", title="Units", format=",d"),
            ],
        )
        .properties(width=PLOT_WIDTH, height=alt.Step(26), title=heading(title, note, others))
    )


def money_by_state(match_classes: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """What the units of each finding cost until the agreement's end."""
    title = "Money by state, until the agreement's end"
    if match_classes.is_empty():
        return blank(title, "match_classes")
    priced = match_classes.filter(pl.col("money").is_not_null(), pl.col("state") != "matched")
    if priced.is_empty():
        says = "No finding consumes a licence that an agreement in client.toml prices: units only."
        return blank(title, "match_classes", sentence=says)
    bars = priced.sort("money", "state", descending=[True, False]).select(
        "state", "units", pl.col("money").cast(pl.Float64), says=number_text(pl.col("money"))
    )
    base = alt.Chart(bars).encode(
        y=alt.Y("state:N", sort=bars["state"].to_list(), axis=names_axis(), title=None),
        x=alt.X("money:Q", title="Money", axis=alt.Axis(format=",~f")),
        tooltip=[
            alt.Tooltip("state:N", title="State"),
            alt.Tooltip("says:N", title="Money"),
            alt.Tooltip("units:Q", title="Units", format=",d"),
        ],
    )
    number = base.mark_text(align="left", dx=4).encode(text="says:N")
    note = "Units at the agreement's price, as far as it has one; matched instances are left out."
    return alt.layer(base.mark_bar(height=16, color=PALETTE["short"]), number).properties(
        width=PLOT_WIDTH, height=alt.Step(26), title=heading(title, note)
    )
