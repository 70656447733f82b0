"""The JSON of the Smart Accounts & Licensing API: licences, devices, subscriptions, summary, walk.

Field names were checked against real documents and three clients (formats.md §3). A page is a
response document; a record's place is its JSON pointer, `/licenses/3` or `/1/licenses/3` on the
second page.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from cssm_lib.read import accounts, catalyst_center, commerce_json, meraki, related
from cssm_lib.read.documents import FOUND, documents, single, struct, values
from cssm_lib.read.items import faults, field, fields, items, read_exports
from cssm_lib.read.source import FAULT, FAULT_VALUE, Found, listed, message
from cssm_lib.read.text import epoch_day

LOT = struct(
    *("licenseType", "quantity", "startDate", "endDate", "subscriptionId", "status"),
    *("licenseSku", "orderNumber"),
)
SUBSTITUTION = struct(
    *("license", "licenseName", "substitutedLicense", "substitutedQuantity", "substitutionType")
)
LICENSE = struct(
    *("license", "virtualAccount", "quantity", "inUse", "available", "reserved", "pendingQuantity"),
    *("status", "billingType", "isPortable"),
    licenseDetails=pl.List(LOT),
    licenseSubstitutions=pl.List(SUBSTITUTION),
)
DEVICE = struct(
    *("hostName", "instanceName", "displayName", "registrationDate", "lastContactDate", "status"),
    *("productName", "productDescription", "productType", "productTagName", "virtualAccount"),
    "softwareVersion",
    sudi=struct("udiPid", "udiSerialNumber", "uuid", "macAddress"),
    licenseUsage=pl.List(struct("license", "quantity")),
)
SUBSCRIPTION = struct(
    *("license", "quantity", "billingType", "subscriptionId", "virtualAccount"),
    *("startDate", "endDate", "status"),
)
SUMMARY = struct(
    *("tag", "display_name", "compliance_status", "enforced", "export_restricted"),
    *("prepaid_entitled", "prepaid_inuse", "prepaid_reserved"),
    license_details=pl.List(
        struct(
            *("billing_type", "quantity", "start_date", "end_date", "subscription_id", "status"),
            "license_type",
        )
    ),
)
DOCUMENT = struct(
    *("totalRecords", "status", "statusMessage", "timestamp", "accountDomain", "accountName"),
    licenses=pl.List(LICENSE),
    devices=pl.List(DEVICE),
    licenseSubscriptions=pl.List(SUBSCRIPTION),
    summary=pl.List(SUMMARY),
    roles=pl.List(struct("role", licenses=pl.List(LICENSE))),
)
# list key → (kind, table of its records, fields of which a record has at least one)
LISTS = {
    "licenses": ("licenses", "usage", ("license",)),
    "devices": ("devices", "devices", ("sudi", "licenseUsage", "instanceName")),
    "licenseSubscriptions": ("subscriptions", "lots", ("license", "subscriptionId")),
    "summary": ("summary", "usage", ("display_name", "prepaid_entitled", "tag")),
    "roles": ("walk", "usage", ("licenses",)),
}
# exports that are none of the Smart Accounts & Licensing API's lists, each told by its own keys
EXPORTS = (
    *catalyst_center.EXPORTS,
    *meraki.EXPORTS,
    *commerce_json.EXPORTS,
    *accounts.EXPORTS,
    *related.EXPORTS,
)
UNDERSTOOD = (
    "the licences, devices, license-subscriptions and v3/licenses/summary responses of the Smart"
    " Accounts & Licensing API, the account → role → licences walk, and the responses of Catalyst"
    " Center, Meraki, SD-WAN Manager, MSX, Security Cloud Control, EA consumption, end of life and"
    " software suggestions"
)


def read_json(text: str, *, name: str) -> Found:
    """What the text holds: usage, lots, substitutions, devices, device_licenses as text frames.

    Never raises for a bad text: `problem` is the message.

    >>> read_json('{"totalRecords": 0, "licenses": []}', name="a.json").kind
    'licenses'
    """
    try:
        docs = documents(text, DOCUMENT).with_row_index("page")
    except json.JSONDecodeError as error:
        return Found(problem=_broken(text, error, name))
    except RecursionError:
        return Found(problem=message(name, "the JSON is nested without end", "no record", _AGAIN))
    if docs.is_empty():
        return Found(problem=message(name, "the JSON is an empty list", "no document", _AGAIN))
    kept = [key for key in LISTS if _holds(docs, key)]
    if kept:
        return _found(docs, kept, text)
    return read_exports(values(text), EXPORTS) or Found(problem=_foreign(text, name))


_AGAIN = "Export it again and save the whole response."


def _broken(text: str, error: json.JSONDecodeError, name: str) -> str:
    cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
    wrong = "the JSON is cut off" if cut else f"the JSON is broken ({error.msg})"
    found = "the end of the file" if cut else repr(text[error.pos : error.pos + 20])
    where = f"{name}, line {error.lineno} column {error.colno}"
    return message(where, wrong, found, _AGAIN)


def _foreign(text: str, name: str) -> str:
    first = next((item for item in _flat(values(text))), None)
    found = _said(first) if isinstance(first, dict) else f"{_kind_of(first)} at the top"
    do = f"What is read: {UNDERSTOOD}. Take the file out of the folder or export one of these."
    return message(name, "JSON that is none of the exports that are read", found, do)


def _flat(roots: list[Any]) -> list[Any]:
    return [item for root in roots for item in (root if isinstance(root, list) else [root])]


def _said(document: dict[str, Any]) -> str:
    """Its top-level keys, and the server's own word where it answered with an error."""
    keys = f"the keys {listed(list(document))}"
    said = document.get("statusMessage") or document.get("message")
    return f"{keys} and the answer {said!r}" if isinstance(said, str) and said else keys


def _kind_of(value: Any) -> str:
    names = {str: "a text or number", bool: "a truth value", list: "a list", type(None): "null"}
    return names.get(type(value), "nothing")


def _holds(docs: pl.DataFrame, key: str) -> bool:
    """The list is there, and its records, if there are any, are those of the export."""
    lists = docs[key].drop_nulls()
    if lists.is_empty():
        return False
    records = lists.explode(empty_as_null=False)
    if records.is_empty():
        return key != "roles"
    return any(records.struct.field(field).is_not_null().any() for field in LISTS[key][2])


def _found(docs: pl.DataFrame, kept: list[str], text: str) -> Found:
    prefix = pl.lit("") if single(text, docs) else pl.format("/{}", "page")
    docs = docs.with_columns(prefix.alias("place"))
    tables: dict[str, list[pl.DataFrame]] = {}
    for key in kept:
        for table, frame in _READERS[key](docs).items():
            tables.setdefault(table, []).append(frame)
    tables.setdefault(LISTS[kept[0]][1], []).append(_silent_pages(docs, kept))
    accounts = docs["accountDomain"].drop_nulls().unique().to_list() if "roles" in kept else []
    return Found(
        kind=" + ".join(LISTS[key][0] for key in kept),
        tables={name: pl.concat(parts, how="diagonal") for name, parts in tables.items()},
        dates=_dates(docs) if "summary" in kept else (),
        smart_account=accounts[0] if len(accounts) == 1 else None,
        pages=_pages(docs, kept),
    )


def _dates(docs: pl.DataFrame) -> tuple[Any, ...]:
    days = (
        epoch_day(stamp) for stamp in docs["timestamp"].drop_nulls().unique(maintain_order=True)
    )
    return tuple(dict.fromkeys(day for day in days if day))


def _silent_pages(docs: pl.DataFrame, kept: list[str]) -> pl.DataFrame:
    """Pages without a list of records, such as an error the server answered with."""
    silent = docs.filter(pl.all_horizontal(pl.col(key).is_null() for key in kept))
    value = pl.coalesce(FOUND, "statusMessage", "status", pl.lit("no list of records"))
    return silent.select(
        "place",
        pl.lit("a page without records").alias(FAULT),
        value.alias(FAULT_VALUE),
    )


def _pages(docs: pl.DataFrame, kept: list[str]) -> tuple[tuple[int | None, int], ...]:
    in_roles = pl.element().struct.field("licenses").list.len()
    counts = {key: pl.col(key).list.len() for key in kept}
    if "roles" in kept:
        counts["roles"] = pl.col("roles").list.eval(in_roles).list.sum()
    return tuple(
        docs.select(
            pl.col("totalRecords").cast(pl.Int64, strict=False),
            pl.sum_horizontal(count.fill_null(0).cast(pl.Int64) for count in counts.values()),
        ).iter_rows()
    )


def _licenses(docs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return _of_licences(items(docs.select("place", "licenses"), "licenses"))


def _walked(docs: pl.DataFrame) -> pl.DataFrame:
    """One row a licence reached through a role; the same licence through two roles stands twice."""
    account = pl.coalesce("accountDomain", "accountName").alias("smart_account")
    roles = items(docs.select("page", "place", account, "roles"), "roles")
    return items(roles.with_columns(field("licenses").alias("licenses")).drop("item"), "licenses")


def _walk(docs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return _of_licences(_walked(docs).drop("page"))


def _of_licences(found: pl.DataFrame) -> dict[str, pl.DataFrame]:
    own = [name for name in ("smart_account",) if name in found.columns]
    usage = found.select(
        "place",
        *own,
        *fields(virtual_account="virtualAccount", license="license", billing="billingType"),
        *fields(quantity="quantity", in_use="inUse", reserved="reserved", available="available"),
        *fields(pending="pendingQuantity", status="status", is_portable="isPortable"),
        pl.lit("licenses").alias("witness"),
        *faults(),
    )
    rows = found.select(
        "place",
        pl.col("place").alias("parent"),
        *own,
        *fields(virtual_account="virtualAccount", license="license", billing="billingType"),
        *fields(licenseDetails="licenseDetails", licenseSubstitutions="licenseSubstitutions"),
    )
    return {"usage": usage, "lots": _lots(rows, own), "substitutions": _substitutions(rows, own)}


def _lots(rows: pl.DataFrame, own: list[str]) -> pl.DataFrame:
    return items(rows.drop("licenseSubstitutions"), "licenseDetails").select(
        *("place", "parent", *own, "virtual_account", "license", "billing"),
        *fields(license_type="licenseType", quantity="quantity", start_date="startDate"),
        *fields(end_date="endDate", subscription_id="subscriptionId", status="status"),
        *fields(sku="licenseSku", order_number="orderNumber"),
        pl.lit("licenses").alias("witness"),
        *faults(),
    )


def _substitutions(rows: pl.DataFrame, own: list[str]) -> pl.DataFrame:
    """One row a lending. Its direction is an inference (confidence low) and stands here alone.

    `license` (C# client) or `licenseName` (Go client) is read as the licence that needs units and
    `substitutedLicense` as the one that lends them; where neither is given the needing licence is
    the row's own.
    """
    needed = pl.coalesce(field("license"), field("licenseName"), pl.col("license"))
    return items(rows.drop("licenseDetails"), "licenseSubstitutions").select(
        *("place", "parent", *own, "virtual_account"),
        field("substitutedLicense").alias("from_license"),
        needed.alias("to_license"),
        *fields(quantity="substitutedQuantity", substitution_type="substitutionType"),
        *faults(),
    )


def _subscriptions(docs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Terms alone: lots without the licence rows they belong to."""
    found = items(docs.select("place", "licenseSubscriptions"), "licenseSubscriptions")
    lots = found.select(
        "place",
        *fields(virtual_account="virtualAccount", license="license", billing="billingType"),
        *fields(quantity="quantity", start_date="startDate", end_date="endDate"),
        *fields(subscription_id="subscriptionId", status="status"),
        pl.lit("SUBSCRIPTION").alias("license_type"),
        pl.lit("subscriptions").alias("witness"),
        *faults(),
    )
    return {"lots": lots}


def _summary(docs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The tag summary: its `prepaid_` counts are a PREPAID row of usage without Virtual Account."""
    found = items(docs.select("place", "summary"), "summary")
    usage = found.select(
        "place",
        *fields(license="display_name", tag="tag", quantity="prepaid_entitled"),
        *fields(in_use="prepaid_inuse", reserved="prepaid_reserved", status="compliance_status"),
        *fields(enforced="enforced", export_restricted="export_restricted"),
        pl.lit("PREPAID").alias("billing"),
        pl.lit("summary").alias("witness"),
        *faults(),
    )
    rows = found.select(
        "place",
        pl.col("place").alias("parent"),
        *fields(license="display_name", license_details="license_details"),
    )
    lots = items(rows, "license_details").select(
        *("place", "parent", "license"),
        *fields(billing="billing_type", license_type="license_type", quantity="quantity"),
        *fields(start_date="start_date", end_date="end_date", status="status"),
        *fields(subscription_id="subscription_id"),
        pl.lit("summary").alias("witness"),
        *faults(),
    )
    return {"usage": usage, "lots": lots}


def _devices(docs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    sudi = field("sudi").struct
    found = items(docs.select("place", "devices"), "devices").with_columns(
        field("virtualAccount").alias("virtual_account"),
        sudi.field("udiPid").alias("udi_pid"),
        sudi.field("udiSerialNumber").alias("serial"),
        sudi.field("uuid").alias("uuid"),
        field("hostName").alias("hostname"),
    )
    keys = ("virtual_account", "udi_pid", "serial", "uuid", "hostname")
    devices = found.select(
        *("place", *keys),
        sudi.field("macAddress").alias("mac_address"),
        _first("displayName", "instanceName").alias("display_name"),
        _first("productName", "productDescription", "productType", "productTagName").alias(
            "product"
        ),
        *fields(software_version="softwareVersion", registration_date="registrationDate"),
        *fields(last_contact="lastContactDate", status="status"),
        *faults(),
    )
    rows = found.select(
        "place", pl.col("place").alias("parent"), *keys, *fields(licenseUsage="licenseUsage")
    )
    licenses = items(rows, "licenseUsage").select(
        *("place", "parent", *keys), *fields(license="license", quantity="quantity"), *faults()
    )
    return {"devices": devices, "device_licenses": licenses}


def _first(*names: str) -> pl.Expr:
    """The first of the fields that says something; a blank says nothing."""
    return pl.coalesce(
        pl.when(field(name).str.strip_chars() != "").then(field(name)) for name in names
    )


_READERS = {
    "licenses": _licenses,
    "devices": _devices,
    "licenseSubscriptions": _subscriptions,
    "summary": _summary,
    "roles": _walk,
}
