"""Catalyst Center's License Manager: licence summary, device details, usage and terms.

Field names: formats.md §4 (RETURN blocks of Cisco's Ansible modules, developer.cisco.com). Real
values are not public, so words of a state stay letter by letter. The summary has no serial number;
it stands in `udi` and `stacked_devices` of the details.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from cssm_lib.read.documents import FOUND, struct
from cssm_lib.read.items import (
    Export,
    Frames,
    faults,
    field,
    fields,
    first_of,
    items,
    listed_as,
    named,
    records,
    words,
)
from cssm_lib.read.source import FAULT, FAULT_VALUE

# fields that stand in a column of their own name
PLAIN = (
    *("device_uuid", "site", "model", "device_type", "dna_level", "network_license"),
    *("license_mode", "is_license_expired", "evaluation_license_expiry", "software_version"),
    *("ip_address", "mac_address", "registration_status", "authorization_status"),
    *("reservation_status", "sle_state", "sle_auth_code", "hsec_status", "throughput_level"),
    *("performance_license", "is_performance_allowed", "is_wireless", "is_wireless_capable"),
    *("wireless_capable_network_license", "wireless_capable_dna_license", "sntc_status"),
    *("last_updated_time", "last_successful_rum_usage_upload_time", "total_access_point_count"),
    *("is_stacked_device", "has_sup_cards", "udi"),
)
TAGS = ("customer_tag1", "customer_tag2", "customer_tag3", "customer_tag4")
DEVICE = struct(
    *(*PLAIN, *TAGS, "device_name", "virtual_account_name", "smart_account_name"),
    feature_license=pl.List(pl.String),
    stacked_devices=pl.List(struct("mac_address", "id", "role", "serial_number")),
    access_points=pl.List(struct("ap_type", "count")),
    chassis_details=struct(
        "board_serial_number",
        modules=pl.List(struct("module_type", "module_name", "serial_number", "id")),
        supervisor_cards=pl.List(struct("serial_number", "supervisor_card_type", "status")),
    ),
)
TERM = struct(
    *("model", "virtual_account_name", "license_term_start_date", "license_term_end_date"),
    *("dna_level", "purchased_dna_license_count", "is_license_expired"),
)
COUNTS = struct(
    "total_license_count",
    license_count_by_type=pl.List(struct("license_type", "license_count")),
)
BLOCKS = {
    "purchased_dna_license": ("purchased", "dna"),
    "purchased_network_license": ("purchased", "network"),
    "used_dna_license": ("used", "dna"),
    "used_network_license": ("used", "network"),
}
# PID:C9300-24T,SN:FOC… or UDI_PID:…; UDI_SN:…; or C9300-24T:FOC…
UDI_PID = r"(?i)PID\s*[:=]\s*([^,;\s]+)"
UDI_SERIAL = r"(?i)SN\s*[:=]\s*([^,;\s]+)"
UDI_BARE = r"^\s*([^:,;\s]+):([^:,;\s]+)\s*$"
# what an instant looks like whose meaning is certain: ISO with a time, or an epoch
CERTAIN = r"^\s*(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*|\d{10}|\d{13})\s*$"


def _is_device(record: Mapping[str, Any]) -> bool:
    states = {"license_mode", "dna_level", "network_license", "registration_status", "udi"}
    return "device_uuid" in record and bool(states & record.keys())


def _devices(found: pl.DataFrame) -> Frames:
    """One row a device, and below it one a member of its stack."""
    found = found.with_columns(_of_udi())
    own = pl.lit("device").alias("record")
    device = found.select("place", own, *_of_device(), *_of_chassis(), *faults())
    members = items(
        found.select(
            *("place", pl.col("place").alias("device"), "pid"),
            pl.col("item").alias("device_item"),
            field("stacked_devices").alias("stacked_devices"),
        ),
        "stacked_devices",
    )
    # a member's own fields are few; the licence side is the device's
    shared = ("device_uuid", "model", "device_type", "dna_level", "network_license")
    of_device = pl.col("device_item").struct
    member = members.select(
        *("place", "device", pl.lit("stack member").alias("record")),
        *fields(serial="serial_number", mac_address="mac_address", role="role", member_id="id"),
        of_device.field("device_name").alias("hostname"),
        of_device.field("virtual_account_name").alias("virtual_account"),
        *(of_device.field(name).alias(name) for name in (*shared, "license_mode")),
        of_device.field("software_version").alias("software_version"),
        *faults(),
    )
    return {"catalyst_center_devices": pl.concat([device, member], how="diagonal")}


def _of_udi() -> list[pl.Expr]:
    udi = field("udi")
    bare = pl.when(~udi.str.contains(r"(?i)SN\s*[:=]"))
    return [
        pl.coalesce(udi.str.extract(UDI_PID), bare.then(udi.str.extract(UDI_BARE, 1))).alias("pid"),
        pl.coalesce(udi.str.extract(UDI_SERIAL), bare.then(udi.str.extract(UDI_BARE, 2))).alias(
            "serial"
        ),
    ]


def _of_device() -> list[pl.Expr]:
    uploaded = field("last_successful_rum_usage_upload_time")
    said = [pl.when(field(tag).str.strip_chars() != "").then(field(tag)) for tag in TAGS]
    tags = pl.concat_str(said, separator=", ", ignore_nulls=True)
    return [
        pl.col("pid", "serial"),
        *fields(hostname="device_name", virtual_account="virtual_account_name"),
        *fields(smart_account="smart_account_name"),
        *named(*PLAIN),
        pl.when(uploaded.str.contains(CERTAIN)).then(uploaded).alias("last_rum_upload"),
        tags.alias("customer_tags"),
    ]


def _of_chassis() -> list[pl.Expr]:
    cards, modules = "supervisor_cards", "modules"
    return [
        words(field("feature_license")).alias("feature_license"),
        listed_as("{} {}", field("access_points"), "count", "ap_type").alias("access_points"),
        field("chassis_details", "board_serial_number").alias("board_serial_number"),
        listed_as(
            "{} {}", field("chassis_details", cards), "supervisor_card_type", "serial_number"
        ).alias(cards),
        listed_as("{} {}", field("chassis_details", modules), "module_name", "serial_number").alias(
            modules
        ),
    ]


def _usage(found: pl.DataFrame) -> Frames:
    """One row a type of licence counted; a block without types has one row for its total."""
    return {"catalyst_center_usage": pl.concat([_block(found, block) for block in BLOCKS])}


def _block(found: pl.DataFrame, block: str) -> pl.DataFrame:
    stock, family = BLOCKS[block]
    there = found.filter(field(block).is_not_null()).with_columns(
        field(block, "total_license_count").alias("total_license_count"),
        field(block, "license_count_by_type").alias("types"),
        pl.lit(stock).alias("stock"),
        pl.lit(family).alias("family"),
        field(block, FOUND).alias(FAULT_VALUE),
    )
    kept = ("place", "stock", "family", "total_license_count")
    counted = items(there.select(*kept, "types"), "types", path=f"{block}/license_count_by_type")
    alone = there.filter(pl.col("types").list.len().fill_null(0) == 0).select(
        (pl.col("place") + f"/{block}").alias("place"),
        *kept[1:],
        pl.when(pl.col(FAULT_VALUE).is_not_null()).then(pl.lit("not an object")).alias(FAULT),
        pl.col(FAULT_VALUE),
    )
    found = counted.select(*kept, *named("license_type", "license_count"), *faults())
    return pl.concat([found, alone], how="diagonal")


def _terms(found: pl.DataFrame) -> Frames:
    terms = items(
        found.select("place", field("license_details").alias("license_details")), "license_details"
    ).select(
        "place",
        field("virtual_account_name").alias("virtual_account"),
        *named("model", "license_term_start_date", "license_term_end_date", "dna_level"),
        *named("purchased_dna_license_count", "is_license_expired"),
        *faults(),
    )
    return {"catalyst_center_terms": terms}


USAGE = struct(**dict.fromkeys(BLOCKS, COUNTS))
TERMS = struct(license_details=pl.List(TERM))


def _is_usage(record: Mapping[str, Any]) -> bool:
    return bool(BLOCKS.keys() & record.keys())


def _is_terms(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("license_details"), list) and "tag" not in record


def _in_list(docs: pl.DataFrame) -> pl.DataFrame:
    return items(docs.select("place", "response"), "response")


def _in_object(docs: pl.DataFrame) -> pl.DataFrame:
    return docs.select(pl.col("place") + "/response", pl.col("response").alias("item"))


def _everywhere(kind: str, tells: Any, *, schema: pl.Struct, read: Any) -> tuple[Export, ...]:
    """The export as the answer's root, and inside `response` as a list or as one object."""
    listed, alone = struct(response=pl.List(schema)), struct(response=schema)

    def holds(record: Mapping[str, Any], shape: type) -> bool:
        inner = record.get("response")
        return isinstance(inner, shape) and tells(first_of(inner))

    return (
        Export(kind, tells, schema, lambda docs: read(records(docs))),
        Export(kind, lambda record: holds(record, list), listed, lambda d: read(_in_list(d))),
        Export(kind, lambda record: holds(record, dict), alone, lambda d: read(_in_object(d))),
    )


EXPORTS = (
    *_everywhere("catalyst_center_devices", _is_device, schema=DEVICE, read=_devices),
    *_everywhere("catalyst_center_usage", _is_usage, schema=USAGE, read=_usage),
    *_everywhere("catalyst_center_terms", _is_terms, schema=TERMS, read=_terms),
)
