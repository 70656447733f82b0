"""Client → the same Client without a name in it: every identifier by a keyed hash, joins intact.

Equal identifiers become equal pseudonyms in every table, also where they differ in case only or
where one is the short name of the other, so that nothing that is counted changes. What is a name is
told by its column; in free text every known name is replaced, and addresses and host names that
stand nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.client import Client
from cssm_lib.errors import ParameterError

SHORTEST_KEY, SHORTEST_WORD = 16, 4
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# columns that hold one identifier each, by what it is, in every table that has them
KINDS = {
    "account": ("smart_account", "account_name", "cssm_smart_account_name", "virtual_account"),
    "host": ("hostname", "device", "display_name", "domain", "account_domain"),
    "serial": ("serial", "member_serial", "device_serial", "board_serial_number", "license_key"),
    "address": ("ip", "ip_address", "mac", "mac_address", "proxy_address"),
    "person": ("user",),
    "site": ("site",),
    "file": ("source",),
    "number": (
        *("subscription_id", "subscription_name", "order_number", "web_order_id", "quote_number"),
        *("account_id", "virtual_account_id", "organization_id", "network_id", "license_id"),
        *("head_license_id", "queued_behind", "cssm_smart_account_id", "uuid", "device_uuid"),
        *("custom_id", "confirmation_code", "trust_id", "transaction_id", "sle_auth_code"),
    ),
}
# names that are identifiers in some tables only
IN_TABLE = {
    "assets": {"name": "host"},
    "meraki_devices": {"name": "host"},
    "accounts": {"name": "account"},
    "on_prem_accounts": {"name": "account"},
}
# the vendor's and the program's own words: never names of the customer
KEPT = frozenset(
    (
        "license license_raw licenses tag billing license_type status witness kind digest place"
        " encoding delimiter date_from table rule pid udi_pid product software_version feature"
        " from_license to_license substitution_type metric sku currency product_tag command"
        " commands zone mapping unmapped"
    ).split()
)
WITHHELD = {"rejects": ("value",)}
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


def read_key(path: Path) -> bytes:
    """The bytes of a key file; ParameterError where it cannot be read or is too short."""
    try:
        key = path.read_bytes().strip()
    except OSError as fault:
        raise ParameterError(f"{path.name}: cannot be read ({fault.strerror}).") from None
    if len(key) < SHORTEST_KEY:
        raise ParameterError(
            f"{path.name}: {len(key)} bytes are no key; write at least {SHORTEST_KEY} random bytes,"
            " as `openssl rand -hex 32` prints them, and keep the file away from the packs."
        )
    return key


def pseudonymised(client: Client, key: bytes) -> Client:
    """The client with every identifier replaced in its name, terms and tables.

    Patterns over accounts and hosts become the pseudonyms of the names that fit them; hints about
    sources and reasons in words are left out; values of rejected records are withheld.
    """
    names = Pseudonyms(key)
    shown = names.named("client", client.name)
    renamed = {name: _renamed(name, table, names) for name, table in client.tables.items()}
    config = _terms(client, names).model_copy(update={"client": shown})
    tables = {name: _told(name, table, names) for name, table in renamed.items()}
    entries = {
        path: replace(rule, value=_in_value(rule.value, names)) if rule.overridden else rule
        for path, rule in client.rules.entries.items()
    }
    told = {"name": shown, "config": config, "tables": tables}
    told |= {"rules": replace(client.rules, entries=entries)}
    told |= {"scenario": client.scenario and _scenario(client.scenario, names)}
    return replace(client, **told, actions=_actions(client.actions, names))


def _scenario(scenario: Any, names: Pseudonyms) -> Any:
    """The scenario under another name, its actions numbered: their names speak of hosts."""
    numbered = [
        action.model_copy(update={"name": f"action {place}", "why": None})
        for place, action in enumerate(scenario.actions, 1)
    ]
    numbers = {one.name: new.name for one, new in zip(scenario.actions, numbered, strict=True)}
    decisions = [_decision(one, numbers, names) for one in scenario.decisions]
    update = {"name": names.named("scenario", scenario.name), "actions": tuple(numbered)}
    return scenario.model_copy(update=update | {"decisions": tuple(decisions)})


def _decision(decision: Any, numbers: Mapping[str, str], names: Pseudonyms) -> Any:
    """Who decided is a person; what was decided, and what stays open, is in words of the user's."""
    update = {"decided": "withheld", "open": decision.open and "withheld"}
    update |= {"by": names.of("person", decision.by), "action": numbers.get(decision.action)}
    return decision.model_copy(update=update)


def _actions(actions: pl.DataFrame, names: Pseudonyms) -> pl.DataFrame:
    """The user's own list: who does it is a person; notes and own columns are withheld."""
    actions = _mapped(actions, "id", lambda id_: "/".join(map(names.whole, id_.split("/"))))
    actions = _mapped(actions, "action", names.text)
    actions = _mapped(actions, "owner", lambda value: names.of("person", value))
    return actions.with_columns(
        pl.lit(None, actions.schema[column]).alias(column) for column in ("note", "other")
    )


def _in_value(value: Any, names: Pseudonyms) -> Any:
    """A rule's value as client.toml sets it, with the names in its texts replaced."""
    if isinstance(value, str):
        return names.text(value)
    if isinstance(value, Mapping):
        return {key: _in_value(one, names) for key, one in value.items()}
    return [_in_value(one, names) for one in value] if isinstance(value, list | tuple) else value


def _kinds_in(name: str, table: pl.DataFrame) -> dict[str, str]:
    """Column → kind of its identifiers."""
    everywhere = {column: kind for kind, columns in KINDS.items() for column in columns}
    everywhere |= IN_TABLE.get(name, {})
    return {
        column: kind
        for column, kind in everywhere.items()
        if column in table.columns and table.schema[column] == pl.String
    }


def _renamed(name: str, table: pl.DataFrame, names: Pseudonyms) -> pl.DataFrame:
    """A table with its identifiers replaced; other text still as it was."""
    for column, kind in _kinds_in(name, table).items():
        table = _mapped(table, column, lambda value, kind=kind: names.of(kind, value))
    return table


def _told(name: str, table: pl.DataFrame, names: Pseudonyms) -> pl.DataFrame:
    """A table with the names in its free text replaced."""
    done = {*_kinds_in(name, table), *KEPT}
    free = [column for column, dtype in table.schema.items() if dtype == pl.String]
    for column in [column for column in free if column not in done]:
        withheld = column in WITHHELD.get(name, ())
        table = _mapped(table, column, (lambda _: "withheld") if withheld else names.text)
    return table


def _mapped(table: pl.DataFrame, column: str, change: Any) -> pl.DataFrame:
    """Each distinct value is changed once."""
    values = table[column].drop_nulls().unique().sort()
    shown = pl.Series([change(value) for value in values], dtype=pl.String)
    return table.with_columns(
        pl.col(column).replace_strict(values, shown, default=None, return_dtype=pl.String)
    )


def _terms(client: Client, names: Pseudonyms) -> Any:
    """The settings of client.toml with names replaced."""
    config, known = client.config, _known(client)
    accounts = [
        one.model_copy(update={"name": names.of("account", one.name)})
        for one in config.smart_accounts
    ]
    agreements = [_agreement(one, names, known) for one in config.agreements]
    hosts = ("smart_account", "virtual_account", "hostname")
    update = {
        "smart_accounts": tuple(accounts),
        "agreements": tuple(agreements),
        "intended_tiers": _spread(config.intended_tiers, hosts, names, known),
        "exclude": tuple(
            one.model_copy(update={"why": "withheld"})
            for one in _spread(config.exclude, hosts[:2], names, known)
        ),
        "planned": _planned(config, names),
        "sources": (),
    }
    return config.model_copy(update=update)


def _planned(config: Any, names: Pseudonyms) -> tuple[Any, ...]:
    agreements = [one.name for one in config.agreements]
    return tuple(
        entry.model_copy(update={"agreement": names.named("agreement", name), "why": "withheld"})
        for entry in config.planned
        for name in agreements
        if fnmatchcase(name.casefold(), entry.agreement.casefold())
    )


def _agreement(agreement: Any, names: Pseudonyms, known: Mapping[str, list[str]]) -> Any:
    update = {"name": names.named("agreement", agreement.name)}
    for column in ("smart_account", "virtual_account"):
        patterns = getattr(agreement, f"{column}s")
        fit = [name for one in patterns for name in _fitting(one, column, names, known)]
        update[f"{column}s"] = tuple(dict.fromkeys(fit))
    suites = [one.model_copy(update={"name": names.text(one.name)}) for one in agreement.suites]
    return agreement.model_copy(update=update | {"suites": tuple(suites)})


def _spread(
    entries: Iterable[Any],
    columns: tuple[str, ...],
    names: Pseudonyms,
    known: Mapping[str, list[str]],
) -> tuple[Any, ...]:
    """Entries with patterns as entries with the pseudonyms of all names that fit."""
    spread = list(entries)
    for column in columns:
        spread = [
            one.model_copy(update={column: name})
            for one in spread
            for name in _fitting(getattr(one, column), column, names, known)
        ]
    return tuple(spread)


def _fitting(
    pattern: str, column: str, names: Pseudonyms, known: Mapping[str, list[str]]
) -> list[str]:
    kind = "host" if column == "hostname" else "account"
    if pattern == "*":
        return ["*"]
    fit = [one for one in known[column] if fnmatchcase(one.casefold(), pattern.casefold())]
    return [names.of(kind, one) for one in fit] or [names.of(kind, pattern)]


def _known(client: Client) -> dict[str, list[str]]:
    """Every name of a column in any table, in order."""
    found = {}
    for column in ("smart_account", "virtual_account", "hostname"):
        parts = [t[column] for t in client.tables.values() if column in t.columns]
        found[column] = pl.concat(parts).drop_nulls().unique().sort().to_list() if parts else []
    return found
