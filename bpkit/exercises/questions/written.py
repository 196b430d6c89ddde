"""What a learner writes: a formula, judged by its numbers, and a function, tried in the learner's own kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.parts import Part, Wrong
from bpkit.mistakes.formula import read_formula
from bpkit.mistakes.programs.review import Review

UNKNOWN = "Not right, and I do not recognise the mistake."


@dataclass(frozen=True)
class FormulaPart(Part):
    """A formula in given names, judged by its numbers at several settings, whatever its form.

    ``settings`` holds a number for each name, several times over, and ``right`` the value that each leads to.
    """

    right: str
    settings: tuple[Mapping[str, float], ...]

    @property
    def answer(self) -> str:
        """A right formula, in Python's spelling."""
        return self.right

    @property
    def written(self) -> str:
        """A right formula, as code."""
        return f"`{self.right}`"

    @property
    def names(self) -> frozenset[str]:
        """The names that the formula may use."""
        return frozenset(self.settings[0])

    def _at(self, text: object) -> tuple[float, ...]:
        formula = read_formula(text, self.names)  # type: ignore[arg-type]  # read_formula says what came
        return tuple(formula.at(setting) for setting in self.settings)

    @cached_property
    def _true(self) -> tuple[float, ...]:
        return self._at(self.right)

    @cached_property
    def _false(self) -> tuple[tuple[Wrong, tuple[float, ...]], ...]:
        return tuple((wrong, self._at(wrong.answer)) for wrong in self.wrong)

    def _judged(self, given: object, earlier: Mapping[str, Any]) -> Feedback:
        values = self._at(given)
        if _same(values, self._true):
            return Feedback("correct", "Right.")
        if not all(map(math.isfinite, values)):
            return Feedback("unknown", "Your formula has no value for some of the numbers that I put in.")
        found = [wrong for wrong, theirs in self._false if _same(values, theirs)]
        return self._named(found) if found else Feedback("unknown", UNKNOWN)


def _same(some: Sequence[float], others: Sequence[float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in zip(some, others, strict=True))


@dataclass(frozen=True)
class FunctionPart(Part):
    """A function to write, tried in the learner's own kernel on arguments that are not shown.

    ``right`` is a function that does it, ``trials`` the arguments; ``reviewed`` reviews a function that is one of
    backpropagation, line by line. Marking never runs what a learner wrote: there such an answer is left to the
    instructor.
    """

    right: Callable[..., Any]
    trials: tuple[tuple[Any, ...], ...]
    reviewed: Callable[[Callable[..., Any]], Review] | None = None

    @property
    def answer(self) -> Callable[..., Any]:
        """A function that is right."""
        return self.right

    @property
    def written(self) -> str:
        """The name of the function, which the worked solution shows."""
        return f"`{self.asks.split('`')[1].partition('(')[0]}`, as above"

    def _judged(self, given: object, earlier: Mapping[str, Any]) -> Feedback:
        if not callable(given):
            raise BpkitError(f"answer: expected a function, got {type(given).__name__}; give its name without quotes")
        if self.reviewed and given is not self.right:
            found = self.reviewed(given)
            if found.verdict != "correct":
                return _from_review(found)
        return self._tried(given)

    def _tried(self, given: Callable[..., Any]) -> Feedback:
        results = []
        for trial in self.trials:
            try:
                results.append(_flat(given(*_copies(trial))))
            except Exception as error:  # whatever a learner's function raises is an answer to comment on
                return Feedback("unknown", f"Your function stopped with {type(error).__name__}: {str(error)[:120]}.")
        expected = [_flat(self.right(*_copies(trial))) for trial in self.trials]
        for result, wanted in zip(results, expected, strict=True):
            if [one.shape for one in result] != [one.shape for one in wanted]:
                shapes = [tuple(map(list, (one.shape for one in arrays))) for arrays in (wanted, result)]
                return Feedback("unknown", f"Your arrays have the shapes {shapes[1]}; they should have {shapes[0]}.")
        if _agree(results, expected):
            return Feedback("correct", "Right. Your function gives the right numbers on every network that I tried.")
        known = () if self.reviewed else self.wrong
        found = [w for w in known if _agree(results, [_flat(w.answer(*_copies(trial))) for trial in self.trials])]
        return self._named(found) if found else Feedback("unknown", f"{UNKNOWN} Your function gives other numbers.")


def _from_review(found: Review) -> Feedback:
    """What a review says, with the share of the arrays that are right."""
    names = tuple(dict.fromkeys(bug.name for bug in found.misconceptions))[: 1 if found.sure else None]
    verdict = "misconception" if found.verdict == "misconception" else "unknown"
    share = sum(found.parts.values()) / len(found.parts) if found.parts else 0.0
    return Feedback(verdict, f"Not right: {found.message}" if names else found.message, names, share)


def _copies(trial: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments of its own for each call, so that a function that changes them harms nothing."""
    return tuple(_copy(one) for one in trial)


def _copy(one: Any) -> Any:
    if isinstance(one, list):
        return [part.copy() for part in one]
    return one.copy() if isinstance(one, np.ndarray) else one


def _flat(result: object) -> list[Any]:
    many = result if isinstance(result, list | tuple) else [result]
    if many and not any(map(np.ndim, many)):  # a list of numbers is an array too
        many = [many]
    return [np.asarray(one, dtype=float) for one in many]


def _agree(some: list[list[Any]], others: list[list[Any]]) -> bool:
    pairs = ((a, b) for left, right in zip(some, others) for a, b in zip(left, right))
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9) for a, b in pairs)
