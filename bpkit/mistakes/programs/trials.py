"""The problems that a program is tried on: drawn once and for all, with sizes that differ wherever they can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from bpkit.core.architecture import Architecture
from bpkit.core.derivation import derive
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.core.updates import UpdateRule
from bpkit.mistakes.misconceptions.whereabouts import joint
from bpkit.mistakes.programs.expected import mistaken

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
DRAWS = 8  # of a model's numbers, of which the best are taken


@dataclass(frozen=True)
class Setting:
    """What is known about the problem that a program solves, before its sizes are drawn.

    ``network`` has the functions and the loss; ``batch`` is None for one sample; ``hard`` asks for targets of 0 and 1.
    """

    network: Architecture
    batch: str | None = None
    update: UpdateRule | None = None
    rate: float | None = None
    hard: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of its layers; those of a model are as they are."""
        return sizes_of(self.network)

    def of_sizes(self, sizes: tuple[int, ...]) -> Architecture:
        """The same functions on other sizes, with a bias for each neuron unless there are none."""
        network = self.network
        if not isinstance(network, Network):
            return network
        bias = "none" if network.bias == "none" else "neuron"
        return Network(sizes, activation=network.activations, loss=network.loss, bias=bias)

    @property
    def shared(self) -> bool:
        """Does a layer share one bias?"""
        return self.network.bias == "layer"


def sizes_of(network: Architecture) -> tuple[int, ...]:
    """The sizes of a network's layers, inputs first; none of a model.

    >>> sizes_of(Network(2, 3, 1))
    (2, 3, 1)
    """
    return tuple(map(len, network.layers))


@lru_cache(maxsize=64)
def trial(setting: Setting, sizes: tuple[int, ...], number: int) -> Problem:
    """One problem: numbers with both signs, some of the weights beyond 1; of a model that of a few on which the most
    mistakes show that did not before, as some do only where a token comes twice, or a neuron is dead.
    """
    if sizes:
        return _drawn(setting, sizes, number, 0)
    shown = [_changed(trial(setting, sizes, before)) for before in range(number)]
    known = np.any(shown, axis=0) if shown else np.False_
    drawn = [_drawn(setting, sizes, number, again) for again in range(DRAWS)]
    changed = [_changed(problem) for problem in drawn]
    best = max(range(DRAWS), key=lambda k: (int(np.sum(changed[k] & ~known)), int(np.sum(changed[k]))))
    return drawn[best]


@lru_cache(maxsize=64)
def _changed(problem: Problem) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which of the mistakes change a derivative."""
    whole = mistaken(problem)
    slopes = [whole.arrays[place.name] for place in whole.places.values() if place.role is Role.GRADIENT]
    off = np.concatenate([(one - one[..., :1]).reshape(-1, one.shape[-1]) for one in slopes])
    size = max(np.abs(one[..., 0]).max() for one in slopes)
    found: np.ndarray[Any, np.dtype[np.bool_]] = np.abs(off).max(axis=0) > 1e-4 * size
    return found


def _drawn(setting: Setting, sizes: tuple[int, ...], number: int, again: int) -> Problem:
    network = setting.of_sizes(sizes)
    rng = np.random.default_rng([number, *sizes, *([again] if again else [])])
    parameters = dict(zip(network.parameters, _signed(rng, 1.3, (len(network.parameters),)).tolist()))
    if setting.shared:
        for names in _layers(network):
            parameters |= dict.fromkeys(names, parameters[names[0]])
    samples = () if setting.batch is None else (SAMPLES[number % 3],)
    inputs = _inputs(network, rng, samples)
    if network.vocabulary and number % 2:  # a token that comes twice
        inputs[..., -1] = inputs[..., 0]
    targets = _targets(setting, rng, (*samples, *network.output_shape))
    rate = RATES[number % 3] if setting.rate is None else setting.rate
    batch = setting.batch or "mean"
    given = targets if network.targets else None
    return Problem(network, parameters, inputs, given, rate, update=setting.update, batch=batch)


def _signed(rng: np.random.Generator, most: float, shape: tuple[int, ...]) -> Array:
    """Numbers of both signs, none of them near 0."""
    signs = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    found: Array = signs * rng.uniform(0.2, most, shape)
    return found


def _inputs(network: Architecture, rng: np.random.Generator, samples: tuple[int, ...]) -> Array:
    shape = (*samples, *network.input_shape)
    if network.vocabulary:  # tokens, of which a table has a row each
        return rng.integers(0, min(network.vocabulary.values()), shape).astype(float)
    return _signed(rng, 1.4, shape)


def _layers(network: Architecture) -> list[list[str]]:
    return [[network.bias_of[neuron] for neuron in layer] for layer in network.layers[1:]]


def _targets(setting: Setting, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    soft: Array = rng.uniform(0.1, 0.9, shape)
    if joint(derive(setting.network)):  # one of several classes
        classes: Array = np.eye(shape[-1])[soft.argmax(axis=-1)]
        return classes if setting.hard else np.asarray(soft / soft.sum(axis=-1, keepdims=True))
    return np.asarray(np.round(soft)) if setting.hard else soft


def sizes_for(setting: Setting, given: bool, one_output: bool = False) -> tuple[tuple[int, ...], ...]:
    """The sizes to try: a network's own first, where one was given.

    >>> sizes_for(Setting(Network(2, 3, 1)), given=True)[:2]
    ((2, 3, 1), (3, 4, 1))
    """
    own = setting.sizes
    if not own:
        return ((),) * 3
    table = ONE_OUTPUT if one_output or (given and own[-1] == 1) else SIZES
    several = table.get(len(own) - 1, ())
    return (own, *(sizes for sizes in several if sizes != own)) if given else several


def longer(setting: Setting, layers: int) -> Setting:
    """The same with another number of weight matrices.

    >>> longer(Setting(Network(2, 3, 1)), layers=3).network
    Network(3, 5, 4, 2, activation='sigmoid', loss='half_squared_error', bias='layer')
    """
    network = layered(setting.network, "review")
    hidden, last = network.activations[0], network.activations[-1]
    sizes = SIZES[layers][0]
    activations = [*[hidden] * (layers - 1), last]
    return replace(setting, network=Network(sizes, activation=activations, loss=network.loss, bias=network.bias))


def sizes_text(sizes: Iterable[tuple[int, ...]]) -> str:
    """Sizes of networks: 3-4-2 and 2-5-3.

    >>> sizes_text([(3, 4, 2), (2, 5, 3)])
    '3-4-2 and 2-5-3'
    """
    words = ["-".join(map(str, one)) for one in dict.fromkeys(sizes)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
