"""The figures of page 04: instances and own records, who knows whom, and what may be taken off."""

from cssm_lib.schema.figures.made import MONEY, Figure, figure, headline, named, unpriced

INSTANCE = "about = 'instance'"
RETIRED = f"{INSTANCE} AND state = 'retired'"
EVIDENCE, ASK = "removal = 'retired with evidence'", "removal = 'ask first'"

SAVED = f"reading = 'contract' AND {EVIDENCE}"


def _state(id_: str, label: str, state: str, tone: str = "") -> tuple[Figure, Figure]:
    """Two figures of a state: its instances, and the units that they consume."""
    where = f"{INSTANCE} AND state = '{state}'"
    return (
        figure(id_, label, "count of matches.state", where=where, unit="instances", tone=tone),
        figure(f"{id_}_units", f"{label}: units", "sum of matches.units", where=where, tone=tone),
    )


FIGURES = named(
    "shadow",
    (
        figure(
            "instances",
            "Product instances",
            "count of matches.state",
            where=INSTANCE,
            unit="instances",
        ),
        *_state("matched", "Matched", "matched", "cure"),
        *_state("shadows", "Shadows", "shadow", "short"),
        *_state("retired", "Retired, still counted", "retired", "short"),
        *_state("stale", "Stale", "stale", "shelf"),
        *_state("duplicates", "Duplicates", "duplicate"),
        *_state("undecided", "Undecided", "undecided"),
        figure(
            "ghosts",
            "Ghosts: records alone",
            "count of matches.state",
            where="state = 'ghost'",
            unit="records",
        ),
        figure(
            "retired_money",
            "Retired: money to the end",
            "sum of matches.money",
            where=RETIRED,
            unit=MONEY,
            tone="short",
            unpriced="shadow.retired_unpriced",
        ),
        unpriced("retired_unpriced", "sum of matches.unpriced_units", where=RETIRED),
        figure(
            "evidence",
            "Retired with evidence",
            "count of matches.state",
            where=EVIDENCE,
            unit="instances",
        ),
        figure(
            "evidence_units",
            "Retired with evidence: units",
            "sum of matches.freed_units",
            where=EVIDENCE,
        ),
        figure("ask", "Ask first", "count of matches.state", where=ASK, unit="instances"),
        figure("ask_units", "Ask first: units", "sum of matches.freed_units", where=ASK),
        figure(
            "never",
            "Never take off",
            "count of matches.state",
            where="removal = 'never'",
            unit="instances",
        ),
        figure(
            "replaced",
            "Replaced devices",
            "count of instance_spans.serial",
            where="followed",
            unit="devices",
        ),
        figure(
            "young",
            "Shadows that appeared later",
            "count of instance_spans.state",
            where="state = 'shadow' AND appeared_after IS NOT NULL",
            unit="instances",
        ),
        figure(
            "came_back",
            "Came back",
            "count of instance_spans.arrival",
            where="arrival = 'came back'",
            unit="stays",
        ),
        figure(
            "moved",
            "Moved between accounts",
            "count of instance_spans.arrival",
            where="arrival = 'moved'",
            unit="stays",
        ),
        figure("conflicts", "Disagreements", "count of record_conflicts.field", unit="fields"),
        figure(
            "builds", "Devices of several parts", "count of expected_counts.kind", unit="devices"
        ),
        figure(
            "unexplained",
            "Counted beyond their build",
            "sum of expected_counts.unexplained",
            where="unexplained > 0",
        ),
        figure("classes", "States found", "count of match_classes.state", unit="states"),
        figure(
            "saved",
            "Saved by the contract's reading",
            "sum of cleanup.money",
            where=SAVED,
            unit=MONEY,
            unpriced="shadow.saved_unpriced",
        ),
        unpriced(
            "saved_unpriced",
            "count of cleanup.money",
            where=f"{SAVED} AND money IS NULL AND avoided_units > 0",
            unit="lines",
        ),
    ),
)
HEADLINE = headline(
    "shadow",
    "instances",
    "matched",
    "shadows",
    "ghosts",
    "retired_units",
    "retired_money",
    "stale",
    "undecided",
)
