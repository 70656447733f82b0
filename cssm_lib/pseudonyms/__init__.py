"""Client → the same Client without a name in it: every identifier by a keyed hash, joins intact.

Equal identifiers become equal pseudonyms in every table, also where they differ in case only or
where one is the short name of the other, so that nothing that is counted changes. What is a name is
told by its column; in free text every known name is replaced, and addresses and host names that
stand nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.client import Client
from cssm_lib.errors import ParameterError
from cssm_lib.pseudonyms.names import Pseudonyms

__all__ = ["IN_TABLE", "KINDS", "Pseudonyms", "pseudonymised", "read_key"]

SHORTEST_KEY = 16
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
    scenario = client.scenario and _scenario(client.scenario, names)
    tables = {name: _told(name, table, names) for name, table in renamed.items()}
    entries = {
        path: replace(rule, value=_in_value(rule.value, names)) if rule.overridden else rule
        for path, rule in client.rules.entries.items()
    }
    told: dict[str, Any] = {"name": shown, "config": config, "tables": tables}
    told |= {"rules": replace(client.rules, entries=entries)}
    actions = _actions(client.actions, names)
    return replace(client, **told, scenario=scenario, actions=actions)


def _scenario(scenario: Any, names: Pseudonyms) -> Any:
    """The scenario under another name, its actions numbered: their names speak of hosts."""
    numbered = [
        action.model_copy(update={"name": f"action {place}", "why": None})
        for place, action in enumerate(scenario.actions, 1)
    ]
    numbers = {one.name: new.name for one, new in zip(scenario.actions, numbered, strict=True)}
    shown = names.named("scenario", scenario.name)
    # the client's notes name an action so
    about = {f"{scenario.name} / {old}": f"{shown} / {new}" for old, new in numbers.items()}
    names.given.update((old.strip().casefold(), new) for old, new in about.items())
    decisions = [_decision(one, numbers, names) for one in scenario.decisions]
    update = {"name": shown, "actions": tuple(numbered)}
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
