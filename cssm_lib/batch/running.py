"""The run itself: steps that lead to further steps, worked off by as many threads as kernels.

open a client → begin its packs → run their pages → finish each pack. The next step of a pack that
was begun goes before the first step of another, so that few clients are open at a time.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from cssm_lib import __version__
from cssm_lib.answers import INTERNAL, Change, open_client, scenario_of
from cssm_lib.batch.audience import for_audience
from cssm_lib.batch.engine import CELL_SECONDS, Place, quiet, run_notebook
from cssm_lib.batch.faults import Fault, Kind, fault_of
from cssm_lib.batch.hidden import untold
from cssm_lib.batch.jobs import Job
from cssm_lib.batch.keep import kept_page, page_key
from cssm_lib.batch.notebooks import Notebook, pages_asked
from cssm_lib.batch.parameters import check_parameters, declared
from cssm_lib.batch.printed import PRINTED, only, write_printed
from cssm_lib.batch.private import tidy
from cssm_lib.batch.since import compared
from cssm_lib.batch.strip import stripped
from cssm_lib.errors import CssmError, PageError
from cssm_lib.pages.pack import (
    Pack,
    Page,
    drop_page,
    unfinished,
    write_pack,
    write_packs_index,
    write_page,
)
from cssm_lib.pages.pack.names import safe_name

CORES = os.cpu_count() or 1
# what a notebook is given where it has it; the values here show the type
OWN = {"client_dir": "", "as_of": "", "renewal": "", "previous": "", "interactive": False}
Tell = Callable[[Job, Page | None, str | None], None]
Step = Callable[[], list[Any]]


@dataclass(frozen=True)
class Settings:
    """How a batch runs.

    `notebooks` are the pages there are, `threads` how many kernels work at once, `parameters` what
    every notebook that has them gets beside the client, the day and the renewal. `force` runs also
    the pages that stand in OUT already and rest on the same inputs. `audience` is who the packs are
    for, `previous` a pack or the OUT of an earlier run: what changed since then is told.
    `change` is what every client goes through before any answer.
    """

    out: Path
    notebooks: Mapping[str, Notebook]
    threads: int = 2 * CORES
    force: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cell_seconds: int = CELL_SECONDS
    audience: str = INTERNAL
    previous: Path | None = None
    change: Change | None = None
    tell: Tell = lambda *_: None


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
    """One run: its settings, the results so far and the folders that packs have taken."""

    settings: Settings
    results: dict[Job, Made] = field(default_factory=dict)
    taken: dict[Path, Job] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Work:
    """One pack while its pages are made; `pages` fills up as they are."""

    batch: Batch
    job: Job
    folder: Path
    answers: Any
    pages: dict[str, Page]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pack(self) -> Pack:
        """The pack as far as it is known, pages in the notebooks' order."""
        day, known = self.answers.as_of, self.batch.settings.notebooks
        return Pack(
            client=self.job.client,
            renewal=self.job.renewal,
            as_of=day and day.isoformat(),
            version=__version__,
            pages=tuple(self.pages[stem] for stem in known if stem in self.pages),
            not_asked=tuple(_page_of(known[stem]) for stem in known if stem not in self.pages),
            audience=self.batch.settings.audience,
            scenario=self.job.scenario_name,
        )


def run(jobs: Sequence[Job], settings: Settings) -> list[Made]:
    """One result per job, in order; `settings.tell` hears of every page and of every lost job.

    Raises ParameterError before any kernel starts where a page or a parameter asked for does not
    exist or a parameter is of the wrong type.
    """
    quiet()
    tidy()
    settings = replace(settings, notebooks=for_audience(settings.notebooks, settings.audience))
    _check(jobs, settings)
    batch = Batch(settings)
    openings = groupby(sorted(jobs, key=_same_answers), key=_same_answers)
    _work_off([partial(_open, batch, list(same)) for _, same in openings], settings.threads)
    made = [batch.results[job] for job in jobs]
    failed = [(one.job.label, f"{one.fault}: {one.problem}") for one in made if one.problem]
    try:
        write_packs_index(settings.out, failed, tool=__version__)
    except OSError as fault:
        raise PageError(f"{fault_of(fault).message} The packs made so far stay.") from None
    return made


def _check(jobs: Sequence[Job], settings: Settings) -> None:
    asked = {stem for job in jobs for stem in pages_asked(settings.notebooks, job.only)}
    contents = {stem: settings.notebooks[stem].content for stem in sorted(asked)}
    known = {name for content in contents.values() for name in declared(content)}
    own = {name: value for name, value in OWN.items() if name in known}
    check_parameters(contents, own | dict(settings.parameters))


def _same_answers(job: Job) -> tuple[str, str, str]:
    return str(job.client_dir), str(job.as_of or ""), str(job.scenario)


def _change(settings: Settings, job: Job) -> Change | None:
    """What a job's client goes through: the scenario first, for it speaks in the files' names."""
    what_if = scenario_of(*job.scenario) if job.scenario else None
    if what_if and settings.change:
        return what_if.then(settings.change)
    return what_if or settings.change


def _work_off(steps: Sequence[Step], threads: int) -> None:
    """Run steps and what they lead to; what a running pack needs next goes to the front."""
    todo, running = deque(steps), set[Future[list[Step]]]()
    pool = ThreadPoolExecutor(threads)
    try:
        while todo or running:
            while todo and len(running) < threads:
                running.add(pool.submit(todo.popleft()))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                todo.extendleft(reversed(future.result()))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who interrupts a run does not wait for it


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
    batch.settings.tell(job, None, fault.message)


def _begin(batch: Batch, job: Job, answers: Any) -> list[Step]:
    """The pages to run; those of an earlier run that rest on the same inputs stand already."""
    answers = compared(batch.settings.previous, job, answers)
    work = Work(batch, job, _folder(batch.settings, job, answers), answers, {})
    _take(work)
    unfinished(work.folder)
    asked = pages_asked(batch.settings.notebooks, job.only)
    _drop_others(work)
    for stem in batch.settings.notebooks:
        _keep(work, stem, asked=stem in asked)
    waiting = [stem for stem in asked if stem not in work.pages]
    for stem in waiting:
        work.pages[stem] = _page_of(batch.settings.notebooks[stem])
    left = set(waiting)
    if not waiting:
        return [partial(_guarded, batch, job, partial(_finish, work))]
    return [partial(_make, work, stem, left) for stem in waiting]


def _folder(settings: Settings, job: Job, answers: Any) -> Path:
    """The pack's place: two audiences or scenarios of one renewal and day never share a folder."""
    day = answers.as_of.isoformat() if answers.as_of else "no-date"
    own = day if settings.audience == INTERNAL else f"{day}-{settings.audience}"
    if job.scenario_name:
        own += f"-scenario-{safe_name(job.scenario_name)}"
    return settings.out.joinpath(*job.place, own)


def _take(work: Work) -> None:
    """A folder holds one pack of a run."""
    with work.batch.lock:
        first = work.batch.taken.setdefault(work.folder, work.job)
    if first is not work.job:
        raise CssmError(
            f"{work.job.label}: another entry of this run makes the same pack; take one of them out"
            " or give it another as_of."
        )


def _drop_others(work: Work) -> None:
    """Pages and tables of an earlier run that this pack has not, or may not have any more."""
    for path in work.folder.glob("[0-9][0-9]_*.html"):
        if path.stem not in work.batch.settings.notebooks:
            drop_page(work.folder, path.stem)
    if work.batch.settings.audience != INTERNAL:
        shutil.rmtree(work.folder / "tables", ignore_errors=True)


def _keep(work: Work, stem: str, *, asked: bool) -> None:
    settings = work.batch.settings
    key = _key(work, stem)
    kept = kept_page(work.folder / f"{stem}.ipynb", key)
    if kept is None or (asked and settings.force):
        drop_page(work.folder, stem)
        return
    work.pages[stem] = replace(_page_of(settings.notebooks[stem], work), notebook=kept)
    write_page(work.folder, work.pack(), work.pages[stem])
    if asked:
        settings.tell(work.job, work.pages[stem], None)


def _page_of(notebook: Notebook, work: Work | None = None) -> Page:
    parameters = _parameters(work, notebook) if work else None
    return Page(notebook.stem, notebook.title, notebook.digest, parameters)


def _parameters(work: Work, notebook: Notebook) -> dict[str, Any]:
    """What a notebook is given: the client relative to the kernel's folder, the day as asked."""
    job = work.job
    own = OWN | {
        "client_dir": job.folder_name,
        "as_of": job.as_of.isoformat() if job.as_of else "",
        "renewal": job.renewal or "",
        "previous": (work.answers.about.get("previous") or {}).get("digest", ""),
    }
    known = declared(notebook.content)
    given = own | dict(work.batch.settings.parameters)
    return {name: value for name, value in given.items() if name in known}


def _key(work: Work, stem: str) -> str:
    notebook = work.batch.settings.notebooks[stem]
    rests_on = _parameters(work, notebook) | {"audience": work.batch.settings.audience}
    return page_key(work.answers.about["key"], notebook.digest, rests_on)


def _make(work: Work, stem: str, left: set[str]) -> list[Step]:
    """Run one notebook into one page; the last page of a pack leads to its finish."""
    try:
        page = _executed(work, stem)
        write_page(work.folder, work.pack(), page)
    except Exception as fault:  # a page that cannot be made never stops another
        notebook = work.batch.settings.notebooks[stem]
        said = fault_of(fault)
        page = replace(_page_of(notebook, work), problem=said.message, fault=said.kind)
    work.batch.settings.tell(work.job, page, page.problem)
    with work.lock:
        work.pages[stem] = page
        left.discard(stem)
        last = not left
    return [partial(_guarded, work.batch, work.job, partial(_finish, work))] if last else []


def _executed(work: Work, stem: str) -> Page:
    settings = work.batch.settings
    page = _page_of(settings.notebooks[stem], work)
    folder = work.job.client_dir.absolute().parent
    threads = max(1, CORES // settings.threads)
    opened = work.answers.folder if settings.change or work.job.scenario else None
    place = Place(folder, settings.cell_seconds, threads, settings.audience, opened)
    ran = run_notebook(settings.notebooks[stem].content, page.parameters or {}, place)
    said = {"page": stem, "key": _key(work, stem), "finished": ran.fault is None}
    said |= {"audience": settings.audience}
    notebook = stripped(ran.notebook, folder=folder, said=said)
    page = replace(page, notebook=notebook)
    return replace(page, problem=ran.fault.message, fault=ran.fault.kind) if ran.fault else page


def _finish(work: Work) -> list[Step]:
    """All that stands beside the pages."""
    tables = work.folder / "tables"
    written = work.answers.write(tables, formats=("csv", "parquet"))
    only(tables, [*written, *write_printed(tables / PRINTED, work.pack().pages)])
    about = dict(work.answers.about) | {"repeat": _repeat(work)}
    write_pack(work.folder, work.pack(), tables=work.answers, about=about)
    pages = tuple(work.pack().pages)
    work.batch.results[work.job] = Made(work.job, work.folder, pages)
    return []


def _repeat(work: Work) -> dict[str, Any]:
    """The entry of a renewals.toml that makes this pack again; what is left out is the default."""
    every = work.batch.settings.notebooks
    only = [stem for stem in every if stem in work.pages]
    said = {
        "client_dir": work.job.folder_name,
        "agreement": work.job.renewal,
        "as_of": work.job.as_of,
        "only": only if len(only) < len(every) else None,
    }
    return {name: value for name, value in said.items() if value is not None}
