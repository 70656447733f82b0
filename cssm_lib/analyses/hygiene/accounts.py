"""One row per Virtual Account: what it holds, needs and has needed; and their number by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

ACCOUNT = ["smart_account", "virtual_account"]
DAY = pl.col("snapshot_date")


def account_days(holdings: pl.DataFrame) -> pl.DataFrame:
    """One row per Smart Account and snapshot day: how many Virtual Accounts hold a licence row.

    A day whose export lacks pages or records, or shows a single account, is not `complete` and
    proves no growth. Units are accounts. Columns: `ANSWERS["account_days"]`; raises nothing.

    >>> rows = [("a", "v", dt.date(2026, 1, 31), 5), ("a", "w", dt.date(2026, 1, 31), 0)]
    >>> names = ["smart_account", "virtual_account", "snapshot_date", "demand"]
    >>> held = pl.DataFrame(rows, schema=names, orient="row")
    >>> account_days(held.with_columns(complete=True, wide=True))[
    ...     "virtual_accounts", "with_demand"
    ... ].row(0)
    (2, 1)
    """
    dated = holdings.filter(DAY.is_not_null())
    busy = pl.col("virtual_account").filter(pl.col("demand") > 0)
    days = dated.group_by("smart_account", "snapshot_date").agg(
        virtual_accounts=pl.struct("virtual_account").n_unique(),
        with_demand=busy.n_unique(),
        complete=(pl.col("complete") & pl.col("wide")).fill_null(True).all(),
    )
    return ANSWERS["account_days"].shaped(days.sort("smart_account", "snapshot_date"))


def accounts(
    positions: pl.DataFrame,
    holdings: pl.DataFrame,
    instances: pl.DataFrame,
    listed: pl.DataFrame,
    *,
    held_by_reseller: Iterable[str],
    rules: Rules,
) -> pl.DataFrame:
    """One row per Virtual Account that an export names, whether it holds anything or not.

    Columns: instances (null where no instance export speaks of it), licenses, entitled,
    demand, stranded_units, last_demand, first_seen, newest (days), is_default, by_reseller. Units
    are licences. `listed` is the table `virtual_accounts`.

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> at, listed = ANSWERS["positions"].empty(), TABLES["virtual_accounts"].empty()
    >>> seen = pl.DataFrame(
    ...     schema=dict.fromkeys(ACCOUNT, pl.String)
    ...     | dict.fromkeys(["in_export", "wide"], pl.Boolean)
    ... )
    >>> held = pl.DataFrame(
    ...     schema=dict.fromkeys(ACCOUNT, pl.String)
    ...     | {"snapshot_date": pl.Date, "demand": pl.Int64}
    ... )
    >>> accounts(at, held, seen, listed, held_by_reseller=[], rules=load_rules()).height
    0
    """
    shown = instances.filter("in_export")
    seen = shown.group_by(ACCOUNT).agg(instances=pl.len().cast(pl.Int64))
    names = pl.concat([frame.select(ACCOUNT) for frame in (positions, shown, listed)]).unique()
    known = shown.filter("wide").select("smart_account").unique().with_columns(shown=True)
    marked = listed.group_by(ACCOUNT).agg(pl.col("is_default").any())
    rows = names.filter(pl.col("virtual_account").is_not_null())
    for frame in (_held(positions), _past(holdings), seen, marked):
        rows = rows.join(frame, on=ACCOUNT, how="left", nulls_equal=True)
    rows = rows.join(known, on="smart_account", how="left", nulls_equal=True)
    named = pl.col("virtual_account").str.to_lowercase().is_in(rules["hygiene.default_names"])
    here = pl.when("shown").then(pl.col("instances").fill_null(0)).otherwise("instances")
    return rows.with_columns(
        here.alias("instances"),
        pl.col("licenses", "entitled", "demand", "stranded_units").fill_null(0),
        is_default=pl.col("is_default").fill_null(False) | named,
        by_reseller=pl.col("smart_account").is_in(list(held_by_reseller)).fill_null(False),
    ).sort(ACCOUNT, nulls_last=True)


def _held(positions: pl.DataFrame) -> pl.DataFrame:
    return positions.group_by(ACCOUNT).agg(
        licenses=pl.col("license").n_unique().cast(pl.Int64),
        entitled=pl.col("entitled").sum(),
        demand=pl.col("demand").sum(),
        stranded_units=pl.col("stranded_units").sum(),
    )


def _past(holdings: pl.DataFrame) -> pl.DataFrame:
    return holdings.group_by(ACCOUNT).agg(
        last_demand=DAY.filter(pl.col("demand") > 0).max(),
        first_seen=DAY.min(),
        newest=DAY.max(),
    )


def quiet_days(as_of: dt.date | None) -> pl.Expr:
    """Days without demand up to the account's newest snapshot: since its first where never any."""
    since = pl.coalesce("last_demand", "first_seen")
    until = pl.min_horizontal("newest", pl.lit(as_of, pl.Date))
    return (until - since).dt.total_days()
