"""The value that counts at an event, by every measure that an agreement can name."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.true_forward.money import MICRO, half_up
from cssm_lib.analyses.true_forward.scope import LINE

EVENT = [*LINE, "month", "window_months"]
OF_DAY = ["snapshot_date", "demand", "deficit", "outside", "full"]
ACCOUNTS = "sum_of_negative_accounts"


def measured(events: pl.DataFrame, days: pl.DataFrame, *, carry_days: int) -> pl.DataFrame:
    """One row per event of a line and measure: as_of, peak, average, sum_of_negative_accounts,
    billable.

    Rule (rules.md, Peaks and True Forward): as_of is the last snapshot at most `carry_days` old;
    peak the largest full day of (previous milestone, event], ties earliest; average is
    time-weighted over that window, a full day's value holding until the next snapshot and at most
    `carry_days`, to a millionth of a licence; billable is the last figure of the EA consumption
    export, on rows of `days` that have `billable`, as old as as_of may be. Units are whole
    millionths of a licence. Columns: value, used (what stands against the base for unused value),
    outside, measured_on, full, coverage, and value and outside before and after. Measures that no
    row of `events` asks for are not worked out.
    """
    named = set(events["measure"].unique())
    billable = _known(days, "billable") if "billable" in named else None
    days = _known(days, "demand")
    asked = events.select(*EVENT, "event_date", "window_start").unique(EVENT)
    near = _snapshots_around(asked, days, carry_days)
    frames = [_shaped(near, "as_of", near)]
    if ACCOUNTS in named:
        frames.append(_shaped(near.with_columns(value=pl.col("deficit")), ACCOUNTS, near))
    if billable is not None:
        billed = _snapshots_around(asked, billable, carry_days)
        frames.append(_shaped(billed, "billable", billed))
    over_time = events.filter(pl.col("measure").is_in(["peak", "average"]))
    if over_time.height:
        asked = asked.join(over_time.select(EVENT).unique(), on=EVENT, how="semi")
        window = _average(asked, days, carry_days)
        peaks = _peak(asked, days).join(window.select(*EVENT, "coverage"), on=EVENT)
        frames += [_shaped(peaks, "peak", near), _shaped(window, "average", near)]
    return pl.concat(frames)


def _known(days: pl.DataFrame, figure: str) -> pl.DataFrame:
    """Dated days with the figure as demand, in order, in millionths; unnamed columns are null."""
    lacking = [name for name in ("deficit", "outside", figure) if name not in days.columns]
    micro = [
        (pl.col(name).cast(pl.Int128) * MICRO).alias(name)
        for name in ("demand", "deficit", "outside")
    ]
    return (
        days.with_columns(pl.lit(None, pl.Int64).alias(name) for name in lacking)
        .with_columns(demand=figure)
        .filter(pl.col("snapshot_date").is_not_null() & pl.col("demand").is_not_null())
        .select(*LINE, "snapshot_date", *micro, pl.col("full").fill_null(False))
        .sort("snapshot_date")
    )


def _shaped(frame: pl.DataFrame, measure: str, near: pl.DataFrame) -> pl.DataFrame:
    """A measure's rows with the snapshots before and after, should the event be undecided."""
    around = near.select(
        *EVENT,
        *(
            pl.col(f"{'deficit' if measure == ACCOUNTS else 'demand'}_{side}").alias(
                f"value_{side}"
            )
            for side in ("before", "after")
        ),
        "outside_before",
        "outside_after",
    )
    own = ["value", "used", "outside", "measured_on", "full", "coverage"]
    return (
        frame.select(*EVENT, *own)
        .join(around, on=EVENT)
        .with_columns(pl.lit(measure).alias("measure"), pl.col("used").fill_null(pl.col("value")))
    )


def _snapshots_around(asked: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """The snapshot that speaks for each event, the last before its reach and the first after it."""
    reach = pl.col("event_date").dt.offset_by(f"-{carry_days}d")
    found = asked.with_columns(
        at=pl.col("event_date"), before=reach.dt.offset_by("-1d"),
        after=pl.col("event_date").dt.offset_by("1d"),
    )  # fmt: skip
    for side in ("at", "before", "after"):
        found = _nearest(found, days, side)
    speaks = pl.col("snapshot_date_at") >= reach
    return found.with_columns(
        pl.when(speaks).then(pl.col(f"{name}_at")).alias(alias)
        for name, alias in (
            ("demand", "value"), ("demand", "used"), ("deficit", "deficit"),
            ("outside", "outside"), ("snapshot_date", "measured_on"), ("full", "full"),
        )
    ).with_columns(coverage=pl.lit(None, pl.Float64))  # fmt: skip


def _nearest(found: pl.DataFrame, days: pl.DataFrame, side: str) -> pl.DataFrame:
    named = days.with_columns(day=pl.col("snapshot_date")).rename(
        {name: f"{name}_{side}" for name in OF_DAY}
    )
    return found.sort(side).join_asof(
        named,
        left_on=side,
        right_on="day",
        by=LINE,
        strategy="forward" if side == "after" else "backward",
        check_sortedness=False,
    ).drop("day")  # fmt: skip


def _peak(asked: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Windows of one length never overlap: a full day finds its event by nearness."""
    ahead = asked.sort("event_date")
    kinds = ahead.select("window_months").unique()
    inside = (
        days.filter("full")
        .join(kinds, how="cross", maintain_order="left")
        .join_asof(
            ahead, left_on="snapshot_date", right_on="event_date", by=[*LINE, "window_months"],
            strategy="forward", check_sortedness=False,
        )
        .filter(pl.col("snapshot_date") > pl.col("window_start"))
    )  # fmt: skip
    peaks = (
        inside.sort("demand", "snapshot_date", descending=[True, False])
        .group_by(EVENT, maintain_order=True)
        .agg(
            pl.col("demand").first().alias("value"),
            pl.col("outside").first(),
            pl.col("snapshot_date").first().alias("measured_on"),
            pl.lit(True).alias("full"),
        )
    )
    return asked.select(EVENT).join(peaks, on=EVENT, how="left").with_columns(used=pl.col("value"))


def _average(asked: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """Running totals at both ends of each window; their difference is the window's own."""
    totals = _running(days, carry_days)
    ends = asked.with_columns(window_end=pl.col("event_date"))
    for side in ("window_start", "window_end"):
        ends = _total_at(ends, totals, side)
    kept = {
        name: pl.col(f"{name}_window_end") - pl.col(f"{name}_window_start")
        for name in ("covered", "demand", "outside")
    }
    length = (pl.col("event_date") - pl.col("window_start")).dt.total_days()
    value = pl.when(kept["covered"] > 0).then(half_up(kept["demand"], kept["covered"]))
    owned = pl.when(kept["covered"] > 0).then(half_up(kept["outside"], kept["covered"]))
    return ends.with_columns(
        value=value, used=value, outside=owned, measured_on=pl.lit(None, pl.Date),
        full=kept["covered"] == length, coverage=kept["covered"].cast(pl.Float64) / length,
    )  # fmt: skip


def _running(days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """Days covered and unit-days up to the eve of each snapshot; a partial day covers nothing."""
    next_day = pl.col("snapshot_date").shift(-1).over(LINE)
    reach = pl.col("snapshot_date").dt.offset_by(f"{carry_days}d")
    held = (
        days.with_columns(pl.col("outside").fill_null(0))
        .with_columns(until=pl.min_horizontal(reach, next_day.dt.offset_by("-1d")))
        .with_columns(weight=_days_held(pl.col("until")))
    )
    sums = {"covered": pl.col("weight"), **{
        name: pl.col(name) * pl.col("weight") for name in ("demand", "outside")
    }}  # fmt: skip
    return held.with_columns(
        (share.cum_sum().over(LINE) - share).alias(f"{name}_so_far")
        for name, share in sums.items()
    ).with_columns(day=pl.col("snapshot_date"))  # fmt: skip


def _days_held(last: pl.Expr) -> pl.Expr:
    held = (last - pl.col("snapshot_date")).dt.total_days() + 1
    return pl.when("full").then(held).otherwise(0).cast(pl.Int128)


def _total_at(ends: pl.DataFrame, totals: pl.DataFrame, side: str) -> pl.DataFrame:
    """The running totals on the evening of a day."""
    here = ends.sort(side).join_asof(
        totals, left_on=side, right_on="day", by=LINE, check_sortedness=False
    )
    held = _days_held(pl.min_horizontal("until", side))
    sums = {"covered": held, "demand": pl.col("demand") * held, "outside": pl.col("outside") * held}
    return here.select(
        *ends.columns,
        *(
            (pl.col(f"{name}_so_far") + share).fill_null(0).alias(f"{name}_{side}")
            for name, share in sums.items()
        ),
    )
