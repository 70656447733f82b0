"""`cssm trace` and `cssm verify`: what they print, and how they end."""

from __future__ import annotations

from pathlib import Path

from cssm_lib.client import CONFIG_NAME, client_files, file_name
from cssm_lib.pages.evidence.trace import as_json, told, trace
from cssm_lib.pages.evidence.verify import read_manifest, verify
from cssm_lib.pages.pack.seal import file_digest
from cssm_lib.read import archive


def traced(pack: Path, figure: str, *, rows: int, json: bool) -> bool:
    """Print a trace; whether the figure came out the same again."""
    found = trace(pack, figure)
    print(as_json(found) if json else told(found, shown=rows))
    return found.same


def verified(pack: Path, client: Path | None) -> bool:
    """Print what differs, or that nothing does; whether nothing does."""
    differences = verify(pack, digests_of(client) if client else None)
    said = read_manifest(pack)
    for difference in differences:
        print(difference)
    inputs = f"{len(said['inputs'])} inputs" if client else "inputs not looked at (--client)"
    word = f"{len(differences)} differences" if differences else "nothing is altered"
    print(f"{word}: {len(said['files'])} files, {inputs}; seal {said.get('seal')}")
    return not differences


def digests_of(client: Path) -> dict[str, str | None]:
    """The digest of every file of a client folder, and of every file in its archives."""
    found: dict[str, str | None] = {}
    for path in client_files(client):
        name = file_name(path, client)
        for member in archive.members(path):
            found[member.within(name)] = _digest(path, member)
    config = client / CONFIG_NAME
    return found | ({CONFIG_NAME: file_digest(config)} if config.is_file() else {})


def _digest(path: Path, member: archive.Member) -> str:
    import hashlib

    if member.data is None:
        return file_digest(path)
    return hashlib.blake2b(member.data, digest_size=16).hexdigest()
