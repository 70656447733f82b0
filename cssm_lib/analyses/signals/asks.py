"""What is asked of the vendor for each agreement, and what each clause is worth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses.signals.worth import amount
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

LINE = ["agreement", "suite", "sku"]
BASIS = {
    "price hold": "recommended units at the high end of `uplift` less the same at today's price",
    "renewal cap": "recommended units at the high end of `uplift` less those at its low end",
    "true-down": "today's units less the recommended ones, line by line where that is more than 0",
    "measure and allowance in writing": "the year's peak less the use at as_of, line by line",
    "suite swap": "unused value of one suite that meets value another one is short of",
    "auto-renewal off": "today's units at today's price for the new term",
}


def asks(
    made: Mapping[str, pl.DataFrame],
    worth: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per agreement that runs at `as_of` and clause, in the order of the meeting.

    Rule: clauses and words are those of the rule pack `signals.asks`; units and money follow BASIS
    from `renewal` and `scenarios`, over the new term. Without an agreement the clauses stand in
    words alone; without a price or a range money is null, and so where no unit of a clause has a
    price. `act_by` is the day of notice: after it the old quantity renews by itself. Columns:
    ANSWERS["asks"].
    """
    renewal = made["renewal"]
    if renewal.is_empty():
        return ANSWERS["asks"].empty()
    agreements = renewal.select("agreement").unique().drop_nulls().sort("agreement")
    if agreements.is_empty():
        agreements = pl.DataFrame({"agreement": [None]}, schema={"agreement": pl.String})
    words = pl.DataFrame(rules["signals.asks"]).with_row_index("place", offset=1)
    sums = _sums(renewal, made["scenarios"], worth)
    rows = agreements.join(words, how="cross").join(sums, on=["agreement", "ask"], how="left")
    terms = worth.unique("agreement").select("agreement", "notice_day", "currency")
    rows = rows.join(terms, on="agreement", how="left")
    passed = pl.col("notice_day") < pl.lit(as_of, pl.Date)
    basis = pl.col("ask").replace_strict(BASIS, default=None, return_dtype=pl.String)
    late = pl.when(passed).then(pl.format("{}; the day of notice has passed", basis))
    return ANSWERS["asks"].shaped(
        rows.with_columns(basis=pl.coalesce(late, basis), act_by="notice_day").sort(
            "agreement", "place"
        )
    )


def _sums(renewal: pl.DataFrame, scenarios: pl.DataFrame, worth: pl.DataFrame) -> pl.DataFrame:
    """Units and money of each clause by agreement."""
    rows = renewal.filter(pl.col("agreement").is_not_null()).join(
        worth.select(*LINE, "unit_term"), on=LINE, how="left"
    )
    wanted = pl.coalesce("recommended", "today")
    less = (pl.col("today") - wanted).clip(0)
    above = (pl.col("peak") - pl.col("as_of")).clip(0)
    parts = [
        _clause(rows, "price hold", wanted),
        _clause(rows, "renewal cap", wanted),
        _clause(rows, "true-down", less, amount(less)),
        _clause(rows, "measure and allowance in writing", above, amount(above)),
        _clause(rows, "suite swap", pl.lit(None, pl.Int64)),
        _clause(rows, "auto-renewal off", pl.col("today"), amount(pl.col("today"))),
    ]
    found = pl.concat(parts)
    money = pl.concat([_ends(scenarios), _swap(rows)])
    return found.join(money, on=["agreement", "ask"], how="left", suffix="_found").with_columns(
        money=pl.coalesce("money", "money_found")
    )


def _clause(
    rows: pl.DataFrame, ask: str, units: pl.Expr, money: pl.Expr | None = None
) -> pl.DataFrame:
    none = pl.lit(None, pl.Decimal(38, 6))
    money = none if money is None else money
    some = units.fill_null(0) != 0
    # a row without units is worth nothing at any price: it does not tell that one is known
    told = (money.count() > 0) & (~some.any() | (money.filter(some).count() > 0))
    return rows.group_by("agreement").agg(
        ask=pl.lit(ask),
        units=pl.when(units.count() > 0).then(units.sum()),
        money=pl.when(told).then(money.sum()),
    )


def _ends(scenarios: pl.DataFrame) -> pl.DataFrame:
    """What the ends of the uplift make of the recommended units, where every price is known."""
    names = {
        "high": "highest uplift", "low": "lowest uplift", "now": "after transfers and drops",
    }  # fmt: skip
    sums = scenarios.filter(pl.col("agreement").is_not_null()).group_by("agreement").agg(
        pl.when(pl.col("money").filter(pl.col("scenario") == name).count() > 0)
        .then(pl.col("money").filter(pl.col("scenario") == name).sum()).alias(end)
        for end, name in names.items()
    )  # fmt: skip
    return pl.concat(
        sums.select("agreement", ask=pl.lit(ask), money=pl.col("high") - pl.col(other))
        for ask, other in (("price hold", "now"), ("renewal cap", "low"))
    )


def _swap(rows: pl.DataFrame) -> pl.DataFrame:
    """What one suite leaves unused and another lacks, after each has shifted inside itself."""
    change = pl.col("money_change")
    suites = rows.group_by("agreement", "suite").agg(change.sum())
    return suites.group_by("agreement").agg(
        ask=pl.lit("suite swap"),
        money=pl.min_horizontal(change.clip(0).sum(), -change.clip(upper_bound=0).sum()),
    )
