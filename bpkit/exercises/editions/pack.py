"""One zip of many files, the same bytes for the same files."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from bpkit.exercises.editions.produce import Pass
from bpkit.exercises.sheets.files import write

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip knows, so that no clock is in it


def packing(folder: Path, names: Sequence[str], name: str, force: bool = False) -> Pass:
    """Put files of a folder into a zip in that folder, one at a time, each under the zip's own name.

    An earlier zip is replaced where nothing is lost by it: all that it holds is in the folder as well.
    """
    return Pass("packing", len(names), _pack(folder, names, folder / f"{name}.zip", force))


def _pack(folder: Path, names: Sequence[str], target: Path, force: bool) -> Iterator[None]:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(names):
            entry = zipfile.ZipInfo(f"{target.stem}/{name}", LONG_AGO)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, (folder / name).read_bytes())
            yield
    write(target, whole.getvalue(), force or _holds_copies_only(target, folder))


def _holds_copies_only(target: Path, folder: Path) -> bool:
    try:
        with zipfile.ZipFile(target) as archive:
            names = {entry: entry.filename.removeprefix(f"{target.stem}/") for entry in archive.infolist()}
            return all(zlib.crc32((folder / name).read_bytes()) == entry.CRC for entry, name in names.items())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
