"""Text to whole numbers, truth values and instants, column by column."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
# words of a zone that mean one offset only, in hours; CST, IST and BST mean several and are refused
ZONES = {"UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7}
ZONES |= {"CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "JST": 9}
STAMPS = (
    *("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"),
    *("%b %d %Y %H:%M:%S", "%b %d, %Y %H:%M:%S", "%b %d %H:%M:%S %Y", "%d-%b-%Y %H:%M:%S"),
    *("%b %d, %Y %I:%M:%S %p", "%b %d %Y %I:%M:%S %p", "%d %b %Y %H:%M:%S", "%d-%b-%Y %H:%M"),
    *("%Y-%b-%d %H:%M:%S", "%Y-%b-%d %H:%M"),
)
OFFSETS = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z")
DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%b %d, %Y", "%b %d %Y", "%d-%b-%Y", "%d %b %Y", "%d %b, %Y", "%Y-%b-%d"),
)
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
SLASHED = (
    r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4})(?:,? +(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?))?$"
)


class NotPlain(Exception):
    """A text of several files together that has to be read with its own file alone."""


def read_values(
    text: pl.Series,
    dtype: pl.DataType,
    *,
    date_format: str | None = None,
    plain_only: bool = False,
) -> pl.DataFrame:
    """One row a text: `value`, `stamped` (a time stands there), `doubt` (why it cannot be read).

    `plain_only` raises NotPlain where a text is not written the API's way.
    """
    if dtype == pl.Int64:
        quick, slow = _quick_numbers(text), whole_numbers
    elif dtype == pl.Boolean:
        quick, slow = _quick_truths(text), truths
    else:
        quick, slow = _quick_instants(text, date_format), instants
    return _completed(text, quick, slow, plain_only)


def _completed(
    text: pl.Series,
    quick: pl.DataFrame,
    slow: Callable[[pl.Series], pl.DataFrame],
    plain_only: bool,
) -> pl.DataFrame:
    """What the quick way left unread, read the slow way, each distinct text once."""
    left = text.filter(text.is_not_null() & quick["value"].is_null()).unique(maintain_order=True)
    if plain_only and len(left):
        raise NotPlain
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
    """What the client says of the file's dates, then the API's two shapes and a device's clock."""
    how = {"time_unit": "us", "time_zone": "UTC", "strict": False}
    stamp = text.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", **how)
    if stamp.null_count() > text.null_count():
        stamp = stamp.fill_null(text.str.to_datetime("%Y-%m-%dT%H:%M:%S", **how))
    value = stamp
    if stamp.null_count() > text.null_count():
        value = stamp.fill_null(text.str.to_datetime("%Y-%m-%d", **how))
    frame = pl.DataFrame({"value": value, "stamped": stamp.is_not_null()})
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
    return [
        short.str.strip_chars().alias("iso"),
        pl.duration(hours=hours.fill_null(0)).alias("offset"),
    ]


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
