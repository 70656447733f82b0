"""Device captures: terminal logs and saved outputs of `show license …`, version and inventory.

`show license` text is parsed here; version, inventory and the licence table of older NX-OS by
ntc-templates. Times stay on the device's own clock.
"""

from __future__ import annotations

import re

from cssm_lib.read.captures.devices import devices, tells
from cssm_lib.read.captures.frames import notes, tables
from cssm_lib.read.captures.license_text import read_license_text
from cssm_lib.read.captures.platforms import read_platform
from cssm_lib.read.captures.screen import shown_lines
from cssm_lib.read.captures.session import COMMANDS, NOISE, UNREAD, Output, outputs
from cssm_lib.read.source import Found, message
from cssm_lib.rules import Rules

__all__ = ["looks_like_capture", "read_capture"]

KIND = "capture"
ASKED = frozenset(COMMANDS) - {"show clock", *UNREAD}
# what a capture has one of: asked first, as it costs little on a large file of another kind
WORDS = (
    *("Smart Licensing", "License Usage", "Entitlement Tag", "Entitlement tag", "Handle:", "UDI:"),
    *("License Authorization:", "Trust Code Installed", "Last ACK received", "SlotID", "SwitchNum"),
    *(
        "Overall status:",
        "Event Log",
        "SAEVT_",
        "No EventLog",
        "Report Id",
        "Feature:",
        "  Ins  Lic",
        "DESCR:",
    ),
    *("Cisco IOS", "Cisco Adaptive", "Cisco Nexus", "Technology Package"),
    *("show lic", "sh lic", "show ver", "sh ver", "show inv", "sh inv"),
)
# every repetition is bounded: the text may be large, and may be anything
MARKS = re.compile(
    r"""^[ \t]{0,40}(?:
        \S{1,80}[#>][ ]{0,8}(?:do[ ]{1,8})?sho?w?[ ]{1,8}(?:lic|ver|inv)
      | sho?w?[ ]{1,8}(?:lic|ver|inv)[a-z]{0,10}(?:[ ]{1,8}[a-z]{1,20}){0,3}[ \r]{0,8}$
      | -{4,80}[ ]{0,8}show[ ](?:license|version|inventory)
      | Smart[ ]Licensing[ ](?:Status|Tech[ ]Support[ ]info|Usage[ ]Report|is[ ]|Using[ ]Policy:)
      | License[ ]Usage:?\s{1,40}(?:={4}|License\s{1,40}Entitlement)
      | License\s{1,40}Entitlement[ ]Tag\s{1,40}Count\s{1,40}Status
      | License[ ]Authorization:\s{1,40}Status:
      | Overall[ ]status:\s{1,40}(?:[A-Z][a-z]{1,20}:[ ]?)?PID:
      | Trust[ ]Code[ ]Installed:
      | Last[ ]ACK[ ]received:
      | Handle:[ ]\d{1,9}\s{1,40}License:
      | UDI:[ ]{0,8}PID:
      | (?:SlotID|SwitchNum)\s{1,40}PID\s
      | \*{4}[ ]Event[ ]Log[ ]\*{4}
      | \d{4}-\d\d-\d\d[ ][\d:.]{8,15}[ ]\S{0,16}[ ]?SAEVT_
      | No[ ]EventLog[ ]Found
      | Report[ ]Id(?::[ ]\d{1,24}\s{1,40}Metric[ ]Name:|,\s{1,40}State,)
      | Index[ ]\d{1,4}[ ]Feature:
      | Feature\s{1,60}Ins\s{1,8}Lic\s
      | NAME:[ ].{1,80},\s{0,8}DESCR:
      | Cisco[ ](?:IOS(?:[ ]XE|-XE|[ ]XR)?|Adaptive[ ]Security[ ]Appliance)[ ]Software
      | Cisco[ ]Nexus[ ]Operating[ ]System
      | Technology[ ]Package[ ]License[ ]Information
    )""",
    re.X | re.M | re.I,
)


def looks_like_capture(text: str) -> bool:
    r"""Whether the text is a device's own output, by what stands in it.

    >>> looks_like_capture("sw1#sh lic usage\n"), looks_like_capture("License,Purchased,In Use\n")
    (True, False)
    """
    return any(word in text for word in WORDS) and MARKS.search(text) is not None


def read_capture(text: str, *, name: str, rules: Rules) -> Found:
    r"""One row a device in `captures`, and rows of what it lists in the other tables, as text.

    Several commands of one device are put together: a licence that several commands list is one
    row, a contradiction is a note and the later statement stands. `place` is `line 7`; `capture`
    is the place of the device's row. Never raises for a bad text: `problem` is the message.

    >>> from cssm_lib.rules import load_rules
    >>> text = "sw1#show license udi\nUDI: PID:C9300-24T,SN:FCW2125L07Y\n"
    >>> found = read_capture(text, name="sw1.txt", rules=load_rules())
    >>> found.tables["captures"].select("hostname", "pid", "serial").row(0)
    ('sw1', 'C9300-24T', 'FCW2125L07Y')
    """
    lines = shown_lines(text)
    answers, silent = [], []
    for output in outputs(lines):
        said = read_license_text(output)
        read_platform(output, said)
        answers.append(said)
        if output.command in ASKED and not tells(said):
            silent.append(_silence(output))
    found = devices([said for said in answers if said.facts or tells(said)])
    if not found:
        return Found(KIND, problem=_nothing(lines, name))
    dated = all("observed_at" in said.facts for said in found)
    return Found(KIND, tables(found, name), dated_rows=dated, notes=notes(found, silent))


def _silence(output: Output) -> str:
    host = f"{output.host}: " if output.host else ""
    first = next(line.strip() for line in output.lines if line.strip())
    return f"{host}{output.command} in line {output.first} says nothing that is read: {first[:80]}"


def _nothing(lines: list[str], name: str) -> str:
    shown = [line.strip() for line in lines if line.strip() and not line.startswith(NOISE)]
    first = repr(shown[0][:60]) if shown else "no text"
    do = "Capture `show license tech support` (or all, usage, status) again, whole."
    return message(name, "no device says anything in it that is read", first, do)
