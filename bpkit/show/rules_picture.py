"""Several update rules on one landscape: a walk for each, and its loss over the updates in the same colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from html import escape
from typing import Any

import numpy as np
import sympy as sp
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from bpkit.core.errors import BpkitError
from bpkit.core.numeric import evaluate, loss_over
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.train import Trace, train
from bpkit.core.updates import DECAY, GradientDescent, UpdateRule
from bpkit.mistakes.momentum import places_of, rolled
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import canvas, dress, logarithmic
from bpkit.show.surface_picture import Landscape, Window, draw_ground, draw_walk, ground_words, landscape, window_over

Array = NDArray[np.float64]
COLORS = (*RUNS, ("#8A3EA8", "-.", "dash-dotted purple"))
DEEP = 1e4  # the loss is drawn down to this part of the first one
AHEAD = 60  # updates that the picture of some walks has room for, even if it shows fewer
TALL = 4 / 7  # of a landscape of walks: a valley lies along it
LEAST, TRIES = 1e-5, 400  # of a lowest point: how exact it is, in steps of the grid, and how many steps lead there
LOWEST, PRICED = "lowest point", "lowest point with decay"  # of the loss, and with the price of large weights
SIGNS = {LOWEST: "+", PRICED: "D"}
SAID = {LOWEST: "cross", PRICED: "diamond"}
COVERS, ENDS_COVER = 2 / 540, 8 / 540  # of a window's reach: a step so near another hides it, and an end so near
SMALL = 100  # a loss is small when it is below the first one divided by this


def along(traces: Sequence[Trace], x: str, y: str) -> tuple[str, str]:
    """Two parameters, the one along which walks go further first: a landscape is wider than it is high.

    >>> import bpkit as bp
    >>> along([bp.train(bp.examples.article.problem, 10)], "w1", "w5")
    ('w5', 'w1')
    """
    spans = [max((float(np.ptp(one[name])) for one in traces if len(one)), default=0.0) for name in (x, y)]
    return (x, y) if spans[0] >= spans[1] else (y, x)


def prices(problem: Problem, names: Sequence[str]) -> tuple[float, ...]:
    """What a weight decay of 1 adds to the loss, for each parameter as a multiple of its square.

    It is the integral of what the decay adds to the slope, by the rule's own line.
    """
    slope, rule, found = sp.Symbol("slope"), GradientDescent(weight_decay=1), []
    for name in names:
        parameter = problem.derivation.quantities[name]
        (_, decayed, _), *new = rule.lines(parameter, slope)
        price = sp.integrate(decayed - slope, parameter.symbol) if new else sp.Integer(0)
        found.append(float(price.subs({DECAY: 1, parameter.symbol: 1})))
    return tuple(found)


@lru_cache(maxsize=32)
def bottom(problem: Problem, land: Landscape, decay: float = 0.0) -> tuple[float, float] | None:
    """The lowest point of the loss plus the price of weight decay, from the lowest of the grid by ever shorter steps.

    None if that one is on the border, where it is only the lowest in sight.
    """
    x, y = land.window.x, land.window.y
    over_x, over_y = (decay * price for price in prices(problem, (x, y)))
    height: Callable[[Array, Array, Array], Array] = lambda loss, xs, ys: loss + over_x * xs**2 + over_y * ys**2
    whole = replace(land, loss=height(land.loss, land.xs[None, :], land.ys[:, None]))
    at = np.array(whole.lowest()[:2])
    if not (land.xs[0] < at[0] < land.xs[-1] and land.ys[0] < at[1] < land.ys[-1]):
        return None
    steps = np.array([(right, up) for right in (0, -1, 1) for up in (0, -1, 1)]) * [np.ptp(land.xs), np.ptp(land.ys)]
    part, tries = 0.5 / (len(land.xs) - 1), 0
    while part > LEAST / (len(land.xs) - 1) and (tries := tries + 1) <= TRIES:
        xs, ys = (at + part * steps).T
        lowest = int(np.nanargmin(height(loss_over(problem, **{x: xs, y: ys}), xs, ys)))
        at, part = (np.array([xs[lowest], ys[lowest]]), part) if lowest else (at, part / 2)
    return float(at[0]), float(at[1])


def first_small(loss: Array) -> int | None:
    """The first update after which a run's loss is small, if there is one.

    >>> first_small(np.array([100.0, 50.0, 0.5])), first_small(np.array([100.0, 50.0]))
    (2, None)
    """
    below = loss < loss[0] / SMALL if len(loss) else loss > 0
    return int(below.argmax()) if below.any() else None


def rules_figure(
    land: Landscape, traces: Mapping[str, Trace], colors: Mapping[str, int], updates: int, digits: int = 6
) -> Drawing:
    """The walks and the losses as a figure, for a page that runs nothing."""
    figure = canvas(10.2, 4.1)
    ground, losses = map(dress, figure.subplots(1, 2, width_ratios=(6, 3.4)))
    draw_ground(ground, land, next(iter(traces.values())).problem.network, sparse=True)
    marks: list[Any] = []
    for place, (name, trace) in enumerate(traces.items(), start=1):
        color, line, _ = COLORS[colors[name]]
        _draw_hidden(ground, land.window, trace, [*traces.values()][place:], updates, color)
        marks = draw_walk(ground, land.window, trace, updates, color)
        shown = trace.loss[: updates + 1]
        losses.plot(np.arange(len(shown)), shown, line, color=color, linewidth=1.8, label=name)
    for title, (x, y) in lowest_points(land, traces).items():
        marks += ground.plot([x], [y], SIGNS[title], color=INK, ms=12, mew=2, fillstyle="none", label=title)
    # One sign for all walks: the colours are named beside the curves.
    figure.legend(handles=marks, loc="outside upper left", ncols=4, fontsize=8.5, frameon=False)
    losses.set(xlabel="updates", ylabel="loss E", xlim=(0, max(updates, 1)))
    if firsts := [trace.loss[0] for trace in traces.values() if len(trace) and trace.loss[0] > 0]:
        logarithmic(losses, "y")
        losses.set_ylim(min(firsts) / DEEP, 10 * max(firsts))
    losses.locator_params(axis="x", nbins=7, integer=True)
    if traces:
        losses.legend(frameon=False, fontsize=9, loc="upper right")
    return Drawing(rules_words(land, traces, updates, digits), figure)


def lowest_points(land: Landscape, traces: Mapping[str, Trace]) -> dict[str, tuple[float, float]]:
    """The lowest point of the loss and, if all walks have one weight decay, that of the loss plus its price."""
    problems = [trace.problem for trace in traces.values()]
    decays = {problem.update.weight_decay for problem in problems}
    asked = {LOWEST: 0.0} | ({PRICED: max(decays)} if len(decays) == 1 and any(decays) else {})
    plain = [problem.replace(update=GradientDescent()) for problem in problems[:1]]
    found = {title: bottom(one, land, decay) for one in plain for title, decay in asked.items()}
    return {title: at for title, at in found.items() if at}


def _draw_hidden(axes: Axes, window: Window, walk: Trace, later: Sequence[Trace], updates: int, color: str) -> None:
    """The steps of a walk that later ones take as well, wider than theirs, and its end if they end there too."""
    mine, *others = [
        np.column_stack([one[window.x], one[window.y]])[: updates + 1] for one in (walk, *later) if len(one)
    ] or [np.empty((0, 2))]
    hiding, ends = np.zeros(len(mine), int), 0
    for other in others:
        both = min(len(mine), len(other))
        apart = np.hypot(*(mine[:both] - other[:both]).T)
        long = np.hypot(*np.diff(mine[:both], axis=0).T) >= COVERS * window.reach  # of a shorter one no line is seen
        hiding[1:both] += long & (apart[:-1] < COVERS * window.reach) & (apart[1:] < COVERS * window.reach)
        ends += int(len(mine) == len(other) and apart[-1] < ENDS_COVER * window.reach)
    steps = [line for k in np.flatnonzero(hiding) for line in (mine[k - 1], mine[k], [np.nan, np.nan])]
    if steps:
        axes.plot(*np.transpose(steps), color=color, linewidth=2.6 + 2.6 * hiding.max(), label="hidden")
    if ends:
        axes.plot(*mine[-1], "*", color=color, markersize=12 + 7 * ends, label="hidden")


def rules_words(land: Landscape, traces: Mapping[str, Trace], updates: int, digits: int = 6) -> str:
    """Landscape, walks and losses in words, with numbers."""
    show, window = partial(number, digits=digits), land.window
    said = [ground_words(land, digits)]
    for title, (right, up) in lowest_points(land, traces).items():
        said.append(f"The {title} ({SAID[title]}) is at {window.x} = {number(right, 4)}, {window.y} = {number(up, 4)}.")
    for name, trace in traces.items():
        if not len(trace):
            said.append(f"{name}: {trace.message}.")
            continue
        last = min(updates, len(trace) - 1)
        start, end = (
            f"{window.x} = {show(trace[window.x][k])}, {window.y} = {show(trace[window.y][k])}" for k in (0, last)
        )
        text = f"{name}: the walk goes from {start} to {end} after {last} updates, where the loss is "
        text += f"{show(trace.loss[last])}."
        if trace.diverged_at is not None:
            text += f" Its loss overflows at update {trace.diverged_at}."
        said.append(text)
    return " ".join(said)


def walks(problem: Problem, rules: Mapping[str, UpdateRule], updates: int = 30) -> Drawing:
    """Draw the walks of some update rules, each by its name, on the landscape of a problem's first two parameters.

    Errors: ``BpkitError`` for a problem with fewer parameters.
    """
    if len(problem.network.parameters) < 2:
        raise BpkitError(f"walks: expected a problem with two parameters or more, got {problem.network!r}")
    traces = {name: train(problem.replace(update=rule), max(updates, AHEAD)) for name, rule in rules.items()}
    return _drawn(problem, traces, updates)


def _drawn(
    problem: Problem, traces: Mapping[str, Trace], updates: int, framed: Sequence[Trace] | None = None
) -> Drawing:
    """The walks on their landscape, whose window holds them or those that are given for it."""
    x, y, *_ = problem.network.parameters
    held = [trace for trace in (traces.values() if framed is None else framed) if len(trace)]
    x, y = along(held, x, y)
    window = window_over(held, x, y, room=0.6, tall=TALL)
    plain = problem.replace(update=GradientDescent())
    return rules_figure(landscape(plain, window), traces, {name: k for k, name in enumerate(traces)}, updates)


@dataclass(frozen=True, eq=False, repr=False)
class Reply(Drawing):
    """What is said about a walk, and its picture below."""

    said: str

    def bundles(self) -> tuple[dict[str, Any], ...]:
        said = {"text/plain": self.said, "text/html": f"<p><b>{escape(self.said)}</b></p>"}
        return said, *super().bundles()


def your_walk(problem: Problem, walk: Sequence[ArrayLike]) -> Reply:
    """Draw a walk that the learner's lines made beside plain descent, and say whether it is the problem's momentum.

    Errors: ``BpkitError`` for a problem without momentum, and for a walk that is too short or has other parameters.
    """
    found, places = rolled(problem, walk), places_of(problem, walk)
    names = problem.network.parameters
    losses = [evaluate(problem.replace(**dict(zip(names, map(float, one), strict=True))))["E_total"] for one in places]
    plain = train(problem.replace(update=GradientDescent()), len(walk) - 1)
    traces = {"gradient descent": plain, "your lines": Trace(problem, np.array(losses, float), places, {})}
    # A wrong walk may leave the picture, so the window is that of the right one.
    picture = _drawn(problem, traces, len(walk) - 1, [plain, train(problem, len(walk) - 1)])
    return Reply(picture.caption, picture.figure, found.message)
