"""What an nbgrader assignment's locked cells call: the points of an exercise, in the kernel that nbgrader runs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.answers import NotRead
from bpkit.exercises.questions.exercise import Exercise
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.generation import restore
from bpkit.exercises.questions.judging import judge_all
from bpkit.exercises.questions.written import FunctionPart
from bpkit.exercises.sheets.roll import on_roll, seat_mark

LARGEST = 1024  # bits of a whole number: what a float holds
LONGEST = 64


def grade(numbers: object, answers: object, number: int, points: float, roll: str) -> float:
    """The points of one exercise, as a plain float for nbgrader, with a line about every answer shown above it.

    ``numbers`` is the data of the learner, ``roll`` vouches for it: data that were changed, or are not theirs, earn
    nothing. Errors are carried forward as in marking; functions are tried. Nothing that an answer does reaches
    nbgrader: warnings are silent, what is printed to stderr is dropped, and an answer that fails is worth 0.
    """
    from IPython.display import Markdown, display  # only in a kernel

    earned = 0.0
    with _quiet():
        try:
            exercise = _exercise(numbers, number, roll)
            given = answers if type(answers) is dict else {}
            lines = _judged(exercise, number, given)
            share = sum(said.share * exercise.parts[letter].points for letter, said in lines.items()) / exercise.points
            earned = points * min(share, 1.0)
            message = "\n".join(f"- **{_key(exercise, number, letter)}** {said!r}" for letter, said in lines.items())
        except BpkitError as error:
            message = str(error)
    display(Markdown(message.replace("$", r"\$")))  # type: ignore[no-untyped-call]
    return float(earned)


def _exercise(numbers: object, number: int, roll: str) -> Exercise:
    """The exercise of the learner whose notebook this is; raises ``BpkitError`` where the numbers are not theirs."""
    try:
        data = json.loads(numbers) if type(numbers) is str else {}
        learner, slug, tasks, way = (data[name] for name in ("learner", "slug", "tasks", "way"))
        mine = on_roll(seat_mark(learner, slug, tasks), way, roll)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BpkitError("numbers: expected a learner's own, found none; take the cell from your own copy") from None
    if not mine:
        raise BpkitError("numbers: expected those that were handed out, got changed ones; nothing can be graded")
    # nbgrader runs a notebook in a folder that is named after the learner, and says when it does.
    if learner and os.environ.get("NBGRADER_EXECUTION") == "autograde" and not {learner, slug} & set(Path.cwd().parts):
        raise BpkitError(f"numbers: expected the learner's own, got those of {slug}; nothing can be graded")
    return restore(tasks[number - 1])


def _key(exercise: Exercise, number: int, letter: str) -> str:
    return f"{number}{letter if len(exercise.parts) > 1 else ''}"


def _judged(exercise: Exercise, number: int, answers: Mapping[Any, Any]) -> Mapping[str, Feedback]:
    """What is to be said about every answer, by letter; functions, which may leave the program, are tried alone."""
    parts = exercise.parts
    given = {letter: answers.get(_key(exercise, number, letter)) for letter in parts}
    said = judge_all(parts, {letter: plain(one) for letter, one in given.items()})
    tried = {k: _tried(part, given[k]) for k, part in parts.items() if isinstance(part, FunctionPart)}
    return {**said, **tried}


def _tried(part: FunctionPart, given: object) -> Feedback:
    try:
        return part.judge(given)
    except BaseException as error:  # a learner's function may do anything, leave the program included
        return Feedback("unreadable", f"The function ended with {type(error).__name__}.")


def plain(given: object, depth: int = 0) -> object:
    """An answer as values of Python's own; for anything else ``NotRead``, and nothing of it is called.

    >>> plain((np.float64(0.35), "up")), plain(print)
    ([0.35, 'up'], NotRead(why='neither a number, a word nor a list; write the value itself'))
    """
    if issubclass(type(given), np.generic):
        given = np.generic.item(given)  # type: ignore[call-overload]  # the class's own, whatever the object says
    kind = type(given)
    if given is None or given is ...:
        return None
    if kind in (bool, float, str):
        return given
    if kind is int:
        return given if given.bit_length() <= LARGEST else NotRead("the number is too large")  # type: ignore[attr-defined]
    if kind in (list, tuple, set, frozenset) and depth < 2 and len(given) <= LONGEST:  # type: ignore[arg-type]
        return [plain(one, depth + 1) for one in given]  # type: ignore[attr-defined]
    return NotRead("neither a number, a word nor a list; write the value itself")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
