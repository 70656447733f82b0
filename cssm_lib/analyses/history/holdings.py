"""What a licence in a Virtual Account held and needed on a snapshot's own day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache

import polars as pl

from cssm_lib.analyses.history.days import latest
from cssm_lib.analyses.history.numbers import (
    FEW,
    Numbers,
    alone,
    made_of,
    numbered,
    one_number,
    stands_once,
)
from cssm_lib.rules import Rules, matches_any
from cssm_lib.schema import TABLES

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
KEY = [*ACCOUNT, "license", "snapshot_date"]
UNDATED = dt.date(1, 1, 1)
# what a holding rests on, but for instances that are known twice
READ = {
    "usage": [
        *(*KEY, "tag", "billing", "quantity", "in_use", "reserved", "available"),
        *("is_portable", "export_restricted", "complete", "export", "wide", "source"),
    ],
    "lots": [
        *(*KEY, "billing", "license_type", "quantity", "start_date", "end_date", "status"),
        "witness",
    ],
    "substitutions": [*PAGE, "from_license", "to_license", "quantity"],
}
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
    less than `positions.window_days` before `as_of`; null without `as_of`), perpetual, `account`
    and `place`, numbers for each Virtual Account and each licence and tag in it, good for this
    frame only: long histories are added up and joined by them. Rows stand in no order. Tables that
    are missing count as empty; nothing raises.

    >>> from cssm_lib.rules import load_rules
    >>> row = {"license": "A", "quantity": 10, "in_use": 7, "reserved": 2, "available": 1}
    >>> usage = TABLES["usage"].shaped(pl.DataFrame([row]))
    >>> holdings({"usage": usage}, load_rules())["entitled", "demand", "entitled_basis"].row(0)
    (10, 9, 'undated')
    """
    tables = {name: _table(tables, name) for name in (*READ, "devices", "device_licenses")}
    usage, numbers = numbered(tables["usage"], KEY[:3])
    found = (
        _lot_units(counted_lots(tables), as_of, rules),
        _lending(tables, "from_license", "lent"),
        _lending(tables, "to_license", "borrowed"),
        _counted_twice(tables, rules),
    )
    rows = _beside(_stock(usage, numbers.size), found, numbers)
    free = pl.col("entitled") - pl.col("lent") - pl.col("demand") + pl.col("reserved_and_reporting")
    return (
        _classed(rows, numbers.last, rules)
        .with_columns(*_entitled(), pl.col("lent", "borrowed").fill_null(0), _once())
        .with_columns(_young(as_of), free=free)
        .with_columns(_demand(), _deficit(), _movable(), _with_tag(usage))
        .select(*KEY, *_COLUMNS)
    )


_COLUMNS = [
    *("quantity", "entitled", "entitled_basis", "entitled_gap", "in_use", "reserved", "available"),
    *("demand_identity", "reserved_and_reporting", "usage_billed", "demand", "lent", "borrowed"),
    *("held", "deficit", "movable", "young", "tag", "is_portable", "export_restricted"),
    *("perpetual", "complete", "wide", "account", "place"),
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
    lots = _table(tables, "lots")
    demo = _said("license_type", "DEMO", rows=lots)
    void = demo | _said("status", "CANCELLED", "PENDING", rows=lots)
    lots = lots.filter(~_said("billing", "USAGE", rows=lots)).with_columns(countable=~void)
    if lots.is_empty() or lots["witness"].eq_missing(lots["witness"][0]).all():
        return lots
    rank = pl.col("witness").replace_strict(WITNESSES, default=9, return_dtype=pl.Int8)
    return lots.filter(rank == rank.min().over(KEY))


def _with_tag(usage: pl.DataFrame) -> pl.Expr:
    """A licence with two tags may stand in two lines of an agreement."""
    if alone(usage["tag"]):
        return pl.col("place")
    tag = one_number(usage["tag"], pl.Categories.random())
    return made_of([pl.col("place"), tag], [2, usage.select(tag.max()).item() + 1]).alias("place")


def _beside(rows: pl.DataFrame, found: Iterable[pl.DataFrame], numbers: Numbers) -> pl.DataFrame:
    """The rows with the sums of what was found of their place and day, null where nothing was."""
    day, nothing = ["place", "snapshot_date"], []
    for each in found:
        units = [name for name in each.columns if name not in KEY]
        if each.is_empty():
            nothing += [pl.lit(None, pl.Int64).alias(name) for name in units]
            continue
        placed = each.select(numbers.place().alias("place"), "snapshot_date", *units)
        sums = placed.group_by(day).agg(pl.col(units).sum())
        rows = rows.join(sums, on=day, how="left", nulls_equal=True, maintain_order="left")
    return rows.with_columns(nothing)


def _table(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    found = tables.get(name)
    if found is None:
        return TABLES[name].empty()
    return found.collect() if isinstance(found, pl.LazyFrame) else found


def _said(column: str, *words: str, rows: pl.DataFrame) -> pl.Expr:
    """Whether a column of `rows` says one of some words, in capitals or not.

    Of a long history the few different values are put in capitals, not every row's.
    """
    in_capitals = _in_capitals(column, words)
    if rows.height < FEW:
        return in_capitals
    values = rows.select(pl.col(column).unique()).filter(in_capitals)[column]
    return pl.col(column).is_in(values.implode()).fill_null(False)


@cache
def _in_capitals(column: str, words: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).str.to_uppercase().is_in(words).fill_null(False)


def _stock(usage: pl.DataFrame, places: int) -> pl.DataFrame:
    """Usage rows with their demand, added up per licence, account and day."""
    some_paid = bool((usage["billing"] == "USAGE").any())
    rows = _with_identity(usage).with_columns(**_units(some_paid))
    return rows if stands_once(usage, places) else _added_up(rows)


@cache
def _units(some_paid: bool) -> dict[str, pl.Expr]:
    """What a row of usage counts; `some_paid`: whether any is paid as used."""
    paid = (pl.col("billing") == "USAGE").fill_null(False) if some_paid else pl.lit(False)
    use, reserved = pl.col("in_use").fill_null(0), pl.col("reserved").fill_null(0)
    of_use = pl.col("demand_identity") == "in_use"
    units = pl.col("quantity").fill_null(0)
    return {
        "quantity": units,
        "in_use": use,
        "prepaid": pl.when(paid).then(0).otherwise(units),
        "usage_billed": pl.when(paid).then(use).otherwise(0),
        "demand": pl.when(paid).then(0).when(of_use).then(use).otherwise(use + reserved),
        "held": pl.when(~paid & of_use).then((reserved - use).clip(0)).otherwise(0),
        "export_restricted": pl.col("export_restricted").fill_null(False),
        "complete": pl.col("complete").fill_null(True),
        "billed_only": paid,
    }


def _added_up(rows: pl.DataFrame) -> pl.DataFrame:
    """Some licence has several rows in an account on a day."""
    counts = pl.col("quantity", "prepaid", "in_use", "usage_billed", "demand", "held")
    return rows.group_by("place", "snapshot_date", maintain_order=True).agg(
        pl.col(*KEY[:3], "account", "name").first(), counts.sum(), *_as_exported()
    )


@cache
def _as_exported() -> list[pl.Expr]:
    """What stays null where no file says it."""
    reserved, available, identity = (
        pl.col(name) for name in ("reserved", "available", "demand_identity")
    )
    return [
        pl.when(reserved.count() > 0).then(reserved.sum()),
        pl.when(available.null_count() == 0).then(available.sum()),
        pl.when(identity.n_unique() == 1).then(identity.first()).otherwise(pl.lit("unproven")),
        pl.col("tag", "complete", "billed_only").min(),
        pl.col("is_portable", "export_restricted", "wide").max(),
    ]


def _with_identity(usage: pl.DataFrame) -> pl.DataFrame:
    """The rows with what `available` proves of their file, on the rows that can tell."""
    unproven = pl.lit("unproven").alias("demand_identity")
    telling = usage.filter((pl.col("reserved") > 0) & pl.col("available").is_not_null())
    if telling.is_empty():
        return usage.with_columns(unproven)
    left = pl.col("quantity") - pl.col("in_use") - pl.col("available")
    identity = (
        pl.when((left == 0).all())
        .then(pl.lit("in_use"))
        .when((left == pl.col("reserved")).all())
        .then(pl.lit("in_use + reserved"))
        .otherwise(unproven)
    )
    # the pages of one export prove their identity together
    teller = pl.coalesce("export", "source").alias("teller")
    proved = telling.group_by(teller).agg(demand_identity=identity)
    rows = usage.with_columns(teller).join(proved, on="teller", how="left", nulls_equal=True)
    return rows.with_columns(pl.col("demand_identity").fill_null(unproven))


def _lot_units(lots: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """The units of each lot by what they are on the day of its snapshot."""
    day, units = pl.col("snapshot_date"), pl.col("quantity")
    start, end = pl.col("start_date"), pl.col("end_date")
    begun = (start <= day).fill_null(True) & (end >= day).fill_null(True)
    valid = pl.col("countable") & begun & day.is_not_null()
    bound = as_of - dt.timedelta(days=rules["positions.window_days"]) if as_of else None
    young = (start > pl.lit(bound, pl.Date)).fill_null(False)
    return lots.select(
        *KEY,
        lots_active=pl.when(_said("status", "ACTIVE", rows=lots)).then(units).otherwise(0),
        lots_valid=pl.when(valid).then(units).otherwise(0),
        lots_young=pl.when(valid & young).then(units).otherwise(0),
        lots_all=units,
    )


@cache
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
    return tables["substitutions"].select(*key, pl.col("quantity").alias(name))


def _classed(rows: pl.DataFrame, licences: pl.Series, rules: Rules) -> pl.DataFrame:
    """The rows with what their licence is; kinds that no licence has are not looked up."""
    kinds = pl.select(
        pl.lit(licences)
        .str.contains(_fitting(tuple(rules[f"licences.{kind}"])))
        .fill_null(False)
        .alias(kind)
        for kind in ("perpetual", "export_restricted")
    )
    perpetual, restricted = (
        pl.lit(kind).gather("name") if kind.any() else pl.lit(False) for kind in kinds
    )
    restricted = pl.col("export_restricted") | restricted
    return rows.with_columns(perpetual=perpetual, export_restricted=restricted)


@cache
def _fitting(patterns: tuple[str, ...]) -> str:
    return matches_any(list(patterns))


@cache
def _once() -> pl.Expr:
    """A device both reserved and reporting is counted once, where demand adds the two."""
    adds = (pl.col("demand_identity") != "in_use") & ~pl.col("billed_only")
    most = pl.min_horizontal(pl.col("reserved").fill_null(0), pl.col("in_use"))
    units = pl.min_horizontal(pl.col("reserved_and_reporting").fill_null(0), most)
    return pl.when(adds).then(units).otherwise(0).alias("reserved_and_reporting")


@cache
def _demand() -> pl.Expr:
    return pl.col("demand") - pl.col("reserved_and_reporting")


@cache
def _deficit() -> pl.Expr:
    short = (-pl.col("free") - pl.col("borrowed")).clip(0)
    return pl.when("billed_only").then(0).otherwise(short).alias("deficit")


@cache
def _movable() -> pl.Expr:
    free = (pl.col("free") - pl.col("held")).clip(0)
    bound = pl.col("billed_only") | pl.col("export_restricted")
    return pl.when(bound).then(0).otherwise(free).alias("movable")


def _counted_twice(tables: Mapping[str, pl.DataFrame], rules: Rules) -> pl.DataFrame:
    """Units of instances that the nearest device page shows both as reserved and as reporting."""
    devices = tables["devices"]
    nothing = pl.DataFrame(schema={"reserved_and_reporting": pl.Int64})
    if devices.is_empty():
        return nothing
    device = [*PAGE, "udi_pid", "serial"]
    reserved = pl.col("status").str.to_lowercase().str.contains("reserved").fill_null(False)
    held = devices.filter(pl.col("serial").is_not_null() & reserved).select(device).unique()
    if held.is_empty():
        return nothing
    twins = (
        devices.join(held, on=device, how="semi", nulls_equal=True)
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
    if units.is_empty():
        return nothing
    pages = tables["usage"].select(PAGE).unique()
    nearest = _nearest_page(pages, devices.select(PAGE).unique(), rules)
    shown = units.rename({"snapshot_date": "device_date"})
    keys = [*ACCOUNT, "device_date"]
    found = nearest.join(shown, on=keys, nulls_equal=True)
    return found.select(*KEY, "reserved_and_reporting")


def _nearest_page(pages: pl.DataFrame, shown: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Each usage page with the newest device page on or before it; undated goes with undated."""
    day = pl.col("snapshot_date").fill_null(UNDATED).alias("day")
    found = latest(
        pages.with_columns(day),
        shown.with_columns(day).rename({"snapshot_date": "device_date", "day": "shown"}),
        by=ACCOUNT,
        on=("day", "shown"),
    )
    age = (pl.col("day") - pl.col("shown")).dt.total_days()
    return found.filter(age <= rules["positions.carry_days"])
