"""The tables of page 03: four tiers of every device, their pools, their drift and the plan."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses import feature_drift as drift
from cssm_lib.analyses import history
from cssm_lib.answers.steps import Made, Step
from cssm_lib.client import Client


def tables(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """All tables of the question; `made` has positions, prices, and the holdings of all days."""
    known, rules = client.tables, client.rules
    said = drift.statements(known, rules)
    told = drift.told_by_day(said)
    heads, lines = drift.configured_lines(known["configurations"], known["features"], said, rules)
    whole = drift.tier_pools(made["positions"], made["unit_prices"], rules)
    here = drift.tier_accounts(made["positions"], rules)
    changes = drift.tier_changes(told, heads, lines, rules)
    needed = drift.need_days(heads, lines, rules)
    rows = _rows(client, said, told, (whole, here)).join(
        drift.needs(heads, needed), on=["device", "part"], how="left"
    )
    rows = rows.join(drift.throughputs(heads), on="device", how="left")
    rows = drift.judged(rows, rules).with_columns(
        configured_height=drift.rank("configured_tier", rules)
    )
    others = {name: made[name] for name in ("expiries", "unit_prices")} | {"said": said}
    pool_days = drift.tier_account_days(_held(made["holdings"], said), rules)
    licensed = drift.licensed_days(said, pool_days, rules)
    return {
        "tier_account_days": pool_days,
        "tier_days": drift.tier_days(told, licensed, needed, _wanted(client), rules),
        "feature_drift": drift.feature_drift(rows, changes),
        "tier_witnesses": drift.tier_witnesses(told),
        "tier_pools": whole,
        "tier_accounts": here,
        "tier_changes": changes,
        "drift_groups": drift.drift_groups(changes),
        "tier_plan": drift.tier_plan(rows, made["unit_prices"], rules),
        "addon_lapse": drift.addon_lapse(made["positions"], rows, others, rules),
    }


def _rows(
    client: Client, said: pl.DataFrame, told: pl.DataFrame, pools: tuple[pl.DataFrame, pl.DataFrame]
) -> pl.DataFrame:
    """Each part of a device that stands at as_of, with what is intended and licensed."""
    rows = drift.intended(drift.standing(told), _wanted(client), client.rules)
    return drift.licensed(rows, said, pools, client.rules)


def _wanted(client: Client) -> list[dict[str, str]]:
    return [entry.model_dump() for entry in client.config.intended_tiers]


def _held(holdings: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """What stood on each day of the device exports, as it was known then, with that `day`."""
    days = said.filter(pl.col("witness") == drift.CSSM)["snapshot_date"].drop_nulls().unique()
    frames = [history.standing(holdings, as_of=day) for day in days.sort()]
    dated = [
        frame.with_columns(day=pl.lit(day)) for day, frame in zip(days.sort(), frames, strict=True)
    ]
    return pl.concat(dated) if dated else holdings.head(0).with_columns(day="snapshot_date")


STEPS = (
    Step(
        (
            *("tier_account_days", "tier_days", "feature_drift", "tier_witnesses", "tier_pools"),
            *("tier_accounts", "tier_changes", "drift_groups", "tier_plan", "addon_lapse"),
        ),
        tables,
    ),
)
