"""Small data sets for two inputs and one output, made by NumPy from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.initial import initial_parameters
from bpkit.core.network import Network
from bpkit.core.problem import Problem

Array = NDArray[np.float64]
UNRIPE, RIPE = np.array([[0.05, 0.1], [0.3, 0.5]]), np.array([[0.7, 0.4], [0.95, 0.9]])  # how red, how soft: from, to
SPIRAL_REACH, SPIRAL_TURN = 2.0, 2.5 * np.pi  # how far its arms go out, and around


@dataclass(frozen=True, eq=False)
class DataSet:
    """Points of the plane and the class of each: ``inputs`` (n_samples, 2), ``targets`` (n_samples, 1), 0 or 1."""

    name: str
    inputs: Array
    targets: Array

    def __repr__(self) -> str:
        ones = int(self.targets.sum())
        return f"DataSet({self.name!r}: {len(self.inputs)} points, {ones} of class 1)"

    def problem(self, network: Network, seed: int = 0, learning_rate: float = 0.5, scheme: str = "xavier") -> Problem:
        """The problem of learning these points, with weights drawn from a seed."""
        parameters = initial_parameters(network, np.random.default_rng(seed), scheme)
        return Problem(network, parameters, self.inputs, self.targets, learning_rate)

    def split(self, training: int | None = None, seed: int = 0) -> tuple[DataSet, DataSet]:
        """Shuffle the points and share them out: so many to train on, half of them unless told, the others to test.

        Errors: ``BpkitError`` unless both parts get a point.
        """
        count = len(self.inputs)
        first = count // 2 if training is None else training
        if isinstance(first, bool) or not isinstance(first, int) or not 0 < first < count:
            raise BpkitError(f"split: expected from 1 to {count - 1} points to train on, got {training!r}")
        rng = np.random.default_rng(seed)
        order = rng.permutation(count)
        return self._chosen(order[:first]), self._chosen(order[first:])

    def _chosen(self, rows: NDArray[np.int64]) -> DataSet:
        arrays = self.inputs[rows], self.targets[rows]
        for array in arrays:
            array.setflags(write=False)
        return DataSet(self.name, *arrays)


def _xor(samples: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])[np.arange(samples) % 4]
    return corners + noise * rng.normal(size=corners.shape), (corners[:, 0] != corners[:, 1]).astype(float)


def _moons(samples: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    first = samples // 2
    upper, lower = np.linspace(0, np.pi, first), np.linspace(0, np.pi, samples - first)
    points = np.vstack(
        [np.column_stack([np.cos(upper), np.sin(upper)]), np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)])]
    )
    return points + noise * rng.normal(size=points.shape), (np.arange(samples) >= first).astype(float)


def _circles(samples: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    inner = samples // 2
    radius = np.where(np.arange(samples) < inner, 0.4, 1.0)
    angle = np.concatenate([np.linspace(0, 2 * np.pi, n, endpoint=False) for n in (inner, samples - inner)])
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points + noise * rng.normal(size=points.shape), (radius < 0.7).astype(float)


def _spiral(samples: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    first = samples // 2
    along = np.concatenate([np.linspace(0.1, 1, n) for n in (first, samples - first)])
    arm = (np.arange(samples) >= first).astype(float)
    angle = SPIRAL_TURN * along + np.pi * arm
    points = SPIRAL_REACH * along[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return points + noise * rng.normal(size=points.shape), arm


def _tomatoes(samples: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    first = samples // 2
    unripe, ripe = np.linspace(0, 1, first)[:, None], np.linspace(0, 1, samples - first)[:, None]
    points = np.vstack([UNRIPE[0] + unripe * (UNRIPE[1] - UNRIPE[0]), RIPE[0] + ripe * (RIPE[1] - RIPE[0])])
    return points + noise * rng.normal(size=points.shape), (np.arange(samples) >= first).astype(float)


_Maker = Callable[[int, float, np.random.Generator], tuple[Array, Array]]
MAKERS: Mapping[str, tuple[_Maker, int, float]] = MappingProxyType(
    {
        "xor": (_xor, 4, 0.0),
        "moons": (_moons, 200, 0.1),
        "circles": (_circles, 200, 0.08),
        "spiral": (_spiral, 200, 0.05),
        "tomatoes": (_tomatoes, 200, 0.1),
    }
)


def data_set(name: str, samples: int | None = None, noise: float | None = None, seed: int = 0) -> DataSet:
    """Make two classes of points: ``"xor"`` (4 corners), or 200 noisy ones as ``"moons"``, ``"circles"``, ``"spiral"``
    or ``"tomatoes"`` (how red and how soft they are; class 1 is ripe).

    ``samples`` is the number of points, ``noise`` the standard deviation of what is added to each coordinate; the same
    seed gives the same points. The shapes follow scikit-learn's ``make_moons`` and ``make_circles``; the spiral has two
    arms, each half a turn from the other.
    """
    if name not in MAKERS:
        raise BpkitError(f"data_set: expected a name, got {name!r}{suggest(name, MAKERS)}")
    make, usual, spread = MAKERS[name]
    count = usual if samples is None else samples
    if isinstance(count, bool) or not isinstance(count, int) or count < 4:
        raise BpkitError(f"data_set: expected at least 4 samples, got {samples!r}")
    width = spread if noise is None else float(noise)
    if not (np.isfinite(width) and width >= 0):
        raise BpkitError(f"data_set: expected a noise from 0, got {noise!r}")
    inputs, targets = make(count, width, np.random.default_rng(seed))
    table = targets[:, None]
    for array in (inputs, table):
        array.setflags(write=False)
    return DataSet(name, inputs, table)
