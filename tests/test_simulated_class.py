"""No misconception of the catalogue gets through the course: a learner who holds it is told so, and helped on."""

from __future__ import annotations

import math

import pytest
from simulated_class import (
    NAMES,
    NOTEBOOKS,
    TYPED,
    Box,
    Card,
    Caught,
    answer,
    first,
    followed,
    opened,
    plainly,
    questions,
    written,
)

from bpkit.exercises.questions.hints import hints, ways
from bpkit.exercises.questions.parts import ExactPart, NumberPart
from bpkit.exercises.questions.sitting import Sitting
from bpkit.exercises.questions.written import FormulaPart
from bpkit.mistakes.misconceptions import catalogue
from bpkit.mistakes.question import question

LESSONS = sorted(path.stem[:2] for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def found(name: str) -> Caught:
    one = first(name)
    assert one, f"no lesson catches {name!r}"
    return one


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_learner_without_misconceptions_is_right_everywhere(lesson: str) -> None:
    for one in questions(int(lesson)):
        if isinstance(one, Box):
            one.set(number=f"{one.asked.exact[one.asked.quantity]:.{TYPED}g}")
            assert one.done, one
        else:
            exercise = one.state.exercise
            said = Sitting(exercise, tuple(answer("", part) for part in exercise.content.parts)).feedback
            assert all(said), (exercise.id, said)


@pytest.mark.parametrize("name", NAMES)
def test_the_number_typed_is_that_of_the_lines_written_out(name: str) -> None:
    """Of one sample, before any update; for the rest there are programs in ``tests/mistakes``."""
    one = found(name)
    part = one.part if isinstance(one.part, NumberPart) else None
    asked = one.box.asked if one.box else question(part.problem, part.quantity) if part and part.quantity else None
    shapes = [mistake for mistake in catalogue(asked.derivation) if mistake.name == name] if asked else []
    if asked and shapes and not asked.updates and not asked.problem.is_batch:
        digits = part.digits if part else TYPED
        assert one.typed in {f"{plainly(asked, mistake):.{digits}g}" for mistake in shapes}


@pytest.mark.parametrize("name", NAMES)
def test_the_hints_after_it_lead_to_the_answer(name: str) -> None:
    one = found(name)
    if one.box:
        one.box.set(number=one.typed, line=True)
        right = one.box.asked.exact[one.box.asked.quantity]
        assert all(math.isclose(value, right, rel_tol=1e-5) for value in opened(one.box)), one.box
    elif isinstance(one.part, NumberPart) and ways(one.part):
        assert abs(float(one.typed) - one.part.right) > one.part.tolerance
        assert abs(followed(one.part, one) - one.part.right) <= one.part.tolerance
    elif isinstance(one.part, ExactPart) and one.part.options:
        leaves(one.part, one.typed)


def leaves(part: ExactPart, tried: str) -> None:
    """After a wrong try and all hints the right option is left, and at most one wrong one that no hint rules out."""
    said = hints(part)
    ruled = {option for option in part.options if f"It is not: {option}" in said}
    left = [option for option in part.options if option not in ruled and part.read(option) != part.read(tried)]
    assert part.read(part.answer) in map(part.read, left)
    assert len(left) <= 2 or (said and not ruled)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_hints_of_every_part_lead_to_its_answer(lesson: str) -> None:
    for card in (one for one in questions(int(lesson)) if isinstance(one, Card)):
        for part in card.state.exercise.content.parts:
            assert hints(part)
            if isinstance(part, NumberPart) and ways(part):
                assert abs(followed(part) - part.right) <= part.tolerance
            elif isinstance(part, FormulaPart):
                assert math.isclose(written(card, part), part._at(part.right)[0], rel_tol=1e-9)
            elif isinstance(part, ExactPart):
                for wrong in part.wrong if part.options else ():
                    leaves(part, str(wrong.answer))
