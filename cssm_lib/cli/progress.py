"""What a person sees of a run: a bar on a terminal, one line a page elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cssm_lib.batch import Job
    from cssm_lib.pages.pack import Page

Tell = Callable[["Job", "Page | None", "str | None", int], None]


@contextmanager
def progress(pages: int) -> Iterator[Tell]:
    """Something to tell of every page made, kept or failed and of every pack that was lost."""
    shown = _bar if sys.stderr.isatty() else _lines
    with shown(pages) as tell:
        yield tell


@contextmanager
def _bar(pages: int) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[at]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("pages", total=pages, at="")

        def tell(job: Job, page: Page | None, problem: str | None, lost: int) -> None:
            bar.update(task, advance=1 if page else lost, at=_name(job, page))
            if problem:
                bar.console.print(_line(job, page, problem), markup=False, highlight=False)

        yield tell


@contextmanager
def _lines(pages: int) -> Iterator[Tell]:
    """`3 of 12, 4.1 s: Aurora Health / EA Networking: 01_utilisation`."""
    began, done, turn = time.monotonic(), 0, Lock()

    def tell(job: Job, page: Page | None, problem: str | None, lost: int) -> None:
        nonlocal done
        with turn:  # pages end in several threads, and a line must stay whole
            done += 1 if page else lost
            past = time.monotonic() - began
            sys.stderr.write(f"{done} of {pages}, {past:.1f} s: {_line(job, page, problem)}\n")
            sys.stderr.flush()

    yield tell


def _line(job: Job, page: Page | None, problem: str | None) -> str:
    return f"{_name(job, page)}: NOT MADE: {problem}" if problem else _name(job, page)


def _name(job: Job, page: Page | None) -> str:
    return f"{job.label}: {page.stem}" if page else job.label
