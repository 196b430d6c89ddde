"""Writing files safely: whole or not at all, under names that no learner's name can bend."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from bpkit.core.errors import BpkitError
from bpkit.exercises.streams import digest

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}


def write(path: Path, content: str | bytes, force: bool = False) -> bool:
    """Write a file through a neighbour that is then renamed, so that it is there whole or not at all.

    A file with the same content is left alone, and False returned. Raises ``BpkitError`` for a file with other
    content unless ``force`` is given.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if path.is_symlink() or path.exists():
        if not path.is_symlink() and path.is_file() and path.read_bytes() == data:
            return False
        if not force:
            raise BpkitError(
                f"{path}: exists with other content; choose another folder, or allow overwriting (--force)"
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".bpkit-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True


def slug(name: str) -> str:
    """A file name for any person's name: letters, digits, dots and dashes, never empty, never a path."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60]
    if not plain or plain in _RESERVED:
        return f"learner-{digest('slug', name).hex()[:8]}"
    return plain


def slugs(names: Sequence[str]) -> list[str]:
    """A file name for each, all different; where two would meet both get a few letters of their own."""
    plain = [slug(name) for name in names]
    return [
        one if plain.count(one) == 1 else f"{one}-{digest('slug', name).hex()[:6]}" for one, name in zip(plain, names)
    ]


def counted(number: int, what: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """A table for spreadsheets, in which no cell can start a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue()


def _harmless(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    plain = "".join(c for c in cell if c >= " " or c in "\t\n").replace("\n", " ").replace("\t", " ")
    return "'" + plain if plain.lstrip()[:1] in ("=", "+", "-", "@") and not _is_number(plain) else plain


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
