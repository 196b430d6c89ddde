"""Reads what learners hand in: literals out of answer cells, never running a line, whatever the file holds."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.answers import Found, NotRead, answers_in

LARGEST_FILE = 25_000_000  # bytes; a sheet has 30,000, a notebook full of pictures a few millions
LARGEST_CELL = 50_000
MOST_CELLS = 5_000
MOST_PARTS = 2_000_000  # brackets and commas: what takes memory out of all proportion to its size
MOST_CODE = 1_000_000  # signs of code that are read for answers
ENDING = ".ipynb"
REPAIRED = ".repaired"  # of a copy that `bpkit doctor --repair` wrote
JUNK = frozenset({"__MACOSX", "__pycache__", "thumbs.db", "desktop.ini"})  # what systems put beside the files

NO_NOTEBOOK = "no notebook; ask for the file that ends with .ipynb"
CONFLICT = (
    "it has the marks of a merge conflict; at each <<<<<<< keep one of the two versions, delete the lines <<<<<<<, "
    "======= and >>>>>>>, and mark it again"
)


class Unreadable(BpkitError):
    """A file that no answers can be read from, and why."""


@dataclass(frozen=True)
class Submission:
    """What a file says: its answers by key, its own data about itself, and remarks on how it was read.

    ``hidden`` says which cell may have answered anything, in a way that cannot be read.
    """

    path: Path
    answers: Mapping[str, Found]
    about: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    cells: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    hidden: str = ""

    def answers_to(self, keys: Iterable[str]) -> dict[str, Found]:
        """The answers to these keys; what seems blank counts as not read where a cell may have answered it unseen."""
        unseen = Found("", NotRead(self.hidden), "", 0, "code")
        found = {key: self.answers.get(key) for key in keys}
        if self.hidden:
            found = {key: replace(unseen, key=key) if one is None or one.blank else one for key, one in found.items()}
        return {key: one for key, one in found.items() if one is not None}


def files_in(path: Path, but: Collection[Path] = ()) -> Iterator[Path]:
    """The files under a folder, in order, without following links; or the one file. Folders in ``but`` are left out."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path, followlinks=False):
        here = [name for name in folders if name[0] != "." and name not in JUNK]
        folders[:] = sorted(name for name in here if Path(folder, name).resolve() not in but)
        # A folder that is called like a notebook too: it is none, which reading it will say.
        like = [name for name in folders if name.lower().endswith(ENDING)]
        yield from (Path(folder, n) for n in sorted([*files, *like]) if n[0] != "." and n.lower() not in JUNK)


def bare(name: str) -> str:
    """A file's name without all of its endings: ``ada-ash.repaired.ipynb`` and ``ada-ash.ipynb.txt`` are of ada-ash."""
    while ending := next((one for one in (ENDING, ".txt", ".json", REPAIRED) if name.lower().endswith(one)), ""):
        name = name[: -len(ending)]
    return name


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook as plain data, whatever its file is called; raises ``Unreadable`` in words for anything else."""
    named = path.name.lower().endswith(ENDING)
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            raise Unreadable("a link, which is not followed; put the file itself there")
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("not a file")
        with path.open("rb") as file:
            start = file.read(64)
        # A Word document begins like that too.
        if start.startswith(b"PK\x03\x04") and (named or path.suffix.lower() == ".zip"):
            raise Unreadable("a zip; unpack it in this folder, then mark again")
        if not named and not start.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"{"):
            raise Unreadable(NO_NOTEBOOK)
        if found.st_size > LARGEST_FILE:
            size = f"{found.st_size / 1e6:.0f} MB"
            raise Unreadable(
                f"{size} large, more than {LARGEST_FILE / 1e6:.0f} MB; clear its outputs and hand it in again"
            )
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from None
    if not raw.strip():
        raise Unreadable("empty")
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
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
        why = f"not a whole notebook: {str(error)[:80]}; download it again" if named else NO_NOTEBOOK
        raise Unreadable(why) from None
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        old = isinstance(data, dict) and "worksheets" in data
        what = "JSON, but not a notebook" if named else NO_NOTEBOOK
        raise Unreadable("a notebook of format 3; save it in a newer Jupyter" if old else what)
    if len(data["cells"]) > MOST_CELLS:
        raise Unreadable(f"{len(data['cells'])} cells, more than {MOST_CELLS}")
    return data


def read_submission(path: Path) -> Submission:
    """Read the answers of a notebook; raises ``Unreadable`` where that is not possible."""
    notebook = read_notebook(path)
    cells = tuple(cell for cell in notebook["cells"] if isinstance(cell, dict))
    remarks: list[str] = []
    hidden = ""
    if len(cells) < len(notebook["cells"]):
        remarks.append("some of its cells are no cells; they were left out")
    found: dict[str, Found] = {}
    left = MOST_CODE
    for number, cell in enumerate(cells, 1):
        source = source_of(cell)
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
    return Submission(path, found, about_of(notebook), tuple(remarks), cells, hidden)


def conflicting(text: str) -> bool:
    """True for a text in which a merge has left both sides standing."""
    return all(f"\n{mark}" in f"\n{text}" for mark in ("<<<<<<< ", "=======", ">>>>>>> "))


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's text; empty where it has none, or too much of it."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) and len(source) <= LARGEST_CELL else ""


def about_of(thing: Mapping[str, Any]) -> Mapping[str, Any]:
    """bpkit's own metadata of a notebook or a cell; empty where it is lost."""
    metadata = thing.get("metadata")
    about = metadata.get("bpkit") if isinstance(metadata, dict) else None
    return about if isinstance(about, dict) else {}
