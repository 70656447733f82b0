"""Licence counts of other managers: Catalyst SD-WAN Manager, MSX, Security Cloud Control.

Shapes: formats.md §3.7. They show the account as one manager sees it: their rows are usage that
counts only where no export of the account itself tells the licence that day (witness `manager`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from cssm_lib.read.documents import struct
from cssm_lib.read.items import Export, Frames, faults, field, fields, first_of, items, records

SD_WAN = struct("display_name", "tag", "Purchased", "quantity", "inUse", "Available")
GROUP = struct("billing_type", "billing_model", "subscription_id", licenses=pl.List(SD_WAN))
MSX = ("name", "entitled", "inuse", "reserved", "status", "enforced")
CLOUD = struct("name", "num_purchased", "num_in_use", "num_available", "compliance_status")
MANAGER = pl.lit("manager").alias("witness")


def _groups(found: pl.DataFrame) -> Frames:
    """One row a licence of each group; the group says how it is billed."""
    held = found.select("place", *fields(billing="billing_type", licenses="licenses"))
    usage = items(held, "licenses").select(
        *("place", "billing"),
        *fields(license="display_name", tag="tag", in_use="inUse", available="Available"),
        pl.coalesce(field("Purchased"), field("quantity")).alias("quantity"),
        MANAGER,
        *faults(),
    )
    return {"usage": usage}


def _msx(found: pl.DataFrame) -> Frames:
    columns = {"license": "name", "quantity": "entitled", "in_use": "inuse"}
    columns |= {name: name for name in ("reserved", "status", "enforced")}
    said = [
        pl.coalesce(field(name), field(name.capitalize())).alias(column)
        for column, name in columns.items()
    ]
    return {"usage": found.select("place", *said, MANAGER, *faults())}


def _cloud(found: pl.DataFrame) -> Frames:
    """One row a licence; its term stays out of `lots`, which the account's own export tells."""
    usage = found.select(
        "place",
        *fields(license="name", quantity="num_purchased", in_use="num_in_use"),
        *fields(available="num_available", status="compliance_status"),
        MANAGER,
        *faults(),
    )
    return {"usage": usage}


def _is_group(record: Any) -> bool:
    return isinstance(record, Mapping) and (
        {"billing_type", "licenses"} <= record.keys() and "licenseDetails" not in record
    )


def _is_msx(record: Mapping[str, Any]) -> bool:
    return {"name", "entitled", "inuse"} <= {name.lower() for name in record}


def _is_cloud(record: Mapping[str, Any]) -> bool:
    return {"name", "num_purchased", "num_in_use"} <= record.keys()


def _exports(kind: str, tells: Any, item: pl.Struct, read: Any) -> tuple[Export, ...]:
    """The record alone, or the list that the server answers with."""
    listed = [
        Export(
            kind,
            lambda record, key=key: tells(first_of(record.get(key))),
            struct(**{key: pl.List(item)}),
            lambda docs, key=key: read(items(docs.select("place", key), key)),
        )
        for key in ("data", "items")
    ]
    return (Export(kind, tells, item, lambda docs: read(records(docs))), *listed)


EXPORTS = (
    *_exports("sd_wan_licenses", _is_group, GROUP, _groups),
    *_exports("msx_licenses", _is_msx, struct(*MSX, *(name.capitalize() for name in MSX)), _msx),
    *_exports("cloud_control_licenses", _is_cloud, CLOUD, _cloud),
)
