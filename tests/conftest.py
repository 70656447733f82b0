"""What several test files share: a cache of their own, the sample clients, one batch over them."""

from __future__ import annotations

import datetime as dt
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from cssm_lib.answers.write import write_table
from cssm_lib.errors import UnusableClient
from cssm_lib.schema import ANSWERS, TABLES

NOTEBOOKS = Path(__file__).parent / "notebooks"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither the user's cache nor another run's is read or written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CSSM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def sample_clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample clients, as `cssm sample` writes it."""
    from cssm_lib.sample import write_samples

    folder = tmp_path_factory.mktemp("sample")
    write_samples(folder)
    return folder


@pytest.fixture(scope="session")
def cssm() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in a process of its own."""

    def call(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cssm_lib.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)

    return call


@pytest.fixture(scope="session")
def sample_batch(
    sample_clients: Path, tmp_path_factory: pytest.TempPathFactory, cssm: Callable[..., Any]
) -> SimpleNamespace:
    """One `cssm run` over all sample clients: its folder, exit code and what it printed."""
    out = tmp_path_factory.mktemp("packs")
    done = cssm("run", sample_clients, "--out", out)
    return SimpleNamespace(out=out, code=done.returncode, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture(scope="session")
def hostile_batch(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """`cssm run` over two clients of hostile, marked texts, where no network interface is up.

    It runs in a folder of modules that are called like libraries, with a secret in its environment.
    """
    alone = without_network()
    hostile = runpy.run_path(str(Path(__file__).with_name("hostile.py")))
    folder = tmp_path_factory.mktemp("hostile")
    marks = ("quokka", "wombat")
    for mark in marks:
        hostile["write_client"](folder / f"{mark}-folder", mark, outside=folder / "outside")
    hostile["lay_traps"](folder)
    pages = 'only = ["00", "01", "04", "06"]\n'
    entries = [f'[[renewals]]\nclient_dir = "{mark}-folder"\n' for mark in marks]
    (folder / "renewals.toml").write_text(f"{entries[0]}{entries[1]}{pages}")
    command = [sys.executable, "-P", "-m", "cssm_lib.cli", "run", "renewals.toml"]
    secret = "not-for-any-pack-4711"
    done = subprocess.run(
        [*alone, *command],
        cwd=folder,
        env=os.environ | {"CSSM_TEST_TOKEN": secret, "VENDOR_API_KEY": secret},
        capture_output=True,
        text=True,
        check=False,
    )
    told = {"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr, "alone": alone}
    return SimpleNamespace(folder=folder, out=folder / "packs", marks=marks, secret=secret, **told)


def without_network() -> list[str]:
    """What runs a command in a network namespace of its own, in which no interface is up."""
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        if (
            shutil.which("unshare")
            and not subprocess.run([*command, "true"], check=False).returncode
        ):
            return command
    pytest.skip("network namespaces cannot be had here")


@pytest.fixture
def tiny() -> Callable[..., dict[str, Any]]:
    """The tiny notebooks of the names given, as the batch takes them."""
    from cssm_lib.batch import read_notebook

    return lambda *names: {name: read_notebook(NOTEBOOKS / f"{name}.ipynb") for name in names}


class FakeAnswers(dict[str, pl.DataFrame]):
    """Empty tables with the contracts' columns, and what the pack prints beside them."""

    def __init__(self, folder: Path, as_of: dt.date | None) -> None:
        super().__init__(
            {table.name: table.empty() for table in [*ANSWERS.values(), *TABLES.values()]}
        )
        self.as_of = as_of
        self.folder = folder
        self.about = {"key": f"key of {folder.name}", "inputs": [], "rules": [], "agreements": []}

    def write(self, folder: Path, formats: tuple[str, ...]) -> list[Path]:
        places = [folder / "positions", folder / "source" / "usage"]
        return [write_table(self[at.name], at, kind) for at in places for kind in formats]


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    """Client folders of the names given, opened as fakes; `broken…` cannot be opened."""

    def opened(
        folder: Path, as_of: dt.date | None = None, audience: str = "", change: Any = None
    ) -> FakeAnswers:
        if folder.name.startswith("broken"):
            raise UnusableClient(f"{folder.name}: none of its files was recognised as an export.")
        answers = FakeAnswers(folder, as_of or dt.date(2026, 10, 31))
        answers.about |= change.told if change else {}
        return answers

    def made(*names: str) -> list[Path]:
        folders = [tmp_path / "clients" / name for name in names]
        for folder in folders:
            folder.mkdir(parents=True)
            (folder / "client.toml").write_text(f'client = "{folder.name.title()}"\n')
            (folder / f"only-in-{folder.name}.csv").touch()
        return folders

    monkeypatch.setattr("cssm_lib.batch.running.open_client", opened)
    return made


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """Every file under a folder with its bytes."""

    def files(folder: Path) -> dict[str, bytes]:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    return files


def pytest_configure() -> None:
    """Kernels started by the tests find this checkout even where it is not installed."""
    root = str(Path(__file__).parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files with a test in an xdist group go to one worker, so that the sample batch runs once.

    `--dist loadgroup` of pytest-xdist 3.8 does nothing with pytest 9.2: it renames tests in a way
    that pytest does not look at any more.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    tests = Path(__file__).parent
    grouped = {path.name for path in tests.glob("*.py") if "xdist_group" in path.read_text("utf-8")}

    class KernelsTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0].rpartition("/")[2]
            return "kernels" if file in grouped else nodeid

    return KernelsTogether(config, log)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the tests of a file; its event loop holds the thread until it ends."""
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=quiet)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """One JupyterLab over copies of the notebooks: its folder, its address."""
    servers = runpy.run_path(str(Path(__file__).with_name("servers.py")))
    with servers["lab"](tmp_path_factory.mktemp("lab")) as served:
        yield served
