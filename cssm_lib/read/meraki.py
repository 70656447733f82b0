"""The Meraki dashboard: licences of the three licensing models, overview, inventory, entitlements.

Field names: formats.md §7 (RETURN blocks of Meraki's Ansible modules, the `meraki` package, a
public exporter). Co-termination has one expiry for the organisation, per-device licensing one a
licence, subscriptions one an entitlement: `licensing` says which.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from cssm_lib.read.documents import struct
from cssm_lib.read.items import (
    Export,
    Frames,
    faults,
    field,
    fields,
    items,
    listed_as,
    named,
    records,
    words,
)

CO_TERMINATION, PER_DEVICE, SUBSCRIPTION = "co-termination", "per-device", "subscription"
NOT_PER_DEVICE = "does not support per-device licensing"
QUEUED = ("id", "licenseType", "licenseKey", "orderNumber", "durationInDays")
LICENSE = struct(
    *("id", "licenseType", "licenseKey", "orderNumber", "deviceSerial", "networkId", "state"),
    *("seatCount", "totalDurationInDays", "durationInDays", "claimDate", "activationDate"),
    *("expirationDate", "headLicenseId"),
    permanentlyQueuedLicenses=pl.List(struct(*QUEUED)),
)
COTERM = struct(
    *("key", "organizationId", "duration", "mode", "startedAt", "claimedAt", "invalidated"),
    *("invalidatedAt", "expired"),
    editions=pl.List(struct("edition", "productType")),
    counts=pl.List(struct("model", "count")),
)
SEATS = struct("assigned", "available", "limit")
SUBSCRIBED = struct(
    *("subscriptionId", "name", "description", "status", "startDate", "endDate"),
    *("lastUpdatedAt", "webOrderId", "type", "renewalRequested"),
    smartAccount=struct("status", account=struct("id", "name", "domain")),
    productTypes=pl.List(pl.String),
    entitlements=pl.List(struct("sku", seats=SEATS)),
    counts=struct("networks", "organizations", seats=SEATS),
    enterpriseAgreement=struct(suites=pl.List(pl.String)),
)
ENTITLEMENT = struct(
    *("sku", "name", "productType", "productClass", "featureTier", "isAddOn", "isFree")
)
DEVICE = struct(
    *("mac", "serial", "name", "model", "networkId", "orderNumber", "claimedAt"),
    *("licenseExpirationDate", "productType", "countryCode"),
    tags=pl.List(pl.String),
    details=pl.List(struct("name", "value")),
    eox=struct("status", "endOfSaleAt", "endOfSupportAt"),
)
COUNTED = ("licensedDeviceCounts", "licenseCount", "states", "licenseTypes", "systemsManager")
OVERVIEW = struct("status", "expirationDate", *COUNTED, "errors")


def _licenses(docs: pl.DataFrame) -> Frames:
    """One row a licence, and one a licence queued behind it."""
    found = records(docs)
    model = pl.lit(PER_DEVICE).alias("licensing")
    own = found.select(
        *("place", model),
        *named("licenseType", "licenseKey", "orderNumber", "deviceSerial", "networkId", "state"),
        *named("seatCount", "totalDurationInDays", "durationInDays", "claimDate"),
        *named("activationDate", "expirationDate", "headLicenseId"),
        field("id").alias("license_id"),
        *faults(),
    )
    key = "permanentlyQueuedLicenses"
    rows = found.select("place", field("id").alias("queued_behind"), field(key).alias(key))
    queued = items(rows, key).select(
        *("place", model, "queued_behind"),
        *named("licenseType", "licenseKey", "orderNumber", "durationInDays"),
        field("id").alias("license_id"),
        *faults(),
    )
    return {"meraki_licenses": pl.concat([own, queued], how="diagonal")}


def _coterm(docs: pl.DataFrame) -> Frames:
    """One row a model that a co-termination key licenses; a key without models is one row."""
    kept = [
        pl.lit(CO_TERMINATION).alias("licensing"),
        *fields(license_key="key", duration_in_days="duration", mode="mode"),
        *named("organizationId", "startedAt", "claimedAt", "invalidated", "invalidatedAt"),
        *named("expired"),
        listed_as("{} {}", field("editions"), "edition", "productType").alias("editions"),
    ]
    found = records(docs).select("place", *kept, field("counts").alias("counts"), *faults())
    counted = items(found.drop("fault", "fault_value"), "counts").select(
        pl.all().exclude("item"), *named("model", "count"), *faults()
    )
    alone = found.filter(pl.col("counts").list.len().fill_null(0) == 0).drop("counts")
    return {"meraki_licenses": pl.concat([counted, alone], how="diagonal")}


def _subscriptions(docs: pl.DataFrame) -> Frames:
    """One row an entitlement of a subscription; a subscription without any is one row."""
    account = field("smartAccount", "account")
    found = records(docs).select(
        *("place", pl.lit(SUBSCRIPTION).alias("licensing")),
        *fields(subscription_id="subscriptionId", subscription_name="name", state="status"),
        *fields(subscription_type="type", expiration_date="endDate"),
        *named("description", "startDate", "lastUpdatedAt", "webOrderId", "renewalRequested"),
        field("smartAccount", "status").alias("account_status"),
        *(account.struct.field(name).alias(f"account_{name}") for name in ("id", "name", "domain")),
        words(field("productTypes")).alias("product_types"),
        words(field("enterpriseAgreement", "suites")).alias("ea_suites"),
        *_seats(field("counts", "seats"), "subscription_seats"),
        field("counts", "networks").alias("networks"),
        field("counts", "organizations").alias("organizations"),
        field("entitlements").alias("entitlements"),
        *faults(),
    )
    entitled = items(found.drop("fault", "fault_value"), "entitlements").select(
        pl.all().exclude("item"), *named("sku"), *_seats(field("seats"), "seats"), *faults()
    )
    alone = found.filter(pl.col("entitlements").list.len().fill_null(0) == 0).drop("entitlements")
    return {"meraki_licenses": pl.concat([entitled, alone], how="diagonal")}


def _seats(seats: pl.Expr, prefix: str) -> list[pl.Expr]:
    names = ("assigned", "available", "limit")
    return [seats.struct.field(name).alias(f"{prefix}_{name}") for name in names]


def _entitlements(docs: pl.DataFrame) -> Frames:
    every = ("sku", "name", "productType", "productClass", "featureTier", "isAddOn", "isFree")
    return {"meraki_entitlements": records(docs).select("place", *named(*every), *faults())}


def _devices(docs: pl.DataFrame) -> Frames:
    found = records(docs).select(
        "place",
        *named("serial", "mac", "name", "model", "networkId", "orderNumber", "claimedAt"),
        *named("licenseExpirationDate", "productType", "countryCode"),
        words(field("tags")).alias("tags"),
        listed_as("{}: {}", field("details"), "name", "value").alias("details"),
        field("eox", "status").alias("eox_status"),
        field("eox", "endOfSaleAt").alias("end_of_sale_at"),
        field("eox", "endOfSupportAt").alias("end_of_support_at"),
        *faults(),
    )
    return {"meraki_devices": found}


def _overview(docs: pl.DataFrame) -> Frames:
    """One row a figure of the overview; an overview without figures is one row.

    The figures' names differ by organisation, so each keeps its path: section, name, pointer.
    """
    head = docs.select(
        pl.col("place").alias("overview"),
        pl.when(pl.col("licensedDeviceCounts").is_not_null())
        .then(pl.lit(CO_TERMINATION))
        .when(pl.col("errors").is_not_null())
        .then(pl.lit("not per-device"))
        .otherwise(pl.lit(PER_DEVICE))
        .alias("licensing"),
        pl.col("status", "errors"),
        pl.col("expirationDate").alias("expiration_date"),
    ).rename({"errors": "said"})
    rows = [row for doc in docs.select("place", *COUNTED).to_dicts() for row in _figures(doc)]
    figures = pl.DataFrame(rows, schema=dict.fromkeys(FIGURE, pl.String), orient="row")
    found = head.join(figures, on="overview", how="left", maintain_order="left")
    return {"meraki_overview": found.with_columns(pl.coalesce("place", "overview"))}


FIGURE = ("overview", "place", "section", "name", "count", "day")


def _figures(doc: Mapping[str, Any]) -> Iterator[tuple[str | None, ...]]:
    """The leaves of one overview, a few dozen at most."""
    there = {section: _decoded(doc[section]) for section in COUNTED if doc[section] is not None}
    for pointer, names, value in _leaves(there):
        count, day = (None, value) if names[-1].endswith("Date") else (value, None)
        name = " ".join(names[1:]) or None
        yield doc["place"], doc["place"] + pointer, names[0], name, count, day


def _decoded(text: str) -> Any:
    """A nested part as it was; a plain figure is its own text."""
    return json.loads(text) if text[:1] in ("{", "[") else text


def _leaves(value: Any, pointer: str = "", names: tuple[str, ...] = ()) -> Iterator[Any]:
    """Every figure below with its pointer and names; an element of a list goes by its licence."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "licenseType":
                step = key.replace("~", "~0").replace("/", "~1")
                yield from _leaves(inner, f"{pointer}/{step}", (*names, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            called = inner.get("licenseType") if isinstance(inner, dict) else None
            yield from _leaves(inner, f"{pointer}/{n}", (*names, str(called or n)))
    elif value is not None:
        yield pointer, names, value if isinstance(value, str) else json.dumps(value)


def _is_overview(record: Mapping[str, Any]) -> bool:
    counted = isinstance(record.get("licensedDeviceCounts"), dict)
    return counted or (isinstance(record.get("states"), dict) and "licenseTypes" in record)


def _is_refusal(record: Mapping[str, Any]) -> bool:
    return NOT_PER_DEVICE in json.dumps(record.get("errors") or "")


def _has(*needed: str, any_of: tuple[str, ...] = ()) -> Any:
    """Whether a record has all the keys, and one of the others."""

    def tells(record: Mapping[str, Any]) -> bool:
        other = not any_of or any(key in record for key in any_of)
        return other and all(key in record for key in needed)

    return tells


EXPORTS = (
    Export("meraki_overview", _is_overview, OVERVIEW, _overview),
    Export("meraki_overview", _is_refusal, OVERVIEW, _overview),
    Export(
        "meraki_licenses",
        _has("licenseType", any_of=("state", "headLicenseId", "totalDurationInDays")),
        LICENSE,
        _licenses,
    ),
    Export(
        "meraki_coterm_licenses",
        _has("key", "counts", any_of=("mode", "editions")),
        COTERM,
        _coterm,
    ),
    Export(
        "meraki_subscriptions",
        _has("subscriptionId", any_of=("entitlements", "webOrderId", "productTypes")),
        SUBSCRIBED,
        _subscriptions,
    ),
    Export(
        "meraki_entitlements",
        _has("sku", any_of=("featureTier", "productClass", "isAddOn")),
        ENTITLEMENT,
        _entitlements,
    ),
    Export(
        "meraki_devices",
        _has("serial", "mac", any_of=("claimedAt", "networkId", "productType")),
        DEVICE,
        _devices,
    ),
)
