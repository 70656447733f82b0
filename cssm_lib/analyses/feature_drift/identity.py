"""Which statements speak of one device: serial first, then uuid, then an unmistakable host name."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

NAMES = ("serial", "uuid", "hostname")
SURE = pl.coalesce(pl.col("serial").str.to_uppercase(), pl.col("uuid"))


def owners(witnesses: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """One row per host name that a row gives without serial and uuid, and one device gives too.

    The frames have the columns of NAMES. Columns: host (domain left out, case folded), owner (the
    device's serial or uuid).
    """
    named = pl.concat([frame.select(NAMES) for frame in witnesses])
    host = _host(pl.col("hostname")).alias("host")
    bare = named.filter(SURE.is_null()).select(host).unique().drop_nulls().collect()
    if bare.is_empty():
        return bare.with_columns(owner=pl.lit(None, pl.String))
    return (
        named.filter(SURE.is_not_null())
        .select(host, owner=SURE)
        .filter(pl.col("host").is_in(bare["host"].implode()))
        .unique()
        .filter(pl.len().over("host") == 1)
        .collect()
    )


def device(owned: pl.DataFrame, place: pl.Expr) -> pl.Expr:
    """`device`: a row's serial in capitals, else its uuid, else its host name, else `place`.

    Rule: a statement without serial and uuid belongs to the one device that has its host name;
    where several or none has it, it stands for itself. `owned` is of `owners`.

    >>> rows = pl.DataFrame(
    ...     {"serial": ["foc1", None], "uuid": [None, None], "hostname": ["SW1.example", "sw1"]},
    ...     schema_overrides={"uuid": pl.String},
    ... )
    >>> rows.select(device(owners([rows.lazy()]), pl.lit("line 1")))["device"].to_list()
    ['FOC1', 'FOC1']
    """
    # nearly every row has a serial or uuid: a name is taken apart only where neither is there
    host = _host(pl.when(SURE.is_null()).then("hostname"))
    owner = host.replace_strict(owned["host"], owned["owner"], default=None, return_dtype=pl.String)
    return pl.coalesce(SURE, owner, host, place).alias("device")


def _host(name: pl.Expr) -> pl.Expr:
    return name.str.to_lowercase().str.split(".").list.first().replace("", None)
