"""What the readers of JSON exports share: an export told by its keys, records, fields, faults.

A file is taken apart into its documents once, whatever way its pages were saved; every document
goes to the first export that knows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from cssm_lib.read.documents import FOUND, documents
from cssm_lib.read.source import FAULT, FAULT_VALUE, Found

Frames = dict[str, pl.DataFrame]


def _nothing(docs: pl.DataFrame) -> list[str]:
    return []


@dataclass(frozen=True)
class Export:
    """A JSON export: its kind, the keys that tell it, a document's schema and its reader.

    `read` gets one row a document with its `place`, and gives text frames by table. `notes` says
    what a reader must know, such as pages that are missing.
    """

    kind: str
    tells: Callable[[Mapping[str, Any]], bool]
    schema: pl.Struct
    read: Callable[[pl.DataFrame], Frames]
    notes: Callable[[pl.DataFrame], list[str]] = _nothing


def read_exports(roots: list[Any], exports: Iterable[Export]) -> Found | None:
    """What the first fitting export of each document says; nothing where no export knows any.

    `roots` are the root values of the text. A document stands alone, in a list, or in a list of
    pages that are lists; its place is its JSON pointer. A page that no export knows is a fault,
    unless it holds nothing but empty lists.

    >>> read_exports([{"some": "thing"}], []) is None
    True
    """
    groups: dict[int, list[tuple[str, Any]]] = {}
    known = list(exports)
    for place, value in _placed(roots):
        groups.setdefault(_which(value, known), []).append((place, value))
    strange = [pair for pair in groups.pop(-1, []) if not _hollow(pair[1])]
    if not groups:
        return None
    parts = [(known[n], _docs(pairs, known[n].schema)) for n, pairs in sorted(groups.items())]
    tables = [export.read(docs) for export, docs in parts]
    first = next(iter(tables[0]))
    return Found(
        kind=" + ".join(dict.fromkeys(export.kind for export, _ in parts)),
        tables=_together([*tables, {first: _unread(strange)}]),
        pages=tuple((None, docs.height) for _, docs in parts),
        notes=tuple(note for export, docs in parts for note in export.notes(docs)),
    )


def _placed(roots: list[Any]) -> Iterator[tuple[str, Any]]:
    if len(roots) == 1 and not isinstance(roots[0], list):
        yield "", roots[0]
        return
    flat = roots[0] if len(roots) == 1 else roots
    for n, value in enumerate(flat):
        if isinstance(value, list):
            yield from ((f"/{n}/{m}", inner) for m, inner in enumerate(value))
        else:
            yield f"/{n}", value


def _which(value: Any, exports: list[Export]) -> int:
    if not isinstance(value, dict):
        return -1
    return next((n for n, export in enumerate(exports) if export.tells(value)), -1)


def _hollow(value: Any) -> bool:
    """Whether it is the page after the last one: lists, and all of them empty."""
    inside = value.values() if isinstance(value, dict) else ()
    lists = [inner for inner in inside if isinstance(inner, list)]
    return bool(lists) and not any(lists)


def _docs(pairs: list[tuple[str, Any]], schema: pl.Struct) -> pl.DataFrame:
    places = pl.Series("place", [place for place, _ in pairs], dtype=pl.String)
    docs = documents(json.dumps([value for _, value in pairs]), schema)
    return docs.with_columns(places)


def _unread(pairs: list[tuple[str, Any]]) -> pl.DataFrame:
    rows = {
        "place": [place for place, _ in pairs],
        FAULT: ["not an object" if not isinstance(v, dict) else _STRANGE for _, v in pairs],
        FAULT_VALUE: [_shown(value) for _, value in pairs],
    }
    return pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String))


_STRANGE = "a page without records"


def _shown(value: Any) -> str:
    said = value.get("statusMessage") or value.get("message") if isinstance(value, dict) else value
    text = said if isinstance(said, str) and said else json.dumps(value, ensure_ascii=False)
    return text[:200].encode("utf-8", "replace").decode()


def _together(parts: list[Frames]) -> Frames:
    tables: dict[str, list[pl.DataFrame]] = {}
    for part in parts:
        for name, frame in part.items():
            tables.setdefault(name, []).append(frame)
    return {name: pl.concat(frames, how="diagonal") for name, frames in tables.items()}


def first_of(value: Any) -> Mapping[str, Any]:
    """The first object of a list, the object itself, or an empty one.

    >>> first_of([{"a": 1}, {"b": 2}]), first_of("x")
    ({'a': 1}, {})
    """
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    return value if isinstance(value, dict) else {}


def items(frame: pl.DataFrame, column: str, *, path: str | None = None) -> pl.DataFrame:
    """One row an element of the list: `item`, its place, and the frame's other columns."""
    place = pl.format(f"{{}}/{path or column}/{{}}", "place", "n")
    return (
        frame.filter(pl.col(column).list.len() > 0)
        .with_columns(pl.int_ranges(pl.col(column).list.len()).alias("n"))
        .rename({column: "item"})
        .explode("item", "n")
        .with_columns(place.alias("place"))
        .drop("n")
    )


def records(docs: pl.DataFrame) -> pl.DataFrame:
    """One row a document that is itself the record: `place` and `item`."""
    return docs.select("place", pl.struct(pl.all().exclude("place")).alias("item"))


def field(*path: str) -> pl.Expr:
    """A field of the item, by its path."""
    found = pl.col("item")
    for name in path:
        found = found.struct.field(name)
    return found


def fields(**columns: str) -> list[pl.Expr]:
    """Columns by the names of the item's fields."""
    return [field(name).alias(column) for column, name in columns.items()]


def named(*names: str) -> list[pl.Expr]:
    """The item's fields as columns of the same name, in the project's spelling."""
    return [field(name).alias(snake(name)) for name in names]


def snake(name: str) -> str:
    """A field's name in the project's spelling.

    >>> (
    ...     snake("preEAConsumption"),
    ...     snake("EndOfSWMaintenanceReleases"),
    ...     snake("c1ToDNAMigratedCount"),
    ... )
    ('pre_ea_consumption', 'end_of_sw_maintenance_releases', 'c1_to_dna_migrated_count')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def faults() -> list[pl.Expr]:
    """The reason why a record that is no object cannot be read, beside what stands there."""
    found = pl.when(pl.col("item").is_null()).then(pl.lit("null")).otherwise(field(FOUND))
    reason = pl.when(found.is_not_null()).then(pl.lit("not an object"))
    return [reason.alias(FAULT), found.alias(FAULT_VALUE)]


def listed_as(shape: str, source: pl.Expr, *names: str) -> pl.Expr:
    """A list of objects as one text, each by the shape; parts that are not there leave it out."""
    parts = [pl.element().struct.field(name) for name in names]
    return source.list.eval(pl.format(shape, *parts)).list.join(", ")


def words(source: pl.Expr) -> pl.Expr:
    """A list of texts as one text."""
    return source.list.join(", ")
