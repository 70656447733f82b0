"""One kernel for several pages of a pack: no page knows of another, no kernel of two packs."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from cssm_lib.batch import Settings, Told, jobs_from_folders, run
from cssm_lib.batch.engine import Ran, run_notebook
from cssm_lib.batch.faults import Kind
from cssm_lib.batch.kernel import Kernel, Place, imported, peak_memory
from cssm_lib.batch.making import Work
from cssm_lib.batch.memory import give_back
from cssm_lib.processes import cores

pytestmark = pytest.mark.xdist_group("kernels")
Tree = Callable[[Path], dict[str, bytes]]


def text_of(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(one.get("text") or one.get("data", {}).get("text/plain", "") for one in outputs)


def test_what_a_page_leaves_behind_the_next_does_not_find(
    tiny: Any, clients: Any, tmp_path: Path, tree: Tree
) -> None:
    folders = clients("aurora")
    told: list[Told] = []
    both, alone = tiny("leaves", "looks"), tiny("looks")
    for name, notebooks in (("both", both), ("alone", alone)):
        settings = Settings(tmp_path / name, notebooks, threads=1, tell=told.append)
        (made,) = run(jobs_from_folders(folders), settings)
        assert made.complete, [page.problem for page in made.pages]
    pages = {"both": tree(tmp_path / "both"), "alone": tree(tmp_path / "alone")}
    places = [name for name in pages["alone"] if "/looks." in name]
    assert len(places) == 2
    assert [name for name in places if pages["both"][name] != pages["alone"][name]] == []
    said = text_of(tmp_path / "both" / places[1].replace(".html", ".ipynb"))
    assert "secret" not in said
    assert said.startswith("[] False\nclients None internal\nFalse ignore None\n")
    assert [one.page for one in told] == ["leaves", "looks", None, "looks", None]
    assert all(one.memory > 2**24 and one.seconds > 0 for one in told if one.page)


def test_a_page_of_a_whole_pack_is_the_page_made_alone(
    sample_clients: Path, sample_batch: SimpleNamespace, tmp_path: Path, cssm: Any, tree: Tree
) -> None:
    done = cssm("run", sample_clients / "cedar", "--only", "05", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    alone, whole = tree(tmp_path), tree(sample_batch.out)
    places = [name for name in alone if "/05_telemetry_exposure." in name]
    assert len(places) == 2
    assert [name for name in places if alone[name] != whole[name]] == []


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel(Place(tmp_path, cell_seconds=20)) as kernel:
        yield kernel


def test_a_kernel_serves_until_a_fault(kernel: Kernel, tiny: Any) -> None:
    notebooks = {name: one.content for name, one in tiny("draws", "raises", "dies").items()}

    def process_after(name: str) -> tuple[Ran, Any]:
        ran = run_notebook(notebooks[name], {}, kernel)
        return ran, kernel.manager and kernel.manager.provisioner.pid

    first = process_after("draws")[1]
    assert process_after("draws")[1] == first
    ran, ended = process_after("raises")
    assert (ran.fault.kind, ended) == (Kind.cell, None)
    second = process_after("draws")[1]
    assert second not in (None, first)
    ran, ended = process_after("dies")
    assert (ran.fault.kind, ended) == (Kind.kernel, None)
    assert kernel.peak > 2**24


def test_a_kernel_that_died_between_two_pages_is_replaced(kernel: Kernel, tiny: Any) -> None:
    import os
    import signal

    draws = tiny("draws")["draws"].content
    run_notebook(draws, {}, kernel)
    os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
    assert run_notebook(draws, {}, kernel).fault is None


def test_no_kernel_serves_two_packs(
    tiny: Any, clients: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    """Every kernel is asked for pages of one pack only, with one lane and with many."""
    served: list[tuple[int, str]] = []

    def ran(source: Any, parameters: Any, kernel: Kernel) -> Ran:
        served.append((id(kernel), parameters["client_dir"]))
        kept.append(kernel)  # so that no other gets its id
        return Ran(nbformat.v4.new_notebook())

    monkeypatch.setattr("cssm_lib.batch.making.run_notebook", ran)
    notebooks = tiny("draws", "where", "raises")
    for threads in (1, 2, 7):
        kept: list[Kernel] = []
        served.clear()
        names = [f"c{threads}{number}" for number in range(3)]
        run(jobs_from_folders(clients(*names)), Settings(tmp_path / names[0], notebooks, threads))
        assert len(served) == 9
        assert len(dict(served)) == len(set(served))
        assert len(dict(served)) >= 3


def test_a_pack_alone_gets_further_lanes(
    tiny: Any, clients: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    import threading

    together = threading.Barrier(2, timeout=30)  # passed only by two pages at once

    def ran(*_: Any) -> Ran:
        together.wait()
        return Ran(nbformat.v4.new_notebook())

    monkeypatch.setattr("cssm_lib.batch.making.run_notebook", ran)
    notebooks = tiny("draws", "where", "raises", "leaves")
    (made,) = run(jobs_from_folders(clients("aurora")), Settings(tmp_path / "out", notebooks, 2))
    assert made.complete


def test_imports_of_pages_are_found_and_a_wrong_one_is_the_cell_s(tiny: Any) -> None:
    cells = [
        "import json as j\nfrom a.b import c",
        "%magic\nimport os",
        "x = 1",
        "import json as j",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    assert imported([notebook]) == ["json", "a.b:c"]


def test_a_missing_module_stops_its_own_page_only(kernel: Kernel) -> None:
    kernel.imports = ("nothing_of_that_name", "json")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('json' in globals())")])
    ran = run_notebook(book, {}, kernel)
    assert ran.fault is None
    assert ran.notebook.cells[0].outputs[0].text == "False\n"


def test_peak_memory_is_known_of_the_living() -> None:
    import os

    assert peak_memory(os.getpid()) > 2**24
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert peak_memory(ended.pid) == 0


def test_only_cores_that_the_process_may_use_count() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
    code += "from cssm_lib.processes import cores; print(cores())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert cores() >= 1


def test_free_memory_is_given_back() -> None:
    """Half a gigabyte in small pieces, every thousandth kept: the rest leaves the process."""
    import psutil

    held = psutil.Process().memory_info
    pieces = [bytes(4000 + number % 7) for number in range(120_000)]
    most = held().rss
    kept = pieces[::1000]
    del pieces
    give_back()
    assert most - held().rss > 300e6
    assert len(kept) == 120


def test_where_the_c_library_has_no_such_call_nothing_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(_: None) -> None:
        raise OSError("no such library")

    monkeypatch.setattr("ctypes.CDLL", none)
    give_back()


def test_a_finished_pack_is_not_held(
    clients: Any, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve clients and one thread: whenever a page is told, at most two packs are in memory."""

    def made(source: Any, parameters: Any, kernel: Kernel) -> Ran:
        return Ran(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A page")]))

    alive: list[int] = []

    def tell(_: Told) -> None:
        gc.collect()
        alive.append(sum(isinstance(one, Work) for one in gc.get_objects()))

    monkeypatch.setattr("cssm_lib.batch.making.run_notebook", made)
    jobs = jobs_from_folders(clients(*(f"aurora{number}" for number in range(12))))
    run(jobs, Settings(tmp_path / "out", tiny("draws", "where"), threads=1, tell=tell))
    assert len(alive) == 12 * 3
    assert max(alive) <= 2
