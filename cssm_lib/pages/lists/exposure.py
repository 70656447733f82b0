"""The lists of page 05: methods, what is sent, duties, ages, moves, old products, Meraki."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.sheet import Page

INSTANCE = ["virtual_account", "hostname", "serial", "product"]
URGENT = {"overdue": 0, "watch": 1, "in time": 2}


def methods(page: Page) -> pl.DataFrame:
    """One row per method in use: how soon Cisco sees a change, and the part of estate and money."""
    rows = page.answers["methods"].filter(pl.col("instances") > 0)
    counts = ("instances", "share", "units", "money", "money_share", "currency")
    return rows.select("method", *counts, "visibility", "risk")


def ways_out(page: Page) -> pl.DataFrame:
    """One row per method of the rule pack: why it matters, what it takes to move, at what price."""
    return page.answers["methods"].select(
        "method", "risk", "reason", "to_move", "trade_off", "confidence"
    )


def sent(page: Page) -> pl.DataFrame:
    """One row per kind of data that travels: what it tells, and how to limit it."""
    records = [
        record
        for rule in page.answers.about["rules"]
        if rule["path"] == "telemetry.sent"
        for record in rule["value"]
    ]
    names = {"what": pl.String, "reads": pl.String, "limit": pl.String, "confidence": pl.String}
    rows = [{name: record[name] for name in names} for record in records]
    return pl.DataFrame(rows, schema=names).rename({"reads": "what_it_tells"})


def witnessed(page: Page) -> pl.DataFrame:
    """One row per instance whose method a file proves, with that witness."""
    rows = page.table("exposure").filter(pl.col("method") != "unknown")
    return rows.sort("method", *INSTANCE, nulls_last=True).select(
        *INSTANCE, "method", "witness", "sends_hostname", "sends_version", "money"
    )


def masking(page: Page) -> pl.DataFrame:
    """One row per Virtual Account: which names and releases travel, and what nobody says."""
    sent, release = pl.col("sends_hostname"), pl.col("sends_version")
    channel = pl.col("analytics").str.starts_with("available") | pl.col(
        "analytics"
    ).str.starts_with("in this release")
    return (
        page.table("exposure")
        .group_by("smart_account", "virtual_account")
        .agg(
            instances=pl.len(),
            names_sent=sent.sum(),
            names_kept_back=(~sent).sum(),
            releases_sent=release.sum(),
            releases_kept_back=(~release).sum(),
            releases_unknown=release.is_null().sum(),
            separate_channel=channel.sum(),
        )
        .sort("smart_account", "virtual_account", nulls_last=True)
    )


def owed(page: Page) -> pl.DataFrame:
    """One row per report that is overdue, due soon or in time, the oldest first."""
    rows = page.table("duties").filter(pl.col("state").is_in(list(URGENT)))
    urgency = pl.col("state").replace_strict(URGENT, default=9, return_dtype=pl.Int64)
    return rows.sort(urgency, "due", *INSTANCE, nulls_last=True).select(
        *INSTANCE[:3], "license_class", "last_ack", "due", "state", "basis"
    )


def reports_and_acks(page: Page) -> pl.DataFrame:
    """One row per captured device that says so: its reports, its ACKs and what waits for one."""
    rows = page.table("captures").filter(pl.col("says_reporting").fill_null(False))
    if page.answers.as_of:
        rows = rows.filter((pl.col("snapshot_date") <= page.answers.as_of).fill_null(True))
    times = ["last_report_push", "last_ack", "next_ack_deadline"]
    return rows.sort("last_ack", "hostname", "serial", nulls_last=False).select(
        *("hostname", "serial", "transport", "push_interval_days"),
        *(pl.col(name).dt.strftime("%Y-%m-%d %H:%M") for name in times),
        *("rum_acknowledged", "rum_waiting", "zone", "source"),
    )


def unsettled(page: Page) -> pl.DataFrame:
    """One row per reason why nothing is owed or nobody knows: how many duties it concerns."""
    rows = page.table("duties").filter(~pl.col("state").is_in(list(URGENT)))
    reason = pl.col("basis").str.replace_all(r"\d{4}-\d{2}-\d{2}", "…")
    return (
        rows.group_by("license_class", "state", reason)
        .agg(pl.len().alias("duties"), pl.col("due").min().alias("earliest_day"))
        .sort("duties", "license_class", "state", "basis", descending=[True, False, False, False])
    )


def report_ages(page: Page) -> pl.DataFrame:
    """One row per position that rests on a report older than thirty days, the most units first."""
    doubtful = (pl.col("old_units") > 0) | (pl.col("undated_units") > 0)
    rows = page.table("report_ages").filter(doubtful | (pl.col("unexplained_units") > 0))
    where = ["smart_account", "virtual_account", "license"]
    return rows.sort(["unconfirmed_units", *where], descending=[True, False, False, False]).select(
        *where,
        *(
            "use_at_least",
            "use_at_most",
            "unconfirmed_units",
            "old_units",
            "undated_units",
            "unexplained_units",
        ),
        *("oldest_report", "oldest_age_days"),
    )


def findings(page: Page) -> pl.DataFrame:
    """One row per finding, in the order of the moves."""
    return page.table("hygiene").select(
        *("number", "finding", "where", "units", "instances", "evidence", "move", "role", "target")
    )


def target_structure(page: Page) -> pl.DataFrame:
    """One row per Virtual Account: what becomes of it, and by which moves."""
    return page.table("account_plan")


def old_products(page: Page) -> pl.DataFrame:
    """One row per product, release and score above zero: how many instances, and the step."""
    names = ["product", "software_version", "suggested", "software_score", "hardware_score"]
    steps = ["basis", "software_step", "refresh", "uplift"]
    rows = page.table("lifecycle_ages").filter(pl.col("score") > 0)
    counted = rows.group_by(*names, "score", *steps).agg(pl.len().alias("instances"))
    order = ["score", "instances", *names]
    down = [True, True, *[False] * len(names)]
    return counted.sort(order, descending=down, nulls_last=True).select(
        "product", "instances", *names[1:], *steps
    )


def meraki_expiry(page: Page) -> pl.DataFrame:
    """One row per formula and organisation."""
    return page.answers["meraki_expiry"]


def meraki_stock(page: Page) -> pl.DataFrame:
    """One row per model, licence type or SKU, what is short first."""
    return page.answers["meraki_stock"].sort("free", "product", nulls_last=True)


def meraki_states(page: Page) -> pl.DataFrame:
    """One row per state of Meraki licences."""
    return page.answers["meraki_states"]
