"""The vendor's reports laid beside our lines: which row speaks of which line and event."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.true_forward.money import micro
from cssm_lib.analyses.true_forward.scope import LINE
from cssm_lib.rules import Rules

UNITS = pl.Decimal(38, 6)
OURS = {
    "measured": "measured", "base": "base", "allowance": "allowance", "measured_on": "measured_on",
    "currency": "currency", "our_credit": "credit", "our_given": "credit_given",
    "our_unused": "credit_unused",
}  # fmt: skip
# why a row of a report goes to no line and event of ours, and what is found so
STRANGE = {
    "no line of client.toml has this SKU": "not in client.toml",
    "several lines of client.toml have this SKU": "in several lines",
    "no event of this line so far lies near the report's day": "at no event",
}


def as_reported(
    report: pl.DataFrame,
    generated: pl.DataFrame,
    own: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows beside our figures, rows of no line): one row per line, event and file of a report.

    A row goes to the line of its SKU, where several have it to the one of its suite or agreement;
    to the event within `history.gap_days` of its date, without a date to the last one before its
    file's day. An EA consumption export speaks of a line at an event that no True Forward report
    covers. A line of ours that a report leaves out, though it speaks of its agreement and event,
    is `missing` and stands with the vendor's figures at nothing; a file of which no row fits speaks
    of the one agreement that it names or that has an event near its day. `own` are the contract's
    rows of true_forward.
    """
    past = own.filter(pl.col("event_date") <= (as_of or dt.date.max))
    bills = _bills(report)
    lines = past.select(LINE).unique()
    matched = _matched(bills, lines)
    dated = _at_event(matched, past, rules["history.gap_days"])
    strangers = bills.join(dated.select("file_row"), on="file_row", how="anti").with_columns(
        why=_why_strange(matched, lines)
    )
    exports = _exports(generated, past, dated, rules["positions.carry_days"])
    spoken = _spoken(dated, _of_no_line(bills, dated, past, rules["history.gap_days"]))
    parts = [_summed(dated), _left_out(dated, past, spoken), exports]
    rows = pl.concat(parts, how="diagonal_relaxed").with_columns(
        missing=pl.col("missing").fill_null(False)
    )
    numbered = rows.sort(*LINE, "event_date", "report", "source").with_row_index("row")
    beside = numbered.join(
        past.select(*LINE, "event_date", our_over=micro("over"), **{
            name: pl.col(column) for name, column in OURS.items()
        }),
        on=[*LINE, "event_date"],
    ).with_columns(at="event_date")  # fmt: skip
    return beside, _unknown(strangers, numbered.height)


def _bills(report: pl.DataFrame) -> pl.DataFrame:
    money = ["charge", "credit", "net", "net_unit_price"]
    return report.with_row_index("file_row").with_columns(
        pl.col(money).cast(UNITS), key=_folded("sku"), report=pl.lit("true_forward_report")
    )


def _folded(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.to_lowercase()


def _matched(bills: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    own = lines.with_columns(key=_folded("sku"))
    pairs = bills.drop("sku").rename({"agreement": "their_agreement", "suite": "their_suite"}).join(
        own, on="key"
    )  # fmt: skip
    suite = (_folded("their_suite") == _folded("suite")).fill_null(False)
    agreement = (_folded("their_agreement") == _folded("agreement")).fill_null(False)
    fit = 2 * suite.cast(pl.Int8) + agreement.cast(pl.Int8)
    scored = pairs.with_columns(fit=fit)
    best = scored.filter(pl.col("fit") == pl.col("fit").max().over("file_row"))
    return best.filter(pl.len().over("file_row") == 1).drop("fit", "key")


def _at_event(matched: pl.DataFrame, past: pl.DataFrame, reach: int) -> pl.DataFrame:
    when = past.select(*LINE, found="event_date").sort("found")
    last = past["event_date"].max()
    said = matched.with_columns(
        said="event_date", upto=pl.coalesce("event_date", "snapshot_date", pl.lit(last, pl.Date))
    ).drop("event_date")
    named = said.filter(pl.col("said").is_not_null()).sort("upto").join_asof(
        when, left_on="upto", right_on="found", by=LINE, strategy="nearest",
        tolerance=dt.timedelta(days=reach), check_sortedness=False,
    )  # fmt: skip
    unnamed = (
        said.filter(pl.col("said").is_null())
        .sort("upto")
        .join_asof(when, left_on="upto", right_on="found", by=LINE, check_sortedness=False)
    )
    both = pl.concat([named, unnamed]).rename({"found": "event_date"})
    return both.filter(pl.col("event_date").is_not_null())


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per line, event and file: a SKU that a file splits is added up."""
    some = [
        pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)
        for name in ("order_quantity", "charge", "credit", "net")
    ]
    return rows.group_by("report", "source", *LINE, "event_date", maintain_order=True).agg(
        pl.col("purchased", "consumed").sum(), *some,
        pl.col("net_unit_price").drop_nulls().first(), pl.col("months").drop_nulls().first(),
        pl.col("place").first(),
    )  # fmt: skip


def _why_strange(matched: pl.DataFrame, lines: pl.DataFrame) -> pl.Expr:
    """Why a row of the report goes to no line and event of ours."""
    named = _folded("sku").is_in(lines.select(_folded("sku"))["sku"].implode())
    placed = pl.col("file_row").is_in(matched["file_row"].implode())
    nowhere, several, undated = (pl.lit(why) for why in STRANGE)
    return pl.when(placed).then(undated).when(named).then(several).otherwise(nowhere)


def _spoken(*of: pl.DataFrame) -> pl.DataFrame:
    """The events of agreements of which a report speaks, with the first file that does."""
    event = ["agreement", "event_date"]
    rows = pl.concat([found.select(*event, "report", "source") for found in of])
    return rows.group_by(event).agg(pl.col("report", "source").sort_by("source").first())


def _of_no_line(
    bills: pl.DataFrame, dated: pl.DataFrame, past: pl.DataFrame, reach: int
) -> pl.DataFrame:
    """The event that a file speaks of whose rows fit no line; none where several agreements may be
    meant.
    """
    day, event = pl.coalesce("said", "snapshot_date"), pl.col("event_date")
    near = pl.when(pl.col("said").is_not_null()).then(
        (event - pl.col("said")).dt.total_days().abs() <= reach
    )
    pairs = (
        bills.join(dated.select("source").unique(), on="source", how="anti", nulls_equal=True)
        .select("report", "source", "snapshot_date", said="event_date", named=_folded("agreement"))
        .join(past.select("agreement", "event_date").unique(), how="cross")
        .filter(pl.coalesce(near, event <= day, True))
        .with_columns(fits=(pl.col("named") == _folded("agreement")).fill_null(False))
    )
    best = pairs.filter(pl.col("fits") == pl.col("fits").max().over("source"))
    one = best.filter(pl.col("agreement").n_unique().over("source") == 1)
    away = (event - pl.coalesce(day, event.max())).dt.total_days().abs()
    return one.sort("source", away).unique("source", keep="first", maintain_order=True)


def _left_out(dated: pl.DataFrame, past: pl.DataFrame, spoken: pl.DataFrame) -> pl.DataFrame:
    """Our lines at an event of which a report speaks, though not of them."""
    event = ["agreement", "event_date"]
    ours = past.select(*LINE, "event_date").unique()
    return (
        ours.join(dated, on=[*LINE, "event_date"], how="anti")
        .join(spoken, on=event)
        .with_columns(missing=pl.lit(True), charge=pl.lit(0, UNITS), credit=pl.lit(0, UNITS))
    )


def _exports(
    generated: pl.DataFrame, past: pl.DataFrame, dated: pl.DataFrame, reach: int
) -> pl.DataFrame:
    """EA consumption exports near an event of the line that no True Forward report covers."""
    near = generated.sort("snapshot_date").join_asof(
        past.select(*LINE, "event_date").sort("event_date"),
        left_on="snapshot_date", right_on="event_date", by=LINE, strategy="nearest",
        tolerance=dt.timedelta(days=reach), check_sortedness=False,
    )  # fmt: skip
    free = near.filter(pl.col("event_date").is_not_null(), pl.col("total").is_not_null()).join(
        dated.select(*LINE, "event_date"), on=[*LINE, "event_date"], how="anti"
    )
    money = {name: pl.lit(None, UNITS) for name in ("charge", "credit", "net", "net_unit_price")}
    counts = {name: pl.lit(None, pl.Int64) for name in ("order_quantity", "months")}
    return free.sort("snapshot_date").group_by(*LINE, "event_date", maintain_order=True).last() \
        .select("source", *LINE, "event_date", "purchased", "place", consumed="total",
                report=pl.lit("ea_consumption"), **money, **counts)  # fmt: skip


def _unknown(strangers: pl.DataFrame, first: int) -> pl.DataFrame:
    net = pl.coalesce(
        "net", pl.col("charge").fill_null(0) - pl.col("credit").fill_null(0).abs()
    ).alias("their_net")
    return strangers.drop("file_row", "key").with_row_index("row", offset=first).select(
        "row", "report", "source", "place", "agreement", "suite", "sku", "event_date", "purchased",
        "consumed", net, "currency", "why",
    )  # fmt: skip
