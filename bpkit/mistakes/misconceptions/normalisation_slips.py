"""Slips with the mean and the spread of a layer."""

from __future__ import annotations

from bpkit.core.derivation import Derivation
from bpkit.core.quantities import Role
from bpkit.mistakes.misconceptions.rule import Shapes, misconception
from bpkit.mistakes.misconceptions.whereabouts import ends
from bpkit.mistakes.rewrite import Edit, dropping


@misconception(
    "takes the mean for a constant",
    "take the mean for a constant",
    "the mean moves with every number of the layer, so a part of the derivative comes back through it",
)
def mean_constant(d: Derivation) -> Shapes:
    """What comes back through the mean is left out.

    >>> import bpkit as bp
    >>> mean_constant.written(bp.Model(2, bp.blocks.Dense(2), bp.blocks.LayerNorm()), "dE_total/dout_h1_1")
    'dE_total/ddiff_o1 · ddiff_o1/dout_h1_1'
    """
    yield "", _without(d, "mean")


@misconception(
    "takes the spread for a constant",
    "take the spread for a constant",
    "the spread moves with every number of the layer, so a part of the derivative comes back through it",
)
def spread_constant(d: Derivation) -> Shapes:
    """What comes back through the variance is left out.

    >>> import bpkit as bp
    >>> spread_constant.written(bp.Model(2, bp.blocks.LayerNorm()), "dE_total/ddiff_o1")
    'dE_total/dnorm_o1 · dnorm_o1/ddiff_o1'
    """
    yield "", _without(d, "variance")


@misconception(
    "takes mean and spread for constants",
    "take mean and spread for constants",
    "both move with every number of the layer, so parts of the derivative come back through them",
    rank=1,
)
def both_constant(d: Derivation) -> Shapes:
    """The layer is taken for a mere scaling.

    >>> import bpkit as bp
    >>> both_constant.written(bp.Model(2, bp.blocks.LayerNorm()), "dE_total/ddiff_o1")
    'dE_total/dnorm_o1 · dnorm_o1/ddiff_o1'
    """
    yield "", {**_without(d, "mean"), **_without(d, "variance")}


def _without(d: Derivation, tag: str) -> dict[str, Edit]:
    """The derivatives of what lines of a tag use, without the way through those."""
    gone: dict[str, list[str]] = {}
    for step in d:
        if step.role is Role.SLOPE and ends(step)[0].tag == tag:
            gone.setdefault(ends(step)[1].name, []).append(step.name)
    lines = [step for step in d if step.role is Role.ADJOINT and ends(step)[1].name in gone]
    return {step.name: dropping(*gone[ends(step)[1].name]) for step in lines}
