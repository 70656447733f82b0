"""What configured features need: the lowest tier that has them all, and the lines that say so."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.feature_drift.identity import NAMES, device
from cssm_lib.analyses.feature_drift.names import family, rank
from cssm_lib.analyses.feature_drift.witnesses import LONG_AGO, Tables, beside, together
from cssm_lib.rules import Rules

SHOWN = 3
OF_LADDER = ("network", "add-on")
DAY = ["device", "snapshot_date"]


def configured_lines(
    tables: Tables, pids: pl.DataFrame, rules: Rules
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The configurations and their lines of evidence, each with `device`, as others know it.

    A line counts only where its rule is for the device's family; without a known product that of
    `pids` is taken (one row per device), else the rule's own family.
    """
    heads = tables["configurations"].with_columns(uuid=pl.lit(None, pl.String))
    known = together(tables, pl.concat([beside(tables), heads.select(NAMES)], how="diagonal"))
    whose = device(known.owned, pl.concat_str("source", "place", separator=" "))
    heads = heads.with_columns(whose).join(pids, on="device", how="left", maintain_order="left")
    heads = heads.with_columns(pid=pl.coalesce("pid", "known_pid")).with_columns(
        of_family=family("pid", rules)
    )
    whose = heads.select("source", "device", "of_family", "complete", configuration="place")
    lines = tables["features"].drop("device").join(whose, on=["source", "configuration"])
    fits = (pl.col("of_family") == pl.col("family")) | pl.col("of_family").is_null()
    return heads, lines.filter(fits)


def throughputs(heads: pl.DataFrame) -> pl.DataFrame:
    """One row per device: the throughput that its newest configuration names."""
    dated = heads.sort("snapshot_date", nulls_last=False)
    return dated.group_by("device").agg(pl.col("throughput").drop_nulls().last())


def needs(heads: pl.DataFrame, needed: pl.DataFrame) -> pl.DataFrame:
    """One row per device and part of `need_days`: what the device's newest configuration needs."""
    day = pl.col("snapshot_date").fill_null(LONG_AGO)
    newest = heads.group_by("device").agg(day.max().alias("snapshot_date"))
    return needed.join(newest, on=["device", "snapshot_date"], how="semi").drop("snapshot_date")


def need_days(heads: pl.DataFrame, lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per device, part and day: needed and at_most as heights, evidence, features.

    Rule: of the configurations of a day a whole one decides. Where it is whole and no line of it
    asks for more, the lowest tier is enough; where it is cut, what it lacks proves nothing. An
    add-on of a tier asks for a network licence of the same tier (DNA Advantage runs on Network
    Advantage). Parts and families for which the rule pack has no rule have no row; what has no
    day stands before all days.
    """
    dated = heads.with_columns(pl.col("snapshot_date").fill_null(LONG_AGO))
    own_day = dated.sort("complete", descending=True, nulls_last=True).unique(
        DAY, keep="first", maintain_order=True
    )
    own = (
        lines.drop("snapshot_date")
        .with_columns(
            low=rank("min_tier", rules),
            high=pl.max_horizontal(rank("min_tier", rules), rank("up_to", rules)),
        )
        .join(
            own_day.select(*DAY, "source", configuration="place"),
            on=["device", "source", "configuration"],
        )
    )
    asked = own.group_by(*DAY, "part").agg(
        pl.col("low", "high").max(),
        evidence=_evidence(),
        feature=pl.col("feature").unique().sort(),
    )
    found = _with_network(_judged(own_day, rules).join(asked, on=[*DAY, "part"], how="left"))
    top = len(rules["tiers.order"]) - 1
    most = pl.max_horizontal(pl.col("high").fill_null(0), "needed")
    at_most = pl.when(pl.col("complete").fill_null(False)).then(most).otherwise(pl.lit(top))
    columns = (*DAY, "part", "needed", "at_most", "evidence", "feature")
    return found.with_columns(at_most=at_most).select(*columns, "complete")


def _with_network(found: pl.DataFrame) -> pl.DataFrame:
    """The rows with `needed`; a network licence carries what the add-on needs as well."""
    low, network = pl.col("low").fill_null(0), pl.col("part") == "network"

    def of_add_on(column: pl.Expr) -> pl.Expr:
        return column.filter(pl.col("part") == "add-on").first().over(DAY)

    carried = of_add_on(low).fill_null(0)
    lifted = network & (carried > low)
    words = pl.concat_str(
        "evidence", of_add_on(pl.col("evidence")), separator="; ", ignore_nulls=True
    )
    names = pl.concat_list(
        pl.col("feature").fill_null([]), of_add_on(pl.col("feature")).fill_null([])
    )
    return found.with_columns(
        needed=pl.when(lifted).then(carried).otherwise(low),
        evidence=pl.when(lifted).then(words).otherwise("evidence"),
        feature=pl.when(lifted).then(names).otherwise("feature"),
    )


def _judged(newest: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The parts that the rule pack can judge for the device's family."""
    ruled = pl.DataFrame(
        [{"of_family": r["family"], "part": r["part"]} for r in rules["features.lines"]],
        schema={"of_family": pl.String, "part": pl.String},
    ).unique()
    heads = newest.select(*DAY, "of_family", "complete")
    return heads.join(ruled.filter(pl.col("part").is_in(OF_LADDER)), on="of_family")


def _evidence() -> pl.Expr:
    """The lines that ask for most, with where they stand."""
    line = pl.format(
        "{}: `{}` ({}, line {}, rule {})", "feature", "text", "source", "line", "rule_id"
    )
    first = line.sort_by(-pl.col("high"), "line").head(SHOWN).str.join("; ")
    more = pl.len().cast(pl.Int64) - SHOWN
    rest = pl.when(more > 0).then(pl.format("; and {} more lines", more)).otherwise(pl.lit(""))
    return pl.concat_str(first, rest)
