"""Evaluates a derivation: for one sample, a batch, or whole grids of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Any

import mpmath
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bpkit.core.derivation import canonical
from bpkit.core.derive import derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.problem import Problem
from bpkit.core.program import compiled, compiled_given, lines
from bpkit.core.runtime import as_float, at_high_precision

Array = NDArray[np.float64]
PRECISE_DIGITS = 1000  # enough for 1 - softmax at net inputs of ±1000, where e^-2000 is left
AVERAGED = ("total", "gradient", "update")  # over a batch these are means over its samples


def single(problem: Problem, verb: str) -> Problem:
    """The problem itself if it has one sample; else an error that says how to choose one."""
    if not isinstance(problem, Problem):
        raise BpkitError(f"{verb}: expected a Problem, got {problem!r}; examples carry one as .problem")
    if problem.is_batch:
        raise BpkitError(
            f"{verb}: expected one sample, got a batch of {len(problem.inputs)}; choose one with problem.sample(0)"
        )
    return problem


def evaluate_given(problem: Problem, given: Mapping[str, float]) -> Values:
    """As ``evaluate``, with errors carried forward: the given quantities are taken as they are, right or wrong."""
    problem = single(problem, "evaluate_given")
    known = derive(problem.network)
    handed = {known[name].name: float(value) for name, value in given.items()}
    names, numbers = [step.name for step in known], tuple(problem.givens.values())
    with suppress(ArithmeticError, ValueError):  # math refuses what leaves the floats
        results = compiled_given(problem.network, problem.train_biases, False)(*numbers, handed)
        return Values(dict(zip(names, map(float, results), strict=True)))
    with np.errstate(all="ignore"):
        results = compiled_given(problem.network, problem.train_biases, True)(*numbers, handed)
        return Values(dict(zip(names, map(float, results), strict=True)))


@dataclass(frozen=True, eq=False, repr=False)
class Values(Mapping[str, Any]):
    """The number of every quantity of a derivation, by name: ``v["net_h1"]``, ``v["dE/dw5"]``, ``v["w5_new"]``.

    Numbers are floats; on a batch ``E_total``, the derivatives by parameters and the new parameters are means over
    the samples, and every other quantity is an array (n_samples,).
    """

    numbers: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        try:
            return self.numbers[canonical(name)]
        except (KeyError, AttributeError):
            raise UnknownQuantity(
                f"values: there is no {name!r}{suggest(canonical(str(name)), self.numbers)}"
            ) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical(name) in self.numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __repr__(self) -> str:
        from bpkit.show.table import values_text

        return values_text(self)

    def _repr_html_(self) -> str:
        from bpkit.show.table import values_html

        return values_html(self)


class UnknownQuantity(BpkitError, KeyError):
    """A quantity that the derivation does not have; a ``KeyError`` too, so that mappings behave."""

    __str__ = ValueError.__str__


def evaluate(problem: Problem) -> Values:
    """Run the derivation on a problem's numbers: every net, out, error, derivative and updated parameter.

    Returns ``Values``. Where the mathematics is finite the numbers are, at any net input; a quantity that leaves the
    floats is ``inf`` or ``nan`` without a warning.

    Shapes: one float for each quantity; over a batch the loss and the derivatives by parameters are means. Units: none.
    Errors: ``BpkitError`` where no ``Problem`` came, and for a quantity that does not exist, with near names.
    Source: the lines of ``derive``, put into numbers.

    >>> import bpkit as bp
    >>> round(bp.evaluate(bp.examples.article.problem)["dE/dw5"], 10)
    0.0851429384
    """
    if not isinstance(problem, Problem):
        single(problem, "evaluate")
    names = [step.name for step in derive(problem.network)]
    if not problem.is_batch:
        with suppress(ArithmeticError, ValueError):  # math refuses what leaves the floats
            run = compiled(problem.network, problem.train_biases, False, "evaluate")
            # By position: a thousand keywords cost more than the arithmetic.
            numbers = tuple(map(float, run(*problem.givens.values())))
            if all(map(isfinite, numbers)):
                return Values(dict(zip(names, numbers, strict=True)))
        with suppress(ArithmeticError, ValueError):
            return Values(dict(zip(names, _precisely(problem), strict=True)))
    run = compiled(problem.network, problem.train_biases, True, "evaluate")
    with np.errstate(all="ignore"):
        results = run(*(np.asarray(value, dtype=float) for value in problem.givens.values()))
    kinds = [step.kind for step in lines(problem.network, problem.train_biases)]
    return Values({n: _settle(v, k, problem) for n, k, v in zip(names, kinds, results, strict=True)})


def _precisely(problem: Problem) -> tuple[float, ...]:
    """The same compiled lines on numbers that neither overflow nor cancel to zero by rounding."""
    run = at_high_precision(compiled(problem.network, problem.train_biases, False, "evaluate"))
    with mpmath.workdps(PRECISE_DIGITS):
        return tuple(map(as_float, run(**{name: mpmath.mpf(value) for name, value in problem.givens.items()})))


def _settle(value: Any, kind: str, problem: Problem) -> Any:
    """One result of the array form: a float, or an array with a row for each sample."""
    array = np.asarray(value, dtype=float)
    if not problem.is_batch:
        return float(array)
    if kind in AVERAGED:
        return float(array.mean())
    full = np.array(np.broadcast_to(array, len(problem.inputs)))
    full.setflags(write=False)
    return full


def loss_over(problem: Problem, **grids: ArrayLike) -> Array:
    """The loss over whole arrays of parameters in one call: ``loss_over(problem, w5=.., w1=..)``.

    The arrays broadcast against each other; the result has their shape. On a batch it is the mean loss.
    """
    if not isinstance(problem, Problem):
        single(problem, "loss_over")
    network = problem.network
    for name in grids:
        if name not in network.parameters:
            raise BpkitError(f"loss_over: expected weights or biases, got {name!r}{suggest(name, network.parameters)}")
    arrays = {name: np.asarray(grid, dtype=float) for name, grid in grids.items()}
    shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    samples = problem.replace(inputs=np.atleast_2d(problem.inputs), targets=np.atleast_2d(problem.targets))
    columns = (len(samples.inputs),) + (1,) * len(shape)
    data = {name: v.reshape(columns) if isinstance(v, np.ndarray) else v for name, v in samples.givens.items()}
    run = compiled(network, True, True, "loss")
    with np.errstate(all="ignore"):
        losses = np.asarray(run(**{**data, **arrays}), dtype=float)
    means: Array = np.broadcast_to(losses, (len(samples.inputs), *shape)).mean(axis=0)
    return means
