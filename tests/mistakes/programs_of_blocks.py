"""Programs of learners that pass back through blocks: right ones, and wrong ones with the name of their mistake.

Each program is whole: forward and backward, one sample through a small model, in NumPy and by hand. ``PROGRAMS`` lists
them, with the model of ``MODELS`` that each is about, the mistake that it makes ("" where it is right), and what it
returns. The loss is half the squared error, summed over all outputs. Run as a script, the file checks itself: the right
programs are right, and the wrong ones are seen to be wrong.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    """A learner's program: the model it is about, the mistake it makes ("" for none), and what it returns.

    ``returns`` is "gradients", "parameters" (such a program takes a learning rate ``lr`` last), "outputs" or "loss".
    """

    name: str
    model: str
    function: Callable[..., Any]
    expected: str
    returns: str = "gradients"


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


def rnn_dict_assigns(x, y, Wx1, Wh1, b1, W2, b2):
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
        dWx1 = np.outer(x[t], dz)
        dWh1 = np.outer(hs[t - 1], dz)
        db1 = dz
        dh = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_lists_assign_input_weights(x, y, Wx1, Wh1, b1, W2, b2):
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
        dWx1 = np.outer(x[t], dz)
        dWh1 += np.outer(h_prev, dz)
        db1 += dz
        dh_next = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_lists_assign_output_weights(x, y, Wx1, Wh1, b1, W2, b2):
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
        dW2 = np.outer(hs[t], dy)
        db2 += dy
        dh = W2 @ dy + dh_next
        dz = dh * (1 - hs[t] ** 2)
        h_prev = hs[t - 1] if t > 0 else np.zeros(2)
        dWx1 += np.outer(x[t], dz)
        dWh1 += np.outer(h_prev, dz)
        db1 += dz
        dh_next = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_named_state_weights_last(x, y, Wx1, Wh1, b1, W2, b2):
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
            grads["Wh1"] = H[t - 1][:, None] * draw
            grads["b1"] = grads["b1"] + draw
            dstate = draw.dot(Wh1.T)
        return grads

    return backward(*forward())


def lstm_dicts_assign(x, y, Wx1, Wh1, b1, W2, b2):
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
        grads["Wx1"] = np.outer(x[t], da)
        grads["Wh1"] = np.outer(H[t - 1], da)
        grads["b1"] = da
        dH = np.dot(Wh1, da)
        dC = dC * gf[t]
    return grads


def lstm_every_step_last_kept(x, y, Wx1, Wh1, b1, W2, b2):
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
        dWx1, dWh1, db1 = dWx, dWh, dz
    return dWx1, dWh1, db1, hs.T @ error, error.sum(axis=0)


def conv_pool_assigns(x, y, k1, b1, W3, b3):
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
            dk1[j] = dz * x[i + j]
        db1 += dz
    return dk1, db1, dW3, dout


def conv_relu_assigns(x, y, k1, b1, W2, b2):
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
        dk = dz[i] * x[i : i + size]
    return dk, np.array([np.sum(dz)]), dW2, delta


def conv_image_assigns(x, y, k1, b1, W2, b2):
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
            dk1 = dmap[r, c] * x[r : r + 2, c : c + 2]
    db1 = np.array([dmap.sum()])
    return dk1, db1, dW2, dout


def norm_tokens_assign_gain(x, y, W1, b1, g2, b2):
    dW1, db1 = np.zeros_like(W1), np.zeros_like(b1)
    dg2, db2 = np.zeros_like(g2), np.zeros_like(b2)
    for token, target in zip(x, y):
        h = np.tanh(token @ W1 + b1)
        diff = h - np.mean(h)
        spread = np.sqrt(np.mean(diff**2) + 1e-5)
        unit = diff / spread
        err = g2 * unit + b2 - target
        dg2 = err * unit
        db2 = err
        du = err * g2
        dh = (du - du.mean() - unit * (du * unit).mean()) / spread
        dz = (1 - h**2) * dh
        dW1 += np.outer(token, dz)
        db1 += dz
    return dW1, db1, dg2, db2


def norm_tokens_assign_weights(x, y, W1, b1, g2, b2):
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
        dW1 = np.outer(token, dz)
        db1 += dz
    return dW1, db1, dg2, db2


def attention_assigns_values(x, y, Wq1, Wk1, Wv1):
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
            gWv = np.outer(x[j], w[j] * do)
            gWq += np.outer(x[i], ds[j] * k[j] / root)
            gWk += np.outer(x[j], ds[j] * q[i] / root)
    return gWq, gWk, gWv


def embedding_fancy_index(x, y, W1, Wq2, Wk2, Wv2):
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
    dW1[ids] += demb
    return dW1, emb.T @ dq, emb.T @ dk, emb.T @ dv


def embedding_loop_assigns(x, y, W1, W2, b2):
    dW1, dW2, db2 = np.zeros_like(W1), np.zeros_like(W2), np.zeros_like(b2)
    for t in range(len(x)):
        word = int(x[t])
        vec = W1[word]
        err = vec @ W2 + b2 - y[t]
        dW2 += np.outer(vec, err)
        db2 += err
        dW1[word] = W2 @ err
    return dW1, dW2, db2


def embedding_dense_assigns(x, y, W1, W2, b2):
    dW1, dW2, db2 = np.zeros_like(W1), np.zeros_like(W2), np.zeros_like(b2)
    for t in range(len(x)):
        word = int(x[t])
        vec = W1[word]
        err = vec @ W2 + b2 - y[t]
        dW2 = np.outer(vec, err)
        db2 += err
        dW1[word] += W2 @ err
    return dW1, dW2, db2


def rnn_step_mean_over_time(x, y, Wx1, Wh1, b1, W2, b2, lr):
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
    gWx, gWh, gb = gWx / len(x), gWh / len(x), gb / len(x)
    return Wx1 - lr * gWx, Wh1 - lr * gWh, b1 - lr * gb, W2 - lr * gW2, b2 - lr * gb2


def rnn_vectorised_mean(x, y, Wx1, Wh1, b1, W2, b2):
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
    return x.T @ D / T, H[:-1].T @ D / T, D.mean(axis=0), H[1:].T @ E, E.sum(axis=0)


def rnn_vectorised_output_mean(x, y, Wx1, Wh1, b1, W2, b2):
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
    return x.T @ D, H[:-1].T @ D, D.sum(axis=0), H[1:].T @ E / T, E.mean(axis=0)


def lstm_every_step_mean(x, y, Wx1, Wh1, b1, W2, b2):
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
    dWx1, dWh1, db1 = [d / len(x) for d in (dWx1, dWh1, db1)]
    return dWx1, dWh1, db1, hs.T @ error, error.sum(axis=0)


def conv_pool_mean_over_places(x, y, k1, b1, W3, b3):
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    act = np.tanh(windows @ k1 + b1)
    pairs = act.reshape(-1, 2)
    pooled = pairs.max(axis=1)
    mask = (pairs == pooled[:, None]).astype(float)
    error = pooled @ W3 + b3 - y
    d_pooled = error @ W3.T
    d_act = (mask * d_pooled[:, None]).reshape(-1)
    d_net = d_act * (1 - act**2)
    return windows.T @ d_net / len(d_net), np.array([d_net.mean()]), pooled[:, None] * error[None, :], error


def conv_relu_mean_over_places(x, y, k1, b1, W2, b2):
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
    return dk / places, np.array([np.sum(dz) / places]), dW2, delta


def conv_image_mean_over_places(x, y, k1, b1, W2, b2):
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
    dk1 = dk1 / (rows * cols)
    db1 = np.array([dmap.mean()])
    return dk1, db1, dW2, dout


def norm_tokens_mean_gain(x, y, W1, b1, g2, b2):
    h = np.tanh(x @ W1 + b1)
    mean = h.mean(axis=1, keepdims=True)
    var = h.var(axis=1, keepdims=True)
    inv_std = 1 / np.sqrt(var + 1e-5)
    norm = (h - mean) * inv_std
    out = norm * g2 + b2
    dout = out - y
    dg2 = (dout * norm).mean(axis=0)
    db2 = dout.mean(axis=0)
    dnorm = dout * g2
    dh = inv_std * (dnorm - dnorm.mean(axis=1, keepdims=True) - norm * (dnorm * norm).mean(axis=1, keepdims=True))
    dz = dh * (1 - h**2)
    dW1 = x.T @ dz
    db1 = dz.sum(axis=0)
    return dW1, db1, dg2, db2


def embedding_mean_over_occurrences(x, y, W1, Wq2, Wk2, Wv2):
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
    counts = np.bincount(ids, minlength=len(W1))
    dW1 = dW1 / np.maximum(counts, 1)[:, None]
    return dW1, emb.T @ dq, emb.T @ dk, emb.T @ dv


def rnn_dict_last_step_only(x, y, Wx1, Wh1, b1, W2, b2):
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
    for t in [T - 1]:
        dz = (1 - hs[t] ** 2) * dh
        dWx1 += np.outer(x[t], dz)
        dWh1 += np.outer(hs[t - 1], dz)
        db1 += dz
        dh = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_lists_nothing_carried(x, y, Wx1, Wh1, b1, W2, b2):
    hs, outs = [], []
    h = np.zeros(2)
    for t in range(len(x)):
        h = np.tanh(x[t] @ Wx1 + h @ Wh1 + b1)
        hs.append(h)
        outs.append(h @ W2 + b2)
    dWx1, dWh1, db1 = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    dW2, db2 = np.zeros_like(W2), np.zeros_like(b2)
    for t in range(len(x) - 1, -1, -1):
        dy = outs[t] - y[t]
        dW2 += np.outer(hs[t], dy)
        db2 += dy
        dh = W2 @ dy
        dz = dh * (1 - hs[t] ** 2)
        h_prev = hs[t - 1] if t > 0 else np.zeros(2)
        dWx1 += np.outer(x[t], dz)
        dWh1 += np.outer(h_prev, dz)
        db1 += dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_vectorised_local_deltas(x, y, Wx1, Wh1, b1, W2, b2):
    T, n = len(x), len(b1)
    H = np.zeros((T + 1, n))
    for t in range(T):
        H[t + 1] = np.tanh(x[t] @ Wx1 + H[t] @ Wh1 + b1)
    E = H[1:] @ W2 + b2 - y
    D = (E @ W2.T) * (1 - H[1:] ** 2)
    return x.T @ D, H[:-1].T @ D, D.sum(axis=0), H[1:].T @ E, E.sum(axis=0)


def lstm_every_step_cell_cut(x, y, Wx1, Wh1, b1, W2, b2):
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
        return dz, np.outer(xt, dz), np.outer(h_prev, dz), dz @ Wh1.T, np.zeros(2)

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


def lstm_dicts_cell_not_carried(x, y, Wx1, Wh1, b1, W2, b2):
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
    for t in reversed(range(T)):
        dC = dH * go[t] * (1 - np.tanh(C[t]) ** 2)
        da = np.zeros(4 * n)
        da[0:n] = dC * gg[t] * gi[t] * (1 - gi[t])
        da[n : 2 * n] = dC * C[t - 1] * gf[t] * (1 - gf[t])
        da[2 * n : 3 * n] = dH * np.tanh(C[t]) * go[t] * (1 - go[t])
        da[3 * n : 4 * n] = dC * gi[t] * (1 - gg[t] ** 2)
        grads["Wx1"] += np.outer(x[t], da)
        grads["Wh1"] += np.outer(H[t - 1], da)
        grads["b1"] += da
        dH = np.dot(Wh1, da)
    return grads


def lstm_one_state_not_carried(x, y, Wx1, Wh1, b1, W2, b2):
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
        dh = np.zeros(1)
        dc = dc * f
    return dWx1, dWh1, db1, dW2, db2


def rnn_dict_same_state(x, y, Wx1, Wh1, b1, W2, b2):
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
        dWh1 += np.outer(hs[t], dz)
        db1 += dz
        dh = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_lists_same_state(x, y, Wx1, Wh1, b1, W2, b2):
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
        dWx1 += np.outer(x[t], dz)
        dWh1 += np.outer(hs[t], dz)
        db1 += dz
        dh_next = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_vectorised_same_state(x, y, Wx1, Wh1, b1, W2, b2):
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
    return x.T @ D, H[1:].T @ D, D.sum(axis=0), H[1:].T @ E, E.sum(axis=0)


def rnn_step_same_state(x, y, Wx1, Wh1, b1, W2, b2, lr):
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
        gWh += np.outer(states[t + 1], g)
        gb += g
        g = g @ Wh1.T
    return Wx1 - lr * gWx, Wh1 - lr * gWh, b1 - lr * gb, W2 - lr * gW2, b2 - lr * gb2


def rnn_loops_same_state(x, y, Wx1, Wh1, b1, W2, b2):
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
                gWh[i, j] += d_net * h[t, i]
                d_h[t - 1, i] += d_net * Wh1[i, j]
            gb[j] += d_net
    return gWx, gWh, gb, np.outer(h[steps], d_out), d_out


def lstm_dicts_same_state(x, y, Wx1, Wh1, b1, W2, b2):
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
        grads["Wh1"] += np.outer(H[t], da)
        grads["b1"] += da
        dH = np.dot(Wh1, da)
        dC = dC * gf[t]
    return grads


def lstm_dicts_same_cell(x, y, Wx1, Wh1, b1, W2, b2):
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
        da[n : 2 * n] = dC * C[t] * gf[t] * (1 - gf[t])
        da[2 * n : 3 * n] = dH * np.tanh(C[t]) * go[t] * (1 - go[t])
        da[3 * n : 4 * n] = dC * gi[t] * (1 - gg[t] ** 2)
        grads["Wx1"] += np.outer(x[t], da)
        grads["Wh1"] += np.outer(H[t - 1], da)
        grads["b1"] += da
        dH = np.dot(Wh1, da)
        dC = dC * gf[t]
    return grads


def conv_relu_convolve(x, y, k1, b1, W2, b2):
    net = np.convolve(x, k1, mode="valid") + b1
    hidden = np.where(net > 0, net, 0.0)
    output = hidden.dot(W2) + b2
    d_output = output - y
    d_hidden = W2.dot(d_output)
    d_net = np.where(net > 0, d_hidden, 0.0)
    d_k1 = np.correlate(x, d_net, mode="valid")
    d_b1 = d_net.sum(keepdims=True)
    return {"k1": d_k1, "b1": d_b1, "W2": np.outer(hidden, d_output), "b2": d_output}


def conv_relu_gradient_convolve(x, y, k1, b1, W2, b2):
    net = np.correlate(x, k1, mode="valid") + b1
    hidden = np.where(net > 0, net, 0.0)
    output = hidden.dot(W2) + b2
    d_output = output - y
    d_hidden = W2.dot(d_output)
    d_net = np.where(net > 0, d_hidden, 0.0)
    d_k1 = np.convolve(x, d_net, mode="valid")
    d_b1 = d_net.sum(keepdims=True)
    return {"k1": d_k1, "b1": d_b1, "W2": np.outer(hidden, d_output), "b2": d_output}


def conv_relu_flipped_gradient(x, y, k1, b1, W2, b2):
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
    return dk[::-1], np.array([np.sum(dz)]), dW2, delta


def two_convolutions_back_round(x, y, k1, b1, k2, b2, W3, b3):
    a1 = np.tanh(np.convolve(x, k1[::-1], "valid") + b1)
    a2 = np.tanh(np.convolve(a1, k2[::-1], "valid") + b2)
    e = a2 @ W3 + b3 - y
    d2 = (1 - a2 * a2) * (W3 @ e)
    d1 = (1 - a1 * a1) * np.correlate(d2, k2, "full")
    gk1 = np.correlate(x, d1, "valid")
    gk2 = np.correlate(a1, d2, "valid")
    return gk1, d1.sum(keepdims=True), gk2, d2.sum(keepdims=True), a2[:, None] * e, e


def conv_image_rotated_gradient(x, y, k1, b1, W2, b2, lr):
    patches = np.lib.stride_tricks.sliding_window_view(x, k1.shape)
    hidden = np.tanh(np.einsum("rcij,ij->rc", patches, k1) + b1)
    error = hidden.ravel() @ W2 + b2 - y
    back = (error @ W2.T).reshape(hidden.shape) * (1 - np.square(hidden))
    grad_k1 = np.einsum("rcij,rc->ij", patches, back)
    grad_k1 = np.rot90(grad_k1, 2)
    grad_b1 = np.array([back.sum()])
    grad_W2 = np.outer(hidden.ravel(), error)
    return k1 - lr * grad_k1, b1 - lr * grad_b1, W2 - lr * grad_W2, b2 - lr * error


def conv_image_flipped_forward(x, y, k1, b1, W2, b2):
    rows = x.shape[0] - k1.shape[0] + 1
    cols = x.shape[1] - k1.shape[1] + 1
    fmap = np.zeros((rows, cols))
    for r in range(rows):
        for c in range(cols):
            fmap[r, c] = np.tanh(np.sum(x[r : r + 2, c : c + 2] * k1[::-1, ::-1]) + b1[0])
    flat = fmap.flatten()
    out = flat @ W2 + b2
    dout = out - y
    dW2 = np.outer(flat, dout)
    dmap = (W2 @ dout).reshape(rows, cols) * (1 - fmap**2)
    dk1 = np.zeros_like(k1)
    for r in range(rows):
        for c in range(cols):
            dk1 += dmap[r, c] * x[r : r + 2, c : c + 2][::-1, ::-1]
    db1 = np.array([dmap.sum()])
    return dk1, db1, dW2, dout


def conv_pool_one_to_the_left(x, y, k1, b1, W3, b3):
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
            dk1[j] += dz * x[i + j - 1]
        db1 += dz
    return dk1, db1, dW3, dout


def conv_relu_rolled(x, y, k1, b1, W2, b2):
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
        dk += dz[i] * np.roll(x, -1)[i : i + size]
    return dk, np.array([np.sum(dz)]), dW2, delta


def conv_pool_padded_forward(x, y, k1, b1, W3, b3):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, 1), 3)[: len(x) - 2]
    act = np.tanh(windows @ k1 + b1)
    pairs = act.reshape(-1, 2)
    pooled = pairs.max(axis=1)
    mask = (pairs == pooled[:, None]).astype(float)
    error = pooled @ W3 + b3 - y
    d_pooled = error @ W3.T
    d_act = (mask * d_pooled[:, None]).reshape(-1)
    d_net = d_act * (1 - act**2)
    return windows.T @ d_net, np.array([d_net.sum()]), pooled[:, None] * error[None, :], error


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


def conv_pool_loops_to_all(x, y, k1, b1, W3, b3):
    n = len(x) - len(k1) + 1
    a = np.zeros(n)
    for i in range(n):
        for j in range(len(k1)):
            a[i] += k1[j] * x[i + j]
        a[i] = np.tanh(a[i] + b1[0])
    p = np.zeros(n // 2)
    for i in range(n // 2):
        w = a[2 * i : 2 * i + 2]
        p[i] = w.max()
    out = p @ W3 + b3
    dout = out - y
    dW3 = np.outer(p, dout)
    dp = W3 @ dout
    da = np.zeros(n)
    for i in range(n // 2):
        da[2 * i : 2 * i + 2] = dp[i]
    dk1 = np.zeros_like(k1)
    db1 = np.zeros_like(b1)
    for i in range(n):
        dz = da[i] * (1 - a[i] ** 2)
        for j in range(len(k1)):
            dk1[j] += dz * x[i + j]
        db1 += dz
    return dk1, db1, dW3, dout


def conv_pool_repeat(x, y, k1, b1, W3, b3):
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    act = np.tanh(windows @ k1 + b1)
    pairs = act.reshape(-1, 2)
    pooled = pairs.max(axis=1)
    error = pooled @ W3 + b3 - y
    d_pooled = error @ W3.T
    d_act = np.repeat(d_pooled, 2)
    d_net = d_act * (1 - act**2)
    return windows.T @ d_net, np.array([d_net.sum()]), pooled[:, None] * error[None, :], error


def attention_diagonal(x, y, Wq1, Wk1, Wv1):
    Q, K, V = x @ Wq1, x @ Wk1, x @ Wv1
    d = Q.shape[1]
    S = Q @ K.T / np.sqrt(d)
    A = np.exp(S - S.max(axis=1, keepdims=True))
    A = A / A.sum(axis=1, keepdims=True)
    out = A @ V
    dout = out - y
    dV = A.T @ dout
    dA = dout @ V.T
    dS = dA * A * (1 - A)
    dQ = dS @ K / np.sqrt(d)
    dK = dS.T @ Q / np.sqrt(d)
    return x.T @ dQ, x.T @ dK, x.T @ dV


def attention_rows_diagonal(x, y, Wq1, Wk1, Wv1):
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
        jac = np.diag(w * (1 - w))
        ds = jac @ dw
        for j in range(n):
            gWv += np.outer(x[j], w[j] * do)
            gWq += np.outer(x[i], ds[j] * k[j] / root)
            gWk += np.outer(x[j], ds[j] * q[i] / root)
    return gWq, gWk, gWv


def attention_dense_diagonal(x, y, Wq1, Wk1, Wv1, W2, b2):
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
        dS[i] = A[i] * (1 - A[i]) * dA[i]
    dS /= np.sqrt(2)
    dWq = x.T @ (dS @ K)
    dWk = x.T @ (dS.T @ Q)
    return dWq, dWk, dWv, dW2, db2


def embedding_attention_diagonal(x, y, W1, Wq2, Wk2, Wv2):
    ids = np.asarray(x).astype(int)
    emb = W1[ids]
    q, k, v = emb @ Wq2, emb @ Wk2, emb @ Wv2
    root = np.sqrt(q.shape[-1])
    z = q @ k.T / root
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    do = p @ v - y
    dv = p.T @ do
    dp = do @ v.T
    dz = p * (1 - p) * dp / root
    dq, dk = dz @ k, dz.T @ q
    demb = dq @ Wq2.T + dk @ Wk2.T + dv @ Wv2.T
    dW1 = np.zeros_like(W1)
    np.add.at(dW1, ids, demb)
    return dW1, emb.T @ dq, emb.T @ dk, emb.T @ dv


def attention_no_root_back(x, y, Wq1, Wk1, Wv1):
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
    dQ = dS @ K
    dK = dS.T @ Q
    return x.T @ dQ, x.T @ dK, x.T @ dV


def attention_no_root_forward(x, y, Wq1, Wk1, Wv1):
    Q, K, V = x @ Wq1, x @ Wk1, x @ Wv1
    d = Q.shape[1]
    S = Q @ K.T
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


def attention_rows_no_root(x, y, Wq1, Wk1, Wv1):
    n = len(x)
    q = [t @ Wq1 for t in x]
    k = [t @ Wk1 for t in x]
    v = [t @ Wv1 for t in x]
    gWq, gWk, gWv = np.zeros_like(Wq1), np.zeros_like(Wk1), np.zeros_like(Wv1)
    for i in range(n):
        scores = np.array([q[i] @ k[j] for j in range(n)])
        w = np.exp(scores) / np.exp(scores).sum()
        o = sum(w[j] * v[j] for j in range(n))
        do = o - y[i]
        dw = np.array([do @ v[j] for j in range(n)])
        jac = np.diag(w) - np.outer(w, w)
        ds = jac @ dw
        for j in range(n):
            gWv += np.outer(x[j], w[j] * do)
            gWq += np.outer(x[i], ds[j] * k[j])
            gWk += np.outer(x[j], ds[j] * q[i])
    return gWq, gWk, gWv


def attention_outputs_no_root(x, y, Wq1, Wk1, Wv1):
    def softmax(s):
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    queries, keys, values = x.dot(Wq1), x.dot(Wk1), x.dot(Wv1)
    weights = softmax(queries.dot(keys.T))
    return weights.dot(values)


def attention_dense_no_root_back(x, y, Wq1, Wk1, Wv1, W2, b2):
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
    dWq = x.T @ (dS @ K)
    dWk = x.T @ (dS.T @ Q)
    return dWq, dWk, dWv, dW2, db2


def embedding_attention_no_root_back(x, y, W1, Wq2, Wk2, Wv2):
    ids = np.asarray(x).astype(int)
    emb = W1[ids]
    q, k, v = emb @ Wq2, emb @ Wk2, emb @ Wv2
    root = np.sqrt(q.shape[-1])
    z = q @ k.T / root
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    do = p @ v - y
    dv = p.T @ do
    dp = do @ v.T
    dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))
    dq, dk = dz @ k, dz.T @ q
    demb = dq @ Wq2.T + dk @ Wk2.T + dv @ Wv2.T
    dW1 = np.zeros_like(W1)
    np.add.at(dW1, ids, demb)
    return dW1, emb.T @ dq, emb.T @ dk, emb.T @ dv


def attention_columns_sum_to_one(x, y, Wq1, Wk1, Wv1):
    Q, K, V = x @ Wq1, x @ Wk1, x @ Wv1
    d = Q.shape[1]
    S = Q @ K.T / np.sqrt(d)
    A = np.exp(S - S.max(axis=0, keepdims=True))
    A = A / A.sum(axis=0, keepdims=True)
    out = A @ V
    dout = out - y
    dV = A.T @ dout
    dA = dout @ V.T
    dS = A * (dA - np.sum(dA * A, axis=0, keepdims=True))
    dQ = dS @ K / np.sqrt(d)
    dK = dS.T @ Q / np.sqrt(d)
    return x.T @ dQ, x.T @ dK, x.T @ dV


def attention_outputs_axis_zero(x, y, Wq1, Wk1, Wv1):
    def softmax(s):
        e = np.exp(s - s.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)

    queries, keys, values = x.dot(Wq1), x.dot(Wk1), x.dot(Wv1)
    weights = softmax(queries.dot(keys.T) / np.sqrt(keys.shape[1]))
    return weights.dot(values)


def attention_square_no_axis_kept(x, y, Wq1, Wk1, Wv1):
    q = np.einsum("ti,iw->tw", x, Wq1)
    k = np.einsum("ti,iw->tw", x, Wk1)
    v = np.einsum("ti,iw->tw", x, Wv1)
    scale = 1 / np.sqrt(Wk1.shape[1])
    s = np.dot(q, k.T) * scale
    e = np.exp(s)
    p = e / e.sum(axis=0)
    g = p @ v - y
    gv = p.T @ g
    gp = g @ v.T
    gs = p * (gp - (p * gp).sum(axis=0))
    gq = np.dot(gs, k) * scale
    gk = np.dot(gs.T, q) * scale
    return {"Wq1": x.T @ gq, "Wk1": x.T @ gk, "Wv1": x.T @ gv}


def attention_dense_axis_zero_forward(x, y, Wq1, Wk1, Wv1, W2, b2):
    def softmax_rows(m):
        m = np.exp(m - np.max(m, axis=0, keepdims=True))
        return m / np.sum(m, axis=0, keepdims=True)

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


def embedding_attention_back_axis_zero(x, y, W1, Wq2, Wk2, Wv2):
    ids = np.asarray(x).astype(int)
    emb = W1[ids]
    q, k, v = emb @ Wq2, emb @ Wk2, emb @ Wv2
    root = np.sqrt(q.shape[-1])
    z = q @ k.T / root
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    do = p @ v - y
    dv = p.T @ do
    dp = do @ v.T
    dz = p * (dp - (dp * p).sum(axis=0, keepdims=True)) / root
    dq, dk = dz @ k, dz.T @ q
    demb = dq @ Wq2.T + dk @ Wk2.T + dv @ Wv2.T
    dW1 = np.zeros_like(W1)
    np.add.at(dW1, ids, demb)
    return dW1, emb.T @ dq, emb.T @ dk, emb.T @ dv


def attention_square_keys(x, y, Wq1, Wk1, Wv1):
    q = np.einsum("ti,iw->tw", x, Wq1)
    k = np.einsum("ti,iw->tw", x, Wk1)
    v = np.einsum("ti,iw->tw", x, Wv1)
    scale = 1 / np.sqrt(Wk1.shape[1])
    s = np.dot(q, k) * scale
    e = np.exp(s)
    p = e / e.sum(axis=1)[:, None]
    g = p @ v - y
    gv = p.T @ g
    gp = g @ v.T
    gs = p * (gp - (p * gp).sum(axis=1)[:, None])
    gq = np.dot(gs, k.T) * scale
    gk = np.dot(q.T, gs) * scale
    return {"Wq1": x.T @ gq, "Wk1": x.T @ gk, "Wv1": x.T @ gv}


def attention_square_keys_forward_only(x, y, Wq1, Wk1, Wv1):
    q = np.einsum("ti,iw->tw", x, Wq1)
    k = np.einsum("ti,iw->tw", x, Wk1)
    v = np.einsum("ti,iw->tw", x, Wv1)
    scale = 1 / np.sqrt(Wk1.shape[1])
    s = np.dot(q, k) * scale
    e = np.exp(s)
    p = e / e.sum(axis=1)[:, None]
    g = p @ v - y
    gv = p.T @ g
    gp = g @ v.T
    gs = p * (gp - (p * gp).sum(axis=1)[:, None])
    gq = np.dot(gs, k) * scale
    gk = np.dot(gs.T, q) * scale
    return {"Wq1": x.T @ gq, "Wk1": x.T @ gk, "Wv1": x.T @ gv}


def norm_steps_mean_constant(x, y, W1, b1, g2, b2, W3, b3):
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
    dh = dxhat / std + dvar * 2 * xmu / n
    dz = dh * (1 - h**2)
    return np.outer(x, dz), dz, dg2, db2, dW3, dout


def norm_compact_mean_constant(x, y, W1, b1, g2, b2, W3, b3):
    def normalise(v):
        inv = 1.0 / np.sqrt(np.var(v) + 1e-5)
        return (v - np.mean(v)) * inv, inv

    def normalise_back(d, unit, inv):
        return inv * (d - unit * np.mean(d * unit))

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


def norm_tokens_mean_constant(x, y, W1, b1, g2, b2):
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
        dh = (du - unit * (du * unit).mean()) / spread
        dz = (1 - h**2) * dh
        dW1 += np.outer(token, dz)
        db1 += dz
    return dW1, db1, dg2, db2


def norm_jacobian_mean_constant(x, y, W1, b1, g2, b2):
    a = x @ W1 + b1
    n = a.shape[0]
    centred = a - a.mean()
    sigma = np.sqrt(np.mean(centred**2) + 1e-5)
    xhat = centred / sigma
    e = g2 * xhat + b2 - y
    J = np.eye(n)
    J = (J - np.outer(xhat, xhat) / n) / sigma
    da = J @ (g2 * e)
    return np.outer(x, da), da, e * xhat, e


def norm_steps_spread_constant(x, y, W1, b1, g2, b2, W3, b3):
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
    dmu = -np.sum(dxhat) / std
    dh = dxhat / std + dmu / n
    dz = dh * (1 - h**2)
    return np.outer(x, dz), dz, dg2, db2, dW3, dout


def norm_end_spread_constant(x, y, W1, b1, g2, b2):
    z = np.dot(x, W1) + b1
    N = z.size
    m = np.sum(z) / N
    s2 = np.sum((z - m) ** 2) / N
    s = np.sqrt(s2 + 1e-5)
    zn = (z - m) / s
    o = g2 * zn + b2
    d_o = o - y
    d_zn = d_o * g2
    d_m = -np.sum(d_zn) / s
    d_z = d_zn / s + d_m / N
    return np.outer(x, d_z), d_z, d_o * zn, d_o


def norm_token_rows_spread_constant(x, y, W1, b1, g2, b2):
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
    dh = inv_std * (dnorm - dnorm.mean(axis=1, keepdims=True))
    dz = dh * (1 - h**2)
    dW1 = x.T @ dz
    db1 = dz.sum(axis=0)
    return dW1, db1, dg2, db2


def norm_jacobian_spread_constant(x, y, W1, b1, g2, b2):
    a = x @ W1 + b1
    n = a.shape[0]
    centred = a - a.mean()
    sigma = np.sqrt(np.mean(centred**2) + 1e-5)
    xhat = centred / sigma
    e = g2 * xhat + b2 - y
    J = np.eye(n) - np.ones((n, n)) / n
    J = J / sigma
    da = J @ (g2 * e)
    return np.outer(x, da), da, e * xhat, e


def norm_steps_both_constant(x, y, W1, b1, g2, b2, W3, b3):
    h = np.tanh(x @ W1 + b1)
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
    dh = dxhat / std
    dz = dh * (1 - h**2)
    return np.outer(x, dz), dz, dg2, db2, dW3, dout


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


def norm_token_rows_both_constant(x, y, W1, b1, g2, b2):
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
    dh = inv_std * dnorm
    dz = dh * (1 - h**2)
    dW1 = x.T @ dz
    db1 = dz.sum(axis=0)
    return dW1, db1, dg2, db2


def residual_plain_way_back(x, y, W1, b1, W2, b2, W3, b3):
    h1 = np.tanh(x @ W1 + b1)
    f = np.tanh(h1 @ W2 + b2)
    h2 = h1 + f
    out = h2 @ W3 + b3
    dout = out - y
    dW3 = np.outer(h2, dout)
    dh2 = W3 @ dout
    dz2 = dh2 * (1 - f**2)
    dW2 = np.outer(h1, dz2)
    dh1 = W2 @ dz2
    dz1 = dh1 * (1 - h1**2)
    dW1 = np.outer(x, dz1)
    return dW1, dz1, dW2, dz2, dW3, dout


def residual_layers_way_back(x, y, W1, b1, W2, b2, W3, b3):
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
    gW1, gb1, _ = layer_back(through, x, first, W1)
    return {"W1": gW1, "b1": gb1, "W2": gW2, "b2": gb2, "W3": np.outer(summed, delta), "b3": delta}


def residual_plain_way_forward(x, y, W1, b1, W2, b2, W3, b3):
    h1 = np.tanh(x @ W1 + b1)
    f = np.tanh(h1 @ W2 + b2)
    h2 = f
    out = h2 @ W3 + b3
    dout = out - y
    dW3 = np.outer(h2, dout)
    dh2 = W3 @ dout
    dz2 = dh2 * (1 - f**2)
    dW2 = np.outer(h1, dz2)
    dh1 = W2 @ dz2
    dz1 = dh1 * (1 - h1**2)
    dW1 = np.outer(x, dz1)
    return dW1, dz1, dW2, dz2, dW3, dout


def residual_first_not_added(x, y, W1, b1, W2, b2, lr):
    branch = np.tanh(x @ W1 + b1)
    skip = branch
    error = skip @ W2 + b2 - y
    d_skip = W2 @ error
    d_net = d_skip * (1 - branch * branch)
    new_W1 = W1 - lr * np.outer(x, d_net)
    new_b1 = b1 - lr * d_net
    new_W2 = W2 - lr * np.outer(skip, error)
    new_b2 = b2 - lr * error
    return new_W1, new_b1, new_W2, new_b2


def embedding_loop_whole_table(x, y, W1, W2, b2):
    dW1, dW2, db2 = np.zeros_like(W1), np.zeros_like(W2), np.zeros_like(b2)
    for t in range(len(x)):
        word = int(x[t])
        vec = W1[word]
        err = vec @ W2 + b2 - y[t]
        dW2 += np.outer(vec, err)
        db2 += err
        dW1 += W2 @ err
    return dW1, dW2, db2


def embedding_ones(x, y, W1, W2, b2):
    onehot = np.eye(len(W1))[np.array(x, dtype=int)]
    vectors = onehot @ W1
    logits = vectors @ W2 + b2
    dlogits = logits - y
    return {
        "W1": np.ones_like(onehot).T @ (dlogits @ W2.T),
        "W2": vectors.T @ dlogits,
        "b2": dlogits.sum(axis=0),
    }


def embedding_attention_whole_table(x, y, W1, Wq2, Wk2, Wv2):
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
    dW1 = np.zeros_like(W1) + demb.sum(axis=0)
    return dW1, emb.T @ dq, emb.T @ dk, emb.T @ dv


def rnn_lists_no_slope(x, y, Wx1, Wh1, b1, W2, b2):
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
        dz = dh
        h_prev = hs[t - 1] if t > 0 else np.zeros(2)
        dWx1 += np.outer(x[t], dz)
        dWh1 += np.outer(h_prev, dz)
        db1 += dz
        dh_next = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_columns_no_slope(x, y, Wx1, Wh1, b1, W2, b2):
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
        dhraw = dh
        dWx1 += xs[t] @ dhraw.T
        dWh1 += hs[t - 1] @ dhraw.T
        db1 += dhraw.ravel()
        dh = Wh1 @ dhraw
    return dWx1, dWh1, db1, dW2, db2


def conv_pool_no_slope(x, y, k1, b1, W3, b3):
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    act = np.tanh(windows @ k1 + b1)
    pairs = act.reshape(-1, 2)
    pooled = pairs.max(axis=1)
    mask = (pairs == pooled[:, None]).astype(float)
    error = pooled @ W3 + b3 - y
    d_pooled = error @ W3.T
    d_act = (mask * d_pooled[:, None]).reshape(-1)
    d_net = d_act
    return windows.T @ d_net, np.array([d_net.sum()]), pooled[:, None] * error[None, :], error


def conv_relu_no_slope(x, y, k1, b1, W2, b2):
    size = len(k1)
    places = len(x) - size + 1
    z = np.array([np.sum(x[i : i + size] * k1) + b1[0] for i in range(places)])
    a = np.maximum(z, 0)
    out = a @ W2 + b2
    delta = out - y
    dW2 = np.outer(a, delta)
    dz = W2 @ delta
    dk = np.zeros(size)
    for i in range(places):
        dk += dz[i] * x[i : i + size]
    return dk, np.array([np.sum(dz)]), dW2, delta


def conv_image_no_slope(x, y, k1, b1, W2, b2):
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
    dmap = (W2 @ dout).reshape(rows, cols)
    dk1 = np.zeros_like(k1)
    for r in range(rows):
        for c in range(cols):
            dk1 += dmap[r, c] * x[r : r + 2, c : c + 2]
    db1 = np.array([dmap.sum()])
    return dk1, db1, dW2, dout


def norm_tokens_no_slope(x, y, W1, b1, g2, b2):
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
        dz = dh
        dW1 += np.outer(token, dz)
        db1 += dz
    return dW1, db1, dg2, db2


def residual_no_slope_inside(x, y, W1, b1, W2, b2, W3, b3):
    h1 = np.tanh(x @ W1 + b1)
    f = np.tanh(h1 @ W2 + b2)
    h2 = h1 + f
    out = h2 @ W3 + b3
    dout = out - y
    dW3 = np.outer(h2, dout)
    dh2 = W3 @ dout
    dz2 = dh2
    dW2 = np.outer(h1, dz2)
    dh1 = dh2 + W2 @ dz2
    dz1 = dh1 * (1 - h1**2)
    dW1 = np.outer(x, dz1)
    return dW1, dz1, dW2, dz2, dW3, dout


def dense_no_slope(x, y, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    out = h @ W2 + b2
    d2 = out - y
    d1 = W2 @ d2
    return np.outer(x, d1), d1, np.outer(h, d2), d2


def rnn_dict_no_input(x, y, Wx1, Wh1, b1, W2, b2):
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
        dWx1 += dz
        dWh1 += np.outer(hs[t - 1], dz)
        db1 += dz
        dh = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def rnn_loops_no_state_factor(x, y, Wx1, Wh1, b1, W2, b2):
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
                gWh[i, j] += d_net
                d_h[t - 1, i] += d_net * Wh1[i, j]
            gb[j] += d_net
    return gWx, gWh, gb, np.outer(h[steps], d_out), d_out


def conv_pool_no_input(x, y, k1, b1, W3, b3):
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
            dk1[j] += dz
        db1 += dz
    return dk1, db1, dW3, dout


def lstm_no_input(x, y, Wx1, Wh1, b1, W2, b2):
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
        return dz, np.outer(np.ones_like(xt), dz), np.outer(h_prev, dz), dz @ Wh1.T, dc * f

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


def rnn_columns_target_minus_output(x, y, Wx1, Wh1, b1, W2, b2):
    xs, hs = {}, {-1: np.zeros((2, 1))}
    for t in range(len(x)):
        xs[t] = x[t].reshape(-1, 1)
        hs[t] = np.tanh(Wx1.T @ xs[t] + Wh1.T @ hs[t - 1] + b1.reshape(-1, 1))
    last = len(x) - 1
    o = W2.T @ hs[last] + b2.reshape(-1, 1)
    do = y.reshape(-1, 1) - o
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


def lstm_one_target_minus_output(x, y, Wx1, Wh1, b1, W2, b2):
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
    dout = y - out
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


def attention_target_minus_output(x, y, Wq1, Wk1, Wv1):
    Q, K, V = x @ Wq1, x @ Wk1, x @ Wv1
    d = Q.shape[1]
    S = Q @ K.T / np.sqrt(d)
    A = np.exp(S - S.max(axis=1, keepdims=True))
    A = A / A.sum(axis=1, keepdims=True)
    out = A @ V
    dout = y - out
    dV = A.T @ dout
    dA = dout @ V.T
    dS = A * (dA - np.sum(dA * A, axis=1, keepdims=True))
    dQ = dS @ K / np.sqrt(d)
    dK = dS.T @ Q / np.sqrt(d)
    return x.T @ dQ, x.T @ dK, x.T @ dV


def norm_end_target_minus_output(x, y, W1, b1, g2, b2):
    z = np.dot(x, W1) + b1
    N = z.size
    m = np.sum(z) / N
    s2 = np.sum((z - m) ** 2) / N
    s = np.sqrt(s2 + 1e-5)
    zn = (z - m) / s
    o = g2 * zn + b2
    d_o = y - o
    d_zn = d_o * g2
    d_s = -np.sum(d_zn * (z - m)) / s**2
    d_m = -np.sum(d_zn) / s
    d_z = d_zn / s + d_s * (z - m) / (N * s) + d_m / N
    return np.outer(x, d_z), d_z, d_o * zn, d_o


def conv_relu_target_minus_output(x, y, k1, b1, W2, b2):
    net = np.correlate(x, k1, mode="valid") + b1
    hidden = np.where(net > 0, net, 0.0)
    output = hidden.dot(W2) + b2
    d_output = y - output
    d_hidden = W2.dot(d_output)
    d_net = np.where(net > 0, d_hidden, 0.0)
    d_k1 = np.correlate(x, d_net, mode="valid")
    d_b1 = d_net.sum(keepdims=True)
    return {"k1": d_k1, "b1": d_b1, "W2": np.outer(hidden, d_output), "b2": d_output}


def rnn_step_adds(x, y, Wx1, Wh1, b1, W2, b2, lr):
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
    return Wx1 + lr * gWx, Wh1 + lr * gWh, b1 + lr * gb, W2 + lr * gW2, b2 + lr * gb2


def conv_image_adds(x, y, k1, b1, W2, b2, lr):
    patches = np.lib.stride_tricks.sliding_window_view(x, k1.shape)
    hidden = np.tanh(np.einsum("rcij,ij->rc", patches, k1) + b1)
    error = hidden.ravel() @ W2 + b2 - y
    back = (error @ W2.T).reshape(hidden.shape) * (1 - np.square(hidden))
    grad_k1 = np.einsum("rcij,rc->ij", patches, back)
    grad_b1 = np.array([back.sum()])
    grad_W2 = np.outer(hidden.ravel(), error)
    return k1 + lr * grad_k1, b1 + lr * grad_b1, W2 + lr * grad_W2, b2 + lr * error


def residual_first_adds(x, y, W1, b1, W2, b2, lr):
    branch = np.tanh(x @ W1 + b1)
    skip = x + branch
    error = skip @ W2 + b2 - y
    d_skip = W2 @ error
    d_net = d_skip * (1 - branch * branch)
    new_W1 = W1 + lr * np.outer(x, d_net)
    new_b1 = b1 + lr * d_net
    new_W2 = W2 + lr * np.outer(skip, error)
    new_b2 = b2 + lr * error
    return new_W1, new_b1, new_W2, new_b2


def rnn_dict_bias_stays_zero(x, y, Wx1, Wh1, b1, W2, b2):
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
        dh = Wh1 @ dz
    return dWx1, dWh1, db1, dW2, db2


def lstm_dicts_bias_stays_zero(x, y, Wx1, Wh1, b1, W2, b2):
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
        dH = np.dot(Wh1, da)
        dC = dC * gf[t]
    return grads


def conv_pool_bias_stays_zero(x, y, k1, b1, W3, b3):
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
    return dk1, db1, dW3, dout


def rnn_step_sigmoid_slope(x, y, Wx1, Wh1, b1, W2, b2, lr):
    states = [np.zeros(b1.shape)]
    for xt in x:
        states.append(np.tanh(xt @ Wx1 + states[-1] @ Wh1 + b1))
    y_hat = states[-1] @ W2 + b2
    err = y_hat - y
    gW2, gb2 = np.outer(states[-1], err), err
    gWx, gWh, gb = np.zeros_like(Wx1), np.zeros_like(Wh1), np.zeros_like(b1)
    g = err @ W2.T
    for t in range(len(x) - 1, -1, -1):
        g = g * states[t + 1] * (1 - states[t + 1])
        gWx += np.outer(x[t], g)
        gWh += np.outer(states[t], g)
        gb += g
        g = g @ Wh1.T
    return Wx1 - lr * gWx, Wh1 - lr * gWh, b1 - lr * gb, W2 - lr * gW2, b2 - lr * gb2


def rnn_columns_slope_not_squared(x, y, Wx1, Wh1, b1, W2, b2):
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
        dhraw = (1 - hs[t]) * dh
        dWx1 += xs[t] @ dhraw.T
        dWh1 += hs[t - 1] @ dhraw.T
        db1 += dhraw.ravel()
        dh = Wh1 @ dhraw
    return dWx1, dWh1, db1, dW2, db2


def two_convolutions_sigmoid_slope(x, y, k1, b1, k2, b2, W3, b3):
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
    dz1 = dh1 * h1 * (1 - h1)
    dk1 = np.array([dz1 @ x[j : j + len(dz1)] for j in range(len(k1))])
    return dk1, np.array([dz1.sum()]), dk2, np.array([dz2.sum()]), dW3, dout


def lstm_one_gates_without_slope(x, y, Wx1, Wh1, b1, W2, b2):
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
        dz = np.concatenate([di, df, do, dg * (1 - g**2)])
        dWx1 += np.outer(xt, dz)
        dWh1 += np.outer(h_prev, dz)
        db1 += dz
        dh = Wh1 @ dz
        dc = dc * f
    return dWx1, dWh1, db1, dW2, db2


def lstm_dicts_forget_gate_without_slope(x, y, Wx1, Wh1, b1, W2, b2):
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
        da[n : 2 * n] = dC * C[t - 1]
        da[2 * n : 3 * n] = dH * np.tanh(C[t]) * go[t] * (1 - go[t])
        da[3 * n : 4 * n] = dC * gi[t] * (1 - gg[t] ** 2)
        grads["Wx1"] += np.outer(x[t], da)
        grads["Wh1"] += np.outer(H[t - 1], da)
        grads["b1"] += da
        dH = np.dot(Wh1, da)
        dC = dC * gf[t]
    return grads


def lstm_candidate_sigmoid_slope(x, y, Wx1, Wh1, b1, W2, b2):
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
        dz = np.hstack((dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dh * tc * o * (1 - o), dc * i * g * (1 - g)))
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


def rnn_dict_state_weights_turned(x, y, Wx1, Wh1, b1, W2, b2):
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
        dh = dz @ Wh1
    return dWx1, dWh1, db1, dW2, db2


def rnn_vectorised_no_transpose(x, y, Wx1, Wh1, b1, W2, b2):
    T, n = len(x), len(b1)
    H = np.zeros((T + 1, n))
    for t in range(T):
        H[t + 1] = np.tanh(x[t] @ Wx1 + H[t] @ Wh1 + b1)
    E = H[1:] @ W2 + b2 - y
    D = np.zeros((T, n))
    carry = np.zeros(n)
    for t in reversed(range(T)):
        D[t] = (E[t] @ W2.T + carry) * (1 - H[t + 1] ** 2)
        carry = D[t] @ Wh1
    return x.T @ D, H[:-1].T @ D, D.sum(axis=0), H[1:].T @ E, E.sum(axis=0)


def residual_no_transpose(x, y, W1, b1, W2, b2, W3, b3):
    h1 = np.tanh(x @ W1 + b1)
    f = np.tanh(h1 @ W2 + b2)
    h2 = h1 + f
    out = h2 @ W3 + b3
    dout = out - y
    dW3 = np.outer(h2, dout)
    dh2 = W3 @ dout
    dz2 = dh2 * (1 - f**2)
    dW2 = np.outer(h1, dz2)
    dh1 = dh2 + W2.T @ dz2
    dz1 = dh1 * (1 - h1**2)
    dW1 = np.outer(x, dz1)
    return dW1, dz1, dW2, dz2, dW3, dout


def attention_swapped_return(x, y, Wq1, Wk1, Wv1):
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
    return x.T @ dK, x.T @ dQ, x.T @ dV


def attention_dense_swapped(x, y, Wq1, Wk1, Wv1, W2, b2):
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
    dWq = x.T @ (dS.T @ Q)
    dWk = x.T @ (dS @ K)
    return dWq, dWk, dWv, dW2, db2


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


PROGRAMS = [
    Program("rnn_dict_of_states", "rnn_last", rnn_dict_of_states, ""),
    Program("rnn_named_dict", "rnn_last", rnn_named_dict, ""),
    Program("rnn_training_step", "rnn_last", rnn_training_step, "", "parameters"),
    Program("rnn_loss_only", "rnn_last", rnn_loss_only, "", "loss"),
    Program("rnn_every_step_lists", "rnn_all", rnn_every_step_lists, ""),
    Program("rnn_every_step_vectorised", "rnn_all", rnn_every_step_vectorised, ""),
    Program("rnn_every_step_outputs", "rnn_all", rnn_every_step_outputs, "", "outputs"),
    Program("rnn_columns", "rnn_wide", rnn_columns, ""),
    Program("rnn_plain_loops", "rnn_wide", rnn_plain_loops, ""),
    Program("lstm_one_cell", "lstm_one", lstm_one_cell, ""),
    Program("lstm_dicts", "lstm", lstm_dicts, ""),
    Program("lstm_every_step", "lstm_all", lstm_every_step, ""),
    Program("conv_pool_loops", "conv_pool", conv_pool_loops, ""),
    Program("conv_pool_vectorised", "conv_pool", conv_pool_vectorised, ""),
    Program("conv_relu_loops", "conv_relu", conv_relu_loops, ""),
    Program("conv_relu_correlate", "conv_relu", conv_relu_correlate, ""),
    Program("two_convolutions", "conv_conv", two_convolutions, ""),
    Program("two_convolutions_numpy", "conv_conv", two_convolutions_numpy, ""),
    Program("conv_image_loops", "conv2d", conv_image_loops, ""),
    Program("conv_image_vectorised", "conv2d", conv_image_vectorised, "", "parameters"),
    Program("norm_step_by_step", "norm", norm_step_by_step, ""),
    Program("norm_compact", "norm", norm_compact, ""),
    Program("norm_at_the_end", "norm_last", norm_at_the_end, ""),
    Program("norm_by_jacobian", "norm_last", norm_by_jacobian, ""),
    Program("norm_token_rows", "norm_tokens", norm_token_rows, ""),
    Program("norm_token_loop", "norm_tokens", norm_token_loop, ""),
    Program("residual_plain", "residual", residual_plain, ""),
    Program("residual_layers", "residual", residual_layers, ""),
    Program("residual_first_step", "residual_first", residual_first_step, "", "parameters"),
    Program("attention_vectorised", "attention", attention_vectorised, ""),
    Program("attention_row_by_row", "attention", attention_row_by_row, ""),
    Program("attention_outputs", "attention", attention_outputs, "", "outputs"),
    Program("attention_square_einsum", "attention_square", attention_square_einsum, ""),
    Program("attention_then_dense", "attention_dense", attention_then_dense, ""),
    Program("embedding_then_attention", "embed_attention", embedding_then_attention, ""),
    Program("embedding_loop", "embed_dense", embedding_loop, ""),
    Program("embedding_one_hot", "embed_dense", embedding_one_hot, ""),
    Program("dense_plain", "dense", dense_plain, ""),
    Program("rnn_dict_assigns", "rnn_last", rnn_dict_assigns, "counts one use of a shared weight only"),
    Program(
        "rnn_lists_assign_input_weights",
        "rnn_all",
        rnn_lists_assign_input_weights,
        "counts one use of a shared weight only",
    ),
    Program(
        "rnn_lists_assign_output_weights",
        "rnn_all",
        rnn_lists_assign_output_weights,
        "counts one use of a shared weight only",
    ),
    Program(
        "rnn_named_state_weights_last",
        "rnn_last",
        rnn_named_state_weights_last,
        "counts one use of a shared weight only",
    ),
    Program("lstm_dicts_assign", "lstm", lstm_dicts_assign, "counts one use of a shared weight only"),
    Program(
        "lstm_every_step_last_kept", "lstm_all", lstm_every_step_last_kept, "counts one use of a shared weight only"
    ),
    Program("conv_pool_assigns", "conv_pool", conv_pool_assigns, "counts one use of a shared weight only"),
    Program("conv_relu_assigns", "conv_relu", conv_relu_assigns, "counts one use of a shared weight only"),
    Program("conv_image_assigns", "conv2d", conv_image_assigns, "counts one use of a shared weight only"),
    Program(
        "norm_tokens_assign_gain", "norm_tokens", norm_tokens_assign_gain, "counts one use of a shared weight only"
    ),
    Program(
        "norm_tokens_assign_weights",
        "norm_tokens",
        norm_tokens_assign_weights,
        "counts one use of a shared weight only",
    ),
    Program(
        "attention_assigns_values", "attention", attention_assigns_values, "counts one use of a shared weight only"
    ),
    Program(
        "embedding_fancy_index", "embed_attention", embedding_fancy_index, "counts one use of a shared weight only"
    ),
    Program("embedding_loop_assigns", "embed_dense", embedding_loop_assigns, "counts one use of a shared weight only"),
    Program(
        "embedding_dense_assigns", "embed_dense", embedding_dense_assigns, "counts one use of a shared weight only"
    ),
    Program(
        "rnn_step_mean_over_time",
        "rnn_last",
        rnn_step_mean_over_time,
        "takes the mean over the uses of a shared weight",
        "parameters",
    ),
    Program("rnn_vectorised_mean", "rnn_all", rnn_vectorised_mean, "takes the mean over the uses of a shared weight"),
    Program(
        "rnn_vectorised_output_mean",
        "rnn_all",
        rnn_vectorised_output_mean,
        "takes the mean over the uses of a shared weight",
    ),
    Program(
        "lstm_every_step_mean", "lstm_all", lstm_every_step_mean, "takes the mean over the uses of a shared weight"
    ),
    Program(
        "conv_pool_mean_over_places",
        "conv_pool",
        conv_pool_mean_over_places,
        "takes the mean over the uses of a shared weight",
    ),
    Program(
        "conv_relu_mean_over_places",
        "conv_relu",
        conv_relu_mean_over_places,
        "takes the mean over the uses of a shared weight",
    ),
    Program(
        "conv_image_mean_over_places",
        "conv2d",
        conv_image_mean_over_places,
        "takes the mean over the uses of a shared weight",
    ),
    Program(
        "norm_tokens_mean_gain", "norm_tokens", norm_tokens_mean_gain, "takes the mean over the uses of a shared weight"
    ),
    Program(
        "embedding_mean_over_occurrences",
        "embed_attention",
        embedding_mean_over_occurrences,
        "takes the mean over the uses of a shared weight",
    ),
    Program("rnn_dict_last_step_only", "rnn_last", rnn_dict_last_step_only, "cuts the way back through time"),
    Program("rnn_lists_nothing_carried", "rnn_all", rnn_lists_nothing_carried, "cuts the way back through time"),
    Program("rnn_vectorised_local_deltas", "rnn_all", rnn_vectorised_local_deltas, "cuts the way back through time"),
    Program("lstm_every_step_cell_cut", "lstm_all", lstm_every_step_cell_cut, "cuts the way back through time"),
    Program("lstm_dicts_cell_not_carried", "lstm", lstm_dicts_cell_not_carried, "cuts the way back through time"),
    Program("lstm_one_state_not_carried", "lstm_one", lstm_one_state_not_carried, "cuts the way back through time"),
    Program("rnn_dict_same_state", "rnn_last", rnn_dict_same_state, "takes the state of the same step"),
    Program("rnn_lists_same_state", "rnn_all", rnn_lists_same_state, "takes the state of the same step"),
    Program("rnn_vectorised_same_state", "rnn_all", rnn_vectorised_same_state, "takes the state of the same step"),
    Program("rnn_step_same_state", "rnn_last", rnn_step_same_state, "takes the state of the same step", "parameters"),
    Program("rnn_loops_same_state", "rnn_wide", rnn_loops_same_state, "takes the state of the same step"),
    Program("lstm_dicts_same_state", "lstm", lstm_dicts_same_state, "takes the state of the same step"),
    Program("lstm_dicts_same_cell", "lstm", lstm_dicts_same_cell, "takes the state of the same step"),
    Program("conv_relu_convolve", "conv_relu", conv_relu_convolve, "turns the kernel round"),
    Program("conv_relu_gradient_convolve", "conv_relu", conv_relu_gradient_convolve, "turns the kernel round"),
    Program("conv_relu_flipped_gradient", "conv_relu", conv_relu_flipped_gradient, "turns the kernel round"),
    Program("two_convolutions_back_round", "conv_conv", two_convolutions_back_round, "turns the kernel round"),
    Program(
        "conv_image_rotated_gradient", "conv2d", conv_image_rotated_gradient, "turns the kernel round", "parameters"
    ),
    Program("conv_image_flipped_forward", "conv2d", conv_image_flipped_forward, "turns the kernel round"),
    Program("conv_pool_one_to_the_left", "conv_pool", conv_pool_one_to_the_left, "shifts the kernel by one"),
    Program("conv_relu_rolled", "conv_relu", conv_relu_rolled, "shifts the kernel by one"),
    Program("conv_pool_padded_forward", "conv_pool", conv_pool_padded_forward, "shifts the kernel by one"),
    Program("two_convolutions_guarded", "conv_conv", two_convolutions_guarded, "shifts the kernel by one"),
    Program("conv_pool_loops_to_all", "conv_pool", conv_pool_loops_to_all, "passes the slope of a maximum to all"),
    Program("conv_pool_repeat", "conv_pool", conv_pool_repeat, "passes the slope of a maximum to all"),
    Program("attention_diagonal", "attention", attention_diagonal, "takes only the diagonal of the softmax slope"),
    Program(
        "attention_rows_diagonal", "attention", attention_rows_diagonal, "takes only the diagonal of the softmax slope"
    ),
    Program(
        "attention_dense_diagonal",
        "attention_dense",
        attention_dense_diagonal,
        "takes only the diagonal of the softmax slope",
    ),
    Program(
        "embedding_attention_diagonal",
        "embed_attention",
        embedding_attention_diagonal,
        "takes only the diagonal of the softmax slope",
    ),
    Program("attention_no_root_back", "attention", attention_no_root_back, "forgets the root of the width"),
    Program("attention_no_root_forward", "attention", attention_no_root_forward, "forgets the root of the width"),
    Program("attention_rows_no_root", "attention", attention_rows_no_root, "forgets the root of the width"),
    Program(
        "attention_outputs_no_root", "attention", attention_outputs_no_root, "forgets the root of the width", "outputs"
    ),
    Program(
        "attention_dense_no_root_back", "attention_dense", attention_dense_no_root_back, "forgets the root of the width"
    ),
    Program(
        "embedding_attention_no_root_back",
        "embed_attention",
        embedding_attention_no_root_back,
        "forgets the root of the width",
    ),
    Program(
        "attention_columns_sum_to_one",
        "attention",
        attention_columns_sum_to_one,
        "takes the softmax over the wrong axis",
    ),
    Program(
        "attention_outputs_axis_zero",
        "attention",
        attention_outputs_axis_zero,
        "takes the softmax over the wrong axis",
        "outputs",
    ),
    Program(
        "attention_square_no_axis_kept",
        "attention_square",
        attention_square_no_axis_kept,
        "takes the softmax over the wrong axis",
    ),
    Program(
        "attention_dense_axis_zero_forward",
        "attention_dense",
        attention_dense_axis_zero_forward,
        "takes the softmax over the wrong axis",
    ),
    Program(
        "embedding_attention_back_axis_zero",
        "embed_attention",
        embedding_attention_back_axis_zero,
        "takes the softmax over the wrong axis",
    ),
    Program("attention_square_keys", "attention_square", attention_square_keys, "does not transpose the keys"),
    Program(
        "attention_square_keys_forward_only",
        "attention_square",
        attention_square_keys_forward_only,
        "does not transpose the keys",
    ),
    Program("norm_steps_mean_constant", "norm", norm_steps_mean_constant, "takes the mean for a constant"),
    Program("norm_compact_mean_constant", "norm", norm_compact_mean_constant, "takes the mean for a constant"),
    Program("norm_tokens_mean_constant", "norm_tokens", norm_tokens_mean_constant, "takes the mean for a constant"),
    Program("norm_jacobian_mean_constant", "norm_last", norm_jacobian_mean_constant, "takes the mean for a constant"),
    Program("norm_steps_spread_constant", "norm", norm_steps_spread_constant, "takes the spread for a constant"),
    Program("norm_end_spread_constant", "norm_last", norm_end_spread_constant, "takes the spread for a constant"),
    Program(
        "norm_token_rows_spread_constant",
        "norm_tokens",
        norm_token_rows_spread_constant,
        "takes the spread for a constant",
    ),
    Program(
        "norm_jacobian_spread_constant", "norm_last", norm_jacobian_spread_constant, "takes the spread for a constant"
    ),
    Program("norm_steps_both_constant", "norm", norm_steps_both_constant, "takes mean and spread for constants"),
    Program("norm_end_both_constant", "norm_last", norm_end_both_constant, "takes mean and spread for constants"),
    Program(
        "norm_token_rows_both_constant",
        "norm_tokens",
        norm_token_rows_both_constant,
        "takes mean and spread for constants",
    ),
    Program("residual_plain_way_back", "residual", residual_plain_way_back, "forgets the way past the blocks"),
    Program("residual_layers_way_back", "residual", residual_layers_way_back, "forgets the way past the blocks"),
    Program("residual_plain_way_forward", "residual", residual_plain_way_forward, "forgets the way past the blocks"),
    Program(
        "residual_first_not_added",
        "residual_first",
        residual_first_not_added,
        "forgets the way past the blocks",
        "parameters",
    ),
    Program("embedding_loop_whole_table", "embed_dense", embedding_loop_whole_table, "updates all rows of the table"),
    Program("embedding_ones", "embed_dense", embedding_ones, "updates all rows of the table"),
    Program(
        "embedding_attention_whole_table",
        "embed_attention",
        embedding_attention_whole_table,
        "updates all rows of the table",
    ),
    Program("rnn_lists_no_slope", "rnn_all", rnn_lists_no_slope, "forgets the hidden slope"),
    Program("rnn_columns_no_slope", "rnn_wide", rnn_columns_no_slope, "forgets the hidden slope"),
    Program("conv_pool_no_slope", "conv_pool", conv_pool_no_slope, "forgets the hidden slope"),
    Program("conv_relu_no_slope", "conv_relu", conv_relu_no_slope, "forgets the hidden slope"),
    Program("conv_image_no_slope", "conv2d", conv_image_no_slope, "forgets the hidden slope"),
    Program("norm_tokens_no_slope", "norm_tokens", norm_tokens_no_slope, "forgets the hidden slope"),
    Program("residual_no_slope_inside", "residual", residual_no_slope_inside, "forgets the hidden slope"),
    Program("dense_no_slope", "dense", dense_no_slope, "forgets the hidden slope"),
    Program("rnn_dict_no_input", "rnn_last", rnn_dict_no_input, "leaves out the input factor"),
    Program("rnn_loops_no_state_factor", "rnn_wide", rnn_loops_no_state_factor, "leaves out the input factor"),
    Program("conv_pool_no_input", "conv_pool", conv_pool_no_input, "leaves out the input factor"),
    Program("lstm_no_input", "lstm_all", lstm_no_input, "leaves out the input factor"),
    Program("rnn_columns_target_minus_output", "rnn_wide", rnn_columns_target_minus_output, "sign"),
    Program("lstm_one_target_minus_output", "lstm_one", lstm_one_target_minus_output, "sign"),
    Program("attention_target_minus_output", "attention", attention_target_minus_output, "sign"),
    Program("norm_end_target_minus_output", "norm_last", norm_end_target_minus_output, "sign"),
    Program("conv_relu_target_minus_output", "conv_relu", conv_relu_target_minus_output, "sign"),
    Program("rnn_step_adds", "rnn_last", rnn_step_adds, "update sign", "parameters"),
    Program("conv_image_adds", "conv2d", conv_image_adds, "update sign", "parameters"),
    Program("residual_first_adds", "residual_first", residual_first_adds, "update sign", "parameters"),
    Program("rnn_dict_bias_stays_zero", "rnn_last", rnn_dict_bias_stays_zero, "bias"),
    Program("lstm_dicts_bias_stays_zero", "lstm", lstm_dicts_bias_stays_zero, "bias"),
    Program("conv_pool_bias_stays_zero", "conv_pool", conv_pool_bias_stays_zero, "bias"),
    Program("rnn_step_sigmoid_slope", "rnn_last", rnn_step_sigmoid_slope, "slope", "parameters"),
    Program("rnn_columns_slope_not_squared", "rnn_wide", rnn_columns_slope_not_squared, "slope"),
    Program("two_convolutions_sigmoid_slope", "conv_conv", two_convolutions_sigmoid_slope, "slope"),
    Program("lstm_one_gates_without_slope", "lstm_one", lstm_one_gates_without_slope, "slope"),
    Program("lstm_dicts_forget_gate_without_slope", "lstm", lstm_dicts_forget_gate_without_slope, "slope"),
    Program("lstm_candidate_sigmoid_slope", "lstm_all", lstm_candidate_sigmoid_slope, "slope"),
    Program("rnn_dict_state_weights_turned", "rnn_last", rnn_dict_state_weights_turned, "transpose"),
    Program("rnn_vectorised_no_transpose", "rnn_all", rnn_vectorised_no_transpose, "transpose"),
    Program("residual_no_transpose", "residual", residual_no_transpose, "transpose"),
    Program("attention_swapped_return", "attention", attention_swapped_return, "swap"),
    Program("attention_dense_swapped", "attention_dense", attention_dense_swapped, "swap"),
    Program(
        "conv_pool_kron_step", "conv_pool", conv_pool_kron_step, "passes the slope of a maximum to all", "parameters"
    ),
    Program(
        "conv_pool_both_of_each_pair", "conv_pool", conv_pool_both_of_each_pair, "passes the slope of a maximum to all"
    ),
    Program(
        "attention_square_outputs",
        "attention_square",
        attention_square_outputs,
        "does not transpose the keys",
        "outputs",
    ),
    Program(
        "attention_square_step", "attention_square", attention_square_step, "does not transpose the keys", "parameters"
    ),
    Program(
        "attention_square_loss", "attention_square", attention_square_loss, "forgets the root of the width", "loss"
    ),
    Program(
        "attention_step_no_root", "attention", attention_step_no_root, "forgets the root of the width", "parameters"
    ),
    Program("embedding_attention_swapped", "embed_attention", embedding_attention_swapped, "swap"),
    Program("embedding_every_row", "embed_dense", embedding_every_row, "updates all rows of the table"),
    Program("embedding_step_adds", "embed_dense", embedding_step_adds, "update sign", "parameters"),
    Program(
        "embedding_dense_mean_over_tokens",
        "embed_dense",
        embedding_dense_mean_over_tokens,
        "takes the mean over the uses of a shared weight",
    ),
    Program("embedding_target_minus_output", "embed_dense", embedding_target_minus_output, "sign"),
    Program(
        "norm_step_both_constant", "norm", norm_step_both_constant, "takes mean and spread for constants", "parameters"
    ),
    Program("norm_loops_spread_constant", "norm", norm_loops_spread_constant, "takes the spread for a constant"),
    Program(
        "norm_token_rows_mean_uses",
        "norm_tokens",
        norm_token_rows_mean_uses,
        "takes the mean over the uses of a shared weight",
    ),
    Program("attention_dense_bias_zero", "attention_dense", attention_dense_bias_zero, "bias"),
    Program(
        "attention_dense_one_token",
        "attention_dense",
        attention_dense_one_token,
        "counts one use of a shared weight only",
    ),
    Program("rnn_wide_output_weights_turned", "rnn_wide", rnn_wide_output_weights_turned, "transpose"),
    Program("rnn_truncated_after_two", "rnn_last", rnn_truncated_after_two, "cuts the way back through time"),
    Program("rnn_wide_step_local", "rnn_wide", rnn_wide_step_local, "cuts the way back through time", "parameters"),
    Program(
        "rnn_every_step_sum_of_errors_local",
        "rnn_all",
        rnn_every_step_sum_of_errors_local,
        "cuts the way back through time",
    ),
    Program("lstm_four_matrices", "lstm", lstm_four_matrices, ""),
    Program("lstm_one_step_with_rate", "lstm_one", lstm_one_step_with_rate, "", "parameters"),
    Program("conv_relu_outputs_round", "conv_relu", conv_relu_outputs_round, "turns the kernel round", "outputs"),
    Program("conv_image_shifted_rows", "conv2d", conv_image_shifted_rows, "shifts the kernel by one"),
    Program("dense_no_input_tiled", "dense", dense_no_input_tiled, "leaves out the input factor"),
    Program("dense_step_sigmoid_slope", "dense", dense_step_sigmoid_slope, "slope", "parameters"),
    Program(
        "residual_step_way_back", "residual", residual_step_way_back, "forgets the way past the blocks", "parameters"
    ),
    Program(
        "rnn_columns_step_same_state",
        "rnn_wide",
        rnn_columns_step_same_state,
        "takes the state of the same step",
        "parameters",
    ),
]


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
        assert inspect.getsource(one.function).startswith(f"def {one.name}(x, y, "), one.name
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
