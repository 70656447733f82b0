"""From the recommended quantity at today's price to the quote's total, one cause a step.

Every step is the difference of two amounts that are each rounded to cents once, so that the steps
of a row add up to its difference to the cent, whatever the prices.
"""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.renewal.items import ITEM, LINE
from cssm_lib.analyses.renewal.money import cents, half_up, money, period
from cssm_lib.analyses.renewal.tiers import tier_of
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

OF = ["quote_number", "item"]
# causes of another quantity, in the order in which they are laid over the clean need
SEGMENTS = (
    "tier_upgrade",
    "project",
    "retired",
    "duplicate",
    "dropped",
    "peak",
    "accounts",
    "kept",
    "growth",
    "fewer",
    "not_quoted",
)
STEPS = (
    *SEGMENTS, "term", "support", "list_price", "discount", "uplift", "price_cut", "printed_sum",
    "new_sku", "overage", "undecided",
)  # fmt: skip


def quote_causes(
    matched: pl.DataFrame, renewal: pl.DataFrame, lines: pl.DataFrame, *, rules: Rules
) -> pl.DataFrame:
    """One row per cause of a difference between a quote and what is recommended.

    Rule: of every row of `renewal` that the quote touches (a row of an agreement of which it names
    a line), the way from recommended units × today's price × today's term to the quote's total is
    walked in the order of STEPS; what a step changes is its cause. More units than recommended are
    laid first over what the clean need leaves out (retired, duplicate …), then up to the largest
    known number that the quote reaches (today's quantity, the year's peak, today's quantity and
    what single accounts lack); the rest is growth. Units of a row that is not quoted stand as an
    upgrade where a higher tier of its suite is quoted beyond its own need. A line's price is split
    at the list price where both sides state one. Without a price on both sides the units stand
    alone. Units, money in the quote's currency. Columns: ANSWERS["quote_causes"].
    """
    rows = _rows(renewal, lines, rules)
    groups = _groups(matched, rows)
    quantity = _quantity(_upgraded(groups))
    along = _along_lines(matched, groups)
    rest = along.filter(pl.col("cause") != "support")
    parts = [quantity, rest, _support(along, groups), _loose(matched)]
    every = pl.concat(parts, how="diagonal_relaxed")
    shown = every.filter((pl.col("cents") != 0) | (pl.col("units").fill_null(0) != 0)
                         | (pl.col("cause") == "overage"))  # fmt: skip
    return _worded(shown, rows, rules)


def _rows(renewal: pl.DataFrame, lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows of the renewal with the exact price of their line and the rank of their tier."""
    rows = renewal.with_row_index("item")
    if lines.width:
        listed = pl.col("list_price").to_physical().cast(pl.Int128).alias("list_today")
        exact = lines.select(*LINE, "unit_price", "unit_billed", listed)
        rows = rows.join(exact, on=LINE, how="left")
    else:
        none = pl.lit(None, pl.Int128)
        rows = rows.with_columns(unit_price=none, unit_billed=none, list_today=none)
    words = pl.concat_str("sku", "license", separator=" ", ignore_nulls=True)
    return rows.with_columns(
        wanted=pl.coalesce("recommended", "today"),
        rank=tier_of(words, rules),
    )


def _groups(matched: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """One row per quote and row of the renewal that it touches, quoted or left out."""
    own = matched.filter(pl.col("role").is_in(["line", "support"]))
    line = pl.col("role") == "line"
    sums = own.group_by(OF).agg(
        quoted=line.any(),
        units=pl.col("units").filter(line).sum(),
        supported=pl.col("total_cents").filter(~line).sum(),
        supports=(~line).any(),
        uncounted=pl.col("units").filter(line).is_null().any(),
        blind=pl.col("total_cents").is_null().any(),
    )
    named = own.join(rows.select("item", "agreement"), on="item")
    touched = named.select("quote_number", "agreement").unique().drop_nulls("agreement")
    whole = touched.join(rows.select("item", "agreement"), on="agreement").drop("agreement")
    pairs = pl.concat([sums.select(OF), whole.select(OF)]).unique()
    found = pairs.join(sums, on=OF, how="left", nulls_equal=True).join(rows, on="item")
    found = found.with_columns(pl.col("quoted", "supports", "blind", "uncounted").fill_null(False),
                               pl.col("units", "supported").fill_null(0))  # fmt: skip
    known = pl.col("unit_billed").is_not_null() & pl.col("wanted").is_not_null()
    return found.with_columns(compared=known & ~pl.col("blind") & ~pl.col("uncounted")).sort(
        OF, nulls_last=True
    )


def _upgraded(groups: pl.DataFrame) -> pl.DataFrame:
    """Adds `up`: units of rows left out that a higher tier of their suite is quoted beyond its own.

    A row that is left out gives to the lowest higher tier with units to spare, in the rows' order.
    """
    suite = ["quote_number", "agreement", "suite"]
    out = groups.filter(~pl.col("quoted"), pl.col("rank").is_not_null(), pl.col("wanted") > 0)
    spare = (pl.col("units") - pl.col("wanted")).alias("spare")
    over = groups.filter("quoted", pl.col("rank").is_not_null(), spare > 0)
    over = over.select(*suite, "rank", spare, to="item")
    pairs = out.select(*suite, "rank", "wanted", "item").join(
        over, on=suite, suffix="_over", nulls_equal=True
    )
    pairs = pairs.filter(pl.col("rank_over") > pl.col("rank")).sort("item", "rank_over", "to")
    pairs = pairs.unique(["quote_number", "item"], keep="first", maintain_order=True)
    side = ["quote_number", "to"]
    before = pl.col("wanted").cum_sum().over(side) - pl.col("wanted")
    given = pairs.with_columns(up=pl.min_horizontal("wanted", pl.col("spare") - before).clip(0))
    gives = given.select("quote_number", "item", gone="up")
    takes = given.group_by(side).agg(pl.col("up").sum()).rename({"to": "item"})
    return (
        groups.join(gives, on=OF, how="left", nulls_equal=True)
        .join(takes, on=OF, how="left", nulls_equal=True)
        .with_columns(pl.col("up", "gone").fill_null(0))
    )


def _quantity(groups: pl.DataFrame) -> pl.DataFrame:
    """The causes of other units than recommended, each at today's price and term."""
    counted = groups.filter(~pl.col("uncounted"), pl.col("wanted").is_not_null())
    long = counted.with_columns(_segments()).unpivot(
        on=[f"by_{name}" for name in SEGMENTS],
        index=[*OF, "wanted", "unit_billed", "per", "term_months", "compared"],
        variable_name="cause",
        value_name="added",
    )
    long = long.with_columns(cause=pl.col("cause").str.strip_prefix("by_"))
    order = pl.col("cause").replace_strict(
        {name: place for place, name in enumerate(SEGMENTS)}, return_dtype=pl.Int64
    )
    walked = long.filter(pl.col("added") != 0).with_columns(step=order).sort(*OF, "step")
    so_far = pl.col("wanted") + pl.col("added").cum_sum().over(OF)
    change = cents(so_far, "unit_billed") - cents(so_far - pl.col("added"), "unit_billed")
    return walked.select(*OF, "cause", units="added", cents=pl.when("compared").then(change))


def _segments() -> list[pl.Expr]:
    """Units of each cause: levels above the clean need, cut to what lies between the two counts."""
    quoted, wanted = pl.col("units") - pl.col("up"), pl.col("wanted")
    clean = pl.coalesce("clean_need", "wanted")
    levels, ends = clean + pl.min_horizontal("planned", pl.lit(0)).fill_null(0), {}
    ends["project"] = clean
    for name in ("retired", "duplicate", "dropped"):
        ends[name] = (ends["project"] if name == "retired" else levels) + pl.col(name).fill_null(0)
        levels = ends[name]
    basis, name = _basis(levels, quoted)
    found, low = {}, clean + pl.min_horizontal("planned", pl.lit(0)).fill_null(0)
    for cause, end in ends.items():
        found[cause] = _between(low, end, wanted, quoted)
        low = end
    for cause in ("peak", "accounts", "kept"):
        part = _between(low, basis, wanted, quoted)
        found[cause] = pl.when(name == cause).then(part).otherwise(0)
    found["growth"] = _between(pl.max_horizontal(low, basis), quoted, wanted, quoted)
    found["tier_upgrade"] = pl.when("quoted").then(pl.col("up")).otherwise(-pl.col("gone"))
    found["fewer"] = (quoted - wanted).clip(upper_bound=0)
    found["not_quoted"] = -(wanted - pl.col("gone"))
    there = {**dict.fromkeys(found, pl.col("quoted")), "not_quoted": ~pl.col("quoted")}
    there["tier_upgrade"] = pl.lit(True)
    return [
        pl.when(there[cause]).then(units).otherwise(0).fill_null(0).alias(f"by_{cause}")
        for cause, units in found.items()
    ]


def _between(low: pl.Expr, high: pl.Expr, first: pl.Expr, last: pl.Expr) -> pl.Expr:
    """What of the stretch low…high lies in first…last."""
    return (pl.min_horizontal(high, last) - pl.max_horizontal(low, first)).clip(0)


def _basis(used: pl.Expr, quoted: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The largest known number that the quote reaches, and its name; of equals the first named."""
    known = {
        "kept": pl.col("today"),
        "peak": pl.col("peak") - pl.sum_horizontal("owned_on", "perpetual"),
        "accounts": pl.col("today") + pl.col("short_units"),
    }
    level, name = used, pl.lit("")
    for cause, number in known.items():
        reached = ((number > level) & (number <= quoted)).fill_null(False)
        level, name = (
            pl.when(reached).then(number).otherwise(level),
            pl.when(reached).then(pl.lit(cause)).otherwise(name),
        )
    return level, name


def _along_lines(matched: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """The causes that lie in a line of the quote: term, tier, support, price, printed sum."""
    terms = [*OF, "agreement", "suite", "unit_price", "unit_billed", "compared", "supports",
             "list_today"]  # fmt: skip
    lines = matched.filter(pl.col("role") == "line").select(
        *OF, "quoted", "line", "quote_sku", "units", "own_months", "term_months", "per",
        "price_reading", "list_fine", "made_cents", "total_cents", "tier_rank",
    )  # fmt: skip
    found = lines.join(groups.select(terms), on=OF, nulls_equal=True).filter("compared")
    walked = _walked(found.join(_tiers(groups), on=["agreement", "suite", "tier_rank"], how="left"))
    return pl.concat(
        walked.select(*OF, "line", "quote_sku", cause=name, cents=change)
        for name, change in _changes()
    )


def _tiers(groups: pl.DataFrame) -> pl.DataFrame:
    """What a unit of each tier of a suite costs today."""
    known = groups.filter(pl.col("rank").is_not_null(), pl.col("unit_billed").is_not_null())
    return known.unique(["agreement", "suite", "rank"], keep="first", maintain_order=True).select(
        "agreement", "suite", tier_rank="rank", tier_price="unit_price",
        tier_billed="unit_billed", tier_per="per",
    )  # fmt: skip


def _walked(lines: pl.DataFrame) -> pl.DataFrame:
    """Each line with its amount after every step, in cents: a, b … g, where g is its total."""
    units = pl.col("units")
    rows = lines.sort(*OF, "quoted").with_columns(so_far=units.cum_sum().over(OF))
    today = cents(pl.col("so_far"), "unit_billed")
    rows = rows.with_columns(
        a=today - today.shift(1).over(OF).fill_null(0),
        b=cents(units, "unit_billed", "own_months"),
        made=pl.coalesce("made_cents", "total_cents"),
    )
    higher, known = pl.col("tier_rank").is_not_null(), pl.col("tier_billed").is_not_null()
    rows = rows.with_columns(
        c=pl.when(higher & known).then(cents(units, "tier_billed", "own_months", "tier_per"))
        .when(higher).then("made").otherwise("b"),
    )  # fmt: skip
    bare = pl.when(higher & known).then(cents(units, "tier_price", "own_months", "tier_per"))
    bare = bare.when(higher).then("c").otherwise(cents(units, "unit_price", "own_months"))
    rows = rows.with_columns(d=pl.when("supports").then(bare).otherwise("c"))
    return rows.with_columns(e=_at_list(), g=pl.col("total_cents"))


def _at_list() -> pl.Expr:
    """The amount, were only the list price to move; as it is without a list price on both sides."""
    basis = pl.col("price_reading").replace_strict(
        {"month": 1, "year": 12}, default=None, return_dtype=pl.Int128
    )
    basis = pl.coalesce(basis, pl.col("own_months").cast(pl.Int128))
    quoted = pl.col("list_fine") // 10**6 * period()
    moved = half_up(pl.col("d") * quoted, pl.col("list_today") * basis)
    return pl.when(_both_lists()).then(moved).otherwise("d")


def _both_lists() -> pl.Expr:
    same_tier = pl.col("tier_rank").is_null()
    return ((pl.col("list_today") > 0) & (pl.col("list_fine") > 0) & same_tier).fill_null(False)


def _changes() -> list[tuple[pl.Expr, pl.Expr]]:
    """The cause of each step and what it changes."""
    last = pl.col("made") - pl.col("e")
    price = (
        pl.when(_both_lists()).then(pl.lit("discount"))
        .when(last > 0).then(pl.lit("uplift")).otherwise(pl.lit("price_cut"))
    )  # fmt: skip
    return [
        (pl.lit("term"), pl.col("b") - pl.col("a")),
        (pl.lit("tier_upgrade"), pl.col("c") - pl.col("b")),
        (pl.lit("support"), pl.col("d") - pl.col("c")),
        (pl.lit("list_price"), pl.col("e") - pl.col("d")),
        (price, last),
        (pl.lit("printed_sum"), pl.col("g") - pl.col("made")),
    ]


def _support(along: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Support of a row: what its own lines ask, less today's support at the quoted units."""
    quoted = groups.filter("compared", "supports").select(*OF, cents="supported")
    today = along.filter(pl.col("cause") == "support").select(*OF, "cents")
    sums = pl.concat([quoted, today]).group_by(OF).agg(pl.col("cents").sum())
    return sums.with_columns(cause=pl.lit("support"))


def _loose(matched: pl.DataFrame) -> pl.DataFrame:
    """Lines of the quote that renew no row: whole lines are their own cause."""
    causes = {"new": "new_sku", "overage": "overage", "undecided": "undecided"}
    lines = matched.filter(pl.col("role").is_in(list(causes)))
    return lines.select(
        "quote_number",
        pl.when(pl.col("role") == "overage").then("item").alias("item"),
        "line",
        "quote_sku",
        "units",
        cause=pl.col("role").replace_strict(causes, return_dtype=pl.String),
        cents="total_cents",
    )


def _worded(causes: pl.DataFrame, rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    words = rules["renewal.causes"]
    step = {name: place for place, name in enumerate(STEPS)}
    named = causes.join(rows.select("item", *ITEM, own="currency"), on="item", how="left")
    # a line that renews nothing belongs to the one agreement that its quote is for
    only = pl.col("agreement").drop_nulls().n_unique().over("quote_number") == 1
    its = pl.col("agreement").drop_nulls().first().over("quote_number")
    told = named.with_columns(
        agreement=pl.coalesce("agreement", pl.when(only & pl.col("item").is_null()).then(its)),
        step=pl.col("cause").replace_strict(step, return_dtype=pl.Int64),
        says=pl.col("cause").replace_strict({name: words[name]["says"] for name in STEPS}),
        answer=pl.col("cause").replace_strict({name: words[name]["answer"] for name in STEPS}),
        money=money(pl.col("cents")),
        currency=pl.coalesce("own", pl.lit(rows["currency"].drop_nulls().first())),
    )
    order = ["quote_number", "item", "step", "line"]
    return ANSWERS["quote_causes"].shaped(told.sort(order, nulls_last=True, maintain_order=True))


def quote_totals(
    matched: pl.DataFrame, causes: pl.DataFrame, renewal: pl.DataFrame, lines: pl.DataFrame,
    *, rules: Rules,
) -> pl.DataFrame:  # fmt: skip
    """One row per quote: its total, that of the recommended quantities, and what lies between.

    Rule: only rows and lines with a price on both sides are added up; the others are counted in
    lines_not_compared. `unexplained` is the difference less the causes. Columns:
    ANSWERS["quote_totals"].
    """
    groups = _groups(matched, _rows(renewal, lines, rules))
    clean = groups.filter("compared").group_by("quote_number").agg(
        clean=cents(pl.col("wanted"), "unit_billed").sum()
    )  # fmt: skip
    compared = groups.select(*OF, "compared")
    known = matched.join(compared, on=OF, how="left", nulls_equal=True)
    own = pl.col("role").is_in(["line", "support"])
    counts = (own & pl.col("compared").fill_null(False)) | (
        ~own & pl.col("total_cents").is_not_null()
    )
    quoted = known.group_by("quote_number", maintain_order=True).agg(
        valid_until=pl.col("valid_until").min(),
        lines=pl.len(),
        lines_not_compared=(~counts).sum(),
        quoted=pl.col("total_cents").filter(counts).sum(),
        currency=pl.col("own_currency").drop_nulls().first(),
    )
    explained = causes.group_by("quote_number").agg(causes=pl.col("money").sum())
    sums = quoted.join(clean, on="quote_number", how="left", nulls_equal=True).join(
        explained, on="quote_number", how="left", nulls_equal=True
    )
    sums = sums.with_columns(pl.col("clean").fill_null(0), pl.col("causes").fill_null(0))
    difference = pl.col("quoted") - pl.col("clean")
    share = half_up(difference * 10**4, pl.col("clean"))
    sums = sums.with_columns(
        quoted=money(pl.col("quoted")), clean=money(pl.col("clean")),
        difference=money(difference),
        difference_share=pl.when(pl.col("clean") > 0).then(money(share)),
    )  # fmt: skip
    rows = sums.with_columns(unexplained=pl.col("difference") - pl.col("causes"))
    return ANSWERS["quote_totals"].shaped(rows.sort("quote_number", nulls_last=True))
