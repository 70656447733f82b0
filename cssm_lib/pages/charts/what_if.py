"""Charts of a scenario: from today's bill to its own, action by action, and what matters most."""

from __future__ import annotations

import textwrap

import altair as alt
import polars as pl

from cssm_lib.pages.charts.theme import (
    PALETTE,
    PLOT_WIDTH,
    blank,
    heading,
    meanings,
    money_of,
    names_axis,
)

WIDTH = PLOT_WIDTH - 130
ACTION, BILLS = ["place", "action"], ["bill_before", "bill_after"]
# what an axis has room for: broken into lines, cut where only the table has the room
LINE, LONGEST = 30, 150
KINDS = {
    "true_forward": "True Forward: every event so far and the next",
    "new_term": "A whole new term at today's price",
}
SETTINGS = "A setting of the contract: every event so far"
UNMOVED = "No action changes the bill, or no line has a price to tell it by."
UNMOVED_ALONE = "Nothing alone changes the bill, or no line has a price to tell it by."
BEFORE, AFTER = "before any action", "after all actions"
MORE, LESS, TOTAL = "adds", "takes away", "the bill"
COLOURS = meanings("short", "used", "entitled", words=[MORE, LESS, TOTAL])
DRAWN = ["name", "whole", "money", "start", "to", "kind", "currency"]
# the names of an axis are lists of lines
BROKEN = "split(datum.label, '\\n')"


def waterfall(action_prices: pl.DataFrame, *, idle: str = "") -> alt.Chart | alt.VConcatChart:
    """From the bill before any action through each action's part to the bill after all of them.

    A panel a kind of money; agreements are summed. Bills are ticks, so that no scale has to begin
    at nothing and small parts of a large bill can be seen. `idle`: said where no action is priced.
    """
    title = "From today's bill to the scenario's"
    kinds = _kinds(action_prices, "money")
    if not kinds:
        said = idle if action_prices.is_empty() else UNMOVED
        return blank(title, "action_prices", sentence=said)
    note = (
        "Each bar starts where the one above ends. An action's part is the mean over all orders of"
        " the actions, so that the parts add up to the difference to the cent; what changes nothing"
        " is not drawn."
    )
    panels = [_panel(_in_turn(rows), KINDS[kind], zero=False) for kind, rows in kinds.items()]
    return alt.vconcat(*panels, spacing=22).properties(title=heading(title, note))


def tornado(
    action_prices: pl.DataFrame,
    *,
    settings: pl.DataFrame | None = None,
    top: int = 10,
    idle: str = "",
) -> alt.Chart | alt.VConcatChart:
    """What matters most: each action done alone, the largest first, a panel a kind of money.

    With `settings`, the table `setting_effects`, a panel of what each setting of the contract alone
    would change. `idle`: said where no action is priced and there is no setting.
    """
    title = "What matters most, each on its own"
    panels = [
        _panel(_ranked(_summed(rows, "alone"), top), KINDS[kind], zero=True)
        for kind, rows in _kinds(action_prices, "alone").items()
    ]
    effects = None if settings is None else _settings(settings)
    if effects is not None and not effects.is_empty():
        panels.append(_panel(_ranked(effects, top), SETTINGS, zero=True))
    if not panels:
        said = idle if action_prices.is_empty() else UNMOVED_ALONE
        return blank(title, "action_prices", sentence=said)
    note = "Were this alone done, with all else as it is. The largest are drawn; they do not add up"
    return alt.vconcat(*panels, spacing=22).properties(
        title=heading(title, f"{note}: one action may leave nothing for another to save.")
    )


def _kinds(action_prices: pl.DataFrame, column: str) -> dict[str, pl.DataFrame]:
    """The rows of each kind of money that something changes."""
    moved = action_prices.filter((pl.col(column) != 0).any().over("of"))
    return {
        kind: rows for kind in KINDS if not (rows := moved.filter(pl.col("of") == kind)).is_empty()
    }


def _summed(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """One row an action, in the order of the scenario: `name`, `money` of all agreements."""
    sums = rows.group_by(ACTION).agg(pl.col(column).sum().alias("money"), _currency())
    return _told_apart(sums.sort(ACTION).rename({"action": "name"}))


def _currency() -> pl.Expr:
    return pl.col("currency").drop_nulls().first()


def _settings(effects: pl.DataFrame) -> pl.DataFrame:
    """One row a setting that moves money: of several agreements with the agreement's name."""
    several = effects["agreement"].n_unique() > 1
    parts = pl.format("{}: {}", "setting", "said").str.replace_all("_", " ")
    named = pl.concat_str("agreement", parts, separator=" · ") if several else parts
    moved = effects.filter(pl.col("effect") != 0)
    return _told_apart(
        moved.select("currency", name=named, money="effect", place=pl.col("rank").cast(pl.Int64))
    )


def _told_apart(rows: pl.DataFrame) -> pl.DataFrame:
    """Names broken into lines for an axis; two that look alike once cut get their place."""
    rows = rows.with_columns(whole="name", name=_broken(rows["name"]))
    twice = pl.len().over("name") > 1
    numbered = pl.concat_str("name", pl.format("\n({})", "place"))
    return rows.with_columns(name=pl.when(twice).then(numbered).otherwise("name"))


def _broken(names: pl.Series) -> pl.Series:
    short = (textwrap.shorten(name, LONGEST, placeholder=" …") for name in names)
    lines = ("\n".join(textwrap.wrap(name, LINE)) or " " for name in short)
    return pl.Series("name", list(lines), dtype=pl.String)


def _in_turn(rows: pl.DataFrame) -> pl.DataFrame:
    """The bill before, each part from where the last one ended, the bill after."""
    bills = rows.group_by("agreement").agg(pl.col(BILLS).first())
    before, after = bills.select(pl.col(BILLS).sum()).row(0)
    steps = _summed(rows, "money").filter(pl.col("money") != 0)
    to = before + pl.col("money").cum_sum()
    steps = steps.with_columns(start=to - pl.col("money"), to=to, kind=_way())
    ends = pl.DataFrame({"name": [BEFORE, AFTER], "money": [before, after]}).with_columns(
        whole="name", start="money", to="money", kind=pl.lit(TOTAL),
        currency=pl.lit(steps["currency"].first(), pl.String),
    )  # fmt: skip
    turns = [ends[:1], steps, ends[1:]]
    return pl.concat([part.select(DRAWN) for part in turns], how="vertical_relaxed")


def _way() -> pl.Expr:
    return pl.when(pl.col("money") > 0).then(pl.lit(MORE)).otherwise(pl.lit(LESS))


def _ranked(rows: pl.DataFrame, top: int) -> pl.DataFrame:
    """Bars from nothing, the longest first."""
    moved = rows.filter(pl.col("money") != 0)
    largest = moved.sort(pl.col("money").abs(), "place", descending=[True, False]).head(top)
    return largest.with_columns(start=pl.lit(0), to="money", kind=_way()).select(DRAWN)


def _panel(rows: pl.DataFrame, title: str, *, zero: bool) -> alt.LayerChart:
    """Bars from `start` to `to`, bills as ticks, the money of each beside it."""
    drawn = rows.with_columns(pl.col("start", "to", "money").cast(pl.Float64))
    money = money_of(rows, "Money")
    axis = names_axis().to_dict() | {"labelExpr": BROKEN, "labelLineHeight": 13}
    base = alt.Chart(drawn.drop("currency")).encode(
        y=alt.Y("name:N", sort=rows["name"].to_list(), title=None, axis=alt.Axis(**axis)),
        tooltip=[
            alt.Tooltip("whole:N", title="What"),
            alt.Tooltip("money:Q", title=money, format=",.2f"),
        ],
    )
    scale = alt.Scale(zero=zero, padding=12)
    start = alt.X("start:Q", title=money, scale=scale, axis=alt.Axis(format=",~f", tickCount=5))
    colour = alt.Color("kind:N", scale=COLOURS, legend=None)
    total = alt.datum.kind == TOTAL
    bars = base.transform_filter(~total).mark_bar(height=13)
    layers = [
        bars.encode(x=start, x2="to:Q", color=colour),
        _beside(base.transform_filter(~total), "+,.2f"),
    ]
    if (rows["kind"] == TOTAL).any():  # a layer without a row would have no extent
        bills = base.transform_filter(total)
        layers += [
            bills.mark_tick(thickness=4, height=18, opacity=1).encode(x=start, color=colour),
            _beside(bills, ",.2f", fontWeight="bold"),
        ]
    lines = 1 + rows["name"].str.count_matches("\n").max()
    return alt.layer(*layers).properties(
        width=WIDTH, height=alt.Step(max(22, 13 * lines + 8)), title=_small(title)
    )


def _beside(rows: alt.Chart, form: str, **font: str) -> alt.Chart:
    text = rows.mark_text(align="left", fontSize=11, color=PALETTE["ink"], **font)
    return text.encode(x=alt.value(WIDTH + 8), text=alt.Text("money:Q", format=form))


def _small(title: str) -> alt.TitleParams:
    return alt.TitleParams(title, fontSize=12, fontWeight="normal", anchor="start")
