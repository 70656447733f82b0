"""The front that notebooks call: which part of the answers a page shows, its header, its sentences.

A notebook holds no arithmetic: it names a table, a chart and a reading, and all else is here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.errors import InternalOnly, ParameterError
from cssm_lib.pages.exports import RESTS_ON, SAYS_NONE_BY, WANTS_FIRST, filling, nothing_here
from cssm_lib.pages.facts import Fact, Figure, Shown, fact, lacking, left_out, show_facts, spoken
from cssm_lib.pages.figures import FIGURES, HEADLINES, MONEY
from cssm_lib.pages.labels import safe
from cssm_lib.pages.readings import READINGS
from cssm_lib.schema.aggregates import WHOLE
from cssm_lib.schema.audience import INTERNAL, is_internal

Patterns = str | tuple[str, ...]
ACCOUNTS = {
    "smart_accounts": ("smart_account",),
    "virtual_accounts": ("virtual_account",),
    "licenses": ("license", "licenses"),
}
# a move belongs to a page when either end of it does
MOVES = ("from_virtual_account", "to_virtual_account")
HISTORY = ("pool_days",)
# charts over time: the day of a row that has to lie in the window
OVER_TIME = {
    "pool_days": "snapshot_date",
    "line_history": "snapshot_date",
    "drift_groups": "drifted_by",
    "tier_days": "last_day",
    "account_days": "snapshot_date",
}
NO_DATA = "No data for this part."
SINCE = (
    "{changed} changed, by {causes}; the parts of each add up to its difference. Explained by the"
    " data received only: {undecided}."
)


@dataclass(frozen=True)
class Page:
    """One page of one client: the answers and the part of them that the page shows.

    Accounts and licences are shell-style patterns, several separated by commas; a tuple holds
    patterns that may have a comma in them. `window_days` is how far charts over time look back.
    """

    answers: Any
    number: str
    smart_accounts: Patterns = "*"
    virtual_accounts: Patterns = "*"
    window_days: int = 365
    renewal: str = ""
    licenses: Patterns = "*"

    def table(self, name: str) -> pl.DataFrame:
        """The rows of a table that the page shows; tables over time only within the window."""
        frame = self.answers[name]
        where = scope(self, frame)
        frame = frame.filter(pl.sql_expr(where)) if where else frame
        return _in_window(frame, self, OVER_TIME[name]) if name in HISTORY else frame

    def drawn(self, name: str) -> pl.DataFrame:
        """The rows of a table that a chart shows: where it runs over time, only the window."""
        frame = self.table(name)
        return _in_window(frame, self, OVER_TIME[name]) if name in OVER_TIME else frame

    @property
    def internal(self) -> bool:
        """Whether the page is for the client's own side, which alone sees moves and models."""
        return self.answers.about.get("audience", INTERNAL) == INTERNAL

    @property
    def compared(self) -> bool:
        """Whether the answers say what changed since a previous pack."""
        return bool(self.answers.about.get("previous"))

    def shows(self, name: str) -> bool:
        """Whether the reader of the page may see a figure."""
        return self._may_see(FIGURES[name])

    def _may_see(self, figure: Figure) -> bool:
        return self.internal or not is_internal(figure.table, figure.column, figure.where)

    def fact(self, name: str) -> Fact:
        """A figure of `figures.FIGURES` with its value for the rows that the page shows."""
        return self.made(FIGURES[name])

    def made(self, figure: Figure) -> Fact:
        """Any figure with its value for the rows that the page shows.

        Raises InternalOnly for a figure that the reader may not see.
        """
        if not self._may_see(figure):
            raise InternalOnly(f"{figure.id}: an internal figure, so not on a page for the vendor.")
        where = [part for part in (figure.where, scope(self, self.answers[figure.table])) if part]
        unit = self.answers.currency or "money units" if figure.unit == MONEY else figure.unit
        asked = replace(figure, where=" AND ".join(f"({part})" for part in where), unit=unit)
        found = fact(self.answers, asked, page=self.number)
        stands_in = found.value is None and figure.otherwise
        if stands_in:
            return self.fact(figure.otherwise)
        return replace(found, unpriced=self._unpriced(figure, found)) if figure.unpriced else found

    def _unpriced(self, figure: Figure, found: Fact) -> Fact | None:
        """What has no price and so stands in no money of a figure; None where all has one."""
        if found.value is not None and figure.aggregate in WHOLE:
            return None
        rest = FIGURES[figure.unpriced]
        says = self.answers[rest.table][rest.column]
        told = rest.column == figure.column and not says.null_count()
        counted = None if told else self.made(rest)
        return counted if counted and counted.value else None

    def known(self, table: str) -> bool:
        """Whether what a table is made of is there, so that its being empty is an answer."""
        made_of = SAYS_NONE_BY.get(table, (RESTS_ON.get(table, table),))
        return all(not self.table(name).is_empty() for name in made_of)

    def none(self, table: str, sentence: str) -> str:
        """The sentence for an empty list, or which export its table wants before it may be said."""
        told = self.known(table) or not self.answers[table].is_empty()
        return sentence if told else nothing_here(self.wanting(table))

    def wanting(self, table: str) -> str:
        """The table whose export is asked for where a table is empty."""
        first = WANTS_FIRST.get(table, table)
        return first if self.answers[first].is_empty() else table

    @property
    def agreement(self) -> dict[str, Any] | None:
        """The agreement that the page is for: the one named, else the only one."""
        agreements = self.answers.about["agreements"]
        named = [one for one in agreements if one["name"] == self.renewal]
        return named[0] if named else agreements[0] if len(agreements) == 1 else None

    @property
    def renewal_end(self) -> dt.date | None:
        """The last day of that agreement."""
        end = (self.agreement or {}).get("end")
        return dt.date.fromisoformat(str(end)) if end else None


def located(client_dir: str) -> Path:
    """The client folder, looked up from the working folder and then from its parent.

    So the same notebook runs from the repository's root and from `notebooks/`. The path stays
    relative where it is given relative: no path of a machine gets into an executed notebook.
    """
    above = Path("..") / client_dir
    return above if not Path(client_dir).exists() and above.exists() else Path(client_dir)


def asked(client_dir: str, as_of: str = "", scenario: str = "") -> dict[str, Any]:
    """What `open_client` is called with: folder, day and scenario files, looked up and checked.

    `scenario` is the path of a scenario file, seen from here or from the folder above, or several
    with commas between them, done in that order.
    """
    whole = located(scenario)
    parts = [scenario] if whole.is_file() else scenario.split(",")
    files = [located(part.strip()) for part in parts if part.strip()]
    return {"folder": located(client_dir), "as_of": checked_day(as_of), "scenario": files}


def checked_day(as_of: str) -> dt.date | None:
    """A day parameter: ISO text, empty for "the newest".

    >>> checked_day("")
    >>> checked_day("31.10.2026")
    Traceback (most recent call last):
    cssm_lib.errors.ParameterError: as_of: '31.10.2026' is no day; write it as 2026-10-31.
    """
    try:
        return dt.date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise ParameterError(f"as_of: {as_of!r} is no day; write it as 2026-10-31.") from None


def scope(page: Page, frame: pl.DataFrame) -> str:
    """The page's own part of a table as a condition in polars SQL; empty where it shows all."""
    parts = []
    for setting, columns in ACCOUNTS.items():
        patterns = _patterns(getattr(page, setting))
        if not patterns:
            continue
        moves = MOVES if setting == "virtual_accounts" and MOVES[0] in frame.columns else columns
        there = [column for column in moves if column in frame.columns]
        if there:
            parts.append(" OR ".join(_one_of(frame, column, patterns) for column in there))
    if page.renewal and "agreement" in frame.columns:
        parts.append(f'"agreement" = {_quoted(page.renewal)}')
    return " AND ".join(f"({part})" for part in parts)


def _patterns(said: Patterns) -> list[str]:
    parts = said.split(",") if isinstance(said, str) else said
    patterns = [part.strip().casefold() for part in parts if part.strip()]
    return [] if "*" in patterns else patterns


def _one_of(frame: pl.DataFrame, column: str, patterns: list[str]) -> str:
    names = frame[column].drop_nulls().unique().sort().to_list()
    fit = [name for name in names if any(fnmatchcase(name.casefold(), p) for p in patterns)]
    return f'"{column}" IN ({", ".join(map(_quoted, fit))})' if fit else "FALSE"


def _quoted(name: str) -> str:
    doubled = name.replace("'", "''")
    return f"'{doubled}'"


def _in_window(frame: pl.DataFrame, page: Page, column: str) -> pl.DataFrame:
    newest = page.answers.as_of or frame[column].max()
    if newest is None or not page.window_days:
        return frame
    day = pl.col(column)
    inside = (day > newest - dt.timedelta(days=page.window_days)) & (day <= newest)
    return frame.filter(inside | day.is_null())


def headline(page: Page) -> Shown:
    """The page's headline figures as tiles, with their records for `facts.json`."""
    note = ""
    if _patterns(page.virtual_accounts):
        note = "Figures of whole Smart Accounts (short, cured, gap, shelf) include accounts that"
        note += " this page leaves out."
    shown = [page.fact(name) for name in HEADLINES[page.number] if page.shows(name)]
    return show_facts(shown, note=note)


def reading(page: Page, part: str) -> Shown:
    """What a part of the page means and what to do about it; numbers come from figures only.

    Without data: the export that would fill the part, and what stays unproved until then. The
    vendor reads neither what to do nor what cannot be proved.
    """
    text = READINGS[part]
    empty = page.answers[text.table].is_empty()
    if empty and not (text.empty_is_good and page.known(text.table)):
        if not page.internal:
            return Shown(_paragraph(NO_DATA), plain=NO_DATA)
        wanting = page.wanting(text.table)
        return Shown(_paragraph(_unfilled(wanting)), plain=nothing_here(wanting))
    facts = {name.split(".")[1]: page.fact(name) for name in text.figures if page.shows(name)}
    main = page.fact(text.figures[0])
    words = {name: spoken(one) for name, one in facts.items()}
    # a figure that nobody knows is no zero
    some = main.value or (main.value is None and not empty)
    means, do = (text.some, text.do) if some else (text.none, text.none_do)
    html = _paragraph(f"<b>What it means.</b> {means.format_map(words)}")
    if do and page.internal:
        html += _paragraph(f"<b>What to do.</b> {do.format_map(words)}")
    told = [one for name, one in facts.items() if f"{{{name}}}" in means + do]
    rest = left_out(told)
    html += _doubts(facts.values()) + _no_money(rest)
    return Shown(html, (*facts.values(), *rest), f"<reading: {part}>")


def changes(page: Page) -> Shown:
    """What changed since the previous pack, in words; where none was given, how to give one."""
    if page.compared and page.answers["changes"].is_empty():
        words = f"No change: every headline figure is what it was in the pack {_earlier(page)}."
        return Shown(_paragraph(safe(words)), plain=words)
    return reading(page, "changes")


def since(page: Page) -> Shown:
    """The same in one line for a short page; nothing where no previous pack was given."""
    if not page.compared:
        return Shown("", plain="<no previous pack>")
    if page.answers["changes"].is_empty():
        return changes(page)
    facts = [page.fact(name) for name in READINGS["changes"].figures]
    words = {one.figure.id.split(".")[1]: spoken(one) for one in facts}
    head = f"<b>Since the pack {safe(_earlier(page))}.</b>"
    html = _paragraph(f"{head} {SINCE.format_map(words)}")
    return Shown(html, tuple(facts), "<since>")


def _earlier(page: Page) -> str:
    """Which pack was compared with."""
    return f"as of {page.answers.about['previous']['as_of'] or 'no day'}"


def _unfilled(table: str) -> str:
    proves = filling(table).proves
    return f"{safe(nothing_here(table))} Until then nobody can prove {safe(proves)}."


def _doubts(facts: Iterable[Fact]) -> str:
    doubtful = [one.figure.label for one in facts if one.note and one.value]
    if not doubtful:
        return ""
    names = ", ".join(dict.fromkeys(doubtful))
    words = f"Incomplete input: {names} rest on an export of which pages are missing."
    return f'<p class="cssm-doubt">{safe(words)}</p>'


def _no_money(rest: Iterable[Fact]) -> str:
    """What the money of a sentence does not tell of."""
    words = "; ".join(lacking(one) for one in rest)
    return f'<p class="cssm-doubt">Not in the money: {words}.</p>' if words else ""


def _paragraph(html: str) -> str:
    return f'<p class="cssm-means">{html}</p>'
