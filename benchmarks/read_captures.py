"""Device captures to a client's typed tables: seconds for N, 2 N and 4 N of them.

Each capture is the invented log in tests/captures with serial numbers and host names of its own,
about 10 KB of text from two switches. `load_client` reads a folder of them, each size in a process
of its own, and from 2,000 files on in one process a core; linear means that the time of one capture
does not grow. The time goes into reading line by line (Python, two thirds) and into typing some
220 columns of 64 captures together (polars, a quarter).

    python benchmarks/read_captures.py [captures, 20000]

Each size runs twice and the minimum counts, of wall seconds and of CPU seconds; on a machine that
others use too, CPU seconds tell more.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOG = Path(__file__).parents[1] / "tests" / "captures" / "two_switches.log"
ROUNDS = 2


def write_captures(folder: Path, count: int) -> int:
    """A file a pair of switches, named by number; how many bytes they are together."""
    text, size = LOG.read_bytes().decode(), 0
    serials = sorted(set(re.findall(r"SN: ?([A-Z0-9]{11})", text)))
    for n in range(count):
        made = text.replace("elm-", f"elm{n}-")
        for k, serial in enumerate(serials):
            made = made.replace(serial, f"ZZ{n:07}{k:02}")
        size += (folder / f"{n:06}_2026-10-31.log").write_bytes(made.encode())
    return size


def one(folder: Path) -> None:
    """Load the folder and say how long it took; run in a process of its own."""
    from cssm_lib.client import load_client

    start = time.perf_counter()
    tables = load_client(folder).tables
    wall = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    told = {"wall": wall, "cpu": sum(one.ru_utime + one.ru_stime for one in used)}
    told |= {"gb": used[0].ru_maxrss / 1e6, "licences": tables["capture_licenses"].height}
    told |= {"devices": tables["captures"].height, "rejects": tables["rejects"].height}
    print(json.dumps(told))


def measured(folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "one", str(folder)]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(ROUNDS)
    ]
    return runs[0] | {name: min(run[name] for run in runs) for name in ("wall", "cpu")}


def main(most: int) -> None:
    print(f"{os.cpu_count()} cores, minimum of {ROUNDS} rounds")
    for count in (most // 4, most // 2, most):
        with tempfile.TemporaryDirectory() as name:
            size = write_captures(Path(name), count)
            took = measured(Path(name))
        each = {name: took[name] / count * 1000 for name in ("wall", "cpu")}
        print(
            f"{count:6,} captures, {size / 1e6:4.0f} MB: {took['wall']:6.1f} s"
            f" ({each['wall']:.2f} ms each), CPU {took['cpu']:6.1f} s ({each['cpu']:.2f} ms each),"
            f" peak {took['gb']:.2f} GB; {took['devices']:,.0f} devices,"
            f" {took['licences']:,.0f} licences, {took['rejects']:,.0f} rejects"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
