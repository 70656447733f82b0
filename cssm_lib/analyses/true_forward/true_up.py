"""What a true-up would bill beside the True Forward: the past as well, from the first over-use."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.columns import NO, filled, whole
from cssm_lib.analyses.true_forward.events import whole_months
from cssm_lib.analyses.true_forward.measure import as_whole, in_order, within
from cssm_lib.analyses.true_forward.money import CENT, MILLION, half_up, timed

_ADDED = {"over_since": pl.Date, "months_past": pl.Int128, "past": pl.Int128, "true_up": pl.Int128}
_RESTS_ON = [
    *("number", "event_date", "window_start", "months", "per", "term_months", "base"),
    *("allowance", "over", "charge", "unit_billed", "accounts", "offsets"),
]
_STOCK = ["deficit", "outside"]


def true_up(rows: pl.DataFrame, days: pl.DataFrame | None, carry_days: int) -> pl.DataFrame:
    """What a true-up would bill in place of each settled event, by `numbered` days.

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
    at = np.flatnonzero(filled(over, NO).to_numpy())
    found = _above(rows[_RESTS_ON][at], days)
    past, place = _past(found, carry_days), at[found["at"].to_numpy()]
    return pl.DataFrame([one.scatter(place, past[one.name]) for one in told])


def _above(rows: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The rows with a full day of their window above what is free, by their number `at`.

    Adds `first`, the first full day there, and `first_above`. Single accounts have no allowance and
    no base.
    """
    full = in_order(days.filter(days["full"]), "number", "snapshot_date")
    number, start, event = (as_whole(rows[name]) for name in _WINDOW)
    begin, end = full.until(number, start - 1), full.until(number, event)
    window, place = within(begin, end)
    free = whole(0).zip_with(rows["accounts"], rows["base"] + rows["allowance"])
    asked = rows[["accounts", "offsets"]].hstack([free.alias("free")])[window]
    above = np.flatnonzero(filled(_used(full.days[place], asked) > asked["free"], NO))[::-1]
    first = np.full(rows.height, -1)
    first[window[above]] = place[above]  # the first of a window is written last
    at, day = np.flatnonzero(first >= 0), full.days["snapshot_date"]
    own = {"first": day[begin[at]], "first_above": day[first[at]], "at": pl.Series(at)}
    return rows[at].hstack([one.alias(name) for name, one in own.items()])


_WINDOW = ["number", "window_start", "event_date"]


def _used(days: pl.DataFrame, rows: pl.DataFrame) -> pl.Series:
    """What counts as use on each day; days of which no stock is known have no such column."""
    stock = {name: days[name] if name in days.columns else whole(None) for name in _STOCK}
    deficit, outside = (one.cast(pl.Int128) for one in stock.values())
    owned = filled(outside.zip_with(rows["offsets"], whole(0)), whole(0))
    return deficit.zip_with(rows["accounts"], days["demand"].cast(pl.Int128) - owned) * MILLION


def _past(found: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """What the rows bill from the moment of over-use."""
    since = found.select_seq(_since(carry_days))
    time = timed(found.hstack(since))
    top, part = time["month_top"], time["month_part"]
    past = half_up(found["over"] * found["unit_billed"] * top, CENT * time["time_part"])
    told = (since["over_since"], top * MILLION // part, past, past + found["charge"])
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
