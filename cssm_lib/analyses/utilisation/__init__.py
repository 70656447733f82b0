"""The position at `as_of`: what is entitled, needed, short, lent and idle, by account and pooled.

Both tables are made from the frames of `history`: `standing`, `holdings`, and `pool_days` by
Smart Account and licence. `page_days`, `units`, `past`, `placed` and `earlier` say what all days
but the newest tell of each licence, `quiet` and `reported` since when nothing is used, and whether
that is known, given the instances `owing` a report; `pools`, `full_days` and `pool_year` what a
pool is and what its days tell.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.utilisation.idle import may_owe, owing, quiet, reported, stranded, zero
from cssm_lib.analyses.utilisation.lending import change_if_lent, gap_if_lent
from cssm_lib.analyses.utilisation.numbers import Numbered
from cssm_lib.analyses.utilisation.shelf import full_days, pool_year, shelf_by_account, window
from cssm_lib.analyses.utilisation.units import (
    at_newest,
    earlier,
    page_days,
    past,
    placed,
    pools,
    units,
)
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

__all__ = [
    "at_newest",
    "earlier",
    "full_days",
    "may_owe",
    "owing",
    "page_days",
    "past",
    "placed",
    "pool_year",
    "pooled",
    "pools",
    "positions",
    "quiet",
    "reported",
    "units",
]

DAY = pl.col("snapshot_date")
COUNTS = ["quantity", "entitled", "in_use", "usage_billed", "demand", "lent", "borrowed"]


def positions(
    now: pl.DataFrame,
    idle: pl.DataFrame,
    year: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per licence in a Virtual Account at `as_of`.

    `balance` is entitled less demand; `balance_after_substitution` adds what the export says was
    lent and borrowed, `balance_if_lent` what the ladders of the rule pack would allow: a model.
    Peak, `zero_since`, shelf and stranded units follow rules.md ("Peaks, zero use, shelf"); they
    are null for undated rows. Units are licences; utilisation and coverage are shares, null on
    nothing entitled or needed. `now` is `standing` `at_newest`, `idle` is `quiet` as `reported`
    tells idle from silent, with the same rows; `year` is `pool_year`. Columns are those of
    `ANSWERS["positions"]`, rows as in `now`; raises nothing.

    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> row = {"license": "A", "quantity": 10, "in_use": 4}
    >>> tables = {"usage": TABLES["usage"].shaped(pl.DataFrame([row]))}
    >>> asked = {"as_of": None, "rules": load_rules()}
    >>> held = history.holdings(tables, asked["rules"])
    >>> sums = history.pool_days(held, by=["smart_account", "license"], rules=asked["rules"])
    >>> days = page_days(history.pages(held), **asked)
    >>> places = units(history.places(held), days, rules=asked["rules"])
    >>> old = past(held, days)
    >>> before = earlier(places, placed(places, old, days, **asked), old, days)
    >>> now = at_newest(history.standing(held, as_of=None), before)
    >>> owe = owing(TABLES["devices"].empty(), **asked)
    >>> idle = reported(quiet(now), owe, TABLES["device_licenses"].empty(), as_of=None)
    >>> groups = pools(places, sums, **asked)
    >>> year = pool_year(sums, full_days(sums, groups, **asked), groups)
    >>> positions(now, idle, year, **asked)["balance", "utilisation"].row(0)
    (6, 0.4)
    """
    pool, demand = Numbered(now["pool"].to_numpy(), year.height), now["demand"].to_numpy()
    beside = [
        pl.Series("elsewhere", pool.sum(demand)[pool.of] - demand),
        change_if_lent(now),
        shelf_by_account(now, year["shelf_units"]),
    ]
    rows = now.hstack([*idle["quiet_since", "idle_since", "silent"], *beside])
    days = (rules[f"positions.{name}_days"] for name in ("gap", "stranded"))
    shown = rows.with_columns_seq(*_of_row(*days), *_peak(as_of, rules))
    return ANSWERS["positions"].shaped(shown)


def pooled(now: pl.DataFrame, positions: pl.DataFrame, year: pl.DataFrame) -> pl.DataFrame:
    """One row per licence in a Smart Account at `as_of`, its Virtual Accounts together.

    `short_units` are what single accounts lack after exported lending, `curable_units` what
    transfers cure, `true_gap` the rest (rules.md, "Transfers"); `true_gap_if_lent` is what
    transfers and then lending by the ladders would leave, a model with `lending_confidence`. Peak,
    partial days and shelf are those of `pool_year` (`year`). `now` and `positions` have the same
    rows. Units are licences. Columns are those of `ANSWERS["pooled"]`; raises nothing.

    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> asked = {"as_of": None, "rules": load_rules()}
    >>> held = history.holdings({}, asked["rules"])
    >>> sums = history.pool_days(held, by=["smart_account", "license"], rules=asked["rules"])
    >>> days = page_days(history.pages(held), **asked)
    >>> places = units(history.places(held), days, rules=asked["rules"])
    >>> old = past(held, days)
    >>> before = earlier(places, placed(places, old, days, **asked), old, days)
    >>> now = at_newest(history.standing(held, as_of=None), before)
    >>> groups = pools(places, sums, **asked)
    >>> year = pool_year(sums, full_days(sums, groups, **asked), groups)
    >>> pooled(now, ANSWERS["positions"].empty(), year).height
    0
    """
    pool = Numbered(now["pool"].to_numpy(), year.height)
    short, free = (pool.sum(now[name].to_numpy()) for name in ("deficit", "movable"))
    cured = pl.Series("curable_units", np.minimum(short, free))
    gap = pl.Series("true_gap", short) - cured
    found = [
        pool.most(now["snapshot_date"]),
        pl.Series("virtual_accounts", pool.sum(np.ones_like(pool.of))),
        *(pool.total(now[name]) for name in (*COUNTS, "reserved")),
        *(pool.total(positions[name]) for name in ("balance", "stranded_units")),
        pl.Series("short_units", short),
        cured,
        gap,
        *gap_if_lent(now, year, gap),
        pool.every(now["complete"]),
    ]
    return ANSWERS["pooled"].shaped(year.hstack(found).filter(pool.some))


@cache
def _of_row(gap_days: int, stranded_days: int) -> tuple[pl.Expr, ...]:
    """What follows from a position's own row."""
    return (*_balances(), *_shares(), *zero(gap_days), stranded(stranded_days))


def _balances() -> list[pl.Expr]:
    balance = pl.col("entitled") - pl.col("demand")
    return [
        balance.alias("balance"),
        pl.col("available").alias("exported_balance"),
        (balance - pl.col("lent") + pl.col("borrowed")).alias("balance_after_substitution"),
        (balance + pl.col("change_if_lent")).alias("balance_if_lent"),
    ]


def _shares() -> list[pl.Expr]:
    entitled, demand = pl.col("entitled"), pl.col("demand")
    met = pl.min_horizontal(entitled, demand)
    return [
        pl.when(entitled > 0).then(met / entitled).alias("utilisation"),
        pl.when(demand > 0).then(met / demand).alias("coverage"),
    ]


def _peak(as_of: dt.date | None, rules: Rules) -> list[pl.Expr]:
    """The largest use of the trailing window, the newest day's too, and its first day."""
    use, past = pl.col("in_use"), pl.col("past_peak")
    newer = window(as_of, rules) & (past.is_null() | (use > past))
    return [
        pl.when(newer).then(use).otherwise(past).alias("peak_in_use"),
        pl.when(newer).then(DAY).otherwise("past_peak_date").alias("peak_date"),
    ]
