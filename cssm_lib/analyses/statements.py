"""One documented position a discrepancy: the fact, its evidence, our reading, what we ask."""

from __future__ import annotations

import polars as pl

from cssm_lib.schema import ANSWERS
from cssm_lib.schema.words import grouped

NAMELESS = "account not named"
PLACE = ["smart_account", "virtual_account", "license"]


def statements(
    positions: pl.DataFrame, pooled: pl.DataFrame, instance_check: pl.DataFrame
) -> pl.DataFrame:
    """One row per discrepancy that the positions show, the largest of each kind first.

    Short in single accounts while the Smart Account has units free (rules.md, "Transfers"); a
    balance in the export that its own figures do not give; use that no product instance explains
    (rules.md, "Demand"). Units are licences. Columns are those of `ANSWERS["statements"]`; raises
    nothing.

    >>> empty = [ANSWERS[name].empty() for name in ("positions", "pooled", "instance_check")]
    >>> statements(*empty).height
    0
    """
    parts = [_distribution(pooled), _balance(positions), _use(instance_check)]
    rows = pl.concat(parts, how="diagonal_relaxed")
    return ANSWERS["statements"].shaped(rows)


def _named(kind: str, place: list[str]) -> pl.Expr:
    return pl.concat_str(
        pl.lit(kind), *(pl.col(name).fill_null("?") for name in place), separator="/"
    ).alias("id")


def _where(*columns: str) -> list[pl.Expr]:
    return [pl.col(column).cast(pl.String).fill_null(NAMELESS) for column in columns]


def _distribution(pooled: pl.DataFrame) -> pl.DataFrame:
    rows = pooled.filter(pl.col("curable_units") > 0)
    free = (
        "{} units of {} are short in single Virtual Accounts of {}; {} of them are free in others"
    )
    return _told(
        rows.sort("curable_units", "license", descending=[True, False]),
        _named("distribution", ["smart_account", "license"]),
        subject=pl.format("Distribution of {} inside {}", "license", *_where("smart_account")),
        units=pl.col("short_units"),
        fact=pl.format(
            f"{free} of the same Smart Account, and {{}} are short in the whole.",
            *(grouped("short_units"), "license", *_where("smart_account")),
            *(grouped("curable_units"), grouped("true_gap")),
        ),
        evidence=pl.format("Table pooled; licence export of {}.", *_days()),
        our_reading=pl.lit("Distribution inside one Smart Account is no use beyond entitlement."),
        ask=pl.lit(
            "Count the Smart Account as a whole, after transfers, and confirm it in writing."
        ),
    )


def _balance(positions: pl.DataFrame) -> pl.DataFrame:
    apart = pl.col("exported_balance") - pl.col("balance")
    rows = positions.filter(apart != 0, pl.col("entitled_basis") != "usage")
    place = _where(*PLACE[:2])
    return _told(
        rows.sort(apart.abs(), *PLACE, descending=[True, False, False, False]),
        _named("balance", PLACE),
        subject=pl.format("Balance of {} in {}, {}", "license", *place),
        units=apart.abs(),
        fact=pl.format(
            "The export gives a balance of {}, while {} entitled less {} needed are {}.",
            *map(grouped, ("exported_balance", "entitled", "demand", "balance")),
        ),
        evidence=pl.format(
            "Table positions, entitled by {}; licence export of {}.", "entitled_basis", *_days()
        ),
        our_reading=pl.lit("Units that are lent, reserved or ended stand behind the difference."),
        ask=pl.lit("Show how the balance was reached, row by row, before it is used as a count."),
    )


def _use(check: pl.DataFrame) -> pl.DataFrame:
    rows = check.filter(pl.col("unexplained") > 0)
    return _told(
        rows.sort("unexplained", *PLACE, descending=[True, False, False, False]),
        _named("use", PLACE),
        subject=pl.format("Use of {} in {}, {}", "license", *_where(*PLACE[:2])),
        units=pl.col("unexplained"),
        fact=pl.format(
            "The account shows {} in use; its product instances consume {}.",
            *map(grouped, ("in_use", "explained_by_instances")),
        ),
        evidence=pl.format(
            "Table instance_check; licence export of {}, instance export of {}.",
            *_days(),
            pl.col("devices_date").cast(pl.String).fill_null("no day"),
        ),
        our_reading=pl.lit("Use that no instance shows is not proven."),
        ask=pl.lit("Name the instances behind these units."),
    )


def _days() -> list[pl.Expr]:
    return [pl.col("snapshot_date").cast(pl.String).fill_null("no day")]


def _told(rows: pl.DataFrame, id_: pl.Expr, **words: pl.Expr) -> pl.DataFrame:
    place = [name for name in PLACE if name in rows.columns]
    return rows.select(id_, *place, **words)
