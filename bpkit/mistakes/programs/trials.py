"""The problems that a program is tried on: drawn once and for all, with sizes that differ wherever they can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.runtime import Array
from bpkit.core.updates import UpdateRule

# Sizes by the number of weight matrices. No size meets another one or the number of samples of the same trial, so that
# a matrix that lies the wrong way, or a sum over the wrong axis, always shows.
SIZES = {
    1: ((3, 2), (2, 4), (4, 3)),
    2: ((3, 4, 2), (2, 5, 3), (4, 2, 3)),
    3: ((3, 5, 4, 2), (4, 2, 5, 3), (2, 4, 3, 5)),
    4: ((3, 5, 4, 2, 6), (2, 3, 6, 4, 5), (4, 2, 5, 6, 3)),
}
ONE_OUTPUT = {
    1: ((3, 1), (4, 1), (2, 1)),
    2: ((3, 4, 1), (2, 5, 1), (4, 3, 1)),
    3: ((3, 5, 4, 1), (4, 2, 5, 1), (2, 4, 3, 1)),
    4: ((3, 5, 4, 2, 1), (2, 3, 6, 4, 1), (4, 2, 5, 6, 1)),
}
SAMPLES = (7, 8, 9)
RATES = (0.3, 0.7, 0.45)


@dataclass(frozen=True)
class Setting:
    """What is known about the problem that a program solves, before its sizes are drawn.

    ``network`` has the functions and the loss; ``batch`` is None for one sample; ``hard`` asks for targets of 0 and 1.
    """

    network: Network
    batch: str | None = None
    update: UpdateRule | None = None
    rate: float | None = None
    hard: bool = False

    def of_sizes(self, sizes: tuple[int, ...]) -> Network:
        """The same functions on other sizes, with a bias for each neuron unless there are none."""
        network = self.network
        bias = "none" if network.bias == "none" else "neuron"
        return Network(sizes, activation=network.activations, loss=network.loss, bias=bias)

    @property
    def shared(self) -> bool:
        """Does a layer share one bias?"""
        return self.network.bias == "layer"


@lru_cache(maxsize=64)
def trial(setting: Setting, sizes: tuple[int, ...], number: int) -> Problem:
    """One problem: numbers with both signs, some of the weights beyond 1."""
    network = setting.of_sizes(sizes)
    rng = np.random.default_rng([number, *sizes])
    parameters = dict(zip(network.parameters, _signed(rng, 1.3, (len(network.parameters),)).tolist()))
    if setting.shared:
        for names in _layers(network):
            parameters |= dict.fromkeys(names, parameters[names[0]])
    samples = () if setting.batch is None else (SAMPLES[number % 3],)
    inputs = _signed(rng, 1.4, (*samples, sizes[0]))
    targets = _targets(setting, rng, (*samples, sizes[-1]))
    rate = RATES[number % 3] if setting.rate is None else setting.rate
    batch = setting.batch or "mean"
    given = targets if network.targets else None
    return Problem(network, parameters, inputs, given, rate, update=setting.update, batch=batch)


def _signed(rng: np.random.Generator, most: float, shape: tuple[int, ...]) -> Array:
    """Numbers of both signs, none of them near 0."""
    signs = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    found: Array = signs * rng.uniform(0.2, most, shape)
    return found


def _layers(network: Network) -> list[list[str]]:
    return [[network.bias_of[neuron] for neuron in layer] for layer in network.layers[1:]]


def _targets(setting: Setting, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    soft: Array = rng.uniform(0.1, 0.9, shape)
    if setting.network.activations[-1].joint:  # one of several classes
        classes: Array = np.eye(shape[-1])[soft.argmax(axis=-1)]
        return classes if setting.hard else np.asarray(soft / soft.sum(axis=-1, keepdims=True))
    return np.asarray(np.round(soft)) if setting.hard else soft


def sizes_for(setting: Setting, given: bool, one_output: bool = False) -> tuple[tuple[int, ...], ...]:
    """The sizes to try: a network's own first, where one was given."""
    own = setting.network.sizes
    table = ONE_OUTPUT if one_output or (given and own[-1] == 1) else SIZES
    several = table.get(len(own) - 1, ())
    return (own, *(sizes for sizes in several if sizes != own)) if given else several


def longer(setting: Setting, layers: int) -> Setting:
    """The same with another number of weight matrices."""
    network = setting.network
    hidden, last = network.activations[0], network.activations[-1]
    sizes = SIZES[layers][0]
    activations = [*[hidden] * (layers - 1), last]
    return replace(setting, network=Network(sizes, activation=activations, loss=network.loss, bias=network.bias))


def sizes_text(sizes: Iterable[tuple[int, ...]]) -> str:
    """Sizes of networks: 3-4-2 and 2-5-3."""
    words = ["-".join(map(str, one)) for one in dict.fromkeys(sizes)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
