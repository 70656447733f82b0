"""A what-if as plain data: the TOML of a scenario, checked key by key as `client.toml` is."""

from __future__ import annotations

import difflib
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from cssm_lib.config import Range
from cssm_lib.config.checking import checked
from cssm_lib.config.words import (
    Day,
    Misplaced,
    Name,
    Number,
    Part,
    Price,
    Share,
    Units,
    flat_rules,
    no_twins,
)

Kept = Annotated[Number, Field(ge=-1)]
DEVICE = ("smart_account", "virtual_account", "pid", "hostname", "serial")


class Action(Part):
    """One change; its name is how the pack and the workshop speak of it.

    `from` is the first day that shows it; left out, the newest snapshot of each Smart Account.
    """

    name: Name
    smart_account: Name = "*"
    from_: Day | None = Field(None, alias="from")
    why: Name | None = None


class Instances(Action):
    """Product instances that fit every pattern."""

    virtual_account: Name = "*"
    pid: Name = "*"
    hostname: Name = "*"
    serial: Name = "*"


class Retire(Instances):
    """Instances are taken off: what they consume is free from that day on."""

    do: Literal["retire"]
    silent_days: Units | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Retire:
        if self.silent_days is None and all(getattr(self, name) == "*" for name in DEVICE):
            raise ValueError(
                "fits every product instance; give a pattern or `silent_days`, or write"
                ' hostname = "?*" to mean all with a name'
            )
        return self


class Move(Action):
    """Units change their Virtual Account inside one Smart Account."""

    do: Literal["move"]
    smart_account: Name
    license: Name
    from_virtual_account: Name
    to_virtual_account: Name
    units: Annotated[Units, Field(gt=0)]

    @model_validator(mode="after")
    def _moves(self) -> Move:
        if self.from_virtual_account == self.to_virtual_account:
            raise ValueError("from_virtual_account and to_virtual_account are the same; name two")
        return self


class Tier(Instances):
    """Instances consume another licence than today: a tier dropped or raised."""

    do: Literal["tier"]
    from_license: Name
    to_license: Name


class LeaveOut(Action):
    """Seasonal or project use is not there, from a day to a day."""

    do: Literal["leave_out"]
    virtual_account: Name = "*"
    license: Name = "*"
    from_: Day = Field(alias="from")
    to: Day

    @model_validator(mode="after")
    def _in_order(self) -> LeaveOut:
        if self.to < self.from_:
            raise ValueError(f"to ({self.to}) is before from ({self.from_}); swap them")
        return self


class Grow(Action):
    """Use grows by a share, or shrinks by one below 0."""

    do: Literal["grow"]
    virtual_account: Name = "*"
    license: Name = "*"
    share: Kept


class Terms(Part):
    """Prices and terms of agreements, suites and lines that fit."""

    do: Literal["terms"]
    name: Name
    why: Name | None = None
    agreement: Name = "*"
    suite: Name = "*"
    sku: Name = "*"
    entitled: Units | None = None
    price: Price | None = None
    per: Literal["month", "term", "year"] | None = None
    support_price: Price | None = None
    list_price: Price | None = None
    list_date: Day | None = None
    discount: Annotated[Share, Field(le=1)] | None = None
    renewal_discount: Range | None = None
    renewal_uplift: Range | None = None
    reading: Name | None = None
    outside_stock: Literal["ignored", "offsets"] | None = None
    end: Day | None = None


AnyAction = Annotated[Retire | Move | Tier | LeaveOut | Grow | Terms, Field(discriminator="do")]


class Decision(Part):
    """What was decided in the room, by whom, and what stays open; it changes no figure.

    `action` names the action of the scenario that it is about.
    """

    decided: Name
    by: Name
    on: Day | None = None
    open: Name | None = None
    action: Name | None = None


class Scenario(Part):
    """All of a scenario file: actions in the order in which they happen, decisions beside them.

    `as_of` is the day that is looked at, `rules` changes any rule by its path.
    """

    name: Name
    as_of: Day | None = None
    rules: Annotated[dict[str, Any], BeforeValidator(flat_rules)] = {}
    actions: tuple[AnyAction, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Scenario:
        no_twins("action", [action.name for action in self.actions])
        return self

    @model_validator(mode="after")
    def _decisions_are_about_actions(self) -> Scenario:
        names = [action.name for action in self.actions]
        for number, decision in enumerate(self.decisions):
            if decision.action is not None and decision.action not in names:
                said = _no_such_action(decision.action, names)
                raise Misplaced(("decisions", number, "action"), said)
        return self

    def then(self, later: Scenario) -> Scenario:
        """The scenario and after it another one; what the later one says of day and rules wins.

        An action of a name that is taken is told apart by its scenario's name, in decisions too.

        >>> first, then = Scenario(name="A", as_of="2026-01-31"), Scenario(name="B")
        >>> first.then(then).name, str(first.then(then).as_of)
        ('A, then B', '2026-01-31')
        """
        taken = {action.name for action in self.actions}
        names = {
            one.name: f"{one.name} ({later.name})" for one in later.actions if one.name in taken
        }
        added = [
            one.model_copy(update={"name": names.get(one.name, one.name)}) for one in later.actions
        ]
        decided = [
            one.model_copy(update={"action": names.get(one.action or "", one.action)})
            for one in later.decisions
        ]
        return self.model_copy(
            update={
                "name": f"{self.name}, then {later.name}",
                "as_of": later.as_of or self.as_of,
                "rules": self.rules | later.rules,
                "actions": (*self.actions, *added),
                "decisions": (*self.decisions, *decided),
            }
        )


def _no_such_action(asked: str, names: list[str]) -> str:
    near = difflib.get_close_matches(asked, names, n=3)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    there = ", ".join(map(repr, names)) or "none"
    return f"no action {asked!r}{hint} Actions of the scenario: {there}"


def read_scenario(*paths: Path) -> Scenario:
    """Scenario files as one checked model, in order; ConfigError names the key path of a fault."""
    first, *others = [checked(Scenario, path) for path in paths]
    return reduce(Scenario.then, others, first)
