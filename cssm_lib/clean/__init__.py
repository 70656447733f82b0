"""Text frames to typed frames and rejects: a value that cannot be read is never guessed.

Whole numbers, truth values, days and instants are parsed column by column; what most values need is
tried first, and only the distinct values that are left take the slow way (`values.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from cssm_lib.clean.narrow import narrowed
from cssm_lib.clean.values import NotPlain, read_values
from cssm_lib.schema import TABLES, Table
from cssm_lib.schema.tables import REJECTS

if TYPE_CHECKING:
    import dataframely

FAULT, FAULT_VALUE = "fault", "fault_value"
SAMPLE = 1000  # rows that tell whether a column says few things
NAMES = ("license", "from_license", "to_license", "virtual_account", "smart_account")
CODES = {"usage": ("billing",), "lots": ("billing", "license_type", "status")}
VERBATIM = ("source", "place", "parent", FAULT, FAULT_VALUE, "license_raw")
# lots and the like fall with the record that they stand in
PARENTS = {"lots": "usage", "substitutions": "usage", "device_licenses": "devices"}


@dataclass(frozen=True)
class Cleaned:
    """Typed tables, and one row a record that was not used, with its reason."""

    tables: dict[str, pl.DataFrame]
    rejects: pl.DataFrame


def clean(
    tables: Mapping[str, pl.DataFrame],
    *,
    name: str,
    missing: Iterable[str],
    date_format: str | None = None,
    plain_only: bool = False,
) -> Cleaned:
    """One row a record of the file, typed to the contract, or one row of rejects with the reason.

    `missing` are the words that stand for no value. A present value that cannot be read, a missing
    required one, a broken rule of the contract or a rejected parent rejects the record.

    >>> usage = pl.DataFrame(
    ...     {"place": ["row 2"], "license": ["A "], "quantity": ["1,000"], "in_use": ["-"]}
    ... )
    >>> clean({"usage": usage}, name="a.csv", missing=["-"]).rejects["rule"].item()
    'in_use: missing'
    """
    words = sorted({word.strip().lower() for word in missing} | {""})
    typed, broken = {}, {}
    order = sorted(tables, key=lambda table: table in PARENTS)
    for table in order:
        text = _plain(tables[table], TABLES[table], words)
        judged = _judged(text, TABLES[table], date_format, plain_only)
        # nothing falls where every record that others stand in is whole
        if PARENTS.get(table) in broken:
            judged = _with_parents(judged, PARENTS[table], typed)
        if judged["rule"].null_count() < judged.height:
            broken[table] = _rejected(judged, table, name)
            judged = judged.filter(pl.col("rule").is_null())
        typed[table] = judged
    shaped = {
        table: narrowed(TABLES[table].shaped(typed.pop(table).with_columns(_source(name))))
        for table in tables
    }
    return Cleaned(shaped, pl.concat([REJECTS.empty(), *broken.values()]))


def clean_together(
    files: Mapping[str, Mapping[str, pl.DataFrame]], *, missing: Iterable[str]
) -> Cleaned:
    """`clean` for many small files at once, by name; the result is that of one after the other.

    What a column of one file decides (an order of day and month, a point that groups thousands)
    must not be decided by another file: where any text is not plain, each file is read alone.
    """
    stacked: dict[str, list[pl.DataFrame]] = {}
    for name, tables in files.items():
        for table, frame in tables.items():
            stacked.setdefault(table, []).append(frame.with_columns(_source(name)))
    together = {
        table: pl.concat(frames, how="diagonal_relaxed") for table, frames in stacked.items()
    }
    try:
        return clean(together, name="", missing=missing, plain_only=True)
    except NotPlain:
        alone = [clean(tables, name=name, missing=missing) for name, tables in files.items()]
    names = dict.fromkeys(table for part in alone for table in part.tables)
    return Cleaned(
        {name: pl.concat(p.tables[name] for p in alone if name in p.tables) for name in names},
        pl.concat(part.rejects for part in alone),
    )


def _source(name: str) -> pl.Expr:
    """The file's name as a column; without one, rows already say it."""
    return pl.lit(name).alias("source") if name else pl.col("source")


def _plain(text: pl.DataFrame, table: Table, words: list[str]) -> pl.DataFrame:
    """Stripped text with missing words as null, names tidied, every column there."""
    if "license_raw" in table.names and "license" in text.columns:
        text = text.with_columns(pl.col("license").alias("license_raw"))
    wanted = dict.fromkeys((*table.names, *VERBATIM))
    if not text.width:
        text = pl.DataFrame(schema={"place": pl.String})
    absent = [name for name in wanted if name not in text.columns]
    text = text.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    return text.select(
        series if series.name in VERBATIM else _worded(series, words, table) for series in text
    )


def _worded(series: pl.Series, words: list[str], table: Table) -> pl.Series:
    """The column stripped, with missing words as null; what needs none of it is not touched."""
    if series.dtype != pl.String:
        series = series.cast(pl.String)
    absent = series.null_count()
    if absent == series.len():
        return series
    if table.dtypes.get(series.name) == pl.Int64 and not _numbers(words).any():
        if series.cast(pl.Int64, strict=False).null_count() == absent:
            return series
    if series.head(SAMPLE).n_unique() > SAMPLE // 4:
        return _told(series, words, table.name)
    # few texts stand in many rows: each is looked at once
    texts = series.unique()
    told = _told(texts, words, table.name)
    changed = told.ne_missing(texts)
    if not changed.any():
        return series
    return series.replace(texts.filter(changed), told.filter(changed))


def _numbers(words: list[str]) -> pl.Series:
    """Which of the words for "missing" are numbers, as a client may say of 0 or 999."""
    return pl.Series(words, dtype=pl.String).cast(pl.Int64, strict=False).is_not_null()


def _told(series: pl.Series, words: list[str], table: str) -> pl.Series:
    series = _tidied(series) if series.name in NAMES else series.str.strip_chars()
    if series.name in CODES.get(table, ()):
        series = series.str.to_uppercase()
    longest = max(len(word.encode()) for word in words)
    short = series.filter(series.str.len_bytes() <= longest).unique()
    said = short.filter(short.str.to_lowercase().is_in(words))
    return series if said.is_empty() else series.set(series.is_in(said.implode()), None)


def _tidied(series: pl.Series) -> pl.Series:
    """NFKC, white space and control characters collapsed to one blank, case kept."""
    if not series.str.contains(r"[^!-~ ]|  |^ | $").any():
        return series
    plain = series.str.normalize("NFKC")
    return plain.str.replace_all(r"[\s\x00-\x1f\x7f\u{200b}\u{feff}]+", " ").str.strip_chars()


def _judged(
    text: pl.DataFrame, table: Table, date_format: str | None, plain_only: bool
) -> pl.DataFrame:
    """The typed frame with `rule` and `value`: why the record is not used, or null."""
    typed, doubts = {}, [(pl.col(FAULT), pl.col(FAULT_VALUE))]
    for column in table.columns:
        if column.dtype == pl.String or column.name.endswith("_instant"):
            continue
        series = text[column.name]
        read = read_values(series, column.dtype, date_format=date_format, plain_only=plain_only)
        typed |= _typed(read, column.name, column.dtype, table)
        if read["doubt"].null_count() < read.height:
            doubts.append((pl.lit(f"{column.name}: ") + read["doubt"], pl.col(column.name)))
    for column in table.columns:
        if column.required:
            absent = pl.when(pl.col(column.name).is_null())
            doubts.append((absent.then(pl.lit(f"{column.name}: missing")), pl.lit("nothing")))
    said = text.with_columns(_first_of(doubts))
    return _ruled(said.with_columns(**typed), text, table)


def _typed(read: pl.DataFrame, name: str, dtype: pl.DataType, table: Table) -> dict[str, pl.Series]:
    """The column, and its time stamp where the contract keeps it beside the day."""
    if dtype != pl.Date:
        return {name: read["value"]}
    stamp = name.removesuffix("_date") + "_instant"
    stamped = {stamp: read["value"].set(~read["stamped"], None)} if stamp in table.names else {}
    return {name: read["value"].dt.date()} | stamped


def _first_of(doubts: list[tuple[pl.Expr, pl.Expr]]) -> list[pl.Expr]:
    """The first reason of each record and what was found there."""
    rule = pl.coalesce(reason for reason, _ in doubts)
    value = pl.coalesce(
        pl.when(reason.is_not_null()).then(found.fill_null("nothing")) for reason, found in doubts
    )
    return [rule.alias("rule"), value.alias("value")]


def _ruled(typed: pl.DataFrame, text: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Records that break a rule of the contract, judged by dataframely."""
    if not table.rules or typed.is_empty():
        return typed
    typed, fine = typed.with_row_index("nth"), pl.col("rule").is_null()
    contract = _contract(table.name)
    _, failed = contract.filter(typed.filter(fine).select("nth", *_ruled_columns(table)))
    if not len(failed):
        return typed.drop("nth")
    details = failed.details()
    rules = [name for name in table.rules if name in details.columns]
    broken = pl.coalesce(
        pl.when(pl.col(name).cast(pl.String) == "invalid").then(pl.lit(name)) for name in rules
    )
    found = details.select("nth", broken.alias("broken"))
    said = typed.join(found, on="nth", how="left", maintain_order="left")
    values = text.select(_shown(table, name).alias(name) for name in rules)
    value = pl.coalesce(pl.when(said["broken"] == name).then(values[name]) for name in rules)
    return said.with_columns(pl.coalesce("rule", "broken"), pl.coalesce("value", value)).drop(
        "nth", "broken"
    )


def _shown(table: Table, rule: str) -> pl.Expr:
    """The values that a rule speaks of, as they stand in the file."""
    columns = pl.sql_expr(table.rules[rule]).meta.root_names()
    names = list(dict.fromkeys(columns))
    if len(names) == 1:
        return pl.col(names[0])
    return pl.concat_str(
        [pl.format(f"{name} {{}}", pl.col(name).fill_null("empty")) for name in names],
        separator=", ",
    )


def _ruled_columns(table: Table) -> list[str]:
    roots = (pl.sql_expr(rule).meta.root_names() for rule in table.rules.values())
    return sorted({name for names in roots for name in names})


@cache
def _contract(name: str) -> type[dataframely.Schema]:
    """The table's columns and rules as a dataframely schema, imported only when needed."""
    import dataframely as dy

    table = TABLES[name]
    types = {pl.Int64: dy.Int64, pl.Date: dy.Date, pl.Boolean: dy.Bool, pl.String: dy.String}
    members: dict[str, object] = {"nth": dy.UInt32(nullable=False)}
    for column in _ruled_columns(table):
        members[column] = types[table.dtypes[column]](nullable=True)
    for rule, condition in table.rules.items():
        members[rule] = dy.rule()(_always(pl.sql_expr(condition)))
    return type(name.title().replace("_", ""), (dy.Schema,), members)


def _always(condition: pl.Expr) -> Callable[[type], pl.Expr]:
    return lambda cls: condition


def _with_parents(
    judged: pl.DataFrame, parent: str, typed: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Records whose own record was rejected fall with it; those without a parent stand alone."""
    known = typed[parent].select(_in_file("place"))["key"]
    stands = pl.col("parent").is_null() | _in_file("parent").is_in(known.implode())
    record = {"usage": "licence row", "devices": "product instance"}[parent]
    falls = pl.when(~stands)
    return judged.with_columns(
        pl.coalesce("rule", falls.then(pl.lit(f"its {record} was rejected"))),
        pl.coalesce("value", falls.then("parent")),
    )


def _in_file(place: str) -> pl.Expr:
    """A place together with its file, where several files are cleaned together."""
    return pl.concat_str(pl.col("source").fill_null(""), place, separator="\0").alias("key")


def _rejected(judged: pl.DataFrame, table: str, name: str) -> pl.DataFrame:
    bad = judged.filter(pl.col("rule").is_not_null())
    return REJECTS.shaped(bad.with_columns(_source(name), pl.lit(table).alias("table")))
