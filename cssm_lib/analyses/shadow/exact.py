"""Tiers T1 and T2: product identifier with serial, and the serial alone where nothing speaks
against it.
"""

from __future__ import annotations

import polars as pl

LINK = {"d": pl.UInt32, "r": pl.UInt32, "s": pl.UInt32, "tier": pl.String, "role": pl.String}
# what is no link, kept as a candidate: with its reason in words
CANDIDATE = {"d": pl.UInt32, "r": pl.UInt32, "s": pl.UInt32, "why": pl.String, "open": pl.Boolean}
CARRIED = ("name_key", "pid_key", "family", "domain")


def same_model(*, loosely: bool = False) -> pl.Expr:
    """Whether the pair's product identifiers agree; null where one side says none.

    `loosely`: of one family, where one may be the beginning of the other.
    """
    if not loosely:
        return pl.col("pid_key") == pl.col("pid_key_r")
    mine, theirs = pl.col("family"), pl.col("family_r")
    return mine.str.starts_with(theirs) | theirs.str.starts_with(mine)


def same_name() -> pl.Expr:
    """Whether the pair's host names agree: one short name and no contradicting domain."""
    domain = (pl.col("domain") == pl.col("domain_r")).fill_null(True)
    return (pl.col("name_key") == pl.col("name_key_r")) & domain


def serial_pairs(devices: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """One row per device and record with one serial: d, r, s, grade, named.

    grade 1: the product identifiers agree as well; 2: nothing contradicts; 9: the same serial on
    another product, or a virtual serial that a second name carries.
    """
    sides = (
        devices.select("d", "serial_key", "virtual", *CARRIED),
        records.select("r", "s", "serial_key", *CARRIED),
    )
    pairs = sides[0].join(sides[1], on="serial_key", how="inner", suffix="_r")
    named = same_name()
    exact = same_model().fill_null(False)
    family = same_model(loosely=True).fill_null(True)
    issued_anew = pl.col("virtual") & ~named.fill_null(True)
    fits = pl.when(exact).then(1).when(family | named.fill_null(False)).then(2).otherwise(9)
    grade = pl.when(issued_anew).then(9).otherwise(fits)
    return pairs.select(
        "d", "r", "s", "pid_key", "pid_key_r", grade=grade.cast(pl.Int8), named=named
    )


def exact_links(
    pairs: pl.DataFrame, devices: pl.DataFrame, records: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The links of T1 and T2 with their role, and the pairs that stay candidates.

    role: main, one a device and source; `twin record`: the source holds the device again;
    `twin device`: the account holds the record's device again. Where two products carry a serial
    and none is the device's own, the name decides or nobody does.
    """
    good = pairs.filter(pl.col("grade") < 9)
    other = pairs.filter(pl.col("grade") == 9).with_columns(
        why=pl.lit("the same serial on another product or name"), open=pl.lit(True)
    )
    repeated = good.filter(pl.struct("d", "s").is_duplicated() | pl.col("r").is_duplicated())
    if repeated.is_empty():
        return _as_links(good, pl.lit("main")), other.select(*CANDIDATE)
    judged = _judged(repeated)
    single = good.join(repeated, on=["d", "r"], how="anti")
    links = [_as_links(single, pl.lit("main")), _ranked(judged.filter("kept"), devices, records)]
    doubt = judged.filter(~pl.col("kept")).with_columns(
        why=pl.lit("the same serial on a second product"), open=pl.col("contested")
    )
    return pl.concat(links), pl.concat([frame.select(*CANDIDATE) for frame in (other, doubt)])


def _as_links(pairs: pl.DataFrame, role: pl.Expr) -> pl.DataFrame:
    tier = pl.when(pl.col("grade") == 1).then(pl.lit("T1")).otherwise(pl.lit("T2"))
    return pairs.select("d", "r", "s", tier=tier, role=role)


def _judged(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with `kept`, and `contested`: two products with one serial, and no name tells."""
    grade, named = pl.col("grade"), pl.col("named").fill_null(False)
    decided = pl.min_horizontal(grade.min().over("d", "s"), grade.min().over("r")) == 1
    unsaid = pl.col("pid_key").is_null() | pl.col("pid_key_r").is_null()
    models = pl.max_horizontal(
        pl.col("pid_key_r").drop_nulls().n_unique().over("d", "s"),
        pl.col("pid_key").drop_nulls().n_unique().over("r"),
    )
    sure = (grade == 1) | named
    return pairs.with_columns(
        kept=sure | pl.when(decided).then(unsaid).otherwise(models < 2),
        contested=~sure & ~decided & (models > 1),
    )


def _ranked(pairs: pl.DataFrame, devices: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Of several devices and records of one serial: who is the main pair, and who its twin."""
    known = pairs.join(devices.select("d", "reserved", "last_contact"), on="d").join(
        records.select("r", "last_seen"), on="r"
    )
    mine = ["named", "last_seen", "r"]
    theirs = ["reserved", "last_contact", "d"]
    known = known.with_columns(pl.col("named").fill_null(False)).sort(
        mine, descending=[True, True, False], nulls_last=True
    )
    known = known.with_columns(of_d=pl.int_range(pl.len()).over("d", "s"))
    known = known.sort(theirs, descending=[False, True, False], nulls_last=True)
    known = known.with_columns(of_r=pl.int_range(pl.len()).over("r"))
    main = (pl.col("of_d") == 0) & (pl.col("of_r") == 0)
    known = known.with_columns(main=main)
    d_taken, r_taken = pl.col("main").any().over("d", "s"), pl.col("main").any().over("r")
    role = (
        pl.when("main")
        .then(pl.lit("main"))
        .when(d_taken & ~r_taken)
        .then(pl.lit("twin record"))
        .when(r_taken & ~d_taken)
        .then(pl.lit("twin device"))
    )
    links = _as_links(known, role).filter(pl.col("role").is_not_null())
    first = pl.int_range(pl.len())
    twin_r = (pl.col("role") == "twin record") & (first.over("r", "role") > 0)
    twin_d = (pl.col("role") == "twin device") & (first.over("d", "s", "role") > 0)
    return links.filter(~twin_r & ~twin_d)
