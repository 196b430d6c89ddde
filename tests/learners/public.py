"""Twelve incidents that were met in public, each in two layouts, from gradients and from new weights.

The programs are written anew; only what goes wrong is that of the incident, whose source stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from learners.program import Program
from learners.templates import HALF, NAMES, QUIET, SOFTMAX, Edit, Net, Text

ROWS = Text(
    key="public-rows",
    style="rows",
    entry="backward",
    batch="mean",
    axis=", axis=1, keepdims=True",
    text="""\
import numpy as np


DEFS
def backward(x, y, W1, b1, W2, b2):
    n = len(x)
    # layer 1
    net1 = np.dot(x, W1) + b1
    out1 = F1(net1)
    # layer 2
    net2 = np.dot(out1, W2) + b2
    out2 = F2(net2)

    d2 = DELTA(out2, y)
    dW2 = np.dot(out1.T, d2) / n
    db2 = d2.sum(axis=0) / n
    back = np.dot(d2, W2.T)
    d1 = back * D1(out1)
    dW1 = np.dot(x.T, d1) / n
    db1 = d1.sum(axis=0) / n
    return dW1, db1, dW2, db2
""",
)

ROWS_STEP = ROWS.like(
    ("def backward(x, y, W1, b1, W2, b2):", "def train_step(x, y, W1, b1, W2, b2, lr):"),
    (
        "return dW1, db1, dW2, db2",
        "\nW1 -= lr * dW1\nb1 -= lr * db1\nW2 -= lr * dW2\nb2 -= lr * db2\nreturn W1, b1, W2, b2",
    ),
    key="public-rows-step",
    entry="train_step",
)

COLUMNS = Text(
    key="public-columns",
    style="columns",
    entry="backward",
    batch="mean",
    outputs="y.shape[0]",
    axis=", axis=0, keepdims=True",
    text="""\
import numpy as np


DEFS
def backward(x, y, W1, b1, W2, b2):
    m = x.shape[1]
    z1 = W1 @ x + b1
    a1 = F1(z1)
    z2 = W2 @ a1 + b2
    a2 = F2(z2)

    dz2 = DELTA(a2, y)
    dW2 = dz2 @ a1.T / m
    db2 = np.sum(dz2, axis=1, keepdims=True) / m
    da1 = W2.T @ dz2
    dz1 = da1 * D1(a1)
    dW1 = dz1 @ x.T / m
    db1 = np.sum(dz1, axis=1, keepdims=True) / m
    return [dW1, db1, dW2, db2]
""",
)

COLUMNS_STEP = COLUMNS.like(
    ("def backward(x, y, W1, b1, W2, b2):", "def update(x, y, W1, b1, W2, b2, learning_rate):"),
    (
        "return [dW1, db1, dW2, db2]",
        "\nW2 = W2 - learning_rate * dW2\nb2 = b2 - learning_rate * db2\n"
        "W1 = W1 - learning_rate * dW1\nb1 = b1 - learning_rate * db1\nreturn [W1, b1, W2, b2]",
    ),
    key="public-columns-step",
    entry="update",
)

SIGMOIDS = Net("sigmoid", "sigmoid", "binary_cross_entropy")
PAIRS = ((ROWS, ROWS_STEP), (COLUMNS, COLUMNS_STEP))
FOUND: list[Program] = []


def incident(
    bug: str,
    rows: Sequence[Edit],
    columns: Sequence[Edit],
    names: Sequence[str] = (),
    *,
    net: Net = HALF,
    batch: str = "mean",
    updates_only: bool = False,
    key: str = "",
) -> None:
    """An incident from gradients and from new weights, in both layouts."""
    for texts, edits in zip(PAIRS, (rows, columns)):
        said = [*NAMES.get(bug, ()), *names]
        chosen = texts[1:] if updates_only else texts
        FOUND.extend(text.program(net, bug, edits, said, batch=batch, key=key, slopes=True) for text in chosen)


# github.com/joelgrus/data-science-from-scratch/issues/31: W2 is stepped before the hidden deltas are made. A function
# that returns gradients can do so, too, if it steps on the way.
STEPPED_ROWS: list[Edit] = [
    ("db2 = d2.sum(axis=0) / n", "db2 = d2.sum(axis=0) / n\nW2 -= lr * dW2  #!\nb2 -= lr * db2"),
    ("back = np.dot(d2, W2.T)", "back = np.dot(d2, W2.T)  #!"),
]
STEPPED_COLUMNS: list[Edit] = [
    (
        "db2 = np.sum(dz2, axis=1, keepdims=True) / m",
        "db2 = np.sum(dz2, axis=1, keepdims=True) / m\n"
        "W2 = W2 - learning_rate * dW2  #!\nb2 = b2 - learning_rate * db2",
    ),
    ("da1 = W2.T @ dz2", "da1 = W2.T @ dz2  #!"),
]
NO_LATER_ROWS: Edit = ("W2 -= lr * dW2\nb2 -= lr * db2", QUIET)
NO_LATER_COLUMNS: Edit = ("W2 = W2 - learning_rate * dW2\nb2 = b2 - learning_rate * db2", QUIET)
incident("updated weights", [NO_LATER_ROWS, *STEPPED_ROWS], [NO_LATER_COLUMNS, *STEPPED_COLUMNS], updates_only=True)
for text, edits, rate in ((ROWS, STEPPED_ROWS, "lr"), (COLUMNS, STEPPED_COLUMNS, "learning_rate")):
    taken: Edit = ("def backward(x, y, W1, b1, W2, b2):", f"def backward(x, y, W1, b1, W2, b2, {rate}):" + QUIET)
    options = {"returns": "gradients"}
    bug = "updated weights"
    FOUND.append(text.program(HALF, bug, [taken, *edits], NAMES[bug], options=options))

# github.com/iamtrask/Grokking-Deep-Learning/issues/50: the hidden delta is d2 @ W2.T, without a slope.
incident(
    "hidden slope",
    [("back = np.dot(d2, W2.T)", QUIET), ("d1 = back * D1(out1)", "d1 = d2.dot(W2.T)")],
    [("da1 = W2.T @ dz2", QUIET), ("dz1 = da1 * D1(a1)", "dz1 = W2.T @ dz2")],
)

# github.com/liashchynskyi/skynet/pull/1: the output is f(f(net)).
incident(
    "activation twice",
    [("out2 = F2(net2)", "out2 = F2(F2(net2))")],
    [("z2 = W2 @ a1 + b2", "z2 = F2(W2 @ a1 + b2)"), ("a2 = F2(z2)", "a2 = F2(z2)#?")],
)

# github.com/kvfrans/notes/issues/5: the loss is summed, the bias gradients alone are means.
incident(
    "mean for sum in the biases",
    [
        ("n = len(x)", QUIET),
        ("np.dot(out1.T, d2) / n", "np.dot(out1.T, d2)" + QUIET),
        ("np.dot(x.T, d1) / n", "np.dot(x.T, d1)" + QUIET),
        ("d2.sum(axis=0) / n", "d2.mean(axis=0)"),
        ("d1.sum(axis=0) / n", "d1.mean(axis=0)"),
    ],
    [
        ("m = x.shape[1]", QUIET),
        ("dz2 @ a1.T / m", "dz2 @ a1.T" + QUIET),
        ("dz1 @ x.T / m", "dz1 @ x.T" + QUIET),
        ("np.sum(dz2, axis=1, keepdims=True) / m", "np.mean(dz2, axis=1, keepdims=True)"),
        ("np.sum(dz1, axis=1, keepdims=True) / m", "np.mean(dz1, axis=1, keepdims=True)"),
    ],
    NAMES["mean for sum"],
    batch="sum",
)

# github.com/rust0258/Deeplearning.ai-Natural-Language-Processing-Specialization/issues/64: db is made of the row sums
# of dW, so that the input is in it.
incident(
    "bias gradient times the input",
    [("d2.sum(axis=0) / n", "np.sum(dW2, axis=0)"), ("d1.sum(axis=0) / n", "np.sum(dW1, axis=0)")],
    [
        ("np.sum(dz2, axis=1, keepdims=True) / m", "np.sum(dW2, axis=1, keepdims=True)"),
        ("np.sum(dz1, axis=1, keepdims=True) / m", "np.sum(dW1, axis=1, keepdims=True)"),
    ],
)

# github.com/pytorch/pytorch/issues/1871: the weights are moved by plus the rate times the gradient.
incident("adds the gradient", [("-= lr", "+= lr", 4)], [(" - learning_rate", " + learning_rate", 4)], updates_only=True)

# github.com/aimacode/aima-python/issues/285: the rate is an argument that nobody uses.
incident("no rate", [("-= lr *", "-=", 4)], [(" - learning_rate *", " -", 4)], updates_only=True)

# github.com/markroxor/fromscratchtoml/issues/65: softmax with cross-entropy, a gradient that is off by 2.
incident(
    "doubles",
    [("d2 = DELTA(out2, y)", "d2 = 2 * (DELTA(out2, y))")],
    [("dz2 = DELTA(a2, y)", "dz2 = 2.0 * (DELTA(a2, y))")],
    net=SOFTMAX,
)

# github.com/SebLague/Neural-Network-Experiments/pull/5: the slope of a softmax is its diagonal alone, behind -y/out.
incident(
    "diagonal of the softmax slope",
    [("d2 = DELTA(out2, y)", "dE = ERR(out2, y)\nd2 = dE * out2 * (1 - out2)" + "  #!")],
    [("dz2 = DELTA(a2, y)", "da2 = ERR(a2, y)\ndz2 = da2 * (a2 * (1 - a2))" + "  #!")],
    ("diagonal",),
    net=SOFTMAX,
)

# github.com/rasbt/stat453-deep-learning-ss21/issues/5: db is summed over samples and classes. Behind a softmax that is
# 0, as outputs and targets both sum to 1, so that one may as well say that the bias keeps its value.
for net, names in ((SIGMOIDS, ()), (SOFTMAX, ("bias.* (0|zero)", "keeps the bias", "keeps the old"))):
    incident(
        "bias gradient summed over everything",
        [("d2.sum(axis=0) / n", "(out2 - y).sum() / n")],
        [("np.sum(dz2, axis=1, keepdims=True) / m", "(a2 - y).sum() / m")],
        names,
        net=net,
    )

# github.com/mlpack/mlpack/pull/3679: db is not summed over the batch: one sample's delta, or a table of wrong shape.
ONE_SAMPLE = ("(first|last|one) sample", "one sample('s| only)")
incident(
    "bias gradient not summed",
    [("d2.sum(axis=0) / n", "d2[0]"), ("d1.sum(axis=0) / n", "d1[0]")],
    [("np.sum(dz2, axis=1, keepdims=True) / m", "dz2"), ("np.sum(dz1, axis=1, keepdims=True) / m", "dz1")],
    ONE_SAMPLE,
)

# github.com/yizt/numpy_neural_network/issues/3: the slope is made of what comes back, in place of the net input.
COMES_BACK = ("comes? back", "slope function.*(gradient|error|back)", "slope.*of the (gradient|error)")
incident(
    "slope of what comes back",
    [("d1 = back * D1(out1)", "d1 = back * F1(1 - F1(back))")],
    [
        ("DEFS", f"DEFS\ndef sigmoid_backward(dz):{QUIET}\n    return sigmoid(1 - sigmoid(dz))\n\n"),
        ("dz1 = da1 * D1(a1)", "dz1 = sigmoid_backward(da1)"),
    ],
    COMES_BACK,
)
incident(
    "slope of what comes back",
    [("d1 = back * D1(out1)", "d1 = back * F1(back) * (1 - F1(back))")],
    [("dz1 = da1 * D1(a1)", "dz1 = da1 * P1(da1)")],
    COMES_BACK,
    key="slope of what comes back as a product",
)


def programs() -> list[Program]:
    """The incidents, and the right programs that they are made from."""
    plain = [(text, net) for text in (ROWS, ROWS_STEP, COLUMNS, COLUMNS_STEP) for net in (HALF, SOFTMAX)]
    return [*FOUND, *(text.program(net) for text, net in plain)]
