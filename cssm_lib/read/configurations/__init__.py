"""Running and saved configurations: what is configured, line by line, and the level to boot.

A configuration is recognised by its content, alone or in a terminal log beside other commands.
Which section a line stands in is decided by netutils' parser; which line is evidence, by the rule
pack `features`. Text in banners, macros, certificates, comments and negations is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from cssm_lib.read.captures.said import Record, place
from cssm_lib.read.captures.screen import shown_lines
from cssm_lib.read.captures.session import outputs
from cssm_lib.read.configurations.evidence import evidence
from cssm_lib.read.configurations.levels import levels
from cssm_lib.read.configurations.parts import Configuration, configurations
from cssm_lib.read.source import Found, message
from cssm_lib.rules import Rules
from cssm_lib.schema.configurations import CONFIGURATIONS, FEATURES

__all__ = ["looks_like_configuration", "read_configuration", "with_days"]

KIND = "configuration"
# asked first, as it costs little on a large file of another kind
WORDS = (
    *("hostname ", "switchname ", "onfiguration", "!Command", "license boot", "license air"),
    *("sh run", "sh start", "show run", "show start", "sho run"),
)
# what a saved configuration has one of, or a log in which one was printed
SURE = re.compile(
    r"""^[ \t]{0,8}(?:
        Building[ ]configuration\.\.\.
      | Current[ ]configuration[ ]?:[ ]\d
      | !Command:[ ]show[ ](?:running|startup)-config
      | \S{1,80}[#>][ ]{0,8}(?:do[ ]{1,4})?sho?w?[ ]{1,8}(?:run|start)[a-z-]{0,12}\b
      | sho?w?[ ]{1,8}(?:run|start)[a-z-]{0,12}(?:[ ]\S{1,20})?[ \r]{0,8}$
      | license[ ](?:boot|air)[ ]level[ ]\S
      | -{4,80}[ ]{0,8}show[ ](?:running|startup)-config
    )""",
    re.X | re.M | re.I,
)
NAMED = re.compile(r"^(?:hostname|switchname) \S{1,80}[ \t\r]*$", re.M)
SECTION = re.compile(r"^(?:interface [A-Z]|line (?:con|vty)|router \w|vlan \d|version \d)", re.M)


def looks_like_configuration(text: str) -> bool:
    r"""Whether the text is, or holds, a device's configuration.

    >>> looks_like_configuration("hostname sw1\n!\ninterface Vlan1\n")
    True
    >>> looks_like_configuration("hostname,serial\nsw1,FOC1\n")
    False
    """
    if not any(word in text for word in WORDS):
        return False
    if NAMED.search(text) and SECTION.search(text):
        return True
    return SURE.search(text) is not None


def read_configuration(text: str, *, name: str, rules: Rules) -> Found:
    r"""One row a device in `configurations`, one a line of evidence in `features`, as text.

    `place` is `line 7`; `configuration` is the place of the device's row. Never raises for a bad
    text: `problem` is the message.

    >>> from cssm_lib.rules import load_rules
    >>> text = "hostname sw1\nlicense boot level network-advantage\nrouter bgp 65001\nend\n"
    >>> found = read_configuration(text, name="sw1.cfg", rules=load_rules())
    >>> found.tables["features"].select("hostname", "feature", "line").row(0)
    ('sw1', 'BGP', '3')
    """
    lines = shown_lines(text)
    found = configurations(outputs(lines), lines, name)
    if not found:
        return Found(KIND, problem=_nothing(lines, name))
    heads, rows, notes = [], [], []
    for one in found:
        head = one.identity() | levels(one)
        proof, note = evidence(one, rules)
        heads.append(head | {"complete": str(one.whole and not note).lower()})
        rows += [_own(head) | row for row in proof]
        notes += [f"{head['device']}: {note}"] if note else []
    tables = {"configurations": _frame(heads, CONFIGURATIONS.names)}
    if rows:
        tables["features"] = _frame(rows, FEATURES.names)
    return Found(KIND, tables, notes=(*notes, *_cut(found)))


def with_days(frame: pl.DataFrame, captures: pl.DataFrame) -> pl.DataFrame:
    """The rows with the day, serial and product that the same host's commands in the log say."""
    said = [c for c in ("snapshot_date", "serial", "pid") if c in captures.columns]
    if not said or "hostname" not in frame.columns or "hostname" not in captures.columns:
        return frame
    named = captures.select("hostname", *said).drop_nulls("hostname")
    known = named.unique("hostname", keep="none")
    both = frame.join(known, on="hostname", how="left", suffix="_said", maintain_order="left")
    own = [pl.coalesce(c, f"{c}_said").alias(c) for c in said if f"{c}_said" in both.columns]
    return both.with_columns(own).drop(c for c in both.columns if c.endswith("_said"))


def _own(head: Record) -> Record:
    said = ("device", "hostname", "serial", "pid")
    return {key: head[key] for key in said if key in head} | {"configuration": head["place"]}


def _frame(rows: Sequence[Record], names: list[str]) -> pl.DataFrame:
    there = set().union(*rows)
    columns = [name for name in names if name in there]
    return pl.from_dicts(rows, schema=dict.fromkeys(columns, pl.String))


def _cut(found: Sequence[Configuration]) -> list[str]:
    cut = [one for one in found if not one.whole]
    return [
        f"{one.label} at {place(one.first)}: the configuration has no end, so what it lacks"
        " proves nothing."
        for one in cut[:20]
    ]


def _nothing(lines: list[str], name: str) -> str:
    shown = [line.strip() for line in lines if line.strip()]
    first = repr(shown[0][:60]) if shown else "no text"
    do = "Save `show running-config` again, whole."
    return message(name, "it names a configuration and holds no line of one", first, do)
