"""How a figure of a page is written down: one line says of which table, column and rows it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from cssm_lib.schema.aggregates import value_of

MONEY = "currency"


@dataclass(frozen=True)
class Figure:
    """How a headline figure is made: rows of `table` that fit `where`, `column`, `aggregate`."""

    id: str
    label: str
    table: str
    column: str
    aggregate: str = "sum"
    where: str = ""
    unit: str = "units"
    tone: str = ""
    otherwise: str = ""  # the figure that stands in where this one has no value
    unpriced: str = ""  # the figure of what has no price, so that this money does not tell of it

    def value(self, frame: pl.DataFrame) -> Any:
        """The figure made from the rows of its table."""
        how = {"column": self.column, "aggregate": self.aggregate, "where": self.where}
        return value_of(frame, **how)


def figure(id_: str, label: str, made: str, **more: str) -> Figure:
    """`made` is "aggregate of table.column".

    >>> figure("files", "Files", "count of sources.source").aggregate
    'count'
    """
    aggregate, _, place = made.partition(" of ")
    table, _, column = place.partition(".")
    return Figure(id_, label, table, column, aggregate, **more)


def unpriced(id_: str, made: str, label: str = "Without a price", **more: str) -> Figure:
    """What stands in no money of a page; the label goes on where the number ends.

    >>> unpriced("unpriced", "count of renewal.money", unit="rows").label
    'Without a price'
    """
    return figure(id_, label, made, **more)


def named(page: str, figures: tuple[Figure, ...]) -> dict[str, Figure]:
    """The figures by `page.id`, the name by which sentences and headlines call them."""
    return {f"{page}.{one.id}": replace(one, id=f"{page}.{one.id}") for one in figures}


def headline(page: str, *names: str) -> list[str]:
    """The figures that head a page, in order."""
    return [f"{page}.{name}" for name in names]
