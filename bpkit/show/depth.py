"""How large the gradient is in each layer: what depth, activation and starting weights make of it."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bpkit.core.matrix_program import matrix_gradient
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.live import Live
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import logarithmic

Array = NDArray[np.float64]
NAMES = ("derivatives by the weights", "deltas")
FLOOR, CEILING = 1e-300, 1e200  # drawn at most; the axis puts ticks far above, and floats end at 1e308
LEVEL = 2.0  # less than so many times from end to end is neither shrinking nor growing


def gradient_sizes(problem: Problem) -> Array:
    """The root mean square of a layer's derivatives, from the first layer on: (2, n_layers), by weights and by nets.

    With a bias for each neuron its derivative is the one by the neuron's net input, the delta; on a batch their mean.
    """
    network = problem.network
    _, slopes = matrix_gradient(problem)
    layers = range(1, len(network.layers))
    number_of = {neuron: number for number, row in enumerate(network.layers) for neuron in row}
    by_weights = [[slopes[name] for name, edge in network.weights.items() if number_of[edge[1]] == n] for n in layers]
    by_nets = [[slopes[network.bias_of[neuron]] for neuron in network.layers[n]] for n in layers]
    return np.array([[_root_mean_square(np.array(row)) for row in rows] for rows in (by_weights, by_nets)])


def _root_mean_square(values: Array) -> float:
    top = float(np.abs(values).max()) or 1.0  # divided first: what is small must not vanish by being squared
    return top * math.sqrt(float(np.mean((values / top) ** 2))) if math.isfinite(top) else top


class DepthPlot:
    """Keeps the figure between frames: a point for each layer, on a logarithmic axis."""

    def __init__(self) -> None:
        self.live = Live(6.6, 3.6)
        self.live.figure.subplots_adjust(left=0.86 / 6.6, top=1 - 0.38 / 3.6)
        axes = self.live.axes
        logarithmic(axes, "y")
        axes.minorticks_off()  # over many powers of ten they are no help, and half of the drawing
        axes.set(xlabel="layer of weights, the first at the inputs", ylabel="size of the gradient")
        self.lines = [
            axes.plot([], [], dash, marker=mark, color=color, linewidth=1.8, markersize=7, label=name, animated=True)[0]
            for (color, dash, _), mark, name in zip(RUNS, "os", NAMES)
        ]
        self.none = axes.plot([], [], "X", color=INK, markersize=9, clip_on=False, animated=True)[0]
        axes.legend(handles=self.lines, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=9, frameon=False)
        self._moving = (*self.lines, self.none)

    def frame(self, sizes: Array) -> bytes:
        """The picture of the gradient's size in every layer, as PNG; a cross at the edge is 0, or no longer finite."""
        at = np.arange(1, sizes.shape[1] + 1)
        shown = np.isfinite(sizes) & (sizes > 0)
        ends = limits(sizes[shown])
        for line, row, good in zip(self.lines, sizes, shown):
            line.set_data(at[good], np.clip(row[good], FLOOR, CEILING))
        bad = ~shown.all(axis=0)
        self.none.set_data(at[bad], np.where((sizes == 0).any(axis=0)[bad], *ends))

        def prepare(axes: Axes) -> None:
            axes.set(ylim=ends, xlim=(0.6, len(at) + 0.4), xticks=at[:: math.ceil(len(at) / 12)])

        return self.live.frame(self._moving, (ends, len(at)), prepare)

    def still(self, sizes: Array, words: str) -> Drawing:
        """The same as a drawing for a page that runs nothing; the plot itself is not used again."""
        self.frame(sizes)
        for artist in self._moving:
            artist.set_animated(False)
        return Drawing(words, self.live.figure)


def limits(sizes: Array) -> tuple[float, float]:
    """Whole powers of ten around the sizes, at least four of them."""
    if not len(sizes):
        return 1e-4, 1.0
    logs = np.log10(np.clip(sizes, FLOOR, CEILING))
    low, high = math.floor(logs.min() - 0.1), math.ceil(logs.max() + 0.1)
    spare = max(0, 4 - (high - low))
    return 10.0 ** (low - spare // 2 - spare % 2), 10.0 ** (high + spare // 2)


def depth_words(problem: Problem, sizes: Array, digits: int = 6) -> str:
    """The sizes in words."""
    depth, hidden = len(problem.network.sizes) - 2, problem.network.activations[0].name
    layers = f"{depth} hidden layer{'s' * (depth != 1)} of {hidden}"
    by_weights, by_nets = (", ".join(number(size, digits) for size in row) for row in sizes)
    return (
        f"Size of the gradient in a network with {layers}, as the root mean square over a layer, from the first layer "
        f"to the last. Derivatives by the weights: {by_weights}. Deltas, the derivatives by the nets: {by_nets}."
    )


def changes(sizes: Array) -> str:
    """What becomes of both on the way back."""
    return " ".join(f"{name.capitalize()}: {change(row)}" for name, row in zip(NAMES, sizes))


def change(sizes: Array) -> str:
    """What becomes of one of them on the way back."""
    first, last = float(sizes[0]), float(sizes[-1])
    if not np.isfinite(sizes).all():
        return "on the way back to the first layer they leave the floats."
    if not last:
        return "all are 0: the outputs are saturated, or nothing reaches them."
    if not first:
        return "in the first layer they are exactly 0: nothing gets there."
    factor, steps = max(first / last, last / first), len(sizes) - 1
    each = f", about {number(factor ** (1 / steps), 3)} times a layer" if steps > 1 else ""
    times = f"{float(f'{factor:.3g}'):,.0f}" if 1000 <= factor < 1e12 else number(factor, 3)
    if factor < LEVEL:
        return f"from the last layer to the first they stay within a factor of {number(factor, 2)}."
    if first < last:
        return f"from the last layer to the first they shrink {times} times{each}."
    return f"from the last layer to the first they grow {times} times{each}."
