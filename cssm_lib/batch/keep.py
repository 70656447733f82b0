"""Pages that stand already: kept where everything they rest on is the same, made anew where not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

RESTS_ON = ("altair", "great-tables", "ipykernel")


def page_key(answers_key: str, notebook: str, parameters: Mapping[str, Any]) -> str:
    """One digest of all that a page rests on; the answers' key holds the files and the library."""
    libraries = [version(name) for name in RESTS_ON]
    said = json.dumps([answers_key, notebook, dict(parameters), libraries], sort_keys=True)
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def kept_page(path: Path, key: str) -> NotebookNode | None:
    """The notebook that an earlier run left, if it is whole and rests on the same inputs."""
    try:
        notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return None
    said = notebook.metadata.get("cssm", {})
    return notebook if said.get("key") == key and said.get("finished") else None
