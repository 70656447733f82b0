"""Which statements speak of one device: serial first, then uuid, then an unmistakable host name."""

from __future__ import annotations

import polars as pl


def known_by(said: pl.DataFrame) -> pl.DataFrame:
    """The rows with `device`: serial in capitals, else uuid, else host name, else its place.

    Rule: a statement without serial and uuid belongs to the one device that has its host name
    (domain left out, case folded); where several or none has it, it stands for itself.

    >>> rows = pl.DataFrame(
    ...     {"serial": ["foc1", None], "uuid": [None, None], "hostname": ["SW1.example", "sw1"]},
    ...     schema_overrides={"uuid": pl.String},
    ... ).with_columns(source=pl.lit("a"), place=pl.lit("line 1"), record=pl.lit(None, pl.String))
    >>> known_by(rows)["device"].to_list()
    ['FOC1', 'FOC1']
    """
    host = pl.col("hostname").str.to_lowercase().str.split(".").list.first()
    sure = pl.coalesce(pl.col("serial").str.to_uppercase(), pl.col("uuid"))
    named = said.with_columns(host=host.replace("", None), sure=sure)
    owners = (
        named.drop_nulls(["host", "sure"])
        .group_by("host")
        .agg(pl.col("sure").first().alias("owner"), pl.col("sure").n_unique().alias("owners"))
        .filter(pl.col("owners") == 1)
        .drop("owners")
    )
    found = named.join(owners, on="host", how="left", maintain_order="left")
    place = pl.concat_str("source", pl.coalesce("record", "place"), separator=" ")
    return found.with_columns(device=pl.coalesce("sure", "owner", "host", place)).drop(
        "host", "sure", "owner"
    )
