"""Charts of growth and what is ahead: its parts, the outlook, what waiting costs."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import ranked
from cssm_lib.pages.charts.theme import (
    PALETTE,
    PLOT_WIDTH,
    blank,
    heading,
    meanings,
    money_of,
    names_axis,
)

PARTS = {
    "baseline": "baseline", "project": "project, excluded", "seasonal": "season",
    "one_off": "one-off day", "error": "stale or counted twice",
}  # fmt: skip
PART_COLOURS = meanings("over", "used", "peak", "reserved", "short", words=list(PARTS.values()))


def growth_split(growth_years: pl.DataFrame, *, top: int = 8) -> alt.Chart | alt.LayerChart:
    """Growth of each line from milestone to milestone, in its five parts."""
    title = "Growth from milestone to milestone, by its parts"
    known = growth_years.filter(pl.col("total").is_not_null())
    if known.is_empty():
        undated = "Growth is not known: no line was counted at two milestones."
        return blank(title, "growth_years", sentence="" if growth_years.is_empty() else undated)
    order = ranked(known, "sku", ["total"])[:top]
    named = known.filter(pl.col("sku").is_in(order)).with_columns(
        year=pl.format("{} to {}", pl.col("from_day").dt.to_string("%Y-%m"),
                       pl.col("to_day").dt.to_string("%Y-%m"))
    )  # fmt: skip
    long = named.select("sku", "year", *(pl.col(n).alias(w) for n, w in PARTS.items())).unpivot(
        index=["sku", "year"], variable_name="part", value_name="units"
    )
    drawn = long.filter(pl.col("units").fill_null(0) != 0).sort("sku", "year", "part")
    if drawn.is_empty():
        return blank(title, "growth_years", sentence="No line grew or shrank.")
    note = "Units; what lies left of zero is less than the year before."
    rest = known["sku"].n_unique() - len(order)
    more = f"The largest are drawn; {rest:,} more lines in the table." if rest > 0 else ""
    ranks = drawn.with_columns(pl.col("part").rank("dense").alias("rank"))
    return _stacked(ranks, order).properties(title=heading(title, note, more))


def _stacked(drawn: pl.DataFrame, order: list[str]) -> alt.FacetChart:
    header = alt.Header(title=None, labelAngle=0, labelAlign="left", labelLimit=150,
                        labelFontWeight="bold")  # fmt: skip
    chart = alt.Chart(drawn).mark_bar(height=13).encode(
        x=alt.X("units:Q", title="Growth, licences or users", axis=alt.Axis(format=",~d")),
        y=alt.Y("year:N", title=None, axis=names_axis(140)),
        color=alt.Color("part:N", scale=PART_COLOURS, title=None),
        order=alt.Order("rank:Q"),
        tooltip=[
            alt.Tooltip("sku:N", title="Line"), alt.Tooltip("year:N", title="From, to"),
            alt.Tooltip("part:N", title="Part"),
            alt.Tooltip("units:Q", title="Units", format="+,d"),
        ],
    ).properties(width=PLOT_WIDTH - 90, height=alt.Step(18))  # fmt: skip
    return chart.facet(
        row=alt.Row("sku:N", sort=order, header=header), spacing=12
    ).resolve_scale(y="independent")  # fmt: skip


def outlook(outlook: pl.DataFrame, *, top: int = 6) -> alt.Chart | alt.VConcatChart:
    """Each line at its targets: the value of each method, the interval of past errors, the line."""
    title = "Outlook: value, interval and the line to be crossed"
    known = outlook.filter(pl.col("value").is_not_null())
    if known.is_empty():
        why = outlook["abstains"].drop_nulls().unique().sort().to_list()
        said = "No forecast is given: " + "; ".join(why[:3]) + "." if why else ""
        return blank(title, "outlook", sentence=said)
    rows = known.with_columns(
        name=pl.format("{}, {}", "target", "method"), base=pl.col("base").cast(pl.Float64),
        width=pl.max_horizontal("value", "high") - pl.col("base").cast(pl.Float64),
    )  # fmt: skip
    order = ranked(rows, "sku", ["width"])[:top]
    drawn = rows.filter(pl.col("sku").is_in(order)).sort("sku", "target_date", "method")
    share = f"{drawn['coverage'].max():.0%}" if drawn["coverage"].max() else ""
    note = f"The bar holds {share} of past errors at this distance; the orange mark is the base."
    rest = known["sku"].n_unique() - len(order)
    more = f"{rest:,} more lines in the table." if rest > 0 else ""
    shown = drawn.select("sku", "name", "value", "low", "high", "base")
    return _forecasts(shown, order).properties(title=heading(title, note, more))


def _forecasts(drawn: pl.DataFrame, order: list[str]) -> alt.VConcatChart:
    scale = alt.Scale(zero=False, padding=14)
    base = alt.Chart().encode(
        y=alt.Y("name:N", title=None, axis=names_axis(190)),
        tooltip=[
            alt.Tooltip("sku:N", title="Line"), alt.Tooltip("name:N", title="For, by"),
            *(alt.Tooltip(f"{n}:Q", title=n.capitalize(), format=",~f")
              for n in ("value", "low", "high", "base")),
        ],
    )  # fmt: skip
    units = {
        "title": "Licences or users",
        "scale": scale,
        "axis": alt.Axis(format=",~d", labelOverlap=True),
    }
    bars = base.mark_bar(height=9, color=PALETTE["stock"], cornerRadius=2).encode(
        x=alt.X("low:Q", **units), x2="high:Q"
    )
    values = base.mark_point(filled=True, size=60, opacity=1, color=PALETTE["demand"])
    lines = base.mark_tick(thickness=3, height=16, color=PALETTE["short"])
    layers = (
        bars,
        values.encode(x=alt.X("value:Q", **units)),
        lines.encode(x=alt.X("base:Q", **units)),
    )
    panels = [
        alt.layer(*layers, data=rows).properties(
            width=PLOT_WIDTH - 60, height=alt.Step(20), title=alt.TitleParams(name, fontSize=12)
        )
        for name in order
        for rows in [drawn.filter(pl.col("sku") == name)]
    ]
    return alt.vconcat(*panels, spacing=14)


def cost_of_waiting(
    waiting: pl.DataFrame, *, known: bool = False, top: int = 6
) -> alt.Chart | alt.FacetChart:
    """What clean-up by the end of a month saves at an event, under each reading.

    `known`: there are lines, so that an empty table means that nothing is stale.
    """
    title = "What clean-up is worth, by the month it is done"
    drawn = waiting.filter(pl.col("saved").is_not_null())
    if drawn.is_empty():
        idle = "No stale or duplicate instance stands behind a line: there is nothing to clean up."
        unpriced = "What clean-up saves is left open: no price, or no account told for the units."
        why = idle if waiting.is_empty() else unpriced
        return blank(title, "waiting", sentence=why if known else "")
    sums = drawn.group_by("reading", "event_date", "cleaned_by").agg(
        saved=pl.col("saved").sum().cast(pl.Float64), currency=pl.col("currency").first()
    )
    alike = _alike(sums)
    order = ["contract", *ranked(alike, "reading", ["saved"])]
    there = set(alike["reading"])
    kept = [name for name in dict.fromkeys(order) if name in there][:top]
    event = pl.col("event_date").dt.to_string("event of %Y-%m-%d")
    rows = alike.filter(pl.col("reading").is_in(kept)).with_columns(event=event)
    names = dict(rows.select("reading", "name").unique().iter_rows())
    note = "Saved at the event if the instances are gone by that day; a fall is what waiting costs."
    return _curves(
        rows.sort("event", "name", "cleaned_by"), [names[name] for name in kept]
    ).properties(title=heading(title, note))


def _alike(sums: pl.DataFrame) -> pl.DataFrame:
    """One curve for readings that save the same at every event: `name` holds them all."""
    point = pl.format("{} {} {}", "event_date", "cleaned_by", "saved")
    readings = sums.group_by("reading").agg(curve=point.sort().str.join("; "))
    first = (pl.col("reading") != "contract", pl.col("reading"))
    told = (
        readings.sort(first)
        .group_by("curve", maintain_order=True)
        .agg(
            pl.col("reading").first(),
            name=pl.col("reading").str.join(", ").str.replace_all("_", " "),
        )
    )
    return sums.join(told.select("reading", "name"), on="reading")


def _curves(rows: pl.DataFrame, names: list[str]) -> alt.FacetChart:
    tones = ["ink", "short", "over", "used", "reserved", "peak"]
    colours = alt.Scale(domain=names, range=[PALETTE[tone] for tone in tones][: len(names)])
    axis = alt.Axis(format="%d %b %y", tickCount=4, labelOverlap=True)
    chart = alt.Chart(rows.select("event", "name", "cleaned_by", "saved")).encode(
        x=alt.X("cleaned_by:T", title="Last day of the month of clean-up", axis=axis),
        y=alt.Y("saved:Q", title=money_of(rows, "Money saved"), axis=alt.Axis(format=",~f")),
        color=alt.Color("name:N", scale=colours, title=None),
        # a curve that lies on the contract's own lets it be seen
        strokeDash=alt.StrokeDash("name:N", title=None, scale=alt.Scale(
            domain=names, range=[[1, 0], *[[5, 4]] * (len(names) - 1)])),
        tooltip=[
            alt.Tooltip("event:N", title="Event"), alt.Tooltip("name:N", title="Reading"),
            alt.Tooltip("cleaned_by:T", title="By", format="%Y-%m-%d"),
            alt.Tooltip("saved:Q", title="Saved", format=",.2f"),
        ],
    )  # fmt: skip
    line = chart.mark_line(point={"size": 40, "filled": True}, strokeWidth=2)
    header = alt.Header(title=None, labelAnchor="start", labelFontWeight="bold")
    return line.properties(width=270, height=170).facet(
        facet=alt.Facet("event:N", header=header), columns=2, spacing=50
    ).resolve_scale(x="independent")  # fmt: skip
