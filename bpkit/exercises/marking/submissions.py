"""Reads what learners hand in: literals out of answer cells, never running a line, whatever the file holds."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bpkit.exercises.marking.archives import JUNK, UNPACK, Entry, Unreadable, entries_of, kind_of
from bpkit.exercises.marking.copies import ENDING
from bpkit.exercises.marking.renamed import Renamed
from bpkit.exercises.questions.answers import Found, NotRead, answers_in

LARGEST_FILE = 25_000_000  # bytes; a sheet has 30,000, a notebook full of pictures a few millions
LARGEST_CELL = 50_000
MOST_CELLS = 5_000
MOST_PARTS = 2_000_000  # brackets and commas: what takes memory out of all proportion to its size
MOST_CODE = 1_000_000  # signs of code that are read for answers
NEWEST_FORMAT = 4

LONGEST_WORD = 8  # signs: false, or what is written for a letter with an accent
LONGEST_LETTER = 4  # bytes in UTF-8 and UTF-16
_HALF_A_LETTER = frozenset({"unexpected end of data", "truncated data"})

CUT_OFF = "not a whole notebook: it is cut off in the middle; download it again"
NO_NOTEBOOK = "no notebook; ask for the file that ends with .ipynb"
READ = "answers is called "  # begins a remark on what was read all right
_TOO_LARGE = "{}; clear its outputs and hand it in again"
CONFLICT = (
    "it has the marks of a merge conflict; at each <<<<<<< keep one of the two versions, delete the lines <<<<<<<, "
    "======= and >>>>>>>, and mark it again"
)


@dataclass(frozen=True)
class Submission:
    """What a file says: its answers by key, its own data about itself, and remarks on how it was read.

    ``hidden`` says which cell may have answered anything, in a way that cannot be read; ``astray`` holds what is
    written to other names than ``answers``, ``digest`` tells the cells from any others, ``inside`` is
    its path in the archive ``path``, if it is in one.
    """

    path: Path
    answers: Mapping[str, Found]
    about: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    cells: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    hidden: str = ""
    astray: Mapping[str, Found] = field(default_factory=dict, repr=False)
    digest: str = ""
    inside: str = ""

    def answers_to(self, keys: Iterable[str]) -> dict[str, Found]:
        """The answers to these keys; what seems blank counts as not read where a cell may have answered it unseen."""
        found: dict[str, Found] = {}
        for key in keys:
            one = self.answers.get(key)
            if one is None or one.blank:
                unseen = Found(key, NotRead(self.hidden), "", 0, "code") if self.hidden else None
                one = self.astray.get(key) or unseen or one
            if one is not None:
                found[key] = one
        return found


def files_in(path: Path, but: Collection[Path] = ()) -> Iterator[Path]:
    """The files under a folder, in order, without following links; or the one file. Folders in ``but`` are left out."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path, followlinks=False):
        here = [name for name in folders if name[0] != "." and name.lower() not in JUNK]
        folders[:] = sorted(name for name in here if Path(folder, name).resolve() not in but)
        # A folder that is called like a notebook too: it is none, which reading it will say.
        like = [name for name in folders if name.lower().endswith(ENDING)]
        yield from (Path(folder, n) for n in sorted([*files, *like]) if n[0] != "." and n.lower() not in JUNK)


def entries_in(path: Path, but: Collection[Path] = ()) -> Iterator[Entry]:
    """The files under a folder or in an archive, those in archives too; or the one file.

    Their names are paths inside the folder or the archive.
    """
    alone = not path.is_dir()
    for file in files_in(path, but):
        name = file.name if alone else file.relative_to(path).as_posix()
        if _kind(file) in ("zip", "tar"):
            yield from entries_of(file, name, "" if alone else f"{name}/")
        else:
            yield entry_of(file, name)


def entry_of(path: Path, name: str = "") -> Entry:
    """A file on the disk, under its own name unless another is given.

    >>> entry_of(Path("ada-ash.ipynb")).name, entry_of(Path("ada-ash.ipynb"), "monday/ada.ipynb").name
    ('ada-ash.ipynb', 'monday/ada.ipynb')
    """
    try:
        return Entry(path, name or path.name, date=path.lstat().st_mtime)
    except OSError:
        return Entry(path, name or path.name)


def _kind(path: Path) -> str:
    """Which archive a file is, if it is one."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or not found.st_size:
            return ""
        with path.open("rb") as file:
            return kind_of(file.read(512), path.name)
    except OSError:
        return ""


def read_notebook(file: Path | Entry) -> dict[str, Any]:
    """A notebook of format 4 as plain data, whatever its file is called; one of format 3 is brought to it.

    Raises ``Unreadable`` in words for anything else.
    """
    entry = file if isinstance(file, Entry) else entry_of(file)
    if entry.problem:
        raise Unreadable(entry.problem)
    named = entry.name.lower().endswith(ENDING)
    raw = entry.content(LARGEST_FILE) if entry.way else _content(entry, named)
    if not named and raw.strip() and not _begins_like_one(raw[:64]):
        raise Unreadable(NO_NOTEBOOK)
    if len(raw) > LARGEST_FILE:
        raise Unreadable(_TOO_LARGE.format(f"more than {LARGEST_FILE / 1e6:.0f} MB"))
    if not raw.strip():
        raise Unreadable("empty")
    data = _parsed(raw, named)
    if len(data["cells"]) > MOST_CELLS:
        raise Unreadable(f"{len(data['cells'])} cells, more than {MOST_CELLS}")
    return data


def _content(entry: Entry, named: bool) -> bytes:
    """What a file on the disk holds, or as much of it as shows that it is too large or no notebook."""
    try:
        found = entry.path.lstat()
        if stat.S_ISLNK(found.st_mode):
            raise Unreadable("a link, which is not followed; put the file itself there")
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("not a file")
        with entry.path.open("rb") as file:
            start = file.read(512)
            if (kind := kind_of(start, entry.path.name)) and not _begins_like_one(start):
                raise Unreadable(f"{kind if ' ' in kind else f'a {kind}'}; {UNPACK}")
            if not named and start.strip() and not _begins_like_one(start[:64]):
                raise Unreadable(NO_NOTEBOOK)
            if found.st_size > LARGEST_FILE:
                size = f"{found.st_size / 1e6:.0f} MB large, more than {LARGEST_FILE / 1e6:.0f} MB"
                raise Unreadable(_TOO_LARGE.format(size))
            return start + file.read(LARGEST_FILE + 1 - len(start))
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from None


def _begins_like_one(start: bytes) -> bool:
    return start.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"{")


def _parsed(raw: bytes, named: bool) -> dict[str, Any]:
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        if named and error.reason in _HALF_A_LETTER and len(raw) - error.start < LONGEST_LETTER:
            raise Unreadable(CUT_OFF) from None
        raise Unreadable("not in UTF-8, which notebooks are written in; open and save it in Jupyter") from None
    if sum(map(text.count, "[{,")) > MOST_PARTS:
        raise Unreadable(f"more than {MOST_PARTS} parts; clear its outputs and hand it in again")
    try:
        data = json.loads(text)
    except RecursionError:
        raise Unreadable("nested too deeply to be a notebook") from None
    except ValueError as error:
        if conflicting(text):
            raise Unreadable(CONFLICT) from None
        if named and isinstance(error, json.JSONDecodeError) and _cut_off(text, error):
            raise Unreadable(CUT_OFF) from None
        why = f"not a whole notebook: {str(error)[:80]}; download it again" if named else NO_NOTEBOOK
        raise Unreadable(why) from None
    if isinstance(data, dict) and isinstance(data.get("worksheets"), list) and "cells" not in data:
        data = _of_format_3(data)
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise Unreadable("JSON, but not a notebook" if named else NO_NOTEBOOK)
    if isinstance(number := data.get("nbformat"), int) and number > NEWEST_FORMAT:
        raise Unreadable(
            f"a notebook of format {number}, newer than what can be read here ({NEWEST_FORMAT}); save it in format "
            f"{NEWEST_FORMAT}: jupyter nbconvert --to notebook --nbformat {NEWEST_FORMAT} and its name"
        )
    return data


def _cut_off(text: str, error: json.JSONDecodeError) -> bool:
    """True where a notebook just ends, in the middle of a text, of a word such as ``null``, or before a bracket."""
    end = len(text.rstrip("\0 \t\r\n"))  # a copy that did not end well may have zeros instead of the rest
    if error.msg.startswith("Unterminated string") or error.pos >= end:
        return True
    return end - error.pos < LONGEST_WORD and error.msg != "Extra data" and text[end - 1] not in "}]"


def _of_format_3(data: Mapping[str, Any]) -> dict[str, Any]:
    """A notebook of 2015 and before, in which cells were on worksheets, as one of today."""
    if data.get("nbformat") != 3:
        number = str(data.get("nbformat", "unknown"))[:20]
        raise Unreadable(f"a notebook of format {number}, which is too old; save it in a newer Jupyter")
    from nbformat.v3.nbjson import JSONReader
    from nbformat.v4.convert import upgrade_cell

    sheets = [sheet for sheet in data["worksheets"] if isinstance(sheet, dict)]
    cells = [cell for sheet in sheets for cell in sheet.get("cells") or () if isinstance(cell, dict)]
    plain = {"worksheets": [{"cells": [{**cell, "outputs": []} for cell in cells]}]}
    try:
        found = JSONReader().to_notebook(plain).worksheets[0].cells  # type: ignore[no-untyped-call]
        cells = [upgrade_cell(cell) for cell in found]  # type: ignore[no-untyped-call]
    except Exception as error:  # whatever is wrong with a learner's file
        raise Unreadable(
            f"a damaged notebook of format 3 ({type(error).__name__}: {str(error)[:60]}); save it in a newer Jupyter"
        ) from None
    return {"cells": cells, "metadata": data.get("metadata"), "nbformat": NEWEST_FORMAT, "nbformat_minor": 5}


def read_submission(file: Path | Entry) -> Submission:
    """Read the answers of a notebook; raises ``Unreadable`` where that is not possible."""
    notebook = read_notebook(file)
    cells = tuple(cell for cell in notebook["cells"] if isinstance(cell, dict))
    remarks: list[str] = []
    hidden = ""
    if len(cells) < len(notebook["cells"]):
        remarks.append("some of its cells are no cells; they were left out")
    found: dict[str, Found] = {}
    left = MOST_CODE
    renamed = Renamed({n: source_of(cell) for n, cell in enumerate(cells, 1) if cell.get("cell_type") == "code"})
    remarks += [f"{READ}{name} in it, and was read so" for name in renamed.names]
    for number, cell in enumerate(cells, 1):
        source = renamed.sources.get(number) or source_of(cell)
        if conflicting(source):
            remarks.append(f"cell {number} has the marks of a merge conflict; look at its answers")
        left -= len(source) if "answers" in source else 0
        if left < 0:
            remarks.append(f"more code than can be read for answers; from cell {number} on nothing was read")
            break
        for answer in answers_in(source, number, str(cell.get("cell_type"))[:20]):
            if not answer.key:
                hidden = f"cell {number} changes answers in a way that cannot be read without running it"
                remarks.append(hidden)
                continue
            before = found.get(answer.key)
            if before and before.weight > answer.weight:
                continue
            if before and before.weight == answer.weight and before.text != answer.text and not answer.blank:
                remarks.append(f"{answer.key} is answered twice; the last counts ({answer.text[:40]})")
            found[answer.key] = answer
    remarks += [f"the answer {one.key} was read, but {one.remark}" for one in found.values() if one.remark]
    path, inside = (file.path, file.name if file.way else "") if isinstance(file, Entry) else (file, "")
    digest = blake2b(json.dumps([notebook["cells"], notebook.get("metadata")]).encode(), digest_size=16).hexdigest()
    return Submission(path, found, about_of(notebook), tuple(remarks), cells, hidden, renamed.astray, digest, inside)


def conflicting(text: str) -> bool:
    r"""True for a text in which a merge has left both sides standing.

    >>> conflicting("\n".join(["<<<<<<< mine", "0.35", "=======", "0.45", ">>>>>>> theirs"]))
    True
    """
    return all(f"\n{mark}" in f"\n{text}" for mark in ("<<<<<<< ", "=======", ">>>>>>> "))


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's text; empty where it has none, or too much of it.

    >>> source_of({"source": ["w5 = ", "0.35"]}), source_of({})
    ('w5 = 0.35', '')
    """
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) and len(source) <= LARGEST_CELL else ""


def about_of(thing: Mapping[str, Any]) -> Mapping[str, Any]:
    """bpkit's own metadata of a notebook or a cell; empty where it is lost.

    >>> about_of({"metadata": {"bpkit": {"key": "1a"}}}), about_of({})
    ({'key': '1a'}, {})
    """
    metadata = thing.get("metadata")
    about = metadata.get("bpkit") if isinstance(metadata, dict) else None
    return about if isinstance(about, dict) else {}
