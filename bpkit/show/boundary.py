"""What a network with two inputs says of the plane: its output as colour, the decision boundary, and the points."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from bpkit.core.matrix_program import predict
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.live import Live
from bpkit.show.palette import INK, NEGATIVE, PAPER, POSITIVE

Array = NDArray[np.float64]
POINTS = 61  # of the grid, each way
SIDES = LinearSegmentedColormap.from_list("sides", ["#A9CBE8", PAPER, "#F3C3A0"])


def halfway(problem: Problem) -> float:
    """The output between the two classes: half way between the lowest and the highest target."""
    return float(problem.targets.min() + problem.targets.max()) / 2


def classes(problem: Problem) -> NDArray[np.bool_]:
    """Which samples belong to the upper class: shape (n_samples,)."""
    upper: NDArray[np.bool_] = problem.targets[:, 0] > halfway(problem)
    return upper


def right(problem: Problem) -> int:
    """How many samples lie on their side of the decision boundary."""
    return int(np.sum((predict(problem, problem.inputs)[:, 0] > halfway(problem)) == classes(problem)))


def plane(problem: Problem) -> tuple[tuple[float, float, float, float], Array]:
    """The piece of the plane around the samples, left, right, bottom, top, and the network's output over a grid."""
    low, high = problem.inputs.min(axis=0), problem.inputs.max(axis=0)
    middle, reach = (low + high) / 2, max(0.5, 0.65 * float((high - low).max()))
    xs, ys = (np.linspace(one - reach, one + reach, POINTS) for one in middle)
    grid = np.column_stack([np.tile(xs, POINTS), np.repeat(ys, POINTS)])
    ends = (float(xs[0]), float(xs[-1]), float(ys[0]), float(ys[-1]))
    return ends, predict(problem, grid).reshape(POINTS, POINTS)


class BoundaryPlot:
    """Keeps the figure between frames: the output as a picture below, the points above, the boundary between them."""

    def __init__(self) -> None:
        self.live = Live(4.8, 4.86)
        self.live.figure.subplots_adjust(top=1 - 0.38 / 4.86)  # above the square axes stands the legend
        axes = self.live.axes
        axes.grid(False)
        axes.set(xlabel="x1", ylabel="x2")
        self.output = axes.imshow(
            np.zeros((2, 2)), SIDES, origin="lower", aspect="auto", interpolation="bilinear", animated=True
        )
        style: dict[str, Any] = {"linestyle": "", "markeredgecolor": PAPER, "markeredgewidth": 0.8, "animated": True}
        kinds = (("o", POSITIVE, "low class"), ("^", NEGATIVE, "high class"))
        self.points = [
            axes.plot([], [], mark, color=color, markersize=7, label=name, **style)[0] for mark, color, name in kinds
        ]
        axes.legend(handles=self.points, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=9, frameon=False)

    def frame(self, problem: Problem) -> bytes:
        """The picture of a problem's network and samples, as PNG."""
        boundary = self._set(problem)
        ends = tuple(self.output.get_extent())

        def prepare(axes: Axes) -> None:
            axes.set(xlim=ends[:2], ylim=ends[2:])

        picture = self.live.frame([self.output, *boundary, *self.points], ends, prepare)
        for artist in boundary:
            artist.remove()
        return picture

    def still(self, problem: Problem, words: str) -> Drawing:
        """The same as a drawing for a page that runs nothing; the plot itself is not used again."""
        for artist in (self.output, *self._set(problem), *self.points):
            artist.set_animated(False)
        left, right, bottom, top = self.output.get_extent()
        self.live.axes.set(xlim=(left, right), ylim=(bottom, top))
        return Drawing(words, self.live.figure)

    def _set(self, problem: Problem) -> list[Artist]:
        """Give the artists their data; the boundary is new each time, and empty where all is on one side."""
        ends, outputs = plane(problem)
        low, high, middle = float(problem.targets.min()), float(problem.targets.max()), halfway(problem)
        self.output.set_extent(ends)
        self.output.set_data(np.clip(outputs, low, high))
        self.output.set_clim(low, max(high, low + 1e-9))
        upper = classes(problem)
        for line, chosen in zip(self.points, (~upper, upper)):
            line.set_data(problem.inputs[chosen].T)
        finite = outputs[np.isfinite(outputs)]
        if not finite.size or not finite.min() < middle < finite.max():
            return []
        lines = self.live.axes.contour(
            np.linspace(*ends[:2], POINTS), np.linspace(*ends[2:], POINTS), outputs, [middle], colors=INK, linewidths=2
        )
        lines.set_animated(True)
        return [lines]


def boundary_words(problem: Problem, digits: int = 6) -> str:
    """The picture in words: the points, where the boundary is, how many points are on their side."""
    count, upper, good = len(problem.inputs), int(classes(problem).sum()), right(problem)
    _, outputs = plane(problem)
    share = number(100 * float((outputs > halfway(problem)).mean()), 3)
    low, high = (number(float(end), digits) for end in (outputs.min(), outputs.max()))
    return (
        f"{count} points of the plane, {upper} of them of the high class (triangles), the others of the low one "
        f"(circles). The network's output over the picture runs from {low} to {high}; it is above "
        f"{number(halfway(problem))}, the decision boundary, on {share} % of it. {good} of {count} points "
        f"{'is on its' if good == 1 else 'are on their'} side."
    )
