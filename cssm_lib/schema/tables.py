"""The canonical tables of a Client: what the files say, typed."""

from __future__ import annotations

from cssm_lib.schema.captures import CAPTURE_TABLES
from cssm_lib.schema.commerce import COMMERCE
from cssm_lib.schema.configurations import CONFIGURATION_TABLES
from cssm_lib.schema.contract import (
    BOOL,
    DATE,
    HOLDING,
    INSTANT,
    LICENSE,
    LICENSE_RAW,
    PLACED,
    SHARE,
    TAG,
    Column,
    Rests,
    Table,
    count,
    date,
    text,
)
from cssm_lib.schema.dashboards import DASHBOARDS

USAGE = Table(
    "usage",
    "a licence in a Virtual Account on a day",
    (
        *HOLDING,
        LICENSE,
        LICENSE_RAW,
        TAG,
        text("billing", "PREPAID or USAGE"),
        count("quantity", "as exported", required=True),
        count("in_use", "consumption as exported", required=True),
        count("reserved", "units under reservation"),
        count("available", "what Cisco says is left; negative when short"),
        count("pending", "pendingQuantity as exported"),
        text("status", "In Compliance, Out Of Compliance"),
        Column("is_portable", BOOL, "isPortable as exported; shown, no gate"),
        Column("export_restricted", BOOL, "the licence needs an export authorisation"),
        Column("enforced", BOOL, "the licence is enforced"),
        text("witness", "licenses, summary, csv or manager: which export says it"),
        Column("complete", BOOL, "false where pages are missing or records of the day unused"),
        text("export", "the file, or the set of pages, that the row belongs to"),
        Column("wide", BOOL, "the export shows more than one Virtual Account"),
        *PLACED,
    ),
    ("smart_account", "virtual_account", "snapshot_date", "license", "license_raw", "billing"),
    {
        "negative quantity": "quantity >= 0",
        "negative use": "in_use >= 0",
        "negative reservation": "reserved IS NULL OR reserved >= 0",
    },
)

LOTS = Table(
    "lots",
    "one purchased lot of a licence in a Virtual Account on a day",
    (
        *HOLDING,
        LICENSE,
        LICENSE_RAW,
        text("billing", "billing type of the licence row it belongs to"),
        text("license_type", "TERM, PERPETUAL, SUBSCRIPTION, STANDARD, DEMO"),
        count("quantity", "units of the lot", required=True),
        date("start_date", "first day; null is long ago"),
        date("end_date", "last day covered; null is perpetual"),
        Column("start_instant", INSTANT, "where the file gives a time stamp"),
        Column("end_instant", INSTANT, "where the file gives a time stamp"),
        text("subscription_id", "Sub… or null"),
        text("status", "ACTIVE, EXPIRED, FUTURE, CANCELLED, PENDING"),
        text("sku", "licenseSku, where given"),
        text("order_number", "orderNumber, where given"),
        text("witness", "licenses, summary or subscriptions"),
        text("export", "the file, or the set of pages, that the row belongs to"),
        *PLACED,
    ),
    (),
    {
        "negative quantity": "quantity >= 0",
        "ends before it starts": "end_date IS NULL OR start_date IS NULL OR end_date >= start_date",
    },
)

SUBSTITUTIONS = Table(
    "substitutions",
    "a lending of units from one licence to another on a day",
    (
        *HOLDING,
        text("from_license", "the licence that lends", required=True),
        text("to_license", "the licence that borrows", required=True),
        count("quantity", "units lent", required=True),
        text("substitution_type", "as exported"),
        *PLACED,
    ),
    ("smart_account", "virtual_account", "snapshot_date", "from_license", "to_license"),
    {"negative quantity": "quantity >= 0"},
)

DEVICES = Table(
    "devices",
    "a product instance on a day",
    (
        *HOLDING,
        text("udi_pid", "product identifier"),
        text("serial", "serial number as printed"),
        text("uuid", "identifier of a software instance"),
        text("mac_address", "as printed"),
        text("hostname", "host name, null where not sent"),
        text("display_name", "as exported"),
        text("product", "product name or type"),
        text("software_version", "where given"),
        Column("registration_date", INSTANT, "first registration"),
        Column("last_contact", INSTANT, "last contact with Cisco"),
        text("status", "In Compliance, Reserved …"),
        Column("complete", BOOL, "false where pages are missing or records of the day unused"),
        text("export", "the file, or the set of pages, that the row belongs to"),
        Column("wide", BOOL, "the export shows more than one Virtual Account"),
        *PLACED,
    ),
    (),
    {
        "no identity at all": "udi_pid IS NOT NULL OR serial IS NOT NULL OR uuid IS NOT NULL "
        "OR hostname IS NOT NULL OR display_name IS NOT NULL"
    },
)

DEVICE_LICENSES = Table(
    "device_licenses",
    "a licence that a product instance consumes on a day",
    (
        *HOLDING,
        text("udi_pid", "product identifier"),
        text("serial", "serial number as printed"),
        text("uuid", "identifier of a software instance"),
        text("hostname", "host name, null where not sent"),
        LICENSE,
        LICENSE_RAW,
        TAG,
        count("quantity", "units consumed", required=True),
        *PLACED,
    ),
    (),
    {"negative quantity": "quantity >= 0"},
)

ASSETS = Table(
    "assets",
    "a record of the customer's own inventory",
    (
        text("name", "host name or asset name"),
        text("serial", "serial number as printed"),
        text("pid", "model or product identifier"),
        text("status", "as recorded, such as In use or Retired"),
        text("site", "site or location"),
        text("ip", "address"),
        text("mac_address", "as recorded"),
        Column("last_seen", INSTANT, "last discovery"),
        *PLACED,
    ),
    (),
    {"neither name nor serial": "name IS NOT NULL OR serial IS NOT NULL"},
)

USER_COUNTS = Table(
    "user_counts",
    "a count of users or endpoints on a day",
    (
        Column("as_at", DATE, "the day counted", unit="day", required=True),
        text("metric", "what is counted: user, endpoint …", required=True),
        count("count", "how many", required=True, unit="users or endpoints"),
        *PLACED,
    ),
    ("as_at", "metric"),
    {"negative count": "count >= 0"},
)

REJECTS = Table(
    "rejects",
    "a record that was not used",
    (
        text("source", "the file"),
        text("place", "where in it"),
        text("table", "the table it was meant for"),
        text("rule", "the rule it broke, or the repeat it is"),
        text("value", "what was found"),
    ),
)

SOURCES = Table(
    "sources",
    "a file of the client folder",
    (
        text("source", "the file, relative to the client folder"),
        text("kind", "what it was recognised as; null when it was not"),
        text("digest", "BLAKE2b of its bytes"),
        count("bytes", "size", unit="bytes"),
        date("snapshot_date", "the day it shows"),
        text("date_from", "content, name or [[sources]]"),
        date("synchronised", "the day to which a copy (SSM On-Prem) holds Cisco's figures"),
        text("smart_account", "given or found"),
        text("encoding", "how it was decoded"),
        text("delimiter", "of a CSV"),
        count("records", "records in the file", unit="records"),
        count("used", "records used", unit="records"),
        count("rejected", "records rejected", unit="records"),
        count("repeated", "records that stand in another place as well", unit="records"),
        count("total_records", "what the export says it holds", unit="records"),
        count("export_records", "of its whole set of pages, that are there", unit="records"),
        Column("complete", BOOL, "false where fewer records are there than it says"),
        text("mapping", "header → column, as used (JSON)"),
        text("unmapped", "headers without a column (JSON list)"),
        text("problem", "why it was not used, or what is doubtful"),
    ),
)

RECORDS = Table(
    "records",
    "a table of a file: records = used + rejected + repeated",
    (
        text("source", "the file"),
        text("table", "the table its records go to"),
        count("records", "in the file", unit="records"),
        count("used", "that stand in the table", unit="records"),
        count("rejected", "that stand in `rejects`", unit="records"),
        count("repeated", "that stand in the table from another place", unit="records"),
    ),
    ("source", "table"),
    {"records add up": "records = used + rejected + repeated"},
    rests=(Rests("sources", ("source",)),),
)

NOTES = Table(
    "notes",
    "something a reader must know about the data",
    (
        text("about", "file, account or setting"),
        text("note", "one sentence"),
    ),
    rests=(Rests("sources", ("about = source",)),),
)

NAMES_ALIKE = Table(
    "names_alike",
    "two licence names that may mean one licence; listed, never merged",
    (
        text("name", "a licence's name"),
        text("like", "the other name"),
        Column(
            "score", SHARE, "how alike they are; 1 is equal but for case and marks", unit="share"
        ),
        Column("same_tag", BOOL, "whether they share an entitlement tag; null where unknown"),
    ),
    ("name", "like"),
)

TABLES = {
    table.name: table
    for table in (
        USAGE,
        LOTS,
        SUBSTITUTIONS,
        DEVICES,
        DEVICE_LICENSES,
        ASSETS,
        USER_COUNTS,
        *CAPTURE_TABLES,
        *CONFIGURATION_TABLES,
        *COMMERCE.values(),
        *DASHBOARDS.values(),
        REJECTS,
        SOURCES,
        RECORDS,
        NOTES,
        NAMES_ALIKE,
    )
}
