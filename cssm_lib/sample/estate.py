"""An estate as data: what is owned, what is used on a day, and which instances use it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from cssm_lib.sample.shapes import INSTANCES, LICENSES, serials

# A number that never changes, or the first ISO day of each new one ("" is the number before).
Course = int | Mapping[str, int]

# Software instances: their serial numbers begin with 9.
VIRTUAL = ("ISRV", "CSR1000V", "ISE-VM-K9", "PI-VAPL")


@dataclass(frozen=True)
class Lot:
    """A purchase: its term and how the export shows it."""

    quantity: int
    start: str | None = None
    end: str | None = None
    kind: str = "TERM"
    status: str | None = None  # None: by its dates
    seen: str | None = None  # first day in the export; None: from its start
    counted: bool = True  # part of the exported quantity
    stays: bool = False  # still exported after its last day


@dataclass(frozen=True)
class Row:
    """A licence in a Virtual Account."""

    account: str
    license: str
    use: Course
    lots: tuple[Lot, ...] = ()
    reserved: int = 0
    billing: str = "PREPAID"
    unlisted: int = 0  # units of the quantity that no lot shows
    lender: str | None = None  # the licence that lends what is used here
    since: str = ""


@dataclass(frozen=True)
class Group:
    """Like instances of a Virtual Account; `units` are laid to them in their order."""

    account: str
    pid: str
    name: str
    units: Mapping[str, Course]
    sizes: tuple[int, ...] = (1,)  # members of each stack; the last one repeats
    count: Course | None = None  # instances that stand in the export; None: those that consume
    silent: Mapping[str, range] | None = None  # last day of contact → the instances
    uuid: str | None = None


def perpetual(quantity: int) -> tuple[Lot, ...]:
    """One lot without dates."""
    return (Lot(quantity, kind="PERPETUAL"),)


def at(course: Course, day: str) -> int:
    """The number that stands on a day.

    >>> at({"": 5, "2026-05-31": 9}, "2026-06-30"), at(7, "2026-06-30")
    (9, 7)
    """
    if isinstance(course, int):
        return course
    return course[max(first for first in course if first <= day)]


def month_ends(first: str, last: str) -> list[str]:
    """Every last day of a month from `first` to `last`, as ISO text."""
    days = pl.date_range(dt.date.fromisoformat(first), dt.date.fromisoformat(last), eager=True)
    return days.filter(days == days.dt.month_end()).dt.to_string().to_list()


def holdings(rows: Sequence[Row], *, day: str, nets_reserved: bool = True) -> list[dict]:
    """The licence rows of a day, sorted, with the fields of a licenses response.

    `nets_reserved`: whether `available` has the reserved units taken off.
    """
    standing = [row for row in rows if row.since <= day]
    return sorted(
        (_holding(row, day, nets_reserved) for row in standing),
        key=lambda row: (row["virtualAccount"], row["license"], row["billingType"]),
    )


def licenses(holdings: Sequence[dict]) -> pl.DataFrame:
    """Licence rows as a frame with the order of fields of a real response."""
    return pl.DataFrame(holdings, schema=LICENSES)


def _holding(row: Row, day: str, nets_reserved: bool) -> dict:
    lots = [lot for lot in row.lots if _shown(lot, day)]
    quantity = row.unlisted + sum(lot.quantity for lot in lots if lot.counted)
    use = at(row.use, day)
    available = quantity - use - (row.reserved if nets_reserved else 0)
    short = available + (use if row.lender else 0) < 0
    return {
        "license": row.license,
        "virtualAccount": row.account,
        "quantity": quantity,
        "inUse": use,
        "available": available,
        "reserved": row.reserved,
        "pendingQuantity": 0,
        "billingType": row.billing,
        "isPortable": False,
        "ahaApps": False,
        "status": "Out Of Compliance" if short else "In Compliance",
        "licenseSubstitutions": _lending(row, use),
        "licenseDetails": [_detail(lot, row, day) for lot in lots],
    }


def _lending(row: Row, use: int) -> list[dict]:
    lent = {"license": row.license, "substitutedLicense": row.lender}
    lent |= {"substitutedQuantity": use, "substitutionType": "TIER"}
    return [lent] if row.lender else []


def _shown(lot: Lot, day: str) -> bool:
    begun = (lot.seen or lot.start or "")[:10] <= day
    return begun and (lot.stays or lot.end is None or lot.end[:10] >= day)


def _detail(lot: Lot, row: Row, day: str) -> dict:
    return {
        "licenseType": lot.kind,
        "quantity": lot.quantity,
        "startDate": lot.start,
        "endDate": lot.end,
        "subscriptionId": _subscription(lot, row),
        "status": lot.status or _state(lot, day),
    }


def _state(lot: Lot, day: str) -> str:
    if lot.start and lot.start[:10] > day:
        return "FUTURE"
    return "EXPIRED" if lot.end and lot.end[:10] < day else "ACTIVE"


def _subscription(lot: Lot, row: Row) -> str | None:
    """A number with leading zeros, which no real one has: one for each account and start."""
    if lot.start is None:
        return None
    return f"Sub{sum(map(ord, row.account + lot.start)) % 1000:06}"


def instances(
    groups: Sequence[Group], *, days: Sequence[str], domain: str, seed: int
) -> pl.DataFrame:
    """The product instances of all groups on each of the days, as they stand in the export."""
    site = f"ZZ{domain[0].upper()}"
    frames, first = [], 0
    for group in groups:
        frame = _group(group, days, np.random.default_rng([seed, first]))
        ordinals = first + frame["i"].to_numpy()
        prefix = f"9{site[:2]}" if group.pid in VIRTUAL else site
        named = pl.format(f"{group.name}-{{}}.{domain}", pl.col("i").cast(pl.String).str.zfill(4))
        frames.append(
            frame.with_columns(
                serial=pl.lit("") if group.uuid else pl.Series(serials(prefix, ordinals)),
                # Some switches keep their name to themselves.
                hostname=pl.when(pl.col("i") % 7 == 6).then(pl.lit("")).otherwise(named),
            )
        )
        first += 1 + frame["i"].max()
    return pl.concat([frame.select(INSTANCES.names()).cast(INSTANCES) for frame in frames])


def _group(group: Group, days: Sequence[str], rng: np.random.Generator) -> pl.DataFrame:
    """One row an instance and day, without serial and name; `i` counts the instances."""
    sizes = _sizes(group, days)
    frame = pl.concat([_standing(group, day, sizes) for day in days]).with_columns(
        virtual_account=pl.lit(group.account),
        pid=pl.lit(group.pid),
        uuid=pl.lit(group.uuid, pl.String),
        status=pl.lit("In Compliance"),
        first=pl.col("day").min().over("i"),
    )
    number = sizes.size
    age = rng.integers(30, 150, number), rng.integers(400, 1400, number)
    old = pl.col("first") == dt.date.fromisoformat(days[0])
    before = pl.when(old).then(_gathered(age[1])).otherwise(_gathered(age[0]))
    clock = _gathered(rng.integers(0, 86400, number))
    quiet = (_gathered(rng.integers(0, 28, number)) * 5 + pl.col("day").dt.month() * 11) % 28
    seen = pl.min_horizontal(pl.col("day") - pl.duration(days=quiet), _last_words(group))
    return frame.with_columns(
        registered=_moment(pl.col("first") - pl.duration(days=before), clock),
        contacted=_moment(seen, clock),
    )


def _gathered(values: np.ndarray) -> pl.Expr:
    """The value of each instance, by its number `i`."""
    return pl.lit(pl.Series(values)).gather(pl.col("i"))


def _moment(day: pl.Expr, clock: pl.Expr) -> pl.Expr:
    return day.cast(pl.Datetime("us")) + pl.duration(seconds=clock)


def _last_words(group: Group) -> pl.Expr:
    """The last contact of instances that fell silent; null for the rest."""
    last = pl.lit(None, pl.Date)
    for day, members in (group.silent or {}).items():
        within = pl.col("i").is_between(members.start, members.stop - 1)
        ended = pl.lit(dt.date.fromisoformat(day)) - pl.duration(days=pl.col("i") % 8)
        last = pl.when(within).then(ended).otherwise(last)
    return last


def _sizes(group: Group, days: Sequence[str]) -> np.ndarray:
    """Members of each stack, as many stacks as the largest day needs."""
    most = max(
        at(course, day) for course in (*group.units.values(), group.count or 0) for day in days
    )
    sizes = np.array([*group.sizes, *[group.sizes[-1]] * most])
    return sizes[: max(1, int(np.searchsorted(np.cumsum(sizes), most)) + 1)]


def _standing(group: Group, day: str, sizes: np.ndarray) -> pl.DataFrame:
    """The instances that stand in the export of one day with what they consume."""
    before = np.cumsum(sizes) - sizes
    taken = {
        name: np.clip(at(course, day) - before, 0, sizes) for name, course in group.units.items()
    }
    consumed = pl.concat_list(
        pl.struct(license=pl.lit(name), quantity=pl.lit(pl.Series(units)))
        for name, units in taken.items()
    ).list.filter(pl.element().struct.field("quantity") > 0)
    frame = pl.DataFrame({"i": np.arange(sizes.size)}).with_columns(
        day=pl.lit(dt.date.fromisoformat(day)), consumed=consumed
    )
    if group.count is not None:
        return frame.head(at(group.count, day))
    return frame.filter(pl.col("consumed").list.len() > 0)
