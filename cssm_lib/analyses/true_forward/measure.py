"""The value that counts at an event, by every measure that an agreement can name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.money import MICRO, half_up

ACCOUNTS = "sum_of_negative_accounts"
MEASURES = ("as_of", "peak", "average", "billable", ACCOUNTS)
_FIGURES = ["demand", "deficit", "outside"]
_SIDES = ("", "_before", "_after")
_FIRST, _LAST = -(2**31), 2**31 - 1  # no day lies beyond these


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
    full, coverage, and value and outside before and after. Measures that no row of `events` asks
    for are not worked out.
    """
    past = ~events["ahead"].to_numpy()
    if past.all():
        return events.hstack(_values(events, days, carry_days))
    values = _values(events.filter(past), days, carry_days)
    row = pl.lit(pl.Series(np.where(past, np.cumsum(past) - 1, values.height)))
    return events.hstack(values.select(pl.all().gather(row, null_on_oob=True)))


def _values(events: pl.DataFrame, days: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """What counts at each event; should it be undecided, the snapshots before and after too.

    What single accounts are short of stands in the place of the line's whole use.
    """
    known = _known(days, "demand")
    billable, short = (events["measure"] == name for name in ("billable", ACCOUNTS))
    near = _near(events, known, carry_days)
    if billable.any():
        told = _near(events, _known(days, "billable"), carry_days)
        near = {name: told[name].zip_with(billable, own) for name, own in near.items()}
    value = {side: near[f"deficit{side}"].zip_with(short, near[f"demand{side}"]) for side in _SIDES}
    found = {
        "value": value[""], "used": near["demand"], "outside": near["outside"],
        "measured_on": near["snapshot_date"], "full": near["full"],
        "coverage": pl.Series([None], dtype=pl.Float64).new_from_index(0, events.height),
        "value_before": value["_before"], "value_after": value["_after"],
        "outside_before": near["outside_before"], "outside_after": near["outside_after"],
    }  # fmt: skip
    windowed = (events["measure"] == "peak") | (events["measure"] == "average")
    if windowed.any():
        rows = np.flatnonzero(windowed.to_numpy())
        for name, own in _over_windows(events.filter(windowed), known, carry_days).items():
            found[name] = found[name].scatter(rows, own)
    return pl.DataFrame(found)


@dataclass(frozen=True)
class _Known:
    """Dated days that have a figure, as `demand`, in order by line and day.

    `moments` has each one's line and day as one whole number.
    """

    rows: pl.DataFrame
    moments: np.ndarray

    def until(self, number: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """How many come no later than a day of a line: those of other lines before it count."""
        return np.searchsorted(self.moments, _moment(number, day), side="right")

    def taken(self, places: np.ndarray, names: list[str], to: str = "") -> pl.Expr:
        """Columns at places of the days, null where there is none."""
        return pl.col(names).gather(pl.lit(pl.Series(places)), null_on_oob=True).name.suffix(to)


def _moment(number: np.ndarray, day: np.ndarray | int) -> np.ndarray:
    return number * 2**32 + (day - _FIRST)


def _known(days: pl.DataFrame, figure: str) -> _Known:
    """The days that have a figure; columns that they lack are null."""
    none = pl.Series([None], dtype=pl.Int64).new_from_index(0, days.height)
    names = dict(zip(_FIGURES, (figure, *_FIGURES[1:]), strict=True))
    columns = {new: days.get_column(name, default=none) for new, name in names.items()}
    columns |= {name: days[name] for name in ("number", "snapshot_date", "full")}
    rows = pl.DataFrame(columns)
    if columns["demand"].null_count() or columns["snapshot_date"].null_count():
        rows = rows.drop_nulls(["demand", "snapshot_date"])
    if columns["full"].null_count():
        rows = rows.with_columns(pl.col("full").fill_null(False))
    moments = _moment(_whole(rows["number"]), _whole(rows["snapshot_date"]))
    if (moments[1:] < moments[:-1]).any():
        order = np.argsort(moments, kind="stable")
        rows, moments = rows[order], moments[order]
    return _Known(rows, moments)


def _whole(numbers: pl.Series) -> np.ndarray:
    """Numbers, or days since 1970, for numpy; none of them is null."""
    return numbers.cast(pl.Int64).to_numpy()


def _near(events: pl.DataFrame, known: _Known, carry_days: int) -> dict[str, pl.Series]:
    """The snapshot that speaks for each event, the last before its reach and the first after it."""
    number, event = _whole(events["number"]), _whole(events["event_date"])
    own, others = known.until(number, _FIRST), known.until(number, _LAST)
    old, end = known.until(number, event - carry_days - 1), known.until(number, event)
    nowhere = known.rows.height
    at = {
        "": np.where(end > old, end - 1, nowhere),
        "_before": np.where(old > own, old - 1, nowhere),
        "_after": np.where(end < others, end, nowhere),
    }
    figures = (known.taken(at[side], _FIGURES, side).cast(pl.Int128) * MICRO for side in _SIDES)
    found = known.rows.select(*figures, known.taken(at[""], ["full", "snapshot_date"]))
    return found.to_dict()


def _over_windows(events: pl.DataFrame, known: _Known, carry_days: int) -> dict[str, pl.Series]:
    """The average or peak of each event's window, and how much of it full days cover."""
    window = [_whole(events[name]) for name in ("number", "window_start", "event_date")]
    found, peak = _average(known, carry_days, *window), (events["measure"] == "peak").to_numpy()
    if peak.any():
        largest, rows = _peak(known, *(each[peak] for each in window)), np.flatnonzero(peak)
        found |= {name: found[name].scatter(rows, own) for name, own in largest.items()}
    return found | {"used": found["value"]}


def _average(
    known: _Known, carry_days: int, number: np.ndarray, start: np.ndarray, event: np.ndarray
) -> dict[str, pl.Series]:
    """Running totals at both ends of each window; their difference is the window's own."""
    day, until = _spoken(known, carry_days)
    full = np.append(known.rows["full"].to_numpy(), False)
    # where a line has no day yet the next place is its first, or that of no day
    ends, lines = np.concatenate([start, event]), np.concatenate([number, number])
    place = known.until(lines, ends)
    some = place > known.until(lines, _FIRST)
    at = place - some
    held = np.where(some & full[at], np.minimum(until[at], ends) - day[at] + 1, 0)
    span, both = np.where(full, until - day + 1, 0), len(start)
    spent = (np.cumsum(span) - span)[at] + held
    covered, length = spent[both:] - spent[:both], event - start
    sums = {"covered": _large(covered)}
    for name in ("demand", "outside"):
        units = _large(np.append(_filled(known.rows[name]), 0))
        share = units * _large(span)
        total = (share.cum_sum() - share)[at] + units[at] * _large(held)
        sums[name] = total[both:] - total[:both]
    return pl.DataFrame(sums).select(_means()).to_dict() | {
        "measured_on": pl.Series([None], dtype=pl.Date).new_from_index(0, both),
        "full": pl.Series(covered == length),
        "coverage": pl.Series(covered / length),
    }


@cache
def _means() -> list[pl.Expr]:
    mean = {
        new: half_up(pl.col(name) * MICRO, pl.col("covered"))
        for new, name in (("value", "demand"), ("outside", "outside"))
    }
    return [pl.when(pl.col("covered") > 0).then(one).alias(name) for name, one in mean.items()]


def _spoken(known: _Known, carry_days: int) -> tuple[np.ndarray, np.ndarray]:
    """From when to when each snapshot speaks, in days; and one more, which is none."""
    number, day = (_whole(known.rows[name]) for name in ("number", "snapshot_date"))
    until = day + carry_days
    eve = np.where(number[1:] == number[:-1], day[1:] - 1, _LAST)
    until[:-1] = np.minimum(until[:-1], eve)
    return np.append(day, 0), np.append(until, 0)


def _filled(units: pl.Series) -> np.ndarray:
    return (units.fill_null(0) if units.null_count() else units).to_numpy()


def _large(numbers: np.ndarray) -> pl.Series:
    """Whole numbers whose products are exact."""
    return pl.Series(numbers).cast(pl.Int128)


def _peak(
    known: _Known, number: np.ndarray, start: np.ndarray, event: np.ndarray
) -> dict[str, pl.Series]:
    """The largest full day of each window; nothing where none is full."""
    first, end = known.until(number, start), known.until(number, event)
    days = end - first
    window = np.repeat(np.arange(len(days)), days)
    place = np.arange(len(window)) + np.repeat(first - (np.cumsum(days) - days), days)
    full = known.rows["full"].to_numpy()[place]
    window, place = window[full], place[full]
    demand = known.rows["demand"].to_numpy()[place]
    most = np.full(len(days), np.iinfo(np.int64).min)
    np.maximum.at(most, window, demand)
    largest = np.flatnonzero(demand == most[window])[::-1]  # of ties the earliest is written last
    at = np.full(len(days), known.rows.height)
    at[window[largest]] = place[largest]
    units = known.taken(at, ["demand", "outside"]).cast(pl.Int128) * MICRO
    found = known.rows.select(units, known.taken(at, ["full", "snapshot_date"])).to_dict()
    return {
        "value": found["demand"], "outside": found["outside"],
        "full": found["full"], "measured_on": found["snapshot_date"],
    }  # fmt: skip
