"""A small client whose every text carries its own marker and tries to be run, fetched or rendered.

Not a test: loaded with `runpy` by the tests beside it. Whatever runs leaves `window.evil` behind,
draws a picture or asks for `evil.invalid`; whatever is read outside the folder holds `OUTSIDE`.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

HOST = "evil.invalid"
OUTSIDE = "read-outside-the-client"
EVIL = [
    "<script>window.evil=1</script>",
    "<img src=x onerror=window.evil=1>",
    "\"><svg onload='window.evil=1'>",
    "</script></style></textarea><script>window.evil=1</script>",
    f'<a href="javascript:window.evil=1">x</a><iframe src="https://{HOST}/f"></iframe>',
    "[click](javascript:window.evil=1)",
    f"![picture](https://{HOST}/p.png)",
    "{{7*7}}{% for x in [].__class__.__mro__ %}{{x}}{% endfor %}",
    "${7*7}#{7*7}<%= 7*7 %>{0.__class__}%s%n",
    '{"signal": "window.evil=1"}',
    "datum.x' || (window.evil=1) || '",
    r"$\href{javascript:window.evil=1}{x}$ \(\unicode{x41}\)",
    f"url(https://{HOST}/c.css) @import 'https://{HOST}/i.css';",
    "../../../../etc/passwd",
    "__import__('os').system('touch evil')",
]
FORMULAS = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.invalid/","x")',
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
]
PRODUCT = "C9300 48P DNA Advantage"
DAYS = ("2026-01-31", "2026-09-30", "2026-10-31")


class Texts:
    """Hostile texts one after the other, each with the marker in front, or behind a formula."""

    def __init__(self, mark: str) -> None:
        self.mark, self.number = mark, 0

    def __call__(self, what: str = "") -> str:
        self.number += 1
        evil = EVIL[self.number % len(EVIL)]
        return f"{self.mark}-{what}{self.number} {evil}"

    def formula(self) -> str:
        self.number += 1
        return f"{FORMULAS[self.number % len(FORMULAS)]} {self.mark}-{self.number}"


def write_client(folder: Path, mark: str, *, outside: Path | None = None) -> Path:
    """The client's folder; `outside` is a folder beside it that links and archives point to."""
    text = Texts(mark)
    accounts = [f"{mark}-{name} {EVIL[number]}" for number, name in enumerate("ABC")]
    accounts.append(f"=1+1 {mark}-D")
    licenses = [PRODUCT, f"{mark} L1 {EVIL[1]}", f"=2+5 {mark} L2", f"{mark} L3 {EVIL[7]}"]
    files: dict[str, str | bytes] = {"client.toml": _settings(mark, licenses)}
    for number, day in enumerate(DAYS):
        files[f"{mark}-cssm/{day}/licenses.json"] = _licenses(accounts, licenses, text, number)
        files[f"{mark}-cssm/{day}/devices.json"] = _devices(accounts, licenses, text)
    files |= _reports(accounts, licenses, text) | _device_texts(accounts, text)
    files["actions.csv"] = _csv(
        ["id", "action", "owner", "effort", "status", "due", "note", text("own column")],
        [["", text("act"), text("owner"), text(), "open", "2026-10-01", text.formula(), text()]],
    )
    files |= _traps(mark)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if outside:
        _way_out(folder, outside)
    return folder


def _settings(mark: str, licenses: list[str]) -> str:
    said = json.dumps  # a JSON text is a TOML text
    name = f"{mark} & Sons <script>window.evil=1</script> {{{{7*7}}}} ../.."
    agreement = f"{mark} EA <img src=x onerror=window.evil=1>"
    sku, entry = f"{mark}-SKU {EVIL[1]}", "entitled = 9, price = 9.5"
    return f"""client = {said(name)}
currency = "EUR"
as_of = 2026-10-31
[[smart_accounts]]
name = {said(f"{mark}.example <b>")}
[[agreements]]
name = {said(agreement)}
programme = {said(f"{mark} {EVIL[0]}")}
start = 2024-02-01
end = 2027-01-31
[[agreements.suites]]
name = {said(f"{mark} {EVIL[3]}")}
lines = [
  {{ sku = {said(sku)}, licenses = [{said(PRODUCT)}], {entry} }},
  {{ sku = {said(f"=1+1 {mark}")}, licenses = [{said(licenses[1])}], {entry} }},
  {{ sku = {said(f"{mark}-U {EVIL[9]}")}, metric = {said(f"{mark} users")}, {entry} }},
]
[[intended_tiers]]
tier = "essentials"
virtual_account = {said(f"{mark}-A*")}
[[exclude]]
from = 2026-01-01
to = 2026-03-01
why = {said(f"{mark} {EVIL[5]}")}
[[planned]]
sku = {said(f"{mark}-SKU {EVIL[1]}")}
units = 4
from = 2026-12-01
why = {said(f"{mark} {EVIL[6]}")}
"""


def _licenses(accounts: list[str], licenses: list[str], text: Texts, month: int) -> str:
    rows = [
        {
            "license": license_,
            "virtualAccount": account,
            "quantity": 10 + 3 * a,
            "inUse": 12 + month + 2 * n - 4 * a,
            "available": 10 + 3 * a - (12 + month + 2 * n - 4 * a),
            "reserved": 0,
            "billingType": "PREPAID",
            "status": "In Compliance",
            "licenseDetails": [
                {
                    **{"licenseType": "TERM", "quantity": 10 + 3 * a, "status": "ACTIVE"},
                    **{"startDate": "2024-02-01", "endDate": "2027-01-31"},
                    "subscriptionId": text("Sub"),
                }
            ],
            "licenseSubstitutions": [],
        }
        for a, account in enumerate(accounts)
        for n, license_ in enumerate(licenses)
    ]
    return json.dumps({"totalRecords": len(rows), "licenses": rows})


def _serial(mark: str, number: int) -> str:
    return f"ZZ{mark}{number:03}".upper()


def _devices(accounts: list[str], licenses: list[str], text: Texts) -> str:
    rows = [
        {
            "licenseUsage": [{"license": licenses[n % len(licenses)], "quantity": 1}],
            "hostName": f"{text.mark}-h{n}.example {EVIL[n]}",
            "displayName": f"{text.mark}-h{n}.example {EVIL[n]}",
            "sudi": {"udiPid": "C9300-48P", "udiSerialNumber": _serial(text.mark, n)},
            "registrationDate": "2024-02-25T03:30:48Z",
            "lastContactDate": "2026-10-29T03:30:48Z" if n % 3 else "2026-03-01T03:30:48Z",
            "productTagName": text("tag"),
            "virtualAccount": accounts[n % len(accounts)],
            "status": "In Compliance",
        }
        for n in range(len(EVIL))
    ]
    return json.dumps({"totalRecords": len(rows), "devices": rows})


def _reports(accounts: list[str], licenses: list[str], text: Texts) -> dict[str, str]:
    mark = text.mark
    assets = [
        [f"{mark}-h{n}", _serial(mark, n), "C9300-48P", "In use", text("site"), f"10.0.0.{n}"]
        + ["2026-10-31 10:00:00"]
        for n in range(4, 12)
    ]
    assets += [[text("ghost"), f"FOC{n:08}", "C9300-48P", "In use", text(), "", ""] for n in (1, 2)]
    assets = [[*row, text()] for row in assets]
    events = [
        [f"2026-10-{n + 1:02} 10:00:00", "Licenses Transferred", text(), text(), account]
        + [licenses[n % 4], "2"]
        for n, account in enumerate(accounts)
    ]
    quote = [
        [f"{mark}-Q1", f"1.{n}", f"{mark} {EVIL[3]}", sku, text("what"), "12", "Recurring", "36"]
        + ["2027-02-01", "2030-01-31", "2026-12-15", "10.70", "4622.40", "EUR", "2026-10-17"]
        for n, sku in enumerate([f"{mark}-SKU {EVIL[1]}", text.formula()])
    ]
    report = [
        ["2026-04-02", f"{mark}.example <b>", f"{mark} EA <img src=x onerror=window.evil=1>"]
        + [f"{mark} {EVIL[3]}", f"{mark}-SKU {EVIL[1]}", "2026-02-01", "10", "30", text()]
        + ["9.50", "12", "2280.00", "0.00", "2280.00", "EUR"]
    ]
    heads = {
        "assets": "name serial_number model_id install_status location ip_address last_discovered",
        "events": "Time;Event Type;Message;User;Virtual Account;License;Quantity",
        "quote": "Quote Number;Line Number;Suite;Part Number;Description;Quantity;Charge Type;"
        "Term (Months);Start Date;End Date;Valid Until;Unit Net Price;Extended Net Price;Currency;"
        "As of",
        "report": "Report Date;Smart Account;Agreement;Suite;SKU;True Forward Date;Purchased;"
        "Consumed;Status;Net Unit Cost;Months;Charge;Credit;Net;Currency",
    }
    return {
        f"{mark}-assets.csv": _csv([*heads["assets"].split(), text("unknown header")], assets),
        f"{mark}-events.csv": _csv(heads["events"].split(";"), events),
        f"{mark}-quote.csv": _csv(heads["quote"].split(";"), quote),
        f"{mark}-report.csv": _csv(heads["report"].split(";"), report),
        f"{mark}-users.csv": _csv(
            ["as_at", "metric", "count"], [["2026-10-31", f"{mark} users", "12"]]
        ),
        f"{mark}-odd.csv": _csv(["License", "Virtual Account"], [[text(), text.formula()]]),
    }


def _device_texts(accounts: list[str], text: Texts) -> dict[str, str]:
    """A capture of a device and its configuration."""
    mark, serial = text.mark, _serial(text.mark, 3)
    capture = f"""{mark}-h3#show license status
Time source is NTP, 08:00:10.101 UTC Sat Oct 31 2026

Smart Licensing Using Policy:
  Status: ENABLED

Account Information:
  Smart Account: {mark}.example <b> As of Oct 01 07:00:00 2026 UTC
  Virtual Account: {accounts[0]}

Transport:
  Type: Smart
  URL: https://{HOST}/{mark}

Usage Reporting:
  Last ACK received: Aug 20 06:10:00 2026 UTC
  Next ACK deadline: Nov 18 06:10:00 2026 UTC

Trust Code Installed:
  Active: PID:C9300-48P,SN:{serial}
    INSTALLED on Jan 05 09:00:01 2026 UTC

{mark}-h3#
"""
    configuration = f"""Current configuration : 900 bytes
version 17.12
hostname {mark}-h3
license boot level network-advantage addon dna-advantage
license udi pid C9300-48P sn {serial}
banner motd ^C{text()}^C
interface Te1/0/1
 description {text()}
 mpls ip
router bgp 65001
 neighbor 192.0.2.1 description {text()}
end
"""
    return {f"{mark}-h3.txt": capture, f"{mark}-h3.cfg": configuration}


class Runs:
    """What a pickle would run when it is loaded."""

    def __reduce__(self) -> Any:
        return os.system, ("touch evil",)


def _traps(mark: str) -> dict[str, bytes]:
    """Files that would do harm if they were opened by what opens such files."""
    climbing = io.BytesIO()
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("../evil.csv", f"License,Virtual Account\n{OUTSIDE},x\n")
        archive.writestr("/tmp/evil.csv", f"License,Virtual Account\n{OUTSIDE},x\n")
    page = f"<html><script>window.evil=1</script><img src=https://{HOST}/{mark}></html>"
    xml = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    return {
        f"{mark}-formulas.xlsx": _workbook(mark),
        f"{mark}-climbs.zip": climbing.getvalue(),
        f"{mark}-pickled.csv": pickle.dumps(Runs()),
        f"{mark}-pickled.pkl": pickle.dumps(Runs(), protocol=0),
        f"{mark}-page.html": page.encode(),
        f"{mark}-entity.xml": xml.encode(),
        f"{mark}-code.py": b"open('evil', 'w')\n",
        f"{mark}-yaml.yaml": b"!!python/object/apply:os.system ['touch evil']\n",
    }


def _workbook(mark: str) -> bytes:
    """Counts as a spreadsheet with formulas and links: read are the values it was saved with."""
    import xlsxwriter

    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["as_at", "metric", "count"])
        sheet.write_row(1, 0, ["2026-09-30", f"{mark} users"])
        sheet.write_formula(1, 2, f'=WEBSERVICE("https://{HOST}/x")', value=7)
        sheet.write_url(2, 1, f"https://{HOST}/{mark}", string=f"{mark} linked")
        sheet.write_row(2, 2, [3])
        sheet.write(2, 0, "2026-09-30")
    return held.getvalue()


LIBRARIES = ("cssm_lib", "polars", "altair", "json", "ipykernel_launcher", "sitecustomize")


def lay_traps(folder: Path) -> None:
    """Modules that are called like libraries: whoever imports one leaves a file behind."""
    for name in LIBRARIES:
        (folder / f"{name}.py").write_text(
            f"open({str(folder / 'evil')!r}, 'a').write('{name} ')\n"
        )


def _way_out(folder: Path, outside: Path) -> None:
    """Links out of the folder: to a file, to a folder, to a folder that leads back up."""
    outside.mkdir(parents=True, exist_ok=True)
    rows = [["2026-10-31", OUTSIDE, "7"]]
    (outside / "users.csv").write_text(_csv(["as_at", "metric", "count"], rows))
    (folder / "linked.csv").symlink_to(outside / "users.csv")
    (folder / "linked").symlink_to(outside, target_is_directory=True)
    (folder / "up").symlink_to("..", target_is_directory=True)


def _csv(head: list[str], rows: list[list[str]]) -> str:
    held = io.StringIO()
    csv.writer(held).writerows([head, *rows])
    return held.getvalue()
