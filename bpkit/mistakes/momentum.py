"""A learner's walk with momentum: which share of the last step it keeps, how it uses the slope, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bpkit.core.errors import BpkitError
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.updates import Momentum

LOOKED_AT = 4  # steps that show the two numbers; a wrong walk may overflow soon after
HUGE = 1e100  # the loss of such parameters can still be drawn
ALMOST = 1e-6  # as a share of the steps: nearer than this is the same


@dataclass(frozen=True)
class Rolled:
    """Each step of the walk is ``keeps`` times the step before plus ``takes`` times the slope; None if it is not."""

    keeps: float | None
    takes: float | None
    message: str
    right: bool = False


def rolled(problem: Problem, walk: Sequence[ArrayLike]) -> Rolled:
    """What the steps of a walk over a problem's parameters are made of, and what they should be made of.

    ``problem.update`` is the momentum that is wanted; ``walk`` has an array of all parameters for each update.

    Errors: ``BpkitError`` for another rule, and for a walk that is too short or has other parameters.
    """
    rule = problem.update
    if not isinstance(rule, Momentum):
        raise BpkitError(f"walk: expected a problem with Momentum as its update, got {rule!r}")
    return _told(problem, rule, places_of(problem, walk)[: LOOKED_AT + 1])


def places_of(problem: Problem, walk: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """A walk as a table, a row for each update and a column for each parameter, up to where it is about to overflow."""
    count = len(problem.parameters)
    try:
        places = np.array([np.ravel(np.asarray(one, float)) for one in walk])
    except (TypeError, ValueError):
        places = np.empty((0, 0))
    if len(places) <= LOOKED_AT or places.shape[1] != count:
        raise BpkitError(
            f"walk: expected {LOOKED_AT + 1} places or more, each with {count} numbers, got an array of shape "
            f"{places.shape}; append a copy of w before each update"
        )
    gone = ~(np.abs(places) < HUGE).all(axis=1)
    return places[: int(gone.argmax())] if gone.any() else places


def _told(problem: Problem, rule: Momentum, places: NDArray[np.float64]) -> Rolled:
    steps = np.diff(places, axis=0)
    if not steps.any():
        return Rolled(0.0, 0.0, "Nothing moves yet. Complete both lines, then run the cell again.")
    before = np.vstack([np.zeros_like(steps[:1]), steps[:-1]])
    slopes = np.array([_slopes(problem, place) for place in places[:-1]])
    parts = np.column_stack([before.ravel(), slopes.ravel()])
    (keeps, takes), *_ = np.linalg.lstsq(parts, steps.ravel())
    keeps, takes = (0.0 if _same(found, 0) else float(found) for found in (keeps, takes))
    if np.abs(parts @ (keeps, takes) - steps.ravel()).max() > ALMOST * np.abs(steps).max():
        made = "Your steps are not made of the step before and the slope alone. Look at both lines again."
        return Rolled(None, None, made)
    beta, rate = rule.beta, problem.learning_rate
    if _same(keeps, beta) and _same(takes, -rate):
        return Rolled(keeps, takes, f"Right. Your walk is that of bp.updates.Momentum({_n(beta)}).", True)
    sign = "−" if takes < 0 else "+"
    found = f"Your step is {_n(keeps)} · the step before {sign} {_n(abs(takes))} · the slope."
    wanted = f"It should be {_n(beta)} · the step before − {_n(rate)} · the slope."
    return Rolled(keeps, takes, f"{found} {wanted} {_why(keeps, takes, beta, rate)}")


def _slopes(problem: Problem, place: NDArray[np.float64]) -> list[float]:
    values = evaluate(problem.replace(**dict(zip(problem.parameters, map(float, place), strict=True))))
    return [float(values[f"dE_total/d{name}"]) for name in problem.parameters]


def _why(keeps: float, takes: float, beta: float, rate: float) -> str:
    """The first slip that explains one of the two numbers."""
    if takes > 0:
        return "You add the slope; the step goes against it."
    if _same(keeps, 0) and _same(takes, -rate):
        return "This is plain gradient descent: nothing of the old velocity is left in your step."
    if _same(takes, -1):
        return "You forgot to multiply by the learning rate."
    if _same(keeps, 1):
        return "You keep the whole old velocity. Multiply it by its share."
    if _same(takes, -rate * (1 - beta)):
        return "You take only a share of the slope. Momentum adds all of it."
    if _same(keeps, -beta):
        return "You subtract one of the two in the velocity. It adds them."
    if _same(keeps, beta):
        return "Look at how much of the slope your lines use."
    return "Look at the share of the old velocity in the first line."


def _same(one: float, other: float) -> bool:
    return abs(one - other) < ALMOST


def _n(value: float) -> str:
    return number(value, 3)
