"""A class: who is in it, a seed for each, and sheets that no two learners share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.own.content import OwnQuestion
from bpkit.exercises.questions.streams import digest, learner_seed
from bpkit.exercises.sheets.files import csv_text, slugs
from bpkit.exercises.sheets.roster import Roster, numbered, read_roster
from bpkit.exercises.sheets.settings import PLAIN, Settings
from bpkit.exercises.sheets.sheet import DEFAULT_QUESTIONS, Sheet, make_sheet, open_sheet

REDRAWS = 50
# Questions without numbers in them: few forms, which learners may share.
SHARED = frozenset({"symbolic", "code"})


@dataclass(frozen=True)
class Seat:
    """One learner: a name, a file name that it became, a seed, and the roster's id, which may be empty."""

    learner: str
    slug: str
    seed: int
    id: str = ""


@dataclass(frozen=True)
class Plan:
    """What to generate: questions, difficulty, seats. The same plan always gives the same bytes.

    ``redraws`` holds file name, question and number of those that were drawn again; ``settings`` are those of an
    instructor's file.
    """

    questions: tuple[str, ...]
    difficulty: str
    seats: tuple[Seat, ...]
    redraws: tuple[tuple[str, str, int], ...] = ()
    settings: Settings = PLAIN

    def redraws_of(self, slug: str) -> dict[str, int]:
        """The questions of one learner that were drawn again, and how often."""
        return {question: number for own, question, number in self.redraws if own == slug}

    def sheet(self, seat: Seat) -> Sheet:
        """One learner's sheet, drawn alone."""
        redraws = self.redraws_of(seat.slug)
        made = make_sheet(self.questions, seat.seed, seat.learner, self.difficulty, redraws, self.settings)
        return replace(made, id=seat.id)

    def opened(self, seat: Seat, tasks: Sequence[Any]) -> Sheet:
        """One learner's sheet, from its tasks."""
        found = open_sheet({"tasks": tasks}, self.settings.private)
        return titled(found, seat, self.settings.title, self.settings.date, self.settings.language)


def titled(sheet: Sheet, seat: Seat, title: str, date: str, language: str) -> Sheet:
    """A sheet with whose it is, and what the instructor calls it.

    >>> titled(make_sheet(["loss"]), Seat("Ada Ash", "ada-ash", seed=7), "Test 1", "", "en").learner
    'Ada Ash'
    """
    return replace(sheet, learner=seat.learner, id=seat.id, title=title, date=date, language=language)


def seats(roster: Roster, seed: int) -> tuple[Seat, ...]:
    """A seat for each learner; the seed is the roster's own where it has one.

    >>> [seat.slug for seat in seats(numbered(2), seed=7)]
    ['learner-01', 'learner-02']
    """
    short = slugs([person.shown for person in roster.people])
    return tuple(
        Seat(one.shown, own, learner_seed(seed, one.shown) if one.seed is None else one.seed, one.id)
        for one, own in zip(roster.people, short, strict=True)
    )


def seeds_table(plan: Plan) -> str:
    """The learners, their seeds, what was redrawn for them, and the names of their files, in CSV.

    It is a roster from which each can be drawn alone.

    >>> print(seeds_table(plan(2, seed=7)), end="")
    learner,seed,redrawn,file
    learner 01,3739634645,,learner-01
    learner 02,365526623,,learner-02
    """
    redrawn = [" ".join(f"{id}:{number}" for id, number in plan.redraws_of(seat.slug).items()) for seat in plan.seats]
    rows = [
        (seat.learner, seat.seed, again, seat.slug, seat.id) for seat, again in zip(plan.seats, redrawn, strict=True)
    ]
    width = 5 if any(seat.id for seat in plan.seats) else 4
    return csv_text(row[:width] for row in [("learner", "seed", "redrawn", "file", "id"), *rows])


def plan(
    learners: int | str | Roster = 1,
    seed: int = 0,
    questions: Sequence[str] = DEFAULT_QUESTIONS,
    difficulty: str = "medium",
    settings: Settings = PLAIN,
) -> Plan:
    """A plan for so many learners, or those of a roster (or of its text), not yet compared with each other.

    >>> [seat.slug for seat in plan("Ada Ash").seats]
    ['ada-ash']
    """
    if isinstance(learners, int):
        learners = numbered(learners)
    roster = read_roster(learners) if isinstance(learners, str) else learners
    people = seats(roster, seed)
    redraws = [(seat.slug, *again) for seat, one in zip(people, roster.people, strict=True) for again in one.redrawn]
    return Plan(tuple(dict.fromkeys(questions)), difficulty, people, tuple(redraws), settings)


def marks_of(sheet: Sheet) -> dict[str, str]:
    """What tells a learner's exercises from another's, by question.

    >>> marks_of(make_sheet(["loss"], seed=1)) == marks_of(make_sheet(["loss"], seed=2))
    False
    """
    return {one.id: _mark(one) for one in sheet if not (one.id in SHARED or _few(one))}


def _few(exercise: Exercise) -> bool:
    """Has an own question so few forms that learners share them?"""
    return isinstance(exercise.bank, OwnQuestion) and exercise.bank.few


def _mark(exercise: Exercise) -> str:
    return digest(json.dumps(exercise.task.data(), sort_keys=True)).hex()


def settled(made: Plan, marks: Iterable[tuple[Seat, dict[str, str]]]) -> Plan:
    """The same plan with redraws for exercises that an earlier learner has too; ``marks`` in the order of the seats.

    A question that has no more forms is shared and not drawn again.
    """
    taken: set[tuple[str, str]] = set()
    spent: set[str] = set()
    redraws: list[tuple[str, str, int]] = []
    for seat, found in marks:
        before = made.redraws_of(seat.slug)
        for question, mark in found.items():
            own, first = mark, before.get(question, 0)
            number = first
            while (question, own) in taken and question not in spent:
                number += 1
                own = _mark(made.settings.drawn(question, seat.seed, made.difficulty, number))
                if number - first >= REDRAWS:
                    spent.add(question)
            if (question, own) in taken:
                number = first
            taken.add((question, own))
            if number:
                redraws.append((seat.slug, question, number))
    return replace(made, redraws=tuple(redraws))
