"""Starting values for weights: drawn at random, with a spread that fits the layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
import sympy as sp

from bpkit.core.architecture import Architecture
from bpkit.core.code import code
from bpkit.core.errors import BpkitError, chosen
from bpkit.core.expressions import ONE, power, product, total
from bpkit.core.program import compiled

BEFORE, WIDTH = sp.symbols("before width")  # the number of neurons that a layer's weights come from, and of its own


def _root_of(top: int, below: sp.Expr) -> sp.Expr:
    return power(product(sp.Integer(top), power(below, -1)), sp.S.Half)


# The standard deviation of a weight; Python and JavaScript are printed from it.
SPREADS: Mapping[str, sp.Expr] = MappingProxyType(
    {
        "xavier": _root_of(2, total(BEFORE, WIDTH)),
        "he": _root_of(2, BEFORE),
        "lecun": _root_of(1, BEFORE),
        "unit": ONE,
    }
)


@cache
def _spread(scheme: str) -> Callable[[int, int], float]:
    """The standard deviation of a weight as a function of two sizes: the layer before and its own.

    >>> _spread("he")(2, 3), round(_spread("xavier")(2, 3), 4)
    (1.0, 0.6325)
    """
    return compiled("spread", ["before", "width"], [f"return {code(SPREADS[scheme])}"])


def initial_parameters(
    network: Architecture, rng: np.random.Generator, scheme: str = "xavier", scale: float = 1.0
) -> dict[str, float]:
    """Draw every weight from a normal distribution and start every bias at 0, a gain at 1.

    ``scheme`` chooses the standard deviation by the sizes of the two layers: ``"xavier"`` sqrt(2/(before + after))
    (Glorot and Bengio 2010), ``"he"`` sqrt(2/before) (He et al. 2015), ``"lecun"`` sqrt(1/before) (LeCun et al.
    1998), ``"unit"`` 1; ``scale`` multiplies it. The generator is passed in, so that a seed repeats the draw.
    """
    if not (math.isfinite(scale) and scale >= 0):
        raise BpkitError(f"scale: expected a number from 0, got {scale!r}; 1 leaves the scheme's spread as it is")
    spread = _spread(chosen("scheme", scheme, SPREADS))
    return {
        name: float(rng.normal()) * scale * spread(start.before, start.after) if start.drawn else start.value
        for name, start in network.starts.items()
    }
