"""The pack: executed notebooks and tables → pages, front pages, workbook, facts and manifest.

OUT/<client>/<renewal>/<as_of>/ holds one pack, OUT/index.html lists all of them. Equal inputs give
equal bytes: nothing here looks at a clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.pages.pack.contents import (
    FACTS_FILE,
    INDEX,
    MANIFEST,
    WORKBOOK,
    Pack,
    Page,
    facts_json,
    front_page,
    manifest,
    packs_page,
    shell,
    workbook_cover,
)
from cssm_lib.pages.pack.page import notebook_page, notebook_title
from cssm_lib.pages.pack.seal import file_digest, output_digests
from cssm_lib.schema.audience import INTERNAL, cut, shown_tables
from cssm_lib.whole import no_drafts, whole, write_whole

__all__ = [
    "INDEX",
    "MANIFEST",
    "Pack",
    "Page",
    "drop_page",
    "file_digest",
    "notebook_title",
    "unfinished",
    "write_pack",
    "write_page",
    "write_packs_index",
]


def write_page(folder: Path, pack: Pack, made: Page) -> None:
    """Write a page's executed notebook and its HTML, also of a page that was not finished."""
    import nbformat

    html = notebook_page(made.notebook, shell(pack, INDEX), title=made.title, problem=made.problem)
    write_whole(folder / f"{made.stem}.ipynb", nbformat.writes(made.notebook) + "\n")
    write_whole(folder / f"{made.stem}.html", html)


def unfinished(folder: Path) -> None:
    """Take away what says that the pack is whole, and the drafts of a run that was killed.

    A folder without a manifest is no pack: nothing lists it until it is whole again.
    """
    no_drafts(folder)
    (folder / MANIFEST).unlink(missing_ok=True)


def drop_page(folder: Path, stem: str) -> None:
    """Take away a page that an earlier run made from other inputs."""
    for ending in ("html", "ipynb"):
        (folder / f"{stem}.{ending}").unlink(missing_ok=True)


def write_pack(
    folder: Path, pack: Pack, *, tables: Mapping[str, pl.DataFrame], about: Mapping[str, Any]
) -> None:
    """Write all that stands beside the pages and `tables/`; the manifest comes last."""
    from cssm_lib.pages.pack.papers import write_papers
    from cssm_lib.pages.pack.workbook import sheet_names, write_workbook

    names = shown_tables(sheet_names(), pack.audience)
    printed = {name: cut(tables[name], name, pack.audience) for name in names}
    with whole(folder / WORKBOOK) as draft:
        write_workbook(draft, printed, workbook_cover(pack, tables))
    write_whole(folder / FACTS_FILE, facts_json(pack))
    papers = write_papers(folder, pack, tables)
    files = [WORKBOOK, *papers, FACTS_FILE, MANIFEST, *_table_files(folder)]
    write_whole(folder / INDEX, front_page(pack, tables, files))
    write_whole(folder / MANIFEST, manifest(pack, about, tables, output_digests(folder)))


def _table_files(folder: Path) -> list[str]:
    found = [path for path in (folder / "tables").rglob("*.csv") if path.parent.name != "printed"]
    return sorted((path.relative_to(folder).as_posix() for path in found), key=_shallow_first)


def _shallow_first(name: str) -> tuple[int, str]:
    return name.count("/"), name


def write_packs_index(out: Path, failed: Sequence[tuple[str, str]], *, tool: str) -> Path:
    """Write `OUT/index.html`: every pack that stands under OUT, whichever run made it."""
    write_whole(out / INDEX, packs_page(list(_packs(out)), failed, tool=tool))
    return out / INDEX


def _packs(out: Path) -> Iterable[dict[str, Any]]:
    for path in sorted(out.glob(f"*/*/*/{MANIFEST}")):
        try:
            said = json.loads(path.read_text("utf-8"))
            kept = {"client": said["client"], "renewal": said["renewal"], "as_of": said["as_of"]}
            kept["audience"] = said.get("audience", INTERNAL)
            kept["scenario"] = (said.get("scenario") or {}).get("name")
            kept["pages"] = [
                {name: one[name] for name in ("page", "title", "made")} for one in said["pages"]
            ]
            kept["classes"] = {
                one["page"]: one["class"] for one in said["did_not_run"] if "class" in one
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # a manifest that another program wrote, or one being written
        yield {"place": path.parent.relative_to(out).as_posix(), "manifest": kept}
