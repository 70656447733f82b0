"""Which files are pages of one export, what two exports tell alike, and where they contradict.

An export is a file, or the pages of one set: files of equal kind, account, day and totalRecords
that each hold fewer records than that total.
"""

from __future__ import annotations

import polars as pl

from cssm_lib.schema import TABLES

Tables = dict[str, pl.DataFrame]

WHERE = ("source", "place")
DAY = ("smart_account", "snapshot_date")
HOLDING = ("smart_account", "virtual_account", "snapshot_date", "license")
INSTANCE = (
    *("smart_account", "virtual_account", "snapshot_date"),
    *("udi_pid", "serial", "uuid", "hostname", "status"),
)
PAGED = {"usage": "usage", "devices": "devices", "lots": "lots"}
FOLLOWS = {"lots": "usage", "substitutions": "usage", "device_licenses": "devices"}
WITNESSES = ("licenses", "summary", "csv")
CONFLICT = "two different snapshots of one day"


def with_exports(tables: Tables, sources: pl.DataFrame, rejects: pl.DataFrame) -> Tables:
    """Usage, lots and devices with `export`, the set of pages of a row, and `wide`.

    `wide`: the export shows more than one Virtual Account, so that one it lacks is not there.
    """
    sets = export_sets(tables, sources, rejects)
    named = dict(tables)
    for name in PAGED:
        frame = (
            tables[name].drop("export", "wide", strict=False).join(sets, on="source", how="left")
        )
        accounts = pl.col("virtual_account").n_unique().over("export", "snapshot_date")
        named[name] = frame.with_columns(wide=accounts > 1)
    return named | {name: TABLES[name].shaped(named[name]) for name in PAGED}


def export_sets(tables: Tables, sources: pl.DataFrame, rejects: pl.DataFrame) -> pl.DataFrame:
    """One row per file: source, export. A whole export in one file is named after the file."""
    held = leading_counts(tables, rejects)
    total = pl.col("total_records")
    page = (pl.col("there") < total).fill_null(False)
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in ("kind", *DAY)]
    of_set = pl.concat_str(*parts, total.cast(pl.String), separator="|")
    return (
        sources.join(held, on="source", how="left")
        .with_columns(export=pl.when(page).then(of_set).otherwise("source"))
        .select("source", "export")
    )


def leading_counts(tables: Tables, rejects: pl.DataFrame) -> pl.DataFrame:
    """One row per file: how many records of the kind that totalRecords counts it holds."""
    counted = [
        tables[name].select("source", pl.lit(n).alias("rank")) for n, name in enumerate(PAGED)
    ]
    rank = pl.col("table").replace_strict(
        list(PAGED), range(len(PAGED)), default=None, return_dtype=pl.Int32
    )
    lost = rejects.select("source", rank.alias("rank")).drop_nulls("rank")
    return (
        pl.concat([*counted, lost])
        .group_by("source", "rank")
        .agg(pl.len().cast(pl.Int64).alias("there"))
        .sort("rank")
        .group_by("source", maintain_order=True)
        .first()
        .select("source", "there")
    )


def parent() -> pl.Expr:
    """The place of the record that a nested record stands in: two steps up its JSON pointer."""
    return pl.col("place").str.replace(r"/[^/]+/\d+$", "").alias("parent")


def said(frame: pl.DataFrame) -> list[str]:
    """The columns that a record says itself: all but where it stands."""
    return [name for name in frame.columns if name not in (*WHERE, "export", "wide")]


def without_conflicts(tables: Tables) -> tuple[Tables, pl.DataFrame]:
    """Licence rows that two exports tell differently for one day leave, with their lots.

    Nothing says which export is right, so neither is used; the rejects name both figures.
    """
    usage = tables["usage"]
    told = (
        usage.filter(~_overlaid(usage))
        .unique([*said(usage), "export"])
        .group_by("export", *HOLDING)
        .agg(pl.col("quantity", "in_use").sum(), pl.col("source").min())
    )
    both = pl.format("{}: quantity {}, in use {}", "source", "quantity", "in_use").sort()
    tellings = pl.struct("quantity", "in_use").n_unique()
    clash = (
        told.group_by(HOLDING)
        .agg(tellings.alias("tellings"), both.str.join(" against ").alias("value"))
        .filter(pl.col("tellings") > 1)
        .drop("tellings")
    )
    gone = usage.join(clash, on=HOLDING, nulls_equal=True)
    left, rejects = {"usage": usage.join(gone, on=WHERE, how="anti")}, [as_rejects(gone, "usage")]
    place = gone.select("source", pl.col("place").alias("parent"), "value")
    for name in ("lots", "substitutions"):
        nested = tables[name].with_columns(parent())
        left[name] = nested.join(place, on=["source", "parent"], how="anti").drop("parent")
        rejects.append(as_rejects(nested.join(place, on=["source", "parent"]), name))
    return tables | left, pl.concat(rejects)


def as_rejects(frame: pl.DataFrame, table: str, rule: str = CONFLICT) -> pl.DataFrame:
    """The rows of a table as rejects under a rule."""
    named = frame.with_columns(pl.lit(table).alias("table"), pl.lit(rule).alias("rule"))
    return TABLES["rejects"].shaped(named)


def _overlaid(usage: pl.DataFrame) -> pl.Series:
    """Rows without a Virtual Account whose licence another export tells by account, that day."""
    key = [*DAY, "license"]
    told = pl.col("virtual_account").is_not_null()
    named = usage.filter(told).select(*key, pl.col("export").alias("other")).unique()
    doubled = (
        usage.filter(~told)
        .join(named, on=key, nulls_equal=True)
        .filter(pl.col("export") != pl.col("other"))
        .select(WHERE)
        .unique()
    )
    marked = usage.select(WHERE).join(
        doubled.with_columns(doubled=True), on=WHERE, how="left", maintain_order="left"
    )
    return marked["doubled"].fill_null(False)


def without_repeats(tables: Tables) -> tuple[Tables, Tables]:
    """First occurrence of each record, and the repeats; nested records go with their own record."""
    kept, repeated = dict(tables), {}
    for name in tables:
        first_of = FIRST.get(name, _first_in_files)
        if name not in FOLLOWS:
            kept[name], repeated[name] = first_of(tables[name])
    for name, leader in FOLLOWS.items():
        gone = repeated[leader].select("source", pl.col("place").alias("parent"))
        nested = tables[name].with_columns(parent())
        kept[name] = nested.join(gone, on=["source", "parent"], how="anti").drop("parent")
        repeated[name] = nested.join(gone, on=["source", "parent"], how="semi").drop("parent")
    for name in ("substitutions", "lots"):
        kept[name], again = FIRST[name](kept[name])
        repeated[name] = pl.concat([repeated[name], again])
    return kept, repeated


def _split(frame: pl.DataFrame, stays: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    if frame.is_empty():
        return frame, frame
    chosen = frame.select(stays.alias("stays")).to_series()
    return frame.filter(chosen), frame.filter(~chosen)


def _first_of_all(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return _split(frame, pl.struct(said(frame)).is_first_distinct())


def _first_in_files(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Equal records of one file or export are several; told again by another they are one."""
    teller = "export" if "export" in frame.columns else "source"
    nth = pl.int_range(pl.len()).over([teller, *said(frame)])
    return _split(frame, pl.struct(*said(frame), nth.alias("nth")).is_first_distinct())


def _first_lots(lots: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lots of licence rows went with their row; those of lists of subscriptions are told once."""
    alone = lots["witness"] == "subscriptions"
    kept, again = _first_in_files(lots.filter(alone))
    return pl.concat([lots.filter(~alone), kept]), again


def _told_once(usage: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A licence row that several exports tell alike is used from the richest of them."""
    rank = pl.col("witness").replace_strict(
        WITNESSES, range(len(WITNESSES)), default=len(WITNESSES), return_dtype=pl.Int64
    )
    if usage.is_empty():
        return usage, usage
    best = pl.col("export").sort_by(rank, "export").first().over(HOLDING)
    once = pl.struct([*said(usage), "export"]).is_first_distinct()
    return _split(usage, (pl.col("export") == best) & once & ~pl.lit(_overlaid(usage)))


def _newest_contact(devices: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """An instance that two pages or files show on one day is the one with the newest contact."""
    known = pl.col("serial").is_not_null() | pl.col("uuid").is_not_null()
    contact = pl.col("last_contact").fill_null(pl.datetime(1970, 1, 1, time_zone="UTC"))
    newest = contact.rank("ordinal", descending=True).over(INSTANCE) == 1
    alike = pl.struct(said(devices)).is_first_distinct()
    return _split(devices, pl.when(known).then(newest).otherwise(alike))


FIRST = {
    "usage": _told_once,
    "devices": _newest_contact,
    "substitutions": _first_of_all,
    "user_counts": _first_of_all,
    "lots": _first_lots,
}
