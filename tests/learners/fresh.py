"""Programs written out one by one, as different people write them, apart from the other modules of this folder."""

from __future__ import annotations

import re
from typing import Any

import bpkit as bp
from learners.program import Program

FOUND: list[Program] = []
FIXED: dict[str, str] = {}  # the same programs without their bug

# Comments at the end of a line, ``#@``, mark where the bug is. The line ``#= text`` is what a right program has in
# place of the line above it, ``#+ text`` what it has after it; ``#-`` says that it lacks the line above.
MARK = re.compile(r"[ ]*#@$")
RIGHT = re.compile(r"^( *)#([=+-]) ?(.*)$")


def _texts(raw: str) -> tuple[str, tuple[int, ...], str]:
    """The program, the lines that are marked in it, and the program without the bug."""
    text = raw.strip("\n")
    if "import" not in text:
        text = "import numpy as np\n\n\n" + text
    program: list[str] = []
    fixed: list[str] = []
    lines: list[int] = []
    for line in text.split("\n"):
        if found := RIGHT.match(line):
            if found[2] in "=-":
                fixed.pop()
            if found[2] in "=+":
                fixed.append(found[1] + found[3])
            continue
        bare = MARK.sub("", line)
        program.append(bare)
        fixed.append(bare)
        if bare != line:
            lines.append(len(program))
    return "\n".join(program) + "\n", tuple(lines), "\n".join(fixed) + "\n"


def wrong(key: str, style: str, bug: str, names: str | tuple[str, ...], raw: str, **more: Any) -> None:
    """A program with one bug that people have."""
    source, lines, FIXED[f"fresh {key}"] = _texts(raw)
    names = (names,) if isinstance(names, str) else names
    _add(Program(f"fresh {key}", style, bug, source, names=names, lines=lines, **_arguments(more)))


def right(key: str, style: str, raw: str, **more: Any) -> None:
    """A program with nothing wrong."""
    _add(Program(f"fresh right {key}", style, "", _texts(raw)[0], verdict="correct", **_arguments(more)))


def odd(key: str, style: str, raw: str, **more: Any) -> None:
    """A program that is wrong in a way that nobody is."""
    source, _, FIXED[f"fresh odd {key}"] = _texts(raw)
    _add(Program(f"fresh odd {key}", style, "", source, verdict="unknown", **_arguments(more)))


def _arguments(more: dict[str, Any]) -> dict[str, Any]:
    own = {key: more.pop(key) for key in ("entry", "on") if key in more}
    return {**own, "options": more}


def _add(program: Program) -> None:
    FOUND.append(program)


def programs() -> list[Program]:
    """All of them."""
    return list(FOUND)


def _net(*sizes: int, act: Any = "sigmoid", loss: str = "half_squared_error") -> bp.Network:
    return bp.Network(*sizes, activation=act, loss=loss, bias="neuron")


HALF = _net(3, 4, 2)
DEEP = _net(3, 5, 4, 2)
DEEP_TANH = _net(3, 5, 4, 2, act=["tanh", "tanh", "sigmoid"])
TANH = _net(3, 4, 2, act=["tanh", "sigmoid"])
RELU = _net(3, 4, 2, act=["relu", "sigmoid"])
BCE = _net(3, 4, 1, act=["tanh", "sigmoid"], loss="binary_cross_entropy")
BCE_RELU = _net(3, 4, 1, act=["relu", "sigmoid"], loss="binary_cross_entropy")
BCE_ONE = _net(3, 1, loss="binary_cross_entropy")
SOFTMAX = _net(3, 4, 3, act=["tanh", "softmax"], loss="cross_entropy")
SOFTMAX_RELU = _net(4, 5, 3, act=["relu", "softmax"], loss="cross_entropy")
MSE = _net(3, 4, 2, act=["tanh", "identity"], loss="mean_squared_error")
MSE_RELU = _net(3, 4, 1, act=["relu", "identity"], loss="mean_squared_error")
SQUARES = _net(3, 4, 2, loss="squared_error")

LEFT_OUT = r"(forget|leav|left out|without|omit|miss|lack|skip|drop|no )"
UPDATED = (r"updated weight", r"already (updated|changed)", r"new weight", r"updated .*(before|too early)")
HIDDEN_SLOPE = (LEFT_OUT + r".*(hidden|tanh|relu).*(slope|derivative)", LEFT_OUT + r".*(slope|derivative).*hidden")
OUTPUT_SLOPE = (LEFT_OUT + r".*output.*(slope|derivative)", LEFT_OUT + r".*(slope|derivative).*output")
AT_NET = (r"slope.*\bnet\b", r"\bnet\b.*slope", r"(slope|derivative) (at|of) (the )?net")
TWICE_ACTIVATED = (
    r"slope.*(activated|already|out\b|output)",
    r"(sigmoid|activation).*(twice|again)",
    r"derivative.*(activated|already)",
)
SIGN = (r"\bsign\b", r"adds? the gradient", r"wrong way|opposite")
RATE = (LEFT_OUT + r".*(learning )?rate",)
RATE_TWICE = (r"rate.*(twice|two times|squared|again)", r"(twice|squar).*rate")
DOUBLED = (r"doubl|twice the gradient|factor (of )?2|times 2|forgets the ½",)
HALVED = (r"halv|half the gradient|½|factor 1/2|times ½",)
SUM_FOR_MEAN = (r"sum.*(mean|averag|divid)", r"(mean|averag|divid).*sum", LEFT_OUT + r".*(divi|mean|averag)")
MEAN_FOR_SUM = SUM_FOR_MEAN
N_TWICE = (r"divid.*(twice|two times|again)", r"(twice|squared?).*(number of samples|n\b)", r"mean of (a|the) mean")
BIAS_NOT_SUMMED = (
    r"bias.*not (been )?(summ|added)",
    r"bias.*" + LEFT_OUT + r".*sum",
    r"bias.*(one sample|each sample)",
)
BIAS_AXIS = (r"bias.*(axis|over the neurons|wrong way)", r"(axis|over the (wrong|neurons)).*bias", r"wrong axis")
BIAS_ALL = (
    r"bias.*(whole layer|all (the )?neurons|everything|over all|layer)",
    r"(whole|all|everything|layer).*bias",
    r"over the neurons",
)
BIAS_INPUT = (r"bias.*(input|factor)", r"(input|factor).*bias")
BIAS_OUT = (LEFT_OUT + r".*bias", r"bias.*" + LEFT_OUT)
NO_ACTIVATION = (
    LEFT_OUT + r".*(activation|sigmoid|tanh|relu|softmax)",
    r"pass\w* (on )?net",
    r"(activation|sigmoid|tanh).*" + LEFT_OUT,
)
ACTIVATION_TWICE = (r"(activation|sigmoid|tanh|softmax).*twice", r"twice.*(activation|sigmoid|tanh|softmax)")
ERROR_BACK = (r"error.*(in place of|instead of|for the|without).*(delta|slope)", r"sends? the (plain |raw )?error back")
ERROR_BACK += (r"(send|pass|carr)\w* .*(error|loss's slope|derivative).*back", LEFT_OUT + r".*output.*slope")
ONE_PATH = (r"(one|single|only|first|last) (path|output|way)", r"paths?\b")
INPUT_FACTOR = (LEFT_OUT + r".*(input|factor|what (feeds|came|comes) in|out of)",)
NET_FOR_OUT = (
    r"\bnet\b.*(in place|instead|for|where|not).*(out|activ)",
    r"\bnet\b.*(factor|gradient)",
    r"passes net on",
)
RESHAPE = (r"reshap", r"transpos")
DOT = (r"dot product|matrix product|elementwise|element by element|inner product|one number for",)
INTEGER = (r"integer|whole number|int\b|dtype|decimals? (are )?cut|truncat",)
COPY = (
    r"copy|copies",
    r"keeps? the old",
    r"original",
    r"(not|un)\s?(updated|changed)",
    r"nothing (is|was) (updated|changed)",
)
ACCUMULATE = (
    r"accumul|add(s|ed)? up|set back|back to (zero|0)|earlier (update|step|gradient)",
    r"reset|previous call|last call|earlier call|remember|call(ed)? (again|twice)",
)
LAST_SAMPLE = (r"last sample|only (the )?(last|one) (sample|row)|one sample",)
RANDOM = (r"random",)
HALF_ENTROPY = (
    r"half of (the )?.*(cross|entropy)",
    r"second (half|term|part)",
    r"(1 - y|one of the two).*",
    LEFT_OUT + r".*(half|term|1 [-−] )",
)
DIAGONAL = (r"diagonal", r"softmax.*slope", r"other outputs")
BROADCAST = r"\(n, ?1\)|\(n,\)|broadcast|each output (meets|against) each|every target|\bshape"
KEPT = (
    r"keeps?.*(old|hidden|W1|first|weight)",
    r"hidden.*(kept|not updated|never|unchanged|stay)",
    r"not updat|never updat",
)

SIGMOID = """import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


"""
SLOPE = """import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def sigmoid_derivative(x):
    return sigmoid(x) * (1 - sigmoid(x))


"""
ON_OUT = """import numpy as np

def nonlin(x, deriv=False):
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))

"""
PLAIN = """from math import exp

def s(v):
    return 1.0 / (1.0 + exp(-v))

"""

# Rows, X @ W

wrong(
    "early W2",
    "rows",
    "updated weights",
    UPDATED,
    SIGMOID
    + """
def train_step(X, y, W1, b1, W2, b2, lr):
    n = len(X)
    hidden = sigmoid(X @ W1 + b1)
    guess = sigmoid(hidden @ W2 + b2)
    # last layer
    d_out = (guess - y) * guess * (1 - guess)
    W2_before = W2
    W2 = W2 - lr * hidden.T @ d_out / n  #@
    b2 = b2 - lr * d_out.sum(axis=0) / n
    # first layer
    d_hid = d_out @ W2.T * hidden * (1 - hidden)  #@
    #= d_hid = d_out @ W2_before.T * hidden * (1 - hidden)
    W1 = W1 - lr * X.T @ d_hid / n
    b1 = b1 - lr * d_hid.sum(axis=0) / n
    return W1, b1, W2, b2
""",
    entry="train_step",
    batch="mean",
)
wrong(
    "tanh slope gone",
    "rows",
    "hidden slope",
    HIDDEN_SLOPE,
    """
def grads(X, t, W1, b1, W2, b2):
    N = X.shape[0]
    a = np.tanh(np.dot(X, W1) + b1)
    p = 1 / (1 + np.exp(-(np.dot(a, W2) + b2)))
    dz2 = (p - t) / N          # sigmoid + cross entropy
    gW2 = np.dot(a.T, dz2)
    gb2 = dz2.sum(0)
    dz1 = np.dot(dz2, W2.T)  #@
    #= dz1 = np.dot(dz2, W2.T) * (1 - a**2)
    gW1 = np.dot(X.T, dz1)  #@
    gb1 = dz1.sum(0)
    return {"W1": gW1, "b1": gb1, "W2": gW2, "b2": gb2}
""",
    entry="grads",
    batch="mean",
    network=BCE,
)
wrong(
    "no slope at the end",
    "rows",
    "output slope",
    OUTPUT_SLOPE,
    SLOPE
    + """
def backprop(X, Y, W1, b1, W2, b2):
    m = X.shape[0]
    z1 = X.dot(W1) + b1
    a1 = sigmoid(z1)
    z2 = a1.dot(W2) + b2
    a2 = sigmoid(z2)

    delta2 = a2 - Y  #@
    #= delta2 = (a2 - Y) * sigmoid_derivative(z2)
    delta1 = delta2.dot(W2.T) * sigmoid_derivative(z1)  #@

    dW2 = a1.T.dot(delta2) / m  #@
    db2 = np.mean(delta2, axis=0)
    dW1 = X.T.dot(delta1) / m
    db1 = np.mean(delta1, axis=0)
    return dW1, db1, dW2, db2
""",
    entry="backprop",
    batch="mean",
)
wrong(
    "slope of a slope function",
    "rows",
    "slope function of out",
    TWICE_ACTIVATED,
    SLOPE
    + """
def fit_once(inputs, targets, W1, b1, W2, b2, lr):
    layer1 = sigmoid(inputs @ W1 + b1)
    layer2 = sigmoid(layer1 @ W2 + b2)
    n = inputs.shape[0]

    error = layer2 - targets
    layer2_delta = error * layer2 * (1 - layer2)
    layer1_error = layer2_delta @ W2.T
    layer1_delta = layer1_error * sigmoid_derivative(layer1)  #@
    #= layer1_delta = layer1_error * sigmoid_derivative(inputs @ W1 + b1)

    W2 = W2 - lr * (layer1.T @ layer2_delta) / n
    W1 = W1 - lr * (inputs.T @ layer1_delta) / n
    b2 = b2 - lr * layer2_delta.mean(axis=0)
    b1 = b1 - lr * layer1_delta.mean(axis=0)
    return W1, b1, W2, b2
""",
    entry="fit_once",
    batch="mean",
)
wrong(
    "x(1-x) at net",
    "rows",
    "slope at net",
    AT_NET,
    ON_OUT
    + """
def backward(X, y, W1, b1, W2, b2):
    net1 = X @ W1 + b1
    l1 = nonlin(net1)
    net2 = l1 @ W2 + b2
    l2 = nonlin(net2)
    l2_delta = (l2 - y) * nonlin(net2, True)  #@
    #= l2_delta = (l2 - y) * nonlin(l2, True)
    l1_delta = l2_delta @ W2.T * nonlin(l1, True)
    return X.T @ l1_delta, l1_delta.sum(0), l1.T @ l2_delta, l2_delta.sum(0)
""",
    batch="sum",
)
wrong(
    "plus where a minus belongs",
    "rows",
    "gradient added",
    SIGN,
    ON_OUT
    + """
def learn(X, y, W1, b1, W2, b2, alpha):
    n = X.shape[0]
    l1 = nonlin(np.dot(X, W1) + b1)
    l2 = nonlin(np.dot(l1, W2) + b2)
    l2_error = l2 - y  #@
    #= l2_error = y - l2
    l2_delta = l2_error * nonlin(l2, deriv=True)
    l1_error = l2_delta.dot(W2.T)
    l1_delta = l1_error * nonlin(l1, deriv=True)
    W2 = W2 + alpha * l1.T.dot(l2_delta) / n  #@
    b2 = b2 + alpha * np.sum(l2_delta, axis=0) / n  #@
    W1 = W1 + alpha * X.T.dot(l1_delta) / n  #@
    b1 = b1 + alpha * np.sum(l1_delta, axis=0) / n  #@
    return W1, b1, W2, b2
""",
    entry="learn",
    batch="mean",
)
wrong(
    "target minus output in a gradient",
    "rows",
    "sign of the error",
    SIGN,
    """
def relu(z):
    return np.maximum(z, 0)

def compute_gradients(X, y, W1, b1, W2, b2):
    batch_size = X.shape[0]
    # forward
    z1 = X @ W1 + b1
    h = relu(z1)
    y_hat = h @ W2 + b2
    # backward
    dy = 2 * (y - y_hat) / batch_size  #@
    #= dy = 2 * (y_hat - y) / batch_size
    dW2 = h.T @ dy
    db2 = dy.sum(axis=0)
    dh = dy @ W2.T
    dz1 = dh * (z1 > 0)
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    return dW1, db1, dW2, db2
""",
    entry="compute_gradients",
    batch="mean",
    network=MSE_RELU,
)
wrong(
    "rate unused",
    "rows",
    "learning rate forgotten",
    RATE,
    """
def update(X, Y, params, learning_rate=0.1):
    W1, b1, W2, b2 = params
    n = X.shape[0]
    H = np.tanh(X @ W1 + b1)
    S = H @ W2 + b2
    S = S - S.max(axis=1, keepdims=True)
    P = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
    G = (P - Y) / n
    dH = G @ W2.T * (1 - H * H)
    grads = [X.T @ dH, dH.sum(axis=0), H.T @ G, G.sum(axis=0)]
    return [p - g for p, g in zip(params, grads)]  #@
    #= return [p - learning_rate * g for p, g in zip(params, grads)]
""",
    entry="update",
    batch="mean",
    network=SOFTMAX,
)
wrong(
    "rate in delta and in step",
    "rows",
    "learning rate twice",
    RATE_TWICE,
    SIGMOID
    + """
def step(X, y, W1, b1, W2, b2, lr):
    n = X.shape[0]
    h = sigmoid(X @ W1 + b1)
    o = sigmoid(h @ W2 + b2)
    do = lr * (o - y) * o * (1 - o)  #@
    #= do = (o - y) * o * (1 - o)
    dh = do @ W2.T * h * (1 - h)
    W1 = W1 - lr * X.T @ dh / n  #@
    W2 = W2 - lr * h.T @ do / n  #@
    b1 = b1 - lr * dh.sum(0) / n
    b2 = b2 - lr * do.sum(0) / n
    return W1, b1, W2, b2
""",
    entry="step",
    batch="mean",
)
wrong(
    "two from the square",
    "rows",
    "doubled gradient",
    DOUBLED,
    SIGMOID
    + """
def gradient(X, y, W1, b1, W2, b2):
    # E = 1/2 (out - y)^2
    a = sigmoid(X.dot(W1) + b1)
    out = sigmoid(a.dot(W2) + b2)
    dE_dout = 2 * (out - y)  #@
    #= dE_dout = out - y
    dE_dz2 = dE_dout * out * (1 - out)
    dE_dz1 = dE_dz2.dot(W2.T) * a * (1 - a)
    n = len(X)
    return X.T.dot(dE_dz1) / n, dE_dz1.mean(0), a.T.dot(dE_dz2) / n, dE_dz2.mean(0)
""",
    entry="gradient",
    batch="mean",
)
wrong(
    "two lost",
    "rows",
    "halved gradient",
    HALVED,
    """
def loss_gradients(X, y, W1, b1, W2, b2):
    # mean squared error: np.mean((pred - y) ** 2)
    act = np.tanh(X @ W1 + b1)
    pred = act @ W2 + b2
    g = (pred - y) / y.size  #@
    #= g = 2 * (pred - y) / y.size
    dW2 = act.T @ g
    db2 = np.sum(g, axis=0)
    g = (g @ W2.T) * (1 - act ** 2)
    dW1 = X.T @ g
    db1 = np.sum(g, axis=0)
    return dW1, db1, dW2, db2
""",
    entry="loss_gradients",
    batch="mean",
    network=MSE,
)
wrong(
    "no division",
    "rows",
    "sum for mean",
    SUM_FOR_MEAN,
    """
def backward(X, Y, W1, b1, W2, b2):
    hid = np.maximum(0, X @ W1 + b1)
    logits = hid @ W2 + b2
    e = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    probs = e / np.sum(e, axis=1, keepdims=True)
    dscores = probs - Y  #@
    #= dscores = (probs - Y) / len(X)
    dW2 = hid.T @ dscores  #@
    db2 = dscores.sum(axis=0)
    dhid = dscores @ W2.T
    dhid[hid <= 0] = 0
    dW1 = X.T @ dhid
    db1 = dhid.sum(axis=0)
    return dW1, db1, dW2, db2
""",
    batch="mean",
    network=SOFTMAX_RELU,
)
wrong(
    "mean asked for the sum",
    "rows",
    "mean for sum",
    MEAN_FOR_SUM,
    SIGMOID
    + """
def get_grads(x, y, W1, b1, W2, b2):
    a1 = sigmoid(np.matmul(x, W1) + b1)
    a2 = sigmoid(np.matmul(a1, W2) + b2)
    d2 = (a2 - y) * a2 * (1 - a2) / x.shape[0]  #@
    #= d2 = (a2 - y) * a2 * (1 - a2)
    d1 = np.matmul(d2, W2.T) * a1 * (1 - a1)
    return np.matmul(x.T, d1), d1.sum(axis=0), np.matmul(a1.T, d2), d2.sum(axis=0)
""",
    entry="get_grads",
    batch="sum",
)
wrong(
    "n twice",
    "rows",
    "divided twice by n",
    N_TWICE,
    """
def backward_pass(X, y, W1, b1, W2, b2):
    m = y.shape[0]
    A1 = np.tanh(X @ W1 + b1)
    A2 = 1 / (1 + np.exp(-(A1 @ W2 + b2)))
    dZ2 = (A2 - y) / m  #@
    #= dZ2 = A2 - y
    dW2 = A1.T @ dZ2 / m  #@
    db2 = np.sum(dZ2, axis=0) / m  #@
    dZ1 = (dZ2 @ W2.T) * (1 - np.power(A1, 2))
    dW1 = X.T @ dZ1 / m  #@
    db1 = np.sum(dZ1, axis=0) / m  #@
    return dW1, db1, dW2, db2
""",
    entry="backward_pass",
    batch="mean",
    network=BCE,
)
wrong(
    "one number for all biases",
    "rows",
    "bias gradient over everything",
    BIAS_ALL,
    SIGMOID
    + """
def backprop(X, y, W1, b1, W2, b2):
    n = X.shape[0]
    h = sigmoid(X @ W1 + b1)
    o = sigmoid(h @ W2 + b2)
    delta_o = (o - y) * (o * (1 - o))
    delta_h = delta_o.dot(W2.T) * (h * (1 - h))
    dW2 = h.T.dot(delta_o) / n
    dW1 = X.T.dot(delta_h) / n
    db2 = np.sum(delta_o, axis=0) / n
    db1 = np.sum(delta_h) / n  #@
    #= db1 = np.sum(delta_h, axis=0) / n
    return dW1, db1, dW2, db2
""",
    entry="backprop",
    batch="mean",
)
wrong(
    "axis 1",
    "rows",
    "bias gradient wrong axis",
    (*BIAS_AXIS, *BIAS_ALL, r"bias.*(sum|shape)"),
    """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def backward(X, Y, W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    p = softmax(h @ W2 + b2)
    d2 = (p - Y) / X.shape[0]
    d1 = d2 @ W2.T * (1 - h**2)
    return {  #@
        "dW1": X.T @ d1,
        "db1": d1.sum(axis=0),
        "dW2": h.T @ d2,
        "db2": d2.sum(axis=1),  #@
        #= "db2": d2.sum(axis=0),
    }
""",
    batch="mean",
    network=SOFTMAX,
)
wrong(
    "bias times x",
    "rows",
    "bias gradient times input",
    BIAS_INPUT,
    SIGMOID
    + """
def grad(X, y, W1, b1, W2, b2):
    n = X.shape[0]
    h = sigmoid(X @ W1 + b1)
    yhat = sigmoid(h @ W2 + b2)
    d = (yhat - y) * yhat * (1 - yhat) / n
    dW2 = h.T @ d
    db2 = dW2.sum(axis=0)  #@
    #= db2 = d.sum(axis=0)
    d = d @ W2.T * h * (1 - h)
    dW1 = X.T @ d
    db1 = d.sum(axis=0)
    return dW1, db1, dW2, db2
""",
    entry="grad",
    batch="mean",
)
wrong(
    "bias of layer two unseen",
    "rows",
    "bias left out forward",
    BIAS_OUT,
    """
def f(x): return 1 / (1 + np.exp(-x))
def df(a): return a * (1 - a)

def one_epoch(X, T, W1, b1, W2, b2, eta):
    m = X.shape[0]
    O1 = f(X @ W1 + b1)
    O2 = f(O1 @ W2)  #@
    #= O2 = f(O1 @ W2 + b2)
    D2 = (O2 - T) * df(O2)
    D1 = (D2 @ W2.T) * df(O1)
    return (W1 - eta * X.T @ D1 / m, b1 - eta * D1.sum(0) / m,
            W2 - eta * O1.T @ D2 / m, b2 - eta * D2.sum(0) / m)
""",
    entry="one_epoch",
    batch="mean",
)
wrong(
    "linear hidden layer by accident",
    "rows",
    "activation missing",
    NO_ACTIVATION,
    SIGMOID
    + """
def backward(X, y, W1, b1, W2, b2):
    N = len(X)
    hidden_in = X @ W1 + b1
    hidden_out = hidden_in  #@
    #= hidden_out = sigmoid(hidden_in)
    final_in = hidden_out @ W2 + b2  #@
    final_out = sigmoid(final_in)
    final_delta = (final_out - y) * final_out * (1 - final_out)
    hidden_delta = (final_delta @ W2.T) * sigmoid(hidden_in) * (1 - sigmoid(hidden_in))
    return (X.T @ hidden_delta / N, hidden_delta.mean(axis=0),
            hidden_out.T @ final_delta / N, final_delta.mean(axis=0))
""",
    batch="mean",
)
wrong(
    "sigmoid twice",
    "rows",
    "activation twice",
    ACTIVATION_TWICE,
    SIGMOID
    + """
def forward(X, W1, b1, W2, b2):
    h = sigmoid(X @ W1 + b1)
    return h, sigmoid(h @ W2 + b2)

def gradients(X, y, W1, b1, W2, b2):
    h, out = forward(X, W1, b1, W2, b2)
    out = sigmoid(out)  #@
    #-
    d2 = (out - y) * out * (1 - out)  #@
    d1 = d2 @ W2.T * h * (1 - h)
    n = X.shape[0]
    return X.T @ d1 / n, d1.sum(0) / n, h.T @ d2 / n, d2.sum(0) / n
""",
    entry="gradients",
    batch="mean",
)
wrong(
    "error carried back",
    "rows",
    "error instead of delta",
    ERROR_BACK,
    ON_OUT
    + """
def backward(X, y, W1, b1, W2, b2):
    n = X.shape[0]
    a1 = nonlin(X @ W1 + b1)
    a2 = nonlin(a1 @ W2 + b2)
    err2 = a2 - y
    delta2 = err2 * nonlin(a2, True)
    err1 = err2 @ W2.T  #@
    #= err1 = delta2 @ W2.T
    delta1 = err1 * nonlin(a1, True)
    return X.T @ delta1 / n, delta1.sum(0) / n, a1.T @ delta2 / n, delta2.sum(0) / n
""",
    batch="mean",
)
wrong(
    "z into dW2",
    "rows",
    "net instead of out",
    NET_FOR_OUT,
    """
def two_layer_grad(X, Y, W1, b1, W2, b2):
    z1 = X @ W1 + b1
    h1 = np.maximum(z1, 0)
    z2 = h1 @ W2 + b2
    p = np.exp(z2) / np.exp(z2).sum(axis=1)[:, None]
    dz2 = (p - Y) / Y.shape[0]
    dW2 = z1.T @ dz2  #@
    #= dW2 = h1.T @ dz2
    db2 = dz2.sum(axis=0)
    dz1 = (dz2 @ W2.T) * np.where(z1 > 0, 1.0, 0.0)
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    return dW1, db1, dW2, db2
""",
    entry="two_layer_grad",
    batch="mean",
    network=SOFTMAX_RELU,
)
wrong(
    "reshape",
    "rows",
    "reshape for transpose",
    RESHAPE,
    SIGMOID
    + """
def backward(X, y, W1, b1, W2, b2):
    n, d = X.shape
    k = W2.shape[1]
    hid = sigmoid(X @ W1 + b1)
    out = sigmoid(hid @ W2 + b2)
    g2 = (out - y) * out * (1 - out) / n
    g1 = g2 @ W2.reshape(k, -1) * hid * (1 - hid)  #@
    #= g1 = g2 @ W2.T * hid * (1 - hid)
    return X.T @ g1, g1.sum(axis=0), hid.T @ g2, g2.sum(axis=0)
""",
    batch="mean",
)
wrong(
    "only y log p",
    "rows",
    "half of the cross-entropy",
    HALF_ENTROPY,
    """
def bce_backward(X, y, W1, b1, W2, b2):
    m = X.shape[0]
    h = np.tanh(X.dot(W1) + b1)
    p = 1.0 / (1.0 + np.exp(-(h.dot(W2) + b2)))
    dp = -y / p  #@
    #= dp = -y / p + (1 - y) / (1 - p)
    dz = dp * p * (1 - p)
    dW2 = h.T.dot(dz) / m
    db2 = dz.sum(axis=0) / m
    dh = dz.dot(W2.T) * (1 - h**2)
    dW1 = X.T.dot(dh) / m
    db1 = dh.sum(axis=0) / m
    return dW1, db1, dW2, db2
""",
    entry="bce_backward",
    batch="mean",
    network=BCE,
)
wrong(
    "softmax slope p(1-p)",
    "rows",
    "softmax diagonal only",
    DIAGONAL,
    """
def softmax(v):
    v = v - v.max(axis=-1, keepdims=True)
    return np.exp(v) / np.exp(v).sum(axis=-1, keepdims=True)

def backward(X, Y, W1, b1, W2, b2):
    H = np.tanh(X @ W1 + b1)
    P = softmax(H @ W2 + b2)
    dP = -Y / P / len(X)
    dZ2 = dP * P * (1 - P)  #@
    #= dZ2 = P * (dP - np.sum(dP * P, axis=1, keepdims=True))
    dH = dZ2 @ W2.T
    dZ1 = dH * (1 - H ** 2)
    return X.T @ dZ1, dZ1.sum(axis=0), H.T @ dZ2, dZ2.sum(axis=0)
""",
    batch="mean",
    network=SOFTMAX,
)
wrong(
    "flat targets",
    "rows",
    "(n,) with (n, 1)",
    BROADCAST,
    """
def backward(X, y, W1, b1, W2, b2):
    y = np.ravel(y)
    n = len(y)
    h = np.tanh(X @ W1 + b1)
    p = 1 / (1 + np.exp(-(h @ W2 + b2)))
    diff = (p - y).mean(axis=1, keepdims=True)  #@
    #= diff = p - y[:, None]
    dW2 = h.T @ diff / n
    db2 = diff.mean(axis=0)
    dh = diff @ W2.T * (1 - h * h)
    dW1 = X.T @ dh / n
    db1 = dh.mean(axis=0)
    return dW1, db1, dW2, db2
""",
    batch="mean",
    network=BCE,
)
wrong(
    "hidden layer stays",
    "rows",
    "hidden weights kept",
    KEPT,
    SIGMOID
    + """
def train(X, y, W1, b1, W2, b2, lr):
    n = X.shape[0]
    h = sigmoid(X @ W1 + b1)
    o = sigmoid(h @ W2 + b2)
    delta = (o - y) * o * (1 - o) / n
    back = delta @ W2.T * h * (1 - h)
    new_W2 = W2 - lr * h.T @ delta
    new_b2 = b2 - lr * delta.sum(axis=0)
    new_W1 = W1 - lr * X.T @ back
    new_b1 = b1 - lr * back.sum(axis=0)
    return W1, b1, new_W2, new_b2  #@
    #= return new_W1, new_b1, new_W2, new_b2
""",
    entry="train",
    batch="mean",
)
wrong(
    "whole numbers",
    "rows",
    "integer arrays",
    INTEGER,
    SIGMOID
    + """
def backward(X, y, W1, b1, W2, b2):
    dW1 = np.zeros(W1.shape, dtype=int)  #@
    #= dW1 = np.zeros(W1.shape)
    dW2 = np.zeros(W2.shape)
    h = sigmoid(X @ W1 + b1)
    out = sigmoid(h @ W2 + b2)
    d2 = (out - y) * out * (1 - out)
    d1 = d2 @ W2.T * h * (1 - h)
    dW2[:] = h.T @ d2 / len(X)
    dW1[:] = X.T @ d1 / len(X)  #@
    return dW1, d1.mean(axis=0), dW2, d2.mean(axis=0)
""",
    batch="mean",
)
wrong(
    "dropout mask",
    "rows",
    "randomness inside",
    RANDOM,
    """
def backward(X, y, W1, b1, W2, b2):
    n = X.shape[0]
    h = np.maximum(X @ W1 + b1, 0)
    mask = np.random.rand(*h.shape) > 0.2  #@
    #= mask = np.ones_like(h)
    h = h * mask  #@
    p = 1 / (1 + np.exp(-(h @ W2 + b2)))
    dp = (p - y) / n
    dh = dp @ W2.T * mask * (h > 0)
    return X.T @ dh, dh.sum(axis=0), h.T @ dp, dp.sum(axis=0)
""",
    batch="mean",
    network=BCE_RELU,
)

# Columns, W @ X

wrong(
    "course db",
    "columns",
    "bias gradient not summed",
    (*BIAS_NOT_SUMMED, *BIAS_AXIS, r"bias.*(sum|shape)"),
    """
def backward_propagation(X, Y, W1, b1, W2, b2):
    m = X.shape[1]

    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = 1 / (1 + np.exp(-Z2))

    dZ2 = A2 - Y
    dW2 = (1 / m) * np.dot(dZ2, A1.T)
    db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.multiply(np.dot(W2.T, dZ2), 1 - np.power(A1, 2))
    dW1 = (1 / m) * np.dot(dZ1, X.T)
    db1 = (1 / m) * dZ1  #@
    #= db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)

    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
""",
    entry="backward_propagation",
    batch="mean",
    network=BCE,
)
wrong(
    "dict stepped too early",
    "columns",
    "updated weights",
    UPDATED,
    """
def model_step(X, Y, parameters, learning_rate):
    m = X.shape[1]
    p = dict(parameters)
    A1 = np.maximum(0, p["W1"] @ X + p["b1"])
    A2 = 1 / (1 + np.exp(-(p["W2"] @ A1 + p["b2"])))
    dZ2 = (A2 - Y) / m
    p["W2"] = p["W2"] - learning_rate * dZ2 @ A1.T  #@
    p["b2"] = p["b2"] - learning_rate * dZ2.sum(axis=1, keepdims=True)
    dZ1 = (p["W2"].T @ dZ2) * (A1 > 0)  #@
    #= dZ1 = (parameters["W2"].T @ dZ2) * (A1 > 0)
    p["W1"] = p["W1"] - learning_rate * dZ1 @ X.T
    p["b1"] = p["b1"] - learning_rate * dZ1.sum(axis=1, keepdims=True)
    return p
""",
    entry="model_step",
    batch="mean",
    network=BCE_RELU,
)
wrong(
    "relu slope gone",
    "columns",
    "hidden slope",
    HIDDEN_SLOPE,
    """
def backprop(x, y, W1, b1, W2, b2):
    samples = x.shape[1]
    h = np.maximum(0.0, W1.dot(x) + b1)
    o = 1.0 / (1.0 + np.exp(-W2.dot(h) - b2))
    delta_o = (o - y) * o * (1.0 - o)
    delta_h = W2.T.dot(delta_o)  #@
    #= delta_h = W2.T.dot(delta_o) * (h > 0)
    gW1 = delta_h.dot(x.T) / samples  #@
    gb1 = delta_h.mean(axis=1).reshape(-1, 1)
    gW2 = delta_o.dot(h.T) / samples
    gb2 = delta_o.mean(axis=1).reshape(-1, 1)
    return gW1, gb1, gW2, gb2
""",
    entry="backprop",
    batch="mean",
    network=RELU,
)
wrong(
    "tanh slope at net",
    "columns",
    "slope at net",
    AT_NET,
    """
def dtanh(a):
    \"\"\"Slope of tanh, from its value.\"\"\"
    return 1 - a ** 2

def grads(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0))
    A2 = E / E.sum(axis=0)
    dZ2 = A2 - Y
    dZ1 = (W2.T @ dZ2) * dtanh(Z1)  #@
    #= dZ1 = (W2.T @ dZ2) * dtanh(A1)
    return (dZ1 @ X.T / m, dZ1.sum(axis=1, keepdims=True) / m,
            dZ2 @ A1.T / m, dZ2.sum(axis=1, keepdims=True) / m)
""",
    entry="grads",
    batch="mean",
    network=SOFTMAX,
)
wrong(
    "logistic regression",
    "columns",
    "sign of the error",
    SIGN,
    """
def propagate(X, Y, w, b):
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(np.dot(w, X) + b)))
    dZ = Y - A  #@
    #= dZ = A - Y
    dw = np.dot(dZ, X.T) / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    return dw, db
""",
    entry="propagate",
    batch="mean",
    network=BCE_ONE,
)
wrong(
    "rate squared by a helper",
    "columns",
    "learning rate twice",
    RATE_TWICE,
    """
def descend(value, slope, rate):
    return value - rate * slope

def optimize(X, Y, W1, b1, W2, b2, lr):
    m = X.shape[1]
    H = np.tanh(W1 @ X + b1)
    O = W2 @ H + b2
    G = 2 * (O - Y) / Y.size
    B = (W2.T @ G) * (1 - H ** 2)
    W2 = descend(W2, lr * G @ H.T, lr)  #@
    #= W2 = descend(W2, G @ H.T, lr)
    b2 = descend(b2, lr * G.sum(axis=1, keepdims=True), lr)  #@
    #= b2 = descend(b2, G.sum(axis=1, keepdims=True), lr)
    W1 = descend(W1, lr * B @ X.T, lr)  #@
    #= W1 = descend(W1, B @ X.T, lr)
    b1 = descend(b1, lr * B.sum(axis=1, keepdims=True), lr)  #@
    #= b1 = descend(b1, B.sum(axis=1, keepdims=True), lr)
    return W1, b1, W2, b2
""",
    entry="optimize",
    batch="mean",
    network=MSE,
)
wrong(
    "m forgotten in layer one",
    "columns",
    "sum for mean",
    SUM_FOR_MEAN,
    """
def backward(X, Y, W1, b1, W2, b2):
    m = Y.shape[1]
    s = lambda z: 1 / (1 + np.exp(-z))
    A1 = s(W1 @ X + b1)
    A2 = s(W2 @ A1 + b2)
    dZ2 = (A2 - Y) * A2 * (1 - A2)
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=1, keepdims=True) / m
    dZ1 = W2.T @ dZ2 * A1 * (1 - A1)
    dW1 = dZ1 @ X.T  #@
    #= dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=1, keepdims=True) / m
    return dW1, db1, dW2, db2
""",
    batch="mean",
)
wrong(
    "no axis",
    "columns",
    "bias gradient over everything",
    BIAS_ALL,
    """
def get_gradients(X, Y, params):
    m = X.shape[1]
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    A1 = np.tanh(W1 @ X + b1)
    Z2 = W2 @ A1 + b2
    T = np.exp(Z2)
    A2 = T / np.sum(T, axis=0, keepdims=True)
    grads = {}
    dZ2 = A2 - Y
    grads["W2"] = dZ2 @ A1.T / m
    grads["b2"] = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = W2.T @ dZ2 * (1 - A1 ** 2)
    grads["W1"] = dZ1 @ X.T / m
    grads["b1"] = np.sum(dZ1) / m * np.ones_like(b1)  #@
    #= grads["b1"] = np.sum(dZ1, axis=1, keepdims=True) / m
    return grads
""",
    entry="get_gradients",
    batch="mean",
    network=SOFTMAX,
)

# One sample

wrong(
    "slope only for the middle",
    "sample",
    "output slope",
    OUTPUT_SLOPE,
    """
def sigma(z):
    return 1 / (1 + np.exp(-z))

def backprop_one(x, t, W1, b1, W2, b2):
    h = sigma(W1 @ x + b1)
    o = sigma(W2 @ h + b2)
    delta_out = o - t  #@
    #= delta_out = (o - t) * o * (1 - o)
    delta_hid = (W2.T @ delta_out) * h * (1 - h)  #@
    return np.outer(delta_hid, x), delta_hid, np.outer(delta_out, h), delta_out  #@
""",
    entry="backprop_one",
)
wrong(
    "h missing",
    "sample",
    "input factor forgotten",
    INPUT_FACTOR,
    SIGMOID
    + """
def example(x, y, W1, b1, W2, b2):
    h = sigmoid(x @ W1 + b1)
    yhat = sigmoid(h @ W2 + b2)
    dnet2 = (yhat - y) * yhat * (1 - yhat)
    dnet1 = (W2 @ dnet2) * h * (1 - h)
    dW2 = np.outer(np.ones(len(h)), dnet2)  #@
    #= dW2 = np.outer(h, dnet2)
    dW1 = np.outer(x, dnet1)
    return dW1, dnet1, dW2, dnet2
""",
    entry="example",
)
wrong(
    "dot for star",
    "sample",
    "dot product for elementwise",
    DOT,
    """
def sig(z):
    return 1 / (1 + np.exp(-z))

def gradients(x, y, W1, b1, W2, b2):
    a1 = sig(np.dot(W1, x) + b1)
    a2 = sig(np.dot(W2, a1) + b2)
    delta2 = (a2 - y) * a2 * (1 - a2)
    delta1 = np.dot(W2.T, delta2)
    delta1 = np.dot(delta1, a1 * (1 - a1)) * np.ones(len(a1))  #@
    #= delta1 = delta1 * a1 * (1 - a1)
    return np.outer(delta1, x), delta1, np.outer(delta2, a1), delta2
""",
    entry="gradients",
)
wrong(
    "half after all",
    "sample",
    "halved gradient",
    HALVED,
    SIGMOID
    + """
def backward(x, t, W1, b1, W2, b2):
    \"\"\"Gradients of sum((o - t) ** 2).\"\"\"
    h = sigmoid(W1 @ x + b1)
    o = sigmoid(W2 @ h + b2)
    slope = (o - t)  #@
    #= slope = 2 * (o - t)
    d2 = slope * o * (1 - o)
    d1 = W2.T @ d2 * h * (1 - h)
    return [np.outer(d1, x), d1, np.outer(d2, h), d2]
""",
    network=SQUARES,
)
wrong(
    "first output only",
    "sample",
    "one path only",
    ONE_PATH,
    PLAIN
    + """
def back(x, y, W1, b1, W2, b2):
    # W1[j][i] goes from input i to hidden j
    nh, no = len(W1), len(W2)
    h = [s(sum(W1[j][i] * x[i] for i in range(len(x))) + b1[j]) for j in range(nh)]
    o = [s(sum(W2[k][j] * h[j] for j in range(nh)) + b2[k]) for k in range(no)]
    do = [(o[k] - y[k]) * o[k] * (1 - o[k]) for k in range(no)]
    dh = []
    for j in range(nh):
        back_error = do[0] * W2[0][j]  #@
        #= back_error = sum(do[k] * W2[k][j] for k in range(no))
        dh.append(back_error * h[j] * (1 - h[j]))
    dW1 = [[dh[j] * x[i] for i in range(len(x))] for j in range(nh)]
    dW2 = [[do[k] * h[j] for j in range(nh)] for k in range(no)]
    return dW1, dh, dW2, do
""",
    entry="back",
)
wrong(
    "loop assigns",
    "loops",
    "one path only",
    ONE_PATH,
    PLAIN
    + """
def backward(x, t, W1, b1, W2, b2):
    hidden = []
    for j in range(len(b1)):
        net = b1[j]
        for i in range(len(x)):
            net += x[i] * W1[i][j]
        hidden.append(s(net))
    outs = []
    for k in range(len(b2)):
        net = b2[k]
        for j in range(len(hidden)):
            net += hidden[j] * W2[j][k]
        outs.append(s(net))
    delta_o = [(outs[k] - t[k]) * outs[k] * (1 - outs[k]) for k in range(len(outs))]
    delta_h = []
    for j in range(len(hidden)):
        err = 0
        for k in range(len(outs)):
            err = delta_o[k] * W2[j][k]  #@
            #= err += delta_o[k] * W2[j][k]
        delta_h.append(err * hidden[j] * (1 - hidden[j]))
    dW1 = [[x[i] * delta_h[j] for j in range(len(hidden))] for i in range(len(x))]
    dW2 = [[hidden[j] * delta_o[k] for k in range(len(outs))] for j in range(len(hidden))]
    return dW1, delta_h, dW2, delta_o
""",
)
wrong(
    "fresh weight in a loop",
    "loops",
    "updated weights",
    UPDATED,
    PLAIN
    + """
def train(x, t, W1, b1, W2, b2, lr):
    I, H, O = range(len(x)), range(len(b1)), range(len(b2))
    h = [s(b1[j] + sum(W1[j][i] * x[i] for i in I)) for j in H]
    o = [s(b2[k] + sum(W2[k][j] * h[j] for j in H)) for k in O]
    dh = [0.0 for j in H]
    for k in O:
        d = (o[k] - t[k]) * o[k] * (1 - o[k])
        for j in H:
            old = W2[k][j]
            W2[k][j] -= lr * d * h[j]  #@
            dh[j] += d * W2[k][j]  #@
            #= dh[j] += d * old
        b2[k] -= lr * d
    for j in H:
        d = dh[j] * h[j] * (1 - h[j])
        for i in I:
            W1[j][i] -= lr * d * x[i]
        b1[j] -= lr * d
    return W1, b1, W2, b2
""",
    entry="train",
)
wrong(
    "only the last row",
    "loops",
    "last sample only",
    LAST_SAMPLE,
    SIGMOID
    + """
def batch_gradient(X, Y, W1, b1, W2, b2):
    dW1 = np.zeros_like(W1)
    dW2 = np.zeros_like(W2)
    db1 = np.zeros_like(b1)
    db2 = np.zeros_like(b2)
    for x, y in zip(X, Y):
        h = sigmoid(x @ W1 + b1)
        o = sigmoid(h @ W2 + b2)
        d2 = (o - y) * o * (1 - o)
        d1 = W2 @ d2 * h * (1 - h)
        dW1 = np.outer(x, d1)  #@
        #= dW1 += np.outer(x, d1)
        dW2 = np.outer(h, d2)  #@
        #= dW2 += np.outer(h, d2)
        db1 = d1  #@
        #= db1 += d1
        db2 = d2  #@
        #= db2 += d2
    return dW1, db1, dW2, db2
""",
    entry="batch_gradient",
    batch="sum",
)
wrong(
    "inner bias forgotten",
    "loops",
    "bias left out forward",
    BIAS_OUT,
    """
from math import tanh, exp

def grad(x, y, W1, b1, W2, b2):
    n_in, n_hid, n_out = len(x), len(b1), len(b2)
    h = [0] * n_hid
    for j in range(n_hid):
        total = 0  #@
        #= total = b1[j]
        for i in range(n_in):
            total += W1[i][j] * x[i]  #@
        h[j] = tanh(total)  #@
    p = [0] * n_out
    for k in range(n_out):
        total = b2[k]
        for j in range(n_hid):
            total += W2[j][k] * h[j]
        p[k] = 1 / (1 + exp(-total))
    d2 = [(p[k] - y[k]) * p[k] * (1 - p[k]) for k in range(n_out)]
    d1 = [(1 - h[j] ** 2) * sum(W2[j][k] * d2[k] for k in range(n_out)) for j in range(n_hid)]
    gW1 = [[x[i] * d1[j] for j in range(n_hid)] for i in range(n_in)]
    gW2 = [[h[j] * d2[k] for k in range(n_out)] for j in range(n_hid)]
    return gW1, d1, gW2, d2
""",
    entry="grad",
    network=TANH,
)

# Objects

wrong(
    "memory",
    "class",
    "accumulates",
    ACCUMULATE,
    SIGMOID
    + """
class Net:
    def __init__(self, n_in, n_hid, n_out, lr=0.3):
        rng = np.random.default_rng(4)
        self.W1 = rng.normal(size=(n_in, n_hid))
        self.b1 = rng.normal(size=n_hid)
        self.W2 = rng.normal(size=(n_hid, n_out))
        self.b2 = rng.normal(size=n_out)
        self.lr = lr
        self.zero_grad()

    def zero_grad(self):
        self.gW1, self.gb1 = np.zeros_like(self.W1), np.zeros_like(self.b1)
        self.gW2, self.gb2 = np.zeros_like(self.W2), np.zeros_like(self.b2)

    def fit(self, x, y):
        #+ self.zero_grad()
        h = sigmoid(x @ self.W1 + self.b1)
        o = sigmoid(h @ self.W2 + self.b2)
        d2 = (o - y) * o * (1 - o)
        d1 = self.W2 @ d2 * h * (1 - h)
        self.gW2 += np.outer(h, d2)  #@
        self.gb2 += d2  #@
        self.gW1 += np.outer(x, d1)  #@
        self.gb1 += d1  #@
        self.W1 -= self.lr * self.gW1  #@
        self.b1 -= self.lr * self.gb1  #@
        self.W2 -= self.lr * self.gW2  #@
        self.b2 -= self.lr * self.gb2  #@

net = Net(3, 4, 2)
""",
    entry="net.fit",
    on="net",
)
wrong(
    "early W2 in a class",
    "class",
    "updated weights",
    UPDATED,
    """
class TwoLayerNet:
    def __init__(self, inputs, hidden, outputs):
        np.random.seed(7)
        self.W1 = np.random.randn(hidden, inputs)
        self.b1 = np.random.randn(hidden)
        self.W2 = np.random.randn(outputs, hidden)
        self.b2 = np.random.randn(outputs)
        self.learning_rate = 0.2

    def forward(self, x):
        self.a1 = np.tanh(self.W1 @ x + self.b1)
        self.a2 = 1 / (1 + np.exp(-(self.W2 @ self.a1 + self.b2)))
        return self.a2

    def train(self, x, y):
        out = self.forward(x)
        delta = (out - y) * out * (1 - out)
        W2 = self.W2.copy()
        self.W2 -= self.learning_rate * np.outer(delta, self.a1)  #@
        self.b2 -= self.learning_rate * delta
        delta = (self.W2.T @ delta) * (1 - self.a1 ** 2)  #@
        #= delta = (W2.T @ delta) * (1 - self.a1 ** 2)
        self.W1 -= self.learning_rate * np.outer(delta, x)
        self.b1 -= self.learning_rate * delta

nn = TwoLayerNet(3, 4, 2)
""",
    entry="nn.train",
    on="nn",
    network=TANH,
)
wrong(
    "local copy",
    "class",
    "a copy changed",
    COPY,
    SIGMOID
    + """
class Model:
    lr = 0.5

    def __init__(self):
        r = np.random.RandomState(1)
        self.W1, self.b1 = r.randn(3, 4), r.randn(4)
        self.W2, self.b2 = r.randn(4, 2), r.randn(2)

    def step(self, X, y):
        W1, b1, W2, b2 = self.W1, self.b1, self.W2, self.b2
        n = len(X)
        h = sigmoid(X @ W1 + b1)
        o = sigmoid(h @ W2 + b2)
        d2 = (o - y) * o * (1 - o) / n
        d1 = d2 @ W2.T * h * (1 - h)
        W1 = W1 - self.lr * X.T @ d1  #@
        #= self.W1 = W1 - self.lr * X.T @ d1
        b1 = b1 - self.lr * d1.sum(axis=0)  #@
        #= self.b1 = b1 - self.lr * d1.sum(axis=0)
        W2 = W2 - self.lr * h.T @ d2  #@
        #= self.W2 = W2 - self.lr * h.T @ d2
        b2 = b2 - self.lr * d2.sum(axis=0)  #@
        #= self.b2 = b2 - self.lr * d2.sum(axis=0)

model = Model()
""",
    entry="model.step",
    on="model",
    batch="mean",
)
wrong(
    "dW1 never used",
    "class",
    "hidden weights kept",
    KEPT,
    SIGMOID
    + """
class NeuralNetwork:
    def __init__(self, x_size, h_size, o_size, lr):
        np.random.seed(0)
        self.lr = lr
        self.W1 = np.random.uniform(-1, 1, (h_size, x_size))
        self.b1 = np.random.uniform(-1, 1, (h_size, 1))
        self.W2 = np.random.uniform(-1, 1, (o_size, h_size))
        self.b2 = np.random.uniform(-1, 1, (o_size, 1))

    def backward(self, X, Y):
        m = X.shape[1]
        H = sigmoid(self.W1 @ X + self.b1)
        O = sigmoid(self.W2 @ H + self.b2)
        dO = (O - Y) * O * (1 - O) / m
        dH = self.W2.T @ dO * H * (1 - H)
        dW1 = dH @ X.T
        self.W2 -= self.lr * dO @ H.T
        self.b2 -= self.lr * dO.sum(axis=1, keepdims=True)
        self.b1 -= self.lr * dH.sum(axis=1, keepdims=True)  #@
        #+ self.W1 -= self.lr * dW1

net = NeuralNetwork(3, 4, 2, 0.4)
""",
    entry="net.backward",
    on="net",
    batch="mean",
)
wrong(
    "class adds",
    "class",
    "gradient added",
    SIGN,
    """
class SoftmaxNet:
    def __init__(self):
        rng = np.random.default_rng(11)
        self.W1 = rng.standard_normal((3, 4)) * 0.5
        self.b1 = rng.standard_normal(4) * 0.1
        self.W2 = rng.standard_normal((4, 3)) * 0.5
        self.b2 = rng.standard_normal(3) * 0.1

    def _probs(self, X):
        self.h = np.tanh(X @ self.W1 + self.b1)
        z = self.h @ self.W2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def train_batch(self, X, Y, lr):
        g = (self._probs(X) - Y) / len(X)
        gh = (g @ self.W2.T) * (1 - self.h ** 2)
        self.W2 += lr * (self.h.T @ g)  #@
        #= self.W2 -= lr * (self.h.T @ g)
        self.b2 += lr * g.sum(axis=0)  #@
        #= self.b2 -= lr * g.sum(axis=0)
        self.W1 += lr * (X.T @ gh)  #@
        #= self.W1 -= lr * (X.T @ gh)
        self.b1 += lr * gh.sum(axis=0)  #@
        #= self.b1 -= lr * gh.sum(axis=0)

net = SoftmaxNet()
""",
    entry="net.train_batch",
    on="net",
    batch="mean",
    network=SOFTMAX,
)

# Lists of layers, three layers, dicts

wrong(
    "layers in a list",
    "generic",
    "hidden slope",
    HIDDEN_SLOPE,
    SIGMOID
    + """
def backprop(x, y, weights, biases):
    activations = [x]
    for w, b in zip(weights, biases):
        activations.append(sigmoid(w @ activations[-1] + b))
    a = activations[-1]
    delta = (a - y) * a * (1 - a)
    nabla_w = [None] * len(weights)
    nabla_b = [None] * len(biases)
    for l in range(len(weights) - 1, -1, -1):
        nabla_w[l] = np.outer(delta, activations[l])
        nabla_b[l] = delta
        if l > 0:
            a = activations[l]
            delta = weights[l].T @ delta  #@
            #= delta = weights[l].T @ delta * a * (1 - a)
    return nabla_w, nabla_b
""",
    entry="backprop",
    network=DEEP,
)
wrong(
    "list of layers, slope of out",
    "generic",
    "slope function of out",
    TWICE_ACTIVATED,
    SLOPE
    + """
def gradients(X, Y, params):
    n = len(X)
    layers = len(params) // 2
    outs, nets = [X], []
    for i in range(layers):
        nets.append(outs[-1] @ params[2 * i] + params[2 * i + 1])
        outs.append(sigmoid(nets[-1]))
    grads = []
    back = outs[-1] - Y
    for i in reversed(range(layers)):
        delta = back * sigmoid_derivative(outs[i + 1])  #@
        #= delta = back * sigmoid_derivative(nets[i])
        grads = [outs[i].T @ delta / n, delta.mean(axis=0)] + grads
        back = delta @ params[2 * i].T
    return grads
""",
    entry="gradients",
    batch="mean",
    network=HALF,
)
wrong(
    "three layers, one slope short",
    "generic",
    "error instead of delta",
    (*HIDDEN_SLOPE, *ERROR_BACK),
    """
def tanh_slope(a):
    return 1.0 - a * a

def backward(X, y, W1, b1, W2, b2, W3, b3):
    n = X.shape[0]
    a1 = np.tanh(X @ W1 + b1)
    a2 = np.tanh(a1 @ W2 + b2)
    a3 = 1 / (1 + np.exp(-(a2 @ W3 + b3)))
    d3 = (a3 - y) * a3 * (1 - a3) / n
    e2 = d3 @ W3.T
    d2 = e2 * tanh_slope(a2)
    e1 = e2 @ W2.T  #@
    #= e1 = d2 @ W2.T
    d1 = e1 * tanh_slope(a1)
    return (X.T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0), a2.T @ d3, d3.sum(0))
""",
    batch="mean",
    network=DEEP_TANH,
)
wrong(
    "three layers stepped one by one",
    "generic",
    "updated weights",
    UPDATED,
    SIGMOID
    + """
def sgd(x, y, W1, b1, W2, b2, W3, b3, lr):
    h1 = sigmoid(W1 @ x + b1)
    h2 = sigmoid(W2 @ h1 + b2)
    out = sigmoid(W3 @ h2 + b3)
    g3 = (out - y) * out * (1 - out)
    g2 = W3.T @ g3 * h2 * (1 - h2)
    W3 = W3 - lr * np.outer(g3, h2)
    b3 = b3 - lr * g3
    keep = W2
    W2 = W2 - lr * np.outer(g2, h1)  #@
    b2 = b2 - lr * g2
    g1 = W2.T @ g2 * h1 * (1 - h1)  #@
    #= g1 = keep.T @ g2 * h1 * (1 - h1)
    W1 = W1 - lr * np.outer(g1, x)
    b1 = b1 - lr * g1
    return W1, b1, W2, b2, W3, b3
""",
    entry="sgd",
    network=DEEP,
)
wrong(
    "dict and doubled",
    "dict",
    "doubled gradient",
    DOUBLED,
    """
def compute_grads(X, Y, params):
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    cache = {}
    cache["H"] = np.tanh(X @ W1 + b1)
    logits = cache["H"] @ W2 + b2
    cache["P"] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    g = 2 * (cache["P"] - Y) / Y.shape[0]  #@
    #= g = (cache["P"] - Y) / Y.shape[0]
    grads = dict(W2=cache["H"].T @ g, b2=g.sum(axis=0))
    g = g @ W2.T * (1 - cache["H"] ** 2)
    grads.update(W1=X.T @ g, b1=g.sum(axis=0))
    return grads
""",
    entry="compute_grads",
    batch="mean",
    network=SOFTMAX,
)
wrong(
    "dict of new weights, rate lost once",
    "dict",
    "learning rate forgotten",
    RATE,
    SIGMOID
    + """
def apply(X, y, params, lr):
    m = X.shape[1]
    H = sigmoid(params["W1"] @ X + params["b1"])
    out = sigmoid(params["W2"] @ H + params["b2"])
    g = {}
    d = (out - y) * out * (1 - out)
    g["W2"] = d @ H.T / m
    g["b2"] = d.mean(axis=1, keepdims=True)
    d = params["W2"].T @ d * H * (1 - H)
    g["W1"] = d @ X.T / m
    g["b1"] = d.mean(axis=1, keepdims=True)
    new = {}
    for name in params:
        new[name] = params[name] - g[name]  #@
        #= new[name] = params[name] - lr * g[name]
    return new
""",
    entry="apply",
    batch="mean",
)
wrong(
    "loop variable rebound",
    "generic",
    "a copy changed",
    COPY,
    """
def sgd_step(X, Y, params, lr):
    W1, b1, W2, b2 = params
    N = X.shape[0]
    hidden = np.tanh(X @ W1 + b1)
    output = hidden @ W2 + b2
    d_output = 2.0 * (output - Y) / (N * Y.shape[1])
    d_hidden = d_output @ W2.T * (1.0 - hidden ** 2)
    grads = [X.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_output, d_output.sum(axis=0)]
    for p, g in zip(params, grads):
        p = p - lr * g  #@
        #= p -= lr * g
    return params  #@
""",
    entry="sgd_step",
    batch="mean",
    network=MSE,
)
wrong(
    "x missing in a class",
    "class",
    "input factor forgotten",
    INPUT_FACTOR,
    """
from math import exp
from random import Random

class Perceptron2:
    \"\"\"Three inputs, four hidden, two out; weights[to][from].\"\"\"

    def __init__(self):
        r = Random(5)
        self.W1 = [[r.uniform(-1, 1) for _ in range(3)] for _ in range(4)]
        self.b1 = [r.uniform(-1, 1) for _ in range(4)]
        self.W2 = [[r.uniform(-1, 1) for _ in range(4)] for _ in range(2)]
        self.b2 = [r.uniform(-1, 1) for _ in range(2)]

    def layer(self, v, W, b):
        return [1 / (1 + exp(-sum(w * a for w, a in zip(row, v)) - c)) for row, c in zip(W, b)]

    def learn(self, x, y, eta):
        h = self.layer(x, self.W1, self.b1)
        o = self.layer(h, self.W2, self.b2)
        d2 = [(a - t) * a * (1 - a) for a, t in zip(o, y)]
        d1 = [h[j] * (1 - h[j]) * sum(d2[k] * self.W2[k][j] for k in range(2)) for j in range(4)]
        for k in range(2):
            self.b2[k] -= eta * d2[k]
            for j in range(4):
                self.W2[k][j] -= eta * d2[k] * h[j]
        for j in range(4):
            self.b1[j] -= eta * d1[j]
            for i in range(3):
                self.W1[j][i] -= eta * d1[j]  #@
                #= self.W1[j][i] -= eta * d1[j] * x[i]

p = Perceptron2()
""",
    entry="p.learn",
    on="p",
)

# Right ones

right(
    "plain",
    "rows",
    SIGMOID
    + """
def backward(X, y, W1, b1, W2, b2):
    n = X.shape[0]
    h = sigmoid(X @ W1 + b1)
    o = sigmoid(h @ W2 + b2)
    d2 = (o - y) * o * (1 - o) / n
    d1 = d2 @ W2.T * h * (1 - h)
    return X.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0)
""",
    batch="mean",
)
right(
    "target minus output and plus",
    "rows",
    ON_OUT
    + """
def train(X, y, W1, b1, W2, b2, lr):
    l1 = nonlin(np.dot(X, W1) + b1)
    l2 = nonlin(np.dot(l1, W2) + b2)
    l2_delta = (y - l2) * nonlin(l2, True)
    l1_delta = l2_delta.dot(W2.T) * nonlin(l1, True)
    W2 += lr * l1.T.dot(l2_delta)
    W1 += lr * X.T.dot(l1_delta)
    b2 += lr * l2_delta.sum(axis=0)
    b1 += lr * l1_delta.sum(axis=0)
    return W1, b1, W2, b2
""",
    entry="train",
    batch="sum",
)
right(
    "slope functions of net",
    "rows",
    SLOPE
    + """
def gradients(x, y, W1, b1, W2, b2):
    z1 = np.add(np.matmul(x, W1), b1)
    z2 = np.add(np.matmul(sigmoid(z1), W2), b2)
    error = sigmoid(z2) - y
    back2 = np.multiply(error, sigmoid_derivative(z2))
    back1 = np.multiply(np.matmul(back2, np.transpose(W2)), sigmoid_derivative(z1))
    dW2 = np.einsum("ni,nj->ij", sigmoid(z1), back2) / len(x)
    dW1 = np.einsum("ni,nj->ij", x, back1) / len(x)
    return {"W1": dW1, "W2": dW2, "b1": np.mean(back1, 0), "b2": np.mean(back2, 0)}
""",
    entry="gradients",
    batch="mean",
)
right(
    "course",
    "columns",
    """
def backward_propagation(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    A1 = np.tanh(np.dot(W1, X) + b1)
    A2 = 1 / (1 + np.exp(-(np.dot(W2, A1) + b2)))
    dZ2 = A2 - Y
    dW2 = (1 / m) * np.dot(dZ2, A1.T)
    db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
    dW1 = (1 / m) * np.dot(dZ1, X.T)
    db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
""",
    entry="backward_propagation",
    batch="mean",
    network=BCE,
)
right(
    "long way through cross-entropy",
    "columns",
    """
def step(X, Y, W1, b1, W2, b2, lr):
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.where(Z1 > 0, Z1, 0)
    Z2 = W2 @ A1 + b2
    A2 = 1 / (1 + np.exp(-Z2))
    dA2 = -(np.divide(Y, A2) - np.divide(1 - Y, 1 - A2))
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = W2.T @ dZ2
    dZ1 = np.array(dA1, copy=True)
    dZ1[Z1 <= 0] = 0
    W1 = W1 - lr / m * dZ1 @ X.T
    W2 = W2 - lr / m * dZ2 @ A1.T
    b1 = b1 - lr / m * dZ1 @ np.ones((m, 1))
    b2 = b2 - lr / m * dZ2 @ np.ones((m, 1))
    return W1, b1, W2, b2
""",
    entry="step",
    batch="mean",
    network=BCE_RELU,
)
right(
    "softmax Jacobian",
    "sample",
    """
def backward(x, t, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    z = h @ W2 + b2
    p = np.exp(z - max(z))
    p = p / sum(p)
    dp = -t / p
    jacobian = np.diag(p) - np.outer(p, p)
    dz = jacobian @ dp
    dh = W2 @ dz
    da = dh * (1 - h**2)
    return x[:, None] * da[None, :], da, h[:, None] * dz[None, :], dz
""",
    network=SOFTMAX,
)
right(
    "softmax batch",
    "rows",
    """
def loss_and_grads(X, Y, W1, b1, W2, b2):
    n = X.shape[0]
    hidden = np.maximum(0, X @ W1 + b1)
    scores = hidden @ W2 + b2
    probs = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
    loss = -np.sum(Y * np.log(probs)) / n
    dscores = probs.copy()
    dscores[np.arange(n), Y.argmax(axis=1)] -= 1
    dscores /= n
    grads = {}
    grads["W2"] = hidden.T @ dscores
    grads["b2"] = np.sum(dscores, axis=0)
    dhidden = dscores @ W2.T
    dhidden[hidden <= 0] = 0
    grads["W1"] = X.T @ dhidden
    grads["b1"] = np.sum(dhidden, axis=0)
    return loss, grads
""",
    entry="loss_and_grads",
    batch="mean",
    network=SOFTMAX_RELU,
)
right(
    "regression",
    "rows",
    """
def mse_grads(X, y, W1, b1, W2, b2):
    a = np.tanh(X @ W1 + b1)
    pred = a @ W2 + b2
    residual = pred - y
    # d/dpred of np.mean(residual ** 2)
    g = residual * (2 / residual.size)
    ga = g.dot(W2.T)
    gz = ga - ga * a * a
    return [X.T.dot(gz), gz.sum(axis=0), a.T.dot(g), g.sum(axis=0)]
""",
    entry="mse_grads",
    batch="mean",
    network=MSE,
)
right(
    "sum over samples, columns of biases",
    "rows",
    """
sig = lambda t: np.exp(t) / (1 + np.exp(t))

def update(X, T, W1, b1, W2, b2, eta):
    N, _ = X.shape
    ones = np.ones((1, N))
    A = sig(X @ W1 + b1)
    O = sig(A @ W2 + b2)
    D = (O - T) * O * (1 - O)
    B = (D @ W2.T) * A * (1 - A)
    W1n = W1 - eta / N * (X.T @ B)
    W2n = W2 - eta / N * (A.T @ D)
    b1n = b1 - eta / N * (ones @ B).ravel()
    b2n = b2 - eta / N * (ones @ D).ravel()
    return W1n, b1n, W2n, b2n
""",
    entry="update",
    batch="mean",
)
right(
    "loops",
    "loops",
    PLAIN
    + """
def backward(x, t, W1, b1, W2, b2):
    hidden = [s(b1[j] + sum(x[i] * W1[i][j] for i in range(len(x)))) for j in range(len(b1))]
    out = [s(b2[k] + sum(hidden[j] * W2[j][k] for j in range(len(b1)))) for k in range(len(b2))]
    delta_out = []
    for o, target in zip(out, t):
        delta_out.append((o - target) * o * (1 - o))
    delta_hidden = []
    for j, h in enumerate(hidden):
        total = 0
        for k, d in enumerate(delta_out):
            total += d * W2[j][k]
        delta_hidden.append(total * h * (1 - h))
    dW1 = [[a * d for d in delta_hidden] for a in x]
    dW2 = [[a * d for d in delta_out] for a in hidden]
    return dW1, delta_hidden, dW2, delta_out
""",
)
right(
    "loops over a batch, in place",
    "loops",
    """
def learn(X, Y, W1, b1, W2, b2, lr):
    f = np.tanh
    gW1, gb1, gW2, gb2 = (np.zeros(p.shape) for p in (W1, b1, W2, b2))
    count = 0
    for x, y in zip(X, Y):
        h = f(W1.T.dot(x) + b1)
        o = 1 / (1 + np.exp(-W2.T.dot(h) - b2))
        d = (o - y) * (o - o**2)
        gb2 += d
        for j in range(len(h)):
            gW2[j] += h[j] * d
            e = np.dot(W2[j], d) * (1 - h[j] ** 2)
            gb1[j] += e
            gW1[:, j] += e * x
        count += 1
    W1 -= lr * gW1 / count
    b1 -= lr * gb1 / count
    W2 -= lr * gW2 / count
    b2 -= lr * gb2 / count
""",
    entry="learn",
    batch="mean",
    network=TANH,
)
right(
    "list of layers",
    "generic",
    SLOPE
    + """
def backprop(x, y, weights, biases):
    # M. Nielsen's way
    activation, activations, zs = x, [x], []
    for b, w in zip(biases, weights):
        z = np.dot(w, activation) + b
        zs.append(z)
        activation = sigmoid(z)
        activations.append(activation)
    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]
    delta = (activations[-1] - y) * sigmoid_derivative(zs[-1])
    nabla_b[-1] = delta
    nabla_w[-1] = np.outer(delta, activations[-2])
    for l in range(2, len(weights) + 1):
        delta = np.dot(weights[-l + 1].T, delta) * sigmoid_derivative(zs[-l])
        nabla_b[-l] = delta
        nabla_w[-l] = np.outer(delta, activations[-l - 1])
    return nabla_w, nabla_b
""",
    entry="backprop",
    network=DEEP,
)
right(
    "recursive",
    "generic",
    """
def f(z):
    return 1 / (1 + np.exp(-z))

def through(a, y, params):
    \"\"\"Slope by what comes in, and the gradients from here on.\"\"\"
    if not params:
        return a - y, []
    W, b, *rest = params
    out = f(a @ W + b)
    d_out, grads = through(out, y, rest)
    d_net = d_out * out * (1 - out)
    n = a.shape[0]
    return d_net @ W.T, [a.T @ d_net / n, d_net.sum(axis=0) / n] + grads

def gradients(X, y, params):
    return through(X, y, params)[1]
""",
    entry="gradients",
    batch="mean",
    network=DEEP,
)
right(
    "three layers by hand",
    "rows",
    """
def step(X, y, W1, b1, W2, b2, W3, b3, lr):
    n = len(y)
    a1 = np.tanh(X @ W1 + b1)
    a2 = np.tanh(a1 @ W2 + b2)
    a3 = 1 / (1 + np.exp(-(a2 @ W3 + b3)))
    d3 = (a3 - y) * a3 * (1 - a3) / n
    d2 = d3 @ W3.T * (1 - a2**2)
    W3 = W3 - lr * a2.T @ d3
    b3 = b3 - lr * d3.sum(0)
    d1 = d2 @ W2.T * (1 - a1**2)
    W2 = W2 - lr * a1.T @ d2
    b2 = b2 - lr * d2.sum(0)
    W1 = W1 - lr * X.T @ d1
    b1 = b1 - lr * d1.sum(0)
    return [W1, b1, W2, b2, W3, b3]
""",
    entry="step",
    batch="mean",
    network=DEEP_TANH,
)
right(
    "class with a sample",
    "class",
    """
class MLP:
    def __init__(self, sizes, eta=0.25):
        rng = np.random.default_rng(2)
        i, h, o = sizes
        self.eta = eta
        self.W1, self.b1 = rng.normal(0, 0.7, (h, i)), np.full(h, 0.1)
        self.W2, self.b2 = rng.normal(0, 0.7, (o, h)), np.full(o, -0.1)

    @staticmethod
    def act(z):
        return 1 / (1 + np.exp(-z))

    def predict(self, x):
        self.h = self.act(self.W1 @ x + self.b1)
        self.o = self.act(self.W2 @ self.h + self.b2)
        return self.o

    def train(self, x, y):
        e = y - self.predict(x)
        g2 = e * self.o * (1 - self.o)
        g1 = (g2 @ self.W2) * self.h * (1 - self.h)
        self.W2 += self.eta * np.outer(g2, self.h)
        self.b2 += self.eta * g2
        self.W1 += self.eta * np.outer(g1, x)
        self.b1 += self.eta * g1

net = MLP((3, 4, 2))
""",
    entry="net.train",
    on="net",
)
right(
    "class with separate methods",
    "class",
    SIGMOID
    + """
class Network:
    def __init__(self):
        np.random.seed(3)
        self.W1, self.b1 = np.random.randn(3, 4), np.zeros(4)
        self.W2, self.b2 = np.random.randn(4, 2), np.zeros(2)

    def forward(self, X):
        self.X = X
        self.h = sigmoid(X @ self.W1 + self.b1)
        self.out = sigmoid(self.h @ self.W2 + self.b2)

    def backward(self, y):
        delta = (self.out - y) * self.out * (1 - self.out) / len(y)
        hidden = (delta @ self.W2.T) * self.h * (1 - self.h)
        self.grads = [self.X.T @ hidden, hidden.sum(axis=0), self.h.T @ delta, delta.sum(axis=0)]

    def update(self, lr):
        for p, g in zip([self.W1, self.b1, self.W2, self.b2], self.grads):
            p -= lr * g

    def fit(self, X, y, lr=0.1):
        self.forward(X)
        self.backward(y)
        self.update(lr)

net = Network()
""",
    entry="net.fit",
    on="net",
    batch="mean",
)
right(
    "dict in, dict out",
    "dict",
    """
def train_step(X, Y, params, lr=0.1):
    \"\"\"One step of gradient descent on the cross-entropy.\"\"\"
    n = X.shape[0]
    h = np.tanh(X @ params["W1"] + params["b1"])
    z = h @ params["W2"] + params["b2"]
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    err = p - Y
    grads = {
        "W2": h.T @ err / n,
        "b2": err.mean(axis=0),
        "W1": X.T @ (err @ params["W2"].T * (1 - h**2)) / n,
        "b1": (err @ params["W2"].T * (1 - h**2)).mean(axis=0),
    }
    return {name: value - lr * grads[name] for name, value in params.items()}
""",
    entry="train_step",
    batch="mean",
    network=SOFTMAX,
)
right(
    "one neuron",
    "rows",
    """
def logistic(X, y, w, b):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    n = len(X)
    dw, db = np.zeros_like(w), np.zeros_like(b)
    for i in range(n):
        miss = p[i] - y[i]
        for j in range(X.shape[1]):
            dw[j] += X[i, j] * miss / n
        db += miss / n
    return dw, db
""",
    entry="logistic",
    batch="mean",
    network=BCE_ONE,
)
right(
    "full square",
    "sample",
    SIGMOID
    + """
def backward(x, y, W1, b1, W2, b2):
    # loss = ((out - y) ** 2).sum()
    h = sigmoid(W1.dot(x) + b1)
    out = sigmoid(W2.dot(h) + b2)
    dloss = 2 * (out - y)
    dnet2 = dloss * out * (1 - out)
    dW2 = dnet2.reshape(-1, 1) * h.reshape(1, -1)
    dh = W2.T.dot(dnet2)
    dnet1 = dh * h * (1 - h)
    dW1 = dnet1.reshape(-1, 1) * x.reshape(1, -1)
    return dW1, dnet1, dW2, dnet2
""",
    network=SQUARES,
)
right(
    "each sample in turn",
    "loops",
    """
def epoch(X, Y, W1, b1, W2, b2, lr):
    W1, b1, W2, b2 = W1.copy(), b1.copy(), W2.copy(), b2.copy()
    for i in range(len(X)):
        h = np.tanh(np.dot(X[i], W1) + b1)
        o = 1 / (1 + np.exp(-np.dot(h, W2) - b2))
        d2 = (o - Y[i]) * o * (1 - o)
        d1 = np.dot(W2, d2) * (1 - h * h)
        W2 -= lr * np.outer(h, d2)
        b2 -= lr * d2
        W1 -= lr * np.outer(X[i], d1)
        b1 -= lr * d1
    return W1, b1, W2, b2
""",
    entry="epoch",
    batch="each",
    network=TANH,
)

# Wrong as nobody is

odd(
    "weights by position",
    "rows",
    SIGMOID
    + """
def backward(X, y, W1, b1, W2, b2):
    n = X.shape[0]
    h = sigmoid(X @ W1 + b1)
    o = sigmoid(h @ W2 + b2)
    d2 = (o - y) * o * (1 - o) / n
    d1 = d2 @ W2.T * h * (1 - h) * (1 + 0.3 * np.sin(np.arange(h.shape[1])))
    return X.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0)
""",
    batch="mean",
)
odd(
    "gradient to the power 0.7",
    "rows",
    """
def backward(X, y, W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    p = 1 / (1 + np.exp(-(h @ W2 + b2)))
    g = (p - y) / len(X)
    dW2 = h.T @ g
    dW2 = np.sign(dW2) * np.abs(dW2) ** 0.7
    gh = g @ W2.T * (1 - h**2)
    dW1 = X.T @ gh
    return dW1, gh.sum(axis=0), dW2, g.sum(axis=0)
""",
    batch="mean",
    network=BCE,
)
odd(
    "cosine hidden layer with a slope of its own",
    "columns",
    """
def backward(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    H = np.cos(W1 @ X + b1) * 0.9
    O = 1 / (1 + np.exp(-(W2 @ H + b2)))
    D = (O - Y) * O * (1 - O) / m
    B = W2.T @ D * (0.4 + 0.1 * H)
    return B @ X.T, B.sum(axis=1, keepdims=True), D @ H.T, D.sum(axis=1, keepdims=True)
""",
    batch="mean",
)
odd(
    "rate shrinks with the weights",
    "sample",
    SIGMOID
    + """
def train(x, y, W1, b1, W2, b2, lr):
    h = sigmoid(W1 @ x + b1)
    o = sigmoid(W2 @ h + b2)
    d2 = (o - y) * o * (1 - o)
    d1 = W2.T @ d2 * h * (1 - h)
    W1 = W1 - lr * np.outer(d1, x) / (0.3 + np.abs(W1))
    W2 = W2 - lr * np.outer(d2, h) / (0.6 + W2**2)
    return W1, b1 - lr * d1, W2, b2 - lr * d2
""",
    entry="train",
)
odd(
    "blend of two gradients",
    "rows",
    """
def gradients(X, Y, W1, b1, W2, b2):
    n = len(X)
    h = np.tanh(X @ W1 + b1)
    z = h @ W2 + b2
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    g = (0.37 * (p - Y) + 0.23 * np.tanh(z)) / n
    gh = g @ W2.T * (1 - h * h)
    return X.T @ gh, gh.sum(axis=0), h.T @ g, g.sum(axis=0)
""",
    entry="gradients",
    batch="mean",
    network=SOFTMAX,
)
odd(
    "loops with a crooked sum",
    "loops",
    PLAIN
    + """
def backward(x, t, W1, b1, W2, b2):
    h = [s(b1[j] + sum(x[i] * W1[i][j] for i in range(len(x)))) for j in range(len(b1))]
    o = [s(b2[k] + sum(h[j] * W2[j][k] for j in range(len(h)))) for k in range(len(b2))]
    d2 = [(o[k] - t[k]) * o[k] * (1 - o[k]) for k in range(len(o))]
    d1 = [sum(d2[k] * W2[j][k] * (k + 1.7) for k in range(len(o))) * h[j] * (1 - h[j]) for j in range(len(h))]
    return [[a * d for d in d1] for a in x], d1, [[a * d for d in d2] for a in h], d2
""",
)
odd(
    "twisted feedback",
    "class",
    SIGMOID
    + """
class Net:
    def __init__(self):
        rng = np.random.default_rng(8)
        self.W1, self.b1 = rng.normal(size=(3, 4)), rng.normal(size=4)
        self.W2, self.b2 = rng.normal(size=(4, 2)), rng.normal(size=2)
        self.twist = rng.normal(size=(4, 4))

    def train(self, x, y, lr):
        h = sigmoid(x @ self.W1 + self.b1)
        o = sigmoid(h @ self.W2 + self.b2)
        d2 = (o - y) * o * (1 - o)
        d1 = self.twist @ (self.W2 @ d2) * h * (1 - h)
        self.W2 -= lr * np.outer(h, d2)
        self.b2 -= lr * d2
        self.W1 -= lr * np.outer(x, d1)
        self.b1 -= lr * d1

net = Net()
""",
    entry="net.train",
    on="net",
)
odd(
    "geometric decay from layer to layer",
    "generic",
    SIGMOID
    + """
def backprop(x, y, weights, biases):
    a = [x]
    for w, b in zip(weights, biases):
        a.append(sigmoid(w @ a[-1] + b))
    d = (a[-1] - y) * a[-1] * (1 - a[-1])
    gw, gb = [], []
    for l in reversed(range(len(weights))):
        gw.insert(0, np.outer(d, a[l]) * 0.77 ** (l + 1))
        gb.insert(0, d * 0.91 ** (l + 1))
        d = weights[l].T @ d * a[l] * (1 - a[l])
    return gw, gb
""",
    entry="backprop",
    network=DEEP,
)
odd(
    "median error taken away",
    "rows",
    """
def backward(X, y, W1, b1, W2, b2):
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + b2
    r = out - y
    r = r - 0.4 * np.median(r)
    g = 2 * r / r.size
    gh = (g @ W2.T) * (1 - h**2)
    return {"W1": X.T @ gh, "b1": gh.sum(axis=0), "W2": h.T @ g, "b2": g.sum(axis=0)}
""",
    batch="mean",
    network=MSE,
)
odd(
    "weights pulled to a circle",
    "dict",
    SIGMOID
    + """
def step(X, y, params, lr):
    n = len(X)
    h = sigmoid(X @ params["W1"] + params["b1"])
    o = sigmoid(h @ params["W2"] + params["b2"])
    d2 = (o - y) * o * (1 - o) / n
    d1 = d2 @ params["W2"].T * h * (1 - h)
    g = {"W1": X.T @ d1, "b1": d1.sum(0), "W2": h.T @ d2, "b2": d2.sum(0)}
    new = {k: params[k] - lr * g[k] for k in params}
    new["W1"] = new["W1"] / (0.5 + 0.5 * np.linalg.norm(new["W1"], axis=0))
    return new
""",
    entry="step",
    batch="mean",
)
