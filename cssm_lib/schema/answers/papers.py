"""The tables of what is to be done, when, and what is put to the other side in writing."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    LICENSE,
    SMART_ACCOUNT,
    VIRTUAL_ACCOUNT,
    Column,
    Rests,
    Table,
    count,
    date,
    text,
)

ANY_LICENSE = Column(LICENSE.name, LICENSE.dtype, "the licence, where it is about one")

ACTIONS = Table(
    "actions",
    "a thing to do: found in the data, or written by the user into actions.csv",
    (
        text("id", "stable from pack to pack: kind and place, or the user's own"),
        text("action", "what to do; the user's own words win"),
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        ANY_LICENSE,
        count("units", "what the data shows of it today; null where it shows nothing"),
        text("owner", "as the user wrote it"),
        text("effort", "as the user wrote it"),
        text("status", "open, doing, done or dropped"),
        date("due", "as the user wrote it"),
        Column("late", BOOL, "due before as_of and neither done nor dropped"),
        text("check", "what the data says of the status"),
        text("note", "as the user wrote it"),
        text("other", "further columns of the user's file (JSON)"),
    ),
    ("id",),
    rests=(
        Rests(
            "positions",
            ("smart_account", "license"),
            where="license IS NOT NULL",
            takes=("balance_after_substitution",),
        ),
        Rests("usage", ("smart_account", "virtual_account"), where="license IS NULL"),
    ),
)

CALENDAR = Table(
    "calendar",
    "a day of an agreement on which something is due, was done, was missed or passes",
    (
        text("agreement", "name in client.toml"),
        date("date", "the day"),
        count(
            "day", "days after the day that follows the agreement's end; -90 is D-90", unit="days"
        ),
        text("what", "what is due"),
        text("kind", "step, hard (an alarm), milestone or cadence"),
        text("state", "ahead, today, due, done, missed or past; null without an as_of"),
        text("evidence", "what shows that it was done"),
        date("event_date", "the milestone that it belongs to"),
        text("source", "who says so"),
        text("confidence", "high, medium, low or assumed"),
        text("id", "stable from pack to pack; an action of this id that is done makes it done"),
    ),
    ("agreement", "id"),
)

STATEMENTS = Table(
    "statements",
    "a documented position on one discrepancy",
    (
        text("id", "stable from pack to pack"),
        text("subject", "what it is about"),
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        ANY_LICENSE,
        count("units", "how much it is about"),
        text("fact", "what the data shows"),
        text("evidence", "where it stands"),
        text("our_reading", "what we make of it"),
        text("ask", "what we ask"),
    ),
    ("id",),
    rests=(
        Rests(
            "positions",
            ("smart_account", "license"),
            where="license IS NOT NULL",
            takes=("balance_after_substitution",),
        ),
        Rests("usage", ("smart_account", "virtual_account"), where="license IS NULL"),
    ),
)
