"""What each of several actions contributes to a change that is more than the sum of them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import factorial

MOST = 8  # actions that are priced one by one: 256 sets of them


def contributions(amounts: Sequence[int]) -> list[int]:
    """Each action's part of the change from none to all, in the amounts' own whole unit.

    `amounts[s]` is the amount where just the actions in the set `s` are done, bit by bit. A part is
    the mean, over all orders in which the actions could be done, of what the action changes when
    its turn comes (Shapley); it is exact, then rounded to whole units by largest remainder, ties to
    the earlier action, so that the parts sum to the change.

    >>> contributions([0, 6, 6, 6])  # either alone would do it all
    [3, 3]
    """
    count = len(amounts).bit_length() - 1
    exact = [_mean(amounts, place, count) for place in range(count)]
    whole = [part.numerator // part.denominator for part in exact]
    left = amounts[-1] - amounts[0] - sum(whole)
    rests = sorted(range(count), key=lambda place: (whole[place] - exact[place], place))
    return [units + (place in rests[:left]) for place, units in enumerate(whole)]


def _mean(amounts: Sequence[int], place: int, count: int) -> Fraction:
    bit = 1 << place
    total = sum(
        factorial(done.bit_count()) * factorial(count - 1 - done.bit_count())
        * (amounts[done | bit] - amounts[done])
        for done in range(1 << count)
        if not done & bit
    )  # fmt: skip
    return Fraction(total, factorial(count))


def grouped(alone: Mapping[int, int], count: int) -> list[list[int]]:
    """Actions as at most `MOST` groups: those that change most alone, the rest as one.

    `alone` has the change of each action done alone; groups stand in the actions' order.

    >>> grouped({place: place for place in range(9)}, 9)[0]
    [0, 1]
    """
    if count <= MOST:
        return [[place] for place in range(count)]
    first = sorted(range(count), key=lambda place: (-abs(alone[place]), place))[: MOST - 1]
    rest = [place for place in range(count) if place not in first]
    return sorted([[place] for place in first] + [rest])
