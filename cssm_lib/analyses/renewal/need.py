"""From the use at as_of to the quantity to renew: each deduction with its evidence, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from cssm_lib.analyses.renewal.items import (
    LINE,
    PLACE,
    listed,
    measured,
    of_item,
    placed,
    summed,
)
from cssm_lib.analyses.renewal.money import cents, money
from cssm_lib.analyses.renewal.tiers import tier_of
from cssm_lib.rules import Rules, matches_any
from cssm_lib.schema import ANSWERS
from cssm_lib.schema.words import grouped

GONE = ("retired", "duplicate", "dropped")
MICRO = 10**6


def renewal(
    lines: pl.DataFrame,
    made: Mapping[str, pl.DataFrame],
    known: Mapping[str, pl.DataFrame],
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per line of an agreement that runs at `as_of`, and per term licence in no line.

    Rule: clean_need = as_of + unreported − perpetual − retired − duplicate − dropped − owned_on +
    taken_over, and recommended = clean_need + planned + headroom, exactly. The choices that
    rules.md leaves:

    - as_of is use, a sum over everything in scope, so that a transfer is in it already: it moves
      stock, never use. What transfers cure stands beside, in curable_units;
    - each deduction takes at most what the ones before it leave, in the order above;
    - a device whose configuration needs a lower tier moves to the line of its suite that has it;
      without such a line it stays;
    - stale instances are shown and not deducted: silence is a question, not evidence;
    - a licence without a line is renewed on the day after the next of its lots ends: what is
      entitled then, lots without an end and of the future included, covers need, and today's
      quantity is the rest; a line is covered so only where the agreement's outside stock offsets;
    - a zero that rests on overdue reports is no zero (rules.md, Peaks): the peak of the year of
      those accounts stands in, as unreported;
    - of `known["planned"]` counts what begins after as_of, not after the first day of the new
      term, and lasts until then; a project of `[[exclude]]` counts while it runs at as_of and ends
      before that day;
    - planned takes away at most the clean need; headroom is a share of what is then needed,
      rounded up; today's quantity is the contract's and what True Forward events have charged;
    - money is for a term as long as the one that ends, at today's price with support, to the cent.

    `lines` are the running lines of `terms.agreement_lines` with unit_price and unit_billed
    (10^-12) and term_months; `known` has gone (PLACE, instance, units, state, to_tier), excluded
    and planned. Units: licences, devices or the line's metric. Columns: ANSWERS["renewal"].

    >>> from cssm_lib.rules import load_rules
    >>> nothing = {name: table.empty() for name, table in ANSWERS.items()}
    >>> renewal(pl.DataFrame(), nothing, {}, as_of=None, rules=load_rules()).height
    0
    """
    lines = lines if lines.width else _no_lines()
    places = placed(lines, made)
    items = listed(lines, places)
    places = of_item(places, items)
    window = rules["positions.window_days"]
    items = measured(items, places, made, as_of=as_of, window_days=window)
    items = summed(items, places, made["transfers"])
    items = items.join(_bought(made["true_forward"], as_of), on=LINE, how="left")
    items = items.join(_gone(places, items, known, rules), on="item", how="left")
    items = items.join(_planned(items, places, known, as_of), on="item", how="left")
    rows = _needed(items, rules["renewal.headroom"]).with_columns(
        _reason(as_of, not lines.is_empty())
    )
    return ANSWERS["renewal"].shaped(_priced(rows).sort("item"))


def _no_lines() -> pl.DataFrame:
    text = dict.fromkeys(
        [*LINE, "metric", "count", "outside_stock", "per", "price_basis"], pl.String
    )
    text |= {"start": pl.Date, "end": pl.Date, "currency": pl.String}
    text |= dict.fromkeys(["position", "entitled", "term_months"], pl.Int64)
    text |= dict.fromkeys(["unit_price", "unit_billed"], pl.Int128)
    return pl.DataFrame(schema=text | {"licenses": pl.List(pl.String), "tags": pl.List(pl.String)})


def _bought(events: pl.DataFrame, as_of: dt.date | None) -> pl.DataFrame:
    """Whole units that the contract's own events up to as_of have charged."""
    past = pl.col("event_date") <= pl.lit(as_of, pl.Date)
    charged = events.filter(
        past, pl.col("reading") == "contract", pl.col("outcome").str.starts_with("charged")
    )
    units = pl.col("over").sum().cast(pl.Float64).ceil().cast(pl.Int64)
    return charged.group_by(LINE).agg(trued_forward=units)


def _gone(
    places: pl.DataFrame, items: pl.DataFrame, known: Mapping[str, pl.DataFrame], rules: Rules
) -> pl.DataFrame:
    """Units that each kind of evidence takes off; once a device where devices are counted."""
    gone = known.get("gone")
    if gone is None or gone.is_empty():
        return _no_units(*GONE, "stale", "taken_over")
    mine = places.filter(~pl.col("perpetual")).select("item", *PLACE)
    found = gone.join(mine, on=PLACE, nulls_equal=True).join(
        items.select("item", "counted"), on="item"
    )
    by_device = pl.col("counted") == "devices"
    once = found.filter(by_device).unique(["item", "state", "instance"]).with_columns(units=1)
    units = pl.concat([found.filter(~by_device), once.cast({"units": pl.Int64})])
    units = units.join(_lower_rows(items, rules), on=["item", "to_tier"], how="left")
    # a tier without a row of its own leaves its device where it is
    units = units.filter((pl.col("state") != "dropped") | pl.col("to_item").is_not_null())
    taken = units.filter(pl.col("to_item").is_not_null()).group_by(item="to_item").agg(
        taken_over=pl.col("units").sum()
    )  # fmt: skip
    sums = units.group_by("item").agg(
        pl.col("units").filter(pl.col("state") == state).sum().alias(state)
        for state in (*GONE, "stale")
    )
    return sums.join(taken, on="item", how="full", coalesce=True)


def _lower_rows(items: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """For each line and lower tier by name, the line of its suite that has this tier."""
    names = dict(enumerate(rules["renewal.tier_words"]))
    words = pl.concat_str(
        "sku", pl.col("licenses").list.join(" "), separator=" ", ignore_nulls=True
    )
    ranked = items.filter(pl.col("sku").is_not_null()).with_columns(rank=tier_of(words, rules))
    ranked = ranked.filter(pl.col("rank").is_not_null()).select("item", *LINE[:2], "rank")
    pairs = ranked.join(ranked, on=LINE[:2], suffix="_to").filter(
        pl.col("rank_to") < pl.col("rank")
    )
    lower = pairs.unique(["item", "rank_to"], keep="first", maintain_order=True)
    tier = pl.col("rank_to").replace_strict(names, return_dtype=pl.String)
    return lower.select("item", to_tier=tier, to_item="item_to")


def _no_units(*names: str) -> pl.DataFrame:
    return pl.DataFrame(schema={"item": pl.UInt32} | dict.fromkeys(names, pl.Int64))


def _planned(
    items: pl.DataFrame,
    places: pl.DataFrame,
    known: Mapping[str, pl.DataFrame],
    as_of: dt.date | None,
) -> pl.DataFrame:
    """The client's own entries that change the need before the new term begins."""
    parts = [
        *_projects(items, places, known.get("excluded"), as_of),
        *_announced(items, known.get("planned"), as_of),
    ]
    if not parts:
        return _no_units("planned").with_columns(planned_why=pl.lit(None, pl.String))
    sign = pl.when(pl.col("units") > 0).then(pl.lit("+")).otherwise(pl.lit("−"))
    says = pl.format("{}{} ({})", sign, grouped(pl.col("units").abs()), "why")
    entries = pl.concat(parts).filter(pl.col("units") != 0)
    return entries.group_by("item", maintain_order=True).agg(
        planned=pl.col("units").sum(), planned_why=says.str.join("; ")
    )


def _projects(
    items: pl.DataFrame,
    places: pl.DataFrame,
    excluded: pl.DataFrame | None,
    as_of: dt.date | None,
) -> list[pl.DataFrame]:
    """Use of projects that run at as_of and end before the new term; the first entry that fits."""
    if excluded is None or excluded.is_empty() or as_of is None:
        return []
    running = excluded.filter(pl.lit(as_of).is_between("from", "to"))
    counted = places.filter(~pl.col("perpetual")).join(
        items.filter(pl.col("counted") == "licences").select("item", "renewal_date"), on="item"
    )
    parts, taken = [], pl.lit(False)
    for entry in running.iter_rows(named=True):
        fits = pl.all_horizontal(
            pl.col(name).str.contains(matches_any([entry[name]])).fill_null(entry[name] == "*")
            for name in PLACE
        )
        over = (pl.col("renewal_date") > entry["to"]).fill_null(True)
        mine = counted.filter(fits & over & ~taken)
        taken = taken | (fits & over)
        why = pl.format("{}, until {}", pl.lit(entry["why"]), pl.lit(entry["to"]).cast(pl.String))
        units = mine.group_by("item").agg(units=-pl.col("demand").sum())
        parts.append(units.select("item", "units", why.alias("why")).sort("item"))
    return parts


def _announced(
    items: pl.DataFrame, planned: pl.DataFrame | None, as_of: dt.date | None
) -> list[pl.DataFrame]:
    """The entries of `[[planned]]`, by SKU of a line, or by name of a licence without one."""
    if planned is None or planned.is_empty():
        return []
    later = (pl.col("from") > pl.lit(as_of, pl.Date)).fill_null(True)
    parts = []
    for entry in planned.filter(later).sort("from").iter_rows(named=True):
        begun = (pl.col("renewal_date") >= entry["from"]).fill_null(True)
        lasts = pl.col("renewal_date") <= pl.lit(entry["to"], pl.Date)
        rows = items.filter(named_by(entry), begun, lasts.fill_null(True))
        why = f"{entry['why']}, from {entry['from']}"
        parts.append(rows.select("item", units=pl.lit(entry["units"], pl.Int64), why=pl.lit(why)))
    return parts


def named_by(entry: Mapping[str, str]) -> pl.Expr:
    """Whether an entry of `[[planned]]` names a row: its SKU, else its licence, by patterns."""
    name = pl.coalesce("sku", "license").str.contains(matches_any([entry["sku"]]))
    whose = pl.col("agreement").str.contains(matches_any([entry["agreement"]]))
    return name & whose.fill_null(entry["agreement"] == "*")


def _needed(items: pl.DataFrame, headroom: float) -> pl.DataFrame:
    """Each deduction takes what the ones before leave; the sums close by construction."""
    empty = [*GONE, "stale", "taken_over", "planned", "trued_forward"]
    rows = items.with_columns(pl.col(empty).fill_null(0)).with_columns(
        left=pl.col("as_of") + pl.col("unreported")
    )
    offsets = pl.col("sku").is_null() | (pl.col("outside_stock") == "offsets").fill_null(False)
    rows = rows.with_columns(owned_on=pl.when(offsets).then("lasting").otherwise(0))
    for name in ("perpetual", *GONE, "owned_on"):
        taken = pl.min_horizontal(name, "left")
        rows = rows.with_columns(
            pl.when(pl.col("left").is_not_null()).then(taken).alias(name),
            left=pl.col("left") - taken,
        )
    share = pl.lit(int(Decimal(str(headroom)) * MICRO))
    rows = rows.with_columns(clean_need=pl.col("left") + pl.col("taken_over"))
    rows = rows.with_columns(taken_off=pl.col("as_of") - pl.col("clean_need"))
    rows = rows.with_columns(
        stale=pl.min_horizontal("stale", "clean_need"),
        planned=pl.max_horizontal("planned", -pl.col("clean_need")),
        entitled=pl.coalesce("entitled", "held"),
    )
    base = pl.col("clean_need") + pl.col("planned")
    rows = rows.with_columns(
        headroom=(base * share + (MICRO - 1)) // MICRO,
        today=pl.col("entitled") + pl.col("trued_forward") - _beyond(),
    )
    total = pl.col("clean_need") + pl.col("planned") + pl.col("headroom")
    return rows.with_columns(recommended=total).with_columns(
        change=pl.col("recommended") - pl.col("today")
    )


def _beyond() -> pl.Expr:
    """Of a licence without a line, what is entitled beyond the renewal and not renewed by it."""
    loose = pl.col("sku").is_null()
    return pl.when(loose).then(pl.min_horizontal("entitled", "lasting")).otherwise(0)


def _reason(as_of: dt.date | None, in_lines: bool) -> pl.Expr:
    """The way to the quantity in one sentence; what is not deducted stands at its end."""
    used = pl.format("{} in use on {}", grouped("as_of"), pl.col("measured_on").cast(pl.String))
    undated = pl.format("{} in use, day unknown", grouped("as_of"))
    less = [
        _part("unreported", "plus {} last shown by instances whose reports are overdue"),
        _part("perpetual", "less {} of perpetual licences"),
        _part("retired", "less {} of instances retired in the client's records"),
        _part("duplicate", "less {} of double registrations"),
        _part("dropped", "less {} above the tier that the configuration needs"),
        _part("owned_on", "less {} covered by units that outlive the renewal"),
        _part("taken_over", "plus {} from a higher tier"),
        pl.when(pl.col("planned") != 0).then(pl.format("planned {}", "planned_why")),
        _part("headroom", "headroom {}"),
    ]
    beside = [
        pl.when(pl.col("peak") > pl.col("as_of")).then(
            pl.format(
                "the peak, {} on {}, would be {} more",
                grouped("peak"),
                pl.col("peak_date").cast(pl.String),
                grouped(pl.col("peak") - pl.col("as_of")),
            )
        ),
        _part("stale", "{} long silent, to be checked and not deducted"),
        _part(
            "curable_units",
            "{} of what single accounts lack are cured by transfer, which changes no use",
        ),
        _part("borrowed", "{} of it borrowed from other licences, as exported"),
        _part("lent", "{} more lent to other licences, as exported"),
        pl.when(~pl.col("complete").fill_null(True)).then(pl.lit("the day is incomplete")),
    ]
    way = pl.concat_str(pl.coalesce(used, undated), *less, separator="; ", ignore_nulls=True)
    notes = pl.concat_str(*beside, separator="; ", ignore_nulls=True).replace("", None)
    said = pl.concat_str(way, pl.format("Beside it: {}", notes), separator=". ",
                         ignore_nulls=True)  # fmt: skip
    loose = pl.when(pl.col("sku").is_null() & pl.lit(in_lines)).then(
        pl.lit("in no line of the agreement: ")
    ).otherwise(pl.lit(""))  # fmt: skip
    said = pl.concat_str(loose, said)
    return (
        pl.when(pl.col("as_of").is_null())
        .then(pl.format("no measure of {} on or before {}", "counted", pl.lit(str(as_of))))
        .otherwise(said)
        .alias("reason")
    )


def _part(name: str, words: str) -> pl.Expr:
    return pl.when(pl.col(name) > 0).then(pl.format(words, grouped(name)))


def _priced(rows: pl.DataFrame) -> pl.DataFrame:
    """Today's and the recommended units for a term like the one that ends."""
    names = pl.col("licenses").list.join(" + ").replace("", None)
    whole = rows.with_columns(
        license=pl.coalesce("license", "held_names", names, "metric"),
        now=cents(pl.col("today"), "unit_billed"),
        then=cents(pl.col("recommended"), "unit_billed"),
    )
    return whole.with_columns(
        price=_decimal("unit_price"),
        money_today=money(pl.col("now")),
        money=money(pl.col("then")),
        money_change=money(pl.col("then") - pl.col("now")),
    )


def _decimal(price: str) -> pl.Expr:
    """10^-12 as the price at six places."""
    return (pl.col(price) // MICRO).cast(pl.Decimal(38, 6)) / pl.lit(MICRO).cast(pl.Decimal(38, 0))
