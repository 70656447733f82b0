"""Reads the pages of a pack as a reader does and holds every number against the pack's files.

Not a test: loaded with `runpy` by the tests beside it. `faults(pack)` is empty when

- every number in prose and tiles is marked with the fact it is, and says that fact's value in
  `facts.json`; any other digit stands in a fixed sentence of the program or in a name;
- every printed table is, cell for cell, the head of its file in `tables/printed`, and its numbers
  and days stand in rows of the table that it is printed from;
- the text between is the notebook's own, which the pack does not make.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl

import cssm_lib
from cssm_lib.pages.facts import number_in
from cssm_lib.pages.labels import NOTHING, said
from cssm_lib.schema import ANSWERS, TABLES

ROOMS = Path(cssm_lib.__file__).parent / "pages"
VOID = {"meta", "link", "img", "br", "input", "hr", "col", "wbr"}
SKIPPED = {"script", "style", "nav", "title", "svg"}
DIGIT = re.compile(r"\d")


@dataclass
class Piece:
    """A text of a page: its words, the marks of all elements around it, its table and row."""

    text: str
    marks: dict[str, str]
    cell: tuple[int, int] | None = None


@dataclass
class Read(HTMLParser):
    """All texts of a page in order, tables numbered as they come."""

    pieces: list[Piece] = field(default_factory=list)
    open: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    rows: dict[int, list[list[str]]] = field(default_factory=dict)
    heads: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        marks = {name: value or "" for name, value in attrs}
        if "data-table" in marks:
            self.tables.append(marks["data-table"])
        number = len(self.tables)
        if self._inside("data-table"):
            if tag == "tr" and self._inside_tag("tbody"):
                self.rows.setdefault(number, []).append([])
            if tag == "td":
                self.rows[number][-1].append("")
            if tag == "th":
                self.heads.setdefault(number, []).append("")
        if tag not in VOID:
            self.open.append((tag, marks))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if any(tag in SKIPPED for tag, _ in self.open):
            return
        if self._inside("data-table"):
            number, tags = len(self.tables), [tag for tag, _ in self.open]
            if "td" in tags:
                self.rows[number][-1][-1] += data
            elif "th" in tags:
                self.heads[number][-1] += data
            elif data.strip():
                self.pieces.append(Piece(data.strip(), self._marks() | {"of": str(number)}))
        elif data.strip():
            self.pieces.append(Piece(" ".join(data.split()), self._marks()))

    def _marks(self) -> dict[str, str]:
        return {name: value for _, marks in self.open for name, value in marks.items()} | {
            "classes": " ".join(marks.get("class", "") for _, marks in self.open)
        }

    def _inside(self, mark: str) -> bool:
        return any(mark in marks for _, marks in self.open)

    def _inside_tag(self, tag: str) -> bool:
        return any(tag == name for name, _ in self.open)


def read(path: Path) -> Read:
    page = Read()
    page.feed(path.read_text("utf-8"))
    return page


def faults(pack: Path) -> list[str]:
    """Every number of the pages that the pack's files do not prove."""
    facts = json.loads((pack / "facts.json").read_text("utf-8"))
    manifest = json.loads((pack / "manifest.json").read_text("utf-8"))
    names = names_of(pack, manifest)
    found = []
    for path in sorted(pack.glob("[0-9]*.html")):
        page, own = read(path), {f["id"]: f for f in facts if f["page"] == path.stem}
        told = [*_prose(page, own, names, pack), *_tables(page, pack, path.stem)]
        found += [f"{path.name}: {fault}" for fault in told]
    return found + [f"index.html: {fault}" for fault in _front(pack, facts, names)]


@cache
def fixed_words() -> set[str]:
    """Every piece of text that the program's pages are made of, whole, as it stands in the code."""
    texts = []
    for path in ROOMS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(re.sub(r"{\w+}", "\n", node.value))
    for path in ROOMS.rglob("*.j2"):
        texts.append(re.sub(r"{[{%#].*?[}%#]}|<[^>]+>", "\n", path.read_text("utf-8"), flags=re.S))
    pieces = (piece for text in texts for piece in re.split(r"<[^>]+>|\n", text))
    return {tidy(piece) for piece in pieces}


def tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;:.(")


def names_of(pack: Path, manifest: dict[str, Any]) -> list[str]:
    """Names and terms that are no figures: client, accounts, terms, rules, scenario, versions."""
    config = json.dumps([manifest["agreements"], manifest["rules"]])
    said_ = re.findall(r'"([^"]*\d[^"]*)"', config)
    said_ += [manifest[name] for name in ("client", "renewal", "as_of") if manifest[name]]
    said_ += [manifest["versions"]["cssm"], (manifest.get("previous") or {}).get("as_of") or ""]
    said_ += [f"{one['path']} = {one['value']}" for one in manifest["rules"]]
    scenario = manifest.get("scenario") or {}
    said_ += [one["name"] for one in (scenario, *scenario.get("actions", ())) if one]
    positions = pl.read_parquet(pack / "tables" / "positions.parquet")
    said_ += positions["smart_account"].drop_nulls().unique().to_list()
    return sorted((name for name in set(said_) if len(name) > 3), key=len, reverse=True)


def fixed(text: str, names: list[str]) -> bool:
    """Whether a text is a fixed one of the program, names apart."""
    for name in names:
        text = text.replace(name, "\n")
    parts = text.split("\n")
    return all(not DIGIT.search(part) or tidy(part) in fixed_words() for part in parts)


def _prose(page: Read, facts: dict[str, Any], names: list[str], pack: Path) -> Iterator[str]:
    for piece in page.pieces:
        classes = piece.marks["classes"].split()
        if "data-fact" in piece.marks:
            yield from _fact(piece, facts)
        elif "of" in piece.marks:
            yield from _counted(piece, page)
        elif "data-from" in piece.marks:
            yield from _from(piece, names, pack)
        elif "data-cut" in piece.marks or not DIGIT.search(piece.text) or "text" in classes:
            continue  # a cut is held against its table; the notebook's own text is no result
        elif not fixed(piece.text, names):
            yield f"a number that is no fact: {piece.text!r}"


def _fact(piece: Piece, facts: dict[str, Any]) -> Iterator[str]:
    fact = facts.get(piece.marks["data-fact"])
    if fact is None:
        yield f"{piece.marks['data-fact']} is not in facts.json: {piece.text!r}"
        return
    value, unit = number_in(fact["value"]), fact["unit"]
    ways = {said(value, unit), said(value, "share" if unit == "share" else "")}
    ways |= {value.replace("_", " ")} if isinstance(value, str) else set()
    ways |= {"an unknown number", "unknown", NOTHING} if value is None else set()
    ways |= {said(value, unit).partition(" ")[0]}
    if piece.text not in ways:
        yield f"{fact['id']} is {value} {unit}, and the page says {piece.text!r}"


def _from(piece: Piece, names: list[str], pack: Path) -> Iterator[str]:
    """Words made of the rows of a table hold no number that one of its rows does not hold."""
    number = re.compile(r"\d[\d,.:-]*\d|\d")
    rows = pl.read_parquet(pack / "tables" / f"{piece.marks['data-from']}.parquet").rows()
    held = [set(number.findall(" ".join(map(str, row)))) for row in rows]
    asked = set(number.findall(piece.text))
    if not any(asked <= one for one in held) and not fixed(piece.text, names):
        yield f"not in {piece.marks['data-from']}: {piece.text!r}"


def _counted(piece: Piece, page: Read) -> Iterator[str]:
    """A list says how many rows it shows."""
    rows = len(page.rows[int(piece.marks["of"])])
    if piece.text not in (said(rows, "rows"), "search this list"):
        yield f"beside a list of {rows} rows: {piece.text!r}"


def _tables(page: Read, pack: Path, stem: str) -> Iterator[str]:
    cuts = iter([piece for piece in page.pieces if "data-cut" in piece.marks])
    files = sorted((pack / "tables" / "printed").glob(f"{stem}_*.csv"))
    if len(files) != len(page.tables):
        yield f"{len(page.tables)} tables are printed, {len(files)} stand in tables/printed"
        return
    heights = printed_heights(pack / f"{stem}.ipynb")
    for number, (table, file) in enumerate(zip(page.tables, files, strict=True), 1):
        with file.open(encoding="utf-8-sig", newline="") as text:
            names, *rows = csv.reader(text)
        yield from (f"{file.name}: {fault}" for fault in _slice(page.rows[number], rows))
        yield from (f"{file.name}: {fault}" for fault in _rests(table, names, file, pack))
        shown, height = len(page.rows[number]), heights[number - 1]
        if shown < height:
            cut = next(cuts, Piece("nothing of it", {"data-cut": ""}))
            said_ = cut.text if cut.marks["data-cut"] == f"{shown} {height}" else "something else"
            if f"{shown:,} of {height:,} rows" not in said_:
                yield f"{file.name}: {shown} of {height} rows are shown, and it says {cut.text!r}"
    if next(cuts, None):
        yield "a whole table says that it is cut"


def printed_heights(notebook: Path) -> list[int]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    kind = "application/vnd.cssm.table+json"
    return [one[kind]["height"] for one in data if kind in one]


def _slice(shown: list[list[str]], rows: list[list[str]]) -> Iterator[str]:
    """The printed rows are the first rows of the file."""
    if len(shown) > len(rows):
        yield f"{len(shown)} rows are printed, {len(rows)} stand in the file"
        return
    for number, (cells, values) in enumerate(zip(shown, rows, strict=False), 1):
        if len(cells) != len(values) or not all(map(same, cells, values)):
            yield f"row {number}: printed {cells}, in the file {values}"


def same(cell: str, value: str) -> bool:
    """A printed cell and the value of a CSV file: `−1,234` and -1234, `–` and nothing."""
    cell = " ".join(cell.split())
    if cell == NOTHING:
        return value in ("", NOTHING)
    if re.fullmatch(r"-?\d+ %", cell):
        return Decimal(cell[:-2]) == Decimal(str(round(float(value) * 100)))
    number, held = _number(cell), _number(value)
    if number is not None and held is not None:
        return number == held
    plain = {"true": "yes", "false": "no"}.get(value, value)
    if re.match(r"'[=+\-@\t\r]", plain):
        plain = plain[1:]
    return cell == " ".join(plain.split()) or cell.replace(".000000", "") == plain


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace("−", "-").replace(",", "").lstrip("+"))
    except InvalidOperation:
        return None


def _rests(table: str, names: list[str], file: Path, pack: Path) -> Iterator[str]:
    """Numbers and days of a printed table stand in rows of the table that it is printed from."""
    known = {**TABLES, **ANSWERS}
    if table not in known:
        return
    folder = pack / "tables" if table in ANSWERS else pack / "tables" / "source"
    whole = pl.read_parquet(folder / f"{table}.parquet")
    printed = pl.read_csv(file, infer_schema=False)
    shared = [
        name
        for name in names
        if name in whole.columns
        and (whole.schema[name].is_numeric() or whole.schema[name] == pl.Date)
    ]
    if not shared:
        return
    asked = printed.select(_typed(name, whole.schema[name]) for name in shared)
    whole = whole.with_columns(
        pl.col(name).round(places) for name, places in _places(printed, whole, shared).items()
    )
    if asked.join(whole, on=shared, how="anti", nulls_equal=True).height:
        yield f"rows of {table} with such {', '.join(shared)} do not stand in its file"


def _places(printed: pl.DataFrame, whole: pl.DataFrame, names: list[str]) -> dict[str, int]:
    """Decimal places to which a column is printed."""
    exact = [
        name for name in names if whole.schema[name].is_float() or whole.schema[name].is_decimal()
    ]
    return {
        name: printed[name].str.extract(r"\.(\d*?)0*$").str.len_chars().max() or 0 for name in exact
    }


def _typed(name: str, dtype: Any) -> pl.Expr:
    return pl.col(name).str.to_date() if dtype == pl.Date else pl.col(name).cast(dtype)


def _front(pack: Path, facts: list[dict[str, Any]], names: list[str]) -> Iterator[str]:
    page = read(pack / "index.html")
    sources = pl.read_parquet(pack / "tables" / "source" / "sources.parquet")
    notes = pl.read_parquet(pack / "tables" / "source" / "notes.parquet")
    rows = [table.row for table in {**TABLES, **ANSWERS}.values()]
    names = sorted(
        [*names, *rows, *_words(sources), *_words(notes), *_files(pack)], key=len, reverse=True
    )
    by_id = {fact["id"]: fact for fact in facts}
    for piece in page.pieces:
        if "data-fact" in piece.marks:
            yield from _fact(piece, by_id)
        elif "data-sums" in piece.marks or "data-files" in piece.marks:
            if piece.text not in _sums(sources) and not fixed(piece.text, names):
                yield f"not in sources: {piece.text!r}"
        elif DIGIT.search(piece.text) and not fixed(piece.text, names):
            yield f"a number that is no fact: {piece.text!r}"


def _words(frame: pl.DataFrame) -> list[str]:
    texts = frame.select(pl.col(pl.String)).unpivot()["value"].drop_nulls().unique().to_list()
    return [" ".join(text.split()) for text in texts]


def _files(pack: Path) -> list[str]:
    stems = [path.stem for path in pack.glob("*.ipynb")]
    return [*stems, *(path.relative_to(pack).as_posix() for path in pack.rglob("*.csv"))]


def _sums(sources: pl.DataFrame) -> set[str]:
    """Every number and day that the sources and their sums per kind can show."""
    counts = ["records", "used", "rejected", "repeated"]
    day = pl.col("snapshot_date")
    kinds = sources.group_by("kind").agg(
        pl.len(), pl.sum(*counts), day.min().alias("first"), day.max().alias("last")
    )
    values = [*kinds.drop("kind").rows(), *sources.select(*counts, "snapshot_date").rows()]
    shown = {
        f"{value:,}" if isinstance(value, int) else str(value) for row in values for value in row
    }
    return shown | {str(value) for row in values for value in row}
