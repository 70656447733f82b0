"""Charts of True Forward: the ratchet, the readings, the dispute."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import ranked
from cssm_lib.pages.charts.theme import (
    MAX_ROWS,
    PALETTE,
    PLOT_WIDTH,
    WIDE,
    blank,
    heading,
    meanings,
    money_of,
    names_axis,
)
from cssm_lib.pages.labels import said

BASE, USE, PEAK, MILESTONE = "entitlement", "use", "peak of the year", "value at the milestone"
MARKED = "gap, partial day, flat line or jump"
SERIES = [BASE, USE, PEAK, MILESTONE, MARKED]
COLOURS = meanings("entitled", "demand", "peak", "used", "short", words=SERIES)
MONEY = ",.2f"


def ratchet(
    line_history: pl.DataFrame, *, years: pl.DataFrame | None = None, top: int = 6
) -> alt.Chart | alt.ConcatChart:
    """Use of each line against what is bought, which only rises; milestones, peaks, marks.

    Takes the tables `line_history` and, as `years`, `line_years`. Licences are drawn where the
    frame holds no line as a whole.
    """
    title = "The ratchet: use against entitlement"
    days = _as_lines(line_history)
    if days.is_empty():
        return blank(title, "line_history")
    order = ranked(days.with_columns(pl.col("above").cast(pl.Float64)), "line", ["above", "demand"])
    kept = days.filter(pl.col("line").is_in(order[:top]))
    several = days["agreement"].n_unique() > 1
    points = [] if years is None else _year_points(_of_line(years, several))
    long = pl.concat([*_day_points(kept), *points]).filter(
        pl.col("line").is_in(order[:top]), pl.col("units").is_not_null()
    )
    rest = f"And {len(order) - top:,} more lines in the table." if order[top:] else ""
    notes = ["Each milestone above the line raises it for good; each panel has a scale of its own."]
    return _panels(long.sort("line", "series", "day").tail(MAX_ROWS), order[:top]).properties(
        title=heading(title, *notes, rest)
    )


def _as_lines(frame: pl.DataFrame) -> pl.DataFrame:
    whole = frame.filter(pl.col("license").is_null())
    rows = frame if whole.is_empty() else whole
    return _of_line(rows, rows["agreement"].n_unique() > 1)


def _of_line(rows: pl.DataFrame, several: bool) -> pl.DataFrame:
    """The rows with the name of their line or licence; of several agreements with theirs too."""
    named = pl.concat_str("sku", "license", separator=" · ", ignore_nulls=True)
    own = pl.concat_str("agreement", named, separator=" · ") if several else named
    return rows.with_columns(own.alias("line"))


def _point(frame: pl.DataFrame, series: str, day: str, units: str) -> pl.DataFrame:
    return frame.select(
        "line", pl.col(day).alias("day"), pl.col(units).cast(pl.Float64).alias("units"),
        series=pl.lit(series),
    )  # fmt: skip


def _day_points(days: pl.DataFrame) -> list[pl.DataFrame]:
    return [
        _point(days, BASE, "snapshot_date", "entitled"),
        _point(days, USE, "snapshot_date", "demand"),
        _point(days.filter(pl.col("mark").is_not_null()), MARKED, "snapshot_date", "demand"),
    ]


def _year_points(years: pl.DataFrame) -> list[pl.DataFrame]:
    return [
        _point(years, PEAK, "peak_first", "peak"),
        _point(years, MILESTONE, "milestone_day", "milestone_value"),
    ]


def _panels(long: pl.DataFrame, order: list[str]) -> alt.ConcatChart:
    single = len(order) == 1
    width, height = (WIDE, 240) if single else (285, 150)
    tick = alt.Axis(format="%b %Y", tickCount=8 if single else 4, labelOverlap=True)
    scale = alt.Scale(zero=False, padding=10, nice=True)
    units = alt.Axis(format=",~d", tickCount=5)
    base = alt.Chart().encode(
        x=alt.X("day:T", title="Day", axis=tick),
        y=alt.Y("units:Q", title="Licences or users", scale=scale, axis=units),
        color=alt.Color("series:N", scale=COLOURS, title=None, legend=alt.Legend(
            symbolType="square", symbolStrokeWidth=0, symbolOpacity=1, columns=3, labelLimit=260)),
        tooltip=[
            alt.Tooltip("line:N", title="Line"),
            alt.Tooltip("day:T", title="Day", format="%Y-%m-%d"),
            alt.Tooltip("series:N", title="What"),
            alt.Tooltip("units:Q", title="Units", format=",~f"),
        ],
    )  # fmt: skip
    # a panel has its own rows, so that no scale is drawn up from those of another
    panels = [
        alt.layer(*_marks(base, set(rows["series"])), data=rows).properties(
            width=width, height=height, title=alt.TitleParams(name, fontSize=12, limit=width)
        )
        for name in order
        for rows in [long.filter(pl.col("line") == name)]
    ]
    return alt.concat(*panels, columns=2, spacing=30)


def _marks(base: alt.Chart, drawn: set[str]) -> list[alt.Chart]:
    line = {"interpolate": "step-after", "strokeWidth": 2}
    marks = {
        BASE: lambda it: it.mark_line(**line, strokeDash=[6, 3]),
        USE: lambda it: it.mark_line(**line),
        MARKED: lambda it: it.mark_point(filled=False, size=60, strokeWidth=2),
        PEAK: lambda it: it.mark_point(shape="diamond", filled=True, size=90, opacity=1),
        MILESTONE: lambda it: it.mark_point(shape="square", filled=True, size=60, opacity=1),
    }
    only = {name: base.transform_filter(alt.datum.series == name) for name in drawn}
    return [mark(only[name]) for name, mark in marks.items() if name in drawn]


OWN, OPENING, OTHER = "your contract", "the usual opening", "another published reading"
KINDS = meanings("entitled", "short", "shelf", words=[OWN, OPENING, OTHER])


def range_of_readings(reading_range: pl.DataFrame, *, top: int = 24) -> alt.Chart | alt.LayerChart:
    """What each reading bills, lowest to highest; the true-up as a hollow point beyond it."""
    title = "The same snapshots under every reading"
    known = reading_range.filter(pl.col("net").is_not_null(), pl.col("rank").is_not_null())
    if known.is_empty():
        open_ = "Every reading is left open: no line has a price, or no event has a measured use."
        return blank(title, "reading_range", sentence="" if reading_range.is_empty() else open_)
    kind = (
        pl.when(pl.col("reading") == "contract").then(pl.lit(OWN))
        .when("vendor_opening").then(pl.lit(OPENING)).otherwise(pl.lit(OTHER))
    )  # fmt: skip
    rows = _named(known, "title").with_columns(
        kind=kind,
        net=pl.col("net").cast(pl.Float64),
        with_past=(pl.col("net") + pl.col("past").fill_null(0)).cast(pl.Float64),
    )
    open_ = reading_range.height - known.height
    notes = [
        "Net of all events so far. A hollow point: what a true-up would bill, the past included.",
        f"Not drawn, for want of a price or an export: {open_} readings." if open_ else "",
    ]
    return _bars(rows.sort("net", "name").head(top)).properties(
        title=heading(title, *notes), width=PLOT_WIDTH - 90, height=alt.Step(30)
    )


def _named(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    several = rows["agreement"].n_unique() > 1
    own = pl.concat_str("agreement", column, separator=" · ") if several else pl.col(column)
    return rows.with_columns(own.alias("name"))


def _bars(rows: pl.DataFrame) -> alt.LayerChart:
    order = rows["name"].to_list()
    axis = alt.Axis(format=",~f", labelOverlap=True)
    base = alt.Chart(rows.select("name", "kind", "net", "with_past")).encode(
        y=alt.Y("name:N", sort=order, axis=names_axis(330), title=None),
        tooltip=[
            alt.Tooltip("name:N", title="Reading"),
            alt.Tooltip("net:Q", title="Net", format=MONEY),
            alt.Tooltip("with_past:Q", title="With the past", format=MONEY),
        ],
    )
    unit = money_of(rows, "Net money")
    net, whole = (alt.X(f"{n}:Q", title=unit, axis=axis) for n in ("net", "with_past"))
    bars = base.mark_bar(height=16).encode(
        x=net, color=alt.Color("kind:N", scale=KINDS, title=None)
    )
    past = base.mark_point(size=60, color=PALETTE["quiet"]).encode(x=whole)
    text = base.mark_text(align="left", dx=4, dy=-11, fontSize=10, color=PALETTE["ink"])
    return alt.layer(bars, past, text.encode(x=net, text=alt.Text("net:Q", format=MONEY)))


def moved_by_setting(setting_effects: pl.DataFrame, *, top: int = 12) -> alt.Chart | alt.LayerChart:
    """What one setting alone would change, the largest first."""
    title = "What one setting alone would change"
    known = setting_effects.filter(pl.col("effect") != 0)
    if known.is_empty():
        unpriced = "No setting alone moves money, or no line has a price to tell it by."
        return blank(
            title, "setting_effects", sentence="" if setting_effects.is_empty() else unpriced
        )
    words = pl.format("{}: {}", "setting", "said").str.replace_all("_", " ")
    rows = _named(known.with_columns(words=words), "words").sort("rank", "name").head(top)
    rows = rows.with_columns(
        effect=pl.col("effect").cast(pl.Float64),
        way=pl.when(pl.col("effect") > 0).then(pl.lit("dearer")).otherwise(pl.lit("cheaper")),
    )
    note = "Net of all events so far less the contract's, with everything else left as it says."
    colours = meanings("short", "over", words=["dearer", "cheaper"])
    return _signed(rows, "effect", "way", colours).properties(
        title=heading(title, note), width=PLOT_WIDTH - 50, height=alt.Step(24)
    )


def _signed(rows: pl.DataFrame, value: str, kind: str, colours: alt.Scale) -> alt.LayerChart:
    order = rows["name"].to_list()
    unit, axis = money_of(rows, "Money"), alt.Axis(format=",~f", labelOverlap=True)
    base = alt.Chart(rows.select("name", value, kind)).encode(
        x=alt.X(f"{value}:Q", title=unit, axis=axis, scale=alt.Scale(padding=60)),
        y=alt.Y("name:N", sort=order, axis=names_axis(300), title=None),
        tooltip=[
            alt.Tooltip("name:N", title="What"),
            alt.Tooltip(f"{value}:Q", title=unit, format=f"+{MONEY}"),
        ],
    )
    bars = base.mark_bar(height=14).encode(color=alt.Color(f"{kind}:N", scale=colours, title=None))
    number = alt.Text(f"{value}:Q", format=f"+{MONEY}")
    right = alt.datum[value] >= 0
    sides = (
        (right, {"align": "left", "dx": 4}, (rows[value] >= 0).any()),
        (~right, {"align": "right", "dx": -4}, (rows[value] < 0).any()),
    )
    # a layer without a row would have no extent
    texts = [
        base.transform_filter(side).mark_text(fontSize=10, **place)
        for side, place, there in sides
        if there
    ]
    return alt.layer(bars, *(text.encode(text=number) for text in texts))


def _undisputed(disputes: pl.DataFrame) -> str:
    if disputes.is_empty():
        return "The vendor's report agrees with your own figures, line by line."
    return f"None of {said(disputes.height, 'differences')} can be told in money; see the list."


def dispute(disputes: pl.DataFrame, *, top: int = 20, known: bool = False) -> alt.LayerChart:
    """What each difference from the vendor's report adds to the bill, by its cause.

    `known`: there is a report, so that no difference means that it agrees.
    """
    title = "The vendor's report: each difference by its cause"
    priced = disputes.filter(pl.col("money").is_not_null(), pl.col("money") != 0)
    if priced.is_empty():
        return blank(title, "dispute_lines", sentence=_undisputed(disputes) if known else "")
    words = pl.format("{} · {}", "sku", "cause")
    rows = _named(priced.with_columns(words=words), "words").with_columns(
        money=pl.col("money").cast(pl.Float64),
        named=pl.when(pl.col("cause") == "unexplained").then(pl.lit("unexplained"))
        .otherwise(pl.lit("cause named")),
    )  # fmt: skip
    ordered = rows.sort(pl.col("money").abs(), "name", descending=[True, False]).head(top)
    colours = meanings("short", "stock", words=["cause named", "unexplained"])
    note = "Theirs less ours; they sum to the difference of the two bills."
    return _signed(ordered, "money", "named", colours).properties(
        title=heading(title, note), width=PLOT_WIDTH - 50, height=alt.Step(26)
    )
