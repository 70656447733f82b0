"""The days around a renewal and its milestones: what is due, was done, was missed."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.errors import ConfigError
from cssm_lib.rules import Rules, matches_any
from cssm_lib.schema import ANSWERS

ENTRY = {
    "id": pl.String,
    "anchor": pl.String,
    "day": pl.Int64,
    "deed": pl.String,
    "hard": pl.Boolean,
    "what": pl.String,
    "source": pl.String,
    "confidence": pl.String,
}
DATE = pl.col("date")
# word → length and unit of a step, and how many of them lie in the year before the renewal
CADENCES = {
    "weekly": (1, "w", 52),
    "fortnightly": (2, "w", 26),
    "monthly": (1, "mo", 12),
    "every two months": (2, "mo", 6),
    "quarterly": (3, "mo", 4),
    "half-yearly": (6, "mo", 2),
    "yearly": (12, "mo", 1),
    "never": (1, "mo", 0),
}


def calendar(
    agreements: pl.DataFrame,
    usage: pl.DataFrame,
    done: pl.Series,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per agreement and day of its calendar, oldest first; nothing that is past is hidden.

    Rule packs `calendar.timeline`, `calendar.classes` and `calendar.cadence`; D is the day after
    the agreement's end (rules.md, "Days, months, ends"), milestones lie 12 months apart within the
    term. A deed of an export is done where a licence export lies within `proof_before` and
    `proof_after` days, else due while it may still be made and then missed; any other deed is done
    where `done` (ids of actions that are done) has its id. `agreements` has agreement, start, end,
    notice_days; `usage` is the source table. Columns are those of `ANSWERS["calendar"]`; raises
    ConfigError for a cadence or a class that there is not.

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> one = {"agreement": "EA", "start": dt.date(2024, 2, 1), "end": dt.date(2027, 1, 31)}
    >>> rows = calendar(
    ...     pl.DataFrame([one | {"notice_days": 45}]),
    ...     TABLES["usage"].empty(),
    ...     pl.Series([], dtype=pl.String),
    ...     as_of=dt.date(2026, 10, 31),
    ...     rules=load_rules(),
    ... )
    >>> rows.filter(pl.col("id") == "EA/notice")["date"].item()
    datetime.date(2026, 12, 18)
    """
    contract = ANSWERS["calendar"]
    if agreements.is_empty():
        return contract.empty()
    anchors = _anchors(agreements)
    listed = _timeline(anchors, rules)
    days = usage.select("license", "snapshot_date").drop_nulls().unique()
    if as_of is not None:
        days = days.filter(pl.col("snapshot_date") <= as_of)
    rows = pl.concat([_proven(listed, days, rules), _cadence(anchors, days, rules)])
    rows = rows.with_columns(id=pl.format("{}/{}", "agreement", "id"))
    told = rows.with_columns(_state(done, as_of, rules), day=(DATE - pl.col("d")).dt.total_days())
    return contract.shaped(told.sort("agreement", "date", "id"))


def _anchors(agreements: pl.DataFrame) -> pl.DataFrame:
    """Per agreement the days that entries are counted from; one milestone a row."""
    d = pl.col("end").dt.offset_by("1d")
    ends = agreements.with_columns(d=d)
    told = ["agreement", "d", "anchor", "at", "event_date"]
    nothing = pl.lit(None, pl.Date)
    notice = pl.col("d") - pl.duration(days=pl.col("notice_days"))
    parts = [
        ends.with_columns(anchor=pl.lit("renewal"), at=pl.col("d"), event_date=nothing),
        ends.with_columns(anchor=pl.lit("notice"), at=notice.cast(pl.Date), event_date=nothing),
        _milestones(ends),
    ]
    return pl.concat([part.select(told) for part in parts])


def _milestones(ends: pl.DataFrame) -> pl.DataFrame:
    years = (pl.col("d").dt.year() - pl.col("start").dt.year()).clip(0)
    at = pl.col("start").dt.offset_by(pl.format("{}mo", pl.col("year") * 12))
    return (
        ends.with_columns(year=pl.int_ranges(1, years + 1))
        .explode("year")
        .drop_nulls("year")
        .with_columns(at=at, event_date=at, anchor=pl.lit("milestone"))
        # with less than twelve months left there is no True Forward (rules.md)
        .filter(pl.col("at").dt.offset_by("12mo") <= pl.col("d"))
    )


def _timeline(anchors: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    entries = pl.DataFrame(rules["calendar.timeline"], schema=ENTRY)
    of_event = pl.col("event_date").is_not_null()
    name = pl.when(of_event).then(pl.format("{}/{}", "id", "event_date")).otherwise("id")
    hard = pl.when("hard").then(pl.lit("hard"))
    return anchors.join(entries, on="anchor").with_columns(
        date=(pl.col("at") + pl.duration(days=pl.col("day"))).cast(pl.Date),
        id=name,
        kind=hard.when(of_event).then(pl.lit("milestone")).otherwise(pl.lit("step")),
    )


TOLD = ["agreement", "d", "date", "event_date", "id", "what", "kind", "deed", "source"]
TOLD += ["confidence", "proof"]


def _proven(listed: pl.DataFrame, days: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Adds `proof`: the newest export within the days that prove the entry."""
    before, after = rules["calendar.proof_before"], rules["calendar.proof_after"]
    wanted = listed.with_columns(until=DATE.dt.offset_by(f"{after}d")).sort("until")
    exports = days.select(proof="snapshot_date").unique().sort("proof")
    found = wanted.join_asof(exports, left_on="until", right_on="proof", strategy="backward")
    early = pl.col("proof") < DATE.dt.offset_by(f"-{before}d")
    return found.with_columns(proof=pl.when(~early).then("proof")).select(TOLD)


def _cadence(anchors: pl.DataFrame, days: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The regular exports of each class of products in the year before D."""
    own = days.with_columns(_class(rules)).select("class", "snapshot_date").unique()
    present = _steps(rules).join(own, on="class", how="semi")
    back = [pl.col("d").dt.offset_by(pl.col(name)) for name in ("back", "further")]
    rows = (
        anchors.filter(pl.col("anchor") == "renewal")
        .join(present, how="cross")
        .with_columns(date=back[0], since=back[1])
        .sort("date")
    )
    seen = own.rename({"snapshot_date": "proof"}).sort("proof")
    found = rows.join_asof(
        seen, left_on="date", right_on="proof", by="class", check_sortedness=False
    )
    rule = rules.entries["calendar.cadence"]
    return found.with_columns(
        proof=pl.when(pl.col("proof") > pl.col("since")).then("proof"),
        id=pl.format("export/{}/{}", "class", "date"),
        what=pl.format("Regular export: {} products", "class"),
        kind=pl.lit("cadence"),
        deed=pl.lit("export"),
        source=pl.lit(rule.source),
        confidence=pl.lit(rule.confidence),
    ).select(TOLD)


def _steps(rules: Rules) -> pl.DataFrame:
    """One row per class and regular export: how far before D it is, and the one before it."""
    said, classes = rules["calendar.cadence"], [one["class"] for one in rules["calendar.classes"]]
    where = f"{rules.entries['calendar.cadence'].source}: rules.calendar.cadence"
    for name, word in said.items():
        if name not in classes:
            raise ConfigError(f"{where}.{name}: no such class; there are {', '.join(classes)}.")
        if word not in CADENCES:
            words = ", ".join(CADENCES)
            raise ConfigError(f"{where}.{name}: {word!r} is no cadence; write one of {words}.")
    rows = [
        {"class": name, "back": f"-{each * n}{unit}", "further": f"-{each * (n + 1)}{unit}"}
        for name, word in said.items()
        for each, unit, times in [CADENCES[word]]
        for n in range(1, times + 1)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("class", "back", "further"), pl.String))


def _class(rules: Rules) -> pl.Expr:
    found = pl.lit(None, pl.String)
    for one in reversed(rules["calendar.classes"]):
        fits = pl.col("license").str.contains(matches_any(one["patterns"]))
        found = pl.when(fits).then(pl.lit(one["class"])).otherwise(found)
    return found.alias("class")


def _state(done: pl.Series, as_of: dt.date | None, rules: Rules) -> list[pl.Expr]:
    today = pl.lit(as_of, pl.Date)
    proven = (pl.col("deed") == "export") & pl.col("proof").is_not_null()
    said = pl.col("id").is_in(done.implode())
    grace = (pl.col("deed") == "export") & (pl.col("kind") != "cadence")
    open_until = DATE.dt.offset_by(f"{rules['calendar.proof_after']}d")
    state = (
        pl.when(said | (proven & (today >= DATE)))
        .then(pl.lit("done"))
        .when(DATE > today)
        .then(pl.lit("ahead"))
        .when(DATE == today)
        .then(pl.lit("today"))
        .when((pl.col("deed") == "") & today.is_not_null())
        .then(pl.lit("past"))
        .when(grace & (today <= open_until))
        .then(pl.lit("due"))
        .when(today.is_not_null())
        .then(pl.lit("missed"))
    )
    shown = pl.when(proven & (today >= DATE)).then(pl.format("licence export of {}", "proof"))
    evidence = shown.when(said).then(pl.lit("actions.csv says done"))
    return [state.alias("state"), evidence.alias("evidence")]
