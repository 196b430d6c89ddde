"""What a network with two inputs says of the plane: its output as colour, the decision boundary, and the points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bpkit.core.matrix_program import predict
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, NEGATIVE, PAPER, POSITIVE
from bpkit.show.plots import blank

Array = NDArray[np.float64]
POINTS = 61  # of the grid, each way
SIDES = ["#A9CBE8", PAPER, "#F3C3A0"]


def halfway(problem: Problem) -> float:
    """The output between the two classes: half way between the lowest and the highest target.

    >>> import bpkit as bp
    >>> halfway(bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[-1], [1]], [[0], [1]]))
    0.5
    """
    return float(problem.targets.min() + problem.targets.max()) / 2


def classes(problem: Problem) -> NDArray[np.bool_]:
    """Which samples belong to the upper class: shape (n_samples,).

    >>> import bpkit as bp
    >>> classes(bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[-1], [1]], [[0], [1]])).tolist()
    [False, True]
    """
    upper: NDArray[np.bool_] = problem.targets[:, 0] > halfway(problem)
    return upper


def right(problem: Problem) -> int:
    """How many samples lie on their side of the decision boundary.

    >>> import bpkit as bp
    >>> right(bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [[-1], [1], [2]], [[0], [1], [0]]))
    2
    """
    return int(np.sum((predict(problem, problem.inputs)[:, 0] > halfway(problem)) == classes(problem)))


def window(inputs: Array) -> tuple[float, float, float, float]:
    """The piece of the plane around some points: left, right, bottom, top.

    >>> window(np.array([[0.0, 0.0], [20.0, 10.0]]))
    (-3.0, 23.0, -8.0, 18.0)
    """
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    middle, reach = (low + high) / 2, max(0.5, 0.65 * float((high - low).max()))
    left, bottom = (middle - reach).tolist()
    right, top = (middle + reach).tolist()
    return left, right, bottom, top


def plane(problem: Problem) -> tuple[tuple[float, float, float, float], Array]:
    """The piece of the plane around the samples, and the network's output over a grid."""
    ends = window(problem.inputs)
    xs, ys = np.linspace(*ends[:2], POINTS), np.linspace(*ends[2:], POINTS)
    grid = np.column_stack([np.tile(xs, POINTS), np.repeat(ys, POINTS)])
    return ends, predict(problem, grid).reshape(POINTS, POINTS)


def boundary_figure(problem: Problem, words: str, test: Problem | None = None) -> Drawing:
    """The output as a picture below, the points above, those of ``test`` hollow, the boundary between them."""
    from matplotlib.colors import LinearSegmentedColormap  # takes a while, and only pictures need it

    figure, axes = blank(4.8, 4.86)
    axes.grid(False)
    ends, outputs = plane(problem)
    low, high, middle = float(problem.targets.min()), float(problem.targets.max()), halfway(problem)
    axes.set(xlabel="x₁", ylabel="x₂", xlim=ends[:2], ylim=ends[2:])
    axes.imshow(
        np.clip(outputs, low, high),
        LinearSegmentedColormap.from_list("sides", SIDES),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        extent=ends,
        vmin=low,
        vmax=max(high, low + 1e-9),
    )
    finite = outputs[np.isfinite(outputs)]
    if finite.size and finite.min() < middle < finite.max():
        across, up = np.linspace(*ends[:2], POINTS), np.linspace(*ends[2:], POINTS)
        axes.contour(across, up, outputs, [middle], colors=INK, linewidths=2)
    style: dict[str, Any] = {"linestyle": "", "markersize": 7, "markeredgewidth": 0.8}
    kinds = (("o", POSITIVE, "class 0"), ("^", NEGATIVE, "class 1"))
    upper = classes(problem)
    if test is not None:
        above = test.targets[:, 0] > middle
        for (mark, color, _), chosen in zip(kinds, (~above, above)):
            axes.plot(*test.inputs[chosen].T, mark, markeredgecolor=color, markerfacecolor=PAPER, **style)
    shown = [
        axes.plot(*problem.inputs[chosen].T, mark, color=color, markeredgecolor=PAPER, label=name, **style)[0]
        for (mark, color, name), chosen in zip(kinds, (~upper, upper))
    ]
    axes.legend(handles=shown, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=9, frameon=False)
    return Drawing(words, figure)


def boundary_words(problem: Problem, digits: int = 6) -> str:
    """The picture in words: the points, where the boundary is, how many points are on their side.

    >>> import bpkit as bp
    >>> problem = bp.Problem(bp.Network(2, 1, bias="none"), {"w1": 1, "w2": 1}, [[1, 1], [-1, -1]], [[1], [0]])
    >>> boundary_words(problem).rpartition(". ")[2]
    '2 of 2 points are on their side.'
    """
    count, upper, good = len(problem.inputs), int(classes(problem).sum()), right(problem)
    _, outputs = plane(problem)
    share = number(100 * float((outputs > halfway(problem)).mean()), 3)
    low, high = (number(float(end), digits) for end in (outputs.min(), outputs.max()))
    return (
        f"{count} points of the plane, {upper} of them of class 1 (triangles), the others of class 0 "
        f"(circles). The network's output over the picture runs from {low} to {high}; it is above "
        f"{number(halfway(problem))}, the decision boundary, on {share} % of it. {good} of {count} points "
        f"{'is on its' if good == 1 else 'are on their'} side."
    )
