"""Growth, split: what stays, what a project brought, the season, a one-off day, and errors."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.analyses.true_forward.track import agreement_years, with_base
from cssm_lib.rules import Rules, matches_any
from cssm_lib.schema import ANSWERS

PARTS = ["baseline", "project", "seasonal", "one_off", "error"]
DAY = pl.col("snapshot_date")
ROW = [*LINE, "smart_account", "virtual_account", "license"]


def growth(
    days: pl.DataFrame,
    project: pl.DataFrame,
    errors: pl.DataFrame,
    lines: pl.DataFrame,
    billed: pl.DataFrame,
    rules: Rules,
) -> pl.DataFrame:
    """One row per line and full day: its use divided into five parts that sum to it.

    Rule (practice): `project` is what `project_units` finds under [[exclude]]; errors are the stale
    and duplicate units of the newest device list on or before the day; a one-off is the part above
    both neighbours of a day that stands more than `history.one_off_share` above them; a season
    needs `history.seasonal_months`, and is each month's mean distance from the centred year; what
    remains is baseline. Columns: ANSWERS["growth"]; units are licences.
    """
    contract = ANSWERS["growth"]
    known = days.filter("full", DAY.is_not_null(), pl.col("demand").is_not_null())
    if known.is_empty():
        return contract.empty()
    wrong = errors.select(*LINE, found="snapshot_date", wrong=pl.col("stale") + pl.col("duplicate"))
    rows = (
        with_base(known.select(*LINE, "snapshot_date", "demand"), lines, billed,
                  day="snapshot_date")
        .rename({"base": "committed"})
        .join(project, on=[*LINE, "snapshot_date"], how="left")
        .sort("snapshot_date")
        .join_asof(wrong.sort("found"), left_on="snapshot_date", right_on="found", by=LINE,
                   check_sortedness=False)
        .with_columns(project=pl.min_horizontal(pl.col("project").fill_null(0), "demand"))
        .with_columns(
            error=pl.min_horizontal(
                pl.col("wrong").fill_null(0), pl.col("demand") - pl.col("project")
            )
        )
        .sort(*LINE, "snapshot_date")
        .with_columns(rest=pl.col("demand") - pl.col("project") - pl.col("error"))
        .with_columns(one_off=_one_off(rules["history.one_off_share"]))
    )  # fmt: skip
    level = rows.with_columns(rest=pl.col("rest") - pl.col("one_off"))
    whole = level.join(_season(level, rules), on=[*LINE, "snapshot_date"], how="left")
    return contract.shaped(
        whole.with_columns(baseline=pl.col("rest") - pl.col("seasonal").fill_null(0)).sort(
            *LINE, "snapshot_date"
        )
    )


def _one_off(share: float) -> pl.Expr:
    """A first or last day has one neighbour only, so nobody knows whether it falls back."""
    rest = pl.col("rest")
    before, after = rest.shift(1).over(LINE), rest.shift(-1).over(LINE)
    highest = pl.when(before >= after).then(before).when(before < after).then(after)
    above = rest - highest
    return pl.when(above > share * highest).then(above).otherwise(0).fill_null(0).cast(pl.Int64)


def _season(level: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Each month's mean distance from the centred year, in whole units; null: too short."""
    months = level.with_columns(month=DAY.dt.truncate("1mo")).group_by(*LINE, "month").agg(
        pl.col("rest").last(), pl.col("snapshot_date").last()
    ).sort(*LINE, "month")  # fmt: skip
    rest = pl.col("rest").cast(pl.Float64)
    around = [rest.shift(k).over(LINE) for k in range(-5, 6)]
    ends = (rest.shift(6).over(LINE) + rest.shift(-6).over(LINE)) / 2
    trend = (sum(around[1:], around[0]) + ends) / 12
    span = (pl.col("month").max().dt.year() - pl.col("month").min().dt.year()) * 12
    span += pl.col("month").max().dt.month().cast(pl.Int32) - pl.col("month").min().dt.month()
    long_enough = span.over(LINE) + 1 >= rules["history.seasonal_months"]
    apart = months.with_columns(apart=rest - trend, long_enough=long_enough)
    named = apart.with_columns(name=pl.col("month").dt.month())
    mean = named.group_by(*LINE, "name").agg(
        apart=pl.col("apart").mean(), long_enough=pl.col("long_enough").first()
    )
    centred = mean.with_columns(apart=pl.col("apart") - pl.col("apart").mean().over(LINE))
    season = pl.when("long_enough").then(pl.col("apart").round(0).cast(pl.Int64))
    days = level.select(*LINE, "snapshot_date", name=DAY.dt.month())
    return days.join(centred, on=[*LINE, "name"], how="left").select(
        *LINE, "snapshot_date", seasonal=season
    )


def project_units(held: pl.DataFrame, members: pl.DataFrame, exclude: pl.DataFrame) -> pl.DataFrame:
    """One row per line and day: units of known project or seasonal use, above the level before.

    `members` say in which line the `place` of a holding stands; `exclude` has smart_account,
    virtual_account, license (shell-style patterns), from, to. A holding's level before is its
    last demand ahead of `from`; where entries overlap the larger one counts. Columns: agreement,
    suite, sku, snapshot_date, project.
    """
    schema = dict.fromkeys(LINE, pl.String) | {"snapshot_date": pl.Date, "project": pl.Int64}
    if held.is_empty() or exclude.is_empty():
        return pl.DataFrame(schema=schema)
    known = held.select("place", *ROW[3:], "snapshot_date", "demand").filter(DAY.is_not_null())
    rows = known.join(members, on="place").select(*ROW, "snapshot_date", "demand")
    parts = [_of_entry(rows, entry) for entry in exclude.iter_rows(named=True)]
    found = pl.concat(parts).group_by(*ROW, "snapshot_date").agg(pl.col("project").max())
    return found.group_by(*LINE, "snapshot_date").agg(pl.col("project").sum())


def _of_entry(rows: pl.DataFrame, entry: dict[str, object]) -> pl.DataFrame:
    """A handful of settings, not rows of data."""
    fits = [
        pl.col(name).str.contains(matches_any([str(entry[name])])).fill_null(entry[name] == "*")
        for name in ("smart_account", "virtual_account", "license")
    ]
    first, last = pl.lit(entry["from"], pl.Date), pl.lit(entry["to"], pl.Date)
    own = rows.filter(*fits).sort("snapshot_date")
    before = own.filter(first > DAY).group_by(ROW).agg(before=pl.col("demand").last())
    return (
        own.filter(DAY.is_between(first, last))
        .join(before, on=ROW, how="left", nulls_equal=True)
        .with_columns(project=(pl.col("demand") - pl.col("before").fill_null(0)).clip(0))
        .select(*ROW, "snapshot_date", "project")
    )


def growth_years(
    parts: pl.DataFrame, lines: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per line and year between milestones: growth from its first to its last full day.

    The first day is the last full one up to the milestone that opens the year, else the year's
    first; the five parts sum to the total. Columns: ANSWERS["growth_years"].
    """
    if parts.is_empty():
        return ANSWERS["growth_years"].empty()
    years = agreement_years(lines, as_of or parts["snapshot_date"].max())
    asked = lines.unique(LINE).select(LINE).join(years, on="agreement")
    sided = asked
    for side, strategy in (("year_start", "backward"), ("seen_until", "backward")):
        sided = _at(sided, parts, side, strategy)
    first = _at(asked, parts, "year_start", "forward")
    ends = sided.join(
        first.select(
            *LINE, "year_end", *(pl.col(f"{n}_year_start").alias(f"{n}_first") for n in _AT)
        ),
        on=[*LINE, "year_end"],
    ).with_columns(
        pl.coalesce(f"{name}_year_start", f"{name}_first").alias(f"{name}_from") for name in _AT
    )  # fmt: skip
    inside = ends.filter(pl.col("snapshot_date_from") < pl.col("snapshot_date_seen_until"))
    return ANSWERS["growth_years"].shaped(
        inside.with_columns(_between())
        .with_columns(
            total=pl.col("demand_after") - pl.col("demand_before"),
            above_committed=pl.col("demand_after") - pl.col("committed"),
            note=_note(rules),
        )
        .sort(*LINE, "to_day")
    )


_AT = ["snapshot_date", "demand", "committed", *PARTS]


def _at(asked: pl.DataFrame, parts: pl.DataFrame, side: str, strategy: str) -> pl.DataFrame:
    sided = (pl.col(name).alias(f"{name}_{side}") for name in _AT)
    named = parts.select(*LINE, pl.col("snapshot_date").alias("day"), *sided)
    return asked.sort(side).join_asof(
        named.sort("day"), left_on=side, right_on="day", by=LINE, strategy=strategy,
        check_sortedness=False,
    ).drop("day", strict=False)  # fmt: skip


def _between() -> list[pl.Expr]:
    grown = [(pl.col(f"{name}_seen_until") - pl.col(f"{name}_from")).alias(name) for name in PARTS]
    return [
        pl.col("snapshot_date_from").alias("from_day"),
        pl.col("snapshot_date_seen_until").alias("to_day"),
        pl.col("committed_seen_until").alias("committed"),
        pl.col("demand_from").alias("demand_before"),
        pl.col("demand_seen_until").alias("demand_after"),
        *grown,
    ]


def _note(rules: Rules) -> pl.Expr:
    short = pl.format(
        "fewer than {} months known: a season is not told apart from the baseline",
        pl.lit(rules["history.seasonal_months"]),
    )
    return pl.when(pl.col("seasonal").is_null()).then(short)
