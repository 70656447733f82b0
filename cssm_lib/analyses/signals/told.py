"""Signals with their words, their money and the day by which something must be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses.signals import counted, seen
from cssm_lib.analyses.signals.counted import LINE, PLACE
from cssm_lib.analyses.signals.worth import amount
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS
from cssm_lib.schema.words import grouped

GROWTH = {
    "baseline": "that stay",
    "project": "of projects",
    "seasonal": "of the season",
    "one_off": "of a single day",
    "error": "of stale and double instances",
}


def signals(
    made: Mapping[str, pl.DataFrame],
    consumers: pl.DataFrame,
    worth: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per signal and place, in order of money, then of units.

    Rule: each signal is found by one function of `counted` or `seen` in the answers `made`; its
    words, steps and the days before the renewal by which they must be done are those of the rule
    pack `signals.words`. Money is units × today's price for the new term, where the place stands
    in a line that has a price; its range are the ends of the agreement's `uplift`. `act_by` is the
    next renewal less these days, or as_of where that is past. `consumers` has PLACE, instance,
    units, state; `worth` one row a line. Columns: ANSWERS["signals"].
    """
    parts = [
        counted.consumption(made),
        counted.growth(made, as_of=as_of, rules=rules),
        counted.unused(made),
        seen.found(made, _named(consumers, made, worth), rules),
    ]
    rows = pl.concat(parts, how="diagonal_relaxed")
    placed = _divided(_in_line(rows, made["unit_prices"], worth), made.get("growth_years"))
    priced = _priced(placed, worth)
    words = rules["signals.words"]
    told = priced.with_columns(
        *(
            pl.col("signal").replace_strict(_words(words, name), return_dtype=pl.String).alias(name)
            for name in ("title", "vendor_reading", "counter_move")
        ),
        act_by=_act_by(words, worth, as_of),
        of_agreement="agreement",
    )
    order = told.sort("money", "units", "signal", "where", descending=[True, True, False, False],
                      nulls_last=True)  # fmt: skip
    return ANSWERS["signals"].shaped(order.with_columns(place=pl.int_range(1, pl.len() + 1)))


def _named(
    consumers: pl.DataFrame, made: Mapping[str, pl.DataFrame], worth: pl.DataFrame
) -> pl.DataFrame:
    """Consumers of term licences with the line they consume from."""
    pool = ["smart_account", "license"]
    perpetual = made["pooled"].filter("perpetual").select(pool)
    lines = made["unit_prices"].join(worth.select(LINE), on=LINE, how="semi")
    return consumers.join(perpetual, on=pool, how="anti", nulls_equal=True).join(
        lines.select(*PLACE, *LINE), on=PLACE, how="left", nulls_equal=True
    )


def _words(words: Mapping[str, Mapping], name: str) -> dict[str, str]:
    """One kind of words of every signal; steps are numbered."""
    if name != "counter_move":
        return {signal: said[name] for signal, said in words.items()}
    return {
        signal: "\n".join(f"{number}. {step}" for number, step in enumerate(said["steps"], 1))
        for signal, said in words.items()
    }


def _in_line(rows: pl.DataFrame, prices: pl.DataFrame, worth: pl.DataFrame) -> pl.DataFrame:
    """The line that a place stands in, where the signal does not say it itself."""
    named = prices.join(worth.select(LINE), on=LINE, how="semi").select(*PLACE, *LINE)
    pools = named.select("smart_account", "license", *LINE).unique(["smart_account", "license"])
    found = rows.join(named, on=PLACE, how="left", nulls_equal=True, suffix="_place")
    found = found.join(
        pools, on=["smart_account", "license"], how="left", nulls_equal=True, suffix="_pool"
    )
    pooled = pl.col("virtual_account").is_null()
    return found.with_columns(
        pl.coalesce(name, f"{name}_place", pl.when(pooled).then(f"{name}_pool")).alias(name)
        for name in LINE
    )


def _divided(rows: pl.DataFrame, years: pl.DataFrame | None) -> pl.DataFrame:
    """Growth with what its line's growth of the last closed or open year is made of."""
    if years is None or years.is_empty():
        return rows
    newest = years.sort("to_day").group_by(LINE).last()
    parts = [
        pl.when(pl.col(name) != 0).then(pl.format(f"{{}} {words}", grouped(name)))
        for name, words in GROWTH.items()
    ]
    said = pl.format(
        "the line as a whole from {} to {}: {}", pl.col("from_day").cast(pl.String),
        pl.col("to_day").cast(pl.String), pl.concat_str(parts, separator=", ", ignore_nulls=True),
    )  # fmt: skip
    some = pl.any_horizontal(pl.col(name).fill_null(0) != 0 for name in GROWTH)
    told = newest.select(*LINE, split=pl.when(some).then(said))
    joined = rows.join(told, on=LINE, how="left")
    both = pl.concat_str("split", "evidence", separator="; ")
    grown = (pl.col("signal") == "growth") & pl.col("split").is_not_null()
    return joined.with_columns(evidence=pl.when(grown).then(both).otherwise("evidence"))


def _priced(rows: pl.DataFrame, worth: pl.DataFrame) -> pl.DataFrame:
    priced = rows.join(worth, on=LINE, how="left")
    counts = pl.when(pl.col("unit") == "licences").then("units")
    return priced.with_columns(
        money=amount(counts),
        money_low=amount(counts, "uplift_low"),
        money_high=amount(counts, "uplift_high"),
    )


def _act_by(words: Mapping, worth: pl.DataFrame, as_of: dt.date | None) -> pl.Expr:
    days = {signal: said["days"] for signal, said in words.items()}
    next_one = pl.lit(worth["renewal_date"].min(), pl.Date)
    renewal = pl.coalesce("renewal_date", next_one)
    lead = pl.duration(days=pl.col("signal").replace_strict(days, return_dtype=pl.Int64))
    return pl.max_horizontal((renewal - lead).cast(pl.Date), pl.lit(as_of, pl.Date)).pipe(
        lambda day: pl.when(renewal.is_not_null()).then(day)
    )
