"""Licences without demand: since when, and whether that is known or only not reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import TABLES

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
UNIT = [*ACCOUNT, "license"]
POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")


def chains(past: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """An account's snapshot days, their neighbours, the first day without a long gap since."""
    gap = (DAY - pl.col("before")).dt.total_days() > rules["positions.gap_days"]
    begins = pl.col("before").is_null() | gap
    return (
        past.select(PAGE)
        .unique()
        .sort(PAGE)
        .with_columns(
            before=DAY.shift(1).over(ACCOUNT),
            next=DAY.shift(-1).over(ACCOUNT),
        )
        .with_columns(begins=begins)
        .with_columns(chain=pl.when("begins").then(DAY).forward_fill().over(ACCOUNT))
    )


def idle_since(standing: pl.DataFrame, past: pl.DataFrame, chain: pl.DataFrame) -> pl.DataFrame:
    """First day of the run without demand or lending while entitled, of units idle now."""
    idle = (pl.col("demand") == 0) & (pl.col("lent") == 0) & (pl.col("entitled") > 0)
    now = standing.filter(idle & DAY.is_not_null()).select(UNIT)
    links = chain.select(*PAGE, "before", "begins")
    begins = pl.col("begins") | (DAY.shift(1).over(UNIT) != pl.col("before")).fill_null(True)
    return (
        past.filter(idle)
        .join(now, on=UNIT, how="semi", nulls_equal=True)
        .join(links, on=PAGE, nulls_equal=True)
        .sort(*UNIT, "snapshot_date")
        .filter(begins)
        .group_by(UNIT)
        .agg(idle_since=DAY.max())
    )


def quiet_since(standing: pl.DataFrame, past: pl.DataFrame, chain: pl.DataFrame) -> pl.DataFrame:
    """First day of the run without demand and reservation that ends at the position's snapshot."""
    busy = (pl.col("demand") > 0) | (pl.col("reserved") > 0).fill_null(False)
    last_busy = past.filter(busy).group_by(UNIT).agg(last_busy=DAY.max())
    follows = chain.select(*ACCOUNT, last_busy="snapshot_date", follows="next")
    quiet = pl.max_horizontal("chain", "follows")
    return (
        standing.select(*UNIT, "snapshot_date")
        .join(chain.select(*PAGE, "chain"), on=PAGE, nulls_equal=True)
        .join(last_busy, on=UNIT, how="left", nulls_equal=True)
        .join(follows, on=[*ACCOUNT, "last_busy"], how="left", nulls_equal=True)
        .filter((pl.col("last_busy") < DAY).fill_null(True))
        .select(*UNIT, quiet_since=quiet)
    )


def silent(tables: Mapping[str, pl.DataFrame], as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """Licences of accounts whose instances once used them and now owe a report."""
    devices = _dated(tables, "devices", as_of, [*ACCOUNT, "last_contact"])
    newest = pl.col("day").max().over("smart_account")
    carry = pl.duration(days=rules["positions.carry_days"])
    limit = pl.lit(as_of, pl.Date).cast(pl.Datetime("us", "UTC"))
    due = pl.col("last_contact") + pl.duration(days=rules["positions.report_days"])
    # an instance that later exports no longer show was removed: it owes nothing
    still = pl.col("day") >= newest - carry
    instance = ["smart_account", "instance"]
    silent = (
        devices.filter(still)
        .sort("day")
        .unique(instance, keep="last", maintain_order=True)
        .filter((due < limit).fill_null(False))
        .select(*ACCOUNT, "instance")
    )
    uses = _dated(tables, "device_licenses", as_of, [*UNIT, "quantity"])
    hit = uses.join(silent, on=[*ACCOUNT, "instance"], how="semi", nulls_equal=True)
    return hit.filter(pl.col("quantity") > 0).select(UNIT).unique().with_columns(silent=True)


def _dated(
    tables: Mapping[str, pl.DataFrame], name: str, as_of: dt.date | None, columns: list[str]
) -> pl.DataFrame:
    """The rows on or before `as_of`: these columns, the day and one name per product instance."""
    found = tables.get(name)
    frame = TABLES[name].empty() if found is None else found.lazy().collect()
    named = pl.concat_str(pl.col("udi_pid").fill_null(""), "serial", separator=" ")
    instance = pl.coalesce(named, "uuid", "hostname")
    day = DAY.fill_null(dt.date(1970, 1, 1))
    until = (DAY <= pl.lit(as_of, pl.Date)).fill_null(True)
    rows = frame.select(*columns, instance=instance, day=day, until=until)
    return rows.filter(pl.col("until") & pl.col("instance").is_not_null()).drop("until")


def zero(rules: Rules) -> list[pl.Expr]:
    """`zero_since`, and whether the idleness is known or only not reported."""
    idle = pl.col("idle_since").is_not_null()
    old = pl.col("age_days") > rules["positions.gap_days"]
    owes = pl.col("silent").fill_null(False) & ~pl.col("perpetual")
    unknown = idle & (old | owes)
    return [
        pl.when(idle & ~unknown).then("idle_since").alias("zero_since"),
        pl.when(unknown)
        .then(pl.lit("not reported"))
        .when(idle)
        .then(pl.lit("zero"))
        .alias("zero_note"),
    ]


def stranded(rules: Rules) -> pl.Expr:
    """Free units of an account quiet for long, while another of the pool needs some."""
    quiet = (DAY - pl.col("quiet_since")).dt.total_days() >= rules["positions.stranded_days"]
    others = (pl.col("demand").sum().over(POOL) - pl.col("demand")) > 0
    units = pl.when(quiet.fill_null(False) & others).then("movable").otherwise(0)
    return pl.when(DAY.is_not_null()).then(units).alias("stranded_units")
