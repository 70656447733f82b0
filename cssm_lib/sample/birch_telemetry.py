"""How birch's instances report: a customer policy, a router from before it, SSM On-Prem by file in
the yard; its Meraki organisation and an alert.
"""

from __future__ import annotations

import datetime as dt
import json

import polars as pl

from cssm_lib.sample.shapes import table
from cssm_lib.sample.telemetry import CUSTOMER, Said, capture, ends, found, on_prem, registered

SA = "birch.example"
POLICY = {"perpetual": (30, 60, 60), "subscription": (120, 111, 111)}
# the ACK of 1 August: perpetual licences are due 60 days later, subscriptions 111
ASKED = Said(
    *(SA, "Berlin & Brandenburg", "Smart", "17.09.05"),
    last_ack="Aug 01 06:10:00 2026",
    deadline="Sep 30 06:10:00 2026",
    policy=POLICY,
    by=CUSTOMER,
)
SYNCHRONISED = "2026-08-15"
ALERTS = [
    ("2026-08-15 10:00:00", "Satellite Authorization File Ready for satellite yard-prem", ""),
    ("2026-09-14 10:00:00", "Synchronization Overdue for satellite yard-prem", ""),
]
ENDS = {"C9404R": ("2025-06-30", "", "", "")}
KEYS = [
    ("ZZQ-KEY-1", 1825, [("MR46", 1)]),
    ("ZZQ-KEY-2", 730, [("MR46", 2)]),
    ("ZZQ-KEY-3", 730, [("MS120-24P", 2)]),
]
STARTED = "2025-10-31T00:00:00Z"
# the dashboard weighs by price: 1,003.75 days from the start; by number it were 949
BOARD = "Jul 31, 2028 UTC"
LIMITS = {"MR46": 3, "MS120-24P": 2}
MERAKI = [("MR46", "wireless", True)] * 4 + [("MR46", "wireless", False)]
MERAKI += [("MS120-24P", "switch", True), ("MX68", "appliance", True)]


def files(standing: pl.DataFrame) -> dict[str, bytes]:
    """The files by their paths."""
    last = standing.filter(pl.col("day") == dt.date(2026, 10, 31))
    yard = last.filter(
        pl.col("pid") == "C9200L-24T-4G", pl.col("virtual_account") == "Yard (South)"
    )
    log = table(ALERTS, header=["Time", "Message", "User"])
    return {
        "captures/bb-co-0000.txt": capture(found(last, "bb-co-0000"), ASKED),
        "captures/ro-ax-0000.txt": registered(*found(last, "ro-ax-0000"), SA),
        f"on_prem/product_instances_{SYNCHRONISED}.csv": on_prem(yard, SYNCHRONISED),
        "on_prem/event_log.csv": log.encode(),
        "support/eox_2026-10-31.json": ends(ENDS),
    } | {f"meraki/2026-10-31/{name}.json": text for name, text in _meraki().items()}


def _meraki() -> dict[str, bytes]:
    keys = [
        {
            "key": key,
            "organizationId": "ZZ-549",
            "duration": days,
            "mode": "addDevices",
            "startedAt": STARTED,
            "claimedAt": STARTED,
            "invalidated": False,
            "expired": False,
            "counts": [{"model": model, "count": count} for model, count in counts],
        }
        for key, days, counts in KEYS
    ]
    devices = [
        {
            "mac": f"00:53:00:00:00:{number:02x}",
            "serial": f"ZZQ2-ABCD-{number:04}",
            "model": model,
            "networkId": "N_1" if connected else None,
            "productType": kind,
        }
        for number, (model, kind, connected) in enumerate(MERAKI)
    ]
    overview = {"status": "OK", "expirationDate": BOARD, "licensedDeviceCounts": LIMITS}
    parts = {"coterm_licenses": keys, "inventory_devices": devices, "overview": overview}
    return {name: json.dumps(part, indent=1).encode() for name, part in parts.items()}
