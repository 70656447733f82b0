"""What a reader must know about the data, in one sentence each."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.schema import TABLES
from cssm_lib.schema.words import counted

SEE = "the rejects say why."


def notes(tables: Mapping[str, pl.DataFrame], *, as_of: object, config: object) -> pl.DataFrame:
    """One row per thing a reader must know about the data: what it concerns, and one sentence."""
    sources, usage = tables["sources"], tables["usage"]
    found = [
        *_file_notes(sources, _undated(tables)),
        *_day_notes(usage, as_of),
        *_repeat_notes(tables),
        *_account_notes(usage, config),
    ]
    return pl.DataFrame(found, schema=TABLES["notes"].dtypes, orient="row")


def _undated(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Files with records that belong to a day that nobody says."""
    nameless = pl.concat(
        tables[name].filter(pl.col("snapshot_date").is_null()).select("source")
        for name in ("usage", "lots", "devices")
    )
    return nameless["source"].unique().sort().to_list()


def _file_notes(sources: pl.DataFrame, undated: list[str]) -> list[tuple[str, str]]:
    partial = sources.filter(pl.col("complete").eq_missing(pl.lit(False)))
    unknown = sources.filter(pl.col("kind").is_null())
    said = [
        (name, f"there: {there:,} of {counted(total, 'records')}; this day is incomplete.")
        for name, there, total in partial.select(
            "source", "export_records", "total_records"
        ).iter_rows()
    ]
    lost = sources.filter(pl.col("kind").is_not_null(), pl.col("rejected") > 0)
    said += [
        (name, f"not used: {rejected:,} of {counted(records, 'records')}; {problem or SEE}")
        for name, rejected, records, problem in lost.select(
            "source", "rejected", "records", "problem"
        ).iter_rows()
    ]
    said += [
        (name, f"not used: {problem}")
        for name, problem in unknown.select("source", "problem").iter_rows()
    ]
    said += [
        (name, "no date in the file, its name or [[sources]]: quantities only, no history.")
        for name in undated
    ]
    return said


def _day_notes(usage: pl.DataFrame, as_of: object) -> list[tuple[str, str]]:
    """Snapshots after as_of, and undated rows beside dated ones of the same account."""
    days = usage.group_by("smart_account", maintain_order=True).agg(
        pl.col("snapshot_date").is_null().any().alias("undated"),
        pl.col("snapshot_date").max().alias("newest"),
        (pl.col("snapshot_date") > pl.lit(as_of, dtype=pl.Date)).any().alias("later"),
    )
    said = []
    for account, undated, newest, later in days.iter_rows():
        about = account or "Smart Account not stated"
        if undated and newest:
            said.append((about, "undated rows stand beside dated ones; positions use the dated."))
        if later:
            said.append((about, f"snapshots after {as_of} exist and are not used."))
    return said


def _repeat_notes(tables: Mapping[str, pl.DataFrame]) -> list[tuple[str, str]]:
    """Licence rows that another export of the same day tells as well."""
    twice = tables["records"].filter(pl.col("table") == "usage", pl.col("repeated") > 0)
    return [
        (name, f"told by another export of the day too: {counted(repeated, 'licence rows')}.")
        for name, repeated in twice.select("source", "repeated").iter_rows()
    ]


def _account_notes(usage: pl.DataFrame, config: object) -> list[tuple[str, str]]:
    declared = [account.name for account in config.smart_accounts]
    said = []
    if usage["smart_account"].null_count():
        said.append(("Smart Account", "some exports do not name it; give it in [[sources]]."))
    if len(declared) == 1:
        note = "files that name no Smart Account are taken as this one, the only one declared."
        said.append((declared[0], note))
    strange = usage["smart_account"].drop_nulls().unique().sort().to_list()
    if declared:
        said += [
            (name, "stands in the exports and not in client.toml [[smart_accounts]].")
            for name in strange
            if name not in declared
        ]
    if not any(line.price for a in config.agreements for s in a.suites for line in s.lines):
        said.append(("prices", "no prices given: quantities only."))
    return said
