"""The lists of page 07: the scenario in words, its prices, what it changes, the decision log."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.sheet import Page

KINDS = {"true_forward": "True Forward", "new_term": "new term"}


def scenario_actions(page: Page) -> pl.DataFrame:
    """One row per action, in the order in which they happen."""
    rows = page.table("scenario_actions").sort("place")
    return rows.select(
        "place", pl.col("action").alias("name"), pl.col("does").str.replace_all("_", " "),
        "what", "where", "from_day", "to_day", "why", "note",
    )  # fmt: skip


def action_prices(page: Page) -> pl.DataFrame:
    """One row per action, agreement and kind of money, True Forward first."""
    rows = page.table("action_prices").sort(
        "of", "place", "agreement", descending=[True, False, False]
    )
    return rows.select(
        "place", pl.col("action").alias("name"), "agreement",
        pl.col("of").replace_strict(KINDS).alias("kind"), "money", "alone", "last",
    )  # fmt: skip


def scenario_effects(page: Page) -> pl.DataFrame:
    """One row per headline figure that changes or is known on one side only, page by page."""
    apart = pl.col("today").is_null() != pl.col("after").is_null()
    rows = page.table("scenario_effects").sort("place").filter((pl.col("change") != 0) | apart)
    return rows.select("page", pl.col("label").alias("figure"), "unit", "today", "after", "change")


def decisions(page: Page) -> pl.DataFrame:
    """One row per decision, in the order of the log."""
    rows = page.table("decisions").sort("number")
    return rows.select(
        pl.col("number").alias("place"), "decided", "by", "on", "open",
        pl.col("action").alias("about"), "true_forward", "new_term", "no_price",
    )  # fmt: skip
