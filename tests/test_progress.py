"""What a run shows: how far it is, how long it will take, what was slow; for machines as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cssm_lib.batch import Job, Made, Told
from cssm_lib.cli import progress

JOB = Job(Path("aurora"), "Aurora", "EA")
MADE = Told(JOB, "01_x", seconds=2.0, memory=200 * 2**20)
KEPT = Told(JOB, "02_y", "kept")
FAILED = Told(JOB, "03_z", "failed", "cell 2 of 3: KeyError: 'a'", "fault in a cell", 1.0)
LOST = Told(JOB, None, "failed", "aurora: no such folder; give one.", "missing file")
PACK = Told(JOB)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a test sets."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_tell_what_was_made_and_the_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.progress(6) as tell:
        tell(KEPT, 6)
        clock[0] = 4.0
        tell(MADE, 6)
        tell(FAILED, 6)
        tell(PACK, 6)
        tell(LOST, 3)
    assert capsys.readouterr().err.splitlines() == [
        "1 of 6, 0.0 s: Aurora / EA: 02_y",
        "2 of 6, 4.0 s, about 8 s left: Aurora / EA: 01_x",
        "3 of 6, 4.0 s, about 4 s left: Aurora / EA: 03_z: NOT MADE: cell 2 of 3: KeyError: 'a'",
        "6 of 6, 4.0 s: Aurora / EA: NOT MADE: aurora: no such folder; give one.",
        "2 pages ran in 4.0 s; the slowest:",
        "     2.0 s    200 MB  Aurora / EA: 01_x",
        "     1.0 s      ? MB  Aurora / EA: 03_z",
        "Most memory of a kernel: 200 MB, for Aurora / EA.",
    ]


def test_nothing_is_summed_up_where_no_page_ran(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress(1) as tell:
        tell(KEPT, 1)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress.progress(2) as tell:
        tell(MADE, 2)
        tell(FAILED, 2)
    shown = capsys.readouterr().err
    assert "NOT MADE: cell 2 of 3" in shown
    assert "2/2" in shown


PAGE_NAMES = "event client renewal page state fault problem seconds memory done pages".split()
PACK_NAMES = "event client renewal state fault problem done pages".split()
END_NAMES = "event packs packs_complete pages_failed index folders seconds".split()


def test_machines_get_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.json_lines(2, 4) as tell:
        for told, lost in ((KEPT, 3), (MADE, 3), (FAILED, 3), (PACK, 3), (LOST, 1)):
            tell(told, lost)
    progress.say_end([Made(JOB, Path("out/a")), Made(JOB, problem="x")], "out/index.html", 1.5)
    begun, kept, made, failed, pack, lost, ended = map(
        json.loads, capsys.readouterr().out.splitlines()
    )
    assert begun == {"event": "begun", "packs": 2, "pages": 4}
    assert [list(one) for one in (kept, made, failed)] == [PAGE_NAMES] * 3
    assert [list(one) for one in (pack, lost)] == [PACK_NAMES] * 2
    assert list(ended) == END_NAMES
    assert (kept["state"], kept["seconds"], kept["memory"]) == ("kept", None, None)
    assert (made["seconds"], made["memory"]) == (2.0, 200 * 2**20)
    assert (failed["fault"], failed["state"]) == ("fault in a cell", "failed")
    assert (pack["state"], pack["done"]) == ("made", 3)
    assert (lost["event"], lost["fault"], lost["done"]) == ("pack", "missing file", 4)
    assert (ended["packs_complete"], ended["folders"]) == (1, [str(Path("out/a"))])


def test_a_name_on_the_bar_is_no_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    with progress.progress(1) as tell:
        tell(Told(Job(Path("x"), "Ash [/x] [red]Oak", "EA"), "01_x", seconds=1.0), 1)
    assert "Ash [/x] [red]Oak / EA" in capsys.readouterr().err
