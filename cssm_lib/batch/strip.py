"""An executed notebook without what differs from run to run: times, random ids, paths."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import upgrade

# a folder as it is written, where it stands as a whole, and what is written in its stead
Words = list[tuple[str, re.Pattern[str], str]]
ERROR_MARK = "papermill-error-cell-tag"
WIDGETS = (
    "application/vnd.jupyter.widget-view+json",
    "application/vnd.jupyter.widget-state+json",
)
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
KERNEL_FILE = re.compile(r"\S*ipykernel_\d+\S*?(\d+\.py|<cell>)")


def stripped(notebook: NotebookNode, *, folder: Path, said: Mapping[str, Any]) -> NotebookNode:
    """The same cells and outputs; `said` stands in the notebook's metadata under `cssm`."""
    upgrade(notebook)
    words = _places(folder)
    cells = [
        cell
        for cell in notebook.cells
        if ERROR_MARK not in cell.get("metadata", {}).get("tags", [])
    ]
    notebook.cells = [_cell(cell, number, words) for number, cell in enumerate(cells, 1)]
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
        cssm=dict(said),
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _cell(cell: NotebookNode, number: int, words: Words) -> NotebookNode:
    cell.id = f"cell-{number:02}"
    tags = cell.metadata.get("tags", [])
    cell.metadata = NotebookNode(tags=tags) if tags else NotebookNode()
    if cell.cell_type == "code":
        cell.outputs = [_output(output, words) for output in cell.outputs if _kept(output)]
    return cell


def _kept(output: NotebookNode) -> bool:
    """Warnings name files of a machine; widgets are dead without their kernel."""
    if output.output_type == "stream":
        return output.name == "stdout"
    return not any(kind in output.get("data", {}) for kind in WIDGETS)


def _output(output: NotebookNode, words: Words) -> NotebookNode:
    if output.output_type == "error":
        output.traceback = [_clean(line, words) for line in output.traceback]
        output.evalue = _clean(output.evalue, words)
    elif output.output_type == "stream":
        output.text = _clean(output.text, words)
    for kind, content in output.get("data", {}).items():
        if kind.startswith("text/") and isinstance(content, str):
            output.data[kind] = _clean(content, words)
    return output


def _clean(text: str, words: Words) -> str:
    for path, whole, word in words:
        if path in text:  # almost never, and far quicker asked than the pattern
            text = whole.sub(lambda found, word=word: f"{word}/" if found[1] else word, text)
    if "ipykernel_" in text:
        text = KERNEL_FILE.sub("<cell>", text)
    return ADDRESS.sub("", text) if " at 0x" in text else text


def _places(folder: Path) -> Words:
    """Folders of this machine, longest first, and what is written in their stead."""
    library = Path(__file__).resolve().parents[1]
    places = {
        Path(sys.base_prefix): "…",
        Path(sys.prefix): "…",
        Path(tempfile.gettempdir()).resolve(): "…",
        Path.home(): "~",
        folder.resolve(): ".",
        library.parent: ".",
    }
    longest_first = sorted(places.items(), key=lambda item: -len(str(item[0])))
    return [
        (str(path), re.compile(rf"(?<![\w/]){re.escape(str(path))}(?:(/)|(?![\w.-]))"), word)
        for path, word in longest_first
        if len(path.parts) > 1
    ]
