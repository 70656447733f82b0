"""Nothing of a file is run, fetched or read elsewhere; no client's data is in another's pack."""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import polars as pl
import pytest

import cssm_lib
from cssm_lib.batch import Settings, jobs_from_folders, run
from cssm_lib.client import load_client
from cssm_lib.errors import ConfigError

pytestmark = pytest.mark.xdist_group("kernels")
ROOT = Path(__file__).parents[1]
contents = runpy.run_path(str(Path(__file__).with_name("readable.py")))["texts"]
FORMULA = re.compile(r"[=+\-@\t\r]")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def packs(out: Path) -> list[Path]:
    return [path.parent for path in sorted(out.glob("*/*/*/manifest.json"))]


def held(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    return [(name, word) for name, text in contents(folder) for word in words if word in text]


# A run without a network, over clients that want to be run, fetched and rendered


def test_the_namespace_has_no_network(hostile_batch: SimpleNamespace) -> None:
    """Not even loopback: a socket that listens outside is out of reach inside."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = server.getsockname()
        dial = f"import socket; socket.create_connection({place!r}, 5)"
        assert subprocess.run([sys.executable, "-c", dial], check=False).returncode == 0
        dialled = [*hostile_batch.alone, sys.executable, "-c", dial]
        cut = subprocess.run(dialled, capture_output=True, check=False)
    assert b"Network is unreachable" in cut.stderr


def test_a_run_with_the_network_cut_off_ends_complete(hostile_batch: SimpleNamespace) -> None:
    assert hostile_batch.code == 0, hostile_batch.stderr
    first, second = packs(hostile_batch.out)
    assert [len(list(pack.glob("0*.html"))) for pack in (first, second)] == [7, 4]
    for pack in (first, second):
        said = json.loads((pack / "manifest.json").read_text())
        made = [one for one in said["pages"] if one["made"]]
        assert len(made) == len(list(pack.glob("0*.html")))
        assert {one["kind"] for one in said["inputs"]} >= {"licenses", "devices", "capture"}


def test_no_module_beside_a_client_was_imported(hostile_batch: SimpleNamespace) -> None:
    """Files called like libraries, pickles, scripts: none of them ran."""
    assert [path for path in hostile_batch.folder.rglob("evil") if path.is_file()] == []
    assert not (ROOT / "evil").exists()


def test_nothing_outside_the_client_was_read(hostile_batch: SimpleNamespace) -> None:
    assert held(hostile_batch.out, ["read-outside-the-client", "root:x:0:0"]) == []
    source = pl.read_parquet(packs(hostile_batch.out)[0] / "tables/source/sources.parquet")
    files = source["source"].to_list()
    assert not [name for name in files if "linked" in name or "wombat" in name or ".." in name]
    (refused,) = source.filter(pl.col("source").str.ends_with(".zip"))["problem"]
    assert "'../evil.csv', which leads out of the archive" in refused


def test_a_formula_of_a_workbook_counts_as_the_value_it_was_saved_with(
    hostile_batch: SimpleNamespace,
) -> None:
    counts = pl.read_parquet(packs(hostile_batch.out)[0] / "tables/source/user_counts.parquet")
    saved = counts.filter(pl.col("source").str.ends_with(".xlsx")).sort("count")
    assert saved.select("metric", "count").rows() == [("quokka linked", 3), ("quokka users", 7)]


def test_no_text_is_a_formula_in_a_csv(hostile_batch: SimpleNamespace) -> None:
    risky, guarded = [], 0
    for path in hostile_batch.out.rglob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as text:
            cells = {cell for row in csv.reader(text) for cell in row}
        risky += [
            (path.name, cell)
            for cell in cells
            if FORMULA.match(cell) and not NUMBER.fullmatch(cell)
        ]
        guarded += sum(cell.startswith("'=") for cell in cells)
    assert risky == []
    assert guarded > 20


def test_a_workbook_holds_text_and_numbers_only(hostile_batch: SimpleNamespace) -> None:
    for pack in packs(hostile_batch.out):
        with zipfile.ZipFile(pack / "pack.xlsx") as book:
            parts = {name: book.read(name).decode() for name in book.namelist()}
        assert not [name for name in parts if re.search(r"external|vba|embed|rels/sheet", name)]
        for name, text in parts.items():
            assert not re.search(r"<f[ >]|<hyperlink|<extLst|TargetMode", text), name


def test_text_of_files_is_no_markup_in_notebooks_and_papers(hostile_batch: SimpleNamespace) -> None:
    tag = re.compile(r"<(script>window|img src=x|svg onload|iframe|a href=\"javascript)")
    for pack in packs(hostile_batch.out):
        for path in pack.glob("*.ipynb"):
            for cell in nbformat.read(path, 4).cells:
                for output in cell.get("outputs", []):
                    data = output.get("data", {})
                    shown = data.get("text/html", "") + data.get("text/markdown", "")
                    assert not tag.search(shown), path.name
        for path in [*pack.glob("*.html")]:
            assert not tag.search(path.read_text("utf-8")), path.name
        statements = (pack / "statements.md").read_text("utf-8")
        assert not re.search(r"(?<!\\)(<script|<img|<svg|<iframe|\]\(|\$\\)", statements)
        unfolded = (pack / "calendar.ics").read_bytes().decode().replace("\r\n ", "")
        assert all(re.match(r"[A-Z-]+[:;]", line) for line in unfolded.split("\r\n") if line)
        assert "\n" not in unfolded.replace("\r\n", "")


def test_template_expressions_stay_as_they_are(hostile_batch: SimpleNamespace) -> None:
    for pack in packs(hostile_batch.out):
        text = (pack / "01_utilisation.html").read_text("utf-8")
        assert "{{7*7}}{% for x in [].__class__" in text
        assert "quokka" in text or "wombat" in text


# What a pack must not hold


def test_no_secret_and_no_place_of_this_machine_is_in_a_pack(
    hostile_batch: SimpleNamespace, sample_batch: SimpleNamespace
) -> None:
    host = socket.gethostname()
    places = {sys.prefix, f"{sys.base_prefix}/lib/python", str(ROOT), f"{Path.home()}/"}
    places |= {os.environ["CSSM_CACHE"], str(hostile_batch.folder), str(sample_batch.out)}
    places |= {str(Path(cssm_lib.__file__).parent), "/tmp/cssm-", "/tmp/pytest", "ipykernel_"}
    places |= {host} if len(host) > 5 else set()  # a short name is a part of many words
    words = [hostile_batch.secret, *sorted(places)]
    assert held(hostile_batch.out, words) == []
    assert held(sample_batch.out, words) == []
    assert hostile_batch.secret not in hostile_batch.stderr + hostile_batch.stdout


def test_no_pack_holds_the_mark_of_another_client(hostile_batch: SimpleNamespace) -> None:
    """By every text of every file; the front page of OUT alone names several."""
    for pack, mark in zip(packs(hostile_batch.out), hostile_batch.marks, strict=True):
        (other,) = set(hostile_batch.marks) - {mark}
        texts = [text.casefold() for _, text in contents(pack)]
        assert sum(mark in text for text in texts) > 100
        assert held(pack, [other, other.upper(), other.title()]) == []
    index = (hostile_batch.out / "index.html").read_text("utf-8")
    assert all(mark in index for mark in hostile_batch.marks)
    inside = {path for pack in packs(hostile_batch.out) for path in pack.rglob("*")}
    outside = [path for path in hostile_batch.out.rglob("*") if path.is_file()]
    assert [path.name for path in outside if path not in inside] == ["index.html"]


def test_a_client_that_fails_in_the_middle_reaches_no_other_pack(
    hostile_batch: SimpleNamespace,
    tmp_path: Path,
    cssm: Callable[..., Any],
    tree: Callable[[Path], dict[str, bytes]],
) -> None:
    """Its message stands in the front page of OUT; the packs beside it are what they were."""
    folder = Path(shutil.copytree(hostile_batch.folder, tmp_path / "all", symlinks=True))
    before = [tree(pack) for pack in packs(folder / "packs")]
    broken = Path(shutil.copytree(folder / "wombat-folder", folder / "broken", symlinks=True))
    settings = (broken / "client.toml").read_text().replace("wombat", "possum")
    (broken / "client.toml").write_text(
        f"{settings}\npossum-fault = 1\n".replace("[[planned]]", "[[plannd]]")
    )
    first, second = (folder / "renewals.toml").read_text().split("[[renewals]]")[1:]
    entries = [first, '\nclient_dir = "broken"\n', second]
    (folder / "renewals.toml").write_text("".join(f"[[renewals]]{entry}" for entry in entries))
    done = cssm("run", folder / "renewals.toml")
    assert done.returncode == 1
    assert [tree(pack) for pack in packs(folder / "packs")] == before
    index = (folder / "packs" / "index.html").read_text("utf-8")
    assert "plannd: unknown key" in index
    assert len(packs(folder / "packs")) == 2


REMEMBERS = """import builtins
seen = getattr(builtins, "cssm_seen", [])
builtins.cssm_seen = [*seen, client_dir]
print("\\n".join(builtins.cssm_seen))"""


@pytest.mark.parametrize("between", [["dies"], []], ids=["after a dead kernel", "side by side"])
def test_no_kernel_serves_two_clients(
    tiny: Any, clients: Any, tmp_path: Path, between: list[str]
) -> None:
    """What a page leaves in its kernel is never met by a page of another client."""
    notebooks = tiny("draws", *between)
    remembers = notebooks.pop("draws")
    content = nbformat.from_dict(json.loads(json.dumps(remembers.content)))
    content.cells = [*content.cells[:2], nbformat.v4.new_code_cell(REMEMBERS)]
    first, last = (replaced(remembers, content, name) for name in ("first", "last"))
    pages = {"first": first, **notebooks, "last": last}
    jobs = jobs_from_folders(clients("aurora", "boreal"))
    made = run(jobs, Settings(tmp_path / "out", pages, threads=1 if between else 2))
    for one in made:
        for name in ("first", "last"):
            said = printed(one.folder / f"{name}.ipynb")
            assert set(said) == {one.job.folder_name}, (name, said)


def replaced(notebook: Any, content: Any, stem: str) -> Any:
    from dataclasses import replace

    return replace(notebook, stem=stem, content=content)


def printed(path: Path) -> list[str]:
    outputs = [out for cell in nbformat.read(path, 4).cells for out in cell.get("outputs", [])]
    return "".join(out.get("text", "") for out in outputs).split()


# No way out of the folder, no code that could run a file


@pytest.mark.parametrize("name", ["client.toml", "actions.csv"])
def test_settings_that_are_a_link_out_of_the_client_are_refused(tmp_path: Path, name: str) -> None:
    folder, outside = tmp_path / "client", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "users.csv").write_text("as_at,metric,count\n2026-10-31,user,5\n")
    (outside / name).write_text(
        'client = "Other"\n' if name.endswith("toml") else "id,action\n,x\n"
    )
    (folder / name).symlink_to(outside / name)
    with pytest.raises(ConfigError, match=f"{name}: a link that leads out of the client folder"):
        load_client(folder)
    (folder / name).unlink()
    (folder / "own").write_text((outside / name).read_text())
    (folder / name).symlink_to("own")
    assert load_client(folder).tables["user_counts"].height == 1


# what each module may do that most must not, and why
ALLOWED = {
    "pickle": {"processes.py"},  # the pipe to a process of its own
    "subprocess": {"processes.py"},
    "xml": {"rum.py"},  # expat: no entity is fetched, and bombs are refused
    "ctypes": {"memory.py"},  # one call of the C library, without an argument from anywhere
    "socket": {"serving.py"},  # a free port of this machine for the workshop's page
    "webbrowser": {"serving.py"},  # opens that page, whose address no file says
}
NEVER = {"marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml", "runpy", "code"}
NEVER |= {"ssl", "http", "urllib", "requests", "httpx", "aiohttp", "ftplib"}
NEVER |= {"pty", "imp", "codeop", "smtplib", "xmlrpc"}
CALLS = {"eval", "exec", "__import__", "compile", "system", "popen", "spawnl", "execv", "execve"}
CALLS |= {"read_pickle", "unpack_archive", "extractall", "extract", "from_string", "urlopen"}
CALLS |= {"read_sql", "read_database", "read_html", "deserialize", "unsafe_load", "literal"}
# polars' own expressions of these names, and a compiled pattern
HARMLESS = re.compile(r"(^re\.compile$|\.list\.eval$|\.str\.extract$)")


def test_no_code_of_ours_can_run_or_fetch_what_a_file_says() -> None:
    found = []
    for path in sorted((ROOT / "cssm_lib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name in _imports(node):
                top = name.partition(".")[0]
                if top in NEVER or path.name not in ALLOWED.get(top, {path.name}):
                    found.append((path.name, name))
            call = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if call.rpartition(".")[2] in CALLS and not HARMLESS.search(call):
                found.append((path.name, call))
    assert found == []


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
