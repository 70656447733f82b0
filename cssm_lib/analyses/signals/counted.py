"""Signals in what is owned and used: over, grown, never needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.rules import Rules
from cssm_lib.schema.words import grouped

LINE = ["agreement", "suite", "sku"]
POOL = ["smart_account", "license"]
PLACE = ["smart_account", "virtual_account", "license"]
DAY = pl.col("snapshot_date")
UNNAMED = "account not named"
MOST_NAMED = 6


def consumption(made: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per row of `renewal` with use above what is paid, or with an account that is short.

    Units are the larger of both: what the other side adds up. Evidence says what transfers cure.
    """
    rows = made["renewal"]
    # a licence without a line is short where its accounts are, after what is lent to it
    above = pl.when(pl.col("sku").is_not_null()).then(pl.col("as_of") - pl.col("today"))
    over = above.clip(0).fill_null(0)
    rows = rows.with_columns(
        over=over, units=pl.max_horizontal(over, pl.col("short_units").fill_null(0))
    ).filter(pl.col("units") > 0)  # fmt: skip
    named = _joined(rows, _accounts_short(made))
    evidence = [
        pl.format(
            "{} in use against {} paid today",
            grouped("as_of"),
            grouped(pl.when(pl.col("sku").is_null()).then("entitled").otherwise("today")),
        ),
        pl.when(pl.col("short_units") > 0).then(
            pl.format(
                "single accounts lack {}, of which transfers cure {}",
                grouped("short_units"), grouped(pl.col("curable_units").fill_null(0)),
            )
        ),
        pl.lit("tables renewal, positions, transfers"),
    ]  # fmt: skip
    where = pl.coalesce("accounts", _line_name())
    return _shaped(named, "consumption", where, pl.concat_str(*evidence, separator="; ",
                                                              ignore_nulls=True))  # fmt: skip


def _accounts_short(made: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The accounts that are short, by line or by licence, the shortest first."""
    balance = pl.col("balance_after_substitution")
    short = made["positions"].filter(balance < 0).sort("balance_after_substitution", *PLACE)
    short = _with_line(short, made["unit_prices"], made["renewal"])
    name = pl.format(
        "{} ({} {})", pl.col("virtual_account").fill_null(UNNAMED), "license", grouped(balance)
    )
    return _named(short, name)


def growth(
    made: Mapping[str, pl.DataFrame], *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per term licence of a Smart Account and line counted by a metric that has grown.

    Rule: the newest full day against the newest full day at least a year before it and at most
    `positions.carry_days` older; a signal from `signals.growth_least` of the earlier use on.
    """
    year, carry = rules["positions.window_days"], rules["positions.carry_days"]
    perpetual = made["pooled"].filter("perpetual").select(POOL)
    days = made["pool_days"].join(perpetual, on=POOL, how="anti", nulls_equal=True)
    pools = _grown(days, POOL, year=year, carry=carry, as_of=as_of)
    metric = made["renewal"].filter(~pl.col("counted").is_in(["licences", "devices"]))
    lines = made["line_days"].join(metric.select(LINE), on=LINE, how="semi")
    lines = _grown(lines, LINE, year=year, carry=carry, as_of=as_of)
    both = pl.concat([pools, lines], how="diagonal_relaxed").filter(
        pl.col("units") > 0, pl.col("units") >= pl.col("before") * rules["signals.growth_least"]
    )
    share = (pl.col("units") * 100 / pl.col("before")).round(0).cast(pl.Int64)
    evidence = pl.format(
        "{} on {} against {} on {}: {} more{}; table {}",
        grouped("demand"), _iso("snapshot_date"), grouped("before"), _iso("day_before"),
        grouped("units"),
        pl.when(pl.col("before") > 0).then(pl.format(" ({} %)", share)).otherwise(pl.lit("")),
        pl.when(pl.col("sku").is_null()).then(pl.lit("pool_days")).otherwise(pl.lit("line_days")),
    )  # fmt: skip
    where = pl.coalesce(
        pl.format("{} in {}", "license", pl.col("smart_account").fill_null(UNNAMED)), _line_name()
    )
    return _shaped(both, "growth", where, evidence)


def _grown(
    days: pl.DataFrame, keys: list[str], *, year: int, carry: int, as_of: dt.date | None
) -> pl.DataFrame:
    """The newest full day of each with the one a year before it."""
    full = days.filter(pl.col("full"), DAY <= pl.lit(as_of, pl.Date)).sort("snapshot_date")
    now = full.group_by(keys).last().with_columns(then=DAY.dt.offset_by(f"-{year}d"))
    now = now.filter(DAY >= pl.lit(as_of, pl.Date).dt.offset_by(f"-{carry}d"))
    earlier = full.select(*keys, before="demand", day_before="snapshot_date")
    pairs = now.join(earlier, on=keys, nulls_equal=True)
    near = pairs.filter(
        pl.col("day_before") <= pl.col("then"),
        pl.col("day_before") >= pl.col("then").dt.offset_by(f"-{carry}d"),
    ).sort("day_before")
    latest = near.group_by(keys).last()
    return latest.with_columns(units=pl.col("demand") - pl.col("before"))


def unused(made: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per row of `renewal` of which more is paid than any full day of the year needed.

    Rule: what is paid (of a licence without a line what is entitled) less the peak of the year, and
    less the use of accounts whose zero rests on overdue reports (rules.md, Peaks: an overdue report
    is no zero). Without a peak nothing is said.
    """
    paid = pl.when(pl.col("sku").is_null()).then("entitled").otherwise("today")
    needed = pl.max_horizontal(pl.col("peak"), pl.col("as_of") + pl.col("unreported").fill_null(0))
    rows = made["renewal"].with_columns(paid=paid, units=paid - needed)
    rows = rows.filter(pl.col("units") > 0, pl.col("peak").is_not_null())
    named = _joined(rows, _accounts_idle(made))
    at = pl.format("{} paid today, at most {} needed in the year", grouped("paid"), grouped(needed))
    never = pl.format("{} paid today, none used in the whole year", grouped("paid"))
    evidence = pl.concat_str(
        pl.when(needed == 0).then(never).otherwise(at),
        pl.format("without any use: {}", "accounts"),
        pl.lit("tables renewal, positions"),
        separator="; ", ignore_nulls=True,
    )  # fmt: skip
    return _shaped(named, "unused", _line_name(), evidence)


def _accounts_idle(made: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    idle = made["positions"].filter(pl.col("zero_note") == "zero").sort("zero_since", *PLACE)
    idle = _with_line(idle, made["unit_prices"], made["renewal"])
    name = pl.format(
        "{} since {}", pl.col("virtual_account").fill_null(UNNAMED), _iso("zero_since")
    )
    return _named(idle, name)


def _with_line(places: pl.DataFrame, prices: pl.DataFrame, renewal: pl.DataFrame) -> pl.DataFrame:
    """The positions with the line that renews them, null for a licence without one."""
    lines = renewal.filter(pl.col("sku").is_not_null()).select(LINE)
    named = prices.join(lines, on=LINE, how="semi").select(*PLACE, *LINE)
    return places.join(named, on=PLACE, how="left", nulls_equal=True)


def _named(rows: pl.DataFrame, name: pl.Expr) -> pl.DataFrame:
    """The places of each row of `renewal` in words; the first of them by name, the rest counted."""
    loose = pl.col("sku").is_null()
    keyed = rows.with_columns(
        *(pl.when(loose).then(key).alias(key) for key in POOL), place_name=name
    )
    rest = pl.len().cast(pl.Int64) - MOST_NAMED
    return keyed.group_by(*LINE, *POOL, maintain_order=True).agg(
        accounts=pl.concat_str(
            pl.col("place_name").head(MOST_NAMED).str.join(", "),
            pl.when(rest > 0).then(pl.format(" and {} more", rest)).otherwise(pl.lit("")),
        )
    )


def _joined(rows: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Rows of `renewal` with the places found for their line or licence."""
    loose = pl.col("sku").is_null()
    keyed = rows.with_columns(pl.when(loose).then(key).alias(f"own_{key}") for key in POOL)
    keys = [*LINE, *(f"own_{key}" for key in POOL)]
    return keyed.join(named, left_on=keys, right_on=[*LINE, *POOL], how="left", nulls_equal=True)


def _line_name() -> pl.Expr:
    line = pl.format("{}, {}", "sku", "suite")
    licence = pl.format("{} in {}", "license", pl.col("smart_account").fill_null(UNNAMED))
    return pl.when(pl.col("sku").is_not_null()).then(line).otherwise(licence)


def _iso(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).fill_null("no day")


def _shaped(rows: pl.DataFrame, signal: str, where: pl.Expr, evidence: pl.Expr) -> pl.DataFrame:
    """The columns that every signal has before words and money are put to it."""
    kept = [*LINE, "smart_account", "virtual_account", "license"]
    none = [pl.lit(None, pl.String).alias(name) for name in kept if name not in rows.columns]
    return rows.with_columns(*none).select(
        pl.lit(signal).alias("signal"), *kept, where=where, evidence=evidence,
        units=pl.col("units").cast(pl.Int64), unit=pl.lit("licences"),
    )  # fmt: skip
