"""How a run grows: many small clients, and one of 100,000 instances and 60 snapshots.

    python benchmarks/growth.py clients [--count 200] [--instances 100] [--months 6] [--only 01]
    python benchmarks/growth.py large [--instances 100000] [--months 60]

`clients`: one run over all of them; after each quarter of the packs the seconds and CPU seconds so
far and what the process held. Linear means that the quarters take the same; flat, that they hold
the same. `large`: seconds, CPU seconds and the most memory at any moment of `cssm tables` and of
`cssm run`, with all their processes together. On a machine that others use too, CPU seconds tell
more than seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

CSSM = [sys.executable, "-m", "cssm_lib.cli"]
GIGABYTE = 1e9
LIMIT = 8.0


class Watched:
    """A command with its processes: CPU seconds so far, memory now and at most."""

    def __init__(self, *arguments: object) -> None:
        self.began = time.monotonic()
        command = [*CSSM, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.seen = psutil.Process(self.process.pid)
        self.most = self.cpu = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while self.process.poll() is None:
            self.most = max(self.most, self.memory())
            time.sleep(0.2)

    def memory(self) -> float:
        """Gigabytes of the process and all below it; what they share counts once for each."""
        try:
            every = [self.seen, *self.seen.children(recursive=True)]
            used = self.seen.cpu_times()
            self.cpu = used.user + used.system + used.children_user + used.children_system
            return sum(_held(one) for one in every) / GIGABYTE
        except psutil.Error:
            return 0.0

    def lines(self) -> Iterator[str]:
        """What it prints, as it prints it; its failure ends the measuring."""
        yield from self.process.stdout
        if self.process.wait():
            sys.exit(f"cssm ended with {self.process.returncode}")

    def told(self) -> str:
        """How long it has taken so far."""
        return f"{time.monotonic() - self.began:7.1f} s {self.cpu:7.1f} CPU s"


def _held(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def clients(work: Path, given: argparse.Namespace) -> int:
    """Quarters of one run over many small clients."""
    size = ["--instances", given.instances or 100, "--months", given.months or 6]
    list(Watched("sample", work / "in", "--clients", given.count, *size).lines())
    asked = ["--only", given.only] if given.only else []
    run = Watched("run", work / "in", "--out", work / "out", "--json-lines", *asked)
    marks = {given.count * quarter // 4 for quarter in (1, 2, 3, 4)}
    packs = 0
    for line in run.lines():
        packs += json.loads(line)["event"] == "pack"
        if packs in marks:
            marks.remove(packs)
            held, every = _held(run.seen) / GIGABYTE, run.memory()
            print(f"{packs:5} packs {run.told()}, held {held:.2f} GB, with kernels {every:.2f} GB")
    print(f"at most, with kernels: {run.most:.2f} GB")
    return 0


def large(work: Path, given: argparse.Namespace) -> int:
    """The tables and the pack of one large client."""
    size = ["--instances", given.instances or 100_000, "--months", given.months or 60]
    list(Watched("sample", work / "in", *size).lines())
    most = 0.0
    for name in ("tables", "run"):
        step = Watched(name, work / "in", "--out", work / name)
        list(step.lines())
        most = max(most, step.most)
        print(f"cssm {name:6} {step.told()}, at most {step.most:.2f} GB (limit {LIMIT:g})")
    return 0 if most <= LIMIT else 1


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("what", choices=["clients", "large"])
    asked.add_argument("--count", type=int, default=200)
    asked.add_argument("--instances", type=int)
    asked.add_argument("--months", type=int)
    asked.add_argument("--only", default="")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="cssm-growth-") as work:
        return {"clients": clients, "large": large}[given.what](Path(work), given)


if __name__ == "__main__":
    sys.exit(main())
