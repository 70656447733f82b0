"""What a person sees of a run: a bar on a terminal, one line a page elsewhere; always on stderr.

At the end: the slowest pages and the largest kernels. A machine gets one JSON object a line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cssm_lib.batch import Made, Told

Tell = Callable[["Told", int], None]
SLOWEST = 5
MEGABYTE = 1024 * 1024


@dataclass
class Course:
    """How far a run is: pages asked for, pages done, and what is known of those that were made."""

    pages: int
    done: int = 0
    began: float = field(default_factory=lambda: time.monotonic())
    ran: list[Told] = field(default_factory=list)

    @property
    def past(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take at the pace so far; None before a page was made."""
        return self.past / self.done * (self.pages - self.done) if self.done and self.ran else None

    def take(self, told: Told, lost: int) -> None:
        """Count a page, or the pages of a pack that was lost."""
        self.done += 1 if told.page else lost
        if told.seconds is not None:
            self.ran.append(told)


@contextmanager
def progress(pages: int) -> Iterator[Tell]:
    """Something to tell of every page and every pack, with how many pages a lost one had."""
    course = Course(pages)
    shown = _bar if sys.stderr.isatty() else _lines
    with shown(course) as show:
        yield _in_turn(course, show)
    for line in summary(course):
        print(line, file=sys.stderr)


def _in_turn(course: Course, show: Callable[[Told, str], None]) -> Tell:
    turn = Lock()  # pages end in several threads, and a line must stay whole

    def tell(told: Told, lost: int) -> None:
        with turn:
            failed = told.state == "failed"
            course.take(told, lost if failed else 0)
            if told.page or failed:
                show(told, line_of(told))

    return tell


@contextmanager
def _bar(course: Course) -> Iterator[Callable[[Told, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[at]}", markup=False))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("pages", total=course.pages, at="")

        def show(told: Told, line: str) -> None:
            at = f"{_times(course)}: {line_of(told, problem=False)}"
            bar.update(task, completed=course.done, at=at)
            if told.problem:
                bar.console.print(line, markup=False, highlight=False)

        yield show


@contextmanager
def _lines(course: Course) -> Iterator[Callable[[Told, str], None]]:
    """`3 of 12, 4.1 s, about 12 s left: Aurora Health / EA Networking: 01_utilisation`."""

    def show(_: Told, line: str) -> None:
        sys.stderr.write(f"{course.done} of {course.pages}, {_times(course)}: {line}\n")
        sys.stderr.flush()

    yield show


def _times(course: Course) -> str:
    past = f"{course.past:.1f} s"
    return f"{past}, about {course.left:.0f} s left" if course.left else past


def line_of(told: Told, *, problem: bool = True) -> str:
    """How a line names what was made, or why it was not."""
    name = f"{told.job.label}: {told.page}" if told.page else told.job.label
    return f"{name}: NOT MADE: {told.problem}" if told.problem and problem else name


def summary(course: Course) -> list[str]:
    """The slowest pages and the most memory that a kernel held; nothing where no page ran."""
    if not course.ran:
        return []
    slowest = sorted(course.ran, key=lambda told: told.seconds or 0, reverse=True)[:SLOWEST]
    lines = [f"{len(course.ran)} pages ran in {course.past:.1f} s; the slowest:"]
    lines += [
        f"  {told.seconds:6.1f} s  {_memory(told)}  {line_of(told, problem=False)}"
        for told in slowest
    ]
    most = max(course.ran, key=lambda told: told.memory or 0)
    if most.memory:
        lines.append(f"Most memory of a kernel: {_memory(most).strip()}, for {most.job.label}.")
    return lines


def _memory(told: Told) -> str:
    return f"{told.memory / MEGABYTE:5.0f} MB" if told.memory else "    ? MB"


# For machines


@contextmanager
def json_lines(packs: int, pages: int) -> Iterator[Tell]:
    """One JSON object a line on stdout: `begun`, then a `page` or a `pack` as each ends."""
    course, turn = Course(pages), Lock()
    _say({"event": "begun", "packs": packs, "pages": pages})

    def tell(told: Told, lost: int) -> None:
        with turn:
            course.take(told, lost if told.state == "failed" else 0)
            _say(as_event(told) | {"done": course.done, "pages": pages})

    yield tell


def as_event(told: Told) -> dict[str, Any]:
    """What happened as one flat object; every event of a kind has the same names."""
    said = {
        "event": "page" if told.page else "pack",
        "client": told.job.client,
        "renewal": told.job.renewal,
        "page": told.page,
        "state": told.state,
        "fault": told.fault,
        "problem": told.problem,
    }
    if told.page:
        seconds = None if told.seconds is None else round(told.seconds, 3)
        return said | {"seconds": seconds, "memory": told.memory}
    return {name: value for name, value in said.items() if name != "page"}


def say_end(made: list[Made], index: str, seconds: float) -> None:
    """The last line: what became of the whole run."""
    pages = [page for one in made for page in one.pages]
    failed = sum(page.problem is not None for page in pages)
    _say(
        {
            "event": "ended",
            "packs": len(made),
            "packs_complete": sum(one.complete for one in made),
            "pages_failed": failed,
            "index": index,
            "folders": [str(one.folder) for one in made if one.folder],
            "seconds": round(seconds, 3),
        }
    )


def _say(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
    sys.stdout.flush()
