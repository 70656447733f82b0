"""Settled events as the rows that are printed: doubt, kind and outcome in words, exact decimals."""

from __future__ import annotations

from functools import cache

import polars as pl

from cssm_lib.analyses.true_forward.money import MICRO, decimal, half_up
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.analyses.true_forward.settled import charged
from cssm_lib.schema import ANSWERS

_SIDES = ("before", "after")


def printed(settled: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """The table true_forward of settled events, `line` a row of `terms`.

    The agreement's own way with outside stock has a row, the other way's charge stands beside it.
    The rows are those of one line after the other, month after month, both ways side by side.
    """
    rows = _own_way(_doubted(settled))
    return rows.hstack(terms.select(_of_line())[rows["line"]]).select(_columns())


def counted(side: str = "") -> pl.Expr:
    """What stands against the base: outside stock is taken off where the way says so."""
    value = pl.col(f"value{side}")
    off = pl.col("taken_off") & ~pl.col("accounts")
    owned = pl.when(off).then(pl.col(f"outside{side}").fill_null(0)).otherwise(0)
    return (value - owned).alias("counted")


def _doubted(settled: pl.DataFrame) -> pl.DataFrame:
    """The events with what is not known of them and of those before: most agreements lack nothing.

    Adds undecided, uncertain (the first undecided event before: it left the base as it was), blind
    (a line of its suite is undecided) and what undecided events would charge by the snapshots
    before and after them.
    """
    rows = settled.with_columns(_silent())
    if not rows["silent"].any():
        return rows.with_columns(_no_doubt())
    return _neighbours(rows).with_columns(_undecided()).with_columns(_doubt())


@cache
def _silent() -> pl.Expr:
    """An event so far of which nothing is known."""
    return (pl.col("over").is_null() & ~pl.col("ahead")).alias("silent")


@cache
def _no_doubt() -> list[pl.Expr]:
    return [
        *(pl.lit(None, pl.Int128).alias(f"charge_if_{side}") for side in _SIDES),
        *(pl.lit(False).alias(name) for name in ("undecided", "blind")),
        pl.col("open_since").alias("uncertain"),
    ]


def _neighbours(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the units and the charge of silent ones by the snapshots around them."""
    numbered = rows.with_row_index("row")
    silent = numbered.filter("silent")
    if all(silent[f"value_{side}"].null_count() == silent.height for side in _SIDES):
        none = [f"{name}_{side}" for name in ("over", "charge_if") for side in _SIDES]
        return rows.with_columns(pl.lit(None, pl.Int128).alias(name) for name in none)
    found = [
        charged(silent.with_columns(counted(f"_{side}"))).select(
            pl.col("over").alias(f"over_{side}"), pl.col("charge").alias(f"charge_if_{side}")
        )
        for side in _SIDES
    ]
    around = pl.concat([silent.select("row"), *found], how="horizontal")
    return numbered.join(around, on="row", how="left", maintain_order="left")


@cache
def _undecided() -> pl.Expr:
    """An early event without a value is open only where a neighbouring one would be charged."""
    matters = (pl.col("over_before") > 0) | (pl.col("over_after") > 0)
    open_ = ~pl.col("early") | matters.fill_null(False)
    return (pl.col("silent") & open_).alias("undecided")


@cache
def _doubt() -> list[pl.Expr]:
    """The first undecided event before, and whether the suite's credit lacks an undecided line."""
    day, left = pl.col("event_date"), pl.col("undecided") & ~pl.col("too_late")
    first = pl.when(left).then(day).min().over("chain")
    since = pl.min_horizontal("open_since", first)
    return [
        pl.when(day > since).then(since).alias("uncertain"),
        (pl.col("silent").any().over("deal") & pl.col("shifts")).alias("blind"),
    ]


@cache
def _shown() -> pl.Expr:
    """Early events have a row only where they charge, may charge, or give value to their suite."""
    charges = (pl.col("over") > 0).fill_null(False)
    gives = (pl.col("residual") > 0).fill_null(False) & (pl.col("shift") > 0)
    return ~pl.col("early") | pl.col("ahead") | pl.col("undecided") | charges | gives


def _own_way(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the agreement's own way that are shown, with the charge of the other way."""
    if (rows["taken_off"] == rows["offsets"]).all():
        return rows.filter(_shown()).with_columns(other="charge")
    charge = pl.col("charge")
    other = pl.when("taken_off").then(charge.shift(1)).otherwise(charge.shift(-1))
    own = pl.col("taken_off") == pl.col("offsets")
    return rows.with_columns(other=other).filter(own & _shown())


@cache
def _of_line() -> list[pl.Expr]:
    """What a line says of itself on each of its rows."""
    words = [pl.col(name).list.join(" + ").replace("", None) for name in ("licenses", "tags")]
    return [
        *(pl.col(name) for name in (*LINE, "reading", "measure", "support_price")),
        *(pl.col(name) for name in ("price_basis", "list_date", "currency")),
        pl.concat_str(*words, "metric", separator=" + ", ignore_nulls=True).alias("licenses"),
        decimal(half_up(pl.col("unit_price"), MICRO), 10**6).alias("price"),
    ]


_UNITS = {"measured": "value"} | {name: name for name in ("base", "outside", "over", "next_base")}
_MONEY = {"credit_given": "spent"} | {
    name: name for name in ("charge", "credit", "charge_if_before", "charge_if_after")
}


@cache
def _columns() -> list[pl.Expr]:
    """The contract's columns, in its order."""
    contract = ANSWERS["true_forward"].dtypes
    found = {name: pl.col(name) for name in contract} | _words() | _figures() | _unpaid()
    return [found[name].cast(dtype).alias(name) for name, dtype in contract.items()]


def _figures() -> dict[str, pl.Expr]:
    """Whole numbers as the decimals that are printed."""
    charge, other, offsets = pl.col("charge"), pl.col("other"), pl.col("offsets")
    money = {name: pl.col(figure) for name, figure in _MONEY.items()} | {
        "credit_unused": pl.col("residual") - pl.col("spent"),
        "net": charge - pl.col("credit"),
        "charge_if_ignored": pl.when(offsets).then(other).otherwise(charge),
        "charge_if_offset": pl.when(offsets).then(charge).otherwise(other),
    }
    units = {name: pl.col(figure) for name, figure in _UNITS.items()} | {
        "allowance": half_up(pl.col("base") * pl.col("share"), MICRO),
        "months": half_up(pl.col("month_top") * MICRO, pl.col("month_part")),
    }
    return {name: decimal(cents, 100) for name, cents in money.items()} | {
        name: decimal(parts, 10**6) for name, parts in units.items()
    }


def _unpaid() -> dict[str, pl.Expr]:
    """What a true-up would bill is laid beside the rows later."""
    return dict.fromkeys(("over_since", "months_past", "past", "true_up"), pl.lit(None))


def _words() -> dict[str, pl.Expr]:
    """The kind of event and the outcome in words."""
    kind = (
        pl.when("too_late").then(pl.lit("last twelve months"))
        .when("early").then(pl.lit("early"))
        .when(pl.col("month") % 12 != 0).then(pl.lit("quarterly"))
        .otherwise(pl.lit("milestone"))
    )  # fmt: skip
    doubt = pl.format("; base uncertain since {}", pl.col("uncertain").dt.to_string("%Y-%m-%d"))
    outcome = pl.concat_str(_outcome(), doubt, ignore_nulls=True)
    return {"event": kind, "outcome": outcome, "complete": pl.col("full")}


def _outcome() -> pl.Expr:
    over = pl.col("over") > 0
    unseen = pl.lit("charged; credit without an undecided line of the suite")
    return (
        pl.when("ahead").then(pl.lit("ahead"))
        .when(pl.col("over").is_null() & (pl.col("measure") == "billable"))
        .then(pl.lit("undecided: the EA consumption report is needed"))
        .when(pl.col("over").is_null()).then(pl.lit("undecided"))
        .when(over & pl.col("too_late")).then(pl.lit("new agreement or separate licences"))
        .when(over & pl.col("blind")).then(unseen)
        .when(over).then(pl.lit("charged"))
        .otherwise(pl.lit("none due"))
    )  # fmt: skip
