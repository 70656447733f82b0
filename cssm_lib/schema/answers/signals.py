"""The tables of what the data may be made to say, and of what is asked of the vendor."""

from __future__ import annotations

from cssm_lib.schema.answers.papers import ANY_LICENSE
from cssm_lib.schema.answers.readings import CURRENCY, money
from cssm_lib.schema.contract import (
    INT,
    SMART_ACCOUNT,
    VIRTUAL_ACCOUNT,
    Column,
    Rests,
    Table,
    count,
    date,
    text,
)

ACCOUNT = ("smart_account", "virtual_account")
POOL = ("smart_account", "license")
OF_LINES = "signal IN ('consumption', 'unused', 'growth')"

SIGNALS = Table(
    "signals",
    "a place where the data may be read against the client, and what to do about it",
    (
        Column("place", INT, "order: by money, then by units"),
        text("signal", "its name in the rule pack `signals.words`"),
        text("title", "in words"),
        text("of_agreement", "name in client.toml, where a line is concerned"),
        text("sku", "of that line"),
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        ANY_LICENSE,
        text("where", "in words"),
        text("evidence", "what the data shows, with its table"),
        text("vendor_reading", "how the other side reads it"),
        text("counter_move", "numbered steps: who, where, what"),
        count("units", "licences, or what the evidence counts"),
        text("unit", "what is counted"),
        money("money", "these units for the new term at today's price; null without a price"),
        money("money_low", "the same at the low end of `uplift`"),
        money("money_high", "the same at the high end of `uplift`"),
        date("act_by", "by when the steps must be done; as_of where that day is past"),
        CURRENCY,
    ),
    rests=(
        Rests("renewal", ("of_agreement = agreement", "sku"), where=OF_LINES, takes=("as_of",)),
        Rests("positions", POOL, where=f"{OF_LINES} AND sku IS NULL", takes=("demand",)),
        Rests("pool_days", POOL, where="signal = 'growth'", takes=("demand",)),
        Rests("matches", (*ACCOUNT, "signal = state"), takes=("state",)),
        Rests("duties", ACCOUNT, where="signal = 'reporting'", takes=("state",)),
        Rests("feature_drift", ACCOUNT, where="signal = 'tier'", takes=("verdict",)),
        Rests("lifecycle_ages", ACCOUNT[:1], where="signal = 'software'", takes=("score",)),
        Rests("hygiene", ACCOUNT[:1], where="signal = 'hierarchy'", takes=("finding",)),
    ),
)

ASKS = Table(
    "asks",
    "what is asked of the vendor for an agreement",
    (
        Column("place", INT, "order of the meeting"),
        text("agreement", "name in client.toml"),
        text("ask", "its name in the rule pack `signals.asks`"),
        text("says", "the clause in words"),
        text("why", "what it is for"),
        count("units", "that it is about"),
        money("money", "what it is worth over the new term; null without a price or a range"),
        text("basis", "how units and money are reckoned"),
        date("act_by", "last day for it"),
        CURRENCY,
    ),
    ("agreement", "ask"),
    rests=(Rests("renewal", ("agreement",), takes=("recommended",)),),
)

SIGNALS_TABLES = (SIGNALS, ASKS)
