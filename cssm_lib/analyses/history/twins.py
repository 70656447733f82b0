"""Instances that are reserved and report as well: their units would count twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses.history.days import latest
from cssm_lib.rules import Rules

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
KEY = [*ACCOUNT, "license", "snapshot_date"]
UNDATED = dt.date(1, 1, 1)


def counted_twice(tables: Mapping[str, pl.DataFrame], rules: Rules) -> pl.DataFrame:
    """Units of instances that the nearest device page shows both as reserved and as reporting."""
    devices = tables["devices"]
    nothing = pl.DataFrame(schema={"reserved_and_reporting": pl.Int64})
    if devices.is_empty():
        return nothing
    device = [*PAGE, "udi_pid", "serial"]
    reserved = pl.col("status").str.to_lowercase().str.contains("reserved").fill_null(False)
    held = devices.filter(pl.col("serial").is_not_null() & reserved).select(device).unique()
    if held.is_empty():
        return nothing
    twins = (
        devices.join(held, on=device, how="semi", nulls_equal=True)
        .group_by(device)
        .agg(as_reserved=reserved.any(), as_reporting=(~reserved).any())
        .filter("as_reserved", "as_reporting")
    )
    units = (
        tables["device_licenses"]
        .join(twins, on=device, how="semi", nulls_equal=True)
        .group_by(*device, "license")
        .agg(pl.col("quantity").min(), records=pl.len())
        .filter(pl.col("records") > 1)
        .group_by(KEY)
        .agg(reserved_and_reporting=pl.col("quantity").sum())
    )
    if units.is_empty():
        return nothing
    pages = tables["usage"].select(PAGE).unique()
    nearest = _nearest_page(pages, devices.select(PAGE).unique(), rules)
    shown = units.rename({"snapshot_date": "device_date"})
    keys = [*ACCOUNT, "device_date"]
    found = nearest.join(shown, on=keys, nulls_equal=True)
    return found.select(*KEY, "reserved_and_reporting")


def _nearest_page(pages: pl.DataFrame, shown: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Each usage page with the newest device page on or before it; undated goes with undated."""
    day = pl.col("snapshot_date").fill_null(UNDATED).alias("day")
    found = latest(
        pages.with_columns(day),
        shown.with_columns(day).rename({"snapshot_date": "device_date", "day": "shown"}),
        by=ACCOUNT,
        on=("day", "shown"),
    )
    age = (pl.col("day") - pl.col("shown")).dt.total_days()
    return found.filter(age <= rules["positions.carry_days"])
