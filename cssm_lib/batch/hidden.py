"""Jobs of which no name may be told: client, renewal, folder and messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cssm_lib.answers import Change
from cssm_lib.batch.faults import Fault
from cssm_lib.batch.jobs import Job, placed
from cssm_lib.pages.pack.names import ESTATE, safe_name
from cssm_lib.pseudonyms import Pseudonyms, pseudonymised

UNTOLD = "the message may hold names and is not told; run without --pseudonymise to read it."


def hidden(jobs: Sequence[Job], key: bytes) -> list[Job]:
    """The same jobs under pseudonyms; those that cannot be begun keep their message to themselves.

    >>> from pathlib import Path
    >>> (job,) = hidden([Job(Path("aurora"), "Aurora", "EA")], b"sixteen bytes are enough")
    >>> job.client.startswith("client-"), job.folder_name.startswith("folder-")
    (True, True)
    """
    names = Pseudonyms(key)
    return placed([_hidden(job, names) for job in jobs])


def _hidden(job: Job, names: Pseudonyms) -> Job:
    renewal = job.renewal and names.named("agreement", job.renewal)
    return replace(
        job,
        client=names.named("client", job.client),
        renewal=renewal,
        place=("", safe_name(renewal) if renewal else ESTATE),
        problem=job.problem and UNTOLD,
        alias=names.named("folder", str(job.client_dir.resolve().name)),
        scenario_name=job.scenario_name and names.named("scenario", job.scenario_name),
    )


def change_by(key: bytes) -> Change:
    """What makes answers under pseudonyms."""
    mark = Pseudonyms(key).mark
    # what a scenario says names hosts and accounts
    return Change(
        lambda client: pseudonymised(client, key), mark, {"pseudonyms": mark, "scenario": None}
    )


def untold(job: Job, fault: Fault) -> Fault:
    """A fault without its message, where the job's names are hidden."""
    return replace(fault, message=UNTOLD) if job.alias else fault
