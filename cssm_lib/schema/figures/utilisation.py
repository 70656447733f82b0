"""The figures of page 01: what is held, short, cured, never needed and ending."""

from cssm_lib.schema.figures.forward import BILLED
from cssm_lib.schema.figures.made import MONEY, figure, headline, named

SHORT = "balance_after_substitution < 0"
OVER = "balance_after_substitution > 0"
YEAR = "days_left <= 365"

FIGURES = named(
    "utilisation",
    (
        figure("licenses", "Licences held", "distinct of positions.license", unit="licences"),
        figure(
            "over_units",
            "Free in their account",
            "sum of positions.balance_after_substitution",
            where=OVER,
            tone="over",
        ),
        figure("short_units", "Short in accounts", "sum of pooled.short_units", tone="short"),
        figure(
            "below",
            "Short balance",
            "sum of positions.balance_after_substitution",
            where=SHORT,
            tone="short",
        ),
        figure(
            "short_positions",
            "Short positions",
            "count of positions.license",
            where=SHORT,
            unit="positions",
        ),
        figure("curable_units", "Cured by transfer", "sum of pooled.curable_units", tone="cure"),
        figure("true_gap", "True gap", "sum of pooled.true_gap", tone="short"),
        figure("true_gap_if_lent", "True gap if lent (model)", "sum of pooled.true_gap_if_lent"),
        figure("shelf_units", "Shelf", "sum of pooled.shelf_units", tone="shelf"),
        figure("shelf_days", "Shortest history", "min of pooled.shelf_days", unit="days"),
        figure("stranded_units", "Stranded", "sum of positions.stranded_units", tone="shelf"),
        figure(
            "stranded_positions",
            "Stranded positions",
            "count of positions.license",
            where="stranded_units > 0",
            unit="positions",
        ),
        figure(
            "zero_positions",
            "Held without use",
            "count of positions.license",
            where="zero_note = 'zero'",
            unit="positions",
        ),
        figure(
            "silent_positions",
            "Not reported",
            "count of positions.license",
            where="zero_note = 'not reported'",
            unit="positions",
        ),
        figure("moves", "Moves", "count of transfers.license", unit="moves"),
        figure("moved_units", "To move", "sum of transfers.quantity"),
        figure(
            "warned_moves",
            "Moves to look at",
            "count of transfers.license",
            where="warning IS NOT NULL",
            unit="moves",
        ),
        figure("days", "Snapshot days", "distinct of pool_days.snapshot_date", unit="days"),
        figure("partial_days", "Partial days", "max of pooled.partial_days", unit="days"),
        figure(
            "expiring_year",
            "End within a year",
            "sum of expiries.quantity",
            where=YEAR,
            tone="short",
        ),
        figure(
            "expiring_short",
            "End and leave short",
            "sum of expiries.quantity",
            where=f"{YEAR} AND balance_after < 0",
        ),
        figure("next_end", "Next end", "min of expiries.end_date", unit=""),
        figure(
            "unexplained",
            "Use without an instance",
            "sum of instance_check.unexplained",
            where="unexplained > 0",
        ),
        figure(
            "beyond",
            "Instances beyond the account's use",
            "sum of instance_check.unexplained",
            where="unexplained < 0",
        ),
        figure(
            "lines_over",
            "Lines over",
            "count of true_forward.sku",
            where="reading = 'contract' AND over > 0",
            unit="lines",
        ),
        figure(
            "events_ahead",
            "Events ahead",
            "distinct of true_forward.event_date",
            where="reading = 'contract' AND outcome LIKE '%ahead%'",
            unit="events",
        ),
        figure(
            "contract_net",
            "True Forward by contract",
            "total of true_forward.net",
            where=BILLED,
            unit=MONEY,
            unpriced="forward.unpriced",
        ),
    ),
)
HEADLINE = headline(
    "utilisation",
    "licenses",
    "over_units",
    "short_units",
    "curable_units",
    "true_gap",
    "shelf_units",
    "stranded_units",
    "expiring_year",
)
