"""Mistakes that only programs with arrays make: a sum that is missing or runs the wrong way, a reshape, integers.

Each reads the right arrays of a problem and makes a wrong gradient of them, in the shape that the mistake gives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from bpkit.core.derivation import Derivation
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.misconceptions.whereabouts import adjoint, ends
from bpkit.mistakes.programs.expected import Expected
from bpkit.mistakes.programs.places import parameter

Wrong = Iterator[Array]


@dataclass(frozen=True)
class View:
    """What the gradient of an array of parameters is made of, for x @ W: what comes in, the deltas, the factor of the
    batch. Where a sample uses a parameter several times, each use has a row of its own.
    """

    incoming: Array  # (rows, n_before); of a gain (rows, n_after)
    deltas: Array  # (rows, n_after)
    share: float


@dataclass(frozen=True)
class ArrayRule:
    """A mistake in an array: its stable ``name``, what ``you`` do, why that is wrong, and the gradient it leads to.

    ``of`` is the tag of the parameters; ``of_batch`` says that of
    one row it makes nothing.
    """

    name: str
    you: str
    sentence: str
    of: str
    wrong: Callable[[View], Wrong]
    of_batch: bool = True
    rank: int = 2

    def of_steps(self) -> ArrayRule:
        """The same mistake with the steps of one sample, or the places of a kernel."""
        words = {one: getattr(self, one).replace("sample", "step") for one in ("name", "you", "sentence")}
        return replace(self, **words)


RANKS = {"weight": 2, "bias": 1, "gain": 1, "row": 2}  # of the arrays whose gradients are products of rows


def array_rule(
    name: str, you: str, sentence: str, of: str, of_batch: bool = True
) -> Callable[[Callable[[View], Wrong]], ArrayRule]:
    """Give a function that makes the wrong arrays its words."""
    return lambda wrong: ArrayRule(name, you, sentence, of, wrong, of_batch)


@array_rule(
    "does not sum the bias gradient over the samples",
    "keep the delta of each sample in a row of its own",
    "a bias feeds its neuron in every sample, so add up the deltas of all samples: it needs one number per neuron",
    "bias",
)
def bias_table(view: View) -> Wrong:
    """The deltas as they are, a row for each sample.

    >>> view = View(np.ones((2, 1)), np.array([[1.0], [3.0]]), share=0.5)
    >>> next(bias_table.wrong(view)).tolist()
    [[1.0], [3.0]]
    """
    yield view.deltas
    yield view.deltas * view.share
    yield view.deltas / view.deltas.shape[0]


@array_rule(
    "sums the bias gradient over the wrong axis",
    "sum the deltas over the neurons instead of over the samples",
    "sum over the samples, so that each neuron keeps a number of its own",
    "bias",
)
def wrong_axis(view: View) -> Wrong:
    """One number for each sample, where each neuron needs one.

    >>> view = View(np.ones((2, 1)), np.array([[1.0, 2.0], [3.0, 4.0]]), share=0.5)
    >>> next(wrong_axis.wrong(view)).tolist()
    [3.0, 7.0]
    """
    sums = view.deltas.sum(axis=1)
    yield from (sums, sums * view.share, sums / view.deltas.shape[1], sums / view.deltas.shape[0])


@array_rule(
    "does not sum the gain's gradient over the samples",
    "keep the product of each sample in a row of its own",
    "a gain multiplies its number in every sample, so add up the products of all samples",
    "gain",
)
def gain_table(view: View) -> Wrong:
    """The products as they are, a row for each sample.

    >>> view = View(np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]]), share=0.5)
    >>> next(gain_table.wrong(view)).tolist()
    [[3.0], [8.0]]
    """
    products = view.incoming * view.deltas
    yield from (products, products * view.share)


@array_rule(
    "does not sum the weights' gradient over the samples",
    "keep a table of products for each sample",
    "the gradient of a weight is the sum, or the mean, over the samples",
    "weight",
)
def weights_by_sample(view: View) -> Wrong:
    """A table for each sample.

    >>> view = View(np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]]), share=0.5)
    >>> next(weights_by_sample.wrong(view)).tolist()
    [[[3.0]], [[8.0]]]
    """
    whole = view.incoming[:, :, None] * view.deltas[:, None, :]
    yield from (whole, whole * view.share)


@array_rule(
    "transposes the gradient",
    "give the gradient with rows and columns swapped",
    "the number in a row and column of the gradient belongs to the weight in this row and column",
    "weight",
    of_batch=False,
)
def turned(view: View) -> Wrong:
    """The gradient of a square of weights, the other way round.

    >>> view = View(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), share=1.0)
    >>> next(turned.wrong(view)).tolist()
    [[3.0, 6.0], [4.0, 8.0]]
    """
    if view.incoming.shape[1] == view.deltas.shape[1]:
        yield view.share * view.deltas.T @ view.incoming


@array_rule(
    "reshapes instead of transposing",
    "use reshape to turn the array",
    "reshape keeps the order of the entries and only cuts the rows anew; .T exchanges rows and columns",
    "weight",
    of_batch=False,
)
def reshaped(view: View) -> Wrong:
    """What comes in, the deltas or the result, reshaped where they should be turned.

    >>> view = View(np.array([[1.0, 2.0], [3.0, 4.0]]), np.eye(2), share=1.0)
    >>> next(reshaped.wrong(view)).tolist(), view.incoming.T.tolist()
    ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 3.0], [2.0, 4.0]])
    """
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


@array_rule(
    "counts one use of a shared weight only",
    "let the last use of a row overwrite the others",
    "a token that comes several times uses its row several times, so add up what all its uses contribute",
    "row",
)
def overwritten(view: View) -> Wrong:
    """Of each row of a table the use that a loop comes to last, from the front or from behind.

    >>> view = View(np.array([[1.0], [1.0]]), np.array([[2.0], [4.0]]), share=1.0)
    >>> next(overwritten.wrong(view)).tolist()
    [[4.0]]
    """
    for order in (1, -1):
        whole = np.zeros((view.incoming.shape[1], view.deltas.shape[1]))
        for use, delta in zip(view.incoming[::order], view.deltas[::order]):
            whole[use > 0] = delta
        yield from (whole, whole * view.share)


@array_rule(
    "takes the mean over the uses of a shared weight",
    "divide by the number of times that a row is used",
    "add what all uses of a row contribute and do not divide",
    "row",
)
def mean_of_uses(view: View) -> Wrong:
    """The sum over the uses of each row, divided by their number.

    >>> view = View(np.array([[1.0], [1.0]]), np.array([[2.0], [4.0]]), share=1.0)
    >>> next(mean_of_uses.wrong(view)).tolist()
    [[3.0]]
    """
    counts = np.maximum(view.incoming.sum(axis=0), 1)[:, None]
    yield view.share * (view.incoming.T @ view.deltas) / counts


RULES = tuple(one for one in list(vars().values()) if isinstance(one, ArrayRule))


@lru_cache(maxsize=64)
def _uses(d: Derivation) -> Mapping[str, list[tuple[str, str]]]:
    """For each parameter the delta and the signal of each of its uses: the names of their lines, "" for a factor 1."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for step in d:
        of, by = ends(step)
        if step.role is Role.SLOPE and by.role is Role.GIVEN and (delta := adjoint(d, of)):
            found[by.name].append(
                (delta.name, step.rhs.name if step.rhs.is_Symbol else "" if step.rhs == 1 else step.name)
            )
    return found


def view_of(expected: Expected, key: str, column: int = 0) -> View | None:
    """What an array's gradient is made of in one of the ways; None where it is no product of rows."""
    d = expected.problem.derivation
    names = np.atleast_2d(d.network.tables[key])
    uses = _uses(d)
    rows = {len(uses[name]) for name in names.flat}
    table = [[uses[name] for name in row] for row in names]
    if len(rows) != 1 or any(
        [delta for delta, _ in cell] != [delta for delta, _ in top] for row in table for cell, top in zip(row, table[0])
    ):
        return None
    deltas = [[delta for delta, _ in cell] for cell in table[0]]
    cells = [row[0] for row in table] if d.network.tables[key].ndim > 1 else table[0]
    signals = [[signal for _, signal in cell] for cell in cells]
    share = 1.0 if expected.summed else 1.0 / expected.samples
    return View(_stacked(expected, signals, column), _stacked(expected, deltas, column), share)


def _stacked(expected: Expected, lines: list[list[str]], column: int) -> Array:
    """The numbers of lines: a column for each list, a row for each sample and entry."""
    ones = np.ones(expected.samples)
    columns = [
        np.stack([expected.values([line], column)[0] if line else ones for line in row], axis=1).ravel()
        for row in lines
    ]
    return np.stack(columns, axis=1)


def alternatives(expected: Expected, key: str, column: int = 0) -> Iterator[tuple[ArrayRule, Array]]:
    """The gradients of a parameter array that the rules lead to."""
    d = expected.problem.derivation
    tag, names = parameter(d, key).tag, d.network.tables[key]
    rules = [rule for rule in RULES if rule.of == tag] if names.ndim == RANKS.get(tag) else []
    kernel = tag == "weight" and key in d.network.upright
    view = view_of(expected, key, column) if rules and not kernel else None
    if view is None:
        return
    for rule in rules:
        one = rule if expected.samples > 1 else rule.of_steps()
        if len(view.deltas) > 1 or not rule.of_batch:
            yield from ((one, wrong) for wrong in rule.wrong(view))
