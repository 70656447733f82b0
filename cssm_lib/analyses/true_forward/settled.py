"""Events settled in their order: units over, charge, credit, and the base that each leaves."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.columns import filled, known, whole
from cssm_lib.analyses.true_forward.money import MILLION, half_up

RESTS_ON = [
    *("month", "used", "owed", "free_to", "cap", "beyond_allowance", "billed_time", "priced_time"),
    *("cent", "by_charge", "shifts", "shift_consumes", "too_late"),
]
NOTHING = whole(0)


def settled(rows: pl.DataFrame, base: pl.Series) -> pl.DataFrame:
    """What each event bills, month after month: what one leaves the next begins with.

    `rows` have the columns RESTS_ON and, of the way they are seen, counted (what stands against
    the base), chain and deal (the suite's event). `base` is each chain's own before its first
    event, in millionths of a licence; a row's `chain` is a place in it. Columns, in the rows'
    order: base, over, charge, residual (the unused value), spent (of it, what its suite used),
    credit (of the charge, what unused value met), shift and next_base. Units are millionths, money
    is cents.
    """
    order = np.argsort(rows["month"].to_numpy(), kind="stable")
    by_month = rows[order]
    _, begins, heights = np.unique(by_month["month"], return_index=True, return_counts=True)
    done = []
    for begin, height in zip(begins, heights, strict=True):
        now = by_month.slice(begin, height)
        step = _one_month(now.hstack([base[now["chain"]].alias("base")]))
        base = base.scatter(now["chain"], step["next_base"])
        done.append(step)
    return pl.concat(done)[np.argsort(order)]


def valued(rows: pl.DataFrame) -> list[pl.Series]:
    """The units over with their charge, and the units under the base with what they are worth.

    Null where nothing was measured. No line is both, so one division serves either. After the last
    True Forward event nothing is charged, and what is unused is no value.
    """
    over, base, used = _over(rows), rows["base"], rows["used"]
    below = (over == NOTHING) & (base > used)
    under = (base - used).zip_with(below, over * NOTHING)
    worth, charges = under * rows["priced_time"], over > NOTHING
    cents = half_up((over * rows["billed_time"]).zip_with(charges, worth), rows["cent"])
    charge, residual = cents.zip_with(charges, over), cents.zip_with(below, worth)
    found = {"over": over, "charge": charge, "under": under, "residual": residual}
    return [one.alias(name) for name, one in found.items()]


def _over(rows: pl.DataFrame) -> pl.Series:
    """Units to charge: those above the base or above what is free, 0 up to allowance or cap."""
    counted, base = rows["counted"], rows["base"]
    above = counted - base * rows["owed"]
    beyond = counted * MILLION - base * rows["free_to"]
    below_cap = above * MILLION <= base * rows["cap"]
    by_allowance, units = rows["beyond_allowance"], above
    if by_allowance.any():
        units = half_up(beyond, MILLION).zip_with(by_allowance, above)
    return NOTHING.zip_with((beyond <= NOTHING) | below_cap, units)


def _one_month(rows: pl.DataFrame) -> pl.DataFrame:
    """One event of every line. Value shifts where something is charged and something unused."""
    units = rows.hstack(valued(rows))
    shifts = units["charge"].max() and units["residual"].max()
    shifted = units.hstack(_shifted(units) if shifts else _not_shifted(units))
    return shifted.hstack([_next_base(shifted)])[_FOUND]


_FOUND = ["base", "over", "charge", "residual", "spent", "credit", "shift", "next_base"]


def _not_shifted(rows: pl.DataFrame) -> list[pl.Series]:
    none = NOTHING.new_from_index(0, rows.height)
    credit = rows["charge"] * NOTHING
    found = {"spent": none, "credit": credit, "shift": none, "given": none}
    return [one.alias(name) for name, one in found.items()]


def _shifted(rows: pl.DataFrame) -> list[pl.Series]:
    """What of the shift each line gave or got, and the units that left its base with it.

    Value shift in a suite: min(gross, residual). No line both gives and gets, so the shift is laid
    to either side at once.
    """
    charge, residual = rows["charge"], rows["residual"]
    gross, unused = rows.select_seq(_sums()).get_columns()
    shift = gross.zip_with(gross < unused, unused).zip_with(rows["shifts"], NOTHING)
    gives, deal = residual > NOTHING, rows["deal"] * 2
    weights = {
        "top": shift * residual.zip_with(gives, charge),
        "whole": unused.zip_with(gives, gross),
        "side": (deal + 1).zip_with(gives, deal),
    }
    laid = _laid(shift, pl.DataFrame([one.alias(name) for name, one in weights.items()]))
    spent = laid.zip_with(gives, NOTHING)
    credit = (laid - spent).zip_with(known(charge), whole(None))
    found = {"spent": spent, "credit": credit, "shift": shift, "given": _given(rows, spent)}
    return [one.alias(name) for name, one in found.items()]


@cache
def _sums() -> list[pl.Expr]:
    return [pl.col(name).sum().over("deal") for name in ("charge", "residual")]


def _laid(shift: pl.Series, weights: pl.DataFrame) -> pl.Series:
    """The shift by weight in whole cents: largest remainder, ties in the rows' order."""
    share, shared, rank = weights.select_seq(_shares()).get_columns()
    more = whole(1).zip_with(rank <= shift - shared, NOTHING)
    return filled(share + more, NOTHING)


@cache
def _shares() -> list[pl.Expr]:
    """Each line's share, what the shares of its side come to, and who gets a cent of the rest."""
    share, rest = pl.col("top") // pl.col("whole"), pl.col("top") % pl.col("whole")
    rank = rest.rank("ordinal", descending=True).over("side").cast(pl.Int128)
    return [share.alias("share"), share.sum().over("side").alias("shared"), rank.alias("rank")]


def _given(rows: pl.DataFrame, spent: pl.Series) -> pl.Series:
    """Donors give up the whole units whose value was used (practice)."""
    under = rows["under"]
    worth = filled(spent * rows["cent"] // rows["priced_time"], NOTHING)
    part = worth.zip_with(worth < under, under)
    units = under.zip_with(spent == rows["residual"], part)
    gives = rows["shift_consumes"] & (spent > NOTHING)
    return (units - units % MILLION).zip_with(gives, NOTHING)


def _next_base(rows: pl.DataFrame) -> pl.Series:
    """Charged lines ratchet up; donors come down by what they gave."""
    base, over = rows["base"], rows["over"]
    raised = (base + over).zip_with(rows["by_charge"], rows["counted"])
    moves = (over > NOTHING) & ~rows["too_late"]
    return raised.zip_with(moves, base - rows["given"]).alias("next_base")
