"""The figures of the pages as data: how each is made, and which of them head a page."""

from __future__ import annotations

from dataclasses import replace

from cssm_lib.pages.facts import Figure

MONEY = "currency"
SHORT = "balance_after_substitution < 0"
OVER = "balance_after_substitution > 0"
YEAR = "days_left <= 365"
# an inventory or a count of users carries its days in its rows
UNDATED = (
    "snapshot_date IS NULL AND kind IN ('licenses', 'devices', 'subscriptions', 'summary', 'walk')"
)


def _figure(id_: str, label: str, made: str, **more: str) -> Figure:
    """`made` is "aggregate of table.column"."""
    aggregate, _, place = made.partition(" of ")
    table, _, column = place.partition(".")
    return Figure(id_, label, table, column, aggregate, **more)


_UTILISATION = (
    _figure("licenses", "Licences held", "distinct of positions.license", unit="licences"),
    _figure(
        "over_units",
        "Free in their account",
        "sum of positions.balance_after_substitution",
        where=OVER,
        tone="over",
    ),
    _figure("short_units", "Short in accounts", "sum of pooled.short_units", tone="short"),
    _figure(
        "short_positions",
        "Short positions",
        "count of positions.license",
        where=SHORT,
        unit="positions",
    ),
    _figure("curable_units", "Cured by transfer", "sum of pooled.curable_units", tone="cure"),
    _figure("true_gap", "True gap", "sum of pooled.true_gap", tone="short"),
    _figure("true_gap_if_lent", "True gap if lent (model)", "sum of pooled.true_gap_if_lent"),
    _figure("shelf_units", "Shelf", "sum of pooled.shelf_units", tone="shelf"),
    _figure("shelf_days", "Shortest history", "min of pooled.shelf_days", unit="days"),
    _figure("stranded_units", "Stranded", "sum of positions.stranded_units", tone="shelf"),
    _figure(
        "stranded_positions",
        "Stranded positions",
        "count of positions.license",
        where="stranded_units > 0",
        unit="positions",
    ),
    _figure(
        "zero_positions",
        "Held without use",
        "count of positions.license",
        where="zero_note = 'zero'",
        unit="positions",
    ),
    _figure(
        "silent_positions",
        "Not reported",
        "count of positions.license",
        where="zero_note = 'not reported'",
        unit="positions",
    ),
    _figure("moves", "Moves", "count of transfers.license", unit="moves"),
    _figure("moved_units", "To move", "sum of transfers.quantity"),
    _figure(
        "warned_moves",
        "Moves to look at",
        "count of transfers.license",
        where="warning IS NOT NULL",
        unit="moves",
    ),
    _figure("days", "Snapshot days", "distinct of pool_days.snapshot_date", unit="days"),
    _figure("partial_days", "Partial days", "max of pooled.partial_days", unit="days"),
    _figure(
        "expiring_year",
        "End within a year",
        "sum of expiries.quantity",
        where=YEAR,
        tone="short",
    ),
    _figure(
        "expiring_short",
        "End and leave short",
        "sum of expiries.quantity",
        where=f"{YEAR} AND balance_after < 0",
    ),
    _figure("next_end", "Next end", "min of expiries.end_date", unit=""),
    _figure(
        "unexplained",
        "Use without an instance",
        "sum of instance_check.unexplained",
        where="unexplained > 0",
    ),
    _figure(
        "beyond",
        "Instances beyond the account's use",
        "sum of instance_check.unexplained",
        where="unexplained < 0",
    ),
    _figure(
        "lines_over",
        "Lines over",
        "count of true_forward.sku",
        where="reading = 'contract' AND over > 0",
        unit="lines",
    ),
    _figure(
        "events_ahead",
        "Events ahead",
        "distinct of true_forward.event_date",
        where="reading = 'contract' AND outcome LIKE '%ahead%'",
        unit="events",
    ),
    _figure(
        "contract_net",
        "True Forward by contract",
        "sum of true_forward.net",
        where="reading = 'contract'",
        unit=MONEY,
    ),
)
_RECEIVED = (
    _figure("files", "Files received", "count of sources.source", unit="files"),
    _figure(
        "files_unused",
        "Not recognised",
        "count of sources.source",
        where="kind IS NULL",
        unit="files",
    ),
    _figure(
        "files_incomplete",
        "Incomplete",
        "count of sources.source",
        where="complete = FALSE",
        unit="files",
        tone="short",
    ),
    _figure(
        "files_undated",
        "Undated",
        "count of sources.source",
        where=UNDATED,
        unit="files",
    ),
    _figure("records", "Records", "sum of records.records", unit="records"),
    _figure("used", "Used", "sum of records.used", unit="records", tone="cure"),
    _figure("rejected", "Rejected", "sum of records.rejected", unit="records", tone="short"),
    _figure("repeated", "Repeated", "sum of records.repeated", unit="records"),
    _figure(
        "unmapped_files",
        "With unknown headers",
        "count of sources.source",
        where="unmapped IS NOT NULL",
        unit="files",
    ),
    _figure("snapshot_days", "Snapshot days", "distinct of usage.snapshot_date", unit="days"),
    _figure("notes", "Notes", "count of notes.note", unit="notes"),
)


def _named(page: str, figures: tuple[Figure, ...]) -> dict[str, Figure]:
    return {f"{page}.{one.id}": replace(one, id=f"{page}.{one.id}") for one in figures}


FIGURES = _named("utilisation", _UTILISATION) | _named("received", _RECEIVED)

# by the number of the page
HEADLINES = {
    "01": [
        f"utilisation.{name}"
        for name in (
            "licenses",
            "over_units",
            "short_units",
            "curable_units",
            "true_gap",
            "shelf_units",
            "stranded_units",
            "expiring_year",
        )
    ],
    "06": [
        f"received.{name}"
        for name in (
            "files",
            "files_unused",
            "files_incomplete",
            "files_undated",
            "records",
            "used",
            "rejected",
            "repeated",
        )
    ],
}
