"""The product instances that stand at `as_of`, with what captures say of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses.estate.captured import NEWEST
from cssm_lib.schema import TABLES

LONG_AGO = dt.date(1970, 1, 1)
ACCOUNT = ["smart_account", "virtual_account"]
OWN = [name for name in NEWEST if name not in ("serial", "uuid", "hostname", "pid")]


def instances(tables: Mapping[str, pl.DataFrame], captures: pl.DataFrame) -> pl.DataFrame:
    """One row per product instance in a Virtual Account, and per device that was only captured.

    The newest export speaks: one that shows several Virtual Accounts for its whole Smart Account,
    one of a single account for that account. What a later export no longer shows was removed. A
    device that stands both as reserved and as reporting is one row with both flags. Columns:
    instance (identity), the columns of a product instance, pid, registered and last_contact
    (days), reserved, reports, in_export, wide (its export shows several Virtual Accounts),
    complete, source, place, and what `captured` says.

    >>> rows = [{"serial": "ZZ1", "udi_pid": "C9300-48P"}]
    >>> devices = {"devices": TABLES["devices"].shaped(pl.DataFrame(rows))}
    >>> from cssm_lib.analyses.estate import captured
    >>> instances(devices, captured({"captures": TABLES["captures"].empty()}))["instance"].item()
    'C9300-48P ZZ1'
    """
    exported = _exported(tables.get("devices", TABLES["devices"].empty()))
    found = _with_managed(_with_captures(exported, captures), tables)
    found = found.with_columns(exported_version="software_version")
    # an account that the export leaves open stays so: its licences are found under the same one
    account = [
        pl.when("in_export").then(name).otherwise(f"own_{name}").alias(name) for name in ACCOUNT
    ]
    said = account + [pl.coalesce(name, f"own_{name}").alias(name) for name in SHARED[2:]]
    release = pl.coalesce("own_software_version", "software_version", "managed_version")
    whole = found.with_columns(*said, software_version=release).drop(
        *(f"own_{name}" for name in OWNED), "managed_version"
    )
    return whole.sort(*ACCOUNT, "instance", nulls_last=True)


# what both the export and the device may say
SHARED = (*ACCOUNT, "hostname", "source", "place")
OWNED = (*SHARED, "software_version")


def identity() -> pl.Expr:
    """One name for a product instance: product and serial number, else UUID, else host name."""
    serial = pl.when(pl.col("serial").str.strip_chars() != "").then(
        pl.col("serial").str.to_uppercase()
    )
    named = pl.concat_str(pl.col("udi_pid").fill_null(""), serial, separator=" ")
    return pl.coalesce(named, "uuid", "hostname", "display_name")


def newest_pages() -> pl.Expr:
    """Whether a row of an export stands on the newest page that speaks for its account."""
    day = pl.col("snapshot_date").fill_null(LONG_AGO)
    wide = pl.when(pl.col("wide").fill_null(True)).then(day).max().over("smart_account")
    own = day.max().over(ACCOUNT)
    return (day == own) & (day >= wide.fill_null(LONG_AGO))


def _exported(devices: pl.DataFrame) -> pl.DataFrame:
    reserved = pl.col("status").str.to_lowercase().str.contains("reserved").fill_null(False)
    rows = devices.filter(newest_pages()).with_columns(instance=identity(), reserved=reserved)
    some = [*("serial", "uuid", "hostname", "product", "software_version", "source", "place")]
    return (
        rows.filter(pl.col("instance").is_not_null())
        .group_by(*ACCOUNT, "instance", maintain_order=True)
        .agg(
            *(pl.col(name).drop_nulls().first() for name in some),
            pl.col("udi_pid").first().alias("pid"),
            pl.col("snapshot_date").first().alias("devices_date"),
            registered=pl.col("registration_date").min().dt.date(),
            last_contact=pl.col("last_contact").max().dt.date(),
            reserved=pl.col("reserved").any(),
            reports=(~pl.col("reserved")).any(),
            complete=pl.col("complete").fill_null(True).all(),
            wide=pl.col("wide").fill_null(True).any(),
        )
        .with_columns(pl.coalesce("pid", "product").alias("product"), in_export=pl.lit(True))
    )


def _with_captures(exported: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """The exported instances with their captures, and the captured ones that no export shows."""
    keys = _keys(captures)
    found = exported.with_columns(
        key=pl.coalesce(pl.col("serial").str.to_uppercase(), "uuid")
    ).join(keys, on="key", how="left", maintain_order="left")
    told = captures.rename({name: f"own_{name}" for name in OWNED})
    extra = ["says_reporting", "last_ack", "next_ack_deadline"]
    names = [f"own_{name}" if name in OWNED else name for name in OWN]
    names = list(dict.fromkeys([*names, "own_hostname", *extra]))
    known = found.join(told.select("device", *names), on="device", how="left")
    alone = told.join(known.select("device").drop_nulls(), on="device", how="anti").select(
        *("device", "serial", "uuid", *names),
        pl.col("pid").alias("product"),
        pl.col("pid"),
        instance=pl.concat_str(pl.col("pid").fill_null(""), "device", separator=" "),
        reserved=pl.lit(False),
        reports=pl.lit(True),
        in_export=pl.lit(False),
        complete=pl.lit(True),
    )
    return pl.concat([known.drop("key"), alone], how="diagonal_relaxed")


def _with_managed(found: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`managed_version`: the release that Catalyst Center last saw on the serial number."""
    managed = tables.get("catalyst_center_devices", TABLES["catalyst_center_devices"].empty())
    newest = (
        managed.select("snapshot_date", "serial", managed_version="software_version")
        .drop_nulls(["serial", "managed_version"])
        .sort("snapshot_date", nulls_last=False)
        .with_columns(serial_key=pl.col("serial").str.to_uppercase())
        .unique("serial_key", keep="last", maintain_order=True)
    )
    keyed = found.with_columns(serial_key=pl.col("serial").str.to_uppercase())
    joined = keyed.join(
        newest.select("serial_key", "managed_version"),
        on="serial_key",
        how="left",
        maintain_order="left",
    )
    return joined.drop("serial_key")


def _keys(captures: pl.DataFrame) -> pl.DataFrame:
    """Every serial number or UUID under which a captured device may stand in an export."""
    own = captures.select(key="device", device="device", rank=0)
    members = captures.explode("members").select(
        key="members", device="device", rank=pl.lit(1, pl.Int32)
    )
    both = pl.concat([own, members], how="vertical_relaxed").drop_nulls("key")
    return both.sort("rank", "device").unique("key", keep="first").select("key", "device")
