"""What a licence in a Virtual Account held and needed on a snapshot's own day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
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
from cssm_lib.analyses.history.named import KEY, NAMES, Named, named
from cssm_lib.analyses.history.numbers import same_place_and_day
from cssm_lib.analyses.history.twins import counted_twice
from cssm_lib.rules import Rules

ACCOUNT = ["smart_account", "virtual_account"]
TABLES = ("usage", "lots", "substitutions", "devices", "device_licenses")
COUNTS = ["quantity", "in_use", "reserved", "available"]
IDENTITY = pl.Enum(["unproven", "in_use", "in_use + reserved"])
BASIS = pl.Enum(["quantity", "lots", "undated", "usage"])
UNPROVEN, IN_USE, BOTH = (pl.Series([word], dtype=IDENTITY) for word in IDENTITY.categories)
QUANTITY, LOTS, UNDATED, USAGE = (pl.Series([word], dtype=BASIS) for word in BASIS.categories)


def holdings(
    tables: Mapping[str, pl.DataFrame],
    rules: Rules,
    *,
    as_of: dt.date | None = None,
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
    `IDENTITY`) is one of few words, which `standing` has as text. Rows stand in no order. Tables
    that are missing count as empty; nothing raises.

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> row = {"license": "A", "quantity": 10, "in_use": 7, "reserved": 2, "available": 1}
    >>> usage = TABLES["usage"].shaped(pl.DataFrame([row]))
    >>> holdings({"usage": usage}, load_rules())["entitled", "demand", "entitled_basis"].row(0)
    (10, 9, 'undated')
    """
    tables = {name: table(tables, name) for name in TABLES}
    lots = lot_units(counted_lots(tables), as_of=as_of, rules=rules)
    usage = tables["usage"]
    shown = named(usage.select(NAMES), rules)
    beside = beside_of(shown, lots, *lending(tables), counted_twice(tables, rules))
    return counted(shown, usage.select(COUNTS), beside, dated=as_of is not None)


def counted(
    shown: Named, usage: pl.DataFrame, beside: Mapping[str, pl.Series], *, dated: bool
) -> pl.DataFrame:
    """`holdings` of rows of usage that are `named`, and of what stands `beside_of` them.

    `usage` has their `COUNTS`; without a day that is looked at (`dated`) no lot is young.
    """
    rows = _stock(shown, usage)
    units = defaultdict(lambda: ZERO, {name: filled(beside[name], 0) for name in beside})
    made = _entitled(rows, units) | {"entitled_gap": _gap(rows, beside.get("lots_valid"))}
    young = smaller(units["lots_young"], made["entitled"]) if dated else NOT_KNOWN
    made |= _needed(rows, made["entitled"], units)
    return with_all(rows, made | {"young": young})[_COLUMNS]


# counts before names: of two holdings that differ the first columns tell
_COLUMNS = [
    *("quantity", "entitled", "entitled_basis", "entitled_gap", "in_use", "reserved", "available"),
    *("demand_identity", "reserved_and_reporting", "usage_billed", "demand", "lent", "borrowed"),
    *("held", "deficit", "movable", "young", "tag", "is_portable", "export_restricted"),
    *("perpetual", "complete", "wide", "account", "place"),
    *KEY,
]


def beside_of(
    shown: Named, *found: pl.DataFrame, more: Mapping[str, pl.Series] | None = None
) -> dict[str, pl.Series]:
    """The sums of what was found of each place and day that is named, null where nothing was.

    Each has the columns of `KEY` and units. What nothing was found of at all is left out. `more` is
    what stands beside rows of other days.
    """
    sums = dict(more or {})
    rows, numbers = shown.stands.select("snapshot_date", place="untagged"), shown.numbers
    for each in (each for each in found if not each.is_empty()):
        placed = each.with_columns(numbers.place().alias("place"))
        at = same_place_and_day(placed, rows, numbers.size)
        none = pl.Series(np.bincount(at, minlength=rows.height + 1)[:-1] == 0)
        for name in (name for name in each.columns if name not in KEY):
            units = np.zeros(rows.height + 1, np.int64)
            np.add.at(units, at, filled(each[name], 0).to_numpy())
            sums[name] = where(none, sums.get(name, NOT_KNOWN), pl.Series(units[:-1]))
    return sums


def _stock(shown: Named, usage: pl.DataFrame) -> pl.DataFrame:
    """What is named with its demand, added up per licence, account and day."""
    units = _units(shown.rows["billed_only"], usage, _identity(shown, usage))
    units |= {name: usage[name] for name in ("reserved", "available")}
    if not shown.once:
        units = _added_up(with_all(shown.rows, units)).to_dict()
    return with_all(shown.stands, units)


def _units(
    paid: pl.Series, usage: pl.DataFrame, identity: pl.Series | None
) -> dict[str, pl.Series]:
    """What a row of usage counts, by what `available` proves of it; `paid` is billed by use."""
    units, use, reserved = (filled(usage[name], 0) for name in COUNTS[:3])
    of_use = NO if identity is None else identity == "in_use"
    kept = above_zero(reserved - use) if of_use.any() else ZERO
    return {
        "quantity": units,
        "in_use": use,
        "prepaid": where(paid, ZERO, units),
        "usage_billed": where(paid, use, ZERO),
        "demand": where(paid, ZERO, where(of_use, use, more(use, reserved))),
        "held": where(of_use & ~paid, kept, ZERO),
        "demand_identity": UNPROVEN if identity is None else identity,
    }


def _added_up(rows: pl.DataFrame) -> pl.DataFrame:
    """Some licence has several rows in an account on a day."""
    counts = pl.col("quantity", "prepaid", "in_use", "usage_billed", "demand", "held")
    sums = rows.group_by("place", "snapshot_date", maintain_order=True)
    return sums.agg(counts.sum(), *_as_exported()).drop("place", "snapshot_date")


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
    ]


def _identity(shown: Named, usage: pl.DataFrame) -> pl.Series | None:
    """What `available` proves of each row's file; None where no row can tell."""
    if (usage["reserved"].max() or 0) <= 0:
        return None
    tells = (usage["reserved"] > 0) & usage["available"].is_not_null()
    if not tells.any():
        return None
    left = usage["quantity"] - usage["in_use"] - usage["available"]
    tell, no_use, no_both = (
        _in_files_of(rows, shown.files)
        for rows in (tells, tells & (left != 0), tells & (left != usage["reserved"]))
    )
    both = where(tell & ~no_both, BOTH, UNPROVEN)
    return where(tell & ~no_use, IN_USE, both)


def _in_files_of(rows: pl.Series, files: np.ndarray) -> pl.Series:
    """Which rows are of a file that has some of these rows."""
    told = np.zeros(files.max() + 1, bool)
    told[files[filled(rows, False).to_numpy()]] = True
    return pl.Series(told.take(files))


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
    missing = demand - less(entitled, lent)
    bound, held = paid | rows["export_restricted"], rows["held"]
    short = above_zero(less(missing, borrowed))
    # what is neither missing nor borrowed or held is free
    plain = nothing(borrowed) and nothing(held)
    spare = short - missing if plain else above_zero(less(0 - missing, held))
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
    reserved, use = rows["reserved"], rows["in_use"]
    # where nothing was found nothing counts twice but a correction below zero
    if nothing(found) and min(reserved.min() or 0, use.min() or 0) >= 0:
        return found
    units = smaller(found, smaller(filled(reserved, 0), use))
    if nothing(units):
        return units
    adds = (rows["demand_identity"] != "in_use") & ~rows["billed_only"]
    return where(adds, units, ZERO)


def lending(tables: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What places lent and borrowed on a day, as the exports say."""
    said = tables["substitutions"]
    return _lending(said, "from_license", "lent"), _lending(said, "to_license", "borrowed")


def _lending(said: pl.DataFrame, side: str, name: str) -> pl.DataFrame:
    key = [*ACCOUNT, pl.col(side).alias("license"), "snapshot_date"]
    return said if said.is_empty() else said.select(*key, pl.col("quantity").alias(name))
