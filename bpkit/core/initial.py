"""Starting values for weights: drawn at random, with a spread that fits the layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from bpkit.core.errors import BpkitError, chosen
from bpkit.core.network import Network

# The standard deviation of a weight, by the number of neurons that its layer comes from and leads to.
SPREADS: Mapping[str, Callable[[int, int], float]] = MappingProxyType(
    {
        "xavier": lambda before, after: math.sqrt(2 / (before + after)),
        "he": lambda before, after: math.sqrt(2 / before),
        "lecun": lambda before, after: math.sqrt(1 / before),
        "unit": lambda before, after: 1.0,
    }
)


def initial_parameters(
    network: Network, rng: np.random.Generator, scheme: str = "xavier", scale: float = 1.0
) -> dict[str, float]:
    """Draw every weight from a normal distribution and start every bias at 0.

    ``scheme`` chooses the standard deviation by the sizes of the two layers: ``"xavier"`` sqrt(2/(before + after))
    (Glorot and Bengio 2010), ``"he"`` sqrt(2/before) (He et al. 2015), ``"lecun"`` sqrt(1/before) (LeCun et al.
    1998), ``"unit"`` 1; ``scale`` multiplies it. The generator is passed in, so that a seed repeats the draw.
    """
    if not (math.isfinite(scale) and scale >= 0):
        raise BpkitError(f"scale: expected a number from 0, got {scale!r}; 1 leaves the scheme's spread as it is")
    spread = SPREADS[chosen("scheme", scheme, SPREADS)]
    size = {neuron: len(row) for row in network.layers for neuron in row}
    weights = {
        name: float(rng.normal()) * scale * spread(size[source], size[target])
        for name, (source, target) in network.weights.items()
    }
    return {**weights, **dict.fromkeys(network.biases, 0.0)}
