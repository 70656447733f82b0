"""What an agreement bills at each of its events, line by line and reading by reading."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.columns import filled, whole
from cssm_lib.analyses.true_forward.events import DATED, dated, numbered
from cssm_lib.analyses.true_forward.measure import ACCOUNTS, measured
from cssm_lib.analyses.true_forward.money import (
    CENT,
    MILLION,
    PARTS,
    half_up,
    micro,
    priced,
    refuse_overflow,
    timed,
)
from cssm_lib.analyses.true_forward.printed import counted, printed
from cssm_lib.analyses.true_forward.settled import NOTHING, RESTS_ON, settled
from cssm_lib.analyses.true_forward.true_up import true_up
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS


def true_forward(
    lines: pl.DataFrame, days: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per line of an agreement, event and reading: what is measured, charged, credited.

    Rule: facts/rules.md, True Forward; each contested point is a column of `lines` (measure,
    allowance, charged, credit, ratchet, early_events, months, shift_consumes, outside_stock; what
    `completed` adds where it is missing), so `lines` may hold a line once per `reading`. `days` has
    agreement, suite, sku, snapshot_date, demand, deficit, outside (null: none seen), full, and
    perhaps billable. Snapshots after `as_of` are not used; without `as_of` all are. Units:
    licences, months, money in the line's currency, each figure rounded to cents once. Columns:
    ANSWERS["true_forward"]. The choices that rules.md leaves:

    - outside stock is taken off the measured value before it is set against the base; the allowance
      is a share of the agreement's own entitlement, and the base moves to what the agreement
      covers;
    - `sum_of_negative_accounts` is over-use as it stands: no allowance, no outside stock, base +
      over next, and a line with such over-use has no unused value;
    - an early event is no milestone: windows run from one annual milestone to the next. Lines below
      their cap give no row, but their unused value still offsets their suite's charge, with a row;
    - a last event with too few months left states the units over and charges 0;
    - `credit = "none"` credits 0, and `credit_unused` states what the missing clause is worth.

    Raises ConfigError where an amount would leave the range that is exact.

    >>> from cssm_lib.rules import load_rules
    >>> true_forward(pl.DataFrame(), pl.DataFrame(), as_of=None, rules=load_rules()).height
    0
    """
    if lines.is_empty():
        return ANSWERS["true_forward"].empty()
    terms = completed(lines, rules)
    when = dated(terms.select(DATED))
    seen = measured_events(when, numbered(days, when), as_of=as_of, rules=rules)
    return billed(terms, seen, rules)


def completed(lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The lines with the settings that they leave to the rule pack."""
    lacking = {
        name: pl.lit(value, dtype)
        for name, (value, dtype) in _shipped(rules).items()
        if name not in lines.columns or lines[name].null_count()
    }
    if not lacking:
        return lines
    return lines.with_columns(
        pl.coalesce(name, value) if name in lines.columns else value.alias(name)
        for name, value in lacking.items()
    )


def _shipped(rules: Rules) -> dict[str, tuple[Any, Any]]:
    shares = ("initial_cap", "standard_cap")
    return {
        "reading": ("contract", pl.String),
        "allowance_from_month": (0, pl.Int64),
        "price_from": ("by_commitment", pl.String),
        "last_months": (rules["true_forward.last_months"], pl.Int64),
        **{name: (Decimal(str(rules[f"true_forward.{name}"])), PARTS) for name in shares},
    }


def measured_events(
    events: pl.DataFrame, days: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """Events of lines, as `dated` has them, with what is known of each on `numbered` days.

    Adds ahead (the event is after as_of) and the columns of `measured`; what lies ahead is not
    measured, nor are days after it looked at. Prices, discounts and entitlements have no part.
    """
    if events.is_empty():
        return events
    last = as_of or dt.date.max
    known = days.filter(days["snapshot_date"] <= last)
    ahead = (events["event_date"] > last).alias("ahead")
    return measured(events.hstack([ahead]), known, carry_days=rules["positions.carry_days"])


def billed(
    terms: pl.DataFrame, seen: pl.DataFrame, rules: Rules, *, days: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The table true_forward of lines with all their settings and their measured events.

    `seen` is what `measured_events` makes of the same lines, in the same order. With the `days`
    that were measured, what a true-up would bill stands beside each event.
    """
    if seen.is_empty():
        return ANSWERS["true_forward"].empty()
    terms = priced(terms)
    bills = settled_events(terms, seen)
    return printed(bills, terms, true_up(bills, days, rules["positions.carry_days"]))


def settled_events(
    terms: pl.DataFrame, seen: pl.DataFrame, standing: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What the measured events of `priced` lines bill, in whole numbers.

    Where events came before these, `standing` has the base (millionths of a licence) that they left
    each of the lines by its own way with outside stock, and open_since, the first undecided one.
    """
    rows = weighed(terms, seen)
    if standing is None:
        both = _stock_outside(rows)
        found = (_both_ways if both else _one_way)(rows, _base(terms))
        since = pl.Series([None], dtype=pl.Date).new_from_index(0, rows.height)
    else:
        found = _one_way(rows, standing["base"])
        since = standing["open_since"][rows["line"]]
    free = half_up(found["base"] * rows["share"], MILLION)
    bills = rows.hstack(found).hstack([since.alias("open_since"), free.alias("allowance")])
    refuse_overflow(bills, terms)
    return bills


def _base(terms: pl.DataFrame) -> pl.Series:
    return terms["entitled"].cast(pl.Int128) * MILLION


def weighed(terms: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """The measured events of the lines with what sets them against the base and prices them.

    Single accounts' over-use stands as it is; all else is set against the base.
    """
    rows = timed(seen.hstack(terms.select_seq(_settings())[seen["line"]]))
    month, early, accounts = rows["month"], rows["early"], rows["accounts"]
    share = rows["allowed"].zip_with(month >= rows["allowance_from_month"], NOTHING)
    share = filled(share, NOTHING)
    cap = rows["initial_cap"].zip_with(month == 6, rows["standard_cap"])
    too_late, time = rows["months_left"] < rows["last_months"], rows["month_top"]
    found = {
        "share": share,
        "cap": cap.zip_with(early, whole(None)),
        "too_late": too_late,
        "owed": NOTHING.zip_with(accounts, whole(1)),
        "free_to": NOTHING.zip_with(accounts, share + MILLION),
        "billed_time": NOTHING.zip_with(too_late, rows["unit_billed"] * time),
        "priced_time": whole(None).zip_with(too_late, rows["unit_price"] * time),
        "cent": rows["time_part"] * CENT,
    }
    return rows.hstack([one.alias(name) for name, one in found.items()])


@cache
def _settings() -> list[pl.Expr]:
    """What of a line's settings its bill rests on, in yes, no and whole numbers."""
    accounts = pl.col("measure") == ACCOUNTS
    return [
        *(pl.col(name) for name in ("months", "per", "allowance_from_month", "last_months")),
        *(pl.col(name) for name in ("unit_price", "unit_billed", "shift_consumes")),
        *(micro(name).alias(name) for name in ("initial_cap", "standard_cap")),
        micro("allowance").alias("allowed"),
        accounts.alias("accounts"),
        (~accounts & (pl.col("charged") == "above_allowance")).alias("beyond_allowance"),
        (accounts | (pl.col("ratchet") == "by_charged")).alias("by_charge"),
        (pl.col("credit") == "value_shift").alias("shifts"),
        (pl.col("outside_stock") == "offsets").fill_null(False).alias("offsets"),
    ]


def _stock_outside(rows: pl.DataFrame) -> bool:
    """Without stock from outside both ways to see it are one."""
    stock = [rows[name] for name in ("outside", "outside_before", "outside_after")]
    return any(one.max() or one.min() for one in stock)


def _one_way(rows: pl.DataFrame, base: pl.Series) -> pl.DataFrame:
    """What each line is billed by its own way with outside stock, which is the only one."""
    found = settled(_seen(rows, rows["offsets"]), base)
    return found.hstack([found["charge"].alias("other")])


def _both_ways(rows: pl.DataFrame, base: pl.Series) -> pl.DataFrame:
    """What each line is billed by its own way with outside stock, beside the other way's charge."""
    ways = [
        _seen(rows, pl.Series([False])),
        _seen(rows, pl.Series([True]), chains=base.len(), suites=rows["group"].max() + 1),
    ]
    found = settled(pl.concat(ways), pl.concat([base, base]))
    place, below = np.arange(rows.height), rows["offsets"].to_numpy()
    other = found["charge"][place + rows.height * ~below]
    return found[place + rows.height * below].hstack([other.alias("other")])


def _seen(rows: pl.DataFrame, off: pl.Series, chains: int = 0, suites: int = 0) -> pl.DataFrame:
    """The rows as they are settled where outside stock is taken off or not.

    What is seen both ways has for each way chains and suites of its own, numbered on.
    """
    chain, suite = rows["line"] + chains, rows["group"] + suites
    told = [counted(rows, off), chain.alias("chain"), suite.alias("suite")]
    return rows[RESTS_ON].hstack(told)
