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


def quiet(
    standing: pl.DataFrame, holdings: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per licence in a Virtual Account at `as_of`: since when nothing of it is used.

    `idle_since`: first day of the run without demand or lending while entitled, null where it is
    used; `quiet_since`: of the run without demand and reservation. A gap between snapshots of more
    than `positions.gap_days` ends a run (rules.md, "Peaks, zero use, shelf"). `standing` and
    `holdings` as in `history`. Columns: smart_account, virtual_account, license, quiet_since,
    idle_since.
    """
    past = holdings.filter(DAY.is_not_null() & (DAY <= pl.lit(as_of, pl.Date)))
    chain = _chains(past, rules)
    return (
        standing.select(UNIT)
        .join(_quiet_since(standing, past, chain), on=UNIT, how="left", nulls_equal=True)
        .join(_idle_since(standing, past, chain), on=UNIT, how="left", nulls_equal=True)
    )


def reported(
    quiet: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """The rows of `quiet` with `silent`: an instance that once used the idle licence owes a report.

    `tables` gives devices and device_licenses, which are looked at where a licence is idle.
    """
    idle = quiet.filter(pl.col("idle_since").is_not_null()).select(UNIT)
    if idle.is_empty():
        return quiet.with_columns(silent=pl.lit(None, pl.Boolean))
    return quiet.join(_silent(idle, tables, as_of, rules), on=UNIT, how="left", nulls_equal=True)


def _chains(past: pl.DataFrame, rules: Rules) -> pl.DataFrame:
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


def _idle_since(standing: pl.DataFrame, past: pl.DataFrame, chain: pl.DataFrame) -> pl.DataFrame:
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


def _quiet_since(standing: pl.DataFrame, past: pl.DataFrame, chain: pl.DataFrame) -> pl.DataFrame:
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


def _silent(
    idle: pl.DataFrame, tables: Mapping[str, pl.DataFrame], as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """Of the idle licences those whose account has instances that once used them and owe a report.

    An instance that later exports no longer show was removed: it owes nothing.
    """
    uses = _table(tables, "device_licenses").filter(pl.col("quantity") > 0)
    uses = uses.join(idle, on=UNIT, how="semi", nulls_equal=True)
    used = _dated(uses, as_of, UNIT).select(*UNIT, "instance").unique()
    devices = _dated(_table(tables, "devices"), as_of, [*ACCOUNT, "last_contact"])
    newest = pl.col("day").max().over("smart_account")
    still = pl.col("day") >= newest - pl.duration(days=rules["positions.carry_days"])
    instance = ["smart_account", "instance"]
    last = (
        devices.filter(still)
        .join(used, on=instance, how="semi", nulls_equal=True)
        .sort("day", maintain_order=True)
        .unique(instance, keep="last", maintain_order=True)
    )
    limit = pl.lit(as_of, pl.Date).cast(pl.Datetime("us", "UTC"))
    due = pl.col("last_contact") + pl.duration(days=rules["positions.report_days"])
    owing = last.filter((due < limit).fill_null(False))
    hit = used.join(owing, on=[*ACCOUNT, "instance"], how="semi", nulls_equal=True)
    return hit.select(UNIT).unique().with_columns(silent=True)


def _table(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    found = tables.get(name)
    return TABLES[name].empty() if found is None else found.lazy().collect()


def _dated(frame: pl.DataFrame, as_of: dt.date | None, columns: list[str]) -> pl.DataFrame:
    """The rows on or before `as_of`: these columns, the day and one name per product instance."""
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
