"""What lending down the tier ladders could do: a model beside what the export says."""

from __future__ import annotations

from functools import cache

import polars as pl


def lent_by_ladder(now: pl.DataFrame) -> pl.DataFrame:
    """What lending by the ladders would change in each account; exported lending left aside.

    One row per `unit` on a ladder of which some rung is short. `now` is `standing` `at_newest`.
    """
    balance = pl.col("entitled") - pl.col("demand")
    rows = now.filter(may_lend()).select(
        "unit", "ladder", "rung", spare=balance.clip(0), short=(-balance).clip(0)
    )
    some_short = pl.col("short").sum().over("ladder") > 0
    change = pl.col("into") - pl.col("out")
    return by_ladder(rows.filter(some_short)).select("unit", change_if_lent=change)


def pool_sums() -> list[pl.Expr]:
    """Of the licences of a pool: its ladder, what it can spare and is short of after transfers."""
    may, balance = may_lend(), pl.col("entitled") - pl.col("demand")
    spare, short = (
        (balance - pl.col("held")).clip(0).filter(may).sum(),
        (-balance).clip(0).filter(may).sum(),
    )
    cured = pl.min_horizontal(spare, short)
    return [
        *(pl.col(name).filter(may).first() for name in ("rung", "ladder_confidence")),
        pl.col("pool_ladder").filter(may).first().alias("ladder"),
        (spare - cured).alias("spare"),
        (short - cured).alias("short"),
    ]


def may_lend() -> pl.Expr:
    """Whether a licence is on a rung and may lend or borrow."""
    free = (pl.col("entitled_basis") != "usage") & ~pl.col("export_restricted")
    return free & pl.col("rung").is_not_null()


def by_ladder(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `out` and `into`: short rungs, from the highest, borrow from the nearest higher one.

    `rows` have ladder, rung, spare and short; without a ladder nothing is lent. Inside a rung
    licences lend and borrow in the order in which they stand, that of their names.
    """
    top = rows["rung"].max() or 0
    step = pl.col("ladder") * (top + 1) + pl.col("rung")
    lent = _rungs_lend(rows.with_columns(*_rung_sums(top), step=step), top)
    return lent.with_columns(out=_laid("out", "spare", top), into=_laid("into", "short", top))


@cache
def _rung_sums(top: int) -> tuple[pl.Expr, ...]:
    """What each rung of a row's ladder can spare and is short of, and nothing lent yet."""

    def of_rung(name: str, rung: int) -> pl.Expr:
        own = pl.when(pl.col("rung") == rung).then(name).otherwise(0)
        return own.sum().over("ladder").alias(f"{name}{rung}")

    none = pl.lit(0, pl.Int64)
    rungs = range(top + 1)
    return (
        *(of_rung(name, rung) for rung in rungs for name in ("spare", "short")),
        *(none.alias(f"{way}{rung}") for rung in rungs for way in ("out", "into")),
    )


def _rungs_lend(rows: pl.DataFrame, top: int) -> pl.DataFrame:
    for low in reversed(range(top)):
        for high in range(low + 1, top + 1):
            units = pl.min_horizontal(f"spare{high}", f"short{low}")
            rows = rows.with_columns(
                pl.col(f"spare{high}", f"short{low}") - units,
                pl.col(f"out{high}", f"into{low}") + units,
            )
    return rows


@cache
def _laid(way: str, of: str, top: int) -> pl.Expr:
    """A rung's units laid to its licences, each up to what it has."""
    total = pl.sum_horizontal(
        pl.when(pl.col("rung") == n).then(f"{way}{n}").otherwise(0) for n in range(top + 1)
    )
    before = pl.col(of).cum_sum().over("step") - pl.col(of)
    return pl.min_horizontal((total - before).clip(0), of)
