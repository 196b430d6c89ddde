"""Gradient descent on one parameter: the loss curve, the walk on it, the tangent at the point that is reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bpkit.core.numeric import evaluate, loss_over
from bpkit.core.spelling import number
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FOG, INK, RUNS
from bpkit.show.plots import blank, label

if TYPE_CHECKING:
    from bpkit.core.problem import Problem

Array = NDArray[np.float64]
POINTS = 601  # of the curve
REACH = 0.16  # of the picture's width, to each side of the point: the tangent
ROOM_BELOW, ROOM_ABOVE = 0.18, 0.06  # of the curve's height
SIGHT = 0.09  # of the picture's width, to each side of a step: the ground that is seen in fog
NEAR = 0.005  # of the picture's width, to each side of a point: how near a lowest point counts as there
STEP_HEIGHT = 0.06  # of the picture's: the arrow of the step, below the curve


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
        """From a little below the curve to a little above it.

        >>> [round(one, 2) for one in Curve("w1", np.array([0.0, 1.0]), np.array([0.0, 1.0])).heights]
        [-0.18, 1.06]
        """
        finite = self.loss[np.isfinite(self.loss)]
        bottom, top = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        tall = top - bottom or 1.0
        return bottom - ROOM_BELOW * tall, top + ROOM_ABOVE * tall


@dataclass(frozen=True, eq=False)
class Walk:
    """Where each step of gradient descent on one parameter is: the parameter, its loss, its slope, what is next.

    All arrays have the shape (steps + 1,); they are shorter when a number leaves the floats at step ``ended_at``.
    """

    problem: Problem
    at: Array
    loss: Array
    slope: Array
    next: Array
    ended_at: int | None


def curve(problem: Problem, parameter: str, low: float, high: float) -> Curve:
    """The loss over a range of one parameter, in one call.

    >>> import bpkit as bp
    >>> curve(bp.examples.article.problem, "w5", 0, 1).loss.round(3)[[0, -1]].tolist()
    [0.204, 0.287]
    """
    grid = np.linspace(low, high, POINTS)
    return Curve(parameter, grid, loss_over(problem, **{parameter: grid}))


def moving(problem: Problem, parameter: str) -> tuple[str, ...]:
    """The lines that a step of one parameter rests on: its new value, and what the update rule remembers of it.

    >>> import bpkit as bp
    >>> moving(bp.Problem(bp.Network(1, 1, bias="none"), {"w1": 1}, [1], [0]), "w1")[-2:]
    ('dE_total/dw1', 'w1_new')
    """
    return tuple(step.name for step in problem.derivation.toward(f"{parameter}_new"))


def walk(problem: Problem, parameter: str, steps: int) -> Walk:
    """The updates of only one parameter; the others stay, as the curve is drawn for them."""
    problem = here = problem.replace(train_biases=True)  # a bias that is chosen is meant to move
    remembered = set(problem.state).intersection(moving(problem, parameter))
    rows: list[tuple[float, ...]] = []
    ended_at = None
    for step in range(steps + 1):
        values = evaluate(here)
        names = ("E_total", f"dE/d{parameter}", f"{parameter}_new")
        row = (here.parameters[parameter], *(values[name] for name in names))
        state = {name: values[name] for name in remembered}
        if not np.isfinite([*row, *state.values()]).all():
            ended_at = step
            break
        rows.append(row)
        here = here.replace(**{parameter: row[-1]}, state={**here.state, **state})
    table = np.array(rows, dtype=float).reshape(-1, 4)
    at, loss, slope, after = table.T
    return Walk(problem, at, loss, slope, after, ended_at)


def arrived(curve: Curve, walk: Walk, step: int) -> int:
    """The step that took a walk to where it still is: a lowest point that it no longer leaves; 0 for none."""
    near = NEAR * (curve.high - curve.low)
    beside = loss_over(walk.problem, **{curve.parameter: walk.at + near * np.array([[-1.0], [1.0]])})
    there = (np.abs(walk.next - walk.at) < near) & (beside > walk.loss).all(axis=0)
    away = np.flatnonzero(~there[: step + 1])
    first = int(away[-1]) + 1 if len(away) else 0
    return first if first <= step else 0


def descent(curve: Curve, walk: Walk, step: int, digits: int = 6, fog: bool = False, steps_on: bool = True) -> Drawing:
    """The loss curve with the walk after so many steps; in fog only the ground near the steps is seen.

    Without ``steps_on`` there is no next step.
    """
    figure, axes = blank(6.6, 3.4)
    (color, style, _), walked, straight = RUNS[0], RUNS[1][0], RUNS[2][0]
    bottom, top = curve.heights
    if fog:
        sight = SIGHT * (curve.high - curve.low)
        steps = walk.at[: step + 1]
        near = (np.abs(curve.at[:, None] - steps) < sight).any(axis=1)
        axes.plot(curve.at, np.where(near, curve.loss, np.nan), color=color, linewidth=1.9, label="ground", zorder=1)
        axes.fill_between(curve.at, bottom, top, where=~near, color=FOG, linewidth=0, zorder=1.5)
    else:
        axes.plot(curve.at, curve.loss, style, color=color, linewidth=1.9, label="loss", zorder=1)
        if math.isfinite(curve.loss[-1]):
            label(axes, "loss", (curve.high, float(curve.loss[-1])), (-34, -18), color)
    if len(walk.at):
        here, loss, slope, after = walk.at[step], walk.loss[step], walk.slope[step], walk.next[step]
        reach = REACH * (curve.high - curve.low)
        ends = np.array([here - reach, here + reach])
        axes.plot(ends, loss + slope * (ends - here), color=straight, linewidth=3, alpha=0.75, label="tangent")
        axes.plot(
            walk.at[: step + 1], walk.loss[: step + 1], "o--", color=walked, linewidth=1, markersize=4.5, label="walk"
        )
        if curve.low <= here <= curve.high:
            left = max(curve.low, here - reach)
            label(axes, "slope", (left, float(loss + slope * (left - here))), (-38, -4), straight)
            low = bottom + STEP_HEIGHT * (top - bottom)
        if steps_on and curve.low <= here <= curve.high:
            label(axes, "next step", (float(here), low), (8, 4), INK)
            arrow = {"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (np.clip(after, curve.low, curve.high), low), (here, low), arrowprops=arrow)
            axes.plot([here, here], [low, loss], ":", color=INK, linewidth=1)
        axes.plot([here], [loss], "o", color=INK, markersize=8, label="here")
    axes.set(xlim=(curve.low, curve.high), ylim=(bottom, top), xlabel=curve.parameter, ylabel="loss E")
    return Drawing(descent_words(curve, walk, step, digits, fog, steps_on), figure)


def descent_words(
    curve: Curve, walk: Walk, step: int, digits: int = 6, fog: bool = False, steps_on: bool = True
) -> str:
    """The curve's ends and lowest point, and where the walk is; in fog nothing of the curve is told."""
    name = curve.parameter
    show = partial(number, digits=digits)
    text = f"Loss E_total over {name}, from {number(curve.loss[0], 4)} at {name} = {number(curve.low)}"
    text += f" to {number(curve.loss[-1], 4)} at {name} = {number(curve.high)}"
    if np.isfinite(curve.loss).any():
        lowest = int(np.nanargmin(curve.loss))
        text += f"; lowest {number(curve.loss[lowest], 4)} near {name} = {number(curve.at[lowest], 3)}"
    if fog:
        text = f"Loss E_total over {name}, in fog"
    if not len(walk.at):
        return f"{text}. No point to draw: the loss is not finite at the start."
    if not steps_on:
        text += f". At {name} = {show(walk.at[step])} the loss E_total is {show(walk.loss[step])}"
        return f"{text}, and the slope dE_total/d{name} is {show(walk.slope[step])}."
    steps = "1 step" if step == 1 else f"{step} steps"
    return (
        f"{text}. After {steps} from {name} = {show(walk.at[0])} with learning rate {walk.problem.learning_rate:g}: "
        f"{name} = {show(walk.at[step])}, E_total = {show(walk.loss[step])}, slope dE_total/d{name} = "
        f"{show(walk.slope[step])}; the next step is {show(walk.next[step] - walk.at[step])}, "
        f"to {name} = {show(walk.next[step])}."
    )
