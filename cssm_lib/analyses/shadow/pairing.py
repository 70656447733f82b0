"""The matcher: tier after tier, each only over what the stronger ones left; and what stays open."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from cssm_lib.analyses.shadow.exact import (
    CANDIDATE,
    CARRIED,
    LINK,
    exact_links,
    same_model,
    same_name,
    serial_pairs,
)
from cssm_lib.analyses.shadow.identity import with_keys
from cssm_lib.analyses.shadow.members import member_links
from cssm_lib.analyses.shadow.places import (
    held_names,
    known_sites,
    named_pairs,
    place_links,
    successor_links,
)
from cssm_lib.analyses.shadow.review import alike
from cssm_lib.rules import Rules


@dataclass(frozen=True)
class Known:
    """What matching rests on beside the two lists: members, lives of instances, successions."""

    groups: pl.DataFrame
    lived: pl.DataFrame
    turns: pl.DataFrame


def paired(
    devices: pl.DataFrame, records: pl.DataFrame, known: Known, rules: Rules
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The links between devices and records with tier and role, and the candidates without one.

    A row of the links: d, r, s (the record's source), tier T1 to T5, role (main, twin record, twin
    device, member, successor, predecessor). A row of the candidates: d, r, s, why, open (true where
    the evidence could be a match and does not decide). T6 stands in the candidates only.
    """
    records = records.filter(~pl.col("component"))
    links, maybe = exact_links(serial_pairs(devices, records), devices, records)
    links = pl.concat([links, _by_other_ids(devices, records, links, rules)])
    by_mac, other_mac = _by_mac(devices, records, links)
    links = pl.concat([links, by_mac])
    links = pl.concat([links, member_links(devices, records, links, known.groups)])
    pairs = named_pairs(devices, records, links, known_sites(devices, records, links, rules), rules)
    placed, doubt = place_links(pairs)
    left = pairs.join(placed, on=["d", "s"], how="anti").join(placed, on="r", how="anti")
    lives = known.lived.select("serial_key", "first_sign", "last_sign").drop_nulls("serial_key")
    lives = lives.unique("serial_key", keep="last")
    followed, unsure = successor_links(left, devices, records, lives, rules)
    links = pl.concat([links, placed, followed])
    links = pl.concat([links, _in_succession(devices, links, known.turns)])
    held = held_names(devices, records, links, rules)
    near = alike(devices, records, links, rules)
    return links, pl.concat(
        [*(one.sort("d", "r") for one in (maybe, other_mac, doubt, unsure, held)), near]
    )


def _by_other_ids(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """T2 by UUID or MAC address, where a record holds it in the place of the serial."""
    rest = devices.join(links, on="d", how="anti")
    told = pl.concat(
        [
            rest.select("d", serial=name, pid="udi_pid", name="hostname")
            for name in ("uuid", "mac_key")
        ]
    ).filter(pl.col("serial").is_not_null())
    if told.is_empty():
        return links.clear()
    keyed = with_keys(told, rules).filter(pl.col("serial_key").is_not_null())
    open_r = records.join(links, on="r", how="anti")
    found = serial_pairs(keyed, open_r).filter(pl.col("grade") < 9).unique(["d", "r"])
    alone = ~pl.struct("d", "s").is_duplicated() & ~pl.col("r").is_duplicated()
    found = found.filter(alone)
    return found.select("d", "r", "s", tier=pl.lit("T2"), role=pl.lit("main")).cast(LINK)


def _by_mac(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """T2 by the MAC address in a column of its own, and the pairs that it does not decide.

    It speaks only where one side has no usable serial: two good serials that differ are two
    devices, whatever address an inventory has copied. An address that several carry decides
    nothing, nor does one on another product.
    """
    columns = ("mac_key", "serial_key", *CARRIED)
    sides = (
        devices.join(links, on="d", how="anti").select("d", *columns).drop_nulls("mac_key"),
        records.join(links, on="r", how="anti").select("r", "s", *columns).drop_nulls("mac_key"),
    )
    pairs = sides[0].join(sides[1], on="mac_key", suffix="_r")
    silent = pl.any_horizontal(pl.col("serial_key", "serial_key_r").is_null())
    fits = same_model(loosely=True).fill_null(True) | same_name().fill_null(False)
    several = pl.struct("d", "s").is_duplicated() | pl.col("r").is_duplicated()
    why = (
        pl.when(~silent)
        .then(pl.lit("the same MAC address under another serial"))
        .when(~fits)
        .then(pl.lit("the same MAC address on another product"))
        .when(several)
        .then(pl.lit("a MAC address that several carry"))
    )
    told = pairs.with_columns(why=why, open=silent)
    sure = told.filter(pl.col("why").is_null())
    found = sure.select("d", "r", "s", tier=pl.lit("T2"), role=pl.lit("main")).cast(LINK)
    return found, told.drop_nulls("why").select(*CANDIDATE).cast(CANDIDATE)


def _in_succession(devices: pl.DataFrame, links: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """T5 between two instances that both stand in the account: the record of one speaks of both."""
    main = links.filter(pl.col("role") == "main").select("d", "r", "s")
    who = devices.select("d", "smart_account", "instance")
    pairs = turns.join(
        who, left_on=["smart_account", "old"], right_on=["smart_account", "instance"]
    )
    pairs = pairs.join(
        who,
        left_on=["smart_account", "new"],
        right_on=["smart_account", "instance"],
        suffix="_new",
        nulls_equal=True,
    ).select("d", "d_new")
    old = pairs.join(main, on="d").select(own="d_new", r="r", s="s", role=pl.lit("successor"))
    new = pairs.join(main, left_on="d_new", right_on="d").select(
        own="d", r="r", s="s", role=pl.lit("predecessor")
    )
    found = pl.concat([old, new]).rename({"own": "d"})
    found = found.join(links, on=["d", "s"], how="anti")
    found = found.unique(["d", "s"], keep="first", maintain_order=True)
    return found.select("d", "r", "s", tier=pl.lit("T5"), role="role").cast(LINK)
