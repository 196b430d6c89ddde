"""Writing files safely: whole or not at all, under names that no learner's name can bend."""

from __future__ import annotations

import csv
import io
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.streams import digest

_PART = (".bpkit-", ".part")
# Letters that are no other letter with an accent, as they are spelt without them.
_SPELT = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}


def write(path: Path, content: str | bytes, force: bool = False) -> bool:
    """Write a file through a neighbour that is then renamed, so that it is there whole or not at all.

    A file with the same content is left alone, and False returned. Raises ``BpkitError`` for a file with other
    content unless ``force`` is given, and where the folder cannot be written to.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    try:
        if not force and _stands(path, data):
            return False
        if force and not path.is_symlink() and path.is_file() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{_PART[0]}{uuid4().hex}{_PART[1]}")  # named before it is there: Ctrl-C leaves none
        try:
            with part.open("xb") as file:
                file.write(data)
            part.chmod(0o644)
            return _put(part, path, data, force)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BpkitError(
            f"{path}: expected a file that can be written, got {error.strerror or error}; make room, or choose another "
            "folder"
        ) from None


def _stands(path: Path, data: bytes) -> bool:
    """True for a file that holds just that; raises ``BpkitError`` when something else is in its place."""
    if not path.is_symlink() and not path.exists():
        return False
    if path.is_symlink() or not path.is_file() or path.read_bytes() != data:
        raise BpkitError(f"{path}: exists with other content; choose another folder, or allow overwriting (--force)")
    return True


def _put(part: Path, path: Path, data: bytes, force: bool) -> bool:
    """Give a whole file its name; without force never that of a file that another command has written meanwhile."""
    if force:
        part.replace(path)
        return True
    try:
        path.hardlink_to(part)  # unlike a renaming, it fails where there is a file
    except FileExistsError:
        return not _stands(path, data)
    except OSError:  # a file system without links
        part.replace(path)
    return True


def sweep(folder: Path) -> None:
    """Remove what commands that were killed have left of unfinished files; none takes an hour to write."""
    for part in folder.rglob(f"{_PART[0]}*{_PART[1]}"):
        with suppress(OSError):
            if time.time() - part.lstat().st_mtime > 3600:
                part.unlink()


def slug(name: str) -> str:
    """A file name for any person's name: letters, digits, dots and dashes, never empty, never a path.

    >>> slug("Ada Ash-Müller"), slug("../con"), slug("Łódź")
    ('ada-ash-muller', 'learner-f224ea64', 'lodz')
    """
    plain = unicodedata.normalize("NFKD", name.lower().translate(_SPELT)).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
    if not plain or plain in _RESERVED:
        return f"learner-{digest('slug', name).hex()[:8]}"
    return plain


def slugs(names: Sequence[str]) -> list[str]:
    """A file name for each, all different; where two would meet both get a few letters of their own.

    >>> slugs(["Ada Ash", "Bo", "ada ash"])
    ['ada-ash-5d078a', 'bo', 'ada-ash-b649a2']
    """
    plain = [slug(name) for name in names]
    often, taken = Counter(plain), set(plain)
    found = []
    for one, name in zip(plain, names):
        if often[one] > 1:
            marks = digest("slug", name).hex()
            # Longer and longer: somebody may be called what another's name has become.
            one = next(longer for n in range(6, 64) if (longer := f"{one}-{marks[:n]}") not in taken)
            taken.add(one)
        found.append(one)
    return found


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """A table for spreadsheets, in which no cell can start a formula.

    >>> print(csv_text([["learner", "points"], ["=1+1", -2]]), end="")
    learner,points
    '=1+1,-2
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue()


def visible(text: str) -> str:
    """The same in signs that are seen: no control codes, no signs that turn the direction of writing, no halves.

    >>> visible("Ada" + chr(9) + "Ash"), visible(chr(0)) == chr(0xFFFD)
    ('Ada Ash', True)
    """
    if text.isprintable():  # as nearly every text is
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


# What makes a spreadsheet compute, in its wide forms too; behind a separator of another country as well.
_FORMULA = re.compile(r"(^|[;|])(?=\s*[=+\-@＝＋－＠])")
_QUOTED = re.compile(_FORMULA.pattern.replace("(?=", "'(?="))


def _harmless(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = visible(cell)
    return text if text.isalnum() or _is_number(text) else _FORMULA.sub(r"\1'", text)


def as_written(cell: str) -> str:
    """What a cell of ``csv_text`` was before it was made harmless.

    >>> as_written("'=1+1")
    '=1+1'
    """
    return _QUOTED.sub(r"\1", cell)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
