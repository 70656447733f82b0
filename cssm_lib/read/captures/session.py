"""Lines of a terminal log to outputs: which device was asked what, and what it answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

COMMANDS = (
    "show license summary",
    "show license usage",
    "show license all",
    "show license tech support",
    "show license status",
    "show license udi",
    "show license eventlog",
    "show license rum id",
    "show license authorization",
    "show license reservation",
    "show license history message",
    "show license",
    "show tech-support license",
    "show version",
    "show inventory",
    "show clock",
    "show running-config",
    "show startup-config",
)
OTHER = "other"
# configurations are read elsewhere; a history of messages repeats old statements as if they stood
UNREAD = ("show running-config", "show startup-config", "show license history message")
# the host name, a context or a mode, # or >, and what was typed
PROMPT = re.compile(
    r"(?:RP/\d+/\w+/CPU\d+:)?([A-Za-z0-9][\w.-]{0,62})(?:/[\w.-]{1,40}){0,3}"
    r"(?:\([\w.:/ -]{1,60}\))?[#>]\s*(.*)$"
)
SHOW_TECH = re.compile(r"-{4,} ?(show [a-z][\w -]{1,60}?) ?-{4,}$")
IDENTITY = re.compile(r"\b(PID|SN|UUID): ?([^,\s]+)")
# a line that only the beginning of an output has
STARTS = (
    "Smart Licensing Tech Support info",
    "Smart Licensing Status",
    "Smart Licensing is ",
    "License Usage:",
    "Utility:",
    "Cisco IOS XE Software, ",
    "Cisco Nexus Operating System",
    "Cisco Adaptive Security Appliance Software",
)
NOISE = ("Load for five secs", "Time source is ", "No time source")
LOAD = NOISE[0]
NEAR = 50
# the only lines that can begin an answer: most lines are passed over by this alone
TELLING = re.compile(
    r"\s*(?:Smart Lic|License Usage:|Utility:|Cisco |Load for|UDI:|-{4,} ?show|sho?\w* |do )"
    r"|[A-Za-z0-9][\w.:/-]{0,200}(?:\([^()]{0,60}\))?[#>]"
)


@dataclass(frozen=True)
class Output:
    """What one command printed: on which host, where in the file, its lines."""

    host: str | None
    command: str | None
    first: int
    lines: Sequence[str]


@dataclass(frozen=True)
class _Begin:
    """An answer begins at this line; `typed` where the line itself is the command."""

    line: int
    host: str | None
    command: str | None = None
    typed: bool = False


def outputs(lines: Sequence[str]) -> list[Output]:
    """One item per answer of a device, in order; `first` is the line number of its first line.

    An answer begins at a prompt, at an echoed command, at a heading of `show tech-support`, or
    where a heading or another device's UDI says that a new one has begun. A host is null where no
    prompt says it; `command` is "other" where it is none that is read here.

    >>> [(o.host, o.command, o.first) for o in outputs(["sw1#show lic sum", "License Usage:"])]
    [('sw1', 'show license summary', 2)]
    """
    begins = _hosted(_begins(lines), lines)
    starts = [begin.line + begin.typed for begin in begins]
    ends = [begin.line for begin in begins[1:]] + [len(lines)]
    return [
        Output(begin.host, begin.command, start + 1, lines[start:end])
        for begin, start, end in zip(begins, starts, ends, strict=True)
        if any(line.strip() for line in lines[start:end])
    ]


def _begins(lines: Sequence[str]) -> list[_Begin]:
    found = [_Begin(0, None)]
    seen: set[str] = set()
    for number, line in enumerate(lines):
        if not TELLING.match(line):
            continue
        begin = _begun(lines, number, found[-1], seen)
        if begin:
            found.append(begin)
            seen = set()
        seen.add(_mark(line))
    return found


def _begun(lines: Sequence[str], number: int, last: _Begin, seen: set[str]) -> _Begin | None:
    """The answer that begins in this line, if one does."""
    typed = _typed(lines[number])
    if typed:
        return _Begin(number, typed[0] or last.host, typed[1], True)
    mark = _mark(lines[number])
    if mark == LOAD:
        since = max(last.line + last.typed, number - NEAR)
        answer = (line.strip() for line in lines[since:number])
        anew = any(line and not line.startswith(NOISE) for line in answer)
    else:
        anew = _anew(mark, seen)
    return _Begin(number, last.host) if anew else None


def _hosted(begins: list[_Begin], lines: Sequence[str]) -> list[_Begin]:
    """A log pasted without its first prompt often ends with a bare one: it names the host."""
    named = next((begin for begin in begins if begin.typed), None)
    bare = named and named.host and lines[named.line].rstrip().endswith(("#", ">"))
    if not bare:
        return begins
    return [replace(b, host=named.host) if b.line < named.line else b for b in begins]


def _typed(line: str) -> tuple[str | None, str | None] | None:
    """Host and command where a command was typed in this line or stands as a heading."""
    if "#" in line or ">" in line:
        prompt = PROMPT.match(line)
        if prompt and not prompt[2].startswith(("#", ">", "<", "=")):
            return prompt[1], command_of(prompt[2]) or OTHER
    text = line.strip()
    if text.startswith("----") and (heading := SHOW_TECH.match(text)):
        return None, command_of(heading[1]) or OTHER
    if text[:2] in ("sh", "do") and len(text) < 60 and (command := command_of(text)):
        return None, command
    return None


def command_of(typed: str) -> str | None:
    """The command that is read here, in full, for what was typed; null for any other.

    >>> command_of("do sh lic tech sup | no-more"), command_of("ping 10.0.0.1")
    ('show license tech support', None)
    """
    words = typed.lower().split("|")[0].split()
    if words[:1] == ["do"]:
        words = words[1:]
    return next((full for full in COMMANDS if _abbreviates(words, full.split())), None)


def _abbreviates(words: list[str], full: list[str]) -> bool:
    """Every word the beginning of the command's; only a whole command may have words after it."""
    if len(words) < len(full[:3]) or len(words[0]) < 2 or len(words[1]) < 2:
        return False
    if full == ["show", "license"] and len(words) > 2:
        return False
    return all(there.startswith(word) for word, there in zip(words, full, strict=False))


def _mark(line: str) -> str:
    """What of a line tells answers apart: a first heading or the device's UDI."""
    text = line.strip()
    if line.startswith("UDI:"):
        return f"UDI {sorted(IDENTITY.findall(text))}"
    return next((start for start in (LOAD, *STARTS) if text.startswith(start)), "")


def _anew(mark: str, seen: set[str]) -> bool:
    """Whether a new answer begins with this mark though no prompt says so."""
    known = {udi for udi in seen if udi.startswith("UDI ")}
    if mark.startswith("UDI "):
        return bool(known - {mark})
    return mark in STARTS and (mark in seen or bool(known))
