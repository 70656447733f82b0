"""The vendor's quote to Alder Valley Hospitals: 24 % above our position, cause by cause.

Clean need and plan at today's prices for 36 months: (1,141 + 40) × 360.00 = 425,160.00; 314 ×
144.00 = 45,216.00; 2,622 × 108.00 = 283,176.00; 7,120 × 13.50 = 96,120.00; 441 × 90.00 = 39,690.00;
together 889,362.00. 24 % of it are 213,446.88, which are laid into the lines below.
"""

from __future__ import annotations

from cssm_lib.sample.shapes import table

HEADER = [
    "Quote Number",
    "Line Number",
    "Suite",
    "Part Number",
    "Description",
    "Quantity",
    "Charge Type",
    "Term (Months)",
    "Start Date",
    "End Date",
    "Valid Until",
    "Unit Net Price",
    "Extended Net Price",
    "Currency",
    "As of",
]
NUMBER = "ZZ-2026-1017"
CAMPUS, USERS = "Campus switching", "Security by users"
# the year's peak instead of the day, the retired 60 counted, Essentials quoted as Advantage,
# 7 % more per unit, support on top, growth of users, 8,000 endpoints kept, dearer remote access,
# a product nobody asked for and an open price
LINES = [
    ("1.0", CAMPUS, "E3N-C9300-A", "Catalyst 9300 Advantage", 1240, "10.70", "477648.00"),
    ("1.1", CAMPUS, "E3N-C9300-A", "Catalyst 9300 Advantage", 314, "10.70", "120952.80"),
    ("1.2", CAMPUS, "SVS-E3N-A", "Support, campus switching", 1554, "0.50", "27972.00"),
    ("2.0", USERS, "E3S-USERS", "Security by users", 2700, "3.00", "291600.00"),
    ("2.1", USERS, "E3S-ISE", "Endpoints", 8000, "0.375", "108000.00"),
    ("2.2", USERS, "E3S-REMOTE", "Remote users", 441, "95.00", "41895.00"),
    ("2.3", USERS, "E3S-ISE-O", "Endpoints, overage", 0, "0.45", ""),
    ("3.0", "", "E3A-INSIGHT", "Experience insights", 3, "11580.36", "34741.08"),
]  # fmt: skip


def quote() -> bytes:
    """The quote as a CSV."""
    term = (36, "2027-02-01", "2030-01-31", "2026-12-15")
    end = ("EUR", "2026-10-17")
    rows = [
        (NUMBER, line, suite, sku, words, count, _charge(sku), *term, price, total, *end)
        for line, suite, sku, words, count, price, total in LINES
    ]
    return table(rows, header=HEADER).encode()


def _charge(sku: str) -> str:
    return "Usage" if sku.endswith("-O") else "Recurring"
