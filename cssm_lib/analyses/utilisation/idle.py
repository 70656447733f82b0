"""Licences without demand: since when, and whether that is known or only not reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses.utilisation.units import BUSY, IDLE
from cssm_lib.rules import Rules
from cssm_lib.schema import TABLES

ACCOUNT = ["smart_account", "virtual_account"]
UNIT = [*ACCOUNT, "license"]
DAY = pl.col("snapshot_date")


def quiet(now: pl.DataFrame) -> pl.DataFrame:
    """One row per licence in a Virtual Account at `as_of`: since when nothing of it is used.

    `idle_since`: first day of the run without demand or lending while entitled, null where it is
    used; `quiet_since`: of the run without demand and reservation. A gap between snapshots of more
    than `positions.gap_days` ends a run (rules.md, "Peaks, zero use, shelf"). `now` is `standing`
    `at_newest`. Columns: smart_account, virtual_account, license, quiet_since, idle_since; rows as
    in `now`.
    """
    dated = DAY.is_not_null()
    return now.select(
        *UNIT,
        quiet_since=pl.when(dated & ~BUSY).then(pl.coalesce("quiet_from", "chain")),
        idle_since=pl.when(dated & IDLE).then(pl.coalesce("idle_from", "snapshot_date")),
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
    silent = _silent(idle, tables, as_of, rules)
    return quiet.join(silent, on=UNIT, how="left", nulls_equal=True, maintain_order="left")


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
    others = (pl.col("demand").sum().over("pool") - pl.col("demand")) > 0
    units = pl.when(quiet.fill_null(False) & others).then("movable").otherwise(0)
    return pl.when(DAY.is_not_null()).then(units).alias("stranded_units")
