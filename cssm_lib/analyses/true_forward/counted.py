"""Lines counted by devices or users, and stock bought outside the agreement, day by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.scope import LINE, PLACE, accounts_in_scope, places_in_lines
from cssm_lib.rules import Rules, load_rules

ACCOUNT = ["smart_account", "virtual_account"]
COUNTS = ["quantity", "entitled", "in_use", "reserved", "demand", "lent", "borrowed", "deficit"]
DAYS = {
    **dict.fromkeys(LINE, pl.String), "snapshot_date": pl.Date,
    **dict.fromkeys([*COUNTS, "free"], pl.Int64), "full": pl.Boolean,
}  # fmt: skip
LOTS = {"at": pl.Int64, "quantity": pl.Int64, "start_date": pl.Date, "end_date": pl.Date}


def device_days(
    device_licenses: pl.DataFrame,
    devices: pl.DataFrame,
    lines: pl.DataFrame,
    *,
    rules: Rules | None = None,
) -> pl.DataFrame:
    """One row per line counted by devices and day: the instances that consume it, once each.

    Rule: an instance is its PID and serial, else its UUID, else its host name, wherever in the
    agreement's scope it stands and whatever it consumes (rules.md, True Forward and Demand). A
    Virtual Account's newest device list speaks for `positions.carry_days` days. Columns of
    pool_days; all but demand and full are null. Raises ConfigError as `tagged` does.

    >>> device_days(pl.DataFrame(), pl.DataFrame(), pl.DataFrame()).height
    0
    """
    if lines.is_empty() or device_licenses.is_empty() and devices.is_empty():
        return pl.DataFrame(schema=DAYS)
    places = places_in_lines(device_licenses, lines)
    counted = lines.filter(pl.col("count") == "devices", pl.col("metric").is_null())
    if counted.is_empty():
        return pl.DataFrame(schema=DAYS)
    grid = _carried(_seen(devices, device_licenses), counted, rules or load_rules())
    using = _instances(device_licenses).join(places, on=PLACE, nulls_equal=True)
    used = using.select(*LINE, *ACCOUNT, seen_on="snapshot_date", instance="instance").unique()
    found = _on_days(grid, used).group_by(*LINE, "snapshot_date").agg(
        pl.col("instance").n_unique().cast(pl.Int64).alias("demand")
    )  # fmt: skip
    return _shaped(_every_day(grid, counted).join(found, on=[*LINE, "snapshot_date"], how="left"))


def unmatched_days(
    named: pl.DataFrame, lines: pl.DataFrame, *, seen: pl.DataFrame, rules: Rules | None = None
) -> pl.DataFrame:
    """One row per line counted by `sum` of which no file names a licence, and snapshot day: zero.

    Rule: measured is the sum of demand over everything in scope (rules.md, True Forward); where the
    scope is shown and holds nothing of the line, that sum is 0. `named` is what stands in which
    line (`places_in_lines`), `seen` has the days of every account (smart_account, virtual_account,
    snapshot_date, perhaps complete and wide). Columns of pool_days.

    >>> unmatched_days(pl.DataFrame(), pl.DataFrame(), seen=pl.DataFrame()).height
    0
    """
    if lines.is_empty() or seen.is_empty():
        return pl.DataFrame(schema=DAYS)
    by_sum = lines.filter(pl.col("count") == "sum", pl.col("metric").is_null())
    absent = by_sum.join(named, on=LINE, how="anti")
    if absent.is_empty():
        return pl.DataFrame(schema=DAYS)
    grid = _carried(_seen(seen), absent, rules or load_rules())
    return _shaped(_every_day(grid, absent).with_columns(deficit=pl.lit(0, pl.Int64)))


def user_days(user_counts: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per line counted by a metric and day of its user counts.

    Rule: the count is the demand of the whole agreement, its accounts do not matter (rules.md, True
    Forward); metrics compare without case. Columns of pool_days; all but demand and full are null.

    >>> user_days(pl.DataFrame(), pl.DataFrame()).height
    0
    """
    if lines.is_empty() or user_counts.is_empty():
        return pl.DataFrame(schema=DAYS)
    folded = pl.col("metric").str.strip_chars().str.to_lowercase()
    counts = user_counts.group_by("as_at", metric=folded).agg(pl.col("count").max())
    wanted = lines.filter(pl.col("metric").is_not_null()).unique(LINE).select(*LINE, folded)
    return _shaped(
        wanted.join(counts, on="metric").rename({"as_at": "snapshot_date", "count": "demand"})
        .with_columns(full=pl.lit(True))
    )  # fmt: skip


@dataclass(frozen=True)
class StockFrame:
    """The days of lines and the pages that speak for them: all that `outside_units` says but units.

    `days` has one row per line and snapshot day; the days of a line stand together. `places` says
    at which row of `days` a line that names a licence in a Virtual Account begins (`first`), and
    which `account` of the line's agreement that is; `pages` for which of its agreement's days
    (`nth`) an account speaks by its page of the day `seen_on`.
    """

    days: pl.DataFrame
    places: pl.DataFrame
    pages: pl.DataFrame


def stock_frame(
    named: pl.DataFrame, lines: pl.DataFrame, *, seen: pl.DataFrame, rules: Rules | None = None
) -> StockFrame:
    """The days of lines whose licences are counted, for all lots and whatever terms they have.

    Rule: a Virtual Account's newest snapshot speaks for `positions.carry_days` days (rules.md,
    Peaks). `named` and `seen` as in `unmatched_days`; lines counted by a metric have no accounts.

    >>> stock_frame(pl.DataFrame(), pl.DataFrame(), seen=pl.DataFrame()).days.height
    0
    """
    if lines.is_empty() or seen.is_empty():
        return StockFrame(pl.DataFrame(schema=_first(DAYS, 4)), pl.DataFrame(), pl.DataFrame())
    counted, holder = lines.filter(pl.col("metric").is_null()), ["agreement", *ACCOUNT]
    cover = _carried(_seen(seen), counted, rules or load_rules()).drop("account")
    days = _every_day(cover, counted).select(*LINE, "snapshot_date").sort(*LINE, "snapshot_date")
    first = days.with_row_index("first").unique(LINE, keep="first").drop("snapshot_date")
    accounts = cover.select(holder).unique().with_row_index("account")
    nth = pl.col("snapshot_date").rank("dense").over("agreement") - 1
    return StockFrame(
        days,
        named.select(*ACCOUNT, "license", *LINE).unique()
        .join(first, on=LINE).join(accounts, on=holder, nulls_equal=True)
        .select(*ACCOUNT, "license", "first", "account"),
        cover.with_columns(nth=nth).filter(pl.col("seen_on").is_not_null())
        .join(accounts, on=holder, nulls_equal=True)
        .select("account", "seen_on", "snapshot_date", "nth"),
    )  # fmt: skip


def line_lots(lots: pl.DataFrame, frame: StockFrame) -> pl.DataFrame:
    """One row per countable lot of a line's licence and day of that line on which it is valid.

    Rule: each Virtual Account's lots stand as long as its snapshot does (rules.md, Peaks). `lots`
    is what `counted_lots` makes. Columns: at (the row of the frame's days), quantity (licences),
    start_date, end_date.

    >>> nothing = stock_frame(pl.DataFrame(), pl.DataFrame(), seen=pl.DataFrame())
    >>> line_lots(pl.DataFrame(), nothing).height
    0
    """
    if lots.is_empty() or frame.days.is_empty():
        return pl.DataFrame(schema=LOTS)
    return (
        lots.filter("countable")
        .select(*ACCOUNT, "license", *list(LOTS)[1:], seen_on="snapshot_date")
        .join(frame.places, on=[*ACCOUNT, "license"], nulls_equal=True)
        .join(frame.pages, on=["account", "seen_on"])
        .filter(_valid("snapshot_date"))
        .select((pl.col("first") + pl.col("nth")).cast(pl.Int64).alias("at"), *list(LOTS)[1:])
    )  # fmt: skip


def outside_units(lots: pl.DataFrame, frame: StockFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per line and snapshot day: units valid that day that the agreement did not bring.

    Rule: countable lots valid that day whose end is not the agreement's, or that start before it or
    without a day; they cannot be its own (rules.md, True Forward, outside stock; practice). `lots`
    is what `line_lots` makes in the same frame. Columns: agreement, suite, sku, snapshot_date,
    outside (licences; 0 where there are none).

    >>> nothing = stock_frame(pl.DataFrame(), pl.DataFrame(), seen=pl.DataFrame())
    >>> outside_units(pl.DataFrame(), nothing, pl.DataFrame()).columns[-1]
    'outside'
    """
    outside = np.zeros(frame.days.height, np.int64)
    if not lots.is_empty():
        terms = lines.unique("agreement").select("agreement", "start", "end")
        of_day = frame.days.select("agreement").join(
            terms, on="agreement", how="left", maintain_order="left"
        )
        start, end = (of_day[name][lots["at"]] for name in ("start", "end"))
        own = (lots["end_date"] == end) & (lots["start_date"] >= start)
        foreign, units = ~own.fill_null(False), lots["quantity"].fill_null(0)
        at = lots["at"].filter(foreign).to_numpy()
        np.add.at(outside, at, units.filter(foreign).to_numpy())
    return frame.days.hstack([pl.Series("outside", outside)])


def _first(columns: dict[str, pl.DataType], count: int) -> dict[str, pl.DataType]:
    return dict(list(columns.items())[:count])


def _shaped(days: pl.DataFrame) -> pl.DataFrame:
    demand = pl.col("demand") if "demand" in days.columns else pl.lit(0, pl.Int64).alias("demand")
    filled = days.with_columns(demand.fill_null(0))
    return filled.select(
        (pl.col(name) if name in filled.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in DAYS.items()
    ).sort(*LINE, "snapshot_date")


def _instances(device_licenses: pl.DataFrame) -> pl.DataFrame:
    """What tells one instance from another; one without any name is counted by its own record."""
    rows = device_licenses.filter(pl.col("quantity") > 0).with_row_index("record")
    text = {
        name: pl.col(name) if name in rows.columns else pl.lit(None, pl.String)
        for name in ("tag", "udi_pid", "serial", "uuid", "hostname")
    }
    pid = text["udi_pid"].fill_null("").str.strip_chars().str.to_uppercase()
    serial = text["serial"].str.strip_chars().str.to_uppercase().replace("", None)
    return rows.with_columns(
        tag=text["tag"],
        instance=pl.coalesce(
            pl.format("serial {} {}", pid, serial),
            pl.format("uuid {}", text["uuid"].str.to_lowercase()),
            pl.format("host {}", text["hostname"].str.to_lowercase()),
            pl.format("record {}", pl.col("record")),
        ),
    )


def _seen(*tables: pl.DataFrame) -> pl.DataFrame:
    """One row per Virtual Account and day that a table shows, and whether all pages were there."""
    parts = [
        table.select(
            *ACCOUNT,
            "snapshot_date",
            (pl.col("complete") if "complete" in table.columns else pl.lit(True))
            .cast(pl.Boolean)
            .fill_null(True)
            .alias("complete"),
            (pl.col("wide") if "wide" in table.columns else pl.lit(None))
            .cast(pl.Boolean)
            .alias("wide"),
        )
        for table in tables
        if not table.is_empty()
    ]
    dated = pl.concat(parts).filter(pl.col("snapshot_date").is_not_null())
    return dated.group_by(*ACCOUNT, "snapshot_date").agg(
        pl.col("complete").all(), pl.col("wide").max()
    )


def _carried(seen: pl.DataFrame, lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per agreement, snapshot day and Virtual Account in scope: the snapshot to use.

    Columns: seen_on (null: none, it holds nothing), covered (false makes the day partial).
    """
    wide = _wide(seen)
    scope = accounts_in_scope(seen, lines)
    accounts = scope.select(ACCOUNT).unique().sort(ACCOUNT).with_row_index("account")
    accounts = accounts.with_columns(holder=pl.col("smart_account").rank("dense").fill_null(0))
    holders = scope.select("agreement", "smart_account").unique()
    days = holders.join(seen, on="smart_account", nulls_equal=True).select(
        "agreement", "snapshot_date"
    )
    own = seen.join(accounts, on=ACCOUNT, nulls_equal=True).sort("snapshot_date")
    span = own.group_by("account").agg(pl.col("snapshot_date").max().alias("last"))
    wide = wide.join(
        accounts.select("smart_account", "holder").unique(), on="smart_account", nulls_equal=True
    )
    grid = (
        scope.join(accounts, on=ACCOUNT, nulls_equal=True)
        .join(span, on="account")
        .join(days.unique(), on="agreement")
        .sort("snapshot_date")
    )
    grid = _newest(grid, own.select("snapshot_date", "account", "complete"), "account", "seen_on")
    grid = _newest(grid, wide.select("snapshot_date", "holder"), "holder", "wide_on")
    return grid.with_columns(_speaks(rules["positions.carry_days"]))


def _wide(seen: pl.DataFrame) -> pl.DataFrame:
    """Snapshots that show a Smart Account as a whole: an account that they lack is not there."""
    ever = seen.group_by("smart_account").agg(pl.col("virtual_account").n_unique().alias("ever"))
    shown = seen.group_by("smart_account", "snapshot_date").agg(
        pl.len().alias("accounts"), pl.col("complete").all(), pl.col("wide").max()
    )
    several = pl.coalesce("wide", pl.col("accounts") >= 2)
    return shown.join(ever, on="smart_account", nulls_equal=True).filter(
        pl.col("complete"), several | (pl.col("accounts") == pl.col("ever"))
    )


def _newest(grid: pl.DataFrame, shown: pl.DataFrame, by: str, name: str) -> pl.DataFrame:
    named = shown.with_columns(pl.col("snapshot_date").alias(name)).sort("snapshot_date")
    return grid.join_asof(named, on="snapshot_date", by=by, check_sortedness=False)


def _speaks(carry_days: int) -> list[pl.Expr]:
    """rules.md, Peaks: at most 35 days old; gone or not yet there by a wide snapshot is zero."""
    oldest = pl.col("snapshot_date").dt.offset_by(f"-{carry_days}d")
    gone = (pl.col("wide_on") > pl.col("last")).fill_null(False)
    not_yet = pl.col("seen_on").is_null() & (pl.col("wide_on") >= oldest).fill_null(False)
    young = (pl.col("seen_on") >= oldest).fill_null(False) & ~gone
    whole = pl.col("complete").fill_null(True)
    return [
        pl.when(young).then("seen_on").alias("seen_on"),
        (gone | not_yet | (young & whole)).alias("covered"),
    ]


def _on_days(grid: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a snapshot on every day that the snapshot speaks for."""
    return grid.filter(pl.col("seen_on").is_not_null()).join(
        rows, on=["agreement", *ACCOUNT, "seen_on"], nulls_equal=True
    )


def _every_day(grid: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    full = grid.group_by("agreement", "snapshot_date").agg(pl.col("covered").all().alias("full"))
    return lines.unique(LINE).select(LINE).join(full, on="agreement")


def _valid(day: str) -> pl.Expr:
    started = (pl.col("start_date") <= pl.col(day)).fill_null(True)
    return started & (pl.col("end_date") >= pl.col(day)).fill_null(True)
