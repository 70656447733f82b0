"""What each action of a scenario is worth; empty for a client as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from cssm_lib.analyses import true_forward
from cssm_lib.analyses.contributions import MOST, contributions, grouped
from cssm_lib.answers import forward, positions
from cssm_lib.answers.renewal import renewed
from cssm_lib.answers.steps import Making, by_name
from cssm_lib.answers.terms import agreement_lines
from cssm_lib.client import Client
from cssm_lib.errors import ConfigError
from cssm_lib.scenario.later import Later
from cssm_lib.schema import ANSWERS

if TYPE_CHECKING:
    from cssm_lib.scenario import Stand

LINE = ["agreement", "suite", "sku"]
CENTS = 10**10  # of the 10^-12 in which a unit's money is kept
FORWARD, TERM = "true_forward", "new_term"


def action_prices(client: Client, start: Stand | None = None) -> pl.DataFrame:
    """One row per action of the client's scenario, agreement and kind of money.

    `start` is the client on the scenario's day before any action, by default worked out here; its
    newest instances are enough (`scenario.near`) where no line counts devices.
    """
    contract = ANSWERS["action_prices"]
    if client.scenario is None or not client.config.agreements or not client.scenario.actions:
        return contract.empty()
    from cssm_lib.scenario import begun, stand_of

    # patterns fit the plain client, which stands before one under pseudonyms
    plain = client.before.before or client.before
    return contract.shaped(_priced(client, start or stand_of(begun(plain, client.scenario))))


def _priced(client: Client, start: Stand) -> pl.DataFrame:
    scenario, actions = client.scenario, client.scenario.actions
    alone = {}
    if len(actions) > MOST:
        none, *ones = _bills([start, *(_done(start, [action]) for action in actions)])
        alone = {n: sum(one.values()) - sum(none.values()) for n, one in enumerate(ones)}
    groups = grouped(alone, len(actions))
    found = _bills(_every_set(start, [[actions[n] for n in group] for group in groups]))
    rows = [row for key in sorted(found[0]) for row in _rows(key, found, groups, scenario)]
    # the client may have been given other names since
    named = [agreement.name for agreement in start.config.agreements]
    told = dict(zip(named, [one.name for one in client.config.agreements], strict=True))
    priced = [agreement.name for agreement in start.config.agreements if _has_price(agreement)]
    return _summed(rows, client, priced).with_columns(pl.col("agreement").replace_strict(told))


def _has_price(agreement: Any) -> bool:
    """Whether any line has one: without, what the agreement bills is unknown and no zero."""
    lines = [line for suite in agreement.suites for line in suite.lines]
    return any(price is not None for line in lines for price in (line.price, line.list_price))


def _done(stand: Stand, actions: Sequence[Any]) -> Stand:
    """The client after some of the actions; one that needs another one first does nothing."""
    from cssm_lib.scenario import after

    for action in actions:
        try:
            stand = after(stand, action)
        except ConfigError:
            continue
    return stand


def _every_set(start: Stand, groups: Sequence[Sequence[Any]]) -> list[Stand]:
    """The client under every set of the groups: the set without its last group, and then that."""
    stands = [start]
    for done in range(1, 1 << len(groups)):
        last = done.bit_length() - 1
        stands.append(_done(stands[done ^ (1 << last)], groups[last]))
    return stands


def _rows(
    key: tuple[str, str], found: list[dict[Any, int]], groups: list[list[int]], scenario: Any
) -> list[dict[str, Any]]:
    """One agreement and kind of money: every group's part."""
    amounts = [one.get(key, 0) for one in found]
    every = len(found) - 1
    return [
        {"agreement": key[0], "of": key[1], "place": group[0] + 1}
        | {"action": "; ".join(scenario.actions[n].name for n in group)}
        | {"does": "; ".join(dict.fromkeys(scenario.actions[n].do for n in group))}
        | {"money": part, "alone": amounts[1 << n] - amounts[0]}
        | {"last": amounts[every] - amounts[every ^ (1 << n)]}
        | {"bill_before": amounts[0], "bill_after": amounts[every]}
        for n, (group, part) in enumerate(zip(groups, contributions(amounts), strict=True))
    ]


def _summed(rows: list[dict[str, Any]], client: Client, priced: Sequence[str]) -> pl.DataFrame:
    exact = (
        pl.col("money", "alone", "last", "bill_before", "bill_after").cast(pl.Decimal(38, 6)) / 100
    )
    known = pl.col("agreement").is_in(priced)
    return pl.DataFrame(rows).with_columns(
        pl.when(known).then(exact),
        scenario=pl.lit(client.scenario.name),
        currency=pl.lit(client.config.currency),
    )


def _bills(stands: Sequence[Stand]) -> list[dict[tuple[str, str], int]]:
    return bills([stand.client for stand in stands])


def bills(clients: Sequence[Client]) -> list[dict[tuple[str, str], int]]:
    """Cents by agreement and kind of money for each client, under the client's own reading.

    `true_forward`: every event up to as_of and the next one, were use to stay. `new_term`: what the
    use of as_of costs for a whole new term at today's price. Units without a price count nothing.
    The clients share day and rules; where two hold the same tables their days are worked out once.
    """
    as_of, rules, known = clients[0].as_of, clients[0].rules, _Known(clients[0])
    lines = [_marked(known.of_terms(agreement_lines, one), n) for n, one in enumerate(clients)]
    days = pl.concat([_marked(known.days(one), n) for n, one in enumerate(clients)])
    read = true_forward.under_readings(pl.concat(lines), rules)
    read = read.filter(pl.col("reading") == "contract")
    billed = true_forward.true_forward(read, days, as_of=as_of, rules=rules)
    ahead = true_forward.next_events(read, days, billed, as_of=as_of, rules=rules)
    net = pl.concat([part.select("agreement", "net") for part in (billed, ahead)])
    events = net.group_by("agreement").agg((pl.col("net").sum() * 100).cast(pl.Int64))
    worth = pl.concat([_marked(known.of_terms(renewed, one), n) for n, one in enumerate(clients)])
    terms = ahead.join(worth.select(*LINE, "unit_term"), on=LINE)
    terms = terms.select("agreement", cents=_term_cents()).group_by("agreement").sum()
    return _by_client(len(clients), {FORWARD: events, TERM: terms})


def _marked(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    """Agreements of one of several clients, told apart by its number."""
    return rows.with_columns(agreement=pl.format("{}|{}", pl.lit(number), "agreement"))


def _by_client(count: int, found: Mapping[str, pl.DataFrame]) -> list[dict[tuple[str, str], int]]:
    split: list[dict[tuple[str, str], int]] = [{} for _ in range(count)]
    for kind, rows in found.items():
        for name, cents in rows.iter_rows():
            number, _, agreement = name.partition("|")
            split[int(number)][agreement, kind] = cents or 0
    return split


class _Known:
    """What the clients of one scenario share: each is worked out once, what stands is `first`'s."""

    def __init__(self, first: Client) -> None:
        self._first = Making(first, _STEPS)
        self._days: dict[Any, pl.DataFrame] = {}
        self._terms: dict[Any, pl.DataFrame] = {}

    def days(self, client: Client) -> pl.DataFrame:
        """What each line used on every known day; kept by the tables it rests on."""
        tables = client.tables if isinstance(client.tables, Later) else Later(client.tables, {})
        key = tables.key(), client.config.agreements
        if key not in self._days:
            made = Making(client, _STEPS, self._first, later=tables.later)
            self._days[key] = made["measurable"]
        return self._days[key]

    def of_terms(self, made: Callable[[Client], pl.DataFrame], client: Client) -> pl.DataFrame:
        """What rests on the agreements, the day and the rules alone."""
        key = made, client.config.agreements
        if key not in self._terms:
            self._terms[key] = made(client)
        return self._terms[key]


_STEPS = by_name(*positions.STEPS, *forward.STEPS)


def _term_cents() -> pl.Expr:
    """Whole cents, half up, of a line's use for the new term."""
    use = pl.col("use").cast(pl.Int128)
    return ((use * pl.col("unit_term") + CENTS // 2) // CENTS).cast(pl.Int64)
