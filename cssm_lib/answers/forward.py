"""The tables of the agreements: what each line used, what every reading bills, what is ahead."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses import history, true_forward
from cssm_lib.answers.terms import agreement_lines
from cssm_lib.client import Client

LINE = ["agreement", "suite", "sku"]
ROW = ["smart_account", "virtual_account", "license"]


def prepared(held: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What the lines are worked out from: holdings, their places, their accounts and days."""
    return {"held": held, "places": history.places(held), "pages": history.pages(held)}


def tables(client: Client, shown: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Every table that rests on an agreement, by name; `shown` has held, places and pages: the
    client's holdings, their licences in accounts, their accounts and days.
    """
    lines, rules, as_of = agreement_lines(client), client.rules, client.as_of
    shown = shown | {"members": true_forward.tagged(shown["places"], lines)}
    days = line_days(client, shown, lines)
    read = true_forward.under_readings(lines, rules)
    measurable = true_forward.with_billable(days, client.tables["ea_consumption"], lines)
    billed = true_forward.true_forward(read, measurable, as_of=as_of, rules=rules)
    billed = true_forward.with_true_up(billed, read, days, rules)
    asked = {"as_of": as_of, "rules": rules}
    made = {
        "line_days": days,
        "line_places": true_forward.line_places(
            shown["places"],
            client.tables["device_licenses"],
            client.tables["user_counts"],
            lines,
        ),
        "true_forward": billed,
        "unit_prices": true_forward.unit_prices(shown["places"], lines, as_of=as_of),
        "readings": true_forward.terms_read(lines, rules),
        "reading_range": true_forward.reading_range(billed, rules),
        "reading_steps": true_forward.moved_by_steps(lines, measurable, **asked),
        "setting_effects": true_forward.moved_by_settings(lines, measurable, **asked),
        "next_events": true_forward.next_events(read, measurable, billed, **asked),
    }
    # readings change how a line is billed, never what it counts: its errors are those of all
    errors = true_forward.error_units(
        client.tables["device_licenses"], client.tables["devices"], lines, rules
    )
    known = made | shown | {"errors": errors}
    return made | _record(client, lines, known) | _claims(client, read, known)


def _record(
    client: Client, lines: pl.DataFrame, made: dict[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """What each line used on every known day, how its growth divides, where it will stand."""
    rules, as_of, billed = client.rules, client.as_of, made["true_forward"]
    by_licence = _pooled(made, [*LINE, "license"], client)
    members = made["members"].select("place", *LINE)
    past = true_forward.line_history(made["line_days"], by_licence, lines, billed, rules)
    asked = {"as_of": as_of, "rules": rules}
    project = true_forward.project_units(made["held"], members, _entries(client, "exclude"))
    days, errors = made["line_days"], made["errors"]
    parts = true_forward.growth(days, project, errors, lines, billed, rules)
    planned = _entries(client, "planned")
    return {
        "line_history": past,
        "line_years": true_forward.line_years(past, lines, billed, **asked),
        "milestone_log": true_forward.milestone_log(_log(client), billed, made["members"], rules),
        "growth": parts,
        "growth_years": true_forward.growth_years(parts, lines, **asked),
        "outlook": true_forward.outlook(past, lines, billed, planned, **asked),
    }


def _claims(
    client: Client, read: pl.DataFrame, made: dict[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """What the vendor's own reports say otherwise, and what clean-up is worth."""
    tables, asked = client.tables, {"as_of": client.as_of, "rules": client.rules}
    own = read.filter(pl.col("reading") == "contract")
    errors = made["errors"]
    told = true_forward.generated(tables["ea_consumption"], own)
    evidence = {
        "line_days": made["line_days"],
        "held": made["held"],
        "generated": told,
        "errors": errors,
    }
    report, billed = tables["true_forward_report"], made["true_forward"]
    differ, beside = true_forward.disputes(report, evidence, own, billed, **asked)
    relief = _relief(client, own, made)
    worth = true_forward.waiting(read, made["line_days"], errors, relief, **asked)
    return {"disputes": differ, "dispute_lines": beside, "waiting": worth}


def _relief(client: Client, lines: pl.DataFrame, made: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """What single accounts are less short of once stale and duplicate instances are gone."""
    tables, rules, key = client.tables, client.rules, [*LINE, *ROW]
    given = true_forward.error_places(tables["device_licenses"], tables["devices"], lines, rules)
    members = made["members"].join(given, on=key, how="semi", nulls_equal=True)
    short = _pooled(made | {"members": members}, key, client)
    return true_forward.relieved(given, short, made["line_days"], rules=rules)


def _log(client: Client) -> pl.DataFrame:
    """The event log as it was known at as_of."""
    log, last = client.tables["event_log"], client.as_of
    return log.filter(pl.col("time").dt.date() <= last) if last else log


ENTRIES = {
    "exclude": dict.fromkeys(("smart_account", "virtual_account", "license"), pl.String)
    | {"from": pl.Date, "to": pl.Date},
    "planned": {"agreement": pl.String, "sku": pl.String, "units": pl.Int64, "from": pl.Date}
    | {"to": pl.Date},
}


def _entries(client: Client, name: str) -> pl.DataFrame:
    """One row per entry of a list in client.toml."""
    rows = [entry.model_dump(by_alias=True) for entry in getattr(client.config, name)]
    return pl.DataFrame(rows, schema=ENTRIES[name])


def line_days(client: Client, shown: dict[str, pl.DataFrame], lines: pl.DataFrame) -> pl.DataFrame:
    """One row per line and known day, whatever way the line counts, outside stock beside it."""
    tables, rules, places = client.tables, client.rules, shown["places"]
    seen = {"seen": shown["pages"], "rules": rules}
    days = pl.concat(
        [
            _pooled(shown, LINE, client),
            true_forward.device_days(
                tables["device_licenses"], tables["devices"], lines, rules=rules
            ),
            true_forward.unmatched_days(places, lines, **seen),
            true_forward.user_days(tables["user_counts"], lines),
        ],
        how="diagonal_relaxed",
    )
    outside = true_forward.outside_units(history.counted_lots(tables), places, lines, **seen)
    return days.drop("outside", strict=False).join(
        outside, on=[*LINE, "snapshot_date"], how="left", nulls_equal=True
    )


def _pooled(shown: dict[str, pl.DataFrame], by: list[str], client: Client) -> pl.DataFrame:
    """The holdings of the lines' licences, added up per day."""
    held, members, pages = shown["held"], shown["members"], shown["pages"]
    return history.pool_days(held, by=by, rules=client.rules, seen=pages, members=members)
