"""Plots of results, each a Drawing with its text twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from bpkit.core.errors import BpkitError
from bpkit.core.spelling import number
from bpkit.show.drawing import DPI, Drawing
from bpkit.show.palette import FAINT, INK, LINE, PAPER, RUNS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bpkit.core.train import Trace

Place = tuple[float, float]
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MANY_RUNS = (*RUNS, (INK, "-.", "dash-dotted black"), (FAINT, "-", "solid grey"))


def canvas(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """An empty figure of so many inches on light paper.

    >>> canvas(4, 3).get_size_inches().tolist()
    [4.0, 3.0]
    """
    from matplotlib.figure import Figure  # takes a while, and much reads this module that draws nothing

    return Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER, layout=layout)


def blank(
    width: float = 6.4, height: float = 3.4, layout: Literal["constrained"] | None = "constrained"
) -> tuple[Figure, Axes]:
    """An empty figure of so many inches in the kit's look: light paper in both themes, a faint grid, no box."""
    figure = canvas(width, height, layout)
    return figure, dress(figure.subplots())


def dress(axes: Axes) -> Axes:
    """Axes in the kit's look."""
    axes.grid(True, color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    return axes


def label(axes: Axes, words: str, at: Place, away: Place, color: str, size: float = 10) -> None:
    """A label beside a place of a curve, so many points away from it, in the curve's colour."""
    axes.annotate(words, at, away, textcoords="offset points", color=color, fontweight="bold", fontsize=size)


def logarithmic(axes: Axes, *names: Literal["x", "y"]) -> None:
    """Powers of ten at equal distances along these axes."""
    from bpkit.show.powers import Powers  # as in canvas

    for name in names:
        axes.set(**{f"{name}scale": "log"})
        axis = axes.xaxis if name == "x" else axes.yaxis
        axis.set_major_formatter(Powers())
        axis.set_minor_formatter(Powers(labelOnlyBase=False))


def loss_curve(trace: Trace, log: bool = False) -> Drawing:
    """The loss against the number of updates; ``log`` draws powers of ten at equal distances."""
    figure, axes = blank()
    color, line, _ = RUNS[0]
    axes.plot(np.arange(len(trace)), trace.loss, line, color=color, linewidth=1.8)
    axes.set(xlabel="updates", ylabel="loss E", xlim=(0, max(1, len(trace) - 1)))
    if log:
        logarithmic(axes, "y")
    else:
        axes.set_ylim(bottom=0, top=None if len(trace) and trace.loss.max() > 0 else 1)
    return Drawing(curve_words(trace, log), figure)


def loss_curves(traces: Sequence[Trace], log: bool = False) -> Drawing:
    """Some runs in one picture, each named by its learning rate; one that fails ends where it fails."""
    if not 0 < len(traces) <= len(MANY_RUNS):
        raise BpkitError(
            f"loss_curves: expected 1 to {len(MANY_RUNS)} runs, got {len(traces)}; draw those that tell most"
        )
    figure, axes = blank(7.6)
    said = []
    for trace, (color, line, look) in zip(traces, MANY_RUNS):
        name = f"learning rate {trace.problem.learning_rate:g}"
        axes.plot(np.arange(len(trace)), trace.loss, line, color=color, linewidth=1.8, label=name)
        said.append(f"{look.capitalize()}: {curve_words(trace, log)}")
    axes.set(xlabel="updates", ylabel="loss E", xlim=(0, max(1, max(map(len, traces)) - 1)))
    if log:
        logarithmic(axes, "y")
    else:  # a run that climbs leaves the picture at the top
        axes.set_ylim(0, 2 * max([float(trace.loss[0]) for trace in traces if len(trace)], default=0.5))
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))  # beside the curves
    return Drawing(" ".join(said), figure)


def curve_words(trace: Trace, log: bool = False, digits: int = 6) -> str:
    """A run in words: the loss before the first update, after 1, 10, 100, .. and at the end.

    >>> import bpkit as bp
    >>> curve_words(bp.train(bp.examples.article.problem, 2))
    'Loss E_total against updates, learning rate 0.5: 0.233453 after 0, 0.225433 after 1, 0.217404 after 2.'
    """
    last = len(trace) - 1
    if last < 0:
        return f"Loss against updates: no point to draw, {trace.message}."
    marks = [0, *(10**power for power in range(6) if 10**power < last), *([last] if last else [])]
    values = ", ".join(f"{number(trace.loss[mark], digits)} after {mark}" for mark in marks)
    scale = ", logarithmic" if log else ""
    text = f"Loss E_total against updates{scale}, learning rate {trace.problem.learning_rate:g}: {values}."
    return text if trace.diverged_at is None else f"{text} Then {trace.message}."
