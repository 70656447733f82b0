"""A pack of an earlier run: found, checked against its own manifest, its tables read when asked."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.errors import InputError, ParameterError
from cssm_lib.pages.pack import MANIFEST, file_digest
from cssm_lib.schema import ANSWERS, TABLES
from cssm_lib.schema.audience import INTERNAL

AGAIN = "make it again with `cssm run`, or give another pack."
SAID = ("client", "renewal", "as_of", "audience")


@dataclass(frozen=True)
class Previous:
    """A sound pack of an earlier run; `previous["positions"]` is a table of it.

    A table that the version that made it did not have yet is empty, and not among `names`.
    """

    folder: Path
    manifest: Mapping[str, Any]
    digest: str

    @property
    def about(self) -> dict[str, Any]:
        """What a later pack says of this one: whose, of which day, its digest; no path."""
        said = {name: self.manifest.get(name) for name in SAID}
        return said | {"version": self.manifest["versions"]["cssm"], "digest": self.digest}

    @property
    def names(self) -> frozenset[str]:
        """The tables that the pack holds."""
        stems = (Path(name) for name in self.manifest["files"] if name.startswith("tables/"))
        return frozenset(path.stem for path in stems if path.suffix == ".parquet")

    def __getitem__(self, name: str) -> pl.DataFrame:
        table = {**ANSWERS, **TABLES}[name]
        if name not in self.names:
            return table.empty()
        place = "tables" if name in ANSWERS else "tables/source"
        return table.shaped(pl.read_parquet(self.folder / place / f"{name}.parquet"))


def find_previous(
    given: Path, *, client: str, renewal: str | None, as_of: dt.date | None
) -> Previous | None:
    """The pack given, or of the packs under an OUT the newest of this renewal up to `as_of`.

    None where an OUT holds no pack of this client and renewal. ParameterError: neither a pack nor
    an OUT, another client's or renewal's, a vendor's, or newer than `as_of`; InputError: a pack
    that is broken or was altered.
    """
    if (given / MANIFEST).is_file():
        return _sound(given, _fitting(given, client, renewal, as_of))
    packs = sorted(path.parent for path in given.glob(f"*/*/*/{MANIFEST}"))
    if not packs:
        raise ParameterError(
            f"--previous {given.name}: neither a pack (no {MANIFEST} in it) nor a folder of packs;"
            " give the folder of one pack, or the OUT of an earlier run."
        )
    own = dict(_own(packs, client, renewal))
    if not own:
        return None
    namesakes = sorted({folder.parents[1].name for folder in own})
    if len(namesakes) > 1:
        raise ParameterError(
            f"--previous {given.name}: several clients are called {client!r}"
            f" ({', '.join(namesakes)}); give the folder of one pack."
        )
    days = {folder: said["as_of"] or "" for folder, said in own.items()}
    now = as_of.isoformat() if as_of else ""
    earlier = {folder: day for folder, day in days.items() if day < now}
    until = earlier or {folder: day for folder, day in days.items() if day == now} or days
    newest = max(until, key=lambda folder: (until[folder], folder.name))
    return _sound(newest, _fitting(newest, client, renewal, as_of))


def _own(
    packs: list[Path], client: str, renewal: str | None
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The packs of a renewal; a manifest of another program's is none of ours."""
    for folder in packs:
        try:
            said = _manifest(folder)
        except InputError:
            continue
        if (said["client"], said["renewal"], said["audience"]) == (client, renewal, INTERNAL):
            yield folder, said


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        said = json.loads((folder / MANIFEST).read_text("utf-8"))
        whole = isinstance(said["files"], dict) and all(name in said for name in SAID)
        whole = whole and isinstance(said["versions"]["cssm"], str)
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise InputError(
            f"--previous {folder.name}/{MANIFEST}: no manifest of a pack that can be compared with"
            f" (broken, or of an older version); {AGAIN}"
        )
    return said


def _fitting(
    folder: Path, client: str, renewal: str | None, as_of: dt.date | None
) -> Mapping[str, Any]:
    said = _manifest(folder)
    whose, asked = _whose(said["client"], said["renewal"]), _whose(client, renewal)
    name = f"--previous {folder.name}"
    if whose != asked:
        raise ParameterError(f"{name}: the pack of {whose}, not of {asked}; give one of {asked}.")
    if said["audience"] != INTERNAL:
        raise ParameterError(
            f"{name}: a pack for the vendor, which lacks tables; give the internal one."
        )
    day = said["as_of"]
    if (day is None) != (as_of is None):
        raise ParameterError(
            f"{name}: one of the two packs has no day, so nobody can tell which is the earlier;"
            " give --as-of for both."
        )
    if as_of and day > as_of.isoformat():
        raise ParameterError(
            f"{name}: as of {day}, newer than this pack ({as_of}); give an earlier one."
        )
    return said


def _whose(client: str, renewal: str | None) -> str:
    return f"{client} / {renewal or 'whole estate'}"


def _sound(folder: Path, said: Mapping[str, Any]) -> Previous:
    """The pack, once every file of it is what its manifest says."""
    for name, digest in said["files"].items():
        path = folder / name
        inside = path.resolve().is_relative_to(folder.resolve())
        if not inside or not path.is_file() or file_digest(path) != digest:
            there = "is not what its manifest says" if path.is_file() else "is missing"
            raise InputError(
                f"--previous {folder.name}: {name} {there}: altered or broken; {AGAIN}"
            )
    raw = (folder / MANIFEST).read_bytes()
    return Previous(folder, said, hashlib.blake2b(raw, digest_size=16).hexdigest())
