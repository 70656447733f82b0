"""A client folder, read once: every file accounted for, every table typed, nothing guessed."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cssm_lib.clean import Cleaned, across, clean, clean_together
from cssm_lib.clean.notes import notes
from cssm_lib.clean.tags import alike, tag_names, with_tags
from cssm_lib.errors import ConfigError, ParameterError, UnusableClient
from cssm_lib.processes import cores, elsewhere
from cssm_lib.read import Hint, Reading, Source, archive, read_file
from cssm_lib.read.actions import ACTIONS_NAME, no_actions, read_actions
from cssm_lib.rules import Rules, checked_tiers, load_rules

if TYPE_CHECKING:
    from cssm_lib.config import ClientConfig

CONFIG_NAME = "client.toml"
DAYS = frozenset({"snapshot_date", "as_at"})
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# files read before they are cleaned together: enough to share the cost, few enough to hold as text
AT_ONCE = 64
MANY, SMALL = 2000, 64 << 10  # so many files of so few bytes are worth processes of their own


@dataclass(frozen=True)
class Client:
    """One customer at one day: what the files say, the terms, the rules; nothing computed yet.

    `actions` is the user's own list, from `actions.csv` beside `client.toml`. Under a scenario
    `before` is the client without it and `scenario` what changed it; under pseudonyms the plain one
    stands before that.
    """

    name: str
    folder: Path
    as_of: dt.date | None
    config: ClientConfig
    rules: Rules
    tables: Mapping[str, pl.DataFrame]
    actions: pl.DataFrame = field(default_factory=no_actions)
    before: Client | None = None
    scenario: Any = None

    def known(self) -> dict[str, pl.DataFrame]:
        """The tables as they were known at as_of: no later day may change an answer."""
        tables = dict(self.tables)
        for name, frame in tables.items() if self.as_of else ():
            for day in DAYS.intersection(frame.columns):
                later = frame[day] > self.as_of
                if later.any():
                    tables[name] = tables[name].filter(~later.fill_null(False))
        return tables

    def to_pandas(self, table: str) -> Any:
        """A canonical table as a pandas frame."""
        return self.tables[table].to_pandas()


def load_client(folder: str | Path, as_of: dt.date | str | None = None) -> Client:
    """Read a client folder whole.

    `as_of` is the one given, else that of `client.toml`, else the newest day of any file, else
    None. Raises ConfigError for a fault in `client.toml` or `actions.csv` and UnusableClient where
    no file is recognised.
    """
    folder = Path(folder)
    config = client_config(folder)
    listed = _own_file(folder, ACTIONS_NAME)
    actions = read_actions(listed) if listed else no_actions()
    rules = load_rules(config.rules)
    checked_tiers([entry.tier for entry in config.intended_tiers], rules)
    paths = client_files(folder)
    parts = _parts(paths, Job(folder, config, rules))
    readings = [reading for part in parts for reading in part.readings]
    cleaned = [tables for part in parts for tables in part.cleaned]
    if not any(reading.source.kind for reading in readings):
        raise UnusableClient(_nothing_found(folder, readings))
    tables = across.combine(
        [part.tables for part in cleaned],
        [part.rejects for part in cleaned],
        sources=_source_rows(readings),
        max_rejected=rules["positions.max_rejected"],
    )
    day = _as_of(as_of, config, tables)
    names = tag_names(tables, rules["tags.names"])
    tables["usage"] = with_tags(tables["usage"], names)
    tables["names_alike"] = alike(tables["usage"]["license"].unique(), names)
    tables["notes"] = notes(tables, as_of=day, config=config)
    return Client(config.client, folder, day, config, rules, tables, actions)


@dataclass(frozen=True)
class Job:
    """What a part of a client's files is read with."""

    folder: Path
    config: ClientConfig
    rules: Rules


@dataclass(frozen=True)
class Part:
    """Some files: what each is, without its tables, and the typed tables of all."""

    readings: list[Reading]
    cleaned: list[Cleaned]


def _parts(paths: list[Path], job: Job) -> list[Part]:
    """The files, so many at once, in their order; thousands of small ones on every core.

    Text of devices is read by Python, of which one process runs one line at a time.
    """
    some = [paths[start : start + AT_ONCE] for start in range(0, len(paths), AT_ONCE)]
    many = len(paths) >= MANY and sum(path.stat().st_size for path in paths) < SMALL * len(paths)
    made = elsewhere(some, job) if many else {}
    with ThreadPoolExecutor(cores()) as pool:
        return [made.get(n) or part(paths, job, pool.map) for n, paths in enumerate(some)]


def part(paths: list[Path], job: Job, mapped: Callable[..., Iterable[list[Reading]]] = map) -> Part:
    """Some files read and cleaned together."""
    given = {"config": job.config, "rules": job.rules}
    read = mapped(lambda path: _members(path, job.folder, **given), paths)
    found = [reading for members in read for reading in members]
    return Part([replace(r, tables={}) for r in found], _cleaned(found, job.rules))


def client_config(folder: Path) -> ClientConfig:
    """The checked `client.toml`, or for a bare heap of files a client named after its folder."""
    # the models are slow to import and not needed where the answers are in the store already
    from cssm_lib.config import ClientConfig, read_client_config

    if not folder.is_dir():
        raise UnusableClient(f"{folder}: no such folder; give a folder with the client's exports.")
    path, name = _own_file(folder, CONFIG_NAME), folder.resolve().name
    if file_name(Path(name), Path()) != Path(name).as_posix():
        raise UnusableClient(
            f"{file_name(Path(name), Path())}: the folder's name cannot be printed; found a control"
            " character or bytes that are no UTF-8. Rename the folder."
        )
    return read_client_config(path) if path else ClientConfig(client=name.strip() or "client")


def _own_file(folder: Path, name: str) -> Path | None:
    """A file that the user writes, where there is one; ConfigError for a link out of the folder."""
    path = folder / name
    if path.is_file() and not path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"{name}: a link that leads out of the client folder, found {path.readlink()};"
            " put the file itself there."
        )
    return path if path.is_file() else None


def client_files(folder: Path) -> list[Path]:
    """Every file of the folder but those the user writes and hidden ones, by name.

    `client.toml` and the `actions.csv` beside it are the user's own words and no exports.

    A link that leads out of the folder is left out: no path outside the client is ever read.
    """
    inside = folder.resolve()
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != CONFIG_NAME
        and path != folder / ACTIONS_NAME
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.resolve().is_relative_to(inside)
    )


def file_name(path: Path, folder: Path) -> str:
    r"""A file's path in the client folder as every table and message names it.

    Bytes that are no UTF-8 and control characters are spelled out, for neither can be printed.

    >>> file_name(Path("c/a\udcff.csv"), Path("c")), file_name(Path("c/ä\n.csv"), Path("c"))
    ('a\\xff.csv', 'ä\\n.csv')
    """
    text = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
    return CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def _members(path: Path, folder: Path, *, config: ClientConfig, rules: Rules) -> list[Reading]:
    """A file, or the files of an archive, which is opened in place, one level."""
    name = file_name(path, folder)
    return [
        _read(path, member.within(name), data=member.data, config=config, rules=rules)
        for member in archive.members(path)
    ]


def _read(
    path: Path, name: str, *, data: bytes | None, config: ClientConfig, rules: Rules
) -> Reading:
    reading = read_file(path, name=name, rules=rules, hint=_hint(name, config), data=data)
    source = reading.source
    if source.smart_account is None and len(config.smart_accounts) == 1:
        source = replace(source, smart_account=config.smart_accounts[0].name)
    return replace(reading, source=source)


def _cleaned(readings: list[Reading], rules: Rules) -> list[Cleaned]:
    """Typed tables of some files: those of the API kind by kind together, others one by one."""
    missing, kinds, parts = rules["words.missing"], {}, []
    for reading in readings:
        source = reading.source
        if source.mapping or source.date_format or not source.kind:
            told = {"name": source.source, "date_format": source.date_format}
            parts.append(clean(reading.tables, missing=missing, **told))
        else:
            kinds.setdefault(source.kind, {})[source.source] = reading.tables
    return parts + [clean_together(files, missing=missing) for files in kinds.values()]


def _hint(name: str, config: ClientConfig) -> Hint:
    """What `[[sources]]` says of a file; of several entries that fit, the first that says it."""
    said: dict[str, Any] = {}
    for entry in config.sources:
        if fnmatchcase(name, entry.path):
            said = entry.model_dump(exclude={"path"}, exclude_unset=True) | said
    return Hint(**said)


def _source_rows(readings: list[Reading]) -> pl.DataFrame:
    """What each file says of itself, one row a file; sums and completeness come later."""
    rows = [
        {
            "source": source.source,
            "kind": source.kind,
            "digest": source.digest,
            "bytes": source.bytes,
            "snapshot_date": source.snapshot_date,
            "date_from": source.date_from,
            "synchronised": source.synchronised,
            "smart_account": source.smart_account,
            "encoding": source.encoding,
            "delimiter": source.delimiter,
            "total_records": max(
                (total for total, _ in source.pages if total is not None), default=None
            ),
            "mapping": json.dumps(source.mapping, ensure_ascii=False) if source.mapping else None,
            "unmapped": json.dumps(source.unmapped, ensure_ascii=False)
            if source.unmapped
            else None,
            "problem": _said(source),
        }
        for source in (reading.source for reading in readings)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _said(source: Source) -> str | None:
    """Why a file is not used, and what is to be known of how it was read."""
    notes = f"{'; '.join(source.notes)}." if source.notes else None
    return " ".join(filter(None, [source.problem, notes])) or None


def _as_of(
    given: dt.date | str | None, config: ClientConfig, tables: Mapping[str, pl.DataFrame]
) -> dt.date | None:
    newest = tables["sources"]["snapshot_date"].max()
    return as_day(given) or config.as_of or newest


def as_day(given: dt.date | str | None) -> dt.date | None:
    """A day from a date or its ISO text; nothing from nothing."""
    if not given or isinstance(given, dt.date):
        return given or None
    try:
        return dt.date.fromisoformat(given)
    except ValueError:
        raise ParameterError(f"as_of: {given!r} is no date; write it as 2026-10-31.") from None


def _nothing_found(folder: Path, readings: list[Reading]) -> str:
    if not readings:
        return f"{folder.name}: the folder holds no file; put the client's exports into it."
    problems = [f"  {r.source.source}: {r.source.problem}" for r in readings[:5]]
    more = f"\n  and {len(readings) - 5} more" if len(readings) > 5 else ""
    return (
        f"{folder.name}: none of its files was recognised as an export.\n"
        + "\n".join(problems)
        + more
    )
