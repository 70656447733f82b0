"""Licences without demand: since when, and whether that is known or only not reported."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from cssm_lib.analyses.utilisation.units import BUSY, IDLE
from cssm_lib.rules import Rules

ACCOUNT = ["smart_account", "virtual_account"]
UNIT = [*ACCOUNT, "license"]
DAY = pl.col("snapshot_date")
FEW = 2**15  # rows that are given names all together, without asking which are needed
MANY = 8  # words after which no row is passed over by how a name ends
_DAY = DAY.fill_null(dt.date(1970, 1, 1))
_NAMED = pl.any_horizontal(pl.col("serial", "uuid", "hostname").is_not_null())
_SINCE = (
    pl.when(DAY.is_not_null() & ~BUSY)
    .then(pl.coalesce("quiet_from", "chain"))
    .alias("quiet_since"),
    pl.when(DAY.is_not_null() & IDLE)
    .then(pl.coalesce("idle_from", "snapshot_date"))
    .alias("idle_since"),
)


def quiet(now: pl.DataFrame) -> pl.DataFrame:
    """One row per licence in a Virtual Account at `as_of`: since when nothing of it is used.

    `idle_since`: first day of the run without demand or lending while entitled, null where it is
    used; `quiet_since`: of the run without demand and reservation. A gap between snapshots of more
    than `positions.gap_days` ends a run (rules.md, "Peaks, zero use, shelf"). `now` is `standing`
    `at_newest`. Columns: smart_account, virtual_account, license, quiet_since, idle_since; rows as
    in `now`.
    """
    return now.select_seq(*UNIT, *_SINCE)


def owing(devices: pl.DataFrame, *, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """One row per product instance that owes a report, with the account that saw it last.

    No contact for more than `positions.report_days` when it was last exported. One that later
    exports no longer show was removed: it owes nothing. Columns: smart_account, virtual_account,
    instance.
    """
    shown = _shown(_known(devices, as_of), rules)
    last = (
        _dated(shown, [*ACCOUNT, "last_contact"])
        .sort("day", maintain_order=True)
        .unique(["smart_account", "instance"], keep="last", maintain_order=True)
    )
    return last.filter(_overdue(as_of, rules)).select(*ACCOUNT, "instance")


def may_owe(devices: pl.DataFrame, *, as_of: dt.date | None, rules: Rules) -> pl.Expr:
    """Whether a row with an instance's names is of one that may owe a report.

    However many rows of `devices` are taken away, if each Smart Account keeps its newest day: of no
    other instance is more asked than that day.
    """
    overdue = _shown(_known(devices, as_of), rules).filter(_overdue(as_of, rules))
    return _may_be(_dated(overdue, [])["instance"])


def reported(
    quiet: pl.DataFrame,
    owing: pl.DataFrame,
    used: pl.DataFrame | pl.LazyFrame,
    *,
    as_of: dt.date | None,
) -> pl.DataFrame:
    """The rows of `quiet` with `silent`: an instance that once used the idle licence owes a report.

    `owing` says which instances do; `used` is device_licenses.
    """
    idle = quiet.with_row_index("row").filter(pl.col("idle_since").is_not_null())
    owes = np.zeros(quiet.height, bool)
    if not idle.is_empty() and not owing.is_empty():
        owes[_silent(idle, owing, used.lazy(), as_of)] = True
    silent = pl.Series("silent", owes)
    return quiet.hstack([silent.set(~silent, None)])


def _silent(
    idle: pl.DataFrame, owing: pl.DataFrame, used: pl.LazyFrame, as_of: dt.date | None
) -> np.ndarray:
    """The rows of idle licences whose account has instances that once used them and owe a report.

    Of a long history only the instances that may be one of these are given names.
    """
    names = idle.select_seq(pl.col(UNIT[1:]).unique().implode())
    here, named = (pl.col(name).is_in(names[name], nulls_equal=True) for name in UNIT[1:])
    known = pl.lit(True) if as_of is None else (DAY <= as_of).fill_null(True)
    uses = used.filter(here, named, pl.col("quantity") > 0, known).collect()
    if uses.height > FEW:
        uses = uses.filter(_may_be(owing["instance"]))
    theirs = _dated(uses, UNIT)
    hit = theirs.join(owing, on=[*ACCOUNT, "instance"], how="semi", nulls_equal=True)
    return idle.join(hit, on=UNIT, how="semi", nulls_equal=True)["row"].to_numpy()


def _shown(devices: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows of which later exports may still speak."""
    newest = _newest(devices)
    shown = _DAY >= pl.col("newest") - pl.duration(days=rules["positions.carry_days"])
    if newest.height == 1:
        return devices.with_columns(newest=pl.lit(newest["newest"][0])).filter(shown)
    return devices.join(newest, on="smart_account", nulls_equal=True).filter(shown)


def _overdue(as_of: dt.date | None, rules: Rules) -> pl.Expr:
    limit = pl.lit(as_of, pl.Date).cast(pl.Datetime("us", "UTC"))
    due = pl.col("last_contact") + pl.duration(days=rules["positions.report_days"])
    return (due < limit).fill_null(False)


def _may_be(instances: pl.Series) -> pl.Expr:
    """Whether a row may be one of these instances: a name ends with the serial number, if any."""
    spaces = instances.str.count_matches(" ", literal=True).max() or 0
    if spaces > MANY:
        return pl.lit(True)
    ends = pl.col("instance")
    for n in range(1, spaces + 1):
        ends = ends.append(pl.col("instance").str.splitn(" ", n + 1).struct.field(f"field_{n}"))
    known = instances.to_frame().select_seq(pl.all().implode(), ends=ends.implode())
    serial, other = pl.col("serial"), pl.coalesce("uuid", "hostname")
    by_other, by_serial = other.is_in(known["instance"]), serial.is_in(known["ends"])
    return pl.when(serial.is_null()).then(by_other).otherwise(by_serial)


def _newest(devices: pl.DataFrame) -> pl.DataFrame:
    """The newest day of each Smart Account; nearly always there is but one."""
    accounts, newest = devices["smart_account"], _DAY.max().alias("newest")
    if devices.height and accounts.eq_missing(accounts[0]).all():
        return devices.select(pl.col("smart_account").first(), newest)
    return devices.group_by("smart_account").agg(newest)


def _dated(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The named rows with these columns, the day and one name per product instance."""
    named = pl.concat_str(pl.col("udi_pid").fill_null(""), "serial", separator=" ")
    return rows.select_seq(*columns, instance=pl.coalesce(named, "uuid", "hostname"), day=_DAY)


def _known(rows: pl.DataFrame, as_of: dt.date | None) -> pl.DataFrame:
    """The rows up to `as_of` of instances with a name; nearly always all, and none is copied."""
    last = rows["snapshot_date"].max()
    if as_of is not None and last is not None and last > as_of:
        rows = rows.filter((DAY <= as_of).fill_null(True))
    return rows.filter(_NAMED) if rows["serial"].null_count() else rows


def zero(gap_days: int) -> list[pl.Expr]:
    """`zero_since`, and whether the idleness is known or only not reported."""
    idle = pl.col("idle_since").is_not_null()
    old = pl.col("age_days") > gap_days
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


def stranded(stranded_days: int) -> pl.Expr:
    """Free units of an account quiet for long, while others of the pool need some (`elsewhere`)."""
    quiet = (DAY - pl.col("quiet_since")).dt.total_days() >= stranded_days
    free = quiet.fill_null(False) & (pl.col("elsewhere") > 0)
    units = pl.when(free).then("movable").otherwise(0)
    return pl.when(DAY.is_not_null()).then(units).alias("stranded_units")
