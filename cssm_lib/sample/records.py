"""The customer's own records of its devices, as ServiceNow writes them: Windows-1252."""

from __future__ import annotations

import polars as pl

from cssm_lib.sample.shapes import table

HEADER = [
    "name",
    "serial_number",
    "model_id",
    "install_status",
    "ip_address",
    "location",
    "last_discovered",
]


def recorded(standing: pl.DataFrame, *, places: dict[str, str]) -> pl.DataFrame:
    """One record a serial ever seen; what is gone from the newest day is in stock.

    `places` gives the location of each Virtual Account; without one there is no record.
    """
    newest = standing["day"].max()
    number = pl.int_range(pl.len())
    return (
        standing.filter(pl.col("serial") != "", pl.col("virtual_account").is_in(list(places)))
        .unique("serial", keep="last", maintain_order=True)
        .select(
            name=pl.when(pl.col("hostname") == "")
            .then(pl.format("unnamed-{}", pl.col("serial").str.tail(4)))
            .otherwise(pl.col("hostname").str.split(".").list.first()),
            serial_number="serial",
            model_id="pid",
            install_status=pl.when(pl.col("day") == newest)
            .then(pl.lit("Installed"))
            .otherwise(pl.lit("In Stock")),
            ip_address=pl.format("10.20.{}.{}", number // 200, number % 200 + 10),
            location=pl.col("virtual_account").replace_strict(places),
            last_discovered=pl.col("contacted").dt.strftime("%Y-%m-%d %H:%M:%S"),
        )
    )


def retired(records: pl.DataFrame, *, serials: pl.Series) -> pl.DataFrame:
    """The same records with these serials retired."""
    gone = pl.col("serial_number").is_in(serials.implode())
    status = pl.when(gone).then(pl.lit("Retired")).otherwise("install_status")
    return records.with_columns(install_status=status)


def written(records: pl.DataFrame) -> bytes:
    """The CSV export."""
    return table(records.select(HEADER).iter_rows(), header=HEADER, quoted=True).encode("cp1252")
