"""Files that appear whole or not at all: written beside their place, then given their name."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DRAFT = ".draft"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A draft beside `path` to write to; it takes the name once the block has ended well.

    A fault removes the draft and leaves what stood at `path`. A process that is killed leaves the
    draft, which `no_drafts` removes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = f"{os.getpid()}-{threading.get_ident()}"
    draft = path.with_name(f".{path.name}.{mark}{DRAFT}")
    try:
        yield draft
        draft.replace(path)
    except Exception:
        draft.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes as one file, whole or not at all."""
    with whole(path) as draft:
        draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def no_drafts(folder: Path) -> None:
    """Remove the drafts that a killed process left under a folder."""
    for draft in folder.rglob(f".*{DRAFT}"):
        draft.unlink(missing_ok=True)
