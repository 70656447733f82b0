"""What lending down the tier ladders could do: a model beside what the export says."""

from __future__ import annotations

import numpy as np
import polars as pl

from cssm_lib.analyses.utilisation.numbers import Numbered


def change_if_lent(now: pl.DataFrame) -> pl.Series:
    """What lending by the ladders would change in each account; exported lending left aside.

    Units, rows as in `now` (`standing` `at_newest`).
    """
    may = may_lend(now)
    balance = (now["entitled"] - now["demand"]).filter(may).to_numpy()
    ladder, rung = (now[name].filter(may).to_numpy() for name in ("ladder", "rung"))
    out, into = lent(ladder, rung, np.maximum(balance, 0), np.maximum(-balance, 0))
    change = np.zeros(now.height, np.int64)
    change[may.to_numpy()] = into - out
    return pl.Series("change_if_lent", change)


def gap_if_lent(now: pl.DataFrame, pools: pl.DataFrame, gap: pl.Series) -> list[pl.Series]:
    """What each pool would lack after transfers and lending by the ladders, and how sure that is.

    A pool of which no licence may lend or borrow keeps its `gap`. Rows as in `pools`.
    """
    may = may_lend(now)
    pool = Numbered(now["pool"].filter(may).to_numpy(), pools.height)
    balance, held = (now["entitled"] - now["demand"]).filter(may), now["held"].filter(may)
    spare = pool.sum(np.maximum((balance - held).to_numpy(), 0))
    short = pool.sum(np.maximum((-balance).to_numpy(), 0))
    cured = np.minimum(spare, short)
    ladder, rung = (pools[name].filter(pool.some).to_numpy() for name in ("ladder", "rung"))
    some = pool.some.to_numpy()
    left = short - cured
    left[some] -= lent(ladder, rung, (spare - cured)[some], left[some])[1]
    return [
        pl.Series("true_gap_if_lent", left).zip_with(pool.some, gap),
        pools["ladder_confidence"].set(~pool.some, None).alias("lending_confidence"),
    ]


def may_lend(now: pl.DataFrame) -> pl.Series:
    """Whether a licence is on a rung and may lend or borrow."""
    free = (now["entitled_basis"] != "usage") & ~now["export_restricted"]
    return free & now["rung"].is_not_null()


def lent(
    ladder: np.ndarray, rung: np.ndarray, spare: np.ndarray, short: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What each row lends and borrows: short rungs, from the highest, of the nearest higher one.

    Inside a rung licences lend and borrow in the order in which they stand, that of their names.
    """
    ladders, rungs = (int(number.max(initial=0)) + 1 for number in (ladder, rung))
    steps = Numbered(ladder * rungs + rung, ladders * rungs)
    free, lacking = (steps.sum(units).reshape(ladders, rungs) for units in (spare, short))
    out, into = np.zeros_like(free), np.zeros_like(free)
    for low in reversed(range(rungs - 1)):
        for high in range(low + 1, rungs):
            units = np.minimum(free[:, high], lacking[:, low])
            free[:, high] -= units
            lacking[:, low] -= units
            out[:, high] += units
            into[:, low] += units
    return _laid(out, spare, steps), _laid(into, short, steps)


def _laid(board: np.ndarray, units: np.ndarray, steps: Numbered) -> np.ndarray:
    """A rung's units laid to its licences, each up to what it has."""
    left = board.ravel()[steps.of] - steps.before(units)
    return np.minimum(np.maximum(left, 0), units)
