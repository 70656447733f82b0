"""CSV snapshots to clean typed tables, against bare polars and against pandas.

36 monthly licence exports (CSV, each row with billing, reservations, balance and entitlement tag)
of together 10 million rows. Three readings, each in a process of its own, page cache warm:
ours (`read_file` and `clean` per file on threads, as `load_client` does), `polars.read_csv` with
Categorical columns, which cleans nothing, and pandas with the same cleaning. Targets: ours in at
most 4 times the time of bare polars, 3 times as fast as pandas, within 4 GB.

    python benchmarks/read_csv.py [rows] [files]

Each reading runs three times in turn and the minimum counts, of wall seconds and of CPU seconds
(imports included): on a machine that others use too, CPU seconds tell more.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROWS, FILES, ROUNDS = 10_000_000, 36, 3
LICENSES = 400
TEXT = ("License", "Virtual Account", "Billing", "Entitlement Tag", "Status")
TAG = "regid.2017-05.com.cisco.c9300_{}_dna_advantage,1.0_411773c3-aaaa-4bbb-8ccc-ddddddddeeee"
READINGS = ("bare", "ours", "pandas")


def write_snapshots(folder: Path, rows: int, files: int) -> None:
    """A file a month with the same licences and accounts and other figures."""
    import polars as pl

    for month in range(files):
        i = pl.int_range(rows // files, eager=True)
        bought, used, held = i % 977 + 500, (i * 7 + month * 13) % 499, i % 7
        frame = pl.DataFrame({"i": i, "Purchased": bought, "In Use": used, "Reserved": held})
        frame.select(
            pl.format("C9300-{} DNA Advantage, Term", pl.col("i") % LICENSES).alias("License"),
            pl.format("Virtual Account {}", pl.col("i") // LICENSES).alias("Virtual Account"),
            pl.lit("Prepaid").alias("Billing"),
            *("Purchased", "In Use", "Reserved"),
            (bought - used - held).alias("Balance"),
            pl.format(TAG, pl.col("i") % LICENSES).alias("Entitlement Tag"),
            pl.lit("In Compliance").alias("Status"),
        ).write_csv(folder / f"licences_{2023 + month // 12}-{month % 12 + 1:02}-28.csv")


def ours(paths: list[Path]) -> tuple[int, dict[str, float]]:
    """Typed usage rows as a client holds them, and the seconds of threads in each step."""
    from cssm_lib.clean import clean
    from cssm_lib.read import read_file
    from cssm_lib.rules import load_rules

    rules, spent = load_rules(), {"read": 0.0, "clean": 0.0}

    def one(path: Path) -> object:
        start = time.perf_counter()
        reading = read_file(path, name=path.name, rules=rules)
        read = time.perf_counter()
        cleaned = clean(reading.tables, name=path.name, missing=rules["words.missing"])
        spent["read"] += read - start
        spent["clean"] += time.perf_counter() - read
        return cleaned.tables["usage"]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        frames = list(pool.map(one, paths))
    return sum(frame.height for frame in frames), spent


def bare(paths: list[Path]) -> tuple[int, dict[str, float]]:
    """What polars reads when it is told the types: nothing recognised, checked or cleaned."""
    import polars as pl

    types = dict.fromkeys(TEXT, pl.Categorical)
    frames = [pl.read_csv(path, schema_overrides=types) for path in paths]
    return sum(frame.height for frame in frames), {}


def pandas(paths: list[Path]) -> tuple[int, dict[str, float]]:
    """The same cleaning by pandas: text, missing words, tidy names, whole numbers or rejects."""
    import pandas as pd

    from cssm_lib.rules import load_rules

    words = sorted(load_rules()["words.missing"])

    def one(path: Path) -> object:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        for name in frame.columns:
            text = frame[name].str.strip()
            frame[name] = text.mask(text.str.lower().isin(words))
        frame["license_raw"] = frame["License"]
        for name in ("License", "Virtual Account"):
            frame[name] = frame[name].str.normalize("NFKC").str.replace(r"\s+", " ", regex=True)
        frame["Billing"] = frame["Billing"].str.upper()
        for name in ("Purchased", "In Use", "Reserved", "Balance"):
            frame[name] = pd.to_numeric(frame[name].str.replace(",", ""), errors="coerce")
        fine = frame[["License", "Purchased", "In Use"]].notna().all(axis=1)
        frame = frame[fine & (frame["Purchased"] >= 0) & (frame["In Use"] >= 0)]
        numbers = dict.fromkeys(("Purchased", "In Use", "Reserved", "Balance"), "Int64")
        return frame.astype(numbers).assign(source=path.name, place=frame.index + 2)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        frames = list(pool.map(one, paths))
    return sum(len(frame) for frame in frames), {}


def measured(reading: str, folder: Path) -> dict[str, object]:
    """One reading in a process of its own: seconds, peak of memory, rows."""
    command = [sys.executable, __file__, reading, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def one_reading(reading: str, folder: Path) -> None:
    paths = sorted(folder.glob("*.csv"))
    start = time.perf_counter()
    rows, spent = globals()[reading](paths)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "gb": used.ru_maxrss / 1e6}
    print(json.dumps(told | {"rows": rows, "spent": spent}))


def compare(rows: int, files: int, readings: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_snapshots(folder, rows, files)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e9
        print(f"{rows:,} rows in {files} files, {size:.2f} GB, {os.cpu_count()} cores")
        runs = [{one: measured(one, folder) for one in readings} for _ in range(ROUNDS)]
    best = {one: _best([run[one] for run in runs]) for one in readings}
    for one in readings:
        each = ", ".join(f"{run[one]['seconds']:.1f}" for run in runs)
        told = "{seconds:6.1f} s ({each}), CPU {cpu:5.1f} s, peak {gb:.2f} GB"
        print(f"{one:7} {told.format(**best[one], each=each)}")
    for told, measure in (("wall", "seconds"), ("CPU", "cpu")):
        took = {one: best[one][measure] for one in readings}
        print(f"{told}: ours is {took['ours'] / took['bare']:.1f} times bare (target at most 4),")
        print(f"{told}: {took['pandas'] / took['ours']:.1f} times as fast as pandas (at least 3)")
    spent = ", ".join(f"{step} {took:.1f}" for step, took in best["ours"]["spent"].items())
    print(f"seconds of threads in ours: {spent}")


def _best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The minimum of each time and the largest peak of memory."""
    quickest = min(runs, key=lambda run: run["seconds"])
    cpu, peak = min(run["cpu"] for run in runs), max(run["gb"] for run in runs)
    return quickest | {"cpu": cpu, "gb": peak}


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in READINGS:
        one_reading(sys.argv[1], Path(sys.argv[2]))
    else:
        numbers = [int(argument) for argument in sys.argv[1:]]
        compare(*(numbers + [ROWS, FILES][len(numbers) :]), READINGS)
