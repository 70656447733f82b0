"""How many units a device should count by its build, against what the account counts for it."""

from __future__ import annotations

import polars as pl

from cssm_lib.rules import Rules

CHASSIS = r"^C9[456]"
KEY = ["group"]


def expected_counts(
    devices: pl.DataFrame,
    groups: pl.DataFrame,
    said: pl.DataFrame,
    controllers: pl.DataFrame,
    rules: Rules,
) -> pl.DataFrame:
    """One row per captured device of several members, and per controller with access points.

    kind: stack, dual supervisor, virtual pair or controller. `counted` is what its instances
    consume of one subscription or perpetual licence at most, `device_says` the same by the device's
    own list, `expected` by the rule pack's build rule (null where that rule is only assumed and not
    switched on), `unexplained` counted less the first of the two that is known.

    `groups` has the members that a device lists; `said` group and device_says; `controllers`
    hostname and access_points.
    """
    counts = {rule["kind"]: rule["counts"] for rule in rules["shadow.topology"]}
    built = _built(groups, devices).join(said, on="group", how="left")
    ap = _controllers(controllers, devices)
    rows = pl.concat([built, ap], how="diagonal_relaxed")
    counting = pl.col("kind").replace_strict(counts, default=None, return_dtype=pl.String)
    expected = (
        pl.when(counting == "one")
        .then(1)
        .when(counting == "members")
        .then(pl.col("members"))
        .when(counting == "access points")
        .then(pl.col("access_points"))
    )
    known = pl.coalesce("device_says", "expected")
    rows = rows.with_columns(expected=expected.cast(pl.Int64)).with_columns(
        unexplained=pl.col("counted") - known,
        basis=pl.when(pl.col("device_says").is_not_null())
        .then(pl.lit("the device's own list"))
        .when(pl.col("expected").is_not_null())
        .then(pl.lit("the rule of its build"))
        .otherwise(pl.lit("no proof: the rule for this build is assumed and switched off")),
    )
    return rows.sort("kind", "hostname", "serial", nulls_last=True)


def _built(groups: pl.DataFrame, devices: pl.DataFrame) -> pl.DataFrame:
    role = pl.col("role").str.to_lowercase()
    pairs = role.str.contains("active") & role.str.contains("standby")
    built = groups.group_by("group", maintain_order=True).agg(
        pl.col("hostname").drop_nulls().first(),
        pl.col("pid").drop_nulls().first(),
        members=pl.len(),
        both=pairs.fill_null(False).any(),
        serials=pl.col("serial_key"),
    )
    chassis = pl.col("pid").str.to_uppercase().str.contains(CHASSIS).fill_null(False)
    kind = (
        pl.when((pl.col("members") == 1) & pl.col("both"))
        .then(pl.lit("dual supervisor"))
        .when((pl.col("members") == 2) & chassis)
        .then(pl.lit("virtual pair"))
        .when(pl.col("members") > 1)
        .then(pl.lit("stack"))
    )
    built = built.with_columns(kind=kind).filter(pl.col("kind").is_not_null())
    long = built.select("group", serial_key="serials").explode("serial_key")
    found = (
        long.join(devices, on="serial_key")
        .group_by("group")
        .agg(
            serial=pl.col("serial").first(),
            instances=pl.len(),
            counted=pl.col("most_units").sum(),
        )
    )
    return built.drop("serials", "both").join(found, on="group", how="left").drop("pid")


def _controllers(controllers: pl.DataFrame, devices: pl.DataFrame) -> pl.DataFrame:
    told = controllers.filter(
        pl.col("access_points").is_not_null(), pl.col("name_key").is_not_null()
    )
    found = devices.group_by("name_key").agg(
        serial=pl.col("serial").first(), instances=pl.len(), counted=pl.col("most_units").sum()
    )
    return (
        told.unique("name_key", keep="last")
        .join(found, on="name_key", how="left")
        .select(
            kind=pl.lit("controller"),
            hostname="hostname",
            access_points="access_points",
            serial="serial",
            instances="instances",
            counted="counted",
        )
    )
