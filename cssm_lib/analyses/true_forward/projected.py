"""The next event of every line under every reading, were use to stay as it was last seen."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.true_forward.bill import completed, true_forward
from cssm_lib.analyses.true_forward.events import events
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

NONE_LEFT = "none left: use above the base is renewal quantity"
READ = [*LINE, "reading"]


def next_events(
    lines: pl.DataFrame,
    days: pl.DataFrame,
    billed: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per line and reading: the next event after `as_of` with the last known use held.

    Rule: rules.md, "Days, months, ends": after the last milestone there is none, and over-use is
    renewal quantity. The last full day's use is held on every month up to the event, so that peaks
    and averages see it. `billed` is the table true_forward. Columns: ANSWERS["next_events"].

    >>> from cssm_lib.rules import load_rules
    >>> next_events(pl.DataFrame(), pl.DataFrame(), pl.DataFrame(), as_of=None, rules=load_rules())
    ... # doctest: +ELLIPSIS
    shape: (0, ...
    """
    contract = ANSWERS["next_events"]
    if lines.is_empty() or as_of is None:
        return contract.empty()
    terms = completed(lines, rules).filter(pl.col("end") >= as_of)
    due = events(terms).filter(pl.col("event_date") > as_of)
    due = due.group_by(READ).agg(pl.col("event_date").min())
    last = _last(days, as_of)
    told = terms.select(*READ, "entitled", "currency").join(last, on=LINE, how="left")
    ahead = _ahead(terms, held(days, due, as_of), due, rules)
    return contract.shaped(
        pl.concat([_projected(told, ahead), _none_left(told, due, billed)], how="diagonal_relaxed")
        .sort(READ)
    )  # fmt: skip


def held(days: pl.DataFrame, due: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The known days, then the last full one again every 30 days up to each line's next event."""
    known = days.filter(pl.col("snapshot_date") <= as_of)
    last = (
        known.filter("full", pl.col("demand").is_not_null())
        .sort("snapshot_date").group_by(LINE, maintain_order=True).last()
    )  # fmt: skip
    until = due.group_by(LINE).agg(pl.col("event_date").unique())
    later = last.join(until, on=LINE).with_columns(
        again=pl.date_ranges(
            pl.lit(as_of).dt.offset_by("30d"), pl.col("event_date").list.max(), "30d"
        )
    )
    both = later.with_columns(snapshot_date=pl.concat_list("again", "event_date").list.unique())
    added = both.drop("again", "event_date").explode("snapshot_date").select(known.columns)
    return pl.concat([known, added])


def _last(days: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    known = days.filter("full", pl.col("snapshot_date") <= as_of, pl.col("demand").is_not_null())
    newest = known.sort("snapshot_date").group_by(LINE, maintain_order=True).last()
    return newest.select(*LINE, known_on="snapshot_date", use="demand")


def _ahead(
    terms: pl.DataFrame, days: pl.DataFrame, due: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    if due.is_empty():
        return ANSWERS["true_forward"].empty()
    found = true_forward(terms, days, as_of=due["event_date"].max(), rules=rules)
    return found.join(due, on=[*READ, "event_date"], how="semi")


def _projected(told: pl.DataFrame, ahead: pl.DataFrame) -> pl.DataFrame:
    figures = ["event_date", "base", "over", "months", "charge", "credit", "net", "outcome"]
    rows = told.join(ahead.select(*READ, *figures), on=READ)
    return rows.with_columns(outcome=pl.format("projected: {}", "outcome"))


def _none_left(told: pl.DataFrame, due: pl.DataFrame, billed: pl.DataFrame) -> pl.DataFrame:
    bases = billed.sort("event_date").group_by(READ).agg(pl.col("next_base").last())
    rest = told.join(due, on=READ, how="anti").join(bases, on=READ, how="left")
    base = pl.coalesce("next_base", pl.col("entitled").cast(pl.Decimal(38, 6)))
    return rest.with_columns(base=base).with_columns(
        over=(pl.col("use") - pl.col("base")).clip(0), outcome=pl.lit(NONE_LEFT)
    )
