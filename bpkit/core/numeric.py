"""Evaluates a derivation: for one sample, a batch, or whole grids of parameters.

One ladder of precision: the stable spelling in floats; where that leaves them, the same lines at high precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.core.errors import BpkitError, check_names, suggest
from bpkit.core.program import Program, averaged
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array, at_high_precision, precisely
from bpkit.core.shown import Shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bpkit.core.problem import Problem


def canonical(name: str) -> str:
    """The full name of a quantity, whose total may be left out.

    >>> canonical("dE/dw5"), canonical("E")
    ('dE_total/dw5', 'E_total')
    """
    return "E_total" if name == "E" else "dE_total/" + name[3:] if name.startswith("dE/") else name


def checked(problem: Any, verb: str) -> Problem:
    """The problem itself; else an error that says where problems come from.

    >>> checked(0.25, "evaluate")
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: evaluate: expected a Problem, got 0.25; examples carry one as .problem
    """
    if not hasattr(problem, "derivation"):
        raise BpkitError(f"{verb}: expected a Problem, got {problem!r}; examples carry one as .problem")
    found: Problem = problem
    return found


def single(problem: Problem, verb: str) -> Problem:
    """The problem itself if it has one sample; else an error that says how to choose one.

    >>> import bpkit as bp
    >>> single(bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[1], [2]], [[0], [1]]), "at")
    Traceback (most recent call last):
    ...
    bpkit.core.errors.BpkitError: at: expected one sample, got a batch of 2; choose one with problem.sample(0)
    """
    if checked(problem, verb).is_batch:
        raise BpkitError(
            f"{verb}: expected one sample, got a batch of {len(problem.inputs)}; choose one with problem.sample(0)"
        )
    return problem


@dataclass(frozen=True, eq=False, repr=False)
class Values(Shown, Mapping[str, Any]):
    """The number of every quantity of a derivation, by name: ``v["net_h1"]``, ``v["dE/dw5"]``, ``v["w5_new"]``.

    Numbers are floats; on a batch ``E_total``, the derivatives with respect to parameters and the new parameters are
    one number for all samples, and every other quantity is an array (n_samples,). Ask for a derivative with respect to
    an input by its name, ``v["dE/dx1"]``.
    """

    numbers: Mapping[str, Any]  # of the derivation's lines, maybe also of those of the inputs
    problem: Problem

    def __getitem__(self, name: str) -> Any:
        with suppress(KeyError, AttributeError):
            return self.numbers[canonical(name)]
        if name in self.problem.derivation:
            return self.with_inputs[canonical(name)]
        raise UnknownQuantity(f"values: there is no {name!r}{suggest(canonical(str(name)), self.numbers)}")

    @cached_property
    def with_inputs(self) -> Mapping[str, Any]:
        """The same numbers and the derivatives with respect to the inputs.

        >>> import bpkit as bp
        >>> values = bp.evaluate(bp.examples.article.problem)
        >>> "dE_total/dx1" in [*values], "dE_total/dx1" in [*values.with_inputs]
        (False, True)
        """
        program = self.problem.derivation.input_program
        return self.numbers if len(self.numbers) == len(program.steps) else _run(self.problem, program)

    def __contains__(self, name: object) -> bool:
        return name in self.problem.derivation

    def __iter__(self) -> Iterator[str]:
        return iter(self.problem.derivation.by_name)

    def __len__(self) -> int:
        return len(self.problem.derivation)


class UnknownQuantity(BpkitError, KeyError):
    """A quantity that the derivation does not have; a ``KeyError`` too, so that mappings behave."""

    __str__ = ValueError.__str__


def evaluate(problem: Problem) -> Values:
    """Run the derivation on a problem's numbers: every net, out, error, derivative and updated parameter.

    Returns ``Values``. Where the mathematics is finite the numbers are, at any net input; a quantity that leaves the
    floats is ``inf`` or ``nan`` without a warning.

    Shapes: one float for each quantity; over a batch the loss and the derivatives with respect to parameters are means,
    or sums with ``batch="sum"``; with ``batch="each"`` the new parameters are those after the next sample. Units: none.
    Errors: ``BpkitError`` where no ``Problem`` came, and for a quantity that does not exist, with near names.
    Source: the lines of ``derive``, put into numbers.

    >>> import bpkit as bp
    >>> round(bp.evaluate(bp.examples.article.problem)["dE/dw5"], 10)
    0.0851429384
    """
    kept = vars(checked(problem, "evaluate"))  # a problem never changes, and many ask for the numbers of one
    if (numbers := kept.get("_numbers")) is None:
        program = problem.derivation.program
        found = _run(problem, program)
        if problem.one_by_one:  # the next update is that of one sample
            following = evaluate(problem.sample(problem.next_sample))
            found |= {step.name: following[step.name] for step in program.steps if step.role is Role.UPDATE}
        numbers = kept["_numbers"] = found
    return Values(numbers, problem)


def _run(problem: Problem, program: Program) -> dict[str, Any]:
    names, givens, run = program.names, problem.givens.values(), program.function
    if not problem.is_batch:
        with suppress(ArithmeticError, ValueError):  # math refuses what leaves the floats
            # By position: a thousand keywords cost more than the arithmetic.
            numbers = tuple(map(float, run("evaluate")(*givens)))
            if all(map(isfinite, numbers)):
                return dict(zip(names, numbers, strict=True))
        with suppress(ArithmeticError, ValueError):
            return dict(zip(names, precisely(at_high_precision(run("evaluate")), *givens), strict=True))
    with np.errstate(all="ignore"):
        arrays = (np.asarray(value, dtype=float) for value in givens)
        results = run("evaluate", arrays=True)(*arrays, settler(problem))
    found: dict[str, Any] = {}
    for step, value in zip(program.steps, results, strict=True):
        whole = averaged(step) or not problem.is_batch
        found[step.name] = float(value) if whole else np.broadcast_to(np.asarray(value, float), problem.n_samples)
    return found


def settler(problem: Problem) -> Callable[[Any], Any]:
    """What makes one number of the samples': their mean, or their sum.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[1], [2]], [[0], [1]])
    >>> float(settler(problem)([1.0, 3.0])), float(settler(problem.replace(batch="sum"))([1.0, 3.0]))
    (2.0, 4.0)
    """
    whole = np.sum if problem.batch == "sum" else np.mean
    return lambda values: whole(np.broadcast_to(values, (problem.n_samples, *np.shape(values)[1:])), axis=0)


def evaluate_given(problem: Problem, given: Mapping[str, float]) -> Values:
    """As ``evaluate``, with errors carried forward: the given quantities are taken as they are, right or wrong.

    >>> import bpkit as bp
    >>> evaluate_given(bp.examples.article.problem, {"out_h1": 0.5, "out_h2": 0.5})["net_o1"]
    0.775
    """
    derivation = single(problem, "evaluate_given").derivation
    handed = {derivation[name].name: float(value) for name, value in given.items()}
    program, numbers = derivation.input_program, problem.givens.values()
    try:
        results = program.function("given")(*numbers, handed)
    except (ArithmeticError, ValueError):  # math refuses what leaves the floats
        with np.errstate(all="ignore"):
            results = program.function("given", arrays=True)(*numbers, handed)
    return Values(dict(zip(program.names, map(float, results), strict=True)), problem)


def loss_over(problem: Problem, **grids: ArrayLike) -> Array:
    """The loss over whole arrays of parameters in one call: ``loss_over(problem, w5=.., w1=..)``.

    The arrays broadcast against each other; the result has their shape. On a batch it is the whole batch's loss.

    >>> import bpkit as bp
    >>> loss_over(bp.examples.article.problem, w5=[0.0, 0.35], w6=[0.0, 0.2]).round(3)
    array([0.186, 0.233])
    """
    network = checked(problem, "loss_over").network
    check_names("loss_over: expected weights or biases, this network has", grids, network.parameters)
    arrays = {name: np.asarray(grid, dtype=float) for name, grid in grids.items()}
    shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    givens, columns = problem.givens, (problem.n_samples,) + (1,) * len(shape)
    data = {name: np.reshape(givens[name], columns) for name in (*network.inputs, *network.targets)}
    with np.errstate(all="ignore"):
        losses = problem.derivation.program.function("loss", arrays=True)(**{**givens, **data, **arrays})
        whole: Array = settler(problem)(np.broadcast_to(losses, (problem.n_samples, *shape)))
    return whole
