"""Words a reader sees instead of column names, and numbers as text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from html import escape
from typing import Any

import polars as pl

from cssm_lib.schema import ANSWERS
from cssm_lib.schema.words import thousands

NOTHING = "–"
CENT = Decimal("0.01")

LABELS = {
    "license": "Licence",
    "licenses": "Licences",
    "smart_account": "Smart Account",
    "virtual_account": "Virtual Account",
    "virtual_accounts": "Virtual Accounts",
    "from_virtual_account": "From Virtual Account",
    "to_virtual_account": "To Virtual Account",
    "snapshot_date": "Snapshot",
    "devices_date": "Instances as of",
    "end_date": "Last day covered",
    "days_left": "Days left",
    "age_days": "Age (days)",
    "in_use": "In use",
    "balance_after_substitution": "Balance after lending",
    "exported_balance": "Cisco's balance",
    "balance_if_lent": "Balance if lent (model)",
    "balance_after": "Balance after",
    "true_gap": "True gap",
    "true_gap_if_lent": "True gap if lent (model)",
    "short_units": "Short",
    "curable_units": "Cured by transfer",
    "shelf_units": "Shelf",
    "stranded_units": "Stranded",
    "zero_since": "Without demand since",
    "explained_by_instances": "Explained by instances",
    "is_portable": "Portable (as exported)",
    "total_records": "Says it holds",
    "date_from": "Date taken from",
    "event_date": "Event",
    "measured_on": "Measured on",
    "credit_unused": "Credit unused",
    "pid": "Product",
    "hostnames": "Devices, such as",
    "intended_tier": "Intended",
    "configured_tier": "Configured",
    "configured_by": "Who says what",
    "needed_tier": "Needed",
    "also": "And also",
    "drifted_after": "After",
    "drifted_by": "Seen by",
    "radius": "Blast radius",
    "trip": "Return or reset",
    "rule_id": "Rule",
    "min_tier": "Needs at least",
    "up_to": "May need",
    "step_money": "Price above the tier below",
    "money_per_device": "Money by device",
    "money_note": "No money because",
    "needing": "Need this tier",
    "unread": "Without a configuration",
    "saved": "Saved",
    "wording": "For the file",
    "next_end": "Next end",
    "as_of": "As of",
    "line": "Line",
    "taken_off": "Taken off",
    "clean_need": "Clean need",
    "says": "In words",
    "act_by": "Act by",
    "quote_sku": "Quoted",
    "month_price": "Per month",
    "month_price_today": "Per month today",
    "price_change": "Change in %",
    "effective_price": "Per needed unit",
    "opening_units": "Opening, units",
    "opening_effective": "Opening, per needed unit",
    "break_even_price": "Break-even price",
    "against_opening": "Against the opening",
    "rows_without_money": "Rows without money",
    "vendor_reading": "How it is read",
    "counter_move": "Counter move",
    "place": "No",
    "year_end": "Year to",
    "milestone_value": "At the milestone",
    "milestone_day": "Measured",
    "peak_first": "First day of the peak",
    "peak_days": "Days at the peak",
    "days_above": "Days above",
    "days_before": "Days since the one before",
    "days_from": "Days from the milestone",
    "more_than_contract": "More than your contract",
    "past": "A true-up would add",
    "title": "Reading",
    "allowance_from_month": "Free from month",
    "price_from": "Price from",
    "last_months": "Last months",
    "said": "Read as",
    "next_base": "Base carried on",
    "over_since": "Above since",
    "known_on": "Use of",
    "their_purchased": "Purchased, theirs",
    "our_base": "Base, ours",
    "their_consumed": "Consumed, theirs",
    "our_measured": "Measured, ours",
    "their_net": "Net, theirs",
    "our_net": "Net, ours",
    "one_off": "One-off day",
    "error": "Stale or twice",
    "above_committed": "Above the commitment",
    "crossed_on": "Crossed on",
    "could_cross_on": "Could cross on",
    "cleaned_by": "Cleaned up by",
    "lost_by_waiting": "Lost by waiting",
    "dated": "Dated by its source",
    "sku": "SKU",
    "hostname": "Host name",
    "license_class": "Class of licences",
    "last_ack": "Last ACK",
    "due": "Due, at the latest",
    "to_move": "To leave it",
    "trade_off": "What that costs",
    "sends_hostname": "Sends its name",
    "sends_version": "Sends its release",
    "use_at_least": "Use, at least",
    "use_at_most": "Use, at most",
    "old_units": "On old reports",
    "undated_units": "On undated reports",
    "unexplained_units": "On no instance",
    "oldest_age_days": "Its age (days)",
    "unconfirmed_units": "Not confirmed",
    "duties": "Reports",
    "push_interval_days": "Push interval (days)",
    "next_ack_deadline": "Next ACK deadline",
    "rum_acknowledged": "Reports acknowledged",
    "rum_waiting": "Reports without ACK",
    "number": "Move",
    "software_step": "Software step",
    "refresh": "Refresh of hardware",
    "uplift": "Uplift of licences",
    "differs_by": "Days after the dashboard",
    "organization_id": "Organisation",
    "d_day": "Day",
    "ask": "What we ask",
    "device_hostname": "Host name",
    "device_serial": "Serial (Cisco)",
    "device_pid": "Model",
    "asset_name": "Record",
    "asset_serial": "Serial (record)",
    "asset_status": "Record says",
    "asset_source": "Inventory",
    "asset_place": "Place in it",
    "agreed_on": "Agree on",
    "disagreed_on": "Disagree on",
    "silent_days": "Silent (days)",
    "removal": "Take off?",
    "removal_reason": "Because",
    "action": "To do",
    "does": "Kind",
    "from_day": "From",
    "to_day": "To",
    "open": "Stays open",
    "new_term": "New term",
    "true_forward": "True Forward",
    "no_price": "No money because",
    "alone": "Done alone",
    "last": "Done last",
}


def label(column: str) -> str:
    """The heading of a column.

    >>> label("license"), label("peak_date")
    ('Licence', 'Peak date')
    """
    return LABELS.get(column) or column.replace("_", " ").capitalize()


def said(value: Any, unit: str = "") -> str:
    """A value as a reader reads it; the unit in the singular for one.

    >>> said(1, "units"), said(-1234, "units"), said(None), said(Decimal("2.500000"), "EUR")
    ('1 unit', '−1,234 units', '–', '2.50 EUR')
    """
    if value is None:
        return NOTHING
    words = _number(value) if isinstance(value, int | float | Decimal) else str(value)
    if isinstance(value, bool):
        words = "yes" if value else "no"
    if unit == "share":
        return f"{value:.0%}"
    one = unit.endswith("s") and value == 1
    return f"{words} {unit.removesuffix('s') if one else unit}".strip()


def _number(value: int | float | Decimal) -> str:
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        value = int(value) if whole else max(value.normalize(), value.quantize(CENT), key=_places)
    return f"{value:,}".replace("-", "−")


def _places(value: Decimal) -> int:
    """Decimal places, so that money has two of them and a price per unit may have more."""
    return -int(value.as_tuple().exponent)


def day(value: dt.date | str | None) -> str:
    """An ISO day, or the word for a day that nobody says.

    >>> day(None), day(dt.date(2026, 10, 31))
    ('undated', '2026-10-31')
    """
    return str(value) if value else "undated"


def safe(value: Any) -> str:
    """Text from a file as data of a page, never as markup.

    >>> safe("<b>&")
    '&lt;b&gt;&amp;'
    """
    return escape(str(value), quote=True)


# columns that hold money, which always shows its cents
MONEY = frozenset(
    column.name for table in ANSWERS.values() for column in table.columns if column.unit == "money"
)


def number_text(number: pl.Expr, *, signed: bool = False) -> pl.Expr:
    """Numbers of a column as a reader reads them, thousands apart; `signed`: with + as well.

    Money shows its cents always, other decimals where there are any.

    >>> held = pl.DataFrame({"units": [1234567, -5, 0]})
    >>> held.select(number_text(pl.col("units"), signed=True))["units"].to_list()
    ['+1,234,567', '−5', '0']
    """
    parts = number.abs().cast(pl.String).str.split_exact(".", 1)
    cents = parts.struct[1].str.replace(r"^(\d\d.*?)0+$", "$1")
    money = number.meta.output_name() in MONEY
    some = cents.is_not_null() & ((cents != "00") | pl.lit(money))
    digits = thousands(parts.struct[0])
    text = pl.when(some).then(digits + "." + cents).otherwise(digits)
    sign = pl.when(number < 0).then(pl.lit("−"))
    sign = sign.when(number > 0).then(pl.lit("+")) if signed else sign
    return (sign.otherwise(pl.lit("")) + text).alias(number.meta.output_name())
