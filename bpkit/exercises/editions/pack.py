"""One zip of many files, the same bytes for the same files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from bpkit.exercises.editions.produce import Pass
from bpkit.exercises.sheets.files import write
from bpkit.exercises.sheets.zips import Zip


def packing(folder: Path, names: Sequence[str], name: str, force: bool = False) -> Pass:
    """Put files of a folder into a zip in that folder, one at a time, each under the zip's own name.

    An earlier zip is replaced where nothing is lost by it: all that it holds is in the folder as well.
    """
    return Pass("packing", len(names), _pack(folder, names, folder / f"{name}.zip", force))


def _pack(folder: Path, names: Sequence[str], target: Path, force: bool) -> Iterator[None]:
    whole = Zip()
    for name in sorted(names):
        whole.add(f"{target.stem}/{name}", (folder / name).read_bytes())
        yield
    write(target, whole.content(), force or _holds_copies_only(target, folder))


def _holds_copies_only(target: Path, folder: Path) -> bool:
    try:
        with zipfile.ZipFile(target) as archive:
            names = {entry: entry.filename.removeprefix(f"{target.stem}/") for entry in archive.infolist()}
            return all(zlib.crc32((folder / name).read_bytes()) == entry.CRC for entry, name in names.items())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
