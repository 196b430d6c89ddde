"""Draws exercises until they keep what generation guarantees; restores them from their public data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.core.model import Model
from bpkit.core.numeric import Values, evaluate
from bpkit.core.problem import Problem
from bpkit.exercises.questions.bank import QUESTIONS, find_question
from bpkit.exercises.questions.decimals import confused
from bpkit.exercises.questions.exercise import Content, Exercise, Question
from bpkit.exercises.questions.friendly_problems import LEVELS, alive
from bpkit.exercises.questions.own.content import OwnQuestion, restored, unsaid
from bpkit.exercises.questions.own.own_parts import OwnNumberPart
from bpkit.exercises.questions.parts import NumberPart, Wrong
from bpkit.exercises.questions.streams import stream
from bpkit.exercises.questions.task import Task, task_from
from bpkit.exercises.questions.written import FormulaPart
from bpkit.mistakes.hand_rounding import half_unit

SMALLEST, LARGEST = 2e-3, 10.0  # of the smallest, four decimals still show two digits
SHORTEST = 8e-3  # step of an update: a mistake in it shows in four decimals
WIDEST = 0.05  # of an answer: what rounding on paper may do to it
ATTEMPTS = 20_000
OWN_ATTEMPTS, OWN_LOOKS = 60, 12  # draws of an own question, and those looked at closely
MOST_SAID = 5  # remarks on an own question: in one with many the first explain the others
AGAIN = 20  # of which so many may look like the exercise that they are to be another of


def generate(
    question: str | Question,
    seed: int = 0,
    learner: str = "",
    difficulty: str = "medium",
    redraw: int = 0,
    like: Exercise | None = None,
) -> Exercise:
    """Draw the numbers of a question: the same seed, learner and question always give the same exercise.

    ``difficulty`` is easy, medium or hard; ``redraw`` takes the next numbers of the same stream; ``like`` is an
    exercise of the same question, whose network is kept if numbers are asked, and never the whole text.
    Every key is proven three ways before the exercise is handed out. Raises ``BpkitError`` for a question that the bank
    does not have. An own question may break the other guarantees where its numbers leave no choice: ``concerns`` says
    which.

    >>> import bpkit as bp
    >>> exercise = bp.exercises.generate("hidden-weight", seed=7)
    >>> exercise.check(exercise.answer).verdict
    'correct'
    """
    template = find_question(question) if isinstance(question, str) else question
    if difficulty not in LEVELS:
        raise BpkitError(f"difficulty: expected easy, medium or hard, got {difficulty!r}; medium is usual")
    rng, again = stream(seed, learner, template.id, redraw), 0
    if isinstance(template, OwnQuestion):
        return _least_flawed(template, rng, difficulty)
    for _ in range(ATTEMPTS):
        task = template.draw(rng, difficulty)
        if (like and _same_network(like) and not _alike(task, like.task)) or not _promising(task):
            continue
        exercise = Exercise(template, task)
        if any(flaws(exercise)):
            continue
        if like and again < AGAIN and seen_of(exercise) == seen_of(like):
            again += 1
        else:
            proven(exercise)
            return exercise
    raise BpkitError(
        f"generate: no friendly numbers found for {template.id!r} at difficulty {difficulty!r} in {ATTEMPTS} draws; "
        "take another seed or difficulty"
    )


def _least_flawed(template: OwnQuestion, rng: np.random.Generator, difficulty: str) -> Exercise:
    """An own question with numbers that keep every guarantee, or else break the fewest of those looked at."""
    looked: list[tuple[int, Exercise]] = []
    rest: Exercise | None = None
    for _ in range(min(template.variety, OWN_ATTEMPTS)):
        exercise = Exercise(template, template.draw(rng, difficulty))
        if not _promising(exercise.task):
            rest = rest or exercise
            continue
        looked.append((sum(1 for _ in flaws(exercise)), exercise))
        if not looked[-1][0] or len(looked) == OWN_LOOKS:
            break
    found = min(looked, key=lambda one: one[0])[1] if looked else rest
    assert found, "variety is at least 1"
    proven(found)
    return found


def concerns(exercise: Exercise, several: bool = True) -> tuple[str, ...]:
    """What an instructor should know about an own question with these numbers: the guarantees that it breaks.

    Each is said once, what explains others first; ``several`` learners should not share a problem.
    """
    return tuple(dict.fromkeys(_concerns(exercise, several))) if isinstance(exercise.bank, OwnQuestion) else ()


def remarks(exercise: Exercise) -> Iterator[str]:
    """The same in a few sentences: the first ones, and how many more there are."""
    found = concerns(exercise)
    yield from (f"Please look at this: {one}." for one in found[:MOST_SAID])
    if len(found) > MOST_SAID:
        yield f"And {len(found) - MOST_SAID} more like these."


def _concerns(exercise: Exercise, several: bool) -> Iterator[str]:
    yield from _lifeless(exercise)
    yield from unsaid(exercise.task)
    for letter, part in exercise.parts.items():
        if isinstance(part, OwnNumberPart) and part.within is not None and part.within < part.tolerance:
            yield f"{letter}: the tolerance is smaller than what rounding to {part.digits} digits needs, which counts"
    own = exercise.bank
    if several and isinstance(own, OwnQuestion) and own.few and exercise.task.problems:
        many = "one problem" if own.variety == 1 else f"at most {own.variety} problems"
        yield f"its numbers allow {many}, so learners may share one"
    yield from flaws(exercise)


def worth(exercise: Exercise, points: float) -> Exercise:
    """The same exercise, worth so many points in all.

    >>> worth(generate("loss"), 5).points
    5.0
    """
    task = replace(exercise.task, points=points)
    return Exercise(_scaled(exercise.bank, points), task)


def _scaled(template: Question, points: float) -> Question:
    """A question whose parts are worth so many points together, in the same proportions."""

    def build(task: Task) -> Content:
        content = template.build(task)
        whole, given, parts = sum(part.points for part in content.parts), 0.0, []
        for part in content.parts[:-1]:
            parts.append(replace(part, points=part.points * points / whole))
            given += parts[-1].points
        return replace(content, parts=(*parts, replace(content.parts[-1], points=points - given)))

    return replace(template, build=build)


def _same_network(like: Exercise) -> bool:
    """Is it the numbers that are new, or the network itself, as where paths or shapes are asked?"""
    return any(isinstance(part, NumberPart | FormulaPart) for part in like.content.parts)


def seen_of(one: Exercise) -> tuple[object, ...]:
    """What a learner sees of an exercise; the same options in another order are nothing new."""
    picture = one.content.picture() if one.content.picture else None
    asked = ((part.asks, frozenset(getattr(part, "options", ()))) for part in one.content.parts)
    return one.content.tell(), *asked, picture and picture.caption


def _alike(task: Task, other: Task) -> bool:
    return [one.network for one in task.problems] == [one.network for one in other.problems]


def restore(task: Task | Mapping[str, Any], private: Mapping[str, Any] = MappingProxyType({})) -> Exercise:
    """The exercise of a task, or of a task's plain data: right and wrong answers are worked out anew.

    ``private`` holds the answers of own questions that an instructor typed, by the questions' ids.

    >>> exercise = generate("loss", seed=7)
    >>> restore(exercise.task.data()).question == exercise.question
    True
    """
    found = task if isinstance(task, Task) else task_from(task)
    if isinstance(mine := private.get(found.question), Mapping):
        found = replace(found, private=mine)
    template = restored(found) if "own" in found.about else find_question(found.question)
    return Exercise(template if found.points is None else _scaled(template, found.points), found)


def _promising(task: Task) -> bool:
    """Looks only at the numbers, before wrong answers and text are made; what fails most often comes first."""
    asks = task.about.get("asks", ())
    return all(_asked_well(evaluate(one), asks) and _lives(one) for one in task.problems)


def _lives(problem: Problem) -> bool:
    """Is every neuron alive, in every sample?"""
    whole = not (problem.is_batch and isinstance(problem.network, Model))
    each = [problem] if whole else [problem.sample(row) for row in range(problem.n_samples)]
    return all(alive(evaluate(one)) for one in each)


def _asked_well(values: Values, asks: Sequence[str]) -> bool:
    """Pleasant numbers, and updates that move their parameter well before the digits asked end."""
    problem = values.problem
    new = ((values[name], problem.derivation[name].quantity) for name in asks)
    steps = (value - problem.parameters[one.of.name] for value, one in new if one.of and one.mark)
    return all(_pleasant(values[name]) for name in asks) and all(abs(step) >= SHORTEST for step in steps)


def _pleasant(value: float) -> bool:
    """Neither tiny nor large, with three digits that are no trailing zeros: such an answer can be searched for."""
    return SMALLEST <= abs(value) < LARGEST and f"{value:.2e}".partition("e")[0][-1] != "0"


def _lifeless(exercise: Exercise) -> Iterator[str]:
    if not all(map(_lives, exercise.task.problems)):
        yield "a neuron is saturated or dead, or two numbers of a window are nearly the same"


def flaws(exercise: Exercise) -> Iterator[str]:
    """Why an exercise is not handed out; nothing for one that keeps every guarantee.

    >>> list(flaws(generate("loss")))
    []
    """
    yield from _lifeless(exercise)
    for letter, part in exercise.parts.items():
        if isinstance(part, NumberPart):
            if not _pleasant(part.right):
                yield f"{letter}: the answer {part.right:g} is too small, too large or too round"
            if part.slack >= WIDEST * abs(part.right):
                yield f"{letter}: rounding on paper could carry {part.right:g} off by {part.slack:.2g}"
            yield from (f"{letter}: {why}" for why in _mixed_up(part, exercise.bank.reveals))
            if f"{abs(part.right):.3g}" in exercise.question:
                yield f"{letter}: the answer {part.right:.3g} stands in the question"


def _mixed_up(part: NumberPart, declared: tuple[str, ...]) -> Iterator[str]:
    """Right and wrong numbers that are too close to each other to be told apart."""
    for wrong in confused(part):
        yield f"{wrong.name} leads to {wrong.answer:g}, and four decimals do not tell that from {part.right:g}"
    meant = [wrong for wrong in part.wrong if wrong.name in declared]
    safe = part.room
    for wrong in meant:
        if abs(wrong.answer - part.right) <= safe + part.reach(wrong):
            yield f"{wrong.name} leads to {wrong.answer:g}, too close to {part.right:g}"
    for one, other in combinations(meant, 2):
        if one.name != other.name and not twins(one, other):
            room = half_unit(one.answer, part.digits) + half_unit(other.answer, part.digits)
            if abs(one.answer - other.answer) <= room:
                yield f"{one.name} and {other.name} lead to {one.answer:g} and {other.answer:g}"


def twins(one: Wrong, other: Wrong) -> bool:
    """True for two misconceptions that lead to the same number whatever the numbers are: no draw can part them.

    >>> twins(Wrong("adds the gradient", "", 0.3926), Wrong("swaps the sign", "", 0.3926))
    True
    """
    scale = max(abs(one.answer), abs(other.answer))
    return bool(abs(one.answer - other.answer) <= 1e-9 * scale)


def indistinct(exercise: Exercise) -> tuple[tuple[str, str, str], ...]:
    """Part and names of declared misconceptions that the exercise cannot tell apart, for the report."""
    found = {
        (letter, *sorted((one.name, other.name)))
        for letter, part in exercise.parts.items()
        if isinstance(part, NumberPart)
        for one, other in combinations([w for w in part.wrong if w.name in exercise.bank.reveals], 2)
        if one.name != other.name and twins(one, other)
    }
    return tuple(sorted(found))  # type: ignore[arg-type]  # each is a letter and two names


def proven(exercise: Exercise) -> None:
    """Prove every number of the key three ways; a key that fails is a defect of the kit, and said so loudly.

    Own numbers may be at a place where there is no derivative, such as a net input of 0 before a ReLU.

    >>> proven(generate("loss"))
    """
    for letter, part in exercise.parts.items():
        if isinstance(part, NumberPart) and part.proof:
            proof = part.proof()
            if not proof.holds or proof.derived != part.right:
                own = isinstance(exercise.bank, OwnQuestion)
                raise BpkitError(
                    f"key of {exercise.id} {letter}: expected {proof.quantity} to come out alike three ways, "
                    f"got {proof.derived!r}, {proof.measured!r} and {proof.precise!r}; "
                    f"{'choose other numbers: these may have no derivative' if own else 'please report this'}"
                )


def questions(topics: tuple[str, ...] = ()) -> tuple[Question, ...]:
    """The questions of the bank, all or those of some topics.

    >>> [question.id for question in questions(("code",))]
    ['code']
    """
    return tuple(question for question in QUESTIONS if not topics or question.topic in topics)
