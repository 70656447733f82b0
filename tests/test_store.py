import re
import threading

import polars as pl
import pytest

import cssm_lib
from cssm_lib.answers import store, write
from cssm_lib.answers.write import csv_text, write_table

LICENCES = (
    '{"totalRecords":1,"licenses":[{"license":"L","virtualAccount":"A","quantity":%d,'
    '"inUse":3,"available":2,"reserved":0,"billingType":"PREPAID","licenseDetails":[],'
    '"licenseSubstitutions":[]}]}'
)


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("CSSM_CACHE", str(tmp_path / "store"))


@pytest.fixture
def client(tmp_path):
    folder = tmp_path / "elm"
    folder.mkdir()
    (folder / "licenses_2026-10-31.json").write_text(LICENCES % 5)
    return folder


def entries():
    return sorted(store.store_folder().iterdir())


def test_unchanged_files_are_answered_from_the_store(client, monkeypatch):
    first = cssm_lib.open_client(client)
    monkeypatch.setattr("cssm_lib.answers.load_client", None)
    again = cssm_lib.open_client(client)
    assert again.positions.equals(first.positions)
    assert again.folder == first.folder


def test_a_changed_cell_gives_a_new_answer_whatever_its_time_stamp_says(client):
    import os

    path = client / "licenses_2026-10-31.json"
    before, stamp = cssm_lib.open_client(client).positions["quantity"].item(), path.stat()
    path.write_text(LICENCES % 7)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert (before, cssm_lib.open_client(client).positions["quantity"].item()) == (5, 7)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: (c / "client.toml").write_text('client = "Elm"'),
        lambda c: (c / "licenses_2026-10-31.json").rename(c / "licenses_2026-09-30.json"),
        lambda c: (c / "more.csv").write_text("as_at,metric,count\n2026-10-31,user,4\n"),
    ],
    ids=["terms", "name", "another file"],
)
def test_terms_names_and_files_are_part_of_the_key(client, change):
    first = cssm_lib.open_client(client).folder
    change(client)
    assert cssm_lib.open_client(client).folder != first


def test_as_of_and_the_library_are_part_of_the_key(client, monkeypatch):
    first = cssm_lib.open_client(client).folder
    assert cssm_lib.open_client(client, "2026-10-31").folder != first
    monkeypatch.setattr(store, "library_digest", lambda: "other")
    assert cssm_lib.open_client(client).folder != first


def test_a_deleted_entry_is_made_again(client):
    import shutil

    answers = cssm_lib.open_client(client)
    before = answers.positions
    shutil.rmtree(answers.folder)
    assert answers.positions.equals(before)
    shutil.rmtree(store.store_folder())
    assert cssm_lib.open_client(client).positions.equals(before)


def test_a_half_deleted_entry_is_made_again(client):
    answers = cssm_lib.open_client(client)
    before = answers.positions
    (answers.folder / "positions.parquet").unlink()
    assert answers.positions.equals(before)
    assert cssm_lib.open_client(client).positions.equals(before)


def test_a_deleted_entry_of_changed_files_says_so(client):
    import shutil

    answers = cssm_lib.open_client(client)
    shutil.rmtree(answers.folder)
    (client / "licenses_2026-10-31.json").write_text(LICENCES % 9)
    with pytest.raises(cssm_lib.InputError, match="open the client again"):
        _ = answers.positions


def test_many_writers_leave_one_whole_entry(client):
    found, faults = [], []

    def run():
        try:
            found.append(cssm_lib.open_client(client).positions["quantity"].item())
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, faults) == ([5] * 6, [])
    assert len(entries()) == 1


def test_the_store_keeps_the_entries_used_last(client, monkeypatch):
    monkeypatch.setattr(store, "KEPT_ENTRIES", 2)
    for quantity in (1, 2, 3, 4):
        (client / "licenses_2026-10-31.json").write_text(LICENCES % quantity)
        last = cssm_lib.open_client(client)
    assert len(entries()) == 2
    assert last.positions["quantity"].item() == 4


def test_csv_is_harmless_and_parquet_is_raw(tmp_path):
    frame = pl.DataFrame(
        {
            "text": ["=HYPERLINK(1)", "+1", "-1", "@a", "\tb", "<script>", "ü", None],
            "money": pl.Series(["43200", "0.0125", "-1.5", None, "1", "2", "3", "4"]).cast(
                pl.Decimal(38, 6)
            ),
            "truth": [True, False, None, True, True, True, True, True],
        }
    )
    assert csv_text(frame).splitlines()[1:5] == [
        "'=HYPERLINK(1),43200.00,true",
        "'+1,0.0125,false",
        "'-1,-1.50,",
        "'@a,,true",
    ]
    path = write_table(frame, tmp_path / "t", "csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert pl.read_parquet(write_table(frame, tmp_path / "t", "parquet")).equals(frame)


@pytest.mark.parametrize("height", [0, 1, 4, 5, 8])
def test_a_csv_written_in_parts_is_that_of_the_whole(tmp_path, monkeypatch, height):
    frame = pl.DataFrame({"name": [f"=ü{n}" for n in range(height)], "units": range(height)})
    whole = write_table(frame, tmp_path / "whole", "csv").read_bytes()
    monkeypatch.setattr(write, "AT_ONCE", 4)
    assert write_table(frame, tmp_path / "parts", "csv").read_bytes() == whole
    assert whole.decode("utf-8-sig").splitlines() == [
        "name,units",
        *(f"'=ü{n},{n}" for n in range(height)),
    ]


def test_an_unknown_table_is_named_with_those_there_are(client):
    answers = cssm_lib.open_client(client)
    with pytest.raises(KeyError, match="no table 'postions'; there are positions, pooled"):
        answers["postions"]
    with pytest.raises(AttributeError, match="no table 'postions'"):
        _ = answers.postions


def test_what_a_killed_process_left_half_written_is_removed(client):
    import os
    import subprocess
    import sys

    from cssm_lib.batch import Settings, run

    code = (
        "import os, signal, polars as pl; from cssm_lib.answers import store;"
        "pl.DataFrame.write_parquet = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "store.put('ab12', {'t': pl.DataFrame()}, {})"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (left,) = entries()
    other = left.with_name(left.name.replace(f"-{store._host()}-", "-elsewhere-"))
    own = left.with_name(re.sub(r"-\d+-(\w+)$", rf"-{os.getpid()}-\1", left.name))
    other.mkdir()
    own.mkdir()
    run([], Settings(client / "out", {}))
    assert sorted(entries()) == sorted([other, own])
    left.mkdir()
    store.put("cd34", {"t": pl.DataFrame({"a": [1]})}, {})
    assert left not in entries()
