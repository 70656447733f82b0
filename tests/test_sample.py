"""The invented clients: the same bytes each time, real shapes, a card that can be read."""

import csv
import io
import json
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from cssm_lib.sample import write_estates, write_samples
from cssm_lib.schema import ANSWERS

pytestmark = pytest.mark.filterwarnings("error")
COMMITTED = Path(__file__).parents[1] / "data" / "sample"
ADVANTAGE = ("C9300 48P DNA Advantage", "C9300 24P DNA Advantage")
# what has no pages: other products' exports
APART = ("catalyst_center", "meraki", "support")
MISSING = "birch/cssm/2026-03-31"


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sample")
    paths = write_samples(folder)
    assert paths == sorted(paths)
    assert {path.relative_to(folder).as_posix() for path in paths} == set(contents(folder))
    return contents(folder)


@pytest.fixture(scope="module")
def pages(written) -> dict[tuple[str, str], list[dict]]:
    """The response documents of each folder and kind; an identical page once."""
    found = defaultdict(dict)
    for path, content in written.items():
        if path.endswith(".json") and path.split("/")[1] not in APART:
            document = json.loads(content)
            for page in document if isinstance(document, list) else [document]:
                (kind,) = (key for key, value in page.items() if isinstance(value, list))
                found[path.rpartition("/")[0], kind][json.dumps(page)] = page
    return {key: list(value.values()) for key, value in found.items()}


def rows(pages: dict, folder: str, kind: str) -> list[dict]:
    return [row for page in pages[folder, kind] for row in page[kind]]


def card(written: dict[str, bytes]) -> list[dict[str, str]]:
    lines = [line for line in written["README.md"].decode().splitlines() if line[:2] == "| "]
    cells = [[part.strip() for part in line.strip("|").split("|")] for line in lines]
    header = ["client", "table", "row", "column", "value", "why"]
    assert header in cells
    known = (line for line in cells if line[0] in ("alder", "birch", "cedar"))
    return [dict(zip(header, line, strict=True)) for line in known]


def test_writing_twice_gives_the_same_bytes(written, tmp_path):
    write_samples(tmp_path)
    assert contents(tmp_path) == written


def test_the_committed_folder_is_a_fresh_writing(written):
    assert contents(COMMITTED) == written


def test_another_seed_moves_times_only(written, tmp_path):
    write_samples(tmp_path, seed=8)
    moved = {path for path, content in contents(tmp_path).items() if content != written[path]}
    assert moved
    assert all("/devices_" in path or "/records/" in path for path in moved)


def test_the_clients_are_small(written):
    assert sum(map(len, written.values())) < 8_000_000
    beside = {"README.md", "alder_after_clean_up.toml"}
    assert {path.split("/")[0] for path in written} == {"alder", "birch", "cedar"} | beside


def test_every_row_is_there_but_for_one_page(pages):
    incomplete = {
        folder
        for (folder, kind), documents in pages.items()
        if {page["totalRecords"] for page in documents} != {len(rows(pages, folder, kind))}
    }
    assert incomplete == {MISSING}
    (documents,) = (found for key, found in pages.items() if key[0] == MISSING)
    assert {page["totalRecords"] for page in documents} == {44}


def test_responses_have_the_real_fields(pages):
    real = "license virtualAccount quantity inUse available reserved pendingQuantity billingType"
    real += " isPortable ahaApps status licenseSubstitutions licenseDetails"
    device = "licenseUsage hostName displayName sudi registrationDate lastContactDate"
    device += " productTagName productName productDescription productType virtualAccount status"
    fields = {kind: set() for _, kind in pages}
    for folder, kind in pages:
        fields[kind] |= {tuple(row) for row in rows(pages, folder, kind)}
    assert fields["licenses"] == {tuple(real.split())}
    assert fields["devices"] == {tuple(device.split())}


def test_lots_sum_to_the_quantity_but_for_the_named_faults(pages):
    odd = set()
    for folder, kind in pages:
        for row in rows(pages, folder, kind) if kind == "licenses" else ():
            lots = row["licenseDetails"]
            active = sum(lot["quantity"] for lot in lots if lot["status"] == "ACTIVE")
            if row["quantity"] not in (active, sum(lot["quantity"] for lot in lots)):
                odd.add((folder.split("/")[0], row["license"]))
    assert odd == {("birch", "Firepower Threat Defense Threat Protection")}


def test_available_follows_one_identity_a_file(pages):
    identity = defaultdict(set)
    for folder, kind in pages:
        for row in rows(pages, folder, kind) if kind == "licenses" else ():
            if row["reserved"]:
                left = row["quantity"] - row["inUse"] - row["available"]
                identity[folder].add({0: "in_use", row["reserved"]: "in_use + reserved"}[left])
    use_only = {folder for folder, found in identity.items() if found == {"in_use"}}
    assert all(len(found) == 1 for found in identity.values())
    assert {folder for folder in use_only if "reseller" not in folder} == {"birch/cssm/2026-02-28"}


def test_every_status_and_kind_of_lot_occurs(pages):
    found = Counter()
    for folder, kind in pages:
        for row in rows(pages, folder, kind) if kind == "licenses" else ():
            found.update((lot["licenseType"], lot["status"]) for lot in row["licenseDetails"])
    kinds = {"TERM ACTIVE", "TERM EXPIRED", "TERM FUTURE", "TERM CANCELLED", "DEMO ACTIVE"}
    assert {" ".join(key) for key in found} == kinds | {"PERPETUAL ACTIVE", "STANDARD ACTIVE"}


def test_sixty_instances_that_consume_advantage_are_retired(pages, written):
    """Worked example D″: 1,180 less 60."""
    text = written["alder/records/cmdb_ci_ip_switch_2026-10-31.csv"].decode("cp1252")
    records = list(csv.DictReader(io.StringIO(text)))
    retired = {row["serial_number"] for row in records if row["install_status"] == "Retired"}
    used = {
        row["sudi"]["udiSerialNumber"]: sum(
            part["quantity"] for part in row["licenseUsage"] if part["license"] in ADVANTAGE
        )
        for row in rows(pages, "alder/cssm/2025-01-31", "devices")
    }
    assert len(retired) == 60
    assert sum(used.values()) == 1180
    assert sum(units for serial, units in used.items() if serial in retired) == 60
    assert sum(bool(units) for serial, units in used.items() if serial in retired) == 60


@pytest.mark.parametrize(
    ("day", "used"),
    [("2024-08-31", 1240), ("2025-01-31", 1180), ("2026-01-31", 1230), ("2026-10-31", 1205)],
)
def test_advantage_of_alder(pages, day, used):
    held = rows(pages, f"alder/cssm/{day}", "licenses")
    assert sum(row["inUse"] for row in held if row["license"] in ADVANTAGE) == used
    assert sum(row["inUse"] for row in held if row["license"] == "C9300 DNA Essentials") == 310


def test_counts_at_the_milestones(written):
    text = written["alder/counts/user_counts.csv"].decode()
    counts = {(r["as_at"], r["metric"]): r["count"] for r in csv.DictReader(io.StringIO(text))}
    metrics = ("user", "endpoint", "remote user")
    assert [counts["2025-01-31", metric] for metric in metrics] == ["2560", "7400", "430"]
    assert [counts["2026-01-31", metric] for metric in metrics] == ["2590", "7000", "430"]


def test_no_instance_is_real_and_none_is_heard_of_too_late(pages):
    for folder, kind in pages:
        for row in rows(pages, folder, kind) if kind == "devices" else ():
            serial, day = row["sudi"]["udiSerialNumber"], folder.rpartition("/")[2]
            assert row["sudi"]["uuid"] if not serial else serial.startswith(("ZZ", "9ZZ"))
            assert len(serial) in (0, 11)
            assert row["registrationDate"] < row["lastContactDate"] < f"{day}T24"


def test_the_screen_of_birch(written):
    text = written["birch/cssm/2025-03-31/licenses.csv"]
    assert text.startswith(b"\xef\xbb\xbf")
    lines = text.decode("utf-8-sig").split("\r\n")
    assert lines[3].startswith("License;Virtual Account;Billing;Available to Use;")
    assert any(";1,000;470;0;530;" in line for line in lines)
    assert any(line.endswith(";0;7;0;(7);Insufficient Licenses") for line in lines)


def test_client_files_are_toml(written):
    names = {
        path: tomllib.loads(content.decode())["client"]
        for path, content in written.items()
        if path.endswith("client.toml")
    }
    assert len(names) == 3
    assert tomllib.loads(written["cedar/client.toml"].decode()) == {"client": "Cedar Print Works"}


def test_the_card_can_be_read(written):
    cells = card(written)
    assert len(cells) >= 60
    assert {cell["client"] for cell in cells} == {"alder", "birch", "cedar"}
    for cell in cells:
        conditions = dict(part.split("=", 1) for part in cell["row"].split("; "))
        names = set(ANSWERS[cell["table"]].names)
        assert {*conditions, cell["column"]} <= names
        assert cell["why"]
    keys = [(cell["client"], cell["table"], cell["row"], cell["column"]) for cell in cells]
    assert len(set(keys)) == len(keys)


def test_estates_are_deterministic_and_have_what_was_asked(tmp_path):
    for name in ("one", "two"):
        write_estates(tmp_path / name, clients=2, instances=200, months=3)
    first = contents(tmp_path / "one")
    assert first == contents(tmp_path / "two")
    assert {path.split("/")[0] for path in first} == {"client-001", "client-002"}
    for client in ("client-001", "client-002"):
        days = sorted({path.split("/")[2] for path in first if path.startswith(f"{client}/cssm")})
        assert days == ["2026-08-31", "2026-09-30", "2026-10-31"]
        page = json.loads(first[f"{client}/cssm/2026-10-31/devices_p1.json"])
        assert page["totalRecords"] == len(page["devices"]) == 200
        licences = json.loads(first[f"{client}/cssm/2026-10-31/licenses_p1.json"])
        # Each instance is a network and an add-on licence.
        assert sum(row["inUse"] for row in licences["licenses"]) == 400


def test_estates_write_pages_and_only_the_device_months_asked_for(tmp_path):
    files = write_estates(tmp_path, clients=1, instances=2100, months=4, device_months=1)
    devices = [path.parent.name + "/" + path.name for path in files if "devices" in path.name]
    assert devices == [f"2026-10-31/devices_p{number}.json" for number in (1, 2, 3)]
    sizes = [
        len(json.loads(path.read_text("utf-8"))["devices"])
        for path in files
        if "devices" in path.name
    ]
    assert sizes == [1000, 1000, 100]
    pages = [json.loads(path.read_text("utf-8")) for path in files if "licenses" in path.name]
    accounts = {row["virtualAccount"] for page in pages for row in page["licenses"]}
    assert len(accounts) == 25
    assert len({row["license"] for page in pages for row in page["licenses"]}) == 40
    for page in pages:
        for row in page["licenses"]:
            active = (lot for lot in row["licenseDetails"] if lot["status"] == "ACTIVE")
            assert row["quantity"] == sum(lot["quantity"] for lot in active)
            assert row["available"] == row["quantity"] - row["inUse"] - row["reserved"]
