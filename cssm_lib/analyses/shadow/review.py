"""Tier T6: names that look alike, for a person to review; never a link."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.shadow.exact import CANDIDATE
from cssm_lib.analyses.shadow.places import unlinked
from cssm_lib.rules import Rules

PAIR = ["d", "r", "s"]


def alike(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """Candidates for what found no partner: the nearest names of one model, scored by rapidfuzz.

    Blocked by source and product family; in a block, names sorted forwards and backwards are
    compared with their nearest neighbours only, so work grows with the number of devices.
    """
    mine, theirs = (
        side.filter(pl.col("name_key").is_not_null()).select(
            pl.concat_str("s", pl.lit("|"), pl.col("family").fill_null("")).alias("block"),
            "s",
            name="name_key",
            own=own,
        )
        for side, own in zip(unlinked(devices, records, links), ("d", "r"), strict=True)
    )
    if mine.is_empty() or theirs.is_empty():
        return pl.DataFrame(schema=CANDIDATE)
    reach = rules["shadow.fuzzy_neighbours"]
    orders = (pl.col("name"), pl.col("name").str.reverse())
    near = pl.concat([_neighbours(mine, theirs, order, reach) for order in orders])
    return _scored(near.unique(["d", "r"], maintain_order=True), rules["shadow.fuzzy_score"])


def _neighbours(
    mine: pl.DataFrame, theirs: pl.DataFrame, order: pl.Expr, reach: int
) -> pl.DataFrame:
    """Each device with the records that stand nearest in the sorted names of its block."""
    both = pl.concat([theirs.with_columns(mine=False), mine.with_columns(mine=True)])
    both = both.with_columns(order=order).sort("block", "order", "mine", "own")
    both = both.with_columns(place=(~pl.col("mine")).cum_sum().cast(pl.Int64))
    ranked, asked = both.filter(~pl.col("mine")), both.filter("mine")
    steps = pl.int_ranges(pl.col("place") - reach, pl.col("place") + reach)
    asked = asked.with_columns(at=steps).explode("at")
    asked = asked.filter(pl.col("at").is_between(0, ranked.height - 1))
    other = ranked.select("block", "own", "name")[asked["at"]]
    near = asked.with_columns(other.rename(lambda name: f"{name}_r"))
    near = near.filter(pl.col("block") == pl.col("block_r"))
    return near.select("s", d="own", r="own_r", name="name", other="name_r")


def _scored(near: pl.DataFrame, least: int) -> pl.DataFrame:
    from rapidfuzz import fuzz, process

    if near.is_empty():
        return pl.DataFrame(schema=CANDIDATE)
    names, others = near["name"].to_list(), near["other"].to_list()
    scores = process.cpdist(names, others, scorer=fuzz.ratio, workers=-1)
    scored = near.with_columns(score=pl.Series(scores, dtype=pl.Float64))
    why = pl.format("name {} % alike (T6)", pl.col("score").round(0).cast(pl.Int64))
    best = scored.filter(pl.col("score") >= least).sort(
        "score", "d", "r", descending=[True, False, False]
    )
    return best.select(*PAIR, why=why, open=pl.lit(False)).cast(CANDIDATE)
