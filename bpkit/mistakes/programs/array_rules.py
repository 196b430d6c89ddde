"""Mistakes that only programs with arrays make: a sum that is missing or runs the wrong way, a reshape, integers.

Each reads the right arrays of a problem and makes a wrong gradient of them, in the shape that the mistake gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bpkit.core.runtime import Array
from bpkit.mistakes.programs.expected import Expected

Wrong = Iterator[Array]


@dataclass(frozen=True)
class View:
    """What a layer's gradient is made of, for x @ W: what comes in, the deltas, the factor of the batch."""

    incoming: Array  # (n_samples, n_before)
    deltas: Array  # (n_samples, n_after)
    share: float


@dataclass(frozen=True)
class ArrayRule:
    """A mistake in an array: its stable ``name``, what ``you`` do, why that is wrong, and what it makes of a gradient.

    ``of`` is "W" or "b"; ``of_batch`` says that of one sample it makes nothing.
    """

    name: str
    you: str
    sentence: str
    of: str
    wrong: Callable[[View], Wrong]
    of_batch: bool = True
    rank: int = 2


def array_rule(
    name: str, you: str, sentence: str, of: str, of_batch: bool = True
) -> Callable[[Callable[[View], Wrong]], ArrayRule]:
    """Give a function that makes the wrong arrays its words."""
    return lambda wrong: ArrayRule(name, you, sentence, of, wrong, of_batch)


@array_rule(
    "does not sum the bias gradient over the samples",
    "keep the delta of each sample in a row of its own",
    "a bias feeds its neuron in every sample, so add up the deltas of all samples: it needs one number per neuron",
    "b",
)
def bias_table(view: View) -> Wrong:
    """The deltas as they are, a row for each sample."""
    yield view.deltas
    yield view.deltas * view.share
    yield view.deltas / view.deltas.shape[0]


@array_rule(
    "sums the bias gradient over the wrong axis",
    "sum the deltas over the neurons instead of over the samples",
    "sum over the samples, so that each neuron keeps a number of its own",
    "b",
)
def wrong_axis(view: View) -> Wrong:
    """One number for each sample, where each neuron needs one."""
    sums = view.deltas.sum(axis=1)
    yield from (sums, sums * view.share, sums / view.deltas.shape[1], sums / view.deltas.shape[0])


@array_rule(
    "does not sum the weights' gradient over the samples",
    "keep a table of products for each sample",
    "the gradient of a weight is the sum, or the mean, over the samples",
    "W",
)
def weights_by_sample(view: View) -> Wrong:
    """A table for each sample."""
    whole = view.incoming[:, :, None] * view.deltas[:, None, :]
    yield from (whole, whole * view.share)


@array_rule(
    "reshapes instead of transposing",
    "use reshape to turn the array",
    "reshape keeps the order of the entries and only cuts the rows anew; .T exchanges rows and columns",
    "W",
    of_batch=False,
)
def reshaped(view: View) -> Wrong:
    """What comes in, the deltas or the result, reshaped where they should be turned."""
    a, d, share = view.incoming, view.deltas, view.share
    (n, before), after = a.shape, d.shape[1]
    if n > 1:
        yield share * a.reshape(before, n) @ d
        yield share * a.T.reshape(n, before).T @ d
        yield share * (d.reshape(after, n) @ a).T
        yield share * (d.T.reshape(n, after).T @ a).T
    if before > 1 and after > 1:
        yield share * (d.T @ a).reshape(before, after)
        yield share * (a.T @ d).reshape(after, before).T


RULES = tuple(one for one in list(vars().values()) if isinstance(one, ArrayRule))


def view_of(expected: Expected, layer: int, column: int = 0) -> View:
    """The arrays of a layer, as they are in one of the ways."""
    inputs = dict(expected.given())["x"]
    incoming = inputs if layer == 1 else expected.arrays[f"out_{layer - 1}"][..., column]
    share = 1.0 if expected.summed else 1.0 / expected.samples
    return View(incoming, expected.arrays[f"dE/dnet_{layer}"][..., column], share)


def alternatives(expected: Expected, key: str, column: int = 0) -> Iterator[tuple[ArrayRule, Array]]:
    """The gradients of a parameter array that the rules lead to."""
    view = view_of(expected, int(key[1:]), column)
    for rule in RULES:
        if rule.of == key[0] and (expected.samples > 1 or not rule.of_batch):
            for wrong in rule.wrong(view):
                yield rule, wrong
