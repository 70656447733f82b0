"""`show version`, `show inventory` and the licence table of older NX-OS, read by ntc-templates."""

from __future__ import annotations

import io
import re
from functools import cache
from importlib.resources import files
from typing import Any

from cssm_lib.read.captures.said import Said, fault, member, place, put
from cssm_lib.read.captures.session import Output

SYSTEMS = (
    ("Cisco Nexus Operating System", "cisco_nxos"),
    ("Cisco Adaptive Security Appliance Software", "cisco_asa"),
    ("Cisco IOS XR Software", "cisco_xr"),
    ("Cisco IOS XE Software", "cisco_ios"),
    ("Cisco IOS Software", "cisco_ios"),
)
# what each system's template calls it
VERSION_FIELDS = {
    "software_version": ("VERSION", "OS"),
    "hostname": ("HOSTNAME",),
    "weak_pid": ("HARDWARE", "PLATFORM", "MODEL"),
    "weak_serial": ("SERIAL",),
}
XE_VERSION = re.compile(r"Cisco IOS XE Software, Version (\S+)")
PART = re.compile(r"(NAME: |PID: )", re.I)
CHASSIS = re.compile(
    r"(?:chassis|switch|rack)? ?\d*(?: chassis)?|switch system|.* stack|chassis.*", re.I
)
INVENTORY = re.compile(r"^[ \t]{0,8}NAME: .{0,200}DESCR:", re.M | re.I)
FEATURES = re.compile(r"^Feature +Ins +Lic", re.M)
NO_TEMPLATE_FITS = re.compile(r"^\s+\^\. -> Error.*$", re.M)
# the templates' patterns are made for a screen's width
LONGEST = 300
NXOS_USAGE = "cisco_nxos_show_license_usage"
FEATURE_COLUMNS = {
    "FEATURE": "license",
    "INSTALLED": "installed",
    "LICENSE_COUNT": "quantity",
    "STATUS": "status",
    "EXPIRY_DATE": "expires",
    "COMMENTS": "comments",
}


def read_platform(output: Output, said: Said) -> None:
    """Adds what the answer says of software, hardware and licensed features of the device."""
    text = "\n".join(output.lines)
    system = next((name for mark, name in SYSTEMS if mark in text), None)
    if system:
        _take_version(said, text, line=output.first, system=system)
    if INVENTORY.search(text):
        _take_inventory(said, output)
    if FEATURES.search(text):
        _take_features(said, output)


@cache
def _template(name: str) -> str:
    """A template without its rule to give up on lines that it does not know."""
    path = files("ntc_templates") / "templates" / f"{name}.textfsm"
    return NO_TEMPLATE_FITS.sub("", path.read_text("utf-8"))


def _rows(name: str, text: str) -> list[dict[str, Any]]:
    # not needed for the licence text, and slow to import
    import textfsm

    lines = "\n".join(line[:LONGEST] for line in text.split("\n"))
    return textfsm.TextFSM(io.StringIO(_template(name))).ParseTextToDicts(lines)


def _take_version(said: Said, text: str, *, line: int, system: str) -> None:
    rows = _rows(f"{system}_show_version", text)
    row = rows[0] if rows else {}
    for column, names in VERSION_FIELDS.items():
        value = next((row[name] for name in names if row.get(name)), None)
        value = value[0] if isinstance(value, list) else value
        put(said, {column: value}, line)
    release = XE_VERSION.search(text)
    if release and "software_version" not in said.facts:
        put(said, {"software_version": release[1]}, line)
    said.commands["show version"] = None
    units = list(zip(_several(row.get("HARDWARE")), _several(row.get("SERIAL")), strict=False))
    for pid, serial in units if len(set(units)) > 1 else ():
        member(said, (pid, serial), line)


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else []


def _take_inventory(said: Said, output: Output) -> None:
    """The chassis of an inventory: who the device is, and its stack where there are several."""
    lines = [(n, line.strip()) for n, line in enumerate(output.lines, output.first)]
    parts = [(n, line) for n, line in lines if PART.match(line)]
    system = "cisco_asa" if parts[0][1].startswith("Name:") else "cisco_ios"
    rows = _rows(f"{system}_show_inventory", "\n".join(line for _, line in parts))
    rows = [row | {"PID": row["PID"].strip()} for row in rows if row["SN"]]
    chassis = [row for row in rows if CHASSIS.fullmatch(row["NAME"])]
    said.commands["show inventory"] = None
    for row in (chassis or rows)[:1]:
        put(said, {"weak_pid": row["PID"], "weak_serial": row["SN"]}, parts[0][0])
    units = [row for row in chassis if not row["NAME"].lower().endswith(" stack")]
    for row in units if len({row["SN"] for row in units}) > 1 else ():
        line = next((n for n, line in parts if f'"{row["NAME"]}"' in line), parts[0][0])
        member(said, (row["PID"], row["SN"]), line)["role"] = row["NAME"]


def _take_features(said: Said, output: Output) -> None:
    """The table of features, a row each; a row that the template does not know is rejected."""
    table = next(n for n, line in enumerate(output.lines) if FEATURES.match(line))
    heading, rules = output.lines[table], 0
    for number, text in enumerate(output.lines[table + 1 :], output.first + table + 1):
        text = text.strip()
        rules += text.startswith("---")
        if rules == 2:
            return
        if not text or text.startswith(("Count", "---")):
            continue
        rows = _rows(NXOS_USAGE, f"{heading}\n{text}\n")
        if not rows:
            fault(said.licenses, number, reason="not a row of licensed features", found=text)
            continue
        row = {FEATURE_COLUMNS[name]: value for name, value in rows[0].items() if value}
        row = {name: value for name, value in row.items() if value != "-"}
        said.licenses.append({"place": place(number), "command": "show license usage"} | row)
        put(said, {"says_licenses": "true"}, number)
