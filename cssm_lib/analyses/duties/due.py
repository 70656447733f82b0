"""The report that each product instance owes for each class of its licences, and when."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.duties.policy import DAYS, under_policy, with_policy
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

INSTANCE = ["smart_account", "virtual_account", "instance"]
NO_DAY = pl.lit(None, pl.Date)


def duties(
    instances: pl.DataFrame,
    uses: pl.DataFrame,
    changes: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per class of licences that a product instance uses: what it owes and when.

    Rule (rules.md, "Reporting duties"; domain.md §3.1): due = min(last ACK + ongoing days, last
    change + on-change days where that change came after the ACK); never acknowledged: registration
    + first-report days; 0 days is no duty; the device's own next deadline wins where it is younger
    than the last known ACK. An ACK is only what a device itself prints. Where none is known the
    last contact bounds it, since no ACK is younger than the report it answers: then `due` is the
    latest day possible, past it the state is overdue, before it unknown. Days are days; overdue:
    as_of > due, watch: the `duties.watch_days` before. `instances`, `uses` and `changes` are those
    of `analyses.estate`. Columns: `ANSWERS["duties"]`; raises nothing.

    >>> from cssm_lib.analyses import estate
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> none = {name: table.empty() for name, table in TABLES.items()}
    >>> found = estate.instances(none, estate.captured(none))
    >>> used = estate.uses(none, found, load_rules())
    >>> duties(found, used, estate.changes(none, found), as_of=None, rules=load_rules()).height
    0
    """
    rows = _classes(instances, uses, changes).with_columns(way=under_policy(rules))
    rows = with_policy(rows, instances, rules).with_columns(_facts())
    rows = rows.with_columns(_computed()).with_columns(_deadlines())
    ruled = pl.when((pl.col("way") == "policy") & pl.col("license_class").is_not_null())
    rows = rows.with_columns(due=_due(), basis=_basis(), policy=ruled.then("policy")).with_columns(
        state=_state(as_of, rules)
    )
    order = [*INSTANCE, "license_class"]
    return ANSWERS["duties"].shaped(rows.sort(order, nulls_last=True))


def _classes(instances: pl.DataFrame, uses: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """The instances, a row a class of licences; one without any licence keeps one row."""
    classes = uses.group_by(*INSTANCE, "license_class").agg(
        licenses=pl.col("license").unique().sort().str.join(" + "), now=pl.col("now").any()
    )
    joined = instances.join(classes, on=INSTANCE, how="left", nulls_equal=True)
    return joined.join(changes, on=INSTANCE, how="left", nulls_equal=True)


def _facts() -> list[pl.Expr]:
    """What is known of reports: the ACK, whether the device denies any, whether it ever spoke."""
    ack = pl.col("last_ack").dt.date()
    spoke = (pl.col("last_contact") > pl.col("registered")).fill_null(False)
    denied = pl.col("says_reporting").fill_null(False) & ack.is_null()
    # what an account shows of a device that was silent at the time is no change of the device
    real = pl.col("now") & (
        pl.col("last_contact").is_null() | (pl.col("last_contact") > pl.col("changed_after"))
    )
    return [
        ack.alias("ack"),
        (ack.is_null() & (denied | ~spoke)).alias("never"),
        (ack.is_null() & spoke & ~denied).alias("unproven"),
        *(pl.when(real).then(pl.col(name)).alias(name) for name in ("changed_after", "changed_by")),
        (pl.col("reserved") & ~pl.col("reports")).alias("only_reserved"),
        pl.all_horizontal(pl.col(DAYS) == 0).alias("no_duty"),
        pl.col("next_ack_deadline").dt.date().alias("deadline"),
    ]


def _after(day: str, days: str) -> pl.Expr:
    """A day and the days of a duty later; null where there is no such duty."""
    later = pl.col(day) + pl.duration(days=pl.col(days))
    return pl.when(pl.col(days) > 0).then(later)


def _computed() -> list[pl.Expr]:
    """The due day by the rule, and whether a change leaves it open."""
    ongoing, changed = _after("ack", "ongoing_days"), _after("changed_by", "change_days")
    surely = pl.when(pl.col("ack") <= pl.col("changed_after")).then(changed)
    maybe = (pl.col("ack") > pl.col("changed_after")) & (pl.col("ack") < pl.col("changed_by"))
    sooner = ongoing.is_null() | (changed < ongoing)
    ruled = pl.col("way") == "policy"
    due = (
        pl.when(~ruled | pl.col("only_reserved") | pl.col("license_class").is_null())
        .then(NO_DAY)
        .when("never")
        .then(_after("registered", "first_days"))
        .when("unproven")
        .then(_after("last_contact", "ongoing_days"))
        .otherwise(pl.min_horizontal(ongoing, surely))
    )
    return [
        due.alias("computed"),
        (ruled & maybe & changed.is_not_null() & sooner).fill_null(False).alias("open"),
    ]


def _deadlines() -> list[pl.Expr]:
    """The device's own deadline for the class it stands for: the one that is due first.

    A device prints one deadline for all its licences, so the others are due no earlier.
    """
    young = pl.col("last_ack").is_null() | (pl.col("next_ack_deadline") > pl.col("last_ack"))
    bound = (pl.col("way") == "policy") & ~pl.col("no_duty").fill_null(True)
    valid = pl.col("deadline").is_not_null() & young & bound
    first = pl.col("computed").min().over(INSTANCE)
    alone = first.is_null()
    leads = alone | (pl.col("computed") == first) | (pl.col("computed") < pl.col("deadline"))
    return [pl.when(valid & leads).then("deadline").alias("captured_due")]


def _due() -> pl.Expr:
    """The device's word first; a day that a change leaves open is no day."""
    classic = pl.when(pl.col("way") == "classic").then(pl.col("communication_deadline").dt.date())
    return pl.coalesce("captured_due", classic, pl.when(~pl.col("open")).then("computed"))


def _basis() -> pl.Expr:
    days = {name: pl.col(f"{name}_days").cast(pl.String) for name in ("first", "ongoing", "change")}
    own = pl.col("ack") + pl.duration(days=pl.col("ongoing_days"))
    by_change = (pl.col("computed") != own).fill_null(True)
    change = pl.format(
        "change between {} and {} + {} days", "changed_after", "changed_by", days["change"]
    )
    between = pl.format(
        "change between {} and {}, ACK of {}: {} if the change came last, else cleared",
        "changed_after",
        "changed_by",
        "ack",
        _after("changed_by", "change_days"),
    )
    return (
        pl.when(pl.col("license_class").is_null() & pl.col("in_export"))
        .then(pl.lit("no licence in any export: nothing to report"))
        .when(pl.col("license_class").is_null())
        .then(pl.lit("the capture lists no licence"))
        .when(pl.col("captured_due").is_not_null())
        .then(pl.lit("the device's own next ACK deadline"))
        .when((pl.col("way") == "classic") & pl.col("communication_deadline").is_not_null())
        .then(pl.lit("registered, no usage report: the device's communication deadline"))
        .when(pl.col("way") == "classic")
        .then(pl.lit("registered, no usage report: its communication deadline is not known"))
        .when(pl.col("way") == "other")
        .then(pl.lit("no product known to report under a policy: it registers and renews"))
        .when("no_duty")
        .then(pl.lit("no report: an authorisation code before use instead"))
        .when("only_reserved")
        .then(pl.lit("reserved: its use is reported by file, no ACK is known"))
        .when("open")
        .then(between)
        .when(pl.col("never") & pl.col("registered").is_null())
        .then(pl.lit("never acknowledged; the day of its first use is not known"))
        .when(pl.col("never") & pl.col("computed").is_null())
        .then(pl.lit("never acknowledged; its policy asks for no first report"))
        .when("never")
        .then(
            pl.format("never acknowledged: registration {} + {} days", "registered", days["first"])
        )
        .when(pl.col("unproven") & pl.col("computed").is_null())
        .then(pl.lit("reported, no ACK known: nothing ongoing is owed once the report is answered"))
        .when("unproven")
        .then(
            pl.format(
                "no ACK known: last contact {} + {} days at the latest",
                "last_contact",
                days["ongoing"],
            )
        )
        .when(pl.col("computed").is_null())
        .then(pl.format("ACK of {}, nothing ongoing and no change since", "ack"))
        .when(by_change)
        .then(change)
        .otherwise(pl.format("ACK of {} + {} days", "ack", days["ongoing"]))
    )


def _state(as_of: dt.date | None, rules: Rules) -> pl.Expr:
    day = pl.lit(as_of, pl.Date)
    due = pl.col("due")
    early = due - pl.duration(days=rules["duties.watch_days"])
    dated = (
        pl.when(day > due)
        .then(pl.lit("overdue"))
        .when(day > early)
        .then(pl.lit("watch"))
        .when(day <= early)
        .then(pl.lit("in time"))
        .otherwise(pl.lit("unknown"))
    )
    own = pl.col("captured_due").is_not_null()
    guess = pl.col("unproven") & ~own & (pl.col("way") == "policy")
    free = pl.col("way").eq("policy") & pl.col("no_duty")
    settled = (
        pl.col("way").eq("policy")
        & pl.col("ack").is_not_null()
        & pl.col("computed").is_null()
        & ~pl.col("open")
    )
    unasked = pl.col("never") & (pl.col("first_days") == 0) & pl.col("way").eq("policy")
    nothing = pl.col("license_class").is_null()
    return (
        pl.when(nothing)
        .then(pl.when("in_export").then(pl.lit("none")).otherwise(pl.lit("unknown")))
        .when(~own & (free | settled | unasked) & ~pl.col("only_reserved"))
        .then(pl.lit("none"))
        .when(guess)
        .then(pl.when(day > due).then(pl.lit("overdue")).otherwise(pl.lit("unknown")))
        .otherwise(dated)
    )
