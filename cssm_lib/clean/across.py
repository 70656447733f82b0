"""All files of a client side by side: what is used, rejected or repeated, and what is missing."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

import polars as pl

from cssm_lib.clean.exports import (
    CONFLICT,
    DAY,
    Tables,
    export_sets,
    leading_counts,
    of_file,
    per_file,
    with_exports,
    without_conflicts,
    without_repeats,
)
from cssm_lib.clean.narrow import narrowed
from cssm_lib.schema import TABLES
from cssm_lib.schema.words import counted_text

# a device's own word is not filled in from what is known of its file
DEVICE_SAYS = ("captures", "smart_account")
MADE_HERE = ("rejects", "records", "sources", "notes", "names_alike")


def _stamped(tables: Tables, sources: pl.DataFrame) -> Tables:
    """Day and Smart Account that rows lack are those of their file.

    A row of a copy never shows a later day than the copy's last synchronisation.
    """
    stamped = dict(tables)
    for name, frame in tables.items():
        own = [c for c in DAY if c in frame.columns and (name, c) != DEVICE_SAYS]
        if own and frame.height:
            said = of_file(frame, sources.select("source", *DAY, "synchronised"))
            filled = frame.with_columns(frame[c].fill_null(said[c]) for c in own)
            stamped[name] = _no_later(filled, said["synchronised"])
    return stamped


def _no_later(frame: pl.DataFrame, synchronised: pl.Series) -> pl.DataFrame:
    if synchronised.null_count() == frame.height or "snapshot_date" not in frame.columns:
        return frame
    day, last = pl.col("snapshot_date"), pl.lit(synchronised)
    return frame.with_columns(snapshot_date=pl.when(day > last).then(last).otherwise(day))


def combine(
    files: Sequence[MutableMapping[str, pl.DataFrame]],
    rejects: Sequence[pl.DataFrame],
    *,
    sources: pl.DataFrame,
    max_rejected: float,
) -> Tables:
    """All canonical tables of a client from its cleaned files.

    A record is used, rejected or repeated, and counted in `records` (one row: a table of a file).
    A file whose rejected share passes `max_rejected` is set aside whole (DESIGN §3) and
    contradicts nothing. Where two exports give one licence row of one day different figures
    neither is used: nothing tells which is right. What several exports tell alike is used once.
    Billing that an export does not give counts as PREPAID. The files' tables are taken out of
    `files`: of a large client they would not fit into memory beside what is made of them.
    """
    tables = {name: _stacked(files, name) for name in TABLES if name not in MADE_HERE}
    cleaned = pl.concat([TABLES["rejects"].empty(), *rejects])
    sources = TABLES["sources"].shaped(sources)
    tables = _stamped(tables, sources)
    tables, rejected, aside = _set_aside(tables, cleaned, max_rejected)
    tables, twins = _same_files(tables, sources)
    tables = with_exports(tables, sources, rejected)
    tables, conflicts = without_conflicts(tables)
    tables, repeated = without_repeats(tables)
    billing = pl.col("billing").fill_null("PREPAID")
    tables["usage"] = tables["usage"].with_columns(billing)
    rejected = pl.concat([rejected, conflicts])
    tables["rejects"] = rejected.sort("source", "table", "place")
    tables["records"] = _records(tables, [repeated, twins])
    sources = _with_totals(sources, tables, rejected)
    tables["sources"] = _sources(sources, tables["records"], _words(conflicts, aside))
    tables |= _with_completeness(tables)
    return {name: narrowed(tables.pop(name)) for name in list(tables)}


def _stacked(files: Sequence[MutableMapping[str, pl.DataFrame]], name: str) -> pl.DataFrame:
    frames = [file.pop(name) for file in files if name in file]
    return pl.concat([TABLES[name].empty(), *frames])


def _set_aside(
    tables: Tables, rejects: pl.DataFrame, max_rejected: float
) -> tuple[Tables, pl.DataFrame, pl.DataFrame]:
    """Files with too large a rejected share are not used at all; each of their records says so."""
    if rejects.is_empty():
        return tables, rejects, pl.DataFrame(schema={"source": pl.String, "rule": pl.String})
    counts = [per_file(frame) for frame in tables.values()]
    good = pl.concat(counts).group_by("source").agg(pl.col("rows").sum().alias("good"))
    bad, all_ = pl.col("bad"), pl.col("bad") + pl.col("good").fill_null(0)
    aside = (
        rejects.group_by("source")
        .agg(pl.len().cast(pl.Int64).alias("bad"))
        .join(good, on="source", how="left")
        .filter(bad > max_rejected * all_)
        .select(
            "source",
            rule=pl.format(
                "its file was set aside: {} of {} rejected", bad, counted_text(all_, "records")
            ),
        )
        .sort("source")
    )
    if aside.is_empty():
        return tables, rejects, aside
    moved = [
        TABLES["rejects"].shaped(
            frame.join(aside, on="source").with_columns(pl.lit(name).alias("table"))
        )
        for name, frame in tables.items()
    ]
    left = {name: frame.join(aside, on="source", how="anti") for name, frame in tables.items()}
    return left, pl.concat([rejects, *moved]), aside


def _same_files(tables: Tables, sources: pl.DataFrame) -> tuple[Tables, Tables]:
    """The same bytes for the same account and day are the same file: the later ones repeat it."""
    first = pl.struct("digest", *DAY).is_first_distinct()
    again = sources.sort("source").filter(~first).select("source")
    if again.is_empty():
        return tables, {}
    kept = {name: frame.join(again, on="source", how="anti") for name, frame in tables.items()}
    gone = {name: frame.join(again, on="source", how="semi") for name, frame in tables.items()}
    return kept, gone


def _records(tables: Tables, repeated: Sequence[Tables]) -> pl.DataFrame:
    """One row per table of a file: records = used + rejected + repeated."""
    used = {name: frame for name, frame in tables.items() if name not in MADE_HERE}
    parts = [_counted(name, frame, "used") for name, frame in used.items()]
    parts += [_counted(n, frame, "repeated") for some in repeated for n, frame in some.items()]
    lost = tables["rejects"].group_by("source", "table").agg(rejected=pl.len().cast(pl.Int64))
    kinds = ("used", "rejected", "repeated")
    sums = (
        pl.concat([*parts, lost], how="diagonal")
        .group_by("source", "table")
        .agg(pl.col(kinds).sum())
        .with_columns(records=pl.sum_horizontal(kinds))
    )
    return TABLES["records"].shaped(sums).sort("source", "table")


def _counted(name: str, frame: pl.DataFrame, what: str) -> pl.DataFrame:
    return per_file(frame).select("source", pl.lit(name).alias("table"), pl.col("rows").alias(what))


def _with_totals(sources: pl.DataFrame, tables: Tables, rejects: pl.DataFrame) -> pl.DataFrame:
    """`complete`: whether a paged export is whole; null where the export gives no total.

    As one total may stand for several queries, the distinct records of a set of pages must be a
    whole multiple of it (formats.md §3.8).
    """
    sets = export_sets(tables, sources, rejects)
    leading = leading_counts(tables, rejects)
    total, there = pl.col("total_records"), pl.col("export_records")
    whole = pl.when(total > 0).then((there > 0) & (there % total.replace(0, 1) == 0))
    return (
        sources.drop("complete", "export_records", strict=False)
        .join(sets, on="source", how="left")
        .join(leading, on="source", how="left")
        .with_columns(export_records=pl.col("there").fill_null(0).sum().over("export"))
        .with_columns(complete=whole.when(total == 0).then(there == 0))
        # a file that repeats another is as whole as that one
        .sort("source")
        .with_columns(pl.col("complete", "export_records").first().over("digest", *DAY))
        .drop("export", "there")
    )


def _words(conflicts: pl.DataFrame, aside: pl.DataFrame) -> pl.DataFrame:
    """What is to be said of a file beside its own problem: source, word."""
    clash = conflicts.group_by("source").agg(
        word=pl.format(
            "{}: {}, such as {}; none of these is used. Remove one of the files or"
            " give one its own snapshot_date or account in [[sources]].",
            pl.lit(CONFLICT),
            counted_text(pl.len(), "differing records"),
            pl.col("value").first(),
        )
    )
    told = pl.format("{}; its rejects say why.", pl.col("rule").str.replace("its file was ", ""))
    return pl.concat([aside.select("source", word=told), clash])


def _sources(sources: pl.DataFrame, records: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """The files with their sums, and a word on what was set aside or contradicted."""
    counts = ("records", "used", "rejected", "repeated")
    sums = records.group_by("source").agg(pl.col(counts).sum())
    said = words.group_by("source").agg(pl.col("word").sort().str.join(" "))
    problem = pl.concat_str("problem", "word", separator=" ", ignore_nulls=True)
    joined = (
        sources.drop(counts)
        .join(sums, on="source", how="left")
        .join(said, on="source", how="left")
        .with_columns(pl.col(counts).fill_null(0), problem=problem.replace("", None))
    )
    return TABLES["sources"].shaped(joined.sort("source"))


def _with_completeness(tables: Tables) -> Tables:
    """`complete` of usage and devices: false on a day with missing pages or unused records."""
    sources = tables["sources"]
    missing = pl.col("complete").eq_missing(pl.lit(False))
    whole = {}
    for name in ("usage", "devices"):
        lost = tables["rejects"].filter(pl.col("table") == name).select("source").unique()
        partial = sources.filter(missing).select("source")
        files = pl.concat([lost, partial]).unique()
        if files.is_empty():
            whole[name] = tables[name].with_columns(complete=pl.lit(True))
            continue
        days = sources.join(files, on="source", how="semi").select(DAY).unique()
        doubt = days.with_columns(doubt=True)
        own = pl.col("source").is_in(files["source"].implode())
        whole[name] = TABLES[name].shaped(
            tables[name]
            .join(doubt, on=DAY, how="left", nulls_equal=True, maintain_order="left")
            .with_columns(complete=~(pl.col("doubt").fill_null(False) | own))
        )
    return whole
