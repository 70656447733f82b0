"""Header rows: which line is one, what kind of file it makes, which column each header means.

The header rows of the CSSM screen are verified nowhere, so headers are recognised by a rule pack of
aliases (`rulebook/headers.toml`) and the mapping that was used is reported.
"""

from __future__ import annotations

import difflib
import glob
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from cssm_lib.read.source import Hint, Source, listed, message
from cssm_lib.rules import Rules, load_rules
from cssm_lib.schema import TABLES

NEAR, NEAREST = 0.6, 70


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
    delimiter: str | None
    cells: list[str]
    columns: dict[int, str]
    sheet: str | None = None

    @property
    def where(self) -> str:
        """The place of the header in words, for messages."""
        return f"sheet {self.sheet!r} row {self.line}" if self.sheet else f"line {self.line}"

    @property
    def mapping(self) -> dict[str, str]:
        """Header → column."""
        return {self.cells[number]: column for number, column in self.columns.items()}

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The headers without a column."""
        return tuple(c for n, c in enumerate(self.cells) if n not in self.columns and c)


def kinds_of(rules: Rules) -> dict[str, Mapping[str, Any]]:
    """The kinds of tabular file whose table the client has."""
    return {kind: it for kind, it in rules["headers.kinds"].items() if it["table"] in TABLES}


def kinds_said(rules: Rules) -> list[str]:
    """The kinds as a message names them: a view of another kind goes by that one's name."""
    return list(dict.fromkeys(it.get("part_of", kind) for kind, it in kinds_of(rules).items()))


def plain(header: str) -> str:
    """A header without case, blanks, underscores and punctuation.

    >>> plain("Serial_Number ")
    'serialnumber'
    """
    return re.sub(r"[\W_]+", "", header.casefold())


def without_tail(cells: list[str]) -> list[str]:
    """The cells up to the last that says something."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def find_header(
    rows: Iterable[Sequence[tuple[str | None, list[str]]]], asked: Asked
) -> Header | None:
    """The first row with enough known headers; of its readings the one that knows most.

    Each row comes in all its readings: (delimiter, cells).
    """
    rules, hint = asked.rules, asked.hint
    kinds = kinds_of(rules)
    kinds = {hint.kind: kinds[hint.kind]} if hint.kind in kinds else kinds
    for number, readings in enumerate(rows, start=1):
        known = [
            (_mapped(cells, kind, asked), kind, delimiter, cells)
            for delimiter, cells in readings
            if len(cells) > 1
            for kind in kinds
        ]
        enough = [item for item in known if _recognised(item[0], item[1], asked)]
        if enough:
            columns, kind, delimiter, cells = max(enough, key=lambda item: _weight(item, rules))
            return Header(kind, number, delimiter, cells, columns)
    return None


def _mapped(cells: list[str], kind: str, asked: Asked) -> dict[int, str]:
    """Cell number → column: what the client says, then the aliases, the first of a list first."""
    mine = asked.hint.columns
    told = {number: mine[cell] for number, cell in enumerate(cells) if cell in mine}
    found = dict(told)
    keys = [plain(cell) for cell in cells]
    for column, aliases in asked.rules[f"headers.{kind}"].items():
        places = (keys.index(plain(alias)) for alias in aliases if plain(alias) in keys)
        free = next((place for place in places if place not in found), None)
        if free is not None and column not in told.values():
            found[free] = column
    return dict(sorted(found.items()))


def _recognised(columns: dict[int, str], kind: str, asked: Asked) -> bool:
    wanted = asked.rules["headers.kinds"][kind]
    if asked.hint.kind == kind:
        return bool(columns)
    known = set(columns.values())
    marked = bool(known & set(wanted["marks"])) and known >= set(wanted.get("all", ()))
    return _counting(columns) >= wanted["least"] and marked


def _counting(columns: dict[int, str]) -> int:
    """How many columns speak for the kind; those of a lot do so only beside consumption."""
    known = columns.values()
    return sum("in_use" in known or not column.startswith("lot_") for column in known)


def _weight(
    item: tuple[dict[int, str], str, str | None, list[str]], rules: Rules
) -> tuple[int, int]:
    columns, kind, _, cells = item
    others = {plain(header) for header in rules["headers.without_a_column"].get(kind, [])}
    return _counting(columns), sum(plain(cell) in others for cell in cells)


def foreign(headers: list[str], asked: Asked, place: str = "line") -> str:
    """The message for a table that is none of the kinds that are read."""
    do = (
        f"Read are {', '.join(kinds_said(asked.rules))}: export one of these, take the file out of"
        " the folder, or name its kind and columns in [[sources]] of client.toml."
    )
    wrong = f"no {place} with known headers"
    return message(asked.name, wrong, f"{listed(headers)} in the first {place}", do)


def proven(header: Header, cells: pl.DataFrame, hint: Hint) -> Header:
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
    return replace(header, columns=columns)


def _available(header: Header) -> list[int]:
    return [n for n, cell in enumerate(header.cells) if plain(cell).startswith("available")]


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
    bare = pl.col(name).str.replace_all(r"[\s,'’]", "").str.replace(r"^\((.*)\)$", "-$1")
    return bare.str.replace("−", "-").cast(pl.Int64, strict=False)


def missing_columns(header: Header, asked: Asked) -> str | None:
    """The message with every needed column that no header means, or null."""
    rules, hint = asked.rules, asked.hint
    unknown = sorted(set(hint.columns.values()) - set(rules[f"headers.{header.kind}"]))
    where = f"{asked.name}, {header.where}"
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
    free = {plain(cell): cell for n, cell in enumerate(header.cells) if n not in header.columns}
    aliases = [plain(alias) for alias in rules[f"headers.{header.kind}"][column]]
    scored = [
        (difflib.SequenceMatcher(None, alias, key).ratio(), cell)
        for key, cell in free.items()
        for alias in aliases
    ]
    best = max(scored, default=(0.0, ""))
    return f"Nearest to {column} is {best[1]!r}. " if best[0] >= NEAR else ""


def proposal(source: Source, rules: Rules | None = None) -> str:
    r"""The `[[sources]]` entry that would read the file as it is read, as TOML to paste.

    Headers without a column stand in comments with the free columns that come nearest. Where the
    kind is not known, the likeliest one is proposed with the columns its headers come near to.

    >>> told = Source("a.csv", kind="licenses", mapping={"L": "license"}, unmapped=("Purchasd",))
    >>> print(proposal(told))
    [[sources]]
    path = "a.csv"
    kind = "licenses"
    columns = { "L" = "license" }
    # no column for "Purchasd"; nearest: quantity (add "Purchasd" = "quantity")
    """
    rules = rules or load_rules()
    lines = ["[[sources]]", f"path = {_toml(glob.escape(source.source))}"]
    kinds = [kind for kind in kinds_of(rules) if kind in (source.kind or "").split(" + ")]
    if not kinds and source.unmapped:
        return "\n".join([*lines, *_guessed(source, rules)])
    if kinds:
        lines.append(f"kind = {_toml(kinds[0])}")
    if source.mapping:
        lines.append(f"columns = {_pairs(source.mapping)}")
    lines += [_unplaced(header, source, kinds, rules) for header in source.unmapped]
    return "\n".join(lines)


def _pairs(mapping: Mapping[str, str]) -> str:
    pairs = ", ".join(f"{_toml(header)} = {_toml(column)}" for header, column in mapping.items())
    return f"{{ {pairs} }}"


def _guessed(source: Source, rules: Rules) -> list[str]:
    """For a table of no known kind: the kind that most headers come near to, and their columns."""
    kinds = kinds_of(rules)
    by_kind = {kind: _likeliest(source, kind, rules) for kind in kinds}
    kind = max(by_kind, key=lambda kind: len(by_kind[kind]))
    if not by_kind[kind]:
        unplaced = [_unplaced(header, source, [], rules) for header in source.unmapped]
        return [f"# kind = one of {', '.join(kinds)}", *unplaced]
    found = by_kind[kind]
    others = ", ".join(other for other in kinds if other != kind)
    lacking = [column for column in kinds[kind]["needs"] if column not in found.values()]
    rest = [f"# no column for {_toml(header)}" for header in source.unmapped if header not in found]
    return [
        f"kind = {_toml(kind)}  # the likeliest; else {others}",
        f"columns = {_pairs(found)}  # by likeness of names: check each",
        *rest,
        *([f"# still needed: {', '.join(lacking)}"] if lacking else []),
    ]


def _likeliest(source: Source, kind: str, rules: Rules) -> dict[str, str]:
    """Header → the nearest column of a kind that no earlier header took."""
    found: dict[str, str] = {}
    for header in source.unmapped:
        told = replace(source, mapping=dict(source.mapping) | found)
        if near := _nearest(header, told, kinds=[kind], rules=rules):
            found[header] = near[0]
    return found


def _toml(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _unplaced(header: str, source: Source, kinds: list[str], rules: Rules) -> str:
    near = _nearest(header, source, kinds=kinds, rules=rules)
    said = f"# no column for {_toml(header)}"
    if not near:
        return said
    return f"{said}; nearest: {', '.join(near)} (add {_toml(header)} = {_toml(near[0])})"


def _nearest(header: str, source: Source, *, kinds: list[str], rules: Rules) -> list[str]:
    """The free columns whose names or aliases come nearest to a header, at most three."""
    from rapidfuzz import fuzz

    key, taken, scores = plain(header), set(source.mapping.values()), dict[str, float]()
    for kind in kinds or kinds_of(rules):
        for column, aliases in rules[f"headers.{kind}"].items():
            scored = max(fuzz.ratio(key, plain(alias)) for alias in [column, *aliases])
            if column not in taken and scored >= NEAREST:
                scores[column] = max(scored, scores.get(column, 0))
    return sorted(scores, key=lambda column: (-scores[column], column))[:3]
