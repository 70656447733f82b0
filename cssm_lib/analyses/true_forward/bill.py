"""From measured values to units, charge, credit and the next base, event after event."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

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
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

PARTS = pl.Decimal(38, 6)
VARIANTS = ["ignored", "offsets"]
SUITE = ["reading", "variant", "agreement", "suite"]
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
    rows = _rows(completed(lines, rules), days, as_of or dt.date.max, rules["positions.carry_days"])
    settled, state = [], _first_state(rows)
    for month in rows["month"].unique().sort():
        now = rows.filter(pl.col("month") == month)
        step = _settled(now.join(state, on="chain", maintain_order="left"))
        state = _next_state(state, step)
        settled.append(step)
    return _printed(pl.concat(settled)) if settled else ANSWERS["true_forward"].empty()


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


def _rows(lines: pl.DataFrame, days: pl.DataFrame, as_of: dt.date, carry: int) -> pl.DataFrame:
    """Every line × reading × event × way to see outside stock: what is measured, the price."""
    when = timed(events(priced(lines.with_row_index("line")))).with_columns(
        ahead=pl.col("event_date") > as_of
    )
    past = when.filter(~pl.col("ahead"))
    known = days.filter(pl.col("snapshot_date") <= as_of)
    values = measured(past, known, carry_days=carry).join(past.select(EVENT).unique(), on=EVENT)
    variants = pl.DataFrame({"variant": VARIANTS if _stock_outside(known) else VARIANTS[:1]})
    return (
        when.join(values, on=[*EVENT, "measure"], how="left")
        .join(variants, how="cross")
        .with_columns(
            chain=pl.col("line") * 2 + (pl.col("variant") == "offsets").cast(pl.UInt32),
            share=pl.when(pl.col("month") >= pl.col("allowance_from_month"))
            .then(micro("allowance"))
            .fill_null(0),
        )
        .sort("line", "month", "variant")
    )  # fmt: skip


def _stock_outside(days: pl.DataFrame) -> bool:
    """Without stock from outside both ways to see it are one."""
    return "outside" in days.columns and (days["outside"].fill_null(0) != 0).any()


def _first_state(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique("chain").select(
        "chain",
        base=pl.col("entitled").cast(pl.Int128) * MICRO,
        uncertain=pl.lit(None, pl.Date),
    )


def _settled(rows: pl.DataFrame) -> pl.DataFrame:
    """One event of every line, settled: units, charge, credit, what becomes of the base."""
    refuse_overflow(rows)
    cap = micro("initial_cap" if rows["month"][0] == 6 else "standard_cap")
    too_late = pl.col("months_left") < pl.col("last_months")
    weighed = rows.with_columns(cap=cap, too_late=too_late).with_columns(
        over=_over("value", "outside"),
        over_before=_over("value_before", "outside_before"),
        over_after=_over("value_after", "outside_after"),
    )
    return (
        _shifted(_charged(weighed)).with_columns(_next_base(), _undecided()).with_columns(_shown())
    )


def _over(value: str, outside: str) -> pl.Expr:
    """Units to charge, in millionths: null where nothing was measured, 0 up to allowance or cap."""
    accounts = pl.col("measure") == ACCOUNTS
    used = _covered_by_agreement(value, outside)
    above = pl.when(accounts).then(pl.col(value)).otherwise(used - pl.col("base"))
    beyond = used * MICRO - pl.col("base") * (MICRO + pl.col("share"))
    free = ~accounts & (beyond <= 0)
    below_cap = pl.col("early") & (above * MICRO <= pl.col("base") * pl.col("cap"))
    part = ~accounts & (pl.col("charged") == "above_allowance")
    units = pl.when(part).then(half_up(beyond.clip(0), MICRO)).otherwise(above.clip(0))
    return pl.when(free | below_cap).then(0 * units).otherwise(units)


def _covered_by_agreement(value: str, outside: str) -> pl.Expr:
    owned = pl.when(pl.col("variant") == "offsets").then(pl.col(outside).fill_null(0))
    return pl.col(value) - owned.otherwise(0)


def _charged(rows: pl.DataFrame) -> pl.DataFrame:
    """Charges and unused value in cents; after the last True Forward event neither."""
    under = (pl.col("base") - pl.col("used")).clip(0)
    unused = pl.when(~pl.col("too_late")).then(
        pl.when(pl.col("over") == 0).then(under).otherwise(0 * pl.col("over"))
    )
    undecided = pl.col("over").is_null()
    return rows.with_columns(
        charge=_billed("over"),
        charge_if_before=pl.when(undecided).then(_billed("over_before")),
        charge_if_after=pl.when(undecided).then(_billed("over_after")),
        under=unused,
        residual=cents(unused, "unit_price"),
    )


def _billed(over: str) -> pl.Expr:
    nothing = pl.col("too_late") | (pl.col(over) == 0)
    return pl.when(nothing).then(0 * pl.col(over)).otherwise(cents(pl.col(over), "unit_billed"))


def _shifted(rows: pl.DataFrame) -> pl.DataFrame:
    """Value shift in a suite: min(gross, residual), laid to charged lines, taken off donors."""
    charge, residual = pl.col("charge").fill_null(0), pl.col("residual").fill_null(0)
    gross, unused = charge.sum().over(SUITE), residual.sum().over(SUITE)
    total = pl.when(pl.col("credit") == "value_shift").then(pl.min_horizontal(gross, unused))
    shifted = rows.with_columns(shift=total.otherwise(0), blind=_blind()).with_columns(
        credit=pl.when(pl.col("charge").is_not_null()).then(
            spread(pl.col("shift"), charge, SUITE)
        ),
        spent=spread(pl.col("shift"), residual, SUITE),
    )  # fmt: skip
    return shifted.with_columns(credit_unused=pl.col("residual") - pl.col("spent"))


def _blind() -> pl.Expr:
    """A line of the suite is undecided, so its unused value is not in the credit."""
    silent = pl.col("over").is_null() & ~pl.col("ahead")
    return silent.any().over(SUITE) & (pl.col("credit") == "value_shift")


def _next_base() -> pl.Expr:
    """Charged lines ratchet up; donors give up the whole units whose value was used (practice)."""
    by_charge = (pl.col("ratchet") == "by_charged") | (pl.col("measure") == ACCOUNTS)
    raised = (
        pl.when(by_charge)
        .then(pl.col("base") + pl.col("over"))
        .otherwise(_covered_by_agreement("value", "outside"))
    )
    whole = pl.col("under") // MICRO
    worth = pl.min_horizontal(whole, units_worth(pl.col("spent"), "unit_price"))
    given = pl.when(pl.col("spent") == pl.col("residual")).then(whole).otherwise(worth) * MICRO
    moves = (pl.col("over") > 0) & ~pl.col("too_late")
    gives = pl.col("shift_consumes") & (pl.col("spent") > 0)
    return (
        pl.when(moves).then(raised).when(gives).then(pl.col("base") - given)
        .otherwise("base").alias("next_base")
    )  # fmt: skip


def _undecided() -> pl.Expr:
    """An early event without a value is open only where a neighbouring one would be charged."""
    silent = pl.col("over").is_null() & ~pl.col("ahead")
    matters = (pl.col("over_before") > 0) | (pl.col("over_after") > 0)
    return (silent & (~pl.col("early") | matters.fill_null(False))).alias("undecided")


def _shown() -> pl.Expr:
    """Early events have a row only where they charge, may charge, or give value to their suite."""
    charges = (pl.col("over") > 0).fill_null(False)
    gives = (pl.col("residual") > 0).fill_null(False) & (pl.col("shift") > 0)
    always = ~pl.col("early") | pl.col("ahead") | pl.col("undecided")
    return (always | charges | gives).alias("shown")


def _next_state(state: pl.DataFrame, step: pl.DataFrame) -> pl.DataFrame:
    """What the next event starts from; an undecided one leaves the base and marks it uncertain."""
    since = pl.when(pl.col("undecided") & ~pl.col("too_late")).then("event_date")
    moved = step.select("chain", base="next_base", uncertain=pl.coalesce("uncertain", since))
    return state.update(moved, on="chain", how="left")


def _printed(settled: pl.DataFrame) -> pl.DataFrame:
    """The agreement's own way with outside stock, the other way's charge beside it."""
    both = ["line", "month", "variant"]
    shown = settled.filter("shown")
    if settled["variant"].n_unique() == 1:
        rows = shown.with_columns(pl.col("charge").alias(name) for name in VARIANTS)
    else:
        charges = settled.select(*both, "charge").pivot("variant", index=both[:2], values="charge")
        own = shown.filter(pl.col("variant") == pl.col("outside_stock"))
        rows = own.join(charges, on=both[:2])
    rows = rows.sort("line", "month")
    return ANSWERS["true_forward"].shaped(rows.with_columns(*_words(), *_figures()))


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
