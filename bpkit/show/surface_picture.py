"""The loss as a landscape over two parameters, and the walk of gradient descent on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bpkit.core.architecture import Architecture
from bpkit.core.numeric import loss_over
from bpkit.core.problem import Problem
from bpkit.core.spelling import number, typeset
from bpkit.core.train import Trace
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, NEGATIVE, PAPER
from bpkit.show.plots import blank

Array = NDArray[np.float64]
POINTS = 61  # of the grid, each way
STEEP = 100  # where the highest loss is so many times the lowest, contours stand at equal ratios
HEIGHTS = LinearSegmentedColormap.from_list("heights", [PAPER, "#C9DDF2", "#86B0DA"])  # pale: ink reads on all of it

GROUND = LinearSegmentedColormap.from_list("ground", [PAPER, "#DFE2E5", "#B4BAC1"])  # no colour of a walk on it


@dataclass(frozen=True)
class Window:
    """The piece of the plane that is drawn: two parameters, its middle, and how far it reaches each way.

    ``tall`` is its height as a share of its width.
    """

    x: str
    y: str
    middle: tuple[float, float]
    reach: float
    tall: float = 1.0

    @property
    def ends(self) -> tuple[float, float, float, float]:
        """The ends of the picture: left, right, bottom, top.

        >>> Window("w1", "w2", (0.0, 1.0), 0.5).ends
        (-0.5, 0.5, 0.5, 1.5)
        """
        (x, y), reach = self.middle, self.reach
        return x - reach, x + reach, y - self.tall * reach, y + self.tall * reach

    def outside(self, xs: Array, ys: Array) -> NDArray[np.bool_]:
        """Which points of a walk lie beyond the picture.

        >>> Window("w1", "w2", (0.0, 0.0), 1.0).outside(np.array([0.5, 2.0]), np.array([0.0, 0.0])).tolist()
        [False, True]
        """
        left, right, bottom, top = self.ends
        return (xs < left) | (xs > right) | (ys < bottom) | (ys > top)


def around(trace: Trace, x: str, y: str) -> Window:
    """A window in round numbers that holds a walk, with room on all sides.

    >>> import bpkit as bp
    >>> around(bp.train(bp.examples.article.problem, 10), "w5", "w6").reach
    0.5
    """
    return window_over([trace] if len(trace) else [], x, y)


def window_over(traces: Sequence[Trace], x: str, y: str, room: float = 0.75, tall: float = 1.0) -> Window:
    """A window in round numbers that holds several walks; it reaches so many times their span from its middle.

    >>> window_over([], "w5", "w6").ends
    (-0.5, 0.5, -0.5, 0.5)
    """
    spans = [
        (min(float(one[name].min()) for one in traces), max(float(one[name].max()) for one in traces))
        if traces
        else (0.0, 0.0)
        for name in (x, y)
    ]
    across, upwards = (room * (high - low) for low, high in spans)
    reach = min(max(0.5, across, upwards / tall), 10.0)
    power = 10.0 ** math.floor(math.log10(reach))
    reach = next(nice * power for nice in (1, 1.5, 2, 3, 3.5, 5, 7, 10) if nice * power >= reach * (1 - 1e-9))
    middle = tuple(round((low + high) / 2 / (reach / 10)) * (reach / 10) for low, high in spans)
    return Window(x, y, (middle[0], middle[1]), reach, tall)


@dataclass(frozen=True, eq=False)
class Landscape:
    """The loss over the grid of a window, the other parameters as the problem has them."""

    window: Window
    xs: Array
    ys: Array
    loss: Array  # (y, x)

    @property
    def levels(self) -> list[float]:
        """Round losses for contour lines."""
        finite = self.loss[np.isfinite(self.loss)]
        if not finite.size or finite.min() == finite.max():
            return []
        low, high = float(finite.min()), float(finite.max())
        if low > 0 and high / low <= STEEP:
            marks = [float(mark) for mark in MaxNLocator(11).tick_values(low, high)]
        else:
            marks = [float(f"{mark:.1g}") for mark in np.geomspace(max(low, high * 1e-3), high, 10)]
        return sorted({mark for mark in marks if low < mark < high})

    @property
    def marks(self) -> list[str]:
        """The losses at the contour lines as text, with so many digits that no two lines read alike."""
        levels = np.array(self.levels)
        apart = float(np.diff(levels).min(initial=np.inf))
        for digits in range(3, 16):
            texts = [number(level, digits) for level in levels.tolist()]
            if all(abs(float(text) - level) < 0.05 * apart for text, level in zip(texts, levels.tolist())):
                break
        return texts

    def lowest(self) -> tuple[float, float, float]:
        """The lowest point of the grid: x, y and the loss there."""
        row, column = np.unravel_index(
            np.nanargmin(np.where(np.isfinite(self.loss), self.loss, np.inf)), self.loss.shape
        )
        return float(self.xs[column]), float(self.ys[row]), float(self.loss[row, column])


def landscape(problem: Problem, window: Window) -> Landscape:
    """Compute a landscape, in one call of the derivation's lines on arrays."""
    left, right, bottom, top = window.ends
    xs, ys = np.linspace(left, right, POINTS), np.linspace(bottom, top, POINTS)
    return Landscape(window, xs, ys, loss_over(problem, **{window.x: xs[None, :], window.y: ys[:, None]}))


def surface_figure(land: Landscape, trace: Trace, digits: int = 6, only: bool = False) -> Drawing:
    """A walk on a landscape as a figure, for a page that runs nothing; ``relief`` draws the one that moves."""
    figure, axes = blank(5.6, 5.64)
    draw_ground(axes, land, trace.problem.network)
    marks = draw_walk(axes, land.window, trace)
    axes.legend(
        handles=[marks[kind] for kind in (1, 0, 2)],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=3,
        fontsize=9,
        frameon=False,
    )
    return Drawing(surface_words(land, trace, digits, only), figure)


def draw_ground(axes: Axes, land: Landscape, network: Architecture, sparse: bool = False) -> None:
    """The heights of a landscape with its contour lines.

    ``sparse`` is for several walks: it labels every second line, and not the outermost, on a ground without colour.
    """
    window, known = land.window, network.lines.quantities
    axes.grid(False)
    axes.set_aspect("equal")  # so that downhill is across the contours
    left, right, bottom, top = window.ends
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set(xlabel=typeset(window.x, known), ylabel=typeset(window.y, known))
    if levels := land.levels:
        loss = np.where(np.isfinite(land.loss), land.loss, np.nan)
        steps = [float(np.nanmin(loss)), *levels, float(np.nanmax(loss))]
        shades = GROUND if sparse else HEIGHTS
        axes.contourf(land.xs, land.ys, loss, levels=steps, cmap=shades, norm=BoundaryNorm(steps, shades.N))
        lines = axes.contour(land.xs, land.ys, loss, levels=levels, colors=INK, linewidths=0.7)
        lines.clabel(levels[-2::-2] if sparse else levels, fmt=dict(zip(levels, land.marks)), fontsize=8)


def draw_walk(axes: Axes, window: Window, trace: Trace, updates: int | None = None, color: str = INK) -> list[Any]:
    """A walk with a dot for each update, its start and its end, as marks for a legend; its first updates or all."""
    left, right, bottom, top = window.ends
    far = 5 * window.reach  # beyond the picture a line need not be exact
    count = len(trace) if updates is None else updates + 1
    xs = np.clip(trace[window.x][:count], left - far, right + far)
    ys = np.clip(trace[window.y][:count], bottom - far, top + far)
    alone = color == INK  # one of several walks is thinner, so that it does not hide the others
    axes.plot(xs, ys, "-", color=PAPER, linewidth=5 if alone else 2.6)
    axes.plot(xs, ys, "-", color=color, linewidth=1)
    edge: dict[str, Any] = {"markeredgecolor": color, "markeredgewidth": 1.3}
    marks = (
        axes.plot(xs, ys, "o", color=color, markersize=2.8, label="each update"),
        axes.plot(xs[:1], ys[:1], "o", color=PAPER, markersize=11, label="start", **edge),
        axes.plot(
            xs[-1:],
            ys[-1:],
            "*",
            color=NEGATIVE if alone else color,
            markersize=17 if alone else 12,
            label="end",
            **edge,
        ),
    )
    return [mark for (mark,) in marks]


def surface_words(land: Landscape, trace: Trace, digits: int = 6, only: bool = False) -> str:
    """The landscape and the walk in words, with numbers; ``only`` the two parameters move, or all."""
    show = partial(number, digits=digits)
    x, y, text = land.window.x, land.window.y, ground_words(land, digits)
    if not len(trace):
        return f"{text} No walk: {trace.message}."
    ends = [f"{x} = {show(trace[x][i])}, {y} = {show(trace[y][i])}, E_total = {show(trace.loss[i])}" for i in (0, -1)]
    below = float(loss_over(trace.problem, **{x: trace[x][-1], y: trace[y][-1]}))
    text += (
        f" Learning rate {trace.problem.learning_rate:g}: the walk goes from {ends[0]} (circle) to {ends[1]} after "
        f"{len(trace) - 1} updates (star), with a dot for each update."
    )
    if not only:
        text += (
            " It moves all parameters, so it is drawn as its projection onto these two: "
            f"the surface at its end, with the others at their start, has {show(below)}."
        )
    gone = land.window.outside(trace[x], trace[y])
    return text + (f" The walk leaves the picture at update {int(np.argmax(gone))}." if gone.any() else "")


def ground_words(land: Landscape, digits: int = 6) -> str:
    """A landscape in words, with numbers.

    >>> import bpkit as bp
    >>> ground_words(landscape(bp.examples.article.problem, window_over([], "w5", "w6"))).rpartition("; ")[2]
    'lowest on the grid 0.109957 at w5 = -0.5, w6 = -0.5.'
    """
    x, y = land.window.x, land.window.y
    left, right, bottom, top = map(number, land.window.ends)
    x_low, y_low, low = land.lowest()
    marks = ", ".join(land.marks) or "none, it is flat"
    return (
        f"Loss E_total over {x} from {left} to {right} and {y} from {bottom} to {top}, the other parameters at their "
        f"starting values; contour lines at {marks}; lowest on the grid {number(low, digits)} at "
        f"{x} = {number(x_low, digits)}, {y} = {number(y_low, digits)}."
    )
