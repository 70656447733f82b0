"""The reporting methods with their part of the estate and of the money."""

from __future__ import annotations

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

TEXTS = ("method", "visibility", "risk", "reason", "to_move", "trade_off", "confidence")


def methods(exposure: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per method of the rule pack, used or not, in the pack's order.

    Shares are of all instances, of all units consumed and of all money known; money is the sum of
    the instances that have a price, null where none has. Columns: `ANSWERS["methods"]`; raises
    nothing.

    >>> from cssm_lib.rules import load_rules
    >>> methods(ANSWERS["exposure"].empty(), load_rules())["method"][0]
    'direct cloud'
    """
    known = pl.DataFrame(
        [{name: one[name] for name in TEXTS} for one in rules["telemetry.methods"]],
        schema=dict.fromkeys(TEXTS, pl.String),
    )
    money = pl.when(pl.col("money").count() > 0).then(pl.col("money").sum())
    sums = exposure.group_by("method").agg(
        pl.len().cast(pl.Int64).alias("instances"),
        pl.col("units").sum(),
        money.alias("money"),
        pl.col("currency").drop_nulls().first(),
    )
    rows = known.join(sums, on="method", how="left", maintain_order="left").with_columns(
        pl.col("instances", "units").fill_null(0)
    )
    return ANSWERS["methods"].shaped(
        rows.with_columns(_share("instances", "share"), *_shares("units", "money"))
    )


def _shares(*names: str) -> list[pl.Expr]:
    return [_share(name, f"{name}_share") for name in names]


def _share(name: str, alias: str) -> pl.Expr:
    part, whole = pl.col(name).cast(pl.Float64), pl.col(name).cast(pl.Float64).sum()
    return pl.when(whole > 0).then(part / whole).alias(alias)
