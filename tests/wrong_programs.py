"""Backpropagation as people write it, with the mistakes that people make: plain NumPy, no line of the kit.

One program, with a switch for each mistake at the place where people make it. It knows nothing of derivations: it
multiplies matrices. ``PROGRAMS`` says which switch the detective should call by which name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

import bpkit as bp


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


FUNCTIONS = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "identity": lambda z: z * 1.0,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "relu": lambda z: np.maximum(0, z),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
}
# Slopes as they stand in people's code: of what the neuron passes on, or of its net input.
IN_OUT = {"sigmoid": lambda o: o * (1 - o), "tanh": lambda o: 1 - o**2}
IN_NET = {
    "identity": np.ones_like,
    "softplus": sigmoid,
    "relu": lambda z: (z > 0) * 1.0,
    "leaky_relu": lambda z: np.where(z > 0, 1.0, 0.01),
    "sigmoid": lambda z: sigmoid(z) * (1 - sigmoid(z)),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
}


@dataclass
class Numbers:
    """Sizes, names of functions, matrices (row: target, column: source), biases per layer as vectors, one sample."""

    sizes: list[int]
    activations: list[str]
    loss: str
    bias: str
    W: list[np.ndarray]
    b: list[np.ndarray]
    x: np.ndarray
    y: np.ndarray
    rate: float
    train_biases: bool
    names: list[list[str]] = field(default_factory=list)

    def problem(self) -> bp.Problem:
        network = bp.Network(self.sizes, activation=self.activations, loss=self.loss, bias=self.bias)
        flat = [float(w) for W in self.W for w in W.ravel()]
        parameters = {f"w{i}": w for i, w in enumerate(flat, 1)}
        for layer, b in enumerate(self.b, 1):
            for i, value in enumerate(b, 1):
                if self.bias == "layer":
                    parameters[f"b{layer}"] = float(value)
                elif self.bias == "neuron":
                    parameters[f"b_{self.neuron(layer, i)}"] = float(value)
        return bp.Problem(network, parameters, self.x, self.y, self.rate, self.train_biases)

    def neuron(self, layer: int, i: int) -> str:
        if layer == len(self.sizes) - 1:
            return f"o{i}"
        return f"h{i}" if len(self.sizes) == 3 else f"h{layer}_{i}"


def random_numbers(rng: np.random.Generator, bias: str | None = None) -> Numbers:
    sizes = [list(s) for s in ((2, 2, 2), (2, 3, 2), (3, 2, 2), (2, 2, 1), (2, 3, 3), (2, 2, 2, 2), (3, 2, 3, 2))]
    size = sizes[rng.integers(len(sizes))]
    hidden = [str(rng.choice(["sigmoid", "tanh", "softplus", "sigmoid", "leaky_relu"])) for _ in size[1:-1]]
    losses = ["half_squared_error", "half_squared_error", "squared_error", "mean_squared_error"]
    losses += ["binary_cross_entropy", "cross_entropy"]
    loss = str(rng.choice(losses))
    out = "sigmoid" if loss == "binary_cross_entropy" else str(rng.choice(["sigmoid", "tanh", "softplus", "sigmoid"]))
    if loss == "cross_entropy":
        out, size = "softmax", [*size[:-1], max(2, size[-1])]
    bias = bias or str(rng.choice(["layer", "layer", "neuron"]))
    draw = lambda *shape: np.round(rng.uniform(-1, 1, shape), 2) + 0.003
    b = [np.full(n, float(draw(1)[0])) if bias == "layer" else draw(n) for n in size[1:]]
    y = np.round(rng.uniform(0.05, 0.95, size[-1]), 2)
    if loss == "cross_entropy":
        y = y / y.sum()
    return Numbers(
        size,
        [*hidden, out],
        loss,
        bias,
        [draw(n, m) for m, n in zip(size, size[1:])],
        b,
        np.round(rng.uniform(0.1, 1, size[0]), 2),
        y,
        float(rng.choice([0.1, 0.3, 0.7, 0.25])),
        bool(rng.integers(2)),
    )


def run(n: Numbers, *switches: str) -> dict[str, float]:
    """Forward, loss, backward, one update, forward again: every quantity by the kit's names."""
    mistakes = frozenset(switches)
    results, (dW, db) = _pass(n, n.W, n.b, mistakes)
    rate = 1.0 if "no rate" in mistakes else n.rate
    sign = 1.0 if "adds" in mistakes else -1.0
    new_W = [w + sign * rate * g for w, g in zip(n.W, dW)]
    trained = (n.train_biases or "biases too" in mistakes) and "biases not" not in mistakes
    new_b = [v + sign * rate * g * trained for v, g in zip(n.b, db)]
    still = {"nothing learns": range(len(dW)), "hidden still": range(len(dW) - 1), "output still": [len(dW) - 1]}
    for layer in (layer for switch in mistakes for layer in still.get(switch, ())):
        new_W[layer], new_b[layer] = n.W[layer], n.b[layer]
    if "hidden weights still" in mistakes:
        new_W[:-1] = n.W[:-1]
    again, _ = _pass(n, new_W, new_b, mistakes)
    results["E_total after 1 update"] = again["E_total"]
    k = 0
    for layer, (g, w) in enumerate(zip(dW, new_W), 1):
        for gradient, new in zip(g.ravel(), w.ravel()):
            k += 1
            results[f"dE_total/dw{k}"], results[f"w{k}_new"] = gradient, new
        if n.bias == "layer":
            results[f"dE_total/db{layer}"], results[f"b{layer}_new"] = db[layer - 1][0], new_b[layer - 1][0]
        elif n.bias == "neuron":
            for i, (gradient, new) in enumerate(zip(db[layer - 1], new_b[layer - 1]), 1):
                name = f"b_{n.neuron(layer, i)}"
                results[f"dE_total/d{name}"], results[f"{name}_new"] = gradient, new
    return {name: float(value) for name, value in results.items()}


def _lay(w: np.ndarray) -> np.ndarray:
    """The same numbers laid down with rows for columns."""
    return w.ravel().reshape(w.shape[1], w.shape[0]).T


def _pass(n: Numbers, W, b, mistakes):
    last = len(W)
    nets, outs, results = [None], [n.x], {}
    x, y = n.x, n.y
    if "swaps inputs" in mistakes:
        outs = [np.array([x[1], x[0], *x[2:]])]
    if "swaps targets" in mistakes and len(y) > 1:
        y = np.array([y[1], y[0], *y[2:]])
    for layer, (w, v) in enumerate(zip(W, b), 1):
        if mistakes & {"transposed forward", "transposed throughout"}:
            w = _lay(w)
        if "no bias" in mistakes:
            v = 0 * v
        if "other bias" in mistakes and layer == 1:
            v = np.full_like(v, b[-1][0])
        net = w @ outs[-1] + v
        if "bias each time" in mistakes:
            net = net + v * (len(outs[-1]) - 1)
        name = n.activations[layer - 1]
        out = np.exp(net) / np.exp(net).sum() if name == "softmax" else FUNCTIONS[name](net)
        if "exponent" in mistakes and name == "sigmoid":
            out = 1 / (1 + np.exp(net))
        if "net on" in mistakes and layer < last:
            out = net
        nets.append(net)
        outs.append(out)
        for i in range(len(net)):
            results[f"net_{n.neuron(layer, i + 1)}"] = net[i]
            results[f"out_{n.neuron(layer, i + 1)}"] = out[i]
    o, k = outs[-1], len(y)
    half = {"half_squared_error": 0.5, "squared_error": 1.0, "mean_squared_error": 1 / k}.get(n.loss)
    factor = np.prod([{"doubles": 2.0, "halves": 0.5, "mean": 1 / k}.get(m, 1.0) for m in mistakes])
    if half is not None:
        errors = factor * half * (y - o) ** (1 if "no square" in mistakes else 2)
        slope = factor * 2 * half * (o - y)
    elif n.loss == "binary_cross_entropy":
        errors = -factor * (y * np.log(o) + (1 - y) * np.log(1 - o))
        slope = factor * (-y / o + (1 - y) / (1 - o))
        if "half entropy" in mistakes:
            errors, slope = -y * np.log(o), -y / o
    else:
        errors, slope = -factor * y * np.log(o), -factor * y / o
    if "error sign" in mistakes:
        slope = -slope
    if "error for slope" in mistakes:
        slope = errors
    for i, e in enumerate(errors, 1):
        results[f"E_o{i}"] = e
    results["E_total"] = errors[0] if "first error" in mistakes else errors.sum()

    def slope_of(layer):
        name, net, out = n.activations[layer - 1], nets[layer], outs[layer]
        if "slope at net" in mistakes and name in IN_OUT:
            return IN_OUT[name](net)
        if "slope of out" in mistakes:
            return IN_NET[name](out)
        if "sigmoid slope" in mistakes:
            return out * (1 - out)
        if "half slope" in mistakes and name == "sigmoid":
            return out
        return IN_OUT[name](out) if name in IN_OUT else IN_NET[name](net)

    if n.activations[-1] == "softmax":
        jacobian = np.diag(o) - np.outer(o, o)
        if "diagonal" in mistakes:
            jacobian = np.diag(np.diag(jacobian))
        delta = jacobian @ slope
        if "no output slope" in mistakes:
            delta = slope
        if "twice" in mistakes:
            delta = delta * o * (1 - o)
    else:
        delta = slope * slope_of(last)
        if "no output slope" in mistakes:
            delta = slope
        if "twice" in mistakes:
            delta = delta * slope_of(last)
    raw = slope
    dW, db = [None] * last, [None] * last
    rate = n.rate
    for layer in range(last, 0, -1):
        source = outs[layer - 1]
        if "net in gradient" in mistakes and layer > 1:
            source = nets[layer - 1]
        dW[layer - 1] = np.outer(delta, source)
        if "no input" in mistakes:
            dW[layer - 1] = np.outer(delta, np.ones_like(source))
        if "transposed throughout" in mistakes:  # the gradient lies where the misread weight lies
            dW[layer - 1] = np.outer(delta, source).T.ravel().reshape(len(delta), len(source))
        if "weight as factor" in mistakes:
            dW[layer - 1] = dW[layer - 1] * W[layer - 1]
        db[layer - 1] = np.full(len(delta), delta.sum()) if n.bias == "layer" else delta
        if "sums the deltas" in mistakes:
            db[layer - 1] = np.full(len(delta), delta.sum())
        if "bias with input" in mistakes:
            db[layer - 1] = db[layer - 1] * source.sum()
        if "weight as factor" in mistakes:
            db[layer - 1] = db[layer - 1] * b[layer - 1]
        if layer == 1:
            break
        w = W[layer - 1]
        if "updated" in mistakes:
            w = w - rate * dW[layer - 1]
        if mistakes & {"not transposed", "transposed throughout"}:
            w = _lay(w)
        sent = raw if "raw error" in mistakes else delta
        if "one path" in mistakes:
            back = w[0] * sent[0]
        elif "no path weight" in mistakes:
            back = np.full(w.shape[1], sent.sum())
        else:
            back = w.T @ sent
        raw = back
        delta = back * (1.0 if "no hidden slope" in mistakes else slope_of(layer - 1))
    return results, (dW, db)


def named(switch: str, quantity: str) -> tuple[str, ...]:
    """The names that a mistake may have in a quantity: a ½ that is missing going forward is not in the gradient."""
    forward = not quantity.startswith("dE") and not quantity.endswith(("_new", "update"))
    if switch in FORWARD and forward:
        return FORWARD[switch]
    # One new value tells of its own weight alone.
    return (
        (PROGRAMS[switch], "keeps the old value")
        if "still" in switch and quantity.endswith("_new")
        else (PROGRAMS[switch],)
    )


FORWARD = {"doubles": ("forgets the ½", "doubles the loss"), "halves": ("halves the loss",)}

# The switch, and the name that the detective must give it.
PROGRAMS = {
    "adds": "adds the gradient",
    "no rate": "forgets the learning rate",
    "no output slope": "forgets the output slope",
    "no hidden slope": "forgets the hidden slope",
    "slope at net": "takes the slope at net",
    "slope of out": "applies the slope function to out",
    "one path": "follows only one path",
    "updated": "uses the already updated weights",
    "transposed forward": "transposes the weights forward",
    "transposed throughout": "transposes the weights forward",
    "not transposed": "does not transpose the weights backward",
    "doubles": "doubles the gradient",
    "halves": "halves the gradient",
    "mean": "takes the mean instead of the sum",
    "no bias": "leaves the bias out",
    "other bias": "takes another layer's bias",
    "bias each time": "adds the bias more than once",
    "no input": "leaves out the input factor",
    "no path weight": "leaves out the weight on a path",
    "net on": "passes on net instead of out",
    "net in gradient": "passes on net instead of out",
    "swaps targets": "swaps the targets",
    "swaps inputs": "swaps the inputs",
    "error sign": "swaps the sign of the error",
    "error for slope": "takes the error instead of its slope",
    "first error": "counts one output's error only",
    "no square": "forgets the square",
    "half entropy": "leaves out the second half of the cross-entropy",
    "exponent": "loses the minus in the exponent",
    "sigmoid slope": "uses the sigmoid's slope",
    "half slope": "takes a part of the slope",
    "diagonal": "takes only the diagonal of the softmax slope",
    "twice": "counts the output slope twice",
    "raw error": "passes the error back instead of the delta",
    "weight as factor": "takes the parameter for its own factor",
    "sums the deltas": "sums the deltas of the layer for each bias",
    "bias with input": "multiplies the bias derivative by the input",
    "biases too": "updates the biases",
    "nothing learns": "keeps the old value",
    "hidden still": "keeps the hidden weights",
    "output still": "keeps the output weights",
    "hidden weights still": "keeps the hidden weights",
    "biases not": "keeps the biases",
}
