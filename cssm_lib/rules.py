"""Dated, cited rule packs: what is contested or may change is data, one entry with its source each.

A path is `<file>.<entry>`, for example `positions.window_days`. `client.toml` `[rules]` overrides
a value by its path, one name of an entry that is a table by its own, such as
`calendar.cadence.security`; `assumed = true` there switches on the records that nobody has proven.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import translate
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from cssm_lib.errors import ConfigError

CONFIDENCE = ("high", "medium", "low", "assumed")


@dataclass(frozen=True)
class Rule:
    """One entry of a rule pack: the value, its unit, who says so, how sure it is and since when."""

    path: str
    value: Any
    unit: str
    source: str
    confidence: str
    as_of: dt.date
    overridden: bool = False


@dataclass(frozen=True)
class Rules:
    """The resolved rules of one client, by path."""

    entries: Mapping[str, Rule]

    def __getitem__(self, path: str) -> Any:
        return self.entries[path].value

    def digest(self) -> str:
        """One digest over all paths and values."""
        said = repr(sorted((path, repr(rule.value)) for path, rule in self.entries.items()))
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def load_rules(overrides: Mapping[str, Any] | None = None, *, where: str = "client.toml") -> Rules:
    """The shipped rule packs with a client's overrides.

    Raises ConfigError for a path that no rule pack has or a value of another type.

    >>> load_rules()["positions.window_days"]
    365
    >>> load_rules({"positions.window_days": 180})["positions.window_days"]
    180
    """
    chosen = dict(overrides or {})
    assumed = chosen.pop("assumed", False)
    if not isinstance(assumed, bool):
        raise ConfigError(f"{where}: rules.assumed is true or false, not {assumed!r}.")
    entries = {path: _without_unproven(rule, assumed) for path, rule in _shipped().items()}
    for path, value in chosen.items():
        rule = _overridden(entries, path, value, where=where)
        entries[rule.path] = rule
    return Rules(entries)


@cache
def _shipped() -> dict[str, Rule]:
    packs = sorted(files("cssm_lib.rulebook").iterdir(), key=lambda item: item.name)
    found = {}
    for pack in packs:
        if pack.name.endswith(".toml"):
            found |= _entries(
                pack.name.removesuffix(".toml"), tomllib.loads(pack.read_text("utf-8"))
            )
    return found


def _entries(pack: str, content: Mapping[str, Any]) -> dict[str, Rule]:
    return {
        f"{pack}.{name}": Rule(
            path=f"{pack}.{name}",
            value=entry["value"],
            unit=entry.get("unit", ""),
            source=entry["source"],
            confidence=entry["confidence"],
            as_of=entry["as_of"],
        )
        for name, entry in content.items()
    }


def _without_unproven(rule: Rule, assumed: bool) -> Rule:
    """Records of a list that are only assumed stay out until the client switches them on."""
    if assumed or not isinstance(rule.value, list):
        return rule
    proven = [
        item
        for item in rule.value
        if not (isinstance(item, dict) and item.get("confidence") == "assumed")
    ]
    return replace(rule, value=proven)


def _overridden(entries: Mapping[str, Rule], path: str, value: Any, *, where: str) -> Rule:
    table, _, name = path.rpartition(".")
    if path not in entries and table in entries and isinstance(entries[table].value, dict):
        held = entries[table].value
        like = held.get(name, next(iter(held.values()), value))
        _checked_type(path, like, value, where=where)
        path, value = table, held | {name: value}
    if path not in entries:
        near = difflib.get_close_matches(path, entries, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ConfigError(f"{where}: rules.{path!r} is no rule of this version{hint}")
    rule = entries[path]
    _checked_type(path, rule.value, value, where=where)
    number = float(value) if isinstance(value, Decimal) else value
    return replace(rule, value=number, source=where, overridden=True)


def _checked_type(path: str, like: Any, value: Any, *, where: str) -> None:
    if not _same_type(like, value):
        kind = type(like).__name__
        raise ConfigError(
            f"{where}: rules.{path!r} takes a value of type {kind} such as {like!r}, not {value!r}."
        )


def _same_type(shipped: Any, given: Any) -> bool:
    if isinstance(shipped, bool) or isinstance(given, bool):
        return isinstance(shipped, bool) and isinstance(given, bool)
    if isinstance(shipped, float):
        return isinstance(given, int | float | Decimal)
    return isinstance(given, type(shipped))


def checked_tiers(said: Sequence[str], rules: Rules, *, where: str = "client.toml") -> None:
    """Raise one ConfigError for all of `[[intended_tiers]]` that no ladder and no set knows.

    >>> checked_tiers(["essentials", "DNA-Advantage", "threat + url"], load_rules())
    """
    parts = _tiers_by_part(rules)
    faults = [
        f"{where}: intended_tiers[{n}].tier: {fault}"
        for n, tier in enumerate(said)
        for fault in _no_tier(tier, parts)
    ]
    if faults:
        raise ConfigError("\n".join(faults))


def _tiers_by_part(rules: Rules) -> dict[str, list[str]]:
    """The tiers that licence names can say of each part; those of ladders from low to high."""
    order, found = rules["tiers.order"], {}
    for record in rules["tiers.names"]:
        group = re.search(r"\?P<tier>([^)]*)\)", record["pattern"])
        words = group[1].lower().split("|") if group else [record["part"]]
        found.setdefault(record["part"], set()).update(words)
    rank = {tier: place for place, tier in enumerate(order)}
    return {
        part: sorted(tiers, key=lambda tier: (rank.get(tier, len(order)), tier))
        for part, tiers in found.items()
    }


LADDER_PARTS = ("network", "add-on")
LADDERS = {"network-": LADDER_PARTS[:1], "dna-": LADDER_PARTS[1:]}


def _no_tier(said: str, parts: Mapping[str, list[str]]) -> Iterator[str]:
    """What is wrong with a tier as `[[intended_tiers]]` says it; nothing where it is one."""
    plain = said.strip().lower().removeprefix("air-")
    prefix = next((name for name in LADDERS if plain.startswith(name)), "")
    ladders = LADDERS.get(prefix, LADDER_PARTS)
    steps = list(dict.fromkeys(tier for part in ladders for tier in parts.get(part, ())))
    members = [tier for part, some in parts.items() if part not in LADDER_PARTS for tier in some]
    words = [plain.removeprefix(prefix)] if prefix else [w.strip() for w in plain.split("+")]
    known = steps if prefix else steps + members
    odd = [word for word in words if word not in known]
    mixed = len(words) > 1 and any(word in steps for word in words)
    if not odd and not mixed:
        return
    near = difflib.get_close_matches(odd[0], known, n=1, cutoff=0.5) if odd else []
    hint = f"; did you mean {prefix + near[0]!r}?" if near else "."
    tiers = f"Tiers of the {' and '.join(ladders)} ladder: {', '.join(steps)}"
    sets = "" if prefix else f"; of a set, joined by +: {', '.join(members)}"
    yield f"{said!r} is a tier of no ladder{hint} {tiers}{sets}."


def licence_classes(licenses: pl.Series, rules: Rules) -> pl.DataFrame:
    """One row per licence name: whether it is perpetual or export-restricted, and its rung of a
    ladder.

    Columns: license, perpetual, export_restricted, ladder (null without one), rung (0 = lowest
    tier), ladder_confidence. A ladder's key is family + hardware class + metric + perpetual or
    term: only licences of equal `ladder` may lend to each other (rules.md, Demand).

    >>> names = pl.Series(["C9300 48P DNA Advantage", "C9300 24P DNA Essentials"])
    >>> licence_classes(names, load_rules())["ladder"].n_unique()
    2
    """
    names = pl.DataFrame({"license": licenses.unique().sort()}, schema={"license": pl.String})
    return names.with_columns(
        _matches(rules["licences.perpetual"]).alias("perpetual"),
        _matches(rules["licences.export_restricted"]).alias("export_restricted"),
        *_rungs(rules["licences.ladders"]),
    )


def matches_any(patterns: list[str]) -> str:
    """Shell-style patterns as one regular expression for polars, case and place folded."""
    # fnmatch writes Python's \\Z and atomic groups, which polars' regex engine spells otherwise
    bodies = [translate(pattern)[4:-3].replace("(?>", "(?:") for pattern in patterns]
    return "(?is)^(?:" + "|".join(bodies) + ")$" if bodies else "^\\b$"


def _matches(patterns: list[str]) -> pl.Expr:
    return pl.col("license").str.contains(matches_any(patterns)).fill_null(False)


def _rungs(ladders: list[dict[str, Any]]) -> list[pl.Expr]:
    """First ladder whose pattern fits wins; `family` and `hardware` groups are part of the key."""
    key, rung, confidence = pl.lit(None, pl.String), pl.lit(None, pl.Int64), pl.lit(None, pl.String)
    for ladder in reversed(ladders):
        fits = pl.col("license").str.contains(ladder["pattern"])
        groups = pl.col("license").str.extract_groups(ladder["pattern"]).struct
        parts = [groups.field(name).fill_null("") for name in ladder["key"]]
        own_key = pl.concat_str(pl.lit(ladder["name"]), *parts, separator=" / ")
        tier = groups.field("tier").str.to_lowercase()
        rungs = {
            name.lower(): place
            for place, names in enumerate(ladder["tiers"])
            for name in names.split("|")
        }
        own_rung = tier.replace_strict(rungs, default=None, return_dtype=pl.Int64)
        key = pl.when(fits).then(own_key).otherwise(key)
        rung = pl.when(fits).then(own_rung).otherwise(rung)
        confidence = pl.when(fits).then(pl.lit(ladder["confidence"])).otherwise(confidence)
    return [key.alias("ladder"), rung.alias("rung"), confidence.alias("ladder_confidence")]
