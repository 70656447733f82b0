"""What the EA consumption export says of a line: licences generated, not devices seen."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.true_forward.scope import LINE


def generated(ea_consumption: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per line and day of an EA consumption export that names its SKU.

    The rows of all accounts of a day are added up; an export whose SKU stands in several lines
    speaks for a line only where its suite's name agrees. Units are licences. Columns: agreement,
    suite, sku, snapshot_date, purchased, total (totalConsumption), generated, migrated,
    before (preEAConsumption), source, place.

    >>> generated(pl.DataFrame(), pl.DataFrame()).height
    0
    """
    if ea_consumption.is_empty() or lines.is_empty():
        columns = ["purchased", "total", "generated", "migrated", "before"]
        schema = dict.fromkeys(LINE, pl.String) | {"snapshot_date": pl.Date}
        schema |= dict.fromkeys(columns, pl.Int64)
        return pl.DataFrame(schema=schema | dict.fromkeys(("source", "place"), pl.String))
    own = lines.unique(LINE).select(*LINE, shared=pl.len().over("sku") > 1)
    said = pl.coalesce("suite", "customer_suite").str.to_lowercase()
    rows = (
        ea_consumption.filter(pl.col("sku").is_not_null(), pl.col("snapshot_date").is_not_null())
        .with_columns(said=said).drop("suite")
        .join(own, on="sku")
        .filter(~pl.col("shared") | (pl.col("said") == pl.col("suite").str.to_lowercase()))
    )  # fmt: skip
    known = pl.col("total_consumption").count() > 0
    return (
        rows.group_by(*LINE, "snapshot_date")
        .agg(
            purchased=pl.col("purchased_entitlements").sum(),
            total=pl.when(known).then(pl.col("total_consumption").sum()),
            generated=pl.col("license_generated").sum(),
            migrated=pl.sum_horizontal("license_migrated", "c1_to_dna_migrated").sum(),
            before=pl.col("pre_ea_consumption").sum(),
            source=pl.col("source").first(),
            place=pl.col("place").first(),
        )
        .sort(*LINE, "snapshot_date")
    )


def with_billable(days: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The days of the lines with the export's days beside them, which only `billable` measures.

    `told` is what `generated` makes of the export.
    """
    if told.is_empty():
        return days.with_columns(billable=pl.lit(None, pl.Int64))
    beside = told.select(*LINE, "snapshot_date", billable="total")
    return pl.concat([days, beside], how="diagonal_relaxed")
