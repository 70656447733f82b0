"""Columns worked out row by row: on few rows, setting up a query costs more than all its rows.

A value of its own, of one row, stands beside a column as if it stood in each of its rows.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

NO = pl.Series([False])


@cache
def whole(number: int | None) -> pl.Series:
    """A whole number, or none, as columns of amounts have it.

    >>> (pl.Series([1, 2], dtype=pl.Int128) * whole(10)).to_list()
    [10, 20]
    """
    return pl.Series([number], dtype=pl.Int128)


@cache
def word(text: str) -> pl.Series:
    """A word that many rows may say."""
    return pl.Series([text])


def known(values: pl.Series) -> pl.Series:
    """True where there is a value, null elsewhere: where something is chosen, null is no.

    >>> known(pl.Series([0, None])).to_list()
    [True, None]
    """
    return values == values


def filled(values: pl.Series, instead: pl.Series) -> pl.Series:
    """The values, with another where there is none.

    >>> filled(pl.Series([1, None]), pl.Series([0])).to_list()
    [1, 0]
    """
    return values.zip_with(known(values), instead)


def first_of(*cases: tuple[pl.Series, pl.Series], otherwise: pl.Series) -> pl.Series:
    """The value of the first case that is so, row by row; null is not so.

    >>> late, early = pl.Series([True, None]), pl.Series([True, True])
    >>> cases = (late, word("late")), (early, word("early"))
    >>> first_of(*cases, otherwise=word("none")).to_list()
    ['late', 'early']
    """
    for holds, value in reversed(cases):
        otherwise = value.zip_with(holds, otherwise)
    return otherwise


def totals(amounts: pl.Series, group: np.ndarray, groups: int) -> pl.Series:
    """What the amounts of each group, a number below `groups`, add up to.

    Amounts that wrapped before may have no sum; they are refused later.

    >>> amounts = pl.Series([2**70, 3, 1], dtype=pl.Int128)
    >>> totals(amounts, np.array([0, 2, 0]), 3).to_list() == [2**70 + 1, 0, 3]
    True
    """
    most, bits = amounts.max() or 0, 53 - amounts.len().bit_length()
    if most < 2**bits:  # every sum is exact as a float
        added = np.bincount(group, amounts.cast(pl.Float64).to_numpy(), groups)
        return pl.Series(added).cast(pl.Int128, strict=False)
    part = whole(2**bits)
    low = amounts % part
    return totals(low, group, groups) + totals((amounts - low) // part, group, groups) * part


def ranked(amounts: pl.Series, group: np.ndarray) -> pl.Series:
    """The place of each amount in its group, largest first, ties in the rows' order.

    >>> amounts = pl.Series([3, 2**70, 2**70 + 1, 3], dtype=pl.Int128)
    >>> ranked(amounts, np.array([0, 1, 1, 0])).to_list()
    [1, 2, 1, 2]
    """
    low = amounts % whole(2**62)
    high = (amounts - low).cast(pl.Float64)  # exact: its low bits are nought
    keys = [-low.cast(pl.Int64).to_numpy(), -high.to_numpy(), group]
    if not high.max():  # as a rule: a key less to sort by
        del keys[1]
    order, sizes = np.lexsort(keys), np.bincount(group)
    before = np.cumsum(sizes) - sizes
    rank = np.empty_like(order)
    rank[order] = np.arange(1, order.size + 1) - before[group[order]]
    return pl.Series(rank).cast(pl.Int128)
