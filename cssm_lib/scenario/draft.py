"""A scenario in the making: actions put in, struck out, decisions noted, every step undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from cssm_lib.config.checking import fault_lines
from cssm_lib.errors import ConfigError
from cssm_lib.scenario.model import AnyAction, Decision, Scenario

NEW = Scenario(name="Workshop")


def action_of(said: Mapping[str, Any]) -> AnyAction:
    """An action as it was said; ConfigError names the key and the fault of each.

    >>> action_of({"do": "grow", "name": "Grow", "share": -2})
    Traceback (most recent call last):
    cssm_lib.errors.ConfigError: share: should be greater than or equal to -1; found -2.
    """
    return _checked({"name": NEW.name, "actions": [dict(said)]}, "actions[0]").actions[0]


def noted(scenario: Scenario, said: Mapping[str, Any]) -> Scenario:
    """The scenario with one more decision, as it was said; ConfigError as `action_of`."""
    told = said_of(scenario)
    decisions = [*told.get("decisions", ()), dict(said)]
    return _checked(told | {"decisions": decisions}, f"decisions[{len(decisions) - 1}]")


def _checked(said: Mapping[str, Any], own: str = "") -> Scenario:
    """The scenario that is said; ConfigError names keys as they stand in the part `own`."""
    try:
        return Scenario.model_validate(said)
    except ValidationError as fault:
        lines = fault_lines(Scenario, fault)
        raise ConfigError(
            "\n".join(line.removeprefix(own).lstrip(".: ") for line in lines)
        ) from None


def said_of(part: AnyAction | Decision | Scenario) -> dict[str, Any]:
    """What a part of a scenario says, as its file would say it."""
    return part.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)


def renamed(scenario: Scenario, name: str) -> Scenario:
    """The scenario by another name; ConfigError where that is no name."""
    return _checked(said_of(scenario) | {"name": name})


def find(scenario: Scenario, name: str) -> AnyAction | None:
    """The action of that name."""
    return next((one for one in scenario.actions if one.name == name), None)


def put(scenario: Scenario, action: AnyAction) -> Scenario:
    """The scenario with the action in the place of its namesake, else at its end."""
    there = find(scenario, action.name)
    actions = tuple(action if one is there else one for one in scenario.actions)
    return _with(scenario, actions=actions if there else (*actions, action))


def without(scenario: Scenario, name: str) -> Scenario:
    """The scenario without the action of that name; what was decided about it stays, in words."""
    decided = [
        one.model_copy(update={"action": None, "decided": f"{one.decided} (about: {name})"[:1000]})
        if one.action == name
        else one
        for one in scenario.decisions
    ]
    actions = tuple(one for one in scenario.actions if one.name != name)
    return _with(scenario, actions=actions, decisions=tuple(decided))


def struck(scenario: Scenario, place: int) -> Scenario:
    """The scenario without the decision at that place, counted from 0."""
    kept = (*scenario.decisions[:place], *scenario.decisions[place + 1 :])
    return _with(scenario, decisions=kept)


def on_day(scenario: Scenario, day: Any) -> Scenario:
    """The scenario with the day that is looked at; None: the client's own."""
    return _with(scenario, as_of=day)


def _with(scenario: Scenario, **parts: Any) -> Scenario:
    return scenario.model_copy(update=parts)


@dataclass(frozen=True)
class History:
    """The scenario of now, those before it and those that were undone.

    >>> first, then = Scenario(name="A"), Scenario(name="B")
    >>> steps = History(first).then(then)
    >>> steps.undo().now.name, steps.undo().redo().now.name, steps.redo().now.name
    ('A', 'B', 'B')
    """

    now: Scenario = NEW
    past: tuple[Scenario, ...] = field(default=(), repr=False)
    ahead: tuple[Scenario, ...] = field(default=(), repr=False)

    def then(self, scenario: Scenario) -> History:
        """One step on; what was undone is gone. A step that changes nothing is none."""
        return self if scenario == self.now else History(scenario, (*self.past, self.now))

    def undo(self) -> History:
        """One step back, where there is one."""
        if not self.past:
            return self
        return History(self.past[-1], self.past[:-1], (self.now, *self.ahead))

    def redo(self) -> History:
        """The step that was undone last, where there is one."""
        if not self.ahead:
            return self
        return replace(self, now=self.ahead[0], past=(*self.past, self.now), ahead=self.ahead[1:])

    def reset(self) -> History:
        """Today again: no action, no decision; the step can be undone."""
        return self.then(NEW)
