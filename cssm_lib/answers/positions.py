"""What every account held and needed, day by day, and what stands at as_of."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses import expiries, history, instances, transfers, utilisation
from cssm_lib.answers.steps import Made, Step, one, several
from cssm_lib.client import Client

POOL = ["smart_account", "license"]
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
    tables = {name: client.tables[name] for name in ("usage", "lots", "substitutions")} | twins
    held = history.holdings(tables, client.rules, as_of=client.as_of)
    return {"holdings": held, "places": history.places(held), "pages": history.pages(held)}


def _pool_days(client: Client, made: Made) -> pl.DataFrame:
    return history.pool_days(made["holdings"], by=POOL, rules=client.rules, seen=made["pages"])


def _quiet(client: Client, made: Made) -> pl.DataFrame:
    asked = {"as_of": client.as_of, "rules": client.rules}
    return utilisation.quiet(made["standing"], made["holdings"], **asked)


def _idle(client: Client, made: Made) -> pl.DataFrame:
    asked = {"as_of": client.as_of, "rules": client.rules}
    return utilisation.reported(made["quiet"], client.tables, **asked)


def _positions(client: Client, made: Made) -> pl.DataFrame:
    frames = (made[name] for name in ("standing", "holdings", "pool_days", "idle"))
    return utilisation.positions(*frames, as_of=client.as_of, rules=client.rules)


def _pooled(client: Client, made: Made) -> pl.DataFrame:
    now, rows, days = (made[name] for name in ("standing", "positions", "pool_days"))
    return utilisation.pooled(now, rows, days, as_of=client.as_of, rules=client.rules)


def _transfers(client: Client, made: Made) -> pl.DataFrame:
    frames = [made[name] for name in ("standing", "holdings", "counted_lots")]
    asked = {"as_of": client.as_of, "rules": client.rules}
    return transfers.transfers(*frames, renewal_end=_renewal_end(client), **asked)


def _instance_check(client: Client, made: Made) -> pl.DataFrame:
    frames = [made["holdings"], *(client.tables[name] for name in ("devices", "device_licenses"))]
    return instances.instance_check(*frames, as_of=client.as_of, rules=client.rules)


def _expiries(client: Client, made: Made) -> pl.DataFrame:
    frames = made["standing"], made["counted_lots"]
    return expiries.expiries(*frames, as_of=client.as_of, rules=client.rules)


def _renewal_end(client: Client) -> dt.date | None:
    """The next end of an agreement on or after as_of: what moved units must outlive."""
    ends = [agreement.end for agreement in client.config.agreements]
    return min((end for end in ends if client.as_of is None or end >= client.as_of), default=None)


STEPS = (
    Step(TWINS, _twins),
    several("holdings places pages", _history),
    one("standing", lambda c, made: history.standing(made["holdings"], as_of=c.as_of)),
    one("counted_lots", lambda c, made: history.counted_lots(c.tables)),
    one("pool_days", _pool_days),
    one("quiet", _quiet),
    one("idle", _idle),
    one("positions", _positions),
    one("pooled", _pooled),
    one("transfers", _transfers),
    one("instance_check", _instance_check),
    one("expiries", _expiries),
)
