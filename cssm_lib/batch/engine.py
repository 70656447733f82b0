"""One notebook in one clean kernel: papermill with the engine that was measured fast and quiet.

A kernel talks over Unix sockets of its own in a short private folder, gets its working folder
through nbclient's resources (papermill's `cwd` would move the whole process) and is ended at once.
What comes back is the notebook as far as it ran, whatever happened.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import papermill
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from cssm_lib.answers import AUDIENCE, OPENED
from cssm_lib.batch.faults import Fault, Kind, of_cell
from cssm_lib.batch.private import private_folder

NAME = "cssm"
CELL_SECONDS = 600
SOCKET_ROOM = 95  # a socket's path holds 107 characters; a number is added to it
# What a kernel does before the first cell. jsonschema would compile grammars for 0.85 s that no
# Jupyter schema needs; Altair would import widgets that no page can show; a kernel that lives for
# seconds has no use for a collector that runs all the time. Together 1 s of 2.3.
LIGHT = (
    "import gc, sys; gc.set_threshold(50_000, 20, 20);"
    " sys.modules.setdefault('rfc3987_syntax', None); sys.modules.setdefault('anywidget', None)"
)
# a file that lies beside a client and is called like a library is data: -P and this keep the
# working folder out of the search for modules, else it would run in every page
CLOSED = ["--IPKernelApp.ignore_cwd=True"]
MARKS = {"injected-parameters", "papermill-error-cell-tag"}


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


@dataclass(frozen=True)
class Ran:
    """A notebook as far as it ran, and why it stopped, if it did."""

    notebook: NotebookNode
    fault: Fault | None = None


class OwnPython(AsyncKernelManager):
    """Starts this very interpreter, whatever the user has installed as kernel `python3`."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel's command line and what is set in its environment only."""
        command = get_kernel_dict([f"--IPKernelApp.exec_lines={LIGHT}", *CLOSED], ["-P"])
        return KernelSpec(**command, env=dict(self.config["OwnPython"]["environment"]))


class CssmEngine(NBClientEngine):
    """papermill's own engine with a kernel as described above; nothing is saved while it runs."""

    @classmethod
    def execute_notebook(
        cls, nb: NotebookNode, kernel_name: str, output_path: str | None = None, **kwargs: Any
    ) -> NotebookNode:
        """Run the cells; `ran` (a list) gets the notebook before the first cell starts."""
        kwargs.pop("ran").append(nb)
        place = kwargs.pop("place")
        with private_folder() as private:
            return super().execute_notebook(
                nb,
                kernel_name,
                output_path=None,
                config=_wiring(private, place),
                kernel_manager_class=OwnPython,
                shutdown_kernel="immediate",
                record_timing=False,
                resources={"metadata": {"path": str(place.folder)}},
                **kwargs,
            )


papermill_engines.register(NAME, CssmEngine)


def quiet() -> None:
    """What papermill would log stands in the batch's own lines."""
    logging.getLogger("papermill").setLevel(logging.CRITICAL)


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


def run_notebook(source: NotebookNode, parameters: Mapping[str, Any], place: Place) -> Ran:
    """The executed notebook; a fault in a cell, a dead kernel or a time-out ends as `fault`.

    Faults that a second try can mend get one, in a new kernel and from the first cell.
    """
    ran = _once(source, parameters, place)
    return _once(source, parameters, place) if ran.fault and ran.fault.tried_again else ran


def _once(source: NotebookNode, parameters: Mapping[str, Any], place: Place) -> Ran:
    seen: list[NotebookNode] = []
    fault = None
    try:
        with _own_loop():
            _papermill(copy.deepcopy(source), parameters, place=place, seen=seen)
    except PapermillExecutionError as error:
        message = f"{error.ename}: {_first_line(error.evalue)}".rstrip(": ")
        fault = Fault(of_cell(error.ename, error.evalue), message)
    except CellTimeoutError:
        fault = Fault(Kind.time, f"did not end within {place.cell_seconds} s")
    except (DeadKernelError, RuntimeError) as error:
        fault = _kernel_fault(error, started=bool(seen and _started(seen[0])))
    notebook = seen[0] if seen else copy.deepcopy(source)
    if fault is None:
        return Ran(notebook)
    return Ran(notebook, replace(fault, message=f"{_where(notebook)}: {fault.message}"))


def _papermill(
    source: NotebookNode,
    parameters: Mapping[str, Any],
    *,
    place: Place,
    seen: list[NotebookNode],
) -> None:
    source.metadata.setdefault("papermill", {})
    for cell in source.cells:
        cell.metadata.setdefault("tags", [])
    papermill.execute_notebook(
        source,
        None,
        parameters=dict(parameters),
        engine_name=NAME,
        kernel_name="python3",
        language="python",
        progress_bar=False,
        request_save_on_cell_execute=False,
        execution_timeout=place.cell_seconds,
        place=place,
        ran=seen,
    )


def _kernel_fault(error: BaseException, *, started: bool) -> Fault:
    kind = Kind.kernel if started else Kind.start
    if isinstance(error, DeadKernelError):
        return Fault(kind, "the kernel died (often: out of memory)")
    return Fault(kind, f"the kernel failed: {_first_line(str(error))}")


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _started(notebook: NotebookNode) -> list[int]:
    """The cells that were begun; papermill's own status says "completed" even for a dead kernel."""
    return [
        place
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]


def _where(notebook: NotebookNode) -> str:
    """`cell 4 of 11`, counted as in the notebook that the reader has."""
    own = [not MARKS.intersection(cell.metadata.get("tags", [])) for cell in notebook.cells]
    started = _started(notebook)
    if not started:
        return "before the first cell"
    return f"cell {sum(own[: started[-1] + 1])} of {sum(own)}"


def _wiring(private: Path, place: Place) -> Config:
    """How a kernel is reached, and what it finds in its environment."""
    environment = {
        "IPYTHONDIR": str(private / "ipython"),  # no start-up file of the user's runs in a page
        "POLARS_MAX_THREADS": str(place.polars_threads),
        "PYTHONHASHSEED": "0",
        AUDIENCE: place.audience,
        **({OPENED: str(place.opened)} if place.opened else {}),
    }
    wires = {"connection_file": str(private / "kernel.json"), **_transport(private)}
    return Config({"KernelManager": wires, "OwnPython": {"environment": environment}})


def _transport(private: Path) -> dict[str, str]:
    """Sockets whose name no other kernel has; encrypted TCP where a socket cannot be had."""
    address = str(private / "k")
    if sys.platform != "win32" and len(os.fsencode(address)) <= SOCKET_ROOM:
        return {"transport": "ipc", "ip": address}
    return {"transport_encryption": "required"}
