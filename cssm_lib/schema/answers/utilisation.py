"""The tables of what is held and needed, per Virtual Account and pool."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    LICENSE,
    SHARE,
    SMART_ACCOUNT,
    SNAPSHOT,
    VIRTUAL_ACCOUNT,
    Column,
    Rests,
    Table,
    count,
    date,
    text,
)

HELD = ("smart_account", "virtual_account", "license")
POOL = ("smart_account", "license")
DAY = "snapshot_date"
# what rests on the year before, not on the day of the position alone
OWN_YEAR = ("peak_in_use", "peak_date", "zero_since", "zero_note")
POOL_YEAR = ("shelf_units", "stranded_units")
LENDING = ("lent", "borrowed", "balance_after_substitution", "balance_if_lent")

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
    rests=(
        Rests("usage", (*HELD, DAY)),
        Rests("lots", (*HELD, DAY)),
        Rests("substitutions", (*HELD[:2], "license = from_license", DAY), columns=LENDING),
        Rests("substitutions", (*HELD[:2], "license = to_license", DAY), columns=LENDING),
        # lending by the ladders takes from every licence of the account
        Rests("usage", (*HELD[:2], DAY), columns=("balance_if_lent",)),
        Rests("lots", (*HELD[:2], DAY), columns=("balance_if_lent",)),
        Rests("devices", (*HELD[:2], DAY), columns=("demand",), where="reserved_and_reporting > 0"),
        Rests("usage", HELD, day=f"until {DAY}", columns=OWN_YEAR),
        Rests("usage", POOL, day=f"until {DAY}", columns=POOL_YEAR),
        Rests("lots", POOL, day=f"until {DAY}", columns=POOL_YEAR),
    ),
)

OF_HISTORY = (*POOL_YEAR, "peak_demand", "peak_date", "partial_days", "shelf_days")

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
    rests=(
        Rests("positions", POOL, takes=("balance_after_substitution",)),
        Rests("positions", POOL, columns=("true_gap_if_lent",), takes=("balance_if_lent",)),
        Rests("usage", POOL, day=f"until {DAY}", columns=OF_HISTORY),
        Rests("lots", POOL, day=f"until {DAY}", columns=OF_HISTORY),
    ),
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
    rests=(
        Rests("positions", POOL, takes=("balance_after_substitution",)),
        Rests("lots", POOL, via="pooled", day=f"until {DAY}"),
    ),
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
    rests=(
        Rests("usage", (*HELD, DAY)),
        Rests("devices", (*HELD[:2], "devices_date = snapshot_date")),
        Rests("device_licenses", (*HELD, "devices_date = snapshot_date")),
    ),
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
    rests=(
        Rests("lots", (*HELD, DAY, "end_date"), via="positions"),
        Rests("positions", HELD, columns=("balance_after",), takes=("balance",)),
    ),
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
    rests=(
        Rests("usage", POOL, day=f"newest {DAY}"),
        Rests("lots", POOL, day=f"newest {DAY}"),
        Rests("substitutions", (POOL[0], "license = from_license"), day=f"newest {DAY}"),
        Rests("substitutions", (POOL[0], "license = to_license"), day=f"newest {DAY}"),
    ),
)
