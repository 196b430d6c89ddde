"""How large the gradient is in each layer: how depth, activation and starting weights change it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bpkit.core.matrix_program import matrix_deltas, matrix_gradient, predict
from bpkit.core.network import Network, layered
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.quantities import Role
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import blank, logarithmic

Array = NDArray[np.float64]
NAMES = ("derivatives with respect to the weights", "deltas")
LABELS = {"xlabel": "layer of weights, the first at the inputs", "ylabel": "size in the layer"}
FLOOR, CEILING = 1e-300, 1e200  # drawn at most; the axis puts ticks far above, and floats end at 1e308
NOTHING: Array = np.array([])
LEAST_SPREAD = 1e-12  # of outputs near ½ a smaller spread is mostly rounding
LEVEL = 2.0  # less than so many times from end to end is neither shrinking nor growing
TEXTS: dict[str, Any] = {
    "layer": "{depth} hidden layer",
    "layers": "{depth} hidden layers",
    "sizes": "Size of the gradient in a network with {layers} of {kind}{ways}, as the root mean square over a layer "
    "(of the deltas over all points as well), from the first layer to the last. Derivatives with respect to the "
    "weights: {weights}. Deltas, the derivatives with respect to the nets: {nets}.",
    "sizesWays": " and a way past each after the first",
    "spread": "spread of the outputs",
    "spreads": " Spread of the outputs over the points, hidden layer by hidden layer: {spreads}.",
    "overflow": "on the way back to the first layer they overflow.",
    "none": "all are 0: the outputs are saturated, or nothing reaches them.",
    "lost": "in the first layer they are exactly 0: nothing gets there.",
    "level": "first and last are about the same size, all layers stay within a factor of {factor}, and the largest "
    "size is {most}.",
    "shrink": "from the last layer to the first they shrink {times} times{each}.",
    "grow": "from the last layer to the first they grow {times} times{each}.",
    "each": ", about {each} times a layer",
    "forward": " Spread of the outputs: {change}",
    "spreadChange": {
        "overflow": "on the way forward it overflows.",
        "none": "it is below 10⁻¹² in the first hidden layer already.",
        "lost": "in the last hidden layer it is below 10⁻¹², almost the same outputs for every point.",
        "level": "it stays within a factor of {factor}, and the largest is {most}.",
        "shrink": "from the first hidden layer to the last it shrinks {times} times{each}.",
        "grow": "from the first hidden layer to the last it grows {times} times{each}.",
        "each": ", about {each} times a layer",
    },
}


def gradient_sizes(problem: Problem) -> Array:
    """The root mean square of a layer's derivatives, from the first layer on: (2, n_layers), first those of weights.

    The second row has the deltas of all neurons and all points: their mean over a batch would hide what cancels between
    points. Of a model the layers are the blocks that have weights.

    >>> import bpkit as bp
    >>> gradient_sizes(bp.examples.article.problem).round(4).tolist()
    [[0.0008, 0.0633], [0.0052, 0.1008]]
    """
    _, slopes = matrix_gradient(problem)
    parameters, biases = problem.network.lines.parameters, frozenset(problem.network.biases)
    deltas, weights = matrix_deltas(problem), defaultdict[int, list[float]](list)
    for name, slope in slopes.items():
        if name not in biases:
            weights[parameters[name].block].append(slope)
    blocks = sorted(weights)
    return np.array([[_root_mean_square(np.array(found[block])) for block in blocks] for found in (weights, deltas)])


def output_spreads(problem: Problem) -> Array:
    """How much the outputs of each hidden layer differ over a batch: the root mean square of their deviations.

    Where a way leads past a layer, its outputs are what it passes on.

    >>> import bpkit as bp
    >>> network = bp.Network(1, 1, 1, activation="identity")
    >>> numbers = {"w1": 2, "w2": 1, "b1": 0, "b2": 0}
    >>> output_spreads(bp.Problem(network, numbers, [[-1], [1]], [[0], [0]])).tolist()
    [2.0]
    """
    if not problem.network.layers:
        return _spreads_of_blocks(problem)
    network = layered(problem.network, "output spreads")
    signals, arrays, found = problem.inputs, problem.arrays(), []
    for layer, (before, width) in enumerate(zip(network.sizes, network.sizes[1:-1]), 1):
        alone = Network(before, width, activation=network.activations[layer - 1], bias="neuron")
        parameters = [arrays[f"W{layer}"], arrays[f"b{layer}"]]
        signals = predict(Problem(alone, parameters, signals, np.zeros((len(signals), width))), signals)
        with np.errstate(all="ignore"):  # outputs may have left the floats
            found.append(_root_mean_square(signals.std(axis=0)))
    return np.array(found)


def _spreads_of_blocks(problem: Problem) -> Array:
    values, rows = evaluate(problem), defaultdict[int, dict[str, list[Any]]](dict)
    for step in problem.derivation.steps:
        if step.quantity.role is Role.FORWARD and step.quantity.tag in ("out", "skip"):
            rows[step.quantity.block].setdefault(step.quantity.family, []).append(values[step.name])
    passed_on = [[*rows[block].values()][-1] for block in sorted(rows)[:-1]]
    return np.array([_root_mean_square(np.std(one, axis=1)) for one in passed_on])


def _root_mean_square(values: Array) -> float:
    """The root of the mean square, also of numbers so small that their squares vanish.

    >>> _root_mean_square(np.array([3e-200, 3e-200]))
    3e-200
    """
    top = float(np.abs(values).max()) or 1.0  # divided first: what is small must not vanish by being squared
    return top * math.sqrt(float(np.mean((values / top) ** 2))) if math.isfinite(top) else top


def depth_figure(sizes: Array, words: str, spreads: Array = NOTHING) -> Drawing:
    """The gradient's size in every layer, on a logarithmic axis, and the spread of the outputs; a cross at the edge is
    0, or no longer finite.
    """
    figure, axes = blank(6.6, 3.6)
    logarithmic(axes, "y")
    axes.minorticks_off()  # over many powers of ten they are no help
    at = np.arange(1, sizes.shape[1] + 1)
    shown = np.isfinite(sizes) & (sizes > 0)
    ends = limits(np.concatenate([sizes[shown], spreads[spreads > 0]]))
    for row, good, (color, dash, _), mark, name in zip(sizes, shown, RUNS, "os", NAMES):
        heights = np.clip(row[good], FLOOR, CEILING)
        axes.plot(at[good], heights, dash, marker=mark, color=color, linewidth=1.8, markersize=7, label=name)
    if len(spreads):
        color, dash, _ = RUNS[2]
        heights = np.clip(np.where(spreads > 0, spreads, np.nan), FLOOR, CEILING)
        axes.plot(at[: len(spreads)], heights, dash, color=color, linewidth=1.8, label=TEXTS["spread"])
    bad = ~shown.all(axis=0)
    axes.plot(at[bad], np.where((sizes == 0).any(axis=0)[bad], *ends), "X", color=INK, markersize=9, clip_on=False)
    axes.set(**LABELS, ylim=ends, xlim=(0.6, len(at) + 0.4), xticks=at[:: math.ceil(len(at) / 12)])
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=9, frameon=False)
    return Drawing(words, figure)


def limits(sizes: Array) -> tuple[float, float]:
    """Whole powers of ten around the sizes, at least four of them.

    >>> limits(np.array([0.003, 20.0]))
    (0.001, 100.0)
    """
    if not len(sizes):
        return 1e-4, 1.0
    logs = np.log10(np.clip(sizes, FLOOR, CEILING))
    low, high = math.floor(logs.min() - 0.1), math.ceil(logs.max() + 0.1)
    spare = max(0, 4 - (high - low))
    return 10.0 ** (low - spare // 2 - spare % 2), 10.0 ** (high + spare // 2)


def depth_words(kind: str, sizes: Array, digits: int = 6, spreads: Array = NOTHING, past: bool = False) -> str:
    """The sizes in words, of hidden layers of such an activation, maybe with ways past them.

    >>> depth_words("sigmoid", np.array([[0.1, 1.0], [0.5, 1.0]])).split(". ")[1]
    'Derivatives with respect to the weights: 0.1, 1'
    """
    depth = sizes.shape[1] - 1
    by_weights, by_nets = (", ".join(number(size, digits) for size in row) for row in sizes)
    layers = TEXTS["layer" if depth == 1 else "layers"].format(depth=depth)
    said = {"layers": layers, "kind": kind, "ways": TEXTS["sizesWays"] if past else ""}
    text: str = TEXTS["sizes"].format(**said, weights=by_weights, nets=by_nets)
    listed = ", ".join(number(one, digits) for one in spreads)
    return text + (TEXTS["spreads"].format(spreads=listed) if listed else "")


def changes(sizes: Array, spreads: Array = NOTHING) -> str:
    """How both change on the way back, and how the spread of the outputs changes on the way forward.

    >>> changes(np.array([[0.1, 1.0], [0.5, 1.0]])).split(". ")[0]
    'Derivatives with respect to the weights: from the last layer to the first they shrink 10 times'
    """
    text = " ".join(f"{name.capitalize()}: {change(row)}" for name, row in zip(NAMES, sizes))
    if len(spreads) < 2:
        return text
    told = np.where(spreads < LEAST_SPREAD, 0.0, spreads)[::-1]
    return text + str(TEXTS["forward"]).format(change=change(told, TEXTS["spreadChange"]))


def change(sizes: Array, texts: Mapping[str, str] = TEXTS, level: float = LEVEL) -> str:
    """How one of them changes from the last of these sizes to the first; less than ``level`` times is level."""
    first, last = float(sizes[0]), float(sizes[-1])
    if not np.isfinite(sizes).all():
        return texts["overflow"]
    if not last:
        return texts["none"]
    if not first:
        return texts["lost"]
    factor, steps = max(first / last, last / first), len(sizes) - 1
    if factor < level:
        most, least = float(sizes.max()), float(sizes[sizes > 0].min())
        return texts["level"].format(factor=number(most / least, 2), most=number(most, 2))
    times = f"{float(f'{factor:.3g}'):,.0f}" if 1000 <= factor < 1e12 else number(factor, 3)
    every = number(factor ** (1 / max(steps, 1)), 3)
    each = texts["each"].format(each=every) if steps > 1 else ""
    return texts["shrink" if first < last else "grow"].format(times=times, each=each, every=every)
