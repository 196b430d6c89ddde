"""Evaluates a derivation many times over, side by side: once as it is and once for each way of writing it wrongly.

Every line becomes one row of numbers, a column for each way; where a way writes the line differently its column is
overwritten. One call on arrays thus replaces thousands of evaluations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from bpkit.core.code import code, header, identifier, inlined
from bpkit.core.derivation import Step
from bpkit.core.expressions import names_in
from bpkit.core.network import Network
from bpkit.core.problem import Problem
from bpkit.core.program import lines
from bpkit.core.rewrites import Misconception, Rewriter

Array = NDArray[np.float64]
Columns = NDArray[np.int64] | slice
Way = tuple[Misconception, ...]  # mistakes made together; () is the derivation as it is
Settle = Callable[[str, Array], Array]  # what becomes of a line's numbers before others use them


@dataclass(frozen=True, eq=False)
class Plan:
    """Compiled ways: ``columns`` of them, their wanted lines in ``names``."""

    columns: int
    names: tuple[str, ...]
    run: Callable[..., tuple[Any, ...]]


@lru_cache(maxsize=64)
def rewriter_of(network: Network, train_biases: bool, given: frozenset[str] = frozenset()) -> Rewriter:
    """The rewriter of a network's lines, which remembers the mistakes that it has met."""
    return Rewriter(lines(network, train_biases), given)


def plan(
    network: Network,
    train_biases: bool,
    ways: Sequence[Way],
    wanted: Iterable[str],
    given: frozenset[str] = frozenset(),
) -> Plan:
    """Compile the lines that the wanted quantities need, in all the ways."""
    rewriter = rewriter_of(network, train_biases, given)
    places = rewriter.true
    alternatives: dict[str, dict[sp.Expr, list[int]]] = {}
    for column, way in enumerate(ways):
        for name, step in rewriter(way).items():
            if name not in given:
                alternatives.setdefault(name, {}).setdefault(step.stable, []).append(column)
    wanted = tuple(wanted)
    body: list[str] = []
    indices: list[Columns] = []
    for name in _order(places, alternatives, wanted, given):
        own = identifier(name)
        if name in given:
            body.append(f"    {own} = settle__({name!r}, full__({own}))")
            continue
        mean = "mean__" if places[name].kind in ("total", "gradient") else ""
        true = f"{mean}({code(places[name].stable, arrays=True)})"
        if others := alternatives.get(name):
            body.append(f"    {own} = full__({true})")
            for expr, columns in others.items():
                body.append(f"    over__({own}, columns__[{len(indices)}], {mean}({code(expr, arrays=True)}))")
                indices.append(_side_by_side(columns))
            body.append(f"    {own} = settle__({name!r}, {own})")
        else:
            body.append(f"    {own} = settle__({name!r}, {true})")
    names = ", ".join((*network.givens, *map(identifier, sorted(given)), "n_samples", "full__", "mean__", "settle__"))
    results = ", ".join(map(identifier, wanted))
    body = ["", f"def evaluate({names}):", *body, f"    return ({results},)"]
    text = "\n".join([*_imports("\n".join(body), network), *body, ""])
    module: dict[str, Any] = {"columns__": indices, "over__": _over}
    exec(compile(text, "<bpkit ways>", "exec"), module)
    return Plan(len(ways), wanted, module["evaluate"])


def _imports(body: str, network: Network) -> list[str]:
    """What the lines need; the few helpers of this module are handed in and look like nothing that header knows."""
    for helper in ("full__(", "mean__(", "settle__(", "over__("):
        body = body.replace(helper, "(")
    return header(body, network.activations, True)


def _side_by_side(columns: list[int]) -> Columns:
    """Columns next to each other as a slice, which is several times as quick."""
    first, end = columns[0], columns[-1] + 1
    return slice(first, end) if end - first == len(columns) else np.array(columns)


def _over(row: Array, columns: Columns, values: Any) -> None:
    wide = getattr(values, "shape", ())[-1:] == row.shape[-1:]  # else one number for all columns
    row[..., columns] = values[..., columns] if wide else values


def _order(
    steps: Mapping[str, Step],
    alternatives: Mapping[str, Mapping[sp.Expr, Any]],
    wanted: Iterable[str],
    given: frozenset[str],
) -> list[str]:
    """The lines that are needed, each after those that any way of writing it uses."""
    order: list[str] = []
    state: dict[str, bool] = {}

    def visit(name: str) -> None:
        if name not in steps or name in state:
            return
        state[name] = True
        if name not in given:
            for expr in (steps[name].stable, *alternatives.get(name, ())):
                for symbol in sorted(names_in(expr)):
                    visit(symbol)
        order.append(name)

    for name in wanted:
        visit(name)
    return order


def outcomes(
    made: Plan, problem: Problem, given: Mapping[str, float] | None = None, settle: Settle | None = None
) -> dict[str, Array]:
    """Run a plan: every wanted quantity as an array, a number for each way (on a batch the mean over the samples).

    ``given`` holds the values of lines that are handed in. A way that leaves the floats holds ``inf`` or ``nan``.
    """
    return _run(made, problem, {}, given or {}, settle)


def after(
    made: Plan,
    problem: Problem,
    updates: int,
    last: Plan,
    given: Mapping[str, float] | None = None,
    settle: Settle | None = None,
) -> dict[str, Array]:
    """Repeat a plan of updates, in every way, and evaluate another with the parameters that each has reached.

    Values ``given`` are handed in again at every update: meant for one.
    """
    start: dict[str, Array] = {}
    for _ in range(updates):
        new = _run(made, problem, start, given or {}, settle)
        start = {name.removesuffix("_new"): values for name, values in new.items()}
    return _run(last, problem, start, {}, settle)


def _run(
    made: Plan, problem: Problem, start: Mapping[str, Array], given: Mapping[str, float], settle: Settle | None
) -> dict[str, Array]:
    samples = len(problem.inputs) if problem.is_batch else 1
    shape = (samples, made.columns)

    def full(values: Any) -> Array:
        array = np.empty(shape)
        array[...] = values
        return array

    def mean(values: Any) -> Any:
        return np.broadcast_to(values, shape).mean(axis=0) if samples > 1 else values

    # A row for each sample, or one number for all; arrays throughout, as the lines choose element by element.
    numbers = {name: np.asarray(value, dtype=float).reshape(-1, 1) for name, value in problem.givens.items()}
    handed = {identifier(name): np.float64(value) for name, value in given.items()}
    helpers = {"full__": full, "mean__": mean, "settle__": settle or (lambda name, values: values)}
    with np.errstate(all="ignore"):
        rows = made.run(**{**numbers, **start}, **handed, **helpers, n_samples=float(samples))
        whole = map(full, rows)  # + 0.0 turns a negative zero round, as the mean does
        return {n: row.mean(axis=0) if samples > 1 else row[0] + 0.0 for n, row in zip(made.names, whole)}


@lru_cache(maxsize=512)
def _loop(network: Network, train_biases: bool, way: Way) -> Callable[..., tuple[float, ...]]:
    """Gradient descent as one way would have it, in straight lines of floats."""
    rewriter = rewriter_of(network, train_biases)
    steps = {**rewriter.true, **rewriter(way)}
    trained = [f"{name}_new" for name in network.parameters]
    rows = inlined([steps[name] for name in _order(steps, {}, trained, frozenset())])
    text = [f"        {identifier(step.name)} = {code(expr)}" for step, expr in rows]
    names = ", ".join(network.parameters)
    body = ["", f"def train({', '.join(network.givens)}, n_samples, steps):", "    for left in range(steps):", *text]
    body += [f"        {names}, = {', '.join(trained)},", f"    return ({names},)"]
    module: dict[str, Any] = {}
    exec(compile("\n".join([*header("\n".join(body), network.activations, False), *body]), "<bpkit>", "exec"), module)
    run: Callable[..., tuple[float, ...]] = module["train"]
    return run


def long_after(ways: Sequence[Way], problem: Problem, updates: int, last: Plan) -> dict[str, Array]:
    """As ``after``, for one sample and many updates: each way by itself, as fast as floats go."""
    names = problem.network.parameters
    table = np.full((len(ways), len(names)), np.nan)
    for row, way in zip(table, ways):
        # A way whose numbers leave the floats leads nowhere.
        with suppress(ArithmeticError, ValueError):
            row[:] = _loop(problem.network, problem.train_biases, way)(**problem.givens, n_samples=1.0, steps=updates)
    return _run(last, problem, dict(zip(names, table.T)), {}, None)
