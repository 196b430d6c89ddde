"""Rules for single mistakes, each against the same mistake in a plain program of matrices."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bpkit as bp
from bpkit import blocks
from bpkit.core.derivation import Derivation
from bpkit.mistakes.misconceptions import PROCEDURES, RULES
from bpkit.mistakes.misconceptions.rule import Rule
from bpkit.mistakes.variants import wrong_values

Case = tuple[str, float, str]
PLAIN = ("rules", "block_rules", "procedures", "updates")  # tests that compare with plain programs


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def drawn(sizes: list[int], seed: int, samples: int, loss: str, joint: bool = False):
    """A network of one hidden layer with a bias for each neuron, its matrices, and the problem that says the same."""
    rng = np.random.default_rng(seed)
    W, V = rng.uniform(-1, 1, (sizes[1], sizes[0])), rng.uniform(-1, 1, (sizes[2], sizes[1]))
    b, c = rng.uniform(-1, 1, sizes[1]), rng.uniform(-1, 1, sizes[2])
    x = rng.uniform(0.2, 1.5, (samples, sizes[0]))
    y = rng.uniform(0.1, 0.9, (samples, sizes[2]))
    y = y / y.sum(axis=1, keepdims=True) if joint else y
    parameters = {f"w{i}": float(w) for i, w in enumerate([*W.ravel(), *V.ravel()], 1)}
    parameters |= {f"b_h{i}": float(v) for i, v in enumerate(b, 1)}
    parameters |= {f"b_o{i}": float(v) for i, v in enumerate(c, 1)}
    activation = ["sigmoid", "softmax" if joint else "sigmoid"]
    network = bp.Network(*sizes, activation=activation, loss=loss, bias="neuron")
    rows = (x.tolist(), y.tolist()) if samples > 1 else (x[0].tolist(), y[0].tolist())
    return W, V, b, c, x, y, bp.Problem(network, parameters, *rows, 0.3)


def named(problem: bp.Problem, cases: Iterator[Case]) -> None:
    for quantity, number, name in cases:
        values = [value for one, value in wrong_values(problem, quantity).items() if one.name == name]
        assert np.isclose(values, number, rtol=1e-9, atol=0).any(), (quantity, name, number, values)
        found = bp.diagnose(problem, quantity, f"{number:#.8g}")
        assert name in [one.name for one in found.misconceptions[:4]], (quantity, name, found.message)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("sizes", [[2, 2, 2], [2, 3, 2]])
def test_neighbours(sizes: list[int], seed: int) -> None:
    W, V, b, c, x, y, problem = drawn(sizes, seed, 1, "half_squared_error")
    x, y = x[0], y[0]
    h = sigmoid(W @ x + b)
    o = sigmoid(V @ h + c)
    loss_slope, slope, hidden_slope = o - y, o * (1 - o), h * (1 - h)
    delta = loss_slope * slope
    back = V.T @ delta
    last = f"dE/dw{W.size + V.size}"
    mixed = W[1].copy()
    mixed[0] = W[0, 0]
    turned = V.copy()
    turned[0, 0] = V[1, 0]

    def cases() -> Iterator[Case]:
        yield "net_h2", mixed @ x + b[1], "takes one weight of another neuron"
        yield "net_h2", W[:2, 0] @ x + b[1], "takes one weight of another neuron"
        yield "net_h2", W[1, 1:] @ x[1:] + b[1], "leaves out a term of the net input"
        yield "net_h2", W[1] @ x + b[1] * x.sum(), "multiplies the bias"
        yield "net_o1", V[0] @ np.array([h[1], h[0], *h[2:]]) + c[0], "takes a neighbour's output"
        yield "dE/dw1", back[0] * hidden_slope[0] * h[0], "takes the neuron's own output for its input"
        yield last, delta[-1] * o[-1], "takes the neuron's own output for its input"
        yield "dE/dw1", back[0] * slope[0] * x[0], "takes the slope of another layer"
        yield "dE/dw1", back[0] * hidden_slope[1] * x[0], "takes another neuron's slope"
        yield "dE/dw1", (V[:, 0] * delta) @ (1, -1) * hidden_slope[0] * x[0], "loses the sign of a path"
        yield "dE/dw1", (back @ hidden_slope) * x[0], "takes one dot product for the whole layer"
        yield last, (loss_slope @ slope) * h[-1], "takes one dot product for the whole layer"
        yield (
            "dE/dw1",
            (turned.T @ delta)[0] * hidden_slope[0] * x[0],
            ("takes one weight of another neuron on the way back"),
        )
        yield "dE/dw1", (V[:, 1] @ delta) * hidden_slope[0] * x[0], "takes the weights of other paths"
        yield "dE/dw1", (V[::-1, 0] @ delta) * hidden_slope[0] * x[0], "takes the weights of other paths"
        yield last, slope[-1] * h[-1], "leaves out the slope of the loss"
        yield "dE/dw1", (V.T @ slope)[0] * hidden_slope[0] * x[0], "leaves out the slope of the loss"

    named(problem, cases())


@pytest.mark.parametrize("seed", range(2))
def test_cross_entropy(seed: int) -> None:
    W, V, b, c, x, y, problem = drawn([2, 2, 1], seed, 3, "binary_cross_entropy")
    h = sigmoid(x @ W.T + b)
    o = sigmoid(h @ V.T + c)
    first, second = -(y * np.log(o)), -(1 - y) * np.log(1 - o)
    right, plus = (first + second).mean(), "puts a plus before the second half of the cross-entropy"
    plus_slope = (-y / o - (1 - y) / (1 - o)) * o * (1 - o)
    half_slope = -y / o * o * (1 - o)

    def cases() -> Iterator[Case]:
        yield "E_total", (first - second).mean(), plus
        yield "E_total", -right, "loses the minus of the cross-entropy"
        yield "E_total", right / np.log(10), "takes another logarithm"
        yield "E_total", right / np.log(2), "takes another logarithm"
        yield "E_total", first.mean(), "leaves out the second half of the cross-entropy"
        yield "dE/dw5", (plus_slope[:, 0] * h[:, 0]).mean(), plus
        yield "dE/dw5", (half_slope[:, 0] * h[:, 0]).mean(), "leaves out the second half of the cross-entropy"
        yield "dE/dw5", ((o - y)[:, 0] * h[:, 0]).mean() / np.log(10), "takes another logarithm"

    named(problem, cases())


@pytest.mark.parametrize("seed", range(2))
def test_softmax(seed: int) -> None:
    W, V, b, c, x, y, problem = drawn([2, 2, 3], seed, 1, "cross_entropy", joint=True)
    h = sigmoid(W @ x[0] + b)
    net = V @ h + c
    o = np.exp(net) / np.exp(net).sum()
    right = -(y[0] * np.log(o)).sum()
    filled = np.diag(net) - np.outer(net, net)

    def cases() -> Iterator[Case]:
        yield "E_total", -right, "loses the minus of the cross-entropy"
        yield "E_total", right / np.log(10), "takes another logarithm"
        yield "dE/dw5", (filled @ (-y[0] / o))[0] * h[0], "takes the slope at net"
        yield "out_o2", np.exp(net[1]), "leaves out the sum below a softmax"
        yield "E_total", -(y[0] * net).sum(), "leaves out the sum below a softmax"

    named(problem, cases())


@pytest.mark.parametrize("seed", range(2))
def test_batches(seed: int) -> None:
    W, V, b, c, x, y, problem = drawn([2, 3, 1], seed, 4, "half_squared_error")
    h = sigmoid(x @ W.T + b)
    o = sigmoid(h @ V.T + c)
    delta = (o - y) * o * (1 - o)
    hidden = delta @ V * h * (1 - h)
    each = hidden[:, 0] * x[:, 0]

    def cases() -> Iterator[Case]:
        yield "dE/dw1", each.mean() / 4, "divides by the number of samples twice"
        yield "E_total", ((y - o) ** 2).mean() / 8, "divides by the number of samples twice"
        yield "dE/db_h1", hidden.mean(), "takes the mean over the neurons too"
        yield "dE/dw1", each[-1], "keeps only the last sample's gradient"
        yield "dE/dw1", each[-1] / 4, "keeps only the last sample's gradient"
        yield "dE/dw1", each[0], "keeps only the first sample's gradient"
        yield "dE/db_h1", hidden[-1, 0], "does not sum the bias gradient over the samples"
        yield "dE/db_h1", 0.0, "forgets the derivative of the bias"

    named(problem, cases())


def test_every_misconception_has_a_plain_program() -> None:
    """A program of the tests' own makes the mistake and says its name: the kit's lines alone would prove themselves."""
    tests = Path(__file__).parent
    own = (tests.parent / "wrong_programs.py", *(tests / f"test_{name}.py" for name in PLAIN))
    nodes = (node for path in own for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    said = {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert {one.name for one in (*RULES, *PROCEDURES)} - said == set()


# A dense network's table of weights, or the function that a loss or an activation is: only these rules read a network.
TABLES = {
    "does not transpose the weights backward",
    "takes the neighbour's derivative",
    "takes one weight of another neuron on the way back",
    "takes one weight of another neuron",
    "takes the weights of other paths",
    "takes another layer's bias",
    "takes another neuron's bias",
    "transposes the weights forward",
    "takes the weights in the order of their numbers",
}
FUNCTIONS = {
    "applies the slope function to out",
    "gives the slope function the gradient that comes back",
    "applies the activation twice",
    "forgets the square",
    "leaves out the second half of the cross-entropy",
    "puts a plus before the second half of the cross-entropy",
    "loses the minus of the cross-entropy",
    "takes another logarithm",
    "swaps the sign of the error",
    "doubles the gradient",
    "forgets the ½",
    "doubles the loss",
    "takes the sum instead of the mean",
}


class Hidden:
    """A network that nothing may be asked of."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


def written(rule: Rule, seen: Derivation, usual: Derivation) -> list[tuple[str, dict[str, object]]]:
    """What a rule makes of each line, shape by shape."""
    known = usual.by_name
    return [
        (detail, {n: edit(known[n].rhs) for n, edit in edits.items() if n in known}) for detail, edits in rule(seen)
    ]


@pytest.mark.parametrize(
    "made",
    [
        *(bp.Network(sizes, bias=bias) for sizes in [(2, 3, 2), (2, 2), (2, 2, 3, 2)] for bias in ("layer", "neuron")),
        bp.Model((2, 1), blocks.Recurrent(2), blocks.Residual(blocks.Dense(2, "tanh")), blocks.LayerNorm()),
        bp.Model((2,), blocks.Embedding(2, 2), blocks.Attention(2), blocks.LSTM(1), blocks.Dense(1, "sigmoid")),
        bp.Model((5,), blocks.Conv1d(2, "relu"), blocks.MaxPool(2), blocks.Dense(2, "softmax")),
    ],
    ids=str,
)
def test_general_rules_read_lines_and_no_network(made: bp.Network | bp.Model) -> None:
    """So that they hold for whatever else writes forward lines."""
    usual = bp.derive(made)
    hidden = replace(usual, network=Hidden())
    read = set()
    for rule in RULES:
        if rule.name not in TABLES | FUNCTIONS:
            assert written(rule, hidden, usual) == written(rule, usual, usual)
            read.add(rule.name)
    assert {"forgets the hidden slope", "follows only one path", "leaves out the input factor"} <= read
    assert len(read) > 50


def test_a_mean_over_paths_divides_by_the_neurons_that_follow() -> None:
    """In two hidden layers of different width, where one layer's count is not the other's."""
    rng = np.random.default_rng(5)
    sizes = [2, 2, 3, 2]
    W = [rng.uniform(-1, 1, (n, m)) for m, n in zip(sizes, sizes[1:])]
    x, y = np.array([0.4, 0.9]), np.array([0.3, 0.8])
    outs = [x]
    for w in W:
        outs.append(sigmoid(w @ outs[-1]))
    delta = (outs[-1] - y) * outs[-1] * (1 - outs[-1])
    for w, out in zip(W[:0:-1], outs[-2:0:-1]):
        delta = (w.T @ delta) / len(delta) * out * (1 - out)
    parameters = {f"w{i}": float(w) for i, w in enumerate(np.concatenate([w.ravel() for w in W]), 1)}
    problem = bp.Problem(bp.Network(sizes, bias="none"), parameters, x, y)
    named(problem, iter([("dE/dw1", float(delta[0] * x[0]), "takes the mean instead of the sum")]))
