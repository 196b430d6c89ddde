"""Programs that break, never end, or behave badly; and some that look like it and are right.

A learner's program may do anything: it is answered with the line and a sentence, in bounded time, and whoever asked
goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from learners.program import Program
from learners.slips import COLUMNS, COLUMNS_STEP, ROWS, ROWS_STEP, SAMPLE, TOTALS
from learners.templates import HALF, MARK, QUIET, Edit, Text
from learners.varied import CLASS_ROWS, CLASS_SAMPLE, GENERIC_ROWS, GENERIC_SAMPLE, LOOPS_SAMPLE

FOUND: list[Program] = []

PLAIN = Text(
    key="sample-plain",
    style="sample",
    entry="backward",
    text="""\
import numpy as np


DEFS
def backward(x, y, W1, b1, W2, b2):
    z1 = W1 @ x + b1
    a1 = F1(z1)
    z2 = W2 @ a1 + b2
    a2 = F2(z2)
    d2 = DELTA(a2, y)
    d1 = (W2.T @ d2) * D1(a1)
    dW2 = np.outer(d2, a1)
    dW1 = np.outer(d1, x)
    return [dW1, d1, dW2, d2]
""",
)


def broken(
    text: Text, key: str, *edits: Edit, entry: str = "", sizes: Sequence[int] | None = None, **more: Any
) -> None:
    """A program that gives no answer; the changed lines are those where it stops."""
    FOUND.append(
        text.program(more.pop("net", HALF), "", edits, key=key, verdict="error", entry=entry, sizes=sizes, **more)
    )


def sound(text: Text, key: str, *edits: Edit, entry: str = "") -> None:
    """A program that is right, whatever else it does."""
    FOUND.append(text.program(HALF, "", edits, key=key, entry=entry))


# Exceptions of every usual kind ---------------------------------------------------------------------------------------

broken(PLAIN, "misspelt function", ("a2 = F2(z2)", "a2 = sigmod(z2)"))
broken(ROWS, "misspelt variable", ("dW1 = X.T @ delta1 / n", "dW1 = X.T @ delta_1 / n"))
broken(COLUMNS, "misspelt attribute", ("np.dot(dZ1, X.T)", "np.dot(dZ1, X.t)"))
broken(CLASS_ROWS, "attribute that was never set", ("np.dot(X.T, dz1) / n", "np.dot(self.X.T, dz1) / n"))
broken(ROWS, "shapes in matmul", ("dW2 = h.T @ delta2 / n", "dW2 = h @ delta2 / n"))
broken(ROWS, "weights not transposed", ("delta2 @ W2.T", "delta2 @ W2"))
broken(PLAIN, "shapes in a product", ("d1 = (W2.T @ d2) * D1(a1)", "d1 = (W2.T @ d2) * (x * (1 - x))"))
broken(COLUMNS, "missing key", ('W2, b2 = params["W2"], params["b2"]', 'W2, b2 = params["W2"], params["c2"]'))
broken(COLUMNS, "key of the gradients", ('grads["d" + key]', "grads[key]"), entry="update")
broken(SAMPLE, "unpacks too few", ("W1, b1, W2, b2 = params", "W1, W2 = params"))
broken(
    LOOPS_SAMPLE,
    "index out of range",
    ("for j in range(n_hidden):\nerror = 0.0", "for j in range(n_hidden + 1):\n    error = 0.0" + QUIET),
    ("delta_h[j] = error * D1(h[j])", "delta_h[j] = error * D1(h[j])#!"),
    ("error += W2[k][j] * delta_o[k]", "error += W2[k][j] * delta_o[k]#!"),
)
broken(PLAIN, "number as a function", ("d1 = (W2.T @ d2) * D1(a1)", "d1 = (W2.T @ d2) * a1(1 - a1)"))
broken(PLAIN, "text and number", ("z1 = W1 @ x + b1", "z1 = W1 @ x + 'b1'"))
broken(
    TOTALS,
    "used before it is there",
    ('total = {"W1": np.zeros(W1.shape), "b1": np.zeros(b1.shape)}', QUIET),
    ('total |= {"W2": np.zeros(W2.shape), "b2": np.zeros(b2.shape)}', QUIET),
    ('total["W2"] += np.outer(h, delta2) / n', 'dW2 += np.outer(h, delta2) / n\ntotal["W2"] = dW2' + QUIET),
)
broken(
    GENERIC_SAMPLE,
    "list of nothing",
    ("nabla_w = [np.zeros(w.shape) for w in weights]", "nabla_w = []" + QUIET),
    ("nabla_w[-1] = np.outer(delta, activations[-2])", "nabla_w[-1] = np.outer(delta, activations[-2])#!"),
)
broken(PLAIN, "division by zero", ("d2 = DELTA(a2, y)", "d2 = DELTA(a2, y) * (1 / (len(y) - len(b2)))"))
broken(
    ROWS,
    "own check fails",
    ("n = X.shape[0]", 'assert X.shape == (100, 7), "wrong number of features"\nn = X.shape[0]'),
)
broken(ROWS, "not written yet", ("# backward pass", 'raise NotImplementedError("TODO: backward pass")'))
broken(PLAIN, "no such file", ("z1 = W1 @ x + b1", 'W1 = np.loadtxt("weights_hidden.csv")\nz1 = W1 @ x + b1'))
broken(PLAIN, "no such module", ("z1 = W1 @ x + b1", "from my_layers import Dense\nz1 = W1 @ x + b1"))
broken(
    ROWS,
    "integers do not take floats",
    ("dW2 = h.T @ delta2 / n", "dW2 = np.zeros(W2.shape, dtype=int)" + QUIET + "\ndW2 += h.T @ delta2 / n" + MARK),
)
FOUND[-1] = replace(FOUND[-1], verdict="misconception", bug="integers", names=("integer", "whole number"))
broken(
    PLAIN,
    "changes a tuple",
    (
        "return [dW1, d1, dW2, d2]",
        "grads = (dW1, d1, dW2, d2)" + QUIET + "\ngrads[1] = d1.copy()" + MARK + "\nreturn grads",
    ),
)
broken(
    PLAIN,
    "recursion without end",
    (
        "def backward(x, y, W1, b1, W2, b2):",
        "def layer(a, W, b):\n    return sigmoid(layer(a, W, b) @ W + b)"
        + MARK
        + "\n\n\ndef backward(x, y, W1, b1, W2, b2):",
    ),
    ("a1 = F1(z1)", "a1 = layer(x, W1, b1)" + MARK),
)
broken(
    ROWS,
    "broadcast and then a product",
    ("delta2 = DELTA(out, y)", "delta2 = DELTA(out, y.ravel())" + MARK),
    ("delta1 = (delta2 @ W2.T) * D1(h)", "delta1 = (delta2 @ W2.T) * D1(h)" + MARK),
    sizes=(3, 4, 1),
)
broken(
    CLASS_ROWS,
    "biases grow in place",
    ("np.sum(dz1, axis=0) / n", "dz1 / n" + MARK),
    ("self.b1 -= lr * self.db1", "self.b1 -= lr * self.db1" + MARK),
)
broken(
    CLASS_SAMPLE,
    "method without self",
    ("def forward(self, x):", "def forward(x):"),
    ("self.forward(x)", "self.forward(x)" + MARK),
)
broken(
    COLUMNS_STEP,
    "dict changed while it is read",
    ("return params", 'for name in params:\n    params["old_" + name] = params[name]\nreturn params'),
)

# What comes back ------------------------------------------------------------------------------------------------------

broken(PLAIN, "returns nothing", ("return [dW1, d1, dW2, d2]", "grads = [dW1, d1, dW2, d2]"))
broken(ROWS, "prints in place of returning", ("return dW1, db1, dW2, db2", "print(dW1, db1, dW2, db2)"))
broken(PLAIN, "returns a text", ("return [dW1, d1, dW2, d2]", 'return f"dW1 = {dW1}, dW2 = {dW2}"'))
broken(ROWS, "returns too few", ("return dW1, db1, dW2, db2", "return dW1, dW2, db2"))
broken(ROWS, "flat gradients", ("return dW1, db1, dW2, db2", "return dW1.ravel(), db1, dW2.ravel(), db2"))
broken(ROWS, "a table for each sample", ("dW1 = X.T @ delta1 / n", "dW1 = X[:, :, None] * delta1[:, None, :]"))
FOUND[-1] = replace(FOUND[-1], verdict="misconception", bug="weights not summed", names=("not sum .*samples",))
broken(
    ROWS,
    "weights with a row too many",
    ("dW2 = h.T @ delta2 / n", "dW2 = np.vstack([h.T @ delta2, delta2.sum(axis=0)]) / n"),
)
broken(PLAIN, "returns a function", ("return [dW1, d1, dW2, d2]", "return lambda: [dW1, d1, dW2, d2]"))
broken(
    PLAIN,
    "yields one after the other",
    ("return [dW1, d1, dW2, d2]", "for gradient in (dW1, d1, dW2, d2):\n    yield gradient"),
)
broken(PLAIN, "nan from a root", ("a1 = F1(z1)", "a1 = np.sqrt(-1 - z1**2)"))
broken(ROWS, "nan from a logarithm", ("delta2 = DELTA(out, y)", "delta2 = np.log(out - 2) * (out - y)"))
broken(ROWS, "overflow", ("h = F1(X @ W1 + b1)", "e = np.exp(10000 * np.abs(X @ W1 + b1))\nh = e / (1 + e)"))
broken(COLUMNS, "nothing by nothing", ("A2 = F2(Z2)", "A2 = F2(Z2)\nA2 = (A2 - A2) / (A2 - A2)"))
broken(
    PLAIN,
    "infinite gradients",
    ("dW1 = np.outer(d1, x)", "dW1 = np.outer(d1, x) / (x - x)"),
)

# Without an end -------------------------------------------------------------------------------------------------------

broken(
    PLAIN,
    "endless loop",
    ("d2 = DELTA(a2, y)", "while np.abs(a2).sum() > 0:\n    a2 = F2(z2)\nd2 = DELTA(a2, y)" + QUIET),
)
broken(
    ROWS_STEP,
    "trains until it is perfect",
    ("# update", "while np.mean((out - y) ** 2) != 0:\n    out = F2(F1(X @ W1 + b1) @ W2 + b2)"),
)
broken(LOOPS_SAMPLE, "forgets to count", ("# deltas", "k = 0" + QUIET + "\nwhile k < n_out:\n    o[k] = F2(net_o[k])"))
broken(
    PLAIN,
    "very slow loop",
    ("d2 = DELTA(a2, y)", "for epoch in range(100_000_000):\n    error = a2 - y\nd2 = DELTA(a2, y)" + QUIET),
)
broken(
    PLAIN,
    "waits",
    ("import numpy as np", f"import time{QUIET}\n\nimport numpy as np"),
    ("d2 = DELTA(a2, y)", "for epoch in range(10_000):\n    time.sleep(0.2)  # to watch it\nd2 = DELTA(a2, y)" + QUIET),
)
broken(ROWS, "prints without end", ("# backward pass", 'while True:\n    print("loss", np.mean((out - y) ** 2))'))

# Bad behaviour --------------------------------------------------------------------------------------------------------

broken(ROWS_STEP, "asks", ("# update", 'lr = float(input("learning rate? "))'))
broken(
    ROWS_STEP,
    "asks until it gets an answer",
    (
        "# update",
        "while True:\n"
        "    try:\n"
        '        lr = float(input("learning rate? "))\n'
        "        break\n"
        "    except:\n"
        '        print("a number, please")',
    ),
)
broken(
    PLAIN,
    "leaves",
    ("import numpy as np", f"import sys{QUIET}\n\nimport numpy as np"),
    ("return [dW1, d1, dW2, d2]", "sys.exit(0)"),
)
broken(PLAIN, "quits", ("return [dW1, d1, dW2, d2]", 'print("done")' + QUIET + "\nraise SystemExit"))
broken(PLAIN, "interrupts", ("d2 = DELTA(a2, y)", 'raise KeyboardInterrupt("stopped by hand")'))
broken(
    PLAIN,
    "exception of its own",
    ("DEFS", "DEFS\nclass Stop(BaseException):\n    pass\n\n"),
    ("d2 = DELTA(a2, y)", 'raise Stop("no need to go on")' + MARK),
)

# What cannot be called or seen ----------------------------------------------------------------------------------------

broken(PLAIN, "builtin", entry="max")
broken(PLAIN, "builtin of numpy", entry="np.add")
broken(
    PLAIN,
    "a number in place of a function",
    ("import numpy as np", "import numpy as np\n\nlearning_rate = 0.5" + QUIET),
    entry="learning_rate",
)
broken(
    PLAIN,
    "too few arguments",
    ("def backward(x, y, W1, b1, W2, b2):", "W1, b1, W2, b2 = None, None, None, None\n\n\ndef backward(x, y):" + MARK),
    ("z1 = W1 @ x + b1", "z1 = W1 @ x + b1#!"),
)
broken(
    PLAIN,
    "no arguments",
    ("def backward(x, y, W1, b1, W2, b2):", "def backward():" + MARK),
    ("z1 = W1 @ x + b1", "z1 = W1 @ x + b1#!"),
)
broken(
    PLAIN,
    "too many arguments",
    ("def backward(x, y, W1, b1, W2, b2):", "def backward(x, y, W1, b1, W2, b2, hidden_size, verbose, path):" + MARK),
)
broken(
    CLASS_SAMPLE,
    "object with other names",
    *[(f"self.{old}", f"self.{new}{QUIET}", often) for old, new, often in (("W1", "hidden", 3), ("W2", "output", 4))],
)

# Right, whatever else they do -----------------------------------------------------------------------------------------

sound(
    PLAIN,
    "prints a lot",
    ("d2 = DELTA(a2, y)", 'for i in range(3000):\n    print("epoch", i, "output", a2)\nd2 = DELTA(a2, y)'),
)
sound(
    PLAIN,
    "writes and warns",
    ("import numpy as np", "import sys\nimport warnings\n\nimport numpy as np"),
    ("d2 = DELTA(a2, y)", 'sys.stderr.write("backward\\n")\nwarnings.warn("be careful")\nd2 = DELTA(a2, y)'),
)
sound(PLAIN, "transposed", ("return [dW1, d1, dW2, d2]", "return [dW1.T, d1, dW2.T, d2]"))
sound(ROWS, "transposed", ("return dW1, db1, dW2, db2", 'return {"W1": dW1.T, "b1": db1, "W2": dW2.T, "b2": db2}'))
sound(
    PLAIN,
    "changes its arguments",
    ("d2 = DELTA(a2, y)", "y -= a2\ny *= -1\nd2 = y * D2(a2)"),
    ("return [", "x.fill(0)\nreturn ["),
)
sound(
    ROWS_STEP,
    "changes its parameters in place",
    (
        "W1 = W1 - lr * dW1\nb1 = b1 - lr * db1\nW2 = W2 - lr * dW2\nb2 = b2 - lr * db2",
        "W1 -= lr * dW1\nb1 -= lr * db1\nW2 -= lr * dW2\nb2 -= lr * db2",
    ),
)
sound(
    COLUMNS,
    "empties the dict",
    ('W1, b1 = params["W1"], params["b1"]', 'W1, b1 = params.pop("W1"), params.pop("b1")'),
    ('W2, b2 = params["W2"], params["b2"]', 'W2, b2 = params.pop("W2"), params.pop("b2")'),
)
sound(
    GENERIC_ROWS,
    "empties the lists",
    (
        "return nabla_w, nabla_b",
        "weights.clear()\nbiases.clear()\nreturn nabla_w, nabla_b",
    ),
)
sound(PLAIN, "recovers", ("d2 = DELTA(a2, y)", "try:\n    d2 = a2 @ y @ W1\nexcept ValueError:\n    d2 = DELTA(a2, y)"))
CALLED = Text(
    key="sample-called",
    style="sample",
    entry="step",
    text="""\
import numpy as np


DEFS
def compute(x, y, W1, b1, W2, b2, f):
    h = f(x @ W1 + b1)
    o = f(h @ W2 + b2)
    d_o = (o - y) * D2(o)
    d_h = W2 @ d_o * D1(h)
    return np.outer(x, d_h), d_h, np.outer(h, d_o), d_o


def step(x, y, W1, b1, W2, b2):
    return compute(x, y, W1, b1, W2, b2, sigmoid)


assert sigmoid(0) == 0.5
""",
)
STEP, BODY = "def step(x, y, W1, b1, W2, b2):", "return compute(x, y, W1, b1, W2, b2, sigmoid)"
WHOLE = f"{STEP}\n{BODY}"

sound(CALLED, "partial", (WHOLE, "from functools import partial\n\nstep = partial(compute, f=sigmoid)"))
sound(CALLED, "lambda", (WHOLE, "step = lambda x, y, W1, b1, W2, b2: compute(x, y, W1, b1, W2, b2, sigmoid)"))
sound(
    CALLED,
    "decorated",
    (
        WHOLE,
        f"""\
from functools import wraps


def logged(function):
    @wraps(function)
    def inner(*args):
        print(function.__name__)
        return function(*args)

    return inner


@logged
{STEP}
    {BODY}""",
    ),
)
sound(CALLED, "without source", (WHOLE, f'exec("{STEP} {BODY}")'))
sound(
    CALLED, "static method", (WHOLE, f"class Tools:\n    @staticmethod\n    {STEP}\n        {BODY}"), entry="Tools.step"
)
sound(
    CALLED,
    "other names",
    (STEP, "def step(sample, label, first, offset, second, shift):"),
    (BODY, "return compute(sample, label, first, offset, second, shift, sigmoid)"),
)
sound(
    CALLED,
    "single letters",
    (STEP, "def step(a, b, c, d, e, f):"),
    (BODY, "return compute(a, b, c, d, e, f, sigmoid)"),
)
sound(
    CALLED,
    "defaults",
    (STEP, "def step(x, y, W1, b1, W2, b2, verbose=False, f=sigmoid):"),
    (BODY, "return compute(x, y, W1, b1, W2, b2, f)"),
)
sound(
    PLAIN,
    "only outputs",
    ("def backward(x, y, W1, b1, W2, b2):", "def predict(x, y, W1, b1, W2, b2):"),
    ("d2 = DELTA(a2, y)\nd1 = (W2.T @ d2) * D1(a1)\ndW2 = np.outer(d2, a1)\ndW1 = np.outer(d1, x)", QUIET),
    ("return [dW1, d1, dW2, d2]", "return a2"),
    entry="predict",
)


def programs() -> list[Program]:
    """All of them, those without an answer and those that are right."""
    return list(FOUND)
