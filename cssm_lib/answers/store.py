"""The content-addressed store: answers as Parquet under a key of all that they rest on.

An entry is written beside its place and moved there whole, so that two processes never see half of
one; it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

ABOUT = "about.json"
KEPT_ENTRIES = 256
_MAKING: dict[str, threading.Lock] = {}


def store_folder() -> Path:
    """`CSSM_CACHE`, else the user's cache directory."""
    given = os.environ.get("CSSM_CACHE")
    if given:
        return Path(given) / "answers"
    from platformdirs import user_cache_path

    return user_cache_path("cssm") / "answers"


def file_digests(paths: Iterable[Path]) -> list[str]:
    """The BLAKE2b of each file's bytes; contents, never times, decide what is stale."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(_digest, paths))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def key_of(parts: Any) -> str:
    """The key of an entry: what it rests on, the library's own text and that of polars."""
    said = json.dumps([parts, library_digest(), pl.__version__], sort_keys=True, default=str)
    return hashlib.blake2b(said.encode(), digest_size=20).hexdigest()


@cache
def library_digest() -> str:
    """Version and source text: a changed rule of calculation never finds an old answer."""
    room = Path(str(files("cssm_lib")))
    texts = sorted([*room.rglob("*.py"), *room.rglob("*.toml")])
    digest = hashlib.blake2b(digest_size=16)
    for path in texts:
        digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def find(key: str) -> Path | None:
    """The folder of a whole entry, or None."""
    folder = store_folder() / key
    if not (folder / ABOUT).is_file():
        return None
    os.utime(folder)
    return folder


@contextmanager
def once(key: str) -> Iterator[None]:
    """While an entry is looked for and made: other threads of this process wait for it."""
    with _MAKING.setdefault(key, threading.Lock()):
        yield


def put(key: str, tables: Mapping[str, pl.DataFrame], about: Mapping[str, Any]) -> Path:
    """Write an entry and give its folder; of two writers the first one's stays."""
    place = store_folder()
    place.mkdir(parents=True, exist_ok=True)
    no_drafts()
    draft = Path(tempfile.mkdtemp(prefix=f".{key}-{_host()}-{os.getpid()}-", dir=place))
    try:
        for name, table in tables.items():
            table.write_parquet(draft / f"{name}.parquet")
        (draft / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1, default=str))
        _move(draft, place / key)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _prune(place)
    return place / key


def no_drafts() -> None:
    """Remove what processes that were killed on this machine left half-written."""
    import psutil

    for draft in store_folder().glob(f".*-{_host()}-*"):
        found = re.fullmatch(rf"\.[0-9a-f]+-{_host()}-(\d+)-\w+", draft.name)
        if found and not psutil.pid_exists(int(found[1])):
            shutil.rmtree(draft, ignore_errors=True)


def _host() -> str:
    """The machine, as a store that several share tells whose a draft is."""
    return re.sub(r"\W", "", platform.node()) or "here"


def drop(entry: Path) -> None:
    """Remove an entry that is not whole any more."""
    shutil.rmtree(entry, ignore_errors=True)


def _move(draft: Path, folder: Path) -> None:
    """Give the entry its name; where a whole one stands already it is as good."""
    if folder.exists() and not (folder / ABOUT).is_file():
        shutil.rmtree(folder, ignore_errors=True)
    try:
        draft.rename(folder)
    except OSError:
        if not (folder / ABOUT).is_file():
            raise


def _prune(place: Path) -> None:
    """The store never holds more than the entries used last."""
    entries = sorted(
        (path for path in place.iterdir() if not path.name.startswith(".")),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for old in entries[KEPT_ENTRIES:]:
        shutil.rmtree(old, ignore_errors=True)
