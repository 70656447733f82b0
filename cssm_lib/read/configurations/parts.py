"""A terminal log or a file to configurations: where each begins, where it ends, whose it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cssm_lib.read.captures.said import Record, place
from cssm_lib.read.captures.session import Output

SHOWN = ("show running-config", "show startup-config")
HOST = re.compile(r"(?:hostname|switchname) \"?([^\s\"]{1,80})\"?\s*$")
# a line that only the beginning of a configuration has
BEGINS = re.compile(
    r"Building configuration|Current configuration ?:|!Command: show |: Saved|Using \d+ out of"
)
ENDS = re.compile(r"(?:end|: end)\s*$")
UDI = re.compile(r"license udi pid (\S{1,40}) sn (\S{1,40})")
VERSION = re.compile(r"(?:version|ASA Version) (\S{1,40})")
# one of these makes lines a configuration where no command says so
TELLS = re.compile(
    r"(?:hostname|switchname|version|interface|license (?:boot|air) level|router|vlan|line) \S"
)
WORDS = ("hostname", "switchname", "version", "ASA Version", "license udi")


@dataclass(frozen=True)
class Configuration:
    """The lines of one device's configuration; `first` is the number of the first in its file."""

    host: str | None
    first: int
    lines: Sequence[str]
    file: str
    whole: bool

    @property
    def label(self) -> str:
        """Host name, else the file's name, as captures call a device."""
        return self.host or PurePosixPath(self.file).stem

    def identity(self) -> Record:
        """Who it is and how much of it is there, as text; a column without a value is left out."""
        said = {"hostname": self.host, "place": place(self.first), "lines": str(len(self.lines))}
        for line in self.lines:
            if line.startswith(WORDS):
                if udi := UDI.match(line):
                    said |= {"pid": udi[1], "serial": udi[2]}
                if version := VERSION.match(line):
                    said["software_version"] = version[1]
        label = self.host or said.get("serial") or self.label
        return {"device": label} | {key: value for key, value in said.items() if value}


def configurations(
    answers: Sequence[Output], lines: Sequence[str], name: str
) -> list[Configuration]:
    """One item per configuration, in order.

    An answer to `show running-config` is one; so is a text without prompts that tells itself one.
    Two that follow each other are told apart by `end` and by the lines that only a beginning has.
    """
    if not any(answer.command for answer in answers):
        answers = [Output(None, None, 1, lines)]
    shown = [answer for answer in answers if answer.command in (*SHOWN, None)]
    return [part for answer in shown for part in _parts(answer, name)]


def _parts(answer: Output, name: str) -> list[Configuration]:
    starts = _starts(answer.lines)
    found = []
    for start, stop in zip(starts, [*starts[1:], len(answer.lines)], strict=True):
        lines = answer.lines[start:stop]
        asked = answer.command in SHOWN and start == 0
        if not any(TELLS.match(line) for line in lines) and not (asked and _says(lines)):
            continue
        host = next((said[1] for line in lines if (said := HOST.match(line))), answer.host)
        whole = any(ENDS.match(line) for line in lines) or _nexus(lines)
        found.append(Configuration(host, answer.first + start, lines, name, whole))
    return found


def _says(lines: Sequence[str]) -> bool:
    return any(line.strip() and not line.lstrip().startswith(("!", "%")) for line in lines)


def _starts(lines: Sequence[str]) -> list[int]:
    """Where a configuration begins: after the end of another, or at a line of a beginning."""
    starts, named = [0], False
    for number, line in enumerate(lines):
        if number and ((named and BEGINS.match(line)) or ENDS.match(lines[number - 1])):
            starts.append(number)
            named = False
        named = named or HOST.match(line) is not None
    return starts


def _nexus(lines: Sequence[str]) -> bool:
    """NX-OS prints no `end`: a configuration with its command above it is taken as whole."""
    return any(line.startswith("!Command: show ") for line in lines[:20])
