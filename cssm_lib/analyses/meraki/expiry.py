"""The common expiry of an organisation whose licences co-terminate."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.meraki.newest import newest
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

EPOCH = dt.date(1970, 1, 1)
COUNTS, PRICES, BOARD = "count-weighted", "price-weighted", "dashboard"


def common_days(days: pl.Expr, counts: pl.Expr, prices: pl.Expr | None = None) -> pl.Expr:
    """Weighted mean of days: Σ(days × n) / Σ n, or Σ(days × n × price) / Σ(n × price).

    Cisco's own two examples round differently, so the result is exact to within one day. Null
    where nothing weighs anything.

    >>> told = pl.DataFrame({"days": [1825, 365], "n": [1, 2]})
    >>> told.select(common_days(pl.col("days"), pl.col("n")).round(0))["days"].item()
    852.0
    """
    weight = counts.cast(pl.Float64) * (1.0 if prices is None else prices)
    return pl.when(weight.sum() > 0).then((days * weight).sum() / weight.sum())


def meraki_expiry(
    licenses: pl.DataFrame, overview: pl.DataFrame, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per organisation and formula: when all its licences end together.

    Rule (domain.md §7): the mean of the licences' own ends, weighted by their number or by number
    and one-year list price (`meraki.list_prices`). A key that is invalid counts for nothing. Keys
    that renew leave it open which licences they extend: the state is `undecided`. The dashboard's
    own date stands beside, and `agrees` is within `meraki.tolerance_days`. Columns:
    `ANSWERS["meraki_expiry"]`; raises nothing.

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> empty = TABLES["meraki_licenses"].empty(), TABLES["meraki_overview"].empty()
    >>> meraki_expiry(*empty, as_of=None, rules=load_rules()).height
    0
    """
    keys = _keys(licenses, as_of, rules)
    boards = _dashboard(overview, as_of)
    rows = pl.concat([_weighted(keys, COUNTS), _weighted(keys, PRICES)])
    joined = _beside(rows, boards, rules)
    own = boards.select(
        "snapshot_date",
        expires="board",
        devices="licensed",
        formula=pl.lit(BOARD),
        basis=pl.lit("the dashboard's own date"),
    ).with_columns(state=pl.when(pl.col("expires").is_null()).then(pl.lit("unknown")))
    both = pl.concat([joined, own], how="diagonal_relaxed")
    left = (pl.col("expires") - pl.lit(as_of, pl.Date)).dt.total_days()
    both = both.with_columns(days_left=left, state=pl.coalesce("state", pl.lit("given")))
    return ANSWERS["meraki_expiry"].shaped(both.sort("organization_id", "formula", nulls_last=True))


def _keys(licenses: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """One row per model of a valid key, with the day on which its own term ends."""
    prices = pl.DataFrame(
        [(str(one["model"]), float(one["price"])) for one in rules["meraki.list_prices"]],
        schema={"model": pl.String, "price": pl.Float64},
        orient="row",
    ).unique("model", keep="first")
    held = licenses.filter(pl.col("licensing") == "co-termination")
    valid = newest(held, as_of, by="organization_id").filter(
        ~pl.col("invalidated").fill_null(False), pl.col("count") > 0
    )
    end = pl.col("started_at") + pl.duration(days=pl.col("duration_in_days"))
    return valid.join(prices, on="model", how="left").with_columns(
        end=end, renews=pl.col("mode").str.to_lowercase().eq("renew").fill_null(False)
    )


def _weighted(keys: pl.DataFrame, formula: str) -> pl.DataFrame:
    since = (pl.col("end") - EPOCH).dt.total_days()
    price = pl.col("price") if formula == PRICES else None
    mean = common_days(since, pl.col("count"), price)
    known = pl.col("end").is_not_null().all()
    if formula == PRICES:
        known = known & pl.col("price").is_not_null().all()
    lacking = pl.col("model").filter(pl.col("price").is_null()).unique().sort().str.join(", ")
    return keys.group_by("organization_id", maintain_order=True).agg(
        pl.col("snapshot_date").first(),
        formula=pl.lit(formula),
        keys=pl.col("license_key").n_unique().cast(pl.Int64),
        devices=pl.col("count").sum(),
        expires=pl.when(known).then(EPOCH + pl.duration(days=mean.round(0).cast(pl.Int64))),
        renews=pl.col("renews").any(),
        basis=pl.when(known)
        .then(pl.lit("ends of the keys' own terms"))
        .when(pl.col("end").is_null().any())
        .then(pl.lit("a key without start or duration"))
        .otherwise(pl.concat_str(pl.lit("no list price for "), lacking)),
    )


def _dashboard(overview: pl.DataFrame, as_of: dt.date | None) -> pl.DataFrame:
    """One row per co-termination overview: its day, its date and the devices it licenses."""
    held = newest(overview.filter(pl.col("licensing") == "co-termination"), as_of)
    counts = pl.when(pl.col("section") == "licensedDeviceCounts").then("count")
    # several organisations may stand in one file, each below a place of its own
    own = pl.col("place").str.replace(r"/licensedDeviceCounts/.*$", "").alias("own_place")
    return (
        held.group_by("source", own, maintain_order=True)
        .agg(
            pl.col("snapshot_date").first(),
            board=pl.col("expiration_date").first(),
            licensed=counts.sum(),
        )
        .drop("own_place")
    )


def _beside(rows: pl.DataFrame, boards: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What each formula says against the one dashboard; which of several it is nobody says."""
    board = boards["board"].item() if boards.height == 1 else None
    one = board if rows["organization_id"].n_unique() <= 1 else None
    apart = (pl.col("expires") - pl.lit(one, pl.Date)).dt.total_days()
    near = apart.abs() <= rules["meraki.tolerance_days"]
    state = (
        pl.when(pl.col("expires").is_null())
        .then(pl.lit("unknown"))
        .when("renews")
        .then(pl.lit("undecided"))
        .when(apart.is_null())
        .then(pl.lit("alone"))
        .when(near)
        .then(pl.lit("agrees"))
        .otherwise(pl.lit("differs"))
    )
    open_ = pl.when(pl.col("renews") & pl.col("expires").is_not_null()).then(
        pl.lit("; a renewal key is among them, what it extends is not said")
    )
    return rows.with_columns(
        differs_by=apart,
        state=state,
        basis=pl.concat_str("basis", open_.otherwise(pl.lit(""))),
    )
