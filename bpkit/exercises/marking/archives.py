"""Reads zips and tars as folders are read: nothing is unpacked, no member leaves its archive, and sizes are bounded."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from bpkit.core.errors import BpkitError

MOST_MEMBERS = 20_000  # in an archive and the archives in it
MOST_BYTES = 4_000_000_000  # that all of them unpack to; a class of 1,000 has 30 MB, with many pictures 2 GB
LARGEST_INNER = 100_000_000  # bytes of an archive that is held in memory: one inside another, or a tar
LARGEST_DIRECTORY = 10_000_000  # bytes of a zip's table of contents
DEEPEST = 4  # archives in archives
PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what can be unpacked a bounded piece at a time

JUNK = frozenset({"__macosx", "__pycache__", "thumbs.db", "desktop.ini"})  # what systems put beside the files
UNPACK = "unpack it in this folder, then mark again"
ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
# Word documents and many others are zips too.
_ZIPPED = frozenset({".zip", ".ipynb", ".json", ".txt", ""})
_OTHERS = {b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"Rar!\x1a\x07": "a RAR archive"}
_PACKED: Mapping[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, ValueError, NotImplementedError, RuntimeError, IndexError),
)
# Letters of European languages in the code page of DOS; other letters there are hardly ever in a name.
_DOS = frozenset(bytes([*range(0x80, 0xA6), 0xE1]))


class Unreadable(BpkitError):
    """A file that no answers can be read from, and why."""


@dataclass(frozen=True)
class Entry:
    """A file that was handed in: on the disk, or in an archive there, ``way`` being its places from outside to inside.

    ``name`` is the path that reports give, ``dated`` says what the ``date`` is known from, ``problem`` why there is
    nothing to read.
    """

    path: Path
    name: str
    way: tuple[int, ...] = ()
    date: float = 0.0
    dated: str = "by the date of the file"
    problem: str = ""

    def content(self, most: int) -> bytes:
        """What a member of an archive holds, up to one byte more than ``most``."""
        archive = _opened(self.path, _stamp(self.path), self.way[:-1])
        return archive.read(self.way[-1], most + 1)


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    date: float = 0.0
    problem: str = ""


class _Archive(Protocol):
    def members(self) -> Iterator[tuple[int, _Member]]:
        """Its files, each with its place."""

    def read(self, place: int, most: int) -> bytes:
        """So much of a file, at most; raises ``Unreadable``."""


def kind_of(start: bytes, name: str) -> str:
    """What a file is by its first bytes: ``zip``, ``tar``, another archive in words, or nothing of that kind.

    >>> kind_of(b"BZh9", "all.tar.bz2"), kind_of(b"learner,points", "marks.csv")
    ('tar', '')
    """
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip" if PurePosixPath(name).suffix.lower() in _ZIPPED else ""
    if start[257:262] == b"ustar" or (start.startswith(tuple(_PACKED)) and name.lower().endswith(ENDINGS)):
        return "tar"
    return next((words for sign, words in _OTHERS.items() if start.startswith(sign)), "")


def without_ending(name: str) -> str:
    """An archive's name without what says that it is one.

    >>> without_ending("Ada Ash.tar.gz"), without_ending("Ada Ash")
    ('Ada Ash', 'Ada Ash')
    """
    ending = max((one for one in ENDINGS if name.lower().endswith(one)), key=len, default="")
    return name[: len(name) - len(ending)] or name


def entries_of(path: Path, name: str, prefix: str) -> Iterator[Entry]:
    """The files in an archive on the disk, as entries; its own problems as one entry that is called ``name``.

    ``prefix`` is what comes before the paths inside of it.
    """
    date = path.stat().st_mtime
    yield from _Reader(path, date).entries(Entry(path, name, date=date), prefix, ())


class _Reader:
    """Goes through an archive and those in it, as far as the bounds allow."""

    def __init__(self, path: Path, date: float) -> None:
        self.path, self.date, self.stamp = path, date, _stamp(path)
        self.members, self.bytes = 0, 0
        self.names: dict[str, int] = {}

    def entries(self, own: Entry, prefix: str, way: tuple[int, ...]) -> Iterator[Entry]:
        try:
            found = list(_opened(self.path, self.stamp, way).members())
            if not found:
                raise Unreadable("there is no file in it")
            self.members += len(found)
            self.bytes += sum(member.size for _, member in found)
            if self.members > MOST_MEMBERS:
                raise Unreadable(f"more than {MOST_MEMBERS} files in it; {UNPACK}")
            if self.bytes > MOST_BYTES:
                raise Unreadable(f"it unpacks to more than {MOST_BYTES / 1e9:.0f} GB; nothing in it was read")
        except Unreadable as error:
            yield replace(own, problem=str(error))
            return
        for place, member in sorted(found, key=lambda one: one[1].name):
            yield from self.one(member, prefix, (*way, place))

    def one(self, member: _Member, prefix: str, way: tuple[int, ...]) -> Iterator[Entry]:
        """What a member is: a file, or an archive with more of them."""
        name = self.unique(prefix + member.name)
        dated = "by its date in the zip" if member.date else "by the date of the zip"
        entry = Entry(self.path, name, way, member.date or self.date, dated, member.problem)
        kind = "" if member.problem else self.kind(entry)
        if kind not in ("", "zip", "tar"):
            yield replace(entry, problem=f"{kind}; ask for the notebook itself")
        elif kind and len(way) >= DEEPEST:
            yield replace(entry, problem=f"more than {DEEPEST} archives in each other; {UNPACK}")
        elif kind:
            yield from self.entries(entry, f"{name}/", way)
        else:
            yield entry

    def kind(self, entry: Entry) -> str:
        if not entry.name.lower().endswith((*ENDINGS, ".ipynb", ".7z", ".rar")):
            return ""  # not worth unpacking to see
        try:
            return kind_of(entry.content(511), entry.name)
        except Unreadable:
            return ""  # which reading it will say

    def unique(self, name: str) -> str:
        """A name that no other member has."""
        number = self.names[name] = self.names.get(name, 0) + 1
        path = PurePosixPath(name)
        return name if number == 1 else str(path.with_name(f"{path.stem} [{number}]{path.suffix}"))


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=2)
def _opened(path: Path, stamp: int, way: tuple[int, ...]) -> _Archive:
    """An archive, opened once in each process; ``stamp`` is new when the file is."""
    try:
        if way:
            content = _opened(path, stamp, way[:-1]).read(way[-1], LARGEST_INNER + 1)
            if len(content) > LARGEST_INNER:
                raise Unreadable(f"an archive of more than {LARGEST_INNER / 1e6:.0f} MB in an archive; {UNPACK}")
            file: BinaryIO = io.BytesIO(content)
        else:
            file = path.open("rb")
        with ExitStack() as closing:
            closing.callback(file.close)
            start = file.read(512)
            file.seek(0)
            if not start.startswith(b"PK"):
                return _Tar(file, start)
            found = _Zip(file)
            closing.pop_all()  # a zip is read from as long as it is used
            return found
    except Unreadable:
        raise
    except _BROKEN as error:
        raise Unreadable(f"a damaged archive ({str(error)[:80]}); download it again") from None


class _Zip:
    def __init__(self, file: BinaryIO) -> None:
        if _directory(file) > LARGEST_DIRECTORY:
            raise Unreadable(f"more than {MOST_MEMBERS} files in it; {UNPACK}")
        self._zip = zipfile.ZipFile(file)

    def members(self) -> Iterator[tuple[int, _Member]]:
        for place, info in enumerate(self._zip.infolist()):
            if not info.is_dir() and (name := _inside(_name_in(info))):
                yield place, _Member(name, info.file_size, _date_in(info), _problem_of(info))

    def read(self, place: int, most: int) -> bytes:
        try:
            with self._zip.open(self._zip.infolist()[place]) as member:
                return member.read(most)
        except _BROKEN as error:
            why = str(error)[:80]
        raise Unreadable(f"damaged in its zip ({why}); download it again")


def _directory(file: BinaryIO) -> int:
    """How large a zip's table of contents says that it is: reading it makes an object of each line."""
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - 66_000))
    tail = file.read()
    small, large = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    sizes = [struct.unpack_from("<L", tail, small + 12)[0]] if 0 <= small <= len(tail) - 16 else [0]
    if 0 <= large <= len(tail) - 48:
        sizes = [one for one in sizes if one != 0xFFFFFFFF] + [struct.unpack_from("<Q", tail, large + 40)[0]]
    file.seek(0)
    return int(max(sizes))


def _problem_of(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x1:
        return "it is in a zip with a password; unpack it with the password, then mark again"
    if info.compress_type not in PLAIN:
        return f"it is packed in a way that is not read here; {UNPACK}"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link, which is not followed; put the file itself there"
    return ""


def _name_in(info: zipfile.ZipInfo) -> str:
    """A member's name: what says that it is UTF-8 is, and so is what reads as UTF-8; else it is of DOS or Windows."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    dos = all(byte in _DOS for byte in raw if byte > 127)
    for encoding in ("utf-8", "cp437" if dos else "cp1252"):
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return info.filename


def _inside(name: str) -> str:
    """A member's path, which cannot leave the archive; empty for what systems put beside the files."""
    parts = re.split(r"[\\/]+", name.partition("\0")[0])
    kept = [part for part in parts if part not in ("", ".", "..") and not re.fullmatch("[A-Za-z]:", part)]
    return "" if any(part[0] == "." or part.lower() in JUNK for part in kept) else "/".join(kept)


def _date_in(info: zipfile.ZipInfo) -> float:
    """When a member was last changed; 0 where the zip does not say."""
    extra = info.extra
    while len(extra) >= 4:  # Unix tools write the time itself, in no zone
        sign, size = struct.unpack_from("<HH", extra)
        if sign == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return float(struct.unpack_from("<l", extra, 5)[0])
        extra = extra[4 + size :]
    try:
        when = datetime(*info.date_time)
        return when.timestamp() if when.year > 1980 else 0.0
    except (ValueError, OverflowError, OSError):
        return 0.0


class _Tar:
    def __init__(self, file: BinaryIO, start: bytes) -> None:
        opener = next((opener for sign, opener in _PACKED.items() if start.startswith(sign)), None)
        content: bytes = (opener(file) if opener else file).read(LARGEST_INNER + 1)
        if len(content) > LARGEST_INNER:
            raise Unreadable(f"a tar of more than {LARGEST_INNER / 1e6:.0f} MB; {UNPACK}")
        self._tar = tarfile.TarFile(fileobj=io.BytesIO(content))
        self._members = list(islice(self._tar, MOST_MEMBERS + 1))

    def members(self) -> Iterator[tuple[int, _Member]]:
        for place, info in enumerate(self._members):
            if not info.isdir() and (name := _inside(info.name)):
                problem = "" if info.isreg() else "a link, which is not followed; put the file itself there"
                yield place, _Member(name, info.size, float(info.mtime), problem)

    def read(self, place: int, most: int) -> bytes:
        try:
            member = self._tar.extractfile(self._members[place])
            return member.read(most) if member else b""
        except _BROKEN as error:
            raise Unreadable(f"damaged in its archive ({str(error)[:80]}); download it again") from None
