"""The run itself: steps that lead to further steps, worked off by as many threads as kernels.

open a client → begin its packs → make their pages → finish each pack. The next step of a pack that
was begun goes before the first step of another, so that few clients are open at a time. A finished
pack holds nothing any more but what became of its pages.
"""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from cssm_lib import __version__
from cssm_lib.answers import INTERNAL, Change, open_client, scenario_of, store
from cssm_lib.batch.audience import for_audience
from cssm_lib.batch.engine import quiet
from cssm_lib.batch.faults import Fault, Kind, fault_of
from cssm_lib.batch.hidden import untold
from cssm_lib.batch.jobs import Job
from cssm_lib.batch.making import OWN, Settings, Work, keep, lane, page_of
from cssm_lib.batch.memory import give_back
from cssm_lib.batch.notebooks import for_pack, pages_asked
from cssm_lib.batch.parameters import check_parameters, declared
from cssm_lib.batch.printed import PRINTED, only, write_printed
from cssm_lib.batch.private import tidy
from cssm_lib.batch.since import compared
from cssm_lib.batch.told import Told
from cssm_lib.errors import CssmError, PageError
from cssm_lib.pages.pack import Page, drop_page, unfinished, write_pack, write_packs_index
from cssm_lib.pages.pack.names import safe_name

Step = Callable[[], list[Any]]


@dataclass(frozen=True)
class Made:
    """What became of one job: its folder and pages, or why there are none, and in which class."""

    job: Job
    folder: Path | None = None
    pages: tuple[Page, ...] = ()
    problem: str | None = None
    fault: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every page asked for was made."""
        return self.problem is None and all(page.problem is None for page in self.pages)


@dataclass(frozen=True)
class Batch:
    """One run: settings, results, folders that packs have taken, packs with pages to make."""

    settings: Settings
    results: dict[Job, Made] = field(default_factory=dict)
    taken: dict[Path, Job] = field(default_factory=dict)
    begun: list[Work] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def run(jobs: Sequence[Job], settings: Settings) -> list[Made]:
    """One result per job, in order; `settings.tell` hears of every page and of every pack.

    Raises ParameterError before any kernel starts where a page or a parameter asked for does not
    exist or a parameter is of the wrong type.
    """
    settings = checked(jobs, settings)
    made = made_here(jobs, settings)
    write_front(made, settings.out)
    return made


def checked(jobs: Sequence[Job], settings: Settings) -> Settings:
    """The settings with the notebooks that the audience may have; raises as `run` does."""
    settings = replace(settings, notebooks=for_audience(settings.notebooks, settings.audience))
    asked = {stem for job in jobs for stem in _asked(settings, job)}
    contents = {stem: settings.notebooks[stem].content for stem in sorted(asked)}
    known = {name for content in contents.values() for name in declared(content)}
    own = {name: value for name, value in OWN.items() if name in known}
    check_parameters(contents, own | dict(settings.parameters))
    return settings


def _asked(settings: Settings, job: Job) -> list[str]:
    return pages_asked(settings.notebooks, job.only, scenario=bool(job.scenario))


def made_here(jobs: Sequence[Job], settings: Settings) -> list[Made]:
    """Make the packs in this process; one result per job, in order."""
    quiet()
    tidy()
    store.no_drafts()
    batch = Batch(settings)
    openings = groupby(sorted(jobs, key=_same_answers), key=_same_answers)
    steps = [partial(_open, batch, list(same)) for _, same in openings]
    _work_off(steps, settings.threads, further=partial(_further, batch))
    return [batch.results[job] for job in jobs]


def write_front(made: Iterable[Made], out: Path) -> None:
    """Write `OUT/index.html`; raises PageError where it cannot be written."""
    failed = [(one.job.label, f"{one.fault}: {one.problem}") for one in made if one.problem]
    try:
        write_packs_index(out, failed, tool=__version__)
    except OSError as fault:
        raise PageError(f"{fault_of(fault).message} The packs made so far stay.") from None


def _same_answers(job: Job) -> tuple[str, str, str]:
    return str(job.client_dir), str(job.as_of or ""), str(job.scenario)


def _change(settings: Settings, job: Job) -> Change | None:
    """What a job's client goes through: the scenario first, for it speaks in the files' names."""
    what_if = scenario_of(*job.scenario) if job.scenario else None
    if what_if and settings.change:
        return what_if.then(settings.change)
    return what_if or settings.change


def _work_off(steps: Sequence[Step], threads: int, *, further: Callable[[], Step | None]) -> None:
    """Run steps and what they lead to; what a running pack needs next goes to the front.

    Threads that no step is left for ask for a further one.
    """
    todo, running = deque(steps), set[Future[list[Step]]]()
    pool = ThreadPoolExecutor(threads)
    try:
        while todo or running:
            while len(running) < threads and (step := todo.popleft() if todo else further()):
                running.add(pool.submit(step))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                todo.extendleft(reversed(future.result()))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who interrupts a run does not wait for it


def _further(batch: Batch) -> Step | None:
    """One more lane for the pack with most pages waiting; for a single page none is worth it."""
    most = max(_with_waiting(batch), key=lambda work: len(work.waiting), default=None)
    return partial(_lane, batch, most) if most and len(most.waiting) > 1 else None


def _with_waiting(batch: Batch, *new: Work) -> list[Work]:
    """The packs that have pages waiting; those that have none are held by their lanes only."""
    with batch.lock:
        batch.begun[:] = [work for work in (*batch.begun, *new) if work.waiting]
        return list(batch.begun)


def _open(batch: Batch, jobs: list[Job]) -> list[Step]:
    """The answers of one client at one day, for all packs that are made from them."""
    sound = [job for job in jobs if not job.problem]
    for job in jobs:
        if job.problem:
            _no_pack(batch, job, Fault(Kind.parameter, job.problem))
    try:
        told: dict[str, Any] = {"audience": batch.settings.audience}
        change = _change(batch.settings, jobs[0]) if sound else None
        told |= {"change": change} if change else {}
        answers = open_client(jobs[0].client_dir, jobs[0].as_of, **told) if sound else None
    except Exception as fault:  # whatever is wrong with one client, the others go on
        for job in sound:
            _no_pack(batch, job, untold(job, fault_of(fault)))
        return []
    return [partial(_guarded, batch, job, partial(_begin, batch, job, answers)) for job in sound]


def _guarded(batch: Batch, job: Job, step: Step) -> list[Step]:
    try:
        return step()
    except Exception as fault:  # as above
        _no_pack(batch, job, untold(job, fault_of(fault)))
        return []


def _no_pack(batch: Batch, job: Job, fault: Fault) -> None:
    batch.results[job] = Made(job, problem=fault.message, fault=fault.kind)
    batch.settings.tell(Told(job, None, "failed", fault.message, fault.kind))


def _begin(batch: Batch, job: Job, answers: Any) -> list[Step]:
    """The pages to run; those of an earlier run that rest on the same inputs stand already."""
    answers = compared(batch.settings.previous, job, answers)
    own = for_pack(batch.settings.notebooks, scenario=bool(job.scenario))
    settings = replace(batch.settings, notebooks=own)
    work = Work(settings, job, _folder(settings, job, answers), answers, {})
    _take(batch, work)
    unfinished(work.folder)
    asked = _asked(settings, job)
    _drop_others(work)
    for stem in settings.notebooks:
        keep(work, stem, asked=stem in asked)
    work.waiting.extend(stem for stem in asked if stem not in work.pages)
    work.left.update(work.waiting)
    for stem in work.waiting:
        work.pages[stem] = page_of(settings.notebooks[stem])
    if not work.waiting:
        return [partial(_guarded, batch, job, partial(_finish, batch, work))]
    _with_waiting(batch, work)
    return [partial(_lane, batch, work)]


def _lane(batch: Batch, work: Work) -> list[Step]:
    """Pages of a pack in one kernel; the last page of the pack leads to its finish."""
    finish = partial(_guarded, batch, work.job, partial(_finish, batch, work))
    return [finish] if lane(work) else []


def _folder(settings: Settings, job: Job, answers: Any) -> Path:
    """The pack's place: two audiences or scenarios of one renewal and day never share a folder."""
    day = answers.as_of.isoformat() if answers.as_of else "no-date"
    own = day if settings.audience == INTERNAL else f"{day}-{settings.audience}"
    if job.scenario_name:
        own += f"-scenario-{safe_name(job.scenario_name)}"
    return settings.out.joinpath(*job.place, own)


def _take(batch: Batch, work: Work) -> None:
    """A folder holds one pack of a run."""
    with batch.lock:
        first = batch.taken.setdefault(work.folder, work.job)
    if first is not work.job:
        raise CssmError(
            f"{work.job.label}: another entry of this run makes the same pack; take one of them out"
            " or give it another as_of."
        )


def _drop_others(work: Work) -> None:
    """Pages and tables of an earlier run that this pack has not, or may not have any more."""
    for path in work.folder.glob("[0-9][0-9]_*.html"):
        if path.stem not in work.settings.notebooks:
            drop_page(work.folder, path.stem)
    if work.settings.audience != INTERNAL:
        shutil.rmtree(work.folder / "tables", ignore_errors=True)


def _finish(batch: Batch, work: Work) -> list[Step]:
    """All that stands beside the pages."""
    tables = work.folder / "tables"
    written = work.answers.write(tables, formats=("csv", "parquet"))
    only(tables, [*written, *write_printed(tables / PRINTED, work.pack().pages)])
    about = dict(work.answers.about) | {"repeat": _repeat(work)}
    write_pack(work.folder, work.pack(), tables=work.answers, about=about)
    pages = tuple(replace(page, notebook=None) for page in work.pack().pages)
    batch.results[work.job] = Made(work.job, work.folder, pages)
    batch.settings.tell(Told(work.job))
    give_back()
    return []


def _repeat(work: Work) -> dict[str, Any]:
    """The entry of a renewals.toml that makes this pack again; what is left out is the default."""
    every = work.settings.notebooks
    only = [stem for stem in every if stem in work.pages]
    said = {
        "client_dir": work.job.folder_name,
        "agreement": work.job.renewal,
        "as_of": work.job.as_of,
        "only": only if len(only) < len(every) else None,
    }
    return {name: value for name, value in said.items() if value is not None}
