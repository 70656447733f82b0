"""Tables that are worked out only when somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl


class Later(Mapping[str, pl.DataFrame]):
    """Tables of which some are worked out only when they are looked at; `later` names these.

    `of` is what these are worked out of: equal tables of the same thing are the same.
    """

    def __init__(
        self,
        now: Mapping[str, pl.DataFrame],
        later: Mapping[str, Callable[[], pl.DataFrame]],
        of: Any = None,
    ) -> None:
        self._now, self._ahead, self.later = dict(now), dict(later), frozenset(later)
        self._of = of

    def key(self) -> tuple[int, ...]:
        """What tells the tables from others while they are held, without working one out."""
        known = [id(table) for name, table in self._now.items() if name not in self.later]
        return (*known, id(self._of))

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name in self._ahead:
            self._now[name] = self._ahead.pop(name)()
        return self._now[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)
