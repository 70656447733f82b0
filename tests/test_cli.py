"""The command: what it prints where, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

pytestmark = pytest.mark.xdist_group("kernels")
Cssm = Callable[..., Any]


@pytest.fixture
def unusable(tmp_path: Path) -> Path:
    """A folder in which nothing is an export."""
    (tmp_path / "unusable").mkdir()
    (tmp_path / "unusable" / "letter.txt").write_text("Dear customer,")
    return tmp_path / "unusable"


@pytest.mark.parametrize("command", ["check", "tables", "run", "workshop", "sample"])
def test_every_command_explains_itself(cssm: Cssm, command: str) -> None:
    done = cssm(command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


WRONG = [
    ["check", "no-such-folder"],
    ["check", ".", "--as-of", "31.10.2026"],
    ["tables", "."],
    ["run"],
    ["run", "no-such.toml"],
    ["run", ".", "--jobs", "0"],
    ["run", ".", "--scenario", "x.toml"],
    ["run", ".", "--only", "99"],
    ["sample"],
    ["workshop"],
    ["workshop", "no-such-folder"],
]


@pytest.mark.parametrize("call", WRONG, ids=" ".join)
def test_a_wrong_call_ends_with_2_and_without_a_traceback(
    cssm: Cssm, call: list[str], unusable: Path
) -> None:
    done = cssm(*call, cwd=unusable)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_faulty_list_of_renewals_is_a_wrong_call(cssm: Cssm, tmp_path: Path) -> None:
    path = tmp_path / "renewals.toml"
    path.write_text("[[renewals]]\nclient = 1\n")
    done = cssm("run", path)
    assert done.returncode == 2
    assert "renewals[0].client" in done.stderr


@pytest.mark.parametrize("command", ["check", "tables", "run"])
def test_a_client_that_cannot_be_used_ends_with_1(
    cssm: Cssm, command: str, unusable: Path, tmp_path: Path
) -> None:
    out = [] if command == "check" else ["--out", tmp_path / "out"]
    done = cssm(command, unusable, *out)
    assert done.returncode == 1
    assert "none of its files was recognised" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_check_accounts_for_every_record(cssm: Cssm, sample_clients: Path) -> None:
    done = cssm("check", sample_clients, "--json")
    assert done.returncode == 0
    clients = json.loads(done.stdout)["clients"]
    assert [client["client"] for client in clients] == [
        "Alder Valley Hospitals",
        "Birch Logistics & Söhne",
        "Cedar Print Works",
    ]
    rows = [row for client in clients for row in client["records"]]
    assert rows
    for row in rows:
        assert row["records"] == row["used"] + row["rejected"] + row["repeated"]


def test_check_reads_well(cssm: Cssm, sample_clients: Path) -> None:
    done = cssm("check", sample_clients / "birch")
    assert done.returncode == 0
    for part in ("Birch Logistics & Söhne", "Records = used + rejected + repeated", "Mapping of"):
        assert part in done.stdout


def test_check_folds_a_long_history_and_the_full_list_stays_in_json(
    cssm: Cssm, sample_clients: Path
) -> None:
    done = cssm("check", sample_clients / "birch")
    assert "70 files: cssm/2024-09-30/licenses_p1.json" in done.stdout
    assert "2024-09-30 … 2026-10-31 (name)" in done.stdout
    assert "cssm/2026-03-31/licenses_p1.json and 1 more: there: 40 of 44 records;" in done.stdout
    assert "cssm/2026-10-31/licenses_p2.json  " in done.stdout  # repeats another: a line of its own
    assert "cssm/2025-06-30/licenses_p1.json" not in done.stdout
    client = json.loads(cssm("check", sample_clients / "birch", "--json").stdout)["clients"][0]
    files = [path for path in (sample_clients / "birch").rglob("*") if path.is_file()]
    assert len(client["sources"]) == len(files) - 1  # all but client.toml


def test_a_proposed_entry_can_be_pasted(cssm: Cssm, tmp_path: Path) -> None:
    """The lines as printed are TOML, and name the file even where its name has brackets."""
    rows = "A,HQ,12,10\n"
    (tmp_path / "odd [1]_2026-10-31.csv").write_text("Lizenz,Konto,Purchasd,Useed\n" + rows)
    (tmp_path / "licenses_2026-10-31.csv").write_text(
        "License,Virtual Account,Purchased,In Use,A column that nobody knows\n" + rows
    )
    said = cssm("check", tmp_path).stdout
    entries = [part.split("\n\n")[0] for part in said.split("paste into client.toml")[1:]]
    pasted = "\n".join(entry.partition("\n")[2] for entry in entries)
    pasted = pasted.replace('"Purchasd"', '"Lizenz" = "license", "Purchasd"')
    (tmp_path / "client.toml").write_text(f'client = "Elm"\n{pasted}\n')
    done = json.loads(cssm("check", tmp_path, "--json").stdout)["clients"][0]
    assert [source["kind"] for source in done["sources"]] == ["licenses", "licenses"]
    assert done["sources"][1]["mapping"] == {
        "Lizenz": "license",
        "Purchasd": "quantity",
        "Useed": "in_use",
    }


def test_tables_of_one_client_go_straight_into_the_folder(
    cssm: Cssm, sample_clients: Path, tmp_path: Path
) -> None:
    done = cssm("tables", sample_clients / "cedar", "--out", tmp_path, "--format", "parquet")
    assert done.returncode == 0
    assert pl.read_parquet(tmp_path / "positions.parquet").height > 0
    assert (tmp_path / "source" / "usage.parquet").is_file()
    assert done.stdout == f"{tmp_path}\n"


def test_sample_writes_estates_of_a_size(
    cssm: Cssm, tmp_path: Path, tree: Callable[[Path], dict[str, bytes]]
) -> None:
    size = ["--clients", 2, "--instances", 20, "--months", 2]
    for name in ("first", "second"):
        assert cssm("sample", tmp_path / name, *size, "--seed", 3).returncode == 0
    first = tree(tmp_path / "first")
    assert first == tree(tmp_path / "second")
    assert {name.split("/")[0] for name in first} == {"client-001", "client-002"}


def test_the_sample_batch_is_whole(sample_batch: SimpleNamespace) -> None:
    assert sample_batch.code == 0, sample_batch.stderr
    printed = [Path(line) for line in sample_batch.stdout.splitlines()]
    assert len(printed) == 4
    assert all(path.is_file() for path in printed)
    assert printed[-1] == sample_batch.out / "index.html"


def test_progress_is_one_line_a_page_and_then_the_slowest(sample_batch: SimpleNamespace) -> None:
    lines = sample_batch.stderr.splitlines()
    pages = len(list(sample_batch.out.glob("*/*/*/*.ipynb")))
    line = re.compile(rf"\d+ of {pages}, [\d.]+ s(, about \d+ s left)?: .+: 0\d_\w+$")
    assert [line_ for line_ in lines[:pages] if not line.match(line_)] == []
    head, *slowest, most = lines[pages:]
    assert re.match(rf"{pages} pages ran in [\d.]+ s; the slowest:$", head)
    assert len(slowest) == 5
    assert [one for one in slowest if not re.match(r" +[\d.]+ s +\d+ MB  .+: 0\d_\w+$", one)] == []
    assert re.match(r"Most memory of a kernel: \d+ MB, for .+\.$", most)


def test_out_holds_packs_and_their_list_only(sample_batch: SimpleNamespace) -> None:
    assert {path.name for path in sample_batch.out.iterdir()} == {
        "Alder Valley Hospitals",
        "Birch Logistics & Söhne",
        "Cedar Print Works",
        "index.html",
    }
    for pack in sample_batch.out.glob("*/*/*"):
        there = {path.name for path in pack.iterdir()}
        assert there >= {"index.html", "facts.json", "manifest.json", "pack.xlsx", "tables"}


def test_no_place_of_this_machine_stands_in_a_pack(sample_batch: SimpleNamespace) -> None:
    for path in sample_batch.out.rglob("*"):
        if path.suffix in (".ipynb", ".html", ".json", ".csv"):
            text = path.read_text("utf-8")
            assert str(sample_batch.out.parent) not in text, path.name
            assert f"{Path.home()}/" not in text, path.name


def test_a_second_run_makes_nothing_anew(
    cssm: Cssm,
    sample_clients: Path,
    sample_batch: SimpleNamespace,
    tree: Callable[[Path], dict[str, bytes]],
) -> None:
    before = tree(sample_batch.out)
    done = cssm("run", sample_clients, "--out", sample_batch.out, "--json-lines")
    assert done.returncode == 0
    assert tree(sample_batch.out) == before
    begun, *events, ended = [json.loads(line) for line in done.stdout.splitlines()]
    pages = [event for event in events if event["event"] == "page"]
    packs = [event for event in events if event["event"] == "pack"]
    assert begun == {"event": "begun", "packs": 3, "pages": len(pages)}
    assert {event["state"] for event in pages} == {"kept"}
    assert [event["state"] for event in packs] == ["made"] * 3
    assert (ended["event"], ended["packs_complete"], ended["pages_failed"]) == ("ended", 3, 0)
    assert len(ended["folders"]) == 3
    assert done.stderr == ""
