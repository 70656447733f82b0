"""Every file of a folder of packs as text that hides nothing, to look for what must not be there.

Not a test: loaded with `runpy` by the tests beside it.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import polars as pl

TABLE = "application/vnd.cssm.table+json"
# the one script that is the same in all pages; charts and their data stay
LIBRARY = re.compile(r'<script type="module">.*?</script>', re.DOTALL)


def texts(out: Path) -> Iterator[tuple[str, str]]:
    """The name of every file, then its text: workbooks part by part, tables with their metadata."""
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        yield "the name of a file", name
        if path.is_file():
            yield from ((f"{name}{part}", shown(text)) for part, text in _parts(path))


def _parts(path: Path) -> Iterator[tuple[str, str]]:
    if path.suffix == ".parquet":
        yield from _table(path.read_bytes())
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            yield "!comment", book.comment.decode()
            for part in book.namelist():
                yield f"!{part}", book.read(part).decode("utf-8", "replace")
    else:
        text = path.read_text("utf-8-sig")
        yield "", LIBRARY.sub("", text)
        if path.suffix == ".ipynb":
            for cell in json.loads(text)["cells"]:
                for output in cell.get("outputs", []):
                    held = output.get("data", {}).get(TABLE, {})
                    yield from _table(base64.b64decode(held["parquet"])) if held else ()


def _table(data: bytes) -> Iterator[tuple[str, str]]:
    yield "", pl.read_parquet(data).write_json()
    yield " (metadata)", str(pl.read_parquet_metadata(io.BytesIO(data)))


def shown(text: str) -> str:
    r"""A text without the escapes of HTML, JSON, Markdown and calendars, in which a name can hide.

    >>> shown("A &amp; B \\u0026 C\\_D E\r\n F")
    'A & B & C_D EF'
    """
    text = unescape(text.replace("\r\n ", ""))
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"\\([^\w\s])|\\(?=_)", lambda found: found[1] or "", text)
