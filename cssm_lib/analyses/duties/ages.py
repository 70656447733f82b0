"""How old the reports behind a position may be, so that it can be shown as a range."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

UNIT = ["smart_account", "virtual_account", "license"]
INSTANCE = ["smart_account", "virtual_account", "instance"]


def report_ages(
    positions: pl.DataFrame,
    instances: pl.DataFrame,
    uses: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per licence in a Virtual Account whose use product instances explain.

    A unit is fresh when its instance was in contact in the last `telemetry.fresh_days` up to
    `as_of`; what rests on older reports may have gone since, so the use lies between
    `use_at_least` and `use_at_most` of what was reported. What has grown since no report says.
    Positions of accounts that no instance export shows are left out. Units are licences, ages
    days. Columns: `ANSWERS["report_ages"]`; raises nothing.

    >>> from cssm_lib.rules import load_rules
    >>> at, rules = ANSWERS["positions"].empty(), load_rules()
    >>> made = {"smart_account": pl.String, "virtual_account": pl.String, "instance": pl.String}
    >>> flags = dict.fromkeys(["complete", "wide", "in_export"], pl.Boolean)
    >>> seen = pl.DataFrame(schema=made | flags | {"last_contact": pl.Date})
    >>> used = pl.DataFrame(schema=made | {"license": pl.String, "quantity": pl.Int64, "now": bool})
    >>> report_ages(at, seen, used, as_of=None, rules=rules).height
    0
    """
    told = instances.select(*INSTANCE, "last_contact", seen="complete")
    joined = uses.filter("now").join(told, on=INSTANCE, nulls_equal=True)
    consumed = joined.group_by(UNIT).agg(_sums(as_of, rules))
    rows = (
        _spoken_of(positions, instances)
        .filter(pl.col("in_use") > 0)
        .join(consumed, on=UNIT, how="left", nulls_equal=True)
        .with_columns(pl.col("instances", "fresh_units", "old_units", "undated_units").fill_null(0))
    )
    explained = pl.col("fresh_units") + pl.col("old_units") + pl.col("undated_units")
    rows = rows.with_columns(
        unexplained_units=(pl.col("in_use") - explained).clip(lower_bound=0),
        use_at_least=pl.min_horizontal("fresh_units", "in_use"),
        use_at_most=pl.col("in_use"),
        complete=pl.col("complete") & pl.col("seen").fill_null(True),
    ).with_columns(unconfirmed_units=pl.col("use_at_most") - pl.col("use_at_least"))
    return ANSWERS["report_ages"].shaped(rows.sort(UNIT, nulls_last=True))


def _spoken_of(positions: pl.DataFrame, instances: pl.DataFrame) -> pl.DataFrame:
    """The positions of which the instance exports say anything: whole accounts, or single ones."""
    told = instances.filter("in_export")
    whole = told.filter("wide").select("smart_account").unique().with_columns(whole=True)
    single = told.select(UNIT[:2]).unique().with_columns(single=True)
    joined = positions.join(whole, on="smart_account", how="left", nulls_equal=True)
    joined = joined.join(single, on=UNIT[:2], how="left", nulls_equal=True)
    return joined.filter(pl.any_horizontal("whole", "single"))


def _sums(as_of: dt.date | None, rules: Rules) -> list[pl.Expr]:
    age = (pl.lit(as_of, pl.Date) - pl.col("last_contact")).dt.total_days()
    fresh = age <= rules["telemetry.fresh_days"]
    return [
        pl.len().alias("instances"),
        pl.col("last_contact").min().alias("oldest_report"),
        pl.col("last_contact").max().alias("newest_report"),
        age.max().alias("oldest_age_days"),
        pl.col("quantity").filter(fresh.fill_null(False)).sum().alias("fresh_units"),
        pl.col("quantity").filter((~fresh).fill_null(False)).sum().alias("old_units"),
        pl.col("quantity").filter(age.is_null()).sum().alias("undated_units"),
        pl.col("seen").min(),
    ]
