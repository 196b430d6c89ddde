"""The commonest mistakes in other kinds of programs: an object, plain loops, and any number of layers.

"class" keeps the parameters and what it cached on ``self`` and changes them in place; "loops" goes through neurons and
samples one by one; "generic" holds lists of weights and biases. The right programs in these styles come with them,
and some more that are written as differently as people write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from learners.program import Program
from learners.templates import BCE, CE, HALF, MSE, NAMES, QUIET, RELU, SOFTMAX, SQUARES, Edit, Net, Text

Bugs = Mapping[str, Sequence[Edit]]

# An object ------------------------------------------------------------------------------------------------------------

CLASS_SAMPLE = Text(
    key="class-sample",
    style="class",
    entry="net.train_step",
    on="net",
    outputs="len(y)",
    renames=((r"\b(sigmoid|tanh|relu)_prime\b", r"\1_derivative"),),
    text='''\
import numpy as np


DEFS
class Net:
    """A network with one hidden layer that learns from one example at a time."""

    def __init__(self, n_in, n_hidden, n_out, lr=0.3):
        rng = np.random.default_rng(42)
        self.W1 = rng.normal(0, 1, (n_hidden, n_in))
        self.b1 = rng.normal(0, 0.1, n_hidden)
        self.W2 = rng.normal(0, 1, (n_out, n_hidden))
        self.b2 = rng.normal(0, 0.1, n_out)
        self.lr = lr

    def forward(self, x):
        self.z1 = self.W1 @ x + self.b1
        self.a1 = F1(self.z1)
        self.z2 = self.W2 @ self.a1 + self.b2
        self.a2 = F2(self.z2)
        return self.a2

    def train_step(self, x, y):
        self.forward(x)

        # output layer
        delta2 = DELTAP(self.a2, y, self.z2)
        dW2 = np.outer(delta2, self.a1)
        db2 = delta2
        # hidden layer
        delta1 = (self.W2.T @ delta2) * P1(self.z1)
        dW1 = np.outer(delta1, x)
        db1 = delta1

        # step downhill
        self.W2 -= self.lr * dW2
        self.b2 -= self.lr * db2
        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * db1


net = Net(3, 4, 2)
''',
)

CLASS_SAMPLE_BUGS: Bugs = {
    "updated weights": [
        ("self.W2 -= self.lr * dW2", ""),
        ("self.b2 -= self.lr * db2", ""),
        ("# hidden layer", "self.W2 -= self.lr * dW2  #!\nself.b2 -= self.lr * db2\n# hidden layer"),
        ("delta1 = (self.W2.T @ delta2) * P1(self.z1)", "delta1 = (self.W2.T @ delta2) * P1(self.z1)  #!"),
    ],
    "hidden slope": [("delta1 = (self.W2.T @ delta2) * P1(self.z1)", "delta1 = self.W2.T @ delta2")],
    "output slope": [("delta2 = DELTAP(self.a2, y, self.z2)", "delta2 = ERR(self.a2, y)")],
    "slope at net": [
        ("DELTAP(self.a2, y, self.z2)", "(ERR(self.a2, y)) * Q2(self.z2)"),
        ("P1(self.z1)", "Q1(self.z1)"),
    ],
    "slope of out": [("DELTAP(self.a2, y, self.z2)", "DELTAP(self.a2, y, self.a2)"), ("P1(self.z1)", "P1(self.a1)")],
    "error sign": [("DELTAP(self.a2, y, self.z2)", "YDELTAP(self.a2, y, self.z2)")],
    "adds the gradient": [("-= self.lr *", "+= self.lr *", 4)],
    "no rate": [("-= self.lr * ", "-= ", 4)],
    "rate twice": [
        ("delta2 = DELTAP(self.a2, y, self.z2)", "delta2 = self.lr * DELTAP(self.a2, y, self.z2)  #!"),
        ("-= self.lr * dW2", "-= self.lr * dW2  #!"),
        ("-= self.lr * db2", "-= self.lr * db2  #!"),
        ("-= self.lr * dW1", "-= self.lr * dW1  #!"),
        ("-= self.lr * db1", "-= self.lr * db1  #!"),
    ],
    "doubles": [("delta2 = DELTAP(", "delta2 = 2 * DELTAP(")],
    "bias gradient times the input": [
        ("db2 = delta2", "db2 = dW2.sum(axis=1)"),
        ("db1 = delta1", "db1 = dW1.sum(axis=1)"),
    ],
    "no bias": [("self.W1 @ x + self.b1", "self.W1 @ x"), ("self.W2 @ self.a1 + self.b2", "self.W2 @ self.a1")],
    "error sent back": [("self.W2.T @ delta2", "self.W2.T @ (ERR(self.a2, y))")],
    "one path": [("(self.W2.T @ delta2)", "self.W2[0] * delta2[0]")],
    "no input factor": [
        ("np.outer(delta2, self.a1)", "np.outer(delta2, np.ones(len(self.a1)))"),
        ("np.outer(delta1, x)", "np.outer(delta1, np.ones(len(x)))"),
    ],
    "net in the weight gradient": [("np.outer(delta2, self.a1)", "np.outer(delta2, self.z1)")],
    "activation twice": [("self.z2 = self.W2 @ self.a1 + self.b2", "self.z2 = F2(self.W2 @ self.a1 + self.b2)")],
    "keeps the hidden weights": [
        ("self.W1 -= self.lr * dW1", ""),
        ("self.b1 -= self.lr * db1", ""),
        ("self.W2 -= self.lr * dW2", "self.W2 -= self.lr * dW2  #!"),
        ("self.b2 -= self.lr * db2", "self.b2 -= self.lr * db2  #!"),
    ],
}

CLASS_ROWS = Text(
    key="class-rows",
    style="class",
    entry="net.train",
    on="net",
    batch="mean",
    axis=", axis=1, keepdims=True",
    text="""\
import numpy as np


DEFS
class NeuralNetwork:
    def __init__(self, input_size, hidden_size, output_size):
        rng = np.random.RandomState(1)
        self.W1 = rng.randn(input_size, hidden_size) * 0.5
        self.b1 = rng.randn(hidden_size) * 0.1
        self.W2 = rng.randn(hidden_size, output_size) * 0.5
        self.b2 = rng.randn(output_size) * 0.1

    def forward(self, X):
        self.z1 = np.dot(X, self.W1) + self.b1
        self.a1 = F1(self.z1)
        self.z2 = np.dot(self.a1, self.W2) + self.b2
        self.a2 = F2(self.z2)

    def backward(self, X, y):
        n = len(X)
        dz2 = DELTA(self.a2, y)
        self.dW2 = np.dot(self.a1.T, dz2) / n
        self.db2 = np.sum(dz2, axis=0) / n
        dz1 = np.dot(dz2, self.W2.T) * D1(self.a1)
        self.dW1 = np.dot(X.T, dz1) / n
        self.db1 = np.sum(dz1, axis=0) / n

    def train(self, X, y, lr):
        self.forward(X)
        self.backward(X, y)
        self.W1 -= lr * self.dW1
        self.b1 -= lr * self.db1
        self.W2 -= lr * self.dW2
        self.b2 -= lr * self.db2


net = NeuralNetwork(3, 4, 2)
""",
)

CLASS_ROWS_BUGS: Bugs = {
    "updated weights": [
        ("def backward(self, X, y):", "def backward(self, X, y, lr):"),
        ("self.backward(X, y)", "self.backward(X, y, lr)"),
        ("self.W2 -= lr * self.dW2", ""),
        ("self.b2 -= lr * self.db2", ""),
        (
            "self.db2 = np.sum(dz2, axis=0) / n",
            "self.db2 = np.sum(dz2, axis=0) / n\nself.W2 -= lr * self.dW2  #!\nself.b2 -= lr * self.db2",
        ),
        ("dz1 = np.dot(dz2, self.W2.T) * D1(self.a1)", "dz1 = np.dot(dz2, self.W2.T) * D1(self.a1)  #!"),
    ],
    "hidden slope": [("np.dot(dz2, self.W2.T) * D1(self.a1)", "np.dot(dz2, self.W2.T)")],
    "output slope": [("dz2 = DELTA(self.a2, y)", "dz2 = ERR(self.a2, y)")],
    "slope at net": [("D1(self.a1)", "D1(self.z1)")],
    "slope of out": [("D1(self.a1)", "P1(self.a1)")],
    "error sign": [("DELTA(self.a2, y)", "YDELTA(self.a2, y)")],
    "adds the gradient": [("-= lr *", "+= lr *", 4)],
    "no rate": [("-= lr * ", "-= ", 4)],
    "rate twice": [
        ("def backward(self, X, y):", "def backward(self, X, y, lr):"),
        ("self.backward(X, y)", "self.backward(X, y, lr)"),
        ("self.dW2 = np.dot(self.a1.T, dz2) / n", "self.dW2 = lr * np.dot(self.a1.T, dz2) / n  #!"),
        ("self.db2 = np.sum(dz2, axis=0) / n", "self.db2 = lr * np.sum(dz2, axis=0) / n  #!"),
        ("self.dW1 = np.dot(X.T, dz1) / n", "self.dW1 = lr * np.dot(X.T, dz1) / n  #!"),
        ("self.db1 = np.sum(dz1, axis=0) / n", "self.db1 = lr * np.sum(dz1, axis=0) / n  #!"),
        ("-= lr * self.dW2", "-= lr * self.dW2  #!"),
        ("-= lr * self.db2", "-= lr * self.db2  #!"),
        ("-= lr * self.dW1", "-= lr * self.dW1  #!"),
        ("-= lr * self.db1", "-= lr * self.db1  #!"),
    ],
    "doubles": [("dz2 = DELTA(self.a2, y)", "dz2 = 2 * (DELTA(self.a2, y))")],
    "sum for mean": [
        ("np.dot(self.a1.T, dz2) / n", "np.dot(self.a1.T, dz2)"),
        ("np.sum(dz2, axis=0) / n", "np.sum(dz2, axis=0)"),
        ("np.dot(X.T, dz1) / n", "np.dot(X.T, dz1)"),
        ("np.sum(dz1, axis=0) / n", "np.sum(dz1, axis=0)"),
        ("n = len(X)", QUIET),
    ],
    "mean for sum": [(") / n", ") / n  #!", 4)],
    "bias gradient times the input": [
        ("self.db2 = np.sum(dz2, axis=0) / n", "self.db2 = np.sum(self.dW2, axis=0)"),
        ("self.db1 = np.sum(dz1, axis=0) / n", "self.db1 = np.sum(self.dW1, axis=0)"),
    ],
    "no bias": [("np.dot(X, self.W1) + self.b1", "np.dot(X, self.W1)")],
    "error sent back": [("np.dot(dz2, self.W2.T)", "np.dot(ERR(self.a2, y), self.W2.T)")],
    "one path": [("np.dot(dz2, self.W2.T)", "np.outer(dz2[:, 0], self.W2[:, 0])")],
    "no input factor": [
        ("np.dot(self.a1.T, dz2) / n", "np.ones(self.W2.shape) * np.mean(dz2, axis=0)"),
        ("np.dot(X.T, dz1) / n", "np.ones(self.W1.shape) * np.mean(dz1, axis=0)"),
    ],
    "net in the weight gradient": [("np.dot(self.a1.T, dz2)", "np.dot(self.z1.T, dz2)")],
    "activation twice": [("self.a2 = F2(self.z2)", "self.a2 = F2(F2(self.z2))")],
    "keeps the hidden weights": [
        ("self.W1 -= lr * self.dW1", ""),
        ("self.b1 -= lr * self.db1", ""),
        ("self.W2 -= lr * self.dW2", "self.W2 -= lr * self.dW2  #!"),
        ("self.b2 -= lr * self.db2", "self.b2 -= lr * self.db2  #!"),
    ],
    "last sample": [
        ("self.dW2 = np.dot(self.a1.T, dz2) / n", ""),
        ("self.db2 = np.sum(dz2, axis=0) / n", ""),
        (
            "self.dW1 = np.dot(X.T, dz1) / n\nself.db1 = np.sum(dz1, axis=0) / n",
            "for i in range(n):\n"
            "    self.dW2 = np.outer(self.a1[i], dz2[i])  #!\n"
            "    self.db2 = dz2[i]  #!\n"
            "    self.dW1 = np.outer(X[i], dz1[i])  #!\n"
            "    self.db1 = dz1[i]  #!",
        ),
    ],
}

CLASS_EACH = Text(
    key="class-each",
    style="class",
    entry="net.train",
    on="net",
    batch="mean",
    outputs="len(t)",
    text='''\
import numpy as np


DEFS
class MLP:
    """Goes through the batch example by example and makes one step with the average gradient."""

    def __init__(self, sizes):
        rng = np.random.default_rng(7)
        self.W1 = rng.uniform(-1, 1, (sizes[0], sizes[1]))
        self.b1 = rng.uniform(-1, 1, sizes[1])
        self.W2 = rng.uniform(-1, 1, (sizes[1], sizes[2]))
        self.b2 = rng.uniform(-1, 1, sizes[2])

    def predict(self, x):
        self.h = F1(x @ self.W1 + self.b1)
        self.o = F2(self.h @ self.W2 + self.b2)
        return self.o

    def train(self, X, Y, eta):
        dW1, db1 = np.zeros_like(self.W1), np.zeros_like(self.b1)
        dW2, db2 = np.zeros_like(self.W2), np.zeros_like(self.b2)
        for x, t in zip(X, Y):
            o = self.predict(x)
            delta_o = DELTA(o, t)
            delta_h = (self.W2 @ delta_o) * D1(self.h)
            dW2 += np.outer(self.h, delta_o)
            db2 += delta_o
            dW1 += np.outer(x, delta_h)
            db1 += delta_h
        self.W1 -= eta * dW1 / len(X)
        self.b1 -= eta * db1 / len(X)
        self.W2 -= eta * dW2 / len(X)
        self.b2 -= eta * db2 / len(X)


net = MLP([3, 4, 2])
''',
)

CLASS_EACH_BUGS: Bugs = {
    "sum for mean": [(" / len(X)", "", 4)],
    "mean for sum": [(" / len(X)", " / len(X)  #!", 4)],
    "last sample": [
        ("dW2 += np.outer(self.h, delta_o)", "dW2 = np.outer(self.h, delta_o)"),
        ("db2 += delta_o", "db2 = delta_o"),
        ("dW1 += np.outer(x, delta_h)", "dW1 = np.outer(x, delta_h)"),
        ("db1 += delta_h", "db1 = delta_h"),
        (" / len(X)", QUIET, 4),
    ],
}

# Loops ----------------------------------------------------------------------------------------------------------------

LOOPS_SAMPLE = Text(
    key="loops-sample",
    style="loops",
    entry="backprop",
    outputs="len(y)",
    scalar=True,
    text="""\
import math


DEFS
def backprop(x, y, W1, b1, W2, b2):
    n_in, n_hidden, n_out = len(x), len(b1), len(b2)

    # forward
    net_h = [0.0] * n_hidden
    h = [0.0] * n_hidden
    for j in range(n_hidden):
        for i in range(n_in):
            net_h[j] += W1[j][i] * x[i]
        net_h[j] += b1[j]
        h[j] = F1(net_h[j])
    net_o = [0.0] * n_out
    o = [0.0] * n_out
    for k in range(n_out):
        for j in range(n_hidden):
            net_o[k] += W2[k][j] * h[j]
        net_o[k] += b2[k]
        o[k] = F2(net_o[k])

    # deltas
    delta_o = [0.0] * n_out
    for k in range(n_out):
        delta_o[k] = DELTA(o[k], y[k])
    delta_h = [0.0] * n_hidden
    for j in range(n_hidden):
        error = 0.0
        for k in range(n_out):
            error += W2[k][j] * delta_o[k]
        delta_h[j] = error * D1(h[j])

    # gradients
    dW1 = [[0.0] * n_in for _ in range(n_hidden)]
    db1 = [0.0] * n_hidden
    for j in range(n_hidden):
        for i in range(n_in):
            dW1[j][i] = delta_h[j] * x[i]
        db1[j] = delta_h[j]
    dW2 = [[0.0] * n_hidden for _ in range(n_out)]
    db2 = [0.0] * n_out
    for k in range(n_out):
        for j in range(n_hidden):
            dW2[k][j] = delta_o[k] * h[j]
        db2[k] = delta_o[k]
    return [dW1, db1, dW2, db2]
""",
)

LOOPS_SAMPLE_BUGS: Bugs = {
    "hidden slope": [("delta_h[j] = error * D1(h[j])", "delta_h[j] = error")],
    "output slope": [("delta_o[k] = DELTA(o[k], y[k])", "delta_o[k] = ERR(o[k], y[k])")],
    "slope at net": [("D1(h[j])", "D1(net_h[j])")],
    "slope of out": [("DELTA(o[k], y[k])", "DELTAP(o[k], y[k], o[k])"), ("D1(h[j])", "P1(h[j])")],
    "doubles": [("delta_o[k] = DELTA(o[k], y[k])", "delta_o[k] = 2 * DELTA(o[k], y[k])")],
    "bias gradient times the input": [
        ("dW1[j][i] = delta_h[j] * x[i]\ndb1[j] = delta_h[j]", "dW1[j][i] = delta_h[j] * x[i]\ndb1[j] += dW1[j][i]"),
        ("dW2[k][j] = delta_o[k] * h[j]\ndb2[k] = delta_o[k]", "dW2[k][j] = delta_o[k] * h[j]\ndb2[k] += dW2[k][j]"),
    ],
    "no bias": [
        ("net_h[j] += b1[j]", ""),
        ("net_o[k] += b2[k]", ""),
        ("net_h[j] += W1[j][i] * x[i]", "net_h[j] += W1[j][i] * x[i]  #!"),
        ("h[j] = F1(net_h[j])", "h[j] = F1(net_h[j])  #!"),
    ],
    "error sent back": [("error += W2[k][j] * delta_o[k]", "error += W2[k][j] * (o[k] - y[k])")],
    "one path": [("error += W2[k][j] * delta_o[k]", "error = W2[k][j] * delta_o[k]")],
    "no input factor": [("= delta_h[j] * x[i]", "= delta_h[j]"), ("= delta_o[k] * h[j]", "= delta_o[k]")],
    "net in the weight gradient": [("= delta_o[k] * h[j]", "= delta_o[k] * net_h[j]")],
    "activation twice": [("o[k] = F2(net_o[k])", "net_o[k] = F2(net_o[k])\no[k] = F2(net_o[k])")],
}

LOOPS_STEP = Text(
    key="loops-step",
    style="loops",
    entry="train_one",
    outputs="len(targets)",
    scalar=True,
    text="""\
import math


DEFS
def train_one(inputs, targets, W1, b1, W2, b2, lr):
    # forward pass: one neuron after the other
    hidden = []
    for j in range(len(b1)):
        s = b1[j]
        for i in range(len(inputs)):
            s += inputs[i] * W1[j][i]
        hidden.append(F1(s))
    outputs = []
    for k in range(len(b2)):
        s = b2[k]
        for j in range(len(hidden)):
            s += hidden[j] * W2[k][j]
        outputs.append(F2(s))

    # error terms
    d_out = []
    for k in range(len(outputs)):
        d_out.append(DELTA(outputs[k], targets[k]))
    d_hidden = []
    for j in range(len(hidden)):
        s = 0
        for k in range(len(outputs)):
            s += d_out[k] * W2[k][j]
        d_hidden.append(s * D1(hidden[j]))

    # new weights
    for k in range(len(outputs)):
        for j in range(len(hidden)):
            W2[k][j] -= lr * d_out[k] * hidden[j]
        b2[k] -= lr * d_out[k]
    for j in range(len(hidden)):
        for i in range(len(inputs)):
            W1[j][i] -= lr * d_hidden[j] * inputs[i]
        b1[j] -= lr * d_hidden[j]
    return [W1, b1, W2, b2]
""",
)

LOOPS_STEP_BUGS: Bugs = {
    "updated weights": [
        ("for k in range(len(outputs)):\nfor j in range(len(hidden)):", ""),
        ("W2[k][j] -= lr * d_out[k] * hidden[j]\nb2[k] -= lr * d_out[k]", ""),
        (
            "d_hidden = []",
            "for k in range(len(outputs)):\n"
            "    for j in range(len(hidden)):\n"
            "        W2[k][j] -= lr * d_out[k] * hidden[j]  #!\n"
            "    b2[k] -= lr * d_out[k]\n"
            "d_hidden = []",
        ),
        ("s += d_out[k] * W2[k][j]", "s += d_out[k] * W2[k][j]  #!"),
    ],
    "error sign": [("DELTA(outputs[k], targets[k])", "YDELTA(outputs[k], targets[k])")],
    "adds the gradient": [("-= lr *", "+= lr *", 4)],
    "no rate": [("-= lr * ", "-= ", 4)],
    "rate twice": [
        ("d_out.append(DELTA(outputs[k], targets[k]))", "d_out.append(lr * DELTA(outputs[k], targets[k]))  #!"),
        ("-= lr * d_out[k] * hidden[j]", "-= lr * d_out[k] * hidden[j]  #!"),
        ("b2[k] -= lr * d_out[k]", "b2[k] -= lr * d_out[k]  #!"),
        ("-= lr * d_hidden[j] * inputs[i]", "-= lr * d_hidden[j] * inputs[i]  #!"),
        ("b1[j] -= lr * d_hidden[j]", "b1[j] -= lr * d_hidden[j]  #!"),
    ],
    "keeps the hidden weights": [
        ("for j in range(len(hidden)):\nfor i in range(len(inputs)):", ""),
        ("W1[j][i] -= lr * d_hidden[j] * inputs[i]\nb1[j] -= lr * d_hidden[j]", ""),
        ("W2[k][j] -= lr * d_out[k] * hidden[j]", "W2[k][j] -= lr * d_out[k] * hidden[j]  #!"),
        ("b2[k] -= lr * d_out[k]", "b2[k] -= lr * d_out[k]  #!"),
        ("return [W1, b1, W2, b2]", "return [W1, b1, W2, b2]  #!"),
    ],
}

LOOPS_BATCH = Text(
    key="loops-batch",
    style="loops",
    entry="gradients",
    batch="mean",
    outputs="len(y)",
    text="""\
import numpy as np


DEFS
def gradients(X, Y, W1, b1, W2, b2):
    n_in, n_hid, n_out = len(W1), len(b1), len(b2)
    dW1, db1 = np.zeros((n_in, n_hid)), np.zeros(n_hid)
    dW2, db2 = np.zeros((n_hid, n_out)), np.zeros(n_out)
    N = len(X)
    for x, y in zip(X, Y):
        z1, a1 = np.zeros(n_hid), np.zeros(n_hid)
        for j in range(n_hid):
            z1[j] = b1[j]
            for i in range(n_in):
                z1[j] += x[i] * W1[i, j]
            a1[j] = F1(z1[j])
        z2, a2 = np.zeros(n_out), np.zeros(n_out)
        for k in range(n_out):
            z2[k] = b2[k]
            for j in range(n_hid):
                z2[k] += a1[j] * W2[j, k]
            a2[k] = F2(z2[k])

        d2 = np.zeros(n_out)
        for k in range(n_out):
            d2[k] = DELTA(a2[k], y[k])
            db2[k] += d2[k]
            for j in range(n_hid):
                dW2[j, k] += a1[j] * d2[k]
        d1 = np.zeros(n_hid)
        for j in range(n_hid):
            for k in range(n_out):
                d1[j] += d2[k] * W2[j, k]
            d1[j] *= D1(a1[j])
            db1[j] += d1[j]
            for i in range(n_in):
                dW1[i, j] += x[i] * d1[j]
    return [dW1 / N, db1 / N, dW2 / N, db2 / N]
""",
)

LOOPS_BATCH_STEP = LOOPS_BATCH.like(
    ("def gradients(X, Y, W1, b1, W2, b2):", "def update(X, Y, W1, b1, W2, b2, learning_rate):"),
    (
        "return [dW1 / N, db1 / N, dW2 / N, db2 / N]",
        """\
for j in range(n_hid):
    for i in range(n_in):
        W1[i, j] -= learning_rate * dW1[i, j] / N
    b1[j] -= learning_rate * db1[j] / N
for k in range(n_out):
    for j in range(n_hid):
        W2[j, k] -= learning_rate * dW2[j, k] / N
    b2[k] -= learning_rate * db2[k] / N
return W1, b1, W2, b2""",
    ),
    key="loops-batch-step",
    entry="update",
)

LOOPS_BATCH_BUGS: Bugs = {
    "hidden slope": [
        ("d1[j] *= D1(a1[j])", ""),
        ("d1[j] += d2[k] * W2[j, k]", "d1[j] += d2[k] * W2[j, k]  #!"),
        ("db1[j] += d1[j]", "db1[j] += d1[j]  #!"),
    ],
    "output slope": [("d2[k] = DELTA(a2[k], y[k])", "d2[k] = ERR(a2[k], y[k])")],
    "slope at net": [("d1[j] *= D1(a1[j])", "d1[j] *= D1(z1[j])")],
    "slope of out": [("d1[j] *= D1(a1[j])", "d1[j] *= P1(a1[j])")],
    "doubles": [("d2[k] = DELTA(a2[k], y[k])", "d2[k] = 2 * (DELTA(a2[k], y[k]))")],
    "sum for mean": [
        ("N = len(X)", QUIET),
        ("return [dW1 / N, db1 / N, dW2 / N, db2 / N]", "return [dW1, db1, dW2, db2]  #!"),
        ("db2[k] += d2[k]", "db2[k] += d2[k]  #!"),
        ("dW2[j, k] += a1[j] * d2[k]", "dW2[j, k] += a1[j] * d2[k]  #!"),
        ("db1[j] += d1[j]", "db1[j] += d1[j]  #!"),
        ("dW1[i, j] += x[i] * d1[j]", "dW1[i, j] += x[i] * d1[j]  #!"),
    ],
    "mean for sum": [
        ("return [dW1 / N, db1 / N, dW2 / N, db2 / N]", "return [dW1 / N, db1 / N, dW2 / N, db2 / N]  #!")
    ],
    "bias gradient times the input": [
        ("db2[k] += d2[k]", ""),
        ("dW2[j, k] += a1[j] * d2[k]", "dW2[j, k] += a1[j] * d2[k]\ndb2[k] += a1[j] * d2[k]  #!"),
        ("db1[j] += d1[j]", ""),
        ("dW1[i, j] += x[i] * d1[j]", "dW1[i, j] += x[i] * d1[j]\ndb1[j] += x[i] * d1[j]  #!"),
    ],
    "no bias": [
        ("z1[j] = b1[j]", ""),
        ("z1[j] += x[i] * W1[i, j]", "z1[j] += x[i] * W1[i, j]  #!"),
        ("a1[j] = F1(z1[j])", "a1[j] = F1(z1[j])  #!"),
    ],
    "error sent back": [("d1[j] += d2[k] * W2[j, k]", "d1[j] += ERR(a2[k], y[k]) * W2[j, k]")],
    "one path": [("for k in range(n_out):\nd1[j] += d2[k] * W2[j, k]", "d1[j] = d2[0] * W2[j, 0]")],
    "no input factor": [("+= a1[j] * d2[k]", "+= d2[k]"), ("+= x[i] * d1[j]", "+= d1[j]")],
    "net in the weight gradient": [("+= a1[j] * d2[k]", "+= z1[j] * d2[k]")],
    "activation twice": [("a2[k] = F2(z2[k])", "a2[k] = F2(F2(z2[k]))")],
    "last sample": [
        ("db2[k] += d2[k]", "db2[k] = d2[k]"),
        ("dW2[j, k] += a1[j] * d2[k]", "dW2[j, k] = a1[j] * d2[k]"),
        ("db1[j] += d1[j]", "db1[j] = d1[j]"),
        ("dW1[i, j] += x[i] * d1[j]", "dW1[i, j] = x[i] * d1[j]"),
        ("N = len(X)", QUIET),
        ("return [dW1 / N, db1 / N, dW2 / N, db2 / N]", "return [dW1, db1, dW2, db2]" + QUIET),
    ],
}

LOOPS_BATCH_STEP_BUGS: Bugs = {
    "error sign": [("d2[k] = DELTA(a2[k], y[k])", "d2[k] = YDELTA(a2[k], y[k])")],
    "adds the gradient": [("-= learning_rate *", "+= learning_rate *", 4)],
    "no rate": [("-= learning_rate * ", "-= ", 4)],
    "rate twice": [
        ("db2[k] += d2[k]", "db2[k] += learning_rate * d2[k]  #!"),
        ("+= a1[j] * d2[k]", "+= learning_rate * a1[j] * d2[k]  #!"),
        ("db1[j] += d1[j]", "db1[j] += learning_rate * d1[j]  #!"),
        ("+= x[i] * d1[j]", "+= learning_rate * x[i] * d1[j]  #!"),
        ("dW1[i, j] / N", "dW1[i, j] / N  #!"),
        ("db1[j] / N", "db1[j] / N  #!"),
        ("dW2[j, k] / N", "dW2[j, k] / N  #!"),
        ("db2[k] / N", "db2[k] / N  #!"),
    ],
    "keeps the hidden weights": [
        ("W1[i, j] -= learning_rate * dW1[i, j] / N\nb1[j] -= learning_rate * db1[j] / N", ""),
        ("for j in range(n_hid):\nfor i in range(n_in):", "", 1),
        ("W2[j, k] -= learning_rate * dW2[j, k] / N", "W2[j, k] -= learning_rate * dW2[j, k] / N  #!"),
        ("b2[k] -= learning_rate * db2[k] / N", "b2[k] -= learning_rate * db2[k] / N  #!"),
        ("return W1, b1, W2, b2", "return W1, b1, W2, b2  #!"),
    ],
}

LOOPS_ORDER = Text(
    key="loops-order",
    style="loops",
    entry="train_batch",
    batch="mean",
    outputs="len(b2)",
    text="""\
import numpy as np


DEFS
def train_batch(X, Y, W1, b1, W2, b2, lr):
    n, n_in = X.shape
    n_hid, n_out = W2.shape
    H, E1 = np.zeros((n, n_hid)), np.zeros((n, n_hid))
    O, E2 = np.zeros((n, n_out)), np.zeros((n, n_out))
    for s in range(n):
        for j in range(n_hid):
            H[s, j] = F1(sum(X[s, i] * W1[i, j] for i in range(n_in)) + b1[j])
        for k in range(n_out):
            O[s, k] = F2(sum(H[s, j] * W2[j, k] for j in range(n_hid)) + b2[k])
            E2[s, k] = DELTA(O[s, k], Y[s, k])

    # deltas of the hidden layer
    for s in range(n):
        for j in range(n_hid):
            E1[s, j] = sum(E2[s, k] * W2[j, k] for k in range(n_out)) * D1(H[s, j])

    # output layer
    for k in range(n_out):
        for j in range(n_hid):
            W2[j, k] -= lr * sum(E2[s, k] * H[s, j] for s in range(n)) / n
        b2[k] -= lr * sum(E2[s, k] for s in range(n)) / n

    # hidden layer
    for j in range(n_hid):
        for i in range(n_in):
            W1[i, j] -= lr * sum(E1[s, j] * X[s, i] for s in range(n)) / n
        b1[j] -= lr * sum(E1[s, j] for s in range(n)) / n
    return [W1, b1, W2, b2]
""",
)

LOOPS_ORDER_BUGS: Bugs = {
    "updated weights": [
        (
            "# deltas of the hidden layer\n"
            "for s in range(n):\n"
            "for j in range(n_hid):\n"
            "E1[s, j] = sum(E2[s, k] * W2[j, k] for k in range(n_out)) * D1(H[s, j])",
            "",
        ),
        (
            "W2[j, k] -= lr * sum(E2[s, k] * H[s, j] for s in range(n)) / n",
            "W2[j, k] -= lr * sum(E2[s, k] * H[s, j] for s in range(n)) / n  #!",
        ),
        (
            "# hidden layer",
            "# hidden layer\n"
            "for s in range(n):\n"
            "    for j in range(n_hid):\n"
            "        E1[s, j] = sum(E2[s, k] * W2[j, k] for k in range(n_out)) * D1(H[s, j])  #!",
        ),
    ],
}

LOOPS_EACH = Text(
    key="loops-each",
    style="loops",
    entry="backward",
    batch="mean",
    outputs="K",
    text="""\
import numpy as np


DEFS
def backward(X, T, W1, b1, W2, b2):
    S, D = X.shape
    H, K = W2.shape
    A = np.zeros((S, H))
    O = np.zeros((S, K))
    for s in range(S):
        for h in range(H):
            A[s, h] = F1(b1[h] + sum(X[s, d] * W1[d, h] for d in range(D)))
        for k in range(K):
            O[s, k] = F2(b2[k] + sum(A[s, h] * W2[h, k] for h in range(H)))

    gW1, gb1 = np.zeros(W1.shape), np.zeros(b1.shape)
    gW2, gb2 = np.zeros(W2.shape), np.zeros(b2.shape)
    for s in range(S):
        for k in range(K):
            dk = DELTA(O[s, k], T[s, k])
            gb2[k] += dk / S
            for h in range(H):
                gW2[h, k] += dk * A[s, h] / S
                dh = dk * W2[h, k] * D1(A[s, h])
                gb1[h] += dh / S
                for d in range(D):
                    gW1[d, h] += dh * X[s, d] / S
    return [gW1, gb1, gW2, gb2]
""",
)

LOOPS_EACH_BUGS: Bugs = {
    "sum for mean": [(" / S", "", 4)],
    "mean for sum": [(" / S", " / S  #!", 4)],
    "last sample": [
        (
            "gW1, gb1 = np.zeros(W1.shape), np.zeros(b1.shape)\n"
            "gW2, gb2 = np.zeros(W2.shape), np.zeros(b2.shape)\n"
            "for s in range(S):",
            "for s in range(S):\n"
            "    gW1, gb1 = np.zeros(W1.shape), np.zeros(b1.shape)  #!\n"
            "    gW2, gb2 = np.zeros(W2.shape), np.zeros(b2.shape)  #!",
        ),
        ("gb2[k] += dk / S", "gb2[k] += dk  #!"),
        ("gW2[h, k] += dk * A[s, h] / S", "gW2[h, k] += dk * A[s, h]  #!"),
        ("gb1[h] += dh / S", "gb1[h] += dh  #!"),
        ("gW1[d, h] += dh * X[s, d] / S", "gW1[d, h] += dh * X[s, d]  #!"),
    ],
}

# Any number of layers -------------------------------------------------------------------------------------------------

GENERIC_SAMPLE = Text(
    key="generic-sample",
    style="generic",
    entry="backprop",
    outputs="len(y)",
    text='''\
import numpy as np


DEFS
def backprop(x, y, weights, biases):
    """Returns (nabla_w, nabla_b), layer by layer, like weights and biases."""
    nabla_w = [np.zeros(w.shape) for w in weights]
    nabla_b = [np.zeros(b.shape) for b in biases]
    # feedforward
    activation = x
    activations = [x]
    zs = []
    for w, b in zip(weights, biases):
        z = np.dot(w, activation) + b
        zs.append(z)
        activation = F1(z)
        activations.append(activation)
    # backward pass
    delta = DELTAP(activations[-1], y, zs[-1])
    nabla_b[-1] = delta
    nabla_w[-1] = np.outer(delta, activations[-2])
    for l in range(2, len(weights) + 1):
        sp = P1(zs[-l])
        delta = np.dot(weights[-l + 1].T, delta) * sp
        nabla_b[-l] = delta
        nabla_w[-l] = np.outer(delta, activations[-l - 1])
    return nabla_w, nabla_b


def update(x, y, weights, biases, eta):
    nabla_w, nabla_b = backprop(x, y, weights, biases)
    weights = [w - eta * nw for w, nw in zip(weights, nabla_w)]
    biases = [b - eta * nb for b, nb in zip(biases, nabla_b)]
    return weights, biases
''',
)

GENERIC_SAMPLE_BUGS: Bugs = {
    "hidden slope": [
        ("sp = P1(zs[-l])", QUIET),
        ("np.dot(weights[-l + 1].T, delta) * sp", "np.dot(weights[-l + 1].T, delta)"),
    ],
    "output slope": [("delta = DELTAP(activations[-1], y, zs[-1])", "delta = ERR(activations[-1], y)")],
    "slope at net": [
        ("DELTAP(activations[-1], y, zs[-1])", "(ERR(activations[-1], y)) * Q2(zs[-1])"),
        ("P1(zs[-l])", "Q1(zs[-l])"),
    ],
    "slope of out": [
        ("DELTAP(activations[-1], y, zs[-1])", "DELTAP(activations[-1], y, activations[-1])"),
        ("P1(zs[-l])", "P1(activations[-l])"),
    ],
    "doubles": [("delta = DELTAP(", "delta = 2 * DELTAP(")],
    "bias gradient times the input": [
        (
            "nabla_b[-1] = delta\nnabla_w[-1] = np.outer(delta, activations[-2])",
            "nabla_w[-1] = np.outer(delta, activations[-2])\nnabla_b[-1] = nabla_w[-1].sum(axis=1)",
        ),
        (
            "nabla_b[-l] = delta\nnabla_w[-l] = np.outer(delta, activations[-l - 1])",
            "nabla_w[-l] = np.outer(delta, activations[-l - 1])\nnabla_b[-l] = nabla_w[-l].sum(axis=1)",
        ),
    ],
    "no bias": [("np.dot(w, activation) + b", "np.dot(w, activation)")],
    "error sent back": [
        ("delta = DELTAP(activations[-1], y, zs[-1])", "error = ERR(activations[-1], y)\ndelta = error * P2(zs[-1])"),
        (
            "delta = np.dot(weights[-l + 1].T, delta) * sp",
            "error = np.dot(weights[-l + 1].T, error)  #!\ndelta = error * sp",
        ),
    ],
    "one path": [("np.dot(weights[-l + 1].T, delta) * sp", "weights[-l + 1][0] * delta[0] * sp")],
    "no input factor": [
        ("np.outer(delta, activations[-2])", "np.outer(delta, np.ones_like(activations[-2]))"),
        ("np.outer(delta, activations[-l - 1])", "np.outer(delta, np.ones_like(activations[-l - 1]))"),
    ],
    "net in the weight gradient": [
        ("activations = [x]", "activations = [x]\nfed = [x]"),
        ("zs.append(z)", "zs.append(z)\nfed.append(z)"),
        ("np.outer(delta, activations[-2])", "np.outer(delta, fed[-2])  #!"),
        ("np.outer(delta, activations[-l - 1])", "np.outer(delta, fed[-l - 1])  #!"),
    ],
    "activation twice": [("# backward pass", "activations[-1] = F2(activations[-1])\n# backward pass")],
    "error sign": [("DELTAP(activations[-1], y, zs[-1])", "YDELTAP(activations[-1], y, zs[-1])")],
    "adds the gradient": [("w - eta * nw", "w + eta * nw"), ("b - eta * nb", "b + eta * nb")],
    "no rate": [("w - eta * nw", "w - nw"), ("b - eta * nb", "b - nb")],
    "rate twice": [
        ("w - eta * nw", "w - eta * nw  #!"),
        ("b - eta * nb", "b - eta * nb  #!"),
        (
            "weights = [w",
            "nabla_w = [eta * nw for nw in nabla_w]  #!\nnabla_b = [eta * nb for nb in nabla_b]  #!\nweights = [w",
        ),
    ],
    "keeps the hidden weights": [
        (
            "weights = [w - eta * nw for w, nw in zip(weights, nabla_w)]",
            "weights = weights[:-1] + [weights[-1] - eta * nabla_w[-1]]",
        ),
        (
            "biases = [b - eta * nb for b, nb in zip(biases, nabla_b)]",
            "biases = biases[:-1] + [biases[-1] - eta * nabla_b[-1]]",
        ),
    ],
}

GENERIC_ROWS = Text(
    key="generic-rows",
    style="generic",
    entry="backprop",
    batch="mean",
    axis=", axis=1, keepdims=True",
    text="""\
import numpy as np


DEFS
def forward(X, weights, biases):
    zs, activations = [], [X]
    for i, (W, b) in enumerate(zip(weights, biases)):
        z = activations[-1] @ W + b
        zs.append(z)
        if i == len(weights) - 1:
            activations.append(F2(z))
        else:
            activations.append(F1(z))
    return zs, activations


def backprop(X, y, weights, biases):
    m = X.shape[0]
    zs, activations = forward(X, weights, biases)
    nabla_w, nabla_b = [], []
    delta = DELTA(activations[-1], y)
    for i in reversed(range(len(weights))):
        nabla_w.insert(0, activations[i].T @ delta / m)
        nabla_b.insert(0, delta.sum(axis=0) / m)
        if i > 0:
            delta = delta @ weights[i].T
            delta = delta * D1(activations[i])
    return nabla_w, nabla_b


def train_step(X, y, weights, biases, lr):
    nabla_w, nabla_b = backprop(X, y, weights, biases)
    for i in range(len(weights)):
        weights[i] = weights[i] - lr * nabla_w[i]
        biases[i] = biases[i] - lr * nabla_b[i]
    return weights, biases
""",
)

GENERIC_ROWS_BUGS: Bugs = {
    "hidden slope": [
        ("delta = delta * D1(activations[i])", ""),
        ("delta = delta @ weights[i].T", "delta = delta @ weights[i].T  #!"),
    ],
    "output slope": [("delta = DELTA(activations[-1], y)", "delta = ERR(activations[-1], y)")],
    "slope at net": [("D1(activations[i])", "D1(zs[i - 1])")],
    "slope of out": [("D1(activations[i])", "P1(activations[i])")],
    "doubles": [("delta = DELTA(activations[-1], y)", "delta = 2 * (DELTA(activations[-1], y))")],
    "sum for mean": [
        ("m = X.shape[0]", QUIET),
        ("activations[i].T @ delta / m", "activations[i].T @ delta"),
        ("delta.sum(axis=0) / m", "delta.sum(axis=0)"),
    ],
    "mean for sum": [("delta / m)", "delta / m)  #!"), ("delta.sum(axis=0) / m)", "delta.sum(axis=0) / m)  #!")],
    "bias gradient times the input": [("delta.sum(axis=0) / m", "nabla_w[0].sum(axis=0)")],
    "no bias": [("z = activations[-1] @ W + b", "z = activations[-1] @ W")],
    "error sent back": [
        ("delta = DELTA(activations[-1], y)", "error = ERR(activations[-1], y)\ndelta = error * D2(activations[-1])"),
        ("delta = delta @ weights[i].T", "error = error @ weights[i].T  #!"),
        ("delta = delta * D1(activations[i])", "delta = error * D1(activations[i])  #!"),
    ],
    "one path": [("delta = delta @ weights[i].T", "delta = delta[:, :1] @ weights[i][:, :1].T")],
    "no input factor": [("activations[i].T @ delta / m", "np.ones_like(activations[i]).T @ delta / m")],
    "net in the weight gradient": [
        (
            "zs, activations = forward(X, weights, biases)",
            "zs, activations = forward(X, weights, biases)\ninputs = [X, *zs[:-1]]",
        ),
        ("activations[i].T @ delta / m", "inputs[i].T @ delta / m  #!"),
    ],
    "activation twice": [("activations.append(F2(z))", "activations.append(F2(F2(z)))")],
    "last sample": [
        ("m = X.shape[0]", QUIET),
        (
            "nabla_w.insert(0, activations[i].T @ delta / m)",
            "for a, d in zip(activations[i], delta):\n    dw, db = np.outer(a, d), d\nnabla_w.insert(0, dw)",
        ),
        ("nabla_b.insert(0, delta.sum(axis=0) / m)", "nabla_b.insert(0, db)"),
    ],
    "error sign": [("DELTA(activations[-1], y)", "YDELTA(activations[-1], y)")],
    "adds the gradient": [("weights[i] - lr", "weights[i] + lr"), ("biases[i] - lr", "biases[i] + lr")],
    "no rate": [("weights[i] - lr * nabla", "weights[i] - nabla"), ("biases[i] - lr * nabla", "biases[i] - nabla")],
    "rate twice": [
        ("weights[i] = weights[i] - lr * nabla_w[i]", "step = lr * nabla_w[i]\nweights[i] = weights[i] - lr * step"),
        ("biases[i] = biases[i] - lr * nabla_b[i]", "step = lr * nabla_b[i]\nbiases[i] = biases[i] - lr * step"),
    ],
    "keeps the hidden weights": [
        ("for i in range(len(weights)):", "for i in [len(weights) - 1]:  #!"),
        ("weights[i] = weights[i] - lr * nabla_w[i]", "weights[i] = weights[i] - lr * nabla_w[i]  #!"),
        ("biases[i] = biases[i] - lr * nabla_b[i]", "biases[i] = biases[i] - lr * nabla_b[i]  #!"),
        ("return weights, biases", "return weights, biases  #!"),
    ],
}

GENERIC_COLUMNS = Text(
    key="generic-columns",
    style="generic",
    entry="backprop",
    batch="mean",
    outputs="y.shape[0]",
    axis=", axis=0, keepdims=True",
    text="""\
import numpy as np


DEFS
def backprop(x, y, weights, biases):
    # x, y: one column for each example
    n = x.shape[1]
    L = len(weights)
    a = [x]
    for l in range(L - 1):
        a.append(F1(np.dot(weights[l], a[l]) + biases[l]))
    a.append(F2(np.dot(weights[L - 1], a[L - 1]) + biases[L - 1]))

    nabla_w = [None] * L
    nabla_b = [None] * L
    delta = DELTA(a[L], y)
    for l in range(L - 1, -1, -1):
        nabla_w[l] = np.dot(delta, a[l].T) / n
        nabla_b[l] = np.sum(delta, axis=1, keepdims=True) / n
        if l > 0:
            delta = np.dot(weights[l].T, delta) * D1(a[l])
    return nabla_w, nabla_b
""",
)

GENERIC_COLUMNS_BUGS: Bugs = {
    "sum for mean": [
        ("n = x.shape[1]", QUIET),
        ("np.dot(delta, a[l].T) / n", "np.dot(delta, a[l].T)"),
        ("keepdims=True) / n", "keepdims=True)"),
    ],
    "mean for sum": [
        ("np.dot(delta, a[l].T) / n", "np.dot(delta, a[l].T) / n  #!"),
        ("keepdims=True) / n", "keepdims=True) / n  #!"),
    ],
    "last sample": [
        ("n = x.shape[1]", QUIET),
        ("nabla_w[l] = np.dot(delta, a[l].T) / n", ""),
        (
            "nabla_b[l] = np.sum(delta, axis=1, keepdims=True) / n",
            "for i in range(x.shape[1]):\n"
            "    nabla_w[l] = np.outer(delta[:, i], a[l][:, i])  #!\n"
            "    nabla_b[l] = delta[:, i : i + 1]  #!",
        ),
    ],
    "hidden slope": [("np.dot(weights[l].T, delta) * D1(a[l])", "np.dot(weights[l].T, delta)")],
    "one path": [("np.dot(weights[l].T, delta) * D1(a[l])", "np.dot(weights[l][:1].T, delta[:1]) * D1(a[l])")],
    "activation twice": [
        (
            "a.append(F2(np.dot(weights[L - 1], a[L - 1]) + biases[L - 1]))",
            "a.append(F2(F2(np.dot(weights[L - 1], a[L - 1]) + biases[L - 1])))",
        )
    ],
}

GENERIC_STEP = Text(
    key="generic-step",
    style="generic",
    entry="step",
    outputs="len(y)",
    text="""\
import numpy as np


DEFS
def step(x, y, weights, biases, eta):
    outs = [x]
    for w, b in zip(weights, biases):
        outs.append(F1(w @ outs[-1] + b))

    delta = DELTA(outs[-1], y)
    for k in reversed(range(len(weights))):
        back = weights[k].T @ delta
        weights[k] = weights[k] - eta * np.outer(delta, outs[k])
        biases[k] = biases[k] - eta * delta
        delta = back * D1(outs[k])
    return weights, biases
""",
)

GENERIC_STEP_ROWS = Text(
    key="generic-step-rows",
    style="generic",
    entry="step",
    batch="mean",
    axis=", axis=1, keepdims=True",
    text="""\
import numpy as np


DEFS
def step(X, y, weights, biases, eta):
    outs = [X]
    for w, b in zip(weights[:-1], biases[:-1]):
        outs.append(F1(outs[-1].dot(w) + b))
    outs.append(F2(outs[-1].dot(weights[-1]) + biases[-1]))

    delta = DELTA(outs[-1], y)
    for k in reversed(range(len(weights))):
        back = delta.dot(weights[k].T)
        weights[k] = weights[k] - eta * outs[k].T.dot(delta) / len(X)
        biases[k] = biases[k] - eta * delta.mean(axis=0)
        delta = back * D1(outs[k])
    return weights, biases
""",
)

GENERIC_STEP_BUGS: Bugs = {
    "updated weights": [
        ("back = weights[k].T @ delta", ""),
        (
            "weights[k] = weights[k] - eta * np.outer(delta, outs[k])",
            "weights[k] = weights[k] - eta * np.outer(delta, outs[k])  #!",
        ),
        ("delta = back * D1(outs[k])", "delta = (weights[k].T @ delta) * D1(outs[k])  #!"),
    ],
    "activation twice": [
        ("delta = DELTA(outs[-1], y)", "outs[-1] = F2(outs[-1])\ndelta = DELTA(outs[-1], y)"),
    ],
}
GENERIC_STEP_ROWS_BUGS: Bugs = {
    "updated weights": [
        ("back = delta.dot(weights[k].T)", ""),
        (
            "weights[k] = weights[k] - eta * outs[k].T.dot(delta) / len(X)",
            "weights[k] = weights[k] - eta * outs[k].T.dot(delta) / len(X)  #!",
        ),
        ("delta = back * D1(outs[k])", "delta = delta.dot(weights[k].T) * D1(outs[k])  #!"),
    ],
}

# Which bug on which network -------------------------------------------------------------------------------------------

DEEP = (3, 4, 5, 2)


def suited(bug: str, net: Net) -> Net:
    """The network, or another on which a person can make the mistake."""
    if bug in ("output slope", "error sent back") and (net.shortcut or net.out == "identity"):
        return SQUARES
    if bug == "activation twice" and net.out == "identity":
        return SQUARES
    if bug == "doubles" and net.loss in ("squared_error", "mean_squared_error"):
        return BCE
    return net


# A text, its bugs, the network, and the sizes where a review cannot see them (None: it can).
PLAN: list[tuple[Text, Bugs, Net, tuple[int, ...] | None]] = [
    (CLASS_SAMPLE, CLASS_SAMPLE_BUGS, HALF, None),
    (CLASS_ROWS, CLASS_ROWS_BUGS, CE, None),
    (CLASS_EACH, CLASS_EACH_BUGS, HALF, None),
    (LOOPS_SAMPLE, LOOPS_SAMPLE_BUGS, HALF, None),
    (LOOPS_STEP, LOOPS_STEP_BUGS, HALF, None),
    (LOOPS_BATCH, LOOPS_BATCH_BUGS, MSE, None),
    (LOOPS_BATCH_STEP, LOOPS_BATCH_STEP_BUGS, SQUARES, None),
    (LOOPS_ORDER, LOOPS_ORDER_BUGS, SQUARES, None),
    (LOOPS_EACH, LOOPS_EACH_BUGS, HALF, None),
    (GENERIC_SAMPLE, GENERIC_SAMPLE_BUGS, HALF, None),
    (GENERIC_ROWS, GENERIC_ROWS_BUGS, BCE, DEEP),
    (GENERIC_COLUMNS, GENERIC_COLUMNS_BUGS, HALF, DEEP),
    (GENERIC_STEP, GENERIC_STEP_BUGS, HALF, None),
    (GENERIC_STEP_ROWS, GENERIC_STEP_ROWS_BUGS, SOFTMAX, DEEP),
]
# Bugs that look different where there are two hidden layers.
DEEPER = ("hidden slope", "slope of out", "error sent back", "one path", "net in the weight gradient", "no bias")
UPDATES = ("error sign", "adds the gradient", "no rate", "rate twice", "keeps the hidden weights", "updated weights")
SLOPES = ("slope at net", "slope of out")


def wrong(text: Text, bugs: Bugs, net: Net, sizes: tuple[int, ...] | None) -> list[Program]:
    """Every bug of a text."""
    found = []
    for bug, edits in bugs.items():
        entry = {"backprop": "update", "gradients": "update"}.get(text.entry, "") if bug in UPDATES else ""
        if text is GENERIC_ROWS and bug in UPDATES:
            entry = "train_step"
        found.append(
            text.program(
                suited(bug, net),
                bug,
                edits,
                NAMES[bug],
                sizes=sizes,
                batch="sum" if bug == "mean for sum" else None,
                entry=entry,
                slopes=bug in SLOPES,
            )
        )
    return found


# Right programs, each written differently -----------------------------------------------------------------------------

# The texts above as they stand, on several networks.
PLAIN: list[tuple[Text, Net, tuple[int, ...] | None]] = [
    (CLASS_SAMPLE, HALF, None),
    (CLASS_SAMPLE, SQUARES, None),
    (CLASS_ROWS, CE, None),
    (CLASS_ROWS, RELU, None),
    (CLASS_EACH, HALF, None),
    (CLASS_EACH, BCE, None),
    (LOOPS_SAMPLE, HALF, None),
    (LOOPS_SAMPLE, MSE, None),
    (LOOPS_STEP, HALF, None),
    (LOOPS_STEP, BCE, None),
    (LOOPS_BATCH, MSE, None),
    (LOOPS_BATCH_STEP, SQUARES, None),
    (LOOPS_ORDER, BCE, None),
    (LOOPS_EACH, HALF, None),
    (GENERIC_SAMPLE, HALF, None),
    (GENERIC_SAMPLE, HALF, DEEP),
    (GENERIC_ROWS, BCE, DEEP),
    (GENERIC_ROWS, CE, (3, 4, 2)),
    (GENERIC_COLUMNS, HALF, DEEP),
    (GENERIC_COLUMNS, RELU, DEEP),
    (GENERIC_STEP, HALF, DEEP),
    (GENERIC_STEP_ROWS, SOFTMAX, DEEP),
]

RIGHT: list[Program] = []


def right(
    key: str,
    source: str,
    *,
    style: str = "",
    entry: str = "backward",
    on: str = "",
    net: Net = HALF,
    sizes: tuple[int, ...] | None = None,
    batch: str = "",
    **options: object,
) -> None:
    text = Text(f"right-{key}", style or key.split()[0], source, entry, on, batch)
    RIGHT.append(text.program(net, sizes=sizes, options=options))


right(
    "sample wrapper of a class",
    """\
import numpy as np


class Sigmoid:
    def forward(self, z):
        self.out = 1 / (1 + np.exp(-z))
        return self.out

    def backward(self, grad):
        return grad * self.out * (1 - self.out)


class Dense:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return self.W @ x + self.b

    def backward(self, grad):
        self.dW = np.outer(grad, self.x)
        self.db = grad
        return self.W.T @ grad


def backward(x, y, W1, b1, W2, b2):
    layers = [Dense(W1, b1), Sigmoid(), Dense(W2, b2), Sigmoid()]
    out = x
    for layer in layers:
        out = layer.forward(out)
    grad = out - y
    for layer in reversed(layers):
        grad = layer.backward(grad)
    return layers[0].dW, layers[0].db, layers[2].dW, layers[2].db
""",
)
right(
    "sample chain rule by hand",
    """\
import numpy as np

sigma = lambda z: 1 / (1 + np.exp(-z))


def backward(x, y, W1, b1, W2, b2):
    z1 = W1.dot(x) + b1
    a1 = sigma(z1)
    z2 = W2.dot(a1) + b2
    a2 = sigma(z2)

    dE_da2 = -(y - a2)
    da2_dz2 = a2 - a2**2
    dE_dz2 = dE_da2 * da2_dz2
    dE_dW2 = dE_dz2.reshape(-1, 1) * a1.reshape(1, -1)
    dE_db2 = dE_dz2 * 1
    dE_da1 = np.zeros(len(a1))
    for k in range(len(y)):
        dE_da1 += dE_dz2[k] * W2[k, :]
    dE_dz1 = dE_da1 * (a1 - a1**2)
    dE_dW1 = dE_dz1.reshape(-1, 1) * x.reshape(1, -1)
    dE_db1 = dE_dz1 * 1
    return {"W1": dE_dW1, "b1": dE_db1, "W2": dE_dW2, "b2": dE_db2}
""",
)
right(
    "sample diagonal matrices",
    """\
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backward(x, t, W1, b1, W2, b2):
    o1 = sigmoid(x @ W1 + b1)
    o2 = sigmoid(o1 @ W2 + b2)
    # Rojas: D2 and D1 hold the slopes on their diagonals
    D1 = np.diag(o1 * (1 - o1))
    D2 = np.diag(o2 * (1 - o2))
    e = o2 - t
    delta2 = D2 @ e
    delta1 = D1 @ W2 @ delta2
    return np.outer(x, delta1), delta1, np.outer(o1, delta2), delta2
""",
)
right(
    "sample column vectors inside",
    """\
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def train(x, y, W1, b1, W2, b2, lr):
    x = np.array(x, ndmin=2).T
    y = np.array(y, ndmin=2).T
    b1_col = b1.reshape(-1, 1)
    b2_col = b2.reshape(-1, 1)

    hidden = sigmoid(np.dot(W1, x) + b1_col)
    final = sigmoid(np.dot(W2, hidden) + b2_col)

    output_errors = y - final
    hidden_errors = np.dot(W2.T, output_errors * final * (1.0 - final))

    W2 = W2 + lr * np.dot(output_errors * final * (1.0 - final), np.transpose(hidden))
    W1 = W1 + lr * np.dot(hidden_errors * hidden * (1.0 - hidden), np.transpose(x))
    b2 = b2 + lr * (output_errors * final * (1.0 - final)).ravel()
    b1 = b1 + lr * (hidden_errors * hidden * (1.0 - hidden)).ravel()
    return W1, b1, W2, b2
""",
    entry="train",
)
right(
    "sample difference quotients",
    """\
import numpy as np


def loss(x, y, W1, b1, W2, b2):
    h = 1 / (1 + np.exp(-(W1 @ x + b1)))
    o = 1 / (1 + np.exp(-(W2 @ h + b2)))
    return 0.5 * np.sum((o - y) ** 2)


def numeric(x, y, W1, b1, W2, b2, h=1e-5):
    params = [W1, b1, W2, b2]
    grads = []
    for p in params:
        grad = np.zeros_like(p)
        for index in np.ndindex(p.shape):
            old = p[index]
            p[index] = old + h
            up = loss(x, y, *params)
            p[index] = old - h
            down = loss(x, y, *params)
            p[index] = old
            grad[index] = (up - down) / (2 * h)
        grads.append(grad)
    return grads
""",
    entry="numeric",
)
right(
    "sample only the loss",
    """\
import numpy as np


def loss(x, y, W1, b1, W2, b2):
    h = 1 / (1 + np.exp(-(W1 @ x + b1)))
    o = 1 / (1 + np.exp(-(W2 @ h + b2)))
    return 0.5 * np.sum((y - o) ** 2)
""",
    entry="loss",
)
right(
    "sample three layers with numbered names",
    """\
import numpy as np


def f(z):
    return 1 / (1 + np.exp(-z))


def f_prime(z):
    return np.exp(-z) / (1 + np.exp(-z)) ** 2


def grads(x, y, W1, b1, W2, b2, W3, b3):
    z1 = x @ W1 + b1
    z2 = f(z1) @ W2 + b2
    z3 = f(z2) @ W3 + b3
    d3 = f_prime(z3) * (f(z3) - y)
    d2 = f_prime(z2) * (W3 @ d3)
    d1 = f_prime(z1) * (W2 @ d2)
    return {
        "dW3": np.outer(f(z2), d3), "db3": d3,
        "dW2": np.outer(f(z1), d2), "db2": d2,
        "dW1": np.outer(x, d1), "db1": d1,
    }
""",
    entry="grads",
)
right(
    "rows names of an old tutorial",
    """\
import numpy as np


def sigmoid(z, deriv=False):
    if deriv:
        return z * (1 - z)
    return 1 / (1 + np.exp(-z))


def fit_step(X, y, syn0, bias0, syn1, bias1, alpha):
    l1 = sigmoid(np.dot(X, syn0) + bias0)
    l2 = sigmoid(np.dot(l1, syn1) + bias1)

    l2_error = y - l2
    l2_delta = l2_error * sigmoid(l2, deriv=True) / len(X)
    l1_error = l2_delta.dot(syn1.T)
    l1_delta = l1_error * sigmoid(l1, deriv=True)

    syn1_new = syn1 + alpha * l1.T.dot(l2_delta)
    syn0_new = syn0 + alpha * X.T.dot(l1_delta)
    bias1_new = bias1 + alpha * l2_delta.sum(0)
    bias0_new = bias0 + alpha * l1_delta.sum(0)
    return syn0_new, bias0_new, syn1_new, bias1_new


def train_step(X, y, W1, b1, W2, b2, lr):
    return fit_step(X, y, W1, b1, W2, b2, lr)
""",
    entry="train_step",
    batch="mean",
)
right(
    "rows softmax with log and clip",
    """\
import numpy as np


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def backward(X, Y, params):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    scores1 = X @ W1 + b1
    h = np.tanh(scores1)
    logp = log_softmax(h @ W2 + b2)
    dscores = (np.exp(logp) * Y.sum(axis=1, keepdims=True) - Y) / X.shape[0]
    grads = {}
    grads["W2"] = h.T @ dscores
    grads["b2"] = np.sum(dscores, axis=0)
    dh = dscores @ W2.T
    dh *= 1 - h**2
    grads["W1"] = X.T @ dh
    grads["b1"] = np.sum(dh, axis=0)
    return grads
""",
    net=CE,
    batch="mean",
)
right(
    "rows relu by a mask",
    """\
import numpy as np


def backward(X, y, W1, b1, W2, b2):
    N, D = X.shape
    hidden = np.maximum(0, X.dot(W1) + b1)
    scores = hidden.dot(W2) + b2
    dscores = (scores - y) / N
    dW2 = hidden.T.dot(dscores)
    db2 = np.sum(dscores, axis=0)
    dhidden = dscores.dot(W2.T)
    dhidden[hidden <= 0] = 0
    dW1 = X.T.dot(dhidden)
    db1 = np.sum(dhidden, axis=0)
    return dW1, db1, dW2, db2
""",
    net=RELU,
    batch="mean",
)
right(
    "rows shuffled together",
    """\
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backward(X, y, W1, b1, W2, b2):
    order = np.random.permutation(len(X))  # the order does not matter for a mean
    X, y = X[order], y[order]
    h = sigmoid(X @ W1 + b1)
    out = sigmoid(h @ W2 + b2)
    d2 = (out - y) * out * (1 - out) / len(X)
    d1 = d2 @ W2.T * h * (1 - h)
    return X.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0)
""",
    batch="mean",
)
right(
    "rows bias as one more weight",
    """\
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backward(X, y, W1, b1, W2, b2):
    ones = np.ones((len(X), 1))
    # put the bias under the weights and a 1 beside the inputs
    V1 = np.vstack([W1, b1])
    V2 = np.vstack([W2, b2])
    X1 = np.hstack([X, ones])
    H = sigmoid(X1 @ V1)
    H1 = np.hstack([H, ones])
    O = sigmoid(H1 @ V2)
    D2 = (O - y) * O * (1 - O)
    D1 = (D2 @ V2[:-1].T) * H * (1 - H)
    G2 = H1.T @ D2 / len(X)
    G1 = X1.T @ D1 / len(X)
    return G1[:-1], G1[-1], G2[:-1], G2[-1]
""",
    batch="mean",
)
right(
    "rows sum of the samples",
    """\
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gradient(X, y, W1, b1, W2, b2):
    A = sigmoid(X @ W1 + b1)
    B = sigmoid(A @ W2 + b2)
    delta_B = (B - y) * B * (1 - B)
    delta_A = np.matmul(delta_B, np.transpose(W2)) * A * (1 - A)
    return np.matmul(X.T, delta_A), np.sum(delta_A, 0), np.matmul(A.T, delta_B), np.sum(delta_B, 0)
""",
    entry="gradient",
    batch="sum",
)
right(
    "columns with a cache",
    """\
import numpy as np


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z)), Z


def linear_forward(A, W, b):
    return np.dot(W, A) + b, (A, W, b)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = 1 / m * np.dot(dZ, A_prev.T)
    db = 1 / m * np.sum(dZ, axis=1, keepdims=True)
    return np.dot(W.T, dZ), dW, db


def model_backward(X, Y, parameters):
    Z1, cache1 = linear_forward(X, parameters["W1"], parameters["b1"])
    A1 = np.tanh(Z1)
    Z2, cache2 = linear_forward(A1, parameters["W2"], parameters["b2"])
    A2, _ = sigmoid(Z2)
    dA2 = -(np.divide(Y, A2) - np.divide(1 - Y, 1 - A2))
    dA1, dW2, db2 = linear_backward(dA2 * A2 * (1 - A2), cache2)
    _, dW1, db1 = linear_backward(dA1 * (1 - np.power(A1, 2)), cache1)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
""",
    entry="model_backward",
    net=BCE,
    batch="mean",
)
right(
    "columns with the transpose of everything",
    """\
import numpy as np


def g(z):
    return 1 / (1 + np.exp(-z))


def update(X, Y, params, learning_rate):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    A0 = X.T
    A1 = g(A0 @ W1.T + b1.T)
    A2 = g(A1 @ W2.T + b2.T)
    D2 = (A2 - Y.T) * A2 * (1 - A2) / len(A0)
    D1 = D2 @ W2 * A1 * (1 - A1)
    return {
        "W1": W1 - learning_rate * D1.T @ A0,
        "b1": b1 - learning_rate * D1.sum(axis=0)[:, None],
        "W2": W2 - learning_rate * D2.T @ A1,
        "b2": b2 - learning_rate * D2.sum(axis=0)[:, None],
    }
""",
    entry="update",
    batch="mean",
)
right(
    "class layers that learn by themselves",
    """\
import numpy as np


class Net:
    def __init__(self):
        rng = np.random.default_rng(3)
        self.W1, self.b1 = rng.normal(size=(3, 4)), rng.normal(size=4)
        self.W2, self.b2 = rng.normal(size=(4, 2)), rng.normal(size=2)

    @staticmethod
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def _forward(self, X):
        h = self.sigmoid(X @ self.W1 + self.b1)
        return h, self.sigmoid(h @ self.W2 + self.b2)

    def gradients(self, X, y):
        h, out = self._forward(X)
        d_out = (out - y) * out * (1 - out) / len(X)
        d_h = d_out @ self.W2.T * h * (1 - h)
        return X.T @ d_h, d_h.sum(axis=0), h.T @ d_out, d_out.sum(axis=0)

    def train_step(self, X, y, lr=0.1):
        for name, gradient in zip(("W1", "b1", "W2", "b2"), self.gradients(X, y)):
            setattr(self, name, getattr(self, name) - lr * gradient)


net = Net()
""",
    entry="net.train_step",
    on="net",
    batch="mean",
)
right(
    "class that counts and keeps the losses",
    """\
import numpy as np


class TwoLayerNet:
    def __init__(self, n, h, k):
        gen = np.random.default_rng(11)
        self.W1 = gen.standard_normal((h, n))
        self.b1 = gen.standard_normal(h)
        self.W2 = gen.standard_normal((k, h))
        self.b2 = gen.standard_normal(k)
        self.losses = []
        self.steps = 0

    def train_step(self, x, y, lr):
        a1 = np.tanh(self.W1 @ x + self.b1)
        a2 = self.W2 @ a1 + self.b2
        self.losses.append(float(np.mean((a2 - y) ** 2)))
        self.steps += 1
        d2 = 2 * (a2 - y) / a2.size
        d1 = (d2 @ self.W2) * (1 - a1 * a1)
        self.W2 = self.W2 - lr * d2[:, None] @ a1[None, :]
        self.W1 = self.W1 - lr * d1[:, None] @ x[None, :]
        self.b2 = self.b2 - lr * d2
        self.b1 = self.b1 - lr * d1
        return self.losses[-1]


net = TwoLayerNet(3, 4, 2)
""",
    entry="net.train_step",
    on="net",
    net=MSE,
)
right(
    "class gradients set back to zero",
    """\
import numpy as np


class Net:
    def __init__(self):
        rng = np.random.default_rng(5)
        self.W1, self.b1 = rng.normal(size=(3, 4)), rng.normal(size=4)
        self.W2, self.b2 = rng.normal(size=(4, 2)), rng.normal(size=2)
        self.zero_grad()

    def zero_grad(self):
        self.dW1, self.db1 = np.zeros_like(self.W1), np.zeros_like(self.b1)
        self.dW2, self.db2 = np.zeros_like(self.W2), np.zeros_like(self.b2)

    def accumulate(self, x, t, weight):
        h = 1 / (1 + np.exp(-(x @ self.W1 + self.b1)))
        o = 1 / (1 + np.exp(-(h @ self.W2 + self.b2)))
        d_o = (o - t) * o * (1 - o) * weight
        d_h = self.W2 @ d_o * h * (1 - h)
        self.dW2 += np.outer(h, d_o)
        self.db2 += d_o
        self.dW1 += np.outer(x, d_h)
        self.db1 += d_h

    def train(self, X, Y, lr):
        self.zero_grad()
        for x, t in zip(X, Y):
            self.accumulate(x, t, 1 / len(X))
        self.W1 -= lr * self.dW1
        self.b1 -= lr * self.db1
        self.W2 -= lr * self.dW2
        self.b2 -= lr * self.db2


net = Net()
""",
    entry="net.train",
    on="net",
    batch="mean",
)
right(
    "loops with comprehensions only",
    """\
from math import exp


def sig(t):
    return 1 / (1 + exp(-t))


def dot(u, v):
    return sum(a * b for a, b in zip(u, v))


def backprop(x, y, W1, b1, W2, b2):
    h = [sig(dot(row, x) + bias) for row, bias in zip(W1, b1)]
    o = [sig(dot(row, h) + bias) for row, bias in zip(W2, b2)]
    d_o = [(ok - yk) * ok * (1 - ok) for ok, yk in zip(o, y)]
    d_h = [hj * (1 - hj) * dot(d_o, [row[j] for row in W2]) for j, hj in enumerate(h)]
    return [
        [[d * xi for xi in x] for d in d_h],
        d_h,
        [[d * hj for hj in h] for d in d_o],
        d_o,
    ]
""",
    entry="backprop",
)
right(
    "loops with while and counters",
    """\
import numpy as np


def f(z):
    return 1.0 / (1.0 + np.exp(-z))


def learn(x, y, W1, b1, W2, b2, rate):
    h = np.zeros(b1.shape)
    j = 0
    while j < len(h):
        h[j] = f((W1[:, j] * x).sum() + b1[j])
        j += 1
    o = np.zeros(b2.shape)
    k = 0
    while k < len(o):
        o[k] = f((W2[:, k] * h).sum() + b2[k])
        k += 1
    newW1, newb1, newW2, newb2 = W1.copy(), b1.copy(), W2.copy(), b2.copy()
    for j in range(len(h)):
        back = 0
        for k in range(len(o)):
            delta = (y[k] - o[k]) * o[k] * (1 - o[k])
            back += delta * W2[j, k]
            newW2[j, k] += rate * delta * h[j]
            if j == 0:
                newb2[k] += rate * delta
        delta_h = back * h[j] * (1 - h[j])
        newW1[:, j] += rate * delta_h * x
        newb1[j] += rate * delta_h
    return newW1, newb1, newW2, newb2
""",
    entry="learn",
)
right(
    "generic recursion over the layers",
    """\
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def descend(a, y, weights, biases):
    \"\"\"dE/da and the gradients of the layers from here on.\"\"\"
    if not weights:
        return a - y, [], []
    out = sigmoid(weights[0] @ a + biases[0])
    back, dws, dbs = descend(out, y, weights[1:], biases[1:])
    delta = back * out * (1 - out)
    return weights[0].T @ delta, [np.outer(delta, a), *dws], [delta, *dbs]


def backprop(x, y, weights, biases):
    _, dws, dbs = descend(x, y, weights, biases)
    return dws, dbs
""",
    entry="backprop",
    sizes=DEEP,
)
right(
    "generic a list of all parameters",
    """\
import numpy as np


def act(z):
    return 1 / (1 + np.exp(-z))


def backward(x, y, params):
    weights, biases = params[0::2], params[1::2]
    outs = [x]
    for W, b in zip(weights, biases):
        outs.append(act(outs[-1] @ W + b))
    grads = []
    d = (outs[-1] - y) * outs[-1] * (1 - outs[-1])
    for W, a in zip(weights[::-1], outs[-2::-1]):
        grads = [np.outer(a, d), d, *grads]
        d = W @ d * a * (1 - a)
    return grads
""",
    sizes=DEEP,
)
right(
    "generic a dict of any depth",
    """\
import numpy as np


def backward(X, Y, params):
    L = len(params) // 2
    A = {0: X}
    for l in range(1, L + 1):
        Z = params[f"W{l}"] @ A[l - 1] + params[f"b{l}"]
        A[l] = np.tanh(Z) if l < L else 1 / (1 + np.exp(-Z))
    m = X.shape[1]
    grads = {}
    dZ = A[L] - Y
    for l in range(L, 0, -1):
        grads[f"W{l}"] = dZ @ A[l - 1].T / m
        grads[f"b{l}"] = dZ.sum(axis=1, keepdims=True) / m
        if l > 1:
            dZ = params[f"W{l}"].T @ dZ * (1 - A[l - 1] ** 2)
    return grads
""",
    net=BCE,
    sizes=DEEP,
    batch="mean",
)


def programs() -> list[Program]:
    """Every bug in each of the three styles, and the right programs."""
    found = [program for plan in PLAN for program in wrong(*plan)]
    for bug in DEEPER:
        edits = GENERIC_SAMPLE_BUGS[bug]
        found.append(GENERIC_SAMPLE.program(HALF, bug, edits, NAMES[bug], sizes=DEEP, slopes=bug in SLOPES))
    found += [text.program(net, sizes=sizes) for text, net, sizes in PLAIN]
    return found + RIGHT
