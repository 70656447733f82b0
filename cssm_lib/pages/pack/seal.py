"""Digests of a pack's files, and one seal over the manifest that lists them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cssm_lib.whole import DRAFT

MANIFEST = "manifest.json"
SEAL = "seal"


def file_digest(path: Path) -> str:
    """BLAKE2b of a file's bytes, as the manifest writes it for inputs and outputs alike."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def output_digests(folder: Path) -> dict[str, str]:
    """Path below the pack → digest of every file of a pack but its manifest."""
    return {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST and not path.name.endswith(DRAFT)
    }


def seal(manifest: Mapping[str, Any]) -> str:
    """BLAKE2b of all that a manifest says beside its seal, whatever the order of its keys.

    >>> seal({"a": 1, "seal": "x"}) == seal({"a": 1})
    True
    """
    said = {name: value for name, value in manifest.items() if name != SEAL}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
