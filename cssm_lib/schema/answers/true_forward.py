"""The tables of what an agreement measured and bills."""

from __future__ import annotations

import polars as pl

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
    Rests,
    Table,
    count,
    date,
    text,
)

HELD = ("smart_account", "virtual_account", "license")
LINE = ("agreement", "suite", "sku")


def _counted(days: str, *, where: str = "") -> tuple[Rests, ...]:
    """What a line counts on these days: its holdings and instances, or its users."""
    named = {"via": "line_places", "day": days}
    by_device = f"{where or 'TRUE'} AND count = 'devices'"
    return (
        Rests("usage", HELD, where=where, **named),
        Rests("lots", HELD, where=where, **named),
        Rests("device_licenses", HELD, where=by_device, **named),
        Rests("user_counts", ("metric",), "line_places", f"{days} = as_at", where=where),
    )


ONE_DAY = "measure = 'as_of' AND measured_on IS NOT NULL"

TRUE_FORWARD = Table(
    "true_forward",
    "a line of an agreement at an event under a reading",
    (
        text("agreement", "name in client.toml"),
        text("suite", "name in client.toml"),
        text("sku", "of the line"),
        text("licenses", "the licences that the line counts, joined by ' + '"),
        date("event_date", "the milestone"),
        text("event", "milestone, quarterly, early or last twelve months"),
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
        Column("next_base", UNITS, "entitlement carried into the next event", unit="licences"),
        Column("price", MONEY, "per unit and period", unit="money"),
        Column("support_price", MONEY, "per unit and period", unit="money"),
        text("price_basis", "contract, list or none"),
        date("list_date", "day of the list price, where the price rests on one"),
        text("per", "month, term or year"),
        Column("months", UNITS, "months that are billed", unit="months"),
        Column("charge", MONEY, "units over × price × time, support included", unit="money"),
        Column("credit", MONEY, "of it, met by unused value of the same suite", unit="money"),
        Column(
            "credit_given", MONEY, "of this line's unused value, what its suite used", unit="money"
        ),
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
        date("over_since", "first day of the run above the free use that the event ends"),
        Column("months_past", UNITS, "whole months from that day to the event", unit="months"),
        Column("past", MONEY, "what a true-up would bill for these months", unit="money"),
        Column("true_up", MONEY, "the past part and the charge together", unit="money"),
        text("outcome", "charged, none due, undecided, ahead, or where it goes instead"),
        text("currency", "of the money columns"),
    ),
    ("agreement", "suite", "sku", "event_date", "reading"),
    rests=(
        *_counted("newest measured_on", where=ONE_DAY),
        *_counted("until event_date", where=f"({ONE_DAY}) IS NOT TRUE"),
        # growth is paid once, and unused value of a suite meets charges of the same suite
        Rests(
            "true_forward",
            (*LINE[:2], "reading"),
            day="until event_date = event_date",
            columns=("base", "over", "charge", "credit", "credit_unused", "net"),
            takes=("measured",),
        ),
    ),
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
    rests=(*_counted("newest snapshot_date"),),
)

UNIT_PRICES = Table(
    "unit_prices",
    "a licence in a Virtual Account that an agreement running at as_of prices",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        LICENSE,
        text("agreement", "name in client.toml"),
        text("suite", "name in client.toml"),
        text("sku", "of the line"),
        Column("price", MONEY, "per unit and period, by the contract", unit="money"),
        Column("support_price", MONEY, "per unit and period", unit="money"),
        text("price_basis", "contract, list or none"),
        text("per", "month, term or year"),
        Column("months", UNITS, "from as_of to the day after the agreement's end", unit="months"),
        Column(
            "unit_money",
            pl.Decimal(38, 12),
            "what one unit costs over these months, support included",
            unit="money",
        ),
        text("currency", "of the money columns"),
    ),
    ("smart_account", "virtual_account", "license", "agreement", "suite", "sku"),
    rests=(Rests("usage", HELD),),
)

LINE_PLACES = Table(
    "line_places",
    "a licence in a Virtual Account, or a metric, that a line of an agreement counts",
    (
        text("agreement", "name in client.toml"),
        text("suite", "name in client.toml"),
        text("sku", "of the line"),
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        LICENSE,
        text("metric", "as user_counts spells it, for a line that counts users"),
        text("count", "sum, devices or users: how the line counts"),
    ),
    (*LINE, *HELD, "metric"),
    rests=(Rests("usage", HELD), Rests("device_licenses", HELD), Rests("user_counts", ("metric",))),
)
