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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fnmatch import translate
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from cssm_lib.errors import ConfigError
from cssm_lib.rules.fitting import CONFIDENCE, misfits
from cssm_lib.schema.toml import key_text, read_toml

PARTS, MORE = ("value", "source", "confidence", "as_of"), ("unit", "one_of", "like")


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
    _classes: dict[tuple[str | None, ...], pl.DataFrame] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

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
    return {path: _rule(path, entry) for path, entry in _entries().items()}


@cache
def _entries() -> dict[str, Mapping[str, Any]]:
    """Every entry of the shipped packs as it is written, by path."""
    packs = sorted(files("cssm_lib.rulebook").iterdir(), key=lambda item: item.name)
    found = [read_pack(one.name, one.read_bytes()) for one in packs if one.name.endswith(".toml")]
    return {path: entry for pack in found for path, entry in pack.items()}


def read_pack(name: str, data: bytes) -> dict[str, Mapping[str, Any]]:
    r"""The entries of a rule pack by path, checked; `name` is its file, `history.toml`.

    Raises ConfigError with every fault: an entry that is no table or lacks value, source,
    confidence or as_of, or says something there that is none.

    >>> pack = b'[days]\nvalue = 3\nsource = "s"\nconfidence = "low"\nas_of = 2026-11-01'
    >>> read_pack("a.toml", pack)["a.days"]["value"]
    3
    """
    content = read_toml(name, data)
    faults = [
        f"{name}: {key_text(key)}{fault}"
        for key, entry in content.items()
        for fault in _entry_faults(entry)
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return {f"{name.removesuffix('.toml')}.{key}": entry for key, entry in content.items()}


def _entry_faults(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [f": should be a table; found {entry!r}."]
    missing = [name for name in PARTS if name not in entry]
    if missing:
        return [f".{name}: missing; add it." for name in missing]
    unknown = [name for name in entry if name not in (*PARTS, *MORE)]
    found = [
        f".{key_text(name)}: unknown key; there are {', '.join((*PARTS, *MORE))}."
        for name in unknown
    ]
    for name in ("source", "confidence", "unit"):
        if not isinstance(entry.get(name, ""), str):
            found.append(f".{name}: should be a text; found {entry[name]!r}.")
    if entry["confidence"] not in CONFIDENCE:
        said = ", ".join(CONFIDENCE)
        found.append(f".confidence: should be one of {said}; found {entry['confidence']!r}.")
    if not isinstance(entry["as_of"], dt.date) or isinstance(entry["as_of"], dt.datetime):
        found.append(f".as_of: should be a day, such as 2026-11-01; found {entry['as_of']!r}.")
    return found


def _rule(path: str, entry: Mapping[str, Any]) -> Rule:
    said = {name: entry[name] for name in PARTS}
    return Rule(path=path, unit=entry.get("unit", ""), **said)


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


def _overridden(rules: Mapping[str, Rule], path: str, value: Any, *, where: str) -> Rule:
    """A rule with another value, or a table with another value under one of its keys."""
    entry, inner = _found(path, rules, where)
    held, old = _part(entry["value"], inner), rules[path.removesuffix(".".join(["", *inner]))]
    like = {**entry, "value": held, "one_of": _part(entry.get("one_of"), inner)}
    faults = misfits(like, value)
    if faults:
        raise ConfigError("\n".join(f"{where}: rules.{path!r}{fault}" for fault in faults))
    return replace(old, value=_put(old.value, inner, plain(value)), source=where, overridden=True)


def _found(
    path: str, rules: Mapping[str, Rule], where: str
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The entry that a path means, and the keys that lead on inside its value."""
    steps = path.split(".")
    for length in range(len(steps), 0, -1):
        own, inner = ".".join(steps[:length]), tuple(steps[length:])
        if own in rules and (not inner or _part(_entries()[own]["value"], inner) is not None):
            return _entries()[own], inner
    table = path.rpartition(".")[0]
    held = rules[table].value if table in rules else None
    near = difflib.get_close_matches(path, rules, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    if isinstance(held, dict):
        hint = f"; {table!r} has {', '.join(sorted(held))}."
    raise ConfigError(f"{where}: rules.{path!r} is no rule of this version{hint}")


def _part(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _put(value: Any, keys: Sequence[str], new: Any) -> Any:
    return {**value, keys[0]: _put(value[keys[0]], keys[1:], new)} if keys else new


def plain(value: Any) -> Any:
    """A value as the rule packs hold it: numbers with a point are floats, at every depth."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value


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
    names = licenses.unique().sort()
    kept, key = rules._classes, tuple(names)
    if key not in kept:
        if len(kept) > 8:  # a client asks for the same few sets of names again and again
            kept.clear()
        kept[key] = _classed(names, rules)
    return kept[key]


def _classed(names: pl.Series, rules: Rules) -> pl.DataFrame:
    return pl.DataFrame({"license": names}, schema={"license": pl.String}).with_columns(
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
