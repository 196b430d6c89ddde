"""How large the gradient is in each layer: what depth, activation and starting weights make of it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bpkit.core.matrix_program import matrix_gradient, predict
from bpkit.core.network import Network, layered
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.training import train
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import MANY_RUNS, blank, canvas, dress, logarithmic

Array = NDArray[np.float64]
NAMES = ("derivatives with respect to the weights", "deltas")
LABELS = {"xlabel": "layer of weights, the first at the inputs", "ylabel": "size in the layer"}
FLOOR, CEILING = 1e-300, 1e200  # drawn at most; the axis puts ticks far above, and floats end at 1e308
ROOM = 2.5  # times the lowest first loss: what begins higher comes in from above
NOTHING: Array = np.array([])
LEVEL = 2.0  # less than so many times from end to end is neither shrinking nor growing
TEXTS = {
    "layer": "{depth} hidden layer",
    "layers": "{depth} hidden layers",
    "sizes": "Size of the gradient in a network with {layers} of {kind}, as the root mean square over a layer, from "
    "the first layer to the last. Derivatives with respect to the weights: {weights}. Deltas, the derivatives with "
    "respect to the nets: {nets}.",
    "spread": "spread of the outputs",
    "spreads": " Spread of the outputs over the points, hidden layer by hidden layer: {spreads}.",
    "overflow": "on the way back to the first layer they overflow.",
    "none": "all are 0: the outputs are saturated, or nothing reaches them.",
    "lost": "in the first layer they are exactly 0: nothing gets there.",
    "level": "from the last layer to the first they stay within a factor of {factor}.",
    "shrink": "from the last layer to the first they shrink {times} times{each}.",
    "grow": "from the last layer to the first they grow {times} times{each}.",
    "each": ", about {each} times a layer",
}


def gradient_sizes(problem: Problem) -> Array:
    """The root mean square of a layer's derivatives, from the first layer on: (2, n_layers), first those of weights.

    The second row has the deltas, on a batch their mean: the derivatives with respect to a bias for each neuron. Of a
    model the layers are the blocks that have weights.
    """
    _, slopes = matrix_gradient(problem)
    parameters = problem.network.lines.parameters
    rows: list[list[float]] = [[], []]
    for block in sorted({parameters[name].block for name in slopes}):
        own = [name for name in slopes if parameters[name].block == block]
        for row, biases in zip(rows, (False, True)):
            row.append(_root_mean_square(np.array([slopes[one] for one in own if (one in _biases(problem)) == biases])))
    return np.array(rows)


def output_spreads(problem: Problem) -> Array:
    """How much the outputs of each hidden layer differ over a batch: the root mean square of their deviations."""
    network = layered(problem.network, "output spreads")
    signals, arrays, found = problem.inputs, problem.arrays(), []
    for layer, (before, width) in enumerate(zip(network.sizes, network.sizes[1:-1]), 1):
        alone = Network(before, width, activation=network.activations[layer - 1], bias="neuron")
        parameters = [arrays[f"W{layer}"], arrays[f"b{layer}"]]
        signals = predict(Problem(alone, parameters, signals, np.zeros((len(signals), width))), signals)
        with np.errstate(all="ignore"):  # outputs may have left the floats
            found.append(_root_mean_square(signals.std(axis=0)))
    return np.array(found)


def _biases(problem: Problem) -> frozenset[str]:
    return frozenset(problem.network.biases)


def _root_mean_square(values: Array) -> float:
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
    """Whole powers of ten around the sizes, at least four of them."""
    if not len(sizes):
        return 1e-4, 1.0
    logs = np.log10(np.clip(sizes, FLOOR, CEILING))
    low, high = math.floor(logs.min() - 0.1), math.ceil(logs.max() + 0.1)
    spare = max(0, 4 - (high - low))
    return 10.0 ** (low - spare // 2 - spare % 2), 10.0 ** (high + spare // 2)


def depth_words(problem: Problem, sizes: Array, digits: int = 6, spreads: Array = NOTHING) -> str:
    """The sizes in words."""
    depth = len(problem.network.layers) - 2
    by_weights, by_nets = (", ".join(number(size, digits) for size in row) for row in sizes)
    kind = problem.network.activations[0].name
    said = {"layers": TEXTS["layer" if depth == 1 else "layers"].format(depth=depth), "kind": kind}
    text = TEXTS["sizes"].format(**said, weights=by_weights, nets=by_nets)
    listed = ", ".join(number(one, digits) for one in spreads)
    return text + (TEXTS["spreads"].format(spreads=listed) if listed else "")


def changes(sizes: Array) -> str:
    """What becomes of both on the way back."""
    return " ".join(f"{name.capitalize()}: {change(row)}" for name, row in zip(NAMES, sizes))


def change(sizes: Array) -> str:
    """What becomes of one of them on the way back."""
    first, last = float(sizes[0]), float(sizes[-1])
    if not np.isfinite(sizes).all():
        return TEXTS["overflow"]
    if not last:
        return TEXTS["none"]
    if not first:
        return TEXTS["lost"]
    factor, steps = max(first / last, last / first), len(sizes) - 1
    if factor < LEVEL:
        return TEXTS["level"].format(factor=number(factor, 2))
    times = f"{float(f'{factor:.3g}'):,.0f}" if 1000 <= factor < 1e12 else number(factor, 3)
    each = TEXTS["each"].format(each=number(factor ** (1 / steps), 3)) if steps > 1 else ""
    return TEXTS["shrink" if first < last else "grow"].format(times=times, each=each)


def depth_runs(problems: Mapping[str, Problem], updates: int, digits: int = 3) -> Drawing:
    """Networks of the same depth side by side: the deltas at the start, layer by layer, and the loss in training."""
    figure = canvas(8.6, 3.3)
    left, right = (dress(axes) for axes in figure.subplots(1, 2))
    logarithmic(left, "y")
    left.minorticks_off()
    said, firsts, curves = [], [], []
    for (name, problem), (color, dash, _), mark in zip(problems.items(), MANY_RUNS, "os^vD"):
        deltas, trace = gradient_sizes(problem)[1], train(problem, updates)
        at = np.arange(1, len(deltas) + 1)
        left.plot(at, deltas, dash, marker=mark, color=color, linewidth=1.8, markersize=5)
        curves.append((name, color, deltas))
        right.plot(np.arange(len(trace)), trace.loss, dash, color=color, linewidth=1.8)
        end = (updates, float(trace.loss[-1]))
        right.annotate(name, end, (0, 9), textcoords="offset points", color=color, fontsize=9, ha="right")
        first, last = (number(float(trace.loss[end]), digits) for end in (0, -1))
        firsts.append(float(trace.loss[0]))
        said.append(f"{name}: deltas: {change(deltas)} The loss goes from {first} to {last} in {updates} updates.")
    highest = max(curves, key=lambda curve: float(curve[2].max()))
    for name, color, deltas in curves:
        # The highest curve has its name above it, the others below: there the picture is free.
        above = deltas is highest[2]
        share, right_by, up, side = (5, 0, 8, "bottom") if above else (2, 8, -8, "top")
        middle = (len(deltas) - 1) // share
        left.annotate(
            name,
            (middle + 1, deltas[middle]),
            (right_by, up),
            textcoords="offset points",
            color=color,
            va=side,
            fontsize=9,
        )
    left.set(xlabel=LABELS["xlabel"], ylabel="size of the deltas")
    left.margins(y=0.2)
    top = ROOM * min(firsts)
    right.set(xlabel="updates", ylabel="loss", xlim=(0, updates), ylim=(0, top))
    for start, (_, color, _) in zip(firsts, curves):
        if start > top:
            text = f"▲ from {number(start, digits)}"
            right.annotate(text, (0, top), (10, -4), textcoords="offset points", color=color, fontsize=9, va="top")
    return Drawing(" ".join(said), figure)
