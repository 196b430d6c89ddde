"""Why the loss of a batch is a mean: what each point says of one weight, and what all of them say together."""

from __future__ import annotations

import numpy as np

from bpkit.core.matrix_program import matrix_gradient
from bpkit.core.problem import Problem
from bpkit.core.spelling import PLAIN, number, readable
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, INK
from bpkit.show.plots import MANY_RUNS, blank

SIZES = (100, 50, 20, 5)  # points, the most first


def batch_slopes(problem: Problem, name: str, sizes: tuple[int, ...] = SIZES) -> Drawing:
    """The derivative of one weight from each single point, for batches of several sizes; mean and sum of each."""
    each = np.array([matrix_gradient(problem.sample(k))[1][name] for k in range(max(sizes))])
    figure, axes = blank(7.6, 2.9)
    axes.axvline(0, color=FAINT, linewidth=1)
    said = []
    for row, (size, (color, _, _)) in enumerate(zip(sizes, MANY_RUNS)):
        found = each[:size]
        up = 0.16 * np.sin(2.4 * np.arange(size))  # apart, so that all are seen
        axes.plot(found, row + up, "o", color=color, alpha=0.35, markersize=4)
        mean = float(found.mean())
        axes.plot([mean, mean], [row - 0.34, row + 0.34], color=color, linewidth=4)
        told = {key: readable(number(value, 3)) for key, value in (("mean", mean), ("sum", float(found.sum())))}
        axes.text(1.01, row, f"mean {told['mean']}\nsum {told['sum']}", transform=axes.get_yaxis_transform(),
                  fontsize=9, color=INK, va="center")  # fmt: skip
        said.append(f"{size} points: mean {told['mean']}, sum {told['sum']}.")
    axes.set_yticks(range(len(sizes)), [f"{size} points" for size in sizes])
    weight = PLAIN(problem.derivation.quantities[name])
    axes.set(xlabel=f"∂E/∂{weight} of a single point (dots), and their mean (bar)", ylim=(-0.6, len(sizes) - 0.4))
    axes.grid(False)
    return Drawing(f"The derivative with respect to {weight} for batches of several sizes. " + " ".join(said), figure)
