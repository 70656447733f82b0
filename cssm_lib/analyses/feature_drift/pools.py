"""What is licensed: a pool and ladder at a time, never one device of it."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.feature_drift.names import rank, tiers_of
from cssm_lib.rules import Rules, licence_classes
from cssm_lib.schema import ANSWERS, MONEY

ACCOUNT = ["smart_account", "virtual_account"]
LADDER = ["ladder", "part"]
RUNG = [*LADDER, "rung", "tier"]
NO_PRICE = "no agreement prices this licence: units only"
TWO_PRICES = "its Virtual Accounts have different prices: units only"
NO_LOWER = "the tier below has no price: units only"


def ladders_of(names: pl.Series, rules: Rules) -> pl.DataFrame:
    """One row per licence with a tier: license, part, tier, ladder, rung.

    A licence of a set, and one that no ladder of the rule pack takes, is a ladder of its own.
    """
    tiers = tiers_of(names, rules).select("license", "part", "tier")
    classes = licence_classes(names, rules).select("license", "ladder", "rung")
    rung = (
        pl.when(pl.col("ladder").is_null())
        .then(0)
        .otherwise(pl.coalesce("rung", rank("tier", rules), 0))
    )
    return tiers.join(classes, on="license", how="left").with_columns(
        rung=rung.cast(pl.Int64), ladder=pl.coalesce("ladder", "license")
    )


def tier_pools(positions: pl.DataFrame, prices: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per tier of a ladder in a Smart Account; columns ANSWERS["tier_pools"].

    Rule (rules.md, Tiers of devices): short at tier t = max(0, demand at t and above − supply at t
    and above); money = Σ short × (price of t − price of the tier below). `own_short` takes off
    what the tiers above are short of, so that no unit is told twice. Use that is billed as used is
    no demand. What is short in one account alone is `cured` by a transfer and is no money.

    >>> from cssm_lib.rules import load_rules
    >>> tier_pools(ANSWERS["positions"].empty(), pl.DataFrame(), load_rules()).height
    0
    """
    contract = ANSWERS["tier_pools"]
    held = positions.join(ladders_of(positions["license"], rules), on="license")
    if held.is_empty():
        return contract.empty()
    whole = _cured(_priced(_short(held, ACCOUNT[:1]), held, prices), _short(held, ACCOUNT))
    currency = prices["currency"].drop_nulls().first() if prices.height else None
    both = whole.with_columns(currency=pl.lit(currency, pl.String))
    return contract.shaped(both.sort("smart_account", *LADDER, "rung", nulls_last=True))


def tier_accounts(positions: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per tier of a ladder in a Virtual Account, by the same rule and without money.

    `licensed` is what a device of the tier is there: covered, or `short, k of n, not
    attributable`. Columns: ANSWERS["tier_accounts"].
    """
    contract = ANSWERS["tier_accounts"]
    held = positions.join(ladders_of(positions["license"], rules), on="license")
    if held.is_empty():
        return contract.empty()
    here = _short(held, ACCOUNT).with_columns(licensed=_licensed())
    return contract.shaped(here.sort(*ACCOUNT, *LADDER, "rung", nulls_last=True))


def tier_account_days(held: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per tier of a ladder in a Virtual Account on a day of CSSM's device exports.

    `held` are holdings with `day`, the day for which they speak. `licensed` is what a device of
    the tier was that day, and what a transfer inside the Smart Account would have cured; `over`
    what the whole Smart Account was short of. Columns: ANSWERS["tier_account_days"].
    """
    contract = ANSWERS["tier_account_days"]
    rows = held.drop("snapshot_date").rename({"day": "snapshot_date"})
    rows = rows.join(ladders_of(held["license"], rules), on="license")
    if rows.is_empty():
        return contract.empty()
    whole = ["smart_account", "snapshot_date"]
    over = _short(rows, whole).select(*whole, *RUNG, over="own_short")
    here = _short(rows, [*ACCOUNT, "snapshot_date"]).with_columns(licensed=_licensed())
    both = here.join(over, on=[*whole, *RUNG], how="left", nulls_equal=True)
    order = [*ACCOUNT, *LADDER, "rung", "snapshot_date"]
    return contract.shaped(
        both.with_columns(licensed=after_transfers("licensed", "own_short", "over")).sort(
            order, nulls_last=True
        )
    )


def after_transfers(words: str, here: str, whole: str) -> pl.Expr:
    """What a device is, with what a transfer inside the Smart Account cures of it."""
    return (
        pl.when((pl.col(here) > 0) & (pl.col(whole) == 0))
        .then(pl.format("{}; a transfer inside the Smart Account cures it", words))
        .when((pl.col(here) > 0) & (pl.col(whole) < pl.col(here)))
        .then(pl.format("{}; {} of them after transfers", words, whole))
        .otherwise(words)
    )


def _short(held: pl.DataFrame, within: list[str]) -> pl.DataFrame:
    names = pl.col("license").unique().sort().str.join(" + ")
    sums = held.group_by(*within, *RUNG).agg(
        licenses=names,
        demand=pl.col("demand").fill_null(0).sum(),
        supply=pl.col("entitled").fill_null(0).sum(),
    )
    pool = [*within, *LADDER]
    down = sums.sort("rung", descending=True)
    above = (pl.col("demand") - pl.col("supply")).cum_sum().over(pool)
    return down.with_columns(short=above.clip(0)).with_columns(
        own_short=(pl.col("short") - pl.col("short").shift(1, fill_value=0).over(pool)).clip(0)
    )


def _licensed() -> pl.Expr:
    """What a device of the tier is: the pool decides, and no device of it is the short one."""
    few = pl.format("short, {} of {}, not attributable", "own_short", "demand")
    return pl.when(pl.col("own_short") > 0).then(few).otherwise(pl.lit("covered"))


def _cured(whole: pl.DataFrame, here: pl.DataFrame) -> pl.DataFrame:
    """What is short in single accounts and not in the whole is cured by a transfer."""
    single = here.group_by("smart_account", *RUNG).agg(single=pl.col("own_short").sum())
    joined = whole.join(single, on=["smart_account", *RUNG], how="left", nulls_equal=True)
    return joined.with_columns(cured=(pl.col("single") - pl.col("own_short")).clip(0))


def _priced(whole: pl.DataFrame, held: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    pool = ["smart_account", *LADDER]
    priced = _prices(held, prices)
    up = whole.join(priced, on=["smart_account", *RUNG], how="left", nulls_equal=True).sort("rung")
    up = up.with_columns(
        below=pl.col("unit").shift(1).over(pool),
        lowest=pl.int_range(pl.len()).over(pool) == 0,
    )
    step = pl.when("lowest").then(pl.col("unit")).otherwise(pl.col("unit") - pl.col("below"))
    why = (
        pl.when(pl.col("kinds") > 1)
        .then(pl.lit(TWO_PRICES))
        .when(pl.col("unit").is_null())
        .then(pl.lit(NO_PRICE))
        .when(~pl.col("lowest") & pl.col("below").is_null())
        .then(pl.lit(NO_LOWER))
    )
    money = (pl.col("short").cast(pl.Decimal(38, 0)) * step).round(2, mode="half_away_from_zero")
    return up.with_columns(
        step_money=step.round(6).cast(MONEY), money=money.cast(MONEY), money_note=why
    )


def _prices(held: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """What a unit of each rung costs in the Smart Account, where all its licences cost the same."""
    if prices.is_empty():
        empty = held.head(0).select("smart_account", *RUNG)
        return empty.with_columns(
            unit=pl.lit(None, pl.Decimal(38, 12)), kinds=pl.lit(None, pl.UInt32)
        )
    key = [*ACCOUNT, "license"]
    told = held.join(prices.select(*key, "unit_money"), on=key, nulls_equal=True)
    kinds = pl.col("unit_money").drop_nulls().n_unique()
    unit = pl.when(kinds == 1).then(pl.col("unit_money").drop_nulls().first())
    return told.group_by("smart_account", *RUNG).agg(unit=unit, kinds=kinds)
