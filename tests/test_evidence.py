"""Trace and verify: from a printed figure to the rows of the files; what was altered is told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from cssm_lib import open_client
from cssm_lib.errors import InputError, PageError
from cssm_lib.pages import sheet
from cssm_lib.pages.evidence.resting import (
    contract_of,
    resting,
    source_rows,
    stands_for_itself,
)
from cssm_lib.pages.evidence.trace import columns_used, find_fact, read_facts, told, trace
from cssm_lib.pages.evidence.verify import compared, read_manifest, verify
from cssm_lib.pages.facts import plain
from cssm_lib.pages.figures import FIGURES
from cssm_lib.schema import ANSWERS, TABLES, Rests

kernels = pytest.mark.xdist_group("kernels")
pytestmark = kernels


@pytest.fixture(scope="module")
def alder(sample_batch: SimpleNamespace) -> Path:
    """The pack of the tidy sample client."""
    return next(sample_batch.out.glob("Alder*/*/*"))


@pytest.fixture
def pack(alder: Path, tmp_path: Path) -> Path:
    """A copy of it to alter."""
    return Path(shutil.copytree(alder, tmp_path / alder.name))


# What the contracts declare

# terms and days of contracts, which rest on client.toml and the rule pack
TERMS = {"readings", "calendar"}
# asks for what is not there, so that every file may change it
ASKS = "data_requests"


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - TERMS))
def test_every_answer_says_what_its_rows_rest_on(name: str) -> None:
    contract = ANSWERS[name]
    assert contract.rests or stands_for_itself(contract), f"{name}: declare `rests`"
    for rests in contract.rests:
        _sound(contract.names, contract.dtypes, rests)


def _sound(own: list[str], own_types: dict[str, Any], rests: Rests) -> None:
    """Every column that a declaration names is there."""
    other, via = contract_of(rests.table), contract_of(rests.via) if rests.via else None
    known = {*own, *(via.names if via else ())}
    pairs = [pair.split(" = ") for pair in (*rests.on, *_day(rests))]
    assert {pair[0] for pair in pairs} <= known
    assert {pair[-1] for pair in pairs} <= set(other.names)
    types = own_types | (via.dtypes if via else {})
    assert all(types[pair[0]] == other.dtypes[pair[-1]] for pair in pairs)
    assert set(rests.columns) <= set(own)
    assert set(rests.takes) <= set(other.names)
    assert set(pl.sql_expr(rests.where or "TRUE").meta.root_names()) <= known
    if rests.table in ANSWERS:
        assert rests.takes, "the way through another answer names the columns it takes"


def _day(rests: Rests) -> list[str]:
    if not rests.day:
        return []
    mode, _, days = rests.day.partition(" ")
    assert mode in ("newest", "until")
    return [days if "=" in days else f"{days} = snapshot_date"]


@pytest.mark.parametrize("name", FIGURES)
def test_the_way_of_every_figure_ends_in_rows_of_files(name: str) -> None:
    """On empty tables nothing is found and nothing raises."""
    figure = FIGURES[name]
    tables = {one.name: one.empty() for one in {**TABLES, **ANSWERS}.values()}
    how = {"column": figure.column, "where": figure.where}
    found = source_rows(tables.__getitem__, figure.table, tables[figure.table], columns_used(how))
    assert all(rows.is_empty() for rows in found.values())


def frames(**days: list[int]) -> dict[str, pl.DataFrame]:
    """Usage of account A on days of October 2026, licence L; account B on the first."""
    rows = [
        {"virtual_account": account, "license": license_, "day": day}
        for license_, held in days.items()
        for account, day in [("A", day) for day in held]
    ]
    frame = pl.DataFrame(rows).with_columns(
        pl.date(2026, 10, pl.col("day")).alias("snapshot_date"), source=pl.lit("f"), place="license"
    )
    return {"usage": TABLES["usage"].shaped(frame.drop("day"))}


def own(day: int) -> pl.DataFrame:
    return pl.DataFrame({"license": ["L"]}).with_columns(day=pl.date(2026, 10, day))


@pytest.mark.parametrize(
    ("said", "day", "found"),
    [
        ("until day", 15, [1, 10]),
        ("newest day", 15, [10]),
        ("newest day", 9, [1]),
        ("until day", 31, [1, 10]),
        ("newest day", 31, []),
    ],
)
def test_days_count_until_or_newest(said: str, day: int, found: list[int]) -> None:
    """On the 20th the account was shown without licence L, so nothing of L speaks after it."""
    tables = frames(L=[1, 10], M=[1, 20])
    hit = resting(tables.__getitem__, own(day), Rests("usage", ("license",), day=said))
    assert hit["snapshot_date"].dt.day().to_list() == found


def test_null_keys_meet() -> None:
    tables = frames(L=[1])
    rows = pl.DataFrame(
        {"smart_account": [None], "license": ["L"]}, schema_overrides={"smart_account": pl.String}
    )
    hit = resting(tables.__getitem__, rows, Rests("usage", ("smart_account", "license")))
    assert hit.height == 1


# Trace


def test_every_figure_of_a_pack_is_made_again_and_led_back(sample_batch: SimpleNamespace) -> None:
    for folder in sample_batch.out.glob("*/*/*"):
        digests = {one["source"]: one["digest"] for one in read_manifest(folder)["inputs"]}
        for fact in read_facts(folder):
            found = trace(folder, f"{fact['page']}/{fact['id']}")
            assert found.same, fact["id"]
            # what the user wrote into actions.csv rests on no export
            table = fact["how"]["table"]
            own = table == "actions" and found.rows["id"].str.starts_with("own/").all()
            if found.rows.height and table not in {ASKS, *TERMS} and not own:
                assert found.places.height, fact["id"]
            for place in found.places.to_dicts():
                assert place["digest"] == digests[place["source"]]


def test_a_gap_is_led_back_to_cells_that_a_reader_finds(alder: Path, sample_clients: Path) -> None:
    """By hand: the records that the trace names hold the licence of a short position."""
    found = trace(alder, "utilisation.short_positions")
    assert found.fact["value"] == 3
    usage = found.places.filter(pl.col("table") == "usage")
    assert usage.height == 3
    licenses = []
    for place in usage.to_dicts():
        document = json.loads((sample_clients / "alder" / place["source"]).read_text())
        number = int(re.fullmatch(r"/licenses/(\d+)", place["place"])[1])
        licenses.append(document["licenses"][number]["license"])
    assert sorted(licenses) == sorted(found.rows["license"])


def test_a_trace_reads_well(alder: Path) -> None:
    text = told(trace(alder, "short in accounts"), shown=3)
    for part in (
        "utilisation.short_units: Short in accounts, 125 units",
        "made as    sum of short_units in tables/pooled",
        "made again the same",
        "10 rows of tables/pooled fit",
        "cssm/2026-10-31/licenses.json (BLAKE2b ",
        "    usage /licenses/0",
        "… and",
    ):
        assert part in text


def test_a_figure_that_is_not_there_names_those_near_it(alder: Path) -> None:
    with pytest.raises(
        PageError, match="no figure 'utilisation.short_unit'; near it: .*short_units"
    ):
        trace(alder, "utilisation.short_unit")


def test_a_figure_shown_differently_asks_for_its_page() -> None:
    facts = [
        {"id": "a.b", "label": "Short", "page": page, "how": {"where": page}} for page in ("1", "2")
    ]
    with pytest.raises(PageError, match="say which: 1/a.b, 2/a.b"):
        find_fact(facts, "a.b")
    assert find_fact(facts, "2/A.B")["page"] == "2"


def test_a_folder_that_is_no_pack_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="facts.json is not there; give the folder of one pack"):
        trace(tmp_path, "x")
    with pytest.raises(InputError, match="manifest.json is not there"):
        verify(tmp_path)


def test_the_commands_print_and_end(
    cssm: Callable[..., Any], pack: Path, sample_clients: Path
) -> None:
    done = cssm("trace", pack, "utilisation.true_gap", "--json")
    body = json.loads(done.stdout)
    assert (done.returncode, body["same"], body["made_again"]) == (0, True, 28)
    assert {"table", "source", "place", "digest"} == set(body["sources"][0])
    done = cssm("verify", pack, "--client", sample_clients / "alder")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("nothing is altered: ")
    (pack / "facts.json").unlink()
    done = cssm("verify", pack)
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "file missing: facts.json")
    assert cssm("trace", pack, "x").returncode == 1


# Verify


def test_an_untouched_pack_differs_in_nothing(sample_batch: SimpleNamespace) -> None:
    for folder in sample_batch.out.glob("*/*/*"):
        assert verify(folder) == []


FILES = [
    *("01_utilisation.html", "01_utilisation.ipynb", "facts.json", "index.html", "pack.xlsx"),
    *("manifest.json", "tables/positions.csv", "tables/source/usage.parquet"),
]


@pytest.mark.parametrize("name", FILES)
def test_one_byte_altered_is_told(pack: Path, name: str) -> None:
    raw = bytearray((pack / name).read_bytes())
    place = raw.index(b"1") if name.endswith("json") else len(raw) // 2
    raw[place] = ord("7") if raw[place] != ord("7") else ord("8")
    (pack / name).write_bytes(raw)
    told_ = [str(one) for one in verify(pack)]
    assert f"file altered: {name}" in told_
    assert not [line for line in told_ if line.startswith("file") and name not in line]


def test_missing_and_added_files_are_told(pack: Path) -> None:
    (pack / "tables" / "pooled.csv").unlink()
    (pack / "tables" / "more.csv").write_text("a\n")
    assert [str(one) for one in verify(pack)] == [
        "file added: tables/more.csv",
        "file missing: tables/pooled.csv",
    ]


def test_a_figure_altered_with_its_digest_is_still_told(pack: Path) -> None:
    """Who also writes the new digest into the manifest is told by the seal and by the figure."""
    path = pack / "facts.json"
    path.write_text(path.read_text().replace('"value": 125', '"value": 12', 1))
    manifest = json.loads((pack / "manifest.json").read_text())
    from cssm_lib.pages.pack.seal import file_digest

    manifest["files"]["facts.json"] = file_digest(path)
    (pack / "manifest.json").write_text(json.dumps(manifest))
    assert [str(one) for one in verify(pack)] == [
        "file altered: manifest.json",
        "figure altered: 01_utilisation/utilisation.short_units (12 is said, 125 comes out)",
        "figure altered: 01_utilisation/utilisation.short_units (notebook and facts.json differ)",
    ]


def test_inputs_are_compared_by_name() -> None:
    said = {"a.csv": "1", "b.csv": "2", "unreadable": None}
    found = compared("input", said, {"a.csv": "1", "c.csv": "3", "unreadable": None})
    assert [str(one) for one in found] == ["input missing: b.csv", "input added: c.csv"]


def test_an_altered_input_is_told(
    cssm: Callable[..., Any], alder: Path, sample_clients: Path, tmp_path: Path
) -> None:
    client = Path(shutil.copytree(sample_clients / "alder", tmp_path / "alder"))
    for name in ("client.toml", "cssm/2026-10-31/licenses.json"):
        (client / name).write_text((client / name).read_text() + "\n")
    done = cssm("verify", alder, "--client", client)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [
        "input altered: client.toml",
        "input altered: cssm/2026-10-31/licenses.json",
    ]


def test_the_manifest_is_enough_to_repeat_the_run(
    cssm: Callable[..., Any],
    alder: Path,
    sample_clients: Path,
    tmp_path: Path,
    tree: Callable[[Path], dict[str, bytes]],
) -> None:
    """Its `repeat` entry, its inputs and this program give the same bytes again."""
    entry = read_manifest(alder)["repeat"]
    assert entry["client_dir"] == "alder"
    shutil.copytree(sample_clients / "alder", tmp_path / entry["client_dir"])
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in entry.items())
    (tmp_path / "renewals.toml").write_text(f"[[renewals]]\n{lines}\n")
    done = cssm("run", tmp_path / "renewals.toml", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert tree(next((tmp_path / "out").glob("*/*/*"))) == tree(alder)


# Alter one source cell: exactly its facts change


def facts_and_places(folder: Path) -> dict[str, tuple[Any, set[tuple[str, str]]]]:
    """Figure → its value and the (source, place) it rests on, of every page."""
    answers = open_client(folder)
    found = {}
    for name, figure in FIGURES.items():
        fact = sheet.Page(answers, name).fact(name)
        how = fact.record["how"]
        frame = answers[figure.table]
        rows = frame.filter(pl.sql_expr(how["where"])) if how["where"] else frame
        sources = source_rows(answers.__getitem__, figure.table, rows, columns_used(how))
        places = [
            part.select("source", "place") for part in sources.values() if "place" in part.columns
        ]
        whole = [part["source"] for part in sources.values() if "place" not in part.columns]
        keys = {row for part in places for row in part.iter_rows()}
        found[name] = (plain(fact.value), keys | {(name_, "") for part in whole for name_ in part})
    return found


def altered(client: Path, file: str, place: list[Any] | str, change: Callable[[Any], Any]) -> None:
    """One cell of a JSON export by its steps, of a CSV by the number of its line and its column.

    Of a text, whose bytes may be in any encoding, by what stands there.
    """
    path = client / file
    if isinstance(place, str):
        assert path.read_bytes().count(place.encode()) == 1
        path.write_bytes(path.read_bytes().replace(place.encode(), change(place).encode()))
        return
    if file.endswith(".csv"):
        lines = [line.split(",") for line in path.read_text("utf-8").splitlines()]
        number = lines[0].index(place[1])
        lines[place[0]][number] = str(change(lines[place[0]][number]))
        path.write_text("\n".join(map(",".join, lines)), "utf-8")
        return
    document = json.loads(path.read_text("utf-8"))
    record = document
    for step in place[:-1]:
        record = record[step]
    record[place[-1]] = change(record[place[-1]])
    path.write_text(json.dumps(document), "utf-8")


NEWEST, REPORT = "cssm/2026-10-31/licenses.json", "reports/true_forward_report_2026-04-02.csv"
DEVICES, COUNTS = "cssm/2026-10-31/devices_p1.json", "counts/user_counts.csv"
CAPTURE, CONFIGURATION = "captures/sw-c-0000.txt", "configs/2026-10-31/sw-s-0000.cfg"
QUOTE, RECORDS = "commerce/quote_ZZ-2026-1017.csv", "records/cmdb_ci_ip_switch_2026-10-31.csv"
CHANGES = ...  # it has to change; its value is not worked out by hand


def names(page: str, words: str, by: Any = CHANGES) -> dict[str, Any]:
    return {f"{page}.{word}": by for word in words.split()}


# a price in euro, what the opening quotes for it (7 % more) and the difference, for units or money
def renewed(units: int, money: int, opening: str) -> dict[str, Any]:
    asked = Decimal(opening)
    found = names("brief", "position clean renewal_money", money) | names(
        "brief", "ask opening dearer", asked
    )
    found |= names("brief", "ask_units opening_units dearer_units", units)
    found |= names("brief", "position_units clean_units recommended", units)
    found |= names("brief", "disputed", asked - money) | names("brief", "quote_above", -money)
    found |= names("forward", "growth growth_stays", units) | names("forward", "renewal_units")
    return found | names("brief", "signals_money signals_money_units")


# a record without any instance leads back to itself, for none of the instances is its own; so
# does the statement on it
BY_ABSENCE = {"shadow.ghosts", "papers.statements"}
# by hand: what another value in one cell adds to each figure of every page; no other may change
CELLS = [
    # 700 more of a short position: all of it is short, no other account has any to spare; renewed
    # they are 700 x 10.00 x 36 months; nothing explains them; to the end they are 3 x 10.00 each
    (
        (NEWEST, ["licenses", 0, "inUse"], 700),
        names("utilisation", "short_units true_gap true_gap_if_lent unexplained", 700)
        | names("utilisation", "below", -700)
        | renewed(700, 252_000, "269640.00")
        | names("brief", "causes signals")
        | names("drift", "short_units lapsing", 700)
        | names("drift", "short_money lapse_money", 700 * 30)
        | names("exposure", "unconfirmed use_at_most", 700),
    ),
    # 177 free before, 523 short after; 45 more can be moved from two accounts that have them; the
    # 307 devices of the account stand in a short pool now, where nothing had been decided
    (
        (NEWEST, ["licenses", 1, "inUse"], 700),
        names("utilisation", "over_units", -177)
        | names("utilisation", "short_units", 523)
        | names("utilisation", "below", -523)
        | names("utilisation", "short_positions", 1)
        | names("utilisation", "curable_units moved_units", 45)
        | names("utilisation", "true_gap true_gap_if_lent", 478)
        | names("utilisation", "moves", 2)
        | names("utilisation", "unexplained", 700)
        | names("drift", "no_evidence kept", -307)
        | names("drift", "short_units", 478)
        | names("drift", "cured_units", 45)
        | names("drift", "parted parted_licensed")
        | names("exposure", "unconfirmed use_at_most", 700)
        | names("papers", "actions open", 2)
        | names("papers", "statements"),
    ),
    # a lot that the exported quantity does not confirm entitles to nothing more, but it ends, and
    # the lots are asked for again
    (
        (NEWEST, ["licenses", 0, "licenseDetails", 0, "quantity"], 700),
        names("utilisation", "expiring_year expiring_short", 700)
        | names("received", "requests", 1),
    ),
    # the day that a milestone measures: 700 units x 10.00 a month x 12 months in every reading
    # that measures it, and 700 are owned from then on and opened with
    (
        ("cssm/2026-01-31/licenses.json", ["licenses", 0, "inUse"], 700),
        names("utilisation", "contract_net", 84_000)
        | names("forward", "contract_net highest opening past ours", 84_000)
        | names("forward", "over", 700)
        | names("forward", "difference explained", -84_000)
        | names("forward", "lowest setting_value setting_effect years_above crossings")
        | names("brief", "ask opening disputed", 700 * Decimal("10.70") * 36)
        | names("brief", "ask_units opening_units disputed_units today", 700),
    ),
    # 310 + 700 are 610 over 400: 610 x 4.00 x 24 months; the 90 that were unused no longer meet
    # 8,640 of another line, and a year later 700 unused ones meet 6,000: 58,560 + 8,640 - 6,000
    (
        ("cssm/2025-01-31/licenses.json", ["licenses", 2, "inUse"], 700),
        names("utilisation", "lines_over", 1)
        | names("utilisation", "contract_net", 61_200)
        | names("forward", "contract_net", 61_200)
        | names("forward", "over", 610)
        | names("forward", "ours", -6_000)
        | names("forward", "difference", 6_000)
        | names("forward", "differences", 1)
        | names("forward", "lowest highest opening opening_more setting_value setting_effect")
        | names("forward", "years_above explained unexplained could_cross")
        | names("drift", "parted parted_licensed")
        | names("brief", "ask opening disputed", 610 * Decimal("4.28") * 36)
        | names("brief", "ask_units opening_units disputed_units today", 610)
        | names("brief", "signals_money", 610 * 4 * 36)
        | names("brief", "signals_money_units", 610),
    ),
    # no milestone; of all readings only one looks at the highest day between them
    (
        ("cssm/2024-06-30/licenses.json", ["licenses", 0, "inUse"], 700),
        names("forward", "highest setting_value setting_effect"),
    ),
    # ten users more: 10 x 36.00 x 3 years
    (
        (COUNTS, [-1, "count"], 10),
        renewed(10, 1_080, "1155.60")
        | names("forward", "renewal_units", 10)
        | names("brief", "signals_money", 1_080)
        | names("brief", "signals_money_units", 10),
    ),
    # the vendor's own count without its charge: a difference that no cause explains
    (
        (REPORT, [1, "Consumed"], 10),
        names("forward", "explained unexplained") | names("forward", "differences", 1),
    ),
    # a device that keeps its name back
    (
        (DEVICES, ["devices", 0, "hostName"], None),
        names("exposure", "names_sent", -1) | names("exposure", "names_masked", 1),
    ),
    # another serial: the record of that device is without an instance, the instance, with its two
    # licences of which one is priced, without a record, and new
    (
        (DEVICES, ["devices", 0, "sudi", "udiSerialNumber"], "ZZA00000001"),
        names("shadow", "matched matched_units", -1)
        | names("shadow", "shadows shadows_units ghosts never young", 1)
        | names("brief", "signals signals_money_units", 1)
        | names("brief", "signals_money", 10 * 36)
        | names("papers", "statements", 1),
    ),
    # a device that says itself that it sends its name
    (
        (CAPTURE, "Sending Hostname: no", "Sending Hostname: yes"),
        names("exposure", "names_sent", 1) | names("exposure", "names_masked", -1),
    ),
    # levels to boot other than the advantage that CSSM counts: what runs is undecided where BGP
    # asks for it and it fitted, and its two licences are kept no more without a question
    (
        (
            CONFIGURATION,
            "license boot level network-advantage addon dna-advantage",
            "license boot level network-essentials addon dna-essentials",
        ),
        names("drift", "undecided disagreeing parted_configured", 1)
        | names("drift", "fits", -1)
        | names("drift", "kept", -2),
    ),
    # 8,000 x 0.375 x 36 is 108,000: what is asked beyond it nobody explains, and it is disputed
    (
        (QUOTE, [5, "Extended Net Price"], "108100.00"),
        names("brief", "quoted quote_above", 100)
        | names("brief", "causes", 1)
        | names("papers", "statements", 1),
    ),
    # a stack of two that the own records have written off and that reports on: two add-ons are
    # 3 x 10.00 each to the end and 36 x 10.00 each renewed
    (
        (
            RECORDS,
            '"ZZA2101H007","C9300-48P","Installed"',
            '"ZZA2101H007","C9300-48P","Retired"',
        ),
        names("shadow", "never retired", 1)
        | names("shadow", "matched", -1)
        | names("shadow", "matched_units", -2)
        | names("shadow", "retired_units", 2)
        | names("shadow", "retired_money", 60)
        | names("brief", "signals_money", 720)
        | names("brief", "signals_money_units", 2),
    ),
]


@pytest.fixture(scope="module")
def untouched(sample_clients: Path) -> dict[str, tuple[Any, set[tuple[str, str]]]]:
    return facts_and_places(sample_clients / "alder")


@pytest.mark.parametrize(("cell", "adds"), CELLS, ids=range(len(CELLS)))
def test_exactly_the_figures_of_an_altered_cell_change(
    sample_clients: Path,
    tmp_path: Path,
    untouched: dict[str, Any],
    cell: tuple[str, list[Any], Any],
    adds: dict[str, Any],
) -> None:
    """And each of them is led back to that very row, before the change or after it."""
    file, place, by = cell
    client = Path(shutil.copytree(sample_clients / "alder", tmp_path / "alder"))
    altered(client, file, place, lambda old: int(old) + by if isinstance(by, int) else by or "")
    before, after = untouched, facts_and_places(client)
    changed = {name for name in before if before[name][0] != after[name][0]}
    assert changed == adds.keys()
    worked_out = [name for name in changed if adds[name] is not CHANGES]
    added = {name: Decimal(after[name][0]) - Decimal(before[name][0]) for name in worked_out}
    assert added == {name: adds[name] for name in worked_out}
    pointer = f"/{place[0]}/{place[1]}" if file.endswith("json") else ""
    led_back = changed - BY_ABSENCE
    for name in [name for name in led_back if FIGURES[name].table not in {ASKS, *TERMS}]:
        behind = before[name][1] | after[name][1]
        assert [at for source, at in behind if source == file and at.startswith(pointer)], name
