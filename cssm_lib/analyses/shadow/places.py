"""Tiers T4 and T5: name, model and site where a serial is missing; successors in one place."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.shadow.exact import CANDIDATE, CARRIED, LINK, same_model, same_name
from cssm_lib.rules import Rules

SIDE = ("serial_key", "serial_fold", *CARRIED)
NOTHING = (pl.DataFrame(schema=LINK), pl.DataFrame(schema=CANDIDATE))


def known_sites(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """One row per Virtual Account and site: pairs found by serial, those of the whole account, and
    whether the site is a usual one of it (null where too few pairs tell).

    The account export knows no site, so the pairs that are certain teach where an account's
    devices stand.
    """
    sure = links.filter(pl.col("tier").is_in(["T1", "T2"]))
    pairs = sure.join(devices.select("d", "account"), on="d").join(
        records.select("r", "s", "site_key"), on=["r", "s"]
    )
    pairs = pairs.filter(pl.col("site_key").is_not_null())
    counted = pairs.group_by("account", "s", "site_key").agg(here=pl.len())
    whole = pl.col("here").sum().over("account", "s")
    usual = pl.col("here") >= whole * rules["shadow.site_share"]
    enough = whole >= rules["shadow.site_pairs"]
    return counted.with_columns(everywhere=whole, usual=pl.when(enough).then(usual))


def named_pairs(
    devices: pl.DataFrame,
    records: pl.DataFrame,
    links: pl.DataFrame,
    sites: pl.DataFrame,
    rules: Rules,
) -> pl.DataFrame:
    """One row per unlinked device and record of one name: d, r, s, what agrees and what does not.

    Adds model (true, false or null), site (the same), lacking (one side has no serial) and misread
    (the serials differ in O and 0 only).
    """
    open_d, open_r = unlinked(devices, records, links)
    open_d = open_d.filter(_told("s", "name_key", rules)).select("d", "s", "account", *SIDE)
    open_r = open_r.filter(_told("s", "name_key", rules)).select("r", "s", "site_key", *SIDE)
    pairs = open_d.join(open_r, on=["s", "name_key"], how="inner", suffix="_r", coalesce=False)
    pairs = pairs.filter(same_name()).join(sites, on=["account", "s", "site_key"], how="left")
    whole = sites.select("account", "s", "everywhere").unique()
    pairs = pairs.join(whole, on=["account", "s"], how="left", suffix="_whole")
    enough = pl.col("everywhere_whole") >= rules["shadow.site_pairs"]
    known = enough.fill_null(False) & pl.col("site_key").is_not_null()
    mine, theirs = pl.col("serial_key"), pl.col("serial_key_r")
    loose = pl.when(same_model().fill_null(False)).then(True).otherwise(same_model(loosely=True))
    return pairs.select(
        "d",
        "r",
        "s",
        model=loose,
        site=pl.when(known).then(pl.col("usual").fill_null(False)),
        lacking=mine.is_null() | theirs.is_null(),
        misread=(pl.col("serial_fold") == pl.col("serial_fold_r")) & (mine != theirs),
    )


def unlinked(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The devices without a record, one row per source `s`, and the records without a device."""
    main = links.filter(pl.col("role") != "member").select("d", "s")
    sources = records.select("s").unique()
    mine = devices.drop("s").join(sources, how="cross").join(main, on=["d", "s"], how="anti")
    return mine, records.join(links, on="r", how="anti")


def _told(source: str, name: str, rules: Rules) -> pl.Expr:
    """Whether a name is there and not carried by too many rows of its source."""
    alike = pl.len().over(source, name) <= rules["shadow.most_rows"]
    return pl.col(name).is_not_null() & alike


def held_names(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """Candidates for what bears the name of something that has a partner already.

    A record without a serial may be a second record of that device: open. With another serial it is
    another device of that name: told as the runner-up, and no doubt of the state.
    """
    told = _told("s", "name_key", rules)
    linked = links.select("d", "r", "s")
    taken = linked.join(devices.filter(told).select("d", *SIDE), on="d")
    alone = records.join(links, on="r", how="anti").filter(told).select("r", "s", *SIDE)
    found = alone.join(taken.drop("r"), on=["s", "name_key"], suffix="_r", coalesce=False)
    found = found.filter(same_name()).select("d", "r", "s", open=pl.col("serial_key").is_null())
    own = linked.join(records.filter(told).select("r", *SIDE), on="r")
    bare = devices.join(links, on="d", how="anti").filter(told).select("d", *SIDE)
    named = bare.join(own.drop("d"), on="name_key", suffix="_r", coalesce=False)
    named = named.filter(same_name()).select("d", "r", "s", open=pl.lit(False))
    why = pl.lit("the name of a pair that is made")
    return pl.concat([found, named]).select("d", "r", "s", why, "open").rename({"literal": "why"})


def place_links(pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """T4: one device and one record of a name, model and site not contradicting, a serial lacking.

    At least one of model and site has to agree. Several of one name stay open candidates.
    """
    near = pairs.filter(pl.col("lacking") | pl.col("misread").fill_null(False))
    against = (~pl.col("model")).fill_null(False) | (~pl.col("site")).fill_null(False)
    for_it = pl.col("model").fill_null(False) | pl.col("site").fill_null(False)
    fits = near.filter(~against)
    alone = ~pl.struct("d", "s").is_duplicated() & ~pl.col("r").is_duplicated()
    fits = fits.with_columns(sure=alone & for_it)
    links = (
        fits.filter("sure").select("d", "r", "s", tier=pl.lit("T4"), role=pl.lit("main")).cast(LINK)
    )
    reason = (
        pl.when(~for_it)
        .then(pl.lit("the same name and nothing else"))
        .otherwise(pl.lit("one of several of that name"))
    )
    doubt = fits.filter(~pl.col("sure")).with_columns(why=reason, open=pl.lit(True))
    away = near.filter(against).with_columns(
        why=pl.lit("the same name, another model or site"), open=pl.lit(False)
    )
    return links, pl.concat([doubt.select(*CANDIDATE), away.select(*CANDIDATE)])


def successor_links(
    pairs: pl.DataFrame,
    devices: pl.DataFrame,
    records: pl.DataFrame,
    lives: pl.DataFrame,
    rules: Rules,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """T5: another serial under the same name, in the same place, since about when the old one fell
    silent.

    `lives` has one row per serial ever seen as an instance: serial_key, first_sign, last_sign.
    For a record whose serial never was one, its own last discovery stands in.
    """
    other = pairs.filter(~pl.col("lacking"), ~pl.col("misread").fill_null(False))
    if other.is_empty():
        return NOTHING
    old = records.select("r", "serial_key", "last_seen").join(lives, on="serial_key", how="left")
    old = old.select("r", ended=pl.coalesce("last_sign", pl.col("last_seen").dt.date()))
    told = other.join(old, on="r").join(devices.select("d", "first_sign"), on="d")
    fits = told.with_columns(
        timely=in_turn(pl.col("ended"), pl.col("first_sign"), rules),
        placed=pl.col("model").fill_null(False) & pl.col("site").fill_null(True),
    )
    fits = fits.with_columns(good=pl.col("timely") & pl.col("placed"))
    near = fits.filter("good")
    alone = ~pl.struct("d", "s").is_duplicated() & ~pl.col("r").is_duplicated()
    near = near.with_columns(alone=alone)
    links = (
        near.filter("alone")
        .select("d", "r", "s", tier=pl.lit("T5"), role=pl.lit("main"))
        .cast(LINK)
    )
    doubt = near.filter(~pl.col("alone")).with_columns(
        why=pl.lit("one of several successions that fit"), open=pl.lit(True)
    )
    away = fits.filter(~pl.col("good").fill_null(False)).with_columns(
        why=pl.lit("the same name, another serial"), open=pl.lit(False)
    )
    return links, pl.concat([doubt.select(*CANDIDATE), away.select(*CANDIDATE)])


def in_turn(ended: pl.Expr, began: pl.Expr, rules: Rules) -> pl.Expr:
    """Whether the new began about when the old ended; false where a day is unknown."""
    gap = (began - ended).dt.total_days()
    within = gap.is_between(-rules["shadow.overlap_days"], rules["shadow.succession_days"])
    return within.fill_null(False)
