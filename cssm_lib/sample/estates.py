"""Generated clients of any size, for measuring: many accounts, growth, moves, expiries, silence.

Everything is a column: no loop runs over instances or licence rows, only over months and pages.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from cssm_lib.sample.shapes import INSTANCES, LICENSES, LOT, device_rows, documents, serials

NEWEST = dt.date(2026, 10, 31)
PAGE_DEVICES, PAGE_LICENSES = 1000, 500
ACCOUNTS = ["DEFAULT", *(f"Plant {number:02}" for number in range(1, 25))]
FAMILIES = [
    *("C9200 24P", "C9200 48P", "C9200L 24P", "C9200L 48P", "C9300 24P"),
    *("C9300 48P", "C9300L 48P", "C9400", "C9500", "C9600"),
]
PIDS = [
    *("C9200-24P", "C9200-48P", "C9200L-24P-4G", "C9200L-48P-4G", "C9300-24P"),
    *("C9300-48P", "C9300L-48P-4G", "C9407R", "C9500-24Y4C", "C9606R"),
]
TIERS = ["Essentials", "Advantage"]
# Shares of the instances to which something happens.
LATER, MOVED, SILENT, REPLACED, FLIPPED = 0.18, 0.03, 0.04, 0.02, 0.01

CLIENT = """\
# Invented by `cssm sample`: no such client exists.
client = "Client {number:03}"
currency = "EUR"
as_of = 2026-10-31

[[smart_accounts]]
name = "client-{number:03}.example"
held_by = "customer"

[[agreements]]
name = "EA Networking"
programme = "EA 3.0"
start = 2024-02-01
end = 2027-01-31

[[agreements.suites]]
name = "Campus switching"
commitment = "full"

[[agreements.suites.lines]]
sku = "E3N-C9000-A"
licenses = ["C9* DNA Advantage"]
entitled = {advantage}
price = 10.00
per = "month"

[[agreements.suites.lines]]
sku = "E3N-C9000-E"
licenses = ["C9* DNA Essentials"]
entitled = {essentials}
price = 4.00
per = "month"

[[sources]]
path = "cssm/*"
smart_account = "client-{number:03}.example"
"""


@dataclass(frozen=True)
class Estate:
    """What a client is made of: its month ends, a row an instance, a row a lot."""

    days: list[dt.date]
    instances: pl.DataFrame
    lots: pl.DataFrame


def write_estates(
    folder: Path,
    *,
    clients: int,
    instances: int,
    months: int,
    seed: int = 7,
    device_months: int | None = None,
) -> list[Path]:
    """Write generated clients `client-001`…; the files written, in order.

    Each has `instances` product instances on the newest day, 2026-10-31, fewer before, and licence
    pages of `months` month ends; `device_months` keeps only that many of the newest device exports.
    """
    files = []
    for number in range(1, clients + 1):
        home = folder / f"client-{number:03}"
        estate = _estate(instances, months, np.random.default_rng([seed, number]))
        first = 0 if device_months is None else months - device_months
        files += [_written(home / "client.toml", _client(number, instances))]
        for month, day in enumerate(estate.days):
            texts = _licenses(estate, month)
            if month >= first:
                texts |= _devices(estate, month)
            files += [_written(home / f"cssm/{day}/{name}", text) for name, text in texts.items()]
    return files


def _client(number: int, instances: int) -> str:
    # A tenth less than is used, so that there is something to charge.
    advantage, essentials = instances * 63 // 100, instances * 27 // 100
    return CLIENT.format(number=number, advantage=advantage, essentials=essentials)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def _estate(instances: int, months: int, rng: np.random.Generator) -> Estate:
    days = _month_ends(months)
    frame = _instances(instances, months, rng)
    return Estate(days, frame, _lots(_used(frame, months - 1), days, rng))


def _month_ends(months: int) -> list[dt.date]:
    newest = NEWEST.year * 12 + NEWEST.month
    return [
        dt.date((newest - back) // 12, (newest - back) % 12 + 1, 1) - dt.timedelta(days=1)
        for back in range(months - 1, -1, -1)
    ]


def _instances(count: int, months: int, rng: np.random.Generator) -> pl.DataFrame:
    """One row an instance: where it stands, what it is, and the month of each event (or never)."""
    weights = 1 / np.arange(3, 3 + len(ACCOUNTS))
    accounts = rng.choice(len(ACCOUNTS), (2, count), p=weights / weights.sum())
    never = months

    def month(share: float) -> np.ndarray:
        return np.where(rng.random(count) < share, rng.integers(1, max(2, months), count), never)

    return pl.DataFrame(
        {
            "i": np.arange(count),
            "account": accounts[0],
            "next_account": accounts[1],
            "family": rng.integers(0, len(FAMILIES), count),
            "advantage": rng.random(count) < 0.7,
            "clock": rng.integers(0, 86400, count),
            "age": rng.integers(30, 900, count),
            "joined": np.where(month(LATER) < never, month(1), 0),
            "moved": month(MOVED),
            "silent": month(SILENT),
            "replaced": month(REPLACED),
            "flipped": month(FLIPPED),
        }
    )


def _standing(instances: pl.DataFrame, month: int) -> pl.DataFrame:
    """The instances of a month with their account and tier of that month."""
    moved, flipped = pl.col("moved") <= month, pl.col("flipped") <= month
    return instances.filter(pl.col("joined") <= month).with_columns(
        account=pl.when(moved).then("next_account").otherwise("account"),
        tier=(pl.col("advantage") ^ flipped).cast(pl.Int64),
    )


def _named(tier: pl.Expr, part: str) -> pl.Expr:
    """The licence name of a family and tier."""
    family = pl.lit(pl.Series(FAMILIES)).gather(pl.col("family"))
    return pl.format(f"{{}} {part} {{}}", family, pl.lit(pl.Series(TIERS)).gather(tier))


def _used(instances: pl.DataFrame, month: int) -> pl.DataFrame:
    """Use by account and licence: every instance is a network and an add-on licence."""
    counted = _standing(instances, month).group_by("account", "family", "tier").len("in_use")
    tier = pl.col("tier")
    both = [counted.with_columns(license=_named(tier, part)) for part in ("NW", "DNA")]
    account = pl.lit(pl.Series(ACCOUNTS)).gather(pl.col("account"))
    return pl.concat(both).select(account.alias("account"), "license", "in_use")


def _lots(used: pl.DataFrame, days: list[dt.date], rng: np.random.Generator) -> pl.DataFrame:
    """One row a lot: three terms of three years for an add-on, most with one before and after."""
    used = used.sort("account", "license")
    perpetual = used.filter(pl.col("license").str.contains(" NW ")).select(
        "account", "license", quantity=(pl.col("in_use") * 1.1).ceil().cast(pl.Int64)
    )
    term = _terms(used.filter(pl.col("license").str.contains(" DNA ")), days, rng)
    after = term.filter(pl.Series(rng.random(term.height) < 0.9)).with_columns(
        start=pl.col("end") + pl.duration(days=1), end=pl.col("end").dt.offset_by("3y")
    )
    before = term.filter(pl.Series(rng.random(term.height) < 0.8)).with_columns(
        start=pl.col("start").dt.offset_by("-3y"), end=pl.col("start") - pl.duration(days=1)
    )
    return pl.concat([perpetual, before, term, after], how="diagonal").with_row_index("number")


def _terms(used: pl.DataFrame, days: list[dt.date], rng: np.random.Generator) -> pl.DataFrame:
    """Three lots for each row of use, bought within four years; a few move to another account."""
    owned = pl.Series(rng.uniform(0.85, 1.25, used.height))
    term = pl.concat(
        used.select("account", "license", quantity=(pl.col("in_use") * owned * share).round())
        for share in (0.5, 0.3, 0.2)
    ).filter(pl.col("quantity") > 0)
    bought = pl.lit(NEWEST) - pl.duration(days=pl.Series(rng.integers(10, 1450, term.height)))
    moves = pl.Series(rng.random(term.height) < MOVED)
    month = pl.Series(rng.integers(1, max(2, len(days)), term.height))
    return term.with_columns(
        pl.col("quantity").cast(pl.Int64),
        start=bought.cast(pl.Date),
        moved=pl.when(moves).then(month),
        next_account=pl.lit(pl.Series(ACCOUNTS)).gather(pl.Series(month % len(ACCOUNTS))),
    ).with_columns(end=pl.col("start").dt.offset_by("3y") - pl.duration(days=1))


def _held(estate: Estate, month: int) -> pl.DataFrame:
    """The lots of a month by account and licence.

    An ended lot is shown for 30 days more, a future one 90 days ahead.
    """
    day = pl.lit(estate.days[month])
    future, ended = pl.col("start") > day, pl.col("end") < day
    status = pl.when(ended).then(pl.lit("EXPIRED")).when(future).then(pl.lit("FUTURE"))
    ahead, behind = day + pl.duration(days=90), day - pl.duration(days=30)
    shown = (pl.col("start") <= ahead) & (pl.col("end") >= behind)
    here = pl.when(pl.col("moved") <= month).then("next_account").otherwise("account")
    active = pl.col("quantity").filter(pl.col("status") == "ACTIVE").sum()
    return (
        estate.lots.filter(shown.fill_null(True))
        .with_columns(account=here, status=status.otherwise(pl.lit("ACTIVE")))
        .group_by("account", "license", maintain_order=True)
        .agg(quantity=active, lots=_detail())
    )


def _detail() -> pl.Expr:
    """A lot with the fields of `licenseDetails`."""
    term = pl.col("start").is_not_null()
    return pl.struct(
        licenseType=pl.when(term).then(pl.lit("TERM")).otherwise(pl.lit("PERPETUAL")),
        quantity="quantity",
        startDate=pl.col("start").cast(pl.String),
        endDate=pl.col("end").cast(pl.String),
        subscriptionId=pl.when(term).then(pl.format("Sub0{}", pl.col("number") + 10000)),
        status="status",
    )


def _licenses(estate: Estate, month: int) -> dict[str, str]:
    """The licence pages of a month."""
    used = _used(estate.instances, month)
    rows = (
        _held(estate, month)
        .join(used, on=["account", "license"], how="full", coalesce=True)
        .sort("account", "license")
        .with_columns(pl.col("quantity", "in_use").fill_null(0))
        # A few accounts hold units under reservation.
        .with_columns(reserved=pl.when(pl.int_range(pl.len()) % 41 == 7).then(2).otherwise(0))
        .with_columns(available=pl.col("quantity") - pl.col("in_use") - pl.col("reserved"))
    )
    pages = documents(_license_rows(rows), key="licenses", size=PAGE_LICENSES)
    return {f"licenses_p{number}.json": text for number, text in enumerate(pages, 1)}


def _license_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the fields of a licenses response."""
    short = pl.col("available") < 0
    shaped = rows.select(
        "license",
        "quantity",
        "available",
        "reserved",
        virtualAccount="account",
        inUse="in_use",
        pendingQuantity=0,
        billingType=pl.lit("PREPAID"),
        isPortable=False,
        ahaApps=False,
        status=pl.when(short).then(pl.lit("Out Of Compliance")).otherwise(pl.lit("In Compliance")),
        licenseSubstitutions=pl.lit([], LICENSES["licenseSubstitutions"]),
        licenseDetails=pl.col("lots").fill_null(pl.lit([], pl.List(LOT))),
    )
    return shaped.select(LICENSES.names()).cast(LICENSES)


def _devices(estate: Estate, month: int) -> dict[str, str]:
    """The device pages of a month."""
    standing = _standing(estate.instances, month).sort("account", "i")
    pages = documents(device_rows(_seen(standing, estate, month)), key="devices", size=PAGE_DEVICES)
    return {f"devices_p{number}.json": text for number, text in enumerate(pages, 1)}


def _seen(standing: pl.DataFrame, estate: Estate, month: int) -> pl.DataFrame:
    """Instances as the export shows them: name, serial number, times and what they consume."""
    replaced = pl.col("replaced") <= month
    ordinals = standing.select(pl.col("i") + replaced * estate.instances.height)["i"].to_numpy()
    days = pl.lit(pl.Series(estate.days))
    began = pl.when(replaced).then(pl.col("replaced")).otherwise("joined")
    heard = pl.max_horizontal(began, pl.min_horizontal("silent", pl.lit(month)))
    quiet = (pl.col("i") * 7 + heard * 13) % 28
    clock, age = pl.duration(seconds="clock"), pl.duration(days="age")
    one = pl.lit(1, pl.Int64).alias("quantity")
    consumed = [pl.struct(_named(pl.col("tier"), p).alias("license"), one) for p in ("NW", "DNA")]
    # A replacement registers in its month, the others long before they are first seen.
    registered = days.gather(began) - pl.when(replaced).then(pl.duration(days=28)).otherwise(age)
    return standing.select(
        day=pl.lit(estate.days[month]),
        virtual_account=pl.lit(pl.Series(ACCOUNTS)).gather(pl.col("account")),
        pid=pl.lit(pl.Series(PIDS)).gather(pl.col("family")),
        serial=pl.Series(serials("ZZG", ordinals)),
        uuid=pl.lit(None, pl.String),
        hostname=pl.format("sw-{}.client.example", pl.col("i")),
        registered=registered.cast(pl.Datetime("us")) + clock,
        contacted=(days.gather(heard) - pl.duration(days=quiet)).cast(pl.Datetime("us")) + clock,
        status=pl.lit("In Compliance"),
        consumed=pl.concat_list(consumed),
    ).select(INSTANCES.names())
