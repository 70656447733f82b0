"""What one unit of a licence costs from a day to the end of the agreement that prices it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.true_forward.events import whole_months
from cssm_lib.analyses.true_forward.money import half_up, priced, timed
from cssm_lib.analyses.true_forward.scope import LINE, places_in_lines
from cssm_lib.schema import ANSWERS

# (price at 10^-12) × months: twelve places survive any number of units to the cent
_EXACT = pl.Decimal(38, 12)


def unit_prices(
    places: pl.DataFrame, lines: pl.DataFrame, *, as_of: dt.date | None
) -> pl.DataFrame:
    """One row per licence in a Virtual Account that an agreement running at `as_of` prices.

    Rule: the price is the line's (rules.md, True Forward: full commitment takes the lower of
    contract and list less discount, partial the latter), support included, over the months from
    `as_of` to the day after the agreement's end, counted the agreement's way. `places` has
    smart_account, virtual_account, license, perhaps tag. Units: money per unit, twelve places, so
    that units × unit_money is rounded once; null without a price. Columns:
    ANSWERS["unit_prices"]. Errors: as `tagged`.

    >>> unit_prices(pl.DataFrame(), pl.DataFrame(), as_of=None).height
    0
    """
    contract = ANSWERS["unit_prices"]
    if places.is_empty() or lines.is_empty() or as_of is None:
        return contract.empty()
    running = lines.filter(pl.lit(as_of).is_between("start", "end"))
    if running.is_empty():
        return contract.empty()
    named = places_in_lines(places, running).drop("tag").unique()
    return contract.shaped(
        named.join(_worth(running, as_of), on=LINE).sort(*contract.key, nulls_last=True)
    )


def _worth(lines: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    day, after = pl.lit(as_of), pl.col("end").dt.offset_by("1d")
    whole = lines.with_columns(after=after).with_columns(
        months_left=whole_months(day, pl.col("after")),
        term_months=whole_months(pl.col("start"), pl.col("after")),
        days_left=(after - day).dt.total_days(),
    )
    cost = half_up(pl.col("unit_billed") * pl.col("month_top"), pl.col("time_part"))
    return timed(priced(whole)).with_columns(
        months=pl.col("month_top").cast(_EXACT) / pl.col("month_part").cast(_EXACT),
        unit_money=cost.cast(_EXACT) / pl.lit(10**12).cast(_EXACT),
    )


def renewed_lines(lines: pl.DataFrame, *, as_of: dt.date | None) -> pl.DataFrame:
    """One row per line of an agreement that runs at `as_of`, with what a unit of it costs.

    Adds unit_price, unit_billed (with support; 10^-12 of the currency), price_basis and
    term_months, the whole months of the agreement (rules.md, True Forward and Days).

    >>> renewed_lines(pl.DataFrame(), as_of=None).height
    0
    """
    if lines.is_empty() or as_of is None:
        return pl.DataFrame()
    running = lines.filter(pl.lit(as_of).is_between("start", "end"))
    after = pl.col("end").dt.offset_by("1d")
    return priced(running.with_columns(after=after)).with_columns(
        term_months=whole_months(pl.col("start"), pl.col("after"))
    )
