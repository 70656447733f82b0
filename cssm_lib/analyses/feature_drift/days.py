"""The four tiers of every device day by day: what stood when, and on which day they parted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from cssm_lib.analyses.feature_drift.heard import Heard, coded, spelled
from cssm_lib.analyses.feature_drift.names import SETS
from cssm_lib.analyses.feature_drift.pools import ACCOUNT, ladders_of
from cssm_lib.analyses.feature_drift.verdicts import PART, PATTERNS, intended, judged
from cssm_lib.analyses.feature_drift.witnesses import CONFIGURATION, CSSM, LONG_AGO, ORDER
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

DAY = "snapshot_date"
NEVER = pl.date(9999, 12, 31)
WORST = ("own_short", "licensed", "over")
MANY = 2**32
WHO = ["serial", "uuid", "hostname", "pid", "family", *ACCOUNT]
# what may change from one day to the next; k and n of a short pool stand in tier_account_days
FOUR = {
    "intended": ("intended_tier",),
    "licensed": ("short", "over", "reserved"),
    "configured": ("configured_tier", "low", "high"),
    "needed": ("needed", "at_most"),
    "account": tuple(ACCOUNT),
}


def tier_days(
    parts: Sequence[Heard], needed: pl.DataFrame, wanted: list[dict[str, str]], rules: Rules
) -> pl.DataFrame:
    """One row per stretch of snapshot days on which a part of a device stands alike in all tiers.

    Every day is judged as `standing` judges as_of, from what was known on it: the newest word of
    each witness, the newest configuration, the pool of the device's last day in CSSM. A stretch
    ends where one of the tiers changes, where the device changes its account, or where CSSM's
    exports lack it. `needed` is of need_days. Columns: ANSWERS["tier_days"].
    """
    contract = ANSWERS["tier_days"]
    some = [part for part in parts if part.told.height]
    if not some:
        return contract.empty()
    account_days = _account_days(some)
    # as codes and back: the few rows that are left must not keep the texts of all days
    rows = [coded(_of_part(part, account_days, needed, wanted, rules)) for part in some]
    rows = spelled(pl.concat(rows))
    undated = pl.col("first_day") == LONG_AGO
    days = pl.when(~undated).then(pl.col("first_day", "last_day"))
    rows = judged(rows, rules).with_columns(days, needed_by="evidence")
    return contract.shaped(rows.sort(*PART, "first_day"))


def _account_days(parts: Sequence[Heard]) -> pl.DataFrame:
    """Each day of CSSM for a Smart Account, with the day of its next export: `until`."""
    day = pl.col(DAY).fill_null(LONG_AGO)
    shown = (part.told.filter(pl.col("witness") == CSSM) for part in parts)
    days = pl.concat(one.select("smart_account", day).unique() for one in shown)
    days = spelled(days).unique().sort("smart_account", DAY)
    after = pl.col(DAY).shift(-1).over("smart_account").fill_null(NEVER)
    return days.with_columns(until=after)


def _of_part(
    part: Heard,
    account_days: pl.DataFrame,
    needed: pl.DataFrame,
    wanted: list[dict[str, str]],
    rules: Rules,
) -> pl.DataFrame:
    """The stretches of some devices; a device without a tier has none."""
    told = spelled(part.told).with_columns(pl.col(DAY).fill_null(LONG_AGO))
    told = told.join(account_days, on=["smart_account", DAY], how="left", nulls_equal=True)
    codes = [pl.col(name).cast(told.schema[name], strict=False) for name in PART]
    own, need = (
        frame.with_columns(*codes, pl.col(DAY).fill_null(LONG_AGO)).drop_nulls(PART)
        for frame in (spelled(part.licensed), needed)
    )
    return _stretches(told, own, need, wanted, rules)


def _stretches(
    told: pl.DataFrame,
    licensed: pl.DataFrame,
    needed: pl.DataFrame,
    wanted: list[dict[str, str]],
    rules: Rules,
) -> pl.DataFrame:
    rows = _agreed(_each_day(told, needed)).sort(DAY)
    rows = _with_newest(rows, needed)
    # by CSSM's own word for the day: what it shows no more has no pool
    shown = licensed.rename({DAY: f"day_{ORDER.index(CSSM)}"})
    rows = rows.join(shown, on=[*PART, f"day_{ORDER.index(CSSM)}"], how="left")
    rows = _as_intended(rows, wanted, rules).sort(*PART, DAY)
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in PART)
    gap = pl.col("until").shift(1) < pl.col(DAY)
    moved = [_moved(columns).alias(f"new {name}") for name, columns in FOUR.items()]
    rows = rows.with_columns(*moved, same=same.fill_null(False), gap=gap.fill_null(False))
    begins = ~pl.col("same") | pl.col("gap") | pl.any_horizontal(f"new {name}" for name in FOUR)
    rows = rows.with_columns(begins=begins, changed=_changed()).with_row_index("at")
    first = rows.filter("begins")
    last = rows.filter(pl.col("begins").shift(-1, fill_value=True)).select("at", last_day=DAY)
    snapshots = last["at"].cast(pl.Int64) - first["at"] + 1
    return first.with_columns(last["last_day"], snapshots.alias("snapshots")).select(
        pl.col(PART).cast(pl.String),
        *WHO,
        *("last_day", "snapshots", "configured_tier", "agreed", "intended_tier", "intended_by"),
        *("licensed", "licensed_by", "over", "needed", "at_most", "evidence", "complete"),
        *("changed", "licenses"),
        first_day=DAY,
        tiers=_heard_tiers(),
        configured_by=_said(),
    )


def _each_day(told: pl.DataFrame, needed: pl.DataFrame) -> pl.DataFrame:
    """Each part of a device on each day on which anybody speaks of it: all newest words.

    Days on which the newest export of its Smart Account lacks the device are none of its own.
    """
    days = pl.concat([told.select("device", DAY), needed.select("device", DAY)]).unique()
    dated = pl.col(DAY) != LONG_AGO
    days = days.filter(dated | ~dated.any().over("device"))
    parts = told.select(PART).unique()
    rows = parts.join(days, on="device").sort(DAY)
    for n, witness in enumerate(ORDER):
        own = told.filter(pl.col("witness") == witness)
        words = own.select(
            *(*PART, DAY),
            pl.col(DAY).alias(f"day_{n}"),
            pl.col("tier").alias(f"tier_{n}"),
            *(pl.col(name).alias(f"{name}_{n}") for name in WHO),
            *(["until", pl.col("said").alias("licenses")] if witness == CSSM else []),
        )
        rows = _with_newest(rows, words)
    ranks = range(len(ORDER))
    who = [pl.coalesce(f"{name}_{n}" for n in ranks).alias(name) for name in WHO]
    here = pl.col("until").max().over("device", DAY) > pl.col(DAY)
    rows = rows.with_columns(who).drop(f"{name}_{n}" for name in WHO for n in ranks)
    return rows.filter(here.fill_null(True))


def _with_newest(rows: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """The rows, which are sorted by day, with the newest words on their part up to their day."""
    if words.is_empty():
        new = words.drop(*PART, DAY).schema.items()
        return rows.with_columns(pl.lit(None, kind).alias(name) for name, kind in new)
    return rows.join_asof(words.sort(DAY), on=DAY, by=PART, check_sortedness=False)


def _agreed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the tier on which the newest witnesses of what runs agree, as in `standing`."""
    configuration = ORDER.index(CONFIGURATION)
    runs = [n for n in range(len(ORDER)) if n != configuration]
    top, boots = pl.max_horizontal(f"day_{n}" for n in runs), pl.col(f"day_{configuration}")
    heard = {n: pl.col(f"day_{n}") == top for n in runs}
    heard[configuration] = boots.is_not_null() & (top.is_null() | (boots >= top))
    rows = rows.with_columns(
        pl.when(counts | (pl.col(f"day_{n}") == LONG_AGO)).then(f"tier_{n}").alias(f"heard_{n}")
        for n, counts in heard.items()
    )
    words = [f"heard_{n}" for n in heard]
    low, high = pl.min_horizontal(words), pl.max_horizontal(words)
    mixed = low.str.contains(" + ", literal=True) & ~pl.col("part").cast(pl.String).is_in(SETS)
    rows = rows.with_columns(low=low, high=high, agreed=(low == high) & ~mixed)
    return rows.with_columns(configured_tier=pl.when("agreed").then("low"))


def _heard_tiers() -> pl.Expr:
    words = pl.concat_list(f"heard_{n}" for n in range(len(ORDER)))
    return words.list.drop_nulls().list.unique().list.sort().list.join(", ")


def _said() -> pl.Expr:
    """Each witness, its tier and the day of its word."""
    undated = pl.lit("undated")
    said = [
        pl.format(
            "{}: {} ({})",
            pl.lit(witness),
            f"tier_{n}",
            pl.when(pl.col(f"day_{n}") == LONG_AGO)
            .then(undated)
            .otherwise(pl.col(f"day_{n}").cast(pl.String)),
        )
        for n, witness in enumerate(ORDER)
    ]
    return pl.concat_str(said, separator="; ", ignore_nulls=True)


def _as_intended(rows: pl.DataFrame, wanted: list[dict[str, str]], rules: Rules) -> pl.DataFrame:
    """The rows with what client.toml intends; patterns run once for each name, not for each day."""
    named = ["part", *PATTERNS]
    names = rows.select(named).unique()
    meant = intended(names.with_columns(pl.col("part").cast(pl.String)), wanted, rules)
    names = names.with_columns(meant.get_columns()[-2:])
    return rows.join(names, on=named, how="left", nulls_equal=True)


def _moved(columns: tuple[str, ...]) -> pl.Expr:
    moved = [pl.col(name).ne_missing(pl.col(name).shift(1)) for name in columns]
    return pl.any_horizontal(moved)


def _changed() -> pl.Expr:
    """Which of the tiers is another than on the day before."""
    names = [pl.when(f"new {name}").then(pl.lit(name)) for name in FOUR]
    return (
        pl.when(~pl.col("same"))
        .then(pl.lit("first day"))
        .when("gap")
        .then(pl.lit("seen again"))
        .otherwise(pl.concat_str(names, separator=", ", ignore_nulls=True))
    )


def licensed_days(said: pl.DataFrame, account_days: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per part of a device and day of CSSM: what its pool was, by its shortest licence.

    `account_days` is of tier_account_days. Columns: device, part, snapshot_date, licensed and
    licensed_by in words, reserved, short (here) and over (in the whole Smart Account too).
    """
    key = [*ACCOUNT, DAY, "ladder", "rung", "tier"]
    used = said.filter((pl.col("witness") == CSSM) & pl.col("part").is_not_null())
    rungs = ladders_of(used["license"], rules).select("license", *key[3:])
    # the pools are few beside the rows of instances: they are put in order, not the rows
    pools = account_days.select(*key, *WORST, licensed_by=_pool()).with_row_index("pool")
    pools = pools.with_columns(rank=pl.struct(WORST).rank("dense", descending=True))
    states = pools.select("pool", "rank", *key).join(rungs, on=key[3:]).drop(key[3:])
    on = [*ACCOUNT, DAY, "license"]
    own = used.select(*PART, *ACCOUNT, "license", DAY, "status").join(
        states, on=on, how="left", nulls_equal=True, maintain_order="left"
    )
    reserved = (pl.col("status").str.to_lowercase() == "reserved").any()
    own = own.with_row_index("nth")
    # of equally short ones the first
    worst = (pl.col("rank").cast(pl.UInt64) * MANY + pl.col("nth")).min() % MANY
    of_part = own.group_by(*PART, DAY).agg(worst.cast(pl.UInt32).alias("nth"), reserved=reserved)
    of_part = of_part.join(own.select("nth", "pool"), on="nth", how="left")
    worst = of_part.join(pools.select("pool", *WORST, "licensed_by"), on="pool", how="left")
    here, whole, free = pl.col("own_short") > 0, pl.col("over") > 0, ~pl.col("reserved")
    return worst.select(
        *(*PART, DAY, "reserved", "licensed_by"),
        licensed=pl.when(free).then("licensed").otherwise(pl.lit("reserved")),
        short=(free & here).fill_null(False),
        over=(free & here & whole).fill_null(False),
    )


def _pool() -> pl.Expr:
    """The pool's own numbers of the day."""
    words = "{}: {} in demand, {} entitled in the account on {}"
    return pl.format(words, "licenses", "demand", "supply", DAY)
