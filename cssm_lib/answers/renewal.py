"""The tables of the renewal: the client's terms, plans and evidence put beside the answers."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses import renewal, true_forward
from cssm_lib.answers.steps import Made, several
from cssm_lib.answers.terms import agreement_lines
from cssm_lib.client import Client

PATTERNS = {"smart_account": pl.String, "virtual_account": pl.String, "license": pl.String}
ACCOUNT = ["smart_account", "virtual_account"]
GONE = [*ACCOUNT, "license", "instance", "units", "state", "to_tier"]
WORTH = {
    **dict.fromkeys(["agreement", "suite", "sku"], pl.String),
    "unit_term": pl.Int128,
    **dict.fromkeys(["uplift_low", "uplift_high"], pl.Int64),
    **dict.fromkeys(["renewal_date", "notice_day"], pl.Date),
    "currency": pl.String,
}
ENTRY = {"from": pl.Date, "to": pl.Date, "why": pl.String}


def tables(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """`renewal` and what rests on it; `made` has the positions, matches and tiers."""
    lines = _lines(client)
    known = {"excluded": _excluded(client), "planned": _planned(client)}
    known["gone"] = _gone(client, made)
    rows = renewal.renewal(lines, made, known, as_of=client.as_of, rules=client.rules)
    ends = ranges(client)
    return _quoted(client, rows, lines) | {
        "renewal": rows,
        "scenarios": renewal.scenarios(rows, lines, ends),
        "numbers": renewal.numbers(rows, lines, ends),
    }


def notes(client: Client, rows: pl.DataFrame) -> pl.DataFrame:
    """A note for every entry of `[[planned]]` that names no row of `renewal`."""
    absent = [
        entry["sku"]
        for entry in _planned(client).iter_rows(named=True)
        if rows.filter(renewal.named_by(entry)).is_empty()
    ]
    said = "no row of the renewal has this name: the entry of client.toml is not used."
    found = {"about": [f"planned / {sku}" for sku in absent], "note": [said] * len(absent)}
    return pl.DataFrame(found, schema=dict.fromkeys(found, pl.String))


def _lines(client: Client) -> pl.DataFrame:
    return true_forward.renewed_lines(agreement_lines(client), as_of=client.as_of)


def _quoted(client: Client, rows: pl.DataFrame, lines: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The vendor's quote against the rows, line by line, cause by cause, in all."""
    rules = client.rules
    matched = renewal.quote_match(client.tables["quote"], rows, lines, rules=rules)
    causes = renewal.quote_causes(matched, rows, lines, rules=rules)
    totals = renewal.quote_totals(matched, causes, rows, lines, rules=rules)
    return {"quote_match": matched, "quote_causes": causes, "quote_totals": totals}


def ranges(client: Client) -> pl.DataFrame:
    """The ends of `discount` and `uplift` of each agreement, in millionths."""
    rows = [
        {"agreement": agreement.name}
        | {
            f"{name}_{end}": None if given is None else int(getattr(given, end) * 10**6)
            for name, given in (("discount", agreement.discount), ("uplift", agreement.uplift))
            for end in ("low", "high")
        }
        for agreement in client.config.agreements
    ]
    ends = [f"{name}_{end}" for name in ("discount", "uplift") for end in ("low", "high")]
    return pl.DataFrame(rows, schema={"agreement": pl.String} | dict.fromkeys(ends, pl.Int64))


def _excluded(client: Client) -> pl.DataFrame:
    entries = [entry.model_dump(by_alias=True) for entry in client.config.exclude]
    return pl.DataFrame(entries, schema=PATTERNS | ENTRY)


def _planned(client: Client) -> pl.DataFrame:
    entries = [entry.model_dump(by_alias=True) for entry in client.config.planned]
    names = {"agreement": pl.String, "sku": pl.String, "units": pl.Int64}
    return pl.DataFrame(entries, schema=names | ENTRY)


def consumers(client: Client, made: Made) -> pl.DataFrame:
    """One row per product instance of the newest export and licence that it consumes, with what
    `matches` says of it.

    Columns: smart_account, virtual_account, license, instance (serial, else UUID, else host name),
    units, state, removal.
    """
    day = pl.col("snapshot_date")
    used = client.tables["device_licenses"]
    newest = used.filter((day == day.max().over(ACCOUNT)).fill_null(True))
    units = newest.with_columns(instance=_instance("serial", "uuid", "hostname")).group_by(
        *ACCOUNT, "license", "instance"
    ).agg(units=pl.col("quantity").sum())  # fmt: skip
    told = made["matches"].with_columns(
        instance=_instance("device_serial", "device_uuid", "device_hostname")
    )
    told = told.filter(pl.col("instance").is_not_null()).unique([*ACCOUNT, "instance"])
    states = told.select(*ACCOUNT, "instance", "state", "removal")
    return units.join(states, on=[*ACCOUNT, "instance"], nulls_equal=True).sort(
        *ACCOUNT, "license", "instance"
    )


def _instance(*names: str) -> pl.Expr:
    """What an instance is known by, as printed; an empty name is none."""
    return pl.coalesce(pl.col(name).str.strip_chars().replace("", None) for name in names)


def _gone(client: Client, made: Made) -> pl.DataFrame:
    """What instances consume that need not be renewed, each with one kind of evidence.

    Retired and duplicate: `matches` says that taking the instance off is proved; stale: that it
    must be asked first. Dropped: the whole configuration needs a lower tier than it consumes, no
    line of it leaves that open, and the client does not intend the tier that it has.
    """
    seen = consumers(client, made)
    proved = pl.col("removal") == "retired with evidence"
    state = (
        pl.when(proved & (pl.col("state") == "duplicate")).then(pl.lit("duplicate"))
        .when(proved).then(pl.lit("retired"))
        .when(pl.col("removal") == "ask first").then(pl.lit("stale"))
    )  # fmt: skip
    found = seen.with_columns(state=state, to_tier=pl.lit(None, pl.String))
    found = found.filter(pl.col("state").is_not_null()).select(GONE)
    meant = (pl.col("intended_tier") == pl.col("configured_tier")).fill_null(False)
    decided = (pl.col("needed_at_most") == pl.col("needed_tier")).fill_null(True)
    drift = made["feature_drift"].filter(pl.col("verdict") == "above need", decided, ~meant)
    above = drift.select(
        *ACCOUNT, license="licenses", instance="device", units="quantity",
        state=pl.lit("dropped"), to_tier="needed_tier",
    )  # fmt: skip
    kept = above.join(found, on=[*ACCOUNT, "instance"], how="anti", nulls_equal=True)
    return pl.concat([found, kept.select(GONE)])


def renewed(client: Client) -> pl.DataFrame:
    """One row per line to renew: what a unit of it costs for a whole term, its range, its days.

    Columns: agreement, suite, sku, unit_term (10^-12 of the currency), uplift_low, uplift_high
    (millionths), renewal_date, notice_day, currency.
    """
    lines = _lines(client)
    if lines.is_empty():
        return pl.DataFrame(schema=WORTH)
    notice = {one.name: one.notice_days for one in client.config.agreements}
    term = pl.col("term_months").clip(1)
    period = (
        pl.when(pl.col("per") == "year").then(12).when(pl.col("per") == "term").then(term)
    ).otherwise(1).cast(pl.Int128)  # fmt: skip
    whole = pl.col("unit_billed") * pl.col("term_months").cast(pl.Int128)
    after = pl.col("end").dt.offset_by("1d")
    days = pl.duration(days=pl.col("agreement").replace_strict(notice, return_dtype=pl.Int64))
    told = lines.join(ranges(client), on="agreement", how="left").with_columns(
        unit_term=(2 * whole + period) // (2 * period),
        renewal_date=after,
        notice_day=(after - days).cast(pl.Date),
    )
    return told.select(pl.col(name).cast(dtype) for name, dtype in WORTH.items())


STEPS = (several("renewal scenarios numbers quote_match quote_causes quote_totals", tables),)
