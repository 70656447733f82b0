"""Names that are nearly the same: offered as a question, never merged."""

from __future__ import annotations

import polars as pl

from cssm_lib.rules import Rules

WORDS = r"[^\p{L}\p{N}]+"


def near_names(names: pl.Series, rules: Rules) -> pl.DataFrame:
    """One row per pair of different names that are nearly the same.

    Two names are near when they are equal without case, blanks and signs, or when their likeness
    passes `hygiene.similarity` and they hold the same digits: "Plant 01" and "Plant 02" are two
    plants. Columns: left, right (in name order), likeness (of 100).

    >>> from cssm_lib.rules import load_rules
    >>> names = pl.Series(["Hub Antwerp", "HUB  Antwerp", "Plant 01", "Plant 02"])
    >>> near_names(names, load_rules()).rows()
    [('HUB  Antwerp', 'Hub Antwerp', 100)]
    """
    one = names.drop_nulls().unique().sort()
    plain = one.str.to_lowercase().str.replace_all(WORDS, " ").str.strip_chars()
    close = _likeness(plain.to_list(), rules["hygiene.similarity"])
    frame = pl.DataFrame({"name": one, "digits": one.str.replace_all(r"\D", "")})
    left, right = frame[close["left"]], frame[close["right"]]
    pairs = pl.DataFrame(
        {"left": left["name"], "right": right["name"], "likeness": close["likeness"]}
    )
    return pairs.filter(left["digits"] == right["digits"]).sort("left", "right")


def _likeness(plain: list[str], least: int) -> pl.DataFrame:
    """The index pairs of names that are alike enough."""
    import numpy as np
    from rapidfuzz import fuzz, process

    empty = {"left": pl.Int64, "right": pl.Int64, "likeness": pl.Int64}
    if len(plain) < 2:
        return pl.DataFrame(schema=empty)
    scores = process.cdist(plain, plain, scorer=fuzz.ratio, score_cutoff=least)
    left, right = np.nonzero(np.triu(scores, 1))
    return pl.DataFrame({"left": left, "right": right, "likeness": scores[left, right]}).cast(empty)
