"""Actions on product instances: taken off, or on another tier; their use goes with them."""

from __future__ import annotations

import polars as pl

from cssm_lib.scenario.fleet import ACCOUNT, DAY, Fleet, holds, marked
from cssm_lib.scenario.model import Instances, LeaveOut, Retire, Tier
from cssm_lib.scenario.stock import LICENCE, fitting, in_span, like, used_more

PATTERNS = {"udi_pid": "pid", "hostname": "hostname", "serial": "serial"}
NEAR = "35d"  # a snapshot stands for the days up to so many after it


def retired(fleet: Fleet, usage: pl.DataFrame, action: Retire) -> tuple[Fleet, pl.DataFrame]:
    """The instances without those that fit, and `usage` without what they consumed.

    Reserved instances stay: their units are not freed by taking them off the list.
    """
    count, reserved = fleet.instances.height, pl.col("reserved")
    fits = fleet.devices.filter(_fits(fleet, "devices", action), _silent(action))
    gone = marked(fits.filter(~reserved)["instance"], count)
    kept = marked(fleet.devices.filter(reserved)["instance"], count)
    instance = fleet.used["instance"]
    theirs = _fits(fleet, "device_licenses", action) & ~kept.gather(instance)
    if action.silent_days is not None:
        theirs &= gone.gather(instance)
    freed = fleet.units(fleet.used.filter(theirs)).with_columns(-pl.col("units"))
    left = fleet.without(devices=gone.gather(fleet.devices["instance"]), used=theirs)
    return left, used_more(usage, _on_usage_days(usage, fleet, freed), action)


def on_tier(fleet: Fleet, usage: pl.DataFrame, action: Tier) -> tuple[Fleet, pl.DataFrame]:
    """The instances that fit on another licence, unit for unit."""
    other = holds(fleet.kinds, like("license", action.from_license))
    fits = _fits(fleet, "device_licenses", action) & other.gather(fleet.used["kind"])
    moved = fleet.units(fleet.used.filter(fits)).with_columns(-pl.col("units"))
    risen = moved.with_columns(license=pl.lit(action.to_license), units=-pl.col("units"))
    both = pl.concat([moved, risen]).group_by(LICENCE).agg(pl.col("units").sum())
    kind = {"license": action.to_license, "license_raw": action.to_license}
    kind |= {"tag": _tag(usage, action.to_license)}
    then = fleet.on(pl.DataFrame([kind], schema=fleet.kinds.schema), fits)
    return then, used_more(usage, _on_usage_days(usage, fleet, both), action)


def left_over(fleet: Fleet, action: LeaveOut) -> Fleet:
    """The instances without the use that fits, between the days."""
    pages = holds(fleet.pages, fitting(_accounts(action)) & in_span(action))
    kinds = holds(fleet.kinds, fitting({"license": action.license}))
    gone = pages.gather(fleet.used["page"]) & kinds.gather(fleet.used["kind"])
    return fleet.without(used=gone)


def _fits(fleet: Fleet, table: str, action: Instances) -> pl.Series:
    """Whether a row of a table lies on a day that the action changes and fits its patterns."""
    pages = fleet.when(table, action) & holds(fleet.pages, fitting(_accounts(action)))
    names = {column: getattr(action, name) for column, name in PATTERNS.items()}
    rows = fleet.rows(table)
    fits = pages.gather(rows["page"])
    if set(names.values()) != {"*"}:
        fits &= holds(fleet.instances, fitting(names)).gather(rows["instance"])
    return fits


def _accounts(action: Instances | LeaveOut) -> dict[str, str]:
    return {name: getattr(action, name) for name in ACCOUNT}


def _silent(action: Retire) -> pl.Expr:
    """No contact for so many days before the day of the snapshot; unknown is not silent."""
    if action.silent_days is None:
        return pl.lit(True)
    return (pl.col("silent") >= action.silent_days).fill_null(False)


def _tag(usage: pl.DataFrame, name: str) -> str | None:
    """The entitlement tag that the exports give that licence, else none."""
    return usage.filter(pl.col("license") == name)["tag"].drop_nulls().first()


def _on_usage_days(usage: pl.DataFrame, fleet: Fleet, units: pl.DataFrame) -> pl.DataFrame:
    """Units by the days of `usage`: each day takes the instances' newest snapshot up to it.

    Instances and licences are exported on days of their own; one that is more than five weeks older
    says nothing of the day. No day before the units' first is looked at: it takes none of them.
    """
    units = units.filter(pl.col("units") != 0)
    first = pl.lit(units[DAY].min(), pl.Date)
    since = (pl.col(DAY) >= first) | pl.col(DAY).is_null()
    days = usage.select(*ACCOUNT, DAY).filter(since).unique()
    shown = fleet.pages.filter(fleet.shown("device_licenses")).filter(since)
    told = _newest_seen(days.drop_nulls(DAY), shown.drop_nulls(DAY))
    if days[DAY].null_count():
        undated = days.filter(pl.col(DAY).is_null()).with_columns(seen=pl.lit(None, pl.Date))
        told = pl.concat([told, undated])
    seen = units.rename({DAY: "seen"})
    return told.join(seen, on=[*ACCOUNT, "seen"], nulls_equal=True).select(*LICENCE, "units")


def _newest_seen(days: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Each account and day with the day of the newest page up to it that is near enough."""
    pages = shown.with_columns(seen=DAY).sort(DAY)
    near = {"on": DAY, "by": ACCOUNT, "tolerance": NEAR, "check_sortedness": False}
    return days.sort(DAY).join_asof(pages, **near).drop_nulls("seen")
