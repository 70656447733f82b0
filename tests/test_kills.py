"""A run that is stopped anywhere: whole files or none, and a second run ends as if nothing was."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import psutil
import pytest

from cssm_lib.batch import Settings, jobs_from_folders, run
from cssm_lib.batch.engine import Ran
from cssm_lib.batch.faults import Fault, Kind, fault_of, of_cell
from cssm_lib.batch.kernel import Place
from cssm_lib.batch.private import private_folder, tidy
from cssm_lib.errors import ConfigError, InputError, PageError, UnusableClient
from cssm_lib.whole import DRAFT, no_drafts, whole, write_whole

kernels = pytest.mark.xdist_group("kernels")
Tree = Callable[[Path], dict[str, bytes]]
PAGES = ("draws", "where")
# draws and where as .ipynb and .html, two tables in two formats, workbook, facts, two front pages
# and the manifest
WRITES = 13


class Killed(BaseException):
    """The end of a process, as far as one process can play it."""


# Whole files


def _half(path: Path, fault: BaseException) -> None:
    with whole(path) as draft:
        draft.write_text("half of wh")
        raise fault


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_whole(path, "before")
    with pytest.raises(ValueError, match="no more"):
        _half(path, ValueError("no more"))
    assert path.read_text() == "before"
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_process_drafted_is_removed(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        _half(tmp_path / "b.txt", Killed())
    assert [path.suffix for path in tmp_path.iterdir()] == [DRAFT]
    no_drafts(tmp_path)
    assert list(tmp_path.iterdir()) == []


# The n-th write fails, for every n


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Kernels that cost nothing: each page says its own title; the list is of those that ran."""
    titles: list[str] = []

    def made(source: Any, *_: Any) -> Ran:
        title = source.cells[0].source
        titles.append(title)
        return Ran(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(title)]))

    monkeypatch.setattr("cssm_lib.batch.making.run_notebook", made)
    return titles


@contextmanager
def failing(number: int, fault: BaseException) -> Iterator[list[str]]:
    """The n-th file gets half its bytes and never its name; after a kill no other does either."""
    tried: list[str] = []
    really = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if not self.name.endswith(DRAFT):
            return really(self, target)
        tried.append(Path(target).name)
        dead = isinstance(fault, Killed) and len(tried) > number
        if len(tried) == number or dead:
            os.truncate(self, self.stat().st_size // 2)
            raise fault
        return really(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        yield tried


@pytest.fixture
def job(tiny: Any, clients: Any) -> SimpleNamespace:
    return SimpleNamespace(jobs=jobs_from_folders(clients("aurora")), notebooks=tiny(*PAGES))


def settings(job: SimpleNamespace, out: Path) -> Settings:
    return Settings(out, job.notebooks, threads=1)


@pytest.fixture
def undisturbed(
    job: SimpleNamespace, ran: list[str], tmp_path: Path, tree: Tree
) -> dict[str, bytes]:
    with failing(WRITES + 1, Killed()) as tried:
        run(job.jobs, settings(job, tmp_path / "undisturbed"))
    assert len(tried) == WRITES
    ran.clear()
    return tree(tmp_path / "undisturbed")


@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_killed_at_any_write_and_run_again(
    job: SimpleNamespace,
    ran: list[str],
    tmp_path: Path,
    tree: Tree,
    undisturbed: dict[str, bytes],
    number: int,
) -> None:
    out = tmp_path / "out"
    with failing(number, Killed()), pytest.raises(Killed):
        run(job.jobs, settings(job, out))  # in one thread: no other lives on after the kill
    left = {name: raw for name, raw in tree(out).items() if not name.endswith(DRAFT)}
    assert {name: raw for name, raw in left.items() if undisturbed[name] != raw} == {}
    ran.clear()
    (made,) = run(job.jobs, settings(job, out))
    assert made.complete
    assert tree(out) == undisturbed
    whole_pages = [page for page in PAGES if any(name.endswith(f"{page}.ipynb") for name in left)]
    assert len(ran) == len(PAGES) - len(whole_pages)


@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_the_disk_is_full_at_any_write(
    job: SimpleNamespace,
    ran: list[str],
    tmp_path: Path,
    tree: Tree,
    undisturbed: dict[str, bytes],
    number: int,
) -> None:
    """The run goes on, tells what was not made and why, leaves no draft; a second run mends all."""
    out, full = tmp_path / "out", OSError(errno.ENOSPC, "No space left on device")
    with failing(number, full) as tried:
        if number == WRITES:
            with pytest.raises(PageError, match="the disk is full"):
                run(job.jobs, settings(job, out))
        else:
            (made,) = run(job.jobs, settings(job, out))
            assert not made.complete
            told = [
                *((page.fault, page.problem) for page in made.pages),
                (made.fault, made.problem),
            ]
            told = [(fault, problem) for fault, problem in told if problem]
            assert [fault for fault, _ in told] == [Kind.disk]
            assert "disk full" in (out / "index.html").read_text()
    assert tried
    assert not list(out.rglob(f"*{DRAFT}"))
    assert len(ran) == len(PAGES)  # a full disk is not tried again
    (made,) = run(job.jobs, settings(job, out))
    assert made.complete
    assert tree(out) == undisturbed


# What is told, and what is tried again


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (OSError(errno.ENOSPC, "x", "/o/a.csv"), Kind.disk, "a.csv: cannot be written, the disk"),
        (OSError(errno.EDQUOT, "x", "/o/a.csv"), Kind.disk, "Free some space and run again."),
        (FileNotFoundError(2, "x", "/in/gone.csv"), Kind.file, "gone.csv: was not found any more."),
        (UnusableClient("x: no such folder; give one."), Kind.file, "no such folder"),
        (UnusableClient("x: none of 2 files was recognised"), Kind.input, "none of 2 files"),
        (InputError("a.csv: bad"), Kind.input, "a.csv: bad"),
        (ConfigError("client.toml: bad"), Kind.parameter, "client.toml: bad"),
        (MemoryError("too much"), Kind.memory, "MemoryError: too much"),
        (KeyError("a"), Kind.cssm, "please report it"),
    ],
)
def test_every_fault_has_its_class(error: Exception, kind: Kind, words: str) -> None:
    try:
        raise error
    except Exception as caught:
        told = fault_of(caught)
    assert told.kind == kind
    assert words in told.message


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("ParameterError", "as_of: 'x' is no day", Kind.parameter),
        ("FileNotFoundError", "[Errno 2] No such file", Kind.file),
        ("OSError", "[Errno 28] No space left on device", Kind.disk),
        ("MemoryError", "", Kind.memory),
        ("InputError", "a.csv", Kind.input),
        ("OSError", "[Errno 5] Input/output error", Kind.cell),
        ("ValueError", "no", Kind.cell),
    ],
)
def test_an_error_of_a_cell_has_its_class(name: str, text: str, kind: Kind) -> None:
    assert of_cell(name, text) == kind


@pytest.mark.parametrize("kind", Kind)
def test_only_a_dead_kernel_is_tried_again(tiny: Any, monkeypatch: Any, kind: Kind) -> None:
    from cssm_lib.batch import engine

    tries: list[int] = []

    def once(source: Any, *_: Any) -> Ran:
        tries.append(1)
        return Ran(source, Fault(kind, "x") if len(tries) == 1 else None)

    monkeypatch.setattr(engine, "_once", once)
    source = tiny("draws")["draws"].content
    ended = engine.run_notebook(source, {}, engine.Kernel(Place(Path())))
    again = kind in (Kind.kernel, Kind.start)
    assert len(tries) == 1 + again
    assert (ended.fault is None) == again


def test_a_page_that_failed_stands_in_the_index_with_its_class(
    job: SimpleNamespace, monkeypatch: Any, tmp_path: Path
) -> None:
    def hangs(source: Any, *_: Any) -> Ran:
        return Ran(source, Fault(Kind.time, "cell 2 of 3: did not end within 4 s"))

    monkeypatch.setattr("cssm_lib.batch.making.run_notebook", hangs)
    (made,) = run(job.jobs, settings(job, tmp_path / "out"))
    front = (made.folder / "index.html").read_text()
    assert '<a href="draws.html">' in front
    assert " (time-out): cell 2 of 3: did not end within 4 s" in front
    assert (made.folder / "draws.html").is_file()


# Folders of kernels


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "t"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_folders_of_dead_processes_go_and_of_living_ones_stay(temporary: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f"cssm-{dead.pid}-a", f"cssm-{os.getppid()}-b", "cssm-x", "other"):
        (temporary / name).mkdir()
    with private_folder() as own:
        tidy()
        assert own.is_dir()
    assert sorted(path.name for path in temporary.iterdir()) == sorted(
        [f"cssm-{os.getppid()}-b", "cssm-x", "other"]
    )


def test_who_leaves_takes_kernels_and_folders_along(temporary: Path) -> None:
    code = (
        "import subprocess, sys, tempfile; from cssm_lib.batch.private import *;"
        f"tempfile.tempdir = {str(temporary)!r}; folder = private_folder(); folder.__enter__();"
        "kernel = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " start_new_session=True); leave(); print(kernel.poll() is None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert list(temporary.iterdir()) == []


LATE = """
import psutil, shutil, subprocess, sys, tempfile
from cssm_lib.batch import private

tempfile.tempdir = sys.argv[1]
begun, remove = [], shutil.rmtree


def removed(place, **more):
    remove(place, **more)
    if not begun:  # a thread that knows nothing of the end begins a kernel in the folder
        place.mkdir()
        (place / "kernel.json").touch()
        wait = [sys.executable, "-c", "import time; time.sleep(60)"]
        begun.append(subprocess.Popen(wait, start_new_session=True))


shutil.rmtree = removed
private.private_folder().__enter__()
private.leave()
print(begun[0].poll() is None, psutil.Process().children())
private.private_folder().__enter__()
"""


def test_a_kernel_that_a_thread_begins_meanwhile_goes_too(temporary: Path) -> None:
    late = [sys.executable, "-c", LATE, str(temporary)]
    done = subprocess.run(late, capture_output=True, text=True, check=False)
    assert done.stdout == "False []\n"
    assert "this process ends: it begins no kernel" in done.stderr
    assert list(temporary.iterdir()) == []


# A run with real kernels, stopped from outside


class Run:
    """`cssm run` over two sample clients, with a temporary folder of its own."""

    def __init__(self, sample: Path, out: Path, temporary: Path) -> None:
        self.out = out
        command = [sys.executable, "-m", "cssm_lib.cli", "run", sample / "alder", sample / "cedar"]
        self.process = subprocess.Popen(
            [*map(str, command), "--out", str(out)],
            env=os.environ | {"TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def files(self) -> int:
        return sum(1 for path in self.out.rglob("*") if path.is_file())

    def until(self, there: Callable[[], bool]) -> None:
        """Wait for a condition, or for the end of the run."""
        end = time.monotonic() + 120
        while not there() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)

    def stop(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)


KILLS = (0, 1, 3, 20, 60)


@kernels
def test_kill_9_with_real_kernels(
    sample_clients: Path, sample_batch: SimpleNamespace, tmp_path: Path, tree: Tree
) -> None:
    """Killed five times, each time later; what stands is whole, and the end is as undisturbed."""
    out, temporary = tmp_path / "out", tmp_path / "t"
    temporary.mkdir()
    clean = {name: raw for name, raw in tree(sample_batch.out).items() if name != "index.html"}
    clean = {name: raw for name, raw in clean.items() if not name.startswith("Birch")}
    killed = 0
    for files in KILLS:
        started = Run(sample_clients, out, temporary)
        started.until(
            lambda run=started, least=files: (
                run.files() > least if least else any(temporary.iterdir())
            )
        )
        killed += started.process.poll() is None
        started.stop(signal.SIGKILL)
        left = {name: raw for name, raw in tree(out).items() if not name.endswith(DRAFT)}
        assert [name for name, raw in left.items() if clean.get(name, raw) != raw] == []
    assert killed >= 3
    last = Run(sample_clients, out, temporary)
    stdout, stderr = last.process.communicate(timeout=300)
    assert last.process.returncode == 0, stderr
    ended = tree(out)
    assert (out / "index.html").read_text().count("<tr>") == 3
    assert {name: raw for name, raw in ended.items() if name != "index.html"} == clean
    assert [path.name for path in temporary.iterdir() if path.name.startswith("cssm-")] == []
    assert stdout


@kernels
def test_ctrl_c_leaves_no_kernel_and_no_folder(
    sample_clients: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    temporary = tmp_path_factory.mktemp("t")  # short: a longer path has no room for sockets
    started = Run(sample_clients, tmp_path / "out", temporary)
    started.until(lambda: bool(list(temporary.glob("cssm-*/k-*"))))
    begun = psutil.Process(started.process.pid).children(recursive=True)
    assert begun
    started.stop(signal.SIGINT)
    assert started.process.returncode == 130
    assert list(temporary.glob("cssm-*")) == []
    gone, alive = psutil.wait_procs(begun, timeout=5)
    assert (len(gone), alive) == (len(begun), [])
