"""From measured values to units, charge, credit and the next base, event after event."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

import polars as pl

from cssm_lib.analyses.true_forward.events import events
from cssm_lib.analyses.true_forward.measure import ACCOUNTS, EVENT, measured
from cssm_lib.analyses.true_forward.money import (
    MICRO,
    cents,
    decimal,
    half_up,
    micro,
    priced,
    refuse_overflow,
    spread,
    timed,
    units_worth,
)
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

PARTS = pl.Decimal(38, 6)
WAYS = ["ignored", "offsets"]  # outside stock is left aside, or taken off what is measured
_UNITS = ["value", "base", "outside", "over", "next_base"]
_MONEY = ["charge", "credit", "spent", "credit_unused", "charge_if_before", "charge_if_after"]


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
    terms = _numbered(completed(lines, rules))
    rows = _rows(terms, days, as_of or dt.date.max, rules["positions.carry_days"])
    if rows.is_empty():
        return ANSWERS["true_forward"].empty()
    settled = _settled(rows, terms)
    refuse_overflow(settled, terms)
    return _printed(_told(settled), terms)


def completed(lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The lines with the settings that they leave to the rule pack."""
    shares = ("initial_cap", "standard_cap")
    shipped = {
        "reading": pl.lit("contract"),
        "allowance_from_month": pl.lit(0, pl.Int64),
        "price_from": pl.lit("by_commitment"),
        "last_months": pl.lit(rules["true_forward.last_months"], pl.Int64),
        **{name: pl.lit(Decimal(str(rules[f"true_forward.{name}"])), PARTS) for name in shares},
    }
    return lines.with_columns(
        pl.coalesce(name, value) if name in lines.columns else value.alias(name)
        for name, value in shipped.items()
    )


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    """The priced lines with short names: `line` a row, `number` its line under any reading, `group`
    its suite under its own.
    """
    first = pl.col("line").first()
    return priced(lines.with_row_index("line")).with_columns(
        number=first.over(LINE), group=first.over("reading", "agreement", "suite")
    )


_TERMS = [
    *("line", "number", "group", "start", "end", "early_events", "commitment", "months", "per"),
    *("measure", "charged", "credit", "ratchet", "shift_consumes", "outside_stock", "last_months"),
    *("initial_cap", "standard_cap", "allowance", "allowance_from_month"),
    *("unit_price", "unit_billed"),
]


def _rows(terms: pl.DataFrame, days: pl.DataFrame, as_of: dt.date, carry: int) -> pl.DataFrame:
    """Every line × reading × event × way to see outside stock: what is measured, the price."""
    when = timed(events(terms.select(_TERMS))).with_columns(ahead=pl.col("event_date") > as_of)
    known = days.filter(pl.col("snapshot_date") <= as_of)
    ways = pl.DataFrame({"taken_off": [False, True] if _stock_outside(known) else [False]})
    lines = terms.select(*LINE, "number").unique("number")
    values = measured(when.filter(~pl.col("ahead")), known.join(lines, on=LINE), carry_days=carry)
    month = pl.col("month")
    cap = pl.when(month == 6).then(micro("initial_cap")).otherwise(micro("standard_cap"))
    share = pl.when(month >= pl.col("allowance_from_month")).then(micro("allowance"))
    return (
        when.join(values, on=[*EVENT, "measure"], how="left", maintain_order="left")
        .join(ways, how="cross", maintain_order="left_right")
        .with_columns(
            _counted(),
            chain=pl.col("line") + pl.col("taken_off").cast(pl.UInt32) * terms.height,
            group=pl.col("group") * 2 + pl.col("taken_off").cast(pl.UInt32),
            share=share.fill_null(0),
            cap=cap,
            too_late=pl.col("months_left") < pl.col("last_months"),
        )
        .sort("month", maintain_order=True)
    )


def _stock_outside(days: pl.DataFrame) -> bool:
    """Without stock from outside both ways to see it are one."""
    return "outside" in days.columns and (days["outside"].fill_null(0) != 0).any()


def _settled(rows: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """Every event settled, month after month: what one leaves is the base of the next."""
    entitled = terms.select(pl.col("entitled").cast(pl.Int128) * MICRO).to_series()
    base, settled = pl.concat([entitled] * len(WAYS)), []
    for now in rows.partition_by("month", maintain_order=True):
        step = _one_month(now.with_columns(base=base.gather(now["chain"])))
        base = base.scatter(now["chain"], step.select(pl.coalesce("next_base", "base")).to_series())
        settled.append(step)
    return pl.concat(settled)


def _one_month(rows: pl.DataFrame) -> pl.DataFrame:
    """One event of every line: units over, charge, what is unused and given, the next base."""
    return (
        _weighed(rows)
        .with_columns(charge=_billed("over"), under=_unused())
        .with_columns(residual=cents(pl.col("under"), "unit_price"))
        .with_columns(shift=_shift())
        .with_columns(spent=spread(pl.col("shift"), pl.col("residual").fill_null(0), ["group"]))
        .with_columns(next_base=_next_base())
    )


def _weighed(rows: pl.DataFrame, side: str = "") -> pl.DataFrame:
    """The rows with the units over: by what was measured, or by a snapshot around the event."""
    used = f"counted{side}"
    beyond = pl.col(used) * MICRO - pl.col("base") * (MICRO + pl.col("share"))
    return rows.with_columns(beyond=beyond).with_columns(
        _over(f"value{side}", used).alias(f"over{side}")
    )


@cache
def _over(value: str, used: str) -> pl.Expr:
    """Units to charge, in millionths: null where nothing was measured, 0 up to allowance or cap."""
    accounts, base, beyond = pl.col("measure") == ACCOUNTS, pl.col("base"), pl.col("beyond")
    above = pl.when(accounts).then(pl.col(value)).otherwise(pl.col(used) - base)
    free = ~accounts & (beyond <= 0)
    below_cap = pl.col("early") & (above * MICRO <= base * pl.col("cap"))
    part = ~accounts & (pl.col("charged") == "above_allowance")
    units = pl.when(part).then(half_up(beyond.clip(0), MICRO)).otherwise(above.clip(0))
    return pl.when(free | below_cap).then(0 * units).otherwise(units)


def _counted(side: str = "") -> pl.Expr:
    """What stands against the base: outside stock is taken off where the way says so."""
    owned = pl.when("taken_off").then(pl.col(f"outside{side}").fill_null(0))
    return (pl.col(f"value{side}") - owned.otherwise(0)).alias(f"counted{side}")


@cache
def _billed(over: str) -> pl.Expr:
    """Cents; after the last True Forward event nothing."""
    nothing = pl.col("too_late") | (pl.col(over) == 0)
    return pl.when(nothing).then(0 * pl.col(over)).otherwise(cents(pl.col(over), "unit_billed"))


@cache
def _unused() -> pl.Expr:
    """Units below the base; a charged line has none, and after the last event they are no value."""
    under = (pl.col("base") - pl.col("used")).clip(0)
    return pl.when(~pl.col("too_late")).then(
        pl.when(pl.col("over") == 0).then(under).otherwise(0 * pl.col("over"))
    )


@cache
def _shift() -> pl.Expr:
    """Value shift in a suite: min(gross, residual)."""
    gross, unused = (
        pl.col(name).fill_null(0).sum().over("group") for name in ("charge", "residual")
    )
    return (
        pl.when(pl.col("credit") == "value_shift")
        .then(pl.min_horizontal(gross, unused))
        .otherwise(0)
    )


@cache
def _next_base() -> pl.Expr:
    """Charged lines ratchet up; donors give up the whole units whose value was used (practice)."""
    by_charge = (pl.col("ratchet") == "by_charged") | (pl.col("measure") == ACCOUNTS)
    raised = pl.when(by_charge).then(pl.col("base") + pl.col("over")).otherwise("counted")
    whole = pl.col("under") // MICRO
    worth = pl.min_horizontal(whole, units_worth(pl.col("spent"), "unit_price"))
    given = pl.when(pl.col("spent") == pl.col("residual")).then(whole).otherwise(worth) * MICRO
    moves = (pl.col("over") > 0) & ~pl.col("too_late")
    gives = pl.col("shift_consumes") & (pl.col("spent") > 0)
    return (
        pl.when(moves).then(raised).when(gives).then(pl.col("base") - given)
        .otherwise("base")
    )  # fmt: skip


def _told(settled: pl.DataFrame) -> pl.DataFrame:
    """The settled events with what no later one rests on: credit, doubt, whether it has a row."""
    suite, charge = ["group", "month"], pl.col("charge")
    credit = spread(pl.col("shift"), charge.fill_null(0), suite)
    return (
        _beside(settled)
        .with_columns(
            credit=pl.when(charge.is_not_null()).then(credit),
            credit_unused=pl.col("residual") - pl.col("spent"),
            # the unused value of an undecided line is not in the credit of its suite
            blind=_silent().any().over(suite) & (pl.col("credit") == "value_shift"),
            undecided=_undecided(),
        )
        .with_columns(shown=_shown(), uncertain=_uncertain())
    )


def _beside(settled: pl.DataFrame) -> pl.DataFrame:
    """What undecided events would charge by the snapshots before and after them."""
    sides, units = ("before", "after"), pl.col("over").is_null()
    if not settled.select(units.any()).item():
        nothing = [f"{name}_{side}" for name in ("over", "charge_if") for side in sides]
        return settled.with_columns(pl.lit(None, pl.Int128).alias(name) for name in nothing)
    rows = settled.with_columns(_counted(f"_{side}") for side in sides)
    rows = _weighed(_weighed(rows, "_before"), "_after")
    charge = {f"charge_if_{side}": pl.when(units).then(_billed(f"over_{side}")) for side in sides}
    return rows.with_columns(**charge)


@cache
def _undecided() -> pl.Expr:
    """An early event without a value is open only where a neighbouring one would be charged."""
    matters = (pl.col("over_before") > 0) | (pl.col("over_after") > 0)
    return _silent() & (~pl.col("early") | matters.fill_null(False))


def _silent() -> pl.Expr:
    """An event so far of which nothing is known."""
    return pl.col("over").is_null() & ~pl.col("ahead")


@cache
def _shown() -> pl.Expr:
    """Early events have a row only where they charge, may charge, or give value to their suite."""
    charges = (pl.col("over") > 0).fill_null(False)
    gives = (pl.col("residual") > 0).fill_null(False) & (pl.col("shift") > 0)
    return ~pl.col("early") | pl.col("ahead") | pl.col("undecided") | charges | gives


@cache
def _uncertain() -> pl.Expr:
    """The first undecided event before: it left the base as it was."""
    since = pl.when(pl.col("undecided") & ~pl.col("too_late")).then("event_date")
    return since.cum_min().forward_fill().shift(1).over("chain")


def _printed(settled: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """The agreement's own way with outside stock, the other way's charge beside it."""
    event = ["line", "month"]
    told = terms.select("line", *(name for name in terms.columns if name not in settled.columns))
    rows = settled.filter("shown").join(told, on="line", maintain_order="left")
    if not settled["taken_off"].any():
        rows = rows.with_columns(pl.col("charge").alias(name) for name in WAYS)
    else:
        rows = rows.filter(pl.col("taken_off") == (pl.col("outside_stock") == "offsets"))
        for name, way in zip(WAYS, (~pl.col("taken_off"), pl.col("taken_off")), strict=True):
            charges = settled.filter(way).select(*event, pl.col("charge").alias(name))
            rows = rows.join(charges, on=event)
    figures = rows.with_columns(*_words(), *_figures()).sort(event)
    return ANSWERS["true_forward"].shaped(figures)


@cache
def _figures() -> list[pl.Expr]:
    """Whole numbers as the decimals that are printed."""
    named = {"value": "measured", "spent": "credit_given"}
    places = pl.col("month_top") * MICRO
    return [
        *(decimal(pl.col(name), 10**6).alias(named.get(name, name)) for name in _UNITS),
        *(decimal(pl.col(name), 100).alias(named.get(name, name)) for name in _MONEY),
        decimal(pl.col("charge") - pl.col("credit"), 100).alias("net"),
        decimal(pl.col("ignored"), 100).alias("charge_if_ignored"),
        decimal(pl.col("offsets"), 100).alias("charge_if_offset"),
        decimal(half_up(pl.col("base") * pl.col("share"), MICRO), 10**6).alias("allowance"),
        decimal(half_up(pl.col("unit_price"), MICRO), 10**6).alias("price"),
        decimal(half_up(places, pl.col("month_part")), 10**6).alias("months"),
        pl.col("full").alias("complete"),
    ]


@cache
def _words() -> list[pl.Expr]:
    """Names of what is counted, the kind of event and the outcome in words."""
    counted = [pl.col(name).list.join(" + ").replace("", None) for name in ("licenses", "tags")]
    kind = (
        pl.when("too_late").then(pl.lit("last twelve months"))
        .when("early").then(pl.lit("early"))
        .when(pl.col("month") % 12 != 0).then(pl.lit("quarterly"))
        .otherwise(pl.lit("milestone"))
    )  # fmt: skip
    doubt = pl.format("; base uncertain since {}", pl.col("uncertain").dt.to_string("%Y-%m-%d"))
    return [
        pl.concat_str(*counted, "metric", separator=" + ", ignore_nulls=True).alias("licenses"),
        kind.alias("event"),
        pl.concat_str(_outcome(), doubt, ignore_nulls=True).alias("outcome"),
        pl.col("measured_on").alias("measured_on"),
    ]


def _outcome() -> pl.Expr:
    over = pl.col("over") > 0
    unseen = pl.lit("charged; credit without an undecided line of the suite")
    return (
        pl.when("ahead").then(pl.lit("ahead"))
        .when(pl.col("over").is_null() & (pl.col("measure") == "billable"))
        .then(pl.lit("undecided: the EA consumption report is needed"))
        .when(pl.col("over").is_null()).then(pl.lit("undecided"))
        .when(over & pl.col("too_late")).then(pl.lit("new agreement or separate licences"))
        .when(over & pl.col("blind")).then(unseen)
        .when(over).then(pl.lit("charged"))
        .otherwise(pl.lit("none due"))
    )  # fmt: skip
