"""Charts along the calendar: use against entitlement, what ends when, which days are known."""

from __future__ import annotations

import datetime as dt

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import ranked, with_pool
from cssm_lib.pages.charts.theme import (
    MAX_ROWS,
    PALETTE,
    WIDE,
    blank,
    heading,
    meanings,
    names_axis,
)
from cssm_lib.pages.labels import said
from cssm_lib.schema.words import counted_text

ENTITLED, DEMAND, PEAK, PARTIAL = "entitled", "demand", "peak of demand", "partial day"
GAP = "no snapshot"
HEADROOM = "headroom"
SERIES = [ENTITLED, DEMAND, PEAK, PARTIAL, GAP]
COLOURS = meanings("entitled", "demand", "peak", "partial", "gap", words=SERIES)
LADDER_MONTHS = 60
CALENDAR_WIDTH = 500


def use_over_time(
    pool_days: pl.DataFrame,
    *,
    top: int = 6,
    since: dt.date | None = None,
    gap_days: int = 45,
) -> alt.Chart | alt.FacetChart:
    """Use against entitlement of the heaviest licences: peak, partial days and gaps marked.

    One panel per licence of a Smart Account, each with its own scale. The peak is the largest
    full-day sum of the days drawn, the earliest of equals. Takes the table `pool_days`.
    """
    title = "Use against entitlement over time"
    days = with_pool(pool_days.filter(pl.col("snapshot_date").is_not_null()))
    if since is not None:
        days = days.filter(pl.col("snapshot_date") > since)
    if days.is_empty():
        return blank(title, "pool_days")
    weighed = days.with_columns(pl.col("free").clip(upper_bound=0).alias("short"))
    order = ranked(weighed, "pool", ["short", "demand"])
    long = _series(days.filter(pl.col("pool").is_in(order[:top])), gap_days)
    while long.height > MAX_ROWS and top > 1:
        top -= 1
        long = long.filter(pl.col("pool").is_in(order[:top]))
    notes = [
        "Licences in the whole Smart Account on each snapshot day. A partial day lacks an account"
        " and never sets the peak.",
        f"The shortest and largest are drawn; and {len(order) - top:,} more in the table pool_days."
        if order[top:]
        else "",
    ]
    return _panels(long.tail(MAX_ROWS), order[:top]).properties(title=heading(title, *notes))


def _series(days: pl.DataFrame, gap_days: int) -> pl.DataFrame:
    """One row per pool, day and series; `until` is the end of a gap."""
    days = days.sort("pool", "snapshot_date").with_columns(
        pl.col("snapshot_date").shift(-1).over("pool").alias("until")
    )
    long_wait = (pl.col("until") - pl.col("snapshot_date")).dt.total_days() > gap_days
    full = days.filter(pl.col("full") & pl.col("demand").is_not_null())
    peaks = full.sort("demand", "snapshot_date", descending=[True, False]).unique(
        "pool", keep="first", maintain_order=True
    )
    days = days.with_columns(
        pl.max_horizontal("entitled", "demand").max().over("pool").alias("height")
    )
    parts = [
        _part(days, ENTITLED, pl.col("entitled")),
        _part(days, DEMAND, pl.col("demand")),
        _part(peaks, PEAK, pl.col("demand")),
        _part(days.filter(~pl.col("full")), PARTIAL, pl.col("demand")),
        _part(days.filter(long_wait), GAP, pl.col("height")),
        # an unseen point above the highest, so that the peak's number has room
        _part(days.unique("pool", keep="first"), HEADROOM, pl.col("height") * 1.18),
    ]
    return pl.concat(parts).sort("pool", "series", "day")


def _part(days: pl.DataFrame, series: str, units: pl.Expr) -> pl.DataFrame:
    return days.select(
        "pool",
        pl.col("snapshot_date").alias("day"),
        pl.lit(series).alias("series"),
        units.cast(pl.Int64).alias("units"),
        "until",
    )


def _panels(long: pl.DataFrame, order: list[str]) -> alt.FacetChart:
    single = len(order) == 1
    width, height = (WIDE, 240) if single else (285, 150)
    tick = alt.Axis(format="%b %Y", tickCount=8 if single else 4, labelOverlap=True)
    base = alt.Chart().encode(
        x=alt.X("day:T", title="Snapshot day", axis=tick, scale=alt.Scale(padding=14)),
        y=alt.Y(
            "units:Q", title="Licences", axis=alt.Axis(format=",~d", tickCount=5, minExtent=42)
        ),
        color=alt.Color("series:N", scale=COLOURS, title=None, legend=_legend()),
        tooltip=[
            alt.Tooltip("pool:N", title="Licence"),
            alt.Tooltip("day:T", title="Day", format="%Y-%m-%d"),
            alt.Tooltip("series:N", title="Series"),
            alt.Tooltip("units:Q", title="Licences", format=",d"),
        ],
    )
    marks = _marks(base, set(long["series"]))
    layers = alt.layer(*marks, data=long).properties(width=width, height=height)
    header = alt.Header(title=None, labelAnchor="start", labelLimit=width, labelFontWeight="bold")
    return layers.facet(
        facet=alt.Facet("pool:N", sort=order, header=header),
        columns=1 if single else 2,
        bounds="flush",
        spacing={"row": 44, "column": 72},
    ).resolve_scale(y="independent")


def _legend() -> alt.Legend:
    return alt.Legend(symbolType="square", symbolStrokeWidth=0, symbolOpacity=1, columns=5)


def _marks(base: alt.Chart, drawn: set[str]) -> list[alt.Chart]:
    """A layer per series that has rows: a layer without any would have no extent."""
    only = {name: base.transform_filter(f"datum.series === '{name}'") for name in drawn}
    lines = {"interpolate": "step-after", "strokeWidth": 2}
    marks = {
        GAP: lambda it: it.mark_bar(opacity=0.5, clip=True).encode(x2="until:T", y2=alt.datum(0)),
        ENTITLED: lambda it: it.mark_line(strokeDash=[6, 3], **lines),
        DEMAND: lambda it: it.mark_line(**lines),
        PARTIAL: lambda it: it.mark_point(filled=False, size=36, strokeWidth=1.5),
        PEAK: lambda it: it.mark_point(shape="diamond", filled=True, size=110, opacity=1),
        HEADROOM: lambda it: it.mark_point(opacity=0, size=1),
    }
    layers = [mark(only[name]) for name, mark in marks.items() if name in drawn]
    return layers + ([_peak_number(only[PEAK])] if PEAK in drawn else [])


def _peak_number(peaks: alt.Chart) -> alt.Chart:
    number = alt.Text("units:Q", format=",d")
    text = peaks.mark_text(dy=-11, fontSize=11)
    return text.encode(text=number, color=alt.value(PALETTE["ink"]))


COVERED, LEFT_SHORT = "demand stays covered", "leaves the account short"


def expiry_ladder(
    expiries: pl.DataFrame, *, renewal_end: dt.date | None = None
) -> alt.Chart | alt.LayerChart:
    """Units that end, by the month of their last day, and whether their account goes short."""
    title = "What ends when"
    known = expiries.filter(pl.col("end_date").is_not_null(), pl.col("quantity") > 0)
    if known.is_empty():
        return blank(title, "expiries")
    horizon = known["end_date"].min() + dt.timedelta(days=LADDER_MONTHS * 30)
    state = pl.when(pl.col("balance_after") < 0).then(pl.lit(LEFT_SHORT)).otherwise(pl.lit(COVERED))
    months = (
        known.filter(pl.col("end_date") <= horizon)
        .group_by(pl.col("end_date").dt.truncate("1mo").alias("month"), state.alias("state"))
        .agg(
            pl.col("quantity").sum().alias("units"),
            pl.col("license").n_unique().alias("licenses"),
        )
        .sort("month", "state")
    )
    later = known.filter(pl.col("end_date") > horizon)["quantity"].sum()
    last = max(months["month"].max(), months["month"].min() + dt.timedelta(days=366))
    marked = renewal_end is not None and months["month"].min() <= renewal_end <= last
    notes = [
        "Units of term licences by the month of their last day; perpetual ones are left out.",
        f"Dashed: the agreement's last day, {renewal_end}." if marked else "",
        f"After {horizon:%B %Y}: {said(later, 'more units')}." if later else "",
    ]
    layers = [_ladder(months, last)] + ([_end_rule(renewal_end)] if marked else [])
    return alt.layer(*layers).properties(width=WIDE, height=220, title=heading(title, *notes))


def _ladder(months: pl.DataFrame, last: dt.date) -> alt.Chart:
    axis = alt.Axis(format="%b %Y", labelOverlap=True, labelAngle=0, tickCount=8)
    span = alt.Scale(domain=[_moment(months["month"].min()), _moment(last)])
    colours = meanings("over", "short", words=[COVERED, LEFT_SHORT])
    return (
        alt.Chart(months)
        .mark_bar()
        .encode(
            x=alt.X(
                "month:T",
                timeUnit="yearmonth",
                title="Month of the last day",
                axis=axis,
                scale=span,
            ),
            y=alt.Y("units:Q", title="Licences that end", axis=alt.Axis(format=",~d")),
            color=alt.Color("state:N", scale=colours, title=None),
            tooltip=[
                alt.Tooltip("month:T", title="Month", format="%Y-%m"),
                alt.Tooltip("state:N", title="After it"),
                alt.Tooltip("units:Q", title="Licences that end", format=",d"),
                alt.Tooltip("licenses:Q", title="Different licences", format=",d"),
            ],
        )
    )


def _moment(day: dt.date) -> alt.DateTime:
    return alt.DateTime(year=day.year, month=day.month, date=day.day)


def _end_rule(renewal_end: dt.date) -> alt.Chart:
    end = pl.DataFrame({"day": [renewal_end]})
    rule = alt.Chart(end).mark_rule(color=PALETTE["ink"], strokeDash=[5, 4], strokeWidth=1.5)
    return rule.encode(x=alt.X("day:T", title="Month of the last day"))


def snapshot_calendar(
    usage: pl.DataFrame, *, gap_days: int = 45, top: int = 25
) -> alt.Chart | alt.LayerChart:
    """The days for which each Smart Account has a snapshot, and the gaps that are too long.

    Takes any table with smart_account and snapshot_date.
    """
    title = "Snapshot days of each Smart Account"
    days = (
        usage.select(pl.col("smart_account").fill_null("account not named"), "snapshot_date")
        .drop_nulls()
        .unique()
        .sort("smart_account", "snapshot_date")
    )
    if days.is_empty():
        undated = "No file says its day, so nothing can be said over time. Put the date into the"
        undated += " file or folder name, or into a [[sources]] block of client.toml."
        return blank(title, "usage", sentence="" if usage.is_empty() else undated)
    order = ranked(days.with_columns(pl.lit(1).alias("days")), "smart_account", ["days"])[:top]
    accounts = days["smart_account"].n_unique()
    drawn = days.filter(pl.col("smart_account").is_in(order)).tail(MAX_ROWS)
    notes = [
        f"A bar marks more than {gap_days} days without a snapshot: use in between is unknown.",
        f"And {said(accounts - top, 'more Smart Accounts')}." if accounts > top else "",
    ]
    return _calendar(drawn, order, gap_days).properties(title=heading(title, *notes))


def _calendar(days: pl.DataFrame, order: list[str], gap_days: int) -> alt.LayerChart:
    known = days.with_columns(
        pl.col("snapshot_date").shift(-1).over("smart_account").alias("until")
    ).with_columns((pl.col("until") - pl.col("snapshot_date")).dt.total_days().alias("days"))
    known = known.with_columns(counted_text(pl.col("days"), "days").alias("says"))
    base = alt.Chart(known).encode(
        x=alt.X("snapshot_date:T", title="Snapshot day", axis=alt.Axis(format="%b %Y")),
        y=alt.Y("smart_account:N", sort=order, axis=names_axis(200), title=None),
        tooltip=[
            alt.Tooltip("smart_account:N", title="Smart Account"),
            alt.Tooltip("snapshot_date:T", title="Snapshot", format="%Y-%m-%d"),
            alt.Tooltip("days:Q", title="Days to the next"),
        ],
    )
    ticks = base.mark_tick(thickness=2.5, height=18, opacity=1, color=PALETTE["over"])
    if known.filter(pl.col("days") > gap_days).is_empty():
        return alt.layer(ticks).properties(width=CALENDAR_WIDTH, height=alt.Step(30))
    gaps = base.transform_filter(f"datum.days > {gap_days}")
    bars = gaps.mark_bar(height=12, color=PALETTE["gap"]).encode(x2="until:T")
    says = gaps.mark_text(color=PALETTE["ink"], fontSize=10, align="left", dx=6)
    layers = alt.layer(bars, ticks, says.encode(text="says:N"))
    return layers.properties(width=CALENDAR_WIDTH, height=alt.Step(30))
