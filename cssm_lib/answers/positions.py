"""What every account held and needed, day by day, and what stands at as_of."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from cssm_lib.analyses import expiries, history, instances, transfers, utilisation
from cssm_lib.answers.steps import Made, Making, Step, one, several
from cssm_lib.client import Client

POOL = ["smart_account", "license"]
UNIT = ["smart_account", "virtual_account", "license"]
STOCK = ("usage", "lots", "substitutions")
COUNTED = ("quantity", "in_use", "reserved", "available")
TWINS = ("twin_devices", "twin_licenses")


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
    tables = {name: client.tables[name] for name in STOCK} | twins
    held = history.holdings(tables, client.rules, as_of=client.as_of)
    return {"holdings": held, "places": history.places(held), "pages": history.pages(held)}


def history_after(client: Client, before: Making) -> dict[str, pl.DataFrame] | None:
    """What `_history` makes, worked out again only for the days on which usage changed.

    `before` is the same client without the change, of the same day and rules. A holding rests on
    the rows of its own day alone where every file shows one day and no instance is known twice.
    None where that is not so, where stock changed too, where an account gets a licence that it
    never had, or where so many days changed that all are as quick.
    """
    was, now = (one["usage"] for one in (before.client.tables, client.tables))
    days = _changed_days(before.known("usage"), replace(client, tables={"usage": now}).known())
    alone = client.tables["lots"] is before.client.tables["lots"] and now is not was
    if not alone or days is None or not before[TWINS[0]].is_empty() or not before["dated_files"]:
        return None
    known = replace(client, tables={name: client.tables[name] for name in STOCK}).known()
    changed = pl.col("snapshot_date").is_in(days.implode())
    part = history.holdings(
        {name: rows.filter(changed) for name, rows in known.items()},
        client.rules,
        as_of=client.as_of,
    )
    names, columns = [*UNIT, "tag"], before["holdings"].columns
    numbers = before["places"].select(*names, "place")
    part = part.drop("place").join(numbers, on=names, how="left", nulls_equal=True)
    if part["place"].null_count():
        return None
    held = pl.concat([before["holdings"].filter(~changed), part.select(columns)])
    return {"holdings": held} | {name: before[name] for name in ("places", "pages")}


def _changed_days(was: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> pl.Series | None:
    """The days of rows that count otherwise or are new; None where they are undated or many."""
    now, names = tables["usage"], [*UNIT, "snapshot_date", "source", "place"]
    same = now.head(was.height)
    if not same.select(names).equals(was.select(names)):
        return None
    both = pl.concat(
        [was.select(COUNTED), same.select(pl.col(COUNTED).name.suffix("_now"))], how="horizontal"
    )
    differs = both.select(
        pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in COUNTED)
    ).to_series()
    days = pl.concat([same.filter(differs), now.slice(was.height)])["snapshot_date"].unique()
    few = 3 * days.len() < was["snapshot_date"].n_unique()
    return days if few and not days.null_count() else None


def _dated_files(client: Client, made: Made) -> bool:
    """Whether no export shows more than one day."""
    days = client.tables["usage"].group_by(pl.coalesce("export", "source").alias("file"))
    return days.agg(days=pl.col("snapshot_date").n_unique())["days"].max() in (None, 1)


def _pool_days(client: Client, made: Made) -> pl.DataFrame:
    return history.pool_days(made["holdings"], by=POOL, rules=client.rules, seen=made["pages"])


def _page_days(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.page_days(made["pages"], as_of=client.as_of, rules=client.rules)


def _units(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.units(made["places"], made["page_days"], rules=client.rules)


def _earlier(client: Client, made: Made) -> pl.DataFrame:
    frames = (made[name] for name in ("units", "past", "page_days"))
    return utilisation.earlier(*frames, as_of=client.as_of, rules=client.rules)


def _idle(client: Client, made: Made) -> pl.DataFrame:
    asked = {"as_of": client.as_of, "rules": client.rules}
    return utilisation.reported(made["quiet"], client.tables, **asked)


def _pool_year(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.pool_year(made["pool_days"], as_of=client.as_of, rules=client.rules)


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
    several("holdings places pages", _history),
    one("dated_files", _dated_files),
    one("standing", lambda c, made: history.standing(made["holdings"], as_of=c.as_of)),
    one("counted_lots", lambda c, made: history.counted_lots(c.tables)),
    one("pool_days", _pool_days),
    # what rests on the days before the newest stands by itself: most scenarios leave it as it is
    one("page_days", _page_days),
    one("units", _units),
    one("past", lambda c, made: utilisation.past(made["holdings"], made["page_days"])),
    one("earlier", _earlier),
    one("now", lambda c, made: utilisation.at_newest(made["standing"], made["earlier"])),
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
