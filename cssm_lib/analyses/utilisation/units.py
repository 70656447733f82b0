"""The positions by number, and what the days before the newest one say of each.

What stands here is the same whatever the newest day shows: a workshop that changes that day alone
takes all of it from the client as it stands.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.utilisation.shelf import window
from cssm_lib.rules import Rules, licence_classes

ACCOUNT = ["smart_account", "virtual_account"]
UNIT = [*ACCOUNT, "license"]
POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")
IDLE = (pl.col("demand") == 0) & (pl.col("lent") == 0) & (pl.col("entitled") > 0)
BUSY = (pl.col("demand") > 0) | (pl.col("reserved") > 0).fill_null(False)


def page_days(pages: pl.DataFrame, *, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """One row per Virtual Account and day with a snapshot, up to `as_of`.

    `account` is the account's number; `back` counts from 0 for its newest day, `next` is the day
    after this one, null for the newest; `chain` is the first day since which, up to the newest, no
    gap is longer than `positions.gap_days`. `pages` as in `history`. Columns: account,
    smart_account, virtual_account, snapshot_date, back, next, chain.
    """
    known = pages.filter(DAY <= pl.lit(as_of, pl.Date)).select(*ACCOUNT, "snapshot_date")
    accounts = known.select(ACCOUNT).unique().sort(ACCOUNT).with_row_index("account")
    before, newer = (DAY.shift(steps).over("account") for steps in (1, -1))
    begins = before.is_null() | ((DAY - before).dt.total_days() > rules["positions.gap_days"])
    return (
        accounts.join(known, on=ACCOUNT, nulls_equal=True)
        .sort("account", "snapshot_date")
        .with_columns(back=pl.int_range(pl.len(), 0, -1).over("account") - 1, next=newer)
        .with_columns(chain=pl.when(begins).then(DAY).max().over("account"))
    )


def units(places: pl.DataFrame, days: pl.DataFrame, *, rules: Rules) -> pl.DataFrame:
    """One row per licence and tag in a Virtual Account (`place`, as in `history`): what it is.

    `unit` numbers the licences of Virtual Accounts, `pool` those of Smart Accounts, both in the
    order of their names; `ladder` and `pool_ladder` the ladders of each (null without a rung), with
    rung and ladder_confidence. `account`, newest and chain are those of the account's newest day
    in `days` (`page_days`), null without one.
    """
    on_rung = licence_classes(places["license"], rules).filter(pl.col("rung").is_not_null())
    tiers = on_rung.select("license", "rung", "ladder_confidence", name="ladder")
    newest = days.filter(pl.col("back") == 0).select(
        "account", *ACCOUNT, "chain", newest="snapshot_date"
    )
    rows = places.select("place", *UNIT).join(tiers, on="license", how="left")
    rows = rows.join(newest, on=ACCOUNT, how="left", nulls_equal=True)
    ladders = {"ladder": [*ACCOUNT, "name"], "pool_ladder": ["smart_account", "name"]}
    for number, names in {"unit": UNIT, "pool": POOL, **ladders}.items():
        known = rows.select(names).drop_nulls(names[-1]).unique().sort(names)
        rows = rows.join(known.with_row_index(number), on=names, how="left", nulls_equal=True)
    return rows.drop("name")


def past(holdings: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The holdings of the days before the newest of all in `days` (`page_days`).

    Columns: place, snapshot_date, in_use (units), busy (demand or reserved), idle (without demand
    or lending while entitled). `holdings` as in `history`.
    """
    used = holdings.select("place", "snapshot_date", "in_use", busy=BUSY, idle=IDLE)
    return used.filter(DAY < pl.lit(days["snapshot_date"].max(), pl.Date))


def earlier(
    units: pl.DataFrame,
    past: pl.DataFrame,
    days: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """The rows of `units` with what the days before the account's newest one say of each licence.

    `past_peak` (units) of the trailing window and `past_peak_date`, its first day; `quiet_from` and
    `idle_from`: first day of the run without demand and reservation, and of that without demand or
    lending while entitled, that reach up to the newest day. A day on which the account does not
    show the licence ends an idle run (rules.md, "Peaks, zero use, shelf"). Null where `past` has no
    such day.
    """
    known = units.select("place", "unit", "account", "newest")
    rows = past.join(known, on="place").filter(DAY < pl.col("newest"))
    for found in (_peaks(rows, as_of, rules), _quiet_from(rows, days), _idle_from(rows, days)):
        units = units.join(found, on="unit", how="left")
    return units


def at_newest(standing: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """The rows of `standing` as they stand, with what `earlier` says of each licence."""
    more = earlier.drop(UNIT, "account", "newest")
    return standing.join(more, on="place", how="left", maintain_order="left")


def _peaks(rows: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    use = pl.col("in_use")
    return (
        rows.filter(window(as_of, rules))
        .filter(use == use.max().over("unit"))
        .group_by("unit")
        .agg(past_peak=use.first(), past_peak_date=DAY.min())
    )


def _quiet_from(rows: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The day after the last busy one, where no gap lies between that and the newest."""
    last_busy = rows.filter("busy").group_by("unit").agg(pl.col("account").first(), DAY.max())
    return last_busy.join(days, on=["account", "snapshot_date"]).select(
        "unit", quiet_from=pl.max_horizontal("chain", "next")
    )


def _idle_from(rows: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The first day of the run, back from the newest, on which the account shows it idle."""
    back = pl.col("back")
    return (
        rows.filter("idle")
        .join(days, on=["account", "snapshot_date"])
        .filter(DAY >= pl.col("chain"))
        .filter(back == back.rank("dense").over("unit"))
        .group_by("unit")
        .agg(idle_from=DAY.min())
    )
