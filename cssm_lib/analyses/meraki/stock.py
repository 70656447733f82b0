"""Meraki licences against the inventory, and the states in which they stand."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.meraki.newest import newest
from cssm_lib.schema import ANSWERS

CO_TERM, PER_DEVICE, SUBSCRIPTION = "co-termination", "per-device", "subscription"
# a licence of a key that is still to be activated covers no device yet
COVERS = ("active", "expiring")


def meraki_stock(
    licenses: pl.DataFrame,
    devices: pl.DataFrame,
    overview: pl.DataFrame,
    *,
    as_of: dt.date | None,
) -> pl.DataFrame:
    """One row per model, family, licence type or SKU: licensed, in the inventory, in use, free.

    Co-termination: the dashboard's own limits against the inventory; a device belongs to the
    longest limit that names its model, its family or its product type. Per device: licences that
    cover a device against those of the type. Subscription: seats assigned against the limit.
    Columns: `ANSWERS["meraki_stock"]`; raises nothing.

    >>> from cssm_lib.schema import TABLES
    >>> held = [TABLES[f"meraki_{name}"].empty() for name in ("licenses", "devices", "overview")]
    >>> meraki_stock(*held, as_of=None).height
    0
    """
    parts = [
        _co_term(newest(devices, as_of), overview, as_of),
        _per_device(licenses, as_of),
        _seats(licenses, as_of),
    ]
    rows = pl.concat(parts, how="diagonal_relaxed").with_columns(
        free=pl.col("licensed") - pl.col("in_use")
    )
    rows = rows.with_columns(short=(-pl.col("free")).clip(lower_bound=0))
    state = (
        pl.when(pl.col("free").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("free") < 0)
        .then(pl.lit("short"))
        .when(pl.col("free") > 0)
        .then(pl.lit("free"))
        .otherwise(pl.lit("exact"))
    )
    shown = rows.with_columns(state=state).sort("licensing", "product", nulls_last=True)
    return ANSWERS["meraki_stock"].shaped(shown)


def _co_term(devices: pl.DataFrame, overview: pl.DataFrame, as_of: dt.date | None) -> pl.DataFrame:
    limits = (
        newest(overview.filter(pl.col("licensing") == CO_TERM), as_of)
        .filter(pl.col("section") == "licensedDeviceCounts", pl.col("name").is_not_null())
        .group_by("name")
        .agg(
            pl.col("snapshot_date").first(),
            licensed=pl.col("count").sum(),
            next_expiry=pl.col("expiration_date").min(),
        )
    )
    if limits.is_empty():
        return pl.DataFrame(
            schema={"licensing": pl.String, "licensed": pl.Int64, "in_use": pl.Int64}
        )
    owned = (
        _with_limit(devices, limits["name"])
        .group_by("name")
        .agg(
            inventory=pl.len().cast(pl.Int64),
            in_use=pl.col("network_id").is_not_null().sum().cast(pl.Int64),
        )
    )
    none = pl.lit(0 if devices.height else None, pl.Int64)
    joined = limits.join(owned, on="name", how="full", coalesce=True)
    return joined.with_columns(
        pl.col("inventory", "in_use").fill_null(none),
        pl.col("licensed").fill_null(0),
        licensing=pl.lit(CO_TERM),
        product="name",
    )


def _with_limit(devices: pl.DataFrame, limits: pl.Series) -> pl.DataFrame:
    """Each device with the limit it counts against; without one it stands under its own model."""
    names = pl.DataFrame({"name": limits.unique().sort()})
    model, limit = pl.col("model").str.to_lowercase(), pl.col("name").str.to_lowercase()
    family = model.str.starts_with(limit) & ~model.str.slice(limit.str.len_chars(), 1).str.contains(
        "[a-z]"
    )
    fits = (model == limit) | family | (pl.col("product_type").str.to_lowercase() == limit)
    pairs = devices.drop("name", strict=False).join(names, how="cross").filter(fits)
    best = pairs.sort(pl.col("name").str.len_chars(), descending=True).unique(
        ["source", "place"], keep="first", maintain_order=True
    )
    rest = devices.drop("name").join(best, on=["source", "place"], how="anti")
    return pl.concat([best, rest.with_columns(name="model")], how="diagonal_relaxed")


def _per_device(licenses: pl.DataFrame, as_of: dt.date | None) -> pl.DataFrame:
    held = newest(licenses.filter(pl.col("licensing") == PER_DEVICE), as_of)
    covers = pl.col("state").str.to_lowercase().is_in(COVERS)
    own = held.filter(pl.col("queued_behind").is_null())
    return own.group_by(pl.col("license_type").alias("product")).agg(
        pl.col("snapshot_date").first(),
        licensing=pl.lit(PER_DEVICE),
        licensed=pl.col("state").str.to_lowercase().ne("expired").sum().cast(pl.Int64),
        in_use=(covers & pl.col("device_serial").is_not_null()).sum().cast(pl.Int64),
        next_expiry=pl.col("expiration_date").filter(covers).min(),
    )


def _seats(licenses: pl.DataFrame, as_of: dt.date | None) -> pl.DataFrame:
    held = newest(licenses.filter(pl.col("licensing") == SUBSCRIPTION), as_of)
    return (
        held.filter(pl.col("sku").is_not_null())
        .group_by(pl.col("sku").alias("product"))
        .agg(
            pl.col("snapshot_date").first(),
            licensing=pl.lit(SUBSCRIPTION),
            licensed=pl.col("seats_limit").sum(),
            in_use=pl.col("seats_assigned").sum(),
            next_expiry=pl.col("expiration_date").min(),
        )
    )


def meraki_states(licenses: pl.DataFrame, *, as_of: dt.date | None) -> pl.DataFrame:
    """One row per licensing model and state of the newest export: licences, devices, next end.

    A co-termination key has no state of its own: it is invalidated, expired or valid. Columns:
    `ANSWERS["meraki_states"]`; raises nothing.

    >>> from cssm_lib.schema import TABLES
    >>> meraki_states(TABLES["meraki_licenses"].empty(), as_of=None).height
    0
    """
    key = (
        pl.when(pl.col("invalidated").fill_null(False))
        .then(pl.lit("invalidated"))
        .when(pl.col("expired").fill_null(False))
        .then(pl.lit("expired"))
        .otherwise(pl.lit("valid"))
    )
    of_key = pl.col("licensing") == CO_TERM
    ident = (
        pl.when(of_key)
        .then(pl.coalesce("license_key", "place"))
        .otherwise(pl.coalesce("license_id", "subscription_id", "place"))
    )
    end = (
        pl.when(of_key)
        .then(pl.col("started_at") + pl.duration(days=pl.col("duration_in_days")))
        .otherwise(pl.col("expiration_date"))
    )
    seats = pl.coalesce(
        "count", "seats_assigned", pl.col("device_serial").is_not_null().cast(pl.Int64)
    )
    rows = newest(licenses, as_of, by="licensing").with_columns(
        state=pl.when(of_key).then(key).otherwise(pl.col("state")), ident=ident
    )
    states = rows.group_by("licensing", "state").agg(
        pl.col("snapshot_date").first(),
        licenses=pl.col("ident").n_unique().cast(pl.Int64),
        devices=seats.sum(),
        next_expiry=end.min(),
    )
    return ANSWERS["meraki_states"].shaped(states.sort("licensing", "state", nulls_last=True))
