"""The lists of page 06: files, headers, rejects, gaps, requests, rules in force."""

from __future__ import annotations

import json

import polars as pl

from cssm_lib.pages.labels import said
from cssm_lib.pages.sheet import Page

EXAMPLES = 3


def files(page: Page) -> pl.DataFrame:
    """One row per file: what it is, its day, and what became of its records."""
    sources = page.answers["sources"]
    return sources.sort("complete", "source", nulls_last=True).select(
        "source",
        pl.col("kind").fill_null("not recognised"),
        "snapshot_date",
        "date_from",
        "records",
        "used",
        "rejected",
        "repeated",
        "total_records",
        "complete",
        "problem",
        "smart_account",
    )


def mappings(page: Page) -> pl.DataFrame:
    """One row per way in which headers were read, and in how many files."""
    sources = page.answers["sources"].filter(pl.col("mapping").is_not_null())
    return (
        sources.group_by("kind", "mapping")
        .agg(pl.len().alias("files"), pl.col("source").min().alias("first"))
        .sort("kind", "first")
        .select("kind", "files", "first", _words("mapping", _pairs).alias("header → column"))
    )


def unknown_headers(page: Page) -> pl.DataFrame:
    """One row per file with headers that no column takes."""
    sources = page.answers["sources"].filter(pl.col("unmapped").is_not_null())
    return sources.sort("source").select(
        "source", "kind", _words("unmapped", ", ".join).alias("headers without a column")
    )


def _pairs(mapping: dict[str, str]) -> str:
    return ", ".join(f"{header} → {column}" for header, column in mapping.items())


def _words(column: str, say: object) -> pl.Expr:
    """JSON of a source as words; there is one a file, never one a record."""
    return pl.col(column).map_elements(lambda text: say(json.loads(text)), return_dtype=pl.String)


def rejects(page: Page) -> pl.DataFrame:
    """One row per rule and table: how many records broke it, with up to three examples."""
    example = pl.concat_str(
        pl.col("source"),
        pl.lit(", "),
        pl.col("place"),
        pl.lit(": "),
        pl.col("value"),
        ignore_nulls=True,
    )
    return (
        page.answers["rejects"]
        .group_by("table", "rule")
        .agg(
            pl.len().alias("records"),
            pl.col("source").n_unique().alias("files"),
            example.sort().head(EXAMPLES).str.join(" | ").alias("examples"),
        )
        .sort("records", "table", "rule", descending=[True, False, False])
    )


def gaps(page: Page, *, gap_days: int = 45) -> pl.DataFrame:
    """One row per Smart Account: its snapshot days, the first, the last and the longest gap."""
    days = page.table("usage").select("smart_account", "snapshot_date").unique().sort(pl.all())
    wait = pl.col("snapshot_date").diff().dt.total_days()
    return (
        days.group_by("smart_account")
        .agg(
            pl.col("snapshot_date").count().alias("snapshot_days"),
            pl.col("snapshot_date").min().alias("first"),
            pl.col("snapshot_date").max().alias("last"),
            wait.max().alias("longest_gap_in_days"),
            (wait > gap_days).sum().alias(f"gaps_over_{gap_days}_days"),
        )
        .sort("smart_account", nulls_last=True)
    )


def names_alike(page: Page) -> pl.DataFrame:
    """One row per pair of licence names that may mean one licence."""
    return page.answers["names_alike"]


def requests(page: Page) -> pl.DataFrame:
    """One row per thing that the customer is asked for: for what, its state, what was found."""
    asked = page.answers["data_requests"].sort("number")
    return asked.select("number", "export", "concerns", "state", "found")


def rules(page: Page) -> pl.DataFrame:
    """One row per rule in force: value, source, how sure it is, since when, and who set it."""
    rows = [
        {
            "rule": rule["path"],
            "value": _value(rule["value"]),
            "unit": rule["unit"] or None,
            "source": rule["source"],
            "confidence": rule["confidence"],
            "as_of": str(rule["as_of"]),
            "set_by": "client.toml" if rule["overridden"] else "rule pack",
        }
        for rule in page.answers.about["rules"]
    ]
    names = ("rule", "value", "unit", "source", "confidence", "as_of", "set_by")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).sort("rule")


def _value(value: object) -> str:
    """A rule's value in words; long lists are counted, they stand in the rule pack.

    >>> _value([1, 2]), _value({"measure": "as_of"}), _value({"license": ["Licence"]})
    ('1, 2', 'measure = as_of', '1 record')
    """
    if isinstance(value, dict) and any(isinstance(one, dict | list) for one in value.values()):
        return said(len(value), "records")
    if isinstance(value, dict):
        return ", ".join(f"{name} = {one}" for name, one in value.items())
    if isinstance(value, list):
        plain = all(isinstance(one, str | int | float) for one in value) and len(value) <= 8
        return ", ".join(map(str, value)) if plain else said(len(value), "records")
    return str(value)
