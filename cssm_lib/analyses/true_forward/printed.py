"""Settled events as the rows that are printed: doubt, kind and outcome in words, exact decimals."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.columns import NO, filled, first_of, known, whole, word
from cssm_lib.analyses.true_forward.measure import SIDES
from cssm_lib.analyses.true_forward.money import MICRO, MILLION, decimal, half_up
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.analyses.true_forward.settled import NOTHING, valued
from cssm_lib.schema import ANSWERS


def printed(settled: pl.DataFrame, terms: pl.DataFrame, beside: pl.DataFrame) -> pl.DataFrame:
    """The table true_forward of settled events, `line` a row of `terms`.

    Each event has one row by the agreement's own way with outside stock, `other` is the other
    way's charge; `beside` is what a true-up would bill. The rows are those of one line after the
    other, month after month.
    """
    rows = told(settled, beside)
    lines = terms.select_seq(_of_line())[rows["line"]]
    return ANSWERS["true_forward"].shaped(lines.hstack(rows))


def told(settled: pl.DataFrame, beside: pl.DataFrame) -> pl.DataFrame:
    """What a row of each event says of it in words and decimals; of its line the number, `line`."""
    events = _doubted(settled).hstack(beside)
    shown, rows = _shown(events), events[_PRINTED]
    if not shown.all():
        rows = rows.filter(shown)
    said = _words(rows) | _figures(rows)
    return rows[_TAKEN].hstack([one.alias(name) for name, one in said.items()])


def counted(rows: pl.DataFrame, off: pl.Series, side: str = "") -> pl.Series:
    """What stands against the base: outside stock is taken off where the way says so."""
    outside = rows[f"outside{side}"].zip_with(off & ~rows["accounts"], NOTHING)
    return (rows[f"value{side}"] - filled(outside, NOTHING)).alias("counted")


def _doubted(rows: pl.DataFrame) -> pl.DataFrame:
    """The events with what is not known of them and of those before: most agreements lack nothing.

    Adds undecided, uncertain (the first undecided event before: it left the base as it was), blind
    (a line of its suite is undecided) and what undecided events would charge by the snapshots
    before and after them.
    """
    silent = rows["over"].is_null() & ~rows["ahead"]
    if not silent.any():
        none, no = (one.new_from_index(0, rows.height) for one in (whole(None), NO))
        sides = [none.alias(f"charge_if_{side}") for side in SIDES]
        uncertain = rows["open_since"].alias("uncertain")
        return rows.hstack([*sides, no.alias("undecided"), no.alias("blind"), uncertain])
    told = _around(rows, silent)
    told |= {"uncertain": _uncertain(rows, told["undecided"]), "blind": _blind(rows, silent)}
    return rows.hstack([one.alias(name) for name, one in told.items()])


def _around(rows: pl.DataFrame, silent: pl.Series) -> dict[str, pl.Series]:
    """Which silent events are undecided, and what they would charge by the snapshots around them.

    An early event without a value is open only where a neighbouring one would be charged.
    """
    at = np.flatnonzero(silent.to_numpy())
    asked = rows[_RESTS_ON][at]
    near = pl.concat([counted(asked, asked["offsets"], f"_{side}") for side in SIDES])
    over, charge, *_ = valued(pl.concat([asked, asked]).hstack([near]))
    charges, none = filled(over > NOTHING, NO), whole(None).new_from_index(0, rows.height)
    open_ = ~asked["early"] | charges.head(at.size) | charges.tail(at.size)
    return {
        "undecided": silent.clone().scatter(at, open_),
        "charge_if_before": none.clone().scatter(at, charge.head(at.size)),
        "charge_if_after": none.clone().scatter(at, charge.tail(at.size)),
    }


_RESTS_ON = [
    *("base", "used", "owed", "free_to", "cap", "beyond_allowance", "billed_time", "priced_time"),
    *("cent", "early", "accounts", "offsets"),
    *("value_before", "value_after", "outside_before", "outside_after"),
]


def _uncertain(rows: pl.DataFrame, undecided: pl.Series) -> pl.Series:
    """The first undecided event before each event, which stand line by line in their order."""
    day, line = rows["event_date"], rows["line"]
    left = np.flatnonzero((undecided & ~rows["too_late"]).to_numpy())
    lines, first = np.unique(line.to_numpy()[left], return_index=True)
    none = pl.Series([None], dtype=pl.Date)
    own = none.new_from_index(0, line.max() + 1).scatter(lines, day[left[first]])[line]
    before = rows["open_since"]
    since = filled(before.zip_with(before < own, own), before)
    return since.zip_with(day > since, none)


def _blind(rows: pl.DataFrame, silent: pl.Series) -> pl.Series:
    """Where the credit of a line's suite lacks an undecided line."""
    group, month, at = (one.to_numpy() for one in (rows["group"], rows["month"], silent))
    lacking = np.zeros((group.max() + 1, month.max() + 1), dtype=bool)
    lacking[group[at], month[at]] = True
    return pl.Series(lacking[group, month]) & rows["shifts"]


def _shown(rows: pl.DataFrame) -> pl.Series:
    """Early events have a row only where they charge, may charge, or give value to their suite."""
    charges = filled(rows["over"] > NOTHING, NO)
    gives = filled(rows["residual"] > NOTHING, NO) & (rows["shift"] > NOTHING)
    return ~rows["early"] | rows["ahead"] | rows["undecided"] | charges | gives


@cache
def _of_line() -> list[pl.Expr]:
    """What a line says of itself on each of its rows."""
    words = [pl.col(name).list.join(" + ").replace("", None) for name in ("licenses", "tags")]
    return [
        *(pl.col(name) for name in (*LINE, "reading", "measure", "support_price")),
        *(pl.col(name) for name in ("price_basis", "list_date", "per", "currency")),
        pl.concat_str(*words, "metric", separator=" + ", ignore_nulls=True).alias("licenses"),
        decimal(half_up(pl.col("unit_price"), MICRO), 10**6).alias("price"),
    ]


_PRINTED = [
    *("line", "month", "event_date", "measure", "ahead", "early", "too_late", "blind", "uncertain"),
    *("value", "outside", "measured_on", "full", "coverage", "base", "allowance", "over"),
    *("month_top", "month_part", "offsets", "charge", "other", "credit", "spent", "residual"),
    *("next_base", "charge_if_before", "charge_if_after"),
    *("over_since", "months_past", "past", "true_up"),
]
_TAKEN = ["line", "event_date", "measured_on", "coverage", "over_since"]
_UNITS = {"measured": "value"} | {
    name: name for name in ("base", "outside", "allowance", "over", "next_base", "months_past")
}
_MONEY = {"credit_given": "spent"} | {
    name: name
    for name in ("charge", "credit", "charge_if_before", "charge_if_after", "past", "true_up")
}


def _figures(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """Whole numbers as the decimals that are printed."""
    charge, other, offsets = rows["charge"], rows["other"], rows["offsets"]
    money = {name: rows[figure] for name, figure in _MONEY.items()} | {
        "credit_unused": rows["residual"] - rows["spent"],
        "net": charge - rows["credit"],
        "charge_if_ignored": other.zip_with(offsets, charge),
        "charge_if_offset": charge.zip_with(offsets, other),
    }
    units = {name: rows[figure] for name, figure in _UNITS.items()} | {
        "months": half_up(rows["month_top"] * MILLION, rows["month_part"]),
    }
    return _decimals(money, 100) | _decimals(units, 10**6)


def _decimals(figures: dict[str, pl.Series], parts: int) -> dict[str, pl.Series]:
    """Columns of one height as decimals, all in one go."""
    height = next(iter(figures.values())).len()
    told = {name: one for name, one in figures.items() if one.null_count() < height}
    exact = decimal(pl.concat([whole(None), *told.values()]), parts)
    made = {name: exact.slice(1 + n * height, height) for n, name in enumerate(told)}
    none = exact.new_from_index(0, height)
    return {name: made.get(name, none) for name in figures}


def _words(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """The kind of event and the outcome in words."""
    kind = first_of(
        (rows["too_late"], word("last twelve months")),
        (rows["early"], word("early")),
        (rows["month"] % 12 != 0, word("quarterly")),
        otherwise=word("milestone"),
    )
    outcome, uncertain = _outcome(rows), rows["uncertain"]
    if uncertain.null_count() < rows.height:
        doubt = word("; base uncertain since ") + uncertain.dt.to_string("%Y-%m-%d")
        outcome = (outcome + doubt).zip_with(known(uncertain), outcome)
    return {"event": kind, "outcome": outcome, "complete": rows["full"]}


def _outcome(rows: pl.DataFrame) -> pl.Series:
    over = rows["over"] > NOTHING
    return first_of(
        (rows["ahead"], word("ahead")),
        (over & rows["too_late"], word("new agreement or separate licences")),
        (over & rows["blind"], word("charged; credit without an undecided line of the suite")),
        (over, word("charged")),
        (known(over), word("none due")),
        (rows["measure"] == "billable", word("undecided: the EA consumption report is needed")),
        otherwise=word("undecided"),
    )
