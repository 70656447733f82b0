"""What changed since a previous pack, put beside the answers before any page is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cssm_lib.batch.jobs import Job
from cssm_lib.pages.changes import changes, find_previous


def compared(previous: Path | None, job: Job, answers: Any) -> Any:
    """The answers with what changed since the previous pack, where one was given and is there.

    The previous pack is read whole before anything is written: it may be the one that this run
    replaces. Raises ParameterError or InputError where it cannot be compared with.
    """
    if previous is None:
        return answers
    found = find_previous(previous, client=job.client, renewal=job.renewal, as_of=answers.as_of)
    if found is None:
        return answers
    return answers.with_changes(changes(found, answers, renewal=job.renewal), found.about)
