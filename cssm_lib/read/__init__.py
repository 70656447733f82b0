"""Files to text frames: each file is recognised by its content and read as what it is.

`read_file` is the front door. It never raises for a bad file: `source.problem` is the message.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path

import polars as pl

from cssm_lib.read import archive
from cssm_lib.read.captures import looks_like_capture, read_capture
from cssm_lib.read.configurations import looks_like_configuration, read_configuration, with_days
from cssm_lib.read.cssm_json import EXPORTS, LISTS, read_json
from cssm_lib.read.delimited import read_delimited, read_plain
from cssm_lib.read.documents import first_letter
from cssm_lib.read.headers import kinds_of, proposal
from cssm_lib.read.rum import is_rum, read_rum
from cssm_lib.read.source import FAULT, FAULT_VALUE, Found, Hint, Reading, Source, message
from cssm_lib.read.text import container, dates_in, decode
from cssm_lib.read.workbook import is_workbook, read_workbook
from cssm_lib.rules import Rules

__all__ = [
    "FAULT",
    "FAULT_VALUE",
    "Hint",
    "Reading",
    "Source",
    "archive",
    "proposal",
    "read_file",
]

NO_HINT = Hint()
_ASK = "Give snapshot_date for it in [[sources]] of client.toml"


def read_file(
    path: str | Path, *, name: str, rules: Rules, hint: Hint = NO_HINT, data: bytes | None = None
) -> Reading:
    """The file's tables as text, one row a record, and what the file is.

    `name` is the path relative to the client folder, as it stands in messages and `source`. Every
    column is text as it stands in the file; `place` is a JSON pointer or `row 7`, `parent` the
    place of the licence row that a lot or substitution belongs to. `data` are the bytes where the
    caller has them already, as of a member of an archive.

    >>> from cssm_lib.rules import load_rules
    >>> read_file("gone.json", name="gone.json", rules=load_rules()).source.problem
    'gone.json: the file cannot be read; found no such file. Check the path, or export it again.'
    """
    try:
        data = Path(path).read_bytes() if data is None else data
    except OSError as error:
        return Reading(Source(name, problem=_unreadable(name, error)))
    source = Source(
        name,
        digest=hashlib.blake2b(data, digest_size=16).hexdigest(),
        bytes=len(data),
        smart_account=hint.smart_account,
        date_format=hint.date_format,
    )
    return _of_bytes(data, source, rules=rules, hint=hint)


def _unreadable(name: str, error: OSError) -> str:
    found = (error.strerror or type(error).__name__).lower()
    found = "no such file" if isinstance(error, FileNotFoundError) else found
    found = "a folder" if isinstance(error, IsADirectoryError) else found
    return message(name, "the file cannot be read", found, "Check the path, or export it again.")


def _of_bytes(data: bytes, source: Source, *, rules: Rules, hint: Hint) -> Reading:
    name = source.source
    if is_workbook(data):
        found = _told_wrong(hint, name, rules) or read_workbook(
            data, name=name, rules=rules, hint=hint
        )
        return _dated(found, source, hint)
    if archive.is_archive(data):
        return _refused(source, archive.refusal(data, name))
    if (is_a := container(data)) is not None:
        do = "Save it as CSV, or take the API's JSON."
        return _refused(source, message(name, "the file is no text", is_a, do))
    plain = read_plain(data, name=name, rules=rules, hint=hint)
    if plain and not _told_wrong(hint, name, rules):
        return _dated(plain, replace(source, encoding="utf-8"), hint)
    try:
        text, encoding = decode(data, hint.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        return _refused(source, _undecodable(name, hint.encoding, error))
    source = replace(source, encoding=encoding)
    if not first_letter(text):
        found = f"{len(data)} bytes"
        return _refused(source, message(name, "the file is empty", found, "Export it again."))
    if "\0" in text:
        do = "Save it as CSV or JSON text."
        return _refused(source, message(name, "the file is no text", "binary data", do))
    return _dated(_content(text, name=name, rules=rules, hint=hint), source, hint)


def _undecodable(name: str, encoding: str | None, error: Exception) -> str:
    wrong = f"it is not {encoding}, as [[sources]] says"
    found = "an unknown encoding"
    if isinstance(error, UnicodeDecodeError):
        found = f"byte 0x{error.object[error.start]:02x} at {error.start}"
    return message(name, wrong, found, "Correct or remove `encoding` for it in [[sources]].")


def _refused(source: Source, problem: str) -> Reading:
    return Reading(replace(source, problem=problem))


def _content(text: str, *, name: str, rules: Rules, hint: Hint) -> Found:
    """JSON by its first letter; a CSV may have a title line that begins with a bracket."""
    if wrong := _told_wrong(hint, name, rules):
        return wrong
    if first_letter(text) not in "{[":
        return _lines(text, name=name, rules=rules, hint=hint)
    found = read_json(text, name=name)
    if found.problem and first_letter(text) == "[":
        other = _lines(text, name=name, rules=rules, hint=hint)
        return other if other.kind else found
    return found


def _lines(text: str, *, name: str, rules: Rules, hint: Hint) -> Found:
    if is_rum(text):
        return read_rum(text, name=name)
    found = [
        read(text, name=name, rules=rules)
        for looks, read in (
            (looks_like_configuration, read_configuration),
            (looks_like_capture, read_capture),
        )
        if looks(text)
    ]
    if found:
        return _side_by_side(found)
    return read_delimited(text, name=name, rules=rules, hint=hint)


def _side_by_side(found: list[Found]) -> Found:
    """A log may hold a configuration and other commands; what one reader cannot use, another may.

    A configuration says no day: that of the same device's commands in the log is its own.
    """
    good = [one for one in found if not one.problem]
    if len(good) < 2:
        return (good or found)[0]
    configured, captured = good
    days = captured.tables["captures"]
    dated = {n: with_days(frame, days) for n, frame in configured.tables.items()}
    whole = all("snapshot_date" in frame.columns for frame in dated.values()) and not any(
        frame["snapshot_date"].has_nulls() for frame in dated.values()
    )
    return Found(
        f"{captured.kind} + {configured.kind}",
        captured.tables | dated,
        dated_rows=captured.dated_rows and whole,
        notes=(*captured.notes, *configured.notes),
    )


def _told_wrong(hint: Hint, name: str, rules: Rules) -> Found | None:
    """The message where [[sources]] names a kind that there is not."""
    if not hint.kind or hint.kind in (kinds := _kinds(rules)):
        return None
    do = f"Use one of {', '.join(kinds)}, or leave `kind` out: content is recognised."
    return Found(problem=message(name, "[[sources]] names no kind", repr(hint.kind), do))


def _kinds(rules: Rules) -> list[str]:
    of_cssm = [kind for kind, _, _ in LISTS.values()]
    others = [*(export.kind for export in EXPORTS), "rum", "capture", "configuration"]
    return list(dict.fromkeys([*of_cssm, *kinds_of(rules), *others]))


def _dated(found: Found, source: Source, hint: Hint) -> Reading:
    """The reading with its snapshot date, or the message why it has two."""
    source = replace(
        source,
        kind=found.kind,
        smart_account=source.smart_account or found.smart_account,
        delimiter=found.delimiter,
        pages=found.pages,
        mapping=found.mapping,
        unmapped=found.unmapped,
        notes=(*found.notes, *_overruled(found, hint)),
        problem=found.problem,
        synchronised=min(filter(None, (found.synchronised, hint.synchronised)), default=None),
    )
    if found.problem:
        return Reading(source)
    named = dates_in(source.source)
    problem = _two_dates(found.dates, named, source.source, hint.snapshot_date)
    if problem:
        return _refused(source, problem)
    day, whence = _chosen(found, named, hint.snapshot_date)
    source, day, whence = _no_newer(source, day, whence)
    tables = _with_account(found.tables, hint.virtual_account)
    return Reading(replace(source, snapshot_date=day, date_from=whence), tables)


def _overruled(found: Found, hint: Hint) -> list[str]:
    """What the client says of the file and its content says otherwise."""
    notes = []
    if hint.kind and found.kind and hint.kind not in found.kind.split(" + "):
        notes.append(f"[[sources]] says {hint.kind}; by its content it is read as {found.kind}")
    if hint.snapshot_date and found.dated_rows:
        notes.append("its rows carry their own days; snapshot_date in [[sources]] is not used")
    return notes


def _two_dates(
    inside: tuple[dt.date, ...], named: list[dt.date], name: str, told: dt.date | None
) -> str | None:
    inside_too = dict.fromkeys([*inside, told]) if told and inside else dict.fromkeys(inside)
    if len(inside_too) > 1:
        whence = "in the content and in [[sources]]" if told else "in the content"
        do = "Correct `snapshot_date` in [[sources]]." if told else "Split the file by day."
        return message(name, "two dates for one file", f"{_days(inside_too)} {whence}", do)
    if told:
        return None
    every = dict.fromkeys([*inside, *named])
    if len(every) < 2:
        return None
    whence = "in the content and the name" if inside else "in the file and folder names"
    return message(name, "two dates for one file", f"{_days(every)} {whence}", f"{_ASK}.")


def _days(days: dict[dt.date, None]) -> str:
    return " and ".join(day.isoformat() for day in days)


def _chosen(
    found: Found, named: list[dt.date], told: dt.date | None
) -> tuple[dt.date | None, str | None]:
    if found.dated_rows:
        return None, "content"
    if found.dates:
        return found.dates[0], "content"
    if told:
        return told, "[[sources]]"
    return (named[0], "name") if named else (None, None)


def _no_newer(
    source: Source, day: dt.date | None, whence: str | None
) -> tuple[Source, dt.date | None, str | None]:
    """A copy is never newer than its last synchronisation."""
    synchronised = source.synchronised
    if synchronised is None or (day and day <= synchronised):
        return source, day, whence
    if day is None and whence:
        note = f"a copy last synchronised on {synchronised}: its rows show no later day"
        return replace(source, notes=(*source.notes, note)), None, whence
    if day is None:
        return source, synchronised, "content"
    note = f"a copy last synchronised on {synchronised}: it shows that day, not {day}"
    return replace(source, notes=(*source.notes, note)), synchronised, "content"


def _with_account(
    tables: dict[str, pl.DataFrame], virtual_account: str | None
) -> dict[str, pl.DataFrame]:
    """Rows that name no Virtual Account stand in the one that [[sources]] gives the file."""
    if virtual_account is None:
        return tables
    known = pl.lit(virtual_account).alias("virtual_account")
    return {
        name: frame.with_columns(
            pl.coalesce("virtual_account", known) if "virtual_account" in frame.columns else known
        )
        for name, frame in tables.items()
    }
