"""Actions on prices and terms: the agreements as they would be."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from cssm_lib.config import Agreement, ClientConfig, Suite, TrueForward
from cssm_lib.errors import ConfigError
from cssm_lib.rules import Rules
from cssm_lib.scenario.model import Terms

LINE = (*("entitled", "price", "per", "support_price", "list_price", "list_date", "discount"),)
CONTRACT = "contract"


def with_terms(config: ClientConfig, action: Terms, rules: Rules, *, where: str) -> ClientConfig:
    """`client.toml` with the terms of what fits replaced.

    `reading` puts a published reading in place of the contract's own settings, those of its suites
    included. Raises ConfigError where nothing fits or no reading has that name.
    """
    if not _lines(config, action):
        raise ConfigError(f"{where}: fits no line of any agreement; {_there(config)}.")
    reading = _reading(action, rules, where=where)
    changed = [
        _agreement(one, action, reading) if _like(one.name, action.agreement) else one
        for one in config.agreements
    ]
    for one in changed:
        if one.end < one.start:
            raise ConfigError(f"{where}.end: {one.end} is before the start of {one.name!r}.")
    return config.model_copy(update={"agreements": tuple(changed)})


def _like(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())


def _lines(config: ClientConfig, action: Terms) -> bool:
    return any(
        _like(agreement.name, action.agreement)
        and _like(suite.name, action.suite)
        and _like(line.sku, action.sku)
        for agreement in config.agreements
        for suite in agreement.suites
        for line in suite.lines
    )


def _there(config: ClientConfig) -> str:
    names = ", ".join(repr(one.name) for one in config.agreements)
    return f"agreements: {names}" if names else "client.toml has no agreement"


def _reading(action: Terms, rules: Rules, *, where: str) -> TrueForward | None:
    """The settings of the reading asked for, what it leaves out as the rule pack has it."""
    if action.reading is None:
        return None
    shipped = rules["true_forward.contract"]
    published = {one["name"]: one for one in rules["readings.published"]}
    if action.reading not in published and action.reading != CONTRACT:
        raise ConfigError(
            f"{where}.reading: {action.reading!r} is no published reading; there are"
            f" {', '.join([CONTRACT, *published])}."
        )
    record = published.get(action.reading, {})
    known = {name: record[name] for name in TrueForward.model_fields if name in record}
    return TrueForward.model_validate(dict(shipped) | known)


def _agreement(agreement: Agreement, action: Terms, reading: TrueForward | None) -> Agreement:
    given: dict[str, Any] = {
        "discount": action.renewal_discount,
        "uplift": action.renewal_uplift,
        "outside_stock": action.outside_stock,
        "end": action.end,
        "true_forward": reading,
    }
    suites = [
        _suite(one, action, reading) if _like(one.name, action.suite) else one
        for one in agreement.suites
    ]
    update = {name: value for name, value in given.items() if value is not None}
    return agreement.model_copy(update=update | {"suites": tuple(suites)})


def _suite(suite: Suite, action: Terms, reading: TrueForward | None) -> Suite:
    given = {name: value for name in LINE if (value := getattr(action, name)) is not None}
    lines = [
        line.model_copy(update=given) if given and _like(line.sku, action.sku) else line
        for line in suite.lines
    ]
    own = {"true_forward": TrueForward()} if reading else {}
    return suite.model_copy(update={"lines": tuple(lines)} | own)
