"""The value that counts at an event, by every measure that an agreement can name."""

from __future__ import annotations

from functools import cache

import polars as pl

from cssm_lib.analyses.true_forward.money import MICRO, half_up

EVENT = ["number", "month", "window_months"]
ACCOUNTS = "sum_of_negative_accounts"
DAY = pl.col("snapshot_date")
_FIGURES = ["demand", "deficit", "outside"]
_TOTALS = ["covered", "demand", "outside"]
_OWN = ["value", "used", "outside", "measured_on", "full", "coverage"]
_AROUND = ["value_before", "value_after", "outside_before", "outside_after"]


def measured(events: pl.DataFrame, days: pl.DataFrame, *, carry_days: int) -> pl.DataFrame:
    """One row per event of a line and measure: as_of, peak, average, sum_of_negative_accounts,
    billable.

    Rule (rules.md, Peaks and True Forward): as_of is the last snapshot at most `carry_days` old;
    peak the largest full day of (previous milestone, event], ties earliest; average is
    time-weighted over that window, a full day's value holding until the next snapshot and at most
    `carry_days`, to a millionth of a licence; billable is the last figure of the EA consumption
    export, on rows of `days` that have `billable`, as old as as_of may be. `number` is the line's
    in both frames. Units are whole millionths of a licence. Columns: value, used (what stands
    against the base for unused value), outside, measured_on, full, coverage, and value and outside
    before and after. Measures that no row of `events` asks for are not worked out.
    """
    named = set(events["measure"].unique())
    asked = events.select(*EVENT, "event_date", "window_start").unique(EVENT)
    known = _known(days, "demand")
    near = _around(_placed(asked, known, carry_days), known, carry_days)
    frames = [_shaped(near, "as_of")]
    if ACCOUNTS in named:
        frames.append(_shaped(_by_account(near), ACCOUNTS))
    if "billable" in named:
        told = _known(days, "billable")
        if not told.is_empty():
            placed = _placed(asked, told, carry_days)
            frames.append(_shaped(_around(placed, told, carry_days), "billable"))
    if named & {"peak", "average"}:
        average = _average(near, known, carry_days)
        frames += [_shaped(average, "average"), _shaped(_peak(average, known), "peak")]
    return pl.concat(frames)


def _known(days: pl.DataFrame, figure: str) -> pl.DataFrame:
    """Dated days with the figure as demand, in order, in millionths; unnamed columns are null."""
    lacking = [name for name in ("deficit", "outside", figure) if name not in days.columns]
    micro = [pl.col(name).cast(pl.Int128) * MICRO for name in _FIGURES]
    return (
        days.with_columns(pl.lit(None, pl.Int64).alias(name) for name in lacking)
        .with_columns(demand=figure, moment=_moment(DAY))
        .filter(pl.col("moment").is_not_null() & pl.col("demand").is_not_null())
        .select("number", "snapshot_date", "moment", *micro, pl.col("full").fill_null(False))
        .sort("moment")
    )


def _moment(day: pl.Expr) -> pl.Expr:
    """A line and a day as one whole number: in order by line, then by day."""
    return pl.col("number").cast(pl.Int64) * 2**32 + (day.to_physical() + 2**31)


def _placed(asked: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """The events with how many of `days`, in order, lie up to each, its reach and its window."""
    event = pl.col("event_date")
    ends = {
        "at": event,
        "before": event.dt.offset_by(f"-{carry_days + 1}d"),
        "start": pl.col("window_start"),
    }
    moments = asked.select(_moment(day).alias(name) for name, day in ends.items())
    count = pl.col("moment").search_sorted
    places = days.select(count(pl.lit(moments[name]), side="right").alias(name) for name in ends)
    return asked.hstack(places.cast(pl.Int64))


def _told(days: pl.DataFrame, placed: pl.DataFrame, place: str, names: list[str]) -> list[pl.Expr]:
    """Figures of the line's last day up to a place in order; nulls where the line has none."""
    index = pl.lit(placed[place])
    index = pl.when(index > 0).then(index - 1)
    own = pl.col("number").gather(index, null_on_oob=True) == pl.lit(placed["number"])
    return [pl.when(own).then(pl.col(name).gather(index, null_on_oob=True)) for name in names]


def _around(placed: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """The snapshot that speaks for each event, the last before its reach and the first after it."""
    placed = placed.with_columns(after=pl.col("at") + 1)
    sides = [
        one.name.suffix(f"_{side}")
        for side in ("before", "after")
        for one in _told(days, placed, side, _FIGURES)
    ]
    at = _told(days, placed, "at", [*_FIGURES, "full", "snapshot_date"])
    found = placed.hstack(days.select(*at, *sides))
    speaks = DAY >= pl.col("event_date").dt.offset_by(f"-{carry_days}d")
    told = {"value": "demand", "used": "demand", "measured_on": "snapshot_date"}
    told |= {name: name for name in ("deficit", "outside", "full")}
    return found.select(
        *(*EVENT, "event_date", "window_start", "at", "start"),
        *(pl.when(speaks).then(pl.col(name)).alias(new) for new, name in told.items()),
        *(f"{name}_{side}" for name in _FIGURES[1:] for side in ("before", "after")),
        value_before="demand_before",
        value_after="demand_after",
        coverage=pl.lit(None, pl.Float64),
    )


def _by_account(near: pl.DataFrame) -> pl.DataFrame:
    """What single accounts are short of stands in the place of the line's whole use."""
    sides = {f"value_{side}": f"deficit_{side}" for side in ("before", "after")}
    return near.with_columns(value="deficit", **sides)


def _shaped(frame: pl.DataFrame, measure: str) -> pl.DataFrame:
    """A measure's rows with the snapshots before and after, should the event be undecided."""
    used = pl.coalesce("used", "value").alias("used")
    own = [used if name == "used" else pl.col(name) for name in _OWN]
    return frame.select(*EVENT, *own, *_AROUND, measure=pl.lit(measure))


def _peak(windows: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The largest full day among those that lie, in order, between a window's two ends."""
    each = windows.select(place=pl.int_ranges("start", "at")).with_row_index("event")
    each = each.explode("place").filter(pl.col("place").is_not_null())
    names = ["demand", "outside", "snapshot_date", "full"]
    figures = days.select(pl.col(names).gather(pl.lit(each["place"])))
    inside = each.hstack(figures).filter("full")
    largest = pl.col("demand") == pl.col("demand").max().over("event")
    peaks = inside.filter(largest).unique("event", keep="first", maintain_order=True)
    found = windows.drop("outside", "full").with_row_index("event").join(
        peaks, on="event", how="left", maintain_order="left"
    )  # fmt: skip
    return found.with_columns(value="demand", used="demand", measured_on="snapshot_date")


def _average(windows: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """Running totals at both ends of each window; their difference is the window's own."""
    totals = _running(days, carry_days)
    so_far = [f"{name}_so_far" for name in _TOTALS]
    names = ["snapshot_date", "until", "full", "demand", "outside", *so_far]
    ends = [
        one.name.suffix(f"_{end}")
        for end in ("start", "at")
        for one in _told(totals, windows, end, names)
    ]
    kept = windows.hstack(totals.select(ends)).with_columns(_kept(name) for name in _TOTALS)
    length = (pl.col("event_date") - pl.col("window_start")).dt.total_days()
    covered = pl.col("covered")
    return kept.with_columns(
        value=pl.when(covered > 0).then(half_up(pl.col("demand"), covered)),
        used=pl.lit(None, pl.Int128),
        outside=pl.when(covered > 0).then(half_up(pl.col("outside"), covered)),
        measured_on=pl.lit(None, pl.Date),
        full=covered == length,
        coverage=covered.cast(pl.Float64) / length,
    ).select(windows.columns)


def _running(days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """Days covered and unit-days up to the eve of each snapshot; a partial day covers nothing."""
    more = pl.col("number") == pl.col("number").shift(-1)
    eve = pl.when(more).then(DAY.shift(-1)).dt.offset_by("-1d")
    until = pl.min_horizontal(DAY.dt.offset_by(f"{carry_days}d"), eve)
    held = days.with_columns(pl.col("outside").fill_null(0), until=until)
    held = held.with_columns(covered=_days_held(pl.col("until")))
    shares = [pl.col("covered"), *(pl.col(name) * pl.col("covered") for name in _TOTALS[1:])]
    return held.with_columns(
        (share.cum_sum().over("number") - share).alias(f"{name}_so_far")
        for name, share in zip(_TOTALS, shares, strict=True)
    )


def _days_held(last: pl.Expr, end: str = "") -> pl.Expr:
    held = (last - pl.col(f"snapshot_date{end}")).dt.total_days() + 1
    return pl.when(f"full{end}").then(held).otherwise(0).cast(pl.Int128)


@cache
def _kept(name: str) -> pl.Expr:
    """The running total of a window's last evening less that of the evening before it begins."""
    return (_total(name, "_at", "event_date") - _total(name, "_start", "window_start")).alias(name)


def _total(name: str, end: str, evening: str) -> pl.Expr:
    """The running total on the evening of a day."""
    held = _days_held(pl.min_horizontal(f"until{end}", evening), end)
    share = held if name == "covered" else pl.col(f"{name}{end}") * held
    return (pl.col(f"{name}_so_far{end}") + share).fill_null(0)
