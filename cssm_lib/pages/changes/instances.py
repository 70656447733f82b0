"""Product instances between two packs: which came, went, moved or were cleaned away."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

ACCOUNT = ["smart_account", "virtual_account"]
UNIT = [*ACCOUNT, "license"]
ANYWHERE = ["smart_account", "instance", "license"]
GONE_STATES = ("ghost", "retired", "stale", "duplicate")
Tables = Mapping[str, pl.DataFrame]


def instance_movements(before: Tables, after: Tables, *, stale_days: int) -> pl.DataFrame:
    """One row per instance and licence whose units differ, with side `demand`, cause and why.

    Only accounts with a newer instance export than the previous pack's are compared. An instance
    is its serial, else its UUID, else its host name. Columns: smart_account, virtual_account,
    license, instance, side, cause, units, why, then and now (the days of the two instance
    exports). Raises nothing.
    """
    days = _days(before, after)
    old = _consumed(before, days, "then")
    new = _consumed(after, days, "now")
    worn = _worn(before, days, stale_days)
    key = [*UNIT, "instance"]
    pairs = old.join(new, on=key, how="full", coalesce=True, nulls_equal=True, suffix="_now")
    units = pl.col("quantity_now").fill_null(0) - pl.col("quantity").fill_null(0)
    return (
        pairs.with_columns(units=units, side=pl.lit("demand"))
        .filter(pl.col("units") != 0)
        .join(_anywhere(new, "lives_now"), on=ANYWHERE, how="left", nulls_equal=True)
        .join(_anywhere(old, "lived"), on=ANYWHERE, how="left", nulls_equal=True)
        .join(worn, on=[*ACCOUNT, "instance"], how="left", nulls_equal=True)
        .with_columns(_cause())
        .with_columns(_why())
        .join(days, on=ACCOUNT, how="left", nulls_equal=True)
        .select(*key, "side", "cause", "units", "why", "then", "now")
    )


def _days(before: Tables, after: Tables) -> pl.DataFrame:
    """Accounts with an instance export in both packs, the later one newer."""
    then, now = (_shown(tables) for tables in (before, after))
    joined = then.join(now, on=ACCOUNT, nulls_equal=True, suffix="_now")
    return joined.filter(pl.col("day_now") > pl.col("day")).select(
        *ACCOUNT, then="day", now="day_now"
    )


def _shown(tables: Tables) -> pl.DataFrame:
    """Per account the day of its instances; without any, of an export that shows every account."""
    day = pl.col("snapshot_date")
    newest = pl.lit(tables["instance_check"]["devices_date"].max(), pl.Date)
    wide = (
        tables["devices"]
        .filter(pl.col("wide"), day <= newest)
        .group_by("smart_account")
        .agg(whole=day.max())
    )
    own = tables["instance_check"].group_by(ACCOUNT).agg(pl.col("devices_date").max())
    joined = own.join(wide, on="smart_account", how="left", nulls_equal=True)
    return joined.select(*ACCOUNT, day=pl.coalesce("devices_date", "whole"))


def _identity() -> pl.Expr:
    named = [pl.col(name).replace("", None) for name in ("serial", "uuid", "hostname")]
    return pl.coalesce(named).alias("instance")


def _consumed(tables: Tables, days: pl.DataFrame, day: str) -> pl.DataFrame:
    shown = days.select(*ACCOUNT, snapshot_date=day)
    return (
        tables["device_licenses"]
        .join(shown, on=[*ACCOUNT, "snapshot_date"], how="semi", nulls_equal=True)
        .with_columns(_identity())
        .drop_nulls("instance")
        .group_by(*UNIT, "instance")
        .agg(pl.col("quantity").sum())
    )


def _anywhere(consumed: pl.DataFrame, name: str) -> pl.DataFrame:
    """Whether an instance consumes a licence in some account of the Smart Account."""
    return consumed.select(ANYWHERE).unique().with_columns(pl.lit(True).alias(name))


def _worn(before: Tables, days: pl.DataFrame, stale_days: int) -> pl.DataFrame:
    """Instances of the previous pack that were silent too long then, or known to be no more."""
    shown = days.select(*ACCOUNT, snapshot_date="then")
    silent = (pl.col("snapshot_date") - pl.col("last_contact").dt.date()).dt.total_days()
    named = before["devices"].with_columns(_identity()).drop_nulls("instance")
    told = (
        before["matches"].filter(pl.col("state").is_in(GONE_STATES))["device_serial"].drop_nulls()
        if "matches" in getattr(before, "names", ())
        else pl.Series([], dtype=pl.String)
    )
    return (
        named.join(shown, on=[*ACCOUNT, "snapshot_date"], how="semi", nulls_equal=True)
        .group_by(*ACCOUNT, "instance")
        .agg(silent=silent.min())
        .with_columns(
            worn=(pl.col("silent") > stale_days).fill_null(False)
            | pl.col("instance").is_in(told.implode())
        )
    )


def _cause() -> pl.Expr:
    came, gone = pl.col("quantity").is_null(), pl.col("quantity_now").is_null()
    return (
        pl.when((came & pl.col("lived").is_not_null()) | (gone & pl.col("lives_now").is_not_null()))
        .then(pl.lit("transferred"))
        .when(gone & pl.col("worn").fill_null(False))
        .then(pl.lit("cleaned"))
        .when(pl.col("units") < 0)
        .then(pl.lit("removed"))
        .otherwise(pl.lit("deployed"))
        .alias("cause")
    )


def _why() -> pl.Expr:
    words = {
        "transferred": "instances that moved between accounts",
        "cleaned": "instances that had fallen silent or were retired, and are gone",
        "removed": "instances that still reported, and are gone or consume less",
        "deployed": "instances that were not there, or consume more",
    }
    return pl.col("cause").replace_strict(words, return_dtype=pl.String).alias("why")
