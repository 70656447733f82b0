"""Packs per minute: `cssm run` against a shell loop of papermill and nbconvert.

Both make the same pages of the same three clients from the same notebooks. The loop is what stands
in many a wiki: for each client and notebook `papermill` and then `jupyter nbconvert`; it makes the
pages only, no tables, workbook or front page. Before either is timed every client is opened once,
so that neither pays for reading the exports.

    python benchmarks/packs_per_minute.py [--instances N] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9][0-9]_*.ipynb"))
TARGET = 6.0
PYTHON = Path(sys.executable)


def environment(cache: Path) -> dict[str, str]:
    """The commands beside this interpreter first; a cache that both ways share."""
    path = os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "CSSM_CACHE": str(cache)}


def call(*command: str | Path, env: dict[str, str]) -> None:
    subprocess.run(list(map(str, command)), check=True, env=env, capture_output=True)


def by_cssm(clients: Path, out: Path, env: dict[str, str]) -> None:
    call(PYTHON, "-m", "cssm_lib.cli", "run", clients, "--out", out, env=env)


def by_loop(clients: Path, out: Path, env: dict[str, str]) -> None:
    for client in sorted(clients.iterdir()):
        folder = out / client.name
        folder.mkdir(parents=True)
        for notebook in NOTEBOOKS:
            made = folder / notebook.name
            given = ["-p", "client_dir", client, "-p", "interactive", "False"]
            call("papermill", notebook, made, *given, env=env)
            call("jupyter", "nbconvert", "--to", "html", "--no-input", made, env=env)


def seconds(way: object, clients: Path, out: Path, env: dict[str, str]) -> float:
    shutil.rmtree(out, ignore_errors=True)
    began = time.monotonic()
    way(clients, out, env)  # type: ignore[operator]
    return time.monotonic() - began


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--instances", type=int, default=1000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="cssm-") as work:
        clients, out, env = Path(work, "in"), Path(work, "out"), environment(Path(work, "cache"))
        size = ["--clients", "3", "--instances", str(given.instances), "--months", "12"]
        call(PYTHON, "-m", "cssm_lib.cli", "sample", clients, *size, env=env)
        by_cssm(clients, out, env)  # opens every client, bundles the charts' script
        rounds = [
            (seconds(by_cssm, clients, out, env), seconds(by_loop, clients, out, env))
            for _ in range(given.rounds)
        ]
    ours, loop = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = loop / ours
    print(
        f"{len(NOTEBOOKS)} pages a client, {os.cpu_count()} cores, {given.rounds} rounds, medians"
    )
    print(f"cssm run:  {ours:6.1f} s, {180 / ours:5.1f} packs a minute")
    print(f"the loop:  {loop:6.1f} s, {180 / loop:5.1f} packs a minute")
    print(f"ratio:     {ratio:6.1f} (target: at least {TARGET:g})")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
