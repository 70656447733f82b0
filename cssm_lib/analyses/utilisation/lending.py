"""What lending down the tier ladders could do: a model beside what the export says."""

from __future__ import annotations

import polars as pl

from cssm_lib.rules import Rules, licence_classes

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
UNIT = [*ACCOUNT, "license"]
POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")


def lent_by_ladder(standing: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What lending by the ladders would change in each account; exported lending left aside."""
    balance = pl.col("entitled") - pl.col("demand")
    rows = standing.select(
        *UNIT,
        "entitled_basis",
        "export_restricted",
        spare=balance.clip(0),
        short=(-balance).clip(0),
    )
    lent = _by_ladder(_on_ladders(rows, rules), ACCOUNT)
    return lent.select(*UNIT, change_if_lent=pl.col("into") - pl.col("out"))


def gaps_if_lent(standing: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What would be short in the pool after transfers and then lending by the ladders."""
    balance = pl.col("entitled") - pl.col("demand")
    cured = pl.min_horizontal("spare", "short")
    pools = (
        _on_ladders(standing, rules)
        .group_by(*POOL, "ladder", "rung", "ladder_confidence")
        .agg(spare=(balance - pl.col("held")).clip(0).sum(), short=(-balance).clip(0).sum())
        .with_columns(spare=pl.col("spare") - cured, short=pl.col("short") - cured)
    )
    return _by_ladder(pools, ["smart_account"]).select(
        *POOL,
        true_gap_if_lent=pl.col("short") - pl.col("into"),
        lending_confidence="ladder_confidence",
    )


def _on_ladders(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows that may lend or borrow, with ladder and rung."""
    classes = licence_classes(rows["license"], rules)
    tiers = classes.select("license", "ladder", "rung", "ladder_confidence")
    free = (pl.col("entitled_basis") != "usage") & ~pl.col("export_restricted")
    placed = pl.col("ladder").is_not_null() & pl.col("rung").is_not_null()
    return rows.filter(free).join(tiers, on="license").filter(placed)


def _by_ladder(rows: pl.DataFrame, within: list[str]) -> pl.DataFrame:
    """Adds `out` and `into`: short rungs, from the highest, borrow from the nearest higher one.

    Inside a rung licences lend and borrow in the order of their names.
    """
    ladder = [*within, "ladder"]
    top = rows["rung"].max() or 0
    lent = _rungs_lend(_rung_sums(rows, ladder, top), top)
    moves = lent.select(*ladder, *[f"{way}{n}" for way in ("out", "into") for n in range(top + 1)])
    laid = rows.join(moves, on=ladder, nulls_equal=True).sort(*ladder, "rung", "license")
    return laid.with_columns(
        out=_laid("out", "spare", [*ladder, "rung"], top),
        into=_laid("into", "short", [*ladder, "rung"], top),
    )


def _rung_sums(rows: pl.DataFrame, ladder: list[str], top: int) -> pl.DataFrame:
    def of_rung(name: str, rung: int) -> pl.Expr:
        return pl.col(name).filter(pl.col("rung") == rung).sum().alias(f"{name}{rung}")

    sums = [of_rung(name, rung) for rung in range(top + 1) for name in ("spare", "short")]
    none = [
        pl.lit(0, pl.Int64).alias(f"{way}{n}") for n in range(top + 1) for way in ("out", "into")
    ]
    return rows.group_by(ladder).agg(sums).with_columns(none)


def _rungs_lend(sums: pl.DataFrame, top: int) -> pl.DataFrame:
    for low in reversed(range(top)):
        for high in range(low + 1, top + 1):
            units = pl.min_horizontal(f"spare{high}", f"short{low}")
            sums = sums.with_columns(units=units).with_columns(
                pl.col(f"spare{high}", f"short{low}") - pl.col("units"),
                pl.col(f"out{high}", f"into{low}") + pl.col("units"),
            )
    return sums


def _laid(way: str, of: str, rung: list[str], top: int) -> pl.Expr:
    """A rung's units laid to its licences, each up to what it has."""
    total = pl.sum_horizontal(
        pl.when(pl.col("rung") == n).then(f"{way}{n}").otherwise(0) for n in range(top + 1)
    )
    before = pl.col(of).cum_sum().over(rung) - pl.col(of)
    return pl.min_horizontal((total - before).clip(0), of)
