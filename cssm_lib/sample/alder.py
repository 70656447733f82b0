"""Alder Valley Hospitals: tidy; one agreement, with snapshots from its first day on."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from cssm_lib.sample import alder_telemetry, configured, disputed
from cssm_lib.sample.actions import actions
from cssm_lib.sample.estate import (
    Course,
    Group,
    Lot,
    Row,
    holdings,
    instances,
    licenses,
    month_ends,
    perpetual,
)
from cssm_lib.sample.quotes import quote
from cssm_lib.sample.records import recorded, retired, written
from cssm_lib.sample.shapes import device_rows, documents, subscription_rows, table

CLIENT = """\
# Invented by `cssm sample`: no such client exists.
client = "Alder Valley Hospitals"
currency = "EUR"
as_of = 2026-10-31

[[smart_accounts]]
name = "alder.example"
held_by = "customer"

[[agreements]]
name = "EA Networking"
programme = "EA 3.0"
start = 2024-02-01
end = 2027-01-31
notice_days = 45
smart_accounts = ["alder.example"]
virtual_accounts = ["*"]
outside_stock = "ignored"
discount = { low = 0.15, high = 0.42 }
uplift = { low = 0.0, high = 0.07 }

[agreements.true_forward]
measure = "as_of"
allowance = 0.0
charged = "above_entitlement"
credit = "value_shift"
ratchet = "to_consumption"
early_events = "none"
months = "whole"

[[agreements.suites]]
name = "Campus switching"
commitment = "full"

[[agreements.suites.lines]]
sku = "E3N-C9300-A"
licenses = ["C9300 48P DNA Advantage", "C9300 24P DNA Adv*"]
count = "sum"
entitled = 1000
price = 10.00
per = "month"
list_price = 16.00
list_date = 2024-02-01
support_quoted_as = ["SVS-E3N-*"]

[[agreements.suites.lines]]
sku = "E3N-C9300-E"
licenses = ["C9300 DNA Essentials"]
count = "sum"
entitled = 400
price = 4.00
per = "month"
list_price = 6.50
list_date = 2024-02-01

[[agreements.suites]]
name = "Security by users"
commitment = "full"
lines = [
  { sku = "E3S-USERS", metric = "user", entitled = 2500, price = 36.00, per = "year" },
  { sku = "E3S-ISE", metric = "endpoint", entitled = 8000, price = 4.50, per = "year" },
  { sku = "E3S-REMOTE", metric = "remote user", entitled = 400, price = 90.00, per = "term" },
]

[[intended_tiers]]
virtual_account = "Clinics*"
pid = "C9300*"
tier = "essentials"

[[exclude]]
virtual_account = "Campus North"
from = 2024-08-01
to = 2024-09-15
why = "ward move: old and new switches ran side by side, then the old ones were returned"

[[planned]]
sku = "E3N-C9300-A"
units = 40
from = 2026-12-01
why = "the outpatient building opens"

[[sources]]
path = "cssm/*"
smart_account = "alder.example"

[rules]
"telemetry.on_prem" = "connected"
"""

FIRST = "2024-02-01"
DAYS = [FIRST, *month_ends(FIRST, "2026-10-31")]
DEVICE_DAYS = ["2024-02-01", "2025-01-31", "2026-01-31", "2026-10-31"]
END = "2027-01-31"
LAST = dt.date(2026, 10, 31)

A48, A24, E = "C9300 48P DNA Advantage", "C9300 24P DNA Advantage", "C9300 DNA Essentials"
N48, N24, NE = "C9300 48P NW Advantage", "C9300 24P NW Advantage", "C9300 Network Essentials"
THREAT, MALWARE, URLS = (f"Secure Firewall 3110 {part}" for part in ("Threat", "Malware", "URL"))
ISE = "ISE Essentials License"
NORTH, SOUTH, CLINICS = "Campus North", "Campus South", "Clinics & Labs"
RESEARCH, CENTRE = "Research Park", "Data Centre"

# Use of both Advantage licences together on each of DAYS: the first day, then every month's end.
POOL_A = [
    *(940, 955, 975, 1000, 1020, 1045, 1070, 1240, 1150, 1155, 1165, 1172),
    *(1180, 1182, 1186, 1190, 1195, 1200, 1206, 1228, 1262, 1245, 1240, 1235),
    *(1230, 1226, 1238, 1222, 1218, 1214, 1211, 1209, 1207, 1205),
]
STEADY_48 = {SOUTH: 240, CLINICS: 95}
STEADY_24 = {SOUTH: 55, CLINICS: 150}
# Campus South swaps switches in 2025; its server did not synchronise from May to July.
SWAPPED: Course = {"": 50, "2025-02-28": 49, "2025-03-31": 48, "2025-04-30": 47}
SWAPPED |= {"2025-08-31": 39, "2025-09-30": 44, "2025-10-31": 50}
ESSENTIALS: dict[str, Course] = {NORTH: 130, SOUTH: SWAPPED, CLINICS: 130}
PLACES = {
    NORTH: "Main campus, north wing",
    SOUTH: "Main campus – south wing",
    CLINICS: "Clinics, Café pavilion",
    RESEARCH: "Research Park",
}
# Retired in the records, silent since September 2024, and consuming to this day.
RETIRED = range(20, 80)
# Four switches of Campus South do not report their add-on licence on the last day.
UNREPORTED = 4


def _grows() -> dict[str, int]:
    """Research Park: 10 switches on the first day, 4 more on every later one."""
    return {day: 10 + 4 * step for step, day in enumerate(DAYS)}


def _rest() -> dict[str, int]:
    """Campus North holds what the other accounts leave of the pool's use."""
    others = sum(STEADY_48.values()) + sum(STEADY_24.values())
    grown = _grows()
    return {day: used - others - grown[day] for day, used in zip(DAYS, POOL_A, strict=True)}


def _counts() -> dict[str, dict[str, int]]:
    """Users and endpoints by metric and day, straight lines between the milestones."""
    knots = {
        "user": (2380, 2560, 2590, 2622),
        "endpoint": (6900, 7400, 7000, 7120),
        "remote user": (350, 430, 430, 441),
    }
    steps, at_knots = np.arange(len(DAYS)), [DAYS.index(day) for day in DEVICE_DAYS]
    lines = {metric: np.interp(steps, at_knots, values) for metric, values in knots.items()}
    return {
        metric: dict(zip(DAYS, np.rint(line).astype(int).tolist(), strict=True))
        for metric, line in lines.items()
    }


def _bought(first: int, later: int = 0) -> tuple[Lot, ...]:
    lots = (Lot(first, FIRST, END), Lot(later, "2025-02-01", END))
    return tuple(lot for lot in lots if lot.quantity)


def rows() -> list[Row]:
    """Every licence of every account: what is owned and what is used."""
    add_on = [
        Row(NORTH, A48, _rest(), _bought(400, 80)),
        Row(SOUTH, A48, STEADY_48[SOUTH], _bought(200, 50)),
        Row(CLINICS, A48, STEADY_48[CLINICS], _bought(100)),
        Row(CLINICS, A24, STEADY_24[CLINICS], _bought(160)),
        Row(SOUTH, A24, STEADY_24[SOUTH], _bought(60)),
        Row(RESEARCH, A24, _grows(), _bought(80, 50)),
        Row(NORTH, E, ESSENTIALS[NORTH], _bought(240)),
        Row(SOUTH, E, ESSENTIALS[SOUTH], _bought(100)),
        Row(CLINICS, E, ESSENTIALS[CLINICS], _bought(60)),
    ]
    return [*add_on, *_network(add_on), *_data_centre()]


def _network(add_on: list[Row]) -> list[Row]:
    """Every switch owns its network licence for good."""
    names = {A48: N48, A24: N24, E: NE}
    owned = {(NORTH, A48): 700, (SOUTH, A48): 260, (CLINICS, A48): 120}
    owned |= {(CLINICS, A24): 160, (SOUTH, A24): 60, (RESEARCH, A24): 160}
    owned |= {(NORTH, E): 140, (SOUTH, E): 60, (CLINICS, E): 140}
    return [
        Row(row.account, names[row.license], row.use, perpetual(owned[row.account, row.license]))
        for row in add_on
    ]


def _data_centre() -> list[Row]:
    return [
        Row(CENTRE, ISE, _counts()["endpoint"], _bought(8000)),
        Row(CENTRE, THREAT, 12, _bought(12)),
        Row(CENTRE, MALWARE, 12, _bought(12)),
        Row(CENTRE, URLS, 8, _bought(12)),
    ]


def groups() -> list[Group]:
    """The instances that explain the use."""
    sizes = (*[1] * 150, *[2, 3] * 60, 2)
    reported: Course = {"": STEADY_48[SOUTH], DEVICE_DAYS[-1]: STEADY_48[SOUTH] - UNREPORTED}
    endpoints = _counts()["endpoint"]
    firewalls: dict[str, Course] = {THREAT: 12, MALWARE: 12, URLS: 8}
    north = _both(N48, A48, _rest())
    return [
        Group(NORTH, "C9300-48P", "sw-n", north, sizes, silent={"2024-09-20": RETIRED}),
        Group(SOUTH, "C9300-48P", "sw-s", {N48: STEADY_48[SOUTH], A48: reported}),
        Group(CLINICS, "C9300-48P", "sw-c", _both(N48, A48, STEADY_48[CLINICS])),
        Group(CLINICS, "C9300-24P", "sw-k", _both(N24, A24, STEADY_24[CLINICS])),
        Group(SOUTH, "C9300-24P", "sw-t", _both(N24, A24, STEADY_24[SOUTH])),
        Group(RESEARCH, "C9300-24P", "sw-r", _both(N24, A24, _grows())),
        Group(NORTH, "C9300-24T", "sw-en", _both(NE, E, ESSENTIALS[NORTH])),
        Group(SOUTH, "C9300-24T", "sw-es", _both(NE, E, ESSENTIALS[SOUTH])),
        Group(CLINICS, "C9300-24T", "sw-ec", _both(NE, E, ESSENTIALS[CLINICS])),
        Group(CENTRE, "FPR3110-NGFW-K9", "fw", firewalls),
        Group(CENTRE, "ISE-VM-K9", "ise", {ISE: endpoints}, (10**6,)),
    ]


def _both(network: str, add_on: str, use: Course) -> dict[str, Course]:
    return {network: use, add_on: use}


def files(seed: int) -> dict[str, bytes]:
    """Every file of the client's folder by its path."""
    owned = rows()
    standing = instances(groups(), days=DEVICE_DAYS, domain="alder.example", seed=seed)
    texts = {"client.toml": CLIENT, "counts/user_counts.csv": _user_counts()}
    for day in DAYS:
        frame = licenses(holdings(owned, day=day))
        (texts[f"cssm/{day}/licenses.json"],) = documents(frame, key="licenses", size=500)
    last = subscription_rows(frame)
    key = "licenseSubscriptions"
    (texts[f"cssm/{day}/subscriptions.json"],) = documents(last, key=key, size=500)
    for (day,), page in standing.group_by(pl.col("day").dt.to_string(), maintain_order=True):
        pages = documents(device_rows(page), key="devices", size=500)
        texts |= {f"cssm/{day}/devices_p{n}.json": text for n, text in enumerate(pages, 1)}
    encoded = {path: text.encode() for path, text in texts.items()}
    encoded |= alder_telemetry.files(standing)
    encoded |= configured.files(standing)
    encoded |= disputed.files()
    encoded["actions.csv"] = actions()
    encoded["commerce/quote_ZZ-2026-1017.csv"] = quote()
    return encoded | {"records/cmdb_ci_ip_switch_2026-10-31.csv": _records(standing)}


def _user_counts() -> str:
    lines = [(day, metric, n) for metric, days in _counts().items() for day, n in days.items()]
    return table(sorted(lines), header=["as_at", "metric", "count"])


def _records(standing: pl.DataFrame) -> bytes:
    """Every switch, the silent ones retired, without the newest twelve of Research Park."""
    silent = standing.filter(pl.col("contacted") < dt.datetime(2024, 10, 1), day=LAST)["serial"]
    unknown = pl.col("name").is_in([f"sw-r-{i:04}" for i in range(130, 142)])
    records = recorded(standing, places=PLACES).filter(~unknown)
    return written(retired(records, serials=silent))
