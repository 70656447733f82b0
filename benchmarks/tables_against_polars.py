"""Time and memory of `cssm tables` against bare polars reading the same bytes.

python benchmarks/tables_against_polars.py --instances 100000 --months 36
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = """
import sys
from pathlib import Path
import polars as pl
rows = 0
for path in sorted(Path(sys.argv[1]).rglob("*.json")):
    rows += pl.read_json(path).height
for path in sorted(Path(sys.argv[1]).rglob("*.csv")):
    rows += pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True).height
"""


def measured(command: list[str], env: dict[str, str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak memory in GiB of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} ended with status {status}")
    wall = time.perf_counter() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--instances", type=int, default=10_000)
    asked.add_argument("--months", type=int, default=12)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        env = os.environ | {"CSSM_CACHE": str(folder / "store")}
        cssm = [sys.executable, "-m", "cssm_lib.cli"]
        size = ["--instances", str(given.instances), "--months", str(given.months)]
        made = measured([*cssm, "sample", str(folder / "in"), "--clients", "1", *size], env)
        client = str(next((folder / "in").iterdir()))
        total = sum(path.stat().st_size for path in Path(client).rglob("*") if path.is_file())
        tables = [*cssm, "tables", client, "--out", str(folder / "out"), "--format", "parquet"]
        rows = {
            "sample": made,
            "bare polars": measured([sys.executable, "-c", BARE, client], env),
            "cssm tables, first": measured(tables, env),
            "cssm tables, again": measured(tables, env),
        }
    print(f"{given.instances:,} instances x {given.months} months, {total / 2**20:,.0f} MiB")
    for name, (wall, cpu, peak) in rows.items():
        print(f"{name:20} {wall:8.2f} s wall {cpu:8.2f} s cpu {peak:6.2f} GiB")


if __name__ == "__main__":
    main()
