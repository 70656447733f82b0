"""What every account held and needed, day by day, and what stands at as_of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from cssm_lib.analyses import expiries, history, instances, transfers, utilisation
from cssm_lib.answers.steps import Made, Step, one, several
from cssm_lib.client import Client

POOL = ["smart_account", "license"]
UNIT = ["smart_account", "virtual_account", "license"]
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


def _named_usage(client: Client, made: Made) -> history.Named:
    return history.named(made["usage_names"], client.rules)


def _older_lots(client: Client, made: Made) -> pl.DataFrame:
    """The lots of all days but the newest, which actions leave as they are."""
    return _lots(client, pl.col("snapshot_date") < pl.col("snapshot_date").max())


def _newest_lots(client: Client, made: Made) -> pl.DataFrame:
    """Lots of the newest day, counted: whether one counts is told by those of its own day."""
    newest = pl.col("snapshot_date") == pl.col("snapshot_date").max()
    return history.counted_lots({"lots": _lots(client, newest)})


def _lots(client: Client, days: pl.Expr) -> pl.DataFrame:
    return client.tables["lots"].select(history.LOTS).filter(days)


def _older_beside(client: Client, made: Made) -> Mapping[str, pl.Series]:
    """What stands beside holdings and no action changes, but where an instance is known twice."""
    twins = dict(zip(("devices", "device_licenses"), (made[name] for name in TWINS), strict=True))
    twice = history.counted_twice(twins | {"usage": made["usage_names"]}, client.rules)
    lots = _lot_units(made["older_counted_lots"], client)
    return history.beside_of(made["named_usage"], lots, *history.lending(client.tables), twice)


def _beside(client: Client, made: Made) -> Mapping[str, pl.Series]:
    newest = _lot_units(made["newest_lots"], client)
    return history.beside_of(made["named_usage"], newest, more=made["older_beside"])


def _lot_units(lots: pl.DataFrame, client: Client) -> pl.DataFrame:
    return history.lot_units(lots, as_of=client.as_of, rules=client.rules)


def _holdings(client: Client, made: Made) -> pl.DataFrame:
    """What is held; a what-if that changes counts alone leaves all else as it was named."""
    usage, dated = client.tables["usage"].select(history.COUNTS), client.as_of is not None
    return history.counted(made["named_usage"], usage, made["usage_beside"], dated=dated)


def _pool_days(client: Client, made: Made) -> pl.DataFrame:
    return history.pool_sums(made["holdings"], made["pool_frame"])


def _pool_frame(client: Client, made: Made) -> Any:
    return history.pool_frame(made["places"], made["pages"], by=POOL, rules=client.rules)


def _standing_rows(client: Client, made: Made) -> pl.Series:
    return history.standing_rows(made["named_usage"].stands, made["speaking"])


def _standing(client: Client, made: Made) -> pl.DataFrame:
    return history.standing(made["holdings"], as_of=client.as_of, rows=made["standing_rows"])


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


def _owing(client: Client, made: Made) -> pl.DataFrame:
    return utilisation.owing(client.tables["devices"], as_of=client.as_of, rules=client.rules)


def _idle(client: Client, made: Made) -> pl.DataFrame:
    used = client.tables["device_licenses"]
    return utilisation.reported(made["quiet"], made["owing"], used, as_of=client.as_of)


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
    one("usage_names", lambda c, made: c.tables["usage"].select(history.NAMES)),
    one("named_usage", _named_usage),
    one("older_lots", _older_lots),
    one("older_counted_lots", lambda c, made: history.counted_lots({"lots": made["older_lots"]})),
    one("newest_lots", _newest_lots),
    one("older_beside", _older_beside),
    one("usage_beside", _beside),
    one("holdings", _holdings),
    one("places", lambda c, made: history.places(made["named_usage"].stands)),
    one("pages", lambda c, made: history.pages(made["named_usage"].stands)),
    one("speaking", lambda c, made: history.speaking(made["pages"], as_of=c.as_of)),
    one("standing_rows", _standing_rows),
    one("standing", _standing),
    one("counted_lots", lambda c, made: history.counted_lots(c.tables)),
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
    one("owing", _owing),
    one("idle", _idle),
    one("positions", _positions),
    one("pooled", _pooled),
    one("transfers", _transfers),
    one("instance_check", _instance_check),
    one("lot_places", lambda c, made: expiries.places(made["standing"])),
    one("lot_ends", _lot_ends),
    one("expiries", _expiries),
)
