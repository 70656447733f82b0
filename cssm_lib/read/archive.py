"""Archives in a client folder: a `.zip`, `.tar.gz` or `.tgz` is opened in place, one level deep.

What could harm is refused whole: a path that climbs out, a password, sizes, ratios and counts of a
bomb. Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cssm_lib.read.source import message
from cssm_lib.schema.words import counted

MOST_FILES = 10_000
MOST_BYTES = 1 << 30  # of all members together, unpacked
RATIO, RATIO_FROM = 250, 16 << 20  # unpacked to packed, judged above so many bytes
ZIP, GZIP = b"PK", b"\x1f\x8b"
INSIDE = "!/"
DO = "Unpack it and put the exports themselves into the folder."
LEFT_OUT = ("client.toml", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Member:
    """A file of an archive: its path inside and its bytes; a file that is no archive has neither.

    `data` is null where the file is to be read by its path.
    """

    name: str = ""
    data: bytes | None = None

    def within(self, archive: str) -> str:
        """The name under which the member stands in `source` and in messages.

        >>> Member("cssm/a.csv", b"").within("exports.zip"), Member().within("a.csv")
        ('exports.zip!/cssm/a.csv', 'a.csv')
        """
        return f"{archive}{INSIDE}{self.name}" if self.name else archive


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as an archive does and can be opened as one.

    >>> is_archive(b"License,In Use")
    False
    """
    if data.startswith(GZIP):
        return True
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) and _zip(data) is not None


def members(path: str | Path) -> list[Member]:
    """The files inside an archive, or one member that stands for the file itself.

    An archive that is refused stands for itself as well: `read_file` then says why. Folders, links
    and hidden files are left out, as in a client folder.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            begins = file.read(4)
        if not begins.startswith((ZIP, GZIP)):
            return [Member()]
        data = path.read_bytes()
    except OSError:
        return [Member()]
    if not is_archive(data) or _office(data) or _why_not(data):
        return [Member()]
    try:
        return _unique(list(_opened(data))) or [Member()]
    except _FAULTS:
        return [Member()]


_FAULTS = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError),
)


def refusal(data: bytes, name: str) -> str:
    """Why an archive is not read where it stands.

    >>> refusal(b"PK", "exports.zip!/more.zip").partition("; ")[0]
    'exports.zip!/more.zip: an archive inside an archive is not opened'
    """
    is_a = "a ZIP archive" if data.startswith(ZIP) else "a gzip archive"
    if INSIDE in name:
        return message(name, "an archive inside an archive is not opened", is_a, DO)
    why = _why_not(data)
    try:
        count = 0 if why else sum(1 for _ in _opened(data))
    except _FAULTS as error:
        why = f"{is_a} that is damaged ({error})" if str(error) else f"{is_a} that is damaged"
        count = 0
    if why:
        return message(name, "the archive is not opened", why, DO)
    if not count:
        return message(name, "the archive is empty", "no file in it", "Export it again.")
    return message(name, "an archive is read file by file", f"{counted(count, 'files')} in it", DO)


def too_much(data: bytes) -> str | None:
    """What is too much about a ZIP file's directory, or null: files, bytes, or their ratio."""
    archive = _zip(data)
    if archive is None:
        return "a ZIP file that is damaged"
    infos = archive.infolist()
    size = sum(info.file_size for info in infos)
    return _excess(len(infos), size, len(data))


def _excess(count: int, size: int, packed: int) -> str | None:
    if count > MOST_FILES:
        return f"{count:,} files in it; at most {MOST_FILES:,} are read"
    if size > MOST_BYTES:
        return f"more than {MOST_BYTES >> 20:,} MB when unpacked"
    if size > RATIO_FROM and size > RATIO * packed:
        return f"a file that unpacks to more than {RATIO} times its size"
    return None


def _zip(data: bytes) -> zipfile.ZipFile | None:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (*_FAULTS, UnicodeDecodeError):
        return None


def _office(data: bytes) -> bool:
    """A spreadsheet or document, which is a ZIP file as well."""
    archive = _zip(data) if data.startswith(ZIP) else None
    return archive is not None and "[Content_Types].xml" in archive.namelist()


def _why_not(data: bytes) -> str | None:
    """What forbids to open the archive, or null."""
    return _zip_why_not(data) if data.startswith(ZIP) else _tar_why_not(data)


def _zip_why_not(data: bytes) -> str | None:
    archive = _zip(data)
    if archive is None:
        return "a ZIP archive that is damaged"
    infos = archive.infolist()
    if any(info.flag_bits & 1 for info in infos):
        return "a ZIP archive with a password"
    return _climbing(info.filename for info in infos) or too_much(data)


def _tar_why_not(data: bytes) -> str | None:
    try:
        text = _inflated(data)
        if text is None:
            return _excess(0, MOST_BYTES + 1, len(data))
        if why := _excess(0, len(text), len(data)):
            return why
        with tarfile.open(fileobj=io.BytesIO(text), mode="r:") as archive:
            infos = archive.getmembers()
    except _FAULTS:
        return "a gzip file that holds no whole tar archive"
    if any(info.issparse() for info in infos):
        return "a tar archive with sparse files"
    size = sum(info.size for info in infos)
    return _climbing(info.name for info in infos) or _excess(len(infos), size, len(data))


def _inflated(data: bytes) -> bytes | None:
    """The gzip streams' text, null once it passes the limit; never more is unpacked."""
    parts, left, size = [], data, 0
    while left.startswith(GZIP):
        stream = zlib.decompressobj(31)
        parts.append(stream.decompress(left, MOST_BYTES - size + 1))
        size += len(parts[-1])
        if size > MOST_BYTES:
            return None
        if not stream.eof:
            raise EOFError("the end of the file is missing")
        left = stream.unused_data
    return b"".join(parts)


def _climbing(names: Iterator[str]) -> str | None:
    for name in names:
        parts = re.split(r"[/\\]", name)
        if ".." in parts or not parts[0] or re.match(r"[A-Za-z]:", name) or "\0" in name:
            return f"the path {name!r}, which leads out of the archive"
    return None


def _opened(data: bytes) -> Iterator[Member]:
    yield from (_zip_members(data) if data.startswith(ZIP) else _tar_members(data))


def _zip_members(data: bytes) -> Iterator[Member]:
    archive = _zip(data)
    for info in archive.infolist() if archive else ():
        link = stat.S_ISLNK(info.external_attr >> 16)
        if not info.is_dir() and not link and _wanted(info.filename):
            yield Member(_path(info.filename), archive.read(info))


def _tar_members(data: bytes) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BytesIO(_inflated(data) or b""), mode="r:") as archive:
        for info in archive:
            if info.isreg() and _wanted(info.name):
                yield Member(_path(info.name), archive.extractfile(info).read())


def _path(name: str) -> str:
    return str(PurePosixPath(name.replace("\\", "/")))


def _wanted(name: str) -> bool:
    parts = PurePosixPath(_path(name)).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return bool(parts) and not hidden and parts[-1] not in LEFT_OUT


def _unique(found: list[Member]) -> list[Member]:
    """Two members of one name are told apart by a number."""
    seen: dict[str, int] = {}
    told = []
    for member in sorted(found, key=lambda member: member.name):
        nth = seen[member.name] = seen.get(member.name, 0) + 1
        told.append(Member(f"{member.name} ({nth})", member.data) if nth > 1 else member)
    return told
