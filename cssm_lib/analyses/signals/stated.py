"""Documented positions on what signals and the quote show: fact, evidence, reading, ask."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

TABLE = r"; (tables? [^;]*)$"
QUOTE = "Tables quote_match and quote_causes."


def stated(signals: pl.DataFrame, quote_causes: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per discrepancy that a signal or a line of the quote shows, in their order.

    Rule: a signal or a cause is put in writing where its rule pack (`signals.words`,
    `renewal.causes`) has `our_reading`; what is wanted otherwise (growth, unused quantity, the
    count itself) is for the table and not for paper. The fact holds neither money nor quantities
    of ours. Columns: ANSWERS["statements"].
    """
    parts = [_signals(signals, rules["signals.words"]), _quoted(quote_causes, rules)]
    return ANSWERS["statements"].shaped(pl.concat(parts, how="diagonal_relaxed"))


def _signals(signals: pl.DataFrame, words: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    said = {name: one for name, one in words.items() if "our_reading" in one}
    rows = signals.filter(pl.col("signal").is_in(list(said))).sort("place")
    place = ["signal", "smart_account", "virtual_account", "license", "where"]
    return rows.select(
        _id(*place[:4]),
        *place[1:4],
        "units",
        subject=pl.format("{}: {}", "title", "where"),
        fact=pl.col("evidence").str.replace(TABLE, "."),
        evidence=pl.col("evidence").str.extract(TABLE).str.replace("^t", "T") + ".",
        our_reading=_word(said, "signal", "our_reading"),
        ask=_word(said, "signal", "ask"),
    )


def _quoted(causes: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    words = rules["renewal.causes"]
    said = {name: one for name, one in words.items() if "our_reading" in one}
    rows = causes.filter(pl.col("cause").is_in(list(said))).with_columns(
        number=pl.col("quote_number").fill_null("without a number"),
        where=pl.coalesce(
            pl.format("line {}, {}", "line", "quote_sku"), "quote_sku", "sku", "license"
        ),
    )
    once = rows.unique(["number", "cause", "where"], keep="first", maintain_order=True)
    return once.select(
        _id("cause", "number", "where"),
        "smart_account",
        "license",
        subject=pl.format("Quote {}: {}", "number", "where"),
        fact=pl.format("Quote {}, {}: {}.", "number", "where", "says"),
        evidence=pl.lit(QUOTE),
        our_reading=_word(said, "cause", "our_reading"),
        ask=_word(said, "cause", "answer"),
    )


def _id(*names: str) -> pl.Expr:
    return pl.concat_str(*(pl.col(name).fill_null("?") for name in names), separator="/").alias(
        "id"
    )


def _word(words: Mapping[str, Mapping[str, str]], by: str, name: str) -> pl.Expr:
    said = {key: one[name] for key, one in words.items()}
    return pl.col(by).replace_strict(said, default=None, return_dtype=pl.String)
