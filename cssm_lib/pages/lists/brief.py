"""The lists of page 00: asks, quantities, the quote, scenarios, signals."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.sheet import Page

ROW = pl.coalesce("sku", "license").alias("line")


def asks(page: Page) -> pl.DataFrame:
    """One row per clause to ask for, in the order of the meeting."""
    rows = page.table("asks").sort("agreement", "place")
    return rows.select("ask", "says", "units", "money", "act_by")


def quantities(page: Page) -> pl.DataFrame:
    """One row per line, or licence without one, dearest first: from today's to the new quantity."""
    rows = page.table("renewal").sort("money", "today", descending=True, nulls_last=True)
    way = pl.col("reason").str.split(". Beside it").list.first()
    listed = rows.with_columns(reason=way).select(
        ROW, "today", "as_of", "peak", "taken_off", "clean_need", "stale", "planned", "headroom",
        "recommended", "change", "money", "reason",
    )  # fmt: skip
    return _where_any(listed, ["taken_off", "stale", "planned", "headroom"])


def reasons(page: Page) -> pl.DataFrame:
    """One row per line, or licence without one: every deduction and the whole reason."""
    rows = page.table("renewal").sort("money", "today", descending=True, nulls_last=True)
    parts = [
        "trued_forward", "unreported", "perpetual", "retired", "duplicate", "dropped", "owned_on",
        "taken_over", "short_units", "curable_units",
    ]  # fmt: skip
    listed = rows.select(ROW, "license", "entitled", *parts, "price", "per", "reason")
    return _where_any(listed, parts)


def _where_any(rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The rows without those columns in which there is nothing but zero."""
    return rows.drop(name for name in names if not (rows[name].fill_null(0) != 0).any())


def quote_lines(page: Page) -> pl.DataFrame:
    """One row per line of the quote beside the row that it renews."""
    rows = page.table("quote_match")
    return rows.select(
        "line", "quote_sku", "role", pl.coalesce("sku", "license").alias("renews"), "quantity",
        "recommended", "months", "month_price", "month_price_today", "price_change", "total",
        "note", "candidates",
    )  # fmt: skip


def quote_why(page: Page) -> pl.DataFrame:
    """One row per cause of a difference, the dearest first: where, what it adds, the answer."""
    rows = page.table("quote_causes").sort("money", "step", descending=[True, False],
                                           nulls_last=True)  # fmt: skip
    where = pl.coalesce("sku", "license", "quote_sku").alias("renews")
    return rows.select("says", where, "units", "money", "answer")


def unit_prices(page: Page) -> pl.DataFrame:
    """One row per line with a price: what a needed unit costs, and where fewer save nothing."""
    rows = page.table("scenarios").filter(pl.col("scenario") == "smaller but dearer")
    opening = page.table("scenarios").filter(pl.col("scenario") == "likely opening")
    keys = ["agreement", "suite", "sku", "smart_account", "license"]
    both = rows.join(
        opening.select(*keys, opening_units="quantity", opening_effective="effective_price"),
        on=keys, how="left", nulls_equal=True,
    )  # fmt: skip
    priced = both.filter(pl.col("break_even_price").is_not_null())
    return priced.select(
        ROW, "opening_units", "opening_effective", "quantity", "month_price", "effective_price",
        "break_even_price", "money",
    )  # fmt: skip


def signals(page: Page) -> pl.DataFrame:
    """One row per signal in order of money: where, evidence, units, money, act by."""
    evidence = pl.col("evidence").str.replace("; tables? [^;]*$", "")
    return _of_renewal(page).select(
        "place", pl.col("title").alias("signal"), "where", evidence, "units", "money", "act_by"
    )


def counter_moves(page: Page) -> pl.DataFrame:
    """One row per kind of signal, in their order: how it is read, the counter move in steps."""
    said = ["title", "vendor_reading", "counter_move"]
    first = _of_renewal(page).unique(said, keep="first", maintain_order=True)
    return first.select(pl.col("title").alias("signal"), *said[1:], "act_by")


def _of_renewal(page: Page) -> pl.DataFrame:
    """Signals of the page's agreement, and those that belong to none."""
    rows = page.table("signals").sort("place")
    if not page.renewal:
        return rows
    return rows.filter((pl.col("of_agreement") == page.renewal).fill_null(True))
