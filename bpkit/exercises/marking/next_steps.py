"""What a learner should practise next: for each mistake a question of the bank that shows it, with new numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bpkit.exercises.marking.standing import Standing
from bpkit.exercises.marking.statistics import earned, number_of
from bpkit.exercises.questions.bank import QUESTIONS
from bpkit.exercises.questions.exercise import Question
from bpkit.exercises.questions.practice.next_question import FUNCTIONS, PICTURES
from bpkit.exercises.questions.streams import digest

MOST = 5
SEEDS = 1000
ASKABLE = tuple(question for question in QUESTIONS if question.topic != FUNCTIONS)


@dataclass(frozen=True)
class NextStep:
    """A question to practise, with a seed, and why: misconceptions by name, and the numbers of the questions lost."""

    question: Question
    seed: int
    names: tuple[str, ...]
    numbers: tuple[str, ...]

    @property
    def in_terminal(self) -> bool:
        """Can it be asked in a terminal, which shows no pictures?"""
        return self.question.topic != PICTURES


def next_steps(one: Standing, taken: int) -> tuple[NextStep, ...]:
    """What to practise, misconceptions first; no seed is ``taken``, that of the sheet itself."""
    found: dict[str, list[tuple[str, str]]] = {}
    for question, name, number in sorted(_lost(one), key=lambda lost: not lost[1]):
        found.setdefault(question.id, []).append((name, number))
    known = {question.id: question for question in ASKABLE}
    return tuple(
        NextStep(
            known[id],
            _seed(one.slug, id, taken),
            tuple(dict.fromkeys(name for name, _ in why if name)),
            tuple(dict.fromkeys(number for _, number in why)),
        )
        for id, why in [*found.items()][:MOST]
    )


def _lost(one: Standing) -> Iterator[tuple[Question, str, str]]:
    """For each answer that lost points a question to practise, the misconception if there is one, and the number."""
    for mark in one.marks:
        if mark not in one.pending and earned(one, mark) < mark.worth - 1e-9:
            name = next(iter(mark.feedback.misconceptions), "")
            if question := _practises(mark.question, name):
                yield question, name, number_of(mark.key)


def _practises(id: str, name: str) -> Question | None:
    """The question of that id, or, if it cannot reveal a misconception, the nearest that can."""
    own = next((question for question in ASKABLE if question.id == id), None)
    reveal = [question for question in ASKABLE if name.partition(" and ")[0] in question.reveals]
    if own in reveal or not reveal:
        return own
    return next((question for question in reveal if own and question.topic == own.topic), reveal[0])


def _seed(slug: str, id: str, taken: int) -> int:
    """A short seed of the learner's own."""
    seed = 1 + int.from_bytes(digest("practice", slug, id)[:4], "big") % SEEDS
    return seed + SEEDS if seed == taken else seed
