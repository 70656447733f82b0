"""Parts of a client's files read by processes of their own, one a core.

A process is this module run as a program: it gets its work on stdin and answers on stdout, so that
a caller's own program is never started a second time.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# -P: a file in the working folder that is called like a library is never imported
COMMAND = [sys.executable, "-P", "-m", "cssm_lib.processes"]


def cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def elsewhere(parts: Sequence[Sequence[Path]], job: Any) -> dict[int, Any]:
    """By number what each part came to; a part is missing where its process failed."""
    many = cores()
    shares = [{n: parts[n] for n in range(core, len(parts), many)} for core in range(many)]
    with ThreadPoolExecutor(many) as pool:
        answers = list(pool.map(lambda share: _answer(share, job), filter(None, shares)))
    return {n: made for answer in answers for n, made in answer.items()}


def _answer(share: Mapping[int, Sequence[Path]], job: Any) -> dict[int, Any]:
    alone = os.environ | {"POLARS_MAX_THREADS": "1"}
    try:
        asked = pickle.dumps((share, job))
        done = subprocess.run(COMMAND, input=asked, capture_output=True, check=True, env=alone)
        return pickle.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, pickle.PickleError, EOFError):
        return {}  # the caller reads these files itself


def main() -> None:
    """Read what stdin asks for and write what it came to."""
    from cssm_lib.client import part

    share, job = pickle.load(sys.stdin.buffer)
    made = {n: part(paths, job) for n, paths in share.items()}
    sys.stdout.buffer.write(pickle.dumps(made))


if __name__ == "__main__":
    main()
