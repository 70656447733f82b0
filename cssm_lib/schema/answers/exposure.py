"""The tables of what Cisco sees of each product instance, and how soon."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    INSTANCE,
    MONEY,
    PLACED,
    SHARE,
    Column,
    Rests,
    Table,
    count,
    date,
    text,
)

EXPOSURE = Table(
    "exposure",
    "a product instance: by which method Cisco sees it, and what travels",
    (
        *INSTANCE,
        text("software_version", "where a file says it"),
        text("method", "a method of the rule pack `telemetry.methods`; unknown without a witness"),
        text("witness", "what says so"),
        text("visibility", "how soon Cisco sees a change, by the method"),
        text("risk", "commercial risk of the method in a word"),
        date("last_contact", "last contact that Cisco lists"),
        count("age_days", "from that contact to as_of", unit="days"),
        Column("sends_hostname", BOOL, "the host name travels; null where nobody says"),
        text("hostname_witness", "device or export: who says so"),
        Column("sends_version", BOOL, "the software version travels; null where nobody says"),
        Column("sends_serial", BOOL, "the serial number or UUID stands in Cisco's own export"),
        text("analytics", "the separate telemetry channel, as the device or its release says"),
        count("units", "licences that it consumes"),
        Column(
            "money",
            MONEY,
            "what they cost to the agreement's end; null without a price",
            unit="money",
        ),
        count("unpriced_units", "term licences of them that no agreement prices: in no money"),
        text("currency", "of the money"),
        Column("complete", BOOL, "false where the instance export lacks pages or records"),
        *PLACED,
    ),
    # the device's own word stands before the export's
    rests=(
        Rests("captures", ("serial",), where="serial IS NOT NULL"),
        Rests("captures", ("hostname",), where="serial IS NULL AND hostname IS NOT NULL"),
    ),
)

METHODS = Table(
    "methods",
    "a reporting method: its part of the estate and of the money, its risk and the way out",
    (
        text("method", "as in the rule pack"),
        count("instances", "that report so", unit="instances"),
        Column("share", SHARE, "of all instances", unit="share"),
        count("units", "that they consume"),
        Column("units_share", SHARE, "of all units consumed", unit="share"),
        Column("money", MONEY, "of the instances that have a price", unit="money"),
        Column("money_share", SHARE, "of all money known", unit="share"),
        text("currency", "of the money"),
        text("visibility", "how soon Cisco sees a change"),
        text("risk", "commercial risk in a word"),
        text("reason", "why"),
        text("to_move", "what it takes to leave this method"),
        text("trade_off", "what that costs"),
        text("confidence", "of the record in the rule pack"),
    ),
    ("method",),
    rests=(Rests("exposure", ("method",), takes=("method",)),),
)
