"""Text frames to typed frames and rejects: a value that cannot be read is never guessed.

Whole numbers, truth values, days and instants are parsed column by column; what most values need is
tried first, and only the distinct values that are left take the slow way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from cssm_lib.schema import TABLES, Table
from cssm_lib.schema.tables import REJECTS

if TYPE_CHECKING:
    import dataframely

FAULT, FAULT_VALUE = "fault", "fault_value"
NAMES = ("license", "from_license", "to_license", "virtual_account", "smart_account")
CODES = {"usage": ("billing",), "lots": ("billing", "license_type", "status")}
VERBATIM = ("place", "parent", FAULT, FAULT_VALUE, "license_raw")
# lots and the like fall with the record that they stand in
PARENTS = {"lots": "usage", "substitutions": "usage", "device_licenses": "devices"}
INSTANT = pl.Datetime("us", "UTC")
# words of a zone that mean one offset only, in hours; CST, IST and BST mean several and are refused
ZONES = {"UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7}
ZONES |= {"CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "JST": 9}
STAMPS = (
    *("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"),
    *("%b %d %Y %H:%M:%S", "%b %d, %Y %H:%M:%S", "%b %d %H:%M:%S %Y", "%d-%b-%Y %H:%M:%S"),
    *("%b %d, %Y %I:%M:%S %p", "%b %d %Y %I:%M:%S %p", "%d %b %Y %H:%M:%S", "%d-%b-%Y %H:%M"),
)
OFFSETS = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z")
DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%b %d, %Y", "%b %d %Y", "%d-%b-%Y", "%d %b %Y", "%d %b, %Y"),
)
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
SLASHED = (
    r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4})(?:,? +(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?))?$"
)


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
    typed, rejects = {}, [REJECTS.empty()]
    order = sorted(tables, key=lambda table: table in PARENTS)
    for table in order:
        text = _plain(tables[table], TABLES[table], words)
        judged = _judged(text, TABLES[table], date_format)
        judged = _with_parents(judged, PARENTS.get(table), typed)
        typed[table] = judged.filter(pl.col("rule").is_null())
        rejects.append(_rejected(judged, table, name))
    shaped = {
        table: TABLES[table].shaped(typed[table].with_columns(pl.lit(name).alias("source")))
        for table in tables
    }
    return Cleaned(shaped, pl.concat(rejects))


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
        series if series.name in VERBATIM else _worded(series, words, table.name) for series in text
    )


def _worded(series: pl.Series, words: list[str], table: str) -> pl.Series:
    if series.dtype != pl.String:
        series = series.cast(pl.String)
    if series.null_count() == series.len():
        return series
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


def _judged(text: pl.DataFrame, table: Table, date_format: str | None) -> pl.DataFrame:
    """The typed frame with `rule` and `value`: why the record is not used, or null."""
    typed, doubts = {}, [(pl.col(FAULT), pl.col(FAULT_VALUE))]
    for column in table.columns:
        if column.dtype == pl.String or column.name.endswith("_instant"):
            continue
        read = _read(text[column.name], column.dtype, date_format)
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
    judged: pl.DataFrame, parent: str | None, typed: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Records whose own record was rejected fall with it; those without a parent stand alone."""
    if parent not in typed:
        return judged
    stands = pl.col("parent").is_null() | pl.col("parent").is_in(typed[parent]["place"].implode())
    record = {"usage": "licence row", "devices": "product instance"}[parent]
    falls = pl.when(~stands)
    return judged.with_columns(
        pl.coalesce("rule", falls.then(pl.lit(f"its {record} was rejected"))),
        pl.coalesce("value", falls.then("parent")),
    )


def _rejected(judged: pl.DataFrame, table: str, name: str) -> pl.DataFrame:
    bad = judged.filter(pl.col("rule").is_not_null())
    return REJECTS.shaped(
        bad.with_columns(pl.lit(name).alias("source"), pl.lit(table).alias("table"))
    )


def _read(text: pl.Series, dtype: pl.DataType, date_format: str | None) -> pl.DataFrame:
    """One row a text: `value`, `stamped` (a time stands there), `doubt` (why it cannot be read)."""
    if dtype == pl.Int64:
        return _completed(text, _quick_numbers(text), whole_numbers)
    if dtype == pl.Boolean:
        return _completed(text, _quick_truths(text), truths)
    return _completed(text, _quick_instants(text, date_format), instants)


def _completed(
    text: pl.Series, quick: pl.DataFrame, slow: Callable[[pl.Series], pl.DataFrame]
) -> pl.DataFrame:
    """What the quick way left unread, read the slow way, each distinct text once."""
    left = text.filter(text.is_not_null() & quick["value"].is_null()).unique(maintain_order=True)
    quick = quick.with_columns(pl.lit(None, pl.String).alias("doubt"))
    if left.is_empty():
        return quick
    found = slow(left.alias("text"))
    both = quick.with_columns(text.alias("text")).join(
        found, on="text", how="left", suffix="_slow", maintain_order="left"
    )
    return both.select(
        pl.coalesce("value", "value_slow"),
        pl.col("stamped") | pl.col("stamped_slow").fill_null(False),
        pl.col("doubt_slow").alias("doubt"),
    )


def _quick_numbers(text: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"value": text.cast(pl.Int64, strict=False)}).with_columns(_UNSTAMPED)


def _quick_truths(text: pl.Series) -> pl.DataFrame:
    value = pl.when(text == "true").then(True).when(text == "false").then(False)
    return text.to_frame().select(value.alias("value"), _UNSTAMPED)


def _quick_instants(text: pl.Series, date_format: str | None) -> pl.DataFrame:
    """What the client says of the file's dates, then the two shapes of the API."""
    stamp, day = (
        text.str.to_datetime(shape, time_unit="us", time_zone="UTC", strict=False)
        for shape in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d")
    )
    frame = pl.DataFrame({"value": stamp.fill_null(day), "stamped": stamp.is_not_null()})
    if date_format is None:
        return frame
    told = _parsed(pl.lit(text), date_format)
    timed = any(part in date_format for part in ("%H", "%I", "%T", "%R", "%s"))
    return frame.with_columns(
        pl.coalesce(told, "value").alias("value"),
        (pl.col("stamped") | (told.is_not_null() & timed)).alias("stamped"),
    )


_UNSTAMPED = pl.lit(False).alias("stamped")


def whole_numbers(texts: pl.Series) -> pl.DataFrame:
    """One row a text: its whole number, or why it is none. Signs, brackets and groups are read.

    A comma, blank or apostrophe groups thousands. `1.000` is read only where another text of the
    column proves that the point groups (`1.234`) or divides (`2.50`).

    >>> whole_numbers(pl.Series(["1,000", "(5)", "7-", "1.5"]))["value"].to_list()
    [1000, -5, -7, None]
    """
    frame = texts.alias("text").to_frame().select("text", _negative(), _digits())
    frame = frame.with_columns(_points(frame["body"]))
    groups, divides = _point_proofs(frame["body"])
    unclear = pl.col("body").str.contains(f"^{GROUP}\\.000$") & pl.lit(groups == divides)
    plain = _without_groups(pl.col("body"), points=groups and not divides)
    magnitude = plain.str.extract(r"^([0-9]+)(?:[.]0*)?$")
    sign = pl.when("negative").then(pl.lit("-")).otherwise(pl.lit(""))
    value = pl.when(~unclear).then((sign + magnitude).cast(pl.Int64, strict=False))
    reason = (
        pl.when(unclear)
        .then(pl.lit("the point may group thousands or divide"))
        .when(magnitude.is_not_null() & value.is_null())
        .then(pl.lit("too large"))
        .when(value.is_null())
        .then(pl.lit("not a whole number"))
    )
    return frame.select("text", value.alias("value"), _UNSTAMPED, reason.alias("doubt"))


GROUP = "[1-9][0-9]{0,2}"


def _digits() -> pl.Expr:
    """The number without sign, brackets and blanks at its edges."""
    plain = pl.col("text").str.normalize("NFKC").str.replace_all("[−–]", "-")
    bare = plain.str.replace_all("[’`]", "'").str.strip_chars()
    inner = bare.str.replace(r"^\((.*)\)$", "$1").str.strip_chars()
    return inner.str.replace(r"^[+-] ?", "").str.replace(r" ?-$", "").alias("body")


def _negative() -> pl.Expr:
    return pl.col("text").str.strip_chars().str.contains(r"^[(−–-]|[−–-]$").alias("negative")


def _points(body: pl.Series) -> pl.Series:
    """The point as decimal mark, where a text of the column shows that it is the comma."""
    commas = body.str.contains(r"^[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})$|^0,|[.][0-9]{3},").any()
    grouped = body.str.contains(r"[0-9],[0-9]{3}[,.]").any()
    if not commas or grouped:
        return body
    return body.str.replace_many({",": ".", ".": ","})


def _point_proofs(body: pl.Series) -> tuple[bool, bool]:
    """Whether a text of the column shows that the point groups thousands, or that it divides."""
    grouped = rf"^{GROUP}(?:\.[0-9]{{3}}){{2,}}$|^{GROUP}\.(?:[0-9]{{2}}[1-9]|[0-9][1-9]0|[1-9]00)$"
    divided = r"^[0-9]+\.(?:[0-9]{0,2}|[0-9]{4,})$|^0\.|^[0-9]{4,}\.|,[0-9]{3}\."
    return bool(body.str.contains(grouped).any()), bool(body.str.contains(divided).any())


def _without_groups(body: pl.Expr, *, points: bool) -> pl.Expr:
    """Grouped thousands joined, where every group has three digits."""
    for mark in (",", "'", " ", *(["."] if points else [])):
        grouped = body.str.contains(rf"^{GROUP}(?:[{mark}][0-9]{{3}})+(?:[.]0*)?$")
        joined = body.str.replace_all(mark, "", literal=True)
        body = pl.when(grouped).then(joined).otherwise(body)
    return body


def truths(texts: pl.Series) -> pl.DataFrame:
    """One row a text: true, false, or why it is neither.

    >>> truths(pl.Series(["Yes", "0", "maybe"]))["value"].to_list()
    [True, False, None]
    """
    said = pl.col("text").str.to_lowercase()
    value = (
        pl.when(said.is_in(["true", "yes", "y", "1", "t", "on"]))
        .then(True)
        .when(said.is_in(["false", "no", "n", "0", "f", "off"]))
        .then(False)
    )
    reason = pl.when(value.is_null()).then(pl.lit("neither true nor false"))
    return (
        texts.alias("text")
        .to_frame()
        .select("text", value.alias("value"), _UNSTAMPED, reason.alias("doubt"))
    )


def instants(texts: pl.Series) -> pl.DataFrame:
    """One row a text: its UTC instant, whether a time stands there, or why it cannot be read.

    A time without a zone is taken as UTC, as Cisco writes it. 03/04/2026 is read only where another
    text of the column forces the order (31/10/2026).

    >>> instants(pl.Series(["Oct 31, 2026 UTC", "03/04/2026"]))["value"].dt.date().to_list()
    [datetime.date(2026, 10, 31), None]
    """
    frame = texts.alias("text").to_frame().with_columns(*_unzoned(pl.col("text")))
    frame = _slashed(frame)
    stamp = pl.coalesce(
        *(_parsed(pl.col("text"), shape) for shape in OFFSETS),
        *(_parsed(pl.col("iso"), shape) - pl.col("offset") for shape in STAMPS),
        _epoch(pl.col("text")),
    )
    day = pl.coalesce(_parsed(pl.col("iso"), shape) for shape in DAYS)
    frame = frame.with_columns(stamp.alias("stamp"), day.alias("day"))
    value = pl.when(~pl.col("unclear")).then(pl.coalesce("stamp", "day"))
    return frame.select(
        "text",
        value.alias("value"),
        (value.is_not_null() & pl.col("stamp").is_not_null()).alias("stamped"),
        _no_date(value).alias("doubt"),
    )


def _no_date(value: pl.Expr) -> pl.Expr:
    orders = pl.format("{}-{}-{} or {}-{}-{}", "year", "b", "a", "year", "a", "b")
    decide = ", nothing in the column decides; give date_format in [[sources]]"
    return (
        pl.when("unclear")
        .then(orders + pl.lit(decide))
        .when(value.is_null() & pl.col("text").str.contains(r"\d ?[A-Z]{2,5}$"))
        .then(pl.lit("a time zone word that is not known"))
        .when(value.is_null())
        .then(pl.lit("not a date that is read"))
    )


def _unzoned(text: pl.Expr) -> list[pl.Expr]:
    """The text without weekday and zone word (`iso`), and what the zone word means (`offset`)."""
    word = rf"\b({'|'.join(ZONES)})\b"
    hours = text.str.extract(word).replace_strict(ZONES, default=0, return_dtype=pl.Int64)
    bare = text.str.replace(word, "").str.replace(r"^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ", "")
    short = bare.str.replace(rf"\b({MONTHS})[a-z]*", "$1").str.replace_all(r"\s+", " ")
    return [short.str.strip_chars().alias("iso"), pl.duration(hours=hours.fill_null(0)).alias("offset")]


def _slashed(frame: pl.DataFrame) -> pl.DataFrame:
    """31/10/2026 as ISO text in `iso`, in the order that the column forces; else `unclear`."""
    parts = frame.select(
        pl.col("iso").str.extract(SLASHED, group).alias(name)
        for name, group in (("a", 1), ("b", 3), ("year", 4), ("time", 5))
    ).with_columns(pl.col("a", "b").str.zfill(2))
    days_first, months_first = bool((parts["a"] > "12").any()), bool((parts["b"] > "12").any())
    a, b = pl.col("a"), pl.col("b")
    day_first = (a > "12") | ((b <= "12") & pl.lit(days_first and not months_first))
    either = (a <= "12") & (b <= "12") & (a != b)
    undecided = either & pl.lit(days_first == months_first)
    month, day = pl.when(day_first).then(b).otherwise(a), pl.when(day_first).then(a).otherwise(b)
    iso = pl.format("{}-{}-{}", "year", month, day) + pl.coalesce(_clock(), pl.lit(""))
    return frame.hstack(parts).with_columns(
        pl.coalesce(pl.when(a.is_not_null()).then(iso), "iso").alias("iso"),
        undecided.fill_null(False).alias("unclear"),
    )


def _clock() -> pl.Expr:
    """The time of day on 24 hours with seconds, after a blank."""
    plain = pl.col("time").str.to_uppercase().str.replace_all(" ", "")
    shapes = ("%H:%M:%S", "%H:%M", "%I:%M:%S%p", "%I:%M%p")
    times = (plain.str.to_time(shape, strict=False) for shape in shapes)
    return pl.lit(" ") + pl.coalesce(times).dt.to_string("%H:%M:%S")


def _parsed(text: pl.Expr, shape: str) -> pl.Expr:
    """The instant, null where the text has another shape or a year that is no four digits."""
    found = text.str.to_datetime(shape, time_unit="us", time_zone="UTC", strict=False)
    return pl.when(found.dt.year() >= 1900).then(found)


def _epoch(text: pl.Expr) -> pl.Expr:
    """Seconds or milliseconds since 1970."""
    number = pl.when(text.str.contains(r"^(?:\d{9,10}|\d{12,13})$")).then(
        text.cast(pl.Int64, strict=False)
    )
    scale = pl.when(text.str.len_chars() > 10).then(1_000).otherwise(1_000_000)
    return (number * scale).cast(INSTANT)
