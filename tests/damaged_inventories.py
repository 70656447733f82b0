"""Invented estates with known truth: instances, records of them, and every kind of damage.

Not a test: loaded with `runpy` by the tests beside it. `estate(seed, size)` gives the tables and
the truth: which record is which instance (by serial), and what must stay without a partner.
"""

from __future__ import annotations

import datetime as dt
import random

import polars as pl

from cssm_lib.schema import TABLES

AS_OF = dt.date(2026, 10, 31)
BEFORE = dt.date(2026, 7, 31)
PIDS = ["C9300-48P", "C9300-24P", "C9200L-24P-4G", "C9500-24Y4C", "ISR4331/K9", "C8300-1N1S-6T"]
SITES = {"Branch A": "Town A", "Branch B": "Town B", "Branch C": "Town C"}
PLACEHOLDERS = ["........", "1111", "X", "N/A", "0000000000", "UNKNOWN", "ZZZZZZZZZZZ", "123456789"]
PLACEHOLDERS += ["To be filled", "-", "99999999999", "NONE0", "1.23E+11"]
SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no O and no 0 unless a case is about them


class Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.devices, self.licenses, self.records, self.members = [], [], [], []
        self.truth: dict[str, set[str]] = {}  # record's place → serials that it may be paired with
        self.kinds: dict[str, str] = {}
        self.used: set[str] = set()

    def serial(self, start: str = "ZZQ") -> str:
        while True:
            week = f"{self.random.randint(17, 25)}{self.random.randint(1, 52):02}"
            text = start + week + "".join(self.random.choices(SIGNS, k=4))
            if text not in self.used:
                self.used.add(text)
                return text

    def device(self, name, pid, serial, account, units=1, days=(BEFORE, AS_OF), **more):
        first = more.pop("registered", dt.date(2024, 1, 15))
        for day in days:
            contact = more.get("contact") or day - dt.timedelta(days=self.random.randint(0, 25))
            place = f"/devices/{len(self.devices)}"
            row = {
                "snapshot_date": day,
                "smart_account": "oak.example",
                "virtual_account": account,
                "udi_pid": pid,
                "serial": serial,
                "uuid": more.get("uuid"),
                "hostname": name,
                "registration_date": stamp(first),
                "last_contact": stamp(contact),
                "status": more.get("status", "In Compliance"),
                "complete": True,
                "wide": True,
                "source": f"{day}.json",
                "place": place,
            }
            self.devices.append(row)
            used = {k: row[k] for k in ("snapshot_date", "smart_account", "virtual_account")}
            used |= {"source": row["source"], "place": f"{place}/licenseUsage/0"}
            used |= {"license": "C9300 48P DNA Advantage", "quantity": units}
            self.licenses.append(used)

    def record(self, kind, name, serial, pid, site, *, of=(), status="Installed", **more):
        place = f"row {len(self.records) + 2}"
        self.records.append(
            {
                "name": name,
                "serial": serial,
                "pid": pid,
                "site": site,
                "status": status,
                "last_seen": stamp(more.get("seen")) if more.get("seen") else None,
                "source": more.get("source", "cmdb.csv"),
                "place": place,
            }
        )
        self.truth[place] = set(of)
        self.kinds[place] = kind

    def tables(self) -> dict[str, pl.DataFrame]:
        rows = {"devices": self.devices, "device_licenses": self.licenses}
        shuffled = self.records.copy()
        self.random.shuffle(shuffled)
        rows |= {"assets": shuffled, "capture_members": self.members}
        rows["catalyst_center_devices"] = []
        return {
            name: TABLES[name].shaped(pl.DataFrame(one, infer_schema_length=None))
            if one
            else TABLES[name].empty()
            for name, one in rows.items()
        }


def stamp(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)


def estate(seed: int, size: int = 2000) -> Maker:
    maker = Maker(seed)
    kinds = list(KINDS)
    weights = [60 if kind == "clean" else 4 for kind in kinds]
    for number in range(size):
        kind = maker.random.choices(kinds, weights)[0]
        account = maker.random.choice(list(SITES))
        name = f"{account[-1].lower()}-sw{number:05}"
        pid = maker.random.choice(PIDS)
        KINDS[kind](maker, kind, name, pid, account)
    return maker


def simple(spoil):
    """A device and its record, of which `spoil` changes what it likes."""

    def make(maker, kind, name, pid, account):
        serial = maker.serial()
        fqdn = f"{name}.oak.example"
        maker.device(fqdn, pid, serial, account)
        said = {"name": name, "serial": serial, "pid": pid, "site": SITES[account]}
        said |= spoil(maker, dict(said))
        maker.record(kind, said["name"], said["serial"], said["pid"], said["site"], of=[serial])

    return make


def misread(maker, kind, name, pid, account):
    """O for 0 in the four signs where either may stand: a hint that a name has to confirm."""
    serial = maker.serial()[:7] + "A0" + "".join(maker.random.choices(SIGNS, k=2))
    maker.device(name, pid, serial, account)
    maker.record(kind, name, serial.replace("A0", "AO"), pid, SITES[account], of=[serial])


def misread_by_form(maker, kind, name, pid, account):
    serial = "ZOQ" + maker.serial()[3:]
    maker.device(name, pid, serial, account)
    bad = serial.replace("O", "0", 1)
    maker.record(kind, f"asset-{name}", bad, pid, SITES[account], of=[serial])


def lone_record(maker, kind, name, pid, account):
    maker.record(kind, name, maker.serial(), pid, SITES[account])


def lone_device(maker, kind, name, pid, account):
    maker.device(name, pid, maker.serial(), account)


def name_reused(maker, kind, name, pid, account):
    """The name of a device that went long ago: another serial, no turn of one into the other."""
    maker.device(name, pid, maker.serial(), account, registered=dt.date(2026, 5, 1))
    maker.record(kind, name, maker.serial(), pid, SITES[account], seen=dt.date(2023, 1, 1))


def both_run(maker, kind, name, pid, account):
    """Two devices of one name that both run; the record is of the second."""
    first, second = maker.serial(), maker.serial()
    maker.device(name, pid, first, account)
    maker.device(name, pid, second, account)
    maker.record(kind, name, second, pid, SITES[account], of=[second])


def two_nameless_twins(maker, kind, name, pid, account):
    """Two devices and two records of one name without serials: nobody can tell."""
    for _ in range(2):
        maker.device(name, pid, maker.serial(), account)
        maker.record(kind, name, None, pid, SITES[account])


def two_classes(maker, kind, name, pid, account):
    serial = maker.serial()
    maker.device(name, pid, serial, account)
    for _ in range(2):
        maker.record(kind, name, serial, pid, SITES[account], of=[serial])


def two_sources(maker, kind, name, pid, account):
    serial = maker.serial()
    maker.device(name, pid, serial, account)
    maker.record(kind, name, serial, pid, SITES[account], of=[serial])
    maker.record(kind, name, serial, pid, SITES[account], of=[serial], source="netbox.csv")


def parts(maker, kind, name, pid, account):
    """Optics and fan trays that carry the serial of their chassis."""
    serial = maker.serial()
    maker.device(name, pid, serial, account)
    maker.record(kind, name, serial, pid, SITES[account], of=[serial])
    maker.record(kind, f"{name} Te1/1/1", serial, "SFP-10G-SR", SITES[account])
    maker.record(kind, f"{name} fan 1", serial, "C9K-FAN-TRAY", SITES[account])
    maker.record(kind, f"{name} psu", serial, None, SITES[account])


def issued_anew(maker, kind, name, pid, account):
    """A virtual serial that a second machine got: only the name tells whose record it is."""
    serial = "9ZQ" + maker.serial()[3:]
    maker.device(name, "C8000V", serial, account)
    maker.device(f"{name}x", "C8000V", serial, account)
    maker.record(kind, name, serial, "C8000V", SITES[account], of=[serial])
    other = "9ZQ" + maker.serial()[3:]
    maker.device(f"{name}y", "C8000V", other, account)
    maker.record(kind, f"{name}-gone", other, "C8000V", SITES[account])


def two_products(maker, kind, name, pid, account):
    """Another maker's device with the same serial: the product decides."""
    serial = maker.serial()
    maker.device(name, "C9300-48P", serial, account)
    maker.record(kind, f"ups-{name}", serial, "SMT1500", SITES[account])
    maker.record(kind, name, serial, "C9300-48P", SITES[account], of=[serial])


def stack(maker, kind, name, pid, account):
    """Three members, one instance of three units; the master changed since the record was made."""
    serials = [maker.serial() for _ in range(3)]
    maker.device(f"{name}.oak.example", "C9300-48P", serials[1], account, units=3)
    for number, serial in enumerate(serials, 1):
        maker.record(kind, f"{name}-{number}", serial, "C9300-48P", SITES[account], of=[serials[1]])


def captured_stack(maker, kind, name, pid, account):
    """The record holds the old master only; a capture lists the members."""
    serials = [maker.serial() for _ in range(2)]
    maker.device(f"{name}.oak.example", "C9300-48P", serials[1], account, units=2)
    maker.record(kind, name, serials[0], "C9300-48P", SITES[account], of=[serials[1]])
    for serial, role in zip(serials, ("Member", "Active"), strict=True):
        maker.members.append(
            {
                "snapshot_date": AS_OF,
                "hostname": name,
                "serial": serials[1],
                "member_serial": serial,
                "member_pid": "C9300-48P",
                "role": role,
                "source": "captures.log",
                "place": f"line {len(maker.members)}",
            }
        )


def pair_with_one_lost(maker, kind, name, pid, account):
    """Two numbered switches, one of them not in the account: no stack, whatever the names say."""
    serial = maker.serial()
    maker.device(f"{name}-1", "C9300-48P", serial, account, units=1)
    maker.record(kind, f"{name}-1", serial, "C9300-48P", SITES[account], of=[serial])
    maker.record(kind, f"{name}-2", maker.serial(), "C9300-48P", SITES[account])


def replaced(maker, kind, name, pid, account):
    """An RMA: the old unit left the account when the new one came; the record is behind."""
    old, new = maker.serial(), maker.serial()
    ended = dt.date(2026, 7, 20)
    maker.device(name, pid, old, account, days=(BEFORE,), contact=ended)
    registered = ended + dt.timedelta(days=maker.random.randint(1, 30))
    maker.device(name, pid, new, account, days=(AS_OF,), registered=registered)
    maker.record(kind, name, old, pid, SITES[account], of=[new])


def replaced_twice(maker, kind, name, pid, account):
    """A chain of three serials, the middle one known to the record; the first still counts."""
    first, second, third = (maker.serial() for _ in range(3))
    maker.device(name, pid, first, account, contact=dt.date(2026, 5, 1))
    second_day, third_day = dt.date(2026, 5, 10), dt.date(2026, 7, 28)
    maker.device(
        name, pid, second, account, days=(BEFORE,), registered=second_day,
        contact=dt.date(2026, 7, 22),
    )  # fmt: skip
    maker.device(name, pid, third, account, days=(AS_OF,), registered=third_day)
    maker.record(kind, name, second, pid, SITES[account], of=[third])


def device_without_serial(maker, kind, name, pid, account):
    maker.device(name, pid, maker.random.choice([None, *PLACEHOLDERS]), account)
    last = maker.devices[-1]["serial"]
    maker.record(kind, name, maker.serial(), pid, SITES[account], of=[last])


def two_accounts(maker, kind, name, pid, account):
    """One device in two Virtual Accounts."""
    serial = maker.serial()
    for one in list(SITES)[:2]:
        maker.device(name, pid, serial, one)
    maker.record(kind, name, serial, pid, SITES[account], of=[serial])


def other_domain(maker, kind, name, pid, account):
    """One short name in two domains, without a serial to tell."""
    maker.device(f"{name}.lab.example", pid, maker.serial(), account)
    maker.record(kind, f"{name}.plant.example", None, pid, SITES[account])


def one_name_on_two_sites(maker, kind, name, pid, account):
    """The site tells two devices of one name apart."""
    for one in ("Branch A", "Branch B"):
        serial = maker.serial()
        maker.device(name, pid, serial, one)
        maker.record(kind, name, None, pid, SITES[one], of=[serial])


def second_record_without_serial(maker, kind, name, pid, account):
    serial = maker.serial()
    maker.device(name, pid, serial, account)
    maker.record(kind, name, serial, pid, SITES[account], of=[serial])
    maker.record(kind, name, None, pid, SITES[account])


PAD = ["  {} ", "SN:{}", "000{}", "S{}", "S/N {}", '="{}"', "\u200b{}\u00a0", "{}\t"]
BUNDLE = {"C9300-48P": "C9300-48P-A", "C9300-24P": "C9300-24P-E", "ISR4331/K9": "ISR4331-SEC/K9"}
BUNDLE |= {"C9500-24Y4C": "C9500-24Y4C=", "C9200L-24P-4G": "C9200L-24P-4G-E"}
WRONG = {"C9300-48P": "C9300-24T", "C9500-24Y4C": "C9500-48Y4C"}
KINDS = {
    "clean": simple(lambda m, s: {}),
    "padded": simple(lambda m, s: {"serial": m.random.choice(PAD).format(s["serial"])}),
    "lower": simple(lambda m, s: {"serial": s["serial"].lower(), "name": s["name"].upper()}),
    "udi": simple(lambda m, s: {"serial": f"PID:{s['pid']},SN:{s['serial']}", "pid": None}),
    "short udi": simple(lambda m, s: {"serial": f"{s['pid']}:{s['serial']}"}),
    "wrong model": simple(lambda m, s: {"pid": WRONG.get(s["pid"], s["pid"])}),
    "bundle": simple(lambda m, s: {"pid": BUNDLE.get(s["pid"], s["pid"])}),
    "family only": simple(lambda m, s: {"pid": "Cisco Catalyst 9300 Series"}),
    "other name": simple(lambda m, s: {"name": f"asset-{m.random.random():.9f}"}),
    "no model": simple(lambda m, s: {"pid": None}),
    "no serial": simple(lambda m, s: {"serial": None}),
    "placeholder": simple(lambda m, s: {"serial": m.random.choice(PLACEHOLDERS)}),
    "placeholder alone": simple(
        lambda m, s: {"serial": m.random.choice(PLACEHOLDERS), "name": f"gone-{m.serial()}"}
    ),
    "misread": misread,
    "misread by form": misread_by_form,
    "lone record": lone_record,
    "lone device": lone_device,
    "name reused": name_reused,
    "both run": both_run,
    "twins": two_nameless_twins,
    "two classes": two_classes,
    "two sources": two_sources,
    "parts": parts,
    "issued anew": issued_anew,
    "two products": two_products,
    "stack": stack,
    "captured stack": captured_stack,
    "pair": pair_with_one_lost,
    "device without serial": device_without_serial,
    "two accounts": two_accounts,
    "other domain": other_domain,
    "two sites": one_name_on_two_sites,
    "second record": second_record_without_serial,
    "replaced": replaced,
    "replaced twice": replaced_twice,
}
EXACT = {"clean", "padded", "lower", "udi", "short udi", "bundle", "family only", "other name"}
EXACT |= {"no model", "misread by form", "both run", "two classes", "two sources", "two products"}
EXACT |= {"stack", "captured stack", "pair", "two accounts", "wrong model"}
