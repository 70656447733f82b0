"""What lending down the tier ladders could do: a model beside what the export says."""

from __future__ import annotations

import polars as pl


def lent_by_ladder(now: pl.DataFrame) -> pl.DataFrame:
    """What lending by the ladders would change in each account; exported lending left aside.

    One row per `unit` on a ladder. `now` is `standing` with the columns of `units`.
    """
    balance = pl.col("entitled") - pl.col("demand")
    rows = _on_ladders(now).select(
        "unit", "ladder", "rung", spare=balance.clip(0), short=(-balance).clip(0)
    )
    change = pl.col("into") - pl.col("out")
    return _by_ladder(rows).select("unit", change_if_lent=change)


def gaps_if_lent(now: pl.DataFrame) -> pl.DataFrame:
    """What would be short in the pool after transfers and then lending by the ladders.

    One row per `pool` on a ladder. `now` is `standing` with the columns of `units`.
    """
    balance = pl.col("entitled") - pl.col("demand")
    cured = pl.min_horizontal("spare", "short")
    pools = (
        _on_ladders(now)
        .group_by("pool", "rung", "ladder_confidence", ladder="pool_ladder")
        .agg(spare=(balance - pl.col("held")).clip(0).sum(), short=(-balance).clip(0).sum())
        .with_columns(spare=pl.col("spare") - cured, short=pl.col("short") - cured)
        .sort("pool")
    )
    return _by_ladder(pools).select(
        "pool",
        true_gap_if_lent=pl.col("short") - pl.col("into"),
        lending_confidence="ladder_confidence",
    )


def _on_ladders(now: pl.DataFrame) -> pl.DataFrame:
    """The rows that may lend or borrow."""
    free = (pl.col("entitled_basis") != "usage") & ~pl.col("export_restricted")
    return now.filter(free & pl.col("ladder").is_not_null() & pl.col("rung").is_not_null())


def _by_ladder(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `out` and `into`: short rungs, from the highest, borrow from the nearest higher one.

    Inside a rung licences lend and borrow in the order in which they stand, that of their names.
    """
    top = rows["rung"].max() or 0
    lent = _rungs_lend(_rung_sums(rows, top), top)
    moves = lent.select("ladder", *[f"{way}{n}" for way in ("out", "into") for n in range(top + 1)])
    laid = rows.join(moves, on="ladder", how="left", maintain_order="left")
    return laid.with_columns(out=_laid("out", "spare", top), into=_laid("into", "short", top))


def _rung_sums(rows: pl.DataFrame, top: int) -> pl.DataFrame:
    def of_rung(name: str, rung: int) -> pl.Expr:
        return pl.col(name).filter(pl.col("rung") == rung).sum().alias(f"{name}{rung}")

    sums = [of_rung(name, rung) for rung in range(top + 1) for name in ("spare", "short")]
    none = [
        pl.lit(0, pl.Int64).alias(f"{way}{n}") for n in range(top + 1) for way in ("out", "into")
    ]
    return rows.group_by("ladder").agg(sums).with_columns(none)


def _rungs_lend(sums: pl.DataFrame, top: int) -> pl.DataFrame:
    for low in reversed(range(top)):
        for high in range(low + 1, top + 1):
            units = pl.min_horizontal(f"spare{high}", f"short{low}")
            sums = sums.with_columns(
                pl.col(f"spare{high}", f"short{low}") - units,
                pl.col(f"out{high}", f"into{low}") + units,
            )
    return sums


def _laid(way: str, of: str, top: int) -> pl.Expr:
    """A rung's units laid to its licences, each up to what it has."""
    total = pl.sum_horizontal(
        pl.when(pl.col("rung") == n).then(f"{way}{n}").otherwise(0) for n in range(top + 1)
    )
    before = pl.col(of).cum_sum().over("ladder", "rung") - pl.col(of)
    return pl.min_horizontal((total - before).clip(0), of)
