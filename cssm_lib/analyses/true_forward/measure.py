"""The value that counts at an event, by every measure that an agreement can name."""

from __future__ import annotations

from functools import cache

import polars as pl

from cssm_lib.analyses.true_forward.money import MICRO, half_up

ACCOUNTS = "sum_of_negative_accounts"
MEASURES = ("as_of", "peak", "average", "billable", ACCOUNTS)
DAY = pl.col("snapshot_date")
_EVENT = ["number", "event", "event_date", "window_start"]
_FIGURES = ["demand", "deficit", "outside"]
_TOTALS = ["covered", "demand", "outside"]
_OWN = ["value", "used", "outside", "measured_on", "full", "coverage"]
_AROUND = ["value_before", "value_after", "outside_before", "outside_after"]


def measured(events: pl.DataFrame, days: pl.DataFrame, *, carry_days: int) -> pl.DataFrame:
    """The events with what counts by their measure: as_of, peak, average, billable,
    sum_of_negative_accounts.

    Rule (rules.md, Peaks and True Forward): as_of is the last snapshot at most `carry_days` old;
    peak the largest full day of (previous milestone, event], ties earliest; average is
    time-weighted over that window, a full day's value holding until the next snapshot and at most
    `carry_days`, to a millionth of a licence; billable is the last figure of the EA consumption
    export, on rows of `days` that have `billable`, as old as as_of may be. `number` is the line's
    in both frames; an event that is `ahead` is not measured. Units are whole millionths of a
    licence. Adds value, used (what stands against the base for unused value), outside, measured_on,
    full, coverage, and value and outside before and after. Readings that measure a line alike share
    the work; measures that no row of `events` asks for are not worked out.
    """
    keyed = events.with_columns(_keys())
    past = keyed.filter(~pl.col("ahead"))
    asked = past.select(_EVENT).unique("event", keep="any")
    values = pl.concat(_by_measure(past, asked, days, carry_days))
    return keyed.join(values, on="asked", how="left", maintain_order="left").drop("asked", "event")


@cache
def _keys() -> list[pl.Expr]:
    """An event of a line as one whole number, and the same with the measure."""
    window = pl.col("month") * 2**8 + pl.col("window_months")
    event = (pl.col("number").cast(pl.Int64) * 2**24 + window) * 2**4
    measure = pl.col("measure").cast(pl.Enum(MEASURES)).to_physical()
    return [event.alias("event"), (event + measure).alias("asked")]


def _by_measure(
    past: pl.DataFrame, asked: pl.DataFrame, days: pl.DataFrame, carry_days: int
) -> list[pl.DataFrame]:
    """The events by each measure that is named."""
    known, named = _known(days, "demand"), set(past["measure"].unique())
    near = _around(_placed(asked, known, carry_days), known)
    frames = [near.select(_shaped("as_of"))]
    if ACCOUNTS in named:
        frames.append(near.select(_shaped(ACCOUNTS)))
    if "billable" in named:
        told = _known(days, "billable")
        if not told.is_empty():
            seen = _around(_placed(asked, told, carry_days), told)
            frames.append(seen.select(_shaped("billable")))
    if named & {"peak", "average"}:
        windows = past.filter(_windowed())["event"].unique()
        average = _average(near.filter(pl.col("event").is_in(windows.implode())), known, carry_days)
        frames.append(average.select(_shaped("average")))
        frames.append(_peak(average, known).select(_shaped("peak")))
    return frames


@cache
def _windowed() -> pl.Expr:
    return (pl.col("measure") == "peak") | (pl.col("measure") == "average")


@cache
def _shaped(measure: str) -> list[pl.Expr]:
    """A measure's columns with the snapshots before and after, should the event be undecided.

    What single accounts are short of stands in the place of the line's whole use.
    """
    asked = (pl.col("event") + MEASURES.index(measure)).alias("asked")
    taken = {f"value{side}": f"deficit{side}" for side in ("", "_before", "_after")}
    taken = taken if measure == ACCOUNTS else {}
    told = {name: pl.col(taken.get(name, name)) for name in (*_OWN, *_AROUND)}
    told["used"] = pl.coalesce("used", told["value"])
    return [asked, *(value.alias(name) for name, value in told.items())]


def _known(days: pl.DataFrame, figure: str) -> pl.DataFrame:
    """Dated days with the figure as demand, in order, in millionths; unnamed columns are null."""
    if figure not in days.columns:
        days = days.clear().with_columns(pl.lit(None, pl.Int64).alias(figure))
    lacking = [name for name in _FIGURES[1:] if name not in days.columns]
    none = (pl.lit(None, pl.Int64).alias(name) for name in lacking)
    known = (days.with_columns(none) if lacking else days).select(_millionths(figure))
    return known.filter(_dated()).sort("moment")


@cache
def _millionths(figure: str) -> list[pl.Expr]:
    units = dict(zip(_FIGURES, (figure, *_FIGURES[1:]), strict=True))
    return [
        *(pl.col("number"), DAY, _moment(DAY).alias("moment")),
        *((pl.col(name).cast(pl.Int128) * MICRO).alias(new) for new, name in units.items()),
        pl.col("full").fill_null(False),
    ]


@cache
def _dated() -> pl.Expr:
    return pl.col("moment").is_not_null() & pl.col("demand").is_not_null()


def _moment(day: pl.Expr) -> pl.Expr:
    """A line and a day as one whole number: in order by line, then by day."""
    return pl.col("number").cast(pl.Int64) * 2**32 + (day.to_physical() + 2**31)


def _placed(asked: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """The events with the places, in order, of the days that matter; null where the line has none.

    `last` is the last day up to the event, `at` the same where it is young enough to speak,
    `before` the last that is not, `after` the first after the event, `since` the last up to the
    window's start; its days lie from `first` to before `end`.
    """
    moments = asked.select(_ends(carry_days))
    count = pl.col("moment").search_sorted
    places = days.select(
        count(pl.lit(one), side="right").alias(one.name) for one in moments.get_columns()
    )
    return asked.hstack(places.cast(pl.Int64).select(_own()))


@cache
def _ends(carry_days: int) -> list[pl.Expr]:
    """The moments whose places tell which days are a line's own."""
    event = pl.col("event_date")
    line = pl.col("number").cast(pl.Int64) * 2**32
    return [
        line.alias("mine"),
        _moment(pl.col("window_start")).alias("start"),
        _moment(event.dt.offset_by(f"-{carry_days + 1}d")).alias("old"),
        _moment(event).alias("event"),
        (line + 2**32 - 1).alias("others"),
    ]


@cache
def _own() -> list[pl.Expr]:
    start, old, event = (pl.col(name) for name in ("start", "old", "event"))
    places = {
        "last": pl.when(event > pl.col("mine")).then(event - 1),
        "at": pl.when(event > old).then(event - 1),
        "before": pl.when(old > pl.col("mine")).then(old - 1),
        "after": pl.when(event < pl.col("others")).then(event),
        "since": pl.when(start > pl.col("mine")).then(start - 1),
    }
    return [*(place.alias(name) for name, place in places.items()),
            start.alias("first"), event.alias("end")]  # fmt: skip


def _taken(placed: pl.DataFrame, place: str, names: list[str], to: str = "") -> pl.Expr:
    """Figures of the days at a place of each event, nulls where there is none."""
    found = pl.col(names).gather(pl.lit(placed[place]), null_on_oob=True)
    return found.name.suffix(to) if to else found


def _around(placed: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The snapshot that speaks for each event, the last before its reach and the first after it."""
    found = days.select(
        _taken(placed, "at", [*_FIGURES, "full", "snapshot_date"]),
        *(_taken(placed, side, _FIGURES, f"_{side}") for side in ("before", "after")),
    )
    return placed.hstack(found.rename(_NAMED)).with_columns(_UNSAID)


_NAMED = {
    **{f"demand{side}": f"value{side}" for side in ("", "_before", "_after")},
    "snapshot_date": "measured_on",
}
_UNSAID = [pl.col("value").alias("used"), pl.lit(None, pl.Float64).alias("coverage")]


def _peak(windows: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The largest full day among those that lie, in order, between a window's two ends."""
    each = windows.select("event", place=pl.int_ranges("first", "end")).explode("place")
    full = pl.when("full").then("demand").alias("value")
    value = days.select(full.gather(pl.lit(each["place"]), null_on_oob=True))
    inside = each.hstack(value)
    largest = inside.filter(pl.col("value") == pl.col("value").max().over("event"))
    peaks = largest.unique("event", keep="first", maintain_order=True)
    found = days.select(_taken(peaks, "place", ["outside", "full", "snapshot_date"]))
    found = peaks.drop("place").hstack(found.rename({"snapshot_date": "measured_on"}))
    rest = windows.drop("value", "outside", "full", "measured_on")
    return rest.join(found, on="event", how="left", maintain_order="left")


def _average(windows: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """Running totals at both ends of each window; their difference is the window's own."""
    totals = _running(days, carry_days)
    ends = [
        one
        for place, end in (("since", "_start"), ("last", "_end"))
        for one in (
            _taken(windows, place, ["snapshot_date", "until", "full", *_TOTALS[1:]], end),
            _so_far(windows, place, end),
        )
    ]
    kept = windows.select("event_date", "window_start").hstack(totals.select(ends))
    own = kept.select(_held_in()).select(_kept()).select(_averaged())
    return windows.drop(own.columns).hstack(own)


def _so_far(windows: pl.DataFrame, place: str, end: str) -> pl.Expr:
    """Running totals at a place, or, without one, at the window's first."""
    index = pl.lit(windows[place].fill_null(windows["first"]))
    names = [f"{name}_so_far" for name in _TOTALS]
    return pl.col(names).gather(index, null_on_oob=True).name.suffix(end)


def _running(days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """Days covered and unit-days up to the eve of each snapshot; a partial day covers nothing."""
    until = days.with_columns(_until(carry_days))
    return until.with_columns(_days_held(pl.col("until"))).with_columns(_totals())


@cache
def _until(carry_days: int) -> list[pl.Expr]:
    more = pl.col("number") == pl.col("number").shift(-1)
    eve = pl.when(more).then(DAY.shift(-1)).dt.offset_by("-1d")
    until = pl.min_horizontal(DAY.dt.offset_by(f"{carry_days}d"), eve)
    return [pl.col("outside").fill_null(0), until.alias("until")]


@cache
def _totals() -> list[pl.Expr]:
    covered = pl.col("covered")
    shares = [covered, *(pl.col(name) * covered for name in _TOTALS[1:])]
    return [
        *(
            (share.cum_sum() - share).alias(f"{name}_so_far")
            for name, share in zip(_TOTALS, shares, strict=True)
        ),
    ]


def _days_held(last: pl.Expr, end: str = "") -> pl.Expr:
    """Days that a snapshot speaks for, up to a last one."""
    held = (last - pl.col(f"snapshot_date{end}")).dt.total_days() + 1
    covered = pl.when(f"full{end}").then(held).otherwise(0)
    return covered.cast(pl.Int128).alias(f"covered{end}")


@cache
def _held_in() -> list[pl.Expr]:
    """What the last snapshot before each end adds to the running total, up to that evening."""
    ends = {"_start": "window_start", "_end": "event_date"}
    held = [_days_held(pl.min_horizontal(f"until{end}", day), end) for end, day in ends.items()]
    return [
        pl.all(),
        *held,
        (pl.col("event_date") - pl.col("window_start")).dt.total_days().alias("length"),
    ]


@cache
def _kept() -> list[pl.Expr]:
    """The running total of a window's last evening less that of the evening before it begins."""
    kept = [(_total(name, "_end") - _total(name, "_start")).alias(name) for name in _TOTALS]
    return [*kept, pl.col("length")]


def _total(name: str, end: str) -> pl.Expr:
    share = pl.col(f"covered{end}")
    if name != "covered":
        share = (pl.col(f"{name}{end}") * share).fill_null(0)
    return pl.col(f"{name}_so_far{end}").fill_null(0) + share


@cache
def _averaged() -> list[pl.Expr]:
    covered = pl.col("covered")
    mean = {
        new: pl.when(covered > 0).then(half_up(pl.col(name), covered))
        for new, name in (("value", "demand"), ("outside", "outside"))
    }
    return [
        *(value.alias(name) for name, value in mean.items()),
        pl.lit(None, pl.Int128).alias("used"),
        pl.lit(None, pl.Date).alias("measured_on"),
        (covered == pl.col("length")).alias("full"),
        (covered.cast(pl.Float64) / pl.col("length")).alias("coverage"),
    ]
