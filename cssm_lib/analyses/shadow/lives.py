"""When each serial was seen as an instance, and which one followed which in the same place."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.shadow.identity import with_keys
from cssm_lib.analyses.shadow.places import in_turn
from cssm_lib.rules import Rules

WHO = ["smart_account", "udi_pid", "serial", "uuid", "hostname"]
INSTANCE = ["smart_account", "instance"]


def instance_names(devices: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per way in which exports name an instance: WHO, its keys, and `instance`.

    `instance` is the serial with its family, else the UUID, else the name; null where a file says
    none of them.
    """
    said = devices.select(WHO).unique(maintain_order=True)
    keyed = with_keys(said.rename({"udi_pid": "pid", "hostname": "name"}), rules)
    keyed = keyed.rename({"pid": "udi_pid", "name": "hostname"})
    family = pl.col("family").fill_null("")
    own = pl.coalesce(
        pl.concat_str(pl.col("serial_key"), family, separator="|"),
        pl.concat_str(pl.lit("uuid|"), pl.col("uuid").str.to_lowercase()),
        pl.concat_str(pl.lit("name|"), "name_key", pl.lit("|"), family),
    )
    return keyed.with_columns(instance=own)


def without_copies(devices: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """The rows without those of exports that name no account, where a named account has the device.

    A second export of the same list is another view of it and no second device.
    """
    unowned = devices.filter(pl.col("smart_account").is_null())
    if unowned.is_empty() or unowned.height == devices.height:
        return devices
    owned = names.filter(pl.col("smart_account").is_not_null()).select("instance").drop_nulls()
    told = names.filter(pl.col("smart_account").is_null()).join(owned, on="instance", how="semi")
    return devices.join(told, on=WHO, how="anti", nulls_equal=True, maintain_order="left")


def lives(devices: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """One row per instance: serial_key, family, name_key, first_sign, last_sign, listed_until.

    The first sign is the registration, or the first export that shows the instance if that is
    earlier; the last one is its last contact, or the last export that shows it where none is given.
    """
    contact = pl.coalesce(pl.col("last_contact").dt.date(), "snapshot_date")
    known = devices.join(names, on=WHO, how="left", nulls_equal=True, maintain_order="left")
    grouped = known.filter(pl.col("instance").is_not_null()).sort(
        "snapshot_date", maintain_order=True
    )
    return grouped.group_by(INSTANCE, maintain_order=True).agg(
        pl.col("serial_key", "family", "serial", "hostname").last(),
        pl.col("name_key").drop_nulls().last(),
        first_sign=pl.min_horizontal(
            pl.col("registration_date").min().dt.date(), pl.col("snapshot_date").min()
        ),
        last_sign=contact.max(),
        listed_until=pl.col("snapshot_date").max(),
    )


def successions(lived: pl.DataFrame, groups: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per instance that another followed: same account, name and family, new serial.

    Columns: smart_account, old, new (instances), ended, began, gap_days. Two members of one stack
    are no succession: its master changed. A third device of the name at the same time proves
    nothing, so only neighbours in time are paired.
    """
    place = ["smart_account", "name_key", "family"]
    told = lived.filter(pl.all_horizontal(pl.col("serial_key", "name_key", "family").is_not_null()))
    told = told.filter(pl.struct(place).is_duplicated()) if told.height else told
    told = told.sort(*place, "first_sign", "instance")
    after = {"new": "instance", "new_serial": "serial_key", "began": "first_sign"}
    turns = told.with_columns(
        pl.col(column).shift(-1).over(place).alias(name) for name, column in after.items()
    ).filter(pl.col("new").is_not_null())
    turns = turns.filter(in_turn(pl.col("last_sign"), pl.col("began"), rules))
    stacked = groups.join(groups, on="group").select("serial_key", new_serial="serial_key_right")
    turns = turns.join(stacked, on=["serial_key", "new_serial"], how="anti")
    gap = (pl.col("began") - pl.col("last_sign")).dt.total_days()
    return turns.select(
        "smart_account",
        "new",
        "began",
        old="instance",
        ended="last_sign",
        gap_days=gap,
        old_serial="serial_key",
        new_serial="new_serial",
    )
