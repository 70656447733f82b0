"""Alder's event of 2026-02-01 as the vendor tells it: five errors of known cause, all invented."""

from __future__ import annotations

from cssm_lib.sample.shapes import table

EVENT, REPORTED = "2026-02-01", "2026-04-02"
HEADER = [
    *("Report Date", "Smart Account", "Agreement", "Suite", "SKU", "True Forward Date"),
    *("Purchased", "Consumed", "Status", "Net Unit Cost", "Months", "Charge", "Credit", "Net"),
    "Currency",
]
CAMPUS, SECURITY = "Campus switching", "Security by users"
# suite, SKU, purchased, consumed, status, net unit cost, charge, credit
CLAIMS = [
    # the use of 2025-09-30, the highest of the year, instead of 2026-01-31: 1,230
    (CAMPUS, "E3N-C9300-A", 1180, 1262, "Over consumed", "10.00", "9840.00", "0.00"),
    # Clinics & Labs is 70 short of its own 60, North and South have them: together 310 are used
    (CAMPUS, "E3N-C9300-E", 310, 380, "Over consumed", "4.00", "3360.00", "0.00"),
    # ten per cent on the price: 30 × 36.00 would be 1,080.00
    (SECURITY, "E3S-USERS", 2560, 2590, "Over consumed", "39.60", "1188.00", "0.00"),
    # licences generated, not endpoints seen: 7,000 leave 400 unused, of whose value 1,080.00 counts
    (SECURITY, "E3S-ISE", 7400, 7380, "Under consumed", "4.50", "0.00", "-90.00"),
    # nothing is over, and 900.00 are charged
    (SECURITY, "E3S-REMOTE", 430, 430, "Fully consumed", "90.00", "900.00", "0.00"),
]
TOTALS = [("Added", "15288.00", "", ""), ("Adjustment", "", "-90.00", "")]
TOTALS += [("Net", "", "", "15198.00")]
GENERATED = [
    *("Snapshot Date", "Smart Account", "Suite", "SKU", "Purchased Entitlements"),
    *("Growth Allowance", "Total Entitlements", "Pre EA Consumption", "Licenses Generated"),
    *("License Migrated", "Total Consumption", "Remaining Entitlements"),
]
LOG = [
    ("2026-01-12 08:14", "Licenses Transferred", "Campus South", "C9300 48P DNA Advantage", 5),
    ("2026-01-19 16:40", "Synchronization Overdue", "Campus North", "", ""),
    ("2026-01-27 07:02", "Synchronization Completed", "Campus North", "", ""),
    ("2026-02-03 10:31", "Agreement Updated", "", "", ""),
    ("2026-06-30 09:00", "Licenses Expiring", "Data Centre", "", ""),
]


def files() -> dict[str, bytes]:
    """The vendor's report, the consumption export behind it and the account's event log."""
    texts = {
        f"reports/true_forward_report_{REPORTED}.csv": _report(),
        "reports/ea_consumption_2026-01-31.csv": table(
            [("2026-01-31", "alder.example", SECURITY, "E3S-ISE", 8000, 0, 8000, 0, 7380, 0, 7380,
              620)],
            header=GENERATED,
        ),
        "reports/event_log_2026-10-31.csv": _log(),
    }  # fmt: skip
    return {path: text.encode() for path, text in texts.items()}


def _report() -> str:
    rows = [
        (REPORTED, "alder.example", "EA Networking", suite, sku, EVENT, bought, used, status)
        + (price, 12, charge, credit, f"{float(charge) + float(credit):.2f}", "EUR")
        for suite, sku, bought, used, status, price, charge, credit in CLAIMS
    ]
    totals = [
        ("", "", "", "", word, "", "", "", "", "", "", charge, credit, net, "EUR")
        for word, charge, credit, net in TOTALS
    ]
    return table([*rows, *totals], header=HEADER)


def _log() -> str:
    header = ["Time", "Event Type", "Message", "User", "Virtual Account", "License", "Quantity"]
    rows = [
        (f"{time}:00", kind, f"{kind} in {account or 'alder.example'}", "licensing@alder.example")
        + (account, licence, units)
        for time, kind, account, licence, units in LOG
    ]
    return table(rows, header=header)
