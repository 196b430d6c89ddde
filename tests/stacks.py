"""Models of every block, alone and stacked, and a second forward pass over arrays that shares nothing with the kit's.

``forward`` follows the conventions of the blocks' papers with the arrays of ``problem.arrays()``; the ``autograd``
library differentiates it. Of a model it reads only which blocks there are and their sizes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import MISSING, fields, is_dataclass
from typing import Any
from unittest.mock import patch

import autograd.numpy as anp
import numpy as np
import oracle
import sympy as sp
from autograd import grad
from oracle import ARRAYS
from thorough import THOROUGH

import bpkit as bp
from bpkit.core import blocks
from bpkit.core.blocks import LSTM, Attention, Conv1d, Conv2d, Dense, Embedding, LayerNorm, MaxPool, Recurrent, Residual

y, out = sp.symbols("y out")
FOURTH = bp.Loss("fourth", (y - out) ** 4 + y * out)
Arrays = Mapping[str, Any]

STACKS: dict[str, bp.Model] = {
    "dense": bp.Model(3, Dense(2, "tanh"), Dense(2, "softplus"), loss="squared_error"),
    "dense over steps": bp.Model((3, 2), Dense(3, "sigmoid"), Dense(2), loss="mean_squared_error"),
    "softmax": bp.Model(2, Dense(3, "tanh"), Dense(3, "softmax"), loss="cross_entropy"),
    "softmax inside": bp.Model(2, Dense(3, "softmax"), Dense(1)),
    "softmax over steps": bp.Model((2, 2), Dense(3, "softmax"), loss="cross_entropy"),
    "softmax over steps, squared": bp.Model((2, 2), Dense(2, "softmax"), Dense(2, "softmax")),
    "logistic over steps": bp.Model((3, 2), Dense(2, "sigmoid"), loss="binary_cross_entropy"),
    "own loss": bp.Model((2, 2), Dense(2, "tanh"), loss=FOURTH),
    "output as loss": bp.Model((3, 1), Recurrent(2), Dense(2, "tanh"), loss="output"),
    "recurrent, last": bp.Model((3, 2), Recurrent(2), Dense(2)),
    "recurrent, all": bp.Model((3, 1), Recurrent(2, steps="all"), Dense(1), loss=FOURTH),
    "recurrent alone": bp.Model((4, 1), Recurrent(1)),
    "recurrent, one step": bp.Model((1, 2), Recurrent(2), Dense(1)),
    "recurrent ends in sigmoids": bp.Model(
        (2, 2), Recurrent(2, "all", activation="sigmoid"), loss="binary_cross_entropy"
    ),
    "two recurrents": bp.Model((3, 2), Recurrent(2, "all", activation="softplus"), Recurrent(2), Dense(1)),
    "lstm, last": bp.Model((3, 1), LSTM(2), Dense(1)),
    "lstm, all": bp.Model((2, 2), LSTM(2, "all"), Dense(2), loss="squared_error"),
    "lstm alone": bp.Model((2, 1), LSTM(1)),
    "two lstms": bp.Model((2, 1), LSTM(1, "all"), LSTM(2), Dense(1)),
    "conv1d": bp.Model((5,), Conv1d(3)),
    "conv1d of steps": bp.Model((6, 1), Conv1d(2, "tanh"), Dense(1)),
    "conv1d and pool": bp.Model((7,), Conv1d(2, "tanh"), MaxPool(3), Dense(2)),
    "pools at the end": bp.Model((6,), Conv1d(3, "leaky_relu"), MaxPool(2)),
    "two convolutions": bp.Model((7,), Conv1d(3, "relu"), Conv1d(2, "tanh"), MaxPool(2), Dense(1)),
    "conv2d": bp.Model((3, 4), Conv2d(2, "sigmoid"), loss="binary_cross_entropy"),
    "conv2d on four": bp.Model((2, 2), Conv2d(2)),
    "conv2d and pool": bp.Model((5, 5), Conv2d(2, "tanh"), MaxPool(2), Dense(2)),
    "conv2d twice": bp.Model((4, 4), Conv2d(2, "tanh"), Conv2d(2), Dense(1, "tanh"), loss="mean_squared_error"),
    "conv2d and dense": bp.Model((3, 3), Conv2d(2, "relu"), Dense(2, "sigmoid"), Dense(1)),
    "layer norm": bp.Model(2, Dense(4, "tanh"), LayerNorm(), Dense(1)),
    "layer norm of tokens": bp.Model((3, 2), Dense(3), LayerNorm()),
    "layer norm of inputs": bp.Model(3, LayerNorm(), Dense(2, "softmax"), loss="cross_entropy"),
    "layer norm of one": bp.Model((3, 1), LayerNorm(), Recurrent(1)),
    "layer norm of a recurrent": bp.Model((2, 2), Recurrent(3, "all"), LayerNorm(), Dense(1)),
    "residual": bp.Model(3, Residual(Dense(4, "tanh"), Dense(3)), Dense(1)),
    "residual at the end": bp.Model((2, 2), Residual(Dense(2, "tanh"))),
    "residual, nested": bp.Model(2, Residual(Dense(2, "tanh"), Residual(Dense(2, "sigmoid"))), Dense(2, "tanh")),
    "residual attention": bp.Model((3, 2), Residual(Attention(2)), LayerNorm(), Residual(Dense(2, "tanh")), Dense(1)),
    "residual recurrent": bp.Model((3, 2), Residual(Recurrent(2, "all")), Dense(1)),
    "residual image": bp.Model((3, 3), Conv2d(1), Residual(Conv2d(1, "tanh")), Conv2d(2)),
    "embedding": bp.Model((3,), Embedding(4, 2), Dense(2, "tanh"), Dense(1)),
    "embedding and attention": bp.Model((3,), Embedding(3, 2), Attention(2), Dense(2, "softmax"), loss="cross_entropy"),
    "embedding of one row": bp.Model((2,), Embedding(1, 2), Recurrent(1), Dense(1)),
    "embedding and lstm": bp.Model((3,), Embedding(3, 2), LSTM(2), Dense(1)),
    "attention of width 1": bp.Model((3, 2), Attention(1), loss="squared_error"),
    "attention of width 2": bp.Model((2, 2), Attention(2)),
    "attention of width 3": bp.Model((3, 2), Attention(3), Dense(2)),
    "attention of width 4": bp.Model((2, 3), Attention(4), Dense(1, "tanh"), loss=FOURTH),
    "attention of one token": bp.Model((1, 2), Attention(2)),
    "two heads after each other": bp.Model((2, 2), Attention(2), Attention(2), Dense(1)),
}  # fmt: skip


def smallest(name: str) -> Iterator[tuple[str, bp.Model]]:
    """Each block of the kit with 2 for every number that it needs, on a row, on steps and on an image."""
    kind = getattr(blocks, name)
    block = kind(*(2 for one in fields(kind) if one.default is MISSING)) if is_dataclass(kind) else kind(Dense(4))
    for inputs, before in (((4,), ()), ((3, 2), ()), ((3, 3), (Conv2d(2),))):
        with suppress(bp.BpkitError):
            yield f"{block} on {(*inputs, *before)}", bp.Model(inputs, *before, block, Dense(1))


EACH = dict(one for name in blocks.__all__ for one in smallest(name))
SOME = [*STACKS] if THOROUGH else [*STACKS][::3]  # and with each of the blocks, so that none is left out
STACKS |= EACH
SOME += EACH

ERRORS = oracle.ERRORS | {
    "mean_squared_error": lambda y, out: (y - out) ** 2 / out.size,
    "output": lambda y, out: out,
    "fourth": lambda y, out: (y - out) ** 4 + y * out,
}


def forward(model: bp.Model, arrays: Arrays, x: Any) -> Any:
    """The outputs of one sample."""
    signal, image, number = x, False, 0
    for block in model.blocks:
        signal, image, number = _forward(block, arrays, signal, image, number)
    return signal


def _forward(block: Any, arrays: Arrays, x: Any, image: bool, number: int) -> tuple[Any, bool, int]:
    """What a block makes of signals, whether that is an image, and the number of the last block so far."""
    if isinstance(block, Residual):
        branch, inner = x, image
        for one in block.blocks:
            branch, inner, number = _forward(one, arrays, branch, inner, number)
        return x + branch, image, number
    number += 1
    own = {key[1]: one for name, one in arrays.items() if (key := re.fullmatch(rf"(\D+){number}", name))}
    function = ARRAYS[block.activation.name] if hasattr(block, "activation") else None
    name = type(block).__name__
    if name == "Dense":
        return function((x.ravel() if image else x) @ own["W"] + own["b"]), False, number
    if name == "Recurrent":
        h, found = anp.zeros(block.units), []
        for row in x:
            h = function(row @ own["Wx"] + h @ own["Wh"] + own["b"])
            found.append(h)
        return anp.stack(found) if block.steps == "all" else h, False, number
    if name == "LSTM":
        h, c, found, n = anp.zeros(block.units), anp.zeros(block.units), [], block.units
        sigmoid = ARRAYS["sigmoid"]
        for row in x:
            z = row @ own["Wx"] + h @ own["Wh"] + own["b"]
            i, f, o, g = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n]), anp.tanh(z[3 * n :])
            c = f * c + i * g
            h = o * anp.tanh(c)
            found.append(h)
        return anp.stack(found) if block.steps == "all" else h, False, number
    if name == "Conv1d":
        x, size = x.ravel(), block.size
        net = anp.stack([anp.sum(own["k"] * x[i : i + size]) for i in range(len(x) - size + 1)]) + own["b"][0]
        return function(net), False, number
    if name == "Conv2d":
        rows, columns, size = *x.shape, block.size
        places = [[(i, j) for j in range(columns - size + 1)] for i in range(rows - size + 1)]
        net = [anp.stack([anp.sum(own["k"] * x[i : i + size, j : j + size]) for i, j in row]) for row in places]
        return function(anp.stack(net) + own["b"][0]), True, number
    if name == "MaxPool":
        size = block.size
        if image:
            rows, columns = x.shape[0] // size, x.shape[1] // size
            windows = [
                [x[i * size : (i + 1) * size, j * size : (j + 1) * size].ravel() for j in range(columns)]
                for i in range(rows)
            ]
            return anp.stack([anp.stack([_first_of_largest(w) for w in row]) for row in windows]), True, number
        x = x.ravel()
        return anp.stack([_first_of_largest(x[i : i + size]) for i in range(0, len(x), size)]), False, number
    if name == "LayerNorm":
        mean = anp.mean(x, axis=-1, keepdims=True)
        variance = anp.mean((x - mean) ** 2, axis=-1, keepdims=True)
        return own["g"] * (x - mean) / anp.sqrt(variance + 1e-5) + own["b"], False, number
    if name == "Embedding":
        return own["W"][np.asarray(x, dtype=int)], False, number
    if name == "Attention":
        q, k, v = x @ own["Wq"], x @ own["Wk"], x @ own["Wv"]
        return ARRAYS["softmax"](q @ k.T / np.sqrt(block.width)) @ v, False, number
    return _of_its_own(block, own, x), block.makes_image(image), number


def _of_its_own(block: Any, own: Arrays, x: Any) -> Any:
    """What a block computes that is not written above: its own arrays, with autograd for NumPy."""
    with ExitStack() as patches:
        for module in {sys.modules[one.__module__] for one in vars(blocks).values() if isinstance(one, type)}:
            functions = {"np": anp, "activated": lambda nets, function: ARRAYS[function.name](nets)}
            patches.enter_context(patch.multiple(module, create=True, **functions))
        made = block.computed(own, x)
    return made.get("passed on", made["out"])


def _first_of_largest(window: Any) -> Any:
    values = getattr(window, "_value", window)
    while hasattr(values, "_value"):
        values = values._value
    return window[int(np.argmax(values))]


def loss_of(model: bp.Model, arrays: Arrays, x: Any, targets: Any) -> Any:
    """The loss of one sample."""
    return anp.sum(ERRORS[model.loss.name](targets, forward(model, arrays, x)))


def samples(problem: bp.Problem) -> list[tuple[Any, Any]]:
    """Inputs and targets, one after the other."""
    return [*zip(problem.inputs, problem.targets)] if problem.is_batch else [(problem.inputs, problem.targets)]


def gradients(model: bp.Model, arrays: Arrays, rows: Sequence[tuple[Any, Any]], mean: bool = True) -> dict[str, Any]:
    """The derivatives with respect to each array, by autograd: the mean of the samples', or their sum."""
    arrays = {key: np.array(one) for key, one in arrays.items()}
    found: dict[str, Any] = dict.fromkeys(arrays, 0.0)
    for x, targets in rows:
        one = grad(lambda given, x=x, targets=targets: loss_of(model, given, x, targets))(arrays)
        found = {key: found[key] + one[key] / (len(rows) if mean else 1) for key in arrays}
    return found


def input_gradients(model: bp.Model, arrays: Arrays, rows: Sequence[tuple[Any, Any]]) -> list[Any]:
    """The derivatives of each sample's loss with respect to its inputs; tokens have none."""
    return [grad(lambda given, t=t: loss_of(model, arrays, given, t))(np.array(x, dtype=float)) for x, t in rows]


def drawn(model: bp.Model, seed: int, count: int = 0, spread: float = 1.0, **more: Any) -> bp.Problem:
    """A problem with numbers from a seed: one sample, or a batch of so many; every token comes more than once."""
    rng, shape = np.random.default_rng(seed), (count,) if count else ()
    parameters = {name: spread * float(rng.normal()) for name in model.parameters}
    inputs = rng.normal(size=(*shape, *model.input_shape))
    if model.vocabulary:
        inputs = rng.integers(0, min(model.vocabulary.values()), size=(*shape, *model.input_shape))
    targets = rng.normal(size=(*shape, *model.output_shape))
    if "cross_entropy" in model.loss.name:
        targets = rng.uniform(0, 1, size=(*shape, *model.output_shape))
        targets = targets / targets.sum(axis=-1, keepdims=True) if model.loss.needs else targets
    return bp.Problem(model, parameters, inputs, targets if model.targets else None, **more)


def random_stack(seed: int) -> bp.Model:
    """Blocks and sizes drawn from a seed: a start of one kind, what goes on from there, and a loss that fits."""
    rng = np.random.default_rng(seed)
    n = lambda low, high: int(rng.integers(low, high + 1))
    pick = lambda *given: given[int(rng.integers(len(given)))]
    smooth = lambda: pick("tanh", "sigmoid", "softplus", "identity", "leaky_relu")
    width, steps = n(1, 3), n(1, 3)
    layer = lambda: pick([], [LayerNorm()], [Dense(n(1, 3), smooth())])
    on_steps = lambda w: pick(
        [], [LayerNorm()], [Residual(Dense(w, smooth()))], [Attention(n(1, 3))], [Dense(n(1, 3), smooth())]
    )
    last = pick(
        (Dense(n(1, 2), "softmax"), "cross_entropy"),
        (Dense(n(1, 2), "sigmoid"), "binary_cross_entropy"),
        *[(Dense(n(1, 2), smooth()), one) for one in ("half_squared_error", "squared_error", FOURTH)],
        (Dense(n(1, 2), smooth()), "mean_squared_error"),
    )
    size, pool = n(1, 3), n(1, 2)
    inputs, start = pick(
        ((steps, width), [*on_steps(width), Recurrent(n(1, 2), pick("all", "last"), activation=smooth()), *layer()]),
        ((steps, width), [*on_steps(width), LSTM(n(1, 2), pick("all", "last")), *layer()]),
        ((steps, width), [*on_steps(width), *layer()]),
        ((size - 1 + 2 * pool,), [Conv1d(size, smooth()), MaxPool(pool), *layer()]),
        ((size - 1 + pool, size - 1 + 2 * pool), [Conv2d(size, smooth()), MaxPool(pool)]),
        ((steps,), [Embedding(n(1, 3), width), *on_steps(width), *layer()]),
        (width, [*layer(), Residual(*([Dense(n(1, 2), smooth()), Dense(0 + width)])) if n(0, 1) else LayerNorm()])
        if n(0, 1)
        else (width, [Residual(Residual(Dense(width, smooth())), Dense(width, "tanh")), *layer()]),
    )
    try:
        return bp.Model(inputs, *start, last[0], loss=last[1])
    except bp.BpkitError:  # a layer that changed the width before a residual
        return random_stack(seed + 10_000)


def tied(problem: bp.Problem) -> bp.Problem:
    """The same with inputs that are all equal, so that every number of a window ties."""
    return problem.replace(inputs=np.full(problem.inputs.shape, 0.5))
