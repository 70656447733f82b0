"""The next event of every line under every reading, were use to stay as it was last seen."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import polars as pl

from cssm_lib.analyses.true_forward.bill import completed, measured_events, settled_events
from cssm_lib.analyses.true_forward.columns import known, word
from cssm_lib.analyses.true_forward.events import DATED, dated, numbered
from cssm_lib.analyses.true_forward.money import MICRO, PARTS, micro, priced
from cssm_lib.analyses.true_forward.printed import told
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.analyses.true_forward.true_up import true_up
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
    when: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per line and reading: the next event after `as_of` with the last known use held.

    Rule: rules.md, "Days, months, ends": after the last milestone there is none, and over-use is
    renewal quantity. The last full day's use is held on every month up to the event, so that peaks
    and averages see it. `billed` is the table true_forward: its last event leaves the base that the
    next one begins with. `when` is what `dated` makes of the lines, where that is known. Columns:
    ANSWERS["next_events"].

    >>> from cssm_lib.rules import load_rules
    >>> next_events(pl.DataFrame(), pl.DataFrame(), pl.DataFrame(), as_of=None, rules=load_rules())
    ... # doctest: +ELLIPSIS
    shape: (0, ...
    """
    contract = ANSWERS["next_events"]
    if lines.is_empty() or as_of is None:
        return contract.empty()
    terms = completed(lines, rules)
    when = dated(terms[DATED]) if when is None else when
    ahead, last = when.filter(when["event_date"] > as_of), last_known(days, as_of)
    seen = last[[*LINE, "snapshot_date", "demand"]].rename(_LAST)
    standing = _standing(terms, billed).hstack([_due(ahead, terms.height)])
    due = standing.join(seen, on=LINE, how="left", maintain_order="left")
    found = []
    if due["event_date"].null_count():
        over = due.filter((due["end"] >= as_of) & due["event_date"].is_null())
        found.append(over.with_columns_seq(_none_left()))
    if not ahead.is_empty():
        until = due["event_date"].max()
        asked = ahead.filter(ahead["event_date"] <= until)
        kept = numbered(held(days, last, due, as_of), asked)
        seen = measured_events(asked, kept, as_of=until, rules=rules)
        bills = settled_events(priced(terms), seen, standing)
        found.append(_projected(due, told(bills, true_up(bills, None, 0))))
    whole = pl.concat(found, how="diagonal_relaxed") if len(found) > 1 else found[0]
    return contract.shaped(whole.sort(READ))


_LAST = {"snapshot_date": "known_on", "demand": "use"}


def _due(ahead: pl.DataFrame, lines: int) -> pl.Series:
    """The first of the events ahead of each line, which stand in their order; null without one."""
    line, first = np.unique(ahead["line"], return_index=True)
    none = pl.Series("event_date", [None], dtype=pl.Date).new_from_index(0, lines)
    return none.scatter(line, ahead["event_date"][first])


def held(days: pl.DataFrame, last: pl.DataFrame, due: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The known days, then the last full one again every 30 days up to each line's next event."""
    known = days.filter(days["snapshot_date"] <= as_of)
    ends = due[[*LINE, "event_date"]].drop_nulls("event_date")
    until = ends.group_by(LINE).agg(pl.col("event_date").unique())
    later = last.join(until, on=LINE).with_columns_seq(_again(as_of))
    return pl.concat([known, later.explode("snapshot_date")[known.columns]])


def _again(as_of: dt.date) -> pl.Expr:
    events = pl.col("event_date")
    again = pl.date_ranges(pl.lit(as_of).dt.offset_by("30d"), events.list.max(), "30d")
    return pl.concat_list(again, events).list.unique().alias("snapshot_date")


def last_known(days: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The last full day of each line up to as_of."""
    told = (days["snapshot_date"] <= as_of) & days["full"] & known(days["demand"])
    return days.filter(told).sort("snapshot_date").unique(LINE, keep="last", maintain_order=True)


def _standing(terms: pl.DataFrame, billed: pl.DataFrame) -> pl.DataFrame:
    """One row per row of `terms`: the base that its events so far leave, and since when in doubt.

    Columns: agreement, suite, sku, reading, end, entitled, currency, base (millionths), open_since.
    """
    left = billed[[*READ, *_LEFT]].group_by(READ).agg(_left())
    told = terms[[*READ, "end", "entitled", "currency"]]
    found = told.join(left, on=READ, how="left", maintain_order="left")
    return found.hstack(found.select_seq(_base()))


_LEFT = ["event_date", "event", "outcome", "next_base"]


@cache
def _left() -> list[pl.Expr]:
    """A line's events stand in their order."""
    undecided = pl.col("outcome").str.starts_with("undecided")
    moves = pl.col("event") != "last twelve months"
    return [
        pl.col("next_base").last(),
        pl.col("event_date").filter(undecided & moves).min().alias("open_since"),
    ]


@cache
def _base() -> pl.Expr:
    entitled = pl.col("entitled").cast(pl.Int128) * MICRO
    return pl.coalesce(micro("next_base"), entitled).alias("base")


def _projected(due: pl.DataFrame, ahead: pl.DataFrame) -> pl.DataFrame:
    """What is told of the event that is due; `line` is a row of `due`."""
    rows = ahead.filter(ahead["event_date"] == due["event_date"][ahead["line"]])
    outcome = (word("projected: ") + rows["outcome"]).alias("outcome")
    return due.drop("base")[rows["line"]].hstack(rows[_FIGURES]).hstack([outcome])


_FIGURES = ["base", "over", "months", "charge", "credit", "net"]


@cache
def _none_left() -> list[pl.Expr]:
    base = pl.coalesce("next_base", pl.col("entitled").cast(PARTS))
    return [
        base.alias("base"),
        (pl.col("use") - base).clip(0).alias("over"),
        pl.lit(NONE_LEFT).alias("outcome"),
    ]
