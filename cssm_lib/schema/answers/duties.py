"""The tables of reporting duties and of how old a position may be."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    INSTANCE,
    LICENSE,
    PLACED,
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

DUTIES = Table(
    "duties",
    "a class of licences that a product instance uses, and the report it owes for them",
    (
        *INSTANCE,
        text("license_class", "perpetual, subscription, enforced or export; null: none ever used"),
        text("licenses", "the licences of the class, joined by ' + '"),
        date("registered", "first registration: it stands in for the first use"),
        date("last_contact", "last contact that Cisco lists; a report, no ACK"),
        date("last_ack", "last ACK known, from the device itself, on its own clock"),
        date("changed_after", "the last export that shows the licences before their last change"),
        date("changed_by", "the first export that shows them after it"),
        text("policy", "whose policy decides: device, account or default; null: none applies"),
        count("first_days", "first report; 0 is no such duty", unit="days"),
        count("ongoing_days", "ongoing report; 0 is no such duty", unit="days"),
        count("change_days", "report on change; 0 is no such duty", unit="days"),
        date("due", "last day of the report that is owed; at the latest where the ACK is unknown"),
        text("basis", "what the day rests on, or why there is none"),
        text("state", "none, in time, watch, overdue or unknown"),
        Column("complete", BOOL, "false where the instance export lacks pages or records"),
        *PLACED,
    ),
)

REPORT_AGES = Table(
    "report_ages",
    "a licence in a Virtual Account: how old the reports behind its use may be",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        LICENSE,
        SNAPSHOT,
        count("in_use", "as exported"),
        count("instances", "that consume it", unit="instances"),
        date("oldest_report", "oldest last contact among them"),
        date("newest_report", "newest last contact among them"),
        count("oldest_age_days", "from the oldest contact to as_of", unit="days"),
        count("fresh_units", "reported in the last 30 days"),
        count("old_units", "reported longer ago: they may have gone since"),
        count("undated_units", "consumed by instances without a last contact"),
        count("unexplained_units", "in use and behind no instance of the export"),
        count("use_at_least", "in_use less what no report of the last 30 days confirms"),
        count("use_at_most", "in_use: what has grown since the last reports is not known"),
        count("unconfirmed_units", "the width of the range: use_at_most less use_at_least"),
        Column("complete", BOOL, "false where an export behind it lacks pages or records"),
    ),
    ("smart_account", "virtual_account", "license"),
    rests=(
        Rests("usage", ("smart_account", "virtual_account", "license", "snapshot_date")),
        Rests("device_licenses", ("smart_account", "virtual_account", "license")),
        Rests("devices", ("smart_account", "virtual_account")),
    ),
)
