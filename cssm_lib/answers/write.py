"""Tables as files for other programs: CSV that a spreadsheet opens safely, Parquet as it is."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import Literal

import polars as pl

from cssm_lib.whole import whole

Format = Literal["csv", "parquet"]
# rows of a CSV that are put into text at a time
AT_ONCE = 250_000
RISKY_START = r"^([=+\-@\t\r])"


def write_table(
    frame: pl.DataFrame, path: Path, format_: Format, audience: str = "internal"
) -> Path:
    """Write one table as `path` with the ending of its format.

    Parquet carries its audience in its metadata; in a CSV a mark would be a row of data, so the
    folder that holds it says whose it is.

    CSV: UTF-8 with BOM, ISO dates, `true`/`false`, empty for null, money with at least two
    decimals; text that a spreadsheet could take for a formula gets an apostrophe. Parquet is raw.
    """
    file = path.with_name(f"{path.name}.{format_}")
    if format_ == "parquet":
        with whole(file) as draft:
            frame.write_parquet(draft, metadata={"cssm.audience": audience})
    else:
        with whole(file) as draft, draft.open("wb") as text:
            text.write(BOM_UTF8)
            for first in range(0, frame.height or 1, AT_ONCE):
                text.write(csv_text(frame.slice(first, AT_ONCE), header=not first).encode())
    return file


def csv_text(frame: pl.DataFrame, header: bool = True) -> str:
    """The table as CSV text, harmless in a spreadsheet.

    >>> print(csv_text(pl.DataFrame({"name": ["=1+1", None], "units": [-3, 4]})), end="")
    name,units
    '=1+1,-3
    ,4
    """
    return frame.select(_printed(frame, name) for name in frame.columns).write_csv(
        include_header=header
    )


def _printed(frame: pl.DataFrame, name: str) -> pl.Expr:
    dtype, column = frame.schema[name], pl.col(name)
    if dtype == pl.String:
        return column.str.replace(RISKY_START, "'$1")
    if dtype.is_decimal():
        # 43200.000000 → 43200.00, 0.012500 → 0.0125
        return column.cast(pl.String).str.replace(r"(\.\d\d\d*?)0+$", "$1")
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return column
