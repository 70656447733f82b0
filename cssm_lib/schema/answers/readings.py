"""The tables of the readings of a contract: what each says, what it bills, what moves the money."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    MONEY,
    SHARE,
    UNITS,
    Column,
    Rests,
    Table,
    count,
    date,
    text,
)

AGREEMENT = text("agreement", "name in client.toml")
SUITE = text("suite", "name in client.toml")
SKU = text("sku", "of the line")
READING = text("reading", "contract, or a published reading's name")
CURRENCY = text("currency", "of the money columns")
EVENT = date("event_date", "the milestone")


def money(name: str, says: str) -> Column:
    """A column of money."""
    return Column(name, MONEY, says, unit="money")


READINGS = Table(
    "readings",
    "a reading of True Forward: the contract's own terms per suite, then each published one",
    (
        READING,
        text("title", "in words"),
        text("agreement", "contract only: name in client.toml"),
        text("suite", "contract only: name in client.toml"),
        text("measure", "as_of, peak, average, billable or sum_of_negative_accounts"),
        Column("allowance", MONEY, "share of the entitlement that grows free", unit="share"),
        count("allowance_from_month", "month of the term from which it is free", unit="months"),
        text("charged", "above_entitlement or above_allowance"),
        text("credit", "value_shift or none"),
        text("price_from", "by_commitment, contract or list"),
        text("months", "whole or days"),
        text("early_events", "none, growth_caps or quarterly (suites of partial commitment)"),
        Column("initial_cap", MONEY, "growth that triggers the first early event", unit="share"),
        Column("standard_cap", MONEY, "growth that triggers a later one", unit="share"),
        count("last_months", "with fewer months left nothing is co-termed", unit="months"),
        text("ratchet", "to_consumption or by_charged"),
        Column("shift_consumes", BOOL, "units whose value was used leave the donor's base"),
        text("outside_stock", "ignored or offsets; null: as the agreement says"),
        Column("vendor_opening", BOOL, "what the renewal team usually opens with"),
        text("source", "who says so"),
        text("dated", "the source's own date"),
        text("confidence", "high, medium, low or assumed"),
        date("as_of", "when it was looked at"),
    ),
    ("reading", "agreement", "suite"),
)

READING_RANGE = Table(
    "reading_range",
    "an agreement under a reading: all its events so far",
    (
        AGREEMENT,
        READING,
        text("title", "in words"),
        Column("vendor_opening", BOOL, "what the renewal team usually opens with"),
        count("rank", "from the lowest to the highest net; null without money", unit=""),
        count("events", "events so far", unit="events"),
        count("undecided", "lines at an event that stay undecided", unit="lines"),
        count("unpriced", "lines over that have no price", unit="lines"),
        Column("over", UNITS, "units charged", unit="licences"),
        money("charge", "sum of the lines"),
        money("credit", "sum of the lines"),
        money("net", "charge less credit; null where a price lacks or fewer lines are decided"),
        money("more_than_contract", "net less the contract's net"),
        money("past", "what a true-up would bill for the past besides"),
        money("true_up", "past and charge together, before any credit"),
        CURRENCY,
    ),
    ("agreement", "reading"),
    rests=(Rests("true_forward", ("agreement", "reading"), takes=("net",)),),
)

READING_STEPS = Table(
    "reading_steps",
    "a setting in which a published reading differs from the contract, one after the other",
    (
        AGREEMENT,
        READING,
        count("step", "order in which the settings are changed", unit=""),
        text("setting", "the setting that is changed"),
        text("from_value", "as the contract says; several where suites differ"),
        text("to_value", "as the reading says"),
        money("net_before", "with the settings before it changed"),
        money("net_after", "with this one changed too"),
        money("effect", "the difference; the effects sum to the reading's difference"),
        CURRENCY,
    ),
    ("agreement", "reading", "step"),
    rests=(Rests("true_forward", ("agreement", "reading"), takes=("net",)),),
)

SETTING_EFFECTS = Table(
    "setting_effects",
    "an agreement with one setting of its contract changed and all else left",
    (
        AGREEMENT,
        count("rank", "the setting that moves the money most is 1", unit=""),
        text("setting", "the setting"),
        text("said", "the other value"),
        money("net", "of all events so far"),
        money("effect", "net less the contract's net"),
        CURRENCY,
    ),
    ("agreement", "setting", "said"),
    rests=(Rests("true_forward", ("agreement",), takes=("net",)),),
)

NEXT_EVENTS = Table(
    "next_events",
    "a line at its next event under a reading, were use to stay as it is",
    (
        AGREEMENT,
        SUITE,
        SKU,
        READING,
        date("event_date", "the next event; null: none is left"),
        date("known_on", "the day whose use is carried forward"),
        Column("use", UNITS, "that day's use", unit="licences"),
        Column("base", UNITS, "entitlement it will be measured against", unit="licences"),
        Column("over", UNITS, "units that would be charged, or that are renewal quantity"),
        Column("months", UNITS, "months that would be billed", unit="months"),
        money("charge", "units over × price × time"),
        money("credit", "of it, met by unused value of the same suite"),
        money("net", "charge less credit"),
        text("outcome", "projected, or none left"),
        CURRENCY,
    ),
    ("agreement", "suite", "sku", "reading"),
    rests=(
        Rests("true_forward", ("agreement", "suite", "sku", "reading"), takes=("net",)),
        Rests("line_days", ("agreement", "suite", "sku"), takes=("demand",)),
    ),
)

WAITING = Table(
    "waiting",
    "a month by whose end stale and duplicate instances are cleaned up, under a reading",
    (
        AGREEMENT,
        SUITE,
        READING,
        EVENT,
        text("state", "past: too late, a lesson; ahead: still to be had"),
        date("cleaned_by", "the day on which the instances are gone"),
        Column("removable", UNITS, "units of stale and duplicate instances", unit="licences"),
        money("net", "what the event bills then"),
        money("saved", "less than without any clean-up"),
        money("lost_by_waiting", "of the whole saving, what this later day gives away"),
        CURRENCY,
    ),
    ("agreement", "suite", "reading", "event_date", "cleaned_by"),
    rests=(Rests("line_days", ("agreement", "suite"), takes=("demand",)),),
)

OUTLOOK = Table(
    "outlook",
    "a line at its next event or renewal by a way to look ahead",
    (
        AGREEMENT,
        SUITE,
        SKU,
        text("target", "next event or renewal"),
        date("target_date", "its day"),
        text("method", "last value, seasonal naive or planned"),
        date("known_on", "the last full day"),
        count("months_known", "month ends with a full day", unit="months"),
        count("value", "units on that day"),
        count("low", "lower end of the interval"),
        count("high", "upper end of the interval"),
        count("errors", "past errors behind the interval", unit="errors"),
        Column("coverage", SHARE, "share of outcomes that the interval is made for", unit="share"),
        Column("base", UNITS, "the line to be crossed", unit="licences"),
        date("crossed_on", "first day above the line; null: not crossed by then"),
        date("could_cross_on", "first month end at which the upper end is above the line"),
        count("over", "value above the line"),
        money("amount", "charge at the next event; null at the renewal, where it is quantity"),
        text("abstains", "why nothing is said; null where something is"),
        CURRENCY,
    ),
    ("agreement", "suite", "sku", "target", "method"),
    rests=(Rests("line_days", ("agreement", "suite", "sku"), takes=("demand",)),),
)

TABLES = (
    READINGS,
    READING_RANGE,
    READING_STEPS,
    SETTING_EFFECTS,
    NEXT_EVENTS,
    WAITING,
    OUTLOOK,
)
