"""Holdings added up over accounts and days: which snapshot speaks, and when a sum is whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from cssm_lib.analyses.history.numbers import FEW, looked_up
from cssm_lib.rules import Rules

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
KEY = [*ACCOUNT, "license", "snapshot_date"]
DAY = ["group", "snapshot_date"]
SUMS = [
    *("quantity", "entitled", "in_use", "reserved", "usage_billed"),
    *("demand", "lent", "borrowed", "deficit", "free"),
]


def pool_days(
    holdings: pl.DataFrame,
    *,
    by: Sequence[str],
    rules: Rules,
    seen: pl.DataFrame | None = None,
    members: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per group `by` and snapshot day: the sums over the group's accounts and licences.

    The days are those of every Smart Account that the group touches. An account without a
    snapshot that day speaks by its last one for `positions.carry_days`; after that, and where an
    export is incomplete, the day is not `full` (rules.md, "Peaks, zero use, shelf"). An account
    that a wide snapshot does not show, before its first or after its last day, holds zero.
    `members` says which licences of which accounts stand in which group (`place` as in `holdings`,
    smart_account, virtual_account, `by`), by default `places`; accounts in scope are those with a
    row there. Which days an account has is read from `seen` (smart_account, virtual_account,
    snapshot_date, complete), by default from `holdings`. Undated rows have no day and are left out.

    Columns: `by`, snapshot_date, then in licences quantity, entitled, in_use, reserved,
    usage_billed, demand, lent, borrowed, deficit (sum of what single rows are short of), free
    (entitled less demand less lent), young, and full. On a day that is not full the sums hold
    what is known. Raises nothing.

    >>> from cssm_lib.analyses.history import holdings
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> rows = [
    ...     {"snapshot_date": dt.date(2026, 5, 1), "virtual_account": va, "license": "A"}
    ...     | {"quantity": 10, "in_use": use}
    ...     for va, use in [("EMEA", 4), ("APJC", 9)]
    ... ]
    >>> held = holdings({"usage": TABLES["usage"].shaped(pl.DataFrame(rows))}, load_rules())
    >>> days = pool_days(held, by=["smart_account", "license"], rules=load_rules())
    >>> days["demand", "full"].rows()
    [(13, True)]
    """
    by = list(by)
    shown = pages(holdings if seen is None else seen)
    rows = _dated(holdings)
    asked = places(rows) if members is None else members
    if members is not None and rows.height < holdings.height:
        asked = members.join(rows.select("place").unique(), on="place", how="semi")
    groups = _pooled_accounts(asked, by).sort(by).with_row_index("group")
    inside = asked.select("place", *by, *(name for name in ACCOUNT if name not in by)).join(
        groups, on=by, nulls_equal=True
    )
    inside = inside.select("place", "group", "pool", *ACCOUNT)
    cover = _cover(shown, inside, rules)
    days = groups.join(cover.select("pool", "snapshot_date").unique(), on="pool")
    return (
        days.join(_day_sums(rows, inside, cover), on=DAY, how="left")
        .join(_doubtful(inside, cover), on=DAY, how="left")
        .with_columns(pl.col(SUMS).fill_null(0), full=pl.col("doubtful").is_null())
        .with_columns(_no_young(rows))
        .sort(DAY)
        .select(*by, "snapshot_date", *SUMS, "young", "full")
    )


def places(holdings: pl.DataFrame) -> pl.DataFrame:
    """One row per licence and tag in a Virtual Account, by its number in `holdings`.

    Columns: place, smart_account, virtual_account, license, tag.
    """
    names = ["place", *ACCOUNT, "license", "tag"]
    return holdings.select(names)[holdings["place"].arg_unique()]


def pages(seen: pl.DataFrame) -> pl.DataFrame:
    """One row per account and day with a snapshot; `complete` is the whole Smart Account's."""
    dated = _dated(seen)
    if "wide" not in seen.columns:
        dated = dated.with_columns(wide=pl.lit(None, pl.Boolean))
    found = dated.select(*PAGE, pl.col("complete").fill_null(True), "wide")
    if "account" in seen.columns and _one_value(found["complete"]) and _one_value(found["wide"]):
        account, day = dated["account"], dated["snapshot_date"]
        # a page's rows nearly always stand together: only the first of them is looked at
        first = account.ne_missing(account.shift(1)) | day.ne_missing(day.shift(1))
        found = found.filter(first).unique(PAGE)
    else:
        found = found.group_by(PAGE).agg(pl.col("complete").min(), pl.col("wide").max())
    whole = pl.col("complete").min().over("smart_account", "snapshot_date")
    return found.with_columns(complete=whole)


def _one_value(column: pl.Series) -> bool:
    """Nearly always all pages of a client are complete and read from one kind of export."""
    nulls = column.null_count()
    return nulls == len(column) or (nulls == 0 and column.min() == column.max())


def standing(holdings: pl.DataFrame, *, as_of: dt.date | None) -> pl.DataFrame:
    """One row per licence in a Virtual Account: the holding that speaks for `as_of`, with its age.

    Per Smart Account that is its newest snapshot on or before `as_of`; accounts that this
    snapshot lacks without being wide come from their own newest one (DESIGN.md §3). Undated rows
    stand only for a Smart Account that has nothing else, or where `as_of` is null. Adds age_days
    (days, null if undated).

    >>> from cssm_lib.analyses.history import holdings
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> row = {"snapshot_date": dt.date(2026, 5, 1), "license": "A", "quantity": 1, "in_use": 0}
    >>> held = holdings({"usage": TABLES["usage"].shaped(pl.DataFrame([row]))}, load_rules())
    >>> standing(held, as_of=dt.date(2026, 5, 31))["age_days"].to_list()
    [30]
    """
    day = pl.col("snapshot_date")
    dated = holdings.filter(day.is_not_null() & (day <= pl.lit(as_of, pl.Date)))
    undated = holdings.filter(day.is_null()).join(
        dated.select("smart_account").unique(), on="smart_account", how="anti", nulls_equal=True
    )
    newest = _states(pages(dated)).group_by(ACCOUNT).agg(pl.all().sort_by("snapshot_date").last())
    now = dated.join(newest.filter("present").select(PAGE), on=PAGE, how="semi", nulls_equal=True)
    age = (pl.lit(as_of, pl.Date) - day).dt.total_days()
    return pl.concat([now, undated]).with_columns(age_days=age).sort(KEY)


def latest(
    left: pl.DataFrame, right: pl.DataFrame, *, by: list[str], on: tuple[str, str]
) -> pl.DataFrame:
    """Newest row of `right` on or before each row of `left`; unlike `join_asof`, null keys meet."""
    number = left.select(by).unique().with_row_index("number")
    return (
        left.join(number, on=by, nulls_equal=True)
        .sort(on[0])
        .join_asof(
            right.join(number, on=by, nulls_equal=True).drop(by).sort(on[1]),
            left_on=on[0],
            right_on=on[1],
            by="number",
            coalesce=False,
            check_sortedness=False,
        )
        .drop("number", "number_right", strict=False)
    )


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a day; nearly always all, and a long history is not copied for that."""
    undated = rows["snapshot_date"].null_count()
    return rows.filter(pl.col("snapshot_date").is_not_null()) if undated else rows


def _states(pages: pl.DataFrame) -> pl.DataFrame:
    """One row per account and day on which its holding is known: shown, or certainly none."""
    day = pl.col("snapshot_date")
    snapshots = pages.group_by("smart_account", "snapshot_date").agg(
        pl.col("complete").first(), pl.col("wide").max(), accounts=pl.len()
    )
    lives = pages.group_by(ACCOUNT).agg(first=day.min(), last=day.max())
    # single-account exports of one day do not add up to a view of the whole Smart Account
    wide = pl.col("complete") & pl.coalesce("wide", pl.col("accounts") >= 2)
    outside = (day < pl.col("first")) | (day > pl.col("last"))
    gone = lives.join(snapshots, on="smart_account", nulls_equal=True).filter(wide & outside)
    return pl.concat(
        [
            pages.select(*PAGE, "complete", present=True),
            gone.select(*PAGE, "complete", present=False),
        ]
    )


def _pooled_accounts(members: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Each group with the set of Smart Accounts it touches, as one short key `pool`."""
    smart = members.select("smart_account").unique().sort("smart_account").with_row_index("number")
    pool = pl.col("number").unique().sort().cast(pl.String).str.join("+").alias("pool")
    touched = members.select(*dict.fromkeys([*by, "smart_account"])).unique()
    # renamed, so that a group key called smart_account stays what it is
    named = touched.with_columns(touches="smart_account").join(
        smart, left_on="touches", right_on="smart_account", nulls_equal=True
    )
    return named.group_by(by).agg(pool)


def _cover(pages: pl.DataFrame, members: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per pool, account and day: which snapshot speaks for it, and whether it may."""
    accounts = members.select("pool", *ACCOUNT).unique()
    days = (
        accounts.select("pool", "smart_account")
        .unique()
        .join(
            pages.select("smart_account", "snapshot_date").unique(),
            on="smart_account",
            nulls_equal=True,
        )
        .select("pool", "snapshot_date")
        .unique()
    )
    broken = pages.filter(~pl.col("complete")).select("smart_account", "snapshot_date").unique()
    states = _states(pages).rename({"snapshot_date": "spoken", "complete": "whole"})
    age = (pl.col("snapshot_date") - pl.col("spoken")).dt.total_days()
    known = (age <= rules["positions.carry_days"]).fill_null(False)
    return (
        latest(accounts.join(days, on="pool"), states, by=ACCOUNT, on=("snapshot_date", "spoken"))
        .join(
            broken.with_columns(broken=True),
            on=["smart_account", "snapshot_date"],
            how="left",
            nulls_equal=True,
        )
        .with_columns(known=known, sure=known & pl.col("whole") & pl.col("broken").is_null())
    )


def _day_sums(rows: pl.DataFrame, inside: pl.DataFrame, cover: pl.DataFrame) -> pl.DataFrame:
    """The sums of each group and day: a snapshot's own rows, then those that stand in for a day."""
    every = [name for name in (*SUMS, "young") if name != "free"]
    counts = [name for name in every if rows.select((pl.col(name) != 0).any()).item()]
    parts = [_own_sums(rows, inside.select("place", "group").unique(), counts)]
    older = cover.filter("known", "present", pl.col("spoken") < pl.col("snapshot_date"))
    if not older.is_empty():
        told = inside.join(older, on=["pool", *ACCOUNT], nulls_equal=True).select(
            "place", "group", "snapshot_date", "spoken"
        )
        # the rows of the few days that speak for others, whatever the length of the history
        spoken = rows.filter(pl.col("snapshot_date").is_in(told["spoken"].unique().implode()))
        carried = spoken.select("place", *counts, spoken="snapshot_date").join(
            told, on=["place", "spoken"]
        )
        parts.append(carried.group_by(DAY).agg(pl.col(counts).sum()))
    both = parts[0] if len(parts) == 1 else pl.concat(parts).group_by(DAY).agg(pl.all().sum())
    nothing = [pl.lit(0, pl.Int64).alias(name) for name in every if name not in counts]
    return both.with_columns(nothing).with_columns(
        free=pl.col("entitled") - pl.col("demand") - pl.col("lent")
    )


def _own_sums(rows: pl.DataFrame, where: pl.DataFrame, counts: list[str]) -> pl.DataFrame:
    """The sums of the snapshots' own rows; a place that stands in two groups has two rows."""
    sums = pl.col(counts).sum()
    if rows.height < FEW or not where["place"].is_unique().all():
        both = rows.select("place", "snapshot_date", *counts).join(where, on="place")
        return both.group_by(DAY).agg(sums)
    group = looked_up(rows["place"], where["place"], where["group"])
    # one whole number for a group and a day, which is added up by faster than by both
    day = pl.col("snapshot_date").to_physical().cast(pl.Int64) + 2**31
    keyed = rows.lazy().select(*counts, key=pl.lit(group).cast(pl.Int64) * 2**32 + day)
    found = keyed.group_by("key").agg(sums).collect().filter(pl.col("key").is_not_null())
    return found.select(
        (pl.col("key") // 2**32).cast(pl.UInt32).alias("group"),
        (pl.col("key") % 2**32 - 2**31).cast(pl.Int32).cast(pl.Date).alias("snapshot_date"),
        *counts,
    )


def _doubtful(inside: pl.DataFrame, cover: pl.DataFrame) -> pl.DataFrame:
    unsure = cover.filter(~pl.col("sure").fill_null(False))
    unsure = unsure.select("pool", *ACCOUNT, "snapshot_date")
    members = inside.select("group", "pool", *ACCOUNT).unique()
    hit = members.join(unsure, on=["pool", *ACCOUNT], nulls_equal=True)
    return hit.select(DAY).unique().with_columns(doubtful=True)


def _no_young(rows: pl.DataFrame) -> pl.Expr:
    """Unknown stays unknown: holdings made without `as_of` say nothing about young lots."""
    unknown = rows["young"].null_count() == rows.height
    return (pl.lit(None, pl.Int64) if unknown else pl.col("young").fill_null(0)).alias("young")
