"""Events settled in their order: units over, charge, credit, and the base that each leaves."""

from __future__ import annotations

from functools import cache

import polars as pl

from cssm_lib.analyses.true_forward.money import MICRO, half_up

_RESTS_ON = [
    *("month", "chain", "deal", "counted", "used", "owed", "free_to", "cap", "beyond_allowance"),
    *("billed_time", "priced_time", "cent", "by_charge", "shifts", "shift_consumes", "too_late"),
]
_LEFT = ["base", "over", "charge", "residual", "spent", "credit", "shift"]


def settled(rows: pl.DataFrame, base: pl.Series) -> pl.DataFrame:
    """The rows with what each event bills, month after month: what one leaves the next begins with.

    `base` is each chain's own before its first event, in millionths of a licence; a row's `chain`
    is a place in it. Adds base, over, charge, residual (the unused value), spent (of it, what its
    suite used), credit (of the charge, what unused value met), shift and next_base. Units are
    millionths, money is cents.
    """
    done = []
    placed = rows.select(_RESTS_ON).with_row_index("row")
    for _, now in sorted(placed.partition_by("month", as_dict=True).items()):
        step = _one_month(now.hstack([base.gather(now["chain"]).alias("base")]))
        base = base.scatter(now["chain"], step["next_base"])
        done.append(step)
    return rows.hstack(pl.concat(done).sort("row").drop("row"))


def charged(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the units over and the charge: null where nothing was measured.

    After the last True Forward event nothing is charged.
    """
    return _overs(rows).with_columns(_charge())


def _overs(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(_above()).with_columns(_over())


@cache
def _above() -> list[pl.Expr]:
    """Units above the base, and those above what is free, times a million."""
    counted, base = pl.col("counted"), pl.col("base")
    return [
        (counted - base * pl.col("owed")).alias("above"),
        (counted * MICRO - base * pl.col("free_to")).alias("beyond"),
    ]


@cache
def _over() -> pl.Expr:
    """Units to charge: 0 up to allowance or cap."""
    above, beyond = pl.col("above"), pl.col("beyond")
    below_cap = above * MICRO <= pl.col("base") * pl.col("cap")
    units = pl.when("beyond_allowance").then(half_up(beyond, MICRO)).otherwise("above")
    return pl.when((beyond <= 0) | below_cap).then(0).otherwise(units).alias("over")


@cache
def _charge() -> pl.Expr:
    over = pl.col("over")
    cents = half_up(over * pl.col("billed_time"), pl.col("cent"))
    return pl.when(over == 0).then(0).otherwise(cents).alias("charge")


def _one_month(rows: pl.DataFrame) -> pl.DataFrame:
    """One event of every line. Value shifts only where something is charged and something unused.

    A suite's shift is min(gross, residual).
    """
    units = _overs(rows).with_columns(_charge(), _under()).with_columns(_residual())
    shifts = units["charge"].max() and units["residual"].max()
    return (_given(units) if shifts else units).select(_result(bool(shifts)))


@cache
def _under() -> pl.Expr:
    """Units below the base; a charged line has none."""
    over, base, used = pl.col("over"), pl.col("base"), pl.col("used")
    below = (over == 0) & (base > used)
    return pl.when(below).then(base - used).otherwise(0 * over).alias("under")


@cache
def _residual() -> pl.Expr:
    """What the units below the base are worth; after the last event they are no value."""
    return half_up(pl.col("under") * pl.col("priced_time"), pl.col("cent")).alias("residual")


@cache
def _sums() -> list[pl.Expr]:
    return [
        pl.col("charge").sum().over("deal").alias("gross"),
        pl.col("residual").sum().over("deal").alias("unused"),
    ]


@cache
def _shift() -> pl.Expr:
    least = pl.min_horizontal("gross", "unused")
    return pl.when("shifts").then(least).otherwise(0).alias("shift")


@cache
def _result(shifts: bool) -> list[pl.Expr]:
    """What an event leaves; without a shift nothing is spent, met or given."""
    none = pl.lit(0, pl.Int128)
    names = {name: pl.col(name) for name in _LEFT}
    if not shifts:
        credit = pl.when(pl.col("charge").is_not_null()).then(none)
        names |= {"spent": none, "shift": none, "credit": credit}
    base = _next_base(pl.col("given") if shifts else none)
    return [pl.col("row"), *(value.alias(name) for name, value in names.items()), base]


def _given(rows: pl.DataFrame) -> pl.DataFrame:
    """What of a suite's shift each unused line gives and each charged line gets."""
    shifted = rows.with_columns(_sums()).with_columns(_shift())
    laid = shifted.with_columns(_shares()).with_columns(_left()).with_columns(_laid())
    return laid.with_columns(_units())


_SIDES = {"spent": ("residual", "unused"), "credit": ("charge", "gross")}


@cache
def _shares() -> list[pl.Expr]:
    """The shift laid out by weight, in whole cents, with what is left of each."""
    found = []
    for name, (weight, whole) in _SIDES.items():
        top = pl.col("shift") * pl.col(weight)
        found.append((top // pl.col(whole)).alias(f"{name}_share"))
        found.append((top % pl.col(whole)).alias(f"{name}_rest"))
    return found


@cache
def _left() -> list[pl.Expr]:
    """Cents that no share holds, and the order in which the rows get one of them."""
    found = []
    for name in _SIDES:
        left = pl.col("shift") - pl.col(f"{name}_share").sum().over("deal")
        rank = pl.col(f"{name}_rest").rank("ordinal", descending=True).over("deal")
        found += [left.alias(f"{name}_left"), rank.alias(f"{name}_rank")]
    return found


@cache
def _laid() -> list[pl.Expr]:
    """Largest remainder, ties in the rows' order."""
    found = []
    for name, (weight, _) in _SIDES.items():
        more = (pl.col(f"{name}_rank").cast(pl.Int128) <= pl.col(f"{name}_left")).cast(pl.Int128)
        laid = (pl.col(f"{name}_share") + more).fill_null(0)
        known = pl.col(weight).is_not_null() if name == "credit" else True
        found.append(pl.when(known).then(laid).alias(name))
    return found


@cache
def _units() -> pl.Expr:
    """Donors give up the whole units whose value was used (practice)."""
    spent, whole = pl.col("spent"), pl.col("under") // MICRO
    worth = spent * pl.col("cent") // pl.col("priced_time") // MICRO
    part = pl.min_horizontal(whole, worth.fill_null(0))
    given = pl.when(spent == pl.col("residual")).then(whole).otherwise(part)
    gives = pl.col("shift_consumes") & (spent > 0)
    return pl.when(gives).then(given * MICRO).otherwise(0).alias("given")


def _next_base(given: pl.Expr) -> pl.Expr:
    """Charged lines ratchet up; donors come down by what they gave."""
    base, over = pl.col("base"), pl.col("over")
    raised = pl.when("by_charge").then(base + over).otherwise("counted")
    moves = (over > 0) & ~pl.col("too_late")
    return pl.when(moves).then(raised).otherwise(base - given).alias("next_base")
