"""Draws problems that are friendly to work by hand: few digits, no neuron saturated or dead, sizes by difficulty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from bpkit.core.architecture import Architecture
from bpkit.core.blocks.block import Block
from bpkit.core.blocks.residual import numbered
from bpkit.core.chain_rule import Step
from bpkit.core.derivation import Derivation, derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import names_in
from bpkit.core.functions import Activation
from bpkit.core.functions import activation as find
from bpkit.core.model import Model
from bpkit.core.network import Network
from bpkit.core.numeric import Values
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array

LEVELS = ("easy", "medium", "hard")
# With 0.5, 1 or 2, forgetting the rate gives the number of another mistake, or the right one.
RATES = (0.1, 0.2, 0.3)
BIG_RATES = (0.6, 0.8, 1.5)

_LARGEST = 9.0  # output of a neuron, whatever its activation
_APART = 0.05  # how far the largest of a window is from the next

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


def operations(model: Architecture | Problem, quantity: str = "E_total") -> int:
    """How many additions, products and functions the lines toward a quantity hold.

    >>> operations(Network(2, 1, bias="none"), "net_o1")
    3
    """
    return _operations(derive(model), quantity)


@lru_cache(maxsize=4096)
def _operations(derivation: Derivation, quantity: str) -> int:
    return int(sum(step.rhs.count_ops() for step in derivation.toward(quantity)))


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
    """The place of one of some options.

    >>> choose(np.random.default_rng(7), ["the only one"])
    0
    """
    return int(rng.integers(len(options)))


def settled(rng: np.random.Generator, options: Sequence[object]) -> int:
    """The place of one of some options that stays the same however often the stream's numbers are drawn anew.

    Of answers that are not all equally likely to be kept, those that are asked for come out as often as any other.

    >>> settled(np.random.default_rng(7), ["a", "b", "c"])
    1
    """
    return int(rng.bit_generator.seed_seq.entropy % len(options))  # type: ignore[attr-defined]


def draw_problem(
    rng: np.random.Generator, network: Architecture, samples: int | None = None, learning_rate: float | None = None
) -> Problem:
    """Numbers of one or two digits for a network or a model; one sample, or a batch of so many.

    The numbers are rounded before anything is computed from them. Whether the neurons are alive is not looked at.
    """
    kinds: dict[str, list[str]] = {}
    for name, one in network.lines.parameters.items():
        kinds.setdefault(one.tag if one.tag in _DRAWN else "weight", []).append(name)
    drawn = {kind: draw(rng, len(kinds.get(kind, ()))) for kind, draw in _DRAWN.items()}
    parameters = {name: float(value) for kind, names in kinds.items() for name, value in zip(names, drawn[kind])}
    rows = samples or 1
    inputs = rng.integers(1, 10, (rows, *network.input_shape)) / 10
    if network.vocabulary:  # tokens
        inputs = rng.integers(0, list(network.vocabulary.values()), inputs.shape).astype(float)
    targets = np.array([_targets(rng, network) for _ in range(rows)])
    rate = float(rng.choice(RATES)) if learning_rate is None else learning_rate
    if samples is None:
        return Problem(network, parameters, inputs[0], targets[0], rate)
    return Problem(network, parameters, inputs, targets, rate)


_DRAWN: Mapping[str, Callable[[np.random.Generator, int], Array]] = {
    "weight": lambda rng, count: rng.integers(10, 96, count) / 100 * rng.choice([1, 1, -1], count),
    "bias": lambda rng, count: rng.integers(10, 70, count) / 100,
    "gain": lambda rng, count: rng.integers(5, 16, count) / 10,
}


def _targets(rng: np.random.Generator, network: Architecture) -> Array:
    shape, last = network.output_shape, _last(network)
    if last and last.joint:
        right = rng.integers(shape[-1], size=shape[:-1])
        return np.eye(shape[-1])[right]
    if network.loss.targets_in_unit_interval:
        return rng.integers(0, 2, shape).astype(float)
    if last and last.alive[1] < 1:
        return rng.choice([0.05, 0.1, 0.2, 0.8, 0.9, 0.95], shape)
    return rng.integers(1, 20, shape) / 10


def _last(network: Architecture) -> Activation | None:
    """The activation that the outputs come from; none of those where they come from something else."""
    found = network.blocks[-1].activations if isinstance(network, Model) else network.activations
    return found[-1] if found else None


def alive(values: Values) -> bool:
    """True when no neuron is saturated or dead, in any sample; of a model, when nothing else is decided by a hair.

    >>> import bpkit as bp
    >>> problem = bp.examples.article.problem
    >>> alive(bp.evaluate(problem)), alive(bp.evaluate(problem.replace(w5=90)))
    (True, False)
    """
    network = values.problem.network
    if isinstance(network, Model):
        blocks = dict(numbered(network.blocks))
        forward = (step for step in values.problem.derivation if step.role is Role.FORWARD)
        return all(_is_alive(values, step, blocks.get(step.quantity.block)) for step in forward)
    for activation, layer in zip(network.activations, network.layers[1:]):
        outs = np.array([values[f"out_{neuron}"] for neuron in layer])
        if not _alive(activation, outs):
            return False
    return True


def _is_alive(values: Values, step: Step, block: Block | None) -> bool:
    """No neuron at an end of its activation, no share of nearly all, no near tie, and nothing large."""
    value, tag = values[step.name], step.quantity.tag
    if tag == "pool":
        first, *others = sorted((float(values[name]) for name in names_in(step.rhs)), reverse=True)
        return not others or first - others[0] > _APART
    functions = block.activations if block and tag == "out" else (find("softmax"),) if tag == "share" else ()
    return _alive(functions[0] if len(functions) == 1 else find("identity"), value)


def _alive(function: Activation, outs: Any) -> bool:
    low, high = max(function.alive[0], -_LARGEST), min(function.alive[1], _LARGEST)
    return bool(np.all((outs > low) & (outs < high)))
