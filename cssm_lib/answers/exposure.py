"""What Cisco sees, what is owed, what is untidy and what grows old: the frames put together."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses import duties, estate, exposure, hygiene, lifecycle, meraki
from cssm_lib.answers.steps import Made, one, several
from cssm_lib.client import Client


def _estate(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """Every product instance, what it consumes, when that changed."""
    instances = estate.instances(client.tables, estate.captured(client.tables))
    told = estate.consumption(client.tables, instances)
    uses = estate.uses(client.tables, instances, client.rules, told)
    changes = estate.changes(client.tables, instances, told)
    return {"instances": instances, "uses": uses, "use_changes": changes}


def _seen(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    rows = exposure.exposure(
        made["instances"],
        made["uses"],
        tables=client.tables,
        prices=made["unit_prices"],
        as_of=client.as_of,
        rules=client.rules,
    )
    return {"exposure": rows, "methods": exposure.methods(rows, client.rules)}


def _duties(client: Client, made: Made) -> pl.DataFrame:
    seen = {"instances": made["instances"], "uses": made["uses"], "changes": made["use_changes"]}
    return duties.duties(**seen, as_of=client.as_of, rules=client.rules)


def _report_ages(client: Client, made: Made) -> pl.DataFrame:
    seen = {name: made[name] for name in ("instances", "uses")}
    asked = {"as_of": client.as_of, "rules": client.rules}
    return duties.report_ages(made["positions"], **seen, **asked)


def _tidy(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    resellers = [one.name for one in client.config.smart_accounts if one.held_by == "reseller"]
    accounts = hygiene.accounts(
        made["positions"],
        made["holdings"],
        made["instances"],
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


def _ages(client: Client, made: Made) -> pl.DataFrame:
    known = client.tables["lifecycle"]
    return lifecycle.lifecycle_ages(made["instances"], known, as_of=client.as_of)


def _meraki(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    licenses, devices, overview = (
        client.tables[f"meraki_{name}"] for name in ("licenses", "devices", "overview")
    )
    as_of = client.as_of
    return {
        "meraki_expiry": meraki.meraki_expiry(licenses, overview, as_of=as_of, rules=client.rules),
        "meraki_stock": meraki.meraki_stock(licenses, devices, overview, as_of=as_of),
        "meraki_states": meraki.meraki_states(licenses, as_of=as_of),
    }


STEPS = (
    several("instances uses use_changes", _estate),
    several("exposure methods", _seen),
    one("duties", _duties),
    one("report_ages", _report_ages),
    several("hygiene account_plan account_days", _tidy),
    one("lifecycle_ages", _ages),
    several("meraki_expiry meraki_stock meraki_states", _meraki),
)
