"""What is to be asked for of an agreement: terms, counts, milestones, the vendor's own papers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from cssm_lib.analyses.received.need import Need, Received, flat, named, some
from cssm_lib.schema.words import counted


def term_needs(it: Received) -> list[Need]:
    """Needs of the agreements in `client.toml`."""
    asked = (_terms, _user_counts, _milestones)
    return flat(ask(it) for ask in asked) + flat(
        _papers(it, *agreement) for agreement in it.agreements.iter_rows()
    )


def _terms(it: Received) -> Iterator[Need]:
    if it.agreements.is_empty():
        yield Need("terms", None, "missing", "client.toml names no agreement: quantities only")
    priced = it.lines.filter(pl.any_horizontal(pl.col("price", "list_price").is_not_null()))
    for (agreement,) in it.agreements.select("agreement").iter_rows():
        lines = it.lines.filter(pl.col("agreement") == agreement)
        bare = lines.height - priced.filter(pl.col("agreement") == agreement).height
        if lines.is_empty():
            yield Need("terms", agreement, "partial", "no suite and no line")
        elif bare:
            found = f"{bare:,} of {counted(lines.height, 'lines')} without a price"
            yield Need("terms", agreement, "partial", found)


def _user_counts(it: Received) -> Iterator[Need]:
    """Metrics that a line is counted by, without a count or with an old one."""
    folded = pl.col("metric").str.strip_chars().str.to_lowercase()
    metrics = it.lines.select(folded).drop_nulls().unique().sort("metric")
    counts = it["user_counts"].with_columns(folded)
    for (metric,) in metrics.iter_rows():
        own = counts.filter(pl.col("metric") == metric)
        if own.is_empty():
            yield Need("user_counts", metric, "missing", f"no count of {metric!r}")
        elif days := it.age(own["as_at"].max()):
            found = f"the newest is of {own['as_at'].max()}, {days} days before {it.as_of}"
            yield Need("user_counts", metric, "old", found, named(own))


def _milestones(it: Received) -> Iterator[Need]:
    """Milestones that passed and that no export measures for certain."""
    metrics = it.lines.filter(pl.col("metric").is_not_null()).select("agreement", "suite", "sku")
    passed = it["true_forward"].filter(
        pl.col("reading") == "contract",
        pl.col("event_date") <= pl.lit(it.as_of, dtype=pl.Date),
        pl.col("measured").is_null() | ~pl.col("complete") | (pl.col("outcome") == "undecided"),
    )
    unsure = passed.join(metrics, on=["agreement", "suite", "sku"], how="anti")
    for (agreement,), rows in unsure.group_by("agreement", maintain_order=True):
        days = rows["event_date"].unique().sort()
        found = f"no whole licence export in the 35 days up to {some(days)}"
        yield Need("history", agreement, "missing", found)


def _papers(it: Received, agreement: str, start: dt.date, end: dt.date) -> Iterator[Need]:
    """What the vendor knows of an agreement that runs at as_of, and we do not."""
    if it.as_of is None or not start <= it.as_of <= end:
        return
    counted_by_cisco = it["ea_consumption"]["snapshot_date"]
    if counted_by_cisco.is_empty():
        yield Need("ea_report", agreement, "missing", "Cisco's own count is not there")
    elif days := it.age(counted_by_cisco.max()):
        found = f"Cisco's own count is of {counted_by_cisco.max()}, {days} days before {it.as_of}"
        yield Need("ea_report", agreement, "old", found, named(it["ea_consumption"]))
    passed = it["true_forward"].filter(
        pl.col("agreement") == agreement, pl.col("event_date") <= it.as_of
    )["event_date"]
    if passed.len() and it["true_forward_report"].is_empty():
        days = passed.unique().sort()
        yield Need("true_forward_report", agreement, "missing", f"passed: {some(days)}")
    left = (end - it.as_of).days
    if it["quote"].is_empty() and left <= it.rules["requests.quote_days"]:
        found = f"it ends on {end}, in {counted(left, 'days')}, and no quote is there"
        yield Need("quote", agreement, "missing", found)
