"""The table of how old hardware and software are."""

from __future__ import annotations

from cssm_lib.schema.contract import BOOL, INSTANCE, PLACED, Column, Table, count, date, text

LIFECYCLE_AGES = Table(
    "lifecycle_ages",
    "a product instance: its age score, 0 current to 5 past support; null is unknown",
    (
        *INSTANCE,
        text("software_version", "where a file says it"),
        text("suggested", "release that Cisco suggests for the product"),
        count("software_score", "0 suggested or newer … 5 past support", unit="score"),
        count("hardware_score", "0 before any end; 3, 4, 5 past an end", unit="score"),
        count("score", "the larger of the two that are known", unit="score"),
        text("basis", "what the score rests on, or what is unknown"),
        date("end_of_software_maintenance", "of the product"),
        date("end_of_security_support", "of the product"),
        date("last_date_of_support", "of the product; null is unknown, not never"),
        text("software_step", "what mends the software; no licence follows from it"),
        text("refresh", "what replaces the hardware"),
        text("uplift", "what of a licence follows from the step: kept apart"),
        Column("complete", BOOL, "false where the instance export lacks pages or records"),
        *PLACED,
    ),
)
