"""The notebooks there are, and which of them become pages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cssm_lib.errors import PageError, ParameterError
from cssm_lib.pages.pack import notebook_title

# a notebook whose first cell has this tag becomes a page only under a scenario
ONLY_SCENARIO = "scenario"
NUMBERED = re.compile(r"^\d\d_\w+$")


@dataclass(frozen=True)
class Notebook:
    """One notebook that becomes a page: its file name without ending, its title, its cells."""

    stem: str
    title: str
    digest: str
    content: NotebookNode


def notebook_folder() -> Path:
    """`notebooks/` of the installed package, or of the checkout it is run from."""
    package = Path(__file__).resolve().parents[1]
    places = [package / "notebooks", package.parent / "notebooks"]
    return next((place for place in places if place.is_dir()), places[-1])


def find_notebooks(folder: Path | None = None) -> dict[str, Notebook]:
    """Every `NN_name.ipynb` of a folder by its number; the workshop has none and stays out."""
    folder = folder or notebook_folder()
    paths = sorted(path for path in folder.glob("*.ipynb") if NUMBERED.match(path.stem))
    if not paths:
        raise PageError(f"{folder.name}: no notebook such as 01_utilisation.ipynb; reinstall cssm.")
    return {path.stem: read_notebook(path) for path in paths}


def read_notebook(path: Path) -> Notebook:
    """One notebook; raises PageError for a file that is none."""
    raw = path.read_bytes()
    try:
        content = nbformat.reads(raw.decode(), as_version=4)
    except (ValueError, nbformat.ValidationError) as fault:
        raise PageError(f"{path.name}: no notebook that can be read: {fault}") from None
    title = notebook_title(content, re.sub(r"^\d+_", "", path.stem).replace("_", " ").capitalize())
    return Notebook(path.stem, title, hashlib.blake2b(raw, digest_size=16).hexdigest(), content)


def for_pack(notebooks: Mapping[str, Notebook], *, scenario: bool) -> dict[str, Notebook]:
    """The notebooks that a pack may have: some tell of a scenario and stand under one only."""
    return {stem: one for stem, one in notebooks.items() if scenario or not _tells_of_scenario(one)}


def _tells_of_scenario(notebook: Notebook) -> bool:
    tags = [cell.get("metadata", {}).get("tags", []) for cell in notebook.content.cells[:1]]
    return any(ONLY_SCENARIO in one for one in tags)


def pages_asked(
    notebooks: Mapping[str, Notebook], only: Sequence[str], *, scenario: bool = False
) -> list[str]:
    """The pages that `only` names by number or name, in the notebooks' order; all for an empty one.

    Without a scenario those that tell of one are left out. Raises ParameterError for a page that
    does not exist, and where no page is left.
    """
    unknown = [name for name in only if not any(_named(stem, name) for stem in notebooks)]
    if unknown:
        there = ", ".join(notebooks)
        raise ParameterError(f"no page {', '.join(map(repr, unknown))}; there are: {there}.")
    asked = [stem for stem in notebooks if not only or any(_named(stem, name) for name in only)]
    there = for_pack(notebooks, scenario=scenario)
    if asked and not there.keys() & set(asked):
        raise ParameterError(
            f"{', '.join(asked)}: stands only in the pack of a scenario; add --scenario FILE."
        )
    return [stem for stem in asked if stem in there]


def _named(stem: str, name: str) -> bool:
    return name in (stem, stem[3:]) or name.zfill(2) == stem[:2]
