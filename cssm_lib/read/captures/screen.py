"""A terminal log to the lines that stood on the screen: no paging, no cursor moves, no colours."""

from __future__ import annotations

import re

ANSI = re.compile(
    r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[()][0-9A-Z]|[=>A-Z])"
)
PAGING = re.compile(r"<?-{2,8} ?\(?[Mm]ore(?: \d{1,3}%)?\)? ?-{2,8}>?")
CONTROLS = re.compile(r"[\x01-\x07\x0e-\x1f\x7f]")
# SecureCRT and script wrappers write the time of the computer before every line
STAMPED = re.compile(r"\[[^\]\n]{0,24}\d\d:\d\d:\d\d[^\]\n]{0,12}\] ?")
# a log message that the device printed in between: `*Oct  5 09:12:31.100: %SYS-5-CONFIG_I: …`
SYSLOG = re.compile(
    r"(?:\d{1,9}: )?[*.]?[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,6})?"
    r"(?: [A-Za-z]{1,5})?: %[A-Z0-9_]+-(?:[A-Z0-9_]+-)?\d-[A-Z0-9_]+:"
)
LONGEST = 4_000


def shown_lines(text: str) -> list[str]:
    r"""The lines of the file as the terminal showed them; line n of the file is item n - 1.

    >>> shown_lines(
    ...     " --More-- \b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\bUtility:\r\n  Status: ON"
    ... )
    ['Utility:', '  Status: ON']
    """
    text = text.replace("\r\n", "\n")
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")
    if "\x1b" in text:
        text = ANSI.sub("", text)
    # the mark goes first: some logs hold it without what the terminal overwrote it with
    if PAGING.search(text):
        text = PAGING.sub("", text)
    lines = text.split("\n")
    if "\b" in text or "\r" in text:
        lines = [_overwritten(line) for line in lines]
    if CONTROLS.search(text):
        lines = [CONTROLS.sub("", line) for line in lines]
    if "%" in text:
        lines = ["" if "%" in line and SYSLOG.match(line) else line for line in lines]
    return _unstamped([line[:LONGEST] for line in lines])


def _overwritten(line: str) -> str:
    """What is left after backspaces and carriage returns moved the cursor back over the line."""
    if "\b" not in line and "\r" not in line:
        return line
    shown: list[str] = []
    at = 0
    for char in line:
        if char == "\b":
            at = max(0, at - 1)
        elif char == "\r":
            at = 0
        else:
            shown[at : at + 1] = char
            at += 1
    return "".join(shown).rstrip()


def _unstamped(lines: list[str]) -> list[str]:
    """Without the time of the computer, where most of the first lines begin with one."""
    first = [line for line in lines[:60] if line.strip()]
    stamped = sum(bool(STAMPED.match(line)) for line in first)
    if stamped * 2 <= len(first):
        return lines
    return [STAMPED.sub("", line, count=1) for line in lines]
