"""Charts of the positions at as_of: who is short, who has too much, what stands behind it."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import and_more, heaviest, ranked, unpivoted, with_account
from cssm_lib.pages.charts.theme import (
    DIVERGING,
    PALETTE,
    PLOT_WIDTH,
    SHARE,
    SIGNED,
    blank,
    heading,
    meanings,
    names_axis,
)
from cssm_lib.pages.labels import number_text, said

OVER, SHORT = "over", "short"
# a number stands beyond the end of its bar
BESIDE_ALIGN = "datum.units < 0 ? 'right' : 'left'"
BESIDE_DX = "datum.units < 0 ? -4 : 4"
WHAT = {"account": "accounts", "license": "licences"}
BALANCE = pl.col("balance_after_substitution")


def balance_by_account(positions: pl.DataFrame, *, top: int = 20) -> alt.Chart | alt.LayerChart:
    """Units over and units short of every Virtual Account, side by side and never netted."""
    title = "Position of each Virtual Account"
    return _balance_by("account", with_account(positions), title=title, top=top)


def balance_by_license(positions: pl.DataFrame, *, top: int = 20) -> alt.Chart | alt.LayerChart:
    """Units over and units short of every licence, side by side and never netted."""
    return _balance_by("license", positions, title="Position of each licence", top=top)


def _balance_by(
    name: str, positions: pl.DataFrame, *, title: str, top: int
) -> alt.Chart | alt.LayerChart:
    known = positions.filter(BALANCE.is_not_null())
    if known.is_empty():
        return blank(title, "positions")
    sums = known.group_by(name).agg(
        BALANCE.clip(lower_bound=0).sum().alias("over"),
        BALANCE.clip(upper_bound=0).sum().alias("short"),
    )
    kept, order, rest = heaviest(sums, name, ["short", "over"], top)
    bars = unpivoted(kept, name, {"over": OVER, "short": SHORT})
    note = "Licences entitled beyond demand (over) and demand beyond entitlement (short),"
    note += " after lending as exported. The shortest stand first."
    others = and_more(rest, WHAT[name], {"short": "short", "over": "over"})
    return _signed_bars(bars, name, order).properties(title=heading(title, note, others))


def _signed_bars(bars: pl.DataFrame, name: str, order: list[str]) -> alt.LayerChart:
    said = bars.with_columns(number_text(pl.col("units"), signed=True).alias("says"))
    base = alt.Chart(said).encode(
        y=alt.Y(f"{name}:N", sort=order, axis=names_axis(), title=None),
        x=alt.X(
            "units:Q",
            title="Licences short (−) or over (+)",
            axis=alt.Axis(labelExpr=SIGNED),
            scale=alt.Scale(padding=56, nice=False),
        ),
        tooltip=_tips(name),
    )
    colour = alt.Color("state:N", scale=meanings(SHORT, OVER), title=None)
    numbers = base.mark_text(align=alt.expr(BESIDE_ALIGN), dx=alt.expr(BESIDE_DX))
    layers = alt.layer(
        base.mark_bar(height=14).encode(color=colour),
        numbers.encode(text="says:N", color=alt.value(PALETTE["ink"])),
    )
    return layers.properties(width=PLOT_WIDTH, height=alt.Step(22))


def _tips(name: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{name}:N", title=name.capitalize().replace("License", "Licence")),
        alt.Tooltip("state:N", title="State"),
        alt.Tooltip("units:Q", title="Licences", format="+,d"),
    ]


def heat_map(
    positions: pl.DataFrame, *, top_licenses: int = 30, top_accounts: int = 12
) -> alt.Chart | alt.LayerChart:
    """Licence × Virtual Account: the balance as a number, its weight as a colour.

    The colour is the balance as a share of the larger of entitlement and demand, so that small
    and large licences can be compared.
    """
    title = "Licence × Virtual Account"
    known = with_account(positions.filter(BALANCE.is_not_null()))
    if known.is_empty():
        return blank(title, "positions")
    cells = known.group_by("license", "account").agg(
        BALANCE.sum().alias("balance"),
        pl.max_horizontal(pl.col("entitled").sum(), pl.col("demand").sum()).alias("size"),
        BALANCE.clip(upper_bound=0).sum().alias("short"),
    )
    licenses = ranked(cells, "license", ["short", "size"])
    accounts = ranked(cells, "account", ["short", "size"])
    drawn = cells.filter(
        pl.col("license").is_in(licenses[:top_licenses]),
        pl.col("account").is_in(accounts[:top_accounts]),
    ).with_columns(_share().alias("share"), _cell_number().alias("says"))
    orders = licenses[:top_licenses], accounts[:top_accounts]
    note = _not_drawn(cells.height - drawn.height, len(licenses), top_licenses)
    says = "Licences over (+) or short (−), after lending as exported. A blank: not held there."
    return _cells(drawn.sort("license", "account"), *orders).properties(
        title=heading(title, says, note)
    )


def _share() -> pl.Expr:
    size = pl.when(pl.col("size") > 0).then(pl.col("size"))
    return (pl.col("balance") / size).clip(-1, 1).fill_null(0).round(4)


def _cell_number() -> pl.Expr:
    """The balance with its sign; from 10,000 in thousands, so that it fits its cell."""
    exact = number_text(pl.col("balance"), signed=True)
    thousands = number_text((pl.col("balance") / 1000).round(1), signed=True)
    short = thousands.str.replace(r"\.0$", "") + "k"
    return pl.when(pl.col("balance").abs() < 10_000).then(exact).otherwise(short)


def _not_drawn(cells: int, licenses: int, top: int) -> str:
    if not cells:
        return ""
    rest = f" and {said(licenses - top, 'more licences')}," if licenses > top else " and"
    words = f"{said(cells, 'more positions')} {'is' if cells == 1 else 'are'} in the table"
    return f"The shortest and largest are drawn;{rest} {words}."


def _cells(cells: pl.DataFrame, licenses: list[str], accounts: list[str]) -> alt.LayerChart:
    step = max(38, min(64, PLOT_WIDTH // len(accounts)))
    axis = alt.Axis(labelAngle=-40, labelLimit=150, orient="bottom", ticks=False, domain=False)
    base = alt.Chart(cells).encode(
        x=alt.X("account:N", sort=accounts, axis=axis, title="Virtual Account"),
        y=alt.Y("license:N", sort=licenses, axis=names_axis(230), title=None),
        tooltip=[
            alt.Tooltip("license:N", title="Licence"),
            alt.Tooltip("account:N", title="Virtual Account"),
            alt.Tooltip("balance:Q", title="Balance (licences)", format="+,d"),
            alt.Tooltip("share:Q", title="Of entitlement or demand", format="+.0%"),
        ],
    )
    squares = base.mark_rect(stroke="white", strokeWidth=1).encode(color=_diverging())
    light = alt.condition("abs(datum.share) > 0.75", alt.value("white"), alt.value(PALETTE["ink"]))
    numbers = base.mark_text(fontSize=10).encode(text="says:N", color=light)
    return alt.layer(squares, numbers).properties(width=alt.Step(step), height=alt.Step(22))


def _diverging() -> alt.Color:
    legend = alt.Legend(
        title="short ← share of the larger of entitlement and demand → over",
        labelExpr=SHARE,
        gradientLength=280,
        values=[-1, -0.5, 0, 0.5, 1],
    )
    scale = alt.Scale(domain=[-1, -0.5, 0, 0.5, 1], range=DIVERGING, clamp=True)
    return alt.Color("share:Q", scale=scale, legend=legend)


def stranded_by_account(positions: pl.DataFrame, *, top: int = 20) -> alt.Chart | alt.LayerChart:
    """Free units in accounts without demand which another account of the pool could use."""
    title = "Stranded stock by Virtual Account"
    known = with_account(positions.filter(pl.col("stranded_units") > 0))
    if known.is_empty():
        sentence = "No units are stranded: no account holds stock that it has not used for 90 days"
        sentence += " while another account uses the same licence."
        return blank(title, "positions", sentence="" if positions.is_empty() else sentence)
    sums = known.group_by("account").agg(pl.col("stranded_units").sum().alias("units"))
    kept, order, rest = heaviest(sums, "account", ["units"], top)
    base = alt.Chart(kept.sort("account")).encode(
        y=alt.Y("account:N", sort=order, axis=names_axis(), title=None),
        x=alt.X("units:Q", title="Licences stranded", axis=alt.Axis(format=",~d")),
        tooltip=[
            alt.Tooltip("account:N", title="Virtual Account"),
            alt.Tooltip("units:Q", title="Licences stranded", format=",d"),
        ],
    )
    bars = base.mark_bar(height=14, color=PALETTE["shelf"])
    text = base.mark_text(align="left", dx=4, color=PALETTE["ink"])
    layers = alt.layer(bars, text.encode(text=alt.Text("units:Q", format=",d")))
    note = "Free units of a licence in an account without demand for 90 days or more."
    others = and_more(rest, "accounts", {"units": "stranded"})
    head = heading(title, note, others)
    return layers.properties(width=PLOT_WIDTH, height=alt.Step(22), title=head)


INSTANCE_WORDS = {
    "explained": "explained by instances",
    "unexplained": "in use, no instance behind it",
    "beyond": "instances consume more than the account says",
}


def use_explained(instance_check: pl.DataFrame, *, top: int = 20) -> alt.Chart:
    """Each account's use: the part its product instances explain, and what they do not."""
    title = "Use explained by product instances"
    known = with_account(instance_check.filter(pl.col("unexplained").is_not_null()))
    if known.is_empty():
        return blank(title, "instance_check")
    apart = pl.col("unexplained")
    sums = known.group_by("account").agg(
        (pl.col("in_use") - apart.clip(lower_bound=0)).sum().alias("explained"),
        apart.clip(lower_bound=0).sum().alias("unexplained"),
        (-apart).clip(lower_bound=0).sum().alias("beyond"),
    )
    kept, order, rest = heaviest(sums, "account", ["unexplained", "beyond", "explained"], top)
    bars = unpivoted(kept, "account", INSTANCE_WORDS)
    colours = meanings("used", "short", "peak", words=list(INSTANCE_WORDS.values()))
    note = "What product instances consume against the account's own figure; least explained first."
    others = and_more(rest, "accounts", {"unexplained": "unexplained", "explained": "explained"})
    return (
        alt.Chart(bars)
        .mark_bar(height=14)
        .encode(
            y=alt.Y("account:N", sort=order, axis=names_axis(), title=None),
            x=alt.X("units:Q", title="Licences in use", axis=alt.Axis(format=",~d")),
            color=alt.Color("state:N", scale=colours, title=None),
            tooltip=_tips("account"),
        )
        .properties(width=PLOT_WIDTH, height=alt.Step(22), title=heading(title, note, others))
    )
