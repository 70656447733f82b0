"""The parameters of a notebook, checked by name and type before any kernel starts."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode

from cssm_lib.errors import ParameterError

KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "None": (type(None),),
}


def declared(notebook: NotebookNode) -> dict[str, str]:
    """Name → type of what the cell tagged `parameters` sets, the type as written or of the default.

    The cell is read as Python, not line by line: a `=` inside a comment hides no parameter.
    """
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            return dict(_assigned(ast.parse(cell.source).body))
    return {}


def _assigned(statements: Iterable[ast.stmt]) -> Iterable[tuple[str, str]]:
    for statement in statements:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, ast.unparse(statement.annotation)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, _kind_of(statement.value)


def _kind_of(default: ast.expr) -> str:
    try:
        value = ast.literal_eval(default)
    except ValueError:
        return "any"
    return "any" if value is None else type(value).__name__


def check_parameters(notebooks: Mapping[str, NotebookNode], given: Mapping[str, Any]) -> None:
    """Refuse a parameter that no notebook has or that has another type in one of them.

    Raises ParameterError with every fault at once.
    """
    known = {page: declared(notebook) for page, notebook in notebooks.items()}
    faults = [fault for name, value in given.items() for fault in _faults(name, value, known=known)]
    if faults:
        raise ParameterError("\n".join(faults))


def _faults(name: str, value: Any, *, known: Mapping[str, Mapping[str, str]]) -> list[str]:
    if not any(name in parameters for parameters in known.values()):
        return [_unknown(name, known)]
    return [
        f"{page}: parameter {name!r} takes {parameters[name]}, not {value!r}"
        f" ({type(value).__name__})."
        for page, parameters in known.items()
        if name in parameters and not _fits(value, parameters[name])
    ]


def _unknown(name: str, known: Mapping[str, Mapping[str, str]]) -> str:
    names = sorted({parameter for parameters in known.values() for parameter in parameters})
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return (
        f"{', '.join(known)}: no parameter {name!r}{hint} There are: {', '.join(names) or 'none'}."
    )


def _fits(value: Any, kind: str) -> bool:
    """Whether a value is of a type as written: `int`, `str | None`, `list[str]`."""
    return any(_fits_one(value, part.strip()) for part in kind.split("|"))


def _fits_one(value: Any, kind: str) -> bool:
    outer, _, inner = kind.partition("[")
    if outer not in KINDS:
        return True
    if isinstance(value, bool) and outer != "bool":
        return False
    if not isinstance(value, KINDS[outer]):
        return False
    if outer == "list" and inner:
        return all(_fits_one(item, inner.rstrip("]")) for item in value)
    return True
