"""A question bank for a learning system: so many variants of each question, whoever is in the class."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice

from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.parts import Part
from bpkit.exercises.questions.streams import digest, learner_seed
from bpkit.exercises.sheets.cohort import Plan, Seat

VARIANTS, MOST = 20, 500
TRIES = 20  # draws in a row without a new one, after which a question has no more forms


def check_variants(number: int) -> int:
    """The same number; ``BpkitError`` for one that a bank cannot have.

    >>> check_variants(0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bpkit.core.errors.BpkitError: variants: expected a number from 1 to 500, got 0; 20 is usual
    """
    if not 1 <= number <= MOST:
        raise BpkitError(f"variants: expected a number from 1 to {MOST}, got {number}; {VARIANTS} is usual")
    return number


def vary(made: Plan, question: str, seed: int, number: int) -> tuple[Exercise, ...]:
    """So many exercises of one question of a plan, no two alike; fewer where the question has fewer forms.

    They depend on the seed, not on the learners, so that the bank stays the same when a learner joins the class; and
    the first of them stay the same when more are asked for.
    """
    return tuple(islice(_different(made, question, seed), check_variants(number)))


def identity(exercise: Exercise, letter: str = "") -> str:
    """What tells a variant from all others, today and next year.

    >>> import bpkit as bp
    >>> one, other = bp.exercises.generate("loss", seed=1), bp.exercises.generate("loss", seed=2)
    >>> identity(one) == identity(bp.exercises.generate("loss", seed=1)), identity(one) == identity(other)
    (True, False)
    """
    return digest(json.dumps(exercise.task.data(), sort_keys=True), letter).hex()[:16]


def _different(made: Plan, question: str, seed: int) -> Iterator[Exercise]:
    seat, met, missed = Seat("", "variant", learner_seed(seed, "question bank")), set[str](), 0
    for again in count():
        alone = replace(made, questions=(question,), seats=(), redraws=((seat.slug, question, again),))
        exercise = alone.sheet(seat).exercises[0]
        mark = identity(exercise)
        if mark not in met:
            met.add(mark)
            missed = 0
            yield exercise
        elif (missed := missed + 1) == TRIES:
            return


def named(exercise: Exercise) -> Iterator[tuple[str, str, Part]]:
    """The parts of an exercise with what a bank calls each of them, and their letters.

    >>> import bpkit as bp
    >>> [name for name, letter, part in named(bp.exercises.generate("net-and-out"))]
    ['net-and-out a', 'net-and-out b']
    """
    for letter, part in exercise.parts.items():
        yield (f"{exercise.id} {letter}" if len(exercise.parts) > 1 else exercise.id), letter, part
