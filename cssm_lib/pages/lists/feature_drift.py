"""The lists of page 03: devices by verdict, pools, causes, lines and the plan."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.sheet import Page

WHERE = ["smart_account", "virtual_account"]
QUIET = ("fits", "no evidence")
ORDER = ["above licence", "above need", "undecided", "above intention", "below intention"]
POOLED = "in a short pool"


def tiers(page: Page) -> pl.DataFrame:
    """One row per licence part of a device that does not simply fit, those of short pools last."""
    rows = page.table("feature_drift").filter(~pl.col("verdict").is_in(QUIET))
    rank = pl.col("verdict").replace_strict(ORDER, range(5), default=9, return_dtype=pl.Int64)
    rows = rows.sort(
        pl.col("verdict") == POOLED, rank, *WHERE, "hostname", "device", "part", nulls_last=True
    )
    return rows.select(
        _short_name(),
        *("virtual_account", "part", "intended_tier", "configured_tier", "needed_tier"),
        *("licensed", "verdict", "reason"),
    )


def _short_name() -> pl.Expr:
    """The host name without its domain, else the serial."""
    return pl.coalesce(pl.col("hostname").str.split(".").list.first(), "device").alias("device")


def disagreements(page: Page) -> pl.DataFrame:
    """One row per part of a device on which witnesses disagree."""
    rows = page.table("feature_drift").filter(~pl.col("agreed"))
    return rows.sort("device", "part").select(
        _short_name(),
        *("virtual_account", "part", "configured_by", "candidates"),
    )


def tier_pools(page: Page) -> pl.DataFrame:
    """One row per tier of a Smart Account that is short somewhere."""
    rows = page.table("tier_pools").filter((pl.col("short") > 0) | (pl.col("cured") > 0))
    return rows.sort("smart_account", "ladder", "rung").select(
        *("smart_account", "licenses", "tier", "demand", "supply", "short", "cured"),
        *("step_money", "money", "money_note", "currency"),
    )


def tier_accounts(page: Page) -> pl.DataFrame:
    """One row per tier of a Virtual Account that is short there."""
    rows = page.table("tier_accounts").filter(pl.col("own_short") > 0)
    return rows.sort(*WHERE, "ladder", "rung", nulls_last=True).select(
        *WHERE, "licenses", "tier", "demand", "supply", "short", "licensed"
    )


def causes(page: Page) -> pl.DataFrame:
    """One row per cause of drift, the newest first."""
    rows = page.table("drift_groups").sort("drifted_by", "cause", descending=[True, False])
    return rows.select(
        *("cause", "virtual_account", "change", "drifted_after", "drifted_by", "trip", "radius"),
        *("hostnames", "witness"),
    )


def partings(page: Page) -> pl.DataFrame:
    """One row per day on which a part of a device parted from its tiers before, newest first."""
    part = ["device", "part"]
    rows = page.table("tier_days").sort(*part, "first_day")
    before = [
        pl.col(n).shift(1).over(part).alias(f"{n}_before") for n in (*TIERS, "verdict", "last_day")
    ]
    rows = rows.with_columns(before).filter(pl.col("changed") != "first day")
    rows = rows.sort("first_day", *part, descending=[True, False, False])
    return rows.select(
        _short_name(),
        *("virtual_account", "part"),
        pl.col("last_day_before").alias("drifted_after"),
        pl.col("first_day").alias("drifted_by"),
        *("changed", *(_step(name) for name in TIERS), "licensed", _step("verdict")),
    )


TIERS = ("intended_tier", "configured_tier", "needed_tier")


def _step(name: str) -> pl.Expr:
    """The value before and after, where they differ."""
    old, new = (pl.col(n).fill_null("not known") for n in (f"{name}_before", name))
    return pl.when(old != new).then(pl.format("{} → {}", old, new)).otherwise(name).alias(name)


def evidence(page: Page) -> pl.DataFrame:
    """One row per line of a configuration that is evidence."""
    place = pl.format("{}, line {}", "source", "line").alias("source")
    rows = page.table("features").sort("device", "snapshot_date", "line")
    return rows.select("device", "feature", "part", "min_tier", "up_to", "text", place, "rule_id")


def plan(page: Page) -> pl.DataFrame:
    """One row per action, in order of money by touched device; what only asks comes last."""
    rows = page.table("tier_plan")
    return rows.sort(pl.col("action") == "ask", maintain_order=True).select(
        *("virtual_account", "part", "action"),
        pl.when(pl.col("to_tier") != pl.col("from_tier"))
        .then(pl.format("{} → {}", "from_tier", "to_tier"))
        .otherwise("from_tier")
        .alias("tier"),
        *("devices", "money", "money_per_device", "why", "condition"),
    )


def wordings(page: Page) -> pl.DataFrame:
    """One row per group of devices with an intention: the sentence for the file."""
    rows = page.table("tier_plan").filter(pl.col("wording").str.contains("the intended tier is"))
    return rows.sort(*WHERE, "part", "licenses", nulls_last=True).select("wording")


def lapses(page: Page) -> pl.DataFrame:
    """One row per add-on line, the dearest first."""
    rows = page.table("addon_lapse").sort(
        "saved",
        "demand",
        "virtual_account",
        "license",
        descending=[True, True, False, False],
        nulls_last=True,
    )
    return rows.select(
        *("virtual_account", "license", "demand", "needing", "unread", "next_end"),
        *("stays", "lost", "saved"),
    )
