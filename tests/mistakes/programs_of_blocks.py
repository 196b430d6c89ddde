"""Programs of learners that pass back through blocks: right ones, and wrong ones with the name of their mistake.

Each program is whole: forward and backward, one sample through a small model, in NumPy and by hand. ``RIGHT`` lists
those that are right; ``WRONG`` has under each mistake the programs that make it, most of which are a right one with
some lines otherwise. The loss is half the squared error, summed over all outputs. Run as a script, the file checks
itself: the right programs are right, and the wrong ones are seen to be wrong.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from learners import program as learner
from learners.templates import Edit, edited, unmarked

import bpkit as bp
from bpkit import blocks

MODELS = {
    "rnn_last": bp.Model((4, 1), blocks.Recurrent(2), blocks.Dense(1)),
    "rnn_all": bp.Model((3, 1), blocks.Recurrent(2, steps="all"), blocks.Dense(1)),
    "rnn_wide": bp.Model((3, 3), blocks.Recurrent(2), blocks.Dense(2)),
    "lstm_one": bp.Model((3, 1), blocks.LSTM(1), blocks.Dense(1)),
    "lstm": bp.Model((3, 2), blocks.LSTM(2), blocks.Dense(1)),
    "lstm_all": bp.Model((3, 1), blocks.LSTM(2, steps="all"), blocks.Dense(1)),
    "conv_pool": bp.Model((8,), blocks.Conv1d(3, "tanh"), blocks.MaxPool(2), blocks.Dense(1)),
    "conv_relu": bp.Model((6,), blocks.Conv1d(3, "relu"), blocks.Dense(2)),
    "conv_conv": bp.Model((7,), blocks.Conv1d(3, "tanh"), blocks.Conv1d(2, "tanh"), blocks.Dense(1)),
    "conv2d": bp.Model((4, 4), blocks.Conv2d(2, "tanh"), blocks.Dense(1)),
    "norm": bp.Model(3, blocks.Dense(4, "tanh"), blocks.LayerNorm(), blocks.Dense(1)),
    "norm_last": bp.Model(3, blocks.Dense(4), blocks.LayerNorm()),
    "norm_tokens": bp.Model((3, 2), blocks.Dense(3, "tanh"), blocks.LayerNorm()),
    "residual": bp.Model(2, blocks.Dense(3, "tanh"), blocks.Residual(blocks.Dense(3, "tanh")), blocks.Dense(1)),
    "residual_first": bp.Model(3, blocks.Residual(blocks.Dense(3, "tanh")), blocks.Dense(2)),
    "attention": bp.Model((4, 3), blocks.Attention(2)),
    "attention_square": bp.Model((3, 2), blocks.Attention(3)),
    "attention_dense": bp.Model((3, 2), blocks.Attention(2), blocks.Dense(1)),
    "embed_attention": bp.Model((4,), blocks.Embedding(5, 2), blocks.Attention(2)),
    "embed_dense": bp.Model((4,), blocks.Embedding(5, 3), blocks.Dense(2)),
    "dense": bp.Model(2, blocks.Dense(3, "tanh"), blocks.Dense(1)),
}


@dataclass(frozen=True)
class Program:
    """A learner's program: the model of ``MODELS`` that it is about, and what it returns.

    ``returns`` is "gradients", "parameters" (such a program takes a learning rate ``lr`` last), "outputs" or "loss".
    ``slipped`` is what it has otherwise than a right one, ``expected`` the mistake that it makes.
    """

    model: str
    function: Callable[..., Any]
    returns: str = "gradients"
    slipped: str = ""
    expected: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.function.__name__, self.slipped)))


def rnn_dict_of_states(x, y, Wx1, Wh1, b1, W2, b2):
    hs = {-1: np.zeros(2)}
    T = len(x)
    for t in range(T):
        hs[t] = np.tanh(x[t] @ Wx1 + hs[t - 1] @ Wh1 + b1)
    out = hs[T - 1] @ W2 + b2
    dout = out - y
    dW2 = np.outer(hs[T - 1], dout)
    db2 = dout
    dWx1 = np.zeros_like(Wx1)
    dWh1 = np.zeros_like(Wh1)
    db1 = np.zeros_like(b1)
    dh = W2 @ dout
    for t in reversed(range(T)):
        dz = (1 - hs[t] ** 2) * dh
        dWx1 += np.outer(x[t], dz)
        dWh1 += np.outer(hs[t - 1], dz)
        db1 += dz
        dh = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_named_dict(x, y, Wx1, Wh1, b1, W2, b2):
    def forward():
        H = np.zeros((len(x) + 1, len(b1)))
        for t in range(len(x)):
            H[t + 1] = np.tanh(x[t].dot(Wx1) + H[t].dot(Wh1) + b1)
        return H, H[-1].dot(W2) + b2

    def backward(H, pred):
        delta = pred - y
        grads = {"W2": H[-1][:, None] * delta, "b2": delta}
        grads["Wx1"], grads["Wh1"], grads["b1"] = 0.0, 0.0, 0.0
        dstate = delta.dot(W2.T)
        for t in range(len(x), 0, -1):
            draw = dstate * (1 - H[t] * H[t])
            grads["Wx1"] = grads["Wx1"] + x[t - 1][:, None] * draw
            grads["Wh1"] = grads["Wh1"] + H[t - 1][:, None] * draw
            grads["b1"] = grads["b1"] + draw
            dstate = draw.dot(Wh1.T)
        return grads

    return backward(*forward())


def rnn_training_step(x, y, Wx1, Wh1, b1, W2, b2, lr):
    states = [np.zeros(b1.shape)]
    for xt in x:
        states.append(np.tanh(xt @ Wx1 + states[-1] @ Wh1 + b1))
    y_hat = states[-1] @ W2 + b2
    err = y_hat - y
    gW2, gb2 = np.outer(states[-1], err), err
    gWx, gWh, gb = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    g = err @ W2.T
    for t in range(len(x) - 1, -1, -1):
        g = g * (1 - states[t + 1] ** 2)
        gWx += np.outer(x[t], g)
        gWh += np.outer(states[t], g)
        gb += g
        g = g @ Wh1.T
    return Wx1 - lr * gWx, Wh1 - lr * gWh, b1 - lr * gb, W2 - lr * gW2, b2 - lr * gb2


def rnn_loss_only(x, y, Wx1, Wh1, b1, W2, b2):
    h = np.zeros_like(b1)
    for xt in x:
        h = np.tanh(xt @ Wx1 + h @ Wh1 + b1)
    y_pred = h @ W2 + b2
    return 0.5 * np.sum((y_pred - y) ** 2)


def rnn_every_step_lists(x, y, Wx1, Wh1, b1, W2, b2):
    hs, outs = [], []
    h = np.zeros(2)
    for t in range(len(x)):
        h = np.tanh(x[t] @ Wx1 + h @ Wh1 + b1)
        hs.append(h)
        outs.append(h @ W2 + b2)
    dWx1, dWh1, db1 = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dW2, db2 = np.zeros_like(W2), np.zeros_like(b2)
    dh_next = np.zeros(2)
    for t in range(len(x) - 1, -1, -1):
        dy = outs[t] - y[t]
        dW2 += np.outer(hs[t], dy)
        db2 += dy
        dh = W2 @ dy + dh_next
        dz = dh * (1 - hs[t] ** 2)
        h_prev = hs[t - 1] if t > 0 else np.zeros(2)
        dWx1 += np.outer(x[t], dz)
        dWh1 += np.outer(h_prev, dz)
        db1 += dz
        dh_next = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_every_step_vectorised(x, y, Wx1, Wh1, b1, W2, b2):
    T, n = len(x), len(b1)
    H = np.zeros((T + 1, n))
    for t in range(T):
        H[t + 1] = np.tanh(x[t] @ Wx1 + H[t] @ Wh1 + b1)
    E = H[1:] @ W2 + b2 - y
    D = np.zeros((T, n))
    carry = np.zeros(n)
    for t in reversed(range(T)):
        D[t] = (E[t] @ W2.T + carry) * (1 - H[t + 1] ** 2)
        carry = D[t] @ Wh1.T
    return x.T @ D, H[:-1].T @ D, D.sum(axis=0), H[1:].T @ E, E.sum(axis=0)


def rnn_every_step_outputs(x, y, Wx1, Wh1, b1, W2, b2):
    state = np.zeros(Wh1.shape[0])
    predictions = []
    for row in x:
        state = np.tanh(np.dot(row, Wx1) + np.dot(state, Wh1) + b1)
        predictions.append(np.dot(state, W2) + b2)
    return np.array(predictions)


def rnn_columns(x, y, Wx1, Wh1, b1, W2, b2):
    xs, hs = {}, {-1: np.zeros((2, 1))}
    for t in range(len(x)):
        xs[t] = x[t].reshape(-1, 1)
        hs[t] = np.tanh(Wx1.T @ xs[t] + Wh1.T @ hs[t - 1] + b1.reshape(-1, 1))
    last = len(x) - 1
    o = W2.T @ hs[last] + b2.reshape(-1, 1)
    do = o - y.reshape(-1, 1)
    dW2 = hs[last] @ do.T
    db2 = do.ravel()
    dWx1, dWh1, db1 = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dh = W2 @ do
    for t in range(last, -1, -1):
        dhraw = (1 - hs[t] * hs[t]) * dh
        dWx1 += xs[t] @ dhraw.T
        dWh1 += hs[t - 1] @ dhraw.T
        db1 += dhraw.ravel()
        dh = Wh1 @ dhraw
    return dWx1, dWh1, db1, dW2, db2


def rnn_plain_loops(x, y, Wx1, Wh1, b1, W2, b2):
    steps, inputs = x.shape
    units = len(b1)
    h = np.zeros((steps + 1, units))
    for t in range(steps):
        for j in range(units):
            s = b1[j]
            for i in range(inputs):
                s += x[t, i] * Wx1[i, j]
            for i in range(units):
                s += h[t, i] * Wh1[i, j]
            h[t + 1, j] = np.tanh(s)
    out = h[steps] @ W2 + b2
    d_out = out - y
    gWx, gWh, gb = np.zeros(Wx1.shape), np.zeros(Wh1.shape), np.zeros(b1.shape)
    d_h = np.zeros((steps + 1, units))
    d_h[steps] = W2 @ d_out
    for t in range(steps, 0, -1):
        for j in range(units):
            d_net = d_h[t, j] * (1 - h[t, j] ** 2)
            for i in range(inputs):
                gWx[i, j] += d_net * x[t - 1, i]
            for i in range(units):
                gWh[i, j] += d_net * h[t - 1, i]
                d_h[t - 1, i] += d_net * Wh1[i, j]
            gb[j] += d_net
    return gWx, gWh, gb, np.outer(h[steps], d_out), d_out


def lstm_one_cell(x, y, Wx1, Wh1, b1, W2, b2):
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    h, c = np.zeros(1), np.zeros(1)
    cache = []
    for t in range(len(x)):
        z = x[t] @ Wx1 + h @ Wh1 + b1
        i, f, o, g = sigmoid(z[0]), sigmoid(z[1]), sigmoid(z[2]), np.tanh(z[3])
        h_prev, c_prev = h, c
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        cache.append((x[t], h_prev, c_prev, i, f, o, g, c))
    out = h @ W2 + b2
    dout = out - y
    dW2, db2 = np.outer(h, dout), dout
    dWx1, dWh1, db1 = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dh, dc = W2 @ dout, np.zeros(1)
    for xt, h_prev, c_prev, i, f, o, g, c in reversed(cache):
        tc = np.tanh(c)
        do = dh * tc
        dc = dc + dh * o * (1 - tc**2)
        di, df, dg = dc * g, dc * c_prev, dc * i
        dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
        dWx1 += np.outer(xt, dz)
        dWh1 += np.outer(h_prev, dz)
        db1 += dz
        dh = Wh1 @ dz
        dc = dc * f
    return dWx1, dWh1, db1, dW2, db2


def lstm_dicts(x, y, Wx1, Wh1, b1, W2, b2):
    n = Wh1.shape[0]
    T = len(x)
    sig = lambda a: 1.0 / (1.0 + np.exp(-a))
    gi, gf, go, gg = {}, {}, {}, {}
    C, H = {-1: np.zeros(n)}, {-1: np.zeros(n)}
    for t in range(T):
        a = np.dot(x[t], Wx1) + np.dot(H[t - 1], Wh1) + b1
        gi[t] = sig(a[0:n])
        gf[t] = sig(a[n : 2 * n])
        go[t] = sig(a[2 * n : 3 * n])
        gg[t] = np.tanh(a[3 * n : 4 * n])
        C[t] = gf[t] * C[t - 1] + gi[t] * gg[t]
        H[t] = go[t] * np.tanh(C[t])
    prediction = np.dot(H[T - 1], W2) + b2
    dp = prediction - y
    grads = {
        "Wx1": np.zeros_like(Wx1),
        "Wh1": np.zeros_like(Wh1),
        "b1": np.zeros_like(b1),
        "W2": np.outer(H[T - 1], dp),
        "b2": dp,
    }
    dH = np.dot(W2, dp)
    dC = np.zeros(n)
    for t in reversed(range(T)):
        dC = dC + dH * go[t] * (1 - np.tanh(C[t]) ** 2)
        da = np.zeros(4 * n)
        da[0:n] = dC * gg[t] * gi[t] * (1 - gi[t])
        da[n : 2 * n] = dC * C[t - 1] * gf[t] * (1 - gf[t])
        da[2 * n : 3 * n] = dH * np.tanh(C[t]) * go[t] * (1 - go[t])
        da[3 * n : 4 * n] = dC * gi[t] * (1 - gg[t] ** 2)
        grads["Wx1"] += np.outer(x[t], da)
        grads["Wh1"] += np.outer(H[t - 1], da)
        grads["b1"] += da
        dH = np.dot(Wh1, da)
        dC = dC * gf[t]
    return grads


def lstm_every_step(x, y, Wx1, Wh1, b1, W2, b2):
    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    def step(xt, h_prev, c_prev):
        zi, zf, zo, zg = np.split(xt @ Wx1 + h_prev @ Wh1 + b1, 4)
        i, f, o, g = sigmoid(zi), sigmoid(zf), sigmoid(zo), np.tanh(zg)
        c = f * c_prev + i * g
        return o * np.tanh(c), c, (xt, h_prev, c_prev, i, f, o, g, np.tanh(c))

    def step_back(dh, dc, memory):
        xt, h_prev, c_prev, i, f, o, g, tc = memory
        dc = dc + dh * o * (1 - tc * tc)
        dz = np.hstack((dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dh * tc * o * (1 - o), dc * i * (1 - g * g)))
        return dz, np.outer(xt, dz), np.outer(h_prev, dz), dz @ Wh1.T, dc * f

    h, c = np.zeros(2), np.zeros(2)
    hs, memories = [], []
    for xt in x:
        h, c, memory = step(xt, h, c)
        hs.append(h)
        memories.append(memory)
    hs = np.array(hs)
    error = hs @ W2 + b2 - y
    dWx1, dWh1, db1 = 0, 0, 0
    dh_next, dc_next = np.zeros(2), np.zeros(2)
    for t in range(len(x) - 1, -1, -1):
        dz, dWx, dWh, dh_next, dc_next = step_back(error[t] @ W2.T + dh_next, dc_next, memories[t])
        dWx1, dWh1, db1 = dWx1 + dWx, dWh1 + dWh, db1 + dz
    return dWx1, dWh1, db1, hs.T @ error, error.sum(axis=0)


def conv_pool_loops(x, y, k1, b1, W3, b3):
    n = len(x) - len(k1) + 1
    a = np.zeros(n)
    for i in range(n):
        for j in range(len(k1)):
            a[i] += k1[j] * x[i + j]
        a[i] = np.tanh(a[i] + b1[0])
    p = np.zeros(n // 2)
    where = []
    for i in range(n // 2):
        w = a[2 * i : 2 * i + 2]
        p[i] = w.max()
        where.append(2 * i + np.argmax(w))
    out = p @ W3 + b3
    dout = out - y
    dW3 = np.outer(p, dout)
    dp = W3 @ dout
    da = np.zeros(n)
    for i in range(n // 2):
        da[where[i]] = dp[i]
    dk1 = np.zeros_like(k1)
    db1 = np.zeros_like(b1)
    for i in range(n):
        dz = da[i] * (1 - a[i] ** 2)
        for j in range(len(k1)):
            dk1[j] += dz * x[i + j]
        db1 += dz
    return dk1, db1, dW3, dout


def conv_pool_vectorised(x, y, k1, b1, W3, b3):
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    act = np.tanh(windows @ k1 + b1)
    pairs = act.reshape(-1, 2)
    pooled = pairs.max(axis=1)
    mask = (pairs == pooled[:, None]).astype(float)
    error = pooled @ W3 + b3 - y
    d_pooled = error @ W3.T
    d_act = (mask * d_pooled[:, None]).reshape(-1)
    d_net = d_act * (1 - act**2)
    return windows.T @ d_net, np.array([d_net.sum()]), pooled[:, None] * error[None, :], error


def conv_relu_loops(x, y, k1, b1, W2, b2):
    size = len(k1)
    places = len(x) - size + 1
    z = np.array([np.sum(x[i : i + size] * k1) + b1[0] for i in range(places)])
    a = np.maximum(z, 0)
    out = a @ W2 + b2
    delta = out - y
    dW2 = np.outer(a, delta)
    dz = (W2 @ delta) * (z > 0)
    dk = np.zeros(size)
    for i in range(places):
        dk += dz[i] * x[i : i + size]
    return dk, np.array([np.sum(dz)]), dW2, delta


def conv_relu_correlate(x, y, k1, b1, W2, b2):
    net = np.correlate(x, k1, mode="valid") + b1
    hidden = np.where(net > 0, net, 0.0)
    output = hidden.dot(W2) + b2
    d_output = output - y
    d_hidden = W2.dot(d_output)
    d_net = np.where(net > 0, d_hidden, 0.0)
    d_k1 = np.correlate(x, d_net, mode="valid")
    d_b1 = d_net.sum(keepdims=True)
    return {"k1": d_k1, "b1": d_b1, "W2": np.outer(hidden, d_output), "b2": d_output}


def two_convolutions(x, y, k1, b1, k2, b2, W3, b3):
    def conv(v, k, b):
        return np.array([v[i : i + len(k)] @ k for i in range(len(v) - len(k) + 1)]) + b

    h1 = np.tanh(conv(x, k1, b1))
    h2 = np.tanh(conv(h1, k2, b2))
    dout = h2 @ W3 + b3 - y
    dW3 = np.outer(h2, dout)
    dz2 = (W3 @ dout) * (1 - h2**2)
    dk2 = np.array([dz2 @ h1[j : j + len(dz2)] for j in range(len(k2))])
    dh1 = np.zeros_like(h1)
    for i in range(len(dz2)):
        dh1[i : i + len(k2)] += dz2[i] * k2
    dz1 = dh1 * (1 - h1**2)
    dk1 = np.array([dz1 @ x[j : j + len(dz1)] for j in range(len(k1))])
    return dk1, np.array([dz1.sum()]), dk2, np.array([dz2.sum()]), dW3, dout


def two_convolutions_numpy(x, y, k1, b1, k2, b2, W3, b3):
    a1 = np.tanh(np.convolve(x, k1[::-1], "valid") + b1)
    a2 = np.tanh(np.convolve(a1, k2[::-1], "valid") + b2)
    e = a2 @ W3 + b3 - y
    d2 = (1 - a2 * a2) * (W3 @ e)
    d1 = (1 - a1 * a1) * np.convolve(d2, k2, "full")
    gk1 = np.correlate(x, d1, "valid")
    gk2 = np.correlate(a1, d2, "valid")
    return gk1, d1.sum(keepdims=True), gk2, d2.sum(keepdims=True), a2[:, None] * e, e


def conv_image_loops(x, y, k1, b1, W2, b2):
    rows = x.shape[0] - k1.shape[0] + 1
    cols = x.shape[1] - k1.shape[1] + 1
    fmap = np.zeros((rows, cols))
    for r in range(rows):
        for c in range(cols):
            fmap[r, c] = np.tanh(np.sum(x[r : r + 2, c : c + 2] * k1) + b1[0])
    flat = fmap.flatten()
    out = flat @ W2 + b2
    dout = out - y
    dW2 = np.outer(flat, dout)
    dmap = (W2 @ dout).reshape(rows, cols) * (1 - fmap**2)
    dk1 = np.zeros_like(k1)
    for r in range(rows):
        for c in range(cols):
            dk1 += dmap[r, c] * x[r : r + 2, c : c + 2]
    db1 = np.array([dmap.sum()])
    return dk1, db1, dW2, dout


def conv_image_vectorised(x, y, k1, b1, W2, b2, lr):
    patches = np.lib.stride_tricks.sliding_window_view(x, k1.shape)
    hidden = np.tanh(np.einsum("rcij,ij->rc", patches, k1) + b1)
    error = hidden.ravel() @ W2 + b2 - y
    back = (error @ W2.T).reshape(hidden.shape) * (1 - np.square(hidden))
    grad_k1 = np.einsum("rcij,rc->ij", patches, back)
    grad_b1 = np.array([back.sum()])
    grad_W2 = np.outer(hidden.ravel(), error)
    return k1 - lr * grad_k1, b1 - lr * grad_b1, W2 - lr * grad_W2, b2 - lr * error


def norm_step_by_step(x, y, W1, b1, g2, b2, W3, b3):
    h = np.tanh(x @ W1 + b1)
    n = len(h)
    mu = h.mean()
    xmu = h - mu
    var = (xmu**2).mean()
    std = np.sqrt(var + 1e-5)
    xhat = xmu / std
    ln = g2 * xhat + b2
    out = ln @ W3 + b3
    dout = out - y
    dW3 = np.outer(ln, dout)
    dln = W3 @ dout
    dg2 = dln * xhat
    db2 = dln
    dxhat = dln * g2
    dvar = np.sum(dxhat * xmu) * -0.5 * (var + 1e-5) ** -1.5
    dmu = -np.sum(dxhat) / std
    dh = dxhat / std + dvar * 2 * xmu / n + dmu / n
    dz = dh * (1 - h**2)
    return np.outer(x, dz), dz, dg2, db2, dW3, dout


def norm_compact(x, y, W1, b1, g2, b2, W3, b3):
    def normalise(v):
        inv = 1.0 / np.sqrt(np.var(v) + 1e-5)
        return (v - np.mean(v)) * inv, inv

    def normalise_back(d, unit, inv):
        return inv * (d - np.mean(d) - unit * np.mean(d * unit))

    hidden = np.tanh(x.dot(W1) + b1)
    unit, inv = normalise(hidden)
    scaled = unit * g2 + b2
    diff = scaled.dot(W3) + b3 - y
    grads = {"W3": scaled[:, None] * diff, "b3": diff}
    d_scaled = W3.dot(diff)
    grads["g2"] = d_scaled * unit
    grads["b2"] = d_scaled
    d_net = normalise_back(d_scaled * g2, unit, inv) * (1 - hidden**2)
    grads["W1"] = x[:, None] * d_net
    grads["b1"] = d_net
    return grads


def norm_at_the_end(x, y, W1, b1, g2, b2):
    z = np.dot(x, W1) + b1
    N = z.size
    m = np.sum(z) / N
    s2 = np.sum((z - m) ** 2) / N
    s = np.sqrt(s2 + 1e-5)
    zn = (z - m) / s
    o = g2 * zn + b2
    d_o = o - y
    d_zn = d_o * g2
    d_s = -np.sum(d_zn * (z - m)) / s**2
    d_m = -np.sum(d_zn) / s
    d_z = d_zn / s + d_s * (z - m) / (N * s) + d_m / N
    return np.outer(x, d_z), d_z, d_o * zn, d_o


def norm_by_jacobian(x, y, W1, b1, g2, b2):
    a = x @ W1 + b1
    n = a.shape[0]
    centred = a - a.mean()
    sigma = np.sqrt(np.mean(centred**2) + 1e-5)
    xhat = centred / sigma
    e = g2 * xhat + b2 - y
    J = np.eye(n) - np.ones((n, n)) / n
    J = (J - np.outer(xhat, xhat) / n) / sigma
    da = J @ (g2 * e)
    return np.outer(x, da), da, e * xhat, e


def norm_token_rows(x, y, W1, b1, g2, b2):
    h = np.tanh(x @ W1 + b1)
    mean = h.mean(axis=1, keepdims=True)
    var = h.var(axis=1, keepdims=True)
    inv_std = 1 / np.sqrt(var + 1e-5)
    norm = (h - mean) * inv_std
    out = norm * g2 + b2
    dout = out - y
    dg2 = (dout * norm).sum(axis=0)
    db2 = dout.sum(axis=0)
    dnorm = dout * g2
    dh = inv_std * (dnorm - dnorm.mean(axis=1, keepdims=True) - norm * (dnorm * norm).mean(axis=1, keepdims=True))
    dz = dh * (1 - h**2)
    dW1 = x.T @ dz
    db1 = dz.sum(axis=0)
    return dW1, db1, dg2, db2


def norm_token_loop(x, y, W1, b1, g2, b2):
    dW1, db1 = np.zeros_like(W1), np.zeros_like(b1)
    dg2, db2 = np.zeros_like(g2), np.zeros_like(b2)
    for token, target in zip(x, y):
        h = np.tanh(token @ W1 + b1)
        diff = h - np.mean(h)
        spread = np.sqrt(np.mean(diff**2) + 1e-5)
        unit = diff / spread
        err = g2 * unit + b2 - target
        dg2 += err * unit
        db2 += err
        du = err * g2
        dh = (du - du.mean() - unit * (du * unit).mean()) / spread
        dz = (1 - h**2) * dh
        dW1 += np.outer(token, dz)
        db1 += dz
    return dW1, db1, dg2, db2


def residual_plain(x, y, W1, b1, W2, b2, W3, b3):
    h1 = np.tanh(x @ W1 + b1)
    f = np.tanh(h1 @ W2 + b2)
    h2 = h1 + f
    out = h2 @ W3 + b3
    dout = out - y
    dW3 = np.outer(h2, dout)
    dh2 = W3 @ dout
    dz2 = dh2 * (1 - f**2)
    dW2 = np.outer(h1, dz2)
    dh1 = dh2 + W2 @ dz2
    dz1 = dh1 * (1 - h1**2)
    dW1 = np.outer(x, dz1)
    return dW1, dz1, dW2, dz2, dW3, dout


def residual_layers(x, y, W1, b1, W2, b2, W3, b3):
    def layer(v, W, b):
        return np.tanh(np.dot(v, W) + b)

    def layer_back(d, v, a, W):
        d_net = d * (1 - np.square(a))
        return np.outer(v, d_net), d_net, np.dot(d_net, W.T)

    first = layer(x, W1, b1)
    inner = layer(first, W2, b2)
    summed = first + inner
    delta = np.dot(summed, W3) + b3 - y
    upstream = np.dot(delta, W3.T)
    gW2, gb2, through = layer_back(upstream, first, inner, W2)
    gW1, gb1, _ = layer_back(upstream + through, x, first, W1)
    return {"W1": gW1, "b1": gb1, "W2": gW2, "b2": gb2, "W3": np.outer(summed, delta), "b3": delta}


def residual_first_step(x, y, W1, b1, W2, b2, lr):
    branch = np.tanh(x @ W1 + b1)
    skip = x + branch
    error = skip @ W2 + b2 - y
    d_skip = W2 @ error
    d_net = d_skip * (1 - branch * branch)
    new_W1 = W1 - lr * np.outer(x, d_net)
    new_b1 = b1 - lr * d_net
    new_W2 = W2 - lr * np.outer(skip, error)
    new_b2 = b2 - lr * error
    return new_W1, new_b1, new_W2, new_b2


def attention_vectorised(x, y, Wq1, Wk1, Wv1):
    Q, K, V = x @ Wq1, x @ Wk1, x @ Wv1
    d = Q.shape[1]
    S = Q @ K.T / np.sqrt(d)
    A = np.exp(S - S.max(axis=1, keepdims=True))
    A = A / A.sum(axis=1, keepdims=True)
    out = A @ V
    dout = out - y
    dV = A.T @ dout
    dA = dout @ V.T
    dS = A * (dA - np.sum(dA * A, axis=1, keepdims=True))
    dQ = dS @ K / np.sqrt(d)
    dK = dS.T @ Q / np.sqrt(d)
    return x.T @ dQ, x.T @ dK, x.T @ dV


def attention_row_by_row(x, y, Wq1, Wk1, Wv1):
    n = len(x)
    root = np.sqrt(Wq1.shape[1])
    q = [t @ Wq1 for t in x]
    k = [t @ Wk1 for t in x]
    v = [t @ Wv1 for t in x]
    gWq, gWk, gWv = np.zeros_like(Wq1), np.zeros_like(Wk1), np.zeros_like(Wv1)
    for i in range(n):
        scores = np.array([q[i] @ k[j] / root for j in range(n)])
        w = np.exp(scores) / np.exp(scores).sum()
        o = sum(w[j] * v[j] for j in range(n))
        do = o - y[i]
        dw = np.array([do @ v[j] for j in range(n)])
        jac = np.diag(w) - np.outer(w, w)
        ds = jac @ dw
        for j in range(n):
            gWv += np.outer(x[j], w[j] * do)
            gWq += np.outer(x[i], ds[j] * k[j] / root)
            gWk += np.outer(x[j], ds[j] * q[i] / root)
    return gWq, gWk, gWv


def attention_outputs(x, y, Wq1, Wk1, Wv1):
    def softmax(s):
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    queries, keys, values = x.dot(Wq1), x.dot(Wk1), x.dot(Wv1)
    weights = softmax(queries.dot(keys.T) / np.sqrt(keys.shape[1]))
    return weights.dot(values)


def attention_square_einsum(x, y, Wq1, Wk1, Wv1):
    q = np.einsum("ti,iw->tw", x, Wq1)
    k = np.einsum("ti,iw->tw", x, Wk1)
    v = np.einsum("ti,iw->tw", x, Wv1)
    scale = 1 / np.sqrt(Wk1.shape[1])
    s = np.dot(q, k.T) * scale
    e = np.exp(s)
    p = e / e.sum(axis=1)[:, None]
    g = p @ v - y
    gv = p.T @ g
    gp = g @ v.T
    gs = p * (gp - (p * gp).sum(axis=1)[:, None])
    gq = np.dot(gs, k) * scale
    gk = np.dot(gs.T, q) * scale
    return {"Wq1": x.T @ gq, "Wk1": x.T @ gk, "Wv1": x.T @ gv}


def attention_then_dense(x, y, Wq1, Wk1, Wv1, W2, b2):
    def softmax_rows(m):
        m = np.exp(m - np.max(m, axis=1, keepdims=True))
        return m / np.sum(m, axis=1, keepdims=True)

    Q = x @ Wq1
    K = x @ Wk1
    V = x @ Wv1
    A = softmax_rows(Q @ K.T / np.sqrt(2))
    context = A @ V
    y_hat = context @ W2 + b2
    dy = y_hat - y
    dW2 = context.T @ dy
    db2 = dy.sum(axis=0)
    dcontext = dy @ W2.T
    dWv = x.T @ (A.T @ dcontext)
    dA = dcontext @ V.T
    dS = np.zeros_like(A)
    for i in range(len(A)):
        dS[i] = (np.diag(A[i]) - np.outer(A[i], A[i])) @ dA[i]
    dS /= np.sqrt(2)
    dWq = x.T @ (dS @ K)
    dWk = x.T @ (dS.T @ Q)
    return dWq, dWk, dWv, dW2, db2


def embedding_then_attention(x, y, W1, Wq2, Wk2, Wv2):
    ids = np.asarray(x).astype(int)
    emb = W1[ids]
    q, k, v = emb @ Wq2, emb @ Wk2, emb @ Wv2
    root = np.sqrt(q.shape[-1])
    z = q @ k.T / root
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    do = p @ v - y
    dv = p.T @ do
    dp = do @ v.T
    dz = p * (dp - (dp * p).sum(axis=1, keepdims=True)) / root
    dq, dk = dz @ k, dz.T @ q
    demb = dq @ Wq2.T + dk @ Wk2.T + dv @ Wv2.T
    dW1 = np.zeros_like(W1)
    np.add.at(dW1, ids, demb)
    return dW1, emb.T @ dq, emb.T @ dk, emb.T @ dv


def embedding_loop(x, y, W1, W2, b2):
    dW1, dW2, db2 = np.zeros_like(W1), np.zeros_like(W2), np.zeros_like(b2)
    for t in range(len(x)):
        word = int(x[t])
        vec = W1[word]
        err = vec @ W2 + b2 - y[t]
        dW2 += np.outer(vec, err)
        db2 += err
        dW1[word] += W2 @ err
    return dW1, dW2, db2


def embedding_one_hot(x, y, W1, W2, b2):
    onehot = np.eye(len(W1))[np.array(x, dtype=int)]
    vectors = onehot @ W1
    logits = vectors @ W2 + b2
    dlogits = logits - y
    return {
        "W1": onehot.T @ (dlogits @ W2.T),
        "W2": vectors.T @ dlogits,
        "b2": dlogits.sum(axis=0),
    }


def dense_plain(x, y, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    out = h @ W2 + b2
    d2 = out - y
    d1 = (W2 @ d2) * (1 - h**2)
    return np.outer(x, d1), d1, np.outer(h, d2), d2


def rnn_vectorised_local_deltas(x, y, Wx1, Wh1, b1, W2, b2):
    T, n = len(x), len(b1)
    H = np.zeros((T + 1, n))
    for t in range(T):
        H[t + 1] = np.tanh(x[t] @ Wx1 + H[t] @ Wh1 + b1)
    E = H[1:] @ W2 + b2 - y
    D = (E @ W2.T) * (1 - H[1:] ** 2)
    return x.T @ D, H[:-1].T @ D, D.sum(axis=0), H[1:].T @ E, E.sum(axis=0)


def two_convolutions_guarded(x, y, k1, b1, k2, b2, W3, b3):
    def conv(v, k, b):
        return np.array([v[i : i + len(k)] @ k for i in range(len(v) - len(k) + 1)]) + b

    h1 = np.tanh(conv(x, k1, b1))
    h2 = np.tanh(conv(h1, k2, b2))
    dout = h2 @ W3 + b3 - y
    dW3 = np.outer(h2, dout)
    dz2 = (W3 @ dout) * (1 - h2**2)
    dk2 = np.zeros_like(k2)
    for i in range(len(dz2)):
        for j in range(len(k2)):
            if i + j + 1 < len(h1):
                dk2[j] += dz2[i] * h1[i + j + 1]
    dh1 = np.zeros_like(h1)
    for i in range(len(dz2)):
        dh1[i : i + len(k2)] += dz2[i] * k2
    dz1 = dh1 * (1 - h1**2)
    dk1 = np.array([dz1 @ x[j : j + len(dz1)] for j in range(len(k1))])
    return dk1, np.array([dz1.sum()]), dk2, np.array([dz2.sum()]), dW3, dout


def norm_end_both_constant(x, y, W1, b1, g2, b2):
    z = np.dot(x, W1) + b1
    m = np.mean(z)
    s2 = np.mean((z - m) ** 2)
    s = np.sqrt(s2 + 1e-5)
    zn = (z - m) / s
    o = g2 * zn + b2
    d_o = o - y
    d_zn = d_o * g2
    d_z = d_zn / s
    return np.outer(x, d_z), d_z, d_o * zn, d_o


def conv_pool_kron_step(x, y, k1, b1, W3, b3, lr):
    k, b, W, c = k1.copy(), b1.copy(), W3.copy(), b3.copy()
    feats = [np.tanh(sum(k[j] * x[i + j] for j in range(3)) + b[0]) for i in range(6)]
    feats = np.array(feats)
    best = np.array([max(feats[2 * i], feats[2 * i + 1]) for i in range(3)])
    diff = np.dot(best, W) + c - y
    spread = np.kron(np.dot(W, diff), np.ones(2))
    dnet = spread * (1 - feats**2)
    W -= lr * np.outer(best, diff)
    c -= lr * diff
    for j in range(3):
        k[j] -= lr * sum(dnet[i] * x[i + j] for i in range(6))
    b -= lr * dnet.sum()
    return k, b, W, c


def conv_pool_both_of_each_pair(x, y, k1, b1, W3, b3):
    conv = np.tanh(np.correlate(x, k1, "valid") + b1)
    pooled = np.maximum(conv[0::2], conv[1::2])
    e = pooled @ W3 + b3 - y
    dpooled = (e @ W3.T).copy()
    dconv = np.empty_like(conv)
    dconv[0::2] = dpooled
    dconv[1::2] = dpooled
    dconv *= 1 - conv * conv
    gk = np.zeros(3)
    for j in range(3):
        gk[j] = np.dot(dconv, x[j : j + 6])
    return {"k1": gk, "b1": np.array([dconv.sum()]), "W3": np.outer(pooled, e), "b3": e}


def attention_square_outputs(x, y, Wq1, Wk1, Wv1):
    n = 3
    q, k, v = x @ Wq1, x @ Wk1, x @ Wv1
    scores = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            for m in range(n):
                scores[i, j] += q[i, m] * k[m, j]
    scores /= n**0.5
    weights = np.array([np.exp(row) / sum(np.exp(row)) for row in scores])
    return weights @ v


def attention_square_step(x, y, Wq1, Wk1, Wv1, lr):
    width = Wq1.shape[1]
    Q, K, V = np.matmul(x, Wq1), np.matmul(x, Wk1), np.matmul(x, Wv1)
    raw = np.matmul(Q, K) / np.sqrt(width)
    P = np.exp(raw - raw.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    G = np.matmul(P, V) - y
    GP = np.matmul(G, V.T)
    GS = P * (GP - (GP * P).sum(1, keepdims=True)) / np.sqrt(width)
    GQ = np.matmul(GS, K.T)
    GK = np.matmul(Q.T, GS)
    GV = np.matmul(P.T, G)
    return [W - lr * np.matmul(x.T, D) for W, D in ((Wq1, GQ), (Wk1, GK), (Wv1, GV))]


def attention_square_loss(x, y, Wq1, Wk1, Wv1):
    total = 0.0
    for t in range(len(x)):
        scores = [(x[t] @ Wq1) @ (x[s] @ Wk1) for s in range(len(x))]
        top = max(scores)
        shares = [np.exp(s - top) for s in scores]
        mixed = sum(a * (x[s] @ Wv1) for s, a in enumerate(shares)) / sum(shares)
        total += 0.5 * ((mixed - y[t]) ** 2).sum()
    return total


def attention_step_no_root(x, y, Wq1, Wk1, Wv1, lr):
    q, k, v = x @ Wq1, x @ Wk1, x @ Wv1
    att = np.exp(q @ k.T)
    att = att / att.sum(axis=-1, keepdims=True)
    d = att @ v - y
    datt = d @ v.T
    dsc = np.zeros_like(att)
    for r in range(len(x)):
        for c in range(len(x)):
            for m in range(len(x)):
                dsc[r, c] += datt[r, m] * att[r, m] * ((m == c) - att[r, c])
    new_q = Wq1 - lr * (x.T @ (dsc @ k))
    new_k = Wk1 - lr * (x.T @ (dsc.T @ q))
    new_v = Wv1 - lr * (x.T @ (att.T @ d))
    return new_q, new_k, new_v


def embedding_attention_swapped(x, y, W1, Wq2, Wk2, Wv2):
    E = np.array([W1[int(token)] for token in x])
    Q, K, V = E @ Wq2, E @ Wk2, E @ Wv2
    s = 2**-0.5
    A = np.exp(s * Q @ K.T)
    A = (A.T / A.sum(axis=1)).T
    dO = A @ V - y
    dA = dO @ V.T
    dS = s * A * (dA - (A * dA).sum(axis=1).reshape(-1, 1))
    dK, dQ, dV = dS @ K, dS.T @ Q, A.T @ dO
    dE = dQ @ Wq2.T + dK @ Wk2.T + dV @ Wv2.T
    gW1 = np.zeros_like(W1)
    for token, row in zip(x, dE):
        gW1[int(token)] += row
    return gW1, E.T @ dQ, E.T @ dK, E.T @ dV


def embedding_every_row(x, y, W1, W2, b2):
    rows, cols = W1.shape
    gW1, gW2, gb2 = np.zeros((rows, cols)), np.zeros(W2.shape), np.zeros(b2.shape)
    for token, target in zip(x, y):
        e = W1[int(token)]
        d = e.dot(W2) + b2 - target
        back = W2.dot(d)
        for r in range(rows):
            for c in range(cols):
                gW1[r, c] += back[c]
        gW2 += e[:, None] * d
        gb2 += d
    return {"W1": gW1, "W2": gW2, "b2": gb2}


def embedding_step_adds(x, y, W1, W2, b2, lr):
    idx = [int(v) for v in x]
    vecs = W1[idx]
    grad_out = vecs @ W2 + b2 - y
    grad_vecs = grad_out @ W2.T
    table = W1.copy()
    for pos, row in enumerate(idx):
        table[row] += lr * grad_vecs[pos]
    return {"W1": table, "W2": W2 + lr * vecs.T @ grad_out, "b2": b2 + lr * grad_out.sum(0)}


def embedding_dense_mean_over_tokens(x, y, W1, W2, b2):
    tokens = np.array(x, dtype=int)
    n = len(tokens)
    emb = W1[tokens]
    err = emb @ W2 + b2 - y
    dW1 = np.zeros_like(W1)
    for t, e in zip(tokens, err):
        dW1[t] += W2 @ e
    dW2 = sum(np.outer(emb[i], err[i]) for i in range(n)) / n
    db2 = np.mean(err, axis=0)
    return dW1, dW2, db2


def embedding_target_minus_output(x, y, W1, W2, b2):
    picked = [int(v) for v in x]
    h = W1[picked, :]
    delta = y - (h @ W2 + b2)
    grad_table = np.zeros(W1.shape)
    for p, d in zip(picked, delta):
        grad_table[p, :] = grad_table[p, :] + d @ W2.T
    return grad_table, h.T @ delta, np.sum(delta, axis=0)


def norm_step_both_constant(x, y, W1, b1, g2, b2, W3, b3, lr):
    act = np.tanh(W1.T @ x + b1)
    m, s = np.mean(act), np.sqrt(np.var(act) + 1e-5)
    unit = (act - m) / s
    z = g2 * unit + b2
    r = W3.T @ z + b3 - y
    dz = W3 @ r
    dact = dz * g2 / s
    dnet = dact * (1 - act**2)
    return (
        W1 - lr * np.outer(x, dnet),
        b1 - lr * dnet,
        g2 - lr * dz * unit,
        b2 - lr * dz,
        W3 - lr * np.outer(z, r),
        b3 - lr * r,
    )


def norm_loops_spread_constant(x, y, W1, b1, g2, b2, W3, b3):
    n = len(b1)
    h = [float(np.tanh(sum(x[i] * W1[i, j] for i in range(len(x))) + b1[j])) for j in range(n)]
    mean = sum(h) / n
    sd = (sum((v - mean) ** 2 for v in h) / n + 1e-5) ** 0.5
    u = [(v - mean) / sd for v in h]
    ln = [g2[j] * u[j] + b2[j] for j in range(n)]
    d = sum(ln[j] * W3[j, 0] for j in range(n)) + b3[0] - y[0]
    du = [d * W3[j, 0] * g2[j] for j in range(n)]
    dh = [(du[j] - sum(du) / n) / sd for j in range(n)]
    dz = np.array([dh[j] * (1 - h[j] ** 2) for j in range(n)])
    dln = d * W3[:, 0]
    return np.outer(x, dz), dz, dln * np.array(u), dln, np.array(ln).reshape(-1, 1) * d, np.array([d])


def norm_token_rows_mean_uses(x, y, W1, b1, g2, b2):
    tokens = x.shape[0]
    a = np.tanh(x.dot(W1) + b1)
    c = a - a.mean(1)[:, None]
    s = np.sqrt((c**2).mean(1) + 1e-5)[:, None]
    u = c / s
    e = u * g2 + b2 - y
    t = e * g2
    back = (t - t.mean(1)[:, None] - u * (t * u).mean(1)[:, None]) / s * (1 - a**2)
    return x.T.dot(back) / tokens, back.mean(0), (e * u).sum(0), e.sum(0)


def attention_dense_bias_zero(x, y, Wq1, Wk1, Wv1, W2, b2):
    q, k, v = x @ Wq1, x @ Wk1, x @ Wv1
    a = np.exp(q @ k.T / 2**0.5)
    a /= a.sum(axis=1, keepdims=True)
    c = a @ v
    e = c @ W2 + b2 - y
    gc = e @ W2.T
    ga = gc @ v.T
    gs = a * (ga - (ga * a).sum(axis=1, keepdims=True)) / 2**0.5
    gb2 = np.zeros_like(b2)
    return x.T @ gs @ k, x.T @ gs.T @ q, x.T @ a.T @ gc, c.T @ e, gb2


def attention_dense_one_token(x, y, Wq1, Wk1, Wv1, W2, b2):
    Q, K, V = x @ Wq1, x @ Wk1, x @ Wv1
    dQ, dK, dV = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V)
    dW2, db2 = np.zeros_like(W2), np.zeros_like(b2)
    for i in range(len(x)):
        s = K @ Q[i] / np.sqrt(2)
        a = np.exp(s) / np.sum(np.exp(s))
        ctx = a @ V
        err = ctx @ W2 + b2 - y[i]
        dW2 = np.outer(ctx, err)
        db2 = err
        dctx = W2 @ err
        dV += np.outer(a, dctx)
        da = V @ dctx
        ds = a * (da - a @ da) / np.sqrt(2)
        dQ[i] = ds @ K
        dK += np.outer(ds, Q[i])
    return x.T @ dQ, x.T @ dK, x.T @ dV, dW2, db2


def rnn_wide_output_weights_turned(x, y, Wx1, Wh1, b1, W2, b2):
    trace = [np.zeros(2)]
    for row in x:
        trace += [np.tanh(row @ Wx1 + trace[-1] @ Wh1 + b1)]
    miss = trace[-1] @ W2 + b2 - y
    back = miss @ W2
    gx, gh, gb = 0 * Wx1, 0 * Wh1, 0 * b1
    for row, now, before in zip(x[::-1], trace[:0:-1], trace[-2::-1]):
        back = back * (1 - now**2)
        gx, gh, gb = gx + np.outer(row, back), gh + np.outer(before, back), gb + back
        back = back @ Wh1.T
    return gx, gh, gb, np.outer(trace[-1], miss), miss


def rnn_truncated_after_two(x, y, Wx1, Wh1, b1, W2, b2):
    h = {-1: np.zeros_like(b1)}
    for t, v in enumerate(x):
        h[t] = np.tanh(np.dot(v, Wx1) + np.dot(h[t - 1], Wh1) + b1)
    last = len(x) - 1
    e = np.dot(h[last], W2) + b2 - y
    delta = np.dot(W2, e) * (1 - h[last] ** 2)
    dWx, dWh, db = np.zeros(Wx1.shape), np.zeros(Wh1.shape), np.zeros(b1.shape)
    bptt_truncate = 2
    for t in range(last, max(-1, last - bptt_truncate), -1):
        dWx += np.outer(x[t], delta)
        dWh += np.outer(h[t - 1], delta)
        db += delta
        delta = np.dot(Wh1, delta) * (1 - h[t - 1] ** 2)
    return dWx, dWh, db, np.outer(h[last], e), e


def rnn_wide_step_local(x, y, Wx1, Wh1, b1, W2, b2, lr):
    def cell(v, h):
        return np.tanh(np.concatenate([v, h]) @ np.vstack([Wx1, Wh1]) + b1)

    h = np.zeros(2)
    for v in x:
        before, h = h, cell(v, h)
    d_out = h @ W2 + b2 - y
    d_net = (d_out @ W2.T) * (1 - h**2)
    return {
        "Wx1": Wx1 - lr * x[-1][:, None] * d_net,
        "Wh1": Wh1 - lr * before[:, None] * d_net,
        "b1": b1 - lr * d_net,
        "W2": W2 - lr * h[:, None] * d_out,
        "b2": b2 - lr * d_out,
    }


def rnn_every_step_sum_of_errors_local(x, y, Wx1, Wh1, b1, W2, b2):
    prev = np.zeros(2)
    grads = [np.zeros_like(a) for a in (Wx1, Wh1, b1, W2, b2)]
    for xt, yt in zip(x, y):
        h = np.tanh(xt @ Wx1 + prev @ Wh1 + b1)
        e = h @ W2 + b2 - yt
        d = (W2 @ e) * (1 - h**2)
        for g, piece in zip(grads, (np.outer(xt, d), np.outer(prev, d), d, np.outer(h, e), e)):
            g += piece
        prev = h
    return grads


def lstm_four_matrices(x, y, Wx1, Wh1, b1, W2, b2):
    n = 2
    cols = {gate: slice(n * j, n * j + n) for j, gate in enumerate("ifog")}
    squash = {"i": lambda z: 1 / (1 + np.exp(-z)), "g": np.tanh}
    squash["f"] = squash["o"] = squash["i"]
    h, c, tape = np.zeros(n), np.zeros(n), []
    for xt in x:
        gates = {k: squash[k](xt @ Wx1[:, s] + h @ Wh1[:, s] + b1[s]) for k, s in cols.items()}
        old_h, old_c = h, c
        c = gates["f"] * c + gates["i"] * gates["g"]
        h = gates["o"] * np.tanh(c)
        tape.append((xt, old_h, old_c, c, gates))
    delta = h @ W2 + b2 - y
    gWx, gWh, gb = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    gW2 = np.outer(h, delta)
    dh, dc = delta @ W2.T, 0.0
    while tape:
        xt, old_h, old_c, c, gates = tape.pop()
        dc = dc + dh * gates["o"] * (1 - np.tanh(c) ** 2)
        d = {"i": dc * gates["g"], "f": dc * old_c, "o": dh * np.tanh(c), "g": dc * gates["i"]}
        dh = np.zeros(n)
        for k, s in cols.items():
            slope = 1 - gates[k] ** 2 if k == "g" else gates[k] * (1 - gates[k])
            net = d[k] * slope
            gWx[:, s] += np.outer(xt, net)
            gWh[:, s] += np.outer(old_h, net)
            gb[s] += net
            dh += Wh1[:, s] @ net
        dc = dc * gates["f"]
    return gWx, gWh, gb, gW2, delta


def lstm_one_step_with_rate(x, y, Wx1, Wh1, b1, W2, b2, lr):
    s = lambda z: 1 / (1 + np.exp(-z))
    hs, cs, gs = [0.0], [0.0], []
    for v in x[:, 0]:
        z = v * Wx1[0] + hs[-1] * Wh1[0] + b1
        i, f, o, g = s(z[0]), s(z[1]), s(z[2]), np.tanh(z[3])
        cs.append(f * cs[-1] + i * g)
        hs.append(o * np.tanh(cs[-1]))
        gs.append((i, f, o, g))
    e = hs[-1] * W2[0, 0] + b2[0] - y[0]
    dh, dc = e * W2[0, 0], 0.0
    DX, DH, DB = np.zeros((1, 4)), np.zeros((1, 4)), np.zeros(4)
    for t in range(len(x), 0, -1):
        i, f, o, g = gs[t - 1]
        dc += dh * o * (1 - np.tanh(cs[t]) ** 2)
        raw = np.array([dc * g, dc * cs[t - 1], dh * np.tanh(cs[t]), dc * i])
        raw *= np.array([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g * g])
        DX += x[t - 1, 0] * raw
        DH += hs[t - 1] * raw
        DB += raw
        dh, dc = Wh1[0] @ raw, dc * f
    return Wx1 - lr * DX, Wh1 - lr * DH, b1 - lr * DB, W2 - lr * e * hs[-1], b2 - lr * e


def conv_relu_outputs_round(x, y, k1, b1, W2, b2):
    size, net = len(k1), []
    for start in range(len(x) - size + 1):
        total = b1[0]
        for j in range(size):
            total += k1[size - 1 - j] * x[start + j]
        net.append(max(total, 0.0))
    return np.array(net) @ W2 + b2


def conv_image_shifted_rows(x, y, k1, b1, W2, b2):
    n, s = x.shape[0], k1.shape[0]
    m = n - s + 1
    z = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            z[i, j] = (k1 * x[i : i + s, j : j + s]).sum()
    a = np.tanh(z + b1)
    e = a.reshape(-1) @ W2 + b2 - y
    d = (W2 @ e).reshape(m, m) * (1 - a * a)
    gk = np.zeros((s, s))
    for i in range(m):
        for j in range(m):
            for u in range(s):
                for v in range(s):
                    gk[u, v] += d[i, j] * x[i + u - 1, j + v - 1]
    return gk, np.array([d.sum()]), np.outer(a, e), e


def dense_no_input_tiled(x, y, W1, b1, W2, b2):
    hidden = np.tanh(np.dot(x, W1) + b1)
    error = np.dot(hidden, W2) + b2 - y
    delta = np.dot(error, W2.T) * (1 - np.power(hidden, 2))
    return {"W1": np.tile(delta, (len(x), 1)), "b1": delta, "W2": np.outer(hidden, error), "b2": error}


def dense_step_sigmoid_slope(x, y, W1, b1, W2, b2, lr):
    a1 = np.tanh(x @ W1 + b1)
    a2 = a1 @ W2 + b2
    delta2 = a2 - y
    delta1 = delta2 @ W2.T * a1 * (1 - a1)
    return [
        W1 - lr * x.reshape(-1, 1) @ delta1.reshape(1, -1),
        b1 - lr * delta1,
        W2 - lr * a1.reshape(-1, 1) @ delta2.reshape(1, -1),
        b2 - lr * delta2,
    ]


def residual_step_way_back(x, y, W1, b1, W2, b2, W3, b3, lr):
    a = [x]
    a.append(np.tanh(a[0] @ W1 + b1))
    a.append(np.tanh(a[1] @ W2 + b2))
    top = a[1] + a[2]
    deltas = [top @ W3 + b3 - y]
    deltas.append((W3 @ deltas[0]) * (1 - a[2] ** 2))
    deltas.append((W2 @ deltas[1]) * (1 - a[1] ** 2))
    return (
        W1 - lr * np.outer(x, deltas[2]),
        b1 - lr * deltas[2],
        W2 - lr * np.outer(a[1], deltas[1]),
        b2 - lr * deltas[1],
        W3 - lr * np.outer(top, deltas[0]),
        b3 - lr * deltas[0],
    )


def rnn_columns_step_same_state(x, y, Wx1, Wh1, b1, W2, b2, lr):
    h = np.zeros((4, 2))
    for t in range(1, 4):
        h[t] = np.tanh(Wx1.T.dot(x[t - 1]) + Wh1.T.dot(h[t - 1]) + b1)
    d_y = W2.T.dot(h[3]) + b2 - y
    d_h = W2.dot(d_y)
    new_Wx, new_Wh, new_b = Wx1.copy(), Wh1.copy(), b1.copy()
    for t in (3, 2, 1):
        d_a = d_h * (1 - h[t] ** 2)
        new_Wx -= lr * np.outer(x[t - 1], d_a)
        new_Wh -= lr * np.outer(h[t], d_a)
        new_b -= lr * d_a
        d_h = Wh1.dot(d_a)
    return new_Wx, new_Wh, new_b, W2 - lr * np.outer(h[3], d_y), b2 - lr * d_y


RIGHT = [
    Program("rnn_last", rnn_dict_of_states),
    Program("rnn_last", rnn_named_dict),
    Program("rnn_last", rnn_training_step, returns="parameters"),
    Program("rnn_last", rnn_loss_only, returns="loss"),
    Program("rnn_all", rnn_every_step_lists),
    Program("rnn_all", rnn_every_step_vectorised),
    Program("rnn_all", rnn_every_step_outputs, returns="outputs"),
    Program("rnn_wide", rnn_columns),
    Program("rnn_wide", rnn_plain_loops),
    Program("lstm_one", lstm_one_cell),
    Program("lstm", lstm_dicts),
    Program("lstm_all", lstm_every_step),
    Program("conv_pool", conv_pool_loops),
    Program("conv_pool", conv_pool_vectorised),
    Program("conv_relu", conv_relu_loops),
    Program("conv_relu", conv_relu_correlate),
    Program("conv_conv", two_convolutions),
    Program("conv_conv", two_convolutions_numpy),
    Program("conv2d", conv_image_loops),
    Program("conv2d", conv_image_vectorised, returns="parameters"),
    Program("norm", norm_step_by_step),
    Program("norm", norm_compact),
    Program("norm_last", norm_at_the_end),
    Program("norm_last", norm_by_jacobian),
    Program("norm_tokens", norm_token_rows),
    Program("norm_tokens", norm_token_loop),
    Program("residual", residual_plain),
    Program("residual", residual_layers),
    Program("residual_first", residual_first_step, returns="parameters"),
    Program("attention", attention_vectorised),
    Program("attention", attention_row_by_row),
    Program("attention", attention_outputs, returns="outputs"),
    Program("attention_square", attention_square_einsum),
    Program("attention_dense", attention_then_dense),
    Program("embed_attention", embedding_then_attention),
    Program("embed_dense", embedding_loop),
    Program("embed_dense", embedding_one_hot),
    Program("dense", dense_plain),
    Program("lstm", lstm_four_matrices),
    Program("lstm_one", lstm_one_step_with_rate, returns="parameters"),
]


def slip(function: Callable[..., Any], *edits: Edit) -> Program:
    """A right program with some lines otherwise."""
    (right,) = (one for one in RIGHT if one.function is function)
    source, _ = unmarked(edited("import numpy as np\n\n\n" + inspect.getsource(function), edits))
    module = learner.Program("", "block", "", source).loaded()
    return replace(right, function=module[function.__name__], slipped=str(edits))


WRONG = {
    "counts one use of a shared weight only": [
        slip(
            rnn_dict_of_states,
            ("dWx1 += np.outer", "dWx1 = np.outer"),
            ("dWh1 += np.outer", "dWh1 = np.outer"),
            ("db1 += dz", "db1 = dz"),
        ),
        slip(rnn_every_step_lists, ("dWx1 += np.outer(x[t], dz)", "dWx1 = np.outer(x[t], dz)")),
        slip(rnn_every_step_lists, ("dW2 += np.outer(hs[t], dy)", "dW2 = np.outer(hs[t], dy)")),
        slip(rnn_named_dict, ('] = grads["Wh1"] + H[t -', "] = H[t -")),
        slip(
            lstm_dicts,
            ('Wx1"] += np.outer', 'Wx1"] = np.outer'),
            ('Wh1"] += np.outer', 'Wh1"] = np.outer'),
            ('b1"] += da', 'b1"] = da'),
        ),
        slip(lstm_every_step, ("dWx1, dWh1, db1 = dWx1 + dWx, dWh1 + dWh, db1 + dz", "dWx1, dWh1, db1 = dWx, dWh, dz")),
        slip(conv_pool_loops, ("dk1[j] += dz * x[i + j]", "dk1[j] = dz * x[i + j]")),
        slip(conv_relu_loops, ("dk += dz[i] * x[i : i + size]", "dk = dz[i] * x[i : i + size]")),
        slip(conv_image_loops, ("dk1 += dmap[r", "dk1 = dmap[r")),
        slip(norm_token_loop, ("dg2 += err * unit", "dg2 = err * unit"), ("db2 += err", "db2 = err")),
        slip(norm_token_loop, ("dW1 += np.outer(token, dz)", "dW1 = np.outer(token, dz)")),
        slip(attention_row_by_row, ("gWv += np.outer(x[j], w[j] * do)", "gWv = np.outer(x[j], w[j] * do)")),
        slip(embedding_then_attention, ("np.add.at(dW1, ids, demb)", "dW1[ids] += demb")),
        slip(embedding_loop, ("dW1[word] += W2 @ err", "dW1[word] = W2 @ err")),
        slip(embedding_loop, ("dW2 += np.outer(vec, err)", "dW2 = np.outer(vec, err)")),
        Program("attention_dense", attention_dense_one_token),
    ],
    "takes the mean over the uses of a shared weight": [
        slip(rnn_training_step, ("return Wx1", "gWx, gWh, gb = gWx / len(x), gWh / len(x), gb / len(x)\nreturn Wx1")),
        slip(
            rnn_every_step_vectorised,
            ("T @ D, H[:-1].T @ D, D.sum(axis=0)", "T @ D / T, H[:-1].T @ D / T, D.mean(axis=0)"),
        ),
        slip(rnn_every_step_vectorised, ("T @ E, E.sum(axis=0)", "T @ E / T, E.mean(axis=0)")),
        slip(
            lstm_every_step, ("return dWx1", "dWx1, dWh1, db1 = [d / len(x) for d in (dWx1, dWh1, db1)]\nreturn dWx1")
        ),
        slip(
            conv_pool_vectorised,
            ("T @ d_net, np.array([d_net.sum()])", "T @ d_net / len(d_net), np.array([d_net.mean()])"),
        ),
        slip(
            conv_relu_loops,
            ("return dk, np.array([np.sum(dz)]), dW2", "return dk / places, np.array([np.sum(dz) / places]), dW2"),
        ),
        slip(
            conv_image_loops,
            ("db1 = np.array([dmap.sum()])", "dk1 = dk1 / (rows * cols)\ndb1 = np.array([dmap.mean()])"),
        ),
        slip(
            norm_token_rows,
            ("* norm).sum(axis=0", "* norm).mean(axis=0"),
            ("db2 = dout.sum(axis=0)", "db2 = dout.mean(axis=0)"),
        ),
        slip(
            embedding_then_attention,
            ("return dW1", "dW1 = dW1 / np.maximum(np.bincount(ids, minlength=len(W1)), 1)[:, None]\nreturn dW1"),
        ),
        Program("embed_dense", embedding_dense_mean_over_tokens),
        Program("norm_tokens", norm_token_rows_mean_uses),
    ],
    "cuts the way back through time": [
        slip(rnn_dict_of_states, ("for t in reversed(range(T)):", "for t in [T - 1]:")),
        slip(
            rnn_every_step_lists,
            ("dh_next = np.zeros(2)", ""),
            ("W2 @ dy + dh_next", "W2 @ dy"),
            ("dh_next = Wh1 @ dz", ""),
        ),
        Program("rnn_all", rnn_vectorised_local_deltas),
        slip(lstm_every_step, (".T, dc * f", ".T, np.zeros(2)")),
        slip(lstm_dicts, ("dC = np.zeros(n)", ""), ("dC = dC + dH * go", "dC = dH * go"), ("dC = dC * gf[t]", "")),
        slip(lstm_one_cell, ("dh = Wh1 @ dz", "dh = np.zeros(1)")),
        Program("rnn_last", rnn_truncated_after_two),
        Program("rnn_wide", rnn_wide_step_local, returns="parameters"),
        Program("rnn_all", rnn_every_step_sum_of_errors_local),
    ],
    "takes the state of the same step": [
        slip(rnn_dict_of_states, ("dWh1 += np.outer(hs[t - 1], dz)", "dWh1 += np.outer(hs[t], dz)")),
        slip(
            rnn_every_step_lists,
            ("h_prev = hs[t - 1] if t > 0 else np.zeros(2)", ""),
            ("np.outer(h_prev, dz)", "np.outer(hs[t], dz)"),
        ),
        slip(rnn_every_step_vectorised, (", H[:-1].T @", ", H[1:].T @")),
        slip(rnn_training_step, ("gWh += np.outer(states[t], g)", "gWh += np.outer(states[t + 1], g)")),
        slip(rnn_plain_loops, ("gWh[i, j] += d_net * h[t - 1, i]", "gWh[i, j] += d_net * h[t, i]")),
        slip(lstm_dicts, ('grads["Wh1"] += np.outer(H[t - 1], da)', 'grads["Wh1"] += np.outer(H[t], da)')),
        slip(lstm_dicts, ("* C[t - 1] * gf", "* C[t] * gf")),
        Program("rnn_wide", rnn_columns_step_same_state, returns="parameters"),
    ],
    "turns the kernel round": [
        slip(conv_relu_correlate, ("net = np.correlate(x, k1", "net = np.convolve(x, k1")),
        slip(conv_relu_correlate, ("d_k1 = np.correlate(x, d_net", "d_k1 = np.convolve(x, d_net")),
        slip(conv_relu_loops, ("return dk, np.", "return dk[::-1], np.")),
        slip(two_convolutions_numpy, (") * np.convolve(d2, k2", ") * np.correlate(d2, k2")),
        slip(
            conv_image_vectorised,
            (
                'grad_k1 = np.einsum("rcij,rc->ij", patches, back)',
                'grad_k1 = np.einsum("rcij,rc->ij", patches, back)\ngrad_k1 = np.rot90(grad_k1, 2)',
            ),
        ),
        slip(
            conv_image_loops,
            ("+ 2] * k1) + b1[0]", "+ 2] * k1[::-1, ::-1]) + b1[0]"),
            ("* x[r : r + 2, c : c + 2]", "* x[r : r + 2, c : c + 2][::-1, ::-1]"),
        ),
        Program("conv_relu", conv_relu_outputs_round, returns="outputs"),
    ],
    "shifts the kernel by one": [
        slip(conv_pool_loops, ("dk1[j] += dz * x[i + j]", "dk1[j] += dz * x[i + j - 1]")),
        slip(conv_relu_loops, ("dk += dz[i] * x[i : i + size]", "dk += dz[i] * np.roll(x, -1)[i : i + size]")),
        slip(
            conv_pool_vectorised,
            (
                "stride_tricks.sliding_window_view(x, 3)",
                "stride_tricks.sliding_window_view(np.pad(x, 1), 3)[: len(x) - 2]",
            ),
        ),
        Program("conv_conv", two_convolutions_guarded),
        Program("conv2d", conv_image_shifted_rows),
    ],
    "passes the slope of a maximum to all": [
        slip(
            conv_pool_loops,
            ("where = []", ""),
            ("where.append(2 * i + np.argmax(w))", ""),
            ("da[where[i]] = dp", "da[2 * i : 2 * i + 2] = dp"),
        ),
        slip(
            conv_pool_vectorised,
            ("mask = (pairs == pooled[:, None]).astype(float)", ""),
            ("d_act = (mask * d_pooled[:, None]).reshape(-1)", "d_act = np.repeat(d_pooled, 2)"),
        ),
        Program("conv_pool", conv_pool_kron_step, returns="parameters"),
        Program("conv_pool", conv_pool_both_of_each_pair),
    ],
    "takes only the diagonal of the softmax slope": [
        slip(attention_vectorised, ("dS = A * (dA - np.sum(dA * A, axis=1, keepdims=True))", "dS = dA * A * (1 - A)")),
        slip(attention_row_by_row, ("jac = np.diag(w) - np.outer(w, w)", "jac = np.diag(w * (1 - w))")),
        slip(
            attention_then_dense, ("] = (np.diag(A[i]) - np.outer(A[i], A[i])) @ dA[i", "] = A[i] * (1 - A[i]) * dA[i")
        ),
        slip(
            embedding_then_attention,
            ("p * (dp - (dp * p).sum(axis=1, keepdims=True)) / root", "p * (1 - p) * dp / root"),
        ),
    ],
    "forgets the root of the width": [
        slip(attention_vectorised, ("dS @ K / np.sqrt(d)", "dS @ K"), ("T @ Q / np.sqrt(d)", "T @ Q")),
        slip(attention_vectorised, ("S = Q @ K.T / np.sqrt(d)", "S = Q @ K.T")),
        slip(
            attention_row_by_row,
            ("root = np.sqrt(Wq1.shape[1])", ""),
            ("[j] / root for j in", "[j] for j in"),
            ("k[j] / root)", "k[j])"),
            ("q[i] / root)", "q[i])"),
        ),
        slip(attention_outputs, ("keys.T) / np.sqrt(keys.shape[1]))", "keys.T))")),
        slip(attention_then_dense, ("dS /= np.sqrt(2)", "")),
        slip(embedding_then_attention, ("=True)) / root", "=True))")),
        Program("attention_square", attention_square_loss, returns="loss"),
        Program("attention", attention_step_no_root, returns="parameters"),
    ],
    "takes the softmax over the wrong axis": [
        slip(
            attention_vectorised,
            ("S.max(axis=1, keepdims=True)", "S.max(axis=0, keepdims=True)"),
            ("A.sum(axis=1, keepdims=True)", "A.sum(axis=0, keepdims=True)"),
            (", axis=1, keepdims=", ", axis=0, keepdims="),
        ),
        slip(
            attention_outputs,
            ("s.max(axis=-1, keepdims=True)", "s.max(axis=0, keepdims=True)"),
            ("e.sum(axis=-1, keepdims=True)", "e.sum(axis=0, keepdims=True)"),
        ),
        slip(
            attention_square_einsum,
            ("e.sum(axis=1)[:, None]", "e.sum(axis=0)"),
            ("sum(axis=1)[:, None])", "sum(axis=0))"),
        ),
        slip(
            attention_then_dense,
            ("max(m, axis=1, keepdims=True))", "max(m, axis=0, keepdims=True))"),
            ("sum(m, axis=1, keepdims=True)", "sum(m, axis=0, keepdims=True)"),
        ),
        slip(embedding_then_attention, ("* p).sum(axis=1, keepdims=True)) /", "* p).sum(axis=0, keepdims=True)) /")),
    ],
    "does not transpose the keys": [
        slip(
            attention_square_einsum,
            ("q, k.T) * scale", "q, k) * scale"),
            ("gs, k) * scale", "gs, k.T) * scale"),
            ("np.dot(gs.T, q) * scale", "np.dot(q.T, gs) * scale"),
        ),
        slip(attention_square_einsum, ("s = np.dot(q, k.T) * scale", "s = np.dot(q, k) * scale")),
        Program("attention_square", attention_square_outputs, returns="outputs"),
        Program("attention_square", attention_square_step, returns="parameters"),
    ],
    "takes the mean for a constant": [
        slip(
            norm_step_by_step,
            (
                "dmu = -np.sum(dxhat) / std\ndh = dxhat / std + dvar * 2 * xmu / n + dmu / n",
                "dh = dxhat / std + dvar * 2 * xmu / n",
            ),
        ),
        slip(norm_compact, ("d - np.mean(d) - unit * np", "d - unit * np")),
        slip(norm_token_loop, ("dh = (du - du.mean() - unit * (du *", "dh = (du - unit * (du *")),
        slip(norm_by_jacobian, ("J = np.eye(n) - np.ones((n, n)) / n", "J = np.eye(n)")),
    ],
    "takes the spread for a constant": [
        slip(
            norm_step_by_step,
            ("dvar = np.sum(dxhat * xmu) * -0.5 * (var + 1e-5) ** -1.5", ""),
            ("std + dvar * 2 * xmu / n + dmu / n", "std + dmu / n"),
        ),
        slip(
            norm_at_the_end,
            ("d_s = -np.sum(d_zn * (z - m)) / s**2", ""),
            ("s + d_s * (z - m) / (N * s) + d_m / N", "s + d_m / N"),
        ),
        slip(
            norm_token_rows, ("keepdims=True) - norm * (dnorm * norm).mean(axis=1, keepdims=True))", "keepdims=True))")
        ),
        slip(norm_by_jacobian, ("J = (J - np.outer(xhat, xhat) / n) / sigma", "J = J / sigma")),
        Program("norm", norm_loops_spread_constant),
    ],
    "takes mean and spread for constants": [
        slip(
            norm_step_by_step,
            ("n = len(h)", ""),
            ("dvar = np.sum(dxhat * xmu) * -0.5 * (var + 1e-5) ** -1.5", ""),
            ("dmu = -np.sum(dxhat) / std", ""),
            ("dh = dxhat / std + dvar * 2 * xmu / n + dmu / n", "dh = dxhat / std"),
        ),
        Program("norm_last", norm_end_both_constant),
        slip(
            norm_token_rows,
            (
                "(dnorm - dnorm.mean(axis=1, keepdims=True) - norm * (dnorm * norm).mean(axis=1, keepdims=True))",
                "dnorm",
            ),
        ),
        Program("norm", norm_step_both_constant, returns="parameters"),
    ],
    "forgets the way past the blocks": [
        slip(residual_plain, ("dh1 = dh2 + W2 @ dz2", "dh1 = W2 @ dz2")),
        slip(
            residual_layers, (", _ = layer_back(upstream + through, x, first,", ", _ = layer_back(through, x, first,")
        ),
        slip(residual_plain, ("h2 = h1 + f", "h2 = f"), ("dh1 = dh2 + W2 @ dz2", "dh1 = W2 @ dz2")),
        slip(residual_first_step, ("skip = x + branch", "skip = branch")),
        Program("residual", residual_step_way_back, returns="parameters"),
    ],
    "updates all rows of the table": [
        slip(embedding_loop, ("dW1[word] += W2 @ err", "dW1 += W2 @ err")),
        slip(embedding_one_hot, ('W1": onehot.T @', 'W1": np.ones_like(onehot).T @')),
        slip(
            embedding_then_attention,
            ("dW1 = np.zeros_like(W1)\nnp.add.at(dW1, ids, demb)", "dW1 = np.zeros_like(W1) + demb.sum(axis=0)"),
        ),
        Program("embed_dense", embedding_every_row),
    ],
    "forgets the hidden slope": [
        slip(rnn_every_step_lists, ("dz = dh * (1 - hs[t] ** 2)", "dz = dh")),
        slip(rnn_columns, ("dhraw = (1 - hs[t] * hs[t]) * dh", "dhraw = dh")),
        slip(conv_pool_vectorised, ("d_net = d_act * (1 - act**2)", "d_net = d_act")),
        slip(conv_relu_loops, ("dz = (W2 @ delta) * (z > 0)", "dz = W2 @ delta")),
        slip(conv_image_loops, (", cols) * (1 - fmap**2)", ", cols)")),
        slip(norm_token_loop, ("dz = (1 - h**2) * dh", "dz = dh")),
        slip(residual_plain, ("dz2 = dh2 * (1 - f**2)", "dz2 = dh2")),
        slip(dense_plain, ("d1 = (W2 @ d2) * (1 - h**2)", "d1 = W2 @ d2")),
    ],
    "leaves out the input factor": [
        slip(rnn_dict_of_states, ("dWx1 += np.outer(x[t], dz)", "dWx1 += dz")),
        slip(rnn_plain_loops, ("gWh[i, j] += d_net * h[t - 1, i]", "gWh[i, j] += d_net")),
        slip(conv_pool_loops, ("dk1[j] += dz * x[i + j]", "dk1[j] += dz")),
        slip(lstm_every_step, ("np.outer(xt, dz)", "np.outer(np.ones_like(xt), dz)")),
        Program("dense", dense_no_input_tiled),
    ],
    "sign": [
        slip(rnn_columns, ("do = o - y.reshape(-1, 1)", "do = y.reshape(-1, 1) - o")),
        slip(lstm_one_cell, ("dout = out - y", "dout = y - out")),
        slip(attention_vectorised, ("dout = out - y", "dout = y - out")),
        slip(norm_at_the_end, ("d_o = o - y", "d_o = y - o")),
        slip(conv_relu_correlate, ("d_output = output - y", "d_output = y - output")),
        Program("embed_dense", embedding_target_minus_output),
    ],
    "update sign": [
        slip(
            rnn_training_step,
            (
                "return Wx1 - lr * gWx, Wh1 - lr * gWh, b1 - lr * gb, W2 - lr * gW2, b2 - lr *",
                "return Wx1 + lr * gWx, Wh1 + lr * gWh, b1 + lr * gb, W2 + lr * gW2, b2 + lr *",
            ),
        ),
        slip(
            conv_image_vectorised,
            (
                "return k1 - lr * grad_k1, b1 - lr * grad_b1, W2 - lr * grad_W2, b2 - lr *",
                "return k1 + lr * grad_k1, b1 + lr * grad_b1, W2 + lr * grad_W2, b2 + lr *",
            ),
        ),
        slip(
            residual_first_step,
            ("= W1 - lr *", "= W1 + lr *"),
            ("= b1 - lr *", "= b1 + lr *"),
            ("= W2 - lr *", "= W2 + lr *"),
            ("= b2 - lr *", "= b2 + lr *"),
        ),
        Program("embed_dense", embedding_step_adds, returns="parameters"),
    ],
    "bias": [
        slip(rnn_dict_of_states, ("db1 += dz", "")),
        slip(lstm_dicts, ('grads["b1"] += da', "")),
        slip(conv_pool_loops, ("db1 += dz", "")),
        Program("attention_dense", attention_dense_bias_zero),
    ],
    "slope": [
        slip(rnn_training_step, ("g = g * (1 - states[t + 1] ** 2)", "g = g * states[t + 1] * (1 - states[t + 1])")),
        slip(rnn_columns, ("dhraw = (1 - hs[t] * hs[t]) * dh", "dhraw = (1 - hs[t]) * dh")),
        slip(two_convolutions, ("dz1 = dh1 * (1 - h1**2)", "dz1 = dh1 * h1 * (1 - h1)")),
        slip(
            lstm_one_cell,
            (
                "= np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1",
                "= np.concatenate([di, df, do, dg * (1",
            ),
        ),
        slip(lstm_dicts, ("da[n : 2 * n] = dC * C[t - 1] * gf[t] * (1 - gf[t])", "da[n : 2 * n] = dC * C[t - 1]")),
        slip(lstm_every_step, ("* i * (1 - g * g)))", "* i * g * (1 - g)))")),
        Program("dense", dense_step_sigmoid_slope, returns="parameters"),
    ],
    "transpose": [
        slip(rnn_dict_of_states, ("dh = Wh1 @ dz", "dh = dz @ Wh1")),
        slip(rnn_every_step_vectorised, ("carry = D[t] @ Wh1.T", "carry = D[t] @ Wh1")),
        slip(residual_plain, ("dh1 = dh2 + W2 @ dz2", "dh1 = dh2 + W2.T @ dz2")),
        Program("rnn_wide", rnn_wide_output_weights_turned),
    ],
    "swap": [
        slip(attention_vectorised, ("return x.T @ dQ, x.T @ dK, x.T @ dV", "return x.T @ dK, x.T @ dQ, x.T @ dV")),
        slip(
            attention_then_dense,
            ("dWq = x.T @ (dS @ K)", "dWq = x.T @ (dS.T @ Q)"),
            ("dWk = x.T @ (dS.T @ Q)", "dWk = x.T @ (dS @ K)"),
        ),
        Program("embed_attention", embedding_attention_swapped),
    ],
}
PROGRAMS = [*RIGHT, *(replace(one, expected=mistake) for mistake, made in WRONG.items() for one in made)]


def drawn(model: bp.Model, seed: int) -> bp.Problem:
    """A problem with random numbers: of four tokens the first and the last are alike, and not all ReLUs are dead."""
    rng = np.random.default_rng(seed)
    while True:
        parameters = {name: float(rng.normal(scale=0.8)) for name in model.parameters}
        if model.vocabulary:
            first, second, third = rng.permutation(5)[:3]
            inputs = np.array([first, second, third, first])
        else:
            inputs = rng.normal(size=model.input_shape)
        problem = bp.Problem(model, parameters, inputs, rng.normal(size=model.output_shape), 0.1)
        values = bp.evaluate(problem)
        if all(any(values[f"dE/d{name}"] for name in table.flat) for table in model.tables.values()):
            return problem


def arguments(problem: bp.Problem, program: Program) -> list[Any]:
    """What the program is called with: x, y, the arrays in order, and the learning rate where it takes one."""
    x, y = np.array(problem.inputs), np.array(problem.targets)
    model = problem.network
    x, y = x.reshape(model.input_shape), y.reshape(model.output_shape)
    given = [x.astype(int) if model.vocabulary else x, y, *(np.array(one) for one in problem.arrays().values())]
    return [*given, problem.learning_rate] if program.returns == "parameters" else given


def right_answer(problem: bp.Problem, program: Program) -> list[np.ndarray]:
    """What the program should return, read from the kit's own lines."""
    values, model = bp.evaluate(problem), problem.network
    if program.returns == "loss":
        return [np.array(values["E_total"])]
    if program.returns == "outputs":
        return [np.array([values[f"out_{one}"] for one in model.outputs]).reshape(model.output_shape)]
    slopes = [np.vectorize(lambda name: float(values[f"dE/d{name}"]))(table) for table in model.tables.values()]
    if program.returns == "gradients":
        return slopes
    return [old - problem.learning_rate * slope for old, slope in zip(problem.arrays().values(), slopes)]


def answer(problem: bp.Problem, program: Program) -> list[np.ndarray]:
    """What the program returns, as arrays in the model's order."""
    given = arguments(problem, program)
    found = program.function(*[np.array(one) if isinstance(one, np.ndarray) else one for one in given])
    if isinstance(found, dict):
        found = [found[name] for name in problem.network.tables]
    return [np.asarray(one, float) for one in (found if isinstance(found, tuple | list) else [found])]


def distance(program: Program, seed: int) -> float:
    """The largest difference between what a program returns and what is right."""
    problem = drawn(MODELS[program.model], seed)
    found, right = answer(problem, program), right_answer(problem, program)
    assert [one.shape for one in found] == [one.shape for one in right], f"{program.name}: shapes {found}"
    return max(float(np.abs(one - other).max()) for one, other in zip(found, right))


def difference_quotients(program: Program, seed: int) -> list[np.ndarray]:
    """The gradients by central differences of the kit's loss: a second witness, without the chain rule."""
    problem = drawn(MODELS[program.model], seed)

    def loss(name: str, value: float) -> float:
        return float(bp.evaluate(problem.replace(**{name: value}))["E_total"])

    def quotient(name: str) -> float:
        value, h = problem.parameters[name], 1e-5
        return (loss(name, value + h) - loss(name, value - h)) / (2 * h)

    return [np.vectorize(quotient)(table) for table in problem.network.tables.values()]


if __name__ == "__main__":
    names = [one.name for one in PROGRAMS]
    assert len(set(names)) == len(names), "a name stands twice"
    for one in PROGRAMS:
        signature = list(inspect.signature(one.function).parameters)
        wanted = ["x", "y", *MODELS[one.model].tables, *(["lr"] if one.returns == "parameters" else [])]
        assert signature == wanted, f"{one.name}: {signature}"
        far = [distance(one, seed) for seed in range(4)]
        if one.expected:
            assert max(far) > 1e-6, f"{one.name} is right"
            if min(far) < 1e-6:
                print(f"{one.name}: not seen in every problem, {far}")
        else:
            assert max(far) < 1e-9, f"{one.name} is wrong: {far}"
    witnesses = {one.model: one for one in PROGRAMS if not one.expected and one.returns == "gradients"}
    for one in witnesses.values():
        pairs = zip(difference_quotients(one, 1), answer(drawn(MODELS[one.model], 1), one))
        assert all(np.allclose(a, b, rtol=0, atol=1e-6) for a, b in pairs), one.model
    for expected, many in Counter(one.expected for one in PROGRAMS).most_common():
        print(f"{many:4}  {expected or 'right'}")
    print(f"{len(PROGRAMS):4}  in all")
