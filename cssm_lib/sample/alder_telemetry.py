"""How alder's instances report, and how old they are: three devices' own words, a controller, SSM
On-Prem in the data centre, ends of life and suggested releases.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.sample.telemetry import Said, capture, controller, ends, found, on_prem, suggested

SA = "alder.example"
HTTPS = "https://smartreceiver.cisco.com/licservice/license"
# host → what it says: in time, to be watched, overdue on 2026-10-31
DEVICES = {
    "sw-s-0000": Said(
        *(SA, "Campus South", "Smart", "17.12.04"),
        last_ack="Oct 05 06:10:00 2026",
        deadline="Jan 03 06:10:00 2027",
        url=HTTPS,
    ),
    "sw-c-0000": Said(
        *(SA, "Clinics & Labs", "cslu", "17.12.04"),
        last_ack="Aug 20 06:10:00 2026",
        deadline="Nov 18 06:10:00 2026",
        sends_hostname=False,
    ),
    "sw-k-0000": Said(
        *(SA, "Clinics & Labs", "Transport Off", "17.09.04a"),
        last_ack="Jul 15 06:10:00 2026",
        deadline="Oct 13 06:10:00 2026",
        sends_version=False,
        waiting=3,
    ),
}
MANAGED = range(10)
RELEASES = [*["17.12.4"] * 4, *["17.12.3"] * 3, *["17.9.5"] * 3]
SYNCHRONISED = "2026-10-20"
ENDS = {
    "C9300-48P": ("2028-10-31", "2030-10-31", "2032-10-31", ""),
    "C9300-24P": ("", "", "", ""),
    "C9300-24T": ("2026-06-30", "2027-06-30", "2031-06-30", "C9300X-24T"),
    "FPR3110-NGFW-K9": ("2025-01-31", "2026-01-31", "2029-01-31", "FPR3120-NGFW-K9"),
    "ISE-VM-K9": ("2024-09-30", "2025-09-30", "2026-09-30", ""),
}
SUGGESTED = {"C9300-48P": "17.12.4", "C9300-24P": "17.12.4"}


def files(standing: pl.DataFrame) -> dict[str, bytes]:
    """The files by their paths."""
    last = standing.filter(pl.col("day") == dt.date(2026, 10, 31))
    research = last.filter(pl.col("virtual_account") == "Research Park").sort("serial")
    managed = [
        (name.split(".")[0] or f"unnamed-{serial[-4:]}", pid, serial)
        for name, pid, serial in research.head(len(MANAGED))
        .select("hostname", "pid", "serial")
        .iter_rows()
    ]
    centre = last.filter(pl.col("virtual_account") == "Data Centre")
    return {
        f"captures/{host}.txt": capture(found(last, host), said) for host, said in DEVICES.items()
    } | {
        "catalyst_center/device_details_2026-10-31.json": controller(managed, RELEASES),
        f"on_prem/product_instances_{SYNCHRONISED}.csv": on_prem(centre, SYNCHRONISED),
        "support/eox_2026-10-31.json": ends(ENDS),
        "support/suggested_2026-10-31.json": suggested(SUGGESTED),
    }
