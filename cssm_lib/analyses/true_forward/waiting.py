"""What each month of earlier clean-up is worth at an event, under every reading."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.true_forward.bill import completed, true_forward
from cssm_lib.analyses.true_forward.events import events
from cssm_lib.analyses.true_forward.projected import held, last_known
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

SUITE = ["agreement", "suite"]
PLACE = ["smart_account", "virtual_account", "license"]
DAY = pl.col("snapshot_date")


def waiting(
    lines: pl.DataFrame,
    days: pl.DataFrame,
    errors: pl.DataFrame,
    relief: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per suite, reading, event and month end by which the clean-up would be done.

    Rule: rules.md, True Forward: money avoided by hygiene is per reading, clean-up after a past
    peak saves nothing under the peak. The units are the stale and duplicate ones of the newest
    device list up to the event, from the day on which they could have been removed: a live
    instance reports again. From the clean-up on they are taken off each known day, and the next
    event holds the last known use. The event is then billed anew, value shift included; the
    base it starts from stays. What single accounts are short of shrinks by `relief`. `lines` hold
    every reading. Columns: ANSWERS["waiting"]; a suite
    without such units has no row.

    >>> from cssm_lib.rules import load_rules
    >>> empty = pl.DataFrame()
    >>> waiting(empty, empty, empty, empty, as_of=None, rules=load_rules()).height
    0
    """
    contract = ANSWERS["waiting"]
    if lines.is_empty() or errors.is_empty() or as_of is None:
        return contract.empty()
    terms = completed(lines, rules)
    due = _events(terms, as_of)
    removable = _removable(errors, due)
    if removable.is_empty():
        return contract.empty()
    cases = _cases(removable, due)
    days = days.with_columns(shown_on="snapshot_date")
    last = last_known(days, as_of)
    known = held(days, last, due.filter(pl.col("event_date") > as_of), as_of)
    suites = terms.join(removable.select(SUITE).unique(), on=SUITE, how="semi")
    cleaned = _cleaned(known, cases, removable, relief)
    billed = _billed(suites, cleaned, cases, rules)
    return contract.shaped(_saved(billed, removable, as_of))


def _events(terms: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """One row per line, reading and event: all past ones and the next."""
    when = events(terms).select(
        *LINE, "reading", "event_date", "window_start", "months_left", "last_months"
    )
    ahead = pl.col("event_date") > as_of
    following = pl.col("event_date").filter(ahead).min().over(*LINE, "reading")
    wanted = ~ahead | (pl.col("event_date") == following)
    return when.filter(wanted, pl.col("months_left") >= pl.col("last_months"))


def _removable(errors: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    """Units of each line at each event, by the newest device list up to it."""
    asked = due.select(*LINE, "event_date").unique().sort("event_date")
    found = asked.join_asof(
        errors.sort("snapshot_date"), left_on="event_date", right_on="snapshot_date", by=LINE,
        check_sortedness=False,
    )  # fmt: skip
    units = pl.col("stale") + pl.col("duplicate")
    return found.with_columns(removable=units).filter(pl.col("removable") > 0).select(
        *LINE, "event_date", "removable", "removable_from", listed="snapshot_date"
    )  # fmt: skip


def relieved(
    places: pl.DataFrame, short: pl.DataFrame, days: pl.DataFrame, *, rules: Rules
) -> pl.DataFrame:
    """One row per line, device list and day: what its accounts are less short of after clean-up.

    Rule: an account that gives up n units is less short by n, and never by more than it is short
    of. `places` is what `error_places` says, `short` the deficit and demand of each of these
    licences in its account, day by day, `days` the days of the lines. Columns: agreement, suite,
    sku, listed, shown_on, relief; null where the list does not say which account gives them up.

    >>> relieved(*[pl.DataFrame()] * 3, rules={}).columns
    ['agreement', 'suite', 'sku', 'listed', 'shown_on', 'relief']
    """
    if places.is_empty() or short.is_empty() or days.is_empty():
        dates = {"listed": pl.Date, "shown_on": pl.Date, "relief": pl.Int64}
        return pl.DataFrame(schema=dict.fromkeys(LINE, pl.String) | dates)
    key = [*LINE, *PLACE]
    numbers = places.select(key).unique().with_row_index("number")
    known = short.join(numbers, on=key, nulls_equal=True).sort("snapshot_date")
    asked = places.join(numbers, on=key, nulls_equal=True).join(
        days.select(*LINE, shown_on="snapshot_date"), on=LINE
    )
    found = asked.sort("shown_on").join_asof(
        known.select("number", "snapshot_date", "deficit", "demand"),
        left_on="shown_on", right_on="snapshot_date", by="number", check_sortedness=False,
        tolerance=dt.timedelta(days=rules["positions.carry_days"]),
    )  # fmt: skip
    # sums leave nulls out, and a place that is not told apart matters only where it is short
    short_of = pl.col("deficit").fill_null(0)
    units = pl.when(short_of == 0).then(0).when(pl.col("removable").is_not_null()).then(
        pl.min_horizontal("removable", "deficit", "demand")
    )  # fmt: skip
    return found.group_by(*LINE, "listed", "shown_on").agg(
        relief=pl.when(units.null_count() == 0).then(units.sum())
    )


def _cases(removable: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    """One row per suite, event and month end in its window; `case` 0 of an event: no clean-up."""
    windows = due.select(*SUITE, "event_date", "window_start").unique()
    first = removable.group_by(*SUITE, "event_date").agg(pl.col("removable_from").min())
    own = first.join(windows, on=[*SUITE, "event_date"])
    months = own.with_columns(
        cleaned_by=pl.date_ranges(
            pl.col("window_start").dt.month_start(), pl.col("event_date"), "1mo"
        )
    ).explode("cleaned_by")
    ends = months.with_columns(pl.col("cleaned_by").dt.month_end())
    inside = ends.filter(
        pl.col("cleaned_by") > pl.col("window_start"),
        pl.col("cleaned_by") <= pl.col("event_date"),
        pl.col("cleaned_by") >= pl.col("removable_from"),
    )
    never = own.with_columns(cleaned_by=pl.lit(None, pl.Date))
    cases = pl.concat([inside, never]).drop("removable_from")
    return cases.sort(*SUITE, "event_date", "cleaned_by").with_row_index("case")


def _billed(
    terms: pl.DataFrame, known: pl.DataFrame, cases: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """Each case's event billed anew: a case stands in the agreement's place, so none meet."""
    own = cases.select(*SUITE, "case", "event_date", "window_start", "cleaned_by")
    named = {"agreement": pl.col("case").cast(pl.String)}
    scope = terms.join(own.select(*SUITE, "case"), on=SUITE).with_columns(**named).drop("case")
    bills = true_forward(scope, known.with_columns(**named), as_of=None, rules=rules)
    told = bills.with_columns(case=pl.col("agreement").cast(pl.UInt32)).drop("agreement", "suite")
    due = told.join(own, on=["case", "event_date"])
    decided = (pl.col("net").null_count() == 0) & (pl.len() > 0)
    return due.group_by(*SUITE, "reading", "event_date", "cleaned_by").agg(
        net=pl.when(decided).then(pl.col("net").sum()), currency=pl.col("currency").first()
    )


def _cleaned(
    known: pl.DataFrame, cases: pl.DataFrame, removable: pl.DataFrame, relief: pl.DataFrame
) -> pl.DataFrame:
    """The known days of every case, without the units from the day on which they are gone."""
    inside = (pl.col("window_start") < DAY) & (pl.col("event_date") >= DAY)
    done = pl.col("cleaned_by").is_not_null() & (
        pl.max_horizontal("cleaned_by", "removable_from") <= DAY
    )
    gone = inside & done.fill_null(False)
    units = pl.when(gone).then("removable").fill_null(0)
    less = (pl.col("demand") - units).clip(0)
    return (
        known.join(cases, on=SUITE)
        .join(removable, on=[*LINE, "event_date"], how="left")
        .join(relief, on=[*LINE, "listed", "shown_on"], how="left")
        .with_columns(
            demand=less,
            deficit=pl.when(units == 0)
            .then("deficit")
            .otherwise((pl.col("deficit") - pl.col("relief")).clip(0)),
        )
    )


def _saved(billed: pl.DataFrame, removable: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    own = [*SUITE, "reading", "event_date"]
    never = billed.filter(pl.col("cleaned_by").is_null()).select(*own, before="net")
    units = removable.group_by(*SUITE, "event_date").agg(pl.col("removable").sum())
    ahead = pl.col("event_date") > as_of
    return (
        billed.filter(pl.col("cleaned_by").is_not_null())
        .join(never, on=own)
        .join(units, on=[*SUITE, "event_date"])
        .with_columns(
            saved=pl.col("before") - pl.col("net"),
            state=pl.when(ahead).then(pl.lit("ahead")).otherwise(pl.lit("past")),
        )
        .with_columns(lost_by_waiting=pl.col("saved").max().over(own) - pl.col("saved"))
        .sort(*own, "cleaned_by")
    )
