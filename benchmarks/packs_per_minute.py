"""Packs per minute: `cssm run` against a shell loop of papermill and nbconvert.

Both make the same pages of the same three clients from the same notebooks. The loop is what stands
in many a wiki: for each client and notebook `papermill` and then `jupyter nbconvert`; it makes the
pages only, no tables, workbook or front page. Before either is timed every client is opened once,
so that neither pays for reading the exports.

    python benchmarks/packs_per_minute.py [--instances N] [--rounds N] [--parts]

Wall seconds decide; CPU seconds, of the command with all its processes, are told beside them for
machines that others use too. Then the same packs are made once more by one thread, and what each
part of it costs in CPU seconds is listed. `--parts` does only that.
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
TARGET = 12.0
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


def timed(way: object, clients: Path, out: Path, env: dict[str, str]) -> tuple[float, float]:
    """Wall seconds, and CPU seconds of all processes that it started."""
    shutil.rmtree(out, ignore_errors=True)
    began, used = time.monotonic(), children_cpu()
    way(clients, out, env)  # type: ignore[operator]
    return time.monotonic() - began, children_cpu() - used


def children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


# Where the time goes: what is called by whom in a run, and how the list names it. What stands
# further down is part of what stands above it where it is indented.
PARTS = [
    ("cssm_lib.batch.running", "open_client", "open the answers"),
    ("cssm_lib.batch.making", "run_notebook", "talk to the kernels"),
    ("cssm_lib.batch.making", "stripped", "strip the notebooks"),
    ("cssm_lib.batch.making", "write_page", "write .ipynb and .html"),
    ("cssm_lib.pages.pack", "notebook_page", "  of it: to HTML"),
    ("cssm_lib.answers.Answers", "write", "write tables as CSV and Parquet"),
    ("cssm_lib.batch.running", "write_printed", "write printed tables"),
    ("cssm_lib.batch.running", "write_pack", "write what stands beside the pages"),
    ("cssm_lib.pages.pack.workbook", "write_workbook", "  of it: the workbook"),
    ("cssm_lib.pages.pack", "front_page", "  of it: the front page"),
    ("cssm_lib.pages.pack", "manifest", "  of it: the manifest"),
    ("cssm_lib.pages.pack", "facts_json", "  of it: the figures"),
]


def parts(clients: Path, out: Path) -> None:
    """Make the packs in this process with one thread and print CPU seconds by part."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    began = own_cpu()
    from cssm_lib.batch import Settings, find_notebooks, jobs_from_folders, run

    imports = own_cpu() - began
    spent = {label: watched(place, name) for place, name, label in PARTS}
    kernels, began = children_cpu(), own_cpu()
    shutil.rmtree(out, ignore_errors=True)
    made = run(jobs_from_folders([clients]), Settings(out, find_notebooks(), threads=1))
    ours, kernels = own_cpu() - began, children_cpu() - kernels
    print(f"CPU seconds of {len(made)} packs by one thread: {imports + ours + kernels:.1f}")
    print(f"{kernels:6.1f}  kernels: starting, importing, running cells")
    print(f"{ours:6.1f}  the process itself, of which")
    for label, cpu in spent.items():
        print(f"{cpu[0]:6.1f}    {label}")
    print(f"{imports:6.1f}  imports of the process")


def own_cpu() -> float:
    return time.process_time()


def watched(place: str, name: str) -> list[float]:
    """CPU seconds that a function takes from now on, as the one item of a list."""
    import importlib
    from functools import wraps

    module, _, inner = place.partition(".Answers")
    holder = importlib.import_module(module)
    holder = holder.Answers if place.endswith(".Answers") else holder
    really, cpu = getattr(holder, name), [0.0]

    @wraps(really)
    def timing(*given: object, **named: object) -> object:
        began = own_cpu()
        try:
            return really(*given, **named)
        finally:
            cpu[0] += own_cpu() - began

    setattr(holder, name, timing)
    return cpu


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--instances", type=int, default=1000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--parts", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="cssm-") as work:
        clients, out, env = Path(work, "in"), Path(work, "out"), environment(Path(work, "cache"))
        os.environ["CSSM_CACHE"] = env["CSSM_CACHE"]
        size = ["--clients", "3", "--instances", str(given.instances), "--months", "12"]
        call(PYTHON, "-m", "cssm_lib.cli", "sample", clients, *size, env=env)
        by_cssm(clients, out, env)  # opens every client, bundles the charts' script
        reached = given.parts or compared(clients, out, env, given.rounds)
        parts(clients, out)
    return 0 if reached else 1


def compared(clients: Path, out: Path, env: dict[str, str], count: int) -> bool:
    """Print both ways' figures; whether the target is reached."""
    rounds = [
        (timed(by_cssm, clients, out, env), timed(by_loop, clients, out, env)) for _ in range(count)
    ]
    ours, loop = (
        [statistics.median(figures) for figures in zip(*times, strict=True)]
        for times in zip(*rounds, strict=True)
    )
    ratio = loop[0] / ours[0]
    print(f"{len(NOTEBOOKS)} pages a client, {os.cpu_count()} cores, {count} rounds, medians")
    for name, (wall, cpu) in (("cssm run:", ours), ("the loop:", loop)):
        print(f"{name:10} {wall:6.1f} s, {cpu:6.1f} CPU s, {180 / wall:5.1f} packs a minute")
    print(
        f"ratio:     {ratio:6.1f} (target: at least {TARGET:g}); of CPU s {loop[1] / ours[1]:.1f}"
    )
    return ratio >= TARGET


if __name__ == "__main__":
    sys.exit(main())
