"""JSON text to one frame: one row a document, every leaf a String, whatever the file's types.

Polars parses the text itself; the standard library is asked only where a type does not fit the
schema or where the text is broken and a message needs its line and column.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

import polars as pl

# a record that is no object stands here as its own JSON text
FOUND = "__found"
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def struct(*leaves: str, **nested: pl.DataType) -> pl.Struct:
    """A record whose leaves are text.

    >>> struct("license").fields[0]
    Field('license', String)
    """
    return pl.Struct(dict.fromkeys(leaves, pl.String) | nested | {FOUND: pl.String})


def documents(text: str, schema: pl.Struct) -> pl.DataFrame:
    """One row a document: the root object, each element of a root list, or each of several roots.

    Numbers, big ones too, and truth values arrive as their own text. Raises json.JSONDecodeError
    with line and column where the text is no JSON, RecursionError where it is nested without end.

    >>> documents('{"quantity": 773126444402795033}', struct("quantity"))["quantity"].item()
    '773126444402795033'
    """
    frame = _parsed(_by_lines(text) or text, schema)
    if frame is not None:
        return frame
    roots, spans = _roots(text)
    if len(spans) > 1:
        frame = _parsed("[" + ",".join(text[start:end] for start, end in spans) + "]", schema)
        if frame is not None:
            return frame
    return _fitted_frame(roots, schema)


def single(text: str, docs: pl.DataFrame) -> bool:
    """Whether the file is one object, so that places need no document number."""
    return docs.height == 1 and first_letter(text) == "{"


def first_letter(text: str) -> str:
    """The first character that is no blank, or nothing.

    >>> first_letter(" [1]")
    '['
    """
    found = re.search(r"\S", text)
    return found.group() if found else ""


def values(text: str) -> list[Any]:
    """The root values of the text by the standard library, every scalar as text or truth value.

    >>> values('{"a": 1}')
    [{'a': '1'}]
    """
    return _roots(text)[0]


def _parsed(text: str, schema: pl.Struct) -> pl.DataFrame | None:
    fields = {field.name: field.dtype for field in schema.fields}
    try:
        return pl.read_json(io.BytesIO(text.encode()), schema=fields)
    except pl.exceptions.PolarsError:
        return None


def _by_lines(text: str) -> str | None:
    """One document a line, as a list; null where the lines are not whole objects."""
    if not text.partition("\n")[0].rstrip().endswith("}"):
        return None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    whole = len(lines) > 1 and all(line[0] == "{" and line[-1] == "}" for line in lines)
    return "[" + ",".join(lines) + "]" if whole else None


def _roots(text: str) -> tuple[list[Any], list[tuple[int, int]]]:
    """Every root value and where it stands; several roots may follow each other."""
    found, spans, at = [], [], _skip(text, 0)
    while at < len(text) or not found:
        value, end = _DECODER.raw_decode(text, at)
        found.append(value)
        spans.append((at, end))
        at = _skip(text, end)
    return found, spans


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _fitted_frame(roots: list[Any], schema: pl.Struct) -> pl.DataFrame:
    flat = [item for root in roots for item in (root if isinstance(root, list) else [root])]
    rows = [_fitted(item, schema) or {FOUND: "null"} for item in flat]
    # parsing the fitted rows anew is many times faster than building a nested frame from objects
    frame = _parsed(json.dumps(rows, ensure_ascii=False), schema)
    assert frame is not None, "a fitted document fits"
    return frame


def _fitted(value: Any, dtype: Any) -> Any:
    """The value in the schema's shape; what does not fit becomes its own text."""
    if isinstance(dtype, pl.List):
        return _fitted_list(value, dtype)
    if isinstance(dtype, pl.Struct):
        if isinstance(value, dict):
            return {
                field.name: _fitted(value.get(field.name), field.dtype) for field in dtype.fields
            }
        return None if value is None else {FOUND: _as_text(value)}
    return _as_text(value)


def _fitted_list(value: Any, dtype: pl.List) -> list[Any] | None:
    if value is None or value == "":
        return None
    return [_fitted(item, dtype.inner) for item in (value if isinstance(value, list) else [value])]


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # half a surrogate pair is legal in JSON and has no UTF-8
    return said.encode("utf-8", "replace").decode("utf-8")
