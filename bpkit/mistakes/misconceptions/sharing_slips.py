"""Slips with parameters that several steps, places or tokens share."""

from __future__ import annotations

import sympy as sp

from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import PARAMETERS, at, ends, of_layers, uses
from bpkit.mistakes.rewrite import Edit, becomes, only, times

OTHERS = 6  # uses between the first and the last that are tried one by one


@misconception(
    "counts one use of a shared weight only",
    "count only one use of the shared weight",
    "the derivative with respect to a shared weight or bias is the sum over all its uses",
    rank=1,
)
def one_use(d: Derivation) -> Shapes:
    """Of all the lines that use a parameter one is followed back: the first, the last, or one of the others.

    >>> import bpkit as bp
    >>> one_use.written(bp.Model(3, bp.blocks.Conv1d(2)), "dE_total/dk1_1")
    'dE_total/dnet_o1 · dnet_o1/dk1_1'
    """
    shared = _shared(d)
    many = max(map(len, shared.values()), default=0)
    others = [(k, f"number {k + 1}") for k in range(1, many - 1)[:OTHERS]]
    for place, words in ((0, "the first"), (-1, "the last"), *others):
        edits = {name: only(slopes[place].name) for name, slopes in shared.items() if len(slopes) > place}
        yield words, edits


@misconception(
    "takes the mean over the uses of a shared weight",
    "divide by the number of times that the weight is used",
    "add what all its uses contribute and do not divide",
)
def mean_over_uses(d: Derivation) -> Shapes:
    """The sum over the uses is divided by their number.

    >>> import bpkit as bp
    >>> mean_over_uses.written(bp.Model(3, bp.blocks.Conv1d(2)), "dE_total/dk1_1")
    '½ · (dE_total/dnet_o1 · dnet_o1/dk1_1 + dE_total/dnet_o2 · dnet_o2/dk1_1)'
    """
    yield "", {name: times(sp.Rational(1, len(slopes))) for name, slopes in _shared(d).items()}


@misconception(
    "takes one input for all uses of a shared weight",
    "multiply every delta by the same input",
    "in each use the weight multiplies another signal",
)
def one_signal(d: Derivation) -> Shapes:
    """Every use with the signal of the first, or of the last.

    >>> import bpkit as bp
    >>> one_signal.written(bp.Model(3, bp.blocks.Conv1d(2)), "dnet_o2/dk1_1")
    'x1'
    """
    for place, words in ((0, "that of the first use"), (-1, "that of the last use")):
        edits: dict[str, Edit] = {}
        for slopes in _shared(d).values():
            if all(slope.rhs.is_Symbol for slope in slopes):  # the signal, and no choice of a row
                edits |= {slope.name: becomes(slopes[place].rhs) for slope in slopes}
        yield words, edits


def _shared(d: Derivation) -> dict[str, list[Step]]:
    """The gradients of what is used more than once, and the slopes of its uses, the first use first."""
    if of_layers(d):
        return {}
    lines = at(d, Role.GRADIENT, PARAMETERS)
    return {step.name: slopes for step in lines if len(slopes := uses(d, ends(step)[1])) > 1}
