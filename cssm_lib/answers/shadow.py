"""The tables of page 04: product instances against the customer's own records."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses import shadow
from cssm_lib.answers.steps import Made, several
from cssm_lib.client import Client


def tables(client: Client, made: Made) -> dict[str, pl.DataFrame]:
    """The tables that `cssm_lib.schema.answers.shadow` describes, by name.

    Rests on `unit_prices`, `true_forward` and `duties`.
    """
    as_of, rules, known = client.as_of, client.rules, client.tables
    prices = made["unit_prices"]
    found = shadow.compared(known, prices, as_of=as_of, rules=rules)
    rows = shadow.judged(found, made["duties"], as_of=as_of, rules=rules)
    freed = shadow.freed(rows, known["device_licenses"])
    return {
        "matches": rows,
        "match_classes": shadow.classes(rows),
        "instance_spans": shadow.stays(found, rows),
        "record_conflicts": found.conflicts(rules),
        "expected_counts": shadow.expected(
            found, known["capture_licenses"], known["catalyst_center_devices"], rules=rules
        ),
        "cleanup": shadow.cleanup(freed, prices, made["true_forward"], as_of=as_of),
    }


def notes(client: Client) -> pl.DataFrame:
    """Records that are no devices, per inventory: they stand in no pair and in no state."""
    parts = shadow.components(client.tables["assets"], client.rules)
    return parts.select(
        about="source",
        note=pl.format(
            "optics, fans, supplies and modules are no devices and stand in no pair: {} records.",
            "parts",
        ),
    )


STEPS = (
    several(
        "matches match_classes instance_spans record_conflicts expected_counts cleanup", tables
    ),
)
