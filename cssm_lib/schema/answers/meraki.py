"""The tables of the Meraki side, which no Smart Account shows."""

from __future__ import annotations

from cssm_lib.schema.contract import SNAPSHOT, Rests, Table, count, date, text

MERAKI_EXPIRY = Table(
    "meraki_expiry",
    "the common expiry of a Meraki organisation by one formula",
    (
        SNAPSHOT,
        text("organization_id", "as exported; null where no file says it"),
        text("formula", "count-weighted, price-weighted or dashboard"),
        count("keys", "licence keys counted", unit="keys"),
        count("devices", "devices that they license", unit="devices"),
        date("expires", "the common expiry"),
        count("days_left", "from as_of", unit="days"),
        count("differs_by", "days after the dashboard's own date", unit="days"),
        text("state", "given (the dashboard), agrees, differs, alone, undecided or unknown"),
        text("basis", "what it rests on, or what is missing"),
    ),
    rests=(
        Rests("meraki_licenses", day="until snapshot_date"),
        Rests("meraki_overview", day="until snapshot_date"),
    ),
)

MERAKI_STOCK = Table(
    "meraki_stock",
    "a Meraki model, licence type or subscription SKU: what is licensed against what is there",
    (
        SNAPSHOT,
        text("licensing", "co-termination, per-device or subscription"),
        text("product", "model, family, licence type or SKU"),
        count("licensed", "devices or seats licensed", unit="devices"),
        count("inventory", "devices in the inventory", unit="devices"),
        count("in_use", "devices in a network, or seats assigned", unit="devices"),
        count("free", "licensed less in use; negative is short", unit="devices"),
        count("short", "in use beyond what is licensed", unit="devices"),
        text("state", "short, exact, free or unknown"),
        date("next_expiry", "the next end among its licences"),
    ),
    rests=(
        Rests("meraki_licenses", day="until snapshot_date"),
        Rests("meraki_devices", day="until snapshot_date"),
        Rests("meraki_overview", day="until snapshot_date"),
    ),
)

MERAKI_STATES = Table(
    "meraki_states",
    "a state of Meraki licences: how many stand in it",
    (
        SNAPSHOT,
        text("licensing", "co-termination, per-device or subscription"),
        text("state", "as exported, or valid, invalidated, expired of a key"),
        count("licenses", "licences, keys or subscriptions", unit="licences"),
        count("devices", "devices or seats behind them", unit="devices"),
        date("next_expiry", "the next end among them"),
    ),
    rests=(
        Rests("meraki_licenses", day="until snapshot_date"),
        Rests("meraki_overview", day="until snapshot_date"),
    ),
)
