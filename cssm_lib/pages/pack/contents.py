"""What a pack says of itself: facts, manifest, the two front pages, the workbook's cover."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cssm_lib.pages.facts import number_in
from cssm_lib.pages.labels import said
from cssm_lib.pages.pack.page import Shell, page, template
from cssm_lib.pages.pack.seal import MANIFEST, SEAL, seal
from cssm_lib.schema import ANSWERS, TABLES
from cssm_lib.schema.audience import INTERNAL, MARKS, shown_tables

if TYPE_CHECKING:
    from nbformat import NotebookNode

FACTS = "application/vnd.cssm.facts+json"
FACTS_FILE, INDEX, WORKBOOK = "facts.json", "index.html", "pack.xlsx"
LIBRARIES = ("polars", "altair", "vl-convert-python", "nbconvert", "papermill", "ipykernel")
KEYS = ["id", "label", "value", "unit", "page", "table", "where", "column", "aggregate"]
RECEIVED = "tables/source/"
FILES = {
    WORKBOOK: "every table as a sheet",
    "actions.csv": "what is to be done, to be filled in and copied beside client.toml",
    "calendar.ics": "the days of the renewal, for any calendar program",
    "statements.md": "a documented position on each discrepancy, to be edited",
    FACTS_FILE: "every headline figure and how it was made",
    MANIFEST: "inputs, rejects, rules, versions",
}
COUNTS = ("records", "used", "rejected", "repeated")


@dataclass(frozen=True)
class Page:
    """One page of a pack: whether it was made, and if not, why: the message and its class."""

    stem: str
    title: str
    digest: str = ""
    parameters: Mapping[str, Any] | None = None
    notebook: NotebookNode | None = None
    problem: str | None = None
    fault: str | None = None

    @property
    def facts(self) -> list[dict[str, Any]]:
        """Every figure that the executed notebook recorded, once each, with its page."""
        recorded = [_facts(one, self.stem) for one in held_outputs(self.notebook, FACTS)]
        return list({fact["id"]: fact for facts in recorded for fact in facts}.values())

    @property
    def headline(self) -> list[dict[str, Any]]:
        """The figures that head the page: those of the output that says so, else of the longest."""
        held = held_outputs(self.notebook, FACTS)
        heads = [one for one in held if isinstance(one, dict) and one.get("headline")]
        return max((_heads(one, self.stem) for one in heads or held), key=len, default=[])


@dataclass(frozen=True)
class Pack:
    """A pack about to be written: whose, for what and when, its pages and those not asked for."""

    client: str
    renewal: str | None
    as_of: str | None
    version: str
    pages: tuple[Page, ...]
    not_asked: tuple[Page, ...] = ()
    audience: str = INTERNAL
    scenario: str | None = None

    @property
    def where(self) -> str:
        """Client, renewal and scenario as a reader names them."""
        what_if = self.scenario and f"scenario: {self.scenario}"
        return " – ".join(filter(None, [self.client, self.renewal, what_if]))

    @property
    def day(self) -> str:
        """The day the pack is for, as every page says it."""
        return f"as of {self.as_of}" if self.as_of else "no day given or found"


def shell(pack: Pack, home: str | None) -> Shell:
    """What stands around every page of a pack."""
    foot = f"{pack.where}, {pack.day}. {made_by(pack.version)}"
    return Shell(pack.where, pack.day, foot, home, MARKS[pack.audience], pack.audience)


def made_by(tool: str) -> str:
    """The last words of every page."""
    return f"Made by cssm {tool} from the files that its front page lists."


def held_outputs(notebook: NotebookNode | None, kind: str) -> list[Any]:
    """What the outputs of a notebook hold under one type, in order."""
    cells = notebook.cells if notebook else []
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


def _facts(held: Any, stem: str) -> list[dict[str, Any]]:
    """The facts of one output, with their page."""
    facts = held["facts"] if isinstance(held, dict) else held
    return [_in_order(fact | {"page": stem}) for fact in facts]


def _heads(held: Any, stem: str) -> list[dict[str, Any]]:
    """Of the facts of one output those that it names as the headline; all where it names none."""
    named = held.get("headline") if isinstance(held, dict) else None
    return [fact for fact in _facts(held, stem) if not named or fact["id"] in named]


def _in_order(entry: Mapping[str, Any]) -> dict[str, Any]:
    """One order of keys, whether the notebook was just run or read from its file."""
    keys = sorted(entry, key=lambda key: (KEYS.index(key) if key in KEYS else len(KEYS), key))
    return {
        key: _in_order(entry[key]) if isinstance(entry[key], dict) else entry[key] for key in keys
    }


def facts_json(pack: Pack) -> str:
    """`facts.json`: every headline figure of every page, each with its audience."""
    mark = {"audience": pack.audience}
    return as_json([fact | mark for made in pack.pages for fact in made.facts])


def manifest(
    pack: Pack,
    about: Mapping[str, Any],
    tables: Mapping[str, pl.DataFrame],
    files: Mapping[str, str],
) -> str:
    """`manifest.json`: what the pack rests on and holds; no clock, no durations, no paths.

    `repeat` is the entry of a renewals.toml that makes the pack again, `settings` the digest of
    client.toml, `library` that of the program's own text, `files` that of every other file.
    """
    said = {
        "client": pack.client,
        "renewal": pack.renewal,
        "as_of": pack.as_of,
        "audience": pack.audience,
        "previous": about.get("previous"),
        "key": about.get("key"),
        "repeat": dict(about.get("repeat", {})),
        "pseudonyms": about.get("pseudonyms"),
        "settings": about.get("settings"),
        "library": about.get("library"),
        "versions": _versions(pack.version),
        "inputs": _inputs(about, tables),
        "records": tables["records"].to_dicts(),
        "rejects": _reject_counts(tables["rejects"]),
        "notes": tables["notes"].to_dicts(),
        "agreements": about.get("agreements", []),
        "rules": list(about.get("rules", [])),
        "pages": [_page_entry(made) for made in pack.pages],
        "did_not_run": _did_not_run(pack),
        "tables": {
            name: tables[name].height for name in shown_tables([*ANSWERS, *TABLES], pack.audience)
        },
        "files": dict(files),
    }
    if about.get("scenario"):
        said["scenario"] = about["scenario"]
    # as read back, so that days and decimals are sealed as they are written
    return as_json(said | {SEAL: seal(json.loads(as_json(said)))})


def _versions(tool: str) -> dict[str, str]:
    found = {"cssm": tool, "python": platform.python_version()}
    return found | {name: version(name) for name in LIBRARIES}


def _inputs(
    about: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]
) -> Iterable[dict[str, Any]]:
    """Every file with its digest and counts; files that no table knows stand as they were given."""
    sources = tables["sources"].to_dicts()
    listed = {source["source"] for source in sources}
    return [*sources, *(one for one in about.get("inputs", []) if one["source"] not in listed)]


def _reject_counts(rejects: pl.DataFrame) -> list[dict[str, Any]]:
    by = ["source", "table", "rule"]
    return rejects.group_by(by).len("records").sort(by).to_dicts()


def _page_entry(made: Page) -> dict[str, Any]:
    return {
        "page": made.stem,
        "title": made.title,
        "made": made.problem is None,
        "notebook_digest": made.digest,
        "parameters": dict(made.parameters or {}),
        "facts": len(made.facts),
    }


def _did_not_run(pack: Pack) -> list[dict[str, str]]:
    failed = [
        {"page": made.stem, "class": made.fault, "why": made.problem}
        for made in pack.pages
        if made.problem
    ]
    return failed + [{"page": other.stem, "why": "not asked for"} for other in pack.not_asked]


def front_page(pack: Pack, tables: Mapping[str, pl.DataFrame], files: Sequence[str]) -> str:
    """`index.html` of a pack."""
    body = template("pack.html.j2").render(
        opening=_opening(pack),
        pages=[_tiles(made) for made in pack.pages if not made.problem],
        not_made=[_linked(made) for made in pack.pages if made.problem],
        not_asked=[{"title": other.title, "why": "not asked for"} for other in pack.not_asked],
        files=[_file(name) for name in files if not name.startswith(RECEIVED)],
        received=[_file(name) for name in files if name.startswith(RECEIVED)],
        kinds=_kinds(tables["sources"]),
        sources=[_source_row(source) for source in tables["sources"].to_dicts()],
        notes=tables["notes"].to_dicts(),
    )
    # a vendor's pack travels alone: nothing in it leads to the other packs
    home = "../../../index.html" if pack.audience == INTERNAL else None
    around = {"heading": pack.where, "back": "All packs"}
    return page(body, shell(pack, home), title=pack.where, **around)


def packs_page(
    entries: Sequence[Mapping[str, Any]], failed: Sequence[tuple[str, str]], *, tool: str
) -> str:
    """`OUT/index.html`: every pack that stands under OUT, and what the last run could not make."""
    body = template("packs.html.j2").render(
        packs=[_pack_row(entry) for entry in entries],
        failed=[{"label": label, "problem": problem} for label, problem in failed],
    )
    around = Shell("Packs", said(len(entries), "packs"), f"Made by cssm {tool}.")
    return page(body, around, title="Packs", heading="Renewal packs")


def _pack_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    place, told = entry["place"], entry["manifest"]
    pages = [
        {
            "title": one["title"],
            "href": f"{place}/{one['page']}.html",
            "made": one["made"],
            "fault": told["classes"].get(one["page"]),
        }
        for one in told["pages"]
    ]
    return {
        "client": told["client"],
        "renewal": told["renewal"],
        "as_of": told["as_of"],
        "audience": told["audience"],
        "scenario": told["scenario"],
        "href": f"{place}/{INDEX}",
        "made": [one for one in pages if one["made"]],
        "not_made": [one for one in pages if not one["made"]],
    }


def _linked(made: Page) -> dict[str, Any]:
    href = f"{made.stem}.html" if made.notebook else None
    return {"title": made.title, "problem": made.problem, "fault": made.fault, "href": href}


def _tiles(made: Page) -> dict[str, Any]:
    return {
        "stem": made.stem,
        "title": made.title,
        "href": f"{made.stem}.html",
        "facts": [_tile(fact) for fact in made.headline],
    }


# the three numbers a reader asks for first: figure, what it is called here, what it is made of.
# Those of the brief, else those that page 01 knows; the first set of which one is there.
OPENING = (
    (
        ("brief.ask", "The vendor's likely ask", "the likely opening for the new term"),
        ("brief.position", "Our position", "the recommended quantity at today's price"),
        ("brief.cured", "Cured free", "of the difference, by removing instances and by transfers"),
    ),
    (
        (
            "utilisation.short_units",
            "The vendor's likely ask",
            "what single accounts are short of, added up: the usual opening",
        ),
        (
            "utilisation.true_gap",
            "Our position",
            "what is still short after exported lending and transfers",
        ),
        ("utilisation.curable_units", "Cured free", "by transfers inside the Smart Account"),
    ),
)


def _opening(pack: Pack) -> list[dict[str, str]]:
    """The first three numbers, as far as the pages of this pack know them; ours alone."""
    if pack.audience != INTERNAL:
        return []
    known = {fact["id"]: fact for made in pack.pages for fact in made.facts}
    sets = (
        [
            _tile(known[name] | {"label": label, "note": _noted(note, known[name]["note"])})
            for id_, label, note in numbers
            for name in (id_, f"{id_}_units")
            if name in known
        ]
        for numbers in OPENING
    )
    return next(filter(None, sets), [])


def _noted(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _tile(fact: Mapping[str, Any]) -> dict[str, str]:
    """A headline figure as a reader writes it, its number apart from its unit.

    >>> _tile({"id": "a", "label": "Short", "value": 1234, "unit": "units", "note": ""})
    {'id': 'a', 'label': 'Short', 'shown': '1,234', 'unit': 'units', 'note': ''}
    """
    value, unit = number_in(fact["value"]), fact.get("unit") or ""
    shown, rest = said(value, unit), ""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        shown, _, rest = shown.partition(" ")
    note = fact.get("note") or ""
    return {
        "id": fact["id"],
        "label": fact["label"],
        "shown": shown,
        "unit": rest,
        "note": note,
    }


def _kinds(sources: pl.DataFrame) -> list[dict[str, Any]]:
    """One entry per kind of export: files, days, what became of the records."""
    day = pl.col("snapshot_date")
    sums = sources.group_by("kind").agg(
        pl.len().alias("files"), day.min().alias("first"), day.max().alias("last"), pl.sum(*COUNTS)
    )
    return [_source_row(kind) for kind in sums.sort("kind", nulls_last=True).to_dicts()]


def _source_row(source: Mapping[str, Any]) -> dict[str, Any]:
    counts = ["–" if source[name] is None else f"{source[name]:,}" for name in COUNTS]
    return {**source, "counts": counts}


def _file(name: str) -> dict[str, str]:
    tables, stem = ANSWERS | TABLES, Path(name).stem
    row = f"a row is {tables[stem].row}" if stem in tables else ""
    return {"name": name, "says": FILES.get(name, row)}


def workbook_cover(pack: Pack, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """What the workbook's first sheet says."""
    lines = [("For", MARKS[pack.audience])]
    lines += [("Client", pack.client), ("Renewal", pack.renewal or "whole estate")]
    lines += [("Scenario", pack.scenario)] if pack.scenario else []
    lines += [("As of", pack.as_of or "no day given or found"), ("Made by", f"cssm {pack.version}")]
    sources = [(row["source"], _source_says(row)) for row in tables["sources"].to_dicts()]
    says = {name: table.row for name, table in {**TABLES, **ANSWERS}.items()}
    cover = {"title": pack.where, "lines": lines, "sources": sources, "says": says}
    return cover | {"mark": MARKS[pack.audience]}


def _source_says(row: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{name} {row[name]:,}" for name in COUNTS if row[name] is not None)
    return "; ".join(filter(None, [row["kind"] or "not recognised", counts, row["digest"]]))


def as_json(content: Any) -> str:
    """Readable JSON with a line end; days and exact decimals as text."""
    return json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n"
