"""What a run tells while it works; none of it stands in a pack, where nothing looks at a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cssm_lib.batch.jobs import Job


@dataclass(frozen=True)
class Told:
    """One thing that happened to a pack: a page of it was made, kept or failed, or it ended.

    `page` is None for the pack as a whole. `seconds` is how long a page ran and was written,
    `memory` the most bytes that its kernel had held by then.
    """

    job: Job
    page: str | None = None
    state: str = "made"
    problem: str | None = None
    fault: str | None = None
    seconds: float | None = None
    memory: int | None = None


Tell = Callable[[Told], None]
