"""What says how a product instance reports: captures, controllers, copies of SSM On-Prem."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import TABLES

CISCO = r"(?i)^\w+://[^/]*\bcisco\.com(?::\d+)?(?:/|$)"
FILE_WAY = r"(?i)\b(?:satellite|on-prem)\b.*\bauthorization file\b"


def with_witnesses(
    instances: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """The instances with `serial_key`, `synchronised`, `on_prem_url`, `uploaded` and `on_prem_way`.

    `synchronised` is the newest copy of SSM On-Prem that shows the instance, `on_prem_url` that
    its own transport leads to a known On-Prem tenant, `uploaded` the last report that Catalyst
    Center sent on for it, as printed. `on_prem_way` is connected or file where client.toml or an
    alert of the account says so; else null.
    """
    key = pl.coalesce(pl.col("serial").str.to_uppercase(), "uuid").alias("serial_key")
    found = instances.with_columns(key, name=_short_name("hostname"))
    found = found.join(_copies(tables), on="serial_key", how="left", maintain_order="left")
    found = _with_controller(found, tables)
    tenants = _table(tables, "on_prem_accounts")["cslu_tenant_url"].drop_nulls()
    known = tenants.str.to_lowercase().str.strip_chars_end("/").unique()
    url = pl.col("transport_url").str.to_lowercase().str.strip_chars_end("/")
    return found.with_columns(
        on_prem_url=url.is_in(known.implode()).fill_null(False),
        on_prem_way=_way(tables, as_of, rules),
    )


def _table(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    return tables.get(name, TABLES[name].empty())


def _short_name(column: str) -> pl.Expr:
    """The host name without its domain, in small letters."""
    return pl.col(column).str.split(".").list.first().str.to_lowercase()


def _copies(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per instance that a copy of SSM On-Prem shows: its newest synchronisation."""
    copies = _table(tables, "sources").select("source", "synchronised").drop_nulls()
    key = pl.coalesce(pl.col("serial").str.to_uppercase(), "uuid").alias("serial_key")
    shown = _table(tables, "devices").join(copies, on="source").with_columns(key)
    known = shown.filter(pl.col("serial_key").is_not_null() & (pl.col("serial_key") != ""))
    return known.group_by("serial_key").agg(pl.col("synchronised").max())


def _with_controller(found: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`uploaded`: by serial number, else by a host name that stands once on both sides."""
    sent = _table(tables, "catalyst_center_devices").filter(
        pl.col("last_successful_rum_usage_upload_time").is_not_null()
    )
    rows = sent.select(
        serial_key=pl.col("serial").str.to_uppercase(),
        name=_short_name("hostname"),
        uploaded=pl.col("last_successful_rum_usage_upload_time"),
        uploaded_at=pl.col("last_rum_upload"),
    ).sort("uploaded_at", nulls_last=False)
    by_serial = rows.drop_nulls("serial_key").unique("serial_key", keep="last")
    alone = rows.filter(pl.col("serial_key").is_null(), pl.col("name").is_not_null())
    by_name = alone.unique("name", keep="last").select("name", by_name="uploaded")
    once = pl.col("name").is_not_null() & (pl.len().over("name") == 1)
    return (
        found.join(by_serial.select("serial_key", "uploaded"), on="serial_key", how="left")
        .join(by_name, on="name", how="left")
        .with_columns(uploaded=pl.coalesce("uploaded", pl.when(once).then("by_name")))
        .drop("by_name")
    )


def _way(tables: Mapping[str, pl.DataFrame], as_of: dt.date | None, rules: Rules) -> pl.Expr:
    said = rules["telemetry.on_prem"]
    if said in ("connected", "file"):
        return pl.lit(said)
    log = _table(tables, "event_log").filter(pl.col("message").str.contains(FILE_WAY))
    if as_of is not None:
        log = log.filter((pl.col("time").dt.date() <= as_of).fill_null(True))
    accounts = log["smart_account"].drop_nulls().unique()
    by_file = pl.col("smart_account").is_in(accounts.implode())
    return pl.when(by_file).then(pl.lit("file"))
