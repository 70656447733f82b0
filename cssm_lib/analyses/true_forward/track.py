"""The record of a line and of each licence in it: every known day, each year between milestones."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.true_forward.events import months_after
from cssm_lib.analyses.true_forward.money import MICRO, decimal, half_up
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

KEY = [*LINE, "license"]
GAP, FLAT, JUMP, PARTIAL = "gap", "flat line", "jump after a flat line", "partial day"
UNITS = pl.Decimal(38, 6)
DAY = pl.col("snapshot_date")


def line_history(
    days: pl.DataFrame,
    licence_days: pl.DataFrame,
    lines: pl.DataFrame,
    billed: pl.DataFrame,
    rules: Rules,
) -> pl.DataFrame:
    """One row per line, or licence in it, and known day: use against entitlement, and its marks.

    A line stands against the base that the contract's own reading leaves on that day, a licence
    against what CSSM shows. A gap is more than `history.gap_days` since the known day before. A
    flat line is a run of at least `history.flat_snapshots` equal full days after which use jumps
    by more than twice its usual step: that is how a missed synchronisation looks (practice).
    Columns: ANSWERS["line_history"]; units are licences.

    >>> from cssm_lib.rules import load_rules
    >>> empty = pl.DataFrame()
    >>> line_history(empty, empty, empty, empty, load_rules()).height
    0
    """
    if lines.is_empty() or days.is_empty():
        return ANSWERS["line_history"].empty()
    known = days.filter(DAY.is_not_null(), pl.col("demand").is_not_null()).select(
        *LINE, "snapshot_date", "demand", "full"
    )
    whole = with_base(known, lines, billed, day="snapshot_date").rename({"base": "entitled"})
    names = [*LINE, "snapshot_date", "demand", "entitled", "full"]
    parts = [
        whole.select(*names, license=pl.lit(None, pl.String)),
        licence_days.select(
            *names[:-2], pl.col("entitled").cast(UNITS), "full", "license"
        ),
    ]  # fmt: skip
    rows = pl.concat(parts).sort(*KEY, "snapshot_date", nulls_last=False)
    return ANSWERS["line_history"].shaped(
        _marked(rows, rules).with_columns(above=(pl.col("demand") - pl.col("entitled")).clip(0))
    )


def with_base(
    rows: pl.DataFrame, lines: pl.DataFrame, billed: pl.DataFrame, *, day: str
) -> pl.DataFrame:
    """The rows with `base`: what the contract's reading leaves the line on that day, else null."""
    terms = lines.unique(LINE).select(*LINE, "start", "end", "entitled")
    own = billed.filter(pl.col("reading") == "contract").sort("event_date")
    at = own.select(*LINE, "event_date", before="base").sort("event_date")
    last = own.group_by(LINE).agg(pl.col("next_base").last())
    inside = pl.col(day).is_between("start", pl.col("end").dt.offset_by("1d"))
    base = pl.coalesce("before", "next_base", pl.col("entitled_terms").cast(UNITS))
    return (
        rows.join(terms.rename({"entitled": "entitled_terms"}), on=LINE)
        .sort(day)
        .join_asof(
            at.with_columns(found=pl.col("event_date")).drop("event_date"),
            left_on=day, right_on="found", by=LINE, strategy="forward", check_sortedness=False,
        )
        .join(last, on=LINE, how="left", maintain_order="left")
        .with_columns(base=pl.when(inside).then(base))
        .select(*rows.columns, "base")
    )  # fmt: skip


def _marked(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows with `days_before` and `mark`; only full days make a flat line."""
    jumps = _jumps(rows.filter("full"), rules).select(*KEY, "snapshot_date", "shape")
    gap = (DAY - DAY.shift(1).over(KEY)).dt.total_days()
    told = rows.with_columns(days_before=gap).join(
        jumps, on=[*KEY, "snapshot_date"], how="left", nulls_equal=True, maintain_order="left"
    )
    mark = (
        pl.when(pl.col("shape") == JUMP).then("shape")
        .when(pl.col("days_before") > rules["history.gap_days"]).then(pl.lit(GAP))
        .when(~pl.col("full")).then(pl.lit(PARTIAL))
        .otherwise("shape")
    )  # fmt: skip
    return told.with_columns(mark=mark)


def _jumps(full: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The full days with `shape`: a day of a flat line, the jump that ends it, or null."""
    run = pl.col("demand").rle_id().over(KEY)
    step = (pl.col("demand") - pl.col("demand").shift(1).over(KEY)).abs()
    runs = full.with_columns(run=run, step=step).with_columns(
        length=pl.len().over(*KEY, "run"), first=DAY == DAY.min().over(*KEY, "run")
    )
    before = pl.col("length").shift(1).over(KEY)
    held = (before >= rules["history.flat_snapshots"]) & (pl.col("demand").shift(1).over(KEY) > 0)
    after = runs.with_columns(after_flat=(pl.col("first") & held).fill_null(False))
    usual = pl.col("step").filter((pl.col("step") > 0) & ~pl.col("after_flat")).median().over(KEY)
    jump = pl.col("after_flat") & (pl.col("step") > 2 * usual)
    jumped = after.with_columns(jump=jump.fill_null(False))
    ends = jumped.filter("jump").select(*KEY, run=pl.col("run") - 1, ends=pl.lit(True))
    shape = (
        pl.when("jump").then(pl.lit(JUMP))
        .when(pl.col("ends") & ~pl.col("first")).then(pl.lit(FLAT))
    )  # fmt: skip
    return jumped.join(ends, on=[*KEY, "run"], how="left", nulls_equal=True).with_columns(
        shape=shape
    )


def line_years(
    history: pl.DataFrame,
    lines: pl.DataFrame,
    billed: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per line, or licence in it, and year between two milestones, up to `as_of`.

    Rule: rules.md, "Peaks, zero use, shelf": the milestone value is the last snapshot of 35 days,
    a peak is the largest full day of (milestone before, milestone], an average and the days above
    hold each full value until the next snapshot and at most `positions.carry_days`, the coverage
    beside them. Columns: ANSWERS["line_years"].

    >>> from cssm_lib.rules import load_rules
    >>> empty = pl.DataFrame()
    >>> line_years(empty, empty, empty, as_of=None, rules=load_rules()).height
    0
    """
    if history.is_empty():
        return ANSWERS["line_years"].empty()
    until = as_of or history["snapshot_date"].max()
    years = agreement_years(lines, until)
    carry = rules["positions.carry_days"]
    bases = with_base(lines.unique(LINE).select(LINE).join(years, on="agreement"), lines, billed,
                      day="year_end").select(*LINE, "year_end", "base")  # fmt: skip
    rows = _reaching(history, carry).join(years, on="agreement").join(
        bases, on=[*LINE, "year_end"]
    )  # fmt: skip
    found = (
        history.select(KEY).unique().join(years, on="agreement")
        .join(_points(rows, carry), on=[*KEY, "year_end"], how="left", nulls_equal=True)
        .join(_spans(rows), on=[*KEY, "year_end"], how="left", nulls_equal=True)
    )  # fmt: skip
    return ANSWERS["line_years"].shaped(
        found.join(bases, on=[*LINE, "year_end"])
        .with_columns(pl.col(_COUNTS).fill_null(0), entitled=_against())
        .sort(*KEY, "year_end", nulls_last=False)
    )  # fmt: skip


_COUNTS = ["days_above", "known_days", "partial_days", "gaps", "jumps"]


def agreement_years(lines: pl.DataFrame, until: dt.date) -> pl.DataFrame:
    """One row per agreement and year of it that began by `until`, the last one at the renewal."""
    after = pl.col("end").dt.offset_by("1d")
    return (
        lines.unique("agreement").select("agreement", "start", "end")
        .with_columns(year=pl.int_ranges(0, 100))
        .explode("year")
        .with_columns(
            year_start=months_after("start", 12 * pl.col("year")),
            year_end=pl.min_horizontal(months_after("start", 12 * pl.col("year") + 12), after),
        )
        .filter(pl.col("year_start") < pl.min_horizontal(after, pl.lit(until).dt.offset_by("1d")))
        .with_columns(
            state=pl.when(pl.col("year_end") <= until)
            .then(pl.lit("closed"))
            .otherwise(pl.lit("open")),
            seen_until=pl.min_horizontal("year_end", pl.lit(until)),
        )
        .sort("agreement", "year_end")
    )  # fmt: skip


def _reaching(history: pl.DataFrame, carry: int) -> pl.DataFrame:
    """Each known day with the last day for which it speaks."""
    next_day = DAY.shift(-1).over(KEY).dt.offset_by("-1d")
    reach = pl.min_horizontal(DAY.dt.offset_by(f"{carry}d"), next_day)
    return history.with_columns(reach=reach)


def _points(rows: pl.DataFrame, carry: int) -> pl.DataFrame:
    inside = rows.filter((DAY > pl.col("year_start")) & (DAY <= pl.col("seen_until")))
    near = DAY >= pl.col("year_end").dt.offset_by(f"-{carry}d")
    speaks = near & (pl.col("state") == "closed")
    full = pl.col("demand").filter("full")
    top = pl.col("full") & (pl.col("demand") == full.max())
    ordered = inside.sort("snapshot_date")
    return ordered.group_by([*KEY, "year_end"], maintain_order=True).agg(
        pl.col("entitled").last(),
        milestone_value=pl.col("demand").filter(speaks).last(),
        milestone_day=DAY.filter(speaks).last(),
        peak=full.max(),
        peak_first=DAY.filter(top).min(),
        peak_last=DAY.filter(top).max(),
        peak_days=top.sum(),
        known_days=pl.len(),
        partial_days=(~pl.col("full")).sum(),
        gaps=(pl.col("mark") == GAP).sum(),
        jumps=(pl.col("mark") == JUMP).sum(),
    )


def _spans(rows: pl.DataFrame) -> pl.DataFrame:
    """What covered days say, each value held over the part of its reach that lies in the year."""
    first = pl.max_horizontal(DAY, pl.col("year_start").dt.offset_by("1d"))
    last = pl.min_horizontal("reach", "year_end")
    held = (last - first).dt.total_days() + 1
    parts = rows.filter("full").with_columns(held=held.cast(pl.Int128)).filter(pl.col("held") > 0)
    length = (pl.col("year_end") - pl.col("year_start")).dt.total_days().first()
    covered = pl.col("held").sum()
    units = (pl.col("demand").cast(pl.Int128) * MICRO * pl.col("held")).sum()
    return parts.group_by([*KEY, "year_end"]).agg(
        average=decimal(half_up(units, covered), 10**6),
        coverage=covered.cast(pl.Float64) / length,
        days_above=pl.col("held").filter(pl.col("demand") > _against()).sum().cast(pl.Int64),
    )


def _against() -> pl.Expr:
    """Lines against the base of the year, licences against what CSSM shows."""
    return pl.when(pl.col("license").is_null()).then("base").otherwise("entitled")


def milestone_log(
    event_log: pl.DataFrame, billed: pl.DataFrame, places: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """One row per event-log entry at most `history.near_days` from a milestone of an agreement.

    `places` (agreement, sku, license) say which line a named licence stands in. Columns:
    ANSWERS["milestone_log"].
    """
    if event_log.is_empty() or billed.is_empty():
        return ANSWERS["milestone_log"].empty()
    own = billed.filter(pl.col("reading") == "contract").select("agreement", "event_date").unique()
    days_from = (pl.col("time").dt.date() - pl.col("event_date")).dt.total_days()
    near = event_log.join(own, how="cross").with_columns(days_from=days_from)
    near = near.filter(pl.col("days_from").abs() <= rules["history.near_days"])
    skus = places.unique(["agreement", "license"]).select("agreement", "license", "sku")
    told = near.with_columns(time=pl.col("time").dt.to_string("%Y-%m-%d %H:%M"))
    return ANSWERS["milestone_log"].shaped(
        told.join(skus, on=["agreement", "license"], how="left").sort(
            "agreement", "event_date", "time", "source", "place"
        )
    )
