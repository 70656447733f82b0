"""What a pack for the vendor may show, declared in this one place: facts and evidence, no more.

An answer stands in a vendor's pack only where `FACTS` names it; a new one is internal until
somebody decides otherwise. `COLUMNS` are internal in whatever table they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import polars as pl

from cssm_lib.errors import InternalOnly
from cssm_lib.schema.tables import TABLES

INTERNAL, VENDOR = "internal", "vendor"
AUDIENCES = (INTERNAL, VENDOR)
MARKS = {
    INTERNAL: "Internal: holds our strategy, not to be forwarded to the vendor or its partners",
    VENDOR: "For the vendor: facts and evidence only",
}
FACTS = frozenset(
    {
        *("positions", "pooled", "instance_check", "expiries", "true_forward", "pool_days"),
        *("line_days", "line_history", "line_years", "milestone_log", "disputes", "dispute_lines"),
        *("matches", "expected_counts", "exposure", "duties", "report_ages", "account_days"),
        *("lifecycle_ages", "meraki_expiry", "meraki_stock", "meraki_states", "statements"),
    }
)
# what only the customer's own systems say: the vendor has no business with it
OWN_SOURCES = frozenset({"assets", "features", "configurations"})
# moves, models, ranges, what we make of it: internal in every table
COLUMNS = frozenset(
    {
        *("balance_if_lent", "true_gap_if_lent", "lending_confidence"),
        *("charge_if_ignored", "charge_if_offset", "charge_if_before", "charge_if_after"),
        *("move", "counter_move", "vendor_reading", "act_by", "cure", "cure_money"),
        *("risk", "software_step", "refresh", "uplift"),
        *("our_reading", "ask", "recommended", "money", "unit_money", "unpriced_units"),
    }
)
# the rows of a table that the vendor may see; the others compare readings, which is a range, or
# state what only the client's own side has to mend
ROWS = {
    "true_forward": "reading = 'contract'",
    "statements": "NOT (id LIKE 'shadow/%' OR id LIKE 'stale/%' OR id LIKE 'reporting/%'"
    " OR id LIKE 'tier/%' OR evidence LIKE '%quote_causes%')",
}
# rule packs whose numbers decide facts; a new one is internal like a new answer
RULES = ("positions.", "shadow.", "duties.", "telemetry.", "lifecycle.", "meraki.")
ABOUT = frozenset(
    {"client", "currency", "as_of", "asked_as_of", "smart_accounts", "inputs", "key", "version"}
)
AGREEMENT = frozenset(
    {"name", "programme", "start", "end", "smart_accounts", "virtual_accounts", "suites"}
)

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def shown_tables(names: Iterable[str], audience: str) -> list[str]:
    """Of some tables those that an audience may see, in order.

    >>> shown_tables(["positions", "transfers", "usage"], "vendor")
    ['positions', 'usage']
    """
    facts = FACTS | (TABLES.keys() - OWN_SOURCES)
    return [name for name in names if audience == INTERNAL or name in facts]


def checked_table(name: str, audience: str) -> str:
    """The name of a table that the audience may see; InternalOnly for any other."""
    if not shown_tables([name], audience):
        raise InternalOnly(
            f"{name}: internal, so not in a pack for the vendor; tag the cell that shows it"
            " `internal`, or name the table under FACTS in cssm_lib/schema/audience.py."
        )
    return name


def hidden_columns(names: Iterable[str], audience: str) -> list[str]:
    """Of some columns those that the audience may not see."""
    return [name for name in names if audience == VENDOR and name in COLUMNS]


def blanked(frame: Frame, table: str, audience: str) -> Frame:
    """A table for pages: internal columns are null, so that what draws it still finds them."""
    if audience == INTERNAL:
        return frame
    checked_table(table, audience)
    rows = frame.filter(pl.sql_expr(ROWS[table])) if table in ROWS else frame
    types = rows.collect_schema()
    hidden = hidden_columns(types.names(), audience)
    return rows.with_columns(pl.lit(None, types[name]).alias(name) for name in hidden)


def cut(frame: Frame, table: str, audience: str) -> Frame:
    """A table for files: internal columns are not there at all, not even by name."""
    kept = blanked(frame, table, audience)
    return kept.drop(hidden_columns(kept.collect_schema().names(), audience))


def is_internal(table: str, column: str, where: str = "") -> bool:
    """Whether a figure made that way would tell something internal.

    >>> is_internal("positions", "balance_if_lent"), is_internal("positions", "demand")
    (True, False)
    >>> (
    ...     is_internal("true_forward", "net"),
    ...     is_internal("true_forward", "net", "reading = 'contract'"),
    ... )
    (True, False)
    """
    named = {column, *re.findall(r"\w+", where)}
    one_reading = table not in ROWS or ROWS[table] in where
    return bool(named & COLUMNS) or not one_reading or not shown_tables([table], VENDOR)


def about_for(about: dict[str, Any], audience: str) -> dict[str, Any]:
    """What a pack says beside its tables, for an audience.

    The vendor sees of an agreement its name, term and scope, and of the rules the numbers that
    decide facts: ladders, readings, patterns and moves are texts or lists and stay inside.
    """
    if audience == INTERNAL:
        return {**about, "audience": audience}
    kept = {name: value for name, value in about.items() if name in ABOUT}
    agreements = [
        {name: value for name, value in one.items() if name in AGREEMENT}
        for one in about["agreements"]
    ]
    numbers = [
        rule
        for rule in about["rules"]
        if rule["path"].startswith(RULES) and isinstance(rule["value"], int | float)
    ]
    return {**kept, "agreements": agreements, "rules": numbers, "audience": audience}
