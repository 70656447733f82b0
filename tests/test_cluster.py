"""The same jobs on a Dask cluster: a real scheduler and workers, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cssm_lib.batch import Settings, cluster, jobs_from_folders
from cssm_lib.errors import ParameterError

pytestmark = pytest.mark.xdist_group("kernels")
DASK = [sys.executable, "-m", "dask"]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A scheduler and two workers on loopback, each a process of its own."""
    file = tmp_path / "scheduler.json"
    place = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard"]
    started = [subprocess.Popen([*DASK, "scheduler", *place, "--port", "0"], **QUIET)]
    alone = ["--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path / "dask")]
    try:
        end = time.monotonic() + 60
        while not (file.exists() and file.read_text().endswith("}")) and time.monotonic() < end:
            time.sleep(0.05)
        workers = [subprocess.Popen([*DASK, "worker", *place, *alone], **QUIET) for _ in range(2)]
        started += workers
        yield SimpleNamespace(address=json.loads(file.read_text())["address"], workers=workers)
    finally:
        for process in started:
            process.kill()
            process.wait()


def two_workers(address: str) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)


def test_a_worker_is_killed_and_the_run_ends_complete(
    scheduler: SimpleNamespace,
    sample_clients: Path,
    sample_batch: SimpleNamespace,
    tmp_path: Path,
    tree: Callable[[Path], dict[str, bytes]],
) -> None:
    two_workers(scheduler.address)
    command = [sys.executable, "-m", "cssm_lib.cli", "run", str(sample_clients), "--json-lines"]
    run = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out"), "--scheduler", scheduler.address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    events = []
    for line in run.stdout:
        events.append(json.loads(line))
        if events[-1]["event"] == "pack" and scheduler.workers[1].poll() is None:
            os.kill(scheduler.workers[1].pid, signal.SIGKILL)
    errors = run.communicate(timeout=60)[1]
    assert run.returncode == 0, errors
    assert events[-1]["packs_complete"] == 3
    assert scheduler.workers[1].wait() == -signal.SIGKILL
    assert tree(tmp_path / "out") == tree(sample_batch.out)


# Before the first task


class Cluster:
    """A client whose workers say what a test wants."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said

    def run(self, *_: Any, **__: Any) -> dict[str, Any]:
        return self.said


def test_a_worker_with_another_library_is_named() -> None:
    said = {"tcp://b:1": cluster.witness(), "tcp://a:1": ("0.0.9", "f" * 32)}
    with pytest.raises(ParameterError) as fault:
        cluster._alike(Cluster(said))
    assert "the worker tcp://a:1 has another cssm_lib (0.0.9, text ffffffff) than this process" in (
        str(fault.value)
    )
    said["tcp://a:1"] = ModuleNotFoundError("No module named 'cssm_lib'")
    with pytest.raises(ParameterError, match="has no cssm_lib that can be asked .* install cssm-"):
        cluster._alike(Cluster(said))
    with pytest.raises(ParameterError, match="the scheduler has no worker; start one"):
        cluster._alike(Cluster({}))


def test_a_folder_that_a_worker_does_not_see_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ParameterError, match="tcp://a:1 does not see /in/aurora; inputs and OUT"):
        cluster._shared(Cluster({"tcp://a:1": ["/in/aurora"]}), [], out)
    assert list(out.iterdir()) == []
    gone, mark = tmp_path / "gone", out / "mark"
    assert cluster.sees([tmp_path, gone], mark) == [str(gone), str(out)]
    mark.touch()
    assert cluster.sees([tmp_path], mark) == []


def test_nobody_answers(tiny: Any, clients: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    jobs = jobs_from_folders(clients("aurora"))
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(ParameterError, match=f"no Dask scheduler answers at {address}"):
            cluster.run_on(address, jobs, Settings(tmp_path / "out", tiny("draws")))


def test_all_packs_of_a_client_are_one_task(tmp_path: Path) -> None:
    from cssm_lib.batch import Job

    jobs = [Job(tmp_path / name, name, renewal) for name, renewal in ("ax", "bx", "ay")]
    assert [[job.renewal for job in same] for same in cluster._by_client(jobs)] == [
        ["x", "y"],
        ["x"],
    ]


def test_a_task_that_no_worker_ends_is_a_pack_that_was_not_made(tmp_path: Path) -> None:
    from cssm_lib.batch import Job

    class Killed:
        def result(self) -> None:
            raise RuntimeError("KilledWorker")

    (made,), (told,) = cluster._came_to(Killed(), [Job(tmp_path, "a")])
    assert (made.complete, told.state, told.fault) == (False, "failed", "dead kernel")
    assert "the workers that tried it ended each time" in made.problem


WITHOUT = "import sys; sys.modules.update(dask=None, distributed=None);"


def test_without_dask_a_local_run_works_and_a_cluster_is_refused(
    sample_clients: Path, sample_batch: SimpleNamespace, tmp_path: Path
) -> None:
    code = WITHOUT + "from cssm_lib.cli import main; main()"
    command = [sys.executable, "-c", code, "run", str(sample_clients), "--out"]
    kept = subprocess.run([*command, str(sample_batch.out)], capture_output=True, check=False)
    assert kept.returncode == 0, kept.stderr
    asked = [*command, str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        '--scheduler: Dask is not installed here; run `pip install "cssm-lib[dask]"`.\n'
    )
