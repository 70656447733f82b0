"""What every account held and needed, day by day, and what stands at as_of."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import polars as pl

from cssm_lib.analyses import expiries, history, instances, transfers, utilisation
from cssm_lib.answers.steps import Made, Making, Step, one, several
from cssm_lib.client import Client

POOL = ["smart_account", "license"]
UNIT = ["smart_account", "virtual_account", "license"]
STOCK = ("usage", "lots", "substitutions")
PAGE = ["smart_account", "virtual_account", "snapshot_date"]
TWINS = ("twin_devices", "twin_licenses")
HISTORY = ("holdings", "places", "pages")
PIECES = 8  # of which the rows of holdings may consist


def _twins(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """The instances, where one may be known as reserved and as reporting; none where none is held.

    Nearly always none is, and a history of instances is not gone through for every what-if.
    """
    devices, used = client.tables["devices"], client.tables["device_licenses"]
    held = pl.col("status").str.contains("(?i)reserved") & pl.col("serial").is_not_null()
    some = devices.select(held.any()).item()
    frames = (devices, used) if some else (devices.clear(), used.clear())
    return dict(zip(TWINS, frames, strict=True))


def _history(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    twins = {"devices": made["twin_devices"], "device_licenses": made["twin_licenses"]}
    tables = {name: client.tables[name] for name in ("usage", "substitutions")} | twins
    asked = {"as_of": client.as_of, "lots": made["lot_units"]}
    held = history.holdings(tables, client.rules, **asked)
    return {"holdings": held, "places": history.places(held), "pages": history.pages(held)}


def history_after(
    client: Client, before: Making, lots: pl.DataFrame | None = None
) -> dict[str, pl.DataFrame] | None:
    """What `_history` makes, worked out again only for the days on which usage or lots changed.

    `before` is the same client without the change, of the same day and rules, `lots` what
    `lot_units` makes of the client's lots, where that is known. A holding rests on the rows of its
    own day alone where every file shows one day and no instance is known twice.
    None where that is not so, where nothing changed, where an account gets a licence that it never
    had or a day that was not shown, or loses such a one that another scenario gave it, or where so
    many days changed that all are as quick.
    """
    touched = [n for n in STOCK if client.tables[n] is not before.client.tables[n]]
    if not touched or not before["dated_files"] or not before[TWINS[0]].is_empty():
        return None
    read = [name for name in STOCK if name != "lots" or lots is None or name in touched]
    known = replace(client, tables={name: client.tables[name] for name in read}).known()
    days = _changed_days(before, {name: known[name] for name in touched})
    if days is None:
        return None
    changed = pl.col("snapshot_date").is_in(days.implode()).fill_null(False)
    near = {name: known[name].select(history.READ[name]).filter(changed) for name in read}
    some = None if lots is None else lots.filter(changed)
    asked = {"as_of": client.as_of, "lots": some}
    part = history.holdings(near, client.rules, **asked)
    held = before["holdings"]
    there = held.select(changed).to_series()
    rest, was = held.filter(~there), held["place", "snapshot_date"].filter(there)
    names = [*UNIT, "tag"]
    numbers = before["places"].filter("dated").select(*names, "place")
    part = part.drop("place").join(numbers, on=names, how="left", nulls_equal=True)
    if part["place"].null_count() or not _stands(was, part, before):
        return None
    # move follows move: the pieces of which the rows consist stay few
    held = pl.concat([rest, part.select(rest.columns)], rechunk=rest.n_chunks() > PIECES)
    return {"holdings": held} | {name: before[name] for name in ("places", "pages")}


def _stands(was: pl.DataFrame, now: pl.DataFrame, before: Making) -> bool:
    """Whether no holding of these days is gone, and all pages of the new ones were there before."""
    if all(was[name].equals(now[name]) for name in was.columns):
        return True
    lost = was.join(now, on=was.columns, how="anti")
    unseen = now.join(before["pages"], on=PAGE, how="anti", nulls_equal=True)
    return lost.is_empty() and unseen.is_empty()


def _changed_days(before: Making, now: dict[str, pl.DataFrame]) -> pl.Series | None:
    """The days of rows that a holding looks at and that differ; None where undated or many."""
    was = {name: before.known(name) for name in now}
    apart = (_differing(was[name], rows, history.READ[name]) for name, rows in now.items())
    days = pl.concat(day for days in apart for day in days).unique()
    few = 3 * days.len() < before["pages"]["snapshot_date"].n_unique()
    return days if few and not days.null_count() else None


def _differing(was: pl.DataFrame, now: pl.DataFrame, names: list[str]) -> list[pl.Series]:
    """The days of all rows that do not say the same by these names in the same place."""
    both = min(was.height, now.height)
    pairs = ((was[name].head(both), now[name].head(both)) for name in names)
    apart = [one.ne_missing(two) for one, two in pairs if not one.equals(two)]
    differs = pl.select(pl.any_horizontal(pl.lit(False), *apart)).to_series()
    days = [side["snapshot_date"] for side in (was, now)]
    return [part for day in days for part in (day.head(both).filter(differs), day.slice(both))]


def _dated_files(client: Client, made: Made) -> bool:
    """Whether no export shows more than one day."""
    days = client.tables["usage"].group_by(pl.coalesce("export", "source").alias("file"))
    return days.agg(days=pl.col("snapshot_date").n_unique())["days"].max() in (None, 1)


def _lot_units(client: Client, made: Made) -> pl.DataFrame:
    return history.lot_units(made["counted_lots"], as_of=client.as_of, rules=client.rules)


def _pool_days(client: Client, made: Made) -> pl.DataFrame:
    return history.pool_sums(made["holdings"], made["pool_frame"])


def _pool_frame(client: Client, made: Made) -> Any:
    return history.pool_frame(made["places"], made["pages"], by=POOL, rules=client.rules)


def _standing(client: Client, made: Made) -> pl.DataFrame:
    return history.standing(made["holdings"], as_of=client.as_of, newest=made["speaking"])


def _page_days(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.page_days(made["pages"], as_of=client.as_of, rules=client.rules)


def _units(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.units(made["places"], made["page_days"], rules=client.rules)


def _past(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """The days before the newest; what rests on which these are is not redone for their use."""
    past = utilisation.past(made["holdings"], made["page_days"])
    return {"past_places": past["place", "snapshot_date"], "past": past["in_use", "busy", "idle"]}


def _placed(client: Client, made: Made) -> pl.DataFrame:
    frames = (made[name] for name in ("units", "past_places", "page_days"))
    return utilisation.placed(*frames, as_of=client.as_of, rules=client.rules)


def _earlier(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.earlier(*(made[n] for n in ("units", "placed", "past", "page_days")))


def _idle(client: Client, made: Made) -> pl.DataFrame:
    asked = {"as_of": client.as_of, "rules": client.rules}
    return utilisation.reported(made["quiet"], client.tables, **asked)


def _pools(client: Client, made: Made) -> pl.DataFrame:
    frames = made["units"], made["pool_frame"].days
    return utilisation.pools(*frames, as_of=client.as_of, rules=client.rules)


def _full_days(client: Client, made: Made) -> pl.DataFrame:
    frames = made["pool_frame"].days, made["pools"]
    return utilisation.full_days(*frames, as_of=client.as_of, rules=client.rules)


def _pool_year(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.pool_year(*(made[name] for name in ("pool_days", "full_days", "pools")))


def _positions(client: Client, made: Made) -> pl.DataFrame:
    frames = (made[name] for name in ("now", "idle", "pool_year"))
    return utilisation.positions(*frames, as_of=client.as_of, rules=client.rules)


def _pooled(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.pooled(*(made[name] for name in ("now", "positions", "pool_year")))


def _transfers(client: Client, made: Made) -> pl.DataFrame:
    frames = [made[name] for name in ("standing", "holdings", "counted_lots")]
    asked = {"as_of": client.as_of, "rules": client.rules}
    return transfers.transfers(*frames, renewal_end=_renewal_end(client), **asked)


def _instance_check(client: Client, made: Made) -> pl.DataFrame:
    frames = [made["holdings"], *(client.tables[name] for name in ("devices", "device_licenses"))]
    return instances.instance_check(*frames, as_of=client.as_of, rules=client.rules)


def _lot_ends(client: Client, made: Made) -> pl.DataFrame:
    return expiries.lot_ends(made["lot_places"], made["counted_lots"], as_of=client.as_of)


def _expiries(client: Client, made: Made) -> pl.DataFrame:
    return expiries.expiries(made["standing"], made["lot_ends"], as_of=client.as_of)


def _renewal_end(client: Client) -> dt.date | None:
    """The next end of an agreement on or after as_of: what moved units must outlive."""
    ends = [agreement.end for agreement in client.config.agreements]
    return min((end for end in ends if client.as_of is None or end >= client.as_of), default=None)


STEPS = (
    Step(TWINS, _twins),
    Step(HISTORY, _history),
    one("dated_files", _dated_files),
    one("speaking", lambda c, made: history.speaking(made["pages"], as_of=c.as_of)),
    one("standing", _standing),
    one("counted_lots", lambda c, made: history.counted_lots(c.tables)),
    one("lot_units", _lot_units),
    one("pool_frame", _pool_frame),
    one("pool_days", _pool_days),
    # what rests on the days before the newest stands by itself: most scenarios leave it as it is
    one("page_days", _page_days),
    one("units", _units),
    several("past_places past", _past),
    one("placed", _placed),
    one("earlier", _earlier),
    one("now", lambda c, made: utilisation.at_newest(made["standing"], made["earlier"])),
    one("pools", _pools),
    one("full_days", _full_days),
    one("pool_year", _pool_year),
    one("quiet", lambda c, made: utilisation.quiet(made["now"])),
    one("idle", _idle),
    one("positions", _positions),
    one("pooled", _pooled),
    one("transfers", _transfers),
    one("instance_check", _instance_check),
    one("lot_places", lambda c, made: expiries.places(made["standing"])),
    one("lot_ends", _lot_ends),
    one("expiries", _expiries),
)
