"""Runs the matrix form on problems: predictions, gradients and training for batches and wide layers."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.core.matrices import MatrixProgram
from bpkit.core.numeric import evaluate
from bpkit.core.quantities import Role
from bpkit.core.runtime import Array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bpkit.core.derivation import Derivation
    from bpkit.core.problem import Problem


@lru_cache(maxsize=128)
def _made(derivation: Derivation) -> MatrixProgram:
    return MatrixProgram(derivation.matrices(), derivation.train_biases)


def matrix_program(problem: Problem) -> MatrixProgram:
    """The program of a problem's lines, made once for each derivation."""
    return _made(problem.derivation)


def _run(problem: Problem, name: str, *given: Any) -> Any:
    """What a function of the program returns for a problem's parameters."""
    program, givens = matrix_program(problem), problem.givens
    with np.errstate(all="ignore"):
        return program.function(name)(np.array([givens[one] for one in program.names], dtype=float), *given)


def _tables(problem: Problem) -> tuple[Array, Array]:
    return problem.rows[:, : len(problem.network.inputs)], problem.rows[:, len(problem.network.inputs) :]


def predict(problem: Problem, inputs: ArrayLike) -> Array:
    """The outputs for a table of inputs: shape (n_samples, n_inputs) gives (n_samples, n_outputs).

    >>> import bpkit as bp
    >>> predict(bp.examples.article.problem, [[0.1, 0.2], [0, 0]]).round(3).tolist()
    [[0.699, 0.738], [0.698, 0.735]]
    """
    table = np.asarray(inputs, dtype=float)
    if table.ndim != 2 or table.shape[1] != len(problem.network.inputs):
        raise BpkitError(
            f"predict: expected a table with {len(problem.network.inputs)} columns, got shape {table.shape}; "
            "one sample is [[0.1, 0.2]]"
        )
    out: Array = _run(problem, "predict", table)
    return out


def matrix_gradient(problem: Problem) -> tuple[float, dict[str, float]]:
    """The loss and every parameter's derivative, from the matrix form where there is one, else from the lines.

    >>> import bpkit as bp
    >>> loss, derivatives = matrix_gradient(bp.examples.article.problem)
    >>> round(loss, 6), round(derivatives["w5"], 7)
    (0.233453, 0.0851429)
    """
    program, parameters = matrix_program(problem), problem.network.parameters
    if not program.complete:
        values = evaluate(problem)
        return float(values["E_total"]), {name: float(values[f"dE_total/d{name}"]) for name in parameters}
    loss, parts = _run(problem, "gradients", *_tables(problem))
    found: dict[str, float] = {}
    for step, part in zip(program._steps(Role.GRADIENT), parts, strict=True):
        names = program.layout[step.quantity.by.name] if step.quantity.by else []
        found |= {one.name: float(number) for one, number in zip(names, np.ravel(part), strict=True)}
    return float(loss), {name: found[name] for name in parameters}


def matrix_deltas(problem: Problem) -> dict[int, Array]:
    """The deltas of each block, a row for each sample: from the matrix form where there is one, else from the lines.

    >>> import bpkit as bp
    >>> {layer: deltas.round(5).tolist() for layer, deltas in matrix_deltas(bp.examples.article.problem).items()}
    {1: [[0.00687, 0.00253]], 2: [[0.13653, -0.04111]]}
    """
    program = matrix_program(problem)
    if program.complete:
        blocks = [step.quantity.block for step in program._steps(Role.ADJOINT)]
        found = dict(zip(blocks, _run(problem, "deltas", *_tables(problem)), strict=True))
        return {block: found[block] for block in sorted(found)}
    values, columns = evaluate(problem), defaultdict[int, list[Any]](list)
    for step in problem.derivation.steps:
        if step.quantity.role is Role.ADJOINT and step.quantity.by and step.quantity.by.tag == "net":
            columns[step.quantity.block].append(values[step.name])
    return {block: np.atleast_2d(np.transpose(columns[block])) for block in sorted(columns)}


def train_matrices(problem: Problem, steps: int) -> Array | None:
    """A row for each update: every parameter, what is remembered, the loss; None where lines are no matrices.

    >>> import bpkit as bp
    >>> train_matrices(bp.examples.article.problem, steps=2)[:, -1].round(4).tolist()
    [0.2335, 0.2254, 0.2174]
    """
    if not problem.network.layers or not (program := matrix_program(problem)).complete:
        return None
    numbers = problem.learning_rate, *problem.update.constants.values()
    rows = np.empty((steps + 1, len(program.names) + 1))
    filled = _run(problem, "train", *_tables(problem), *numbers, steps, rows)
    place = {name: column for column, name in enumerate(program.names)}
    records: Array = filled[:, [*(place[name] for name in problem.derivation.program.recorded), -1]]
    return records
