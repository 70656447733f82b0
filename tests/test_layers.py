"""The walls of the house: who may import whom, how long a function and a file may be."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

import cssm_lib

HOUSE = Path(cssm_lib.__file__).parent
ANYTHING = {"*"}
# room → rooms it may import; a room may always import itself. `.` is the package's own front door.
# `errors` and `whole` import nothing and stand open to every room.
MAY_IMPORT = {
    ".": {"client", "answers", "errors"},
    "errors": set(),
    "whole": set(),
    "schema": {"errors"},
    "rules": {"schema", "errors"},
    "rulebook": set(),
    "config": {"schema", "errors"},
    "read": {"schema", "rules", "errors"},
    "clean": {"schema", "errors"},
    "client": {"read", "clean", "config", "rules", "processes", "errors"},
    "processes": {"client"},
    "slate": set(),
    "scenario": {"client", "config", "rules", "errors"},
    "pseudonyms": {"client", "config", "errors"},
    "analyses": {"schema", "rules", "errors"},
    "answers": {"client", "scenario", "analyses", "schema", "processes", "errors"},
    "pages": {"schema", "errors"},
    "widgets": {"scenario", "answers", "pages", "errors"},
    "batch": {"config", "client", "scenario", "pseudonyms", "answers", "pages", "processes"}
    | {"errors"},
    "sample": {"schema"},
    "cli": ANYTHING,
}
APART = ("analyses",)  # files of these rooms never import one another across questions
NOT_IN_ANALYSES = {"altair", "IPython", "pandas"}
NO_ROOMS = {"utils", "helpers", "common", "manager"}
MOST_LINES = 400
VERSION = "__version__"

FILES = sorted(HOUSE.rglob("*.py"))
names = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))


def room_of(path: Path) -> str:
    """`cssm_lib/read/csv.py` → read, `cssm_lib/__init__.py` → `.`."""
    first = path.relative_to(HOUSE).parts[0]
    return "." if first == "__init__.py" else first.removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Every name that a file imports, as `package.module.name`; those for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported(path: Path) -> set[str]:
    ours = [name.split(".") for name in imports_of(path) if name.split(".")[0] == "cssm_lib"]
    parts = [name[1] if len(name) > 1 else "." for name in ours]
    return {part for part in parts if part not in (VERSION, "whole")} - {room_of(path)}


@names
def test_arrows_go_one_way(path: Path) -> None:
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} is no room of the house; DESIGN names the rooms"
    allowed = MAY_IMPORT[room]
    if allowed is not ANYTHING:
        assert rooms_imported(path) <= allowed, f"{room} may import {sorted(allowed)}"


def question_of(name: list[str]) -> str:
    return name[2] if len(name) > 2 else ""


@pytest.mark.parametrize("room", APART)
def test_questions_do_not_import_each_other(room: str) -> None:
    for path in (HOUSE / room).rglob("*.py"):
        own = path.relative_to(HOUSE / room).parts[0].removesuffix(".py")
        found = [name.split(".") for name in imports_of(path)]
        others = {question_of(name) for name in found if name[:2] == ["cssm_lib", room]} - {own}
        assert others == set(), f"{path.name} imports {others}"


def test_analyses_know_no_chart_and_no_notebook() -> None:
    for path in (HOUSE / "analyses").rglob("*.py"):
        assert not {name.split(".")[0] for name in imports_of(path)} & NOT_IN_ANALYSES


@names
def test_no_grab_bags_and_no_long_files(path: Path) -> None:
    assert path.stem not in NO_ROOMS
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


def body_lines(function: ast.FunctionDef) -> int:
    """Lines of a function without signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(HOUSE)}:{node.name}", node


def test_functions_are_short() -> None:
    lengths = {name: body_lines(function) for name, function in functions()}
    assert statistics.median(lengths.values()) <= 10
    assert statistics.quantiles(lengths.values(), n=10)[-1] < 30
    assert [name for name, length in lengths.items() if length > 60] == []


def test_functions_take_few_arguments() -> None:
    counts = [len(f.args.posonlyargs + f.args.args + f.args.kwonlyargs) for _, f in functions()]
    assert statistics.quantiles(counts, n=10)[-1] <= 4


def test_importing_the_package_is_cheap() -> None:
    import subprocess
    import sys

    heavy = "{'polars', 'pandas', 'altair', 'papermill', 'pydantic', 'nbformat'}"
    code = f"import sys, cssm_lib, cssm_lib.cli; sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
