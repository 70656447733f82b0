"""The position at `as_of`: what is entitled, needed, short, lent and idle, by account and pooled.

Both tables are made from the frames of `history`: `standing`, `holdings`, and `pool_days` by
Smart Account and licence. `page_days`, `units`, `past` and `earlier` say what all days but the
newest tell of each licence, `quiet` and `reported` since when nothing is used, and whether that is
known, `pool_year` what the days of a pool tell.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.utilisation.idle import may_owe, quiet, reported, stranded, zero
from cssm_lib.analyses.utilisation.lending import by_ladder, lent_by_ladder, pool_sums
from cssm_lib.analyses.utilisation.shelf import pool_year, shelf_by_account, window
from cssm_lib.analyses.utilisation.units import at_newest, earlier, page_days, past, units
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

__all__ = [
    "at_newest",
    "earlier",
    "may_owe",
    "page_days",
    "past",
    "pool_year",
    "pooled",
    "positions",
    "quiet",
    "reported",
    "units",
]

POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")


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
    >>> pools = history.pool_days(held, by=["smart_account", "license"], rules=asked["rules"])
    >>> days = page_days(history.pages(held), **asked)
    >>> places = units(history.places(held), days, rules=asked["rules"])
    >>> before = earlier(places, past(held, days), days, **asked)
    >>> now = at_newest(history.standing(held, as_of=None), before)
    >>> idle = reported(quiet(now), {}, **asked)
    >>> at = positions(now, idle, pool_year(pools, **asked), **asked)
    >>> at["balance", "utilisation"].row(0)
    (6, 0.4)
    """
    joined = (
        now.hstack(idle.select("quiet_since", "idle_since", "silent"))
        .join(lent_by_ladder(now), on="unit", how="left", maintain_order="left")
        .join(year.drop("peak_date"), on=POOL, how="left", nulls_equal=True, maintain_order="left")
    )
    peak = _peak(as_of, rules)
    shown = joined.with_columns(*_balances(), *_shares(), *peak, stranded(rules), *zero(rules))
    return ANSWERS["positions"].shaped(shelf_by_account(shown))


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
    >>> days = page_days(history.pages(held), **asked)
    >>> places = units(history.places(held), days, rules=asked["rules"])
    >>> before = earlier(places, past(held, days), days, **asked)
    >>> now = at_newest(history.standing(held, as_of=None), before)
    >>> pools = history.pool_days(held, by=["smart_account", "license"], rules=asked["rules"])
    >>> pooled(now, ANSWERS["positions"].empty(), pool_year(pools, **asked)).height
    0
    """
    found = positions.select("balance", "stranded_units")
    sums = [*_account_sums(), *_gaps(), *pool_sums()]
    pools = now.hstack(found).group_by("pool").agg(pl.col(POOL).first(), *sums).sort("pool")
    on_ladder, left = pl.col("ladder").is_not_null(), pl.col("short") - pl.col("into")
    rows = by_ladder(pools).with_columns(
        true_gap_if_lent=pl.when(on_ladder).then(left).otherwise("true_gap"),
        lending_confidence="ladder_confidence",
    )
    years = {"on": POOL, "how": "left", "nulls_equal": True, "maintain_order": "left"}
    return ANSWERS["pooled"].shaped(rows.join(year, **years))


def _balances() -> list[pl.Expr]:
    balance = pl.col("entitled") - pl.col("demand")
    return [
        balance.alias("balance"),
        pl.col("available").alias("exported_balance"),
        (balance - pl.col("lent") + pl.col("borrowed")).alias("balance_after_substitution"),
        (balance + pl.col("change_if_lent").fill_null(0)).alias("balance_if_lent"),
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


def _account_sums() -> list[pl.Expr]:
    def known(name: str) -> pl.Expr:
        return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)

    counts = ["quantity", "entitled", "in_use", "usage_billed", "demand", "lent", "borrowed"]
    return [
        DAY.max(),
        pl.len().alias("virtual_accounts"),
        pl.col(*counts, "balance").sum(),
        known("reserved"),
        known("stranded_units"),
        pl.col("complete").min(),
    ]


def _gaps() -> list[pl.Expr]:
    """What is short in single accounts, what transfers cure of it, what remains."""
    short, free = pl.col("deficit").sum(), pl.col("movable").sum()
    cured = pl.min_horizontal(short, free)
    return [
        pl.col("perpetual").first(),
        short.alias("short_units"),
        cured.alias("curable_units"),
        (short - cured).alias("true_gap"),
    ]
