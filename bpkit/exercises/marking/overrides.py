"""Marks that an instructor sets: ``overrides.csv`` beside the key, which the kit reads and never writes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bpkit.core.errors import BpkitError, suggest
from bpkit.exercises.sheets.cohort import Seat
from bpkit.exercises.sheets.key import Key, key_file
from bpkit.exercises.sheets.tables import table_text, tables

NAME = "overrides.csv"
COLUMNS = ("learner", "question", "points")


@dataclass(frozen=True)
class Override:
    """The points that an answer gets, whatever the kit says, and the instructor's words for it."""

    points: float
    remark: str = ""


Overrides = Mapping[str, Mapping[str, Override]]  # by the learner's slug, then by the key of the answer


def read_overrides(key_path: Path, key: Key) -> Overrides:
    """What an instructor has set by hand; nothing where there is no such file.

    Raises ``BpkitError`` for a row that names no learner or answer of the key, or points that it cannot have.
    """
    path = key_file(key_path).parent / NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BpkitError(f"{NAME}: expected a table that can be read, got {error.strerror}; check {path}") from None
    people = {name: seat for seat in key.seats for name in (seat.slug, seat.learner)}
    worths: dict[str, dict[str, float]] = {}
    found: dict[str, dict[str, Override]] = {}
    for line, cells in _rows(content):
        seat = _seat(cells["learner"], people, line)
        if seat.slug not in worths:
            worths[seat.slug] = key.worths(key.sheet(seat.slug))
        question, mine = cells["question"], found.setdefault(seat.slug, {})
        if question not in worths[seat.slug]:
            asked = worths[seat.slug]
            raise BpkitError(
                f"{NAME} line {line}: expected a question as marks.csv has it ({', '.join(asked)}), got {question!r}"
            )
        one = Override(_points(cells["points"], worths[seat.slug][question], line), cells.get("remark", ""))
        if question in mine and mine[question].points != one.points:
            raise BpkitError(
                f"{NAME} line {line}: expected points for question {question} of {seat.learner} once, got them twice; "
                "delete one of the two lines"
            )
        mine[question] = one
    return found


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows below the headers, by column."""
    try:
        rows = max(tables(table_text(content)).values(), key=lambda found: len(found[0].cells) if found else 0)
    except BpkitError as error:
        raise BpkitError(f"{NAME}: {str(error).removeprefix('roster: ')}") from None
    head = [cell.lower() for cell in rows[0].cells] if rows else []
    if missing := [name for name in COLUMNS if name not in head]:
        raise BpkitError(
            f"{NAME}: expected the columns learner,question,points,remark in its first line, found no {missing[0]}"
        )
    for row in rows[1:]:
        cells = {name: row[place] for place, name in enumerate(head)}
        if any(row.cells[len(head) :]) or cells.get("remark", "").isdecimal():  # 0,5 between commas is two cells
            raise BpkitError(
                f"{NAME} line {row.line}: expected points such as 0.5, with a point, got a comma that parts two cells"
            )
        yield row.line, cells


def _seat(name: str, people: Mapping[str, Seat], line: int) -> Seat:
    if name not in people:
        raise BpkitError(f"{NAME} line {line}: expected a learner of the key, got {name!r}{suggest(name, people)}")
    return people[name]


def _points(text: str, worth: float, line: int) -> float:
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = math.nan
    if not -1e-9 <= points <= worth + 1e-6:
        raise BpkitError(f"{NAME} line {line}: expected points from 0 to {worth:g}, got {text!r}")
    return points
