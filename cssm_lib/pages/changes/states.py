"""The positions and pools as they were, as they are, and after each cause in turn between them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from cssm_lib.schema.answers.changes import CAUSES

POOL = ["smart_account", "license"]
UNIT = ["smart_account", "virtual_account", "license"]
SIDES = ("entitled", "demand", "lent", "borrowed")
# columns that follow from the sides alone, by table
POSITION_COLUMNS = frozenset({*SIDES, "balance", "balance_after_substitution"})
POOL_COLUMNS = frozenset({*SIDES, "balance", "short_units", "curable_units", "true_gap"})


def states(
    before: pl.DataFrame, after: pl.DataFrame, moved: pl.DataFrame
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The positions before (cause ""), then after each cause with all that it moved.

    The last state holds what the later pack holds. `held`, `bound` and `billed` follow the pack
    that has the row, the later one first.
    """
    now = _frame(before, after)
    yield "", now
    for cause in CAUSES:
        step = moved.filter(pl.col("cause") == cause)
        if step.is_empty():
            continue
        now = _moved(now, step)
        yield cause, now


def _frame(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    both = before.select(*UNIT, *SIDES, *_bounds()).join(
        after.select(*UNIT, *_bounds()),
        on=UNIT,
        how="full",
        coalesce=True,
        nulls_equal=True,
        suffix="_now",
    )
    own = [pl.coalesce(f"{name}_now", name).alias(name) for name in ("held", "billed")]
    return _derived(
        both.with_columns(pl.col(SIDES).fill_null(0), *own).select(*UNIT, *SIDES, "held", "billed")
    )


def _bounds() -> list[pl.Expr]:
    unused = (pl.col("reserved").fill_null(0) - pl.col("in_use")).clip(0)
    of_use = pl.col("demand_identity") == "in_use"
    return [
        pl.when(of_use.fill_null(False)).then(unused.fill_null(0)).otherwise(0).alias("held"),
        (pl.col("entitled_basis") == "usage").fill_null(False).alias("billed"),
    ]


def _moved(now: pl.DataFrame, step: pl.DataFrame) -> pl.DataFrame:
    for side in SIDES:
        units = (
            step.filter(pl.col("side") == side)
            .group_by(UNIT)
            .agg(pl.col("units").sum().alias("by"))
        )
        now = now.join(units, on=UNIT, how="left", nulls_equal=True)
        now = now.with_columns(pl.col(side) + pl.col("by").fill_null(0)).drop("by")
    return _derived(now)


def _derived(now: pl.DataFrame) -> pl.DataFrame:
    balance = pl.col("entitled") - pl.col("demand")
    return now.with_columns(
        balance=balance,
        balance_after_substitution=balance - pl.col("lent") + pl.col("borrowed"),
    )


def pooled(positions: pl.DataFrame) -> pl.DataFrame:
    """The pools of a state: sums, what is short in single accounts, what transfers cure of it."""
    after = pl.col("balance_after_substitution")
    free = (pl.col("entitled") - pl.col("demand") - pl.col("lent") - pl.col("held")).clip(0)
    short = pl.when("billed").then(0).otherwise((-after).clip(0)).sum()
    cured = pl.min_horizontal(short, pl.when("billed").then(0).otherwise(free).sum())
    return positions.group_by(POOL, maintain_order=True).agg(
        pl.col(*SIDES, "balance").sum(),
        short_units=short,
        curable_units=cured,
        true_gap=short - cured,
    )
