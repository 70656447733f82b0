"""Where a line will stand at its next event and renewal, said with the errors of its own past."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.true_forward.bill import completed
from cssm_lib.analyses.true_forward.events import events
from cssm_lib.analyses.true_forward.money import MICRO, cents, decimal, priced, timed
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.analyses.true_forward.track import JUMP, with_base
from cssm_lib.rules import Rules, matches_any
from cssm_lib.schema import ANSWERS

LAST, SEASONAL, PLANNED = "last value", "seasonal naive", "planned"
NEXT, RENEWAL = "next event", "renewal"
DAY = pl.col("snapshot_date")
MOST_STEPS = 120


def intervals(months: pl.DataFrame, steps: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per series, step ahead and method: the value and the interval that past errors give.

    `months` has id, month (whole, running) and units; `steps` has id and step, in months after the
    last one known. Last value: units stay; its past errors are every units(m + step) − units(m).
    Seasonal naive: the same month of the last year known. The interval is split
    conformal on the errors' size: of n the one of rank (n + 1) × `history.coverage`, rounded up, on
    either side, because a line that only grew can also fall; with fewer than
    `history.least_errors` there is none. Adds method, value, low, high, errors, last (the last
    month known).

    >>> from cssm_lib.rules import load_rules
    >>> months = pl.DataFrame({"id": [0] * 24, "month": range(24), "units": [5.0] * 24})
    >>> ahead = intervals(months, pl.DataFrame({"id": [0], "step": [3]}), load_rules())
    >>> ahead.filter(pl.col("method") == "last value")["value", "low", "high", "errors"].row(0)
    (5.0, 5.0, 5.0, 21)
    """
    last = months.sort("month").group_by("id").agg(
        last=pl.col("month").last(), now=pl.col("units").last()
    )  # fmt: skip
    year = 12 * ((pl.col("step") - 1) // 12 + 1)
    asked = steps.join(last, on="id").with_columns(back=year)
    same = months.select("id", source="month", value="units")
    naive = asked.with_columns(source=pl.col("last") + pl.col("step") - pl.col("back")).join(
        same, on=["id", "source"]
    )
    both = pl.concat(
        [
            asked.with_columns(method=pl.lit(LAST), value="now", apart="step"),
            naive.with_columns(method=pl.lit(SEASONAL), apart="back").select(
                *asked.columns, "method", "value", "apart"
            ),
        ],
        how="diagonal_relaxed",
    )
    return both.join(_errors(months, both, rules), on=["id", "apart"], how="left").with_columns(
        low=(pl.col("value") - pl.col("size")).clip(0),
        high=pl.col("value") + pl.col("size"),
        errors=pl.col("errors").fill_null(0),
    ).select("id", "step", "method", "value", "low", "high", "errors", "last")  # fmt: skip


def _errors(months: pl.DataFrame, asked: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """How far units have moved in that many months: how often that is known, and the size."""
    pairs = (
        asked.select("id", "apart").unique().join(months, on="id")
        .with_columns(later=pl.col("month") + pl.col("apart"))
        .join(months.select("id", later="month", then="units"), on=["id", "later"])
        .with_columns(error=(pl.col("then") - pl.col("units")).abs())
    )  # fmt: skip
    count = pl.col("error").len().cast(pl.Int64)
    rank = ((count + 1) * rules["history.coverage"]).ceil().cast(pl.Int64)
    enough = (count >= rules["history.least_errors"]) & (rank <= count)
    size = pl.col("error").sort().gather(pl.min_horizontal(rank, count) - 1).first()
    return pairs.group_by("id", "apart").agg(errors=count, size=pl.when(enough).then(size))


def outlook(
    history: pl.DataFrame,
    lines: pl.DataFrame,
    billed: pl.DataFrame,
    planned: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per line, target and method: units, interval, the day the line is crossed, money.

    Targets are the next event of the contract and the renewal. It abstains, and says why, where the
    history is short, old, unstable or has just jumped. `planned` has agreement and sku (patterns),
    from, to, units. The amount is what the next event would charge; use at the renewal is quantity.
    Columns: ANSWERS["outlook"].
    """
    contract = ANSWERS["outlook"]
    full = history.filter(pl.col("license").is_null(), "full")
    targets = _targets(lines, as_of, rules)
    if full.is_empty() or targets.is_empty():
        return contract.empty()
    targets = with_base(targets, lines, billed, day="target_date")
    series = _monthly(full, targets.select(LINE).unique())
    ahead = _ahead(series, targets, as_of, rules)
    whole = pl.concat([ahead, _with_plans(ahead, planned)]).with_columns(
        abstains=_abstains(as_of, rules)
    )
    said = _crossed(whole.join(_above_since(full, lines, billed), on=LINE, how="left"))
    shown = said.filter(pl.col("step") == pl.col("steps")).with_columns(
        pl.when(pl.col("abstains").is_null()).then(name).alias(name)
        for name in ("value", "low", "high", "crossed_on", "could_cross_on")
    )
    return contract.shaped(_priced(shown).sort(*LINE, "target_date", "order"))


def _targets(lines: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """One row per line of a running agreement and target, with the terms that price it."""
    if lines.is_empty() or as_of is None:
        return pl.DataFrame()
    terms = completed(lines, rules).filter(pl.lit(as_of).is_between("start", "end"))
    due = timed(events(priced(terms))).filter(pl.col("event_date") > as_of)
    first = due.sort("event_date").group_by(LINE, maintain_order=True).first()
    first = first.filter(pl.col("months_left") >= pl.col("last_months"))
    ends = terms.with_columns(target_date=pl.col("end").dt.offset_by("1d"))
    return pl.concat(
        [
            first.with_columns(target=pl.lit(NEXT), target_date="event_date").select(
                *LINE, "target", "target_date", "currency", "unit_billed", "month_top", "time_part"
            ),
            ends.select(*LINE, "target_date", "currency", target=pl.lit(RENEWAL)),
        ],
        how="diagonal_relaxed",
    )


def _monthly(full: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """The last full day of every month: id, month, units."""
    ids = wanted.sort(LINE).with_row_index("id")
    month = DAY.dt.year().cast(pl.Int64) * 12 + DAY.dt.month()
    return (
        full.join(ids, on=LINE).sort("snapshot_date")
        .group_by("id", *LINE, month.alias("month"), maintain_order=True)
        .agg(
            units=pl.col("demand").last().cast(pl.Float64), known_on=DAY.last(),
            jumped=(pl.col("mark") == JUMP).any(),
        )
    )  # fmt: skip


def _ahead(
    series: pl.DataFrame, targets: pl.DataFrame, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """Every month end up to each target, by both methods that only look back."""
    recent = pl.col("month") > pl.col("month").max() - 12
    about = series.group_by("id", *LINE).agg(
        last=pl.col("month").max(), known_on=pl.col("known_on").max(), months_known=pl.len(),
        jumped=pl.col("jumped").filter(recent).any().fill_null(False),
    )  # fmt: skip
    month = pl.col("target_date").dt.offset_by("-1d")
    steps = month.dt.year().cast(pl.Int64) * 12 + month.dt.month() - pl.col("last")
    each = (
        targets.join(about, on=LINE)
        .with_columns(steps=steps.clip(1, MOST_STEPS))
        .with_columns(step=pl.int_ranges(1, pl.col("steps") + 1))
        .explode("step")
    )
    wanted = each.select("id", "step").unique()
    found = intervals(series.select("id", "month", "units"), wanted, rules).drop("last")
    order = pl.col("method").replace_strict({LAST: 0, SEASONAL: 1}, return_dtype=pl.Int64)
    units = [pl.col(name).round(0).cast(pl.Int64) for name in ("value", "low", "high")]
    month_end = pl.date(1970, 1, 1).dt.offset_by(
        pl.format("{}mo", pl.col("last") + pl.col("step") - 1970 * 12)
    )
    return each.join(found, on=["id", "step"]).with_columns(
        *units, order=order, coverage=pl.lit(rules["history.coverage"]),
        path_day=pl.min_horizontal(month_end.dt.offset_by("-1d"), "target_date"),
    )  # fmt: skip


def _with_plans(ahead: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
    """The last value with the units of every planned project that runs on the day."""
    rows = ahead.filter(pl.col("method") == LAST)
    parts = [rows.clear().with_columns(plan=pl.lit(None, pl.Int64))]
    for entry in planned.iter_rows(named=True):
        named = [
            pl.col(name).str.contains(matches_any([entry[name]])) for name in ("agreement", "sku")
        ]
        runs = pl.col("path_day").is_between(entry["from"], entry["to"] or dt.date.max)
        units = pl.when(runs).then(entry["units"]).otherwise(0).cast(pl.Int64)
        parts.append(rows.filter(*named).with_columns(plan=units))
    key = [*LINE, "target", "step"]
    added = pl.concat(parts).group_by(key).agg(pl.col("plan").sum())
    more = [
        (pl.col(name) + pl.col("plan")).clip(0).alias(name) for name in ("value", "low", "high")
    ]
    return rows.join(added, on=key).with_columns(
        *more, method=pl.lit(PLANNED), order=pl.lit(2, pl.Int64)
    ).drop("plan")  # fmt: skip


def _abstains(as_of: dt.date | None, rules: Rules) -> pl.Expr:
    """Why nothing is said of a line, a target and a method; the target's own step decides."""
    age = (pl.lit(as_of) - pl.col("known_on")).dt.total_days()
    wide = pl.max_horizontal(pl.col("high") - pl.col("value"), pl.col("value") - pl.col("low"))
    share = rules["history.unstable_width"]
    own = [*LINE, "target", "method"]
    at_target = pl.col("step") == pl.col("steps")
    width = wide.filter(at_target).first().over(own)
    value = pl.col("value").filter(at_target).first().over(own)
    errors = pl.col("errors").filter(at_target).first().over(own)
    least, most_age = rules["history.least_months"], rules["history.gap_days"]
    return (
        pl.when(age > most_age)
        .then(pl.format(f"the last full day is {{}} days old, more than {most_age}", age))
        .when(pl.col("months_known") < least)
        .then(pl.format(f"{{}} months known, {least} are needed", "months_known"))
        .when("jumped")
        .then(pl.lit("a jump after a flat line within a year: the history is not to be trusted"))
        .when(errors < rules["history.least_errors"])
        .then(pl.format(
            "{} past errors for {} months ahead, {} are needed", errors, "steps",
            pl.lit(rules["history.least_errors"]),
        ))
        .when(width > share * value)
        .then(pl.format(
            "unstable: past errors reach {} units on {}, more than half", width, value
        ))
    )  # fmt: skip


def _above_since(full: pl.DataFrame, lines: pl.DataFrame, billed: pl.DataFrame) -> pl.DataFrame:
    """Lines that are above the line today, and the first day of that run."""
    day = full.group_by(LINE).agg(DAY.max())
    now = with_base(day, lines, billed, day="snapshot_date").select(*LINE, today="base")
    rows = full.join(now, on=LINE).sort("snapshot_date")
    above = pl.col("demand") > pl.col("today")
    below = DAY.filter(~above).max()
    return rows.group_by(LINE).agg(
        above_since=pl.when(above.last()).then(
            DAY.filter(below.is_null() | (DAY > below)).min()
        )
    )  # fmt: skip


def _crossed(rows: pl.DataFrame) -> pl.DataFrame:
    own = [*LINE, "target", "method"]
    day, base = pl.col("path_day"), pl.col("base")
    first = {
        name: pl.coalesce("above_since", day.filter(pl.col(of) > base).min().over(own))
        for name, of in (("crossed_on", "value"), ("could_cross_on", "high"))
    }
    return rows.with_columns(**first)


def _priced(rows: pl.DataFrame) -> pl.DataFrame:
    over = (pl.col("value") - pl.col("base")).clip(0)
    micro = over.cast(pl.Int128) * MICRO
    return rows.with_columns(
        over=over.cast(pl.Int64), amount=decimal(cents(micro, "unit_billed"), 100)
    )
