"""One notebook in a clean kernel: papermill with the engine that was measured fast and quiet.

The kernel gets its working folder through nbclient's resources; papermill's `cwd` would move the
whole process. What comes back is the notebook as far as it ran, whatever happened.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError

from cssm_lib.batch.faults import Fault, Kind, of_cell
from cssm_lib.batch.kernel import Kernel

NAME = "cssm"
START_SECONDS = 60
MARKS = {"injected-parameters", "papermill-error-cell-tag"}


@dataclass(frozen=True)
class Ran:
    """A notebook as far as it ran, and why it stopped, if it did."""

    notebook: NotebookNode
    fault: Fault | None = None


class CssmEngine(Engine):
    """papermill's way of working in a kernel that may have worked before; nothing is saved."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **given: Any
    ) -> None:
        """Run the cells; `ran` (a list) gets the notebook before the first cell starts."""
        kernel: Kernel = given["kernel"]
        given["ran"].append(nb_man.nb)
        kernel.prepare()
        client = PapermillNotebookClient(
            nb_man,
            km=kernel.manager,
            kernel_name=kernel_name,
            timeout=kernel.place.cell_seconds,
            startup_timeout=START_SECONDS,
            record_timing=False,
            resources={"metadata": {"path": str(kernel.place.folder)}},
            log=logging.getLogger("papermill"),
        )
        client.kc = kernel.client
        try:
            client.execute()
        finally:
            kernel.client = client.kc


papermill_engines.register(NAME, CssmEngine)


def quiet() -> None:
    """What papermill would log stands in the batch's own lines."""
    logging.getLogger("papermill").setLevel(logging.CRITICAL)


def run_notebook(source: NotebookNode, parameters: Mapping[str, Any], kernel: Kernel) -> Ran:
    """The executed notebook; a fault in a cell, a dead kernel or a time-out ends as `fault`.

    Faults that a second try can mend get one, from the first cell; after any fault the kernel is
    ended, so that the second try and the next page have a fresh one.
    """
    ran = _once(source, parameters, kernel)
    return _once(source, parameters, kernel) if ran.fault and ran.fault.tried_again else ran


def _once(source: NotebookNode, parameters: Mapping[str, Any], kernel: Kernel) -> Ran:
    seen: list[NotebookNode] = []
    fault = None
    try:
        _papermill(copy.deepcopy(source), parameters, kernel=kernel, seen=seen)
    except PapermillExecutionError as error:
        message = f"{error.ename}: {_first_line(error.evalue)}".rstrip(": ")
        fault = Fault(of_cell(error.ename, error.evalue), message)
    except CellTimeoutError:
        fault = Fault(Kind.time, f"did not end within {kernel.place.cell_seconds} s")
    except (DeadKernelError, RuntimeError) as error:
        fault = _kernel_fault(error, started=bool(seen and _started(seen[0])))
    except BaseException:
        kernel.end()
        raise
    kernel.look()
    notebook = seen[0] if seen else copy.deepcopy(source)
    if fault is None:
        return Ran(notebook)
    kernel.end()
    return Ran(notebook, replace(fault, message=f"{_where(notebook)}: {fault.message}"))


def _papermill(
    source: NotebookNode,
    parameters: Mapping[str, Any],
    *,
    kernel: Kernel,
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
        kernel=kernel,
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
