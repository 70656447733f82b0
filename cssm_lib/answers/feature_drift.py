"""The tables of page 03: four tiers of every device, their pools, their drift and the plan."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses import feature_drift as drift
from cssm_lib.analyses import history
from cssm_lib.answers.steps import Made, Step
from cssm_lib.client import Client


def tables(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """All tables of the question; `made` has positions, prices, and the holdings of all days."""
    known, rules = client.tables, client.rules
    account_days = drift.tier_account_days(_held(made["holdings"], known), rules)
    parts = drift.heard(known, account_days, rules)
    used = drift.spelled(pl.concat(part.used for part in parts))
    pids = drift.spelled(pl.concat(part.pids for part in parts))
    heads, lines = drift.configured_lines(known, pids, rules)
    whole = drift.tier_pools(made["positions"], made["unit_prices"], rules)
    here = drift.tier_accounts(made["positions"], rules)
    changes = drift.tier_changes(parts, heads, lines, rules)
    needed = drift.need_days(heads, lines, rules)
    rows = drift.intended(drift.standing(parts), _wanted(client), rules)
    rows = drift.licensed(rows, used, (whole, here), rules).join(
        drift.needs(heads, needed), on=["device", "part"], how="left"
    )
    rows = rows.join(drift.throughputs(heads), on="device", how="left")
    rows = drift.judged(rows, rules).with_columns(
        configured_height=drift.rank("configured_tier", rules)
    )
    others = {name: made[name] for name in ("expiries", "unit_prices")} | {"used": used}
    return {
        "tier_account_days": account_days,
        "tier_days": drift.tier_days(parts, needed, _wanted(client), rules),
        "feature_drift": drift.feature_drift(rows, changes),
        "tier_witnesses": drift.tier_witnesses(parts),
        "tier_pools": whole,
        "tier_accounts": here,
        "tier_changes": changes,
        "drift_groups": drift.drift_groups(changes),
        "tier_plan": drift.tier_plan(rows, made["unit_prices"], rules),
        "addon_lapse": drift.addon_lapse(made["positions"], rows, others, rules),
    }


def _wanted(client: Client) -> list[dict[str, str]]:
    return [entry.model_dump() for entry in client.config.intended_tiers]


def _held(holdings: pl.DataFrame, known: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What stood on each day of the device exports, as it was known then, with that `day`."""
    shown = (known["devices"], known["device_licenses"].filter(pl.col("quantity") > 0))
    days = (
        pl.concat(frame["snapshot_date"].unique() for frame in shown).drop_nulls().unique().sort()
    )
    frames = [history.standing(holdings, as_of=day) for day in days]
    dated = [frame.with_columns(day=pl.lit(day)) for day, frame in zip(days, frames, strict=True)]
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
