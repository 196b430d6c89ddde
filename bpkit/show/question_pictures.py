"""The pictures that questions are asked about: what is drawn is named by letters, and the words say no more."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from bpkit.core.expressions import OUT, Y
from bpkit.core.functions import Activation
from bpkit.core.functions import activation as find
from bpkit.core.losses import loss as find_loss
from bpkit.core.numeric import loss_over
from bpkit.core.problem import Problem
from bpkit.core.spelling import PLAIN, number, readable
from bpkit.show.activations_picture import profile
from bpkit.show.chart import LOOKS, NAMES, WIDTH, Plot, dot, few, headed, marks, panels, plate, powers, stroke
from bpkit.show.drawing import Drawing
from bpkit.show.palette import FAINT, LINE, POSITIVE
from bpkit.show.quotient_picture import STEPS, Errors, size
from bpkit.show.strokes import Point, picture, text

Array = NDArray[np.float64]
HEIGHT = 252.0
BOX = (46.0, 388.0, 206.0, 30.0)  # of a single plot: left, right, bottom, top
POINTS = 121  # of a curve
APART = 16.0  # a letter from its point
NEAR = 3  # steps of h to each side that count for the error to be expected
TINY = 1e-17  # an error of 0 has no place on a logarithmic axis
TOLD = 9  # heights that the words give of a curve


def loss_curve_with_points(problem: Problem, weight: str, ends: tuple[float, float], at: Sequence[float]) -> Drawing:
    """The loss over one weight, with points A, B, C on it."""
    xs = np.linspace(*ends, POINTS)
    loss = loss_over(problem, **{weight: xs})
    heights = loss_over(problem, **{weight: np.array(at)})
    name = PLAIN(problem.network.lines.quantities[weight])
    plot = Plot((*ends, 0.0, 1.08 * float(loss.max())), BOX)
    parts = plot.axes(name, "loss E", marks(*ends), {})
    parts += plot.line(xs, loss, POSITIVE, wide=2.8)
    for letter, x, y in zip(NAMES, at, heights):
        here, rises = plot.at(x, float(y)), float(np.interp(x, xs, np.gradient(loss, xs)))
        aside = float(np.clip(-200 * rises / (loss.max() or 1.0), -12, 12))  # to the side where the curve is lower
        parts += [dot(here), *plate((here[0] + aside, here[1] - APART + abs(aside) / 4), letter)]
    told = np.linspace(*ends, TOLD)
    words = (
        f"The loss E as a curve over {name}, from {few(ends)[: few(ends).index(',')]} to {few(ends[1:])}. Its heights "
        f"at {name} = {few(told)} are {few(loss_over(problem, **{weight: told}))}. Points on it: "
        + ", ".join(f"{letter} at {name} = {few([x])} and E = {few([y])}" for letter, x, y in zip(NAMES, at, heights))
        + "."
    )
    return Drawing(words, picture(WIDTH, HEIGHT, words, parts))


def _above(place: Point) -> Point:
    x, y = place
    return x, y - APART


def activation_panels(kinds: Sequence[str | Activation]) -> Drawing:
    """Activations side by side, all to one scale, without their names."""
    ends = (-4.0, 4.0, -1.6, 3.2)
    parts, said = [], []
    for plot, letter, kind in zip(panels(3, 170, [ends] * 3), NAMES, kinds):
        one = profile(find(kind), np.linspace(*ends[:2], POINTS))
        parts += [headed(plot, letter), *_cross(plot, (-2, 2), (-1, 1, 2, 3))]
        parts += plot.line(one.net, one.out, POSITIVE, wide=3)
        told = np.linspace(*ends[:2], TOLD)
        said.append(f"{letter}: {few(profile(find(kind), told).out)}")
    words = f"Three curves of out over net. Their heights at net = {few(told)}. {'. '.join(said)}."
    parts.append(text(WIDTH / 2, 224, "net to the right, out upwards", 12, color=FAINT))
    return Drawing(words, picture(WIDTH, 240, words, parts))


def _cross(plot: Plot, xs: Sequence[float], ys: Sequence[float]) -> list[str]:
    """Axes through the origin, with small marks and their numbers."""
    left, right, bottom, top = plot.ends
    parts = [stroke([plot.at(left, y), plot.at(right, y)], LINE, "", 1) for y in ys]
    parts += [stroke([plot.at(left, 0), plot.at(right, 0)], FAINT, "", 1.2)]
    parts += [stroke([plot.at(0, bottom), plot.at(0, top)], FAINT, "", 1.2)]
    parts += [text(plot.at(x, 0)[0], plot.at(x, 0)[1] + 10, readable(number(x)), 11, color=FAINT) for x in xs]
    parts += [
        text(plot.at(0, y)[0] - 4, plot.at(0, y)[1], readable(number(y)), 11, anchor="end", color=FAINT) for y in ys
    ]
    return parts


def runs_of(losses: Sequence[Array], names: Sequence[str] = NAMES) -> Drawing:
    """The loss over the updates of some runs, each named where it is farthest from the others."""
    steps = max(len(one) for one in losses) - 1
    top = 1.5 * max(float(one[0]) for one in losses)
    plot = Plot((0.0, float(steps), 0.0, top), BOX)
    parts = plot.axes("updates", "loss E", marks(0, steps), {0.0: "0"})
    tags = []
    for place, (letter, loss) in enumerate(zip(names, losses)):
        color, dash = LOOKS[letter]
        parts += plot.line(range(len(loss)), loss, color, dash)
        tags += plate(_free(plot, losses, place), letter, color)
    told = np.unique(np.linspace(0, steps, TOLD).astype(int))
    said = [
        f"{letter}: {few(loss[told[told < len(loss)]])}" + (", then it leaves the picture" if loss.max() > top else "")
        for letter, loss in zip(names, losses)
    ]
    words = (
        f"The loss E of {len(losses)} runs over {steps} updates. Losses after {few(told)} updates. {'. '.join(said)}."
    )
    return Drawing(words, picture(WIDTH, HEIGHT, words, [*parts, *tags]))


def _free(plot: Plot, losses: Sequence[Array], mine: int) -> Point:
    """The place on a curve that is farthest from the other curves and from the edges."""
    ways = [_close(plot, loss) for loss in losses]
    others = np.array([point for place, way in enumerate(ways) if place != mine for point in way])
    x0, x1, y0, y1 = plot.box

    def room(point: Point) -> float:
        x, y = point
        edges = min(x - x0, x1 - x, y0 - y, y - y1)
        return min(float(np.hypot(*(others - point).T).min()), edges + 12, 40.0) if edges > 2 else -math.inf

    return max(ways[mine], key=room)


def _close(plot: Plot, loss: Array) -> list[Point]:
    """Points of a run that are close to each other, also between two updates."""
    steps = np.linspace(0, len(loss) - 1, 6 * len(loss))
    return [plot.at(x, float(y)) for x, y in zip(steps, np.interp(steps, range(len(loss)), loss))]


def expected(found: Errors) -> Array:
    """The errors to be expected: each averaged with its neighbours, as rounding makes single ones large or small."""
    logs = np.log10(np.maximum(found.errors, TINY))
    wide = [min(NEAR, place, len(logs) - 1 - place) for place in range(len(logs))]
    mean: Array = np.array([logs[place - one : place + one + 1].mean() for place, one in enumerate(wide)])
    return 10.0**mean


def error_curve(found: Errors, at: Sequence[float]) -> Drawing:
    """The error of a difference quotient over h, both in powers of ten, with points A, B, C."""
    logs, steps = np.log10(expected(found)), np.log10(STEPS)
    ends = float(np.floor(np.nanmin(logs))), float(np.ceil(np.nanmax(logs))) + 0.6
    plot = Plot((-12.3, -0.7, *ends), (52.0, 388.0, 206.0, 30.0))
    parts = plot.axes("h", "error of the difference quotient", powers(-12, -1, 3), powers(*ends))
    parts += plot.line(steps, logs, POSITIVE, wide=2.2)
    heights, inner = [float(logs[np.argmin(np.abs(steps - np.log10(one)))]) for one in at], sorted(at)[len(at) // 2]
    for letter, h, height in zip(NAMES, at, heights):
        here = plot.at(float(np.log10(h)), height)
        # Inside the V, where no line is: above its lowest point, toward the middle from its arms.
        aside = 12.0 * ((h < inner) - (h > inner))
        parts += [dot(here), *plate((here[0] + aside, here[1] - APART + abs(aside) / 4), letter)]
    told = range(0, len(STEPS), 4)
    said = ", ".join(f"{size(float(10 ** logs[place]))} at h = {number(STEPS[place], 2)}" for place in told)
    spots = ", ".join(f"{letter} at h = {number(h, 2)}" for letter, h in zip(NAMES, at))
    words = f"The error of a difference quotient over h: about {said}. Points on the curve: {spots}."
    return Drawing(words, picture(WIDTH, HEIGHT, words, parts))


def loss_functions(kinds: Sequence[str], target: float) -> Drawing:
    """The errors of an output p, by each loss, for a target of 0 or 1."""
    xs = np.concatenate([np.geomspace(0.01, 0.1, 30), np.linspace(0.1, 0.995, 61)[1:]])
    xs = xs if target else 1 - xs[::-1]
    plot = Plot((0.0, 1.0, 0.0, 4.0), BOX)
    parts = plot.axes(
        "p", "error", {0.0: "0", 0.5: "0.5", 1.0: "1"}, {one: number(one) for one in (0.0, 1.0, 2.0, 3.0)}
    )
    told, said, tags = np.array([0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95]), [], []
    for letter, kind in zip(NAMES, kinds):
        color, dash = LOOKS[letter]
        heights = errors_of(kind, xs, target)
        parts += plot.line(xs, heights, color, dash, 2.8)
        place = int(np.argmin(np.abs(xs - (0.25 if target else 0.75))))
        tags += plate(plot.at(float(xs[place]), float(heights[place])), letter, color)
        said.append(f"{letter}: {few(errors_of(kind, told, target))}")
    words = (
        f"Two curves of the error over the output p when the target is {target:g}. Errors at p = {few(told)}. "
        f"{'. '.join(said)}."
    )
    return Drawing(words, picture(WIDTH, HEIGHT, words, [*parts, *tags]))


def errors_of(kind: str, out: Array, target: float) -> Array:
    """The error of one output by a loss, over values of that output."""
    found: Array = sp.lambdify([OUT], find_loss(kind).expr.subs(Y, target), "numpy")(out)
    return found


def slope_of(kind: str, out: float, target: float) -> float:
    """The slope of that error with respect to the output.

    >>> slope_of("half_squared_error", 0.75, 0.5)
    0.25
    """
    return float(find_loss(kind).slope.subs({Y: target, OUT: out}))
