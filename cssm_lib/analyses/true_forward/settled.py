"""Events settled in their order: units over, charge, credit, and the base that each leaves."""

from __future__ import annotations

from functools import cache

import polars as pl

from cssm_lib.analyses.true_forward.money import MICRO, half_up

_RESTS_ON = [
    *("month", "chain", "deal", "counted", "used", "owed", "free_to", "cap", "beyond_allowance"),
    *("billed_time", "priced_time", "cent", "by_charge", "shifts", "shift_consumes", "too_late"),
]


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
    """One event of every line. Value shifts where something is charged and something unused."""
    units = _overs(rows).with_columns(_charge(), _under()).with_columns(_residual())
    shifts = units["charge"].max() and units["residual"].max()
    return (_laid(units) if shifts else units).select(_result(bool(shifts)))


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
def _result(shifts: bool) -> list[pl.Expr]:
    """What an event leaves; without a shift nothing is spent, met or given."""
    none, donor = pl.lit(0, pl.Int128), pl.col("residual") > 0
    laid, shift = (pl.col("laid"), pl.col("shift")) if shifts else (none, none)
    spent = pl.when(donor).then(laid).otherwise(none)
    credit = pl.when(pl.col("charge").is_not_null()).then(laid - spent)
    found = {"spent": spent, "credit": credit, "shift": shift}
    names = ("row", "base", "over", "charge", "residual")
    base = _next_base(pl.col("given") if shifts else none)
    return [
        *(pl.col(name) for name in names),
        *(one.alias(name) for name, one in found.items()),
        base,
    ]


def _laid(rows: pl.DataFrame) -> pl.DataFrame:
    """What of a suite's shift each unused line gives and each charged line gets.

    No line is both, so the shift is laid to either side at once: largest remainder, ties in the
    rows' order.
    """
    shifted = rows.with_columns(_sums()).with_columns(_shift())
    shares = shifted.with_columns(_share()).with_columns(_left())
    return shares.with_columns(_lay()).with_columns(_units())


@cache
def _sums() -> list[pl.Expr]:
    donor = pl.col("residual") > 0
    return [
        pl.col("charge").sum().over("deal").alias("gross"),
        pl.col("residual").sum().over("deal").alias("unused"),
        (2 * pl.col("deal") + donor.fill_null(False)).alias("side"),
        pl.when(donor).then("residual").otherwise("charge").alias("weight"),
    ]


@cache
def _shift() -> list[pl.Expr]:
    """Value shift in a suite: min(gross, residual)."""
    least = pl.min_horizontal("gross", "unused")
    whole = pl.when(pl.col("residual") > 0).then("unused").otherwise("gross")
    return [pl.when("shifts").then(least).otherwise(0).alias("shift"), whole.alias("whole")]


@cache
def _share() -> list[pl.Expr]:
    """The shift by weight, in whole cents, with what is left of each."""
    top, whole = pl.col("shift") * pl.col("weight"), pl.col("whole")
    return [(top // whole).alias("share"), (top % whole).alias("rest")]


@cache
def _left() -> list[pl.Expr]:
    """Cents that no share holds, and the order in which the rows get one of them."""
    left = pl.col("shift") - pl.col("share").sum().over("side")
    rank = pl.col("rest").rank("ordinal", descending=True).over("side")
    return [left.alias("left"), rank.cast(pl.Int128).alias("rank")]


@cache
def _lay() -> pl.Expr:
    more = (pl.col("rank") <= pl.col("left")).cast(pl.Int128)
    return (pl.col("share") + more).fill_null(0).alias("laid")


@cache
def _units() -> pl.Expr:
    """Donors give up the whole units whose value was used (practice)."""
    laid, whole = pl.col("laid"), pl.col("under") // MICRO
    worth = laid * pl.col("cent") // pl.col("priced_time") // MICRO
    part = pl.min_horizontal(whole, worth.fill_null(0))
    given = pl.when(laid == pl.col("residual")).then(whole).otherwise(part)
    gives = pl.col("shift_consumes") & (pl.col("residual") > 0) & (laid > 0)
    return pl.when(gives).then(given * MICRO).otherwise(0).alias("given")


def _next_base(given: pl.Expr) -> pl.Expr:
    """Charged lines ratchet up; donors come down by what they gave."""
    base, over = pl.col("base"), pl.col("over")
    raised = pl.when("by_charge").then(base + over).otherwise("counted")
    moves = (over > 0) & ~pl.col("too_late")
    return pl.when(moves).then(raised).otherwise(base - given).alias("next_base")
