"""What is known of some devices, held small: texts that millions of rows repeat are codes."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from polars import selectors as cs


@dataclass(frozen=True)
class Heard:
    """Some devices, each whole: nobody says anything of them elsewhere.

    `told` is of told_by_day, `licensed` of licensed_days, `used` of last_used; `pids` has the last
    product identifier that anybody says of a device, in `known_pid`.
    """

    told: pl.DataFrame
    licensed: pl.DataFrame
    used: pl.DataFrame
    pids: pl.DataFrame


def coded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each text as a code, a quarter of the size at most.

    >>> spelled(coded(pl.DataFrame({"tier": ["advantage"]})))["tier"].item()
    'advantage'
    """
    return frame.with_columns(cs.string().cast(pl.Categorical))


def spelled(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its texts as texts again; device and part stay in the order of their text."""
    return frame.with_columns(cs.categorical().cast(pl.String))
