"""`actions.csv` beside `client.toml`: the user's own list of what is to be done, no export."""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from cssm_lib.errors import ConfigError
from cssm_lib.read.text import container, decode

ACTIONS_NAME = "actions.csv"
STATUSES = ("open", "doing", "done", "dropped")
# what a run works out anew and writes beside the user's columns
COMPUTED = ("smart_account", "virtual_account", "license", "units", "late", "check")
OWN = ("id", "action", "owner", "effort", "status", "due", "note")
ROW = dict.fromkeys([*OWN, "other"], pl.String) | {"due": pl.Date}
# where a row stands; no header can be called that
LINE = "\0line"
GUARDED = re.compile(r"^'(?=[=+\-@\t\r])")
DAYS = ("%Y-%m-%d", "%d.%m.%Y")


def no_actions() -> pl.DataFrame:
    """The list of a client that has none."""
    return pl.DataFrame(schema=ROW)


def read_actions(path: Path) -> pl.DataFrame:
    """One row per action as the user wrote it: id, action, owner, effort, status, due, note, other.

    Columns that no run knows are kept in `other` as JSON; those that a run works out anew are not.
    An action without an id gets one of its own words. Raises ConfigError with every fault at once.
    """
    lines = list(_lines(path))
    if not lines:
        return no_actions()
    header = [_column(name, place) for place, name in enumerate(lines[0][1], 1)]
    faults = list(_header_faults(header, path.name))
    if faults:
        raise ConfigError("\n".join(faults))
    rows = [_row(header, cells) | {LINE: number} for number, cells in lines[1:]]
    faults = [fault for row in rows for fault in _faults(row, path.name)]
    faults += _twins(rows, path.name)
    if faults:
        raise ConfigError("\n".join(faults))
    return pl.DataFrame([_kept(row) for row in rows], schema=ROW)


def _column(name: str, place: int) -> str:
    """A column of ours whatever its case; the user's own as it is written, or by its place."""
    name = name.strip()
    known = name.casefold() in (*OWN, *COMPUTED)
    return name.casefold() if known else name or f"column {place}"


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every line with words in it and its number; the delimiter is the header's most frequent."""
    data = path.read_bytes()
    what = container(data)
    if what:
        raise ConfigError(
            f"{path.name}: {what}, not a CSV; save the list as CSV (UTF-8) under this name."
        )
    text, _ = decode(data)
    told = re.match(r"sep=(.)\r?\n", text)
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = told[1] if told else max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].startswith("sep="):
                yield reader.line_num, [GUARDED.sub("", cell) for cell in cells]
    except csv.Error as fault:
        raise ConfigError(
            f"{path.name}: line {reader.line_num}: no CSV: {fault}; mend that line."
        ) from None


def _header_faults(header: Sequence[str], name: str) -> Iterator[str]:
    twins = sorted({one for one in header if header.count(one) > 1})
    missing = [one for one in ("id", "action") if one not in header]
    if twins:
        yield f"{name}: line 1: the column {twins[0]!r} stands twice; rename one of them."
    if missing:
        yield (
            f"{name}: line 1: no column {' and no column '.join(map(repr, missing))}; there are"
            f" {', '.join(map(repr, header))}. This name is kept for the list of actions: start"
            f" from the actions.csv of a pack ({', '.join(OWN)}), or rename the file."
        )


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells by column; what stands beyond the header is kept under a name of its own."""
    named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    beyond = {f"column {n}": cell for n, cell in enumerate(cells, 1) if n > len(header)}
    return named | beyond


def _faults(row: dict[str, str | int], name: str) -> Iterator[str]:
    where = f"{name}: line {row[LINE]}"
    status = str(row.get("status") or "open").casefold()
    if status not in STATUSES:
        near = difflib.get_close_matches(status, STATUSES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        yield f"{where}: status {row['status']!r} is none of {', '.join(STATUSES)}{hint}"
    if row.get("due") and _day(str(row["due"])) is None:
        yield f"{where}: due {row['due']!r} is no day; write it as 2026-10-31."
    if not row.get("id") and not row.get("action"):
        yield f"{where}: neither id nor action; say what is to be done, or take the line out."


def _day(text: str) -> dt.date | None:
    for pattern in DAYS:
        try:
            return dt.datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return None


def _twins(rows: Sequence[dict[str, str | int]], name: str) -> list[str]:
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(_id(row), []).append(int(row[LINE]))
    return [
        f"{name}: lines {' and '.join(map(str, held))}: the id {id_!r} stands twice; keep one, or"
        " leave the id of your own action empty."
        for id_, held in lines.items()
        if len(held) > 1
    ]


def _id(row: dict[str, str | int]) -> str:
    return str(row.get("id") or f"own/{row.get('action')}")


def _kept(row: dict[str, str | int]) -> dict[str, str | dt.date | None]:
    own = {name: row.get(name) or None for name in OWN}
    known = {*OWN, *COMPUTED, LINE}
    other = {name: value for name, value in row.items() if name not in known and value}
    status = str(row.get("status") or "open").casefold()
    told = {"id": _id(row), "status": status, "due": _day(str(row.get("due") or ""))}
    return own | told | {"other": json.dumps(other, ensure_ascii=False) if other else None}
