"""What only shows with all files side by side: repeats, contradictions, missing pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from cssm_lib.schema import TABLES

Tables = dict[str, pl.DataFrame]

WHERE = ("source", "place")
FOLLOWS = {"lots": "usage", "substitutions": "usage", "device_licenses": "devices"}
HOLDING = ("smart_account", "virtual_account", "snapshot_date", "license", "billing")
SPELLED = ("smart_account", "virtual_account", "snapshot_date", "license_raw", "billing")
WITNESSES = ("licenses", "summary", "csv")
CONFLICT = "two different snapshots of one day"


def stamped(tables: Mapping[str, pl.DataFrame], given: Mapping[str, object]) -> Tables:
    """The rows of one file; day and accounts that the rows lack are those `given` for the file."""
    return {
        name: frame.with_columns(
            pl.col(column).fill_null(pl.lit(value, dtype=frame.schema[column]))
            for column, value in given.items()
            if value is not None and column in frame.columns
        )
        for name, frame in tables.items()
    }


def combine(
    files: Sequence[Mapping[str, pl.DataFrame]],
    rejects: Sequence[pl.DataFrame],
    *,
    sources: pl.DataFrame,
    max_rejected: float,
) -> Tables:
    """All canonical tables of a client from its cleaned files.

    A record is used, rejected or repeated, and counted in `records` (one row: a table of a file).
    Of identical records the first, in order of files, is used. Where two files give one licence
    row of one day different figures neither is used: nothing tells which is right. Billing that
    an export does not give counts as PREPAID. A file whose rejected share passes `max_rejected`
    is set aside whole (DESIGN §3).
    """
    tables = {name: _stacked(files, name) for name in TABLES if name not in _MADE_HERE}
    rejected = pl.concat([TABLES["rejects"].empty(), *rejects])
    tables["usage"] = tables["usage"].with_columns(pl.col("billing").fill_null("PREPAID"))
    tables, conflicts = _without_conflicts(tables)
    tables, rejected = _set_aside(tables, pl.concat([rejected, conflicts]), max_rejected)
    tables, repeated = _without_repeats(tables)
    tables["rejects"] = rejected.sort("source", "table", "place")
    tables["records"] = _records(tables, repeated)
    sources = _with_totals(TABLES["sources"].shaped(sources), tables["records"])
    tables["sources"] = _sources(sources, tables["records"], conflicts)
    return _with_completeness(tables, conflicts)


_MADE_HERE = ("rejects", "records", "sources", "notes")


def _stacked(files: Sequence[Mapping[str, pl.DataFrame]], name: str) -> pl.DataFrame:
    frames = [file[name] for file in files if name in file]
    return pl.concat([TABLES[name].empty(), *frames])


def _parent() -> pl.Expr:
    """The place of the record that a nested record stands in: two steps up its JSON pointer."""
    return pl.col("place").str.replace(r"/[^/]+/\d+$", "")


def _without_repeats(tables: Tables) -> tuple[Tables, Tables]:
    """First occurrence of each record; nested records go with the record they stand in."""
    kept, repeated = dict(tables), {}
    for name in tables:
        if name not in FOLLOWS:
            kept[name], repeated[name] = _first_of_each(tables[name])
    kept["usage"], other = _told_once(kept["usage"])
    repeated["usage"] = pl.concat([repeated["usage"], other])
    for name, leader in FOLLOWS.items():
        gone = repeated[leader].select("source", pl.col("place").alias("parent"))
        nested = tables[name].with_columns(_parent().alias("parent"))
        kept[name] = nested.join(gone, on=["source", "parent"], how="anti").drop("parent")
        repeated[name] = nested.join(gone, on=["source", "parent"], how="semi").drop("parent")
    for name, first_of in {"substitutions": _first_of_each, "lots": _first_per_file}.items():
        kept[name], again = first_of(kept[name])
        repeated[name] = pl.concat([repeated[name], again])
    return kept, repeated


def _said(frame: pl.DataFrame) -> list[str]:
    return [column for column in frame.columns if column not in WHERE]


def _split(frame: pl.DataFrame, stays: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    if frame.is_empty():
        return frame, frame
    chosen = frame.select(stays.alias("stays")).to_series()
    return frame.filter(chosen), frame.filter(~chosen)


def _first_of_each(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return _split(frame, pl.struct(_said(frame)).is_first_distinct())


def _told_once(usage: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A licence row that several files tell alike is used from the richest export only."""
    rank = pl.col("witness").replace_strict(
        WITNESSES, range(len(WITNESSES)), default=len(WITNESSES), return_dtype=pl.Int64
    )
    first_file = pl.col("source") == pl.col("source").min().over("witness", *SPELLED)
    return _split(usage, first_file & (rank == rank.min().over(HOLDING)))


def _first_per_file(lots: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Equal lots in one list of subscriptions are several; one told by two files is one."""
    alone = pl.col("witness") == "subscriptions"
    nth = pl.int_range(pl.len()).over(["source", *_said(lots)])
    return _split(lots, ~alone | pl.struct(*_said(lots), nth.alias("nth")).is_first_distinct())


def _without_conflicts(tables: Tables) -> tuple[Tables, pl.DataFrame]:
    """Licence rows that two files tell differently for one day leave, with their lots."""
    usage = tables["usage"]
    once = usage.unique([column for column in usage.columns if column != "place"])
    by_file = _clashes(once, "source", ["witness", *SPELLED])
    by_export = _clashes(once.unique(_said(once)), "witness", list(HOLDING))
    gone = pl.concat(
        [
            usage.join(by_file, on=["witness", *SPELLED], nulls_equal=True),
            usage.join(by_export, on=HOLDING, nulls_equal=True),
        ],
        how="diagonal",
    ).unique(WHERE)
    if gone.is_empty():
        return tables, TABLES["rejects"].empty()
    left = tables | {"usage": usage.join(gone, on=WHERE, how="anti")}
    rejects = [_as_rejects(gone, "usage", CONFLICT)]
    place = gone.select("source", pl.col("place").alias("parent"), "value")
    for name in ("lots", "substitutions"):
        nested = tables[name].with_columns(_parent().alias("parent"))
        left[name] = nested.join(place, on=["source", "parent"], how="anti").drop("parent")
        rejects.append(_as_rejects(nested.join(place, on=["source", "parent"]), name, CONFLICT))
    return left, pl.concat(rejects)


def _clashes(usage: pl.DataFrame, teller: str, key: list[str]) -> pl.DataFrame:
    """One row per licence row that two tellers give different figures, with both as `value`."""
    figures = [pl.col("quantity", "in_use").sum()]
    figures += [pl.col("source").min()] if teller != "source" else []
    told = usage.group_by(teller, *key).agg(figures)
    both = pl.format("{}: quantity {}, in use {}", "source", "quantity", "in_use").sort()
    return (
        told.group_by(key)
        .agg(
            pl.struct("quantity", "in_use").n_unique().alias("tellings"),
            both.str.join(" against ").alias("value"),
        )
        .filter(pl.col("tellings") > 1)
        .drop("tellings")
    )


def _as_rejects(frame: pl.DataFrame, table: str, rule: str) -> pl.DataFrame:
    return TABLES["rejects"].shaped(
        frame.with_columns(pl.lit(table).alias("table"), pl.lit(rule).alias("rule"))
    )


def _set_aside(
    tables: Tables, rejects: pl.DataFrame, max_rejected: float
) -> tuple[Tables, pl.DataFrame]:
    """Files with too large a rejected share are not used at all; each of their records says so."""
    good = (
        pl.concat([frame.group_by("source").len("good") for frame in tables.values()])
        .group_by("source")
        .agg(pl.col("good").sum().cast(pl.Int64))
    )
    bad = rejects.group_by("source").agg(pl.len().cast(pl.Int64).alias("bad"))
    aside = (
        bad.join(good, on="source", how="left")
        .with_columns(pl.col("good").fill_null(0))
        .filter(pl.col("bad") > max_rejected * (pl.col("bad") + pl.col("good")))
        .with_columns(
            pl.format(
                "its file was set aside: {} of {} records rejected",
                "bad",
                pl.col("bad") + pl.col("good"),
            ).alias("rule")
        )
        .select("source", "rule")
    )
    moved = [
        TABLES["rejects"].shaped(
            frame.join(aside, on="source").with_columns(pl.lit(name).alias("table"))
        )
        for name, frame in tables.items()
    ]
    left = {n: frame.join(aside, on="source", how="anti") for n, frame in tables.items()}
    return left, pl.concat([rejects, *moved])


def _records(tables: Tables, repeated: Tables) -> pl.DataFrame:
    """One row per table of a file: records = used + rejected + repeated."""

    def counted(frames: Mapping[str, pl.DataFrame], what: str) -> pl.DataFrame:
        parts = [
            frame.group_by("source").len(what).with_columns(pl.lit(name).alias("table"))
            for name, frame in frames.items()
        ]
        return pl.concat(parts)

    used = counted({n: t for n, t in tables.items() if n not in _MADE_HERE}, "used")
    again = counted(repeated, "repeated")
    rejected = tables["rejects"].group_by("source", "table").len("rejected")
    both = used.join(again, on=["source", "table"], how="full", coalesce=True).join(
        rejected, on=["source", "table"], how="full", coalesce=True
    )
    sums = both.with_columns(pl.col("used", "repeated", "rejected").fill_null(0))
    return (
        TABLES["records"]
        .shaped(sums.with_columns(records=pl.sum_horizontal("used", "repeated", "rejected")))
        .sort("source", "table")
    )


def _with_totals(sources: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """`complete`: whether a paged export is whole; null where the export gives no total.

    Files of equal kind, account, day and totalRecords are one set of pages; as one total may stand
    for several queries, the distinct records of a set must be a whole multiple of it (formats.md
    §3.8).
    """
    leading = (
        records.filter(pl.col("table").is_in(["usage", "devices", "lots"]))
        .sort(pl.col("table").replace({"usage": "0", "devices": "1"}))
        .group_by("source", maintain_order=True)
        .first()
        .select("source", there=pl.col("records") - pl.col("repeated"))
    )
    one_set = ["kind", "smart_account", "snapshot_date", "total_records"]
    total, there = pl.col("total_records"), pl.col("there").fill_null(0).sum().over(one_set)
    whole = pl.when(total > 0).then((there > 0) & (there % total.replace(0, 1) == 0))
    return (
        sources.drop("complete")
        .join(leading, on="source", how="left")
        .with_columns(complete=whole.when(total == 0).then(there == 0))
    )


def _sources(sources: pl.DataFrame, records: pl.DataFrame, conflicts: pl.DataFrame) -> pl.DataFrame:
    """The files with their sums, and a word on what was set aside or contradicted."""
    sums = records.group_by("source").agg(pl.col("records", "used", "rejected", "repeated").sum())
    clash = conflicts.group_by("source").agg(
        pl.format(
            "{}: {} records differ, such as {}; remove one of the files or give one its own"
            " snapshot_date or account in [[sources]].",
            pl.lit(CONFLICT),
            pl.len(),
            pl.col("value").first(),
        ).alias("clash")
    )
    joined = (
        sources.drop("records", "used", "rejected", "repeated")
        .join(sums, on="source", how="left")
        .join(clash, on="source", how="left")
        .with_columns(
            pl.col("records", "used", "rejected", "repeated").fill_null(0),
            pl.concat_str("problem", "clash", separator=" ", ignore_nulls=True)
            .replace("", None)
            .alias("problem"),
        )
    )
    return TABLES["sources"].shaped(joined.sort("source"))


def _with_completeness(tables: Tables, conflicts: pl.DataFrame) -> Tables:
    """`complete` of usage and devices: false where pages are missing or files contradict."""
    sources = tables["sources"]
    incomplete = sources.filter(pl.col("complete").eq_missing(pl.lit(False)))["source"]
    contradicted = sources.filter(pl.col("source").is_in(conflicts["source"].unique().implode()))
    days = contradicted.select("smart_account", "snapshot_date").unique()
    whole = {}
    for name in ("usage", "devices"):
        frame = tables[name].with_columns(complete=~pl.col("source").is_in(incomplete.implode()))
        clash = frame.join(
            days, on=["smart_account", "snapshot_date"], how="semi", nulls_equal=True
        )
        rest = frame.join(days, on=["smart_account", "snapshot_date"], how="anti", nulls_equal=True)
        whole[name] = pl.concat([rest, clash.with_columns(complete=pl.lit(False))])
    return tables | whole


def notes(tables: Mapping[str, pl.DataFrame], *, as_of: object, config: object) -> pl.DataFrame:
    """One row per thing a reader must know about the data: what it concerns, and one sentence."""
    sources, usage = tables["sources"], tables["usage"]
    found = [
        *_file_notes(sources, _undated(tables)),
        *_day_notes(usage, as_of),
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
        (name, f"{there} of {total} records are there: what rests on this day is incomplete.")
        for name, there, total in partial.select("source", "used", "total_records").iter_rows()
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
