"""The lists of page 01: which rows of the answers stand in a table, with causes in words."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.sheet import Page
from cssm_lib.schema.words import counted_text

WHERE = ["smart_account", "virtual_account", "license"]
BALANCE = pl.col("balance_after_substitution")


def short(page: Page) -> pl.DataFrame:
    """One row per short position, the shortest first: by how much, why, and what cures it."""
    pools = page.answers["pooled"].select(
        "smart_account", "license", "short_units", "curable_units", "true_gap"
    )
    rows = page.table("positions").filter(BALANCE < 0)
    rows = rows.join(pools, on=["smart_account", "license"], how="left", nulls_equal=True)
    return rows.sort("balance_after_substitution", *WHERE).select(
        *WHERE,
        "entitled",
        "demand",
        "balance_after_substitution",
        _cause().alias("cause"),
        *([_cure().alias("cure")] if page.internal else []),
    )


def _cause() -> pl.Expr:
    ended = pl.col("entitled_gap") < 0
    reserved = (pl.col("reserved") > 0) & (pl.col("in_use") <= pl.col("entitled"))
    return (
        pl.when(ended & (pl.col("quantity") >= pl.col("demand")))
        .then(
            pl.format("lots not valid that day: {}", counted_text(-pl.col("entitled_gap"), "units"))
        )
        .when((pl.col("balance") >= 0) & (pl.col("lent") > 0))
        .then(pl.format("lent to other licences: {}", counted_text(pl.col("lent"), "units")))
        .when(pl.col("entitled") == 0)
        .then(pl.lit("used without any entitlement here"))
        .when(reserved)
        .then(pl.format("reservations: {}", counted_text(pl.col("reserved"), "units")))
        .otherwise(pl.lit("more in use than entitled"))
    )


def _cure() -> pl.Expr:
    cured, whole = pl.col("curable_units").fill_null(0), pl.col("short_units").fill_null(0)
    return (
        pl.when((cured > 0) & (cured >= whole))
        .then(pl.lit("transfer inside the Smart Account"))
        .when(cured > 0)
        .then(pl.format("transfer in part; {} remain in the pool", "true_gap"))
        .otherwise(pl.lit("none inside the Smart Account"))
    )


def unused(page: Page) -> pl.DataFrame:
    """One row per position that holds stock without demand, the longest first."""
    rows = page.table("positions").filter(pl.col("zero_note").is_not_null())
    return rows.sort("zero_since", "entitled", *WHERE, nulls_last=True).select(
        *WHERE, "entitled", "zero_since", "zero_note", "shelf_units"
    )


def stranded(page: Page) -> pl.DataFrame:
    """One row per position with stranded units, the largest first."""
    rows = page.table("positions").filter(pl.col("stranded_units") > 0)
    order = rows.sort(["stranded_units", *WHERE], descending=[True, False, False, False])
    return order.select(*WHERE, "stranded_units", "entitled", "zero_since", "peak_in_use")


def ending(page: Page) -> pl.DataFrame:
    """One row per licence, account and last day, the next first."""
    rows = page.table("expiries")
    return rows.sort("end_date", *WHERE).select(
        "end_date", "days_left", *WHERE, "quantity", "balance_after"
    )


def unexplained(page: Page) -> pl.DataFrame:
    """One row per position whose use and instances differ, the largest difference first."""
    rows = page.table("instance_check").filter(pl.col("unexplained") != 0)
    return rows.sort(pl.col("unexplained").abs(), descending=True, maintain_order=True)


def moves(page: Page) -> pl.DataFrame:
    """One row per proposed move, the largest first."""
    rows = page.table("transfers")
    return rows.sort(["quantity", "license"], descending=[True, False])


def contract_lines(page: Page) -> pl.DataFrame:
    """One row per line and event under the contract's own reading."""
    rows = page.table("true_forward").filter(pl.col("reading") == "contract")
    return rows.sort("event_date", "agreement", "suite", "sku").select(
        "event_date",
        "suite",
        "sku",
        pl.col("measure").str.replace_all("_", " "),
        "measured_on",
        "measured",
        "base",
        "over",
        "months",
        "charge",
        "credit",
        "net",
        "outcome",
        "currency",
    )
