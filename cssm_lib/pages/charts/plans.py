"""Charts of what to do: units to move, stock that was never needed."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import and_more, heaviest, with_pool
from cssm_lib.pages.charts.theme import (
    PALETTE,
    PLOT_WIDTH,
    blank,
    heading,
    meanings,
    names_axis,
)
from cssm_lib.pages.labels import said

READY, WARNED = "nothing against it", "look at the warning first"
TWO_LINES = "split(datum.label, '\\n')"


def transfer_plan(
    transfers: pl.DataFrame, *, top: int = 20, known: bool = False
) -> alt.Chart | alt.LayerChart:
    """Units to move between Virtual Accounts, the largest moves first.

    `known`: there are positions, so that an empty plan means that nothing needs to move.
    """
    title = "Transfer plan"
    if transfers.is_empty():
        idle = "No move is needed or possible: no account is short of what another could spare."
        return blank(title, "transfers", sentence=idle if known else "")
    moves = transfers.sort("quantity", "license", descending=[True, False]).with_columns(
        _step().alias("step"),
        pl.when(pl.col("warning").is_null())
        .then(pl.lit(READY))
        .otherwise(pl.lit(WARNED))
        .alias("state"),
    )
    rest = moves.slice(top)
    notes = [
        "Units to move inside one Smart Account; each move cures a shortage and buys nothing.",
        f"Largest first; and {said(rest.height, 'more moves')}"
        f" of {said(rest['quantity'].sum(), 'units')}."
        if rest.height
        else "",
    ]
    return _moves(moves.head(top)).properties(title=heading(title, *notes))


def _step() -> pl.Expr:
    """Licence on the first line, from → to on the second."""
    unnamed = pl.lit("account not named")
    return pl.concat_str(
        "license",
        pl.lit("\n"),
        pl.col("from_virtual_account").fill_null(unnamed),
        pl.lit(" → "),
        pl.col("to_virtual_account").fill_null(unnamed),
    )


def _moves(moves: pl.DataFrame) -> alt.LayerChart:
    axis = names_axis(300)
    axis.labelExpr = TWO_LINES
    axis.labelLineHeight = 13
    order = moves["step"].unique(maintain_order=True).to_list()
    base = alt.Chart(moves.select("step", "state", "quantity", "warning", "smart_account")).encode(
        y=alt.Y("step:N", sort=order, axis=axis, title=None),
        x=alt.X("quantity:Q", title="Licences to move", axis=alt.Axis(format=",~d")),
        tooltip=[
            alt.Tooltip("step:N", title="Move"),
            alt.Tooltip("smart_account:N", title="Smart Account"),
            alt.Tooltip("quantity:Q", title="Licences", format=",d"),
            alt.Tooltip("warning:N", title="Warning"),
        ],
    )
    colours = alt.Color(
        "state:N", scale=meanings("used", "peak", words=[READY, WARNED]), title=None
    )
    number = base.mark_text(align="left", dx=4).encode(text=alt.Text("quantity:Q", format=",d"))
    layers = alt.layer(base.mark_bar(height=16).encode(color=colours), number)
    return layers.properties(width=380, height=alt.Step(38))


NEVER, NEEDED = "never needed (shelf)", "needed at its highest"


def shelf(pooled: pl.DataFrame, *, top: int = 20) -> alt.Chart | alt.LayerChart:
    """Of each licence's entitlement the part that was never needed in the trailing year."""
    title = "Shelf: owned and never needed"
    known = with_pool(pooled.filter(pl.col("shelf_units") > 0))
    if known.is_empty():
        idle = "No shelf: every term licence was needed in full at least once in the year."
        return blank(title, "pooled", sentence="" if pooled.is_empty() else idle)
    sums = known.group_by("pool").agg(
        pl.col("shelf_units").sum().alias("never"),
        (pl.col("entitled") - pl.col("shelf_units")).clip(lower_bound=0).sum().alias("needed"),
        pl.col("shelf_days").min().alias("days"),
    )
    kept, order, rest = heaviest(sums, "pool", ["never", "needed"], top)
    short = known["shelf_days"].min()
    notes = [
        "Units above the highest need of the last 365 days, on lots at least a year old.",
        f"The shortest history behind these bars is {said(short, 'days')}." if short else "",
        and_more(rest, "licences", {"never": "never needed"}),
    ]
    bars = kept.select("pool", pl.col("never").alias(NEVER), pl.col("needed").alias(NEEDED))
    long = bars.unpivot(index="pool", variable_name="state", value_name="units")
    return _shelf_bars(long.sort("pool", "state"), order, [NEVER, NEEDED]).properties(
        title=heading(title, *notes)
    )


def _shelf_bars(long: pl.DataFrame, order: list[str], words: list[str]) -> alt.LayerChart:
    base = alt.Chart(long).encode(
        y=alt.Y("pool:N", sort=order, axis=names_axis(), title=None),
        x=alt.X("units:Q", title="Licences entitled", axis=alt.Axis(format=",~d")),
        order=alt.Order("state:N", sort="descending"),
        tooltip=[
            alt.Tooltip("pool:N", title="Licence"),
            alt.Tooltip("state:N", title="Part"),
            alt.Tooltip("units:Q", title="Licences", format=",d"),
        ],
    )
    colours = alt.Color("state:N", scale=meanings("shelf", "stock", words=words), title=None)
    number = base.transform_filter(f"datum.state === '{NEVER}'").mark_text(align="left", dx=4)
    layers = alt.layer(
        base.mark_bar(height=14).encode(color=colours),
        number.encode(text=alt.Text("units:Q", format=",d"), color=alt.value(PALETTE["ink"])),
    )
    return layers.properties(width=PLOT_WIDTH, height=alt.Step(22))
