"""Bytes to text, and the dates that names and title lines carry."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections.abc import Iterator

# longest mark first: UTF-32's begins with UTF-16's
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16"),
)
# what a file that is no text says of itself in its first bytes
CONTAINERS = (
    (b"PK\x03\x04", "a ZIP or Excel file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"PAR1", "a Parquet file"),
)
MONTHS = {
    name: number
    for number, names in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august"
        "|sep sept september|oct october|nov november|dec december".split("|"),
        start=1,
    )
    for name in names.split()
}
ISO = re.compile(r"(?<!\d)(20\d\d)([-_./])(\d\d?)\2(\d\d?)(?!\d)")
PLAIN = re.compile(r"(?<!\d)(20\d\d)(\d\d)(\d\d)(?:[T_-]?\d{4}(?:\d\d)?Z?)?(?!\d)")
DAY_MONTH = re.compile(r"(?<!\d)(\d\d?)[-_. ]?([A-Za-z]{3,9})[-_., ]{0,2}(20\d\d)(?!\d)")
YEAR_MONTH = re.compile(r"(?<!\d)(20\d\d)[-_. ]([A-Za-z]{3,9})[-_. ](\d\d?)(?!\d)")
MONTH_DAY = re.compile(r"(?<![A-Za-z])([A-Za-z]{3,9})[-_. ]?(\d\d?)[-_., ]{1,2}(20\d\d)(?!\d)")


def container(data: bytes) -> str | None:
    """What the bytes are where they are no text.

    >>> container(b"%PDF-1.7")
    'a PDF'
    """
    for start, name in CONTAINERS:
        if data.startswith(start):
            return name
    return None


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text and the encoding it was decoded with: as told, by its mark, UTF-8, else cp1252.

    Raises UnicodeDecodeError or LookupError only where the encoding was told.

    >>> decode("é".encode("cp1252"))
    ('é', 'cp1252')
    """
    if encoding:
        return data.decode(encoding).removeprefix("\ufeff"), encoding
    for mark, codec, name in MARKS:
        if data.startswith(mark):
            return data.decode(codec, "replace"), name
    if data[1:2] == b"\0" and data[:1] != b"\0":
        return data.decode("utf-16-le", "replace"), "utf-16-le"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _western(data)


def _western(data: bytes) -> tuple[str, str]:
    """Five bytes have no meaning in cp1252; a file with them is read as Latin-1."""
    try:
        return data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def dates_in(text: str) -> list[dt.date]:
    """Every day that a name or a line says, in order, each once; a month alone is no day.

    ISO, 20261031, 31-Oct-2026, 2026-Oct-31 and Oct 31, 2026 are read; 03/10/2026 is never guessed.

    >>> dates_in("exports/2026-10/licences_31-Oct-2026.csv")
    [datetime.date(2026, 10, 31)]
    """
    return list(dict.fromkeys(day for day in _dates(text) if day))


def _dates(text: str) -> Iterator[dt.date | None]:
    for year, _, month, day in ISO.findall(text):
        yield _day(year, int(month), day)
    for year, month, day in PLAIN.findall(text):
        yield _day(year, int(month), day)
    for day, month, year in DAY_MONTH.findall(text):
        yield _day(year, MONTHS.get(month.lower()), day)
    for year, month, day in YEAR_MONTH.findall(text):
        yield _day(year, MONTHS.get(month.lower()), day)
    for month, day, year in MONTH_DAY.findall(text):
        yield _day(year, MONTHS.get(month.lower()), day)


def _day(year: str, month: int | None, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), month, int(day)) if month else None
    except ValueError:
        return None


def epoch_day(text: str | None) -> dt.date | None:
    """The UTC day of an epoch in seconds, milliseconds or microseconds, if it lies in 2014–2100.

    >>> epoch_day("1793404800"), epoch_day("123451234512345")
    (datetime.date(2026, 10, 31), None)
    """
    if not text or not re.fullmatch(r"\d{9,17}", text):
        return None
    for scale in (1, 1_000, 1_000_000):
        seconds = int(text) // scale
        if 1_388_534_400 <= seconds < 4_102_444_800:
            return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
    return None
