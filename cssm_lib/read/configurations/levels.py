"""What a configuration says of licences: the level to boot, throughput, high encryption."""

from __future__ import annotations

import re

from cssm_lib.read.captures.said import Record
from cssm_lib.read.configurations.parts import Configuration

BOOT = re.compile(r"license boot level (\S{1,40})(?: addon (\S{1,40}))?\s*$")
AIR = re.compile(r"license air level (\S{1,40})(?: addon (\S{1,40}))?\s*$")
THROUGHPUT = re.compile(
    r"(?:platform hardware throughput (?:level |crypto )|throughput level )(.{1,40}?)\s*$"
)
HSEC = re.compile(r"license feature hseck9\b")
FIRST = ("license ", "platform hardware throughput ", "throughput level ", "  throughput level ")


def levels(one: Configuration) -> Record:
    """Columns of `configurations` for its licence lines, with the number of the boot line.

    The later of two lines stands, as it does on the device.
    """
    said: Record = {}
    for number, line in enumerate(one.lines, start=one.first):
        if line.startswith(FIRST):
            said |= _said(line, number)
    return said


def _said(line: str, number: int) -> Record:
    if boot := BOOT.match(line):
        return _filled(boot_level=boot[1], addon_level=boot[2], level_line=str(number))
    if air := AIR.match(line):
        return _filled(air_level=air[1], air_addon_level=air[2], level_line=str(number))
    if throughput := THROUGHPUT.match(line.strip()):
        return {"throughput": throughput[1]}
    return {"hseck9": "true"} if HSEC.match(line) else {}


def _filled(**columns: str | None) -> Record:
    return {name: value for name, value in columns.items() if value}
