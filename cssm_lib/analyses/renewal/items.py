"""What is renewed: the lines of running agreements, and term licences that stand in none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

LINE = ["agreement", "suite", "sku"]
POOL = ["smart_account", "license"]
PLACE = ["smart_account", "virtual_account", "license"]
ITEM = [*LINE, *POOL]
DAY = pl.col("snapshot_date")


def placed(lines: pl.DataFrame, made: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per position and the row of `renewal` it belongs to: its line, else its licence.

    Perpetual licences outside a line, and stock that nothing ends, belong to none (rules.md,
    Demand: perpetual licences are never renewal). Adds agreement, suite, sku (null for a licence),
    perpetual, end (the agreement's last day; of a licence the next on which a lot ends), ending
    (units whose lots end by then), after (entitled the day after, lots of the future included).
    """
    rows = made["positions"].with_row_index("position")
    names = made["unit_prices"].join(lines.select(LINE), on=LINE, how="semi")
    classes = made["pooled"].select(*POOL, "perpetual")
    found = (
        rows.join(names.select(*PLACE, *LINE), on=PLACE, how="left", nulls_equal=True)
        .join(lines.select(*LINE, "end"), on=LINE, how="left")
        .join(classes, on=POOL, how="left", nulls_equal=True)
        .with_columns(pl.col("perpetual").fill_null(False))
    )
    next_end = made["expiries"].group_by(POOL).agg(next_end=pl.col("end_date").min())
    found = found.join(next_end, on=POOL, how="left", nulls_equal=True)
    found = found.with_columns(
        end=pl.when(pl.col("sku").is_null()).then("next_end").otherwise("end")
    )
    held = found.join(_ending(found, made["expiries"]), on="position", how="left")
    held = held.with_columns(pl.col("ending").fill_null(0))
    return held.filter(pl.col("sku").is_not_null() | _renewed())


def _ending(found: pl.DataFrame, expiries: pl.DataFrame) -> pl.DataFrame:
    """Units of a position that end by its renewal, and what is entitled the day after it."""
    ends = found.select("position", *PLACE, "end", "demand").join(
        expiries, on=PLACE, nulls_equal=True
    )
    early = ends.filter(pl.col("end_date") <= pl.col("end"))
    then = (pl.col("balance_after") + pl.col("demand")).filter(pl.col("end_date") == pl.col("end"))
    return early.group_by("position").agg(ending=pl.col("quantity").sum(), after=then.first())


def _renewed() -> pl.Expr:
    """A licence without a line: in use or held, not paid as used, not perpetual in name or lots."""
    lasting = (pl.col("entitled_basis") == "lots") & (pl.col("entitled") > 0)
    lasting &= (pl.col("ending").sum().over(POOL)) == 0
    idle = (pl.col("entitled") == 0) & (pl.col("demand") == 0)
    return ~pl.col("perpetual") & ~lasting.fill_null(False) & ~idle


def listed(lines: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """One row per row of `renewal`, with its own terms; `item` numbers them."""
    counted = pl.coalesce(
        pl.col("metric"),
        pl.when(pl.col("count") == "devices").then(pl.lit("devices")).otherwise(pl.lit("licences")),
    )
    own = lines.sort("agreement", "suite", "position", "sku").with_columns(
        counted=counted,
        smart_account=pl.lit(None, pl.String),
        license=pl.lit(None, pl.String),
        renewal_date=pl.col("end").dt.offset_by("1d"),
    )
    loose = places.filter(pl.col("sku").is_null()).group_by(POOL).agg(
        pl.col("entitled").sum().alias("held"),
        renewal_date=pl.col("end").first().dt.offset_by("1d"),
    )  # fmt: skip
    loose = loose.sort(POOL, nulls_last=True).with_columns(counted=pl.lit("licences"))
    return pl.concat([own, loose], how="diagonal_relaxed").with_row_index("item")


def of_item(places: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The positions with the number of their row of `renewal`."""
    in_line = items.filter(pl.col("sku").is_not_null()).select("item", *LINE)
    loose = items.filter(pl.col("sku").is_null()).select("item", *POOL)
    return pl.concat(
        [
            places.join(in_line, on=LINE),
            places.filter(pl.col("sku").is_null()).join(loose, on=POOL, nulls_equal=True),
        ],
        how="diagonal_relaxed",
    )


def measured(
    items: pl.DataFrame,
    places: pl.DataFrame,
    made: Mapping[str, pl.DataFrame],
    *,
    as_of: dt.date | None,
    window_days: int,
) -> pl.DataFrame:
    """The items with use at as_of and the peak of the trailing window.

    A line has the newest day of `line_days`; a licence the sum of its accounts. The peak is the
    largest full day (rules.md, Peaks); a licence of which some accounts stand in a line has none.
    Adds as_of, measured_on, complete, peak, peak_date.
    """
    days = made["line_days"].filter(DAY.is_not_null())
    inside = DAY <= pl.lit(as_of, pl.Date)
    inside &= DAY > pl.lit(as_of, pl.Date).dt.offset_by(f"-{window_days}d")
    newest = days.sort("snapshot_date").group_by(LINE).last()
    lines = newest.select(*LINE, as_of="demand", measured_on="snapshot_date", complete="full")
    lines = lines.join(_peak(days.filter(inside & pl.col("full")), LINE), on=LINE, how="left")
    pools = _pools(places).join(
        _peak(made["pool_days"].filter(inside & pl.col("full")), POOL),
        on=POOL, how="left", nulls_equal=True,
    )  # fmt: skip
    whole = pools.join(_split(made["positions"], places), on=POOL, how="left", nulls_equal=True)
    pools = whole.with_columns(
        pl.when(pl.col("parts") == pl.col("accounts")).then(name).alias(name)
        for name in ("peak", "peak_date")
    ).select(*POOL, "as_of", "measured_on", "complete", "peak", "peak_date")
    in_line = items.filter(pl.col("sku").is_not_null()).join(lines, on=LINE, how="left")
    loose = items.filter(pl.col("sku").is_null())
    loose = loose.join(pools, on=POOL, how="left", nulls_equal=True)
    return pl.concat([in_line, loose], how="diagonal_relaxed").sort("item")


def _pools(places: pl.DataFrame) -> pl.DataFrame:
    """The accounts of a licence without a line, added up."""
    loose = places.filter(pl.col("sku").is_null())
    return loose.group_by(POOL).agg(
        as_of=pl.col("demand").sum(),
        measured_on=DAY.max(),
        complete=pl.col("complete").fill_null(True).all(),
        accounts=pl.len(),
    )


def _split(positions: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """How many accounts hold the licence at all: more than those without a line?"""
    return positions.group_by(POOL).agg(parts=pl.len())


def _peak(days: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    peak = pl.col("demand").max()
    return days.group_by(keys).agg(peak=peak, peak_date=DAY.filter(pl.col("demand") == peak).min())


def summed(items: pl.DataFrame, places: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """The items with what their accounts lack, what transfers cure, what outlives the renewal.

    Adds short_units, curable_units, perpetual, lasting (units owned beyond the renewal) and
    unreported (peak of accounts that show zero only because reports are overdue); the last three
    for lines that count licences.
    """
    balance = pl.col("balance_after_substitution")
    lasting = pl.when(pl.col("entitled_basis") == "lots").then(
        pl.coalesce("after", pl.col("entitled") - pl.col("ending")).clip(0)
    )
    sums = places.group_by("item").agg(
        short_units=(-balance.clip(upper_bound=0)).sum(),
        perpetual=pl.col("demand").filter("perpetual").sum(),
        unreported=pl.col("peak_in_use").filter(_silent()).sum(),
        lent=pl.col("lent").sum(),
        borrowed=pl.col("borrowed").sum(),
        lasting=lasting.filter(~pl.col("perpetual")).sum(),
        held_names=pl.col("license").unique().sort().str.join(" + "),
    )
    arriving = moves.rename({"to_virtual_account": "virtual_account"})
    cured = (
        places.join(arriving.select(*PLACE, moved="quantity"), on=PLACE, nulls_equal=True)
        .group_by("item")
        .agg(curable_units=pl.col("moved").sum())
    )  # fmt: skip
    found = items.join(sums, on="item", how="left").join(cured, on="item", how="left")
    whole = pl.col("counted") == "licences"
    found = found.with_columns(
        pl.when(whole).then(name).alias(name) for name in ("perpetual", "lasting", "unreported")
    )
    zero = ["short_units", "curable_units", "perpetual", "lasting", "unreported"]
    return found.with_columns(pl.col(zero).fill_null(0))


def _silent() -> pl.Expr:
    return (pl.col("zero_note") == "not reported").fill_null(False) & ~pl.col("perpetual")
