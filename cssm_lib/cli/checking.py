"""`cssm check`: what each file of a client is and what became of every record in it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.client import load_client
from cssm_lib.errors import CssmError
from cssm_lib.read import Source, proposal
from cssm_lib.schema.words import counted

COUNTS = ("records", "used", "rejected", "repeated")
WIDE = 160  # where no terminal says how wide it is
EXAMPLES = 3
MANY = 3  # more files of one kind than this stand in one line
NOTHING = "not recognised"


def checked(folder: Path, as_of: dt.date | None) -> dict[str, Any]:
    """All that is known of a client's files, or why it is no client."""
    try:
        client = load_client(folder, as_of)
    except CssmError as fault:
        return {"client": folder.resolve().name, "problem": str(fault)}
    return {
        "client": client.name,
        "as_of": client.as_of and client.as_of.isoformat(),
        "sources": [_opened(source) for source in client.tables["sources"].to_dicts()],
        "records": client.tables["records"].to_dicts(),
        "rejects": _rejects(client.tables["rejects"]),
        "notes": client.tables["notes"].to_dicts(),
    }


def _opened(source: dict[str, Any]) -> dict[str, Any]:
    """Mapping and unmapped headers as lists, not as JSON in text."""
    mapping = json.loads(source["mapping"] or "{}")
    return source | {"mapping": mapping, "unmapped": json.loads(source["unmapped"] or "[]")}


def _rejects(rejects: pl.DataFrame) -> list[dict[str, Any]]:
    """One entry per file, table and rule, with the places of the first records."""
    by = ["source", "table", "rule"]
    examples = pl.concat_str("place", pl.lit(": "), pl.col("value").fill_null("")).head(EXAMPLES)
    grouped = rejects.group_by(by).agg(pl.len().alias("records"), examples.alias("first"))
    return grouped.sort(by).to_dicts()


def as_json(results: Sequence[Mapping[str, Any]]) -> str:
    """`{"clients": [...]}`, days as ISO text."""
    return json.dumps({"clients": list(results)}, ensure_ascii=False, indent=2, default=str)


def show(result: Mapping[str, Any]) -> None:
    """Print what was found, as tables, on stdout."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDE
    console.print(f"\n{result['client']}", style="bold")
    if "problem" in result:
        console.print(result["problem"])
        return
    console.print(f"as of {result['as_of'] or 'no day given or found'}\n")
    for part in _parts(result):
        # a line that is to be pasted must not be broken
        console.print(part, soft_wrap=isinstance(part, str))


def _parts(result: Mapping[str, Any]) -> Iterable[Any]:
    yield _files(result["sources"])
    yield _records(result["records"])
    yield from _mappings(result["sources"])
    yield from _problems(result)


def _files(sources: Sequence[Mapping[str, Any]]) -> Any:
    """One line a file; many of one kind that came whole stand in one line."""
    folded = _folded(sources, "kind", "date_from", "smart_account")
    rows = [
        [_named(some), some[0]["kind"] or NOTHING, _when(some), *_sums(some)] for some in folded
    ]
    return _table("Files", ["file", "recognised as", "day (from)", *COUNTS], rows)


def _folded(
    rows: Sequence[Mapping[str, Any]], *alike: str
) -> Iterable[Sequence[Mapping[str, Any]]]:
    """The rows, those without a fault that are alike together once there are many of them."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for number, row in enumerate(rows):
        key = tuple(row[name] for name in alike) if _whole(row) else number
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        yield from [group] if len(group) > MANY else ([row] for row in group)


def _whole(row: Mapping[str, Any]) -> bool:
    """Whether nothing has to be said of a file or of its part of a table."""
    fault = row.get("problem") or row.get("complete", True) is False or not row.get("kind", True)
    return not (fault or row["rejected"] or row["repeated"])


def _named(rows: Sequence[Mapping[str, Any]]) -> str:
    first, last = rows[0]["source"], rows[-1]["source"]
    return first if len(rows) == 1 else f"{counted(len(rows), 'files')}: {first} … {last}"


def _sums(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    sums = ([row[name] for row in rows if row[name] is not None] for name in COUNTS)
    return [f"{sum(said):,}" if said else "" for said in sums]


def _when(rows: Sequence[Mapping[str, Any]]) -> str:
    days = sorted({row["snapshot_date"] for row in rows if row["snapshot_date"]})
    if not days:
        return "in its rows" if rows[0]["date_from"] else "none"
    spell = f"{days[0]} … {days[-1]}" if len(days) > 1 else str(days[0])
    return f"{spell} ({rows[0]['date_from']})"


def _records(records: Sequence[Mapping[str, Any]]) -> Any:
    rows = [[_named(some), some[0]["table"], *_sums(some)] for some in _folded(records, "table")]
    title = "Records = used + rejected + repeated"
    return _table(title, ["file", "table", *COUNTS], rows)


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        number = head in COUNTS
        table.add_column(
            head, justify="right" if number else "left", no_wrap=number, overflow="fold"
        )
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _mappings(sources: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Each mapping once, with the files that are read by it."""
    alike: dict[str, list[Mapping[str, Any]]] = {}
    for source in sources:
        alike.setdefault(json.dumps([source["mapping"], source["unmapped"]]), []).append(source)
    for group in alike.values():
        first = group[0]
        if first["mapping"] or first["unmapped"]:
            more = f" and {len(group) - 1} more" if len(group) > 1 else ""
            yield f"Mapping of {first['source']}{more}"
            yield "".join(f"  {head} → {column}\n" for head, column in first["mapping"].items())
        if first["unmapped"]:
            yield f"  no column for: {', '.join(first['unmapped'])}\n"
            yield f"To map them, paste into client.toml and complete:\n{_proposed(first)}\n"


def _proposed(source: Mapping[str, Any]) -> str:
    told = Source(
        source["source"],
        kind=source["kind"],
        mapping=source["mapping"],
        unmapped=tuple(source["unmapped"]),
    )
    return proposal(told)


def _problems(result: Mapping[str, Any]) -> Iterable[str]:
    """What has to be said, the same words once with the first of those they are said of."""
    said: dict[str, list[str]] = {}
    for about, words in _said(result):
        said.setdefault(words, []).append(about)
    for words, about in said.items():
        first = next(filter(None, about), "")
        more = f" and {len(about) - 1:,} more" if len(about) > 1 else ""
        yield f"{first}{more}: {words}" if first else words


def _said(result: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for source in result["sources"]:
        if source["problem"]:
            yield source["source"], source["problem"].removeprefix(f"{source['source']}: ")
    for entry in result["rejects"]:
        first = "; ".join(entry["first"])
        more = " …" if entry["records"] > len(entry["first"]) else ""
        records = f"{counted(entry['records'], 'records')} of {entry['table']} rejected"
        yield entry["source"], f"{records}, {entry['rule']}: {first}{more}"
    told = {source["problem"] for source in result["sources"] if not source["kind"]}
    for note in result["notes"]:
        if note["note"].removeprefix("not used: ") not in told:
            yield note["about"] or "", note["note"]
