"""Work of the screen in small steps, so that a newer move takes the place of an older one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

# JupyterLab hears widgets in a thread of their own, beside that of the cells: one at a time works
_ALONE = threading.RLock()
QUIET = 0.01  # seconds in which moves that have come already are taken together
ROUND = 0.1  # seconds that a browser takes to tell what it held back, on a busy machine


@dataclass
class Steps:
    """Steps that wait for their turn; `begin` forgets those that are not done yet.

    Between two steps the kernel hears what was moved meanwhile. Without a running loop, as in a
    plain script, all steps are done at once.
    """

    _left: list[Callable[[], None]] = field(default_factory=list)
    _timer: Any = None

    @property
    def busy(self) -> bool:
        """Whether a step waits for its turn."""
        return self._timer is not None

    def begin(self, steps: Iterable[Callable[[], None]]) -> None:
        """Do these steps, and none of the earlier ones any more."""
        with _ALONE:
            self._left = list(steps)
            if self._timer is not None:
                self._timer.cancel()
            self._next(QUIET)

    def _next(self, wait: float) -> None:
        self._timer = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            while self._left:
                self._left.pop(0)()
            return
        if self._left:
            self._timer = loop.call_later(wait, self._one)

    def _one(self) -> None:
        with _ALONE:
            self._timer = None
            if self._left:
                try:
                    self._left.pop(0)()
                finally:
                    if self._timer is None:
                        self._next(0)


def alone(act: Callable[..., Any]) -> Callable[..., Any]:
    """What a control does, once nothing else of a board is being done."""

    def done(*told: Any) -> Any:
        with _ALONE:
            return act(*told)

    return done


def once_told(act: Callable[[], None]) -> None:
    """Do it once the fields have told their values.

    While the kernel is busy a browser sends the first change of a field and holds back the later
    ones, but no click; a click would be worked off with half a date. The second wait lets in what
    came during the first.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        act()
        return
    loop.call_later(ROUND, lambda: loop.call_later(ROUND, act))
