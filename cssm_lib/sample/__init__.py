"""Invented estates: the three sample clients with their card, and large ones to measure with.

Nothing here is taken from a real account. The same seed gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from cssm_lib.sample import alder, birch, cedar, readme, scenario, second_inventory
from cssm_lib.sample.estates import write_estates

__all__ = ["write_estates", "write_samples"]


def write_samples(folder: Path, *, seed: int = 7) -> list[Path]:
    """Write the sample clients and the card; the files written, sorted.

    `seed` moves times of registration and contact only: no answer of the card rests on it.
    """
    clients = {"alder": alder.files(seed), "birch": birch.files(seed), "cedar": cedar.files()}
    clients["birch"] |= second_inventory.files(birch.DAYS[-1])
    contents = {Path("README.md"): readme.text().encode()}
    contents |= {Path(name): content for name, content in scenario.files().items()}
    for client, files in clients.items():
        contents |= {Path(client, path): content for path, content in files.items()}
    return [_written(folder / path, contents[path]) for path in sorted(contents)]


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
