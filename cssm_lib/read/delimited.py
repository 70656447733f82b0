"""Delimited exports: text to header and records; `tabular.py` makes the client's tables of them."""

from __future__ import annotations

import re

from cssm_lib.read.headers import Asked, find_header, foreign, without_tail
from cssm_lib.read.records import DELIMITERS, Layout, cells_of, plain_lines, records
from cssm_lib.read.source import Found, Hint
from cssm_lib.read.tabular import tabular, total_words
from cssm_lib.rules import Rules

TITLES = 60


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
    delimiters = (hint.delimiter,) if hint.delimiter else DELIMITERS
    readings = (
        [(delimiter, without_tail(cells_of(line, delimiter))) for delimiter in delimiters]
        for line in lines
    )
    header = find_header(readings, asked)
    if header is None:
        headers = _first_cells(lines)
        return Found(problem=foreign(headers, asked), unmapped=tuple(filter(None, headers)))
    words = total_words(header.kind, rules)
    layout = Layout(len(header.cells), header.delimiter or ",", header.line + 1, words)
    found = records(text[_start_of(header.line, text) :], layout)
    titles = [line for line in lines[: header.line - 1] if line.strip() and not _is_sep(line)]
    return tabular(header, found, titles=titles, asked=asked)


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
