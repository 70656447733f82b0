"""The rows of the newest day at or before `as_of`: a copy of yesterday adds nothing."""

from __future__ import annotations

import datetime as dt

import polars as pl

DAY = pl.col("snapshot_date")


def newest(frame: pl.DataFrame, as_of: dt.date | None, *, by: str | None = None) -> pl.DataFrame:
    """The newest rows, of each group `by` if one is named; undated rows where none is dated.

    >>> rows = pl.DataFrame({"model": ["MR", "MR"], "snapshot_date": [dt.date(2026, 1, 1), None]})
    >>> newest(rows, dt.date(2026, 2, 1), by="model").height
    1
    """
    until = frame if as_of is None else frame.filter((as_of >= DAY).fill_null(True))
    last = DAY.max().over(by) if by else DAY.max()
    return until.filter(DAY.eq_missing(last))
