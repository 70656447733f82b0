"""Intended, licensed, configured and needed side by side, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from cssm_lib.analyses.feature_drift.heard import Heard, coded, spelled
from cssm_lib.analyses.feature_drift.names import SETS, rank, ranked
from cssm_lib.analyses.feature_drift.pools import ACCOUNT, after_transfers, ladders_of
from cssm_lib.analyses.feature_drift.witnesses import CONFIGURATION, CSSM, LONG_AGO, NONE, ORDER
from cssm_lib.rules import Rules, matches_any
from cssm_lib.schema import ANSWERS

PART = ["device", "part"]
RUNG = ["ladder", "rung", "tier"]
Pools = tuple[pl.DataFrame, pl.DataFrame]
FITS, NO_EVIDENCE, UNDECIDED = "fits", "no evidence", "undecided"
ABOVE_LICENCE, ABOVE_NEED = "above licence", "above need"
SHORT_POOL = "in a short pool"
ABOVE_INTENTION, BELOW_INTENTION = "above intention", "below intention"
VERDICTS = [
    UNDECIDED,
    ABOVE_LICENCE,
    SHORT_POOL,
    ABOVE_NEED,
    ABOVE_INTENTION,
    BELOW_INTENTION,
    NO_EVIDENCE,
    FITS,
]
PATTERNS = ("smart_account", "virtual_account", "pid", "hostname")


def standing(parts: Sequence[Heard]) -> pl.DataFrame:
    """One row per part of a device that stands at as_of: what the newest witness says.

    Rule: a device that CSSM showed once and shows no longer is gone. Among witnesses of what runs
    the newest day decides; two that say different things of that day, or of days that nobody
    knows, are a disagreement, and so is a configuration that is as new and says another level.
    Then `configured_tier` is null. `cssm_day` is the day of CSSM's own word.
    """
    day = pl.col("snapshot_date").fill_null(LONG_AGO).max()
    shown = (part.told.filter(pl.col("witness") == CSSM) for part in parts)
    last = pl.concat(some.group_by("smart_account").agg(last=day) for some in shown)
    last = spelled(last).group_by("smart_account").agg(pl.col("last").max())
    told = (spelled(part.told) for part in parts)
    return spelled(pl.concat(coded(_standing(_heard(_present(some, last)))) for some in told))


def _standing(heard: pl.DataFrame) -> pl.DataFrame:
    word = pl.concat_str(
        *("witness", pl.lit(": "), "tier", pl.lit(" (")),
        *(pl.col("snapshot_date").cast(pl.String).fill_null("undated"), pl.lit(")")),
    )
    cssm, counted = pl.col("witness") == CSSM, pl.col("witness") != CONFIGURATION
    tiers = pl.col("tier").filter("heard").unique().sort()
    mixed = tiers.str.contains(" + ", literal=True).any() & ~pl.col("part").first().is_in(SETS)
    names = ("smart_account", "virtual_account", "serial", "uuid", "hostname", "pid", "family")
    found = heard.group_by(PART, maintain_order=True).agg(
        *(pl.col(n).sort_by("order").drop_nulls().first() for n in names),
        snapshot_date=pl.col("snapshot_date").first(),
        cssm_day=pl.col("snapshot_date").filter(cssm).first(),
        licenses=pl.col("said").filter(cssm).first(),
        quantity=pl.col("quantity").filter(counted).first(),
        bandwidth=pl.col("bandwidth").replace("", None).drop_nulls().first(),
        agreed=(tiers.len() == 1) & ~mixed,
        tiers=tiers.str.join(", "),
        configured_by=word.str.join("; "),
    )
    return found.with_columns(
        pl.col(PART).cast(pl.String), configured_tier=pl.when("agreed").then("tiers")
    )


def _present(told: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """The newest word of each witness on devices that have not left CSSM.

    `last` has the newest day of each Smart Account.
    """
    day, cssm = pl.col("snapshot_date").fill_null(LONG_AGO), pl.col("witness") == CSSM
    shown = told.with_columns(day=day).join(
        last, on="smart_account", how="left", nulls_equal=True, maintain_order="left"
    )
    here = (cssm & (pl.col("day") == pl.col("last"))).any().over("device")
    stays = shown.filter(here | ~cssm.any().over("device"))
    return stays.filter(pl.col("day") == pl.col("day").max().over(*PART, "witness"))


def _heard(newest: pl.DataFrame) -> pl.DataFrame:
    """The rows, newest first, with `heard`: whether the word counts for the tier."""
    runs, day = pl.col("witness") != CONFIGURATION, pl.col("day")
    top = day.filter(runs).max().over(PART)
    order = pl.col("witness").replace_strict(ORDER, range(len(ORDER)), return_dtype=pl.Int64)
    late = pl.when(runs).then(day == top).otherwise(top.is_null() | (day >= top))
    return newest.with_columns(order=order, heard=late | (day == LONG_AGO)).sort(
        "day", "order", descending=[True, False]
    )


def intended(rows: pl.DataFrame, wanted: list[dict[str, str]], rules: Rules) -> pl.DataFrame:
    """The rows with `intended_tier`, the first of `wanted` whose patterns all fit, and its path.

    A tier may name its part (`network-advantage`, `dna-essentials`); without one it is meant for
    both. What is no tier of a ladder is a set, its add-ons joined by `+`.
    """
    tier = by = pl.lit(None, pl.String)
    for number, entry in reversed(list(enumerate(wanted))):
        meant, parts = _meant(entry["tier"], rules)
        fits = pl.col("part").is_in(parts)
        for name in PATTERNS:
            if entry[name] != "*":
                fits = fits & pl.col(name).str.contains(matches_any([entry[name]])).fill_null(False)
        tier = pl.when(fits).then(pl.lit(meant)).otherwise(tier)
        by = pl.when(fits).then(pl.lit(f"client.toml: intended_tiers[{number}]")).otherwise(by)
    return rows.with_columns(intended_tier=tier, intended_by=by)


def _meant(said: str, rules: Rules) -> tuple[str, list[str]]:
    """The tier that an entry says, and the parts that it is meant for."""
    plain = said.strip().lower().removeprefix("air-")
    for prefix, part in (("network-", "network"), ("dna-", "add-on")):
        if plain.startswith(prefix):
            return plain.removeprefix(prefix), [part]
    if plain in rules["tiers.order"]:
        return plain, ["network", "add-on"]
    return " + ".join(sorted(word.strip() for word in plain.split("+"))), list(SETS)


def last_used(said: pl.DataFrame) -> pl.DataFrame:
    """The licences of each part of a device on the last day on which CSSM shows any of it.

    Columns: device, part, account, license, status, snapshot_date.
    """
    used = said.filter((pl.col("witness") == CSSM) & pl.col("part").is_not_null())
    day = pl.col("snapshot_date").fill_null(LONG_AGO)
    names = (*PART, *ACCOUNT, "license", "status", "snapshot_date")
    return used.select(names).filter(day == day.max().over(PART)).unique()


def licensed(rows: pl.DataFrame, used: pl.DataFrame, pools: Pools, rules: Rules) -> pl.DataFrame:
    """The rows with `licensed` and `over`: whether the Smart Account is short at their tier too.

    `used` is of last_used, `pools` are tier_pools and tier_accounts. Of several licences of a part
    the shortest decides.
    """
    worst = _worst(used, pools, rules)
    both = rows.join(worst, on=[*PART, "cssm_day"], how="left", nulls_equal=True).with_columns(
        pl.col("here", "whole").fill_null(0), pl.col("reserved").fill_null(False)
    )
    words = pl.when("reserved").then(pl.lit("reserved"))
    words = words.otherwise(after_transfers("licensed", "here", "whole"))
    over = ~pl.col("reserved") & (pl.col("here") > 0) & (pl.col("whole") > 0)
    return both.with_columns(licensed=words, over=over).drop("reserved", "here", "whole")


def _worst(used: pl.DataFrame, pools: Pools, rules: Rules) -> pl.DataFrame:
    """Per part of a device and day of CSSM: what its shortest licence is, here and in the whole."""
    whole, here = pools
    ladders = ladders_of(used["license"], rules).select("license", *RUNG)
    own = used.rename({"snapshot_date": "cssm_day"})
    found = (
        own.join(ladders, on="license")
        .join(
            here.select(*ACCOUNT, *RUNG, "licensed", here="own_short"),
            on=[*ACCOUNT, *RUNG],
            how="left",
            nulls_equal=True,
        )
        .join(
            whole.select("smart_account", *RUNG, whole="own_short"),
            on=["smart_account", *RUNG],
            how="left",
            nulls_equal=True,
        )
    )
    shortest = found.sort("here", "licensed", "whole", descending=True, nulls_last=True)
    reserved = (pl.col("status").str.to_lowercase() == "reserved").any()
    return shortest.group_by(*PART, "cssm_day").agg(
        pl.col("licensed", "here", "whole").first(), reserved=reserved
    )


def judged(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows with verdict, also, reason and candidates.

    Rule: of the verdicts that hold, in the order of `VERDICTS`, the first is the verdict and the
    others stand in `also`. Above licence is only what a line of its own configuration asks for: a
    pool's shortage is attributed to no device of it, which is told apart. Where witnesses
    disagree, or where lines may need the configured tier or a lower one, it is undecided. Sets are
    compared as sets.
    """
    ladder = ~pl.col("part").is_in(SETS)
    have, want = rank("configured_tier", rules), rank("intended_tier", rules)
    # what is not consumed at all lies below every tier
    have = pl.when(pl.col("configured_tier") == NONE).then(-1).otherwise(have)
    low, high = pl.col("needed"), pl.col("at_most")
    own, meant = _set("configured_tier"), _set("intended_tier")
    more = (
        pl.when(ladder).then(have > want).otherwise(own.list.set_difference(meant).list.len() > 0)
    )
    less = (
        pl.when(ladder).then(have < want).otherwise(meant.list.set_difference(own).list.len() > 0)
    )
    unsure = (low < have) & (have <= high)
    asks = (low > have) & pl.col("evidence").is_not_null()
    holds = {
        UNDECIDED: ~pl.col("agreed") | unsure,
        ABOVE_LICENCE: asks,
        SHORT_POOL: pl.col("over"),
        ABOVE_NEED: have > high,
        ABOVE_INTENTION: more,
        BELOW_INTENTION: less,
        NO_EVIDENCE: low.is_null(),
        FITS: pl.lit(True),
    }
    sure = {name: expr.fill_null(False).alias(f"is {name}") for name, expr in holds.items()}
    told = rows.with_columns(
        *sure.values(),
        asks_more=asks.fill_null(False),
        needs_more=(low > want).fill_null(False),
    )
    first = pl.coalesce(pl.when(f"is {n}").then(pl.lit(n)) for n in VERDICTS)
    told = told.with_columns(
        verdict=first, needed_tier=ranked(low, rules), needed_at_most=ranked(high, rules)
    )
    also = [
        pl.when(pl.col(f"is {n}") & (pl.col("verdict") != n)).then(pl.lit(n)) for n in VERDICTS[:-1]
    ]
    return told.with_columns(
        also=pl.concat_str(also, separator=", ", ignore_nulls=True).replace("", None),
        candidates=pl.when(pl.col("verdict") == UNDECIDED).then(
            pl.when(~pl.col("agreed"))
            .then("tiers")
            .otherwise(pl.format("{} to {}", "needed_tier", "needed_at_most"))
        ),
        reason=_reason(),
    )


def _set(column: str) -> pl.Expr:
    plain = pl.when(pl.col(column) == NONE).then(pl.lit("")).otherwise(column)
    return plain.str.split(" + ").list.filter(pl.element() != "")


def _reason() -> pl.Expr:
    """Why the verdict, in words."""
    lines = pl.coalesce("evidence", pl.lit("no line of its configuration asks for more"))
    verdict = pl.col("verdict")
    return (
        pl.when((verdict == UNDECIDED) & ~pl.col("agreed"))
        .then(pl.format("witnesses disagree: {}", "configured_by"))
        .when((verdict == UNDECIDED) & ~pl.col("complete").fill_null(True))
        .then(pl.lit("its configuration is cut short, so what it lacks proves nothing"))
        .when(verdict == UNDECIDED)
        .then(pl.format("needed {} or {}: {}", "needed_tier", "needed_at_most", lines))
        .when(verdict == SHORT_POOL)
        .then(pl.lit("its pool is short in the whole Smart Account; no device is the short one"))
        .when(verdict.is_in([ABOVE_INTENTION, BELOW_INTENTION]))
        .then(pl.format("configured {}, intended {}", "configured_tier", "intended_tier"))
        .when(verdict == NO_EVIDENCE)
        .then(pl.lit("no rule or no configuration says what it needs"))
        .otherwise(lines)
    )


def feature_drift(rows: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """The judged rows with the span of the device's last change; columns of the contract."""
    last = (
        changes.filter(~pl.col("kind").str.starts_with("feature"))
        .sort("drifted_by")
        .group_by(PART)
        .agg(pl.col("drifted_after", "drifted_by").last(), drifted_from=pl.col("from_tier").last())
    )
    both = rows.join(last, on=PART, how="left")
    order = ["smart_account", "virtual_account", "device", "part"]
    return ANSWERS["feature_drift"].shaped(both.sort(order, nulls_last=True))
