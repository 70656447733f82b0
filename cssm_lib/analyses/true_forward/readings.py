"""The readings of a contract: the client's own terms and every published one, as lines of terms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl

from cssm_lib.analyses.true_forward.bill import completed
from cssm_lib.analyses.true_forward.measure import ACCOUNTS
from cssm_lib.analyses.true_forward.money import PARTS
from cssm_lib.errors import ConfigError
from cssm_lib.rules import Rules, matches_any
from cssm_lib.schema import ANSWERS

CONTRACT, QUARTERLY = "contract", "quarterly"
OWN_TERMS = "Your contract's own terms"
SETTINGS = {
    "measure": pl.String,
    "allowance": PARTS,
    "allowance_from_month": pl.Int64,
    "charged": pl.String,
    "credit": pl.String,
    "price_from": pl.String,
    "months": pl.String,
    "early_events": pl.String,
    "initial_cap": PARTS,
    "standard_cap": PARTS,
    "last_months": pl.Int64,
    "ratchet": pl.String,
    "shift_consumes": pl.Boolean,
    "outside_stock": pl.String,
}
# what of a line says how it is read
READ_BY = ["agreement", "programme", "commitment", "metric", "count", *SETTINGS]
# what else a contract could say; a value that it already has, or that contradicts, changes nothing
OTHERWISE: dict[str, tuple[Any, ...]] = {
    "measure": ("as_of", "peak", "average", ACCOUNTS),
    "allowance": (0, Decimal("0.15"), Decimal("0.2")),
    "charged": ("above_entitlement", "above_allowance"),
    "credit": ("value_shift", "none"),
    "price_from": ("by_commitment", "list"),
    "months": ("whole", "days"),
    "early_events": ("none", "growth_caps", QUARTERLY),
    "last_months": (12, 0),
    "ratchet": ("to_consumption", "by_charged"),
    "shift_consumes": (True, False),
    "outside_stock": ("ignored", "offsets"),
}


def contradiction(settings: Mapping[str, Any], said: Collection[str] = ()) -> str | None:
    """What in a set of settings contradicts the rest, in words; None where they agree.

    `said` names the settings that somebody wrote down: only of these a useless one is a fault.

    >>> contradiction({"charged": "above_allowance", "allowance": 0})
    'charged = "above_allowance" needs an allowance above 0, found 0'
    """
    free, measure = Decimal(str(settings.get("allowance") or 0)), settings.get("measure")
    accounts, caps = measure == ACCOUNTS, settings.get("early_events") == "growth_caps"
    lowest = min(Decimal(str(settings.get(name) or 0)) for name in ("initial_cap", "standard_cap"))
    faults = {
        f'charged = "above_allowance" needs an allowance above 0, found {free}': (
            settings.get("charged") == "above_allowance" and not free
        ),
        f'measure = "{ACCOUNTS}" knows no allowance, found allowance = {free}': accounts and free,
        f'measure = "{ACCOUNTS}" knows no outside stock, found outside_stock = "offsets"': (
            accounts and settings.get("outside_stock") == "offsets"
        ),
        f'measure = "{ACCOUNTS}" moves the base by what is charged, found ratchet ='
        ' "to_consumption"': accounts
        and "ratchet" in said
        and settings.get("ratchet") == "to_consumption",
        f"an early event at {lowest:.0%} growth bills nothing while {free:.0%} are free": (
            caps and free and lowest <= free
        ),
        "initial_cap and standard_cap do nothing without early_events": (
            not caps and {"initial_cap", "standard_cap"} & set(said)
        ),
        "allowance_from_month does nothing without an allowance": (
            "allowance_from_month" in said and settings.get("allowance_from_month") and not free
        ),
        "shift_consumes = true does nothing without a credit": (
            "shift_consumes" in said
            and settings.get("shift_consumes")
            and settings.get("credit") == "none"
        ),
    }
    return next((words for words, found in faults.items() if found), None)


def published(rules: Rules) -> pl.DataFrame:
    """One row per published reading that is switched on: its settings, source, date, confidence.

    What a record leaves out is the rule pack's `true_forward.contract`. Columns: reading, title,
    programmes, the settings (outside_stock null: as the agreement says), source, dated,
    confidence, as_of. Raises ConfigError where the settings of a record contradict each other.

    >>> from cssm_lib.rules import load_rules
    >>> published(load_rules())["reading"][0]
    'as_of_milestone'
    """
    caps = ("initial_cap", "standard_cap", "last_months")
    shipped = rules["true_forward.contract"] | {n: rules[f"true_forward.{n}"] for n in caps}
    shipped |= {"outside_stock": None}
    rows = [_record(shipped, record) for record in rules["readings.published"]]
    types = {"reading": pl.String, "title": pl.String, "programmes": pl.List(pl.String)}
    types |= SETTINGS | dict.fromkeys(("source", "dated", "confidence"), pl.String)
    return pl.DataFrame(rows, schema=types | {"as_of": pl.Date})


def _record(shipped: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: record[name] for name in SETTINGS if name in record}
    fault = contradiction(dict(shipped) | said, said)
    if fault:
        raise ConfigError(f"rule pack readings: {record['name']}: {fault}.")
    words = {name: value for name, value in record.items() if name not in SETTINGS}
    shares = {n: Decimal(str((dict(shipped) | said)[n])) for n, t in SETTINGS.items() if t == PARTS}
    return {**shipped, **said, **shares, **words, "reading": words["name"]}


def under_readings(
    lines: pl.DataFrame, rules: Rules, read: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One row per line and reading: the contract's own terms first, then each published reading.

    An agreement's `programme` names the readings that are said of it; without one, or where none
    is said of it, all are. Line, prices, commitment and scope stay the client's. `read` is what
    `as_read` says of the lines, where that is known.
    """
    own = completed(lines, rules)
    read = as_read(own, rules, published(rules)) if read is None else read
    kept = own[[name for name in own.columns if name not in read.columns]]
    return kept[read["line"]].hstack(read)[own.columns]


def as_read(lines: pl.DataFrame, rules: Rules, known: pl.DataFrame) -> pl.DataFrame:
    """One row per row of `under_readings`: the line's number, the reading and its settings.

    `lines` may have the columns READ_BY alone: no price, entitlement or day has a part in how a
    line is read. `known` is what `published` says.
    """
    own = completed(lines, rules).select(pl.int_range(pl.len()).alias("line"), *READ_BY)
    own = own.with_columns(reading=pl.lit(CONTRACT), order=pl.lit(0, pl.UInt32))
    said = _said_of(own.select("programme").unique(), known)
    others = (
        own.drop("reading", "order")
        .join(said, on="programme", nulls_equal=True, maintain_order="left")
        .with_columns(_as_read())
        .select(own.columns)
    )
    both = pl.concat([own, others]).filter(_has_quarters()).with_columns(_by_account())
    return both.sort("order", maintain_order=True).select("line", "reading", *SETTINGS)


@cache
def _as_read() -> list[pl.Expr]:
    return [pl.coalesce(f"{name}_read", name).alias(name) for name in SETTINGS]


@cache
def _has_quarters() -> pl.Expr:
    """Quarters are said of suites of partial commitment: other agreements have no such reading."""
    partial = (pl.col("commitment") == "partial").any().over("agreement")
    published = (pl.col("early_events") == QUARTERLY) & (pl.col("reading") != CONTRACT)
    return ~published.fill_null(False) | partial.fill_null(False)


@cache
def _by_account() -> pl.Expr:
    """Users and devices have no accounts to be short of: such a line is measured as a whole."""
    whole = pl.col("metric").is_not_null() | (pl.col("count") == "devices")
    as_of = (pl.col("measure") == ACCOUNTS) & whole & (pl.col("reading") != CONTRACT)
    return pl.when(as_of).then(pl.lit("as_of")).otherwise("measure").alias("measure")


def _said_of(programmes: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """The readings said of each programme, in order, with their settings."""
    fits = [matches_any(names) for names in read["programmes"].to_list()]
    patterns = read.select(_settings()).with_row_index("order", 1)
    patterns.insert_column(0, pl.Series("fits", fits, dtype=pl.String))
    pairs = programmes.join(patterns, how="cross", maintain_order="left_right")
    return pairs.with_columns(_fits()).filter(_said())


@cache
def _settings() -> list[pl.Expr]:
    return [pl.col("reading"), *(pl.col(name).alias(f"{name}_read") for name in SETTINGS)]


@cache
def _fits() -> pl.Expr:
    return pl.col("programme").str.contains(pl.col("fits")).fill_null(False).alias("said")


@cache
def _said() -> pl.Expr:
    """Where no reading is said of a programme itself, all are."""
    itself = pl.col("said") & (pl.col("fits") != matches_any(["*"]))
    return pl.col("said") | ~itself.any().over("programme")


def one_setting_changed(lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per line and other value of one setting, all else as the contract says.

    `reading` is "setting = value"; `setting` and `said` hold both. A value that the line has, or
    that would contradict its other settings, gives no row.
    """
    own = completed(lines, rules)
    parts = []
    for setting, values in OTHERWISE.items():
        for value in values:
            kind = SETTINGS[setting]
            words = str(value).lower() if isinstance(value, bool) else str(value)
            changed = own.filter(pl.col(setting) != pl.lit(value, kind)).with_columns(
                pl.lit(value, kind).alias(setting),
                reading=pl.lit(f"{setting} = {words}"),
                setting=pl.lit(setting),
                said=pl.lit(words),
            )
            parts.append(changed)
    agreed = _without_contradictions(pl.concat(parts)).filter(_has_quarters())
    return agreed.with_columns(_by_account())


def _without_contradictions(lines: pl.DataFrame) -> pl.DataFrame:
    """The contradictions are few: each different set of settings is looked at once."""
    sets = lines.select(list(SETTINGS)).unique()
    agree = [contradiction(row) is None for row in sets.iter_rows(named=True)]
    return lines.join(
        sets.filter(pl.Series(agree, dtype=pl.Boolean)), on=list(SETTINGS), how="semi"
    )


def in_steps(lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per line, published reading and step from the contract to that reading.

    Step n has the first n settings of `SETTINGS` as the reading says, the others as the contract
    does; steps at which no line of an agreement changes are left out. Adds `step` (0 = contract),
    `target` (the reading), `setting`; `reading` names the step.
    """
    both = under_readings(lines, rules)
    key = ["agreement", "suite", "sku"]
    own = both.filter(pl.col("reading") == CONTRACT).drop("reading")
    goals = both.filter(pl.col("reading") != CONTRACT).select(
        *key, target="reading", **{f"{name}_read": pl.col(name) for name in SETTINGS}
    )
    start = own.join(goals, on=key, maintain_order="left")
    parts = [start.with_columns(step=pl.lit(0), setting=pl.lit(CONTRACT))]
    for place, name in enumerate(SETTINGS, 1):
        differs = pl.col(name).ne_missing(pl.col(f"{name}_read")).any().over("agreement", "target")
        start = start.with_columns(moved=differs).with_columns(pl.col(f"{name}_read").alias(name))
        parts.append(
            start.filter("moved")
            .drop("moved")
            .with_columns(step=pl.lit(place), setting=pl.lit(name))
        )
        start = start.drop("moved")
    steps = pl.concat(parts, how="vertical_relaxed")
    named = pl.format("{} {}", "target", pl.col("step").cast(pl.String).str.zfill(2))
    return steps.with_columns(reading=named).drop(f"{name}_read" for name in SETTINGS)


def terms_read(lines: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per reading: the contract's terms per suite, then each published reading's.

    Columns: ANSWERS["readings"]. Raises ConfigError as `published` does.
    """
    contract = (
        completed(lines, rules).unique(["agreement", "suite"], maintain_order=True)
        .with_columns(
            reading=pl.lit(CONTRACT), title=pl.lit(OWN_TERMS),
            source=pl.lit("client.toml, completed by the rule pack"),
        )
    )  # fmt: skip
    vendor = pl.col("reading") == rules["readings.vendor_opening"]
    whole = pl.concat([contract, published(rules).drop("programmes")], how="diagonal_relaxed")
    return ANSWERS["readings"].shaped(whole.with_columns(vendor_opening=vendor))
