"""What to do: tiers to drop, features to switch off, what stays and why, and what a lapse means."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.feature_drift.names import SETS, tiers_of
from cssm_lib.analyses.feature_drift.pools import (
    ACCOUNT,
    NO_LOWER,
    NO_PRICE,
    TWO_PRICES,
    ladders_of,
)
from cssm_lib.analyses.feature_drift.verdicts import (
    ABOVE_INTENTION,
    ABOVE_LICENCE,
    ABOVE_NEED,
    BELOW_INTENTION,
    FITS,
    NO_EVIDENCE,
    SHORT_POOL,
    UNDECIDED,
)
from cssm_lib.analyses.feature_drift.witnesses import NONE
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS, MONEY

PRICED = [*ACCOUNT, "license"]
GROUP = [
    *(*ACCOUNT, "family", "part", "verdict", "licenses", "configured_tier", "intended_tier"),
    *("needed_tier", "needed_at_most", "candidates", "licensed", "asks_more", "needs_more"),
]
NAMED = 5
PERPETUAL = "a perpetual licence: dropping it saves no money"
DROP, OFF = "drop the tier", "switch features off"
KEEP, ASK = "keep", "ask"
FREE, RAISE = "free units of the pool", "raise the tier or correct the intention"
NOTHING = pl.lit(None, pl.String)


def tier_plan(rows: pl.DataFrame, prices: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per group of devices alike in account, part, tiers and verdict.

    Rule: money is units × (unit price of the configured tier − that of the tier it drops to), for
    term licences only; a dropped network tier saves nothing. Ordered by money per touched device.
    Columns: ANSWERS["tier_plan"].
    """
    contract = ANSWERS["tier_plan"]
    if rows.is_empty():
        return contract.empty()
    # what is not consumed at all and asks for nothing needs no action
    idle = (pl.col("configured_tier") == NONE) & (pl.col("verdict") == NO_EVIDENCE)
    stays = rows.filter(~idle.fill_null(False))
    told = stays.with_columns(to_tier=_target())
    sums = told.group_by([*GROUP, "to_tier"]).agg(
        devices=pl.len().cast(pl.Int64),
        quantity=pl.col("quantity").sum(),
        features=_counted(),
        as_of=pl.col("snapshot_date").max(),
        hostnames=pl.coalesce("hostname", "device").sort().head(NAMED).str.join(", "),
    )
    priced = _saved(sums, prices, rules)
    found = priced.with_columns(
        action=_action(),
        why=_why(),
        condition=_condition(rules),
        from_tier="configured_tier",
        wording=_wording(),
        money_per_device=(pl.col("money") / pl.col("devices").cast(pl.Decimal(38, 0)))
        .round(2)
        .cast(MONEY),
    )
    order = ["money_per_device", "devices"]
    ordered = found.sort(*GROUP, "to_tier", nulls_last=True).sort(
        order, descending=True, nulls_last=True, maintain_order=True
    )
    return contract.shaped(ordered)


def _counted() -> pl.Expr:
    """Each feature with the number of devices that have it."""
    some = pl.col("feature").list.explode(empty_as_null=False).drop_nulls()
    counts = some.value_counts(sort=True)
    each = pl.format("{} on {}", counts.struct.field("feature"), counts.struct.field("count"))
    return each.sort().str.join(", ").replace("", None)


def _target() -> pl.Expr:
    """The tier that the group may move to; for a line above the tier, the tier it has."""
    verdict = pl.col("verdict")
    return (
        pl.when(verdict == ABOVE_NEED)
        .then("needed_at_most")
        .when(verdict.is_in([ABOVE_INTENTION, BELOW_INTENTION]))
        .then("intended_tier")
        .when(verdict.is_in([ABOVE_LICENCE, SHORT_POOL]))
        .then("configured_tier")
        .otherwise(NOTHING)
    )


def _saved(sums: pl.DataFrame, prices: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The groups with money, its currency, and a word where there is none."""
    costs, currency = _tier_prices(prices, rules)
    key = [*ACCOUNT, "part", "kin", "tier"]
    own = sums.with_columns(kin=_family_word("licenses"))
    high = own.join(
        costs, left_on=[*key[:-1], "configured_tier"], right_on=key, how="left", nulls_equal=True
    )
    both = high.join(
        costs,
        left_on=[*key[:-1], "to_tier"],
        right_on=key,
        how="left",
        nulls_equal=True,
        suffix="_low",
    )
    drops = pl.col("verdict").is_in([ABOVE_NEED, ABOVE_INTENTION])
    perpetual = pl.col("part") == "network"
    step = pl.col("unit") - pl.col("unit_low")
    money = (pl.col("quantity").cast(pl.Decimal(38, 0)) * step).round(2, mode="half_away_from_zero")
    note = (
        pl.when(perpetual)
        .then(pl.lit(PERPETUAL))
        .when((pl.col("kinds") > 1) | (pl.col("kinds_low") > 1))
        .then(pl.lit(TWO_PRICES))
        .when(pl.col("unit").is_null())
        .then(pl.lit(NO_PRICE))
        .when(pl.col("unit_low").is_null())
        .then(pl.lit(NO_LOWER))
    )
    return both.with_columns(
        money=pl.when(drops & ~perpetual).then(money).cast(MONEY),
        money_note=pl.when(drops).then(note),
        currency=pl.lit(currency, pl.String),
    )


def _family_word(column: str) -> pl.Expr:
    """The product's word in a name: C9300 of `C9300 48P DNA Advantage`, AIR, Routing."""
    return pl.col(column).str.extract(r"(?i)^(?:Cisco )?([A-Z]+\d*[A-Z]{0,2})\b").str.to_uppercase()


def _tier_prices(prices: pl.DataFrame, rules: Rules) -> tuple[pl.DataFrame, str | None]:
    """What a unit of a tier of a product costs, where all its licences there cost the same."""
    shape = {**dict.fromkeys([*ACCOUNT, "part", "kin", "tier"], pl.String)}
    if prices.is_empty():
        shape |= {"unit": pl.Decimal(38, 12), "kinds": pl.UInt32}
        return pl.DataFrame(schema=shape), None
    told = prices.join(tiers_of(prices["license"], rules), on="license").with_columns(
        kin=_family_word("license")
    )
    known = pl.col("unit_money").drop_nulls()
    found = told.group_by(*shape).agg(
        unit=pl.when(known.n_unique() == 1).then(known.first()), kinds=known.n_unique()
    )
    return found, prices["currency"].drop_nulls().first()


def _action() -> pl.Expr:
    verdict = pl.col("verdict")
    return (
        pl.when(pl.col("asks_more") | ((verdict == ABOVE_INTENTION) & pl.col("needs_more")))
        .then(pl.lit(OFF))
        .when(verdict.is_in([ABOVE_NEED, ABOVE_INTENTION]))
        .then(pl.lit(DROP))
        .when(verdict == SHORT_POOL)
        .then(pl.lit(FREE))
        .when(verdict == BELOW_INTENTION)
        .then(pl.lit(RAISE))
        .when(verdict == FITS)
        .then(pl.lit(KEEP))
        .otherwise(pl.lit(ASK))
    )


def _why() -> pl.Expr:
    verdict, meant = pl.col("verdict"), pl.col("verdict") == ABOVE_INTENTION
    return (
        pl.when(verdict == ABOVE_LICENCE)
        .then(pl.format("its lines ask for more than it has: {}", "features"))
        .when(verdict == SHORT_POOL)
        .then(pl.format("its pool is short: {}", "licensed"))
        .when((verdict == ABOVE_NEED) & (pl.col("intended_tier") == pl.col("configured_tier")))
        .then(
            pl.format(
                "no configured feature needs more than {}, though {} is intended",
                *("needed_at_most", "intended_tier"),
            )
        )
        .when(verdict == ABOVE_NEED)
        .then(pl.format("no configured feature needs more than {}", "needed_at_most"))
        .when(meant & pl.col("needs_more"))
        .then(pl.format("intended {}; may not be dropped while {}", "intended_tier", "features"))
        .when(meant)
        .then(pl.format("more than intended; intended is {}", "intended_tier"))
        .when(verdict == BELOW_INTENTION)
        .then(pl.format("less than intended; intended is {}", "intended_tier"))
        .when(verdict == UNDECIDED)
        .then(pl.format("nothing decides between {}", "candidates"))
        .when(verdict == NO_EVIDENCE)
        .then(pl.lit("may not be dropped: no configuration says what it needs"))
        .when(pl.col("features").is_not_null())
        .then(pl.format("may not be dropped: {}", "features"))
        .otherwise(pl.lit("the lowest tier already, or the intended one"))
    )


def _condition(rules: Rules) -> pl.Expr:
    """What to check before the action is taken."""
    unseen = " and ".join(rules["tiers.unseen"])
    drop = pl.col("verdict").is_in([ABOVE_NEED, ABOVE_INTENTION])
    add_on = pl.lit(f"{unseen} are switched on in Catalyst Center: no line shows them, ask there")
    network = pl.lit(
        "drop the add-on first or with it: its higher tier needs the network tier; takes a reboot"
    )
    return (
        pl.when((drop & pl.col("needed_tier").is_null()) | (pl.col("verdict") == NO_EVIDENCE))
        .then(pl.lit("take `show running-config` of these devices first"))
        .when(drop & (pl.col("part") == "add-on"))
        .then(add_on)
        .when(drop & (pl.col("part") == "network"))
        .then(network)
    )


def _wording() -> pl.Expr:
    """Configured against intended tier, as it can stand in a letter."""
    day = pl.coalesce(pl.col("as_of").cast(pl.String), pl.lit("an undated snapshot"))
    configured = pl.coalesce("configured_tier", pl.lit("undecided"))
    intention = pl.coalesce(
        pl.format("the intended tier is {}", "intended_tier"), pl.lit("no intention is recorded")
    )
    need = pl.coalesce(
        pl.format("their configurations need {}", "needed_tier"),
        pl.lit("no configuration was read"),
    )
    many = pl.when(pl.col("devices") == 1).then(pl.lit("device")).otherwise(pl.lit("devices"))
    return pl.format(
        "As of {}: {} {} in {}, {}: configured {}; {}; {}. The configured tier is a boot setting"
        " and proves no use of a feature of that tier.",
        day,
        "devices",
        many,
        pl.coalesce("virtual_account", pl.lit("an unnamed account")),
        "part",
        configured,
        intention,
        need,
    )


def addon_lapse(
    positions: pl.DataFrame,
    rows: pl.DataFrame,
    others: dict[str, pl.DataFrame],
    rules: Rules,
) -> pl.DataFrame:
    """One row per term add-on of a ladder in a Virtual Account: what its lapse means.

    Rule: the perpetual network licence of the same account stays; what is lost is the rule pack's
    list for the tier; what is saved is demand × unit price to the end of the agreement.
    `others` has used (last_used), expiries and unit_prices. Columns: ANSWERS["addon_lapse"].
    """
    contract = ANSWERS["addon_lapse"]
    held = positions.join(ladders_of(positions["license"], rules), on="license")
    add_on = held.filter((pl.col("part") == "add-on") & (pl.col("demand") > 0))
    if add_on.is_empty():
        return contract.empty()
    network = held.filter((pl.col("part") == "network") & (pl.col("entitled") > 0)).with_columns(
        kin=_family_word("license")
    )
    stays = network.group_by(*ACCOUNT, "kin").agg(
        stays=pl.format("{} {}", "entitled", "license").sort().str.join(", ")
    )
    used = _users(others["used"], rows)
    prices, ends = others["unit_prices"], others["expiries"]
    unit = prices.group_by(PRICED).agg(
        unit=pl.col("unit_money").drop_nulls().first(),
        kinds=pl.col("unit_money").n_unique(),
        currency=pl.col("currency").first(),
    )
    ending = ends.group_by(PRICED).agg(next_end=pl.col("end_date").min())
    lost = pl.DataFrame(rules["tiers.lost"]).select("tier", "lost")
    found = add_on.with_columns(kin=_family_word("license"))
    for frame, key in (
        (stays, [*ACCOUNT, "kin"]),
        (used, PRICED),
        (unit, PRICED),
        (ending, PRICED),
        (lost, ["tier"]),
    ):
        found = found.join(frame, on=key, how="left", nulls_equal=True)
    one = pl.when(pl.col("kinds") == 1).then("unit")
    money = (pl.col("demand").cast(pl.Decimal(38, 0)) * one).round(2, mode="half_away_from_zero")
    note = (
        pl.when(pl.col("kinds") > 1)
        .then(pl.lit(TWO_PRICES))
        .when(money.is_null())
        .then(pl.lit(NO_PRICE))
    )
    counts = ("devices", "needing", "unread")
    return contract.shaped(
        found.with_columns(
            *(pl.col(n).fill_null(0) for n in counts),
            stays=pl.coalesce("stays", pl.lit("no network licence stands in this account")),
            saved=money.cast(MONEY),
            money_note=note,
        ).sort(PRICED, nulls_last=True)
    )


def _users(used: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Per licence: instances that consume it, those that need its tier, those never read."""
    whose = rows.filter(~pl.col("part").is_in(SETS)).select(
        "device", "part", "needed", "configured_height", snapshot_date="cssm_day"
    )
    own = used.select("device", "part", "snapshot_date", *PRICED).unique()
    both = own.join(whose, on=["device", "part", "snapshot_date"])
    return both.group_by(PRICED).agg(
        devices=pl.len().cast(pl.Int64),
        needing=(pl.col("needed") >= pl.col("configured_height")).sum().cast(pl.Int64),
        unread=pl.col("needed").is_null().sum().cast(pl.Int64),
    )
