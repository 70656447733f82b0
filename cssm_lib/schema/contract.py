"""What a table contract is made of: columns with type and unit, keys, rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

DATE, INT, TEXT, BOOL, SHARE = pl.Date, pl.Int64, pl.String, pl.Boolean, pl.Float64
INSTANT = pl.Datetime("us", "UTC")
MONEY = pl.Decimal(38, 6)
UNITS = pl.Decimal(38, 6)


@dataclass(frozen=True)
class Column:
    """One column: its name, type, unit and what a value of it says."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    says: str
    unit: str = ""
    required: bool = False


@dataclass(frozen=True)
class Rests:
    """Which rows of another table a row of this one rests on, so that a figure can be traced.

    `on` names the columns that must be equal, as `serial` or `hostname = device` (this table's =
    the other's); nulls are equal too. `via` is a table in between, joined on the columns it shares
    with this one, that adds columns for `on`. `day` says which days of the other table count, by a
    day of this one: "newest measured_on" (each account's last on or before it), "until event_date"
    (all up to it); "… = as_at" where the other's day is no snapshot_date. `columns` are those
    of this table that it holds for (empty: all), `where` its rows (polars SQL; columns of `via`
    too), `takes` the columns of an answer table through which the trace goes on.
    """

    table: str
    on: tuple[str, ...] = ()
    via: str = ""
    day: str = ""
    columns: tuple[str, ...] = ()
    where: str = ""
    takes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its columns, its key and the rules that a row must keep.

    `rules` maps the rule's name, as it stands in `rejects`, to a condition in polars SQL; `rests`
    says what a computed row rests on. A row with `source` and `place` stands for itself.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    rules: dict[str, str] = field(default_factory=dict)
    rests: tuple[Rests, ...] = ()

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]

    @cached_property
    def schema(self) -> pl.Schema:
        """The columns with their types, in order, as a frame in shape has them."""
        return pl.Schema(self.dtypes)

    @property
    def dtypes(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """The type of each column, in order."""
        return {column.name: column.dtype for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """No row, every column with its type."""
        return pl.DataFrame(schema=self.dtypes)

    def shaped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly the contract's columns, in order; what is missing is null."""
        there = frame.schema
        if all(there.get(name) == dtype for name, dtype in self.schema.items()):
            return frame[self.names]
        return frame.select(
            name if there.get(name) == dtype else _cast(name, dtype, name in there)
            for name, dtype in self.schema.items()
        )


def _cast(name: str, dtype: pl.DataType, there: bool) -> pl.Expr:
    return (pl.col(name) if there else pl.lit(None)).cast(dtype).alias(name)


def text(name: str, says: str, required: bool = False) -> Column:
    """A column of text."""
    return Column(name, TEXT, says, required=required)


def count(name: str, says: str, required: bool = False, unit: str = "licences") -> Column:
    """A column of whole numbers."""
    return Column(name, INT, says, unit=unit, required=required)


def date(name: str, says: str) -> Column:
    """A column of days."""
    return Column(name, DATE, says, unit="day")


SNAPSHOT = date("snapshot_date", "the day the export shows; null where no file says it")
SMART_ACCOUNT = text("smart_account", "the Smart Account; null where no file says it")
VIRTUAL_ACCOUNT = text("virtual_account", "the Virtual Account, white space tidied")
LICENSE = text("license", "the licence's name, white space tidied", required=True)
LICENSE_RAW = text("license_raw", "the name letter by letter as it stands in the file")
TAG = text("tag", "the entitlement tag (regid…), where the file has it")
PLACED = (
    text("source", "the file, relative to the client folder"),
    text("place", "JSON pointer, row or line in that file"),
)
HOLDING = (SNAPSHOT, SMART_ACCOUNT, VIRTUAL_ACCOUNT)
INSTANCE = (
    SMART_ACCOUNT,
    VIRTUAL_ACCOUNT,
    text("serial", "serial number as printed"),
    text("uuid", "identifier of a software instance"),
    text("hostname", "host name, null where it is not sent"),
    text("product", "product identifier, else the product's name"),
)
