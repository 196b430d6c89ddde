"""Nudges every parameter and compares what the loss does with what the derivation says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bpkit.core.arrays import by_name, entries, number, tables
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import names_in
from bpkit.core.numeric import Values, checked, evaluate, loss_over, settler
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.core.shown import Shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

STEP = 1e-5
TOLERANCE = 1e-6


@dataclass(frozen=True)
class GradientRow:
    """One parameter: its derivative, the difference quotient, and how far they differ relative to the larger.

    Where both are too small for a difference of losses to show, ``error`` is relative to what it can show. ``place``
    is the entry of an array that the derivative came in, such as ``W1[0, 1] (w2)``.
    """

    parameter: str
    derived: float
    measured: float
    error: float
    place: str = ""

    @property
    def label(self) -> str:
        """What the row is called in words: the entry of the array, or the parameter."""
        return self.place or self.parameter

    @property
    def relative(self) -> float:
        """How far the two differ, relative to the larger, however small they are."""
        return _relative(self.derived, self.measured)

    def unresolved(self, tolerance: float = TOLERANCE) -> bool:
        """Whether the two differ by more than the tolerance, but by no more than rounding makes of the losses."""
        return self.error <= tolerance < self.relative


@dataclass(frozen=True, repr=False)
class GradientCheck(Shown):
    """The derivatives beside their difference quotients; ``wrong`` are the rows that differ, ``worst`` differs most.

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
    def wrong(self) -> tuple[GradientRow, ...]:
        """The rows whose derivative does not agree with its difference quotient."""
        return tuple(row for row in self.rows if not row.error <= self.tolerance)

    @property
    def passed(self) -> bool:
        """True when every derivative agrees with its difference quotient."""
        return not self.wrong


def difference_quotient(problem: Problem, parameter: str, h: ArrayLike, central: bool = True) -> tuple[Array, Array]:
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
    lines, settled = problem.derivation, settler(problem)
    used = frozenset[str]().union(*(names_in(step.stable) for step in lines if step.quantity.tag == "error"))
    parts = 0.0
    for step in lines:
        of, by = step.quantity.of, step.quantity.by
        if step.role is Role.ADJOINT and of and by and of.tag == "total" and by.name in used:
            parts += float(settled(np.abs(values[step.name] * values[by.name])))
    return parts


def _relative(one: float, other: float, least: float = 0.0) -> float:
    difference, larger = abs(one - other), max(abs(one), abs(other), least)
    return difference / larger if larger else difference


class _Asked(NamedTuple):
    """One derivative to check: of ``row`` for people, measured at ``parameter`` of ``problem``."""

    row: str
    derived: float
    problem: Problem
    parameter: str
    place: str = ""


def _asked(problem: Problem, gradient: object, layout: str | None) -> Iterator[_Asked]:
    network = problem.network
    if isinstance(gradient, Mapping) and by_name(network, gradient):
        for name, value in gradient.items():
            if name not in network.parameters:
                raise BpkitError(f"check_gradient: this network has no {name!r}{suggest(name, network.parameters)}")
            if (derived := number(value)) is None:
                raise BpkitError(f"check_gradient: expected a number for {name}, got {value!r}; write it like 0.25")
            yield _Asked(name, derived, problem, name)
        return
    found = [*entries(network, gradient, layout or problem.layout, "check_gradient", some=True)]
    # Each neuron has a share in the derivative of a bias that its layer shares: the derivative by a bias of its own.
    own = problem.with_biases("neuron") if any(entry.shared for entry in found) else problem
    names = tables(own.network)
    for entry in found:
        if entry.shared:
            name = names[entry.array].flat[entry.position]
            place = f"{entry.place} ({own.network.biases[name][0]}'s share of {entry.name})"
            yield _Asked(entry.name, entry.value, own, name, place)
        else:
            yield _Asked(entry.name, entry.value, problem, entry.name, f"{entry.place} ({entry.name})")


def check_gradient(
    problem: Problem,
    gradient: Mapping[str, Any] | Sequence[ArrayLike] | None = None,
    step: float = STEP,
    tolerance: float = TOLERANCE,
    layout: str | None = None,
) -> GradientCheck:
    """Compare each derivative with (E(w + h) - E(w - h)) / 2h.

    ``gradient`` may hold derivatives from elsewhere, to be checked in place of the derivation's: by parameter name,
    {"w1": 0.1}, as a list of arrays, [dW1, db1, dW2, db2], or as a dict of arrays, {"W1": dW1}; dicts may hold some.
    ``layout`` is "x @ W" or "W @ x", the problem's unless given. ``step`` is h, scaled with the parameter where that
    is larger than 1. Returns a ``GradientCheck``. A kink (ReLU at 0) can make an honest derivative fail: the quotient
    then straddles it.

    Shapes: one row for each parameter, or for each entry of the arrays, which have one bias per neuron: where a layer
    shares a bias, its array holds the neurons' shares, or their sum as one number. Units: none; differences are
    relative.
    Errors: ``BpkitError`` for a name that is no parameter, for arrays that do not fit, with both shapes, and for a step
    or a tolerance that is not above 0.
    Source: the central difference, see Bishop, "Pattern Recognition and Machine Learning" (2006), section 5.3.3.

    >>> import bpkit as bp
    >>> bp.check_gradient(bp.examples.article.problem).passed
    True
    """
    names = checked(problem, "check_gradient").network.parameters
    if not names:
        raise BpkitError("check_gradient: expected a network with weights, got one without")
    if not (isinstance(step, int | float) and 0 < step < 1):
        raise BpkitError(f"check_gradient: expected a step between 0 and 1, got {step!r}; 1e-5 is usual")
    if not (isinstance(tolerance, int | float) and tolerance > 0 and isfinite(tolerance)):
        raise BpkitError(f"check_gradient: expected a tolerance above 0, got {tolerance!r}; 1e-6 is usual")
    values = evaluate(problem)
    if gradient is None:
        gradient = {name: values[f"dE/d{name}"] for name in names}
    asked = [*_asked(problem, gradient, layout)]
    if not asked:
        raise BpkitError("check_gradient: expected derivatives, got none; leave gradient out to check all")
    passed_on, rows = _passed_on(problem, values), []
    for name, derived, nudged, parameter, place in asked:
        h = step * max(1.0, abs(nudged.parameters[parameter]))
        measured, above = map(float, difference_quotient(nudged, parameter, h))
        # What rounding alone can make of the quotient: a few units in the last place of the loss, over 2h.
        # Where every loss is exactly 0, a derivative may still be what rounding leaves of one.
        noise = 8 * 2.2e-16 * (abs(above) + passed_on) / (2 * h) or 1e-15
        rows.append(GradientRow(name, derived, measured, _relative(derived, measured, noise / tolerance), place))
    return GradientCheck(tuple(rows), step, tolerance)
