"""Charts of page 00: paid and needed, from our position to the quote, what each scenario costs."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.theme import PALETTE, blank, heading, meanings, names_axis
from cssm_lib.pages.labels import number_text

WIDTH = 400
TODAY, USED, PEAK, NEW = "paid today", "in use", "peak of the year", "to renew"
LINE = pl.coalesce("sku", "license")
SHARE = "Share of today's quantity"
MORE, LESS, TOTAL = "adds", "takes away", "total"


def paid_and_needed(renewal: pl.DataFrame, *, top: int = 8) -> alt.Chart | alt.LayerChart:
    """Of what is paid today: how much is used, was needed at most, and is to be renewed.

    Shares of today's quantity, so that users and switches stand on one scale; the numbers beside
    them are units. The dearest rows, else the largest, are drawn.
    """
    title = "Paid today, needed, and to renew"
    known = renewal.filter(pl.col("recommended").is_not_null(), pl.col("today") > 0)
    if known.is_empty():
        return blank(title, "renewal")
    rows = known.sort("money_today", "today", descending=True, nulls_last=True)
    drawn = rows.head(top).with_columns(line=LINE.str.slice(0, 46))
    order = drawn["line"].unique(maintain_order=True).to_list()
    long = (
        pl.concat(
            drawn.select("line", "today", point=pl.lit(name), units=pl.col(column))
            for name, column in ((USED, "as_of"), (PEAK, "peak"), (NEW, "recommended"))
        )
        .drop_nulls("units")
        .with_columns(
            share=pl.col("units") / pl.col("today"),
            says=pl.concat_str(
                number_text(pl.col("units")), pl.lit(" of "), number_text(pl.col("today"))
            ),
        )
    )
    first = "dearest" if rows["money_today"].count() else "largest"
    notes = [
        "Share of the quantity that is paid today; the numbers are units to renew of those paid.",
        f"The {first} are drawn; {rows.height - top:,} more stand in the table."
        if rows.height > top
        else "",
    ]
    return _shares(long, order).properties(title=heading(title, *notes))


def _uncovered(column: str) -> pl.Expr:
    """Use that nothing covers beyond the renewal."""
    return (pl.col(column) - pl.sum_horizontal("owned_on", "perpetual")).clip(0)


def _shares(long: pl.DataFrame, order: list[str]) -> alt.LayerChart:
    top = max(1.15, float(long["share"].max()) + 0.05)
    base = alt.Chart(long).encode(
        y=alt.Y("line:N", sort=order, axis=names_axis(200), title=None),
        x=alt.X("share:Q", title=SHARE, axis=alt.Axis(format=".0%"),
                scale=alt.Scale(domain=[0, top])),
        tooltip=[
            alt.Tooltip("line:N", title="Line"), alt.Tooltip("point:N", title="What"),
            alt.Tooltip("units:Q", title="Units", format=",d"),
            alt.Tooltip("share:Q", title="Of today's", format=".1%"),
        ],
    )  # fmt: skip
    colours = meanings("demand", "peak", "used", words=[USED, PEAK, NEW])
    shapes = alt.Scale(domain=[USED, PEAK, NEW], range=["circle", "diamond", "square"])
    points = base.mark_point(filled=True, size=85, opacity=1).encode(
        color=alt.Color("point:N", scale=colours, title=None),
        shape=alt.Shape("point:N", scale=shapes, title=None),
    )
    new = base.transform_filter(f"datum.point === '{NEW}'")
    bars = new.mark_bar(height=7, color=PALETTE["stock"])
    said = new.mark_text(align="left", fontSize=11, color=PALETTE["ink"])
    said = said.encode(text="says:N", x=alt.value(WIDTH + 8))
    whole = alt.Chart(pl.DataFrame({"share": [1.0]})).mark_rule(
        color=PALETTE["ink"], strokeDash=[4, 3]
    )
    layers = alt.layer(bars, whole.encode(x=alt.X("share:Q", title=SHARE)), points, said)
    return layers.properties(width=WIDTH, height=alt.Step(19))


def quote_steps(quote_causes: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """From the recommended quantities at today's price to the quote: what each cause adds."""
    title = "From our position to the quote"
    sums = quote_causes.group_by("cause").agg(
        pl.col("says").first(), pl.col("step").min(), pl.col("money").sum(),
        pl.col("currency").first(),
    ).filter(pl.col("money") != 0)  # fmt: skip
    if sums.is_empty():
        same = "The quote and the recommended quantities at today's prices come to the same."
        return blank(title, "quote_causes", sentence="" if quote_causes.is_empty() else same)
    steps = sums.sort("step").with_columns(to=pl.col("money").cum_sum())
    steps = steps.with_columns(
        start=(pl.col("to") - pl.col("money")).cast(pl.Float64), to=pl.col("to").cast(pl.Float64),
        money=pl.col("money").cast(pl.Float64), name=_name("cause"),
        kind=pl.when(pl.col("money") > 0).then(pl.lit(MORE)).otherwise(pl.lit(LESS)),
    )  # fmt: skip
    total = steps.select(
        name=pl.lit("quote above our position"), start=pl.lit(0.0), to=pl.col("money").sum(),
        money=pl.col("money").sum(), kind=pl.lit(TOTAL), says=pl.lit("all causes together"),
        currency=pl.col("currency").first(),
    ).head(1)  # fmt: skip
    rows = pl.concat([steps.select(total.columns), total])
    currency = total["currency"].item() or "money units"
    note = (
        f"{currency}. Each bar starts where the one above ends; green takes away, grey is the sum."
    )
    return _steps(rows).properties(title=heading(title, note))


def _name(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("_", " ")


def _steps(rows: pl.DataFrame) -> alt.LayerChart:
    order, currency = rows["name"].to_list(), rows["currency"].drop_nulls().first() or "money"
    colours = meanings("short", "used", "balanced", words=[MORE, LESS, TOTAL])
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", sort=order, axis=names_axis(180), title=None),
        tooltip=[
            alt.Tooltip("name:N", title="Cause"), alt.Tooltip("says:N", title="In words"),
            alt.Tooltip("money:Q", title=currency, format=",.2f"),
        ],
    )  # fmt: skip
    x = alt.X("start:Q", title=currency, axis=alt.Axis(format="~s"))
    bars = base.mark_bar(height=11).encode(
        x=x, x2="to:Q", color=alt.Color("kind:N", scale=colours, legend=None)
    )
    text = base.mark_text(align="left", fontSize=11, color=PALETTE["ink"]).encode(
        text=alt.Text("money:Q", format="+,.0f"), x=alt.value(WIDTH + 8)
    )
    return alt.layer(bars, text).properties(width=WIDTH, height=alt.Step(15))


def scenario_costs(scenarios: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """What the rows with a price cost over the new term, in each scenario."""
    title = "What each scenario costs over the new term"
    known = scenarios.filter(pl.col("money").is_not_null())
    if known.is_empty():
        none = "No price is given in client.toml, so that scenarios stand in units only."
        return blank(title, "scenarios", sentence="" if scenarios.is_empty() else none)
    rows = pl.len().over("place", "scenario")
    whole = known.with_columns(rows=rows).filter(pl.col("rows") == pl.col("rows").max())
    left_out = known["scenario"].n_unique() - whole["scenario"].n_unique()
    sums = whole.group_by("place", "scenario").agg(
        pl.col("money").sum().cast(pl.Float64), pl.col("currency").first()
    ).sort("place")  # fmt: skip
    opening = pl.col("scenario") == "likely opening"
    sums = sums.with_columns(kind=pl.when(opening).then(pl.lit("opening")).otherwise(pl.lit("own")))
    currency = sums["currency"].drop_nulls().first() or "Money units"
    notes = [
        f"{currency}, rows with a price."
        + (f" {left_out:,} scenarios price fewer rows: see the table." if left_out else ""),
    ]
    return _costs(sums).properties(title=heading(title, *notes))


def _costs(sums: pl.DataFrame) -> alt.LayerChart:
    currency = sums["currency"].drop_nulls().first() or "money"
    colours = meanings("short", "used", words=["opening", "own"])
    base = alt.Chart(sums).encode(
        y=alt.Y("scenario:N", sort=sums["scenario"].to_list(), axis=names_axis(180), title=None),
        x=alt.X("money:Q", title=currency, axis=alt.Axis(format="~s")),
        tooltip=[
            alt.Tooltip("scenario:N", title="Scenario"),
            alt.Tooltip("money:Q", title=currency, format=",.2f"),
        ],
    )
    bars = base.mark_bar(height=11).encode(color=alt.Color("kind:N", scale=colours, legend=None))
    text = base.mark_text(align="left", fontSize=11, color=PALETTE["ink"]).encode(
        text=alt.Text("money:Q", format=",.0f"), x=alt.value(WIDTH + 8)
    )
    return alt.layer(bars, text).properties(width=WIDTH, height=alt.Step(15))
