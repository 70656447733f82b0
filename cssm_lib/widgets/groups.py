"""The knobs of the board by group; each turns one named action and is set from the scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import ipywidgets
import polars as pl

from cssm_lib.pages.charts.rows import with_account
from cssm_lib.scenario import Scenario, draft, knobs
from cssm_lib.widgets import fields
from cssm_lib.widgets.session import ALL, Session
from cssm_lib.widgets.steps import alone

Change = Callable[[Scenario], Scenario]
Turn = Callable[[str, Callable[[Scenario], Any]], None]
PROPOSALS, LONGEST = 8, 720


@dataclass(frozen=True)
class Group:
    """Knobs of one kind: what stands on the screen, where a fault is said, how they are set."""

    name: str
    box: Any
    message: Any
    fill: Callable[[Scenario], None]


def groups(session: Session, turn: Turn) -> list[Group]:
    """All groups, in the order of the screen."""
    made = (_retire, _moves, _tiers, _growth, _leave_out, _terms, _day)
    return [one(session, turn) for one in made]


def _group(name: str, parts: list[Any], fill: Callable[[Scenario], None]) -> Group:
    message = fields.html(f"message-{name.lower().replace(' ', '-')}")
    return Group(name, fields.column(*parts, message), message, fill)


def accounts_of(session: Session, *, every: bool = True) -> list[tuple[str, tuple[str, str]]]:
    """Virtual Accounts as (text, (Smart Account, Virtual Account)), told apart by name."""
    positions = session.live.today["positions"].drop_nulls("virtual_account")
    rows = with_account(positions).select(
        "account", pl.col("smart_account").fill_null("*"), "virtual_account"
    )
    named = [(text, (smart, own)) for text, smart, own in rows.unique().sort("account").rows()]
    return [(fields.EVERY, ALL), *named] if every else named


def licenses_of(session: Session, *, every: bool = True) -> list[tuple[str, str]]:
    """Licences as (text, name)."""
    names = session.live.today["positions"]["license"].drop_nulls().unique().sort()
    return [*([(fields.EVERY, "*")] if every else []), *((name, name) for name in names)]


def _retire(session: Session, turn: Turn) -> Group:
    def turned(said: Callable[[], dict[str, Any]]) -> Callable[[], None]:
        def act() -> None:
            values = said()
            turn("Retire", lambda now: knobs.RETIRE.turned(now, **values))

        return act

    def place() -> dict[str, str | None]:
        return {"smart_account": None, "virtual_account": None} | knobs.accounts(account.value)

    def fill(scenario: Scenario) -> None:
        said = knobs.RETIRE.read(scenario)
        days.max = max(LONGEST, said.get("silent_days", 0))
        days.value = said.get("silent_days", 0)
        pair = said.get("smart_account", "*"), said.get("virtual_account", "*")
        fields.choose(account, patterns.get(pair, pair), " · ".join(pair))
        host.value = said.get("hostname", "")

    options = accounts_of(session)
    patterns = {tuple(map(knobs.pattern, pair)): pair for _, pair in options}
    silent = turned(lambda: {"silent_days": days.value or None})
    days = fields.slider(
        "Silent for so many days (0: any)", "retire-days", silent, max=LONGEST, step=10
    )
    account = fields.dropdown("In Virtual Account", "retire-account", options, turned(place))
    named = turned(lambda: {"hostname": host.value.strip() or None})
    host = fields.text("Host name, such as sw-n-*", "retire-host", named)
    return _group("Retire", [days, account, host], fill)


def _moves(session: Session, turn: Turn) -> Group:
    actions = _proposed(session)
    ticks = [
        fields.classed(ipywidgets.Checkbox(description=name, indent=False), "proposal")
        for name in actions
    ]

    def ticked(change: Any) -> None:
        name, yes = change["owner"].description, change["new"]
        action = actions[name]
        turn("Moves", lambda now: draft.put(now, action) if yes else draft.without(now, name))

    def add() -> None:
        giving, taking = source.value or ALL, target.value or ALL
        names = dict(zip(knobs.MOVED, (giving[0], license_.value, giving[1], taking[1]),
                         strict=True))  # fmt: skip
        said = knobs.move(names | {"quantity": units.value})
        turn("Moves", lambda scenario: draft.put(scenario, draft.action_of(said)))

    for tick in ticks:
        tick.observe(alone(ticked), names="value")
    own = accounts_of(session, every=False)
    license_ = fields.dropdown("Licence", "move-license", licenses_of(session, every=False))
    source = fields.dropdown("From", "move-from", own)
    target = fields.dropdown("To", "move-to", own)
    units = fields.classed(ipywidgets.IntText(value=1, description="Units"), "move-units")
    button = fields.entry("Add move", "move-add", add)

    def fill(scenario: Scenario) -> None:
        for tick in ticks:
            tick.value = draft.find(scenario, tick.description) is not None

    return _group("Moves", [*ticks, license_, source, target, units, button], fill)


def _proposed(session: Session) -> dict[str, Any]:
    rows = session.live.today["transfers"].sort("quantity", descending=True, maintain_order=True)
    said = [knobs.move(row) for row in rows.head(PROPOSALS).fill_null("*").iter_rows(named=True)]
    return {one["name"]: draft.action_of(one) for one in said}


def _tiers(session: Session, turn: Turn) -> Group:
    def add() -> None:
        said = knobs.tier(before.value or "", after.value or "", account.value)
        turn("Tiers", lambda scenario: draft.put(scenario, draft.action_of(said)))

    names = licenses_of(session, every=False)
    before = fields.dropdown("From licence", "tier-from", names)
    after = fields.dropdown("To licence", "tier-to", names)
    account = fields.dropdown("In Virtual Account", "tier-account", accounts_of(session))
    button = fields.entry("Add change of tier", "tier-add", add)
    return _group("Tiers", [before, after, account, button], lambda _: None)


def _leave_out(session: Session, turn: Turn) -> Group:
    def add() -> None:
        said = knobs.leave_out(account.value, license_.value, (first.value, last.value))
        turn("Leave out", lambda scenario: draft.put(scenario, draft.action_of(said)))

    account = fields.dropdown("Virtual Account", "leave-account", accounts_of(session))
    license_ = fields.dropdown("Licence", "leave-license", licenses_of(session))
    first, last = fields.day("From", "leave-from"), fields.day("To", "leave-to")
    button = fields.entry("Leave out this use", "leave-add", add)
    span = fields.dated(first), fields.dated(last)
    return _group("Leave out", [account, license_, *span, button], lambda _: None)


def _growth(session: Session, turn: Turn) -> Group:
    def turned() -> None:
        knob, share = knobs.growth(license_.value), knobs.share(percent.value)
        turn("Growth", lambda scenario: knob.turned(scenario, share=share if share else None))

    def fill(scenario: Scenario) -> None:
        share = knobs.growth(license_.value).read(scenario).get("share", 0)
        percent.value = int(share * 100)

    def other() -> None:
        turn("", fill)

    license_ = fields.dropdown("Licence", "growth-license", licenses_of(session), other)
    percent = fields.slider("Growth, %", "growth-percent", turned, min=-100, max=200)
    return _group("Growth", [license_, percent], fill)


def _day(session: Session, turn: Turn) -> Group:
    def turned() -> None:
        turn("Day", lambda scenario: draft.on_day(scenario, measured.value or None))

    usage = session.live.client.tables["usage"]["snapshot_date"].drop_nulls()
    days = usage.unique().sort(descending=True).to_list()
    own = session.live.client.as_of
    options = [(f"the client's own: {own or 'none'}", ""), *((str(day), day) for day in days)]
    measured = fields.dropdown("Day that is measured", "day", options, turned)
    return _group("Day", [measured], lambda scenario: fields.choose(measured, scenario.as_of or ""))


def _terms(session: Session, turn: Turn) -> Group:
    from cssm_lib.widgets.agreements import Agreements

    made = Agreements(session, turn)
    return _group("Terms", made.parts, made.fill)


def decimal_of(words: str) -> Decimal | None | str:
    """A number that was typed; None where nothing was, the text where it is no number."""
    try:
        return Decimal(words.strip().replace(",", "")) if words.strip() else None
    except InvalidOperation:
        return words
