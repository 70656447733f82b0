"""Lines of a configuration that the rule pack `features` takes as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from cssm_lib.read.captures.said import Record, place
from cssm_lib.read.configurations.parts import Configuration
from cssm_lib.rules import Rules

if TYPE_CHECKING:
    from netutils.config.parser import IOSConfigParser

MACRO = re.compile(r"macro (?:name|auto execute) ")
MACRO_END = re.compile(r"[@}]\s*$")
BANNER = ("banner", "vacant-message")
LONGEST = 300


@dataclass(frozen=True)
class Line:
    """A line as the parser placed it: its number in the file, its text, its sections."""

    number: int
    text: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class _Patterns:
    """The rules, and one expression that most lines fail."""

    any: re.Pattern[str]
    rules: list[tuple[dict[str, Any], re.Pattern[str], re.Pattern[str] | None]]


def evidence(one: Configuration, rules: Rules) -> tuple[list[Record], str]:
    """One record per line that is evidence, with the first rule that fits; a note on hidden text.

    A rule with `unless` is lifted to its lowest tier where its section has such a line.
    """
    known = _patterns(tuple(sorted(map(_frozen, rules["features.lines"]))))
    lines, note = parsed(one)
    likely = (line for line in lines if known.any.match(line.text.lstrip()))
    found = [(line, rule) for line in likely if (rule := _rule_of(line, known))]
    return [_record(rule, line, lines) for line, rule in found], note


def _rule_of(line: Line, known: _Patterns) -> dict[str, Any] | None:
    text = line.text.lstrip()
    return next(
        (r for r, pattern, within in known.rules if pattern.match(text) and _stands(line, within)),
        None,
    )


def _frozen(rule: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(rule.items()))


@lru_cache(maxsize=8)
def _patterns(rules: tuple[tuple[tuple[str, Any], ...], ...]) -> _Patterns:
    told = [dict(rule) for rule in rules]
    compiled = [
        (rule, re.compile(rule["pattern"]), re.compile(rule["within"]) if rule["within"] else None)
        for rule in told
    ]
    some = "|".join(f"(?:{rule['pattern']})" for rule in told)
    return _Patterns(re.compile(some or r"\b\B"), compiled)


def _stands(line: Line, within: re.Pattern[str] | None) -> bool:
    top = not line.text[:1].isspace()
    if within is None:
        return top
    return not top and any(within.match(parent) for parent in line.parents)


def _record(rule: dict[str, Any], line: Line, lines: Sequence[Line]) -> Record:
    lifted = "unless" in rule and any(
        re.match(rule["unless"], other.text.lstrip())
        for other in lines
        if other.parents[:1] == (line.text,)
    )
    doubt = {} if lifted or "up_to" not in rule else {"up_to": rule["up_to"]}
    said = {key: rule[key] for key in ("feature", "family", "part", "min_tier", "confidence")}
    where = {"line": str(line.number), "text": line.text.strip()[:LONGEST]}
    return said | doubt | where | {"rule_id": rule["id"], "place": place(line.number)}


def parsed(one: Configuration) -> tuple[list[Line], str]:
    """Every line with the sections it stands in; a banner without end hides what follows it."""
    kept = list(_kept(one))
    banners = [n for n, (_, text) in enumerate(kept) if text.startswith(BANNER)]
    if (lines := _placed(kept)) is not None:
        return lines, ""
    for banner in reversed(banners):
        if (lines := _placed(kept[:banner])) is not None:
            return (
                lines,
                f"a banner in line {kept[banner][0]} has no end; nothing after it is read.",
            )
    return [], "its lines cannot be told apart and none is evidence."


def _kept(one: Configuration) -> Iterator[tuple[int, str]]:
    """The lines that the parser sees, with their numbers: no comment, no blank, no macro."""
    macro = False
    for number, line in enumerate(one.lines, start=one.first):
        text = line.rstrip()
        if macro:
            macro = not MACRO_END.match(text)
        elif MACRO.match(text):
            macro = True
        elif text and not text.lstrip().startswith("!"):
            yield number, text


def _placed(kept: list[tuple[int, str]]) -> list[Line] | None:
    """The parser gives sections and no numbers: a banner is one item for all its lines."""
    if not kept:
        return []
    kept = [(kept[0][0], kept[0][1].lstrip()), *kept[1:]]
    found, at = [], 0
    try:
        items = _parser()("\n".join(text for _, text in kept)).config_lines
    except (ValueError, IndexError, RuntimeError):
        return None
    for item in items:
        span = item.config_line.count("\n") + 1
        if span == 1 and not any(parent.startswith(BANNER) for parent in item.parents):
            found.append(Line(kept[at][0], kept[at][1], item.parents))
        at += span
    return found


@cache
def _parser() -> type[IOSConfigParser]:
    """The parser for IOS, imported when the first configuration comes.

    It would put a line that stands twice below the line above it, which suits some authentication
    lists; here a repeated line stays where its indent puts it.
    """
    from netutils.config.parser import IOSConfigParser

    class Sections(IOSConfigParser):
        def _update_same_line_children_configs(self) -> None:
            """Leave repeated lines where they stand."""

    return Sections
