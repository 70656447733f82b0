"""What else a line could have been measured as: each other figure with the cause that makes it."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.true_forward.scope import LINE, licences_named

GENERATED, POOL, DATE = "generated but not deployed", "pool", "date of measurement"
SCOPE, TOPOLOGY, STALE = "scope", "topology", "stale instance"
ALLOWANCE, PRICE, ARITHMETIC = "allowance", "price", "arithmetic"
BASELINE, FOLLOWS, UNEXPLAINED = "baseline", "value shift", "unexplained"
# the first that fits is named; the others that fit stand in its evidence
LEFT_OUT = "not in the report"
ORDER = [GENERATED, POOL, DATE, SCOPE, TOPOLOGY, STALE]
DAY = pl.col("snapshot_date")


def other_figures(
    rows: pl.DataFrame,
    days: pl.DataFrame,
    held: pl.DataFrame,
    told: pl.DataFrame,
    errors: pl.DataFrame,
    lines: pl.DataFrame,
) -> pl.DataFrame:
    """One row per row of a report and figure that the line would show were it counted otherwise.

    `rows` has row, agreement, suite, sku, at (the event), measured_on, measured, base, purchased.
    `told` is what `generated` says, `errors` what `error_units` says, `held` all holdings. Columns:
    row, figure (licences), cause, evidence (in words).
    """
    at = rows.select("row", *LINE, "at", "measured_on", "measured", "base", "purchased")
    parts = [
        _generated(at, told),
        _pool(at, days),
        _other_days(at, days),
        _scope(at, held, lines),
        _instances(at, errors),
    ]
    return pl.concat(parts).filter(pl.col("figure").is_not_null()).unique(maintain_order=True)


def named(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """One row per row whose consumed figure is one of `others`: its cause and the evidence."""
    rank = pl.col("cause").replace_strict(
        {cause: place for place, cause in enumerate(ORDER)}, return_dtype=pl.Int64
    )
    fit = (
        rows.select("row", "at", figure="consumed")
        .join(others, on=["row", "figure"])
        .sort("row", rank, "near", nulls_last=True)
    )
    rest = pl.col("cause").filter(pl.col("cause") != pl.col("cause").first())
    also = pl.when(rest.len() > 0).then(pl.format("; {} would fit too", rest.first()))
    return fit.group_by("row", maintain_order=True).agg(
        pl.col("cause").first(),
        evidence=pl.concat_str(pl.col("evidence").first(), also, ignore_nulls=True).first(),
    )


def _shaped(rows: pl.DataFrame, cause: str, evidence: pl.Expr) -> pl.DataFrame:
    near = pl.col("near") if "near" in rows.columns else pl.lit(0)
    return rows.select(
        "row", pl.col("figure").cast(pl.Int64), cause=pl.lit(cause), evidence=evidence,
        near=near.cast(pl.Int64),
    )  # fmt: skip


def _generated(at: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The newest EA consumption export up to two months after the event."""
    found = at.join(told.select(*LINE, "snapshot_date", "total"), on=LINE).filter(
        pl.col("at").dt.offset_by("60d") >= DAY
    )
    newest = found.sort("snapshot_date").group_by("row", maintain_order=True).last()
    words = pl.format(
        "the EA consumption export of {} says {} generated; {} were in use", DAY, "total",
        pl.col("measured").cast(pl.Int64),
    )  # fmt: skip
    return _shaped(newest.with_columns(figure="total"), GENERATED, words)


def _pool(at: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """What single accounts are short of, added up, on top of what was bought."""
    short = days.select(*LINE, "snapshot_date", "deficit").filter(pl.col("deficit") > 0)
    found = at.join(
        short, left_on=[*LINE, "measured_on"], right_on=[*LINE, "snapshot_date"]
    ).with_columns(
        figure=pl.concat_list(
            pl.col("deficit") + pl.col("purchased"),
            pl.col("deficit") + pl.col("base").cast(pl.Int64),
        )
    )
    words = pl.format(
        "single accounts are short of {} in all on {}; the line together is not", "deficit",
        "measured_on",
    )  # fmt: skip
    return _shaped(found.explode("figure"), POOL, words)


def _other_days(at: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    known = days.filter(DAY.is_not_null()).select(*LINE, "snapshot_date", figure="demand")
    found = at.join(known, on=LINE).filter(DAY != pl.col("measured_on"))
    away = (DAY - pl.col("at")).dt.total_days().abs()
    words = pl.format("this is the use of {}, not of {}", DAY, "measured_on")
    return _shaped(found.with_columns(near=away), DATE, words)


def _scope(at: pl.DataFrame, held: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The same licences outside the agreement's accounts, an account left out, use that is paid."""
    tags = held if "tag" in held.columns else held.with_columns(tag=pl.lit(None, pl.String))
    names = licences_named(tags.select("license", "tag").unique(), lines).select(
        *LINE, "license", "tag"
    )
    rows = (
        at.join(names, on=LINE)
        .join(
            tags.select("license", "tag", "virtual_account", "snapshot_date", "demand",
                        "usage_billed"),
            left_on=["license", "tag", "measured_on"],
            right_on=["license", "tag", "snapshot_date"], nulls_equal=True,
        )
    )  # fmt: skip
    keys = ["row", "measured_on", "measured"]
    whole = rows.group_by(keys).agg(pl.col("demand", "usage_billed").sum())
    own = pl.col("measured").cast(pl.Int64)
    each = rows.group_by(*keys, "virtual_account").agg(pl.col("demand").sum())
    account = pl.col("virtual_account").fill_null("account not named")
    outside = whole.with_columns(figure=pl.when(pl.col("demand") != own).then("demand"))
    paid = whole.filter(pl.col("usage_billed") > 0)
    left = each.filter(pl.col("demand") > 0).with_columns(figure=own - pl.col("demand"))
    return pl.concat(
        [
            _shaped(outside, SCOPE, pl.format(
                "these licences in all accounts on {}, those outside the agreement too",
                "measured_on",
            )),
            _shaped(paid.with_columns(figure=own + pl.col("usage_billed")), SCOPE, pl.format(
                "{} units that are paid as used are counted as well", "usage_billed"
            )),
            _shaped(left, SCOPE, pl.format("the {} units of {} are left out", "demand", account)),
        ]
    )  # fmt: skip


def _instances(at: pl.DataFrame, errors: pl.DataFrame) -> pl.DataFrame:
    """What the newest device list up to the event makes of stacks, silence and duplicates."""
    newest = at.sort("at").join_asof(
        errors.sort("snapshot_date"), left_on="at", right_on="snapshot_date", by=LINE,
        check_sortedness=False,
    )  # fmt: skip
    known, own = newest.filter(DAY.is_not_null()), pl.col("measured").cast(pl.Int64)
    stacks = known.filter(pl.col("members") > 0)
    parts = [
        _shaped(stacks.with_columns(figure="instances"), TOPOLOGY, pl.format(
            "{} instances, stacks and pairs counted once, on {}", "instances", DAY
        )),
        _shaped(stacks.with_columns(figure=own + pl.col("members")), TOPOLOGY, pl.format(
            "{} further members of stacks and pairs are counted beside them", "members"
        )),
    ]  # fmt: skip
    for name, words in (
        ("stale", "{} units of instances that had fallen silent by {}"),
        ("duplicate", "{} units of instances that stand in two records on {}"),
    ):
        some = known.filter(pl.col(name) > 0)
        figures = some.with_columns(figure=pl.concat_list(own - pl.col(name), own + pl.col(name)))
        parts.append(_shaped(figures.explode("figure"), STALE, pl.format(words, name, DAY)))
    return pl.concat(parts)


def base_cause() -> list[pl.Expr]:
    """The cause and the evidence of another base, by what the printed one equals."""
    theirs = pl.col("purchased")
    first = theirs == pl.col("entitled")
    free = theirs == (pl.col("base") + pl.col("allowance")).cast(pl.Int64)
    cause = (
        pl.when(first).then(pl.lit(BASELINE)).when(free).then(pl.lit(ALLOWANCE))
        .when(theirs == pl.col("owned")).then(pl.lit(SCOPE)).otherwise(pl.lit(UNEXPLAINED))
    )  # fmt: skip
    words = (
        pl.when(first).then(pl.lit("the first commitment; an event since has moved the base"))
        .when(free).then(pl.lit("the free growth is counted as bought"))
        .when(theirs == pl.col("owned"))
        .then(pl.lit("what CSSM shows as owned, not what the agreement commits"))
        .otherwise(pl.lit("no known figure equals it"))
    )  # fmt: skip
    return [cause.alias("cause"), words.alias("evidence")]
