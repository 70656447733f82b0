"""What is to be asked for of a Smart Account: licences, history, lots, lending, instances, log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from cssm_lib.analyses.received.need import (
    Need,
    Received,
    flat,
    named,
    newest_day,
    of_account,
    some,
)
from cssm_lib.schema.words import counted


def account_needs(it: Received) -> list[Need]:
    """Needs of each Smart Account, the declared ones and those that the exports name."""
    asked = (_licences, _history, _lots, _lending, _tags, _reservations, _instances, _event_log)
    return flat(ask(it, account) for account in it.all_accounts for ask in asked)


def _licences(it: Received, account: str | None) -> Iterator[Need]:
    usage = of_account(it["usage"], account)
    if usage.is_empty():
        yield Need("licences", account, "missing", "no licence export of this account")
        return
    newest = newest_day(usage)
    if days := it.age(usage["snapshot_date"].max()):
        yield _old(it, newest, account, request="licences", days=days)


def _old(
    it: Received, newest: pl.DataFrame, account: str | None, *, request: str, days: int
) -> Need:
    """An export of long ago; of a copy, its synchronisation is what is old."""
    day = newest["snapshot_date"].max()
    copied = it["sources"].filter(pl.col("synchronised").is_not_null())
    if newest.join(copied, on="source", how="semi").height:
        found = f"the copy was last synchronised on {day}, {days} days before {it.as_of}"
        return Need("on_prem", account, "old", found, named(newest))
    found = f"the newest shows {day}, {days} days before {it.as_of}"
    return Need(request, account, "old", found, named(newest))


def _history(it: Received, account: str | None) -> Iterator[Need]:
    """A trailing year with gaps, or one that begins too late."""
    first = it.days_before(it.rules["positions.window_days"])
    days = of_account(it["usage"], account)["snapshot_date"].drop_nulls().unique().sort()
    if first is None or days.is_empty():
        return
    if days[0] > first + dt.timedelta(days=it.rules["positions.gap_days"]):
        found = f"the first export shows {days[0]}; the year before {it.as_of} begins on {first}"
        yield Need("history", account, "partial", found)
    if gaps := _gaps(days.filter(days > first), it.rules["positions.gap_days"]):
        yield Need("history", account, "gap", f"no export {some(gaps)}")


def _gaps(days: pl.Series, longest: int) -> list[str]:
    """Spells without an export, as words."""
    pairs = pl.DataFrame({"before": days.shift(), "after": days})
    wide = pairs.filter((pl.col("after") - pl.col("before")).dt.total_days() > longest)
    said = pl.format("from {} to {}", pl.col("before").cast(pl.String), "after")
    return wide.select(said).to_series().to_list()


def _lots(it: Received, account: str | None) -> Iterator[Need]:
    """Positions that rest on the quantity for want of lots that explain it."""
    owned = of_account(it["positions"], account).filter(pl.col("quantity") > 0)
    bare = owned.filter(pl.col("entitled_basis") == "quantity")
    if bare.is_empty():
        return
    lots = of_account(it["lots"], account)
    state = "partial" if lots.height else "missing"
    share = f"{bare.height:,} of {counted(owned.height, 'positions')}"
    found = f"{share}: no lots, or lots that do not sum to the quantity"
    yield Need("lots", account, state, f"{found}: {some(_names(bare))}")


def _names(positions: pl.DataFrame) -> list[str]:
    return positions["license"].unique().sort().to_list()


def _lending(it: Received, account: str | None) -> Iterator[Need]:
    """Short positions, and an export that never prints lending."""
    short = of_account(it["positions"], account).filter(pl.col("balance") < 0)
    newest = newest_day(of_account(it["usage"], account))
    if short.height and not (newest["witness"] == "licenses").any():
        found = f"{counted(short.height, 'positions')} short, and the export prints no lending"
        yield Need("lending", account, "missing", found, named(newest))


def _tags(it: Received, account: str | None) -> Iterator[Need]:
    """Licence names without tag, where devices speak of theirs by tag."""
    names = newest_day(of_account(it["usage"], account)).select("license", "tag").unique()
    bare = names.filter(pl.col("tag").is_null())["license"].unique().sort()
    if it["capture_licenses"].is_empty() or bare.is_empty():
        return
    share = f"{len(bare):,} of {counted(names['license'].n_unique(), 'licence names')}"
    yield Need("tags", account, "partial", f"{share} without a tag: {some(bare)}")


def _reservations(it: Received, account: str | None) -> Iterator[Need]:
    doubt = (pl.col("demand_identity") == "unproven") & (pl.col("reserved") > 0)
    rows = of_account(it["positions"], account).filter(doubt)
    if rows.height:
        found = f"{counted(rows['reserved'].sum(), 'units')} reserved: beside the use or part of it"
        yield Need("reservations", account, "unproven", f"{found}? {some(_names(rows))}")


def _instances(it: Received, account: str | None) -> Iterator[Need]:
    """The instances, and what each consumes, of an account that holds licences."""
    if of_account(it["usage"], account).is_empty():
        return
    newest = of_account(it.instances, account)
    if newest.is_empty():
        used = of_account(it["positions"], account)["in_use"].sum()
        found = f"{counted(used, 'units')} in use and no product instance"
        yield Need("instances", account, "missing", found)
        return
    if days := it.age(newest["snapshot_date"].max()):
        yield _old(it, newest, account, request="instances", days=days)
    if it["device_licenses"].join(newest, on="source", how="semi").is_empty():
        found = f"{counted(newest.height, 'product instances')} without what they consume"
        yield Need("consumption", account, "missing", found, named(newest))


def _event_log(it: Received, account: str | None) -> Iterator[Need]:
    log = it["event_log"].filter(pl.col("capture").is_null())
    if of_account(log, account).is_empty() and of_account(it["usage"], account).height:
        yield Need("event_log", account, "missing", "no event log of this account")
