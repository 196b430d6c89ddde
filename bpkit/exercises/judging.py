"""Judges the answers of a sheet together: each in the light of those before it in the same exercise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bpkit.core.derivation import Derivation
from bpkit.core.numeric import evaluate_given
from bpkit.core.problem import Problem
from bpkit.exercises.answers import NotRead
from bpkit.exercises.feedback import Feedback
from bpkit.exercises.parts import NumberPart, Part
from bpkit.exercises.written import FunctionPart
from bpkit.mistakes.hand_rounding import half_unit
from bpkit.mistakes.question import question
from bpkit.mistakes.typed_number import read

if TYPE_CHECKING:  # both are made of exercises, which ask this module
    from bpkit.exercises.sheet import Sheet
    from bpkit.exercises.submissions import Submission

BY_HAND = "by hand"


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
    """The marks of all answers of a sheet, by key; an answer that is missing earns nothing."""
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
    """
    found: dict[str, Feedback] = {}
    before: list[Before] = []
    for key, part in parts.items():
        found[key] = _safely(part, answers.get(key), before, run)
        if isinstance(part, NumberPart) and found[key].verdict not in ("blank", "unreadable"):
            before.append(Before(part, read(answers[key]).value, found[key]))
    return found


@dataclass(frozen=True)
class Before:
    """An earlier answer of the same exercise, and what was said about it."""

    part: NumberPart
    value: float
    feedback: Feedback


def _safely(part: Part, value: Any, before: Sequence[Before], run: bool) -> Feedback:
    """The same as ``_judged``; an answer that nobody thought of keeps no other from being judged."""
    try:
        return _judged(part, value, before, run)
    except Exception as error:
        return Feedback("unreadable", f"The answer could not be judged ({type(error).__name__}).")


def _judged(part: Part, value: Any, before: Sequence[Before], run: bool) -> Feedback:
    if isinstance(part, FunctionPart) and not run:
        return Feedback(BY_HAND, "Marking runs no code: look at it, or let nbgrader run it.")
    if isinstance(value, NotRead):
        return Feedback("unreadable", value.why)
    feedback = part.judge(value)
    if feedback or not isinstance(part, NumberPart) or feedback.verdict in ("blank", "unreadable"):
        return feedback
    found = carried(part, read(value).value, feedback, before)
    return feedback if found is None else found


def carried(part: NumberPart, value: float, usual: Feedback, before: Sequence[Before]) -> Feedback | None:
    """Right, given what was wrong before? None when it is not, or when nothing before it was wrong."""
    wrong = _wrong_before(part, before)
    if not wrong or part.quantity is None or part.problem is None:
        return None
    given = {str(one.part.quantity): one.value for one in wrong}
    # The slips themselves; what was right given them is not named again.
    first = [str(one.part.quantity) for one in wrong if one.feedback.verdict != "carried"]
    names = ", ".join(first or given)
    if trivial := [name for name, number in given.items() if number in (0.0, 1.0, -1.0)]:
        return _not_carried(usual, f"{trivial[0]} = {given[trivial[0]]:g}")
    expected = _onward(part.problem, given)[part.quantity]
    if not math.isfinite(expected) or abs(expected) < 1e-3 * abs(part.right):
        return _not_carried(usual, names)
    reach = max(half_unit(expected, part.digits), part.slack * abs(expected / part.right)) * (1 + 1e-9)
    for one in wrong:  # what was typed is rounded, and may have been carried on unrounded
        name = str(one.part.quantity)
        off = {**given, name: one.value + half_unit(one.value, one.part.digits)}
        reach += abs(_onward(part.problem, off)[part.quantity] - expected)
    if abs(value - expected) > reach:
        return None
    return Feedback("carried", f"{value:g} is right, given your {names}.")


@lru_cache(maxsize=64)
def _repeats(known: Derivation) -> Mapping[str, str]:
    """Lines that only say another slope once more: where one output alone counts, dE_total/dnet_o1 = dE_o1/dnet_o1."""
    copies = ((step, known.by_name.get(str(step.rhs))) for step in known)
    return MappingProxyType({s.name: of.name for s, of in copies if of and of.quantity.by == s.quantity.by})


def _onward(problem: Problem, given: Mapping[str, float]) -> Mapping[str, float]:
    """Every quantity, gone on with from what is given; the lines rest on the other name of a slope, not on its own."""
    repeats = _repeats(problem.derivation)
    return evaluate_given(problem, {**{repeats[name]: given[name] for name in given if name in repeats}, **given})


def _wrong_before(part: NumberPart, before: Sequence[Before]) -> list[Before]:
    """The earlier answers that are not the right numbers and that this one rests on."""
    if part.problem is None or part.quantity is None:
        return []
    if question(part.problem, part.quantity).updates:
        return []
    rests_on = {step.name for step in part.problem.derivation.toward(part.quantity)}
    rests_on |= {name for name, other in _repeats(part.problem.derivation).items() if other in rests_on}
    return [
        one
        for one in before
        if one.part.problem == part.problem
        and one.part.quantity in rests_on
        and one.feedback.verdict not in ("correct", "rounded")
    ]


def _not_carried(usual: Feedback, what: str) -> Feedback:
    """The usual feedback, and why an earlier value was not taken as given."""
    why = f"{usual.message} It does not count as following from your {what}, which makes the rest trivial."
    return Feedback(usual.verdict, why, usual.misconceptions)
