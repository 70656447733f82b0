"""What every Virtual Account held and needed on every day that an export shows.

`holdings` is the base of all figures of the positions: a licence in a Virtual Account on a
snapshot's own day. `pool_days` adds holdings up over accounts and says on which days that sum is
whole, `standing` picks the rows that speak for `as_of`, and `counted_lots` the purchased lots
that may count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from cssm_lib.rules import Rules, licence_classes
from cssm_lib.schema import TABLES

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
KEY = [*ACCOUNT, "license", "snapshot_date"]
SUMS = [
    *("quantity", "entitled", "in_use", "reserved", "usage_billed"),
    *("demand", "lent", "borrowed", "deficit", "free"),
]
UNDATED = dt.date(1, 1, 1)
WITNESSES = {"licenses": 0, "summary": 1, "subscriptions": 2}


def holdings(
    tables: Mapping[str, pl.DataFrame], rules: Rules, *, as_of: dt.date | None = None
) -> pl.DataFrame:
    """One row per licence in a Virtual Account on a snapshot's own day, all days at once.

    Entitlement and demand follow rules.md ("Entitlement", "Demand"): the lots valid that day
    where they explain the exported quantity, else the quantity; use, plus reservations where
    `available` proves or does not disprove it. All counts are licences. `in_use` is as exported
    and holds `usage_billed`, which is no demand. Beside the columns of `usage` it has entitled,
    entitled_basis, entitled_gap, demand_identity, reserved_and_reporting, usage_billed, demand,
    lent, borrowed, held (reserved but unused units under the identity `in_use`), deficit (short
    after exported lending), movable (free for a transfer), young (of entitled, lots that started
    less than `positions.window_days` before `as_of`; null without `as_of`) and perpetual. Tables
    that are missing count as empty; nothing raises.

    >>> from cssm_lib.rules import load_rules
    >>> row = {"license": "A", "quantity": 10, "in_use": 7, "reserved": 2, "available": 1}
    >>> usage = TABLES["usage"].shaped(pl.DataFrame([row]))
    >>> holdings({"usage": usage}, load_rules())["entitled", "demand", "entitled_basis"].row(0)
    (10, 9, 'undated')
    """
    tables = {name: _coded(_table(tables, name)) for name in _NEEDED}
    usage = tables["usage"]
    return (
        _stock(usage)
        .join(_lot_sums(counted_lots(tables), as_of, rules), on=KEY, how="left", nulls_equal=True)
        .with_columns(_entitled())
        .join(_lending(tables, "from_license", "lent"), on=KEY, how="left", nulls_equal=True)
        .join(_lending(tables, "to_license", "borrowed"), on=KEY, how="left", nulls_equal=True)
        .join(_counted_twice(tables, rules), on=KEY, how="left", nulls_equal=True)
        .join(_classes(usage, rules), on="license", how="left")
        .with_columns(pl.col("lent", "borrowed", "reserved_and_reporting").fill_null(0))
        .with_columns(_young(as_of), _once())
        .with_columns(
            demand=pl.col("demand") - pl.col("reserved_and_reporting"),
            export_restricted=pl.col("export_restricted") | pl.col("restricted_class"),
        )
        .with_columns(_deficit(), _movable())
        .sort(KEY)  # while the names are codes, which still sort as text
        .select(pl.col(KEY[:3]).cast(pl.String), "snapshot_date", *_COLUMNS)
    )


_NEEDED = ["usage", "lots", "substitutions", "devices", "device_licenses"]
_COLUMNS = [
    *("quantity", "entitled", "entitled_basis", "entitled_gap", "in_use", "reserved", "available"),
    *("demand_identity", "reserved_and_reporting", "usage_billed", "demand", "lent", "borrowed"),
    *("held", "deficit", "movable", "young", "tag", "is_portable", "export_restricted"),
    *("perpetual", "complete"),
]


def counted_lots(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per purchased lot, as its best witness tells it, with `countable`.

    The licence rows of an export are the best witness of a licence's lots on a day, then the
    summary, then the subscriptions. A lot counts unless it is CANCELLED, PENDING or a DEMO
    (rules.md, "Entitlement"); lots that are billed by usage are left out. Units are licences.
    Adds `countable`; raises nothing.

    >>> lots = TABLES["lots"].shaped(pl.DataFrame({"license": ["A"], "license_type": ["DEMO"]}))
    >>> counted_lots({"lots": lots})["countable"].to_list()
    [False]
    """
    kind, status = _upper("license_type"), _upper("status")
    lots = (
        _table(tables, "lots")
        .filter(_upper("billing") != "USAGE")
        .with_columns(countable=(kind != "DEMO") & ~status.is_in(["CANCELLED", "PENDING"]))
    )
    if lots["witness"].n_unique() <= 1:
        return lots
    rank = pl.col("witness").replace_strict(WITNESSES, default=9, return_dtype=pl.Int8)
    best = lots.group_by(KEY).agg(best=rank.min())
    return lots.join(best, on=KEY, nulls_equal=True).filter(rank == pl.col("best")).drop("best")


def pool_days(
    holdings: pl.DataFrame,
    *,
    by: Sequence[str],
    rules: Rules,
    seen: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per group `by` and snapshot day: the sums over the group's accounts and licences.

    The days are those of every Smart Account that the group touches. An account without a
    snapshot that day speaks by its last one for `positions.carry_days`; after that, and where an
    export is incomplete, the day is not `full` (rules.md, "Peaks, zero use, shelf"). An account
    that a wide snapshot does not show, before its first or after its last day, holds zero.
    Accounts in scope are those with a row in the group; which days an account has is read from
    `seen` (smart_account, virtual_account, snapshot_date, complete), by default from `holdings`.
    Undated rows have no day and are left out.

    Columns: `by`, snapshot_date, then in licences quantity, entitled, in_use, reserved,
    usage_billed, demand, lent, borrowed, deficit (sum of what single rows are short of), free
    (entitled less demand less lent), young, and full. On a day that is not full the sums hold
    what is known. Raises nothing.

    >>> from cssm_lib.rules import load_rules
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
    pages = _pages(holdings if seen is None else seen)
    rows = holdings.filter(pl.col("snapshot_date").is_not_null())
    members = rows.select(*dict.fromkeys([*by, *ACCOUNT])).unique()
    groups = _pooled_accounts(members, by)
    cover = _cover(pages, members.join(groups, on=by, nulls_equal=True), rules)
    sums = _day_sums(rows.join(groups, on=by, nulls_equal=True), cover, by)
    doubtful = _doubtful(members.join(groups, on=by, nulls_equal=True), cover, by)
    day = [*by, "snapshot_date"]
    return (
        groups.join(cover.select("pool", "snapshot_date").unique(), on="pool")
        .join(sums, on=day, how="left", nulls_equal=True)
        .join(doubtful, on=day, how="left", nulls_equal=True)
        .with_columns(pl.col(SUMS).fill_null(0), full=pl.col("doubtful").is_null())
        .with_columns(_no_young(rows))
        .select(*day, *SUMS, "young", "full")
        .sort(day)
    )


def standing(holdings: pl.DataFrame, *, as_of: dt.date | None) -> pl.DataFrame:
    """One row per licence in a Virtual Account: the holding that speaks for `as_of`, with its age.

    Per Smart Account that is its newest snapshot on or before `as_of`; accounts that this
    snapshot lacks without being wide come from their own newest one (DESIGN.md §3). Undated rows
    stand only for a Smart Account that has nothing else, or where `as_of` is null. Adds age_days
    (days, null if undated).

    >>> from cssm_lib.rules import load_rules
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
    newest = _states(_pages(dated)).group_by(ACCOUNT).agg(pl.all().sort_by("snapshot_date").last())
    now = dated.join(newest.filter("present").select(PAGE), on=PAGE, how="semi", nulls_equal=True)
    age = (pl.lit(as_of, pl.Date) - day).dt.total_days()
    return pl.concat([now, undated]).with_columns(age_days=age).sort(KEY)


def _table(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    found = tables.get(name)
    return TABLES[name].empty() if found is None else found.lazy().collect()


def _coded(frame: pl.DataFrame) -> pl.DataFrame:
    """Names as codes: joins of long histories on them take a tenth of the time."""
    names = [*ACCOUNT, "license", "from_license", "to_license"]
    return frame.with_columns(
        pl.col(name).cast(pl.Categorical) for name in names if name in frame.columns
    )


def _upper(column: str) -> pl.Expr:
    return pl.col(column).str.to_uppercase().fill_null("")


def _stock(usage: pl.DataFrame) -> pl.DataFrame:
    """Usage rows with their demand, added up per licence, account and day."""
    paid = _upper("billing") == "USAGE"
    use, reserved = pl.col("in_use"), pl.col("reserved").fill_null(0)
    of_use = pl.col("demand_identity") == "in_use"
    rows = usage.join(_identities(usage), on="source", how="left", nulls_equal=True).with_columns(
        pl.col("demand_identity").fill_null("unproven")
    )
    return (
        rows.with_columns(
            paid=paid,
            prepaid=pl.when(paid).then(0).otherwise("quantity"),
            usage_billed=pl.when(paid).then(use).otherwise(0),
            demand=pl.when(paid).then(0).when(of_use).then(use).otherwise(use + reserved),
            held=pl.when(~paid & of_use).then((reserved - use).clip(0)).otherwise(0),
        )
        .group_by(KEY)
        .agg(
            pl.col("quantity", "prepaid", "in_use", "usage_billed", "demand", "held").sum(),
            *_as_exported(),
        )
        .with_columns(_one_identity(), complete=pl.col("complete").fill_null(True))
    )


def _as_exported() -> list[pl.Expr]:
    """What stays null where no file says it."""
    reserved, available = pl.col("reserved"), pl.col("available")
    identity, paid = pl.col("demand_identity"), pl.col("paid")
    return [
        pl.when(reserved.count() > 0).then(reserved.sum()),
        pl.when(available.null_count() == 0).then(available.sum()),
        pl.col("tag").min(),
        pl.col("is_portable").max(),
        pl.col("export_restricted").max().fill_null(False),
        pl.col("complete").min(),
        paid.min().alias("billed_only"),
        identity.min().alias("identity_low"),
        identity.max().alias("identity_high"),
    ]


def _one_identity() -> pl.Expr:
    low, high = pl.col("identity_low"), pl.col("identity_high")
    return pl.when(low == high).then(low).otherwise(pl.lit("unproven")).alias("demand_identity")


def _identities(usage: pl.DataFrame) -> pl.DataFrame:
    """What `available` proves of each file, on the rows that can tell."""
    left = pl.col("quantity") - pl.col("in_use") - pl.col("available")
    telling = usage.filter((pl.col("reserved") > 0) & pl.col("available").is_not_null())
    identity = (
        pl.when((left == 0).all())
        .then(pl.lit("in_use"))
        .when((left == pl.col("reserved")).all())
        .then(pl.lit("in_use + reserved"))
        .otherwise(pl.lit("unproven"))
    )
    return telling.group_by("source").agg(demand_identity=identity)


def _lot_sums(lots: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    day, units = pl.col("snapshot_date"), pl.col("quantity")
    start, end = pl.col("start_date"), pl.col("end_date")
    begun = (start <= day).fill_null(True) & (end >= day).fill_null(True)
    valid = pl.col("countable") & begun & day.is_not_null()
    bound = as_of - dt.timedelta(days=rules["positions.window_days"]) if as_of else None
    young = (start > pl.lit(bound, pl.Date)).fill_null(False)
    return (
        lots.with_columns(
            lots_active=pl.when(_upper("status") == "ACTIVE").then(units).otherwise(0),
            lots_valid=pl.when(valid).then(units).otherwise(0),
            lots_young=pl.when(valid & young).then(units).otherwise(0),
        )
        .group_by(KEY)
        .agg(
            pl.col("lots_active", "lots_valid", "lots_young").sum(),
            lots_all=units.sum(),
        )
    )


def _entitled() -> list[pl.Expr]:
    """Lots valid that day where they explain the quantity, else the quantity (rules.md)."""
    prepaid, valid = pl.col("prepaid"), pl.col("lots_valid").fill_null(0)
    explain = (pl.col("lots_all").fill_null(0) == prepaid) | (
        pl.col("lots_active").fill_null(0) == prepaid
    )
    undated, paid = pl.col("snapshot_date").is_null(), pl.col("billed_only")
    by_lots = explain & ~undated
    return [
        pl.when(paid).then(0).when(by_lots).then(valid).otherwise(prepaid).alias("entitled"),
        pl.when(paid)
        .then(pl.lit("usage"))
        .when(undated)
        .then(pl.lit("undated"))
        .when(by_lots)
        .then(pl.lit("lots"))
        .otherwise(pl.lit("quantity"))
        .alias("entitled_basis"),
        pl.when(~paid & ~undated).then(pl.col("lots_valid") - prepaid).alias("entitled_gap"),
    ]


def _young(as_of: dt.date | None) -> pl.Expr:
    units = pl.min_horizontal(pl.col("lots_young").fill_null(0), "entitled")
    return (pl.lit(None, pl.Int64) if as_of is None else units).alias("young")


def _lending(tables: Mapping[str, pl.DataFrame], side: str, name: str) -> pl.DataFrame:
    key = [*ACCOUNT, pl.col(side).alias("license"), "snapshot_date"]
    return _table(tables, "substitutions").group_by(key).agg(pl.col("quantity").sum().alias(name))


def _classes(usage: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    classes = licence_classes(usage["license"].unique().cast(pl.String), rules)
    name = pl.col("license").cast(pl.Categorical)
    return classes.select(name, "perpetual", restricted_class="export_restricted")


def _once() -> pl.Expr:
    """A device both reserved and reporting is counted once, where demand adds the two."""
    adds = (pl.col("demand_identity") != "in_use") & ~pl.col("billed_only")
    most = pl.min_horizontal(pl.col("reserved").fill_null(0), pl.col("in_use"))
    units = pl.min_horizontal("reserved_and_reporting", most)
    return pl.when(adds).then(units).otherwise(0).alias("reserved_and_reporting")


def _deficit() -> pl.Expr:
    after = pl.col("entitled") - pl.col("demand") - pl.col("lent") + pl.col("borrowed")
    paid = pl.col("billed_only")
    return pl.when(paid).then(0).otherwise((-after).clip(0)).alias("deficit")


def _movable() -> pl.Expr:
    free = pl.col("entitled") - pl.col("demand") - pl.col("lent") - pl.col("held")
    bound = pl.col("billed_only") | pl.col("export_restricted")
    return pl.when(bound).then(0).otherwise(free.clip(0)).alias("movable")


def _counted_twice(tables: Mapping[str, pl.DataFrame], rules: Rules) -> pl.DataFrame:
    """Units of instances that the nearest device page shows both as reserved and as reporting."""
    devices = _table(tables, "devices")
    device = [*PAGE, "udi_pid", "serial"]
    reserved = pl.col("status").str.to_lowercase().str.contains("reserved").fill_null(False)
    twins = (
        devices.filter(pl.col("serial").is_not_null())
        .group_by(device)
        .agg(as_reserved=reserved.any(), as_reporting=(~reserved).any())
        .filter("as_reserved", "as_reporting")
    )
    units = (
        _table(tables, "device_licenses")
        .join(twins, on=device, how="semi", nulls_equal=True)
        .group_by(*device, "license")
        .agg(pl.col("quantity").min(), records=pl.len())
        .filter(pl.col("records") > 1)
        .group_by(KEY)
        .agg(reserved_and_reporting=pl.col("quantity").sum())
    )
    pages = _table(tables, "usage").select(PAGE).unique()
    nearest = _nearest_page(pages, devices.select(PAGE).unique(), rules)
    shown = units.rename({"snapshot_date": "device_date"})
    keys = [*ACCOUNT, "device_date"]
    found = nearest.join(shown, on=keys, nulls_equal=True)
    return found.select(*KEY, "reserved_and_reporting")


def _nearest_page(pages: pl.DataFrame, shown: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Each usage page with the newest device page on or before it; undated goes with undated."""
    day = pl.col("snapshot_date").fill_null(UNDATED).alias("day")
    found = _latest(
        pages.with_columns(day),
        shown.with_columns(day).rename({"snapshot_date": "device_date", "day": "shown"}),
        by=ACCOUNT,
        on=("day", "shown"),
    )
    age = (pl.col("day") - pl.col("shown")).dt.total_days()
    return found.filter(age <= rules["positions.carry_days"])


def _latest(
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


def _pages(seen: pl.DataFrame) -> pl.DataFrame:
    """One row per account and day with a snapshot; `complete` is the whole Smart Account's."""
    dated = seen.filter(pl.col("snapshot_date").is_not_null())
    pages = dated.group_by(PAGE).agg(pl.col("complete").min().fill_null(True))
    whole = pl.col("complete").min().over("smart_account", "snapshot_date")
    return pages.with_columns(complete=whole)


def _states(pages: pl.DataFrame) -> pl.DataFrame:
    """One row per account and day on which its holding is known: shown, or certainly none."""
    day = pl.col("snapshot_date")
    snapshots = pages.group_by("smart_account", "snapshot_date").agg(
        pl.col("complete").first(), accounts=pl.len()
    )
    lives = pages.group_by(ACCOUNT).agg(first=day.min(), last=day.max())
    wide = pl.col("complete") & (pl.col("accounts") >= 2)
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
        _latest(accounts.join(days, on="pool"), states, by=ACCOUNT, on=("snapshot_date", "spoken"))
        .join(
            broken.with_columns(broken=True),
            on=["smart_account", "snapshot_date"],
            how="left",
            nulls_equal=True,
        )
        .with_columns(known=known, sure=known & pl.col("whole") & pl.col("broken").is_null())
    )


def _day_sums(rows: pl.DataFrame, cover: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    speaks = cover.filter("known", "present").select("pool", *ACCOUNT, "spoken", "snapshot_date")
    free = pl.col("entitled") - pl.col("demand") - pl.col("lent")
    values = rows.select(
        *dict.fromkeys([*by, *ACCOUNT, "pool"]),
        *[name for name in SUMS if name != "free"],
        "young",
        spoken="snapshot_date",
        free=free,
    )
    told = values.join(speaks, on=["pool", *ACCOUNT, "spoken"], nulls_equal=True)
    return told.group_by(*by, "snapshot_date").agg(pl.col(*SUMS, "young").sum())


def _doubtful(members: pl.DataFrame, cover: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    unsure = cover.filter(~pl.col("sure").fill_null(False))
    unsure = unsure.select("pool", *ACCOUNT, "snapshot_date")
    hit = members.join(unsure, on=["pool", *ACCOUNT], nulls_equal=True)
    return hit.select(*by, "snapshot_date").unique().with_columns(doubtful=True)


def _no_young(rows: pl.DataFrame) -> pl.Expr:
    """Unknown stays unknown: holdings made without `as_of` say nothing about young lots."""
    unknown = rows["young"].null_count() == rows.height
    return (pl.lit(None, pl.Int64) if unknown else pl.col("young").fill_null(0)).alias("young")
