"""Holdings added up over accounts and days: which snapshot speaks, and when a sum is whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from cssm_lib.analyses.history.columns import NOT_KNOWN, ZERO, filled, less, nothing, same
from cssm_lib.analyses.history.days import ACCOUNT, PAGE, dated_rows, latest, pages, places, states
from cssm_lib.analyses.history.numbers import NONE, alone, looked_up
from cssm_lib.analyses.history.repeats import changes, numbers_of, repeats
from cssm_lib.rules import Rules

DAY = ["group", "snapshot_date"]
SUMS = [
    *("quantity", "entitled", "in_use", "reserved", "usage_billed"),
    *("demand", "lent", "borrowed", "deficit", "free"),
]
# nearly always all stock is entitled and all use is demand: such columns are added up once
TWINS = {"entitled": "quantity", "demand": "in_use"}


@dataclass(frozen=True)
class PoolFrame:
    """Groups of places and their days: all that `pool_days` says but the sums.

    `days` has one row per group and day with the group's names, snapshot_date and full; the days
    of a group stand together. `members` say at which row of `days` the group of a `place` starts
    (`first`) and which set of Smart Accounts it touches (`pool`); each has a place once. `carried`
    says which older row of a place (that of the day `spoken`) stands in on which row (`at`). `nth`
    has a row per pool and a column per calendar day from `start` on: how many of the pool's days
    came before it, NONE where it is no such day.
    """

    days: pl.DataFrame
    members: tuple[pl.DataFrame, ...]
    carried: pl.DataFrame
    nth: np.ndarray
    start: int

    def adding(
        self, held: pl.DataFrame, members: pl.DataFrame
    ) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
        """The holdings, stretch by stretch, and the row of `days` that each adds to.

        That is one past the last where it adds to none.
        """
        said = repeats(held["snapshot_date", "place"])
        place = said.once(held.select("place")).to_series()
        first = looked_up(place, members["place"], members["first"])
        several = len(self.nth) > 1
        pool = looked_up(place, members["place"], members["pool"]) if several else None
        day = numbers_of(held["snapshot_date"])
        start, last = 0, self.nth.shape[1] - 1
        for at, count in said.says:
            rows, each = slice(start, start + count), slice(at, at + count)
            # a history that repeats itself has one day in each stretch
            days = day[rows] if len(said.says) == 1 else day[[start]]
            since = np.minimum(np.maximum(days - self.start, 0), last)
            of = 0 if pool is None else np.maximum(pool[each], 0)
            row = first[each] + self.nth[of, since]
            nowhere = row.min(initial=0) < 0
            yield held[rows], np.where(row < 0, self.days.height, row) if nowhere else row
            start += count


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
    `members` says which licences of which accounts stand in which group (the columns of `places`
    and `by`), by default `places`; accounts in scope are those with a row there. Which days an
    account has is read from `seen` (smart_account, virtual_account, snapshot_date, complete), by
    default from `holdings`. Undated rows have no day and are left out.

    Columns: `by`, snapshot_date, then in licences quantity, entitled, in_use, reserved,
    usage_billed, demand, lent, borrowed, deficit (sum of what single rows are short of), free
    (entitled less demand less lent), young, and full. On a day that is not full the sums hold
    what is known. Raises nothing.

    >>> import datetime as dt
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
    shown = pages(holdings if seen is None else seen)
    named = places(holdings) if members is None else members
    return pool_sums(holdings, pool_frame(named, shown, by=by, rules=rules))


def pool_frame(
    members: pl.DataFrame, pages: pl.DataFrame, *, by: Sequence[str], rules: Rules
) -> PoolFrame:
    """The groups `by` of some places and their days, as `pool_days` has them.

    `members`: rows of `places` with the columns of `by`; `pages` as `pages` makes them. It holds
    for all holdings of these places and pages, whatever they count.
    """
    by, asked = list(by), members.filter("dated")
    groups = _pooled_accounts(asked, by).sort(by).with_row_index("group")
    inside = asked.select("place", *by, *(name for name in ACCOUNT if name not in by)).join(
        groups, on=by, nulls_equal=True
    )
    inside = inside.select("place", "group", "pool", *ACCOUNT)
    accounts = inside.select("pool", *ACCOUNT).unique()
    pool_day = _pool_day(accounts, pages)
    cover = _cover(accounts.join(pool_day, on="pool"), pages, rules)
    days = groups.join(pool_day, on="pool", maintain_order="left_right").with_row_index("at")
    start, nth = _numbered_days(pool_day)
    return PoolFrame(
        _with_full(days, _doubtful(inside, cover)).select(*by, "snapshot_date", "full"),
        tuple(_each_once(_begun(inside, days["group"]))),
        _carried(inside, cover, days),
        nth,
        start,
    )


def pool_sums(holdings: pl.DataFrame, frame: PoolFrame) -> pl.DataFrame:
    """What `pool_days` says of these holdings, in a frame that was made before."""
    held, height = dated_rows(holdings), frame.days.height
    every = [name for name in (*SUMS, "young") if name != "free"]
    twins = {name: twin for name, twin in TWINS.items() if held[name].equals(held[twin])}
    counts = [name for name in every if name not in twins and not nothing(held[name])]
    sums = {name: np.zeros(height + 1, np.int64) for name in counts}
    asked = held["snapshot_date", "place"].hstack([filled(held[name], 0) for name in counts])
    parts = [frame.adding(asked, members) for members in frame.members]
    for rows, at in itertools.chain(*parts, _older(asked, frame)):
        for name, sum_ in sums.items():
            np.add.at(sum_, at, rows[name].to_numpy())
    zero = same(ZERO, frame.days)
    made = dict.fromkeys(every, zero) | {name: pl.Series(sums[name][:height]) for name in sums}
    made |= {name: made[twin] for name, twin in twins.items()}
    made["free"] = less(less(made["entitled"], made["demand"]), made["lent"])
    if held["young"].null_count() == held.height:
        # made without `as_of` they say nothing about it
        made["young"] = same(NOT_KNOWN, frame.days)
    names = frame.days.drop("full")
    return names.hstack([made[name].alias(name) for name in (*SUMS, "young")]).hstack(
        [frame.days["full"]]
    )


def _older(held: pl.DataFrame, frame: PoolFrame) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
    """The holdings of the few days that speak for others, and the rows where they stand in."""
    if frame.carried.is_empty():
        return
    days = frame.carried["spoken"].unique().implode()
    spoken = held.filter(pl.col("snapshot_date").is_in(days)).rename({"snapshot_date": "spoken"})
    older = spoken.join(frame.carried, on=["place", "spoken"])
    yield older, older["at"].to_numpy()


def _each_once(members: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The members in parts, none of which has a place that stands in two groups twice."""
    if members["place"].n_unique() == members.height:
        return iter([members])
    nth = pl.int_range(pl.len()).over("place").alias("nth")
    return iter(members.with_columns(nth).partition_by("nth", include_key=False))


def _begun(inside: pl.DataFrame, groups: pl.Series) -> pl.DataFrame:
    """The places of groups with days, each with the first row of its group's days, `first`."""
    at = changes(groups)
    first = looked_up(inside["group"], groups[at], pl.Series(at))
    members = inside["place", "pool"].hstack([pl.Series("first", first)])
    return members.filter(members["first"] >= 0)


def _numbered_days(pool_days: pl.DataFrame) -> tuple[int, np.ndarray]:
    """The day before all days, and how many days of each pool precede each day from there on."""
    if pool_days.is_empty():
        return 0, np.full((1, 1), NONE)
    days = pool_days.sort("pool", "snapshot_date")
    pool, day = days["pool"].to_numpy(), numbers_of(days["snapshot_date"])
    first = changes(days["pool"])
    start = int(day.min()) - 1
    nth = np.full((pool[-1] + 1, day.max() - start + 2), NONE)  # a day on either side is no day
    nth[pool, day - start] = np.arange(day.size) - np.repeat(first, np.diff(first, append=day.size))
    return start, nth


def _pooled_accounts(members: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Each group with the number of the set of Smart Accounts that it touches, `pool`."""
    if alone(members["smart_account"]):
        return members.select(by).unique().with_columns(pool=pl.lit(0, pl.Int64))
    smart = members.select("smart_account").unique().sort("smart_account").with_row_index("number")
    pool = pl.col("number").unique().sort().cast(pl.String).str.join("+").alias("pool")
    touched = members.select(*dict.fromkeys([*by, "smart_account"])).unique()
    # renamed, so that a group key called smart_account stays what it is
    named = touched.with_columns(touches="smart_account").join(
        smart, left_on="touches", right_on="smart_account", nulls_equal=True
    )
    grouped = named.group_by(by).agg(pool)
    return grouped.with_columns(pl.col("pool").rank("dense").cast(pl.Int64) - 1)


def _pool_day(accounts: pl.DataFrame, pages: pl.DataFrame) -> pl.DataFrame:
    """The days of each pool: those of every Smart Account in it."""
    smart = accounts.select("pool", "smart_account").unique()
    shown = pages.select("smart_account", "snapshot_date").unique()
    found = smart.join(shown, on="smart_account", nulls_equal=True)
    return found.select("pool", "snapshot_date").unique().sort("snapshot_date")


def _cover(grid: pl.DataFrame, pages: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per pool, account and day: which snapshot speaks for it, and whether it may."""
    shown = _spoken(grid, pages)
    age = (pl.col("snapshot_date") - pl.col("spoken")).dt.total_days()
    known = (age <= rules["positions.carry_days"]).fill_null(False)
    sure = known & pl.col("whole")
    broken = pages.filter(~pages["complete"])
    if broken.is_empty():
        return shown.with_columns(known=known, sure=sure)
    broken = broken.select("smart_account", "snapshot_date", broken=True).unique()
    told = shown.join(broken, on=["smart_account", "snapshot_date"], how="left", nulls_equal=True)
    return told.with_columns(known=known, sure=sure & pl.col("broken").is_null())


def _spoken(grid: pl.DataFrame, pages: pl.DataFrame) -> pl.DataFrame:
    """The accounts' days with the newest state of each until then, of the day `spoken`."""
    own = pages.select(*PAGE, spoken="snapshot_date", whole="complete", present=True)
    shown = grid.join(own, on=PAGE, how="left", nulls_equal=True)
    if not shown["spoken"].null_count():
        return shown  # every account has a page on every day
    spoken = states(pages).rename({"snapshot_date": "spoken", "complete": "whole"})
    return latest(grid, spoken, by=ACCOUNT, on=("snapshot_date", "spoken"))


def _carried(inside: pl.DataFrame, cover: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The rows of `days` on which an account speaks by an older row, place by place."""
    older = cover.filter("known", "present", pl.col("spoken") < pl.col("snapshot_date"))
    if older.is_empty():
        return inside.clear().select("place", spoken=pl.lit(None, pl.Date), at="group")
    told = inside.join(older, on=["pool", *ACCOUNT], nulls_equal=True)
    told = told.select("place", "spoken", *DAY)
    return told.join(days.select("at", *DAY), on=DAY).drop(DAY)


def _doubtful(inside: pl.DataFrame, cover: pl.DataFrame) -> pl.DataFrame:
    """The groups' days on which some account is not known for sure."""
    unsure = cover.filter(~pl.col("sure").fill_null(False))
    if unsure.is_empty():
        return inside.clear().select("group", snapshot_date=pl.lit(None, pl.Date))
    unsure = unsure.select("pool", *ACCOUNT, "snapshot_date")
    members = inside.select("group", "pool", *ACCOUNT).unique()
    hit = members.join(unsure, on=["pool", *ACCOUNT], nulls_equal=True)
    return hit.select(DAY).unique()


def _with_full(days: pl.DataFrame, doubtful: pl.DataFrame) -> pl.DataFrame:
    """Whether what is known of a day is the whole of it."""
    if doubtful.is_empty():
        return days.with_columns(full=True)
    hit = days.join(doubtful.with_columns(full=False), on=DAY, how="left", maintain_order="left")
    return hit.with_columns(pl.col("full").fill_null(True))
