"""The position at `as_of`: what is entitled, needed, short, lent and idle, by account and pooled.

Both tables are made from the frames of `history`: `standing`, `holdings`, and `pool_days` by
Smart Account and licence. `quiet` and `reported` say since when nothing is used, and whether that
is known.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.utilisation.idle import quiet, reported, stranded, zero
from cssm_lib.analyses.utilisation.lending import gaps_if_lent, lent_by_ladder
from cssm_lib.analyses.utilisation.shelf import shelf, shelf_by_account, window
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

__all__ = ["pooled", "positions", "quiet", "reported"]

ACCOUNT = ["smart_account", "virtual_account"]
UNIT = [*ACCOUNT, "license"]
POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")


def positions(
    standing: pl.DataFrame,
    holdings: pl.DataFrame,
    days: pl.DataFrame,
    idle: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per licence in a Virtual Account at `as_of`.

    `balance` is entitled less demand; `balance_after_substitution` adds what the export says was
    lent and borrowed, `balance_if_lent` what the ladders of the rule pack would allow: a model.
    Peak, `zero_since`, shelf and stranded units follow rules.md ("Peaks, zero use, shelf"); they
    are null for undated rows. Units are licences; utilisation and coverage are shares, null on
    nothing entitled or needed. `days` is `pool_days` by smart_account and license; `idle` is
    `quiet` as `reported` tells idle from silent. Columns are those of `ANSWERS["positions"]`;
    raises nothing.

    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> row = {"license": "A", "quantity": 10, "in_use": 4}
    >>> tables, rules = {"usage": TABLES["usage"].shaped(pl.DataFrame([row]))}, load_rules()
    >>> held = history.holdings(tables, rules)
    >>> days = history.pool_days(held, by=["smart_account", "license"], rules=rules)
    >>> now = history.standing(held, as_of=None)
    >>> idle = reported(quiet(now, held, as_of=None, rules=rules), {}, as_of=None, rules=rules)
    >>> at = positions(now, held, days, idle, as_of=None, rules=rules)
    >>> at["balance", "utilisation"].row(0)
    (6, 0.4)
    """
    joined = (
        standing.join(lent_by_ladder(standing, rules), on=UNIT, how="left", nulls_equal=True)
        .join(_peaks(holdings, as_of, rules), on=UNIT, how="left", nulls_equal=True)
        .join(idle, on=UNIT, how="left", nulls_equal=True)
        .join(shelf(days, as_of, rules), on=POOL, how="left", nulls_equal=True)
    )
    shown = joined.with_columns(*_balances(), *_shares(), stranded(rules), *zero(rules))
    return ANSWERS["positions"].shaped(shelf_by_account(shown).sort(UNIT))


def pooled(
    standing: pl.DataFrame,
    positions: pl.DataFrame,
    days: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per licence in a Smart Account at `as_of`, its Virtual Accounts together.

    `short_units` are what single accounts lack after exported lending, `curable_units` what
    transfers cure, `true_gap` the rest (rules.md, "Transfers"); `true_gap_if_lent` is what
    transfers and then lending by the ladders would leave, a model with `lending_confidence`. The
    peak is the largest sum of one full day in the trailing window; `partial_days` do not count.
    `shelf_units` is the least that was free on any full day, without lots younger than the
    window; `shelf_days` says how long the history is. Units are licences. Columns are those of
    `ANSWERS["pooled"]`; raises nothing.

    >>> empty = ANSWERS["positions"].empty()
    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> held = history.holdings({}, load_rules())
    >>> days = history.pool_days(held, by=["smart_account", "license"], rules=load_rules())
    >>> now = history.standing(held, as_of=None)
    >>> pooled(now, empty, days, as_of=None, rules=load_rules()).height
    0
    """
    frames = [
        _account_sums(positions),
        _gaps(standing),
        gaps_if_lent(standing, rules),
        _pool_peaks(days, as_of, rules),
        shelf(days, as_of, rules),
    ]
    rows = standing.select(POOL).unique()
    for frame in frames:
        rows = rows.join(frame, on=POOL, how="left", nulls_equal=True)
    unladdered = pl.col("lending_confidence").is_null()
    known = pl.when(unladdered).then("true_gap").otherwise("true_gap_if_lent")
    return ANSWERS["pooled"].shaped(rows.with_columns(true_gap_if_lent=known).sort(POOL))


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


def _peaks(holdings: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    use = pl.col("in_use")
    return (
        holdings.filter(window(as_of, rules))
        .group_by(UNIT)
        .agg(peak_in_use=use.max(), peak_date=DAY.filter(use == use.max()).min())
    )


def _account_sums(positions: pl.DataFrame) -> pl.DataFrame:
    def known(name: str) -> pl.Expr:
        return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)

    sums = [
        "quantity",
        "entitled",
        "in_use",
        "usage_billed",
        "demand",
        "lent",
        "borrowed",
        "balance",
    ]
    return positions.group_by(POOL).agg(
        DAY.max(),
        pl.len().alias("virtual_accounts"),
        pl.col(sums).sum(),
        known("reserved"),
        known("stranded_units"),
        pl.col("complete").min(),
    )


def _gaps(standing: pl.DataFrame) -> pl.DataFrame:
    """What is short in single accounts, what transfers cure of it, what remains."""
    short, free = pl.col("deficit").sum(), pl.col("movable").sum()
    cured = pl.min_horizontal(short, free)
    return standing.group_by(POOL).agg(
        pl.col("perpetual").first(),
        short_units=short,
        curable_units=cured,
        true_gap=short - cured,
    )


def _pool_peaks(days: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    whole = pl.col("full")
    peak = pl.col("demand").filter(whole).max()
    return (
        days.filter(window(as_of, rules))
        .group_by(POOL)
        .agg(
            peak_demand=peak,
            peak_date=DAY.filter(whole & (pl.col("demand") == peak)).min(),
            partial_days=(~whole).sum(),
        )
    )
