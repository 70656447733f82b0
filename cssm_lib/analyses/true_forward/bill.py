"""What an agreement bills at each of its events, line by line and reading by reading."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl

from cssm_lib.analyses.true_forward.events import DATED, dated
from cssm_lib.analyses.true_forward.measure import ACCOUNTS, measured
from cssm_lib.analyses.true_forward.money import (
    MICRO,
    PARTS,
    PER_CENT,
    micro,
    priced,
    refuse_overflow,
    timed,
)
from cssm_lib.analyses.true_forward.printed import counted, printed
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.analyses.true_forward.settled import settled
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
    seen = measured_events(dated(terms.select(DATED)), days, as_of=as_of, rules=rules)
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
    """Events of lines, as `dated` has them, with what is known of each on the days up to as_of.

    Adds ahead (the event is after as_of) and the columns of `measured`; what lies ahead is not
    measured. Prices, discounts and entitlements have no part in it.
    """
    if events.is_empty():
        return events
    last = as_of or dt.date.max
    known = days.filter(pl.col("snapshot_date") <= last)
    numbers = events.select(*LINE, "number")[events["number"].arg_unique()]
    own = known.select(LINE).join(numbers, on=LINE, how="left", maintain_order="left")["number"]
    ahead = (events["event_date"] > last).alias("ahead")
    carry_days = rules["positions.carry_days"]
    return measured(events.hstack([ahead]), known.hstack([own]), carry_days=carry_days)


def billed(
    terms: pl.DataFrame, seen: pl.DataFrame, rules: Rules, standing: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The table true_forward of lines with all their settings and their measured events.

    `seen` is what `measured_events` makes of the same lines, in the same order. Where events came
    before these, `standing` has the base (millionths of a licence) that they left each of the
    lines by its own way with outside stock, and open_since, the first undecided one.
    """
    if seen.is_empty():
        return ANSWERS["true_forward"].empty()
    terms = priced(completed(terms, rules))
    rows = weighed(terms, seen)
    if standing is not None:
        rows = rows.with_columns(standing["open_since"].gather(rows["line"]))
        found = settled(rows, standing["base"])
    else:
        both = _stock_outside(rows)
        found = settled(_both_ways(rows, terms.height) if both else rows, _base(terms, 1 + both))
    refuse_overflow(found, terms)
    return printed(found, terms)


def _base(terms: pl.DataFrame, times: int) -> pl.Series:
    base = terms.select(base=pl.col("entitled").cast(pl.Int128) * MICRO)["base"]
    return pl.concat([base] * times)


def weighed(terms: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """The measured events of the lines with what sets them against the base and prices them."""
    numbers = seen.drop(*LINE, "reading", "measure")
    rows = numbers.hstack(terms.select(_settings())[seen["line"]])
    return timed(rows).with_columns(_by_month()).select(_against_base())


@cache
def _settings() -> list[pl.Expr]:
    """What of a line's settings its bill rests on, in yes, no and whole numbers."""
    accounts = pl.col("measure") == ACCOUNTS
    return [
        *(pl.col(name) for name in ("months", "per", "allowance_from_month", "last_months")),
        *(pl.col(name) for name in ("unit_price", "unit_billed", "shift_consumes")),
        *(micro(name).alias(name) for name in ("initial_cap", "standard_cap", "allowance")),
        accounts.alias("accounts"),
        (~accounts & (pl.col("charged") == "above_allowance")).alias("beyond_allowance"),
        (accounts | (pl.col("ratchet") == "by_charged")).alias("by_charge"),
        (pl.col("credit") == "value_shift").alias("shifts"),
        (pl.col("outside_stock") == "offsets").alias("offsets"),
    ]


@cache
def _by_month() -> list[pl.Expr]:
    month = pl.col("month")
    share = pl.when(month >= pl.col("allowance_from_month")).then("allowance")
    cap = pl.when(month == 6).then("initial_cap").otherwise("standard_cap")
    return [
        share.fill_null(0).alias("share"),
        pl.when("early").then(cap).alias("cap"),
        (pl.col("months_left") < pl.col("last_months")).alias("too_late"),
        pl.col("offsets").alias("taken_off"),
        pl.col("line").alias("chain"),
        pl.lit(None, pl.Date).alias("open_since"),
        (pl.col("group") * 2**16 + month).alias("deal"),
    ]


_KEPT = [
    *("line", "month", "chain", "deal", "event_date", "early", "ahead", "too_late", "open_since"),
    *("value", "used", "outside", "measured_on", "full", "coverage", "share", "cap"),
    *("value_before", "value_after", "outside_before", "outside_after", "taken_off", "offsets"),
    *("accounts", "beyond_allowance", "by_charge", "shifts", "shift_consumes"),
    *("month_top", "month_part", "time_part", "unit_billed", "per"),
]


@cache
def _against_base() -> list[pl.Expr]:
    """Single accounts' over-use stands as it is; all else is set against the base."""
    accounts, late = pl.col("accounts"), pl.col("too_late")
    time = pl.col("month_top")
    return [
        *(pl.col(name) for name in _KEPT),
        counted(),
        pl.when(accounts).then(0).otherwise(1).cast(pl.Int128).alias("owed"),
        pl.when(accounts).then(0).otherwise(MICRO + pl.col("share")).alias("free_to"),
        pl.when(late).then(0).otherwise(pl.col("unit_billed") * time).alias("billed_time"),
        pl.when(~late).then(pl.col("unit_price") * time).alias("priced_time"),
        (PER_CENT * pl.col("time_part")).alias("cent"),
    ]


def _stock_outside(rows: pl.DataFrame) -> bool:
    """Without stock from outside both ways to see it are one."""
    names = ("outside", "outside_before", "outside_after")
    return any((rows[name].fill_null(0) != 0).any() for name in names)


_WAYS = pl.DataFrame({"taken_off": [False, True]})


def _both_ways(rows: pl.DataFrame, lines: int) -> pl.DataFrame:
    """Every row by either way to see outside stock, side by side; each way has its own chain."""
    both = rows.drop("taken_off").join(_WAYS, how="cross", maintain_order="left_right")
    off = pl.col("taken_off").cast(pl.Int64)
    return both.with_columns(
        counted(), chain=pl.col("line") + off * lines, deal=2 * pl.col("deal") + off
    )
