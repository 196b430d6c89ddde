"""Nudges every parameter and compares what the loss does with what the derivation says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import sympy as sp

from bpkit.core.architecture import Architecture
from bpkit.core.arrays import LAYOUTS, Entry, by_name, entries, number
from bpkit.core.code import code
from bpkit.core.errors import BpkitError, check_names, chosen
from bpkit.core.expressions import names_in
from bpkit.core.numeric import Values, checked, evaluate, loss_over, settler
from bpkit.core.problem import Problem
from bpkit.core.program import compiled
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.core.shown import Shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

STEP = 1e-5
TOLERANCE = 1e-6

# What is measured, as expressions: Python and JavaScript are printed from them. ``above`` and ``below`` are the losses
# at w + h and, for the central quotient, at w - h, else at w.
_ABOVE, _BELOW, _H, _VALUE, _STEP = sp.symbols("above below h value step")
_PASSED_ON, _NOISE, _TOLERANCE = sp.symbols("passed_on noise tolerance")
NUDGE = _STEP * sp.Max(1, sp.Abs(_VALUE))
_CHANGE = _ABOVE - _BELOW
QUOTIENTS: Mapping[bool, sp.Expr] = MappingProxyType({True: _CHANGE / (2 * _H), False: _CHANGE / _H})  # central or not
# What rounding alone can make of a quotient: a few units in the last place of the loss, over 2h.
NOISE = 8 * 2.2e-16 * (sp.Abs(_ABOVE) + _PASSED_ON) / (2 * _H)
# Where every loss is exactly 0, a derivative may still be what rounding leaves of one.
LEAST = sp.Piecewise((1e-15, sp.Eq(_NOISE, 0)), (_NOISE, True)) / _TOLERANCE


@cache
def _computed(expr: sp.Expr, arrays: bool = True) -> Callable[..., Any]:
    """An expression as a function of arrays or floats, by the names of its symbols."""
    return compiled("computed", sorted(names_in(expr)), [f"return {code(expr, arrays)}"], arrays=arrays)


class GradientRow(NamedTuple):
    """One parameter: its derivative, the difference quotient, and how far they differ relative to the larger.

    Where both are too small for a difference of losses to show, ``error`` is relative to what it can show. ``place``
    is the entry of an array that the derivative came in, such as ``W1[0, 1] (w2)``; ``share`` is the neuron whose
    share of a shared bias it is.
    """

    parameter: str
    derived: float
    measured: float
    error: float
    place: str = ""
    share: str = ""

    @property
    def label(self) -> str:
        """What the row is called in words: the entry of the array, or the parameter.

        >>> GradientRow("w2", 0.5, 0.5, 0.0).label, GradientRow("w2", 0.5, 0.5, 0.0, "W1[0, 1] (w2)").label
        ('w2', 'W1[0, 1] (w2)')
        """
        return self.place or self.parameter

    @property
    def relative(self) -> float:
        """How far the two differ, relative to the larger, however small they are.

        >>> GradientRow("w2", 0.5, 0.25, 0.5).relative
        0.5
        """
        return _relative(self.derived, self.measured)

    def unresolved(self, tolerance: float = TOLERANCE) -> bool:
        """Whether the two differ by more than the tolerance, but by no more than rounding makes of the losses.

        >>> GradientRow("w2", 2e-15, 1e-15, 1e-9).unresolved(), GradientRow("w2", 0.5, 0.25, 0.5).unresolved()
        (True, False)
        """
        return self.error <= tolerance < self.relative


@dataclass(frozen=True, repr=False, eq=False)
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
        """The row with the largest error.

        >>> rows = GradientRow("w1", 1, 1, 0.0), GradientRow("w2", 2, 1, 0.5)
        >>> GradientCheck(rows, STEP, TOLERANCE).worst.parameter
        'w2'
        """
        return max(self.rows, key=lambda row: row.error if row.error == row.error else float("inf"))

    @property
    def wrong(self) -> tuple[GradientRow, ...]:
        """The rows whose derivative does not agree with its difference quotient.

        >>> import bpkit as bp
        >>> check = bp.check_gradient(bp.examples.article.problem, {"w5": 0.0851429384, "w6": 0.0851429384})
        >>> [row.parameter for row in check.wrong]
        ['w6']
        """
        return tuple(row for row in self.rows if not row.error <= self.tolerance)

    @property
    def passed(self) -> bool:
        """True when every derivative agrees with its difference quotient.

        >>> GradientCheck((GradientRow("w1", 1, 1, 1e-9),), STEP, TOLERANCE).passed
        True
        """
        return not self.wrong


def difference_quotient(
    problem: Problem, parameter: str | Sequence[str], h: ArrayLike, central: bool = True
) -> tuple[Array, Array]:
    """The loss's difference over a small step in a parameter, divided by the step, and the loss above, E(w + h).

    ``h`` may be an array, and ``parameter`` then a name for each of its steps. ``central`` steps h to both sides, else
    to one.

    >>> import bpkit as bp
    >>> quotient, above = difference_quotient(bp.examples.article.problem, "w5", 1e-4)
    >>> round(float(quotient), 7)
    0.0851429
    """
    names, steps = np.broadcast_arrays(np.asarray(parameter, dtype=object), np.asarray(h, dtype=float))
    nudges, losses = [*zip(names.flat, steps.flat)], [np.empty((2, 0))]
    size = min(512, 1 + 20_000 // problem.n_samples)  # what a processor's cache holds
    for some in (nudges[start : start + size] for start in range(0, len(nudges), size)):
        grids = {name: np.full((2, len(some)), problem.parameters[name]) for name, _ in some}
        for column, (name, step) in enumerate(some):
            grids[name][:, column] += step, -step if central else 0.0
        losses.append(loss_over(problem, **grids))
    above, below = np.concatenate(losses, axis=1).reshape(2, *steps.shape)
    with np.errstate(all="ignore"):
        return _computed(QUOTIENTS[central])(above=above, below=below, h=steps), above


def _passed_on(problem: Problem, values: Values) -> float:
    """What the loss makes of a rounded output (or net, where it is computed from that): near its target far more than
    the last place of the loss itself.
    """
    lines, parts = problem.derivation, 0.0
    used = frozenset[str]().union(*(names_in(step.stable) for step in lines if step.quantity.tag == "error"))
    for step in lines:
        of, by = step.quantity.of, step.quantity.by
        if step.role is Role.ADJOINT and of and by and of.tag == "total" and by.name in used:
            parts += float(settler(problem)(np.abs(values[step.name] * values[by.name])))
    return parts


def _relative(one: float, other: float, least: float = 0.0) -> float:
    """How far two numbers differ, relative to the larger of them, or to ``least`` where both are smaller.

    >>> _relative(2.0, 1.0), _relative(2e-15, 1e-15, least=1e-6)
    (0.5, 1e-09)
    """
    difference, larger = abs(one - other), max(abs(one), abs(other), least)
    return difference / larger if larger else difference


def _given(network: Architecture, gradient: object, layout: str) -> Iterator[Entry]:
    """The derivatives given, by name or in arrays."""
    if not isinstance(gradient, Mapping) or not by_name(network, gradient):
        yield from entries(network, gradient, layout, "check_gradient", some=True)
        return
    check_names("check_gradient: this network has", gradient, network.parameters)
    for name, value in gradient.items():
        if (derived := number(value)) is None:
            raise BpkitError(f"check_gradient: expected a number for {name}, got {value!r}; write it like 0.25")
        yield Entry(name, derived)


def _place(entry: Entry) -> str:
    share = f"{entry.share}'s share of " if entry.share else ""
    return f"{entry.place} ({share}{entry.name})" if entry.place else ""


def check_gradient(
    problem: Problem,
    gradient: Mapping[str, Any] | Sequence[ArrayLike] | None = None,
    step: float = STEP,
    tolerance: float = TOLERANCE,
    layout: str | None = None,
) -> GradientCheck:
    """Compare each derivative with (E(w + h) - E(w - h)) / 2h: the numbers behind ``bp.check_gradient``.

    The public function also reads numbers as they are typed and names the mistake behind a wrong derivative; its page
    has the shapes, units, errors and the source.
    """
    names = checked(problem, "check_gradient").network.parameters
    if not names:
        raise BpkitError("check_gradient: expected a network with weights, got one without")
    if not (isinstance(step, int | float) and 0 < step < 1):
        raise BpkitError(f"check_gradient: expected a step between 0 and 1, got {step!r}; 1e-5 is usual")
    if not (isinstance(tolerance, int | float) and tolerance > 0 and isfinite(tolerance)):
        raise BpkitError(f"check_gradient: expected a tolerance above 0, got {tolerance!r}; 1e-6 is usual")
    layout = problem.layout if layout is None else chosen("layout", layout, LAYOUTS)
    values = evaluate(problem)
    if gradient is None:
        gradient = {name: values[f"dE/d{name}"] for name in names}
    given = [*_given(problem.network, gradient, layout)]
    if not given:
        raise BpkitError("check_gradient: expected derivatives, got none; leave gradient out to check all")
    nudge = _computed(NUDGE, arrays=False)
    h = np.array([nudge(step=step, value=problem.parameters[one.name]) for one in given])
    measured, above = np.empty((2, len(given)))
    # Where a layer shares a bias, a neuron's share in its derivative is that of a bias of the neuron's own.
    split = problem.with_biases("neuron") if any(one.share for one in given) else problem
    for shares, nudged in ((False, problem), (True, split)):
        some = [row for row, one in enumerate(given) if bool(one.share) == shares]
        moved = [nudged.network.bias_of.get(given[row].share, given[row].name) for row in some]
        measured[some], above[some] = difference_quotient(nudged, moved, h[some])
    noise = _computed(NOISE)(above=above, passed_on=_passed_on(problem, values), h=h)
    least = _computed(LEAST)(noise=noise, tolerance=tolerance)
    rows = (
        GradientRow(one.name, one.value, quotient, _relative(one.value, quotient, small), _place(one), one.share)
        for one, quotient, small in zip(given, measured.tolist(), least.tolist(), strict=True)
    )
    return GradientCheck(tuple(rows), step, tolerance)
