"""Derivatives measured by nudging a parameter: the difference quotient, and the ways in which it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
import sympy as sp

from bpkit.core.expressions import product, total
from bpkit.core.numeric import loss_over
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.evidence import Case
from bpkit.mistakes.misconceptions.whereabouts import ends
from bpkit.mistakes.question import Question
from bpkit.mistakes.rewrite import S
from bpkit.mistakes.verdict import Explanation

NUDGES = 10.0 ** -np.arange(1, 7)
LOST = 1e-15  # of a loss, by floats, so that a difference divided by a small h is not exact

ONE_SIDED = "takes a one-sided difference quotient"


def central(case: Case) -> float | None:
    """The nudge whose difference quotient, to both sides and divided by both, is the figure."""
    found = _measured(case.asked)
    if found is None:
        return None
    up, down, _ = found
    fitting = _fits(case, (up - down) / (2 * NUDGES), up / NUDGES)
    return float(NUDGES[fitting][0]) if fitting.any() else None


def slips(case: Case) -> list[Explanation]:
    """The mistakes of nudging that give the figure."""
    found = _measured(case.asked)
    if found is None:
        return []
    return [one for one in (_explained(case, *way) for way in _ways(*found)) if one]


def nudge(h: float) -> str:
    """A nudge as people write it: 0.00001.

    >>> nudge(1e-05)
    '0.00001'
    """
    return np.format_float_positional(h)


@lru_cache(maxsize=64)
def _measured(asked: Question) -> tuple[Array, Array, float] | None:
    """The loss with the parameter nudged up and down, and as it is; None for any other quantity than its derivative."""
    step = asked.derivation[asked.quantity]
    if step.role is not Role.GRADIENT:
        return None
    problem, name = asked.problem, ends(step)[1].name
    problem = problem.updated(asked.updates) if asked.updates else problem
    here = problem.parameters[name]
    losses = loss_over(problem, **{name: here + np.concatenate([NUDGES, -NUDGES, [0.0]])})
    return losses[: len(NUDGES)], losses[len(NUDGES) : -1], float(losses[-1])


def _ways(up: Array, down: Array, here: float) -> Iterator[tuple[str, str, str, str, Array, Array]]:
    """Name, what you do, why not, the formula, its values for every nudge, and the losses that its noise comes from."""
    h, both = NUDGES, "E({0} + h) − E({0} − h)"
    yield (
        "divides the difference by h instead of twice h",
        "divide the difference by h",
        "you nudge to both sides, so the two points are 2h apart",
        f"{both}|h",
        (up - down) / h,
        up / h,
    )
    yield (
        "does not divide the difference by h",
        "leave the difference of the two losses undivided",
        "a difference quotient divides it by the distance of the two points, 2h",
        both,
        up - down,
        up,
    )
    for side, formula, change in (
        ("up", "E({0} + h) − E({0})", up - here),
        ("down", "E({0}) − E({0} − h)", here - down),
    ):
        yield (
            ONE_SIDED,
            f"nudge {side} only",
            "a one-sided difference quotient is off by about half of h times the second derivative",
            f"{formula}|h",
            change / h,
            up / h,
        )
        yield (
            "divides a one-sided difference by twice h",
            f"nudge {side} only and divide by 2h",
            "the two points are only h apart",
            f"{formula}|2h",
            change / (2 * h),
            up / h,
        )
        yield (
            "does not divide the difference by h",
            f"nudge {side} only and leave the difference undivided",
            "a difference quotient divides it by h",
            formula,
            change,
            up,
        )


def _fits(case: Case, values: Array, losses: Array) -> Array:
    """Which of the values are the figure, as far as floats tell."""
    pairs = zip(values.tolist(), (LOST * np.abs(losses)).tolist())
    return np.array([case.figure.rounds(value) or abs(case.figure.value - value) <= noise for value, noise in pairs])


def _explained(
    case: Case, name: str, you: str, sentence: str, formula: str, values: Array, losses: Array
) -> Explanation | None:
    fitting = _fits(case, values, losses)
    if not fitting.any() or not case.figure.value:
        return None
    step = case.asked.derivation[case.asked.quantity]
    above, _, below = formula.format(ends(step)[1].name).partition("|")
    first, _, second = above.partition(" − ")
    written = total(S(first), -S(second))
    if below:
        written = product(written, sp.Pow(S(below), -1, evaluate=False))
    h = f"h = {nudge(NUDGES[fitting][0])}"
    return Explanation(name, you, sentence, step, replace(step, rhs=written), float(values[fitting][0]), h)
