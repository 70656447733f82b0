"""The licences that each product instance consumed last, their class, and when they changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from cssm_lib.analyses.estate.standing import ACCOUNT, LONG_AGO, identity
from cssm_lib.rules import Rules, licence_classes

OF_INSTANCE = [*ACCOUNT, "instance"]
DAY = pl.col("snapshot_date").fill_null(LONG_AGO)


@dataclass(frozen=True)
class Consumption:
    """What a standing instance (`ids`, numbered) was shown with: days of `shown`, rows of `used`.

    Worked out once for `uses` and `changes`, which both go through the whole history.
    """

    ids: pl.DataFrame
    shown: pl.DataFrame
    used: pl.DataFrame


def consumption(tables: Mapping[str, pl.DataFrame], instances: pl.DataFrame) -> Consumption:
    """Days on which an export that tells use shows each instance, and what it consumed."""
    # a number each: long histories join much faster by it
    ids = instances.select(OF_INSTANCE).with_row_index("id")
    return Consumption(ids, _shown(tables, ids), _consumed(tables, ids))


def uses(
    tables: Mapping[str, pl.DataFrame],
    instances: pl.DataFrame,
    rules: Rules,
    told: Consumption | None = None,
) -> pl.DataFrame:
    """One row per licence that a standing instance consumed when it last consumed anything.

    An instance whose use has gone to zero keeps the licences it reported last, with `now` false:
    a silent device cannot have said that it stopped. What only a capture lists is taken from it.
    Columns: instance, accounts, license, quantity (licences), now, license_class (export,
    enforced, perpetual or subscription: the first that a file or the rule pack says).

    >>> from cssm_lib.analyses.estate import captured, instances
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> tables = {name: table.empty() for name, table in TABLES.items()}
    >>> uses(tables, instances(tables, captured(tables)), load_rules()).height
    0
    """
    told = told or consumption(tables, instances)
    shown = told.shown.group_by("id").agg(shown=DAY.max())
    found = told.used.join(shown, on="id")
    last = found.filter(DAY == DAY.max().over("id"))
    listed = last.join(told.ids, on="id").select(
        *OF_INSTANCE, "license", "quantity", now=DAY == pl.col("shown")
    )
    own = _listed_by_devices(tables, instances, listed)
    return _classed(pl.concat([listed, own], how="diagonal_relaxed"), tables, rules)


def changes(
    tables: Mapping[str, pl.DataFrame], instances: pl.DataFrame, told: Consumption | None = None
) -> pl.DataFrame:
    """One row per instance whose licences changed between two exports: its last change.

    The change lies in (`changed_after`, `changed_by`]: the last export with the old licences and
    the first with the new ones. Exports without a day prove no change.

    >>> from cssm_lib.analyses.estate import captured, instances
    >>> from cssm_lib.schema import TABLES
    >>> tables = {name: table.empty() for name, table in TABLES.items()}
    >>> changes(tables, instances(tables, captured(tables))).columns[-2:]
    ['changed_after', 'changed_by']
    """
    told = told or consumption(tables, instances)
    seen = told.shown.filter(pl.col("snapshot_date").is_not_null())
    # a sum of hashes tells two sets of licences apart and asks for no order
    said = told.used.group_by("id", "snapshot_date").agg(
        said=pl.struct("license", "quantity").hash().sum()
    )
    days = seen.join(said, on=["id", "snapshot_date"], how="left").sort("id", "snapshot_date")
    days = days.with_columns(pl.col("said").fill_null(0))
    before = pl.col("id", "said", "snapshot_date").shift(1).name.suffix("_before")
    changed = days.with_columns(before).filter(
        pl.col("id") == pl.col("id_before"), pl.col("said") != pl.col("said_before")
    )
    last = changed.group_by("id", maintain_order=True).agg(
        changed_after=pl.col("snapshot_date_before").last(),
        changed_by=pl.col("snapshot_date").last(),
    )
    return last.join(told.ids, on="id").select(*OF_INSTANCE, "changed_after", "changed_by")


def _shown(tables: Mapping[str, pl.DataFrame], ids: pl.DataFrame) -> pl.DataFrame:
    """The days on which an export that tells use shows each standing instance.

    A list of instances without their licences says nothing of use, so no change either.
    """
    devices, uses = tables["devices"], tables["device_licenses"]
    files = devices.select("source", export=pl.coalesce("export", "source")).unique()
    telling = files.join(uses.select("source").unique(), on="source", how="semi")["export"]
    # lazy, so that only the columns asked for are copied: a history has millions of rows
    return (
        devices.lazy()
        .filter(pl.coalesce("export", "source").is_in(telling.unique().implode()))
        .select(*ACCOUNT, "snapshot_date", instance=identity())
        .join(ids.lazy(), on=OF_INSTANCE, nulls_equal=True)
        .select("id", "snapshot_date")
        .unique()
        .collect()
    )


def _consumed(tables: Mapping[str, pl.DataFrame], ids: pl.DataFrame) -> pl.DataFrame:
    """Rows of consumption, a licence once per instance and day: a reserved twin adds nothing."""
    return (
        tables["device_licenses"]
        .lazy()
        .filter(pl.col("quantity") > 0)
        .select(*ACCOUNT, "snapshot_date", "license", "quantity", instance=identity_of_use())
        .join(ids.lazy(), on=OF_INSTANCE, nulls_equal=True)
        .group_by("id", "snapshot_date", "license")
        .agg(pl.col("quantity").max())
        .collect()
    )


def identity_of_use() -> pl.Expr:
    """The same name as `identity`; a row of use has no display name."""
    serial = pl.when(pl.col("serial").str.strip_chars() != "").then(
        pl.col("serial").str.to_uppercase()
    )
    named = pl.concat_str(pl.col("udi_pid").fill_null(""), serial, separator=" ")
    return pl.coalesce(named, "uuid", "hostname")


def _listed_by_devices(
    tables: Mapping[str, pl.DataFrame], instances: pl.DataFrame, listed: pl.DataFrame
) -> pl.DataFrame:
    """Licences that only the device itself lists: for instances without a row of consumption."""
    silent = instances.join(listed, on=OF_INSTANCE, how="anti", nulls_equal=True)
    own = _device_lists(tables)
    shown = silent.filter(pl.col("device").is_not_null()).join(own, on="device")
    return shown.select(*OF_INSTANCE, "license", "quantity", "own_class", now=pl.lit(True))


def _device_lists(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The newest list of each captured device, what it uses only, with the class it prints."""
    device = pl.coalesce(pl.col("serial").str.to_uppercase(), "hostname").alias("device")
    used = tables["capture_licenses"].filter(
        (pl.col("quantity").fill_null(1) > 0) & (pl.col("status") != "NOT IN USE").fill_null(True)
    )
    rows = used.with_columns(device).filter(pl.col("device").is_not_null())
    name = pl.coalesce("description", "license").alias("license")
    return (
        rows.filter(DAY == DAY.max().over("device"))
        .select("device", name, "quantity", own_class=_printed_class())
        .group_by("device", "license")
        .agg(pl.col("quantity").sum(), pl.col("own_class").drop_nulls().first())
    )


def _printed_class() -> pl.Expr:
    enforcement, kind = pl.col("enforcement").str.to_uppercase(), pl.col("license_type")
    restricted = pl.col("export_status").str.to_uppercase() == "RESTRICTED"
    return (
        pl.when(restricted | enforcement.str.starts_with("EXPORT"))
        .then(pl.lit("export"))
        .when(enforcement == "ENFORCED")
        .then(pl.lit("enforced"))
        .otherwise(kind.str.to_lowercase())
    )


def _classed(uses: pl.DataFrame, tables: Mapping[str, pl.DataFrame], rules: Rules) -> pl.DataFrame:
    """The class of each licence: what a file says, then what the device prints, then the rules."""
    said = tables["usage"].group_by("license").agg(pl.col("export_restricted", "enforced").any())
    named = licence_classes(uses["license"], rules).select(
        "license", "perpetual", pl.col("export_restricted").alias("export_by_rule")
    )
    if "own_class" not in uses.columns:
        uses = uses.with_columns(own_class=pl.lit(None, pl.String))
    joined = uses.join(said, on="license", how="left").join(named, on="license", how="left")
    known = pl.col("own_class").is_in(["export", "enforced", "perpetual", "subscription"])
    return joined.with_columns(
        license_class=pl.when(pl.col("export_restricted").fill_null(False))
        .then(pl.lit("export"))
        .when(pl.col("enforced").fill_null(False))
        .then(pl.lit("enforced"))
        .when(known)
        .then("own_class")
        .when(pl.col("export_by_rule"))
        .then(pl.lit("export"))
        .when(pl.col("perpetual"))
        .then(pl.lit("perpetual"))
        .otherwise(pl.lit("subscription"))
    ).drop("export_restricted", "enforced", "perpetual", "export_by_rule", "own_class")
