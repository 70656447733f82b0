"""The lists of the papers: what changed and why, actions, days, statements."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.sheet import Page
from cssm_lib.schema.answers.changes import CAUSES

OPEN_STATES = ("missed", "due", "today", "ahead")


def changes(page: Page) -> pl.DataFrame:
    """One row per headline figure that changed: before, what each cause made of it, after."""
    return _by_cause(page.table("changes"))


def _by_cause(rows: pl.DataFrame) -> pl.DataFrame:
    names = [cause for cause in CAUSES if cause in rows["cause"].to_list()]
    sums = [pl.col("change").filter(pl.col("cause") == cause).sum().alias(cause) for cause in names]
    totals = rows.group_by("page", "label", "unit", maintain_order=True).agg(
        pl.col("before").first(), *sums, pl.col("after").first()
    )
    return totals.rename({"label": "figure"})


def numbers_since(page: Page) -> pl.DataFrame:
    """One row per number of the page that changed: before, what each cause made of it, after."""
    mine = page.table("changes").filter(pl.col("page") == page.number)
    return _by_cause(mine).drop("page")


def change_rows(page: Page) -> pl.DataFrame:
    """One row per part of a difference, figure by figure, the largest first."""
    rows = page.table("changes")
    order = rows.with_row_index("place").with_columns(
        first=pl.col("place").min().over("figure"), size=pl.col("change").abs()
    )
    ordered = order.sort("first", "size", "place", descending=[False, True, False])
    return ordered.select(
        pl.col("label").alias("figure"),
        *("cause", "change", "unit", "smart_account", "virtual_account", "license", "item", "why"),
    )


def actions(page: Page) -> pl.DataFrame:
    """One row per action, what is open and due first."""
    return page.table("actions").select(
        *("action", "license", "units", "check", "owner", "effort", "status", "due", "late", "note")
    )


def calendar(page: Page) -> pl.DataFrame:
    """One row per day of the agreement's calendar, oldest first, nothing hidden."""
    return _days(page.table("calendar"))


def due(page: Page) -> pl.DataFrame:
    """One row per day that was missed or is still ahead; regular exports only where missed."""
    rows = page.table("calendar").filter(pl.col("state").is_in(OPEN_STATES))
    return _days(rows.filter((pl.col("kind") != "cadence") | (pl.col("state") == "missed")))


def _days(rows: pl.DataFrame) -> pl.DataFrame:
    counted = pl.format("D{}", pl.col("day").cast(pl.String).str.replace("^(\\d)", "+$1"))
    return rows.sort("date", "agreement", "id").select(
        "date",
        counted.str.replace("-", "−", literal=True).alias("d_day"),
        *("agreement", "what", "kind", "state", "evidence", "source", "confidence"),
    )


def statements(page: Page) -> pl.DataFrame:
    """One row per statement, as it stands in `statements.md`."""
    return page.table("statements").drop("id", "smart_account", "virtual_account", "license")
