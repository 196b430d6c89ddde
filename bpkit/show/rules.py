"""Several update rules on one landscape: a walk for each, and its loss over the updates in the same colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bpkit.core.errors import BpkitError
from bpkit.core.numeric import evaluate
from bpkit.core.problem import Problem
from bpkit.core.spelling import number
from bpkit.core.training import Trace, train
from bpkit.core.updates import GradientDescent, UpdateRule
from bpkit.mistakes.momentum import places_of, rolled
from bpkit.show.drawing import Drawing
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import canvas, dress, logarithmic
from bpkit.show.surface import Landscape, draw_ground, draw_walk, ground_words, landscape, window_over

COLORS = (*RUNS, ("#8A3EA8", "-.", "dash-dotted purple"))
DEEP = 1e4  # the loss is drawn down to this part of the first one
AHEAD = 60  # updates that the picture of some walks has room for, even if it shows fewer
TALL = 4 / 7  # of a landscape of walks: a valley lies along it
SMALL = 100  # a loss is small when it is below the first one divided by this


def along(traces: Sequence[Trace], x: str, y: str) -> tuple[str, str]:
    """Two parameters, the one along which walks go further first: a landscape is wider than it is high."""
    spans = [max((float(np.ptp(one[name])) for one in traces if len(one)), default=0.0) for name in (x, y)]
    return (x, y) if spans[0] >= spans[1] else (y, x)


def first_small(loss: NDArray[np.float64]) -> int | None:
    """The first update after which a run's loss is small, if there is one."""
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
    for name, trace in traces.items():
        color, line, _ = COLORS[colors[name]]
        marks = draw_walk(ground, land.window, trace, updates, color)
        shown = trace.loss[: updates + 1]
        losses.plot(np.arange(len(shown)), shown, line, color=color, linewidth=1.8, label=name)
    x, y, _ = land.lowest()
    if land.xs[0] < x < land.xs[-1] and land.ys[0] < y < land.ys[-1]:  # not merely the lowest in sight
        marks += ground.plot([x], [y], "+", color=INK, markersize=12, markeredgewidth=2, label="lowest point")
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


def rules_words(land: Landscape, traces: Mapping[str, Trace], updates: int, digits: int = 6) -> str:
    """Landscape, walks and losses in words, with numbers."""
    show, window = partial(number, digits=digits), land.window
    said = [ground_words(land, digits)]
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
