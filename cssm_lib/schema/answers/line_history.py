"""The tables of what a line used over time, how its growth divides, and what is in dispute."""

from __future__ import annotations

from cssm_lib.schema.answers.readings import (
    AGREEMENT,
    CURRENCY,
    EVENT,
    SKU,
    SUITE,
    money,
)
from cssm_lib.schema.contract import BOOL, SHARE, UNITS, Column, Rests, Table, count, date, text

LICENCE = text("license", "a licence of the line; null: the line as a whole")

LINE_HISTORY = Table(
    "line_history",
    "a line, or a licence in it, on a known day",
    (
        AGREEMENT,
        SUITE,
        SKU,
        LICENCE,
        date("snapshot_date", "the known day"),
        Column("entitled", UNITS, "line: the base of that day; licence: as CSSM shows it"),
        count("demand", "units used in the whole scope"),
        Column("above", UNITS, "demand above it", unit="licences"),
        Column("full", BOOL, "false where an account had no snapshot in the last 35 days"),
        count("days_before", "days since the known day before", unit="days"),
        text("mark", "gap, flat line, jump after a flat line, partial day; null: nothing"),
    ),
    ("agreement", "suite", "sku", "license", "snapshot_date"),
    rests=(Rests("line_days", ("agreement", "suite", "sku"), takes=("demand",)),),
)

LINE_YEARS = Table(
    "line_years",
    "a line, or a licence in it, between two milestones",
    (
        AGREEMENT,
        SUITE,
        SKU,
        LICENCE,
        date("year_start", "the milestone before, or the agreement's start"),
        date("year_end", "the milestone, or the day after the agreement's end"),
        text("state", "closed, or open where as_of comes first"),
        Column("entitled", UNITS, "line: the base; licence: as CSSM last shows it in the year"),
        count("milestone_value", "last value in the 35 days up to the milestone; null: none"),
        date("milestone_day", "its day"),
        count("peak", "largest full day"),
        date("peak_first", "first day of the peak"),
        date("peak_last", "last day of the peak"),
        count("peak_days", "known days at the peak", unit="days"),
        Column("average", UNITS, "time-weighted over covered days", unit="licences"),
        Column("coverage", SHARE, "share of the year that full snapshots cover", unit="share"),
        count("days_above", "covered days above the entitlement", unit="days"),
        count("known_days", "days with a snapshot", unit="days"),
        count("partial_days", "of them partial", unit="days"),
        count("gaps", "gaps of more than 45 days that end in the year", unit="gaps"),
        count("jumps", "jumps after a flat line", unit="jumps"),
    ),
    ("agreement", "suite", "sku", "license", "year_end"),
    rests=(Rests("line_days", ("agreement", "suite", "sku"), takes=("demand",)),),
)

MILESTONE_LOG = Table(
    "milestone_log",
    "an event-log entry near a milestone",
    (
        AGREEMENT,
        EVENT,
        count("days_from", "days after the milestone; negative: before it", unit="days"),
        text("time", "as the log says"),
        text("kind", "of the entry"),
        text("message", "the entry"),
        text("user", "who"),
        text("virtual_account", "where"),
        text("license", "which licence"),
        count("quantity", "units"),
        text("sku", "the line that the licence stands in"),
    ),
    (),
    rests=(Rests("event_log", ("kind", "message")),),
)

GROWTH = Table(
    "growth",
    "a line on a known day: its use divided",
    (
        AGREEMENT,
        SUITE,
        SKU,
        date("snapshot_date", "the known day"),
        Column("committed", UNITS, "the committed baseline that growth is anchored to"),
        count("demand", "the whole"),
        count("baseline", "what remains: use that stays"),
        count("project", "use under [[exclude]], above the level before it"),
        count("seasonal", "by the month of the year; null: too short a history to say"),
        count("one_off", "a day that stands above both its neighbours and falls back"),
        count("error", "stale and duplicate instances of the newest device list"),
    ),
    ("agreement", "suite", "sku", "snapshot_date"),
    rests=(Rests("line_days", ("agreement", "suite", "sku"), takes=("demand",)),),
)

GROWTH_YEARS = Table(
    "growth_years",
    "a line between two milestones: its growth divided, year on year",
    (
        AGREEMENT,
        SUITE,
        SKU,
        date("from_day", "the day that opens the year"),
        date("to_day", "the day that closes it"),
        Column("committed", UNITS, "the committed baseline", unit="licences"),
        count("demand_before", "use on the first of them"),
        count("demand_after", "use on the second"),
        count("total", "growth: the sum of the five"),
        count("baseline", "of it"),
        count("project", "of it"),
        count("seasonal", "of it; null: too short a history to say"),
        count("one_off", "of it"),
        count("error", "of it"),
        count("above_committed", "use on the second day less the committed baseline"),
        text("note", "what could not be told apart, and why"),
    ),
    ("agreement", "suite", "sku", "to_day"),
    rests=(Rests("line_days", ("agreement", "suite", "sku"), takes=("demand",)),),
)

DISPUTES = Table(
    "disputes",
    "a difference between the vendor's figure and ours, by its cause",
    (
        AGREEMENT,
        SUITE,
        SKU,
        EVENT,
        text("report", "true_forward_report or ea_consumption"),
        text("figure", "consumed, purchased, order quantity, price, months, charge or credit"),
        text("cause", "one named cause, or unexplained"),
        Column("theirs", UNITS, "the vendor's figure"),
        Column("ours", UNITS, "our figure"),
        Column("units", UNITS, "theirs less ours, where the figure counts units"),
        money("money", "what the difference adds to the bill; they sum to the line's difference"),
        text("evidence", "what the cause rests on"),
        text("source", "the vendor's file"),
        text("place", "in that file"),
        CURRENCY,
    ),
    ("agreement", "suite", "sku", "event_date", "report", "figure"),
    rests=(Rests("line_days", ("agreement", "suite", "sku"), takes=("demand",)),),
)

DISPUTE_LINES = Table(
    "dispute_lines",
    "a line of the vendor's report beside ours, or one of ours that the report leaves out",
    (
        AGREEMENT,
        SUITE,
        SKU,
        EVENT,
        text("report", "true_forward_report or ea_consumption"),
        text(
            "finding",
            "agrees, differs, not in the report, not in client.toml, in several lines, at no event",
        ),
        Column("their_purchased", UNITS, "the vendor's", unit="licences"),
        Column("our_base", UNITS, "ours", unit="licences"),
        Column("their_consumed", UNITS, "the vendor's", unit="licences"),
        Column("our_measured", UNITS, "ours", unit="licences"),
        money("their_net", "charge less credit, as the report says"),
        money("our_net", "charge less the credit that the line takes or gives"),
        money("difference", "theirs less ours"),
        money("explained", "of it, by named causes"),
        money("unexplained", "the rest"),
        text("causes", "the named causes"),
        text("source", "the vendor's file"),
        text("place", "in that file"),
        CURRENCY,
    ),
    ("agreement", "suite", "sku", "event_date", "report"),
    rests=(Rests("line_days", ("agreement", "suite", "sku"), takes=("demand",)),),
)

TABLES = (
    LINE_HISTORY,
    LINE_YEARS,
    MILESTONE_LOG,
    GROWTH,
    GROWTH_YEARS,
    DISPUTES,
    DISPUTE_LINES,
)
