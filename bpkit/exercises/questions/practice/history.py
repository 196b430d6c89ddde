"""The file that holds what a learner practised: one line of JSON for each answer, added and never rewritten."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.friendly_problems import LEVELS
from bpkit.exercises.questions.practice.next_question import Entry, Turn
from bpkit.page import progress_file

NAME = "practice.jsonl"
VERSION = 1
LONGEST_LINE = 10_000  # signs; a longer one is none of ours


def usual_file() -> Path | None:
    """Beside the file that keeps the answers given in lessons; None where nothing is to be kept."""
    place = progress_file.place()
    return place.with_name(NAME) if place else None


def read(path: Path | None) -> tuple[tuple[Entry, ...], int]:
    """The entries of a file, and how many lines could not be read; a file that is not there has none.

    A line that is damaged, or that a newer version wrote, is passed over and stays in the file. Raises ``BpkitError``
    where the file itself cannot be read.

    >>> read(Path("no_such_file.jsonl"))
    ((), 0)
    """
    if path is None:
        return (), 0
    try:
        lines = path.read_bytes().decode("utf-8", "replace").splitlines() if path.exists() else []
    except OSError as error:
        raise BpkitError(
            f"{path}: expected a file that can be read, got {error.strerror or error}; name another with --file"
        ) from None
    found = [list(_entries(line)) for line in lines if line.strip()]
    return tuple(one for entries in found for one in entries), sum(not entries for entries in found)


def add(path: Path | None, one: Entry) -> None:
    """Add a line, whole or not at all; raises ``BpkitError`` where that cannot be done."""
    if path is None:
        return
    line = json.dumps(_data(one), ensure_ascii=False).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if file.tell() and not _ends(file):
                line = b"\n" + line  # what was cut off stays a line of its own
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BpkitError(
            f"{path}: expected a file that can be written, got {error.strerror or error}; make room, or name another "
            "with --file"
        ) from None


def _ends(file: Any) -> bool:
    """Does the file end with the end of a line?"""
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _data(one: Entry) -> dict[str, Any]:
    return {
        "practice": VERSION,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "question": one.turn.question,
        "seed": one.turn.seed,
        "difficulty": one.turn.difficulty,
        "again": one.turn.again,
        "parts": one.parts,
        "part": one.part,
        "verdict": one.verdict,
        "mistakes": list(one.mistakes),
        "reveals": list(one.reveals),
    }


def _entries(line: str) -> Iterator[Entry]:
    """The entry of a line, if it is one of this version about a question that there is."""
    try:
        data = json.loads(line) if len(line) <= LONGEST_LINE else None
    except (ValueError, RecursionError):
        return
    match data:
        case {
            "practice": int(version),
            "question": str(question),
            "seed": int(seed),
            "difficulty": str(difficulty),
            "again": str(again),
            "parts": int(parts),
            "part": str(part),
            "verdict": str(verdict),
            "mistakes": list(mistakes),
            "reveals": list(reveals),
        } if version == VERSION and difficulty in LEVELS and question in _IDS and parts > 0:
            turn = Turn(question, seed, difficulty, again)
            yield Entry(turn, parts, verdict, part, tuple(map(str, mistakes)), tuple(map(str, reveals)))


_IDS = frozenset(one.id for one in QUESTIONS)
