"""What an own question asks for: numbers with a tolerance of their own, and answers that only the instructor knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bpkit.core.errors import BpkitError
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.updates import GradientDescent
from bpkit.exercises.questions.bank.batches import batch_slips, rounding
from bpkit.exercises.questions.bank.blocks import SHARED, SIGN
from bpkit.exercises.questions.bank.quantity_questions import (
    DIGITS,
    FINE_DIGITS,
    FORWARD,
    HIDDEN,
    OUTPUT,
    UPDATE,
    UPDATE_DIGITS,
    WEIGHT,
)
from bpkit.exercises.questions.feedback import Feedback
from bpkit.exercises.questions.judging import BY_HAND
from bpkit.exercises.questions.own.told import Told, reader_of
from bpkit.exercises.questions.parts import ExactPart, NumberPart, Part
from bpkit.exercises.questions.proof import prove
from bpkit.exercises.questions.slips import wrong_answers
from bpkit.exercises.questions.words import maths
from bpkit.mistakes.hand_rounding import paper_slack
from bpkit.mistakes.typed_number import read


@dataclass(frozen=True)
class OwnNumberPart(NumberPart):
    """A number whose tolerance an instructor may have chosen; an answer with all digits asked is right anyway."""

    within: float | None = None

    @property
    def tolerance(self) -> float:
        return max(super().tolerance, self.within or 0.0)

    def _judged(self, given: object, earlier: Mapping[str, Any]) -> Feedback:
        usual = super()._judged(given, earlier)
        if self.within is None or usual.verdict == "carried":
            return usual
        near = abs(read(given).judged.value - self.right) <= self.tolerance
        if near and not usual.accepted:
            return Feedback("rounded", f"Right: it is within the tolerance of ±{self.within:g}.")
        if usual.verdict == "rounded" and not near:
            return Feedback(
                "unknown", f"Not right: it is off by more than ±{self.within:g}. Keep more digits on the way."
            )
        return usual


@dataclass(frozen=True)
class HiddenPart(Part):
    """An answer that only the instructor knows, where it is not at hand: read, and not judged."""

    said: str
    options: tuple[str, ...] = ()

    @property
    def answer(self) -> None:
        """Nothing: it is not here."""

    def _judged(self, given: object, earlier: Mapping[str, Any]) -> Feedback:
        shown = ExactPart("", self.options[0] if self.options else 0, reader_at(self.options), self.options)
        value = shown.read(given)
        if self.options and value not in map(shown.read, self.options):
            raise BpkitError(f"answer: expected one of {', '.join(self.options)}, got {str(given)[:60]}")
        return Feedback(BY_HAND, self.said)


def reader_at(options: Sequence[str]) -> str:
    return reader_of(options) if options else "whole"


def quantity_part(problem: Problem, name: str, told: Told, before: Sequence[str]) -> NumberPart:
    """Ask for a quantity of the derivation, with every wrong value that the catalogue knows."""
    step, words = problem.derivation.target(name), told.words
    plain = problem.update == GradientDescent()
    digits = told.digits or (DIGITS if not step.quantity.mark else UPDATE_DIGITS if plain else FINE_DIGITS)
    right = float(evaluate(problem)[step.name])
    if not math.isfinite(right):
        raise BpkitError(f"asks: expected a quantity with a value, got {name}, which is {right} for these numbers")
    reveals = reveals_of(problem, name)
    asks = words.asks.format(maths(problem, step.name), words.of_batch * problem.is_batch, digits)
    known = partial(wrong_answers, problem, step.name, reveals)
    paper: Callable[[], float] = lambda: paper_slack(problem, step.name, digits)
    if problem.is_batch:
        known, paper = partial(batch_slips, problem, step.name), partial(rounding, problem, step.name, right, digits)
    return OwnNumberPart(
        asks,
        right,
        digits,
        paper if told.tolerance is None else 0.0,
        step.name,
        problem,
        partial(prove, problem, step.name),
        own=problem.is_batch,
        asked_before=tuple(before),
        known=known,
        within=told.tolerance,
    )


def reveals_of(problem: Problem, name: str) -> tuple[str, ...]:
    """The misconceptions that a quantity is likely to bring to light.

    >>> import bpkit as bp
    >>> reveals_of(bp.examples.article.problem, "w5_new")[:2]
    ('adds the gradient', 'forgets the learning rate')
    """
    quantity, network = problem.derivation.target(name).quantity, problem.network
    if problem.is_batch:
        return ("takes the sum instead of the mean", "takes the mean instead of the sum", "takes one sample for all")
    if quantity.mark:
        return (*UPDATE, *OUTPUT[:2])
    if not quantity.by:
        return FORWARD
    if not isinstance(network, Network):
        return (*SHARED, SIGN, "forgets the output slope", "forgets the hidden slope", "leaves out the input factor")
    if quantity.by.name in network.weights:
        return WEIGHT if network.weights[quantity.by.name][1] in network.outputs else HIDDEN
    return (*OUTPUT, "follows only one path", "forgets the hidden slope")
