"""Gradient descent on one parameter: the loss curve, the walk on it, the tangent at the point that is reached."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bpkit.core.numeric import evaluate, loss_over
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.live import Live
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import blank

if TYPE_CHECKING:
    from bpkit.core.problem import Problem

Array = NDArray[np.float64]
POINTS = 601  # of the curve
REACH = 0.16  # of the picture's width, to each side of the point: the tangent


@dataclass(frozen=True, eq=False)
class Curve:
    """The loss over one parameter, all other numbers kept."""

    parameter: str
    at: Array
    loss: Array

    @property
    def low(self) -> float:
        return float(self.at[0])

    @property
    def high(self) -> float:
        return float(self.at[-1])

    @property
    def heights(self) -> tuple[float, float]:
        """From a little below the curve to a little above it."""
        finite = self.loss[np.isfinite(self.loss)]
        bottom, top = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        room = 0.06 * (top - bottom) or 0.5
        return bottom - room, top + room


@dataclass(frozen=True, eq=False)
class Walk:
    """Where each step of gradient descent on one parameter stands: the parameter, its loss, its slope, what is next.

    All arrays have the shape (steps + 1,); they are shorter when a number leaves the floats at step ``ended_at``.
    """

    problem: Problem
    at: Array
    loss: Array
    slope: Array
    next: Array
    ended_at: int | None


def curve(problem: Problem, parameter: str, low: float, high: float) -> Curve:
    """The loss over a range of one parameter, in one call."""
    grid = np.linspace(low, high, POINTS)
    return Curve(parameter, grid, loss_over(problem, **{parameter: grid}))


def walk(problem: Problem, parameter: str, steps: int) -> Walk:
    """Gradient descent on one parameter alone; the others stay, as the curve is drawn for them."""
    problem = here = problem.replace(train_biases=True)  # a bias that is chosen is meant to move
    rows: list[tuple[float, ...]] = []
    ended_at = None
    for step in range(steps + 1):
        values = evaluate(here)
        names = ("E_total", f"dE/d{parameter}", f"{parameter}_new")
        row = (here.parameters[parameter], *(values[name] for name in names))
        if not np.isfinite(row).all():
            ended_at = step
            break
        rows.append(row)
        here = here.replace(**{parameter: row[-1]})
    table = np.array(rows, dtype=float).reshape(-1, 4)
    at, loss, slope, after = table.T
    return Walk(problem, at, loss, slope, after, ended_at)


def _artists(axes: Axes, animated: bool) -> dict[str, Line2D]:
    """The parts that move, each with its own colour, dashes and marker."""
    walked, straight = RUNS[1][0], RUNS[2][0]

    def line(style: str, **more: Any) -> Line2D:
        return axes.plot([], [], style, animated=animated, **more)[0]

    return {
        "tangent": line("-", color=straight, linewidth=3, alpha=0.75, label="tangent"),
        "walk": line("o--", color=walked, linewidth=1, markersize=4.5, label="walk"),
        "next": line("|:", color=INK, linewidth=1.6, markersize=11, label="next step"),
        "point": line("o", color=INK, markersize=8, label="here"),
    }


def _prepare(axes: Axes, curve: Curve) -> None:
    """What stays: the curve, the axes, the words."""
    color, style, _ = RUNS[0]
    axes.plot(curve.at, curve.loss, style, color=color, linewidth=1.9, label="loss", zorder=1)
    axes.set(xlim=(curve.low, curve.high), ylim=curve.heights, xlabel=curve.parameter, ylabel="loss E_total")
    axes.legend(loc="best", fontsize=9, framealpha=0.9)


def _place(artists: dict[str, Line2D], curve: Curve, walk: Walk, step: int) -> None:
    """The moving parts after so many steps."""
    reach = REACH * (curve.high - curve.low)
    for artist in artists.values():
        artist.set_data([], [])
    if len(walk.at):
        here, loss, slope = walk.at[step], walk.loss[step], walk.slope[step]
        ends = np.array([here - reach, here + reach])
        artists["tangent"].set_data(ends, loss + slope * (ends - here))
        artists["walk"].set_data(walk.at[: step + 1], walk.loss[: step + 1])
        artists["next"].set_data([here, walk.next[step]], [loss, loss])
        artists["point"].set_data([here], [loss])


class DescentPlot:
    """Keeps the figure between frames: the curve is drawn once, the walk at every move."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.live = Live(6.6, 3.4)
        self.artists = _artists(self.live.axes, True)

    def frame(self, walk: Walk, step: int) -> bytes:
        """The picture after so many steps."""
        _place(self.artists, self.curve, walk, step)
        return self.live.frame(self.artists.values(), "one curve", lambda axes: _prepare(axes, self.curve))


def descent(curve: Curve, walk: Walk, step: int, digits: int = 6) -> Drawing:
    """The loss curve with the walk after so many steps."""
    figure, axes = blank(6.6, 3.4)
    _place(_artists(axes, False), curve, walk, step)
    _prepare(axes, curve)
    return Drawing(descent_words(curve, walk, step, digits), figure)


def descent_words(curve: Curve, walk: Walk, step: int, digits: int = 6) -> str:
    """The curve's ends and lowest point, and where the walk stands."""
    name = curve.parameter
    show = partial(number, digits=digits)
    text = f"Loss E_total over {name}, from {number(curve.loss[0], 4)} at {name} = {number(curve.low)}"
    text += f" to {number(curve.loss[-1], 4)} at {name} = {number(curve.high)}"
    if np.isfinite(curve.loss).any():
        lowest = int(np.nanargmin(curve.loss))
        text += f"; lowest {number(curve.loss[lowest], 4)} near {name} = {number(curve.at[lowest], 3)}"
    if not len(walk.at):
        return f"{text}. No point to draw: the loss is not finite at the start."
    steps = "1 step" if step == 1 else f"{step} steps"
    return (
        f"{text}. After {steps} from {name} = {show(walk.at[0])} with learning rate {walk.problem.learning_rate:g}: "
        f"{name} = {show(walk.at[step])}, E_total = {show(walk.loss[step])}, slope dE_total/d{name} = "
        f"{show(walk.slope[step])}; the next step is {show(walk.next[step] - walk.at[step])}, "
        f"to {name} = {show(walk.next[step])}."
    )
