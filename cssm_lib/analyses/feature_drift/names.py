"""Names to tiers: which part and tier a licence says, and which family a product belongs to."""

from __future__ import annotations

from typing import Any

import polars as pl

from cssm_lib.rules import Rules

TIERS = ("license", "part", "tier", "bandwidth")
SETS = ("add-on set", "hseck9")
HSEC = "hseck9"


def tiers_of(names: pl.Series, rules: Rules) -> pl.DataFrame:
    """One row per licence name that says a tier: license, part, tier (lower case), bandwidth.

    Rule: the first expression of `tiers.names` that fits. Names without a tier have no row.

    >>> from cssm_lib.rules import load_rules
    >>> tiers_of(pl.Series(["C9300 48P NW Advantage", "Prime"]), load_rules()).rows()
    [('C9300 48P NW Advantage', 'network', 'advantage', None)]
    """
    known = pl.DataFrame({"license": names.drop_nulls().unique().sort()}, schema_overrides=TEXT)
    said = known.select("license", *_named(rules["tiers.names"]))
    return said.filter(pl.col("part").is_not_null()).select(TIERS)


TEXT = {"license": pl.String}


def _named(records: list[dict[str, Any]]) -> list[pl.Expr]:
    nothing = pl.lit(None, pl.String)
    part, tier, bandwidth = nothing, nothing, nothing
    for record in reversed(records):
        fits = pl.col("license").str.contains(record["pattern"])
        part = pl.when(fits).then(pl.lit(record["part"])).otherwise(part)
        tier = pl.when(fits).then(_group("tier", record)).otherwise(tier)
        bandwidth = pl.when(fits).then(_group("bandwidth", record)).otherwise(bandwidth)
    alone = pl.when(part == HSEC).then(pl.lit(HSEC)).otherwise(tier.str.to_lowercase())
    return [part.alias("part"), alone.alias("tier"), bandwidth.alias("bandwidth")]


def _group(name: str, record: dict[str, Any]) -> pl.Expr:
    if f"?P<{name}>" not in record["pattern"]:
        return pl.lit(None, pl.String)
    return pl.col("license").str.extract_groups(record["pattern"]).struct.field(name)


def family(pid: str, rules: Rules) -> pl.Expr:
    """The family of a product identifier in column `pid`, null where none fits."""
    found = pl.lit(None, pl.String)
    for record in reversed(rules["tiers.families"]):
        fits = pl.col(pid).str.contains(record["pattern"])
        found = pl.when(fits).then(pl.lit(record["family"])).otherwise(found)
    return found


def rank(tier: str | pl.Expr, rules: Rules) -> pl.Expr:
    """The height of a tier, 0 the lowest; null for what is no rung of a ladder."""
    order = rules["tiers.order"]
    column = pl.col(tier) if isinstance(tier, str) else tier
    return column.replace_strict(order, range(len(order)), default=None, return_dtype=pl.Int64)


def ranked(height: pl.Expr, rules: Rules) -> pl.Expr:
    """The tier of a height."""
    order = rules["tiers.order"]
    return height.replace_strict(
        list(range(len(order))), order, default=None, return_dtype=pl.String
    )
