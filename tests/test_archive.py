"""Archives opened in place: their files as sources of their own, and what is refused."""

import gzip
import io
import tarfile
import zipfile

import pytest

from cssm_lib.read import archive, read_file
from cssm_lib.rules import load_rules

RULES = load_rules()
CSV = b"License,Virtual Account,Purchased,In Use\nA,HQ,5,3\n"
DO = "Unpack it and put the exports themselves into the folder."


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as book:
        for name, data in files:
            book.writestr(name, data)
    return buffer.getvalue()


def tarred(files, mode="w:gz", kind=tarfile.REGTYPE):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as book:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.type = len(data), kind
            info.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            book.addfile(info, io.BytesIO(data) if kind == tarfile.REGTYPE else None)
    return buffer.getvalue()


def found(folder, data, name="exports.zip"):
    """The readings of a file as a client folder takes it, by their names."""
    path = folder / name
    path.write_bytes(data)
    readings = {}
    for member in archive.members(path):
        inside = member.within(name)
        reading = read_file(path, name=inside, rules=RULES, data=member.data)
        readings[inside] = reading
    return readings


def refused(folder, data, name="exports.zip"):
    [(said, reading)] = found(folder, data, name).items()
    assert said == name
    assert reading.tables == {}
    return reading.source.problem.removeprefix(f"{name}: ")


FILES = [("2026-10-31/b.csv", CSV), ("2026-09-30/a.csv", CSV), (".hidden/x.csv", CSV)]
FILES += [("__MACOSX/._b.csv", b"x"), ("client.toml", b""), ("more/.DS_Store", b"x")]


@pytest.mark.parametrize(
    ("data", "name"),
    [(zipped(FILES), "e.zip"), (tarred(FILES), "e.tar.gz"), (tarred(FILES), "e.tgz")],
    ids=["zip", "tar.gz", "tgz"],
)
def test_the_files_of_an_archive_are_sources_of_their_own(tmp_path, data, name):
    readings = found(tmp_path, data, name)
    assert list(readings) == [f"{name}!/2026-09-30/a.csv", f"{name}!/2026-10-31/b.csv"]
    for inside, reading in readings.items():
        assert reading.source.source == inside
        assert reading.source.snapshot_date.isoformat() in inside
        assert reading.source.bytes == len(CSV)
        assert reading.tables["usage"]["quantity"].to_list() == ["5"]


def test_two_members_of_one_name_are_told_apart(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("a.csv", CSV), ("a.csv", CSV)])
    assert list(found(tmp_path, data)) == ["exports.zip!/a.csv", "exports.zip!/a.csv (2)"]


def test_an_archive_inside_an_archive_is_refused_alone(tmp_path):
    data = zipped([("a.csv", CSV), ("in.zip", zipped(FILES)), ("in.tgz", tarred(FILES))])
    readings = found(tmp_path, data)
    assert readings["exports.zip!/a.csv"].source.kind == "licenses"
    wrong = "an archive inside an archive is not opened; found"
    for inside, is_a in {"in.zip": "a ZIP archive", "in.tgz": "a gzip archive"}.items():
        problem = readings[f"exports.zip!/{inside}"].source.problem
        assert problem == f"exports.zip!/{inside}: {wrong} {is_a}. {DO}"


def test_a_file_that_is_no_archive_stands_for_itself(tmp_path):
    assert list(found(tmp_path, CSV, "a.csv")) == ["a.csv"]
    assert archive.members(tmp_path / "gone.zip") == [archive.Member()]
    document = zipped([("[Content_Types].xml", b"<a/>"), ("word/document.xml", b"<a/>")])
    assert list(found(tmp_path, document, "a.docx")) == ["a.docx"]


CLIMBS = ["../a.csv", "/etc/a.csv", "x/../../a.csv", "C:\\a.csv", "..\\a.csv"]


@pytest.mark.parametrize("name", CLIMBS)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_path_that_climbs_out_is_refused(tmp_path, pack, name):
    problem = refused(tmp_path, pack([("b.csv", CSV), (name, CSV)]))
    assert problem.startswith("the archive is not opened; found the path ")
    assert problem.endswith(f", which leads out of the archive. {DO}")


def test_links_are_left_out(tmp_path):
    data = tarred([("a.csv", b"")], kind=tarfile.SYMTYPE)
    assert refused(tmp_path, data) == "the archive is empty; found no file in it. Export it again."


def test_bombs_are_refused(tmp_path, monkeypatch):
    zeros = bytes(20 << 20)
    wrong = "the archive is not opened; found"
    ratio = f"{wrong} a file that unpacks to more than 250 times its size. {DO}"
    assert refused(tmp_path, zipped([("a.csv", zeros)])) == ratio
    assert refused(tmp_path, tarred([("a.csv", zeros)])) == ratio
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 20)
    size = f"the archive is not opened; found more than 1 MB when unpacked. {DO}"
    assert refused(tmp_path, zipped([("a.csv", zeros)])) == size
    assert refused(tmp_path, tarred([("a.csv", zeros)])) == size
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    count = f"the archive is not opened; found 4 files in it; at most 3 are read. {DO}"
    many = [(f"{n}.csv", CSV) for n in range(4)]
    assert refused(tmp_path, zipped(many)) == count
    assert refused(tmp_path, tarred(many)) == count


def test_a_directory_that_understates_its_sizes_is_no_way_in(tmp_path):
    data = bytearray(zipped([("a.csv", bytes(1 << 20))]))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    problem = refused(tmp_path, bytes(data))
    assert problem.startswith("the archive is not opened; found a ZIP archive that is damaged")


def test_a_locked_archive_is_refused(tmp_path):
    data = bytearray(zipped([("a.csv", CSV)]))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    problem = f"the archive is not opened; found a ZIP archive with a password. {DO}"
    assert refused(tmp_path, bytes(data)) == problem


@pytest.mark.parametrize(
    "data",
    [gzip.compress(CSV), gzip.compress(b""), tarred(FILES)[:-20], b"\x1f\x8b", b"\x1f\x8b\x08junk"],
    ids=["one file", "nothing", "cut", "begun", "junk"],
)
def test_a_gzip_file_without_a_whole_tar_is_refused(tmp_path, data):
    problem = refused(tmp_path, data, "a.gz")
    wrong = "the archive is not opened; found a gzip file that holds no whole tar archive."
    assert problem == f"{wrong} {DO}" or problem.startswith("the archive is empty")


def test_a_cut_archive_never_fails(tmp_path):
    for data in (zipped(FILES), tarred(FILES)):
        for end in range(0, len(data), 41):
            for reading in found(tmp_path, data[:end]).values():
                assert reading.source.problem
