"""Tier T3: members of a stack, chassis or pair; only here are several records one device."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.shadow.exact import LINK


def member_links(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame, groups: pl.DataFrame
) -> pl.DataFrame:
    """Records that are members of a device: by its own capture, else by names its units bear out.

    `groups` has one row per member as a device lists it: group, serial_key. By name a record joins
    only a device that is matched in the same source under the same base name and model, and only
    while the device consumes at least as many units of one licence as the source has members.
    A record that is main of its device by tier T3 has role `main`, any further one `member`.
    """
    listed = _listed(devices, records, links, groups)
    named = _named(devices, records, pl.concat([links, listed]))
    return pl.concat([listed, named])


def free(records: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The records that no link has yet."""
    return records.join(links.select("r"), on="r", how="anti")


def _listed(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame, groups: pl.DataFrame
) -> pl.DataFrame:
    groups = groups.filter(pl.col("serial_key").is_not_null()).unique()
    if groups.is_empty():
        return links.clear()
    owner = groups.join(devices.select("d", "serial_key"), on="serial_key").select("group", "d")
    found = free(records, links).select("r", "s", "serial_key").join(groups, on="serial_key")
    found = found.join(owner, on="group").select("d", "r", "s")
    taken = links.filter(pl.col("role") == "main").select("d", "s", taken=pl.lit(True))
    found = found.join(taken, on=["d", "s"], how="left").sort("taken", "d", "r", nulls_last=False)
    found = found.unique("r", keep="first", maintain_order=True)
    first = pl.col("taken").is_null() & (pl.int_range(pl.len()).over("d", "s") == 0)
    role = pl.when(first).then(pl.lit("main")).otherwise(pl.lit("member"))
    return found.with_columns(tier=pl.lit("T3"), role=role).select(*LINK).cast(LINK)


def _named(devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The numbered records beside a matched one of the same base name and model."""
    key = ["s", "base", "pid_key"]
    named = records.filter(pl.col("base").is_not_null(), pl.col("pid_key").is_not_null())
    rest = free(named, links).filter("numbered", pl.col("serial_key").is_not_null())
    if rest.is_empty():
        return links.clear()
    main = links.filter(pl.col("role") == "main").select("d", "r")
    heads = named.join(main, on="r").join(devices.select("d", "most_units"), on="d")
    heads = heads.filter(pl.col("most_units") > 1).select(*key, "d", "most_units")
    heads = heads.filter(~pl.struct(key).is_duplicated())
    sizes = named.group_by(key).agg(members=pl.len())
    found = rest.join(heads, on=key).join(sizes, on=key)
    found = found.filter(pl.col("members") <= pl.col("most_units"))
    return found.select("d", "r", "s", tier=pl.lit("T3"), role=pl.lit("member")).cast(LINK)
