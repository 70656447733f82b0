"""The lists of page 04: pairs to search, what to remove or not, what the asset team has to do."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.sheet import Page

DEVICE = ["virtual_account", "device_hostname", "device_serial"]
RECORD = ["asset_name", "asset_serial", "asset_status", "asset_source"]
COLUMNS = {"retired with evidence": 0, "ask first": 1, "never": 2}


def pairs(page: Page) -> pl.DataFrame:
    """One row per instance or record that is not simply matched, the heaviest first."""
    rows = page.table("matches").filter(pl.col("state") != "matched")
    order = ["units", "state", "device_serial", "asset_serial"]
    return rows.sort(order, descending=[True, False, False, False], nulls_last=True).select(
        "state", *DEVICE, *RECORD, "tier", "agreed_on", "disagreed_on", "runner_up", "units", "why"
    )


def removal(page: Page) -> pl.DataFrame:
    """One row per instance on the removal list: what has evidence, what to ask, what never."""
    rows = page.table("matches").filter(pl.col("removal").is_not_null())
    place = pl.col("removal").replace_strict(COLUMNS, default=9)
    return rows.sort(place, "virtual_account", "device_serial", nulls_last=True).select(
        "removal",
        "state",
        *DEVICE,
        "asset_status",
        "silent_days",
        "duty",
        "units",
        "money",
        "removal_reason",
    )


def asset_team(page: Page) -> pl.DataFrame:
    """One row per thing to do in the own records, by what it calls for."""
    rows = page.table("matches").filter(pl.col("action") != "none")
    return rows.sort(
        "action", "virtual_account", "device_serial", "asset_name", nulls_last=True
    ).select("action", *DEVICE, *RECORD, "site", "asset_place")


def changes_of_stay(page: Page) -> pl.DataFrame:
    """One row per stay that began or ended between exports, the newest first."""
    rows = page.table("instance_spans")
    first = pl.col("arrival") != "there from the first export"
    rows = rows.filter(first | pl.col("left_before").is_not_null())
    return rows.sort(["first_day", "serial"], descending=[True, False], nulls_last=True).select(
        "virtual_account",
        "serial",
        "hostname",
        "state",
        "arrival",
        "appeared_after",
        "first_day",
        "last_day",
        "left_before",
        "units_first",
        "units_last",
        "licenses",
        "followed",
    )


def conflicts(page: Page) -> pl.DataFrame:
    """One row per field on which two own records of a device disagree."""
    return page.table("record_conflicts")


def builds(page: Page) -> pl.DataFrame:
    """One row per device of several members or access points, the least explained first."""
    rows = page.table("expected_counts")
    return rows.sort(["unexplained", "hostname"], descending=[True, False], nulls_last=True)


def worth(page: Page) -> pl.DataFrame:
    """One row per line, reading and column of the removal list: what a clean-up saves."""
    return page.table("cleanup")


def classes(page: Page) -> pl.DataFrame:
    """One row per state: how many, and the position to document."""
    return page.table("match_classes")
