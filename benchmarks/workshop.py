"""From a slider to new figures: a client in memory, hundreds of moves, every kind of action.

python benchmarks/workshop.py --instances 100000 --months 36 --work /tmp/workshop

Each move is a scenario of one to three actions, of which the last is the slider that moves: what
the others make is on the screen before. The clock runs from the scenario to the tables `positions`,
`pooled`, `true_forward`, `reading_range`, `next_events` and every headline figure made of them.
Beside it: bare polars adding up the same rows of usage by account, pool and line. What is read and
what is prepared once is told apart. In --work the client's tables stay as Parquet.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.answers.live import Live, live_of
from cssm_lib.client import Client, client_config, load_client
from cssm_lib.errors import ConfigError
from cssm_lib.pages.figures import FIGURES, HEADLINES
from cssm_lib.pages.sheet import Page
from cssm_lib.rules import load_rules
from cssm_lib.scenario import Scenario

SHOWN = ("positions", "pooled", "true_forward", "reading_range", "next_events")
KEY = ["smart_account", "virtual_account", "license"]


def in_memory(folder: Path, work: Path) -> Client:
    """The client, from the Parquet of an earlier run where there is one."""
    kept = work / f"{folder.parent.name}-{folder.name}-tables"
    if not (kept / "notes.parquet").is_file():
        client = load_client(folder)
        kept.mkdir(parents=True, exist_ok=True)
        for name, table in sorted(client.tables.items()):
            table.write_parquet(kept / f"{name}.parquet")
    config = client_config(folder)
    tables = {path.stem: pl.read_parquet(path) for path in sorted(kept.glob("*.parquet"))}
    day = config.as_of or tables["sources"]["snapshot_date"].max()
    return Client(config.client, folder, day, config, load_rules(config.rules), tables)


def sample(given: argparse.Namespace, work: Path) -> Path:
    folder = work / f"in-{given.instances}-{given.months}"
    if not folder.is_dir():
        size = ["--instances", str(given.instances), "--months", str(given.months)]
        cssm = [sys.executable, "-m", "cssm_lib.cli", "sample", str(folder), "--clients", "1"]
        subprocess.run([*cssm, *size], check=True, stdout=subprocess.DEVNULL)
    return next(folder.iterdir())


def moves(client: Client) -> dict[str, Callable[[random.Random], dict[str, Any]]]:
    """A slider of each kind: what it may be set to."""
    usage = client.tables["usage"]
    accounts, names = (usage[name].unique().sort().to_list() for name in KEY[1:])
    days = usage["snapshot_date"].unique().sort().to_list()
    readings = [one["name"] for one in client.rules["readings.published"]]
    stock = usage.filter((pl.col("snapshot_date") == days[-1]) & (pl.col("quantity") > 9))
    here = {"smart_account": usage["smart_account"][0]}

    def moved(dice: random.Random) -> dict[str, Any]:
        row = stock.row(dice.randrange(stock.height), named=True)
        to = dice.choice([one for one in accounts if one != row["virtual_account"]])
        told = {"license": row["license"], "from_virtual_account": row["virtual_account"]}
        units = dice.randint(1, row["quantity"] // 4 + 1)
        return {"do": "move", "units": units, "to_virtual_account": to} | here | told

    return {
        "retire, silent": lambda d: {"do": "retire", "silent_days": d.randint(30, 400)},
        "retire, pattern": lambda d: {"do": "retire", "hostname": f"*{d.randint(0, 99)}"},
        "retire, account": lambda d: {"do": "retire", "virtual_account": d.choice(accounts)},
        "move": moved,
        "tier": lambda d: {
            "do": "tier", "from_license": "C9* DNA Advantage",
            "to_license": d.choice([name for name in names if "Essentials" in name]),
            "virtual_account": d.choice(accounts),
        },
        "leave out": lambda d: {
            "do": "leave_out", "virtual_account": d.choice(accounts),
            "from": d.choice(days[-12:-1]), "to": days[-1],
        },
        "grow": lambda d: {"do": "grow", "share": d.randint(-50, 100) / 100},
        "grow from a day": lambda d: {
            "do": "grow", "share": d.randint(-50, 100) / 100, "from": d.choice(days[-12:]),
        },
        "price": lambda d: {"do": "terms", "price": d.randint(100, 2000) / 100},
        "discount": lambda d: {
            "do": "terms", "list_price": 20, "discount": d.randint(0, 60) / 100,
        },
        "uplift": lambda d: {
            "do": "terms", "renewal_uplift": {"low": 0, "high": d.randint(0, 20) / 100},
        },
        "reading": lambda d: {"do": "terms", "reading": d.choice(readings)},
        "end of the term": lambda d: {
            "do": "terms", "end": dt.date(2027, 1, 31) + dt.timedelta(days=d.randint(0, 700)),
        },
        "entitlement": lambda d: {"do": "terms", "entitled": d.randint(0, 90_000)},
        "day measured": lambda d: {"as_of": d.choice(days[-3:])},
    }  # fmt: skip


def drawn(kinds: dict[str, Any], kind: str, dice: random.Random) -> Scenario:
    """The slider that moves, as the last action, after up to two others that stay."""
    others = [dice.choice(list(kinds)) for _ in range(dice.randint(0, 2))]
    told = [kinds[name](dice) for name in [*others, kind]]
    day = {name: value for one in told for name, value in one.items() if name == "as_of"}
    actions = [{"name": f"{n}"} | one for n, one in enumerate(told) if "do" in one]
    return Scenario.model_validate({"name": "moved", "actions": actions} | day)


def shown(live: Live, scenario: Scenario) -> None:
    """Everything that the clock runs for."""
    seen = live.under(scenario)
    for name in SHOWN:
        seen[name]
    for page in ("01", "02"):
        for name in HEADLINES[page]:
            if FIGURES[name].table in SHOWN:
                Page(seen, page).fact(name)


def bare(client: Client, day: dt.date) -> None:
    """The rows of usage added up by account, pool and line, with nothing else worked out."""
    usage, sums = client.tables["usage"], pl.col("quantity", "in_use").sum()
    now = usage.filter(pl.col("snapshot_date") == day)
    now.group_by(KEY).agg(sums)
    now.group_by(KEY[::2]).agg(sums)
    lines = [line for one in client.config.agreements for s in one.suites for line in s.lines]
    for line in lines:
        pattern = "|".join(f"^{name.replace('*', '.*')}$" for name in line.licenses)
        usage.filter(pl.col("license").str.contains(pattern)).group_by("snapshot_date").agg(sums)


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of the wall and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def unmoved(scenario: Scenario, kind: str) -> Scenario:
    """What is on the screen before the slider of that kind moves."""
    if kind == "day measured":
        return scenario.model_copy(update={"as_of": None})
    return scenario.model_copy(update={"actions": scenario.actions[:-1]})


def measured(live: Live, scenario: Scenario, kind: str, repeat: int) -> tuple[float, float] | None:
    """The quickest of some runs: others may use the machine. None where the move is refused."""
    found = []
    for _ in range(repeat):
        live.forget()
        try:
            shown(live, unmoved(scenario, kind))
            found.append(clocked(lambda: shown(live, scenario)))
        except ConfigError:
            return None
    return min(wall for wall, _ in found), min(cpu for _, cpu in found)


def told(name: str, values: list[float]) -> str:
    ordered = sorted(values)
    at = {share: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95)}
    return f"{name:18} {len(ordered):5} {at[0.5]:9.1f} {at[0.95]:9.1f} {ordered[-1]:9.1f}"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--instances", type=int, default=10_000)
    asked.add_argument("--months", type=int, default=12)
    asked.add_argument("--client", type=Path, help="a client folder in the sample's stead")
    asked.add_argument("--work", type=Path, help="where the sample and its tables stay")
    asked.add_argument("--moves", type=int, default=300)
    asked.add_argument("--repeat", type=int, default=1, help="runs of a move; the quickest counts")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        work = given.work or Path(place)
        work.mkdir(parents=True, exist_ok=True)
        client = in_memory(given.client or sample(given, work), work)
        run(client, given)


def run(client: Client, given: argparse.Namespace) -> None:
    live, kinds, dice = live_of(client), moves(client), random.Random(given.seed)
    days = client.tables["usage"]["snapshot_date"].unique().sort()[-3:].to_list()
    first = clocked(lambda: [live.today[name] for name in SHOWN])[0]
    print(f"{client.tables['devices'].height:,} rows of instances; today's figures {first:,.0f} ms")
    for day in reversed(days):
        scenario = Scenario(name="day", as_of=day)
        took = (
            clocked(lambda s=scenario: live.prepare(s)),
            clocked(lambda s=scenario: shown(live, s)),
        )
        print(f"{day}: prepared once {took[0][0]:,.0f} ms, first figures {took[1][0]:,.0f} ms")
    found: dict[str, list[tuple[float, float]]] = {}
    for number in range(given.moves):
        kind = list(kinds)[number % len(kinds)]
        took = measured(live, drawn(kinds, kind, dice), kind, given.repeat)
        if took:
            found.setdefault(kind, []).append(took)
    print(f"{'':18} {'moves':>5} {'p50 ms':>9} {'p95 ms':>9} {'max ms':>9}")
    for kind, rows in found.items():
        print(told(kind, [wall for wall, _ in rows]))
    every = [one for rows in found.values() for one in rows]
    print(told("all", [wall for wall, _ in every]))
    print(told("all, processor", [cpu for _, cpu in every]))
    base = [clocked(lambda: bare(client, days[-1]))[0] for _ in range(30)]
    print(told("bare polars", base))
    middle = sorted(wall for wall, _ in every)[len(every) // 2] / sorted(base)[len(base) // 2]
    print(f"ratio of the medians {middle:.1f}")


if __name__ == "__main__":
    main()
