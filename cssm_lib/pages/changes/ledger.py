"""Units that moved between two packs, per position: why entitlement, demand and lending differ.

What an export proves comes first (lots that ended or began, instances that came, went or moved),
then what the accounts of a pool lost to one another; what is left says so and is called by its
direction, or `data` where the exports themselves differ.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cssm_lib.pages.changes.instances import instance_movements

POOL = ["smart_account", "license"]
UNIT = ["smart_account", "virtual_account", "license"]
ACCOUNT = ["smart_account", "virtual_account"]
ROW = {
    **dict.fromkeys(UNIT, pl.String),
    "side": pl.String,
    "cause": pl.String,
    "units": pl.Int64,
    "why": pl.String,
}
SIDES = ["entitled", "demand", "lent", "borrowed"]
WITNESS = {"licenses": 0, "summary": 1, "subscriptions": 2}
Tables = Mapping[str, pl.DataFrame]


def movements(before: Tables, after: Tables, *, stale_days: int = 90) -> pl.DataFrame:
    """One row per position, side (entitled, demand, lent, borrowed), cause and evidence.

    Units are licences, signed; per position and side they add up to the difference between the
    two packs. `stale_days`: an instance that had been silent that long and is gone was cleaned,
    not removed. Raises nothing.

    >>> from cssm_lib.schema import ANSWERS, TABLES
    >>> empty = {name: table.empty() for name, table in {**ANSWERS, **TABLES}.items()}
    >>> row = {"license": "A", "virtual_account": "EMEA", "demand": 4, "entitled": 5}
    >>> one = empty | {"positions": ANSWERS["positions"].shaped(pl.DataFrame([row]))}
    >>> two = empty | {"positions": one["positions"].with_columns(entitled=pl.col("entitled") + 3)}
    >>> movements(one, two)["side", "cause", "units"].rows()
    [('entitled', 'bought', 3)]
    """
    pairs = _pairs(before["positions"], after["positions"])
    lots = pl.concat([_ended(before, pairs), _begun(after, pairs)])
    moved = instance_movements(before, after, stale_days=stale_days)
    known = pl.concat([lots, _of(moved, pairs)])
    stock = _settled(_rest(pairs, known, "entitled"), _stock_rest())
    use = _settled(_rest(pairs, known, "demand"), _use_rest(), netted=False)
    lending = [_lending(pairs, side) for side in ("lent", "borrowed")]
    rows = pl.concat([known, stock, use, *lending]).filter(pl.col("units") != 0)
    return (
        rows.group_by(*UNIT, "side", "cause", "why", maintain_order=True)
        .agg(pl.col("units").sum())
        .filter(pl.col("units") != 0)
        .select(list(ROW))
        .sort(list(ROW), nulls_last=True)
    )


def _pairs(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Every position of either pack with what it held in both, and whether its account is there."""
    told = ["entitled_basis", "demand_identity", "complete", "snapshot_date"]
    sides = [frame.select(*UNIT, *SIDES, *told, there=pl.lit(True)) for frame in (before, after)]
    joined = sides[0].join(sides[1], on=UNIT, how="full", coalesce=True, nulls_equal=True)
    for frame, name in zip(sides, ("account_before", "account_after"), strict=True):
        accounts = frame.group_by(ACCOUNT).agg(
            (pl.col("complete").fill_null(True)).min().alias(name)
        )
        joined = joined.join(accounts, on=ACCOUNT, how="left", nulls_equal=True)
    counts = [pl.col(name, f"{name}_right").fill_null(0) for name in SIDES]
    return joined.with_columns(*counts).with_columns(_doubt())


def _doubt() -> pl.Expr:
    """Why the two exports cannot be compared row by row; null where they can."""
    return (
        pl.when(pl.col("account_before").is_null())
        .then(pl.lit("the account is not in the previous pack's exports"))
        .when(pl.col("account_after").is_null())
        .then(pl.lit("the account is not in the exports any more"))
        .when(~pl.col("account_before") | ~pl.col("account_after"))
        .then(pl.lit("an export of the account is incomplete"))
        .alias("doubt")
    )


def _rows(frame: pl.DataFrame, side: str, cause: str | pl.Expr, why: str | pl.Expr) -> pl.DataFrame:
    said = [value if isinstance(value, pl.Expr) else pl.lit(value) for value in (cause, why)]
    return frame.with_columns(side=pl.lit(side), cause=said[0], why=said[1]).select(
        pl.col(name).cast(dtype) for name, dtype in ROW.items()
    )


def _by_lots(pairs: pl.DataFrame) -> pl.DataFrame:
    """Positions whose entitlement is a sum of lots in both packs, and comparable."""
    lots = (pl.col("entitled_basis") == "lots").fill_null(True)
    later = (pl.col("entitled_basis_right") == "lots").fill_null(True)
    apart = pl.col("entitled_basis").is_not_null() | pl.col("entitled_basis_right").is_not_null()
    return pairs.filter(lots & later & apart & pl.col("doubt").is_null())


def _ended(before: Tables, pairs: pl.DataFrame) -> pl.DataFrame:
    """Lots of the previous pack whose last day lies between the two snapshots."""
    now = pairs.group_by(ACCOUNT).agg(pl.col("snapshot_date_right").max().alias("now"))
    ended = (
        before["expiries"]
        .join(_by_lots(pairs).select(UNIT), on=UNIT, how="semi", nulls_equal=True)
        .join(now, on=ACCOUNT, how="left", nulls_equal=True)
        .filter(pl.col("end_date") < pl.col("now"))
        .group_by(UNIT)
        .agg(units=-pl.col("quantity").sum(), last=pl.col("end_date").max())
    )
    return _rows(ended, "entitled", "expired", pl.format("lots ended, the last on {}", "last"))


def _begun(after: Tables, pairs: pl.DataFrame) -> pl.DataFrame:
    """Lots that began between the two snapshots, as the best witness of the later one tells."""
    then = pairs.group_by(ACCOUNT).agg(pl.col("snapshot_date").max().alias("then"))
    day, start = pl.col("snapshot_date"), pl.col("start_date")
    spoiled = pl.col("status").str.to_uppercase().is_in(["CANCELLED", "PENDING"])
    demo = pl.col("license_type").str.to_uppercase() == "DEMO"
    lots = (
        _by_lots(pairs)
        .select(*UNIT, snapshot_date="snapshot_date_right")
        .drop_nulls("snapshot_date")
    )
    begun = (
        after["lots"]
        .join(lots, on=[*UNIT, "snapshot_date"], how="semi", nulls_equal=True)
        .join(then, on=ACCOUNT, how="left", nulls_equal=True)
        .filter(~spoiled.fill_null(False), ~demo.fill_null(False))
        .with_columns(rank=pl.col("witness").replace_strict(WITNESS, default=9))
        .filter(pl.col("rank") == pl.col("rank").min().over(UNIT))
        .filter(start > pl.col("then"), start <= day)
        .filter((pl.col("end_date") >= day).fill_null(True))
        .group_by(UNIT)
        .agg(units=pl.col("quantity").sum(), first=start.min())
    )
    return _rows(begun, "entitled", "bought", pl.format("lots began, the first on {}", "first"))


def _of(moved: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Movements of instances where they speak for the position.

    They do where both instance exports are of the snapshots' own days, or explain the difference
    exactly; else they tell of another span of time.
    """
    earlier, later = pl.col("demand_identity"), pl.col("demand_identity_right")
    sound = pairs.filter(pl.col("doubt").is_null(), (earlier == later).fill_null(True))
    found = moved.join(sound, on=UNIT, nulls_equal=True)
    same_days = (pl.col("then") == pl.col("snapshot_date")) & (
        pl.col("now") == pl.col("snapshot_date_right")
    )
    difference = pl.col("demand_right") - pl.col("demand")
    exact = pl.col("units").sum().over(UNIT) == difference
    return found.filter(same_days.fill_null(False) | exact).select(list(ROW))


def _rest(pairs: pl.DataFrame, known: pl.DataFrame, side: str) -> pl.DataFrame:
    """What the evidence leaves of each position's difference, with all that may name its cause."""
    told = (
        known.filter(pl.col("side") == side).group_by(UNIT).agg(pl.col("units").sum().alias("told"))
    )
    later = pl.col(f"{side}_right")
    return pairs.join(told, on=UNIT, how="left", nulls_equal=True).with_columns(
        units=later - pl.col(side) - pl.col("told").fill_null(0),
        proven=pl.col("told").is_not_null(),
        side=pl.lit(side),
    )


def _settled(
    rest: pl.DataFrame, cause_and_why: tuple[pl.Expr, pl.Expr], *, netted: bool = True
) -> pl.DataFrame:
    """The rest: units that accounts of a pool lost to one another, then by what the data says."""
    rest = rest.filter(pl.col("units") != 0)
    if rest.is_empty():
        return pl.DataFrame(schema=ROW)
    moved = _netted(rest) if netted else rest.with_columns(moved=pl.lit(0, pl.Int64))
    why = "another account of the Smart Account holds them now, or held them"
    cause, said = cause_and_why
    left = moved.with_columns(units=pl.col("units") - pl.col("moved"))
    side = rest["side"][0]
    return pl.concat(
        [
            _rows(moved.with_columns(units="moved"), side, "transferred", why),
            _rows(left, side, cause, said),
        ]
    )


def _netted(rest: pl.DataFrame) -> pl.DataFrame:
    """Adds `moved`: what some accounts of a pool gained as far as others lost it, ties by name.

    What an incomplete export seems to have lost is in no other account.
    """
    whole = pl.col("account_before").fill_null(True) & pl.col("account_after").fill_null(True)
    units = pl.when(whole).then("units").otherwise(0)
    gained = units.clip(lower_bound=0).sum().over(POOL)
    lost = (-units).clip(lower_bound=0).sum().over(POOL)
    ordered = rest.with_columns(
        pot=pl.min_horizontal(gained, lost), size=units.abs(), up=units > 0
    ).sort("size", "virtual_account", descending=[True, False], nulls_last=True)
    before = pl.col("size").cum_sum().over(*POOL, "up") - pl.col("size")
    part = pl.min_horizontal(pl.col("size"), (pl.col("pot") - before).clip(0))
    return ordered.with_columns(moved=(part * units.sign()).cast(pl.Int64))


def _stock_rest() -> tuple[pl.Expr, pl.Expr]:
    more, by_lots = pl.col("units") > 0, pl.col("entitled_basis") == "lots"
    doubt = pl.col("doubt")
    cause = (
        pl.when(doubt.is_not_null())
        .then(pl.lit("data"))
        .when(more)
        .then(pl.lit("bought"))
        .when(by_lots)
        .then(pl.lit("removed"))
        .otherwise(pl.lit("data"))
    )
    why = (
        pl.when(doubt.is_not_null())
        .then(doubt)
        .when(more)
        .then(pl.lit("more units than before; no lot that began since says which"))
        .when(by_lots)
        .then(pl.lit("lots taken back or cancelled before their last day"))
        .otherwise(pl.lit("undecided, ended or taken back: the export names no lots"))
    )
    return cause, why


def _use_rest() -> tuple[pl.Expr, pl.Expr]:
    doubt, more = pl.col("doubt"), pl.col("units") > 0
    identity, later = pl.col("demand_identity"), pl.col("demand_identity_right")
    told_otherwise = (identity != later).fill_null(False)
    unsure = doubt.is_not_null() | told_otherwise | pl.col("proven")
    cause = (
        pl.when(unsure)
        .then(pl.lit("data"))
        .when(more)
        .then(pl.lit("deployed"))
        .otherwise(pl.lit("removed"))
    )
    why = (
        pl.when(doubt.is_not_null())
        .then(doubt)
        .when(told_otherwise)
        .then(pl.lit("the file proves something else of its reservations than before"))
        .when(pl.col("proven"))
        .then(pl.lit("use that no product instance explains"))
        .when(more)
        .then(pl.lit("more use; no instance export of both days says by which instances"))
        .otherwise(pl.lit("less use, removed or cleaned: no instance export says which"))
    )
    return cause, why


def _lending(pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    changed = pairs.with_columns(units=pl.col(f"{side}_right") - pl.col(side))
    doubt = pl.col("doubt")
    cause = pl.when(doubt.is_null()).then(pl.lit("transferred")).otherwise(pl.lit("data"))
    why = pl.coalesce(doubt, pl.lit("lending between licences, as exported"))
    return _rows(changed, side, cause, why)
