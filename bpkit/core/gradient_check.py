"""Nudges every parameter and compares what the loss does with what the derivation says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from bpkit.core.derive import derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.numeric import Values, evaluate, loss_over, single
from bpkit.core.problem import Problem

STEP = 1e-5
TOLERANCE = 1e-6


@dataclass(frozen=True)
class GradientRow:
    """One parameter: its derivative, the difference quotient, and how far they differ relative to the larger.

    Where both are too small for a difference of losses to show, ``error`` is relative to what it can show.
    """

    parameter: str
    derived: float
    measured: float
    error: float

    @property
    def relative(self) -> float:
        """How far the two differ, relative to the larger, however small they are."""
        larger = max(abs(self.derived), abs(self.measured))
        return abs(self.derived - self.measured) / larger if larger else 0.0

    def unresolved(self, tolerance: float = TOLERANCE) -> bool:
        """Whether the two differ by more than the tolerance, but by no more than rounding makes of the losses."""
        return self.error <= tolerance < self.relative


@dataclass(frozen=True, repr=False)
class GradientCheck:
    """The derivatives beside their difference quotients; ``worst`` is the row that differs most.

    ``passed`` is True when no row differs by more than ``tolerance``, relative to the larger of the two, or, where
    both are too small for a difference of floats to resolve, to what it resolves.
    """

    rows: tuple[GradientRow, ...]
    step: float
    tolerance: float

    @property
    def worst(self) -> GradientRow:
        """The row with the largest error."""
        return max(self.rows, key=lambda row: row.error if row.error == row.error else float("inf"))

    @property
    def passed(self) -> bool:
        """True when every derivative agrees with its difference quotient."""
        return all(row.error <= self.tolerance for row in self.rows)

    def __repr__(self) -> str:
        from bpkit.show.table import check_text

        return check_text(self)

    def _repr_html_(self) -> str:
        from bpkit.show.table import check_html

        return check_html(self)


def difference_quotient(
    problem: Problem, parameter: str, h: ArrayLike, central: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The loss's difference over a small step in one parameter, divided by the step: for one h or an array of them.

    ``central`` steps h to both sides, (E(w + h) - E(w - h)) / 2h, else to one, (E(w + h) - E(w)) / h. Returns the
    quotients and the losses above, E(w + h).
    """
    value, h = problem.parameters[parameter], np.asarray(h, dtype=float)
    below = value - h if central else np.full_like(h, value)
    losses = loss_over(problem, **{parameter: np.stack([value + h, below])})
    with np.errstate(all="ignore"):
        return (losses[0] - losses[1]) / (2 * h if central else h), losses[0]


def _passed_on(problem: Problem, values: Values) -> float:
    """What the loss makes of a rounded output (or net, where it is computed from that): near its target far more than
    the last place of the loss itself.
    """
    parts = [0.0]
    for neuron in problem.network.outputs:
        from_net = sp.Symbol(f"net_{neuron}") in derive(problem.network)[f"E_{neuron}"].stable.free_symbols
        name = f"net_{neuron}" if from_net else f"out_{neuron}"
        parts.append(float(np.mean(np.abs(values[f"dE/d{name}"] * values[name]))))
    return sum(parts)


def check_gradient(
    problem: Problem,
    gradient: Mapping[str, float] | None = None,
    step: float = STEP,
    tolerance: float = TOLERANCE,
) -> GradientCheck:
    """Compare each derivative with (E(w + h) - E(w - h)) / 2h.

    ``gradient`` may hold derivatives from elsewhere, by parameter name, to be checked in place of the derivation's;
    ``step`` is h, scaled with the parameter where that is larger than 1. Returns a ``GradientCheck``. A kink (ReLU
    at 0) can make an honest derivative fail: the quotient then straddles it.

    Shapes: one row for each parameter. Units: none; differences are relative.
    Errors: ``BpkitError`` for a name that is no parameter and for a step that is not above 0.
    Source: the central difference, see Bishop, "Pattern Recognition and Machine Learning" (2006), section 5.3.3.

    >>> import bpkit as bp
    >>> bp.check_gradient(bp.examples.article.problem).passed
    True
    """
    if not isinstance(problem, Problem):
        single(problem, "check_gradient")
    names = problem.network.parameters
    if not names:
        raise BpkitError("check_gradient: expected a network with weights, got one without")
    if not (isinstance(step, int | float) and 0 < step < 1):
        raise BpkitError(f"check_gradient: expected a step between 0 and 1, got {step!r}; 1e-5 is usual")
    values = evaluate(problem)
    if gradient is None:
        gradient = {name: values[f"dE/d{name}"] for name in names}
    if not gradient:
        raise BpkitError(
            "check_gradient: expected derivatives by parameter name, got none; leave gradient out to check all"
        )
    for name in gradient:
        if name not in names:
            raise BpkitError(f"check_gradient: this network has no {name!r}{suggest(name, names)}")
    loss, passed_on = float(loss_over(problem)), _passed_on(problem, values)
    rows = []
    for name, derived in gradient.items():
        value = problem.parameters[name]
        h = step * max(1.0, abs(value))
        measured, above = map(float, difference_quotient(problem, name, h))
        # What rounding alone can make of the quotient: a few units in the last place of the loss, over 2h.
        noise = 8 * 2.2e-16 * (max(abs(loss), abs(above)) + passed_on) / (2 * h)
        scale = max(abs(derived), abs(measured), noise / tolerance)
        error = abs(derived - measured) / scale if scale else 0.0
        rows.append(GradientRow(name, float(derived), measured, error))
    return GradientCheck(tuple(rows), step, tolerance)
