"""Which cells of a notebook an audience may read: for the vendor, what is declared and no more."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

import nbformat
from nbformat import NotebookNode

from cssm_lib.answers import INTERNAL
from cssm_lib.batch.notebooks import Notebook

# a cell with this tag is for our own side; on the first cell, the whole notebook is
ONLY_INTERNAL = "internal"
# text of a cell with this tag holds facts only, so the vendor may read more than its headings
FACTS_ONLY = "facts"
# the parameter, and where it is handed on
SCENARIO = re.compile(r"^scenario: .*\n?|, scenario(?=\))", re.MULTILINE)


def for_audience(notebooks: Mapping[str, Notebook], audience: str) -> dict[str, Notebook]:
    """The notebooks as an audience may have them, with the digests of what is left.

    For the vendor: cells tagged `internal` are not there, text is cut to its headings unless it is
    tagged `facts`, and a notebook whose first cell is tagged `internal` is not there at all.
    """
    if audience == INTERNAL:
        return dict(notebooks)
    return {
        stem: _for_vendor(one) for stem, one in notebooks.items() if not _whole_is_internal(one)
    }


def _whole_is_internal(notebook: Notebook) -> bool:
    return any(ONLY_INTERNAL in _tags(cell) for cell in notebook.content.cells[:1])


def _for_vendor(notebook: Notebook) -> Notebook:
    content = copy.deepcopy(notebook.content)
    shown = [cell for cell in content.cells if ONLY_INTERNAL not in _tags(cell)]
    cells = [_as_it_is(_facts(cell)) for cell in shown]
    content.cells = [cell for cell in cells if cell.source.strip()]
    digest = hashlib.blake2b(nbformat.writes(content).encode(), digest_size=16).hexdigest()
    return replace(notebook, content=content, digest=digest)


def _facts(cell: NotebookNode) -> NotebookNode:
    if cell.cell_type != "code" and FACTS_ONLY not in _tags(cell):
        cell.source = "\n\n".join(re.findall(r"^#{1,6} .*$", cell.source, re.MULTILINE))
    return cell


def _as_it_is(cell: NotebookNode) -> NotebookNode:
    """No pack for the vendor is of a what-if, so its notebooks have no parameter for one."""
    if cell.cell_type == "code":
        cell.source = SCENARIO.sub("", cell.source)
    return cell


def _tags(cell: NotebookNode) -> list[str]:
    return cell.get("metadata", {}).get("tags", [])
