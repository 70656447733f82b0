"""The README of the sample folder: who the clients are, and the card of right answers."""

from __future__ import annotations

import tomllib
from pathlib import Path

ABOUT = """\
# Sample clients

Invented by `cssm sample`: no such company, device or purchase exists. `cssm sample data/sample`
writes this folder again, byte for byte. Serial numbers begin with `ZZ` or `9ZZ`, invented codes.

- `alder`, Alder Valley Hospitals: tidy. One agreement, 2024-02-01 to 2027-01-31, with snapshots of
  its first day and of every month's end to 2026-10-31, product instances of four days, counts of
  users and endpoints, and the customer's own records. In these, 60 switches are retired that
  consumed Advantage on 2025-01-31 and still do. The event of 2026-02-01 is in dispute. Captures
  of three switches, ten more in Catalyst Center, the data centre behind SSM On-Prem, ends of life.
- `birch`, Birch Logistics & Söhne: messy. Two Smart Accounts, one of them held by a reseller and a
  month older; every fault of real exports once; no agreement and no prices. A reporting
  policy of its own, a yard behind SSM On-Prem by file, a Meraki organisation, every finding on the
  structure of accounts.
- `cedar`, Cedar Print Works: nearly empty. One licence row without day or account.
- `alder_after_clean_up.toml`: a scenario for `alder`, for `--scenario`; two decisions, one open.

## Faults of form in `birch`

| where | what |
|---|---|
| `cssm/2025-01-31` | all pages as a list in one file |
| `cssm/2025-03-31` | the screen's CSV: title lines, `;`, `1,000`, `(7)`, byte order mark; no lots |
| `cssm/2025-12-31` | two Virtual Accounts with blanks too many |
| `cssm/2026-02-28` | `available` = quantity − use; everywhere else − reserved as well |
| `cssm/2026-03-31` | the last page is missing: `totalRecords` is larger than what is there |
| `cssm/2026-10-31` | `licenses_p2 (1).json` repeats `licenses_p2.json` |
| `cssm/2026-09-30`, `cssm/2026-10-31` | a router stands twice: as reserved and as reporting |
| `reseller/*` | `available` = quantity − use; accounts and licences with nearly the same names |
| `records/*` | two inventories: other devices, other serials for the same, and a quarrel or two |
| every month | licence names with tabs, blanks and commas; lots that do not sum |

## The card

Right answers, worked out by hand from how the clients were made. `row` selects exactly one row of
the table; an empty value is null; money has two decimals.
"""
HEADER = "| client | table | row | column | value | why |\n|---|---|---|---|---|---|\n"


def text() -> str:
    """The whole README."""
    parts = sorted(Path(__file__).with_name("card").glob("*.toml"))
    card = tomllib.loads("\n".join(part.read_text("utf-8") for part in parts))
    tables: dict[str, str] = {}
    for where, answers in card.items():
        client, table, row = where.split(" / ")
        lines = "".join(
            f"| {client} | {table} | {row} | {column} | {value} | {why} |\n"
            for column, (value, why) in answers.items()
        )
        heading = f"\n### `{client}`: {table}\n\n"
        tables[heading] = tables.get(heading, HEADER) + lines
    return ABOUT + "".join(heading + lines for heading, lines in sorted(tables.items()))
