"""What one need is, what it is found in, and the words of its sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import polars as pl

from cssm_lib.rules import Rules

FIRST = 3  # days, files and the like that a sentence names


class Need(NamedTuple):
    """One thing to ask for: the request's name in the rule pack, for what, and why.

    `state`: missing, partial, old, undated, truncated, unread, gap or unproven. `found` is what was
    found instead, `files` the files that it was found in.
    """

    request: str
    concerns: str | None
    state: str
    found: str
    files: str | None = None


@dataclass(frozen=True)
class Received:
    """What is known at as_of: source tables and answers by name, the agreements, the rules.

    `agreements` has agreement, start and end; `lines` is one row a line. `accounts` are the Smart
    Accounts that `client.toml` declares, each with who holds it (customer or reseller).
    """

    tables: Mapping[str, pl.DataFrame]
    agreements: pl.DataFrame
    lines: pl.DataFrame
    accounts: Mapping[str, str]
    as_of: dt.date | None
    rules: Rules

    def __getitem__(self, table: str) -> pl.DataFrame:
        return self.tables[table]

    def days_before(self, days: int) -> dt.date | None:
        """The day so many days before as_of."""
        return self.as_of and self.as_of - dt.timedelta(days=days)

    def age(self, day: dt.date | None) -> int | None:
        """Days from a day to as_of, where it is older than exports are to be; else null."""
        oldest = self.days_before(self.rules["requests.old_days"])
        return (self.as_of - day).days if day and oldest and day < oldest else None

    @cached_property
    def instances(self) -> pl.DataFrame:
        """The product instances of each account's newest day."""
        day = self["devices"].group_by("smart_account").agg(pl.col("snapshot_date").max())
        return self["devices"].join(
            day, on=day.columns, how="semi", nulls_equal=True, maintain_order="left"
        )

    @property
    def all_accounts(self) -> list[str | None]:
        """The Smart Accounts declared and those that exports name; else the one nobody names."""
        seen = (self[name]["smart_account"].unique() for name in ("usage", "lots", "devices"))
        return sorted({*self.accounts, *pl.concat(seen).drop_nulls()}) or [None]


def some(items: Sequence[object] | pl.Series) -> str:
    """The first few of a list, and how many more there are.

    >>> some(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    more = len(items) - FIRST
    shown = ", ".join(str(item) for item in items[:FIRST])
    return f"{shown} and {more:,} more" if more > 0 else shown


def of_account(frame: pl.DataFrame, account: str | None) -> pl.DataFrame:
    """The rows of a Smart Account; those that name none belong to the one nobody names."""
    return frame.filter(pl.col("smart_account").eq_missing(pl.lit(account)))


def newest_day(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a frame's newest day; all of them where none has a day."""
    day = frame["snapshot_date"].max()
    return frame if day is None else frame.filter(pl.col("snapshot_date") == day)


def named(frame: pl.DataFrame) -> str | None:
    """The files of a frame, the first few by name."""
    return some(frame["source"].unique().sort().to_list()) or None


def flat(parts: Iterable[Iterable[Need]]) -> list[Need]:
    """All needs of several questions, in order."""
    return [need for part in parts for need in part]
