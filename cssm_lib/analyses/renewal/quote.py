"""Which row of the renewal each line of the vendor's quote stands for, side by side."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.renewal.items import ITEM, LINE
from cssm_lib.analyses.renewal.money import (
    CENT,
    PER_CENT,
    fine,
    half_up,
    money,
    month_price,
    parsed_cents,
)
from cssm_lib.analyses.renewal.tiers import tier_of
from cssm_lib.rules import Rules, matches_any

# the surest first: the first way that fits anything decides
WAYS = ("sku", "pattern", "licence")
# a unit price for a term is one that no time is multiplied with
BASES = ("month", "year", "term")
# a printed total this near to quantity × price × time was made that way
NEAR = 100


def quote_match(
    quote: pl.DataFrame, renewal: pl.DataFrame, lines: pl.DataFrame, *, rules: Rules
) -> pl.DataFrame:
    """One row per line of the newest quote: what it stands for and both sides of it.

    Rule: a quote's SKU is a line's SKU, or fits the line's `quoted_as` (`support_quoted_as` for its
    support), or its description fits the line's licences or is the licence of a row without a
    line; the surest way decides, then the suite that both name; several rows that are left make
    `undecided`. An overage line (`-O`,
    charge type Usage) commits no units. The total is the printed one, else quantity × unit price ×
    time; what the unit price is for is the way that meets the printed total, else the rule
    `renewal.quote_price_per`. Adds to the columns of ANSWERS["quote_match"] the whole numbers that
    `quote_causes` reckons with: item, quoted, units, own_months, total_cents, made_cents,
    list_fine, tier_rank.

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import ANSWERS, TABLES
    >>> empty = ANSWERS["renewal"].empty()
    >>> quote_match(TABLES["quote"].empty(), empty, pl.DataFrame(), rules=load_rules()).height
    0
    """
    rows = renewal.with_row_index("item")
    numbered = _newest(quote).with_row_index("quoted")
    found = _matched(numbered, _offers(rows, lines))
    joined = found.join(rows.select("item", *ITEM, *_ours(rows)), on="item", how="left")
    known = pl.coalesce("own_currency", pl.lit(rows["currency"].drop_nulls().first(), pl.String))
    joined = joined.with_columns(role=_role(), tier_rank=_rank(rules), own_currency=known)
    return _summed(joined, rules)


def _ours(rows: pl.DataFrame) -> list[pl.Expr]:
    names = ["recommended", "term_months", "per", "price", "support_price"]
    return [*map(pl.col, names), pl.col("currency").alias("own_currency")]


def _newest(quote: pl.DataFrame) -> pl.DataFrame:
    """The newest day of each quote number, a line that two files print once.

    An older print is no offer any more; lines without a number are never taken for the same.
    """
    day = pl.col("snapshot_date")
    newest = (day == day.max().over("quote_number")).fill_null(True)
    undated = day.is_null() & day.max().over("quote_number").is_not_null()
    said = [name for name in quote.columns if name not in ("source", "place")]
    kept = quote.filter(newest & ~undated)
    twice = pl.struct(said).is_first_distinct() | pl.col("line").is_null()
    return kept.filter(twice)


def _offers(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per way in which a row of the renewal can be named: a pattern of SKU or words."""
    in_line = rows.filter(pl.col("sku").is_not_null()).select(
        "item", *LINE, of_suite="suite", called=pl.concat_str("suite", "sku", separator=" / ")
    )
    if lines.width:
        in_line = in_line.join(
            lines.select(*LINE, "licenses", "quoted_as", "support_quoted_as"), on=LINE, how="left"
        )
    loose = rows.filter(pl.col("sku").is_null()).select(
        "item", name="license", called="license", of_suite=pl.lit(None, pl.String)
    )
    parts = [_pattern(in_line, "sku", "sku"), _pattern(loose, "name", "licence")]
    for column, way in (("quoted_as", "pattern"), ("support_quoted_as", "support"),
                        ("licenses", "licence")):  # fmt: skip
        if column in in_line.columns:
            parts.append(_pattern(in_line.explode(column), column, way))
    return pl.concat(parts).filter(pl.col("said").is_not_null())


def _pattern(rows: pl.DataFrame, column: str, way: str) -> pl.DataFrame:
    """The names as regular expressions; a SKU or a licence of the files by its letters."""
    letters = column in ("sku", "name")
    said = [
        None if one is None else f"(?i)^{_escaped(one)}$" if letters else matches_any([one])
        for one in rows[column].to_list()
    ]
    return rows.select(
        "item", "called", "of_suite", said=pl.Series(said, dtype=pl.String), way=pl.lit(way)
    )


def _escaped(name: str) -> str:
    return pl.escape_regex(name.strip())


def _matched(quote: pl.DataFrame, offers: pl.DataFrame) -> pl.DataFrame:
    """Each quote line with the row that the surest way names, or with the rows that it leaves."""
    sku = pl.col("sku").str.strip_chars()
    bare = sku.str.replace(r"(?i)-O$", "")
    pairs = quote.select("quoted", "suite", full=sku, bare=bare, words="description").join(
        offers, how="cross"
    )
    words = pl.col("words").fill_null("")
    said = pl.col("said")
    by_sku = pl.col("full").str.contains(said)
    fits = (
        pl.when(pl.col("way") == "licence").then(words.str.contains(said))
        .when(pl.col("way") == "sku").then(by_sku | pl.col("bare").str.contains(said))
        .otherwise(by_sku | words.str.contains(said))
    )  # fmt: skip
    order = pl.col("way").replace_strict(
        {"sku": 0, "support": 1, "pattern": 2, "licence": 3}, return_dtype=pl.Int8
    )
    hits = pairs.filter(fits).with_columns(order=order).unique(["quoted", "item", "order"])
    best = hits.filter(pl.col("order") == pl.col("order").min().over("quoted"))
    its = _folded("suite") == _folded("of_suite")
    best = best.with_columns(its=its.fill_null(False))
    best = best.filter(pl.col("its") == pl.col("its").max().over("quoted"))
    named = best.sort("quoted", "item").group_by("quoted", maintain_order=True).agg(
        several=pl.len() > 1, item=pl.col("item").first(), way=pl.col("way").first(),
        candidates=pl.col("called").str.join(" or "),
    )  # fmt: skip
    only = ~pl.col("several")
    named = named.with_columns(
        item=pl.when(only).then("item"), candidates=pl.when(~only).then("candidates")
    )
    printed = {name: f"quote_{name}" for name in ("sku", "suite")}
    printed |= {"smart_account": "quote_account"}
    return quote.rename(printed).join(named, on="quoted", how="left")


def _folded(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars().str.to_lowercase()


def _role() -> pl.Expr:
    return (
        pl.when(pl.col("overage").fill_null(False)).then(pl.lit("overage"))
        .when(pl.col("several").fill_null(False)).then(pl.lit("undecided"))
        .when(pl.col("way") == "support").then(pl.lit("support"))
        .when(pl.col("item").is_not_null()).then(pl.lit("line"))
        .otherwise(pl.lit("new"))
    )  # fmt: skip


def _rank(rules: Rules) -> pl.Expr:
    """The tier that the quoted words name above the row's own; null where they do not."""
    own = tier_of(pl.concat_str("sku", "license", separator=" ", ignore_nulls=True), rules)
    said = tier_of(
        pl.concat_str("quote_sku", "description", separator=" ", ignore_nulls=True), rules
    )
    other = pl.col("sku").str.to_lowercase() != pl.col("quote_sku").str.to_lowercase()
    return pl.when((said > own) & other).then(said)


def _summed(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The total of every line, and how its unit price is to be read."""
    net, printed = fine("net_unit_price"), parsed_cents("extended_net_price")
    rows = rows.with_columns(
        net_fine=net,
        list_fine=fine("list_price"),
        printed=printed,
        own_months=pl.coalesce("months", "term_months"),
        units=pl.when(pl.col("role") == "overage").then(0).otherwise(pl.col("quantity")),
    )
    rows = rows.with_columns(_made(basis).alias(basis) for basis in BASES)
    near = [
        pl.when((pl.col(basis) - pl.col("printed")).abs() * NEAR <= pl.col("printed").abs())
        .then(pl.lit(basis))
        for basis in BASES
    ]  # fmt: skip
    unread = pl.when(pl.col("net_fine").is_not_null()).then(
        pl.lit(rules["renewal.quote_price_per"])
    )
    rows = rows.with_columns(price_reading=pl.coalesce(*near, unread))
    rows = rows.with_columns(made_cents=_chosen())
    total = pl.coalesce("printed", "made_cents")
    free = pl.when(pl.col("role") == "overage").then(pl.lit(0, pl.Int128))
    total = pl.coalesce(total, free)
    rows = rows.with_columns(total_cents=pl.when(_same_currency()).then(total))
    return _side_by_side(rows, rules["renewal.tier_words"])


def _made(basis: str) -> pl.Expr:
    """Quantity × unit price × time in cents, were the price for that long."""
    months = pl.col("own_months").cast(pl.Int128)
    time = pl.lit(1, pl.Int128) if basis == "term" else months
    part = 12 if basis == "year" else 1
    return half_up(pl.col("units").cast(pl.Int128) * pl.col("net_fine") * time, PER_CENT * part)


def _chosen() -> pl.Expr:
    """The total by the reading of the unit price."""
    made = pl.lit(None, pl.Int128)
    for basis in BASES:
        made = pl.when(pl.col("price_reading") == basis).then(basis).otherwise(made)
    return made


def _same_currency() -> pl.Expr:
    quoted, own = pl.col("currency").str.strip_chars(), pl.col("own_currency")
    return (quoted.str.to_uppercase() == own).fill_null(True)


def _side_by_side(rows: pl.DataFrame, tiers: list[str]) -> pl.DataFrame:
    """Months and prices of both sides as they are printed."""
    support = pl.col("support_price").fill_null(0)
    today = (pl.col("price") + support).cast(pl.Decimal(38, 6)).to_physical().cast(pl.Int128)
    part = {"year": 12}
    quoted_part = pl.col("price_reading").replace_strict(part, default=1, return_dtype=pl.Int64)
    quoted_part = (
        pl.when(pl.col("price_reading") == "term").then(pl.col("own_months")).otherwise(quoted_part)
    )
    rows = rows.with_columns(
        today_fine=today * 10**6,
        quoted_month=half_up(pl.col("net_fine"), 10**6 * quoted_part.clip(1).cast(pl.Int128)),
    )
    is_line = pl.col("role") == "line"
    # a line that renews nothing belongs to the one agreement that its quote is for
    its = pl.col("agreement").drop_nulls()
    only = pl.when(its.n_unique().over("quote_number") == 1).then(its.first().over("quote_number"))
    nobody = pl.col("role").is_in(["new", "undecided", "overage"])
    rows = rows.with_columns(
        agreement=pl.coalesce("agreement", pl.when(nobody).then(only)),
        month_price=pl.col("quoted_month").cast(pl.Decimal(38, 6)) / pl.lit(10**6).cast(CENT),
        month_price_today=pl.when(is_line).then(month_price("today_fine")),
        total=money(pl.col("total_cents")),
        matched_by=pl.coalesce("way", pl.lit("nothing")),
        note=_note(),
        tier=pl.col("tier_rank").replace_strict(
            dict(enumerate(tiers)), default=None, return_dtype=pl.String
        ),
        currency=pl.coalesce("currency", "own_currency"),
    )
    change = pl.col("month_price").cast(pl.Float64) / pl.col("month_price_today").cast(pl.Float64)
    share = pl.when(is_line & change.is_finite()).then(((change - 1) * 100).round(2))
    return rows.with_columns(price_change=share.cast(pl.Decimal(38, 6)))


def _note() -> pl.Expr:
    return (
        pl.when(~_same_currency()).then(
            pl.format("quoted in {}, the client's prices are in {}", "currency", "own_currency")
        )
        .when((pl.col("role") == "line") & pl.col("units").is_null())
        .then(pl.lit("the quote states no quantity"))
        .when((pl.col("role") == "line") & pl.col("price").is_null())
        .then(pl.lit("no price of today: units only"))
        .when((pl.col("role") != "overage") & pl.col("total_cents").is_null())
        .then(pl.lit("the quote states no price"))
    )  # fmt: skip
