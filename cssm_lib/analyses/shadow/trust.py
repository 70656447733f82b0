"""Several sources of record: which one to believe for which field, and what they disagree on."""

from __future__ import annotations

from fnmatch import fnmatch

import polars as pl

from cssm_lib.rules import Rules

# the field as printed and the key by which two values are compared
FIELDS = {
    "name": "name_key",
    "serial": "serial_key",
    "pid": "pid_key",
    "status": "standing",
    "site": "site_key",
    "ip": "ip",
}
ORDER = ["asset_name", "asset_serial", "field", "other_source", "other_place"]


def trust_rank(sources: pl.Series, field: str, rules: Rules) -> pl.Series:
    """The place of each source in the order of trust for a field; the smaller the better.

    >>> from cssm_lib.rules import load_rules
    >>> trust_rank(pl.Series(["a/cmdb.csv", "a/netbox.csv"]), "site", load_rules()).to_list()
    [1, 0]
    """
    order = rules["shadow.trust"].get(field, ["*"])
    ranks = {
        source: next((n for n, pattern in enumerate(order) if fnmatch(source.lower(), pattern)), 99)
        for source in sources.drop_nulls().unique()
    }
    return sources.replace_strict(ranks, default=99, return_dtype=pl.Int64)


def record_conflicts(records: pl.DataFrame, links: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per device, field and record that says otherwise than the trusted one.

    Records belong together by the instance they are matched with, else by serial, else by one name
    in two sources. Columns: asset_serial and asset_name of the trusted record, field,
    trusted_source, trusted_value, other_source, other_place, other_value.
    """
    whole = records.filter(~pl.col("component")).with_columns(
        standing=pl.when("retired")
        .then(pl.lit("retired"))
        .when("idle")
        .then(pl.lit("idle"))
        .when(pl.col("status").is_not_null())
        .then(pl.lit("in service"))
    )
    owner = links.filter(pl.col("role").is_in(["main", "twin record"])).select("r", "d")
    whole = whole.join(owner.unique("r"), on="r", how="left")
    by_device = pl.concat_str(pl.lit("d"), pl.col("d").cast(pl.String))
    by_serial = pl.concat_str(pl.lit("s"), "serial_key")
    linked = whole.with_columns(thing=pl.coalesce(by_device, by_serial))
    named = _one_name_in_two_sources(whole)
    return (
        pl.concat(
            [_conflicts(linked, field, rules) for field in FIELDS]
            + [_conflicts(named, "serial", rules)]
        )
        .unique(maintain_order=True)
        .sort(ORDER, nulls_last=True)
    )


def _one_name_in_two_sources(records: pl.DataFrame) -> pl.DataFrame:
    """Records that share a name across sources, each once in its own, with `thing` the name."""
    told = records.filter(pl.col("name_key").is_not_null())
    told = told.filter(~pl.struct("s", "name_key").is_duplicated()) if told.height else told
    return told.with_columns(thing=pl.concat_str(pl.lit("n"), "name_key"))


def _conflicts(records: pl.DataFrame, field: str, rules: Rules) -> pl.DataFrame:
    key = FIELDS[field]
    said = records.filter(pl.col("thing").is_not_null(), pl.col(key).is_not_null())
    said = said.filter(pl.struct("thing").is_duplicated()) if said.height else said
    said = said.filter(pl.col(key).n_unique().over("thing") > 1)
    ranked = said.with_columns(trust=trust_rank(said["source"], field, rules)).sort(
        "trust", "last_seen", "r", descending=[False, True, False], nulls_last=True
    )
    columns = {"asset_name": "name", "asset_serial": "serial", "trusted_source": "source"}
    best = ranked.unique("thing", keep="first", maintain_order=True).select(
        "thing",
        *(pl.col(old).alias(new) for new, old in columns.items()),
        trusted_value=pl.col(field).cast(pl.String),
        best=pl.col(key),
    )
    other = ranked.join(best, on="thing").filter(pl.col(key) != pl.col("best"))
    return other.select(
        "asset_name",
        "asset_serial",
        pl.lit(field).alias("field"),
        "trusted_source",
        "trusted_value",
        pl.col("source").alias("other_source"),
        pl.col("place").alias("other_place"),
        pl.col(field).cast(pl.String).alias("other_value"),
    )
