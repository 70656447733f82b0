"""What a sentence under a figure is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """A part of a page in words. `some` and `do` where the first figure is not zero, else `none`.

    `some` and `none` are facts, which a vendor may read too; moves, models and what to make of it
    belong into `do` and `none_do`, which the vendor never sees. `empty_is_good`: an empty table is
    an answer of its own as soon as what it is made of is there.
    """

    table: str
    figures: tuple[str, ...]
    some: str
    do: str
    none: str
    none_do: str = ""
    empty_is_good: bool = False


def of(page: str, *names: str) -> tuple[str, ...]:
    """The figures of a page that a sentence names."""
    return tuple(f"{page}.{name}" for name in names)
