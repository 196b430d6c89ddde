"""A learner's walk with momentum: which share of the last step it keeps, how it uses the slope, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from bpkit.core.errors import BpkitError
from bpkit.core.expressions import symbol
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import number_read
from bpkit.core.updates import STATE, Momentum, before
from bpkit.mistakes.misconceptions.memory_slips import share_taken
from bpkit.mistakes.misconceptions.rule import Rule
from bpkit.mistakes.misconceptions.update_slips import rate_forgotten
from bpkit.mistakes.misconceptions.whereabouts import gradients, new_values

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
    if not isinstance(rule, Momentum) or rule.weight_decay:
        raise BpkitError(f"walk: expected a problem with Momentum as its update and no weight decay, got {rule!r}")
    return _told(problem, rule, places_of(problem, walk)[: LOOKED_AT + 1])


def places_of(problem: Problem, walk: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """A walk as a table, a row for each update and a column for each parameter, up to where it is about to overflow.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 0.5}, [1], [0])
    >>> places_of(problem, [[0.5], [0.4], [0.3], [1e200], [1e300]]).tolist()
    [[0.5], [0.4], [0.3]]
    """
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
    earlier = np.vstack([np.zeros_like(steps[:1]), steps[:-1]])
    slopes = np.array([_slopes(problem, place) for place in places[:-1]])
    parts = np.column_stack([earlier.ravel(), slopes.ravel()])
    (keeps, takes), *_ = np.linalg.lstsq(parts, steps.ravel())
    keeps, takes = (0.0 if _same(found, 0) else float(found) for found in (keeps, takes))
    if np.abs(parts @ (keeps, takes) - steps.ravel()).max() > ALMOST * np.abs(steps).max():
        made = "Your steps are not made of the step before and the slope alone. Look at both lines again."
        return Rolled(None, None, made)
    wanted = _by_lines(problem)
    if _same(keeps, wanted[0]) and _same(takes, wanted[1]):
        return Rolled(keeps, takes, f"Right. Your walk is that of bp.updates.Momentum({rule.beta!r}).", True)
    said = f"Your step is {_shares(keeps, takes)}. It should be {_shares(*wanted)}."
    return Rolled(keeps, takes, f"{said} {_why(problem, keeps, takes, *wanted)}")


def _shares(keeps: float, takes: float) -> str:
    sign = "−" if takes < 0 else "+"
    return f"{number_read(keeps, 3)} · the step before {sign} {number_read(abs(takes), 3)} · the slope"


def _slopes(problem: Problem, place: NDArray[np.float64]) -> list[float]:
    values = evaluate(problem.replace(**dict(zip(problem.parameters, map(float, place), strict=True))))
    return [float(values[f"dE_total/d{name}"]) for name in problem.parameters]


def _by_lines(problem: Problem, mistake: Rule | None = None) -> tuple[float, float]:
    """The shares by the lines of a parameter's update, or by what they are with a mistake; all have the same."""
    derivation = problem.derivation
    _, edits = next(mistake(derivation)) if mistake else ("", {})
    known = {s.lhs: edits[s.name](s.rhs) if s.name in edits else s.rhs for s in derivation if s.role is Role.UPDATE}
    name = problem.network.parameters[0]
    new, slope = new_values(derivation)[name], gradients(derivation)[name].lhs
    velocity = next(s for s in derivation if s.quantity.tag == STATE and s.quantity.of == new.quantity.of)
    kept = sp.diff(known[velocity.lhs], before(velocity.quantity).symbol)
    taken = sp.diff(known[new.lhs].xreplace(known), slope)
    given = {"learning_rate": problem.learning_rate, **problem.update.constants}
    keeps, takes = (float(one.subs({symbol(key): value for key, value in given.items()})) for one in (kept, taken))
    return keeps, takes


def _why(problem: Problem, keeps: float, takes: float, beta: float, right: float) -> str:
    """The first slip that explains one of the two numbers."""
    if takes > 0:
        return "You add the slope; the step goes against it."
    if _same(keeps, 0) and _same(takes, right):
        return "This is plain gradient descent: nothing of the old velocity is left in your step."
    if _same(takes, _by_lines(problem, rate_forgotten)[1]):
        return "You forgot to multiply by the learning rate."
    if _same(keeps, 1):
        return "You keep the whole old velocity. Multiply it by its share."
    if _same(takes, _by_lines(problem, share_taken)[1]):
        return "You take only a share of the slope. Momentum adds all of it."
    if _same(keeps, -beta):
        return "You subtract one of the two in the velocity. It adds them."
    if _same(keeps, beta):
        return "Look at how much of the slope your lines use."
    return "Look at the share of the old velocity in the first line."


def _same(one: float, other: float) -> bool:
    return abs(one - other) < ALMOST
