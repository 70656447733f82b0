"""The tables of product instances against the customer's own records."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    MONEY,
    SMART_ACCOUNT,
    UNITS,
    VIRTUAL_ACCOUNT,
    Column,
    Rests,
    Table,
    count,
    date,
    text,
)

MATCHES = Table(
    "matches",
    "a product instance at as_of, or an own record that stands for none, with its partner",
    (
        text("about", "instance or record: what the row stands for"),
        text("device_serial", "as printed in the instance export"),
        text("device_hostname", "as printed"),
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        text("device_pid", "as printed"),
        text("device_uuid", "of a software instance"),
        text("asset_source", "the inventory's file"),
        text("asset_name", "as printed in the file"),
        text("asset_serial", "as printed in the file"),
        text("asset_pid", "as printed in the file"),
        text("asset_status", "as printed in the file"),
        text("site", "as printed in the file"),
        text("asset_place", "row in the file"),
        text("tier", "T1 model and serial, T2 serial, T3 member, T4 name and place, T5 succession"),
        text("agreed_on", "fields that both say alike"),
        text("disagreed_on", "fields that both say, differently"),
        text("runner_up", "the next best answer and why it was not taken; T6 stands only here"),
        text(
            "state",
            "matched, shadow, ghost, retired, stale, duplicate, successor, moved, returned, masked,"
            " software, undecided",
        ),
        text("why", "what made it so"),
        text("action", "what it calls for"),
        count("units", "subscription units that the instance consumes"),
        Column("money", MONEY, "of them until the agreement's end, at its price", unit="money"),
        count("unpriced_units", "of them, units that no one price is known for: in no money"),
        count("perpetual_units", "perpetual units beside them"),
        text("licenses", "what the instance consumes"),
        text("removal", "retired with evidence, ask first or never; null: no question"),
        text("removal_reason", "why it stands in that column"),
        count("freed_units", "units that taking it off would free, once it is proved gone"),
        date("last_contact", "of the instance with Cisco"),
        count("silent_days", "from the last contact to as_of", unit="days"),
        text(
            "duty", "what it owes by its reporting policy: none, in time, watch, overdue, unknown"
        ),
        date("devices_date", "the day of the instance export"),
        Column("complete", BOOL, "false where it rests on an incomplete export"),
    ),
    rests=(
        Rests(
            "devices",
            (
                *("smart_account", "virtual_account"),
                *("device_serial = serial", "device_hostname = hostname"),
            ),
            where="device_serial IS NOT NULL OR device_hostname IS NOT NULL",
        ),
        Rests("assets", ("asset_source = source", "asset_place = place")),
    ),
)

MATCH_CLASSES = Table(
    "match_classes",
    "a state with its size and the position to document",
    (
        text("state", "as in matches"),
        count("instances", "product instances in it", unit="instances"),
        count("records", "own records that stand alone in it", unit="records"),
        count("units", "subscription units that they consume"),
        Column("money", MONEY, "of them until the agreement's end", unit="money"),
        count("freed_units", "units that taking them off would free, once proved gone"),
        text("action", "what it calls for"),
        text("position", "what to put on file before anybody asks"),
    ),
    ("state",),
    rests=(Rests("matches", ("state",), takes=("state",)),),
)

INSTANCE_SPANS = Table(
    "instance_spans",
    "an unbroken stay of an instance in a Virtual Account, over the exports",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        text("serial", "as printed"),
        text("hostname", "as printed last"),
        text("state", "at as_of, where it still stands there"),
        text("arrival", "there from the first export, new, moved, came back, in two accounts"),
        date("appeared_after", "the export before, that did not show it"),
        date("first_day", "the first export of the stay"),
        date("last_day", "the last export of the stay"),
        date("left_before", "the export after, that did not show it; null: still there"),
        count("units_first", "subscription units at first"),
        count("units_last", "subscription units at last"),
        text("licenses", "consumed at last"),
        count("unit_days", "units × days to the next export", unit="licence days"),
        text("chain", "the first device of its succession, itself where it has none"),
        Column("followed", BOOL, "another device took its place"),
    ),
    rests=(Rests("devices", ("smart_account", "virtual_account", "serial", "hostname")),),
)

RECORD_CONFLICTS = Table(
    "record_conflicts",
    "a field on which two own records of one device disagree",
    (
        text("asset_name", "of the trusted record"),
        text("asset_serial", "of the trusted record"),
        text("field", "name, serial, pid, status, site or ip"),
        text("trusted_source", "first in the order of trust for the field"),
        text("trusted_value", "as printed there"),
        text("other_source", "the file that says otherwise"),
        text("other_value", "as printed there"),
        text("other_place", "row in that file"),
    ),
    rests=(
        Rests("assets", ("other_source = source", "other_place = place")),
        Rests("assets", ("trusted_source = source", "asset_name = name", "asset_serial = serial")),
    ),
)

EXPECTED_COUNTS = Table(
    "expected_counts",
    "a device of several members, or a controller: units by its build against units counted",
    (
        text("kind", "stack, dual supervisor, virtual pair or controller"),
        text("hostname", "as captured"),
        text("serial", "of its instance"),
        count("members", "that the device lists", unit="members"),
        count("access_points", "joined to a controller", unit="access points"),
        count("instances", "product instances of its members", unit="instances"),
        count("counted", "units of one licence that they consume at most"),
        count("device_says", "the same by the device's own list"),
        count("expected", "by the rule of its build; null where that is only assumed"),
        count("unexplained", "counted less what the device says, else less expected"),
        text("basis", "what the comparison rests on"),
    ),
    rests=(
        Rests("devices", ("serial", "hostname")),
        Rests("captures", ("hostname",), where="hostname IS NOT NULL"),
    ),
)

CLEANUP = Table(
    "cleanup",
    "a line of an agreement under a reading: what taking off a column of the removal list saves",
    (
        text("agreement", "name in client.toml"),
        text("suite", "name in client.toml"),
        text("sku", "of the line"),
        text("reading", "contract, or a published reading's name"),
        text("measure", "as_of, peak, average, billable or sum_of_negative_accounts"),
        date("event_date", "the next milestone; null: none is left, the renewal's quantity counts"),
        text("removal", "retired with evidence or ask first"),
        count("units", "units that these instances consume"),
        Column(
            "avoided_units", UNITS, "of them, what the reading would not count", unit="licences"
        ),
        Column("money", MONEY, "of those until the agreement's end", unit="money"),
        text("currency", "of the money column"),
        text("why", "why the reading counts so"),
    ),
    ("agreement", "suite", "sku", "reading", "removal"),
    rests=(Rests("true_forward", ("agreement", "suite", "sku", "reading"), takes=("net",)),),
)
