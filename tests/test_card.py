"""The card of right answers in data/sample/README.md, cell by cell."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import cssm_lib

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
HEADER = ["client", "table", "row", "column", "value", "why"]


def cells():
    """The rows of every Markdown table with the card's header."""
    rows, inside = [], False
    for line in (SAMPLE / "README.md").read_text("utf-8").splitlines():
        parts = [part.strip() for part in line.strip().strip("|").split("|")]
        if parts == HEADER:
            inside = True
        elif inside and line.startswith("|") and not set(line) <= set("|-: "):
            rows.append(dict(zip(HEADER, parts, strict=True)))
        elif not line.startswith("|"):
            inside = False
    return rows


CARD = cells()


@cache
def answers(client: str):
    return cssm_lib.open_client(SAMPLE / client)


def matching(frame: pl.DataFrame, row: str) -> pl.DataFrame:
    for condition in row.split(";"):
        column, value = (part.strip() for part in condition.split("=", 1))
        text = pl.col(column).cast(pl.String)
        frame = frame.filter(text.is_null() if value == "" else text == value)
    return frame


def typed(value: str, like: object):
    if value == "":
        return None
    if isinstance(like, bool):
        return value == "true"
    if isinstance(like, int):
        return int(value)
    if isinstance(like, Decimal):
        return Decimal(value)
    if isinstance(like, float):
        return pytest.approx(float(value), abs=5e-5)
    if isinstance(like, dt.date):
        return dt.date.fromisoformat(value)
    return value


def test_the_card_is_long_enough_to_prove_something():
    assert len(CARD) >= 60
    assert {cell["client"] for cell in CARD} == {"alder", "birch", "cedar"}


@pytest.mark.parametrize(
    "cell", CARD, ids=[f"{c['client']}-{c['table']}-{c['column']}-{n}" for n, c in enumerate(CARD)]
)
def test_cell(cell):
    found = matching(answers(cell["client"])[cell["table"]], cell["row"])
    assert found.height == 1, f"{cell['row']} selects {found.height} rows"
    value = found[cell["column"]].item()
    assert value == typed(cell["value"], value), cell["why"]
