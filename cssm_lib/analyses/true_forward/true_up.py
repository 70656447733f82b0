"""What a true-up would bill beside the True Forward: the past as well, from the first over-use."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.columns import filled, whole
from cssm_lib.analyses.true_forward.events import whole_months
from cssm_lib.analyses.true_forward.money import CENT, MILLION, half_up, timed
from cssm_lib.analyses.true_forward.scope import LINE

_ADDED = {"over_since": pl.Date, "months_past": pl.Int128, "past": pl.Int128, "true_up": pl.Int128}
_RESTS_ON = [
    *("line", "event_date", "window_start", "months", "per", "term_months", "base"),
    *("allowance", "over", "charge", "unit_billed", "accounts", "offsets"),
]
_STOCK = ["deficit", "outside"]


def true_up(
    rows: pl.DataFrame, terms: pl.DataFrame, days: pl.DataFrame | None, carry_days: int
) -> pl.DataFrame:
    """What a true-up would bill in place of each settled event; `line` is a row of `terms`.

    Rule: a true-up bills from the moment of over-use, and the way to the end; a True Forward only
    the latter (rules.md, True Forward). The moment is the first full day since the milestone
    before on which use is above what is free; a line that is above on the first snapshot of its
    window counts from the window's start. Columns: over_since, months_past (millionths, counted as
    the line counts months), past and true_up (cents, each rounded once; true_up is before any
    credit), all null where nothing is over or no `days` are given.
    """
    none = [pl.Series(name, [None], dtype=kind) for name, kind in _ADDED.items()]
    told = [one.new_from_index(0, rows.height) for one in none]
    over = (rows["over"] > whole(0)) & ~rows["too_late"]
    if days is None or not over.any():
        return pl.DataFrame(told)
    at = np.flatnonzero(filled(over, pl.Series([False])).to_numpy())
    billed = rows[_RESTS_ON][at]
    first = _first_days(billed, terms, days)
    past = _past(billed[first["event"]], first, carry_days)
    place = at[first["event"].to_numpy()]
    return pl.DataFrame([one.scatter(place, past[one.name]) for one in told])


def _first_days(rows: pl.DataFrame, terms: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The first full day in the window of each row, `event`, and the first above what is free.

    Single accounts have no allowance and no base.
    """
    free = whole(0).zip_with(rows["accounts"], rows["base"] + rows["allowance"]).alias("free")
    windows = terms[LINE][rows["line"]].hstack(rows[_WINDOW]).hstack([free]).with_row_index("event")
    names = [name for name in (*LINE, *_DAY, *_STOCK) if name in days.columns]
    seen = windows.join(days[names], on=LINE)
    day = seen["snapshot_date"]
    inside = seen["full"] & (day >= seen["window_start"]) & (day <= seen["event_date"])
    known = seen.filter(inside)
    return known.hstack([_above(known)]).group_by("event").agg(_firsts())


_WINDOW = ["event_date", "window_start", "accounts", "offsets"]
_DAY = ["snapshot_date", "full", "demand"]


def _above(days: pl.DataFrame) -> pl.Series:
    """Whether use is above what is free; days of which no stock is known have no such column."""
    stock = {name: days[name] if name in days.columns else whole(None) for name in _STOCK}
    deficit, outside = (one.cast(pl.Int128) for one in stock.values())
    owned = filled(outside.zip_with(days["offsets"], whole(0)), whole(0))
    used = deficit.zip_with(days["accounts"], days["demand"].cast(pl.Int128) - owned)
    return (used * MILLION > days["free"]).alias("above")


@cache
def _firsts() -> list[pl.Expr]:
    day = pl.col("snapshot_date")
    return [day.min().alias("first"), day.filter("above").min().alias("first_above")]


def _past(rows: pl.DataFrame, first: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """What the rows bill from the moment of over-use, null where no day above is known."""
    found = rows.hstack(first[["first", "first_above"]])
    since = found.select_seq(_since(carry_days))
    time = timed(found.hstack(since))
    top, part = time["month_top"], time["month_part"]
    past = half_up(rows["over"] * rows["unit_billed"] * top, CENT * time["time_part"])
    told = (since["over_since"], top * MILLION // part, past, past + rows["charge"])
    return pl.DataFrame([one.alias(name) for name, one in zip(_ADDED, told, strict=True)])


@cache
def _since(carry_days: int) -> list[pl.Expr]:
    """The moment of over-use, and the time from there to the event."""
    start, first, event = (pl.col(name) for name in ("window_start", "first", "event_date"))
    early = start.dt.offset_by(f"{carry_days}d") >= first
    from_start = early & (first == pl.col("first_above"))
    since = pl.when(from_start).then(start).otherwise("first_above")
    return [
        since.alias("over_since"),
        whole_months(since, event).alias("months_left"),
        (event - since).dt.total_days().alias("days_left"),
    ]
