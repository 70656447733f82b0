"""Papers of a pack that a person goes on with: actions to fill in, dates, statements."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from cssm_lib.pages.labels import NOTHING
from cssm_lib.pages.pack.contents import Pack
from cssm_lib.pages.pack.ics import calendar_file
from cssm_lib.pages.pack.workbook import RISKY_START
from cssm_lib.schema.audience import MARKS, cut, shown_tables
from cssm_lib.whole import write_whole

MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$])")
# what a user fills in comes first after what it is about
COLUMNS = ["id", "action", "smart_account", "virtual_account", "license", "units", "check", "owner"]
COLUMNS += ["effort", "status", "due", "late", "note"]
PARTS = (
    ("fact", "Fact"),
    ("evidence", "Evidence"),
    ("our_reading", "Our reading"),
    ("ask", "What we ask"),
)


def write_papers(folder: Path, pack: Pack, tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Write the papers that the audience may have and that have anything in them; their names.

    `actions.csv` is the user's list carried on: copied beside `client.toml` it is read again.
    """
    written = []
    for name, (table, paper) in PAPERS.items():
        path = folder / name
        rows = cut(tables[table], table, pack.audience) if _may(table, pack) else pl.DataFrame()
        if rows.is_empty():
            path.unlink(missing_ok=True)
            continue
        write_whole(path, paper(rows, pack))
        written.append(name)
    return written


def _may(table: str, pack: Pack) -> bool:
    return bool(shown_tables([table], pack.audience))


def actions_csv(actions: pl.DataFrame, pack: Pack) -> bytes:
    """The proposed `actions.csv`: what the user wrote as it was, beside what the data says now."""
    kept = actions.select(COLUMNS)
    others = [json.loads(text) if text else {} for text in actions["other"]]
    for name in dict.fromkeys(name for one in others for name in one):
        kept = kept.with_columns(
            pl.Series(name, [one.get(name) for one in others], dtype=pl.String)
        )
    text = pl.col(pl.String).str.replace(RISKY_START, "'$1")
    heads = {name: re.sub(RISKY_START, r"'\1", name) for name in kept.columns}
    return kept.with_columns(text).rename(heads).write_csv().encode("utf-8-sig")


def statements_md(statements: pl.DataFrame, pack: Pack) -> bytes:
    """The statements as Markdown to be edited, one part each; text of files is no markup."""
    lines = [f"# Statements: {_plain(pack.where)}, {pack.day}", "", f"*{MARKS[pack.audience]}*", ""]
    for number, row in enumerate(statements.iter_rows(named=True), 1):
        lines += [f"## {number}. {_plain(row['subject'])}", ""]
        for column, words in PARTS:
            if column in row:
                lines += [f"**{words}.** {_plain(row[column] or NOTHING)}", ""]
    return "\n".join(lines).encode()


def _plain(text: str) -> str:
    r"""Text of a file in Markdown: on one line, its marks escaped.

    >>> print(_plain("*a*\n<b>"))
    \*a\* \<b\>
    """
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def calendar_ics(calendar: pl.DataFrame, pack: Pack) -> bytes:
    """The calendar for any calendar program."""
    mark = MARKS[pack.audience]
    if pack.renewal:
        calendar = calendar.filter(pl.col("agreement") == pack.renewal)
    return calendar_file(calendar, whose=pack.where, mark=mark, as_of=pack.as_of).encode()


Paper = Callable[[pl.DataFrame, Pack], bytes]
PAPERS: dict[str, tuple[str, Paper]] = {
    "actions.csv": ("actions", actions_csv),
    "calendar.ics": ("calendar", calendar_ics),
    "statements.md": ("statements", statements_md),
}
