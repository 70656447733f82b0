"""Folder names of a pack: readable, safe on every system, never two of a kind."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

ESTATE = "estate"
LONGEST = 60
NO_NAME = "unnamed"
FORBIDDEN = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]'
)
RESERVED = re.compile(
    r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|index\.html) *(\..*)?$", re.I
)


def safe_name(name: str) -> str:
    """A name as one folder: letters of every script stay, what a file system forbids does not.

    A name that had to change in a way that could make two names one carries a mark of the original.

    >>> safe_name("Zürich Spital AG")
    'Zürich Spital AG'
    >>> safe_name("../etc")
    'etc-53dac9b2'
    >>> safe_name("CON")
    '_CON-c1e04579'
    """
    kept = unicodedata.normalize("NFC", name).strip()
    tidy = FORBIDDEN.sub(" ", kept)
    tidy = re.sub(r"\s+", " ", tidy).strip(" .-~")
    tidy = _cut(tidy, LONGEST) or NO_NAME
    if RESERVED.match(tidy):
        return f"_{tidy}-{_mark(name)}"
    return tidy if tidy == kept else f"{tidy}-{_mark(name)}"


def unique_names(names: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Key → folder name, from key → (name, what tells it from a namesake).

    Names that differ in upper and lower case only are namesakes, as some file systems say.

    >>> unique_names({"a": ("Aurora", "a"), "b": ("AURORA", "b"), "c": ("Boreal", "c")})
    {'a': 'Aurora (a)', 'b': 'AURORA (b)', 'c': 'Boreal'}
    """
    plain = {key: safe_name(name) for key, (name, _) in names.items()}
    told = {key: safe_name(f"{name} ({other})") for key, (name, other) in names.items()}
    first = {key: told[key] if _twins(plain)[key] else plain[key] for key in plain}
    return _numbered(first)


def _twins(names: Mapping[str, str]) -> dict[str, bool]:
    often = Counter(map(_folded, names.values()))
    return {key: often[_folded(name)] > 1 for key, name in names.items()}


def _numbered(names: Mapping[str, str]) -> dict[str, str]:
    """What is still equal gets a number in the order given."""
    taken: set[str] = set()
    given = {}
    for key, name in names.items():
        free, number = name, 1
        while _folded(free) in taken:
            number += 1
            free = f"{name} {number}"
        taken.add(_folded(free))
        given[key] = free
    return given


def _folded(name: str) -> str:
    """What two names have in common on a file system that knows no case and no composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _cut(text: str, longest: int) -> str:
    """At most so many characters, and so many bytes that every file system takes them."""
    cut = text[:longest]
    while len(cut.encode()) > 2 * longest:
        cut = cut[:-1]
    return cut.rstrip(" .")


def _mark(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
