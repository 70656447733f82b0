"""The dispute file: the vendor's own figures against ours, each difference with one named cause."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.true_forward import causes
from cssm_lib.analyses.true_forward.bill import completed
from cssm_lib.analyses.true_forward.events import events
from cssm_lib.analyses.true_forward.money import MICRO, decimal, micro, priced, timed
from cssm_lib.analyses.true_forward.reported import STRANGE, as_reported
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

SUITE = ["report", "source", "agreement", "suite", "event_date"]
FIGURES = ["consumed", "purchased", "order quantity", "price", "months", "charge", "credit"]
UNITS = pl.Decimal(38, 6)
_FREE = ("0.15", "0.2")


def disputes(
    report: pl.DataFrame,
    evidence: dict[str, pl.DataFrame],
    lines: pl.DataFrame,
    billed: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(disputes, dispute_lines): one row per difference, one row per line of the vendor's report.

    Rule: the charge is walked from ours to theirs, one figure after the other: consumed, purchased,
    order quantity, price, months, printed charge; what a figure adds is its own difference, so the
    differences of a line sum to that of its net. A credit that differs belongs to the first of
    these figures that differs, else to itself. Each has one cause by what the vendor's figure
    equals (`causes`), else "unexplained". A line that the report leaves out is one difference, its
    whole net. `report` is the table true_forward_report; `evidence`
    has line_days, held, generated, errors. `lines` and `billed` may hold every reading; the
    contract's counts. Columns: ANSWERS["disputes"] and ANSWERS["dispute_lines"].
    """
    none = ANSWERS["disputes"].empty(), ANSWERS["dispute_lines"].empty()
    own = billed.filter(pl.col("reading") == "contract")
    rows, strangers = as_reported(report, evidence["generated"], own, as_of=as_of, rules=rules)
    if rows.is_empty() and strangers.is_empty():
        return none
    walked = _walked(_with_terms(rows, lines, evidence["held"], rules))
    differences = _differences(walked.filter(~pl.col("missing")), evidence, lines)
    left_out = _left_out(walked.filter("missing"))
    parts = [differences, left_out, _of_strangers(strangers)]
    found = pl.concat(parts, how="diagonal_relaxed")
    whole = pl.concat([walked, strangers], how="diagonal_relaxed")
    return _printed(found), _lines(whole, found)


def _with_terms(
    rows: pl.DataFrame, lines: pl.DataFrame, held: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """The rows with what a unit costs and for how long, and what CSSM shows as owned that day."""
    terms = completed(lines, rules).filter(pl.col("reading") == "contract")
    when = timed(events(priced(terms))).select(
        *LINE, "event_date", "entitled", "unit_price", "unit_billed", "month_top", "month_part",
        "time_part", "charged", "last_months", "term_months", "months_left",
        share=micro("allowance").fill_null(0),
    )  # fmt: skip
    names = causes.licences_named(
        held.select("license", "tag").unique(), terms
    ).select(*LINE, "license", "tag")  # fmt: skip
    owned = (
        held.join(names, on=["license", "tag"], nulls_equal=True)
        .group_by(*LINE, measured_on="snapshot_date")
        .agg(owned=pl.col("entitled").sum())
    )
    return rows.join(when, on=[*LINE, "event_date"], how="left").join(
        owned, on=[*LINE, "measured_on"], how="left"
    )


def _walked(rows: pl.DataFrame) -> pl.DataFrame:
    """The charge after each figure is taken as the vendor prints it: `at_consumed` and so on."""
    theirs, base = pl.col("consumed"), micro("base")
    late = pl.col("months_left") < pl.col("last_months")
    their_base = pl.col("purchased").cast(pl.Int128) * MICRO
    asked = rows.with_columns(
        units_consumed=_over(theirs.cast(pl.Int128) * MICRO, base),
        units_purchased=_over(theirs.cast(pl.Int128) * MICRO, their_base),
        bare=(theirs - pl.col("purchased")).clip(0).cast(pl.Int128) * MICRO,
        their_price=_their_price(),
        our_top=pl.when(late).then(0).otherwise("month_top"),
        their_top=pl.coalesce(pl.col("months") * pl.col("month_part"), "month_top"),
        printed=(pl.col("charge").cast(UNITS).cast(pl.Decimal(38, 2)) * 100).cast(pl.Int128),
    )
    stepped = asked.with_columns(units_ordered=_ordered())
    steps = {
        "at_ours": ("our_over", "unit_billed", "our_top"),
        "at_consumed": ("units_consumed", "unit_billed", "our_top"),
        "at_purchased": ("units_purchased", "unit_billed", "our_top"),
        "at_ordered": ("units_ordered", "unit_billed", "our_top"),
        "at_price": ("units_ordered", "their_price", "our_top"),
        "at_months": ("units_ordered", "their_price", "their_top"),
    }
    paid = stepped.with_columns(
        **{name: _paid(*parts) for name, parts in steps.items()}
    ).with_columns(at_printed=pl.coalesce("printed", "at_months"))
    return paid.with_columns(_credits()).with_columns(follows=_follows())


def _over(used: pl.Expr, base: pl.Expr) -> pl.Expr:
    """Units to charge by the contract's own way with free growth."""
    above, beyond = (used - base).clip(0), used * MICRO - base * (MICRO + pl.col("share"))
    part = (2 * beyond.clip(0) + MICRO) // (2 * MICRO)
    units = pl.when(pl.col("charged") == "above_allowance").then(part).otherwise(above)
    return pl.when(beyond <= 0).then(0 * above).otherwise(units)


def _their_price() -> pl.Expr:
    """Their net unit price per period of ours; a price per month or year of the same worth is ours.

    10^-12 of the currency; theirs without support is taken with ours.
    """
    printed = micro("net_unit_price") * MICRO
    ours = pl.col("unit_price")
    worth = [
        printed * there == ours * here
        for here, there in ((1, 1), (12, 1), (1, 12))
    ]  # fmt: skip
    term = pl.col("term_months")
    worth += [printed == ours * term, printed * term == ours]
    same = pl.any_horizontal(*worth, printed == pl.col("unit_billed"))
    return pl.when(printed.is_null() | same).then("unit_billed").otherwise(printed)


def _ordered() -> pl.Expr:
    """Units that the report orders: as printed, else what its own charge pays for, else bare."""
    fits = _paid("units_purchased", "their_price", "their_top") == pl.col("printed")
    said = pl.col("order_quantity").cast(pl.Int128) * MICRO
    return pl.coalesce(said, pl.when(fits).then("units_purchased"), "bare")


def _paid(units: str, price: str, top: str) -> pl.Expr:
    """`cents` with the months of a column of its own."""
    amount = pl.col(units) * pl.col(price) * pl.col(top)
    part = pl.lit(10**16, pl.Int128) * pl.col("time_part")
    return (2 * amount + part) // (2 * part)


def _credits() -> list[pl.Expr]:
    """The credit of a line, both sides laid the report's way: to donors, or to charged lines."""
    given = pl.col("credit").cast(UNITS).abs().fill_null(0)
    donors = ((pl.col("consumed") < pl.col("purchased")) & (given > 0)).any().over(SUITE)
    ours = pl.when(donors).then("our_given").otherwise("our_credit").fill_null(0)
    theirs = (given.cast(pl.Decimal(38, 2)) * 100).cast(pl.Int128)
    own = (ours.cast(pl.Decimal(38, 2)) * 100).cast(pl.Int128)
    bill = pl.col("report") == "true_forward_report"
    return [
        pl.when(bill).then(theirs).alias("their_credit"),
        pl.when(bill).then(own).alias("own_credit"),
    ]


def _follows() -> pl.Expr:
    """The suite's credit is the smaller of their own charge and our unused value."""
    unused = (
        (pl.col("our_unused").fill_null(0) + pl.col("our_given").fill_null(0)).sum().over(SUITE)
    )
    cap = pl.min_horizontal(
        pl.col("at_printed").sum().over(SUITE),
        (unused.cast(pl.Decimal(38, 2)) * 100).cast(pl.Int128),
    )
    return pl.col("their_credit").sum().over(SUITE) == cap


def _differences(
    walked: pl.DataFrame, evidence: dict[str, pl.DataFrame], lines: pl.DataFrame
) -> pl.DataFrame:
    """One row per figure of a line that differs, with its cause, its money and its share of credit.

    Where a line has no price the money is null and the units stand alone.
    """
    others = causes.other_figures(
        walked, evidence["line_days"], evidence["held"], evidence["generated"],
        evidence["errors"], lines,
    )  # fmt: skip
    of_units = causes.named(walked, others)
    unknown = (pl.lit(causes.UNEXPLAINED), pl.lit("no known figure equals it"))
    parts = [
        _figure(walked.join(of_units, on="row", how="left"), 0, ("at_ours", "at_consumed"),
                (pl.coalesce("cause", unknown[0]), pl.coalesce("evidence", unknown[1]))),
        _figure(walked.with_columns(causes.base_cause()), 1, ("at_consumed", "at_purchased"),
                (pl.col("cause"), pl.col("evidence"))),
        _figure(walked, 2, ("at_purchased", "at_ordered"), _order_cause()),
        _figure(walked, 3, ("at_ordered", "at_price"), (pl.lit(causes.PRICE), pl.lit(
            "another price than the line's own, whatever the period"))),
        _figure(walked, 4, ("at_price", "at_months"), (pl.lit(causes.ARITHMETIC), pl.format(
            "{} months are left at the event", "months_left"))),
        _figure(walked, 5, ("at_months", "at_printed"), (pl.lit(causes.ARITHMETIC), pl.lit(
            "the printed charge is not its own units × price × time"))),
        _figure(walked, 6, (None, None), _credit_cause()),
    ]  # fmt: skip
    return _with_credit(pl.concat(parts, how="diagonal_relaxed"))


_SIDES = {
    0: ("consumed", "measured"),
    1: ("purchased", "base"),
    2: ("units_ordered", "units_purchased"),
    3: ("their_price", "unit_billed"),
    4: ("their_top", "our_top"),
    5: ("at_printed", "at_months"),
    6: ("their_credit", "own_credit"),
}
_PARTS = {2: 10**6, 3: 10**12, 4: 1, 5: 100, 6: 100}


def _figure(
    rows: pl.DataFrame, place: int, money: tuple[str | None, str | None], why: tuple[pl.Expr, ...]
) -> pl.DataFrame:
    """The rows of which this figure differs, with both sides as they print."""
    theirs, ours = (_side(name, place) for name in _SIDES[place])
    before, after = money
    effect = pl.col(after) - pl.col(before) if before and after else pl.lit(0, pl.Int128)
    return (
        rows.with_columns(theirs=theirs, ours=ours, effect=effect)
        .filter(pl.col("theirs") != pl.col("ours"))
        .with_columns(cause=why[0], evidence=why[1], figure=pl.lit(FIGURES[place]), place_=place)
        .with_columns(units=pl.when(pl.lit(place < 3)).then(pl.col("theirs") - pl.col("ours")))
    )


def _side(name: str, place: int) -> pl.Expr:
    if place < 2:
        return pl.col(name).cast(UNITS)
    if place == 3:
        return decimal((pl.col(name) + 500_000) // 10**6, 10**6)
    value = decimal(pl.col(name).cast(pl.Int128), _PARTS[place])
    months = value / pl.col("month_part").cast(pl.Decimal(38, 0))
    return months.cast(UNITS) if place == 4 else value


def _order_cause() -> tuple[pl.Expr, pl.Expr]:
    """Units ordered that the report's own two figures do not give: a free share, or a slip."""
    their_base = pl.col("purchased").cast(pl.Int128) * MICRO
    used = pl.col("consumed").cast(pl.Int128) * MICRO
    granted = [
        pl.col("units_ordered") == (used - their_base - their_base * int(float(share) * 100) // 100)
        .clip(0)
        for share in _FREE
    ]  # fmt: skip
    ours = (pl.col("share") > 0) & (pl.col("units_ordered") == pl.col("bare"))
    free = pl.any_horizontal(*granted, ours)
    return (
        pl.when(free).then(pl.lit(causes.ALLOWANCE)).otherwise(pl.lit(causes.ARITHMETIC)),
        pl.when(ours).then(pl.lit("growth that the contract leaves free is charged"))
        .when(free).then(pl.lit("growth is left free that the contract charges"))
        .otherwise(pl.lit("not consumed less purchased, with or without free growth")),
    )  # fmt: skip


def _credit_cause() -> tuple[pl.Expr, pl.Expr]:
    """A credit that differs alone: it follows the charge in dispute, or does not add up."""
    return (
        pl.when("follows").then(pl.lit(causes.FOLLOWS)).otherwise(pl.lit(causes.ARITHMETIC)),
        pl.when("follows")
        .then(pl.lit("the smaller of the suite's charge and its unused value, on their charge"))
        .otherwise(pl.lit("not the smaller of the suite's charge and its unused value")),
    )


def _with_credit(rows: pl.DataFrame) -> pl.DataFrame:
    """A line's credit belongs to the first of its figures up to the price that differs."""
    owner = pl.col("place_").filter(pl.col("place_") < 4).min().over("row")
    takes = pl.col("place_") == owner.fill_null(6)
    less = pl.when(takes).then(pl.col("own_credit") - pl.col("their_credit")).otherwise(0)
    credited = rows.with_columns(cents=pl.col("effect") + less.fill_null(0))
    return credited.filter((pl.col("place_") < 6) | owner.is_null())


def _left_out(missing: pl.DataFrame) -> pl.DataFrame:
    """Lines of ours that the report leaves out, where the contract bills or credits something."""
    net = pl.col("at_ours") - pl.col("own_credit")
    some = (pl.col("our_over") > 0) | (net != 0)
    return missing.filter(some.fill_null(False)).with_columns(
        figure=pl.lit("charge"), cause=pl.lit(causes.LEFT_OUT),
        evidence=pl.lit("the report speaks of this event and has no row of this line"),
        cents=pl.col("own_credit") - pl.col("at_ours"), place_=pl.lit(5),
        theirs=pl.lit(0).cast(UNITS), ours=decimal(net, 100),
        units=-decimal(pl.col("our_over").cast(pl.Int128), 10**6),
    )  # fmt: skip


def _of_strangers(strangers: pl.DataFrame) -> pl.DataFrame:
    """Rows of the report that belong to no line and event of ours are out of scope, whole."""
    return strangers.with_columns(
        figure=pl.lit("charge"), cause=pl.lit(causes.SCOPE),
        evidence=pl.col("why"),
        cents=(pl.col("their_net").cast(pl.Decimal(38, 2)) * 100).cast(pl.Int128),
        theirs=pl.col("their_net"), ours=pl.lit(0).cast(UNITS), place_=pl.lit(5),
    )  # fmt: skip


def _printed(found: pl.DataFrame) -> pl.DataFrame:
    money = decimal(pl.col("cents"), 100)
    bill = pl.col("report") == "true_forward_report"
    return ANSWERS["disputes"].shaped(
        found.with_columns(money=pl.when(bill).then(money)).sort(
            "report", *LINE, "event_date", "source", "place_", nulls_last=True
        )
    )


def _lines(whole: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    known = pl.col("cause") != causes.UNEXPLAINED
    sums = found.group_by("row").agg(
        explained=pl.col("cents").filter(known).sum(),
        rest=pl.col("cents").filter(~known).sum(),
        causes=pl.col("cause").unique(maintain_order=True).str.join(", "),
    )
    theirs = decimal(pl.col("at_printed") - pl.col("their_credit"), 100)
    ours = decimal(pl.col("at_ours") - pl.col("own_credit"), 100)
    stranger = pl.col("our_base").is_null() & pl.col("measured").is_null()
    finding = (
        pl.when("missing").then(pl.lit(causes.LEFT_OUT))
        .when("stranger").then(pl.col("why").replace(STRANGE))
        .when(pl.col("causes").is_null()).then(pl.lit("agrees")).otherwise(pl.lit("differs"))
    )  # fmt: skip
    rows = whole.with_columns(our_base="base", our_measured="measured").join(
        sums, on="row", how="left"
    )
    bill = pl.col("report") == "true_forward_report"
    told = rows.with_columns(
        stranger=stranger,
        their_purchased="purchased", their_consumed="consumed",
        their_net=pl.coalesce(pl.when(bill).then(theirs), "their_net"),
        our_net=pl.when(bill & stranger).then(0).when(bill).then(ours),
    ).with_columns(
        finding=finding,
        difference=pl.col("their_net") - pl.col("our_net"),
        explained=decimal(pl.col("explained").fill_null(0), 100),
        unexplained=decimal(pl.col("rest").fill_null(0), 100),
    ).with_columns(
        pl.when(pl.col("difference").is_not_null()).then(pl.col("explained", "unexplained"))
    )  # fmt: skip
    return ANSWERS["dispute_lines"].shaped(
        told.sort("report", *LINE, "event_date", "source", nulls_last=True)
    )
