"""The same rules layer by layer, as matrices: the one second notation, for batches and wide layers.

A batch has a row for each sample: ``out_0`` holds the inputs, ``W_1`` a row for each source and a column for each
target of the first layer, and ``*`` multiplies element by element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from bpkit.core.code import code, header
from bpkit.core.errors import BpkitError
from bpkit.core.functions import OUT, K, Y, Z, fused, put
from bpkit.core.network import Network
from bpkit.core.problem import Problem

Array = NDArray[np.float64]
RECORD_LIMIT = 40_000_000  # numbers; 320 MB, what a small server can spare


@dataclass(frozen=True)
class MatrixStep:
    """One numbered line of the matrix form: a quantity, the rule as people read it, its Python, and why.

    ``parts`` is the rule in pieces: strings of matrix algebra, and expressions taken element by element.
    """

    number: int
    name: str
    parts: tuple[str | sp.Expr, ...]
    code: str
    reason: str
    kind: str

    def __str__(self) -> str:
        from bpkit.show.matrices import matrix_text

        return matrix_text((self,))

    __repr__ = __str__


@dataclass(frozen=True, repr=False)
class MatrixDerivation:
    """Backpropagation of one network in matrices, as numbered lines; iterate, or take one by name (``m["delta_1"]``)."""

    network: Network
    steps: tuple[MatrixStep, ...]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[MatrixStep]:
        return iter(self.steps)

    def __getitem__(self, name: str) -> MatrixStep:
        for step in self.steps:
            if step.name == name:
                return step
        raise BpkitError(f"matrix form: expected one of {', '.join(step.name for step in self.steps)}, got {name!r}")

    def source(self, train_biases: bool = True) -> str:
        """The Python that really runs on batches and wide layers."""
        return matrix_source(self.network, train_biases)

    def __str__(self) -> str:
        from bpkit.show.matrices import matrix_text

        return matrix_text(self.steps)

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        from bpkit.show.matrices import matrix_latex

        return matrix_latex(self.steps)


class _Writer:
    def __init__(self, network: Network) -> None:
        self.network = network
        self.steps: list[MatrixStep] = []

    def write(self, kind: str, name: str, parts: tuple[str | sp.Expr, ...], text: str, reason: str) -> None:
        self.steps.append(MatrixStep(len(self.steps) + 1, name, parts, text, reason, kind))

    def forward(self) -> None:
        for layer, activation in enumerate(self.network.activations, 1):
            bias = "" if self.network.bias == "none" else f" + b_{layer}"
            rule = f"out_{layer - 1} @ W_{layer}{bias}"
            self.write("net", f"net_{layer}", (rule,), rule, f"net inputs of layer {layer}, a row for each sample")
            net = sp.Symbol(f"net_{layer}")
            shown: str | sp.Expr = put(activation.expr, {Z: net})
            text = code(put(activation.stable, {Z: net}), arrays=True)
            if activation.joint:
                shown, text = f"softmax(net_{layer})", f"matrix_softmax(net_{layer})"
            self.write("out", f"out_{layer}", (shown,), text, f"{activation.name} of each net input")

    def loss(self) -> None:
        last = len(self.network.activations)
        net, out, targets = sp.Symbol(f"net_{last}"), sp.Symbol(f"out_{last}"), sp.Symbol("targets")
        values = {Y: targets, OUT: out, K: sp.Integer(len(self.network.outputs))}
        activation, loss = self.network.activations[-1], self.network.loss
        shown = put(loss.expr, values)
        both = None if activation.joint else fused(activation.name, loss.name, [net], [out], [targets], 0)
        text = code(both.error if both else put(loss.stable, values), arrays=True)
        cancels = activation.joint and loss.needs == activation.name
        if cancels:
            text = f"-(targets*matrix_log_softmax({net}))"
        self.write(
            "total",
            "E_total",
            ("mean over samples of the sum over outputs of ", shown),
            f"({text}).sum()/n",
            "the loss: the mean of the samples' losses",
        )
        name, why = f"delta_{last}", f"dE_total/dnet of layer {last}, for each sample"
        if cancels:
            text = f"{out}*targets.sum(axis=1, keepdims=True) - targets"
            self.write(
                "delta",
                name,
                (sp.Add(out, -targets, evaluate=False),),
                text,
                why + ": p - y, for targets that add up to 1",
            )
        elif both:
            self.write(
                "delta",
                name,
                (both.delta,),
                code(both.stable_delta, arrays=True),
                why + ": the slopes cancel",
            )
        elif activation.joint:
            slope = code(put(loss.stable_slope, values), arrays=True)
            self.write(
                "delta",
                name,
                (f"softmax slope of {out}, applied to ", put(loss.slope, values)),
                f"matrix_softmax_slope({out}, {slope})",
                why,
            )
        else:
            shown_slope, slope = activation.slope_at(net, out)
            left, right = put(loss.slope, values), code(put(loss.stable_slope, values), arrays=True)
            self.write("delta", name, (left, " * ", shown_slope), f"({right})*({code(slope, arrays=True)})", why)

    def parameters(self, layer: int) -> None:
        rule = f"out_{layer - 1}.T @ delta_{layer}"
        self.write(
            "gradient",
            f"dE_total/dW_{layer}",
            (f"{rule} / n",),
            f"{rule}/n",
            "every weight's source times its delta",
        )
        if self.network.bias == "layer":
            self.write(
                "gradient",
                f"dE_total/db_{layer}",
                (f"sum(delta_{layer}) / n",),
                f"delta_{layer}.sum()/n",
                "one bias for the layer: the deltas of all its neurons together",
            )
        elif self.network.bias == "neuron":
            self.write(
                "gradient",
                f"dE_total/db_{layer}",
                (f"column sums of delta_{layer} / n",),
                f"delta_{layer}.sum(axis=0)/n",
                "a bias for each neuron: its delta",
            )

    def hidden(self, layer: int) -> None:
        net, out = sp.Symbol(f"net_{layer}"), sp.Symbol(f"out_{layer}")
        shown, slope = self.network.activations[layer - 1].slope_at(net, out)
        back = f"(delta_{layer + 1} @ W_{layer + 1}.T)"
        self.write(
            "delta",
            f"delta_{layer}",
            (f"{back} * ", shown),
            f"{back}*({code(slope, arrays=True)})",
            f"dE_total/dnet of layer {layer}: every path back, times the slope",
        )

    def update(self) -> None:
        for layer in range(1, len(self.network.activations) + 1):
            for letter in ("W", "b") if self.network.bias != "none" else ("W",):
                rule = f"{letter}_{layer} - learning_rate * dE_total/d{letter}_{layer}"
                self.write(
                    "update",
                    f"{letter}_{layer}_new",
                    (rule,),
                    f"{letter}_{layer} -= learning_rate*dE_total_d{letter}_{layer}",
                    "gradient descent",
                )


@lru_cache(maxsize=64)
def derive_matrices(network: Network) -> MatrixDerivation:
    """Write backpropagation down in matrices: the rules of ``derive``, a line for each layer.

    The slopes are those of the same table, and a test holds both forms equal. Returns a ``MatrixDerivation``.
    """
    if not isinstance(network, Network):
        raise BpkitError(f"derive_matrices: expected a Network, got {network!r}")
    writer, last = _Writer(network), len(network.activations)
    writer.forward()
    writer.loss()
    writer.parameters(last)
    for layer in range(last - 1, 0, -1):
        writer.hidden(layer)
        writer.parameters(layer)
    writer.update()
    return MatrixDerivation(network, tuple(writer.steps))


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
    show = lambda s, pad: f"{pad}{s.name.replace('/', '_')} = {s.code}  # ({s.number})"
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
    if (steps + 1) * (len(names) + 1) > RECORD_LIMIT:
        most = RECORD_LIMIT // (len(names) + 1)
        raise BpkitError(
            f"train: expected at most {most - 1} updates for {len(names)} parameters, as every one is recorded, "
            f"got {steps}; train in pieces: trace.final is the problem to go on with"
        )
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
