"""The tables of the Answers, in the order in which they are printed."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    LICENSE,
    MONEY,
    SHARE,
    SMART_ACCOUNT,
    SNAPSHOT,
    UNITS,
    VIRTUAL_ACCOUNT,
    Column,
    Table,
    count,
    date,
    text,
)

POSITIONS = Table(
    "positions",
    "a licence in a Virtual Account at as_of",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        LICENSE,
        SNAPSHOT,
        count("age_days", "days from the snapshot to as_of", unit="days"),
        count("quantity", "as exported"),
        count("entitled", "lots valid on the snapshot's day, or the quantity"),
        text("entitled_basis", "lots, quantity, undated or usage"),
        count("entitled_gap", "lots valid that day less the exported quantity"),
        count("in_use", "as exported"),
        count("reserved", "as exported"),
        text(
            "demand_identity",
            "what `available` proves of the file: in_use, in_use + reserved, unproven",
        ),
        count(
            "reserved_and_reporting", "units of instances both reserved and reporting, counted once"
        ),
        count("usage_billed", "use that is paid as used, never a gap"),
        count("demand", "units that need an entitlement"),
        count("lent", "lent to other licences, as exported"),
        count("borrowed", "borrowed from other licences, as exported"),
        count("balance", "entitled less demand"),
        count("exported_balance", "Cisco's own figure"),
        count("balance_after_substitution", "balance less lent plus borrowed, as exported"),
        count("balance_if_lent", "what lending by the tier ladders would leave: a model"),
        Column("utilisation", SHARE, "min(demand, entitled) / entitled", unit="share"),
        Column("coverage", SHARE, "min(demand, entitled) / demand", unit="share"),
        count("peak_in_use", "largest use in the trailing 365 days"),
        date("peak_date", "first day of that peak"),
        date("zero_since", "first snapshot of the trailing run without demand"),
        text("zero_note", "zero, not reported or empty"),
        count("shelf_units", "this account's part of the pool's shelf"),
        count("stranded_units", "free units in an account without demand that another could use"),
        Column("is_portable", BOOL, "as exported; shown, no gate"),
        Column("complete", BOOL, "false where it rests on an incomplete export"),
    ),
    ("smart_account", "virtual_account", "license"),
)

POOLED = Table(
    "pooled",
    "a licence in a Smart Account at as_of, its Virtual Accounts together",
    (
        SMART_ACCOUNT,
        LICENSE,
        SNAPSHOT,
        count("virtual_accounts", "accounts that hold it", unit="accounts"),
        count("quantity", "as exported"),
        count("entitled", "sum of the accounts"),
        count("in_use", "sum of the accounts"),
        count("reserved", "sum of the accounts"),
        count("usage_billed", "use that is paid as used"),
        count("demand", "sum of the accounts"),
        count("lent", "as exported"),
        count("borrowed", "as exported"),
        count("balance", "entitled less demand"),
        count("short_units", "sum of what single accounts are short of"),
        count("curable_units", "of it, what a transfer inside the Smart Account cures"),
        count("true_gap", "of it, what remains after exported lending and transfers"),
        count("true_gap_if_lent", "what would remain after lending by the tier ladders: a model"),
        text("lending_confidence", "of the ladder used: high, medium, low"),
        count("peak_demand", "largest full-day sum in the trailing 365 days"),
        date("peak_date", "first day of that peak"),
        count(
            "partial_days",
            "snapshot days that do not count: an account had no snapshot",
            unit="days",
        ),
        count("shelf_units", "never used in the trailing 365 days"),
        count("shelf_days", "days of history the shelf rests on", unit="days"),
        count("stranded_units", "sum of the accounts"),
        Column("perpetual", BOOL, "a perpetual licence by the rule pack"),
        Column("complete", BOOL, "false where it rests on an incomplete export"),
    ),
    ("smart_account", "license"),
)

TRANSFERS = Table(
    "transfers",
    "a proposed move of units between two Virtual Accounts of one Smart Account",
    (
        SMART_ACCOUNT,
        LICENSE,
        text("from_virtual_account", "the account with free units"),
        text("to_virtual_account", "the account that is short"),
        count("quantity", "units to move"),
        text("warning", "what to look at before moving"),
        Column("is_portable", BOOL, "as exported; shown, no gate"),
    ),
    ("smart_account", "license", "from_virtual_account", "to_virtual_account"),
)

INSTANCE_CHECK = Table(
    "instance_check",
    "a licence in a Virtual Account: the account's use against what its instances consume",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        LICENSE,
        SNAPSHOT,
        date("devices_date", "the day of the device export"),
        count("in_use", "as the account says"),
        count("explained_by_instances", "what its product instances consume"),
        count("unexplained", "in_use less explained"),
        Column("complete", BOOL, "false where it rests on an incomplete export"),
    ),
    ("smart_account", "virtual_account", "license"),
)

EXPIRIES = Table(
    "expiries",
    "the units of a licence in a Virtual Account that end on a day",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        LICENSE,
        date("end_date", "last day covered"),
        count("quantity", "units that end"),
        count("balance_after", "entitled the day after less today's demand"),
        count("days_left", "from as_of to the last day", unit="days"),
    ),
    ("smart_account", "virtual_account", "license", "end_date"),
)

TRUE_FORWARD = Table(
    "true_forward",
    "a line of an agreement at an event under a reading",
    (
        text("agreement", "name in client.toml"),
        text("suite", "name in client.toml"),
        text("sku", "of the line"),
        text("licenses", "the licences that the line counts, joined by ' + '"),
        date("event_date", "the milestone"),
        text("event", "milestone, early or last twelve months"),
        text("reading", "contract, or a published reading's name"),
        text("measure", "as_of, peak, average, billable or sum_of_negative_accounts"),
        date("measured_on", "the day whose value is charged"),
        Column("measured", UNITS, "the value", unit="licences"),
        Column("coverage", SHARE, "share of the window that snapshots cover", unit="share"),
        Column("complete", BOOL, "false where an account in scope has no snapshot that day"),
        Column("base", UNITS, "entitlement it is measured against", unit="licences"),
        Column(
            "outside",
            UNITS,
            "units owned outside the agreement, as CSSM shows them",
            unit="licences",
        ),
        Column("allowance", UNITS, "growth that is free", unit="licences"),
        Column("over", UNITS, "units charged", unit="licences"),
        Column("price", MONEY, "per unit and period", unit="money"),
        Column("support_price", MONEY, "per unit and period", unit="money"),
        text("price_basis", "contract, list or none"),
        date("list_date", "day of the list price, where the price rests on one"),
        text("per", "month, term or year"),
        Column("months", UNITS, "months that are billed", unit="months"),
        Column("charge", MONEY, "units over × price × time, support included", unit="money"),
        Column("credit", MONEY, "of it, met by unused value of the same suite", unit="money"),
        Column(
            "credit_unused", MONEY, "this line's unused value that nothing used up", unit="money"
        ),
        Column("net", MONEY, "charge less credit", unit="money"),
        Column("charge_if_ignored", MONEY, "the charge if outside stock is ignored", unit="money"),
        Column(
            "charge_if_offset", MONEY, "the charge if outside stock offsets growth", unit="money"
        ),
        Column(
            "charge_if_before",
            MONEY,
            "undecided: the charge from the snapshot before",
            unit="money",
        ),
        Column(
            "charge_if_after", MONEY, "undecided: the charge from the snapshot after", unit="money"
        ),
        text("outcome", "charged, none due, undecided, ahead, or where it goes instead"),
        text("currency", "of the money columns"),
    ),
    ("agreement", "suite", "sku", "event_date", "reading"),
)

POOL_DAYS = Table(
    "pool_days",
    "a licence in a Smart Account on a snapshot day, its Virtual Accounts together",
    (
        SMART_ACCOUNT,
        LICENSE,
        SNAPSHOT,
        count("quantity", "as exported"),
        count("entitled", "sum of the accounts"),
        count("in_use", "sum of the accounts"),
        count("reserved", "sum of the accounts"),
        count("demand", "sum of the accounts"),
        count("lent", "as exported"),
        count("borrowed", "as exported"),
        count("deficit", "sum of what single accounts are short of"),
        count("free", "entitled less demand less lent"),
        Column("full", BOOL, "false where an account had no snapshot in the last 35 days"),
    ),
    ("smart_account", "license", "snapshot_date"),
)

LINE_DAYS = Table(
    "line_days",
    "a line of an agreement on a snapshot day, everything in its scope together",
    (
        text("agreement", "name in client.toml"),
        text("suite", "name in client.toml"),
        text("sku", "of the line"),
        SNAPSHOT,
        count("demand", "units that the line counts"),
        count("deficit", "sum of what single accounts are short of"),
        count("outside", "units owned outside the agreement, as CSSM shows them"),
        Column("full", BOOL, "false where an account had no snapshot in the last 35 days"),
    ),
    ("agreement", "suite", "sku", "snapshot_date"),
)

ANSWERS = {
    table.name: table
    for table in (
        POSITIONS,
        POOLED,
        TRANSFERS,
        INSTANCE_CHECK,
        EXPIRIES,
        TRUE_FORWARD,
        POOL_DAYS,
        LINE_DAYS,
    )
}
