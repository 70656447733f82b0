"""The lists of the pages: which rows of the answers stand in a table, with causes in words."""

from __future__ import annotations

import json

import polars as pl

from cssm_lib.pages.exports import EXPORTS
from cssm_lib.pages.sheet import Page

EXAMPLES = 3
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
        _cure().alias("cure"),
    )


def _cause() -> pl.Expr:
    ended = pl.col("entitled_gap") < 0
    reserved = (pl.col("reserved") > 0) & (pl.col("in_use") <= pl.col("entitled"))
    return (
        pl.when(ended & (pl.col("quantity") >= pl.col("demand")))
        .then(pl.format("lots not valid that day: {} units", -pl.col("entitled_gap")))
        .when((pl.col("balance") >= 0) & (pl.col("lent") > 0))
        .then(pl.format("lent to other licences: {} units", "lent"))
        .when(pl.col("entitled") == 0)
        .then(pl.lit("used without any entitlement here"))
        .when(reserved)
        .then(pl.format("reservations: {} units", "reserved"))
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


def missing(page: Page) -> pl.DataFrame:
    """One row per kind of data that was not received, and what it leaves unproved."""
    rows = {
        export.name: (export.taken.replace("`", ""), export.proves)
        for table, export in EXPORTS.items()
        if _absent(page, table)
    }
    columns = {
        "missing": [name[0].upper() + name[1:] for name in rows],
        "where_to_take_it": [taken for taken, _ in rows.values()],
        "unproved_until_then": [proves for _, proves in rows.values()],
    }
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _absent(page: Page, table: str) -> bool:
    if table == "agreements":
        return not page.answers.about["agreements"]
    return page.answers[table].is_empty()


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
    ('1, 2', 'measure = as_of', '1 records')
    """
    if isinstance(value, dict) and any(isinstance(one, dict | list) for one in value.values()):
        return f"{len(value):,} records"
    if isinstance(value, dict):
        return ", ".join(f"{name} = {one}" for name, one in value.items())
    if isinstance(value, list):
        plain = all(isinstance(one, str | int | float) for one in value) and len(value) <= 8
        return ", ".join(map(str, value)) if plain else f"{len(value):,} records"
    return str(value)
