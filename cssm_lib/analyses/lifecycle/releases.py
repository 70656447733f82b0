"""Release numbers that can be compared: 17.9.4a, 17.09.04, 15.2(7)E3."""

from __future__ import annotations

import polars as pl

PARTS = r"^\D*(\d+)\.(\d+)(?:[.(](\d+)\)?)?([a-zA-Z]*)(\d*)"


def train(release: pl.Expr) -> pl.Expr:
    """Major and minor number as one: 17.12.4 → 17012; null where it cannot be read.

    >>> pl.select(train(pl.lit("17.12.04"))).item()
    17012
    """
    part = release.str.extract_groups(PARTS).struct
    return part.field("1").cast(pl.Int64) * 1000 + part.field("2").cast(pl.Int64)


def rank(release: pl.Expr) -> pl.Expr:
    """A number that grows with the release inside its family; null where it cannot be read.

    >>> found = pl.DataFrame({"r": ["17.9.4", "17.9.4a", "17.09.05", "17.12.1"]})
    >>> found.select(rank(pl.col("r"))).to_series().is_sorted()
    True
    """
    part = release.str.extract_groups(PARTS).struct
    maintenance = part.field("3").cast(pl.Int64).fill_null(0)
    letters = part.field("4").str.to_lowercase()
    letter = letters.str.head(1).str.replace_many(list(LETTERS), list(LETTERS.values()))
    step = pl.when(letters == "").then(pl.lit("0")).otherwise(letter).cast(pl.Int64, strict=False)
    rebuild = pl.when(part.field("5") == "").then(pl.lit("0")).otherwise(part.field("5"))
    number = (train(release) * 1000 + maintenance) * 100 + step.fill_null(0)
    return number * 1000 + rebuild.cast(pl.Int64, strict=False).fill_null(0)


LETTERS = {letter: str(place) for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz", 1)}
