"""Why a page or a pack was not made, in classes; a page is tried again only where that can help."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cssm_lib.errors import ConfigError, CssmError, ParameterError


class Kind(StrEnum):
    """The class of a fault, as the front pages, the manifest and `--json-lines` name it."""

    cell = "fault in a cell"
    kernel = "dead kernel"
    start = "kernel did not start"
    time = "time-out"
    memory = "out of memory"
    disk = "disk full"
    file = "missing file"
    parameter = "bad parameter"
    input = "unusable input"
    cssm = "fault of cssm"


# A kernel dies or does not start when the machine is short of memory or processes for a moment, so
# one more try can help. All others would end the same way: a time-out after the same time again.
TRIED_AGAIN = frozenset({Kind.kernel, Kind.start})
FULL = {errno.ENOSPC, errno.EDQUOT}
BY_NAME = {
    "ParameterError": Kind.parameter,
    "ConfigError": Kind.parameter,
    "FileNotFoundError": Kind.file,
    "MemoryError": Kind.memory,
    "InputError": Kind.input,
    "UnusableClient": Kind.input,
}


@dataclass(frozen=True)
class Fault:
    """One fault: its class and the whole message."""

    kind: Kind
    message: str

    @property
    def tried_again(self) -> bool:
        """Whether trying again can help."""
        return self.kind in TRIED_AGAIN


def of_cell(name: str, text: str) -> Kind:
    """The class of an error that a cell raised, by the error's name and text.

    >>> of_cell("OSError", "[Errno 28] No space left on device"), of_cell("KeyError", "'a'")
    (<Kind.disk: 'disk full'>, <Kind.cell: 'fault in a cell'>)
    """
    if name == "OSError" and any(text.startswith(f"[Errno {number}]") for number in FULL):
        return Kind.disk
    return BY_NAME.get(name, Kind.cell)


def fault_of(error: BaseException) -> Fault:
    """An input fault's own message; of any other error its kind, first line and place.

    >>> fault_of(OSError(28, "No space left on device", "/out/a.csv")).message
    'a.csv: cannot be written, the disk is full. Free some space and run again.'
    """
    if isinstance(error, ConfigError | ParameterError):
        return Fault(Kind.parameter, str(error))
    if isinstance(error, CssmError):
        missing = "no such folder" in str(error)
        return Fault(Kind.file if missing else Kind.input, str(error))
    if isinstance(error, OSError) and error.errno in FULL:
        what = Path(error.filename).name if error.filename else "a file"
        do = "Free some space and run again."
        return Fault(Kind.disk, f"{what}: cannot be written, the disk is full. {do}")
    if isinstance(error, FileNotFoundError):
        what = Path(error.filename).name if error.filename else str(error)
        do = "Put it back and run again."
        return Fault(Kind.file, f"{what}: was not found any more. {do}")
    return _unexpected(error)


def _unexpected(error: BaseException) -> Fault:
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name} line {frame.lineno}"
    kind = Kind.memory if isinstance(error, MemoryError) else Kind.cssm
    tail = "" if kind is Kind.memory else "; this is a fault of cssm, please report it."
    return Fault(kind, f"{type(error).__name__}: {first} ({place}){tail}")
