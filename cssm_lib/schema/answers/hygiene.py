"""The tables of how tidy the accounts are, and what to do in which order."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
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

HYGIENE = Table(
    "hygiene",
    "a finding on the structure of the accounts, with the move that mends it",
    (
        count("number", "order of the moves", unit="move"),
        text("finding", "as in the rule pack `hygiene.moves`"),
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        text("where", "the account or the pair of names, in words"),
        count("units", "licences concerned"),
        count("instances", "product instances concerned", unit="instances"),
        text("evidence", "what says so"),
        text("move", "what to do"),
        text("role", "who can do it, as Cisco names the role"),
        text("target", "where it leads to; offered, never done"),
    ),
    ("number",),
    rests=(
        # a finding on one account, or on a Smart Account as a whole
        Rests("usage", ("smart_account", "virtual_account"), where="virtual_account IS NOT NULL"),
        Rests("devices", ("smart_account", "virtual_account"), where="virtual_account IS NOT NULL"),
        Rests("usage", ("smart_account",), where="virtual_account IS NULL"),
        Rests("devices", ("smart_account",), where="virtual_account IS NULL"),
    ),
)

ACCOUNT_PLAN = Table(
    "account_plan",
    "a Virtual Account in the target structure",
    (
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        count("instances", "in the newest instance export; null: no export", unit="instances"),
        count("licenses", "licence names that it holds", unit="names"),
        count("entitled", "units"),
        count("demand", "units"),
        date("last_demand", "last snapshot with demand"),
        text("proposal", "keep, decide, empty and close, or move to the customer"),
        text("moves", "numbers of the moves that touch it"),
        text("findings", "joined by ' + '"),
    ),
    ("smart_account", "virtual_account"),
    rests=(
        Rests("usage", ("smart_account", "virtual_account")),
        Rests("devices", ("smart_account", "virtual_account")),
        Rests("virtual_accounts", ("smart_account", "virtual_account")),
    ),
)

ACCOUNT_DAYS = Table(
    "account_days",
    "a Smart Account on a snapshot day: how many Virtual Accounts it has",
    (
        SMART_ACCOUNT,
        SNAPSHOT,
        count("virtual_accounts", "that hold a licence row", unit="accounts"),
        count("with_demand", "of them with demand", unit="accounts"),
        Column(
            "complete", BOOL, "false where pages, records or accounts of the day may be missing"
        ),
    ),
    ("smart_account", "snapshot_date"),
    rests=(Rests("usage", ("smart_account", "snapshot_date")),),
)
