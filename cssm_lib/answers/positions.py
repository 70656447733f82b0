"""What every account held and needed, day by day, and what stands at as_of."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses import expiries, history, instances, transfers, utilisation
from cssm_lib.answers.steps import Made, one, several
from cssm_lib.client import Client

POOL = ["smart_account", "license"]


def _history(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    held = history.holdings(client.tables, client.rules, as_of=client.as_of)
    return {"holdings": held, "places": history.places(held), "pages": history.pages(held)}


def _pool_days(client: Client, made: Made) -> pl.DataFrame:
    return history.pool_days(made["holdings"], by=POOL, rules=client.rules, seen=made["pages"])


def _positions(client: Client, made: Made) -> pl.DataFrame:
    now, held, days = (made[name] for name in ("standing", "holdings", "pool_days"))
    asked = {"as_of": client.as_of, "rules": client.rules}
    return utilisation.positions(now, held, days, client.tables, **asked)


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
    several("holdings places pages", _history),
    one("standing", lambda c, made: history.standing(made["holdings"], as_of=c.as_of)),
    one("counted_lots", lambda c, made: history.counted_lots(c.tables)),
    one("pool_days", _pool_days),
    one("positions", _positions),
    one("pooled", _pooled),
    one("transfers", _transfers),
    one("instance_check", _instance_check),
    one("expiries", _expiries),
)
