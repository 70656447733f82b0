"""The list of actions that the team of Alder keeps beside `client.toml`."""

from __future__ import annotations

from cssm_lib.sample.shapes import table

HEADER = ("id", "action", "owner", "effort", "status", "due", "note", "cost centre")
PLACE = "transfer/alder.example"
ROWS = (
    (
        f"{PLACE}/C9300 DNA Essentials/Campus North/Clinics & Labs",
        "",
        "Network team",
        "1 hour",
        "done",
        "2026-10-15",
        "moved on the 12th, says the ticket",
        "4711",
    ),
    (
        f"{PLACE}/C9300 48P DNA Advantage/Campus South/Campus North",
        "",
        "Network team",
        "1 hour",
        "doing",
        "2026-11-14",
        "",
        "4711",
    ),
    (
        "",
        "Have the price hold confirmed in writing",
        "Procurement",
        "half a day",
        "open",
        "2026-09-30",
        "=not a formula",
        "",
    ),
)


def actions() -> bytes:
    """`actions.csv`: one move said to be done that the data still shows, one begun, one its own."""
    return table(ROWS, header=HEADER).encode("utf-8-sig")
