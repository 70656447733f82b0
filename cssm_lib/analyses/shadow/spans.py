"""When each instance appeared, where, consuming what; what came back, who followed whom."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.shadow.lives import INSTANCE, WHO
from cssm_lib.analyses.shadow.sides import RECORD, in_words, of_records, units
from cssm_lib.rules import Rules

DAY = pl.col("snapshot_date")
ACCOUNT = ["smart_account", "virtual_account"]
KEPT = {"how": "left", "nulls_equal": True, "maintain_order": "left"}


def instance_spans(
    devices: pl.DataFrame,
    names: pl.DataFrame,
    consumption: tuple[pl.DataFrame, pl.DataFrame],
    turns: pl.DataFrame,
    rules: Rules,
) -> pl.DataFrame:
    """One row per unbroken stay of an instance in a Virtual Account, over the comparable exports.

    A stay ends where the next export of the account does not show the instance. `first_day` and
    `last_day` are exports; it appeared after `appeared_after` and left before `left_before`.
    unit_days: subscription units × days until the next export, so that their sum is that of the
    exports whatever succession links. `chain` names the first device of a succession, `followed`
    whether another one took over. Instances without any identity are one row each. An export with
    pages missing, or that shows a part of an account only, proves no absence and is left out.
    `consumption`: the rows of device_licenses, and what is told of the standing instances'.
    """
    uses, used = consumption
    dated = devices.filter(DAY.is_not_null())
    rows = dated.join(names.select(*WHO, "instance"), on=WHO, **KEPT)
    rows = rows.rename({"place": "record"}).join(units(uses, rules), on=RECORD, **KEPT)
    own = pl.coalesce("instance", pl.concat_str(pl.lit("row|"), "source", "record"))
    rows = rows.with_columns(instance=own).join(
        _calendar(dated, rules), on=[*ACCOUNT, "snapshot_date"], **KEPT
    )
    stays = _stays(rows.filter(pl.col("number").is_not_null()))
    gone = stays.join(used, on=RECORD, how="anti")
    words = pl.concat([used.select(*RECORD, "licenses"), in_words(of_records(uses, gone))])
    return _chained(stays.join(words, on=RECORD, **KEPT).drop(RECORD), turns)


def _calendar(dated: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The comparable exports of each Virtual Account, numbered, with the day before and after."""
    sides = [*ACCOUNT, "snapshot_date"]
    shown = dated.group_by(sides).agg(shown=pl.len())
    exports = dated.group_by("smart_account", "snapshot_date").agg(
        pl.col("wide").fill_null(True).any(), pl.col("complete").fill_null(True).all()
    )
    asked = shown.select(ACCOUNT).unique().join(exports, on="smart_account", nulls_equal=True)
    days = asked.join(shown, on=sides, how="left", nulls_equal=True)
    # an export of one account says nothing of the others
    days = days.filter(pl.col("wide") | pl.col("shown").is_not_null())
    days = days.with_columns(pl.col("shown").fill_null(0)).sort(sides, nulls_last=True)
    around = pl.min_horizontal(
        pl.col("shown").shift(1).over(ACCOUNT), pl.col("shown").shift(-1).over(ACCOUNT)
    )
    between = pl.col("shown").shift(1).over(ACCOUNT).is_not_null()
    between = between & pl.col("shown").shift(-1).over(ACCOUNT).is_not_null()
    part = between & (pl.col("shown") < around * rules["shadow.whole_share"])
    days = days.filter("complete", ~part)
    return days.select(
        *sides,
        number=pl.int_range(pl.len()).over(ACCOUNT),
        before=DAY.shift(1).over(ACCOUNT),
        after=DAY.shift(-1).over(ACCOUNT),
    )


def _numbered(rows: pl.DataFrame, columns: list[str], name: str) -> pl.DataFrame:
    """The rows with a number for each distinct combination: numbers sort faster than text."""
    known = rows.select(columns).unique(maintain_order=True).with_row_index(name)
    return rows.join(known, on=columns, **KEPT)


def _stays(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of one instance and account on consecutive exports put together, in order of time."""
    rows = _numbered(_numbered(rows, INSTANCE, "who"), ["virtual_account"], "where")
    stay = ["who", "where", "number"]
    days = (pl.col("after") - DAY).dt.total_days().fill_null(0)
    used = pl.col("units").fill_null(0)
    rows = rows.with_columns(units=used, unit_days=used * days).sort(stay, maintain_order=True)
    other = (pl.col("who") != pl.col("who").shift()) | (pl.col("where") != pl.col("where").shift())
    begins = (other | (pl.col("number").diff() > 1)).fill_null(True)
    newest = pl.col("number") == pl.col("number").last()
    oldest = pl.col("number") == pl.col("number").first()
    return (
        rows.with_columns(stay=begins.cum_sum())
        .group_by("stay", maintain_order=True)
        .agg(
            pl.col("who", *INSTANCE, "virtual_account").first(),
            pl.col("serial", "hostname", *RECORD).last(),
            first_day=DAY.first(),
            appeared_after=pl.col("before").first(),
            last_day=DAY.last(),
            left_before=pl.col("after").last(),
            units_first=pl.col("units").filter(oldest).sum(),
            units_last=pl.col("units").filter(newest).sum(),
            unit_days=pl.col("unit_days").sum(),
        )
        .sort("who", "first_day", maintain_order=True)
    )


def _chained(stays: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """The stays with how each came about, and the chain of successions it belongs to."""
    same = pl.col("who") == pl.col("who").shift()
    earlier = pl.when(same).then(pl.col("last_day").shift())
    elsewhere = pl.col("virtual_account").ne_missing(pl.col("virtual_account").shift())
    came = (
        pl.when(pl.col("appeared_after").is_null())
        .then(pl.lit("there from the first export"))
        .when(earlier.is_null())
        .then(pl.lit("new"))
        .when((earlier == pl.col("appeared_after")) & elsewhere)
        .then(pl.lit("moved"))
        .when(earlier < pl.col("appeared_after"))
        .then(pl.lit("came back"))
        .otherwise(pl.lit("in two accounts"))
    )
    stays = stays.with_columns(arrival=came)
    if turns.is_empty():
        return stays.with_columns(chain="instance", followed=False)
    followed = turns.select("smart_account", instance="old", followed=pl.lit(True)).unique()
    for frame in (chain_heads(turns), followed):
        stays = stays.join(frame, on=INSTANCE, **KEPT)
    return stays.with_columns(
        chain=pl.coalesce("chain", "instance"), followed=pl.col("followed").fill_null(False)
    )


def chain_heads(turns: pl.DataFrame) -> pl.DataFrame:
    """One row per instance in a succession: smart_account, instance, and its chain's first one.

    Each step doubles how far a row looks back, so a chain of n devices needs log n steps.
    """
    steps = turns.select("smart_account", instance="new", chain="old")
    while True:
        back = steps.rename({"instance": "chain", "chain": "further"})
        told = steps.join(back, on=["smart_account", "chain"], how="left", nulls_equal=True)
        if told["further"].null_count() == told.height:
            break
        steps = told.with_columns(chain=pl.coalesce("further", "chain")).drop("further")
    heads = steps.select("smart_account", instance="chain", chain="chain").unique()
    return pl.concat([steps, heads])
