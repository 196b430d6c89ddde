"""Programs that are wrong in a way that nobody is: to give one of them a name is a false alarm."""

from __future__ import annotations

from learners.program import Program
from learners.slips import COLUMNS, COLUMNS_STEP, EACH, ROWS, ROWS_STEP, SAMPLE
from learners.templates import BCE, CE, HALF, MSE, SQUARES, Edit, Net, Text
from learners.varied import (
    CLASS_ROWS,
    CLASS_SAMPLE,
    GENERIC_ROWS,
    GENERIC_SAMPLE,
    LOOPS_BATCH,
    LOOPS_SAMPLE,
    LOOPS_STEP,
)

FOUND: list[Program] = []


def odd(text: Text, net: Net, key: str, *edits: Edit, entry: str = "") -> None:
    # Lists of parameters do not tell how many layers there are.
    sizes = (3, 4, 2) if text.style == "generic" else None
    FOUND.append(text.program(net, "", edits, key=f"odd {key}", sizes=sizes, verdict="unknown", entry=entry))


# Rows
odd(ROWS, HALF, "constant", ("dW1 = X.T @ delta1 / n", "dW1 = 1.37 * X.T @ delta1 / n"))
odd(ROWS, HALF, "sine", ("delta1 = (delta2 @ W2.T) * D1(h)", "delta1 = np.sin((delta2 @ W2.T) * D1(h) * 3)"))
odd(ROWS, CE, "square", ("delta1 = (delta2 @ W2.T) * D1(h)", "delta1 = ((delta2 @ W2.T) * D1(h)) ** 2"))
odd(ROWS, HALF, "offset", ("dW2 = h.T @ delta2 / n", "dW2 = h.T @ delta2 / n + 0.01"))
odd(ROWS, BCE, "exponential", ("* D1(h)", "* np.exp(D1(h))"))
odd(ROWS, HALF, "power", ("delta1 = (delta2 @ W2.T) * D1(h)", "delta1 = (delta2 @ W2.T) * np.sqrt(D1(h))"))
odd(ROWS, MSE, "clip", ("dW2 = h.T @ delta2 / n", "dW2 = np.clip(h.T @ delta2 / n, -0.03, 0.03)"))
odd(ROWS, HALF, "cube", ("delta2 = DELTA(out, y)", "delta2 = DELTA(out, y)\ndelta2 = delta2 + 5 * delta2**3"))
odd(ROWS, CE, "mixed layers", ("return dW1,", "dW1 = dW1 + 0.3 * np.mean(np.abs(dW2))\nreturn dW1,"))
odd(ROWS, HALF, "tanh of the delta", ("delta2 = DELTA(out, y)", "delta2 = np.tanh(9 * DELTA(out, y))"))
odd(ROWS, HALF, "seven samples", ("n = X.shape[0]", "n = X.shape[0] + 2.5"))
odd(ROWS, BCE, "odd weights", ("delta2 @ W2.T", "delta2 @ np.cos(W2).T"))
odd(ROWS, HALF, "norm", ("dW1 = X.T @ delta1 / n", "dW1 = X.T @ delta1 / np.linalg.norm(X)"))
odd(ROWS, HALF, "cyclic", ("delta1 = (delta2 @ W2.T) * D1(h)", "delta1 = np.roll((delta2 @ W2.T) * D1(h), 1, axis=0)"))
odd(
    ROWS,
    CE,
    "weighted samples",
    ("delta2 = DELTA(out, y)", "delta2 = (DELTA(out, y)) * np.linspace(0.4, 1.9, n)[:, None]"),
)
odd(ROWS, HALF, "slope of a sine", ("h = F1(X @ W1 + b1)", "h = np.sin(X @ W1 + b1)"), ("D1(h)", "np.cos(X @ W1 + b1)"))
odd(ROWS, HALF, "steep sigmoid", ("out = F2(h @ W2 + b2)", "out = F2(1.7 * (h @ W2 + b2))"))
odd(
    ROWS,
    HALF,
    "bias of a power",
    ("db1 = np.sum(delta1, axis=0) / n", "db1 = np.sum(np.abs(delta1) ** 1.5, axis=0) / n"),
)

odd(ROWS_STEP, HALF, "clipped weights", ("return W1, b1", "W1 = np.clip(W1, -0.3, 0.3)\nreturn W1, b1"))
odd(ROWS_STEP, BCE, "rate to a power", ("W2 = W2 - lr * dW2", "W2 = W2 - lr**1.6 * dW2"))
odd(ROWS_STEP, HALF, "shrunk", ("W1 = W1 - lr * dW1", "W1 = 0.97 * W1 - lr * dW1 * 1.03"))
odd(
    ROWS_STEP,
    CE,
    "sign by place",
    ("W1 = W1 - lr * dW1", "signs = np.cos(np.arange(W1.size)).reshape(W1.shape)\nW1 = W1 - lr * signs * dW1"),
)
odd(ROWS_STEP, HALF, "rounded", ("return W1, b1", "W2 = np.round(W2 * 3) / 3\nreturn W1, b1"))
odd(ROWS_STEP, MSE, "step of its own", ("b2 = b2 - lr * db2", "b2 = b2 - lr * np.sign(db2) * np.abs(db2) ** 0.4"))
odd(EACH, HALF, "fading samples", ("dW2 += np.outer(h, delta2) / n", "dW2 = 0.8 * dW2 + np.outer(h, delta2) / n"))
odd(EACH, BCE, "later samples more", ("delta2 = DELTA(out, t)", "delta2 = (DELTA(out, t)) * (1 + x[0] ** 2)"))

# Columns
odd(COLUMNS, HALF, "constant", ("np.dot(dZ2, A1.T) / m", "np.dot(dZ2, A1.T) / m * 0.83"))
odd(COLUMNS, BCE, "logarithm", ("dZ1 = dA1 * D1(A1)", "dZ1 = np.log1p(np.abs(dA1)) * D1(A1)"))
odd(COLUMNS, HALF, "offset", ("dW1 = np.dot(dZ1, X.T) / m", "dW1 = np.dot(dZ1, X.T) / m + 0.02 * W1**2"))
odd(COLUMNS, CE, "cosine", ("dA1 = np.dot(W2.T, dZ2)", "dA1 = np.dot(W2.T, np.cos(dZ2))"))
odd(COLUMNS, HALF, "products", ("dZ1 = dA1 * D1(A1)", "dZ1 = dA1 * D1(A1) * A1**3"))
odd(COLUMNS, HALF, "squared inputs", ("dW1 = np.dot(dZ1, X.T) / m", "dW1 = np.dot(dZ1, (X**2).T) / m"))
odd(
    COLUMNS,
    BCE,
    "exponential bias",
    ("db1 = np.sum(dZ1, axis=1, keepdims=True) / m", "db1 = np.exp(np.sum(dZ1, axis=1, keepdims=True)) - 1.2"),
)
odd(COLUMNS, HALF, "sorted", ("dW1 = np.dot(dZ1, X.T) / m", "dW1 = np.sort(np.dot(dZ1, X.T) / m, axis=0)"))
odd(COLUMNS, HALF, "arctangent", ("A2 = F2(Z2)", "A2 = 0.5 + np.arctan(Z2) / np.pi"))
odd(
    COLUMNS_STEP,
    HALF,
    "averaged weights",
    ('params["W1"] - learning_rate * dW1', '0.5 * (params["W1"] + params["W1"].mean()) - learning_rate * dW1'),
)
odd(
    COLUMNS_STEP,
    BCE,
    "step as a fraction",
    ('params["W2"] - learning_rate * dW2', 'params["W2"] - learning_rate * dW2 / (1 + np.abs(dW2) * 40)'),
)
odd(
    COLUMNS_STEP,
    HALF,
    "normalized weights",
    ("return params", 'params["W2"] = params["W2"] / np.linalg.norm(params["W2"])\nreturn params'),
)

# One sample
odd(
    SAMPLE,
    HALF,
    "geometric mean",
    ("delta_h = (W2.T @ delta_o) * D1(h)", "delta_h = np.sqrt(np.abs((W2.T @ delta_o) * D1(h)))"),
)
odd(SAMPLE, SQUARES, "constant", ("dW1 = np.outer(delta_h, x)", "dW1 = np.outer(delta_h, x) * 2.71"))
odd(SAMPLE, HALF, "three neurons' deltas", ("dW2 = np.outer(delta_o, h)", "dW2 = np.outer(delta_o, np.cumsum(h))"))
odd(SAMPLE, MSE, "distance", ("delta_o = DELTA(o, t)", "delta_o = (DELTA(o, t)) * np.sqrt(np.sum((o - t) ** 2))"))
odd(
    SAMPLE,
    HALF,
    "golden step",
    ("W1 - eta * dW1", "W1 - eta * 1.618 * dW1"),
    ("b2 - eta * db2", "b2 - eta * 0.618 * db2"),
)
odd(
    SAMPLE,
    HALF,
    "periodic weights",
    ("W2 - eta * dW2,", "np.sin(W2 - eta * dW2),"),
)
odd(
    SAMPLE,
    HALF,
    "half of the inputs",
    ("h = F1(W1 @ x + b1)", "x = np.where(np.arange(len(x)) % 2, x, 0.7 * x)\nh = F1(W1 @ x + b1)"),
)

# An object
odd(CLASS_SAMPLE, HALF, "constant", ("dW2 = np.outer(delta2, self.a1)", "dW2 = np.outer(delta2, self.a1) * 1.21"))
odd(
    CLASS_SAMPLE,
    HALF,
    "clip",
    ("self.b1 -= self.lr * db1", "self.b1 -= self.lr * db1\nself.W1 = np.clip(self.W1, -0.3, 0.3)"),
)
odd(CLASS_SAMPLE, SQUARES, "slope to a power", ("* P1(self.z1)", "* P1(self.z1) ** 1.4"))
odd(CLASS_SAMPLE, HALF, "mixed", ("delta1 = (self.W2.T @ delta2)", "delta1 = (self.W2.T @ delta2 + 0.1 * self.a1)"))
odd(CLASS_ROWS, CE, "temperature", ("self.a2 = F2(self.z2)", "self.a2 = F2(self.z2 / 1.3)"))
odd(CLASS_ROWS, HALF, "median", ("np.sum(dz2, axis=0) / n", "np.median(dz2, axis=0)"))
odd(CLASS_ROWS, HALF, "maximum", ("np.sum(dz1, axis=0) / n", "np.max(dz1, axis=0) - np.min(dz1, axis=0)"))
odd(CLASS_ROWS, CE, "harmonic", ("np.dot(X.T, dz1) / n", "np.dot(X.T, dz1) / (n + np.sum(X**2))"))
odd(
    CLASS_ROWS,
    HALF,
    "noise that is none",
    (
        "dz1 = np.dot(dz2, self.W2.T) * D1(self.a1)",
        "dz1 = np.dot(dz2, self.W2.T) * D1(self.a1)\n"
        "dz1 = dz1 * (1 + 0.4 * np.sin(37 * np.arange(dz1.size))).reshape(dz1.shape)",
    ),
)

# Loops
odd(
    LOOPS_SAMPLE,
    HALF,
    "index as a factor",
    ("delta_h[j] = error * D1(h[j])", "delta_h[j] = error * D1(h[j]) * (j + 1.5)"),
)
odd(LOOPS_SAMPLE, MSE, "cube", ("delta_o[k] = DELTA(o[k], y[k])", "delta_o[k] = (o[k] - y[k]) ** 3"))
odd(LOOPS_SAMPLE, HALF, "sine", ("dW2[k][j] = delta_o[k] * h[j]", "dW2[k][j] = delta_o[k] * math.sin(h[j] * 2)"))
odd(
    LOOPS_STEP,
    HALF,
    "smaller and smaller",
    ("W1[j][i] -= lr * d_hidden[j] * inputs[i]", "W1[j][i] -= lr * d_hidden[j] * inputs[i] / (i + j + 1.3)"),
)
odd(
    LOOPS_STEP,
    BCE,
    "pull to 0.1",
    ("W2[k][j] -= lr * d_out[k] * hidden[j]", "W2[k][j] -= lr * (d_out[k] * hidden[j] + W2[k][j] - 0.1)"),
)
odd(LOOPS_BATCH, HALF, "fading", ("db2[k] += d2[k]", "db2[k] = 0.6 * db2[k] + d2[k]"))
odd(LOOPS_BATCH, MSE, "product of two", ("d1[j] += d2[k] * W2[j, k]", "d1[j] += d2[k] * W2[j, k] * abs(W2[j, k])"))

# Any number of layers
odd(
    GENERIC_SAMPLE,
    HALF,
    "constant",
    ("nabla_w[-l] = np.outer(delta, activations[-l - 1])", "nabla_w[-l] = np.outer(delta, activations[-l - 1]) * 0.59"),
)
odd(
    GENERIC_SAMPLE,
    HALF,
    "reversed",
    ("np.dot(weights[-l + 1].T, delta) * sp", "(np.dot(weights[-l + 1].T, delta) * sp)[::-1] + 0.004"),
)
odd(GENERIC_SAMPLE, HALF, "logistic", ("sp = P1(zs[-l])", "sp = P1(1.9 * zs[-l] - 0.3)"))
odd(
    GENERIC_SAMPLE,
    HALF,
    "by the layer",
    ("w - eta * nw for w, nw", "w - eta * nw / (1 + nw**2 * 300) for w, nw"),
    entry="update",
)
odd(
    GENERIC_ROWS,
    BCE,
    "depth as a power",
    ("delta = delta * D1(activations[i])", "delta = delta * np.abs(D1(activations[i])) ** (i + 0.6)"),
)
odd(GENERIC_ROWS, CE, "trimmed", ("delta.sum(axis=0) / m", "np.sort(delta, axis=0)[1:].sum(axis=0) / m"))
odd(
    GENERIC_ROWS,
    HALF,
    "hyperbola",
    ("delta = delta @ weights[i].T", "delta = delta @ (weights[i] / (1 + np.abs(weights[i]))).T"),
)


def programs() -> list[Program]:
    """All of them; what they do has no name."""
    return list(FOUND)
