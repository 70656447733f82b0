"""The figures of page 06: files, records and what became of them."""

from cssm_lib.schema.figures.made import figure, headline, named

# an inventory or a count of users carries its days in its rows
UNDATED = (
    "snapshot_date IS NULL AND date_from IS NULL"
    " AND kind IN ('licenses', 'devices', 'subscriptions', 'summary', 'walk')"
)

FIGURES = named(
    "received",
    (
        figure("files", "Files received", "count of sources.source", unit="files"),
        figure(
            "files_unused",
            "Not recognised",
            "count of sources.source",
            where="kind IS NULL",
            unit="files",
        ),
        figure(
            "files_incomplete",
            "Incomplete",
            "count of sources.source",
            where="complete = FALSE",
            unit="files",
            tone="short",
        ),
        figure(
            "files_undated",
            "Undated",
            "count of sources.source",
            where=UNDATED,
            unit="files",
        ),
        figure("records", "Records", "sum of records.records", unit="records"),
        figure("used", "Used", "sum of records.used", unit="records", tone="cure"),
        figure("rejected", "Rejected", "sum of records.rejected", unit="records", tone="short"),
        figure("repeated", "Repeated", "sum of records.repeated", unit="records"),
        figure(
            "unmapped_files",
            "With unknown headers",
            "count of sources.source",
            where="unmapped IS NOT NULL",
            unit="files",
        ),
        figure("snapshot_days", "Snapshot days", "distinct of usage.snapshot_date", unit="days"),
        figure("requests", "Asked for", "count of data_requests.number", unit="requests"),
        figure(
            "requests_missing",
            "Of them missing",
            "count of data_requests.number",
            where="state = 'missing'",
            unit="requests",
        ),
        figure("notes", "Notes", "count of notes.note", unit="notes"),
    ),
)
HEADLINE = headline(
    "received",
    "files",
    "files_unused",
    "files_incomplete",
    "files_undated",
    "records",
    "used",
    "rejected",
    "repeated",
)
