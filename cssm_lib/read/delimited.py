"""Delimited exports: licences, product instances, user counts and the customer's own inventory.

The header rows of the CSSM screen are verified nowhere, so headers are recognised by a rule pack of
aliases (`rulebook/headers.toml`) and the mapping that was used is reported.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from dataclasses import dataclass

import polars as pl

from cssm_lib.read.records import DELIMITERS, Layout, Records, cells_of, plain_lines, records
from cssm_lib.read.source import FAULT, FAULT_VALUE, Found, Hint, listed, message
from cssm_lib.read.text import dates_in
from cssm_lib.rules import Rules
from cssm_lib.schema import TABLES

TITLES = 60
DATED = re.compile(r"generat|as of|as at|export|report|snapshot|date|creat|run|stand", re.I)
UNDATED = re.compile(r"\b(?:end|expir|start|valid|renew|due|from|until|since)", re.I)
CUT = 300


@dataclass(frozen=True)
class Asked:
    """What a file is read with: its name, the rules and what the client says of it."""

    name: str
    rules: Rules
    hint: Hint


@dataclass(frozen=True)
class Header:
    """The header row: where it stands, its cells, and which column each of them means."""

    kind: str
    line: int
    delimiter: str
    cells: list[str]
    columns: dict[int, str]


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
    lines = text.split("\n", TITLES)[:TITLES]
    header = _header(lines, asked)
    if header is None:
        return Found(problem=_foreign(lines, name, rules))
    layout = Layout(
        len(header.cells), header.delimiter, header.line + 1, rules["words.total_lines"]
    )
    body = text.split("\n", header.line)[header.line :]
    found = records(body[0] if body else "", layout)
    header = _proven(header, found.cells, hint)
    problem = _missing(header, asked)
    if problem:
        return Found(kind=header.kind, problem=problem)
    return _found(header, found, lines, asked)


def _key(header: str) -> str:
    """A header without case, blanks, underscores and punctuation."""
    return re.sub(r"[\W_]+", "", header.casefold())


def _header(lines: list[str], asked: Asked) -> Header | None:
    """The first line with enough known headers; of its readings the one that knows most."""
    rules, hint = asked.rules, asked.hint
    kinds = rules["headers.kinds"]
    kinds = {hint.kind: kinds[hint.kind]} if hint.kind in kinds else kinds
    delimiters = (hint.delimiter,) if hint.delimiter else DELIMITERS
    for number, line in enumerate(lines, start=1):
        known = [
            (_mapped(cells, kind, asked), kind, delimiter, cells)
            for delimiter in delimiters
            if len(cells := _without_tail(cells_of(line, delimiter))) > 1
            for kind in kinds
        ]
        enough = [item for item in known if _recognised(item[0], item[1], asked)]
        if enough:
            columns, kind, delimiter, cells = max(enough, key=lambda item: _weight(item, rules))
            return Header(kind, number, delimiter, cells, columns)
    return None


def _without_tail(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _mapped(cells: list[str], kind: str, asked: Asked) -> dict[int, str]:
    """Cell number → column: what the client says, then the aliases, the first of a list first."""
    mine = asked.hint.columns
    told = {number: mine[cell] for number, cell in enumerate(cells) if cell in mine}
    found = dict(told)
    keys = [_key(cell) for cell in cells]
    for column, aliases in asked.rules[f"headers.{kind}"].items():
        places = (keys.index(_key(alias)) for alias in aliases if _key(alias) in keys)
        free = next((place for place in places if place not in found), None)
        if free is not None and column not in told.values():
            found[free] = column
    return dict(sorted(found.items()))


def _recognised(columns: dict[int, str], kind: str, asked: Asked) -> bool:
    wanted = asked.rules["headers.kinds"][kind]
    if asked.hint.kind == kind:
        return bool(columns)
    marked = any(mark in columns.values() for mark in wanted["marks"])
    return len(columns) >= wanted["least"] and marked


def _weight(item: tuple[dict[int, str], str, str, list[str]], rules: Rules) -> tuple[int, int]:
    columns, kind, _, cells = item
    others = {_key(header) for header in rules["headers.without_a_column"].get(kind, [])}
    return len(columns), sum(_key(cell) in others for cell in cells)


def _foreign(lines: list[str], name: str, rules: Rules) -> str:
    first = next(line for line in lines if line.strip())
    delimiter = max(DELIMITERS, key=first.count)
    headers = _without_tail(cells_of(first, delimiter)) or [first.strip()]
    wanted = ", ".join(rules["headers.kinds"])
    do = (
        f"Read are {wanted}: export one of these, take the file out of the folder, or name its kind"
        " and columns in [[sources]] of client.toml."
    )
    return message(name, "no line with known headers", f"{listed(headers)} in the first line", do)


def _proven(header: Header, cells: pl.DataFrame, hint: Hint) -> Header:
    """A column called Available is the quantity only where the file's own sums prove it."""
    if header.kind != "licenses":
        return header
    columns = dict(header.columns)
    mine = {column: number for number, column in columns.items()}
    if "quantity" not in mine:
        candidate = next((n for n in _available(header) if n not in columns), None)
    else:
        told = header.cells[mine["quantity"]] in hint.columns
        candidate = (
            mine["quantity"] if mine["quantity"] in _available(header) and not told else None
        )
    if candidate is None:
        return header
    columns.pop(candidate, None)
    if _balances(cells, candidate, mine):
        columns[candidate] = "quantity"
    return Header(header.kind, header.line, header.delimiter, header.cells, columns)


def _available(header: Header) -> list[int]:
    return [n for n, cell in enumerate(header.cells) if _key(cell).startswith("available")]


def _balances(cells: pl.DataFrame, candidate: int, mine: dict[str, int]) -> bool:
    """Whether quantity less in_use (± reserved, substitution) is the balance on every line."""
    if "in_use" not in mine or "available" not in mine:
        return False
    names = {"quantity": candidate} | {n: mine[n] for n in mine if n != "quantity"}
    wanted = [
        n for n in ("quantity", "in_use", "available", "reserved", "substitution") if n in names
    ]
    sums = cells.select(_number(str(names[n])).alias(n) for n in wanted).drop_nulls(
        ["quantity", "in_use", "available"]
    )
    rest = pl.col("quantity") - pl.col("in_use") - pl.col("available")
    absent = pl.lit(0)
    reserved = pl.col("reserved").fill_null(0) if "reserved" in wanted else absent
    lent = pl.col("substitution").fill_null(0) if "substitution" in wanted else absent
    shapes = [rest - less * reserved + more * lent for less in (0, 1) for more in (0, -1, 1)]
    holds = sums.select((shape == 0).all().alias(str(n)) for n, shape in enumerate(shapes))
    return not sums.is_empty() and any(holds.row(0))


def _number(name: str) -> pl.Expr:
    plain = pl.col(name).str.replace_all(r"[\s,'’]", "").str.replace(r"^\((.*)\)$", "-$1")
    return plain.str.replace("−", "-").cast(pl.Int64, strict=False)


def _missing(header: Header, asked: Asked) -> str | None:
    """The message with every needed column that no header means, or null."""
    rules, hint = asked.rules, asked.hint
    unknown = sorted(set(hint.columns.values()) - set(rules[f"headers.{header.kind}"]))
    where = f"{asked.name}, line {header.line}"
    if unknown:
        found = f"columns to choose from {listed(list(rules[f'headers.{header.kind}']), 20)}"
        wrong = f"[[sources]] columns names {listed(unknown)}, which {header.kind} do not have"
        return message(where, wrong, found, "Correct `columns` for it in [[sources]].")
    absent = [
        column
        for column in rules["headers.kinds"][header.kind]["needs"]
        if column not in header.columns.values()
    ]
    if not absent:
        return None
    wrong = f"no header means {' or '.join(absent)}, which {header.kind} need"
    near = "".join(_near(column, header, rules) for column in absent)
    toml = f'columns = {{ "Their header" = "{absent[0]}" }}'
    do = f"{near}Export them as well, or map them in [[sources]] of client.toml: {toml}."
    return message(where, wrong, f"the headers {listed(header.cells, 20)}", do)


def _near(column: str, header: Header, rules: Rules) -> str:
    """The free header that comes nearest to a missing column, or the doubt about Available."""
    if column == "quantity" and _available(header):
        cell = header.cells[_available(header)[0]]
        return f"{cell!r} is the quantity only where it less in_use is the balance on every line. "
    free = {_key(cell): cell for n, cell in enumerate(header.cells) if n not in header.columns}
    aliases = [_key(alias) for alias in rules[f"headers.{header.kind}"][column]]
    scored = [
        (difflib.SequenceMatcher(None, alias, key).ratio(), cell)
        for key, cell in free.items()
        for alias in aliases
    ]
    best = max(scored, default=(0.0, ""))
    return f"Nearest to {column} is {best[1]!r}. " if best[0] >= 0.6 else ""


def _found(header: Header, found: Records, lines: list[str], asked: Asked) -> Found:
    rules = asked.rules
    frame, totals = _without_totals(_named(header, found), rules)
    titles = [line for line in lines[: header.line - 1] if line.strip() and not _is_sep(line)]
    frame, day, problem = _snapshot(frame, header, asked)
    if problem:
        return Found(kind=header.kind, problem=problem)
    days = (day,) if day else _title_days(titles)
    side = [*totals, *(f"line {line}: {text}" for line, text in found.notes.iter_rows())]
    return Found(
        kind=header.kind,
        tables={rules["headers.kinds"][header.kind]["table"]: _shaped(frame, header.kind)},
        dates=days,
        dated_rows="snapshot_date" in frame.columns,
        delimiter=header.delimiter,
        pages=((None, frame.height),),
        mapping={header.cells[n]: column for n, column in header.columns.items()},
        unmapped=tuple(c for n, c in enumerate(header.cells) if n not in header.columns and c),
        notes=(
            *(f"above the header: {title.strip()}" for title in titles),
            *(f"no record: {text}" for text in side),
            *_capped(frame, header.kind, rules),
        ),
    )


def _is_sep(line: str) -> bool:
    return bool(re.fullmatch(r"\s*\"?sep=.\"?\s*", line, re.I))


def _named(header: Header, found: Records) -> pl.DataFrame:
    """Every record with its place, whole ones by their columns and the others by their fault."""
    place = pl.format("row {}", "line").alias("place")
    columns = [pl.col(str(n)).alias(column) for n, column in header.columns.items()]
    whole = found.cells.select(place, "total", *columns)
    other = found.others.select(
        place,
        pl.lit(False).alias("total"),
        pl.col("fault").alias(FAULT),
        pl.col("text").str.slice(0, CUT).alias(FAULT_VALUE),
    )
    return pl.concat([whole, other], how="diagonal") if other.height else whole


def _without_totals(frame: pl.DataFrame, rules: Rules) -> tuple[pl.DataFrame, list[str]]:
    """The records without lines that sum them, and those lines' text.

    A line whose first cell is a total word is a total where its licence is empty or such a word; in
    tables without licences, where it is the last line.
    """
    if "license" in frame.columns:
        said = pl.col("license").str.strip_chars().str.to_lowercase()
        sums = said.is_null() | said.is_in(["", *rules["words.total_lines"]])
    else:
        sums = pl.int_range(pl.len()) == pl.len() - 1
    total = frame["total"] & frame.select(sums.fill_null(False)).to_series()
    values = pl.concat_str(
        [pl.col(c) for c in frame.columns if c not in ("place", "total")],
        separator=" ",
        ignore_nulls=True,
    )
    texts = frame.filter(total).select(pl.format("{}: {}", "place", values)).to_series().to_list()
    return frame.filter(~total).drop("total"), texts


def _snapshot(
    frame: pl.DataFrame, header: Header, asked: Asked
) -> tuple[pl.DataFrame, dt.date | None, str | None]:
    """The day that a date column gives to the whole file; with several days the column stays."""
    if "snapshot_date" not in frame.columns:
        return frame, None, None
    name, hint = asked.name, asked.hint
    said = frame["snapshot_date"].str.strip_chars().drop_nulls().unique().sort()
    said = said.filter(said != "").to_list()
    days = {day for value in said for day in _read_days(value, hint)}
    if not said or (len(days) == 1 and all(_read_days(value, hint) for value in said)):
        return frame.drop("snapshot_date"), next(iter(days), None), None
    if len(said) > 1:
        return frame, None, None
    if hint.snapshot_date:
        return frame.drop("snapshot_date"), None, None
    column = next(header.cells[n] for n, c in header.columns.items() if c == "snapshot_date")
    do = "Give date_format or snapshot_date for it in [[sources]] of client.toml."
    wrong = f"the day in column {column!r} cannot be read for certain"
    return frame, None, message(name, wrong, repr(said[0]), do)


def _read_days(value: str, hint: Hint) -> list[dt.date]:
    if hint.date_format:
        try:
            return [dt.datetime.strptime(value, hint.date_format).date()]
        except ValueError:
            pass
    return dates_in(value)[:1]


def _title_days(titles: list[str]) -> tuple[dt.date, ...]:
    """Days of title lines that hold exactly one; lines that speak of the export go first.

    A line on the end or start of an agreement says nothing about the day of the export.
    """
    own = [title for title in titles if not UNDATED.search(title)]
    single = [(title, days[0]) for title in own if len(days := dates_in(title)) == 1]
    spoken = [day for title, day in single if DATED.search(title)]
    return tuple(dict.fromkeys(spoken or [day for _, day in single]))


def _capped(frame: pl.DataFrame, kind: str, rules: Rules) -> list[str]:
    caps = rules["words.row_caps"] if kind == "assets" else []
    return [
        f"exactly {cap} records: the export may have stopped at its default cap"
        for cap in caps
        if frame.height == cap
    ]


def _shaped(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The columns that the table has, and what only the reader of this kind can say."""
    table = {"licenses": "usage"}.get(kind, kind)
    names = [*TABLES[table].names, FAULT, FAULT_VALUE]
    if kind == "licenses":
        frame = frame.with_columns(pl.lit("csv").alias("witness"))
    if kind == "devices" and "display_name" in frame.columns:
        frame = frame.with_columns(_identified(frame))
    return frame.select(name for name in frame.columns if name in names)


def _identified(frame: pl.DataFrame) -> list[pl.Expr]:
    """The screen's Name is the host name, or `UDI_PID:…; UDI_SN:…;` where none was sent."""
    shown = pl.col("display_name")
    udi = shown.str.contains("UDI_(?:PID|SN):")
    parts = {
        "udi_pid": shown.str.extract(r"UDI_PID:([^;]+)"),
        "serial": shown.str.extract(r"UDI_SN:([^;]+)"),
        "hostname": pl.when(~udi).then(shown),
    }
    return [
        (pl.coalesce(_filled(name), said) if name in frame.columns else said).alias(name)
        for name, said in parts.items()
    ]


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name))
