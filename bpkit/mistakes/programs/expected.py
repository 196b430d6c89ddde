"""What every array of a program should be, and what it becomes under each misconception, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from bpkit.core.architecture import Names
from bpkit.core.derivation import Derivation
from bpkit.core.expressions import OUT, Z, put
from bpkit.core.problem import Problem
from bpkit.core.quantities import Quantity, Role
from bpkit.core.runtime import Array
from bpkit.mistakes.misconceptions import catalogue, catalogue_of_training
from bpkit.mistakes.misconceptions.rule import adjoint, at, beside, gradients, last_block, new_values, own_slope, row
from bpkit.mistakes.rewrite import Edit, Misconception, becomes
from bpkit.mistakes.variants import Plan, Way, learnt, plan, replaced, sample_by_sample

EXACT = 1e-6  # of the largest entry: what clipping and 1e-8 in a denominator may move
SINGLE = 3e-4  # the same with floats of 32 bits and less


@dataclass(frozen=True)
class Place:
    """An array of the derivation: its ``name`` (net_1, dE/dW2), and the lines that hold its entries.

    ``by_sample`` says that each sample has a row of its own.
    """

    name: str
    lines: Names
    by_sample: bool


@lru_cache(maxsize=64)
def places(d: Derivation) -> Mapping[str, Place]:
    """The arrays of a derivation, in the order in which they are computed."""
    found: dict[str, Place] = {}

    def add(name: str, lines: Sequence[str | None], by_sample: bool = True) -> None:
        if lines and all(lines):
            found[name] = Place(name, np.array(lines, dtype=object), by_sample)

    last = last_block(d)
    for k in range(1, last + 1):
        for tag in ("net", "out"):
            add(f"{tag}_{k}", [one.name for one in row(d, k, tag)])
    add("E", [step.name for step in at(d, Role.FORWARD, "error")])
    add("E_total", [step.name for step in at(d, Role.FORWARD, "total")], by_sample=False)
    for k in range(last, 0, -1):
        nets, outs = row(d, k), row(d, k, "out")
        add(f"dE/dout_{k}", _back(d, outs))
        add(f"dout_{k}/dnet_{k}", [step.name if (step := own_slope(d, net)) else None for net in nets])
        add(f"dE/dnet_{k}", _back(d, nets))
    slopes, new = gradients(d), new_values(d)
    named = d.network.tables
    for key, names in named.items():
        for name, lines in ((f"dE/d{key}", slopes), (f"{key}_new", new)):
            cells = np.array([lines[one].name for one in names.flat], dtype=object).reshape(names.shape)
            found[name] = Place(name, cells, False)
    return MappingProxyType(found)


def _back(d: Derivation, quantities: Iterable[Quantity]) -> list[str | None]:
    """The lines of the derivatives with respect to some quantities."""
    return [step.name if (step := adjoint(d, one)) else None for one in quantities]


@lru_cache(maxsize=64)
def ways_of(d: Derivation) -> tuple[Way, ...]:
    """The derivation as it is, then every misconception in the shapes that a program can give it.

    A program treats the neurons of a layer alike: where a mistake is made in one line at a time, all at once is a shape
    of its own, and comes first.
    """
    known = [*catalogue(d), *catalogue_of_training(d)]
    together: dict[tuple[str, str], list[Misconception]] = {}
    for one in known:
        together.setdefault((one.name, one.detail), []).append(one)
    joined = []
    for several in together.values():
        edits = [name for one in several for name in one.edits]
        if len(several) > 1 and len(edits) == len(set(edits)):
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
                at = put(activation.stable, {Z: net.symbol})
                slopes[slope.name] = becomes(put(activation.slope, {OUT: at, Z: net.symbol}))
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
        self.arrays: dict[str, Array] = {}
        for name, place in self.places.items():
            whole = np.stack([rows[line] for line in place.lines.flat])  # lines, samples, ways
            if place.by_sample:
                self.arrays[name] = np.moveaxis(whole, 0, 1)
            else:
                self.arrays[name] = whole[:, 0].reshape(*place.lines.shape, -1)
        self.arrays["E_total"] = self.arrays["E_total"][0]  # one number for the whole batch

    def truth(self, name: str) -> Array:
        """An array as it should be."""
        found: Array = self.arrays[name][..., 0]
        return found

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return self._of.n_samples

    @property
    def summed(self) -> bool:
        """Are the samples' gradients added, and not averaged?"""
        return self._of.batch == "sum"

    def given(self) -> Iterator[tuple[str, Array]]:
        """What the problem starts from: inputs, targets and parameters, as arrays for x @ W."""
        yield "x", np.atleast_2d(self._of.inputs)
        yield "y", np.atleast_2d(self._of.targets)
        yield from self._of.arrays("x @ W").items()


@lru_cache(maxsize=64)
def _plan(d: Derivation, ways: tuple[Way, ...]) -> Plan:
    wanted = [line for place in places(d).values() for line in place.lines.flat]
    return plan(d, ways, dict.fromkeys(wanted))


@lru_cache(maxsize=16)
def _updates(d: Derivation, ways: tuple[Way, ...]) -> Plan:
    return plan(d, ways, replaced(d))


@lru_cache(maxsize=64)
def expected(problem: Problem) -> Expected:
    """The arrays of a problem under every way of the catalogue."""
    return Expected(problem, ways_of(problem.derivation))


def laid(array: Array, shape: tuple[int, ...]) -> list[Array]:
    """An array in the shape that is expected, in every way in which it may lie; [] where it cannot be it."""
    if array.shape == shape:
        return [array, array.T] if len(shape) == 2 and shape[0] == shape[1] > 1 else [array]
    if array.T.shape == shape:
        return [array.T]
    squeezed = tuple(size for size in array.shape if size > 1)
    if array.size == np.prod(shape, dtype=int) and squeezed == tuple(size for size in shape if size > 1):
        return [array.reshape(shape)]
    if array.size == np.prod(shape, dtype=int) and squeezed[::-1] == tuple(size for size in shape if size > 1):
        return [array.T.reshape(shape)]
    return []


def agree(array: Array, columns: Array, tolerance: float = EXACT) -> Array:
    """For each column, whether an array has its numbers."""
    axes = tuple(range(columns.ndim - 1))
    with np.errstate(all="ignore"):
        off = np.abs(array[..., None] - columns)
        size = np.maximum(np.abs(columns).max(axis=axes, initial=0.0), 1e-9)
        found: Array = off.max(axis=axes, initial=0.0) <= tolerance * size
    return found


def factor_between(array: Array, true: Array, factors: Sequence[float], tolerance: float = EXACT) -> float | None:
    """By which of some factors an array is the true one; the first that fits."""
    size = np.abs(true).max(initial=0.0)
    if size < 1e-12 or not np.isfinite(array).all():
        return 1.0 if size < 1e-12 and np.abs(array).max(initial=0.0) < 1e-9 else None
    place = np.unravel_index(np.abs(true).argmax(), true.shape)
    ratio = float(array[place] / true[place])
    for factor in factors:
        near = abs(ratio - factor) <= 4 * tolerance * abs(factor)
        if near and np.abs(array - factor * true).max() <= tolerance * size * abs(factor):
            return factor
    return None


def conventions(problem: Problem) -> tuple[float, ...]:
    """The factors by which arrays on the way may differ among right programs: a sign, a half, the samples, the rate."""
    n, k, rate = problem.n_samples, problem.network.sizes[-1], problem.learning_rate
    found = [1.0, 1 / n, n, 1 / k, 1 / (n * k), n * k, 0.5, 2.0]
    found += [rate * one for one in (1.0, 1 / n)]
    found += [2 * one for one in found[1:6]] + [0.5 * one for one in found[1:6]]
    return tuple(dict.fromkeys(sign * one for sign in (1.0, -1.0) for one in found))
