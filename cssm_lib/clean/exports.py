"""Which files are pages of one export, what two exports tell alike, and where they contradict.

An export is a file, or the pages of one set: files of equal kind, account, day and totalRecords
that each hold fewer records than that total.
"""

from __future__ import annotations

import numpy as np
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
MANAGER = "manager"
CONFLICT = "two different snapshots of one day"


def with_exports(tables: Tables, sources: pl.DataFrame, rejects: pl.DataFrame) -> Tables:
    """Usage, lots and devices with `export`, the set of pages of a row, and `wide`.

    `wide`: the export shows more than one Virtual Account, so that one it lacks is not there.
    """
    sets = export_sets(tables, sources, rejects)
    named = dict(tables)
    for name in PAGED:
        frame = tables[name]
        told = of_file(frame, sets.with_columns(number=pl.col("export").rank("dense")))
        page = frame.select("virtual_account", "snapshot_date", told["number"])
        accounts = pl.col("virtual_account").n_unique().over("number", "snapshot_date")
        wide = page.select(wide=accounts > 1).to_series()
        named[name] = frame.with_columns(told["export"], wide)
    return named | {name: TABLES[name].shaped(named[name]) for name in PAGED}


def of_file(frame: pl.DataFrame, files: pl.DataFrame) -> pl.DataFrame:
    """What the files of a frame's rows say, row by row; `files` has source and other columns.

    Rows of one file follow each other: a join of the runs is many times cheaper than one of rows.
    """
    runs = frame["source"].rle().struct.unnest().rename({"value": "source"})
    known = runs.join(files, on="source", how="left", maintain_order="left").drop("len", "source")
    rows = np.repeat(np.arange(runs.height, dtype=np.uint32), runs["len"])
    return known[pl.Series(rows)] if runs.height else known.clear()


def per_file(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a file: source, and how many rows of the frame are its own."""
    runs = frame["source"].rle().struct.unnest()
    sums = runs.group_by(source="value").agg(rows=pl.col("len").sum().cast(pl.Int64))
    return sums if frame.height else pl.DataFrame(schema={"source": pl.String, "rows": pl.Int64})


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
        per_file(tables[name]).with_columns(pl.lit(n).alias("rank")) for n, name in enumerate(PAGED)
    ]
    rank = pl.col("table").replace_strict(
        list(PAGED), range(len(PAGED)), default=None, return_dtype=pl.Int32
    )
    lost = rejects.select("source", rank.alias("rank"), rows=pl.lit(1, pl.Int64)).drop_nulls("rank")
    return (
        pl.concat([*counted, lost.select("source", "rows", "rank")])
        .group_by("source", "rank")
        .agg(pl.col("rows").sum().alias("there"))
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
    """Rows without a Virtual Account whose licence another export tells by account, that day.

    What a manager shows of the account falls behind any export of the account itself.
    """
    told = pl.col("virtual_account").is_not_null()
    manager = (pl.col("witness") == MANAGER).fill_null(False)
    doubled = pl.concat(
        [_told_by(usage, ~told, told), _told_by(usage, manager, ~manager)], how="vertical"
    ).unique()
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
        if repeated[leader].is_empty():
            repeated[name] = kept[name].clear()
            continue
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


def _told_by(usage: pl.DataFrame, these: pl.Expr, others: pl.Expr) -> pl.DataFrame:
    """Where those rows stand whose licence and day the other rows tell in another export."""
    key = [*DAY, "license"]
    named = usage.filter(others).select(*key, pl.col("export").alias("other")).unique()
    doubled = usage.filter(these).join(named, on=key, nulls_equal=True)
    return doubled.filter(pl.col("export") != pl.col("other")).select(WHERE).unique()


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
    """An instance that two pages or files show on one day is the one with the newest contact.

    Equal rows have equal hashes: only rows whose hash stands twice need to be compared.
    """
    if devices.is_empty():
        return devices, devices
    twice = devices.select(pl.struct(INSTANCE).hash().is_duplicated()).to_series()
    known = pl.col("serial").is_not_null() | pl.col("uuid").is_not_null()
    contact = pl.col("last_contact").fill_null(pl.datetime(1970, 1, 1, time_zone="UTC"))
    newest = contact.rank("ordinal", descending=True).over(INSTANCE) == 1
    alike = pl.struct(said(devices)).is_first_distinct()
    stays = devices.filter(twice).select(
        pl.when(known).then(newest).otherwise(alike).alias("stays")
    )
    marked = pl.repeat(True, devices.height, dtype=pl.Boolean, eager=True)
    marked = marked.scatter(twice.arg_true(), stays["stays"])
    return devices.filter(marked), devices.filter(~marked)


FIRST = {
    "usage": _told_once,
    "devices": _newest_contact,
    "substitutions": _first_of_all,
    "user_counts": _first_of_all,
    "lots": _first_lots,
}
