"""Mistakes that show in the arrays themselves, or from one call to the next, whatever the numbers are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bpkit.core.quantities import Role
from bpkit.core.runtime import Array
from bpkit.mistakes.misconceptions.misplaced_slips import dot_product
from bpkit.mistakes.misconceptions.procedures import every_pair, gradient_kept
from bpkit.mistakes.programs.expected import Expected, expected, factor_between, laid
from bpkit.mistakes.programs.expected import conventions as factors_of
from bpkit.mistakes.programs.following import Followed
from bpkit.mistakes.programs.hypotheses import Hypothesis, Results
from bpkit.mistakes.programs.outcome import PARAMETERS, Part
from bpkit.mistakes.programs.source import writes_into
from bpkit.mistakes.programs.ways_to_call import Attempt, Caller, same

DRAWS = 4
INTEGERS = Hypothesis(
    "keeps numbers in an integer array",
    "keep numbers in an array of whole numbers",
    "it cuts off everything behind the decimal point, so make it an array of floats",
)
COPY = Hypothesis(
    "changes a copy and keeps the original",
    "compute the new parameters in a copy",
    "the original keeps its old values, so return the new ones or change the original in place",
)
RANDOM = Hypothesis(
    "draws random numbers inside",
    "draw random numbers inside the function",
    "the same numbers must give the same result, so draw outside of it",
)
WRITTEN = Hypothesis(
    "changes what it is given",
    "change {} in place",
    "your function is to return what it computes, and to leave the arrays that it is given alone",
)
PAIRS = Hypothesis(every_pair.name, every_pair.you, every_pair.sentence)
DOT = Hypothesis(dot_product.name, dot_product.you, dot_product.sentence)
KEPT = Hypothesis(gradient_kept.name, gradient_kept.you, gradient_kept.sentence)


@dataclass(frozen=True)
class Evidence:
    """A mistake, and the value that shows it."""

    hypothesis: Hypothesis
    value: Followed | None = None


def from_calls(caller: Caller, first: Attempt, values: Sequence[Followed], right: bool) -> Evidence | None:
    """What a second call shows: random numbers, or gradients that add up."""
    outcome, fresh = first.outcome, caller(first.problem, first.how)
    again = caller(first.problem, first.how, second=True)
    for _ in range(DRAWS if first.run.random else 0):  # what is drawn may be the same by chance
        if again.outcome and fresh.outcome and same(fresh.outcome, again.outcome):
            again = caller(first.problem, first.how, second=True)
    if outcome is None or again.outcome is None or fresh.outcome is None:
        return None
    grows = again.count > fresh.count
    if grows or not same(fresh.outcome, again.outcome):
        adds = grows or _adds_up(again.outcome.parts, first)
        return Evidence(KEPT if adds and not first.run.random else RANDOM, _differing(values, fresh, again))
    if caller.on is None or not right:
        return None
    later = caller(first.problem, first.how, second=True, again=True)
    if later.outcome is None:
        return None
    if outcome.kind != PARAMETERS:
        return Evidence(KEPT) if _adds_up(later.outcome.parts, first) else None
    reached = first.problem.updated(1)
    if all(Results(reached, later.outcome.parts, first.tolerance).right(expected(reached)).values()):
        return None
    return Evidence(KEPT) if _adds_up(later.outcome.parts, first) else None


def _differing(values: Sequence[Followed], one: Attempt, other: Attempt) -> Followed | None:
    """The first value that is another one in the second call."""
    for a, b in zip(one.run.seen, other.run.seen):
        if (a.name, a.line) != (b.name, b.line) or a.value.shape != b.value.shape or not np.allclose(a.value, b.value):
            return next((value for value in values if (value.seen.name, value.seen.line) == (a.name, a.line)), None)
    return None


def _adds_up(two: Mapping[Part, Array], first: Attempt) -> bool:
    """Has the second call given the first one's gradient on top of its own?"""
    whole, later = expected(first.problem), expected(first.problem.updated(1))
    found = []
    for part, value in two.items():
        if not part.key:
            continue
        place = whole.of(Role.GRADIENT, part.key)
        slope = whole.truth(place)
        if part.is_slope:
            wanted = [2 * slope]
        else:
            new, rate = whole.truth(part.place(whole)), first.problem.learning_rate
            wanted = [new - rate * (slope + later.truth(place)), whole.start(part.key) - 2 * rate * slope]
        found.append(any(np.allclose(lies, array, rtol=1e-5) for array in wanted for lies in laid(value, array.shape)))
    return bool(found) and any(found)


def from_values(
    attempt: Attempt, values: Sequence[Followed], whole: Expected, wrong: Sequence[Part]
) -> Iterator[Evidence]:
    """What the arrays on the way show."""
    yield from _integers(values, whole)
    yield from _pairs(attempt, values, whole)
    yield from _products(values, whole)
    yield from _copies(attempt, values, whole, wrong)


def written_over(attempt: Attempt, values: Sequence[Followed]) -> Evidence | None:
    """Parameters that a function changes, though it is to give something else."""
    if not attempt.changed or attempt.outcome is None or attempt.outcome.kind == PARAMETERS:
        return None
    given = {(one.code, one.name) for one in attempt.run.given if one.name in attempt.changed}
    own = (one for one in values if (one.code, one.seen.name) in given and writes_into(one.code, one.seen.line))
    *first, last = attempt.changed
    named = replace(WRITTEN, you=WRITTEN.you.format(" and ".join(filter(None, (", ".join(first), last)))))
    return Evidence(named, next(own, None))


def _integers(values: Sequence[Followed], whole: Expected) -> Iterator[Evidence]:
    """An array of whole numbers that has the size of a parameter, where its numbers are none."""
    true = [array[..., 0] for array in whole.arrays.values()] + [array for _, array in whole.given()]
    for one in values:
        value = one.seen.value
        if value.dtype.kind not in "iu" or value.size < 2 or one.true is not None:
            continue
        if any(_cut_off(value, array) for array in true):
            yield Evidence(INTEGERS, one)
            return


def _cut_off(value: Array, array: Array) -> bool:
    """Has a value what is left of an array without its decimals?"""
    cut = (np.trunc(array), np.round(array))
    return any(np.array_equal(whole, lies) for lies in laid(value, array.shape) for whole in cut)


def _pairs(attempt: Attempt, values: Sequence[Followed], whole: Expected) -> Iterator[Evidence]:
    """A table of samples by samples, with the right numbers in its diagonal; or its sums over either."""
    n = whole.samples
    if n < 2 or len(attempt.problem.network.outputs) > 1:
        return
    columns = [array[..., 0].ravel() for array in whole.arrays.values() if array[..., 0].size == n]
    y, out = whole.start("y").ravel(), whole.truth(whole.outputs).ravel()
    sums = [(out[:, None] - y).sum(axis=axis) for axis in (0, 1)]
    factors = factors_of(attempt.problem)
    for one in values:
        value: Array = one.seen.value.astype(float) if one.seen.value.dtype.kind == "f" else np.zeros(0)
        if value.shape == (n, n):
            diagonal = np.diag(value)
            met = any(factor_between(diagonal, column, factors) is not None for column in (*columns, out - y))
        else:
            flat = value.ravel() if value.size == n and one.true is None else np.zeros(0)
            met = flat.size == n and any(factor_between(flat, column, factors) is not None for column in sums)
        if met:
            yield Evidence(PAIRS, one)
            return


def _products(values: Sequence[Followed], whole: Expected) -> Iterator[Evidence]:
    """What comes back and the slope in a matrix product, where each neuron has a product of its own."""
    for one in values:
        value = one.seen.value
        if one.true is not None or value.dtype.kind != "f" or value.ndim != 2:
            continue
        for a, b in _factors(whole):
            for product in (a @ b.T, a.T @ b):
                if any(np.allclose(lies, product, rtol=1e-5) for lies in laid(value, product.shape)):
                    yield Evidence(DOT, one)
                    return


def _factors(whole: Expected) -> Iterator[tuple[Array, Array]]:
    """What comes back to outputs, and their slopes: those that each neuron multiplies, as tables."""
    single = [place for place in whole.places.values() if len(place.quantities) == 1]
    back = {place.quantity.by: place for place in single if place.role is Role.ADJOINT}
    for slope in single:
        if slope.role is Role.SLOPE and slope.quantity.of in back:
            a, b = whole.truth(back[slope.quantity.of]), whole.truth(slope)
            yield a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])


def _copies(attempt: Attempt, values: Sequence[Followed], whole: Expected, wrong: Sequence[Part]) -> Iterator[Evidence]:
    """The old parameters came back, though a line has made the new ones."""
    outcome, made = attempt.outcome, list[Followed]()
    if outcome is None or outcome.kind != PARAMETERS or not wrong:
        return
    for part in wrong:
        if not part.key or not _alike(outcome.parts[part], whole.start(part.key)):
            return
        new = whole.truth(part.place(whole))
        made += [one for one in values if _alike(one.seen.value, new)][:1]
    if made:
        yield Evidence(COPY, min(made, key=lambda one: one.seen.order))


def _alike(value: Array, array: Array) -> bool:
    return any(np.allclose(lies, array, rtol=1e-5) for lies in laid(value, array.shape))
