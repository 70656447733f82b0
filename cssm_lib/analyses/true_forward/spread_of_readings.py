"""The range of the readings: what each bills, term by term, and which setting moves the money."""

from __future__ import annotations

import datetime as dt
from functools import cache

import polars as pl

from cssm_lib.analyses.true_forward.bill import true_forward
from cssm_lib.analyses.true_forward.money import PARTS
from cssm_lib.analyses.true_forward.readings import (
    CONTRACT,
    OWN_TERMS,
    SETTINGS,
    in_steps,
    one_setting_changed,
    published,
)
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

RANGED = ["agreement", "reading"]


def reading_range(
    billed: pl.DataFrame, rules: Rules, read: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One row per agreement and reading: the contract first, then from the lowest to the highest.

    `billed` is the table true_forward under every reading, the true-up beside it. Money is
    null where a line over has no price, or where fewer lines are decided than under the contract: a
    sum that lacks lines is no lowest figure. `read` is what `published` says of the rules, where
    that is known. Columns: ANSWERS["reading_range"].

    >>> from cssm_lib.rules import load_rules
    >>> reading_range(ANSWERS["true_forward"].empty(), load_rules()).height
    0
    """
    names = published(rules) if read is None else read
    titles = {CONTRACT: OWN_TERMS} | dict(zip(names["reading"], names["title"], strict=True))
    sums = _comparable(_sums(billed).with_columns_seq(_of_contract()))
    told = [titles.get(name) for name in sums["reading"]]
    vendor = sums["reading"] == rules["readings.vendor_opening"]
    named = [pl.Series("title", told, dtype=pl.String), vendor.alias("vendor_opening")]
    ranked = sums.hstack(named).with_columns_seq(_ranked())
    return ANSWERS["reading_range"].shaped(ranked.sort(_ORDER, nulls_last=True))


_ORDER = ["agreement", "other", "rank", "net", "reading"]


@cache
def _of_contract() -> list[pl.Expr]:
    """What the agreement's own reading leaves open, and bills where that is known."""
    own = pl.col("reading") == CONTRACT
    least = pl.col("undecided").filter(own).first().over("agreement")
    net = pl.when("whole").then("net").filter(own).first().over("agreement")
    return [least.alias("least"), net.alias("contract")]


@cache
def _ranked() -> list[pl.Expr]:
    """Rank of what is known, and what each bills more than the contract."""
    known = pl.col("net").is_not_null() & (pl.col("undecided") == pl.col("least"))
    rank = pl.when(known).then("net").rank("min").over("agreement")
    return [
        rank.cast(pl.Int64).alias("rank"),
        (pl.col("net") - pl.col("contract")).alias("more_than_contract"),
        (pl.col("reading") != CONTRACT).alias("other"),
    ]


MONEY = ("charge", "credit", "net", "past", "true_up")


def _sums(billed: pl.DataFrame) -> pl.DataFrame:
    """One row per agreement and reading: its events so far added up, and what is left open."""
    known = billed[[*RANGED, "event_date", "outcome", "over", *MONEY, "currency"]]
    past = known.filter(~pl.col("outcome").str.starts_with("ahead"))
    return past.group_by(RANGED, maintain_order=True).agg(_summed())


@cache
def _summed() -> list[pl.Expr]:
    open_ = pl.col("outcome").str.starts_with("undecided")
    unpriced = ((pl.col("over") > 0) & pl.col("charge").is_null()).sum()
    return [
        pl.col("over", *MONEY).sum(),
        pl.col("event_date").n_unique().alias("events"),
        open_.sum().alias("undecided"),
        unpriced.alias("unpriced"),
        (~open_.all() & (unpriced == 0)).alias("whole"),
        pl.col("currency").first(),
    ]


def _comparable(sums: pl.DataFrame) -> pl.DataFrame:
    """Money is null where a price lacks, or where fewer lines are decided than by the contract."""
    known = sums["whole"] & (sums["undecided"] <= sums["least"])
    none = pl.Series([None], dtype=PARTS)
    rest = sums[[name for name in sums.columns if name not in MONEY]]
    return rest.hstack([sums[name].zip_with(known, none) for name in MONEY])


def moved_by_settings(
    lines: pl.DataFrame, days: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per agreement, setting and other value: what that setting alone would change.

    `effect` is the net of all events so far less the contract's; rank 1 moves the money most, of
    equals the first in the order of SETTINGS. Columns: ANSWERS["setting_effects"].
    """
    if lines.is_empty():
        return ANSWERS["setting_effects"].empty()
    changed = one_setting_changed(lines, rules)
    # a suite that has the value already keeps its own line, so that agreements stay whole
    contract = lines.with_columns(reading=pl.lit(CONTRACT))
    whole = pl.concat([_whole_agreements(changed, contract), contract], how="diagonal_relaxed")
    sums = _net(whole, days, as_of, rules)
    own = sums.filter(pl.col("reading") == CONTRACT)
    nets = _comparable(sums.join(own.select("agreement", least="undecided"), on="agreement"))
    said = changed.select("agreement", "reading", "setting", "said").unique(maintain_order=True)
    order = {name: place for place, name in enumerate(SETTINGS)}
    effects = (
        said.join(nets, on=RANGED)
        .join(own.select("agreement", before="net"), on="agreement")
        .with_columns(effect=pl.col("net") - pl.col("before"))
        .with_columns(
            size=pl.col("effect").abs(),
            place=pl.col("setting").replace_strict(order, return_dtype=pl.Int64),
        )
        .sort("agreement", "size", "place", "said", descending=[False, True, False, False],
              nulls_last=True)
    )  # fmt: skip
    rank = pl.col("size").rank("ordinal", descending=True).over("agreement").cast(pl.Int64)
    return ANSWERS["setting_effects"].shaped(effects.with_columns(rank=rank))


def _whole_agreements(changed: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    key = ["agreement", "suite", "sku"]
    wanted = changed.select("agreement", "reading").unique(maintain_order=True)
    missing = (
        own.drop("reading").join(wanted, on="agreement")
        .join(changed, on=[*key, "reading"], how="anti")
    )  # fmt: skip
    return pl.concat([changed.drop("setting", "said"), missing], how="diagonal_relaxed")


def _net(
    lines: pl.DataFrame, days: pl.DataFrame, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per agreement and reading: the net of all events so far, and what is left open."""
    return _sums(true_forward(lines, days, as_of=as_of, rules=rules))


def moved_by_steps(
    lines: pl.DataFrame, days: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per agreement, published reading and setting in which it differs, in one order.

    The settings are changed one after the other, so `effect` sums to the reading's difference from
    the contract. Columns: ANSWERS["reading_steps"].
    """
    if lines.is_empty():
        return ANSWERS["reading_steps"].empty()
    steps = in_steps(lines, rules)
    sums = _net(steps, days, as_of, rules)
    start = sums.filter(pl.col("reading").str.ends_with(" 00"))
    least = start.group_by("agreement").agg(least=pl.col("undecided").min())
    nets = _comparable(sums.join(least, on="agreement")).select(*RANGED, "net", "currency")
    by = ["agreement", "target"]
    one = steps.unique(["agreement", "reading"], maintain_order=True).select(
        *by, "reading", "step", "setting"
    )
    walked = one.join(nets, on=RANGED, how="left").sort(*by, "step")
    before, after = pl.col("net").shift(1).over(by), pl.col("net")
    named = walked.with_columns(net_before=before, net_after=after, effect=after - before)
    values = _values(steps)
    return ANSWERS["reading_steps"].shaped(
        named.filter(pl.col("step") > 0)
        .join(values, on=[*by, "step"], how="left")
        .with_columns(reading="target", step=pl.col("step").rank("dense").over(by))
        .sort("agreement", "reading", "step")
    )


def _values(steps: pl.DataFrame) -> pl.DataFrame:
    """What each step changes, from what to what, as text."""
    by = ["agreement", "target", "step"]
    texts = steps.select(*by, "setting", *(pl.col(name).cast(pl.String) for name in SETTINGS))
    long = texts.unpivot(index=[*by, "setting"], variable_name="name", value_name="value")
    ends = long.filter(pl.col("name") == pl.col("setting"))
    start = long.filter(pl.col("step") == 0).select("agreement", "target", "name", "value")
    to = ends.group_by(by).agg(to_value=_joined())
    was = (
        ends.select(by + ["name"]).unique()
        .join(start.group_by("agreement", "target", "name").agg(from_value=_joined()),
              on=["agreement", "target", "name"])
    )  # fmt: skip
    return to.join(was, on=by).drop("name")


def _joined() -> pl.Expr:
    decimal = pl.col("value").str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".")
    return decimal.unique().sort().str.join(", ")
