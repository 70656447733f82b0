"""A client held in memory for a workshop: the answers of today and those of any what-if."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.answers import _about
from cssm_lib.answers.compute import answer, making
from cssm_lib.answers.steps import Making
from cssm_lib.client import Client, load_client
from cssm_lib.scenario import Scenario, mark_of, told, under
from cssm_lib.schema.audience import INTERNAL

KEPT = 12  # scenarios held beside today


@dataclass(frozen=True)
class Seen:
    """The answers of one client or what-if, made when they are asked for; a page can show them.

    `seen["positions"]` is a polars frame, the same as `cssm tables` writes for the scenario.
    """

    client: Client
    about: Mapping[str, Any]
    made: Making
    audience: str = INTERNAL
    _shown: dict[str, pl.DataFrame] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    @property
    def as_of(self) -> dt.date | None:
        """The day that is looked at."""
        return self.client.as_of

    @property
    def currency(self) -> str | None:
        """ISO code of the client's prices."""
        return self.client.config.currency

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._shown:
            self._shown[name] = answer(self.made, name)
        return self._shown[name]


@dataclass(frozen=True)
class Live:
    """One client, read once; `today` is how it stands, `under` how it would stand.

    What a scenario leaves as it is, its answers take from `today`. The last scenarios asked for are
    kept, so that an undo costs nothing.
    """

    client: Client
    today: Seen
    _kept: dict[str, Seen] = field(init=False, repr=False, compare=False, default_factory=dict)

    def under(self, scenario: Scenario) -> Seen:
        """The answers under a scenario; ConfigError, with the key path, for a fault in it."""
        mark = mark_of(scenario)
        if mark not in self._kept:
            self._kept[mark] = self._seen(scenario)
        seen = self._kept[mark] = self._kept.pop(mark)  # the last one asked for stands last
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return seen

    def _seen(self, scenario: Scenario) -> Seen:
        client = under(self.client, scenario)
        about = _about(client, None, "") | {"scenario": told(scenario)}
        return Seen(client, about, making(client, self.today.made))


def live_client(folder: str | Path, as_of: dt.date | str | None = None) -> Live:
    """A client folder in memory. Errors: as `load_client`."""
    client = load_client(folder, as_of)
    return Live(client, Seen(client, _about(client, None, ""), making(client)))
