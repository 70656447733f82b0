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
    base for unused value), outside, measured_on, full, coverage, and value and outside before and
    after. Measures that no row of `events` asks for are not worked out.
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
    known, measure = _known(days, "demand"), events["measure"]
    near = _near(events, known, carry_days)
    billable, short = measure == "billable", measure == ACCOUNTS
    if billable.any():
        told = _near(events.filter(billable), _known(days, "billable"), carry_days)
        _put(near, billable, told)
    value = {side: near[f"deficit{side}"].zip_with(short, near[f"demand{side}"]) for side in _SIDES}
    found = {
        "value": value[""], "used": near["demand"], "outside": near["outside"],
        "measured_on": near["snapshot_date"], "full": near["full"],
        "coverage": _none(pl.Float64, events.height),
        "value_before": value["_before"], "value_after": value["_after"],
        "outside_before": near["outside_before"], "outside_after": near["outside_after"],
    }  # fmt: skip
    windowed = (measure == "peak") | (measure == "average")
    if windowed.any():
        _put(found, windowed, _over_windows(events.filter(windowed), known, carry_days))
    return pl.DataFrame(found)


def _put(found: dict[str, pl.Series], where: pl.Series, own: dict[str, pl.Series]) -> None:
    """Write what the rows of a mask have of their own."""
    rows = pl.Series(np.flatnonzero(where.to_numpy()))
    for name, column in own.items():
        found[name].scatter(rows, column)


def _none(dtype: type[pl.DataType], height: int) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, height)


@dataclass(frozen=True)
class _Known:
    """Dated days that have a figure, as `demand`, in order by line and day.

    `moments` has each one's line and day as one whole number.
    """

    rows: pl.DataFrame
    moments: np.ndarray

    def until(self, number: np.ndarray, day: np.ndarray) -> np.ndarray:
        """How many come no later than a day of a line: those of other lines before it count."""
        return np.searchsorted(self.moments, _moment(number, day), side="right")

    def of(self, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The places of the first day of each line and of the one after its last."""
        starts = np.searchsorted(self.moments, np.arange(number.max(initial=0) + 2) * 2**32)
        return starts[number], starts[number + 1]

    def taken(self, places: np.ndarray, names: list[str], to: str = "") -> pl.Expr:
        """Columns at places of the days, null where there is none."""
        return pl.col(names).gather(pl.lit(pl.Series(places)), null_on_oob=True).name.suffix(to)


def _moment(number: np.ndarray, day: np.ndarray) -> np.ndarray:
    return number * 2**32 + (day + 2**31)


def _known(days: pl.DataFrame, figure: str) -> _Known:
    """The days that have a figure; columns that they lack are null."""
    none = _none(pl.Int64, days.height)
    names = dict(zip(_FIGURES, (figure, *_FIGURES[1:]), strict=True))
    columns = {new: days.get_column(name, default=none) for new, name in names.items()}
    columns |= {name: days[name] for name in ("number", "snapshot_date", "full")}
    rows = pl.DataFrame(columns)
    asked = ["number", "snapshot_date", "demand"]
    if any(columns[name].null_count() for name in asked):
        rows = rows.drop_nulls(asked)
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
    (own, others), nowhere = known.of(number), known.rows.height
    old, end = known.until(number, event - carry_days - 1), known.until(number, event)
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
    number = _whole(events["number"])
    start, event = (_whole(events[name]) for name in ("window_start", "event_date"))
    windows = _windows(known, carry_days, number, start, event)
    ones = pl.Series(np.ones(len(windows.span), np.int64))
    covered, length = windows.sums(ones), pl.Series(event - start)
    peak = events["measure"] == "peak"
    none = _none(pl.Int128, events.height)
    found = {
        "value": none, "outside": none.clone(),
        "measured_on": _none(pl.Date, events.height), "full": covered == length,
        "coverage": covered.cast(pl.Float64) / length,
    }  # fmt: skip
    if not peak.all():
        sums = {name: windows.sums(_units(known.rows[name])) for name in ("demand", "outside")}
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
    known: _Known, carry_days: int, number: np.ndarray, start: np.ndarray, event: np.ndarray
) -> _Windows:
    day, until, full = _spoken(known, carry_days)
    ends, lines = np.concatenate([start, event]), np.concatenate([number, number])
    place = known.until(lines, ends)
    some = place > known.of(lines)[0]
    at = place - some  # where a line has no day yet, totals begin with its first
    held = np.where(some & full[at], np.minimum(until[at], ends) - day[at] + 1, 0)
    return _Windows(pl.Series(np.where(full, until - day + 1, 0)), at, pl.Series(held))


def _spoken(known: _Known, carry_days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From when to when each snapshot speaks, and whether in full; a partial day covers nothing."""
    number, day = (_whole(known.rows[name]) for name in ("number", "snapshot_date"))
    until, more = day + carry_days, np.flatnonzero(number[1:] == number[:-1])
    until[more] = np.minimum(until[more], day[more + 1] - 1)
    full = known.rows["full"].to_numpy()
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


def _peak(known: _Known, first: np.ndarray, end: np.ndarray) -> dict[str, pl.Series]:
    """The largest full day among those from one place to before another, where one is full."""
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
    found = known.rows.select(units, known.taken(at, ["full", "snapshot_date"]))
    return found.rename({"demand": "value", "snapshot_date": "measured_on"}).to_dict()
