"""Birch's second inventory, which knows other devices than the first and disagrees with it on some.

Beside it the wireless controller and a stack as the management system sees them.
"""

from __future__ import annotations

import json

from cssm_lib.sample.shapes import table
from cssm_lib.sample.turns import STACK

HEADER = ["Name", "Status", "Site", "Device Type", "Serial number"]
ANTWERP, BERLIN, HAMBURG = "Antwerpen, Kaai 7", "Großbeeren – Halle 2", "Hamburg, Süderelbe"
YARD, ROUTERS = "Liège, quai sud", "Leitstelle Köln"
DEVICES = [
    # known to no other record: without a serial, with a placeholder, written otherwise
    ("an-sw-0007", "Active", ANTWERP, "C9300-48P", ""),
    ("an-sw-0016", "Active", ANTWERP, "C9300-48P", "........"),
    ("bb-co-0007", "Active", BERLIN, "C9500-24Y4C", "1111"),
    ("HH-SW-0004.birch.example", "Active", HAMBURG, "C9300-48P-A", " zzb210144zr "),
    ("hh-sw-0022", "Active", HAMBURG, "C9300-48P", "PID:C9300-48P,SN:ZZB1927MRF9"),
    # retired here; of the first of them the other inventory says that it is installed
    ("ya-co-0000", "Decommissioned", YARD, "C9404R", "ZZB1927ZMFP"),
    ("ya-co-0003", "Decommissioned", YARD, "C9404R", "ZZB24142Q6A"),
    # moved by the records, an optic in it, a switch that never registered
    ("hh-sw-0000", "Active", "Hamburg, Altona", "C9300-48P", "ZZB1701000B"),
    ("hh-sw-0000 Te1/1/1", "Active", "Hamburg, Altona", "SFP-10G-LR", "ZZB1701000B"),
    ("hh-lab-01", "Active", HAMBURG, "C9300-48P", "ZZB2601LAB7"),
    # a virtual serial under another name, and a name with a wrong letter
    ("ro-vr-old", "Active", ROUTERS, "ISRV", "9ZZ241457WA"),
    ("an-es-0o00", "Active", ANTWERP, "C9300-48T", ""),
]
CONTROLLER = {
    "device_name": "wlc-0000.birch.example",
    "device_uuid": "00000000-0000-4000-8000-0000000000a1",
    "model": "C9800-40-K9",
    "license_mode": "SLUP",
    "is_wireless": "true",
    "total_access_point_count": "470",
    "virtual_account_name": "Wireless",
    "smart_account_name": "birch.example",
}


def files(day: str) -> dict[str, bytes]:
    """The inventory as NetBox exports it, and the answer of Catalyst Center."""
    answer = json.dumps({"response": [CONTROLLER, STACK], "version": "1.0"}, ensure_ascii=False)
    return {
        f"records/netbox_devices_{day}.csv": table(DEVICES, header=HEADER).encode(),
        f"catalyst_center/device_summary_{day}.json": answer.encode(),
    }
