"""Whether a value fits where a rule pack has one of its kind: type, keys, size, words, patterns.

A record that lacks a key or a pattern that cannot be compiled would stop an analysis in its middle;
here it is told by its place.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from cssm_lib.schema.toml import key_text

# the largest number of a unit; further on, days and months lead out of the calendar
MOST = {"days": 36_500, "months": 1_200}
MOST_OF_ALL = 10**9
CONFIDENCE = ("high", "medium", "low", "assumed")
PATTERNS = ("pattern", "within", "unless")
GROUP = re.compile(r"\(\?P<(\w+)>")
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
WORDS |= {list: "a list", dict: "a table", dt.date: "a day"}


def misfits(entry: Mapping[str, Any], given: Any) -> list[str]:
    """What is wrong with a value given for an entry of a rule pack, each with its place in it.

    >>> misfits({"value": 365, "unit": "days"}, "long")
    [": should be a whole number, such as 365; found 'long'."]
    >>> misfits({"value": [{"tag": "a"}]}, [{"tga": "a"}])
    ['[0].tga: unknown key; there are tag.', '[0].tag: missing; add it.']
    """
    like = entry["value"] if entry["value"] or "like" not in entry else entry["like"]
    unit, one_of = str(entry.get("unit", "")), entry.get("one_of")
    patterns = unit.startswith(("pattern on", "patterns on"))
    return list(_misfits(like, given, "", Terms(unit, one_of, patterns)))


class Terms:
    """What an entry says of its values beside their type."""

    def __init__(self, unit: str, one_of: Any, patterns: bool) -> None:
        self.most = MOST.get(unit, MOST_OF_ALL)
        self.one_of, self.patterns = one_of, patterns

    def within(self, key: str) -> Terms:
        """The terms of one key of a table."""
        one_of = self.one_of.get(key) if isinstance(self.one_of, Mapping) else None
        one_of = list(CONFIDENCE) if key == "confidence" else one_of
        inner = Terms("", one_of, self.patterns or key in PATTERNS)
        inner.most = self.most
        return inner


def _misfits(like: Any, given: Any, at: str, terms: Terms) -> Iterator[str]:
    if not _same_type(like, given):
        such = f", such as {_short(like)}" if not isinstance(like, list | dict) else ""
        yield f"{at}: should be {WORDS[type(like)]}{such}; found {_short(given)}."
    elif isinstance(like, dict):
        yield from _keys([like], given, at, terms)
    elif isinstance(like, list):
        yield from _items(like, given, at, terms)
    elif isinstance(like, str):
        yield from _text(like, given, at, terms)
    elif not isinstance(like, bool | dt.date):
        yield from _number(like, given, at, terms)


def _same_type(like: Any, given: Any) -> bool:
    if isinstance(like, bool) or isinstance(given, bool):
        return isinstance(like, bool) and isinstance(given, bool)
    if isinstance(like, float):
        return isinstance(given, int | float | Decimal)
    return type(like) is type(given)


def _keys(
    likes: Sequence[Mapping[str, Any]], given: Mapping[str, Any], at: str, terms: Terms
) -> Iterator[str]:
    """Keys that every record has are needed, keys that none has are refused."""
    known = {key: value for one in reversed(likes) for key, value in one.items()}
    needed = set.intersection(*(set(one) for one in likes))
    for key, value in given.items():
        if key in known:
            yield from _misfits(known[key], value, f"{at}.{key_text(key)}", terms.within(key))
        else:
            yield f"{at}.{key_text(key)}: unknown key; there are {', '.join(known)}."
    yield from (f"{at}.{key}: missing; add it." for key in known if key in needed - set(given))
    if "pattern" in known and isinstance(given.get("pattern"), str):
        yield from _groups(likes, given, at)


def _groups(likes: Sequence[Mapping[str, Any]], given: Mapping[str, Any], at: str) -> Iterator[str]:
    """The named groups of a pattern that the rule looks at."""
    asked = set.intersection(*(set(GROUP.findall(one["pattern"])) for one in likes))
    key = given.get("key")
    asked |= {name for name in key if isinstance(name, str)} if isinstance(key, list) else set()
    for name in sorted(asked - set(GROUP.findall(given["pattern"]))):
        yield f"{at}.pattern: no group (?P<{name}>…) in it; found {_short(given['pattern'])}."


def _items(like: list[Any], given: list[Any], at: str, terms: Terms) -> Iterator[str]:
    if not like:
        return
    for number, value in enumerate(given):
        place = f"{at}[{number}]"
        if isinstance(like[0], dict) and isinstance(value, dict):
            yield from _keys(like, value, place, terms)
        else:
            yield from _misfits(like[0], value, place, terms)


def _text(like: str, given: str, at: str, terms: Terms) -> Iterator[str]:
    if "\0" in given:
        yield f"{at}: should hold no control character; found {_short(given)}."
    elif isinstance(terms.one_of, list) and given not in terms.one_of:
        yield f"{at}: should be one of {', '.join(terms.one_of)}; found {given!r}."
    elif terms.patterns and like and (why := _no_pattern(given)):
        yield f"{at}: no valid pattern ({why}); found {_short(given)}."


def _no_pattern(text: str) -> str | None:
    """Why a text is no regular expression for both Python and polars, or null."""
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python means to change one day
            re.compile(text)
        pl.Series([""]).str.contains(text)
    except re.error as fault:
        return str(fault)
    except pl.exceptions.PolarsError as fault:
        return [line for line in str(fault).splitlines() if line.strip()][-1].strip()
    return None


def _number(like: float, given: float | Decimal, at: str, terms: Terms) -> Iterator[str]:
    least = -terms.most if like < 0 or at else 0
    if not math.isfinite(given) or not least <= given <= terms.most:
        yield f"{at}: should be from {least} to {terms.most}; found {_short(given)}."


def _short(value: Any) -> str:
    text = str(value) if isinstance(value, Decimal | dt.date) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
