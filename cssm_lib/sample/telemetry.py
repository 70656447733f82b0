"""What devices, SSM On-Prem, Catalyst Center and Cisco's support answer, as text of real shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from cssm_lib.sample.shapes import table

DEFAULT, CUSTOMER = "CISCO default", "Customer Policy"
NONE = "<none>"
# first report, reporting frequency and report on change by class, in the device's own order
CISCO = {"perpetual": (365, 0, 90), "subscription": (90, 90, 90)}
HEADINGS = {
    "perpetual": "Unenforced/Non-Export Perpetual Attributes",
    "subscription": "Unenforced/Non-Export Subscription Attributes",
    "enforced": "Enforced (Perpetual/Subscription) License Attributes",
    "export": "Export (Perpetual/Subscription) License Attributes",
}
ASKS = ("First report requirement", "Reporting frequency", "Report on change")
ON_PREM_HEADER = [
    *("Name", "UDI PID", "UDI SN", "Virtual Account", "Registration Date", "Last Contact"),
    "Last Synchronized",
]


@dataclass(frozen=True)
class Said:
    """What a device says of its reporting; times as it prints them, without the zone."""

    account: str
    virtual_account: str
    transport: str
    release: str
    last_ack: str = NONE
    deadline: str = NONE
    url: str = NONE
    sends_hostname: bool = True
    sends_version: bool = True
    policy: Mapping[str, tuple[int, int, int]] = field(default_factory=lambda: CISCO)
    by: str = DEFAULT
    waiting: int = 0  # usage reports without an ACK


def found(standing: pl.DataFrame, host: str) -> tuple[str, str, str]:
    """Name, product and serial number of an instance by the first part of its host name."""
    rows = standing.filter(pl.col("hostname").str.starts_with(f"{host}."))
    last = rows.sort("day").tail(1)
    return host, last["pid"].item(), last["serial"].item()


def capture(device: tuple[str, str, str], said: Said) -> bytes:
    """A session: show version and show license status, on the last day of the sample."""
    host, pid, serial = device
    parts = [_version(host, pid, serial, said.release), _status(host, pid, serial, said)]
    parts.append(_reports(host, said))
    return "\n".join(parts).encode()


def _clock(host: str, command: str, time: str) -> str:
    return (
        f"{host}#{command}\nLoad for five secs: 2%/0%; one minute: 2%; five minutes: 2%\n"
        f"Time source is NTP, {time}.101 UTC Sat Oct 31 2026\n"
    )


def _version(host: str, pid: str, serial: str, release: str) -> str:
    return f"""{_clock(host, "show version", "08:00:00")}
Cisco IOS XE Software, Version {release}
{host} uptime is 12 weeks, 3 days, 1 hour, 4 minutes
Smart Licensing Status: Smart Licensing Using Policy

cisco {pid} (X86) processor with 1333273K/6147K bytes of memory.
Processor board ID {serial}
Model Number                       : {pid}
System Serial Number               : {serial}
"""


def _status(host: str, pid: str, serial: str, said: Said) -> str:
    kept = {"enforced": (0, 0, 0), "export": (0, 0, 0)} | dict(said.policy)
    policy = "\n".join(_asked(name, kept[name], said.by) for name in HEADINGS)
    address = f"\n  URL: {said.url}" if said.url != NONE else ""
    installed = "Merged from multiple sources." if said.by == DEFAULT else "Installed On Jan 05"
    installed += "" if said.by == DEFAULT else " 09:00:00 2026 UTC"
    return f"""{_clock(host, "show license status", "08:00:10")}
Utility:
  Status: DISABLED

Smart Licensing Using Policy:
  Status: ENABLED

Account Information:
  Smart Account: {said.account} As of Oct 01 07:00:00 2026 UTC
  Virtual Account: {said.virtual_account}

Data Privacy:
  Sending Hostname: {"yes" if said.sends_hostname else "no"}
    Callhome hostname privacy: DISABLED
    Smart Licensing hostname privacy: {"DISABLED" if said.sends_hostname else "ENABLED"}
  Version privacy: {"DISABLED" if said.sends_version else "ENABLED"}

Transport:
  Type: {said.transport}{address}
  Proxy:
    Not Configured

Policy:
  Policy in use: {installed}
  Policy name: {NONE if said.by == DEFAULT else "Estate policy"}
  Reporting ACK required: yes ({said.by})
{policy}

Usage Reporting:
  Last ACK received: {_zoned(said.last_ack)}
  Next ACK deadline: {_zoned(said.deadline)}
  Reporting push interval: 30  days
  Next ACK push check: {NONE}
  Next report push: {NONE}
  Last report push: {NONE}
  Last report file write: {NONE}

Trust Code Installed:
  Active: PID:{pid},SN:{serial}
    INSTALLED on Jan 05 09:00:01 2026 UTC

{host}#
"""


def _reports(host: str, said: Said) -> str:
    return f"""{_clock(host, "show license all", "08:00:20")}
Usage Report Summary:
=====================
Total: {12 + said.waiting},  Purged: 0
Total Acknowledged Received: 12,  Waiting for Ack: {said.waiting}
Available to Report: 0  Collecting Data: 2

{host}#
"""


def _asked(name: str, days: tuple[int, int, int], by: str) -> str:
    by = DEFAULT if days == (0, 0, 0) else by
    asks = [f"    {ask} (days): {n} ({by})" for ask, n in zip(ASKS, days, strict=True)]
    return "\n".join([f"  {HEADINGS[name]}:", *asks])


def _zoned(time: str) -> str:
    return time if time == NONE else f"{time} UTC"


def registered(host: str, pid: str, serial: str, account: str) -> bytes:
    """A router from before the policy: registered over Call Home, with its deadline."""
    return f"""{_clock(host, "show license all", "08:00:00")}
Smart Licensing Status
======================

Smart Licensing is ENABLED

Registration:
  Status: REGISTERED
  Smart Account: {account}
  Virtual Account: Routers
  Export-Controlled Functionality: ALLOWED

License Authorization:
  Status: AUTHORIZED on Oct 20 04:05:06 2026 UTC
  Last Communication Attempt: SUCCEEDED on Oct 20 04:05:06 2026 UTC
  Next Communication Attempt: Nov 19 04:05:06 2026 UTC
  Communication Deadline: Jan 18 04:05:06 2027 UTC

Data Privacy:
  Sending Hostname: yes
    Callhome hostname privacy: DISABLED
    Smart Licensing hostname privacy: DISABLED
  Version privacy: DISABLED

Transport:
  Type: Callhome

Product Information
===================
UDI: PID:{pid},SN:{serial}

{host}#
""".encode()


def on_prem(devices: pl.DataFrame, synchronised: str) -> bytes:
    """The product instances as a copy of SSM On-Prem lists them."""
    rows = devices.select(
        name="hostname",
        pid="pid",
        serial="serial",
        account="virtual_account",
        registered=pl.lit("2025-11-03"),
        contact=pl.lit(synchronised),
        synchronised=pl.lit(synchronised),
    ).sort("serial")
    return table(rows.iter_rows(), header=ON_PREM_HEADER).encode()


def controller(devices: Sequence[tuple[str, str, str]], releases: Sequence[str]) -> bytes:
    """Catalyst Center's details of switches that it manages, each with its last upload."""
    rows = [
        {
            "device_uuid": f"00000000-0000-4000-8000-{number:012}",
            "device_name": host,
            "device_type": "Switches and Hubs",
            "model": pid,
            "udi": f"PID:{pid},SN:{serial}",
            "license_mode": "SLUP",
            "software_version": release,
            "last_successful_rum_usage_upload_time": "2026-10-28T04:05:06Z",
        }
        for number, ((host, pid, serial), release) in enumerate(zip(devices, releases, strict=True))
    ]
    return json.dumps({"response": rows}, indent=1).encode()


def _day(value: str) -> dict[str, str]:
    return {"value": value or " ", "dateFormat": "YYYY-MM-DD"}


def ends(products: Mapping[str, tuple[str, str, str, str]]) -> bytes:
    """End-of-life records: ends of software maintenance, security and support, and a successor."""
    rows = [
        {
            "EOLProductID": pid,
            "ProductIDDescription": "invented record",
            "EndOfSWMaintenanceReleases": _day(maintenance),
            "EndOfSecurityVulSupportDate": _day(security),
            "LastDateOfSupport": _day(support),
            "EOXMigrationDetails": {"MigrationProductId": successor},
            "EOXInputType": "ShowEOXByPids",
            "EOXInputValue": pid,
        }
        for pid, (maintenance, security, support, successor) in products.items()
    ]
    pages = {"PageIndex": 1, "LastIndex": 1, "TotalRecords": len(rows), "PageRecords": 50}
    return json.dumps({"PaginationResponseRecord": pages, "EOXRecord": rows}, indent=1).encode()


def suggested(releases: Mapping[str, str]) -> bytes:
    """The suggested release of each product."""
    rows = [
        {
            "id": number,
            "product": {"basePID": pid, "softwareType": "IOS XE Software"},
            "suggestions": [{"isSuggested": "Y", "releaseFormat1": release}],
        }
        for number, (pid, release) in enumerate(releases.items(), 1)
    ]
    return json.dumps({"productList": rows, "status": "SUCCESS"}, indent=1).encode()
