"""What is to be asked for because of how a file came: not whole, without a day, not readable."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from cssm_lib.analyses.received.need import Need, Received, flat, named, some
from cssm_lib.schema.words import counted

# what a file is recognised as → the request that would bring it again; of families, their beginning
REQUEST_OF = {
    "licenses": "licences",
    "walk": "licences",
    "summary": "tags",
    "subscriptions": "lots",
    "devices": "instances",
    "assets": "inventory",
    "user_counts": "user_counts",
    "event_log": "event_log",
    "ea_consumption": "ea_report",
    "true_forward_report": "true_forward_report",
    "quote": "quote",
    "lifecycle": "lifecycle",
    "eox": "lifecycle",
    "software_suggestions": "lifecycle",
    "capture": "captures",
    "rum": "rum",
}
FAMILIES = {"catalyst_center": "catalyst_center", "meraki": "meraki"}
# records of these stand for the day of their export
DATED = ("licences", "tags", "lots", "instances", "inventory", "ea_report", "catalyst_center")


def file_needs(it: Received) -> list[Need]:
    """Needs seen on the files: partial, undated, truncated, unread."""
    files = _requested(it["sources"])
    return flat([_unknown(it["sources"]), _partial(files), _undated(files), _capped(files, it)]) + [
        *_rejected(files, it["rejects"])
    ]


def _requested(sources: pl.DataFrame) -> pl.DataFrame:
    """One row a file and request that would bring it again."""
    kinds = sources.filter(pl.col("kind").is_not_null()).with_columns(
        pl.col("kind").str.split(" + ")
    )
    told = kinds.explode("kind").with_columns(_request().alias("request"))
    return told.filter(pl.col("request").is_not_null()).unique(
        ["source", "request"], keep="first", maintain_order=True
    )


def _request() -> pl.Expr:
    kind = pl.col("kind")
    request = kind.replace_strict(REQUEST_OF, default=None, return_dtype=pl.String)
    families = (
        pl.when(kind.str.starts_with(start)).then(pl.lit(name)) for start, name in FAMILIES.items()
    )
    return pl.coalesce(request, *families)


def _by_account(files: pl.DataFrame) -> Iterator[tuple[str, str | None, pl.DataFrame]]:
    groups = files.sort("source").group_by("request", "smart_account", maintain_order=True)
    for (request, account), group in groups:
        yield request, account, group


def _unknown(sources: pl.DataFrame) -> Iterator[Need]:
    unknown = sources.filter(pl.col("kind").is_null())
    if unknown.height:
        found = f"{counted(unknown.height, 'files')} not recognised"
        yield Need("unread", None, "unread", found, named(unknown))


def _partial(files: pl.DataFrame) -> Iterator[Need]:
    """Exports that hold fewer records than they say."""
    for request, account, group in _by_account(files.filter(~pl.col("complete"))):
        days = group.sort("snapshot_date", descending=True).unique(
            "snapshot_date", keep="first", maintain_order=True
        )
        said = pl.format(
            "{} of {} records on {}",
            "export_records",
            "total_records",
            pl.col("snapshot_date").cast(pl.String).fill_null("no day"),
        )
        yield Need(request, account, "partial", some(days.select(said).to_series()), named(group))


def _undated(files: pl.DataFrame) -> Iterator[Need]:
    """Exports without any day: in the content, the name or `[[sources]]`."""
    undated = files.filter(
        pl.col("request").is_in(DATED),
        pl.col("snapshot_date").is_null() & pl.col("date_from").is_null(),
    )
    for request, account, group in _by_account(undated):
        found = f"{counted(group.height, 'files')} without a day in content or name"
        yield Need(request, account, "undated", found, named(group))


def _capped(files: pl.DataFrame, it: Received) -> Iterator[Need]:
    """Inventories of exactly as many rows as an export is cut at."""
    caps = it.rules["words.row_caps"]
    cut = files.filter(pl.col("request") == "inventory", pl.col("records").is_in(caps))
    for request, account, group in _by_account(cut):
        found = f"exactly {group['records'].max():,} records: the export may have stopped there"
        yield Need(request, account, "truncated", found, named(group))


def _rejected(files: pl.DataFrame, rejects: pl.DataFrame) -> Iterator[Need]:
    """Records that could not be used, with the commonest reason."""
    for request, account, group in _by_account(files.filter(pl.col("rejected") > 0)):
        lost = rejects.join(group, on="source", how="semi")
        rule = lost["rule"].value_counts().sort("count", "rule", descending=[True, False])
        share = f"{group['rejected'].sum():,} of {counted(group['records'].sum(), 'records')}"
        found = f"{share} not used, such as {rule['rule'].first()}"
        yield Need(request, account, "unread", found, named(group))
