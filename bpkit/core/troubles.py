"""What is wrong with a run, read from its records: each trouble as a sentence, with the update where it began.

A trouble lasts to the end of the run. What is only passing is none, nor is what comes with a solved task: neurons at
their flat end are no trouble once the loss is small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from bpkit.core.arrays import tables
from bpkit.core.derivation import derive
from bpkit.core.expressions import names_in
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate, loss_over
from bpkit.core.program import Program, needed
from bpkit.core.quantities import Quantity, Role
from bpkit.core.runtime import Array

if TYPE_CHECKING:
    from bpkit.core.training import Trace

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Rows = np.ndarray[Any, np.dtype[np.int_]]

FLAT = 1e-10  # a slope below it lets nothing back
SMALL = 1e-6  # a loss below it is as good as solved, and so is one a thousand times as small as at the start
ALIKE = 1e-9  # numbers that agree to so many parts of themselves
PIECE = 200_000  # numbers that one quantity may have at once
MEMORY = 10  # updates over which a rule with a memory may swing


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong with a run: its kind (grows, dead, saturated, alike or still), the update where it
    began, and a sentence that says it and what to do.
    """

    kind: str
    update: int
    sentence: str


def find_troubles(trace: Trace) -> tuple[Trouble, ...]:
    """Everything that is wrong with a run, what explains the most first.

    Returns a tuple of ``Trouble``, empty for a healthy run. A run that left the floats has none: its message says why.

    Shapes: reads the whole batch. Units: none. Errors: none.
    Source: the records, and the derivation's lines evaluated on them.
    """
    if trace.diverged_at is not None:
        return ()
    loss = trace.loss
    solved = abs(loss[-1]) <= max(SMALL, loss[0] / 1000)
    stuck = [] if solved else [*_stuck(trace)]
    still = [] if stuck else [*_still(trace)]
    return (*_growing(trace), *stuck, *_alike(trace), *still)


def _since(trace: Trace, holds: Callable[[Rows], Flags], columns: Rows, width: int) -> int:
    """The first update of the unbroken row up to the last in which all holds; looks back in ever larger pieces.

    ``holds`` has a row of flags for each record asked for; it depends on these ``columns`` of the table alone, so that
    records that have the same there are looked at once. ``width`` is how many numbers it makes of each.
    """
    table = trace.table[:, columns]
    fresh = np.append(0, 1 + np.flatnonzero((table[1:] != table[:-1]).any(axis=1)))
    stop, size = len(fresh) - 1, 1
    while stop:
        start = max(0, stop - size)
        broken = np.flatnonzero(~holds(fresh[start:stop]).all(axis=1))
        if broken.size:
            return int(fresh[start + broken[-1] + 1])
        stop, size = start, min(2 * size, max(1, PIECE // width))
    return 0


def _samples(trace: Trace) -> int:
    return len(trace.problem.inputs) if trace.problem.is_batch else 1


# The loss grows


def _growing(trace: Trace) -> Iterator[Trouble]:
    """Larger at the end than at the start, or much larger than it was, and not only for a moment."""
    loss, problem = trace.loss, trace.problem
    swing = _samples(trace) if problem.batch == "each" else 1
    if any(name != "t" for name in problem.state):
        swing *= MEMORY
    low = len(loss) - 1 - int(np.argmin(loss[::-1]))
    end = float(np.min(loss[max(low + 1, len(loss) - swing) :], initial=np.inf))
    worse = end > loss[0] + abs(loss[0]) * (0.001 if len(loss) > swing else 10)
    climbed = end > 10 * loss[low] > 0 and end > loss[0] / 10
    if low == len(loss) - 1 or abs(end) <= SMALL or not (worse or climbed):
        return
    if problem.learning_rate < 0:
        why = "the learning rate is negative; take a positive one"
    elif _overshoots(trace, low):
        why = f"learning rate {problem.learning_rate:g} is too large here; take a smaller one"
    else:
        return
    steady = bool((np.diff(loss[low:]) > 0).all())
    when = f"from update {low + 1} on" if steady else f"at update {low + 1} and does not fall back"
    when = when if low + 2 < len(loss) else f"at update {low + 1}"
    yield Trouble("grows", low + 1, f"The loss grows {when}, because {why}")


def _overshoots(trace: Trace, low: int) -> bool:
    """Would most updates that made the loss grow have lowered it, had they gone less far the same way?"""
    rising = low + np.flatnonzero(np.diff(trace.loss[low:]) > 0)
    rising = rising[:: len(rising) * _samples(trace) // 20_000 + 1]
    start, loss = trace.table[rising], trace.loss[rising]
    steps = trace.table[rising + 1] - start
    size = np.maximum(1, np.abs(start).max(axis=1)) / np.maximum(1e-300, np.abs(steps).max(axis=1))
    shares = np.minimum(1, size) / 10.0 ** np.arange(1, 7)[:, None]
    shorter = _losses(trace, start + shares[..., None] * steps)
    return float((shorter < loss - ALIKE * np.abs(loss)).any(axis=0).mean()) >= 0.5


def _losses(trace: Trace, rows: Array) -> Array:
    """The whole batch's loss at rows of parameters."""
    names = trace.problem.network.parameters
    return loss_over(trace.problem, **{name: rows[..., column] for column, name in enumerate(names)})


# Neurons at a flat end of their function


@dataclass
class _Neuron:
    """The lines that say whether a neuron lets anything back: its net and output, and the slopes of outputs in its net;
    of an output neuron the error, the error's slope in its output, and what comes back to its net. ``cut`` says that a
    piece of its function is flat.
    """

    net: Quantity
    out: list[str] = field(default_factory=list)
    slopes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    pulls: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    cut: bool = False

    @property
    def lines(self) -> list[str]:
        return [self.net.name, *self.out, *self.slopes, *self.errors, *self.pulls, *self.back]

    def off(self, values: Mapping[str, Array]) -> Flags:
        """For each record: 0 as a ReLU is, and its slope too, for every sample."""
        return _below([values[name] for name in (*self.out, *self.slopes)], 0) & self.cut

    def flat(self, values: Mapping[str, Array]) -> Flags:
        """For each record: nearly no slope for any sample, and not off."""
        return _below([values[name] for name in self.slopes], FLAT) & ~self.off(values)

    def matters(self, values: Mapping[str, Array]) -> Flags:
        """Is it a pity? Not for an output that is right, or as near as it can come, nor where a cross-entropy brings
        the slope back.
        """
        net = values[self.net.name]
        if not self.errors:
            return np.ones(net.shape[1], dtype=bool)
        wrong = np.abs(values[self.errors[0]]) > SMALL
        if len(self.slopes) == 1:  # else the outputs share one sum
            wrong = wrong & (values[self.pulls[0]] * np.where(net == 0, -1, net) > 0)
        return wrong.any(axis=0) & _below([values[name] for name in self.back], FLAT)


Test = Callable[[Sequence[_Neuron], Mapping[str, Array]], Flags]


def _below(rows: Sequence[Array], limit: float) -> Flags:
    if not rows:  # what its function leaves out has no slope
        return np.zeros((), dtype=bool)
    flags: Flags = np.all([np.abs(row) <= limit for row in rows], axis=(0, 1))
    return flags


@lru_cache(maxsize=128)
def _read(network: Network) -> tuple[_Neuron, ...]:
    """The neurons, layer by layer."""
    derivation, neurons = derive(network), dict[str, _Neuron]()
    for step in derivation:
        quantity, of, by = step.quantity, step.quantity.of, step.quantity.by
        if step.role is Role.FORWARD and quantity.tag == "net":
            neurons[quantity.neuron] = _Neuron(quantity)
        elif step.role is Role.FORWARD and quantity.tag in ("out", "error"):
            neuron = neurons[quantity.neuron]
            (neuron.out if quantity.tag == "out" else neuron.errors).append(step.name)
        elif of and by and by.tag in ("net", "out"):
            neuron = neurons[by.neuron]
            if step.role is Role.SLOPE and of.tag == "out":
                neuron.slopes.append(step.name)
                neuron.cut |= any(value == 0 for case in step.rhs.atoms(sp.Piecewise) for value, _ in case.args)
            elif step.role is Role.ADJOINT and neuron.errors:
                (neuron.back if by.tag == "net" else neuron.pulls).append(step.name)
    return tuple(neurons.values())


@lru_cache(maxsize=512)
def _lines(network: Network, names: tuple[str, ...]) -> tuple[Program, Rows]:
    """The program of some lines, and the numbers of the parameters that they use."""
    derivation = derive(network)
    program = replace(derivation.program, steps=tuple(needed(derivation.steps, names)), _made={})
    used = frozenset[str]().union(*(names_in(step.stable) for step in program.steps))
    return program, np.flatnonzero([name in used for name in network.parameters])


def _values(trace: Trace, program: Program, rows: Rows) -> dict[str, Array]:
    """What the lines are at some records: a row for each sample, a column for each record."""
    problem, table = trace.problem, trace.table[rows]
    data = {name: value[:, None] for name, value in problem.givens.items() if np.ndim(value)}
    given = {**problem.givens, **data, **dict(zip(problem.network.parameters, table.T))}
    run = program.function("evaluate", arrays=True)
    with np.errstate(all="ignore"):
        results = run(*(given[name] for name in program.givens), None)  # no line here is one number for all samples
    shape = (_samples(trace), len(table))
    return {step.name: np.broadcast_to(value, shape) for step, value in zip(program.steps, results, strict=True)}


def _dead(neurons: Sequence[_Neuron], values: Mapping[str, Array]) -> Flags:
    """Are they off, record by record, and does it matter for one of them?"""
    pity = np.any([neuron.matters(values) for neuron in neurons], axis=0)
    return np.stack([neuron.off(values) & pity for neuron in neurons], axis=1)


def _saturated(neurons: Sequence[_Neuron], values: Mapping[str, Array]) -> Flags:
    return np.stack([neuron.flat(values) & neuron.matters(values) for neuron in neurons], axis=1)


def _stuck(trace: Trace) -> Iterator[Trouble]:
    """Layers that are dead, and neurons that are saturated."""
    network = trace.problem.network
    neurons = _read(network)

    def program(some: Sequence[_Neuron]) -> tuple[Program, Rows]:
        return _lines(network, tuple(name for neuron in some for name in neuron.lines))

    now = _values(trace, program(neurons)[0], np.array([len(trace) - 1]))
    for _, row in groupby(neurons, key=lambda neuron: neuron.net.block):
        layer = [*row]
        for kind, test in (("dead", _dead), ("saturated", _saturated)):
            found = [neuron for neuron, holds in zip(layer, test(layer, now)[0]) if holds]
            whole = len(found) == len(layer)
            if found and (whole or kind == "saturated"):  # one ReLU that is off is as it should be; a layer is not
                lines, columns = program(found)
                holds = partial(_at, trace, lines, test, found)
                update = _since(trace, holds, columns, _samples(trace))
                yield Trouble(kind, update, _why_stuck(kind == "dead", found, whole, update))


def _at(trace: Trace, lines: Program, test: Test, neurons: Sequence[_Neuron], rows: Rows) -> Flags:
    return test(neurons, _values(trace, lines, rows))


def _why_stuck(dead: bool, found: Sequence[_Neuron], whole: bool, update: int) -> str:
    output = bool(found[0].errors)
    where = "the output layer" if output else f"hidden layer {found[0].net.block}"
    if dead:
        what = f"All ReLUs of {where} are dead {_from(update)}: their outputs and slopes are 0"
        remedy = "start with other weights or use leaky ReLUs"
    else:
        what = f"{_named([neuron.net.neuron for neuron in found], where)} saturated {_from(update)}: "
        what += f"{'its slope is' if len(found) == 1 else 'their slopes are'} below {FLAT:g}"
        remedy = "scale the inputs down or start with smaller weights"
    stays = "nothing" if output and whole else "no weight up to this layer" if whole else "no weight that leads there"
    return f"{what}, so {stays} can learn now; {'take a smaller learning rate' if update else remedy}"


def _from(update: int) -> str:
    return f"from update {update} on" if update else "from the start"


def _named(neurons: Sequence[str], layer: str) -> str:
    """The neurons by name, with the verb; only counted where they are many."""
    if len(neurons) == 1:
        return f"Neuron {neurons[0]} of {layer} is"
    names = f"{', '.join(neurons[:-1])} and {neurons[-1]}" if len(neurons) <= 4 else ""
    return f"The neurons {names} of {layer} are" if names else f"{len(neurons)} neurons of {layer} are"


# Hidden neurons alike


def _alike(trace: Trace) -> Iterator[Trouble]:
    """Hidden neurons with the same parameters before and behind them: they compute and learn the same."""
    network, last = trace.problem.network, np.array([len(trace) - 1])
    column, names = {name: number for number, name in enumerate(network.parameters)}, tables(network)
    for layer, neurons in enumerate(network.layers[1:-1], 1):
        before, behind, bias = names[f"W{layer}"], names[f"W{layer + 1}"], names.get(f"b{layer}", ())
        own = np.array(
            [[column[n] for n in (*before[:, j], *behind[j], *bias[j : j + 1])] for j in range(len(neurons))]
        )
        left = set(range(len(neurons)))
        while left:
            now = _equal(trace, own, min(left), last)[0]
            same = [j for j in sorted(left) if now[j]]
            left -= {*same}
            if len(same) > 1:
                update = _since(trace, partial(_equal, trace, own[same], 0), np.unique(own[same]), own[same].size)
                who = _named([neurons[j] for j in same], f"hidden layer {layer}")
                how = f"alike {_from(update)} and stay alike, because their weights are equal"
                yield Trouble("alike", update, f"{who} {how}; draw the starting weights at random")


def _equal(trace: Trace, own: Rows, first: int, rows: Rows) -> Flags:
    """Which neurons, one in each row of columns, have the same parameters as the first?"""
    numbers = trace.table[rows][:, own]
    same = np.isclose(numbers, numbers[:, first : first + 1], rtol=ALIKE, atol=ALIKE / 1000)
    flags: Flags = np.all(same, axis=2)
    return flags


# Nothing moves


def _still(trace: Trace) -> Iterator[Trouble]:
    """No parameter changes, though the loss is not small and there are parameters with a smaller one."""
    table, problem, last = trace.table, trace.problem, len(trace) - 1
    near = ALIKE * np.maximum(1, np.abs(table[-1]))
    every = np.arange(table.shape[1])
    update = _since(trace, lambda rows: np.abs(table[rows] - table[-1]) <= near, every, len(every))
    if last - update < (MEMORY if update else 1) or (problem.batch == "each" and last - update < _samples(trace)):
        return
    names = problem.network.parameters
    free = np.array([problem.train_biases or name not in problem.network.biases for name in names])
    values = evaluate(trace.final.replace(learning_rate=1.0))
    step = np.abs(np.array([values[f"{name}_new"] for name in names]) - table[-1])
    slopes = np.abs([values[f"dE/d{name}"] for name in names])[free]
    if problem.learning_rate == 0:
        why = "the learning rate is 0; take a larger one"
    elif abs(trace.loss[-1]) <= SMALL:
        return
    elif step.max() > SMALL:
        why = f"learning rate {problem.learning_rate:g} is too small here; take a larger one"
    elif slopes.max() <= SMALL and _lower_nearby(trace, free):  # else it is where a weight decay balances them
        why = "every derivative is almost 0, although other weights have a smaller loss; draw new ones at random"
    else:
        return
    yield Trouble("still", update, f"Nothing moves {_from(update)}, because {why}")


def _lower_nearby(trace: Trace, free: Flags) -> bool:
    """Do nudges, the same ones each time, from small to large, find a smaller loss?"""
    sizes = np.array([0.1, 0.3, 1.0, 3.0])[:, None, None]
    rng = np.random.default_rng(0)
    nudges = sizes * rng.normal(size=(128, len(free))) * free
    lower = _losses(trace, trace.table[-1] + nudges) < trace.loss[-1] - abs(trace.loss[-1]) / 1000
    return bool(lower.any())
