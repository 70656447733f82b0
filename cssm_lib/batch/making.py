"""The pages of one pack: which stand already, and those that kernels make, a lane each.

A lane is a thread with one kernel that makes pages of one pack, one after the other. A pack has one
at first; threads that nothing else is left for open further ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cssm_lib import __version__
from cssm_lib.answers import INTERNAL, Change
from cssm_lib.batch.engine import run_notebook
from cssm_lib.batch.faults import fault_of
from cssm_lib.batch.jobs import Job
from cssm_lib.batch.keep import kept_page, page_key
from cssm_lib.batch.kernel import CELL_SECONDS, Kernel, Place, imported
from cssm_lib.batch.notebooks import Notebook
from cssm_lib.batch.parameters import declared
from cssm_lib.batch.strip import stripped
from cssm_lib.batch.told import Tell, Told
from cssm_lib.pages.pack import Pack, Page, drop_page, write_page
from cssm_lib.processes import cores

CORES = cores()
# what a notebook is given where it has it; the values here show the type
OWN = {"client_dir": "", "as_of": "", "renewal": "", "previous": "", "interactive": False}
OWN |= {"scenario": ""}


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
class Work:
    """One pack while its pages are made; `pages` fills up, `waiting` empties as they are.

    `left` are the pages that wait or are being made.
    """

    settings: Settings
    job: Job
    folder: Path
    answers: Any
    pages: dict[str, Page]
    waiting: list[str] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pack(self) -> Pack:
        """The pack as far as it is known, pages in the notebooks' order."""
        day, known = self.answers.as_of, self.settings.notebooks
        return Pack(
            client=self.job.client,
            renewal=self.job.renewal,
            as_of=day and day.isoformat(),
            version=__version__,
            pages=tuple(self.pages[stem] for stem in known if stem in self.pages),
            not_asked=tuple(page_of(known[stem]) for stem in known if stem not in self.pages),
            audience=self.settings.audience,
            scenario=self.job.scenario_name,
        )

    def taken(self) -> str | None:
        """A page that waits, for one lane alone; None where none does."""
        with self.lock:
            return self.waiting.pop(0) if self.waiting else None

    def done(self, page: Page) -> bool:
        """Put a page in its place; whether it was the last one."""
        with self.lock:
            self.pages[page.stem] = page
            self.left.discard(page.stem)
            return not self.left


def keep(work: Work, stem: str, *, asked: bool) -> None:
    """Take a page that an earlier run made from the same inputs; drop one made from others."""
    settings = work.settings
    key = _key(work, stem)
    kept = kept_page(work.folder / f"{stem}.ipynb", key)
    if kept is None or (asked and settings.force):
        drop_page(work.folder, stem)
        return
    work.pages[stem] = replace(page_of(settings.notebooks[stem], work), notebook=kept)
    write_page(work.folder, work.pack(), work.pages[stem])
    if asked:
        settings.tell(Told(work.job, stem, "kept"))


def lane(work: Work) -> bool:
    """Make pages that wait in one kernel until none does; whether the last was among them."""
    last = False
    books = [work.settings.notebooks[stem].content for stem in work.left]
    with Kernel(_place(work), imported(books)) as kernel:
        while stem := work.taken():
            last = work.done(_made(work, stem, kernel))
    return last


def _made(work: Work, stem: str, kernel: Kernel) -> Page:
    """One notebook into one page; a page that cannot be made never stops another."""
    began = time.monotonic()
    try:
        page = _executed(work, stem, kernel)
        write_page(work.folder, work.pack(), page)
    except Exception as fault:
        said = fault_of(fault)
        page = page_of(work.settings.notebooks[stem], work)
        page = replace(page, problem=said.message, fault=said.kind)
    seconds = time.monotonic() - began
    state = "failed" if page.problem else "made"
    told = Told(work.job, stem, state, page.problem, page.fault, seconds, kernel.peak or None)
    work.settings.tell(told)
    return page


def page_of(notebook: Notebook, work: Work | None = None) -> Page:
    """A page that is still to be made, with what its notebook is given where that is known."""
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
        # names of accounts may stand in a file's name
        "scenario": "" if job.alias else ", ".join(path.name for path in job.scenario),
    }
    known = declared(notebook.content)
    # a pack lies where its scenario says, so no parameter for every page says another one
    given = own | dict(work.settings.parameters) | {"scenario": own["scenario"]}
    return {name: value for name, value in given.items() if name in known}


def _key(work: Work, stem: str) -> str:
    notebook = work.settings.notebooks[stem]
    rests_on = _parameters(work, notebook) | {"audience": work.settings.audience}
    return page_key(work.answers.about["key"], notebook.digest, rests_on)


def _place(work: Work) -> Place:
    settings = work.settings
    return Place(
        work.job.client_dir.absolute().parent,
        settings.cell_seconds,
        max(1, CORES // settings.threads),
        settings.audience,
        work.answers.folder if settings.change or work.job.scenario else None,
    )


def _executed(work: Work, stem: str, kernel: Kernel) -> Page:
    settings = work.settings
    page = page_of(settings.notebooks[stem], work)
    ran = run_notebook(settings.notebooks[stem].content, page.parameters or {}, kernel)
    said = {"page": stem, "key": _key(work, stem), "finished": ran.fault is None}
    said |= {"audience": settings.audience}
    notebook = stripped(ran.notebook, folder=kernel.place.folder, said=said)
    page = replace(page, notebook=notebook)
    return replace(page, problem=ran.fault.message, fault=ran.fault.kind) if ran.fault else page
