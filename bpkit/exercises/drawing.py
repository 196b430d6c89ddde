"""Draws problems that are friendly to work by hand: few digits, no neuron saturated or dead, sizes by difficulty."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bpkit.core.derivation import derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network
from bpkit.core.numeric import Values
from bpkit.core.problem import Problem

LEVELS = ("easy", "medium", "hard")
# With 0.5, 1 or 2, forgetting the rate gives the number of another mistake, or the right one.
RATES = (0.1, 0.2, 0.3)
BIG_RATES = (0.6, 0.8, 1.5)

# Where an output counts as neither saturated nor dead, as far as an activation has such ends.
_ALIVE = {"sigmoid": (0.05, 0.95), "softmax": (0.05, 0.95), "tanh": (-0.95, 0.95), "relu": (0.05, 9.0)}

_SHAPES = (
    (2, 1, 1),
    (1, 2, 1),
    (2, 2, 1),
    (1, 2, 2),
    (2, 2, 2),
    (3, 2, 1),
    (2, 3, 1),
    (3, 2, 2),
    (2, 3, 2),
    (2, 2, 2, 1),
    (3, 3, 2),
    (2, 2, 2, 2),
)
_BIASES = ("layer", "neuron", "none")
# Operations toward the first weight, the number that says how long the work by hand is, and the paths that it has.
_BANDS = {"easy": (0, 32), "medium": (28, 60), "hard": (50, 150)}
_PATHS = {"easy": (1, 1), "medium": (1, 2), "hard": (2, 4)}
# Of the hidden layers and of the outputs; another than the sigmoid has another slope to remember.
_ACTIVATIONS = {
    "easy": (("sigmoid", "sigmoid"),),
    "medium": (("sigmoid", "sigmoid"),),
    "hard": (("sigmoid", "sigmoid"), ("tanh", "sigmoid"), ("tanh", "tanh")),
}


@lru_cache(maxsize=4096)
def operations(network: Network, quantity: str = "E_total") -> int:
    """How many additions, products and functions the lines toward a quantity hold."""
    return int(sum(step.rhs.count_ops() for step in derive(network).toward(quantity)))


@lru_cache(maxsize=16)
def architectures(level: str, hidden: int = 1) -> tuple[Network, ...]:
    """The networks of a difficulty, with at least so many hidden layers: sizes, biases and activations, by the
    operations that they ask for and the paths that the first weight has."""
    if level not in LEVELS:
        raise BpkitError(f"difficulty: expected easy, medium or hard, got {level!r}{suggest(level, LEVELS)}")
    (low, high), (few, many) = _BANDS[level], _PATHS[level]
    found = [
        Network(*shape, bias=bias, activation=[*[inner] * (len(shape) - 2), outer])
        for inner, outer in _ACTIVATIONS[level]
        for shape in _SHAPES
        for bias in (_BIASES[:2] if level == "easy" else _BIASES)
        if len(shape) - 2 >= hidden
    ]
    return tuple(
        network
        for network in found
        if low <= operations(network, "w1") <= high and few <= len(derive(network).paths("w1")) <= many
    )


def choose(rng: np.random.Generator, options: Sequence[object]) -> int:
    """The place of one of some options."""
    return int(rng.integers(len(options)))


def settled(rng: np.random.Generator, options: Sequence[object]) -> int:
    """The place of one of some options that stays the same however often the stream's numbers are drawn anew.

    Of answers that are not all equally likely to be kept, those that are asked for come out as often as any other.
    """
    return int(rng.bit_generator.seed_seq.entropy % len(options))  # type: ignore[attr-defined]


def draw_problem(
    rng: np.random.Generator, network: Network, samples: int | None = None, learning_rate: float | None = None
) -> Problem:
    """Numbers of one or two digits for a network; one sample, or a batch of so many.

    The numbers are rounded before anything is computed from them. Whether the neurons are alive is not looked at.
    """
    weights = rng.integers(10, 96, len(network.weights)) / 100 * rng.choice([1, 1, -1], len(network.weights))
    biases = rng.integers(10, 70, len(network.biases)) / 100
    parameters = dict(zip(network.parameters, map(float, (*weights, *biases))))
    rows = samples or 1
    inputs = rng.integers(1, 10, (rows, network.sizes[0])) / 10
    targets = np.array([_targets(rng, network) for _ in range(rows)])
    rate = float(rng.choice(RATES)) if learning_rate is None else learning_rate
    if samples is None:
        return Problem(network, parameters, inputs[0], targets[0], rate)
    return Problem(network, parameters, inputs, targets, rate)


def _targets(rng: np.random.Generator, network: Network) -> list[float]:
    outputs, last = network.sizes[-1], network.activations[-1].name
    if last == "softmax":
        right = int(rng.integers(outputs))
        return [float(k == right) for k in range(outputs)]
    if network.loss.targets_in_unit_interval:
        return [float(t) for t in rng.integers(0, 2, outputs)]
    if last in ("sigmoid", "tanh"):
        return [float(t) for t in rng.choice([0.05, 0.1, 0.2, 0.8, 0.9, 0.95], outputs)]
    return [float(t) / 10 for t in rng.integers(1, 20, outputs)]


def alive(values: Values) -> bool:
    """True when no neuron is saturated or dead, in any sample."""
    network = values.problem.network
    for activation, layer in zip(network.activations, network.layers[1:]):
        low, high = _ALIVE.get(activation.name, (-9.0, 9.0))
        outs = np.array([values[f"out_{neuron}"] for neuron in layer])
        if not ((outs > low) & (outs < high)).all():
            return False
    return True
