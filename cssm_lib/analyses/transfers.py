"""Which moves of units between Virtual Accounts would cure what single accounts are short of."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS
from cssm_lib.schema.words import grouped

POOL = ["smart_account", "license"]
DONOR = ["smart_account", "license", "from_virtual_account"]
DAY = pl.col("snapshot_date")


def transfers(
    standing: pl.DataFrame,
    holdings: pl.DataFrame,
    lots: pl.DataFrame,
    *,
    as_of: dt.date | None,
    renewal_end: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per proposed move of units of a licence between two Virtual Accounts.

    The most that can move does: the lesser of what accounts are short of and what others can
    spare, largest first, ties by name, in at most donors + receivers - 1 rows (rules.md,
    "Transfers"). Reserved, export-restricted and usage-billed units never move, nor does anything
    across Smart Accounts. `warning` says where the donor's own peak of the trailing window would
    go short, or where so many of its lots (`history.counted_lots`) end before `renewal_end` that
    fewer units than it gives survive. Units are licences. Columns are those of
    `ANSWERS["transfers"]`; raises nothing.

    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> rows = [
    ...     {"virtual_account": va, "license": "A", "quantity": 10, "in_use": use}
    ...     for va, use in [("EMEA", 4), ("APJC", 13)]
    ... ]
    >>> held = history.holdings({"usage": TABLES["usage"].shaped(pl.DataFrame(rows))}, load_rules())
    >>> now, lots = history.standing(held, as_of=None), history.counted_lots({})
    >>> moves = transfers(now, held, lots, as_of=None, renewal_end=None, rules=load_rules())
    >>> moves["from_virtual_account", "to_virtual_account", "quantity"].rows()
    [('EMEA', 'APJC', 3)]
    """
    pools = standing.select(POOL).unique().with_row_index("pool")
    rows = standing.join(pools, on=POOL, nulls_equal=True)
    donors, receivers = _stretches(rows, "movable"), _stretches(rows, "deficit")
    given = (
        _moves(donors, receivers)
        .join(_from(donors), on=["pool", "donor"])
        .join(_to(receivers), on=["pool", "receiver"])
        .with_columns(given=pl.col("quantity").sum().over("pool", "donor"))
    )
    warned = (
        given.join(_peaks(holdings, as_of, rules), on=DONOR, how="left", nulls_equal=True)
        .join(_ending(given, lots, renewal_end), on=["pool", "donor"], how="left")
        .with_columns(warning=_warning(renewal_end))
    )
    return ANSWERS["transfers"].shaped(warned.sort(*DONOR, "to_virtual_account"))


def _stretches(rows: pl.DataFrame, units: str) -> pl.DataFrame:
    """Accounts of a pool laid end to end, the largest first: each with its place and its end."""
    return (
        rows.filter(pl.col(units) > 0)
        .sort("pool", units, "virtual_account", descending=[False, True, False])
        .with_columns(
            place=pl.int_range(pl.len()).over("pool"),
            end=pl.col(units).cum_sum().over("pool"),
        )
    )


def _moves(donors: pl.DataFrame, receivers: pl.DataFrame) -> pl.DataFrame:
    """Both rows of accounts cut at every end of either: a piece has one donor, one receiver."""
    given, taken = (
        frame.group_by("pool").agg(pl.col("end").max()) for frame in (donors, receivers)
    )
    moved = pl.min_horizontal("end", "end_right").alias("moved")
    totals = given.join(taken, on="pool").select("pool", moved)
    ends = pl.concat([donors.select("pool", "end"), receivers.select("pool", "end")]).unique()
    pieces = (
        ends.join(totals, on="pool")
        .filter(pl.col("end") <= pl.col("moved"))
        .sort("pool", "end")
        .with_columns(
            quantity=pl.col("end") - pl.col("end").shift(1, fill_value=0).over("pool"),
        )
    )
    pieces = _at_piece(pieces, donors, "donor")
    return _at_piece(pieces, receivers, "receiver")


def _at_piece(pieces: pl.DataFrame, accounts: pl.DataFrame, side: str) -> pl.DataFrame:
    """The account in whose stretch each piece lies."""
    stretches = accounts.select("pool", "end", pl.col("place").alias(side)).sort("end")
    return pieces.sort("end").join_asof(
        stretches, on="end", by="pool", strategy="forward", check_sortedness=False
    )


def _from(donors: pl.DataFrame) -> pl.DataFrame:
    keeps = pl.col("entitled") - pl.col("lent")
    return donors.select(
        *("pool", "smart_account", "license", "snapshot_date", "is_portable"),
        from_virtual_account="virtual_account",
        donor="place",
        has=keeps,
    )


def _to(receivers: pl.DataFrame) -> pl.DataFrame:
    return receivers.select("pool", to_virtual_account="virtual_account", receiver="place")


def _peaks(holdings: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """The largest demand of each account in the trailing window, and its first day."""
    end = pl.lit(as_of, pl.Date)
    start = end.dt.offset_by(f"-{rules['positions.window_days']}d")
    demand = pl.col("demand")
    return (
        holdings.filter((DAY > start) & (DAY <= end))
        .group_by("smart_account", "license", from_virtual_account="virtual_account")
        .agg(peak=demand.max(), peak_date=DAY.filter(demand == demand.max()).min())
    )


def _ending(given: pl.DataFrame, lots: pl.DataFrame, renewal_end: dt.date | None) -> pl.DataFrame:
    """Of what a donor gives, longest-lived lots first, the units that end before the renewal."""
    donors = given.select("pool", "donor", *DONOR, "snapshot_date", "given").unique()
    mine = donors.join(
        lots.filter("countable").rename({"virtual_account": "from_virtual_account"}),
        on=[*DONOR, "snapshot_date"],
        nulls_equal=True,
    )
    end = pl.col("end_date")
    now = DAY.fill_null(end)
    early = end < pl.lit(renewal_end, pl.Date)
    valid = (pl.col("start_date") <= DAY).fill_null(True) & (end >= now).fill_null(True)
    side = ["pool", "donor"]
    before = pl.col("quantity").cum_sum().over(side) - pl.col("quantity")
    return (
        mine.filter(valid)
        .sort(*side, "end_date", descending=[False, False, True], nulls_last=False)
        .with_columns(units=pl.min_horizontal(pl.col("given") - before, "quantity").clip(0))
        .filter((pl.col("units") > 0) & early)
        .group_by(side)
        .agg(ending=pl.col("units").sum(), first_end=end.min(), last_end=end.max())
    )


def _warning(renewal_end: dt.date | None) -> pl.Expr:
    keep = pl.col("has") - pl.col("given")
    peak = pl.when(pl.col("peak") > keep).then(
        pl.format("needed {} on {}, would keep {}", grouped("peak"), "peak_date", grouped(keep))
    )
    same = pl.col("first_end") == pl.col("last_end")
    on = pl.when(same).then(pl.lit("on")).otherwise(pl.lit("from"))
    ends = pl.format(
        "{} of the units end {} {}, before {}",
        *(grouped("ending"), on, "first_end", pl.lit(str(renewal_end))),
    )
    both = pl.concat_str(peak, ends, separator="; ", ignore_nulls=True)
    return pl.when(both != "").then(both)
