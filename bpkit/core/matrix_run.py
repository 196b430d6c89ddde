"""Compiles the matrix form and runs it: predictions, gradients and training for batches and wide layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bpkit.core.code import header
from bpkit.core.errors import BpkitError
from bpkit.core.matrix import MatrixStep, derive_matrices
from bpkit.core.network import Network
from bpkit.core.problem import Problem

Array = NDArray[np.float64]


@lru_cache(maxsize=64)
def matrix_source(network: Network, train_biases: bool = True) -> str:
    """The Python module of the matrix form."""
    steps = derive_matrices(network).steps
    views, start = [], 0
    for layer, (rows, columns) in enumerate(zip(network.sizes, network.sizes[1:]), 1):
        views.append(f"    W_{layer} = theta[{start}:{start + rows * columns}].reshape({rows}, {columns})")
        start += rows * columns
    for layer, columns in enumerate(network.sizes[1:], 1):
        width = {"layer": 1, "neuron": columns, "none": 0}[network.bias]
        if width:
            views.append(f"    b_{layer} = theta[{start}:{start + width}]")
        start += width

    def show(step: MatrixStep, margin: str) -> str:
        return f"{margin}{step.name.replace('/', '_')} = {step.code}  # ({step.number})"

    updates = [s for s in steps if s.kind == "update" and (train_biases or s.name.startswith("W"))]
    trained = {s.name.removesuffix("_new") for s in updates}
    gradients = [s for s in steps if s.kind in ("delta", "gradient")]
    names = ", ".join(f"{s.name.replace('/', '_')}" for s in steps if s.kind == "gradient")
    before = [s for s in steps if s.kind in ("net", "out", "total")]
    outputs = [s for s in before if s.kind != "total"]
    body = [
        "",
        "def predict(theta, out_0):",
        *views,
        *(show(s, "    ") for s in outputs),
        f"    return out_{len(network.activations)}",
        "",
        "def gradients(theta, out_0, targets):",
        *views,
        "    n = len(out_0)",
        *(show(s, "    ") for s in (*before, *gradients)),
        f"    return E_total, ({names},)",
        "",
        "def train(theta, out_0, targets, learning_rate, steps, rows):",
        *views,
        "    n = len(out_0)",
        "    for step in range(steps + 1):",
        *(show(s, "        ") for s in before),
        "        rows[step, :-1] = theta",
        "        rows[step, -1] = E_total",
        "        if step == steps or not E_total < inf:",
        "            return rows[:step + 1]",
        *(show(s, "        ") for s in gradients if s.kind == "delta" or s.name.removeprefix("dE_total/d") in trained),
        *(f"        {s.code}  # ({s.number})" for s in updates),
    ]
    what = f"# Backpropagation in matrices for {network!r}; in brackets the numbers of the lines."
    return "\n".join([what, *header("\n".join(body), network.activations, True), *body, ""])


@lru_cache(maxsize=64)
def _compiled(network: Network, train_biases: bool) -> dict[str, Callable[..., Any]]:
    module: dict[str, Any] = {}
    exec(compile(matrix_source(network, train_biases), "<bpkit matrices>", "exec"), module)
    return module


@lru_cache(maxsize=64)
def _layout(network: Network) -> tuple[str, ...]:
    """The parameters' names in the order in which the matrices hold them."""
    names = [
        network.weight_of[s, t]
        for before, after in zip(network.layers, network.layers[1:])
        for s in before
        for t in after
    ]
    return (*names, *network.biases)


def flat(problem: Problem) -> Array:
    """All parameters in one vector, in the order in which the matrices hold them."""
    return np.array([problem.parameters[name] for name in _layout(problem.network)], dtype=float)


def predict(problem: Problem, inputs: ArrayLike) -> Array:
    """The outputs for a table of inputs: shape (n_samples, n_inputs) gives (n_samples, n_outputs)."""
    table = np.asarray(inputs, dtype=float)
    if table.ndim != 2 or table.shape[1] != len(problem.network.inputs):
        raise BpkitError(
            f"predict: expected a table with {len(problem.network.inputs)} columns, got shape {table.shape}; "
            "one sample is [[0.1, 0.2]]"
        )
    with np.errstate(all="ignore"):
        out: Array = _compiled(problem.network, True)["predict"](flat(problem), table)
    return out


def matrix_gradient(problem: Problem) -> tuple[float, dict[str, float]]:
    """The loss and every parameter's derivative by the matrix form."""
    network = problem.network
    with np.errstate(all="ignore"):
        loss, parts = _compiled(network, True)["gradients"](
            flat(problem), np.atleast_2d(problem.inputs), np.atleast_2d(problem.targets)
        )
    # The parts come from the last layer to the first, a weight matrix and then its biases; the layout is by kind.
    by_name = dict(zip((s.name for s in derive_matrices(network) if s.kind == "gradient"), parts, strict=True))
    layers = range(1, len(network.sizes))
    order = [f"dE_total/d{letter}_{n}" for letter in "Wb" for n in layers if f"dE_total/d{letter}_{n}" in by_name]
    numbers = np.concatenate([np.ravel(by_name[name]) for name in order])
    table = dict(zip(_layout(network), map(float, numbers), strict=True))
    return float(loss), {name: table[name] for name in network.parameters}


def train_matrices(problem: Problem, steps: int) -> Array:
    """The records of gradient descent, a row per update: every parameter in the network's order, then the loss."""
    network = problem.network
    names = _layout(network)
    rows = np.empty((steps + 1, len(names) + 1))
    run = _compiled(network, problem.train_biases)["train"]
    with np.errstate(all="ignore"):
        filled = run(
            flat(problem),
            np.atleast_2d(problem.inputs),
            np.atleast_2d(problem.targets),
            problem.learning_rate,
            steps,
            rows,
        )
    position = {name: column for column, name in enumerate(names)}
    order = [*(position[name] for name in network.parameters), len(names)]
    records: Array = filled[:, order]
    return records
