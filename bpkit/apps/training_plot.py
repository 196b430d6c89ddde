"""The picture of the training app: the loss of this run and of the pinned ones, and the update that is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bpkit.core.training import Trace
from bpkit.show.live import Live
from bpkit.show.palette import INK, RUNS
from bpkit.show.plots import curve_words
from bpkit.show.render import number

NAMES = ("This run", "Pinned A", "Pinned B")
FLOOR, CEILING = 1e-16, 1e16  # beyond these a logarithmic picture says nothing


class RunPlot:
    """Keeps the figure between frames; limits move in round steps, so that most frames only draw the lines."""

    def __init__(self) -> None:
        self.live = Live(6.6, 2.7)
        axes = self.live.axes
        self.lines = [
            axes.plot([], [], dash, color=color, linewidth=1.9, label=name, animated=True)[0]
            for name, (color, dash, _) in zip(NAMES, RUNS, strict=True)
        ]
        self.here = axes.axvline(0, color=INK, linewidth=0.8, animated=True)
        self.point = axes.plot([], [], "o", color=INK, markersize=6, animated=True)[0]

    def frame(self, traces: Sequence[Trace], shown: int, log: bool) -> bytes:
        """The picture of some runs, the first of which is the present one."""
        losses = [trace.loss for trace in traces]
        low, high = limits(np.concatenate(losses), log)
        end = max(1, *(len(loss) - 1 for loss in losses))
        for line, loss in zip(self.lines, losses):
            line.set_data(np.arange(len(loss)), np.clip(loss, low if log else None, 2 * high))
        self.here.set_xdata([shown, shown])
        visible = losses[0][shown : shown + 1]
        self.point.set_data([shown] * len(visible), np.clip(visible, low, high))

        def prepare(axes: Axes) -> None:
            axes.set(yscale="log" if log else "linear", xlim=(0, end), ylim=(low, high))
            axes.set(xlabel="updates", ylabel="loss E_total")
            axes.legend(handles=self.lines[: len(losses)], loc="upper right", fontsize=9, framealpha=0.9)

        moving = [*self.lines[: len(losses)], self.here, self.point]
        return self.live.frame(moving, (low, high, end, log, len(losses)), prepare)


def limits(loss: np.ndarray[tuple[int], np.dtype[np.float64]], log: bool) -> tuple[float, float]:
    """Round limits around losses: 0 to the next of 1, 1.5, 2, 3, 5, 7 times a power of ten, or whole powers of ten."""
    if not len(loss):
        return (0.1, 1.0) if log else (0.0, 1.0)
    top = min(float(loss.max()), CEILING)
    if log:
        positive = loss[loss > 0]
        bottom = max(float(positive.min()), FLOOR) if len(positive) else 0.1
        low = math.floor(math.log10(bottom))
        return 10.0**low, 10.0 ** max(low + 1, math.ceil(math.log10(max(top, FLOOR))))
    if top <= 0:
        return 0.0, 1.0
    power = 10.0 ** math.floor(math.log10(top))
    return 0.0, power * next(
        nice for nice in (1.1, 1.6, 2.1, 2.6, 3.2, 4.2, 5.3, 7.5, 10.5) if nice * power >= top * 1.02
    )


def runs_words(traces: Sequence[Trace], shown: int, log: bool, digits: int) -> str:
    """Every run in words, and the loss at the update that is shown."""
    text = " ".join(f"{name}: {curve_words(t, log, digits)}" for name, t in zip(NAMES, traces))
    if len(traces[0]):
        text += f" Shown: update {shown}, E_total = {number(traces[0].loss[shown], digits)}."
    return text
