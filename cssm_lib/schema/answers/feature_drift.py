"""The tables of intended, licensed, configured and needed tiers, and of how they parted."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    MONEY,
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

PART = text("part", "network, add-on, add-on set or hseck9: licences that are judged apart")
DEVICE = (
    SMART_ACCOUNT,
    VIRTUAL_ACCOUNT,
    text("device", "what it is known by: serial, else uuid, else host name"),
    text("serial", "as printed"),
    text("uuid", "of a software instance"),
    text("hostname", "where any witness says it"),
    text("pid", "product identifier"),
    text("family", "by the rule pack `tiers`"),
    PART,
)
SPAN = (
    date("drifted_after", "last day with the tier before"),
    date("drifted_by", "first day with the new tier; the change lies between"),
)

# the rows of the exports that tell a device, over all days
OF_DEVICE = (
    *(
        Rests(table, ("smart_account", "virtual_account", *key), where=where)
        for table in ("devices", "device_licenses")
        for key, where in (
            (("serial",), "serial IS NOT NULL"),
            (("uuid",), "serial IS NULL AND uuid IS NOT NULL"),
            (("hostname",), "serial IS NULL AND uuid IS NULL"),
        )
    ),
    # what the account uses in all says which tier its devices may take
    Rests("usage", ("smart_account", "virtual_account")),
    Rests("captures", ("hostname",), where="hostname IS NOT NULL"),
    Rests("configurations", ("serial",), where="serial IS NOT NULL"),
    Rests("configurations", ("hostname",), where="serial IS NULL AND hostname IS NOT NULL"),
    Rests("features", ("hostname",), where="hostname IS NOT NULL"),
)

FEATURE_DRIFT = Table(
    "feature_drift",
    "a licence part of a device at as_of: its four tiers, and the verdict",
    (
        *DEVICE,
        SNAPSHOT,
        text("licenses", "the licences that its instance consumes for this part"),
        count("quantity", "units that it consumes"),
        text("intended_tier", "by [[intended_tiers]] of client.toml; null where none fits"),
        text("licensed", "covered, reserved, or short k of n and not attributable"),
        text("configured_tier", "what the newest witness says; null where witnesses disagree"),
        text("configured_by", "each witness, its tier and its day"),
        Column("agreed", BOOL, "false where witnesses of one day disagree"),
        text("needed_tier", "lowest tier that has every configured feature"),
        text("needed_at_most", "the tier that lines may need which do not decide it"),
        text("evidence", "the lines that need it, with file and number"),
        text("bandwidth", "bandwidth class of the licence"),
        text("throughput", "as configured"),
        *SPAN,
        text("drifted_from", "the tier before the last change"),
        text(
            "verdict",
            "above licence, in a short pool, above need, above or below intention, fits …",
        ),
        text("also", "verdicts that hold as well"),
        text("reason", "why, in words"),
        text("candidates", "undecided: the tiers between which nothing decides"),
    ),
    ("device", "part"),
    rests=OF_DEVICE,
)

TIER_WITNESSES = Table(
    "tier_witnesses",
    "what a witness says of a part of a device, over the days on which it says the same",
    (
        *DEVICE,
        date("first_day", "first snapshot that says so; null where no file says its day"),
        date("last_day", "last snapshot that says so"),
        count("snapshots", "of the witness between them", unit="snapshots"),
        text("witness", "CSSM, capture, Catalyst Center or configuration"),
        text("tier", "the tier, or the set of add-ons; `none` where a known part is not consumed"),
        count("quantity", "units"),
        text("said", "the licences or levels as printed"),
        text("bandwidth", "bandwidth class, where the name says it"),
        text("source", "the file of the last of them"),
        text("place", "where in it"),
    ),
    ("device", "part", "witness", "first_day"),
)

RUNG = (
    text("ladder", "family, hardware and metric: nothing is lent across it"),
    PART,
    text("tier", "of the rung"),
    count("rung", "0 is the lowest", unit="rung"),
    text("licenses", "the licences of the rung"),
    count("demand", "units of this tier"),
    count("supply", "units entitled at this tier"),
    count("short", "demand at this tier and above less supply at it and above"),
    count("own_short", "of it, what the tiers above do not explain"),
)

TIER_POOLS = Table(
    "tier_pools",
    "a tier of a ladder in a Smart Account, its Virtual Accounts together",
    (
        SMART_ACCOUNT,
        *RUNG,
        count("cured", "short in single accounts, which a transfer inside the pool cures"),
        Column("step_money", MONEY, "unit price less that of the tier below", unit="money"),
        Column("money", MONEY, "short × step", unit="money"),
        text("money_note", "why there is no money, where there is none"),
        text("currency", "of the money columns"),
    ),
    ("smart_account", "ladder", "part", "rung", "tier"),
    rests=(
        Rests("usage", ("smart_account",)),
        Rests("device_licenses", ("smart_account",)),
    ),
)

TIER_ACCOUNTS = Table(
    "tier_accounts",
    "a tier of a ladder in a Virtual Account; what is short here alone is a transfer, no money",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        *RUNG,
        text("licensed", "what a device of this tier is: covered, or short k of n"),
    ),
    ("smart_account", "virtual_account", "ladder", "part", "rung", "tier"),
    rests=(
        Rests("usage", ("smart_account", "virtual_account")),
        Rests("device_licenses", ("smart_account", "virtual_account")),
    ),
)

TIER_ACCOUNT_DAYS = Table(
    "tier_account_days",
    "a tier of a ladder in a Virtual Account on a day of CSSM's device exports",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        *RUNG,
        SNAPSHOT,
        count("over", "what the whole Smart Account was short of at this tier that day"),
        text("licensed", "what a device of this tier was: covered, or short k of n"),
    ),
    ("smart_account", "virtual_account", "ladder", "part", "rung", "tier", "snapshot_date"),
    rests=(
        Rests("usage", ("smart_account", "virtual_account"), day="until snapshot_date"),
        Rests("device_licenses", ("smart_account", "virtual_account", "snapshot_date")),
    ),
)

TIER_DAYS = Table(
    "tier_days",
    "a part of a device over the snapshot days on which its four tiers stand alike; every day from"
    " first_day to last_day on which anybody spoke of it is this row, so that nothing is lost",
    (
        *DEVICE,
        date("first_day", "first of the days; null where no file says its day"),
        date("last_day", "last of the days; the day of the next row shows another tier"),
        count("snapshots", "days on which anybody spoke of the device", unit="days"),
        text("licenses", "the licences that its instance consumed for this part, as on first_day"),
        text("changed", "first day, seen again, or what differs from the row before"),
        text("intended_tier", "by today's [[intended_tiers]] and the account of the day"),
        text("intended_by", "the entry of client.toml"),
        text("licensed", "covered, reserved, or short; k of n as on first_day"),
        text("licensed_by", "the pool on first_day; every day stands in tier_account_days"),
        text("configured_tier", "what the newest witness said; null where witnesses disagree"),
        text("configured_by", "each witness, its tier and its day, as on first_day"),
        text("needed_tier", "lowest tier that had every configured feature"),
        text("needed_at_most", "the tier that lines may have needed which do not decide it"),
        text("needed_by", "the lines of the configuration, as on first_day"),
        text("verdict", "as in feature_drift, for these days"),
        text("also", "verdicts that held as well"),
        text("candidates", "undecided: the tiers between which nothing decided"),
    ),
    ("device", "part", "first_day"),
    rests=OF_DEVICE,
)

TIER_CHANGES = Table(
    "tier_changes",
    "a change of a configured tier, or of evidence, of one device between two snapshots",
    (
        *DEVICE,
        text("kind", "raised, lowered, ended, begun, changed, feature added, feature removed"),
        text("from_tier", "before; for evidence the feature's line"),
        text("to_tier", "after; for evidence the feature's line"),
        *SPAN,
        text("trip", "return: back to the tier before; reset: all parts to the lowest tier"),
        count("quantity", "units the change touches: the larger of before and after"),
        text("witness", "whose snapshots show it"),
        text("cause", "the group in drift_groups"),
    ),
    ("device", "part", "drifted_by", "from_tier", "to_tier"),
    rests=OF_DEVICE,
)

DRIFT_GROUPS = Table(
    "drift_groups",
    "devices of a Virtual Account that changed alike in one span: one cause",
    (
        text("cause", "its number, in order of the span"),
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        text("family", "of the devices"),
        text("change", "part: before → after, for each part"),
        *SPAN,
        text("trip", "return or reset, where it is one"),
        count("devices", "that changed", unit="devices"),
        count("quantity", "units of the largest part that they touch"),
        text("radius", "the blast radius in words"),
        text("hostnames", "of the first devices"),
        text("witness", "whose snapshots show it"),
    ),
    ("cause",),
    rests=(Rests("tier_changes", ("cause",), takes=("cause",)),),
)

TIER_PLAN = Table(
    "tier_plan",
    "an action, or the reason for none, for devices alike in account, part and tiers",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        text("family", "of the devices"),
        PART,
        text("licenses", "the licences concerned"),
        text("action", "drop the tier, switch features off, keep, raise or ask"),
        text("from_tier", "configured"),
        text("to_tier", "after the action"),
        count("devices", "touched", unit="devices"),
        count("quantity", "units of the licence"),
        text("features", "what the lines show, with the number of devices of each"),
        text("why", "what speaks for it or against it"),
        text("condition", "what to check first"),
        Column("money", MONEY, "until the end of the agreement", unit="money"),
        Column("money_per_device", MONEY, "money by device touched", unit="money"),
        text("money_note", "why there is no money, where there is none"),
        text("currency", "of the money columns"),
        text("hostnames", "of the first devices"),
        text("wording", "configured against intended tier, in words for the file"),
    ),
    rests=(
        Rests("usage", ("smart_account", "virtual_account")),
        Rests("device_licenses", ("smart_account", "virtual_account")),
        Rests("devices", ("smart_account", "virtual_account")),
        Rests(
            "feature_drift",
            ("smart_account", "virtual_account", "family", "part", "from_tier = configured_tier"),
            takes=("configured_tier",),
        ),
    ),
)

ADDON_LAPSE = Table(
    "addon_lapse",
    "a subscription line of an add-on: what it means to let it lapse",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        text("license", "the add-on"),
        text("tier", "of the add-on"),
        count("demand", "units in use or reserved"),
        count("devices", "instances that consume it", unit="devices"),
        count("needing", "of them, devices whose configuration needs this tier", unit="devices"),
        count("unread", "of them, devices without a configuration", unit="devices"),
        date("next_end", "last day covered of the lot that ends next"),
        text("stays", "the network licences of the same account: perpetual"),
        text("lost", "by the rule pack `tiers`"),
        Column("saved", MONEY, "its units until the end of the agreement", unit="money"),
        text("money_note", "why there is no money, where there is none"),
        text("currency", "of the money columns"),
    ),
    ("smart_account", "virtual_account", "license"),
    rests=(
        Rests("usage", ("smart_account", "virtual_account", "license")),
        Rests("lots", ("smart_account", "virtual_account", "license")),
        Rests("device_licenses", ("smart_account", "virtual_account", "license")),
    ),
)

FEATURE_DRIFT_TABLES = (
    FEATURE_DRIFT,
    TIER_WITNESSES,
    TIER_POOLS,
    TIER_ACCOUNTS,
    TIER_ACCOUNT_DAYS,
    TIER_DAYS,
    TIER_CHANGES,
    DRIFT_GROUPS,
    TIER_PLAN,
    ADDON_LAPSE,
)
