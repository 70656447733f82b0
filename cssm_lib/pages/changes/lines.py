"""The lines of an agreement between two packs: what moved each, and the brief's numbers by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from cssm_lib.pages.facts import Figure
from cssm_lib.pages.labels import NOTHING, number_text
from cssm_lib.schema.answers.changes import CAUSES

UNIT = ["smart_account", "virtual_account", "license"]
LINE = ["agreement", "suite", "sku"]
# number of the brief → the column of `scenarios` that it adds up, and over which scenario
SUMS = {
    "ask": ("", "likely opening"),
    "position": ("", "after transfers and drops"),
    "cured": ("cured", "likely opening"),
}
COLUMNS = {"": ("quantity", "money"), "cured": ("cured", "cured_money")}
# what of a row makes its quantity, in words
MADE_OF = {
    "today": "today's quantity",
    "as_of": "in use",
    "peak": "peak",
    "short_units": "short in single accounts",
    "curable_units": "cured by transfer",
    "unreported": "on overdue reports",
    "retired": "retired in records",
    "duplicate": "registered twice",
    "dropped": "above the needed tier",
    "taken_over": "from a higher tier",
    "owned_on": "owned beyond the renewal",
    "planned": "planned",
    "headroom": "headroom",
}
Tables = Mapping[str, pl.DataFrame]


def by_line(figure: Figure) -> Figure | None:
    """A number of the brief as the sum over the rows of the renewal; None for any other figure.

    >>> asked = Figure("brief.ask", "Ask", "numbers", "money", where="number = 'ask'")
    >>> by_line(asked).where
    "scenario = 'likely opening'"
    """
    if figure.table != "numbers":
        return None
    number = figure.where.split("'")[1]
    if number not in SUMS:
        return None
    kind, scenario = SUMS[number]
    units, money = COLUMNS[kind]
    column = money if figure.column == "money" else units
    return replace(figure, table="scenarios", column=column, where=f"scenario = '{scenario}'")


def main_cause(moved: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """At each key the cause that moved the most units, ties in the order of `CAUSES`.

    Columns: the key, cause, why, and moved: the units of all causes together.
    """
    order = {cause: place for place, cause in enumerate(CAUSES)}
    sums = moved.group_by(*key, "cause").agg(
        pl.col("units").abs().sum(), pl.col("why").sort_by(pl.col("units").abs()).last()
    )
    place = pl.col("cause").replace_strict(order, default=99)
    ordered = sums.sort([pl.col("units"), place], descending=[True, False])
    return ordered.group_by(key, maintain_order=True).agg(
        pl.col("cause", "why").first(), moved=pl.col("units").sum()
    )


def line_causes(before: Tables, after: Tables, moved: pl.DataFrame) -> pl.DataFrame:
    """One row per line in which something moved, with cause and why.

    A line of licences: the cause that moved the most units of them, in either pack's scope. A line
    counted otherwise, such as by users: deployed or removed, by the two counts.
    """
    places = pl.concat(tables["unit_prices"].select(*UNIT, *LINE) for tables in (before, after))
    of_licences = moved.join(places.unique(), on=UNIT, nulls_equal=True)
    sides = [
        tables["renewal"].filter(pl.col("sku").is_not_null()).select(*LINE, "counted", "as_of")
        for tables in (before, after)
    ]
    pairs = sides[0].join(sides[1], on=[*LINE, "counted"], suffix="_now", nulls_equal=True)
    up = pl.col("as_of_now") > pl.col("as_of")
    counts = (number_text(pl.col(name)) for name in ("as_of", "as_of_now"))
    counted = pairs.filter(pl.col("as_of_now") != pl.col("as_of")).select(
        *LINE,
        cause=pl.when(up).then(pl.lit("deployed")).otherwise(pl.lit("removed")),
        why=pl.format("the count ({}) went from {} to {}", "counted", *counts),
        moved=(pl.col("as_of_now") - pl.col("as_of")).abs(),
    )
    found = main_cause(of_licences, LINE)
    return pl.concat([found, counted.join(found, on=LINE, how="anti", nulls_equal=True)])


def repriced(before: Tables, after: Tables) -> pl.DataFrame:
    """One row per scenario and line whose unit price differs: no unit made that difference."""
    key = ["scenario", *LINE]
    sides = [tables["scenarios"].select(*key, "month_price") for tables in (before, after)]
    pairs = sides[0].drop_nulls("sku").join(sides[1], on=key, suffix="_now", nulls_equal=True)
    changed = pl.col("month_price").ne_missing(pl.col("month_price_now"))
    return (
        pairs.filter(changed)
        .select(*key, cause=pl.lit("data"), why=pl.lit("the price or its range differs"))
        .unique()
    )


def reworked(before: Tables, after: Tables) -> pl.DataFrame:
    """One row per row of the renewal of which some number differs, with these numbers as evidence.

    It speaks where no unit moved: records, plans and windows are data.
    """
    key = [*LINE, "smart_account", "license"]
    sides = [tables["renewal"].select(*key, *MADE_OF) for tables in (before, after)]
    pairs = sides[0].join(sides[1], on=key, suffix="_now", nulls_equal=True)
    told = [
        pl.when(pl.col(name).ne_missing(pl.col(f"{name}_now"))).then(
            pl.format("{} {} → {}", pl.lit(words), _count(name), _count(f"{name}_now"))
        )
        for name, words in MADE_OF.items()
    ]
    why = pl.concat_str(told, separator=", ", ignore_nulls=True)
    found = pairs.select(*key, cause=pl.lit("data"), why=why).filter(pl.col("why") != "")
    return found.with_columns(why=pl.format("no unit moved; {}", "why"))


def _count(name: str) -> pl.Expr:
    return number_text(pl.col(name)).fill_null(NOTHING)
