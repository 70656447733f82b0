"""What is to be asked for of devices: their own word, configurations, records, other managers."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from cssm_lib.analyses.received.need import Need, Received, flat, named
from cssm_lib.rules import licence_classes
from cssm_lib.schema.words import counted

MERAKI_SERIAL = "^Q[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}$"
CATALYST = "^(?:C9[2-6]|C98|AIR-)"
INSTANCES = "product instances"


def device_needs(it: Received) -> list[Need]:
    """Needs of the product instances of each account's newest day, all accounts together."""
    key = pl.coalesce(plain("serial"), plain("uuid"), plain("hostname"))
    devices = it.instances.with_columns(key=key).unique("key", keep="first", maintain_order=True)
    asked = (_captures, _configurations, _rum, _inventory, _catalyst_center, _meraki, _lifecycle)
    return flat(ask(it, devices) for ask in asked)


def plain(name: str) -> pl.Expr:
    """A serial number or name as it is compared: without blanks at its edges, in upper case."""
    return pl.col(name).str.strip_chars().str.to_uppercase()


def _share(part: pl.DataFrame, whole: pl.DataFrame) -> str:
    return f"{part.height:,} of {counted(whole.height, INSTANCES)}"


def _known(*columns: pl.Series) -> pl.Series:
    """Serial numbers or names of several tables, as they are compared."""
    texts = pl.concat(column.alias("key").cast(pl.String) for column in columns)
    return texts.to_frame().select(plain("key")).to_series().drop_nulls().unique()


def _captures(it: Received, devices: pl.DataFrame) -> Iterator[Need]:
    """Instances of which no capture is there."""
    told = _known(
        *(it["captures"][name] for name in ("serial", "uuid", "hostname")),
        it["capture_members"]["member_serial"],
    ).implode()
    speaks = pl.any_horizontal(
        name.is_in(told).fill_null(False) for name in (pl.col("key"), plain("hostname"))
    )
    silent = devices.filter(~speaks)
    if silent.height:
        state = "missing" if silent.height == devices.height else "partial"
        found = f"{_share(silent, devices)} without a word of their own"
        yield Need("captures", None, state, found)


def _configurations(it: Received, devices: pl.DataFrame) -> Iterator[Need]:
    """Instances that consume a licence of a higher tier, and no configuration."""
    uses = it["device_licenses"].join(devices, on="source", how="semi")
    tiers = licence_classes(uses["license"], it.rules).filter(pl.col("rung") > 0)
    higher = uses.join(tiers, on="license", how="semi")
    there = devices.join(higher, on=["source", "serial", "hostname"], how="semi", nulls_equal=True)
    features = it.tables.get("features")
    if there.height and (features is None or features.is_empty()):
        found = f"{_share(there, devices)} on a higher tier, and no configuration says why"
        yield Need("configurations", None, "missing", found)


def _rum(it: Received, devices: pl.DataFrame) -> Iterator[Need]:
    """Instances silent for longer than the rule pack's days, without a saved report."""
    days = it.rules["shadow.stale_days"]
    last = pl.lit(it.days_before(days), dtype=pl.Date)
    told = _known(it["rum_reports"]["serial"]).implode()
    quiet = devices.filter(pl.col("last_contact").dt.date() < last, ~pl.col("key").is_in(told))
    if quiet.height:
        found = f"{_share(quiet, devices)} silent for more than {days} days before {it.as_of}"
        yield Need("rum", None, "missing", found)


def _inventory(it: Received, devices: pl.DataFrame) -> Iterator[Need]:
    assets = it["assets"]
    if assets.is_empty() and devices.height:
        found = f"{counted(devices.height, INSTANCES)}, and no record of your own"
        yield Need("inventory", None, "missing", found)
    if assets.height and assets["serial"].null_count() == assets.height:
        found = f"{counted(assets.height, 'records')}, none with a serial number"
        yield Need("inventory", None, "partial", found, named(assets))
    days = it["sources"].join(assets, on="source", how="semi")["snapshot_date"]
    if age := it.age(days.max()):
        found = f"the newest shows {days.max()}, {age} days before {it.as_of}"
        yield Need("inventory", None, "old", found, named(assets))


def _catalyst_center(it: Received, devices: pl.DataFrame) -> Iterator[Need]:
    """Switches, routers and controllers that Catalyst Center could know, and its word on them."""
    told = it["catalyst_center_devices"]
    there = devices.filter(pl.col("udi_pid").str.contains(CATALYST))
    if told.is_empty() and there.height:
        found = f"{_share(there, devices)} of families that Catalyst Center manages"
        yield Need("catalyst_center", None, "missing", found)
    bare = told.filter(pl.col("serial").is_null())
    if bare.height:
        share = f"{bare.height:,} of {counted(told.height, 'devices')}"
        yield Need(
            "catalyst_center", None, "partial", f"{share} without a serial number", named(bare)
        )


def _meraki(it: Received, devices: pl.DataFrame) -> Iterator[Need]:
    """Meraki devices without licences, or licences without devices."""
    records = it["assets"].filter(plain("serial").str.contains(MERAKI_SERIAL))
    licensed = it["meraki_licenses"].height + it["meraki_overview"].height
    held = it["meraki_devices"].height + records.height
    if held and not licensed:
        yield Need("meraki", None, "missing", f"{counted(held, 'Meraki devices')}, no licence")
    if licensed and it["meraki_devices"].is_empty():
        yield Need("meraki", None, "partial", "Meraki licences, and no inventory of devices")


def _lifecycle(it: Received, devices: pl.DataFrame) -> Iterator[Need]:
    """Product identifiers in use of which no end-of-life date is there."""
    wanted = _known(devices["udi_pid"])
    told = _known(it["lifecycle"]["pid"], it["lifecycle"]["input_value"])
    bare = wanted.filter(~wanted.is_in(told.implode()))
    if len(bare):
        state = "missing" if len(bare) == len(wanted) else "partial"
        share = f"{len(bare):,} of {counted(len(wanted), 'product identifiers')}"
        yield Need("lifecycle", None, state, f"{share} without an end-of-life date")
