"""A kernel brought back to what it was before its first cell, so that no page knows of another.

A batch lets one kernel make several pages of one pack, one after the other. Nothing that a cell
did may reach the next page: neither its names nor what it set in a module or in the process. This
runs inside the kernel only.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

# a cell may set something in modules of these, and in polars; no other state is in its reach
WATCHED = ("cssm_lib", "altair", "builtins")
HELD = (dict, list, set)
Undo = Callable[[], None]
_undo: list[Undo] = []


def begin(imports: Iterable[str] = ()) -> None:
    """Make the kernel light, import what the pages import, note how everything stands.

    jsonschema would compile grammars for 0.85 s that no Jupyter schema needs; Altair would import
    widgets that no page can show; a kernel that lives for seconds has no use for a collector that
    runs all the time. Together 1 s of 2.3.
    """
    gc.set_threshold(50_000, 20, 20)
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    sys.modules.setdefault("anywidget", None)  # type: ignore[arg-type]
    for name in imports:
        with suppress(Exception):  # the cell that imports it says what is wrong
            _import(*name.split(":"))
    if schemas := sys.modules.get("altair.utils.schemapi"):
        schemas.DEBUG_MODE = False  # a chart is checked when it is drawn, its parts not before
    _undo[:] = [*_shell(), *_modules(), *_process()]
    gc.freeze()  # no later collection looks again at what stands now


def _import(module: str, name: str = "") -> None:
    found = import_module(module)
    if name and not hasattr(found, name):
        import_module(f"{module}.{name}")


def wipe() -> None:
    """Undo whatever cells have done since `begin`."""
    for undo in _undo:
        undo()
    gc.collect(1)  # a whole collection takes as long as a quarter of a page


def _held(thing: Any) -> Undo:
    """What gives a list, set or mapping its present content back."""
    then = thing.copy()

    def undo() -> None:
        if isinstance(thing, list):
            thing[:] = then
        else:
            thing.clear()
            thing.update(then)

    return undo


def _process() -> list[Undo]:
    folder, seed = os.getcwd(), random.getstate()  # noqa: PTH109
    plain = [_held(one) for one in (os.environ, sys.path, sys.argv, warnings.filters)]
    return [*plain, lambda: os.chdir(folder), lambda: random.setstate(seed)]


def _shell() -> list[Undo]:
    """Names, numbers of cells and what prints results; nothing where no IPython runs."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return []
    formatters = shell.display_formatter.formatters.values()
    kinds = ("type_printers", "deferred_printers", "singleton_printers")
    printers = [_held(getattr(one, kind)) for one in formatters for kind in kinds]
    hooks = [_held(callbacks) for callbacks in shell.events.callbacks.values()]
    return [*printers, *hooks, _held(shell.ast_transformers), shell.reset]


def _modules() -> list[Undo]:
    """What stands in the watched modules, Altair's theme and renderer, polars' options."""
    found = [module for name, module in sys.modules.items() if name.split(".")[0] in WATCHED]
    spaces = [vars(module) for module in found if module and module.__name__ != __name__]
    values = {id(value): value for space in spaces for value in space.values()}
    undo = [_held(value) for value in values.values() if _plain(value)]
    undo += [_space(space) for space in spaces]
    if altair := sys.modules.get("altair"):
        choices = (altair.theme._themes, altair.renderers, altair.data_transformers)
        undo += [_held(value) for one in choices for value in vars(one).values() if _plain(value)]
        undo += [_held(vars(one)) for one in choices]
    if polars := sys.modules.get("polars"):
        undo.append(polars.Config.restore_defaults)
    return undo


def _plain(value: Any) -> bool:
    return type(value) in HELD


def _space(space: MutableMapping[str, Any]) -> Undo:
    """The names of a module; a module below it that was imported since then stays."""
    then = dict(space)

    def undo() -> None:
        for name in [name for name in space if name not in then]:
            if not isinstance(space[name], ModuleType):
                del space[name]
        space.update(then)

    return undo
