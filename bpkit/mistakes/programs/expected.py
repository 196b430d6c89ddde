"""What every array of a program should be, and what it becomes under each misconception, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from bpkit.core.derivation import Derivation
from bpkit.core.expressions import OUT, Z, put
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.misconceptions import catalogue, catalogue_of_training, named
from bpkit.mistakes.misconceptions.whereabouts import at, beside, own_slope, row
from bpkit.mistakes.programs.array_ways import array_ways
from bpkit.mistakes.programs.layer_ways import layer_ways
from bpkit.mistakes.programs.places import Place, given_places, outputs_of, places
from bpkit.mistakes.rewrite import Edit, Misconception, becomes
from bpkit.mistakes.variants import Plan, Way, learnt, plan, replaced, sample_by_sample

EXACT = 1e-6  # of the largest entry: what clipping and 1e-8 in a denominator may move
SINGLE = 3e-4  # the same with floats of 32 bits and less


@lru_cache(maxsize=64)
def ways_of(d: Derivation, names: frozenset[str] | None = None) -> tuple[Way, ...]:
    """The derivation as it is, then every misconception, or those of some names, in the shapes that a program can
    give it.

    A program treats the neurons of a layer alike: where a mistake is made in one line at a time, all at once is a shape
    of its own, and comes first.
    """
    known = [*catalogue(d), *catalogue_of_training(d)] if names is None else named(d, names)
    known += [one for one in (*array_ways(d), *layer_ways(d)) if names is None or one.name in names]
    together: dict[tuple[str, str], list[Misconception]] = {}
    for one in known:
        together.setdefault((one.name, one.detail), []).append(one)
    joined = []
    for several in together.values():
        edits = [name for one in several for name in one.edits]
        if len(several) == 1 or len(edits) > len(set(edits)):
            continue
        told = any(one.name == several[0].name and one.edits.keys() == {*edits} for one in known)  # in its own words
        if not told:
            whole = {name: edit for one in several for name, edit in one.edits.items()}
            joined.append(replace(several[0], edits=MappingProxyType(whole)))
    order = sorted([*joined, *known, *_at_net(d, known)], key=lambda one: one.rank)
    return ((), *((one,) for one in order))


def _at_net(d: Derivation, known: Sequence[Misconception]) -> Iterator[Misconception]:
    """Wrong outputs beside right slopes: a program may compute those from net, where the derivation uses out."""
    slopes: dict[str, Edit] = {}
    outs: dict[str, str] = {}
    for k, activation in enumerate(d.network.activations, 1):
        for net in row(d, k) if not activation.joint else ():
            slope, out = own_slope(d, net), beside(d, net, "out")
            if slope and out:
                again = put(activation.stable, {Z: net.symbol})
                slopes[slope.name] = becomes(put(activation.slope, {OUT: again, Z: net.symbol}))
                outs[out.name] = slope.name
    for one in known:
        own = {outs[name]: slopes[outs[name]] for name in one.edits if name in outs}
        if own and not own.keys() & one.edits.keys():
            yield replace(one, edits=MappingProxyType({**one.edits, **own}))


class Expected:
    """The arrays of a problem, each with one more axis: a column for each way, the first of them the truth."""

    def __init__(self, problem: Problem, ways: Sequence[Way]) -> None:
        self.problem, self.ways = problem, tuple(ways)
        d = problem.derivation
        self.places = places(d)
        self._of = problem.sample(0) if problem.one_by_one else problem
        made = _plan(d, self.ways)
        rows = sample_by_sample(made, self._of)
        if problem.one_by_one:
            updates = _updates(d, self.ways)
            new = learnt(updates, problem, len(problem.inputs))
            back = {given: line for line, given in replaced(d).items()}
            rows |= {back[name]: np.broadcast_to(values, (1, len(self.ways))) for name, values in new.items()}
        self.rows = rows  # (samples, ways) of each line
        self.arrays = {name: self._array(place) for name, place in self.places.items()}

    def _array(self, place: Place) -> Array:
        whole = np.stack([self.rows[line] for line in place.lines.flat])  # lines, samples, ways
        if place.by_sample:
            return np.moveaxis(whole, 0, 1).reshape(whole.shape[1], *place.lines.shape, -1)
        shape = () if place.is_a(Role.FORWARD, "total") else place.lines.shape  # the loss is one number for all
        of_all: Array = whole[:, 0].reshape(*shape, -1)
        return of_all

    def truth(self, place: Place) -> Array:
        """An array as it should be."""
        found: Array = self.arrays[place.name][..., 0]
        return found

    def of(self, role: Role, key: str) -> Place:
        """The array of the derivatives, or of the new values, of an array of parameters."""
        return next(one for one in self.places.values() if one.role is role and one.key == key)

    @property
    def outputs(self) -> Place:
        """The array of the outputs."""
        lines = outputs_of(self.problem.derivation)
        return next(one for one in self.places.values() if np.array_equal(one.lines, lines))

    @property
    def last_delta(self) -> Place:
        """The array of the deltas of the outputs."""
        last = self.outputs.block
        return next(one for one in self.places.values() if one.is_a(Role.ADJOINT, "net") and one.block == last)

    @property
    def loss(self) -> Place:
        """The loss of the whole batch."""
        return next(one for one in self.places.values() if one.is_a(Role.FORWARD, "total"))

    def values(self, lines: Iterable[str], column: int = 0) -> list[Array]:
        """What some lines, inputs or parameters hold in one of the ways, each with a number for each sample."""
        givens = self._of.givens
        return [
            self.rows[one][:, column] if one in self.rows else np.broadcast_to(np.ravel(givens[one]), self.samples)
            for one in lines
        ]

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return self._of.n_samples

    @property
    def summed(self) -> bool:
        """Are the samples' gradients added, and not averaged?"""
        return self._of.batch == "sum"

    def given(self) -> Iterator[tuple[Place, Array]]:
        """What the problem starts from: inputs, targets and parameters, as arrays for x @ W."""
        data = {"x": self._of.inputs, "y": self._of.targets} | self._of.arrays("x @ W")
        for key, place in given_places(self.problem.derivation).items():
            yield place, np.reshape(data[key], ((-1,) if place.by_sample else ()) + place.lines.shape)

    def start(self, key: str) -> Array:
        """One of the arrays that the problem starts from."""
        return next(array for place, array in self.given() if place.quantity.letter == key)


@lru_cache(maxsize=64)
def _plan(d: Derivation, ways: tuple[Way, ...]) -> Plan:
    wanted = [line for place in places(d).values() for line in place.lines.flat]
    starts = [step.name for step in at(d, Role.FORWARD, "start")]
    slopes = [] if d.network.layers else [step.name for step in d if step.role is Role.SLOPE]
    return plan(d, ways, dict.fromkeys([*wanted, *starts, *slopes]))


@lru_cache(maxsize=16)
def _updates(d: Derivation, ways: tuple[Way, ...]) -> Plan:
    return plan(d, ways, replaced(d))


@lru_cache(maxsize=64)
def expected(problem: Problem) -> Expected:
    """The arrays of a problem as they should be, which is all that a right program needs."""
    return Expected(problem, ((),))


@lru_cache(maxsize=64)
def mistaken(problem: Problem) -> Expected:
    """The same, and beside it the arrays under every way of the catalogue."""
    return Expected(problem, ways_of(problem.derivation))


def laid(array: Array, shape: tuple[int, ...], turned: bool | None = None) -> list[Array]:
    """An array in the shape that is expected, in every layout that it may have; [] where it cannot be it.

    A square may lie either way: ``turned`` says which, where that is known.
    """
    wanted = tuple(size for size in shape if size > 1)
    if array.ndim == 2 and array.shape == wanted and array.shape[0] == array.shape[1]:
        both = [array.reshape(shape), array.T.reshape(shape)]
        return both if turned is None else both[turned : turned + 1]
    if array.shape == shape:
        return [array]
    if array.T.shape == shape:
        return [array.T]
    squeezed = tuple(size for size in array.shape if size > 1)
    if array.size == np.prod(shape, dtype=int) and squeezed == wanted:
        return [array.reshape(shape)]
    if array.size == np.prod(shape, dtype=int) and squeezed[::-1] == wanted:
        return [array.T.reshape(shape)]
    return []


def agree(array: Array, columns: Array, tolerance: float = EXACT) -> Array:
    """For each column, whether an array has its numbers.

    >>> agree(np.array([1.0, 2.0]), np.array([[1.0, 1.0], [2.0, 3.0]])).tolist()
    [True, False]
    """
    axes = tuple(range(columns.ndim - 1))
    with np.errstate(all="ignore"):
        off = np.abs(array[..., None] - columns)
        size = np.maximum(np.abs(columns).max(axis=axes, initial=0.0), 1e-9)
        found: Array = off.max(axis=axes, initial=0.0) <= tolerance * size
    return found


def factor_between(array: Array, true: Array, factors: Sequence[float], tolerance: float = EXACT) -> float | None:
    """By which of some factors an array is the true one; the first that fits.

    >>> factor_between(np.array([2.0, 4.0]), np.array([1.0, 2.0]), [1.0, 2.0])
    2.0
    """
    place = int(np.abs(true).argmax()) if true.size else 0
    size = abs(float(true.flat[place])) if true.size else 0.0
    if size < 1e-12:
        return 1.0 if np.abs(array).max(initial=0.0) < 1e-9 else None
    ratio = float(array.flat[place] / true.flat[place])  # of most arrays it is none of the factors, and that is quick
    for factor in factors:
        near = abs(ratio - factor) <= 4 * tolerance * abs(factor) and np.isfinite(array).all()
        if near and np.abs(array - factor * true).max() <= tolerance * size * abs(factor):
            return factor
    return None


def conventions(problem: Problem) -> tuple[float, ...]:
    """The factors by which arrays on the way may differ among right programs: a sign, a half, the samples, the rate.

    >>> import bpkit as bp
    >>> conventions(bp.examples.article.problem)[:3]
    (1.0, 0.5, 2.0)
    """
    n, k, rate = problem.n_samples, len(problem.network.outputs), problem.learning_rate
    found = [1.0, 1 / n, n, 1 / k, 1 / (n * k), n * k, 0.5, 2.0]
    found += [rate * one for one in (1.0, 1 / n)]
    found += [2 * one for one in found[1:6]] + [0.5 * one for one in found[1:6]]
    return tuple(dict.fromkeys(sign * one for sign in (1.0, -1.0) for one in found))
