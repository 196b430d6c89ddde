"""Compiles a derivation to Python and evaluates it: for one sample, a batch, or whole grids of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from bpkit.core.code import assignment, code, header, identifier, inlined, needed
from bpkit.core.derivation import Step, canonical, keep
from bpkit.core.derive import derive
from bpkit.core.errors import BpkitError, suggest
from bpkit.core.network import Network
from bpkit.core.problem import Problem
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


def lines(network: Network, train_biases: bool) -> tuple[Step, ...]:
    """The steps as a problem runs them: kept biases stay."""
    kept = () if train_biases else network.biases
    return tuple(keep(s) if s.kind == "update" and s.about[0] in kept else s for s in derive(network))


@lru_cache(maxsize=64)
def source(network: Network, train_biases: bool = True, arrays: bool = False) -> str:
    """The Python module that evaluates and trains a network: its functions hold the lines of the derivation."""
    steps = lines(network, train_biases)
    givens = ", ".join(network.givens)
    body = ["", f"def evaluate({givens}):"]
    body += [f"    {assignment(step, arrays)}" for step in steps]
    body += [f"    return ({', '.join(identifier(step.name) for step in steps)},)"]
    body += ["", f"def loss({givens}):"]
    body += [f"    {assignment(step, arrays)}" for step in needed(steps, ["E_total"])]
    body += ["    return E_total"]
    if not arrays:
        body += _training_loop(network, steps, givens)
    what = f"# Backpropagation for {network!r}; in brackets the numbers of the derivation's lines."
    return "\n".join([what, *header("\n".join(body), network.activations, arrays), *body, ""])


def _training_loop(network: Network, steps: tuple[Step, ...], givens: str) -> list[str]:
    trained = [step for step in steps if step.kind == "update" and step.uses]
    wanted = ["E_total", *(step.name for step in trained)]
    rows = inlined(needed(steps, wanted))
    loss = next(i for i, (step, _) in enumerate(rows) if step.name == "E_total") + 1

    def show(step: Step, expr: sp.Expr) -> str:
        return f"        {identifier(step.name)} = {code(expr)}  # ({step.number})"

    backward = [row for row in rows[loss:] if row[0].kind != "update"]
    return [
        "",
        f"def train({givens}, steps, record):",
        "    for left in range(steps, -1, -1):",
        *(show(*row) for row in rows[:loss]),
        f"        record({', '.join(network.parameters)}, E_total)",
        "        if not left or not E_total < inf:",
        "            break",
        *(show(*row) for row in backward),
        *(f"        {s.about[0]} -= {code(s.stable.args[1] * -1)}  # ({s.number})" for s in trained),
    ]


@lru_cache(maxsize=64)
def _given_function(network: Network, train_biases: bool, arrays: bool) -> Callable[..., tuple[Any, ...]]:
    """The evaluation with some quantities handed in: where ``handed__`` holds one, its line is not run."""
    steps = lines(network, train_biases)
    body = ["", f"def evaluate({', '.join(network.givens)}, handed__):"]
    for step in steps:
        body.append(f"    {identifier(step.name)} = handed__.get({step.name!r})")
        body.append(f"    if {identifier(step.name)} is None:")
        # As it is read: the stable spelling takes 1 - out from net where out is near 1, and a wrong out may be.
        body.append(f"        {identifier(step.name)} = {code(step.rhs, arrays)}")
    body += [f"    return ({', '.join(identifier(step.name) for step in steps)},)"]
    module: dict[str, Any] = {}
    plain = "\n".join(body).replace("handed__.get(", "(")  # no function that header knows
    exec(
        compile("\n".join([*header(plain, network.activations, arrays), *body, ""]), "<bpkit derivation>", "exec"),
        module,
    )
    run: Callable[..., tuple[Any, ...]] = module["evaluate"]
    return run


def evaluate_given(problem: Problem, given: Mapping[str, float]) -> Values:
    """As ``evaluate``, with errors carried forward: the given quantities are taken as they are, right or wrong."""
    problem = single(problem, "evaluate_given")
    known = derive(problem.network)
    handed = {known[name].name: float(value) for name, value in given.items()}
    names, numbers = [step.name for step in known], tuple(problem.givens.values())
    with suppress(ArithmeticError, ValueError):  # math refuses what leaves the floats
        results = _given_function(problem.network, problem.train_biases, False)(*numbers, handed)
        return Values(dict(zip(names, map(float, results), strict=True)))
    with np.errstate(all="ignore"):
        results = _given_function(problem.network, problem.train_biases, True)(*numbers, handed)
        return Values(dict(zip(names, map(float, results), strict=True)))


@lru_cache(maxsize=64)
def compiled(network: Network, train_biases: bool, arrays: bool) -> dict[str, Callable[..., Any]]:
    """The functions of the generated module; the text comes from bpkit alone, every name in it is checked."""
    module: dict[str, Any] = {}
    exec(compile(source(network, train_biases, arrays), "<bpkit derivation>", "exec"), module)
    return module


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
            run = compiled(problem.network, problem.train_biases, False)["evaluate"]
            # By position: a thousand keywords cost more than the arithmetic.
            numbers = tuple(map(float, run(*problem.givens.values())))
            if all(map(isfinite, numbers)):
                return Values(dict(zip(names, numbers, strict=True)))
        with suppress(ArithmeticError, ValueError):
            return Values(dict(zip(names, _precisely(problem), strict=True)))
    run = compiled(problem.network, problem.train_biases, True)["evaluate"]
    with np.errstate(all="ignore"):
        results = run(*(np.asarray(value, dtype=float) for value in problem.givens.values()))
    kinds = [step.kind for step in lines(problem.network, problem.train_biases)]
    return Values({n: _settle(v, k, problem) for n, k, v in zip(names, kinds, results, strict=True)})


def _precisely(problem: Problem) -> tuple[float, ...]:
    """The same compiled lines on numbers that neither overflow nor cancel to zero by rounding."""
    run = at_high_precision(compiled(problem.network, problem.train_biases, False)["evaluate"])
    with mpmath.workdps(PRECISE_DIGITS):
        return tuple(map(as_float, run(**{name: mpmath.mpf(value) for name, value in problem.givens.items()})))


def _settle(value: Any, kind: str, problem: Problem) -> Any:
    """One result of the array form: a float, or an array with a row for each sample."""
    array = np.asarray(value, dtype=float)
    if not problem.is_batch:
        return float(array)
    if kind in AVERAGED:
        return float(array) if array.ndim == 0 else float(array.mean())
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
    run = compiled(network, True, True)["loss"]
    with np.errstate(all="ignore"):
        losses = np.asarray(run(**{**data, **arrays}), dtype=float)
    means: Array = np.broadcast_to(losses, (len(samples.inputs), *shape)).mean(axis=0)
    return means
