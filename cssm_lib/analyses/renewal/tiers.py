"""Tiers by the words that name them."""

from __future__ import annotations

import polars as pl

from cssm_lib.rules import Rules


def tier_of(words: pl.Expr, rules: Rules) -> pl.Expr:
    """The place of the highest tier named in some words; null without any."""
    found = pl.lit(None, pl.Int64)
    for place, name in enumerate(rules["renewal.tier_words"]):
        found = pl.when(words.str.contains(rf"(?i)\b{name}\b")).then(place).otherwise(found)
    return found
