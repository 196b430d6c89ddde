"""Plain NumPy programs of small models, right or with one mistake: each returns numbers by the name of the quantity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import bpkit as bp
from bpkit import blocks

Array = Any
Values = dict[str, float]


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def entries(prefix: str, array: Array) -> Values:
    """Every entry of an array by its name: ``dE/dW2`` and (2, 1) make dE/dW2_1_1 and dE/dW2_2_1."""
    array = np.asarray(array)
    return {"_".join([prefix, *(str(i + 1) for i in at)]): float(array[at]) for at in np.ndindex(array.shape)}


def gradients(**arrays: Array) -> Values:
    return {name: value for key, array in arrays.items() for name, value in entries(f"dE/d{key}", array).items()}


USES: dict[str, Callable[[Array], Array]] = {
    "first use": lambda each: each[0],
    "last use": lambda each: each[-1],
    "middle use": lambda each: each[1],
    "mean of uses": lambda each: each.mean(axis=0),
}


class Recurrent:
    """Steps through tanh neurons, an output from each step (``every``) or from the last."""

    def __init__(self, seed: int, steps: int = 3, units: int = 2, every: bool = False) -> None:
        rng = np.random.default_rng(seed)
        self.Wx, self.Wh, self.b = (
            rng.normal(0, 0.8, (1, units)),
            rng.normal(0, 0.8, (units, units)),
            rng.normal(0, 0.5, units),
        )
        self.V, self.c = rng.normal(0, 1, (units, 1)), rng.normal(0, 0.5, 1)
        self.x = rng.uniform(-1.5, 1.5, (steps, 1))
        self.y = rng.uniform(-1, 1, (steps if every else 1, 1))
        self.every = every
        model = bp.Model(
            (steps, 1),
            blocks.Recurrent(units, steps="all" if every else "last"),
            blocks.Dense(1),
            loss="half_squared_error",
        )
        parameters = {"Wx1": self.Wx, "Wh1": self.Wh, "b1": self.b, "W2": self.V, "b2": self.c}
        self.problem = bp.Problem(model, parameters, self.x, self.y if every else self.y[0], 0.1)

    def values(self, slip: str = "") -> Values:
        T, units = len(self.x), len(self.b)
        turned = slip in ("turned", "turned forward")
        Wh = self.Wh.T if turned else self.Wh
        h, b = np.zeros((T + 1, units)), 0 * self.b if slip == "no bias" else self.b
        if slip == "other bias":
            b = np.full(units, self.b[1])
        for t in range(T):
            h[t + 1] = np.tanh(self.x[t] @ self.Wx + h[t] @ Wh + b)
        c = 0 * self.c if slip == "no bias" else self.c
        outs = h[1:] @ self.V + c if self.every else h[-1:] @ self.V + c
        delta = outs - self.y
        back = np.zeros((T + 1, units))
        dWx, dWh, db = np.zeros((T, 1, units)), np.zeros((T, units, units)), np.zeros((T, units))
        after = np.zeros(units)
        deltas = np.zeros((T, units))
        for t in reversed(range(T)):
            own = (delta[t] if self.every else delta[-1] * (t == T - 1)) @ self.V.T
            later = after @ (self.Wh if slip in ("not transposed", "turned") else self.Wh.T)
            if slip == "cut":
                later = 0 * later
            if slip == "step twice":
                later = later * self.Wh[0]
            if slip == "later only" and t < T - 1:
                own = 0 * own
            back[t] = own + later
            after = deltas[t] = back[t] * (1 if slip == "no hidden slope" else 1 - h[t + 1] ** 2)
            state = h[t + 1] if slip == "same step" else h[t]
            dWx[t], dWh[t], db[t] = np.outer(self.x[t], deltas[t]), np.outer(state, deltas[t]), deltas[t]
        if slip == "no input":
            dWx[:], dWh[:] = deltas[:, None], deltas[:, None]
        if slip in ("first input", "last input"):
            place = 0 if slip == "first input" else -1
            dWx, dWh = (np.einsum("i,tj->tij", one[place], deltas) for one in (self.x, h[:-1]))
        if slip == "turned":
            dWh = dWh.transpose(0, 2, 1)
        if slip == "bias times input":
            db = db * (self.x.sum(axis=1) + h[:-1].sum(axis=1))[:, None]
        how = USES.get(slip, lambda each: each.sum(axis=0))
        if slip == "times the weight":
            return gradients(Wx1=how(dWx) * self.Wx, Wh1=how(dWh) * self.Wh)
        if slip == "neighbour":
            return {"dE/dWh1_1_1": float(how(dWh)[0, 1]), "dE/db1_1": float(how(db)[1])}
        dV, dc = (h[1:] if self.every else h[-1:])[..., None] * delta[:, None], delta
        last = how if self.every else lambda each: each[0]
        found = gradients(Wx1=how(dWx), Wh1=how(dWh), b1=how(db), W2=last(dV), b2=last(dc))
        return found | entries("dE/dout_h1", back[:T])


class Cells:
    """An LSTM with one unit, and an output from the last step."""

    def __init__(self, seed: int, steps: int = 3) -> None:
        rng = np.random.default_rng(seed)
        self.Wx, self.Wh, self.b = (rng.normal(0, 1, shape) for shape in ((1, 4), (1, 4), 4))
        self.v, self.c = rng.normal(0, 1.5), rng.normal(0, 0.5)
        self.x, self.y = rng.uniform(-1.5, 1.5, steps), rng.uniform(-1, 1)
        model = bp.Model((steps, 1), blocks.LSTM(1), blocks.Dense(1))
        parameters = {"Wx1": self.Wx, "Wh1": self.Wh, "b1": self.b, "W2": [[self.v]], "b2": [self.c]}
        self.problem = bp.Problem(model, parameters, self.x[:, None], [self.y], 0.1)

    def values(self, slip: str = "") -> Values:
        T = len(self.x)
        h, c, gates = np.zeros(T + 1), np.zeros(T + 1), np.zeros((T, 4))
        for t, x in enumerate(self.x):
            net = x * self.Wx[0] + h[t] * self.Wh[0] + self.b
            i, f, o, g = gates[t] = *sigmoid(net[:3]), np.tanh(net[3])
            c[t + 1] = f * c[t] + i * g
            h[t + 1] = o * np.tanh(c[t + 1])
        dh, dc = (h[-1] * self.v + self.c - self.y) * self.v, 0.0
        dWx, dWh, db = np.zeros(4), np.zeros(4), np.zeros(4)
        for t in reversed(range(T)):
            i, f, o, g = gates[t]
            squashed = np.tanh(c[t + 1])
            dc = dc + dh * o * (1 if slip == "squashed" else 1 - squashed**2)
            d = np.array([dc * g, dc * (c[t + 1] if slip == "same cell" else c[t]), dh * squashed, dc * i])
            slopes = np.array([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g**2])
            if slip in ("i", "f", "o", "g"):
                slopes["ifog".index(slip)] = 1
            if slip == "no hidden slope":
                slopes[:] = 1
            d = d * slopes
            dWx, dWh, db = dWx + d * self.x[t], dWh + d * (h[t + 1] if slip == "same step" else h[t]), db + d
            dh, dc = d @ self.Wh[0], dc * f
            if slip == "cut":
                dh, dc = 0.0, 0.0
            if slip == "cut cell":
                dc = 0.0
            if slip == "cut gates":
                dh = 0.0
        found = {}
        for k, gate in enumerate("ifog"):
            found |= {f"dE/dWx{gate}1_1_1": dWx[k], f"dE/dWh{gate}1_1_1": dWh[k], f"dE/db{gate}1_1": db[k]}
        return {name: float(value) for name, value in found.items()}


class Convolution:
    """A kernel over a row, tanh, the largest of each pair, one output."""

    def __init__(self, seed: int, size: int = 3, length: int = 6) -> None:
        rng = np.random.default_rng(seed)
        self.k, self.b = rng.normal(0, 1, size), rng.normal(0, 0.5)
        self.V, self.c = rng.normal(0, 1, (length - size + 1) // 2), rng.normal()
        self.x, self.y = rng.uniform(-1.5, 1.5, length), rng.uniform(-1, 1)
        model = bp.Model((length,), blocks.Conv1d(size, "tanh"), blocks.MaxPool(2), blocks.Dense(1))
        parameters = {"k1": self.k, "b1": [self.b], "W3": self.V[:, None], "b3": [self.c]}
        self.problem = bp.Problem(model, parameters, self.x, [self.y], 0.1)

    def values(self, slip: str = "") -> Values:
        n, places = len(self.k), len(self.x) - len(self.k) + 1
        k = self.k[::-1] if slip in ("turned", "turned forward") else self.k
        padded = np.concatenate([[0.0], self.x, [0.0]])
        moved = {"shifted": 1, "shifted forward": 1, "shifted back": -1}.get(slip, 0)
        under = np.array([[padded[1 + i + j + moved] for j in range(n)] for i in range(places)])
        net = under @ k + self.b
        a = np.tanh(net)
        pooled = a.reshape(-1, 2).max(axis=1)
        largest = a.reshape(-1, 2).argmax(axis=1) + 2 * np.arange(places // 2)
        delta = pooled @ self.V + self.c - self.y
        back = np.zeros(places)
        back[largest] = delta * self.V
        if slip == "to all":
            back = np.repeat(delta * self.V, 2)
        d = back * (1 if slip == "no hidden slope" else 1 - a**2)
        seen = {"shifted gradient": 1, "shifted gradient back": -1, "shifted": 1, "shifted back": -1}.get(slip, 0)
        windows = np.array([[padded[1 + i + j + seen] for j in range(n)] for i in range(places)])
        each = d[:, None] * windows
        if slip in ("turned", "turned gradient"):
            each = each[:, ::-1]
        if slip == "no input":
            each = np.repeat(d[:, None], n, axis=1)
        how = USES.get(slip, lambda each: each.sum(axis=0))
        return gradients(k1=how(each), b1=how(d)) | entries("net_h1", net)


class Image:
    """A kernel of two by two over an image, tanh, the largest of each square, one output."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.k, self.b = rng.normal(0, 1, (2, 2)), rng.normal(0, 0.5)
        self.V, self.c = rng.normal(0, 1, 4), rng.normal()
        self.x, self.y = rng.uniform(-1.5, 1.5, (5, 5)), rng.uniform(-1, 1)
        model = bp.Model((5, 5), blocks.Conv2d(2, "tanh"), blocks.MaxPool(2), blocks.Dense(1))
        parameters = {"k1": self.k, "b1": [self.b], "W3": self.V[:, None], "b3": [self.c]}
        self.problem = bp.Problem(model, parameters, self.x, [self.y], 0.1)

    def values(self, slip: str = "") -> Values:
        padded = np.pad(self.x, 1)
        moves = {"down": (1, 0), "up": (-1, 0), "right": (0, 1), "left": (0, -1)}

        def windows(slipped: str) -> Array:
            down, right = moves[slip.split()[-1]] if slip.startswith(slipped) else (0, 0)
            return np.array(
                [
                    [padded[1 + i + down : 3 + i + down, 1 + j + right : 3 + j + right] for j in range(4)]
                    for i in range(4)
                ]
            )

        k = self.k[::-1, ::-1] if slip == "turned" else self.k
        net = np.einsum("ijab,ab->ij", windows("shifted forward"), k) + self.b
        a = np.tanh(net)
        delta, back = 0.0, np.zeros((4, 4))
        squares = [(slice(i, i + 2), slice(j, j + 2)) for i in (0, 2) for j in (0, 2)]
        delta = sum(a[at].max() * v for at, v in zip(squares, self.V, strict=True)) + self.c - self.y
        for at, v in zip(squares, self.V, strict=True):
            back[at] = delta * v * (1 if slip == "to all" else a[at] == a[at].max())
        d = back * (1 - a**2)
        dk = np.einsum("ij,ijab->ab", d, windows("shifted gradient"))
        return gradients(k1=dk[::-1, ::-1] if slip == "turned" else dk, b1=d.sum()) | entries("net_h1", net)


class Attention:
    """One head; the loss compares what each token takes with its targets."""

    def __init__(self, seed: int, tokens: int = 2, width: int = 2) -> None:
        rng = np.random.default_rng(seed)
        self.W = {letter: rng.normal(0, 1, (2, width)) for letter in "qkv"}
        self.x, self.y = rng.uniform(-1.5, 1.5, (tokens, 2)), rng.uniform(-1, 1, (tokens, width))
        model = bp.Model((tokens, 2), blocks.Attention(width))
        self.problem = bp.Problem(model, {f"W{letter}1": w for letter, w in self.W.items()}, self.x, self.y, 0.1)

    def values(self, slip: str = "") -> Values:
        Q, K, V = (self.x @ self.W[letter] for letter in "qkv")
        root = np.sqrt(K.shape[1])
        keys = K if slip in ("K", "K forward") else K.T
        over = {"no root": 1.0, "width": root**2}  # what the scores are divided by, both ways or one way only
        S = Q @ keys / over.get(slip.removesuffix(" forward"), root)
        axis = 0 if slip in ("columns", "columns forward") else 1
        A = np.exp(S) / (1 if slip == "no sum" else np.exp(S).sum(axis=axis, keepdims=True))
        out = A @ V
        dO = out - self.y
        dA, dV = dO @ V.T, A.T @ dO
        if slip == "columns":
            dS = A * (dA - (dA * A).sum(axis=0, keepdims=True))
        elif slip == "diagonal":
            dS = A * (1 - A) * dA
        elif slip in ("no softmax", "no softmax, no root"):
            dS = dA
        else:
            dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))
        scale = 1 if slip == "no softmax, no root" else over.get(slip.removesuffix(" back"), root)
        for_query = {"K": K.T, "K back": K.T, "keys turned": K[::-1]}.get(slip, K)
        dQ = dS @ for_query / scale
        dK = (Q.T @ dS if slip == "K" else dS.T @ (Q[::-1] if slip == "queries turned" else Q)) / scale
        if slip == "own key":
            dK = dS.sum(axis=0)[:, None] * K / scale
        dX = {"q": dQ @ self.W["q"].T, "k": dK @ self.W["k"].T, "v": dV @ self.W["v"].T}
        per = {letter: self.x[:, :, None] * d[:, None] for letter, d in zip("qkv", (dQ, dK, dV))}
        if slip == "no input":
            per = {letter: np.repeat(d[:, None], 2, axis=1) for letter, d in zip("qkv", (dQ, dK, dV))}
        used = USES.get(slip, lambda each: each.sum(axis=0))
        found = {n: v for letter in "qkv" for n, v in entries(f"dE/dW{letter}1", used(per[letter])).items()}
        if slip.startswith("only "):
            return {f"dE/dx{i + 1}_{j + 1}": float(dX[slip[-1]][i, j]) for i in range(len(Q)) for j in range(2)}
        if slip in ("K", "K forward", "no root", "no root forward", "width", "width forward"):
            found |= entries("score_o", S) | entries("share_o", A)
        if slip == "no sum" or slip.startswith("columns"):
            found |= entries("share_o", A)
        return {name.replace("_o_", "_o"): value for name, value in found.items()}


class Norm:
    """A dense layer, its layer norm, one output."""

    def __init__(self, seed: int, width: int = 3) -> None:
        rng = np.random.default_rng(seed)
        self.W, self.b = rng.normal(0, 1, (2, width)), rng.normal(0, 0.5, width)
        self.g, self.s = rng.normal(1, 0.5, width), rng.normal(0, 0.5, width)
        self.V, self.c = rng.normal(0, 1, (width, 1)), rng.normal(0, 1, 1)
        self.x, self.y = rng.uniform(-1.5, 1.5, 2), rng.uniform(-1, 1, 1)
        model = bp.Model(2, blocks.Dense(width), blocks.LayerNorm(), blocks.Dense(1))
        parameters = {"W1": self.W, "b1": self.b, "g2": self.g, "b2": self.s, "W3": self.V, "b3": self.c}
        self.problem = bp.Problem(model, parameters, self.x, self.y, 0.1)

    def values(self, slip: str = "") -> Values:
        u = self.x @ self.W + self.b
        n, centred = len(u), u - u.mean()
        scale = 1 / np.sqrt((centred**2).mean() + 1e-5)
        normed = centred * scale
        out = self.g * normed + (0 if slip == "no shift" else self.s)
        delta = out @ self.V + self.c - self.y
        dn = (delta @ self.V.T) * self.g
        dc = dn * scale
        if slip not in ("spread", "both"):
            dc = dc + (dn @ centred) * -0.5 * scale**3 * 2 / n * centred
        du = dc if slip in ("mean", "both") else dc - dc.mean()
        dg = delta @ self.V.T if slip == "no input" else (delta @ self.V.T) * normed
        dW = np.tile(du, (2, 1)) if slip == "no input" else np.outer(self.x, du)
        return gradients(W1=dW, b1=du, g2=dg)


class Past:
    """A dense layer, a residual block of one tanh layer, one output."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.W, self.b, self.U, self.d = (rng.normal(0, 1, shape) for shape in ((2, 2), 2, (2, 2), 2))
        self.V, self.c = rng.normal(0, 1, (2, 1)), rng.normal(0, 1, 1)
        self.x, self.y = rng.uniform(-1.5, 1.5, 2), rng.uniform(-1, 1, 1)
        model = bp.Model(2, blocks.Dense(2, "tanh"), blocks.Residual(blocks.Dense(2, "tanh")), blocks.Dense(1))
        parameters = {"W1": self.W, "b1": self.b, "W2": self.U, "b2": self.d, "W3": self.V, "b3": self.c}
        self.problem = bp.Problem(model, parameters, self.x, self.y, 0.1)

    def values(self, slip: str = "") -> Values:
        h = np.tanh(self.x @ self.W + self.b)
        a = np.tanh(h @ self.U + self.d)
        out = a if slip in ("throughout", "forward") else h + a
        delta = out @ self.V + self.c - self.y
        dr = delta @ self.V.T
        da = dr * (1 - a**2)
        through = da @ (self.U if slip == "not transposed" else self.U.T)
        dh = through if slip in ("throughout", "back") else dr if slip == "past only" else dr + through
        d1 = dh * (1 - h**2)
        return gradients(W1=np.outer(self.x, d1), b1=d1, W3=np.outer(out, delta))


class Table:
    """Three tokens looked up, a tanh neuron at each, one output."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.E, self.W, self.b = rng.normal(0, 1, (4, 2)), rng.normal(0, 1, (2, 1)), rng.normal(0, 0.5, 1)
        self.tokens, self.y = np.array([2, 0, 2]), rng.uniform(-1, 1, (3, 1))
        model = bp.Model((3,), blocks.Embedding(4, 2), blocks.Dense(1, "tanh"))
        self.problem = bp.Problem(model, {"W1": self.E, "W2": self.W, "b2": self.b}, self.tokens, self.y, 0.1)

    def values(self, slip: str = "") -> Values:
        rows = self.E[self.tokens]
        out = np.tanh(rows @ self.W + self.b)
        back = ((out - self.y) * (1 - out**2)) @ self.W.T
        dE = np.zeros_like(self.E)
        for token, d in zip(self.tokens, back):
            if slip == "all rows":
                dE += d
            else:
                dE[token] += d
        return {f"dE/dW1_{r}_{c + 1}": float(dE[r, c]) for r in range(4) for c in range(2)}
