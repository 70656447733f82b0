"""The same jobs on a Dask cluster: a client's packs are a task, inputs and OUT a shared folder.

A worker runs what a local run would. When one dies its tasks are run again by another, which keeps
the pages that stand whole already. Dask is imported here alone, and only for such a run.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from cssm_lib import __version__
from cssm_lib.answers.store import library_digest
from cssm_lib.batch.faults import Fault, Kind
from cssm_lib.batch.jobs import Job
from cssm_lib.batch.making import Settings
from cssm_lib.batch.running import Made, checked, made_here, write_front
from cssm_lib.batch.told import Told
from cssm_lib.errors import ParameterError
from cssm_lib.whole import DRAFT, write_whole

CONNECT_SECONDS = 20
RETRIES = 2
Came = tuple[list[Made], list[Told]]


def run_on(address: str, jobs: Sequence[Job], settings: Settings) -> list[Made]:
    """As `run`, on the cluster whose scheduler answers at `address`.

    Raises ParameterError where Dask is not installed, nobody answers, no worker is there, a worker
    has another version of this library, or a worker does not see the inputs or OUT.
    """
    here = checked(jobs, settings)
    with _connected(address) as client:
        there = replace(here, out=here.out.absolute(), previous=_absolute(here.previous))
        _alike(client)
        _shared(client, [job.client_dir.absolute() for job in jobs if not job.problem], there.out)
        results = dict(_worked_off(client, jobs, there))
    made = [_as_asked(results[job], job, there.out, settings.out) for job in jobs]
    write_front(made, settings.out)
    return made


def _absolute(path: Path | None) -> Path | None:
    return path and path.absolute()


def _absolute_job(job: Job) -> Job:
    scenario = tuple(path.absolute() for path in job.scenario)
    return replace(job, client_dir=job.client_dir.absolute(), scenario=scenario)


def _as_asked(made: Made, job: Job, there: Path, asked: Path) -> Made:
    folder = made.folder and asked / made.folder.relative_to(there)
    return replace(made, job=job, folder=folder)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise ParameterError(
            '--scheduler: Dask is not installed here; run `pip install "cssm-lib[dask]"`.'
        ) from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as fault:
        raise ParameterError(
            f"--scheduler: no Dask scheduler answers at {address} ({_line(fault)}); give the"
            " address that `dask scheduler` prints, such as tcp://10.0.0.5:8786."
        ) from None
    with client:
        yield client


def _line(fault: BaseException) -> str:
    return next(iter(str(fault).splitlines()), "") or type(fault).__name__


# Before the first task


def witness() -> tuple[str, str]:
    """Which library a worker has: its version, and the digest of its text."""
    return __version__, library_digest()


def sees(folders: Sequence[Path], mark: Path) -> list[str]:
    """Those of the folders, and of a mark in OUT, that a worker does not see."""
    unseen = [str(folder) for folder in folders if not folder.is_dir()]
    return unseen + ([] if mark.is_file() else [str(mark.parent)])


def _alike(client: Any) -> None:
    told = client.run(witness, on_error="return")
    if not told:
        raise ParameterError(
            "--scheduler: the scheduler has no worker; start one with `dask worker ADDRESS`."
        )
    for worker, said in sorted(told.items()):
        if isinstance(said, BaseException):
            raise ParameterError(
                f"--scheduler: the worker {worker} has no cssm_lib that can be asked"
                f" ({type(said).__name__}: {_line(said)}); install cssm-lib {__version__} there."
            )
        if tuple(said) != witness():
            raise ParameterError(
                f"--scheduler: the worker {worker} has another cssm_lib ({said[0]}, text"
                f" {said[1][:8]}) than this process ({__version__}, text"
                f" {library_digest()[:8]}); install the same on both."
            )


def _shared(client: Any, folders: list[Path], out: Path) -> None:
    mark = out / f".{secrets.token_hex(8)}{DRAFT}"
    write_whole(mark, "")
    try:
        told = client.run(sees, sorted(set(folders)), mark)
    finally:
        mark.unlink(missing_ok=True)
    for worker, unseen in sorted(told.items()):
        if unseen:
            raise ParameterError(
                f"--scheduler: the worker {worker} does not see {unseen[0]}; inputs and OUT must"
                " lie in a folder that all machines share under the same path."
            )


# The tasks


def packs_of(jobs: Sequence[Job], settings: Settings, threads: int) -> Came:
    """On a worker: the packs of one client, and what there was to tell of them."""
    told: list[Told] = []
    return made_here(jobs, replace(settings, threads=threads, tell=told.append)), told


def nobody(_: Told) -> None:
    """What a task is sent with, since who is told here cannot be reached from there."""


def _worked_off(client: Any, jobs: Sequence[Job], settings: Settings) -> Iterator[tuple[Job, Made]]:
    from distributed import as_completed

    sent = replace(settings, tell=nobody)
    tasks = {}
    for same in _by_client(jobs):
        there = [_absolute_job(job) for job in same]
        options = {"pure": False, "retries": RETRIES}
        task = client.submit(packs_of, there, sent, 1, **options)
        tasks[task] = list(zip(same, there, strict=True))
    for task in as_completed(tasks, loop=client.loop):
        pairs = tasks.pop(task)
        made, told = _came_to(task, [there for _, there in pairs])
        back = {there: here for here, there in pairs}
        for said in told:
            settings.tell(replace(said, job=back[said.job]))
        yield from ((here, one) for (here, _), one in zip(pairs, made, strict=True))
        task.release()


def _by_client(jobs: Iterable[Job]) -> list[list[Job]]:
    """All packs of a client go to one worker, so that two never make the same folder."""
    return [list(same) for _, same in groupby(sorted(jobs, key=_folder), key=_folder)]


def _folder(job: Job) -> str:
    return str(job.client_dir.absolute())


def _came_to(task: Any, jobs: list[Job]) -> Came:
    """A task's result; where its workers died or failed every time, packs that were not made."""
    try:
        return task.result()
    except Exception as error:
        said = f"the workers that tried it ended each time ({type(error).__name__})"
        fault = Fault(Kind.kernel, f"{said}; look at their logs, mend them and run again.")
        made = [Made(job, problem=fault.message, fault=fault.kind) for job in jobs]
        return made, [Told(job, None, "failed", fault.message, fault.kind) for job in jobs]
