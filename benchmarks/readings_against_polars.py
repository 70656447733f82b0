"""Time of every reading of True Forward against one bare polars group-by of the same rows.

python benchmarks/readings_against_polars.py
500 licences × 50 Virtual Accounts × 60 months; each side is run several times and the least time
counts, for the machine may be busy. Prints ours, part by part, against two group-bys: by licence
and day, and by the key of a row, which is what holdings are made by. The rows are as the cache
gives them; holdings are made once for all tables of the answers, not for the readings alone.

On two quiet cores the whole way takes 0.10 to 0.11 s: 4.4 to 4.9 times the group-by by licence and
day (0.022 s) and 0.4 times that by a row's own key (0.28 s). By licence and day holdings are 1.4
times, line days 1.8, all readings 1.6, whatever the number of accounts. The aim of 5 is met by
either.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from cssm_lib.analyses import history, true_forward
from cssm_lib.rules import Rules, load_rules
from cssm_lib.schema import TABLES

LINE = ["agreement", "suite", "sku"]
KEYS = {
    "by license and day": ["license", "snapshot_date"],
    "by a row's own key": ["license", "virtual_account", "snapshot_date"],
}
START = dt.date(2021, 12, 1)


def usage(licenses: int, accounts: int, months: int) -> pl.DataFrame:
    """One row per licence, account and month end, as a client has them."""
    rng, rows = np.random.default_rng(7), licenses * accounts * months
    days = pl.date_range(START, START + dt.timedelta(days=31 * months), "1mo", eager=True)
    names = [f"Licence {number:03} DNA Advantage" for number in range(licenses)]
    places = [f"Account {number:02}" for number in range(accounts)]
    frame = pl.DataFrame(
        {
            "snapshot_date": days.head(months).dt.month_end().repeat_by(licenses * accounts)
            .explode(),
            "virtual_account": np.tile(np.repeat(np.array(places), licenses), months),
            "license": np.tile(np.array(names), accounts * months),
            "quantity": rng.integers(0, 100, rows),
            "in_use": rng.integers(0, 100, rows),
        }
    )  # fmt: skip
    return as_cached(
        frame.with_columns(
            available=pl.col("quantity") - pl.col("in_use"), reserved=0, source=pl.lit("usage"),
            smart_account=pl.lit("a.example"), billing=pl.lit("PREPAID"),
        )
    )  # fmt: skip


def as_cached(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame after a round through Parquet: no column that one value stands for."""
    file = io.BytesIO()
    TABLES["usage"].shaped(frame).write_parquet(file)
    return pl.read_parquet(file.getvalue())


def terms(licenses: int) -> pl.DataFrame:
    """One line per licence, ten to a suite."""
    exact = pl.Decimal(38, 6)
    rows = [
        {"sku": f"SKU-{number:03}", "suite": f"Suite {number // 10:02}"}
        | {"licenses": [f"Licence {number:03} DNA Advantage"]}
        for number in range(licenses)
    ]
    return pl.DataFrame(rows).with_columns(
        agreement=pl.lit("EA"), programme=pl.lit("EA 3.0"), start=pl.lit(START),
        end=pl.lit(dt.date(2026, 11, 30)), commitment=pl.lit("full"), count=pl.lit("sum"),
        smart_accounts=pl.lit(["*"]), virtual_accounts=pl.lit(["*"]),
        metric=pl.lit(None, pl.String), outside_stock=pl.lit("ignored"),
        tags=pl.lit([], pl.List(pl.String)),
        entitled=pl.lit(2000, pl.Int64), price=pl.lit("10").cast(exact), per=pl.lit("month"),
        measure=pl.lit("as_of"), allowance=pl.lit("0").cast(exact), credit=pl.lit("value_shift"),
        charged=pl.lit("above_entitlement"), ratchet=pl.lit("to_consumption"),
        early_events=pl.lit("none"), months=pl.lit("whole"), shift_consumes=pl.lit(True),
        currency=pl.lit("EUR"),
        **{name: pl.lit(None, exact) for name in ("support_price", "list_price", "discount")},
        list_date=pl.lit(None, pl.Date),
    )  # fmt: skip


def least(run: Callable[[], Any], times: int, clock: Callable[[], float]) -> tuple[float, Any]:
    """The least seconds of several runs, and what the last one gave."""
    taken = []
    for _ in range(times):
        start = clock()
        result = run()
        taken.append(clock() - start)
    return min(taken), result


def bare(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """What one group-by of the rows costs."""
    return rows.group_by(key).agg(pl.col("quantity", "in_use", "reserved").sum())


def line_days(held: pl.DataFrame, lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What the lines used on every day, as the answers have it: no reading has a part in it."""
    members = true_forward.tagged(history.places(held), lines)
    frame = history.pool_frame(members, history.pages(held), by=LINE, rules=rules)
    return history.pool_sums(held, frame)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("licenses", 500), ("accounts", 50), ("months", 60), ("times", 5)):
        asked.add_argument(f"--{name}", type=int, default=usual)
    asked.add_argument("--processor", action="store_true", help="count processor time instead")
    given = asked.parse_args()
    clock = time.process_time if given.processor else time.perf_counter
    best = partial(least, times=given.times, clock=clock)
    rows, rules = usage(given.licenses, given.accounts, given.months), load_rules()
    tables = {"usage": rows}
    lines = terms(given.licenses)
    read = true_forward.under_readings(lines, rules)
    print(f"{rows.height:,} rows, {read['reading'].n_unique()} readings")
    theirs = {name: best(partial(bare, rows, key))[0] for name, key in KEYS.items()}
    parts = {}
    parts["holdings"], held = best(partial(history.holdings, tables, rules))
    parts["line days"], days = best(partial(line_days, held, lines, rules))
    billed = partial(true_forward.true_forward, read, days, as_of=dt.date(2026, 11, 30))
    parts["all readings"], _ = best(partial(billed, rules=rules))
    parts["ours together"] = sum(parts.values())
    print(f"{'':34} seconds", *(f"× {name}" for name in KEYS), sep="   ")
    for name, seconds in {**theirs, **parts}.items():
        ratios = (f"{seconds / one:{len(key) + 2}.1f}" for key, one in theirs.items())
        print(f"{name:34} {seconds:7.3f}", *ratios, sep="   ")


if __name__ == "__main__":
    main()
