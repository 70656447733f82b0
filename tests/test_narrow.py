"""Large tables are held in less memory and stay what they are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import cssm_lib
from cssm_lib import client
from cssm_lib.clean import narrow
from cssm_lib.clean.narrow import narrowed
from cssm_lib.schema import TABLES

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
ROWS = 60_000
LONG = "C9300 48P Network Advantage, Ω and =cmd()"


def table() -> pl.DataFrame:
    """Texts that repeat, that do not, that are missing, that are short, and two equal columns."""
    number = pl.int_range(ROWS, eager=True)
    few, each = (number % 7).cast(pl.String), number.cast(pl.String)
    return pl.DataFrame(
        {
            "quantity": number,
            "license": few + LONG,
            "license_raw": few + LONG,
            "tag": (few + LONG).set(number % 3 == 0, None),
            "place": each + " of many different places",
            "virtual_account": few,
            "smart_account": pl.Series([LONG] * ROWS),
            "uuid": pl.Series([None] * ROWS, dtype=pl.String),
            "now": number % 2 == 0,
        }
    )


def held(frame: pl.DataFrame) -> int:
    """Bytes of all buffers of a frame's columns, each buffer once."""
    found = {}
    for column in frame.get_columns():
        array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
        found |= {part.address: part.size for part in array.buffers() if part is not None}
    return sum(found.values())


def test_a_large_table_is_the_same_in_less_memory() -> None:
    frame = table()
    texts = frame.select("license", "license_raw", "tag")
    less = narrowed(frame)
    assert less.equals(frame)
    assert less.schema == frame.schema
    # three columns of 16 bytes a row and their texts become two of 16 bytes, with seven texts
    assert held(less.select(texts.columns)) < 2 * 17 * ROWS < held(texts) / 2


def test_a_column_that_differs_from_its_twin_stays() -> None:
    frame = table().with_columns(
        pl.when(pl.col("quantity") == 5)
        .then(pl.lit("other"))
        .otherwise("license_raw")
        .alias("license_raw")
    )
    assert narrowed(frame).equals(frame)


@pytest.mark.parametrize("height", [0, 1, narrow.LARGE - 1])
def test_a_small_table_is_not_touched(height: int) -> None:
    frame = table().head(height)
    assert narrowed(frame) is frame


def test_a_table_of_constants_keeps_its_rows() -> None:
    frame = pl.DataFrame({"license": ["A"] * ROWS, "tag": [None] * ROWS})
    assert narrowed(frame).equals(frame)


def test_a_client_held_small_is_the_same_client(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = cssm_lib.open_client(SAMPLE / "birch")
    monkeypatch.setattr(narrow, "LARGE", 1)
    small = client.load_client(SAMPLE / "birch").tables
    own = set(TABLES) - {"notes"}  # the answers add notes of their own
    assert {name for name in own if not small[name].equals(answers[name])} == set()
