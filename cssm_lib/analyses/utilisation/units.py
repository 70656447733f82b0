"""The positions by number, and what the days before the newest one say of each.

What stands here is the same whatever the newest day shows: a workshop that changes that day alone
takes all of it from the client as it stands.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from cssm_lib.analyses.utilisation.numbers import Numbered
from cssm_lib.analyses.utilisation.shelf import window
from cssm_lib.rules import Rules, licence_classes

ACCOUNT = ["smart_account", "virtual_account"]
UNIT = [*ACCOUNT, "license"]
POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")
ACCOUNT_DAY = ["account", "snapshot_date"]
KIND = ["perpetual", "rung", "ladder_confidence"]
BEFORE = ["past_peak", "past_peak_date", "quiet_from", "idle_from"]
IDLE = (pl.col("demand") == 0) & (pl.col("lent") == 0) & (pl.col("entitled") > 0)
BUSY = (pl.col("demand") > 0) | (pl.col("reserved") > 0).fill_null(False)


def page_days(pages: pl.DataFrame, *, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """One row per Virtual Account and day with a snapshot, up to `as_of`.

    `account` is the account's number; `back` counts from 0 for its newest day; `chain` is the first
    day since which, up to the newest, no gap is longer than `positions.gap_days`, `next` the day
    after this one, but none before `chain`. `pages` as in `history`. Columns: account,
    smart_account, virtual_account, snapshot_date, back, chain, next.
    """
    known = pages.filter(DAY <= pl.lit(as_of, pl.Date)).select(*ACCOUNT, "snapshot_date")
    accounts = known.select(ACCOUNT).unique().sort(ACCOUNT).with_row_index("account")
    before, newer = (DAY.shift(steps).over("account") for steps in (1, -1))
    begins = before.is_null() | ((DAY - before).dt.total_days() > rules["positions.gap_days"])
    return (
        accounts.join(known, on=ACCOUNT, nulls_equal=True)
        .sort("account", "snapshot_date")
        .with_columns(back=pl.int_range(pl.len(), 0, -1).over("account") - 1)
        .with_columns(chain=pl.when(begins).then(DAY).max().over("account"))
        .with_columns(next=pl.max_horizontal("chain", newer))
    )


def units(places: pl.DataFrame, days: pl.DataFrame, *, rules: Rules) -> pl.DataFrame:
    """One row per licence and tag in a Virtual Account (`place`, as in `history`): what it is.

    `unit` numbers the licences of Virtual Accounts, `pool` those of Smart Accounts, both in the
    order of their names; `ladder` and `pool_ladder` the ladders of each (null without a rung), with
    rung, ladder_confidence and perpetual. `account`, newest and chain are those of the account's
    newest day in `days` (`page_days`), null without one. Rows stand by place.
    """
    on_rung = pl.when(pl.col("rung").is_not_null())
    classes = licence_classes(places["license"], rules).select(
        *("license", "perpetual", "rung"),
        on_rung.then("ladder_confidence").alias("ladder_confidence"),
        on_rung.then("ladder").alias("name"),
    )
    newest = days.filter(pl.col("back") == 0).select(
        "account", *ACCOUNT, "chain", newest="snapshot_date"
    )
    rows = places.select("place", *UNIT).join(classes, on="license", how="left")
    rows = rows.join(newest, on=ACCOUNT, how="left", nulls_equal=True)
    ladders = {"ladder": [*ACCOUNT, "name"], "pool_ladder": ["smart_account", "name"]}
    for number, names in {"unit": UNIT, "pool": POOL, **ladders}.items():
        known = rows.select(names).drop_nulls(names[-1]).unique().sort(names)
        known = known.with_columns(pl.int_range(pl.len()).alias(number))
        rows = rows.join(known, on=names, how="left", nulls_equal=True)
    return rows.drop("name").sort("place")


def pools(
    units: pl.DataFrame, days: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per licence in a Smart Account, by its number: what it is and which days it has.

    `shelf_days` is how many days of history its shelf rests on, `partial_days` those of the
    trailing window that do not count; null where the window has no such day (rules.md, "Peaks, zero
    use, shelf"). `never_shelf`: a perpetual licence with a full day. `ladder` is the `pool_ladder`
    of `units`; `days`: smart_account, license, snapshot_date and full, as in `pool_days`. Columns:
    pool, smart_account, license, perpetual, rung, ladder, ladder_confidence, shelf_days,
    partial_days, never_shelf.
    """
    end, full, inside = pl.lit(as_of, pl.Date), pl.col("full"), window(as_of, rules)
    age = pl.when(full).then((end - DAY).dt.total_days() + 1).max()
    history = age.clip(0, rules["positions.window_days"])
    found = (
        days.filter(DAY <= end)
        .group_by(POOL)
        .agg(
            pl.when((full & inside).any()).then(history).alias("shelf_days"),
            pl.when(inside.any()).then((inside & ~full).sum()).alias("partial_days"),
            full.any(),
        )
    )
    named = units.unique("pool").sort("pool").select("pool", *POOL, *KIND, ladder="pool_ladder")
    never = (pl.col("perpetual") & full).fill_null(False).alias("never_shelf")
    rows = named.join(found, on=POOL, how="left", nulls_equal=True, maintain_order="left")
    return rows.with_columns(never).drop("full")


def past(holdings: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The holdings of the days before the newest of all in `days` (`page_days`).

    Columns: place, snapshot_date, in_use (units), busy (demand or reserved), idle (without demand
    or lending while entitled). `holdings` as in `history`.
    """
    told = holdings.select_seq("place", "snapshot_date", "in_use", busy=BUSY, idle=IDLE)
    return told.filter(DAY < pl.lit(days["snapshot_date"].max(), pl.Date))


def placed(
    units: pl.DataFrame,
    past: pl.DataFrame,
    days: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """Where the rows of `past` stand, whatever was held there.

    `unit` as in `units`; `page` is the row of `days` that shows it, with its `back`. `before`: the
    account has a newer day; `recent`: of these a day of the trailing window; `unbroken`: one from
    the `chain` on. Columns: unit, snapshot_date, page, back, before, recent, unbroken.
    """
    pages = days.with_row_index("page").select("page", *ACCOUNT_DAY, "back")
    rows = _beside(past, units, ["unit", "account", "newest", "chain"])
    rows = rows.join(pages, on=ACCOUNT_DAY, how="left", maintain_order="left")
    before = (DAY < pl.col("newest")).fill_null(False)
    return rows.select(
        *("unit", "snapshot_date", "page", "back"),
        before=before,
        recent=before & window(as_of, rules).fill_null(False),
        unbroken=before & (DAY >= pl.col("chain")),
    )


def earlier(
    units: pl.DataFrame, placed: pl.DataFrame, past: pl.DataFrame, days: pl.DataFrame
) -> pl.DataFrame:
    """The rows of `units` with what the days before the account's newest one say of each licence.

    `past_peak` (units) of the trailing window and `past_peak_date`, its first day; `quiet_from` and
    `idle_from`: first day of the run without demand and reservation, and of that without demand or
    lending while entitled, that reach up to the newest day. A day on which the account does not
    show the licence ends an idle run (rules.md, "Peaks, zero use, shelf"). Null where `past`, whose
    rows are `placed`, has no such day.
    """
    count, at = units.height, units["unit"]
    peak, first = _peak(placed, past["in_use"], count)
    last_busy = _last(placed, past["busy"], count)[at]
    found = {
        "past_peak": peak[at],
        "past_peak_date": first[at],
        "quiet_from": days["next"].gather(last_busy),
        "idle_from": _idle_from(placed, past["idle"], count)[at],
    }
    return units.hstack([column.alias(name) for name, column in found.items()])


def at_newest(standing: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """The rows of `standing` as they stand, with what `earlier` says of each licence."""
    return _beside(standing, earlier, ["rung", "ladder", "pool", "chain", *BEFORE])


def _beside(rows: pl.DataFrame, units: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The rows with what `units`, which stand by place, say of the place of each."""
    at = np.searchsorted(units["place"].to_numpy(), rows["place"].to_numpy())
    return rows.hstack(units.select(names)[at])


def _peak(placed: pl.DataFrame, use: pl.Series, count: int) -> tuple[pl.Series, pl.Series]:
    """Of each unit the largest use of the trailing window and its first day."""
    unit, day = (placed[name].filter(placed["recent"]) for name in ("unit", "snapshot_date"))
    return Numbered(unit.to_numpy(), count).peak(use.filter(placed["recent"]), day)


def _last(placed: pl.DataFrame, busy: pl.Series, count: int) -> pl.Series:
    """Of each unit the page of its last busy day."""
    unit, page = (placed[name].filter(busy & placed["before"]) for name in ("unit", "page"))
    return Numbered(unit.to_numpy(), count).most(page)


def _idle_from(placed: pl.DataFrame, idle: pl.Series, count: int) -> pl.Series:
    """Of each unit the first day of the run, back from the newest, on which it is shown idle."""
    rows = placed.select("unit", "back", "snapshot_date").filter(idle & placed["unbroken"])
    unit, back = Numbered(rows["unit"].to_numpy(), count), rows["back"].to_numpy()
    # on every day from the newest back to here: as many are newer as there may be
    run = back == unit.larger(-back) + 1
    return Numbered(unit.of[run], count).least(rows["snapshot_date"].filter(pl.Series(run)))
