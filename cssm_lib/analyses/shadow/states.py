"""What a row is called, why, what it asks for, and whether an instance may be taken off."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.rules import Rules

EVIDENCE, ASK, NEVER = "retired with evidence", "ask first", "never"
# duties that are met: silence is no sign of absence
IN_ORDER = ["none", "in time", "watch"]

ACTIONS = {
    "matched": "none",
    "shadow": "find out what it is and record it",
    "ghost": "find out whether it runs unlicensed, unregistered or not at all",
    "retired": "prove that it is gone, then take it off; if it runs, correct the record",
    "stale": "make it report; if it is gone, retire the record first",
    "duplicate": "keep one, document why the other exists, then take it off",
    "successor": "put the new serial into the record; keep the replacement's papers",
    "moved": "confirm the Virtual Account with the owner of the licences",
    "returned": "note when and why it was away",
    "masked": "let it send its name, or identify it on site",
    "software": "record it with its UUID as software",
    "undecided": "decide by hand between the candidates",
}

POSITIONS = {
    "matched": "Ours, recorded and counted: no finding.",
    "shadow": "Found by us and dated; each is being identified and recorded, none is denied.",
    "ghost": "Recorded, and no consumption is claimed for it; checked for reporting duties.",
    "retired": "Out of service by our records since before the count; papers of removal attached."
    " Cisco's history keeps what it counted: we record it and do not delete to hide it.",
    "stale": "Silence is stated with its days; it proves neither use nor absence until it reports.",
    "duplicate": "One device in two rows: one unit is due, the pair and its evidence are on file.",
    "successor": "A replacement: one place, one unit at a time, old and new serial on file.",
    "moved": "The same device in another account: a transfer, no growth.",
    "returned": "Known before; it was away and is no new device.",
    "masked": "Counted without name or serial: to be named before it is discussed.",
    "software": "Software with its own identifier: outside the hardware inventory by design.",
    "undecided": "Evidence for more than one answer, listed; no figure rests on it.",
}


def duty_of(duties: pl.DataFrame | None) -> pl.DataFrame:
    """One row per instance as `duties` names it: the state of what it owes, the worst first.

    Without that answer there is no row, and silence alone is left to go by.
    """
    who = ["smart_account", "virtual_account", "serial", "uuid", "hostname"]
    if duties is None or duties.is_empty():
        return pl.DataFrame(schema=dict.fromkeys([*who, "duty"], pl.String))
    order = ["overdue", "unknown", "watch", "in time", "none"]
    rank = pl.col("state").replace_strict({o: n for n, o in enumerate(order)}, default=1)
    return (
        duties.with_columns(rank=rank)
        .group_by(who)
        .agg(duty=pl.col("state").sort_by("rank").first())
        .with_columns(pl.col(who).cast(pl.String))
    )


def with_silence(rows: pl.DataFrame, *, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """The rows with silent_days, live and silent.

    `silent`: no contact for `shadow.stale_days` while a duty is overdue or unknown. A perpetual
    licence owes no regular report, so an instance that consumes nothing else is never silent.
    """
    day = pl.coalesce(pl.lit(as_of, pl.Date), "snapshot_date")
    days = (day - pl.col("last_contact").dt.date()).dt.total_days()
    rows = rows.with_columns(silent_days=days)
    perpetual = (pl.col("units") == 0) & (pl.col("perpetual_units") > 0)
    rows = rows.with_columns(
        duty=pl.coalesce("duty", pl.when(perpetual).then(pl.lit("none"))),
    )
    met = pl.col("duty").is_in(IN_ORDER).fill_null(False)
    return rows.with_columns(
        live=(pl.col("silent_days") <= rules["shadow.live_days"]).fill_null(False),
        silent=(pl.col("silent_days") > rules["shadow.stale_days"]).fill_null(False) & ~met,
    )


def device_states(rows: pl.DataFrame, *, with_records: bool) -> pl.DataFrame:
    """The instance rows with `state` and `why`: the first that applies, by strength of evidence."""
    linked = pl.col("r").is_not_null()
    nameless = pl.all_horizontal(pl.col("serial_key", "uuid", "name_key").is_null())
    doubtful = pl.col("open").fill_null(False)
    twin, role = pl.col("twin"), pl.col("role")
    cases = [
        (twin & pl.col("reserved"), "duplicate", "reserved as well as reporting: counted once"),
        (twin, "duplicate", "the same device stands in the account a second time"),
        (pl.col("replaced"), "duplicate", "another device followed it under the same name"),
        (role == "successor", "successor", "follows the recorded device under the same name"),
        (linked & (pl.col("tier") == "T5"), "successor", "the record holds the device before it"),
        (linked & pl.col("retired"), "retired", "the record says so, the instance still counts"),
        (linked & pl.col("silent"), "stale", "silent too long, and no met duty explains it"),
        (linked & pl.col("has_moved"), "moved", "in another Virtual Account than before"),
        (linked & pl.col("came_back"), "returned", "was away from an export in between"),
        (linked & pl.col("idle"), "matched", "recorded as not in service, yet it counts"),
        (linked, "matched", None),
        (pl.lit(not with_records), "undecided", "there are no own records to compare with"),
        (doubtful, "undecided", "the evidence fits more than one answer"),
        (nameless, "masked", "neither a usable serial nor a name is sent"),
        (pl.col("software"), "software", "an instance of software without a record"),
        (pl.lit(True), "shadow", "no record knows it"),
    ]
    return _decided(rows, cases)


def record_states(rows: pl.DataFrame, *, with_devices: bool) -> pl.DataFrame:
    """The record rows with `state` and `why`."""
    role, doubtful = pl.col("role"), pl.col("open").fill_null(False)
    cases = [
        (role == "member", "matched", "a member of the instance"),
        (role == "twin record", "duplicate", "the same source records the device again"),
        (pl.lit(not with_devices), "undecided", "there is no product instance to compare with"),
        (pl.col("retired"), "retired", "retired, and no instance counts"),
        (doubtful, "undecided", "the evidence fits more than one answer"),
        (pl.col("idle"), "ghost", "not in service, and no instance counts"),
        (pl.lit(True), "ghost", "in service by the record, and no instance counts"),
    ]
    return _decided(rows, cases)


def _decided(rows: pl.DataFrame, cases: list[tuple[pl.Expr, str, str | None]]) -> pl.DataFrame:
    state = why = pl.lit(None, pl.String)
    for when, name, reason in reversed(cases):
        fits = when.fill_null(False)
        state = pl.when(fits).then(pl.lit(name)).otherwise(state)
        why = pl.when(fits).then(pl.lit(reason, pl.String)).otherwise(why)
    action = pl.col("state").replace_strict(ACTIONS, default=None, return_dtype=pl.String)
    return rows.with_columns(state=state, why=why).with_columns(action=action)


def with_removal(rows: pl.DataFrame) -> pl.DataFrame:
    """The instance rows with `removal` (one of three columns, null: no question) and its reason.

    Never: export-restricted, reserved, or still reporting, where taking it off frees nothing.
    """
    asked = ["retired", "stale", "duplicate", "shadow", "undecided", "masked", "software"]
    quiet = ~pl.col("live") & pl.col("state").is_in(["shadow", "undecided", "masked", "software"])
    cases = [
        (~pl.col("state").is_in(asked), None, None),
        (pl.col("restricted"), NEVER, "consumes an export-restricted licence"),
        (pl.col("reserved"), NEVER, "reserved: only a return code frees its licences"),
        (pl.col("live"), NEVER, "in contact: taken off, it reports again and frees nothing"),
        (
            (pl.col("state") == "retired") & pl.col("disputed"),
            ASK,
            "another record of it says that it is not retired",
        ),
        (
            (pl.col("state") == "retired") & ~pl.col("tier").is_in(["T1", "T2"]),
            ASK,
            "the retired record is tied to it by name only",
        ),
        (
            (pl.col("state") == "retired") & pl.col("silent"),
            EVIDENCE,
            "the record is retired and the instance has fallen silent",
        ),
        (pl.col("state") == "retired", ASK, "the record is retired; silence does not bear it out"),
        (pl.col("replaced"), ASK, "a successor stands in its place; confirm the replacement"),
        (pl.col("state") == "duplicate", ASK, "which of the two rows is the running one?"),
        (pl.col("state") == "stale", ASK, "the record says it is in service"),
        (quiet, ASK, "nobody has said that it is gone"),
    ]
    column = reason = pl.lit(None, pl.String)
    for when, name, said in reversed(cases):
        fits = when.fill_null(False)
        column = pl.when(fits).then(pl.lit(name, pl.String)).otherwise(column)
        reason = pl.when(fits).then(pl.lit(said, pl.String)).otherwise(reason)
    freed = pl.when(pl.col("removal").is_in([EVIDENCE, ASK])).then("units").otherwise(0)
    return rows.with_columns(removal=column, removal_reason=reason).with_columns(freed_units=freed)
