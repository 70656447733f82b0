"""Pseudonyms of single identifiers and of the names in a text, all made by one key."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field

from cssm_lib.errors import ParameterError

SHORTEST_WORD = 4
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# told apart by their case in what is counted, as the vendor does
BY_CASE = frozenset({"account", "person", "site"})
SHARED = {"default", "none", "n/a", "unknown"}  # words that name no customer
WORD = re.compile(r"[\w](?:[\w.:@/-]*\w)?")
FOUND = {
    "address": re.compile(
        r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"
        r"|\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b|\b(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}\b"
    ),
    "person": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
}
DAY = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")


@dataclass
class Pseudonyms:
    """Names given so far, by the identifier without its case; one key gives the same ones always.

    >>> names = Pseudonyms(b"a key of sixteen or more bytes")
    >>> names.of("host", "SW1.corp.example").partition(".")[0] == names.of("host", "SW1")
    True
    """

    key: bytes = field(repr=False)
    given: dict[str, str] = field(default_factory=dict)
    exact: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """What tells one key from another and says nothing of it."""
        return self._digest("mark of the key").hex()[:16]

    def of(self, kind: str, value: str) -> str:
        """The pseudonym of one identifier, in the case that the identifier is in."""
        value = value.strip()
        if not value or value.casefold() in SHARED:
            return value
        if kind == "file":
            return self._path(value)
        if kind == "host" and "." in value and not _address(value):
            label, _, rest = value.partition(".")
            return f"{self.of('host', label)}.{self._cased('domain', rest)}"
        return self._cased("address" if _address(value) else kind, value)

    def _path(self, path: str) -> str:
        """Folders and names of a file; a day and an ending stay, as they are evidence."""
        parts = re.split(r"(!?/)", path)
        shown = "".join(part if part in ("/", "!/") else self._part(part) for part in parts)
        return self.given.setdefault(path.casefold(), shown)

    def _part(self, part: str) -> str:
        stem, dot, ending = part.rpartition(".")
        if DAY.fullmatch(part) or not part:
            return part
        if dot and stem and len(ending) <= 5:
            return f"{self._new('file', f'file {stem}')}.{ending}"
        return self._new("file", f"file {part}")

    def named(self, kind: str, value: str) -> str:
        """The pseudonym of a name that is told from others by its case too."""
        if value not in self.exact:
            self.exact[value] = self._new(kind, value)
            self.given.setdefault(value.casefold(), self.exact[value])
        return self.exact[value]

    def _cased(self, kind: str, value: str) -> str:
        if kind in BY_CASE:
            return self.named(kind, value)
        plain = value.casefold()
        if plain not in self.given:
            self.given[plain] = self._new(kind, plain)
        return _in_case(self.given[plain], value, self._digest(f"case {value}"))

    def _new(self, kind: str, plain: str) -> str:
        """A name that no other identifier has."""
        for turn in range(1000):
            name = _shaped(kind, plain, self._digest(f"{turn} {plain}"))
            if self.taken.setdefault(name, plain) == plain:
                return name
        raise ParameterError("the names are too many for their shapes; give another key.")

    def _digest(self, text: str) -> bytes:
        return hmac.new(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha512).digest()

    def whole(self, text: str) -> str:
        """A known name as a whole, else the text with the known names in it replaced."""
        return self.exact.get(text) or self.text(text)

    def text(self, text: str) -> str:
        """Free text with every known name in it replaced, and addresses wherever they stand."""
        whole = self.given.get(text.strip().casefold())
        if whole is not None:
            return whole
        for kind, pattern in FOUND.items():
            text = pattern.sub(lambda found, kind=kind: self.of(kind, found[0]), text)
        for name in self._spaced:
            if name in text.casefold():
                text = re.sub(re.escape(name), self.given[name], text, flags=re.IGNORECASE)
        return WORD.sub(lambda found: self._word(found[0]), text)

    @property
    def _spaced(self) -> list[str]:
        """Known names that are more than one word, longest first."""
        names = [
            name for name in self.given if not WORD.fullmatch(name) and len(name) >= SHORTEST_WORD
        ]
        return sorted(names, key=len, reverse=True)

    def _word(self, word: str) -> str:
        plain = word.casefold()
        if plain in self.given and len(plain) >= SHORTEST_WORD:
            return _in_case(self.given[plain], word, self._digest(f"case {word}"))
        parts = re.split(r"([/:@.])", word)
        if len(parts) == 1:
            return word
        return "".join(part if part in "/:@." else self._word(part) for part in parts)


def _address(value: str) -> bool:
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _shaped(kind: str, plain: str, digest: bytes) -> str:
    """A name of the same kind: serials, numbers and addresses keep their shape."""
    number = int.from_bytes(digest, "big")
    if kind == "address" and _address(plain) and ":" not in plain:
        return f"10.{digest[0]}.{digest[1]}.{digest[2]}"
    if kind in ("address", "serial", "number") and sum(map(str.isalnum, plain)) >= 8:
        return _same_shape(plain, number, LETTERS[:6] if kind == "address" else LETTERS)
    letters = ""
    for _ in range(12):
        number, place = divmod(number, 26)
        letters += LETTERS[place]
    return f"{kind}-{letters}"


def _same_shape(plain: str, number: int, letters: str) -> str:
    shown = ""
    for letter in plain:
        some = "0123456789" if letter.isdigit() else letters if letter.isalpha() else letter
        number, place = divmod(number, len(some))
        shown += some[place]
    return shown


def _in_case(name: str, value: str, digest: bytes) -> str:
    """Upper and lower case as the identifier has it; mixed case differs where it differed."""
    if value == value.casefold():
        return name
    if value == value.upper():
        return name.upper()
    bits = int.from_bytes(digest[:8], "big")
    return "".join(
        letter.upper() if bits >> place & 1 else letter for place, letter in enumerate(name)
    )
