"""Actions on product instances: taken off, or on another tier; their use goes with them."""

from __future__ import annotations

import numpy as np
import polars as pl

from cssm_lib.scenario.fleet import ACCOUNT, DAY, Fleet, fit, marked
from cssm_lib.scenario.model import Instances, LeaveOut, Retire, Tier
from cssm_lib.scenario.stock import LICENCE, fitting, in_span, like

PATTERNS = {"udi_pid": "pid", "hostname": "hostname", "serial": "serial"}
# the number of each row, and a frame with what each number says
Numbers = tuple[np.ndarray, pl.DataFrame]
NEAR = "35d"  # a snapshot stands for the days up to so many after it


def retired(fleet: Fleet, action: Retire) -> tuple[Fleet, pl.DataFrame]:
    """The instances without those that fit, and the units used less, all below 0.

    Reserved instances stay: their units are not freed by taking them off the list.
    """
    devices = fleet.numbers("devices", "instance")
    reserved = fleet.numbers("devices", "reserved")
    fits = _fits(fleet, "devices", action)
    if action.silent_days is not None:
        fits &= fleet.numbers("devices", "silent") >= action.silent_days
    gone = marked(devices[fits & ~reserved], fleet.instances.height)
    instance = fleet.numbers("device_licenses", "instance")
    theirs = _fits(fleet, "device_licenses", action)
    if reserved.any():
        kept = devices[reserved & fleet.left["devices"]]
        theirs &= ~marked(kept, fleet.instances.height).take(instance)
    if action.silent_days is not None:
        theirs &= gone.take(instance)
    freed = fleet.units(theirs).with_columns(-pl.col("units"))
    return fleet.without(devices=gone.take(devices), device_licenses=theirs), freed


def on_tier(fleet: Fleet, action: Tier, tag: str | None) -> tuple[Fleet, pl.DataFrame]:
    """The instances that fit on another licence, unit for unit, and the units used more and less.

    `tag` is the entitlement tag of that licence.
    """
    other = fit(fleet.kinds, like("license", action.from_license))
    fits = _fits(fleet, "device_licenses", action)
    fits &= other.take(fleet.numbers("device_licenses", "kind"))
    moved = fleet.units(fits).with_columns(-pl.col("units"))
    risen = moved.with_columns(license=pl.lit(action.to_license), units=-pl.col("units"))
    both = pl.concat([moved, risen]).group_by(LICENCE).agg(pl.col("units").sum())
    kind = {"license": action.to_license, "license_raw": action.to_license, "tag": tag}
    return fleet.on(pl.DataFrame([kind], schema=fleet.kinds.schema), fits), both


def left_over(fleet: Fleet, action: LeaveOut) -> Fleet:
    """The instances without the use that fits, between the days."""
    page, kind = (fleet.numbers("device_licenses", name) for name in ("page", "kind"))
    gone = use_left_out(action, (page, fleet.pages), (kind, fleet.kinds))
    return fleet.without(device_licenses=gone)


def use_left_out(action: LeaveOut, page: Numbers, kind: Numbers) -> np.ndarray:
    """Whether each row of use is left out: it has the number of a page and of a licence."""
    pages = fit(page[1], fitting(_accounts(action)) & in_span(action))
    if not pages.any():
        return np.zeros(len(page[0]), bool)
    return pages.take(page[0]) & fit(kind[1], fitting({"license": action.license})).take(kind[0])


def _fits(fleet: Fleet, table: str, action: Instances) -> np.ndarray:
    """Whether a row of a table lies on a day that the action changes and fits its patterns."""
    pages = fleet.when(table, action) & fit(fleet.pages, fitting(_accounts(action)))
    fits = fleet.left[table] & pages.take(fleet.numbers(table, "page"))
    names = {column: getattr(action, name) for column, name in PATTERNS.items()}
    if set(names.values()) != {"*"}:
        fits &= fit(fleet.instances, fitting(names)).take(fleet.numbers(table, "instance"))
    return fits


def _accounts(action: Instances | LeaveOut) -> dict[str, str]:
    return {name: getattr(action, name) for name in ACCOUNT}


def seen_on(days: pl.DataFrame, fleet: Fleet) -> pl.DataFrame:
    """Each account and day of usage with the day of its instances' newest snapshot, `seen`.

    Instances and licences are exported on days of their own; a snapshot that is more than five
    weeks older says nothing of the day. `days` has the accounts and days that usage shows.
    """
    pages = fleet.pages.filter(fleet.shown["device_licenses"])
    pages = pages.drop_nulls(DAY).with_columns(seen=DAY).sort(DAY)
    near = {"on": DAY, "by": ACCOUNT, "tolerance": NEAR, "check_sortedness": False}
    told = days.drop_nulls(DAY).sort(DAY).join_asof(pages, **near).drop_nulls("seen")
    undated = days.filter(pl.col(DAY).is_null()).with_columns(seen=pl.lit(None, pl.Date))
    return pl.concat([told, undated])


def on_usage_days(seen: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """Units of instances by the days of usage, as `seen_on` tells these."""
    some = units.filter(pl.col("units") != 0).rename({DAY: "seen"})
    return seen.join(some, on=[*ACCOUNT, "seen"], nulls_equal=True).select(*LICENCE, "units")
