"""What is to be made: a job is one pack, from folders or from `renewals.toml`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cssm_lib.client import CONFIG_NAME, client_config
from cssm_lib.config import ClientConfig, Renewal, read_renewals
from cssm_lib.errors import ConfigError, CssmError
from cssm_lib.pages.pack.names import ESTATE, unique_names


@dataclass(frozen=True)
class Job:
    """One pack to make; `problem` says why it cannot even be begun.

    `place` is its folder under OUT without the day, `renewal` the agreement's name or None for the
    whole estate, `only` the pages asked for (empty: all). `alias` stands for the folder's name
    where no name may be told. With a `scenario` (files, in order) the pack shows the client under
    it.
    """

    client_dir: Path
    client: str
    renewal: str | None = None
    as_of: dt.date | None = None
    only: tuple[str, ...] = ()
    place: tuple[str, str] = ("", ESTATE)
    problem: str | None = None
    alias: str | None = None
    scenario: tuple[Path, ...] = ()
    scenario_name: str | None = None

    @property
    def folder_name(self) -> str:
        """The client folder as notebooks and the manifest name it."""
        return self.alias or self.client_dir.absolute().name or "."

    @property
    def label(self) -> str:
        """How messages name the pack."""
        return " / ".join(filter(None, [self.client, self.renewal, self.scenario_name]))


def client_dirs(folder: Path) -> list[Path]:
    """The client folders that a folder stands for.

    A folder without `client.toml` stands for its subfolders that have one; if none has, it is
    itself a client.
    """
    if (folder / CONFIG_NAME).is_file() or not folder.is_dir():
        return [folder]
    below = sorted(path.parent for path in folder.glob(f"*/{CONFIG_NAME}") if path.is_file())
    return below or [folder]


def jobs_from_folders(
    folders: Iterable[Path], *, as_of: dt.date | None = None, only: Sequence[str] = ()
) -> list[Job]:
    """One job per client folder, each client once."""
    found = {path.resolve(): path for folder in folders for path in client_dirs(folder)}
    jobs = [
        _job(path, Renewal(client_dir="-", as_of=as_of, only=tuple(only)), where="")
        for path in found.values()
    ]
    return placed(jobs)


def jobs_from_file(
    path: Path, *, as_of: dt.date | None = None, only: Sequence[str] = ()
) -> tuple[list[Job], Path]:
    """One job per entry of `renewals.toml`, and the folder its `out` names.

    Folders are relative to the file; `as_of` and `only` of the command line win. Raises ConfigError
    for a fault in the file; an entry whose client has a fault is a job with a `problem`.
    """
    config = read_renewals(path)
    listed = [
        (_job(folder, entry, where=where), entry, f"{where}.scenario: ")
        for number, said in enumerate(config.renewals)
        for entry, where in [(_with(said, as_of, only), f"{path.name}: renewals[{number}]")]
        for folder in client_dirs(path.parent / said.client_dir)
    ]
    jobs = [
        under(job, path.parent / entry.scenario, where=where) if entry.scenario else job
        for job, entry, where in listed
    ]
    _no_pack_twice(jobs, path)
    return placed(jobs), path.parent / config.out


def under(job: Job, *files: Path, where: str = "") -> Job:
    """The job under a scenario; a fault in a file is the job's problem, after `where`."""
    from cssm_lib.scenario import read_scenario

    try:
        name = read_scenario(*files).name
    except CssmError as fault:
        return replace(job, scenario=files, problem=job.problem or f"{where}{fault}")
    return replace(job, scenario=files, scenario_name=name)


def _with(entry: Renewal, as_of: dt.date | None, only: Sequence[str]) -> Renewal:
    return entry.model_copy(
        update={"as_of": as_of or entry.as_of, "only": tuple(only) or entry.only}
    )


def _job(folder: Path, entry: Renewal, *, where: str) -> Job:
    job = Job(folder, folder.resolve().name or "client", None, entry.as_of, entry.only)
    try:
        config = client_config(folder)
        renewal = _renewal(config, entry.agreement, where=where)
        place = ("", _renewal_place(config, renewal))
        return replace(job, client=config.client, renewal=renewal, place=place)
    except CssmError as fault:
        return replace(job, problem=str(fault))


def _renewal(config: ClientConfig, asked: str | None, *, where: str) -> str | None:
    """The agreement asked for, else the client's only one, else None."""
    names = [agreement.name for agreement in config.agreements]
    if asked is None:
        return names[0] if len(names) == 1 else None
    if asked not in names:
        there = ", ".join(map(repr, names)) or "none"
        raise ConfigError(
            f"{where}.agreement: {config.client} has no agreement {asked!r}; there is: {there}."
        )
    return asked


def _no_pack_twice(jobs: list[Job], path: Path) -> None:
    seen: dict[tuple[object, ...], Job] = {}
    for job in jobs:
        key = (job.client_dir.resolve(), job.renewal, job.as_of, job.scenario)
        if key in seen and not job.problem:
            raise ConfigError(
                f"{path.name}: two entries make the pack of {job.label}; keep one and join their"
                " `only`."
            )
        seen[key] = job


def placed(jobs: list[Job]) -> list[Job]:
    """Every job with a folder of its own for its client; two clients of one name are told apart."""
    folders = [job.client_dir.resolve() for job in jobs]
    names = unique_names(
        {str(folder): (job.client, folder.name) for folder, job in zip(folders, jobs, strict=True)}
    )
    return [
        replace(job, place=(names[str(folder)], job.place[1]))
        for folder, job in zip(folders, jobs, strict=True)
    ]


def _renewal_place(config: ClientConfig, renewal: str | None) -> str:
    """`estate` is kept for the whole estate; an agreement of that name is told apart."""
    if renewal is None:
        return ESTATE
    names = [agreement.name for agreement in config.agreements]
    told = {name: f"{name} (agreement)" for name in names if name.casefold() == ESTATE}
    return unique_names({name: (told.get(name, name), "agreement") for name in names})[renewal]
