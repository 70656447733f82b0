"""What the workshop's controls say, as actions: each knob owns one named action of the scenario."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from glob import escape
from typing import Any

from cssm_lib.scenario.draft import action_of, find, put, said_of, without
from cssm_lib.scenario.model import AnyAction, Scenario

ANY = "*"


@dataclass(frozen=True)
class Knob:
    """One action by its name: what is fixed of it, and the keys that the knob turns."""

    name: str
    fixed: Mapping[str, Any]
    keys: tuple[str, ...]

    def read(self, scenario: Scenario) -> dict[str, Any]:
        """What the scenario says under the knob's keys; empty where it does not turn it."""
        own = self._own(scenario)
        said = said_of(own) if own else {}
        return {key: said[key] for key in self.keys if said.get(key, ANY) != ANY}

    def turned(self, scenario: Scenario, **values: Any) -> Scenario:
        """The scenario with these keys so; None takes a key out, and with the last one the action.

        What else a loaded action says is kept. ConfigError names the key of a fault.
        """
        told = self.read(scenario) | values
        told = {key: value for key, value in told.items() if value is not None}
        if not told:
            return without(scenario, self._own_name(scenario))
        own = self._own(scenario)
        kept = {k: v for k, v in said_of(own).items() if k not in self.keys} if own else {}
        said = {**self.fixed, **kept, **told, "name": self._own_name(scenario)}
        return put(scenario, action_of(said))

    def _own_name(self, scenario: Scenario) -> str:
        """The knob's name, or the next one where a loaded action of another kind has it."""
        named = find(scenario, self.name)
        return self.name if named is None or self._fits(named) else f"{self.name} (2)"

    def _own(self, scenario: Scenario) -> AnyAction | None:
        named = find(scenario, self._own_name(scenario))
        return named if named is not None and self._fits(named) else None

    def _fits(self, action: AnyAction) -> bool:
        said = said_of(action)
        return all(said.get(key, ANY) == value for key, value in self.fixed.items())


RETIRE = Knob(
    "Retire instances",
    {"do": "retire"},
    ("silent_days", "smart_account", "virtual_account", "hostname"),
)


def growth(license_: str) -> Knob:
    """Growth of a licence; `*`: of all.

    >>> growth("*").turned(Scenario(name="A"), share=Decimal("0.1")).actions[0].name
    'Growth of all licences'
    """
    name = "all licences" if license_ == ANY else license_
    return Knob(f"Growth of {name}", {"do": "grow", "license": pattern(license_)}, ("share",))


def terms(agreement: str) -> Knob:
    """Discount, uplift, reading and end of an agreement."""
    keys = ("discount", "renewal_discount", "renewal_uplift", "reading", "end")
    fixed = {"do": "terms", "agreement": pattern(agreement), "sku": ANY}
    return Knob(f"Terms of {agreement}", fixed, keys)


def price(agreement: str, sku: str) -> Knob:
    """The price of a line."""
    fixed = {"do": "terms", "agreement": pattern(agreement), "sku": pattern(sku)}
    return Knob(f"Price of {sku} in {agreement}", fixed, ("price",))


def pattern(name: str) -> str:
    """A name as the pattern that fits it alone; `*` stays what fits all.

    >>> pattern("*"), pattern("Lab [old]")
    ('*', 'Lab [[]old]')
    """
    return name if name == ANY else escape(name)


def move(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a proposed move says: a row of `transfers`."""
    said = {name: row[name] for name in MOVED}
    units, license_ = row["quantity"], row["license"]
    gives, takes = row["from_virtual_account"], row["to_virtual_account"]
    return {
        "do": "move",
        "name": _cut(f"Move {units} {license_} from {gives} to {takes}"),
        **said,
        "units": units,
    }


MOVED = ("smart_account", "license", "from_virtual_account", "to_virtual_account")


def tier(from_license: str, to_license: str, account: tuple[str, str]) -> dict[str, Any]:
    """What a change of tier says, for an account or all."""
    where = "" if account == (ANY, ANY) else f" in {account[1]}"
    return {
        "do": "tier",
        "name": _cut(f"{from_license} to {to_license}{where}"),
        **accounts(account),
        "from_license": pattern(from_license),
        "to_license": to_license,
    }


def leave_out(
    account: tuple[str, str], license_: str, days: tuple[dt.date | None, dt.date | None]
) -> dict[str, Any]:
    """What leaving out seasonal or project use says."""
    what = "all licences" if license_ == ANY else license_
    where = "" if account == (ANY, ANY) else f" in {account[1]}"
    said = {"from": days[0], "to": days[1]}
    return {
        "do": "leave_out",
        "name": _cut(f"Leave out {what}{where} from {days[0]} to {days[1]}"),
        **accounts(account),
        "license": pattern(license_),
    } | {key: day for key, day in said.items() if day is not None}


def accounts(account: tuple[str, str]) -> dict[str, str]:
    """A Smart Account and a Virtual Account as patterns.

    >>> accounts(("*", "*")), accounts(("a.example", "HQ"))
    ({}, {'smart_account': 'a.example', 'virtual_account': 'HQ'})
    """
    both = dict(zip(("smart_account", "virtual_account"), map(pattern, account), strict=True))
    return {key: value for key, value in both.items() if value != ANY}


def share(percent: float) -> Decimal:
    """A percentage of a control as the share that a scenario says.

    >>> share(7.5), share(-20)
    (Decimal('0.075'), Decimal('-0.20'))
    """
    return Decimal(str(percent)).scaleb(-2)


def _cut(name: str) -> str:
    """Names of two accounts and a licence may be longer than a name may be."""
    return name if len(name) <= 1000 else f"{name[:999]}…"
