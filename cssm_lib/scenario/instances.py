"""Actions on product instances: taken off, or on another tier; their use goes with them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.rules import matches_any
from cssm_lib.scenario.model import Instances, Retire, Tier
from cssm_lib.scenario.stock import ACCOUNT, DAY, LICENCE, Tables, fitting, used_more, when

DEVICE = [*ACCOUNT, "udi_pid", "serial", "uuid", "hostname", DAY]
NUMBER = "device"  # in tables of which the instances are numbered: one number a DEVICE
PATTERNS = {"udi_pid": "pid", "hostname": "hostname", "serial": "serial"}
NEAR = "35d"  # a snapshot stands for the days up to so many after it


def retired(tables: Tables, action: Retire) -> dict[str, pl.DataFrame]:
    """The tables without the instances that fit; what they consumed is free.

    Reserved instances stay: their units are not freed by taking them off the list.
    """
    devices, used = tables["devices"], tables["device_licenses"]
    reserved = pl.col("status").str.contains("(?i)reserv").fill_null(False)
    gone = devices.filter(when(action), _fits(action), _silent(action))
    gone = gone.filter(~reserved)
    kept = devices.filter(reserved)
    fits = when(action) & _fits(action)
    theirs = used.filter(fits) if action.silent_days is None else used.filter(fits).join(
        gone, on=_key(used), how="semi", nulls_equal=True
    )  # fmt: skip
    theirs = theirs.join(kept, on=_key(used), how="anti", nulls_equal=True)
    freed = theirs.group_by(LICENCE).agg(units=-pl.col("quantity").sum())
    return {
        "devices": _without(devices, gone),
        "device_licenses": _without(used, theirs),
        "usage": used_more(tables, _on_usage_days(tables, freed), action),
    }


def on_tier(tables: Tables, action: Tier) -> dict[str, pl.DataFrame]:
    """The tables with the instances that fit on another licence, unit for unit."""
    other = pl.col("license").str.contains(matches_any([action.from_license])).fill_null(False)
    used = tables["device_licenses"].with_columns(fits=when(action) & _fits(action) & other)
    fits = pl.col("fits")
    moved = used.filter("fits").group_by(LICENCE).agg(units=-pl.col("quantity").sum())
    risen = moved.with_columns(license=pl.lit(action.to_license), units=-pl.col("units"))
    both = pl.concat([moved, risen]).group_by(LICENCE).agg(pl.col("units").sum())
    name = pl.when(fits).then(pl.lit(action.to_license))
    then = used.with_columns(
        license=name.otherwise("license"),
        license_raw=name.otherwise("license_raw"),
        tag=pl.when(fits).then(_tag(tables, action.to_license)).otherwise("tag"),
    )
    return {
        "device_licenses": then.drop("fits"),
        "usage": used_more(tables, _on_usage_days(tables, both), action),
    }


def _fits(action: Instances) -> pl.Expr:
    asked = {column: getattr(action, name) for column, name in PATTERNS.items()}
    return fitting(asked | {name: getattr(action, name) for name in ACCOUNT})


def _silent(action: Retire) -> pl.Expr:
    """No contact for so many days before the day of the snapshot; unknown is not silent."""
    if action.silent_days is None:
        return pl.lit(True)
    age = (pl.col(DAY) - pl.col("last_contact").dt.date()).dt.total_days()
    return (age >= action.silent_days).fill_null(False)


def _without(rows: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    return rows.join(gone, on=_key(rows), how="anti", nulls_equal=True)


def _key(rows: pl.DataFrame) -> list[str]:
    return [NUMBER] if NUMBER in rows.columns else DEVICE


def _tag(tables: Mapping[str, pl.DataFrame], name: str) -> pl.Expr:
    """The entitlement tag that the exports give that licence, else none."""
    rows = tables["usage"].filter(pl.col("license") == name)["tag"].drop_nulls()
    return pl.lit(rows.first() if rows.len() else None, pl.String)


def _on_usage_days(tables: Tables, units: pl.DataFrame) -> pl.DataFrame:
    """Units by the days of `usage`: each day takes the instances' newest snapshot up to it.

    Instances and licences are exported on days of their own; one that is more than five weeks older
    says nothing of the day.
    """
    days = tables["usage"].select(*ACCOUNT, DAY).unique().sort(DAY)
    seen = tables["device_licenses"].select(*ACCOUNT, DAY, seen=DAY).unique().sort(DAY)
    dated = days.filter(pl.col(DAY).is_not_null())
    found = dated.join_asof(
        seen.drop_nulls(DAY), on=DAY, by=ACCOUNT, tolerance=NEAR, check_sortedness=False
    )
    undated = days.filter(pl.col(DAY).is_null()).with_columns(seen=pl.lit(None, pl.Date))
    told = pl.concat([found.drop_nulls("seen"), undated], how="diagonal")
    return (
        told.join(units.rename({DAY: "seen"}), on=[*ACCOUNT, "seen"], nulls_equal=True)
        .select(*LICENCE, "units")
        .filter(pl.col("units") != 0)
    )
