"""The calendar as an iCalendar file (RFC 5545): whole days, the same bytes for the same inputs."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

import polars as pl

OCTETS = 75
ALARM = "-P7D"


def calendar_file(calendar: pl.DataFrame, *, whose: str, mark: str, as_of: str | None) -> str:
    r"""The rows of the answer `calendar` as events, those that are past included.

    A UID is made of client, agreement and entry, never of a clock, so that a later pack moves an
    event and makes no second one; the time stamp is `as_of`, else each event's own day.

    >>> row = {"id": "EA/end", "agreement": "EA", "date": dt.date(2027, 2, 1), "kind": "hard"}
    >>> row |= {"what": "Ended", "state": "ahead", "evidence": None, "source": "terms"}
    >>> text = calendar_file(pl.DataFrame([row]), whose="A; B", mark="Internal", as_of="2026-10-31")
    >>> [line for line in text.splitlines() if line.startswith("DT")]
    ['DTSTAMP:20261031T000000Z', 'DTSTART;VALUE=DATE:20270201', 'DTEND;VALUE=DATE:20270202']
    """
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//cssm//renewal calendar//EN"]
    head += ["CALSCALE:GREGORIAN", "METHOD:PUBLISH", f"X-WR-CALNAME:{_text(whose)}"]
    head += [f"X-WR-CALDESC:{_text(mark)}"]
    events = [
        line
        for row in calendar.iter_rows(named=True)
        for line in _event(row, whose=whose, mark=mark, as_of=as_of)
    ]
    lines = [*head, *events, "END:VCALENDAR"]
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(row: dict[str, Any], *, whose: str, mark: str, as_of: str | None) -> list[str]:
    day, hard = row["date"], row["kind"] == "hard"
    uid = hashlib.blake2b(f"{whose}\0{row['id']}".encode(), digest_size=12).hexdigest()
    stamp = dt.date.fromisoformat(as_of) if as_of else day
    said = [row["evidence"], f"According to: {row['source']}", mark]
    state = f" [{row['state']}]" if row["state"] else ""
    title = f"{row['agreement']}: {row['what']}{state}"
    lines = ["BEGIN:VEVENT", f"UID:{uid}@cssm.invalid", f"DTSTAMP:{stamp:%Y%m%d}T000000Z"]
    lines += [f"DTSTART;VALUE=DATE:{day:%Y%m%d}"]
    lines += [f"DTEND;VALUE=DATE:{day + dt.timedelta(days=1):%Y%m%d}"]
    lines += [f"SUMMARY:{_text(title)}"]
    lines += [f"DESCRIPTION:{_text(chr(10).join(filter(None, said)))}"]
    lines += [f"CATEGORIES:{_text(row['kind'])}", "CLASS:CONFIDENTIAL", "TRANSP:TRANSPARENT"]
    return [*lines, *(_alarm(row["what"]) if hard else []), "END:VEVENT"]


def _alarm(what: str) -> list[str]:
    return [
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(what)}",
        f"TRIGGER:{ALARM}",
        "END:VALARM",
    ]


def _text(value: str) -> str:
    r"""Text as a value: the four characters that mean something are escaped, other controls go.

    >>> print(_text("a;b,c\\d\ne\x07"))
    a\;b\,c\\d\ne
    """
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\n")):
        value = value.replace(plain, escaped)
    kept = "".join(one for one in value if one == "\n" or (one >= " " and one != "\x7f"))
    return kept.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """A line in parts of at most 75 octets, never cut inside a character; a space begins the next.

    >>> [len(part.encode()) for part in _folded("é" * 80)]
    [74, 75, 13]
    """
    part, size = "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > OCTETS:
            yield part
            part, size = " ", 1
        part, size = part + letter, size + width
    yield part
