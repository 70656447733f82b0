"""Names replaced by a keyed hash: none is left anywhere in a pack, and no total changes."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from cssm_lib.answers.compute import answer_tables
from cssm_lib.client import Client, load_client
from cssm_lib.errors import ParameterError
from cssm_lib.pages.evidence.verify import verify
from cssm_lib.pseudonyms import IN_TABLE, KINDS, Pseudonyms, pseudonymised, read_key
from cssm_lib.schema import ANSWERS, TABLES

KEY = b"correct horse battery staple 4711"
ROOT = Path(__file__).parents[1]
texts = runpy.run_path(str(Path(__file__).with_name("readable.py")))["texts"]
# what rests on spellings that are almost alike, which a hash cannot keep, as the README says
ALIKE = {"hygiene", "account_plan", "matches", "match_classes", "record_conflicts"}
# findings and positions that are drawn up from them
ALIKE |= {"signals", "statements"}
# the user's own words in actions.csv are withheld
OWN_NOTES = {("actions", "note"), ("actions", "other")}
CLIENTS = ("alder", "birch", "cedar")


# Names


@pytest.fixture
def names() -> Pseudonyms:
    return Pseudonyms(KEY)


def test_equal_names_stay_equal_and_others_apart(names: Pseudonyms) -> None:
    short, long = names.of("host", "hh-sw-01"), names.of("host", "hh-sw-01.birch.example")
    assert long.startswith(f"{short}.host-") or long.startswith(f"{short}.domain-")
    assert names.of("host", "HH-SW-01") == short.upper()
    assert names.of("serial", " FOC12345678 ") == names.of("serial", "FOC12345678")
    assert names.of("account", "Campus North") != names.of("account", "CAMPUS NORTH")
    assert len({names.of("host", f"h{n}") for n in range(5000)}) == 5000


def test_serials_and_addresses_keep_their_shape(names: Pseudonyms) -> None:
    assert re.fullmatch(r"[A-Z]{3}\d{8}", names.of("serial", "FOC12345678"))
    assert re.fullmatch(r"10(\.\d{1,3}){3}", names.of("address", "192.0.2.7"))
    assert re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", names.of("address", "00:1b:2c:3d:4e:5f"))


def test_addresses_of_a_large_estate_do_not_meet(names: Pseudonyms) -> None:
    given = {names.of("address", f"172.16.{n // 250}.{n % 250}") for n in range(20_000)}
    assert len(given) == 20_000


def test_another_key_gives_other_names(names: Pseudonyms) -> None:
    assert names.of("host", "sw1") != Pseudonyms(KEY + b"x").of("host", "sw1")
    assert names.of("host", "sw1") == Pseudonyms(KEY).of("host", "sw1")
    assert KEY.decode() not in repr(names)


def test_words_that_name_nobody_stay(names: Pseudonyms) -> None:
    assert [names.of("account", word) for word in ("DEFAULT", "", "n/a")] == ["DEFAULT", "", "n/a"]


def test_free_text_loses_names_and_addresses_and_keeps_its_words(names: Pseudonyms) -> None:
    names.of("host", "hh-sw-01.birch.example")
    names.of("account", "Campus North")
    line = "ip route 10.1.2.3 to HH-SW-01 in campus north by eve@birch.example, spanning-tree"
    text = names.text(line)
    assert not re.search(r"10\.1\.2\.3|hh-sw|campus|birch|eve", text, re.IGNORECASE)
    assert text.startswith("ip route 10.")
    assert text.endswith(", spanning-tree")
    path = names.of("file", "cssm/2026-10-31/Aurora.json")
    assert names.text("cssm/2026-10-31/Aurora.json") == path
    assert re.fullmatch(r"file-\w+/2026-10-31/file-\w+\.json", path)


@pytest.mark.parametrize("content", [b"", b"too short", b"   padded    \n"])
def test_a_short_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ParameterError, match="bytes are no key; write at least 16 random bytes"):
        read_key(tmp_path / "key")


# Client → Client


@pytest.mark.parametrize("name", CLIENTS)
def test_totals_and_joins_are_unchanged(sample_clients: Path, name: str) -> None:
    client = load_client(sample_clients / name)
    plain, named = answer_tables(client), answer_tables(pseudonymised(client, KEY))
    for table in set(ANSWERS) - ALIKE:
        shown = [name for name in plain[table].columns if (table, name) not in OWN_NOTES]
        assert totals(plain[table].select(shown)) == totals(named[table].select(shown)), table
    for table in TABLES:
        assert plain[table].height == named[table].height


def totals(frame: pl.DataFrame) -> dict[str, Any]:
    """Rows, sum of each number, count of each truth, distinct values of each text."""
    found: dict[str, Any] = {"rows": frame.height}
    for column in frame.get_columns():
        if column.dtype.is_float():
            found[column.name] = pytest.approx(column.sum())
        elif column.dtype.is_numeric() or column.dtype == pl.Boolean:
            found[column.name] = column.sum()
        else:
            found[column.name] = column.n_unique()
    return found


def test_marked_names_in_every_column_are_gone() -> None:
    """Every table with a marked value in every column of names and in free text."""
    from cssm_lib.config import ClientConfig
    from cssm_lib.rules import load_rules

    tables = {name: marked(name) for name in TABLES}
    config = ClientConfig(client="MARKED client")
    client = Client("MARKED client", Path("x"), None, config, load_rules({}), tables)
    after = pseudonymised(client, KEY)
    left = [
        (name, column.name)
        for name, table in after.tables.items()
        for column in table.get_columns()
        if column.dtype == pl.String and column.str.contains("(?i)marked").any()
    ]
    assert left == []
    assert "MARKED" not in after.name


def marked(name: str) -> pl.DataFrame:
    """One row of a table: names in its columns of names, a sentence of them in free text."""
    held = {column for columns in KINDS.values() for column in columns} | set(
        IN_TABLE.get(name, ())
    )
    free = {"message", "raw", "said", "note", "about", "problem", "text", "description", "value"}
    values = {
        column.name: "MARKED-name-01.marked.example"
        if column.name in held
        else "at Marked-Name-01 (marked.example) or marked-name-01"
        for column in TABLES[name].columns
        if column.dtype == pl.String and column.name in held | free
    }
    return TABLES[name].shaped(
        pl.DataFrame({"source": ["MARKED.csv"], **{k: [v] for k, v in values.items()}})
    )


# A whole pack


@pytest.fixture(scope="module")
def packs(
    sample_clients: Path, tmp_path_factory: pytest.TempPathFactory, cssm: Callable[..., Any]
) -> SimpleNamespace:
    """`cssm run --pseudonymise` over all sample clients."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "key").write_bytes(KEY)
    for client in CLIENTS:
        shutil.copytree(sample_clients / client, folder / "in" / f"told-{client}")
    done = cssm("run", folder / "in", "--out", folder / "out", "--pseudonymise", folder / "key")
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(out=folder / "out", said=done.stderr, given=folder / "in")


pytestmark = pytest.mark.xdist_group("kernels")


def originals(folder: Path) -> set[str]:
    """Every identifier of a client: all values of all columns of names, names of its settings."""
    client = load_client(folder)
    found = {client.name, folder.name, *(one.name for one in client.config.agreements)}
    for name, table in client.tables.items():
        known = {c for kind, columns in KINDS.items() if kind != "file" for c in columns}
        for column in (known | set(IN_TABLE.get(name, ()))) & set(table.columns):
            if table.schema[column] == pl.String:
                found |= set(table[column].drop_nulls())
        if "source" in table.columns:
            found |= set(table["source"].drop_nulls())
    found |= {part for host in found if host.endswith(".example") for part in (host.split(".")[0],)}
    found -= {name for name in found if name.isdigit() and len(name) < 6}  # any count may be it
    found |= set(client.actions["owner"].drop_nulls())
    return {name for name in found if len(name) >= 4 and name.casefold() != "default"}


def own_words() -> set[str]:
    """Words that the program and its notebooks hold themselves: no name of a client."""
    files = [*ROOT.rglob("cssm_lib/rulebook/*.toml"), *ROOT.glob("notebooks/*.ipynb")]
    return {word for path in files for word in re.findall(r"[\w.-]+", path.read_text().casefold())}


def test_no_name_is_left_in_any_output(packs: SimpleNamespace) -> None:
    """Names of four letters and more, as whole words, whatever their case."""
    wanted = {name.casefold() for folder in packs.given.iterdir() for name in originals(folder)}
    assert wanted & own_words() <= {"wireless", "routers", "procurement", "alder"}
    wanted -= own_words()
    assert len(wanted) > 500
    spaced = sorted(name for name in wanted if not re.fullmatch(r"[\w.:/-]+", name))
    left = set()
    for file, text in [*texts(packs.out), ("what the run said", packs.said)]:
        plain = text.casefold()
        for word in set(re.findall(r"\w[\w.:/-]*\w", plain)):
            if word in wanted or any(part in wanted for part in re.split(r"[/:]", word)):
                left.add((file, word))
        found = pl.Series([plain]).str.extract_many(spaced).explode().drop_nulls()
        left |= {(file, name) for name in found}
    assert left == set()


def test_the_key_stands_nowhere(packs: SimpleNamespace) -> None:
    for path in packs.out.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert KEY not in raw
            assert KEY.hex().encode() not in raw


def test_figures_are_those_of_the_plain_packs(
    packs: SimpleNamespace, sample_batch: SimpleNamespace
) -> None:
    def figures(out: Path) -> list[Any]:
        found = [json.loads(path.read_text()) for path in out.glob("*/*/*/facts.json")]
        rows = [
            [
                (f["page"], f["id"], f["value"])
                for f in one
                if "header" not in f["id"] and f["how"]["table"] not in ALIKE
            ]
            for one in found
        ]
        return sorted(map(sorted, [[(a, b, str(c)) for a, b, c in one] for one in rows]))

    assert figures(packs.out) == figures(sample_batch.out)


def test_such_packs_are_whole_and_say_so(packs: SimpleNamespace) -> None:
    found = list(packs.out.glob("*/*/*/manifest.json"))
    assert len(found) == 3
    for path in found:
        assert verify(path.parent) == []
        said = json.loads(path.read_text())
        assert said["pseudonyms"] == Pseudonyms(KEY).mark
        assert said["repeat"]["client_dir"].startswith("folder-")
        assert "replaced by a keyed hash" in (path.parent / "01_utilisation.html").read_text()


def test_plain_answers_and_answers_with_pseudonyms_share_nothing(sample_clients: Path) -> None:
    from cssm_lib import open_client
    from cssm_lib.batch.hidden import change_by

    folder = sample_clients / "cedar"
    plain = open_client(folder)
    named = open_client(folder, change=change_by(KEY))
    other = open_client(folder, change=change_by(KEY + b"x"))
    assert len({one.about["key"] for one in (plain, named, other)}) == 3
    assert open_client(folder).name == plain.name == "Cedar Print Works"
    assert named.name.startswith("client-")


def test_a_client_that_cannot_be_read_tells_no_name(
    cssm: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "Aurora-Clinic"
    folder.mkdir()
    (folder / "client.toml").write_text('client = "Aurora Clinic"\ncolour = 1\n')
    (tmp_path / "key").write_bytes(KEY)
    done = cssm("run", folder, "--out", tmp_path / "out", "--pseudonymise", tmp_path / "key")
    assert done.returncode == 1
    said = done.stdout + done.stderr.replace(str(tmp_path), "")
    assert "Aurora" not in said + (tmp_path / "out" / "index.html").read_text()
    assert "run without --pseudonymise to read it" in said
