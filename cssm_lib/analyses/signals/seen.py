"""Signals in the instances behind the use: tiers, ages, accounts, reports, strangers."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema.words import grouped

ACCOUNT = ["smart_account", "virtual_account"]
PLACE = [*ACCOUNT, "license"]
LINE = ["agreement", "suite", "sku"]
UNNAMED = "account not named"
MOST_NAMED = 4
# states of `matches` that are signals of their own
STATES = ("shadow", "retired", "duplicate", "stale")


def tier(drift: pl.DataFrame) -> pl.DataFrame:
    """One row per Virtual Account and licence with devices whose configuration needs a higher tier.

    Units are the licences of these devices; the evidence is the first lines of configuration.
    A device of a short pool has a verdict of its own: that is what consumption says.
    """
    shown = pl.col("evidence").is_not_null() & pl.col("needed_tier").is_not_null()
    rows = drift.filter(pl.col("verdict") == "above licence", shown)
    named = pl.format(
        "{} needs {}: {}", _device(), "needed_tier", pl.col("evidence").fill_null("?")
    )
    groups = rows.group_by(*ACCOUNT, license=pl.col("licenses"), maintain_order=True).agg(
        units=pl.col("quantity").sum(), devices=pl.len(), said=_first(named)
    )
    evidence = pl.format("{}: {}; table feature_drift", _many("devices", "device"), "said")
    return _shaped(groups, "tier", _in_account(), evidence)


def software(ages: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per Smart Account and product with instances of at least the score that is old."""
    rows = ages.filter(pl.col("score") >= rules["signals.software_score"])
    groups = rows.sort("score", descending=True).group_by("smart_account", "product").agg(
        units=pl.len(), worst=pl.col("score").max(), basis=pl.col("basis").first()
    )  # fmt: skip
    where = pl.format("{} in {}", pl.col("product").fill_null("product not named"), _account())
    evidence = pl.format(
        "{}, score up to {}: {}; table lifecycle_ages", _many("units"), "worst", "basis"
    )
    return _shaped(groups, "software", where, evidence, unit="instances")


def hierarchy(hygiene: pl.DataFrame) -> pl.DataFrame:
    """One row per Smart Account and kind of finding on the structure of its accounts."""
    groups = hygiene.sort("number").group_by("smart_account", "finding", maintain_order=True).agg(
        units=pl.col("units").sum(), count=pl.len(), said=_first(pl.col("where"))
    )  # fmt: skip
    evidence = pl.format("{}: {}; table hygiene", "finding", "said")
    return _shaped(groups, "hierarchy", _account(), evidence)


def reporting(duties: pl.DataFrame) -> pl.DataFrame:
    """One row per Virtual Account with instances that owe a report; the oldest day decides."""
    rows = duties.filter(pl.col("state") == "overdue")
    groups = rows.sort("due").group_by(ACCOUNT, maintain_order=True).agg(
        units=pl.struct("serial", "uuid", "hostname").n_unique(),
        first=pl.col("due").min(), said=_first(_device()),
    )  # fmt: skip
    evidence = pl.format(
        "{}, the oldest report due on {}: {}; table duties",
        _many("units"), pl.col("first").cast(pl.String), "said",
    )  # fmt: skip
    return _shaped(groups, "reporting", _in_account(), evidence, unit="instances")


def strangers(consumers: pl.DataFrame) -> pl.DataFrame:
    """One row per state of `matches`, Virtual Account and line that such instances consume from.

    `consumers` has agreement, suite and sku; licences that stand in no line come together.
    """
    rows = consumers.filter(pl.col("state").is_in(STATES), pl.col("units") > 0)
    keys = ["state", *ACCOUNT, *LINE]
    names = pl.col("license").unique().sort().str.join(" + ")
    groups = rows.sort(*PLACE, "instance").group_by(keys, maintain_order=True).agg(
        pl.col("units").sum(), license=names, devices=pl.col("instance").n_unique(),
        said=_first(pl.col("instance").unique(maintain_order=True)),
    )  # fmt: skip
    evidence = pl.format("{}: {}; table matches", _many("devices"), "said")
    shaped = _shaped(groups, "state", _in_account(), evidence)
    named = groups.select(*LINE, signal="state")
    return shaped.with_columns(named.get_columns())


def _first(names: pl.Expr) -> pl.Expr:
    """The first names, and how many more there are."""
    said = names.drop_nulls()
    rest = said.len().cast(pl.Int64) - MOST_NAMED
    return pl.concat_str(
        said.head(MOST_NAMED).str.join(", "),
        pl.when(rest > 0).then(pl.format(" and {} more", grouped(rest))).otherwise(pl.lit("")),
    )


def _many(count: str, what: str = "instance") -> pl.Expr:
    """A number with its noun."""
    ending = pl.when(pl.col(count) == 1).then(pl.lit("")).otherwise(pl.lit("s"))
    return pl.format("{} {}{}", grouped(count), pl.lit(what), ending)


def _device() -> pl.Expr:
    return pl.coalesce("hostname", "serial", "uuid", pl.lit("an instance without a name"))


def _account() -> pl.Expr:
    return pl.col("smart_account").fill_null(UNNAMED)


def _in_account() -> pl.Expr:
    return pl.format("{}, {}", pl.col("virtual_account").fill_null(UNNAMED), _account())


def _shaped(
    rows: pl.DataFrame, signal: str, where: pl.Expr, evidence: pl.Expr, *, unit: str = "licences"
) -> pl.DataFrame:
    none = [pl.lit(None, pl.String).alias(name) for name in PLACE if name not in rows.columns]
    return rows.with_columns(*none).select(
        pl.lit(signal).alias("signal"), *PLACE, where=where, evidence=evidence,
        units=pl.col("units").cast(pl.Int64), unit=pl.lit(unit),
    )  # fmt: skip


def found(made: Mapping[str, pl.DataFrame], consumers: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Every signal of the instances, one under the other."""
    return pl.concat(
        [
            tier(made["feature_drift"]),
            software(made["lifecycle_ages"], rules),
            hierarchy(made["hygiene"]),
            reporting(made["duties"]),
            strangers(consumers),
        ],
        how="diagonal",
    )
