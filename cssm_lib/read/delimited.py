"""Delimited exports: text to header and records; `tabular.py` makes the client's tables of them."""

from __future__ import annotations

import re

from cssm_lib.read.headers import Asked, Header, find_header, foreign, without_tail
from cssm_lib.read.records import DELIMITERS, Layout, cells_of, plain_lines, quick, records
from cssm_lib.read.source import Found, Hint
from cssm_lib.read.tabular import tabular, total_words
from cssm_lib.read.text import MARKS
from cssm_lib.rules import Rules

TITLES = 60
BARE = ' \t,;|"'
HEAD = 1 << 16
PLAIN_FROM = 1 << 20


def read_delimited(text: str, *, name: str, rules: Rules, hint: Hint) -> Found:
    r"""The one table that the file holds, as text, one row a record.

    Never raises for a bad text: `problem` is the message.

    >>> from cssm_lib.rules import load_rules
    >>> text = "License;Purchased;In Use\nA;5;3\n"
    >>> read_delimited(text, name="a.csv", rules=load_rules(), hint=Hint()).mapping
    {'License': 'license', 'Purchased': 'quantity', 'In Use': 'in_use'}
    """
    asked = Asked(name, rules, hint)
    text = plain_lines(text)
    lines = text[: _start_of(TITLES, text)].split("\n")[:TITLES]
    header = _header(lines, asked)
    if header is None:
        headers = _first_cells(lines)
        return Found(problem=foreign(headers, asked), unmapped=tuple(filter(None, headers)))
    found = records(text[_start_of(header.line, text) :], _layout(header, asked))
    return tabular(header, found, titles=_titles(lines, header), asked=asked)


def read_plain(data: bytes, *, name: str, rules: Rules, hint: Hint) -> Found | None:
    """The same from the bytes of a large plain file in UTF-8, without a copy of it as text.

    Null where anything is out of the ordinary; then the careful way is to be taken.
    """
    if len(data) < PLAIN_FROM or not _is_plain(data, hint):
        return None
    data = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    try:
        lines = data[:HEAD].rpartition(b"\n")[0].decode().split("\n")[:TITLES]
    except UnicodeDecodeError:
        return None
    asked = Asked(name, rules, hint)
    header = None if b"\r" in data else _header(lines, asked)
    if header is None:
        return None
    offset = len("\n".join(lines[: header.line]).encode()) + 1
    found = quick(data, _layout(header, asked), offset=offset, skip=header.line)
    if found is None:
        return None
    return tabular(header, found, titles=_titles(lines, header), asked=asked)


def _is_plain(data: bytes, hint: Hint) -> bool:
    """No other encoding, no JSON: what the first bytes and a null byte tell."""
    begins = data[:HEAD].lstrip()[:1]
    marked = any(data.startswith(mark) for mark, _, _ in MARKS)
    return not (hint.encoding or marked or begins in (b"", b"{", b"[") or b"\0" in data)


def _header(lines: list[str], asked: Asked) -> Header | None:
    delimiters = (asked.hint.delimiter,) if asked.hint.delimiter else DELIMITERS
    readings = (
        [(delimiter, without_tail(cells_of(line, delimiter))) for delimiter in delimiters]
        for line in lines
    )
    return find_header(readings, asked)


def _layout(header: Header, asked: Asked) -> Layout:
    words = total_words(header.kind, asked.rules)
    return Layout(len(header.cells), header.delimiter or ",", header.line + 1, words)


def _titles(lines: list[str], header: Header) -> list[str]:
    return [line for line in lines[: header.line - 1] if line.strip(BARE) and not _is_sep(line)]


def _start_of(line: int, text: str) -> int:
    """Where the text of a line (counted from 0) begins; the end where there are fewer."""
    start = 0
    for _ in range(line):
        start = text.find("\n", start) + 1
        if not start:
            return len(text)
    return start


def _first_cells(lines: list[str]) -> list[str]:
    first = next(line for line in lines if line.strip())
    delimiter = max(DELIMITERS, key=first.count)
    return without_tail(cells_of(first, delimiter)) or [first.strip()]


def _is_sep(line: str) -> bool:
    return bool(re.fullmatch(r"\s*\"?sep=.\"?\s*", line, re.I))
