"""What configured features need: the lowest tier that has them all, and the lines that say so."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.feature_drift.identity import known_by
from cssm_lib.analyses.feature_drift.names import family, rank
from cssm_lib.rules import Rules

SHOWN = 3
OF_LADDER = ("network", "add-on")
HEAD = ["device", "snapshot_date", "source", "configuration"]


def configured_lines(
    configurations: pl.DataFrame, features: pl.DataFrame, said: pl.DataFrame, rules: Rules
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The configurations and their lines of evidence, each with `device`, as `said` knows it.

    A line counts only where its rule is for the device's family; without a known product the
    rule's own family is taken.
    """
    who = said.select("device", "serial", "uuid", "hostname", "source", "place", "record", "pid")
    nothing = pl.lit(None, pl.String)
    heads = configurations.with_columns(uuid=nothing, record=nothing)
    parts = [who.drop("device").with_columns(n=pl.lit(None, pl.Int64))]
    parts += [heads.with_row_index("n").select(pl.col("n").cast(pl.Int64), *who.columns[1:])]
    known = known_by(pl.concat(parts, how="diagonal")).drop_nulls("n").sort("n")
    pids = said.drop_nulls("pid").group_by("device").agg(pl.col("pid").last().alias("known_pid"))
    heads = heads.with_columns(device=known["device"]).join(pids, on="device", how="left")
    heads = heads.with_columns(pid=pl.coalesce("pid", "known_pid")).with_columns(
        of_family=family("pid", rules)
    )
    whose = heads.select("source", "device", "of_family", "complete", configuration="place")
    lines = features.drop("device").join(whose, on=["source", "configuration"])
    fits = (pl.col("of_family") == pl.col("family")) | pl.col("of_family").is_null()
    return heads, lines.filter(fits)


def throughputs(heads: pl.DataFrame) -> pl.DataFrame:
    """One row per device: the throughput that its newest configuration names."""
    dated = heads.sort("snapshot_date", nulls_last=False)
    return dated.group_by("device").agg(pl.col("throughput").drop_nulls().last())


def needs(heads: pl.DataFrame, lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per device and part: needed and at_most as heights, evidence, features.

    Rule: the newest configuration of the device decides. Where it is whole and no line of it asks
    for more, the lowest tier is enough; where it is cut, what it lacks proves nothing. An add-on
    of a tier asks for a network licence of the same tier (DNA Advantage runs on Network
    Advantage). Parts and families for which the rule pack has no rule have no row.
    """
    newest = heads.sort("complete", descending=True, nulls_last=True).filter(
        pl.col("snapshot_date")
        .fill_null(pl.date(1, 1, 1))
        .rank("ordinal", descending=True)
        .over("device")
        == 1
    )
    judged = _judged(newest, rules)
    own = lines.with_columns(
        low=rank("min_tier", rules),
        high=pl.max_horizontal(rank("min_tier", rules), rank("up_to", rules)),
    ).join(
        newest.select("device", "source", configuration="place"),
        on=["device", "source", "configuration"],
    )
    asked = own.group_by("device", "part").agg(
        pl.col("low", "high").max(),
        evidence=_evidence(),
        feature=pl.col("feature").unique().sort(),
    )
    found = _with_network(judged.join(asked, on=["device", "part"], how="left"))
    top = len(rules["tiers.order"]) - 1
    most = pl.max_horizontal(pl.col("high").fill_null(0), "needed")
    at_most = pl.when(pl.col("complete").fill_null(False)).then(most).otherwise(pl.lit(top))
    columns = ("device", "part", "needed", "at_most", "evidence", "feature")
    return found.with_columns(at_most=at_most).select(*columns, "complete")


def _with_network(found: pl.DataFrame) -> pl.DataFrame:
    """The rows with `needed`; a network licence carries what the add-on needs as well."""
    low, network = pl.col("low").fill_null(0), pl.col("part") == "network"

    def of_add_on(column: pl.Expr) -> pl.Expr:
        return column.filter(pl.col("part") == "add-on").first().over("device")

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
    heads = newest.select("device", "of_family", "complete")
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
