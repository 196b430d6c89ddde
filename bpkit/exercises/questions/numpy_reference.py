"""The way forward and the update in plain arrays, as NumPy has them: what a key is compared with, beside its lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial, singledispatch
from typing import Any

import numpy as np

from bpkit.core.blocks import (
    LSTM,
    Attention,
    Conv1d,
    Conv2d,
    Dense,
    Embedding,
    LayerNorm,
    MaxPool,
    Recurrent,
    Residual,
)
from bpkit.core.blocks.block import Block
from bpkit.core.blocks.layer_norm import EPSILON
from bpkit.core.code import code
from bpkit.core.errors import BpkitError
from bpkit.core.expressions import OUT, K, Y, Z
from bpkit.core.functions import Activation, activation
from bpkit.core.losses import Loss
from bpkit.core.model import Model
from bpkit.core.network import layered
from bpkit.core.problem import Problem
from bpkit.core.program import compiled
from bpkit.core.quantities import Quantity
from bpkit.core.runtime import Array
from bpkit.core.updates import Adam, Momentum, RMSProp
from bpkit.mistakes.rewrite import computable

Found = dict[tuple[str, int], Array]  # by letter and number of the block
Arrays = Mapping[str, Array]


def forward(problem: Problem) -> Found:
    """Every quantity of one sample's way forward, by its letter and the number of its block: net, out, E and others."""
    network, found = problem.network, Found()
    if isinstance(network, Model):
        number, signal = _stack(network.blocks, 1, _by_block(problem), problem.inputs, found)
    else:
        number, signal = _layers(problem, found)
    targets = problem.targets if network.targets else np.zeros_like(signal)
    found["E", number - 1] = np.asarray(_called(network.loss)(signal, targets, signal.size))
    return found


def at(found: Found, quantity: Quantity) -> float:
    """The value of one quantity among these arrays."""
    letter = quantity.tag if quantity.tag == "skip" else quantity.letter
    array = found[letter, quantity.block]
    own = quantity.index[-array.ndim :] if array.ndim else ()  # an error of the last step has no axis of steps
    return float(array[tuple(place - 1 for place in own)])


def total(problem: Problem) -> float:
    """The loss: the errors of all outputs together, over a batch their mean or their sum."""
    samples = [problem.sample(row) for row in range(problem.n_samples)] if problem.is_batch else [problem]
    errors = [array for one in samples for (letter, _), array in forward(one).items() if letter == "E"]
    return float(np.sum(errors) / (1 if problem.batch == "sum" else len(samples)))


@lru_cache(maxsize=64)
def _called(own: Activation | Loss) -> Callable[..., Any]:
    """An activation or a loss by itself, on arrays."""
    symbols = (Z,) if isinstance(own, Activation) else (OUT, Y, K)
    return compiled("run", map(str, symbols), [f"return {code(computable(own.expr), True)}"], arrays=True)


def _activated(nets: Array, function: Activation) -> Array:
    """The outputs of neurons: each by itself, or a row's shares."""
    if not function.joint:
        return np.asarray(_called(function)(nets))
    powers = np.exp(nets)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _layers(problem: Problem, found: Found) -> tuple[int, Array]:
    """A network's layers, signal @ W + b; the number of the next one and the last outputs."""
    signal, layer, arrays = problem.inputs, 0, problem.arrays("x @ W")
    for layer, function in enumerate(layered(problem.network, "forward").activations, 1):
        found["net", layer] = signal @ arrays[f"W{layer}"] + arrays.get(f"b{layer}", 0.0)
        found["out", layer] = signal = _activated(found["net", layer], function)
    return layer + 1, signal


def _by_block(problem: Problem) -> dict[int, dict[str, Array]]:
    """The arrays of each block, by what they are called without its number."""
    own: dict[int, dict[str, Array]] = {}
    for key, array in problem.arrays("x @ W").items():
        number = problem.network.lines.parameters[problem.network.tables[key].flat[0]].block
        own.setdefault(number, {})[key.removesuffix(str(number))] = array
    return own


def _stack(
    blocks: Sequence[Block], number: int, arrays: Mapping[int, Arrays], signal: Array, found: Found
) -> tuple[int, Array]:
    """Blocks one after the other; the number of the next one and what comes out."""
    image = False
    for block in blocks:
        if isinstance(block, Residual):
            number, through = _stack(block.blocks, number, arrays, signal, found)
            found["skip", number - 1] = signal = signal + through
        else:
            if image and isinstance(block, Dense):  # which reads an image row after row
                signal = signal.reshape(-1)
            image = isinstance(block, Conv2d) or (image and isinstance(block, MaxPool))
            made = _made(block, arrays.get(number, {}), signal)
            signal = made.pop("passed on", made["out"])
            found.update({(letter, number): array for letter, array in made.items()})
            number += 1
    return number, signal


@singledispatch
def _made(block: Block, own: Arrays, x: Array) -> dict[str, Array]:
    """What a block computes, by letter; what it passes on is its out, unless it says otherwise."""
    raise BpkitError(f"arrays: expected one of the kit's blocks, got {block!r}")


@_made.register
def _(block: Dense, own: Arrays, x: Array) -> dict[str, Array]:
    net = x @ own["W"] + own["b"]
    return {"net": net, "out": _activated(net, *block.activations)}


@_made.register
def _(block: Recurrent, own: Arrays, x: Array) -> dict[str, Array]:
    nets: list[Array] = []
    outs = [np.zeros(block.units)]
    for row in x:
        nets.append(row @ own["Wx"] + outs[-1] @ own["Wh"] + own["b"])
        outs.append(_activated(nets[-1], *block.activations))
    return {"net": np.array(nets), "out": np.array(outs[1:]), "passed on": _passed_on(block.steps, outs[1:])}


def _passed_on(steps: str, outs: Sequence[Array]) -> Array:
    return np.array(outs if steps == "all" else outs[-1])


@_made.register
def _(block: LSTM, own: Arrays, x: Array) -> dict[str, Array]:
    sigmoid, tanh = (partial(_activated, function=one) for one in block.activations)
    made: dict[str, list[Array]] = {}
    cell = out = np.zeros(block.units)
    for row in x:
        i, f, o, g = nets = np.split(row @ own["Wx"] + out @ own["Wh"] + own["b"], 4)
        step = {f"net{gate}": net for gate, net in zip("ifog", nets)}
        step |= {"i": sigmoid(i), "f": sigmoid(f), "o": sigmoid(o), "g": tanh(g)}
        step["cell"] = cell = step["f"] * cell + step["i"] * step["g"]
        step["squashed"] = tanh(cell)
        step["out"] = out = step["o"] * step["squashed"]
        for letter, value in step.items():
            made.setdefault(letter, []).append(value)
    return {**{k: np.array(v) for k, v in made.items()}, "passed on": _passed_on(block.steps, made["out"])}


@_made.register(Conv1d)
@_made.register(Conv2d)
def _(block: Conv1d | Conv2d, own: Arrays, x: Array) -> dict[str, Array]:
    signal = x if isinstance(block, Conv2d) else x.reshape(-1)
    kernel = own["k"]
    windows = np.lib.stride_tricks.sliding_window_view(signal, kernel.shape)
    net = (windows * kernel).sum(axis=tuple(range(-kernel.ndim, 0))) + own["b"]
    return {"net": net, "out": _activated(net, *block.activations)}


@_made.register
def _(block: MaxPool, own: Arrays, x: Array) -> dict[str, Array]:
    signal = x.reshape(-1) if x.shape[-1] == 1 else x
    windows = signal.reshape([side for length in signal.shape for side in (length // block.size, block.size)])
    return {"out": windows.max(axis=tuple(range(1, windows.ndim, 2)))}


@_made.register
def _(block: LayerNorm, own: Arrays, x: Array) -> dict[str, Array]:
    mean = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    norm = (x - mean) / np.sqrt(var + EPSILON)
    middle = {"mean": mean, "var": var, "scale": 1 / np.sqrt(var + EPSILON)}
    return {
        **{letter: one[..., 0] for letter, one in middle.items()},
        "diff": x - mean,
        "norm": norm,
        "out": own["g"] * norm + own["b"],
    }


@_made.register
def _(block: Embedding, own: Arrays, x: Array) -> dict[str, Array]:
    return {"out": own["W"][x.astype(int)]}


@_made.register
def _(block: Attention, own: Arrays, x: Array) -> dict[str, Array]:
    q, k, v = (x @ own[f"W{letter}"] for letter in "qkv")
    score = q @ k.T / np.sqrt(block.width)
    share = _activated(score, activation("softmax"))
    return {"q": q, "k": k, "v": v, "score": score, "share": share, "out": share @ v}


def updated(problem: Problem, parameter: Quantity, slope: float) -> dict[str, float]:
    """How an update changes a parameter with a slope: what its rule remembers, by letter, and its new value."""
    rule, old = problem.update, problem.parameters[parameter.name]
    before = {letter: problem.state.get(f"{letter}_{parameter.name}", 0.0) for letter in "mvs"}
    g = slope + (rule.weight_decay * old if parameter.tag != "bias" else 0.0)
    made = {"g": g}
    if isinstance(rule, Adam):
        made["t"] = t = problem.state["t"] + 1
        made["m"] = rule.beta1 * before["m"] + (1 - rule.beta1) * g
        made["v"] = rule.beta2 * before["v"] + (1 - rule.beta2) * g**2
        made["mhat"], made["vhat"] = made["m"] / (1 - rule.beta1**t), made["v"] / (1 - rule.beta2**t)
        step = made["mhat"] / (math.sqrt(made["vhat"]) + rule.epsilon)
    elif isinstance(rule, RMSProp):
        made["s"] = rule.rho * before["s"] + (1 - rule.rho) * g**2
        step = g / (math.sqrt(made["s"]) + rule.epsilon)
    elif isinstance(rule, Momentum):
        made["v"] = step = rule.beta * before["v"] + g
    else:
        step = g
    return {**made, "new": old - problem.learning_rate * step}
