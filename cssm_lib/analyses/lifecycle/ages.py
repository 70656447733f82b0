"""The age score of each product instance, from end-of-life data and suggested releases."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.lifecycle.releases import rank, train
from cssm_lib.schema import ANSWERS

ENDS = ("end_of_software_maintenance", "end_of_security_support", "last_date_of_support")
SCORES = (3, 4, 5)
WORDS = ("software maintenance", "security support", "support")
BY_RELEASE = "release"
APART = (
    "none: a successor runs on the tier that is licensed today; a higher tier is a sale of its own"
)
NO_LICENCE = "none: a newer release runs on the licences that are held"


def lifecycle_ages(
    instances: pl.DataFrame, lifecycle: pl.DataFrame, *, as_of: dt.date | None
) -> pl.DataFrame:
    """One row per product instance: its software and hardware score and what mends each.

    Rule (domain.md §8): 0 the suggested release or newer, 1 the same train and older, 2 an older
    train, 3 past the end of software maintenance, 4 past that of security support, 5 past the last
    date of support; a date is past when `as_of` is later. An empty date is unknown, not never. The
    hardware is 0 only where its next end is known. `score` is the larger one; a refresh and a
    licence uplift are two columns, as neither follows from the other. Columns:
    `ANSWERS["lifecycle_ages"]`; raises nothing.

    >>> from cssm_lib.schema import TABLES
    >>> names = ["instance", "smart_account", "virtual_account", "serial", "pid", "product"]
    >>> held = pl.DataFrame([["x", "a", "v", "ZZ1", "C9300", None]], schema=names, orient="row")
    >>> held = held.with_columns(software_version=pl.lit("17.9.4"))
    >>> said = [{"pid": "C9300", "is_suggested": True, "release": "17.12.4"}]
    >>> ends = TABLES["lifecycle"].shaped(pl.DataFrame(said))
    >>> lifecycle_ages(held, ends, as_of=dt.date(2026, 10, 31))["software_score"].item()
    2
    """
    rows = instances.with_columns(
        serial_key=pl.col("serial").str.to_uppercase(), pid_key=pl.col("pid").str.to_uppercase()
    )
    rows = _with_ends(rows, lifecycle)
    rows = rows.join(_suggested(lifecycle), on="pid_key", how="left", maintain_order="left")
    rows = _with_release_ends(rows, lifecycle)
    day = pl.lit(as_of, pl.Date)
    rows = rows.with_columns(
        hardware_score=_past(day, ENDS), ended=_past(day, [f"release_{name}" for name in ENDS])
    )
    ended = pl.when(pl.col("ended") > 0).then("ended")
    rows = rows.with_columns(software_score=pl.coalesce(ended, _by_suggestion()))
    rows = rows.with_columns(
        score=pl.max_horizontal("software_score", "hardware_score"),
        basis=pl.concat_str(_software_basis(), _hardware_basis(), separator="; "),
        **_steps(),
    )
    order = ["smart_account", "virtual_account", "instance"]
    return ANSWERS["lifecycle_ages"].shaped(rows.sort(order, nulls_last=True))


def _dated(lifecycle: pl.DataFrame) -> pl.DataFrame:
    """End-of-life records, the newest of each product first."""
    said = pl.any_horizontal(pl.col(name).is_not_null() for name in (*ENDS, "end_of_sale"))
    return lifecycle.filter(said).sort("updated", descending=True, nulls_last=True)


def _with_ends(rows: pl.DataFrame, lifecycle: pl.DataFrame) -> pl.DataFrame:
    """The ends of the product: asked for by serial number, else by product identifier."""
    columns = [*ENDS, "end_of_sale", "migration_pid"]
    of_release = pl.col("input_type").str.to_lowercase().str.contains(BY_RELEASE).fill_null(False)
    ends = _dated(lifecycle).filter(~of_release)
    serial = pl.coalesce(
        "serial", pl.when(pl.col("input_type").str.contains("(?i)serial")).then("input_value")
    )
    by_serial = (
        ends.select(serial.str.to_uppercase().alias("serial_key"), *columns)
        .drop_nulls("serial_key")
        .unique("serial_key", keep="first", maintain_order=True)
    )
    by_pid = (
        ends.select(
            pl.coalesce("pid", "input_value").str.to_uppercase().alias("pid_key"),
            *(pl.col(name).alias(f"pid_{name}") for name in columns),
        )
        .drop_nulls("pid_key")
        .unique("pid_key", keep="first", maintain_order=True)
    )
    joined = rows.join(by_serial, on="serial_key", how="left").join(
        by_pid, on="pid_key", how="left"
    )
    own = pl.any_horizontal(pl.col(name).is_not_null() for name in columns)
    return joined.with_columns(
        pl.when(own).then(name).otherwise(f"pid_{name}").alias(name) for name in columns
    )


def _suggested(lifecycle: pl.DataFrame) -> pl.DataFrame:
    """The newest release that is suggested for a product."""
    said = lifecycle.filter(
        pl.col("is_suggested").fill_null(False), pl.col("release").is_not_null()
    )
    ranked = said.with_columns(
        pid_key=pl.coalesce("pid", "input_value").str.to_uppercase(), rank=rank(pl.col("release"))
    )
    return (
        ranked.drop_nulls("pid_key")
        .sort("rank", nulls_last=False)
        .unique("pid_key", keep="last", maintain_order=True)
        .select("pid_key", suggested="release")
    )


def _with_release_ends(rows: pl.DataFrame, lifecycle: pl.DataFrame) -> pl.DataFrame:
    """The ends of the running release, where somebody asked by release."""
    ends = _dated(lifecycle).filter(
        pl.col("input_type").str.to_lowercase().str.contains(BY_RELEASE)
    )
    release = rank(pl.col("input_value").str.split(",").list.first()).alias("release_rank")
    known = (
        ends.select(release, *(pl.col(name).alias(f"release_{name}") for name in ENDS))
        .drop_nulls("release_rank")
        .unique("release_rank", keep="first", maintain_order=True)
    )
    ranked = rows.with_columns(release_rank=rank(pl.col("software_version")))
    return ranked.join(known, on="release_rank", how="left", maintain_order="left")


def _past(day: pl.Expr, ends: tuple[str, ...] | list[str]) -> pl.Expr:
    """5, 4 or 3 for the last end that is past, 0 before the first; null where nobody knows."""
    # the column first: a literal compared with a column of nulls is one row in polars 2.1
    score = pl.when(pl.col(ends[0]) >= day).then(pl.lit(0, pl.Int64))
    for end, reached in zip(ends, SCORES, strict=True):
        score = pl.when(pl.col(end) < day).then(pl.lit(reached, pl.Int64)).otherwise(score)
    return score


def _by_suggestion() -> pl.Expr:
    running, wanted = pl.col("software_version"), pl.col("suggested")
    return (
        pl.when(rank(running) >= rank(wanted))
        .then(pl.lit(0, pl.Int64))
        .when(train(running) == train(wanted))
        .then(pl.lit(1, pl.Int64))
        .when(train(running) < train(wanted))
        .then(pl.lit(2, pl.Int64))
    )


def _software_basis() -> pl.Expr:
    against = pl.format("software {} against suggested {}", "software_version", "suggested")
    return (
        pl.when(pl.col("ended") > 0)
        .then(
            pl.format("software {} is past the end of its {}", "software_version", _word("ended"))
        )
        .when(pl.col("software_version").is_null())
        .then(pl.lit("software version not known"))
        .when(pl.col("suggested").is_null())
        .then(pl.lit("no suggested release for the product"))
        .when(pl.col("software_score").is_null())
        .then(pl.format("release {} cannot be read", "software_version"))
        .otherwise(against)
    )


def _word(score: str) -> pl.Expr:
    words = dict(zip(SCORES, WORDS, strict=True))
    return pl.col(score).replace_strict(words, default=None, return_dtype=pl.String)


def _hardware_basis() -> pl.Expr:
    last = pl.col(ENDS[2]).is_null() & (pl.col("hardware_score") > 0)
    end = pl.coalesce(
        pl.when(pl.col("hardware_score") == score).then(name)
        for name, score in zip(ENDS, SCORES, strict=True)
    )
    reached = pl.format("hardware past the end of {} on {}", _word("hardware_score"), end)
    return (
        pl.when(pl.col("hardware_score") == 0)
        .then(pl.format("hardware in software maintenance until {}", ENDS[0]))
        .when(last)
        .then(pl.concat_str(reached, pl.lit(", last date of support not known: at least this")))
        .when(pl.col("hardware_score") > 0)
        .then(reached)
        .otherwise(pl.lit("end of life of the hardware not known"))
    )


def _steps() -> dict[str, pl.Expr]:
    old_software = pl.col("software_score") > 0
    old_hardware = pl.col("hardware_score") >= SCORES[0]
    successor = pl.format("replace by {}, the successor that Cisco names", "migration_pid")
    target = pl.coalesce(pl.format("upgrade to {}", "suggested"), pl.lit("upgrade the release"))
    return {
        "software_step": pl.when(old_software).then(target),
        "refresh": pl.when(old_hardware).then(
            pl.coalesce(successor, pl.lit("plan a replacement; no successor is named"))
        ),
        "uplift": pl.when(old_hardware)
        .then(pl.lit(APART))
        .when(old_software)
        .then(pl.lit(NO_LICENCE)),
    }
