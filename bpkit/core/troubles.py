"""What is wrong with a run, read from its records: each trouble as a sentence, with the update where it began.

A trouble lasts to the end of the run. What is only passing is none, nor is what comes with a solved task: neurons at
their flat end are no trouble once the loss is small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import sympy as sp

from bpkit.core.derivation import derive
from bpkit.core.expressions import ONE
from bpkit.core.network import Network
from bpkit.core.numeric import evaluate, loss_over
from bpkit.core.program import Program, needed
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array

if TYPE_CHECKING:
    from bpkit.core.train import Trace

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Rows = np.ndarray[Any, np.dtype[np.int_]]

FLAT = 1e-10  # a slope below it lets nothing back
SMALL = 1e-6  # a loss below it is as good as solved, and so is one a thousand times as small as at the start
WEAK = 1e-3  # what the loss asks of an output that is as good as right
ALIKE = 1e-9  # numbers that agree to so many parts of themselves
PIECE = 20_000  # numbers that one line may have at once
MEMORY = 10  # updates over which a rule with a memory may swing


class Trouble(NamedTuple):
    """One thing that is wrong with a run: its kind (grows, swings, dead, saturated, alike or still), the update where
    it began, and a sentence that says it and what to do.
    """

    kind: str
    update: int
    sentence: str


def find_troubles(trace: Trace) -> tuple[Trouble, ...]:
    """Everything that is wrong with a run, what explains the most first; nothing where its message says it already.

    >>> import bpkit as bp
    >>> find_troubles(bp.train(bp.examples.article.problem.replace(learning_rate=0), 20))[0].sentence
    'Nothing moves from the start, because the learning rate is 0; take a larger one'
    """
    found: list[Trouble] = []
    if trace.diverged_at is None and trace.problem.parameters:
        for check, explained_by in CHECKS:
            if not explained_by & {trouble.kind for trouble in found}:
                found += check(trace)
    return tuple(found)


def _since(trace: Trace, holds: Callable[[slice], Flags], width: int) -> int:
    """The first update of the unbroken row up to the last in which all holds, looked for in pieces from the end."""
    size = max(1, PIECE // width)
    for stop in range(len(trace), 0, -size):
        start = max(0, stop - size)
        broken = np.flatnonzero(~holds(slice(start, stop)).all(axis=0))
        if broken.size:
            return start + int(broken[-1]) + 1
    return 0


def _from(update: int) -> str:
    """Since when, in words.

    >>> _from(0), _from(3)
    ('from the start', 'from update 3 on')
    """
    return f"from update {update} on" if update else "from the start"


def _named(neurons: Sequence[str], layer: str) -> str:
    """The neurons by name, with the verb; only counted where they are many.

    >>> _named(["h1", "h2"], "hidden layer 1"), _named(["h2"], "hidden layer 1")
    ('The neurons h1 and h2 of hidden layer 1 are', 'Neuron h2 of hidden layer 1 is')
    """
    *most, last = neurons
    if len(neurons) > 4:
        return f"{len(neurons)} neurons of {layer} are"
    return f"The neurons {', '.join(most)} and {last} of {layer} are" if most else f"Neuron {last} of {layer} is"


def _samples(trace: Trace) -> int:
    return len(np.atleast_2d(trace.problem.inputs))


def _turns(trace: Trace) -> tuple[int, int]:
    """Updates until all samples had their turn, and until a loss that rises in passing has come down again.

    >>> import bpkit as bp
    >>> batch = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[1], [2]], [[0], [1]], batch="each")
    >>> _turns(bp.train(batch, 1)), _turns(bp.train(batch.replace(update=bp.updates.Momentum()), 1))
    ((2, 2), (2, 20))
    """
    each = _samples(trace) if trace.problem.batch == "each" else 1
    return each, each * (MEMORY if trace.problem.state.keys() - {"t"} else 1)


def solved(trace: Trace, loss: float) -> bool:
    """Is a loss as good as none, at all or beside the one at the start?

    >>> import bpkit as bp
    >>> trace = bp.train(bp.examples.article.problem, 1)
    >>> solved(trace, loss=0.0001), solved(trace, loss=0.1)
    (True, False)
    """
    return bool(abs(loss) <= max(SMALL, trace.loss[0] / 1000))


def _lower(trace: Trace, rows: Array, than: Array, by: float) -> Flags:
    """Is the whole batch's loss at rows of parameters lower by such a part?"""
    losses = loss_over(trace.problem, **dict(zip(trace.problem.network.parameters, np.moveaxis(rows, -1, 0))))
    flags: Flags = losses < than - by * np.abs(than)
    return flags


def _too_far(trace: Trace, updates: Rows, by: float) -> str:
    """A sentence's end where most of these updates would have lowered the loss, had they gone less far the same way."""
    updates = updates[:: len(updates) * _samples(trace) // PIECE + 1]
    start = trace.table[updates]
    steps = trace.table[updates + 1] - start
    size = np.maximum(1, np.abs(start).max(axis=1))
    shares = size / np.maximum(size, np.abs(steps).max(axis=1)) / 2.0 ** np.arange(1, 21)[:, None]
    ends = np.minimum(trace.loss[updates], trace.loss[updates + 1])
    shorter = _lower(trace, start + shares[..., None] * steps, ends, by)
    rate = trace.problem.learning_rate
    return f"learning rate {rate:g} is too large here; take a smaller one" if shorter.any(axis=0).mean() >= 0.5 else ""


def grows(trace: Trace) -> Iterator[Trouble]:
    """Larger at the end than at the start, or much larger than it was, and not only for a moment.

    >>> import bpkit as bp
    >>> [one.update for one in grows(bp.train(bp.examples.article.problem.replace(learning_rate=-0.5), 20))]
    [1]
    """
    loss, last, (_, turn) = trace.loss, len(trace) - 1, _turns(trace)
    low = last - int(np.argmin(loss[::-1]))
    rising = low + np.flatnonzero(np.diff(loss[low:]) > 0)
    end = float(np.min(loss[max(low, last - turn) + 1 :], initial=np.inf))
    worse = end > loss[0] + abs(loss[0]) * (0.001 if last >= turn else 10)
    climbed = end > 10 * loss[low] > 0 and end > loss[0] / 10
    if not rising.size or abs(end) <= SMALL or not (worse or climbed):
        return
    negative = "the learning rate is negative; take a positive one"
    if why := negative if trace.problem.learning_rate < 0 else _too_far(trace, rising, ALIKE):
        when = f"at update {low + 1}" + " and does not fall back" * (low + 1 < last)
        when = _from(low + 1) if 1 < len(rising) == last - low else when
        yield Trouble("grows", low + 1, f"The loss grows {when}, because {why}")


def _swings(trace: Trace) -> Iterator[Trouble]:
    """No smaller loss for half of the run, though most updates leap over one; usual where samples take turns."""
    loss, last, (each, turn) = trace.loss, len(trace) - 1, _turns(trace)
    window, low = 2 * MEMORY * turn, int(np.argmax(loss <= loss.min() + abs(loss.min()) / 1000))
    ways = np.sign(np.diff(trace.table[-window - 1 :], axis=0))
    back = (ways[1:] * ways[:-1]).sum(axis=1) < 0
    if each > 1 or last - low < max(window, low) or not back.any() or solved(trace, loss[-window:].max()):
        return
    if why := _too_far(trace, np.arange(last - window, last), 0.01):
        what = f"The weights swing from side to side {_from(low + 1)} and the loss gets no smaller"
        yield Trouble("swings", low + 1, f"{what}, because {why}")


class _Watched(NamedTuple):
    """The numbers that say whether the neurons of a layer let anything back, by their places in what is computed."""

    net: Rows
    out: Rows
    to_net: Rows
    to_out: Rows
    slopes: Rows  # a row for each neuron, of all that its net input moves
    cut: bool  # does the activation have a flat piece, as a ReLU has?


@lru_cache(maxsize=128)
def _watched(network: Network) -> tuple[Program, tuple[_Watched, ...]]:
    """The lines for that (forward, slopes, and what the loss asks of outputs), and where each layer has its numbers.

    Behind the last line there are a 0, for what has no line, and an infinity, for a slope that has none.
    """
    derivation, last = derive(network), len(network.activations)
    wanted = {(Role.FORWARD, "net"), (Role.FORWARD, "out"), (Role.SLOPE, "net"), (Role.ADJOINT, last)}
    names = [s.name for s in derivation if wanted & {(s.role, s.quantity.tag), (s.role, s.quantity.block)}]
    program = replace(derivation, steps=tuple(needed(derivation.steps, names))).program
    place = {step.name: number for number, step in enumerate(program.steps)}
    found = []
    for function, neurons in zip(network.activations, network.layers[1:]):
        net, out, to_net, to_out = (
            np.array([place.get(f"{what}_{neuron}", len(place)) for neuron in neurons])
            for what in ("net", "out", "dE_total/dnet", "dE_total/dout")
        )
        moved = [[f"dout_{to}/dnet_{neuron}" for to in (neurons if function.joint else [neuron])] for neuron in neurons]
        slopes = np.array([[place.get(name, len(place) + 1) for name in row] for row in moved])
        pieces = (function.slope or ONE).atoms(sp.Piecewise)
        cut = any(value == 0 for piece in pieces for value, _ in piece.args)
        found.append(_Watched(net, out, to_net, to_out, slopes, cut))
    return program, tuple(found)


def flat_ends(trace: Trace, rows: slice, flat: Sequence[float] = ()) -> dict[tuple[int, str], Flags]:
    """By layer and kind, for each neuron and record: is it dead, off as a ReLU is for all samples, or saturated?

    ``flat`` has a slope for each layer after the inputs; below it a neuron is saturated.
    """
    problem, network, table = trace.problem, trace.problem.network, trace.table[rows]
    if not network.layers:  # blocks of other kinds have no layers to speak of
        return {}
    (program, watched), shape = _watched(network), (_samples(trace), len(table))
    data = {name: value[:, None] for name, value in problem.givens.items() if np.ndim(value)}
    given = {**problem.givens, **data, **dict(zip(network.parameters, table.T))}
    values = np.zeros((len(program.steps) + 2, *shape))
    values[-1] = np.inf
    with np.errstate(all="ignore"):  # no line here is one number for all samples, so nothing is settled
        results = program.function("evaluate", arrays=True)(*(given[name] for name in program.givens), None)
    for row, value in zip(values, results):
        row[:] = value
    found = {}
    for layer, (one, least) in enumerate(zip(watched, flat or repeat(FLAT)), 1):
        slope = np.abs(values[one.slopes]).max(axis=(1, 2))
        off = one.cut & (slope == 0) & (values[one.out] == 0).all(axis=1)
        pity = np.ones_like(off)
        if layer == len(watched):  # not if it is right or as near as it can come, nor if the loss brings it back
            joint, to_out = one.slopes.shape[1] > 1, values[one.to_out]
            wrong = np.abs(to_out) if joint else to_out * np.where(values[one.net] > 0, 1, -1)
            pity = (wrong > WEAK).any(axis=1) & (np.abs(values[one.to_net]) <= least).all(axis=1)
        found[layer, "dead"] = off & pity.any(axis=0)
        found[layer, "saturated"] = (slope <= least) & ~off & pity
    return found


def _stuck(trace: Trace) -> Iterator[Trouble]:
    """Layers whose ReLUs are all dead, and neurons that are saturated; one ReLU that is off is as it should be."""

    def hold(key: tuple[int, str], some: Rows, rows: slice) -> Flags:
        return flat_ends(trace, rows)[key][some]

    layers, now = trace.problem.network.layers, slice(-1, None)
    for (layer, kind), flags in ({} if solved(trace, trace.loss[-1]) else flat_ends(trace, now)).items():
        some, neurons = np.flatnonzero(flags[:, 0]), layers[layer]
        whole, output = len(some) == len(neurons), neurons == layers[-1]
        if not some.size or (kind == "dead" and not whole):
            continue
        update = _since(trace, partial(hold, (layer, kind), some), _samples(trace))
        where = "the output layer" if output else f"hidden layer {layer}"
        if kind == "dead":
            what = f"All ReLUs of {where} are dead {_from(update)}: their outputs and slopes are 0"
            remedy = "start with other weights or use leaky ReLUs"
        else:
            slopes = "its slope is" if len(some) == 1 else "their slopes are"
            what = f"{_named([neurons[j] for j in some], where)} saturated {_from(update)}: {slopes} below {FLAT:g}"
            remedy = "scale the inputs down or start with smaller weights"
        whose = "nothing" if output and whole else f"no weight {'up to this layer' if whole else 'that leads there'}"
        remedy = "take a smaller learning rate" if update else remedy
        yield Trouble(kind, update, f"{what}, so {whose} can learn now; {remedy}")


@lru_cache(maxsize=128)
def _hidden(network: Network) -> tuple[Rows, ...]:
    """For each hidden layer and each of its neurons the places of the parameters before and behind it."""
    column, arrays = {name: number for number, name in enumerate(network.parameters)}, network.tables
    found = []
    for layer in range(1, len(network.layers) - 1):
        bias = [arrays[f"b{layer}"][None]] if network.biases else []
        found.append(np.vectorize(column.get)(np.vstack([arrays[f"W{layer}"], arrays[f"W{layer + 1}"].T, *bias]).T))
    return tuple(found)


def alike(trace: Trace) -> Iterator[tuple[int, int, list[str]]]:
    """Hidden neurons with the same parameters before and behind them: since which update, their layer and names.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 2, 1, bias="none"), {"w1": 1, "w2": 1, "w3": 1, "w4": 1}, [1], [0])
    >>> [*alike(bp.train(problem, 2))]
    [(0, 1, ['h1', 'h2'])]
    """
    layers = trace.problem.network.layers[1:-1]

    def near(own: Rows, first: Rows, rows: slice) -> Flags:
        numbers = trace.table[rows].T
        leader = numbers[first]
        flags: Flags = np.all(np.abs(numbers[own] - leader) <= ALIKE / 1000 + ALIKE * np.abs(leader), axis=1)
        return flags

    for layer, (own, neurons) in enumerate(zip(_hidden(trace.problem.network), layers), 1):
        leaders = [int(near(own, row, slice(-1, None))[:, 0].argmax()) for row in own]
        for leader in sorted({leader for leader in leaders if leaders.count(leader) > 1}):
            some = np.flatnonzero(np.array(leaders) == leader)
            update = _since(trace, partial(near, own[some], own[leader]), own[some].size)
            yield update, layer, [neurons[j] for j in some]


def _alike(trace: Trace) -> Iterator[Trouble]:
    """Such neurons compute and learn the same."""
    for update, layer, neurons in alike(trace):
        why = f"alike {_from(update)} and stay alike, because their weights are equal"
        who = _named(neurons, f"hidden layer {layer}")
        yield Trouble("alike", update, f"{who} {why}; draw the starting weights at random")


def _still(trace: Trace) -> Iterator[Trouble]:
    """No parameter changes, though the loss is not small and there are parameters with a smaller one."""
    problem, network, end, loss = trace.problem, trace.problem.network, trace.table[-1], trace.loss[-1]
    near = ALIKE * np.maximum(1, np.abs(end))
    update = _since(trace, lambda rows: (np.abs(trace.table[rows] - end) <= near).T, end.size)
    if len(trace) - 1 - update < max(_turns(trace)[0], MEMORY if update else 1):
        return
    values, names, rate = evaluate(trace.final.replace(learning_rate=1.0)), network.parameters, problem.learning_rate
    free = np.array([problem.train_biases or name not in network.biases for name in names])
    step = np.abs(np.array([values[f"{name}_new"] for name in names]) - end).max()
    slope = np.abs([values[f"dE/d{name}"] for name in names])[free].max()
    # The same nudges each time, small to large: at a minimum none helps. A weight decay may hold a slope in balance.
    rng, sizes = np.random.default_rng(0), np.array([0.1, 0.3, 1.0, 3.0])[:, None, None]
    nudges = sizes * rng.normal(size=(128, end.size)) * free
    if rate == 0:
        why = "the learning rate is 0; take a larger one"
    elif abs(loss) > SMALL and step > SMALL:
        why = f"learning rate {rate:g} is too small here; take a larger one"
    elif abs(loss) > SMALL >= slope and _lower(trace, end + nudges, loss, 0.001).any():
        why = "every derivative is almost 0, although other weights have a smaller loss; draw new ones at random"
    else:
        return
    yield Trouble("still", update, f"Nothing moves {_from(update)}, because {why}")


CHECKS: tuple[tuple[Callable[[Trace], Iterator[Trouble]], set[str]], ...] = (  # each, and what makes it needless
    (grows, set()),
    (_swings, {"grows"}),
    (_stuck, set()),
    (_alike, set()),
    (_still, {"dead", "saturated"}),
)
