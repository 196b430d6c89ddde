"""Mistakes that only programs with arrays make: shapes, axes, integers, copies, what is left from the call before.

Each in at least three styles of program and on two networks. Where numbers of neurons and samples are equal, many of
them hide.
"""

from __future__ import annotations

from collections.abc import Sequence

from learners.program import Program
from learners.templates import BCE, CE, HALF, MARK, MSE, NAMES, QUIET, RELU, SOFTMAX, SQUARES, Edit, Net, Text
from learners.varied import (
    CLASS_ROWS,
    CLASS_SAMPLE,
    DEEP,
    GENERIC_COLUMNS,
    GENERIC_ROWS,
    GENERIC_SAMPLE,
    LOOPS_BATCH,
    LOOPS_EACH,
)

ROWS = Text(
    key="rows",
    style="rows",
    entry="backward",
    batch="mean",
    axis=", axis=1, keepdims=True",
    text="""\
import numpy as np


DEFS
def backward(X, y, W1, b1, W2, b2):
    n = X.shape[0]
    # forward pass
    h = F1(X @ W1 + b1)
    out = F2(h @ W2 + b2)
    # backward pass
    delta2 = DELTA(out, y)
    dW2 = h.T @ delta2 / n
    db2 = np.sum(delta2, axis=0) / n
    delta1 = (delta2 @ W2.T) * D1(h)
    dW1 = X.T @ delta1 / n
    db1 = np.sum(delta1, axis=0) / n
    return dW1, db1, dW2, db2
""",
)

ROWS_STEP = ROWS.like(
    ("def backward(X, y, W1, b1, W2, b2):", "def train_step(X, y, W1, b1, W2, b2, lr):"),
    (
        "return dW1, db1, dW2, db2",
        "# update\n"
        "W1 = W1 - lr * dW1\n"
        "b1 = b1 - lr * db1\n"
        "W2 = W2 - lr * dW2\n"
        "b2 = b2 - lr * db2\n"
        "return W1, b1, W2, b2",
    ),
    key="rows-step",
    entry="train_step",
)

COLUMNS = Text(
    key="columns",
    style="columns",
    entry="backward",
    batch="mean",
    outputs="Y.shape[0]",
    axis=", axis=0, keepdims=True",
    text="""\
import numpy as np


DEFS
def backward(X, Y, params):
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    m = X.shape[1]

    Z1 = np.dot(W1, X) + b1
    A1 = F1(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = F2(Z2)

    dZ2 = DELTA(A2, Y)
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dA1 = np.dot(W2.T, dZ2)
    dZ1 = dA1 * D1(A1)
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m

    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def update(X, Y, params, learning_rate):
    grads = backward(X, Y, params)
    new = {}
    for key in params:
        new[key] = params[key] - learning_rate * grads["d" + key]
    return new
""",
)

SAMPLE = Text(
    key="sample",
    style="sample",
    entry="train_step",
    outputs="len(t)",
    text="""\
import numpy as np


DEFS
def train_step(x, t, params, eta):
    W1, b1, W2, b2 = params
    h = F1(W1 @ x + b1)
    o = F2(W2 @ h + b2)

    delta_o = DELTA(o, t)
    delta_h = (W2.T @ delta_o) * D1(h)

    dW2 = np.outer(delta_o, h)
    db2 = delta_o
    dW1 = np.outer(delta_h, x)
    db1 = delta_h

    return [W1 - eta * dW1, b1 - eta * db1, W2 - eta * dW2, b2 - eta * db2]
""",
)

COLUMNS_STEP = Text(
    key="columns-step",
    style="columns",
    entry="step",
    batch="mean",
    outputs="Y.shape[0]",
    axis=", axis=0, keepdims=True",
    text="""\
import numpy as np


DEFS
def step(X, Y, params, learning_rate):
    m = X.shape[1]
    A1 = F1(params["W1"] @ X + params["b1"])
    A2 = F2(params["W2"] @ A1 + params["b2"])

    dZ2 = DELTA(A2, Y)
    dW2 = dZ2 @ A1.T / m
    db2 = np.mean(dZ2, axis=1, keepdims=True)
    dZ1 = (params["W2"].T @ dZ2) * D1(A1)
    dW1 = dZ1 @ X.T / m
    db1 = np.mean(dZ1, axis=1, keepdims=True)

    params["W1"] = params["W1"] - learning_rate * dW1
    params["b1"] = params["b1"] - learning_rate * db1
    params["W2"] = params["W2"] - learning_rate * dW2
    params["b2"] = params["b2"] - learning_rate * db2
    return params
""",
)

EACH = Text(  # one step after the other would be another method
    key="rows-each",
    style="rows",
    entry="train",
    batch="mean",
    text="""\
import numpy as np


DEFS
def train(X, y, W1, b1, W2, b2, lr):
    n = len(X)
    dW1, db1, dW2, db2 = 0, 0, 0, 0
    for x, t in zip(X, y):
        h = F1(x @ W1 + b1)
        out = F2(h @ W2 + b2)
        delta2 = DELTA(out, t)
        delta1 = (W2 @ delta2) * D1(h)
        dW2 += np.outer(h, delta2) / n
        db2 += delta2 / n
        dW1 += np.outer(x, delta1) / n
        db1 += delta1 / n
    return W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2
""",
)

TOTALS = EACH.like(
    ("def train(X, y, W1, b1, W2, b2, lr):", "def backward(X, y, W1, b1, W2, b2):"),
    (
        "dW1, db1, dW2, db2 = 0, 0, 0, 0",
        'total = {"W1": np.zeros(W1.shape), "b1": np.zeros(b1.shape)}\n'
        'total |= {"W2": np.zeros(W2.shape), "b2": np.zeros(b2.shape)}',
    ),
    ("dW2 +=", 'total["W2"] +='),
    ("db2 +=", 'total["b2"] +='),
    ("dW1 +=", 'total["W1"] +='),
    ("db1 +=", 'total["b1"] +='),
    ("return W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2", "return total"),
    key="rows-totals",
    entry="backward",
)

CLASS_ZERO = Text(
    key="class-zero",
    style="class",
    entry="net.train",
    on="net",
    batch="mean",
    text="""\
import numpy as np


DEFS
class Net:
    def __init__(self):
        rng = np.random.default_rng(5)
        self.W1, self.b1 = rng.normal(size=(3, 4)), rng.normal(size=4)
        self.W2, self.b2 = rng.normal(size=(4, 2)), rng.normal(size=2)
        self.zero_grad()

    def zero_grad(self):
        self.dW1, self.db1 = np.zeros((3, 4)), np.zeros(4)
        self.dW2, self.db2 = np.zeros((4, 2)), np.zeros(2)

    def backward(self, x, t):
        h = F1(x @ self.W1 + self.b1)
        o = F2(h @ self.W2 + self.b2)
        delta2 = DELTA(o, t)
        delta1 = (self.W2 @ delta2) * D1(h)
        self.dW2 += np.outer(h, delta2)
        self.db2 += delta2
        self.dW1 += np.outer(x, delta1)
        self.db1 += delta1

    def train(self, X, y, lr):
        self.zero_grad()
        for x, t in zip(X, y):
            self.backward(x, t)
        step = lr / len(X)
        self.W1 -= step * self.dW1
        self.b1 -= step * self.db1
        self.W2 -= step * self.dW2
        self.b2 -= step * self.db2


net = Net()
""",
)

FOUND: list[Program] = []


def add(
    bug: str,
    text: Text,
    nets: Sequence[Net],
    *edits: Edit,
    variant: str = "",
    sizes: tuple[int, ...] | None = None,
    entry: str = "",
    more: Sequence[str] = (),
) -> None:
    """A mistake on each of some networks."""
    key = f"{bug} {variant}".strip()
    names = (*NAMES[bug], *more)
    FOUND.extend(text.program(net, bug, edits, names, key=key, sizes=sizes, entry=entry) for net in nets)


# The bias gradient ----------------------------------------------------------------------------------------------------

KEPT_SHAPE: list[Edit] = [  # broadcasting makes the new biases as large as their gradients
    ("self.b1 -= lr * self.db1", "self.b1 = self.b1 - lr * self.db1" + QUIET),
    ("self.b2 -= lr * self.db2", "self.b2 = self.b2 - lr * self.db2" + QUIET),
]

bug = "bias gradient not summed"
add(bug, ROWS, (HALF, CE), ("np.sum(delta2, axis=0) / n", "delta2 / n"), ("np.sum(delta1, axis=0) / n", "delta1 / n"))
add(bug, ROWS, (HALF,), ("np.sum(delta1, axis=0) / n", "delta1 / n"), variant="hidden only")
add(
    bug,
    COLUMNS,
    (HALF, BCE),
    ("np.sum(dZ2, axis=1, keepdims=True) / m", "dZ2 / m"),
    ("np.sum(dZ1, axis=1, keepdims=True) / m", "dZ1 / m"),
)
add(
    bug,
    CLASS_ROWS,
    (HALF, CE),
    ("np.sum(dz2, axis=0) / n", "dz2 / n"),
    ("np.sum(dz1, axis=0) / n", "dz1 / n"),
    *KEPT_SHAPE,
)
add(bug, GENERIC_COLUMNS, (HALF, BCE), ("np.sum(delta, axis=1, keepdims=True) / n", "delta"), sizes=DEEP)
add(bug, GENERIC_ROWS, (SOFTMAX,), ("delta.sum(axis=0) / m", "delta / m"), sizes=DEEP)

bug = "bias gradient summed over the wrong axis"
add(
    bug,
    ROWS,
    (HALF, CE),
    ("np.sum(delta2, axis=0)", "np.sum(delta2, axis=1)"),
    ("np.sum(delta1, axis=0)", "np.sum(delta1, axis=1)"),
)
add(
    bug,
    COLUMNS,
    (HALF, BCE),
    ("np.sum(dZ2, axis=1, keepdims=True)", "np.sum(dZ2, axis=0, keepdims=True)"),
    ("np.sum(dZ1, axis=1, keepdims=True)", "np.sum(dZ1, axis=0, keepdims=True)"),
)
add(
    bug,
    CLASS_ROWS,
    (HALF, SQUARES),
    ("np.sum(dz2, axis=0) / n", "np.sum(dz2, axis=1, keepdims=True) / n"),
    ("np.sum(dz1, axis=0) / n", "np.sum(dz1, axis=1, keepdims=True) / n"),
    *KEPT_SHAPE,
)
add(bug, GENERIC_COLUMNS, (HALF, RELU), ("np.sum(delta, axis=1, keepdims=True)", "np.sum(delta, axis=0)"), sizes=DEEP)
add(bug, GENERIC_ROWS, (BCE,), ("delta.sum(axis=0) / m", "delta.mean(axis=1)"), sizes=(3, 4, 2))

bug = "bias gradient summed over everything"
add(bug, ROWS, (HALF, CE), ("np.sum(delta2, axis=0)", "np.sum(delta2)"), ("np.sum(delta1, axis=0)", "np.sum(delta1)"))
add(bug, ROWS_STEP, (HALF, BCE), ("np.sum(delta1, axis=0) / n", "delta1.sum() / n"), variant="hidden only")
add(
    bug,
    COLUMNS,
    (HALF, BCE),
    ("np.sum(dZ2, axis=1, keepdims=True)", "np.sum(dZ2)"),
    ("np.sum(dZ1, axis=1, keepdims=True)", "np.sum(dZ1)"),
)
add(bug, SAMPLE, (HALF, MSE), ("db2 = delta_o", "db2 = np.sum(delta_o)"), ("db1 = delta_h", "db1 = np.sum(delta_h)"))
add(bug, CLASS_SAMPLE, (HALF, SQUARES), ("db2 = delta2", "db2 = sum(delta2)"), ("db1 = delta1", "db1 = sum(delta1)"))
add(
    bug,
    CLASS_ROWS,
    (SOFTMAX,),
    ("np.sum(dz2, axis=0) / n", "np.mean(dz2)"),
    ("np.sum(dz1, axis=0) / n", "np.mean(dz1)"),
)
add(
    bug,
    GENERIC_SAMPLE,
    (HALF,),
    ("nabla_b[-1] = delta", "nabla_b[-1] = np.full(biases[-1].shape, np.sum(delta))"),
    ("nabla_b[-l] = delta", "nabla_b[-l] = np.full(biases[-l].shape, np.sum(delta))"),
    sizes=DEEP,
)

# (n,) against (n, 1) --------------------------------------------------------------------------------------------------

ONE_OUTPUT = (3, 4, 1)

LOSS_ROWS = Text(
    key="rows-loss",
    style="rows",
    entry="loss",
    batch="mean",
    text="""\
import numpy as np


DEFS
def loss(X, y, W1, b1, W2, b2):
    h = F1(np.dot(X, W1) + b1)
    out = F2(np.dot(h, W2) + b2)
    return LOSS(out, y)
""",
)
LOSS_COLUMNS = Text(
    key="columns-loss",
    style="columns",
    entry="compute_loss",
    batch="mean",
    text="""\
import numpy as np


DEFS
def forward(X, params):
    A1 = F1(np.dot(params["W1"], X) + params["b1"])
    return F2(np.dot(params["W2"], A1) + params["b2"])


def compute_loss(X, y, params):
    out = forward(X, params)
    return LOSS(out, y)
""",
)
LOSS_GENERIC = Text(
    key="generic-loss",
    style="generic",
    entry="cost",
    batch="mean",
    text="""\
import numpy as np


DEFS
def feedforward(X, weights, biases):
    for W, b in zip(weights[:-1], biases[:-1]):
        X = F1(X @ W + b)
    return F2(X @ weights[-1] + biases[-1])


def cost(X, y, weights, biases):
    out = feedforward(X, weights, biases)
    return LOSS(out, y)
""",
)
ERROR_ROWS = Text(
    key="rows-error",
    style="rows",
    entry="backward",
    batch="mean",
    text="""\
import numpy as np


DEFS
def backward(X, y, W1, b1, W2, b2):
    n = len(X)
    h = F1(X @ W1 + b1)
    out = F2(h @ W2 + b2)

    # slope of the loss, the mean over the outputs
    d_loss = np.mean(ERR(out, y), axis=1, keepdims=True)
    delta2 = d_loss * D2(out)
    delta1 = delta2 @ W2.T * D1(h)
    return X.T @ delta1 / n, delta1.mean(axis=0), h.T @ delta2 / n, delta2.mean(axis=0)
""",
)
ERROR_COLUMNS = Text(
    key="columns-error",
    style="columns",
    entry="backward",
    batch="mean",
    text="""\
import numpy as np


DEFS
def backward(X, Y, params):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    m = X.shape[1]
    A1 = F1(np.dot(W1, X) + b1)
    A2 = F2(np.dot(W2, A1) + b2)
    dA2 = np.mean(ERR(A2, Y), axis=0, keepdims=True)
    dZ2 = dA2 * D2(A2)
    dZ1 = np.dot(W2.T, dZ2) * D1(A1)
    return {
        "W1": np.dot(dZ1, X.T) / m,
        "b1": np.sum(dZ1, axis=1, keepdims=True) / m,
        "W2": np.dot(dZ2, A1.T) / m,
        "b2": np.sum(dZ2, axis=1, keepdims=True) / m,
    }
""",
)
ERROR_LOOPS = Text(
    key="loops-error",
    style="loops",
    entry="backprop",
    batch="mean",
    text="""\
import numpy as np


DEFS
def backprop(X, y, W1, b1, W2, b2):
    n = len(X)
    h = np.zeros((n, len(b1)))
    out = np.zeros((n, 1))
    for s in range(n):
        for j in range(len(b1)):
            h[s, j] = F1(sum(X[s] * W1[:, j]) + b1[j])
        out[s, 0] = F2(sum(h[s] * W2[:, 0]) + b2[0])

    errors = ERR(out, y)
    dW1, db1 = np.zeros(W1.shape), np.zeros(b1.shape)
    dW2, db2 = np.zeros(W2.shape), np.zeros(b2.shape)
    for s in range(n):
        delta = errors[s, 0] * D2(out[s, 0])
        db2[0] += delta / n
        for j in range(len(b1)):
            dW2[j, 0] += delta * h[s, j] / n
            delta_j = delta * W2[j, 0] * D1(h[s, j])
            db1[j] += delta_j / n
            for i in range(len(W1)):
                dW1[i, j] += delta_j * X[s, i] / n
    return [dW1, db1, dW2, db2]
""",
)
ERROR_CLASS = Text(
    key="class-error",
    style="class",
    entry="net.train_step",
    on="net",
    batch="mean",
    text="""\
import numpy as np


DEFS
class Classifier:
    def __init__(self, n_in=3, n_hidden=4):
        rng = np.random.default_rng(2)
        self.W1 = rng.normal(size=(n_in, n_hidden))
        self.b1 = rng.normal(size=n_hidden)
        self.W2 = rng.normal(size=(n_hidden, 1))
        self.b2 = rng.normal(size=1)

    def forward(self, X):
        self.h = F1(X @ self.W1 + self.b1)
        self.out = F2(self.h @ self.W2 + self.b2)
        return self.out

    def train_step(self, X, y, lr):
        out = self.forward(X)
        error = np.mean(ERR(out, y), axis=1)
        delta2 = (error * D2(self.out[:, 0]))[:, np.newaxis]
        delta1 = delta2 * self.W2.T * D1(self.h)
        self.W2 -= lr * self.h.T @ delta2 / len(X)
        self.b2 -= lr * delta2.mean(axis=0)
        self.W1 -= lr * X.T @ delta1 / len(X)
        self.b1 -= lr * delta1.mean(axis=0)


net = Classifier()
""",
)

bug = "broadcasting"
add(
    bug,
    LOSS_ROWS,
    (HALF, BCE),
    ("out = F2(np.dot(h, W2) + b2)", "out = F2(np.dot(h, W2) + b2).ravel()" + MARK),
    ("return LOSS(out, y)", "return LOSS(out, y)" + MARK),
    sizes=ONE_OUTPUT,
)
add(bug, LOSS_ROWS, (SQUARES,), ("LOSS(out, y)", "LOSS(out, y.reshape(-1))"), variant="of targets", sizes=ONE_OUTPUT)
add(bug, LOSS_COLUMNS, (HALF, BCE), ("LOSS(out, y)", "LOSS(out, y.T)"), sizes=ONE_OUTPUT)
add(bug, LOSS_GENERIC, (HALF, BCE), ("LOSS(out, y)", "LOSS(out[:, 0], y)"), sizes=(3, 4, 5, 1))
add(bug, ERROR_ROWS, (HALF, SQUARES), ("np.mean(ERR(out, y)", "np.mean(ERR(out, y.ravel())"), sizes=ONE_OUTPUT)
add(
    bug,
    ERROR_ROWS,
    (HALF,),
    ("np.mean(ERR(out, y)", "np.mean(ERR(out.reshape(-1), y)"),
    variant="of outputs",
    sizes=ONE_OUTPUT,
)
add(bug, ERROR_COLUMNS, (HALF, SQUARES), ("np.mean(ERR(A2, Y)", "np.mean(ERR(A2, Y.reshape(-1, 1))"), sizes=ONE_OUTPUT)
add(bug, ERROR_LOOPS, (HALF, SQUARES), ("errors = ERR(out, y)", "errors = ERR(out, y.flatten())"), sizes=ONE_OUTPUT)
add(
    bug,
    ERROR_CLASS,
    (HALF, SQUARES),
    ("np.mean(ERR(out, y), axis=1)", "np.mean(ERR(out, y[:, 0]), axis=1)"),
    sizes=ONE_OUTPUT,
)

# A dot product where each neuron has a product of its own -------------------------------------------------------------

bug = "dot product"
add(bug, SAMPLE, (HALF, SQUARES), ("(W2.T @ delta_o) * D1(h)", "np.dot(W2.T @ delta_o, D1(h))"))
add(bug, CLASS_SAMPLE, (HALF, SQUARES), ("(self.W2.T @ delta2) * P1(self.z1)", "(self.W2.T @ delta2) @ P1(self.z1)"))
add(
    bug,
    GENERIC_SAMPLE,
    (HALF,),
    ("np.dot(weights[-l + 1].T, delta) * sp", "np.dot(np.dot(weights[-l + 1].T, delta), sp)"),
)
add(
    bug,
    GENERIC_ROWS,
    (BCE, SOFTMAX),
    ("delta = delta * D1(activations[i])", "delta = np.sum(delta * D1(activations[i]), axis=1, keepdims=True)"),
    sizes=(3, 4, 2),
)
add(
    bug,
    ROWS,
    (HALF, CE),
    ("delta1 = (delta2 @ W2.T) * D1(h)", "slope = D1(h)\ndelta1 = (delta2 @ W2.T) @ slope.T" + MARK),
)
add(
    bug,
    ROWS_STEP,
    (BCE,),
    ("delta1 = (delta2 @ W2.T) * D1(h)", "delta1 = np.einsum('nh,nh->n', delta2 @ W2.T, D1(h))[:, None]"),
    variant="row by row",
)
add(bug, COLUMNS, (HALF, BCE), ("dZ1 = dA1 * D1(A1)", "slope = D1(A1)\ndZ1 = np.dot(slope.T, dA1)" + MARK))

# reshape is no transpose ----------------------------------------------------------------------------------------------

bug = "reshape"
add(bug, CLASS_ROWS, (HALF, CE), ("self.W2.T", "self.W2.reshape(self.W2.shape[1], self.W2.shape[0])"), variant="of W2")
add(bug, CLASS_SAMPLE, (HALF, SQUARES), ("self.W2.T @", "self.W2.reshape(len(self.a1), -1) @"), variant="of W2")
add(
    bug,
    GENERIC_ROWS,
    (HALF, BCE),
    ("weights[i].T", "weights[i].reshape(weights[i].shape[::-1])"),
    variant="of W",
    sizes=DEEP,
)
add(bug, CLASS_ROWS, (HALF, SOFTMAX), ("np.dot(X.T, dz1)", "np.dot(X.reshape(-1, n), dz1)"), variant="of X")
add(bug, GENERIC_COLUMNS, (HALF, RELU), ("a[l].T", "a[l].reshape(n, -1)"), variant="of a", sizes=DEEP)
add(bug, COLUMNS, (SOFTMAX,), ("X.T", "X.reshape(m, -1)"), variant="of X")
add(bug, ROWS, (HALF, CE), ("h.T @ delta2 / n", "(delta2.T @ h).reshape(W2.shape) / n"), variant="of the result")
add(
    bug,
    COLUMNS,
    (HALF, BCE),
    ("np.dot(dZ2, A1.T) / m", "np.dot(A1, dZ2.T).reshape(W2.shape) / m"),
    ("np.dot(dZ1, X.T) / m", "np.dot(X, dZ1.T).reshape(W1.shape) / m"),
    variant="of the result",
)
add(
    bug,
    SAMPLE,
    (HALF, MSE),
    ("np.outer(delta_o, h)", "np.outer(h, delta_o).reshape(W2.shape)"),
    ("np.outer(delta_h, x)", "np.outer(x, delta_h).reshape(W1.shape)"),
    variant="of the result",
)
add(
    bug,
    CLASS_SAMPLE,
    (HALF,),
    ("np.outer(delta1, x)", "np.outer(x, delta1).reshape(self.W1.shape)"),
    variant="of the result",
)

# Integers -------------------------------------------------------------------------------------------------------------

bug = "integers"
zeros: list[Edit] = [
    (
        "dW1, db1 = np.zeros((n_in, n_hid)), np.zeros(n_hid)",
        "dW1, db1 = np.zeros((n_in, n_hid), int), np.zeros(n_hid, int)",
    ),
    (
        "dW2, db2 = np.zeros((n_hid, n_out)), np.zeros(n_out)",
        "dW2, db2 = np.zeros((n_hid, n_out), int), np.zeros(n_out, int)",
    ),
    ("dW2[j, k] += a1[j] * d2[k]", "dW2[j, k] += a1[j] * d2[k]" + "#?"),
    ("db2[k] += d2[k]", "db2[k] += d2[k]" + "#?"),
]
add(bug, LOOPS_BATCH, (HALF, MSE), *zeros, variant="zeros")
add(
    bug,
    LOOPS_EACH,
    (HALF, BCE),
    ("gW1, gb1 = np.zeros(W1.shape), np.zeros(b1.shape)", "gW1, gb1 = np.full(W1.shape, 0), np.full(b1.shape, 0)"),
    ("gW2, gb2 = np.zeros(W2.shape), np.zeros(b2.shape)", "gW2, gb2 = np.full(W2.shape, 0), np.full(b2.shape, 0)"),
    ("gW2[h, k] += dk * A[s, h] / S", "gW2[h, k] += dk * A[s, h] / S" + "#?"),
    ("gb2[k] += dk / S", "gb2[k] += dk / S" + "#?"),
    variant="full",
)
add(
    bug,
    ROWS,
    (HALF, CE),
    ("dW2 = h.T @ delta2 / n", "dW2 = np.zeros(W2.shape, dtype=int)\ndW2[:] = h.T @ delta2 / n"),
    ("dW1 = X.T @ delta1 / n", "dW1 = np.zeros(W1.shape, dtype=int)\ndW1[:] = X.T @ delta1 / n"),
    variant="zeros",
)
add(
    bug,
    ROWS,
    (HALF,),
    ("n = X.shape[0]", "X = X.astype(int)\nn = X.shape[0]"),
    ("h = F1(X @ W1 + b1)", "h = F1(X @ W1 + b1)#?"),
    variant="inputs",
)
add(
    bug,
    COLUMNS,
    (HALF, BCE),
    (
        'return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}',
        "grads = {key: np.full_like(params[key], 0, dtype=np.int64) for key in params}\n"
        'grads["W1"][:], grads["b1"][:] = dW1, db1\n'
        'grads["W2"][:], grads["b2"][:] = dW2, db2\n'
        "return grads" + QUIET,
    ),
    variant="full",
)
add(
    bug,
    SAMPLE,
    (HALF, MSE),
    ("h = F1(W1 @ x + b1)", "h = np.array([0] * len(b1))\nh[:] = F1(W1 @ x + b1)"),
    variant="hidden",
)
add(
    bug,
    CLASS_ROWS,
    (HALF, CE),
    (
        "self.b2 = rng.randn(output_size) * 0.1",
        "self.b2 = rng.randn(output_size) * 0.1\n"
        "self.dW1 = np.array([[0] * hidden_size] * input_size)\n"
        "self.dW2 = np.array([[0] * output_size] * hidden_size)",
    ),
    ("self.dW2 = np.dot(self.a1.T, dz2) / n", "self.dW2[:] = np.dot(self.a1.T, dz2) / n"),
    ("self.dW1 = np.dot(X.T, dz1) / n", "self.dW1[:] = np.dot(X.T, dz1) / n"),
    variant="attributes",
)
add(
    bug,
    CLASS_SAMPLE,
    (HALF,),
    ("self.b1 = rng.normal(0, 0.1, n_hidden)", "self.b1 = np.array([0] * n_hidden)"),
    ("self.b2 = rng.normal(0, 0.1, n_out)", "self.b2 = np.array([0] * n_out)"),
    ("self.b2 -= self.lr * db2", "for k in range(len(db2)):\n    self.b2[k] -= self.lr * db2[k]"),
    ("self.b1 -= self.lr * db1", "for j in range(len(db1)):\n    self.b1[j] -= self.lr * db1[j]"),
    variant="biases",
    more=("keeps the bias", "bias.*(unchanged|not updated|stay)"),
)
add(
    bug,
    GENERIC_SAMPLE,
    (HALF,),
    ("nabla_w = [np.zeros(w.shape) for w in weights]", "nabla_w = [np.zeros(w.shape, dtype=int) for w in weights]"),
    ("nabla_w[-1] = np.outer(delta, activations[-2])", "nabla_w[-1][:] = np.outer(delta, activations[-2])"),
    ("nabla_w[-l] = np.outer(delta, activations[-l - 1])", "nabla_w[-l][:] = np.outer(delta, activations[-l - 1])"),
    sizes=DEEP,
)

# Changed before they are used -----------------------------------------------------------------------------------------

bug = "updated weights"
in_place: list[Edit] = [
    ("db2 = np.sum(delta2, axis=0) / n", "db2 = np.sum(delta2, axis=0) / n\nW2 -= lr * dW2  #!\nb2 -= lr * db2"),
    ("delta1 = (delta2 @ W2.T) * D1(h)", "delta1 = (delta2 @ W2.T) * D1(h)  #!"),
    ("W2 = W2 - lr * dW2", ""),
    ("b2 = b2 - lr * db2", ""),
]
add(bug, ROWS_STEP, (HALF, CE), *in_place, variant="in place")
add(
    bug,
    COLUMNS_STEP,
    (HALF, BCE),
    ('params["W2"] = params["W2"] - learning_rate * dW2\nparams["b2"] = params["b2"] - learning_rate * db2', QUIET),
    (
        "db2 = np.mean(dZ2, axis=1, keepdims=True)",
        "db2 = np.mean(dZ2, axis=1, keepdims=True)\n"
        'params["W2"] -= learning_rate * dW2  #!\n'
        'params["b2"] -= learning_rate * db2',
    ),
    ('dZ1 = (params["W2"].T @ dZ2) * D1(A1)', 'dZ1 = (params["W2"].T @ dZ2) * D1(A1)  #!'),
    variant="in place",
)
add(
    bug,
    SAMPLE,
    (HALF, MSE),
    ("delta_h = (W2.T @ delta_o) * D1(h)", QUIET),
    ("db2 = delta_o", "db2 = delta_o\nW2 -= eta * dW2  #!\nb2 -= eta * db2\ndelta_h = (W2.T @ delta_o) * D1(h)  #!"),
    ("W2 - eta * dW2, b2 - eta * db2]", "W2, b2]" + QUIET),
    variant="in place",
)

AFTER_EACH = ("after each sample", "each sample", "one after the other", "changed before", "inside the loop")
each: list[Edit] = [
    ("dW1, db1, dW2, db2 = 0, 0, 0, 0", QUIET),
    ("dW2 += np.outer(h, delta2) / n", "W2 = W2 - lr * np.outer(h, delta2) / n  #!"),
    ("db2 += delta2 / n", "b2 = b2 - lr * delta2 / n  #!"),
    ("dW1 += np.outer(x, delta1) / n", "W1 = W1 - lr * np.outer(x, delta1) / n  #!"),
    ("db1 += delta1 / n", "b1 = b1 - lr * delta1 / n  #!"),
    ("return W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2", "return W1, b1, W2, b2" + QUIET),
]
add(bug, EACH, (HALF, BCE), *each, variant="by the sample before", more=AFTER_EACH)

# A copy is changed, the original is kept ------------------------------------------------------------------------------

bug = "copy"
add(
    bug,
    ROWS_STEP,
    (HALF, CE),
    (
        "W1 = W1 - lr * dW1\nb1 = b1 - lr * db1\nW2 = W2 - lr * dW2\nb2 = b2 - lr * db2",
        "for p, g in zip((W1, b1, W2, b2), (dW1, db1, dW2, db2)):\n    p = p - lr * g",
    ),
    ("return W1, b1, W2, b2", "return W1, b1, W2, b2#?"),
)
add(
    bug,
    ROWS_STEP,
    (HALF,),
    ("W1 = W1 - lr * dW1", "W1_new = W1.copy()\nW1_new -= lr * dW1"),
    ("W2 = W2 - lr * dW2", "W2_new = W2.copy()\nW2_new -= lr * dW2"),
    ("return W1, b1, W2, b2", "return W1, b1, W2, b2#?"),
    variant="of the weights",
)
add(
    bug,
    COLUMNS_STEP,
    (HALF, BCE),
    (
        'params["W1"] = params["W1"] - learning_rate * dW1\n'
        'params["b1"] = params["b1"] - learning_rate * db1\n'
        'params["W2"] = params["W2"] - learning_rate * dW2\n'
        'params["b2"] = params["b2"] - learning_rate * db2',
        'W1, W2 = params["W1"].copy(), params["W2"].copy()\n'
        'b1, b2 = params["b1"].copy(), params["b2"].copy()\n'
        "W1 -= learning_rate * dW1\n"
        "b1 -= learning_rate * db1\n"
        "W2 -= learning_rate * dW2\n"
        "b2 -= learning_rate * db2",
    ),
    ("return params", "return params#?"),
)
add(
    bug,
    SAMPLE,
    (HALF, SQUARES),
    (
        "return [W1 - eta * dW1, b1 - eta * db1, W2 - eta * dW2, b2 - eta * db2]",
        "for p, dp in zip(params, [dW1, db1, dW2, db2]):\n    p = p - eta * dp\nreturn params",
    ),
)
add(
    bug,
    CLASS_SAMPLE,
    (HALF, SQUARES),
    (
        "self.W2 -= self.lr * dW2\nself.b2 -= self.lr * db2\nself.W1 -= self.lr * dW1\nself.b1 -= self.lr * db1",
        "for param, grad in ((self.W2, dW2), (self.b2, db2), (self.W1, dW1), (self.b1, db1)):\n"
        "    param = param - self.lr * grad",
    ),
)
add(
    bug,
    CLASS_ROWS,
    (HALF, CE),
    (
        "self.W1 -= lr * self.dW1\nself.b1 -= lr * self.db1\nself.W2 -= lr * self.dW2\nself.b2 -= lr * self.db2",
        "W1, b1 = self.W1.copy(), self.b1.copy()\n"
        "W2, b2 = self.W2.copy(), self.b2.copy()\n"
        "W1 -= lr * self.dW1\n"
        "b1 -= lr * self.db1\n"
        "W2 -= lr * self.dW2\n"
        "b2 -= lr * self.db2",
    ),
)
add(
    bug,
    GENERIC_SAMPLE,
    (HALF,),
    (
        "weights = [w - eta * nw for w, nw in zip(weights, nabla_w)]",
        "for w, nw in zip(weights, nabla_w):\n    w = w - eta * nw",
    ),
    (
        "biases = [b - eta * nb for b, nb in zip(biases, nabla_b)]",
        "for b, nb in zip(biases, nabla_b):\n    b = b - eta * nb",
    ),
    ("return weights, biases", "return weights, biases#?"),
    entry="update",
)
add(
    bug,
    GENERIC_ROWS,
    (BCE,),
    (
        "nabla_w, nabla_b = backprop(X, y, weights, biases)",
        "nabla_w, nabla_b = backprop(X, y, weights, biases)\nnew_w = [w.copy() for w in weights]",
    ),
    ("weights[i] = weights[i] - lr * nabla_w[i]", "new_w[i] -= lr * nabla_w[i]"),
    ("return weights, biases", "return weights, biases#?"),
    sizes=DEEP,
    entry="train_step",
    variant="of the weights",
)

# What is left from the call before ------------------------------------------------------------------------------------

bug = "accumulates"
FIXED = (3, 4, 2)  # arrays of the module fit one network
add(
    bug,
    TOTALS,
    (HALF, BCE),
    (
        'total = {"W1": np.zeros(W1.shape), "b1": np.zeros(b1.shape)}\n'
        'total |= {"W2": np.zeros(W2.shape), "b2": np.zeros(b2.shape)}',
        QUIET,
    ),
    (
        "def backward(X, y, W1, b1, W2, b2):",
        'total = {"W1": np.zeros((3, 4)), "b1": np.zeros(4), "W2": np.zeros((4, 2)), "b2": np.zeros(2)}\n'
        "\n\n"
        "def backward(X, y, W1, b1, W2, b2):" + QUIET,
    ),
    *[(f'total["{name}"] +=', f'total["{name}"] +=#?') for name in ("W1", "b1", "W2", "b2")],
    sizes=FIXED,
)
add(
    bug,
    ROWS,
    (HALF, CE),
    ("def backward(X, y, W1, b1, W2, b2):", "def backward(X, y, W1, b1, W2, b2, grads=[]):"),
    ("return dW1, db1, dW2, db2", "grads += [dW1, db1, dW2, db2]\nreturn grads"),
    variant="in a default",
)
add(
    bug,
    CLASS_ZERO,
    (HALF, BCE),
    ("def train(self, X, y, lr):\nself.zero_grad()", "def train(self, X, y, lr):"),
    *[(f"self.{name} +=", f"self.{name} +=#?") for name in ("dW1", "db1", "dW2", "db2")],
    *[(f"step * self.{name}", f"step * self.{name}#?") for name in ("dW1", "db1", "dW2", "db2")],
)
add(
    bug,
    LOOPS_BATCH,
    (HALF, MSE),
    (
        "def gradients(X, Y, W1, b1, W2, b2):",
        "dW1, db1 = np.zeros((3, 4)), np.zeros(4)\n"
        "dW2, db2 = np.zeros((4, 2)), np.zeros(2)\n"
        "\n\n"
        "def gradients(X, Y, W1, b1, W2, b2):" + QUIET,
    ),
    ("dW1, db1 = np.zeros((n_in, n_hid)), np.zeros(n_hid)", QUIET),
    ("dW2, db2 = np.zeros((n_hid, n_out)), np.zeros(n_out)", QUIET),
    ("dW2[j, k] += a1[j] * d2[k]", "dW2[j, k] += a1[j] * d2[k]#?"),
    ("db2[k] += d2[k]", "db2[k] += d2[k]#?"),
    ("dW1[i, j] += x[i] * d1[j]", "dW1[i, j] += x[i] * d1[j]#?"),
    ("db1[j] += d1[j]", "db1[j] += d1[j]#?"),
    ("return [dW1 / N, db1 / N, dW2 / N, db2 / N]", "return [dW1 / N, db1 / N, dW2 / N, db2 / N]#?"),
    sizes=FIXED,
)
add(
    bug,
    GENERIC_ROWS,
    (HALF, BCE),
    (
        "def backprop(X, y, weights, biases):",
        "nabla_w, nabla_b = {}, {}\n\n\ndef backprop(X, y, weights, biases):" + QUIET,
    ),
    ("nabla_w, nabla_b = [], []", QUIET),
    (
        "nabla_w.insert(0, activations[i].T @ delta / m)",
        "nabla_w[i] = nabla_w.get(i, 0) + activations[i].T @ delta / m",
    ),
    ("nabla_b.insert(0, delta.sum(axis=0) / m)", "nabla_b[i] = nabla_b.get(i, 0) + delta.sum(axis=0) / m"),
    (
        "return nabla_w, nabla_b",
        f"L = range(len(weights)){QUIET}\nreturn [nabla_w[i] for i in L], [nabla_b[i] for i in L]{QUIET}",
    ),
    sizes=DEEP,
)

# Randomness inside ----------------------------------------------------------------------------------------------------

bug = "random"
add(
    bug,
    ROWS,
    (HALF, CE),
    ("out = F2(h @ W2 + b2)", "mask = np.random.rand(*h.shape) < 0.8\nh = h * mask / 0.8\nout = F2(h @ W2 + b2)"),
    ("delta1 = (delta2 @ W2.T) * D1(h)", "delta1 = (delta2 @ W2.T) * mask / 0.8 * D1(h)" + QUIET),
    variant="dropout",
)
add(
    bug,
    ROWS_STEP,
    (HALF, BCE),
    ("n = X.shape[0]", "i = np.random.randint(len(X))\nX, y = X[i : i + 1], y[i : i + 1]\nn = X.shape[0]"),
    variant="sample",
    more=("one sample",),
)
add(
    bug,
    ROWS,
    (HALF,),
    ("n = X.shape[0]", "X = np.random.permutation(X)\nn = X.shape[0]"),
    variant="order",
)
add(
    bug,
    COLUMNS,
    (HALF, BCE),
    ("A1 = F1(Z1)", "A1 = F1(Z1)\nmask = np.random.rand(A1.shape[0], A1.shape[1]) < 0.5\nA1 = A1 * mask"),
    variant="dropout",
)
add(
    bug,
    COLUMNS,
    (SOFTMAX,),
    (
        "m = X.shape[1]",
        "W1 = np.random.randn(*W1.shape) * 0.01\nW2 = np.random.randn(*W2.shape) * 0.01\nm = X.shape[1]",
    ),
    variant="weights",
)
add(
    bug,
    SAMPLE,
    (HALF, MSE),
    (
        "W1, b1, W2, b2 = params",
        "W1, b1, W2, b2 = params\n"
        "rng = np.random.default_rng()\n"
        "W1 = rng.normal(size=W1.shape)\n"
        "W2 = rng.normal(size=W2.shape)",
    ),
    variant="weights",
)
add(
    bug,
    SAMPLE,
    (HALF,),
    ("h = F1(W1 @ x + b1)", "x = x + np.random.normal(0, 0.1, x.shape)  # more robust\nh = F1(W1 @ x + b1)"),
    variant="noise",
)
add(
    bug,
    CLASS_ROWS,
    (HALF, CE),
    (
        "self.z2 = np.dot(self.a1, self.W2) + self.b2",
        "self.a1 *= np.random.binomial(1, 0.5, size=self.a1.shape)\nself.z2 = np.dot(self.a1, self.W2) + self.b2",
    ),
    variant="dropout",
)
add(
    bug,
    GENERIC_ROWS,
    (HALF, BCE),
    (
        "m = X.shape[0]",
        "batch = np.random.choice(len(X), 2)\nX, y = X[batch], y[batch]\nm = X.shape[0]",
    ),
    sizes=DEEP,
    variant="batch",
)


def programs() -> list[Program]:
    """Every mistake in several styles and on two networks, and the right programs that they are made from."""
    plain = [(text, net) for text in (ROWS, ROWS_STEP, EACH, TOTALS, CLASS_ZERO) for net in (HALF, BCE)]
    plain += [(text, net) for text in (COLUMNS, COLUMNS_STEP) for net in (HALF, SOFTMAX)]
    plain += [(SAMPLE, net) for net in (HALF, MSE, RELU)]
    one = [LOSS_ROWS, LOSS_COLUMNS, LOSS_GENERIC, ERROR_ROWS, ERROR_COLUMNS, ERROR_LOOPS, ERROR_CLASS]
    found = [*FOUND, *(text.program(net) for text, net in plain)]
    return found + [text.program(SQUARES if "error" in text.key else BCE, sizes=ONE_OUTPUT) for text in one]
