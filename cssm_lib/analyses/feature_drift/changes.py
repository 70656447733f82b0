"""Changes of tier and of evidence between snapshots, and the devices that changed together."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from cssm_lib.analyses.feature_drift.heard import Heard, coded, spelled
from cssm_lib.analyses.feature_drift.names import SETS, rank
from cssm_lib.analyses.feature_drift.witnesses import NONE, ORDER
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

SPAN = ["drifted_after", "drifted_by"]
WHO = ["smart_account", "virtual_account", "device", "serial", "uuid", "hostname", "pid", "family"]
CAUSE = ["smart_account", "virtual_account", "family", "witness", *SPAN, "change"]
NAMED = 5


def tier_changes(
    parts: Sequence[Heard], heads: pl.DataFrame, lines: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """One row per change of one device's part; columns ANSWERS["tier_changes"].

    Rule: the snapshots of one witness follow each other, the one with most days of that part;
    a change lies in (`drifted_after`, `drifted_by`]. A later change back to the tier before is a
    return; all parts to the lowest tier in one span is a reset. Evidence changes where two whole
    configurations of a device differ in a line. Each gets the number of its cause.
    """
    moved = [coded(_trips(_tiers(spelled(part.told), rules), rules)) for part in parts]
    seen = _evidence(heads, lines, parts)
    both = pl.concat([spelled(pl.concat(moved)), seen], how="diagonal_relaxed")
    if both.is_empty():
        return ANSWERS["tier_changes"].empty()
    return ANSWERS["tier_changes"].shaped(_caused(both).sort("cause", "device", "part"))


def _tiers(told: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    part = ["device", "part"]
    dated = told.drop_nulls("snapshot_date").with_columns(
        days=pl.col("snapshot_date").n_unique().over(*part, "witness"),
        order=pl.col("witness").replace_strict(ORDER, range(len(ORDER)), return_dtype=pl.Int64),
    )
    best = pl.col("witness").sort_by("days", "order", descending=[True, False]).first().over(part)
    line = dated.filter(pl.col("witness") == best).sort(*part, "snapshot_date")
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in part)
    moved = same & (pl.col("tier") != pl.col("tier").shift(1))
    before = pl.col("tier", "snapshot_date", "quantity").shift(1).name.suffix("_before")
    steps = line.with_columns(before, moved=moved).filter("moved")
    steps = steps.with_columns(
        pl.col(part).cast(pl.String),
        from_tier="tier_before",
        to_tier="tier",
        drifted_after="snapshot_date_before",
        drifted_by="snapshot_date",
        quantity=pl.max_horizontal("quantity", "quantity_before"),
    )
    up = rank("to_tier", rules) - rank("from_tier", rules)
    kind = (
        pl.when(pl.col("to_tier") == NONE)
        .then(pl.lit("ended"))
        .when(pl.col("from_tier") == NONE)
        .then(pl.lit("begun"))
        .when(up > 0)
        .then(pl.lit("raised"))
        .when(up < 0)
        .then(pl.lit("lowered"))
        .otherwise(pl.lit("changed"))
    )
    return steps.with_columns(kind=kind)


def _trips(steps: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Back to the tier before the last change, or all parts to the lowest tier at once."""
    part = ["device", "part"]
    ordered = steps.sort(*part, "drifted_by")
    back = pl.col("to_tier") == pl.col("from_tier").shift(1).over(part)
    lowest = (rank("to_tier", rules) == 0) & (pl.col("kind") == "lowered")
    ladder = ~pl.col("part").is_in(SETS)
    several = pl.len().over("device", "drifted_by") > 1
    reset = (lowest | ~ladder).all().over("device", "drifted_by") & several
    trip = pl.when(back.fill_null(False)).then(pl.lit("return"))
    return ordered.with_columns(trip=trip.when(reset).then(pl.lit("reset")))


def _evidence(heads: pl.DataFrame, lines: pl.DataFrame, parts: Sequence[Heard]) -> pl.DataFrame:
    """Lines that one whole configuration of a device has and the next or the one before has not."""
    whole = heads.filter(pl.col("complete") & pl.col("snapshot_date").is_not_null())
    days = whole.select("device", "snapshot_date").unique().sort("device", "snapshot_date")
    days = days.with_columns(next=pl.col("snapshot_date").shift(-1).over("device"))
    said = lines.select("device", "snapshot_date", "part", "feature", "text").unique()
    key = ["device", "part", "feature", "text"]
    pairs = days.drop_nulls("next")
    old = pairs.join(said, on=["device", "snapshot_date"])
    new = pairs.join(said, left_on=["device", "next"], right_on=["device", "snapshot_date"])
    name = pl.format("{}: `{}`", "feature", "text")
    gone = old.join(new, on=[*key, "next"], how="anti").with_columns(
        kind=pl.lit("feature removed"), from_tier=name, to_tier=pl.lit("no line")
    )
    come = new.join(old, on=[*key, "next"], how="anti").with_columns(
        kind=pl.lit("feature added"), from_tier=pl.lit("no line"), to_tier=name
    )
    who = pl.concat(_last_names(spelled(part.told), days) for part in parts)
    both = pl.concat([gone, come], how="diagonal_relaxed").join(who, on="device", how="left")
    return both.rename({"snapshot_date": "drifted_after", "next": "drifted_by"}).with_columns(
        witness=pl.lit("configuration"), quantity=pl.lit(1, pl.Int64)
    )


def _last_names(told: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The last known names of each device of the days."""
    return (
        told.with_columns(pl.col("device").cast(pl.String))
        .join(days, on="device", how="semi")
        .sort("snapshot_date")
        .group_by("device")
        .agg(pl.col(n).drop_nulls().last() for n in WHO if n != "device")
    )


def _caused(changes: pl.DataFrame) -> pl.DataFrame:
    """The changes with `change`, all of one device in one span, and `cause`, its number."""
    word = pl.format("{}: {} → {}", "part", "from_tier", "to_tier")
    one = ["device", "witness", *SPAN]
    told = changes.with_columns(change=word.sort().str.join("; ").over(one))
    causes = told.select(CAUSE).unique().sort("drifted_by", *CAUSE, nulls_last=True)
    numbered = causes.with_row_index("n", offset=1).with_columns(
        cause=pl.format("D{}", pl.col("n").cast(pl.String).str.zfill(3))
    )
    return told.join(numbered.drop("n"), on=CAUSE, nulls_equal=True)


def drift_groups(changes: pl.DataFrame) -> pl.DataFrame:
    """One row per cause: devices of one account and family that changed alike in one span.

    The radius counts devices, and for wireless the access points that one setting of a controller
    moves. Columns: ANSWERS["drift_groups"].
    """
    contract = ANSWERS["drift_groups"]
    if changes.is_empty():
        return contract.empty()
    word = pl.format("{}: {} → {}", "part", "from_tier", "to_tier")
    by_device = changes.group_by("cause", "device", maintain_order=True).agg(
        pl.col("hostname", "smart_account", "virtual_account", "family", "witness", *SPAN).first(),
        pl.col("trip").drop_nulls().first(),
        pl.col("quantity").max(),
        change=word.sort().str.join("; "),
        evidence=pl.col("kind").str.starts_with("feature").all(),
    )
    found = by_device.group_by("cause", maintain_order=True).agg(
        pl.col("smart_account", "virtual_account", "family", "change", *SPAN).first(),
        pl.col("trip").drop_nulls().first(),
        pl.len().cast(pl.Int64).alias("devices"),
        pl.col("quantity").sum(),
        pl.col("witness", "evidence").first(),
        hostnames=pl.col("hostname").drop_nulls().sort().head(NAMED).str.join(", "),
    )
    return contract.shaped(found.with_columns(radius=_radius()).sort("cause"))


def _radius() -> pl.Expr:
    plain = pl.format("{}, {}", _many("devices", "device"), _many("quantity", "unit"))
    points = _many("quantity", "access point")
    air = pl.format("{}, {}", _many("devices", "controller setting"), points)
    wireless = pl.col("family") == "Wireless controller"
    lines = pl.when("evidence").then(_many("devices", "configuration"))
    return lines.when(wireless.fill_null(False)).then(air).otherwise(plain)


def _many(column: str, word: str) -> pl.Expr:
    plural = pl.when(pl.col(column) == 1).then(pl.lit("")).otherwise(pl.lit("s"))
    return pl.format(f"{{}} {word}{{}}", column, plural)
