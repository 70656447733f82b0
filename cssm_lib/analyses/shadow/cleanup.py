"""What a clean-up is worth: per line, under each reading that the True Forward knows."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.schema import UNITS

LINE = ["agreement", "suite", "sku"]
PLACE = ["smart_account", "virtual_account", "license"]
# an average already holds the days that have passed; a peak or a day in the past holds all of them
WHY = {
    "as_of": "at most: counts if done before the milestone is measured, where the line is over",
    "sum_of_negative_accounts": "at most: counts where the account is short",
    "peak": "saves nothing: the days up to now are on record and hold the peak",
    "average": "at most: the part of the window that is still to come",
    "billable": "saves nothing: licences generated are counted, not devices",
}
RENEWAL = "no milestone is left: counts in the quantity that is renewed"


def cleanup(
    freed: pl.DataFrame, prices: pl.DataFrame, true_forward: pl.DataFrame, *, as_of: dt.date | None
) -> pl.DataFrame:
    """One row per line of an agreement, reading and column of the removal list.

    `freed` has one row per place and removal: PLACE, removal, units. `event_date` is the next
    milestone after `as_of`, null where none is left: then the quantity of the renewal is at stake.
    avoided_units is what a clean-up done now takes off under that reading; `money` is that times
    what a unit costs from as_of to the end of the agreement (`unit_prices`), rounded once. Rule:
    rules.md, "Money avoided by hygiene is per reading". Where a milestone is ahead it is a bound: a
    line that is not over then is not charged in any case. An average avoids
    freed × days to the milestone ÷ days of the window.
    """
    priced = freed.join(prices, on=PLACE, nulls_equal=True)
    if priced.is_empty() or as_of is None:
        return pl.DataFrame(schema={"agreement": pl.String})
    units = pl.col("units").cast(pl.Decimal(38, 0))
    lines = priced.group_by(*LINE, "removal").agg(
        units=pl.col("units").sum(),
        whole=pl.when(pl.col("unit_money").null_count() == 0).then(
            (units * pl.col("unit_money")).sum()
        ),
        currency=pl.col("currency").first(),
    )
    rows = lines.join(_readings(true_forward, as_of), on=LINE)
    share = (
        pl.when(pl.col("measure").is_in(["as_of", "sum_of_negative_accounts"]))
        .then(1.0)
        .when(pl.col("measure") == "average")
        .then(pl.col("to_come"))
        .otherwise(0.0)
    )
    rows = rows.with_columns(share=share.cast(pl.Decimal(12, 6)))
    why = pl.col("measure").replace_strict(WHY, default=None, return_dtype=pl.String)
    renewal = pl.col("event_date").is_null() & (pl.col("share") > 0)
    why = pl.when(renewal).then(pl.lit(RENEWAL)).otherwise(why)
    return rows.with_columns(
        avoided_units=(units.cast(UNITS) * pl.col("share")).cast(UNITS),
        money=(pl.col("whole") * pl.col("share")).round(2, mode="half_away_from_zero"),
        why=why,
    ).sort(*LINE, "reading", "removal")


def _readings(true_forward: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """One row per line and reading: how it measures, its next event and what is still to come."""
    ahead = pl.col("event_date") > as_of
    told = (
        true_forward.sort("event_date")
        .group_by(*LINE, "reading", maintain_order=True)
        .agg(
            measure=pl.col("measure").last(),
            event_date=pl.col("event_date").filter(ahead).first(),
        )
    )
    left = (pl.col("event_date") - pl.lit(as_of)).dt.total_days()
    return told.with_columns(to_come=(left / 365).clip(0, 1).fill_null(0.0))
