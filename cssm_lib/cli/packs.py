"""What `cssm run` does with its arguments: which packs, under what, told how."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from cssm_lib.batch import Job, Made, jobs_from_file, jobs_from_folders, pages_asked, run
from cssm_lib.batch.hidden import change_by, hidden
from cssm_lib.batch.jobs import under
from cssm_lib.batch.notebooks import for_pack
from cssm_lib.batch.private import leave
from cssm_lib.cli.progress import json_lines, progress, say_end
from cssm_lib.pseudonyms import read_key


def jobs_of(
    what: list[Path], as_of: dt.date | None, only: tuple[str, ...]
) -> tuple[list[Job], Path | None]:
    """The packs to make, and where the file that lists them wants them."""
    files = [path for path in what if path.is_file()]
    if not files:
        return jobs_from_folders(what, as_of=as_of, only=only), None
    if len(what) > 1:
        raise typer.BadParameter("give one RENEWALS.toml or client folders, not both or several.")
    return jobs_from_file(what[0], as_of=as_of, only=only)


def with_scenario(todo: list[Job], files: list[Path], notebooks: Mapping[str, Any]) -> list[Job]:
    """Each job, and beside it the same one under the scenario, unless it has one of its own.

    A job whose pages all tell of a scenario is made under it alone.
    """
    if not files:
        return todo
    pairs = [[job] if job.scenario else [job, under(job, *files)] for job in todo]
    return [one for pair in pairs for one in pair if one is pair[-1] or _any_page(one, notebooks)]


def _any_page(job: Job, notebooks: Mapping[str, Any]) -> bool:
    asked = pages_asked(notebooks, job.only, scenario=True)
    return bool(for_pack(notebooks, scenario=False).keys() & set(asked))


def under_pseudonyms(todo: list[Job], settings: Any, keyfile: Path) -> tuple[list[Job], Any]:
    """The same jobs under pseudonyms."""
    key = read_key(keyfile)
    return hidden(todo, key), replace(settings, change=change_by(key))


def made_packs(todo: list[Job], settings: Any, scheduler: str | None, *, lines: bool) -> list[Made]:
    """Make the packs and tell each step; one result per job."""
    pages = {job: _pages(job, settings.notebooks) for job in todo}
    every, began = sum(pages.values()), time.monotonic()
    try:
        with json_lines(len(todo), every) if lines else progress(every) as tell:
            told = replace(settings, tell=lambda said: tell(said, pages[said.job]))
            made = _made(todo, told, scheduler)
    except KeyboardInterrupt:
        leave()
        print("stopped; the pages made so far stay and need not be made again.", file=sys.stderr)
        os._exit(130)  # a thread would wait for its kernel
    if lines:
        say_end(made, str(settings.out / "index.html"), time.monotonic() - began)
    else:
        _print_results(made, settings.out)
    return made


def _pages(job: Job, notebooks: Mapping[str, Any]) -> int:
    return len(pages_asked(notebooks, job.only, scenario=bool(job.scenario)))


def _made(todo: list[Job], settings: Any, scheduler: str | None) -> list[Made]:
    if scheduler:
        from cssm_lib.batch.cluster import run_on

        return run_on(scheduler, todo, settings)
    return run(todo, settings)


def _print_results(made: list[Made], out: Path) -> None:
    for one in made:
        if one.folder:
            print(one.folder / "index.html")
    print(out / "index.html")
