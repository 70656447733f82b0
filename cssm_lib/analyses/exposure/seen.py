"""One row per product instance: by which method Cisco sees it, and what travels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from cssm_lib.analyses.exposure.witnesses import CISCO, with_witnesses
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

INSTANCE = ["smart_account", "virtual_account", "instance"]
TEXTS = ("method", "visibility", "risk")
UNIT = ["smart_account", "virtual_account", "license"]


def exposure(
    instances: pl.DataFrame,
    uses: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    *,
    prices: pl.DataFrame,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per product instance: its method with the witness, and what it sends.

    Rule (domain.md §3.2): a reservation first, then the device's own transport, then what a
    controller sent on, then a copy of SSM On-Prem that shows it; without any of them the method is
    `unknown`, never guessed. A host name counts as sent where the device says so, else where
    Cisco's own export shows one. Units are the licences it consumes now; money is what they cost
    to the agreement's end (answer `unit_prices`; of several agreements the first by name), rounded
    once to cents, half up; null without a price.
    `instances` and `uses` are those of `analyses.estate`. Columns: `ANSWERS["exposure"]`; raises
    nothing.

    >>> from cssm_lib.analyses import estate
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> tables = {name: table.empty() for name, table in TABLES.items()}
    >>> found = estate.instances(tables, estate.captured(tables))
    >>> used, prices = estate.uses(tables, found, load_rules()), ANSWERS["unit_prices"].empty()
    >>> exposure(found, used, tables, prices=prices, as_of=None, rules=load_rules()).height
    0
    """
    rows = with_witnesses(instances, tables, as_of=as_of, rules=rules).with_columns(*_method())
    rows = rows.join(_worth(uses, prices), on=INSTANCE, how="left", nulls_equal=True)
    known = pl.DataFrame(
        [{name: one[name] for name in TEXTS} for one in rules["telemetry.methods"]],
        schema=dict.fromkeys(TEXTS, pl.String),
    )
    age = (pl.lit(as_of, pl.Date) - pl.col("last_contact")).dt.total_days()
    rows = rows.join(known, on="method", how="left", maintain_order="left").with_columns(
        *_sent(rules), pl.col("units", "unpriced_units").fill_null(0), age_days=age
    )
    return ANSWERS["exposure"].shaped(rows.sort(INSTANCE, nulls_last=True))


def _method() -> list[pl.Expr]:
    """The first witness that speaks decides; `witness` says which it was."""
    transport = pl.col("transport").str.to_lowercase().str.strip_chars()
    policy = (pl.col("using_policy").str.to_uppercase() == "ENABLED") | pl.col("says_reporting")
    elsewhere = (~pl.col("transport_url").str.contains(CISCO)).fill_null(False)
    direct = transport.is_in(["smart", "callhome"])
    held = (pl.col("reservation").str.to_uppercase() == "ENABLED") | pl.col(
        "reservation_status"
    ).str.contains(r"(?i)\binstalled\b") & ~pl.col("reservation_status").str.contains(
        r"(?i)\bnot\b"
    )
    on_prem = pl.concat_str(
        pl.lit("On-Prem"),
        pl.when(pl.col("on_prem_way") == "connected")
        .then(pl.lit(" connected"))
        .when(pl.col("on_prem_way") == "file")
        .then(pl.lit(" by file"))
        .otherwise(pl.lit("")),
    )
    own = pl.format("its own transport: {}", "transport")
    leads = pl.format("its own transport leads to {}", "transport_url")
    copy = pl.format("copy of SSM On-Prem, synchronised {}", "synchronised")
    sent = pl.format("usage report sent on by Catalyst Center: {}", "uploaded")
    twin = pl.lit("reserved in the instance export, and reports as well")
    listed = pl.when("reports").then(twin).otherwise(pl.lit("reserved in the instance export"))
    cases = [
        (pl.col("reserved"), pl.lit("reserved"), listed),
        (held, pl.lit("reserved"), pl.lit("reservation in the device's own output")),
        (pl.col("on_prem_url") | (direct & elsewhere), on_prem, leads),
        (direct & policy, pl.lit("SLP over HTTPS"), own),
        (direct, pl.lit("direct cloud"), own),
        (pl.col("uploaded").is_not_null(), pl.lit("controller"), sent),
        (pl.col("synchronised").is_not_null(), on_prem, copy),
        (transport == "cslu", pl.lit("SLP through CSLU"), own),
        (transport.str.contains(r"\boff\b"), pl.lit("SLP by file"), own),
    ]
    method, witness = pl.lit("unknown"), pl.lit("no file shows how it reports")
    for fits, name, says in reversed(cases):
        sure = fits.fill_null(False)
        method = pl.when(sure).then(name).otherwise(method)
        witness = pl.when(sure).then(says).otherwise(witness)
    return [method.alias("method"), witness.alias("witness")]


def _worth(uses: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """One row per instance: what it consumes now, and what that costs where it has a price."""
    one = prices.unique(UNIT, keep="first", maintain_order=True)
    rows = (
        uses.filter("now")
        .join(one.select(*UNIT, "unit_money", "currency"), on=UNIT, how="left", nulls_equal=True)
        .with_columns(cost=pl.col("quantity") * pl.col("unit_money"))
    )
    cost = pl.col("cost").sum().round(2, mode="half_away_from_zero")
    term = pl.col("license_class") == "subscription"
    return rows.group_by(INSTANCE).agg(
        units=pl.col("quantity").sum(),
        money=pl.when(pl.col("cost").count() > 0).then(cost),
        unpriced_units=pl.col("quantity").filter(term & pl.col("cost").is_null()).sum(),
        currency=pl.col("currency").drop_nulls().first(),
    )


def _sent(rules: Rules) -> list[pl.Expr]:
    """What travels: the device's own word, else what Cisco's export shows to have arrived."""
    told = pl.col("sends_hostname").is_not_null()
    shown = pl.when("in_export").then(pl.col("hostname").is_not_null())
    first = rules["telemetry.analytics_from"]
    parts = pl.col("software_version").str.extract_groups(r"(\d+)\.(\d+)\.(\d+)").struct
    number = sum(
        parts.field(str(n + 1)).cast(pl.Int64) * 10 ** (6 - 3 * n) for n in range(len(first))
    )
    since = sum(part * 10 ** (6 - 3 * n) for n, part in enumerate(first))
    channel = (
        pl.when("product_analytics_available")
        .then(pl.lit("available, the device says"))
        .when(~pl.col("product_analytics_available"))
        .then(pl.lit("not available, the device says"))
        .when(number >= since)
        .then(pl.lit("in this release; the device has not said"))
        .when(number < since)
        .then(pl.lit("not in this release"))
    )
    serial = pl.col("serial").is_not_null() | pl.col("uuid").is_not_null()
    return [
        pl.coalesce("sends_hostname", shown).alias("sends_hostname"),
        pl.when(told)
        .then(pl.lit("device"))
        .when(pl.col("in_export"))
        .then(pl.lit("export"))
        .alias("hostname_witness"),
        pl.coalesce(
            "sends_version",
            pl.when(pl.col("in_export") & pl.col("exported_version").is_not_null()).then(True),
        ).alias("sends_version"),
        pl.when("in_export").then(serial).alias("sends_serial"),
        channel.alias("analytics"),
    ]
