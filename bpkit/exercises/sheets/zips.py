"""Zips that are the same bytes for the same files: no clock is in them.

What compresses may differ from machine to machine; a zip that must not differ is not ``compressed``.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip knows


class Zip:
    """A zip in the making, file by file."""

    def __init__(self, compressed: bool = True) -> None:
        self._kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        self._whole = io.BytesIO()
        self._files = zipfile.ZipFile(self._whole, "w", self._kind)

    def add(self, name: str, content: str | bytes) -> None:
        """Add a file to the zip."""
        entry = zipfile.ZipInfo(name, LONG_AGO)
        entry.compress_type, entry.external_attr = self._kind, 0o644 << 16
        self._files.writestr(entry, content)

    def content(self) -> bytes:
        """The whole zip; no file can be added any more."""
        self._files.close()
        return self._whole.getvalue()


def zipped(files: Mapping[str, str | bytes], compressed: bool = True) -> bytes:
    """A zip of these files by name.

    >>> zipped({"a.txt": "E = 0.2335"}) == zipped({"a.txt": b"E = 0.2335"})
    True
    """
    made = Zip(compressed)
    for name, content in files.items():
        made.add(name, content)
    return made.content()


def unzipped(content: bytes) -> dict[str, bytes]:
    """The files in a zip by name.

    >>> unzipped(zipped({"a.txt": "E = 0.2335"}))
    {'a.txt': b'E = 0.2335'}
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist() if not entry.is_dir()}


def only_adds(path: Path, content: bytes) -> bool:
    """Is there a zip already, and every file that is in it in this one too, the same?"""
    try:
        with zipfile.ZipFile(path) as before, zipfile.ZipFile(io.BytesIO(content)) as after:
            old, new = ({(one.filename, one.CRC) for one in each.infolist()} for each in (before, after))
            return old <= new
    except (OSError, zipfile.BadZipFile):
        return False
