"""What Cisco sees, what is owed, what is untidy and what grows old: the frames put together."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses import duties, estate, exposure, hygiene, lifecycle, meraki
from cssm_lib.client import Client

Made = Mapping[str, pl.DataFrame]


def tables(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """The answers of the page on telemetry. `made` holds positions, transfers, unit_prices and
    the `holdings` of history.
    """
    captures = estate.captured(client.tables)
    instances = estate.instances(client.tables, captures)
    told = estate.consumption(client.tables, instances)
    uses = estate.uses(client.tables, instances, client.rules, told)
    seen = {"instances": instances, "uses": uses}
    return (
        _seen(client, made, seen)
        | _owed(client, made, seen, told)
        | _tidy(client, made, instances)
        | {
            "lifecycle_ages": lifecycle.lifecycle_ages(
                instances, client.tables["lifecycle"], as_of=client.as_of
            )
        }
        | _meraki(client)
    )


def _seen(client: Client, made: Made, seen: Made) -> dict[str, pl.DataFrame]:
    rows = exposure.exposure(
        **seen,
        tables=client.tables,
        prices=made["unit_prices"],
        as_of=client.as_of,
        rules=client.rules,
    )
    return {"exposure": rows, "methods": exposure.methods(rows, client.rules)}


def _owed(
    client: Client, made: Made, seen: Made, told: estate.Consumption
) -> dict[str, pl.DataFrame]:
    asked = {"as_of": client.as_of, "rules": client.rules}
    changes = estate.changes(client.tables, seen["instances"], told)
    return {
        "duties": duties.duties(**seen, changes=changes, **asked),
        "report_ages": duties.report_ages(made["positions"], **seen, **asked),
    }


def _tidy(client: Client, made: Made, instances: pl.DataFrame) -> dict[str, pl.DataFrame]:
    resellers = [one.name for one in client.config.smart_accounts if one.held_by == "reseller"]
    accounts = hygiene.accounts(
        made["positions"],
        made["holdings"],
        instances,
        client.tables["virtual_accounts"],
        held_by_reseller=resellers,
        rules=client.rules,
    )
    days = hygiene.account_days(made["holdings"])
    found = hygiene.hygiene(
        accounts, days, made["transfers"], as_of=client.as_of, rules=client.rules
    )
    plan = hygiene.account_plan(accounts, found, client.rules)
    return {"hygiene": found, "account_plan": plan, "account_days": days}


def _meraki(client: Client) -> dict[str, pl.DataFrame]:
    licenses, devices, overview = (
        client.tables[f"meraki_{name}"] for name in ("licenses", "devices", "overview")
    )
    as_of = client.as_of
    return {
        "meraki_expiry": meraki.meraki_expiry(licenses, overview, as_of=as_of, rules=client.rules),
        "meraki_stock": meraki.meraki_stock(licenses, devices, overview, as_of=as_of),
        "meraki_states": meraki.meraki_states(licenses, as_of=as_of),
    }
