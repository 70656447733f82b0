"""Charts of tiers: configured against needed, verdicts, drift in time, money each way."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import and_more, heaviest, with_account
from cssm_lib.pages.charts.theme import (
    PALETTE,
    PLOT_WIDTH,
    WIDE,
    blank,
    heading,
    meanings,
    names_axis,
)

ORDER = ["none", "essentials", "advantage", "premier"]
UNKNOWN, UNDECIDED = "not known", "undecided"
NOBODY = "nothing decides"
LADDER = ("network", "add-on")
# a meaning of the palette for each verdict, the gravest first
VERDICTS = {
    "above licence": "short",
    "in a short pool": "gap",
    "above need": "over",
    "above intention": "shelf",
    "below intention": "reserved",
    "undecided": "peak",
    "fits": "used",
    "no evidence": "stock",
}


def tier_matrix(feature_drift: pl.DataFrame) -> alt.Chart | alt.HConcatChart:
    """Configured against needed tier: how many devices stand in each cell, for each part.

    Below the diagonal lies what is paid and not needed, above it what invites an upgrade pitch.
    """
    title = "Configured × needed tier"
    rows = feature_drift.filter(pl.col("part").is_in(LADDER))
    if rows.is_empty():
        return blank(title, "feature_drift")
    height = {tier: n for n, tier in enumerate(ORDER)}
    above = pl.col("configured").replace_strict(height, default=None, return_dtype=pl.Int64)
    need = pl.col("needed").replace_strict(height, default=None, return_dtype=pl.Int64)
    cells = (
        rows.with_columns(
            configured=pl.col("configured_tier").fill_null(UNDECIDED),
            needed=pl.when(pl.col("needed_tier") != pl.col("needed_at_most"))
            .then(pl.lit(UNDECIDED))
            .otherwise(pl.col("needed_tier").fill_null(UNKNOWN)),
        )
        .group_by("part", "configured", "needed")
        .agg(devices=pl.len().cast(pl.Int64))
        .with_columns(
            state=pl.when(above > need)
            .then(pl.lit("above need"))
            .when(above < need)
            .then(pl.lit("below need"))
            .when(above == need)
            .then(pl.lit("as needed"))
            .otherwise(pl.lit(NOBODY))
        )
        .sort("part", "configured", "needed")
    )
    note = "Devices in each cell. Needed: by the lines of their configurations, where one was read."
    panels = [
        _panel(cells.filter(part=part), part) for part in LADDER if part in set(cells["part"])
    ]
    return alt.hconcat(*panels, spacing=40).properties(title=heading(title, note))


def _panel(cells: pl.DataFrame, part: str) -> alt.LayerChart:
    there = [t for t in [*ORDER, UNDECIDED] if t in set(cells["configured"])]
    needs = [t for t in [*ORDER, UNDECIDED, UNKNOWN] if t in set(cells["needed"])]
    base = alt.Chart(cells).encode(
        x=alt.X("needed:N", sort=needs, title="needed", axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("configured:N", sort=there[::-1], title="configured"),
        tooltip=[
            alt.Tooltip("configured:N", title="Configured"),
            alt.Tooltip("needed:N", title="Needed"),
            alt.Tooltip("devices:Q", title="Devices", format=",d"),
        ],
    )
    words = ["below need", "as needed", "above need", NOBODY]
    colour = alt.Color(
        "state:N", scale=meanings("short", "used", "over", "stock", words=words), title=None
    )
    dark = alt.condition(
        f"datum.state === '{NOBODY}'", alt.value(PALETTE["ink"]), alt.value("white")
    )
    number = base.mark_text(fontSize=13, fontWeight="bold").encode(
        text=alt.Text("devices:Q", format=",d"), color=dark
    )
    layers = alt.layer(base.mark_rect(stroke="white", strokeWidth=2).encode(color=colour), number)
    return layers.properties(
        width=alt.Step(84), height=alt.Step(44), title=alt.TitleParams(part, fontSize=13)
    )


def verdicts_by_account(
    feature_drift: pl.DataFrame, *, top: int = 16
) -> alt.Chart | alt.LayerChart:
    """Licence parts of devices by verdict, for each Virtual Account."""
    title = "Verdicts by Virtual Account"
    if feature_drift.is_empty():
        return blank(title, "feature_drift")
    known = with_account(feature_drift).with_columns(
        grave=(~pl.col("verdict").is_in(["fits", "no evidence"])).cast(pl.Int64),
        all_=pl.lit(1, pl.Int64),
    )
    kept, order, rest = heaviest(known, "account", ["grave", "all_"], top)
    bars = kept.group_by("account", "verdict").agg(parts=pl.len().cast(pl.Int64))
    bars = bars.with_columns(
        rank=pl.col("verdict").replace_strict(list(VERDICTS), range(len(VERDICTS)), default=9)
    ).sort("account", "rank")
    scale = meanings(*VERDICTS.values(), words=list(VERDICTS))
    more = and_more(rest | {"names": rest["names"]}, "device parts", {"grave": "to look at"})
    drawn = (
        alt.Chart(bars)
        .mark_bar(height=15)
        .encode(
            y=alt.Y("account:N", sort=order, axis=names_axis(), title=None),
            x=alt.X("parts:Q", title="Licences of devices", axis=alt.Axis(format=",~d")),
            color=alt.Color("verdict:N", scale=scale, title=None),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("account:N", title="Virtual Account"),
                alt.Tooltip("verdict:N", title="Verdict"),
                alt.Tooltip("parts:Q", title="Device parts", format=",d"),
            ],
        )
    )
    note = "A switch counts once for its network licence and once for its add-on."
    return drawn.properties(width=PLOT_WIDTH, height=alt.Step(24), title=heading(title, note, more))


def drift_timeline(
    drift_groups: pl.DataFrame, *, top: int = 24, known: bool = False
) -> alt.Chart | alt.LayerChart:
    """Each cause of drift as a bar over the days in which it must lie.

    `known`: there are positions, so that an empty timeline means that nothing changed.
    """
    title = "Drift: each cause between two snapshots"
    if drift_groups.is_empty():
        quiet = "Nothing changed its tier between the snapshots, or only one snapshot is there."
        return blank(title, "drift_groups", sentence=quiet if known else "")
    newest = drift_groups.sort("drifted_by", "quantity", descending=True)
    kind = (
        pl.when(pl.col("change").str.contains("→ none"))
        .then(pl.lit("no longer reported"))
        .when(pl.col("witness") == "configuration")
        .then(pl.lit("feature"))
        .otherwise(pl.lit("tier changed"))
    )
    account = pl.col("virtual_account").fill_null("account not named")
    drawn = newest.head(top).with_columns(
        label=pl.concat_str("cause", pl.lit(" "), account, pl.lit("\n"), "radius"), kind=kind
    )
    order = drawn.sort("drifted_after", "cause")["label"].to_list()
    axis = names_axis(300)
    axis.labelExpr = "split(datum.label, '\\n')"
    axis.labelLineHeight = 13
    base = alt.Chart(drawn.select("label", "kind", "change", "trip", "drifted_after", "drifted_by"))
    words = ["tier changed", "no longer reported", "feature"]
    bars = base.mark_bar(height=14, cornerRadius=3).encode(
        y=alt.Y("label:N", sort=order, axis=axis, title=None),
        x=alt.X(
            "drifted_after:T",
            title="from the day before the change to the day that shows it",
            axis=alt.Axis(format="%Y-%m"),
        ),
        x2="drifted_by:T",
        color=alt.Color("kind:N", scale=meanings("short", "peak", "over", words=words), title=None),
        tooltip=[
            alt.Tooltip("change:N", title="Change"),
            alt.Tooltip("drifted_after:T", title="After", format="%Y-%m-%d"),
            alt.Tooltip("drifted_by:T", title="By", format="%Y-%m-%d"),
            alt.Tooltip("trip:N", title="Trip"),
        ],
    )
    rest = newest.height - drawn.height
    more = f"The newest are drawn; {rest:,} more causes stand in the table." if rest else ""
    return bars.properties(
        width=WIDE - 240,
        height=alt.Step(36),
        title=heading(title, "One bar is one cause; the change lies somewhere in it.", more),
    )


def tier_timeline(tier_days: pl.DataFrame, *, top: int = 14) -> alt.Chart | alt.LayerChart:
    """When tiers parted: the verdict of devices over their days, those with one history together.

    Devices that never changed are left out; the largest groups are drawn.
    """
    title = "When tiers parted: verdict by day"
    groups = _histories(tier_days)
    if groups.is_empty():
        quiet = "No device changed any of its four tiers between the snapshots."
        return blank(title, "tier_days", sentence="" if tier_days.is_empty() else quiet)
    labels = groups.select("group", "label", "devices").unique()
    order = labels.sort("devices", "label", descending=[True, False])["label"].to_list()
    drawn = groups.filter(pl.col("label").is_in(order[:top]))
    axis = names_axis(300)
    axis.labelExpr = "split(datum.label, '\\n')"
    axis.labelLineHeight = 13
    days = alt.X(
        "first_day:T",
        title="day of the snapshot",
        axis=alt.Axis(format="%Y-%m", tickCount=6),
        scale=alt.Scale(padding=10),
    )
    base = alt.Chart(drawn.select(*SHOWN_DAYS)).encode(
        y=alt.Y("label:N", sort=order[:top], axis=axis, title=None), x=days
    )
    words = [one for one in VERDICTS if one in set(drawn["verdict"])]
    scale = meanings(*(VERDICTS[one] for one in words), words=words)
    colour = alt.Color("verdict:N", scale=scale, title=None)
    told = {"intended": "Intended", "licensed": "Licensed", "configured": "Configured"}
    told |= {"needed": "Needed", "changed": "Changed", "verdict": "Verdict"}
    tips = [alt.Tooltip(f"{name}:N", title=word) for name, word in told.items()]
    tips += [alt.Tooltip(f"{day}:T", format="%Y-%m-%d", title=word) for day, word in ENDS.items()]
    between = base.mark_rule(color=PALETTE["balanced"], strokeDash=[3, 3]).encode(x2="until:T")
    spans = base.mark_bar(height=12).encode(x2="last_day:T", color=colour, tooltip=tips)
    starts = base.mark_square(size=130, opacity=1).encode(color=colour, tooltip=tips)
    word = alt.condition("datum.changed === 'first day'", alt.value(""), "changed:N")
    moved = base.mark_text(
        align="right", dx=-8, dy=-10, fontSize=10, limit=112, color=PALETTE["quiet"]
    )
    moved = moved.encode(text=word)
    rest = len(order) - len(order[:top])
    more = f"The largest are drawn; {rest:,} more histories stand in the table." if rest else ""
    note = "Devices of one history are one row. A change lies in the dashes: the word says of what."
    return alt.layer(between, spans, starts, moved).properties(
        width=WIDE - 150, height=alt.Step(36), title=heading(title, note, more)
    )


ENDS = {"first_day": "From", "last_day": "Last seen so"}
SHOWN_DAYS = (
    *("label", "first_day", "last_day", "until", "verdict", "changed"),
    *("intended", "licensed", "configured", "needed"),
)


def _histories(tier_days: pl.DataFrame) -> pl.DataFrame:
    """The rows of one device for all that share its history, with how many they are."""
    part = ["device", "part"]
    rows = tier_days.drop_nulls("first_day").sort(*part, "first_day")
    rows = rows.filter(pl.len().over(part) > 1)
    told = rows.with_columns(
        until=pl.col("first_day").shift(-1).over(part),
        account=pl.col("virtual_account").fill_null("account not named"),
        **{
            name: pl.coalesce(column, pl.lit("not known"))
            for name, column in (
                ("intended", "intended_tier"),
                ("licensed", "licensed"),
                ("configured", "configured_tier"),
                ("needed", "needed_tier"),
            )
        },
    )
    mark = pl.concat_str("first_day", "last_day", *SHOWN_DAYS[4:], "account", separator="|")
    told = told.with_columns(group=mark.str.join("\n").over(part))
    # what every device of the group has alike is told once
    group = ["part", "group"]
    first = pl.col("device").first().over(group)
    told = told.with_columns(
        devices=pl.col("device").n_unique().over(group),
        name=pl.coalesce(pl.col("hostname").str.split(".").list.first(), "device"),
        account=pl.col("account").last().over(part),
    ).filter(pl.col("device") == first)
    many = pl.when(pl.col("devices") == 1).then(pl.col("name").last().over(group))
    size = many.otherwise(
        pl.format("{} devices, such as {}", "devices", pl.col("name").last().over(group))
    )
    label = pl.concat_str("account", pl.lit(", "), "part", pl.lit("\n"), size)
    return told.with_columns(label=label)


def money_each_way(tier_plan: pl.DataFrame, *, top: int = 16) -> alt.Chart | alt.LayerChart:
    """What dropping tiers saves, in order of money by touched device."""
    title = "What dropping a tier saves"
    rows = tier_plan.filter(pl.col("money") > 0)
    if rows.is_empty():
        idle = "No tier can be dropped for money on this evidence, or no agreement prices it."
        return blank(title, "tier_plan", sentence="" if tier_plan.is_empty() else idle)
    account = pl.col("virtual_account").fill_null("account not named")
    step = pl.format("{}: {} → {}", "licenses", "from_tier", "to_tier")
    drawn = rows.with_columns(
        label=pl.concat_str(account, pl.lit("\n"), step),
        money=pl.col("money").cast(pl.Float64),
        each=pl.col("money_per_device").cast(pl.Float64),
    ).head(top)
    axis = names_axis(300)
    axis.labelExpr = "split(datum.label, '\\n')"
    axis.labelLineHeight = 13
    base = alt.Chart(drawn.select("label", "money", "each", "devices", "why", "action")).encode(
        y=alt.Y("label:N", sort=drawn["label"].to_list(), axis=axis, title=None),
        x=alt.X(
            "money:Q",
            title="Money for these licences to the end of the agreement",
            axis=alt.Axis(format=",~d"),
        ),
        tooltip=[
            alt.Tooltip("label:N", title="Where"),
            alt.Tooltip("action:N", title="Action"),
            alt.Tooltip("devices:Q", title="Devices", format=",d"),
            alt.Tooltip("money:Q", title="Money", format=",.2f"),
            alt.Tooltip("each:Q", title="A device", format=",.2f"),
            alt.Tooltip("why:N", title="Why"),
        ],
    )
    bars = base.mark_bar(height=16, color=PALETTE["used"])
    number = base.mark_text(align="left", dx=4).encode(text=alt.Text("money:Q", format=",.2f"))
    note = "In order of money by touched device. Network licences are perpetual and save nothing."
    rest = rows.height - drawn.height
    more = f"And {rest:,} more rows in the table." if rest else ""
    return alt.layer(bars, number).properties(
        width=380, height=alt.Step(40), title=heading(title, note, more)
    )


def short_pools(tier_pools: pl.DataFrame, *, top: int = 16) -> alt.Chart | alt.LayerChart:
    """What each tier of a Smart Account is short of, and what a transfer cures of it."""
    title = "Short of a tier, pool by pool"
    left, cured = "short in the Smart Account", "cured by transfer"
    rows = tier_pools.filter((pl.col("own_short") > 0) | (pl.col("cured") > 0))
    if rows.is_empty():
        idle = "No pool is short of a tier, in no Virtual Account."
        return blank(title, "tier_pools", sentence="" if tier_pools.is_empty() else idle)
    said = pl.when(pl.col("money") > 0).then(
        pl.format("{} {}", pl.col("money").round(2).cast(pl.Decimal(38, 2)), "currency")
    )
    named = rows.with_columns(
        pool=pl.concat_str("licenses", pl.lit(" · "), pl.col("smart_account").fill_null("unnamed")),
        says=said.fill_null(""),
    ).sort("own_short", "cured", "pool", descending=[True, True, False])
    drawn = named.head(top)
    long = drawn.select(
        "pool", "says", pl.col("own_short").alias(left), pl.col("cured").alias(cured)
    ).unpivot(index=["pool", "says"], variable_name="state", value_name="units")
    base = alt.Chart(long.filter(pl.col("units") > 0).sort("pool", "state")).encode(
        y=alt.Y("pool:N", sort=drawn["pool"].to_list(), axis=names_axis(), title=None),
        x=alt.X("units:Q", title="Licences", axis=alt.Axis(format=",~d")),
        order=alt.Order("state:N", sort="descending"),
        tooltip=[
            alt.Tooltip("pool:N", title="Licence"),
            alt.Tooltip("state:N", title="Part"),
            alt.Tooltip("units:Q", title="Licences", format=",d"),
            alt.Tooltip("says:N", title="Money"),
        ],
    )
    colour = alt.Color("state:N", scale=meanings("short", "used", words=[left, cured]), title=None)
    rest = named.height - drawn.height
    more = f"And {rest:,} more pools in the table." if rest else ""
    note = "No single device of a pool is the short one; money, where priced, is in the tooltip."
    return (
        base.mark_bar(height=15)
        .encode(color=colour)
        .properties(width=PLOT_WIDTH - 60, height=alt.Step(24), title=heading(title, note, more))
    )
