"""What a licence in a Virtual Account held and needed on a snapshot's own day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.history.columns import (
    NO,
    NOT_KNOWN,
    ZERO,
    above_zero,
    filled,
    less,
    more,
    nothing,
    smaller,
    where,
    with_all,
)
from cssm_lib.analyses.history.lots import counted_lots, lot_units, table
from cssm_lib.analyses.history.numbers import (
    Numbers,
    alone,
    made_of,
    numbered,
    one_number,
    same_place_and_day,
    stands_once,
)
from cssm_lib.analyses.history.twins import counted_twice
from cssm_lib.rules import Rules, matches_any

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
KEY = [*ACCOUNT, "license", "snapshot_date"]
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
IDENTITY = pl.Enum(["unproven", "in_use", "in_use + reserved"])
BASIS = pl.Enum(["quantity", "lots", "undated", "usage"])
UNPROVEN, IN_USE, BOTH = (pl.Series([word], dtype=IDENTITY) for word in IDENTITY.categories)
QUANTITY, LOTS, UNDATED, USAGE = (pl.Series([word], dtype=BASIS) for word in BASIS.categories)


def holdings(
    tables: Mapping[str, pl.DataFrame],
    rules: Rules,
    *,
    as_of: dt.date | None = None,
    lots: pl.DataFrame | None = None,
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
    frame only: long histories are added up and joined by them. What a figure rests on (`BASIS`,
    `IDENTITY`) is one of few words, which `standing` has as text. `lots` is what `lot_units` makes
    of the tables, where that is known. Rows stand in no order. Tables that are missing count as
    empty; nothing raises.

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> row = {"license": "A", "quantity": 10, "in_use": 7, "reserved": 2, "available": 1}
    >>> usage = TABLES["usage"].shaped(pl.DataFrame([row]))
    >>> holdings({"usage": usage}, load_rules())["entitled", "demand", "entitled_basis"].row(0)
    (10, 9, 'undated')
    """
    tables = {name: table(tables, name) for name in (*READ, "devices", "device_licenses")}
    usage, numbers = numbered(tables["usage"], KEY[:3])
    if lots is None:
        lots = lot_units(counted_lots(tables), as_of=as_of, rules=rules)
    found = (
        lots,
        _lending(tables, "from_license", "lent"),
        _lending(tables, "to_license", "borrowed"),
        counted_twice(tables, rules),
    )
    rows = _stock(usage, numbers)
    rows = with_all(rows, _classed(rows, numbers, rules))
    beside = _beside(rows, found, numbers)
    units = defaultdict(lambda: ZERO, {name: filled(beside[name], 0) for name in beside})
    made = _entitled(rows, units) | {"entitled_gap": _gap(rows, beside.get("lots_valid"))}
    young = smaller(units["lots_young"], made["entitled"]) if as_of else NOT_KNOWN
    made |= _needed(rows, made["entitled"], units)
    made |= {"young": young, "place": _with_tag(rows, numbers)}
    return with_all(rows, made).select(*KEY, *_COLUMNS)


_COLUMNS = [
    *("quantity", "entitled", "entitled_basis", "entitled_gap", "in_use", "reserved", "available"),
    *("demand_identity", "reserved_and_reporting", "usage_billed", "demand", "lent", "borrowed"),
    *("held", "deficit", "movable", "young", "tag", "is_portable", "export_restricted"),
    *("perpetual", "complete", "wide", "account", "place"),
]


def _with_tag(rows: pl.DataFrame, numbers: Numbers) -> pl.Series:
    """A licence with two tags may stand in two lines of an agreement."""
    if alone(rows["tag"]):
        return rows["place"]
    tag = rows.select(one_number(rows["tag"], pl.Categories.random())).to_series()
    each = [pl.col("place"), pl.lit(tag)]
    return rows.select(made_of(each, [numbers.size, tag.max() + 1])).to_series()


def _beside(
    rows: pl.DataFrame, found: Iterable[pl.DataFrame], numbers: Numbers
) -> dict[str, pl.Series]:
    """The sums of what was found of each row's place and day, null where nothing was.

    What nothing was found of at all is left out.
    """
    sums: dict[str, pl.Series] = {}
    for each in (each for each in found if not each.is_empty()):
        placed = each.with_columns(numbers.place().alias("place"))
        at = same_place_and_day(placed, rows, numbers.size)
        none = pl.Series(np.bincount(at, minlength=rows.height + 1)[:-1] == 0)
        for name in (name for name in each.columns if name not in KEY):
            units = np.zeros(rows.height + 1, np.int64)
            np.add.at(units, at, filled(each[name], 0).to_numpy())
            sums[name] = where(none, NOT_KNOWN, pl.Series(units[:-1]))
    return sums


def _stock(usage: pl.DataFrame, numbers: Numbers) -> pl.DataFrame:
    """Usage rows with their demand, added up per licence, account and day."""
    rows = with_all(usage, _units(usage, _identity(usage)))
    once = stands_once(numbers.days.once(rows["place", "snapshot_date"]), numbers.size)
    return rows if once else _added_up(rows)


def _units(usage: pl.DataFrame, identity: pl.Series | None) -> dict[str, pl.Series]:
    """What a row of usage counts, by what `available` proves of it."""
    units, use, reserved = (filled(usage[name], 0) for name in ("quantity", "in_use", "reserved"))
    paid = filled(usage["billing"] == "USAGE", False)
    of_use = NO if identity is None else identity == "in_use"
    kept = above_zero(reserved - use) if of_use.any() else ZERO
    return {
        "quantity": units,
        "in_use": use,
        "prepaid": where(paid, ZERO, units),
        "usage_billed": where(paid, use, ZERO),
        "demand": where(paid, ZERO, where(of_use, use, more(use, reserved))),
        "held": where(of_use & ~paid, kept, ZERO),
        "export_restricted": filled(usage["export_restricted"], False),
        "complete": filled(usage["complete"], True),
        "billed_only": paid,
        "demand_identity": UNPROVEN if identity is None else identity,
    }


def _added_up(rows: pl.DataFrame) -> pl.DataFrame:
    """Some licence has several rows in an account on a day."""
    counts = pl.col("quantity", "prepaid", "in_use", "usage_billed", "demand", "held")
    return rows.group_by("place", "snapshot_date", maintain_order=True).agg(
        pl.col(*KEY[:3], "account").first(), counts.sum(), *_as_exported()
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
        pl.when(identity.n_unique() == 1)
        .then(identity.first())
        .otherwise(pl.lit("unproven", IDENTITY)),
        pl.col("tag", "complete", "billed_only").min(),
        pl.col("is_portable", "export_restricted", "wide").max(),
    ]


def _identity(usage: pl.DataFrame) -> pl.Series | None:
    """What `available` proves of each row's file; None where no row can tell."""
    if (usage["reserved"].max() or 0) <= 0:
        return None
    tells = (usage["reserved"] > 0) & usage["available"].is_not_null()
    if not tells.any():
        return None
    left = usage["quantity"] - usage["in_use"] - usage["available"]
    export, source = usage["export"], usage["source"]
    # the pages of one export prove their identity together
    teller = export.zip_with(export.is_not_null(), source)
    tell, no_use, no_both = (
        teller.is_in(teller.filter(rows).unique().implode(), nulls_equal=True)
        for rows in (tells, tells & (left != 0), tells & (left != usage["reserved"]))
    )
    both = where(tell & ~no_both, BOTH, UNPROVEN)
    return where(tell & ~no_use, IN_USE, both)


def _entitled(rows: pl.DataFrame, units: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """Lots valid that day where they explain the quantity, else the quantity (rules.md)."""
    prepaid, paid, undated = rows["prepaid"], rows["billed_only"], rows["snapshot_date"].is_null()
    dated, stock = ~undated, prepaid
    by_lots = (units["lots_all"] == prepaid) & dated
    if "lots_valid" in units:
        valid = units["lots_valid"]
        by_lots |= (units["lots_active"] == prepaid) & dated
        # where the lots say the same as the quantity, the quantity's own column stands
        stock = where(by_lots & (valid != prepaid), valid, prepaid)
    basis = where(undated, UNDATED, LOTS.zip_with(by_lots, QUANTITY))
    entitled = where(paid, ZERO, stock)
    return {"entitled": entitled, "entitled_basis": where(paid, USAGE, basis)}


def _gap(rows: pl.DataFrame, valid: pl.Series | None) -> pl.Series:
    """How far the valid lots lie from the quantity, where a dated row has lots."""
    if valid is None:
        return NOT_KNOWN
    return where(
        rows["billed_only"] | rows["snapshot_date"].is_null(), NOT_KNOWN, valid - rows["prepaid"]
    )


def _needed(
    rows: pl.DataFrame, entitled: pl.Series, units: Mapping[str, pl.Series]
) -> dict[str, pl.Series]:
    """What is demanded and lent, what a place is short of and what may leave it."""
    paid, lent, borrowed = rows["billed_only"], units["lent"], units["borrowed"]
    twice = _twice(rows, units["reserved_and_reporting"])
    demand = less(rows["demand"], twice)
    free = less(less(entitled, lent), demand)
    bound, held = paid | rows["export_restricted"], rows["held"]
    short = above_zero(less(0 - free, borrowed))
    # what is neither short nor borrowed or held is free
    plain = nothing(borrowed) and nothing(held)
    spare = more(free, short) if plain else above_zero(less(free, held))
    return {
        "reserved_and_reporting": twice,
        "demand": demand,
        "lent": lent,
        "borrowed": borrowed,
        "deficit": where(paid, ZERO, short),
        "movable": where(bound, ZERO, spare),
    }


def _twice(rows: pl.DataFrame, found: pl.Series) -> pl.Series:
    """A device both reserved and reporting is counted once, where demand adds the two."""
    units = smaller(found, smaller(filled(rows["reserved"], 0), rows["in_use"]))
    if nothing(units):
        return units
    adds = (rows["demand_identity"] != "in_use") & ~rows["billed_only"]
    return where(adds, units, ZERO)


def _lending(tables: Mapping[str, pl.DataFrame], side: str, name: str) -> pl.DataFrame:
    key = [*ACCOUNT, pl.col(side).alias("license"), "snapshot_date"]
    lending = tables["substitutions"]
    return lending if lending.is_empty() else lending.select(*key, pl.col("quantity").alias(name))


def _classed(rows: pl.DataFrame, numbers: Numbers, rules: Rules) -> dict[str, pl.Series]:
    """What the licence of each row is; kinds that no licence has are not looked up."""
    kinds = pl.select(
        pl.lit(numbers.last)
        .str.contains(_fitting(tuple(rules[f"licences.{kind}"])))
        .fill_null(False)
        .alias(kind)
        for kind in ("perpetual", "export_restricted")
    )
    perpetual, restricted = (
        kind.gather(rows["place"] % numbers.counts[-1]) if kind.any() else NO for kind in kinds
    )
    return {
        "perpetual": perpetual,
        "export_restricted": rows["export_restricted"] | restricted,
    }


@cache
def _fitting(patterns: tuple[str, ...]) -> str:
    return matches_any(list(patterns))
