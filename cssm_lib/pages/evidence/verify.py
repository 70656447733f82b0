"""Whether a pack is what was written: every digest, every figure made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cssm_lib.errors import CssmError, InputError
from cssm_lib.pages.evidence.trace import FACTS_FILE, read_facts, read_table
from cssm_lib.pages.facts import FACTS_MIME, plain
from cssm_lib.pages.pack.seal import MANIFEST, SEAL, output_digests, seal
from cssm_lib.schema.aggregates import value_of

ALTERED, MISSING, ADDED = "altered", "missing", "added"


@dataclass(frozen=True)
class Difference:
    """A file, input or figure that is not what the manifest says, and in what way."""

    kind: str
    what: str
    how: str
    found: str = ""

    def __str__(self) -> str:
        """`file altered: tables/positions.csv`."""
        return f"{self.kind} {self.how}: {self.what}" + (f" ({self.found})" if self.found else "")


def read_manifest(pack: Path) -> dict[str, Any]:
    """The manifest of a pack; InputError where there is none or none that can be read."""
    try:
        said = json.loads((pack / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{pack.name}: {MANIFEST} is not there: no pack, or a run that did not end; give the"
            " folder OUT/<client>/<renewal>/<as_of>, or run the batch again."
        ) from None
    except (OSError, ValueError) as fault:
        raise InputError(f"{MANIFEST}: cannot be read: {fault}; run the batch again.") from None
    if not isinstance(said, dict) or "files" not in said:
        raise InputError(f"{MANIFEST}: no digests in it; run the batch again to have them.")
    return said


def verify(pack: Path, inputs: Mapping[str, str | None] | None = None) -> list[Difference]:
    """Everything that differs from what the manifest says; an empty list: nothing does.

    `inputs` are digests of the client's files by name, settings included, where the caller has
    the client folder; without them inputs are not looked at. Figures are made again from the
    pack's own tables. Raises InputError where the manifest cannot be read.
    """
    said = read_manifest(pack)
    found = [] if seal(said) == said.get(SEAL) else [Difference("file", MANIFEST, ALTERED)]
    found += compared("file", said["files"], output_digests(pack))
    if inputs is not None:
        found += compared("input", input_digests(said), inputs)
    return [*found, *_figures(pack)]


def input_digests(manifest: Mapping[str, Any]) -> dict[str, str | None]:
    """The digests of all inputs that a manifest names, its settings included."""
    files = {one["source"]: one["digest"] for one in manifest["inputs"]}
    return files | dict(manifest.get("settings") or {})


def compared(
    kind: str, said: Mapping[str, str | None], found: Mapping[str, str | None]
) -> list[Difference]:
    """What is altered, missing or added, by name.

    >>> [str(one) for one in compared("file", {"a": "1", "b": "2"}, {"b": "3", "c": "4"})]
    ['file missing: a', 'file altered: b', 'file added: c']
    """
    names = sorted({*said, *found})
    ways = {
        name: MISSING if name not in found else ADDED if name not in said else ALTERED
        for name in names
        if said.get(name) != found.get(name) or (name in said) != (name in found)
    }
    return [Difference(kind, name, how) for name, how in ways.items()]


def _figures(pack: Path) -> list[Difference]:
    """Figures that come out otherwise from the tables, or that a notebook records otherwise."""
    try:
        facts = read_facts(pack)
    except InputError:
        return []  # told as a missing or altered file already
    made = [_made_again(pack, fact) for fact in facts]
    recorded = {(one["id"], one["page"]): one["value"] for one in _recorded(pack)}
    listed = {(one["id"], one["page"]): one["value"] for one in facts}
    apart = {key for key in {*recorded, *listed} if recorded.get(key) != listed.get(key)}
    noted = [
        Difference("figure", f"{page}/{id_}", ALTERED, f"notebook and {FACTS_FILE} differ")
        for id_, page in sorted(apart)
    ]
    return [one for one in made if one] + noted


def _made_again(pack: Path, fact: Mapping[str, Any]) -> Difference | None:
    what = f"{fact['page']}/{fact['id']}"
    how = dict(fact["how"])
    try:
        value = plain(value_of(read_table(pack, how.pop("table")), **how))
    except (CssmError, pl.exceptions.PolarsError) as fault:
        return Difference("figure", what, "not to be made again", str(fault).partition("\n")[0])
    if value == fact["value"]:
        return None
    return Difference("figure", what, ALTERED, f"{fact['value']} is said, {value} comes out")


def _recorded(pack: Path) -> list[dict[str, Any]]:
    """The figures that the executed notebooks hold, each with its page."""
    found = []
    for path in sorted(pack.glob("*.ipynb")):
        try:
            cells = json.loads(path.read_text("utf-8"))["cells"]
        except (OSError, ValueError, KeyError):
            continue  # told as altered already
        bundles = [out.get("data", {}) for cell in cells for out in cell.get("outputs", [])]
        records = [one for data in bundles for one in data.get(FACTS_MIME, {}).get("facts", [])]
        found += [one | {"page": path.stem} for one in records]
    return found
