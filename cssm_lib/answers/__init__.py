"""Client → Answers: every table of the pack, computed once and kept in a store."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.answers import store
from cssm_lib.answers.write import Format, write_table
from cssm_lib.client import (
    ACTIONS_NAME,
    CONFIG_NAME,
    Client,
    client_config,
    client_files,
    file_name,
    load_client,
)
from cssm_lib.errors import InputError, ParameterError
from cssm_lib.schema import ANSWERS, TABLES
from cssm_lib.schema.audience import (
    AUDIENCES,
    INTERNAL,
    about_for,
    blanked,
    checked_table,
    cut,
    shown_tables,
)

CHANGES = "changes"
SMALL = 4_000_000  # bytes of a table that is read once only; a page asks for some a hundred times
# what a batch tells its kernels, so that no cell of a page can open more than its reader may see
AUDIENCE = "CSSM_AUDIENCE"

# what `about` says of an entry that cannot be made again from the client's files alone
CHANGED = frozenset({"pseudonyms", "scenario"})
# in a kernel: the entry of the store that every client it opens stands for
OPENED = "CSSM_OPENED"


@dataclass(frozen=True)
class Change:
    """Client → Client before any answer, and the mark by which its answers are kept apart.

    `told` is what the pack says of it.
    """

    made: Callable[[Client], Client]
    mark: str
    told: Mapping[str, Any] = field(default_factory=dict)

    def then(self, later: Change) -> Change:
        """The change and after it another one."""
        return Change(
            lambda client: later.made(self.made(client)),
            f"{self.mark} {later.mark}",
            {**self.told, **later.told},
        )


@dataclass(frozen=True)
class Answers:
    """Every table of one client at one day, read from the store when asked for.

    `answers["positions"]` or `answers.positions` is a polars frame, `answers.scan(name)` a lazy
    one, `answers.to_pandas(name)` a pandas one. Names: those of `schema.ANSWERS` and
    `schema.TABLES`. `audience` "vendor" refuses internal tables and blanks internal columns;
    `since` is the store's entry of what changed since a previous pack.
    """

    folder: Path
    about: Mapping[str, Any]
    client_folder: Path
    audience: str = INTERNAL
    since: Path | None = None
    _read: dict[str, pl.DataFrame] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    @property
    def name(self) -> str:
        """The client's name."""
        return self.about["client"]

    @property
    def as_of(self) -> dt.date | None:
        """The day the positions are for; None where no file and nobody says one."""
        day = self.about["as_of"]
        return dt.date.fromisoformat(day) if day else None

    @property
    def currency(self) -> str | None:
        """ISO code of the client's prices."""
        return self.about["currency"]

    def scan(self, name: str) -> pl.LazyFrame:
        """A table as a lazy frame; an entry that somebody deleted is made again."""
        checked_table(_known(name), self.audience)
        return blanked(self._scan(name), name, self.audience)

    def _scan(self, name: str) -> pl.LazyFrame:
        folder = self.since if name == CHANGES and self.since else self.folder
        path = folder / f"{name}.parquet"
        if not path.is_file() and folder == self.since:
            raise InputError(_not_kept(self.client_folder, self.about["previous"]["digest"]))
        if not path.is_file():
            self._made_again()
        return pl.scan_parquet(path)

    def with_changes(self, changes: pl.DataFrame, previous: Mapping[str, Any]) -> Answers:
        """The same answers with what changed since a previous pack, kept in the store too.

        `previous` has the pack's digest, by which `open_client` finds the changes again.
        """
        key = _changes_key(self.about["key"], previous["digest"])
        store.put(key, {CHANGES: changes}, {"previous": dict(previous)})
        return _since(self, previous["digest"])

    def _made_again(self) -> None:
        if OPENED in os.environ or CHANGED.intersection(self.about):
            raise InputError("the kept answers were deleted while they were read; run again.")
        store.drop(self.folder)
        entry = _computed(self.client_folder, self.about["asked_as_of"])
        if entry != self.folder:
            raise InputError(
                f"{self.client_folder.name}: the kept answers were deleted and the files have"
                " changed since; open the client again."
            )

    def __getitem__(self, name: str) -> pl.DataFrame:
        found = self._read.get(name)
        if found is None:
            found = self.scan(name).collect()
            if found.estimated_size() <= SMALL:
                self._read[name] = found
        return found.clone()  # what a caller sets in it is the caller's

    def __getattr__(self, name: str) -> pl.DataFrame:
        if name.startswith("_") or name not in {**ANSWERS, **TABLES}:
            raise AttributeError(_unknown(name))
        return self[name]

    def to_pandas(self, name: str) -> Any:
        """A table as a pandas frame."""
        return self[name].to_pandas()

    def write(self, folder: Path, formats: tuple[Format, ...] = ("csv",)) -> list[Path]:
        """Write every answer into `folder` and every source table into `folder/source`.

        Only what the audience may see; internal columns are left out, not blanked.
        """
        places = {name: folder / name for name in shown_tables(ANSWERS, self.audience)}
        sources = shown_tables(TABLES, self.audience)
        places |= {name: folder / "source" / name for name in sources}
        return [
            write_table(cut(self[name], name, self.audience), place, format_, self.audience)
            for name, place in places.items()
            for format_ in formats
        ]


def open_client(
    folder: str | Path,
    as_of: dt.date | str | None = None,
    *,
    audience: str = INTERNAL,
    previous: str = "",
    scenario: str | Path | Sequence[Path] = "",
    change: Change | None = None,
) -> Answers:
    """The Answers of a client folder: from the store where nothing changed, else computed and kept.

    The key is made of every file's bytes, `client.toml`, `actions.csv`, `as_of` and the library's
    own text; no clock and no time stamp of a file is looked at. `audience` is who may read what is
    made of them; CSSM_AUDIENCE=vendor, which a batch sets for its kernels, cannot be undone.
    `previous` is the digest of a pack that `cssm run --previous` compared with. With a `scenario`
    (a TOML file, or several in order) or a `change` the answers are those of the changed client,
    kept apart. Errors: as `load_client`; ConfigError for a fault in the scenario; InputError where
    no such comparison is kept.
    """
    folder = Path(folder)
    if scenario and OPENED not in os.environ:
        files = [scenario] if isinstance(scenario, str | Path) else scenario
        what_if = scenario_of(*map(Path, files))
        change = what_if.then(change) if change else what_if
    asked = as_of.isoformat() if isinstance(as_of, dt.date) else (as_of or None)
    entry = _entry(folder, asked, change)
    answers = _opened(entry, folder, _reader(audience))
    return _since(answers, previous) if previous else answers


def scenario_of(*paths: Path) -> Change:
    """Scenario files, in order, as the change they make. Raises ConfigError for a fault in one."""
    from cssm_lib.scenario import mark_of, read_scenario, told, under

    scenario = read_scenario(*paths)
    made = partial(under, scenario=scenario, where=", then ".join(path.name for path in paths))
    return Change(made, mark_of(scenario), {"scenario": told(scenario)})


def _entry(folder: Path, asked: str | None, change: Change | None) -> Path:
    """Where the answers are kept; a batch may have told its kernels."""
    if OPENED in os.environ:
        return Path(os.environ[OPENED])
    client_config_there(folder)
    mark = change.mark if change else ""
    return store.find(_key(folder, asked, mark)) or _computed(folder, asked, change)


def _reader(asked: str) -> str:
    """The audience asked for, unless the batch says that it is the vendor."""
    told = os.environ.get(AUDIENCE, asked)
    for audience in (asked, told):
        if audience not in AUDIENCES:
            names = " or ".join(AUDIENCES)
            raise ParameterError(f"audience: {audience!r} is none; write {names}.")
    return told if asked == INTERNAL else asked


def _since(answers: Answers, previous: str) -> Answers:
    entry = store.find(_changes_key(answers.about["key"], previous))
    if entry is None:
        raise InputError(_not_kept(answers.client_folder, previous))
    told = json.loads((entry / store.ABOUT).read_text())
    return replace(answers, since=entry, about={**answers.about, **told, "key": entry.name})


def _not_kept(folder: Path, previous: str) -> str:
    return (
        f"{folder.name}: no comparison with the pack {previous} is kept; run"
        " `cssm run --previous PACK` again."
    )


def _changes_key(answers_key: str, previous: str) -> str:
    return store.key_of([answers_key, CHANGES, previous])


def client_config_there(folder: Path) -> None:
    """Raise the error for a folder that is not there before any file is hashed."""
    if not folder.is_dir():
        client_config(folder)


def _computed(folder: Path, asked: str | None, change: Change | None = None) -> Path:
    """Read the client, compute every table and put them into the store."""
    from cssm_lib.answers.compute import answer_tables

    client = load_client(folder, asked)
    digests = dict(client.tables["sources"].select("source", "digest").iter_rows())
    key = _key(folder, asked, change.mark if change else "", digests)
    client = change.made(client) if change else client
    about = _about(client, asked, key) | (dict(change.told) if change else {})
    return store.put(key, answer_tables(client), about)


def _key(
    folder: Path, asked: str | None, mark: str, digests: Mapping[str, str] | None = None
) -> str:
    """`digests` of the bytes that were really read win, should a file have changed meanwhile."""
    paths = client_files(folder)
    config = [folder / name for name in (CONFIG_NAME, ACTIONS_NAME) if (folder / name).is_file()]
    names = [file_name(path, folder) for path in [*paths, *config]]
    if digests is None or set(digests) != {file_name(p, folder) for p in paths}:
        digests = dict(zip(names, store.file_digests([*paths, *config]), strict=True))
    elif config:
        own = dict(zip([path.name for path in config], store.file_digests(config), strict=True))
        digests = dict(digests) | own
    return store.key_of(
        [
            sorted(digests.items()),
            asked,
            "" if CONFIG_NAME in digests else folder.resolve().name,
            mark,
        ]
    )


def _opened(entry: Path, folder: Path, audience: str) -> Answers:
    about = json.loads((entry / store.ABOUT).read_text())
    return Answers(entry, about_for(about, audience), folder, audience)


def _about(client: Client, asked: str | None, key: str) -> dict[str, Any]:
    """What the pack prints of the client beside the tables: terms, rules, inputs, version."""
    from cssm_lib import __version__

    settings = {CONFIG_NAME: client.folder / CONFIG_NAME}
    settings = {name: path for name, path in settings.items() if path.is_file()}
    return told_of(client) | {
        "client": client.name,
        "asked_as_of": asked,
        "inputs": client.tables["sources"].select("source", "kind", "digest", "bytes").to_dicts(),
        "key": key,
        "version": __version__,
        "library": store.library_digest(),
        "settings": dict(zip(settings, store.file_digests(settings.values()), strict=True)),
    }


def told_of(client: Client) -> dict[str, Any]:
    """Of that what a scenario may change: the day, the terms, the rules."""
    config = client.config
    return {
        "currency": config.currency,
        "as_of": client.as_of,
        "agreements": [_agreement(agreement) for agreement in config.agreements],
        "smart_accounts": [account.model_dump() for account in config.smart_accounts],
        "exclude": [entry.model_dump(mode="json", by_alias=True) for entry in config.exclude],
        "rules": [vars(rule) for rule in client.rules.entries.values()],
    }


def _agreement(agreement: Any) -> dict[str, Any]:
    said = agreement.model_dump(mode="json", exclude={"suites"}, exclude_none=True)
    return said | {"suites": [suite.name for suite in agreement.suites]}


def _known(name: str) -> str:
    if name not in ANSWERS and name not in TABLES:
        raise KeyError(_unknown(name))
    return name


def _unknown(name: str) -> str:
    return f"no table {name!r}; there are {', '.join([*ANSWERS, *TABLES])}"
