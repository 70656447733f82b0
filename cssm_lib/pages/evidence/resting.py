"""From rows of an answer to the rows of the files that they rest on, as the contracts declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from cssm_lib.errors import PageError
from cssm_lib.schema import ANSWERS, TABLES, Rests, Table

Read = Callable[[str], pl.DataFrame]
ACCOUNT = ("smart_account", "virtual_account")
PLACED = ("source", "place")


def source_rows(
    read: Read, table: str, rows: pl.DataFrame, columns: Iterable[str]
) -> dict[str, pl.DataFrame]:
    """The rows of source tables, by table, that `columns` of some rows of a table rest on.

    Source rows stand for themselves; the way from an answer is that of its contract's `rests`.
    `read` gives a table by name. A table that declares nothing leads nowhere.

    >>> usage = pl.DataFrame({"license": ["A", "B"], "source": ["f", "f"], "place": ["/0", "/1"]})
    >>> source_rows({}.get, "usage", usage, {"license"})["usage"].height
    2
    """
    found: dict[str, list[pl.DataFrame]] = {}
    _follow(read, contract_of(table), rows, frozenset(columns), found=found)
    return {name: pl.concat(parts).unique(maintain_order=True) for name, parts in found.items()}


def contract_of(table: str) -> Table:
    """The contract of an answer or source table; PageError for a table that does not exist."""
    known = {**TABLES, **ANSWERS}
    if table not in known:
        raise PageError(f"no table {table!r}; there are {', '.join(known)}.")
    return known[table]


def stands_for_itself(contract: Table) -> bool:
    """Whether a row says in which file it stands: every source table's, and some answers'."""
    return "source" in contract.names and (contract.name in TABLES or "place" in contract.names)


def _follow(
    read: Read,
    contract: Table,
    rows: pl.DataFrame,
    columns: frozenset[str],
    *,
    found: dict[str, list[pl.DataFrame]],
) -> None:
    if stands_for_itself(contract):
        found.setdefault(contract.name, []).append(rows)
    for rests in contract.rests:
        if rows.is_empty() or (rests.columns and not columns & set(rests.columns)):
            continue
        hit = resting(read, rows, rests)
        _follow(read, contract_of(rests.table), hit, frozenset(rests.takes), found=found)


def resting(read: Read, rows: pl.DataFrame, rests: Rests) -> pl.DataFrame:
    """The rows of `rests.table` that some rows rest on, each once, in their own order."""
    other = read(rests.table).with_row_index("_row")
    own = _joined(read, rows, rests.via) if rests.via else rows
    own = own.filter(pl.sql_expr(rests.where)) if rests.where else own
    pairs = [_pair(name) for name in rests.on]
    mode, mine, its = _days(rests.day)
    wanted = own.select(
        *[pl.col(a).alias(f"_on_{b}") for a, b in pairs],
        *([pl.col(mine).alias("_day")] if mode else []),
    ).unique()
    left, right = [f"_on_{b}" for _, b in pairs], [b for _, b in pairs]
    how: Any = {"left_on": left, "right_on": right, "nulls_equal": True, "coalesce": False}
    hit = wanted.join(other, **how) if pairs else wanted.join(other, how="cross")
    if mode:
        hit = _on_those_days(hit, other, its, newest=mode == "newest")
    return other.join(hit.select("_row").unique(), on="_row", how="semi").drop("_row")


def _joined(read: Read, rows: pl.DataFrame, via: str) -> pl.DataFrame:
    between = read(via)
    key = [name for name in contract_of(via).key if name in rows.columns]
    return rows.select(
        name for name in rows.columns if name in key or name not in between.columns
    ).join(between, on=key, nulls_equal=True)


def _on_those_days(
    hit: pl.DataFrame, other: pl.DataFrame, day: str, *, newest: bool
) -> pl.DataFrame:
    """Rows up to the day asked for; `newest`: of each account's last day with any row only."""
    early = (pl.col(day) <= pl.col("_day")).fill_null(True)
    hit = hit.filter(early)
    if not newest:
        return hit
    account = [name for name in ACCOUNT if name in other.columns]
    shown = other.select(*account, day).unique()
    asked = hit.select(*account, "_day").unique()
    last = (
        asked.join(shown, on=account, nulls_equal=True)
        if account
        else asked.join(shown, how="cross")
    )
    last = last.filter(early).group_by(*account, "_day").agg(pl.col(day).max())
    return hit.join(last, on=[*account, "_day", day], how="semi", nulls_equal=True)


def _pair(text: str) -> tuple[str, str]:
    mine, _, its = (part.strip() for part in text.partition("="))
    return mine, its or mine


def _days(text: str) -> tuple[str, str, str]:
    """`until event_date = as_at` → until, event_date, as_at."""
    mode, _, rest = text.partition(" ")
    mine, its = _pair(rest)
    return mode, mine, its if "=" in rest else "snapshot_date"
