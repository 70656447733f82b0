"""Events settled in their order: units over, charge, credit, and the base that each leaves."""

from __future__ import annotations

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.columns import NO, filled, ranked, totals, whole
from cssm_lib.analyses.true_forward.money import MILLION, half_up

RESTS_ON = [
    *("month", "used", "owed", "free_to", "cap", "beyond_allowance", "billed_time", "priced_time"),
    *("cent", "by_charge", "shifts", "shift_consumes", "too_late"),
]
NOTHING = whole(0)


def settled(rows: pl.DataFrame, base: pl.Series) -> pl.DataFrame:
    """What each event bills, month after month: what one leaves the next begins with.

    `rows` have the columns RESTS_ON and, of the way they are seen, counted (what stands against
    the base), chain and suite, both numbered from 0. `base` is each chain's own before its first
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
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return pl.concat(done, rechunk=True)[place]


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
    by_allowance, units = rows["beyond_allowance"], above
    if by_allowance.any():
        units = half_up(beyond, MILLION).zip_with(by_allowance, above)
    free, cap = beyond <= NOTHING, rows["cap"]
    if cap.null_count() < cap.len():
        free |= above * MILLION <= base * cap
    return NOTHING.zip_with(free, units)


def _one_month(rows: pl.DataFrame) -> pl.DataFrame:
    """One event of every line. Value shifts where something is charged and something unused."""
    units = rows.hstack(valued(rows))
    charge, none = units["charge"], NOTHING.new_from_index(0, rows.height)
    told = {"spent": none, "credit": charge * NOTHING, "shift": none, "given": none}
    if charge.max() and units["residual"].max():
        told = _shifted(units)
    found = units.hstack([one.alias(name) for name, one in told.items()])
    return found.hstack([_next_base(found)])[_FOUND]


_FOUND = ["base", "over", "charge", "residual", "spent", "credit", "shift", "next_base"]


def _shifted(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """What of the shift each line gave or got, and the units that left its base with it.

    Value shift in a suite: min(gross, residual). The rows are charged or unused, none is both; so
    the shift is laid to either side at once: those charged are numbered before those unused.
    """
    charge, residual, suite = rows["charge"], rows["residual"], rows["suite"].to_numpy()
    suites = suite.max() + 1
    gives = filled(rows["shifts"] & (residual > NOTHING), NO)
    gets = filled(rows["shifts"] & (charge > NOTHING), NO)
    weight = residual.zip_with(gives, charge.zip_with(gets, NOTHING))
    side = suite + suites * gives.to_numpy()
    sums = totals(weight, side, suites * 2)
    gross, unused = sums.head(suites), sums.tail(suites)
    shift = gross.zip_with(gross < unused, unused)[suite].zip_with(gives | gets, NOTHING)
    laid = _laid(shift, weight, sums, side)
    spent = laid.zip_with(gives, NOTHING)
    return {
        "spent": spent,
        "credit": laid.zip_with(gets, charge * NOTHING),
        "shift": shift,
        "given": _given(rows, spent),
    }


def _laid(shift: pl.Series, weight: pl.Series, sums: pl.Series, side: np.ndarray) -> pl.Series:
    """The shift by weight in whole cents: largest remainder, ties in the rows' order."""
    top, of = shift * weight, sums.zip_with(sums > NOTHING, whole(1))[side]
    share = top // of
    left = shift - totals(share, side, sums.len())[side]
    return whole(1).zip_with(ranked(top - share * of, side) <= left, NOTHING) + share


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
