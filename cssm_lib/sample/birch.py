"""Birch Logistics & Söhne: messy; every fault of the real exports once, no agreement, no prices."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.sample import birch_telemetry, turns
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
from cssm_lib.sample.records import recorded, written
from cssm_lib.sample.shapes import device_rows, documents, screen, subscription_rows

CLIENT = """\
# Invented by `cssm sample`: no such client exists.
client = "Birch Logistics & Söhne"
currency = "EUR"
as_of = 2026-10-31

[[smart_accounts]]
name = "birch.example"
held_by = "customer"

[[smart_accounts]]
name = "birch-reseller.example"
held_by = "reseller"

[[intended_tiers]]
virtual_account = "Hub Hamburg"
pid = "C9300-48T"
tier = "advantage"

[[exclude]]
virtual_account = "Event 2026"
from = 2026-05-01
to = 2026-09-30
why = "summer event, returned"

[[sources]]
path = "cssm/*"
smart_account = "birch.example"

[[sources]]
path = "reseller/*"
smart_account = "birch-reseller.example"

[[sources]]
path = "on_prem/*"
smart_account = "birch.example"

[rules]
"meraki.list_prices" = [{ model = "MR46", price = 150.00 }, { model = "MS120-24P", price = 75.00 }]
"""

DAYS = month_ends("2024-09-30", "2026-10-31")
RESELLER_DAYS = month_ends("2025-09-30", "2026-09-30")
DEVICE_DAYS = ["2025-06-30", "2026-04-30", "2026-09-30", "2026-10-31"]
PAGE = 20
# Months with a fault of form.
LIST_OF_PAGES, SCREEN, SPACED_NAME = "2025-01-31", "2025-03-31", "2025-12-31"
USE_HOLDS_RESERVED, PAGE_MISSING, PAGE_TWICE = "2026-02-28", "2026-03-31", "2026-10-31"

BERLIN, DEFAULT, EVENT = "Berlin & Brandenburg", "DEFAULT", "Event 2026"
ANTWERP, HAMBURG, ROUTERS = "Hub Antwerp", "Hub Hamburg", "Routers"
VOICE, WIRELESS, YARD = "Voice", "Wireless", "Yard (South)"

A48, E48 = "C9300 48P DNA Advantage", "C9300 48P DNA Essentials"
NA48, NE48 = "C9300 48P NW Advantage", "C9300 48P NW Essentials"
A24, NA24 = "C9300 24P DNA Advantage", "C9300 24P NW Advantage"
E24, NE24 = "C9300 24P DNA Essentials", "C9300 24P NW Essentials"
L24 = "C9200L DNA Essentials, 24-port Term license"
NL24 = "C9200L Network Essentials, 24-port license"
A94, N94 = "C9400 DNA Advantage", "C9400 NW Advantage"
A95, N95 = "C9500 DNA Advantage", "C9500 NW Advantage"
T1, T2 = "Routing DNA Essentials: Tier 1", "Routing DNA Advantage: Tier 2"
HSEC = "Router US Export Lic. for DNA"
CUWL, PLUS = "UC Manager CUWL License", "UC Manager Enhanced Plus License"
ISE_E, ISE_A, ISE_P = (f"ISE {tier} License" for tier in ("Essentials", "Advantage", "Premier"))
PRIME = "Prime Infrastructure Lifecycle License"
AIR = [f"AIR {part} {tier}" for tier in ("Advantage", "Essentials") for part in ("DNA", "Network")]

UCM_UUID = "00000000-0000-4000-8000-00000000b1c4"
# The core switches of the yard fell silent; they stand in every export, from June on without use.
OVERDUE = {"2026-05-28": range(24)}
PLACES = {
    BERLIN: "Großbeeren – Halle 2",
    ANTWERP: "Antwerpen, Kaai 7",
    HAMBURG: "Hamburg, Süderelbe",
    ROUTERS: "Leitstelle Köln",
    WIRELESS: "Großbeeren – Halle 1",
    YARD: "Liège, quai sud",
}

# Courses of use: the first day of each new number.
ADVANTAGE: dict[str, Course] = {
    HAMBURG: {"": 35, "2025-06-30": 38, "2025-12-31": 42, "2026-05-31": 45},
    ANTWERP: {"": 17, "2025-06-30": 20, "2026-01-31": 23, "2026-06-30": 25},
}
ESSENTIALS = {HAMBURG: 6, ANTWERP: 4}
SMALL: dict[str, Course] = {
    BERLIN: {"": 44, "2025-08-31": 48, "2026-08-31": 62},
    YARD: {"": 25, "2026-01-31": 34, "2026-02-28": 25},
}
EVENT_USE = {"": 0, "2026-05-31": 60, "2026-06-30": 95, "2026-07-31": 110}
EVENT_USE |= {"2026-08-31": 118, "2026-09-30": 70, "2026-10-31": 0}
FLIP = "2026-07-31"
BEFORE_FLIP, AFTER_FLIP = {"": 480, FLIP: 0}, {"": 0, FLIP: 480}
CORE = {"": 24, "2026-06-30": 0}
LIFECYCLE = {"": 20, "2025-08-31": 0}
ENDPOINTS = {"": 430, "2025-03-31": 470, "2025-09-30": 510, "2025-11-30": 520, "2025-12-31": 480}
ENDPOINTS |= {"2026-01-31": 500, "2026-02-28": 530, "2026-03-31": 550, "2026-04-30": 575}
ENDPOINTS |= {"2026-05-31": 600, "2026-06-30": 590, "2026-07-31": 540, "2026-08-31": 535}
ENDPOINTS |= {"2026-09-30": 555, "2026-10-31": 560}


def _term(quantity: int) -> tuple[Lot, ...]:
    """One lot of three years from the month of the first snapshot."""
    return (Lot(quantity, "2024-09-01", "2027-08-31"),)


def rows() -> list[Row]:
    """Every licence of every account of the main Smart Account."""
    return [*_switches(), *_lots_of_every_kind(), *_routers(), *_voice(), *_wireless()]


def _switches() -> list[Row]:
    young = (Lot(120, "2026-04-15", "2027-04-14"),)
    overlapping = (Lot(30, "2024-09-01", "2026-12-31"), Lot(20, "2025-06-01", "2027-05-31"))
    return [
        Row(HAMBURG, A48, ADVANTAGE[HAMBURG], _term(40)),
        Row(ANTWERP, A48, ADVANTAGE[ANTWERP], _term(20)),
        Row(HAMBURG, E48, ESSENTIALS[HAMBURG], _term(30)),
        Row(ANTWERP, E48, ESSENTIALS[ANTWERP], _term(10)),
        Row(HAMBURG, NA48, ADVANTAGE[HAMBURG], perpetual(50)),
        Row(ANTWERP, NA48, ADVANTAGE[ANTWERP], perpetual(30)),
        Row(HAMBURG, NE48, ESSENTIALS[HAMBURG], perpetual(30)),
        Row(ANTWERP, NE48, ESSENTIALS[ANTWERP], perpetual(10)),
        Row(EVENT, A24, EVENT_USE, young, since="2026-04-30"),
        Row(EVENT, NA24, EVENT_USE, perpetual(120), since="2026-04-30"),
        Row(BERLIN, E24, 20, _term(20)),
        Row(BERLIN, NE24, 20, perpetual(20)),
        Row(DEFAULT, E24, 0, _term(30)),
        Row(BERLIN, L24, SMALL[BERLIN], overlapping),
        Row(BERLIN, NL24, SMALL[BERLIN], perpetual(70)),
        Row(YARD, L24, SMALL[YARD], _term(40)),
        Row(YARD, NL24, SMALL[YARD], perpetual(40)),
        Row(YARD, A94, CORE, _term(24)),
        Row(YARD, N94, CORE, perpetual(24)),
        Row(BERLIN, A95, 11, _term(8)),
        Row(BERLIN, N95, 11, perpetual(12)),
        Row(DEFAULT, "C9200 DNA Advantage, 24-port Term licenses", 7),
        Row(ANTWERP, PRIME, LIFECYCLE, _term(150)),
    ]


def _lots_of_every_kind() -> list[Row]:
    co_termed = (Lot(600, "2024-09-01", "2027-08-31"), Lot(400, "2025-03-01", "2027-08-31"))
    renewed = Lot(300, "2027-01-01", "2028-12-31", seen="2026-08-31")
    later = Lot(50, "2027-01-01", "2029-12-31", seen="2026-06-30", counted=False)
    ended = Lot(200, "2023-10-01", "2026-09-30", stays=True)
    trial = Lot(50, "2026-09-15", "2026-12-14", kind="DEMO")
    returned = Lot(60, "2024-08-01", "2027-07-31", status="CANCELLED", counted=False)
    three_years = ("2024-08-01", "2027-07-31")
    traffic = {"": 150, "2025-08-31": 165, "2026-05-31": 180}
    pieces = (Lot(25, *three_years), Lot(10, *three_years))
    return [
        Row(BERLIN, ISE_E, ENDPOINTS, co_termed),
        Row(BERLIN, ISE_A, 280, (Lot(300, "2024-07-01", "2026-12-31"), renewed)),
        Row(BERLIN, ISE_P, 140, (Lot(150, "2024-07-01", "2027-06-30"), later)),
        Row(
            BERLIN,
            "AnyConnect Plus License",
            traffic,
            (ended, Lot(100, "2024-10-01", "2027-09-30")),
        ),
        Row(
            BERLIN,
            "Secure Network Analytics Flow License",
            {"": 18, "2026-09-30": 30},
            (Lot(20, *three_years), trial),
        ),
        Row(BERLIN, "Umbrella DNS Advantage License", 90, (Lot(100, *three_years), returned)),
        Row(BERLIN, "Firepower Threat Defense Threat Protection", 36, pieces, unlisted=5),
        Row(DEFAULT, "ISRV SEC 1G", 0),
    ]


def _routers() -> list[Row]:
    to_the_second = Lot(20, "2023-11-01T01:07:36Z", "2026-10-31T01:07:36Z")
    as_used = ("2024-08-18T01:07:36Z", "2027-08-17T01:07:36Z", "STANDARD")
    return [
        Row(ROUTERS, T1, 28, _term(30)),
        Row(ROUTERS, T2, 15, _term(20), reserved=3),
        Row(ROUTERS, HSEC, 6, perpetual(12), reserved=4),
        Row(ROUTERS, "ISRV IPBase 100M \t", 9, perpetual(10)),
        Row(BERLIN, "ISRV IPBase 100M", 12, perpetual(15)),
        Row(ROUTERS, "ISRV AX 1G", 20, (to_the_second,)),
        Row(ROUTERS, "ISRV AX 1G", 4, (Lot(4, *as_used),), billing="USAGE"),
        Row(ROUTERS, "CSR 1KV APPX 100M", 8, (Lot(5, *as_used),), billing="USAGE"),
    ]


def _voice() -> list[Row]:
    return [
        Row(VOICE, CUWL, 10, _term(100)),
        Row(VOICE, PLUS, 50, lender=CUWL),
        Row(VOICE, "UC Manager Basic License  (12.x)", 25, _term(40)),
        Row(VOICE, "UC Manager Basic License (12.x) ", 5, _term(10)),
        Row(VOICE, "UC Manager Basic License (12.X)", 0, _term(5)),
    ]


def _wireless() -> list[Row]:
    air_a, net_a, air_e, net_e = AIR
    return [
        Row(WIRELESS, air_a, BEFORE_FLIP, _term(500)),
        Row(WIRELESS, net_a, BEFORE_FLIP, perpetual(500)),
        Row(WIRELESS, air_e, AFTER_FLIP, since=FLIP),
        Row(WIRELESS, net_e, AFTER_FLIP, since=FLIP),
    ]


def reseller_rows() -> list[Row]:
    """The reseller's Smart Account: the same and nearly the same names."""
    lots = (Lot(30, "2025-09-01", "2028-08-31"),)
    return [
        Row("Hub Hamburg", A48, 5, (Lot(25, "2025-09-01", "2028-08-31"),)),
        Row("Hub Hamburg", T2, 5, lots, reserved=12),
        Row("HUB Antwerp", T2, 20),
        Row("Hub Hamburg", "ISRV AX 2.5G", 4, perpetual(4)),
        Row("HUB Antwerp", "ISRV AX 2500M", 2, perpetual(6)),
        Row("Old depot", "ISRV SEC 250M", 0, perpetual(6)),
    ]


def groups() -> list[Group]:
    """The instances that explain the use, four of Berlin's small switches short."""
    reported = {"": 40, "2026-04-30": 44, "2026-09-30": 58}
    joined = dict(zip(AIR, [BEFORE_FLIP] * 2 + [AFTER_FLIP] * 2, strict=True))
    return [
        Group(HAMBURG, "C9300-48P", "hh-sw", {NA48: ADVANTAGE[HAMBURG], A48: ADVANTAGE[HAMBURG]}),
        Group(HAMBURG, "C9300-48T", "hh-es", {NE48: 6, E48: 6}),
        Group(ANTWERP, "C9300-48P", "an-sw", {NA48: ADVANTAGE[ANTWERP], A48: ADVANTAGE[ANTWERP]}),
        Group(ANTWERP, "C9300-48T", "an-es", {NE48: 4, E48: 4}),
        Group(ANTWERP, "PI-VAPL", "an-pi", {PRIME: LIFECYCLE}, (10**6,), count=1),
        Group(BERLIN, "C9300-24T", "bb-sw", {NE24: 20, E24: 20}),
        Group(BERLIN, "C9200L-24T-4G", "bb-ac", {NL24: reported, L24: reported}),
        Group(BERLIN, "C9500-24Y4C", "bb-co", {N95: 11, A95: 11}),
        Group(BERLIN, "ISE-VM-K9", "bb-ise", {ISE_E: ENDPOINTS, ISE_A: 280, ISE_P: 140}, (10**6,)),
        Group(BERLIN, "ISRV", "bb-vr", {"ISRV IPBase 100M": 12}),
        Group(EVENT, "C9300-24T", "ev-sw", {NA24: EVENT_USE, A24: EVENT_USE}),
        Group(YARD, "C9200L-24T-4G", "ya-sw", {NL24: 25, L24: 25}),
        Group(YARD, "C9404R", "ya-co", {N94: CORE, A94: CORE}, count=24, silent=OVERDUE),
        *_router_groups(),
        Group(VOICE, "UCM", "ucm-pub", {CUWL: 10, PLUS: 50}, (10**6,), uuid=UCM_UUID),
        Group(WIRELESS, "C9800-40-K9", "wlc", joined, (10**6,)),
    ]


def _router_groups() -> list[Group]:
    return [
        Group(ROUTERS, "C8300-1N1S-6T", "ro-hq", {T2: 15, HSEC: 6}),
        Group(ROUTERS, "C8200-1N-4T", "ro-br", {T1: 28}),
        Group(ROUTERS, "ISRV", "ro-vr", {"ISRV IPBase 100M": 9}),
        Group(ROUTERS, "ISR4331/K9", "ro-ax", {"ISRV AX 1G": 24}),
        Group(ROUTERS, "CSR1000V", "ro-cs", {"CSR 1KV APPX 100M": 8}),
    ]


def files(seed: int) -> dict[str, bytes]:
    """Every file of the client's folder by its path."""
    owned, found = rows(), {"client.toml": CLIENT.encode()}
    for day in DAYS:
        found |= _main_month(owned, day)
    for day in RESELLER_DAYS:
        frame = licenses(holdings(reseller_rows(), day=day, nets_reserved=False))
        (text,) = documents(frame, key="licenses", size=PAGE)
        found[f"reseller/{day}/licenses.json"] = text.encode()
    owned_ever = instances(groups(), days=DEVICE_DAYS, domain="birch.example", seed=seed)
    standing = turns.turned(owned_ever)
    found |= birch_telemetry.files(standing)
    return found | _devices(_reserved_as_well(standing)) | _last_day(owned, owned_ever)


def _main_month(owned: list[Row], day: str) -> dict[str, bytes]:
    """The licence files of one month end in the main Smart Account, with that month's fault."""
    held = holdings(owned, day=day)
    if day == SCREEN:
        return {f"cssm/{day}/licenses.csv": screen(held)}
    if day == USE_HOLDS_RESERVED:
        held = [row | {"inUse": row["inUse"] + row["reserved"]} for row in held]
    if day == SPACED_NAME:
        held = [row | {"virtualAccount": _spaced(row["virtualAccount"])} for row in held]
    pages = documents(licenses(held), key="licenses", size=PAGE)
    if day == LIST_OF_PAGES:
        return {f"cssm/{day}/licenses.json": f"[{','.join(pages)}]".encode()}
    named = {f"licenses_p{number}.json": text for number, text in enumerate(pages, 1)}
    if day == PAGE_MISSING:
        named.popitem()
    if day == PAGE_TWICE:
        named["licenses_p2 (1).json"] = named["licenses_p2.json"]
    return {f"cssm/{day}/{name}": text.encode() for name, text in named.items()}


def _spaced(account: str) -> str:
    """The same account as somebody typed it."""
    return {HAMBURG: "Hub Hamburg ", ANTWERP: "Hub  Antwerp"}.get(account, account)


def _reserved_as_well(standing: pl.DataFrame) -> pl.DataFrame:
    """The first router stands twice on the last two days: as reporting and as reserved."""
    first = standing.filter(pl.col("pid") == "C8300-1N1S-6T").head(1)["serial"].item()
    late = pl.col("day") >= dt.date(2026, 9, 30)
    twin = standing.filter(pl.col("serial") == first, late)
    return pl.concat([standing, twin.with_columns(status=pl.lit("Reserved"))])


def _devices(standing: pl.DataFrame) -> dict[str, bytes]:
    found = {}
    for (day,), page in standing.group_by(pl.col("day").dt.to_string(), maintain_order=True):
        pages = documents(device_rows(page), key="devices", size=100)
        found |= {f"cssm/{day}/devices_p{n}.json": text.encode() for n, text in enumerate(pages, 1)}
    return found


def _last_day(owned: list[Row], standing: pl.DataFrame) -> dict[str, bytes]:
    """What was exported once: the subscriptions and the customer's own records."""
    subscribed = subscription_rows(licenses(holdings(owned, day=DAYS[-1])))
    (text,) = documents(subscribed, key="licenseSubscriptions", size=500)
    kept = recorded(standing, places=PLACES).filter(pl.int_range(pl.len()) % 9 != 4)
    kept = turns.as_recorded(kept)
    return {
        f"cssm/{DAYS[-1]}/subscriptions.json": text.encode(),
        "records/cmdb_ci_netgear.csv": written(kept),
    }
