"""Slopes as pictures: a line of the forward pass as a curve with its tangent, and a step of a weight both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sympy as sp
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bpkit.core.errors import BpkitError, suggest
from bpkit.core.expressions import names_in
from bpkit.core.numeric import evaluate, loss_over, single
from bpkit.core.quantities import Role
from bpkit.core.spelling import LOW, number, readable
from bpkit.show.drawing import DPI, Drawing
from bpkit.show.palette import FAINT, INK, PAPER, RUNS
from bpkit.show.plots import blank, dress

if TYPE_CHECKING:
    from bpkit.core.problem import Problem

Array = NDArray[np.float64]
POINTS = 241
ENDS = {"net": (-6.0, 6.0), "out": (0.0, 1.0)}
REACH = 0.2  # of the picture's width, to each side of the point: the tangent
COLORS = dict(
    zip(("error", "out", "net"), (look[0] for look in RUNS))
)  # of the factors, in the order of the chain rule


def slope(problem: Problem, name: str) -> Drawing:
    """Draw a slope such as ``"dout_o1/dnet_o1"`` where a problem is: the curve, its tangent, the slope's own curve.

    Errors: ``BpkitError`` for what is no slope of a line with respect to a net input or an output.
    """
    derivation, values = single(problem, "slope").derivation, evaluate(problem)
    slopes = [step for step in derivation if step.role is Role.SLOPE]
    steps = {step.name: step for step in slopes if step.quantity.by and step.quantity.by.tag in ENDS}
    if name not in steps:
        raise BpkitError(f"slope: expected one of {', '.join(steps)}, got {name!r}{suggest(name, steps)}")
    step, of, by = steps[name], steps[name].quantity.of, steps[name].quantity.by
    assert of
    assert by
    numbers = {**problem.givens, **values}
    at, here, rise = (float(numbers[one]) for one in (by.name, of.name, name))
    grid = np.linspace(*ENDS[by.tag], POINTS)
    figure = Figure(figsize=(7.6, 2.7), dpi=DPI, facecolor=PAPER, layout="constrained")
    left, right = map(dress, figure.subplots(1, 2, sharex=True))
    others = {one: float(value) for one, value in numbers.items() if one != by.name}
    line, color = derivation[of.name].rhs, COLORS[of.tag]
    left.plot(grid, _over(line, by.name, others, grid), color=FAINT, linewidth=1.8)
    reach = REACH * (grid[-1] - grid[0]) / 2
    ends = np.array([at - reach, at + reach])
    left.plot(ends, here + rise * (ends - at), color=color, linewidth=3.2, solid_capstyle="round")
    left.plot([at], [here], "o", color=INK, markersize=6)
    right.plot(grid, _over(step.rhs.subs(of.symbol, line), by.name, others, grid), color=color, linewidth=1.8)
    right.axhline(0, color=FAINT, linewidth=0.8)
    right.plot([at, at], [0, rise], color=color, linewidth=1.2, linestyle=":")
    right.plot([at], [rise], "o", color=color, markersize=6)
    for panel in (left, right):
        panel.set(xlabel=by.tag, xlim=(grid[0], grid[-1]))
    _beside(right, readable(number(rise)), (at, rise), color, clear=True)
    target = next((one for one in problem.network.targets if one in names_in(line)), None)
    if target:
        for panel in (left, right):
            panel.axvline(float(numbers[target]), color=INK, linewidth=1, linestyle="--")
        top = (float(numbers[target]), left.get_ylim()[1])
        _beside(left, f"target {_spelled(target)}", top, INK)
    symbol = of.letter if of.tag == "error" else of.tag
    left.set_title(f"{symbol} over {by.tag}, with its tangent", fontsize=10, color=INK)
    right.set_title(f"the slope of {symbol}, over {by.tag}", fontsize=10, color=INK)
    return Drawing(
        f"{of.name} over {by.name}: {number(here)} at {number(at)}, where the tangent has the slope {number(rise)}. "
        f"Beside it that slope, over the same numbers."
        + (f" A dashed line is at the target, {number(numbers[target])}, where the slope is 0." if target else ""),
        figure,
    )


def _beside(panel: Axes, text: str, point: tuple[float, float], color: str, clear: bool = False) -> None:
    """Write a text beside a point, on the side that has the room; clear of a curve through the point, above it."""
    low, high = panel.get_xlim()
    left = point[0] > low + 0.6 * (high - low)
    away = (-6 if left else 8, 5 if clear else -12)
    panel.annotate(text, point, away, textcoords="offset points", color=color, ha="right" if left else "left")


def both_ways(problem: Problem, parameter: str) -> Drawing:
    """Draw the loss over one parameter, with a step against its slope and one along it.

    Errors: ``BpkitError`` for what is no parameter of the problem.
    """
    if parameter not in problem.parameters:
        raise BpkitError(
            f"both_ways: expected a parameter, got {parameter!r}{suggest(parameter, list(problem.parameters))}"
        )
    values, at = evaluate(single(problem, "both_ways")), problem.parameters[parameter]
    rise, here = values[f"dE_total/d{parameter}"], values["E_total"]
    step = problem.learning_rate * rise
    reach = 3 * abs(step) or 1.0
    grid = np.linspace(at - reach, at + reach, POINTS)
    figure, axes = blank(6.6, 3.0)
    axes.plot(grid, loss_over(problem, **{parameter: grid}), color=FAINT, linewidth=1.8)
    ends = np.array([at - 0.75 * reach, at + 0.75 * reach])
    axes.plot(ends, here + rise * (ends - at), color=FAINT, linewidth=1.2, linestyle="--")
    axes.plot([at], [here], "o", color=INK, markersize=7)
    said = []
    for word, sign, look in (("subtract", -1, "-"), ("add", 1, ":")):
        after = at + sign * step
        loss = float(loss_over(problem, **{parameter: np.array([after])})[0])
        axes.annotate(
            "", (after, loss), (at, here), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 2.2, "ls": look}
        )
        axes.plot([after], [loss], "s" if sign > 0 else "D", color=INK, markersize=6)
        downward = sign * step < 0
        axes.annotate(
            f"{word}: {number(loss)}",
            (after, loss),
            (-10 if downward else 10, 8 if downward else -14),
            textcoords="offset points",
            ha="right" if downward else "left",
            color=INK,
        )
        said.append(f"to {word} it gives {number(after)} and a loss of {number(loss)}")
    axes.annotate(f"now: {number(here)}", (at, here), (8, -14), textcoords="offset points", color=INK)
    axes.set(xlabel=_spelled(parameter), ylabel="E", xlim=(grid[0], grid[-1]))
    return Drawing(
        f"E over {parameter}: {number(here)} at {parameter} = {number(at)}, slope {number(rise)}; "
        f"with learning rate {problem.learning_rate:g}, {' and '.join(said)}.",
        figure,
    )


def _spelled(parameter: str) -> str:
    """A parameter with its index below the line.

    >>> _spelled("w5")
    'w₅'
    """
    return parameter[0] + parameter[1:].translate(LOW)


def _over(right: sp.Expr, name: str, numbers: dict[str, float], grid: Array) -> Array:
    """A right side over one of its numbers, all others as they are."""
    names = sorted(names_in(right))
    run = sp.lambdify(names, right, "numpy")
    return np.broadcast_to(run(*(grid if one == name else numbers[one] for one in names)), grid.shape)
