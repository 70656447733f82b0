"""What product instances explain of an account's use: the first evidence in any dispute."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
UNIT = [*ACCOUNT, "license"]
DAY = pl.col("snapshot_date")


def instance_check(
    holdings: pl.DataFrame,
    devices: pl.DataFrame,
    device_licenses: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per licence in a Virtual Account: its use against what its product instances consume.

    The newest device export on or before `as_of`, per Smart Account, against each account's
    newest usage on or before that day and at most `positions.carry_days` older (rules.md,
    "Demand"). A device export of a single account says nothing of the others; an account without
    usage is left out. A record under reservation explains use only where the file's identity says
    that use holds reservations, and never beside the same device's own report. Units are
    licences; `unexplained` is in_use less what instances explain,
    negative where instances consume more. Columns are those of `ANSWERS["instance_check"]`;
    raises nothing.

    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> usage = pl.DataFrame([{"license": "A", "quantity": 9, "in_use": 5}])
    >>> held = history.holdings({"usage": TABLES["usage"].shaped(usage)}, load_rules())
    >>> devices = TABLES["devices"].shaped(pl.DataFrame([{"serial": "S1"}]))
    >>> uses = TABLES["device_licenses"].shaped(pl.DataFrame([{"license": "A", "quantity": 3}]))
    >>> instance_check(held, devices, uses, as_of=None, rules=load_rules())["unexplained"].to_list()
    [2]
    """
    shown = _device_pages(devices, device_licenses, as_of)
    pages = _usage_pages(holdings, shown, rules)
    said = pages.join(holdings, on=PAGE, nulls_equal=True).select(
        *UNIT, "in_use", "demand_identity", usage_complete="complete"
    )
    page = [*ACCOUNT, "devices_date"]
    told = device_licenses.join(pages, left_on=PAGE, right_on=page, how="semi", nulls_equal=True)
    explained = (
        _with_reservations(told, devices)
        .group_by(UNIT)
        .agg(
            reporting=pl.col("quantity").filter(~pl.col("reserved")).sum(),
            reserved_alone=pl.col("quantity").filter("reserved", ~pl.col("reports")).sum(),
        )
    )
    rows = said.join(explained, on=UNIT, how="full", coalesce=True, nulls_equal=True)
    of_use = pl.col("demand_identity").eq_missing(pl.lit("in_use"))
    held = pl.when(of_use).then("reserved_alone").otherwise(0)
    rows = rows.with_columns(explained_by_instances=pl.col("reporting") + held).with_columns(
        pl.col("in_use", "explained_by_instances").fill_null(0)
    )
    rows = rows.join(pages, on=ACCOUNT, nulls_equal=True).with_columns(
        unexplained=pl.col("in_use") - pl.col("explained_by_instances"),
        complete=pl.col("usage_complete").fill_null(True) & pl.col("devices_complete"),
    )
    return ANSWERS["instance_check"].shaped(rows.sort(UNIT))


def _with_reservations(device_licenses: pl.DataFrame, devices: pl.DataFrame) -> pl.DataFrame:
    """The uses with `reserved`, their record's own state, and `reports`, that of its device."""
    status = pl.col("status").str.to_lowercase()
    files = device_licenses.select("source").unique()
    records = devices.join(files, on="source", how="semi").select(
        "source",
        pl.col("place").alias("record"),
        status.str.contains("reserved").fill_null(False).alias("reserved"),
    )
    record = pl.col("place").str.replace(r"/licenseUsage/\d+$", "").alias("record")
    device = [*PAGE, "udi_pid", "serial"]
    uses = device_licenses.with_columns(record).join(records, on=["source", "record"], how="left")
    reserved = pl.col("reserved").fill_null(False)
    return uses.with_columns(reserved, reports=(~reserved).any().over(device))


def _device_pages(
    devices: pl.DataFrame, device_licenses: pl.DataFrame, as_of: dt.date | None
) -> pl.DataFrame:
    """One row per Smart Account: its newest device export, and its account if it shows only one."""
    pages = pl.concat(
        [
            devices.select(*PAGE, pl.col("complete").fill_null(True)),
            device_licenses.select(*PAGE, complete=True),
        ]
    )
    dated = pages.filter(DAY <= pl.lit(as_of, pl.Date))
    undated = pages.filter(DAY.is_null()).join(
        dated, on="smart_account", how="anti", nulls_equal=True
    )
    newest = DAY.max().over("smart_account")
    shown = pl.concat([dated.filter(newest == DAY), undated])
    return shown.group_by("smart_account").agg(
        devices_date=DAY.first(),
        devices_complete=pl.col("complete").min(),
        accounts=pl.struct("virtual_account").n_unique(),
        only=pl.col("virtual_account").first(),
    )


def _usage_pages(holdings: pl.DataFrame, shown: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per account that the device export speaks of: its usage day and the device day."""
    age = (pl.col("devices_date") - DAY).dt.total_days()
    near = age.is_between(0, rules["positions.carry_days"])
    undated = pl.col("devices_date").is_null() & DAY.is_null()
    meant = (pl.col("accounts") > 1) | pl.col("virtual_account").eq_missing(pl.col("only"))
    return (
        holdings.select(PAGE)
        .unique()
        .join(shown, on="smart_account", nulls_equal=True)
        .filter(meant & (undated | near.fill_null(False)))
        .group_by(ACCOUNT)
        .agg(DAY.max(), pl.col("devices_date", "devices_complete").first())
    )
