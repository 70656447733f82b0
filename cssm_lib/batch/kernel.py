"""One kernel for pages of one pack: it starts with the first, is wiped clean before each other.

A kernel talks over Unix sockets of its own in a short private folder and is ended at once. It never
outlives its pack, so no kernel ever serves two clients.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_core.utils import ensure_event_loop
from nbformat import NotebookNode
from traitlets.config import Config

from cssm_lib.answers import AUDIENCE, OPENED
from cssm_lib.batch.private import private_folder

CELL_SECONDS = 600
WIPE_SECONDS = 60
SOCKET_ROOM = 95  # a socket's path holds 107 characters; a number is added to it
# neither leaves a name behind in the notebook's own
BEGIN = "__import__('cssm_lib.slate', fromlist=['begin']).begin({!r})"
WIPE = "__import__('cssm_lib.slate', fromlist=['wipe']).wipe()"


@dataclass(frozen=True)
class Place:
    """Where and for how long a kernel works: its folder, seconds a cell, threads for polars.

    `audience` is who will read what it makes; no cell can open more than that.
    `opened` is the entry of the store that a client with pseudonyms stands for.
    """

    folder: Path
    cell_seconds: int = CELL_SECONDS
    polars_threads: int = 1
    audience: str = "internal"
    opened: Path | None = None


# a file that lies beside a client and is called like a library is data: -P and this keep the
# working folder out of the search for modules, else it would run in every page
CLOSED = ["--IPKernelApp.ignore_cwd=True"]


class OwnPython(AsyncKernelManager):
    """Starts this very interpreter, whatever the user has installed as kernel `python3`."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel's command line and what is set in its environment only."""
        own = self.config["OwnPython"]
        command = get_kernel_dict([f"--IPKernelApp.exec_lines={own['begin']}", *CLOSED], ["-P"])
        return KernelSpec(**command, env=dict(own["environment"]))


class Kernel:
    """A kernel that is started when the first page needs it; a fault ends it, the next is fresh.

    `imports` are the statements that its pages begin with; `peak` is the most memory that any
    process of it has held, in bytes. Used by one thread alone.
    """

    def __init__(self, place: Place, imports: Iterable[str] = ()) -> None:
        self.place = place
        self.imports = tuple(imports)
        self.manager: AsyncKernelManager | None = None
        self.client: Any = None
        self.peak = 0
        self._standing = ExitStack()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def prepare(self) -> None:
        """A kernel that has run no page, or one that does not know any more that it did."""
        if self.client is not None and not self._wiped():
            self.end()
        if self.manager is None:
            self._standing.enter_context(_own_loop())
            private = self._standing.enter_context(private_folder())
            wiring = _wiring(private, self.place, self.imports)
            self.manager = OwnPython(kernel_name="python3", config=wiring)
            self._standing.callback(self._shut_down)

    def _wiped(self) -> bool:
        return ensure_event_loop().run_until_complete(self._wipe())

    async def _wipe(self) -> bool:
        asked = {"silent": True, "store_history": False, "allow_stdin": False}
        asking = self.client.execute(WIPE, **asked, reply=True, timeout=WIPE_SECONDS)
        answer = asyncio.ensure_future(asking)
        while not answer.done() and await self.manager.is_alive():
            await asyncio.wait({answer}, timeout=0.2)
        try:
            return answer.done() and answer.result()["content"]["status"] == "ok"
        except (TimeoutError, RuntimeError):
            return False

    def look(self) -> None:
        """Note the most memory that the process has held so far."""
        process = getattr(self.manager, "provisioner", None)
        self.peak = max(self.peak, peak_memory(process.pid) if process and process.pid else 0)

    def end(self) -> None:
        """End the process, its sockets and its folder; what waits for it is cancelled."""
        self._standing.close()
        self.manager = self.client = None

    def _shut_down(self) -> None:
        ensure_event_loop().run_until_complete(self._gone())

    async def _gone(self) -> None:
        try:
            if self.manager.has_kernel and await self.manager.is_alive():
                await self.manager.shutdown_kernel(now=True)
        except RuntimeError:  # it has gone by itself
            pass
        finally:
            await self.manager.cleanup_resources()
            if self.client is not None:
                self.client.stop_channels()


def imported(notebooks: Iterable[NotebookNode]) -> list[str]:
    r"""What cells import, each once, as far as they are Python: `module` or `module:name`.

    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> imported([new_notebook(cells=[new_code_cell("import json as j\nfrom a.b import c")])])
    ['json', 'a.b:c']
    """
    cells = [cell.source for book in notebooks for cell in book.cells if cell.cell_type == "code"]
    return list(dict.fromkeys(name for source in cells for name in _imports(source)))


def _imports(source: str) -> Iterator[str]:
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return
    for one in statements:
        if isinstance(one, ast.Import):
            yield from (alias.name for alias in one.names)
        if isinstance(one, ast.ImportFrom) and one.module and not one.level:
            yield from (f"{one.module}:{alias.name}" for alias in one.names)


def peak_memory(process: int) -> int:
    """The most memory in bytes that a living process has held; 0 where nobody can say."""
    import psutil

    try:
        told = Path(f"/proc/{process}/status")
        if told.exists():
            found = re.search(r"^VmHWM:\s+(\d+) kB", told.read_text(), re.MULTILINE)
            return int(found[1]) * 1024 if found else 0
        memory = psutil.Process(process).memory_info()
    except (OSError, psutil.Error):
        return 0
    return getattr(memory, "peak_wset", memory.rss)


@contextmanager
def _own_loop() -> Iterator[None]:
    """Nbclient leaves its event loop open, with what waited for a dead kernel; here it ends."""
    loop = ensure_event_loop()
    try:
        yield
    finally:
        loop.run_until_complete(_cancelled(asyncio.all_tasks(loop)))
        loop.close()
        asyncio.set_event_loop(None)


async def _cancelled(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _wiring(private: Path, place: Place, imports: tuple[str, ...]) -> Config:
    """How a kernel is reached, what it finds in its environment and what it does first."""
    environment = {
        "IPYTHONDIR": str(private / "ipython"),  # no start-up file of the user's runs in a page
        "POLARS_MAX_THREADS": str(place.polars_threads),
        "PYTHONHASHSEED": "0",
        AUDIENCE: place.audience,
        **({OPENED: str(place.opened)} if place.opened else {}),
    }
    own = {"environment": environment, "begin": BEGIN.format(list(imports))}
    wires = {"connection_file": str(private / "kernel.json"), **_transport(private)}
    return Config({"KernelManager": wires, "OwnPython": own})


def _transport(private: Path) -> dict[str, str]:
    """Sockets whose name no other kernel has; encrypted TCP where a socket cannot be had."""
    address = str(private / "k")
    if sys.platform != "win32" and len(os.fsencode(address)) <= SOCKET_ROOM:
        return {"transport": "ipc", "ip": address}
    return {"transport_encryption": "required"}
