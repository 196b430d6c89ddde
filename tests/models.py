"""Networks of every kind, and forward lines of small models that are no dense network, for the tests of lines.

Each function returns ``Lines``: recurrence (a weight used at every step), convolution, attention, layer norm, an LSTM,
residual blocks, an embedding, and random graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

import numpy as np
import sympy as sp

import bpkit as bp
from bpkit.core.expressions import ONE, power, product, total
from bpkit.core.lines import Lines, Slope
from bpkit.core.quantities import Quantity

Symbol = Any
HALF, MINUS = sp.Rational(1, 2), sp.Integer(-1)

z, y, out = sp.symbols("z y out")
NETWORKS = {
    "article": bp.examples.article.problem.network,
    "mazur": bp.examples.mazur.problem.network,
    "one to one": bp.Network(1, 1),
    "single output": bp.Network(2, 2, 1),
    "three hidden layers": bp.Network(2, 3, 2, 4, 2, activation=["tanh", "relu", "softplus", "sigmoid"]),
    "a bias for each neuron": bp.Network(3, 2, 2, activation="tanh", bias="neuron", loss="squared_error"),
    "no bias": bp.Network(2, 3, 2, bias="none", activation="leaky_relu", loss="mean_squared_error"),
    "logistic": bp.Network(3, 1, loss="binary_cross_entropy"),
    "sigmoids with cross-entropy": bp.Network(2, 3, 2, loss="binary_cross_entropy"),
    "softmax": bp.Network(2, 3, 3, activation=["tanh", "softmax"], loss="cross_entropy"),
    "softmax, squared": bp.Network(2, 2, 3, activation=["sigmoid", "softmax"]),
    "softmax without hidden": bp.Network(2, 2, activation="softmax", loss="cross_entropy"),
    "tanh with cross-entropy": bp.Network(2, 2, 1, activation=["relu", "softplus"], loss="binary_cross_entropy"),
    "straight": bp.Network(2, 2, 2, activation="identity", loss="mean_squared_error"),
    "own activation": bp.Network(2, 2, 1, activation=bp.Activation("swish", z / (1 + sp.exp(-z)))),
    "own loss": bp.Network(2, 2, 2, loss=bp.Loss("fourth", (y - out) ** 4)),
    "own names": bp.Network(1, 2, 1, weight_names={("x1", "h1"): "theta_3", ("h2", "o1"): "u"}),
    "ones": bp.Network(1, 1, 1, 1),
}


class Builder:
    """Lines with short words for what the models below are made of; a new stage begins where one is asked for."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.loss: list[Symbol] = []

    def inputs(self, letter: str, *indices: Any) -> list[Symbol]:
        return [self.lines.given(self._quantity(letter, index, "input")) for index in indices]

    def parameters(self, letter: str, *indices: Any, tag: str = "weight") -> list[Symbol]:
        return [self.lines.parameter(self._quantity(letter, index, tag)) for index in indices]

    def _quantity(self, letter: str, index: Any, tag: str) -> Quantity:
        return Quantity(letter, index=index if isinstance(index, tuple) else (index,), tag=tag)

    def row(self, letter: str, rows: dict[Any, sp.Expr], slopes: Any = None, tag: str = "") -> list[Symbol]:
        """A stage: one line for each index."""
        self.lines.stage()
        return [
            self.lines.let(
                self._quantity(letter, index, tag), rhs, f"{letter} at {index}", slopes(index) if slopes else None
            )
            for index, rhs in rows.items()
        ]

    def tanh(self, letter: str, nets: dict[Any, Symbol]) -> list[Symbol]:
        """tanh with the textbook's slope, in terms of the output."""

        def slopes(index: Any) -> dict[Symbol, Slope]:
            out = sp.Symbol(self._quantity(letter, index, "").name)
            return {nets[index]: Slope(total(ONE, -power(out, 2)), "slope of tanh")}

        return self.row(letter, {index: sp.tanh(net) for index, net in nets.items()}, slopes)

    def sigmoid(self, letter: str, nets: dict[Any, Symbol]) -> list[Symbol]:
        """A sigmoid whose slope the chain rule takes from its right side."""
        return self.row(letter, {index: power(total(ONE, sp.exp(-net)), -1) for index, net in nets.items()})

    def half_squares(self, outs: Sequence[Symbol], places: Iterable[tuple[int, ...]] = ()) -> Lines:
        """Half of the squared distance of each output to a target of its own, and their sum."""
        indices = [*places] or [(k,) for k in range(1, len(outs) + 1)]
        targets = [self.lines.given(Quantity("y", index=index, tag="target")) for index in indices]
        self.lines.stage()
        errors = [
            self.lines.let(
                Quantity("E", "o", index, tag="error"),
                product(HALF, power(total(y, -out), 2)),
                "half of the squared difference",
                {out: Slope(total(out, -y), "slope of the error")},
            )
            for index, out, y in zip(indices, outs, targets, strict=True)
        ]
        self.lines.stage()
        self.lines.let(Quantity("E", "total", tag="total"), total(*errors), "the loss")
        return self.lines


def weighted(weights: Sequence[Symbol], signals: Sequence[Symbol], *more: Symbol) -> sp.Expr:
    return total(*(product(w, x) for w, x in zip(weights, signals, strict=True)), *more)


def recurrent(steps: int = 3, units: int = 2, every: bool = True) -> Lines:
    """An Elman network; with ``every=False`` only the last output is in the loss, and the others reach nothing."""
    b, hidden = Builder(), range(1, units + 1)
    xs = b.inputs("x", *range(1, steps + 1))
    w_x, w_y = b.parameters("p", *hidden), b.parameters("q", *hidden)
    w_h = [b.parameters("r", *((i, j) for j in hidden)) for i in hidden]
    bias, [c] = b.parameters("b", *hidden, tag="bias"), b.parameters("c", 1, tag="bias")
    h: list[Symbol] = []
    outs = []
    for t, x in enumerate(xs, 1):
        nets = {(i, t): weighted([w_x[i - 1], *(w_h[i - 1] if h else [])], [x, *h], bias[i - 1]) for i in hidden}
        h = b.tanh("h", dict(zip(nets, b.row("net", nets), strict=True)))
        outs += b.row("o", {t: weighted(w_y, h, c)})
    return b.half_squares(outs if every else outs[-1:])


def convolution(size: int = 6, kernel: int = 3, pool: int = 2) -> Lines:
    """One kernel laid on every place, tanh, the largest of each pool, one dense output."""
    b, places = Builder(), size - kernel + 1
    xs, ks, [bias] = b.inputs("x", *range(1, size + 1)), b.parameters("k", *range(1, kernel + 1)), b.parameters("b", 1)
    nets = b.row("net", {i: weighted(ks, xs[i - 1 : i - 1 + kernel], bias) for i in range(1, places + 1)})
    features = b.tanh("a", dict(enumerate(nets, 1)))
    pools = [features[i : i + pool] for i in range(0, places, pool)]

    def first(index: int) -> dict[Symbol, Slope]:
        """1 for the largest, which is the first of equal ones."""
        members, slopes = pools[index - 1], {}
        for i, one in enumerate(members):
            largest = sp.And(*(one > a for a in members[:i]), *(one >= a for a in members[i + 1 :]))
            slopes[one] = Slope(sp.Piecewise((1, largest), (0, True)), "the largest alone")
        return slopes

    pooled = b.row("s", {i: sp.Max(*members) for i, members in enumerate(pools, 1)}, first)
    ws, [c] = b.parameters("w", *range(1, len(pooled) + 1)), b.parameters("c", 1)
    return b.half_squares(b.row("o", {1: weighted(ws, pooled, c)}))


def attention(tokens: int = 2, width: int = 2) -> Lines:
    """softmax(QKᵀ/√width)V: each token's queries, keys and values share their weights with the other tokens'."""
    b, ts, ds = Builder(), range(1, tokens + 1), range(1, width + 1)
    x = {t: b.inputs("x", *((t, d) for d in ds)) for t in ts}
    made: dict[str, dict[int, list[Symbol]]] = {}
    for letter in "qkv":
        weights = {d: b.parameters("W" + letter, *((e, d) for e in ds)) for d in ds}
        rows = b.row(letter, {(t, d): weighted(weights[d], x[t]) for t in ts for d in ds})
        made[letter] = {t: rows[(t - 1) * width : t * width] for t in ts}
    q, k, v = (made[letter] for letter in "qkv")
    pairs = [(i, j) for i in ts for j in ts]
    fits = {(i, j): product(power(sp.sqrt(width), -1), weighted(q[i], k[j])) for i, j in pairs}
    s = dict(zip(pairs, b.row("s", fits), strict=True))

    def slopes(index: tuple[int, int]) -> dict[Symbol, Slope]:
        i, j = index
        share = lambda column: sp.Symbol(f"a{i}_{column}")
        own = {s[i, j]: Slope(product(share(j), total(ONE, -share(j))), "slope of softmax")}
        return own | {s[i, n]: Slope(product(MINUS, share(j), share(n)), "softmax shares") for n in ts if n != j}

    shares = {(i, j): sp.exp(s[i, j]) / total(*(sp.exp(s[i, n]) for n in ts)) for i, j in pairs}
    a = dict(zip(pairs, b.row("a", shares, slopes), strict=True))
    outs = {(i, d): weighted([a[i, j] for j in ts], [v[j][d - 1] for j in ts]) for i in ts for d in ds}
    return b.half_squares(b.row("o", outs), outs)


def layer_norm(width: int = 3) -> Lines:
    """Mean and variance of a layer, which every neuron of it uses."""
    b, ns = Builder(), range(1, width + 1)
    xs = b.inputs("x", 1, 2)
    us = b.row("u", {n: weighted(b.parameters("w", (n, 1), (n, 2)), xs) for n in ns})
    gains, shifts = b.parameters("g", *ns, tag="gain"), b.parameters("b", *ns, tag="bias")
    [mean] = b.row("m", {1: product(sp.Rational(1, width), total(*us))})
    cs = b.row("c", {n: total(u, -mean) for n, u in enumerate(us, 1)})
    [variance] = b.row("t", {1: product(sp.Rational(1, width), total(*(power(c, 2) for c in cs)))})
    [r] = b.row("r", {1: power(total(variance, sp.Float(1e-5)), -HALF)})
    normed = b.row("n", {n: product(c, r) for n, c in enumerate(cs, 1)})
    outs = {i: total(product(g, n), s) for i, (g, n, s) in enumerate(zip(gains, normed, shifts, strict=True), 1)}
    return b.half_squares(b.row("o", outs))


def lstm(steps: int = 2) -> Lines:
    """Gates, a cell that goes on from step to step, and one output at the end."""
    b = Builder()
    xs, [h], [c] = b.inputs("x", *range(1, steps + 1)), b.inputs("h", 0), b.inputs("c", 0)
    gates = {gate: (b.parameters("w" + gate, 1, 2), b.parameters("b" + gate, 1, tag="bias")) for gate in "ifog"}
    for t, x in enumerate(xs, 1):
        made = {}
        for gate, (weights, [bias]) in gates.items():
            [net] = b.row("net" + gate, {t: weighted(weights, [x, h], bias)})
            [made[gate]] = (b.tanh if gate == "g" else b.sigmoid)(gate, {t: net})
        [c] = b.row("c", {t: total(product(made["f"], c), product(made["i"], made["g"]))})
        [squashed] = b.tanh("d", {t: c})
        [h] = b.row("h", {t: product(made["o"], squashed)})
    return b.half_squares([h])


def residual(blocks: int = 2) -> Lines:
    """Each block adds what came in: a quantity is used by the layer after it and by the one behind that."""
    b = Builder()
    h = b.inputs("x", 1, 2)
    for n in range(1, blocks + 1):
        nets = b.row("net", {(n, i): weighted(b.parameters("w", (n, i, 1), (n, i, 2)), h) for i in (1, 2)})
        branch = b.tanh("a", {(n, i): net for i, net in enumerate(nets, 1)})
        h = b.row("h", {(n, i): total(h[i - 1], branch[i - 1]) for i in (1, 2)})
    return b.half_squares(h)


def embedding(ids: tuple[int, ...] = (2, 1, 2), width: int = 2) -> Lines:
    """Rows of a table looked up, one of them twice, their mean, one output."""
    b, ds = Builder(), range(1, width + 1)
    table = {row: b.parameters("e", *((row, d) for d in ds)) for row in sorted(set(ids))}
    weights = b.parameters("w", *ds)
    means = {d: product(sp.Rational(1, len(ids)), total(*(table[row][d - 1] for row in ids))) for d in ds}
    return b.half_squares(b.row("o", {1: weighted(weights, b.row("z", means))}))


def random_graph(seed: int, size: int = 12) -> Lines:
    """Lines that take any of those before them: users far away, users twice over, quantities that lead nowhere."""
    rng, b = np.random.default_rng(seed), Builder()
    known = [*b.inputs("x", 1, 2), *b.parameters("w", 1, 2, 3), *b.parameters("b", 1, tag="bias")]
    used: set[Symbol] = set()
    numbers = count(1)

    def draw() -> Symbol:
        # The newest more often, so that the graph gets deep.
        last = known[-4:] if rng.random() < 0.5 else known
        one = last[rng.integers(len(last))]
        used.add(one)
        return one

    def line() -> sp.Expr:
        shape = rng.integers(5)
        if shape == 0:
            return total(product(draw(), draw()), draw())
        if shape == 1:
            return sp.tanh(total(draw(), product(sp.Rational(1, 3), draw())))
        if shape == 2:
            return product(draw(), draw(), sp.Rational(1, 2))
        if shape == 3:
            return power(total(power(draw(), 2), sp.Integer(1)), -1)
        return total(draw(), product(MINUS, draw()), draw())

    while len([*b.lines]) < size:
        rows = {next(numbers): line() for _ in range(rng.integers(1, 4))}
        known += b.row("v", rows)
    left = [one for one in known[:6] if one not in used]  # a parameter that nothing uses is refused
    outs = b.row("o", {1: total(known[-1], product(known[-1], known[-2]), *left), 2: sp.tanh(draw())})
    return b.half_squares(outs)


MODELS: dict[str, Callable[[], Lines]] = {
    "recurrent": recurrent,
    "recurrent, the last output": lambda: recurrent(4, 2, every=False),
    "recurrent, one unit": lambda: recurrent(6, 1),
    "convolution": convolution,
    "convolution, wide pools": lambda: convolution(9, 3, 7),
    "attention": attention,
    "attention of three": lambda: attention(3, 2),
    "layer norm": layer_norm,
    "lstm": lstm,
    "residual": residual,
    "residual, three blocks": lambda: residual(3),
    "embedding": embedding,
}
