"""What a device says of itself, its captures up to a day together."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.schema import TABLES

CLASSES = ("perpetual", "subscription", "enforced", "export")
POLICY = [
    f"{name}_{duty}_{part}"
    for name in CLASSES
    for duty in ("first", "ongoing", "change")
    for part in ("days", "by")
]
# the newest capture that says a thing is the one that counts
NEWEST = [
    *("serial", "uuid", "hostname", "pid", "software_version", "smart_account", "virtual_account"),
    *("transport", "transport_url", "sends_hostname", "sends_version", "using_policy"),
    *("registration_status", "reservation", "reservation_status", "communication_deadline"),
    *("telemetry_available", "product_analytics_available", "snapshot_date", "source", "place"),
    *POLICY,
]


def captured(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per device that was captured, by its serial number, UUID or host name.

    Every column holds what the newest capture says that says it. `last_ack` is the newest ACK of
    all captures, `next_ack_deadline` that of the newest capture with a reporting section, even
    where it is empty there: an older deadline is void. Times stand on the device's own clock.
    Columns: device (the key), members (serial numbers of a stack), says_reporting, `NEWEST`.

    >>> one = TABLES["captures"].shaped(pl.DataFrame([{"serial": "zz1", "transport": "Smart"}]))
    >>> captured({"captures": one})["device", "transport"].row(0)
    ('ZZ1', 'Smart')
    """
    key = pl.coalesce(pl.col("serial").str.to_uppercase(), "uuid", "hostname").alias("device")
    rows = tables["captures"].with_columns(key).filter(pl.col("device").is_not_null())
    told = pl.col("says_reporting").fill_null(False)
    return (
        rows.sort(pl.coalesce("observed_at", pl.col("snapshot_date").cast(pl.Datetime("us"))))
        .group_by("device", maintain_order=True)
        .agg(
            *(pl.col(name).drop_nulls().last() for name in NEWEST),
            says_reporting=told.any(),
            last_ack=pl.col("last_ack").max(),
            next_ack_deadline=pl.col("next_ack_deadline").filter(told).last(),
        )
        .join(_members(tables), on="device", how="left")
    )


def _members(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The serial numbers of each captured stack or pair."""
    members = tables.get("capture_members", TABLES["capture_members"].empty())
    upper = [pl.col(name).str.to_uppercase() for name in ("serial", "member_serial")]
    return (
        members.select(upper[0].alias("device"), upper[1].alias("member"))
        .drop_nulls()
        .group_by("device")
        .agg(members=pl.col("member").unique().sort())
    )
