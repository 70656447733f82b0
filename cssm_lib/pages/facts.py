"""Headline figures: each made from a table so that anybody can make it again, shown and recorded.

A figure is {table, where, column, aggregate}: `where` is a condition in polars SQL. The executed
notebook carries the figures as outputs of the type `application/vnd.cssm.facts+json`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from cssm_lib.pages.labels import NOTHING, safe, said
from cssm_lib.schema import ANSWERS
from cssm_lib.schema.aggregates import condition
from cssm_lib.schema.figures.made import Figure

FACTS_MIME = "application/vnd.cssm.facts+json"
TABLE_MIME = "application/vnd.cssm.table+json"
INCOMPLETE = "incomplete export"


@dataclass(frozen=True)
class Fact:
    """A headline figure with its value, the page it stands on and what to know about it.

    `unpriced` is what has no price and so stands in no money of it, where there is any.
    """

    figure: Figure
    value: Any
    page: str
    note: str = ""
    unpriced: Fact | None = None

    @property
    def record(self) -> dict[str, Any]:
        """What `facts.json` holds: days as ISO text, exact decimals as text."""
        figure = self.figure
        made = {
            "table": figure.table,
            "where": figure.where,
            "column": figure.column,
            "aggregate": figure.aggregate,
        }
        record = {"id": figure.id, "label": figure.label, "value": plain(self.value)}
        part = f"in part {self.unpriced.figure.label.lower()}" if self.unpriced else ""
        note = "; ".join(filter(None, [self.note, part]))
        return record | {"unit": figure.unit, "page": self.page, "how": made, "note": note}

    def __str__(self) -> str:
        """The value as a reader reads it, with its unit; a setting of the rule packs in words."""
        if self.figure.aggregate == "first" and isinstance(self.value, str):
            return self.value.replace("_", " ")
        return said(self.value, self.figure.unit)


def number_in(value: Any) -> Any:
    """A value as `facts.json` holds it, with exact decimals as numbers again.

    >>> number_in("34560"), number_in("2026-10-31"), number_in(None)
    (Decimal('34560'), '2026-10-31', None)
    """
    try:
        return Decimal(value) if isinstance(value, str) else value
    except ArithmeticError:
        return value


def spoken(one: Fact, *, tag: str = "b") -> str:
    """A figure inside a sentence, as HTML that names the fact it is.

    >>> spoken(Fact(Figure("a.b", "Short", "pooled", "short_units"), 1234, "01"))
    '<b data-fact="a.b">1,234 units</b>'
    """
    unknown = "an unknown number" if one.figure.unit else "unknown"
    words = unknown if one.value is None else str(one)
    return f'<{tag} data-fact="{safe(one.figure.id)}">{safe(words)}</{tag}>'


def plain(value: Any) -> Any:
    """A value as JSON holds it.

    >>> plain(Decimal("34560.000000")), plain(dt.date(2026, 10, 31))
    ('34560', '2026-10-31')
    """
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def fact(answers: Mapping[str, pl.DataFrame], figure: Figure, *, page: str) -> Fact:
    """A figure of a page with its value, computed from the answer's own table.

    A note says so where a row behind it rests on an incomplete export.
    """
    frame = answers[figure.table]
    note = _note(frame, figure.where) if figure.table in ANSWERS else ""
    return Fact(figure, figure.value(frame), page, note)


def _note(frame: pl.DataFrame, where: str) -> str:
    if "complete" not in frame.columns or frame["complete"].all():
        return ""
    fitting = frame.filter(condition(where)) if where else frame
    return "" if fitting["complete"].all() else INCOMPLETE


@dataclass(frozen=True)
class Shown:
    """HTML for the reader, with what it shows as outputs of their own types.

    `facts` are the figures in it, `heads` those that are the page's headline. `rows` are those of a
    printed table: {table, height, parquet} with the rows as Parquet in Base64.
    """

    html: str
    facts: tuple[Fact, ...] = ()
    plain: str = ""
    heads: tuple[str, ...] = ()
    rows: Mapping[str, Any] | None = None

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = {"text/html": self.html, "text/plain": self.plain or "<page>"}
        records = {"facts": [fact.record for fact in self.facts]}
        records |= {"headline": list(self.heads)} if self.heads else {}
        bundle |= {FACTS_MIME: records} if self.facts else {}
        return bundle | ({TABLE_MIME: dict(self.rows)} if self.rows else {})


TILES = """<style>
.cssm-tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px;
max-width:920px;margin:8px 0 14px}
.cssm-tile{border:1px solid #d3dadf;border-left:5px solid #8c979f;border-radius:4px;
padding:9px 12px;background:#fff;color:#1f2933;break-inside:avoid}
.cssm-tile b{display:block;font-size:24px;line-height:1.2;font-variant-numeric:tabular-nums}
.cssm-tile span{display:block;font-size:12.5px;color:#52606d}
.cssm-tile i{display:block;font-size:11.5px;color:#8a4b00;font-style:normal}
.cssm-tile.short{border-left-color:#d55e00}.cssm-tile.over{border-left-color:#0072b2}
.cssm-tile.shelf{border-left-color:#56b4e9}.cssm-tile.cure{border-left-color:#009e73}
@media print{.cssm-tiles{grid-template-columns:repeat(4,1fr)}}
</style>"""


def show_facts(facts: Iterable[Fact], *, note: str = "") -> Shown:
    """Tiles of the headline figures; the output also carries their records."""
    facts = tuple(facts)
    tiles = "".join(_tile(one) for one in facts)
    remark = f'<p class="cssm-quiet">{safe(note)}</p>' if note else ""
    words = "; ".join(f"{one.figure.label}: {one}" for one in facts)
    html = f'{TILES}<div class="cssm-tiles">{tiles}</div>{remark}'
    return Shown(html, (*facts, *left_out(facts)), words, tuple(one.figure.id for one in facts))


def left_out(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """What has no price and so stands in no money of some figures, once each."""
    rest = (one.unpriced for one in facts)
    return tuple({one.figure.id: one for one in rest if one}.values())


def lacking(rest: Fact, *, tag: str = "b") -> str:
    """What has no price, as HTML: how much of it, and what it lacks.

    >>> lacking(Fact(Figure("a.b", "Without a price", "renewal", "money", unit="rows"), 3, "00"))
    '<b data-fact="a.b">3 rows</b> without a price'
    """
    return f"{spoken(rest, tag=tag)} {safe(rest.figure.label.lower())}"


def _tile(one: Fact) -> str:
    unit = one.figure.unit if one.value is not None or one.unpriced else "no data"
    number = said(one.value, "share" if one.figure.unit == "share" else "")
    note = f"<i>{safe(one.note)}</i>" if one.note and number != NOTHING else ""
    note += f"<i>{lacking(one.unpriced, tag='data')}</i>" if one.unpriced else ""
    said_already = unit == "share" or unit in one.figure.label.lower()
    words = (
        f"<span>{safe(one.figure.label if said_already else f'{one.figure.label}, {unit}')}</span>"
    )
    return (
        f'<div class="cssm-tile {safe(one.figure.tone)}"><b data-fact="{safe(one.figure.id)}">'
        f"{safe(number)}</b>{words}{note}</div>"
    )
