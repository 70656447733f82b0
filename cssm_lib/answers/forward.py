"""The tables of the agreements: what each line used, what every reading bills, what is ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from cssm_lib.analyses import history, true_forward
from cssm_lib.answers.steps import Made, one, several
from cssm_lib.answers.terms import agreement_lines
from cssm_lib.client import Client

LINE = ["agreement", "suite", "sku"]
# what of a line says what it counts: prices and terms leave the days of a line as they are
SCOPE = [
    *("agreement", "start", "end", "smart_accounts", "virtual_accounts", "suite", "sku"),
    *("licenses", "tags", "metric", "count"),
]
ROW = ["smart_account", "virtual_account", "license"]


def _measured(client: Client, made: Made) -> pl.DataFrame:
    """What is known of every event up to as_of: no price has a part in it."""
    asked = {"as_of": client.as_of, "rules": client.rules}
    return true_forward.measured_events(made["dated"], made["past_days"], **asked)


def _billed(client: Client, made: Made) -> pl.DataFrame:
    """What every reading bills, with the true-up beside it."""
    seen, days = made["measured_events"], made["past_days"]
    return true_forward.billed(made["read_lines"], seen, client.rules, days=days)


def _past(client: Client, made: Made) -> pl.DataFrame:
    """Of the days of the lines, by number, those that an event up to as_of may look at.

    These are the days up to a line's last such event, and the first known one after it.
    """
    day, last = pl.col("snapshot_date"), pl.col("last_event")
    days = made["measurable"].join(made["last_events"], on=LINE, maintain_order="left")
    told = [n for n in ("demand", "billable") if days[n].null_count() < days.height]
    known = [pl.col(name).is_not_null() & (day > last) for name in told]
    after = [day == day.filter(after).min().over("number") for after in known]
    return days.filter(pl.any_horizontal(day <= last, *after)).drop("last_event")


def _generated(client: Client, made: Made) -> pl.DataFrame:
    """What the EA consumption export says of each line, whatever its term."""
    return true_forward.generated(client.tables["ea_consumption"], made["reach"])


def _last_events(client: Client, made: Made) -> pl.DataFrame:
    """The last event up to as_of of each line, by number, whatever the reading."""
    when = made["dated"]
    past = when if client.as_of is None else when.filter(pl.col("event_date") <= client.as_of)
    return (
        past.group_by(LINE)
        .agg(pl.col("number").first(), last_event=pl.col("event_date").max())
        .sort(LINE)
    )


def _places(client: Client, made: Made) -> pl.DataFrame:
    known = client.tables
    return true_forward.line_places(
        made["places"], known["device_licenses"], known["user_counts"], made["lines"]
    )


def _ahead(client: Client, made: Made) -> pl.DataFrame:
    frames = [made[name] for name in ("read_lines", "measurable", "true_forward")]
    asked = {"as_of": client.as_of, "rules": client.rules, "when": made["dated"]}
    return true_forward.next_events(*frames, **asked)


def _moved(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """Which setting of a contract moves the money."""
    frames = made["lines"], made["measurable"]
    asked = {"as_of": client.as_of, "rules": client.rules}
    return {
        "reading_steps": true_forward.moved_by_steps(*frames, **asked),
        "setting_effects": true_forward.moved_by_settings(*frames, **asked),
    }


def _errors(client: Client, made: Made) -> pl.DataFrame:
    """Readings change how a line is billed, never what it counts: its errors are those of all."""
    used, devices = client.tables["device_licenses"], client.tables["devices"]
    return true_forward.error_units(used, devices, made["lines"], client.rules)


def _record(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """What each line used on every known day, how its growth divides, where it will stand."""
    rules, as_of, billed = client.rules, client.as_of, made["true_forward"]
    lines, days, errors = made["lines"], made["line_days"], made["errors"]
    by_licence = _pooled(made, [*LINE, "license"], client)
    members = made["members"].select("place", *LINE)
    past = true_forward.line_history(days, by_licence, lines, billed, rules)
    asked = {"as_of": as_of, "rules": rules}
    project = true_forward.project_units(made["holdings"], members, _entries(client, "exclude"))
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


def _claims(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """What the vendor's own reports say otherwise, and what clean-up is worth."""
    tables, asked = client.tables, {"as_of": client.as_of, "rules": client.rules}
    read, errors, days = made["read_lines"], made["errors"], made["line_days"]
    own = read.filter(pl.col("reading") == "contract")
    evidence = {name: made[name] for name in ("line_days", "generated", "errors")}
    evidence["held"] = made["holdings"]
    report, billed = tables["true_forward_report"], made["true_forward"]
    differ, beside = true_forward.disputes(report, evidence, own, billed, **asked)
    relief = _relief(client, own, made)
    worth = true_forward.waiting(read, days, errors, relief, **asked)
    return {"disputes": differ, "dispute_lines": beside, "waiting": worth}


def _relief(client: Client, lines: pl.DataFrame, made: Made) -> pl.DataFrame:
    """What single accounts are less short of once stale and duplicate instances are gone."""
    tables, rules, key = client.tables, client.rules, [*LINE, *ROW]
    given = true_forward.error_places(tables["device_licenses"], tables["devices"], lines, rules)
    members = made["members"].join(given, on=key, how="semi", nulls_equal=True)
    short = _pooled(made, key, client, members)
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


def line_days(client: Client, made: Made) -> pl.DataFrame:
    """One row per line and known day, whatever way the line counts, outside stock beside it.

    `made` has holdings, the frame of the lines that add them up, and what is measured otherwise: by
    devices or users, of lines that no licence fits, in stock from outside.
    """
    summed = history.pool_sums(made["holdings"], made["line_frame"])
    apart = [made[name] for name in ("device_days", "unmatched", "user_days")]
    others = [days for days in apart if days.height]
    days = pl.concat([summed, *others], how="diagonal_relaxed")
    return days.drop("outside", strict=False).join(
        made["outside"], on=[*LINE, "snapshot_date"], how="left", nulls_equal=True
    )


def device_days(client: Client, made: Made) -> pl.DataFrame:
    """What the lines that count devices used on every known day."""
    used, devices = client.tables["device_licenses"], client.tables["devices"]
    return true_forward.device_days(used, devices, made["scope"], rules=client.rules)


def unmatched(client: Client, made: Made) -> pl.DataFrame:
    """The days, with no use, of lines that no licence of the files fits."""
    seen = {"seen": made["pages"], "rules": client.rules}
    return true_forward.unmatched_days(made["named"], made["reach"], **seen)


def _stock_frame(client: Client, made: Made) -> Any:
    """The days of the lines and the pages that speak for them: no date of a term is in it."""
    seen = {"seen": made["pages"], "rules": client.rules}
    return true_forward.stock_frame(made["fits"], made["reach"], **seen)


def _line_lots(lots: str) -> Callable[[Client, Made], pl.DataFrame]:
    """Where lots stand in the lines: those of the newest day are the part an action may change."""
    return lambda client, made: true_forward.line_lots(made[lots], made["stock_frame"])


def outside(client: Client, made: Made) -> pl.DataFrame:
    """Stock that an agreement did not bring, of each line and day."""
    lots = pl.concat([made["older_line_lots"], made["newest_line_lots"]])
    return true_forward.outside_units(lots, made["stock_frame"], made["scope"])


def _pooled(
    made: Made, by: list[str], client: Client, members: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The holdings of the lines' licences, added up per day."""
    return history.pool_sums(made["holdings"], _frame(made, by, client, members))


def _frame(made: Made, by: list[str], client: Client, members: pl.DataFrame | None = None) -> Any:
    """The groups of the lines' licences and their days."""
    stand = made["members"] if members is None else members
    return history.pool_frame(stand, made["pages"], by=by, rules=client.rules)


STEPS = (
    one("lines", lambda client, made: agreement_lines(client)),
    one("scope", lambda client, made: made["lines"].select(SCOPE)),
    one("published", lambda client, made: true_forward.published(client.rules)),
    one("read_by", lambda client, made: made["lines"].select(true_forward.READ_BY)),
    one(
        "as_read",
        lambda c, made: true_forward.as_read(made["read_by"], c.rules, made["published"]),
    ),
    one(
        "read_lines",
        lambda c, made: true_forward.under_readings(made["lines"], c.rules, made["as_read"]),
    ),
    one("dates", lambda client, made: made["read_lines"].select(true_forward.DATED)),
    one("dated", lambda client, made: true_forward.dated(made["dates"])),
    one("reach", lambda client, made: made["scope"].drop("start", "end")),
    # which line names a licence rests on patterns alone; on dates only whether two lines may
    one("fits", lambda c, made: true_forward.fitting(made["places"], made["reach"])),
    one("named", lambda c, made: true_forward.in_one_line(made["fits"], made["scope"])),
    one("members", lambda c, made: true_forward.summed(made["named"], made["reach"])),
    one("device_days", device_days),
    one(
        "user_days",
        lambda c, made: true_forward.user_days(c.tables["user_counts"], made["scope"]),
    ),
    one("unmatched", unmatched),
    one("stock_frame", _stock_frame),
    one("older_line_lots", _line_lots("older_counted_lots")),
    one("newest_line_lots", _line_lots("newest_lots")),
    one("outside", outside),
    one("line_frame", lambda client, made: _frame(made, LINE, client)),
    one("line_days", line_days),
    one("generated", _generated),
    one("measurable", lambda c, m: true_forward.with_billable(m["line_days"], m["generated"])),
    one("last_events", _last_events),
    one("past_days", _past),
    one("measured_events", _measured),
    one("true_forward", _billed),
    one("line_places", _places),
    one(
        "unit_prices",
        lambda c, made: true_forward.unit_prices(made["places"], made["lines"], as_of=c.as_of),
    ),
    one("readings", lambda c, made: true_forward.terms_read(made["lines"], c.rules)),
    one(
        "reading_range",
        lambda c, made: true_forward.reading_range(
            made["true_forward"], c.rules, made["published"]
        ),
    ),
    several("reading_steps setting_effects", _moved),
    one("next_events", _ahead),
    one("errors", _errors),
    several("line_history line_years milestone_log growth growth_years outlook", _record),
    several("disputes dispute_lines waiting", _claims),
)
