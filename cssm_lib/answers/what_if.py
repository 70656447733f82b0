"""What each action of a scenario is worth; empty for a client as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from cssm_lib.analyses import history, true_forward
from cssm_lib.analyses.contributions import contributions, grouped
from cssm_lib.answers.forward import line_days
from cssm_lib.answers.renewal import renewed
from cssm_lib.answers.terms import agreement_lines
from cssm_lib.client import Client
from cssm_lib.errors import ConfigError
from cssm_lib.schema import ANSWERS

LINE = ["agreement", "suite", "sku"]
CENTS = 10**10  # of the 10^-12 in which a unit's money is kept
FORWARD, TERM = "true_forward", "new_term"


def tables(client: Client) -> dict[str, pl.DataFrame]:
    """`action_prices` of the client's scenario."""
    contract = ANSWERS["action_prices"]
    if client.scenario is None or not client.config.agreements or not client.scenario.actions:
        return {"action_prices": contract.empty()}
    return {"action_prices": contract.shaped(_priced(client))}


def _priced(client: Client) -> pl.DataFrame:
    from cssm_lib.scenario import begun

    scenario = client.scenario
    start, count = begun(client.before, scenario), len(scenario.actions)
    none = bill(start)
    alone = {}
    if count > 8:
        alone = {n: _sum(bill(_done(start, [one]))) - _sum(none) for n, one in _numbered(scenario)}
    groups = grouped(alone, count)
    bills = _all_bills(start, [[scenario.actions[n] for n in group] for group in groups], none)
    rows = [row for key in sorted(bills[0]) for row in _rows(key, bills, groups, scenario)]
    # the client may have been given other names since
    named = [agreement.name for agreement in start.config.agreements]
    told = dict(zip(named, [one.name for one in client.config.agreements], strict=True))
    return _summed(rows, client).with_columns(pl.col("agreement").replace_strict(told))


def _numbered(scenario: Any) -> list[tuple[int, Any]]:
    return list(enumerate(scenario.actions))


def _sum(amounts: Mapping[Any, int]) -> int:
    return sum(amounts.values())


def _done(client: Client, actions: Sequence[Any]) -> Client:
    """The client after some of the actions; one that needs another one first does nothing."""
    from cssm_lib.scenario import after

    for action in actions:
        try:
            client = after(client, action)
        except ConfigError:
            continue
    return client


def _all_bills(
    start: Client, groups: Sequence[Sequence[Any]], none: dict[Any, int]
) -> list[dict[Any, int]]:
    """The bill of every set of the groups; each set is the one without its last group, and that."""
    clients, bills = {0: start}, [none]
    for done in range(1, 1 << len(groups)):
        last = done.bit_length() - 1
        clients[done] = _done(clients[done ^ (1 << last)], groups[last])
        bills.append(bill(clients[done]))
    return bills


def _rows(
    key: tuple[str, str], bills: list[dict[Any, int]], groups: list[list[int]], scenario: Any
) -> list[dict[str, Any]]:
    """One agreement and kind of money: every group's part."""
    amounts = [one.get(key, 0) for one in bills]
    every = len(bills) - 1
    return [
        {"agreement": key[0], "of": key[1], "place": group[0] + 1}
        | {"action": "; ".join(scenario.actions[n].name for n in group)}
        | {"does": "; ".join(dict.fromkeys(scenario.actions[n].do for n in group))}
        | {"money": part, "alone": amounts[1 << n] - amounts[0]}
        | {"last": amounts[every] - amounts[every ^ (1 << n)]}
        for n, (group, part) in enumerate(zip(groups, contributions(amounts), strict=True))
    ]


def _summed(rows: list[dict[str, Any]], client: Client) -> pl.DataFrame:
    exact = pl.col("money", "alone", "last").cast(pl.Decimal(38, 6)) / 100
    return pl.DataFrame(rows).with_columns(
        exact, scenario=pl.lit(client.scenario.name), currency=pl.lit(client.config.currency)
    )


def bill(client: Client) -> dict[tuple[str, str], int]:
    """Cents by agreement and kind of money, under the client's own reading.

    `true_forward`: every event up to as_of and the next one, were use to stay. `new_term`: what the
    use of as_of costs for a whole new term at today's price. Units without a price count nothing.
    """
    known = replace(client, tables=client.known())
    lines, rules, as_of = agreement_lines(client), client.rules, client.as_of
    held = history.holdings(known.tables, rules, as_of=as_of)
    days = line_days(known, held, lines)
    read = true_forward.under_readings(lines, rules).filter(pl.col("reading") == "contract")
    seen = true_forward.with_billable(days, known.tables["ea_consumption"], lines)
    billed = true_forward.true_forward(read, seen, as_of=as_of, rules=rules)
    ahead = true_forward.next_events(read, seen, billed, as_of=as_of, rules=rules)
    net = pl.concat([part.select("agreement", "net") for part in (billed, ahead)])
    events = net.group_by("agreement").agg(cents=(pl.col("net").sum() * 100).cast(pl.Int64))
    worth = renewed(client).select(*LINE, "unit_term")
    terms = ahead.join(worth, on=LINE).select("agreement", cents=_term_cents())
    terms = terms.group_by("agreement").agg(pl.col("cents").sum())
    return {
        (agreement, kind): cents or 0
        for kind, found in ((FORWARD, events), (TERM, terms))
        for agreement, cents in found.iter_rows()
    }


def _term_cents() -> pl.Expr:
    """Whole cents, half up, of a line's use for the new term."""
    use = pl.col("use").cast(pl.Int128)
    return ((use * pl.col("unit_term") + CENTS // 2) // CENTS).cast(pl.Int64)
