"""Charts of page 05: by which method Cisco sees, what travels, what is due, how old use may be."""

from __future__ import annotations

import altair as alt
import polars as pl

from cssm_lib.pages.charts.rows import and_more, heaviest, with_pool
from cssm_lib.pages.charts.theme import (
    PALETTE,
    PLOT_WIDTH,
    WIDE,
    blank,
    heading,
    meanings,
    names_axis,
)

RISKS = ["high", "medium", "low", "unknown"]
RISK_COLOURS = ["short", "peak", "used", "balanced"]
FIELDS = {
    "sends_hostname": "host name",
    "sends_version": "release",
    "sends_serial": "serial number",
}
FATES = ["travels", "kept back", "nobody says"]
STATES = ["overdue", "watch", "in time", "unknown"]
STATE_COLOURS = ["short", "peak", "used", "balanced"]
SCORES = ["0 current", "1 same train", "2 older train", "3 no maintenance", "4 no security fixes"]
SCORES += ["5 out of support", "not known"]


def methods(exposure: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    """Instances by reporting method, coloured by the commercial risk of the method."""
    title = "How the product instances report"
    if exposure.is_empty():
        return blank(title, "exposure")
    counted = exposure.group_by("method", "risk", "visibility").len("instances")
    used = counted.with_columns(share=pl.col("instances") / exposure.height).sort("method")
    order = used.sort("instances", "method", descending=[True, False])["method"].to_list()
    base = alt.Chart(used).encode(
        y=alt.Y("method:N", sort=order, axis=names_axis(), title=None),
        x=alt.X("instances:Q", title="Product instances", axis=alt.Axis(format=",~d")),
        tooltip=[
            alt.Tooltip("method:N", title="Method"),
            alt.Tooltip("instances:Q", title="Instances", format=",d"),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
            alt.Tooltip("visibility:N", title="Cisco sees a change"),
        ],
    )
    colours = meanings(*RISK_COLOURS, words=RISKS)
    bars = base.mark_bar(height=14).encode(
        color=alt.Color("risk:N", scale=colours, title="Commercial risk")
    )
    numbers = base.mark_text(align="left", dx=4).encode(
        text=alt.Text("instances:Q", format=",d"), color=alt.value(PALETTE["ink"])
    )
    note = "Only what a file proves has a method; the rest stands as unknown."
    head = heading(title, note)
    return alt.layer(bars, numbers).properties(width=PLOT_WIDTH, height=alt.Step(24), title=head)


def sent(exposure: pl.DataFrame) -> alt.Chart:
    """Which identifying fields travel, are kept back, or are not known to."""
    title = "What travels to Cisco with a usage report"
    if exposure.is_empty():
        return blank(title, "exposure")
    fate = (
        pl.when(pl.col("sent"))
        .then(pl.lit(FATES[0]))
        .when(~pl.col("sent"))
        .then(pl.lit(FATES[1]))
        .otherwise(pl.lit(FATES[2]))
    )
    long = exposure.select(pl.col(name).alias(word) for name, word in FIELDS.items()).unpivot(
        variable_name="field", value_name="sent"
    )
    counted = long.group_by("field", fate.alias("fate")).len("instances").sort("field", "fate")
    place = pl.col("fate").replace_strict(dict(zip(FATES, range(3), strict=True)))
    note = "The device's own word where it was captured, else what Cisco's export shows."
    return (
        alt.Chart(counted.with_columns(place=place))
        .mark_bar(height=16)
        .encode(
            y=alt.Y("field:N", sort=list(FIELDS.values()), axis=names_axis(), title=None),
            x=alt.X("instances:Q", title="Product instances", axis=alt.Axis(format=",~d")),
            color=alt.Color(
                "fate:N", scale=meanings("demand", "used", "stock", words=FATES), title=None
            ),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("field:N", title="Field"),
                alt.Tooltip("fate:N", title="It"),
                alt.Tooltip("instances:Q", title="Instances", format=",d"),
            ],
        )
        .properties(width=PLOT_WIDTH, height=alt.Step(28), title=heading(title, note))
    )


def duty_calendar(duties: pl.DataFrame) -> alt.Chart:
    """Reports by the month in which they are due, and what has become of them at as_of."""
    title = "Reports that are due, by month"
    dated = duties.filter(pl.col("due").is_not_null())
    if dated.is_empty():
        sentence = "No report has a day: nothing ongoing is owed, or no file shows when."
        return blank(title, "duties", sentence="" if duties.is_empty() else sentence)
    month = pl.col("due").dt.strftime("%Y-%m").alias("month")
    counted = dated.group_by(month, "state").len("duties").sort("month", "state")
    words = [state for state in STATES if state in counted["state"].unique()]
    names = [STATE_COLOURS[STATES.index(state)] for state in words]
    place = pl.col("state").replace_strict(
        dict(zip(STATES, range(4), strict=True)), default=4, return_dtype=pl.Int64
    )
    note = "A report clears its duty when its ACK is known. Grey: the last day possible, as no ACK"
    note += " is proven; a duty without a day is not drawn."
    months = counted["month"].n_unique()
    return (
        alt.Chart(counted.with_columns(place=place))
        .mark_bar()
        .encode(
            x=alt.X(
                "month:O",
                title="Month in which the report is due",
                axis=alt.Axis(labelAngle=-40 if months > 8 else 0, labelOverlap=True),
            ),
            y=alt.Y("duties:Q", title="Reports owed", axis=alt.Axis(format=",~d")),
            color=alt.Color("state:N", scale=meanings(*names, words=words), title=None),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("month:O", title="Due in"),
                alt.Tooltip("state:N", title="State"),
                alt.Tooltip("duties:Q", title="Reports", format=",d"),
            ],
        )
        .properties(width=min(WIDE - 30, 60 + 46 * months), height=220, title=heading(title, note))
    )


def use_range(report_ages: pl.DataFrame, *, top: int = 15) -> alt.Chart | alt.LayerChart:
    """The use of each licence as a range: confirmed in the last thirty days up to exported."""
    title = "Use as a range: confirmed lately, and as exported"
    if report_ages.is_empty():
        return blank(title, "report_ages")
    # names from files may hold commas, so pools are told apart by their own columns
    sums = with_pool(
        report_ages.group_by("smart_account", "license").agg(
            pl.col("use_at_least", "use_at_most").sum(),
            pl.col("oldest_report").min(),
        )
    ).with_columns(doubt=pl.col("use_at_most") - pl.col("use_at_least"))
    kept, order, rest = heaviest(sums, "pool", ["doubt", "use_at_most"], top)
    bars = kept.sort("pool").with_columns(oldest=pl.col("oldest_report").cast(pl.String))
    base = alt.Chart(bars.drop("oldest_report")).encode(
        y=alt.Y("pool:N", sort=order, axis=names_axis(), title=None),
        tooltip=[
            alt.Tooltip("pool:N", title="Licence"),
            alt.Tooltip("use_at_least:Q", title="Confirmed", format=",d"),
            alt.Tooltip("use_at_most:Q", title="As exported", format=",d"),
            alt.Tooltip("oldest:N", title="Oldest report"),
        ],
    )
    start = alt.X("use_at_least:Q", title="Licences in use", axis=alt.Axis(format=",~d"))
    whole = base.mark_bar(height=14, color=PALETTE["peak"]).encode(x=start, x2="use_at_most:Q")
    sure = base.mark_bar(height=14, color=PALETTE["demand"]).encode(x=start)
    note = "Blue: reported in the last thirty days. Orange: exported, but resting on older reports"
    note += " or on no instance."
    others = and_more(rest, "licences", {"doubt": "not confirmed", "use_at_most": "in use"})
    return alt.layer(sure, whole).properties(
        width=PLOT_WIDTH, height=alt.Step(22), title=heading(title, note, others)
    )


def account_growth(account_days: pl.DataFrame) -> alt.Chart:
    """How the number of Virtual Accounts has moved, per Smart Account."""
    title = "Number of Virtual Accounts over time"
    whole = account_days.filter("complete").with_columns(
        account=pl.col("smart_account").fill_null("account not named")
    )
    if whole.is_empty():
        return blank(title, "account_days")
    tick = alt.Axis(format="%b %Y", tickCount=8, labelOverlap=True)
    count = alt.Axis(tickMinStep=1, format="d")
    note = "Virtual Accounts that hold a licence row on each complete snapshot day."
    drawn = whole.select("account", "snapshot_date", "virtual_accounts", "with_demand")
    return (
        alt.Chart(drawn.sort("account", "snapshot_date"))
        .mark_line(interpolate="step-after", point=alt.OverlayMarkDef(size=18))
        .encode(
            x=alt.X("snapshot_date:T", title="Snapshot day", axis=tick),
            y=alt.Y("virtual_accounts:Q", title="Virtual Accounts", axis=count),
            color=alt.Color(
                "account:N",
                scale=alt.Scale(range=[PALETTE[n] for n in ("demand", "short", "used", "peak")]),
                title=None,
            ),
            tooltip=[
                alt.Tooltip("account:N", title="Smart Account"),
                alt.Tooltip("snapshot_date:T", title="Day", format="%Y-%m-%d"),
                alt.Tooltip("virtual_accounts:Q", title="Virtual Accounts"),
                alt.Tooltip("with_demand:Q", title="With demand"),
            ],
        )
        .properties(width=WIDE - 30, height=190, title=heading(title, note))
    )


def lifecycle(lifecycle_ages: pl.DataFrame) -> alt.Chart:
    """Instances by age score, hardware and software side by side."""
    title = "Age of hardware and software"
    if lifecycle_ages.is_empty() or lifecycle_ages["score"].null_count() == lifecycle_ages.height:
        return blank(title, "lifecycle_ages")
    word = pl.col("value").replace_strict(
        dict(enumerate(SCORES)), default=SCORES[-1], return_dtype=pl.String
    )
    long = lifecycle_ages.select(
        pl.col("hardware_score").alias("hardware"), pl.col("software_score").alias("software")
    ).unpivot(variable_name="part")
    counted = long.group_by("part", word.alias("score")).len("instances").sort("part", "score")
    note = "From current to out of support. Unknown: no date, no suggested release or no version."
    colours = alt.Scale(
        domain=SCORES,
        range=["#009E73", "#7CC6AE", "#F7E3B0", "#E69F00", "#E07B2A", "#D55E00", "#D3DADF"],
    )
    place = pl.col("score").replace_strict(
        {name: n for n, name in enumerate(SCORES)}, return_dtype=pl.Int64
    )
    return (
        alt.Chart(counted.with_columns(place=place))
        .mark_bar(height=18)
        .encode(
            y=alt.Y("part:N", axis=names_axis(), title=None),
            x=alt.X("instances:Q", title="Product instances", axis=alt.Axis(format=",~d")),
            color=alt.Color(
                "score:N", scale=colours, title=None, legend=alt.Legend(columns=4, labelLimit=160)
            ),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("part:N", title="Part"),
                alt.Tooltip("score:N", title="Score"),
                alt.Tooltip("instances:Q", title="Instances", format=",d"),
            ],
        )
        .properties(width=PLOT_WIDTH + 60, height=alt.Step(32), title=heading(title, note))
    )
