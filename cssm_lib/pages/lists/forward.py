"""The lists of page 02: readings and their sources, years, differences, growth, what is ahead."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.sheet import Page

LINE = ["agreement", "suite", "sku"]
OWN = pl.col("reading") != "contract"


def _words(name: str) -> pl.Expr:
    return pl.col(name).str.replace_all("_", " ").alias(name)


def years(page: Page) -> pl.DataFrame:
    """One row per line, and licence in it, and year between two milestones."""
    rows = page.table("line_years")
    return rows.sort(*LINE, "license", "year_end", nulls_last=False).select(
        "sku", "license", "year_end", "entitled", "milestone_value", "peak", "peak_first",
        "peak_days", pl.col("average").round(1), "days_above", "gaps", "jumps",
    )  # fmt: skip


def marked(page: Page) -> pl.DataFrame:
    """One row per known day of a line that is marked: gap, flat line, jump, partial day."""
    rows = page.table("line_history").filter(pl.col("mark").is_not_null())
    return rows.select("sku", "license", "snapshot_date", "demand", "entitled", "days_before",
                       "mark")  # fmt: skip


def log(page: Page) -> pl.DataFrame:
    """One row per event-log entry near a milestone, in the order of time."""
    return page.table("milestone_log").drop("agreement", "kind", "user", "quantity")


def ranged(page: Page) -> pl.DataFrame:
    """One row per reading: the contract first, then from the lowest to the highest."""
    told = page.answers["readings"].filter(OWN).select("reading", "confidence", "dated")
    rows = page.table("reading_range").join(
        told, on="reading", how="left", maintain_order="left"
    )  # fmt: skip
    return rows.select(
        "title", "net", "more_than_contract", "past", _why_open().alias("left_open"),
        "confidence", "dated",
    )  # fmt: skip


def _why_open() -> pl.Expr:
    unpriced = pl.format("{} lines have no price", "unpriced")
    undecided = pl.format("{} lines undecided", "undecided")
    return pl.when(pl.col("unpriced") > 0).then(unpriced).when(pl.col("undecided") > 0).then(
        undecided
    )  # fmt: skip


def said_by(page: Page) -> pl.DataFrame:
    """One row per published reading: who says so, when, and how sure that is."""
    rows = page.answers["readings"].filter(OWN)
    return rows.select("title", "source", "dated", "confidence")


def terms(page: Page) -> pl.DataFrame:
    """One row per reading, and suite of the contract, with its settings."""
    shown = page.table("readings") if not page.renewal else page.answers["readings"]
    return shown.select(
        "title", "suite", _words("measure"), "allowance", _words("charged"), _words("credit"),
        _words("price_from"), _words("early_events"), _words("ratchet"),
    )  # fmt: skip


def steps(page: Page) -> pl.DataFrame:
    """One row per setting in which a reading differs from the contract; the effects sum up."""
    return page.table("reading_steps").select(
        _words("reading"), "step", _words("setting"), _words("from_value"), _words("to_value"),
        "net_before", "net_after", "effect",
    )  # fmt: skip


def effects(page: Page) -> pl.DataFrame:
    """One row per setting and other value, the one that moves the money most first."""
    return page.table("setting_effects").select(
        "rank", _words("setting"), _words("said"), "net", "effect", "currency"
    )


def billed(page: Page) -> pl.DataFrame:
    """One row per line, event and reading; the contract first."""
    rows = page.table("true_forward").sort(OWN, "reading", "event_date", *LINE)
    return rows.select(
        _words("reading"), "event_date", "sku", "measured", "base", "over", "next_base",
        "charge", "credit", "net", "past", "outcome",
    )  # fmt: skip


def next_ones(page: Page) -> pl.DataFrame:
    """One row per line and reading at the next event; the contract first."""
    rows = page.table("next_events").sort(OWN, "reading", *LINE)
    return rows.select(
        _words("reading"), "sku", "event_date", "known_on", "use", "base", "over", "months",
        "net", "outcome",
    )  # fmt: skip


def reported_lines(page: Page) -> pl.DataFrame:
    """One row per line of the vendor's report beside ours, the largest difference first."""
    rows = page.table("dispute_lines")
    return rows.sort(
        pl.col("difference").abs(), descending=True, nulls_last=True, maintain_order=True
    ).select(
        "sku", "event_date", "their_purchased", "our_base", "their_consumed", "our_measured",
        "their_net", "our_net", "difference", "finding",
    )  # fmt: skip


def differences(page: Page) -> pl.DataFrame:
    """One row per difference with its cause and the evidence, the dearest first."""
    rows = page.table("disputes")
    return rows.sort(
        pl.col("money").abs(), descending=True, nulls_last=True, maintain_order=True
    ).select(
        "sku", "figure", "cause", "theirs", "ours", "money", "evidence", "place",
    )  # fmt: skip


def grown(page: Page) -> pl.DataFrame:
    """One row per line and year: growth and its five parts, against the committed baseline."""
    return page.table("growth_years").select(
        "sku", "from_day", "to_day", "committed", "demand_after", "total", "baseline", "project",
        "seasonal", "one_off", "error",
    )  # fmt: skip


def ahead(page: Page) -> pl.DataFrame:
    """One row per line, target and method."""
    return page.table("outlook").select(
        "sku", "target_date", "method", "value", "low", "high", "base", "crossed_on",
        "could_cross_on", "amount", "abstains",
    )  # fmt: skip


def cleaned(page: Page) -> pl.DataFrame:
    """One row per reading, event and month of clean-up; events ahead first, then the newest."""
    rows = page.table("waiting").sort(
        "state", pl.col("event_date"), OWN, "reading", "cleaned_by",
        descending=[False, True, False, False, False],
    )  # fmt: skip
    return rows.select(
        "event_date", "state", _words("reading"), "suite", "cleaned_by", "removable", "net",
        "saved", "lost_by_waiting",
    )  # fmt: skip
