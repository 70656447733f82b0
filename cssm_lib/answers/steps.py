"""How tables of the Answers are made, each once and only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from cssm_lib.client import Client

Made = Mapping[str, Any]
# what a step read: a part of the client or a table made before, by name
Read = tuple[str, str]
TABLE, CONFIG, STEP = "table", "config", "step"


@dataclass(frozen=True)
class Step:
    """Tables that are made together: their names, and what makes them of a client and `made`.

    `client` is cut at its as_of. A step asks `made` for what it rests on and reads nothing else;
    so the order of the steps follows from what they ask for. Only a step that is `told` sees what
    changed the client; it is done anew for every scenario.
    """

    makes: tuple[str, ...]
    tables: Callable[[Client, Made], Mapping[str, Any]]
    told: bool = False


def one(name: str, made: Callable[[Client, Made], Any], *, told: bool = False) -> Step:
    """A step that makes a single table."""
    return Step((name,), lambda client, before: {name: made(client, before)}, told)


def several(names: str, made: Callable[[Client, Made], Mapping[str, Any]]) -> Step:
    """A step that makes the tables of these names, separated by spaces.

    >>> several("a b", lambda client, made: {}).makes
    ('a', 'b')
    """
    return Step(tuple(names.split()), made)


def by_name(*steps: Step) -> dict[str, Step]:
    """Every step under each of its tables' names.

    >>> list(by_name(one("a", lambda client, made: 1), several("b c", lambda client, made: {})))
    ['a', 'b', 'c']
    """
    return {name: step for step in steps for name in step.makes}


@dataclass
class Making(Mapping[str, Any]):
    """The tables of one client by name; a step is done when one of its tables is asked for.

    Every step's reads are kept: the tables and settings of the client and the tables made before
    that it looked at. `today` is another client's making; a step of which every read is the same
    there is not done again, its tables are those of `today`. That client has the same rules, day
    and list of actions. So with `last`, a client that was looked at before, and what is made of it.
    Tables of the client that are worked out `later` are new without a look.
    `given` makes tables in a step's stead. Raises KeyError for a name that no step makes. A step is
    a function of what it reads alone; that is why equal reads make equal tables.
    """

    client: Client
    steps: Mapping[str, Step]
    today: Making | None = None
    last: Making | None = None
    given: Mapping[str, Callable[[Made], Any]] = field(default_factory=dict)
    later: Collection[str] = ()
    reads: dict[str, dict[Read, Any]] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict, repr=False)
    _known: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Any:
        if name not in self._made and name in self.given:
            self._made[name] = self._kept(name, self.given[name](self))
        if name not in self._made:
            step = self.steps[name]
            self._made.update(self._as_before(step) or self._done(step))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def holds(self, name: str) -> bool:
        """Whether a table is made already."""
        return name in self._made

    def known(self, name: str) -> pl.DataFrame:
        """A table of the client as it was known at as_of."""
        if name not in self._known:
            table = {name: self.client.tables[name]}
            self._known[name] = replace(self.client, tables=table).known()[name]
        return self._known[name]

    def _done(self, step: Step) -> Mapping[str, Any]:
        reads: dict[Read, Any] = {}
        client = replace(
            self.client,
            tables=_Tables(self, reads),
            config=_Config(self.client.config, reads),
            before=self.client.before if step.told else None,
            scenario=self.client.scenario if step.told else None,
        )
        made = step.tables(client, _Before(self, reads))
        self.reads[step.makes[0]] = reads
        return {name: self._kept(name, made[name]) for name in step.makes}

    def _kept(self, name: str, made: Any) -> Any:
        """The table made before where the new one says the same: what rests on it stands too."""
        if not isinstance(made, pl.DataFrame):
            return made
        known = [one._made.get(name) for one in self._others]
        if any(was is made for was in known):
            return made
        return next((was for was in known if was is not None and was.equals(made)), made)

    def _as_before(self, step: Step) -> Mapping[str, Any] | None:
        first = step.makes[0]
        for other in () if step.told else self._others:
            if other is self.today:
                other[first]
            reads = other.reads.get(first)
            if reads is not None and all(self._same(read, was) for read, was in reads.items()):
                self.reads[first] = reads
                return {name: other[name] for name in step.makes}
        return None

    @property
    def _others(self) -> list[Making]:
        return [one for one in (self.last, self.today) if one is not None]

    def _same(self, read: Read, was: Any) -> bool:
        kind, name = read
        if kind == TABLE:
            return name not in self.later and self.client.tables[name] is was
        return getattr(self.client.config, name) == was if kind == CONFIG else self[name] is was


class _Tables(Mapping[str, pl.DataFrame]):
    """The client's tables; each that is looked at is noted."""

    def __init__(self, making: Making, reads: dict[Read, Any]) -> None:
        self._making, self._reads = making, reads

    def __getitem__(self, name: str) -> pl.DataFrame:
        self._reads[TABLE, name] = self._making.client.tables[name]
        return self._making.known(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._making.client.tables)

    def __len__(self) -> int:
        return len(self._making.client.tables)


class _Config:
    """The client's own words; each that is looked at is noted."""

    def __init__(self, config: Any, reads: dict[Read, Any]) -> None:
        self._config, self._reads = config, reads

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._config, name)
        self._reads[CONFIG, name] = found
        return found


class _Before(Mapping[str, Any]):
    """The tables made before; each that is looked at is noted."""

    def __init__(self, making: Making, reads: dict[Read, Any]) -> None:
        self._making, self._reads = making, reads

    def __getitem__(self, name: str) -> Any:
        found = self._making[name]
        self._reads[STEP, name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._making)

    def __len__(self) -> int:
        return len(self._making)
