"""The printed tables of the pages as files, so that every one is a slice of a file in `tables/`."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import polars as pl

from cssm_lib.answers.write import write_table
from cssm_lib.pages.facts import TABLE_MIME
from cssm_lib.pages.pack import Page
from cssm_lib.pages.pack.contents import held_outputs
from cssm_lib.pages.pack.names import safe_name

PRINTED = "printed"


def write_printed(folder: Path, pages: Iterable[Page]) -> list[Path]:
    """Write `<page>_<number>_<table>.csv` for every printed table, numbered down the page."""
    return [
        write_table(
            _rows(held), folder / f"{page.stem}_{number:02}_{safe_name(held['table'])}", "csv"
        )
        for page in pages
        for number, held in enumerate(held_outputs(page.notebook, TABLE_MIME), 1)
    ]


def _rows(held: dict[str, str]) -> pl.DataFrame:
    return pl.read_parquet(BytesIO(base64.b64decode(held["parquet"])))


def only(folder: Path, written: Iterable[Path]) -> None:
    """Remove every file under a folder that this run did not write: an older run left it."""
    keep = set(written)
    for path in folder.rglob("*"):
        if path.is_file() and path not in keep:
            path.unlink()
