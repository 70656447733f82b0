"""A long history some devices at a time: what all witnesses say of them, held small."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from cssm_lib.analyses.feature_drift.days import licensed_days
from cssm_lib.analyses.feature_drift.heard import Heard, coded
from cssm_lib.analyses.feature_drift.identity import device
from cssm_lib.analyses.feature_drift.verdicts import last_used
from cssm_lib.analyses.feature_drift.witnesses import (
    PARENT,
    Known,
    Tables,
    beside,
    statements,
    together,
    told_by_day,
)
from cssm_lib.rules import Rules

# rows of CSSM's exports taken apart at a time: they set the memory, however long the history is
AT_ONCE = 500_000
# by what a row without a name is known: what an instance consumes goes where the instance goes
PLACES = {"devices": pl.col("place"), "device_licenses": PARENT}


def heard(tables: Tables, account_days: pl.DataFrame, rules: Rules) -> list[Heard]:
    """All that is told of all devices, in parts. `account_days` is of tier_account_days."""
    return [_heard(said, account_days, rules) for said in _in_parts(tables, rules)]


def _heard(said: pl.DataFrame, account_days: pl.DataFrame, rules: Rules) -> Heard:
    pids = said.drop_nulls("pid").group_by("device").agg(known_pid=pl.col("pid").last())
    licensed = licensed_days(said, account_days, rules)
    frames = (told_by_day(said), licensed, last_used(said), pids)
    return Heard(*map(coded, frames))


def _in_parts(tables: Tables, rules: Rules) -> Iterator[pl.DataFrame]:
    """The statements of all witnesses, some devices at a time."""
    others = beside(tables)
    known = together(tables, others)
    parts = -(-sum(tables[name].height for name in PLACES) // AT_ONCE)
    if parts < 2:
        yield statements(tables, others, known, rules)
        return
    shares = {name: _shares(tables[name], known, at, parts) for name, at in PLACES.items()}
    own = _shares(others, known, pl.coalesce("record", "place"), parts)
    for n in range(parts):
        some = {name: tables[name].filter(shares[name] == n) for name in PLACES}
        yield statements(some, others.filter(own == n), known, rules)


def _shares(frame: pl.DataFrame, known: Known, place: pl.Expr, parts: int) -> pl.Series:
    """Which part each row belongs to, so that a device and all that is said of it are in one."""
    whose = device(known.owned, pl.concat_str("source", place, separator=" "))
    return frame.lazy().select((whose.hash() % parts).cast(pl.UInt16)).collect().to_series()
