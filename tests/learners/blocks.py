"""Programs with blocks as learners write them, right ones and slips in them: plain text, no line of the kit."""

from __future__ import annotations

import bpkit as bp
from bpkit import blocks
from learners.program import Program

HEAD = "import numpy as np\n\n\ndef sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n\n\n"

RNN = """\
def rnn(x, y, Wx1, Wh1, b1, W2, b2):
    T = len(x)
    hs = {-1: np.zeros(len(b1))}
    for t in range(T):
        hs[t] = np.tanh(x[t] @ Wx1 + hs[t - 1] @ Wh1 + b1)
    out = hs[T - 1] @ W2 + b2
    dout = out - y
    dW2 = np.outer(hs[T - 1], dout)
    db2 = dout
    dWx, dWh, db = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dh = W2 @ dout
    for t in reversed(range(T)):
        dnet = dh * (1 - hs[t] ** 2)
        dWx += np.outer(x[t], dnet)
        dWh += np.outer(hs[t - 1], dnet)
        db += dnet
        dh = Wh1 @ dnet
    return dWx, dWh, db, dW2, db2
"""

RNN_ALL = """\
def rnn_all(x, y, Wxh, Whh, bh, Why, by):
    T, H = len(x), len(bh)
    h = np.zeros((T + 1, H))
    out = np.zeros_like(y)
    for t in range(T):
        h[t + 1] = np.tanh(x[t] @ Wxh + h[t] @ Whh + bh)
        out[t] = h[t + 1] @ Why + by
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dh_next = np.zeros(H)
    for t in range(T - 1, -1, -1):
        dy = out[t] - y[t]
        dWhy += np.outer(h[t + 1], dy)
        dby += dy
        dh = Why @ dy + dh_next
        dz = (1 - h[t + 1] ** 2) * dh
        dWxh += np.outer(x[t], dz)
        dWhh += np.outer(h[t], dz)
        dbh += dz
        dh_next = Whh @ dz
    return {"dWxh": dWxh, "dWhh": dWhh, "dbh": dbh, "dWhy": dWhy, "dby": dby}
"""

KARPATHY = """\
def karpathy(xs, ys, params):
    Wx, Wh, b, Wy, by = params
    hs, outs = [np.zeros((len(b), 1))], []
    for t in range(len(xs)):
        h = np.tanh(Wx @ xs[t].reshape(-1, 1) + Wh @ hs[-1] + b)
        hs.append(h)
        outs.append(Wy @ h + by)
    dWx, dWh, db, dWy, dby = [np.zeros_like(p) for p in params]
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(xs))):
        dy = outs[t] - ys[t].reshape(-1, 1)
        dWy += dy @ hs[t + 1].T
        dby += dy
        dh = Wy.T @ dy + dhnext
        draw = (1 - hs[t + 1] * hs[t + 1]) * dh
        db += draw
        dWx += draw @ xs[t].reshape(1, -1)
        dWh += draw @ hs[t].T
        dhnext = Wh.T @ draw
    return dWx, dWh, db, dWy, dby
"""

LSTM = """\
def lstm(x, y, Wx, Wh, b, W2, b2):
    T, H = len(x), len(b) // 4
    h, c = np.zeros(H), np.zeros(H)
    cache = []
    for t in range(T):
        z = x[t] @ Wx + h @ Wh + b
        i, f, o = sigmoid(z[:H]), sigmoid(z[H:2 * H]), sigmoid(z[2 * H:3 * H])
        g = np.tanh(z[3 * H:])
        c_new = f * c + i * g
        tc = np.tanh(c_new)
        h_new = o * tc
        cache.append((h, c, i, f, o, g, tc))
        h, c = h_new, c_new
    out = h @ W2 + b2
    dout = out - y
    dW2, db2 = np.outer(h, dout), dout
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh, dc = W2 @ dout, np.zeros(H)
    for t in range(T - 1, -1, -1):
        h_prev, c_prev, i, f, o, g, tc = cache[t]
        do = dh * tc
        dc = dc + dh * o * (1 - tc ** 2)
        di, df, dg = dc * g, dc * c_prev, dc * i
        dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])
        dWx += np.outer(x[t], dz)
        dWh += np.outer(h_prev, dz)
        db += dz
        dh = Wh @ dz
        dc = dc * f
    return dWx, dWh, db, dW2, db2
"""

CONV = """\
def conv(x, y, k1, b1, W3, b3):
    n = len(x) - len(k1) + 1
    z = np.array([x[i:i + len(k1)] @ k1 for i in range(n)]) + b1
    a = np.tanh(z)
    pooled = a.reshape(-1, 2).max(axis=1)
    where = a.reshape(-1, 2).argmax(axis=1)
    out = pooled @ W3 + b3
    d = out - y
    dW3, db3 = np.outer(pooled, d), d
    dp = W3 @ d
    da = np.zeros_like(a)
    for i, j in enumerate(where):
        da[2 * i + j] = dp[i]
    dz = da * (1 - a ** 2)
    dk = np.zeros_like(k1)
    for i in range(n):
        dk += dz[i] * x[i:i + len(k1)]
    db = dz.sum()
    return dk, db, dW3, db3
"""

CONV2 = """\
def conv2(x, y, kernel, bias, W, b):
    s = kernel.shape[0]
    n, m = x.shape[0] - s + 1, x.shape[1] - s + 1
    z = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            z[i, j] = np.sum(x[i:i + s, j:j + s] * kernel) + bias[0]
    a = np.maximum(z, 0)
    p = np.zeros((n // 2, m // 2))
    for i in range(n // 2):
        for j in range(m // 2):
            p[i, j] = a[2 * i:2 * i + 2, 2 * j:2 * j + 2].max()
    flat = p.ravel()
    out = flat @ W + b
    d = out - y
    dW, db = np.outer(flat, d), d
    dp = (W @ d).reshape(p.shape)
    da = np.zeros_like(a)
    for i in range(n // 2):
        for j in range(m // 2):
            block = a[2 * i:2 * i + 2, 2 * j:2 * j + 2]
            r, c = np.unravel_index(block.argmax(), block.shape)
            da[2 * i + r, 2 * j + c] = dp[i, j]
    dz = da * (z > 0)
    dkernel = np.zeros_like(kernel)
    for a_ in range(s):
        for b_ in range(s):
            dkernel[a_, b_] = np.sum(dz * x[a_:a_ + n, b_:b_ + m])
    return dkernel, np.array([dz.sum()]), dW, db
"""

ATTENTION = """\
def attention(X, Y, Wq, Wk, Wv):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    s = np.sqrt(Q.shape[1])
    S = Q @ K.T / s
    A = np.exp(S - S.max(axis=1, keepdims=True))
    A = A / A.sum(axis=1, keepdims=True)
    O = A @ V
    dO = O - Y
    dV = A.T @ dO
    dA = dO @ V.T
    dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))
    dQ = dS @ K / s
    dK = dS.T @ Q / s
    return X.T @ dQ, X.T @ dK, X.T @ dV
"""

NORM = """\
def norm(x, y, W1, b1, gamma, beta, W3, b3):
    h = np.tanh(x @ W1 + b1)
    mu = h.mean()
    xc = h - mu
    var = (xc ** 2).mean()
    std = np.sqrt(var + 1e-5)
    xhat = xc / std
    n = gamma * xhat + beta
    out = n @ W3 + b3
    dout = out - y
    dW3, db3 = np.outer(n, dout), dout
    dn = W3 @ dout
    dgamma, dbeta = dn * xhat, dn
    dxhat = dn * gamma
    dh = (dxhat - dxhat.mean() - xhat * (dxhat * xhat).mean()) / std
    dz = dh * (1 - h ** 2)
    return np.outer(x, dz), dz, dgamma, dbeta, dW3, db3
"""

RESIDUAL = """\
def residual(x, y, W1, b1, W2, b2):
    a = np.tanh(x @ W1 + b1)
    r = x + a
    out = r @ W2 + b2
    d = out - y
    dr = W2 @ d
    dz = dr * (1 - a * a)
    return np.outer(x, dz), dz, np.outer(r, d), d
"""

EMBEDDING = """\
def embedding(x, y, E, Wx, Wh, b, W, by):
    e = E[x]
    T = len(x)
    hs = [np.zeros(len(b))]
    for t in range(T):
        hs.append(np.tanh(e[t] @ Wx + hs[-1] @ Wh + b))
    out = hs[-1] @ W + by
    dout = out - y
    dW, dby = np.outer(hs[-1], dout), dout
    dE, dWx, dWh, db = np.zeros_like(E), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh = W @ dout
    for t in range(T - 1, -1, -1):
        dz = dh * (1 - hs[t + 1] ** 2)
        dWx += np.outer(e[t], dz)
        dWh += np.outer(hs[t], dz)
        db += dz
        dE[x[t]] += Wx @ dz
        dh = Wh @ dz
    return dE, dWx, dWh, db, dW, dby
"""
MODELS = {
    "rnn": (RNN, bp.Model((3, 2), blocks.Recurrent(4), blocks.Dense(1))),
    "rnn_all": (RNN_ALL, bp.Model((3, 2), blocks.Recurrent(4, steps="all"), blocks.Dense(1))),
    "karpathy": (KARPATHY, bp.Model((3, 2), blocks.Recurrent(4, steps="all"), blocks.Dense(1))),
    "lstm": (LSTM, bp.Model((3, 2), blocks.LSTM(2), blocks.Dense(1))),
    "conv": (CONV, bp.Model((7,), blocks.Conv1d(2, "tanh"), blocks.MaxPool(2), blocks.Dense(1))),
    "conv2": (CONV2, bp.Model((5, 5), blocks.Conv2d(2, "relu"), blocks.MaxPool(2), blocks.Dense(2))),
    "attention": (ATTENTION, bp.Model((3, 2), blocks.Attention(4))),
    "square": (ATTENTION, bp.Model((2, 2), blocks.Attention(2))),
    "norm": (NORM, bp.Model(3, blocks.Dense(4, "tanh"), blocks.LayerNorm(), blocks.Dense(2))),
    "residual": (RESIDUAL, bp.Model(3, blocks.Residual(blocks.Dense(3, "tanh")), blocks.Dense(2))),
    "embedding": (EMBEDDING, bp.Model((3,), blocks.Embedding(5, 2), blocks.Recurrent(3), blocks.Dense(2))),
}
# The program, what stands there, what a learner writes instead, and the name of the mistake.
SLIPS = [
    ("rnn", "        dh = Wh1 @ dnet\n", "        dh = np.zeros(len(b1))\n", "cuts the way back through time"),
    ("rnn", "dnet = dh * (1 - hs[t] ** 2)", "dnet = dh", "forgets the hidden slope"),
    ("rnn", "dWh += np.outer(hs[t - 1], dnet)", "dWh += np.outer(hs[t], dnet)", "takes the state of the same step"),
    ("rnn", "dWx += np.outer", "dWx = np.outer", "counts one use of a shared weight only"),
    ("rnn", "db += dnet", "db = dnet", "counts one use of a shared weight only"),
    ("rnn", "dWh += np.outer", "dWh = np.outer", "counts one use of a shared weight only"),
    ("rnn", "1 - hs[t] ** 2", "hs[t] * (1 - hs[t])", "uses the sigmoid's slope"),
    ("rnn", "dout = out - y", "dout = y - out", "sign"),
    ("rnn", "dout = out - y", "dout = 2 * (out - y)", "½"),
    ("rnn", "dh = W2 @ dout", "dh = np.ones_like(b1) * dout", "weight"),
    ("rnn_all", "dh = Why @ dy + dh_next", "dh = Why @ dy", "cuts the way back through time"),
    ("rnn_all", "dz = (1 - h[t + 1] ** 2) * dh", "dz = dh", "forgets the hidden slope"),
    ("rnn_all", "dWhh += np.outer(h[t], dz)", "dWhh += np.outer(h[t + 1], dz)", "takes the state of the same step"),
    ("rnn_all", "dby += dy", "dby = dy", "counts one use of a shared weight only"),
    ("rnn_all", "dWhy += np.outer", "dWhy = np.outer", "counts one use of a shared weight only"),
    ("rnn_all", "dy = out[t] - y[t]", "dy = y[t] - out[t]", "sign"),
    ("rnn_all", "dz = (1 - h[t + 1] ** 2) * dh", "dz = (1 - h[t] ** 2) * dh", "takes the slope of another step"),
    ("rnn_all", "dh_next = Whh @ dz", "dh_next = Whh.T @ dz", "transpos|rows and columns|another weight"),
    ("karpathy", "dh = Wy.T @ dy + dhnext", "dh = Wy.T @ dy", "cuts the way back through time"),
    ("karpathy", "draw = (1 - hs[t + 1] * hs[t + 1]) * dh", "draw = dh", "forgets the hidden slope"),
    ("karpathy", "dWh += draw @ hs[t].T", "dWh += draw @ hs[t + 1].T", "takes the state of the same step"),
    ("karpathy", "dhnext = Wh.T @ draw", "dhnext = Wh @ draw", "transpos|rows and columns|another weight"),
    ("lstm", "        dc = dc * f\n", "        dc = np.zeros(H)\n", "cuts the way back through the cell"),
    ("lstm", "        dh = Wh @ dz\n", "        dh = np.zeros(H)\n", "cuts the way back through the gates"),
    ("lstm", "dc = dc + dh * o * (1 - tc ** 2)", "dc = dc + dh * o", "forgets the slope of the squashed cell"),
    ("lstm", "df * f * (1 - f)", "df", "forgets the slope of a gate"),
    ("lstm", "dg * (1 - g ** 2)", "dg", "forgets the slope of a gate"),
    ("lstm", "dc * c_prev", "dc * cache[t + 1][1] if t + 1 < T else dc * c", "takes the state of the same step"),
    ("lstm", "dWh += np.outer", "dWh = np.outer", "counts one use of a shared weight only"),
    ("lstm", "dg * (1 - g ** 2)", "dg * g * (1 - g)", "uses the sigmoid's slope"),
    ("conv", "x[i:i + len(k1)]\n    db", "x[i:i + len(k1)][::-1]\n    db", "turns the kernel round"),
    (
        "conv",
        "    db = dz.sum()\n",
        "    dk = np.convolve(x, dz, 'valid')\n    db = dz.sum()\n",
        "turns the kernel round",
    ),
    ("conv", "dk += dz[i] *", "dk = dz[i] *", "counts one use of a shared weight only"),
    ("conv", "db = dz.sum()", "db = dz[-1]", "counts one use of a shared weight only"),
    ("conv", "da[2 * i + j] = dp[i]", "da[2 * i : 2 * i + 2] = dp[i]", "passes the slope of a maximum to all"),
    ("conv", "dz = da * (1 - a ** 2)", "dz = da", "forgets the hidden slope"),
    ("conv", "db = dz.sum()", "db = dz.mean()", "mean"),
    ("conv", "x[i:i + len(k1)] @ k1 for", "x[i:i + len(k1)] @ k1[::-1] for", "turns the kernel round"),
    (
        "conv2",
        "da[2 * i + r, 2 * j + c] = dp[i, j]",
        "da[2 * i:2 * i + 2, 2 * j:2 * j + 2] = dp[i, j]",
        "passes the slope of a maximum to all",
    ),
    ("conv2", "dz = da * (z > 0)", "dz = da", "forgets the hidden slope"),
    (
        "conv2",
        "    return dkernel,",
        "    dkernel = dkernel[::-1, ::-1]\n    return dkernel,",
        "turns the kernel round",
    ),
    (
        "attention",
        "dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))",
        "dS = A * (1 - A) * dA",
        "takes only the diagonal of the softmax slope",
    ),
    ("attention", "dK = dS.T @ Q / s", "dK = dS.T @ Q", "forgets the root of the width"),
    ("attention", "    S = Q @ K.T / s", "    S = Q @ K.T", "forgets the root of the width"),
    (
        "attention",
        "    s = np.sqrt(Q.shape[1])\n    S = Q @ K.T / s",
        "    s = 1.0\n    S = Q @ K.T",
        "forgets the root of the width",
    ),
    (
        "attention",
        "S.max(axis=1, keepdims=True))\n    A = A / A.sum(axis=1,",
        "S.max())\n    A = A / A.sum(axis=0,",
        "takes the softmax over the wrong axis",
    ),
    ("attention", "dQ = dS @ K", "dQ = dS.T @ K", "transposes a matrix on the way back"),
    ("attention", "dV = A.T @ dO", "dV = A @ dO", "does not transpose a matrix on the way back"),
    ("attention", "dK = dS.T @ Q / s", "dK = dS @ Q / s", "does not transpose a matrix on the way back"),
    ("attention", "dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))", "dS = dA", "forgets the slope of the softmax"),
    (
        "attention",
        "(dA * A).sum(axis=1, keepdims=True)",
        "(dA * A).sum(axis=0, keepdims=True)",
        "takes the softmax over the wrong axis",
    ),
    ("square", "    S = Q @ K.T / s", "    S = Q @ K / s", "does not transpose the keys"),
    ("square", "dV = A.T @ dO", "dV = A @ dO", "does not transpose a matrix on the way back"),
    (
        "norm",
        "(dxhat - dxhat.mean() - xhat * (dxhat * xhat).mean()) / std",
        "dxhat / std",
        "takes mean and spread for constants",
    ),
    (
        "norm",
        "(dxhat - dxhat.mean() - xhat * (dxhat * xhat).mean()) / std",
        "(dxhat - dxhat.mean()) / std",
        "takes the spread for a constant",
    ),
    (
        "norm",
        "(dxhat - dxhat.mean() - xhat * (dxhat * xhat).mean()) / std",
        "(dxhat - xhat * (dxhat * xhat).mean()) / std",
        "takes the mean for a constant",
    ),
    ("norm", "dz = dh * (1 - h ** 2)", "dz = dh", "forgets the hidden slope"),
    ("norm", "dxhat = dn * gamma", "dxhat = dn", "leaves out the gain"),
    ("norm", "dgamma, dbeta = dn * xhat, dn", "dgamma, dbeta = dn, dn", "input|signal|factor"),
    ("norm", "dout = out - y", "dout = y - out", "sign"),
    ("residual", "r = x + a", "r = a", "forgets the way past the blocks"),
    ("residual", "dz = dr * (1 - a * a)", "dz = dr", "forgets the hidden slope"),
    ("embedding", "        dE[x[t]] += Wx @ dz\n", "        dE += Wx @ dz\n", "updates all rows of the table"),
    ("embedding", "dE[x[t]] += Wx @ dz", "dE[x[t]] = Wx @ dz", "counts one use of a shared weight only"),
    ("embedding", "        dh = Wh @ dz\n", "        dh = 0 * dh\n", "cuts the way back through time"),
    (
        "rnn",
        "    for t in reversed(range(T)):\n",
        "    for t in range(T - 1, T - 3, -1):\n",
        "cuts the way back through time",
    ),
    ("rnn", "1 - hs[t] ** 2", "1 - hs[t]", "forgets the square in the slope of tanh"),
    ("lstm", "di * i * (1 - i), df * f * (1 - f), do * o * (1 - o)", "di, df, do", "forgets the slope of a gate"),
    (
        "conv",
        "    for i in range(n):\n        dk",
        "    x = np.roll(x, 1)\n    for i in range(n):\n        dk",
        "shifts the kernel by one",
    ),
    (
        "attention",
        "    return X.T @ dQ, X.T @ dK, X.T @ dV",
        "    dQ, dK = dK, dQ\n    return X.T @ dQ, X.T @ dK, X.T @ dV",
        "swaps queries and keys on the way back",
    ),
    (
        "embedding",
        "    return dE, dWx",
        "    dE /= np.maximum(np.bincount(x, minlength=len(E)), 1)[:, None]\n    return dE, dWx",
        "takes the mean over the uses of a shared weight",
    ),
]


def right() -> list[Program]:
    """Right programs: one for each block at least."""
    return [_program(name, HEAD + text, model) for name, (text, model) in MODELS.items()]


def wrong() -> list[Program]:
    """The same with a slip each."""
    found = []
    for number, (name, old, new, mistake) in enumerate(SLIPS):
        text, model = MODELS[name]
        if not mistake or old == new:
            continue
        assert text.count(old) == 1, (name, old)
        source = HEAD + text.replace(old, new)
        first = (HEAD + text[: text.index(old)]).count("\n") + 1 + (old[0] == "\n")
        lines = tuple(range(first, first + new.rstrip("\n").count("\n") + 1))
        found.append(_program(f"{name}-{number}", source, model, mistake, lines))
    return found


def _program(name: str, source: str, model: bp.Model, mistake: str = "", lines: tuple[int, ...] = ()) -> Program:
    entry = source.split("def ")[-1].partition("(")[0]
    verdict = "misconception" if mistake else "correct"
    return Program(
        name, "block", mistake, source, entry, "", {"network": model}, (mistake,) if mistake else (), lines, verdict
    )


def programs() -> list[Program]:
    """All of them."""
    return [*right(), *wrong()]
