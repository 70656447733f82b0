"""A million product instances against a million own records, one in twenty damaged.

python benchmarks/match_records.py --rows 1000000 --repeat 3

Prints the seconds of the exact tiers (T1 and T2 on prepared keys) against a bare polars join on the
same normalised serial, the whole comparison, and the peak of memory. The minimum of the repeats
counts: a busy machine only adds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import time

import numpy as np
import polars as pl

from cssm_lib.analyses import shadow
from cssm_lib.analyses.shadow import sides
from cssm_lib.analyses.shadow.exact import exact_links, serial_pairs
from cssm_lib.analyses.shadow.lives import instance_names, lives
from cssm_lib.rules import load_rules
from cssm_lib.sample.shapes import serials
from cssm_lib.schema import ANSWERS, TABLES

DAY = dt.date(2026, 10, 31)
PIDS = ["C9300-48P", "C9300-24P", "C9200L-24P-4G", "C9500-24Y4C", "ISR4331/K9", "C8300-1N1S-6T"]
DAMAGED = 20


def instances(rows: int, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Product instances of one day and what they consume."""
    number = pl.int_range(rows)
    quiet = pl.Series(rng.integers(0, 120, rows))
    stamp = pl.lit(dt.datetime(2026, 10, 31, tzinfo=dt.UTC))
    devices = pl.select(
        number=number,
        serial=pl.Series(serials("ZZA", np.arange(rows))),
        udi_pid=pl.Series(PIDS).gather(pl.Series(rng.integers(0, len(PIDS), rows))),
        hostname=pl.format("sw-{}.example.com", number),
        virtual_account=pl.format("Branch {}", number % 40),
    ).with_columns(
        snapshot_date=DAY,
        smart_account=pl.lit("big.example"),
        last_contact=stamp - pl.duration(days=quiet),
        registration_date=stamp - pl.duration(days=quiet + 700),
        source=pl.lit("devices.json"),
        place=pl.format("/devices/{}", "number"),
    )
    uses = devices.with_columns(
        license=pl.lit("C9300 DNA Advantage"), quantity=1, place=pl.col("place") + "/licenseUsage/0"
    )
    return {"devices": devices, "device_licenses": uses}


def records(devices: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The records of the same devices; of every twentieth the serial or the name is damaged."""
    kind = pl.Series(rng.integers(0, 6, devices.height))
    hit = pl.Series(rng.integers(0, DAMAGED, devices.height) == 0)
    serial, name = pl.col("serial"), pl.col("hostname").str.replace(r"\..*", "")
    damaged = (
        pl.when(kind == 0)
        .then(pl.format("  {} ", serial.str.to_lowercase()))
        .when(kind == 1)
        .then(pl.lit("........"))
        .when(kind == 2)
        .then(pl.lit(None, pl.String))
        .when(kind == 3)
        .then(pl.format("PID:{},SN:{}", "udi_pid", "serial"))
        .when(kind == 4)
        .then(pl.format("ZZX{}", serial.str.slice(3)))
        .otherwise(pl.lit("N/A"))
    )
    typo = pl.format("{}x{}", name.str.slice(0, 4), name.str.slice(4))
    return devices.select(
        name=pl.when(hit & (kind >= 4)).then(typo).otherwise(name),
        serial=pl.when(hit).then(damaged).otherwise(serial),
        pid="udi_pid",
        status=pl.lit("Installed"),
        site=pl.col("virtual_account"),
        source=pl.lit("cmdb.csv"),
        place=pl.format("row {}", "number"),
    ).sample(fraction=1, shuffle=True, seed=1)


def timed(work) -> tuple[float, float]:
    """Wall and processor seconds of one call."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--repeat", type=int, default=3)
    given = asked.parse_args()
    rng, rules = np.random.default_rng(7), load_rules()
    made = instances(given.rows, rng)
    made["assets"] = records(made["devices"], rng)
    tables = {name: TABLES[name].shaped(frame) for name, frame in made.items()}
    tables |= {
        name: TABLES[name].empty() for name in ("capture_members", "catalyst_center_devices")
    }
    prices = ANSWERS["unit_prices"].empty()
    names = instance_names(tables["devices"], rules)
    used = sides.consumed(tables["device_licenses"], prices, rules)
    left = sides.device_side(tables["devices"], names, lives(tables["devices"], names), used, rules)
    right = sides.record_side(tables["assets"], rules)
    keys = left.select("d", "serial_key"), right.select("r", "serial_key")

    def whole() -> None:
        found = shadow.compared(tables, prices, as_of=DAY, rules=rules)
        rows = shadow.judged(found, None, as_of=DAY, rules=rules)
        ANSWERS["matches"].shaped(rows)

    times: dict[str, list[tuple[float, float]]] = {"bare join": [], "exact tiers": [], "whole": []}
    for _ in range(given.repeat):
        times["bare join"].append(timed(lambda: keys[0].join(keys[1], on="serial_key")))
        pairs = lambda: exact_links(serial_pairs(left, right), left, right)  # noqa: E731
        times["exact tiers"].append(timed(pairs))
        times["whole"].append(timed(whole))
    best = {name: min(seconds) for name, seconds in times.items()}
    for name, seconds in times.items():
        wall, used = best[name], min(one[1] for one in seconds)
        print(f"{name:12} min {wall[0]:6.2f} s, processor {used:6.2f} s, of {len(seconds)}")
    print(f"exact tiers / bare join: {best['exact tiers'][0] / best['bare join'][0]:.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GiB, {given.rows:,} rows each side")


if __name__ == "__main__":
    main()
