"""The value that counts at an event, by every measure that an agreement can name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.money import MICRO, half_up

ACCOUNTS = "sum_of_negative_accounts"
SIDES = ("before", "after")
_FIGURES = ["demand", "deficit", "outside"]
_DAY = ["number", "snapshot_date", *_FIGURES, "full"]
_NOWHERE, _PLACE = -1, pl.get_index_type()  # the place of no day is null as a row's number
_MICRO = pl.Series([10**6], dtype=pl.Int128)


def measured(events: pl.DataFrame, days: pl.DataFrame, *, carry_days: int) -> pl.DataFrame:
    """The events with what counts by their measure: as_of, peak, average, billable,
    sum_of_negative_accounts.

    Rule (rules.md, Peaks and True Forward): as_of is the last snapshot at most `carry_days` old;
    peak the largest full day of (previous milestone, event], ties earliest; average is
    time-weighted over that window, a full day's value holding until the next snapshot and at most
    `carry_days`, to a millionth of a licence; billable is the last figure of the EA consumption
    export, on rows of `days` that have `billable`, as old as as_of may be. `number` is the line's
    in both frames, null on days of no line that is asked for; an event that is `ahead` is not
    measured. Units are whole millionths of a licence. Adds value, used (what stands against the
    base for unused value), outside, measured_on, full, coverage, and, of an event without a value,
    value and outside before and after. Measures that no row of `events` asks for are not worked
    out.
    """
    known, measure, past = _known(days, "demand"), events["measure"], ~events["ahead"]
    number, event = (as_whole(events[name]) for name in ("number", "event_date"))
    places, shown = _near(known, number, event, carry_days), known.days
    places[:, ~past.to_numpy()] = _NOWHERE
    billable = ((measure == "billable") & past).to_numpy()
    places[:, billable] = _NOWHERE
    if billable.any() and _has(days, "billable"):
        told = _known(days, "billable")
        own = _near(told, number[billable], event[billable], carry_days)
        places[:, billable] = np.where(own == _NOWHERE, own, own + shown.height)
        shown = pl.concat([shown, told.days])
    short = measure == ACCOUNTS
    found = _said(shown, places[0], short) | {"coverage": _none(pl.Float64, events.height)}
    windowed = (((measure == "peak") | (measure == "average")) & past).to_numpy()
    if windowed.any():
        start = as_whole(events["window_start"])
        window = [each[windowed] for each in (number, start, event)]
        peak = (measure == "peak").to_numpy()[windowed]
        _put(found, windowed, _over_windows(known, carry_days, *window, peak))
    around = (places[1:] != _NOWHERE).any(axis=0)
    silent = around & found["value"].is_null().to_numpy()
    return events.hstack(pl.DataFrame(found | _around(shown, places[1:], short, silent)))


def _said(days: pl.DataFrame, places: np.ndarray, short: pl.Series) -> dict[str, pl.Series]:
    """What snapshots say of events.

    What single accounts are short of stands in the place of the line's whole use.
    """
    day = _at(days, places)
    return {
        "value": day["deficit"].zip_with(short, day["demand"]), "used": day["demand"],
        "outside": day["outside"], "measured_on": day["snapshot_date"], "full": day["full"],
    }  # fmt: skip


def _around(
    days: pl.DataFrame, places: np.ndarray, short: pl.Series, silent: np.ndarray
) -> dict[str, pl.Series]:
    """What the snapshots before and after say of the events of which their own says nothing."""
    none = _none(pl.Int128, len(short))
    found = {f"{name}_{side}": none.clone() for side in SIDES for name in ("value", "outside")}
    if silent.any():
        for side, near in zip(SIDES, places, strict=True):
            said = _said(days, near[silent], short.filter(pl.Series(silent)))
            _put(found, silent, {f"{name}_{side}": said[name] for name in ("value", "outside")})
    return found


def _put(found: dict[str, pl.Series], where: np.ndarray, own: dict[str, pl.Series]) -> None:
    """Write what the rows of a mask have of their own."""
    rows = pl.Series(np.flatnonzero(where))
    for name, column in own.items():
        found[name].scatter(rows, column)


def _has(days: pl.DataFrame, figure: str) -> bool:
    return figure in days.columns and days[figure].null_count() < days.height


def _none(dtype: type[pl.DataType], height: int) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, height)


@dataclass(frozen=True)
class Known:
    """Dated days of lines that have a number, in order by line and day.

    `moments` has each one's line and day as one whole number.
    """

    days: pl.DataFrame
    moments: np.ndarray

    def until(self, number: np.ndarray, day: np.ndarray) -> np.ndarray:
        """How many come no later than a day of a line: those of other lines before it count."""
        return np.searchsorted(self.moments, _moment(number, day), side="right")

    def of(self, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The places of the first day of each line and of the one after its last."""
        starts = np.searchsorted(self.moments, np.arange(number.max(initial=0) + 2) * 2**32)
        return starts[number], starts[number + 1]


def _moment(number: np.ndarray, day: np.ndarray) -> np.ndarray:
    return number * 2**32 + (day + 2**31)


def _known(days: pl.DataFrame, figure: str) -> Known:
    """The days that have a figure; columns that they lack are null."""
    none = _none(pl.Int64, days.height)
    named = {name: days.get_column(name, default=none) for name in _DAY}
    rows = pl.DataFrame(named | {"demand": days.get_column(figure, default=none)})
    asked = ["number", "snapshot_date", "demand"]
    if rows["full"].null_count():
        rows = rows.with_columns(pl.col("full").fill_null(False))
    return in_order(rows, *asked)


def in_order(days: pl.DataFrame, *asked: str) -> Known:
    """The days that have all that is asked: the number of their line and a date at least."""
    if any(days[name].null_count() for name in asked):
        days = days.drop_nulls(asked)
    moments = _moment(as_whole(days["number"]), as_whole(days["snapshot_date"]))
    if (moments[1:] < moments[:-1]).any():
        order = np.argsort(moments, kind="stable")
        days, moments = days[order], moments[order]
    return Known(days, moments)


def as_whole(numbers: pl.Series) -> np.ndarray:
    """Numbers, or days since 1970, for numpy; none of them is null."""
    return numbers.cast(pl.Int64).to_numpy()


def _near(known: Known, number: np.ndarray, event: np.ndarray, carry_days: int) -> np.ndarray:
    """Where the snapshot is that speaks for each event, the last before its reach, the next one."""
    own, others = known.of(number)
    old, end = known.until(number, event - carry_days - 1), known.until(number, event)
    return np.array(
        [
            np.where(end > old, end - 1, _NOWHERE),
            np.where(old > own, old - 1, _NOWHERE),
            np.where(end < others, end, _NOWHERE),
        ]
    )


def _at(days: pl.DataFrame, places: np.ndarray) -> dict[str, pl.Series]:
    """The days at these places, all null nowhere, with their units in millionths."""
    found = days[pl.Series(places).cast(_PLACE, strict=False)].to_dict()
    return found | {name: found[name].cast(pl.Int128) * _MICRO for name in _FIGURES}


def _over_windows(
    known: Known,
    carry_days: int,
    number: np.ndarray,
    start: np.ndarray,
    event: np.ndarray,
    peak: np.ndarray,
) -> dict[str, pl.Series]:
    """The average or, where asked for, the peak of windows, and how much of each is covered."""
    windows = _windows(known, carry_days, number, start, event)
    ones = pl.Series(np.ones(len(windows.span), np.int64))
    covered, length = windows.sums(ones), pl.Series(event - start)
    none = _none(pl.Int128, len(peak))
    found = {
        "value": none, "outside": none.clone(),
        "measured_on": _none(pl.Date, len(peak)), "full": covered == length,
        "coverage": covered.cast(pl.Float64) / length,
    }  # fmt: skip
    if not peak.all():
        sums = {name: windows.sums(_units(known.days[name])) for name in ("demand", "outside")}
        found |= pl.DataFrame(sums | {"covered": covered}).select(_means()).to_dict()
    if peak.any():
        ends = (known.until(number, day)[peak] for day in (start, event))
        _put(found, peak, _peak(known, *ends))
    return found | {"used": found["value"]}


@dataclass(frozen=True)
class _Windows:
    """Windows among the days: up to where running totals go at their starts, then at their ends.

    `span` says how many days each snapshot speaks for in full, `at` which is the last one before an
    end of a window, `held` for how many days that one speaks up to there. One more row is no day.
    """

    span: pl.Series
    at: np.ndarray
    held: pl.Series

    def sums(self, units: pl.Series) -> pl.Series:
        """Unit-days of each window: the running total of its end less that of its start."""
        share = units * self.span
        total = (share.cum_sum() - share)[self.at] + units[self.at] * self.held
        windows = len(total) // 2
        return total[windows:] - total[:windows]


def _windows(
    known: Known, carry_days: int, number: np.ndarray, start: np.ndarray, event: np.ndarray
) -> _Windows:
    day, until, full = _spoken(known, carry_days)
    ends, lines = np.concatenate([start, event]), np.concatenate([number, number])
    place = known.until(lines, ends)
    some = place > known.of(lines)[0]
    at = place - some  # where a line has no day yet, totals begin with its first
    held = np.where(some & full[at], np.minimum(until[at], ends) - day[at] + 1, 0)
    return _Windows(pl.Series(np.where(full, until - day + 1, 0)), at, pl.Series(held))


def _spoken(known: Known, carry_days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From when to when each snapshot speaks, and whether in full; a partial day covers nothing."""
    number, day = (as_whole(known.days[name]) for name in ("number", "snapshot_date"))
    until, more = day + carry_days, np.flatnonzero(number[1:] == number[:-1])
    until[more] = np.minimum(until[more], day[more + 1] - 1)
    full = known.days["full"].to_numpy()
    return np.append(day, 0), np.append(until, 0), np.append(full, False)


def _units(figure: pl.Series) -> pl.Series:
    """Licences in numbers whose products with days are exact; none on the row that is no day."""
    known = figure.fill_null(0) if figure.null_count() else figure
    return pl.Series(np.append(known.to_numpy(), 0)).cast(pl.Int128)


@cache
def _means() -> list[pl.Expr]:
    """To a millionth of a licence, where full days cover any of the window."""
    covered = pl.col("covered").cast(pl.Int128)
    return [
        pl.when(covered > 0).then(half_up(pl.col(name) * MICRO, covered)).alias(new)
        for name, new in (("demand", "value"), ("outside", "outside"))
    ]


def within(first: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places from one to before another, window after window, and whose each of them is.

    >>> [each.tolist() for each in within(np.array([0, 5, 2]), np.array([2, 5, 3]))]
    [[0, 0, 2], [0, 1, 2]]
    """
    days = end - first
    window = np.repeat(np.arange(len(days)), days)
    return window, np.arange(len(window)) + np.repeat(first - (np.cumsum(days) - days), days)


def _peak(known: Known, first: np.ndarray, end: np.ndarray) -> dict[str, pl.Series]:
    """The largest full day among those from one place to before another, where one is full."""
    window, place = within(first, end)
    full = known.days["full"].to_numpy()[place]
    window, place = window[full], place[full]
    demand = known.days["demand"].to_numpy()[place]
    most = np.full(len(first), np.iinfo(np.int64).min)
    np.maximum.at(most, window, demand)
    largest = np.flatnonzero(demand == most[window])[::-1]  # of ties the earliest is written last
    at = np.full(len(first), _NOWHERE)
    at[window[largest]] = place[largest]
    found = _at(known.days, at)
    return {
        "value": found["demand"], "outside": found["outside"],
        "full": found["full"], "measured_on": found["snapshot_date"],
    }  # fmt: skip
