"""Checks derivatives by nudging, and says which mistake leads to a wrong one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

from bpkit.core import gradient_check as measured
from bpkit.core.arrays import by_name
from bpkit.core.errors import BpkitError
from bpkit.core.gradient_check import STEP, TOLERANCE, GradientRow
from bpkit.core.numeric import checked
from bpkit.core.problem import Problem
from bpkit.core.spelling import typeset
from bpkit.mistakes.diagnose import diagnose
from bpkit.mistakes.typed_number import Figure, NotANumber, read
from bpkit.mistakes.verdict import Diagnosis

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TOLD = 4  # wrong rows that are explained one by one
LOOKED_AT = 40  # wrong rows that are diagnosed; each costs some milliseconds


@dataclass(frozen=True, repr=False, eq=False)
class GradientCheck(measured.GradientCheck):
    """The derivatives beside their difference quotients; ``diagnoses`` says why the wrong ones are wrong.

    ``wrong`` are the rows that differ, ``worst`` differs most, ``passed`` is True when no row differs.
    """

    problem: Problem
    typed: Mapping[str, Figure]

    @cached_property
    def diagnoses(self) -> Mapping[GradientRow, Diagnosis]:
        """The verdict of the detective on each wrong row; on the first ones where they are very many."""
        found = {}
        # Where the loss leaves the floats, no mistake can be told from another.
        for row in [row for row in self.wrong if isfinite(row.derived) and isfinite(row.measured)][:LOOKED_AT]:
            problem, name = self.problem, row.parameter
            if row.share:  # a neuron's share in a shared bias is the derivative of a bias of its own
                problem = problem.with_biases("neuron")
                name = problem.network.bias_of[row.share]
            number = self.typed.get(row.parameter)
            with suppress(NotANumber):  # what is beyond any use has no mistake of its own
                found[row] = diagnose(problem, f"dE/d{name}", number.text if number else f"{row.derived:.8g}")
        return found

    @property
    def sayings(self) -> tuple[str, ...]:
        """A line for each wrong row that a mistake explains, the most common mistake first; one where all share it."""
        named = {row: one for row, one in self.diagnoses.items() if one.verdict == "misconception"}
        counts = Counter(one.misconceptions[0].name for one in named.values())
        if not named:
            return ()
        rows = sorted(named, key=lambda row: -counts[named[row].misconceptions[0].name])
        first = named[rows[0]].misconceptions[0]
        if len(rows) == len(self.wrong) > 1 and len(counts) == 1:
            names = named[rows[0]].names
            said = typeset(f"you get these if you {first.you}; {first.sentence}.", names)
            return (f"All {len(rows)} wrong rows: {said}",)
        lines = [f"{row.label}: {_plain(named[row].message)}" for row in rows[:TOLD]]
        more = len(self.wrong) - len(lines)
        if more:
            lines.append(f"and {more} more row{'s' * (more > 1)}")
        return tuple(lines)


def _plain(message: str) -> str:
    """A message without its opening, which the table has said."""
    return message.removeprefix("Not right: ").removeprefix("Not right, and ")


def check_gradient(
    problem: Problem,
    gradient: Mapping[str, Any] | Sequence[ArrayLike] | None = None,
    step: float = STEP,
    tolerance: float = TOLERANCE,
    layout: str | None = None,
) -> GradientCheck:
    """Compare each derivative with (E(w + h) - E(w - h)) / 2h, and say which mistake leads to a wrong one.

    ``gradient`` may hold derivatives from elsewhere, checked instead of the derivation's: by parameter name,
    {"w1": 0.1} or as typed, {"w1": "0,1"}, as a list of arrays, [dW1, db1, dW2, db2], or as a dict of arrays,
    {"W1": dW1}; dicts may hold some. ``layout`` is "x @ W" or "W @ x", the problem's unless given. ``step`` is h,
    scaled with the parameter where that is larger than 1. Returns a ``GradientCheck``. A kink (ReLU at 0) can make an
    honest derivative fail: the quotient then straddles it.

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
    network = checked(problem, "check_gradient").network
    typed: dict[str, Figure] = {}
    if isinstance(gradient, Mapping) and by_name(network, gradient):
        for name, value in gradient.items():
            if isinstance(value, str):
                try:
                    typed[name] = read(value)
                except NotANumber as error:
                    raise BpkitError(f"check_gradient: expected a number for {name}, got {value!r}") from error
        gradient = {**gradient, **{name: figure.value for name, figure in typed.items()}}
    found = measured.check_gradient(problem, gradient, step, tolerance, layout)
    return GradientCheck(_as_typed(found.rows, typed), found.step, found.tolerance, problem, typed)


def _as_typed(rows: tuple[GradientRow, ...], typed: Mapping[str, Figure]) -> tuple[GradientRow, ...]:
    """A typed number that rounds the measured one is right: it is off by its own rounding alone."""
    return tuple(
        row._replace(error=0.0) if row.parameter in typed and typed[row.parameter].rounds(row.measured) else row
        for row in rows
    )
