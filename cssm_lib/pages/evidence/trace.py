"""A printed figure back to its fact, its filter, the answer's rows, and the rows of the files."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.errors import InputError, PageError
from cssm_lib.pages.evidence.resting import PLACED, contract_of, source_rows
from cssm_lib.pages.facts import plain
from cssm_lib.pages.labels import said
from cssm_lib.schema import ANSWERS
from cssm_lib.schema.aggregates import value_of

FACTS_FILE = "facts.json"
MADE_OF = {"table", "where", "column", "aggregate"}
SHOWN = 20


@dataclass(frozen=True)
class Trace:
    """One figure of a pack: its record, the answer's rows that fit, and what they rest on.

    `sources` are rows of source tables by table, each with `source` and `place`; `digests` say
    which file of that name was read.
    """

    pack: Path
    fact: Mapping[str, Any]
    again: Any
    rows: pl.DataFrame
    sources: Mapping[str, pl.DataFrame]
    digests: Mapping[str, str]

    @property
    def same(self) -> bool:
        """Whether the figure comes out the same when it is made again from its table."""
        return self.again == self.fact["value"]

    @cached_property
    def places(self) -> pl.DataFrame:
        """One row per source row: table, source, place, digest."""
        digest = pl.DataFrame(
            {"source": list(self.digests), "digest": list(self.digests.values())},
            schema={"source": pl.String, "digest": pl.String},
        )
        parts = [
            rows.select(
                pl.lit(name).alias("table"),
                "source",
                (pl.col("place") if "place" in rows.columns else pl.lit(None, pl.String)).alias(
                    "place"
                ),
            )
            for name, rows in self.sources.items()
        ]
        shape = dict.fromkeys(["table", *PLACED], pl.String)
        placed = pl.concat(parts) if parts else pl.DataFrame(schema=shape)
        return placed.join(digest, on="source", how="left", maintain_order="left")


def trace(pack: Path, figure: str) -> Trace:
    """Follow one figure of a pack: by its id, by `page/id`, or by its label.

    Raises PageError for a figure that the pack does not have or that pages show differently,
    InputError where a file of the pack is missing or cannot be read.
    """
    fact = find_fact(read_facts(pack), figure)
    how = dict(fact["how"])
    table = how.pop("table")
    frame = read_table(pack, table)
    rows = frame.filter(pl.sql_expr(how["where"])) if how["where"] else frame
    sources = source_rows(lambda name: read_table(pack, name), table, rows, columns_used(how))
    digests = dict(read_table(pack, "sources").select("source", "digest").iter_rows())
    return Trace(pack, fact, plain(value_of(frame, **how)), rows, sources, digests)


def columns_used(how: Mapping[str, str]) -> set[str]:
    """The columns that a figure's value and its filter look at."""
    names = {how["column"]} - {"*"}
    return names | set(pl.sql_expr(how["where"]).meta.root_names() if how["where"] else ())


def read_facts(pack: Path) -> list[dict[str, Any]]:
    """The records of `facts.json`."""
    path = pack / FACTS_FILE
    try:
        facts = json.loads(path.read_text("utf-8"))
        return [fact for fact in facts if fact["how"] and MADE_OF <= fact["how"].keys()]
    except FileNotFoundError:
        raise InputError(
            f"{pack.name}: {FACTS_FILE} is not there; give the folder of one pack, that of"
            " its manifest.json."
        ) from None
    except (OSError, ValueError, LookupError, TypeError) as fault:
        raise InputError(f"{FACTS_FILE}: cannot be read: {fault}; run the batch again.") from None


def read_table(pack: Path, name: str) -> pl.DataFrame:
    """A table of the pack as it was computed."""
    folder = "tables" if name in ANSWERS else "tables/source"
    contract_of(name)
    path = pack / folder / f"{name}.parquet"
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as fault:
        first = str(fault).partition("\n")[0]
        raise InputError(
            f"{folder}/{path.name}: cannot be read ({first}); run the batch again."
        ) from None


def find_fact(facts: Sequence[Mapping[str, Any]], figure: str) -> Mapping[str, Any]:
    """The record that a figure means; several pages may show it if all show the same.

    >>> find_fact([{"id": "a.b", "label": "Short", "page": "01_x", "value": 1, "how": {}}], "short")
    {'id': 'a.b', 'label': 'Short', 'page': '01_x', 'value': 1, 'how': {}}
    """
    wanted = figure.strip().casefold()
    for names in (_ids, _labels):
        found = [fact for fact in facts if wanted in names(fact)]
        if found:
            return _one_of(found, figure)
    known = sorted({fact["id"] for fact in facts})
    near = difflib.get_close_matches(figure, [*known, *(fact["label"] for fact in facts)], n=3)
    hint = f"; near it: {', '.join(dict.fromkeys(near))}" if near else ""
    raise PageError(f"no figure {figure!r}{hint}. There are: {', '.join(known) or 'none'}.")


def _ids(fact: Mapping[str, Any]) -> tuple[str, ...]:
    return fact["id"].casefold(), f"{fact['page']}/{fact['id']}".casefold()


def _labels(fact: Mapping[str, Any]) -> tuple[str, ...]:
    return (fact["label"].casefold(),)


def _one_of(found: Sequence[Mapping[str, Any]], figure: str) -> Mapping[str, Any]:
    if any(one["how"] != found[0]["how"] or one["id"] != found[0]["id"] for one in found):
        places = ", ".join(f"{one['page']}/{one['id']}" for one in found)
        raise PageError(f"{figure!r} is more than one figure; say which: {places}.")
    return found[0]


def told(found: Trace, *, shown: int = SHOWN) -> str:
    """The trace as text for a reader; long lists are cut at `shown` rows and say so."""
    fact = found.fact
    how, value = fact["how"], said(fact["value"], fact["unit"])
    note = f" ({fact['note']})" if fact["note"] else ""
    again = "the same" if found.same else f"DIFFERS: {found.again}"
    folder = "tables" if how["table"] in ANSWERS else "tables/source"
    lines = [
        f"{fact['id']}: {fact['label']}, {value}{note}",
        f"  on page    {fact['page']}",
        f"  made as    {how['aggregate']} of {how['column']} in {folder}/{how['table']}",
        f"  where      {how['where'] or 'every row'}",
        f"  made again {again}",
        "",
        f"{found.rows.height:,} rows of {folder}/{how['table']} fit",
        *_rows(found.rows.select(_telling(found)), shown),
        "",
        *_files(found, shown),
    ]
    return "\n".join(lines)


def _telling(found: Trace) -> list[str]:
    """The columns worth reading: the key and those that the figure looks at."""
    how = found.fact["how"]
    names = [*contract_of(how["table"]).key, *sorted(columns_used(how)), *PLACED]
    return list(dict.fromkeys(name for name in names if name in found.rows.columns))


def _rows(frame: pl.DataFrame, shown: int) -> list[str]:
    lines = [
        "  " + ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
        for row in frame.head(shown or frame.height).iter_rows(named=True)
    ]
    return [*lines, *_more(frame.height, shown)]


def _more(height: int, shown: int) -> list[str]:
    return [f"  … and {height - shown:,} more"] if shown and height > shown else []


def _files(found: Trace, shown: int) -> list[str]:
    places = found.places
    if places.is_empty():
        return ["no row of a file stands behind it"]
    files = places.group_by("source", "digest", maintain_order=True).agg("table", "place")
    lines = [f"{places.height:,} rows of {files.height:,} files stand behind them"]
    for source, digest, tables, rows in files.sort("source").iter_rows():
        lines.append(f"  {source} (BLAKE2b {digest})")
        words = [
            f"{table} {place or ''}".rstrip() for table, place in zip(tables, rows, strict=True)
        ]
        lines += [f"    {word}" for word in words[: shown or None]]
        lines += [f"  {line}" for line in _more(len(words), shown)]
    return lines


def as_json(found: Trace) -> str:
    """The trace as JSON: fact, made_again, rows of the answer, rows of the files with digests."""
    body = {
        "fact": dict(found.fact),
        "made_again": found.again,
        "same": found.same,
        "rows": found.rows.to_dicts(),
        "sources": found.places.to_dicts(),
    }
    return json.dumps(body, ensure_ascii=False, indent=1, default=str)
