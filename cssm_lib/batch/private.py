"""Short-lived folders of kernels: none outlives its process, none of a killed process stays."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMED = re.compile(r"^cssm-(\d+)-")


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for one kernel, its name short enough for sockets; it says whose process made it."""
    folder = Path(tempfile.mkdtemp(prefix=f"cssm-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tidy() -> None:
    """Remove what killed processes of this user left."""
    for folder, process in _ours():
        if not _alive(process):
            shutil.rmtree(folder, ignore_errors=True)


def leave() -> None:
    """End this process's kernels and remove their folders, for a process that ends at once."""
    import psutil

    kernels = psutil.Process().children(recursive=True)
    for kernel in kernels:
        kernel.kill()
    psutil.wait_procs(kernels, timeout=5)
    for folder, process in _ours():
        if process == os.getpid():
            shutil.rmtree(folder, ignore_errors=True)


def _ours() -> list[tuple[Path, int]]:
    folders = [
        (path, int(found[1]))
        for path in Path(tempfile.gettempdir()).iterdir()
        if (found := NAMED.match(path.name)) and not path.is_symlink()
    ]
    return [(path, process) for path, process in folders if _own(path)]


def _own(path: Path) -> bool:
    try:
        return path.is_dir() and (not hasattr(os, "getuid") or path.stat().st_uid == os.getuid())
    except OSError:
        return False


def _alive(process: int) -> bool:
    import psutil

    return psutil.pid_exists(process)
