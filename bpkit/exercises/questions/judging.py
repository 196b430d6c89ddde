"""Judges the answers of a sheet together: each in the light of those before it in the same exercise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bpkit.exercises.questions.answers import NotRead
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.parts import NumberPart, Part
from bpkit.exercises.questions.written import FunctionPart
from bpkit.mistakes.question import question

if TYPE_CHECKING:  # both are made of exercises, which ask this module
    from bpkit.exercises.marking.submissions import Submission
    from bpkit.exercises.sheets.sheet import Sheet

BY_HAND = "by hand"
WRONG = ("few_digits", "misconception", "unknown")  # what a later answer may follow from


@dataclass(frozen=True)
class Mark:
    """One answer: what was written, what is to be said about it, its points, and why an instructor should look."""

    key: str
    question: str
    given: str
    feedback: Feedback
    points: float
    worth: float
    remark: str = ""


def mark_sheet(sheet: Sheet, answers: Mapping[str, Any], source: Submission | None = None) -> tuple[Mark, ...]:
    """The marks of all answers of a sheet, by key; an answer that is missing earns nothing.

    >>> import bpkit as bp
    >>> [(mark.key, mark.points, mark.worth) for mark in mark_sheet(bp.exercises.make_sheet(["loss"]), {})]
    [('1', 0.0, 1.0)]
    """
    marks = []
    for number in dict.fromkeys(number for number, _ in sheet.places.values()):
        parts = {key: sheet.parts[key] for key, (own, _) in sheet.places.items() if own == number}
        for key, feedback in judge_all(parts, answers).items():
            found, value, worth = source.answers.get(key) if source else None, answers.get(key), parts[key].points
            given = found.text if found else "" if value is None else str(value)
            remark = found.remark if found else ""
            marks.append(Mark(key, sheet[number].id, given[:200], feedback, feedback.share * worth, worth, remark))
    return tuple(marks)


def judge_all(parts: Mapping[str, Part], answers: Mapping[str, Any], run: bool = False) -> dict[str, Feedback]:
    """What is to be said about each answer of one exercise, in the light of those before it.

    This is the one way to a verdict: of an exercise's and a sheet's ``check``, of a box on a page, of marking and of
    nbgrader. Functions are tried only where ``run`` says so.

    >>> judge_all({"a": NumberPart("E?", 0.2335)}, {"a": "0.2335"})
    {'a': correct: Right.}
    """
    found: dict[str, Feedback] = {}
    wrong: list[tuple[NumberPart, Any]] = []
    for key, part in parts.items():
        value = answers.get(key)
        found[key] = _safely(part, value, _earlier(part, wrong), run)
        if isinstance(part, NumberPart) and found[key].verdict in WRONG:
            wrong.append((part, value))
    return found


def _earlier(part: Part, wrong: Sequence[tuple[NumberPart, Any]]) -> dict[str, Any]:
    """The earlier answers of the same problem that a number may follow from, by quantity, as they were typed.

    What follows from them itself is no slip and is left out, so that a learner is sent only to the slip.
    """
    problem = part.problem if isinstance(part, NumberPart) else None
    if problem is None:
        return {}
    asked = ((one.quantity, value) for one, value in wrong if one.problem == problem and one.quantity)
    return {quantity: value for quantity, value in asked if not question(problem, quantity).updates}


def _safely(part: Part, value: Any, earlier: Mapping[str, Any], run: bool) -> Feedback:
    """The same as ``_judged``; an answer that breaks its own judgement keeps no other from being judged."""
    try:
        return _judged(part, value, earlier, run)
    except Exception as error:
        return Feedback("unreadable", f"The answer could not be judged ({type(error).__name__}).")


def _judged(part: Part, value: Any, earlier: Mapping[str, Any], run: bool) -> Feedback:
    if isinstance(part, FunctionPart) and not run:
        return Feedback(
            BY_HAND, "Marking runs no code. Your instructor marks this function; it is kept in the folder code."
        )
    if isinstance(value, NotRead):
        return Feedback("unreadable", value.why)
    return part.judge(value, earlier)
