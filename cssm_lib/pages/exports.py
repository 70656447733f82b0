"""Which export fills which table, where a customer takes it, what cannot be proved without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Export:
    """One export: its name, where it is taken and what it proves."""

    name: str
    taken: str
    proves: str


LICENSES = Export(
    "the licence export",
    "Smart Software Manager > Inventory > Licenses, or the Smart Accounts API, `licenses`",
    "what is owned, used, reserved and short in each Virtual Account",
)
DEVICES = Export(
    "the product instance export",
    "Smart Software Manager > Inventory > Product Instances, or the Smart Accounts API, `devices`",
    "which instances stand behind the use, and which of them have fallen silent",
)

EXPORTS = {
    "usage": LICENSES,
    "pool_days": Export(
        "a licence export of each month, with its day in the file or in its name,",
        LICENSES.taken,
        "how use moved, when it peaked and what was never needed",
    ),
    "lots": Export(
        "the licence export with its transactions",
        "Licenses > Show License Transactions, or the Smart Accounts API, `licenses`",
        "what is entitled on a day, and which units end when",
    ),
    "substitutions": Export(
        "the licence export of the Smart Accounts API",
        "`licenses`, list `licenseSubstitutions`",
        "which licences lend to others, so that a shortage is not counted twice",
    ),
    "devices": DEVICES,
    "device_licenses": DEVICES,
    "assets": Export(
        "an export of your own inventory",
        "the asset list of your service desk or network management, as CSV or XLSX",
        "whether an instance that consumes a licence still exists",
    ),
    "user_counts": Export(
        "a dated count of users or endpoints",
        "your directory or identity service, as CSV: date, metric, count",
        "the measure of the lines that are counted by users",
    ),
    "captures": Export(
        "a capture of `show license status` and `show version`",
        "a terminal session with the device, saved as text",
        "how a device reports, what it sends, and which ACK it has received",
    ),
    "catalyst_center_devices": Export(
        "the licence details of Catalyst Center",
        "its API, `licenses/device/summary` and `licenses/device/{id}/details`",
        "which devices a controller reports for, and the release that each runs",
    ),
    "lifecycle": Export(
        "end-of-life data and suggested releases",
        "Cisco's support APIs EoX and Software Suggestion, asked by product identifier",
        "which hardware and software is past its support, and which only is old",
    ),
    "meraki_overview": Export(
        "the Meraki licence overview with licences and inventory",
        "the dashboard's API, `licenses/overview`, `licensing/coterm/licenses`,"
        " `inventory/devices`",
        "how many Meraki devices are licensed, and when all of them end together",
    ),
    "configurations": Export(
        "running configurations",
        "`show running-config` of each device, saved or in a terminal log",
        "which features are configured, and so which tier a device needs",
    ),
    "capture_members": Export(
        "a capture of stacks, pairs and controllers",
        "`show license all` and `show inventory` as text, or the devices of Catalyst Center",
        "how many units a device of several parts should count",
    ),
    "true_forward_report": Export(
        "the vendor's True Forward report",
        "your account team or partner, or the EA workspace, as CSV or XLSX: SKU, purchased,"
        " consumed, charge, credit",
        "whether the vendor's bill follows from your own figures",
    ),
    "event_log": Export(
        "the event log",
        "Smart Software Manager > Reports or Activity > Event Log, as CSV",
        "what was moved or reported late around the day that is measured",
    ),
    "changes": Export(
        "a pack of an earlier run",
        "`cssm run --previous PACK`, a pack or the folder of packs it lies in",
        "what moved since then, and by which cause",
    ),
    "scenario": Export(
        "a scenario file with actions, together with the terms of an agreement,",
        "`cssm run CLIENT --scenario FILE`, a TOML with one [[actions]] block for each change",
        "what each change is worth",
    ),
    "decisions": Export(
        "the decisions of a scenario file",
        "the workshop's decision log, or one [[decisions]] block for each in the TOML",
        "what was agreed, by whom, and what is still open",
    ),
    "waiting": Export(
        "the terms of the agreement, together with the product instance export,",
        "`client.toml`, one [[agreements]] block; Inventory > Product Instances or `devices`",
        "what clean-up before an event is worth",
    ),
    "quote": Export(
        "the vendor's quote",
        "the quote or estimate as CSV or XLSX: part number, quantity, term, net price",
        "what the vendor asks beyond the need, line by line",
    ),
    "agreements": Export(
        "the terms of the agreement",
        "`client.toml`, one [[agreements]] block: start, end, suites, lines and prices",
        "what a True Forward could charge, line by line",
    ),
}

# tables of the Answers rest on a table of the Client
RESTS_ON = {
    "exposure": "devices",
    "methods": "devices",
    "duties": "devices",
    "report_ages": "devices",
    "hygiene": "usage",
    "account_plan": "usage",
    "account_days": "usage",
    "lifecycle_ages": "lifecycle",
    "meraki_expiry": "meraki_overview",
    "meraki_stock": "meraki_overview",
    "meraki_states": "meraki_overview",
    "positions": "usage",
    "pooled": "usage",
    "transfers": "usage",
    "line_days": "agreements",
    "renewal": "usage",
    "numbers": "usage",
    "scenarios": "usage",
    "asks": "usage",
    "signals": "usage",
    "quote_match": "quote",
    "quote_causes": "quote",
    "quote_totals": "quote",
    "instance_check": "devices",
    "expiries": "lots",
    "feature_drift": "devices",
    "tier_witnesses": "devices",
    "tier_pools": "usage",
    "tier_accounts": "usage",
    "tier_account_days": "usage",
    "tier_days": "devices",
    "tier_changes": "devices",
    "drift_groups": "devices",
    "tier_plan": "devices",
    "addon_lapse": "usage",
    "features": "configurations",
    "matches": "devices",
    "match_classes": "devices",
    "instance_spans": "devices",
    "record_conflicts": "assets",
    "expected_counts": "capture_members",
    "cleanup": "agreements",
    **dict.fromkeys(
        ("true_forward", "readings", "reading_range", "reading_steps", "setting_effects"),
        "agreements",
    ),
    **dict.fromkeys(
        ("next_events", "line_history", "line_years", "growth", "growth_years", "outlook"),
        "agreements",
    ),
    "milestone_log": "event_log",
    "disputes": "true_forward_report",
    "dispute_lines": "true_forward_report",
    "records": "usage",
    "sources": "usage",
    "data_requests": "usage",
    "actions": "usage",
    "calendar": "agreements",
    "statements": "usage",
    **dict.fromkeys(("action_prices", "scenario_actions", "scenario_effects"), "scenario"),
    "decisions": "decisions",
}

# what a table wants before the export that it rests on is of any use
WANTS_FIRST = {"milestone_log": "line_history"}

# what has to be there for an empty table to be an answer: "nothing was found", not "nothing known"
SAYS_NONE_BY = {
    "transfers": ("positions",),
    "data_requests": ("positions",),
    "drift_groups": ("feature_drift",),
    "disputes": ("dispute_lines",),
    "line_history": ("line_history",),
    "milestone_log": ("line_history", "event_log"),
    "waiting": ("line_history", "devices"),
}


def filling(table: str) -> Export:
    """The export that would fill a table.

    >>> filling("expiries").name
    'the licence export with its transactions'
    """
    return EXPORTS[RESTS_ON.get(table, table)]


def nothing_here(table: str) -> str:
    """One sentence for a section without data: what would fill it and where it is taken.

    >>> nothing_here("user_counts")[:61]
    'No data for this part. A dated count of users or endpoints wo'
    """
    export = filling(table)
    name = export.name[0].upper() + export.name[1:]
    return f"No data for this part. {name} would fill it ({export.taken.replace('`', '')})."
