"""The position at `as_of`: what is entitled, needed, short, lent and idle, by account and pooled.

Both tables are made from the frames of `history`: `standing`, `holdings`, and `pool_days` by
Smart Account and licence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.rules import Rules, licence_classes
from cssm_lib.schema import ANSWERS, TABLES

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
UNIT = [*ACCOUNT, "license"]
POOL = ["smart_account", "license"]
DAY = pl.col("snapshot_date")


def positions(
    standing: pl.DataFrame,
    holdings: pl.DataFrame,
    days: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per licence in a Virtual Account at `as_of`.

    `balance` is entitled less demand; `balance_after_substitution` adds what the export says was
    lent and borrowed, `balance_if_lent` what the ladders of the rule pack would allow: a model.
    Peak, `zero_since`, shelf and stranded units follow rules.md ("Peaks, zero use, shelf"); they
    are null for undated rows. Units are licences; utilisation and coverage are shares, null on
    nothing entitled or needed. `days` is `pool_days` by smart_account and license; `tables` gives
    devices and device_licenses, which tell idle from silent. Columns are those of
    `ANSWERS["positions"]`; raises nothing.

    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> row = {"license": "A", "quantity": 10, "in_use": 4}
    >>> tables, rules = {"usage": TABLES["usage"].shaped(pl.DataFrame([row]))}, load_rules()
    >>> held = history.holdings(tables, rules)
    >>> days = history.pool_days(held, by=["smart_account", "license"], rules=rules)
    >>> now = history.standing(held, as_of=None)
    >>> at = positions(now, held, days, tables, as_of=None, rules=rules)
    >>> at["balance", "utilisation"].row(0)
    (6, 0.4)
    """
    past = _until(holdings, as_of)
    chain = _chains(past, rules)
    silent = _silent(tables, as_of, rules)
    joined = (
        standing.join(_lent(standing, rules), on=UNIT, how="left", nulls_equal=True)
        .join(_peaks(past, as_of, rules), on=UNIT, how="left", nulls_equal=True)
        .join(_idle_since(standing, past, chain), on=UNIT, how="left", nulls_equal=True)
        .join(_quiet_since(standing, past, chain), on=UNIT, how="left", nulls_equal=True)
        .join(silent, on=UNIT, how="left", nulls_equal=True)
        .join(_shelf(days, as_of, rules), on=POOL, how="left", nulls_equal=True)
    )
    shown = joined.with_columns(*_balances(), *_shares(), _stranded(rules), *_zero(rules))
    return ANSWERS["positions"].shaped(_shelf_by_account(shown).sort(UNIT))


def pooled(
    standing: pl.DataFrame,
    positions: pl.DataFrame,
    days: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per licence in a Smart Account at `as_of`, its Virtual Accounts together.

    `short_units` are what single accounts lack after exported lending, `curable_units` what
    transfers cure, `true_gap` the rest (rules.md, "Transfers"); `true_gap_if_lent` is what
    transfers and then lending by the ladders would leave, a model with `lending_confidence`. The
    peak is the largest sum of one full day in the trailing window; `partial_days` do not count.
    `shelf_units` is the least that was free on any full day, without lots younger than the
    window; `shelf_days` says how long the history is. Units are licences. Columns are those of
    `ANSWERS["pooled"]`; raises nothing.

    >>> empty = ANSWERS["positions"].empty()
    >>> from cssm_lib.analyses import history
    >>> from cssm_lib.rules import load_rules
    >>> held = history.holdings({}, load_rules())
    >>> days = history.pool_days(held, by=["smart_account", "license"], rules=load_rules())
    >>> now = history.standing(held, as_of=None)
    >>> pooled(now, empty, days, as_of=None, rules=load_rules()).height
    0
    """
    frames = [
        _account_sums(positions),
        _gaps(standing),
        _gaps_if_lent(standing, rules),
        _pool_peaks(days, as_of, rules),
        _shelf(days, as_of, rules),
    ]
    rows = standing.select(POOL).unique()
    for frame in frames:
        rows = rows.join(frame, on=POOL, how="left", nulls_equal=True)
    unladdered = pl.col("lending_confidence").is_null()
    known = pl.when(unladdered).then("true_gap").otherwise("true_gap_if_lent")
    return ANSWERS["pooled"].shaped(rows.with_columns(true_gap_if_lent=known).sort(POOL))


def _until(holdings: pl.DataFrame, as_of: dt.date | None) -> pl.DataFrame:
    return holdings.filter(DAY.is_not_null() & (DAY <= pl.lit(as_of, pl.Date)))


def _window(as_of: dt.date | None, rules: Rules) -> pl.Expr:
    """The trailing window: as_of - window < day <= as_of."""
    end = pl.lit(as_of, pl.Date)
    return (DAY <= end) & (DAY > end.dt.offset_by(f"-{rules['positions.window_days']}d"))


def _balances() -> list[pl.Expr]:
    balance = pl.col("entitled") - pl.col("demand")
    return [
        balance.alias("balance"),
        pl.col("available").alias("exported_balance"),
        (balance - pl.col("lent") + pl.col("borrowed")).alias("balance_after_substitution"),
        (balance + pl.col("change_if_lent").fill_null(0)).alias("balance_if_lent"),
    ]


def _shares() -> list[pl.Expr]:
    entitled, demand = pl.col("entitled"), pl.col("demand")
    met = pl.min_horizontal(entitled, demand)
    return [
        pl.when(entitled > 0).then(met / entitled).alias("utilisation"),
        pl.when(demand > 0).then(met / demand).alias("coverage"),
    ]


def _peaks(past: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    use = pl.col("in_use")
    return (
        past.filter(_window(as_of, rules))
        .group_by(UNIT)
        .agg(peak_in_use=use.max(), peak_date=DAY.filter(use == use.max()).min())
    )


def _chains(past: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """An account's snapshot days, their neighbours, the first day without a long gap since."""
    gap = (DAY - pl.col("before")).dt.total_days() > rules["positions.gap_days"]
    begins = pl.col("before").is_null() | gap
    return (
        past.select(PAGE)
        .unique()
        .sort(PAGE)
        .with_columns(
            before=DAY.shift(1).over(ACCOUNT),
            next=DAY.shift(-1).over(ACCOUNT),
        )
        .with_columns(begins=begins)
        .with_columns(chain=pl.when("begins").then(DAY).forward_fill().over(ACCOUNT))
    )


def _idle_since(standing: pl.DataFrame, past: pl.DataFrame, chain: pl.DataFrame) -> pl.DataFrame:
    """First day of the run without demand or lending while entitled, of units idle now."""
    idle = (pl.col("demand") == 0) & (pl.col("lent") == 0) & (pl.col("entitled") > 0)
    now = standing.filter(idle & DAY.is_not_null()).select(UNIT)
    links = chain.select(*PAGE, "before", "begins")
    begins = pl.col("begins") | (DAY.shift(1).over(UNIT) != pl.col("before")).fill_null(True)
    return (
        past.filter(idle)
        .join(now, on=UNIT, how="semi", nulls_equal=True)
        .join(links, on=PAGE, nulls_equal=True)
        .sort(*UNIT, "snapshot_date")
        .filter(begins)
        .group_by(UNIT)
        .agg(idle_since=DAY.max())
    )


def _quiet_since(standing: pl.DataFrame, past: pl.DataFrame, chain: pl.DataFrame) -> pl.DataFrame:
    """First day of the run without demand and reservation that ends at the position's snapshot."""
    busy = (pl.col("demand") > 0) | (pl.col("reserved") > 0).fill_null(False)
    last_busy = past.filter(busy).group_by(UNIT).agg(last_busy=DAY.max())
    follows = chain.select(*ACCOUNT, last_busy="snapshot_date", follows="next")
    quiet = pl.max_horizontal("chain", "follows")
    return (
        standing.select(*UNIT, "snapshot_date")
        .join(chain.select(*PAGE, "chain"), on=PAGE, nulls_equal=True)
        .join(last_busy, on=UNIT, how="left", nulls_equal=True)
        .join(follows, on=[*ACCOUNT, "last_busy"], how="left", nulls_equal=True)
        .filter((pl.col("last_busy") < DAY).fill_null(True))
        .select(*UNIT, quiet_since=quiet)
    )


def _silent(
    tables: Mapping[str, pl.DataFrame], as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """Licences of accounts whose instances once used them and now owe a report."""
    devices = _dated(tables, "devices", as_of)
    uses = _dated(tables, "device_licenses", as_of).filter(pl.col("quantity") > 0)
    newest = pl.col("day").max().over("smart_account")
    carry = pl.duration(days=rules["positions.carry_days"])
    limit = pl.lit(as_of, pl.Date).cast(pl.Datetime("us", "UTC"))
    due = pl.col("last_contact") + pl.duration(days=rules["positions.report_days"])
    # an instance that later exports no longer show was removed: it owes nothing
    still = pl.col("day") >= newest - carry
    instance = ["smart_account", "instance"]
    silent = (
        devices.filter(still)
        .sort("day")
        .unique(instance, keep="last", maintain_order=True)
        .filter((due < limit).fill_null(False))
        .select(*ACCOUNT, "instance")
    )
    hit = uses.join(silent, on=[*ACCOUNT, "instance"], how="semi", nulls_equal=True)
    return hit.select(UNIT).unique().with_columns(silent=True)


def _dated(tables: Mapping[str, pl.DataFrame], name: str, as_of: dt.date | None) -> pl.DataFrame:
    """The rows on or before `as_of`, with one name per product instance."""
    found = tables.get(name)
    frame = TABLES[name].empty() if found is None else found.lazy().collect()
    named = pl.concat_str(pl.col("udi_pid").fill_null(""), "serial", separator=" ")
    instance = pl.coalesce(named, "uuid", "hostname")
    day = DAY.fill_null(dt.date(1970, 1, 1))
    rows = frame.with_columns(instance=instance, day=day)
    until = (DAY <= pl.lit(as_of, pl.Date)).fill_null(True)
    return rows.filter(until & pl.col("instance").is_not_null())


def _zero(rules: Rules) -> list[pl.Expr]:
    idle = pl.col("idle_since").is_not_null()
    old = pl.col("age_days") > rules["positions.gap_days"]
    owes = pl.col("silent").fill_null(False) & ~pl.col("perpetual")
    unknown = idle & (old | owes)
    return [
        pl.when(idle & ~unknown).then("idle_since").alias("zero_since"),
        pl.when(unknown)
        .then(pl.lit("not reported"))
        .when(idle)
        .then(pl.lit("zero"))
        .alias("zero_note"),
    ]


def _stranded(rules: Rules) -> pl.Expr:
    """Free units of an account quiet for long, while another of the pool needs some."""
    quiet = (DAY - pl.col("quiet_since")).dt.total_days() >= rules["positions.stranded_days"]
    others = (pl.col("demand").sum().over(POOL) - pl.col("demand")) > 0
    units = pl.when(quiet.fill_null(False) & others).then("movable").otherwise(0)
    return pl.when(DAY.is_not_null()).then(units).alias("stranded_units")


def _shelf(days: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """What a pool never used in the window, and on how many days of history that rests."""
    whole = days.filter(pl.col("full") & (DAY <= pl.lit(as_of, pl.Date)))
    age = (pl.lit(as_of, pl.Date) - DAY).dt.total_days() + 1
    spare = pl.col("free") - pl.col("young")
    inside = _window(as_of, rules)
    shelf = whole.group_by(POOL).agg(
        shelf=spare.filter(inside).min().clip(0),
        shelf_days=pl.when(inside.any()).then(age.max().clip(0, rules["positions.window_days"])),
    )
    classes = licence_classes(shelf["license"], rules).select("license", "perpetual")
    units = pl.when("perpetual").then(0).otherwise("shelf")
    return shelf.join(classes, on="license", how="left").select(
        *POOL, "shelf_days", shelf_units=units
    )


def _shelf_by_account(rows: pl.DataFrame) -> pl.DataFrame:
    """The pool's shelf laid to accounts by their free units; largest remainder, ties by name."""
    movable, entitled = pl.col("movable"), pl.col("entitled")
    weight = (
        pl.when(movable.sum().over(POOL) > 0)
        .then(movable)
        .when(entitled.sum().over(POOL) > 0)
        .then(entitled)
        .otherwise(1)
    )
    total, share = pl.col("weight").sum().over(POOL), pl.col("shelf_units") * pl.col("weight")
    missing = pl.col("shelf_units") - pl.col("whole").sum().over(POOL)
    return (
        rows.with_columns(weight=weight)
        .with_columns(whole=share // total, rest=share % total)
        .sort(*POOL, "rest", "virtual_account", descending=[False, False, True, False])
        .with_columns(turn=pl.int_range(pl.len()).over(POOL), missing=missing)
        .with_columns(
            shelf_units=pl.when(pl.col("shelf_units").is_not_null()).then(
                pl.col("whole") + (pl.col("turn") < pl.col("missing"))
            )
        )
    )


def _account_sums(positions: pl.DataFrame) -> pl.DataFrame:
    def known(name: str) -> pl.Expr:
        return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)

    sums = [
        "quantity",
        "entitled",
        "in_use",
        "usage_billed",
        "demand",
        "lent",
        "borrowed",
        "balance",
    ]
    return positions.group_by(POOL).agg(
        DAY.max(),
        pl.len().alias("virtual_accounts"),
        pl.col(sums).sum(),
        known("reserved"),
        known("stranded_units"),
        pl.col("complete").min(),
    )


def _gaps(standing: pl.DataFrame) -> pl.DataFrame:
    """What is short in single accounts, what transfers cure of it, what remains."""
    short, free = pl.col("deficit").sum(), pl.col("movable").sum()
    cured = pl.min_horizontal(short, free)
    return standing.group_by(POOL).agg(
        pl.col("perpetual").first(),
        short_units=short,
        curable_units=cured,
        true_gap=short - cured,
    )


def _pool_peaks(days: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    whole = pl.col("full")
    peak = pl.col("demand").filter(whole).max()
    return (
        days.filter(_window(as_of, rules))
        .group_by(POOL)
        .agg(
            peak_demand=peak,
            peak_date=DAY.filter(whole & (pl.col("demand") == peak)).min(),
            partial_days=(~whole).sum(),
        )
    )


def _lent(standing: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What lending by the ladders would change in each account; exported lending left aside."""
    balance = pl.col("entitled") - pl.col("demand")
    rows = standing.select(
        *UNIT,
        "entitled_basis",
        "export_restricted",
        spare=balance.clip(0),
        short=(-balance).clip(0),
    )
    lent = _by_ladder(_on_ladders(rows, rules), ACCOUNT)
    return lent.select(*UNIT, change_if_lent=pl.col("into") - pl.col("out"))


def _gaps_if_lent(standing: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What would be short in the pool after transfers and then lending by the ladders."""
    balance = pl.col("entitled") - pl.col("demand")
    cured = pl.min_horizontal("spare", "short")
    pools = (
        _on_ladders(standing, rules)
        .group_by(*POOL, "ladder", "rung", "ladder_confidence")
        .agg(spare=(balance - pl.col("held")).clip(0).sum(), short=(-balance).clip(0).sum())
        .with_columns(spare=pl.col("spare") - cured, short=pl.col("short") - cured)
    )
    return _by_ladder(pools, ["smart_account"]).select(
        *POOL,
        true_gap_if_lent=pl.col("short") - pl.col("into"),
        lending_confidence="ladder_confidence",
    )


def _on_ladders(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows that may lend or borrow, with ladder and rung."""
    classes = licence_classes(rows["license"], rules)
    tiers = classes.select("license", "ladder", "rung", "ladder_confidence")
    free = (pl.col("entitled_basis") != "usage") & ~pl.col("export_restricted")
    placed = pl.col("ladder").is_not_null() & pl.col("rung").is_not_null()
    return rows.filter(free).join(tiers, on="license").filter(placed)


def _by_ladder(rows: pl.DataFrame, within: list[str]) -> pl.DataFrame:
    """Adds `out` and `into`: short rungs, from the highest, borrow from the nearest higher one.

    Inside a rung licences lend and borrow in the order of their names.
    """
    ladder = [*within, "ladder"]
    top = rows["rung"].max() or 0
    lent = _rungs_lend(_rung_sums(rows, ladder, top), top)
    moves = lent.select(*ladder, *[f"{way}{n}" for way in ("out", "into") for n in range(top + 1)])
    laid = rows.join(moves, on=ladder, nulls_equal=True).sort(*ladder, "rung", "license")
    return laid.with_columns(
        out=_laid("out", "spare", [*ladder, "rung"], top),
        into=_laid("into", "short", [*ladder, "rung"], top),
    )


def _rung_sums(rows: pl.DataFrame, ladder: list[str], top: int) -> pl.DataFrame:
    def of_rung(name: str, rung: int) -> pl.Expr:
        return pl.col(name).filter(pl.col("rung") == rung).sum().alias(f"{name}{rung}")

    sums = [of_rung(name, rung) for rung in range(top + 1) for name in ("spare", "short")]
    none = [
        pl.lit(0, pl.Int64).alias(f"{way}{n}") for n in range(top + 1) for way in ("out", "into")
    ]
    return rows.group_by(ladder).agg(sums).with_columns(none)


def _rungs_lend(sums: pl.DataFrame, top: int) -> pl.DataFrame:
    for low in reversed(range(top)):
        for high in range(low + 1, top + 1):
            units = pl.min_horizontal(f"spare{high}", f"short{low}")
            sums = sums.with_columns(units=units).with_columns(
                pl.col(f"spare{high}", f"short{low}") - pl.col("units"),
                pl.col(f"out{high}", f"into{low}") + pl.col("units"),
            )
    return sums


def _laid(way: str, of: str, rung: list[str], top: int) -> pl.Expr:
    """A rung's units laid to its licences, each up to what it has."""
    total = pl.sum_horizontal(
        pl.when(pl.col("rung") == n).then(f"{way}{n}").otherwise(0) for n in range(top + 1)
    )
    before = pl.col(of).cum_sum().over(rung) - pl.col(of)
    return pl.min_horizontal((total - before).clip(0), of)
