"""Thousands of small files are read by processes: the same tables, whatever becomes of them."""

import sys
from pathlib import Path

import pytest

from cssm_lib import client, processes
from cssm_lib.client import load_client

LOG = (Path(__file__).parent / "captures" / "two_switches.log").read_text()


@pytest.fixture
def folder(tmp_path):
    for n in range(70):  # more than are read at once
        (tmp_path / f"{n:02}_2026-10-31.log").write_text(LOG.replace("FJC", f"Z{n:02}"))
    (tmp_path / "client.toml").write_text('client = "Elm"\n')
    (tmp_path / "letter.txt").write_text("Dear customer,")
    return tmp_path


def same(one, other):
    return all(one[name].equals(other[name]) for name in one)


def test_processes_give_the_same_tables_in_the_same_order(folder, monkeypatch):
    here = load_client(folder).tables
    monkeypatch.setattr(client, "MANY", 10)
    asked = []
    elsewhere = processes.elsewhere
    monkeypatch.setattr(
        client, "elsewhere", lambda parts, job: asked.append(elsewhere(parts, job)) or asked[0]
    )
    assert same(load_client(folder).tables, here)
    assert sorted(asked[0]) == [0, 1]
    assert here["captures"].height > 0


@pytest.mark.parametrize("code", ["import sys; sys.exit(1)", "print('no answer')"])
def test_what_a_process_fails_to_read_is_read_here(folder, monkeypatch, code):
    here = load_client(folder).tables
    monkeypatch.setattr(client, "MANY", 10)
    monkeypatch.setattr(processes, "COMMAND", [sys.executable, "-c", code])
    assert processes.elsewhere([[folder / "letter.txt"]], None) == {}
    assert same(load_client(folder).tables, here)


def test_few_or_large_files_stay_in_this_process(folder, monkeypatch):
    monkeypatch.setattr(client, "elsewhere", lambda parts, job: pytest.fail("asked"))
    load_client(folder)
    monkeypatch.setattr(client, "MANY", 10)
    monkeypatch.setattr(client, "SMALL", 100)
    load_client(folder)
