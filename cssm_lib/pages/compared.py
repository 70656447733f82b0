"""Pages beside each other: the same figures of today and of what-ifs, and what lies between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from cssm_lib.pages.charts.rows import with_account
from cssm_lib.pages.facts import Fact
from cssm_lib.pages.labels import NOTHING, safe, said
from cssm_lib.pages.sheet import Page
from cssm_lib.schema.figures import FIGURES, MONEY
from cssm_lib.schema.figures.made import Figure

TODAY, AFTER, CHANGE = "today", "after", "change"
# by what they rest on, the quick ones first: each group is worked out on its own, and a choice of
# account or licence narrows the first alone: lines of agreements reach over accounts and licences
TILES = (
    ("utilisation.below", "utilisation.shelf_units"),
    ("forward.next_net", "forward.contract_net", "forward.lowest", "forward.highest"),
    ("brief.recommended", "brief.renewal_money"),
)


@dataclass(frozen=True)
class Pair:
    """A figure of today beside the same of a what-if."""

    today: Fact
    after: Fact

    @property
    def difference(self) -> Any:
        """After less today; None where either is unknown or no number."""
        values = (self.today.value, self.after.value)
        known = all(isinstance(one, int | float | Decimal) for one in values)
        return values[1] - values[0] if known else None


def pair(name: str, today: Page, after: Page) -> Pair:
    """A figure of `figures.FIGURES` on two pages."""
    return Pair(today.fact(name), after.fact(name))


def signed(value: Any) -> str:
    """A difference as a reader reads it.

    >>> signed(1234), signed(-5), signed(0), signed(None)
    ('+1,234', '−5', '±0', '–')
    """
    if value is None:
        return NOTHING
    return said(value) if value < 0 else f"+{said(value)}" if value else "±0"


def tiles(names: Sequence[str], pairs: Sequence[Pair] = (), *, lead: str = "") -> str:
    """HTML of tiles beside each other: a column a figure, below it today, after and the change.

    Without pairs the values are still being worked out. `lead` heads the words before the rows,
    which only the first of several such tables shows.
    """
    figures = [FIGURES[name] for name in names]
    width = f"width:{100 / (len(figures) + 0.7 * bool(lead)):.0f}%"  # wider for a longer number
    heads = "".join(
        f'<th scope="col" class="{safe(f.tone)}" style="{width}">{safe(_head(f))}</th>'
        for f in figures
    )
    values = {
        TODAY: [said(one.today.value) for one in pairs],
        AFTER: [said(one.after.value) for one in pairs],
        CHANGE: [signed(one.difference) for one in pairs],
    }
    rows = "".join(
        f'<tr class="{when}">{_lead(when, lead)}{_values(figures, when, words)}</tr>'
        for when, words in values.items()
    )
    busy = "" if pairs else ' aria-busy="true"'
    corner = f"<td>{safe(lead)}</td>" if lead else ""
    return f'<table class="cssm-beside"{busy}><tr>{corner}{heads}</tr>{rows}</table>'


def _head(figure: Figure) -> str:
    told = figure.unit in (MONEY, "units")
    return figure.label if told else f"{figure.label}, {figure.unit}"


def _lead(when: str, lead: str) -> str:
    return f'<th scope="row">{when}</th>' if lead else ""


def _values(figures: Sequence[Figure], when: str, words: list[str]) -> str:
    return "".join(
        f'<td data-when="{when}" data-fact="{safe(one.id)}"'
        f' aria-label="{safe(one.label)}, {when}: {safe(value)}">{safe(value)}</td>'
        for one, value in zip(figures, words or ["…"] * len(figures), strict=True)
    )


def doubts(pairs: Iterable[Pair]) -> str:
    """Which figures rest on incomplete input, and what has no price; empty where nothing is."""
    pairs = list(pairs)
    found = [one.after.figure.label for one in pairs if one.today.note or one.after.note]
    words = [f"Incomplete export: {', '.join(found)}."] if found else []
    for told in (one.after for one in pairs if one.after.unpriced):
        lacks = told.unpriced.figure.label.lower()
        words.append(f"{told.figure.label}: {told.unpriced} {lacks}.")
    return " ".join(words)


def compared(pages: Mapping[str, Page], names: Iterable[str]) -> str:
    """HTML of a table: a row for every figure, a column for every page by its name."""
    head = "".join(f'<th scope="col">{safe(name)}</th>' for name in pages)
    rows = "".join(_row([page.fact(name) for page in pages.values()]) for name in names)
    return (
        f'<table class="cssm-compared"><thead><tr><th scope="col">Figure</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(facts: list[Fact]) -> str:
    figure = facts[0].figure
    cells = "".join(f'<td data-fact="{safe(figure.id)}">{safe(said(f.value))}</td>' for f in facts)
    return f'<tr><th scope="row">{safe(figure.label)}, {safe(figure.unit)}</th>{cells}</tr>'


@dataclass(frozen=True)
class Panel:
    """What a chart of the board shows: rows of a table, summed by name and state."""

    title: str
    table: str
    page: str
    unit: str
    sums: Callable[[pl.DataFrame], pl.DataFrame]
    picks: str = ""  # what a click on a name chooses: account or license
    parts: bool = True  # whether a choice of account or licence narrows it
    counts: bool = False  # whether a name without a row counts as 0

    def rows(self, today: Page, after: Page) -> pl.DataFrame:
        """One row is a name, when (today, after) and state: columns name, when, state, value."""
        frames = [
            page.table(self.table).with_columns(when=pl.lit(when))
            for when, page in ((TODAY, today), (AFTER, after))
        ]
        found = self.sums(pl.concat(frames))
        found = _filled(found) if self.counts else found
        value = pl.col("value").cast(pl.Float64)
        return found.select("name", "when", "state", value).sort("name", "state", "when")


def _filled(found: pl.DataFrame) -> pl.DataFrame:
    """The sums with a zero where a name stands on the other side alone."""
    key = ["name", "state", "when"]
    both = pl.DataFrame({"when": [TODAY, AFTER]})
    grid = found.select("name", "state").unique().join(both, how="cross")
    joined = grid.join(found, on=key, how="left", nulls_equal=True)
    return joined.with_columns(pl.col("value").fill_null(0))


def _balance(name: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    balance = pl.col("balance_after_substitution")
    parts = {"over": balance.clip(lower_bound=0), "short": balance.clip(upper_bound=0)}

    def sums(frame: pl.DataFrame) -> pl.DataFrame:
        named = with_account(frame.filter(balance.is_not_null()))
        by = named.group_by(pl.col(name).alias("name"), "when")
        made = by.agg(*(part.sum().alias(state) for state, part in parts.items()))
        return made.unpivot(index=["name", "when"], variable_name="state", value_name="value")

    return sums


def _by(name: pl.Expr, value: pl.Expr, state: str, where: pl.Expr | bool = True) -> Any:
    def sums(frame: pl.DataFrame) -> pl.DataFrame:
        by = frame.filter(where).group_by(name.alias("name"), "when")
        return by.agg(value=value).with_columns(state=pl.lit(state))

    return sums


def _reading() -> pl.Expr:
    several = pl.col("agreement").n_unique() > 1
    both = pl.concat_str("agreement", "title", separator=" · ")
    return pl.when(several).then(both).otherwise("title")


PANELS = {
    "accounts": Panel("Position of each Virtual Account", "positions", "01", "licences",
                      _balance("account"), "account"),
    "licenses": Panel("Position of each licence", "positions", "01", "licences",
                      _balance("license"), "license"),
    "readings": Panel("True Forward under every reading", "reading_range", "02", "money",
                      _by(_reading(), pl.col("net").sum(), "balanced",
                          pl.col("rank").is_not_null()), parts=False),
    "events": Panel("Next event by line, your contract", "next_events", "02", "money",
                    _by(pl.col("sku"), pl.col("net").sum(), "balanced",
                        (pl.col("reading") == "contract") & pl.col("net").is_not_null()),
                    parts=False),
    "drift": Panel("Devices by verdict", "feature_drift", "03", "devices",
                   _by(pl.col("verdict"), pl.col("device").n_unique(), "balanced"), counts=True),
    "drift_accounts": Panel("Devices above their need", "feature_drift", "03", "devices",
                            _by(pl.col("virtual_account"), pl.col("device").n_unique(), "over",
                                pl.col("verdict") == "above need"), "account", counts=True),
    "shadows": Panel("Instances by state", "matches", "04", "instances",
                     _by(pl.col("state"), pl.len(), "balanced", pl.col("about") == "instance"),
                     counts=True),
    "shadow_accounts": Panel("Shadows by Virtual Account", "matches", "04", "instances",
                             _by(pl.col("virtual_account"), pl.len(), "short",
                                 (pl.col("about") == "instance") & (pl.col("state") == "shadow")),
                             "account", counts=True),
    "renewal": Panel("To renew, by line or licence", "renewal", "00", "units",
                     _by(pl.coalesce("sku", "license"), pl.col("recommended").sum(), "balanced",
                         pl.col("recommended").is_not_null()), parts=False),
    "renewal_money": Panel("Renewal, money by line", "renewal", "00", "money",
                           _by(pl.coalesce("sku", "license"), pl.col("money").sum(), "balanced",
                               pl.col("money").is_not_null()), parts=False),
}  # fmt: skip
