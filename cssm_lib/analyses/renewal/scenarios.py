"""What the new term costs in each scenario, and the three numbers of the brief."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.renewal.items import LINE
from cssm_lib.analyses.renewal.money import (
    cents,
    half_up,
    money,
    month_price,
)
from cssm_lib.schema import ANSWERS

WHOLE = 10**6
# scenario → its quantity, and the range of the agreement that prices it (None: today's price)
SCENARIOS: dict[str, tuple[str, str | None]] = {
    "likely opening": ("opening", "opening"),
    "smaller but dearer": ("wanted", "uplift_high"),
    "clean position": ("cleaned", None),
    "after transfers and drops": ("wanted", None),
    "lowest uplift": ("wanted", "uplift_low"),
    "highest uplift": ("wanted", "uplift_high"),
    "lowest discount": ("wanted", "discount_low"),
    "highest discount": ("wanted", "discount_high"),
}
NUMBERS = {
    "ask": "what the vendor is likely to open with: today's quantity and the shortages of single"
    " accounts on top, or the year's peak, at the highest uplift given",
    "position": "the recommended quantity at today's price",
    "cured": "of the difference, what costs nothing to cure: instances to remove, transfers",
    "disputed": "of the difference, what is left to argue: quantity paid and not needed, the peak"
    " in place of the day, the uplift",
}


def scenarios(renewal: pl.DataFrame, lines: pl.DataFrame, ranges: pl.DataFrame) -> pl.DataFrame:
    """One row per scenario and row of `renewal`: units, price, what it costs against the opening.

    The choices:

    - likely opening: the larger of the year's peak and of today's quantity with the shortages of
      single accounts on top (the vendor's usual count), at the highest uplift that the agreement
      gives, else at today's price;
    - smaller but dearer: the recommended units at that uplift; its break-even price is the one at
      which they cost as much as the opening does;
    - clean position: today's quantity, or the clean need where that is more; after transfers and
      drops: the recommended units; both at today's price;
    - the ends of `uplift` move today's price, those of `discount` set list × (1 − discount).

    A row without a measure keeps today's quantity. Without a price or a range there is no money,
    and `note` says so. `ranges` has agreement, discount_low … uplift_high (millionths). Columns:
    ANSWERS["scenarios"].
    """
    rows = _rows(renewal, lines, ranges)
    parts = [_scenario(rows, place, name) for place, name in enumerate(SCENARIOS, 1)]
    opening = parts[0].select("item", opening_cents="cents")
    every = pl.concat(parts).join(opening, on="item", how="left")
    return ANSWERS["scenarios"].shaped(_against(every).sort("place", "item"))


def _rows(renewal: pl.DataFrame, lines: pl.DataFrame, ranges: pl.DataFrame) -> pl.DataFrame:
    rows = renewal.with_row_index("item").join(ranges, on="agreement", how="left")
    if lines.width:
        listed = pl.col("list_price").to_physical().cast(pl.Int128) * 10**6
        exact = lines.select(*LINE, "unit_price", "unit_billed", list_fine=listed)
        rows = rows.join(exact, on=LINE, how="left")
    else:
        none = pl.lit(None, pl.Int128)
        rows = rows.with_columns(unit_price=none, unit_billed=none, list_fine=none)
    wanted = pl.coalesce("recommended", "today")
    peak = pl.col("peak") - pl.sum_horizontal("owned_on", "perpetual")
    asked = pl.max_horizontal(pl.col("today") + pl.col("short_units").fill_null(0), peak)
    rows = rows.with_columns(
        wanted=wanted, opening=pl.max_horizontal(asked, wanted),
        cleaned=pl.max_horizontal("today", "clean_need"),
    )  # fmt: skip
    free = pl.sum_horizontal("retired", "duplicate", "dropped", "curable_units")
    above = pl.col("opening") - pl.col("wanted")
    return rows.with_columns(cured=pl.min_horizontal(free, above).clip(0))


def _scenario(rows: pl.DataFrame, place: int, name: str) -> pl.DataFrame:
    quantity, end = SCENARIOS[name]
    priced = rows.with_columns(
        pl.lit(place).alias("place"), pl.lit(name).alias("scenario"),
        quantity=pl.col(quantity), price_now=_price(end),
    )  # fmt: skip
    known = priced.with_columns(cents=cents(pl.col("quantity"), "price_now"), note=_note(end))
    if end != "opening":
        return known.with_columns(cured=pl.lit(None, pl.Int64), cured_cents=pl.lit(None, pl.Int128))
    return known.with_columns(cured_cents=cents(pl.col("cured"), "unit_billed"))


def _price(end: str | None) -> pl.Expr:
    """A unit's price in 10^-12 at an end of a range of the agreement."""
    billed = pl.col("unit_billed")
    if end is None:
        return billed
    if end == "opening":
        end, share = "uplift_high", pl.col("uplift_high").fill_null(0)
    else:
        share = pl.col(end)
    share = share.cast(pl.Int128)
    if end.startswith("uplift"):
        return half_up(billed * (WHOLE + share), WHOLE)
    support = billed - pl.col("unit_price")
    return half_up(pl.col("list_fine") * (WHOLE - share), WHOLE) + support


def _note(end: str | None) -> pl.Expr:
    unpriced = pl.col("unit_billed").is_null()
    told = pl.when(unpriced).then(pl.lit("no price in client.toml: units only"))
    if end and end != "opening":
        told = told.when(pl.col(end).is_null()).then(
            pl.lit(f"no range of {end.split('_')[0]} in client.toml: units only")
        )
    if end and end.startswith("discount"):
        told = told.when(pl.col("list_fine").is_null()).then(
            pl.lit("no list price in client.toml: units only")
        )
    return told.otherwise(pl.when(pl.col("as_of").is_null()).then(
        pl.lit("not measured: today's quantity")))  # fmt: skip


def _against(every: pl.DataFrame) -> pl.DataFrame:
    """Money, what a needed unit really costs, and the price at which fewer units save nothing."""
    months = pl.col("term_months").cast(pl.Int128)
    need = pl.when(pl.col("clean_need") > 0).then("clean_need").cast(pl.Int128)
    fewer = pl.when(pl.col("wanted") > 0).then("wanted").cast(pl.Int128)

    def each(amount: str, units: pl.Expr) -> pl.Expr:
        micro = half_up(pl.col(amount) * 10**4, units * months)
        return micro.cast(pl.Decimal(38, 6)) / pl.lit(WHOLE).cast(pl.Decimal(38, 0))

    dearer = pl.col("scenario") == "smaller but dearer"
    return every.with_columns(
        need=pl.col("clean_need"),
        month_price=month_price("price_now"),
        effective_price=each("cents", need),
        break_even_price=pl.when(dearer).then(each("opening_cents", fewer)),
        money=money(pl.col("cents")),
        against_opening=money(pl.col("cents") - pl.col("opening_cents")),
        cured_money=money(pl.col("cured_cents")),
    )


def numbers(renewal: pl.DataFrame, lines: pl.DataFrame, ranges: pl.DataFrame) -> pl.DataFrame:
    """One row per agreement and number: the likely ask, our position, cured free, left to argue.

    Rule: ask and position are the totals of the scenarios "likely opening" and "after transfers and
    drops"; cured is, per row, what removing instances and transferring stock takes off at today's
    price, at most the difference; disputed is the rest, so that ask = position + cured + disputed.
    Money over the rows that have a price, units over all of them; licences that stand in no line
    have a null agreement. Columns: ANSWERS["numbers"].
    """
    rows = _rows(renewal, lines, ranges).with_columns(price_now=_price("opening"))
    billed = pl.col("unit_billed")
    sums = rows.group_by("agreement").agg(
        ask=pl.col("opening").sum(), position=pl.col("wanted").sum(), cured=pl.col("cured").sum(),
        ask_cents=_known(cents(pl.col("opening"), "price_now")),
        position_cents=_known(cents(pl.col("wanted"), "unit_billed")),
        cured_cents=_known(cents(pl.col("cured"), "unit_billed")),
        rows_without_price=pl.len() - billed.count(),
        currency=pl.col("currency").drop_nulls().first(),
    )  # fmt: skip
    sums = sums.with_columns(
        (pl.col(f"ask{kind}") - pl.col(f"position{kind}") - pl.col(f"cured{kind}")).alias(
            f"disputed{kind}"
        )
        for kind in ("", "_cents")
    )
    beside = ["agreement", "rows_without_price", "currency"]
    parts = [
        sums.select(
            *beside,
            *(pl.lit(word).alias(column) for column, word in (("number", name), ("reading", says))),
            place=pl.lit(place), units=pl.col(name), money=money(pl.col(f"{name}_cents")),
        )
        for place, (name, says) in enumerate(NUMBERS.items(), 1)
    ]  # fmt: skip
    return ANSWERS["numbers"].shaped(pl.concat(parts).sort("agreement", "place", nulls_last=True))


def _known(amount: pl.Expr) -> pl.Expr:
    """A sum of what is known; null where nothing is."""
    return pl.when(amount.count() > 0).then(amount.sum())
