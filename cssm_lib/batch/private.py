"""Short-lived folders of kernels: none outlives its process, none of a killed process stays."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAMED = re.compile(r"^cssm-(\d+)-")
LEAVE_SECONDS = 5
LOOK_SECONDS = 0.1  # in which a thread that begins a kernel makes something to be seen

_leaving = threading.Event()


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for one kernel, its name short enough for sockets; it says whose process made it.

    Raises RuntimeError in a process that ends.
    """
    if _leaving.is_set():
        raise RuntimeError("this process ends: it begins no kernel")
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
    """End this process's kernels and remove their folders, for a process that ends at once.

    Threads do not know of it and may be about to begin a kernel: it is looked for again until two
    looks in a row find nothing.
    """
    _leaving.set()
    until, clean = time.monotonic() + LEAVE_SECONDS, 0
    while clean < 2 and time.monotonic() < until:
        clean = 0 if _removed() else clean + 1
        time.sleep(LOOK_SECONDS)


def _removed() -> bool:
    """End the kernels and remove the folders that are there; whether there were any."""
    import psutil

    kernels = psutil.Process().children(recursive=True)
    for kernel in kernels:
        with suppress(psutil.NoSuchProcess):
            kernel.kill()
    psutil.wait_procs(kernels, timeout=LEAVE_SECONDS)
    folders = [folder for folder, process in _ours() if process == os.getpid()]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return bool(kernels or folders)


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
