"""A class: who is in it, a seed for each, and sheets that no two learners share."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bpkit.core.errors import BpkitError
from bpkit.exercises.exercise import Exercise
from bpkit.exercises.files import as_written, csv_text, slugs
from bpkit.exercises.sheet import DEFAULT_QUESTIONS, Sheet, make_sheet
from bpkit.exercises.streams import digest, learner_seed

REDRAWS = 50
# Questions without numbers in them: few forms, which learners may share.
SHARED = frozenset({"symbolic", "code"})


@dataclass(frozen=True)
class Seat:
    """One learner: a name, a file name that it became, and a seed."""

    learner: str
    slug: str
    seed: int


@dataclass(frozen=True)
class Plan:
    """What to generate: questions, difficulty, seats. The same plan always gives the same bytes.

    ``redraws`` holds file name, question and number of those that were drawn again.
    """

    questions: tuple[str, ...]
    difficulty: str
    seats: tuple[Seat, ...]
    redraws: tuple[tuple[str, str, int], ...] = ()

    def redraws_of(self, slug: str) -> dict[str, int]:
        """The questions of one learner that were drawn again, and how often."""
        return {question: number for own, question, number in self.redraws if own == slug}

    def sheet(self, seat: Seat) -> Sheet:
        """One learner's sheet, drawn alone."""
        return make_sheet(self.questions, seat.seed, seat.learner, self.difficulty, self.redraws_of(seat.slug))


def names(given: int | str) -> list[str]:
    """Learners' names: so many numbered ones, or the first column of a roster in CSV.

    A first line that names its column (learner, name, student, id) is no learner. Raises ``BpkitError`` for a roster
    without names or with a name twice.
    """
    if isinstance(given, int):
        if not 1 <= given <= 100_000:
            raise BpkitError(f"learners: expected a number from 1 to 100000, got {given}")
        width = max(2, len(str(given)))
        return [f"learner {number:0{width}d}" for number in range(1, given + 1)]
    found = [row[0] for row in _rows(given)]
    if not found:
        raise BpkitError("roster: expected a name in the first column of each line, found none")
    return found


def _rows(text: str) -> list[list[str]]:
    """The lines of a roster or of a table of seeds, names cleaned and all different."""
    try:
        raw = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), strict=False))
    except csv.Error as error:
        raise BpkitError(f"roster: expected a table in CSV, got something else ({error}); save it as CSV") from None
    rows = [[_clean(as_written(_clean(cell))) for cell in row] for row in raw]
    rows = [row for row in rows if row and row[0]]
    if rows and rows[0][0].lower() in ("learner", "learners", "name", "student", "id"):
        rows = rows[1:]
    seen: set[str] = set()
    for row in rows:
        if row[0] in seen:
            raise BpkitError(f"roster: {row[0][:60]!r} stands in it twice; give each learner a name of their own")
        seen.add(row[0])
    return rows


def _clean(cell: str) -> str:
    return " ".join("".join(filter(str.isprintable, cell)).split())[:200].strip()


def seats(given: int | str, seed: int) -> tuple[Seat, ...]:
    """A seat for each learner; a second column of whole numbers in a roster is their seeds."""
    own: dict[str, int] = {}
    if isinstance(given, str):
        own = {row[0]: int(row[1]) for row in _rows(given) if len(row) > 1 and row[1].isdecimal() and len(row[1]) < 19}
    people = names(given)
    return tuple(
        Seat(name, short, own.get(name, learner_seed(seed, name))) for name, short in zip(people, slugs(people))
    )


def seeds_table(plan: Plan) -> str:
    """The learners, their seeds and what was redrawn for them, in CSV: a roster from which each can be drawn alone."""
    rows = [
        (seat.learner, seat.seed, " ".join(f"{id}:{number}" for id, number in plan.redraws_of(seat.slug).items()))
        for seat in plan.seats
    ]
    return csv_text([("learner", "seed", "redrawn"), *rows])


def _redrawn(given: int | str, people: Sequence[Seat]) -> Iterator[tuple[str, str, int]]:
    """What a table of seeds says was drawn again."""
    rows = [] if isinstance(given, int) else _rows(given)
    for seat, row in zip(people, rows):
        for id, number in re.findall(r"([a-z-]+):(\d{1,2})\b", row[2] if len(row) > 2 else ""):
            yield seat.slug, id, int(number)


def plan(
    learners: int | str = 1,
    seed: int = 0,
    questions: Sequence[str] = DEFAULT_QUESTIONS,
    difficulty: str = "medium",
) -> Plan:
    """A plan for some learners, none of whom has been looked at together with the others yet."""
    people = seats(learners, seed)
    return Plan(tuple(dict.fromkeys(questions)), difficulty, people, tuple(_redrawn(learners, people)))


def marks_of(sheet: Sheet) -> dict[str, str]:
    """What tells a learner's exercises from another's, by question."""
    return {one.id: _mark(one) for one in sheet if one.id not in SHARED}


def _mark(exercise: Exercise) -> str:
    return digest(json.dumps(exercise.task.data(), sort_keys=True)).hex()


def settled(made: Plan, marks: Iterable[tuple[Seat, dict[str, str]]]) -> Plan:
    """The same plan with redraws for exercises that an earlier learner has too; ``marks`` in the order of the seats."""
    taken: set[tuple[str, str]] = set()
    redraws: list[tuple[str, str, int]] = []
    for seat, found in marks:
        before = made.redraws_of(seat.slug)
        for question, mark in found.items():
            own, number = mark, before.get(question, 0)
            while (question, own) in taken:
                number += 1
                if number > REDRAWS:
                    raise BpkitError(
                        f"cohort: no problem of its own found for {seat.learner} in {question}; "
                        "leave the question out or choose another difficulty"
                    )
                again = make_sheet((question,), seat.seed, seat.learner, made.difficulty, {question: number})
                own = _mark(again.exercises[0])
            taken.add((question, own))
            if number:
                redraws.append((seat.slug, question, number))
    return replace(made, redraws=tuple(redraws))
